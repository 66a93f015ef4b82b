#ifndef AUTODIFF_KERNELS_SATURATION_H
#define AUTODIFF_KERNELS_SATURATION_H
/* Slopes of functions that saturate, from their values. logistic' = y (1 - y), but near 1 the rounded y has few digits
 * of 1 - y left, and at last none. x still has all of them: 1 - logistic(x) = e^-x / (1 + e^-x). So x stands beside y
 * as a hint. It is read only where y is near its bound, so that hardly an exponential is computed. It counts only where
 * it gives the same y but for rounding: the slope stays a function of y.
 *
 *   SATURATES(logistic, 1, y, -R(fabs)(x), e * y)               1 - y is e y, e = exp(-|x|)
 *
 * defines logistic_rest(y), the plain 1 - y, logistic_exact(y, x), 1 - y with all digits, and logistic_nears(top),
 * whether they differ for a y that is as high as `top`. The third argument measures y so that the bound is positive.
 * The last one needs no division: y is right to an ulp.
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
 * is as wide as REAL, so that heights are gathered in vectors. EXP_SHIFT moves a whole number n into the last bits, as
 * the exponent of 2^(n + EXP_MORE). */
#if AD_REAL_BITS == 32
#define NEAR_BOUND (1 - 0x1p-5F)
#define EXP_SHIFT (0x1.8p23F + EXP_BIAS + EXP_MORE)
#define LN2_HIGH 0x1.62e4p-1F /* 15 bits: n times it is exact */
#define LN2_LOW 0x1.7f7d1cp-20F
enum { EXP_LEAST = -110, EXP_MORE = 64, EXP_BIAS = 127, EXP_AT = 23 };
typedef uint32_t ad_bits;
typedef int32_t ad_order;
#else
#define NEAR_BOUND (1 - 0x1p-7)
#define EXP_SHIFT (0x1.8p52 + EXP_BIAS + EXP_MORE)
#define LN2_HIGH 0x1.62e42fefap-1 /* 36 bits */
#define LN2_LOW 0x1.cf79abc9e3b3ap-40
enum { EXP_LEAST = -760, EXP_MORE = 128, EXP_BIAS = 1023, EXP_AT = 52 };
typedef uint64_t ad_bits;
typedef int64_t ad_order;
#endif

/* a b + c, the step of a series */
static inline REAL mul_add_of(REAL a, REAL b, REAL c)
{
#ifdef __FMA__
    return R(fma)(a, b, c);
#else
    return a * b + c;
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

/* e^x for x <= 0 or NaN, within 2 ulp where it is normal: x = n ln 2 + r, and e^r = 1 + r + r^2 q(r), where q is
 * nearest in the sense of Chebyshev for |r| <= ln 2 / 2 and leaves an error of 2^-28 of e^r in f32, 2^-57 in f64. It is
 * inlined in vector loops, where a call would cost as much as ten slopes. 2^n is made from its bits, 2^EXP_MORE times
 * too large so that it is normal where the result is not. */
static inline REAL exp_of_negative(REAL x)
{
    const REAL bounded = x < EXP_LEAST ? EXP_LEAST : x;
    const REAL shifted = mul_add_of(bounded, (REAL)1.44269504088896340736, EXP_SHIFT), n = shifted - EXP_SHIFT;
    const REAL r = mul_add_of(n, -LN2_LOW, mul_add_of(n, -LN2_HIGH, bounded));
    REAL q;
    if (AD_REAL_BITS == 64) {
        q = mul_add_of((REAL)2.5000050934278011557e-8, r, (REAL)2.7630262850793720766e-7);
        q = mul_add_of(q, r, (REAL)2.7557586481251374744e-6);
        q = mul_add_of(q, r, (REAL)2.4801493061586293507e-5);
        q = mul_add_of(q, r, (REAL)1.9841269506377646404e-4);
        q = mul_add_of(q, r, (REAL)1.3888888943662572739e-3);
        q = mul_add_of(q, r, (REAL)8.3333333334945904278e-3);
        q = mul_add_of(q, r, (REAL)4.1666666666530051029e-2);
        q = mul_add_of(q, r, (REAL)0.16666666666666412269);
        q = mul_add_of(q, r, (REAL)0.50000000000000106375);
    } else {
        q = mul_add_of((REAL)0.0013814584031208278167, r, (REAL)0.0083687239359839540428);
        q = mul_add_of(q, r, (REAL)0.041668388729569060199);
        q = mul_add_of(q, r, (REAL)0.1666652057356869044);
        q = mul_add_of(q, r, (REAL)0.49999993443882599875);
    }
    const REAL sum = mul_add_of(mul_add_of(q, r, 1), r, 1);
    return sum * real_of(bits_of(shifted) << EXP_AT) * real_of((ad_bits)(EXP_BIAS - EXP_MORE) << EXP_AT);
}

/* The bits of heights as whole numbers, which are in order where these are not negative: the larger of two of them
 * costs one instruction. */
static inline ad_order order_of(REAL height) { return (ad_order)bits_of(height); }
static inline ad_order higher(ad_order a, ad_order b) { return a > b ? a : b; }

#define SATURATES(name, bound, height, exponent, exact)                                                                \
    static inline REAL name##_height(REAL y) { return (REAL)(height); }                                                \
    static inline REAL name##_rest(REAL y) { return (bound)-name##_height(y); }                                        \
    static inline bool name##_nears(ad_order top) { return top > order_of((bound)*NEAR_BOUND); }                       \
                                                                                                                       \
    static inline REAL name##_exact(REAL y, REAL x)                                                                    \
    {                                                                                                                  \
        const REAL e = exp_of_negative((REAL)(exponent)), rest = (REAL)(exact), plain = name##_rest(y);                \
        const bool agrees = R(fabs)(rest - plain) <= 4 * (bound)*REAL_EPSILON;                                         \
        return (agrees & (name##_height(y) > (bound)*NEAR_BOUND)) ? rest : plain;                                      \
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
    /* Steps are 1 or 0. `near` says whether the block before had an element near the bound; returned is whether this  \
     * one has. Then no pass is made in vain. */                                                                       \
    ALWAYS_INLINE bool name##_block(bool near, size_t n, REAL *restrict Z, const REAL *restrict V, size_t sv,          \
                                    const REAL *restrict Y, size_t sy, const REAL *restrict X, size_t sx)              \
    {                                                                                                                  \
        ad_order top = order_of(0);                                                                                    \
        if (!near)                                                                                                     \
            for (size_t i = 0; i < n; i++) {                                                                           \
                Z[i] = name##_of(V[i * sv], Y[i * sy], of##_rest(Y[i * sy]));                                          \
                top = higher(top, order_of(of##_height(Y[i * sy])));                                                   \
            }                                                                                                          \
        if (near || of##_nears(top))                                                                                   \
            for (size_t i = 0; i < n; i++) {                                                                           \
                Z[i] = name##_of(V[i * sv], Y[i * sy], of##_exact(Y[i * sy], X[i * sx]));                              \
                top = higher(top, order_of(of##_height(Y[i * sy])));                                                   \
            }                                                                                                          \
        return of##_nears(top);                                                                                        \
    }                                                                                                                  \
                                                                                                                       \
    NEVER_INLINE void name##_many(const ad_span *s)                                                                    \
    {                                                                                                                  \
        const REAL *V = s->array[1], *Y = s->array[2], *X = s->array[3];                                               \
        const size_t sv = s->step[1], sy = s->step[2], sx = s->step[3];                                                \
        REAL *Z = s->array[0];                                                                                         \
        size_t i = 0;                                                                                                  \
        bool near = false;                                                                                             \
        if (sv && sy && sx)                                                                                            \
            for (; i + SLOPE_BLOCK <= s->n; i += SLOPE_BLOCK)                                                          \
                near = name##_block(near, SLOPE_BLOCK, Z + i, V + i, 1, Y + i, 1, X + i, 1);                           \
        for (size_t n; i < s->n; i += n) {                                                                             \
            n = s->n - i < SLOPE_BLOCK ? s->n - i : SLOPE_BLOCK;                                                       \
            near = name##_block(near, n, Z + i, V + i * sv, sv, Y + i * sy, sy, X + i * sx, sx);                       \
        }                                                                                                              \
    }                                                                                                                  \
                                                                                                                       \
    /* Scalars come here often. */                                                                                     \
    LOOP(name)                                                                                                         \
    {                                                                                                                  \
        if (s->n != 1) {                                                                                               \
            name##_many(s);                                                                                            \
            return;                                                                                                    \
        }                                                                                                              \
        const REAL v = *(const REAL *)s->array[1], y = *(const REAL *)s->array[2];                                     \
        const bool near = of##_nears(order_of(of##_height(y)));                                                        \
        const REAL rest = near ? of##_exact(y, *(const REAL *)s->array[3]) : of##_rest(y);                             \
        *(REAL *)s->array[0] = name##_of(v, y, rest);                                                                  \
    }

#else
#define MAP_SLOPE(name, of, expression) LOOP_TABLE(name)

/* The domain of a hint */
#define HINT .low = -2, .high = 2, .constant = true

#endif
#endif
