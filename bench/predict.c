/* Predictions of 10,000 rows and of one row by 784-300-100-10 beside the bare three matrix products of those rows, and
 * the memory that predicting takes.
 *
 * Calls of nn_classifier_predict and the products alternate; the ratio is that of the fastest ones. The products run on
 * one thread, each as one call of OpenBLAS. */
#include <argp.h>
#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>

#include <gradtape/gradtape.h>

#include "arguments.h"
#include "blas_kernels.h"
#include "digits.h"
#include "products.h"
#include "timing.h"

enum { ROWS = 10000, FEW_ROWS = 1000, REPEATS = 40, CALLS_OF_ONE = 500 };

static const int64_t hidden[] = {300, 100, 0};

/* ---- Measuring --------------------------------------------------------------------------------------------------- */

/* A classifier after one step, which fixes its sizes. */
static nn_classifier *open_fitted(const nn_data *data)
{
    nn_classifier *c = nn_classifier_open(&(nn_classifier_options){
        .hidden_units = {hidden[0], hidden[1]}, .n_classes = DIGIT_CLASSES, .scaling = NN_SCALE_GLOBAL, .seed = 42});
    nn_classifier_fit(c, data, &(nn_fit_options){.batch_size = 50, .steps = 1});
    return c;
}

static void end_if_failed(const nn_classifier *c)
{
    if (nn_classifier_status(c) == AD_OK)
        return;
    fprintf(stderr, "predict: %s\n", nn_classifier_message(c));
    exit(1);
}

typedef struct result {
    timing predict, products;
} result;

/* Calls of so many predictions of these rows. */
static result measure(const nn_data *data, int32_t *labels, long calls)
{
    static double predict[REPEATS], gemm[REPEATS];
    products all = make_forward_products((int)data->rows, DIGIT_COLUMNS, hidden, DIGIT_CLASSES);
    nn_classifier *c = open_fitted(data);
    nn_classifier_predict(c, data, labels); /* the first one allocates */
    for (int i = 0; i < REPEATS; i++) {
        const double start = seconds_now();
        for (long k = 0; k < calls; k++)
            nn_classifier_predict(c, data, labels);
        predict[i] = (seconds_now() - start) / (double)calls;
        gemm[i] = time_products(&all, calls);
    }
    end_if_failed(c);
    nn_classifier_close(c);
    free_products(&all);
    return (result){timing_of(predict, REPEATS), timing_of(gemm, REPEATS)};
}

static void print_result(const char *rows, const result *r)
{
    printf("%s: predict  median %8.1f us  min %8.1f us\n%s: products median %8.1f us  min %8.1f us\n", rows,
           1e6 * r->predict.median, 1e6 * r->predict.min, rows, 1e6 * r->products.median, 1e6 * r->products.min);
}

/* The most memory that a classifier had which predicted so many rows. */
static size_t peak_of(const nn_data *data, int64_t rows, int32_t *labels)
{
    nn_classifier *c = open_fitted(data);
    nn_data part = *data;
    part.rows = rows;
    nn_classifier_predict(c, &part, labels);
    end_if_failed(c);
    const size_t peak = nn_classifier_usage(c).peak_bytes;
    nn_classifier_close(c);
    return peak;
}

/* ---- The command line -------------------------------------------------------------------------------------------- */

static const struct argp_option options[] = {{"threads", 't', "T", 0, "Threads that predict (1)", 0}, {0}};

static error_t take(int key, char *text, struct argp_state *state)
{
    if (key != 't')
        return ARGP_ERR_UNKNOWN;
    *(long *)state->input = positive_argument(text, AD_MAX_THREADS, "threads", state);
    return 0;
}

int main(int argc, char *argv[])
{
    static const struct argp parser = {
        .options = options, .parser = take, .doc = "Time predictions beside their bare matrix products."};
    static int32_t labels[ROWS];
    long threads = 1;
    argp_parse(&parser, argc, argv, 0, NULL, &threads);
    ad_set_threads((int)threads);
    openblas_set_num_threads(1);
    print_blas_kernels();
    nn_data data = make_digits();
    data.rows = ROWS;
    nn_data one_row = data;
    one_row.rows = 1;
    const result r = measure(&data, labels, 1), one = measure(&one_row, labels, CALLS_OF_ONE);
    const size_t few = peak_of(&data, FEW_ROWS, labels), many = peak_of(&data, ROWS, labels);
    print_result("10,000 rows", &r);
    print_result("one row", &one);
    printf("peak memory: %zu bytes for %d rows, %zu bytes for %d rows%s\n", few, FEW_ROWS, many, ROWS,
           few == many ? "" : "  NOT CONSTANT");
    printf("{\"bench\":\"predict\",\"threads\":%ld,\"us\":%.1f,\"gemm_us\":%.1f,\"ratio\":%.3f,\"one_row_us\":%.1f,"
           "\"one_row_ratio\":%.3f,\"peak_bytes_1000\":%zu,\"peak_bytes_10000\":%zu}\n",
           threads, 1e6 * r.predict.min, 1e6 * r.products.min, r.predict.min / r.products.min, 1e6 * one.predict.min,
           one.predict.min / one.products.min, few, many);
    free_digits(&data);
    return 0;
}
