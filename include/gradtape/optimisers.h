#ifndef GRADTAPE_OPTIMISERS_H
#define GRADTAPE_OPTIMISERS_H
/* Optimisers: they read gradients and update parameters in place. */
#include <gradtape/tensor.h>

/* The optimisers: Adagrad (Duchi, Hazan, Singer 2011) and plain gradient descent. */
typedef enum nn_optimiser_kind { NN_ADAGRAD, NN_GRADIENT_DESCENT, NN_OPTIMISER_COUNT } nn_optimiser_kind;

/* Zero means the default. */
typedef struct nn_optimiser_options {
    nn_optimiser_kind kind;     /* default Adagrad */
    double rate;                /* learning rate; 0: 0.05 */
    double initial_accumulator; /* Adagrad's start value, more than 0; 0: 0.1 */
    double decay;               /* at least 0: before each update x <- (1 - rate decay) x (ad_shrink); default 0. In a
                                   network it is that of weights: biases and gains decay only if a group asks for it */
} nn_optimiser_options;

/* Returns "adagrad" or "gradient_descent"; "unknown optimiser" for a number outside the list. */
AD_API const char *nn_optimiser_name(nn_optimiser_kind kind);

/* Returns the optimiser of a name; NN_OPTIMISER_COUNT if no optimiser has it. */
AD_API nn_optimiser_kind nn_optimiser_named(const char *name);

/* Returns the options with every default filled in. */
AD_API nn_optimiser_options nn_optimiser_resolve(const nn_optimiser_options *options);

/* Makes the optimiser's slots for those of the n parameters that have none yet. A slot is a state of the tape called
 * PARAMETER/Adagrad (ad_slot). nn_optimiser_step makes missing slots itself; call this early if a failure at the first
 * step would be worse. Errors: an option out of range; memory. Returns the tape's status. */
AD_API ad_status nn_optimiser_prepare(const nn_optimiser_options *options, const ad_tensor *parameters, size_t n);

/* Updates each of the n parameters once from its gradient, and then commits what was proposed for states (ad_commit,
 * update.h). All of it is checked first: on an error nothing has changed. Errors: a gradient that was not computed; an
 * option out of range; those of ad_commit. Returns the tape's status. */
AD_API ad_status nn_optimiser_step(const nn_optimiser_options *options, const ad_tensor *parameters, size_t n);

#endif
