/* Losses: values by hand, what holds where formulas fail, weights and smoothing of classes, and every error. */
#include <float.h>
#include <math.h>
#include <string.h>

#include <gradtape/operators/backward.h>

#include "../support/one_tape.h"

static double most(void) { return real == AD_F32 ? (double)FLT_MAX : DBL_MAX; }

REAL_TEST(errors_of_predictions)
{
    ad_tensor y = VECTOR(3, 1, 2), goal = VECTOR(1, 1, 2.5);
    PULL(ad_squared_error(y, goal), 1, 1, 2);
    EXPECT(ad_squared_error(y, goal), 4, 0, 0.25);
    EXPECT(ad_gradient(y), 4, 0, -2);
    EXPECT(ad_gradient(goal), -4, 0, 2);
    PULL(ad_absolute_error(y, goal), 1, 1, 2);
    EXPECT(ad_absolute_error(y, goal), 2, 0, 0.5);
    EXPECT(ad_gradient(y), 1, 0, -2);
    EXPECT(ad_gradient(goal), -1, 0, 2);
}
END_REAL_TEST

/* An upstream gradient that is infinite is not multiplied by 0 at the tie. */
REAL_TEST(ties_select)
{
    ad_tensor y = VECTOR(1, 2), goal = VECTOR(1, 1);
    PULL(ad_absolute_error(y, goal), INFINITY, 3);
    EXPECT(ad_gradient(y), 0, 3);
}
END_REAL_TEST

REAL_TEST(huber_is_straight_beyond_delta)
{
    ad_tensor y = VECTOR(0.5, 1, -3, NAN, INFINITY), goal = ad_zeros_like(y), l = ad_huber(y, goal, 1);
    EXPECT(l, 0.125, 0.5, 2.5, NAN, INFINITY);
    PULL(l, 1, 1, 2, 1, 1);
    EXPECT(ad_gradient(y), 0.5, 1, -2, NAN, 1);
    EXPECT(ad_huber(VECTOR(3), VECTOR(1), 0.5), 0.875);
    EXPECT(ad_huber(SCALAR(3), SCALAR(1), INFINITY), 2);
    ad_tensor z = VECTOR(0.5, 1, -1, 2);
    EXPECT(derivative(derivative(ad_huber(z, SCALAR(0), 1), z), z), 1, 1, 1, 0);
}
END_REAL_TEST

REAL_TEST(hinge_has_a_margin)
{
    ad_tensor y = VECTOR(0.5, 2, -0.5, 1, NAN), goal = VECTOR(1, 1, -1, 1, 1), l = ad_hinge(y, goal);
    EXPECT(l, 0.5, 0, 0.5, 0, NAN);
    PULL(l, 2, INFINITY, 4, 8, 1);
    ck_assert(ad_has_gradient(goal));
    EXPECT(ad_gradient(y), -2, 0, 4, 0, -1);
    EXPECT(ad_gradient(goal), -1, 0, 2, 0, NAN);
}
END_REAL_TEST

/* Half and half against a quarter and three quarters: ln 2 - (ln 3) / 2. */
REAL_TEST(kl_divergence_of_coins)
{
    ad_tensor p = VECTOR(log(0.5), log(0.5)), q = VECTOR(log(0.25), log(0.75)), l = ad_sum(ad_kl_divergence(p, q));
    EXPECT_CLOSE(l, log(2) - log(3) / 2);
    ad_backward(l);
    EXPECT_CLOSE(ad_gradient(p), 0.5 * log(2) + 0.5, 0.5 * log(2.0 / 3) + 0.5);
    EXPECT_CLOSE(ad_gradient(q), -0.5, -0.5);
    EXPECT(ad_kl_divergence(p, p), 0, 0);
}
END_REAL_TEST

REAL_TEST(kl_divergence_of_the_impossible)
{
    ad_tensor p = VECTOR(-INFINITY, -INFINITY, -INFINITY, 0), q = VECTOR(-1, -INFINITY, NAN, -INFINITY);
    ad_tensor l = ad_kl_divergence(p, q);
    EXPECT(l, 0, 0, 0, INFINITY);
    PULL(l, 1, 1, 1, 0);
    EXPECT(ad_where(WHOLE(1, 1, 1, 0), ad_gradient(p), SCALAR(0)), 0, 0, 0, 0);
    EXPECT(ad_gradient(q), 0, 0, 0, 0);
    EXPECT(ad_kl_divergence(VECTOR(NAN, 0), VECTOR(0, NAN)), NAN, NAN);
}
END_REAL_TEST

REAL_TEST(normal_nll_by_hand)
{
    const double half_ln_2_pi = 0.91893853320467274;
    ad_tensor x = VECTOR(1, 3), mean = VECTOR(1, 1), v = VECTOR(0, log(4)), l = ad_normal_nll(x, mean, v);
    EXPECT_CLOSE(l, half_ln_2_pi, half_ln_2_pi + log(2) + 0.5);
    PULL(l, 1, 1);
    EXPECT_CLOSE(ad_gradient(x), 0, 0.5);
    EXPECT_CLOSE(ad_gradient(mean), 0, -0.5);
    EXPECT_CLOSE(ad_gradient(v), 0.5, 0);
}
END_REAL_TEST

/* Deviations whose square, and variances whose inverse, are out of range. */
REAL_TEST(normal_nll_far_out)
{
    const double root = real == AD_F32 ? 60 : 600, half_ln_2_pi = 0.91893853320467274;
    ad_tensor x = VECTOR(exp(root / 2 * 1.4), exp(-root / 2), 0, 0), v = VECTOR(1.4 * root, -root, -1e4, 1e4);
    ad_tensor l = ad_normal_nll(x, SCALAR(0), v);
    for (size_t i = 0; i < 4; i++)
        ck_assert_msg(isfinite(number_at(l, i)), "element %zu is %g", i, number_at(l, i));
    ck_assert_double_le(fabs(number_at(l, 0) - (half_ln_2_pi + 0.7 * root + 0.5)), real == AD_F32 ? 1e-4 : 1e-11);
    ck_assert_double_le(fabs(number_at(l, 3) - (half_ln_2_pi + 5e3)), real == AD_F32 ? 1e-3 : 1e-11);
    PULL(l, 1, 1, 1, 1);
    for (size_t i = 0; i < 4; i++)
        ck_assert_msg(isfinite(number_at(ad_gradient(v), i)), "dv %zu is %g", i, number_at(ad_gradient(v), i));
    ck_assert_double_le(fabs(number_at(ad_gradient(v), 0)), 1e-4);
    ck_assert_double_eq(number_at(ad_gradient(x), 2), 0);
}
END_REAL_TEST

/* At the rate 1 a count of 3 has probability e^-1 / 6. digamma(4) = 1 + 1/2 + 1/3 - 0.5772... */
REAL_TEST(poisson_nll_by_hand)
{
    ad_tensor r = VECTOR(0, 0, -INFINITY, -INFINITY), k = VECTOR(3, 0, 0, 2), l = ad_poisson_nll(r, k);
    EXPECT_CLOSE(l, 1 + log(6), 1, 0, INFINITY);
    PULL(l, 1, 1, 1, 0);
    EXPECT_CLOSE(ad_gradient(r), -2, 1, 0, 0);
    EXPECT_CLOSE(ad_where(WHOLE(1, 1, 0, 0), ad_gradient(k), SCALAR(0)), 1.2561176684318003, -0.57721566490153287, 0,
                 0);
    EXPECT_CLOSE(ad_poisson_nll(SCALAR(NAN), SCALAR(0)), NAN);
}
END_REAL_TEST

/* A count of a million at its own rate, by Stirling's series: (ln 2 pi k) / 2 + 1 / (12 k). The parts are of 1e7. */
REAL_TEST(poisson_nll_of_a_large_count)
{
    ad_tensor l = ad_poisson_nll(VECTOR(log(1e6)), VECTOR(1e6));
    ck_assert_double_le(fabs(number_at(l, 0) - 7.826693895520143), real == AD_F32 ? 0.5 : 1e-8);
}
END_REAL_TEST

REAL_TEST(products_with_powers)
{
    ad_tensor a = VECTOR(2, 0, INFINITY, 3, 0, 1e-30), s = VECTOR(0, 1e4, -INFINITY, -INFINITY, NAN, 100);
    ad_tensor r = ad_mul_exp(a, s);
    EXPECT_CLOSE(r, 2, 0, 0, 0, NAN, 1e-30 * exp(100));
    PULL(r, 1, 0, 1, 1, 1, 0);
    EXPECT(ad_gradient(a), 1, 0, 0, 0, NAN, 0);
    EXPECT(ad_gradient(s), 2, 0, 0, 0, NAN, 0);
}
END_REAL_TEST

/* ---- Of classes -------------------------------------------------------------------------------------------------- */

/* With no option it is softmax_cross_entropy itself. */
REAL_TEST(without_options)
{
    ad_tensor z = MATRIX(2, 3, 1, 2, 3, -1, 0, 1), labels = WHOLE(2, 0), plain = ad_softmax_cross_entropy(z, labels);
    const ad_cross_entropy_options none = {0}, ones = {.class_weights = VECTOR(1, 1, 1)};
    ad_tensor a = ad_softmax_cross_entropy_with(z, labels, NULL), b = ad_softmax_cross_entropy_with(z, labels, &none),
              c = ad_softmax_cross_entropy_with(z, labels, &ones);
    for (size_t i = 0; i < 2; i++) {
        ck_assert(number_at(a, i) == number_at(plain, i) && number_at(b, i) == number_at(plain, i));
        ck_assert(number_at(c, i) == number_at(plain, i));
    }
}
END_REAL_TEST

/* Two equal logits: each class has ln 2. At label 1 of weight 3, smoothed by 1/2: 3/4 * 3 ln 2 + 1/4 * ln 2. */
REAL_TEST(weighs_and_smooths)
{
    const double ln_2 = 0.69314718055994531;
    ad_tensor z = MATRIX(1, 2, 5, 5), labels = WHOLE(1), w = VECTOR(1, 3);
    ad_tensor l =
        ad_softmax_cross_entropy_with(z, labels, &(ad_cross_entropy_options){.smoothing = 0.5, .class_weights = w});
    EXPECT_CLOSE(l, 2.5 * ln_2);
    PULL(l, 2);
    EXPECT_CLOSE(ad_gradient(z), 2, -2);
    EXPECT_CLOSE(ad_gradient(w), 0.5 * ln_2, 1.5 * ln_2);
    ad_tensor smoothed = ad_softmax_cross_entropy_with(z, labels, &(ad_cross_entropy_options){.smoothing = 0.5});
    EXPECT_CLOSE(smoothed, ln_2);
}
END_REAL_TEST

/* Without smoothing a class beside the label has no part, whatever its logit. */
REAL_TEST(classes_that_weigh_nothing)
{
    ad_tensor z = MATRIX(2, 3, 0, 0, -INFINITY, 0, -INFINITY, 0), labels = WHOLE(0, 1), w = VECTOR(2, 0, 1);
    const ad_cross_entropy_options hard = {.class_weights = w}, soft = {.smoothing = 0.3, .class_weights = w};
    ad_tensor l = ad_softmax_cross_entropy_with(z, labels, &hard);
    EXPECT_CLOSE(l, 2 * 0.69314718055994531, 0);
    PULL(l, 1, 1);
    EXPECT_CLOSE(ad_gradient(z), -1, 1, 0, 0, 0, 0);
    EXPECT_CLOSE(ad_gradient(w), 0.69314718055994531, INFINITY, 0);
    /* 0.7 ln 2 for the label, 0.1 (2 + 0 + 1) ln 2 for all */
    EXPECT_CLOSE(ad_softmax_cross_entropy_with(z, WHOLE(0, 2), &soft), INFINITY, 0.69314718055994531);
}
END_REAL_TEST

REAL_TEST(the_largest_logits_are_finite)
{
    const double m = most();
    ad_tensor z = MATRIX(2, 3, m, -m, 0, m, -m, 0), w = VECTOR(1, 1, 0.5), labels = WHOLE(1, 0);
    ad_tensor l =
        ad_softmax_cross_entropy_with(z, labels, &(ad_cross_entropy_options){.smoothing = 0.25, .class_weights = w});
    ck_assert(isfinite(number_at(l, 0)) && isfinite(number_at(l, 1)));
    PULL(l, 1, 1);
    for (size_t i = 0; i < 6; i++)
        ck_assert(isfinite(number_at(ad_gradient(z), i)));
}
END_REAL_TEST

/* The gradient of the weights is that of the loss, to the second order: l is linear in them. */
REAL_TEST(weights_learn)
{
    ad_tensor z = MATRIX(1, 2, 1, -1), w = VECTOR(2, 1);
    ad_tensor l = ad_softmax_cross_entropy_with(z, WHOLE(0), &(ad_cross_entropy_options){.class_weights = w});
    ad_tensor dz = derivative(l, z), dw = derivative(ad_mul(dz, MATRIX(1, 2, 1, 0)), w);
    const double q = 1 / (1 + exp(-2));
    EXPECT_CLOSE(dz, 2 * (q - 1), 2 * (1 - q));
    EXPECT_CLOSE(dw, q - 1, 0);
}
END_REAL_TEST

REAL_TEST(of_nothing)
{
    ad_tensor z = ad_variable(t, real, AD_SHAPE(0, 3), NULL), labels = ad_input(t, AD_I32, AD_SHAPE(0), NULL);
    ad_tensor w = VECTOR(1, 2, 3);
    const ad_cross_entropy_options options = {.smoothing = 0.1, .class_weights = w};
    ad_tensor l = ad_softmax_cross_entropy_with(z, labels, &options);
    ck_assert_uint_eq(ad_size_of(l), 0);
    ad_backward(ad_sum(l));
    EXPECT(ad_gradient(w), 0, 0, 0);
    ck_assert_uint_eq(ad_size_of(ad_gradient(z)), 0);
    ad_tensor no_class = ad_input(t, real, AD_SHAPE(0, 0), NULL);
    ck_assert_uint_eq(
        ad_size_of(ad_softmax_cross_entropy_with(no_class, labels, &(ad_cross_entropy_options){.smoothing = 0.1})), 0);
}
END_REAL_TEST

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

REAL_TEST(errors_of_attributes)
{
    ad_tensor y = VECTOR(1, 2), z = MATRIX(2, 2, 1, 2, 3, 4), labels = WHOLE(0, 1);
    expect_inert(ad_huber(y, y, 0), AD_BAD_VALUE, "huber: delta must be above 0: it is 0");
    expect_inert(ad_huber(y, y, -1), AD_BAD_VALUE, "huber: delta must be above 0: it is -1");
    expect_inert(ad_huber(y, y, NAN), AD_BAD_VALUE, "huber: delta must be above 0: it is nan");
    static const struct {
        double smoothing;
        const char *message;
    } wrong[] = {
        {1, "softmax_cross_entropy_with: smoothing must be at least 0 and below 1: it is 1"},
        {-0.5, "softmax_cross_entropy_with: smoothing must be at least 0 and below 1: it is -0.5"},
        {NAN, "softmax_cross_entropy_with: smoothing must be at least 0 and below 1: it is nan"},
    };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        const ad_cross_entropy_options options = {.smoothing = wrong[i].smoothing};
        expect_inert(ad_softmax_cross_entropy_with(z, labels, &options), AD_BAD_VALUE, wrong[i].message);
    }
    expect_inert(ad_softmax_cross_entropy_with_backward(y, z, labels, y, 2), AD_BAD_VALUE,
                 "softmax_cross_entropy_with_backward: smoothing must be at least 0 and below 1: it is 2");
}
END_REAL_TEST

REAL_TEST(errors_of_labels)
{
    ad_tensor z = MATRIX(2, 3, 1, 2, 3, 4, 5, 6), w = VECTOR(1, 1, 1), dy = VECTOR(1, 1);
    const ad_cross_entropy_options options = {.smoothing = 0.1};
    expect_inert(ad_softmax_cross_entropy_with(z, WHOLE(0, 3), &options), AD_BAD_VALUE,
                 "softmax_cross_entropy_with: label 3 of row 1 is out of range: there are 3 classes, from 0");
    expect_inert(ad_softmax_cross_entropy_with(z, WHOLE(-1, 0), &options), AD_BAD_VALUE,
                 "softmax_cross_entropy_with: label -1 of row 0 is out of range: there are 3 classes, from 0");
    expect_inert(ad_softmax_cross_entropy_with_backward(dy, z, WHOLE(0, 7), w, 0.1), AD_BAD_VALUE,
                 "softmax_cross_entropy_with_backward: label 7 of row 1 is out of range: there are 3 classes, from 0");
}
END_REAL_TEST

REAL_TEST(errors_of_shapes)
{
    ad_tensor z = ad_name(MATRIX(2, 3, 1, 2, 3, 4, 5, 6), "z"), labels = WHOLE(0, 1), w = VECTOR(1, 1, 1);
    const ad_cross_entropy_options options = {.smoothing = 0.1},
                                   two_weights = {.class_weights = ad_name(VECTOR(1, 2), "w")};
    expect_inert(ad_softmax_cross_entropy_with(z, WHOLE(0), &options), AD_BAD_SHAPE,
                 "softmax_cross_entropy_with: logits must be [n,c] and labels [n]: they are z [2,3] and [1]");
    expect_inert(ad_softmax_cross_entropy_with(w, labels, &options), AD_BAD_SHAPE,
                 "softmax_cross_entropy_with: logits must be [n,c] and labels [n]: they are [3] and [2]");
    expect_inert(ad_softmax_cross_entropy_with(z, labels, &two_weights), AD_BAD_SHAPE,
                 "softmax_cross_entropy_with: logits must be [n,c] and class weights [c]: they are z [2,3] and w [2]");
    expect_inert(ad_softmax_cross_entropy_with_backward(w, z, labels, w, 0), AD_BAD_SHAPE,
                 "softmax_cross_entropy_with_backward: dy must be [n], as the labels: it is [3]");
    expect_inert(ad_squared_error(w, labels), AD_BAD_TYPE,
                 "squared_error: operand 1, [2], is i32: it must be f32 or f64; convert it with ad_cast");
    expect_inert(ad_softmax_cross_entropy_with(labels, labels, &options), AD_BAD_TYPE,
                 "softmax_cross_entropy_with: operand 0, [2], is i32: it must be f32 or f64; convert it with ad_cast");
}
END_REAL_TEST

/* Handles that are no tensors are told by the row, whichever they are; with no handle at all nothing happens. */
REAL_TEST(errors_of_handles)
{
    ad_tensor z = MATRIX(1, 2, 1, 2), labels = WHOLE(0), inert = {.tape = t}, nothing = {0};
    const ad_cross_entropy_options options = {.smoothing = 0.1}, failed = {.class_weights = inert};
    ck_assert(ad_is_inert(ad_softmax_cross_entropy_with(inert, labels, &options)));
    expect_error_with(t, AD_BAD_HANDLE, "softmax_cross_entropy_with: operand 0");
    ck_assert(ad_is_inert(ad_softmax_cross_entropy_with(z, labels, &failed)));
    expect_error_with(t, AD_BAD_HANDLE, "softmax_cross_entropy_with: operand 2");
    ck_assert(ad_is_inert(ad_softmax_cross_entropy_with(nothing, nothing, &options)));
}
END_REAL_TEST

static void add_tests(TCase *tests)
{
    ADD(errors_of_predictions);
    ADD(ties_select);
    ADD(huber_is_straight_beyond_delta);
    ADD(hinge_has_a_margin);
    ADD(kl_divergence_of_coins);
    ADD(kl_divergence_of_the_impossible);
    ADD(normal_nll_by_hand);
    ADD(normal_nll_far_out);
    ADD(poisson_nll_by_hand);
    ADD(poisson_nll_of_a_large_count);
    ADD(products_with_powers);
    ADD(without_options);
    ADD(weighs_and_smooths);
    ADD(classes_that_weigh_nothing);
    ADD(the_largest_logits_are_finite);
    ADD(weights_learn);
    ADD(of_nothing);
    ADD(errors_of_attributes);
    ADD(errors_of_labels);
    ADD(errors_of_shapes);
    ADD(errors_of_handles);
}

int main(void) { return run_on_one_tape("losses", add_tests); }
