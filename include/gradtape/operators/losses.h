#ifndef GRADTAPE_OPERATORS_LOSSES_H
#define GRADTAPE_OPERATORS_LOSSES_H
/* Losses: numbers an element or an example, of which to take ad_mean. */
#include <gradtape/operator.h>

/* ---- Element by element, broadcasting: y the prediction, t the target ----------------------------------------------
 */
AD_API ad_tensor ad_squared_error(ad_tensor y, ad_tensor t);  /* (y - t)^2 */
AD_API ad_tensor ad_absolute_error(ad_tensor y, ad_tensor t); /* |y - t| :  0 where equal */
/* (y - t)^2 / 2 where |y - t| <= delta, else delta (|y - t| - delta / 2); delta > 0 (Huber 1964) */
AD_API ad_tensor ad_huber(ad_tensor y, ad_tensor t, double delta);
AD_API ad_tensor ad_hinge(ad_tensor y, ad_tensor t); /* max(0, 1 - t y), targets -1 and 1 :  0 where t y >= 1 */
/* e^p (p - q) for log-probabilities p of the target and q of the model: 0, with gradients 0, where p is -inf. Summed
 * over a distribution it is the Kullback-Leibler divergence. */
AD_API ad_tensor ad_kl_divergence(ad_tensor p, ad_tensor q);
/* -ln of the density of the normal distribution at x: (ln 2 pi + v + (x - mean)^2 e^-v) / 2, v the logarithm of the
 * variance */
AD_API ad_tensor ad_normal_nll(ad_tensor x, ad_tensor mean, ad_tensor log_variance);
/* -ln of the probability of a count k >= 0 under the Poisson distribution of rate e^r: e^r - k r + lgamma(k + 1) */
AD_API ad_tensor ad_poisson_nll(ad_tensor log_rate, ad_tensor count);

/* ---- Of classes -----------------------------------------------------------------------------------------------------
 */
typedef struct ad_cross_entropy_options {
    double smoothing;        /* s in [0, 1): the target is 1 - s at the label plus s / c everywhere */
    ad_tensor class_weights; /* [c], each not negative: what each class's term is multiplied by; inert: ones */
} ad_cross_entropy_options;

/* -(1 - s) w[l] log_softmax(z)[l] - s / c sum_j w[j] log_softmax(z)[j], logits z [n,c] by i32 labels l [n] gives [n];
 * options NULL: ad_softmax_cross_entropy. A label outside 0..c-1 is an error that names its row. */
AD_API ad_tensor ad_softmax_cross_entropy_with(ad_tensor logits, ad_tensor labels,
                                               const ad_cross_entropy_options *options);

#endif
