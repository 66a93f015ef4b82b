#ifndef GRADTAPE_OPERATORS_SHAPES_H
#define GRADTAPE_OPERATORS_SHAPES_H
/* Shapes: the same elements under another shape, in another order or place, or of another type. Operands are of any
 * type unless a comment says otherwise. An axis that does not exist, or a shape that does not fit, is an error. */
#include <gradtape/operator.h>

AD_API ad_tensor ad_reshape(ad_tensor x, ad_shape shape); /* a view; one size may be -1: inferred :  dx = dy reshaped */
AD_API ad_tensor ad_transpose(ad_tensor x);               /* [..., m, n] to [..., n, m] :  dx = dy transposed */
AD_API ad_tensor ad_broadcast_to(ad_tensor x, ad_shape shape); /* x broadcast :  dx = sum_to(dy, shape of x) */
/* The adjoint of ad_broadcast_to, f32 or f64: x summed over the axes in which `shape` was broadcast :
 * dx = broadcast_to(dy) */
AD_API ad_tensor ad_sum_to(ad_tensor x, ad_shape shape);
/* x with another type :  dx = dy cast back; no gradient passes to or from i32. A cast to i32 rounds towards 0; a number
 * that does not fit, or NaN, is an error. */
AD_API ad_tensor ad_cast(ad_tensor x, ad_type type);
AD_API ad_tensor ad_detach(ad_tensor x); /* x as a constant, a view: no gradient passes */

/* ---- Parts and wholes -------------------------------------------------------------------------------------------- */

/* Which places of an axis a slice takes: start, start + step, ..., as long as they are before stop, or after stop if
 * step < 0. By Python's rules, a negative start or stop counts from the end, and both are cut to the axis; an empty
 * slice is no error. A step of 0 means 1, so that {start, stop} is a range. */
typedef struct ad_range {
    int64_t start, stop, step;
} ad_range;
#define AD_END INT64_MAX          /* as stop: to the last place */
#define AD_BEGIN (-INT64_MAX - 1) /* as stop of a negative step: to place 0 */

AD_API ad_tensor ad_slice(ad_tensor x, int axis, ad_range range); /* x[range] :  dx = dy in its places, else 0 */
/* n tensors of one type, one after the other along the axis; their other sizes are equal :  each dx is its part of dy.
 * If n < 1, or x is NULL, there is no tape that could hold an error: the result is inert, as that of ad_stack is. */
AD_API ad_tensor ad_concat(const ad_tensor *x, int n, int axis);
/* n tensors of one type and shape along a new axis, 0 to rank or -1 for the last :  each dx is its part of dy */
AD_API ad_tensor ad_stack(const ad_tensor *x, int n, int axis);
/* n equal parts along the axis, into parts[n] :  dx = the dy of the parts, joined. A size that n does not divide is an
 * error. The parts are slices of halves of halves: forward and backward cost about log n copies of x, not n. */
AD_API void ad_split(ad_tensor x, int axis, int n, ad_tensor *parts);
/* x with before[i] elements of `value` before it and after[i] after it on axis i :  dx = the inner part of dy. A list
 * that is not as long as the rank, a negative count, or a value that an i32 cannot hold for i32, is an error. */
AD_API ad_tensor ad_pad(ad_tensor x, ad_shape before, ad_shape after, double value);

/* ---- Order and axes ---------------------------------------------------------------------------------------------- */

/* Axis i of y is axis order[i] of x :  dx = dy permuted back. An order that leaves out an axis or
 * names one twice is an error. */
AD_API ad_tensor ad_permute(ad_tensor x, ad_axes order);
AD_API ad_tensor ad_flip(ad_tensor x, ad_axes axes); /* x backwards along the axes :  dx = flip(dy) */
/* counts[i] copies of x side by side on axis i, as numpy.tile :  dx = dy, summed over the copies. Another number
 * of counts than of axes is an error. */
AD_API ad_tensor ad_repeat(ad_tensor x, ad_shape counts);
/* x without these axes, which must have size 1; AD_ALL_AXES: without every axis of size 1. A view. */
AD_API ad_tensor ad_squeeze(ad_tensor x, ad_axes axes);
AD_API ad_tensor ad_expand_dims(ad_tensor x, int axis); /* x with a new axis of size 1 there, 0 to rank or -1; a view */

#endif
