/* Running one gradient rule. */
#include "rule.h"

#include "../forward/rows.h"
#include "../tape/status.h"
#include "accumulate.h"
#include "parts.h"

/* ---- One rule for one operand ------------------------------------------------------------------------------------ */

ad_tensor ad_ones_for(ad_tensor y)
{
    const ad_entry *e = ad_entry_of(y.tape, y);
    const ad_attribute attributes[] = {{.integer = e->value.type}, {.shape = *e->value.shape}, {.real = 1}};
    ad_tensor ones;
    ad_apply(y.tape, &ad_operator_full, NULL, 0, attributes, &ones);
    return ones;
}

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

/* ---- Local derivatives ------------------------------------------------------------------------------------------- */

static bool has_one(const ad_tape *t, uint32_t id) { return ad_elements(&ad_entry_at(t, id)->value) == 1; }

/* Whether the rule of p gave part i alone to its place. If not, no one derivative makes it. */
static bool is_alone(const ad_watched *watched, size_t i, const ad_pullback *p)
{
    for (size_t k = watched->items.n; k-- > 0 && ad_is_part_of_rule(ad_part_in(watched, k), p);)
        if (k != i && ad_part_in(watched, k)->place == ad_part_in(watched, i)->place)
            return false;
    return true;
}

/* What the rule of p gives to one operand for a dy of 1, on the random numbers that it had. The tape stays as it is,
 * also if the rule fails. */
static void find_local(const ad_pullback *p, ad_part *part)
{
    ad_tape *t = p->tape;
    const bool checking = t->checking;
    const uint64_t draws = t->draws;
    t->checking = t->watching = false;
    t->draws = p->draws;
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
    const ad_watched *watched = &t->watch->bands[ad_band_of(p)];
    if (t->status != AD_OK || ad_result_count(p->entry->op) > 1 || !has_one(t, p->frame.id))
        return;
    for (size_t i = watched->items.n; i-- > 0 && ad_is_part_of_rule(ad_part_in(watched, i), p);)
        if (has_one(t, ad_part_in(watched, i)->of.id) && is_alone(watched, i, p))
            find_local(p, ad_part_in(watched, i));
}
