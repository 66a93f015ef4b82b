#ifndef AUTODIFF_TAPE_GRADIENTS_H
#define AUTODIFF_TAPE_GRADIENTS_H
/* Gradients of entries: ids of temporaries in an ordinary sweep, of entries of the recording in a differentiable one.
 */
#include "entries.h"

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
