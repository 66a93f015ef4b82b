#ifndef GRADTAPE_OPERATORS_LINEAR_ALGEBRA_H
#define GRADTAPE_OPERATORS_LINEAR_ALGEBRA_H
/* Linear algebra: matrices are the last two axes; the axes before them are a batch, and the batches of two operands
 * broadcast. x' is the transpose of x. */
#include <gradtape/operator.h>

/* ---- Matrix products --------------------------------------------------------------------------------------------- */
/* The letters n and t say which operand is transposed; a transpose is read in place, not copied. OpenBLAS adds up in
 * the type of the operands: an f32 product of k terms may be off by k roundings of f32 of the sum of their sizes.
 * ad_dot adds up in f64 and more, and is right to a few roundings at any length. ad_matmul takes vectors too, as NumPy
 * does: on the left one row, on the right one column, and the result lacks that axis: [k] by [k,n] is [n], [m,k] by [k]
 * is [m], [k] by [k] a scalar. The other two take no vectors. */
AD_API ad_tensor ad_matmul(ad_tensor a, ad_tensor b);    /* a b, [m,k] x [k,n] :  da = dy b',  db = a' dy */
AD_API ad_tensor ad_matmul_nt(ad_tensor a, ad_tensor b); /* a b', [m,k] x [n,k] :  da = dy b,  db = dy' a */
AD_API ad_tensor ad_matmul_tn(ad_tensor a, ad_tensor b); /* a' b, [k,m] x [k,n] :  da = b dy',  db = a dy */
/* The sum of a b over the last axis, broadcasting :  da = b dy,  db = a dy */
AD_API ad_tensor ad_dot(ad_tensor a, ad_tensor b);
AD_API ad_tensor ad_outer(ad_tensor a, ad_tensor b); /* [..., m] by [..., n] to [..., m, n] :  da = dy b,  db = dy' a */

/* ---- Systems of equations and factorisations --------------------------------------------------------------------- */

/* How ad_solve_triangular reads a; flags, to be joined by |. The other side of the diagonal is not read. */
typedef enum ad_triangle {
    AD_LOWER = 0,
    AD_UPPER = 1,
    AD_TRANSPOSED = 2,   /* solves a' x = b */
    AD_UNIT_DIAGONAL = 4 /* the diagonal counts as ones and is not read */
} ad_triangle;

/* The x with a x = b for a triangle a [n,n], b [n,k] :  db = a'^-1 dx,  da = -db x' in the triangle (Giles 2008). A 0
 * on the diagonal, or a number in the triangle that is not finite, is an error. */
AD_API ad_tensor ad_solve_triangular(ad_tensor a, ad_tensor b, ad_triangle triangle);
/* The lower triangle L with L L' = a, for a symmetric and positive definite a; only the lower triangle of a is read :
 * da symmetric (Murray 2016). An a that is not positive definite is an error (AD_BAD_VALUE) that names its index in the
 * batch and the pivot. */
AD_API ad_tensor ad_cholesky(ad_tensor a);
/* The x with a x = b, a [n,n], b [n,k] :  db = a'^-1 dx,  da = -db x' (Giles 2008). A singular a is an error. */
AD_API ad_tensor ad_solve(ad_tensor a, ad_tensor b);
AD_API ad_tensor ad_inverse(ad_tensor a); /* a^-1 :  da = -y' dy y' (Giles 2008). A singular a is an error. */
/* The determinant :  da = dy times the matrix of cofactors, which is exact for a singular a too (Jacobi 1841; for a
 * regular a it is the y a'^-1 dy of Giles 2008). So is the second derivative; the third of a singular a is an error. */
AD_API ad_tensor ad_det(ad_tensor a);
/* The sign of the determinant; ln of its absolute value goes into `log`, unless it is NULL :  da = a'^-1 dlog (Magnus,
 * Neudecker 1988). For a singular a they are 0 and -inf. Its logarithm has no gradient: that is an error (AD_BAD_VALUE)
 * that names its index in the batch, unless its dlog is 0, as that of a matrix which ad_where leaves out. */
AD_API ad_tensor ad_slogdet(ad_tensor a, ad_tensor *log);
/* The eigenvalues of a symmetric a, ascending; only the lower triangle of a is read. The eigenvectors go into
 * `vectors`, unless it is NULL, as columns, the largest component of each positive :  da symmetric (Giles 2008). A
 * first derivative of the values alone always exists. Others divide by the gaps between values; they are an error
 * (AD_BAD_VALUE) that names the two values where a gap is needed and too small, as told below. */
AD_API ad_tensor ad_eigh(ad_tensor a, ad_tensor *vectors);
/* The gap of two values is not needed, and may be 0, if neither of their vectors has a gradient other than 0, and the
 * two values have none either or are not used: as where only the vector of a simple value is used, or the gradient of
 * the matrix is 0. A second derivative through a vector needs the gaps of all. A numerator that is 0 otherwise does not
 * tell what the quotient 0 / 0 is.
 *
 * A needed gap of 32 roundings of the largest value or less is too small. So is one where estimated errors are larger
 * than eps^(1/3) (6e-6 in f64, 5e-3 in f32) of the smallest that the derivative can be. Let u be the largest value over
 * the gap, and d the numerator over the gradients that it is made of, from about 1/u, in functions v f(w) v', to about
 * 1, in single vectors. The estimate of order k is eps u^k, the smallest derivative d u + 1. In v f(w) v' the first
 * derivative so needs a gap of 2e-11 of the largest value in f64 and 1e-5 in f32, the second one of 4e-6 and 4e-3. In
 * ad_jvp the vectors of equal values have NaN, and others their derivative. */

#endif
