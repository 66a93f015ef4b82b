/* What a network's inputs are made of, learnt from data or from a file. */
#include "encoding.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "columns.h"
#include "feed.h"
#include "text_order.h"
#include "view.h"

/* ---- Room -------------------------------------------------------------------------------------------------------- */

/* An encoding of the same options with room for so many columns. It is released whether or not memory is out. */
static bool make_fresh(nn_encoding *fresh, const nn_encoding *like, int64_t columns)
{
    const size_t d = (size_t)columns;
    *fresh = (nn_encoding){.kind = like->kind,
                           .constant = like->constant,
                           .impute = like->impute,
                           .memory = like->memory,
                           .columns = columns};
    fresh->store.memory = like->memory;
    fresh->scaling = (nn_scaling){.kind = like->kind, .constant = like->constant, .memory = like->memory};
    fresh->fill = nn_store_take(&fresh->store, d, sizeof *fresh->fill);
    fresh->has_missing = nn_store_take(&fresh->store, d, sizeof *fresh->has_missing);
    fresh->filled = nn_store_take(&fresh->store, d, sizeof *fresh->filled);
    fresh->levels = nn_store_take(&fresh->store, d, sizeof *fresh->levels);
    return fresh->fill && fresh->has_missing && fresh->filled && fresh->levels;
}

void nn_encoding_release(nn_encoding *e)
{
    nn_scaling_release(&e->scaling);
    nn_store_release(&e->store);
    *e = (nn_encoding){.kind = e->kind, .constant = e->constant, .impute = e->impute, .memory = e->memory};
}

/* ---- Columns ----------------------------------------------------------------------------------------------------- */

/* Copies a column. Of the levels those that `seen` [levels] names; NULL: all. */
static bool copy_column(nn_column *copy, const nn_column *c, const bool *seen, nn_store *store)
{
    const bool has_name = nn_column_has_name(c);
    *copy = (nn_column){.kind = c->kind, .width = nn_column_features(c)};
    copy->name = has_name ? nn_store_text(store, c->name) : NULL;
    if (has_name && !copy->name)
        return false;
    if (c->kind != NN_COLUMN_CATEGORY)
        return true;
    size_t n = 0, at = 0;
    for (size_t i = 0; i < c->levels.n; i++)
        n += !seen || seen[i];
    const char **levels = nn_store_take(store, n, sizeof *levels);
    for (size_t i = 0; levels && i < c->levels.n; i++)
        if (!seen || seen[i]) {
            levels[at] = nn_store_text(store, c->levels.at[i]);
            if (!levels[at++])
                return false;
        }
    copy->levels = (nn_texts){levels, n};
    return levels != NULL;
}

/* Finds the levels that the rows have, in one pass: seen[i] [levels] of category i, NULL of a number. Returns NULL if
 * memory is out. */
static bool **find_seen(const nn_data *data, nn_store *room)
{
    const nn_schema *schema = &data->schema;
    bool **seen = nn_store_take(room, schema->n, sizeof *seen), is_well = seen;
    for (size_t i = 0; is_well && i < schema->n; i++)
        if (schema->at[i].kind == NN_COLUMN_CATEGORY) {
            seen[i] = nn_store_take(room, schema->at[i].levels.n, sizeof **seen);
            is_well = seen[i];
        }
    for (nn_parts p = nn_parts_of(data); is_well && nn_next_part(&p);)
        for (int64_t row = 0; row < p.part.rows; row++) {
            int64_t at = nn_row_of(&p.part, row) * data->columns;
            for (size_t i = 0; i < schema->n; at += nn_column_features(&schema->at[i++])) {
                const double x = seen[i] ? nn_feature_at(&p.part, at) : (double)NAN;
                if (!isnan(x))
                    seen[i][(size_t)x] = true;
            }
        }
    return is_well ? seen : NULL;
}

static bool has_categories(const nn_schema *schema)
{
    size_t i = 0;
    while (i < schema->n && schema->at[i].kind != NN_COLUMN_CATEGORY)
        i++;
    return i < schema->n;
}

/* What is true of rows, if it can be found by a name. */
static bool is_truth(const nn_column *c)
{
    return (c->kind == NN_COLUMN_LABEL || c->kind == NN_COLUMN_TARGET) && nn_column_has_name(c);
}

/* Copies the columns that have features, with the levels that rows of `data` have; without data with all levels. Those
 * of labels and targets follow. */
static bool copy_schema(nn_encoding *e, const nn_schema *schema, const nn_data *data, nn_store *room)
{
    nn_column *columns = nn_store_take(&e->store, schema->n, sizeof *columns);
    const bool looks = data && has_categories(schema);
    bool **seen = looks ? find_seen(data, room) : NULL;
    if (!columns || (looks && !seen))
        return false;
    for (size_t i = 0; i < schema->n; i++) {
        const nn_column *c = &schema->at[i];
        if (nn_column_features(c) && !copy_column(&columns[e->schema.n++], c, seen ? seen[i] : NULL, &e->store))
            return false;
    }
    e->schema.at = e->all.at = columns;
    e->truth = columns + e->schema.n;
    e->all.n = e->schema.n;
    for (size_t i = 0; i < schema->n; i++)
        if (is_truth(&schema->at[i]) && !copy_column(&columns[e->all.n++], &schema->at[i], NULL, &e->store))
            return false;
    return true;
}

/* ---- Names and levels that are there twice ----------------------------------------------------------------------- */

static ad_status check_names(const nn_schema *schema, nn_store *room, nn_writer *w)
{
    nn_placed_text *names = nn_store_take(room, schema->n, sizeof *names);
    size_t n = 0;
    if (!names)
        return AD_NO_MEMORY;
    for (size_t i = 0; i < schema->n; i++)
        if (nn_column_has_name(&schema->at[i]) && nn_column_features(&schema->at[i]))
            names[n++] = (nn_placed_text){schema->at[i].name, i};
    nn_sort_texts(names, n);
    const nn_placed_text *twice = nn_find_twice(names, n);
    if (!twice)
        return AD_OK;
    nn_put(w, "two columns are called ");
    nn_put_name(w, twice->text);
    nn_put_format(w, " (%zu and %zu); rename one", (twice - 1)->at, twice->at);
    return AD_BAD_VALUE;
}

static ad_status check_levels(const nn_schema *schema, size_t column, nn_store *room, nn_writer *w)
{
    const nn_texts *levels = &schema->at[column].levels;
    nn_placed_text *texts = nn_store_take(room, levels->n, sizeof *texts);
    if (!texts)
        return AD_NO_MEMORY;
    for (size_t i = 0; i < levels->n; i++)
        texts[i] = (nn_placed_text){levels->at[i], i};
    nn_sort_texts(texts, levels->n);
    const nn_placed_text *twice = nn_find_twice(texts, levels->n);
    if (!twice)
        return AD_OK;
    nn_put_column(w, schema, column);
    nn_put_format(w, ": levels %zu and %zu are both ", (twice - 1)->at, twice->at);
    nn_put_name(w, twice->text);
    nn_put(w, "; give each level a text of its own");
    return AD_BAD_VALUE;
}

static ad_status check_twice(const nn_schema *schema, nn_store *room, nn_writer *w)
{
    ad_status status = check_names(schema, room, w);
    for (size_t i = 0; status == AD_OK && i < schema->n; i++)
        if (schema->at[i].kind == NN_COLUMN_CATEGORY)
            status = check_levels(schema, i, room, w);
    return status;
}

/* ---- Inputs ------------------------------------------------------------------------------------------------------ */

/* Finds what follows from schema, scaling, fill and has_missing. */
static ad_status derive(nn_encoding *e, nn_writer *w)
{
    size_t column = 0;
    int64_t within = 0;
    e->is_plain = e->impute == NN_IMPUTE_REFUSE;
    for (int64_t j = 0; j < e->columns; j++) {
        const nn_column *c = e->schema.n ? &e->schema.at[column] : NULL;
        const bool is_number = !c || c->kind == NN_COLUMN_NUMBER;
        const bool is_told = e->has_missing[j] && (is_number ? e->impute == NN_IMPUTE_LEVEL : e->impute != 0);
        e->levels[j] = is_number ? -1 : (int32_t)c->levels.n;
        e->inputs += (is_number ? 1 : e->levels[j]) + is_told;
        e->is_plain &= is_number;
        e->has_missing[j] = is_told;
        within++;
        if (c && within == nn_column_features(c)) {
            column++;
            within = 0;
        }
    }
    nn_scaling_rows(&e->scaling, e->fill, 1, e->filled);
    if (e->inputs <= INT32_MAX)
        return AD_OK;
    nn_put_format(w, "the network would have %" PRId64 " inputs; at most %d can be used: ", e->inputs, INT32_MAX);
    nn_put(w, "is a category with many levels a number, or an id?");
    return AD_BAD_SHAPE;
}

/* ---- Learning ---------------------------------------------------------------------------------------------------- */

/* Counts missing values. A number without any other has no mean. */
static ad_status count_missing(nn_encoding *e, const nn_data *data, const bool *is_category, nn_store *room,
                               nn_writer *w)
{
    int64_t *missing = nn_store_take(room, (size_t)data->columns, sizeof *missing);
    if (!missing)
        return AD_NO_MEMORY;
    if (data->feed)
        memcpy(missing, nn_feed_missing(data->feed), (size_t)data->columns * sizeof *missing);
    else if (nn_may_miss(data->element))
        for (int64_t i = 0; i < data->rows; i++)
            for (int64_t j = 0, at = nn_row_of(data, i) * data->columns; j < data->columns; j++)
                missing[j] += isnan(nn_feature_at(data, at + j));
    for (int64_t j = 0; j < data->columns; j++) {
        e->has_missing[j] = missing[j] > 0;
        if (missing[j] < data->rows || is_category[j])
            continue;
        nn_put_feature(w, &data->schema, j);
        nn_put_format(w, ": all %" PRId64 " rows to learn from are without a value (NaN); leave the column out",
                      data->rows);
        return AD_BAD_VALUE;
    }
    return AD_OK;
}

/* Means of what is there. */
static ad_status learn_fill(nn_encoding *e, const nn_data *data, const bool *is_category)
{
    nn_scaling means = {.kind = NN_SCALE_FEATURE, .memory = e->memory};
    const ad_status status = nn_scaling_learn_some(&means, data, is_category, true);
    if (status == AD_OK)
        memcpy(e->fill, means.mean, (size_t)e->columns * sizeof *e->fill);
    nn_scaling_release(&means);
    return status;
}

static bool *find_categories(const nn_data *data, nn_store *room)
{
    bool *is_category = nn_store_take(room, (size_t)data->columns, sizeof *is_category);
    int64_t feature = 0;
    for (size_t i = 0; is_category && i < data->schema.n; i++) {
        if (data->schema.at[i].kind == NN_COLUMN_CATEGORY)
            is_category[feature] = true;
        feature += nn_column_features(&data->schema.at[i]);
    }
    return is_category;
}

static ad_status learn_columns(nn_encoding *e, const nn_data *data, nn_store *room, nn_writer *w)
{
    if (data->schema.n == 0)
        return AD_OK;
    const ad_status status = check_twice(&data->schema, room, w);
    if (status != AD_OK)
        return status;
    return copy_schema(e, &data->schema, data, room) ? AD_OK : AD_NO_MEMORY;
}

static ad_status learn_into(nn_encoding *e, const nn_data *data, nn_store *room, nn_writer *w)
{
    const bool fills = e->impute != NN_IMPUTE_REFUSE;
    ad_status status = learn_columns(e, data, room, w);
    const bool *is_category = status == AD_OK ? find_categories(data, room) : NULL;
    if (!is_category)
        return status == AD_OK ? AD_NO_MEMORY : status;
    if (fills)
        status = count_missing(e, data, is_category, room, w);
    if (status == AD_OK)
        status = nn_scaling_learn_some(&e->scaling, data, data->schema.n ? is_category : NULL, fills);
    if (status == AD_OK && fills)
        status = learn_fill(e, data, is_category);
    return status == AD_OK ? derive(e, w) : status;
}

ad_status nn_encoding_learn(nn_encoding *encoding, const nn_data *data, char *message, size_t size)
{
    nn_encoding fresh;
    nn_store room = {.memory = encoding->memory};
    nn_writer w = nn_writer_into(message, size);
    ad_status status = make_fresh(&fresh, encoding, data->columns) ? AD_OK : AD_NO_MEMORY;
    if (status == AD_OK)
        status = learn_into(&fresh, data, &room, &w);
    nn_store_release(&room);
    nn_encoding_release(status == AD_OK ? encoding : &fresh);
    if (status == AD_OK)
        *encoding = fresh;
    return status;
}

/* ---- Files ------------------------------------------------------------------------------------------------------- */

/* Whether numbers are finite and sizes go together. A category has a level, or is told where it is missing. */
static bool is_sound(const nn_encoding *e, const nn_learnt *learnt)
{
    int64_t feature = 0;
    char message[8];
    if (learnt->columns < 1 || learnt->columns > INT32_MAX ||
        nn_schema_check(&learnt->schema, learnt->columns, message, sizeof message) != AD_OK)
        return false;
    for (int64_t j = 0; j < learnt->columns; j++)
        if (!isfinite(learnt->mean[j]) || !isfinite(learnt->rest[j]) || !isfinite(learnt->inverse[j]) ||
            !isfinite(learnt->fill[j]) || learnt->has_missing[j] > (e->impute != NN_IMPUTE_REFUSE))
            return false;
    for (size_t i = 0; i < learnt->schema.n; i++) {
        const nn_column *c = &learnt->schema.at[i];
        const int64_t features = nn_column_features(c);
        if ((!features && !is_truth(c)) ||
            (c->kind == NN_COLUMN_CATEGORY && c->levels.n == 0 && !learnt->has_missing[feature]))
            return false;
        feature += features;
    }
    return true;
}

static ad_status restore_into(nn_encoding *e, const nn_learnt *learnt, nn_store *room)
{
    char message[8];
    nn_writer w = nn_writer_into(message, sizeof message);
    if (learnt->schema.n) {
        const ad_status twice = check_twice(&learnt->schema, room, &w);
        if (twice != AD_OK)
            return twice;
        if (!copy_schema(e, &learnt->schema, NULL, room))
            return AD_NO_MEMORY;
    }
    for (int64_t j = 0; j < e->columns; j++) {
        e->fill[j] = learnt->fill[j];
        e->has_missing[j] = learnt->has_missing[j];
    }
    const ad_status status =
        nn_scaling_restore(&e->scaling, learnt->columns, learnt->mean, learnt->rest, learnt->inverse);
    return status == AD_OK && derive(e, &w) != AD_OK ? AD_BAD_VALUE : status;
}

ad_status nn_encoding_restore(nn_encoding *encoding, const nn_learnt *learnt)
{
    nn_encoding fresh;
    nn_store room = {.memory = encoding->memory};
    if (!is_sound(encoding, learnt))
        return AD_BAD_VALUE;
    ad_status status = make_fresh(&fresh, encoding, learnt->columns) ? AD_OK : AD_NO_MEMORY;
    if (status == AD_OK)
        status = restore_into(&fresh, learnt, &room);
    nn_store_release(&room);
    nn_encoding_release(status == AD_OK ? encoding : &fresh);
    if (status == AD_OK)
        *encoding = fresh;
    return status;
}

enum { LEARNT_BYTES = 4 * sizeof(double) + sizeof(uint8_t) };

ad_status nn_learnt_take(nn_learnt *learnt, const nn_encoding *e, ad_memory *memory)
{
    const size_t d = (size_t)e->columns;
    *learnt = (nn_learnt){.columns = 0};
    double *block = ad_memory_take(memory, d, LEARNT_BYTES);
    if (!block)
        return AD_NO_MEMORY;
    double *inverse = block + 2 * d;
    uint8_t *has_missing = (uint8_t *)(void *)(block + 4 * d);
    memcpy(block, e->scaling.mean, d * sizeof *block);
    memcpy(block + d, e->scaling.rest, d * sizeof *block);
    memcpy(block + 3 * d, e->fill, d * sizeof *block);
    for (size_t j = 0; j < d; j++) {
        inverse[j] = (double)e->scaling.inverse[j] * e->scaling.unit[j];
        has_missing[j] = e->has_missing[j];
    }
    *learnt = (nn_learnt){.schema = e->all,
                          .columns = e->columns,
                          .mean = block,
                          .rest = block + d,
                          .inverse = inverse,
                          .fill = block + 3 * d,
                          .has_missing = has_missing};
    return AD_OK;
}

void nn_learnt_release(nn_learnt *learnt, ad_memory *memory)
{
    ad_memory_release(memory, (void *)learnt->mean, (size_t)learnt->columns, LEARNT_BYTES);
    *learnt = (nn_learnt){.columns = 0};
}
