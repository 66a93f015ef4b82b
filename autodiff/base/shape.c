/* Sizes, broadcasting and axes: every size comes from one overflow-checked multiply. */
#include "../tape/tape.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const ad_shape ad_scalar_shape_value = {.rank = 0};

static const struct {
    const char *name;
    size_t bytes;
} types[AD_TYPE_COUNT] = {[AD_F32] = {"f32", 4}, [AD_F64] = {"f64", 8}, [AD_I32] = {"i32", 4}};

const char *ad_type_name(ad_type type) { return (unsigned)type < AD_TYPE_COUNT ? types[type].name : "unknown type"; }

size_t ad_type_bytes(ad_type type) { return (unsigned)type < AD_TYPE_COUNT ? types[type].bytes : 0; }

bool ad_equal_dims(const ad_shape *a, const ad_shape *b)
{
    bool same = a->rank == b->rank;
    for (int i = 0; same && i < a->rank; i++)
        same = a->dims[i] == b->dims[i];
    return same;
}

const char *ad_shape_text(const ad_shape *shape, char text[AD_SHAPE_TEXT])
{
    int at = snprintf(text, AD_SHAPE_TEXT, "[");
    for (int i = 0; i < shape->rank && i < AD_MAX_RANK; i++)
        at += snprintf(text + at, AD_SHAPE_TEXT - (size_t)at, "%s%" PRId64, i ? "," : "", shape->dims[i]);
    snprintf(text + at, AD_SHAPE_TEXT - (size_t)at, "]");
    return text;
}

const char *ad_operand_text(const ad_call *c, int i, char text[AD_OPERAND_TEXT])
{
    /* The value is the first member of its entry. */
    const ad_entry *e = (const ad_entry *)(const void *)c->x[i];
    char shape[AD_SHAPE_TEXT];
    ad_shape_text(e->value.shape, shape);
    if (e->extra && e->extra->name)
        snprintf(text, AD_OPERAND_TEXT, "%.60s %s", e->extra->name, shape);
    else
        snprintf(text, AD_OPERAND_TEXT, "%s", shape);
    return text;
}

bool ad_check_shape(ad_tape *t, const char *who, const ad_shape *shape, size_t bytes)
{
    if (shape->rank < 0 || shape->rank > AD_MAX_RANK) {
        ad_fail(t, AD_BAD_SHAPE, "%s: rank %d: it must be 0 to %d", who, shape->rank, AD_MAX_RANK);
        return false;
    }
    char text[AD_SHAPE_TEXT];
    size_t total = bytes;
    bool fits = true, empty = false;
    for (int i = 0; i < shape->rank; i++) {
        if (shape->dims[i] < 0) {
            ad_fail(t, AD_BAD_SHAPE, "%s: size %" PRId64 " of axis %d is negative in %s", who, shape->dims[i], i,
                    ad_shape_text(shape, text));
            return false;
        }
        empty = empty || shape->dims[i] == 0;
        fits = ad_multiply(total, (size_t)shape->dims[i], &total) && fits;
    }
    if (empty || (fits && total <= PTRDIFF_MAX / 2))
        return true;
    ad_fail(t, AD_BAD_SHAPE, "%s: shape %s has too many elements for this machine's memory", who,
            ad_shape_text(shape, text));
    return false;
}

size_t ad_elements(const ad_value *value) { return value && value->shape ? ad_count_of(value->shape) : 0; }

bool ad_broadcast(ad_shape *a, const ad_shape *b)
{
    ad_shape y = a->rank >= b->rank ? *a : *b;
    const ad_shape *narrow = a->rank >= b->rank ? b : a;
    int shift = y.rank - narrow->rank;
    for (int i = 0; i < narrow->rank; i++) {
        int64_t *size = &y.dims[shift + i];
        if (*size == 1)
            *size = narrow->dims[i];
        else if (narrow->dims[i] != 1 && narrow->dims[i] != *size)
            return false;
    }
    *a = y;
    return true;
}

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

ad_shape ad_expanded(const ad_shape *x, int axis, int64_t size)
{
    ad_shape y = {.rank = x->rank + 1};
    for (int i = 0; i < y.rank; i++)
        y.dims[i] = i == axis ? size : x->dims[i < axis ? i : i - 1];
    return y;
}

bool ad_axes_mask(ad_call *c, const ad_axes *axes, int rank, unsigned *mask)
{
    *mask = axes->count == 0 ? (1U << rank) - 1 : 0;
    if (axes->count < 0 || axes->count > AD_MAX_RANK) {
        ad_call_fail(c, AD_BAD_SHAPE, "%d axes are given: there can be 0 (all) to %d", axes->count, AD_MAX_RANK);
        return false;
    }
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

ad_shape ad_reduced(const ad_shape *x, unsigned mask, bool keep)
{
    ad_shape y = {.rank = 0};
    for (int i = 0; i < x->rank; i++) {
        if (!(mask & 1U << i))
            y.dims[y.rank++] = x->dims[i];
        else if (keep)
            y.dims[y.rank++] = 1;
    }
    return y;
}

/* ---- Shape rules ready-made -------------------------------------------------------------------------------------- */

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
