#ifndef GRADTAPE_CLI_COLUMNS_H
#define GRADTAPE_CLI_COLUMNS_H
/* Named columns of a table whose other columns may be anything. */
#include <gradtape/csv.h>

#include "arguments.h"

/* A column that is wanted. */
typedef struct cli_column {
    const char *option;  /* that names it: "--label" */
    const char *wanted;  /* its name, or its place from 1 on */
    nn_column_kind kind; /* a number, a category or the label */
    /* What was found. */
    const char *name;
    nn_texts levels; /* of a category: the number is an index into them */
    int64_t feature; /* its place among the features; of a label -1 */
} cli_column;

/* The columns of a table. */
typedef struct cli_columns {
    cli_column *at;
    size_t n;
    const char *name;    /* of the file, for messages */
    nn_dataset *dataset; /* its labels and weights are those of the data */
    nn_data data;
} cli_columns;

/* Reads the columns from the table of --data, and the weight. A mistake is said: a column that is not there, a value
 * that is missing or no number. Returns a status. The caller closes them, also after an error. */
int cli_read_columns(cli_columns *columns, cli_arguments *a);
void cli_close_columns(cli_columns *columns);

/* The value of a row in a column of numbers or categories. */
double cli_value_at(const cli_columns *columns, size_t column, int64_t row);

#endif
