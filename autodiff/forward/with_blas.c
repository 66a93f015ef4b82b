#include "with_blas.h"

#include "../base/openblas.h"

bool ad_begin_blas(ad_call *c)
{
    if (ad_openblas_begin())
        return true;
    ad_call_fail(c, AD_NO_MEMORY,
                 "OpenBLAS needs a buffer of 128 MB of address space, and there is none: free memory, or raise the "
                 "limit (ulimit -v)");
    return false;
}

void ad_end_blas(void) { ad_openblas_end(1); }

void ad_run_with_blas(ad_call *c, void (*run)(ad_call *c))
{
    if (!ad_begin_blas(c))
        return;
    run(c);
    ad_end_blas();
}
