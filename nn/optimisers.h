#ifndef GRADTAPE_NN_OPTIMISERS_H
#define GRADTAPE_NN_OPTIMISERS_H
/* Private to nn. */
#include <gradtape/optimisers.h>

/* What is wrong with resolved options for parameters of this type; NULL if nothing is. */
const char *nn_optimiser_mistake(const nn_optimiser_options *options, ad_type type);

#endif
