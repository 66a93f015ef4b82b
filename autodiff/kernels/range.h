#ifndef AUTODIFF_KERNELS_RANGE_H
#define AUTODIFF_KERNELS_RANGE_H
/* Results that are in the range of REAL though a factor, or a product of some factors, is not. A loop computes in REAL,
 * counts the elements where something on the way was lost, and computes these again in a wider type. They are rare. */
#include <math.h>
#include <stdbool.h>

#include "vector_math.h"

#ifdef AD_REAL

/* f32 is computed in double and f64 in long double, where a product of some factors stays in the range. */
#if AD_REAL_BITS == 32
typedef double wide;
#define W(function) function
#else
typedef long double wide;
#define W(function) function##l
#endif

static inline int is_finite(REAL x) { return R(fabs)(x) <= REAL_MAX; }

/* Conditions are joined by & and |, without branches, so that loops are vectorised. */

/* Whether x, as a result of rounding, may have lost digits or everything: it is denormal, 0, infinite or NaN. */
static inline int is_lost(REAL x) { return (R(fabs)(x) < REAL_MIN) | !(R(fabs)(x) <= REAL_MAX); }

/* An integer as wide as REAL: loops in vectors gather flags in it. */
#if AD_REAL_BITS == 32
typedef int32_t flags;
#else
typedef int64_t flags;
#endif

/* Of three operands: y = fast, or `exact`, an expression of the wide v, a and b, where `lost` says so of v, a, b and
 * y. c is the operator's constant. Both may use q, which is computed once: a division beside a condition is made
 * again for each use. */
#define MAP3_IN_RANGE(name, shared, fast, lost, exact)                                                                 \
    static inline REAL name##_shared(REAL v, REAL a, REAL b)                                                           \
    {                                                                                                                  \
        (void)v, (void)a, (void)b;                                                                                     \
        return (REAL)(shared);                                                                                         \
    }                                                                                                                  \
    static inline REAL name##_of(REAL v, REAL a, REAL b, REAL q, REAL c)                                               \
    {                                                                                                                  \
        (void)v, (void)a, (void)b, (void)q, (void)c;                                                                   \
        return (REAL)(fast);                                                                                           \
    }                                                                                                                  \
    static inline int name##_is_lost(REAL v, REAL a, REAL b, REAL q, REAL y)                                           \
    {                                                                                                                  \
        (void)v, (void)a, (void)b, (void)q, (void)y;                                                                   \
        return lost;                                                                                                   \
    }                                                                                                                  \
    static inline REAL name##_exactly(wide v, wide a, wide b, wide c)                                                  \
    {                                                                                                                  \
        (void)v, (void)a, (void)b, (void)c;                                                                            \
        return (REAL)(exact);                                                                                          \
    }                                                                                                                  \
    /* One element; returns whether it is lost. */                                                                     \
    static inline int name##_one(REAL *y, REAL v, REAL a, REAL b, REAL c)                                              \
    {                                                                                                                  \
        const REAL q = name##_shared(v, a, b), fast_ = name##_of(v, a, b, q, c);                                       \
        *y = fast_;                                                                                                    \
        return name##_is_lost(v, a, b, q, fast_);                                                                      \
    }                                                                                                                  \
    LOOP(name)                                                                                                         \
    {                                                                                                                  \
        const size_t sv = s->step[1], sa = s->step[2], sb = s->step[3];                                                \
        const REAL c = (REAL)s->constant;                                                                              \
        if (s->n == 1) {                                                                                               \
            const REAL v = *(const REAL *)s->array[1], a = *(const REAL *)s->array[2], b = *(const REAL *)s->array[3]; \
            if (name##_one(s->array[0], v, a, b, c))                                                                   \
                *(REAL *)s->array[0] = name##_exactly(v, a, b, (wide)s->constant);                                     \
            return;                                                                                                    \
        }                                                                                                              \
        for (size_t from = 0, n; from < s->n; from += n) {                                                             \
            const REAL *restrict V = (const REAL *)s->array[1] + from * sv;                                            \
            const REAL *restrict A = (const REAL *)s->array[2] + from * sa;                                            \
            const REAL *restrict B = (const REAL *)s->array[3] + from * sb;                                            \
            REAL *restrict Y = (REAL *)s->array[0] + from, y;                                                          \
            flags any = 0;                                                                                             \
            n = via_block(s->n - from);                                                                                \
            if (sv && sa && sb)                                                                                        \
                for (size_t i = 0; i < n; i++)                                                                         \
                    any |= name##_one(Y + i, V[i], A[i], B[i], c);                                                     \
            else                                                                                                       \
                for (size_t i = 0; i < n; i++)                                                                         \
                    any |= name##_one(Y + i, V[sv * i], A[sa * i], B[sb * i], c);                                      \
            for (size_t i = 0; any && i < n; i++)                                                                      \
                if (name##_one(&y, V[sv * i], A[sa * i], B[sb * i], c))                                                \
                    Y[i] = name##_exactly(V[sv * i], A[sa * i], B[sb * i], (wide)s->constant);                         \
        }                                                                                                              \
    }

#else
#define MAP3_IN_RANGE(name, shared, fast, lost, exact) LOOP_TABLE(name)
#endif
#endif
