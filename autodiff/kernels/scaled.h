#ifndef AUTODIFF_KERNELS_SCALED_H
#define AUTODIFF_KERNELS_SCALED_H
/* Numbers of any size: products that leave the range of f64 on their way, and come back. A kernel runs its plain loop
 * first, and, where that left the range, the loop in these numbers. */
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <xmmintrin.h>
#else
#include <fenv.h>
#endif

/* ---- Whether a loop left the range ------------------------------------------------------------------------------- */

/* Between the two calls, on one thread: whether a result overflowed, or lost digits because it was too small. The
 * processor keeps that in its flags, at no cost. Flags that were set before stay set. The loop between them must be a
 * call that the compiler does not see through. */
#if defined(__SSE2__)

enum { AD_OUT_OF_RANGE = _MM_EXCEPT_OVERFLOW | _MM_EXCEPT_UNDERFLOW };

static inline unsigned ad_watch_range(void)
{
    const unsigned state = _mm_getcsr();
    if (state & AD_OUT_OF_RANGE)
        _mm_setcsr(state & ~(unsigned)AD_OUT_OF_RANGE);
    return state & AD_OUT_OF_RANGE;
}

static inline bool ad_left_range(unsigned before)
{
    const unsigned state = _mm_getcsr();
    if (before)
        _mm_setcsr(state | before);
    return state & AD_OUT_OF_RANGE;
}

#else

static inline unsigned ad_watch_range(void)
{
    const int before = fetestexcept(FE_OVERFLOW | FE_UNDERFLOW);
    feclearexcept(FE_OVERFLOW | FE_UNDERFLOW);
    return (unsigned)before;
}

static inline bool ad_left_range(unsigned before)
{
    const bool left = fetestexcept(FE_OVERFLOW | FE_UNDERFLOW);
    feraiseexcept((int)before);
    return left;
}

#endif

#ifdef AD_REAL

/* x in REAL. What is out of the range of f32 at the end has not left the range on its way: it becomes inf or 0 without
 * a flag. */
static inline REAL ad_in_real(double x)
{
    const double size = x < 0 ? -x : x;
    double y = x;
    if (sizeof(REAL) == sizeof(float)) {
        y = size < 0x1p-150 ? x * 0 : y;
        y = size > 0x1.ffffffp127 ? x * (double)INFINITY : y;
    }
    return (REAL)y;
}

#endif

/* ---- Scaled numbers ---------------------------------------------------------------------------------------------- */

/* part * 2^(60 steps). The part is 0, inf, NaN, or between 2^-60 and 2^60, so that products of parts are in range.
 */
typedef struct ad_scaled {
    double part, steps;
} ad_scaled;

static inline ad_scaled ad_scaled_of(double part, double steps)
{
    const double up = 0x1p60, down = 0x1p-60;
    if (part != 0 && part - part == 0) {
        for (; part > up || part < -up; steps++)
            part *= down;
        for (; part < down && part > -down; steps--)
            part *= up;
    }
    return (ad_scaled){part, steps};
}

static inline ad_scaled ad_scaled_mul(ad_scaled a, ad_scaled b)
{
    return ad_scaled_of(a.part * b.part, a.steps + b.steps);
}

static inline ad_scaled ad_scaled_times(ad_scaled a, double x) { return ad_scaled_mul(a, ad_scaled_of(x, 0)); }

/* The smaller one is brought to the steps of the larger; from three steps on nothing of it is left. */
static inline ad_scaled ad_scaled_add(ad_scaled a, ad_scaled b)
{
    const double sum = a.part + b.part;
    if (sum - sum != 0)
        return (ad_scaled){sum, 0};
    static const double shift[] = {1, 0x1p-60, 0x1p-120, 0};
    const bool swap = a.part == 0 || (b.part != 0 && b.steps > a.steps);
    const ad_scaled large = swap ? b : a, small = swap ? a : b;
    const double apart = small.part == 0 ? 0 : large.steps - small.steps;
    return ad_scaled_of(large.part + small.part * shift[apart < 3 ? (int)apart : 3], large.steps);
}

/* 2^n, which is in range */
static inline double ad_power_of_two(int n)
{
    const uint64_t bits = (uint64_t)(1023 + n) << 52;
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* As f64: inf, or 0 and denormal, where it is out of range. The power of two of so many steps can be out of range where
 * the number is not, so it is two factors; only the last one rounds. */
static inline double ad_scaled_value(ad_scaled a)
{
    enum { MOST = 16 };
    const int steps = a.steps > 2 * MOST ? 2 * MOST : a.steps < -2 * MOST ? -2 * MOST : (int)a.steps;
    const int first = steps > MOST ? MOST : steps < -MOST ? -MOST : steps;
    return a.part * ad_power_of_two(60 * first) * ad_power_of_two(60 * (steps - first));
}

#endif
