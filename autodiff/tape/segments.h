#ifndef AUTODIFF_TAPE_SEGMENTS_H
#define AUTODIFF_TAPE_SEGMENTS_H
/* Segments of the recording whose values are dropped. The data of their entries lies in storages of the pool, which
 * ad_extra has. forward/recompute.h computes them again. */
#include <gradtape/segments.h>

#include "tape.h"

static inline ad_segment *ad_segment_at(const ad_tape *t, size_t i) { return (ad_segment *)t->segments.items + i; }

/* The number of the dropped segment that has entry `id`; t->segments.n if there is none. */
size_t ad_dropped_segment_of(const ad_tape *t, uint32_t id);

/* Drops the values of a segment. */
void ad_drop_segment(ad_tape *t, size_t segment);

/* Gives back what segments hold of `n` entries from `id` on, which are about to go. */
void ad_release_storage(ad_tape *t, uint32_t id, uint32_t n);

/* Gives back what segments hold of the entries from `count` on, which are about to go. */
void ad_drop_segments_from(ad_tape *t, uint32_t count);

#endif
