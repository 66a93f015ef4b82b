#ifndef AUTODIFF_FORWARD_GUARDS_H
#define AUTODIFF_FORWARD_GUARDS_H
/* Guards: choices of the program that are part of the recording, so that a replay can tell when they would be others.
 */
#include "../tape/tape.h"

/* Whether the entry is a guard. Nothing is made from one, but it must not be lost. */
bool ad_is_guard(const ad_entry *e);

/* The first guard among the entries of STEP from `first` on; NULL if there is none. */
const ad_entry *ad_guard_from(const ad_tape *t, uint32_t first);

#endif
