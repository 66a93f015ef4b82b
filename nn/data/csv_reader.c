/* Reading the rows of a table. */
#include <math.h>
#include <string.h>

#include "csv_labels.h"
#include "csv_reader.h"
#include "csv_values.h"

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

static ad_status fail_value(const nn_csv_reader *r, size_t column)
{
    char text[NN_DATASET_MESSAGE];
    nn_writer w = nn_writer_into(text, sizeof text);
    nn_csv_put_error(&w, &r->columns, column);
    return nn_dataset_fail(r->records.source->dataset, AD_BAD_FILE, "%s", text);
}

static ad_status fail_unknown(const nn_csv_reader *r, size_t column)
{
    char text[NN_DATASET_MESSAGE];
    nn_writer w = nn_writer_into(text, sizeof text);
    nn_csv_put_unknown_label(&w, &r->columns, column);
    return nn_dataset_fail(r->records.source->dataset, AD_BAD_FILE, "%s", text);
}

static ad_status fail_levels(const nn_csv_reader *r, size_t column)
{
    char text[NN_DATASET_MESSAGE];
    nn_writer w = nn_writer_into(text, sizeof text);
    nn_csv_put_many_levels(&w, &r->columns, column);
    return nn_dataset_fail(r->records.source->dataset, AD_BAD_FILE, "%s", text);
}

/* ---- Values ------------------------------------------------------------------------------------------------------ */

/* A missing feature is NaN where that is wanted. */
static ad_status take_no_value(const nn_csv_reader *r, size_t i)
{
    const nn_csv_column *column = &r->columns.at[i];
    if (!r->options.keep_missing || !nn_csv_is_missing(&r->columns, r->records.fields[i]))
        return fail_value(r, i);
    nn_csv_put_element(r, r->features, column->place, (double)NAN);
    return AD_OK;
}

/* The levels of an open column are all numbers, and too many for a category: it is a number, in all rows before, too.
 */
static void become_number(const nn_csv_reader *r, size_t i)
{
    nn_csv_column *column = &r->columns.at[i];
    const nn_levels *levels = &r->levels[i];
    column->kind = NN_COLUMN_NUMBER;
    column->is_open = false;
    column->was_open = true;
    for (size_t row = 0; row < r->rows.n; row++) {
        void *features = nn_rows_at(&r->rows, NN_CSV_FEATURES, row);
        double x = nn_csv_element(r, features, column->place);
        if (x == x) { /* a missing value stays NaN */
            const nn_level *level = &levels->at[(size_t)x];
            nn_decimal_read(level->text, level->text + level->n, r->columns.point, &x);
            nn_csv_put_element(r, features, column->place, x);
        }
    }
}

/* A level of a category. An open column is one as soon as a value is no number. */
static ad_status take_level(nn_csv_reader *r, size_t i)
{
    double x;
    uint32_t level;
    nn_csv_column *column = &r->columns.at[i];
    nn_levels *levels = &r->levels[i];
    const nn_csv_field f = r->records.fields[i];
    if (nn_csv_is_missing(&r->columns, f))
        return take_no_value(r, i);
    if (column->is_open && !nn_csv_read_number(&r->columns, f, &x))
        column->is_open = false;
    if (!nn_levels_add(levels, f.at, f.n, &level))
        return nn_csv_fail_memory(r);
    nn_csv_put_element(r, r->features, column->place, level);
    if (column->is_open && levels->n > NN_CSV_MOST_OPEN)
        become_number(r, i);
    return levels->n <= NN_CSV_MOST_LEVELS ? AD_OK : fail_levels(r, i);
}

/* Whether the levels of `like`, which a classifier was fitted to, lack the label. What a feed had not in its first pass
 * is told at the end of the window. */
static bool is_unknown(const nn_csv_reader *r, size_t i)
{
    return !r->is_again && nn_csv_is_unknown_label(&r->columns, i, &r->levels[i]);
}

static ad_status take_label(nn_csv_reader *r, size_t i)
{
    uint32_t level;
    const nn_csv_field f = r->records.fields[i];
    if (nn_csv_is_missing(&r->columns, f))
        return fail_value(r, i);
    if (is_unknown(r, i))
        return fail_unknown(r, i);
    nn_csv_count_label(&r->columns, i);
    if (!nn_levels_add(&r->levels[i], f.at, f.n, &level))
        return nn_csv_fail_memory(r);
    *(uint32_t *)nn_rows_at(&r->rows, NN_CSV_LABELS, r->rows.n - 1) = level;
    return AD_OK;
}

static ad_status take_id(nn_csv_reader *r, size_t i)
{
    const nn_csv_field f = r->records.fields[i];
    const char *text = nn_pool_text(&r->pool, f.at, f.n);
    ((const char **)nn_rows_at(&r->rows, NN_CSV_IDS, r->rows.n - 1))[r->columns.at[i].place] = text;
    return text ? AD_OK : nn_csv_fail_memory(r);
}

static ad_status take_number(const nn_csv_reader *r, size_t i, void *to, size_t place)
{
    double x;
    if (!nn_csv_read_number(&r->columns, r->records.fields[i], &x))
        return fail_value(r, i);
    nn_csv_put_element(r, to, place, x);
    return AD_OK;
}

static ad_status take_weight(const nn_csv_reader *r, size_t i)
{
    double x;
    if (!nn_csv_read_number(&r->columns, r->records.fields[i], &x) || x < 0)
        return fail_value(r, i);
    *(double *)nn_rows_at(&r->rows, NN_CSV_WEIGHTS, r->rows.n - 1) = x;
    return AD_OK;
}

/* What is no plain number. */
static ad_status take_other(nn_csv_reader *r, size_t i)
{
    const nn_csv_column *column = &r->columns.at[i];
    switch (column->kind) {
    case NN_COLUMN_NUMBER: return take_no_value(r, i);
    case NN_COLUMN_CATEGORY: return take_level(r, i);
    case NN_COLUMN_LABEL: return take_label(r, i);
    case NN_COLUMN_TARGET: return take_number(r, i, r->targets, column->place);
    case NN_COLUMN_WEIGHT: return take_weight(r, i);
    case NN_COLUMN_ID: return take_id(r, i);
    case NN_COLUMN_IGNORED:
    case NN_COLUMN_KIND_COUNT: break;
    }
    return AD_OK;
}

static ad_status take_row(nn_csv_reader *r)
{
    ad_status status = AD_OK;
    const bool is_f32 = r->options.as_f32;
    if (!nn_rows_add(&r->rows))
        return nn_csv_fail_memory(r);
    r->features = nn_rows_at(&r->rows, NN_CSV_FEATURES, r->rows.n - 1);
    r->targets = r->columns.n_targets ? nn_rows_at(&r->rows, NN_CSV_TARGETS, r->rows.n - 1) : NULL;
    for (size_t i = 0; i < r->columns.n && status == AD_OK; i++) {
        const nn_csv_column *column = &r->columns.at[i];
        double x;
        if (column->kind != NN_COLUMN_NUMBER || !nn_csv_read_number(&r->columns, r->records.fields[i], &x))
            status = take_other(r, i);
        else if (is_f32)
            ((float *)r->features)[column->place] = (float)x;
        else
            ((double *)r->features)[column->place] = x;
    }
    return status;
}

/* ---- Beginning --------------------------------------------------------------------------------------------------- */

/* The levels of `like` come first, and the labels that a feed has. */
static ad_status take_known_levels(nn_csv_reader *r, size_t i)
{
    uint32_t level;
    const nn_column *like = r->columns.at[i].like;
    const nn_texts levels = like ? like->levels : (nn_texts){.n = 0};
    for (size_t k = 0; k < levels.n; k++)
        if (!nn_levels_add(&r->levels[i], levels.at[k], strlen(levels.at[k]), &level))
            return nn_csv_fail_memory(r);
    for (size_t k = 0; i == r->columns.label && k < r->labels.n; k++)
        if (!nn_levels_add(&r->levels[i], r->labels.at[k], strlen(r->labels.at[k]), &level))
            return nn_csv_fail_memory(r);
    return AD_OK;
}

static void ignore_ids(nn_csv_columns *c)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->at[i].kind == NN_COLUMN_ID)
            c->at[i].kind = NN_COLUMN_IGNORED;
    c->n_ids = 0;
}

static ad_status begin(nn_csv_reader *r)
{
    nn_dataset *dataset = r->records.source->dataset;
    nn_csv_columns *c = &r->columns;
    if (r->is_of_feed)
        c->limit = NN_CSV_F32_LIMIT;
    if (r->is_of_feed)
        ignore_ids(c);
    const size_t element = r->options.as_f32 ? sizeof(float) : sizeof(double);
    const size_t bytes[NN_ROWS_PARTS] = {[NN_CSV_FEATURES] = c->n_features * element,
                                         [NN_CSV_TARGETS] = c->n_targets * element,
                                         [NN_CSV_WEIGHTS] = c->weight == NN_CSV_NONE ? 0 : sizeof(double),
                                         [NN_CSV_IDS] = c->n_ids * sizeof(char *),
                                         [NN_CSV_LABELS] = c->label == NN_CSV_NONE ? 0 : sizeof(uint32_t)};
    r->levels = nn_store_take(&r->content.store, c->n, sizeof *r->levels);
    if (!r->levels || !nn_rows_open(&r->rows, &dataset->memory, bytes))
        return nn_csv_fail_memory(r);
    ad_status status = AD_OK;
    for (size_t i = 0; i < c->n; i++)
        r->levels[i] = (nn_levels){.pool = &r->pool, .memory = &dataset->memory};
    for (size_t i = 0; i < c->n && status == AD_OK; i++)
        status = take_known_levels(r, i);
    return status;
}

/* ---- Calls ------------------------------------------------------------------------------------------------------- */

ad_status nn_csv_open(nn_csv_reader *r, nn_source *source, const nn_csv_options *options, char delimiter)
{
    r->options = *options;
    r->options.no_header |= r->is_again; /* whether the file has one, or not */
    r->pool.store = &r->content.store;
    ad_status status = nn_csv_records_open(&r->records, source, delimiter, !options->no_header);
    if (status == AD_OK)
        status = nn_csv_records_next(&r->records);
    if (status == AD_OK && r->is_again && r->records.n != r->n_columns)
        return nn_dataset_fail(source->dataset, AD_BAD_FILE,
                               "%s: changed while it was in use: it had %zu columns; open the feed again", source->name,
                               r->n_columns);
    if (status == AD_OK)
        status = nn_csv_columns_make(&r->columns, &r->records, &r->options, &r->content.store);
    r->has_row = options->no_header;
    return status == AD_OK ? begin(r) : status;
}

/* Goes to the next row. The first record is the header, or a row. */
static ad_status next_row(nn_csv_reader *r)
{
    const bool is_there = r->has_row;
    r->has_row = false;
    return is_there ? AD_OK : nn_csv_records_next(&r->records);
}

ad_status nn_csv_read(nn_csv_reader *r, size_t most)
{
    ad_status status = AD_OK;
    while (r->rows.n < most && (status = next_row(r)) == AD_OK && r->records.n > 0 && (status = take_row(r)) == AD_OK)
        continue;
    return status;
}

ad_status nn_csv_skip(nn_csv_reader *r, int64_t n)
{
    ad_status status = AD_OK;
    while (n-- > 0 && (status = next_row(r)) == AD_OK && r->records.n > 0)
        continue;
    return status;
}

void nn_csv_close(nn_csv_reader *r)
{
    for (size_t i = 0; r->levels && i < r->columns.n; i++)
        nn_levels_release(&r->levels[i]);
    r->levels = NULL;
    nn_rows_close(&r->rows);
    if (r->records.source)
        nn_csv_records_close(&r->records);
}
