#ifndef AUTODIFF_TAPE_OPAQUE_H
#define AUTODIFF_TAPE_OPAQUE_H
/* Opaque constants: their history is not on the tape, so a replay cannot recompute them and fails when it comes to one.
 */
#include "tape.h"

/* The value of a temporary as an entry. Returns an inert tensor if there is no memory. A gradient that ad_gradient gave
 * out is `unrecorded`: it depends on what was recorded in a way that the tape does not know, so it wants a gradient,
 * and a sweep that reaches it fails. What a rule computes with is a constant there. */
ad_tensor ad_enter_gradient(ad_tape *t, const ad_entry *e, bool unrecorded);

/* Whether e, which has this id, is such a gradient, or the entry that was made of one. */
bool ad_is_unrecorded(uint32_t id, const ad_entry *e);

/* Puts the tape in error for the call `who`: the unrecorded gradient with this id has no derivative. */
void ad_fail_unrecorded(ad_tape *t, uint32_t id, const char *who);

/* What messages advise about a gradient that was not recorded. */
#define AD_RECORD_GRADIENT "give ad_backward_with .differentiable = true, or take ad_grad"

/* A tensor that survived a return to a position, as an entry. Returns an inert tensor if there is no memory. */
ad_tensor ad_enter_survivor(ad_tape *t, const ad_entry *image);

bool ad_is_opaque(const ad_entry *e);

#endif
