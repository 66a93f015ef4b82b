/* Activations: values known beforehand, derivatives of each order, what holds at kinks and far out, and errors. */
#include <float.h>
#include <math.h>
#include <string.h>

#include <gradtape/operators/backward.h>

#include "../support/one_tape.h"

static const double selu_scale = 1.0507009873554804934, selu_floor = 1.7580993408473768599;

/* Of gelu: Phi(1) = 0.84134..., the density phi(1) = 0.24197..., and by hand gelu'' = (2 - x^2) phi, gelu''' = (x^3 - 4
 * x) phi, gelu'''' = (7 x^2 - 4 - x^4) phi. */
REAL_TEST(gelu_to_the_fourth_order)
{
    const double phi = 0.24197072451914335, at_one = 0.8413447460685429;
    ad_tensor x = VECTOR(1, -1, 0);
    ad_tensor y = ad_gelu(x), first = derivative(y, x), second = derivative(first, x), third = derivative(second, x);
    EXPECT_CLOSE(y, at_one, at_one - 1, 0);
    EXPECT_CLOSE(first, at_one + phi, 1 - at_one - phi, 0.5);
    EXPECT_CLOSE(second, phi, phi, 2 * 0.3989422804014327);
    EXPECT_CLOSE(third, -3 * phi, 3 * phi, 0);
    EXPECT_CLOSE(derivative(third, x), 2 * phi, 2 * phi, -4 * 0.3989422804014327);
}
END_REAL_TEST

/* Far to the left gelu keeps its digits, where 1 + erf has none. Phi(-6) and Phi(-10) are from tables. */
REAL_TEST(gelu_keeps_its_tail)
{
    const double want[] = {-6 * 9.865876450376981e-10, -10 * 7.619853024160526e-24};
    ad_tensor y = ad_gelu(VECTOR(-6, -10));
    for (size_t i = 0; i < 2; i++)
        ck_assert_double_le(fabs(number_at(y, i) / want[i] - 1), real == AD_F32 ? 5e-6 : 3e-14);
}
END_REAL_TEST

/* silu'' = s (1 - s) (2 + x (1 - 2 s)); at 0 it is 1/2, and the third derivative is 0 there. */
REAL_TEST(silu_to_the_third_order)
{
    const double s = 0.8807970779778823, x = 2;
    ad_tensor v = VECTOR(2, 0), y = ad_silu(v), first = derivative(y, v), second = derivative(first, v);
    EXPECT_CLOSE(y, x * s, 0);
    EXPECT_CLOSE(first, s * (1 + x * (1 - s)), 0.5);
    EXPECT_CLOSE(second, s * (1 - s) * (2 + x * (1 - 2 * s)), 0.5);
    const double slope = s * (1 - s); /* of s; of slope it is slope (1 - 2 s) */
    EXPECT_CLOSE(derivative(second, v),
                 slope * (1 - 2 * s) * (2 + x * (1 - 2 * s)) + slope * (1 - 2 * s - 2 * x * slope), 0);
}
END_REAL_TEST

/* Far out no derivative is 0 times infinity. */
REAL_TEST(smooth_ones_far_out)
{
    const double most = real == AD_F32 ? (double)FLT_MAX : DBL_MAX;
    static ad_tensor (*const functions[])(ad_tensor) = {ad_gelu, ad_silu};
    for (size_t i = 0; i < COUNT(functions); i++) {
        ad_tensor x = VECTOR(INFINITY, -INFINITY, most, -most, NAN);
        ad_tensor y = functions[i](x), first = derivative(y, x), second = derivative(first, x);
        EXPECT(y, INFINITY, 0, most, 0, NAN);
        EXPECT(first, 1, 0, 1, 0, NAN);
        EXPECT(second, 0, 0, 0, 0, NAN);
        EXPECT(derivative(second, x), 0, 0, 0, 0, NAN);
    }
}
END_REAL_TEST

REAL_TEST(selu_bends_at_zero)
{
    ad_tensor x = VECTOR(-1, -0.0, 0, 2, -INFINITY, INFINITY, NAN), y = ad_selu(x);
    const double at_minus_one = selu_floor * (exp(-1) - 1);
    EXPECT_CLOSE(y, at_minus_one, 0, 0, 2 * selu_scale, -selu_floor, INFINITY, NAN);
    PULL(y, 1, 1, 1, 1, 1, 1, 1);
    EXPECT_CLOSE(ad_gradient(x), selu_floor * exp(-1), selu_floor, selu_floor, selu_scale, 0, selu_scale, NAN);
    ad_tensor z = VECTOR(-1, 0, 1);
    EXPECT_CLOSE(derivative(derivative(ad_selu(z), z), z), selu_floor * exp(-1), selu_floor, 0);
}
END_REAL_TEST

REAL_TEST(leaky_relu_leaks)
{
    ad_tensor x = VECTOR(-2, -0.0, 0, 3, -INFINITY, NAN), y = ad_leaky_relu(x, 0.25);
    EXPECT(y, -0.5, 0, 0, 3, -INFINITY, NAN);
    PULL(y, 1, 2, 4, 8, 16, 32);
    EXPECT(ad_gradient(x), 0.25, 0.5, 1, 8, 4, NAN);
    EXPECT(ad_leaky_relu(VECTOR(-2, 2), 0), 0, 2);
    EXPECT(ad_leaky_relu(VECTOR(-2, 2), -1), 2, 2);
    EXPECT(ad_leaky_relu(SCALAR(-4), 0.5), -2);
    EXPECT(ad_leaky_relu_backward(SCALAR(6), VECTOR(-1, 0, 1), 0.5), 3, 3, 6);
}
END_REAL_TEST

/* An upstream gradient that is infinite or NaN stays in its place. */
REAL_TEST(upstream_stays_in_its_branch)
{
    ad_tensor x = VECTOR(-1, 1, 2);
    PULL(ad_leaky_relu(x, 0.5), INFINITY, NAN, 1);
    EXPECT(ad_gradient(x), INFINITY, NAN, 1);
    PULL(ad_hardtanh(x), 3, 1, NAN);
    EXPECT(ad_gradient(x), 3, 1, 0);
}
END_REAL_TEST

REAL_TEST(hardtanh_is_a_clamp)
{
    ad_tensor x = VECTOR(-2, -1, 0.5, 1, 2, NAN, INFINITY), y = ad_hardtanh(x);
    EXPECT(y, -1, -1, 0.5, 1, 1, NAN, 1);
    PULL(y, 1, 2, 3, 4, 5, 6, 7);
    EXPECT(ad_gradient(x), 0, 2, 3, 4, 0, 6, 0);
}
END_REAL_TEST

REAL_TEST(log_logistic_stays_finite)
{
    ad_tensor x = VECTOR(0, -1e4, 1e4, -INFINITY, INFINITY, NAN), y = ad_log_logistic(x);
    EXPECT_CLOSE(y, -0.69314718055994531, -1e4, 0, -INFINITY, 0, NAN);
    PULL(y, 1, 1, 1, 1, 1, 1);
    EXPECT_CLOSE(ad_gradient(x), 0.5, 1, 0, 1, 0, NAN);
    ad_tensor z = VECTOR(2, -3);
    EXPECT_CLOSE(ad_add(ad_log_logistic(z), ad_softplus(ad_neg(z))), 0, 0);
}
END_REAL_TEST

/* f'(x) and f''(x) where f nears its bounds or has left them, from mpmath at 60 digits: logistic' = s(x) s(-x) with
 * s(x) = 1 / (1 + e^-x), tanh' = sech^2 x, elu' = e^x, silu' = s(x) (1 + x s(-x)), gelu' = Phi(x) + x phi(x), and what
 * school maths makes of these. */
typedef struct slope {
    const char *name;
    ad_tensor (*of)(ad_tensor);
    double x, first, second;
} slope;

static const slope slopes[] = {
    {"logistic", ad_logistic, 4.5, 0.010866229722225234, -0.010627456437087364},
    {"logistic", ad_logistic, -4.5, 0.010866229722225234, 0.010627456437087364},
    {"logistic", ad_logistic, 10, 4.5395807735951671e-5, -4.5391685990113196e-5},
    {"logistic", ad_logistic, -10, 4.5395807735951671e-5, 4.5391685990113196e-5},
    {"logistic", ad_logistic, 20, 2.0611536139418493e-9, -2.0611536054451409e-9},
    {"logistic", ad_logistic, -20, 2.0611536139418493e-9, 2.0611536054451409e-9},
    {"logistic", ad_logistic, 40, 4.248354255291589e-18, -4.2483542552915889e-18},
    {"logistic", ad_logistic, -40, 4.248354255291589e-18, 4.2483542552915889e-18},
    {"logistic", ad_logistic, 87, 1.6458114310822737e-38, -1.6458114310822737e-38},
    {"logistic", ad_logistic, -87, 1.6458114310822737e-38, 1.6458114310822737e-38},
    {"logistic", ad_logistic, 700, 9.8596765437597709e-305, -9.8596765437597709e-305},
    {"logistic", ad_logistic, -700, 9.8596765437597709e-305, 9.8596765437597709e-305},
    {"tanh", ad_tanh, 2.5, 0.02659222668316062, -0.052472542130580504},
    {"tanh", ad_tanh, -2.5, 0.02659222668316062, 0.052472542130580504},
    {"tanh", ad_tanh, 10, 8.2446144557673974e-9, -1.6489228843561127e-8},
    {"tanh", ad_tanh, -10, 8.2446144557673974e-9, 1.6489228843561127e-8},
    {"tanh", ad_tanh, 20, 1.6993417021166356e-17, -3.3986834042332711e-17},
    {"tanh", ad_tanh, -20, 1.6993417021166356e-17, 3.3986834042332711e-17},
    {"tanh", ad_tanh, 43, 1.7895117224724483e-37, -3.5790234449448966e-37},
    {"tanh", ad_tanh, -43, 1.7895117224724483e-37, 3.5790234449448966e-37},
    {"tanh", ad_tanh, 350, 3.9438706175039083e-304, -7.8877412350078167e-304},
    {"tanh", ad_tanh, -350, 3.9438706175039083e-304, 7.8877412350078167e-304},
    {"elu", ad_elu, -4, 0.01831563888873418, 0.01831563888873418},
    {"elu", ad_elu, -10, 4.5399929762484852e-5, 4.5399929762484852e-5},
    {"elu", ad_elu, -20, 2.0611536224385578e-9, 2.0611536224385578e-9},
    {"elu", ad_elu, -40, 4.248354255291589e-18, 4.248354255291589e-18},
    {"elu", ad_elu, -87, 1.6458114310822737e-38, 1.6458114310822737e-38},
    {"elu", ad_elu, -700, 9.8596765437597709e-305, 9.8596765437597709e-305},
    {"selu", ad_selu, -4, 0.032200712657482144, 0.032200712657482144},
    {"selu", ad_selu, -10, 7.9817586589941824e-5, 7.9817586589941824e-5},
    {"selu", ad_selu, -20, 3.6237128249944116e-9, 3.6237128249944116e-9},
    {"selu", ad_selu, -40, 7.4690288159142912e-18, 7.4690288159142912e-18},
    {"selu", ad_selu, -87, 2.8934999921448233e-38, 2.8934999921448233e-38},
    {"selu", ad_selu, -700, 1.7334290832552396e-304, 1.7334290832552396e-304},
    {"softplus", ad_softplus, 10, 0.99995460213129757, 4.5395807735951671e-5},
    {"softplus", ad_softplus, -10, 4.5397868702434395e-5, 4.5395807735951671e-5},
    {"softplus", ad_softplus, 20, 0.99999999793884638, 2.0611536139418493e-9},
    {"softplus", ad_softplus, -20, 2.0611536181902036e-9, 2.0611536139418493e-9},
    {"softplus", ad_softplus, 40, 1.0, 4.248354255291589e-18},
    {"softplus", ad_softplus, -40, 4.248354255291589e-18, 4.248354255291589e-18},
    {"softplus", ad_softplus, 87, 1.0, 1.6458114310822737e-38},
    {"softplus", ad_softplus, -87, 1.6458114310822737e-38, 1.6458114310822737e-38},
    {"softplus", ad_softplus, 700, 1.0, 9.8596765437597709e-305},
    {"softplus", ad_softplus, -700, 9.8596765437597709e-305, 9.8596765437597709e-305},
    {"log_logistic", ad_log_logistic, 10, 4.5397868702434395e-5, -4.5395807735951671e-5},
    {"log_logistic", ad_log_logistic, -10, 0.99995460213129757, -4.5395807735951671e-5},
    {"log_logistic", ad_log_logistic, 20, 2.0611536181902036e-9, -2.0611536139418493e-9},
    {"log_logistic", ad_log_logistic, -20, 0.99999999793884638, -2.0611536139418493e-9},
    {"log_logistic", ad_log_logistic, 40, 4.248354255291589e-18, -4.248354255291589e-18},
    {"log_logistic", ad_log_logistic, -40, 1.0, -4.248354255291589e-18},
    {"log_logistic", ad_log_logistic, 87, 1.6458114310822737e-38, -1.6458114310822737e-38},
    {"log_logistic", ad_log_logistic, -87, 1.0, -1.6458114310822737e-38},
    {"log_logistic", ad_log_logistic, 700, 9.8596765437597709e-305, -9.8596765437597709e-305},
    {"log_logistic", ad_log_logistic, -700, 1.0, -9.8596765437597709e-305},
    {"silu", ad_silu, 10, 1.0004085602086571, -0.00036312524442922861},
    {"silu", ad_silu, -10, -0.00040856020865708232, -0.00036312524442922861},
    {"silu", ad_silu, 20, 1.0000000391619187, -3.7100764881019119e-8},
    {"silu", ad_silu, -20, -3.9161918660646783e-8, -3.7100764881019119e-8},
    {"silu", ad_silu, 40, 1.0000000000000002, -1.6143746170108038e-16},
    {"silu", ad_silu, -40, -1.6568581595637197e-16, -1.6143746170108038e-16},
    {"silu", ad_silu, 83, 1.0, -7.2785190146799983e-35},
    {"silu", ad_silu, -83, -7.3683772741204921e-35, -7.2785190146799983e-35},
    {"silu", ad_silu, 690, 1.0, -1.494155937596201e-297},
    {"silu", ad_silu, -690, -1.4963276758775908e-297, -1.494155937596201e-297},
    {"gelu", ad_gelu, 5, 1.0000071469460018, -3.4194548838888847e-5},
    {"gelu", ad_gelu, -5, -7.1469460017922946e-6, -3.4194548838888847e-5},
    {"gelu", ad_gelu, 9.333251953125, 1.0, -4.1236424985121785e-18},
    {"gelu", ad_gelu, -9.333251953125, -4.4707156335803933e-19, -4.1236424985121785e-18},
    {"gelu", ad_gelu, 12.666748046875, 1.0, -9.1259191428970466e-34},
    {"gelu", ad_gelu, -12.666748046875, -7.2503753825934955e-35, -9.1259191428970466e-34},
    {"gelu", ad_gelu, 37.299999999999997, 1.0, -4.2551817232005832e-300},
    {"gelu", ad_gelu, -37.299999999999997, -1.1416211169449908e-301, -4.2551817232005832e-300},
};

static void expect_slope(const slope *s, ad_tensor x, const char *shape)
{
    const double most = real == AD_F32 ? 2e-6 : 2e-14;
    ad_tensor first = derivative(s->of(x), x), second = derivative(first, x);
    const double off = fabs(number_at(first, 0) / s->first - 1);
    const double off2 = s->second == 0 ? fabs(number_at(second, 0)) : fabs(number_at(second, 0) / s->second - 1);
    ck_assert_msg(off <= most, "function %s at %g, %s: its slope is %g, off by %.3g", s->name, s->x, shape,
                  number_at(first, 0), off);
    ck_assert_msg(off2 <= most, "function %s at %g, %s: its second derivative is %g, off by %.3g", s->name, s->x, shape,
                  number_at(second, 0), off2);
}

/* Slopes keep their digits on both sides of a function, in both orders, down to the smallest normal number. */
REAL_TEST(slopes_keep_their_digits)
{
    for (size_t i = 0; i < COUNT(slopes); i++) {
        const slope *s = &slopes[i];
        if (real == AD_F32 && (fabs(s->x) > 87 || (s->second != 0 && fabs(s->second) < (double)FLT_MIN)))
            continue;
        expect_slope(s, SCALAR(s->x), "a scalar");
        expect_slope(s, VECTOR(s->x, 0.5, -0.5, 1, s->x, 0.25, -1), "a vector");
        ad_reset(t);
    }
}
END_REAL_TEST

/* The hint counts only where it gives the same y: the backward operators are functions of y. */
REAL_TEST(hints_give_digits_alone)
{
    const double e = real == AD_F32 ? 0x1p-20 : 0x1p-40; /* 1 - e and 1 + e are exact, and so are the slopes below */
    ad_tensor v = VECTOR(1, 1, 1, 1, 1, 1), y = VECTOR(1 - e, 1 - e, 1 - e, 1 + e, 1 - e, 1),
              x = VECTOR(-20, 0, INFINITY, -INFINITY, NAN, 1);
    EXPECT(ad_logistic_backward(v, y, x), (1 - e) * e, (1 - e) * e, (1 - e) * e, (1 + e) * -e, (1 - e) * e, 0);
    EXPECT(ad_tanh_backward(v, y, x), e * (2 - e), e * (2 - e), e * (2 - e), -e * (2 + e), e * (2 - e), 0);
    EXPECT(ad_elu_backward(v, ad_neg(y), x), e, e, e, -e, e, 0);
    PULL(ad_tanh_backward(v, y, x), 1, 1, 1, 1, 1, 1);
    EXPECT(ad_gradient(x), 0, 0, 0, 0, 0, 0);
}
END_REAL_TEST

REAL_TEST(errors)
{
    ad_tensor x = ad_name(VECTOR(1, 2), "x"), i = WHOLE(1);
    expect_inert(ad_leaky_relu(x, NAN), AD_BAD_VALUE, "leaky_relu: slope must be finite: it is nan");
    expect_inert(ad_leaky_relu(x, INFINITY), AD_BAD_VALUE, "leaky_relu: slope must be finite: it is inf");
    expect_inert(ad_leaky_relu_backward(x, x, -INFINITY), AD_BAD_VALUE,
                 "leaky_relu_backward: slope must be finite: it is -inf");
    expect_inert(ad_gelu(i), AD_BAD_TYPE,
                 "gelu: operand 0, [1], is i32: it must be f32 or f64; convert it with ad_cast");
    expect_inert(
        ad_silu_backward(x, VECTOR(1, 2, 3)), AD_BAD_SHAPE,
        "silu_backward: shapes do not broadcast: x [2] with [3]: sizes must be equal or 1, from the last axis");
}
END_REAL_TEST

/* Blocks, vectors and what is left of both give an element the same value, wherever it stands. */
REAL_TEST(an_element_is_the_same_anywhere)
{
    static ad_tensor (*const functions[])(ad_tensor) = {ad_gelu,         ad_silu,     ad_selu, ad_elu,
                                                        ad_log_logistic, ad_logistic, ad_tanh};
    enum { MANY = 1031 };
    static float values[MANY];
    for (size_t i = 0; i < MANY; i++)
        values[i] = (float)(i % 23) * 0.75F - 8;
    for (size_t f = 0; f < COUNT(functions); f++) {
        ad_tensor x = ad_variable(t, AD_F32, AD_SHAPE(MANY), values), y = functions[f](ad_cast(x, real)),
                  dx = derivative(y, x);
        for (size_t i = 23; i < MANY; i++) {
            ck_assert_msg(number_at(y, i) == number_at(y, i % 23), "function %zu differs at %zu", f, i);
            ck_assert_msg(number_at(dx, i) == number_at(dx, i % 23), "slope %zu differs at %zu", f, i);
        }
    }
}
END_REAL_TEST

static void add_tests(TCase *tests)
{
    ADD(gelu_to_the_fourth_order);
    ADD(gelu_keeps_its_tail);
    ADD(silu_to_the_third_order);
    ADD(smooth_ones_far_out);
    ADD(selu_bends_at_zero);
    ADD(leaky_relu_leaks);
    ADD(upstream_stays_in_its_branch);
    ADD(hardtanh_is_a_clamp);
    ADD(log_logistic_stays_finite);
    ADD(slopes_keep_their_digits);
    ADD(hints_give_digits_alone);
    ADD(errors);
    ADD(an_element_is_the_same_anywhere);
}

int main(void) { return run_on_one_tape("activations", add_tests); }
