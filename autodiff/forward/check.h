#ifndef AUTODIFF_FORWARD_CHECK_H
#define AUTODIFF_FORWARD_CHECK_H
/* What is asked of a call before it runs. On a failure the tape is in error. */
#include "../tape/tape.h"

/* Whether the descriptor has all its parts, and the call as many operands and attributes as it declares. Rows of the
 * library are right, and one of the user's that has an entry on the tape was checked for it. */
bool ad_check_call(ad_tape *t, const ad_operator *op, int n, const ad_attribute *attributes);

/* Whether the operands have the types that the descriptor asks for. */
bool ad_check_types(ad_call *c);

/* What the descriptor lacks or has too much of. NULL: nothing. */
const char *ad_descriptor_problem(const ad_operator *op);

/* Notes that an entry has a descriptor, which therefore stays as it was checked. */
static inline const ad_operator **ad_checked_place(ad_tape *t, const ad_operator *op)
{
    return &t->checked[((uintptr_t)op >> 6) % AD_CHECKED];
}

#endif
