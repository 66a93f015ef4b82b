#ifndef AUTODIFF_OPERATORS_LOGITS_H
#define AUTODIFF_OPERATORS_LOGITS_H
/* What softmax and the losses of classes share: rows of logits, and their labels. */
#include "../kernels/exponentials.h"
#include "family.h"

#ifdef AD_REAL

/* ln sum e^(z-m) over c logits; m is the largest. An infinite one alone is as large as the sum. */
static inline REAL log_sum_of_exp(const REAL *z, size_t c, REAL m)
{
    if (m != INFINITY)
        return (REAL)log1p(exp_of_group(NULL, z, m, c, 1));
    size_t n = 0;
    for (size_t i = 0; i < c; i++)
        n += z[i] == m;
    return n == 1 ? 0 : NAN;
}

#else

/* Whether operands z and labels of a call are logits [n,c] and labels [n]; if not, the call fails. */
bool ad_check_logits(ad_call *c, int z, int labels);

/* Whether all labels are below `classes` and none is negative; if not, the call fails. */
bool ad_check_labels(ad_call *c, const ad_value *labels, int64_t classes);

#endif
#endif
