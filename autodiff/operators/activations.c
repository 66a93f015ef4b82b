/* Activations, element by element, and the backward operators that keep their conventions at kinks. */
#include "family.h"

MAP1_VIA(logistic, exp, -R(fabs)(x), x >= 0 ? 1 / (1 + v) : v / (1 + v))
MAP1_OF(tanh, tanh)
MAP1(relu, x < 0 ? 0 : x)
MAP1_VIA(softplus, log1p_exp, -R(fabs)(x), (x > 0 ? x : x <= 0 ? 0 : x) + v)
MAP1_VIA(elu, expm1, x, x > 0 ? x : v)
MAP1(step, x >= 0 ? 1 : x < 0 ? 0 : x)
MAP2(logistic_backward, (1 - b) * b * a)
MAP2(tanh_backward, (1 - b * b) * a)
MAP2(elu_backward, b > 0 ? a : a * (b + 1))
MAP2(where_positive, b <= 0 ? 0 : a)
MAP2(where_not_positive, b > 0 ? 0 : a)
MAP2(exp_difference, a == -INFINITY ? 0 : R(exp)(a - b))

#ifndef AD_REAL

AD_FAMILY(activations)

#define BESIDE_ZERO                                                                                                    \
    {                                                                                                                  \
        -2, 2, 0, 0.1, false                                                                                           \
    }
#define SIGN_ONLY                                                                                                      \
    {                                                                                                                  \
        -2, 2, 0, 0.1, true                                                                                            \
    }

/* y = 1 / (1 + e^-x) :  dx = y (1 - y) dy */
static void logistic_vjp(ad_pullback *p) { ad_give(p, 0, ad_logistic_backward(ad_dy(p), ad_y(p))); }

AD_OPERATOR(logistic) = {.name = "logistic",
                         OF_ONE,
                         .loops = &logistic_loops,
                         .vjp = logistic_vjp,
                         .formula = "1 / (1 + e^-x)",
                         .gradient = "y (1 - y) dy"};

ad_tensor ad_logistic(ad_tensor x) { return ad_apply1(&ad_operator_logistic, x); }

/* r = y (1 - y) v :  dv = y (1 - y) dr,  dy = (1 - 2 y) v dr */
static void logistic_backward_vjp(ad_pullback *p)
{
    ad_tensor dr = ad_dy(p), v = ad_x(p, 0), y = ad_x(p, 1);
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_logistic_backward(dr, y));
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_mul(ad_shift(ad_scale(y, -2), 1), ad_mul(v, dr)));
}

AD_OPERATOR(logistic_backward) = {.name = "logistic_backward",
                                  OF_TWO,
                                  .loops = &logistic_backward_loops,
                                  .vjp = logistic_backward_vjp,
                                  .linear = AD_LINEAR_IN(0),
                                  .formula = "y (1 - y) v",
                                  .gradient = "y (1 - y) dr, (1 - 2 y) v dr"};

ad_tensor ad_logistic_backward(ad_tensor dy, ad_tensor y) { return ad_apply2(&ad_operator_logistic_backward, dy, y); }

/* y = tanh x :  dx = (1 - y^2) dy */
static void tanh_vjp(ad_pullback *p) { ad_give(p, 0, ad_tanh_backward(ad_dy(p), ad_y(p))); }

AD_OPERATOR(tanh) = {
    .name = "tanh", OF_ONE, .loops = &tanh_loops, .vjp = tanh_vjp, .formula = "tanh x", .gradient = "(1 - y^2) dy"};

ad_tensor ad_tanh(ad_tensor x) { return ad_apply1(&ad_operator_tanh, x); }

/* r = (1 - y^2) v :  dv = (1 - y^2) dr,  dy = -2 y v dr */
static void tanh_backward_vjp(ad_pullback *p)
{
    ad_tensor dr = ad_dy(p), v = ad_x(p, 0), y = ad_x(p, 1);
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_tanh_backward(dr, y));
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_mul(ad_scale(y, -2), ad_mul(v, dr)));
}

AD_OPERATOR(tanh_backward) = {.name = "tanh_backward",
                              OF_TWO,
                              .loops = &tanh_backward_loops,
                              .vjp = tanh_backward_vjp,
                              .linear = AD_LINEAR_IN(0),
                              .formula = "(1 - y^2) v",
                              .gradient = "(1 - y^2) dr, -2 y v dr"};

ad_tensor ad_tanh_backward(ad_tensor dy, ad_tensor y) { return ad_apply2(&ad_operator_tanh_backward, dy, y); }

/* y = max(x, 0) :  dx = dy where y > 0, else 0 */
static void relu_vjp(ad_pullback *p) { ad_give(p, 0, ad_where_positive(ad_dy(p), ad_y(p))); }

AD_OPERATOR(relu) = {.name = "relu",
                     OF_ONE,
                     .loops = &relu_loops,
                     .vjp = relu_vjp,
                     .formula = "max(x, 0)",
                     .gradient = "dy where x > 0, else 0",
                     .convention = "the gradient is 0 at 0",
                     .domain = {BESIDE_ZERO}};

ad_tensor ad_relu(ad_tensor x) { return ad_apply1(&ad_operator_relu, x); }

/* r = v where x > 0, else 0 :  dv = the same selection of dr; constant in x almost everywhere */
static void where_positive_vjp(ad_pullback *p)
{
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_where_positive(ad_dy(p), ad_x(p, 1)));
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_zeros_like(ad_x(p, 1)));
}

AD_OPERATOR(where_positive) = {.name = "where_positive",
                               OF_TWO,
                               .loops = &where_positive_loops,
                               .vjp = where_positive_vjp,
                               .linear = AD_LINEAR_IN(0),
                               .formula = "v where x > 0, else 0",
                               .gradient = "dr where x > 0, else 0; 0",
                               .convention = "v where x is NaN",
                               .domain = {{0}, SIGN_ONLY}};

ad_tensor ad_where_positive(ad_tensor v, ad_tensor x) { return ad_apply2(&ad_operator_where_positive, v, x); }

/* r = 0 where x > 0, else v :  dv = the same selection of dr; constant in x almost everywhere */
static void where_not_positive_vjp(ad_pullback *p)
{
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_where_not_positive(ad_dy(p), ad_x(p, 1)));
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_zeros_like(ad_x(p, 1)));
}

AD_OPERATOR(where_not_positive) = {.name = "where_not_positive",
                                   OF_TWO,
                                   .loops = &where_not_positive_loops,
                                   .vjp = where_not_positive_vjp,
                                   .linear = AD_LINEAR_IN(0),
                                   .formula = "0 where x > 0, else v",
                                   .gradient = "0 where x > 0, else dr; 0",
                                   .convention = "v where x is NaN",
                                   .domain = {{0}, SIGN_ONLY}};

ad_tensor ad_where_not_positive(ad_tensor v, ad_tensor x) { return ad_apply2(&ad_operator_where_not_positive, v, x); }

/* y = ln(1 + e^x) :  dx = logistic(x) dy.  Computed as max(x, 0) + ln(1 + e^-|x|), which never overflows. */
static void softplus_vjp(ad_pullback *p) { ad_give(p, 0, ad_mul(ad_logistic(ad_x(p, 0)), ad_dy(p))); }

AD_OPERATOR(softplus) = {.name = "softplus",
                         OF_ONE,
                         .loops = &softplus_loops,
                         .vjp = softplus_vjp,
                         .formula = "ln(1 + e^x)",
                         .gradient = "logistic(x) dy"};

ad_tensor ad_softplus(ad_tensor x) { return ad_apply1(&ad_operator_softplus, x); }

/* y = x where x > 0, else e^x - 1 :  dx = dy where y > 0, else (y + 1) dy */
static void elu_vjp(ad_pullback *p) { ad_give(p, 0, ad_elu_backward(ad_dy(p), ad_y(p))); }

AD_OPERATOR(elu) = {.name = "elu",
                    OF_ONE,
                    .loops = &elu_loops,
                    .vjp = elu_vjp,
                    .formula = "x where x > 0, else e^x - 1",
                    .gradient = "dy where x > 0, else (y + 1) dy",
                    .convention = "the gradient is dy at 0; the second one jumps there",
                    .domain = {BESIDE_ZERO}};

ad_tensor ad_elu(ad_tensor x) { return ad_apply1(&ad_operator_elu, x); }

/* r = v where y > 0, else (y + 1) v :  dv = the same of dr,  dy = 0 where y > 0, else v dr */
static void elu_backward_vjp(ad_pullback *p)
{
    ad_tensor dr = ad_dy(p), v = ad_x(p, 0), y = ad_x(p, 1);
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_elu_backward(dr, y));
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_where_not_positive(ad_mul(v, dr), y));
}

AD_OPERATOR(elu_backward) = {.name = "elu_backward",
                             OF_TWO,
                             .loops = &elu_backward_loops,
                             .vjp = elu_backward_vjp,
                             .linear = AD_LINEAR_IN(0),
                             .formula = "v where y > 0, else (y + 1) v",
                             .gradient = "elu_backward(dr, y); 0 where y > 0, else v dr",
                             .domain = {{0}, BESIDE_ZERO}};

ad_tensor ad_elu_backward(ad_tensor dy, ad_tensor y) { return ad_apply2(&ad_operator_elu_backward, dy, y); }

/* y = 1 where x >= 0, else 0 :  dx = 0 */
static void step_vjp(ad_pullback *p) { ad_give(p, 0, ad_zeros_like(ad_x(p, 0))); }

AD_OPERATOR(step) = {.name = "step",
                     .arity = 1,
                     .properties = AD_ELEMENTWISE | AD_PIECEWISE_CONSTANT,
                     .shape = ad_broadcast_shape,
                     .run = ad_map,
                     SAMPLES(ad_samples_of_one),
                     .loops = &step_loops,
                     .vjp = step_vjp,
                     .formula = "1 where x >= 0, else 0",
                     .gradient = "0",
                     .convention = "1 at 0; the gradient is 0 there too",
                     .domain = {SIGN_ONLY}};

ad_tensor ad_step(ad_tensor x) { return ad_apply1(&ad_operator_step, x); }

/* r = e^(x-y), 0 where x is -inf :  dx = r dr,  dy = -r dr */
static void exp_difference_vjp(ad_pullback *p)
{
    ad_tensor dx = ad_mul(ad_y(p), ad_dy(p));
    ad_give(p, 0, dx);
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_neg(dx));
}

AD_OPERATOR(exp_difference) = {.name = "exp_difference",
                               OF_TWO,
                               .loops = &exp_difference_loops,
                               .vjp = exp_difference_vjp,
                               .formula = "e^(x-y)",
                               .gradient = "r dr, -r dr",
                               .convention = "0 where x is -inf, whatever y is"};

ad_tensor ad_exp_difference(ad_tensor x, ad_tensor y) { return ad_apply2(&ad_operator_exp_difference, x, y); }

#endif
