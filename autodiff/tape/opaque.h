#ifndef AUTODIFF_TAPE_OPAQUE_H
#define AUTODIFF_TAPE_OPAQUE_H
/* Opaque constants: their history is not on the tape, so a replay cannot recompute them and fails when it comes to one.
 */
#include "tape.h"

/* A gradient that was not recorded, as an entry. Returns an inert tensor if there is no memory. */
ad_tensor ad_enter_gradient(ad_tape *t, const ad_entry *e);

/* A tensor that survived a return to a position, as an entry. Returns an inert tensor if there is no memory. */
ad_tensor ad_enter_survivor(ad_tape *t, const ad_entry *image);

bool ad_is_opaque(const ad_entry *e);

#endif
