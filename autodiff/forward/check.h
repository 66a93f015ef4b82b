#ifndef AUTODIFF_FORWARD_CHECK_H
#define AUTODIFF_FORWARD_CHECK_H
/* What is asked of a call before it runs. On a failure the tape is in error. */
#include "../tape/tape.h"

/* Whether the descriptor has all its parts. A row of the library has, and so has one of the user's that was looked at
 * for an entry on the tape: each is looked at once, and noted. */
bool ad_check_descriptor(ad_tape *t, const ad_operator *op);

/* Where in the tape's `checked` a descriptor is noted. */
#define AD_CHECKED_PLACE(op) (((uintptr_t)(op) >> 6) % AD_CHECKED)

/* Whether the lists among the attributes of a call, which are not NULL, end inside their arrays. */
bool ad_check_lists(ad_tape *t, const ad_operator *op, const ad_attribute *attributes);

/* Puts the tape in error: the call has not as many operands and attributes as the descriptor declares. */
void ad_fail_counts(ad_tape *t, const ad_operator *op, int n, const ad_attribute *attributes);

#endif
