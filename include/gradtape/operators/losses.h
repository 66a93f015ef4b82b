#ifndef GRADTAPE_OPERATORS_LOSSES_H
#define GRADTAPE_OPERATORS_LOSSES_H
/* Losses: one number for each element, or for each example. ad_mean makes one number of them. */
#include <gradtape/operator.h>

/* An attribute out of its range is an error. A tensor may hold any value; the result is what IEEE 754 says of the
 * formula. The gradient of a loss l is dl. */

/* ---- Element by element, broadcasting: y is the prediction, t the target; both have gradients -------------------- */
AD_API ad_tensor ad_squared_error(ad_tensor y, ad_tensor t);  /* (y - t)^2 :  dy = 2 (y - t) dl,  dt = -dy */
AD_API ad_tensor ad_absolute_error(ad_tensor y, ad_tensor t); /* |y - t| :  dy = sign(y - t) dl, 0 at 0,  dt = -dy */
/* (y - t)^2 / 2 where |y - t| <= delta, else delta (|y - t| - delta / 2) :  dy = clamp(y - t, -delta, delta) dl,
 * dt = -dy. A delta that is not above 0 is an error; it may be infinite (Huber 1964). */
AD_API ad_tensor ad_huber(ad_tensor y, ad_tensor t, double delta);
/* max(0, 1 - t y), targets -1 and 1 :  dy = -t dl,  dt = -y dl, both 0 where t y >= 1 */
AD_API ad_tensor ad_hinge(ad_tensor y, ad_tensor t);
/* e^p (p - q), p the log-probability in the target, q that in the model :  dp = (l + e^p) dl,  dq = -e^p dl. Where p is
 * -inf the loss and its gradients are 0. The sum over a distribution is the Kullback-Leibler divergence. */
AD_API ad_tensor ad_kl_divergence(ad_tensor p, ad_tensor q);
/* -ln of the density of the normal distribution at x: (ln 2 pi + v + d^2 e^-v) / 2, d = x - mean, v = ln variance :  dx
 * = d e^-v dl,  dmean = -dx,  dv = (1 - d^2 e^-v) / 2 dl */
AD_API ad_tensor ad_normal_nll(ad_tensor x, ad_tensor mean, ad_tensor log_variance);
/* -ln of the probability of a count k >= 0 under the Poisson distribution of rate e^r: e^r - k r + lgamma(k + 1) :
 * dr = (e^r - k) dl,  dk = (digamma(k + 1) - r) dl. A count need not be whole; a count below 0 gives what the
 * formula says. The loss of a count of 0 at a rate of 0 (r = -inf) is 0. */
AD_API ad_tensor ad_poisson_nll(ad_tensor log_rate, ad_tensor count);

/* ---- Of classes -------------------------------------------------------------------------------------------------- */
/* Zero means the default. */
typedef struct ad_cross_entropy_options {
    double smoothing;        /* s in [0, 1): the target is 1 - s at the label, plus s / c everywhere; default 0 */
    ad_tensor class_weights; /* w [c], the factor of each class's term; it has a gradient too; default ones */
} ad_cross_entropy_options;

/* -sum(h w log_softmax(z)) over the classes, where h = (1 - s) one_hot(label) + s / c; logits z [n,c], i32 labels [n],
 * result [n] :  dz = (softmax(z) sum(h w) - h w) dy,  dw = -sum(h log_softmax(z) dy) over the rows. Options NULL:
 * ad_softmax_cross_entropy. The loss is finite for any finite logits. A class of weight 0 adds 0, even if its logit is
 * -inf. Errors: a label outside 0..c-1 (the message names its row), a smoothing outside [0, 1), weights that are not
 * [c]. */
AD_API ad_tensor ad_softmax_cross_entropy_with(ad_tensor logits, ad_tensor labels,
                                               const ad_cross_entropy_options *options);

#endif
