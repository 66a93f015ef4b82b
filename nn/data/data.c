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
    if (!dataset)
        return NULL;
    *dataset = (nn_dataset){.memory = memory};
    dataset->content = nn_content_of(dataset);
    return dataset;
}

void nn_dataset_close(nn_dataset *dataset)
{
    if (!dataset)
        return;
    nn_dataset_drop(dataset, &dataset->content);
    ad_memory memory = dataset->memory; /* a copy: the meter must outlive the block that it is in */
    ad_memory_release(&memory, dataset, 1, sizeof *dataset);
}

nn_data nn_dataset_data(const nn_dataset *dataset) { return dataset ? dataset->content.data : (nn_data){0}; }

const char *nn_dataset_notes(const nn_dataset *dataset)
{
    return dataset && dataset->content.notes ? dataset->content.notes : "";
}

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

nn_content nn_content_of(nn_dataset *dataset) { return (nn_content){.store = {.memory = &dataset->memory}}; }

void nn_dataset_drop(nn_dataset *dataset, nn_content *content)
{
    const nn_data *data = &content->data;
    const size_t rows = (size_t)data->rows;
    ad_memory *memory = &dataset->memory;
    ad_memory_release(memory, (void *)data->features, rows * (size_t)data->columns, nn_element_bytes(data->element));
    ad_memory_release(memory, (void *)data->labels, rows, sizeof *data->labels);
    ad_memory_release(memory, (void *)data->label_texts, rows, sizeof *data->label_texts);
    ad_memory_release(memory, (void *)data->targets, rows * (size_t)data->n_targets,
                      nn_element_bytes(data->target_element));
    ad_memory_release(memory, (void *)data->weights, rows, sizeof *data->weights);
    ad_memory_release(memory, (void *)data->ids, rows * (size_t)data->n_ids, sizeof *data->ids);
    nn_store_release(&content->store);
    *content = nn_content_of(dataset);
}

ad_status nn_dataset_settle(nn_dataset *dataset, ad_status status, nn_content *fresh)
{
    if (status != AD_OK) {
        nn_dataset_drop(dataset, fresh);
        return status;
    }
    nn_dataset_drop(dataset, &dataset->content);
    dataset->content = *fresh;
    *fresh = nn_content_of(dataset);
    return AD_OK;
}
