#ifndef AUTODIFF_BASE_LAPACK_H
#define AUTODIFF_BASE_LAPACK_H
/* The one place that calls LAPACK. Each call stands between ad_openblas_begin and ad_openblas_end.
 *
 * Matrices are square, [n,n] with 0 < n <= INT_MAX, dense and row-major, as everywhere. LAPACK reads columns where we
 * have rows, so it sees each matrix a as a'. Each function below says what follows from that. Numbers must be finite.
 * Workspace is the caller's: LAPACK takes none. */
#include <gradtape/tensor.h>

/* Overwrites the lower triangle of a with the lower triangle L with L L' = a. Nothing above the diagonal is read or
 * written. Returns the index of the first pivot that is not positive, or -1. */
int ad_lapack_cholesky(ad_type type, int64_t n, void *a);

/* LU of a', in place, with the exchanges of rows: a' = P L U. A pivot may be 0. As LAPACK stores it, row k of the
 * array has column k of U up to the diagonal, and beyond it column k of L. */
void ad_lapack_factor(ad_type type, int64_t n, void *a, int *exchanges);

/* a x = b, or a' x = b, by that factorisation of a'; x [k,n] has b', and gets x'. */
void ad_lapack_solve(ad_type type, bool transposed, int64_t n, int64_t k, const void *lu, const int *exchanges,
                     void *x);

/* The inverse of a in the place of that factorisation; work has n AD_LAPACK_BLOCK numbers. */
enum { AD_LAPACK_BLOCK = 64 };
void ad_lapack_inverse(ad_type type, int64_t n, void *lu, const int *exchanges, void *work);

/* How many numbers of workspace the functions below take; 0 if that is more than LAPACK can count. The integers are
 * 5 n + 3. */
int64_t ad_lapack_eigen_work(int64_t n);
int64_t ad_lapack_svd_work(int64_t n);

/* Eigenvalues of a symmetric a, ascending. Only the lower triangle of a is read. Afterwards row k of a is the k-th
 * eigenvector. Returns false if the iteration did not converge. */
bool ad_lapack_eigen(ad_type type, int64_t n, void *a, void *values, void *work, int *integers);

/* a = left diag(values) right, the values descending; a is lost. Returns false if the iteration did not converge. */
bool ad_lapack_svd(ad_type type, int64_t n, void *a, void *left, void *values, void *right, void *work);

#endif
