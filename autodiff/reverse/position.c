/* Marks: going back to a place in the recording. */
#include "position.h"

#include <stdio.h>
#include <string.h>

#include "../tape/opaque.h"
#include "../forward/guards.h"
#include "pullback.h"
#include "../tape/segments.h"

/* By which an entry is known again; a segment that drops it turns the highest bit round. */
static uint32_t generation_of_last(const ad_tape *t, uint32_t count)
{
    return ad_entry_at(t, count - 1)->generation & ~AD_OTHER_GENERATION;
}

ad_mark ad_mark_now(ad_tape *t)
{
    if (!t || t->status != AD_OK)
        return (ad_mark){0};
    ad_mark mark = ad_mark_here(t);
    mark.generation = mark.entries > 1 ? generation_of_last(t, mark.entries) : 0;
    if (t->walking) {
        t->walking->mark = mark;
        t->walking->near = 0; /* what follows is recorded */
    }
    t->marked = mark.entries;
    t->fresh_list = 0;
    t->recording = true;
    t->walking = NULL;
    return mark;
}

/* Whether it was taken by the rule or the kernel that runs; outside of them, by neither. */
static bool is_own(const ad_tape *t, const ad_mark *mark) { return mark->runner == t->runner; }

/* A rule that goes back to its mark is where it was, and the mark is used up. */
static bool is_used(const ad_tape *t, const ad_mark *mark) { return mark->walking && t->walking; }

static bool is_good(const ad_tape *t, const ad_mark *mark)
{
    const uint32_t count = mark->entries;
    return count && mark->tape == t && is_own(t, mark) && !is_used(t, mark) && count <= t->ends[AD_STEP] &&
           mark->resets == t->resets && (count == 1 || generation_of_last(t, count) == mark->generation);
}

static bool check_mark(ad_tape *t, const ad_mark *mark)
{
    if (mark->tape && mark->tape != t)
        ad_fail(t, AD_BAD_HANDLE, "rewind: the mark belongs to another tape");
    else if (!is_own(t, mark))
        ad_fail(t, AD_BAD_STATE, "rewind: the mark was not taken by the rule or the kernel that runs: it must be");
    else if (!is_good(t, mark))
        ad_fail(t, AD_BAD_STATE, "rewind: the mark is not one of this recording: the tape was reset or rewound since");
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

/* What comes along enters where the mark was: the recording, or the rule that runs there. */
static ad_tensor enter(ad_tape *t, const ad_entry *image)
{
    if (t->recording)
        return ad_enter_kept(t, image);
    const uint32_t id = ad_append(t, AD_TEMPORARY);
    if (!id || !ad_furnish(t, id, (ad_type)image->value.type, image->value.shape))
        return ad_inert(t);
    const size_t bytes = ad_elements(&image->value) * ad_type_bytes((ad_type)image->value.type);
    memcpy(ad_entry_at(t, id)->value.data, image->value.data, bytes);
    return ad_handle(t, id);
}

/* ---- Going back -------------------------------------------------------------------------------------------------- */

void ad_drop_since(ad_tape *t, const ad_mark *mark)
{
    ad_drop_gradients_from(t, mark->entries);
    ad_drop_from(t, mark->entries, (ad_arena_mark){.block = mark->block, .at = mark->at}, mark->pins);
    t->open_segment = t->open_segment == mark->segment ? mark->segment : 0;
    t->generation++;
    if (!t->rule)
        ad_recycle_fresh(t);
}

void ad_go_back(ad_tape *t, const ad_mark *mark)
{
    ad_recycle_fresh(t);
    ad_drop_since(t, mark);
    ad_recycle_fresh(t);
    t->fresh_list = mark->fresh;
    t->recording = mark->recording;
    t->walking = mark->walking;
}

static void check_keep(ad_tape *t, const ad_tensor *keep, int n)
{
    if (n < 0 || n > AD_MAX_RESULTS)
        ad_fail(t, AD_BAD_VALUE, "rewind: %d tensors are to be kept: there can be 0 to %d", n, AD_MAX_RESULTS);
    else if (n > 0 && !keep)
        ad_fail(t, AD_BAD_VALUE, "rewind: the tensors to be kept are NULL");
}

/* Goes back to a good mark. A guard since then has let the program choose what it records next; but not if a kernel
 * runs, which will be run again with its guards. */
static void go_back_over_guards(ad_tape *t, const ad_mark *mark)
{
    char name[100] = "";
    const char *guard = t->parts ? NULL : ad_guard_from(t, mark->entries);
    if (guard)
        snprintf(name, sizeof name, "%s", guard);
    ad_go_back(t, mark);
    if (guard && t->recording)
        ad_lose_guard(t, name);
}

ad_status ad_rewind(ad_tape *t, ad_mark mark, ad_tensor *keep, int n)
{
    if (!t)
        return AD_BAD_HANDLE;
    ad_storage *copies[AD_MAX_RESULTS] = {0};
    check_keep(t, keep, n);
    const int kept = keep ? n : 0;
    for (int i = 0; i < kept && t->status == AD_OK && check_mark(t, &mark); i++)
        carry_out(t, &keep[i], &mark, &copies[i]);
    if (is_good(t, &mark))
        go_back_over_guards(t, &mark);
    else
        check_mark(t, &mark);
    for (int i = 0; i < kept; i++) {
        ad_storage *copy = i < AD_MAX_RESULTS ? copies[i] : NULL;
        if (t->status != AD_OK)
            keep[i] = ad_inert(t);
        else if (copy)
            keep[i] = enter(t, ad_storage_data(copy));
        if (copy)
            ad_pool_drop(&t->pool, copy);
    }
    return t->status;
}
