/* Jacobians and Hessians: by rows and by columns, their types and shapes, and the room that they need. */
#include "../support/one_tape.h"
#include "../support/operators_of_tests.h"

START_TEST(rows_and_columns_agree)
{
    const ad_tensor x = some_input(t, AD_F64, AD_SHAPE(3), 1), w = some_input(t, AD_F64, AD_SHAPE(4, 3), 2);
    const ad_tensor wide_y = ad_tanh(ad_matmul(w, ad_reshape(x, AD_SHAPE(3, 1)))); /* 4 rows, 3 columns: by columns */
    const ad_tensor by_columns = ad_jacobian(wide_y, x);
    for (int row = 0; row < 4; row++) {
        double unit[4] = {0};
        unit[row] = 1;
        ad_tensor dx;
        ad_vjp(wide_y, ad_input(t, AD_F64, AD_SHAPE(4, 1), unit), &x, 1, &dx);
        for (size_t column = 0; column < 3; column++)
            ck_assert_double_eq_tol(number_at(by_columns, (size_t)row * 3 + column), number_at(dx, column), 1e-15);
    }
}
END_TEST

/* A rule that carries a value out of a position can be differentiated once: by rows. */
START_TEST(a_tall_jacobian_through_a_position)
{
    const double numbers[] = {4, 9};
    const ad_tensor x = ad_variable(t, AD_F64, AD_SHAPE(2), numbers), root = root_by_newton(x);
    const ad_tensor all = ad_jacobian(ad_concat((const ad_tensor[]){root, root}, 2, 0), x);
    expect_values(all, (const double[]){0.25, 0, 0, 1 / 6.0, 0.25, 0, 0, 1 / 6.0}, 1e-12);
}
END_TEST

/* A Jacobian is of the type of x, whether by rows or by columns; a y that is none is told to the tape of x. */
START_TEST(jacobians_of_two_types)
{
    const ad_tensor x = ad_variable(t, AD_F64, AD_SHAPE(2), some_numbers(1, 2, -1, 1)),
                    half = ad_cast(ad_square(x), AD_F32);
    ck_assert_int_eq(ad_type_of(ad_jacobian(half, x)), AD_F64);
    ck_assert_int_eq(ad_type_of(ad_jacobian(ad_concat((const ad_tensor[]){half, half}, 2, 0), x)), AD_F64);
    ck_assert(ad_is_inert(ad_jacobian((ad_tensor){0}, x)));
    expect_error(t, AD_BAD_HANDLE,
                 "jacobian: its operand is inert: it was never made, or came from a call that failed");
}
END_TEST

START_TEST(eight_axes_are_the_most)
{
    const ad_tensor x = some_input(t, AD_F64, AD_SHAPE(1, 2, 1, 2), 1), y = ad_square(x);
    const ad_tensor j = ad_jacobian(y, x);
    ck_assert_int_eq(ad_shape_of(j).rank, 8);
    for (size_t i = 0; i < 16; i++)
        ck_assert_double_eq(number_at(j, i), i % 5 ? 0 : 2 * number_at(x, i / 5));
    ck_assert(ad_is_inert(ad_jacobian(ad_reshape(y, AD_SHAPE(1, 1, 2, 1, 2)), x)));
    expect_error(t, AD_BAD_SHAPE, "jacobian: the result would have 9 axes, 5 of y and 4 of x: there can be at most 8");
    const ad_tensor five = ad_reshape(x, AD_SHAPE(1, 1, 2, 1, 2));
    ck_assert(ad_is_inert(ad_hessian(ad_sum(ad_square(five)), five)));
    expect_error(t, AD_BAD_SHAPE, "hessian: the result would have 10 axes, 5 of y and 5 of x: there can be at most 8");
}
END_TEST

/* One row or one column has no axis to be stacked along. */
START_TEST(eight_axes_beside_a_scalar)
{
    const ad_shape eight = AD_SHAPE(1, 2, 1, 1, 3, 1, 1, 1);
    const ad_tensor x = some_input(t, AD_F64, eight, 1), s = some_input(t, AD_F64, AD_SCALAR, 2);
    const ad_tensor by_x = ad_jacobian(ad_sum(ad_square(x)), x), by_s = ad_jacobian(ad_mul(x, s), s);
    ck_assert_int_eq(ad_shape_of(by_x).rank, 8);
    ck_assert_int_eq(ad_shape_of(by_s).rank, 8);
    for (size_t i = 0; i < 6; i++) {
        ck_assert_double_eq(number_at(by_x, i), 2 * number_at(x, i));
        ck_assert_double_eq(number_at(by_s, i), number_at(x, i));
    }
}
END_TEST

/* A result that is too large is refused before there is any work in it. */
START_TEST(room_is_asked_for_first)
{
    memory.limit = 1 << 20;
    const ad_tensor x = some_param(t, AD_F64, AD_SHAPE(1000), 1, "x"), y = ad_exp(x);
    const size_t before = ad_usage_of(t).peak_bytes;
    ck_assert(ad_is_inert(ad_jacobian(y, x)));
    expect_error(t, AD_NO_MEMORY,
                 "jacobian: memory is out for a result [1000,1000] of f64, which takes twice its size to make");
    ck_assert(ad_is_inert(ad_hessian(ad_sum(y), x)));
    expect_error(t, AD_NO_MEMORY,
                 "hessian: memory is out for a result [1000,1000] of f64, which takes twice its size to make");
    ck_assert_uint_lt(ad_usage_of(t).peak_bytes, before + (1 << 20));
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, rows_and_columns_agree);
    tcase_add_test(tests, a_tall_jacobian_through_a_position);
    tcase_add_test(tests, jacobians_of_two_types);
    tcase_add_test(tests, eight_axes_are_the_most);
    tcase_add_test(tests, eight_axes_beside_a_scalar);
    tcase_add_test(tests, room_is_asked_for_first);
}

int main(void) { return run_on_one_tape("jacobian", add_tests); }
