#ifndef AUTODIFF_KERNELS_PRODUCT_H
#define AUTODIFF_KERNELS_PRODUCT_H
/* Matrix products: one, or a stack of them; with a bias and ReLU for a layer.
 *
 * Our kernels hold a tile of the result in registers. They do what they do faster than OpenBLAS, which does the rest.
 * docs/performance.md has the measurements. */
#include "../base/shape.h"

/* The shapes of stacks of matrices: that of the result, and those of the operands, which broadcast to it. */
typedef struct ad_leads {
    ad_shape c, a, b;
} ad_leads;

#define AD_SMALLER(a, b) ((a) < (b) ? (a) : (b))

/* How many parts a size has: size / part, rounded up. */
static inline int64_t ad_parts_of(int64_t size, int64_t part) { return (size + part - 1) / part; }

/* The product of one column and one row of so many columns is written row by row. */
enum { AD_WIDE_OUTER = 64 };

/* How a product is computed: set by ad_plan_product, and the same for any number of threads. */
typedef struct ad_cut {
    int64_t m, n; /* the size of a block of the result */
    int64_t half; /* of the sum over k: taken whole (then it is k), or in two halves that are added at the end */
    bool by_blas;
    bool packs; /* tiles read a copy of a, which is made first; m, half and k are then whole, and n is cut */
} ad_cut;

typedef struct ad_product {
    ad_type type;
    bool transpose_a, transpose_b;
    int64_t m, n, k; /* c [m,n] = a b; a is [m,k], or [k,m] if transposed; b is [k,n], or [n,k] */
    const void *a, *b;
    void *c;
    const void *bias;      /* [n], added to each row of one matrix; NULL: none, as for a stack */
    bool relu;             /* what is below 0 becomes 0; of one matrix too */
    void *workspace;       /* ad_product_workspace elements: the second halves of sums, or the copy of a */
    const ad_leads *leads; /* NULL: one matrix */
    ad_cut cut;
} ad_product;

/* Decides how the product is computed, by its type, sizes and transposes. A stack that meets one matrix becomes one
 * product of more rows. */
void ad_plan_product(ad_product *p);

/* Whether a planned product, or each matrix of a stack, is one block. */
static inline bool ad_is_one_block(const ad_product *p)
{
    return p->cut.m >= p->m && p->cut.n >= p->n && p->cut.half >= p->k;
}

/* How many matrices of a stack are worth a block; 0: each is cut into blocks itself. */
size_t ad_products_at_once(const ad_product *p);

/* The number of elements of `workspace` that a planned product needs: the size of the result or of a, or 0. It depends
 * on the transposes too. */
size_t ad_product_workspace(const ad_product *p);

/* Computes a planned product; dense matrices. Sizes of 0 are legal: over k = 0 the sum is 0. The bits do not depend on
 * the number of threads. Stands between ad_openblas_begin and ad_openblas_end if it is cut for BLAS. */
void ad_multiply(const ad_product *p);

/* Whether the sizes fit BLAS's integers. */
bool ad_product_fits(const ad_product *p);

#endif
