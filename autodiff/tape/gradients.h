#ifndef AUTODIFF_TAPE_GRADIENTS_H
#define AUTODIFF_TAPE_GRADIENTS_H
/* Gradients of entries: ids of temporaries in an ordinary sweep, of entries of the recording in a differentiable one.
 */
#include "entries.h"

/* Gives back a gradient. One that is still in the list of the fresh is recycled with it, when the rule has run. */
static inline void ad_release_gradient(ad_tape *t, uint32_t id)
{
    if (!ad_is_temporary(id))
        return;
    ad_entry *e = ad_entry_at(t, id);
    if (e->value.flags & AD_IS_FRESH)
        e->value.flags &= (uint8_t)~AD_IS_GRADIENT;
    else
        ad_recycle(t, e, id);
}

static inline void ad_drop_gradient(ad_tape *t, ad_entry *e)
{
    if (e->gradient)
        ad_release_gradient(t, e->gradient);
    e->gradient = 0;
}

/* Notes that the entry `owner` of STEP has a gradient after the sweep. Returns false if there is no memory. */
bool ad_keep_gradient(ad_tape *t, uint32_t owner);

/* Drops the stored gradients of STEP's entries; those of parameters too if `persistent`. */
void ad_drop_gradients(ad_tape *t, bool persistent);

/* Copies the gradients of parameters that are part of the recording, which is about to go. */
void ad_settle_gradients(ad_tape *t);

/* Drops the gradients of the STEP entries from `first` on, and copies those that are such entries. */
void ad_drop_gradients_from(ad_tape *t, uint32_t first);

/* Drops the gradients of inner tensors: only those of leaves accumulate. */
void ad_drop_inner_gradients(ad_tape *t);

#endif
