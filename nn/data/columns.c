/* Columns of data. */
#include "columns.h"

#include <inttypes.h>

/* ---- Names ------------------------------------------------------------------------------------------------------- */

const char *nn_column_kind_name(int kind)
{
    static const char *const names[NN_COLUMN_KIND_COUNT] = {"number", "category", "label",  "target",
                                                            "weight", "id",       "ignored"};
    return (unsigned)kind < NN_COLUMN_KIND_COUNT ? names[kind] : NULL;
}

const char *nn_impute_name(int impute)
{
    static const char *const names[NN_IMPUTE_COUNT] = {"refuse", "mean", "level"};
    return (unsigned)impute < NN_IMPUTE_COUNT ? names[impute] : NULL;
}

nn_column nn_infer_real_valued_columns(const nn_data *data)
{
    return (nn_column){.kind = NN_COLUMN_NUMBER, .width = data ? data->columns : 0};
}

/* ---- Messages ---------------------------------------------------------------------------------------------------- */

void nn_put_name(nn_writer *w, const char *name)
{
    nn_put(w, "\"");
    nn_put_shown(w, name);
    nn_put(w, "\"");
}

void nn_put_column(nn_writer *w, const nn_schema *schema, size_t column)
{
    nn_put(w, "column ");
    if (nn_column_has_name(&schema->at[column]))
        nn_put_name(w, schema->at[column].name);
    else
        nn_put_format(w, "%zu", column);
}

void nn_put_feature(nn_writer *w, const nn_schema *schema, int64_t feature)
{
    size_t i = 0;
    int64_t within = feature;
    while (i < schema->n && within >= nn_column_features(&schema->at[i]))
        within -= nn_column_features(&schema->at[i++]);
    if (i == schema->n) {
        nn_put_format(w, "column %" PRId64, feature);
        return;
    }
    nn_put_column(w, schema, i);
    if (nn_column_features(&schema->at[i]) > 1)
        nn_put_format(w, ", feature %" PRId64, within);
}

/* ---- Checks ------------------------------------------------------------------------------------------------------ */

static ad_status check_levels(const nn_schema *schema, size_t column, nn_writer *w)
{
    const nn_texts *levels = &schema->at[column].levels;
    size_t i = 0;
    if (levels->n > NN_MOST_LEVELS) {
        nn_put_column(w, schema, column);
        nn_put_format(w, " has %zu levels; at most %d can be used: is it a number, or an id?", levels->n,
                      NN_MOST_LEVELS);
        return AD_BAD_VALUE;
    }
    while (levels->at && i < levels->n && levels->at[i])
        i++;
    if (i == levels->n)
        return AD_OK;
    nn_put_column(w, schema, column);
    if (levels->at)
        nn_put_format(w, ": level %zu is NULL; give each level a text", i);
    else
        nn_put_format(w, ": its levels are NULL; give an array of %zu texts", levels->n);
    return AD_BAD_VALUE;
}

static ad_status check_column(const nn_schema *schema, size_t column, nn_writer *w)
{
    const nn_column *c = &schema->at[column];
    const bool is_number = c->kind == NN_COLUMN_NUMBER;
    if (!nn_column_kind_name((int)c->kind)) {
        nn_put_column(w, schema, column);
        nn_put_format(w, " is of the unknown kind %d; use NN_COLUMN_NUMBER or another nn_column_kind", (int)c->kind);
        return AD_BAD_VALUE;
    }
    if (c->width < 0 || (c->width > 1 && !is_number)) {
        nn_put_column(w, schema, column);
        nn_put_format(w, " has the width %" PRId64 "; %s", c->width,
                      is_number ? "it is at least 1, or 0 for 1" : "only a number may be wider than 1");
        return AD_BAD_SHAPE;
    }
    return c->kind == NN_COLUMN_CATEGORY ? check_levels(schema, column, w) : AD_OK;
}

ad_status nn_schema_check(const nn_schema *schema, int64_t features, char *message, size_t size)
{
    nn_writer w = {.text = message, .size = size};
    int64_t left = features;
    if (schema->n == 0)
        return AD_OK;
    if (!schema->at) {
        nn_put_format(&w, "the columns of the schema are NULL; give an array of %zu", schema->n);
        return AD_BAD_VALUE;
    }
    bool is_more = false;
    for (size_t i = 0; i < schema->n; i++) {
        const ad_status status = check_column(schema, i, &w);
        if (status != AD_OK)
            return status;
        const int64_t width = nn_column_features(&schema->at[i]);
        is_more |= width > left;
        left -= is_more ? 0 : width;
    }
    if (!is_more && left == 0)
        return AD_OK;
    nn_put_format(&w, "the numbers and categories of the schema have %s than the %" PRId64 " columns of the data",
                  is_more ? "more features" : "fewer features", features);
    nn_put(&w, "; give each its width, and `columns` their sum");
    return AD_BAD_SHAPE;
}
