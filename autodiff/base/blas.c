/* Calls of BLAS: matrix products, and systems with a triangle. */
#include "blas.h"

#include <cblas.h>
#include <stdatomic.h>
#include <string.h>

void ad_blas_multiply(const ad_blas_product *p)
{
    const enum CBLAS_TRANSPOSE ta = p->transpose_a ? CblasTrans : CblasNoTrans;
    const enum CBLAS_TRANSPOSE tb = p->transpose_b ? CblasTrans : CblasNoTrans;
    if (p->type == AD_F32)
        cblas_sgemm(CblasRowMajor, ta, tb, p->m, p->n, p->k, 1, p->a, p->a_row, p->b, p->b_row, 0, p->c, p->c_row);
    else
        cblas_dgemm(CblasRowMajor, ta, tb, p->m, p->n, p->k, 1, p->a, p->a_row, p->b, p->b_row, 0, p->c, p->c_row);
}

bool ad_blas_has_small_kernels(void)
{
    static atomic_int known; /* 0: not asked yet; 1: no; 2: yes */
    if (!atomic_load_explicit(&known, memory_order_relaxed)) {
        const char *core = openblas_get_corename();
        const bool has = !strcmp(core, "SkylakeX") || !strcmp(core, "Cooperlake") || !strcmp(core, "SapphireRapids");
        atomic_store_explicit(&known, 1 + has, memory_order_relaxed);
    }
    return atomic_load_explicit(&known, memory_order_relaxed) == 2;
}

void ad_blas_solve_triangular(ad_type type, ad_triangle_kind kind, int64_t size, int64_t columns, const void *a,
                              void *x)
{
    const enum CBLAS_UPLO uplo = kind.upper ? CblasUpper : CblasLower;
    const enum CBLAS_TRANSPOSE trans = kind.transposed ? CblasTrans : CblasNoTrans;
    const enum CBLAS_DIAG diagonal = kind.unit_diagonal ? CblasUnit : CblasNonUnit;
    const int n = (int)size, k = (int)columns;
    if (type == AD_F32)
        cblas_strsm(CblasRowMajor, CblasLeft, uplo, trans, diagonal, n, k, 1, a, n, x, k);
    else
        cblas_dtrsm(CblasRowMajor, CblasLeft, uplo, trans, diagonal, n, k, 1, a, n, x, k);
}
