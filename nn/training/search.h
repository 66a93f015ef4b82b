#ifndef GRADTAPE_NN_SEARCH_H
#define GRADTAPE_NN_SEARCH_H
/* Private to nn: steps of a rule that searches. L-BFGS (lbfgs.h) is the only one, and is called by name. */
#include "optimisers.h"

/* nn_search_step with factors [n] for the n parameters; NULL: 1. */
ad_status nn_search_step_by(const nn_optimiser_options *options, const ad_tensor *parameters, const nn_factors *factors,
                            size_t n, nn_objective *objective, void *context, nn_search_result *result);

#endif
