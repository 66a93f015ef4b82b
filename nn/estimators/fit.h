#ifndef GRADTAPE_NN_FIT_H
#define GRADTAPE_NN_FIT_H
/* Private to nn: a fit while it runs. */
#include <gradtape/split.h>

#include "estimator.h"

/* The rows of a feed that are in memory. */
typedef struct nn_window {
    int64_t rows;  /* of each window, as many as whole batches have; 0: the data are no feed */
    int64_t begin; /* of the one in memory, if one was taken */
    bool is_taken;
    nn_truth truth;   /* of the rows that are in memory */
    int32_t *classes; /* [room] */
    int64_t room;
} nn_window;

typedef struct nn_fit {
    nn_estimator *e;
    const nn_fit_options *options;
    nn_data whole;         /* the rows that are learnt from, perhaps a view, or those of a feed */
    nn_data data;          /* those of them that are in memory: all, or the window of a feed */
    nn_matching matching;  /* of its columns */
    const nn_truth *truth; /* of its arrays */
    nn_window window;      /* of a feed */
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
    nn_fit_end end;       /* NN_END_NONE: it goes on */
    nn_fingerprint print; /* of all its data */
    int64_t saved;        /* the step after which it saved last; 0: it did not */
    bool had_error;       /* the estimator keeps an error from before */
} nn_fit;

/* ---- Before the first step (fit_plan.c) -------------------------------------------------------------------------- */

/* Checks data and options, and takes from them what the fit needs. The caller closes fit->split and releases
 * fit->matching, also after an error. */
ad_status nn_plan_fit(nn_fit *fit);

/* Where that was before there was a network: matches the columns of the data with it, and those of a validation, whose
 * features are checked unless they were. */
ad_status nn_match_fit(nn_fit *fit);

/* Finds the steps, and makes room for their history, once there is a network. */
ad_status nn_plan_steps(nn_fit *fit);

/* Whether row and validation are due after this step. */
bool nn_is_end_of_epoch(const nn_fit *fit);
bool nn_is_validation_due(const nn_fit *fit);

/* ---- The rows in memory (window.c) ------------------------------------------------------------------------------- */

/* Data of a feed: whether a fit can take them. */
ad_status nn_check_feed(const nn_fit *fit);

/* Finds how large windows are, once batches are known. */
ad_status nn_plan_windows(nn_fit *fit);

/* The window in which a place lies: its first row and its rows; of data in memory 0 and all rows. */
int64_t nn_window_begin(const nn_fit *fit, nn_cursor at);
int64_t nn_window_rows(const nn_fit *fit, int64_t begin);

/* Takes the window in which a place lies into memory. */
ad_status nn_take_window(nn_fit *fit, nn_cursor at);

void nn_release_window(nn_fit *fit);

/* ---- Saving (fit_save.c) ----------------------------------------------------------------------------------------- */

/* Finds what cannot be saved, before the first step. */
ad_status nn_begin_saving(const nn_fit *fit);

/* Saves after a step where that is due. The last step is left to the end. */
ad_status nn_save_step(nn_fit *fit);

/* Saves at the end of a fit. Returns `status`, or the error of the save if there was none before. */
ad_status nn_end_saving(nn_fit *fit, ad_status status);

/* ---- Steps that are watched (watch.c) ---------------------------------------------------------------------------- */

/* Whether the step that comes next is one, and whether the last one was. */
bool nn_is_watched_next(const nn_fit *fit);
bool nn_was_watched(const nn_fit *fit);

/* Updates the parameters as nn_step_by does, and adds to the history how their gradients flow. */
ad_status nn_watched_step(nn_fit *fit, nn_pass pass);

#endif
