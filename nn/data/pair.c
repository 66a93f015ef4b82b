/* Pairs of files or FILEs: features, and what is true of each row. */
#include "pair.h"

/* Where bytes come from: a path, or, where that is NULL, a FILE; NULL both: nowhere. */
typedef struct place {
    const char *path;
    nn_stream stream;
} place;

static ad_status open_place(nn_source *s, nn_dataset *dataset, const place *from, const nn_pair_format *format)
{
    return from->path ? nn_source_open(s, dataset, from->path, format->remedy)
                      : nn_source_open_stream(s, dataset, from->stream, format->remedy);
}

static ad_status read_features(nn_dataset *dataset, const place *from, const nn_pair_format *format, nn_data *data)
{
    nn_source s;
    ad_status status = open_place(&s, dataset, from, format);
    if (status == AD_OK)
        status = format->read_features(&s, data);
    nn_source_close(&s);
    return status;
}

static ad_status read_truth(nn_dataset *dataset, const place *from, const place *features, const nn_pair_format *format,
                            nn_data *data)
{
    nn_source s;
    char other[NN_NAME_BYTES];
    nn_show_path(other, features->path ? features->path : nn_stream_name(features->stream));
    ad_status status = open_place(&s, dataset, from, format);
    if (status == AD_OK)
        status = format->read_truth(&s, other, data);
    nn_source_close(&s);
    return status;
}

static ad_status read_pair(nn_dataset *dataset, const place *features, const place *labels,
                           const nn_pair_format *format)
{
    nn_content fresh = nn_content_of(dataset);
    ad_status status = read_features(dataset, features, format, &fresh.data);
    if (status == AD_OK && (labels->path || labels->stream.file))
        status = read_truth(dataset, labels, features, format, &fresh.data);
    return nn_dataset_settle(dataset, status, &fresh);
}

ad_status nn_pair_read_paths(nn_dataset *dataset, const char *features, const char *labels,
                             const nn_pair_format *format)
{
    if (!dataset)
        return AD_BAD_HANDLE;
    nn_dataset_begin(dataset);
    if (!features)
        return nn_dataset_fail(dataset, AD_BAD_VALUE, "%s: features is NULL; give the path of %s", format->function,
                               format->file);
    return read_pair(dataset, &(place){.path = features}, &(place){.path = labels}, format);
}

ad_status nn_pair_read_streams(nn_dataset *dataset, nn_stream features, nn_stream labels, const nn_pair_format *format)
{
    if (!dataset)
        return AD_BAD_HANDLE;
    nn_dataset_begin(dataset);
    if (!features.file)
        return nn_dataset_fail(dataset, AD_BAD_VALUE,
                               "%s_stream: features has no FILE; give one that is open for reading", format->function);
    if (features.file == labels.file)
        return nn_dataset_fail(dataset, AD_BAD_VALUE,
                               "%s_stream: features and labels are the same FILE, which is read to its end for the "
                               "features; give one for each",
                               format->function);
    return read_pair(dataset, &(place){.stream = features}, &(place){.stream = labels}, format);
}
