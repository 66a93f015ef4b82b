#ifndef GRADTAPE_OPERATORS_ARITHMETIC_H
#define GRADTAPE_OPERATORS_ARITHMETIC_H
/* Arithmetic and powers, element by element. Two operands have one type and broadcast. */
#include <gradtape/operator.h>

AD_API ad_tensor ad_add(ad_tensor a, ad_tensor b); /* a + b :  da = dy,  db = dy */
AD_API ad_tensor ad_sub(ad_tensor a, ad_tensor b); /* a - b :  da = dy,  db = -dy */
AD_API ad_tensor ad_mul(ad_tensor a, ad_tensor b); /* a b :  da = b dy,  db = a dy */
AD_API ad_tensor ad_div(ad_tensor a, ad_tensor b); /* a / b :  da = dy / b,  db = -y dy / b */
/* max(a, b) and min(a, b) :  the operand that is chosen takes dy; equal ones take half each. NaN if either is NaN. */
AD_API ad_tensor ad_maximum(ad_tensor a, ad_tensor b);
AD_API ad_tensor ad_minimum(ad_tensor a, ad_tensor b);

AD_API ad_tensor ad_neg(ad_tensor x);                    /* -x :  dx = -dy */
AD_API ad_tensor ad_shift(ad_tensor x, double c);        /* x + c :  dx = dy */
AD_API ad_tensor ad_scale(ad_tensor x, double c);        /* c x :  dx = c dy */
AD_API ad_tensor ad_pow_constant(ad_tensor x, double c); /* x^c :  dx = c x^(c-1) dy; c = 0: 1, with dx = 0 */
AD_API ad_tensor ad_exp(ad_tensor x);                    /* e^x :  dx = y dy */
AD_API ad_tensor ad_log(ad_tensor x);                    /* ln x :  dx = dy / x; -inf at 0, NaN below */
AD_API ad_tensor ad_sqrt(ad_tensor x);                   /* x^(1/2) :  dx = dy / (2 y); NaN below 0 */
AD_API ad_tensor ad_square(ad_tensor x);                 /* x^2 :  dx = 2 x dy */
AD_API ad_tensor ad_abs(ad_tensor x);                    /* |x| :  dx = sign(x) dy, 0 at 0 */

#endif
