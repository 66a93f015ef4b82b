#ifndef AUTODIFF_TAPE_UPDATE_H
#define AUTODIFF_TAPE_UPDATE_H
/* What the calls that change leaves in place have in common. */
#include "names.h"
#include "status.h"

/* The entry of a parameter or a state for the call `who`. For anything else it returns NULL, and the tape is in error.
 */
ad_entry *ad_require_persistent(ad_tensor x, const char *who);

/* The entry of a state for the call `who`. For anything else it returns NULL, and the tape is in error. */
const ad_entry *ad_require_state(ad_tensor x, const char *who);

/* Whether a number fits into a leaf: into i32 only a whole one does. If not, the tape is in error. */
bool ad_check_fits(ad_tape *t, const ad_entry *e, double value, const char *who);

/* Gives all elements of a leaf one value. */
void ad_set_all(ad_entry *e, double value);

static inline const char *ad_leaf_name(const ad_entry *e) { return ad_name_or(e, "a parameter"); }

#endif
