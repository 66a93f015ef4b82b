#ifndef AUTODIFF_FORWARD_CALL_H
#define AUTODIFF_FORWARD_CALL_H
/* A call while it runs: what its shape rule and its kernel see, and what the engine must know beside it. */
#include "../tape/frames.h"

typedef struct ad_running_call {
    ad_call call;
    ad_frame frame;
    const uint32_t *x_ids;          /* ids of the operands */
    uint32_t y_ids[AD_MAX_RESULTS]; /* ids of the results; 0: not given yet */
    ad_value *y[AD_MAX_RESULTS];
    ad_storage *scratch; /* the kernel's, each leads to the next */
} ad_running_call;

/* Fills in a call. Its operands' values are `x`, which may be filled in later. */
void ad_begin_call(ad_running_call *r, ad_tape *t, const ad_operator *op, const ad_attribute *attributes, int n_x,
                   int n_y, ad_value *const *x);

/* Runs the shape rule: the recording, or the rule that runs, gets the results and nothing else. Returns false, and the
 * tape is in error, if the rule does otherwise. */
bool ad_run_shape_rule(ad_running_call *r);

/* Runs the kernel, and gives its scratch back. What it records is dropped. Returns false if the tape is in error. */
bool ad_run_kernel(ad_running_call *r);

#endif
