#ifndef GRADTAPE_OPERATORS_MAKERS_H
#define GRADTAPE_OPERATORS_MAKERS_H
/* Makers: constants, gone at reset. */
#include <gradtape/operator.h>

AD_API ad_tensor ad_full(ad_tape *tape, ad_type type, ad_shape shape, double value);
AD_API ad_tensor ad_zeros(ad_tape *tape, ad_type type, ad_shape shape);
AD_API ad_tensor ad_ones(ad_tape *tape, ad_type type, ad_shape shape);
AD_API ad_tensor ad_zeros_like(ad_tensor x);
AD_API ad_tensor ad_ones_like(ad_tensor x);
AD_API ad_tensor ad_arange(ad_tape *tape, ad_type type, int64_t n); /* 0, 1, ..., n-1 */
AD_API ad_tensor ad_eye(ad_tape *tape, ad_type type, int64_t n);    /* [n,n], 1 on the diagonal */

/* Random numbers from the counter-based generator (random.h) at (seed, draw, 0), (seed, draw, 1), ...: `draw` is the
 * number of this draw on its tape, which begins at 0 and is counted by the tape (ad_draw_count), so that each call
 * gives other numbers and the same program the same. Constants: no gradient. */
AD_API ad_tensor ad_uniform(ad_tape *tape, ad_type type, ad_shape shape, uint64_t seed); /* in [0, 1) */
AD_API ad_tensor ad_normal(ad_tape *tape, ad_type type, ad_shape shape,
                           uint64_t seed); /* mean 0, variance 1 (Box, Muller 1958) */
/* Like x: 0 with probability `rate`, else 1 / (1 - rate): what dropout multiplies by. 0 <= rate < 1. */
AD_API ad_tensor ad_dropout_mask(ad_tensor x, double rate, uint64_t seed);
/* How many draws were made on the tape; and setting that, to go on where another run stopped. */
AD_API uint64_t ad_draw_count(const ad_tape *tape);
AD_API ad_status ad_set_draw_count(ad_tape *tape, uint64_t count);

#endif
