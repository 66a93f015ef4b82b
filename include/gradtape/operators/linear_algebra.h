#ifndef GRADTAPE_OPERATORS_LINEAR_ALGEBRA_H
#define GRADTAPE_OPERATORS_LINEAR_ALGEBRA_H
/* Linear algebra. */
#include <gradtape/operator.h>

/* ---- Matrix products --------------------------------------------------------------------------------------------- */
/* Of the last two axes; leading axes broadcast. Letters: n and t say which operand is transposed; no transpose is
 * copied. */
AD_API ad_tensor ad_matmul(ad_tensor a, ad_tensor b);    /* a b, [m,k] x [k,n] :  da = dy b',  db = a' dy */
AD_API ad_tensor ad_matmul_nt(ad_tensor a, ad_tensor b); /* a b', [m,k] x [n,k] :  da = dy b,  db = dy' a */
AD_API ad_tensor ad_matmul_tn(ad_tensor a, ad_tensor b); /* a' b, [k,m] x [k,n] :  da = b dy',  db = a dy */
/* The sum of a b over the last axis, broadcasting :  da = b dy,  db = a dy */
AD_API ad_tensor ad_dot(ad_tensor a, ad_tensor b);
AD_API ad_tensor ad_outer(ad_tensor a, ad_tensor b); /* [..., m] by [..., n] to [..., m, n] :  da = dy b,  db = dy' a */

/* ---- Systems of equations: the last two axes are matrices, leading axes are batches that broadcast --------------- */

/* How ad_solve_triangular reads a: what is on the other side of the diagonal is not read. */
typedef enum ad_triangle {
    AD_LOWER = 0,
    AD_UPPER = 1,
    AD_TRANSPOSED = 2,   /* solves a' x = b */
    AD_UNIT_DIAGONAL = 4 /* the diagonal counts as ones */
} ad_triangle;

/* a x = b for a triangle a [n,n], b [n,k] :  db = a'^-1 dx,  da = -db x' in the triangle (Giles 2008). A 0 on the
 * diagonal is an error. */
AD_API ad_tensor ad_solve_triangular(ad_tensor a, ad_tensor b, ad_triangle triangle);
/* The lower L with L L' = a, a symmetric and positive definite, of which the lower triangle is read :  da symmetric
 * (Murray 2016). A matrix that is not positive definite is an error (AD_BAD_VALUE) that names its index in the batch
 * and the pivot. */
AD_API ad_tensor ad_cholesky(ad_tensor a);
/* a x = b, a [n,n], b [n,k] :  db = a'^-1 dx,  da = -db x' (Giles 2008). A singular a is an error. */
AD_API ad_tensor ad_solve(ad_tensor a, ad_tensor b);
AD_API ad_tensor ad_inverse(ad_tensor a); /* da = -y' dy y' (Giles 2008). A singular a is an error. */
/* The determinant :  da = dy times the matrix of cofactors, which is exact for singular a too (Jacobi 1841; Giles 2008
 * writes it y a'^-1 dy, of a regular a) */
AD_API ad_tensor ad_det(ad_tensor a);
/* The sign of the determinant and, into `log`, if it is not NULL, ln of its size :  da = a'^-1 dlog (Magnus, Neudecker
 * 1988). Singular: (0, -inf) */
AD_API ad_tensor ad_slogdet(ad_tensor a, ad_tensor *log);
/* Eigenvalues, ascending, of a symmetric a, of which the lower triangle is read, and, if `vectors` is not NULL, the
 * eigenvectors as columns, the largest component of each positive :  da symmetric (Giles 2008). A gradient through
 * vectors of equal eigenvalues is an error, through the values alone it is not, but their second derivative is. */
AD_API ad_tensor ad_eigh(ad_tensor a, ad_tensor *vectors);

#endif
