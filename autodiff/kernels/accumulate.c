/* Adding one array to another. */
#include "kernel.h"

#ifdef AD_REAL

LOOP(accumulate)
{
    const REAL *restrict X = s->array[1];
    REAL *restrict Y = s->array[0];
    for (size_t i = 0; i < s->n; i++)
        Y[i] += X[i];
}

#else

#include "accumulate.h"

LOOP_TABLE(accumulate)

void ad_accumulate(ad_value *sum, const void *g)
{
    ad_span span; /* only what this loop reads is set, since scalars come here often */
    span.n = ad_elements(sum);
    span.array[0] = sum->data;
    span.array[1] = (void *)(uintptr_t)g;
    accumulate_loops.of[sum->type][span.n == 1 ? AD_BASELINE : ad_processor()](&span);
}

#endif
