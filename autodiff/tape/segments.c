/* Segments: where they begin and end, and dropping their values. */
#include "segments.h"

#include "entries.h"
#include "frames.h"
#include "handles.h"
#include "opaque.h"
#include "proposals.h"

size_t ad_dropped_segment_of(const ad_tape *t, uint32_t id)
{
    size_t i = 0;
    for (; i < t->segments.n; i++) {
        const ad_segment *s = ad_segment_at(t, i);
        if (!s->live && id >= s->first && id <= s->last)
            break;
    }
    return i;
}

static void release_storage(ad_tape *t, ad_entry *e)
{
    if (!e->extra || !e->extra->storage)
        return;
    ad_pool_drop(&t->pool, e->extra->storage);
    e->extra->storage = NULL;
}

/* What is about to go is not dropped any more: the next tensor of the entry gets the next generation. */
static void forget(ad_tape *t, ad_entry *e)
{
    release_storage(t, e);
    e->generation &= ~AD_DROPPED_GENERATION;
}

void ad_release_storage(ad_tape *t, uint32_t id, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        forget(t, ad_entry_at(t, id + i));
}

ad_status ad_segment_begin(ad_tape *t)
{
    if (!t || t->status != AD_OK || ad_refuse_in_rule(t, "segment_begin", "take a position instead (ad_position_now)"))
        return ad_status_of(t);
    if (t->open_segment)
        return ad_fail(t, AD_BAD_STATE, "segment_begin: a segment is open: segments do not nest");
    /* Room for it is taken now, so that its end cannot fail for want of memory. */
    if (!ad_more_room(t, &t->segments, sizeof(ad_segment)))
        return t->status;
    t->open_segment = t->ends[AD_STEP];
    return AD_OK;
}

static bool check_outputs(ad_tape *t, const ad_tensor *outputs, int n)
{
    if (n < 0)
        ad_fail(t, AD_BAD_VALUE, "segment_end: there are %d outputs: the number cannot be negative", n);
    if (n > 0 && !outputs)
        ad_fail(t, AD_BAD_VALUE, "segment_end: the outputs are NULL");
    for (int i = 0; i < n && t->status == AD_OK; i++)
        if (!ad_entry_of(t, outputs[i]))
            ad_fail_handle(t, outputs[i], "segment_end: output", i);
    return t->status == AD_OK;
}

/* Flags an entry that stays, and what it is a view of. */
static void flag(ad_tape *t, uint32_t id, bool on)
{
    ad_entry *e = ad_entry_at(t, id), *origin = ad_entry_at(t, ad_origin_of(t, id));
    e->value.flags = (uint8_t)(on ? e->value.flags | AD_ON_PATH : e->value.flags & ~AD_ON_PATH);
    origin->value.flags = (uint8_t)(on ? origin->value.flags | AD_ON_PATH : origin->value.flags & ~AD_ON_PATH);
}

static void flag_gradient(ad_tape *t, const ad_entry *e, bool on)
{
    if (e->gradient && !ad_is_temporary(e->gradient))
        flag(t, e->gradient, on);
}

/* Flags what stays of the last segment: the outputs, what was proposed in it, and gradients that are recorded. */
static void flag_all(ad_tape *t, const ad_tensor *outputs, int n, bool on)
{
    const uint32_t first = ad_segment_at(t, t->segments.n - 1)->first;
    for (int i = 0; i < n; i++)
        flag(t, outputs[i].id, on);
    for (size_t i = t->proposals.n; i-- > 0 && ad_proposal_at(t, i)->value >= first;)
        flag(t, ad_proposal_at(t, i)->value, on);
    for (size_t i = 0; i < t->with_gradient.n; i++)
        flag_gradient(t, ad_entry_at(t, ((uint32_t *)t->with_gradient.items)[i]), on);
    for (uint32_t k = 0; k < ad_persistent_count(t); k++)
        flag_gradient(t, ad_persistent_entry(t, k), on);
}

/* Whether an entry can be computed again, and nobody asked for it or for a view of it. A scalar takes no room. */
static bool may_drop(const ad_tape *t, uint32_t id)
{
    const ad_entry *e = ad_entry_at(t, id);
    if (!e->op || ad_is_opaque(e) || e->value.shape->rank == 0 || e->value.flags & AD_ON_PATH)
        return false;
    const uint32_t origin = ad_origin_of(t, id);
    return origin == id || ad_entry_at(t, origin)->value.flags & AD_MAY_DROP;
}

static void choose(ad_tape *t, const ad_segment *segment)
{
    for (uint32_t id = segment->first; id <= segment->last; id++)
        if (may_drop(t, id))
            ad_entry_at(t, id)->value.flags |= AD_MAY_DROP;
}

void ad_drop_segment(ad_tape *t, size_t segment)
{
    ad_segment *s = ad_segment_at(t, segment);
    for (uint32_t id = s->first; id <= s->last; id++) {
        ad_entry *e = ad_entry_at(t, id);
        if ((e->value.flags & (AD_MAY_DROP | AD_IS_DROPPED)) != AD_MAY_DROP)
            continue;
        release_storage(t, e);
        e->value.data = NULL;
        e->value.flags |= AD_IS_DROPPED;
        e->generation ^= AD_DROPPED_GENERATION;
    }
    s->live = false;
}

void ad_drop_segments_from(ad_tape *t, uint32_t count)
{
    if (t->segments.n == 0 && !t->open_segment)
        return;
    for (uint32_t id = count; id < t->ends[AD_STEP]; id++)
        forget(t, ad_entry_at(t, id));
    while (t->segments.n && ad_segment_at(t, t->segments.n - 1)->first >= count)
        t->segments.n--;
    if (t->segments.n && ad_segment_at(t, t->segments.n - 1)->last >= count)
        ad_segment_at(t, t->segments.n - 1)->last = count - 1;
}

/* After an error the segment is listed too, so that its storages are given back, but it keeps all its values. */
ad_status ad_segment_end(ad_tape *t, const ad_tensor *outputs, int n)
{
    if (!t || ad_refuse_in_rule(t, "segment_end", "take a position instead (ad_position_now)"))
        return ad_status_of(t);
    const uint32_t first = t->open_segment, last = t->ends[AD_STEP] - 1;
    t->open_segment = 0;
    if (!first)
        return ad_fail(t, AD_BAD_STATE, "segment_end: no segment is open: begin one with ad_segment_begin");
    const bool good = t->status == AD_OK && check_outputs(t, outputs, n);
    if (last < first)
        return t->status;
    *ad_segment_at(t, t->segments.n++) = (ad_segment){first, last, true};
    if (!good)
        return t->status;
    flag_all(t, outputs, n, true);
    choose(t, ad_segment_at(t, t->segments.n - 1));
    flag_all(t, outputs, n, false);
    ad_drop_segment(t, t->segments.n - 1);
    return AD_OK;
}
