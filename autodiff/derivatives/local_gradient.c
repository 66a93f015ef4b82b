/* The gradient of one entry by one of its operands. */
#include <gradtape/inspect.h>
#include <gradtape/operators.h>

#include "../forward/recompute.h"
#include "../reverse/rule.h"
#include "../tape/handles.h"
#include "../tape/leaves.h"
#include "../tape/look.h"

/* The rule's temporaries are recycled, so its part is copied. */
static ad_tensor run_rule(ad_tensor y, const ad_entry *e, int i)
{
    ad_tape *t = y.tape;
    const ad_tensor x = ad_handle(t, ad_operands_of(e)[i]);
    ad_tensor g = ad_run_rule_for(t, y.id, i);
    if (t->status == AD_OK)
        g = ad_is_inert(g) ? ad_zeros_like(x) : ad_constant(t, ad_entry_of(t, g));
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
    if (!e || ad_refuse_in_rule(y.tape, "local_gradient", "take ad_grad") ||
        !ad_check_operand(y, e, i, "local_gradient"))
        return ad_inert(y.tape);
    const ad_entry *x = ad_entry_at(y.tape, ad_operands_of(e)[i]);
    if ((e->op->vjp || e->op->backward) && x->value.type != AD_I32 && e->value.type != AD_I32)
        return run_rule_in_its_segment(y, e, i);
    ad_fail(y.tape, AD_NO_GRADIENT, "local_gradient: %s has no derivative by operand %d", ad_made_by(y), i);
    return ad_inert(y.tape);
}
