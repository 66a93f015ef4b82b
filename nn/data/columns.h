#ifndef GRADTAPE_NN_COLUMNS_H
#define GRADTAPE_NN_COLUMNS_H
/* Private to nn: columns of data, checked, and named in messages. */
#include <stdbool.h>

#include <gradtape/data.h>

#include "../options/writer.h"

/* The most levels of a category: f32 holds their numbers exactly. */
enum { NN_MOST_LEVELS = 1 << 24 };

/* The features that a column has. */
static inline int64_t nn_column_features(const nn_column *column)
{
    if (column->kind == NN_COLUMN_NUMBER)
        return column->width ? column->width : 1;
    return column->kind == NN_COLUMN_CATEGORY;
}

static inline bool nn_column_has_name(const nn_column *column) { return column->name && *column->name; }

/* Columns as such, and that their features are as many as those of the data; no columns are right for any data. A
 * failure is written as those of data_check.h are. AD_BAD_VALUE: an array that is NULL, an unknown kind, levels that
 * are NULL or too many. AD_BAD_SHAPE: widths. */
ad_status nn_schema_check(const nn_schema *schema, int64_t features, char *message, size_t size);

/* Write `column "age"`, or `column 3` of one without a name; of a feature of a wide column `column "pixels", feature
 * 12`. Without columns, features are columns. */
void nn_put_column(nn_writer *w, const nn_schema *schema, size_t column);
void nn_put_feature(nn_writer *w, const nn_schema *schema, int64_t feature);

/* "TEXT", shown as nn_put_shown does. */
void nn_put_name(nn_writer *w, const char *name);

#endif
