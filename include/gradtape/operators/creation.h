#ifndef GRADTAPE_OPERATORS_CREATION_H
#define GRADTAPE_OPERATORS_CREATION_H
/* Creation: constants, and random numbers. All are gone at reset. */
#include <gradtape/operator.h>

/* All of one value; for i32 it must be a whole number that fits. */
AD_API ad_tensor ad_full(ad_tape *tape, ad_type type, ad_shape shape, double value);
AD_API ad_tensor ad_zeros(ad_tape *tape, ad_type type, ad_shape shape);
AD_API ad_tensor ad_ones(ad_tape *tape, ad_type type, ad_shape shape);
AD_API ad_tensor ad_zeros_like(ad_tensor x);
AD_API ad_tensor ad_ones_like(ad_tensor x);

/* 0, 1, ..., n-1; and [n,n] with 1 on the diagonal. An n below 0 is an error. */
AD_API ad_tensor ad_arange(ad_tape *tape, ad_type type, int64_t n);
AD_API ad_tensor ad_eye(ad_tape *tape, ad_type type, int64_t n);

/* Random numbers. Each call is a draw; its number on the tape, counted from 0 over all seeds and not set back at reset,
 * is recorded with it. Element i is made of the words that the generator (random.h) has for the seed and the draw: each
 * draw gives other numbers, and the same program the same, for any number of threads. f32 or f64. Constants: no
 * gradient. */

/* Uniform in [0, 1): f64 is ad_random_uniform(seed, draw, i), a multiple of 2^-32; f32 is that cut to 24 bits. */
AD_API ad_tensor ad_uniform(ad_tape *tape, ad_type type, ad_shape shape, uint64_t seed);
/* Mean 0, variance 1: two elements from two words by Box and Muller ("A note on the generation of random normal
 * deviates", 1958); f32 is the rounded f64. None is beyond 6.67. */
AD_API ad_tensor ad_normal(ad_tape *tape, ad_type type, ad_shape shape, uint64_t seed);
/* Like x: 0 with probability `rate`, else 1 / (1 - rate): what dropout multiplies by. 0 <= rate < 1. */
AD_API ad_tensor ad_dropout_mask(ad_tensor x, double rate, uint64_t seed);
/* How many draws were made on the tape, 0 for NULL; and setting that, to go on where another run stopped. Returns the
 * tape's status; a tape in error is left as it is. */
AD_API uint64_t ad_draw_count(const ad_tape *tape);
AD_API ad_status ad_set_draw_count(ad_tape *tape, uint64_t count);

#endif
