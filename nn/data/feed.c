/* Tables that stay in their files. */
#include "feed.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../options/fields.h"
#include "csv_reader.h"

#define WINDOW_BYTES ((int64_t)16 << 20)

struct nn_feed {
    nn_dataset dataset; /* its memory, and the first error */
    nn_store store;
    char *path;
    nn_csv_options options; /* of a pass; texts lie in the store, those of the schema in that of the ends */
    char delimiter;
    int64_t window;
    /* What the first pass found. */
    int64_t rows;
    nn_content ends; /* the first and the last row, with the schema of all */
    nn_data labels;
    nn_texts label_texts; /* the same as the file has them */
    size_t n_columns;     /* of the file */
    int64_t *missing;     /* [columns] */
    double largest_weight;
    /* The file, which stays open, and the pass that is going on. */
    bool has_source, is_open;
    nn_source source;
    nn_csv_reader reader;
    int64_t next; /* the row that it reads next */
    /* The window, which the reader has. */
    int64_t first, n;
};

/* ---- A pass ------------------------------------------------------------------------------------------------------ */

/* Gives the arrays of the window back. What the pass knows of columns stays. */
static void drop_window(nn_feed *f)
{
    nn_content arrays = nn_content_of(&f->dataset);
    arrays.data = f->reader.content.data;
    nn_dataset_drop(&f->dataset, &arrays);
    f->reader.content.data = (nn_data){0};
    f->n = 0;
}

static void close_pass(nn_feed *f)
{
    if (!f->is_open)
        return;
    nn_csv_close(&f->reader);
    nn_dataset_drop(&f->dataset, &f->reader.content);
    f->is_open = false;
    f->n = 0;
}

static ad_status open_source(nn_feed *f)
{
    if (f->has_source)
        return nn_source_rewind(&f->source);
    f->has_source = true;
    return nn_source_open(&f->source, &f->dataset, f->path, NN_CSV_REMEDY);
}

static ad_status open_pass(nn_feed *f)
{
    close_pass(f);
    f->is_open = true;
    f->next = 0;
    f->reader = (nn_csv_reader){.is_of_feed = true,
                                .is_again = f->has_source,
                                .n_columns = f->n_columns,
                                .labels = f->label_texts,
                                .content = nn_content_of(&f->dataset)};
    const ad_status status = open_source(f);
    return status == AD_OK ? nn_csv_open(&f->reader, &f->source, &f->options, f->delimiter) : status;
}

/* ---- The first pass ---------------------------------------------------------------------------------------------- */

enum { ROWS_AT_ONCE = 4096, ENDS = 2 };

/* Looks at rows from number `from` on, of those that the reader has. */
static void look_at_rows(nn_feed *f, size_t from)
{
    const nn_csv_reader *r = &f->reader;
    for (size_t row = from; row < r->rows.n; row++) {
        const void *features = nn_rows_at(&r->rows, NN_CSV_FEATURES, row);
        for (size_t j = 0; j < r->columns.n_features; j++)
            f->missing[j] += isnan(nn_csv_element(r, features, j));
        if (r->columns.weight != NN_CSV_NONE) {
            const double w = *(const double *)nn_rows_at(&r->rows, NN_CSV_WEIGHTS, row);
            f->largest_weight = w > f->largest_weight ? w : f->largest_weight;
        }
    }
    f->rows += (int64_t)(r->rows.n - from);
}

static ad_status read_all(nn_feed *f)
{
    nn_csv_reader *r = &f->reader;
    f->missing = nn_store_take(&f->store, r->columns.n_features, sizeof *f->missing);
    f->largest_weight = r->columns.weight == NN_CSV_NONE ? 1 : 0;
    ad_status status = f->missing ? AD_OK : nn_csv_fail_memory(r);
    const size_t most = r->rows.per_chunk < ROWS_AT_ONCE ? r->rows.per_chunk : ROWS_AT_ONCE;
    for (size_t from = 0; status == AD_OK; from = r->rows.n) {
        status = nn_csv_read(r, ENDS + most);
        if (status != AD_OK || r->rows.n == from)
            break;
        look_at_rows(f, from);
        nn_rows_keep_ends(&r->rows);
    }
    return status;
}

/* The different labels, as integers or texts, as those of the rows are. */
static ad_status take_labels(nn_feed *f)
{
    const nn_csv_reader *r = &f->reader;
    if (r->columns.label == NN_CSV_NONE)
        return AD_OK;
    const nn_levels *levels = &r->levels[r->columns.label];
    const char **texts = nn_store_take(&f->store, levels->n, sizeof *texts);
    int32_t *integers = nn_store_take(&f->store, levels->n, sizeof *integers);
    if (!texts || !integers)
        return nn_csv_fail_memory(r);
    for (size_t i = 0; i < levels->n; i++) {
        int64_t number = 0;
        nn_is_whole(levels->at[i].text, levels->at[i].n, &number);
        integers[i] = (int32_t)number;
        texts[i] = levels->at[i].text;
    }
    const bool are_texts = r->content.data.label_texts;
    f->label_texts = (nn_texts){texts, levels->n};
    f->labels = (nn_data){.rows = (int64_t)levels->n,
                          .columns = 1,
                          .labels = are_texts ? NULL : integers,
                          .label_texts = are_texts ? texts : NULL};
    return AD_OK;
}

/* What later passes are read by: columns are what the first one found, and are named by their places, because names of
 * ignored columns may be missing or be there twice. */
static ad_status take_schema(nn_feed *f)
{
    enum { DIGITS = 24 };
    const nn_csv_columns *c = &f->reader.columns;
    nn_column *like = nn_store_take(&f->store, c->n_order, sizeof *like);
    char *names = nn_store_take(&f->store, c->n_order, DIGITS);
    if (!like || !names)
        return nn_csv_fail_memory(&f->reader);
    f->options.label = f->options.weight = NULL;
    f->options.targets = f->options.ids = f->options.ignored = f->options.categorical = f->options.numeric =
        (nn_texts){.n = 0};
    f->options.like = (nn_schema){.at = like};
    f->n_columns = c->n;
    for (size_t k = 0; k < c->n_order; k++) {
        nn_column column = f->reader.content.data.schema.at[k];
        if (column.kind == NN_COLUMN_IGNORED)
            continue;
        column.name = names + k * DIGITS;
        snprintf(names + k * DIGITS, DIGITS, "%zu", c->order[k] + 1);
        like[f->options.like.n++] = column;
    }
    return AD_OK;
}

static ad_status survey(nn_feed *f)
{
    ad_status status = open_pass(f);
    if (status == AD_OK)
        status = read_all(f);
    if (status == AD_OK)
        status = nn_csv_finish(&f->reader);
    if (status == AD_OK)
        status = take_labels(f);
    if (status == AD_OK)
        status = take_schema(f);
    if (status == AD_OK) {
        f->ends = f->reader.content;
        f->reader.content = nn_content_of(&f->dataset);
    }
    close_pass(f);
    return status;
}

/* ---- Windows ----------------------------------------------------------------------------------------------------- */

/* Of a row its features, targets, weight and label count, with the class and the place in the order that a fit has. */
static int64_t window_of(const nn_data *data, int64_t asked)
{
    const int64_t numbers = data->columns + data->n_targets;
    const int64_t others = (int64_t)(sizeof *data->weights + sizeof *data->label_texts + 2 * sizeof(int32_t));
    const int64_t most = WINDOW_BYTES / (numbers * (int64_t)nn_element_bytes(data->element) + others);
    return asked ? asked : most > 1 ? most : 1;
}

static ad_status fail_changed(nn_feed *f)
{
    return nn_dataset_fail(&f->dataset, AD_BAD_FILE,
                           "%s: changed while it was in use: it had %lld rows; open the feed again", f->source.name,
                           (long long)f->rows);
}

/* What is wrong with a row now was right when the feed was opened. */
static ad_status read_rows(nn_feed *f, int64_t first, int64_t n)
{
    char wrong[NN_DATASET_MESSAGE];
    ad_status status = nn_csv_skip(&f->reader, first - f->next);
    if (status == AD_OK)
        status = nn_csv_read(&f->reader, (size_t)n);
    if (status == AD_OK && f->reader.rows.n < (size_t)n)
        return fail_changed(f);
    if (status != AD_BAD_FILE)
        return status;
    snprintf(wrong, sizeof wrong, "%s", f->dataset.message);
    return nn_dataset_fail(&f->dataset, AD_BAD_FILE, "%s: changed while it was in use; open the feed again (%.500s)",
                           f->source.name, wrong);
}

static ad_status read_window(nn_feed *f, int64_t first, int64_t n)
{
    ad_status status = AD_OK;
    drop_window(f);
    if (!f->is_open || first < f->next)
        status = open_pass(f);
    if (status == AD_OK)
        status = read_rows(f, first, n);
    if (status == AD_OK)
        status = nn_csv_finish_part(&f->reader);
    f->first = first;
    f->n = status == AD_OK ? n : 0;
    f->reader.content.data.schema = f->ends.data.schema;
    f->next = first + n;
    if (status != AD_OK)
        close_pass(f);
    return status;
}

nn_data nn_feed_window(nn_feed *f, int64_t first, int64_t n)
{
    if (!f || f->dataset.status != AD_OK || first < 0 || first >= f->rows || n < 1)
        return (nn_data){0};
    n = n < f->rows - first ? n : f->rows - first;
    if ((first != f->first || n != f->n) && read_window(f, first, n) != AD_OK)
        return (nn_data){0};
    return f->reader.content.data;
}

/* ---- Parts ------------------------------------------------------------------------------------------------------- */

nn_parts nn_parts_of(const nn_data *whole) { return (nn_parts){.whole = whole}; }

bool nn_next_part(nn_parts *p)
{
    const nn_data *whole = p->whole;
    const int64_t left = whole->rows - p->next;
    int64_t n = left;
    if (whole->feed && whole->feed->window < left)
        n = whole->feed->window;
    if (left <= 0)
        return false;
    p->part = whole->feed ? nn_feed_window(whole->feed, p->next, n) : *whole;
    p->next += n;
    return p->part.rows > 0;
}

/* ---- Opening ----------------------------------------------------------------------------------------------------- */

static ad_status take_options(nn_feed *f, const char *path, const nn_csv_options *csv)
{
    const ad_status status = nn_csv_form(&f->dataset, path, csv, &f->delimiter);
    if (status != AD_OK)
        return status;
    f->options = *csv;
    f->path = nn_store_text(&f->store, path);
    return f->path && nn_fields_own(nn_csv_fields(), &f->options, &f->store)
               ? AD_OK
               : nn_dataset_fail(&f->dataset, AD_NO_MEMORY, "nn_feed_open_csv: memory is out for the options");
}

nn_feed *nn_feed_open_csv(const char *path, const nn_csv_options *csv, const nn_feed_options *options)
{
    static const nn_csv_options defaults = {.label = NULL};
    ad_memory memory = ad_memory_over(options ? options->allocator : NULL);
    nn_feed *f = ad_memory_take(&memory, 1, sizeof *f);
    if (!f)
        return NULL;
    memset(f, 0, sizeof *f);
    f->dataset.memory = memory;
    f->store.memory = &f->dataset.memory;
    f->dataset.content = nn_content_of(&f->dataset);
    f->ends = nn_content_of(&f->dataset);
    if (!path)
        nn_dataset_fail(&f->dataset, AD_BAD_VALUE, "nn_feed_open_csv: path is NULL; give the path of a table");
    else if (options && options->window < 0)
        nn_dataset_fail(&f->dataset, AD_BAD_VALUE,
                        "nn_feed_open_csv: window is %lld; it must be at least 1, or 0 for "
                        "as many rows as 16 MiB hold",
                        (long long)options->window);
    else if (take_options(f, path, csv ? csv : &defaults) == AD_OK && survey(f) == AD_OK)
        f->window = window_of(&f->ends.data, options ? options->window : 0);
    return f;
}

void nn_feed_close(nn_feed *f)
{
    if (!f)
        return;
    close_pass(f);
    if (f->has_source)
        nn_source_close(&f->source);
    nn_dataset_drop(&f->dataset, &f->ends);
    nn_store_release(&f->store);
    ad_memory memory = f->dataset.memory; /* a copy: the meter must outlive the block that it is in */
    ad_memory_release(&memory, f, 1, sizeof *f);
}

/* ---- Looking in -------------------------------------------------------------------------------------------------- */

nn_data nn_feed_data(nn_feed *f)
{
    if (!f || f->dataset.status != AD_OK)
        return (nn_data){.feed = f}; /* a fit tells the error */
    const nn_data *ends = &f->ends.data;
    return (nn_data){.element = ends->element,
                     .rows = f->rows,
                     .columns = ends->columns,
                     .target_element = ends->target_element,
                     .n_targets = ends->n_targets,
                     .schema = ends->schema,
                     .feed = f};
}

ad_status nn_feed_status(const nn_feed *f) { return f ? f->dataset.status : AD_BAD_HANDLE; }

const char *nn_feed_message(const nn_feed *f)
{
    return f ? f->dataset.message : "the feed is NULL: nn_feed_open_csv found no memory, or was not called";
}

nn_data nn_feed_ends(const nn_feed *f)
{
    nn_data ends = f->ends.data;
    ends.weights = NULL;
    return ends;
}

nn_data nn_feed_labels(const nn_feed *f) { return f->labels; }

const int64_t *nn_feed_missing(const nn_feed *f) { return f->missing; }

double nn_feed_largest_weight(const nn_feed *f) { return f->largest_weight; }

int64_t nn_feed_default_window(const nn_feed *f) { return f->window; }
