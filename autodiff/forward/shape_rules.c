/* What shape rules are made of: axes, and rules that serve many operators. */
#include "shape_rules.h"

#include <inttypes.h>

#include "../tape/names.h"

int ad_axis_index(ad_call *c, int64_t axis, int rank)
{
    int64_t index = axis < 0 ? axis + rank : axis;
    if (index >= 0 && index < rank)
        return (int)index;
    char text[AD_OPERAND_TEXT];
    ad_operand_text(c, 0, text);
    if (rank == 0)
        ad_call_fail(c, AD_BAD_SHAPE, "axis %" PRId64 " is out of range for %s: a scalar has no axes", axis, text);
    else
        ad_call_fail(c, AD_BAD_SHAPE, "axis %" PRId64 " is out of range for %s: it has %d %s, 0 to %d or -1 to -%d",
                     axis, text, rank, rank == 1 ? "axis" : "axes", rank - 1, rank);
    return -1;
}

int ad_new_axis_index(ad_call *c, int64_t axis, int rank)
{
    const int64_t index = axis < 0 ? axis + rank + 1 : axis;
    char text[AD_OPERAND_TEXT];
    ad_operand_text(c, 0, text);
    if (rank == AD_MAX_RANK)
        ad_call_fail(c, AD_BAD_SHAPE, "%s has %d axes already, the most there can be", text, rank);
    else if (index < 0 || index > rank)
        ad_call_fail(c, AD_BAD_SHAPE, "axis %" PRId64 " is out of range for a new axis of %s: 0 to %d or -1 to -%d",
                     axis, text, rank, rank + 1);
    else
        return (int)index;
    return -1;
}

bool ad_axes_mask(ad_call *c, const ad_axes *axes, int rank, unsigned *mask)
{
    *mask = axes->count == 0 ? (1U << rank) - 1 : 0;
    for (int i = 0; i < axes->count; i++) {
        int axis = ad_axis_index(c, axes->axis[i], rank);
        if (axis < 0)
            return false;
        if (*mask & 1U << axis) {
            ad_call_fail(c, AD_BAD_SHAPE, "axis %d is given twice", axes->axis[i]);
            return false;
        }
        *mask |= 1U << axis;
    }
    return true;
}

/* They take type and shape from the operands, so there must be some. */
static bool has_operands(ad_call *c)
{
    if (c && c->n_x == 0)
        ad_call_fail(c, AD_BAD_STATE, "it has no operands to take its shape from: write a shape rule of your own");
    return c && c->n_x > 0;
}

void ad_same_shape(ad_call *c)
{
    for (int j = 0; has_operands(c) && j < c->n_y; j++)
        ad_result(c, j, (ad_type)c->x[0]->type, c->x[0]->shape);
}

void ad_scalar_shape(ad_call *c)
{
    if (has_operands(c))
        ad_result(c, 0, (ad_type)c->x[0]->type, &ad_scalar_shape_value);
}

/* The shape of y and x broadcast together: one of theirs if it is as wide, which the result can then share, or else in
 * `room`; NULL if they do not fit. */
static const ad_shape *broadcast_of(const ad_shape *y, const ad_shape *x, ad_shape *room)
{
    if (ad_same_dims(y, x))
        return y;
    ad_shape both = *y;
    if (!ad_broadcast(&both, x))
        return NULL;
    if (ad_equal_dims(&both, y))
        return y;
    if (ad_equal_dims(&both, x))
        return x;
    *room = both;
    return room;
}

/* The first operand with which operand i does not broadcast. */
static int misfit_of(const ad_call *c, int i)
{
    int k = 0;
    ad_shape both = *c->x[k]->shape;
    while (ad_broadcast(&both, c->x[i]->shape))
        both = *c->x[++k]->shape;
    return k;
}

void ad_broadcast_result(ad_call *c, ad_type type)
{
    ad_shape room;
    const ad_shape *y = c->x[0]->shape;
    for (int i = 1; i < c->n_x; i++) {
        y = broadcast_of(y, c->x[i]->shape, &room);
        if (!y) {
            char a[AD_OPERAND_TEXT], b[AD_OPERAND_TEXT];
            ad_call_fail(c, AD_BAD_SHAPE,
                         "shapes do not broadcast: %s with %s: sizes must be equal or 1, from the last axis",
                         ad_operand_text(c, misfit_of(c, i), a), ad_operand_text(c, i, b));
            return;
        }
    }
    ad_result(c, 0, type, y);
}

void ad_broadcast_shape(ad_call *c)
{
    if (has_operands(c))
        ad_broadcast_result(c, (ad_type)c->x[0]->type);
}
