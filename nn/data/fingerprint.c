/* What data are told apart by. */
#include "fingerprint.h"

#include <string.h>

#include "../hash.h"
#include "columns.h"
#include "feed.h"
#include "view.h"

static uint64_t add_name(uint64_t hash, const char *name)
{
    return nn_hash_more(hash, name ? name : "", strlen(name ? name : "") + 1);
}

/* The names of columns with features, and then those of labels and targets: a schema of an estimator has this order,
 * and no other columns. */
static uint64_t add_names(uint64_t hash, const nn_schema *schema)
{
    for (size_t i = 0; i < schema->n; i++)
        if (nn_column_features(&schema->at[i]))
            hash = add_name(hash, schema->at[i].name);
    for (size_t i = 0; i < schema->n; i++)
        if (schema->at[i].kind == NN_COLUMN_LABEL || schema->at[i].kind == NN_COLUMN_TARGET)
            hash = add_name(hash, schema->at[i].name);
    return hash;
}

/* A category counts as its text: an estimator does not have the levels that no row has, so that numbers of levels
 * differ where a table is read again by its schema. */
static uint64_t add_feature(uint64_t hash, const nn_column *column, double x)
{
    const bool is_level = column && column->kind == NN_COLUMN_CATEGORY && x >= 0 && x < (double)column->levels.n;
    return is_level ? add_name(hash, column->levels.at[(size_t)x]) : nn_hash_more(hash, &x, sizeof x);
}

/* Numbers of each type count as f64. */
static uint64_t add_row(uint64_t hash, const nn_data *data, int64_t row)
{
    const nn_schema *schema = &data->schema;
    size_t column = 0;
    int64_t end = schema->n ? nn_column_features(&schema->at[0]) : data->columns; /* of the features of the column */
    for (int64_t j = 0; j < data->columns; j++) {
        while (j >= end && column + 1 < schema->n)
            end += nn_column_features(&schema->at[++column]);
        const double x = nn_feature_at(data, nn_row_of(data, row) * data->columns + j);
        hash = add_feature(hash, schema->n ? &schema->at[column] : NULL, x);
    }
    return hash;
}

nn_fingerprint nn_fingerprint_of(const nn_data *whole)
{
    const nn_data ends = nn_in_memory(whole), *data = &ends;
    uint64_t hash = add_names(NN_HASH_OF_NOTHING, &data->schema);
    if (data->features) {
        hash = add_row(hash, data, 0);
        hash = add_row(hash, data, data->rows - 1);
    }
    return (nn_fingerprint){.rows = whole->rows, .columns = data->columns, .hash = hash};
}
