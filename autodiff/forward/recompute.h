#ifndef AUTODIFF_FORWARD_RECOMPUTE_H
#define AUTODIFF_FORWARD_RECOMPUTE_H
/* Running again what is recorded. On a failure the tape is in error. */
#include "../tape/segments.h"

/* Runs the kernel of the call whose result 0 is entry `id`, on the values that its operands have now. Results keep
 * their places. */
bool ad_recompute(ad_tape *t, uint32_t id);

/* Computes the values of a dropped segment again. On a failure it stays dropped. */
bool ad_recompute_segment(ad_tape *t, size_t segment);

/* Makes room for the values of a dropped segment, which the caller is about to compute. On a failure it stays dropped.
 */
bool ad_allocate_segment(ad_tape *t, size_t segment);

#endif
