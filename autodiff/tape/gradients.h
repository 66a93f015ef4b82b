#ifndef AUTODIFF_GRADIENTS_H
#define AUTODIFF_GRADIENTS_H
/* Gradients, which are links of entries: ids of temporaries in an ordinary walk, of entries of the recording in a
 * differentiable one. */
#include "tape.h"

static inline bool ad_is_temporary(uint32_t id) { return id >> AD_INDEX_BITS == AD_TEMPORARY; }

/* A temporary in the fresh list is recycled with it, when the rule has run. */
static inline void ad_release_gradient(ad_tape *t, uint32_t id)
{
    if (!ad_is_temporary(id))
        return;
    ad_entry *e = ad_entry_at(t, id);
    if (e->value.flags & AD_IS_FRESH)
        e->value.flags &= (uint8_t)~AD_IS_HELD;
    else
        ad_recycle(t, id);
}

static inline void ad_unlink_gradient(ad_tape *t, ad_entry *e)
{
    if (e->link)
        ad_release_gradient(t, e->link);
    e->link = 0;
}

/* Recycles the fresh temporaries that nobody holds. */
static inline void ad_recycle_fresh(ad_tape *t)
{
    for (uint32_t id = t->fresh_list, next; id; id = next) {
        ad_entry *e = ad_entry_at(t, id);
        next = e->link;
        e->link = 0;
        e->value.flags &= (uint8_t)~AD_IS_FRESH;
        if (!(e->value.flags & AD_IS_HELD))
            ad_recycle(t, id);
    }
    t->fresh_list = 0;
}

/* Notes that the entry `owner` of STEP has a gradient after the walk; false if there is no memory. */
bool ad_hold_gradient(ad_tape *t, uint32_t owner);

/* A held temporary with a copy of the value of entry `from`; 0 if there is no memory. */
uint32_t ad_copy_as_temporary(ad_tape *t, uint32_t from);

/* Drops every stored gradient but those of parameters (those too, if `kept`). */
void ad_drop_gradients(ad_tape *t, bool kept);
/* Copies gradients of parameters that are part of the recording, which is about to go. */
void ad_settle_gradients(ad_tape *t);
/* Drops the gradients of the STEP entries from `first` on, and copies those that are such entries. */
void ad_drop_gradients_from(ad_tape *t, uint32_t first);
/* Drops those of inner tensors: what accumulates is the gradients of leaves. */
void ad_drop_inner_gradients(ad_tape *t);

#endif
