/* Element types, and the data set that owns its arrays. */
#include "dataset.h"

#include <stdarg.h>
#include <stdio.h>

size_t nn_element_bytes(nn_element element)
{
#define BYTES(name, text, type) [name] = sizeof(type),
    static const size_t bytes[] = {NN_ELEMENT_LIST(BYTES)};
#undef BYTES
    return (unsigned)element < NN_ELEMENT_COUNT ? bytes[element] : 0;
}

const char *nn_element_name(nn_element element)
{
#define NAME(name, text, type) [name] = #text,
    static const char *const names[] = {NN_ELEMENT_LIST(NAME)};
#undef NAME
    return (unsigned)element < NN_ELEMENT_COUNT ? names[element] : "unknown element";
}

nn_dataset *nn_dataset_open(const nn_dataset_options *options)
{
    ad_memory memory = ad_memory_over(options ? options->allocator : NULL);
    nn_dataset *dataset = ad_memory_take(&memory, 1, sizeof *dataset);
    if (dataset)
        *dataset = (nn_dataset){.memory = memory};
    return dataset;
}

void nn_dataset_close(nn_dataset *dataset)
{
    if (!dataset)
        return;
    nn_dataset_drop(dataset, &dataset->data);
    ad_memory memory = dataset->memory; /* a copy: the meter must outlive the block that it is in */
    ad_memory_release(&memory, dataset, 1, sizeof *dataset);
}

nn_data nn_dataset_data(const nn_dataset *dataset) { return dataset ? dataset->data : (nn_data){0}; }

ad_status nn_dataset_status(const nn_dataset *dataset) { return dataset ? dataset->status : AD_BAD_HANDLE; }

const char *nn_dataset_message(const nn_dataset *dataset)
{
    return dataset ? dataset->message : "the data set is NULL; open one with nn_dataset_open";
}

void nn_dataset_begin(nn_dataset *dataset)
{
    dataset->status = AD_OK;
    dataset->message[0] = '\0';
}

ad_status nn_dataset_fail(nn_dataset *dataset, ad_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(dataset->message, sizeof dataset->message, format, arguments);
    va_end(arguments);
    dataset->status = status;
    return status;
}

void nn_dataset_drop(nn_dataset *dataset, nn_data *data)
{
    size_t values = (size_t)data->rows * (size_t)data->columns;
    ad_memory_release(&dataset->memory, (void *)data->features, values, nn_element_bytes(data->element));
    ad_memory_release(&dataset->memory, (void *)data->labels, (size_t)data->rows, sizeof *data->labels);
    ad_memory_release(&dataset->memory, (void *)data->targets, (size_t)data->rows * (size_t)data->n_targets,
                      nn_element_bytes(data->target_element));
    *data = (nn_data){0};
}

ad_status nn_dataset_settle(nn_dataset *dataset, ad_status status, nn_data *fresh)
{
    if (status != AD_OK) {
        nn_dataset_drop(dataset, fresh);
        return status;
    }
    nn_dataset_drop(dataset, &dataset->data);
    dataset->data = *fresh;
    return AD_OK;
}
