/* Arithmetic, element by element. Two operands broadcast; ad_give sums a gradient back to the operand's shape. */
#include "family.h"

#include "../kernels/constant.h"
#include "../kernels/range.h"

MAP2(add, a + b)
MAP2(sub, a - b)
MAP2(mul, (a) * (b))
MAP2(div, a / b)
MAP2(maximum, a > b || a != a ? a : b)
MAP2(minimum, a < b || a != a ? a : b)
MAP3(share_greater, a > b ? v : a == b ? v / 2 : (a < b ? 0 : v))

MAP3_IN_RANGE(quotient_slope, 1 / b, -((a * q) * (v * q)),
              is_lost(q) | ((a != 0) & is_lost(a * q)) | ((v != 0) & is_lost(v * q)), -(v *a / b / b))

MAP1(neg, -x)
MAP1_OF(exp, exp)
MAP1_OF(log, log)
MAP1(sqrt, R(sqrt)(x))
MAP1(square, (x) * (x))
MAP1(abs, R(fabs)(x))
MAP2(times_sign, b > 0 ? a : b < 0 ? -a : b == 0 ? 0 : b)

#ifdef AD_REAL

/* c has more digits than REAL, which are added to a sum that has room for them. */
LOOP(shift)
{
    const REAL *restrict X = s->array[1], c = (REAL)s->constant, rest = rest_of(s->constant);
    REAL *restrict Y = s->array[0];
    const size_t step = s->step[1];
    if (isinf(c))
        for (size_t i = 0; i < s->n; i++)
            Y[i] = (REAL)((double)X[i * step] + s->constant);
    else if (step)
        for (size_t i = 0; i < s->n; i++)
            Y[i] = (X[i] + c) + rest;
    else
        for (size_t i = 0; i < s->n; i++)
            Y[i] = (X[0] + c) + rest;
}

/* c x. Where c has more digits than REAL, it is two numbers of one sign, so that zeros and infinities come out too. */
LOOP(scale)
{
    const REAL *restrict X = s->array[1], nearest = (REAL)s->constant, rest = rest_of(s->constant);
    const REAL c = rest != 0 && (rest < 0) != (nearest < 0) ? R(nextafter)(nearest, 0) : nearest,
               more = (REAL)(s->constant - (double)c);
    REAL *restrict Y = s->array[0];
    const size_t step = s->step[1];
    if (sizeof(REAL) < sizeof(double) && s->constant != 0 && is_lost(c))
        for (size_t i = 0; i < s->n; i++)
            Y[i] = (REAL)(s->constant * (double)X[i * step]);
    else if (rest != 0 && step)
        for (size_t i = 0; i < s->n; i++)
            Y[i] = R(fma)(c, X[i], more * X[i]);
    else if (step)
        for (size_t i = 0; i < s->n; i++)
            Y[i] = c * X[i];
    else
        for (size_t i = 0; i < s->n; i++)
            Y[i] = rest != 0 ? R(fma)(c, X[0], more * X[0]) : c * X[0];
}

LOOP(pow_constant)
{
    REAL p[VIA_ROOM];
    const exponent e = exponent_of(s->constant);
    const size_t step = s->step[1];
    for (size_t from = 0, n; from < s->n; from += n) {
        n = via_block(s->n - from);
        powers(n, p, (const REAL *)s->array[1] + from * step, step, &e);
        memcpy((REAL *)s->array[0] + from, p, n * sizeof *p);
    }
}

/* y = c p v, p = x^(c-1): whether a factor or the product was lost. An x that is 0 or infinite has an exact power. */
static inline int slope_is_lost(REAL v, REAL x, REAL p, REAL y)
{
    return (v != 0) & (x != 0) & is_finite(x) & (is_lost(p) | is_lost(p * v) | is_lost(y));
}

LOOP(pow_constant_backward)
{
    REAL p[VIA_ROOM];
    const REAL c = (REAL)s->constant;
    const exponent e = exponent_of(s->constant - 1);
    const size_t sv = s->step[1], sx = s->step[2];
    for (size_t from = 0, n; from < s->n; from += n) {
        const REAL *restrict V = (const REAL *)s->array[1] + from * sv;
        const REAL *restrict X = (const REAL *)s->array[2] + from * sx;
        REAL *restrict Y = (REAL *)s->array[0] + from;
        int any = 0;
        n = via_block(s->n - from);
        powers(n, p, X, sx, &e);
        for (size_t i = 0; i < n; i++) {
            Y[i] = p[i] * V[i * sv] * c;
            any |= slope_is_lost(V[i * sv], X[i * sx], p[i], Y[i]);
        }
        for (size_t i = 0; any && i < n; i++)
            if (slope_is_lost(V[i * sv], X[i * sx], p[i], Y[i]))
                Y[i] = (REAL)((wide)s->constant * V[i * sv] * W(pow)((wide)X[i * sx], (wide)s->constant - 1));
    }
}

#else

AD_FAMILY(arithmetic)

LOOP_TABLE(shift)
LOOP_TABLE(scale)
LOOP_TABLE(pow_constant)
LOOP_TABLE(pow_constant_backward)

/* ---- Two operands ------------------------------------------------------------------------------------------------ */

/* y = a + b :  da = dy,  db = dy */
AD_OPERATOR(add,
    OF_TWO,
    .loops = &add_loops,
    GIVES(DY_ITSELF, DY_ITSELF),
    .linear = AD_LINEAR_IN(0) | AD_LINEAR_IN(1),
    .formula = "a + b",
    .gradient = "dy, dy",
);

ad_tensor ad_add(ad_tensor a, ad_tensor b) { return ad_apply2(&ad_operator_add, a, b); }

/* y = a - b :  da = dy,  db = -dy */
AD_OPERATOR(sub,
    OF_TWO,
    .loops = &sub_loops,
    GIVES(DY_ITSELF, PART(neg, AD_DY)),
    .linear = AD_LINEAR_IN(0) | AD_LINEAR_IN(1),
    .formula = "a - b",
    .gradient = "dy, -dy",
);

ad_tensor ad_sub(ad_tensor a, ad_tensor b) { return ad_apply2(&ad_operator_sub, a, b); }

/* y = a b :  da = b dy,  db = a dy */
AD_OPERATOR(mul,
    OF_TWO,
    .loops = &mul_loops,
    GIVES(PART(mul, AD_X1, AD_DY), PART(mul, AD_X0, AD_DY)),
    .linear = AD_LINEAR_IN(0) | AD_LINEAR_IN(1),
    .formula = "a b",
    .gradient = "b dy, a dy",
);

ad_tensor ad_mul(ad_tensor a, ad_tensor b) { return ad_apply2(&ad_operator_mul, a, b); }

/* y = a / b :  da = dy / b,  db = -a dy / b^2, where y might overflow */
AD_OPERATOR(div,
    OF_TWO,
    .loops = &div_loops,
    GIVES(PART(div, AD_DY, AD_X1), PART(quotient_slope, AD_DY, AD_X0, AD_X1)),
    .linear = AD_LINEAR_IN(0),
    .formula = "a / b",
    .gradient = "dy / b, -a dy / b^2",
    .convention = "IEEE: x / 0 is infinite, 0 / 0 NaN",
    .domain = {{0}, {.low = 0.5, .high = 2}},
);

ad_tensor ad_div(ad_tensor a, ad_tensor b) { return ad_apply2(&ad_operator_div, a, b); }

/* r = -v a / b^2 :  dv = -a dr / b^2,  da = -v dr / b^2,  db = -2 r dr / b */
static void quotient_slope_vjp(ad_pullback *p)
{
    ad_tensor v = ad_x(p, 0), a = ad_x(p, 1), b = ad_x(p, 2);
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_quotient_slope(ad_dy(p), a, b));
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_quotient_slope(v, ad_dy(p), b));
    if (ad_wants(p, 2))
        ad_give(p, 2, ad_scale(ad_mul(ad_y(p), ad_div(ad_dy(p), b)), -2));
}

AD_OPERATOR(quotient_slope,
    OF_THREE,
    .loops = &quotient_slope_loops,
    .vjp = quotient_slope_vjp,
    .linear = AD_LINEAR_IN(0) | AD_LINEAR_IN(1),
    .formula = "-v a / b^2",
    .gradient = "-a dr / b^2, -v dr / b^2, -2 r dr / b",
    .convention = "IEEE: infinite where b = 0, NaN where v or a is 0 too",
    .domain = {{0}, {0}, {.low = 0.5, .high = 2}},
);

ad_tensor ad_quotient_slope(ad_tensor v, ad_tensor a, ad_tensor b)
{
    return ad_apply3(&ad_operator_quotient_slope, v, a, b);
}

/* y = max(a, b) :  da = dy where a > b, half where equal;  db the same with a and b exchanged */
AD_OPERATOR(maximum,
    OF_TWO,
    .loops = &maximum_loops,
    GIVES(PART(share_greater, AD_DY, AD_X0, AD_X1), PART(share_greater, AD_DY, AD_X1, AD_X0)),
    .formula = "max(a, b)",
    .gradient = "dy to the larger",
    .convention = "equal: half each; NaN if either is NaN",
);

ad_tensor ad_maximum(ad_tensor a, ad_tensor b) { return ad_apply2(&ad_operator_maximum, a, b); }

/* y = min(a, b) :  da = dy where b > a, half where equal;  db the same with a and b exchanged */
AD_OPERATOR(minimum,
    OF_TWO,
    .loops = &minimum_loops,
    GIVES(PART(share_greater, AD_DY, AD_X1, AD_X0), PART(share_greater, AD_DY, AD_X0, AD_X1)),
    .formula = "min(a, b)",
    .gradient = "dy to the smaller",
    .convention = "equal: half each; NaN if either is NaN",
);

ad_tensor ad_minimum(ad_tensor a, ad_tensor b) { return ad_apply2(&ad_operator_minimum, a, b); }

/* y = v where a > b, v / 2 where a = b, else 0 :  dv = the same of dy; constant in a and b almost everywhere */
static void share_greater_vjp(ad_pullback *p)
{
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_share_greater(ad_dy(p), ad_x(p, 1), ad_x(p, 2)));
    for (int i = 1; i < 3; i++)
        if (ad_wants(p, i))
            ad_give(p, i, ad_zeros_like(ad_x(p, i)));
}

AD_OPERATOR(share_greater,
    OF_THREE,
    .loops = &share_greater_loops,
    .vjp = share_greater_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "v where a > b, v / 2 where a = b, else 0",
    .gradient = "share_greater(dy, a, b), 0, 0",
    .convention = "v where a or b is NaN",
    .domain = {{0}, {.low = -2, .high = 2, .constant = true}, {.low = -2, .high = 2, .constant = true}},
);

ad_tensor ad_share_greater(ad_tensor v, ad_tensor a, ad_tensor b)
{
    return ad_apply3(&ad_operator_share_greater, v, a, b);
}

/* y = v sign(x) :  dv = dy sign(x); constant in x almost everywhere */
static void times_sign_vjp(ad_pullback *p)
{
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_times_sign(ad_dy(p), ad_x(p, 1)));
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_zeros_like(ad_x(p, 1)));
}

AD_OPERATOR(times_sign,
    OF_TWO,
    .loops = &times_sign_loops,
    .vjp = times_sign_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "v sign(x)",
    .gradient = "dy sign(x), 0",
    .convention = "0 where x = 0",
    .domain = {{0}, {.low = -2, .high = 2, .gap = 0.1, .constant = true}},
);

ad_tensor ad_times_sign(ad_tensor v, ad_tensor x) { return ad_apply2(&ad_operator_times_sign, v, x); }

/* ---- One operand ------------------------------------------------------------------------------------------------- */

AD_OPERATOR(neg,
    OF_ONE,
    .loops = &neg_loops,
    GIVES(PART(neg, AD_DY)),
    .linear = AD_LINEAR_IN(0),
    .formula = "-x",
    .gradient = "-dy",
);

ad_tensor ad_neg(ad_tensor x) { return ad_apply1(&ad_operator_neg, x); }

static ad_tensor with_constant(const ad_operator *op, ad_tensor x, double c)
{
    return ad_apply_one(op, &x, 1, &(ad_attribute){.real = c});
}

#define CONSTANT .attributes = {{"c", AD_ATTRIBUTE_REAL}}

static const ad_sample samples_with_constant[] = {
    {.n_x = 1, .x = {{1, {3}}}, .attributes = {{.real = 1.5}}},
    {.n_x = 1, .x = {{0}}, .attributes = {{.real = -0.5}}},
    {.n_x = 1, .x = {{2, {2, 3}}}, .attributes = {{.real = 3}}},
    {.n_x = 1, .x = {{2, {0, 3}}}, .attributes = {{.real = 2}}},
};

AD_OPERATOR(shift,
    .arity = 1,
    CONSTANT,
    ELEMENTWISE,
    SAMPLES(samples_with_constant),
    .loops = &shift_loops,
    GIVES(DY_ITSELF),
    .linear = AD_LINEAR_IN(0),
    .formula = "x + c",
    .gradient = "dy",
);

ad_tensor ad_shift(ad_tensor x, double c) { return with_constant(&ad_operator_shift, x, c); }

AD_OPERATOR(scale,
    .arity = 1,
    CONSTANT,
    ELEMENTWISE,
    SAMPLES(samples_with_constant),
    .loops = &scale_loops,
    GIVES(PART(scale, AD_DY)),
    .linear = AD_LINEAR_IN(0),
    .formula = "c x",
    .gradient = "c dy",
);

ad_tensor ad_scale(ad_tensor x, double c) { return with_constant(&ad_operator_scale, x, c); }

/* y = x^c :  dx = c x^(c-1) dy; for c = 0 the 0 is not multiplied, since x^-1 may be infinite */
static void pow_constant_vjp(ad_pullback *p)
{
    const double c = ad_attribute_at(p, 0)->real;
    ad_give(p, 0, c == 0 ? ad_zeros_like(ad_x(p, 0)) : ad_pow_constant_backward(ad_dy(p), ad_x(p, 0), c));
}

AD_OPERATOR(pow_constant,
    .arity = 1,
    CONSTANT,
    ELEMENTWISE,
    SAMPLES(samples_with_constant),
    .loops = &pow_constant_loops,
    .vjp = pow_constant_vjp,
    .formula = "x^c",
    .gradient = "c x^(c-1) dy",
    .domain = {{.low = 0.5, .high = 2}},
    .convention = "IEEE pow: x^0 is 1 for every x, NaN too; NaN for x < 0 and c not whole",
);

ad_tensor ad_pow_constant(ad_tensor x, double c) { return with_constant(&ad_operator_pow_constant, x, c); }

/* r = c x^(c-1) v :  dv = c x^(c-1) dr,  dx = c (c-1) x^(c-2) v dr */
static void pow_constant_backward_vjp(ad_pullback *p)
{
    const double c = ad_attribute_at(p, 0)->real;
    ad_tensor v = ad_x(p, 0), x = ad_x(p, 1);
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_pow_constant_backward(ad_dy(p), x, c));
    if (ad_wants(p, 1))
        ad_give(p, 1,
                c == 0 || c == 1 ? ad_zeros_like(x)
                                 : ad_scale(ad_pow_constant_backward(ad_mul(v, ad_dy(p)), x, c - 1), c));
}

static const ad_sample samples_pow_constant_backward[] = {
    {.n_x = 2, .x = {{1, {3}}, {1, {3}}}, .attributes = {{.real = 1.5}}},
    {.n_x = 2, .x = {{0}, {0}}, .attributes = {{.real = -0.5}}},
    {.n_x = 2, .x = {{2, {2, 3}}, {0}}, .attributes = {{.real = 3}}},
    {.n_x = 2, .x = {{1, {3}}, {2, {2, 3}}}, .attributes = {{.real = -1}}},
    {.n_x = 2, .x = {{2, {0, 3}}, {1, {3}}}, .attributes = {{.real = 2}}},
};

AD_OPERATOR(pow_constant_backward,
    .arity = 2,
    CONSTANT,
    ELEMENTWISE,
    SAMPLES(samples_pow_constant_backward),
    .loops = &pow_constant_backward_loops,
    .vjp = pow_constant_backward_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "c x^(c-1) v",
    .gradient = "c x^(c-1) dr, c (c-1) x^(c-2) v dr",
    .convention = "IEEE pow",
    .domain = {{0}, {.low = 0.5, .high = 2}},
);

ad_tensor ad_pow_constant_backward(ad_tensor v, ad_tensor x, double c)
{
    return ad_apply_one(&ad_operator_pow_constant_backward, (const ad_tensor[]){v, x}, 2, &(ad_attribute){.real = c});
}

AD_OPERATOR(exp,
    OF_ONE,
    .loops = &exp_loops,
    GIVES(PART(mul, AD_Y, AD_DY)),
    .formula = "e^x",
    .gradient = "y dy",
);

ad_tensor ad_exp(ad_tensor x) { return ad_apply1(&ad_operator_exp, x); }

AD_OPERATOR(log,
    OF_ONE,
    .loops = &log_loops,
    GIVES(PART(div, AD_DY, AD_X0)),
    .formula = "ln x",
    .gradient = "dy / x",
    .convention = "-inf at 0, NaN below",
    .domain = {{.low = 0.5, .high = 3}},
);

ad_tensor ad_log(ad_tensor x) { return ad_apply1(&ad_operator_log, x); }

static void sqrt_vjp(ad_pullback *p) { ad_give(p, 0, ad_div(ad_dy(p), ad_scale(ad_y(p), 2))); }

AD_OPERATOR(sqrt,
    OF_ONE,
    .loops = &sqrt_loops,
    .vjp = sqrt_vjp,
    .formula = "x^(1/2)",
    .gradient = "dy / (2 y)",
    .convention = "the gradient is infinite at 0; NaN below",
    .domain = {{.low = 0.5, .high = 3}},
);

ad_tensor ad_sqrt(ad_tensor x) { return ad_apply1(&ad_operator_sqrt, x); }

static void square_vjp(ad_pullback *p) { ad_give(p, 0, ad_scale(ad_mul(ad_x(p, 0), ad_dy(p)), 2)); }

AD_OPERATOR(square,
    OF_ONE,
    .loops = &square_loops,
    .vjp = square_vjp,
    .formula = "x^2",
    .gradient = "2 x dy",
);

ad_tensor ad_square(ad_tensor x) { return ad_apply1(&ad_operator_square, x); }

AD_OPERATOR(abs,
    OF_ONE,
    .loops = &abs_loops,
    GIVES(PART(times_sign, AD_DY, AD_X0)),
    .formula = "|x|",
    .gradient = "sign(x) dy",
    .convention = "the gradient is 0 at 0",
    .domain = {{.low = -2, .high = 2, .gap = 0.1}},
);

ad_tensor ad_abs(ad_tensor x) { return ad_apply1(&ad_operator_abs, x); }

#endif
