/* What operators along one axis share: shapes, and the call of their loop. */
#include "along_axis.h"

const ad_sample ad_samples_along_axis[4] = {
    {.n_x = 1, .x = {{2, {2, 4}}}, .attributes = {{.integer = -1}}},
    {.n_x = 1, .x = {{3, {2, 3, 2}}}, .attributes = {{.integer = 1}}},
    {.n_x = 1, .x = {{1, {5}}}, .attributes = {{.integer = 0}}},
    {.n_x = 1, .x = {{2, {0, 3}}}, .attributes = {{.integer = 0}}},
};

void ad_along_axis_shape(ad_call *c)
{
    char a[AD_OPERAND_TEXT], b[AD_OPERAND_TEXT];
    if (c->n_x == 2 && !ad_same_dims(c->x[0]->shape, c->x[1]->shape))
        ad_call_fail(c, AD_BAD_SHAPE, "%s and %s must have the same shape", ad_operand_text(c, 0, a),
                     ad_operand_text(c, 1, b));
    else if (ad_axis_index(c, c->attributes[0].integer, c->x[0]->shape->rank) >= 0)
        ad_result(c, 0, (ad_type)c->x[0]->type, c->x[0]->shape);
}

int ad_countable_axis(ad_call *c)
{
    const ad_shape *x = c->x[0]->shape;
    const int axis = ad_axis_index(c, c->attributes[0].integer, x->rank);
    char text[AD_OPERAND_TEXT];
    if (axis < 0 || x->dims[axis] <= INT32_MAX)
        return axis;
    ad_call_fail(c, AD_BAD_SHAPE, "axis %d of %s has more elements than an i32 can count", axis,
                 ad_operand_text(c, 0, text));
    return -1;
}

void ad_countable_axis_shape(ad_call *c, ad_type type)
{
    if (ad_countable_axis(c) >= 0)
        ad_result(c, 0, type, c->x[0]->shape);
}

void ad_run_along(ad_call *c, const ad_loops *loops, void *other, bool backwards, double constant)
{
    const ad_shape *x = c->x[0]->shape;
    const int axis = ad_axis_index(c, c->attributes[0].integer, x->rank);
    ad_span s = {
        .n = backwards, .array = {c->y[0]->data, c->x[0]->data, other}, .size = {1, 1, 1}, .constant = constant};
    for (int i = 0; i < x->rank; i++)
        s.size[i < axis ? 0 : i == axis ? 1 : 2] *= (size_t)x->dims[i];
    if (ad_count_of(x))
        ad_loop_for(loops, c, c->x[0]->type)(&s);
}
