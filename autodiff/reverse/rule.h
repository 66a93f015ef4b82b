#ifndef AUTODIFF_REVERSE_RULE_H
#define AUTODIFF_REVERSE_RULE_H
/* Running one gradient rule: in a sweep, or alone for one operand. */
#include "../tape/reset.h"
#include "raw.h"

/* Runs the gradient rule of p's entry in the frame of p, which is the innermost. A rule that leaves positions behind
 * puts the tape in error. */
static inline void ad_run_rule(ad_pullback *p)
{
    ad_tape *t = p->tape;
    p->frame.start.entries = t->ends[AD_STEP];
    p->frame.entry = p->entry;
    if (p->entry->op->vjp)
        p->entry->op->vjp(p);
    else
        ad_run_raw_rule(p);
    if (t->frame == &p->frame)
        return;
    ad_fail(t, AD_BAD_STATE, "%s: its rule took a position (ad_position_now) and did not return to it (ad_return_to)",
            p->entry->op->name);
    ad_leave_positions_in(t, &p->frame);
}

/* Ones of the type and shape of y. */
ad_tensor ad_ones_for(ad_tensor y);

/* What the rule of y gives to its operand i alone, when the gradient of y is all ones: a temporary, until fresh ones
 * are recycled; inert if it gives nothing, or the tape is in error. */
ad_tensor ad_run_rule_for(ad_tape *t, uint32_t y, int i);

/* The rule of p has run: the parts that it gave to a watched tape get their local derivatives. */
void ad_watch_rule(const ad_pullback *p);

#endif
