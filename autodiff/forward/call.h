#ifndef AUTODIFF_FORWARD_CALL_H
#define AUTODIFF_FORWARD_CALL_H
/* A call while it runs: what its shape rule and its kernel see, and what the engine must know beside it. */
#include "../tape/frames.h"

/* The operands that a call has room for on the stack. */
enum { AD_FEW_OPERANDS = 8 };

typedef struct ad_running_call {
    ad_call call;
    ad_frame frame;
    const uint32_t *x_ids;          /* ids of the operands; NULL where the call is recomputed */
    uint32_t y_ids[AD_MAX_RESULTS]; /* ids of the results; 0: not given yet */
    ad_value *y[AD_MAX_RESULTS];
    ad_storage *scratch; /* the kernel's, each leads to the next */
} ad_running_call;

/* Begins a call, whose results are not given yet. `call` lacks y and frame. What is left unset is not read before it is
 * set: clearing all would take longer than many a kernel. */
static inline void ad_begin_call(ad_running_call *r, const ad_call *call, const uint32_t *x_ids)
{
    r->call = *call;
    r->call.y = r->y;
    r->call.frame = r;
    r->frame.id = 0;
    r->x_ids = x_ids;
    for (int j = 0; j < call->n_y; j++) {
        r->y_ids[j] = 0;
        r->y[j] = NULL;
    }
    r->scratch = NULL;
}

/* Ends what a shape rule may do; the frame goes on as the kernel's. `positions` is the tape's count before the rule
 * ran. A rule that records anything except its results puts the tape in error. Returns false if the tape is in error.
 */
bool ad_end_shape_rule(ad_running_call *r, uint64_t positions);

/* Ends the frame of a kernel: gives its scratch back and drops what it recorded. Returns false if the tape is in error.
 */
bool ad_end_kernel(ad_running_call *r);

#endif
