#ifndef AUTODIFF_FORWARD_SHAPE_RULES_H
#define AUTODIFF_FORWARD_SHAPE_RULES_H
/* What shape rules are made of. On an error they make the call fail. */
#include "../tape/tape.h"

/* Gives result 0 the shape of all operands broadcast together, and a type. There is at least one operand. */
void ad_broadcast_result(ad_call *c, ad_type type);

/* Writes the axes as a bit mask over `rank` axes. Returns false if the call fails. */
bool ad_axes_mask(ad_call *c, const ad_axes *axes, int rank, unsigned *mask);

/* The index of an axis; a negative axis counts from the last. Returns -1 if the axis is out of range. */
int ad_axis_index(ad_call *c, int64_t axis, int rank);

/* The index of a new axis beside `rank` others; a negative one counts from the last. Returns -1 if it is out of range.
 */
int ad_new_axis_index(ad_call *c, int64_t axis, int rank);

#endif
