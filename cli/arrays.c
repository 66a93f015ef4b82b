/* Arrays: IDX files, NumPy's, and LIBSVM's text, which says no more than arrays do. */
#include <stdio.h>
#include <sys/stat.h>

#include "reading.h"

static int end(const cli_reader *r, ad_status status)
{
    return cli_end_reading(status, nn_dataset_message(r->to->dataset));
}

/* Whether the arrays of training are meant, not those of a test. */
static bool is_train(const cli_reader *r)
{
    const cli_side side = r->a->settings.side;
    return side == CLI_SIDE_OF_VERB ? r->how->is_for_training : side == CLI_SIDE_TRAIN;
}

static bool is_there(const char *path)
{
    struct stat found;
    char zipped[4200];
    snprintf(zipped, sizeof zipped, "%s.gz", path);
    return stat(path, &found) == 0 || stat(zipped, &found) == 0;
}

/* A look takes features without labels, and keeps why there are none. */
static bool is_kept(cli_reader *r, ad_status status)
{
    r->to->refused = status == AD_OK ? NULL : cli_text(r->a, "%s", nn_dataset_message(r->to->dataset));
    return status == AD_OK;
}

/* The four files of a folder are called as LeCun's are, with a dash or a point before "idx". */
static int read_folder(cli_reader *r)
{
    const char *part = is_train(r) ? "train" : "t10k", *path = r->how->path;
    const char *images = cli_text(r->a, "%s/%s-images-idx3-ubyte", path, part);
    const char *labels = cli_text(r->a, "%s/%s-labels-idx1-ubyte", path, part);
    if (!is_there(images)) {
        images = cli_text(r->a, "%s/%s-images.idx3-ubyte", path, part);
        labels = cli_text(r->a, "%s/%s-labels.idx1-ubyte", path, part);
    }
    if (!is_there(images))
        return cli_say(CLI_FOLDER_WITHOUT_IDX, path, part);
    if (r->how->is_look && is_kept(r, nn_dataset_read_idx(r->to->dataset, images, labels)))
        return CLI_OK;
    return end(r, nn_dataset_read_idx(r->to->dataset, images, r->how->needs_truth ? labels : NULL));
}

int cli_read_idx(cli_reader *r)
{
    struct stat found;
    if (r->in.file)
        return end(r, nn_dataset_read_idx_stream(r->to->dataset, r->in, (nn_stream){0}));
    if (stat(r->how->path, &found) == 0 && S_ISDIR(found.st_mode))
        return read_folder(r);
    return end(r, nn_dataset_read_idx(r->to->dataset, r->how->path, NULL));
}

int cli_read_npy(cli_reader *r)
{
    return end(r, r->in.file ? nn_dataset_read_npy_stream(r->to->dataset, r->in, (nn_stream){0})
                             : nn_dataset_read_npy(r->to->dataset, r->how->path, NULL));
}

static ad_status read_arrays(cli_reader *r, const char *x, const char *y)
{
    if (r->in.file)
        return nn_dataset_read_npz_stream(r->to->dataset, r->in, x, y);
    return nn_dataset_read_npz(r->to->dataset, r->how->path, x, y);
}

/* The arrays of an archive are x and y; or x_train, y_train, x_test and y_test, as Keras has them. */
int cli_read_npz(cli_reader *r)
{
    const bool needs_truth = r->how->needs_truth || r->how->is_look;
    const char *x = is_train(r) ? "x_train" : "x_test", *y = is_train(r) ? "y_train" : "y_test";
    if (!r->in.file && read_arrays(r, x, needs_truth ? y : NULL) == AD_OK)
        return CLI_OK;
    const ad_status status = read_arrays(r, "x", needs_truth ? "y" : NULL);
    if (!r->how->is_look || r->in.file || is_kept(r, status))
        return end(r, status);
    return read_arrays(r, x, NULL) == AD_OK ? CLI_OK : end(r, read_arrays(r, "x", NULL));
}

int cli_read_libsvm(cli_reader *r)
{
    int64_t columns = 0;
    for (size_t i = 0; i < r->how->like.n; i++)
        columns += r->how->like.at[i].width ? r->how->like.at[i].width : 1;
    return end(r, r->in.file ? nn_dataset_read_libsvm_stream(r->to->dataset, r->in, columns)
                             : nn_dataset_read_libsvm(r->to->dataset, r->how->path, columns));
}
