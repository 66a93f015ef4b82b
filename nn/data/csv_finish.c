/* What is done when the last row of a table was read. */
#include "csv_labels.h"
#include "csv_notes.h"
#include "csv_reader.h"
#include "decimal.h"

ad_status nn_csv_fail_memory(const nn_csv_reader *r)
{
    char text[NN_DATASET_MESSAGE];
    nn_writer w = nn_writer_into(text, sizeof text);
    nn_csv_put_line(&w, &r->records, r->records.line);
    if (r->is_of_feed)
        nn_put(&w, "memory is out; give the feed a smaller window, or say ");
    else
        nn_put_format(&w, "memory is out after %zu rows; read fewer rows or columns, or say ", r->rows.n);
    nn_put_option(&w, "as_f32", "true");
    return nn_dataset_fail(r->records.source->dataset, AD_NO_MEMORY, "%s", text);
}

/* ---- Features ---------------------------------------------------------------------------------------------------- */

/* The level numbers of a column and what becomes of them. */
typedef struct table {
    double *values; /* NULL: features stay as they are */
    size_t n;
} table;

static void fill_with_numbers(const nn_csv_reader *r, size_t i, table *t)
{
    for (size_t k = 0; k < t->n; k++) {
        const nn_level *level = &r->levels[i].at[k];
        nn_decimal_read(level->text, level->text + level->n, r->columns.point, &t->values[k]);
    }
}

/* The levels of `like` stay where they are. */
static size_t levels_of_like(const nn_csv_reader *r, size_t i)
{
    const nn_column *like = r->columns.at[i].like;
    return like ? like->levels.n : 0;
}

static bool fill_with_places(const nn_csv_reader *r, size_t i, table *t)
{
    ad_memory *memory = r->levels[i].memory;
    uint32_t *place = ad_memory_take(memory, t->n, sizeof *place);
    if (!place)
        return false;
    nn_levels_order(&r->levels[i], levels_of_like(r, i), place);
    for (size_t k = 0; k < t->n; k++)
        t->values[k] = place[k];
    ad_memory_release(memory, place, t->n, sizeof *place);
    return true;
}

static bool make_table(const nn_csv_reader *r, size_t i, table *t)
{
    nn_csv_column *column = &r->columns.at[i];
    const bool is_category = column->kind == NN_COLUMN_CATEGORY;
    if (column->is_open) /* still: it has numbers only, or no values at all */
        column->kind = NN_COLUMN_NUMBER;
    if (!is_category || r->levels[i].n == 0)
        return true;
    t->n = r->levels[i].n;
    t->values = ad_memory_take(r->levels[i].memory, t->n, sizeof *t->values);
    if (!t->values)
        return false;
    if (!column->is_open)
        return fill_with_places(r, i, t);
    fill_with_numbers(r, i, t);
    return true;
}

static void translate_row(const nn_csv_reader *r, const table *tables, void *features)
{
    for (size_t i = 0; i < r->columns.n; i++) {
        const size_t place = r->columns.at[i].place;
        if (!tables[i].values)
            continue;
        const double x = nn_csv_element(r, features, place);
        if (x == x) /* a missing value stays NaN */
            nn_csv_put_element(r, features, place, tables[i].values[(size_t)x]);
    }
}

/* Level numbers become numbers, or the numbers of levels that are in order. */
static ad_status settle_features(nn_csv_reader *r)
{
    const nn_data *data = &r->content.data;
    ad_memory *memory = r->content.store.memory;
    const size_t n = r->columns.n, bytes = (size_t)data->columns * nn_element_bytes(data->element);
    bool has_tables = false, is_well = true;
    table *tables = nn_store_take(&r->content.store, n, sizeof *tables);
    if (!tables)
        return nn_csv_fail_memory(r);
    for (size_t i = 0; i < n && is_well; i++) {
        is_well = make_table(r, i, &tables[i]);
        has_tables = has_tables || tables[i].values;
    }
    for (size_t row = 0; row < (size_t)data->rows && has_tables && is_well; row++)
        translate_row(r, tables, (unsigned char *)data->features + row * bytes);
    for (size_t i = 0; i < n; i++)
        ad_memory_release(memory, tables[i].values, tables[i].n, sizeof *tables[i].values);
    return is_well ? AD_OK : nn_csv_fail_memory(r);
}

/* ---- Labels ------------------------------------------------------------------------------------------------------ */

/* Whole numbers that fit i32, all of them, also those of `like`. */
static bool are_whole(const nn_csv_reader *r)
{
    const nn_levels *levels = &r->levels[r->columns.label];
    int32_t number;
    for (size_t i = 0; i < levels->n; i++)
        if (!nn_csv_is_whole_label(levels->at[i].text, levels->at[i].n, &number))
            return false;
    return true;
}

static ad_status settle_texts(nn_csv_reader *r)
{
    nn_data *data = &r->content.data;
    ad_memory *memory = r->content.store.memory;
    const nn_levels *levels = &r->levels[r->columns.label];
    const char **texts = ad_memory_take(memory, (size_t)data->rows, sizeof *texts);
    if (!texts)
        return nn_csv_fail_memory(r);
    for (int64_t i = 0; i < data->rows; i++)
        texts[i] = levels->at[(uint32_t)data->labels[i]].text;
    ad_memory_release(memory, (void *)data->labels, (size_t)data->rows, sizeof *data->labels);
    data->labels = NULL;
    data->label_texts = texts;
    if (levels->n > levels_of_like(r, r->columns.label)) /* for the schema */
        nn_levels_order(&r->levels[r->columns.label], levels_of_like(r, r->columns.label), NULL);
    return AD_OK;
}

/* The labels are numbers of levels until now. */
static ad_status settle_labels(nn_csv_reader *r, int32_t *labels)
{
    if (!labels)
        return AD_OK;
    if (!are_whole(r))
        return settle_texts(r);
    const nn_levels *levels = &r->levels[r->columns.label];
    for (int64_t i = 0; i < r->content.data.rows; i++) {
        const nn_level *level = &levels->at[(uint32_t)labels[i]];
        nn_csv_is_whole_label(level->text, level->n, &labels[i]);
    }
    return AD_OK;
}

/* ---- Schema ------------------------------------------------------------------------------------------------------ */

static bool take_levels(nn_csv_reader *r, size_t i, nn_texts *texts)
{
    const nn_levels *levels = &r->levels[i];
    const char **at = nn_store_take(&r->content.store, levels->n, sizeof *at);
    for (size_t k = 0; at && k < levels->n; k++)
        at[k] = levels->at[k].text;
    *texts = (nn_texts){.at = at, .n = levels->n};
    return at;
}

static ad_status make_schema(nn_csv_reader *r)
{
    const nn_csv_columns *c = &r->columns;
    nn_column *columns = nn_store_take(&r->content.store, c->n_order, sizeof *columns);
    if (!columns)
        return nn_csv_fail_memory(r);
    for (size_t k = 0; k < c->n_order; k++) {
        const size_t i = c->order[k];
        const bool has_levels = c->at[i].kind == NN_COLUMN_CATEGORY || (i == c->label && r->content.data.label_texts);
        columns[k] = (nn_column){.name = c->at[i].name, .kind = c->at[i].kind};
        if (has_levels && !take_levels(r, i, &columns[k].levels))
            return nn_csv_fail_memory(r);
    }
    r->content.data.schema = (nn_schema){.at = columns, .n = c->n_order};
    return AD_OK;
}

/* ---- All --------------------------------------------------------------------------------------------------------- */

static ad_status take_arrays(nn_csv_reader *r)
{
    void *arrays[NN_ROWS_PARTS];
    const size_t rows = r->rows.n;
    const nn_element element = r->options.as_f32 ? NN_F32 : NN_F64;
    if (!nn_rows_to_arrays(&r->rows, arrays))
        return nn_csv_fail_memory(r);
    r->content.data = (nn_data){.features = arrays[NN_CSV_FEATURES],
                                .element = element,
                                .rows = (int64_t)rows,
                                .columns = (int64_t)r->columns.n_features,
                                .labels = arrays[NN_CSV_LABELS],
                                .targets = arrays[NN_CSV_TARGETS],
                                .target_element = element,
                                .n_targets = (int64_t)r->columns.n_targets,
                                .weights = arrays[NN_CSV_WEIGHTS],
                                .ids = arrays[NN_CSV_IDS],
                                .n_ids = (int64_t)r->columns.n_ids};
    return AD_OK;
}

ad_status nn_csv_finish(nn_csv_reader *r)
{
    ad_status status = take_arrays(r);
    if (status == AD_OK)
        status = settle_labels(r, (int32_t *)r->content.data.labels);
    if (status == AD_OK)
        status = settle_features(r);
    if (status == AD_OK)
        status = make_schema(r);
    if (status != AD_OK)
        return status;
    r->content.notes = nn_csv_notes(&r->columns, r->levels, r->content.data.rows, &r->content.store);
    return r->content.notes ? AD_OK : nn_csv_fail_memory(r);
}

/* Levels and labels that the first pass did not find. */
static bool has_new_levels(const nn_csv_reader *r)
{
    for (size_t i = 0; i < r->columns.n; i++)
        if (r->columns.at[i].kind == NN_COLUMN_CATEGORY && r->levels[i].n > levels_of_like(r, i))
            return true;
    return r->columns.label != NN_CSV_NONE && r->levels[r->columns.label].n > r->labels.n;
}

ad_status nn_csv_finish_part(nn_csv_reader *r)
{
    if (has_new_levels(r))
        return nn_dataset_fail(r->records.source->dataset, AD_BAD_FILE,
                               "%s: changed while it was in use: it has a category or a label that it had not; open "
                               "the feed again",
                               r->records.source->name);
    ad_status status = take_arrays(r);
    if (status == AD_OK)
        status = settle_labels(r, (int32_t *)r->content.data.labels);
    return status;
}
