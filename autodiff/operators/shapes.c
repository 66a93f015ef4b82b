/* Operators that share elements under another shape, broadcast them, or change their type. */
#include "family.h"

#include <inttypes.h>

#include "../move.h"

AD_FAMILY(shapes)

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

/* The axes that are taken away. */
static bool squeezed_axes(ad_call *c, unsigned *mask)
{
    const ad_shape *x = c->x[0]->shape;
    const ad_axes *axes = &c->attributes[0].axes;
    char text[AD_OPERAND_TEXT];
    if (!ad_axes_mask(c, axes, x->rank, mask))
        return false;
    for (int i = 0; i < x->rank; i++) {
        if (!(*mask & 1U << i) || x->dims[i] == 1)
            continue;
        if (axes->count == 0) {
            *mask &= ~(1U << i);
            continue;
        }
        ad_call_fail(c, AD_BAD_SHAPE, "axis %d of %s has size %" PRId64 ": only axes of size 1 can go", i,
                     ad_operand_text(c, 0, text), x->dims[i]);
        return false;
    }
    return true;
}

static void squeeze_shape(ad_call *c)
{
    unsigned mask;
    if (!squeezed_axes(c, &mask))
        return;
    const ad_shape y = ad_reduced(c->x[0]->shape, mask, false);
    ad_result(c, 0, (ad_type)c->x[0]->type, &y);
}

static const ad_sample samples_squeeze[] = {
    {.n_x = 1, .x = {{3, {1, 3, 1}}}, .attributes = {{.axes = {0}}}},
    {.n_x = 1, .x = {{3, {1, 3, 1}}}, .attributes = {{.axes = {1, false, {-1}}}}},
    {.n_x = 1, .x = {{2, {1, 1}}}, .attributes = {{.axes = {2, false, {1, 0}}}}},
    {.n_x = 1, .x = {{0}}, .attributes = {{.axes = {0}}}},
    {.n_x = 1, .x = {{3, {0, 1, 2}}}, .attributes = {{.axes = {1, false, {1}}}}},
};

AD_OPERATOR(squeeze) = {.name = "squeeze",
                        .arity = 1,
                        .types = "*",
                        .attributes = {{"axes", AD_ATTRIBUTE_AXES}},
                        .properties = AD_VIEW,
                        .shape = squeeze_shape,
                        SAMPLES(samples_squeeze),
                        .vjp = reshape_vjp,
                        .linear = AD_LINEAR_IN(0),
                        .formula = "x without these axes",
                        .gradient = "dy in the shape of x"};

ad_tensor ad_squeeze(ad_tensor x, ad_axes axes)
{
    return ad_apply_one(&ad_operator_squeeze, &x, 1, &(ad_attribute){.axes = axes});
}

static void expand_dims_shape(ad_call *c)
{
    const int axis = ad_new_axis_index(c, c->attributes[0].integer, c->x[0]->shape->rank);
    if (axis < 0)
        return;
    const ad_shape y = ad_expanded(c->x[0]->shape, axis, 1);
    ad_result(c, 0, (ad_type)c->x[0]->type, &y);
}

static const ad_sample samples_expand_dims[] = {
    {.n_x = 1, .x = {{2, {2, 3}}}, .attributes = {{.integer = 1}}},
    {.n_x = 1, .x = {{2, {2, 3}}}, .attributes = {{.integer = -1}}},
    {.n_x = 1, .x = {{0}}, .attributes = {{.integer = 0}}},
    {.n_x = 1, .x = {{2, {0, 3}}}, .attributes = {{.integer = 2}}},
};

AD_OPERATOR(expand_dims) = {.name = "expand_dims",
                            .arity = 1,
                            .types = "*",
                            .attributes = {{"axis", AD_ATTRIBUTE_INTEGER}},
                            .properties = AD_VIEW,
                            .shape = expand_dims_shape,
                            SAMPLES(samples_expand_dims),
                            .vjp = reshape_vjp,
                            .linear = AD_LINEAR_IN(0),
                            .formula = "x with a new axis of size 1",
                            .gradient = "dy in the shape of x"};

ad_tensor ad_expand_dims(ad_tensor x, int axis)
{
    return ad_apply_one(&ad_operator_expand_dims, &x, 1, &(ad_attribute){.integer = axis});
}

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
    ad_move move = {.to = c->y[0]->data, .from = x->data, .bytes = ad_type_bytes((ad_type)x->type)};
    ptrdiff_t to_step[AD_MAX_RANK], from_step[AD_MAX_RANK];
    if (!ad_elements(c->y[0]))
        return;
    ad_dense_steps(to, move.bytes, to_step);
    ad_dense_steps(x->shape, move.bytes, from_step);
    for (int i = 0, own = x->shape->rank - to->rank; i < to->rank; i++, own++)
        ad_move_axis(&move, to->dims[i], to_step[i], own < 0 || x->shape->dims[own] == 1 ? 0 : from_step[own]);
    ad_move_all(c, &move);
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
                             .types = "*",
                             .attributes = {{"shape", AD_ATTRIBUTE_SHAPE}},
                             .shape = broadcast_to_shape,
                             SAMPLES(samples_broadcast_to),
                             .run = broadcast_to_run,
                             .vjp = broadcast_to_vjp,
                             .linear = AD_LINEAR_IN(0),
                             .formula = "x broadcast",
                             .gradient = "dy, summed to the shape of x"};

ad_tensor ad_broadcast_to(ad_tensor x, ad_shape shape)
{
    return ad_apply_one(&ad_operator_broadcast_to, &x, 1, &(ad_attribute){.shape = shape});
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
