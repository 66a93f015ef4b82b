#ifndef AUTODIFF_FORWARD_GUARDS_H
#define AUTODIFF_FORWARD_GUARDS_H
/* Guards: choices of the program that are part of the recording, so that a replay can tell when they would be others.
 */
#include "../tape/tape.h"

/* Whether the entry is a guard. Nothing is made from one, but it must not be lost. */
bool ad_is_guard(const ad_entry *e);

/* Runs the guard e, entry `id`, again. Returns whether it decides as it did when it was recorded. If not, the recording
 * has changed, or the tape is in error. */
bool ad_decides_as_recorded(ad_tape *t, const ad_entry *e, uint32_t id);

/* The first guard among the entries of STEP from `first` on; NULL if there is none. */
const ad_entry *ad_guard_from(const ad_tape *t, uint32_t first);

#endif
