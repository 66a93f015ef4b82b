#ifndef GRADTAPE_DIFFERENTIATE_H
#define GRADTAPE_DIFFERENTIATE_H
/* Derivatives as functions of tensors, beside ad_backward.
 *
 * - They differentiate with respect to any tensor of the recording: inputs and inner tensors too. Where no path leads
 *   from x to y the derivative is 0.
 * - Their results are recorded, so that they can be differentiated again, to any order.
 * - They change no stored gradient. Only their results, and what these were made from, stay on the tape; ad_return_to
 *   drops these too.
 * - On an error the tape is in error, all results are inert, and nothing stays on the tape.
 * - The array of results may be the array x.
 *
 * In a kernel or a rule of your own operator, take a position first (ad_position_now, position.h). Inside a rule,
 * differentiate only with respect to tensors that are detached or made after the position. Otherwise the derivative
 * also follows every other path from x.
 *
 * An operator with a raw numeric gradient (operator.h) can be differentiated once. A second derivative, and therefore
 * ad_jvp and ad_hvp, is an error that names it.
 *
 * Errors of all of them: a tensor that is not valid, or not f32 or f64; a v of another shape or type; no x; a recording
 * that is changed or whose replay failed (replay.h); in a kernel or a rule, no position. */
#include <gradtape/tensor.h>

/* Gradients of y, which has one element, with respect to n tensors. dx[i] has the shape and type of x[i].
 * Error: y has not exactly one element. */
AD_API ad_status ad_grad(ad_tensor y, const ad_tensor *x, int n, ad_tensor *dx);

/* Vector-Jacobian product: gradients of sum(v y) with respect to n tensors. v has the shape and type of y, dx[i] those
 * of x[i]. */
AD_API ad_status ad_vjp(ad_tensor y, ad_tensor v, const ad_tensor *x, int n, ad_tensor *dx);

/* Jacobian-vector product: the derivative of y as n tensors x move with the velocities v. v[i] has the shape and type
 * of x[i], the result those of y. It is the derivative of ad_vjp with respect to its v, so it costs two sweeps. */
AD_API ad_tensor ad_jvp(ad_tensor y, const ad_tensor *x, const ad_tensor *v, int n);

/* Hessian-vector product: the derivative of the gradients of y, which has one element, as n tensors x move with the
 * velocities v. hv[i] has the shape and type of x[i] (Pearlmutter 1994). The v count as constants, even if they depend
 * on x. The result can be differentiated with respect to them. */
AD_API ad_status ad_hvp(ad_tensor y, const ad_tensor *x, const ad_tensor *v, int n, ad_tensor *hv);

/* The derivatives of all elements of y with respect to all elements of x. The shape is y's followed by x's; the type is
 * x's. Each row costs one ad_vjp, each column one ad_jvp; the function chooses whichever are fewer. It takes rows if an
 * operator on the path has a raw gradient, or a rule in which a tensor survives ad_return_to. Error: the shape has more
 * than 8 axes. */
AD_API ad_tensor ad_jacobian(ad_tensor y, ad_tensor x);

/* The second derivatives of y, which has one element: the Jacobian of its gradient. The shape is x's twice. */
AD_API ad_tensor ad_hessian(ad_tensor y, ad_tensor x);

#endif
