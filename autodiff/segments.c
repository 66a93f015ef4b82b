/* Segments: dropping values and computing them again. */
#include "segments.h"

#include <gradtape/operator.h>

#include "apply.h"
#include "versions.h"

/* A handle of a dropped entry has the wrong generation, so that looking for valid handles costs nothing more. */
#define OTHER_GENERATION UINT32_C(0x80000000)

void *ad_segment_data(ad_tape *t, uint32_t id, size_t bytes)
{
    ad_extra *extra = ad_extra_of(t, id);
    if (!extra)
        return NULL;
    extra->storage = ad_pool_take(&t->pool, bytes);
    return extra->storage ? ad_storage_data(extra->storage) : NULL;
}

static void give_back(ad_tape *t, ad_entry *e)
{
    if (!e->extra || !e->extra->storage)
        return;
    ad_pool_drop(&t->pool, e->extra->storage);
    e->extra->storage = NULL;
}

ad_status ad_segment_begin(ad_tape *t)
{
    if (!t || t->status != AD_OK)
        return ad_status_of(t);
    if (t->open_segment)
        return ad_fail(t, AD_BAD_STATE, "segment_begin: a segment is open: segments do not nest");
    if (!t->recording)
        return ad_fail(t, AD_BAD_STATE, "segment_begin: nothing is recorded here: mark first (ad_mark_now)");
    t->open_segment = t->tables[AD_STEP].count;
    return AD_OK;
}

/* What an entry shows the data of. */
static ad_entry *origin_of(const ad_tape *t, ad_entry *e)
{
    while (e->op && e->op->properties & AD_VIEW && e->value.shape->rank)
        e = ad_entry_at(t, ad_operands_of(e)[0]);
    return e;
}

/* Marks what stays: here the flag says so for a moment. */
static bool mark_outputs(ad_tape *t, const ad_tensor *outputs, int n)
{
    for (int i = 0; i < n; i++) {
        ad_entry *e = ad_entry_of(t, outputs[i]);
        if (!e) {
            ad_fail_handle(t, outputs[i], "segment_end: output", i);
            return false;
        }
        e->value.flags |= AD_ON_PATH;
        origin_of(t, e)->value.flags |= AD_ON_PATH;
    }
    return true;
}

/* Whether an entry can be computed again, and nobody asked for it or for a view of it. A scalar takes no room. */
static bool may_drop(const ad_tape *t, ad_entry *e)
{
    if (!e->op || e->value.shape->rank == 0 || e->value.flags & AD_ON_PATH)
        return false;
    const ad_entry *origin = origin_of(t, e);
    return origin == e || origin->value.flags & AD_MAY_DROP;
}

static void choose(ad_tape *t, const ad_stretch *segment)
{
    for (uint32_t id = segment->first; id <= segment->last; id++)
        if (may_drop(t, ad_entry_at(t, id)))
            ad_entry_at(t, id)->value.flags |= AD_MAY_DROP;
}

static void unmark_outputs(ad_tape *t, const ad_tensor *outputs, int n)
{
    for (int i = 0; i < n; i++) {
        ad_entry *e = ad_entry_at(t, outputs[i].id);
        e->value.flags &= (uint8_t)~AD_ON_PATH;
        origin_of(t, e)->value.flags &= (uint8_t)~AD_ON_PATH;
    }
}

void ad_drop_segment(ad_tape *t, ad_stretch *segment)
{
    for (uint32_t id = segment->first; id <= segment->last; id++) {
        ad_entry *e = ad_entry_at(t, id);
        if ((e->value.flags & (AD_MAY_DROP | AD_NOT_KEPT)) != AD_MAY_DROP)
            continue;
        give_back(t, e);
        e->value.data = NULL;
        e->value.flags |= AD_NOT_KEPT;
        e->generation ^= OTHER_GENERATION;
    }
    segment->live = false;
}

void ad_drop_segments_from(ad_tape *t, uint32_t count)
{
    if (t->n_segments == 0 && !t->open_segment)
        return;
    for (uint32_t id = count; id < t->tables[AD_STEP].count; id++)
        give_back(t, ad_entry_at(t, id));
    while (t->n_segments && t->segments[t->n_segments - 1].first >= count)
        t->n_segments--;
    if (t->n_segments && t->segments[t->n_segments - 1].last >= count)
        t->segments[t->n_segments - 1].last = count - 1;
    if (t->open_segment > count)
        t->open_segment = count;
}

ad_status ad_segment_end(ad_tape *t, const ad_tensor *outputs, int n)
{
    if (!t)
        return AD_BAD_HANDLE;
    const uint32_t first = t->open_segment, last = t->tables[AD_STEP].count - 1;
    t->open_segment = 0;
    if (t->status != AD_OK)
        return t->status;
    if (!first)
        return ad_fail(t, AD_BAD_STATE, "segment_end: no segment is open: begin one with ad_segment_begin");
    if (n > 0 && !outputs)
        return ad_fail(t, AD_BAD_VALUE, "segment_end: the outputs are NULL");
    ad_stretch *segments = ad_more_room(t, t->segments, t->n_segments, &t->segments_room, sizeof *segments);
    if (!segments)
        return t->status;
    t->segments = segments;
    if (last < first || !mark_outputs(t, outputs, n))
        return t->status;
    ad_stretch *segment = &t->segments[t->n_segments++];
    *segment = (ad_stretch){first, last, true};
    choose(t, segment);
    unmark_outputs(t, outputs, n);
    ad_drop_segment(t, segment);
    return AD_OK;
}

/* Gives an entry its data again, and its handles their meaning. */
static bool refurnish(ad_tape *t, ad_entry *e, uint32_t id)
{
    const size_t bytes = ad_elements(&e->value) * ad_type_bytes((ad_type)e->value.type);
    if (e->op->properties & AD_VIEW && e->value.result == 0)
        e->value.data = ad_entry_at(t, ad_operands_of(e)[0])->value.data;
    else
        e->value.data = ad_segment_data(t, id, bytes ? bytes : 1);
    if (!e->value.data) {
        ad_fail_memory(t, e->op->name);
        return false;
    }
    e->value.flags &= (uint8_t)~AD_NOT_KEPT;
    e->generation ^= OTHER_GENERATION;
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

/* All results of the call; whether any of them has to be computed. */
static bool refurnish_call(ad_tape *t, uint32_t id)
{
    bool any = false;
    const uint32_t n = ad_entry_at(t, id)->value.n_results;
    for (uint32_t j = 0; j < n && t->status == AD_OK; j++) {
        ad_entry *e = ad_entry_at(t, id + j);
        if (e->value.flags & AD_NOT_KEPT)
            any = refurnish(t, e, id + j);
    }
    return any && t->status == AD_OK;
}

bool ad_furnish_segment(ad_tape *t, ad_stretch *segment)
{
    segment->live = true;
    for (uint32_t id = segment->first; id <= segment->last && t->status == AD_OK; id++)
        if (ad_entry_at(t, id)->op && ad_entry_at(t, id)->value.result == 0)
            refurnish_call(t, id);
    return t->status == AD_OK;
}

bool ad_revive_segment(ad_tape *t, ad_stretch *segment)
{
    segment->live = true;
    for (uint32_t id = segment->first; id <= segment->last && t->status == AD_OK; id++) {
        const ad_entry *e = ad_entry_at(t, id);
        if (e->op && e->value.result == 0 && refurnish_call(t, id) && operands_are_unchanged(t, e, id))
            ad_run_again(t, id);
    }
    return t->status == AD_OK;
}
