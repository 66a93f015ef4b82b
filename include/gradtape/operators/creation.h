#ifndef GRADTAPE_OPERATORS_CREATION_H
#define GRADTAPE_OPERATORS_CREATION_H
/* Creation: constants and random numbers. They have no gradient and are gone at reset. */
#include <gradtape/operator.h>

/* A tensor with every element `value`, 0 or 1; of the shape and type of x, or as given. A value that an i32 cannot hold
 * is an error for i32. */
AD_API ad_tensor ad_full(ad_tape *tape, ad_type type, ad_shape shape, double value);
AD_API ad_tensor ad_zeros(ad_tape *tape, ad_type type, ad_shape shape);
AD_API ad_tensor ad_ones(ad_tape *tape, ad_type type, ad_shape shape);
AD_API ad_tensor ad_zeros_like(ad_tensor x);
AD_API ad_tensor ad_ones_like(ad_tensor x);

/* arange: 0, 1, ..., n-1. eye: [n,n] with 1 on the diagonal, 0 elsewhere. An n below 0 is an error. */
AD_API ad_tensor ad_arange(ad_tape *tape, ad_type type, int64_t n);
AD_API ad_tensor ad_eye(ad_tape *tape, ad_type type, int64_t n);

/* ---- Random numbers, f32 or f64 ---------------------------------------------------------------------------------- */
/* Each call is a draw. The tape counts its draws from 0, over all seeds; a reset does not set the count back. The
 * number of the draw is recorded with the call. Element i depends on the operator, the seed, the number of the
 * draw and i alone: each draw has a stream of its own (random.h), and the same program gives the same numbers for any
 * number of threads. */

/* Uniform in [0, 1). f64: ad_random_uniform(seed, ad_stream(AD_STREAM_UNIFORM, draw), i), a multiple of 2^-32; f32:
 * that, cut to 24 bits. */
AD_API ad_tensor ad_uniform(ad_tape *tape, ad_type type, ad_shape shape, uint64_t seed);
/* Normal with mean 0 and variance 1; f32 is the f64 number, rounded. No number is beyond 6.67. (Box and Muller, "A note
 * on the generation of random normal deviates", 1958: two elements from two words.) */
AD_API ad_tensor ad_normal(ad_tape *tape, ad_type type, ad_shape shape, uint64_t seed);
/* What dropout multiplies x by, of the shape and type of x: 0 with probability `rate`, else 1 / (1 - rate). A rate
 * outside [0, 1) is an error. */
AD_API ad_tensor ad_dropout_mask(ad_tensor x, double rate, uint64_t seed);
/* The number of draws made on the tape, 0 for NULL. ad_set_draw_count sets it, to go on where another run stopped, and
 * returns the tape's status; a tape in error is left as it is. A count of 2^56 or more is an error. */
AD_API uint64_t ad_draw_count(const ad_tape *tape);
AD_API ad_status ad_set_draw_count(ad_tape *tape, uint64_t count);

#endif
