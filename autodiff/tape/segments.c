/* Segments: dropping values and computing them again. */
#include "segments.h"

#include <gradtape/operator.h>

#include "../forward/apply.h"
#include "opaque.h"
#include "../reverse/pullback.h"
#include "versions.h"

size_t ad_dropped_segment_of(const ad_tape *t, uint32_t id)
{
    size_t i = 0;
    while (i < t->n_segments && (t->segments[i].live || id < t->segments[i].first || id > t->segments[i].last))
        i++;
    return i;
}

ad_tensor ad_handle_as_recorded(ad_tape *t, uint32_t id)
{
    ad_tensor x = ad_handle(t, id);
    if (ad_entry_at(t, id)->value.flags & AD_NOT_KEPT && ad_table_of(x) == AD_STEP)
        x.generation ^= AD_OTHER_GENERATION;
    return x;
}

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

void ad_give_back(ad_tape *t, uint32_t id, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        give_back(t, ad_entry_at(t, id + i));
}

ad_status ad_segment_begin(ad_tape *t)
{
    if (!t || t->status != AD_OK || ad_refuse_in_rule(t, "segment_begin", "rewind instead"))
        return ad_status_of(t);
    if (t->open_segment)
        return ad_fail(t, AD_BAD_STATE, "segment_begin: a segment is open: segments do not nest");
    /* Room for it is taken now, so that its end cannot fail for want of memory. */
    ad_stretch *segments = ad_more_room(t, t->segments, t->n_segments, &t->segments_room, sizeof *segments);
    if (!segments)
        return t->status;
    t->segments = segments;
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

/* Marks an entry that stays, and what it is a view of: here the flag says so for a moment. */
static void mark(ad_tape *t, uint32_t id, bool on)
{
    ad_entry *e = ad_entry_at(t, id), *origin = ad_entry_at(t, ad_origin_of(t, id));
    e->value.flags = (uint8_t)(on ? e->value.flags | AD_ON_PATH : e->value.flags & ~AD_ON_PATH);
    origin->value.flags = (uint8_t)(on ? origin->value.flags | AD_ON_PATH : origin->value.flags & ~AD_ON_PATH);
}

static void mark_gradient(ad_tape *t, const ad_entry *e, bool on)
{
    if (e->link && !ad_is_temporary(e->link))
        mark(t, e->link, on);
}

/* Marks what stays: the outputs, and gradients that are recorded. */
static void mark_all(ad_tape *t, const ad_tensor *outputs, int n, bool on)
{
    for (int i = 0; i < n; i++)
        mark(t, outputs[i].id, on);
    for (size_t i = 0; i < t->n_holders; i++)
        mark_gradient(t, ad_entry_at(t, t->holders[i]), on);
    for (uint32_t k = 0; k < ad_kept_number(t); k++)
        mark_gradient(t, ad_kept_entry(t, k), on);
}

/* Whether an entry can be computed again, and nobody asked for it or for a view of it. A scalar takes no room. */
static bool may_drop(const ad_tape *t, uint32_t id)
{
    const ad_entry *e = ad_entry_at(t, id);
    if (!e->op || ad_is_forgotten(e) || e->value.shape->rank == 0 || e->value.flags & AD_ON_PATH)
        return false;
    const uint32_t origin = ad_origin_of(t, id);
    return origin == id || ad_entry_at(t, origin)->value.flags & AD_MAY_DROP;
}

static void choose(ad_tape *t, const ad_stretch *segment)
{
    for (uint32_t id = segment->first; id <= segment->last; id++)
        if (may_drop(t, id))
            ad_entry_at(t, id)->value.flags |= AD_MAY_DROP;
}

void ad_drop_segment(ad_tape *t, size_t segment)
{
    ad_stretch *s = &t->segments[segment];
    for (uint32_t id = s->first; id <= s->last; id++) {
        ad_entry *e = ad_entry_at(t, id);
        if ((e->value.flags & (AD_MAY_DROP | AD_NOT_KEPT)) != AD_MAY_DROP)
            continue;
        give_back(t, e);
        e->value.data = NULL;
        e->value.flags |= AD_NOT_KEPT;
        e->generation ^= AD_OTHER_GENERATION;
    }
    s->live = false;
}

void ad_drop_segments_from(ad_tape *t, uint32_t count)
{
    if (t->n_segments == 0 && !t->open_segment)
        return;
    for (uint32_t id = count; id < t->ends[AD_STEP]; id++)
        give_back(t, ad_entry_at(t, id));
    while (t->n_segments && t->segments[t->n_segments - 1].first >= count)
        t->n_segments--;
    if (t->n_segments && t->segments[t->n_segments - 1].last >= count)
        t->segments[t->n_segments - 1].last = count - 1;
}

/* After an error, too, the stretch is known, so that what it holds is given back; but then it keeps all its values. */
ad_status ad_segment_end(ad_tape *t, const ad_tensor *outputs, int n)
{
    if (!t || ad_refuse_in_rule(t, "segment_end", "rewind instead"))
        return ad_status_of(t);
    const uint32_t first = t->open_segment, last = t->ends[AD_STEP] - 1;
    t->open_segment = 0;
    if (!first)
        return ad_fail(t, AD_BAD_STATE, "segment_end: no segment is open: begin one with ad_segment_begin");
    const bool good = t->status == AD_OK && check_outputs(t, outputs, n);
    if (last < first)
        return t->status;
    t->segments[t->n_segments++] = (ad_stretch){first, last, true};
    if (!good)
        return t->status;
    mark_all(t, outputs, n, true);
    choose(t, &t->segments[t->n_segments - 1]);
    mark_all(t, outputs, n, false);
    ad_drop_segment(t, t->n_segments - 1);
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
    e->generation ^= AD_OTHER_GENERATION;
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

bool ad_furnish_segment(ad_tape *t, size_t segment)
{
    const ad_stretch s = t->segments[segment];
    t->segments[segment].live = true;
    for (uint32_t id = s.first; id <= s.last && t->status == AD_OK; id++)
        if (ad_entry_at(t, id)->op && ad_entry_at(t, id)->value.result == 0)
            refurnish_call(t, id);
    if (t->status != AD_OK)
        ad_drop_segment(t, segment);
    return t->status == AD_OK;
}

bool ad_revive_segment(ad_tape *t, size_t segment)
{
    const ad_stretch s = t->segments[segment];
    t->segments[segment].live = true;
    for (uint32_t id = s.first; id <= s.last && t->status == AD_OK; id++) {
        const ad_entry *e = ad_entry_at(t, id);
        if (e->op && e->value.result == 0 && refurnish_call(t, id) && operands_are_unchanged(t, e, id))
            ad_run_again(t, id);
    }
    if (t->status != AD_OK)
        ad_drop_segment(t, segment);
    return t->status == AD_OK;
}
