#ifndef GRADTAPE_NN_CSV_LABELS_H
#define GRADTAPE_NN_CSV_LABELS_H
/* Private to nn: labels of a table as text: those that `like` does not know, and the first one that makes texts of
 * whole numbers. */
#include "csv_columns.h"

/* Whether the label at hand is not among the levels of `like`; false if it has none. */
bool nn_csv_is_unknown_label(const nn_csv_columns *columns, size_t column);

/* Puts that it is not, and what there is. */
void nn_csv_put_unknown_label(nn_writer *w, const nn_csv_columns *columns, size_t column);

/* Whether a label is a whole number that fits i32; gives it. */
bool nn_csv_is_whole_label(const char *text, size_t n, int32_t *number);

/* Counts the label at hand. */
void nn_csv_count_label(nn_csv_columns *columns, size_t column);

/* Puts a note if nearly all labels were whole numbers, and the others make texts of them. */
void nn_csv_put_odd_label(nn_writer *w, const nn_csv_columns *columns);

#endif
