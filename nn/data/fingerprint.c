/* What data are told apart by. */
#include "fingerprint.h"

#include <string.h>

#include "../hash.h"
#include "feed.h"
#include "view.h"

/* Numbers of each type count as f64. */
static uint64_t add_row(uint64_t hash, const nn_data *data, int64_t row)
{
    for (int64_t j = 0; j < data->columns; j++) {
        const double x = nn_feature_at(data, nn_row_of(data, row) * data->columns + j);
        hash = nn_hash_more(hash, &x, sizeof x);
    }
    return hash;
}

nn_fingerprint nn_fingerprint_of(const nn_data *whole)
{
    const nn_data ends = nn_in_memory(whole), *data = &ends;
    uint64_t hash = NN_HASH_OF_NOTHING;
    for (size_t i = 0; i < data->schema.n; i++) {
        const nn_column *column = &data->schema.at[i];
        const char *name = column->name ? column->name : "";
        if (column->kind > NN_COLUMN_CATEGORY) /* data read by a model's columns have no others, or have them last */
            continue;
        hash = nn_hash_more(hash, name, strlen(name) + 1);
    }
    if (data->features) {
        hash = add_row(hash, data, 0);
        hash = add_row(hash, data, data->rows - 1);
    }
    return (nn_fingerprint){.rows = whole->rows, .columns = data->columns, .hash = hash};
}
