#ifndef GRADTAPE_NN_OPTIMISERS_H
#define GRADTAPE_NN_OPTIMISERS_H
/* Private to nn. */
#include <gradtape/optimisers.h>

/* What is wrong with resolved options for parameters of this type, perhaps in `text` of `size` bytes; NULL if nothing
 * is. */
const char *nn_optimiser_mistake(const nn_optimiser_options *options, ad_type type, char *text, size_t size);

/* Returns the field of an option that the rule reads; NULL if it does not read it. */
const nn_field *nn_optimiser_field(const nn_optimiser *rule, const char *name);

/* How one parameter is trained: factors on the rate and on the decay. */
typedef struct nn_factors {
    double rate, decay;
} nn_factors;

/* nn_optimiser_step with factors [n] for the n parameters; NULL: 1. */
ad_status nn_optimiser_step_by(const nn_optimiser_options *options, const ad_tensor *parameters,
                               const nn_factors *factors, size_t n);

#endif
