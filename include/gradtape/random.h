#ifndef GRADTAPE_RANDOM_H
#define GRADTAPE_RANDOM_H
/* Random numbers without a state: the number at (seed, stream, index) is always the same, on any machine and for any
 * number of threads. Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3"):
 * the key is the seed, the counter is (index / 4, stream) with the low word first. */
#include <stdint.h>

#include <gradtape/status.h>

/* Four 32-bit words from one counter and one key. Where one of the three is NULL it does nothing. */
AD_API void ad_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t words[4]);

/* 32 random bits. */
AD_API uint32_t ad_random_bits(uint64_t seed, uint64_t stream, uint64_t index);

/* A number uniform in [0, 1), a multiple of 2^-32. */
AD_API double ad_random_uniform(uint64_t seed, uint64_t stream, uint64_t index);

/* A random permutation of 0 .. n-1 into `order` (Fisher-Yates; n at most 2^31 - 1); nothing if that is NULL. The modulo
 * bias is below n / 2^64. */
AD_API void ad_random_permutation(uint64_t seed, uint64_t stream, int64_t n, int32_t *order);

#endif
