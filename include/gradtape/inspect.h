#ifndef GRADTAPE_INSPECT_H
#define GRADTAPE_INSPECT_H
/* Looking into a tape. */
#include <gradtape/tensor.h>

/* Returns the name of the operator that made `y`, for instance "tanh". A leaf gives "param", "state", "input" or
 * "variable". A gradient that was not recorded gives "gradient", a tensor that survived ad_return_to gives "return_to".
 * Error: `y` is not valid; the result is then "". */
AD_API const char *ad_made_by(ad_tensor y);

/* Returns the number of operands that `y` was made from: 0 for a leaf. Error: `y` is not valid. */
AD_API int ad_operand_count(ad_tensor y);

/* Returns the i-th operand that `y` was made from. Errors: `y` is not valid; i is out of range (AD_BAD_VALUE). */
AD_API ad_tensor ad_operand(ad_tensor y, int i);

/* Returns the local derivative of `y` by its i-th operand: what y's rule gives to that place alone when the gradient of
 * `y` is all ones. For `x + x` each of the two places gets 1.
 * - The result is a constant of the operand's shape, like an input: a replay leaves it unchanged.
 * - No stored gradient changes.
 * Errors: the operator or the types have no derivative (AD_NO_GRADIENT); i is out of range; a call in a kernel or a
 * rule (operator.h). */
AD_API ad_tensor ad_local_gradient(ad_tensor y, int i);

/* Turns a check on or off that finds where a NaN or an infinity comes from. While it is on, every result of an operator
 * and every gradient is looked at, and the first number that is not finite puts the tape in error (AD_NOT_FINITE).
 * - The message names the operator, the element, and each operand with its range. In a sweep it also names the operator
 *   whose gradient rule runs.
 * - An input that is not finite is found at the first operator whose result it makes not finite.
 * - The check costs one pass over everything that is computed.
 * Returns the tape's status. */
AD_API ad_status ad_check_finite(ad_tape *tape, ad_switch on);

#endif
