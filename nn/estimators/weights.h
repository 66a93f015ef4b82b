#ifndef GRADTAPE_NN_WEIGHTS_H
#define GRADTAPE_NN_WEIGHTS_H
/* Private to nn: the values of all parameters and states of an estimator's network, one after the other, kept aside and
 * put back. */
#include "estimator.h"

/* Returns how many bytes they are. */
size_t nn_weights_bytes(const nn_estimator *estimator);

/* Copies them. */
void nn_weights_keep(const nn_estimator *estimator, char *to);

/* Gives all parts such values. What was recorded goes. */
ad_status nn_weights_put(nn_estimator *estimator, const char *from);

#endif
