/* A dense layer: product, bias and activation in one operator. */
#include "../family.h"

#ifdef AD_REAL

/* z = product + b, in place: n rows of size[0] columns in array 0, b in array 1; array 2, if there is one, is the other
 * half of the product's sum. */
LOOP(add_bias)
{
    const size_t h = s->size[0];
    const REAL *restrict B = s->array[1], *restrict P = s->array[2];
    for (size_t i = 0; i < s->n; i++) {
        REAL *restrict z = (REAL *)s->array[0] + i * h;
        if (P)
            for (size_t j = 0; j < h; j++)
                z[j] = z[j] + P[i * h + j] + B[j];
        else
            for (size_t j = 0; j < h; j++)
                z[j] += B[j];
    }
}

/* The same, and what is below 0 becomes 0. */
LOOP(add_bias_relu)
{
    const size_t h = s->size[0];
    const REAL *restrict B = s->array[1], *restrict P = s->array[2];
    for (size_t i = 0; i < s->n; i++) {
        REAL *restrict y = (REAL *)s->array[0] + i * h;
        if (P)
            for (size_t j = 0; j < h; j++) {
                const REAL z = y[j] + P[i * h + j] + B[j];
                y[j] = z < 0 ? 0 : z;
            }
        else
            for (size_t j = 0; j < h; j++) {
                const REAL z = y[j] + B[j];
                y[j] = z < 0 ? 0 : z;
            }
    }
}

/* y += each of n rows of size[0] elements. */
LOOP(add_rows)
{
    REAL *restrict Y = s->array[0];
    for (size_t i = 0; i < s->n; i++) {
        const REAL *restrict x = (const REAL *)s->array[1] + i * s->size[0];
        for (size_t j = 0; j < s->size[0]; j++)
            Y[j] += x[j];
    }
}

/* dz = activation'(z) dy as a function of y, and db += dz: n rows of size[0] columns; arrays dz, db, dy and y. The
 * expressions are those of the activations' own backward operators. */
#define BACK(name, expression)                                                                                         \
    LOOP(name##_back)                                                                                                  \
    {                                                                                                                  \
        REAL *restrict DB = s->array[1];                                                                               \
        for (size_t i = 0; i < s->n; i++) {                                                                            \
            REAL *restrict DZ = (REAL *)s->array[0] + i * s->size[0];                                                  \
            const REAL *restrict DY = (const REAL *)s->array[2] + i * s->size[0], *restrict Y =                        \
                                                                                      (const REAL *)s->array[3] +      \
                                                                                      i * s->size[0];                  \
            for (size_t j = 0; j < s->size[0]; j++) {                                                                  \
                const REAL dy = DY[j], y = Y[j], dz = (REAL)(expression);                                              \
                (void)y;                                                                                               \
                DZ[j] = dz;                                                                                            \
                DB[j] += dz;                                                                                           \
            }                                                                                                          \
        }                                                                                                              \
    }

BACK(identity, dy)
BACK(relu, y <= 0 ? 0 : dy)
BACK(tanh, (1 - y * y) * dy)
BACK(logistic, (1 - y) * y * dy)
BACK(elu, y > 0 ? dy : dy * (y + 1))

/* dz = (1 - e^-y) dy, which is logistic(z) dy for y = softplus(z) */
LOOP(softplus_back)
{
    REAL v[VIA_ROOM];
    const size_t h = s->size[0];
    for (size_t i = 0; i < s->n; i++)
        for (size_t from = 0, n; from < h; from += n) {
            n = via_block(h - from);
            const size_t at = i * h + from;
            const REAL *DY = (const REAL *)s->array[2] + at, *Y = (const REAL *)s->array[3] + at;
            REAL *DZ = (REAL *)s->array[0] + at, *DB = (REAL *)s->array[1] + from;
            for (size_t j = 0; j < n; j++)
                v[j] = -Y[j];
            vector_expm1(n, v, v);
            for (size_t j = 0; j < n; j++)
                DB[j] += DZ[j] = -v[j] * DY[j];
        }
}

#else

#include "../../base/blas.h"
#include <gradtape/threads.h>

AD_FAMILY(fused_linear)

LOOP_TABLE(add_bias)
LOOP_TABLE(add_bias_relu)
LOOP_TABLE(add_rows)
LOOP_TABLE(identity_back)
LOOP_TABLE(relu_back)
LOOP_TABLE(tanh_back)
LOOP_TABLE(logistic_back)
LOOP_TABLE(elu_back)
LOOP_TABLE(softplus_back)

/* ---- Activations ------------------------------------------------------------------------------------------------- */

extern const ad_operator ad_operator_tanh, ad_operator_logistic, ad_operator_softplus, ad_operator_elu;

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

static const ad_loops *const backward_loops[AD_ACTIVATION_COUNT] = {
    [AD_IDENTITY] = &identity_back_loops, [AD_RELU] = &relu_back_loops,         [AD_TANH] = &tanh_back_loops,
    [AD_LOGISTIC] = &logistic_back_loops, [AD_SOFTPLUS] = &softplus_back_loops, [AD_ELU] = &elu_back_loops,
};

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
    else if (!ad_blas_fits(&(ad_product){.m = rows_of(x), .n = w->dims[1], .k = w->dims[0]}))
        ad_call_fail(c, AD_BAD_SHAPE, "a matrix has more than 2147483647 rows or columns: %s by %s",
                     ad_operand_text(c, 0, tx), ad_operand_text(c, 1, tw));
    else {
        ad_shape y = *x;
        y.dims[y.rank - 1] = w->dims[1];
        ad_result(c, 0, (ad_type)c->x[0]->type, &y);
    }
}

/* What is left to do when x w is there, in blocks of whole rows. */
typedef struct finish {
    ad_loop *add_bias, *activate; /* the second NULL if the first does all */
    char *y, *bias, *partial;
    size_t rows, columns, rows_in_block, bytes;
} finish;

enum { FINISH_BLOCK = 8192, NEAR_BLOCK = 256 };

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* The activation of n elements in place: each run of them is copied first, since a loop's operand is not its result. */
static void activate(const finish *f, char *y, size_t n)
{
    union {
        float f32[NEAR_BLOCK];
        double f64[NEAR_BLOCK];
    } z;
    for (size_t from = 0; from < n; from += NEAR_BLOCK) {
        char *at = y + from * f->bytes;
        const ad_span span = {.n = smaller(n - from, NEAR_BLOCK), .array = {at, &z}, .step = {1, 1}};
        memcpy(&z, at, span.n * f->bytes);
        f->activate(&span);
    }
}

static void finish_block(void *context, size_t block)
{
    const finish *f = context;
    const size_t first = block * f->rows_in_block, rows = smaller(f->rows - first, f->rows_in_block);
    const size_t at = first * f->columns * f->bytes;
    char *partial = f->partial ? f->partial + at : NULL;
    f->add_bias(&(ad_span){.n = rows, .array = {f->y + at, f->bias, partial}, .size = {f->columns}});
    if (f->activate)
        activate(f, f->y + at, rows * f->columns);
}

static void finish_rows(ad_call *c, const ad_product *p)
{
    const ad_activation activation = activation_of(c->attributes);
    const ad_loops *first = activation == AD_RELU ? &add_bias_relu_loops : &add_bias_loops,
                   *second = forward_loops(activation);
    finish f = {.add_bias = ad_loop_for(first, c->y[0]->type), .y = c->y[0]->data, .bias = c->x[2]->data};
    f.activate = second ? ad_loop_for(second, c->y[0]->type) : NULL;
    f.partial = p->partial;
    f.rows = (size_t)p->m;
    f.columns = (size_t)p->n;
    f.bytes = ad_type_bytes(p->type);
    f.rows_in_block = f.columns < FINISH_BLOCK ? FINISH_BLOCK / f.columns : 1;
    ad_parallel((f.rows + f.rows_in_block - 1) / f.rows_in_block, finish_block, &f);
}

static void linear_run(ad_call *c)
{
    ad_product p = linear_product(c);
    if (p.m == 0 || p.n == 0)
        return;
    const size_t partial = ad_blas_partial(&p);
    p.a = c->x[0]->data;
    p.b = c->x[1]->data;
    p.c = c->y[0]->data;
    p.leaves_partial = true;
    p.partial = partial ? ad_scratch(c, partial, ad_type_bytes(p.type)) : NULL;
    if (partial && !p.partial)
        return;
    ad_blas_multiply(&p);
    finish_rows(c, &p);
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
        dz = ad_linear_backward(dz, ad_y(p), activation, &db);
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
    ad_result(c, 0, (ad_type)c->x[0]->type, y);
    ad_result(c, 1, (ad_type)c->x[0]->type, &AD_SHAPE(columns_of(y)));
}

/* dz of n rows of h columns, and their sum added to db. */
static void back_rows(ad_call *c, size_t n, size_t h, size_t from, void *db)
{
    const size_t at = from * ad_bytes_of(c->x[0]->type);
    char *dz = c->y[0]->data, *dy = c->x[0]->data, *y = c->x[1]->data;
    const ad_span span = {.n = n, .array = {dz + at, db, dy + at, y + at}, .size = {h}};
    ad_loop_for(backward_loops[activation_of(c->attributes)], c->x[0]->type)(&span);
}

enum { WIDE_ROW = 64 };

/* Several short rows are taken as one wide row, and their sums are added at the end. There are no threads: this pass
 * takes a microsecond, the products beside it a hundred. */
static void linear_backward_run(ad_call *c)
{
    const ad_shape *y = c->x[1]->shape;
    const uint8_t type = c->x[0]->type;
    const size_t n = (size_t)rows_of(y), h = (size_t)columns_of(y), bytes = ad_type_bytes((ad_type)type);
    const size_t at_once = h && h < WIDE_ROW && n > WIDE_ROW ? WIDE_ROW / h : 1, wide = n / at_once;
    memset(c->y[1]->data, 0, h * bytes);
    if (at_once == 1) {
        back_rows(c, n, h, 0, c->y[1]->data);
        return;
    }
    union {
        float f32[WIDE_ROW];
        double f64[WIDE_ROW];
    } sums;
    memset(&sums, 0, sizeof sums);
    back_rows(c, wide, at_once * h, 0, &sums);
    back_rows(c, n - wide * at_once, h, wide * at_once * h, c->y[1]->data);
    ad_loop_for(&add_rows_loops, type)(&(ad_span){.n = at_once, .array = {c->y[1]->data, &sums}, .size = {h}});
}

/* activation''(z) / activation'(z) v u as a function of y; where it is 0 everywhere, zeros */
static ad_tensor second_derivative(ad_activation activation, ad_tensor y, ad_tensor vu)
{
    switch (activation) {
    case AD_TANH: return ad_mul(ad_scale(y, -2), vu);
    case AD_LOGISTIC: return ad_mul(ad_shift(ad_scale(y, -2), 1), vu);
    case AD_SOFTPLUS: return ad_mul(ad_exp(ad_neg(y)), vu);
    case AD_ELU: return ad_where_not_positive(vu, y);
    default: return ad_zeros_like(y);
    }
}

/* dz = a'(y) v,  db = sum of dz over rows; with u = ddz + ddb for each row :  dv = a'(y) u,  dy = (d a' / dy) v u */
static void linear_backward_vjp(ad_pullback *p)
{
    const ad_activation activation = activation_of(ad_attribute_at(p, 0));
    ad_tensor v = ad_x(p, 0), y = ad_x(p, 1), u = ad_dy(p), unused;
    if (ad_has_dy(p, 1))
        u = ad_add(u, ad_dy_at(p, 1));
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_linear_backward(u, y, activation, &unused));
    if (ad_wants(p, 1))
        ad_give(p, 1, second_derivative(activation, y, ad_mul(v, u)));
}

/* relu and identity are constant in y, so that there would be no gradient to check. */
static const ad_sample samples_linear_backward[] = {
    {.n_x = 2, .x = {{2, {2, 3}}, {2, {2, 3}}}, .attributes = {{.integer = AD_TANH}}},
    {.n_x = 2, .x = {{3, {2, 2, 3}}, {3, {2, 2, 3}}}, .attributes = {{.integer = AD_LOGISTIC}}},
    {.n_x = 2, .x = {{1, {3}}, {1, {3}}}, .attributes = {{.integer = AD_SOFTPLUS}}},
    {.n_x = 2, .x = {{2, {3, 2}}, {2, {3, 2}}}, .attributes = {{.integer = AD_ELU}}},
    {.n_x = 2, .x = {{2, {0, 3}}, {2, {0, 3}}}, .attributes = {{.integer = AD_TANH}}},
    {.n_x = 2, .x = {{2, {2, 0}}, {2, {2, 0}}}, .attributes = {{.integer = AD_ELU}}},
};

AD_OPERATOR(linear_backward,
    .arity = 2,
    .n_results = 2,
    .attributes = {{"activation", AD_ATTRIBUTE_INTEGER}},
    .shape = linear_backward_shape,
    .run = linear_backward_run,
    .vjp = linear_backward_vjp,
    .linear = AD_LINEAR_IN(0),
    SAMPLES(samples_linear_backward),
    .formula = "dz = activation'(z) v as a function of y, sum of dz over rows",
    .gradient = "activation'(z) u, (d activation'(z) / dy) v u; u = ddz + ddb",
    .convention = "that of the activation at its kink",
    .domain = {{0}, {.low = -2, .high = 2, .gap = 0.1}},
);

ad_tensor ad_linear_backward(ad_tensor dy, ad_tensor y, ad_activation activation, ad_tensor *db)
{
    ad_tensor r[AD_MAX_RESULTS];
    ad_apply(NULL, &ad_operator_linear_backward, (const ad_tensor[]){dy, y}, 2, &(ad_attribute){.integer = activation},
             r);
    if (db)
        *db = r[1];
    return r[0];
}

#endif
