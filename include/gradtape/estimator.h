#ifndef GRADTAPE_ESTIMATOR_H
#define GRADTAPE_ESTIMATOR_H
/* What the classifier and the regressor have in common. */
#include <stdbool.h>
#include <stdio.h>

#include <gradtape/data.h>
#include <gradtape/heads.h>
#include <gradtape/history.h>
#include <gradtape/network.h>
#include <gradtape/optimisers.h>
#include <gradtape/show.h>

/* The most hidden layers that `hidden_units` can name. */
#define NN_MAX_HIDDEN_LAYERS 32

/* What an evaluation of validation data gave in a fit. */
typedef struct nn_validation {
    int64_t step; /* after which it was made; 0: none was made in this fit yet */
    double loss;
    double accuracy; /* NaN for a regressor */
    bool is_best;    /* better by more than least_improvement than the best before it, by what the fit watches
                        (monitor) */
    int64_t waited;  /* evaluations since the best one, those of earlier fits too */
} nn_validation;

/* What nn_show_progress remembers from call to call of one fit (progress.h); all 0 at first. */
typedef struct nn_shown {
    int64_t calls;
    double loss;    /* averaged: the mean of the first 50, then each counts 0.02 */
    double seconds; /* at which it wrote last */
    int tenth;      /* of the way, at the last call */
    int kind;       /* of the file: 0 not looked at yet, 1 a terminal, 2 something else */
    FILE *line;     /* where a line is not ended yet; NULL: nowhere */
} nn_shown;

/* The argument of a callback: what there is to see after a step. */
typedef struct nn_progress {
    int64_t step;              /* steps completed since the estimator was opened */
    int64_t first_step;        /* those that were completed when this fit began */
    int64_t last_step;         /* the step at which this fit ends, unless it is stopped */
    int64_t epoch;             /* of the batch, from 0 */
    double loss;               /* mean loss of the batch, before the update; 0 if all its rows have the weight 0 */
    double rate;               /* the learning rate of the update */
    double seconds;            /* since this fit began */
    nn_validation validation;  /* the last one of this fit */
    const nn_network *network; /* for its parameters and their gradients (network.h) */
    const nn_history *history; /* all rows so far (history.h) */
    bool is_watched;           /* the tape was watched in this step (watch_every): nn_print_flow has its updates */
    bool is_last;              /* the fit ends after this call; nn_history_end says why */
    int64_t fold, folds;       /* of a cross-validation, the first is 1; 0: it is none */
    nn_shown *shown;           /* for nn_show_progress: of this fit; NULL: it shows nothing */
} nn_progress;

/* A function that is called after each step, in the thread that called the fit. If it returns false the fit stops and
 * returns AD_STOPPED. It may predict, evaluate and read parameters. A fit that it calls is an error (AD_BAD_STATE). If
 * it closes the estimator, the fit stops, frees the estimator at its end, and returns AD_STOPPED. */
typedef bool nn_callback(const nn_progress *progress, void *context);

/* The figure of the validation data by which a fit tells what is better. */
typedef enum nn_monitor { NN_MONITOR_LOSS, NN_MONITOR_ACCURACY, NN_MONITOR_COUNT } nn_monitor;

/* Returns "loss" or "accuracy"; NULL for a number outside the list. */
AD_API const char *nn_monitor_name(int monitor);

/* The options of one fit. Zero means the default. At most one of steps, to_step and epochs is given; with none of them
 * a fit takes one epoch. */
typedef struct nn_fit_options {
    int64_t batch_size; /* 0: 32; nn_lbfgs takes all rows, and only that. A batch has at most all rows */
    int64_t steps;      /* to add */
    int64_t to_step;    /* the step to reach, counted since the estimator was opened; nothing is done where it is
                           reached */
    int64_t epochs;     /* to add; an epoch has as many steps as the rows make batches */
    /* Validation: the data are evaluated, and nothing is learnt from them. */
    const nn_data *validation; /* NULL: none, or the share */
    double validation_share;   /* the share of the rows that is held out instead, above 0 and below 1: of each class
                                  (split.h), by the estimator's seed, the same in every fit to as many rows, or, by
                                  classes, to as many rows with the same labels */
    int64_t validate_every;    /* steps, counted since the estimator was opened; 0: after each epoch */
    /* Early stopping. */
    int64_t patience;         /* the fit ends after so many evaluations in a row that are no better than the best; 0:
                                 never. It needs validation */
    nn_monitor monitor;       /* default loss */
    double least_improvement; /* an evaluation is better if it is by more than this, at least 0 */
    /* Looking. */
    bool overfit_one_batch; /* every step takes the first batch again: a network that cannot learn that one
                               by heart has a fault */
    int64_t watch_every;    /* steps: such a step is watched (inspect.h), and its flow goes to the history; 0: none */
    /* Saving (model.h). */
    const char *save; /* a path, to which the model is saved when the fit ends, however it ends; a first fit that fails
                         before it saved leaves a file that was there. A path that cannot be written is an error
                         before the first step. NULL: nothing is saved */
    int64_t save_every; /* saves after every so many steps too, counted since the estimator was opened; 0: only then */
    int64_t keep;       /* as in nn_save_options */
    /* Beginning with the weights of a file (docs/models.md). */
    const char *warm_start; /* the path of a safetensors file, from which the first fit takes all weights and states of
                               the network, by their names and shapes; slots, steps, scaling and all else begin anew.
                               NULL: the initialisers give them. Errors, before the first step: AD_BAD_FILE (the file
                               cannot be read or is damaged; a tensor is missing, of another shape or type, or not
                               finite); AD_BAD_STATE (it is not the first fit) */
    nn_callback *callback;  /* NULL: none; nn_show_progress (progress.h) shows a line */
    void *context;          /* for the callback */
} nn_fit_options;

/* A figure of an evaluation. */
typedef struct nn_evaluation_figure {
    const char *name;
    double value;          /* 0 where it is not defined */
    const char *undefined; /* why it is not defined; NULL: it is */
} nn_evaluation_figure;

/* The most figures of an evaluation. */
#define NN_MAX_FIGURES 12

/* Figures on a data set. If status is not AD_OK, accuracy and loss are NaN, global_step is -1, and there are no other
 * figures. */
typedef struct nn_evaluation {
    ad_status status;
    double accuracy;     /* the share of rows that are right: the most probable class is the label, or every label is
                            right; NaN for a regressor, which has none */
    double loss;         /* mean loss per row, without label smoothing and class weights; of scaled targets in their
                            units (regressor.h) */
    int64_t global_step; /* steps completed since the estimator was opened */
    /* What the head adds. Two classes: accuracy_baseline, auc, average_precision, precision, recall, prediction/mean,
     * label/mean. */
    nn_evaluation_figure figures[NN_MAX_FIGURES];
    size_t n_figures;
} nn_evaluation;

/* Returns the figure of a name, among them accuracy, loss and global_step. If there is none, `undefined` says so. */
AD_API nn_evaluation_figure nn_evaluation_named(const nn_evaluation *evaluation, const char *name);

#endif
