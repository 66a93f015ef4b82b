#ifndef GRADTAPE_INSPECT_H
#define GRADTAPE_INSPECT_H
/* Looking into a tape. */
#include <gradtape/tensor.h>

/* The operator that made `y` ("tanh"), or "param", "state", "input" or "variable" for a leaf, or
 * "gradient" for what ad_gradient gave; "" on error. */
AD_API const char *ad_made_by(ad_tensor y);

/* How many operands `y` was made from, and which: the i-th as a tensor. An i out of range is AD_BAD_VALUE. */
AD_API int ad_operand_count(ad_tensor y);
AD_API ad_tensor ad_operand(ad_tensor y, int i);

/* The local derivative of `y` by its i-th operand: what that place alone receives from y's rule for a gradient of ones
 * at `y`. For `x + x` each of the two places gets 1. The result is a constant of the operand's shape. Changes no stored
 * gradient. */
AD_API ad_tensor ad_local_gradient(ad_tensor y, int i);

#endif
