#ifndef GRADTAPE_NN_FIT_H
#define GRADTAPE_NN_FIT_H
/* Private to nn: a fit while it runs. */
#include <gradtape/split.h>

#include "estimator.h"

typedef struct nn_fit {
    nn_estimator *e;
    const nn_fit_options *options;
    nn_data data;          /* the rows that are learnt from, perhaps a view */
    const nn_truth *truth; /* of its arrays */
    nn_split *split;       /* of which `data` and `held` are views; NULL: none */
    nn_data held;          /* the rows that are evaluated; no rows: there is no validation */
    const nn_truth *held_truth;
    int64_t batch;       /* rows of a batch; the last one may have fewer, or more */
    int64_t least, most; /* the fewest rows of a batch, and the most */
    int64_t epoch_steps; /* batches of an epoch */
    int64_t first, last; /* steps at which it begins and ends */
    double factor;       /* on the rate of the step */
    double loss;         /* of its batch, before the update */
    bool has_good;       /* weights with which a loss was finite are kept */
    nn_cursor taken;     /* where the batch of the last step began; rows 0: there was none */
    nn_validation validation;
    nn_shown shown;
    nn_fit_end end; /* NN_END_NONE: it goes on */
    bool had_error; /* the estimator keeps an error from before */
} nn_fit;

/* ---- Before the first step (fit_plan.c) -------------------------------------------------------------------------- */

/* Checks data and options, and takes from them what the fit needs. The caller closes fit->split, also after an error.
 */
ad_status nn_plan_fit(nn_fit *fit);

/* Finds the steps, and makes room for their history, once there is a network. */
ad_status nn_plan_steps(nn_fit *fit);

/* Whether row and validation are due after this step. */
bool nn_is_end_of_epoch(const nn_fit *fit);
bool nn_is_validation_due(const nn_fit *fit);

/* ---- Steps that are watched (watch.c) ---------------------------------------------------------------------------- */

/* Whether the step that comes next is one, and whether the last one was. */
bool nn_is_watched_next(const nn_fit *fit);
bool nn_was_watched(const nn_fit *fit);

/* Updates the parameters as nn_step_by does, and adds to the history how their gradients flow. */
ad_status nn_watched_step(nn_fit *fit, nn_pass pass);

#endif
