#ifndef AUTODIFF_REVERSE_RAW_H
#define AUTODIFF_REVERSE_RAW_H
/* Raw results: numbers that were computed off the tape. The engine makes an operator for the one call: the numbers are
 * its results, and what they depend on are its operands. It is recorded like any other. Its result cannot be
 * differentiated. */
#include "pullback.h"

/* Runs the gradient rule of an operator whose gradient is numeric (backward). */
void ad_run_raw_rule(ad_pullback *p);

/* A tensor that survives a return to a position in a rule that is recorded: it depends on what the rule was given.
 * `image` has its value. Returns an inert tensor on an error. */
ad_tensor ad_enter_from_rule(ad_pullback *p, const ad_entry *image);

/* Whether the operator stands for a survivor in a rule: its result cannot be differentiated. */
bool ad_is_raw(const ad_operator *op);

#endif
