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

#if defined(__AVX512F__) && AD_REAL_BITS == 32
#define VECTOR __m512
#define LOAD _mm512_loadu_ps
#define STORE _mm512_storeu_ps
#define BROADCAST _mm512_set1_ps
#define POSITIVE(x) _mm512_max_ps(_mm512_setzero_ps(), x)
#define MULTIPLY_ADD _mm512_fmadd_ps
#define MASK(n) (__mmask16)((1U << (n)) - 1)
#define LOAD_FIRST(n, x) _mm512_maskz_loadu_ps(MASK(n), x)
#define STORE_FIRST(n, y, v) _mm512_mask_storeu_ps(y, MASK(n), v)
#define SLEEF(function, ulp) Sleef_##function##f16_##ulp
#elif defined(__AVX512F__)
#define VECTOR __m512d
#define LOAD _mm512_loadu_pd
#define STORE _mm512_storeu_pd
#define BROADCAST _mm512_set1_pd
#define POSITIVE(x) _mm512_max_pd(_mm512_setzero_pd(), x)
#define MULTIPLY_ADD _mm512_fmadd_pd
#define MASK(n) (__mmask8)((1U << (n)) - 1)
#define LOAD_FIRST(n, x) _mm512_maskz_loadu_pd(MASK(n), x)
#define STORE_FIRST(n, y, v) _mm512_mask_storeu_pd(y, MASK(n), v)
#define SLEEF(function, ulp) Sleef_##function##d8_##ulp
#elif defined(__AVX2__) && AD_REAL_BITS == 32
#define VECTOR __m256
#define LOAD _mm256_loadu_ps
#define STORE _mm256_storeu_ps
#define BROADCAST _mm256_set1_ps
#define POSITIVE(x) _mm256_max_ps(_mm256_setzero_ps(), x)
#define MULTIPLY_ADD _mm256_fmadd_ps
#define LOAD_FIRST(n, x) _mm256_maskload_ps(x, ad_first_of_8(n))
#define SLEEF(function, ulp) Sleef_##function##f8_##ulp
#elif defined(__AVX2__)
#define VECTOR __m256d
#define LOAD _mm256_loadu_pd
#define STORE _mm256_storeu_pd
#define BROADCAST _mm256_set1_pd
#define POSITIVE(x) _mm256_max_pd(_mm256_setzero_pd(), x)
#define MULTIPLY_ADD _mm256_fmadd_pd
#define LOAD_FIRST(n, x) _mm256_maskload_pd(x, ad_first_of_8(2 * (n)))
#define SLEEF(function, ulp) Sleef_##function##d4_##ulp
#elif defined(__SSE2__) && AD_REAL_BITS == 32
#define VECTOR __m128
#define LOAD _mm_loadu_ps
#define STORE _mm_storeu_ps
#define BROADCAST _mm_set1_ps
#define POSITIVE(x) _mm_max_ps(_mm_setzero_ps(), x)
#define SLEEF(function, ulp) Sleef_##function##f4_##ulp
#elif defined(__SSE2__)
#define VECTOR __m128d
#define LOAD _mm_loadu_pd
#define STORE _mm_storeu_pd
#define BROADCAST _mm_set1_pd
#define POSITIVE(x) _mm_max_pd(_mm_setzero_pd(), x)
#define SLEEF(function, ulp) Sleef_##function##d2_##ulp
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
