#ifndef AUTODIFF_GUARDS_H
#define AUTODIFF_GUARDS_H
/* Guards: choices of the program that are part of the recording, so that a replay can tell when they would be others.
 */
#include "../tape/tape.h"

/* Whether the entry is a guard. Nothing is made from one, but it must not be lost. */
bool ad_is_guard(const ad_entry *e);

/* The name of a guard, "" if it has none; NULL if there is no guard among the entries of STEP from `first` on. */
const char *ad_guard_from(const ad_tape *t, uint32_t first);

/* Records that a guard of this name was made and forgotten: a replay is then an error. */
void ad_lose_guard(ad_tape *t, const char *name);

#endif
