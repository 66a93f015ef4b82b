/* The parts of a watched tape. */
#include "parts.h"

#include "../tape/status.h"
#include "../tape/watch.h"
#include "accumulate.h"

/* ---- One rule for one operand ------------------------------------------------------------------------------------ */

ad_tensor ad_run_rule_for(ad_tape *t, uint32_t y, int i)
{
    const ad_entry *e = ad_entry_at(t, y);
    const uint32_t first = y - e->value.result;
    ad_pullback p = {.tape = t, .entry = ad_entry_at(t, first), .capture = i, .wanted = AD_WANTS_GRADIENT};
    p.frame.id = first;
    p.frame.entry = p.entry;
    const bool recording = t->recording;
    t->recording = false;
    ad_push_frame(t, &p.frame, AD_IN_RULE);
    const ad_tensor dy = ad_ones_for(ad_handle(t, y));
    p.dy[e->value.result] = dy.id;
    p.dy_generation = dy.generation;
    if (t->status == AD_OK)
        ad_run_rule(&p);
    t->frame = p.frame.outer;
    ad_tensor g = p.captured;
    if (!ad_is_inert(g) && t->status == AD_OK)
        g = ad_sum_to_shape(g, ad_entry_at(t, ad_operands_of(e)[i])->value.shape);
    t->recording = recording;
    return t->status == AD_OK ? g : ad_inert(t);
}

/* ---- Parts ------------------------------------------------------------------------------------------------------- */

static ad_band band_of(const ad_pullback *p) { return p->wanted == AD_ON_PATH ? AD_BAND_FUNCTIONAL : AD_BAND_BACKWARD; }

/* Adds a part whose numbers are those of entry `g`. Its sweep is the one that runs in this band. */
static ad_part *add(ad_tape *t, ad_band band, ad_part part, uint32_t g)
{
    ad_kept *kept = &t->watch->bands[band];
    part.sweep = t->watch->running[band];
    if (!ad_more_room(t, &kept->items, sizeof part) || !ad_keep_numbers(t, kept, &ad_entry_at(t, g)->value, &part.part))
        return NULL;
    *ad_part_in(kept, kept->items.n) = part;
    return ad_part_in(kept, kept->items.n++);
}

/* Whether a part came from the rule of p, in the sweep that runs. */
static bool is_of(const ad_part *part, const ad_pullback *p)
{
    return part->origin == AD_FROM_RULE && part->from.id == p->frame.id &&
           part->sweep == p->tape->watch->running[band_of(p)];
}

/* The gradients of the results, which the parts of one rule share. */
static const ad_numbers *upstream_of(ad_pullback *p, ad_kept *kept, int n)
{
    ad_tape *t = p->tape;
    if (kept->items.n && is_of(ad_part_in(kept, kept->items.n - 1), p))
        return ad_part_in(kept, kept->items.n - 1)->upstream;
    ad_numbers *upstream = ad_arena_take(&kept->numbers, (size_t)n * sizeof *upstream);
    if (!upstream)
        ad_fail_memory(t, "watch");
    for (int j = 0; upstream && j < n; j++) {
        const ad_value *y = &ad_entry_at(t, p->frame.id + (uint32_t)j)->value;
        if (!p->dy[j])
            upstream[j] = (ad_numbers){.type = (ad_type)y->type, .shape = *y->shape, .n = ad_elements(y)};
        else if (!ad_keep_numbers(t, kept, &ad_entry_at(t, p->dy[j])->value, &upstream[j]))
            return NULL;
    }
    return upstream;
}

void ad_watch_part(ad_pullback *p, int place, ad_tensor g)
{
    ad_tape *t = p->tape;
    ad_kept *kept = &t->watch->bands[band_of(p)];
    const int n = ad_result_count(p->entry->op);
    const ad_numbers *upstream = upstream_of(p, kept, n);
    if (upstream)
        add(t, band_of(p),
            (ad_part){.of = ad_handle(t, ad_operands_of(p->entry)[place]),
                      .from = ad_handle(t, p->frame.id),
                      .place = place,
                      .upstream = upstream,
                      .n_upstream = n},
            g.id);
}

/* ---- Local derivatives ------------------------------------------------------------------------------------------- */

static bool has_one(const ad_tape *t, uint32_t id) { return ad_elements(&ad_entry_at(t, id)->value) == 1; }

/* What the rule of p gives to one operand for a dy of 1. The tape stays as it is, also if the rule fails. */
static void find_local(const ad_pullback *p, ad_part *part)
{
    ad_tape *t = p->tape;
    const bool checking = t->checking;
    const uint64_t draws = t->draws;
    t->checking = t->watching = false;
    const ad_tensor g = ad_run_rule_for(t, p->frame.id, part->place);
    part->has_local = t->status == AD_OK;
    if (part->has_local && !ad_is_inert(g)) {
        const ad_value *value = &ad_entry_at(t, g.id)->value;
        part->local = value->type == AD_F32 ? (double)*(const float *)value->data : *(const double *)value->data;
    }
    ad_recycle_fresh(t);
    if (t->status != AD_OK) {
        t->status = AD_OK;
        t->message[0] = 0;
    }
    t->draws = draws;
    t->checking = checking;
    t->watching = true;
}

void ad_watch_rule(const ad_pullback *p)
{
    ad_tape *t = p->tape;
    const ad_kept *kept = &t->watch->bands[band_of(p)];
    if (t->status != AD_OK || ad_result_count(p->entry->op) > 1 || !has_one(t, p->frame.id))
        return;
    for (size_t i = kept->items.n; i-- > 0 && is_of(ad_part_in(kept, i), p);)
        if (has_one(t, ad_part_in(kept, i)->of.id))
            find_local(p, ad_part_in(kept, i));
}

/* ---- Sweeps ------------------------------------------------------------------------------------------------------ */

int ad_watch_sweep(ad_tape *t, const ad_sweep *sweep, ad_tensor dy)
{
    const ad_band band = sweep->functional ? AD_BAND_FUNCTIONAL : AD_BAND_BACKWARD;
    const int outer = t->watch->running[band];
    t->watch->running[band] = t->watch->sweeps[band]++;
    add(t, band, (ad_part){.origin = AD_FROM_SEED, .of = sweep->y, .from = ad_inert(t), .place = -1}, dy.id);
    return outer;
}

static void keep_gradient(ad_tape *t, uint32_t id)
{
    const uint32_t gradient = ad_entry_at(t, id)->gradient;
    if (gradient && t->status == AD_OK)
        add(t, AD_BAND_BACKWARD,
            (ad_part){.origin = AD_FROM_BEFORE, .of = ad_handle(t, id), .from = ad_inert(t), .place = -1}, gradient);
}

void ad_watch_backward(ad_tape *t, bool accumulate)
{
    if (!t->watching || !accumulate)
        ad_forget_band(t, AD_BAND_BACKWARD);
    if (!t->watching || t->watch->bands[AD_BAND_BACKWARD].items.n)
        return;
    t->watch->running[AD_BAND_BACKWARD] = t->watch->sweeps[AD_BAND_BACKWARD];
    for (uint32_t i = 0; accumulate && i < ad_persistent_count(t); i++)
        keep_gradient(t, (uint32_t)AD_PERSISTENT << AD_INDEX_BITS | i);
    for (size_t i = 0; accumulate && i < t->with_gradient.n; i++)
        keep_gradient(t, ((uint32_t *)t->with_gradient.items)[i]);
}
