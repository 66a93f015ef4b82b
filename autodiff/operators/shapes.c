/* Operators that move elements, change their type, or share them under another shape. */
#include "family.h"

#include <inttypes.h>
#include <limits.h>

MAP1(copy, x)

#ifdef AD_REAL

#if AD_REAL_BITS == 32 && defined(__AVX__)
#include <immintrin.h>
enum { SQUARE = 8 };

/* Eight rows of eight in registers: pairs, then fours, then halves change places. */
static void transpose_square(const REAL *x, size_t n, REAL *y, size_t m)
{
    __m256 r[SQUARE], s[SQUARE];
    for (size_t i = 0; i < SQUARE; i++)
        r[i] = _mm256_loadu_ps(x + i * n);
    for (size_t i = 0; i < SQUARE; i += 2) {
        s[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
        s[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
    }
    for (size_t i = 0; i < SQUARE; i += 4)
        for (size_t k = 0; k < 2; k++) {
            r[i + 2 * k] = _mm256_shuffle_ps(s[i + k], s[i + k + 2], 0x44);
            r[i + 2 * k + 1] = _mm256_shuffle_ps(s[i + k], s[i + k + 2], 0xEE);
        }
    for (size_t i = 0; i < SQUARE / 2; i++) {
        _mm256_storeu_ps(y + i * m, _mm256_permute2f128_ps(r[i], r[i + 4], 0x20));
        _mm256_storeu_ps(y + (i + 4) * m, _mm256_permute2f128_ps(r[i], r[i + 4], 0x31));
    }
}
#else
enum { SQUARE = 4 };

static void transpose_square(const REAL *x, size_t n, REAL *y, size_t m)
{
    for (size_t j = 0; j < SQUARE; j++)
        for (size_t i = 0; i < SQUARE; i++)
            y[j * m + i] = x[i * n + j];
}
#endif

/* y [n,m] = x [m,n] transposed, in squares, and what is left of the edges one by one; size = {m, n}. */
LOOP(transpose)
{
    const REAL *restrict X = s->array[1];
    REAL *restrict Y = s->array[0];
    const size_t m = s->size[0], n = s->size[1], m_squares = m - m % SQUARE, n_squares = n - n % SQUARE;
    for (size_t j = 0; j < n_squares; j += SQUARE)
        for (size_t i = 0; i < m_squares; i += SQUARE)
            transpose_square(X + i * n + j, n, Y + j * m + i, m);
    for (size_t i = 0; i < m; i++)
        for (size_t j = i < m_squares ? n_squares : 0; j < n; j++)
            Y[j * m + i] = X[i * n + j];
}

/* y[rows[i]] += v[i], rows of size[0] elements. */
LOOP(scatter_add)
{
    const REAL *restrict V = s->array[1];
    const int32_t *rows = s->array[2];
    REAL *restrict Y = s->array[0];
    const size_t d = s->size[0];
    for (size_t i = 0; i < s->n; i++) {
        REAL *restrict y = Y + (size_t)rows[i] * d;
        for (size_t j = 0; j < d; j++)
            y[j] += V[i * d + j];
    }
}

#else

AD_FAMILY(shapes)

LOOP_TABLE(transpose)
LOOP_TABLE(scatter_add)

/* ---- Views ------------------------------------------------------------------------------------------------------- */

/* Fills in the one size that is -1, if the other sizes leave just one choice. */
static void infer_size(const ad_shape *x, ad_shape *y)
{
    int unknown = -1;
    size_t known = 1, count = ad_count_of(x);
    for (int i = 0; i < y->rank && i < AD_MAX_RANK; i++)
        if (y->dims[i] == -1 && unknown < 0)
            unknown = i;
        else if (y->dims[i] < 0 || !ad_multiply(known, (size_t)y->dims[i], &known))
            return;
    if (unknown >= 0 && known && count % known == 0)
        y->dims[unknown] = (int64_t)(count / known);
}

static bool has_unknown(const ad_shape *y)
{
    for (int i = 0; i < y->rank && i < AD_MAX_RANK; i++)
        if (y->dims[i] == -1)
            return true;
    return false;
}

static void reshape_shape(ad_call *c)
{
    ad_shape y = c->attributes[0].shape;
    char a[AD_OPERAND_TEXT], b[AD_SHAPE_TEXT];
    infer_size(c->x[0]->shape, &y);
    if (has_unknown(&y)) {
        ad_call_fail(c, AD_BAD_SHAPE, "the size -1 in %s cannot be inferred from %s", ad_shape_text(&y, b),
                     ad_operand_text(c, 0, a));
        return;
    }
    if (!ad_check_shape(c->tape, c->op->name, &y, 1))
        return;
    if (ad_count_of(&y) == ad_elements(c->x[0]))
        ad_result(c, 0, (ad_type)c->x[0]->type, &y);
    else
        ad_call_fail(c, AD_BAD_SHAPE, "%s has %zu elements, %s has %zu: they must be as many", ad_operand_text(c, 0, a),
                     ad_elements(c->x[0]), ad_shape_text(&y, b), ad_count_of(&y));
}

/* y = x in another shape :  dx = dy in the shape of x */
static void reshape_vjp(ad_pullback *p) { ad_give(p, 0, ad_reshape(ad_dy(p), ad_shape_of(ad_x(p, 0)))); }

static const ad_sample samples_reshape[] = {
    {.n_x = 1, .x = {{2, {2, 3}}}, .attributes = {{.shape = {1, {6}}}}},
    {.n_x = 1, .x = {{2, {2, 3}}}, .attributes = {{.shape = {2, {3, -1}}}}},
    {.n_x = 1, .x = {{0}}, .attributes = {{.shape = {2, {1, 1}}}}},
    {.n_x = 1, .x = {{1, {1}}}, .attributes = {{.shape = {0}}}},
    {.n_x = 1, .x = {{2, {0, 3}}}, .attributes = {{.shape = {1, {0}}}}},
};

AD_OPERATOR(reshape) = {.name = "reshape",
                        .arity = 1,
                        .types = "*",
                        .attributes = {{"shape", AD_ATTRIBUTE_SHAPE}},
                        .properties = AD_VIEW,
                        .shape = reshape_shape,
                        SAMPLES(samples_reshape),
                        .vjp = reshape_vjp,
                        .linear = AD_LINEAR_IN(0),
                        .formula = "x in another shape",
                        .gradient = "dy in the shape of x"};

ad_tensor ad_reshape(ad_tensor x, ad_shape shape)
{
    return ad_apply_one(&ad_operator_reshape, &x, 1, &(ad_attribute){.shape = shape});
}

AD_OPERATOR(detach) = {.name = "detach",
                       .arity = 1,
                       .types = "*",
                       .properties = AD_VIEW | AD_STOPS,
                       .shape = ad_same_shape,
                       SAMPLES(ad_samples_of_one),
                       .formula = "x, as a constant",
                       .gradient = "none"};

ad_tensor ad_detach(ad_tensor x) { return ad_apply1(&ad_operator_detach, x); }

/* ---- Transpose --------------------------------------------------------------------------------------------------- */

static void transpose_shape(ad_call *c)
{
    ad_shape y = *c->x[0]->shape;
    char text[AD_OPERAND_TEXT];
    if (y.rank < 2) {
        ad_call_fail(c, AD_BAD_SHAPE, "%s has less than two axes", ad_operand_text(c, 0, text));
        return;
    }
    y.dims[y.rank - 2] = c->x[0]->shape->dims[y.rank - 1];
    y.dims[y.rank - 1] = c->x[0]->shape->dims[y.rank - 2];
    ad_result(c, 0, (ad_type)c->x[0]->type, &y);
}

/* Elements of i32 are as wide as those of f32 and are only moved. */
static uint8_t type_to_move(uint8_t type) { return type == AD_F64 ? AD_F64 : AD_F32; }

static void transpose_run(ad_call *c)
{
    const ad_shape *x = c->x[0]->shape;
    const size_t m = (size_t)x->dims[x->rank - 2], n = (size_t)x->dims[x->rank - 1];
    const size_t bytes = m * n * ad_type_bytes((ad_type)c->x[0]->type), count = ad_elements(c->x[0]);
    for (size_t at = 0, batches = count ? count / (m * n) : 0; at < batches; at++) {
        ad_span span = {.array = {(char *)c->y[0]->data + at * bytes, (char *)c->x[0]->data + at * bytes},
                        .size = {m, n}};
        ad_loop_for(&transpose_loops, c, type_to_move(c->x[0]->type))(&span);
    }
}

/* y = x' :  dx = dy' */
static void transpose_vjp(ad_pullback *p) { ad_give(p, 0, ad_transpose(ad_dy(p))); }

static const ad_sample samples_transpose[] = {
    {.n_x = 1, .x = {{2, {2, 3}}}},
    {.n_x = 1, .x = {{3, {2, 3, 4}}}},
    {.n_x = 1, .x = {{2, {17, 18}}}},
    {.n_x = 1, .x = {{3, {2, 0, 4}}}},
};

AD_OPERATOR(transpose) = {.name = "transpose",
                          .arity = 1,
                          .types = "*",
                          .shape = transpose_shape,
                          SAMPLES(samples_transpose),
                          .run = transpose_run,
                          .vjp = transpose_vjp,
                          .linear = AD_LINEAR_IN(0),
                          .formula = "x' of the last two axes",
                          .gradient = "dy'"};

ad_tensor ad_transpose(ad_tensor x) { return ad_apply1(&ad_operator_transpose, x); }

/* ---- Broadcasting ------------------------------------------------------------------------------------------------ */

static void broadcast_to_shape(ad_call *c)
{
    ad_shape y = c->attributes[0].shape;
    char a[AD_OPERAND_TEXT], b[AD_SHAPE_TEXT];
    if (!ad_check_shape(c->tape, c->op->name, &y, 1))
        return;
    if (ad_broadcast(&y, c->x[0]->shape) && ad_same_dims(&y, &c->attributes[0].shape))
        ad_result(c, 0, (ad_type)c->x[0]->type, &y);
    else
        ad_call_fail(c, AD_BAD_SHAPE, "%s does not broadcast to %s: sizes must be equal or 1, from the last axis",
                     ad_operand_text(c, 0, a), ad_shape_text(&c->attributes[0].shape, b));
}

/* y = x broadcast :  dx = dy, summed */
static void broadcast_to_vjp(ad_pullback *p) { ad_give(p, 0, ad_sum_to(ad_dy(p), ad_shape_of(ad_x(p, 0)))); }

static const ad_sample samples_broadcast_to[] = {
    {.n_x = 1, .x = {{1, {3}}}, .attributes = {{.shape = {2, {2, 3}}}}},
    {.n_x = 1, .x = {{2, {3, 1}}}, .attributes = {{.shape = {3, {2, 3, 2}}}}},
    {.n_x = 1, .x = {{0}}, .attributes = {{.shape = {2, {2, 3}}}}},
    {.n_x = 1, .x = {{2, {1, 3}}}, .attributes = {{.shape = {2, {0, 3}}}}},
};

AD_OPERATOR(broadcast_to) = {.name = "broadcast_to",
                             .arity = 1,
                             .attributes = {{"shape", AD_ATTRIBUTE_SHAPE}},
                             .shape = broadcast_to_shape,
                             SAMPLES(samples_broadcast_to),
                             .run = ad_map,
                             .loops = &copy_loops,
                             .vjp = broadcast_to_vjp,
                             .linear = AD_LINEAR_IN(0),
                             .formula = "x broadcast",
                             .gradient = "dy, summed to the shape of x"};

ad_tensor ad_broadcast_to(ad_tensor x, ad_shape shape)
{
    return ad_apply_one(&ad_operator_broadcast_to, &x, 1, &(ad_attribute){.shape = shape});
}

/* ---- Rows by index ----------------------------------------------------------------------------------------------- */

/* Whether all of the row numbers are in 0..n-1. */
static bool check_rows(ad_call *c, const ad_value *rows, int64_t n)
{
    const int32_t *row = rows->data;
    for (size_t i = 0; i < ad_elements(rows); i++)
        if (row[i] < 0 || row[i] >= n) {
            ad_call_fail(c, AD_BAD_VALUE,
                         "row number %" PRId32 " at place %zu is out of range: there are %" PRId64 " rows", row[i], i,
                         n);
            return false;
        }
    return true;
}

/* The shape of one element of `rows`, replaced by a row of x. */
static void gather_rows_shape(ad_call *c)
{
    const ad_shape *x = c->x[0]->shape, *rows = c->x[1]->shape;
    char text[AD_OPERAND_TEXT];
    if (x->rank < 1 || rows->rank + x->rank - 1 > AD_MAX_RANK) {
        ad_call_fail(c, AD_BAD_SHAPE, "%s has no rows, or too many axes with those of its row numbers",
                     ad_operand_text(c, 0, text));
        return;
    }
    ad_shape y = *rows;
    for (int i = 1; i < x->rank; i++)
        y.dims[y.rank++] = x->dims[i];
    ad_result(c, 0, (ad_type)c->x[0]->type, &y);
}

static size_t row_size(const ad_shape *x)
{
    ad_shape row = {.rank = x->rank - 1};
    memcpy(row.dims, x->dims + 1, sizeof x->dims - sizeof x->dims[0]);
    return ad_count_of(&row);
}

static void gather_rows_run(ad_call *c)
{
    const ad_value *x = c->x[0], *rows = c->x[1];
    const size_t bytes = row_size(x->shape) * ad_type_bytes((ad_type)x->type);
    const int32_t *row = rows->data;
    if (!check_rows(c, rows, x->shape->dims[0]))
        return;
    for (size_t i = 0; bytes && i < ad_elements(rows); i++)
        memcpy((char *)c->y[0]->data + i * bytes, (const char *)x->data + (size_t)row[i] * bytes, bytes);
}

/* y[i] = x[rows[i]] :  dx = dy scattered and added into as many rows */
static void gather_rows_vjp(ad_pullback *p)
{
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_scatter_add_rows(ad_dy(p), ad_x(p, 1), ad_shape_of(ad_x(p, 0)).dims[0]));
}

static const ad_sample samples_gather[] = {
    {.n_x = 2, .x = {{2, {3, 2}}, {1, {5}}}},
    {.n_x = 2, .x = {{1, {3}}, {2, {2, 2}}}},
    {.n_x = 2, .x = {{3, {3, 2, 2}}, {0}}},
    {.n_x = 2, .x = {{2, {3, 2}}, {1, {0}}}},
};

AD_OPERATOR(gather_rows) = {.name = "gather_rows",
                            .arity = 2,
                            .types = "*i",
                            .shape = gather_rows_shape,
                            SAMPLES(samples_gather),
                            .run = gather_rows_run,
                            .vjp = gather_rows_vjp,
                            .linear = AD_LINEAR_IN(0),
                            .formula = "x[rows]",
                            .gradient = "scatter_add_rows(dy, rows)",
                            .domain = {{0}, {0, 2, 0, 0, false}}};

ad_tensor ad_gather_rows(ad_tensor x, ad_tensor rows) { return ad_apply2(&ad_operator_gather_rows, x, rows); }

static void scatter_add_rows_shape(ad_call *c)
{
    const ad_shape *v = c->x[0]->shape, *rows = c->x[1]->shape;
    char a[AD_OPERAND_TEXT], b[AD_OPERAND_TEXT];
    const int64_t n = c->attributes[0].integer;
    ad_shape y = {.rank = 1, .dims = {n}};
    if (n < 0)
        ad_call_fail(c, AD_BAD_SHAPE, "%" PRId64 " rows are asked for: it must be 0 or more", n);
    else if (v->rank < rows->rank || memcmp(v->dims, rows->dims, (size_t)rows->rank * sizeof v->dims[0]))
        ad_call_fail(c, AD_BAD_SHAPE, "%s does not begin with the axes of its row numbers %s", ad_operand_text(c, 0, a),
                     ad_operand_text(c, 1, b));
    else if (v->rank - rows->rank + 1 > AD_MAX_RANK)
        ad_call_fail(c, AD_BAD_SHAPE, "the result of %s would have more than %d axes", ad_operand_text(c, 0, a),
                     AD_MAX_RANK);
    else {
        for (int i = rows->rank; i < v->rank; i++)
            y.dims[y.rank++] = v->dims[i];
        ad_result(c, 0, (ad_type)c->x[0]->type, &y);
    }
}

static void scatter_add_rows_run(ad_call *c)
{
    const ad_value *rows = c->x[1];
    ad_value *y = c->y[0];
    if (!check_rows(c, rows, y->shape->dims[0]))
        return;
    memset(y->data, 0, ad_elements(y) * ad_type_bytes((ad_type)y->type));
    ad_span span = {
        .n = ad_elements(rows), .array = {y->data, c->x[0]->data, rows->data}, .size = {row_size(y->shape)}};
    ad_loop_for(&scatter_add_loops, c, y->type)(&span);
}

/* y[rows[i]] += v[i] :  dv = dy[rows] */
static void scatter_add_rows_vjp(ad_pullback *p)
{
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_gather_rows(ad_dy(p), ad_x(p, 1)));
}

static const ad_sample samples_scatter[] = {
    {.n_x = 2, .x = {{2, {5, 2}}, {1, {5}}}, .attributes = {{.integer = 3}}},
    {.n_x = 2, .x = {{2, {2, 2}}, {2, {2, 2}}}, .attributes = {{.integer = 4}}},
    {.n_x = 2, .x = {{1, {2}}, {0}}, .attributes = {{.integer = 3}}},
    {.n_x = 2, .x = {{2, {0, 2}}, {1, {0}}}, .attributes = {{.integer = 3}}},
};

AD_OPERATOR(scatter_add_rows) = {.name = "scatter_add_rows",
                                 .arity = 2,
                                 .types = "ri",
                                 .attributes = {{"n", AD_ATTRIBUTE_INTEGER}},
                                 .shape = scatter_add_rows_shape,
                                 SAMPLES(samples_scatter),
                                 .run = scatter_add_rows_run,
                                 .vjp = scatter_add_rows_vjp,
                                 .linear = AD_LINEAR_IN(0),
                                 .formula = "y[rows[i]] += v[i]",
                                 .gradient = "dy[rows]",
                                 .domain = {{0}, {0, 2, 0, 0, false}}};

ad_tensor ad_scatter_add_rows(ad_tensor v, ad_tensor rows, int64_t n)
{
    return ad_apply_one(&ad_operator_scatter_add_rows, (const ad_tensor[]){v, rows}, 2, &(ad_attribute){.integer = n});
}

/* ---- Cast -------------------------------------------------------------------------------------------------------- */

static void cast_shape(ad_call *c)
{
    const int64_t type = c->attributes[0].integer;
    if (type < 0 || type >= AD_TYPE_COUNT)
        ad_call_fail(c, AD_BAD_TYPE, "type %" PRId64 " is none of AD_F32, AD_F64, AD_I32", type);
    else
        ad_result(c, 0, (ad_type)type, c->x[0]->shape);
}

static double element(const ad_value *x, size_t i)
{
    if (x->type == AD_F32)
        return (double)((const float *)x->data)[i];
    return x->type == AD_F64 ? ((const double *)x->data)[i] : (double)((const int32_t *)x->data)[i];
}

/* To i32: towards 0. What does not fit is an error, not undefined. */
static void cast_to_i32(ad_call *c)
{
    int32_t *y = c->y[0]->data;
    for (size_t i = 0; i < ad_elements(c->y[0]); i++) {
        double x = element(c->x[0], i);
        if (!(x > (double)INT32_MIN - 1 && x < (double)INT32_MAX + 1)) {
            ad_call_fail(c, AD_BAD_VALUE, "%g at place %zu does not fit into i32", x, i);
            return;
        }
        y[i] = (int32_t)x;
    }
}

static void cast_run(ad_call *c)
{
    const size_t n = ad_elements(c->y[0]);
    if (c->x[0]->type == c->y[0]->type)
        memcpy(c->y[0]->data, c->x[0]->data, n * ad_type_bytes((ad_type)c->y[0]->type));
    else if (c->y[0]->type == AD_I32)
        cast_to_i32(c);
    else if (c->y[0]->type == AD_F32)
        for (size_t i = 0; i < n; i++)
            ((float *)c->y[0]->data)[i] = (float)element(c->x[0], i);
    else
        for (size_t i = 0; i < n; i++)
            ((double *)c->y[0]->data)[i] = element(c->x[0], i);
}

/* y = x in another type :  dx = dy in the type of x */
static void cast_vjp(ad_pullback *p) { ad_give(p, 0, ad_cast(ad_dy(p), ad_type_of(ad_x(p, 0)))); }

static const ad_sample samples_cast[] = {
    {.n_x = 1, .x = {{2, {2, 3}}}, .attributes = {{.integer = AD_F64}}},
    {.n_x = 1, .x = {{0}}, .attributes = {{.integer = AD_F64}}},
    {.n_x = 1, .x = {{2, {2, 0}}}, .attributes = {{.integer = AD_F32}}},
};

AD_OPERATOR(cast) = {.name = "cast",
                     .arity = 1,
                     .types = "*",
                     .attributes = {{"type", AD_ATTRIBUTE_TYPE}},
                     .shape = cast_shape,
                     SAMPLES(samples_cast),
                     .run = cast_run,
                     .vjp = cast_vjp,
                     .linear = AD_LINEAR_IN(0),
                     .formula = "x in another type",
                     .gradient = "dy in the type of x",
                     .convention = "to i32: towards 0; an error where it does not fit"};

ad_tensor ad_cast(ad_tensor x, ad_type type)
{
    return ad_apply_one(&ad_operator_cast, &x, 1, &(ad_attribute){.integer = (int64_t)type});
}

#endif
