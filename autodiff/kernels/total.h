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

/* A total of f64 costs more, so its clumps are longer. They are added by eights, those of f32 by fours, so that no term
 * meets more than 15 roundings there. */
enum { CLUMP = IS_WIDE ? 64 : 16, TOTAL_LANES = 16 };

/* sum += x. The rest is exact where |sum| >= |x|, and wrong by no more than a rounding of x elsewhere. Source: T. J.
 * Dekker, "A floating-point technique for extending the available precision", 1971. */
ALWAYS_INLINE void add_to_total(double *sum, double *rest, double x)
{
    const double before = *sum;
    *sum = before + x;
    if (IS_WIDE)
        *rest += x - (*sum - before);
}

/* sum += x, and the rest gets what that lost, exactly, whichever of the two is larger, in f32 too. Source: D. E. Knuth,
 * The Art of Computer Programming 2, 4.2.2, theorem B. */
ALWAYS_INLINE void add_exactly(double *sum, double *rest, double x)
{
    const double before = *sum, after = before + x, part = after - before;
    *sum = after;
    *rest += (before - (after - part)) + (x - part);
}

/* The sum with its rest, which is NaN beside an infinite sum and then left out: infinities and NaN come out as they do
 * of a plain sum. */
ALWAYS_INLINE double exact_total_of(ad_total t) { return t.rest - t.rest == 0 ? t.sum + t.rest : t.sum; }
ALWAYS_INLINE double total_of(ad_total t) { return IS_WIDE ? exact_total_of(t) : t.sum; }

/* Adds the second half of 2 n totals to the first. */
ALWAYS_INLINE void fold_half(double *restrict sum, double *restrict rest, size_t n)
{
    for (size_t t = 0; t < n; t++) {
        add_to_total(sum + t, rest + t, sum[n + t]);
        if (IS_WIDE)
            rest[t] += rest[n + t];
    }
}

/* Adds 64 totals to the first of them. It is a call of its own: inside a loop of the caller, gcc unrolls short loops
 * before it makes vectors of them. */
NEVER_INLINE void fold_64_totals(double *restrict sum, double *restrict rest)
{
    fold_half(sum, rest, 32);
    fold_half(sum, rest, 16);
    fold_half(sum, rest, 8);
    fold_half(sum, rest, 4);
    fold_half(sum, rest, 2);
    fold_half(sum, rest, 1);
}

/* Adds n rows of k totals to the first of them. */
ALWAYS_INLINE void fold_totals(double *restrict sum, double *restrict rest, size_t n, size_t k)
{
    while (n > 1) {
        const size_t half = n / 2, other = (n - half) * k;
        for (size_t t = 0; t < half * k; t++) {
            add_to_total(sum + t, rest + t, sum[other + t]);
            if (IS_WIDE)
                rest[t] += rest[other + t];
        }
        n -= half;
    }
}

/* A function that adds `term` for each i below n; its other names end in _. A lane adds a clump by fours, so that few
 * additions wait for another.
 */
#define TOTAL(name, parameters, n, term)                                                                               \
    static inline ad_total name parameters                                                                             \
    {                                                                                                                  \
        enum { ROW = TOTAL_LANES, FOUR = 4 * ROW };                                                                    \
        const size_t n_terms_ = (n), by_four_ = n_terms_ / FOUR * FOUR, by_row_ = n_terms_ / ROW * ROW;                \
        double sum_[ROW] = {0}, rest_[ROW] = {0};                                                                      \
        for (size_t from_ = 0; from_ < by_four_; from_ += CLUMP * ROW) {                                               \
            const size_t end_ = by_four_ - from_ < CLUMP * ROW ? by_four_ : from_ + CLUMP * ROW;                       \
            REAL lane_[ROW] = {0};                                                                                     \
            for (size_t at_ = from_; at_ < end_; at_ += FOUR)                                                          \
                for (size_t j_ = 0; j_ < ROW; j_++) {                                                                  \
                    size_t i = at_ + j_;                                                                               \
                    const REAL term_0 = (REAL)(term), term_1 = (i += ROW, (REAL)(term));                               \
                    const REAL term_2 = (i += ROW, (REAL)(term)), term_3 = (i += ROW, (REAL)(term));                   \
                    lane_[j_] += (term_0 + term_1) + (term_2 + term_3);                                                \
                }                                                                                                      \
            for (size_t j_ = 0; j_ < ROW; j_++)                                                                        \
                add_to_total(sum_ + j_, rest_ + j_, (double)lane_[j_]);                                                \
        }                                                                                                              \
        for (size_t at_ = by_four_; at_ < by_row_; at_ += ROW)                                                         \
            for (size_t j_ = 0, i = at_; j_ < ROW; j_++, i++)                                                          \
                add_to_total(sum_ + j_, rest_ + j_, (double)(REAL)(term));                                             \
        for (size_t j_ = 0, i = by_row_; i < n_terms_; j_++, i++)                                                      \
            add_to_total(sum_ + j_, rest_ + j_, (double)(REAL)(term));                                                 \
        fold_totals(sum_, rest_, ROW, 1);                                                                              \
        return (ad_total){sum_[0], rest_[0]};                                                                          \
    }

TOTAL(sum_of_steps, (const REAL *a, size_t sa, const REAL *b, size_t sb, size_t n), n, a[sa * i] * b[sb * i])

/* The sum of a b. A step is 1, or 0: one number then stands for all. */
static inline ad_total sum_of_products(const REAL *a, size_t sa, const REAL *b, size_t sb, size_t n)
{
    return sa && sb ? sum_of_steps(a, 1, b, 1, n) : sum_of_steps(a, sa, b, sb, n);
}

#endif
#endif
