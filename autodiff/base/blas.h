#ifndef AUTODIFF_BASE_BLAS_H
#define AUTODIFF_BASE_BLAS_H
/* The one place that calls BLAS. Each call stands between ad_openblas_begin and ad_openblas_end. Sizes fit an int, and
 * are not 0. */
#include <gradtape/tensor.h>

/* c [m,n] = a b: a is [m,k], or [k,m] if transposed; b is [k,n], or [n,k]. The rows of each are so
 * many elements apart. */
typedef struct ad_blas_product {
    ad_type type;
    bool transpose_a, transpose_b;
    int m, n, k, a_row, b_row, c_row;
    const void *a, *b;
    void *c;
} ad_blas_product;
void ad_blas_multiply(const ad_blas_product *p);

/* Whether OpenBLAS chose kernels that do not pack the operands of a small product. */
bool ad_blas_has_small_kernels(void);

/* a x = b for a triangle a; x [n,k] has b and gets x. */
typedef struct ad_triangle_kind {
    bool upper, transposed, unit_diagonal;
} ad_triangle_kind;
void ad_blas_solve_triangular(ad_type type, ad_triangle_kind kind, int64_t n, int64_t k, const void *a, void *x);

#endif
