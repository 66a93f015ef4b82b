/* Matrix products of 24 shapes by the library, each beside OpenBLAS called bare on one thread, in a loop over a stack.
 *
 * Blocks of both alternate; the ratio is that of their fastest blocks. One of ours is a whole call of the public API on
 * a tape that is reset each time: with its checks, its entry and the memory of its result. Both read the same memory.
 */
#include <argp.h>
#include <cblas.h>
#include <stdio.h>
#include <string.h>

#include <gradtape/gradtape.h>

#include "arguments.h"
#include "blas_kernels.h"
#include "bounds.h"
#include "pairs.h"
#include "products.h"
#include "timing.h"

#define SQUARE(size) .m = (size), .n = (size), .k = (size)

static const product shapes[] = {
    {SQUARE(16)},
    {SQUARE(32)},
    {SQUARE(48)},
    {SQUARE(64)},
    {SQUARE(96), .type = AD_F64},
    {SQUARE(128)},
    {SQUARE(128), .type = AD_F64},
    {SQUARE(256)},
    {SQUARE(512)},
    {SQUARE(512), .type = AD_F64},
    {SQUARE(1024)},
    {.m = 50, .n = 300, .k = 784},
    {.m = 784, .n = 300, .k = 50, .ta = true},
    {.m = 50, .n = 300, .k = 100, .tb = true},
    {.m = 10000, .n = 64, .k = 64, .type = AD_F64},
    {.m = 64, .n = 4096, .k = 64},
    {SQUARE(17), .type = AD_F64},
    {SQUARE(33), .tb = true},
    {SQUARE(100), .type = AD_F64},
    {SQUARE(127), .ta = true},
    {SQUARE(16), .stack = 64},
    {SQUARE(8), .type = AD_F64, .stack = 128},
    {SQUARE(64), .type = AD_F64, .stack = 32},
    {.m = 16, .n = 16, .k = 32, .stack = 64, .one_b = true},
};

enum { SHAPES = sizeof shapes / sizeof shapes[0], SMALL = 128, MOST_BLOCKS = 4096, LEAST_BLOCKS = 10 };

typedef struct setting {
    long threads, milliseconds;
    const char *only;
} setting;

/* ---- Measuring --------------------------------------------------------------------------------------------------- */

static bool is_small(const product *p) { return p->m <= SMALL && p->n <= SMALL && p->k <= SMALL; }

/* The one that has a goal of its own. */
static bool is_batch_of_16(const product *p) { return p->stack == 64 && p->k == 16; }

typedef struct result {
    double ours, blas; /* seconds of a call */
} result;

/* Blocks of about a millisecond, for so many milliseconds in all, but at least a few of each. */
static result time_both(const product_pair *both, long milliseconds)
{
    static double ours[MOST_BLOCKS], blas[MOST_BLOCKS];
    const double once = time_pair_by_blas(both, 1) + time_pair_by_tape(both, 1), wanted = 0.001 / once;
    const long calls = wanted < 1 ? 1 : (long)wanted;
    const double end = seconds_now() + 1e-3 * (double)milliseconds;
    size_t n = 0;
    for (; n < MOST_BLOCKS && (n < LEAST_BLOCKS || seconds_now() < end); n++) {
        ours[n] = time_pair_by_tape(both, calls);
        blas[n] = time_pair_by_blas(both, calls);
    }
    return (result){timing_of(ours, n).min, timing_of(blas, n).min};
}

static result measure(const product *p, long milliseconds)
{
    product_pair both = make_pair(p);
    const result r = time_both(&both, milliseconds);
    free_pair(&both);
    return r;
}

/* ---- The table --------------------------------------------------------------------------------------------------- */

/* A ratio and whose it is. */
typedef struct worst {
    double ratio;
    char name[PRODUCT_NAME];
} worst;

static void keep_worse(worst *w, double ratio, const char *name)
{
    if (ratio <= w->ratio)
        return;
    w->ratio = ratio;
    snprintf(w->name, sizeof w->name, "%s", name);
}

typedef struct summary {
    int shapes;
    worst of_all, of_small;
    double batch; /* times faster than as many calls of OpenBLAS; 0 if it was not measured */
} summary;

static void print_shape(const product *p, const setting *s, const double *peaks, summary *sum)
{
    char name[PRODUCT_NAME];
    write_product_name(p, name);
    if (s->only && !strstr(name, s->only))
        return;
    const result r = measure(p, s->milliseconds);
    const double ratio = r.ours / r.blas, flops = flops_of(p) / r.ours;
    const double share = flops / ((double)s->threads * peaks[p->type]);
    printf("%-36s %10.2f %10.2f %7.3f %8.1f %6.0f %%\n", name, 1e6 * r.ours, 1e6 * r.blas, ratio, 1e-9 * flops,
           100 * share);
    fflush(stdout);
    sum->shapes++;
    keep_worse(&sum->of_all, ratio, name);
    if (is_small(p))
        keep_worse(&sum->of_small, ratio, name);
    if (is_batch_of_16(p))
        sum->batch = 1 / ratio;
}

static void print_table(const setting *s)
{
    const double peaks[] = {[AD_F32] = peak_flops(AD_F32), [AD_F64] = peak_flops(AD_F64)};
    printf("Gradtape, kernels for %s: multiply-adds in registers %.1f Gflop/s a core in f32, %.1f in f64\n",
           ad_kernels(), 1e-9 * peaks[AD_F32], 1e-9 * peaks[AD_F64]);
    printf("%-36s %10s %10s %7s %8s %8s\n", "", "ours us", "BLAS us", "ratio", "Gflop/s", "of peak");
    summary sum = {0};
    for (int i = 0; i < SHAPES; i++)
        print_shape(&shapes[i], s, peaks, &sum);
    printf(
        "{\"bench\":\"matmul\",\"kernels\":\"%s\",\"threads\":%ld,\"shapes\":%d,\"worst\":%.3f,\"worst_shape\":\"%s\","
        "\"worst_small\":%.3f,\"worst_small_shape\":\"%s\",\"batch_16_times_faster\":%.2f,\"gflops_f32\":%.1f,"
        "\"gflops_f64\":%.1f}\n",
        ad_kernels(), s->threads, sum.shapes, sum.of_all.ratio, sum.of_all.name, sum.of_small.ratio, sum.of_small.name,
        sum.batch, 1e-9 * peaks[AD_F32], 1e-9 * peaks[AD_F64]);
}

/* ---- The command line -------------------------------------------------------------------------------------------- */

static const struct argp_option options[] = {
    {"threads", 't', "T", 0, "Threads that multiply on our side (1)", 0},
    {"milliseconds", 'm', "MS", 0, "Time for each shape (400)", 0},
    {"only", 'o', "TEXT", 0, "Only shapes whose name has this in it, as f64 or 64,16", 0},
    {0},
};

static error_t take(int key, char *text, struct argp_state *state)
{
    setting *s = state->input;
    switch (key) {
    case 't': s->threads = positive_argument(text, AD_MAX_THREADS, "threads", state); return 0;
    case 'm': s->milliseconds = positive_argument(text, 1000000, "milliseconds", state); return 0;
    case 'o': s->only = text; return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char *argv[])
{
    static const struct argp parser = {
        .options = options, .parser = take, .doc = "Time matrix products beside bare calls of OpenBLAS."};
    setting s = {.threads = 1, .milliseconds = 400};
    argp_parse(&parser, argc, argv, 0, NULL, &s);
    ad_set_threads((int)s.threads);
    openblas_set_num_threads(1);
    print_blas_kernels();
    print_table(&s);
    return 0;
}
