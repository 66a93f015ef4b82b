/* Broadcasting, and its adjoint: a sum over what was broadcast. */
#include "../reductions/reduce.h"

#include "../../kernels/strided_copy.h"

#ifndef AD_REAL

AD_FAMILY(shapes_broadcast)

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

static void broadcast_to_run(ad_call *c)
{
    const ad_value *x = c->x[0];
    const ad_shape *to = c->y[0]->shape;
    ad_strided_copy move = {.to = c->y[0]->data, .from = x->data, .bytes = ad_bytes_of(x->type)};
    ptrdiff_t to_step[AD_MAX_RANK], from_step[AD_MAX_RANK];
    if (!ad_elements(c->y[0]))
        return;
    ad_dense_steps(to, move.bytes, to_step);
    ad_dense_steps(x->shape, move.bytes, from_step);
    for (int i = 0, own = x->shape->rank - to->rank; i < to->rank; i++, own++)
        ad_add_axis(&move, to->dims[i], to_step[i], own < 0 || x->shape->dims[own] == 1 ? 0 : from_step[own]);
    ad_copy_strided(&move);
}

/* y = x broadcast :  dx = dy, summed */
static void broadcast_to_vjp(ad_pullback *p) { ad_give(p, 0, ad_sum_to(ad_dy(p), ad_shape_of(ad_x(p, 0)))); }

static const ad_sample samples_broadcast_to[] = {
    {.n_x = 1, .x = {{1, {3}}}, .attributes = {{.shape = {2, {2, 3}}}}},
    {.n_x = 1, .x = {{2, {3, 1}}}, .attributes = {{.shape = {3, {2, 3, 2}}}}},
    {.n_x = 1, .x = {{0}}, .attributes = {{.shape = {2, {2, 3}}}}},
    {.n_x = 1, .x = {{2, {1, 3}}}, .attributes = {{.shape = {2, {0, 3}}}}},
};

AD_OPERATOR(broadcast_to,
    .arity = 1,
    .types = "*",
    .attributes = {{"shape", AD_ATTRIBUTE_SHAPE}},
    .shape = broadcast_to_shape,
    SAMPLES(samples_broadcast_to),
    .run = broadcast_to_run,
    .vjp = broadcast_to_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "x broadcast",
    .gradient = "dy, summed to the shape of x",
);

ad_tensor ad_broadcast_to(ad_tensor x, ad_shape shape)
{
    return ad_apply_one(&ad_operator_broadcast_to, &x, 1, &(ad_attribute){.shape = shape});
}

/* ---- Its adjoint ------------------------------------------------------------------------------------------------- */

static void sum_to_shape(ad_call *c)
{
    const ad_shape *target = &c->attributes[0].shape;
    ad_shape wide = *target;
    char a[AD_OPERAND_TEXT], b[AD_SHAPE_TEXT];
    if (!ad_check_shape(c->tape, c->op->name, target, 1))
        return;
    if (ad_broadcast(&wide, c->x[0]->shape) && ad_same_dims(&wide, c->x[0]->shape))
        ad_result(c, 0, (ad_type)c->x[0]->type, target);
    else
        ad_call_fail(c, AD_BAD_SHAPE, "%s is not %s broadcast: it cannot be summed to it", ad_operand_text(c, 0, a),
                     ad_shape_text(target, b));
}

static void sum_to_run(ad_call *c)
{
    const ad_shape *x = c->x[0]->shape, *y = c->y[0]->shape;
    unsigned mask = 0;
    for (int i = 0; i < x->rank; i++) {
        const int own = i - (x->rank - y->rank);
        if (own < 0 || y->dims[own] != x->dims[i])
            mask |= 1U << i;
    }
    const ad_groups of = ad_groups_of(x, mask);
    ad_sum_divided(c, &of, c->y[0]->data, 1, c->x[0]->data);
}

/* y = x summed over the axes in which it was broadcast :  dx = dy, broadcast again */
static void sum_to_vjp(ad_pullback *p) { ad_give(p, 0, ad_broadcast_to(ad_dy(p), ad_shape_of(ad_x(p, 0)))); }

static const ad_sample samples_sum_to[] = {
    {.n_x = 1, .x = {{2, {2, 3}}}, .attributes = {{.shape = {1, {3}}}}},
    {.n_x = 1, .x = {{3, {2, 3, 2}}}, .attributes = {{.shape = {2, {3, 1}}}}},
    {.n_x = 1, .x = {{2, {2, 3}}}, .attributes = {{.shape = {0}}}},
    {.n_x = 1, .x = {{2, {0, 3}}}, .attributes = {{.shape = {1, {3}}}}},
};

AD_OPERATOR(sum_to,
    .arity = 1,
    .attributes = {{"shape", AD_ATTRIBUTE_SHAPE}},
    .shape = sum_to_shape,
    SAMPLES(samples_sum_to),
    .run = sum_to_run,
    .vjp = sum_to_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "x summed over the axes in which shape was broadcast",
    .gradient = "dy, broadcast",
);

ad_tensor ad_sum_to(ad_tensor x, ad_shape shape)
{
    return ad_apply_one(&ad_operator_sum_to, &x, 1, &(ad_attribute){.shape = shape});
}

#endif
