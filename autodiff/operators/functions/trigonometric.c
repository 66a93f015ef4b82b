/* Trigonometric and hyperbolic functions and their inverses, element by element, in radians. */
#include "../family.h"

/* Beyond these e^x and x^2 come near the end of the range, and SLEEF's functions are infinite too early. */
#define LARGE_EXPONENT _Generic((REAL)0, float : 88, double : 709)
#define LARGE_ROOT _Generic((REAL)0, float : 1e18F, double : 1e150)

MAP1_OF(sin, sin)
MAP1_OF(cos, cos)
MAP1_EXCEPT(tan, tan, IS_TINY(x))
MAP1_OF(asin, asin)
MAP1_OF(acos, acos)
MAP1_OF(atan, atan)
MAP1_EXCEPT(sinh, sinh, R(fabs)(x) > LARGE_EXPONENT)
MAP1_EXCEPT(cosh, cosh, R(fabs)(x) > LARGE_EXPONENT)
MAP1_EXCEPT(asinh, asinh, IS_TINY(x) || R(fabs)(x) > LARGE_ROOT)
MAP1_EXCEPT(acosh, acosh, x > LARGE_ROOT)
MAP1_OF(atanh, atanh)
MAP2_EXCEPT(atan2, atan2, false)

#ifndef AD_REAL

AD_FAMILY(functions_trigonometric)

#define BETWEEN(from, to) .low = from, .high = to

/* ---- Trigonometric functions ------------------------------------------------------------------------------------- */

static void sin_vjp(ad_pullback *p) { ad_give(p, 0, ad_mul(ad_cos(ad_x(p, 0)), ad_dy(p))); }

AD_OPERATOR(sin,
    OF_ONE,
    .loops = &sin_loops,
    .vjp = sin_vjp,
    .formula = "sin x",
    .gradient = "cos(x) dy",
);

ad_tensor ad_sin(ad_tensor x) { return ad_apply1(&ad_operator_sin, x); }

static void cos_vjp(ad_pullback *p) { ad_give(p, 0, ad_neg(ad_mul(ad_sin(ad_x(p, 0)), ad_dy(p)))); }

AD_OPERATOR(cos,
    OF_ONE,
    .loops = &cos_loops,
    .vjp = cos_vjp,
    .formula = "cos x",
    .gradient = "-sin(x) dy",
);

ad_tensor ad_cos(ad_tensor x) { return ad_apply1(&ad_operator_cos, x); }

static void tan_vjp(ad_pullback *p) { ad_give(p, 0, ad_mul(ad_shift(ad_square(ad_y(p)), 1), ad_dy(p))); }

AD_OPERATOR(tan,
    OF_ONE,
    .loops = &tan_loops,
    .vjp = tan_vjp,
    .formula = "tan x",
    .gradient = "(1 + y^2) dy",
    .domain = {{BETWEEN(-1.25, 1.25)}},
);

ad_tensor ad_tan(ad_tensor x) { return ad_apply1(&ad_operator_tan, x); }

/* (1 - x^2)^(-1/2), whose factors keep the digits that 1 - x^2 loses near 1 and -1 */
static ad_tensor arc_slope(ad_tensor x) { return ad_mul(ad_rsqrt(ad_shift(ad_neg(x), 1)), ad_rsqrt(ad_shift(x, 1))); }

static void asin_vjp(ad_pullback *p) { ad_give(p, 0, ad_mul(arc_slope(ad_x(p, 0)), ad_dy(p))); }

AD_OPERATOR(asin,
    OF_ONE,
    .loops = &asin_loops,
    .vjp = asin_vjp,
    .formula = "arcsin x",
    .gradient = "dy / sqrt(1 - x^2)",
    .convention = "NaN outside [-1, 1]; the gradient is infinite at its ends",
    .domain = {{BETWEEN(-0.9, 0.9)}},
);

ad_tensor ad_asin(ad_tensor x) { return ad_apply1(&ad_operator_asin, x); }

static void acos_vjp(ad_pullback *p) { ad_give(p, 0, ad_neg(ad_mul(arc_slope(ad_x(p, 0)), ad_dy(p)))); }

AD_OPERATOR(acos,
    OF_ONE,
    .loops = &acos_loops,
    .vjp = acos_vjp,
    .formula = "arccos x",
    .gradient = "-dy / sqrt(1 - x^2)",
    .convention = "NaN outside [-1, 1]; the gradient is infinite at its ends",
    .domain = {{BETWEEN(-0.9, 0.9)}},
);

ad_tensor ad_acos(ad_tensor x) { return ad_apply1(&ad_operator_acos, x); }

static void atan_vjp(ad_pullback *p) { ad_give(p, 0, ad_div(ad_dy(p), ad_shift(ad_square(ad_x(p, 0)), 1))); }

AD_OPERATOR(atan,
    OF_ONE,
    .loops = &atan_loops,
    .vjp = atan_vjp,
    .formula = "arctan x",
    .gradient = "dy / (1 + x^2)",
);

ad_tensor ad_atan(ad_tensor x) { return ad_apply1(&ad_operator_atan, x); }

/* z = the angle of (x, y), r = sqrt(x^2 + y^2) :  dy = (x / r) (dz / r),  dx = -(y / r) (dz / r), where x^2 and r^2
 * might overflow */
static void atan2_vjp(ad_pullback *p)
{
    ad_tensor y = ad_x(p, 0), x = ad_x(p, 1), r = ad_hypot(y, x), dz = ad_divide_or_zero(ad_dy(p), r);
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_mul(ad_divide_or_zero(x, r), dz));
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_neg(ad_mul(ad_divide_or_zero(y, r), dz)));
}

AD_OPERATOR(atan2,
    OF_TWO,
    .loops = &atan2_loops,
    .vjp = atan2_vjp,
    .formula = "the angle of (x, y)",
    .gradient = "x dz / (x^2 + y^2), -y dz / (x^2 + y^2)",
    .convention = "the gradients are 0 at (0, 0)",
    .domain = {{0}, {BETWEEN(0.25, 2)}},
);

ad_tensor ad_atan2(ad_tensor y, ad_tensor x) { return ad_apply2(&ad_operator_atan2, y, x); }

/* ---- Hyperbolic functions ---------------------------------------------------------------------------------------- */

static void sinh_vjp(ad_pullback *p) { ad_give(p, 0, ad_mul(ad_cosh(ad_x(p, 0)), ad_dy(p))); }

AD_OPERATOR(sinh,
    OF_ONE,
    .loops = &sinh_loops,
    .vjp = sinh_vjp,
    .formula = "sinh x",
    .gradient = "cosh(x) dy",
);

ad_tensor ad_sinh(ad_tensor x) { return ad_apply1(&ad_operator_sinh, x); }

static void cosh_vjp(ad_pullback *p) { ad_give(p, 0, ad_mul(ad_sinh(ad_x(p, 0)), ad_dy(p))); }

AD_OPERATOR(cosh,
    OF_ONE,
    .loops = &cosh_loops,
    .vjp = cosh_vjp,
    .formula = "cosh x",
    .gradient = "sinh(x) dy",
);

ad_tensor ad_cosh(ad_tensor x) { return ad_apply1(&ad_operator_cosh, x); }

/* y = arsinh x :  dx = dy / sqrt(x^2 + 1), where x^2 might overflow */
static void asinh_vjp(ad_pullback *p)
{
    ad_tensor x = ad_x(p, 0), one = ad_full(x.tape, ad_type_of(x), AD_SCALAR, 1);
    ad_give(p, 0, ad_div(ad_dy(p), ad_hypot(x, one)));
}

AD_OPERATOR(asinh,
    OF_ONE,
    .loops = &asinh_loops,
    .vjp = asinh_vjp,
    .formula = "arsinh x",
    .gradient = "dy / sqrt(x^2 + 1)",
);

ad_tensor ad_asinh(ad_tensor x) { return ad_apply1(&ad_operator_asinh, x); }

/* y = arcosh x :  dx = dy / sqrt(x^2 - 1), by factors as arcsin */
static void acosh_vjp(ad_pullback *p)
{
    ad_tensor x = ad_x(p, 0);
    ad_give(p, 0, ad_mul(ad_mul(ad_rsqrt(ad_shift(x, -1)), ad_rsqrt(ad_shift(x, 1))), ad_dy(p)));
}

AD_OPERATOR(acosh,
    OF_ONE,
    .loops = &acosh_loops,
    .vjp = acosh_vjp,
    .formula = "arcosh x",
    .gradient = "dy / sqrt(x^2 - 1)",
    .convention = "NaN below 1; the gradient is infinite at 1",
    .domain = {{BETWEEN(1.25, 4)}},
);

ad_tensor ad_acosh(ad_tensor x) { return ad_apply1(&ad_operator_acosh, x); }

/* y = artanh x :  dx = dy / (1 - x^2), by factors as arcsin */
static void atanh_vjp(ad_pullback *p)
{
    ad_tensor x = ad_x(p, 0);
    ad_give(p, 0, ad_div(ad_dy(p), ad_mul(ad_shift(ad_neg(x), 1), ad_shift(x, 1))));
}

AD_OPERATOR(atanh,
    OF_ONE,
    .loops = &atanh_loops,
    .vjp = atanh_vjp,
    .formula = "artanh x",
    .gradient = "dy / (1 - x^2)",
    .convention = "infinite at 1 and -1, NaN outside",
    .domain = {{BETWEEN(-0.9, 0.9)}},
);

ad_tensor ad_atanh(ad_tensor x) { return ad_apply1(&ad_operator_atanh, x); }

#endif
