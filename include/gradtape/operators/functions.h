#ifndef GRADTAPE_OPERATORS_FUNCTIONS_H
#define GRADTAPE_OPERATORS_FUNCTIONS_H
/* Elementary and special functions of real numbers, element by element. Functions of two operands broadcast.
 *
 * Errors of the values, in units in the last place of the exact result, at most. They hold for arrays of four elements
 * or more in a build with SLEEF, over the whole range of both types, denormal and huge numbers included. Infinities and
 * NaN are where they belong. (tests/every_operator/ulp.c has this table, and sweeps the range on each processor.)
 *
 *   0.5    reciprocal
 *   1.0    exp, expm1, exp2, log, log1p, log2, log10, cbrt, sin, cos, tan, asin, acos, atan, acosh, erf, pow, atan2,
 *          hypot
 *   1.1    tanh in f32, asinh, atanh
 *   1.5    erfc, rsqrt
 *   2.0    softplus; sinh and cosh beyond 88 in f32 and 709 in f64, where they are near the largest number; else 1.0
 *   2.5    logistic
 *   3.0    tanh in f64
 *   6.0    lgamma in f64, which is the C library's; 0.6 in f32
 *
 * Without SLEEF, and in arrays of fewer elements, these are the C library's functions, with its errors: at most 4.0 in
 * glibc 2.36, except lgamma. The relative error of digamma and polygamma is below 1e-14 in f64; near their zeros the
 * absolute error is. digamma is within 0.6 units in f32. */
#include <gradtape/operator.h>

/* ---- Trigonometric and hyperbolic functions, in radians ---------------------------------------------------------- */
AD_API ad_tensor ad_sin(ad_tensor x);   /* sin x :  dx = cos(x) dy; NaN at inf and -inf */
AD_API ad_tensor ad_cos(ad_tensor x);   /* cos x :  dx = -sin(x) dy; NaN at inf and -inf */
AD_API ad_tensor ad_tan(ad_tensor x);   /* tan x :  dx = (1 + y^2) dy; NaN at inf and -inf */
AD_API ad_tensor ad_asin(ad_tensor x);  /* arcsin x :  dx = dy / sqrt(1 - x^2); NaN outside [-1, 1] */
AD_API ad_tensor ad_acos(ad_tensor x);  /* arccos x :  dx = -dy / sqrt(1 - x^2); NaN outside [-1, 1] */
AD_API ad_tensor ad_atan(ad_tensor x);  /* arctan x :  dx = dy / (1 + x^2) */
AD_API ad_tensor ad_sinh(ad_tensor x);  /* sinh x :  dx = cosh(x) dy */
AD_API ad_tensor ad_cosh(ad_tensor x);  /* cosh x :  dx = sinh(x) dy */
AD_API ad_tensor ad_asinh(ad_tensor x); /* arsinh x :  dx = dy / sqrt(x^2 + 1) */
AD_API ad_tensor ad_acosh(ad_tensor x); /* arcosh x :  dx = dy / sqrt(x^2 - 1); NaN below 1 */
AD_API ad_tensor ad_atanh(ad_tensor x); /* artanh x :  dx = dy / (1 - x^2); NaN outside [-1, 1] */
/* The angle z of the point (x, y), in (-pi, pi] :  dy = x dz / (x^2 + y^2),  dx = -y dz / (x^2 + y^2), both 0 at the
 * origin. */
AD_API ad_tensor ad_atan2(ad_tensor y, ad_tensor x);

/* ---- Exponentials, logarithms, powers and roots ------------------------------------------------------------------ */
AD_API ad_tensor ad_expm1(ad_tensor x);      /* e^x - 1 :  dx = e^x dy */
AD_API ad_tensor ad_exp2(ad_tensor x);       /* 2^x :  dx = ln(2) y dy */
AD_API ad_tensor ad_log1p(ad_tensor x);      /* ln(1 + x) :  dx = dy / (1 + x); -inf at -1, NaN below */
AD_API ad_tensor ad_log2(ad_tensor x);       /* log2 x :  dx = dy / (x ln 2); -inf at 0, NaN below */
AD_API ad_tensor ad_log10(ad_tensor x);      /* log10 x :  dx = dy / (x ln 10); -inf at 0, NaN below */
AD_API ad_tensor ad_reciprocal(ad_tensor x); /* 1 / x :  dx = -y^2 dy; infinite at 0 */
AD_API ad_tensor ad_rsqrt(ad_tensor x);      /* x^(-1/2) :  dx = -y dy / (2 x); infinite at 0, NaN below */
AD_API ad_tensor ad_cbrt(ad_tensor x);       /* x^(1/3), of negative x too :  dx = dy / (3 y^2) */
/* x^p, both tensors :  dx = p x^(p-1) dy,  dp = ln(x) y dy. Values are those of IEEE 754's pow: 1 where p = 0 or x = 1,
 * even beside NaN; NaN where x < 0 and p is not whole. dx is exactly 0 where p = 0. dp is 0 where x = 0 and p >= 0 (for
 * p > 0 that is the limit; for p = 0 there is none), and NaN where x < 0. */
AD_API ad_tensor ad_pow(ad_tensor x, ad_tensor p);
/* sqrt(a^2 + b^2) without overflow :  da = a dy / y,  db = b dy / y, both 0 where y = 0. It is +inf where a or b
 * is infinite, even beside NaN, as in IEEE 754. */
AD_API ad_tensor ad_hypot(ad_tensor a, ad_tensor b);
/* a - b trunc(a / b), exact, signed as a :  da = dy,  db = -trunc(a / b) dy. NaN where b = 0 or a is infinite. */
AD_API ad_tensor ad_fmod(ad_tensor a, ad_tensor b);
/* ln(e^a + e^b) without overflow :  da = e^(a-y) dy = logistic(a - b) dy,  db = logistic(b - a) dy. Both -inf: -inf,
 * with gradients 0; both +inf: +inf, with gradients dy / 2. */
AD_API ad_tensor ad_logaddexp(ad_tensor a, ad_tensor b);

/* ---- Special functions ------------------------------------------------------------------------------------------- */
/* 2 / sqrt(pi) * integral of e^-t^2, t from 0 to x :  dx = 2 / sqrt(pi) e^-x^2 dy */
AD_API ad_tensor ad_erf(ad_tensor x);
AD_API ad_tensor ad_erfc(ad_tensor x);   /* 1 - erf x :  dx = -2 / sqrt(pi) e^-x^2 dy */
AD_API ad_tensor ad_lgamma(ad_tensor x); /* ln |Gamma(x)| :  dx = digamma(x) dy; +inf at 0, -1, -2, ... */
/* The derivative of lgamma :  dx = polygamma(x, 1) dy. -inf at 0, +inf at -0, NaN at -1, -2, ... and -inf. By
 * Abramowitz and Stegun, Handbook of Mathematical Functions, 6.3.5, 6.3.7 and 6.3.18. */
AD_API ad_tensor ad_digamma(ad_tensor x);
/* The n-th derivative of digamma :  dx = polygamma(x, n + 1) dy. At 0, -1, -2, ... it is +inf for odd n. For even n the
 * two sides differ there: it is -inf at 0, +inf at -0 and NaN at the others. Large n do not overflow unless the result
 * does; from n = 172 on up to 3 more digits are lost. A negative n is an error. By 6.4.7, 6.4.10 and 6.4.11. */
AD_API ad_tensor ad_polygamma(ad_tensor x, int n);

#endif
