/* One whole training step, as a user gets it from nn_classifier_fit, beside the bare matrix products of that step.
 *
 * Blocks of steps and blocks of products alternate; the ratio is that of their fastest blocks, so that it means the
 * same on a busy machine. The products run on one thread, each as one call of OpenBLAS. */
#include <argp.h>
#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gradtape/gradtape.h>

#include "arguments.h"
#include "blas_kernels.h"
#include "digits.h"
#include "products.h"
#include "timing.h"

typedef struct setting {
    long steps, batch, threads;
    int64_t hidden[MOST_LAYERS];
    const nn_optimiser *optimizer;
    bool table;
} setting;

/* ---- Measuring --------------------------------------------------------------------------------------------------- */

enum { MOST_BLOCKS = 4096 };

typedef struct result {
    timing step, products;
    bool failed;
} result;

/* A block is long enough to time and for what a fit does once, short enough to miss what else the machine does. */
static long steps_in_block(double seconds)
{
    const double steps = 0.01 / seconds;
    return steps < 2 ? 2 : steps > 2000 ? 2000 : (long)steps;
}

static double time_steps(nn_classifier *c, const nn_data *data, long batch, long steps)
{
    const double start = seconds_now();
    nn_classifier_fit(c, data, &(nn_fit_options){.batch_size = batch, .steps = steps});
    return (seconds_now() - start) / (double)steps;
}

/* Alternates about `steps` steps of each, in blocks; steps 0: as many as 60 blocks have. */
static result time_both(nn_classifier *c, const nn_data *data, const products *all, long batch, long steps)
{
    static double step[MOST_BLOCKS], gemm[MOST_BLOCKS];
    time_products(all, 1);
    const long block = steps_in_block(time_products(all, 2));
    const size_t blocks = steps ? (size_t)((steps + block - 1) / block) : 60;
    size_t n = 0;
    time_steps(c, data, batch, block); /* the first steps allocate */
    for (; n < blocks && n < MOST_BLOCKS; n++) {
        step[n] = time_steps(c, data, batch, block);
        gemm[n] = time_products(all, block);
    }
    return (result){timing_of(step, n), timing_of(gemm, n), false};
}

static result measure(const setting *s, const nn_data *data)
{
    nn_classifier_options o = {
        .n_classes = DIGIT_CLASSES, .scaling = NN_SCALE_GLOBAL, .seed = 42, .optimiser = {.rule = s->optimizer}};
    memcpy(o.hidden_units, s->hidden, sizeof o.hidden_units);
    products all = make_step_products((int)s->batch, DIGIT_COLUMNS, s->hidden, DIGIT_CLASSES);
    if (!s->table)
        print_products(&all);
    nn_classifier *c = nn_classifier_open(&o);
    result r = time_both(c, data, &all, s->batch, s->steps);
    r.failed = nn_classifier_status(c) != AD_OK;
    if (r.failed)
        fprintf(stderr, "mlp_step: %s\n", nn_classifier_message(c));
    nn_classifier_close(c);
    free_products(&all);
    return r;
}

/* ---- Printing ---------------------------------------------------------------------------------------------------- */

static bool print_one(const setting *s, const nn_data *data)
{
    const result r = measure(s, data);
    if (r.failed)
        return false;
    const timing t = r.step, g = r.products;
    printf("step     median %8.1f us  min %8.1f us\nproducts median %8.1f us  min %8.1f us\n", 1e6 * t.median,
           1e6 * t.min, 1e6 * g.median, 1e6 * g.min);
    printf("{\"bench\":\"mlp_step\",\"threads\":%ld,\"batch\":%ld,\"us_step_median\":%.1f,\"us_step_min\":%.1f,"
           "\"gemm_us\":%.1f,\"ratio\":%.3f}\n",
           s->threads, s->batch, 1e6 * t.median, 1e6 * t.min, 1e6 * g.min, t.min / g.min);
    return true;
}

/* The four batches of the network of the command line, and a wide one. */
static bool print_table(setting s, const nn_data *data)
{
    static const long batches[] = {1, 10, 50, 256, 256};
    static const char *const keys[] = {"batch_1", "batch_10", "batch_50", "batch_256", "wide_256"};
    double ratios[5];
    printf("%-10s %10s %12s %14s %8s\n", "", "threads", "step us", "products us", "ratio");
    s.steps = 0;
    for (int i = 0; i < 5; i++) {
        s.batch = batches[i];
        if (i == 4)
            memcpy(s.hidden, (int64_t[MOST_LAYERS]){1024, 1024}, sizeof s.hidden);
        const result r = measure(&s, data);
        if (r.failed)
            return false;
        ratios[i] = r.step.min / r.products.min;
        printf("%-10s %10ld %12.1f %14.1f %8.3f\n", keys[i], s.threads, 1e6 * r.step.min, 1e6 * r.products.min,
               ratios[i]);
    }
    printf("{\"bench\":\"mlp_step_table\",\"threads\":%ld", s.threads);
    for (int i = 0; i < 5; i++)
        printf(",\"%s\":%.3f", keys[i], ratios[i]);
    printf("}\n");
    return true;
}

/* ---- The command line -------------------------------------------------------------------------------------------- */

static const struct argp_option options[] = {
    {"threads", 't', "T", 0, "Threads that train (1)", 0},
    {"steps", 's', "N", 0, "Steps to measure (1000)", 0},
    {"batch", 'b', "B", 0, "Examples in a step (50)", 0},
    {"hidden", 'h', "A,B,...", 0, "Units of the hidden layers (300,100)", 0},
    {"optimizer", 'o', "NAME", 0, "adagrad, adam or another of the library (adagrad)", 0},
    {"table", 'T', NULL, 0, "One line each: batches 1, 10, 50, 256, and 784-1024-1024-10 at batch 256", 0},
    {0},
};

static void take_hidden(char *text, setting *s, struct argp_state *state)
{
    memset(s->hidden, 0, sizeof s->hidden);
    for (int i = 0; i < MOST_LAYERS - 1; i++) {
        s->hidden[i] = positive_number(&text, 1000000, "hidden", state);
        if (!*text)
            return;
        if (*text++ != ',')
            break;
    }
    argp_error(state, "--hidden takes up to %d numbers, with commas between them", MOST_LAYERS - 1);
}

static error_t take(int key, char *text, struct argp_state *state)
{
    setting *s = state->input;
    switch (key) {
    case 't': s->threads = positive_argument(text, AD_MAX_THREADS, "threads", state); return 0;
    case 's': s->steps = positive_argument(text, 1000000, "steps", state); return 0;
    case 'b': s->batch = positive_argument(text, DIGIT_ROWS, "batch", state); return 0;
    case 'h': take_hidden(text, s, state); return 0;
    case 'o':
        s->optimizer = nn_optimiser_named(text);
        if (!s->optimizer)
            argp_error(state, "--optimizer %s: it must be the name of an optimiser, as adagrad or adam", text);
        return 0;
    case 'T': s->table = true; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char *argv[])
{
    static const struct argp parser = {
        .options = options, .parser = take, .doc = "Time a training step beside its bare matrix products."};
    setting s = {.threads = 1, .steps = 1000, .batch = 50, .hidden = {300, 100}, .optimizer = &nn_adagrad};
    argp_parse(&parser, argc, argv, 0, NULL, &s);
    ad_set_threads((int)s.threads);
    openblas_set_num_threads(1);
    print_blas_kernels();
    nn_data data = make_digits();
    const bool done = s.table ? print_table(s, &data) : print_one(&s, &data);
    free_digits(&data);
    return done ? 0 : 1;
}
