#ifndef GRADTAPE_OPERATORS_SOFTMAX_H
#define GRADTAPE_OPERATORS_SOFTMAX_H
/* Softmax and its losses. */
#include <gradtape/operator.h>

/* A negative axis counts from the last. Losses take logits, are finite for any finite logit, and give one number an
 * example: take ad_mean of them. */
AD_API ad_tensor ad_softmax(ad_tensor x, int axis);     /* e^x / sum e^x along axis :  dx = y (dy - sum(y dy)) */
AD_API ad_tensor ad_log_softmax(ad_tensor x, int axis); /* x - logsumexp(x) :  dx = dy - e^y sum(dy) */
/* -log_softmax(logits)[label], logits [n,c] by i32 labels [n] gives [n] :  dlogits = (softmax(logits) - one_hot(label))
 * dy. A label outside 0..c-1 is an error that names its row. */
AD_API ad_tensor ad_softmax_cross_entropy(ad_tensor logits, ad_tensor labels);
/* log_softmax(logits)[label] for logits [n,c] and i32 labels [n]: minus ad_softmax_cross_entropy, and nothing else. */
AD_API ad_tensor ad_softmax_log_likelihood(ad_tensor logits, ad_tensor labels);
/* softplus(z) - t z, element by element, broadcasting :  dz = (logistic(z) - t) dy,  dt = -z dy. Targets t usually in
 * [0,1]. */
AD_API ad_tensor ad_logistic_cross_entropy(ad_tensor logits, ad_tensor targets);

#endif
