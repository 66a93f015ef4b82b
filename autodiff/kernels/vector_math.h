#ifndef AUTODIFF_KERNELS_VECTOR_MATH_H
#define AUTODIFF_KERNELS_VECTOR_MATH_H
/* Transcendental functions of whole arrays: vector_exp(n, y, x) and so on, for REAL and the processor for which this is
 * compiled; y may be x. They are SLEEF's of at most 1.0 ulp; without SLEEF, and for a few elements, libm's.
 *
 *   MAP1_OF(exp, exp)                                                                     y[i] = exp(x[i])
 *   MAP1_EXCEPT(sinh, sinh, R(fabs)(x) > LARGE)                the same, by libm where SLEEF's is wrong
 *   MAP1_VIA(logistic, exp, -R(fabs)(x), x >= 0 ? 1 / (1 + v) : v / (1 + v))              the same with v = exp(-|x|)
 *
 * MAP2_EXCEPT and MAP2_VIA are these of two operands a and b. They work on blocks, so that v stays in the nearest
 * cache; the last block takes the few elements that would be left, so that each element's value is the same wherever it
 * stands.
 */
#include <math.h>

#include "kernel.h"
#include "vector.h"

#ifdef AD_REAL

enum { VIA_BLOCK = 256, FEW_ELEMENTS = 4, VIA_ROOM = VIA_BLOCK + FEW_ELEMENTS };

/* The size of the next block of the elements that are left. */
static inline size_t via_block(size_t left) { return left < VIA_ROOM ? left : VIA_BLOCK; }

#define SCALAR_LOOP(function)                                                                                          \
    for (size_t i = 0; i < n; i++)                                                                                     \
        y[i] = R(function)(x[i]);

#define SCALAR_LOOP2(function)                                                                                         \
    for (size_t i = 0; i < n; i++)                                                                                     \
        y[i] = R(function)(a[i * sa], b[i * sb]);

#if defined(AD_HAS_SLEEF) && defined(SLEEF)
#include <sleef.h>

/* The last elements go through a vector that is filled up with zeros, so that each element's value is the same wherever
 * it stands. */
#define VECTOR_FUNCTION(function, ulp)                                                                                 \
    static inline void vector_##function(size_t n, REAL *y, const REAL *x)                                             \
    {                                                                                                                  \
        size_t at = 0;                                                                                                 \
        if (n < FEW_ELEMENTS) {                                                                                        \
            SCALAR_LOOP(function)                                                                                      \
            return;                                                                                                    \
        }                                                                                                              \
        for (; at + VECTOR_LANES <= n; at += VECTOR_LANES)                                                             \
            STORE(y + at, SLEEF(function, ulp)(LOAD(x + at)));                                                         \
        if (at < n)                                                                                                    \
            store_first(n - at, y + at, SLEEF(function, ulp)(load_first(n - at, x + at)));                             \
    }

/* `count` elements, or one that stands for all of them; what is left of the vector is 0. */
static inline VECTOR load_some(const REAL *x, size_t step, size_t count)
{
    if (step && count == VECTOR_LANES)
        return LOAD(x);
    REAL some[VECTOR_LANES] = {0};
    for (size_t i = 0; i < count; i++)
        some[i] = x[i * step];
    return LOAD(some);
}

static inline void store_some(REAL *y, size_t count, VECTOR v)
{
    REAL some[VECTOR_LANES];
    if (count == VECTOR_LANES) {
        STORE(y, v);
    } else {
        STORE(some, v);
        memcpy(y, some, count * sizeof *y);
    }
}

/* Of two operands, whose steps are 1 or 0. */
#define VECTOR_FUNCTION2(function, ulp)                                                                                \
    static inline void vector_##function(size_t n, REAL *y, const REAL *a, size_t sa, const REAL *b, size_t sb)        \
    {                                                                                                                  \
        if (n < FEW_ELEMENTS) {                                                                                        \
            SCALAR_LOOP2(function)                                                                                     \
            return;                                                                                                    \
        }                                                                                                              \
        for (size_t at = 0; at < n; at += VECTOR_LANES) {                                                              \
            const size_t count = n - at < VECTOR_LANES ? n - at : VECTOR_LANES;                                        \
            store_some(y + at, count,                                                                                  \
                       SLEEF(function, ulp)(load_some(a + at * sa, sa, count), load_some(b + at * sb, sb, count)));    \
        }                                                                                                              \
    }
#else
#define VECTOR_FUNCTION(function, ulp)                                                                                 \
    static inline void vector_##function(size_t n, REAL *y, const REAL *x) { SCALAR_LOOP(function) }
#define VECTOR_FUNCTION2(function, ulp)                                                                                \
    static inline void vector_##function(size_t n, REAL *y, const REAL *a, size_t sa, const REAL *b, size_t sb)        \
    {                                                                                                                  \
        SCALAR_LOOP2(function)                                                                                         \
    }
#endif

/* The function for 1 ulp is only twice as fast as the loop over libm in f64, this is four times. */
#define ULP_OF_TANH_f64 u35
#define ULP_OF_TANH_f32 u10
#define ULP_OF_TANH AD_JOIN4(ULP_OF_TANH, AD_TYPE_SUFFIX, , )

VECTOR_FUNCTION(exp, u10)
VECTOR_FUNCTION(exp2, u10)
VECTOR_FUNCTION(expm1, u10)
VECTOR_FUNCTION(log, u10)
VECTOR_FUNCTION(log1p, u10)
VECTOR_FUNCTION(log2, u10)
VECTOR_FUNCTION(log10, u10)
VECTOR_FUNCTION(cbrt, u10)
VECTOR_FUNCTION(sin, u10)
VECTOR_FUNCTION(cos, u10)
VECTOR_FUNCTION(tan, u10)
VECTOR_FUNCTION(asin, u10)
VECTOR_FUNCTION(acos, u10)
VECTOR_FUNCTION(atan, u10)
VECTOR_FUNCTION(sinh, u10)
VECTOR_FUNCTION(cosh, u10)
VECTOR_FUNCTION(tanh, ULP_OF_TANH)
VECTOR_FUNCTION(asinh, u10)
VECTOR_FUNCTION(acosh, u10)
VECTOR_FUNCTION(atanh, u10)
VECTOR_FUNCTION(erf, u10)
VECTOR_FUNCTION(erfc, u15)
VECTOR_FUNCTION2(pow, u10)
VECTOR_FUNCTION2(atan2, u10)
VECTOR_FUNCTION2(hypot, u05)

/* ln(1 + e^x) */
static inline void vector_log1p_exp(size_t n, REAL *y, const REAL *x)
{
    vector_exp(n, y, x);
    vector_log1p(n, y, y);
}

#define MAP1_OF(name, function)                                                                                        \
    NEVER_INLINE void name##_many(const ad_span *s)                                                                    \
    {                                                                                                                  \
        const REAL *X = s->array[1];                                                                                   \
        REAL *Y = s->array[0];                                                                                         \
        if (s->step[1])                                                                                                \
            vector_##function(s->n, Y, X);                                                                             \
        else                                                                                                           \
            for (size_t i = 0; i < s->n; i++)                                                                          \
                Y[i] = R(function)(X[0]);                                                                              \
    }                                                                                                                  \
    ONE(name, R(function)(ONE_OF(a)))                                                                                  \
    LOOP(name)                                                                                                         \
    {                                                                                                                  \
        if (s->n == 1)                                                                                                 \
            *(REAL *)s->array[0] = R(function)(*(const REAL *)s->array[1]);                                            \
        else                                                                                                           \
            name##_many(s);                                                                                            \
    }

#define MAP1_EXCEPT(name, function, except)                                                                            \
    static inline bool name##_except(REAL x) { return except; }                                                        \
    LOOP(name)                                                                                                         \
    {                                                                                                                  \
        const REAL *restrict X = s->array[1];                                                                          \
        REAL *restrict Y = s->array[0];                                                                                \
        for (size_t from = 0, n; s->step[1] && from < s->n; from += n) {                                               \
            size_t exceptions = 0;                                                                                     \
            n = via_block(s->n - from);                                                                                \
            vector_##function(n, Y + from, X + from);                                                                  \
            for (size_t i = from; i < from + n; i++)                                                                   \
                exceptions += name##_except(X[i]);                                                                     \
            for (size_t i = from; exceptions && i < from + n; i++)                                                     \
                if (name##_except(X[i]))                                                                               \
                    Y[i] = R(function)(X[i]);                                                                          \
        }                                                                                                              \
        for (size_t i = 0; !s->step[1] && i < s->n; i++)                                                               \
            Y[i] = R(function)(X[0]);                                                                                  \
    }

/* Denormal or nearly: there some of SLEEF's functions lose the last digit, which may be the only one. */
#define IS_TINY(x) ((x) != 0 && R(fabs)(x) < _Generic((REAL)0, float : 0x1p-124F, double : 0x1p-1020))

/* `except` may look at the result y too. */
#define MAP2_EXCEPT(name, function, except)                                                                            \
    static inline bool name##_except(REAL y, REAL a, REAL b)                                                           \
    {                                                                                                                  \
        (void)y, (void)a, (void)b;                                                                                     \
        return except;                                                                                                 \
    }                                                                                                                  \
    LOOP(name)                                                                                                         \
    {                                                                                                                  \
        const size_t sa = s->step[1], sb = s->step[2];                                                                 \
        for (size_t from = 0, n; from < s->n; from += n) {                                                             \
            const REAL *restrict A = (const REAL *)s->array[1] + from * sa;                                            \
            const REAL *restrict B = (const REAL *)s->array[2] + from * sb;                                            \
            REAL *restrict Y = (REAL *)s->array[0] + from;                                                             \
            n = via_block(s->n - from);                                                                                \
            vector_##function(n, Y, A, sa, B, sb);                                                                     \
            for (size_t i = 0; i < n; i++)                                                                             \
                if (name##_except(Y[i], A[i * sa], B[i * sb]))                                                         \
                    Y[i] = R(function)(A[i * sa], B[i * sb]);                                                          \
        }                                                                                                              \
    }

#define MAP1_VIA(name, function, before, after)                                                                        \
    static inline REAL name##_before(REAL x) { return (REAL)(before); }                                                \
    static inline REAL name##_after(REAL x, REAL v)                                                                    \
    {                                                                                                                  \
        (void)x;                                                                                                       \
        return (REAL)(after);                                                                                          \
    }                                                                                                                  \
    LOOP(name)                                                                                                         \
    {                                                                                                                  \
        REAL v[VIA_ROOM];                                                                                              \
        const size_t step = s->step[1];                                                                                \
        for (size_t from = 0, n; from < s->n; from += n) {                                                             \
            const REAL *restrict X = (const REAL *)s->array[1] + from * step;                                          \
            REAL *restrict Y = (REAL *)s->array[0] + from;                                                             \
            n = via_block(s->n - from);                                                                                \
            for (size_t i = 0; i < n; i++)                                                                             \
                v[i] = name##_before(X[i * step]);                                                                     \
            vector_##function(n, v, v);                                                                                \
            for (size_t i = 0; i < n; i++)                                                                             \
                Y[i] = name##_after(X[i * step], v[i]);                                                                \
        }                                                                                                              \
    }

#define MAP2_VIA(name, function, before, after)                                                                        \
    static inline REAL name##_before(REAL a, REAL b)                                                                   \
    {                                                                                                                  \
        (void)a, (void)b;                                                                                              \
        return (REAL)(before);                                                                                         \
    }                                                                                                                  \
    static inline REAL name##_after(REAL a, REAL b, REAL v) { return (REAL)(after); }                                  \
    LOOP(name)                                                                                                         \
    {                                                                                                                  \
        REAL v[VIA_ROOM];                                                                                              \
        const size_t sa = s->step[1], sb = s->step[2];                                                                 \
        for (size_t from = 0, n; from < s->n; from += n) {                                                             \
            const REAL *restrict A = (const REAL *)s->array[1] + from * sa;                                            \
            const REAL *restrict B = (const REAL *)s->array[2] + from * sb;                                            \
            REAL *restrict Y = (REAL *)s->array[0] + from;                                                             \
            n = via_block(s->n - from);                                                                                \
            for (size_t i = 0; i < n; i++)                                                                             \
                v[i] = name##_before(A[i * sa], B[i * sb]);                                                            \
            vector_##function(n, v, v);                                                                                \
            for (size_t i = 0; i < n; i++)                                                                             \
                Y[i] = name##_after(A[i * sa], B[i * sb], v[i]);                                                       \
        }                                                                                                              \
    }

#else
#define MAP1_OF(name, function) MAP_TABLE(name)
#define MAP1_EXCEPT(name, function, except) LOOP_TABLE(name)
#define MAP2_EXCEPT(name, function, except) LOOP_TABLE(name)
#define MAP1_VIA(name, function, before, after) LOOP_TABLE(name)
#define MAP2_VIA(name, function, before, after) LOOP_TABLE(name)
#endif
#endif
