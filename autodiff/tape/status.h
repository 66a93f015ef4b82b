#ifndef AUTODIFF_TAPE_STATUS_H
#define AUTODIFF_TAPE_STATUS_H
/* Errors that many calls have in common. */
#include "tape.h"

/* Puts the tape in error: `who` found no memory. Returns the tape's status. */
ad_status ad_fail_memory(ad_tape *t, const char *who);

/* Whether rank and sizes are legal and `bytes` an element fit in memory. If not, the tape is in error and the message
 * begins with `who`. */
bool ad_check_shape(ad_tape *t, const char *who, const ad_shape *shape, size_t bytes);

/* The status that a call returns after an error: the tape's, or AD_BAD_HANDLE where there is no tape or none was set.
 */
static inline ad_status ad_status_after(const ad_tape *t)
{
    return t && t->status != AD_OK ? t->status : AD_BAD_HANDLE;
}

#endif
