/* Activations, element by element, and the backward operators that keep their conventions at kinks. */
#include "../kernels/saturation.h"
#include "family.h"

MAP1_VIA(logistic, exp, -R(fabs)(x), x >= 0 ? 1 / (1 + v) : v / (1 + v))
MAP1_OF(tanh, tanh)
MAP1(relu, x < 0 ? 0 : x)
MAP1_VIA(softplus, log1p_exp, -R(fabs)(x), (x > 0 ? x : x <= 0 ? 0 : x) + v)
MAP1_VIA(elu, expm1, x, x > 0 ? x : v)
MAP1(step, x >= 0 ? 1 : x < 0 ? 0 : x)
MAP_SLOPE(logistic_backward, logistic, (v * y) * rest)
MAP_SLOPE(tanh_backward, tanh, (rest * (2 - rest)) * v)
MAP_SLOPE(elu_backward, elu, y > 0 ? v : v * rest)
MAP2(where_positive, b <= 0 ? 0 : a)
MAP2(where_not_positive, b > 0 ? 0 : a)

/* selu is scaled so that mean 0 and variance 1 are a fixed point of a layer (Klambauer and others 2017). */
#define SELU_SCALE ((REAL)1.0507009873554804934)
#define SELU_FLOOR ((REAL)1.7580993408473768599) /* the scale times 1.6732632423543772848: y is above its negative */
#define SQRT_HALF 0.70710678118654752440
#define PHI_OF_ZERO 0.39894228040143267794 /* 1 / sqrt(2 pi) */

#ifdef AD_REAL

SATURATES(selu, SELU_FLOOR, -y, x > 0 ? 0 : x, (e)*SELU_FLOOR)

/* x cut to [-bound, bound]. Beyond the bound a factor beside x is 0: the product is then 0 and not NaN. */
static inline REAL within(REAL x, REAL bound) { return x < -bound ? -bound : x > bound ? bound : x; }

/* 1 / (1 + e^-x), given e = e^-|x| */
static inline REAL logistic_via(REAL x, REAL e) { return (x >= 0 ? 1 : e) / (1 + e); }

/* (x logistic(x))' = logistic(x) (1 + x logistic(-x)), given e = e^-|x| */
static inline REAL silu_slope(REAL x, REAL e)
{
    return logistic_via(x, e) * (1 + within(x, 800) * logistic_via(-x, e));
}

/* a b - p, exactly, where p is a b rounded and nothing is near the ends of the range. Source: T. J. Dekker, "A
 * floating-point technique for extending the available precision", 1971. */
static inline REAL lost_in_product(REAL a, REAL b, REAL p)
{
#ifdef __FMA__
    return R(fma)(a, b, -p);
#else
    const REAL split = (REAL)(AD_REAL_BITS == 32 ? 0x1p12 + 1 : 0x1p27 + 1), wide_a = a * split, wide_b = b * split,
               high_a = wide_a - (wide_a - a), low_a = a - high_a, high_b = wide_b - (wide_b - b), low_b = b - high_b;
    return ((high_a * high_b - p) + high_a * low_b + low_a * high_b) + low_a * low_b;
#endif
}

/* x / sqrt 2 - p, where p is its product with the rounded constant. erfc multiplies its relative error by x^2. */
static inline REAL lost_over_root(REAL x, REAL p)
{
    const REAL rest = (REAL)(SQRT_HALF - (REAL)SQRT_HALF + (AD_REAL_BITS == 32 ? 0 : -4.8336466567264567e-17));
    return lost_in_product(x, (REAL)SQRT_HALF, p) + x * rest;
}

/* Phi(x) from v = erfc(z), z = -x / sqrt 2 rounded. What z lost is d: erfc(z + d) = erfc(z) (1 - h d) with h near 2 z +
 * 0.3 for z > 0, and of no weight for others. */
static inline REAL normal_via(REAL x, REAL v)
{
    const REAL z = x * -(REAL)SQRT_HALF, h = z > 0 ? 2 * z + (REAL)0.3 : 0;
    return (v + v * h * lost_over_root(x, -z)) / 2;
}

/* r = (Phi(x) + x phi(x)) v with Phi(x) = erfc(-x / sqrt 2) / 2 and phi(x) = e^(-x^2/2) / sqrt(2 pi). e^-(p+d)/2 is
 * e^(-p/2) (1 - d/2) for the d that p = x^2 has lost. */
LOOP(gelu_backward)
{
    REAL tail[VIA_ROOM], e[VIA_ROOM];
    const size_t sv = s->step[1], sx = s->step[2];
    for (size_t from = 0, n; from < s->n; from += n) {
        const REAL *restrict V = (const REAL *)s->array[1] + from * sv;
        const REAL *restrict X = (const REAL *)s->array[2] + from * sx;
        REAL *restrict Y = (REAL *)s->array[0] + from;
        n = via_block(s->n - from);
        for (size_t i = 0; i < n; i++) {
            const REAL x = within(X[i * sx], 40);
            tail[i] = x * -(REAL)SQRT_HALF;
            e[i] = x * x / -2;
        }
        vector_erfc(n, tail, tail);
        vector_exp(n, e, e);
        for (size_t i = 0; i < n; i++) {
            const REAL x = within(X[i * sx], 40), exact = e[i] - e[i] * lost_in_product(x, x, x * x) / 2;
            Y[i] = (normal_via(x, tail[i]) + x * exact * (REAL)PHI_OF_ZERO) * V[i * sv];
        }
    }
}

LOOP(leaky_relu_backward)
{
    const REAL *restrict A = s->array[1], *restrict X = s->array[2];
    REAL *restrict Y = s->array[0];
    const REAL slope = (REAL)s->constant;
    const size_t sa = s->step[1], sx = s->step[2];
    if (sa && sx)
        for (size_t i = 0; i < s->n; i++)
            Y[i] = X[i] > 0 ? A[i] : X[i] <= 0 ? slope * A[i] : X[i];
    else
        for (size_t i = 0; i < s->n; i++)
            Y[i] = X[sx * i] > 0 ? A[sa * i] : X[sx * i] <= 0 ? slope * A[sa * i] : X[sx * i];
}

#endif

/* x Phi(x): by erfc nothing cancels where Phi is small, as it does in 1 + erf. */
MAP1_VIA(gelu, erfc, within(x, 40) * -(REAL)SQRT_HALF, (x < -40 ? -40 : x) * normal_via(within(x, 40), v))
MAP1_VIA(silu, exp, -R(fabs)(x), (x < -800 ? -800 : x) * logistic_via(x, v))
MAP2_VIA(silu_backward, exp, -R(fabs)(b), silu_slope(b, v) * a)
MAP1_VIA(selu, expm1, x, x > 0 ? SELU_SCALE * x : SELU_FLOOR * v)
MAP_SLOPE(selu_backward, selu, y > 0 ? SELU_SCALE * v : v * rest)
MAP1(leaky_relu, x > 0 ? x : c * x)
MAP1(hardtanh, (x) < -1 ? -1 : (x) > 1 ? 1 : x)
MAP1_VIA(log_logistic, log1p_exp, -R(fabs)(x), (x < 0 ? x : x >= 0 ? 0 : x) - v)

#ifndef AD_REAL

AD_FAMILY(activations)

LOOP_TABLE(gelu_backward)
LOOP_TABLE(leaky_relu_backward)

#define BESIDE_ZERO .low = -2, .high = 2, .kink = 0, .gap = 0.1
#define SIGN_ONLY .low = -2, .high = 2, .kink = 0, .gap = 0.1, .constant = true

/* y = f(x) has lost digits that x still has. Beside y, x is a hint (kernels/saturation.h): the result is a function of
 * y and does not change with the hint. */
static void give_hint(ad_pullback *p)
{
    if (ad_wants(p, 2))
        ad_give(p, 2, ad_zeros_like(ad_x(p, 2)));
}

AD_OPERATOR(logistic,
    OF_ONE,
    .loops = &logistic_loops,
    GIVES(PART(logistic_backward, AD_DY, AD_Y, AD_X0)),
    .formula = "1 / (1 + e^-x)",
    .gradient = "y (1 - y) dy",
);

ad_tensor ad_logistic(ad_tensor x) { return ad_apply1(&ad_operator_logistic, x); }

/* r = y (1 - y) v :  dv = y (1 - y) dr,  dy = (1 - 2 y) v dr */
static void logistic_backward_vjp(ad_pullback *p)
{
    ad_tensor dr = ad_dy(p), v = ad_x(p, 0), y = ad_x(p, 1);
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_logistic_backward(dr, y, ad_x(p, 2)));
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_mul(ad_mul(ad_shift(ad_scale(y, -2), 1), v), dr));
    give_hint(p);
}

AD_OPERATOR(logistic_backward,
    OF_THREE,
    .loops = &logistic_backward_loops,
    .vjp = logistic_backward_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "y (1 - y) v",
    .gradient = "y (1 - y) dr, (1 - 2 y) v dr, 0",
    .convention = "x is a hint: digits that y lost",
    .domain = {{0}, {.low = 0.1, .high = 0.9}, {HINT}},
);

ad_tensor ad_logistic_backward(ad_tensor dy, ad_tensor y, ad_tensor x)
{
    return ad_apply3(&ad_operator_logistic_backward, dy, y, x);
}

AD_OPERATOR(tanh,
    OF_ONE,
    .loops = &tanh_loops,
    GIVES(PART(tanh_backward, AD_DY, AD_Y, AD_X0)),
    .formula = "tanh x",
    .gradient = "(1 - y^2) dy",
);

ad_tensor ad_tanh(ad_tensor x) { return ad_apply1(&ad_operator_tanh, x); }

/* r = (1 - y^2) v :  dv = (1 - y^2) dr,  dy = -2 y v dr */
static void tanh_backward_vjp(ad_pullback *p)
{
    ad_tensor dr = ad_dy(p), v = ad_x(p, 0), y = ad_x(p, 1);
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_tanh_backward(dr, y, ad_x(p, 2)));
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_mul(ad_mul(ad_scale(y, -2), v), dr));
    give_hint(p);
}

AD_OPERATOR(tanh_backward,
    OF_THREE,
    .loops = &tanh_backward_loops,
    .vjp = tanh_backward_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "(1 - y^2) v",
    .gradient = "(1 - y^2) dr, -2 y v dr, 0",
    .convention = "x is a hint: digits that y lost",
    .domain = {{0}, {.low = -0.9, .high = 0.9}, {HINT}},
);

ad_tensor ad_tanh_backward(ad_tensor dy, ad_tensor y, ad_tensor x)
{
    return ad_apply3(&ad_operator_tanh_backward, dy, y, x);
}

AD_OPERATOR(relu,
    OF_ONE,
    .loops = &relu_loops,
    GIVES(PART(where_positive, AD_DY, AD_Y)),
    .formula = "max(x, 0)",
    .gradient = "dy where x > 0, else 0",
    .convention = "the gradient is 0 at 0",
    .domain = {{BESIDE_ZERO}},
);

ad_tensor ad_relu(ad_tensor x) { return ad_apply1(&ad_operator_relu, x); }

/* r = v where x > 0, else 0 :  dv = the same selection of dr; constant in x almost everywhere */
static void where_positive_vjp(ad_pullback *p)
{
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_where_positive(ad_dy(p), ad_x(p, 1)));
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_zeros_like(ad_x(p, 1)));
}

AD_OPERATOR(where_positive,
    OF_TWO,
    .loops = &where_positive_loops,
    .vjp = where_positive_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "v where x > 0, else 0",
    .gradient = "dr where x > 0, else 0; 0",
    .convention = "v where x is NaN",
    .domain = {{0}, {SIGN_ONLY}},
);

ad_tensor ad_where_positive(ad_tensor v, ad_tensor x) { return ad_apply2(&ad_operator_where_positive, v, x); }

/* r = 0 where x > 0, else v :  dv = the same selection of dr; constant in x almost everywhere */
static void where_not_positive_vjp(ad_pullback *p)
{
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_where_not_positive(ad_dy(p), ad_x(p, 1)));
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_zeros_like(ad_x(p, 1)));
}

AD_OPERATOR(where_not_positive,
    OF_TWO,
    .loops = &where_not_positive_loops,
    .vjp = where_not_positive_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "0 where x > 0, else v",
    .gradient = "0 where x > 0, else dr; 0",
    .convention = "v where x is NaN",
    .domain = {{0}, {SIGN_ONLY}},
);

ad_tensor ad_where_not_positive(ad_tensor v, ad_tensor x) { return ad_apply2(&ad_operator_where_not_positive, v, x); }

/* y = ln(1 + e^x) :  dx = logistic(x) dy.  Computed as max(x, 0) + ln(1 + e^-|x|), which never overflows. */
static void softplus_vjp(ad_pullback *p) { ad_give(p, 0, ad_mul(ad_logistic(ad_x(p, 0)), ad_dy(p))); }

AD_OPERATOR(softplus,
    OF_ONE,
    .loops = &softplus_loops,
    .vjp = softplus_vjp,
    .formula = "ln(1 + e^x)",
    .gradient = "logistic(x) dy",
);

ad_tensor ad_softplus(ad_tensor x) { return ad_apply1(&ad_operator_softplus, x); }

AD_OPERATOR(elu,
    OF_ONE,
    .loops = &elu_loops,
    GIVES(PART(elu_backward, AD_DY, AD_Y, AD_X0)),
    .formula = "x where x > 0, else e^x - 1",
    .gradient = "dy where x > 0, else (y + 1) dy",
    .convention = "the gradient is dy at 0; the second one jumps there",
    .domain = {{BESIDE_ZERO}},
);

ad_tensor ad_elu(ad_tensor x) { return ad_apply1(&ad_operator_elu, x); }

/* r = v where y > 0, else (y + 1) v :  dv = the same of dr,  dy = 0 where y > 0, else v dr */
static void elu_backward_vjp(ad_pullback *p)
{
    ad_tensor dr = ad_dy(p), v = ad_x(p, 0), y = ad_x(p, 1);
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_elu_backward(dr, y, ad_x(p, 2)));
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_where_not_positive(ad_mul(v, dr), y));
    give_hint(p);
}

AD_OPERATOR(elu_backward,
    OF_THREE,
    .loops = &elu_backward_loops,
    .vjp = elu_backward_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "v where y > 0, else (y + 1) v",
    .gradient = "elu_backward(dr, y, x); 0 where y > 0, else v dr; 0",
    .convention = "x is a hint: digits that y lost",
    .domain = {{0}, {BESIDE_ZERO}, {HINT}},
);

ad_tensor ad_elu_backward(ad_tensor dy, ad_tensor y, ad_tensor x)
{
    return ad_apply3(&ad_operator_elu_backward, dy, y, x);
}

static void step_vjp(ad_pullback *p) { ad_give(p, 0, ad_zeros_like(ad_x(p, 0))); }

AD_OPERATOR(step,
    .arity = 1,
    ELEMENTWISE_AND(AD_PIECEWISE_CONSTANT),
    SAMPLES(ad_samples_of_one),
    .loops = &step_loops,
    .vjp = step_vjp,
    .formula = "1 where x >= 0, else 0",
    .gradient = "0",
    .convention = "1 at 0; the gradient is 0 there too",
    .domain = {{SIGN_ONLY}},
);

ad_tensor ad_step(ad_tensor x) { return ad_apply1(&ad_operator_step, x); }

AD_OPERATOR(gelu,
    OF_ONE,
    .loops = &gelu_loops,
    GIVES(PART(gelu_backward, AD_DY, AD_X0)),
    .formula = "x Phi(x), Phi the normal distribution's",
    .gradient = "(Phi(x) + x phi(x)) dy",
    .convention = "0 at -inf",
);

ad_tensor ad_gelu(ad_tensor x) { return ad_apply1(&ad_operator_gelu, x); }

/* phi(x) = e^(-x^2/2) / sqrt(2 pi). A rounded square would cost digits, since x^2 is large: with h, x in sixteenths,
 * h^2 is exact and x^2 - h^2 = (x - h) (x + h) is small. h counts as a constant, since phi does not depend on it. */
static ad_tensor normal_density(ad_tensor x)
{
    ad_tensor h = ad_scale(ad_round(ad_scale(ad_detach(x), 16)), 1.0 / 16);
    ad_tensor rest = ad_exp(ad_scale(ad_mul(ad_sub(x, h), ad_add(x, h)), -0.5));
    return ad_scale(ad_mul(rest, ad_exp(ad_scale(ad_square(h), -0.5))), PHI_OF_ZERO);
}

/* r = (Phi(x) + x phi(x)) v :  dv = (Phi(x) + x phi(x)) dr,  dx = (2 - x^2) phi(x) v dr.  Beyond 40 the density phi is
 * 0 in every type, and holding x there keeps x^2 finite. */
static void gelu_backward_vjp(ad_pullback *p)
{
    ad_tensor dr = ad_dy(p), v = ad_x(p, 0), x = ad_x(p, 1);
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_gelu_backward(dr, x));
    if (!ad_wants(p, 1))
        return;
    ad_tensor z = ad_clamp(x, -40, 40);
    ad_give(p, 1, ad_mul(ad_mul(ad_mul(ad_shift(ad_neg(ad_square(z)), 2), normal_density(z)), v), dr));
}

AD_OPERATOR(gelu_backward,
    OF_TWO,
    .loops = &gelu_backward_loops,
    .vjp = gelu_backward_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "(Phi(x) + x phi(x)) v",
    .gradient = "(Phi(x) + x phi(x)) dr, (2 - x^2) phi(x) v dr",
    .convention = "v at inf, 0 at -inf",
);

ad_tensor ad_gelu_backward(ad_tensor dy, ad_tensor x) { return ad_apply2(&ad_operator_gelu_backward, dy, x); }

AD_OPERATOR(silu,
    OF_ONE,
    .loops = &silu_loops,
    GIVES(PART(silu_backward, AD_DY, AD_X0)),
    .formula = "x logistic(x)",
    .gradient = "s (1 + x (1 - s)) dy, s = logistic(x)",
    .convention = "0 at -inf",
);

ad_tensor ad_silu(ad_tensor x) { return ad_apply1(&ad_operator_silu, x); }

/* r = s (1 + x (1 - s)) v, s = logistic(x) :  dv = s (1 + x (1 - s)) dr,  dx = s (1 - s) (2 + x (1 - 2 s)) v dr.
 * Beyond 800 the product s (1 - s) is 0 in every type, and holding x there keeps the other factor finite. */
static void silu_backward_vjp(ad_pullback *p)
{
    ad_tensor dr = ad_dy(p), v = ad_x(p, 0), x = ad_x(p, 1);
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_silu_backward(dr, x));
    if (!ad_wants(p, 1))
        return;
    ad_tensor z = ad_clamp(x, -800, 800), s = ad_logistic(z), rest = ad_logistic(ad_neg(z));
    ad_tensor bend = ad_mul(ad_mul(s, rest), ad_shift(ad_mul(z, ad_sub(rest, s)), 2));
    ad_give(p, 1, ad_mul(ad_mul(bend, v), dr));
}

AD_OPERATOR(silu_backward,
    OF_TWO,
    .loops = &silu_backward_loops,
    .vjp = silu_backward_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "s (1 + x (1 - s)) v, s = logistic(x)",
    .gradient = "s (1 + x (1 - s)) dr, s (1 - s) (2 + x (1 - 2 s)) v dr",
    .convention = "v at inf, 0 at -inf",
);

ad_tensor ad_silu_backward(ad_tensor dy, ad_tensor x) { return ad_apply2(&ad_operator_silu_backward, dy, x); }

AD_OPERATOR(selu,
    OF_ONE,
    .loops = &selu_loops,
    GIVES(PART(selu_backward, AD_DY, AD_Y, AD_X0)),
    .formula = "s x where x > 0, else s a (e^x - 1), s = 1.0507..., a = 1.6732...",
    .gradient = "s dy where x > 0, else (y + s a) dy",
    .convention = "the gradient is s a dy at 0",
    .domain = {{BESIDE_ZERO}},
);

ad_tensor ad_selu(ad_tensor x) { return ad_apply1(&ad_operator_selu, x); }

/* r = s v where y > 0, else (y + s a) v :  dv = the same of dr,  dy = 0 where y > 0, else v dr */
static void selu_backward_vjp(ad_pullback *p)
{
    ad_tensor dr = ad_dy(p), v = ad_x(p, 0), y = ad_x(p, 1);
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_selu_backward(dr, y, ad_x(p, 2)));
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_where_not_positive(ad_mul(v, dr), y));
    give_hint(p);
}

AD_OPERATOR(selu_backward,
    OF_THREE,
    .loops = &selu_backward_loops,
    .vjp = selu_backward_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "s v where y > 0, else (y + s a) v, s = 1.0507..., a = 1.6732...",
    .gradient = "selu_backward(dr, y, x); 0 where y > 0, else v dr; 0",
    .convention = "x is a hint: digits that y lost",
    .domain = {{0}, {BESIDE_ZERO}, {HINT}},
);

ad_tensor ad_selu_backward(ad_tensor dy, ad_tensor y, ad_tensor x)
{
    return ad_apply3(&ad_operator_selu_backward, dy, y, x);
}

#define SLOPED                                                                                                         \
    .attributes = {{"slope", AD_ATTRIBUTE_REAL}}, .properties = AD_ELEMENTWISE, .shape = slope_shape, .run = ad_map

static void slope_shape(ad_call *c)
{
    const double slope = c->attributes[0].real;
    if (isfinite(slope))
        ad_broadcast_shape(c);
    else
        ad_call_fail(c, AD_BAD_VALUE, "slope must be finite: it is %g", slope);
}

static ad_tensor sloped(const ad_operator *op, const ad_tensor *x, int n, double slope)
{
    return ad_apply_one(op, x, n, &(ad_attribute){.real = slope});
}

static const ad_sample samples_sloped[] = {
    {.n_x = 1, .x = {{2, {2, 3}}}, .attributes = {{.real = 0.01}}},
    {.n_x = 1, .x = {{0}}, .attributes = {{.real = -2}}},
    {.n_x = 1, .x = {{3, {2, 1, 3}}}, .attributes = {{.real = 1.5}}},
    {.n_x = 1, .x = {{2, {0, 3}}}, .attributes = {{.real = 0.2}}},
};

static const ad_sample samples_sloped_backward[] = {
    {.n_x = 2, .x = {{2, {2, 3}}, {2, {2, 3}}}, .attributes = {{.real = 0.01}}},
    {.n_x = 2, .x = {{0}, {0}}, .attributes = {{.real = -2}}},
    {.n_x = 2, .x = {{1, {3}}, {3, {2, 2, 3}}}, .attributes = {{.real = 1.5}}},
    {.n_x = 2, .x = {{3, {2, 1, 3}}, {2, {2, 1}}}, .attributes = {{.real = 0.2}}},
    {.n_x = 2, .x = {{2, {0, 3}}, {1, {3}}}, .attributes = {{.real = 0.2}}},
};

static void leaky_relu_vjp(ad_pullback *p)
{
    ad_give(p, 0, ad_leaky_relu_backward(ad_dy(p), ad_x(p, 0), ad_attribute_at(p, 0)->real));
}

AD_OPERATOR(leaky_relu,
    .arity = 1,
    SLOPED,
    SAMPLES(samples_sloped),
    .loops = &leaky_relu_loops,
    .vjp = leaky_relu_vjp,
    .formula = "x where x > 0, else slope x",
    .gradient = "dy where x > 0, else slope dy",
    .convention = "the gradient is slope dy at 0",
    .domain = {{BESIDE_ZERO}},
);

ad_tensor ad_leaky_relu(ad_tensor x, double slope) { return sloped(&ad_operator_leaky_relu, &x, 1, slope); }

/* r = v where x > 0, else slope v :  dv = the same of dr; constant in x almost everywhere */
static void leaky_relu_backward_vjp(ad_pullback *p)
{
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_leaky_relu_backward(ad_dy(p), ad_x(p, 1), ad_attribute_at(p, 0)->real));
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_zeros_like(ad_x(p, 1)));
}

AD_OPERATOR(leaky_relu_backward,
    .arity = 2,
    SLOPED,
    SAMPLES(samples_sloped_backward),
    .loops = &leaky_relu_backward_loops,
    .vjp = leaky_relu_backward_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "v where x > 0, else slope v",
    .gradient = "dr where x > 0, else slope dr; 0",
    .convention = "NaN where x is NaN",
    .domain = {{0}, {SIGN_ONLY}},
);

ad_tensor ad_leaky_relu_backward(ad_tensor dy, ad_tensor x, double slope)
{
    return sloped(&ad_operator_leaky_relu_backward, (const ad_tensor[]){dy, x}, 2, slope);
}

static void hardtanh_vjp(ad_pullback *p) { ad_give(p, 0, ad_clamp_backward(ad_dy(p), ad_x(p, 0), -1, 1)); }

AD_OPERATOR(hardtanh,
    OF_ONE,
    .loops = &hardtanh_loops,
    .vjp = hardtanh_vjp,
    .formula = "clamp(x, -1, 1)",
    .gradient = "dy where -1 <= x <= 1, else 0",
    .convention = "the edges pass dy, and so does NaN",
    .domain = {{.low = -0.9, .high = 3, .kink = 1, .gap = 0.1}},
);

ad_tensor ad_hardtanh(ad_tensor x) { return ad_apply1(&ad_operator_hardtanh, x); }

/* y = ln logistic(x) = -softplus(-x) :  dx = logistic(-x) dy.  Computed as min(x, 0) - ln(1 + e^-|x|). */
static void log_logistic_vjp(ad_pullback *p) { ad_give(p, 0, ad_mul(ad_logistic(ad_neg(ad_x(p, 0))), ad_dy(p))); }

AD_OPERATOR(log_logistic,
    OF_ONE,
    .loops = &log_logistic_loops,
    .vjp = log_logistic_vjp,
    .formula = "ln logistic(x)",
    .gradient = "logistic(-x) dy",
);

ad_tensor ad_log_logistic(ad_tensor x) { return ad_apply1(&ad_operator_log_logistic, x); }

#endif
