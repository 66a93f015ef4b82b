/* A dense layer: product, bias and activation in one operator. */
#include "../../kernels/reduce.h"
#include "../../kernels/saturation.h"
#include "../family.h"

/* Slopes of activations that have no backward operator of their own. softplus: 1 - e^-y, which is logistic(z) */
MAP2(identity_slope, ((void)b, a))
MAP2_VIA(softplus_slope, expm1, -b, ((void)b, a * -v))

#ifdef AD_REAL

TERM(element, x)

/* Totals of columns, in arrays 0 and 2 with what their roundings lose: n rows of size[0] columns, size[1] apart, in
 * array 1 are added. */
LOOP(add_rows)
{
    double *sum = s->array[0], *rest = s->array[2];
    const REAL *x = s->array[1];
    const terms t = {.of = element_term, .wide = true, .x = x, .u = x, .g = x};
    for (size_t from = 0; from < s->size[0]; from += COLUMNS) {
        const size_t w = s->size[0] - from < COLUMNS ? s->size[0] - from : COLUMNS;
        sum_columns(terms_from(t, from, 0), s->n, w, s->size[1], sum + from, rest + from);
    }
}

/* Array 0 becomes the sums of size[0] columns from n rows of totals in arrays 1 and 2. */
LOOP(end_row_totals)
{
    const double *sum = s->array[1], *rest = s->array[2];
    const size_t h = s->size[0];
    REAL *Y = s->array[0];
    for (size_t j = 0; j < h; j++) {
        ad_total t = {0, 0};
        for (size_t i = 0; i < s->n; i++) {
            add_to_total(&t.sum, &t.rest, sum[i * h + j]);
            t.rest += rest[i * h + j];
        }
        Y[j] = (REAL)total_of(t);
    }
}

#else

#include "../../forward/with_blas.h"
#include <gradtape/threads.h>

AD_FAMILY(fused_linear)

LOOP_TABLE(add_rows)
LOOP_TABLE(end_row_totals)

/* ---- Activations ------------------------------------------------------------------------------------------------- */

extern const ad_operator ad_operator_tanh, ad_operator_logistic, ad_operator_softplus, ad_operator_elu,
    ad_operator_tanh_backward, ad_operator_logistic_backward, ad_operator_elu_backward, ad_operator_where_positive;

/* The loop of z, NULL where it is done with the bias. */
static const ad_loops *forward_loops(ad_activation activation)
{
    switch (activation) {
    case AD_TANH: return ad_operator_tanh.loops;
    case AD_LOGISTIC: return ad_operator_logistic.loops;
    case AD_SOFTPLUS: return ad_operator_softplus.loops;
    case AD_ELU: return ad_operator_elu.loops;
    default: return NULL;
    }
}

/* The loop of dz from dy, y and, where it is kept, z. */
static const ad_loops *backward_loops(ad_activation activation)
{
    switch (activation) {
    case AD_RELU: return ad_operator_where_positive.loops;
    case AD_TANH: return ad_operator_tanh_backward.loops;
    case AD_LOGISTIC: return ad_operator_logistic_backward.loops;
    case AD_SOFTPLUS: return &softplus_slope_loops;
    case AD_ELU: return ad_operator_elu_backward.loops;
    default: return &identity_slope_loops;
    }
}

/* Whether z is kept beside y: an activation does not work in place, and near a bound y has lost digits of its slope. */
static bool keeps_z(ad_activation activation) { return forward_loops(activation); }

static ad_activation activation_of(const ad_attribute *attributes)
{
    const ad_activation given = (ad_activation)attributes[0].integer;
    return given == AD_ACTIVATION_DEFAULT ? AD_IDENTITY : given;
}

static bool check_activation(ad_call *c)
{
    const int64_t activation = c->attributes[0].integer;
    if (activation >= 0 && activation < AD_ACTIVATION_COUNT)
        return true;
    ad_call_fail(c, AD_BAD_VALUE, "%lld is no activation: use AD_RELU or another of the list", (long long)activation);
    return false;
}

/* ---- activation(x w + b) ----------------------------------------------------------------------------------------- */

/* Rows of all but the last axis, and its size. */
static int64_t columns_of(const ad_shape *x) { return size_at(x, -1); }

static int64_t rows_of(const ad_shape *x)
{
    ad_shape lead = *x;
    lead.rank -= lead.rank > 0;
    return (int64_t)ad_count_of(&lead);
}

static ad_product linear_product(const ad_call *c)
{
    const ad_shape *x = c->x[0]->shape, *w = c->x[1]->shape;
    return (ad_product){.type = (ad_type)c->x[0]->type, .m = rows_of(x), .k = w->dims[0], .n = w->dims[1]};
}

static void linear_shape(ad_call *c)
{
    const ad_shape *x = c->x[0]->shape, *w = c->x[1]->shape, *b = c->x[2]->shape;
    char tx[AD_OPERAND_TEXT], tw[AD_OPERAND_TEXT];
    if (!check_activation(c))
        return;
    if (x->rank < 1 || w->rank != 2)
        ad_call_fail(c, AD_BAD_SHAPE, "x must be [...,d] and w [d,h]: they are %s and %s", ad_operand_text(c, 0, tx),
                     ad_operand_text(c, 1, tw));
    else if (columns_of(x) != w->dims[0])
        ad_call_fail(c, AD_BAD_SHAPE, "inner sizes differ: %s by %s", ad_operand_text(c, 0, tx),
                     ad_operand_text(c, 1, tw));
    else if (b->rank != 1 || b->dims[0] != w->dims[1])
        ad_call_fail(c, AD_BAD_SHAPE, "b must be [h], a number for each column of %s: it is %s",
                     ad_operand_text(c, 1, tw), ad_operand_text(c, 2, tx));
    else if (!ad_product_fits(&(ad_product){.m = rows_of(x), .n = w->dims[1], .k = w->dims[0]}))
        ad_call_fail(c, AD_BAD_SHAPE, "a matrix has more than 2147483647 rows or columns: %s by %s",
                     ad_operand_text(c, 0, tx), ad_operand_text(c, 1, tw));
    else {
        ad_shape y = *x;
        y.dims[y.rank - 1] = w->dims[1];
        ad_result(c, 0, (ad_type)c->x[0]->type, &y);
        ad_result(c, 1, (ad_type)c->x[0]->type, keeps_z(activation_of(c->attributes)) ? &y : &AD_SHAPE(0));
    }
}

/* What is left to do when z is there: activations that are no part of the product. */
typedef struct finish {
    ad_loop *activate;
    char *y, *z;
    size_t n, bytes;
} finish;

enum { FINISH_BLOCK = 8192 };

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

static void finish_block(void *context, size_t block)
{
    const finish *f = context;
    const size_t first = block * FINISH_BLOCK, at = first * f->bytes;
    f->activate(&(ad_span){.n = smaller(f->n - first, FINISH_BLOCK), .array = {f->y + at, f->z + at}, .step = {1, 1}});
}

static void linear_run(ad_call *c)
{
    const ad_activation activation = activation_of(c->attributes);
    const ad_loops *loops = forward_loops(activation);
    ad_product p = linear_product(c);
    p.a = c->x[0]->data;
    p.b = c->x[1]->data;
    p.bias = c->x[2]->data;
    p.relu = activation == AD_RELU;
    p.c = c->y[keeps_z(activation)]->data;
    ad_run_product(c, &p);
    if (!loops)
        return;
    finish f = {.activate = ad_loop_for(loops, c->y[0]->type), .y = c->y[0]->data, .z = p.c};
    f.n = ad_elements(c->y[0]);
    f.bytes = ad_bytes_of(c->y[0]->type);
    ad_parallel((f.n + FINISH_BLOCK - 1) / FINISH_BLOCK, finish_block, &f);
}

/* All rows as one matrix, so that a product over them is one product. */
static ad_tensor as_matrix(ad_tensor x)
{
    const ad_shape shape = ad_shape_of(x);
    return shape.rank == 2 ? x : ad_reshape(x, AD_SHAPE(rows_of(&shape), columns_of(&shape)));
}

/* y = activation(z), z = x w + b :  dz = activation'(z) dy,  dx = dz w',  dw = x' dz,  db = sum of dz over rows */
static void linear_vjp(ad_pullback *p)
{
    const ad_activation activation = activation_of(ad_attribute_at(p, 0));
    ad_tensor dz = ad_dy(p), db = dz;
    if (activation != AD_IDENTITY)
        dz = ad_linear_backward(dz, ad_y(p), ad_y_at(p, 1), activation, &db);
    ad_give(p, 2, db);
    dz = as_matrix(dz);
    if (ad_wants(p, 0)) {
        ad_tensor dx = ad_matmul_nt(dz, ad_x(p, 1));
        const ad_shape shape = ad_shape_of(ad_x(p, 0));
        ad_give(p, 0, shape.rank == 2 ? dx : ad_reshape(dx, shape));
    }
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_matmul_tn(as_matrix(ad_x(p, 0)), dz));
}

static const ad_sample samples_linear[] = {
    {.n_x = 3, .x = {{2, {2, 3}}, {2, {3, 4}}, {1, {4}}}, .attributes = {{.integer = AD_TANH}}},
    {.n_x = 3, .x = {{2, {3, 2}}, {2, {2, 3}}, {1, {3}}}, .attributes = {{.integer = AD_RELU}}},
    {.n_x = 3, .x = {{3, {2, 2, 3}}, {2, {3, 2}}, {1, {2}}}, .attributes = {{.integer = AD_LOGISTIC}}},
    {.n_x = 3, .x = {{1, {3}}, {2, {3, 2}}, {1, {2}}}, .attributes = {{.integer = AD_SOFTPLUS}}},
    {.n_x = 3, .x = {{2, {2, 2}}, {2, {2, 3}}, {1, {3}}}, .attributes = {{.integer = AD_ELU}}},
    {.n_x = 3, .x = {{2, {2, 3}}, {2, {3, 2}}, {1, {2}}}, .attributes = {{.integer = AD_IDENTITY}}},
    {.n_x = 3, .x = {{2, {0, 3}}, {2, {3, 2}}, {1, {2}}}, .attributes = {{.integer = AD_TANH}}},
    {.n_x = 3, .x = {{2, {2, 0}}, {2, {0, 3}}, {1, {3}}}, .attributes = {{.integer = AD_IDENTITY}}},
};

AD_OPERATOR(linear,
    .arity = 3,
    .n_byproducts = 1,
    .attributes = {{"activation", AD_ATTRIBUTE_INTEGER}},
    .shape = linear_shape,
    .run = linear_run,
    .vjp = linear_vjp,
    SAMPLES(samples_linear),
    .formula = "activation(x w + b)",
    .gradient = "dz w', x' dz, sum of dz over rows; dz = activation'(z) dy",
    .convention = "that of the activation at its kink",
);

ad_tensor ad_linear(ad_tensor x, ad_tensor w, ad_tensor b, ad_activation activation)
{
    return ad_apply_one(&ad_operator_linear, (const ad_tensor[]){x, w, b}, 3, &(ad_attribute){.integer = activation});
}

/* ---- Its backward: dz and db in one pass ------------------------------------------------------------------------- */

static void linear_backward_shape(ad_call *c)
{
    const ad_shape *y = c->x[1]->shape;
    char a[AD_OPERAND_TEXT], b[AD_OPERAND_TEXT];
    if (!check_activation(c))
        return;
    if (y->rank < 1 || !ad_same_dims(c->x[0]->shape, y)) {
        ad_call_fail(c, AD_BAD_SHAPE, "dy and y must have the same shape, of one axis or more: they are %s and %s",
                     ad_operand_text(c, 0, a), ad_operand_text(c, 1, b));
        return;
    }
    if (keeps_z(activation_of(c->attributes)) && !ad_same_dims(c->x[2]->shape, y)) {
        ad_call_fail(c, AD_BAD_SHAPE, "z must have the shape of y: they are %s and %s", ad_operand_text(c, 2, a),
                     ad_operand_text(c, 1, b));
        return;
    }
    ad_result(c, 0, (ad_type)c->x[0]->type, y);
    ad_result(c, 1, (ad_type)c->x[0]->type, &AD_SHAPE(columns_of(y)));
}

/* A block stays in the nearest cache: dz is written, and read again for its sum. */
enum { BACK_BLOCK = 2048, BACK_COLUMNS = 512, BACK_ROWS = 16, WIDE_ROW = 64 };

typedef struct back {
    ad_loop *slope, *add_rows;
    char *dz, *dy, *y, *z;
    double *sum, *rest; /* of each column */
    size_t bytes;
} back;

/* dz of n elements that lie side by side */
static void back_slopes(const back *b, size_t first, size_t n)
{
    const size_t at = first * b->bytes;
    b->slope(&(ad_span){.n = n, .array = {b->dz + at, b->dy + at, b->y + at, b->z + at}, .step = {1, 1, 1, 1}});
}

/* dz of n rows of h columns, from the element `first` on, and their sums added to the totals. There are no threads:
 * this pass takes a microsecond, the products beside it a hundred. */
static void back_rows(const back *b, size_t first, size_t n, size_t h)
{
    for (size_t j = 0, w; j < h; j += w) {
        w = h <= 2 * BACK_COLUMNS ? h : smaller(h - j, BACK_COLUMNS);
        for (size_t i = 0, m; i < n; i += m) {
            const size_t at = first + i * h + j;
            m = smaller(n - i, w * BACK_ROWS < BACK_BLOCK ? BACK_BLOCK / w : BACK_ROWS);
            for (size_t k = 0; w < h && k < m; k++)
                back_slopes(b, at + k * h, w);
            if (w == h)
                back_slopes(b, at, m * h);
            b->add_rows(&(ad_span){.n = m, .array = {b->sum + j, b->dz + at * b->bytes, b->rest + j}, .size = {w, h}});
        }
    }
}

/* Several short rows are taken as one wide row, and their totals are added at the end. */
static void linear_backward_run(ad_call *c)
{
    const ad_shape *y = c->x[1]->shape;
    const uint8_t type = c->x[0]->type;
    const size_t n = (size_t)rows_of(y), h = (size_t)columns_of(y);
    const size_t at_once = h && h < WIDE_ROW ? WIDE_ROW / h : 1, wide = at_once * h, whole = n / at_once;
    double *totals = ad_scratch(c, 2 * wide, sizeof *totals);
    if (!totals)
        return;
    memset(totals, 0, 2 * wide * sizeof *totals);
    back b = {.slope = ad_loop_for(backward_loops(activation_of(c->attributes)), type),
              .add_rows = ad_loop_for(&add_rows_loops, type),
              .dz = c->y[0]->data,
              .dy = c->x[0]->data,
              .y = c->x[1]->data,
              .z = c->x[2]->data,
              .sum = totals,
              .rest = totals + wide,
              .bytes = ad_type_bytes((ad_type)type)};
    back_rows(&b, 0, whole, wide);
    back_rows(&b, whole * wide, n > whole * at_once, (n - whole * at_once) * h);
    ad_loop_for(&end_row_totals_loops,
                type)(&(ad_span){.n = at_once, .array = {c->y[1]->data, b.sum, b.rest}, .size = {h}});
}

/* activation''(z) / activation'(z) v u as a function of y; where it is 0 everywhere, zeros */
static ad_tensor second_derivative(ad_activation activation, ad_tensor y, ad_tensor v, ad_tensor u)
{
    switch (activation) {
    case AD_TANH: return ad_mul(ad_mul(ad_scale(y, -2), v), u);
    case AD_LOGISTIC: return ad_mul(ad_mul(ad_shift(ad_scale(y, -2), 1), v), u);
    case AD_SOFTPLUS: return ad_mul(ad_mul(ad_exp(ad_neg(y)), v), u);
    case AD_ELU: return ad_where_not_positive(ad_mul(v, u), y);
    default: return ad_zeros_like(y);
    }
}

/* dz = a'(y) v,  db = sum of dz over rows; with u = ddz + ddb for each row :  dv = a'(y) u,  dy = (d a' / dy) v u */
static void linear_backward_vjp(ad_pullback *p)
{
    const ad_activation activation = activation_of(ad_attribute_at(p, 0));
    ad_tensor v = ad_x(p, 0), y = ad_x(p, 1), z = ad_x(p, 2), u = ad_dy(p), unused;
    if (ad_has_dy(p, 1))
        u = ad_add(u, ad_dy_at(p, 1));
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_linear_backward(u, y, z, activation, &unused));
    if (ad_wants(p, 1))
        ad_give(p, 1, second_derivative(activation, y, v, u));
    if (ad_wants(p, 2))
        ad_give(p, 2, ad_zeros_like(z));
}

/* relu and identity are constant in y, so that there would be no gradient to check. */
static const ad_sample samples_linear_backward[] = {
    {.n_x = 3, .x = {{2, {2, 3}}, {2, {2, 3}}, {2, {2, 3}}}, .attributes = {{.integer = AD_TANH}}},
    {.n_x = 3, .x = {{3, {2, 2, 3}}, {3, {2, 2, 3}}, {3, {2, 2, 3}}}, .attributes = {{.integer = AD_LOGISTIC}}},
    {.n_x = 3, .x = {{1, {3}}, {1, {3}}, {1, {3}}}, .attributes = {{.integer = AD_SOFTPLUS}}},
    {.n_x = 3, .x = {{2, {3, 2}}, {2, {3, 2}}, {2, {3, 2}}}, .attributes = {{.integer = AD_ELU}}},
    {.n_x = 3, .x = {{2, {0, 3}}, {2, {0, 3}}, {2, {0, 3}}}, .attributes = {{.integer = AD_TANH}}},
    {.n_x = 3, .x = {{2, {2, 0}}, {2, {2, 0}}, {2, {2, 0}}}, .attributes = {{.integer = AD_ELU}}},
};

AD_OPERATOR(linear_backward,
    .arity = 3,
    .n_results = 2,
    .attributes = {{"activation", AD_ATTRIBUTE_INTEGER}},
    .shape = linear_backward_shape,
    .run = linear_backward_run,
    .vjp = linear_backward_vjp,
    .linear = AD_LINEAR_IN(0),
    SAMPLES(samples_linear_backward),
    .formula = "dz = activation'(z) v as a function of y, sum of dz over rows",
    .gradient = "activation'(z) u, (d activation'(z) / dy) v u, 0; u = ddz + ddb",
    .convention = "that of the activation at its kink; z is a hint: digits that y lost",
    .domain = {{0}, {.low = -2, .high = 2, .gap = 0.1}, {HINT}},
);

ad_tensor ad_linear_backward(ad_tensor dy, ad_tensor y, ad_tensor z, ad_activation activation, ad_tensor *db)
{
    ad_tensor r[AD_MAX_RESULTS];
    ad_apply(NULL, &ad_operator_linear_backward, (const ad_tensor[]){dy, y, z}, 3,
             &(ad_attribute){.integer = activation}, r);
    if (db)
        *db = r[1];
    return r[0];
}

#endif
