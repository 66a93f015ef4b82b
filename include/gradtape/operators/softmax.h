#ifndef GRADTAPE_OPERATORS_SOFTMAX_H
#define GRADTAPE_OPERATORS_SOFTMAX_H
/* Softmax and the losses that take logits. */
#include <gradtape/operator.h>

/* A negative axis counts from the last. The losses are finite for any finite logits, ad_logistic_cross_entropy
 * for targets in [0, 1]. ad_softmax_cross_entropy gives a number for each example, ad_logistic_cross_entropy for each
 * element; ad_mean makes one number of them. */
AD_API ad_tensor ad_softmax(ad_tensor x, int axis);     /* e^x / sum e^x along axis :  dx = y (dy - sum(y dy)) */
AD_API ad_tensor ad_log_softmax(ad_tensor x, int axis); /* x - logsumexp(x) :  dx = dy - e^y sum(dy) */
/* -log_softmax(logits)[label], logits [n,c], i32 labels [n], result [n] :
 * dlogits = (softmax(logits) - one_hot(label)) dy. A label outside 0..c-1 is an error that names its row. */
AD_API ad_tensor ad_softmax_cross_entropy(ad_tensor logits, ad_tensor labels);
/* The log-probability of the label, log_softmax(logits)[label]: -ad_softmax_cross_entropy(logits, labels). */
AD_API ad_tensor ad_softmax_log_likelihood(ad_tensor logits, ad_tensor labels);
/* softplus(z) - t z, element by element, broadcasting :  dz = (logistic(z) - t) dy,  dt = -z dy. Targets are
 * usually in [0, 1]. */
AD_API ad_tensor ad_logistic_cross_entropy(ad_tensor logits, ad_tensor targets);

#endif
