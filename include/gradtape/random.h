#ifndef GRADTAPE_RANDOM_H
#define GRADTAPE_RANDOM_H
/* Random numbers without a state: the number at (seed, stream, index) is always the same, on any machine and for any
 * number of threads. The generator is Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy
 * as 1, 2, 3"). The key is the seed; the counter is (index / 4, stream) with the low word first. */
#include <stdint.h>

#include <gradtape/status.h>

/* Computes four 32-bit words from one counter and one key. Does nothing if any of the three is NULL. */
AD_API void ad_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t words[4]);

/* Returns 32 random bits. */
AD_API uint32_t ad_random_bits(uint64_t seed, uint64_t stream, uint64_t index);

/* Returns a number uniform in [0, 1), a multiple of 2^-32. */
AD_API double ad_random_uniform(uint64_t seed, uint64_t stream, uint64_t index);

/* Writes a random permutation of 0 .. n-1 to `order` (Fisher-Yates). n is at most 2^31 - 1. The modulo bias is below
 * n / 2^64. Does nothing if `order` is NULL. */
AD_API void ad_random_permutation(uint64_t seed, uint64_t stream, int64_t n, int32_t *order);

#endif
