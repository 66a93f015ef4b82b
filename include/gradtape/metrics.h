#ifndef GRADTAPE_METRICS_H
#define GRADTAPE_METRICS_H
/* Metrics on plain arrays: figures that say how well predictions meet what is true.
 *
 *   nn_metrics *m = nn_metrics_open(&(nn_outcome){
 *       .task = NN_CLASSES, .rows = 500, .columns = 3, .labels = labels, .probabilities = probabilities });
 *   nn_figure accuracy = nn_metrics_figure(m, "accuracy");
 *   if (accuracy.undefined) printf("accuracy is not defined: %s\n", accuracy.undefined);
 *   else printf("accuracy %.4f\n", accuracy.value);
 *   nn_metrics_close(m);
 *
 * Sums are taken in f64 in the order of the rows, so that the same arrays give the same bits. A figure that is not
 * defined says why; it is never a number that looks like one. Formulas and edges are in the table that nn_metric_at
 * reads. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gradtape/data.h>
#include <gradtape/tensor.h>

/* What is predicted. */
typedef enum nn_task {
    NN_CLASSES,    /* one of k classes for each row */
    NN_SCORES,     /* 0 or 1 for each row, by a score of any range: the larger, the likelier is 1 */
    NN_LABELS,     /* several labels for each row, each 0 or 1 */
    NN_REGRESSION, /* one or more real targets for each row */
    NN_TASK_COUNT
} nn_task;

/* What is true, and what was predicted. It owns nothing. Fields that the task does not name are not read. */
typedef struct nn_outcome {
    nn_task task;
    int64_t rows;
    int64_t columns;           /* classes (at least 2), labels or targets; NN_SCORES: not read */
    const int32_t *labels;     /* NN_CLASSES: [rows], 0 to columns - 1; NN_SCORES: [rows], 0 or 1; NN_LABELS:
                                  [rows, columns], 0 or 1 */
    const void *targets;       /* NN_REGRESSION: [rows, columns] */
    const void *probabilities; /* NN_CLASSES, NN_LABELS: [rows, columns], 0 to 1; rows need not sum to 1 */
    const int32_t *predicted;  /* NN_CLASSES: [rows]; NULL: the most probable class, the lowest of equals */
    const void *scores;        /* NN_SCORES: [rows]; infinities are allowed */
    const void *predictions;   /* NN_REGRESSION: [rows, columns] */
    nn_element element;        /* of targets, probabilities, scores and predictions; 0: f32 */
    const double *weights; /* [rows], at least 0, not all 0; NULL: each row counts once. A row of weight 0 drops out.
                              A common factor changes nothing */
} nn_outcome;

/* One figure, or one for each class, label or target. The arrays belong to the metrics. */
typedef struct nn_figure {
    const char *name;      /* as in the table */
    ad_shape shape;        /* AD_SCALAR, [columns], or that of a table */
    size_t count;          /* elements of the shape */
    const double *values;  /* [count]; 0 where it is not defined */
    const bool *defined;   /* [count] */
    const char *undefined; /* why an element is not defined; NULL: all are */
    double value;          /* values[0]: for figures of one number */
} nn_figure;

/* The figures of one outcome. */
typedef struct nn_metrics nn_metrics;

/* Computes all figures of a task. The arrays of the outcome are read during the call only. NN_CLASSES needs
 * probabilities or predicted; without probabilities, the figures that need them are left out.
 * Returns NULL only when memory for the object is out. A bad outcome is an error that the object keeps: a NULL array; a
 * number of rows or columns that is out of range; a label outside its range, a probability outside 0..1, a NaN, a
 * target that is not finite, a negative weight (each names row, column and value); weights that are all 0; memory. It
 * then has no figures. The caller closes it. Takes O(rows columns), for scores O(rows log rows). */
AD_API nn_metrics *nn_metrics_open(const nn_outcome *outcome, const ad_allocator *allocator);

/* Frees the figures. NULL is allowed. */
AD_API void nn_metrics_close(nn_metrics *metrics);

/* Return the status of nn_metrics_open and its message. */
AD_API ad_status nn_metrics_status(const nn_metrics *metrics);
AD_API const char *nn_metrics_message(const nn_metrics *metrics);

/* Return how many figures there are, and one of them, in the order of the table. An index out of range gives a figure
 * that is not defined. */
AD_API size_t nn_metrics_count(const nn_metrics *metrics);
AD_API nn_figure nn_metrics_at(const nn_metrics *metrics, size_t index);

/* Returns the figure of a name. If there is none, `undefined` says whether the name is unknown, belongs to another task
 * or needs probabilities. */
AD_API nn_figure nn_metrics_figure(const nn_metrics *metrics, const char *name);

/* Returns the class of each row, or each label of each row, as it was called: [rows] or [rows, columns]. NULL for other
 * tasks and after an error. The array belongs to the metrics. */
AD_API const int32_t *nn_metrics_predicted(const nn_metrics *metrics);

/* A row of the table of metrics. */
typedef struct nn_metric {
    const char *name;
    nn_task task;
    const char *formula;
    const char *edge; /* where it is not defined, and what holds at the ends */
} nn_metric;

/* Return how many rows the table has, and one of them; NULL for an index out of range. */
AD_API size_t nn_metric_count(void);
AD_API const nn_metric *nn_metric_at(size_t index);

/* Returns the name of a task, for instance "classes"; "unknown task" for a number outside the list. */
AD_API const char *nn_task_name(nn_task task);

#endif
