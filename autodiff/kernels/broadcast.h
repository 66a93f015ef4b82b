#ifndef AUTODIFF_KERNELS_BROADCAST_H
#define AUTODIFF_KERNELS_BROADCAST_H
/* Loops over several arrays that are broadcast to one index space: the one place that knows how broadcasting is laid
 * out in memory. */
#include "../base/shape.h"
#include "kernel.h"

/* Calls `loop` for runs of the space's elements, in order. Array i has the shape shapes[i], which broadcasts to
 * `space`; its axes of size 1 stay where they are. An array 0 that is narrower than the space is accumulated into: that
 * is how reductions are made. Span fields other than n, array and step are passed on from `span`. */
void ad_broadcast_loop(const ad_shape *space, int n_arrays, const ad_shape *const shapes[],
                       const size_t element_bytes[], ad_loop *loop, ad_span *span);

#endif
