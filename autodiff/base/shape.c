/* Shapes: sizes, broadcasting, adding and removing axes. */
#include "shape.h"

#include <inttypes.h>
#include <stdio.h>

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

ad_shape ad_expanded(const ad_shape *x, int axis, int64_t size)
{
    ad_shape y = {.rank = x->rank + 1};
    for (int i = 0; i < y.rank; i++)
        y.dims[i] = i == axis ? size : x->dims[i < axis ? i : i - 1];
    return y;
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

size_t ad_matrix_at(const ad_shape *lead, const ad_shape *own, size_t index)
{
    size_t at = 0, dense = 1;
    for (int axis = lead->rank - 1; axis >= 0; axis--) {
        const size_t size = (size_t)lead->dims[axis], i = index % size;
        const int mine = axis - (lead->rank - own->rank);
        index /= size;
        if (mine < 0)
            continue;
        if (own->dims[mine] > 1)
            at += i * dense;
        dense *= (size_t)own->dims[mine];
    }
    return at;
}
