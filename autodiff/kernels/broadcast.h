#ifndef AUTODIFF_WALK_H
#define AUTODIFF_WALK_H
/* Walking several arrays over one index space: the one place that knows how broadcasting is laid out in memory. */
#include "../tape/tape.h"
#include "kernel.h"

/* Calls `loop` for runs of the space's elements, in order. Array i has the shape shapes[i], which broadcasts to
 * `space`, and its axes of size 1 stay where they are: an array 0 that is narrower than the space is accumulated into,
 * which is how reductions are made. Span fields other than n, array and step are passed on from `span`. */
void ad_walk(const ad_shape *space, int n_arrays, const ad_shape *const shapes[], const size_t element_bytes[],
             ad_loop *loop, ad_span *span);

/* A loop over all operands, each of its own type, broadcast to result 0. A first attribute that is a real number is the
 * span's constant. */
void ad_map_by(ad_call *c, ad_loop *loop);

/* The kernel of all AD_ELEMENTWISE rows: the same by the row's loop for the type of the result. */
void ad_map(ad_call *c);

/* sum += g, of the same shape and type; in operators/arithmetic.c. */
void ad_accumulate(const ad_tape *t, ad_value *sum, const ad_value *g);

/* The loop of a table for the type of a value and the tape's processor. */
static inline ad_loop *ad_loop_for(const ad_loops *loops, const ad_call *c, uint8_t type)
{
    return loops->of[type][c->tape->processor];
}

#endif
