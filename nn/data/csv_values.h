#ifndef GRADTAPE_NN_CSV_VALUES_H
#define GRADTAPE_NN_CSV_VALUES_H
/* Private to nn: what a field of a table is worth in its column, and what is wrong with it. */
#include "csv_columns.h"
#include "decimal.h"

/* An empty field, or one of the texts that mean a missing value. */
bool nn_csv_is_missing(const nn_csv_columns *columns, nn_csv_field field);

/* Reads a field that is all a number, and does not mean a missing value. A number ends at a delimiter, so that what
 * may be read ends with the block. */
static inline bool nn_csv_read_number(const nn_csv_columns *c, nn_csv_field f, double *x)
{
    const char *end = nn_decimal_read(f.at, c->records->block + c->records->end, c->point, x);
    return end == f.at + f.n && *x < c->limit && -*x < c->limit &&
           (c->options->missing.n == 0 || !nn_csv_is_missing(c, f));
}

/* Puts what is wrong with a field of the record, and what mends it; the first thing that is. */
void nn_csv_put_error(nn_writer *w, const nn_csv_columns *columns, size_t column);

/* Puts that a category has too many levels, one of which came in this record. */
void nn_csv_put_many_levels(nn_writer *w, const nn_csv_columns *columns, size_t column);

#endif
