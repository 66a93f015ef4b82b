#ifndef GRADTAPE_OPTIMISERS_H
#define GRADTAPE_OPTIMISERS_H
/* Optimisers: read gradients, update parameters in place. */
#include <gradtape/tensor.h>

typedef enum nn_optimiser_kind { NN_ADAGRAD, NN_GRADIENT_DESCENT, NN_OPTIMISER_COUNT } nn_optimiser_kind;

typedef struct nn_optimiser_options {
    nn_optimiser_kind kind;     /* default Adagrad */
    double rate;                /* learning rate; 0: 0.05 */
    double initial_accumulator; /* Adagrad's start value, more than 0; 0: 0.1 */
} nn_optimiser_options;

/* "adagrad", "gradient_descent"; "unknown optimiser" for a number outside the list. */
AD_API const char *nn_optimiser_name(nn_optimiser_kind kind);

/* The optimiser of a name; NN_OPTIMISER_COUNT if there is none. */
AD_API nn_optimiser_kind nn_optimiser_named(const char *name);

/* The options with every default filled in. */
AD_API nn_optimiser_options nn_optimiser_resolve(const nn_optimiser_options *options);

/* Makes the optimiser's slots (ad_slot: states of the tape called PARAMETER/Adagrad) for those of the n parameters that
 * have none yet. nn_optimiser_step does it at need; call it early where a later failure would hurt. Errors: an option
 * out of range, memory. Returns the tape's status. */
AD_API ad_status nn_optimiser_prepare(const nn_optimiser_options *options, const ad_tensor *parameters, size_t n);

/* One update of each of the n parameters from its gradient. All of them are checked first: on an error (a gradient that
 * was not computed, an option out of range) none has changed. Returns the tape's status. */
AD_API ad_status nn_optimiser_step(const nn_optimiser_options *options, const ad_tensor *parameters, size_t n);

#endif
