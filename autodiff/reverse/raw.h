#ifndef AUTODIFF_REVERSE_RAW_H
#define AUTODIFF_REVERSE_RAW_H
/* Raw results: numbers that were computed off the tape. They are the results of an operator that is made for the call,
 * of all that they depend on. It can be recorded like any other, and it is where differentiating a second time ends. */
#include "pullback.h"

/* Runs the gradient rule of an operator whose gradient is numeric (backward). */
void ad_run_raw_rule(ad_pullback *p);

/* A tensor that survives a return to a position in a rule that is recorded: it depends on what the rule was given.
 * `image` has its value. Returns an inert tensor on an error. */
ad_tensor ad_enter_from_rule(ad_pullback *p, const ad_entry *image);

/* Whether an operator stands for such a tensor: it has no second derivative. */
bool ad_is_raw(const ad_operator *op);

#endif
