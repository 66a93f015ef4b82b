#ifndef GRADTAPE_CLI_RUN_H
#define GRADTAPE_CLI_RUN_H
/* What training and cross-validation have in common: data, their classes, and the options of estimator and fit. */
#include "data.h"
#include "model.h"

/* The different labels of data, in the order in which a classifier has them, each with its number of rows. */
typedef struct cli_classes {
    int64_t n;
    const char **texts; /* [n]; NULL: they are whole numbers */
    int32_t *integers;  /* [n]; NULL: they are texts */
    int64_t *counts;    /* [n] */
} cli_classes;

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

/* Reads the data of --data, checks labels, and reads the options. `like` is the columns of a model that is trained
 * further; {0} for a new one. A mistake is said. Returns a status. The caller closes the run, also after an error. */
int cli_open_run(cli_run *run, cli_arguments *a, const cli_model *model);
void cli_close_run(cli_run *run, cli_arguments *a);

/* Gives the run its goal, if no option does: `default_epochs` with patience, else 2,000 steps. Says it. */
int cli_choose_goal(cli_run *run, cli_arguments *a, bool has_validation);

/* Finds the classes of data. Returns false if memory is out. (classes.c) */
bool cli_find_classes(cli_classes *classes, cli_arguments *a, const nn_data *data);

/* How class i is called. */
const char *cli_class_name(const cli_classes *classes, cli_arguments *a, int64_t i);

/* Refuses labels that are numbers rather than classes, unless --task classes was said; and one class alone. */
int cli_check_classes(const cli_classes *classes, cli_arguments *a, const cli_data *data);

/* Reads --class-weight. *weights gets a factor for each class, NULL if the option is not given. */
int cli_read_class_weights(const cli_classes *classes, cli_arguments *a, const cli_data *data, double **weights);

/* ---- Stopping (interrupt.c) -------------------------------------------------------------------------------------- */

/* From here on SIGINT and SIGTERM are remembered, and a second one ends the command at once. */
void cli_catch_signals(void);

/* The signal that came; 0: none did. */
int cli_caught_signal(void);

/* A callback of a fit: shows the progress on stderr, unless --quiet; stops when a signal came. `step`, an int64_t *,
 * gets the step; NULL: it is not wanted. */
bool cli_after_step(const nn_progress *progress, void *step);

#endif
