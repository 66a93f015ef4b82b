#ifndef AUTODIFF_BASE_BLAS_H
#define AUTODIFF_BASE_BLAS_H
/* Matrix products: the one place that cuts them into blocks. BLAS is called here and, for triangles, in lapack.c. */
#include <gradtape/tensor.h>

/* Sets OpenBLAS to one thread: the threads are ours. */
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

#endif
