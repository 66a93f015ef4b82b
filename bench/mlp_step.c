/* One whole training step, as a user gets it from nn_classifier_fit, beside the bare matrix products of that step, and
 * beside reading and writing the bytes that its update must.
 *
 * Blocks of each alternate; a ratio is that of their fastest blocks, so that it means the same on a busy machine. What
 * is bare runs on one thread, each product as one call of OpenBLAS. --parts has the library's own products beside them,
 * on as many threads as the step. */
#include <argp.h>
#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gradtape/gradtape.h>

#include "arguments.h"
#include "blas_kernels.h"
#include "bounds.h"
#include "digits.h"
#include "pairs.h"
#include "products.h"
#include "timing.h"

typedef struct setting {
    long steps, batch, threads;
    int64_t hidden[MOST_LAYERS];
    const nn_optimiser *optimizer;
    bool table, parts;
} setting;

/* ---- Measuring --------------------------------------------------------------------------------------------------- */

enum { MOST_BLOCKS = 4096 };

typedef struct result {
    timing step, products, bytes;
    bool failed;
} result;

/* A block is short enough to miss what else the machine does. Of the usual network it has about 50 steps: a fit keeps a
 * copy of its weights when it begins and after each 50 steps (KEEP_EVERY, nn/estimators/fit.c). */
static long steps_in_block(double seconds)
{
    const double steps = 0.03 / seconds;
    return steps < 2 ? 2 : steps > 2000 ? 2000 : (long)steps;
}

/* What is measured in turn. */
typedef struct bench {
    const setting *s;
    const nn_data *data;
    nn_classifier *c;
    products all;
    ad_update_block bytes; /* weights, their gradients and their slots, as long as those of the network */
} bench;

/* The weights and biases of the layers, whose products come first. */
static size_t count_parameters(const products *all)
{
    size_t n = 0;
    for (int i = 0; i < all->n && !all->p[i].ta && !all->p[i].tb; i++)
        n += ((size_t)all->p[i].k + 1) * (size_t)all->p[i].n;
    return n;
}

static ad_update_block make_bytes(const nn_optimiser *rule, size_t n)
{
    nn_optimiser_slot slots[AD_MAX_UPDATE_STATES];
    const nn_optimiser_options o = nn_optimiser_resolve(&(nn_optimiser_options){.rule = rule});
    const int n_slots = rule->slots ? rule->slots(&o, slots) : 0;
    ad_update_block b = {.n = n, .type = AD_F32, .x = random_numbers(AD_F32, n), .dx = random_numbers(AD_F32, n)};
    for (int i = 0; i < n_slots; i++)
        b.state[i] = random_numbers(AD_F32, n);
    return b;
}

static bench make_bench(const setting *s, const nn_data *data)
{
    nn_classifier_options o = {
        .n_classes = DIGIT_CLASSES, .scaling = NN_SCALE_GLOBAL, .seed = 42, .optimiser = {.rule = s->optimizer}};
    memcpy(o.hidden_units, s->hidden, sizeof o.hidden_units);
    bench b = {s, data, nn_classifier_open(&o),
               make_step_products((int)s->batch, DIGIT_COLUMNS, s->hidden, DIGIT_CLASSES), .bytes = {0}};
    b.bytes = make_bytes(s->optimizer, count_parameters(&b.all));
    return b;
}

/* Returns false, and says why, if a step has failed. */
static bool free_bench(bench *b)
{
    const bool good = nn_classifier_status(b->c) == AD_OK;
    if (!good)
        fprintf(stderr, "mlp_step: %s\n", nn_classifier_message(b->c));
    nn_classifier_close(b->c);
    free_products(&b->all);
    free(b->bytes.x);
    free((void *)(uintptr_t)b->bytes.dx);
    for (int i = 0; i < AD_MAX_UPDATE_STATES; i++)
        free(b->bytes.state[i]);
    return good;
}

static double time_steps(const bench *b, long steps)
{
    const double start = seconds_now();
    nn_classifier_fit(b->c, b->data, &(nn_fit_options){.batch_size = b->s->batch, .steps = steps});
    return (seconds_now() - start) / (double)steps;
}

static double time_bytes(const bench *b, long times)
{
    const double start = seconds_now();
    for (long i = 0; i < times; i++)
        touch(&b->bytes);
    return (seconds_now() - start) / (double)times;
}

/* The steps of a block, after some that allocate and warm up. */
static long prepare(const bench *b)
{
    time_products(&b->all, 1);
    const long block = steps_in_block(time_products(&b->all, 2));
    time_steps(b, block);
    return block;
}

/* As many blocks as have the steps of the setting; steps 0: 40 blocks. */
static size_t blocks_of(const setting *s, long block)
{
    const size_t blocks = s->steps ? (size_t)((s->steps + block - 1) / block) : 40;
    return blocks < MOST_BLOCKS ? blocks : MOST_BLOCKS;
}

static result measure(const setting *s, const nn_data *data)
{
    static double step[MOST_BLOCKS], gemm[MOST_BLOCKS], bytes[MOST_BLOCKS];
    bench b = make_bench(s, data);
    const long block = prepare(&b);
    const size_t n = blocks_of(s, block);
    for (size_t i = 0; i < n; i++) {
        step[i] = time_steps(&b, block);
        gemm[i] = time_products(&b.all, block);
        bytes[i] = time_bytes(&b, block);
    }
    if (!s->table)
        print_products(&b.all);
    const bool good = free_bench(&b);
    return (result){timing_of(step, n), timing_of(gemm, n), timing_of(bytes, n), !good};
}

/* ---- Parts ------------------------------------------------------------------------------------------------------- */

/* The least seconds of each product by the library and by OpenBLAS, when all of a step follow each other as they do
 * there, and of a step. */
typedef struct parts {
    double tape[3 * MOST_LAYERS], blas[3 * MOST_LAYERS], all_by_tape, all_by_blas, step;
} parts;

typedef double time_pair(const product_pair *both, long calls);

/* So many times all products, each timed; `least` and `*all` become what is less. */
static void time_in_turn(const product_pair *pairs, int n, time_pair *time, long times, double *least, double *all)
{
    double sum[3 * MOST_LAYERS] = {0}, total = 0;
    for (long t = 0; t < times; t++)
        for (int i = 0; i < n; i++)
            sum[i] += time(&pairs[i], 1);
    for (int i = 0; i < n; i++) {
        const double mean = sum[i] / (double)times;
        least[i] = mean < least[i] ? mean : least[i];
        total += mean;
    }
    *all = total < *all ? total : *all;
}

static parts measure_parts(const bench *b)
{
    parts p = {.all_by_tape = INFINITY, .all_by_blas = INFINITY, .step = INFINITY};
    product_pair pairs[3 * MOST_LAYERS];
    for (int i = 0; i < b->all.n; i++) {
        pairs[i] = make_pair(&b->all.p[i]);
        p.tape[i] = p.blas[i] = INFINITY;
    }
    const long block = prepare(b);
    const size_t n = blocks_of(b->s, block);
    for (size_t i = 0; i < n; i++) {
        p.step = fmin(p.step, time_steps(b, block));
        time_in_turn(pairs, b->all.n, time_pair_by_tape, block, p.tape, &p.all_by_tape);
        time_in_turn(pairs, b->all.n, time_pair_by_blas, block, p.blas, &p.all_by_blas);
    }
    for (int i = 0; i < b->all.n; i++)
        free_pair(&pairs[i]);
    return p;
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
    printf("bytes of the update          min %8.1f us\n", 1e6 * r.bytes.min);
    printf("{\"bench\":\"mlp_step\",\"threads\":%ld,\"batch\":%ld,\"us_step_median\":%.1f,\"us_step_min\":%.1f,"
           "\"gemm_us\":%.1f,\"ratio\":%.3f}\n",
           s->threads, s->batch, 1e6 * t.median, 1e6 * t.min, 1e6 * g.min, t.min / g.min);
    return true;
}

/* A line of --parts: a time by the library and by OpenBLAS, and what share of the processor's multiply-adds ours are.
 */
static void print_part(const char *name, double tape, double blas, double flops, double peak)
{
    printf("%-28s %10.2f %10.2f %7.3f %8.1f %6.0f %%\n", name, 1e6 * tape, 1e6 * blas, tape / blas, 1e-9 * flops / tape,
           100 * flops / tape / peak);
}

static const char *product_name(const bench *b, int i)
{
    static char name[PRODUCT_NAME];
    write_product_name(&b->all.p[i], name);
    return name;
}

/* The products of a step, and what is left of the step. */
static bool print_parts(const setting *s, const nn_data *data)
{
    const double peak = (double)s->threads * peak_flops(AD_F32);
    bench b = make_bench(s, data);
    const parts p = measure_parts(&b);
    printf("Gradtape, kernels for %s: multiply-adds in registers %.1f Gflop/s, threads: %ld\n", ad_kernels(),
           1e-9 * peak, s->threads);
    printf("%-28s %10s %10s %7s %8s %8s\n", "", "ours us", "BLAS us", "ratio", "Gflop/s", "of peak");
    double flops = 0;
    for (int i = 0; i < b.all.n; i++) {
        print_part(product_name(&b, i), p.tape[i], p.blas[i], flops_of(&b.all.p[i]), peak);
        flops += flops_of(&b.all.p[i]);
    }
    print_part("all products", p.all_by_tape, p.all_by_blas, flops, peak);
    const double rest = p.step - p.all_by_tape;
    printf("%-28s %10.2f\n%-28s %10.2f\n", "the rest of the step", 1e6 * rest, "the step", 1e6 * p.step);
    printf("{\"bench\":\"mlp_step_parts\",\"kernels\":\"%s\",\"threads\":%ld,\"batch\":%ld,\"us_step\":%.1f,"
           "\"us_products\":%.1f,\"us_rest\":%.1f,\"percent_of_peak\":%.0f,\"products\":%d",
           ad_kernels(), s->threads, s->batch, 1e6 * p.step, 1e6 * p.all_by_tape, 1e6 * rest,
           100 * flops / p.all_by_tape / peak, b.all.n);
    for (int i = 0; i < b.all.n; i++)
        printf(",\"product_%d\":\"%s\",\"percent_%d\":%.0f", i, product_name(&b, i), i,
               100 * flops_of(&b.all.p[i]) / p.tape[i] / peak);
    printf("}\n");
    return free_bench(&b);
}

/* The four batches of the network of the command line, and a wide one. A step of batch 1 does little beside its update,
 * so that reading and writing the bytes is its bound. */
static bool print_table(setting s, const nn_data *data)
{
    static const long batches[] = {1, 10, 50, 256, 256};
    static const char *const keys[] = {"batch_1", "batch_10", "batch_50", "batch_256", "wide_256"};
    double ratios[5], x_bytes = 0;
    printf("%-10s %10s %12s %14s %8s %12s\n", "", "threads", "step us", "products us", "ratio", "bytes us");
    s.steps = 0;
    for (int i = 0; i < 5; i++) {
        s.batch = batches[i];
        if (i == 4)
            memcpy(s.hidden, (int64_t[MOST_LAYERS]){1024, 1024}, sizeof s.hidden);
        const result r = measure(&s, data);
        if (r.failed)
            return false;
        ratios[i] = r.step.min / r.products.min;
        if (i == 0)
            x_bytes = r.step.min / r.bytes.min;
        printf("%-10s %10ld %12.1f %14.1f %8.3f %12.1f\n", keys[i], s.threads, 1e6 * r.step.min, 1e6 * r.products.min,
               ratios[i], 1e6 * r.bytes.min);
    }
    printf("{\"bench\":\"mlp_step_table\",\"threads\":%ld", s.threads);
    for (int i = 0; i < 5; i++)
        printf(",\"%s\":%.3f", keys[i], ratios[i]);
    printf(",\"batch_1_x_bytes\":%.2f}\n", x_bytes);
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
    {"parts", 'p', NULL, 0, "Each product of a step beside OpenBLAS's and the peak, and the rest of the step", 0},
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
    case 'p': s->parts = true; return 0;
    case ARGP_KEY_END:
        if (s->table && s->parts)
            argp_error(state, "--table and --parts are two tables: give one of them");
        return 0;
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
    const bool done = s.table ? print_table(s, &data) : s.parts ? print_parts(&s, &data) : print_one(&s, &data);
    free_digits(&data);
    return done ? 0 : 1;
}
