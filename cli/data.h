#ifndef GRADTAPE_CLI_DATA_H
#define GRADTAPE_CLI_DATA_H
/* Data of --data and of --validation: a table, standard input, a folder with IDX files, an archive or an array of
 * NumPy's, LIBSVM's text. */
#include <gradtape/csv.h>
#include <gradtape/feed.h>

#include "arguments.h"

/* How data are read. */
typedef struct cli_reading {
    const char *path; /* "-": standard input */
    cli_task task;
    nn_schema like;       /* the columns of a model; none: those that the options say */
    nn_texts passed_over; /* columns that are ignored beside `like`, unless --id or --weight names them */
    bool keeps_missing;   /* the model has something for a missing value */
    bool needs_truth;     /* labels or targets; false: they are not looked at */
    bool is_for_training; /* which of the IDX files, unless --part says it */
    bool is_look;         /* labels and targets are read as they are; those that cannot be are no mistake */
} cli_reading;

/* Data that were read. */
typedef struct cli_data {
    const char *name; /* of the file, for messages */
    nn_dataset *dataset;
    nn_feed *feed;                  /* of --window; then there is no dataset */
    nn_data data;                   /* of --task labels `labels` are independent ones */
    int32_t *labels;                /* [rows, n]: they lie here */
    double *targets;                /* [rows]: those of a regression, where the file has whole numbers */
    const char *const *label_names; /* [n_labels]: the columns of labels or targets; NULL: they have no names */
    int64_t n_labels;               /* 1 for classes */
    bool is_table;                  /* features have columns of their own; false: images, arrays */
    const char *refused;            /* of a look: why there are no labels; NULL: there are, or the data have none */
} cli_data;

/* Reads. A mistake is said; notes of the reader are warnings. Returns a status. The caller closes `data`, also after an
 * error. */
int cli_read_data(cli_data *data, cli_arguments *a, const cli_reading *reading);
void cli_close_data(cli_data *data, cli_arguments *a);

/* Whether a path is read as a table. */
bool cli_is_table(const cli_arguments *a, const char *path);

/* Puts the columns of --label among the options of a table, as the task has them. A mistake is said. */
int cli_choose_label(cli_arguments *a, nn_csv_options *options, cli_task task);

/* Standard input for the path -; else {NULL, path}. */
nn_stream cli_stream_of(const char *path);

/* Returns element i of an array of numbers: features, targets. */
double cli_number_at(const void *numbers, nn_element element, int64_t i);

/* Reads the targets of `data`, [rows, n_labels], as labels that hold at once. One that is neither 0 nor 1 is said.
 * Returns a status. */
int cli_read_flags(int32_t *flags, cli_arguments *a, const cli_data *data);

#endif
