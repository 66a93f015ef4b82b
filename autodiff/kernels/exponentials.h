#ifndef AUTODIFF_KERNELS_EXPONENTIALS_H
#define AUTODIFF_KERNELS_EXPONENTIALS_H
/* Groups of n elements, `step` apart, and their exponentials below the largest element m. The term of the largest is 1
 * and is kept apart:
 *
 *   others = sum of e^(x-m) - 1        ln sum e^x = m + log1p(others)        softmax = e^(x-m) / (1 + others)
 *
 * so that a small sum of the others is not lost beside it (Blanchard, Higham and Higham 2021). Terms are added in f64,
 * blocks of them with the rest of each rounding, so that a sum of 1e8 terms is as exact as one of ten. */

#include "total.h"
#include "vector_math.h"

#ifdef AD_REAL

/* More lanes than a loop is unrolled for before it is made into one of vectors. */
enum { LANES = 32 };

/* Adds the lanes in halves. */
static inline double sum_of_lanes(double lane[LANES])
{
    for (size_t half = LANES / 2; half > 0; half /= 2)
        for (size_t l = 0; l < half; l++)
            lane[l] += lane[half + l];
    return lane[0];
}

static inline REAL larger(REAL m, REAL x) { return x > m || x != x ? x : m; }

/* The largest element; NaN if any is. */
ALWAYS_INLINE REAL largest(const REAL *x, size_t n, size_t step)
{
    REAL m = -INFINITY, lane[LANES];
    const size_t whole = n / LANES * LANES;
    if (whole) {
        for (size_t l = 0; l < LANES; l++)
            lane[l] = x[l * step];
        for (size_t i = LANES; i < whole; i += LANES)
            for (size_t l = 0; l < LANES; l++)
                lane[l] = larger(lane[l], x[(i + l) * step]);
        for (size_t half = LANES / 2; half > 0; half /= 2)
            for (size_t l = 0; l < half; l++)
                lane[l] = larger(lane[l], lane[half + l]);
        m = lane[0];
    }
    for (size_t i = whole; i < n; i++)
        m = larger(m, x[i * step]);
    return m;
}

/* A buffer of fewer than FEW_ELEMENTS is filled up: the library's function for so few gives other bits. */
static inline void exp_of_buffer(size_t n, REAL *e)
{
    size_t m = n;
    for (; m < FEW_ELEMENTS; m++)
        e[m] = 0;
    vector_exp(m, e, e);
}

/* Adds n <= VIA_BLOCK terms, those that are 1 apart from the others. */
static inline void add_terms(ad_total *t, const REAL *e, size_t n)
{
    double few = 0;
    const size_t whole = n / LANES * LANES;
    uint32_t ones = 0;
    for (size_t i = whole; i < n; i++) {
        const bool one = e[i] == 1;
        few += one ? 0 : (double)e[i];
        ones += one;
    }
    if (whole) {
        double lane[LANES] = {0};
        for (size_t i = 0; i < whole; i += LANES)
            for (size_t l = 0; l < LANES; l++)
                lane[l] += (double)(e[i + l] == 1 ? 0 : e[i + l]);
        for (size_t i = 0; i < whole; i++)
            ones += e[i] == 1;
        few += sum_of_lanes(lane);
    }
    add_exactly(&t->sum, &t->rest, ones);
    add_exactly(&t->sum, &t->rest, few);
}

/* e = e^(x-m); returns the others. e may be NULL. */
ALWAYS_INLINE double exp_of_group(REAL *e, const REAL *x, REAL m, size_t n, size_t step)
{
    ad_total t = {.sum = -1};
    for (size_t from = 0; from < n; from += VIA_BLOCK) {
        const size_t count = n - from < VIA_BLOCK ? n - from : VIA_BLOCK;
        REAL block[VIA_BLOCK];
        for (size_t i = 0; i < count; i++)
            block[i] = x[(from + i) * step] - m;
        exp_of_buffer(count, block);
        add_terms(&t, block, count);
        for (size_t i = 0; e && i < count; i++)
            e[(from + i) * step] = block[i];
    }
    return exact_total_of(t);
}

/* ---- Means under probabilities y --------------------------------------------------------------------------------- */

/* What v is counted from, so that 1 - y of a probability near 1 is not needed: v there, or the first v if no y is above
 * 1/2; 0 if differences could overflow. */
ALWAYS_INLINE REAL origin_of(const REAL *v, const REAL *y, size_t n, size_t step)
{
    const size_t whole = n / LANES * LANES;
    REAL lane[LANES] = {0}, origin = 0;
    uint32_t likely = 0;
    for (size_t i = 0; i < whole; i += LANES)
        for (size_t l = 0; l < LANES; l++)
            lane[l] += y[(i + l) * step] > (REAL)0.5 ? v[(i + l) * step] : 0;
    for (size_t i = whole; i < n; i++)
        origin += y[i * step] > (REAL)0.5 ? v[i * step] : 0;
    for (size_t i = 0; i < n; i++)
        likely += y[i * step] > (REAL)0.5;
    for (size_t l = 0; l < LANES && whole; l++)
        origin += lane[l];
    origin = likely == 1 ? origin : v[0];
    return R(fabs)(origin) <= REAL_MAX / 4 ? origin : 0;
}

/* sum of y (v - origin), and of y */
ALWAYS_INLINE void add_products(ad_total *products, ad_total *weights, const REAL *v, const REAL *y, REAL origin,
                                size_t n, size_t step)
{
    for (size_t from = 0, end; from < n; from = end) {
        double lane[LANES] = {0}, weight[LANES] = {0};
        size_t i = from;
        end = n - from < VIA_BLOCK ? n : from + VIA_BLOCK;
        for (; i + LANES <= end; i += LANES)
            for (size_t l = 0; l < LANES; l++) {
                const size_t at = (i + l) * step;
                lane[l] += (double)y[at] * (double)(v[at] - origin);
                weight[l] += (double)y[at];
            }
        for (; i < end; i++) {
            lane[0] += (double)y[i * step] * (double)(v[i * step] - origin);
            weight[0] += (double)y[i * step];
        }
        add_exactly(&products->sum, &products->rest, sum_of_lanes(lane));
        add_exactly(&weights->sum, &weights->rest, sum_of_lanes(weight));
    }
}

/* The mean of v is origin + rest. */
typedef struct mean_value {
    REAL origin, rest;
} mean_value;

/* sum of y v. Where the sum of y is 1 but for roundings, it is taken as 1; where it is infinite, the origin is 0. */
ALWAYS_INLINE mean_value mean_under(const REAL *v, const REAL *y, size_t n, size_t step)
{
    const REAL origin = origin_of(v, y, n, step);
    ad_total products = {0}, weights = {0};
    add_products(&products, &weights, v, y, origin, n, step);
    const double missing = 1 - exact_total_of(weights), rest = exact_total_of(products);
    if (fabs(missing) <= 16 * (double)REAL_EPSILON)
        return (mean_value){origin, (REAL)rest};
    if (fabs(missing) <= DBL_MAX)
        return (mean_value){origin, (REAL)(rest - (double)origin * missing)};
    products = (ad_total){0};
    add_products(&products, &weights, v, y, 0, n, step);
    return (mean_value){0, (REAL)exact_total_of(products)};
}

#endif
#endif
