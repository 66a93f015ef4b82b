/* The one file that calls LAPACK: the one inside OpenBLAS. */
#include "lapack.h"

#include <cblas.h>
#include <limits.h>
#include <stddef.h>

_Static_assert(sizeof(blasint) == sizeof(int), "an OpenBLAS with integers of 64 bits needs other prototypes");

/* Fortran's calling convention: everything by address, and the lengths of strings, all 1 here, as further arguments at
 * the end. */
#define PROTOTYPES(letter, real)                                                                                       \
    void letter##potrf_(const char *uplo, const int *n, real *a, const int *lda, int *info, size_t);                   \
    void letter##getrf_(const int *m, const int *n, real *a, const int *lda, int *exchanges, int *info);               \
    void letter##getrs_(const char *trans, const int *n, const int *k, const real *a, const int *lda,                  \
                        const int *exchanges, real *b, const int *ldb, int *info, size_t);                             \
    void letter##getri_(const int *n, real *a, const int *lda, const int *exchanges, real *work, const int *lwork,     \
                        int *info);                                                                                    \
    void letter##syevd_(const char *job, const char *uplo, const int *n, real *a, const int *lda, real *values,        \
                        real *work, const int *lwork, int *integers, const int *lintegers, int *info, size_t, size_t); \
    void letter##gesvd_(const char *job_u, const char *job_vt, const int *m, const int *n, real *a, const int *lda,    \
                        real *values, real *u, const int *ldu, real *vt, const int *ldvt, real *work,                  \
                        const int *lwork, int *info, size_t, size_t);
PROTOTYPES(s, float)
PROTOTYPES(d, double)

#define CALL(type, name, ...)                                                                                          \
    do {                                                                                                               \
        if ((type) == AD_F32)                                                                                          \
            s##name##_(__VA_ARGS__);                                                                                   \
        else                                                                                                           \
            d##name##_(__VA_ARGS__);                                                                                   \
    } while (0)

/* Our lower triangle is the upper one of a', so U'U of a', with U in the place of L', is L L' of a. */
int ad_lapack_cholesky(ad_type type, int64_t size, void *a)
{
    const int n = (int)size;
    int info = 0;
    CALL(type, potrf, "U", &n, a, &n, &info, 1);
    return info - 1;
}

void ad_lapack_factor(ad_type type, int64_t size, void *a, int *exchanges)
{
    const int n = (int)size;
    int info = 0; /* the first pivot that is 0: the caller looks at pivots more closely */
    CALL(type, getrf, &n, &n, a, &n, exchanges, &info);
}

/* What is factored is a': our system is LAPACK's transposed one. */
void ad_lapack_solve(ad_type type, bool transposed, int64_t size, int64_t columns, const void *lu, const int *exchanges,
                     void *x)
{
    const int n = (int)size, k = (int)columns;
    int info = 0;
    CALL(type, getrs, transposed ? "N" : "T", &n, &k, lu, &n, exchanges, x, &n, &info, 1);
}

/* The inverse of a' is the transpose of that of a, so the rows that LAPACK takes for columns are right. */
void ad_lapack_inverse(ad_type type, int64_t size, void *lu, const int *exchanges, void *work)
{
    const int n = (int)size, most = INT_MAX / AD_LAPACK_BLOCK;
    const int room = (n < most ? n : most) * AD_LAPACK_BLOCK;
    int info = 0;
    CALL(type, getri, &n, lu, &n, exchanges, work, &room, &info);
}

static int64_t countable(int64_t n, double numbers)
{
    return n <= INT_MAX && numbers <= INT_MAX ? (int64_t)numbers : 0;
}

int64_t ad_lapack_eigen_work(int64_t n) { return countable(n, 1 + 6 * (double)n + 2 * (double)n * (double)n); }

int64_t ad_lapack_svd_work(int64_t n) { return countable(n, (3 + 2 * AD_LAPACK_BLOCK) * (double)n); }

/* Our lower triangle is the upper one of a' = a; the columns that LAPACK writes are our rows. */
bool ad_lapack_eigen(ad_type type, int64_t size, void *a, void *values, void *work, int *integers)
{
    const int n = (int)size, room = (int)ad_lapack_eigen_work(size), n_integers = 5 * n + 3;
    int info = 0;
    CALL(type, syevd, "V", "U", &n, a, &n, values, work, &room, integers, &n_integers, &info, 1, 1);
    return info == 0;
}

/* a' = U S V' means a = V S U'. LAPACK's U by columns is our U', its V' by columns is our V. */
bool ad_lapack_svd(ad_type type, int64_t size, void *a, void *left, void *values, void *right, void *work)
{
    const int n = (int)size, room = (int)ad_lapack_svd_work(size);
    int info = 0;
    CALL(type, gesvd, "A", "A", &n, &n, a, &n, values, right, &n, left, &n, work, &room, &info, 1, 1);
    return info == 0;
}
