#ifndef AUTODIFF_KERNELS_VECTOR_MATH_H
#define AUTODIFF_KERNELS_VECTOR_MATH_H
/* Transcendental functions of whole arrays: vector_exp(n, y, x) and so on, for REAL and the processor for which this is
 * compiled; y may be x. They are SLEEF's of at most 1.0 ulp; without SLEEF, and for a few elements, libm's.
 *
 *   MAP1_OF(exp, exp)                                                                     y[i] = exp(x[i])
 *   MAP1_VIA(logistic, exp, -R(fabs)(x), x >= 0 ? 1 / (1 + v) : v / (1 + v))              the same with v = exp(-|x|)
 *
 * The second works on blocks, so that v stays in the nearest cache. */
#include <math.h>

#include "kernel.h"

#ifdef AD_REAL

enum { VIA_BLOCK = 256, FEW_ELEMENTS = 4 };

#if defined(AD_HAS_SLEEF)
#include <sleef.h>
#if defined(__AVX512F__) && AD_REAL_BITS == 32
#define VECTOR __m512
#define LOAD _mm512_loadu_ps
#define STORE _mm512_storeu_ps
#define SLEEF(function) Sleef_##function##f16_u10
#elif defined(__AVX512F__)
#define VECTOR __m512d
#define LOAD _mm512_loadu_pd
#define STORE _mm512_storeu_pd
#define SLEEF(function) Sleef_##function##d8_u10
#elif defined(__AVX2__) && AD_REAL_BITS == 32
#define VECTOR __m256
#define LOAD _mm256_loadu_ps
#define STORE _mm256_storeu_ps
#define SLEEF(function) Sleef_##function##f8_u10
#elif defined(__AVX2__)
#define VECTOR __m256d
#define LOAD _mm256_loadu_pd
#define STORE _mm256_storeu_pd
#define SLEEF(function) Sleef_##function##d4_u10
#elif defined(__SSE2__) && AD_REAL_BITS == 32
#define VECTOR __m128
#define LOAD _mm_loadu_ps
#define STORE _mm_storeu_ps
#define SLEEF(function) Sleef_##function##f4_u10
#elif defined(__SSE2__)
#define VECTOR __m128d
#define LOAD _mm_loadu_pd
#define STORE _mm_storeu_pd
#define SLEEF(function) Sleef_##function##d2_u10
#endif
#endif

#define SCALAR_LOOP(function)                                                                                          \
    for (size_t i = 0; i < n; i++)                                                                                     \
        y[i] = R(function)(x[i]);

#ifdef VECTOR
enum { VECTOR_LANES = sizeof(VECTOR) / sizeof(REAL) };

/* The last elements go through a vector that is filled up with zeros, so that each element's value is the same wherever
 * it stands. */
#define VECTOR_FUNCTION(function)                                                                                      \
    static inline void vector_##function(size_t n, REAL *y, const REAL *x)                                             \
    {                                                                                                                  \
        size_t at = 0;                                                                                                 \
        if (n < FEW_ELEMENTS) {                                                                                        \
            SCALAR_LOOP(function)                                                                                      \
            return;                                                                                                    \
        }                                                                                                              \
        for (; at + VECTOR_LANES <= n; at += VECTOR_LANES)                                                             \
            STORE(y + at, SLEEF(function)(LOAD(x + at)));                                                              \
        if (at == n)                                                                                                   \
            return;                                                                                                    \
        REAL last[VECTOR_LANES] = {0};                                                                                 \
        memcpy(last, x + at, (n - at) * sizeof *x);                                                                    \
        STORE(last, SLEEF(function)(LOAD(last)));                                                                      \
        memcpy(y + at, last, (n - at) * sizeof *y);                                                                    \
    }
#include <string.h>
#else
#define VECTOR_FUNCTION(function)                                                                                      \
    static inline void vector_##function(size_t n, REAL *y, const REAL *x) { SCALAR_LOOP(function) }
#endif

VECTOR_FUNCTION(exp)
VECTOR_FUNCTION(expm1)
VECTOR_FUNCTION(log)
VECTOR_FUNCTION(log1p)
VECTOR_FUNCTION(tanh)

/* ln(1 + e^x) */
static inline void vector_log1p_exp(size_t n, REAL *y, const REAL *x)
{
    vector_exp(n, y, x);
    vector_log1p(n, y, y);
}

#define MAP1_OF(name, function)                                                                                        \
    LOOP(name)                                                                                                         \
    {                                                                                                                  \
        const REAL *X = s->array[1];                                                                                   \
        REAL *Y = s->array[0];                                                                                         \
        if (s->step[1])                                                                                                \
            vector_##function(s->n, Y, X);                                                                             \
        else                                                                                                           \
            for (size_t i = 0; i < s->n; i++)                                                                          \
                Y[i] = R(function)(X[0]);                                                                              \
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
        REAL v[VIA_BLOCK];                                                                                             \
        const size_t step = s->step[1];                                                                                \
        for (size_t from = 0; from < s->n; from += VIA_BLOCK) {                                                        \
            const REAL *restrict X = (const REAL *)s->array[1] + from * step;                                          \
            REAL *restrict Y = (REAL *)s->array[0] + from;                                                             \
            const size_t n = s->n - from < VIA_BLOCK ? s->n - from : VIA_BLOCK;                                        \
            for (size_t i = 0; i < n; i++)                                                                             \
                v[i] = name##_before(X[i * step]);                                                                     \
            vector_##function(n, v, v);                                                                                \
            for (size_t i = 0; i < n; i++)                                                                             \
                Y[i] = name##_after(X[i * step], v[i]);                                                                \
        }                                                                                                              \
    }

#else
#define MAP1_OF(name, function) LOOP_TABLE(name)
#define MAP1_VIA(name, function, before, after) LOOP_TABLE(name)
#endif
#endif
