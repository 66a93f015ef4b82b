/* Pairs of .npy files. */
#include "npy.h"

ad_status nn_npy_features(nn_source *s, nn_data *data)
{
    nn_array a;
    ad_status status = nn_npy_open(s, &a);
    return status == AD_OK ? nn_array_features(s, &a, data) : status;
}

ad_status nn_npy_truth(nn_source *s, const char *features, nn_data *data)
{
    nn_array a;
    ad_status status = nn_npy_open(s, &a);
    if (status != AD_OK)
        return status;
    return nn_number_is_floating(a.number) ? nn_array_targets(s, &a, features, data)
                                           : nn_array_labels(s, &a, features, data);
}

/* ---- The pair ---------------------------------------------------------------------------------------------------- */

/* Where a file comes from: a path, or, where that is NULL, a FILE; NULL both: nowhere. */
typedef struct place {
    const char *path;
    nn_stream stream;
} place;

static ad_status open_place(nn_source *s, nn_dataset *dataset, const place *from)
{
    return from->path ? nn_source_open(s, dataset, from->path, NN_NPY_REMEDY)
                      : nn_source_open_stream(s, dataset, from->stream, NN_NPY_REMEDY);
}

static ad_status read_features(nn_dataset *dataset, const place *from, nn_data *data)
{
    nn_source s;
    ad_status status = open_place(&s, dataset, from);
    if (status == AD_OK)
        status = nn_npy_features(&s, data);
    nn_source_close(&s);
    return status;
}

static ad_status read_truth(nn_dataset *dataset, const place *from, const place *features, nn_data *data)
{
    nn_source s;
    char other[NN_NAME_BYTES];
    nn_show_path(other, features->path ? features->path : nn_stream_name(features->stream));
    ad_status status = open_place(&s, dataset, from);
    if (status == AD_OK)
        status = nn_npy_truth(&s, other, data);
    nn_source_close(&s);
    return status;
}

static ad_status read_pair(nn_dataset *dataset, const place *features, const place *labels)
{
    nn_data fresh = {0};
    ad_status status = read_features(dataset, features, &fresh);
    if (status == AD_OK && (labels->path || labels->stream.file))
        status = read_truth(dataset, labels, features, &fresh);
    return nn_dataset_settle(dataset, status, &fresh);
}

ad_status nn_dataset_read_npy(nn_dataset *dataset, const char *features, const char *labels)
{
    if (!dataset)
        return AD_BAD_HANDLE;
    nn_dataset_begin(dataset);
    if (!features)
        return nn_dataset_fail(dataset, AD_BAD_VALUE,
                               "nn_dataset_read_npy: features is NULL; give the path of an .npy file");
    return read_pair(dataset, &(place){.path = features}, &(place){.path = labels});
}

ad_status nn_dataset_read_npy_stream(nn_dataset *dataset, nn_stream features, nn_stream labels)
{
    if (!dataset)
        return AD_BAD_HANDLE;
    nn_dataset_begin(dataset);
    if (!features.file)
        return nn_dataset_fail(dataset, AD_BAD_VALUE,
                               "nn_dataset_read_npy_stream: features has no FILE; give one that is open for reading");
    if (features.file == labels.file)
        return nn_dataset_fail(
            dataset, AD_BAD_VALUE,
            "nn_dataset_read_npy_stream: features and labels are the same FILE, which is read to its "
            "end for the features; give one for each");
    return read_pair(dataset, &(place){.stream = features}, &(place){.stream = labels});
}
