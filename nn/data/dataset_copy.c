/* Copies of data that a data set owns. */
#include <inttypes.h>
#include <string.h>

#include "data_check.h"
#include "dataset.h"
#include "view.h"

static const char function[] = "nn_dataset_copy";

static ad_status fail_memory(nn_dataset *dataset, size_t bytes)
{
    return nn_dataset_fail(dataset, AD_NO_MEMORY,
                           "%s: memory is out: %zu bytes are needed; copy fewer rows or free some", function, bytes);
}

/* ---- Checks ------------------------------------------------------------------------------------------------------ */

static ad_status check_targets(nn_dataset *dataset, const nn_data *data)
{
    const size_t bytes = nn_element_bytes(data->target_element);
    if (!data->targets)
        return AD_OK;
    if (bytes == 0)
        return nn_dataset_fail(dataset, AD_BAD_TYPE,
                               "%s: unknown target_element %d; set it to NN_F32 or another nn_element", function,
                               (int)data->target_element);
    if (data->n_targets < 0 || (uint64_t)data->n_targets > SIZE_MAX / bytes ||
        !ad_multiply_sizes((size_t)nn_array_rows(data), (size_t)data->n_targets * bytes, NULL))
        return nn_dataset_fail(dataset, AD_BAD_SHAPE,
                               "%s: n_targets is %" PRId64 " for %" PRId64 " rows; give the number for each row",
                               function, data->n_targets, nn_array_rows(data));
    return AD_OK;
}

static ad_status check_ids(nn_dataset *dataset, const nn_data *data)
{
    const size_t bytes = sizeof *data->ids;
    if (!data->ids || (data->n_ids >= 0 && (uint64_t)data->n_ids <= SIZE_MAX / bytes &&
                       ad_multiply_sizes((size_t)nn_array_rows(data), (size_t)data->n_ids * bytes, NULL)))
        return AD_OK;
    return nn_dataset_fail(dataset, AD_BAD_SHAPE,
                           "%s: n_ids is %" PRId64 " for %" PRId64 " rows; give the number for each row", function,
                           data->n_ids, nn_array_rows(data));
}

static ad_status check(nn_dataset *dataset, const nn_data *data)
{
    char reason[512];
    ad_status status = nn_view_check(data, reason, sizeof reason);
    if (status != AD_OK)
        return nn_dataset_fail(dataset, status, "%s: %s", function, reason);
    if (!data->features)
        return nn_dataset_fail(dataset, AD_BAD_VALUE, "%s: features are NULL; give an array [%" PRId64 ",%" PRId64 "]",
                               function, nn_array_rows(data), data->columns);
    status = check_targets(dataset, data);
    return status == AD_OK ? check_ids(dataset, data) : status;
}

/* ---- Arrays ------------------------------------------------------------------------------------------------------ */

/* A block with the rows of the view, each of so many elements; an array that is not there stays NULL. */
static ad_status copy_rows(nn_dataset *dataset, const nn_data *data, const void *array, int64_t columns, size_t bytes,
                           const void **copy)
{
    if (!array)
        return AD_OK;
    const size_t row = (size_t)columns * bytes, count = (size_t)data->rows * (size_t)columns;
    char *to = ad_memory_take(&dataset->memory, count, bytes);
    if (!to)
        return fail_memory(dataset, count * bytes);
    *copy = to;
    for (int64_t i = 0; i < data->rows; i++)
        memcpy(to + (size_t)i * row, (const char *)array + (size_t)nn_row_of(data, i) * row, row);
    return AD_OK;
}

static ad_status copy_numbers(nn_dataset *dataset, const nn_data *data, nn_data *to)
{
    const void *labels = NULL, *weights = NULL;
    *to = (nn_data){.element = data->element,
                    .rows = data->rows,
                    .columns = data->columns,
                    .target_element = data->target_element,
                    .n_targets = data->targets && data->n_targets == 0 ? 1 : data->n_targets,
                    .n_ids = !data->ids    ? 0
                             : data->n_ids ? data->n_ids
                                           : 1};
    ad_status status =
        copy_rows(dataset, data, data->features, to->columns, nn_element_bytes(to->element), &to->features);
    if (status == AD_OK)
        status =
            copy_rows(dataset, data, data->targets, to->n_targets, nn_element_bytes(to->target_element), &to->targets);
    if (status == AD_OK)
        status = copy_rows(dataset, data, data->labels, 1, sizeof *data->labels, &labels);
    if (status == AD_OK)
        status = copy_rows(dataset, data, data->weights, 1, sizeof *data->weights, &weights);
    to->labels = labels;
    to->weights = weights;
    return status;
}

/* ---- Texts ------------------------------------------------------------------------------------------------------- */

/* The texts at n pointers of an array become copies, which lie one after the other in one block of the store. */
static ad_status copy_texts(nn_dataset *dataset, nn_store *store, const char **texts, size_t n)
{
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++)
        bytes += texts[i] ? strlen(texts[i]) + 1 : 0;
    char *to = nn_store_take(store, bytes, 1);
    if (!to)
        return fail_memory(dataset, bytes);
    for (size_t i = 0; i < n; i++)
        if (texts[i]) {
            const size_t length = strlen(texts[i]) + 1;
            texts[i] = memcpy(to, texts[i], length);
            to += length;
        }
    return AD_OK;
}

/* Texts of the rows, so many of each. */
static ad_status copy_row_texts(nn_dataset *dataset, const nn_data *data, const char *const *texts, int64_t columns,
                                nn_store *store, const char *const **copy)
{
    const void *rows = NULL;
    ad_status status = copy_rows(dataset, data, texts, columns, sizeof *texts, &rows);
    const size_t n = (size_t)data->rows * (size_t)columns;
    *copy = rows;
    return status == AD_OK && rows ? copy_texts(dataset, store, (const char **)rows, n) : status;
}

static ad_status copy_column(nn_dataset *dataset, nn_store *store, nn_column *column)
{
    ad_status status = column->name ? copy_texts(dataset, store, &column->name, 1) : AD_OK;
    const size_t n = column->levels.n;
    if (status != AD_OK || n == 0)
        return status;
    const char **levels = nn_store_copy(store, column->levels.at, n, sizeof *levels);
    column->levels.at = levels;
    return levels ? copy_texts(dataset, store, levels, n) : fail_memory(dataset, n * sizeof *levels);
}

static ad_status copy_schema(nn_dataset *dataset, nn_schema schema, nn_content *to)
{
    if (schema.n == 0)
        return AD_OK;
    nn_column *columns = nn_store_copy(&to->store, schema.at, schema.n, sizeof *columns);
    if (!columns)
        return fail_memory(dataset, schema.n * sizeof *columns);
    ad_status status = AD_OK;
    for (size_t i = 0; i < schema.n && status == AD_OK; i++)
        status = copy_column(dataset, &to->store, &columns[i]);
    to->data.schema = (nn_schema){columns, schema.n};
    return status;
}

/* ---- The whole --------------------------------------------------------------------------------------------------- */

static ad_status copy_content(nn_dataset *dataset, const nn_data *data, nn_content *to)
{
    ad_status status = copy_numbers(dataset, data, &to->data);
    if (status == AD_OK)
        status = copy_row_texts(dataset, data, data->label_texts, 1, &to->store, &to->data.label_texts);
    if (status == AD_OK)
        status = copy_row_texts(dataset, data, data->ids, to->data.n_ids, &to->store, &to->data.ids);
    return status == AD_OK ? copy_schema(dataset, data->schema, to) : status;
}

ad_status nn_dataset_copy(nn_dataset *dataset, const nn_data *data)
{
    if (!dataset)
        return AD_BAD_HANDLE;
    nn_dataset_begin(dataset);
    ad_status status = check(dataset, data);
    if (status != AD_OK)
        return status;
    nn_content fresh = nn_content_of(dataset);
    return nn_dataset_settle(dataset, copy_content(dataset, data, &fresh), &fresh);
}
