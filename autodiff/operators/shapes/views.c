/* Operators whose result shares the elements of its operand. */
#include "../family.h"

#include <inttypes.h>

AD_FAMILY(shapes_views)

/* Fills in the one size that is -1, if the other sizes leave just one choice. */
static void infer_size(const ad_shape *x, ad_shape *y)
{
    int unknown = -1;
    size_t known = 1, count = ad_count_of(x);
    for (int i = 0; i < y->rank && i < AD_MAX_RANK; i++)
        if (y->dims[i] == -1 && unknown < 0)
            unknown = i;
        else if (y->dims[i] < 0 || !ad_multiply_sizes(known, (size_t)y->dims[i], &known))
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

static void reshape_vjp(ad_pullback *p) { ad_give(p, 0, ad_reshape(ad_dy(p), ad_shape_of(ad_x(p, 0)))); }

static const ad_sample samples_reshape[] = {
    {.n_x = 1, .x = {{2, {2, 3}}}, .attributes = {{.shape = {1, {6}}}}},
    {.n_x = 1, .x = {{2, {2, 3}}}, .attributes = {{.shape = {2, {3, -1}}}}},
    {.n_x = 1, .x = {{0}}, .attributes = {{.shape = {2, {1, 1}}}}},
    {.n_x = 1, .x = {{1, {1}}}, .attributes = {{.shape = {0}}}},
    {.n_x = 1, .x = {{2, {0, 3}}}, .attributes = {{.shape = {1, {0}}}}},
};

AD_OPERATOR(reshape,
    .arity = 1,
    .types = "*",
    .attributes = {{"shape", AD_ATTRIBUTE_SHAPE}},
    .properties = AD_VIEW,
    .shape = reshape_shape,
    SAMPLES(samples_reshape),
    .vjp = reshape_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "x in another shape",
    .gradient = "dy in the shape of x",
);

ad_tensor ad_reshape(ad_tensor x, ad_shape shape)
{
    return ad_apply_one(&ad_operator_reshape, &x, 1, &(ad_attribute){.shape = shape});
}

AD_OPERATOR(detach,
    .arity = 1,
    .types = "*",
    .properties = AD_VIEW | AD_STOPS,
    .shape = ad_same_shape,
    SAMPLES(ad_samples_of_one),
    .formula = "x, as a constant",
    .gradient = "none",
);

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

AD_OPERATOR(squeeze,
    .arity = 1,
    .types = "*",
    .attributes = {{"axes", AD_ATTRIBUTE_AXES}},
    .properties = AD_VIEW,
    .shape = squeeze_shape,
    SAMPLES(samples_squeeze),
    .vjp = reshape_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "x without these axes",
    .gradient = "dy in the shape of x",
);

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

AD_OPERATOR(expand_dims,
    .arity = 1,
    .types = "*",
    .attributes = {{"axis", AD_ATTRIBUTE_INTEGER}},
    .properties = AD_VIEW,
    .shape = expand_dims_shape,
    SAMPLES(samples_expand_dims),
    .vjp = reshape_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "x with a new axis of size 1",
    .gradient = "dy in the shape of x",
);

ad_tensor ad_expand_dims(ad_tensor x, int axis)
{
    return ad_apply_one(&ad_operator_expand_dims, &x, 1, &(ad_attribute){.integer = axis});
}
