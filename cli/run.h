#ifndef GRADTAPE_CLI_RUN_H
#define GRADTAPE_CLI_RUN_H
/* What training and cross-validation have in common: data, their classes, and the options of estimator and fit. */
#include "classes.h"
#include "data.h"
#include "model.h"

/* A run. */
typedef struct cli_run {
    cli_data data;
    cli_classes classes; /* of --task classes, with data in memory */
    nn_options *estimator, *fit_text;
    nn_classifier_options c; /* of the kind that the task needs */
    nn_regressor_options r;
    nn_fit_options fit;
    double *class_weights; /* [classes.n] in the arguments' store */
} cli_run;

/* Reads the data of --data, checks labels, and reads the options. `model` is the one that is trained further; NULL for
 * a new one. A mistake is said. Returns a status. The caller closes the run, also after an error. */
int cli_open_run(cli_run *run, cli_arguments *a, const cli_model *model);
void cli_close_run(cli_run *run, cli_arguments *a);

/* Gives the run its goal, if no option does: epochs with patience where there is validation data, else steps
 * (options.h). Says it. */
int cli_choose_goal(cli_run *run, cli_arguments *a, bool has_validation);

/* ---- Stopping (interrupt.c) -------------------------------------------------------------------------------------- */

/* From here on SIGINT, SIGTERM and SIGHUP are remembered, and a second one ends the command at once. */
void cli_catch_signals(void);

/* The signal that came; 0: none did. */
int cli_caught_signal(void);

/* A callback of a fit: shows the progress on stderr, unless --quiet; stops when a signal came. `step`, an int64_t *,
 * gets the step; NULL: it is not wanted. */
bool cli_after_step(const nn_progress *progress, void *step);

#endif
