/* Copies of a tensor side by side. */
#include "../family.h"

#include <inttypes.h>

#include "../../kernels/strided_copy.h"

AD_FAMILY(shapes_repeat)

/* Whether count times n is a size. */
static bool is_size(int64_t n, int64_t count, int64_t *size)
{
    size_t product;
    if (count < 0 || !ad_multiply_sizes((size_t)n, (size_t)count, &product) || product > INT64_MAX)
        return false;
    *size = (int64_t)product;
    return true;
}

static void repeat_shape(ad_call *c)
{
    const ad_shape *x = c->x[0]->shape, *counts = &c->attributes[0].shape;
    char text[AD_OPERAND_TEXT];
    if (counts->rank != x->rank) {
        ad_call_fail(c, AD_BAD_SHAPE, "%d counts are given for %s: one for each of its %d axes is needed", counts->rank,
                     ad_operand_text(c, 0, text), x->rank);
        return;
    }
    ad_shape y = *x;
    for (int i = 0; i < x->rank; i++)
        if (!is_size(x->dims[i], counts->dims[i], &y.dims[i])) {
            ad_call_fail(c, AD_BAD_SHAPE, "axis %d of %s cannot be repeated %" PRId64 " times", i,
                         ad_operand_text(c, 0, text), counts->dims[i]);
            return;
        }
    ad_result(c, 0, (ad_type)c->x[0]->type, &y);
}

/* Each axis of y is two: the copies, which all read the same, and the elements of one. */
static void repeat_run(ad_call *c)
{
    const ad_value *x = c->x[0];
    ad_strided_copy move = {.to = c->y[0]->data, .from = x->data, .bytes = ad_bytes_of(x->type)};
    ptrdiff_t to[AD_MAX_RANK], from[AD_MAX_RANK];
    if (!ad_elements(c->y[0]))
        return;
    ad_dense_steps(c->y[0]->shape, move.bytes, to);
    ad_dense_steps(x->shape, move.bytes, from);
    for (int i = 0; i < x->shape->rank; i++) {
        ad_add_axis(&move, c->attributes[0].shape.dims[i], to[i] * (ptrdiff_t)x->shape->dims[i], 0);
        ad_add_axis(&move, x->shape->dims[i], to[i], from[i]);
    }
    ad_copy_strided(&move);
}

/* g summed over the copies that it has along an axis of x. */
static ad_tensor sum_copies(ad_tensor g, const ad_shape *x, int axis, int64_t count)
{
    ad_shape y = ad_shape_of(g);
    int64_t outer = 1, one = 1;
    y.dims[axis] = x->dims[axis];
    for (int i = 0; i < y.rank; i++)
        *(i < axis ? &outer : &one) *= y.dims[i];
    return ad_reshape(ad_sum_over(ad_reshape(g, AD_SHAPE(outer, count, one)), AD_AXES(1)), y);
}

/* y = copies of x :  dx = dy, summed over the copies */
static void repeat_vjp(ad_pullback *p)
{
    const ad_shape x = ad_shape_of(ad_x(p, 0)), counts = ad_attribute_at(p, 0)->shape;
    ad_tensor g = ad_dy(p);
    if (ad_size_of(g) == 0) {
        ad_give(p, 0, ad_zeros_like(ad_x(p, 0)));
        return;
    }
    for (int i = 0; i < x.rank; i++)
        if (counts.dims[i] != 1)
            g = sum_copies(g, &x, i, counts.dims[i]);
    ad_give(p, 0, g);
}

static const ad_sample samples_repeat[] = {
    {.n_x = 1, .x = {{1, {3}}}, .attributes = {{.shape = {1, {2}}}}},
    {.n_x = 1, .x = {{2, {2, 3}}}, .attributes = {{.shape = {2, {2, 3}}}}},
    {.n_x = 1, .x = {{3, {2, 1, 3}}}, .attributes = {{.shape = {3, {1, 4, 1}}}}},
    {.n_x = 1, .x = {{6, {2, 1, 2, 1, 2, 1}}}, .attributes = {{.shape = {6, {2, 2, 2, 1, 2, 2}}}}},
    {.n_x = 1, .x = {{0}}, .attributes = {{.shape = {0}}}},
    {.n_x = 1, .x = {{2, {2, 3}}}, .attributes = {{.shape = {2, {1, 0}}}}},
    {.n_x = 1, .x = {{2, {0, 3}}}, .attributes = {{.shape = {2, {2, 2}}}}},
};

AD_OPERATOR(repeat,
    .arity = 1,
    .types = "*",
    .attributes = {{"counts", AD_ATTRIBUTE_INTEGERS}},
    .shape = repeat_shape,
    SAMPLES(samples_repeat),
    .run = repeat_run,
    .vjp = repeat_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "copies of x side by side",
    .gradient = "dy, summed over the copies",
);

ad_tensor ad_repeat(ad_tensor x, ad_shape counts)
{
    return ad_apply_one(&ad_operator_repeat, &x, 1, &(ad_attribute){.shape = counts});
}
