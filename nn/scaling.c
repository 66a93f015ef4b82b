/* Features scaled, and gathered into batches. */
#include "scaling.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include <gradtape/threads.h>

/* The compiler makes one function for each processor, and the loader chooses; ThreadSanitizer is not ready that early.
 */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNDER_THREAD_SANITIZER
#endif
#endif
#if defined(__x86_64__) && !defined(UNDER_THREAD_SANITIZER) && !defined(__SANITIZE_THREAD__)
#define FOR_EACH_PROCESSOR __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define FOR_EACH_PROCESSOR
#endif

/* ---- Learning ---------------------------------------------------------------------------------------------------- */

/* Column sums of x - centre and of its square: the columns run inside, so that each has its own sums and the loop
 * can be vectorised without changing the order of any sum. */
typedef struct moments {
    double *centre, *sum, *square; /* [columns] each, in one block that begins with centre */
    uint32_t *whole;               /* [2, columns], the rest of the block */
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

/* So many squares of a u8 fit into 32 bits. */
enum { ROWS_OF_U8 = 65536 };

FOR_EACH_PROCESSOR
static void add_up_whole(const uint8_t *restrict x, int64_t rows, int64_t d, uint32_t *restrict sum,
                         uint32_t *restrict square)
{
    for (int64_t j = 0; j < d; j++)
        sum[j] = square[j] = 0;
    for (int64_t i = 0; i < rows; i++, x += d)
        for (int64_t j = 0; j < d; j++) {
            sum[j] += x[j];
            square[j] += (uint32_t)x[j] * x[j];
        }
}

/* The same sums of u8 by whole numbers, which is several times as fast and exact: one pass is enough. */
static void add_up_exactly(const nn_data *data, moments m)
{
    const int64_t d = data->columns;
    uint32_t *sum = m.whole, *square = m.whole + d;
    for (int64_t j = 0; j < d; j++)
        m.sum[j] = m.square[j] = 0;
    for (int64_t first = 0; first < data->rows; first += ROWS_OF_U8) {
        const int64_t n = data->rows - first < ROWS_OF_U8 ? data->rows - first : ROWS_OF_U8;
        add_up_whole((const uint8_t *)data->features + first * d, n, d, sum, square);
        for (int64_t j = 0; j < d; j++) {
            const int64_t c = (int64_t)m.centre[j], away = (int64_t)sum[j] - n * c;
            m.sum[j] += (double)away;
            m.square[j] += (double)((int64_t)square[j] - c * ((int64_t)sum[j] + away));
        }
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
    const bool exact = data->element == NN_U8;
    for (int pass = exact ? 1 : 0; pass < 2; pass++) {
        if (exact)
            add_up_exactly(data, m);
        else
            add_up(data, m);
        if (global)
            pool(m, data->columns);
        for (int64_t j = 0; j < data->columns && pass == 0; j++)
            m.centre[j] += m.sum[j] / n;
    }
    for (int64_t j = 0; j < data->columns; j++) {
        mean[j] = m.centre[j] + (exact ? m.sum[j] / n : 0);
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
    double *block = ad_memory_take(scaling->memory, d, 4 * sizeof *block);
    if (!block)
        return AD_NO_MEMORY;
    const moments m = {block, block + d, block + 2 * d, (uint32_t *)(void *)(block + 3 * d)};
    learn_moments(scaling, data, m, mean, inverse);
    ad_memory_release(scaling->memory, block, d, 4 * sizeof *block);
    return AD_OK;
}

ad_status nn_scaling_learn(nn_scaling *scaling, const nn_data *data)
{
    nn_scaling fresh = *scaling;
    fresh.columns = data->columns;
    fresh.mean = ad_memory_take(fresh.memory, (size_t)data->columns, sizeof *fresh.mean + sizeof *fresh.nearest);
    fresh.nearest = fresh.mean ? (float *)(fresh.mean + data->columns) : NULL;
    fresh.inverse = ad_memory_take(fresh.memory, (size_t)data->columns, sizeof *fresh.inverse);
    ad_status status =
        fresh.mean && fresh.inverse ? learn_into(scaling, data, fresh.mean, fresh.inverse) : AD_NO_MEMORY;
    for (int64_t j = 0; j < data->columns && status == AD_OK; j++)
        fresh.nearest[j] = (float)fresh.mean[j];
    nn_scaling_release(status == AD_OK ? scaling : &fresh);
    if (status == AD_OK)
        *scaling = fresh;
    return status;
}

void nn_scaling_release(nn_scaling *scaling)
{
    ad_memory_release(scaling->memory, scaling->mean, (size_t)scaling->columns,
                      sizeof *scaling->mean + sizeof *scaling->nearest);
    ad_memory_release(scaling->memory, scaling->inverse, (size_t)scaling->columns, sizeof *scaling->inverse);
    scaling->mean = NULL;
    scaling->nearest = NULL;
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

#define MEAN_OF(wide, s) (sizeof(wide) == sizeof(double) ? (const void *)(s)->mean : (const void *)(s)->nearest)
#define GATHER(name, text, type)                                                                                       \
    FOR_EACH_PROCESSOR                                                                                                 \
    static void gather_##text(const nn_scaling *s, const void *features, const int32_t *rows, int64_t first,           \
                              int64_t n, int64_t known, float *out)                                                    \
    {                                                                                                                  \
        int64_t d = s->columns;                                                                                        \
        const wide_##text *restrict mean = MEAN_OF(wide_##text, s);                                                    \
        const float *restrict inverse = s->inverse;                                                                    \
        for (int64_t i = 0; i < n; i++) {                                                                              \
            const type *restrict x = (const type *)features + (rows ? rows[i] : first + i) * d;                        \
            float *restrict y = out + i * d;                                                                           \
            if (rows && i + AHEAD < known)                                                                             \
                prefetch((const type *)features + rows[i + AHEAD] * d, (size_t)d * sizeof *x);                         \
            for (int64_t j = 0; j < d; j++)                                                                            \
                y[j] = (float)((wide_##text)x[j] - mean[j]) * inverse[j];                                              \
        }                                                                                                              \
    }
NN_ELEMENT_LIST(GATHER)
#undef GATHER

/* Rows are gathered by all threads, in blocks that are worth a thread's while. */
enum { BLOCK_ELEMENTS = 8192 };

typedef struct gathering {
    const nn_scaling *scaling;
    const nn_data *data;
    const int32_t *rows;
    int64_t first, n, block_rows;
    float *out;
} gathering;

static void gather_block(void *context, size_t block)
{
    const gathering *g = context;
    const int64_t at = (int64_t)block * g->block_rows, n = g->n - at < g->block_rows ? g->n - at : g->block_rows;
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
    gathering g = {scaling, data, rows, first, n, BLOCK_ELEMENTS / scaling->columns + 1, out};
    ad_parallel((size_t)((n - 1) / g.block_rows + 1), gather_block, &g);
}
