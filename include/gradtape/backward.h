#ifndef GRADTAPE_BACKWARD_H
#define GRADTAPE_BACKWARD_H
/* The reverse walk, and reading gradients. */
#include <gradtape/tensor.h>

typedef struct ad_backward_options {
    ad_tensor seed;      /* dL/dy for a `y` of more elements than one: its shape and type; {0}: 1, for a `y` of one */
    bool accumulate;     /* add to the gradients that parameters and variables have, instead of starting afresh */
    bool differentiable; /* record the walk, so that gradients can be differentiated again, to any order */
    bool keep;           /* keep the gradients of inner tensors too; else they are recycled when their rule has run */
} ad_backward_options;

/* Computes the gradient of `loss`, of one element, with respect to every parameter and variable that it depends on.
 * Each call starts afresh: earlier gradients are dropped. Gradients of parameters survive ad_reset.
 * Errors: a loss of more or fewer elements, that depends on no parameter or variable, or that is not valid; a call in a
 * kernel or a rule (operator.h); then gradients are as they were. A walk that fails on its way (memory, a rule) leaves
 * no gradients at all. */
AD_API ad_status ad_backward(ad_tensor loss);

/* The same with options; NULL means ad_backward. With a seed v, gradients are those of the sum of v * y; a
 * seed of another shape or type than y is AD_BAD_SHAPE. */
AD_API ad_status ad_backward_with(ad_tensor y, const ad_backward_options *options);

/* Whether `x` has a gradient now; a tensor that is not valid is an error. */
AD_API bool ad_has_gradient(ad_tensor x);

/* The gradient of `x`: a tensor of its shape and type. Not computed is an error (AD_NO_GRADIENT), not 0. After a
 * differentiable backward it is part of the recording; otherwise it is a number that lasts until the next backward (of
 * a parameter) or until reset (of another tensor), and enters an operator as a constant, which ad_replay cannot compute
 * again. */
AD_API ad_tensor ad_gradient(ad_tensor x);

#endif
