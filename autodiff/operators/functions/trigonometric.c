/* Trigonometric and hyperbolic functions and their inverses, element by element, in radians. */
#include "../family.h"

#include "../../kernels/range.h"

/* Beyond these bounds e^x and x^2 are near the largest number, and SLEEF's functions become infinite too early. */
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
MAP1(one_minus_square, (1 - x) * (1 + x))
MAP3_IN_RANGE(atan2_backward, a *a + b * b, ((a == 0) & (b == 0)) ? 0 : (v *a) / q,
              ((a != 0) | (b != 0)) & (is_lost(q) | ((a != 0) & (v != 0) & is_lost(v * a))), v *a / (a * a + b * b))

#ifdef AD_REAL

/* A number whose square overflows, and a power of 2 that brings all such numbers and their squares into the range. */
#define ROOT_OF_GREATEST _Generic((REAL)0, float : 0x1p63F, double : 0x1p511)
#define SHRINK _Generic((REAL)0, float : 0x1p-65F, double : 0x1p-513)

/* v / (1 + x^2); beside a large x^2 the 1 is nothing. */
static inline REAL atan_slope(REAL v, REAL x)
{
    const bool large = R(fabs)(x) > ROOT_OF_GREATEST;
    const REAL scale = large ? SHRINK : 1, one = large ? 0 : 1, z = x * scale;
    return v * scale / (one + z * z) * scale;
}

#endif

MAP2(atan_backward, atan_slope(a, b))

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

/* y = 1 - x^2 :  dx = -2 x dy */
static void one_minus_square_vjp(ad_pullback *p) { ad_give(p, 0, ad_scale(ad_mul(ad_x(p, 0), ad_dy(p)), -2)); }

AD_OPERATOR(one_minus_square,
    OF_ONE,
    .loops = &one_minus_square_loops,
    .vjp = one_minus_square_vjp,
    .formula = "1 - x^2",
    .gradient = "-2 x dy",
    .convention = "computed as (1 - x) (1 + x), which keeps its digits near 1 and -1",
);

ad_tensor ad_one_minus_square(ad_tensor x) { return ad_apply1(&ad_operator_one_minus_square, x); }

/* dy / sqrt(1 - x^2) */
static ad_tensor by_arc(ad_tensor dy, ad_tensor x) { return ad_div(dy, ad_sqrt(ad_one_minus_square(x))); }

static void asin_vjp(ad_pullback *p) { ad_give(p, 0, by_arc(ad_dy(p), ad_x(p, 0))); }

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

static void acos_vjp(ad_pullback *p) { ad_give(p, 0, ad_neg(by_arc(ad_dy(p), ad_x(p, 0)))); }

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

AD_OPERATOR(atan,
    OF_ONE,
    .loops = &atan_loops,
    GIVES(PART(atan_backward, AD_DY, AD_X0)),
    .formula = "arctan x",
    .gradient = "dy / (1 + x^2)",
);

ad_tensor ad_atan(ad_tensor x) { return ad_apply1(&ad_operator_atan, x); }

/* r = v / (1 + x^2) :  dv = dr / (1 + x^2),  dx = -2 x r dr / (1 + x^2) */
static void atan_backward_vjp(ad_pullback *p)
{
    ad_tensor x = ad_x(p, 1), dv = ad_atan_backward(ad_dy(p), x);
    ad_give(p, 0, dv);
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_scale(ad_mul(ad_mul(x, ad_y(p)), dv), -2));
}

AD_OPERATOR(atan_backward,
    OF_TWO,
    .loops = &atan_backward_loops,
    .vjp = atan_backward_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "v / (1 + x^2)",
    .gradient = "dr / (1 + x^2), -2 x r dr / (1 + x^2)",
);

ad_tensor ad_atan_backward(ad_tensor v, ad_tensor x) { return ad_apply2(&ad_operator_atan_backward, v, x); }

/* z = the angle of (x, y) :  dy = x dz / (x^2 + y^2),  dx = -y dz / (x^2 + y^2) */
static void atan2_vjp(ad_pullback *p)
{
    ad_tensor y = ad_x(p, 0), x = ad_x(p, 1);
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_atan2_backward(ad_dy(p), x, y));
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_neg(ad_atan2_backward(ad_dy(p), y, x)));
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

/* r = f(v, a, b) = v a / (a^2 + b^2) :  dv = f(dr, a, b),  da = (b - a) (b + a) v dr / (a^2 + b^2)^2 =
 * 4 f(v, b - a, b + a) f(dr, b + a, b - a), in which nothing cancels,  db = -2 r f(dr, b, a) */
static void atan2_backward_vjp(ad_pullback *p)
{
    ad_tensor v = ad_x(p, 0), a = ad_x(p, 1), b = ad_x(p, 2), dr = ad_dy(p);
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_atan2_backward(dr, a, b));
    if (ad_wants(p, 1)) {
        ad_tensor s = ad_sub(b, a), t = ad_add(b, a);
        ad_give(p, 1, ad_scale(ad_mul(ad_atan2_backward(v, s, t), ad_atan2_backward(dr, t, s)), 4));
    }
    if (ad_wants(p, 2))
        ad_give(p, 2, ad_scale(ad_mul(ad_y(p), ad_atan2_backward(dr, b, a)), -2));
}

AD_OPERATOR(atan2_backward,
    OF_THREE,
    .loops = &atan2_backward_loops,
    .vjp = atan2_backward_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "v a / (a^2 + b^2)",
    .gradient = "a dr / (a^2 + b^2), (b^2 - a^2) v dr / (a^2 + b^2)^2, -2 a b v dr / (a^2 + b^2)^2",
    .convention = "0 where a = b = 0, with gradients 0",
    .domain = {{0}, {0}, {BETWEEN(0.25, 2)}},
);

ad_tensor ad_atan2_backward(ad_tensor v, ad_tensor a, ad_tensor b)
{
    return ad_apply3(&ad_operator_atan2_backward, v, a, b);
}

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

/* y = arcosh x :  dx = dy / sqrt(x^2 - 1), by factors, since x^2 might overflow */
static void acosh_vjp(ad_pullback *p)
{
    ad_tensor x = ad_x(p, 0);
    ad_give(p, 0, ad_mul(ad_mul(ad_rsqrt(ad_shift(x, -1)), ad_dy(p)), ad_rsqrt(ad_shift(x, 1))));
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

static void atanh_vjp(ad_pullback *p) { ad_give(p, 0, ad_div(ad_dy(p), ad_one_minus_square(ad_x(p, 0)))); }

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
