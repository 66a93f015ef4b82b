#ifndef AUTODIFF_SEGMENTS_H
#define AUTODIFF_SEGMENTS_H
/* Segments of the recording whose values are dropped and computed again. The data of their entries lies in storages of
 * the pool, which ad_extra holds. */
#include <gradtape/segments.h>

#include "tape.h"

/* A handle of a dropped entry has the wrong generation, so that looking for valid handles costs nothing more. */
#define AD_OTHER_GENERATION UINT32_C(0x80000000)

/* The segment that has entry `id` and is dropped, its place in t->segments; n_segments if there is none. */
size_t ad_dropped_segment_of(const ad_tape *t, uint32_t id);

/* The handle that the caller had of an entry, which is dropped perhaps. */
ad_tensor ad_handle_as_recorded(ad_tape *t, uint32_t id);

/* Computes the values of a segment again; false, and the tape is in error, if that fails. It is then dropped. */
bool ad_revive_segment(ad_tape *t, size_t segment);

/* Makes room for the values of a segment, which the caller is about to compute; false as above. */
bool ad_furnish_segment(ad_tape *t, size_t segment);

/* Drops the values of a segment again. */
void ad_drop_segment(ad_tape *t, size_t segment);

/* Gives back what segments hold of `n` entries from `id` on, which are about to go. */
void ad_give_back(ad_tape *t, uint32_t id, uint32_t n);

/* Gives back what segments hold of the entries from `count` on, which are about to go. */
void ad_drop_segments_from(ad_tape *t, uint32_t count);

/* A storage for the data of an entry in the open segment; NULL if there is no memory. */
void *ad_segment_data(ad_tape *t, uint32_t id, size_t bytes);

#endif
