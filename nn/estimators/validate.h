#ifndef GRADTAPE_NN_VALIDATE_H
#define GRADTAPE_NN_VALIDATE_H
/* Private to nn: validation in a fit, and what it decides: which weights are the best, when the fit ends, when the rate
 * falls. */
#include "fit.h"

/* Before the first step: the weights with which a fit goes on take their place again, and there is room for the best
 * ones if the fit has patience. */
ad_status nn_begin_validation(nn_fit *fit);

/* Evaluates the data that are held out, and decides by them. */
ad_status nn_validate(nn_fit *fit);

/* After the last step: the best weights take their place. Returns `status`, or an error if it is AD_OK and they cannot.
 */
ad_status nn_end_validation(nn_fit *fit, ad_status status);

#endif
