#ifndef AUTODIFF_SEGMENTS_H
#define AUTODIFF_SEGMENTS_H
/* Segments of the recording whose values are dropped and computed again. The data of their entries lies in storages of
 * the pool, which ad_extra holds. */
#include <gradtape/segments.h>

#include "engine.h"

/* The last segment that ends at or before entry `id`; its index in t->segments, or -1. */
static inline ptrdiff_t ad_segment_before(const ad_tape *t, uint32_t id)
{
    ptrdiff_t i = (ptrdiff_t)t->n_segments - 1;
    while (i >= 0 && t->segments[i].last > id)
        i--;
    return i;
}

/* Computes the values of a segment again; false, and the tape is in error, if that fails. */
bool ad_revive_segment(ad_tape *t, ad_stretch *segment);

/* Makes room for the values of a segment, which the caller is about to compute. */
bool ad_furnish_segment(ad_tape *t, ad_stretch *segment);

/* Drops the values of a segment again. */
void ad_drop_segment(ad_tape *t, ad_stretch *segment);

/* Gives back what segments hold of the entries from `count` on, which are about to go. */
void ad_drop_segments_from(ad_tape *t, uint32_t count);

/* A storage for the data of an entry in the open segment; NULL if there is no memory. */
void *ad_segment_data(ad_tape *t, uint32_t id, size_t bytes);

#endif
