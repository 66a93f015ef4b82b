#ifndef AUTODIFF_KERNELS_SATURATION_H
#define AUTODIFF_KERNELS_SATURATION_H
/* Slopes of functions that saturate, from their values. logistic' = y (1 - y), but near 1 the rounded y has few digits
 * of 1 - y left, and at last none. x still has all of them: 1 - logistic(x) = e^-x / (1 + e^-x). So x stands beside y
 * as a hint. It is read only where y is near its bound, so that hardly an exponential is computed. It counts only where
 * it gives the same y but for rounding: the slope stays a function of y.
 *
 *   SATURATES(logistic, 1, y, -R(fabs)(x), e / (1 + e))         1 - y is e / (1 + e), e = exp(-|x|)
 *
 * defines logistic_rest, the plain bound - y, logistic_is_near, whether one of n elements needs the hint, and
 * logistic_rests, the exact bound - y of n elements. `y` is measured so that the bound is positive.
 *
 *   MAP_SLOPE(logistic_backward, logistic, v * y * rest)        a loop of v, y and x that uses them
 */
#include <float.h>

#include "vector_math.h"

#ifdef AD_REAL

/* A block has exact rests in all elements or in none, a group of them exponentials in all or in none. */
enum { SLOPE_BLOCK = 128, SLOPE_GROUP = 16, SLOPE_ROOM = SLOPE_BLOCK + FEW_ELEMENTS };

#if AD_REAL_BITS == 32
#define REAL_EPSILON FLT_EPSILON
#define NEAR_BOUND (1 - 0x1p-5F) /* of the bound: below it the plain rest is right to 2^-20 of itself */
typedef int32_t ad_whole;
#else
#define REAL_EPSILON DBL_EPSILON
#define NEAR_BOUND (1 - 0x1p-7) /* 2^-47 */
typedef int64_t ad_whole; /* as wide as REAL, so that counting comparisons is done in vectors */
#endif

/* The size of the next block: the last one takes the few elements that would be left. */
static inline size_t slope_block(size_t left) { return left < SLOPE_ROOM ? left : SLOPE_BLOCK; }

/* n elements, fewer than a vector has or SLOPE_GROUP: an element's value is the same wherever it stands. */
static inline void exp_of_group(size_t n, bool few, REAL *e)
{
    for (size_t i = n; i < SLOPE_GROUP; i++)
        e[i] = 0;
    vector_exp(few ? n : SLOPE_GROUP, e, e);
}

#define SATURATES(name, bound, height, exponent, exact)                                                                \
    static inline REAL name##_height(REAL y) { return (REAL)(height); }                                                \
    static inline REAL name##_rest(REAL y) { return (bound)-name##_height(y); }                                        \
    static inline REAL name##_exponent(REAL x) { return (REAL)(exponent); }                                            \
                                                                                                                       \
    static inline bool name##_is_near(size_t n, const REAL *y)                                                         \
    {                                                                                                                  \
        ad_whole near = 0;                                                                                             \
        for (size_t i = 0; i < n; i++)                                                                                 \
            near |= name##_height(y[i]) > (bound)*NEAR_BOUND;                                                          \
        return near;                                                                                                   \
    }                                                                                                                  \
                                                                                                                       \
    /* Given e, its exponential */                                                                                     \
    static inline REAL name##_exact(REAL y, REAL e)                                                                    \
    {                                                                                                                  \
        const REAL rest = (REAL)(exact), off = ((bound)-rest) - name##_height(y);                                      \
        const bool counts = R(fabs)(off) <= 4 * (bound)*REAL_EPSILON && name##_height(y) > (bound)*NEAR_BOUND;         \
        return counts ? rest : name##_rest(y);                                                                         \
    }                                                                                                                  \
                                                                                                                       \
    static inline void name##_rests(size_t n, REAL *restrict rest, const REAL *restrict y, const REAL *restrict x)     \
    {                                                                                                                  \
        for (size_t from = 0, m; from < n; from += m) {                                                                \
            REAL e[SLOPE_GROUP];                                                                                       \
            m = n - from < SLOPE_GROUP ? n - from : SLOPE_GROUP;                                                       \
            for (size_t i = 0; i < m; i++)                                                                             \
                rest[from + i] = name##_rest(y[from + i]);                                                             \
            if (!name##_is_near(m, y + from))                                                                          \
                continue;                                                                                              \
            for (size_t i = 0; i < m; i++)                                                                             \
                e[i] = name##_exponent(x[from + i]);                                                                   \
            exp_of_group(m, n < FEW_ELEMENTS, e);                                                                      \
            for (size_t i = 0; i < m; i++)                                                                             \
                rest[from + i] = name##_exact(y[from + i], e[i]);                                                      \
        }                                                                                                              \
    }

SATURATES(logistic, 1, y, -R(fabs)(x), e / (1 + e))
SATURATES(tanh, 1, R(fabs)(y), -2 * R(fabs)(x), 2 * e / (1 + e))
SATURATES(elu, 1, -y, x > 0 ? 0 : x, e)

/* n elements that are one or stand side by side */
static inline void spread(size_t n, REAL *restrict to, const REAL *restrict x, size_t step)
{
    for (size_t i = 0; i < n; i++)
        to[i] = x[i * step];
}

#define MAP_SLOPE(name, of, expression)                                                                                \
    static inline REAL name##_of(REAL v, REAL y, REAL rest)                                                            \
    {                                                                                                                  \
        (void)y;                                                                                                       \
        return (REAL)(expression);                                                                                     \
    }                                                                                                                  \
    LOOP(name)                                                                                                         \
    {                                                                                                                  \
        const size_t sv = s->step[1], sy = s->step[2], sx = s->step[3];                                                \
        for (size_t from = 0, n; from < s->n; from += n) {                                                             \
            const REAL *restrict V = (const REAL *)s->array[1] + from * sv;                                            \
            const REAL *restrict Y = (const REAL *)s->array[2] + from * sy;                                            \
            const REAL *restrict X = (const REAL *)s->array[3] + from * sx;                                            \
            REAL *restrict Z = (REAL *)s->array[0] + from;                                                             \
            n = slope_block(s->n - from);                                                                              \
            if (of##_is_near(sy ? n : 1, Y)) {                                                                         \
                REAL y[SLOPE_ROOM], x[SLOPE_ROOM], rest[SLOPE_ROOM];                                                   \
                spread(n, y, Y, sy);                                                                                   \
                spread(n, x, X, sx);                                                                                   \
                of##_rests(n, rest, y, x);                                                                             \
                for (size_t i = 0; i < n; i++)                                                                         \
                    Z[i] = name##_of(V[i * sv], y[i], rest[i]);                                                        \
            } else if (sv && sy) {                                                                                     \
                for (size_t i = 0; i < n; i++)                                                                         \
                    Z[i] = name##_of(V[i], Y[i], of##_rest(Y[i]));                                                     \
            } else {                                                                                                   \
                for (size_t i = 0; i < n; i++)                                                                         \
                    Z[i] = name##_of(V[i * sv], Y[i * sy], of##_rest(Y[i * sy]));                                      \
            }                                                                                                          \
        }                                                                                                              \
    }

#else
#define MAP_SLOPE(name, of, expression) LOOP_TABLE(name)

/* The domain of a hint */
#define HINT .low = -2, .high = 2, .constant = true
#endif
#endif
