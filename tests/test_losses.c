/* Losses: values by hand, what holds where formulas fail, weights and smoothing of classes, and every error. */
#include <gradtape/operators/backward.h>

#include "numbers.h"

#include <float.h>

static double most(void) { return real == AD_F32 ? (double)FLT_MAX : DBL_MAX; }

TEST(errors_of_predictions)
{
    ad_tensor y = VECTOR(3, 1, 2), goal = VECTOR(1, 1, 2.5);
    PULL(ad_squared_error(y, goal), 1, 1, 2);
    ASSERT_EXACT(ad_squared_error(y, goal), 4, 0, 0.25);
    ASSERT_EXACT(ad_gradient(y), 4, 0, -2);
    ASSERT_EXACT(ad_gradient(goal), -4, 0, 2);
    PULL(ad_absolute_error(y, goal), 1, 1, 2);
    ASSERT_EXACT(ad_absolute_error(y, goal), 2, 0, 0.5);
    ASSERT_EXACT(ad_gradient(y), 1, 0, -2);
    ASSERT_EXACT(ad_gradient(goal), -1, 0, 2);
}
END

/* An upstream gradient that is infinite is not multiplied by 0 at the tie. */
TEST(ties_select)
{
    ad_tensor y = VECTOR(1, 2), goal = VECTOR(1, 1);
    PULL(ad_absolute_error(y, goal), INFINITY, 3);
    ASSERT_EXACT(ad_gradient(y), 0, 3);
}
END

TEST(huber_is_straight_beyond_delta)
{
    ad_tensor y = VECTOR(0.5, 1, -3, NAN, INFINITY), goal = ad_zeros_like(y), l = ad_huber(y, goal, 1);
    ASSERT_EXACT(l, 0.125, 0.5, 2.5, NAN, INFINITY);
    PULL(l, 1, 1, 2, 1, 1);
    ASSERT_EXACT(ad_gradient(y), 0.5, 1, -2, NAN, 1);
    ASSERT_EXACT(ad_huber(VECTOR(3), VECTOR(1), 0.5), 0.875);
    ASSERT_EXACT(ad_huber(SCALAR(3), SCALAR(1), INFINITY), 2);
    ad_tensor z = VECTOR(0.5, 1, -1, 2);
    ASSERT_EXACT(derivative(derivative(ad_huber(z, SCALAR(0), 1), z), z), 1, 1, 1, 0);
}
END

TEST(hinge_has_a_margin)
{
    ad_tensor y = VECTOR(0.5, 2, -0.5, 1, NAN), goal = VECTOR(1, 1, -1, 1, 1), l = ad_hinge(y, goal);
    ASSERT_EXACT(l, 0.5, 0, 0.5, 0, NAN);
    PULL(l, 2, INFINITY, 4, 8, 1);
    ck_assert(ad_has_gradient(goal));
    ASSERT_EXACT(ad_gradient(y), -2, 0, 4, 0, -1);
    ASSERT_EXACT(ad_gradient(goal), -1, 0, 2, 0, NAN);
}
END

/* Half and half against a quarter and three quarters: ln 2 - (ln 3) / 2. */
TEST(kl_divergence_of_coins)
{
    ad_tensor p = VECTOR(log(0.5), log(0.5)), q = VECTOR(log(0.25), log(0.75)), l = ad_sum(ad_kl_divergence(p, q));
    ASSERT_NEAR(l, log(2) - log(3) / 2);
    ad_backward(l);
    ASSERT_NEAR(ad_gradient(p), 0.5 * log(2) + 0.5, 0.5 * log(2.0 / 3) + 0.5);
    ASSERT_NEAR(ad_gradient(q), -0.5, -0.5);
    ASSERT_EXACT(ad_kl_divergence(p, p), 0, 0);
}
END

TEST(kl_divergence_of_the_impossible)
{
    ad_tensor p = VECTOR(-INFINITY, -INFINITY, -INFINITY, 0), q = VECTOR(-1, -INFINITY, NAN, -INFINITY);
    ad_tensor l = ad_kl_divergence(p, q);
    ASSERT_EXACT(l, 0, 0, 0, INFINITY);
    PULL(l, 1, 1, 1, 0);
    ASSERT_EXACT(ad_where(WHOLE(1, 1, 1, 0), ad_gradient(p), SCALAR(0)), 0, 0, 0, 0);
    ASSERT_EXACT(ad_gradient(q), 0, 0, 0, 0);
    ASSERT_EXACT(ad_kl_divergence(VECTOR(NAN, 0), VECTOR(0, NAN)), NAN, NAN);
}
END

TEST(normal_nll_by_hand)
{
    const double half_ln_2_pi = 0.91893853320467274;
    ad_tensor x = VECTOR(1, 3), mean = VECTOR(1, 1), v = VECTOR(0, log(4)), l = ad_normal_nll(x, mean, v);
    ASSERT_NEAR(l, half_ln_2_pi, half_ln_2_pi + log(2) + 0.5);
    PULL(l, 1, 1);
    ASSERT_NEAR(ad_gradient(x), 0, 0.5);
    ASSERT_NEAR(ad_gradient(mean), 0, -0.5);
    ASSERT_NEAR(ad_gradient(v), 0.5, 0);
}
END

/* Deviations whose square, and variances whose inverse, are out of range. */
TEST(normal_nll_far_out)
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
END

/* At the rate 1 a count of 3 has probability e^-1 / 6. digamma(4) = 1 + 1/2 + 1/3 - 0.5772... */
TEST(poisson_nll_by_hand)
{
    ad_tensor r = VECTOR(0, 0, -INFINITY, -INFINITY), k = VECTOR(3, 0, 0, 2), l = ad_poisson_nll(r, k);
    ASSERT_NEAR(l, 1 + log(6), 1, 0, INFINITY);
    PULL(l, 1, 1, 1, 0);
    ASSERT_NEAR(ad_gradient(r), -2, 1, 0, 0);
    ASSERT_NEAR(ad_where(WHOLE(1, 1, 0, 0), ad_gradient(k), SCALAR(0)), 1.2561176684318003, -0.57721566490153287, 0, 0);
    ASSERT_NEAR(ad_poisson_nll(SCALAR(NAN), SCALAR(0)), NAN);
}
END

/* A count of a million at its own rate, by Stirling's series: (ln 2 pi k) / 2 + 1 / (12 k). The parts are of 1e7. */
TEST(poisson_nll_of_a_large_count)
{
    ad_tensor l = ad_poisson_nll(VECTOR(log(1e6)), VECTOR(1e6));
    ck_assert_double_le(fabs(number_at(l, 0) - 7.826693895520143), real == AD_F32 ? 0.5 : 1e-8);
}
END

TEST(products_with_powers)
{
    ad_tensor a = VECTOR(2, 0, INFINITY, 3, 0, 1e-30), s = VECTOR(0, 1e4, -INFINITY, -INFINITY, NAN, 100);
    ad_tensor r = ad_mul_exp(a, s);
    ASSERT_NEAR(r, 2, 0, 0, 0, NAN, 1e-30 * exp(100));
    PULL(r, 1, 0, 1, 1, 1, 0);
    ASSERT_EXACT(ad_gradient(a), 1, 0, 0, 0, NAN, 0);
    ASSERT_EXACT(ad_gradient(s), 2, 0, 0, 0, NAN, 0);
}
END

/* ---- Of classes -------------------------------------------------------------------------------------------------- */

/* With no option it is softmax_cross_entropy itself. */
TEST(without_options)
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
END

/* Two equal logits: each class has ln 2. At label 1 of weight 3, smoothed by 1/2: 3/4 * 3 ln 2 + 1/4 * ln 2. */
TEST(weighs_and_smooths)
{
    const double ln_2 = 0.69314718055994531;
    ad_tensor z = MATRIX(1, 2, 5, 5), labels = WHOLE(1), w = VECTOR(1, 3);
    ad_tensor l =
        ad_softmax_cross_entropy_with(z, labels, &(ad_cross_entropy_options){.smoothing = 0.5, .class_weights = w});
    ASSERT_NEAR(l, 2.5 * ln_2);
    PULL(l, 2);
    ASSERT_NEAR(ad_gradient(z), 2, -2);
    ASSERT_NEAR(ad_gradient(w), 0.5 * ln_2, 1.5 * ln_2);
    ad_tensor smoothed = ad_softmax_cross_entropy_with(z, labels, &(ad_cross_entropy_options){.smoothing = 0.5});
    ASSERT_NEAR(smoothed, ln_2);
}
END

/* Without smoothing a class beside the label has no part, whatever its logit. */
TEST(classes_that_weigh_nothing)
{
    ad_tensor z = MATRIX(2, 3, 0, 0, -INFINITY, 0, -INFINITY, 0), labels = WHOLE(0, 1), w = VECTOR(2, 0, 1);
    const ad_cross_entropy_options hard = {.class_weights = w}, soft = {.smoothing = 0.3, .class_weights = w};
    ad_tensor l = ad_softmax_cross_entropy_with(z, labels, &hard);
    ASSERT_NEAR(l, 2 * 0.69314718055994531, 0);
    PULL(l, 1, 1);
    ASSERT_NEAR(ad_gradient(z), -1, 1, 0, 0, 0, 0);
    ASSERT_NEAR(ad_gradient(w), 0.69314718055994531, INFINITY, 0);
    /* 0.7 ln 2 for the label, 0.1 (2 + 0 + 1) ln 2 for all */
    ASSERT_NEAR(ad_softmax_cross_entropy_with(z, WHOLE(0, 2), &soft), INFINITY, 0.69314718055994531);
}
END

TEST(the_largest_logits_are_finite)
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
END

/* The gradient of the weights is that of the loss, to the second order: l is linear in them. */
TEST(weights_learn)
{
    ad_tensor z = MATRIX(1, 2, 1, -1), w = VECTOR(2, 1);
    ad_tensor l = ad_softmax_cross_entropy_with(z, WHOLE(0), &(ad_cross_entropy_options){.class_weights = w});
    ad_tensor dz = derivative(l, z), dw = derivative(ad_mul(dz, MATRIX(1, 2, 1, 0)), w);
    const double q = 1 / (1 + exp(-2));
    ASSERT_NEAR(dz, 2 * (q - 1), 2 * (1 - q));
    ASSERT_NEAR(dw, q - 1, 0);
}
END

TEST(of_nothing)
{
    ad_tensor z = ad_variable(t, real, AD_SHAPE(0, 3), NULL), labels = ad_input(t, AD_I32, AD_SHAPE(0), NULL);
    ad_tensor w = VECTOR(1, 2, 3);
    const ad_cross_entropy_options options = {.smoothing = 0.1, .class_weights = w};
    ad_tensor l = ad_softmax_cross_entropy_with(z, labels, &options);
    ck_assert_uint_eq(ad_size_of(l), 0);
    ad_backward(ad_sum(l));
    ASSERT_EXACT(ad_gradient(w), 0, 0, 0);
    ck_assert_uint_eq(ad_size_of(ad_gradient(z)), 0);
    ad_tensor no_class = ad_input(t, real, AD_SHAPE(0, 0), NULL);
    ck_assert_uint_eq(
        ad_size_of(ad_softmax_cross_entropy_with(no_class, labels, &(ad_cross_entropy_options){.smoothing = 0.1})), 0);
}
END

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

TEST(errors_of_attributes)
{
    ad_tensor y = VECTOR(1, 2), z = MATRIX(2, 2, 1, 2, 3, 4), labels = WHOLE(0, 1);
    ASSERT_ERROR(ad_huber(y, y, 0), AD_BAD_VALUE, "huber: delta must be above 0: it is 0");
    ASSERT_ERROR(ad_huber(y, y, -1), AD_BAD_VALUE, "huber: delta must be above 0: it is -1");
    ASSERT_ERROR(ad_huber(y, y, NAN), AD_BAD_VALUE, "huber: delta must be above 0: it is nan");
    static const struct {
        double smoothing;
        const char *message;
    } wrong[] = {
        {1, "softmax_cross_entropy_with: smoothing must be at least 0 and below 1: it is 1"},
        {-0.5, "softmax_cross_entropy_with: smoothing must be at least 0 and below 1: it is -0.5"},
        {NAN, "softmax_cross_entropy_with: smoothing must be at least 0 and below 1: it is nan"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const ad_cross_entropy_options options = {.smoothing = wrong[i].smoothing};
        ASSERT_ERROR(ad_softmax_cross_entropy_with(z, labels, &options), AD_BAD_VALUE, wrong[i].message);
    }
    ASSERT_ERROR(ad_softmax_cross_entropy_with_backward(y, z, labels, y, 2), AD_BAD_VALUE,
                 "softmax_cross_entropy_with_backward: smoothing must be at least 0 and below 1: it is 2");
}
END

TEST(errors_of_labels)
{
    ad_tensor z = MATRIX(2, 3, 1, 2, 3, 4, 5, 6), w = VECTOR(1, 1, 1), dy = VECTOR(1, 1);
    const ad_cross_entropy_options options = {.smoothing = 0.1};
    ASSERT_ERROR(ad_softmax_cross_entropy_with(z, WHOLE(0, 3), &options), AD_BAD_VALUE,
                 "softmax_cross_entropy_with: label 3 of row 1 is out of range: there are 3 classes, from 0");
    ASSERT_ERROR(ad_softmax_cross_entropy_with(z, WHOLE(-1, 0), &options), AD_BAD_VALUE,
                 "softmax_cross_entropy_with: label -1 of row 0 is out of range: there are 3 classes, from 0");
    ASSERT_ERROR(ad_softmax_cross_entropy_with_backward(dy, z, WHOLE(0, 7), w, 0.1), AD_BAD_VALUE,
                 "softmax_cross_entropy_with_backward: label 7 of row 1 is out of range: there are 3 classes, from 0");
}
END

TEST(errors_of_shapes)
{
    ad_tensor z = ad_name(MATRIX(2, 3, 1, 2, 3, 4, 5, 6), "z"), labels = WHOLE(0, 1), w = VECTOR(1, 1, 1);
    const ad_cross_entropy_options options = {.smoothing = 0.1},
                                   two_weights = {.class_weights = ad_name(VECTOR(1, 2), "w")};
    ASSERT_ERROR(ad_softmax_cross_entropy_with(z, WHOLE(0), &options), AD_BAD_SHAPE,
                 "softmax_cross_entropy_with: logits must be [n,c] and labels [n]: they are z [2,3] and [1]");
    ASSERT_ERROR(ad_softmax_cross_entropy_with(w, labels, &options), AD_BAD_SHAPE,
                 "softmax_cross_entropy_with: logits must be [n,c] and labels [n]: they are [3] and [2]");
    ASSERT_ERROR(ad_softmax_cross_entropy_with(z, labels, &two_weights), AD_BAD_SHAPE,
                 "softmax_cross_entropy_with: logits must be [n,c] and class weights [c]: they are z [2,3] and w [2]");
    ASSERT_ERROR(ad_softmax_cross_entropy_with_backward(w, z, labels, w, 0), AD_BAD_SHAPE,
                 "softmax_cross_entropy_with_backward: dy must be [n], as the labels: it is [3]");
    ASSERT_ERROR(ad_squared_error(w, labels), AD_BAD_TYPE,
                 "squared_error: operand 1, [2], is i32: it must be f32 or f64; convert it with ad_cast");
    ASSERT_ERROR(ad_softmax_cross_entropy_with(labels, labels, &options), AD_BAD_TYPE,
                 "softmax_cross_entropy_with: operand 0, [2], is i32: it must be f32 or f64; convert it with ad_cast");
}
END

/* Handles that are no tensors are told by the row, whichever they are; with no handle at all nothing happens. */
TEST(errors_of_handles)
{
    ad_tensor z = MATRIX(1, 2, 1, 2), labels = WHOLE(0), inert = {.tape = t}, nothing = {0};
    const ad_cross_entropy_options options = {.smoothing = 0.1}, failed = {.class_weights = inert};
    ck_assert(ad_is_inert(ad_softmax_cross_entropy_with(inert, labels, &options)));
    ck_assert(strstr(ad_message(t), "softmax_cross_entropy_with: operand 0"));
    ck_assert_int_eq(ad_clear_error(t), AD_BAD_HANDLE);
    ck_assert(ad_is_inert(ad_softmax_cross_entropy_with(z, labels, &failed)));
    ck_assert(strstr(ad_message(t), "softmax_cross_entropy_with: operand 2"));
    ck_assert_int_eq(ad_clear_error(t), AD_BAD_HANDLE);
    ck_assert(ad_is_inert(ad_softmax_cross_entropy_with(nothing, nothing, &options)));
}
END

    static void
    add_tests(TCase *tests)
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

int main(void) { return run_suite("losses", add_tests); }
