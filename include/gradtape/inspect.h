#ifndef GRADTAPE_INSPECT_H
#define GRADTAPE_INSPECT_H
/* Looking into a tape. */
#include <gradtape/tensor.h>

/* The operator that made `y` ("tanh"), or "param", "state", "input" or "variable" for a leaf, or
 * "gradient" for what ad_gradient gave and "rewind" for what ad_rewind kept; "" on error. */
AD_API const char *ad_made_by(ad_tensor y);

/* How many operands `y` was made from, and which: the i-th as a tensor. An i out of range is AD_BAD_VALUE. */
AD_API int ad_operand_count(ad_tensor y);
AD_API ad_tensor ad_operand(ad_tensor y, int i);

/* The local derivative of `y` by its i-th operand: what that place alone receives from y's rule for a gradient of ones
 * at `y`. For `x + x` each of the two places gets 1. The result is a constant of the operand's shape, as an input: a
 * replay leaves it as it is. Changes no stored gradient. Errors: an operator or types without a derivative
 * (AD_NO_GRADIENT); an i out of range; a call in a kernel or a rule (operator.h). */
AD_API ad_tensor ad_local_gradient(ad_tensor y, int i);

/* From now on, until it is turned off, each result of an operator and each gradient is looked at, and the first number
 * that is infinite or NaN puts the tape in error (AD_NOT_FINITE); the message names the operator, forward or in whose
 * gradient rule, the element, and each operand with its range. For finding where a NaN comes from: it costs a pass over
 * all that is computed. Inputs that are not finite are found in the first operator whose result they spoil. */
AD_API ad_status ad_trace_nonfinite(ad_tape *tape, bool on);

#endif
