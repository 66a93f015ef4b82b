/* The parts of a watched tape. */
#include "parts.h"

#include "../tape/status.h"

/* ---- Parts ------------------------------------------------------------------------------------------------------- */

/* Adds a part whose numbers are those of entry `g`. Its sweep is the last that began in this band, or will be the
 * first.
 */
static ad_part *add(ad_tape *t, ad_band band, ad_part part, uint32_t g)
{
    ad_watched *watched = &t->watch->bands[band];
    part.sweep = t->watch->sweeps[band] ? t->watch->sweeps[band] - 1 : 0;
    if (!ad_more_room(t, &watched->items, sizeof part) ||
        !ad_keep_numbers(t, watched, &ad_entry_at(t, g)->value, &part.part))
        return NULL;
    *ad_part_in(watched, watched->items.n) = part;
    return ad_part_in(watched, watched->items.n++);
}

/* The gradients of the results, which the parts of one rule share. */
static const ad_numbers *upstream_of(ad_pullback *p, ad_watched *watched, int n)
{
    ad_tape *t = p->tape;
    if (watched->items.n && ad_is_part_of_rule(ad_part_in(watched, watched->items.n - 1), p))
        return ad_part_in(watched, watched->items.n - 1)->upstream;
    ad_numbers *upstream = ad_arena_take(&watched->numbers, (size_t)n * sizeof *upstream);
    if (!upstream)
        ad_fail_memory(t, "watch");
    for (int j = 0; upstream && j < n; j++) {
        const ad_value *y = &ad_entry_at(t, p->frame.id + (uint32_t)j)->value;
        if (!p->dy[j])
            upstream[j] = (ad_numbers){(ad_type)y->type, *y->shape, ad_elements(y), -1, NULL};
        else if (!ad_keep_numbers(t, watched, &ad_entry_at(t, p->dy[j])->value, &upstream[j]))
            return NULL;
    }
    return upstream;
}

bool ad_watch_part(ad_pullback *p, int place, ad_tensor g)
{
    ad_tape *t = p->tape;
    ad_watched *watched = &t->watch->bands[ad_band_of(p)];
    const int n = ad_result_count(p->entry->op);
    const ad_numbers *upstream = upstream_of(p, watched, n);
    return upstream && add(t, ad_band_of(p),
                           (ad_part){.of = ad_handle(t, ad_operands_of(p->entry)[place]),
                                     .from = ad_handle(t, p->frame.id),
                                     .place = place,
                                     .upstream = upstream,
                                     .n_upstream = n},
                           g.id);
}

/* ---- Sweeps ------------------------------------------------------------------------------------------------------ */

static ad_band band_of_sweep(const ad_sweep *sweep)
{
    return sweep->functional ? AD_BAND_FUNCTIONAL : AD_BAND_BACKWARD;
}

void ad_watch_sweep(ad_tape *t, const ad_sweep *sweep, ad_tensor dy)
{
    const ad_band band = band_of_sweep(sweep);
    t->watch->sweeps[band]++;
    add(t, band, (ad_part){.origin = AD_FROM_SEED, .of = sweep->y, .from = ad_inert(t), .place = -1}, dy.id);
}

/* A sweep that failed leaves no gradients, so that its parts add up to nothing that a later one adds to. */
void ad_end_watched_sweep(ad_tape *t, const ad_sweep *sweep)
{
    t->watch->bands[band_of_sweep(sweep)].is_incomplete |= t->status != AD_OK;
}

static void keep_gradient(ad_tape *t, uint32_t id)
{
    const ad_entry *e = ad_entry_at(t, id);
    if (!e->op && e->gradient && t->status == AD_OK)
        add(t, AD_BAND_BACKWARD,
            (ad_part){.origin = AD_FROM_BEFORE, .of = ad_handle(t, id), .from = ad_inert(t), .place = -1}, e->gradient);
}

/* Gradients of inner tensors begin anew in each sweep. */
void ad_watch_backward(ad_tape *t, bool accumulate)
{
    const ad_watched *watched = &t->watch->bands[AD_BAND_BACKWARD];
    if (!t->watching || !accumulate || watched->is_incomplete)
        ad_forget_band(t, AD_BAND_BACKWARD);
    if (!t->watching || !accumulate || watched->items.n)
        return;
    for (uint32_t i = 0; i < ad_persistent_count(t); i++)
        keep_gradient(t, (uint32_t)AD_PERSISTENT << AD_INDEX_BITS | i);
    for (uint32_t id = t->first; t->with_gradient.n && id < t->ends[AD_STEP]; id++)
        keep_gradient(t, id);
}
