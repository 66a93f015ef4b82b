#ifndef GRADTAPE_RANDOM_H
#define GRADTAPE_RANDOM_H
/* Random numbers without a state: the number at (seed, stream, index) is always the same, on any machine and for any
 * number of threads. The generator is Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy
 * as 1, 2, 3"). The key is the seed; the counter is (index / 4, stream) with the low word first.
 *
 * The highest byte of a stream says what its numbers are for, so that two uses of one seed never meet. The streams
 * below 2^56 are a program's own; the library's are those of ad_stream. One stream serves one purpose. */
#include <stdint.h>

#include <gradtape/status.h>

/* Computes four 32-bit words from one counter and one key. Does nothing if any of the three is NULL. */
AD_API void ad_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t words[4]);

/* What the numbers of a stream are for, its highest byte. */
typedef enum ad_stream_use {
    AD_STREAM_OWN = 0,          /* a program's own */
    AD_STREAM_WEIGHTS = 1,      /* nn_network_open: the number counts weights, from 2^55 on other parts */
    AD_STREAM_ORDER = 2,        /* a fit of an estimator: the number is the epoch, and of a feed 2^32 times that of the
                                   window is added */
    AD_STREAM_UNIFORM = 3,      /* ad_uniform: the number is that of the draw */
    AD_STREAM_NORMAL = 4,       /* ad_normal: likewise */
    AD_STREAM_DROPOUT_MASK = 5, /* ad_dropout_mask: likewise */
    AD_STREAM_OPERATOR = 6,     /* a program's own random operators (AD_RANDOM): likewise */
    AD_STREAM_LAYERS = 7,       /* nn_network_open: the number is the layer's; its numbers are the seed of its masks */
    AD_STREAM_SPLIT = 8         /* nn_split_open: the number is the class; 2^55: all rows; 2^55 + 1: nn_sample */
} ad_stream_use;

/* Numbers of streams are below this, 2^56. nn_run and ad_set_draw_count refuse larger ones. */
#define AD_STREAM_NUMBERS (UINT64_C(1) << 56)

/* Returns the stream of a use and a number: use * 2^56 + number. Bits of the number from 2^56 on are dropped. */
AD_API uint64_t ad_stream(ad_stream_use use, uint64_t number);

/* Returns 32 random bits. */
AD_API uint32_t ad_random_bits(uint64_t seed, uint64_t stream, uint64_t index);

/* Returns a number uniform in [0, 1), a multiple of 2^-32. */
AD_API double ad_random_uniform(uint64_t seed, uint64_t stream, uint64_t index);

/* Writes a random permutation of 0 .. n-1 to `order` (Fisher-Yates). n is at most 2^31 - 1. The modulo bias is below
 * n / 2^64. The highest bit of the stream is inverted, so that a permutation and the numbers of its stream do not meet.
 * Does nothing if `order` is NULL. */
AD_API void ad_random_permutation(uint64_t seed, uint64_t stream, int64_t n, int32_t *order);

#endif
