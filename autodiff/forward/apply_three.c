/* Applying an operator to three operands. It stands apart from apply.c: there it would make the compiler call what it
 * now inlines into the way of one and two operands, which scalars take most. */
#include "scalars.h"

/* A recorded call of three operands does not fit into an entry. */
ad_tensor ad_apply3(const ad_operator *op, ad_tensor a, ad_tensor b, ad_tensor c)
{
    if (ad_may_be_scalar(a.tape, op, 3, NULL)) {
        ad_scalar_call call = AD_SCALAR_CALL(false);
        ad_span span;
        if (ad_take_scalar(&call, &span, a.tape, a, 0) && ad_take_scalar(&call, &span, a.tape, b, 1) &&
            ad_take_scalar(&call, &span, a.tape, c, 2))
            return ad_run_scalar(&call, &span, a.tape, op, 3, NULL, a.id, b.id);
    }
    ad_tensor y[AD_MAX_RESULTS];
    ad_apply(a.tape, op, (const ad_tensor[]){a, b, c}, 3, NULL, y);
    return y[0];
}
