#ifndef AUTODIFF_OPERATORS_ALONG_AXIS_H
#define AUTODIFF_OPERATORS_ALONG_AXIS_H
/* What operators along one axis share: scans, sorting, softmax. In their rows the attribute `axis` comes first. */
#include "family.h"

#ifndef AD_REAL

/* The shape rule of what has an axis as its attribute 0, and operands of one shape, which is also the result's. */
void ad_along_axis_shape(ad_call *c);

/* For results that are places along the axis: the axis, if an i32 can count its elements; the shape rules of such
 * rows. */
int ad_countable_axis(ad_call *c);
void ad_countable_axis_shape(ad_call *c, ad_type type);

/* Calls a loop once with size {m, n, k}, where n is the axis, on the result, operand 0 and another array; the span's n
 * is 1 where it goes backwards. Not called if there are no elements. */
void ad_run_along(ad_call *c, const ad_loops *loops, void *other, bool backwards, double constant);

static inline int ad_axis_of(const ad_pullback *p) { return (int)ad_attribute_at(p, 0)->integer; }

#define ALONG_AXIS .attributes = {{"axis", AD_ATTRIBUTE_INTEGER}}, .shape = ad_along_axis_shape

extern const ad_sample ad_samples_along_axis[4];

static inline ad_tensor ad_along(const ad_operator *op, ad_tensor x, int axis)
{
    return ad_apply_one(op, &x, 1, &(ad_attribute){.integer = axis});
}

#endif
#endif
