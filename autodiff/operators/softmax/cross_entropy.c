/* Losses of logits: the cross-entropies of a softmax and of a logistic. */
#include "../logits.h"

#include <inttypes.h>

/* softplus(a) - b a, where for a > 0 nothing cancels */
MAP2_VIA(logistic_cross_entropy, log1p_exp, -R(fabs)(a), (a > 0 ? (1 - b) * a : -b * a) + v)

#ifdef AD_REAL

/* loss[i] = m + ln sum e^(z-m) - z[label], for n rows of size[0]. If the logits are finite, a loss does not overflow:
 * it stays at the largest number. */
static inline REAL cross_entropy_of(REAL m, REAL rest, REAL z)
{
    const REAL gap = m - z;
    return gap > REAL_MAX && m <= REAL_MAX && z >= -REAL_MAX ? REAL_MAX : gap + rest;
}

LOOP(softmax_cross_entropy)
{
    const REAL *Z = s->array[1];
    const int32_t *label = s->array[2];
    REAL *Y = s->array[0];
    const size_t c = s->size[0];
    for (size_t i = 0; i < s->n && c > SHORT_IN_ROW; i++) {
        const REAL *z = Z + i * c, m = largest(z, c, 1);
        Y[i] = cross_entropy_of(m, log_sum_of_exp(z, c, m), z[label[i]]);
    }
    for (size_t i = 0; i < s->n && c <= SHORT_IN_ROW;) {
        logit_columns t;
        const size_t w = read_logits(&t, Z, i, s->n, c);
        REAL rest[MOST_GROUPS];
        log_sums_of_logits(rest, &t, c, w);
        for (size_t l = 0; l < w; l++, i++)
            Y[i] = cross_entropy_of(t.m[l], rest[l], Z[i * c + (size_t)label[i]]);
    }
}

/* dz = (softmax(z) - one_hot(label)) dy, of n rows of size[0]. At the label it is minus the probability of the other
 * classes. */
static void cross_entropy_backward_of_short_rows(const ad_span *s)
{
    const REAL *DY = s->array[1], *Z = s->array[2];
    const int32_t *label = s->array[3];
    REAL *DZ = s->array[0];
    const size_t c = s->size[0];
    for (size_t from = 0; from < s->n;) {
        logit_columns t;
        const size_t w = read_logits(&t, Z, from, s->n, c);
        REAL at_label[MOST_GROUPS], sum[MOST_GROUPS], dy[MOST_GROUPS];
        for (size_t l = 0; l < w; l++)
            at_label[l] = t.e[(size_t)label[from + l] * w + l];
        for (size_t l = 0; l < w; l++) {
            const double others = t.others[l], own = (double)at_label[l];
            dy[l] = DY[from + l];
            sum[l] = (REAL)(1 + others);
            at_label[l] = -(REAL)((others + (1 - own)) / (1 + others)) * dy[l];
        }
        for (size_t j = 0; j < c; j++)
            for (size_t l = 0; l < w; l++)
                t.e[j * w + l] = t.e[j * w + l] / sum[l] * dy[l];
        for (size_t l = 0; l < w; l++)
            t.e[(size_t)label[from + l] * w + l] = at_label[l];
        turn(DZ + from * c, c, t.e, w, c, w);
        from += w;
    }
}

LOOP(softmax_cross_entropy_backward)
{
    const REAL *DY = s->array[1], *Z = s->array[2];
    const int32_t *label = s->array[3];
    const size_t c = s->size[0];
    if (c <= SHORT_IN_ROW) {
        cross_entropy_backward_of_short_rows(s);
        return;
    }
    for (size_t i = 0; i < s->n; i++) {
        const REAL *z = Z + i * c, dy = DY[i];
        REAL *restrict dz = (REAL *)s->array[0] + i * c;
        const double others = exp_of_group(dz, z, largest(z, c, 1), c, 1), own = (double)dz[label[i]];
        const REAL sum = (REAL)(1 + others);
        for (size_t j = 0; j < c; j++)
            dz[j] = dz[j] / sum * dy;
        dz[label[i]] = -(REAL)((others + (1 - own)) / (1 + others)) * dy;
    }
}

/* dz = ((1 - t) logistic(z) - t logistic(-z)) dy: for a sure, right answer logistic(z) - t would cancel. */
LOOP(logistic_cross_entropy_backward)
{
    const REAL *DY = s->array[1], *Z = s->array[2], *T = s->array[3];
    const size_t sd = s->step[1], sz = s->step[2], st = s->step[3];
    REAL *DZ = s->array[0], e[VIA_ROOM];
    for (size_t from = 0, n; from < s->n; from += n) {
        n = via_block(s->n - from);
        for (size_t i = 0; i < n; i++)
            e[i] = -R(fabs)(Z[(from + i) * sz]);
        vector_exp(n, e, e);
        for (size_t i = 0; i < n; i++) {
            const REAL z = Z[(from + i) * sz], t = T[(from + i) * st],
                       slope = z < 0 ? (1 - t) * e[i] - t : (1 - t) - t * e[i];
            DZ[from + i] = slope / (1 + e[i]) * DY[(from + i) * sd];
        }
    }
}

#else

AD_FAMILY(softmax_cross_entropy)

LOOP_TABLE(softmax_cross_entropy)
LOOP_TABLE(softmax_cross_entropy_backward)
LOOP_TABLE(logistic_cross_entropy_backward)

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
    ad_loop_for(c->op->loops, c->x[0]->type)(&span);
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
    ad_loop_for(c->op->loops, c->x[0]->type)(&span);
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
    return ad_apply3(&ad_operator_softmax_cross_entropy_backward, dy, logits, labels);
}

/* ---- Cross-entropy of a logistic --------------------------------------------------------------------------------- */

/* y = softplus(z) - t z :  dz = (logistic(z) - t) dy,  dt = -z dy */
static void logistic_cross_entropy_vjp(ad_pullback *p)
{
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_logistic_cross_entropy_backward(ad_dy(p), ad_x(p, 0), ad_x(p, 1)));
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

/* r = (logistic(z) - t) v :  dv = (logistic(z) - t) dr,  dz = logistic(z) logistic(-z) v dr,  dt = -v dr */
static void logistic_cross_entropy_backward_vjp(ad_pullback *p)
{
    ad_tensor dr = ad_dy(p), z = ad_x(p, 1);
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_logistic_cross_entropy_backward(dr, z, ad_x(p, 2)));
    if (!ad_wants(p, 1) && !ad_wants(p, 2))
        return;
    ad_tensor of_both = ad_mul(ad_x(p, 0), dr);
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_mul(ad_mul(ad_logistic(z), ad_logistic(ad_neg(z))), of_both));
    ad_give(p, 2, ad_neg(of_both));
}

AD_OPERATOR(logistic_cross_entropy_backward,
    OF_THREE,
    .loops = &logistic_cross_entropy_backward_loops,
    .vjp = logistic_cross_entropy_backward_vjp,
    .linear = AD_LINEAR_IN(0) | AD_LINEAR_IN(2),
    .formula = "(logistic(z) - t) v",
    .gradient = "(logistic(z) - t) dr, logistic(z) logistic(-z) v dr, -v dr",
);

ad_tensor ad_logistic_cross_entropy_backward(ad_tensor dy, ad_tensor logits, ad_tensor targets)
{
    return ad_apply3(&ad_operator_logistic_cross_entropy_backward, dy, logits, targets);
}

/* ---- Log-probability of a label ---------------------------------------------------------------------------------- */

ad_tensor ad_softmax_log_likelihood(ad_tensor logits, ad_tensor labels)
{
    return ad_neg(ad_softmax_cross_entropy(logits, labels));
}

#endif
