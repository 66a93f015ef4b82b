#ifndef AUTODIFF_KERNELS_VECTOR_H
#define AUTODIFF_KERNELS_VECTOR_H
/* The widest vectors of REAL that the processor has for which this is compiled: VECTOR, of VECTOR_LANES elements, LOAD
 * and STORE for any address, load_first and store_first for its first elements, BROADCAST of one number, MULTIPLY_ADD
 * (a b + c), POSITIVE (x < 0 ? 0 : x), and what SLEEF calls its functions of them, where it has such. */
#include "kernel.h"

#ifdef AD_REAL

#include <string.h>
#ifdef __SSE2__
#include <immintrin.h>
#endif

/* INTRINSIC(loadu) is _mm512_loadu_ps, for instance. */
#define INTRINSIC(name) AD_JOIN4(VECTOR_PREFIX, name, _, REAL_SUFFIX)
#define SLEEF_OF(function, lanes, ulp) Sleef_##function##lanes##_##ulp
#define SLEEF_NAME(function, lanes, ulp) SLEEF_OF(function, lanes, ulp)
#if AD_REAL_BITS == 32
#define REAL_SUFFIX ps
#define BY_TYPE(f32, f64) f32
#else
#define REAL_SUFFIX pd
#define BY_TYPE(f32, f64) f64
#endif

#if defined(__AVX512F__)
#define VECTOR BY_TYPE(__m512, __m512d)
#define VECTOR_PREFIX _mm512_
#define MASK(n) (BY_TYPE(__mmask16, __mmask8))((1U << (n)) - 1)
#define LOAD_FIRST(n, x) INTRINSIC(maskz_loadu)(MASK(n), x)
#define STORE_FIRST(n, y, v) INTRINSIC(mask_storeu)(y, MASK(n), v)
#define SLEEF(function, ulp) SLEEF_NAME(function, BY_TYPE(f16, d8), ulp)
#elif defined(__AVX2__)
#define VECTOR BY_TYPE(__m256, __m256d)
#define VECTOR_PREFIX _mm256_
#define LOAD_FIRST(n, x) INTRINSIC(maskload)(x, ad_first_of_8(BY_TYPE(1, 2) * (n)))
#define SLEEF(function, ulp) SLEEF_NAME(function, BY_TYPE(f8, d4), ulp)
#elif defined(__SSE2__)
#define VECTOR BY_TYPE(__m128, __m128d)
#define VECTOR_PREFIX _mm_
#define SLEEF(function, ulp) SLEEF_NAME(function, BY_TYPE(f4, d2), ulp)
#endif

#ifdef VECTOR
#define LOAD INTRINSIC(loadu)
#define STORE INTRINSIC(storeu)
#define BROADCAST INTRINSIC(set1)
#define POSITIVE(x) INTRINSIC(max)(INTRINSIC(setzero)(), x)
#ifdef __AVX2__
#define MULTIPLY_ADD INTRINSIC(fmadd)
#endif
#else
typedef REAL ad_vector __attribute__((vector_size(16)));
#define VECTOR ad_vector
static inline VECTOR LOAD(const REAL *x)
{
    VECTOR v;
    memcpy(&v, x, sizeof v);
    return v;
}
static inline void STORE(REAL *y, VECTOR v) { memcpy(y, &v, sizeof v); }
static inline VECTOR BROADCAST(REAL x) { return x - (VECTOR){0}; }
static inline VECTOR POSITIVE(VECTOR x)
{
    for (size_t i = 0; i < sizeof x / sizeof(REAL); i++)
        x[i] = x[i] < 0 ? 0 : x[i];
    return x;
}
#endif

#ifndef MULTIPLY_ADD
#define MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
#endif

enum { VECTOR_LANES = sizeof(VECTOR) / sizeof(REAL) };

#if defined(__AVX2__) && !defined(__AVX512F__)
/* A mask of the first n of eight numbers of 32 bits. */
static inline __m256i ad_first_of_8(size_t n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
#endif

/* The first n elements of a vector, at most all; the others are 0. */
static inline VECTOR load_first(size_t n, const REAL *x)
{
#ifdef LOAD_FIRST
    return LOAD_FIRST(n, x);
#else
    REAL some[VECTOR_LANES] = {0};
    for (size_t i = 0; i < n; i++)
        some[i] = x[i];
    return LOAD(some);
#endif
}

/* A masked store of AVX2 takes some tens of cycles on some processors. */
static inline void store_first(size_t n, REAL *y, VECTOR v)
{
#ifdef STORE_FIRST
    STORE_FIRST(n, y, v);
#else
    REAL some[VECTOR_LANES];
    STORE(some, v);
    for (size_t i = 0; i < n; i++)
        y[i] = some[i];
#endif
}

#endif
#endif
