#ifndef GRADTAPE_OPERATORS_COMPARISONS_H
#define GRADTAPE_OPERATORS_COMPARISONS_H
/* Comparing, choosing and rounding, element by element, broadcasting. */
#include <gradtape/operator.h>

/* ---- Rounding: constant almost everywhere, so dx = 0 ------------------------------------------------------------- */
AD_API ad_tensor ad_sign(ad_tensor x);  /* -1, 0 or 1; NaN of NaN */
AD_API ad_tensor ad_floor(ad_tensor x); /* the largest whole number not above x */
AD_API ad_tensor ad_ceil(ad_tensor x);  /* the smallest whole number not below x */
AD_API ad_tensor ad_round(ad_tensor x); /* the nearest whole number, halves to the even one */

/* x, but at least low and at most high :  dx = dy in [low, high], edges included, else 0. NaN passes. Either bound may
 * be infinite; low above high, or a bound that is NaN, is an error. */
AD_API ad_tensor ad_clamp(ad_tensor x, double low, double high);

/* ---- Comparisons: an i32 tensor of 1 and 0, not differentiable --------------------------------------------------- */
/* Operands a and b are of one type, i32 too. With NaN all are false but not_equal. */
AD_API ad_tensor ad_equal(ad_tensor a, ad_tensor b);
AD_API ad_tensor ad_not_equal(ad_tensor a, ad_tensor b);
AD_API ad_tensor ad_less(ad_tensor a, ad_tensor b);
AD_API ad_tensor ad_less_equal(ad_tensor a, ad_tensor b);
AD_API ad_tensor ad_greater(ad_tensor a, ad_tensor b);
AD_API ad_tensor ad_greater_equal(ad_tensor a, ad_tensor b);
AD_API ad_tensor ad_is_nan(ad_tensor x); /* of f32 or f64, as is_finite */
AD_API ad_tensor ad_is_finite(ad_tensor x);

/* ---- Logic on i32: what is not 0 is true; the result is 1 or 0 --------------------------------------------------- */
AD_API ad_tensor ad_logical_and(ad_tensor a, ad_tensor b);
AD_API ad_tensor ad_logical_or(ad_tensor a, ad_tensor b);
AD_API ad_tensor ad_logical_xor(ad_tensor a, ad_tensor b);
AD_API ad_tensor ad_logical_not(ad_tensor x);

/* a where the i32 condition is not 0, else b, of any one type :  da = dy where chosen, else 0; db the other way. What
 * is not chosen does not count, NaN included. */
AD_API ad_tensor ad_where(ad_tensor condition, ad_tensor a, ad_tensor b);

#endif
