/* Activations: values known beforehand, derivatives of each order, what holds at kinks and far out, and errors. */
#include <gradtape/operators/backward.h>

#include <float.h>
#include <math.h>
#include <string.h>

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
    static ad_tensor (*const functions[])(ad_tensor) = {ad_gelu, ad_silu, ad_selu, ad_log_logistic};
    enum { MANY = 1031 };
    static float values[MANY];
    for (size_t i = 0; i < MANY; i++)
        values[i] = (float)(i % 23) / 4 - 3;
    for (size_t f = 0; f < COUNT(functions); f++) {
        ad_tensor x = ad_cast(ad_input(t, AD_F32, AD_SHAPE(MANY), values), real), y = functions[f](x);
        for (size_t i = 23; i < MANY; i++)
            ck_assert_msg(number_at(y, i) == number_at(y, i % 23), "function %zu differs at %zu", f, i);
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
    ADD(errors);
    ADD(an_element_is_the_same_anywhere);
}

int main(void) { return run_on_one_tape("activations", add_tests); }
