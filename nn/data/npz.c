/* Archives of .npy files. */
#include <string.h>

#include "npy.h"
#include "zip.h"

static ad_status check_found(const nn_zip *z, uint64_t found, const char *name)
{
    char shown[NN_SHOWN_BYTES];
    nn_show_bytes(shown, name, strlen(name));
    if (found == 0)
        return nn_source_fail(z->source, "has no array %s; it has %s", shown,
                              z->count > 0 ? z->names : "none; save x with numpy.savez(path, x=x)");
    return found == 1 ? AD_OK
                      : nn_source_fail(z->source, "has %llu members %s; give each a name of its own",
                                       (unsigned long long)found, shown);
}

/* As NumPy finds it: the name as it is, or with .npy behind. */
static ad_status enter(const nn_zip *z, const char *name)
{
    ad_memory *memory = &z->source->dataset->memory;
    nn_zip_entry entry;
    size_t length = strlen(name), bytes = length + sizeof ".npy";
    ad_status status = nn_source_seek(z->source, z->at); /* messages name the archive, not the member before */
    if (status != AD_OK)
        return status;
    uint64_t found = nn_zip_find(z, name, length, &entry);
    if (found == 0) {
        char *longer = ad_memory_take(memory, bytes, 1);
        if (!longer)
            return nn_source_fail_memory(z->source, bytes);
        memcpy(longer, name, length);
        memcpy(longer + length, ".npy", sizeof ".npy");
        found = nn_zip_find(z, longer, bytes - 1, &entry);
        ad_memory_release(memory, longer, bytes, 1);
    }
    status = check_found(z, found, name);
    return status == AD_OK ? nn_zip_enter(z, &entry) : status;
}

static ad_status read_arrays(nn_source *s, const char *features, const char *labels, nn_data *data)
{
    nn_zip z;
    char shown[NN_SHOWN_BYTES];
    ad_status status = nn_zip_open(&z, s);
    if (status == AD_OK)
        status = enter(&z, features);
    if (status == AD_OK)
        status = nn_npy_features(s, data);
    if (status == AD_OK && labels)
        status = enter(&z, labels);
    if (status == AD_OK && labels)
        status = nn_npy_truth(s, nn_show_bytes(shown, features, strlen(features)), data);
    nn_zip_close(&z);
    return status;
}

/* A source that was opened, well or not, with this status. */
static ad_status read_source(nn_source *s, const char *features, const char *labels, ad_status status)
{
    nn_content fresh = nn_content_of(s->dataset);
    if (status == AD_OK)
        status = read_arrays(s, features, labels, &fresh.data);
    nn_source_close(s);
    return nn_dataset_settle(s->dataset, status, &fresh);
}

ad_status nn_dataset_read_npz(nn_dataset *dataset, const char *path, const char *features, const char *labels)
{
    nn_source s;
    if (!dataset)
        return AD_BAD_HANDLE;
    nn_dataset_begin(dataset);
    if (!path || !features)
        return nn_dataset_fail(dataset, AD_BAD_VALUE, "nn_dataset_read_npz: %s",
                               path ? "features is NULL; give the name of an array"
                                    : "path is NULL; give the path of an .npz file");
    return read_source(&s, features, labels, nn_source_open(&s, dataset, path, NN_NPY_REMEDY));
}

ad_status nn_dataset_read_npz_stream(nn_dataset *dataset, nn_stream stream, const char *features, const char *labels)
{
    nn_source s;
    if (!dataset)
        return AD_BAD_HANDLE;
    nn_dataset_begin(dataset);
    if (!stream.file || !features)
        return nn_dataset_fail(dataset, AD_BAD_VALUE, "nn_dataset_read_npz_stream: %s",
                               stream.file ? "features is NULL; give the name of an array"
                                           : "there is no FILE; give one that is open for reading");
    return read_source(&s, features, labels, nn_source_open_spooled(&s, dataset, stream, NN_NPY_REMEDY));
}
