/* Softmax along an axis, and the losses that take logits. */
#include "along_axis.h"
#include "logits.h"

#include <inttypes.h>

/* z (softplus) - t z, without overflow: max(z, 0) - t z + ln(1 + e^-|z|) */
/* softplus(a) - b a, where for a > 0 nothing cancels */
MAP2(logistic_cross_entropy, (a > 0 ? (1 - b) * a : -b * a) + R(log1p)(R(exp)(-R(fabs)(a))))

#ifdef AD_REAL

/* sum e^(x-m), 0 for x = -inf */
static REAL sum_of_exp(const REAL *x, size_t n, size_t step, REAL m)
{
    REAL sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i * step] == -INFINITY ? 0 : R(exp)(x[i * step] - m);
    return sum;
}

/* The three loops below work on groups of size[1] elements that are size[2] apart; there are size[0] x size[2] of them.
 */
#define FOR_EACH_GROUP                                                                                                 \
    const size_t c = s->size[1], inner = s->size[2];                                                                   \
    for (size_t o = 0; o < s->size[0]; o++)                                                                            \
        for (size_t at = o * c * inner; at < o * c * inner + inner; at++)

LOOP(softmax)
{
    const REAL *X = s->array[1];
    REAL *Y = s->array[0];
    FOR_EACH_GROUP
    {
        const REAL *x = X + at, m = largest(x, c, inner), sum = sum_of_exp(x, c, inner, m);
        for (size_t i = 0; i < c; i++)
            Y[at + i * inner] = (x[i * inner] == -INFINITY && m > -INFINITY ? 0 : R(exp)(x[i * inner] - m)) / sum;
    }
}

LOOP(log_softmax)
{
    const REAL *X = s->array[1];
    REAL *Y = s->array[0];
    FOR_EACH_GROUP
    {
        const REAL *x = X + at, m = largest(x, c, inner), log_sum = R(log)(sum_of_exp(x, c, inner, m));
        for (size_t i = 0; i < c; i++)
            Y[at + i * inner] = x[i * inner] - m - log_sum;
    }
}

LOOP(softmax_backward)
{
    const REAL *DY = s->array[1], *Y = s->array[2];
    REAL *R_ = s->array[0];
    FOR_EACH_GROUP
    {
        REAL sum = 0;
        for (size_t i = 0; i < c; i++)
            sum += Y[at + i * inner] * DY[at + i * inner];
        for (size_t i = 0; i < c; i++)
            R_[at + i * inner] = Y[at + i * inner] * (DY[at + i * inner] - sum);
    }
}

/* loss[i] = m + ln sum e^(z-m) - z[label], of n rows of size[0]; a gap past the largest number stays at it. */
LOOP(softmax_cross_entropy)
{
    const REAL *Z = s->array[1];
    const int32_t *label = s->array[2];
    REAL *Y = s->array[0];
    const size_t c = s->size[0];
    for (size_t i = 0; i < s->n; i++) {
        const REAL *z = Z + i * c, m = largest(z, c, 1), gap = m - z[label[i]];
        const bool overflows = gap > REAL_MAX && m <= REAL_MAX && z[label[i]] >= -REAL_MAX;
        Y[i] = overflows ? REAL_MAX : gap + log_sum_of_exp(z, c, m);
    }
}

/* dz = (softmax(z) - one_hot(label)) dy, of n rows of size[0] */
LOOP(softmax_cross_entropy_backward)
{
    const REAL *DY = s->array[1], *Z = s->array[2];
    const int32_t *label = s->array[3];
    REAL *DZ = s->array[0];
    const size_t c = s->size[0];
    for (size_t i = 0; i < s->n; i++) {
        const REAL *z = Z + i * c;
        REAL *dz = DZ + i * c, sum = exp_of_logits(dz, z, c, largest(z, c, 1));
        for (size_t j = 0; j < c; j++)
            dz[j] = (dz[j] / sum - (j == (size_t)label[i] ? 1 : 0)) * DY[i];
    }
}

#else

AD_FAMILY(softmax)

LOOP_TABLE(softmax)
LOOP_TABLE(log_softmax)
LOOP_TABLE(softmax_backward)
LOOP_TABLE(softmax_cross_entropy)
LOOP_TABLE(softmax_cross_entropy_backward)

/* ---- Along an axis ----------------------------------------------------------------------------------------------- */

static void along_axis_run(ad_call *c) { ad_run_along(c, c->op->loops, c->n_x == 2 ? c->x[1]->data : NULL, false, 0); }

static ad_tensor along(const ad_operator *op, const ad_tensor *x, int n, int axis)
{
    return ad_apply_one(op, x, n, &(ad_attribute){.integer = axis});
}

static int axis_of(const ad_pullback *p) { return (int)ad_attribute_at(p, 0)->integer; }

#define RUN_ALONG_AXIS ALONG_AXIS, .run = along_axis_run

static const ad_sample samples_along[] = {
    {.n_x = 1, .x = {{2, {2, 3}}}, .attributes = {{.integer = -1}}},
    {.n_x = 1, .x = {{3, {2, 3, 2}}}, .attributes = {{.integer = 1}}},
    {.n_x = 1, .x = {{1, {4}}}, .attributes = {{.integer = 0}}},
    {.n_x = 1, .x = {{2, {0, 3}}}, .attributes = {{.integer = -1}}},
};

static const ad_sample samples_along_two[] = {
    {.n_x = 2, .x = {{2, {2, 3}}, {2, {2, 3}}}, .attributes = {{.integer = -1}}},
    {.n_x = 2, .x = {{3, {2, 3, 2}}, {3, {2, 3, 2}}}, .attributes = {{.integer = 1}}},
    {.n_x = 2, .x = {{2, {2, 0}}, {2, {2, 0}}}, .attributes = {{.integer = -1}}},
};

/* y = e^x / sum e^x :  dx = y (dy - sum(y dy)) */
static void softmax_vjp(ad_pullback *p) { ad_give(p, 0, ad_softmax_backward(ad_dy(p), ad_y(p), axis_of(p))); }

AD_OPERATOR(softmax,
    .arity = 1,
    RUN_ALONG_AXIS,
    SAMPLES(samples_along),
    .loops = &softmax_loops,
    .vjp = softmax_vjp,
    .formula = "e^x / sum e^x along axis",
    .gradient = "y (dy - sum(y dy))",
    .convention = "0 where x is -inf; NaN if all are",
);

ad_tensor ad_softmax(ad_tensor x, int axis) { return along(&ad_operator_softmax, &x, 1, axis); }

/* r = y (v - sum(y v)) :  dv = y (dr - sum(y dr)),  dy = dr (v - sum(y v)) - v sum(y dr) */
static void softmax_backward_vjp(ad_pullback *p)
{
    ad_tensor dr = ad_dy(p), v = ad_x(p, 0), y = ad_x(p, 1);
    const ad_axes axes = AD_KEEP_AXES(axis_of(p));
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_softmax_backward(dr, y, axis_of(p)));
    if (!ad_wants(p, 1))
        return;
    ad_give(p, 1, ad_mul(dr, ad_sub(v, ad_sum_over(ad_mul(y, v), axes))));
    ad_give(p, 1, ad_neg(ad_mul(v, ad_sum_over(ad_mul(y, dr), axes))));
}

AD_OPERATOR(softmax_backward,
    .arity = 2,
    RUN_ALONG_AXIS,
    SAMPLES(samples_along_two),
    .loops = &softmax_backward_loops,
    .vjp = softmax_backward_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "y (v - sum(y v))",
    .gradient = "y (dr - sum(y dr)), dr (v - sum(y v)) - v sum(y dr)",
);

ad_tensor ad_softmax_backward(ad_tensor dy, ad_tensor y, int axis)
{
    return along(&ad_operator_softmax_backward, (const ad_tensor[]){dy, y}, 2, axis);
}

/* y = x - logsumexp(x) :  dx = dy - e^y sum(dy) */
static void log_softmax_vjp(ad_pullback *p)
{
    ad_tensor total = ad_sum_over(ad_dy(p), AD_KEEP_AXES(axis_of(p)));
    ad_give(p, 0, ad_sub(ad_dy(p), ad_mul(ad_exp(ad_y(p)), total)));
}

AD_OPERATOR(log_softmax,
    .arity = 1,
    RUN_ALONG_AXIS,
    SAMPLES(samples_along),
    .loops = &log_softmax_loops,
    .vjp = log_softmax_vjp,
    .formula = "x - logsumexp(x) along axis",
    .gradient = "dy - e^y sum(dy)",
);

ad_tensor ad_log_softmax(ad_tensor x, int axis) { return along(&ad_operator_log_softmax, &x, 1, axis); }

/* ---- Cross-entropy of a softmax ---------------------------------------------------------------------------------- */

bool ad_check_logits(ad_call *c, int z, int labels)
{
    const ad_shape *shape = c->x[z]->shape, *l = c->x[labels]->shape;
    char a[AD_OPERAND_TEXT], b[AD_OPERAND_TEXT];
    if (shape->rank == 2 && l->rank == 1 && l->dims[0] == shape->dims[0])
        return true;
    ad_call_fail(c, AD_BAD_SHAPE, "logits must be [n,c] and labels [n]: they are %s and %s", ad_operand_text(c, z, a),
                 ad_operand_text(c, labels, b));
    return false;
}

bool ad_check_labels(ad_call *c, const ad_value *labels, int64_t classes)
{
    const int32_t *label = labels->data;
    for (size_t i = 0; i < ad_elements(labels); i++)
        if (label[i] < 0 || label[i] >= classes) {
            ad_call_fail(c, AD_BAD_VALUE,
                         "label %" PRId32 " of row %zu is out of range: there are %" PRId64 " classes, from 0",
                         label[i], i, classes);
            return false;
        }
    return true;
}

static void softmax_cross_entropy_shape(ad_call *c)
{
    if (ad_check_logits(c, 0, 1))
        ad_result(c, 0, (ad_type)c->x[0]->type, c->x[1]->shape);
}

static void softmax_cross_entropy_run(ad_call *c)
{
    const ad_shape *z = c->x[0]->shape;
    if (!ad_check_labels(c, c->x[1], z->dims[1]))
        return;
    ad_span span = {
        .n = (size_t)z->dims[0], .array = {c->y[0]->data, c->x[0]->data, c->x[1]->data}, .size = {(size_t)z->dims[1]}};
    ad_loop_for(c->op->loops, c, c->x[0]->type)(&span);
}

/* y = -log_softmax(z)[label] :  dz = (softmax(z) - one_hot(label)) dy */
static void softmax_cross_entropy_vjp(ad_pullback *p)
{
    ad_give(p, 0, ad_softmax_cross_entropy_backward(ad_dy(p), ad_x(p, 0), ad_x(p, 1)));
}

static const ad_sample samples_cross_entropy[] = {
    {.n_x = 2, .x = {{2, {4, 3}}, {1, {4}}}},
    {.n_x = 2, .x = {{2, {1, 2}}, {1, {1}}}},
    {.n_x = 2, .x = {{2, {0, 3}}, {1, {0}}}},
};

AD_OPERATOR(softmax_cross_entropy,
    .arity = 2,
    .types = "ri",
    .shape = softmax_cross_entropy_shape,
    SAMPLES(samples_cross_entropy),
    .run = softmax_cross_entropy_run,
    .loops = &softmax_cross_entropy_loops,
    .vjp = softmax_cross_entropy_vjp,
    .formula = "-log_softmax(z)[label]",
    .gradient = "(softmax(z) - one_hot(label)) dy",
    .convention = "finite for any finite logits",
    .domain = {{0}, {.low = 0, .high = 1}},
);

ad_tensor ad_softmax_cross_entropy(ad_tensor logits, ad_tensor labels)
{
    return ad_apply2(&ad_operator_softmax_cross_entropy, logits, labels);
}

static void softmax_cross_entropy_backward_shape(ad_call *c)
{
    char a[AD_OPERAND_TEXT];
    if (!ad_check_logits(c, 1, 2))
        return;
    if (ad_same_dims(c->x[0]->shape, c->x[2]->shape))
        ad_result(c, 0, (ad_type)c->x[0]->type, c->x[1]->shape);
    else
        ad_call_fail(c, AD_BAD_SHAPE, "dy must be [n], as the labels: it is %s", ad_operand_text(c, 0, a));
}

static void softmax_cross_entropy_backward_run(ad_call *c)
{
    const ad_shape *z = c->x[1]->shape;
    if (!ad_check_labels(c, c->x[2], z->dims[1]))
        return;
    ad_span span = {.n = (size_t)z->dims[0],
                    .array = {c->y[0]->data, c->x[0]->data, c->x[1]->data, c->x[2]->data},
                    .size = {(size_t)z->dims[1]}};
    ad_loop_for(c->op->loops, c, c->x[0]->type)(&span);
}

/* r = (softmax(z) - one_hot) v, v a column :  dv = sum of (softmax(z) - one_hot) dr,  dz = softmax_backward(dr,
 * softmax(z)) v */
static void softmax_cross_entropy_backward_vjp(ad_pullback *p)
{
    ad_tensor dr = ad_dy(p), v = ad_x(p, 0), z = ad_x(p, 1), labels = ad_x(p, 2);
    if (ad_wants(p, 0)) {
        ad_tensor difference = ad_softmax_cross_entropy_backward(ad_ones_like(v), z, labels);
        ad_give(p, 0, ad_sum_over(ad_mul(difference, dr), AD_AXES(1)));
    }
    if (ad_wants(p, 1)) {
        ad_tensor column = ad_reshape(v, AD_SHAPE(ad_shape_of(v).dims[0], 1));
        ad_give(p, 1, ad_mul(ad_softmax_backward(dr, ad_softmax(z, 1), 1), column));
    }
}

static const ad_sample samples_cross_entropy_backward[] = {
    {.n_x = 3, .x = {{1, {4}}, {2, {4, 3}}, {1, {4}}}},
    {.n_x = 3, .x = {{1, {0}}, {2, {0, 3}}, {1, {0}}}},
};

AD_OPERATOR(softmax_cross_entropy_backward,
    .arity = 3,
    .types = "rri",
    .shape = softmax_cross_entropy_backward_shape,
    SAMPLES(samples_cross_entropy_backward),
    .run = softmax_cross_entropy_backward_run,
    .loops = &softmax_cross_entropy_backward_loops,
    .vjp = softmax_cross_entropy_backward_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "(softmax(z) - one_hot(label)) v",
    .gradient = "sum((softmax(z) - one_hot) dr), softmax_backward(dr, softmax(z)) v",
    .domain = {{0}, {0}, {.low = 0, .high = 1}},
);

ad_tensor ad_softmax_cross_entropy_backward(ad_tensor dy, ad_tensor logits, ad_tensor labels)
{
    return APPLY(&ad_operator_softmax_cross_entropy_backward, dy, logits, labels);
}

/* ---- Cross-entropy of a logistic --------------------------------------------------------------------------------- */

/* y = softplus(z) - t z :  dz = (logistic(z) - t) dy,  dt = -z dy */
static void logistic_cross_entropy_vjp(ad_pullback *p)
{
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_mul(ad_sub(ad_logistic(ad_x(p, 0)), ad_x(p, 1)), ad_dy(p)));
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_neg(ad_mul(ad_x(p, 0), ad_dy(p))));
}

AD_OPERATOR(logistic_cross_entropy,
    OF_TWO,
    .loops = &logistic_cross_entropy_loops,
    .vjp = logistic_cross_entropy_vjp,
    .linear = AD_LINEAR_IN(1),
    .formula = "softplus(z) - t z",
    .gradient = "(logistic(z) - t) dy, -z dy",
    .convention = "finite for any finite logits",
);

ad_tensor ad_logistic_cross_entropy(ad_tensor logits, ad_tensor targets)
{
    return ad_apply2(&ad_operator_logistic_cross_entropy, logits, targets);
}

/* ---- Log-probability of a label ---------------------------------------------------------------------------------- */

ad_tensor ad_softmax_log_likelihood(ad_tensor logits, ad_tensor labels)
{
    return ad_neg(ad_softmax_cross_entropy(logits, labels));
}

#endif
