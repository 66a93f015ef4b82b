/* The sweep: one loop from the loss to the first entry. What a rule gives comes in through ad_give. */
#include "sweep.h"

#include "../forward/recompute.h"
#include "../forward/rows.h"
#include "../tape/reset.h"
#include "../tape/watch.h"
#include "accumulate.h"
#include "parts.h"
#include "rule.h"
#include "scalar_parts.h"

/* When a rule has run: its temporaries and the gradient that it took are given back. A functional sweep reads the
 * gradients it wants at its end, and has no temporaries. */
static bool finish(ad_tape *t, const ad_sweep *sweep, const ad_pullback *p)
{
    ad_recycle_fresh(t);
    if (p->may_move && p->entry->value.n_results == 1) {
        ad_drop_gradient(t, p->entry);
        return t->status == AD_OK;
    }
    for (uint32_t j = 0; j < p->entry->value.n_results && !sweep->functional; j++) {
        ad_entry *result = ad_entry_at(t, p->frame.id + j);
        if (!sweep->keep)
            ad_drop_gradient(t, result);
        else if (result->gradient && !ad_keep_gradient(t, p->frame.id + j))
            return false;
    }
    return t->status == AD_OK;
}

/* Runs the rule of the call whose result 0 is e, if any of its results has a gradient. Operands that a rule will ask
 * for again and again are looked up once, if they are few. */
static inline bool pull(ad_pullback *p, const ad_sweep *sweep, ad_entry *e, uint32_t id)
{
    p->entry = e;
    p->frame.id = id;
    uint32_t any = p->dy[0] = e->gradient;
    for (uint32_t j = 1; j < e->value.n_results; j++)
        any |= p->dy[j] = ad_entry_at(p->tape, id + j)->gradient;
    if (!any)
        return true;
    if (p->dy[0])
        p->dy_generation = ad_entry_at(p->tape, p->dy[0])->generation;
    const int n = (int)e->value.n_operands;
    p->operands = ad_operands_of(e);
    p->n_cached = p->is_plain && n <= AD_CACHED_OPERANDS ? n : 0;
    for (int i = 0; i < p->n_cached; i++)
        p->x[i] = ad_entry_at(p->tape, p->operands[i]);
    const bool is_watched = !p->is_plain && p->tape->watching;
    if (is_watched)
        p->draws = p->tape->draws;
    ad_run_rule(p);
    if (is_watched)
        ad_watch_rule(p);
    return finish(p->tape, sweep, p);
}

/* Whether the rule has to run: a result is wanted. In a functional sweep an operand must be wanted too: the sweep ends
 * at the tensors that it differentiates by. */
static inline bool is_wanted(const ad_tape *t, const ad_sweep *sweep, const ad_entry *e, uint32_t id)
{
    const uint8_t flag = sweep->functional ? AD_ON_PATH : AD_WANTS_GRADIENT;
    uint8_t results = e->value.flags, operands = sweep->functional ? 0 : flag;
    for (uint32_t j = 1; j < e->value.n_results; j++)
        results |= ad_entry_at(t, id + j)->value.flags;
    for (uint32_t i = 0; sweep->functional && i < e->value.n_operands; i++)
        operands |= ad_entry_at(t, ad_operands_of(e)[i])->value.flags;
    return results & operands & flag;
}

static inline bool visit(ad_tape *t, const ad_sweep *sweep, uint32_t id, ad_pullback *p)
{
    ad_entry *e = ad_entry_at(t, id);
    if (p->gives_numbers && e->gradient && ad_has_number_parts(e)) {
        ad_entry *dy = ad_entry_at(t, e->gradient);
        if (ad_is_own_number(e->gradient, dy))
            return ad_give_numbers(t, e, dy);
    }
    if (e->value.data != &e->scalar && id > AD_AHEAD)
        ad_prefetch_entry(ad_entry_at(t, id - AD_AHEAD));
    if (e->value.result > 0 || (!e->gradient && e->value.n_results <= 1))
        return true;
    if (e->op && (e->op->vjp || e->op->backward) && is_wanted(t, sweep, e, id))
        return pull(p, sweep, e, id);
    return sweep->functional || ad_keep_gradient(t, id);
}

/* Visits the entries from `from` down to `end`, without that. One pullback is filled in anew for each: what is left
 * unset is not read, and clearing it would take longer than many a rule. */
static void visit_down(ad_tape *t, const ad_sweep *sweep, uint32_t from, uint32_t end)
{
    ad_pullback p;
    p.tape = t;
    p.capture = -1;
    p.wanted = sweep->functional ? AD_ON_PATH : AD_WANTS_GRADIENT;
    p.may_move = !sweep->keep && !sweep->functional && !t->recording;
    p.is_plain = !t->recording && !t->checking && !t->watching && !t->changes.n;
    p.gives_numbers = p.is_plain && p.may_move;
    p.frame.entry = NULL; /* no rule runs yet */
    ad_push_frame(t, &p.frame, AD_IN_RULE);
    for (uint32_t id = from; id > end && t->status == AD_OK; id--)
        if (!visit(t, sweep, id, &p))
            break;
    t->frame = p.frame.outer;
}

/* Gradients that do not belong to a functional sweep may be there, of a sweep around it. */
static bool any_gradient(const ad_tape *t, const ad_sweep *sweep, ad_segment s, uint32_t last)
{
    for (uint32_t id = s.first; id <= s.last && id <= last; id++) {
        const ad_entry *e = ad_entry_at(t, id);
        if (e->gradient && (!sweep->functional || e->value.flags & AD_ON_PATH))
            return true;
    }
    return false;
}

/* A segment that a gradient reaches is computed again for its rules; what they record may need it longer. */
static void visit_segment(ad_tape *t, const ad_sweep *sweep, size_t segment, uint32_t from)
{
    const ad_segment s = *ad_segment_at(t, segment);
    if (!any_gradient(t, sweep, s, from) || (!s.live && !ad_recompute_segment(t, segment)))
        return;
    visit_down(t, sweep, from < s.last ? from : s.last, s.first - 1);
    if (!s.live && !t->recording)
        ad_drop_segment(t, segment);
}

static void visit_all(ad_tape *t, const ad_sweep *sweep, uint32_t from)
{
    const uint32_t end = (sweep->first ? sweep->first : t->first) - 1;
    for (size_t i = t->segments.n; i-- > 0 && t->status == AD_OK;) {
        const ad_segment s = *ad_segment_at(t, i);
        if (s.first > from)
            continue;
        if (s.last <= end)
            break;
        if (from > s.last)
            visit_down(t, sweep, from, s.last);
        visit_segment(t, sweep, i, from);
        from = s.first - 1;
    }
    visit_down(t, sweep, from, end);
}

/* A sweep that failed leaves no gradients at all. */
static void clean_up(ad_tape *t, uint32_t last)
{
    ad_recycle_fresh(t);
    for (uint32_t id = t->first; id <= last; id++)
        ad_drop_gradient(t, ad_entry_at(t, id));
    ad_drop_gradients(t, true);
}

/* The sweep begins with the gradient of y. A seed need not be copied where that is recycled when y's rule has run: what
 * it shows does not change until then. */
static void add_seed(ad_tape *t, const ad_sweep *sweep, ad_tensor dy)
{
    const ad_entry *y = ad_entry_at(t, sweep->y.id);
    const bool lend = y->op && y->value.shape->rank && !ad_is_temporary(dy.id) && !sweep->keep && !t->recording;
    ad_add_gradient(t, lend ? AD_BORROWED : AD_GIVEN, NULL, sweep->y.id, dy);
}

enum { MOST_SWEEPS = 32 }; /* one inside the rule or the kernel of the other */

void ad_run_sweep(ad_tape *t, const ad_sweep *sweep)
{
    if (t->frame && ad_sweep_depth(t) == MOST_SWEEPS) {
        const ad_frame *rule = ad_rule_around(t);
        ad_fail(t, AD_BAD_STATE, "%s: its rule differentiates through itself: detach what it reads (ad_detach)",
                rule && rule->entry ? rule->entry->op->name : "an operator");
    }
    ad_frame f = {.functional = sweep->functional, .recording = t->recording};
    ad_push_frame(t, &f, AD_IN_SWEEP);
    t->recording = sweep->recording;
    const ad_tensor dy = !sweep->dy.id ? ad_ones_for(sweep->y) : sweep->dy;
    const bool watching = t->watching;
    t->watching = watching && !ad_callback_around(t);
    if (t->watching && t->status == AD_OK)
        ad_watch_sweep(t, sweep, dy);
    if (t->status == AD_OK)
        add_seed(t, sweep, dy);
    ad_recycle_fresh(t);
    const uint32_t last = sweep->y.id >> AD_INDEX_BITS == AD_STEP ? sweep->y.id : 0;
    visit_all(t, sweep, last);
    if (t->status != AD_OK && !sweep->functional)
        clean_up(t, last);
    if (t->watching)
        ad_end_watched_sweep(t, sweep);
    t->watching = watching;
    t->recording = f.recording;
    t->frame = f.outer;
}
