#ifndef GRADTAPE_NN_CSV_LABELS_H
#define GRADTAPE_NN_CSV_LABELS_H
/* Private to nn: labels of a table as text: whether they are whole numbers, and whether `like` knows them. */
#include "csv_columns.h"

/* Whether the label at hand is not among `levels`, which begin with those of `like`; false if that has none. */
bool nn_csv_is_unknown_label(const nn_csv_columns *columns, size_t column, const nn_levels *levels);

/* Puts that the label at hand is unknown, and which classes there are. */
void nn_csv_put_unknown_label(nn_writer *w, const nn_csv_columns *columns, size_t column);

/* Whether a label is a whole number that fits i32; gives it. */
bool nn_csv_is_whole_label(const char *text, size_t n, int32_t *number);

/* Counts the label at hand, and keeps the first one that is no whole number, for a note. */
void nn_csv_count_label(nn_csv_columns *columns, size_t column);

#endif
