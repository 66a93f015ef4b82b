#ifndef GRADTAPE_NN_CSV_NOTES_H
#define GRADTAPE_NN_CSV_NOTES_H
/* Private to nn: notes on a table as text. */
#include "csv_columns.h"

/* Returns notes, in the store: what was left out, what options name and is not there, categories by `auto` that may be
 * something else, a few labels that make texts of whole numbers. `levels` are those of each column. "" if there is
 * nothing; NULL if memory is out. */
const char *nn_csv_notes(const nn_csv_columns *columns, const nn_levels *levels, int64_t rows, nn_store *store);

#endif
