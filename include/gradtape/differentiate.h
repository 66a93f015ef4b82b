#ifndef GRADTAPE_DIFFERENTIATE_H
#define GRADTAPE_DIFFERENTIATE_H
/* Ways to differentiate beside ad_backward: as functions of tensors.
 *
 * They take derivatives by any tensor of the recording, inputs and inner tensors too; where no path leads, these are
 * zeros. Their results are recorded, so that they can be differentiated again, to any order. They change no stored
 * gradient, and of what they record only their results and what these were made from stays on the tape; ad_rewind drops
 * that too. On an error, and then the tape is in error, all results are inert and nothing stays. The room for results
 * may be the array x. In the kernel or the rule of your own operator they need a mark (ad_mark_now), and what such a
 * rule differentiates by has to be detached or made since the mark: derivatives are total, so that by x they go through
 * all that was made from x.
 *
 * An operator with a raw numeric gradient (operator.h) can be differentiated once: what needs it twice, such as ad_jvp
 * and ad_hvp, is an error that names it. */
#include <gradtape/tensor.h>

/* The gradients of y, of one element, by n tensors: dx[i] of the shape and type of x[i]. Errors: a y of more or fewer
 * elements, or not of f32 or f64; an x that is i32 or not valid. */
AD_API ad_status ad_grad(ad_tensor y, const ad_tensor *x, int n, ad_tensor *dx);

/* Vector-Jacobian product: the gradients of sum(v y) by n tensors, v of the shape and type of y. */
AD_API ad_status ad_vjp(ad_tensor y, ad_tensor v, const ad_tensor *x, int n, ad_tensor *dx);

/* Jacobian-vector product: the derivative of y as n tensors x move with the velocities v, each v[i] of the shape and
 * type of x[i]. Of the shape and type of y. It is the derivative of ad_vjp by its v, so it costs two walks. */
AD_API ad_tensor ad_jvp(ad_tensor y, const ad_tensor *x, const ad_tensor *v, int n);

/* Hessian-vector product: the derivative of the gradients of y, of one element, as the x move with the velocities v;
 * hv[i] is of the shape and type of x[i] (Pearlmutter 1994). The v count as constants here, also where they depend on
 * the x; but the result can be differentiated by them. */
AD_API ad_status ad_hvp(ad_tensor y, const ad_tensor *x, const ad_tensor *v, int n, ad_tensor *hv);

/* The matrix of derivatives of all elements of y by all of x, in the shape of y followed by that of x, and of x's type.
 * A row is one ad_vjp, a column one ad_jvp: it takes whichever are fewer, but rows where an operator on the way has a
 * raw gradient, or a rule that carries values out of a mark. Errors: a shape of more than 8 axes. */
AD_API ad_tensor ad_jacobian(ad_tensor y, ad_tensor x);

/* The second derivatives of y, of one element: the Jacobian of its gradient, in the shape of x twice. */
AD_API ad_tensor ad_hessian(ad_tensor y, ad_tensor x);

#endif
