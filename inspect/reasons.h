#ifndef INSPECT_REASONS_H
#define INSPECT_REASONS_H
/* Why a gradient is 0, or why there is none. */
#include "escape.h"

/* Writes why the gradient of x, which is 0, is 0: "h = relu(x) is flat at -2". It reads the parts of the last sweep
 * once. */
void ad_put_zero_reason(ad_sink *sink, ad_ink ink, ad_tensor x);

/* Whether the last sweep is known to have failed: then it has left parts, but no gradients. It reads the parts once. */
bool ad_sweep_failed(const ad_tape *t);

/* Whether there is a part of the gradient of x. */
bool ad_has_part(ad_tensor x);

/* Whether an entry has x as an operand. It reads the recording once. */
bool ad_is_used(ad_tensor x);

/* Writes why the gradient of x by y was not computed: "y does not depend on x". It reads the recording twice, with a
 * byte for each entry from the tape's allocator. Fails if there is no memory. */
void ad_put_absence_reason(ad_sink *sink, ad_ink ink, ad_tensor y, ad_tensor x);

/* Writes one of these two with the tensor's name before it, as ad_why_zero does: "the gradient of x is 0: .."; of
 * another gradient that it is not 0. y is what the sweep began at. */
void ad_put_why_zero(ad_sink *sink, ad_ink ink, ad_tensor y, ad_tensor x);

#endif
