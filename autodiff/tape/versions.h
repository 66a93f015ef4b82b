#ifndef AUTODIFF_TAPE_VERSIONS_H
#define AUTODIFF_TAPE_VERSIONS_H
/* In-place changes of leaves. A rule that reads a leaf which was changed since its entry was recorded would give a
 * gradient of neither the old values nor the new ones: that is an error. */
#include "tape.h"

/* Notes that the call `who` is about to change a leaf in place. Returns false if it must not, or there is no memory
 * (the tape is then in error). */
bool ad_note_change(ad_tape *t, uint32_t id, const char *who);

/* Counts a change of a leaf that is allowed. The list of changes has room. */
void ad_count_change(ad_tape *t, uint32_t id);

/* Forgets the list of changes: after a reset or a complete replay nothing recorded is out of date. */
void ad_forget_changes(ad_tape *t);

/* The same for a recording that is about to have `count` entries only. */
void ad_forget_changes_from(ad_tape *t, uint32_t count);

/* Whether what entry `reader` read in its operand `id` is still there. If not, the tape is in error. */
bool ad_check_unchanged_slowly(ad_tape *t, uint32_t id, uint32_t reader);

static inline bool ad_check_unchanged(ad_tape *t, uint32_t id, uint32_t reader)
{
    return t->changes.n == 0 || ad_check_unchanged_slowly(t, id, reader);
}

/* Whether the gradient rule that runs, if one does, may read the values of entry `id`: it may ask for the shape of an
 * operand that was changed, but not for its values. If not, the tape is in error. */
bool ad_may_read_slowly(ad_tape *t, uint32_t id);

static inline bool ad_may_read(ad_tape *t, uint32_t id)
{
    return t->changes.n == 0 || !t->frame || ad_may_read_slowly(t, id);
}

#endif
