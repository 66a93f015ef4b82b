#ifndef AUTODIFF_OPERATORS_LOGITS_H
#define AUTODIFF_OPERATORS_LOGITS_H
/* What softmax and the losses of classes share: rows of logits, and their labels. */
#include "../kernels/short_groups.h"
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

/* Rows of logits as columns: z, e^(z-m), the largest z, and the sum of the e^(z-m) less 1. */
typedef struct logit_columns {
    REAL z[SHORT_ROOM], e[SHORT_ROOM], m[MOST_GROUPS];
    double others[MOST_GROUPS];
} logit_columns;

/* Reads rows of c from number `from` of n; returns how many. */
static inline size_t read_logits(logit_columns *t, const REAL *z, size_t from, size_t n, size_t c)
{
    const some_groups g = groups_from(from, n, c, 1);
    read_groups(t->z, z, &g);
    largest_of_columns(t->m, t->z, c, g.w);
    exp_of_columns(t->e, t->z, t->m, t->others, c, g.w);
    return g.w;
}

/* As log_sum_of_exp, of w columns. */
static inline void log_sums_of_logits(REAL *restrict rest, const logit_columns *t, size_t c, size_t w)
{
    log1p_of_columns(rest, t->others, w);
    for (size_t l = 0; l < w; l++)
        if (t->m[l] == INFINITY) {
            size_t n = 0;
            for (size_t j = 0; j < c; j++)
                n += t->z[j * w + l] == INFINITY;
            rest[l] = n == 1 ? 0 : NAN;
        }
}

#else

/* Whether operands z and labels of a call are logits [n,c] and labels [n]; if not, the call fails. */
bool ad_check_logits(ad_call *c, int z, int labels);

/* Whether all labels are below `classes` and none is negative; if not, the call fails. */
bool ad_check_labels(ad_call *c, const ad_value *labels, int64_t classes);

#endif
#endif
