#ifndef AUTODIFF_BASE_RANDOM_H
#define AUTODIFF_BASE_RANDOM_H
/* Random bits in bulk. */
#include <gradtape/random.h>

#include <stddef.h>

enum { AD_WORDS = 32 };

/* Writes the random bits number first .. first + n - 1 of a seed and a stream, as ad_random_bits gives them one by one.
 * first and n are multiples of AD_WORDS. */
void ad_random_words(uint64_t seed, uint64_t stream, uint64_t first, size_t n, uint32_t *words);

/* A pair of normal numbers, of mean 0 and variance 1, from two words of random bits. */
void ad_normal_pair(const uint32_t words[2], double z[2]);

/* None of them is beyond this: sqrt(-2 ln 2^-32) is 6.66. */
#define AD_LARGEST_NORMAL 6.67

#endif
