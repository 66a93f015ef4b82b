#ifndef GRADTAPE_NN_OPTIMISERS_H
#define GRADTAPE_NN_OPTIMISERS_H
/* Private to nn. */
#include <gradtape/optimisers.h>

/* What is wrong with resolved options, schedule and clipping included, for parameters of this type, perhaps in `text`
 * of `size` bytes; NULL if nothing is. */
const char *nn_optimiser_mistake(const nn_optimiser_options *options, ad_type type, char *text, size_t size);

/* How one parameter is trained: factors on the rate and on the decay, l1 and l2. */
typedef struct nn_factors {
    double rate, decay;
} nn_factors;

/* What a rule keeps for one parameter. */
typedef struct nn_kept {
    ad_tensor slot[AD_MAX_UPDATE_STATES], counter, carried;
    int n_slots;
} nn_kept;

/* What is remembered of the last step, so that the next one with the same options makes no check and finds no slot
 * again. {0} at first. */
typedef struct nn_step_memory {
    bool has_checked;
    nn_optimiser_options given, options; /* in which nothing is wrong; with defaults filled in */
    nn_optimiser rule;                   /* copies: a row of a user's own may change */
    nn_schedule schedule;
    nn_kept *kept; /* [n], zeroed at first; NULL: slots are found anew */
} nn_step_memory;

/* Parameters and how they are trained, which stay the same as long as `memory` is used. */
typedef struct nn_trained {
    const ad_tensor *parameters; /* [n] */
    const nn_factors *factors;   /* [n]; NULL: 1 */
    size_t n;
    nn_step_memory *memory;
} nn_trained;

/* Returns the tape of the parameters, once options (with defaults filled in) and handles are found right; NULL, and an
 * error, if they are not. The memory is not looked at. */
ad_tape *nn_optimiser_check(const nn_optimiser_options *options, const nn_trained *trained);

/* nn_optimiser_step with a factor on the rate, from 0 to 1, instead of that of the schedule. */
ad_status nn_optimiser_step_by(const nn_optimiser_options *options, const nn_trained *trained, double factor);

#endif
