#ifndef AUTODIFF_KERNELS_VECTOR_H
#define AUTODIFF_KERNELS_VECTOR_H
/* The widest vectors of REAL that the processor has for which this is compiled: VECTOR, of VECTOR_LANES elements, LOAD
 * and STORE for any address, LOAD_FIRST and STORE_FIRST for fewer elements where there are masks, and what SLEEF calls
 * its functions of them. Without vectors none of it is defined. */
#include "kernel.h"

#if defined(AD_REAL) && defined(__SSE2__)
#include <immintrin.h>

#if defined(__AVX512F__) && AD_REAL_BITS == 32
#define VECTOR __m512
#define LOAD _mm512_loadu_ps
#define STORE _mm512_storeu_ps
#define MASK(n) (__mmask16)((1U << (n)) - 1)
#define LOAD_FIRST(n, x) _mm512_maskz_loadu_ps(MASK(n), x)
#define STORE_FIRST(n, y, v) _mm512_mask_storeu_ps(y, MASK(n), v)
#define SLEEF(function, ulp) Sleef_##function##f16_##ulp
#elif defined(__AVX512F__)
#define VECTOR __m512d
#define LOAD _mm512_loadu_pd
#define STORE _mm512_storeu_pd
#define MASK(n) (__mmask8)((1U << (n)) - 1)
#define LOAD_FIRST(n, x) _mm512_maskz_loadu_pd(MASK(n), x)
#define STORE_FIRST(n, y, v) _mm512_mask_storeu_pd(y, MASK(n), v)
#define SLEEF(function, ulp) Sleef_##function##d8_##ulp
#elif defined(__AVX2__) && AD_REAL_BITS == 32
#define VECTOR __m256
#define LOAD _mm256_loadu_ps
#define STORE _mm256_storeu_ps
#define SLEEF(function, ulp) Sleef_##function##f8_##ulp
#elif defined(__AVX2__)
#define VECTOR __m256d
#define LOAD _mm256_loadu_pd
#define STORE _mm256_storeu_pd
#define SLEEF(function, ulp) Sleef_##function##d4_##ulp
#elif AD_REAL_BITS == 32
#define VECTOR __m128
#define LOAD _mm_loadu_ps
#define STORE _mm_storeu_ps
#define SLEEF(function, ulp) Sleef_##function##f4_##ulp
#else
#define VECTOR __m128d
#define LOAD _mm_loadu_pd
#define STORE _mm_storeu_pd
#define SLEEF(function, ulp) Sleef_##function##d2_##ulp
#endif

enum { VECTOR_LANES = sizeof(VECTOR) / sizeof(REAL) };

#endif
#endif
