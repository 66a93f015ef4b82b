#ifndef GRADTAPE_CLI_METRICS_RUN_H
#define GRADTAPE_CLI_METRICS_RUN_H
/* A run of the verb metrics (metrics.c, metrics_classes.c, metrics_columns.c). */
#include <gradtape/metrics.h>

#include "columns.h"

typedef struct cli_metrics_run {
    cli_arguments *a;
    cli_columns columns;
    size_t labels, prediction, probabilities; /* where these columns begin */
    int64_t n;                                /* classes, labels or targets */
    const char *const *names;
    nn_outcome outcome;
} cli_metrics_run;

/* Fills in the outcome of classes: predicted, with probabilities, or told apart by scores. Returns a status. */
int cli_take_class_outcome(cli_metrics_run *r);

/* Reads the columns that the options name. Returns a status. */
int cli_read_metrics_columns(cli_metrics_run *r);

/* Says that memory is out. */
int cli_miss_predictions(void);

/* Copies columns side by side, [rows, n]; NULL if memory is out. */
double *cli_gather(const cli_metrics_run *r, size_t first, int64_t n);

/* Names the outputs as these columns. Returns a status. */
int cli_take_column_names(cli_metrics_run *r, size_t first, int64_t n);

#endif
