/* What data are told apart by. */
#include "fingerprint.h"

#include <string.h>

#include "feed.h"
#include "view.h"

/* FNV-1a (Fowler, Noll, Vo). */
static uint64_t add(uint64_t hash, const void *bytes, size_t n)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* Numbers of each type count as f64. */
static uint64_t add_row(uint64_t hash, const nn_data *data, int64_t row)
{
    for (int64_t j = 0; j < data->columns; j++) {
        const double x = nn_feature_at(data, nn_row_of(data, row) * data->columns + j);
        hash = add(hash, &x, sizeof x);
    }
    return hash;
}

nn_fingerprint nn_fingerprint_of(const nn_data *whole)
{
    const nn_data ends = nn_in_memory(whole), *data = &ends;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < data->schema.n; i++) {
        const char *name = data->schema.at[i].name ? data->schema.at[i].name : "";
        hash = add(hash, name, strlen(name) + 1);
    }
    if (data->features) {
        hash = add_row(hash, data, 0);
        hash = add_row(hash, data, data->rows - 1);
    }
    return (nn_fingerprint){.rows = whole->rows, .columns = data->columns, .hash = hash};
}
