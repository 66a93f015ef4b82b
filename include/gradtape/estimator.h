#ifndef GRADTAPE_ESTIMATOR_H
#define GRADTAPE_ESTIMATOR_H
/* What the classifier and the regressor have in common. */
#include <stdbool.h>

#include <gradtape/data.h>
#include <gradtape/heads.h>
#include <gradtape/network.h>
#include <gradtape/optimisers.h>
#include <gradtape/show.h>

/* The most hidden layers that `hidden_units` can name. */
#define NN_MAX_HIDDEN_LAYERS 32

/* The argument of a callback. */
typedef struct nn_progress {
    int64_t step;      /* steps completed since the estimator was opened */
    int64_t last_step; /* the step at which this fit ends */
    double loss;       /* mean loss of the batch, before the update; 0 if all its rows have the weight 0 */
    double seconds;    /* since this fit began */
} nn_progress;

/* A function that is called after each step, in the thread that called the fit. If it returns false the fit stops and
 * returns AD_STOPPED. It may predict, evaluate and read parameters. A fit that it calls is an error (AD_BAD_STATE). If
 * it closes the estimator, the fit stops, frees the estimator at its end, and returns AD_STOPPED. */
typedef bool nn_callback(const nn_progress *progress, void *context);

/* The options of one fit. Zero means the default. */
typedef struct nn_fit_options {
    int64_t batch_size;    /* 0: 32; a batch has at most all rows */
    int64_t steps;         /* steps to add; 0: one epoch */
    nn_callback *callback; /* NULL: none */
    void *context;         /* for the callback */
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
    double loss;         /* mean loss per row, without label smoothing and class weights */
    int64_t global_step; /* steps completed since the estimator was opened */
    /* What the head adds. Two classes: accuracy_baseline, auc, average_precision, precision, recall, prediction/mean,
     * label/mean. */
    nn_evaluation_figure figures[NN_MAX_FIGURES];
    size_t n_figures;
} nn_evaluation;

/* Returns the figure of a name, among them accuracy, loss and global_step. If there is none, `undefined` says so. */
AD_API nn_evaluation_figure nn_evaluation_named(const nn_evaluation *evaluation, const char *name);

#endif
