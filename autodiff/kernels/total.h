#ifndef AUTODIFF_KERNELS_TOTAL_H
#define AUTODIFF_KERNELS_TOTAL_H
/* How the library adds: a sum is right to a few units in the last place for 10^8 terms, in f32 and in f64.
 *
 * Terms are added in REAL only in clumps of at most CLUMP, where few roundings meet. Clumps are added into a total in
 * f64. A total of f64 also keeps its rest: what the roundings of its sum have lost. A total of f32 needs none, since
 * f64 has 29 bits more than f32. The end rounds once to REAL.
 *
 *   TOTAL(sum_of, (const REAL *x, size_t n), n, x[i])              a function that sums terms in vectors
 *   y = (REAL)total_of(sum_of(x, n));
 *
 *   ad_total t = {0};                                              terms that come one by one, or in clumps
 *   add_to_total(&t.sum, &t.rest, (double)x);
 *   y = (REAL)total_of(t);
 *
 * Many totals side by side are two arrays, sum[] and rest[], so that they are added in vectors. A sum goes on in later
 * calls as a total, never as a REAL. */
#include "kernel.h"

/* Also what the rows keep in scratch for sums that go on. */
typedef struct ad_total {
    double sum, rest;
} ad_total;

#ifdef AD_REAL

#define ALWAYS_INLINE static inline __attribute__((always_inline))

enum { CLUMP = 16, TOTAL_LANES = 16 };

/* sum += x. The rest is exact where |sum| >= |x|, and wrong by no more than a rounding of x elsewhere. Source: T. J.
 * Dekker, "A floating-point technique for extending the available precision", 1971. */
ALWAYS_INLINE void add_to_total(double *sum, double *rest, double x)
{
    const double before = *sum;
    *sum = before + x;
    if (sizeof(REAL) == sizeof(double))
        *rest += x - (*sum - before);
}

/* The sum with its rest, which is NaN beside an infinite sum and then left out: infinities and NaN come out as they do
 * of a plain sum. */
ALWAYS_INLINE double total_of(ad_total t)
{
    if (sizeof(REAL) != sizeof(double))
        return t.sum;
    return t.rest - t.rest == 0 ? t.sum + t.rest : t.sum;
}

/* The total of n totals side by side. */
ALWAYS_INLINE ad_total total_of_lanes(const double *sum, const double *rest, size_t n)
{
    ad_total t = {0, 0};
    for (size_t j = 0; j < n; j++)
        add_to_total(&t.sum, &t.rest, sum[j]);
    if (sizeof(REAL) == sizeof(double))
        for (size_t j = 0; j < n; j++)
            t.rest += rest[j];
    return t;
}

/* A function that adds `term` for each i below n. A lane adds a clump by fours, so that few additions wait for another.
 */
#define TOTAL(name, parameters, n, term)                                                                               \
    static inline ad_total name parameters                                                                             \
    {                                                                                                                  \
        enum { ROW = TOTAL_LANES, FOUR = 4 * ROW };                                                                    \
        double sum[ROW] = {0}, rest[ROW] = {0};                                                                        \
        size_t from = 0;                                                                                               \
        while ((n)-from >= FOUR) {                                                                                     \
            const size_t end = (n)-from < CLUMP * ROW ? (n) - ((n)-from) % FOUR : from + CLUMP * ROW;                  \
            REAL lane[ROW] = {0};                                                                                      \
            for (; from < end; from += FOUR)                                                                           \
                for (size_t j = 0; j < ROW; j++) {                                                                     \
                    size_t i = from + j;                                                                               \
                    const REAL a = (REAL)(term), b = (i += ROW, (REAL)(term));                                         \
                    const REAL c = (i += ROW, (REAL)(term)), d = (i += ROW, (REAL)(term));                             \
                    lane[j] += (a + b) + (c + d);                                                                      \
                }                                                                                                      \
            for (size_t j = 0; j < ROW; j++)                                                                           \
                add_to_total(sum + j, rest + j, (double)lane[j]);                                                      \
        }                                                                                                              \
        for (; (n)-from >= ROW; from += ROW)                                                                           \
            for (size_t j = 0, i = from; j < ROW; j++, i++)                                                            \
                add_to_total(sum + j, rest + j, (double)(REAL)(term));                                                 \
        for (size_t j = 0, i = from; i < (n); j++, i++)                                                                \
            add_to_total(sum + j, rest + j, (double)(REAL)(term));                                                     \
        return total_of_lanes(sum, rest, ROW);                                                                         \
    }

#endif
#endif
