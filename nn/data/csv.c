/* Tables as text become data. */
#include "csv_reader.h"

/* A source that was opened, well or not, with this status. */
static ad_status read_source(nn_source *source, const nn_csv_options *options, char delimiter, ad_status status)
{
    nn_dataset *dataset = source->dataset;
    nn_csv_reader r = {.content = nn_content_of(dataset)};
    if (status == AD_OK)
        status = nn_csv_open(&r, source, options, delimiter);
    if (status == AD_OK)
        status = nn_csv_read(&r, SIZE_MAX);
    if (status == AD_OK)
        status = nn_csv_finish(&r);
    nn_csv_close(&r);
    nn_source_close(source);
    return nn_dataset_settle(dataset, status, &r.content);
}

ad_status nn_dataset_read_csv(nn_dataset *dataset, const char *path, const nn_csv_options *options)
{
    static const nn_csv_options defaults = {.label = NULL};
    char delimiter;
    nn_source source;
    if (!dataset)
        return AD_BAD_HANDLE;
    nn_dataset_begin(dataset);
    options = options ? options : &defaults;
    if (!path)
        return nn_dataset_fail(dataset, AD_BAD_VALUE, "nn_dataset_read_csv: path is NULL; give the path of a table");
    const ad_status status = nn_csv_form(dataset, path, options, &delimiter);
    if (status != AD_OK)
        return status;
    return read_source(&source, options, delimiter, nn_source_open(&source, dataset, path, NN_CSV_REMEDY));
}

ad_status nn_dataset_read_csv_stream(nn_dataset *dataset, nn_stream stream, const nn_csv_options *options)
{
    static const nn_csv_options defaults = {.label = NULL};
    char delimiter;
    nn_source source;
    if (!dataset)
        return AD_BAD_HANDLE;
    nn_dataset_begin(dataset);
    options = options ? options : &defaults;
    if (!stream.file)
        return nn_dataset_fail(dataset, AD_BAD_VALUE,
                               "nn_dataset_read_csv_stream: there is no FILE; give one that is open for reading");
    const ad_status status = nn_csv_form(dataset, nn_stream_name(stream), options, &delimiter);
    if (status != AD_OK)
        return status;
    return read_source(&source, options, delimiter, nn_source_open_stream(&source, dataset, stream, NN_CSV_REMEDY));
}
