#ifndef AUTODIFF_REVERSE_PART_RULES_H
#define AUTODIFF_REVERSE_PART_RULES_H
/* Gradient rules as data: for each operand the one operator whose result is its part, and what that is applied to. The
 * rule of a row that has them is made from them: its .vjp is ad_give_parts. In an ordinary sweep over scalars the same
 * data give the numbers at once, without tensors for the parts (scalar_parts.h).
 *
 * Such an operator has one result, its operands are of one type, and its only attribute is a real number, if it has
 * any. The operator of a part is element-wise too. Where that has an attribute, it is the call's own. */
#include "pullback.h"

/* What the operator of a part is applied to. */
typedef enum ad_part_operand { AD_DY, AD_Y, AD_X0, AD_X1, AD_X2, AD_PART_OPERANDS } ad_part_operand;

enum { AD_PART_ARITY = 3 };

struct ad_part_rule {
    const ad_operator *op; /* NULL: the part is dy itself */
    ad_part_operand of[AD_PART_ARITY];
};

/* The gradient rule of all rows with .parts. */
void ad_give_parts(ad_pullback *p);

#endif
