/* How gradients are kept: until the next backward, over resets, added up if asked, and not at all after an error. */
#include "../support/one_tape.h"

START_TEST(each_backward_starts_afresh)
{
    ad_tensor x = PARAMS("x", 1, 2), v = ad_variable(t, AD_F64, AD_SHAPE(2), (const double[]){5, 6});
    ad_tensor first = ad_sum(ad_mul(x, v)), second = ad_sum(ad_square(x));
    for (int again = 0; again < 3; again++) {
        ad_backward_with(first, &ways_back[_i]);
        EXPECT(ad_gradient(x), 5, 6);
        EXPECT(ad_gradient(v), 1, 2);
    }
    ad_backward_with(second, &ways_back[_i]);
    EXPECT(ad_gradient(x), 2, 4);
    ck_assert_msg(!ad_has_gradient(v), "a gradient of the backward before is still there");
    expect_ok(t);
}
END_TEST

/* Over micro-batches: with resets between them or without, on gradients of any kind. */
START_TEST(accumulating)
{
    ad_tensor x = PARAMS("x", 1, 2), z = PARAM(3, "z");
    const ad_backward_options add = {.accumulate = true, .keep = ways_back[_i].keep};
    ad_backward_with(ad_sum(ad_square(x)), &ways_back[_i]);
    ad_backward_with(ad_sum(ad_scale(x, 10)), &add);
    EXPECT(ad_gradient(x), 12, 14);
    ck_assert(!ad_has_gradient(z));
    ad_reset(t);
    ad_backward_with(ad_mul(ad_sum(x), z), &add);
    EXPECT(ad_gradient(x), 15, 17);
    EXPECT(ad_gradient(z), 3);
    ad_backward_with(ad_mul(ad_sum(x), z), &add);
    EXPECT(ad_gradient(x), 18, 20);
    EXPECT(ad_gradient(z), 6);
    ad_reset(t);
    ad_backward(ad_square(z));
    EXPECT(ad_gradient(z), 6);
    ck_assert(!ad_has_gradient(x));
    expect_ok(t);
}
END_TEST

/* The sum of a shared gradient and a new one: x and y had one and the same. */
START_TEST(accumulating_shared_gradients)
{
    ad_tensor x = PARAMS("x", 1, 2), y = PARAMS("y", 3, 4), v = ad_variable(t, AD_F64, AD_SHAPE(2), NULL);
    ad_backward_with(ad_sum(ad_add(ad_add(x, y), v)), &ways_back[_i]);
    ad_backward_with(ad_sum(ad_mul(x, v)), &(ad_backward_options){.accumulate = true});
    EXPECT(ad_gradient(x), 1, 1);
    EXPECT(ad_gradient(y), 1, 1);
    EXPECT(ad_gradient(v), 2, 3);
    expect_ok(t);
}
END_TEST

/* Not computed is an error that says why, not 0. */
START_TEST(gradients_not_computed)
{
    ad_tensor x = PARAMS("x", 1, 2), unused = PARAM(1, "unused"), input = INPUTS(1, 2), inner = ad_mul(x, input);
    ck_assert(!ad_has_gradient(x));
    ck_assert(ad_is_inert(ad_gradient(x)));
    expect_error_with(t, AD_NO_GRADIENT, "the gradient of x was not computed");
    ad_backward(ad_sum(inner));
    ck_assert(!ad_has_gradient(unused) && !ad_has_gradient(input) && !ad_has_gradient(inner));
    ck_assert(ad_is_inert(ad_gradient(unused)));
    expect_error_with(t, AD_NO_GRADIENT, "the gradient of unused");
    ck_assert(ad_is_inert(ad_gradient(input)));
    expect_error_with(t, AD_NO_GRADIENT, "depends on no parameter");
    ck_assert(ad_is_inert(ad_gradient(inner)));
    expect_error_with(t, AD_NO_GRADIENT, "keep");
    ad_backward_with(ad_sum(inner), &(ad_backward_options){.keep = true});
    EXPECT(ad_gradient(inner), 1, 1);
    expect_ok(t);
}
END_TEST

/* Of parameters, until the next backward; of variables, until reset. */
START_TEST(gradients_and_reset)
{
    ad_tensor x = PARAMS("x", 1, 2), v = ad_variable(t, AD_F64, AD_SHAPE(2), (const double[]){5, 6});
    ad_backward_with(ad_sum(ad_mul(ad_mul(x, x), v)), &ways_back[_i]);
    EXPECT(ad_gradient(x), 10, 24);
    ad_tensor dv = ad_gradient(v);
    EXPECT(dv, 1, 4);
    for (int again = 0; again < 3; again++) {
        ad_reset(t);
        EXPECT(ad_gradient(x), 10, 24);
        EXPECT(ad_exp(INPUTS(0, 0)), 1, 1);
    }
    ck_assert(ad_is_inert(ad_neg(dv)));
    expect_error_with(t, AD_BAD_HANDLE, "stale");
    ad_tensor old = ad_gradient(x);
    ad_backward(ad_sum(x));
    EXPECT(ad_gradient(x), 1, 1);
    ck_assert(ad_is_inert(ad_neg(old)));
    expect_error_with(t, AD_BAD_HANDLE, "stale");
}
END_TEST

/* As an operand of a later recording a detached gradient is a constant: d(g x) is g, though g was 2 x. */
START_TEST(gradients_as_operands)
{
    ad_tensor x = PARAMS("x", 1, 2);
    ad_backward(ad_sum(ad_square(x)));
    ad_tensor product = ad_mul(ad_detach(ad_gradient(x)), x);
    EXPECT(product, 2, 8);
    ad_backward(ad_sum(product));
    EXPECT(ad_gradient(x), 2, 4);
    ad_reset(t);
    product = ad_mul(ad_detach(ad_gradient(x)), x);
    ad_backward(ad_sum(ad_add(product, product)));
    EXPECT(product, 2, 8);
    EXPECT(ad_gradient(x), 4, 8);
    expect_ok(t);
}
END_TEST

/* A gradient that can be differentiated is part of the recording; after a reset it is a number. */
START_TEST(differentiable_gradients_and_reset)
{
    ad_tensor x = PARAMS("x", 1, 2), dx = derivative(ad_sum(ad_mul(ad_square(x), x)), x);
    EXPECT(dx, 3, 12);
    ad_reset(t);
    ck_assert(ad_is_inert(ad_neg(dx)));
    expect_error_with(t, AD_BAD_HANDLE, "stale");
    EXPECT(ad_gradient(x), 3, 12);
    ad_backward_with(ad_sum(ad_mul(ad_detach(ad_gradient(x)), x)), &(ad_backward_options){.accumulate = true});
    EXPECT(ad_gradient(x), 6, 24);
    expect_ok(t);
}
END_TEST

static void gives_another_type(ad_pullback *p) { ad_give(p, 0, ad_cast(ad_dy(p), AD_F32)); }

/* A rule may fail in the middle of a sweep: then there are no gradients at all, and the tape works again. */
START_TEST(a_failing_sweep_leaves_nothing)
{
    ad_operator copy = *ad_operator_named("tanh");
    copy.vjp = gives_another_type;
    ad_tensor x = PARAMS("x", 0, 0), y = ad_apply1(&copy, x), z = PARAMS("z", 1, 2);
    ck_assert_int_eq(ad_backward_with(ad_sum(ad_mul(y, z)), &ways_back[_i]), AD_BAD_TYPE);
    expect_error_with(t, AD_BAD_TYPE, "ad_cast");
    ck_assert(!ad_has_gradient(x) && !ad_has_gradient(z) && !ad_has_gradient(y));
    ad_backward(ad_sum(ad_mul(ad_tanh(x), z)));
    EXPECT(ad_gradient(x), 1, 2);
    EXPECT(ad_gradient(z), 0, 0);
    expect_ok(t);
}
END_TEST

/* Any number of sweeps that add to the gradients of the same recording take no more memory than a few. */
START_TEST(accumulating_again_and_again_takes_no_memory)
{
    ad_tensor v = ad_variable(t, AD_F64, AD_SHAPE(2), (const double[]){5, 6}),
              w = ad_variable(t, AD_F64, AD_SCALAR, NULL);
    const ad_tensor loss = ad_add(ad_sum(ad_square(v)), ad_square(w));
    ad_usage few = {0};
    for (int sweep = 0; sweep < 5000; sweep++) {
        ad_backward_with(loss, &(ad_backward_options){.accumulate = true});
        if (sweep == 50)
            few = ad_usage_of(t);
    }
    ck_assert_uint_eq(ad_usage_of(t).allocations, few.allocations);
    EXPECT(ad_gradient(v), 50000, 60000);
    EXPECT(ad_gradient(w), 0);
    expect_ok(t);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, each_backward_starts_afresh, 0, WAYS_BACK);
    tcase_add_loop_test(tests, accumulating, 0, WAYS_BACK);
    tcase_add_loop_test(tests, accumulating_shared_gradients, 0, WAYS_BACK);
    tcase_add_test(tests, accumulating_again_and_again_takes_no_memory);
    tcase_add_test(tests, gradients_not_computed);
    tcase_add_loop_test(tests, gradients_and_reset, 0, WAYS_BACK);
    tcase_add_test(tests, gradients_as_operands);
    tcase_add_test(tests, differentiable_gradients_and_reset);
    tcase_add_loop_test(tests, a_failing_sweep_leaves_nothing, 0, WAYS_BACK);
}

int main(void) { return run_on_one_tape("gradients", add_tests); }
