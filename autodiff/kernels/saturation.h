#ifndef AUTODIFF_KERNELS_SATURATION_H
#define AUTODIFF_KERNELS_SATURATION_H
/* Slopes of functions that saturate, from their values. logistic' = y (1 - y), but near 1 the rounded y has few digits
 * of 1 - y left, and at last none. x still has all of them: 1 - logistic(x) = e^-x / (1 + e^-x). So x stands beside y
 * as a hint. It is read only where y is near its bound, so that hardly an exponential is computed. It counts only where
 * it gives the same y but for rounding: the slope stays a function of y.
 *
 *   SATURATES(logistic, 1, y, -R(fabs)(x), e * y)               1 - y is e y, e = exp(-|x|)
 *
 * defines logistic_rest(y), the plain 1 - y, logistic_exact(y, x), 1 - y with all digits, and logistic_nears(y),
 * whether they differ. The third argument measures y so that the bound is positive. The last one needs no division: y
 * is right to an ulp.
 *
 *   MAP_SLOPE(logistic_backward, logistic, v * y * rest)        a loop of v, y and x that uses them
 */
#include <math.h>
#include <string.h>

#include "total.h"

#ifdef AD_REAL

/* A block is computed again if one of its elements is near: a few vectors, since elements that are near are rare. */
enum { SLOPE_BLOCK = 32 };

/* NEAR_BOUND, of the bound: below it the plain rest is right to 2^-20 of itself in f32, and to 2^-47 in f64. ad_bits
 * is as wide as REAL, so that comparisons are gathered in vectors. EXP_SHIFT moves a whole number into the last bits.
 */
#if AD_REAL_BITS == 32
#define NEAR_BOUND (1 - 0x1p-5F)
#define EXP_SHIFT 0x1.8p23F
#define LN2_HIGH 0x1.62e4p-1F /* 15 bits: n times it is exact */
#define LN2_LOW 0x1.7f7d1cp-20F
enum { EXP_LEAST = -110, EXP_MORE = 64, EXP_BIAS = 127, EXP_AT = 23 };
typedef uint32_t ad_bits;
#else
#define NEAR_BOUND (1 - 0x1p-7)
#define EXP_SHIFT 0x1.8p52
#define LN2_HIGH 0x1.62e42fefap-1 /* 36 bits */
#define LN2_LOW 0x1.cf79abc9e3b3ap-40
enum { EXP_LEAST = -760, EXP_MORE = 128, EXP_BIAS = 1023, EXP_AT = 52 };
typedef uint64_t ad_bits;
#endif

/* sum r + c, the step of a series */
static inline REAL next_term(REAL sum, REAL r, double c)
{
#ifdef __FMA__
    return R(fma)(sum, r, (REAL)c);
#else
    return sum * r + (REAL)c;
#endif
}

static inline ad_bits bits_of(REAL x)
{
    ad_bits bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline REAL real_of(ad_bits bits)
{
    REAL x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* e^x for x <= 0 or NaN, within 2 ulp where it is normal: x = n ln 2 + r, and a series in r. It is inlined in vector
 * loops, where a call would cost as much as ten slopes. 2^n is made from its bits, 2^EXP_MORE times too large so
 * that it is normal where the result is not. */
static inline REAL exp_of_negative(REAL x)
{
    const REAL bounded = x < EXP_LEAST ? EXP_LEAST : x;
    const REAL shifted = bounded * (REAL)1.44269504088896340736 + EXP_SHIFT, n = shifted - EXP_SHIFT;
    const REAL r = (bounded - n * LN2_HIGH) - n * LN2_LOW;
    REAL sum = 0;
    if (AD_REAL_BITS == 64) {
        sum = next_term(sum, r, 1.0 / 6227020800);
        sum = next_term(sum, r, 1.0 / 479001600);
        sum = next_term(sum, r, 1.0 / 39916800);
        sum = next_term(sum, r, 1.0 / 3628800);
        sum = next_term(sum, r, 1.0 / 362880);
        sum = next_term(sum, r, 1.0 / 40320);
    }
    sum = next_term(sum, r, 1.0 / 5040);
    sum = next_term(sum, r, 1.0 / 720);
    sum = next_term(sum, r, 1.0 / 120);
    sum = next_term(sum, r, 1.0 / 24);
    sum = next_term(sum, r, 1.0 / 6);
    sum = next_term(sum, r, 1.0 / 2);
    sum = next_term(sum, r, 1);
    sum = next_term(sum, r, 1);
    const ad_bits power = bits_of(shifted) - bits_of(EXP_SHIFT) + EXP_BIAS + EXP_MORE;
    return sum * real_of(power << EXP_AT) * real_of((ad_bits)(EXP_BIAS - EXP_MORE) << EXP_AT);
}

#define SATURATES(name, bound, height, exponent, exact)                                                                \
    static inline REAL name##_height(REAL y) { return (REAL)(height); }                                                \
    static inline REAL name##_rest(REAL y) { return (bound)-name##_height(y); }                                        \
    static inline ad_bits name##_nears(REAL y) { return name##_height(y) > (bound)*NEAR_BOUND; }                       \
                                                                                                                       \
    static inline REAL name##_exact(REAL y, REAL x)                                                                    \
    {                                                                                                                  \
        const REAL e = exp_of_negative((REAL)(exponent)), rest = (REAL)(exact);                                        \
        const bool agrees = R(fabs)(((bound)-rest) - name##_height(y)) <= 4 * (bound)*REAL_EPSILON;                    \
        return (agrees & (name##_nears(y) != 0)) ? rest : name##_rest(y);                                              \
    }

SATURATES(logistic, 1, y, -R(fabs)(x), (e) * (y))
SATURATES(tanh, 1, R(fabs)(y), -2 * R(fabs)(x), (e) * (1 + R(fabs)(y)))
SATURATES(elu, 1, -y, x > 0 ? 0 : x, e)

#define MAP_SLOPE(name, of, expression)                                                                                \
    static inline REAL name##_of(REAL v, REAL y, REAL rest)                                                            \
    {                                                                                                                  \
        (void)y;                                                                                                       \
        return (REAL)(expression);                                                                                     \
    }                                                                                                                  \
                                                                                                                       \
    /* Steps are 1 or 0. */                                                                                            \
    ALWAYS_INLINE void name##_block(size_t n, REAL *restrict Z, const REAL *restrict V, size_t sv,                     \
                                    const REAL *restrict Y, size_t sy, const REAL *restrict X, size_t sx)              \
    {                                                                                                                  \
        ad_bits near = 0;                                                                                              \
        for (size_t i = 0; i < n; i++) {                                                                               \
            Z[i] = name##_of(V[i * sv], Y[i * sy], of##_rest(Y[i * sy]));                                              \
            near |= of##_nears(Y[i * sy]);                                                                             \
        }                                                                                                              \
        if (near)                                                                                                      \
            for (size_t i = 0; i < n; i++)                                                                             \
                Z[i] = name##_of(V[i * sv], Y[i * sy], of##_exact(Y[i * sy], X[i * sx]));                              \
    }                                                                                                                  \
                                                                                                                       \
    LOOP(name)                                                                                                         \
    {                                                                                                                  \
        const REAL *V = s->array[1], *Y = s->array[2], *X = s->array[3];                                               \
        const size_t sv = s->step[1], sy = s->step[2], sx = s->step[3];                                                \
        REAL *Z = s->array[0];                                                                                         \
        size_t i = 0;                                                                                                  \
        if (s->n == 1) {                                                                                               \
            name##_block(1, Z, V, 0, Y, 0, X, 0); /* scalars come here often */                                        \
            return;                                                                                                    \
        }                                                                                                              \
        if (sv && sy && sx)                                                                                            \
            for (; i + SLOPE_BLOCK <= s->n; i += SLOPE_BLOCK)                                                          \
                name##_block(SLOPE_BLOCK, Z + i, V + i, 1, Y + i, 1, X + i, 1);                                        \
        for (size_t n; i < s->n; i += n) {                                                                             \
            n = s->n - i < SLOPE_BLOCK ? s->n - i : SLOPE_BLOCK;                                                       \
            name##_block(n, Z + i, V + i * sv, sv, Y + i * sy, sy, X + i * sx, sx);                                    \
        }                                                                                                              \
    }

#else
#define MAP_SLOPE(name, of, expression) LOOP_TABLE(name)

/* The domain of a hint */
#define HINT .low = -2, .high = 2, .constant = true

#endif
#endif
