#ifndef AUTODIFF_VERSIONS_H
#define AUTODIFF_VERSIONS_H
/* In-place changes of leaves. A rule that reads a leaf which was changed since its entry was recorded would give a
 * gradient of neither the old values nor the new ones: that is an error. */
#include "tape.h"

/* Whether the entry is a parameter, a state, an input or a variable. */
bool ad_is_leaf(const ad_tape *t, uint32_t id);

/* Must be called before a leaf changes in place by the call `who`; false if it must not, or there is no memory (the
 * tape is then in error). */
bool ad_note_change(ad_tape *t, uint32_t id, const char *who);

/* What was recorded fits the leaves as they are now: nothing is left of a step, or all of it was computed again. */
void ad_forget_changes(ad_tape *t);

/* Whether values are partly old, because the last replay did not come to its end; then the tape is in error. */
bool ad_refuse_partly_old(ad_tape *t, const char *who);

/* The recording is about to have `count` entries only. */
void ad_forget_changes_from(ad_tape *t, uint32_t count);

/* Whether what entry `reader` read in its operand `id` is still there; if not, the tape is in error. */
bool ad_check_unchanged_slowly(ad_tape *t, uint32_t id, uint32_t reader);

static inline bool ad_check_unchanged(ad_tape *t, uint32_t id, uint32_t reader)
{
    return t->n_changes == 0 || ad_check_unchanged_slowly(t, id, reader);
}

/* Whether the running rule, if there is one, may read the values of entry `id`: a rule may ask for the shape of an
 * operand that was changed, but not for its values. If not, the tape is in error. */
bool ad_may_read_slowly(ad_tape *t, uint32_t id);

static inline bool ad_may_read(ad_tape *t, uint32_t id)
{
    return t->n_changes == 0 || !t->rule || ad_may_read_slowly(t, id);
}

#endif
