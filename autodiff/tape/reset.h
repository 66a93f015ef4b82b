#ifndef AUTODIFF_TAPE_RESET_H
#define AUTODIFF_TAPE_RESET_H
/* Dropping what was recorded. */
#include "tape.h"

/* Forgets which descriptors were found complete: the user's may be gone with their entries. */
void ad_forget_descriptors(ad_tape *t);

/* Drops the STEP entries that came after a place, and all that is said of them. */
void ad_drop_from(ad_tape *t, ad_place place);

/* The same for what a frame recorded; gradients of older entries stay. Temporaries of the rule that runs stay. */
void ad_drop_since(ad_tape *t, const ad_frame *f);

/* Leaves the positions that were taken inside frame f and not returned to, as if they had never been taken. What came
 * since the first is dropped once, however many there are. Returns whether there were any. */
bool ad_leave_positions_in(ad_tape *t, const ad_frame *f);

#endif
