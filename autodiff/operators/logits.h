#ifndef AUTODIFF_OPERATORS_LOGITS_H
#define AUTODIFF_OPERATORS_LOGITS_H
/* What softmax and the losses of classes share: rows of logits, and their labels. */
#include "family.h"

#ifdef AD_REAL

/* The largest of n values, `step` apart; NaN if any is. */
static inline REAL largest(const REAL *x, size_t n, size_t step)
{
    REAL m = -INFINITY;
    for (size_t i = 0; i < n; i++)
        m = x[i * step] > m || x[i * step] != x[i * step] ? x[i * step] : m;
    return m;
}

/* ln sum e^(z-m) over c logits; m is the largest. Its own term, 1, is kept apart, so that a small sum of the others is
 * not lost. */
static inline REAL log_sum_of_exp(const REAL *z, size_t c, REAL m)
{
    size_t top = 0;
    REAL others = 0;
    while (top < c && z[top] != m)
        top++;
    for (size_t i = 0; i < c; i++)
        others += i == top || z[i] == -INFINITY ? 0 : R(exp)(z[i] - m);
    return top < c ? R(log1p)(others) : m;
}

/* p = e^(z-m) of c logits, m the largest; returns their sum. */
static inline REAL exp_of_logits(REAL *p, const REAL *z, size_t c, REAL m)
{
    REAL sum = 0;
    for (size_t j = 0; j < c; j++)
        sum += p[j] = z[j] == -INFINITY && m > -INFINITY ? 0 : R(exp)(z[j] - m);
    return sum;
}

#else

/* Whether operands z and labels of a call are logits [n,c] and labels [n]; if not, the call fails. */
bool ad_check_logits(ad_call *c, int z, int labels);

/* Whether all labels are below `classes` and none is negative; if not, the call fails. */
bool ad_check_labels(ad_call *c, const ad_value *labels, int64_t classes);

#endif
#endif
