/* Operators that put axes, or the elements along them, into another order. */
#include "../family.h"

#include "../../kernels/strided_copy.h"

AD_FAMILY(shapes_permute)

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

/* y from x, where axis i of y steps through x by from[i] bytes. */
static void move_to_result(ad_call *c, const char *x, const ptrdiff_t from[AD_MAX_RANK])
{
    const ad_value *y = c->y[0];
    ad_strided_copy move = {.to = y->data, .from = x, .bytes = ad_bytes_of(y->type)};
    ptrdiff_t to[AD_MAX_RANK];
    if (!ad_elements(y))
        return;
    ad_dense_steps(y->shape, move.bytes, to);
    for (int i = 0; i < y->shape->rank; i++)
        ad_add_axis(&move, y->shape->dims[i], to[i], from[i]);
    ad_copy_strided(&move);
}

static void transpose_run(ad_call *c)
{
    const ad_value *x = c->x[0];
    const int rank = x->shape->rank;
    ptrdiff_t from[AD_MAX_RANK];
    ad_dense_steps(x->shape, ad_bytes_of(x->type), from);
    const ptrdiff_t last = from[rank - 1];
    from[rank - 1] = from[rank - 2];
    from[rank - 2] = last;
    move_to_result(c, x->data, from);
}

/* y = x' :  dx = dy' */
static void transpose_vjp(ad_pullback *p) { ad_give(p, 0, ad_transpose(ad_dy(p))); }

static const ad_sample samples_transpose[] = {
    {.n_x = 1, .x = {{2, {2, 3}}}},
    {.n_x = 1, .x = {{3, {2, 3, 4}}}},
    {.n_x = 1, .x = {{2, {17, 18}}}},
    {.n_x = 1, .x = {{3, {2, 0, 4}}}},
};

AD_OPERATOR(transpose,
    .arity = 1,
    .types = "*",
    .shape = transpose_shape,
    SAMPLES(samples_transpose),
    .run = transpose_run,
    .vjp = transpose_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "x' of the last two axes",
    .gradient = "dy'",
);

ad_tensor ad_transpose(ad_tensor x) { return ad_apply1(&ad_operator_transpose, x); }

/* ---- Permute ----------------------------------------------------------------------------------------------------- */

/* Axis i of y is axis order[i] of x. */
static bool read_order(ad_call *c, int order[AD_MAX_RANK])
{
    const int rank = c->x[0]->shape->rank;
    const ad_shape *given = &c->attributes[0].shape;
    char text[AD_OPERAND_TEXT];
    unsigned seen = 0;
    if (given->rank != rank) {
        ad_call_fail(c, AD_BAD_SHAPE, "%d axes are given for %s: all %d are needed, in their new order", given->rank,
                     ad_operand_text(c, 0, text), rank);
        return false;
    }
    for (int i = 0; i < rank; i++) {
        if ((order[i] = ad_axis_index(c, given->dims[i], rank)) < 0)
            return false;
        if (seen & 1U << order[i]) {
            ad_call_fail(c, AD_BAD_SHAPE, "axis %d is given twice for %s: all %d are needed, each once", order[i],
                         ad_operand_text(c, 0, text), rank);
            return false;
        }
        seen |= 1U << order[i];
    }
    return true;
}

static void permute_shape(ad_call *c)
{
    const ad_shape *x = c->x[0]->shape;
    int order[AD_MAX_RANK];
    if (!read_order(c, order))
        return;
    ad_shape y = {.rank = x->rank};
    for (int i = 0; i < x->rank; i++)
        y.dims[i] = x->dims[order[i]];
    ad_result(c, 0, (ad_type)c->x[0]->type, &y);
}

static void permute_run(ad_call *c)
{
    const ad_value *x = c->x[0];
    ptrdiff_t step[AD_MAX_RANK], from[AD_MAX_RANK];
    int order[AD_MAX_RANK];
    if (!read_order(c, order))
        return;
    ad_dense_steps(x->shape, ad_bytes_of(x->type), step);
    for (int i = 0; i < x->shape->rank; i++)
        from[i] = step[order[i]];
    move_to_result(c, x->data, from);
}

/* Axis i of y is axis order[i] of x :  axis order[i] of dx is axis i of dy */
static void permute_vjp(ad_pullback *p)
{
    const ad_shape order = ad_attribute_at(p, 0)->shape;
    ad_axes back = {.count = order.rank};
    for (int i = 0; i < order.rank; i++)
        back.axis[order.dims[i] < 0 ? order.dims[i] + order.rank : order.dims[i]] = i;
    ad_give(p, 0, ad_permute(ad_dy(p), back));
}

static const ad_sample samples_permute[] = {
    {.n_x = 1, .x = {{3, {2, 3, 4}}}, .attributes = {{.shape = {3, {2, 0, 1}}}}},
    {.n_x = 1, .x = {{3, {2, 3, 4}}}, .attributes = {{.shape = {3, {1, 0, -1}}}}},
    {.n_x = 1, .x = {{4, {2, 9, 1, 10}}}, .attributes = {{.shape = {4, {3, 0, 2, 1}}}}},
    {.n_x = 1, .x = {{5, {2, 1, 3, 2, 2}}}, .attributes = {{.shape = {5, {4, 3, 2, 1, 0}}}}},
    {.n_x = 1, .x = {{0}}, .attributes = {{.shape = {0}}}},
    {.n_x = 1, .x = {{3, {2, 0, 4}}}, .attributes = {{.shape = {3, {1, 2, 0}}}}},
};

AD_OPERATOR(permute,
    .arity = 1,
    .types = "*",
    .attributes = {{"order", AD_ATTRIBUTE_INTEGERS}},
    .shape = permute_shape,
    SAMPLES(samples_permute),
    .run = permute_run,
    .vjp = permute_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "x with its axes in another order",
    .gradient = "dy permuted back",
);

/* The shape rule checks the count: it knows the operand. */
ad_tensor ad_permute(ad_tensor x, ad_axes order)
{
    ad_attribute list = {.shape = {.rank = order.count}};
    for (int i = 0; i < order.count && i < AD_MAX_RANK; i++)
        list.shape.dims[i] = order.axis[i];
    return ad_apply_one(&ad_operator_permute, &x, 1, &list);
}

/* ---- Flip -------------------------------------------------------------------------------------------------------- */

static void flip_shape(ad_call *c)
{
    unsigned mask;
    if (ad_axes_mask(c, &c->attributes[0].axes, c->x[0]->shape->rank, &mask))
        ad_result(c, 0, (ad_type)c->x[0]->type, c->x[0]->shape);
}

static void flip_run(ad_call *c)
{
    const ad_value *x = c->x[0];
    const char *last = x->data;
    ptrdiff_t from[AD_MAX_RANK];
    unsigned mask;
    if (!ad_elements(x) || !ad_axes_mask(c, &c->attributes[0].axes, x->shape->rank, &mask))
        return;
    ad_dense_steps(x->shape, ad_bytes_of(x->type), from);
    for (int i = 0; i < x->shape->rank; i++) {
        if (!(mask & 1U << i))
            continue;
        last += from[i] * (ptrdiff_t)(x->shape->dims[i] - 1);
        from[i] = -from[i];
    }
    move_to_result(c, last, from);
}

/* y[i] = x[n-1-i] :  dx[i] = dy[n-1-i] */
static void flip_vjp(ad_pullback *p) { ad_give(p, 0, ad_flip(ad_dy(p), ad_attribute_at(p, 0)->axes)); }

static const ad_sample samples_flip[] = {
    {.n_x = 1, .x = {{2, {2, 3}}}, .attributes = {{.axes = {1, false, {0}}}}},
    {.n_x = 1, .x = {{2, {3, 4}}}, .attributes = {{.axes = {1, false, {-1}}}}},
    {.n_x = 1, .x = {{4, {2, 3, 2, 2}}}, .attributes = {{.axes = {2, false, {2, 0}}}}},
    {.n_x = 1, .x = {{2, {3, 3}}}, .attributes = {{.axes = {0}}}},
    {.n_x = 1, .x = {{0}}, .attributes = {{.axes = {0}}}},
    {.n_x = 1, .x = {{2, {2, 0}}}, .attributes = {{.axes = {0}}}},
};

AD_OPERATOR(flip,
    .arity = 1,
    .types = "*",
    .attributes = {{"axes", AD_ATTRIBUTE_AXES}},
    .shape = flip_shape,
    SAMPLES(samples_flip),
    .run = flip_run,
    .vjp = flip_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "x backwards along the axes",
    .gradient = "dy backwards",
);

ad_tensor ad_flip(ad_tensor x, ad_axes axes)
{
    return ad_apply_one(&ad_operator_flip, &x, 1, &(ad_attribute){.axes = axes});
}
