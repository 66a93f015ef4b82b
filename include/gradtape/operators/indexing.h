#ifndef GRADTAPE_OPERATORS_INDEXING_H
#define GRADTAPE_OPERATORS_INDEXING_H
/* Choosing elements by index, and the parts of matrices. */
#include <gradtape/operator.h>

/* y[i] = x[rows[i]], x [n,...], rows i32 of any shape :  dx = scatter_add_rows. A row number outside 0..n-1 is an error
 * (AD_BAD_VALUE) that names its place. */
AD_API ad_tensor ad_gather_rows(ad_tensor x, ad_tensor rows);
/* y of n rows, y[rows[i]] += v[i] :  dv = gather_rows(dy) */
AD_API ad_tensor ad_scatter_add_rows(ad_tensor v, ad_tensor rows, int64_t n);
/* y[i..][j][k..] = x[i..][indices[i..][j][k..]][k..] along the axis, as numpy.take_along_axis: `indices` is i32, of the
 * rank of x; on the axis it has any size, which y gets, elsewhere that of x or 1 :  dx = scatter_add(dy). An index
 * outside 0..size-1 is an error (AD_BAD_VALUE) that names its place. */
AD_API ad_tensor ad_gather(ad_tensor x, int axis, ad_tensor indices);
/* Its adjoint: y is 0, with n elements along the axis, and y[..indices[..]..] += v in the order of the indices; these
 * have the sizes of v, or 1 but for the axis :  dv = gather(dy) */
AD_API ad_tensor ad_scatter_add(ad_tensor v, int axis, ad_tensor indices, int64_t n);
/* 1 at the label, 0 elsewhere, along a new last axis of n, of `type`; labels i32. A label outside 0..n-1 is an error
 * that names its place. Not differentiable. */
AD_API ad_tensor ad_one_hot(ad_tensor labels, int64_t n, ad_type type);

/* ---- Parts of the matrices in the last two axes, of any type ----------------------------------------------------- */

/* What is on or below (tril), on or above (triu) the k-th diagonal, 0 elsewhere; 0 is the main diagonal, k > 0 is above
 * it :  dx = the same part of dy */
AD_API ad_tensor ad_tril(ad_tensor x, int k);
AD_API ad_tensor ad_triu(ad_tensor x, int k);
/* The k-th diagonal, [..., m, n] to [..., d]; empty where k is outside of the matrix :  dx = dy on it, 0 elsewhere */
AD_API ad_tensor ad_diagonal(ad_tensor x, int k);
/* [..., d] to [..., d + |k|, d + |k|], with x on the k-th diagonal and 0 elsewhere :  dx = diagonal(dy, k) */
AD_API ad_tensor ad_diagonal_matrix(ad_tensor x, int k);
/* A vector of the elements on and below the k-th diagonal (k <= 0), column by column as LAPACK packs them, to its lower
 * triangle: [..., d (d + 1) / 2] to [..., d - k, d - k], 0 elsewhere :  dx = tril_pack(dy, k). tril_pack takes them out
 * again, and is the adjoint. */
AD_API ad_tensor ad_tril_unpack(ad_tensor x, int k);
AD_API ad_tensor ad_tril_pack(ad_tensor x, int k);

#endif
