/* How cost grows: batch, width, depth and the length of a tape are doubled several times, and the exponent of the time
 * (the slope of log time over log size, by least squares) is printed beside that of the arithmetic's operations, and of
 * networks beside that of their bare products, which do not fit into the same caches at all sizes either.
 *
 * The time is the processor's, on one thread, so that other programs count for little. The sizes of a series take
 * turns, so that all of them see the same machine; each counts with its fastest turn. */
#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <gradtape/gradtape.h>

#include "arguments.h"
#include "blas_kernels.h"
#include "chain.h"
#include "digits.h"
#include "products.h"

enum { MOST_SIZES = 8, MOST_TURNS = 40 };

static const double most_excess = 1.05; /* exponent of the time over that of the arithmetic */

static double processor_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* ---- Exponents --------------------------------------------------------------------------------------------------- */

/* One size of a series: what was doubled, the operations of the arithmetic, the seconds; those of the bare products. */
typedef struct point {
    double size, work, seconds, bare;
} point;

static double log_work(const point *p) { return log2(p->work); }
static double log_seconds(const point *p) { return log2(p->seconds); }
static double log_bare(const point *p) { return log2(p->bare); }

/* The slope of y over log2 of the size, by least squares. */
static double slope(const point *p, int n, double (*y)(const point *p))
{
    double mean_x = 0, mean_y = 0, xy = 0, xx = 0;
    for (int i = 0; i < n; i++) {
        mean_x += log2(p[i].size) / n;
        mean_y += y(&p[i]) / n;
    }
    for (int i = 0; i < n; i++) {
        const double dx = log2(p[i].size) - mean_x;
        xy += dx * (y(&p[i]) - mean_y);
        xx += dx * dx;
    }
    return xy / xx;
}

static double worst_excess = 0;

static void print_series(const char *name, const point *p, int n)
{
    const double measured = slope(p, n, log_seconds), expected = slope(p, n, log_work), excess = measured / expected;
    printf("%-30s %8.0f to %8.0f %10.3f %10.3f %8.3f%s\n    each doubling:", name, p[0].size, p[n - 1].size, measured,
           expected, excess, excess > most_excess ? "  TOO MUCH" : "");
    for (int i = 1; i < n; i++)
        printf(" x %.2f", p[i].seconds / p[i - 1].seconds);
    if (p[0].bare > 0)
        printf("\n    the bare products: exponent %.3f, ratio %.3f", slope(p, n, log_bare),
               slope(p, n, log_bare) / expected);
    printf("\n");
    worst_excess = fmax(worst_excess, excess);
}

/* ---- Training ---------------------------------------------------------------------------------------------------- */

/* A network with as many inputs as hidden units, so that its products grow with the square of the width. */
typedef struct network {
    int64_t batch, width, depth;
} network;

typedef struct network_series {
    const char *name;
    network first, factor;
    int sizes;
} network_series;

static const network_series networks[] = {
    {"batch (3 x 256 units)", {32, 256, 3}, {2, 1, 1}, 6},
    {"width (3 layers, batch 64)", {64, 128, 3}, {1, 2, 1}, 4},
    {"depth (256 units, batch 64)", {64, 256, 2}, {1, 1, 2}, 5},
};

/* Operations of one step: products forward, of the weights' gradients and, except in the first layer, of the inputs';
 * bias and activation forward and backward; Adagrad. */
static double work_of(const network *w)
{
    const double b = (double)w->batch, h = (double)w->width, d = (double)w->depth, c = DIGIT_CLASSES;
    const double multiply_adds = 2 * b * h * h * (3 * d - 1) + 2 * b * h * c * 3;
    const double parameters = d * (h * h + h) + h * c + c;
    return multiply_adds + 4 * b * (d * h + c) + 6 * parameters;
}

static double size_of(const network_series *s, const network *w)
{
    return (double)(s->factor.batch > 1 ? w->batch : s->factor.width > 1 ? w->width : w->depth);
}

static nn_classifier *open_network(const network *w)
{
    nn_classifier_options o = {.n_classes = DIGIT_CLASSES, .scaling = NN_SCALE_CONSTANT, .seed = 42};
    for (int64_t i = 0; i < w->depth; i++)
        o.hidden_units[i] = w->width;
    return nn_classifier_open(&o);
}

/* Seconds of a step, over as many steps as take some milliseconds. */
static double time_network(nn_classifier *c, const nn_data *pixels, const network *w)
{
    const double operations = 1e9; /* about 10 ms */
    const int64_t steps = work_of(w) > operations / 2 ? 2 : (int64_t)(operations / work_of(w));
    nn_data data = *pixels;
    data.columns = w->width;
    data.rows = 10000;
    const double start = processor_seconds();
    if (nn_classifier_fit(c, &data, &(nn_fit_options){.batch_size = w->batch, .steps = steps}) == AD_OK)
        return (processor_seconds() - start) / (double)steps;
    fprintf(stderr, "growth: %s\n", nn_classifier_message(c));
    exit(1);
}

static products products_of(const network *w)
{
    int64_t hidden[MOST_LAYERS] = {0};
    for (int64_t i = 0; i < w->depth; i++)
        hidden[i] = w->width;
    return make_step_products((int)w->batch, (int)w->width, hidden, DIGIT_CLASSES);
}

static double time_bare(const products *all, const network *w)
{
    const long times = 1 + (long)(1e9 / work_of(w));
    const double start = processor_seconds();
    time_products(all, times);
    return (processor_seconds() - start) / (double)times;
}

static void measure_networks(const network_series *s, const nn_data *pixels)
{
    enum { TURNS = 12 };
    nn_classifier *c[MOST_SIZES];
    products bare[MOST_SIZES];
    network w[MOST_SIZES] = {s->first};
    point points[MOST_SIZES];
    for (int i = 0; i < s->sizes; i++) {
        if (i)
            w[i] = (network){w[i - 1].batch * s->factor.batch, w[i - 1].width * s->factor.width,
                             w[i - 1].depth * s->factor.depth};
        c[i] = open_network(&w[i]);
        time_network(c[i], pixels, &w[i]); /* the first steps allocate */
        bare[i] = products_of(&w[i]);
        points[i] = (point){size_of(s, &w[i]), work_of(&w[i]), INFINITY, INFINITY};
    }
    for (int turn = 0; turn < TURNS; turn++)
        for (int i = 0; i < s->sizes; i++) {
            points[i].seconds = fmin(points[i].seconds, time_network(c[i], pixels, &w[i]));
            points[i].bare = fmin(points[i].bare, time_bare(&bare[i], &w[i]));
        }
    for (int i = 0; i < s->sizes; i++) {
        nn_classifier_close(c[i]);
        free_products(&bare[i]);
    }
    print_series(s->name, points, s->sizes);
}

/* ---- The length of a tape ---------------------------------------------------------------------------------------- */

typedef struct chain_series {
    const char *name;
    int64_t elements; /* of each tensor; 0: a scalar */
    int first, sizes;
} chain_series;

static const chain_series chains[] = {
    {"tape (scalars)", 0, 1000, 8},
    {"tape (tensors of 256)", 256, 500, 6},
};

static double time_chain(ad_tape *t, ad_tensor x, int n)
{
    const double start = processor_seconds();
    ad_backward(ad_sum(chain(x, n)));
    ad_reset(t);
    return processor_seconds() - start;
}

static void measure_chains(const chain_series *s)
{
    point points[MOST_SIZES];
    float values[256];
    for (int i = 0; i < 256; i++)
        values[i] = (float)i / 256;
    ad_tape *t = ad_tape_open(NULL);
    const ad_tensor x = ad_param(t, AD_F32, s->elements ? AD_SHAPE(s->elements) : AD_SCALAR, values, "x");
    for (int i = 0; i < s->sizes; i++)
        points[i] = (point){s->first << i, s->first << i, INFINITY, 0};
    time_chain(t, x, s->first << (s->sizes - 1)); /* the longest takes the memory */
    for (int turn = 0; turn < MOST_TURNS; turn++)
        for (int i = 0; i < s->sizes; i++)
            points[i].seconds = fmin(points[i].seconds, time_chain(t, x, s->first << i));
    if (ad_status_of(t)) {
        fprintf(stderr, "growth: %s\n", ad_message(t));
        exit(1);
    }
    ad_tape_close(t);
    print_series(s->name, points, s->sizes);
}

/* ---- Memory of training ------------------------------------------------------------------------------------------ */

/* All in bytes. */
typedef struct memory {
    double parameters, slots, activations, peak;
} memory;

/* Of 784-h1-h2-10: a slot for each parameter; as activations what is kept of a batch for the walk back. */
static memory memory_of(const nn_data *data, int64_t h1, int64_t h2, int64_t batch)
{
    const double p = (double)((DIGIT_COLUMNS + 1) * h1 + (h1 + 1) * h2 + (h2 + 1) * DIGIT_CLASSES);
    const double a = (double)(batch * (DIGIT_COLUMNS + h1 + h2 + DIGIT_CLASSES));
    nn_classifier *c = nn_classifier_open(&(nn_classifier_options){
        .hidden_units = {h1, h2}, .n_classes = DIGIT_CLASSES, .scaling = NN_SCALE_GLOBAL, .seed = 42});
    nn_classifier_fit(c, data, &(nn_fit_options){.batch_size = batch, .steps = 10});
    const memory m = {p * sizeof(float), p * sizeof(float), a * sizeof(float),
                      (double)nn_classifier_usage(c).peak_bytes};
    nn_classifier_close(c);
    return m;
}

static double print_memory(const char *name, memory m)
{
    const double sum = m.parameters + m.slots + m.activations, mega = 1e6;
    printf("%-30s %10.2f %8.2f %12.2f %8.2f %8.2f %8.2f\n", name, m.parameters / mega, m.slots / mega,
           m.activations / mega, sum / mega, m.peak / mega, m.peak / sum);
    return m.peak / sum;
}

int main(int argc, char *argv[])
{
    take_no_arguments(argc, argv, "Print how time and memory grow with batch, width, depth and the length of a tape.");
    ad_set_threads(1);
    openblas_set_num_threads(1);
    print_blas_kernels();
    nn_data data = make_digits();
    printf("%-30s %20s %10s %10s %8s\n", "doubled", "", "exponent", "arithmetic", "ratio");
    for (size_t i = 0; i < sizeof networks / sizeof networks[0]; i++)
        measure_networks(&networks[i], &data);
    for (size_t i = 0; i < sizeof chains / sizeof chains[0]; i++)
        measure_chains(&chains[i]);
    printf("\n%-30s %10s %8s %12s %8s %8s %8s\n", "peak memory of training, MB", "parameters", "slots", "activations",
           "sum", "peak", "ratio");
    const double small = print_memory("784-300-100-10, batch 50", memory_of(&data, 300, 100, 50));
    const double large = print_memory("784-1024-1024-10, batch 256", memory_of(&data, 1024, 1024, 256));
    printf("{\"bench\":\"growth\",\"worst_ratio\":%.3f,\"memory_ratio\":%.2f,\"memory_ratio_wide\":%.2f}\n",
           worst_excess, small, large);
    free_digits(&data);
    return 0;
}
