#ifndef AUTODIFF_KERNELS_SCAN_H
#define AUTODIFF_KERNELS_SCAN_H
/* Loops of scans: x [m,n,k] has m k groups of n elements, k apart, and each result is made of the one before it. The
 * span's size is {m, n, k}; where its n is not 0, "before" means after: the loop begins at the other end. */
#include "reduce.h"

#ifdef AD_REAL

/* The result at a place from the result before it, `y`, of x and v at the place, of x before it, `w`, and of the span's
 * constant. The first place has no y and no w. Results are carried in f64. */
typedef double ad_next(double y, REAL x, REAL w, REAL v, REAL c);

ALWAYS_INLINE void scan_row(ad_next *first, ad_next *next, REAL *restrict y, const REAL *restrict x,
                            const REAL *restrict v, size_t n, ptrdiff_t step, REAL c)
{
    double last = first(0, *x, 0, *v, c);
    *y = (REAL)last;
    for (size_t i = 1; i < n; i++) {
        x += step, v += step, y += step;
        last = next(last, *x, x[-step], *v, c);
        *y = (REAL)last;
    }
}

/* w <= COLUMNS groups side by side */
ALWAYS_INLINE void scan_columns(ad_next *first, ad_next *next, REAL *restrict y, const REAL *restrict x,
                                const REAL *restrict v, size_t n, size_t w, ptrdiff_t step, REAL c)
{
    double last[COLUMNS];
    for (size_t j = 0; j < w; j++)
        y[j] = (REAL)(last[j] = first(0, x[j], 0, v[j], c));
    for (size_t i = 1; i < n; i++) {
        const REAL *restrict before = x;
        x += step, v += step, y += step;
        for (size_t j = 0; j < w; j++)
            y[j] = (REAL)(last[j] = next(last[j], x[j], before[j], v[j], c));
    }
}

/* Array 0 is the result, 1 is x, 2 is v, or NULL. */
ALWAYS_INLINE void scan_groups(ad_next *first, ad_next *next, const ad_span *s)
{
    const REAL *X = s->array[1], *V = s->array[2] ? s->array[2] : s->array[1];
    const size_t n = s->size[1], k = s->size[2], begin = s->n ? (n - 1) * k : 0;
    const ptrdiff_t step = s->n ? -(ptrdiff_t)k : (ptrdiff_t)k;
    REAL *Y = s->array[0], c = (REAL)s->constant;
    for (size_t o = 0; o < s->size[0]; o++)
        for (size_t from = 0; from < k; from += COLUMNS) {
            const size_t at = o * n * k + begin + from, w = k - from < COLUMNS ? k - from : COLUMNS;
            if (k == 1)
                scan_row(first, next, Y + at, X + at, V + at, n, s->n ? -1 : 1, c);
            else
                scan_columns(first, next, Y + at, X + at, V + at, n, w, step, c);
        }
}

/* SCAN(cumsum, x, y + x): the first result, and each next one */
#define SCAN(name, first, next)                                                                                        \
    static inline double name##_first(double y, REAL x, REAL w, REAL v, REAL c)                                        \
    {                                                                                                                  \
        (void)y, (void)x, (void)w, (void)v, (void)c;                                                                   \
        return (double)(first);                                                                                        \
    }                                                                                                                  \
    static inline double name##_next(double y, REAL x, REAL w, REAL v, REAL c)                                         \
    {                                                                                                                  \
        (void)y, (void)x, (void)w, (void)v, (void)c;                                                                   \
        return (double)(next);                                                                                         \
    }                                                                                                                  \
    LOOP(name) { scan_groups(name##_first, name##_next, s); }

#else

#define SCAN(name, first, next) LOOP_TABLE(name)

#endif
#endif
