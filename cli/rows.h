#ifndef GRADTAPE_CLI_ROWS_H
#define GRADTAPE_CLI_ROWS_H
/* Rows of results: CSV, the same with tabs, JSON Lines, or an array of NumPy's. */
#include <stdio.h>

#include "arguments.h"

/* What the values are. */
typedef enum cli_cells {
    CLI_CELLS_TEXTS,
    CLI_CELLS_INTEGERS, /* one a row */
    CLI_CELLS_FLAGS,    /* integers, 0 or 1 */
    CLI_CELLS_REALS
} cli_cells;

/* Results: the texts of ids, and then the values. Texts are UTF-8; only ids may be "". */
typedef struct cli_rows {
    int64_t rows;
    const char *const *id_names; /* [n_ids] */
    const char *const *ids;      /* [rows, n_ids] */
    int64_t n_ids;
    const char *const *names; /* [n] */
    int64_t n;
    cli_cells cells; /* the one of these that is there, [rows, n] */
    const char *const *texts;
    const int32_t *integers;
    const float *reals;
} cli_rows;

/* Writes the rows in their order, a line each, under a line with the names.
 * - csv: fields stand in quotes where RFC 4180 wants it, lines end in LF. tsv is the same with tabs between: a text
 *   with a tab or a line end stands in quotes.
 * - jsonl: an object a line. Ids are texts.
 * - npy: NumPy's format 1.0: <i4 [rows] of integers, |u1 [rows,n] of flags, <f4 [rows,n] of reals. Texts and ids are
 *   left out.
 * - Numbers have the fewest digits that give the same f32 again, and a point in every locale. NaN and infinities are
 *   nan, inf and -inf, in jsonl null.
 * Ends early when the file has an error, which the caller looks at. Says that memory is out. Returns a status. */
int cli_write_rows(cli_arguments *a, const cli_rows *rows, cli_format format, FILE *to);

#endif
