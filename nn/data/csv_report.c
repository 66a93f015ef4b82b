/* What a table as text has, without reading it into a data set. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "csv_labels.h"
#include "csv_notes.h"
#include "csv_values.h"

struct nn_csv_look {
    nn_dataset *dataset; /* empty: it gives memory and keeps messages */
    nn_store store;
    nn_csv_report report;
};

/* The look while it goes on. */
typedef struct looking {
    nn_csv_look *look;
    nn_csv_options options;
    nn_csv_records records;
    nn_csv_columns columns;
    nn_text_pool pool;
    nn_levels *levels;        /* [columns] */
    nn_levels classes;        /* those of `like` */
    nn_csv_column_report *at; /* [columns] */
} looking;

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

static ad_status fail_memory(const looking *l)
{
    return nn_dataset_fail(l->look->dataset, AD_NO_MEMORY, "%s: memory is out for what its columns have",
                           l->records.source->name);
}

typedef void put_error(nn_writer *w, const nn_csv_columns *columns, size_t column);

/* The first error of a column is kept. */
static ad_status refuse(looking *l, size_t i, put_error *put)
{
    char text[NN_DATASET_MESSAGE];
    nn_writer w = nn_writer_into(text, sizeof text);
    if (l->at[i].refused)
        return AD_OK;
    put(&w, &l->columns, i);
    l->at[i].refused = nn_store_text(&l->look->store, text);
    return l->at[i].refused ? AD_OK : fail_memory(l);
}

/* ---- Values ------------------------------------------------------------------------------------------------------ */

static bool has_numbers(const nn_csv_column *column)
{
    return column->kind == NN_COLUMN_NUMBER || column->kind == NN_COLUMN_TARGET || column->kind == NN_COLUMN_WEIGHT ||
           column->is_open;
}

static void count_number(nn_csv_column_report *report, double x)
{
    report->numbers++;
    report->least = report->numbers == 1 || x < report->least ? x : report->least;
    report->largest = report->numbers == 1 || x > report->largest ? x : report->largest;
    report->mean += (x - report->mean) / (double)report->numbers;
}

/* A value that a column of numbers has, or that says that an open column is none. */
static ad_status look_at_number(looking *l, size_t i)
{
    double x;
    nn_csv_column *column = &l->columns.at[i];
    if (!nn_csv_read_number(&l->columns, l->records.fields[i], &x)) {
        if (!column->is_open)
            return refuse(l, i, nn_csv_put_error);
        column->is_open = false;
        return AD_OK;
    }
    count_number(&l->at[i], x);
    return column->kind == NN_COLUMN_WEIGHT && x < 0 ? refuse(l, i, nn_csv_put_error) : AD_OK;
}

/* Of many different values the counts are dropped. */
static ad_status count_level(looking *l, size_t i)
{
    uint32_t level;
    nn_csv_column *column = &l->columns.at[i];
    nn_csv_column_report *report = &l->at[i];
    const nn_csv_field f = l->records.fields[i];
    const bool is_category = column->kind == NN_COLUMN_CATEGORY && !column->is_open;
    if (report->has_many)
        return AD_OK;
    if (!nn_levels_add(&l->levels[i], f.at, f.n, &level))
        return fail_memory(l);
    report->has_many = l->levels[i].n > (is_category ? NN_CSV_MOST_LEVELS : NN_CSV_MOST_OPEN);
    if (!report->has_many)
        return AD_OK;
    nn_levels_release(&l->levels[i]);
    if (is_category)
        return refuse(l, i, nn_csv_put_many_levels);
    column->was_open = column->is_open;
    column->kind = column->is_open ? NN_COLUMN_NUMBER : column->kind;
    column->is_open = false;
    return AD_OK;
}

static ad_status look_at_label(looking *l, size_t i)
{
    if (!l->at[i].refused && nn_csv_is_unknown_label(&l->columns, i, &l->classes))
        return refuse(l, i, nn_csv_put_unknown_label);
    nn_csv_count_label(&l->columns, i);
    return AD_OK;
}

static ad_status look_at_value(looking *l, size_t i)
{
    const nn_csv_column *column = &l->columns.at[i];
    const bool is_feature = nn_csv_is_feature(column->kind);
    if (column->kind == NN_COLUMN_IGNORED || column->kind == NN_COLUMN_ID)
        return AD_OK;
    if (nn_csv_is_missing(&l->columns, l->records.fields[i])) {
        l->at[i].missing++;
        l->look->report.missing++;
        return is_feature && l->options.keep_missing ? AD_OK : refuse(l, i, nn_csv_put_error);
    }
    const ad_status status = has_numbers(column)               ? look_at_number(l, i)
                             : column->kind == NN_COLUMN_LABEL ? look_at_label(l, i)
                                                               : AD_OK;
    return status == AD_OK && (is_feature || column->kind == NN_COLUMN_LABEL) ? count_level(l, i) : status;
}

static ad_status look_at_row(looking *l)
{
    ad_status status = AD_OK;
    for (size_t i = 0; i < l->columns.n && status == AD_OK; i++)
        status = look_at_value(l, i);
    return status;
}

/* ---- The report -------------------------------------------------------------------------------------------------- */

static int by_count(const void *a, const void *b)
{
    const nn_csv_level *x = a, *y = b;
    return x->count == y->count ? strcmp(x->text, y->text) : (x->count < y->count) - (x->count > y->count);
}

static ad_status settle_levels(looking *l, size_t i)
{
    const nn_levels *levels = &l->levels[i];
    nn_csv_level *at = levels->n ? nn_store_take(&l->look->store, levels->n, sizeof *at) : NULL;
    if (levels->n == 0)
        return AD_OK;
    if (!at)
        return fail_memory(l);
    for (size_t k = 0; k < levels->n; k++)
        at[k] = (nn_csv_level){.text = levels->at[k].text, .count = levels->at[k].count};
    qsort(at, levels->n, sizeof *at, by_count);
    l->at[i].levels = at;
    l->at[i].n_levels = levels->n;
    return AD_OK;
}

static ad_status settle(looking *l)
{
    ad_status status = AD_OK;
    for (size_t i = 0; i < l->columns.n && status == AD_OK; i++) {
        nn_csv_column_report *report = &l->at[i];
        nn_csv_column *column = &l->columns.at[i];
        column->kind = column->is_open ? NN_COLUMN_NUMBER : column->kind;
        report->kind = column->kind;
        if (report->kind == NN_COLUMN_CATEGORY)
            report->numbers = 0;
        if (report->numbers == 0)
            report->least = report->largest = report->mean = (double)NAN;
        status = settle_levels(l, i);
    }
    l->look->report.rows = l->records.rows;
    l->look->report.at = l->at;
    l->look->report.n = l->columns.n;
    l->look->report.name = nn_store_text(&l->look->store, l->records.source->name);
    l->look->report.notes = nn_csv_notes(&l->columns, l->levels, l->records.rows, &l->look->store);
    return status == AD_OK && !(l->look->report.name && l->look->report.notes) ? fail_memory(l) : status;
}

static ad_status take_classes(looking *l)
{
    uint32_t level;
    const nn_column *like = l->columns.label == NN_CSV_NONE ? NULL : l->columns.at[l->columns.label].like;
    l->classes = (nn_levels){.pool = &l->pool, .memory = l->look->store.memory};
    for (size_t k = 0; like && k < like->levels.n; k++)
        if (!nn_levels_add(&l->classes, like->levels.at[k], strlen(like->levels.at[k]), &level))
            return fail_memory(l);
    return AD_OK;
}

static ad_status begin(looking *l)
{
    const size_t n = l->columns.n;
    l->levels = nn_store_take(&l->look->store, n, sizeof *l->levels);
    l->at = nn_store_take(&l->look->store, n, sizeof *l->at);
    if (!l->levels || !l->at)
        return fail_memory(l);
    for (size_t i = 0; i < n; i++) {
        l->levels[i] = (nn_levels){.pool = &l->pool, .memory = l->look->store.memory};
        l->at[i].name = l->columns.at[i].name;
    }
    return take_classes(l);
}

static ad_status look_through(looking *l)
{
    ad_status status = nn_csv_records_next(&l->records);
    if (status == AD_OK)
        status = nn_csv_columns_make(&l->columns, &l->records, &l->options, &l->look->store);
    if (status == AD_OK)
        status = begin(l);
    if (status == AD_OK && l->options.no_header)
        status = look_at_row(l);
    while (status == AD_OK && (status = nn_csv_records_next(&l->records)) == AD_OK && l->records.n > 0)
        status = look_at_row(l);
    return status == AD_OK ? settle(l) : status;
}

/* ---- Calls ------------------------------------------------------------------------------------------------------- */

static const nn_csv_options defaults = {.label = NULL};

/* An empty look; NULL if memory is out. */
static nn_csv_look *open_look(const ad_allocator *allocator)
{
    nn_dataset *dataset = nn_dataset_open(&(nn_dataset_options){.allocator = allocator});
    nn_csv_look *look = dataset ? ad_memory_take(&dataset->memory, 1, sizeof *look) : NULL;
    if (look)
        *look = (nn_csv_look){.dataset = dataset, .store = {.memory = &dataset->memory}};
    else
        nn_dataset_close(dataset);
    return look;
}

/* Looks at a source, which was opened with this status, and closes it. */
static void look_at(nn_csv_look *look, nn_source *source, const nn_csv_options *options, char delimiter,
                    ad_status status)
{
    looking l = {.look = look, .options = *options, .records = {.source = source}, .pool = {.store = &look->store}};
    if (status == AD_OK)
        status = nn_csv_records_open(&l.records, source, delimiter, !options->no_header);
    if (status == AD_OK)
        look_through(&l);
    for (size_t i = 0; l.levels && i < l.columns.n; i++)
        nn_levels_release(&l.levels[i]);
    nn_levels_release(&l.classes);
    nn_csv_records_close(&l.records);
    nn_source_close(source);
}

nn_csv_look *nn_csv_look_at(const char *path, const nn_csv_options *options, const ad_allocator *allocator)
{
    char delimiter;
    nn_source source;
    nn_csv_look *look = open_look(allocator);
    options = options ? options : &defaults;
    if (look && !path)
        nn_dataset_fail(look->dataset, AD_BAD_VALUE, "the path is NULL; give the path of a table");
    else if (look && nn_csv_form(look->dataset, path, options, &delimiter) == AD_OK)
        look_at(look, &source, options, delimiter, nn_source_open(&source, look->dataset, path, NN_CSV_REMEDY));
    return look;
}

nn_csv_look *nn_csv_look_at_stream(nn_stream stream, const nn_csv_options *options, const ad_allocator *allocator)
{
    char delimiter;
    nn_source source;
    nn_csv_look *look = open_look(allocator);
    options = options ? options : &defaults;
    if (look && !stream.file)
        nn_dataset_fail(look->dataset, AD_BAD_VALUE,
                        "nn_csv_look_at_stream: there is no FILE; give one that is open for reading");
    else if (look && nn_csv_form(look->dataset, nn_stream_name(stream), options, &delimiter) == AD_OK)
        look_at(look, &source, options, delimiter,
                nn_source_open_stream(&source, look->dataset, stream, NN_CSV_REMEDY));
    return look;
}

void nn_csv_look_close(nn_csv_look *look)
{
    if (!look)
        return;
    nn_dataset *dataset = look->dataset;
    nn_store_release(&look->store);
    ad_memory_release(&dataset->memory, look, 1, sizeof *look);
    nn_dataset_close(dataset);
}

const nn_csv_report *nn_csv_look_report(const nn_csv_look *look)
{
    return look && look->dataset->status == AD_OK ? &look->report : NULL;
}

ad_status nn_csv_look_status(const nn_csv_look *look) { return look ? look->dataset->status : AD_BAD_HANDLE; }

const char *nn_csv_look_message(const nn_csv_look *look)
{
    return look ? look->dataset->message : "the look is NULL; make one with nn_csv_look_at";
}
