/* Element-wise operators beside memcpy of the same bytes, and transcendental functions beside the loop over libm.
 *
 * Each operator is timed forward, as a user calls it, and backward, in f32; "x memcpy" is its time divided by that of a
 * memcpy that moves as many bytes as the operator, or its rule, reads and writes. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gradtape/gradtape.h>

#include "arguments.h"
#include "timing.h"

enum { MOST_REPEATS = 400 };

typedef ad_tensor unary(ad_tensor x);
typedef ad_tensor binary(ad_tensor a, ad_tensor b);

/* `forward` and `backward` count the arrays that are read and written. Backward begins with a negation (2 arrays), so
 * that the rule gets a gradient as it is in the middle of a graph. */
typedef struct operation {
    const char *name;
    unary *one;
    binary *two;
    double forward, backward;
    bool is_cheap;
} operation;

static const operation operations[] = {
    {"neg", ad_neg, NULL, 2, 2 + 2, true},
    {"abs", ad_abs, NULL, 2, 2 + 3, true},
    {"square", ad_square, NULL, 2, 2 + 2 + 3, true},
    {"sqrt", ad_sqrt, NULL, 2, 2 + 2 + 3, true},
    {"relu", ad_relu, NULL, 2, 2 + 3, true},
    {"step", ad_step, NULL, 2, 2 + 1, true},
    {"add", NULL, ad_add, 3, 2, true},
    {"sub", NULL, ad_sub, 3, 2 + 2, true},
    {"mul", NULL, ad_mul, 3, 2 + 3 + 3, true},
    {"div", NULL, ad_div, 3, 2 + 3 + 3 + 2, true},
    {"maximum", NULL, ad_maximum, 3, 2 + 4 + 4, true},
    {"minimum", NULL, ad_minimum, 3, 2 + 4 + 4, true},
    {"exp", ad_exp, NULL, 2, 2 + 3, false},
    {"log", ad_log, NULL, 2, 2 + 3, false},
    {"tanh", ad_tanh, NULL, 2, 2 + 3, false},
    {"logistic", ad_logistic, NULL, 2, 2 + 3, false},
    {"softplus", ad_softplus, NULL, 2, 2 + 2 + 3, false},
    {"elu", ad_elu, NULL, 2, 2 + 3, false},
};

static ad_tensor apply(const operation *o, ad_tensor a, ad_tensor b) { return o->one ? o->one(a) : o->two(a, b); }

static size_t repeats_for(size_t n) { return n > 1000000 ? 4 : n > 10000 ? 40 : MOST_REPEATS; }

/* Many calls at once where one is too short to time. */
static int calls_for(size_t n) { return n < 10000 ? 64 : 1; }

static void fill(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(i % 1021) / 400 + 0.1F;
}

static double time_forward(const operation *o, ad_tape *t, ad_type type, ad_shape shape, const void *a, const void *b)
{
    static double seconds[MOST_REPEATS];
    const size_t n = (size_t)shape.dims[0], repeats = repeats_for(n);
    const int calls = calls_for(n);
    for (size_t i = 0; i < repeats; i++) {
        ad_tensor x = ad_borrow(t, type, shape, a), y = ad_borrow(t, type, shape, b);
        const double start = seconds_now();
        for (int k = 0; k < calls; k++)
            apply(o, x, y);
        seconds[i] = (seconds_now() - start) / calls;
        ad_reset(t);
    }
    return timing_of(seconds, repeats).min;
}

/* From a seed, so that no reduction is timed with it. */
static double time_backward(const operation *o, ad_tape *t, ad_tensor x, ad_tensor y, const void *seed)
{
    static double seconds[MOST_REPEATS];
    const size_t n = ad_size_of(x), repeats = repeats_for(n);
    const int calls = calls_for(n);
    for (size_t i = 0; i < repeats; i++) {
        ad_tensor z = ad_neg(apply(o, x, y)), v = ad_borrow(t, AD_F32, ad_shape_of(x), seed);
        const double start = seconds_now();
        for (int k = 0; k < calls; k++)
            ad_backward_with(z, &(ad_backward_options){.seed = v});
        seconds[i] = (seconds_now() - start) / calls;
        ad_reset(t);
    }
    return timing_of(seconds, repeats).min;
}

static double time_copy(void *to, const void *from, size_t bytes, size_t n)
{
    static double seconds[MOST_REPEATS];
    const size_t repeats = repeats_for(n);
    for (size_t i = 0; i < repeats; i++) {
        const double start = seconds_now();
        for (int k = 0; k < calls_for(n); k++) {
            memcpy(to, from, bytes);
            __asm__ volatile("" : : "r"(to) : "memory");
        }
        seconds[i] = (seconds_now() - start) / calls_for(n);
    }
    return timing_of(seconds, repeats).min;
}

static void *room(size_t bytes)
{
    void *p = malloc(bytes);
    if (!p)
        exit(1);
    memset(p, 1, bytes);
    return p;
}

static double worst_ratio = 0; /* of the cheap operators, out of cache */

static void measure_size(size_t n)
{
    float *a = room(n * sizeof *a), *b = room(n * sizeof *b), *copy = room(n * sizeof *copy),
          *from = room(n * sizeof *from);
    fill(a, n);
    fill(b, n);
    ad_tape *t = ad_tape_open(NULL);
    const ad_shape shape = AD_SHAPE((int64_t)n);
    ad_tensor x = ad_param(t, AD_F32, shape, a, "x"), y = ad_param(t, AD_F32, shape, b, "y");
    printf("\n%zu elements of f32\n%-10s %12s %10s %12s %10s\n", n, "", "forward us", "x memcpy", "backward us",
           "x memcpy");
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        const operation *o = &operations[i];
        const double forward = time_forward(o, t, AD_F32, shape, a, b), backward = time_backward(o, t, x, y, b);
        /* memcpy reads as much as it writes: of two arrays' bytes it copies one. */
        const double memory = time_copy(copy, from, n * sizeof *a, n) / 2;
        const double x_forward = forward / memory / o->forward, x_backward = backward / memory / o->backward;
        printf("%-10s %12.2f %10.2f %12.2f %10.2f\n", o->name, 1e6 * forward, x_forward, 1e6 * backward, x_backward);
        if (n > 1000000 && o->is_cheap)
            worst_ratio = fmax(worst_ratio, fmax(x_forward, x_backward));
    }
    if (ad_status_of(t))
        fprintf(stderr, "vector_ops: %s\n", ad_message(t));
    ad_tape_close(t);
    free(a);
    free(b);
    free(copy);
    free(from);
}

/* ---- Broadcasts, reductions, transpose on 1000 x 1000
 * ---------------------------------------------------------------------- */

static ad_tensor sum_rows(ad_tensor x) { return ad_sum_over(x, AD_AXES(0)); }
static ad_tensor sum_columns(ad_tensor x) { return ad_sum_over(x, AD_AXES(1)); }
static ad_tensor to_row(ad_tensor x) { return ad_sum_to(x, AD_SHAPE(1, 1000)); }
static ad_tensor to_column(ad_tensor x) { return ad_sum_to(x, AD_SHAPE(1000, 1)); }

static double time_on(ad_tape *t, unary *f, binary *g, const float *a, ad_shape shape, double memory, const char *name)
{
    static double seconds[100];
    for (int i = 0; i < 100; i++) {
        ad_tensor x = ad_borrow(t, AD_F32, AD_SHAPE(1000, 1000), a), b = ad_borrow(t, AD_F32, shape, a);
        const double start = seconds_now();
        if (f)
            f(x);
        else
            g(x, b);
        seconds[i] = seconds_now() - start;
        ad_reset(t);
    }
    const double best = timing_of(seconds, 100).min;
    printf("%-22s %12.1f %10.2f\n", name, 1e6 * best, best / memory);
    return best / memory;
}

static double measure_matrix(void)
{
    enum { N = 1000 * 1000 };
    float *a = room(N * sizeof *a), *b = room(N * sizeof *b);
    fill(a, N);
    ad_tape *t = ad_tape_open(NULL);
    const double memory = time_copy(b, a, N * sizeof *a, 20000);
    printf("\n1000 x 1000 of f32 %15s %10s\n", "us", "x memcpy");
    double worst = time_on(t, NULL, ad_add, a, AD_SHAPE(1, 1000), memory, "+ row");
    worst = fmax(worst, time_on(t, NULL, ad_add, a, AD_SHAPE(1000, 1), memory, "+ column"));
    worst = fmax(worst, time_on(t, to_row, NULL, a, AD_SCALAR, memory, "un-broadcast to row"));
    worst = fmax(worst, time_on(t, to_column, NULL, a, AD_SCALAR, memory, "un-broadcast to column"));
    worst = fmax(worst, time_on(t, sum_rows, NULL, a, AD_SCALAR, memory, "sum over axis 0"));
    worst = fmax(worst, time_on(t, sum_columns, NULL, a, AD_SCALAR, memory, "sum over axis 1"));
    worst = fmax(worst, time_on(t, ad_transpose, NULL, a, AD_SCALAR, memory, "transpose"));
    ad_tape_close(t);
    free(a);
    free(b);
    return worst;
}

/* ---- Beside libm
 * --------------------------------------------------------------------------------------------------------- */

static float logistic_f32(float x) { return 1 / (1 + expf(-x)); }
static double logistic_f64(double x) { return 1 / (1 + exp(-x)); }

static const struct {
    const char *name;
    unary *ours;
    float (*f32)(float);
    double (*f64)(double);
} functions[] = {{"exp", ad_exp, expf, exp},
                 {"log", ad_log, logf, log},
                 {"tanh", ad_tanh, tanhf, tanh},
                 {"logistic", ad_logistic, logistic_f32, logistic_f64}};

static double time_libm(size_t i, bool wide, const void *x, void *y)
{
    static double seconds[MOST_REPEATS];
    for (size_t r = 0; r < MOST_REPEATS; r++) {
        const double start = seconds_now();
        for (size_t k = 0; k < 1000; k++)
            if (wide)
                ((double *)y)[k] = functions[i].f64(((const double *)x)[k]);
            else
                ((float *)y)[k] = functions[i].f32(((const float *)x)[k]);
        seconds[r] = seconds_now() - start;
    }
    return timing_of(seconds, MOST_REPEATS).min;
}

static void measure_libm(double gains[4][2])
{
    static float x32[1000], y32[1000];
    static double x64[1000], y64[1000];
    fill(x32, 1000);
    for (int i = 0; i < 1000; i++)
        x64[i] = (double)x32[i];
    ad_tape *t = ad_tape_open(NULL);
    printf("\n1000 elements, times faster than the loop over libm\n%-10s %8s %8s\n", "", "f32", "f64");
    for (size_t i = 0; i < 4; i++) {
        const operation o = {functions[i].name, functions[i].ours, NULL, 2, 0, false};
        gains[i][0] = time_libm(i, false, x32, y32) / time_forward(&o, t, AD_F32, AD_SHAPE(1000), x32, x32);
        gains[i][1] = time_libm(i, true, x64, y64) / time_forward(&o, t, AD_F64, AD_SHAPE(1000), x64, x64);
        printf("%-10s %8.1f %8.1f\n", functions[i].name, gains[i][0], gains[i][1]);
    }
    ad_tape_close(t);
}

int main(int argc, char *argv[])
{
    take_no_arguments(argc, argv, "Time element-wise operators beside memcpy, and functions beside libm.");
    double gains[4][2];
    ad_set_threads(1);
    measure_size(14);
    measure_size(1000);
    measure_size(30000000);
    const double matrix = measure_matrix();
    measure_libm(gains);
    printf("{\"bench\":\"vector_ops\",\"worst_cheap_x_memcpy\":%.2f,\"worst_matrix_x_memcpy\":%.2f", worst_ratio,
           matrix);
    for (int i = 0; i < 4; i++)
        printf(",\"%s_f32\":%.1f,\"%s_f64\":%.1f", functions[i].name, gains[i][0], functions[i].name, gains[i][1]);
    printf("}\n");
    return 0;
}
