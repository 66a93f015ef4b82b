/* Marks: going back to a place in the recording. */
#include <string.h>

#include "pullback.h"
#include "segments.h"

ad_mark ad_mark_now(ad_tape *t)
{
    if (!t || t->status != AD_OK)
        return (ad_mark){0};
    const ad_arena_mark arena = ad_arena_now(&t->step);
    const ad_mark mark = {.entries = t->tables[AD_STEP].count,
                          .resets = t->resets,
                          .fresh = t->fresh_list,
                          .recording = t->recording,
                          .walking = t->walking,
                          .block = arena.block,
                          .at = arena.at};
    t->fresh_list = 0;
    t->recording = true;
    t->walking = NULL;
    return mark;
}

static bool check_mark(ad_tape *t, const ad_mark *mark)
{
    if (mark->entries == 0 || mark->entries > t->tables[AD_STEP].count || mark->resets != t->resets)
        ad_fail(t, AD_BAD_STATE, "rewind: the mark is not one of this recording: the tape was reset or rewound since");
    else if (t->open_segment)
        ad_fail(t, AD_BAD_STATE, "rewind: a segment is open: end it first");
    return t->status == AD_OK;
}

/* What a tensor is outside the mark: itself, or a constant with its value where it is about to go. */
static bool carry_out(ad_tape *t, ad_tensor *x, const ad_mark *mark, ad_storage **copy)
{
    const ad_entry *e = ad_entry_of(t, *x);
    *copy = NULL;
    if (!e) {
        ad_fail_handle(t, *x, "rewind: what to keep", -1);
        return false;
    }
    if (ad_table_of(*x) == AD_KEPT || (ad_table_of(*x) == AD_STEP && x->id < mark->entries))
        return true;
    const size_t bytes = ad_elements(&e->value) * ad_type_bytes((ad_type)e->value.type);
    *copy = ad_pool_take(&t->pool, sizeof(ad_entry) + sizeof(ad_shape) + bytes);
    if (!*copy) {
        ad_fail_memory(t, "rewind");
        return false;
    }
    ad_entry *image = ad_storage_data(*copy);
    ad_shape *shape = (ad_shape *)(image + 1);
    *shape = *e->value.shape;
    *image = (ad_entry){.value.type = e->value.type, .value.shape = shape, .value.data = shape + 1};
    memcpy(image->value.data, e->value.data, bytes);
    return true;
}

/* A constant where the mark was: of the recording, or of the rule that runs there. */
static ad_tensor enter(ad_tape *t, const ad_entry *image)
{
    if (t->recording)
        return ad_constant(t, image);
    const uint32_t id = ad_append(t, AD_TEMPORARY);
    if (!id || !ad_furnish(t, id, (ad_type)image->value.type, image->value.shape))
        return ad_inert(t);
    const size_t bytes = ad_elements(&image->value) * ad_type_bytes((ad_type)image->value.type);
    memcpy(ad_entry_at(t, id)->value.data, image->value.data, bytes);
    return ad_handle(t, id);
}

static void rewind_to(ad_tape *t, const ad_mark *mark)
{
    ad_recycle_fresh(t);
    ad_drop_gradients_from(t, mark->entries);
    ad_drop_from(t, mark->entries, (ad_arena_mark){.block = mark->block, .at = mark->at});
    t->generation++;
    t->fresh_list = mark->fresh;
    t->recording = mark->recording;
    t->walking = mark->walking;
}

ad_status ad_rewind(ad_tape *t, ad_mark mark, ad_tensor *keep, int n)
{
    if (!t)
        return AD_BAD_HANDLE;
    ad_storage *copies[AD_MAX_RESULTS] = {0};
    const bool fits = n <= AD_MAX_RESULTS;
    if (t->status == AD_OK && !fits)
        ad_fail(t, AD_BAD_VALUE, "rewind: %d tensors are to be kept: there can be at most %d", n, AD_MAX_RESULTS);
    for (int i = 0; i < n && t->status == AD_OK && check_mark(t, &mark); i++)
        carry_out(t, &keep[i], &mark, &copies[i]);
    if (mark.entries && mark.entries <= t->tables[AD_STEP].count && mark.resets == t->resets && !t->open_segment)
        rewind_to(t, &mark);
    else if (t->status == AD_OK)
        check_mark(t, &mark);
    for (int i = 0; i < n && fits; i++) {
        if (t->status != AD_OK)
            keep[i] = ad_inert(t);
        else if (copies[i])
            keep[i] = enter(t, ad_storage_data(copies[i]));
        if (copies[i])
            ad_pool_drop(&t->pool, copies[i]);
    }
    return t->status;
}
