/* Softmax, its logarithm, and the cross-entropies of softmax.h. */
#include <float.h>
#include <math.h>

#include "../support/one_tape.h"

/* A logit of -inf is a class that is impossible: probability 0, gradient 0. */
REAL_TEST(softmax_of_minus_infinity)
{
    ad_tensor x = VECTOR(-INFINITY, 2, 2), table = ad_reshape(x, AD_SHAPE(1, 3));
    EXPECT(ad_softmax(table, 1), 0, 0.5, 0.5);
    EXPECT_NEAR(ad_log_softmax(table, 1), 1e-7, -INFINITY, -log(2), -log(2));
    ad_tensor loss = ad_softmax_cross_entropy(table, ad_input(t, AD_I32, AD_SHAPE(1), (const int32_t[]){2}));
    EXPECT_NEAR(loss, 1e-7, log(2));
    PULL(loss, 1);
    EXPECT(ad_gradient(x), 0, 0.5, -0.5);
    PULL(ad_softmax(x, 0), 1, 2, 4);
    EXPECT(ad_gradient(x), 0, -0.5, 0.5);
    PULL(ad_log_softmax(x, -1), 0, 2, 4);
    EXPECT(ad_gradient(x), 0, -1, 1);
}
END_REAL_TEST

static const double gaps[] = {1, 10, 100, 1000, 10000};
enum { GAPS = COUNT(gaps) };

/* Logits (0, gap) above any offset, with either label: the loss is gap + ln(1 + e^-gap) or ln(1 + e^-gap), the gradient
 * p - y. */
START_TEST(softmax_cross_entropy_at_gaps)
{
    const double gap = gaps[_i / 2], p = exp(-gap) / (1 + exp(-gap)), q = 1 / (1 + exp(-gap));
    real = _i % 2 ? AD_F32 : AD_F64;
    const double tolerance = 4 * (real == AD_F32 ? (double)FLT_EPSILON : DBL_EPSILON);
    for (int offset = -1024; offset <= 1024; offset += 1024) {
        ad_tensor x = VECTOR(offset, offset + gap, offset, offset + gap), logits = ad_reshape(x, AD_SHAPE(2, 2));
        ad_tensor loss = ad_softmax_cross_entropy(logits, ad_input(t, AD_I32, AD_SHAPE(2), (const int32_t[]){0, 1}));
        EXPECT_NEAR(loss, tolerance, gap + log1p(exp(-gap)), log1p(exp(-gap)));
        if (gap >= 100)
            ck_assert_double_eq(number_at(loss, 0), gap);
        PULL(loss, 1, 1);
        EXPECT_NEAR(ad_gradient(x), tolerance, p - 1, q, p, q - 1);
        ad_reset(t);
    }
}
END_TEST

/* Logits z = -gap and gap for targets 0, 0.25 and 1: softplus(z) - t z, gradient logistic(z) - t. */
START_TEST(logistic_cross_entropy_at_gaps)
{
    static const double targets[] = {0, 0.25, 1};
    const double gap = gaps[_i / 2], tail = log1p(exp(-gap)), p = exp(-gap) / (1 + exp(-gap)), q = 1 / (1 + exp(-gap));
    real = _i % 2 ? AD_F32 : AD_F64;
    const double tolerance = 4 * (real == AD_F32 ? (double)FLT_EPSILON : DBL_EPSILON);
    for (int k = 0; k < 3; k++) {
        ad_tensor z = VECTOR(-gap, gap), loss = ad_logistic_cross_entropy(z, VECTOR(targets[k]));
        EXPECT_NEAR(loss, tolerance, tail + targets[k] * gap, tail + gap - targets[k] * gap);
        PULL(loss, 1, 1);
        EXPECT_NEAR(ad_gradient(z), tolerance, p - targets[k], q - targets[k]);
        ad_reset(t);
    }
}
END_TEST

static void expect_finite(int line, ad_tensor x)
{
    for (size_t i = 0; i < ad_size_of(x); i++)
        ck_assert_msg(isfinite(number_at(x, i)), "line %d: element %zu is %g", line, i, number_at(x, i));
}

/* The largest logits there are, in every order and with every label. */
REAL_TEST(losses_of_the_largest_logits)
{
    const double huge = real == AD_F32 ? (double)FLT_MAX : DBL_MAX, values[] = {huge, -huge, 0};
    for (int k = 0; k < 27; k++) {
        const double z[] = {values[k % 3], values[k / 3 % 3], values[k / 9]};
        const int32_t labels[] = {0, 1, 2};
        ad_tensor x = variable_of_real(AD_SHAPE(3), z, 3), logits = ad_broadcast_to(x, AD_SHAPE(3, 3));
        ad_tensor loss = ad_softmax_cross_entropy(logits, ad_input(t, AD_I32, AD_SHAPE(3), labels));
        expect_finite(__LINE__, loss);
        PULL(loss, 1, 1, 1);
        expect_finite(__LINE__, ad_gradient(x));
        ad_tensor by_target = ad_logistic_cross_entropy(x, ad_cast(INPUTS(0, 0.5, 1), real));
        expect_finite(__LINE__, by_target);
        PULL(by_target, 1, 1, 1);
        expect_finite(__LINE__, ad_gradient(x));
        ad_reset(t);
    }
}
END_REAL_TEST

START_TEST(labels_out_of_range)
{
    ad_tensor logits = ad_zeros(t, AD_F32, AD_SHAPE(3, 4));
    ck_assert(
        ad_is_inert(ad_softmax_cross_entropy(logits, ad_input(t, AD_I32, AD_SHAPE(3), (const int32_t[]){0, 3, 4}))));
    expect_error_with(t, AD_BAD_VALUE, "softmax_cross_entropy: label 4 of row 2");
    ck_assert(
        ad_is_inert(ad_softmax_cross_entropy(logits, ad_input(t, AD_I32, AD_SHAPE(3), (const int32_t[]){0, -1, 4}))));
    expect_error_with(t, AD_BAD_VALUE, "softmax_cross_entropy: label -1 of row 1");
    ck_assert(ad_is_inert(ad_gather_rows(logits, ad_input(t, AD_I32, AD_SHAPE(2), (const int32_t[]){2, 3}))));
    expect_error_with(t, AD_BAD_VALUE, "gather_rows: row number 3");
}
END_TEST

START_TEST(softmax_log_likelihood_is_the_loss_negated)
{
    const int32_t labels[] = {2, 0};
    ad_tensor z = ad_input(t, AD_F64, AD_SHAPE(2, 3), (const double[]){0.5, -1, 2, 3, 0.25, -0.5}), l = ad_input(t, AD_I32, AD_SHAPE(2), labels);
    ad_tensor y = ad_softmax_log_likelihood(z, l), whole = ad_log_softmax(z, 1), loss = ad_softmax_cross_entropy(z, l);
    expect_ok(t);
    for (size_t i = 0; i < 2; i++) {
        ck_assert(ad_f64(y)[i] == -ad_f64(loss)[i]);
        ck_assert_double_eq_tol(ad_f64(y)[i], ad_f64(whole)[3 * i + (size_t)labels[i]], 1e-15);
    }
    ad_softmax_log_likelihood(z, ad_input(t, AD_I32, AD_SHAPE(2), (const int32_t[]){0, 3}));
    expect_error(t, AD_BAD_VALUE,
                 "softmax_cross_entropy: label 3 of row 1 is out of range: there are 3 classes, from 0");
}
END_TEST

static void add_tests(TCase *tests)
{
    ADD(softmax_of_minus_infinity);
    tcase_add_loop_test(tests, softmax_cross_entropy_at_gaps, 0, 2 * GAPS);
    tcase_add_loop_test(tests, logistic_cross_entropy_at_gaps, 0, 2 * GAPS);
    ADD(losses_of_the_largest_logits);
    tcase_add_test(tests, labels_out_of_range);
    tcase_add_test(tests, softmax_log_likelihood_is_the_loss_negated);
}

int main(void) { return run_on_one_tape("softmax", add_tests); }
