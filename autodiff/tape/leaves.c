/* Leaves: parameters, states, inputs and variables. */
#include "leaves.h"

#include <string.h>

#include "entries.h"
#include "handles.h"
#include "status.h"

static bool valid_type(ad_tape *t, const char *who, ad_type type, bool real)
{
    if ((unsigned)type >= AD_TYPE_COUNT)
        ad_fail(t, AD_BAD_TYPE, "%s: type %d is none of AD_F32, AD_F64, AD_I32", who, (int)type);
    else if (real && type == AD_I32)
        ad_fail(t, AD_BAD_TYPE, "%s: an i32 tensor has no gradient: use ad_input, or f32 or f64", who);
    else
        return true;
    return false;
}

static ad_tensor make_leaf(ad_tape *t, const char *who, uint32_t which, ad_type type, ad_shape shape, const void *data)
{
    if (!t || t->status != AD_OK || !valid_type(t, who, type, false) ||
        !ad_check_shape(t, who, &shape, ad_bytes_of((uint8_t)type)))
        return ad_inert(t);
    const ad_arena_mark step = {t->step.current, t->step.at}, persistent = {t->persistent.current, t->persistent.at};
    const uint32_t before = t->ends[which];
    uint32_t id;
    ad_entry *e = ad_append(t, which, &id);
    if (!e || !ad_allocate_value(t, e, id, type, &shape)) { /* nothing is left behind */
        if (which == AD_STEP)
            ad_end_step_at(t, before);
        else
            t->ends[which] = before;
        ad_arena_rewind(&t->step, step);
        ad_arena_rewind(&t->persistent, persistent);
        return ad_inert(t);
    }
    const size_t bytes = ad_count_of(&shape) * ad_bytes_of((uint8_t)type);
    if (data && bytes)
        memcpy(e->value.data, data, bytes);
    else
        memset(e->value.data, 0, bytes);
    return ad_handle(t, id);
}

static ad_tensor make_persistent(ad_tape *t, ad_tensor x, const char *name, unsigned flag)
{
    if (!x.id)
        return x;
    ad_entry_at(t, x.id)->value.flags |= (uint8_t)flag;
    if (name && ad_is_inert(ad_name(x, name))) {
        t->ends[AD_PERSISTENT]--;
        return ad_inert(t);
    }
    return x;
}

ad_tensor ad_param(ad_tape *t, ad_type type, ad_shape shape, const void *data, const char *name)
{
    if (!t || t->status != AD_OK || !valid_type(t, "param", type, true))
        return ad_inert(t);
    return make_persistent(t, make_leaf(t, "param", AD_PERSISTENT, type, shape, data), name, AD_WANTS_GRADIENT);
}

ad_tensor ad_state(ad_tape *t, ad_type type, ad_shape shape, const void *data, const char *name)
{
    return make_persistent(t, make_leaf(t, "state", AD_PERSISTENT, type, shape, data), name, AD_IS_STATE);
}

ad_tensor ad_input(ad_tape *t, ad_type type, ad_shape shape, const void *data)
{
    return make_leaf(t, "input", AD_STEP, type, shape, data);
}

ad_tensor ad_variable(ad_tape *t, ad_type type, ad_shape shape, const void *data)
{
    if (!t || t->status != AD_OK || !valid_type(t, "variable", type, true))
        return ad_inert(t);
    ad_tensor x = make_leaf(t, "variable", AD_STEP, type, shape, data);
    if (x.id)
        ad_entry_at(t, x.id)->value.flags |= AD_WANTS_GRADIENT;
    return x;
}

ad_tensor ad_borrow(ad_tape *t, ad_type type, ad_shape shape, const void *data)
{
    if (shape.rank == 0 || !data)
        return make_leaf(t, "borrow", AD_STEP, type, shape, data);
    if (!t || t->status != AD_OK || !valid_type(t, "borrow", type, false) ||
        !ad_check_shape(t, "borrow", &shape, ad_bytes_of((uint8_t)type)))
        return ad_inert(t);
    const uint32_t before = t->ends[AD_STEP];
    uint32_t id;
    ad_entry *e = ad_append(t, AD_STEP, &id);
    /* The engine never writes through this pointer: what is borrowed is not updated in place. */
    if (!e || !ad_borrow_value(t, e, id, type, &shape, (void *)(uintptr_t)data)) {
        ad_end_step_at(t, before);
        ad_fail_memory(t, "borrow");
        return ad_inert(t);
    }
    e->value.flags |= AD_IS_BORROWED;
    return ad_handle(t, id);
}

ad_tensor ad_scalar(ad_tape *t, double value)
{
    const ad_tensor x = make_leaf(t, "scalar", AD_STEP, AD_F64, AD_SCALAR, &value);
    if (x.id)
        ad_entry_at(t, x.id)->value.n_results = 1; /* ad_takes_type */
    return x;
}

ad_tensor ad_constant(ad_tape *t, const ad_entry *e)
{
    return make_leaf(t, "constant", AD_STEP, (ad_type)e->value.type, *e->value.shape, e->value.data);
}

size_t ad_kept_count(const ad_tape *t) { return t ? ad_persistent_count(t) : 0; }

ad_tensor ad_kept_at(ad_tape *t, size_t index)
{
    if (!t)
        return ad_inert(t);
    if (index >= ad_persistent_count(t)) {
        ad_fail(t, AD_BAD_VALUE, "kept_at: index %zu is out of range: the tape keeps %u tensors", index,
                ad_persistent_count(t));
        return ad_inert(t);
    }
    return ad_handle(t, (uint32_t)AD_PERSISTENT << AD_INDEX_BITS | (uint32_t)index);
}

static bool is_parameter(const ad_tape *t, uint32_t i)
{
    return ad_persistent_entry(t, i)->value.flags & AD_WANTS_GRADIENT;
}

size_t ad_param_count(const ad_tape *t)
{
    size_t n = 0;
    for (uint32_t i = 0; t && i < ad_persistent_count(t); i++)
        n += is_parameter(t, i);
    return n;
}

ad_tensor ad_param_at(ad_tape *t, size_t index)
{
    if (!t)
        return ad_inert(t);
    size_t n = 0;
    for (uint32_t i = 0; i < ad_persistent_count(t); i++)
        if (is_parameter(t, i) && n++ == index)
            return ad_handle(t, (uint32_t)AD_PERSISTENT << AD_INDEX_BITS | i);
    ad_fail(t, AD_BAD_VALUE, "param_at: index %zu is out of range: the tape has %zu parameters", index, n);
    return ad_inert(t);
}

bool ad_is_kept(ad_tensor x) { return ad_require_to_look(x, "is_kept") && ad_table_of(x) == AD_PERSISTENT; }
