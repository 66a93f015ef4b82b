#ifndef GRADTAPE_OPERATORS_FUNCTIONS_H
#define GRADTAPE_OPERATORS_FUNCTIONS_H
/* Elementary and special functions of real numbers, element by element. Functions of two operands broadcast. */
#include <gradtape/operator.h>

/* ---- Trigonometric and hyperbolic functions, in radians -----------------------------------------------------------
 */
AD_API ad_tensor ad_sin(ad_tensor x);   /* sin x :  dx = cos(x) dy */
AD_API ad_tensor ad_cos(ad_tensor x);   /* cos x :  dx = -sin(x) dy */
AD_API ad_tensor ad_tan(ad_tensor x);   /* tan x :  dx = (1 + y^2) dy */
AD_API ad_tensor ad_asin(ad_tensor x);  /* arcsin x :  dx = dy / sqrt(1 - x^2); NaN outside [-1, 1] */
AD_API ad_tensor ad_acos(ad_tensor x);  /* arccos x :  dx = -dy / sqrt(1 - x^2); NaN outside [-1, 1] */
AD_API ad_tensor ad_atan(ad_tensor x);  /* arctan x :  dx = dy / (1 + x^2) */
AD_API ad_tensor ad_sinh(ad_tensor x);  /* sinh x :  dx = cosh(x) dy */
AD_API ad_tensor ad_cosh(ad_tensor x);  /* cosh x :  dx = sinh(x) dy */
AD_API ad_tensor ad_asinh(ad_tensor x); /* arsinh x :  dx = dy / sqrt(x^2 + 1) */
AD_API ad_tensor ad_acosh(ad_tensor x); /* arcosh x :  dx = dy / sqrt(x^2 - 1); NaN below 1 */
AD_API ad_tensor ad_atanh(ad_tensor x); /* artanh x :  dx = dy / (1 - x^2); NaN outside [-1, 1] */
/* The angle of the point (x, y) :  dy = x dz / (x^2 + y^2),  dx = -y dz / (x^2 + y^2) */
AD_API ad_tensor ad_atan2(ad_tensor y, ad_tensor x);

/* ---- Exponentials, logarithms, powers and roots -------------------------------------------------------------------
 */
AD_API ad_tensor ad_expm1(ad_tensor x);      /* e^x - 1 :  dx = (y + 1) dy */
AD_API ad_tensor ad_exp2(ad_tensor x);       /* 2^x :  dx = ln(2) y dy */
AD_API ad_tensor ad_log1p(ad_tensor x);      /* ln(1 + x) :  dx = dy / (1 + x) */
AD_API ad_tensor ad_log2(ad_tensor x);       /* log2 x :  dx = dy / (x ln 2) */
AD_API ad_tensor ad_log10(ad_tensor x);      /* log10 x :  dx = dy / (x ln 10) */
AD_API ad_tensor ad_reciprocal(ad_tensor x); /* 1 / x :  dx = -y^2 dy */
AD_API ad_tensor ad_rsqrt(ad_tensor x);      /* x^(-1/2) :  dx = -y dy / (2 x) */
AD_API ad_tensor ad_cbrt(ad_tensor x);       /* x^(1/3), of negative x too :  dx = dy / (3 y^2) */
/* x^p, both tensors :  dx = p x^(p-1) dy,  dp = ln(x) y dy, which is 0 where x = 0 and p > 0 */
AD_API ad_tensor ad_pow(ad_tensor x, ad_tensor p);
/* sqrt(a^2 + b^2) without overflow :  da = a dy / y,  db = b dy / y, both 0 where y = 0 */
AD_API ad_tensor ad_hypot(ad_tensor a, ad_tensor b);
/* a - b trunc(a / b), with the sign of a :  da = dy,  db = -trunc(a / b) dy */
AD_API ad_tensor ad_fmod(ad_tensor a, ad_tensor b);
/* ln(e^a + e^b) :  da = e^(a-y) dy,  db = e^(b-y) dy; both -inf: -inf, with gradients 0 */
AD_API ad_tensor ad_logaddexp(ad_tensor a, ad_tensor b);

/* ---- Special functions --------------------------------------------------------------------------------------------
 */
AD_API ad_tensor
ad_erf(ad_tensor x); /* 2 / sqrt(pi) * integral of e^-t^2, t from 0 to x :  dx = 2 / sqrt(pi) e^-x^2 dy */
AD_API ad_tensor ad_erfc(ad_tensor x);    /* 1 - erf x :  dx = -2 / sqrt(pi) e^-x^2 dy */
AD_API ad_tensor ad_lgamma(ad_tensor x);  /* ln |Gamma(x)| :  dx = digamma(x) dy */
AD_API ad_tensor ad_digamma(ad_tensor x); /* the derivative of lgamma :  dx = polygamma(x, 1) dy */
/* The derivative of digamma, n times, n >= 0 :  dx = polygamma(x, n + 1) dy */
AD_API ad_tensor ad_polygamma(ad_tensor x, int n);

#endif
