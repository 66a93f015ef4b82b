#ifndef AUTODIFF_BASE_BLAS_H
#define AUTODIFF_BASE_BLAS_H
/* The one place that calls BLAS, and that cuts products into blocks. */
#include <gradtape/tensor.h>

/* Called once, before the others: looks for the kernels that OpenBLAS chose. Each of them that computes stands between
 * ad_openblas_begin and ad_openblas_end. */
void ad_blas_prepare(void);

typedef struct ad_product {
    ad_type type;
    bool transpose_a, transpose_b;
    int64_t m, n, k; /* c [m,n] = a b; a is [m,k], or [k,m] if transposed; b is [k,n], or [n,k] */
    const void *a, *b;
    void *c;
    void *partial;       /* room for ad_blas_partial elements */
    bool leaves_partial; /* `partial` is not added to c: the caller adds it in a pass over c that it makes anyway */
} ad_product;

/* The number of elements of `partial` that a product needs: m n or 0. */
size_t ad_blas_partial(const ad_product *p);

/* Computes the product; dense matrices. Sizes of 0 are legal: over k = 0 the product is 0. */
void ad_blas_multiply(const ad_product *p);

/* Whether the sizes fit BLAS's integers. */
bool ad_blas_fits(const ad_product *p);

/* a x = b for a triangle a; x [n,k] has b and gets x. */
typedef struct ad_triangle_kind {
    bool upper, transposed, unit_diagonal;
} ad_triangle_kind;
void ad_blas_solve_triangular(ad_type type, ad_triangle_kind kind, int64_t n, int64_t k, const void *a, void *x);

#endif
