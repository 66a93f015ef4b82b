#ifndef GRADTAPE_CLI_FIGURES_H
#define GRADTAPE_CLI_FIGURES_H
/* How figures of predictions are printed: by evaluate for those of a model, by metrics for those of any program. */
#include <gradtape/estimator.h>
#include <gradtape/metrics.h>

#include "arguments.h"

typedef struct cli_figures {
    const nn_metrics *metrics;
    nn_task task;
    int64_t rows, n;                 /* n classes, labels or targets */
    const char *const *names;        /* [n] */
    bool has_weights;                /* rows count by weights */
    const nn_evaluation *evaluation; /* of a model: its step, loss and accuracy end the text; else NULL */
} cli_figures;

/* Prints all figures, and ends the output. Returns a status. */
int cli_print_figures(cli_arguments *a, const cli_figures *f);

/* Prints one figure: name = value, or n/a and why. */
void cli_print_figure(const char *name, double value, const char *undefined);

/* Prints the tables: figures of each class, label or target, and which classes were called what; each where it is not
 * too long. No line is longer than 80 columns. */
void cli_print_figure_tables(const cli_figures *f);

#endif
