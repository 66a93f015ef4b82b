/* What all sums must keep: long ones their digits, moments theirs at any offset, and results that can be represented
 * their range. Reference values are exact by reasoning, or as each test says. */
#include <float.h>
#include <stdlib.h>

#include <gradtape/operators/backward.h>

#include "../support/one_tape.h"

/* ---- Long sums --------------------------------------------------------------------------------------------------- */

static ad_tensor filled(ad_shape shape, double value) { return ad_full(t, real, shape, value); }

static ad_tensor as_variable(ad_tensor x)
{
    return ad_variable(t, real, ad_shape_of(x), real == AD_F32 ? (const void *)ad_f32(x) : ad_f64(x));
}

/* The number of roundings by which a sum of n times `value` is off: n value is exact in f64, or nearly. */
static double ulp_off(ad_tensor y, double n, double value)
{
    const double term = real == AD_F32 ? (double)(float)value : value, wanted = n * term;
    return fabs(number_at(y, 0) - wanted) / (fabs(wanted) * (real == AD_F32 ? FLT_EPSILON : DBL_EPSILON));
}

static void expect_sum(ad_tensor y, double n, double value)
{
    ck_assert_msg(ulp_off(y, n, value) <= 4, "a sum of %g times %g is %.17g", n, value, number_at(y, 0));
}

/* Rows of every length about the borders of clumps, blocks and loops; 0.1 is rounded alike in every partial sum. */
REAL_TEST(a_row_of_any_length_is_exact_to_a_few_roundings)
{
    static const int64_t lengths[] = {1,  7,   8,   9,   16,  17,   31,   33,   63,   64,
                                      65, 128, 191, 192, 193, 1000, 1023, 4097, 70000};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        const int64_t n = lengths[i];
        const ad_tensor rows = filled(AD_SHAPE(9, n), 0.1), columns = filled(AD_SHAPE(n, 70), 0.1),
                        few = filled(AD_SHAPE(n, 3), 0.1), blocks = filled(AD_SHAPE(n, 2, 3), 0.1);
        expect_sum(ad_sum_over(rows, AD_AXES(1)), (double)n, 0.1);
        expect_sum(ad_sum_over(columns, AD_AXES(0)), (double)n, 0.1);
        expect_sum(ad_sum_over(few, AD_AXES(0)), (double)n, 0.1);
        expect_sum(ad_sum_over(blocks, AD_AXES(0, 2)), 3 * (double)n, 0.1);
        expect_sum(ad_norm_over(blocks, 1, AD_AXES(0, 2)), 3 * (double)n, 0.1);
        expect_sum(ad_sum_to(blocks, AD_SHAPE(2, 1)), 3 * (double)n, 0.1);
        expect_sum(ad_mean_over(blocks, AD_AXES(0, 2)), 1, 0.1);
        ad_reset(t);
    }
}
END_REAL_TEST

/* In f32, one after the other, they would stop at 2^24. */
START_TEST(sums_do_not_stop_at_2_to_the_24)
{
    const int64_t n = 20000000;
    real = AD_F32;
    const ad_tensor x = ad_variable(t, AD_F32, AD_SHAPE(n / 4, 2, 2), NULL), y = ad_shift(x, 1);
    EXPECT(ad_sum_over(y, AD_AXES(0, 2)), 1e7, 1e7);
    EXPECT(ad_sum(y), 2e7);
    EXPECT(ad_sum_squares_over(y, AD_AXES(0, 2)), 1e7, 1e7);
    EXPECT(ad_sum_to(y, AD_SHAPE(1, 2, 1)), 1e7, 1e7);
    ad_tensor db, da = ad_mul_backward(y, y, filled(AD_SHAPE(2, 1), 1), &db);
    (void)da;
    EXPECT(db, 1e7, 1e7);
    EXPECT(ad_mean_ties(y, y, filled(AD_SHAPE(1, 1, 1), 1), AD_AXES(0, 1, 2)), 1);
}
END_TEST

START_TEST(ties_of_many_share_exactly)
{
    real = AD_F32;
    const ad_tensor x = ad_variable(t, AD_F32, AD_SHAPE(20000000), NULL);
    ad_backward(ad_max(x));
    ck_assert_float_eq(ad_f32(ad_gradient(x))[19999999], 1 / 2e7F);
}
END_TEST

/* Neither operand is as wide as the gradient: n rows of 1 and one of 0.1. */
REAL_TEST(products_of_narrow_operands_sum_exactly)
{
    const int64_t n = 70000;
    ad_tensor db,
        da = ad_mul_backward(filled(AD_SHAPE(n, 3), 0.1), filled(AD_SHAPE(n, 1), 1), filled(AD_SHAPE(3), 1), &db);
    expect_sum(db, (double)n, 0.1);
    expect_sum(da, 3, 0.1);
    da = ad_mul_backward(filled(AD_SHAPE(n, 3), 0.1), filled(AD_SHAPE(n, 3), 1), filled(AD_SHAPE(1, 1), 1), &db);
    expect_sum(db, 3 * (double)n, 0.1);
}
END_REAL_TEST

REAL_TEST(infinities_and_nan_are_those_of_a_plain_sum)
{
    enum { N = 300 };
    double x[4][N] = {{0}};
    x[0][3] = INFINITY, x[1][200] = -INFINITY, x[2][3] = INFINITY, x[2][200] = -INFINITY, x[3][7] = NAN;
    const ad_tensor rows = input_of(real, AD_SHAPE(4, N), x[0]);
    EXPECT(ad_sum_over(rows, AD_AXES(1)), INFINITY, -INFINITY, NAN, NAN);
    EXPECT(ad_sum_over(ad_transpose(rows), AD_AXES(0)), INFINITY, -INFINITY, NAN, NAN);
    EXPECT(ad_mean_over(rows, AD_AXES(1)), INFINITY, -INFINITY, NAN, NAN);
    EXPECT(ad_var_over(rows, 0, AD_AXES(1)), NAN, NAN, NAN, NAN);
}
END_REAL_TEST

/* ---- Moments ----------------------------------------------------------------------------------------------------- */

static ad_tensor gradient_of(ad_tensor y, ad_tensor x)
{
    ad_tensor dx;
    ad_grad(ad_sum(y), &x, 1, &dx);
    return dx;
}

/* Two numbers beside each other at 2^24 and 2^53: variance (d / 2)^2, gradient -d / 2 and d / 2. */
REAL_TEST(moments_at_the_end_of_whole_numbers)
{
    const double a = real == AD_F32 ? 0x1p24 : 0x1p53;
    const ad_tensor x = VECTOR(a, a + 2);
    EXPECT(ad_var(x), 1);
    EXPECT(ad_std(x), 1);
    EXPECT(ad_var_over(x, 1, AD_ALL_AXES), 2);
    EXPECT(gradient_of(ad_var(x), x), -1, 1);
    EXPECT(gradient_of(ad_std(x), x), -0.5, 0.5);
    EXPECT(ad_deviations(x, AD_ALL_AXES), -1, 1);
}
END_REAL_TEST

/* Equal elements, of every layout: 0, exactly. */
REAL_TEST(equal_elements_do_not_deviate)
{
    static const double values[] = {0.1, -0.7, 1e5 / 3, 34050628916015625.0, 1e-30, 0};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        const ad_tensor x = as_variable(filled(AD_SHAPE(7, 3, 67), values[i]));
        const ad_axes axes[] = {AD_ALL_AXES, AD_AXES(0, 2), AD_AXES(1), AD_AXES(2)};
        for (size_t k = 0; k < 4; k++) {
            const ad_tensor s = ad_std_over(x, 1, axes[k]);
            EXPECT(ad_max(s), 0);
            EXPECT(ad_norm(gradient_of(s, x)), 0);
            EXPECT(ad_norm(ad_deviations(x, axes[k])), 0);
        }
        ad_reset(t);
    }
}
END_REAL_TEST

/* The gradient of what no shift changes sums to 0, and the variance of i mod 2 times d at any offset is d^2 / 4. */
REAL_TEST(moments_do_not_depend_on_the_offset)
{
    enum { N = 100000 };
    double *x = malloc(N * sizeof *x);
    for (int power = 0; power <= 20; power += 4) {
        for (size_t i = 0; i < N; i++)
            x[i] = ldexp(1, power) + (i % 2 ? 0.125 : 0);
        const ad_tensor v = as_variable(input_of(real, AD_SHAPE(N / 10, 2, 5), x));
        const ad_tensor s = ad_std_over(v, 0, AD_ALL_AXES), dx = gradient_of(s, v);
        EXPECT(ad_var_over(v, 0, AD_ALL_AXES), 0.015625 * 0.25);
        EXPECT(s, 0.0625);
        EXPECT_NEAR(ad_sum(dx), 1e-7, 0);
        EXPECT_CLOSE(ad_norm_over(dx, 1, AD_ALL_AXES), 1);
        ad_reset(t);
    }
    free(x);
}
END_REAL_TEST

/* With u any tensor, the gradient of <u, dvar/dx> by x is 2 / n deviations(u). */
REAL_TEST(second_gradients_of_variances_sum_to_zero)
{
    const double a = real == AD_F32 ? 0x1p22 : 0x1p50;
    const ad_tensor x = VECTOR(a, a + 3, a + 1), u = VECTOR(1, 4, -2);
    ad_backward_with(ad_var(x), &(ad_backward_options){.differentiable = true});
    const ad_tensor dx = gradient_of(ad_mul(ad_gradient(x), u), x);
    EXPECT_CLOSE(dx, 0, 2, -2);
}
END_REAL_TEST

/* One that is far from all others does not take their digits, wherever it stands: of n - 1 zeros and one d the
 * deviations are -d / n and d - d / n. */
REAL_TEST(deviations_beside_one_that_is_far)
{
    enum { N = 1024 };
    static const size_t places[] = {0, N / 2, N - 1, 5};
    for (size_t k = 0; k < 4; k++) {
        double x[N] = {0};
        x[places[k]] = 1e5;
        const ad_tensor d = ad_deviations(input_of(real, AD_SHAPE(N), x), AD_ALL_AXES);
        EXPECT_CLOSE(ad_slice(d, 0, (ad_range){1, 2, 1}), -1e5 / N);
        EXPECT_NEAR(ad_sum(d), real == AD_F32 ? 0.02 : 1e-10, 0);
        ad_reset(t);
    }
}
END_REAL_TEST

/* ---- Range ------------------------------------------------------------------------------------------------------- */

REAL_TEST(sums_and_means_that_can_be_represented_are_not_lost)
{
    const double m = real == AD_F32 ? 3e38 : 1.7e308, huge = real == AD_F32 ? (double)(float)m : m;
    EXPECT(ad_mean(VECTOR(m, m)), huge);
    EXPECT(ad_mean_over(MATRIX(2, 2, m, 1, m, 3), AD_AXES(0)), huge, 2);
    EXPECT(ad_sum(VECTOR(m, m, -m)), huge);
    EXPECT(ad_sum_to(VECTOR(m, m, -m), AD_SCALAR), huge);
    EXPECT(ad_trace(MATRIX(3, 3, m, 0, 0, 0, m, 0, 0, 0, -m)), huge);
    EXPECT(ad_sum(VECTOR(m, m)), INFINITY);
    const ad_tensor ones = VECTOR(1, 1);
    EXPECT(ad_mean_ties(VECTOR(m, m), ones, VECTOR(1), AD_AXES(0)), huge);
    EXPECT(ad_deviations(VECTOR(m, -m), AD_ALL_AXES), huge, -huge);
}
END_REAL_TEST

/* Of {-a, a} the deviation is a. */
REAL_TEST(deviations_of_any_size)
{
    static const double sizes[] = {1e30, 1e-30, 1e38, 1e-38, 1e150, 1e-150, 1e300, 1e-300};
    for (int i = 0; i < (real == AD_F32 ? 4 : 8); i++) {
        const double a = real == AD_F32 ? (double)(float)sizes[i] : sizes[i];
        const ad_tensor x = MATRIX(2, 2, -a, a, 1, 3), y = ad_std_over(x, 0, AD_AXES(1));
        EXPECT_CLOSE(ad_scale(y, 1), a, 1);
        EXPECT_CLOSE(gradient_of(y, x), -0.5, 0.5, -0.5, 0.5);
    }
    const double a = real == AD_F32 ? 0x1p-70 : 0x1p-530; /* a^2 is denormal, and exact */
    EXPECT(ad_var(VECTOR(-a, a)), a * a);
}
END_REAL_TEST

/* ---- Divisions --------------------------------------------------------------------------------------------------- */

/* dy / n, and not dy times a rounded 1 / n. */
REAL_TEST(the_gradient_of_a_mean_is_a_quotient)
{
    for (int64_t n = 1; n < 200; n++) {
        const ad_tensor x = ad_variable(t, real, AD_SHAPE(n), NULL);
        PULL(ad_mean(x), 0.7);
        const double dy = real == AD_F32 ? (double)0.7F : 0.7, wanted = dy / (double)n;
        EXPECT(ad_slice(ad_gradient(x), 0, (ad_range){0, 1, 1}), real == AD_F32 ? (double)(float)wanted : wanted);
        ad_reset(t);
    }
}
END_REAL_TEST

static void add_tests(TCase *tests)
{
    ADD(a_row_of_any_length_is_exact_to_a_few_roundings);
    tcase_add_test(tests, sums_do_not_stop_at_2_to_the_24);
    tcase_add_test(tests, ties_of_many_share_exactly);
    ADD(products_of_narrow_operands_sum_exactly);
    ADD(infinities_and_nan_are_those_of_a_plain_sum);
    ADD(moments_at_the_end_of_whole_numbers);
    ADD(equal_elements_do_not_deviate);
    ADD(moments_do_not_depend_on_the_offset);
    ADD(second_gradients_of_variances_sum_to_zero);
    ADD(deviations_beside_one_that_is_far);
    ADD(sums_and_means_that_can_be_represented_are_not_lost);
    ADD(deviations_of_any_size);
    ADD(the_gradient_of_a_mean_is_a_quotient);
}

int main(void) { return run_on_one_tape("sums", add_tests); }
