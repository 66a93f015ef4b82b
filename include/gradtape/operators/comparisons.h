#ifndef GRADTAPE_OPERATORS_COMPARISONS_H
#define GRADTAPE_OPERATORS_COMPARISONS_H
/* Rounding, comparing and choosing, element by element. Operands broadcast. */
#include <gradtape/operator.h>

/* ---- Rounding: constant almost everywhere, so dx = 0 ------------------------------------------------------------- */
AD_API ad_tensor ad_sign(ad_tensor x);  /* -1, 0 or 1; NaN of NaN */
AD_API ad_tensor ad_floor(ad_tensor x); /* the largest whole number not above x */
AD_API ad_tensor ad_ceil(ad_tensor x);  /* the smallest whole number not below x */
AD_API ad_tensor ad_round(ad_tensor x); /* the nearest whole number, halves to the even one */

/* low where x < low, high where x > high, else x :  dx = dy in [low, high], edges included, else 0. NaN passes. A bound
 * may be infinite. A bound that is NaN, or low above high, is an error. */
AD_API ad_tensor ad_clamp(ad_tensor x, double low, double high);

/* ---- Comparisons: an i32 tensor of 1 and 0, not differentiable --------------------------------------------------- */
/* The operands a and b have one type, which may be i32. With a NaN ad_not_equal is true and all others are false. */
AD_API ad_tensor ad_equal(ad_tensor a, ad_tensor b);
AD_API ad_tensor ad_not_equal(ad_tensor a, ad_tensor b);
AD_API ad_tensor ad_less(ad_tensor a, ad_tensor b);
AD_API ad_tensor ad_less_equal(ad_tensor a, ad_tensor b);
AD_API ad_tensor ad_greater(ad_tensor a, ad_tensor b);
AD_API ad_tensor ad_greater_equal(ad_tensor a, ad_tensor b);
AD_API ad_tensor ad_is_nan(ad_tensor x);    /* x is f32 or f64 */
AD_API ad_tensor ad_is_finite(ad_tensor x); /* x is f32 or f64; NaN is not finite */

/* ---- Logic on i32: any number except 0 is true; the result is 1 or 0, not differentiable ------------------------- */
/* a and b; a or b; exactly one of them; not x. Operands are i32 and broadcast; the result is i32, not differentiable.
 * Error: an operand of another type. */
AD_API ad_tensor ad_logical_and(ad_tensor a, ad_tensor b);
AD_API ad_tensor ad_logical_or(ad_tensor a, ad_tensor b);
AD_API ad_tensor ad_logical_xor(ad_tensor a, ad_tensor b);
AD_API ad_tensor ad_logical_not(ad_tensor x);

/* a where the condition is not 0, else b :  da = dy where a is chosen, else 0;  db = dy where b is chosen, else 0. The
 * condition is i32; a and b have one type, any. An element that is not chosen has no influence, not even NaN. */
AD_API ad_tensor ad_where(ad_tensor condition, ad_tensor a, ad_tensor b);

#endif
