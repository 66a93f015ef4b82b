/* What starting costs: a tape with one tiny gradient, and the way from files to the first step of training. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <gradtape/gradtape.h>

#include "arguments.h"
#include "digits.h"
#include "timing.h"

enum { TAPES = 2000, STARTS = 7, MOST_PATH = 4096 };

/* ---- A tiny gradient --------------------------------------------------------------------------------------------- */

/* Opens a tape, differentiates x * x at 3 and closes the tape. */
static double time_tape(void)
{
    const double value = 3, start = seconds_now();
    ad_tape *t = ad_tape_open(NULL);
    const ad_tensor x = ad_param(t, AD_F64, AD_SCALAR, &value, "x");
    ad_backward(ad_mul(x, x));
    const double dx = ad_item(ad_gradient(x));
    ad_tape_close(t);
    const double seconds = seconds_now() - start;
    if (dx == 2 * value)
        return seconds;
    fprintf(stderr, "startup: the gradient of x * x at %g is %g\n", value, dx);
    exit(1);
}

/* ---- Files ------------------------------------------------------------------------------------------------------- */

typedef struct files {
    char folder[MOST_PATH], images[MOST_PATH + 8], labels[MOST_PATH + 8];
} files;

static void remove_files(const files *f)
{
    unlink(f->images);
    unlink(f->labels);
    rmdir(f->folder);
}

/* An IDX file of u8: magic, big-endian sizes, values. */
static bool write_idx(const char *path, int rank, const int64_t *sizes, const void *values)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        return false;
    size_t bytes = 1;
    unsigned char head[16] = {0, 0, 8, (unsigned char)rank};
    for (int i = 0; i < rank; i++) {
        bytes *= (size_t)sizes[i];
        for (int j = 0; j < 4; j++)
            head[4 + 4 * i + j] = (unsigned char)(sizes[i] >> (24 - 8 * j) & 255);
    }
    const size_t head_bytes = 4 + 4 * (size_t)rank;
    const bool is_written = fwrite(head, 1, head_bytes, file) == head_bytes && fwrite(values, 1, bytes, file) == bytes;
    return fclose(file) == 0 && is_written;
}

static bool write_digits(const files *f, const nn_data *data)
{
    static unsigned char labels[DIGIT_ROWS];
    for (int i = 0; i < DIGIT_ROWS; i++)
        labels[i] = (unsigned char)data->labels[i];
    return write_idx(f->images, 3, (int64_t[]){data->rows, 28, 28}, data->features) &&
           write_idx(f->labels, 1, &data->rows, labels);
}

/* Ends the program where the files cannot be written. */
static files make_files(void)
{
    files f;
    const char *parent = getenv("TMPDIR");
    snprintf(f.folder, sizeof f.folder, "%s/gradtape-XXXXXX", parent && *parent ? parent : "/tmp");
    if (!mkdtemp(f.folder)) {
        perror(f.folder);
        exit(1);
    }
    snprintf(f.images, sizeof f.images, "%s/images", f.folder);
    snprintf(f.labels, sizeof f.labels, "%s/labels", f.folder);
    nn_data data = make_digits();
    const bool is_written = write_digits(&f, &data);
    free_digits(&data);
    if (is_written)
        return f;
    perror(f.folder);
    remove_files(&f);
    exit(1);
}

/* ---- The first step ---------------------------------------------------------------------------------------------- */

static nn_dataset *time_reading(const files *f, double *seconds)
{
    const double start = seconds_now();
    nn_dataset *dataset = nn_dataset_open(NULL);
    nn_dataset_read_idx(dataset, f->images, f->labels);
    *seconds = seconds_now() - start;
    return dataset;
}

/* Opens a classifier and makes one step, of which making the network and learning the scaling are the longer part. */
static ad_status time_first_step(const nn_data *data, nn_scaling_kind scaling, double *seconds)
{
    const double start = seconds_now();
    nn_classifier *c = nn_classifier_open(&(nn_classifier_options){
        .hidden_units = {300, 100}, .n_classes = DIGIT_CLASSES, .scaling = scaling, .seed = 42});
    const ad_status status = nn_classifier_fit(c, data, &(nn_fit_options){.batch_size = 50, .steps = 1});
    *seconds = seconds_now() - start;
    nn_classifier_close(c);
    return status;
}

/* Minima over several starts. */
typedef struct start {
    double read, step, scaled_step;
} start;

static bool measure_starts(const files *f, start *least)
{
    double read[STARTS], step[STARTS], scaled[STARTS];
    bool is_done = true;
    for (int i = 0; i < STARTS && is_done; i++) {
        nn_dataset *dataset = time_reading(f, &read[i]);
        const nn_data data = nn_dataset_data(dataset);
        is_done = nn_dataset_status(dataset) == AD_OK && time_first_step(&data, NN_SCALE_NONE, &step[i]) == AD_OK &&
                  time_first_step(&data, NN_SCALE_GLOBAL, &scaled[i]) == AD_OK;
        if (!is_done)
            fprintf(stderr, "startup: no first step could be made. %s\n", nn_dataset_message(dataset));
        nn_dataset_close(dataset);
    }
    if (is_done)
        *least = (start){timing_of(read, STARTS).min, timing_of(step, STARTS).min, timing_of(scaled, STARTS).min};
    return is_done;
}

/* ---- Printing ---------------------------------------------------------------------------------------------------- */

/* The first tape of the process, which also chooses kernels, and those after it. */
static bool print_starts(double first, timing tape)
{
    start s = {0};
    const files f = make_files();
    const bool is_done = measure_starts(&f, &s);
    remove_files(&f);
    if (!is_done)
        return false;
    printf("reading %d x %d u8 and their labels     %9.2f ms\n", DIGIT_ROWS, DIGIT_COLUMNS, 1e3 * s.read);
    printf("classifier and first step, no scaling        %9.2f ms\n", 1e3 * s.step);
    printf("classifier and first step, mean and deviation %8.2f ms\n", 1e3 * s.scaled_step);
    printf("{\"bench\":\"startup\",\"us_first\":%.1f,\"us_median\":%.2f,\"us_min\":%.2f,\"ms_read\":%.2f,"
           "\"ms_first_step\":%.2f,\"ms_first_step_scaled\":%.2f,\"read_share\":%.2f}\n",
           1e6 * first, 1e6 * tape.median, 1e6 * tape.min, 1e3 * s.read, 1e3 * s.step, 1e3 * s.scaled_step,
           s.read / (s.read + s.scaled_step));
    return true;
}

int main(int argc, char *argv[])
{
    take_no_arguments(argc, argv, "Time opening a tape, a tiny gradient, and the way to a first step of training.");
    static double seconds[TAPES];
    const double first = time_tape();
    for (int i = 0; i < TAPES; i++)
        seconds[i] = time_tape();
    const timing tape = timing_of(seconds, TAPES);
    printf("open a tape, gradient of x * x, close: first %.1f us, then median %.2f us, min %.2f us\n", 1e6 * first,
           1e6 * tape.median, 1e6 * tape.min);
    return print_starts(first, tape) ? 0 : 1;
}
