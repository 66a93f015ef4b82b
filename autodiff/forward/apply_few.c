/* Applying an operator to one, two or three operands: the way that scalars take. It stands apart from apply.c, where it
 * would make the compiler call what is inlined here. */
#include "scalars.h"

/* What is recorded and what is not are compiled apart: this is the shortest way there is. */
ad_tensor ad_apply1(const ad_operator *op, ad_tensor x)
{
    ad_tape *t = x.tape;
    ad_tensor y;
    const bool done = AD_LIKELY(t) && ad_is_map(op, 1) && AD_LIKELY(ad_has_no_attributes(op)) &&
                      ((ad_may_be_scalar(t, true) && ad_apply_scalars(t, op, 1, &x, NULL, true, AD_READY_PLACE, &y)) ||
                       (ad_may_be_scalar(t, false) && ad_apply_scalars(t, op, 1, &x, NULL, false, AD_READY_PLACE, &y)));
    return done ? y : ad_apply_few(op, x, ad_inert(NULL), 1);
}

ad_tensor ad_apply2(const ad_operator *op, ad_tensor a, ad_tensor b)
{
    ad_tape *t = a.tape;
    const ad_tensor x[] = {a, b};
    ad_tensor y;
    const bool done = AD_LIKELY(t) && ad_is_map(op, 2) && AD_LIKELY(ad_has_no_attributes(op)) &&
                      ((ad_may_be_scalar(t, true) && ad_apply_scalars(t, op, 2, x, NULL, true, AD_READY_PLACE, &y)) ||
                       (ad_may_be_scalar(t, false) && ad_apply_scalars(t, op, 2, x, NULL, false, AD_READY_PLACE, &y)));
    return done ? y : ad_apply_few(op, a, b, 2);
}

/* A recorded call of three operands does not fit into an entry. */
ad_tensor ad_apply3(const ad_operator *op, ad_tensor a, ad_tensor b, ad_tensor c)
{
    ad_tape *t = a.tape;
    const ad_tensor x[] = {a, b, c};
    ad_tensor y[AD_MAX_RESULTS];
    if (!t || !ad_is_map(op, 3) || !AD_LIKELY(ad_has_no_attributes(op)) || !ad_may_be_scalar(t, false) ||
        !ad_apply_scalars(t, op, 3, x, NULL, false, AD_READY_PLACE, y))
        ad_apply(t, op, x, 3, NULL, y);
    return y[0];
}
