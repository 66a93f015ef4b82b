/* Data on their way into the network: checked, scaled, gathered into batches. */
#include "scaling.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include <gradtape/threads.h>

/* ---- Checks ------------------------------------------------------------------------------------------------------ */

static ad_status refuse(char *message, size_t size, ad_status status, const char *format, ...) AD_PRINTF(4, 5);

static ad_status refuse(char *message, size_t size, ad_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, size, format, arguments);
    va_end(arguments);
    return status;
}

static ad_status check_sizes(const nn_data *data, char *message, size_t size)
{
    size_t bytes = nn_element_bytes(data->element), row;
    long long n = data->rows, d = data->columns;
    if (bytes == 0)
        return refuse(message, size, AD_BAD_TYPE, "unknown element %d; set it to NN_F32 or another nn_element",
                      (int)data->element);
    if (n == 0)
        return refuse(message, size, AD_BAD_SHAPE, "the data have no rows; give at least one");
    if (n < 0 || d < 1)
        return refuse(message, size, AD_BAD_SHAPE, "the data are [%lld,%lld]; rows and columns are at least 1", n, d);
    if (n > INT32_MAX)
        return refuse(message, size, AD_BAD_SHAPE, "%lld rows; at most %ld can be used, give them in parts", n,
                      (long)INT32_MAX);
    if ((uint64_t)d > SIZE_MAX || !ad_multiply((size_t)d, bytes, &row) || !ad_multiply((size_t)n, row, &row) ||
        row > PTRDIFF_MAX)
        return refuse(message, size, AD_BAD_SHAPE, "sizes overflow: [%lld,%lld] of %s is more than memory can hold", n,
                      d, nn_element_name(data->element));
    return AD_OK;
}

static ad_status check_labels(const nn_data *data, int64_t n_classes, char *message, size_t size)
{
    if (!data->labels)
        return refuse(message, size, AD_BAD_VALUE, "labels are NULL; give one for each of the %lld rows",
                      (long long)data->rows);
    for (int64_t i = 0; i < data->rows; i++)
        if (data->labels[i] < 0 || data->labels[i] >= n_classes)
            return refuse(message, size, AD_BAD_VALUE,
                          "row %lld: label %ld is outside 0..%lld; mend it, or set n_classes", (long long)i,
                          (long)data->labels[i], (long long)n_classes - 1);
    return AD_OK;
}

/* The first of `count` values that f32 cannot hold as a finite number; `count` if there is none. Whole blocks are asked
 * first, because a loop that does not leave early can be vectorised. `!(<=)` is true for NaN. */
#define FIRST_WRONG(name, type, magnitude)                                                                             \
    static int64_t name(const type *x, int64_t count)                                                                  \
    {                                                                                                                  \
        int64_t at = 0;                                                                                                \
        for (int wrong = 0; at + 256 <= count; at += 256) {                                                            \
            for (int64_t k = 0; k < 256; k++)                                                                          \
                wrong |= !(magnitude(x[at + k]) <= (type)FLT_MAX);                                                     \
            if (wrong)                                                                                                 \
                break;                                                                                                 \
        }                                                                                                              \
        while (at < count && magnitude(x[at]) <= (type)FLT_MAX)                                                        \
            at++;                                                                                                      \
        return at;                                                                                                     \
    }
FIRST_WRONG(first_wrong_f32, float, fabsf)
FIRST_WRONG(first_wrong_f64, double, fabs)
#undef FIRST_WRONG

/* Integers are always finite. */
static ad_status check_features(const nn_data *data, char *message, size_t size)
{
    const float *x32 = data->features;
    const double *x64 = data->features;
    int64_t count = data->rows * data->columns, at = count;
    if (data->element == NN_F32)
        at = first_wrong_f32(x32, count);
    if (data->element == NN_F64)
        at = first_wrong_f64(x64, count);
    if (at == count)
        return AD_OK;
    long long row = at / data->columns, column = at % data->columns;
    double x = data->element == NN_F32 ? (double)x32[at] : x64[at];
    if (isfinite(x))
        return refuse(message, size, AD_BAD_VALUE, "row %lld, column %lld: %g does not fit f32; scale the feature down",
                      row, column, x);
    return refuse(message, size, AD_NOT_FINITE, "row %lld, column %lld: the feature is %s; replace it or drop the row",
                  row, column, isnan(x) ? "NaN" : "infinite");
}

ad_status nn_data_check(const nn_data *data, bool needs_labels, int64_t n_classes, char *message, size_t size)
{
    if (!data)
        return refuse(message, size, AD_BAD_VALUE, "the data are NULL; give a view of features");
    ad_status status = check_sizes(data, message, size);
    if (status != AD_OK)
        return status;
    if (!data->features)
        return refuse(message, size, AD_BAD_VALUE, "features are NULL; give an array [%lld,%lld] of %s",
                      (long long)data->rows, (long long)data->columns, nn_element_name(data->element));
    status = needs_labels ? check_labels(data, n_classes, message, size) : AD_OK;
    return status == AD_OK ? check_features(data, message, size) : status;
}

/* ---- Learning ---------------------------------------------------------------------------------------------------- */

/* Column sums of x - centre and of its square: the columns run inside, so that each has its own sums and the loop
 * can be vectorised without changing the order of any sum. */
typedef struct moments {
    double *centre, *sum, *square; /* [columns] each, in one block that begins with centre */
} moments;

#define ADD_UP(name, text, type)                                                                                       \
    static void add_up_##text(const nn_data *data, moments m)                                                          \
    {                                                                                                                  \
        const type *restrict x = data->features;                                                                       \
        const double *restrict centre = m.centre;                                                                      \
        double *restrict sum = m.sum, *restrict square = m.square;                                                     \
        for (int64_t i = 0; i < data->rows; i++, x += data->columns)                                                   \
            for (int64_t j = 0; j < data->columns; j++) {                                                              \
                double away = (double)x[j] - centre[j];                                                                \
                sum[j] += away;                                                                                        \
                square[j] += away * away;                                                                              \
            }                                                                                                          \
    }
NN_ELEMENT_LIST(ADD_UP)
#undef ADD_UP

static void add_up(const nn_data *data, moments m)
{
    for (int64_t j = 0; j < data->columns; j++)
        m.sum[j] = m.square[j] = 0;
    switch (data->element) {
#define CASE(name, text, type)                                                                                         \
    case name: add_up_##text(data, m); break;
        NN_ELEMENT_LIST(CASE)
#undef CASE
    case NN_ELEMENT_COUNT: break;
    }
}

/* One mean and one deviation for all: every column gets the sums of all columns. */
static void pool(moments m, int64_t columns)
{
    double sum = 0, square = 0;
    for (int64_t j = 0; j < columns; j++) {
        sum += m.sum[j];
        square += m.square[j];
    }
    for (int64_t j = 0; j < columns; j++) {
        m.sum[j] = sum;
        m.square[j] = square;
    }
}

static double value_at(const nn_data *data, int64_t i)
{
    switch (data->element) {
#define CASE(name, text, type)                                                                                         \
    case name: return (double)((const type *)data->features)[i];
        NN_ELEMENT_LIST(CASE)
#undef CASE
    case NN_ELEMENT_COUNT: break;
    }
    return 0;
}

/* 1 / deviation; 0 for a feature that is constant, or so nearly that f32 cannot hold the inverse. */
static float inverse_of(double variance)
{
    double inverse = variance > 0 ? 1 / sqrt(variance) : 0;
    return inverse <= (double)FLT_MAX ? (float)inverse : 0;
}

/* The corrected two-pass algorithm (Chan, Golub, LeVeque 1983): the first pass moves the centre to the mean, the second
 * sums squares around it and takes off what the mean was still wrong by. The first centre is a value of the data: the
 * sums of a constant feature are then exactly 0, whatever its value. */
static void learn_moments(const nn_scaling *scaling, const nn_data *data, moments m, double *mean, float *inverse)
{
    bool global = scaling->kind == NN_SCALE_GLOBAL;
    double n = (double)data->rows * (global ? (double)data->columns : 1);
    for (int64_t j = 0; j < data->columns; j++)
        m.centre[j] = value_at(data, global ? 0 : j);
    for (int pass = 0; pass < 2; pass++) {
        add_up(data, m);
        if (global)
            pool(m, data->columns);
        for (int64_t j = 0; j < data->columns && pass == 0; j++)
            m.centre[j] += m.sum[j] / n;
    }
    for (int64_t j = 0; j < data->columns; j++) {
        mean[j] = m.centre[j];
        inverse[j] = inverse_of((m.square[j] - m.sum[j] * m.sum[j] / n) / n);
    }
}

static ad_status learn_into(const nn_scaling *scaling, const nn_data *data, double *mean, float *inverse)
{
    if (scaling->kind == NN_SCALE_NONE || scaling->kind == NN_SCALE_CONSTANT) {
        for (int64_t j = 0; j < data->columns; j++) {
            mean[j] = 0;
            inverse[j] = scaling->kind == NN_SCALE_NONE ? 1 : (float)(1 / scaling->constant);
        }
        return AD_OK;
    }
    size_t d = (size_t)data->columns;
    double *block = ad_memory_take(scaling->memory, d, 3 * sizeof *block);
    if (!block)
        return AD_NO_MEMORY;
    learn_moments(scaling, data, (moments){block, block + d, block + 2 * d}, mean, inverse);
    ad_memory_release(scaling->memory, block, d, 3 * sizeof *block);
    return AD_OK;
}

ad_status nn_scaling_learn(nn_scaling *scaling, const nn_data *data)
{
    nn_scaling fresh = *scaling;
    fresh.columns = data->columns;
    fresh.mean = ad_memory_take(fresh.memory, (size_t)data->columns, sizeof *fresh.mean);
    fresh.inverse = ad_memory_take(fresh.memory, (size_t)data->columns, sizeof *fresh.inverse);
    ad_status status =
        fresh.mean && fresh.inverse ? learn_into(scaling, data, fresh.mean, fresh.inverse) : AD_NO_MEMORY;
    nn_scaling_release(status == AD_OK ? scaling : &fresh);
    if (status == AD_OK)
        *scaling = fresh;
    return status;
}

void nn_scaling_release(nn_scaling *scaling)
{
    ad_memory_release(scaling->memory, scaling->mean, (size_t)scaling->columns, sizeof *scaling->mean);
    ad_memory_release(scaling->memory, scaling->inverse, (size_t)scaling->columns, sizeof *scaling->inverse);
    scaling->mean = NULL;
    scaling->inverse = NULL;
    scaling->columns = 0;
}

/* ---- Batches ----------------------------------------------------------------------------------------------------- */

/* The difference is taken in a type that holds the feature exactly: large i32 and f64 values close to their mean would
 * lose their digits in f32. */
typedef float wide_f32, wide_u8, wide_i8, wide_i16;
typedef double wide_f64, wide_i32;

/* Rows come in a random order, so the next ones are asked for some rows ahead: of n rows that are gathered, `known` are
 * in the list. */
enum { AHEAD = 8, CACHE_LINE = 64 };

static inline void prefetch(const void *row, size_t bytes)
{
    for (size_t at = 0; at < bytes; at += CACHE_LINE)
        __builtin_prefetch((const char *)row + at);
}

/* The compiler makes one function for each processor, and the loader chooses; ThreadSanitizer is not ready that early. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FOR_EACH_PROCESSOR
#endif
#endif
#if defined(FOR_EACH_PROCESSOR) || defined(__SANITIZE_THREAD__)
#undef FOR_EACH_PROCESSOR
#define FOR_EACH_PROCESSOR
#elif defined(__x86_64__)
#define FOR_EACH_PROCESSOR __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define FOR_EACH_PROCESSOR
#endif

#define GATHER(name, text, type)                                                                                       \
    FOR_EACH_PROCESSOR                                                                                                 \
    static void gather_##text(const nn_scaling *s, const void *features, const int32_t *rows, int64_t first,           \
                              int64_t n, int64_t known, float *out)                                                    \
    {                                                                                                                  \
        int64_t d = s->columns;                                                                                        \
        const double *restrict mean = s->mean;                                                                         \
        const float *restrict inverse = s->inverse;                                                                    \
        for (int64_t i = 0; i < n; i++) {                                                                              \
            const type *restrict x = (const type *)features + (rows ? rows[i] : first + i) * d;                        \
            float *restrict y = out + i * d;                                                                           \
            if (rows && i + AHEAD < known)                                                                             \
                prefetch((const type *)features + rows[i + AHEAD] * d, (size_t)d * sizeof *x);                         \
            for (int64_t j = 0; j < d; j++)                                                                            \
                y[j] = (float)((wide_##text)x[j] - (wide_##text)mean[j]) * inverse[j];                                 \
        }                                                                                                              \
    }
NN_ELEMENT_LIST(GATHER)
#undef GATHER

/* Rows are gathered in blocks, by all threads. */
enum { ROWS_IN_BLOCK = 8 };

typedef struct gathering {
    const nn_scaling *scaling;
    const nn_data *data;
    const int32_t *rows;
    int64_t first, n;
    float *out;
} gathering;

static void gather_block(void *context, size_t block)
{
    const gathering *g = context;
    const int64_t at = (int64_t)block * ROWS_IN_BLOCK, n = g->n - at < ROWS_IN_BLOCK ? g->n - at : ROWS_IN_BLOCK;
    const int32_t *rows = g->rows ? g->rows + at : NULL;
    float *out = g->out + at * g->scaling->columns;
    switch (g->data->element) {
#define CASE(name, text, type)                                                                                         \
    case name: gather_##text(g->scaling, g->data->features, rows, g->first + at, n, g->n - at, out); break;
        NN_ELEMENT_LIST(CASE)
#undef CASE
    case NN_ELEMENT_COUNT: break;
    }
}

void nn_scaling_gather(const nn_scaling *scaling, const nn_data *data, const int32_t *rows, int64_t first, int64_t n,
                       float *out)
{
    gathering g = {scaling, data, rows, first, n, out};
    ad_parallel((size_t)((n - 1) / ROWS_IN_BLOCK + 1), gather_block, &g);
}
