#ifndef GRADTAPE_OPERATORS_SHAPES_H
#define GRADTAPE_OPERATORS_SHAPES_H
/* Shapes: the same elements in another order or place. */
#include <gradtape/operator.h>

AD_API ad_tensor ad_reshape(ad_tensor x, ad_shape shape); /* same elements, same order; one size may be -1: inferred */
AD_API ad_tensor ad_transpose(ad_tensor x);               /* [..., m, n] to [..., n, m] :  dx = dy transposed */
AD_API ad_tensor ad_broadcast_to(ad_tensor x, ad_shape shape); /* of any type; dx = sum_to(dy, shape of x) */
AD_API ad_tensor ad_sum_to(ad_tensor x, ad_shape shape); /* the adjoint of broadcast_to :  dx = broadcast_to(dy) */
/* dx = dy cast back; none to or from i32, which rounds towards 0: what does not fit, NaN included, is an error */
AD_API ad_tensor ad_cast(ad_tensor x, ad_type type);
AD_API ad_tensor ad_detach(ad_tensor x); /* x, as a constant: no gradient passes */

/* ---- Parts and wholes, of any type ------------------------------------------------------------------------------- */

/* What a slice takes of an axis: start, start + step, ... before stop (after it, if step < 0). Negative start and stop
 * count from the end, and both are cut to the axis, by Python's rules; nothing left is no error. A step of 0 means 1,
 * so that a range of which only start and stop are written is what it looks like. */
typedef struct ad_range {
    int64_t start, stop, step;
} ad_range;
#define AD_END INT64_MAX          /* as stop: to the end */
#define AD_BEGIN (-INT64_MAX - 1) /* as stop of a negative step: to the beginning, that included */

AD_API ad_tensor ad_slice(ad_tensor x, int axis, ad_range range); /* dx = dy in its places, 0 elsewhere */
/* n tensors of one type, with equal sizes but for the axis, one after the other :  each dx is its part of dy. With
 * n < 1, or NULL, there is no tape to say so: the result is inert. */
AD_API ad_tensor ad_concat(const ad_tensor *x, int n, int axis);
/* n tensors of one type and shape along a new axis, 0 to rank or -1 for the last :  each dx is its part of dy */
AD_API ad_tensor ad_stack(const ad_tensor *x, int n, int axis);
/* n equal parts along the axis, into parts[n]; a size that n does not divide is an error. The parts are slices of
 * halves of halves: forward and backward cost about log n copies of x, not n. */
AD_API void ad_split(ad_tensor x, int axis, int n, ad_tensor *parts);
/* before[i] and after[i] elements of `value` around axis i, none of them negative; both lists as long as the rank :
 * dx = the inner part of dy. For i32 `value` must be one. */
AD_API ad_tensor ad_pad(ad_tensor x, ad_shape before, ad_shape after, double value);

/* ---- Order and axes, of any type --------------------------------------------------------------------------------- */

/* Axis i of y is axis order[i] of x; all axes, each once :  dx = dy permuted back */
AD_API ad_tensor ad_permute(ad_tensor x, ad_axes order);
AD_API ad_tensor ad_flip(ad_tensor x, ad_axes axes); /* each of these axes backwards :  dx = flip(dy) */
/* x side by side counts[i] times on axis i, as numpy.tile with as many counts as x has axes; another number of counts
 * is an error :  dx = dy, summed over the copies */
AD_API ad_tensor ad_repeat(ad_tensor x, ad_shape counts);
/* Without these axes, which must have size 1; AD_ALL_AXES: without all of size 1. A view. */
AD_API ad_tensor ad_squeeze(ad_tensor x, ad_axes axes);
AD_API ad_tensor ad_expand_dims(ad_tensor x, int axis); /* with a new axis of size 1 there, as ad_stack's. A view. */

#endif
