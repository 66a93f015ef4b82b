/* One whole training step, as a user gets it from nn_classifier_fit, beside the bare matrix products of that step.
 *
 * Blocks of steps and blocks of products alternate; the ratio is that of their fastest blocks, so that it means the same on a
 * busy machine. The products run on one thread, each as one call of OpenBLAS. */
#include <argp.h>
#include <cblas.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gradtape/gradtape.h>

#include "timing.h"

enum { ROWS = 60000, INPUTS = 784, CLASSES = 10, MAX_LAYERS = 8, BLOCK = 20 };

typedef struct setting {
    long steps, batch, threads;
    int64_t hidden[MAX_LAYERS];
    const char *optimizer;
} setting;

/* ---- The bare products ---------------------------------------------------------------------------------------------------- */

typedef struct product {
    int m, n, k;
    bool ta, tb;
} product;

static int list_products(const setting *s, product p[3 * MAX_LAYERS])
{
    int sizes[MAX_LAYERS + 2] = {INPUTS}, layers = 0, n = 0;
    while (layers < MAX_LAYERS - 1 && s->hidden[layers] > 0) {
        sizes[layers + 1] = (int)s->hidden[layers];
        layers++;
    }
    sizes[++layers] = CLASSES;
    const int batch = (int)s->batch;
    for (int i = 0; i < layers; i++)
        p[n++] = (product){batch, sizes[i + 1], sizes[i], false, false}; /* forward: x w */
    for (int i = layers - 1; i >= 0; i--) {
        p[n++] = (product){sizes[i], sizes[i + 1], batch, true, false}; /* dw = x' dy */
        if (i > 0)
            p[n++] = (product){batch, sizes[i], sizes[i + 1], false, true}; /* dx = dy w' */
    }
    return n;
}

/* The products of one step, each in memory of its own as in training. */
typedef struct products {
    int n;
    product p[3 * MAX_LAYERS];
    float *a[3 * MAX_LAYERS], *b[3 * MAX_LAYERS], *c[3 * MAX_LAYERS];
} products;

static float *numbers(size_t n)
{
    float *x = malloc(n * sizeof *x);
    if (!x)
        exit(1);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(ad_random_uniform(1, 2, i) - 0.5);
    return x;
}

static products make_products(const setting *s)
{
    products all = {0};
    all.n = list_products(s, all.p);
    for (int i = 0; i < all.n; i++) {
        const product *p = &all.p[i];
        all.a[i] = numbers((size_t)p->m * (size_t)p->k);
        all.b[i] = numbers((size_t)p->k * (size_t)p->n);
        all.c[i] = numbers((size_t)p->m * (size_t)p->n);
        printf("product %d: m %d n %d k %d %c%c beta 0\n", i, p->m, p->n, p->k, p->ta ? 't' : 'n', p->tb ? 't' : 'n');
    }
    return all;
}

static void multiply_all(const products *all)
{
    for (int i = 0; i < all->n; i++) {
        const product *p = &all->p[i];
        cblas_sgemm(CblasRowMajor, p->ta ? CblasTrans : CblasNoTrans, p->tb ? CblasTrans : CblasNoTrans, p->m, p->n, p->k, 1,
                    all->a[i], p->ta ? p->m : p->k, all->b[i], p->tb ? p->k : p->n, 0, all->c[i], p->n);
    }
}

static void free_products(products *all)
{
    for (int i = 0; i < all->n; i++) {
        free(all->a[i]);
        free(all->b[i]);
        free(all->c[i]);
    }
}

/* ---- The data ------------------------------------------------------------------------------------------------------------- */

/* As large as MNIST and as sparse: a fifth of the pixels is not 0. */
static nn_data make_data(void)
{
    uint8_t *pixels = malloc((size_t)ROWS * INPUTS);
    int32_t *labels = malloc(ROWS * sizeof *labels);
    if (!pixels || !labels)
        exit(1);
    for (size_t i = 0; i < (size_t)ROWS * INPUTS; i += 4) {
        const uint32_t bits = ad_random_bits(1, 0, i / 4);
        for (size_t j = 0; j < 4; j++)
            pixels[i + j] = (bits >> 8 * j & 255) < 205 ? 0 : (uint8_t)(bits >> 8 * j);
    }
    for (int i = 0; i < ROWS; i++)
        labels[i] = (int32_t)(ad_random_bits(1, 1, (uint64_t)i) % CLASSES);
    return (nn_data){.features = pixels, .element = NN_U8, .rows = ROWS, .columns = INPUTS, .labels = labels};
}

/* ---- Measuring ------------------------------------------------------------------------------------------------------------ */

static double time_steps(nn_classifier *c, const nn_data *data, const setting *s)
{
    const double start = seconds_now();
    nn_classifier_fit(c, data, &(nn_fit_options){.batch_size = s->batch, .steps = BLOCK});
    return (seconds_now() - start) / BLOCK;
}

static double time_products(const products *all)
{
    const double start = seconds_now();
    for (int i = 0; i < BLOCK; i++)
        multiply_all(all);
    return (seconds_now() - start) / BLOCK;
}

static int measure(nn_classifier *c, const nn_data *data, const products *all, const setting *s)
{
    enum { MOST = 4096 };
    static double step[MOST], gemm[MOST];
    size_t n = 0;
    time_steps(c, data, s); /* the first steps allocate */
    time_products(all);
    for (; n < (size_t)(s->steps + BLOCK - 1) / BLOCK && n < MOST; n++) {
        step[n] = time_steps(c, data, s);
        gemm[n] = time_products(all);
    }
    if (nn_classifier_status(c) != AD_OK) {
        fprintf(stderr, "mlp_step: %s\n", nn_classifier_message(c));
        return 1;
    }
    const timing t = timing_of(step, n), g = timing_of(gemm, n);
    printf("step    median %8.1f us  min %8.1f us\nproducts median %7.1f us  min %8.1f us\n", 1e6 * t.median, 1e6 * t.min,
           1e6 * g.median, 1e6 * g.min);
    printf("{\"bench\":\"mlp_step\",\"threads\":%ld,\"batch\":%ld,\"us_step_median\":%.1f,\"us_step_min\":%.1f,\"gemm_us\":%.1f,"
           "\"ratio\":%.3f}\n",
           s->threads, s->batch, 1e6 * t.median, 1e6 * t.min, 1e6 * g.min, t.min / g.min);
    return 0;
}

/* ---- The command line ----------------------------------------------------------------------------------------------------- */

static const struct argp_option options[] = {
    {"threads", 't', "T", 0, "Threads that train (1)", 0},
    {"steps", 's', "N", 0, "Steps to measure (1000)", 0},
    {"batch", 'b', "B", 0, "Examples in a step (50)", 0},
    {"hidden", 'h', "A,B,...", 0, "Units of the hidden layers (300,100)", 0},
    {"optimizer", 'o', "NAME", 0, "adagrad or gradient_descent (adagrad)", 0},
    {0},
};

static long positive(char **text, struct argp_state *state)
{
    char *end;
    errno = 0;
    const long value = strtol(*text, &end, 10);
    if (end == *text || errno || value < 1 || value > 1000000)
        argp_error(state, "'%s': a whole number from 1 to 1000000 is needed", *text);
    *text = end;
    return value;
}

static void take_hidden(char *text, setting *s, struct argp_state *state)
{
    memset(s->hidden, 0, sizeof s->hidden);
    for (int i = 0; i < MAX_LAYERS - 1; i++) {
        s->hidden[i] = positive(&text, state);
        if (!*text)
            return;
        if (*text++ != ',')
            break;
    }
    argp_error(state, "--hidden takes up to %d numbers, with commas between them", MAX_LAYERS - 1);
}

static error_t take(int key, char *text, struct argp_state *state)
{
    setting *s = state->input;
    switch (key) {
    case 't': s->threads = positive(&text, state); return 0;
    case 's': s->steps = positive(&text, state); return 0;
    case 'b': s->batch = positive(&text, state); return 0;
    case 'h': take_hidden(text, s, state); return 0;
    case 'o':
        if (nn_optimiser_named(text) == NN_OPTIMISER_COUNT)
            argp_error(state, "--optimizer %s: it must be adagrad or gradient_descent", text);
        s->optimizer = text;
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char *argv[])
{
    static const struct argp parser = {.options = options, .parser = take,
                                       .doc = "Time a training step beside its bare matrix products."};
    setting s = {.threads = 1, .steps = 1000, .batch = 50, .hidden = {300, 100}, .optimizer = "adagrad"};
    argp_parse(&parser, argc, argv, 0, NULL, &s);
    if (s.threads > AD_MAX_THREADS || ad_set_threads((int)s.threads) != AD_OK) {
        fprintf(stderr, "mlp_step: --threads %ld: it must be 1 to %d\n", s.threads, AD_MAX_THREADS);
        return 1;
    }
    nn_data data = make_data();
    nn_classifier_options o = {.n_classes = CLASSES, .scaling = NN_SCALE_GLOBAL, .seed = 42,
                               .optimiser = {.kind = nn_optimiser_named(s.optimizer)}};
    memcpy(o.hidden_units, s.hidden, sizeof s.hidden);
    nn_classifier *c = nn_classifier_open(&o);
    openblas_set_num_threads(1);
    products all = make_products(&s);
    const int failed = measure(c, &data, &all, &s);
    free_products(&all);
    nn_classifier_close(c);
    free((void *)(uintptr_t)data.labels);
    free((void *)(uintptr_t)data.features);
    return failed;
}
