/* Pairs of .npy files. */
#include "npy.h"

#include "pair.h"

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

static const nn_pair_format npy = {.function = "nn_dataset_read_npy",
                                   .file = "an .npy file",
                                   .remedy = NN_NPY_REMEDY,
                                   .read_features = nn_npy_features,
                                   .read_truth = nn_npy_truth};

ad_status nn_dataset_read_npy(nn_dataset *dataset, const char *features, const char *labels)
{
    return nn_pair_read_paths(dataset, features, labels, &npy);
}

ad_status nn_dataset_read_npy_stream(nn_dataset *dataset, nn_stream features, nn_stream labels)
{
    return nn_pair_read_streams(dataset, features, labels, &npy);
}
