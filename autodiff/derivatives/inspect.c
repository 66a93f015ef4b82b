/* Looking into a tape. */
#include <gradtape/inspect.h>
#include <gradtape/operators.h>

#include "../forward/recompute.h"
#include "../reverse/sweep.h"
#include "../tape/handles.h"
#include "../tape/leaves.h"

const char *ad_made_by(ad_tensor y)
{
    const ad_entry *e = ad_require_to_read(y, "made_by");
    if (!e)
        return "";
    if (e->op)
        return e->op->name;
    if (ad_table_of(y) == AD_PERSISTENT)
        return e->value.flags & AD_IS_STATE ? "state" : "param";
    if (ad_table_of(y) == AD_TEMPORARY)
        return "gradient";
    return e->value.flags & AD_WANTS_GRADIENT ? "variable" : "input";
}

int ad_operand_count(ad_tensor y)
{
    const ad_entry *e = ad_require_to_read(y, "operand_count");
    return e && e->op ? (int)e->value.n_operands : 0;
}

static bool check_operand(ad_tensor y, const ad_entry *e, int i, const char *who)
{
    const int n = e->op ? (int)e->value.n_operands : 0;
    if (i >= 0 && i < n)
        return true;
    ad_fail(y.tape, AD_BAD_VALUE, "%s: there is no operand %d: %s has %d", who, i, ad_made_by(y), n);
    return false;
}

ad_tensor ad_operand(ad_tensor y, int i)
{
    const ad_entry *e = ad_require_to_read(y, "operand");
    if (!e || !check_operand(y, e, i, "operand"))
        return ad_inert(y.tape);
    return ad_handle_as_recorded(y.tape, ad_operands_of(e)[i]);
}

/* Runs the rule of y with a dy of ones. The rule's temporaries are recycled, so its part is copied. */
static ad_tensor run_rule(ad_tensor y, const ad_entry *e, int i)
{
    ad_tape *t = y.tape;
    const uint32_t first = y.id - e->value.result;
    ad_pullback p = {.tape = t, .entry = ad_entry_at(t, first), .capture = i, .wanted = AD_WANTS_GRADIENT};
    p.frame.id = first;
    p.frame.entry = p.entry;
    t->recording = false;
    ad_push_frame(t, &p.frame, AD_IN_RULE);
    const ad_tensor dy = ad_ones_like(y);
    p.dy[e->value.result] = dy.id;
    p.dy_generation = dy.generation;
    if (t->status == AD_OK)
        ad_run_rule(&p);
    t->frame = p.frame.outer;
    const ad_tensor x = ad_handle(t, ad_operands_of(e)[i]);
    ad_tensor g = p.captured;
    if (!ad_is_inert(g) && t->status == AD_OK)
        g = ad_sum_to(g, *ad_entry_at(t, x.id)->value.shape);
    t->recording = true;
    if (t->status == AD_OK)
        g = ad_is_inert(g) ? ad_zeros_like(ad_operand(y, i)) : ad_constant(t, ad_entry_of(t, g));
    ad_recycle_fresh(t);
    return t->status == AD_OK ? g : ad_inert(t);
}

/* Recomputes the segment of y first, because what the rule reads may be dropped. */
static ad_tensor run_rule_in_its_segment(ad_tensor y, const ad_entry *e, int i)
{
    ad_tape *t = y.tape;
    const size_t segment = ad_dropped_segment_of(t, y.id), n = t->segments.n;
    if (segment < n && !ad_recompute_segment(t, segment))
        return ad_inert(t);
    const ad_tensor g = run_rule(y, e, i);
    if (segment < n)
        ad_drop_segment(t, segment);
    return g;
}

ad_tensor ad_local_gradient(ad_tensor y, int i)
{
    const ad_entry *e = ad_require(y, "local_gradient");
    if (!e || ad_refuse_in_rule(y.tape, "local_gradient", "take ad_grad") || !check_operand(y, e, i, "local_gradient"))
        return ad_inert(y.tape);
    const ad_entry *x = ad_entry_at(y.tape, ad_operands_of(e)[i]);
    if ((e->op->vjp || e->op->backward) && x->value.type != AD_I32 && e->value.type != AD_I32)
        return run_rule_in_its_segment(y, e, i);
    ad_fail(y.tape, AD_NO_GRADIENT, "local_gradient: %s has no derivative by operand %d", ad_made_by(y), i);
    return ad_inert(y.tape);
}
