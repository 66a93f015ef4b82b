#ifndef GRADTAPE_OPERATORS_INDEXING_H
#define GRADTAPE_OPERATORS_INDEXING_H
/* Elements by their indices, and triangles and diagonals of matrices. */
#include <gradtape/operator.h>

/* y[i] = x[rows[i]], x [n,...], rows i32 of any shape :  dx = scatter_add_rows(dy). A row number outside 0..n-1 is an
 * error (AD_BAD_VALUE) that names its place. */
AD_API ad_tensor ad_gather_rows(ad_tensor x, ad_tensor rows);
/* y has n rows and begins as 0; y[rows[i]] += v[i] :  dv = gather_rows(dy). Errors as in ad_gather_rows; n below 0. */
AD_API ad_tensor ad_scatter_add_rows(ad_tensor v, ad_tensor rows, int64_t n);
/* y[i..][j][k..] = x[i..][indices[i..][j][k..]][k..] along the axis, as numpy.take_along_axis :  dx = scatter_add(dy).
 * `indices` is i32 and has the rank of x. Its size on the axis is any, and is that of y; its other sizes are those of
 * x, or 1. An index outside 0..size-1 is an error (AD_BAD_VALUE) that names its place. */
AD_API ad_tensor ad_gather(ad_tensor x, int axis, ad_tensor indices);
/* The adjoint of ad_gather: y has n elements along the axis and begins as 0; y[..indices[..]..] += v, in the order of
 * the indices :  dv = gather(dy). `indices` has the sizes of v; except on the axis they may be 1. Errors as in
 * ad_gather; n below 0. */
AD_API ad_tensor ad_scatter_add(ad_tensor v, int axis, ad_tensor indices, int64_t n);
/* 1 at the label, 0 elsewhere, along a new last axis of size n; labels i32, the result of `type`. Not differentiable. A
 * label outside 0..n-1 is an error that names its place. */
AD_API ad_tensor ad_one_hot(ad_tensor labels, int64_t n, ad_type type);

/* ---- Triangles and diagonals of the matrices in the last two axes, of any type ----------------------------------- */
/* Diagonal 0 is the main one; those with k > 0 are above it. */

/* The elements on and below (tril), or on and above (triu), the k-th diagonal, else 0 :  dx = the same part of dy */
AD_API ad_tensor ad_tril(ad_tensor x, int k);
AD_API ad_tensor ad_triu(ad_tensor x, int k);
/* The k-th diagonal, [..., m, n] to [..., d] :  dx = dy on it, 0 elsewhere. d = 0 where k is outside the matrix. */
AD_API ad_tensor ad_diagonal(ad_tensor x, int k);
/* [..., d] to [..., d + |k|, d + |k|], with x on the k-th diagonal and 0 elsewhere :  dx = diagonal(dy, k) */
AD_API ad_tensor ad_diagonal_matrix(ad_tensor x, int k);
/* The lower triangle, on and below the k-th diagonal, of a packed vector x; 0 elsewhere: [..., d (d + 1) / 2] to
 * [..., d - k, d - k], column by column, as LAPACK packs :  dx = tril_pack(dy, k). tril_pack is the inverse on the
 * triangle, and the adjoint :  dx = tril_unpack(dy, k). A k above 0 is an error. */
AD_API ad_tensor ad_tril_unpack(ad_tensor x, int k);
AD_API ad_tensor ad_tril_pack(ad_tensor x, int k);

#endif
