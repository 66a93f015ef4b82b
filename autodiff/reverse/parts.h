#ifndef AUTODIFF_REVERSE_PARTS_H
#define AUTODIFF_REVERSE_PARTS_H
/* Keeping the parts of a watched tape, and running one rule for one operand. */
#include "pullback.h"
#include "sweep.h"

/* Keeps a part that the rule of p gives to operand `place`; g is valid and has the operand's shape. A failure puts the
 * tape in error, as with the others. */
void ad_watch_part(ad_pullback *p, int place, ad_tensor g);

/* A rule has run: the parts that it gave get their local derivatives. */
void ad_watch_rule(const ad_pullback *p);

/* A sweep begins with the gradient dy. Returns the number of the sweep around it in its band, which runs again when
 * this one has ended. */
int ad_watch_sweep(ad_tape *t, const ad_sweep *sweep, ad_tensor dy);

/* An ad_backward begins: what was kept is forgotten, or what `accumulate` adds to is kept. */
void ad_watch_backward(ad_tape *t, bool accumulate);

/* What the rule of y gives to its operand i alone, when the gradient of y is all ones: a temporary, until fresh ones
 * are recycled; inert if it gives nothing, or the tape is in error. */
ad_tensor ad_run_rule_for(ad_tape *t, uint32_t y, int i);

#endif
