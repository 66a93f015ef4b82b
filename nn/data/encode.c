/* Rows of data, encoded. */
#include <math.h>
#include <string.h>

#include <gradtape/threads.h>

#include "encoding.h"
#include "view.h"

/* Rows are encoded by all threads, in blocks that are worth a thread's while. */
enum { BLOCK_INPUTS = 8192 };

typedef struct encoding_work {
    const nn_encoding *encoding;
    const nn_matching *matching;
    const nn_data *data;
    const int32_t *rows;
    int64_t first, n, block_rows;
    double *raw;
    float *out;
} work;

/* ---- Other columns, plain inputs --------------------------------------------------------------------------------- */

/* Rows in the order of the encoding, of the data's own type: so the bits do not depend on the order of the columns. */
#define ARRANGE(name, text, type)                                                                                      \
    static void arrange_##text(const work *k)                                                                          \
    {                                                                                                                  \
        const int64_t d = k->encoding->columns, *place = k->matching->place;                                           \
        type *to = (type *)(void *)k->raw;                                                                             \
        for (int64_t i = 0; i < k->n; i++) {                                                                           \
            const int64_t row = k->rows ? k->rows[i] : k->first + i;                                                   \
            const type *x = (const type *)k->data->features + row * k->data->columns;                                  \
            for (int64_t j = 0; j < d; j++)                                                                            \
                to[i * d + j] = x[place[j]];                                                                           \
        }                                                                                                              \
    }
NN_ELEMENT_LIST(ARRANGE)
#undef ARRANGE

static void gather_plain(const work *k)
{
    switch (k->data->element) {
#define CASE(name, text, type)                                                                                         \
    case name: arrange_##text(k); break;
        NN_ELEMENT_LIST(CASE)
#undef CASE
    case NN_ELEMENT_COUNT: break;
    }
    const nn_data arranged = {
        .features = k->raw, .element = k->data->element, .rows = k->n, .columns = k->encoding->columns};
    nn_scaling_gather(&k->encoding->scaling, &arranged, NULL, 0, k->n, k->out);
}

/* ---- Everything else --------------------------------------------------------------------------------------------- */

/* Writes the features of a row as numbers, in the order of the encoding. */
#define TAKE_ROW(name, text, type)                                                                                     \
    static void take_row_##text(const work *k, int64_t row, double *restrict raw)                                      \
    {                                                                                                                  \
        const int64_t d = k->encoding->columns, *restrict place = k->matching->place;                                  \
        const type *restrict x = (const type *)k->data->features + row * k->data->columns;                             \
        if (k->matching->is_same)                                                                                      \
            for (int64_t j = 0; j < d; j++)                                                                            \
                raw[j] = (double)x[j];                                                                                 \
        else                                                                                                           \
            for (int64_t j = 0; j < d; j++)                                                                            \
                raw[j] = (double)x[place[j]];                                                                          \
    }
NN_ELEMENT_LIST(TAKE_ROW)
#undef TAKE_ROW

/* The same, with levels as the encoding counts them. */
static void take_row(const work *k, int64_t row, double *raw)
{
    const nn_matching *m = k->matching;
    switch (k->data->element) {
#define CASE(name, text, type)                                                                                         \
    case name: take_row_##text(k, row, raw); break;
        NN_ELEMENT_LIST(CASE)
#undef CASE
    case NN_ELEMENT_COUNT: break;
    }
    for (int64_t j = 0; !m->is_same && j < k->encoding->columns; j++)
        if (m->level[j] && !isnan(raw[j]))
            raw[j] = (double)m->level[j][(size_t)raw[j]];
}

/* Writes the inputs of a row. `scaled` lies behind `out`, or within it so far back that an input is written where a
 * feature was only after that feature is read: each feature has an input. */
static void expand_row(const nn_encoding *e, const double *raw, const float *scaled, float *out)
{
    for (int64_t j = 0; j < e->columns; j++) {
        const bool is_missing = isnan(raw[j]);
        const float x = is_missing ? e->filled[j] : scaled[j];
        if (e->levels[j] < 0) {
            *out++ = x;
            if (e->has_missing[j])
                *out++ = is_missing;
            continue;
        }
        const int64_t width = e->levels[j] + e->has_missing[j];
        memset(out, 0, (size_t)width * sizeof *out);
        if (raw[j] >= 0) /* a level that it has */
            out[(int64_t)raw[j]] = 1;
        else if (e->has_missing[j] && is_missing)
            out[e->levels[j]] = 1;
        out += width;
    }
}

static void encode_block(void *context, size_t block)
{
    const work *k = context;
    const nn_encoding *e = k->encoding;
    const int64_t at = (int64_t)block * k->block_rows, n = k->n - at < k->block_rows ? k->n - at : k->block_rows;
    double *raw = k->raw + at * e->columns;
    float *out = k->out + at * e->inputs, *scaled = out + n * (e->inputs - e->columns);
    for (int64_t i = 0; i < n; i++)
        take_row(k, k->rows ? k->rows[at + i] : k->first + at + i, raw + i * e->columns);
    nn_scaling_rows(&e->scaling, raw, n, scaled);
    for (int64_t i = 0; i < n; i++)
        expand_row(e, raw + i * e->columns, scaled + i * e->columns, out + i * e->inputs);
}

void nn_encoding_gather(const nn_encoding *encoding, const nn_matching *matching, const nn_data *data,
                        const int32_t *rows, int64_t first, int64_t n, double *raw, float *out)
{
    if (encoding->is_plain && matching->is_same) {
        nn_scaling_gather(&encoding->scaling, data, rows, first, n, out);
        return;
    }
    work k = {.encoding = encoding,
              .matching = matching,
              .data = data,
              .rows = nn_rows_of(data, rows, first),
              .first = first,
              .n = n,
              .block_rows = BLOCK_INPUTS / encoding->inputs + 1,
              .raw = raw,
              .out = out};
    if (encoding->is_plain)
        gather_plain(&k);
    else
        ad_parallel((size_t)((n - 1) / k.block_rows + 1), encode_block, &k);
}
