#ifndef GRADTAPE_BACKWARD_H
#define GRADTAPE_BACKWARD_H
/* The reverse sweep, and reading gradients. */
#include <gradtape/tensor.h>

/* Zero means the default: no seed, afresh, not recorded, inner gradients recycled. */
typedef struct ad_backward_options {
    ad_tensor seed;      /* dL/dy, with y's shape and type; {0}: 1, for a `y` of one element */
    bool accumulate;     /* adds to the stored gradients of parameters and variables; false: starts afresh */
    bool differentiable; /* records the sweep, so that gradients have gradients, to any order; with `accumulate` only if
                            the stored ones were recorded too (ad_gradient) */
    bool keep;           /* keeps the gradients of inner tensors; false: each is recycled after its rule has run */
} ad_backward_options;

/* Computes the gradient of `loss`, which has one element, with respect to every parameter and variable that it depends
 * on.
 * - Each call starts afresh: earlier gradients are dropped.
 * - Gradients of parameters survive ad_reset.
 * Errors: the loss has not exactly one element, depends on no parameter or variable (then the message says what is a
 * constant), is or depends on a gradient that was not recorded (ad_gradient), or is not valid; the recording is changed
 * or its replay failed (replay.h); a call in a kernel or a rule (operator.h). Gradients are then unchanged. A sweep
 * that fails on its way (memory, a rule) leaves no gradients at all. */
AD_API ad_status ad_backward(ad_tensor loss);

/* Does the same with options. NULL means ad_backward. With the seed v it computes the gradients of sum(v * y).
 * Errors: those of ad_backward; a seed of another shape or type than y (AD_BAD_SHAPE). */
AD_API ad_status ad_backward_with(ad_tensor y, const ad_backward_options *options);

/* Returns whether `x` has a gradient now. Error: `x` is not valid. */
AD_API bool ad_has_gradient(ad_tensor x);

/* Returns the gradient of `x`, a tensor of x's shape and type.
 * - After a differentiable backward the gradient is part of the recording.
 * - Otherwise the gradient is a number that was not recorded. A parameter's lasts until the next backward, any
 *   other until the next backward or reset. It may be an operand of an operator; ad_replay is then an error, because it
 *   cannot compute the gradient again.
 * - A derivative that passes through such a gradient would lack a part: how the gradient depends on what it was
 *   computed from. That is an error of ad_backward, ad_grad and the others (AD_BAD_STATE). Record the gradient
 *   (`differentiable`, or ad_grad), or take ad_detach of it where a constant is meant.
 * - It is the same error where the part is 0, as through ad_sign or ad_scale by 0: the sweep looks at no numbers. An
 *   operator that has no derivative, as ad_greater, ends the way to the gradient like ad_detach.
 * Errors: the gradient was not computed (AD_NO_GRADIENT): that is not 0; `x` is not valid. */
AD_API ad_tensor ad_gradient(ad_tensor x);

#endif
