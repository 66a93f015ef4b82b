/* The one file that calls BLAS. */
#include "blas.h"

#include <cblas.h>
#include <limits.h>
#include <string.h>

void ad_blas_prepare(void) { openblas_set_num_threads(1); }

bool ad_blas_fits(const ad_product *p) { return p->m <= INT_MAX && p->n <= INT_MAX && p->k <= INT_MAX; }

void ad_blas_multiply(const ad_product *p)
{
    if (p->m == 0 || p->n == 0)
        return;
    if (p->k == 0) {
        memset(p->c, 0, (size_t)p->m * (size_t)p->n * ad_type_bytes(p->type));
        return;
    }
    const int m = (int)p->m, n = (int)p->n, k = (int)p->k;
    const int lda = p->transpose_a ? m : k, ldb = p->transpose_b ? k : n;
    const enum CBLAS_TRANSPOSE ta = p->transpose_a ? CblasTrans : CblasNoTrans;
    const enum CBLAS_TRANSPOSE tb = p->transpose_b ? CblasTrans : CblasNoTrans;
    if (p->type == AD_F32)
        cblas_sgemm(CblasRowMajor, ta, tb, m, n, k, 1, p->a, lda, p->b, ldb, 0, p->c, n);
    else
        cblas_dgemm(CblasRowMajor, ta, tb, m, n, k, 1, p->a, lda, p->b, ldb, 0, p->c, n);
}
