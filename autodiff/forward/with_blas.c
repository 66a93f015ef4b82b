#include "with_blas.h"

#include "../base/openblas.h"

static bool begin_blas(ad_call *c)
{
    if (ad_openblas_begin())
        return true;
    ad_call_fail(c, AD_NO_MEMORY,
                 "OpenBLAS needs a buffer of 128 MB of address space, and there is none: free memory, or raise the "
                 "limit (ulimit -v)");
    return false;
}

static void end_blas(void) { ad_openblas_end(1); }

void ad_run_product(ad_call *c, ad_product *p)
{
    ad_plan_product(p);
    const size_t n = ad_product_workspace(p);
    p->workspace = n ? ad_scratch(c, n, ad_bytes_of((uint8_t)p->type)) : NULL;
    if ((n && !p->workspace) || (p->cut.by_blas && !begin_blas(c)))
        return;
    ad_multiply(p);
    if (p->cut.by_blas)
        end_blas();
}

void ad_run_with_blas(ad_call *c, void (*run)(ad_call *c))
{
    if (!begin_blas(c))
        return;
    run(c);
    end_blas();
}
