/* Local gradients: of one entry by one operand. */
#include "../support/one_tape.h"

START_TEST(local_gradients)
{
    ad_tensor x = PARAMS("x", 3, 4), w = INPUTS(5, 6), twice = ad_add(x, x), product = ad_mul(x, w);
    ad_tensor loss = ad_sum(ad_mul(twice, product));
    ad_backward(loss);
    const double before[] = {ad_f64(ad_gradient(x))[0], ad_f64(ad_gradient(x))[1]};
    EXPECT(ad_local_gradient(twice, 0), 1, 1);
    EXPECT(ad_local_gradient(twice, 1), 1, 1);
    EXPECT(ad_local_gradient(product, 0), 5, 6);
    EXPECT(ad_local_gradient(product, 1), 3, 4);
    EXPECT(ad_local_gradient(loss, 0), 1, 1);
    EXPECT(ad_local_gradient(ad_step(x), 0), 0, 0);
    expect_numbers(ad_gradient(x), before, 2, 0);
    ad_tensor local = ad_local_gradient(product, 0);
    ck_assert_int_eq(ad_backward(ad_sum(local)), AD_BAD_STATE);
    expect_error_with(t, AD_BAD_STATE, "depends on no parameter");
}
END_TEST

/* Of the operand's shape: summed where it was broadcast, and of each matrix what the other says. */
START_TEST(local_gradients_have_the_operands_shape)
{
    ad_tensor a = ad_param(t, AD_F64, AD_SHAPE(2, 2), (const double[]){1, 2, 3, 4}, "a");
    ad_tensor b = ad_input(t, AD_F64, AD_SHAPE(2, 3), (const double[]){1, 2, 3, 4, 5, 6}), bias = INPUTS(1, 1, 1);
    ad_tensor y = ad_matmul(a, b), z = ad_add(y, bias), flat = ad_reshape(z, AD_SHAPE(6));
    EXPECT(ad_local_gradient(y, 0), 6, 15, 6, 15);
    EXPECT(ad_local_gradient(y, 1), 4, 4, 4, 6, 6, 6);
    EXPECT(ad_local_gradient(z, 1), 2, 2, 2);
    EXPECT(ad_local_gradient(flat, 0), 1, 1, 1, 1, 1, 1);
    ck_assert_int_eq(ad_shape_of(ad_local_gradient(flat, 0)).rank, 2);
    expect_ok(t);
}
END_TEST

START_TEST(local_gradient_errors)
{
    ad_tensor x = PARAMS("x", 3, 4), y = ad_neg(x);
    ad_tensor rows = ad_gather_rows(x, ad_input(t, AD_I32, AD_SHAPE(1), NULL));
    ck_assert(ad_is_inert(ad_local_gradient(y, 1)));
    expect_error_with(t, AD_BAD_VALUE, "there is no operand 1: neg has 1");
    ck_assert(ad_is_inert(ad_local_gradient(y, -1)));
    expect_error_with(t, AD_BAD_VALUE, "there is no operand -1");
    ck_assert(ad_is_inert(ad_local_gradient(x, 0)));
    expect_error_with(t, AD_BAD_VALUE, "param has 0");
    ck_assert(ad_is_inert(ad_local_gradient(ad_detach(x), 0)));
    expect_error_with(t, AD_NO_GRADIENT, "detach");
    ck_assert(ad_is_inert(ad_local_gradient(rows, 1)));
    expect_error_with(t, AD_NO_GRADIENT, "gather_rows");
    ck_assert(ad_is_inert(ad_local_gradient((ad_tensor){.tape = t}, 0)));
    expect_error_with(t, AD_BAD_HANDLE, "inert");
    ad_reset(t);
    ck_assert(ad_is_inert(ad_local_gradient(y, 0)));
    expect_error_with(t, AD_BAD_HANDLE, "stale");
    EXPECT(ad_local_gradient(ad_neg(x), 0), -1, -1);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, local_gradients);
    tcase_add_test(tests, local_gradients_have_the_operands_shape);
    tcase_add_test(tests, local_gradient_errors);
}

int main(void) { return run_on_one_tape("local_gradient", add_tests); }
