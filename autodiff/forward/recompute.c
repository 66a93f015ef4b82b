/* Running again what is recorded: a call, or a segment. */
#include "recompute.h"

#include <string.h>

#include "../tape/handles.h"
#include "../tape/status.h"
#include "../tape/versions.h"
#include "call.h"

/* A scalar lies in its entry, so a view of one is a copy. */
static void copy_scalar_view(ad_tape *t, ad_entry *e)
{
    const ad_entry *x = ad_entry_at(t, ad_operands_of(e)[0]);
    if (e->value.data != x->value.data && ad_elements(&e->value) == 1)
        memcpy(e->value.data, x->value.data, ad_bytes_of(e->value.type));
}

static bool run_call(ad_tape *t, uint32_t id, ad_value **values)
{
    const ad_entry *e = ad_entry_at(t, id);
    ad_running_call r;
    ad_begin_call(&r,
                  &(ad_call){.tape = t,
                             .op = e->op,
                             .attributes = ad_entry_attributes(e),
                             .n_x = (int)e->value.n_operands,
                             .n_y = e->value.n_results,
                             .x = values},
                  NULL);
    for (int i = 0; i < r.call.n_x; i++)
        values[i] = &ad_entry_at(t, ad_operands_of(e)[i])->value;
    r.y_ids[0] = id;
    for (int j = 0; j < r.call.n_y; j++)
        r.y[j] = &ad_entry_at(t, id + (uint32_t)j)->value;
    ad_push_frame(t, &r.frame, AD_IN_KERNEL);
    e->op->run(&r.call);
    return ad_end_kernel(&r);
}

bool ad_recompute(ad_tape *t, uint32_t id)
{
    ad_entry *e = ad_entry_at(t, id);
    ad_value *few[AD_FEW_OPERANDS];
    if (e->op->properties & AD_VIEW)
        copy_scalar_view(t, e);
    if (!e->op->run)
        return true;
    if (e->value.n_operands <= AD_FEW_OPERANDS)
        return run_call(t, id, few);
    ad_storage *room = ad_pool_take(&t->pool, e->value.n_operands * sizeof(ad_value *));
    if (!room) {
        ad_fail_memory(t, e->op->name);
        return false;
    }
    const bool done = run_call(t, id, ad_storage_data(room));
    ad_pool_drop(&t->pool, room);
    return done;
}

/* ---- Segments ---------------------------------------------------------------------------------------------------- */

/* Gives an entry its data again, and its handles their meaning. */
static bool allocate(ad_tape *t, ad_entry *e, uint32_t id)
{
    const size_t bytes = ad_elements(&e->value) * ad_bytes_of(e->value.type);
    if (e->op->properties & AD_VIEW && e->value.result == 0)
        e->value.data = ad_entry_at(t, ad_operands_of(e)[0])->value.data;
    else
        e->value.data = ad_allocate_in_segment(t, id, bytes ? bytes : 1);
    if (!e->value.data) {
        ad_fail_memory(t, e->op->name);
        return false;
    }
    e->value.flags &= (uint8_t)~AD_IS_DROPPED;
    e->generation ^= AD_DROPPED_GENERATION;
    return true;
}

/* What an entry computes must be what it computed before. */
static bool operands_are_unchanged(ad_tape *t, const ad_entry *e, uint32_t id)
{
    for (uint32_t i = 0; i < e->value.n_operands; i++)
        if (!ad_check_unchanged(t, ad_operands_of(e)[i], id))
            return false;
    return true;
}

/* Allocates all results of the call. Returns whether any of them has to be computed. */
static bool allocate_call(ad_tape *t, uint32_t id)
{
    bool any = false;
    const uint32_t n = ad_entry_at(t, id)->value.n_results;
    for (uint32_t j = 0; j < n && t->status == AD_OK; j++) {
        ad_entry *e = ad_entry_at(t, id + j);
        if (e->value.flags & AD_IS_DROPPED)
            any = allocate(t, e, id + j);
    }
    return any && t->status == AD_OK;
}

bool ad_allocate_segment(ad_tape *t, size_t segment)
{
    const ad_segment s = *ad_segment_at(t, segment);
    ad_segment_at(t, segment)->live = true;
    for (uint32_t id = s.first; id <= s.last && t->status == AD_OK; id++)
        if (ad_entry_at(t, id)->op && ad_entry_at(t, id)->value.result == 0)
            allocate_call(t, id);
    if (t->status != AD_OK)
        ad_drop_segment(t, segment);
    return t->status == AD_OK;
}

bool ad_recompute_segment(ad_tape *t, size_t segment)
{
    const ad_segment s = *ad_segment_at(t, segment);
    ad_segment_at(t, segment)->live = true;
    for (uint32_t id = s.first; id <= s.last && t->status == AD_OK; id++) {
        const ad_entry *e = ad_entry_at(t, id);
        if (e->op && e->value.result == 0 && allocate_call(t, id) && operands_are_unchanged(t, e, id))
            ad_recompute(t, id);
    }
    if (t->status != AD_OK)
        ad_drop_segment(t, segment);
    return t->status == AD_OK;
}
