/* Features scaled, and gathered into batches. */
#include "scaling.h"

#include <float.h>
#include <math.h>

#include <gradtape/threads.h>

#include "../each_processor.h"
#include "feed.h"
#include "view.h"

/* ---- Learning ---------------------------------------------------------------------------------------------------- */

/* Column sums of x - centre and of its square: the columns run inside, so that each has its own sums and the loop
 * can be vectorised without changing the order of any sum. */
typedef struct moments {
    double *centre, *sum, *square, *unit; /* [columns] each, in one block that begins with centre */
    double *n;                            /* [columns]: the values that are there */
    uint32_t *whole;                      /* [2, columns], the rest of the block */
    const bool *is_left;                  /* [columns]; NULL: no feature is */
    bool skips_missing;
} moments;

enum { MOMENT_BYTES = 6 * sizeof(double) };

/* The unit of a column is 1, or this one if its squares overflow: what the sums are made of is multiplied by it. */
static const double small_unit = 0x1p-600;

#define ADD_UP(name, text, type)                                                                                       \
    static void add_up_##text(const nn_data *data, moments m)                                                          \
    {                                                                                                                  \
        const double *restrict centre = m.centre, *restrict unit = m.unit;                                             \
        double *restrict sum = m.sum, *restrict square = m.square;                                                     \
        for (int64_t i = 0; i < data->rows; i++) {                                                                     \
            const type *restrict x = (const type *)data->features + nn_row_of(data, i) * data->columns;                \
            for (int64_t j = 0; j < data->columns; j++) {                                                              \
                double away = (double)x[j] * unit[j] - centre[j];                                                      \
                sum[j] += away;                                                                                        \
                square[j] += away * away;                                                                              \
            }                                                                                                          \
        }                                                                                                              \
    }
NN_ELEMENT_LIST(ADD_UP)
#undef ADD_UP

/* The same without values that are missing. */
#define ADD_UP_PRESENT(text, type)                                                                                     \
    static void add_up_present_##text(const nn_data *data, moments m)                                                  \
    {                                                                                                                  \
        for (int64_t i = 0; i < data->rows; i++) {                                                                     \
            const type *x = (const type *)data->features + nn_row_of(data, i) * data->columns;                         \
            for (int64_t j = 0; j < data->columns; j++) {                                                              \
                if (isnan(x[j]))                                                                                       \
                    continue;                                                                                          \
                const double away = (double)x[j] * m.unit[j] - m.centre[j];                                            \
                m.sum[j] += away;                                                                                      \
                m.square[j] += away * away;                                                                            \
                m.n[j]++;                                                                                              \
            }                                                                                                          \
        }                                                                                                              \
    }
ADD_UP_PRESENT(f32, float)
ADD_UP_PRESENT(f64, double)
#undef ADD_UP_PRESENT

static void add_up_part(const nn_data *data, moments m)
{
    if (m.skips_missing) {
        (data->element == NN_F32 ? add_up_present_f32 : add_up_present_f64)(data, m);
        return;
    }
    switch (data->element) {
#define CASE(name, text, type)                                                                                         \
    case name: add_up_##text(data, m); break;
        NN_ELEMENT_LIST(CASE)
#undef CASE
    case NN_ELEMENT_COUNT: break;
    }
}

static void add_up(const nn_data *data, moments m)
{
    for (int64_t j = 0; j < data->columns; j++) {
        m.sum[j] = m.square[j] = 0;
        m.n[j] = m.skips_missing ? 0 : (double)data->rows;
    }
    for (nn_parts p = nn_parts_of(data); nn_next_part(&p);)
        add_up_part(&p.part, m);
}

/* So many squares of a u8 fit into 32 bits. */
enum { ROWS_OF_U8 = 65536 };

FOR_EACH_PROCESSOR
static void add_up_whole(const nn_data *data, int64_t first, int64_t rows, uint32_t *restrict sum,
                         uint32_t *restrict square)
{
    const int64_t d = data->columns;
    for (int64_t j = 0; j < d; j++)
        sum[j] = square[j] = 0;
    for (int64_t i = first; i < first + rows; i++) {
        const uint8_t *restrict x = (const uint8_t *)data->features + nn_row_of(data, i) * d;
        for (int64_t j = 0; j < d; j++) {
            sum[j] += x[j];
            square[j] += (uint32_t)x[j] * x[j];
        }
    }
}

/* The same sums of u8 by whole numbers, which is several times as fast and exact: one pass is enough. */
static void add_up_exactly(const nn_data *data, moments m)
{
    const int64_t d = data->columns;
    uint32_t *sum = m.whole, *square = m.whole + d;
    for (int64_t j = 0; j < d; j++) {
        m.sum[j] = m.square[j] = 0;
        m.n[j] = (double)data->rows;
    }
    for (int64_t first = 0; first < data->rows; first += ROWS_OF_U8) {
        const int64_t n = data->rows - first < ROWS_OF_U8 ? data->rows - first : ROWS_OF_U8;
        add_up_whole(data, first, n, sum, square);
        for (int64_t j = 0; j < d; j++) {
            const int64_t c = (int64_t)m.centre[j], away = (int64_t)sum[j] - n * c;
            m.sum[j] += (double)away;
            m.square[j] += (double)((int64_t)square[j] - c * ((int64_t)sum[j] + away));
        }
    }
}

static bool is_left(const moments *m, int64_t j) { return m->is_left && m->is_left[j]; }

/* One mean and one deviation for all: every column gets the sums of all columns. */
static void pool(moments m, int64_t columns)
{
    double sum = 0, square = 0, n = 0;
    for (int64_t j = 0; j < columns; j++) {
        if (is_left(&m, j))
            continue;
        sum += m.sum[j];
        square += m.square[j];
        n += m.n[j];
    }
    for (int64_t j = 0; j < columns; j++) {
        m.sum[j] = sum;
        m.square[j] = square;
        m.n[j] = n;
    }
}

/* 1 / deviation; 0 for a feature that is constant, or so nearly that f32 cannot hold the inverse. */
static double inverse_of(double variance, double unit)
{
    const double inverse = variance > 0 ? unit / sqrt(variance) : 0;
    return inverse <= (double)FLT_MAX ? inverse : 0;
}

/* The numbers in f32. The bounds leave room for what is computed with them. The inverse has the digits of f32 before
 * the bounds are asked, so that the same comes of what a file has of it. */
static void set_column(nn_scaling *s, int64_t j, double mean, double rest, double exact_inverse)
{
    int exponent = 0;
    const double digits = (double)(float)frexp(exact_inverse, &exponent), inverse = ldexp(digits, exponent);
    exponent = 0;
    if (fabs(inverse) > (double)FLT_MAX || (inverse != 0 && fabs(inverse) < 0x1p-100))
        frexp(inverse, &exponent);
    s->is_wide |= exponent != 0 || fabs(mean) > 0x1p126;
    s->mean[j] = mean;
    s->rest[j] = rest;
    s->unit[j] = ldexp(1, exponent);
    s->nearest[j] = (float)mean;
    s->nearest_rest[j] = (float)(mean - (double)s->nearest[j] + rest);
    s->inverse[j] = (float)(inverse / s->unit[j]);
}

/* Makes the first value of a row's features their centre, where they have none yet. Returns how many got one. */
static int64_t take_centres(const nn_data *data, int64_t i, moments m)
{
    int64_t n = 0;
    for (int64_t j = 0; j < data->columns; j++) {
        const double x = m.n[j] > 0 ? (double)NAN : nn_feature_at(data, nn_row_of(data, i) * data->columns + j);
        if (m.n[j] > 0 || (m.skips_missing && isnan(x)))
            continue;
        m.centre[j] = x;
        m.n[j] = 1;
        n++;
    }
    return n;
}

/* The first value of each feature, or, with global, of the first of them that has one in the first row that has any. 0
 * where none is there: nothing is learnt from it. */
static void find_centres(const nn_data *data, moments m, bool global)
{
    int64_t left = data->columns;
    for (int64_t j = 0; j < data->columns; j++)
        m.centre[j] = m.n[j] = 0;
    for (int64_t j = 0; j < data->columns && global; j++) {
        m.n[j] = is_left(&m, j);
        left -= is_left(&m, j);
    }
    for (nn_parts p = nn_parts_of(data); left > 0 && nn_next_part(&p);)
        for (int64_t i = 0; i < p.part.rows && left > 0; i++) {
            const int64_t n = take_centres(&p.part, i, m);
            left = global && n > 0 ? 0 : left - n;
        }
    int64_t first = 0;
    while (global && first < data->columns - 1 && (is_left(&m, first) || m.n[first] == 0))
        first++;
    for (int64_t j = 0; j < data->columns; j++)
        m.centre[j] = m.centre[global ? first : j];
}

/* The corrected two-pass algorithm (Chan, Golub, LeVeque 1983): the first pass moves the centre to the mean, the second
 * sums squares around it and takes off what the mean was still wrong by. The first centre is a value of the data: the
 * sums of a constant feature are then exactly 0, whatever its value. */
static void add_up_twice(const nn_data *data, moments m, bool global)
{
    const bool exact = data->element == NN_U8;
    find_centres(data, m, global);
    for (int64_t j = 0; j < data->columns; j++)
        m.centre[j] *= m.unit[j];
    for (int pass = exact ? 1 : 0; pass < 2; pass++) {
        if (exact)
            add_up_exactly(data, m);
        else
            add_up(data, m);
        if (global)
            pool(m, data->columns);
        for (int64_t j = 0; j < data->columns && pass == 0; j++)
            m.centre[j] += m.sum[j] / m.n[j];
    }
}

static void learn_moments(nn_scaling *s, const nn_data *data, moments m)
{
    const bool global = s->kind == NN_SCALE_GLOBAL;
    bool overflows = false;
    for (int64_t j = 0; j < data->columns; j++)
        m.unit[j] = 1;
    add_up_twice(data, m, global);
    for (int64_t j = 0; j < data->columns; j++)
        if (!isfinite(m.square[j])) {
            m.unit[j] = small_unit;
            overflows = true;
        }
    if (overflows)
        add_up_twice(data, m, global);
    for (int64_t j = 0; j < data->columns; j++) {
        const double wrong_by = m.sum[j] / m.n[j], mean = m.centre[j] + wrong_by;
        if (is_left(&m, j))
            set_column(s, j, 0, 0, 1);
        else
            set_column(s, j, mean / m.unit[j], (m.centre[j] - mean + wrong_by) / m.unit[j],
                       inverse_of((m.square[j] - m.sum[j] * wrong_by) / m.n[j], m.unit[j]));
    }
}

/* ---- Least and largest ------------------------------------------------------------------------------------------- */

/* A value that is missing is neither. */
#define FIND_ENDS(name, text, type)                                                                                    \
    static void find_ends_##text(const nn_data *data, double *restrict least, double *restrict largest)                \
    {                                                                                                                  \
        for (int64_t i = 0; i < data->rows; i++) {                                                                     \
            const type *restrict x = (const type *)data->features + nn_row_of(data, i) * data->columns;                \
            for (int64_t j = 0; j < data->columns; j++) {                                                              \
                const double value = (double)x[j];                                                                     \
                least[j] = value < least[j] ? value : least[j];                                                        \
                largest[j] = value > largest[j] ? value : largest[j];                                                  \
            }                                                                                                          \
        }                                                                                                              \
    }
NN_ELEMENT_LIST(FIND_ENDS)
#undef FIND_ENDS

/* 1 / (largest - least); 0 for a feature that is constant, or so nearly that f32 cannot hold the inverse. The
 * difference of halves does not overflow. */
static double inverse_of_range(double least, double largest)
{
    const double half = largest / 2 - least / 2, range = largest - least;
    const double inverse = !(range > 0) ? 0 : isfinite(range) ? 1 / range : 0.5 / half;
    return inverse <= (double)FLT_MAX ? inverse : 0;
}

static void find_ends(const nn_data *data, double *least, double *largest)
{
    switch (data->element) {
#define CASE(name, text, type)                                                                                         \
    case name: find_ends_##text(data, least, largest); break;
        NN_ELEMENT_LIST(CASE)
#undef CASE
    case NN_ELEMENT_COUNT: break;
    }
}

static void learn_ends(nn_scaling *s, const nn_data *data, moments m)
{
    double *least = m.sum, *largest = m.square;
    for (int64_t j = 0; j < data->columns; j++) {
        least[j] = (double)INFINITY;
        largest[j] = -(double)INFINITY;
    }
    for (nn_parts p = nn_parts_of(data); nn_next_part(&p);)
        find_ends(&p.part, least, largest);
    for (int64_t j = 0; j < data->columns; j++)
        if (is_left(&m, j))
            set_column(s, j, 0, 0, 1);
        else
            set_column(s, j, least[j], 0, inverse_of_range(least[j], largest[j]));
}

/* ---- What was learnt --------------------------------------------------------------------------------------------- */

static ad_status learn_into(nn_scaling *s, const nn_data *data, const bool *is_left, bool skips_missing)
{
    if (s->kind == NN_SCALE_NONE || s->kind == NN_SCALE_CONSTANT) {
        for (int64_t j = 0; j < data->columns; j++)
            set_column(s, j, 0, 0, s->kind == NN_SCALE_NONE || (is_left && is_left[j]) ? 1 : 1 / s->constant);
        return AD_OK;
    }
    const size_t d = (size_t)data->columns;
    double *block = ad_memory_take(s->memory, d, MOMENT_BYTES);
    if (!block)
        return AD_NO_MEMORY;
    const moments m = {.centre = block,
                       .sum = block + d,
                       .square = block + 2 * d,
                       .unit = block + 3 * d,
                       .n = block + 4 * d,
                       .whole = (uint32_t *)(void *)(block + 5 * d),
                       .is_left = is_left,
                       .skips_missing = skips_missing && nn_may_miss(data->element)};
    if (s->kind == NN_SCALE_MINMAX)
        learn_ends(s, data, m);
    else
        learn_moments(s, data, m);
    ad_memory_release(s->memory, block, d, MOMENT_BYTES);
    return AD_OK;
}

enum { COLUMN_BYTES = 3 * (sizeof(double) + sizeof(float)) };

/* A scaling of the same kind with room for so many columns; false if memory is out. */
static bool make_fresh(nn_scaling *fresh, const nn_scaling *like, int64_t columns)
{
    const size_t d = (size_t)columns;
    *fresh = (nn_scaling){.kind = like->kind, .constant = like->constant, .memory = like->memory, .columns = columns};
    fresh->mean = ad_memory_take(fresh->memory, d, COLUMN_BYTES);
    if (!fresh->mean)
        return false;
    fresh->rest = fresh->mean + d;
    fresh->unit = fresh->rest + d;
    fresh->nearest = (float *)(fresh->unit + d);
    fresh->nearest_rest = fresh->nearest + d;
    fresh->inverse = fresh->nearest_rest + d;
    return true;
}

ad_status nn_scaling_learn_some(nn_scaling *scaling, const nn_data *data, const bool *is_left, bool skips_missing)
{
    nn_scaling fresh;
    if (!make_fresh(&fresh, scaling, data->columns))
        return AD_NO_MEMORY;
    const ad_status status = learn_into(&fresh, data, is_left, skips_missing);
    nn_scaling_release(status == AD_OK ? scaling : &fresh);
    if (status == AD_OK)
        *scaling = fresh;
    return status;
}

ad_status nn_scaling_learn(nn_scaling *scaling, const nn_data *data)
{
    return nn_scaling_learn_some(scaling, data, NULL, false);
}

ad_status nn_scaling_restore(nn_scaling *scaling, int64_t columns, const double *mean, const double *rest,
                             const double *inverse)
{
    nn_scaling fresh;
    if (!make_fresh(&fresh, scaling, columns))
        return AD_NO_MEMORY;
    for (int64_t j = 0; j < columns; j++)
        set_column(&fresh, j, mean[j], rest[j], inverse[j]);
    nn_scaling_release(scaling);
    *scaling = fresh;
    return AD_OK;
}

void nn_scaling_release(nn_scaling *scaling)
{
    ad_memory_release(scaling->memory, scaling->mean, (size_t)scaling->columns, COLUMN_BYTES);
    *scaling = (nn_scaling){.kind = scaling->kind, .constant = scaling->constant, .memory = scaling->memory};
}

/* ---- Batches ----------------------------------------------------------------------------------------------------- */

/* Rows come in a random order, so the next ones are asked for ahead, a group at a time: of n rows that are gathered,
 * `known` are in the list. Rows that are no neighbours lie in different pages, and finding a page takes as long as
 * converting a row. So a line of each row of the group is asked for before the next line of any: several pages are then
 * found at once. Of a long row the first lines are enough: the processor sees by itself that the others follow. */
enum { GROUP = 8, CACHE_LINE = 64, MOST_AHEAD = 4096 };

static void prefetch(const char *features, const int32_t *rows, int64_t from, int64_t known, size_t row_bytes)
{
    const int64_t end = known - from < GROUP ? known : from + GROUP;
    for (size_t at = 0; at < row_bytes && at < MOST_AHEAD; at += CACHE_LINE)
        for (int64_t i = from; i < end; i++)
            __builtin_prefetch(features + (size_t)rows[i] * row_bytes + at);
}

#define GATHER(name, type, difference)                                                                                 \
    FOR_EACH_PROCESSOR                                                                                                 \
    static void name(const nn_scaling *s, const void *features, const int32_t *rows, int64_t first, int64_t n,         \
                     int64_t known, float *out)                                                                        \
    {                                                                                                                  \
        int64_t d = s->columns;                                                                                        \
        const double *restrict mean = s->mean, *restrict rest = s->rest, *restrict unit = s->unit;                     \
        const float *restrict nearest = s->nearest, *restrict nearest_rest = s->nearest_rest;                          \
        const float *restrict inverse = s->inverse;                                                                    \
        (void)mean, (void)rest, (void)unit, (void)nearest, (void)nearest_rest;                                         \
        if (rows)                                                                                                      \
            prefetch(features, rows, 0, known, (size_t)d * sizeof(type));                                              \
        for (int64_t i = 0; i < n; i++) {                                                                              \
            const type *restrict x = (const type *)features + (rows ? rows[i] : first + i) * d;                        \
            float *restrict y = out + i * d;                                                                           \
            if (rows && i % GROUP == 0)                                                                                \
                prefetch(features, rows, i + GROUP, known, (size_t)d * sizeof *x);                                     \
            for (int64_t j = 0; j < d; j++)                                                                            \
                y[j] = (float)(difference)*inverse[j];                                                                 \
        }                                                                                                              \
    }
#define GATHERS(name, text, type)                                                                                      \
    GATHER(gather_nearly_##text, type, (float)x[j] - nearest[j] - nearest_rest[j])                                     \
    GATHER(gather_##text, type, ((double)x[j] - mean[j] - rest[j]) * unit[j])
NN_ELEMENT_LIST(GATHERS)
#undef GATHERS
#undef GATHER

void nn_scaling_rows(const nn_scaling *scaling, const double *rows, int64_t n, float *out)
{
    gather_f64(scaling, rows, NULL, 0, n, n, out);
}

/* Whether f32 holds all features of this type. */
static bool is_narrow(nn_element element) { return element != NN_F64 && element != NN_I32; }

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
    const bool in_f32 = is_narrow(g->data->element) && !g->scaling->is_wide;
    switch (g->data->element) {
#define CASE(name, text, type)                                                                                         \
    case name:                                                                                                         \
        (in_f32 ? gather_nearly_##text : gather_##text)(g->scaling, g->data->features, rows, g->first + at, n,         \
                                                        g->n - at, out);                                               \
        break;
        NN_ELEMENT_LIST(CASE)
#undef CASE
    case NN_ELEMENT_COUNT: break;
    }
}

void nn_scaling_gather(const nn_scaling *scaling, const nn_data *data, const int32_t *rows, int64_t first, int64_t n,
                       float *out)
{
    rows = nn_rows_of(data, rows, first);
    const int64_t most = BLOCK_ELEMENTS / scaling->columns + 1;
    gathering g = {scaling, data, rows, first, n, most < GROUP ? most : most / GROUP * GROUP, out};
    ad_parallel((size_t)((n - 1) / g.block_rows + 1), gather_block, &g);
}

/* ---- Names ------------------------------------------------------------------------------------------------------- */

const char *nn_scaling_name(int scaling)
{
    static const char *const names[NN_SCALE_COUNT] = {"none", "constant", "global", "feature", "minmax"};
    return (unsigned)scaling < NN_SCALE_COUNT ? names[scaling] : NULL;
}
