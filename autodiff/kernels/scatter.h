#ifndef AUTODIFF_KERNELS_SCATTER_H
#define AUTODIFF_KERNELS_SCATTER_H
/* Sums by index. A term is a run of d elements of v; of n rows of k terms, term (j, i) goes to the place index(j, i) k
 * + i of y, which is as long. d or k is 1.
 *
 * A few terms are added in y itself. Many are added in sums that lose nothing: f64 for f32, and for f64 two numbers,
 * the sum and its rest. Of long runs, only the places of many terms have sums, as it costs little to count the terms
 * first. Of single elements each place has one, or, where there are many more places than terms, each place that is
 * used. */
#include <string.h>

#include "total.h"

enum { FEW_TERMS = 16, MANY_PLACES = 4 };

static inline bool has_few_terms(const ad_span *s) { return s->n <= FEW_TERMS; }
static inline bool has_many_places(const ad_span *s) { return s->size[1] / MANY_PLACES > s->n; }

#ifdef AD_REAL

enum { SUM_SIZE = sizeof(REAL) / sizeof(float), SAME = 16 };

static const uint32_t is_sum = UINT32_C(1) << 31;

static inline size_t place_of(const ad_span *s, size_t k, size_t j, size_t i)
{
    const int32_t *index = s->array[2];
    return (size_t)index[j * s->step[1] + i * s->step[2]] * k + i;
}

ALWAYS_INLINE void add_run(REAL *restrict y, const REAL *restrict v, size_t d)
{
    for (size_t i = 0; i < d; i++)
        y[i] += v[i];
}

/* In f64 the sums have rests, d elements behind them. */
ALWAYS_INLINE void add_to_sums(double *restrict sum, const REAL *restrict v, size_t d)
{
    for (size_t i = 0; i < d; i++)
        if (SUM_SIZE == 2)
            add_exactly(sum + i, sum + d + i, (double)v[i]);
        else
            sum[i] += (double)v[i];
}

ALWAYS_INLINE void round_sums(REAL *restrict y, const double *restrict sum, size_t d)
{
    for (size_t i = 0; i < d; i++)
        y[i] = (REAL)total_of((ad_total){sum[i], SUM_SIZE == 2 ? sum[d + i] : 0});
}

ALWAYS_INLINE void scatter_few(const ad_span *s, size_t d, size_t k)
{
    const REAL *V = s->array[1];
    REAL *Y = s->array[0];
    memset(Y, 0, s->size[1] * k * d * sizeof *Y);
    for (size_t j = 0; j < s->n; j++)
        for (size_t i = 0; i < k; i++)
            add_run(Y + place_of(s, k, j, i) * d, V + (j * k + i) * d, d);
}

/* Adds n terms, a whole number of times SAME, to one sum. */
ALWAYS_INLINE void add_terms_to_sum(double *sum, const REAL *v, size_t n)
{
    double lanes[SAME * SUM_SIZE] = {0};
    for (size_t i = 0; i < n; i += SAME)
        add_to_sums(lanes, v + i, SAME);
    for (size_t l = 0; l < SAME; l++)
        if (SUM_SIZE == 2) {
            add_exactly(sum, sum + 1, lanes[l]);
            sum[1] += lanes[SAME + l];
        } else
            *sum += lanes[l];
}

/* How many terms from j on go to one place, in steps of SAME. So the terms of cummax's gradient do not wait for each
 * other. */
ALWAYS_INLINE size_t same_places(const ad_span *s, size_t j)
{
    const int32_t *index = (const int32_t *)s->array[2] + j;
    size_t n = 0;
    for (int32_t other = 0; s->step[1] == 1 && j + n + SAME <= s->n; n += SAME) {
        for (size_t i = n; i < n + SAME; i++)
            other |= index[i] ^ *index;
        if (other)
            break;
    }
    return n;
}

ALWAYS_INLINE void scatter_densely(const ad_span *s, size_t k)
{
    const size_t places = s->size[1] * k;
    const REAL *V = s->array[1];
    double *sums = s->array[3];
    REAL *Y = s->array[0];
    memset(sums, 0, places * SUM_SIZE * sizeof *sums);
    for (size_t j = 0, n; j < s->n; j += n) {
        n = k == 1 ? same_places(s, j) : 0;
        if (n)
            add_terms_to_sum(sums + place_of(s, k, j, 0) * SUM_SIZE, V + j, n);
        else
            for (n = 0; n < SAME && j + n < s->n; n++)
                for (size_t i = 0; i < k; i++)
                    add_to_sums(sums + place_of(s, k, j + n, i) * SUM_SIZE, V + (j + n) * k + i, 1);
    }
    for (size_t at = 0; at < places; at++)
        round_sums(Y + at, sums + at * SUM_SIZE, 1);
}

/* While the sums are made, a place holds the number of its sum, counted from 1; 0: it has none. The room begins with
 * the sums' places. */
ALWAYS_INLINE void scatter_sparsely(const ad_span *s, size_t k)
{
    const REAL *V = s->array[1];
    REAL *Y = s->array[0];
    size_t *places = s->array[3];
    double *sums = (double *)(places + s->n * k);
    uint32_t count = 0, sum;
    memset(Y, 0, s->size[1] * k * sizeof *Y);
    for (size_t j = 0; j < s->n; j++)
        for (size_t i = 0; i < k; i++) {
            const size_t at = place_of(s, k, j, i);
            memcpy(&sum, Y + at, sizeof sum);
            if (sum == 0) {
                memset(sums + count * SUM_SIZE, 0, SUM_SIZE * sizeof *sums);
                places[count] = at;
                sum = ++count;
                memcpy(Y + at, &sum, sizeof sum);
            }
            add_to_sums(sums + (sum - 1) * SUM_SIZE, V + j * k + i, 1);
        }
    for (sum = 0; sum < count; sum++)
        round_sums(Y + places[sum], sums + sum * SUM_SIZE, 1);
}

/* The room ends with a number for each place: of its terms; from the first of many on, of its sum, above is_sum. */
static inline void scatter_runs(const ad_span *s, size_t d)
{
    const int32_t *index = s->array[2];
    const REAL *V = s->array[1];
    REAL *Y = s->array[0];
    double *sums = s->array[3];
    uint32_t *number = (uint32_t *)(sums + s->n / FEW_TERMS * SUM_SIZE * d), count = is_sum;
    memset(number, 0, s->size[1] * sizeof *number);
    memset(Y, 0, s->size[1] * d * sizeof *Y);
    if (s->size[1] <= s->n / FEW_TERMS)
        for (size_t at = 0; at < s->size[1]; at++)
            number[at] = FEW_TERMS + 1; /* there is room for all */
    else
        for (size_t j = 0; j < s->n; j++)
            number[index[j]]++;
    for (size_t j = 0; j < s->n; j++) {
        uint32_t *const at = number + index[j];
        if (*at <= FEW_TERMS) {
            add_run(Y + (size_t)index[j] * d, V + j * d, d);
            continue;
        }
        if (*at < is_sum) {
            memset(sums + (count - is_sum) * SUM_SIZE * d, 0, SUM_SIZE * d * sizeof *sums);
            *at = count++;
        }
        add_to_sums(sums + (*at - is_sum) * SUM_SIZE * d, V + j * d, d);
    }
    for (size_t at = 0; count > is_sum && at < s->size[1]; at++)
        if (number[at] >= is_sum)
            round_sums(Y + at * d, sums + (number[at] - is_sum) * SUM_SIZE * d, d);
}

ALWAYS_INLINE void scatter_elements(const ad_span *s, size_t k)
{
    if (has_few_terms(s))
        scatter_few(s, 1, k);
    else if (has_many_places(s))
        scatter_sparsely(s, k);
    else
        scatter_densely(s, k);
}

#endif
#endif
