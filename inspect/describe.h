#ifndef INSPECT_DESCRIBE_H
#define INSPECT_DESCRIBE_H
/* What text says of a tensor: values, shapes, calls, derivatives. */
#include "escape.h"
#include "values.h"

/* The digits of numbers of a type: all, or 6; of a whole number all. */
int ad_digits_of(ad_type type, bool exact);

/* "1st", "2nd", from i = 0 on. */
void ad_put_ordinal(ad_sink *sink, int i);

/* "[1, 0]": where element k of a shape is. Nothing for a scalar. */
void ad_put_index(ad_sink *sink, const ad_shape *shape, size_t k);

/* Up to 8 numbers, rows parted by "; " and matrices by " | "; of more the range; the norm if they were not copied. */
void ad_put_values(ad_sink *sink, const ad_numbers *numbers, bool exact);

/* "-1 to 2", "-1 to 2, 3 not finite", "all 0"; "about 0.5" if the ends differ in no digit that is shown. */
void ad_put_range(ad_sink *sink, const ad_numbers *numbers, bool exact);

/* "changed since, now 3": says of a value after a change that the recording used it, or that it did not. */
void ad_put_change(ad_sink *sink, ad_tensor x, ad_value_state state, bool exact);

/* "tanh", "scale 0.02", "linear tanh", "sort, 2nd" */
void ad_put_made_by(ad_sink *sink, ad_ink ink, ad_tensor y);

/* "s, x", or "#3, k0"; of many operands the first, and their number. */
void ad_put_operands(ad_sink *sink, ad_ink ink, ad_tensor y);
void ad_put_operand_numbers(ad_sink *sink, ad_tensor y);

/* "p = mul(s, x)" */
void ad_put_call(ad_sink *sink, ad_ink ink, ad_tensor y);

/* "dx"; "d(layer1/weights)" */
void ad_put_differential(ad_sink *sink, ad_ink ink, ad_tensor x);

/* What the rule of y's call gives to its operands: "dx = dz W', dW = x' dz, db = sum of dz", or its row's words. */
void ad_put_rule(ad_sink *sink, ad_ink ink, ad_tensor y);

/* What one operand gets, where the row of the operator has words for it: "x' dz". */
void ad_put_operand_gradient(ad_sink *sink, ad_ink ink, ad_tensor y, int i);

/* The local derivatives of a call of one element by each operand, where a watched tape kept them; else its rule. */
void ad_put_locals(ad_sink *sink, ad_ink ink, ad_tensor y, bool exact);

#endif
