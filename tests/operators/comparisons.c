/* Comparing, choosing and rounding: values, what passes at edges, and every error. */
#include <gradtape/operators/backward.h>

#include <math.h>
#include <string.h>

#include "../support/one_tape.h"

REAL_TEST(rounds)
{
    ad_tensor x = VECTOR(-2.5, -1.5, -0.5, -0.0, 0.5, 1.5, 2.25, INFINITY, -INFINITY, NAN);
    EXPECT(ad_sign(x), -1, -1, -1, 0, 1, 1, 1, 1, -1, NAN);
    EXPECT(ad_floor(x), -3, -2, -1, 0, 0, 1, 2, INFINITY, -INFINITY, NAN);
    EXPECT(ad_ceil(x), -2, -1, 0, 0, 1, 2, 3, INFINITY, -INFINITY, NAN);
    EXPECT(ad_round(x), -2, -2, 0, 0, 0, 2, 2, INFINITY, -INFINITY, NAN);
    ck_assert(!signbit(number_at(ad_sign(x), 3)));
    ck_assert(signbit(number_at(ad_floor(x), 3)) && signbit(number_at(ad_ceil(x), 2)));
}
END_REAL_TEST

/* The gradient of rounding is there, and 0, whatever comes from above. */
REAL_TEST(rounding_has_gradient_zero)
{
    static ad_tensor (*const functions[])(ad_tensor) = {ad_sign, ad_floor, ad_ceil, ad_round};
    for (size_t i = 0; i < COUNT(functions); i++) {
        ad_tensor x = VECTOR(-1.5, 0, 1, NAN);
        PULL(functions[i](x), 1, INFINITY, NAN, 2);
        EXPECT(ad_gradient(x), 0, 0, 0, 0);
        EXPECT(derivative(ad_add(functions[i](x), ad_square(x)), x), -3, 0, 2, NAN);
    }
}
END_REAL_TEST

REAL_TEST(clamps)
{
    ad_tensor x = VECTOR(-3, -1, -0.5, 2, 2.5, NAN, INFINITY, -INFINITY), y = ad_clamp(x, -1, 2);
    EXPECT(y, -1, -1, -0.5, 2, 2, NAN, 2, -1);
    PULL(y, NAN, 1, 2, 3, INFINITY, 4, NAN, NAN);
    EXPECT(ad_gradient(x), 0, 1, 2, 3, 0, 4, 0, 0);
    EXPECT(ad_clamp(x, -INFINITY, -1), -3, -1, -1, -1, -1, NAN, -1, -INFINITY);
    EXPECT(ad_clamp(x, 2, INFINITY), 2, 2, 2, 2, 2.5, NAN, INFINITY, 2);
    EXPECT(ad_clamp(x, 0.5, 0.5), 0.5, 0.5, 0.5, 0.5, 0.5, NAN, 0.5, 0.5);
    EXPECT(ad_clamp(SCALAR(3), 0, 1), 1);
}
END_REAL_TEST

/* dy is selected, and the second gradient selects again. */
REAL_TEST(clamps_backward)
{
    ad_tensor v = VECTOR(1, 2, 3, 4, 5), x = VECTOR(-1.5, -1, 0, 1, 1.5), r = ad_clamp_backward(v, x, -1, 1);
    EXPECT(r, 0, 2, 3, 4, 0);
    PULL(r, NAN, 1, INFINITY, 1, INFINITY);
    EXPECT(ad_gradient(v), 0, 1, INFINITY, 1, 0);
    EXPECT(ad_gradient(x), 0, 0, 0, 0, 0);
    ad_tensor z = VECTOR(-2, 0.5);
    EXPECT(derivative(derivative(ad_square(ad_clamp(z, -1, 1)), z), z), 0, 2);
}
END_REAL_TEST

REAL_TEST(compares)
{
    ad_tensor a = VECTOR(1, 2, 3, NAN, 1, -0.0, INFINITY), b = VECTOR(2, 2, 2, 1, NAN, 0, INFINITY);
    EXPECT(ad_equal(a, b), 0, 1, 0, 0, 0, 1, 1);
    EXPECT(ad_not_equal(a, b), 1, 0, 1, 1, 1, 0, 0);
    EXPECT(ad_less(a, b), 1, 0, 0, 0, 0, 0, 0);
    EXPECT(ad_less_equal(a, b), 1, 1, 0, 0, 0, 1, 1);
    EXPECT(ad_greater(a, b), 0, 0, 1, 0, 0, 0, 0);
    EXPECT(ad_greater_equal(a, b), 0, 1, 1, 0, 0, 1, 1);
    EXPECT(ad_equal(a, a), 1, 1, 1, 0, 1, 1, 1);
    EXPECT(ad_is_nan(a), 0, 0, 0, 1, 0, 0, 0);
    EXPECT(ad_is_finite(VECTOR(1, INFINITY, -INFINITY, NAN, 0)), 1, 0, 0, 0, 1);
    ck_assert_int_eq(ad_type_of(ad_less(a, b)), AD_I32);
    ck_assert_int_eq(ad_type_of(ad_is_nan(SCALAR(1))), AD_I32);
    EXPECT(ad_greater(SCALAR(2), SCALAR(1)), 1);
}
END_REAL_TEST

REAL_TEST(compares_i32)
{
    ad_tensor a = WHOLE(1, 2, 3, INT32_MIN, INT32_MAX), b = WHOLE(2, 2, 2, INT32_MAX, INT32_MIN);
    EXPECT(ad_equal(a, b), 0, 1, 0, 0, 0);
    EXPECT(ad_not_equal(a, b), 1, 0, 1, 1, 1);
    EXPECT(ad_less(a, b), 1, 0, 0, 1, 0);
    EXPECT(ad_less_equal(a, b), 1, 1, 0, 1, 0);
    EXPECT(ad_greater(a, b), 0, 0, 1, 0, 1);
    EXPECT(ad_greater_equal(a, b), 0, 1, 1, 0, 1);
}
END_REAL_TEST

REAL_TEST(broadcasts)
{
    ad_tensor row = VECTOR(1, 2, 3), column = MATRIX(2, 1, 2, 3);
    EXPECT(ad_less(row, column), 1, 0, 0, 1, 1, 0);
    EXPECT(ad_less(column, row), 0, 0, 1, 0, 0, 0);
    EXPECT(ad_equal(SCALAR(2), column), 1, 0);
    EXPECT(ad_equal(ad_reshape(WHOLE(0, 2), AD_SHAPE(2, 1)), ad_arange(t, AD_I32, 3)), 1, 0, 0, 0, 0, 1);
    ck_assert_uint_eq(ad_size_of(ad_less(ad_zeros(t, real, AD_SHAPE(0, 3)), row)), 0);
    ck_assert_uint_eq(ad_size_of(ad_where(ad_zeros(t, AD_I32, AD_SHAPE(0, 1)), row, SCALAR(1))), 0);
}
END_REAL_TEST

/* Vectors of every length, so that the rest of a loop is seen too. */
REAL_TEST(compares_many)
{
    double a[64], less[64], same[64];
    for (int n = 1; n <= 64; n++) {
        for (int i = 0; i < n; i++) {
            a[i] = (i * 37 + n) % 11;
            less[i] = a[i] < 5;
            same[i] = a[i] == 5;
        }
        ad_tensor x = variable_of(real, AD_SHAPE(n), a, (size_t)n), five = SCALAR(5);
        expect_numbers(ad_less(x, five), less, (size_t)n, 0);
        expect_numbers(ad_greater(five, x), less, (size_t)n, 0);
        expect_numbers(ad_equal(ad_cast(x, AD_I32), ad_cast(five, AD_I32)), same, (size_t)n, 0);
        expect_numbers(ad_where(ad_less(x, five), ad_ones_like(x), ad_zeros_like(five)), less, (size_t)n, 0);
    }
}
END_REAL_TEST

REAL_TEST(reasons)
{
    ad_tensor a = WHOLE(0, 0, 1, -7), b = WHOLE(0, 2, 0, INT32_MIN);
    EXPECT(ad_logical_and(a, b), 0, 0, 0, 1);
    EXPECT(ad_logical_or(a, b), 0, 1, 1, 1);
    EXPECT(ad_logical_xor(a, b), 0, 1, 1, 0);
    EXPECT(ad_logical_not(a), 1, 1, 0, 0);
    EXPECT(ad_logical_or(a, ad_zeros(t, AD_I32, AD_SCALAR)), 0, 0, 1, 1);
}
END_REAL_TEST

/* What is not chosen does not count, neither forwards nor backwards. */
REAL_TEST(chooses)
{
    ad_tensor c = WHOLE(1, 0, -3, 0), a = VECTOR(1, NAN, 3, INFINITY), b = VECTOR(NAN, 20, NAN, 40);
    ad_tensor y = ad_where(c, a, b);
    EXPECT(y, 1, 20, 3, 40);
    PULL(y, 5, NAN, INFINITY, 7);
    EXPECT(ad_gradient(a), 5, 0, INFINITY, 0);
    EXPECT(ad_gradient(b), 0, NAN, 0, 7);
    EXPECT(ad_where(c, WHOLE(1, 2, 3, 4), WHOLE(-1, -2, -3, -4)), 1, -2, 3, -4);
    ck_assert_int_eq(ad_type_of(ad_where(c, c, c)), AD_I32);
}
END_REAL_TEST

REAL_TEST(chooses_broadcast)
{
    ad_tensor c = WHOLE(1, 0, 1), a = MATRIX(2, 1, 10, 20), b = SCALAR(-1), y = ad_where(c, a, b);
    EXPECT(y, 10, -1, 10, 20, -1, 20);
    PULL(y, 1, 2, 4, 8, 16, 32);
    EXPECT(ad_gradient(a), 5, 40);
    EXPECT(ad_gradient(b), 18);
    EXPECT(ad_where(WHOLE(0), a, b), -1, -1);
}
END_REAL_TEST

/* One tensor in both places gets the whole of dy; gradients of gradients choose too. */
REAL_TEST(chooses_again)
{
    ad_tensor c = WHOLE(1, 0), x = VECTOR(2, 3);
    PULL(ad_where(c, x, x), 1, 10);
    EXPECT(ad_gradient(x), 1, 10);
    EXPECT(derivative(derivative(ad_where(c, ad_square(x), ad_scale(x, 4)), x), x), 2, 0);
}
END_REAL_TEST

/* A safe division: the branch that would be infinite is not taken, and its operand is replaced before it is. */
REAL_TEST(where_makes_safe)
{
    ad_tensor x = VECTOR(0, 2), is_zero = ad_equal(x, SCALAR(0));
    ad_tensor y = ad_where(is_zero, SCALAR(0), ad_div(SCALAR(1), ad_where(is_zero, SCALAR(1), x)));
    EXPECT(y, 0, 0.5);
    PULL(y, 1, 1);
    EXPECT(ad_gradient(x), 0, -0.25);
}
END_REAL_TEST

/* Nothing that compares leads a gradient back. */
REAL_TEST(truth_has_no_gradient)
{
    ad_tensor x = VECTOR(1, 2);
    ck_assert_int_eq(ad_backward(ad_sum(ad_cast(ad_less(x, SCALAR(2)), real))), AD_BAD_STATE);
    ad_clear_error(t);
}
END_REAL_TEST

REAL_TEST(clamp_errors)
{
    ad_tensor x = VECTOR(1, 2);
    expect_inert(ad_clamp(x, 2, 1), AD_BAD_VALUE,
                 "clamp: low must be a number that is not above high: they are 2 and 1");
    expect_inert(ad_clamp(x, NAN, 1), AD_BAD_VALUE,
                 "clamp: low must be a number that is not above high: they are nan and 1");
    expect_inert(ad_clamp(x, 0, NAN), AD_BAD_VALUE,
                 "clamp: low must be a number that is not above high: they are 0 and nan");
    expect_inert(ad_clamp_backward(x, x, 1, 0), AD_BAD_VALUE,
                 "clamp_backward: low must be a number that is not above high: they are 1 and 0");
    expect_inert(ad_clamp_backward(x, VECTOR(1, 2, 3), 0, 1), AD_BAD_SHAPE,
                 "clamp_backward: shapes do not broadcast: [2] with [3]: sizes must be equal or 1, from the last axis");
    expect_inert(ad_clamp(WHOLE(1), 0, 1), AD_BAD_TYPE,
                 "clamp: operand 0, [1], is i32: it must be f32 or f64; convert it with ad_cast");
}
END_REAL_TEST

REAL_TEST(type_errors)
{
    ad_tensor i = ad_name(WHOLE(1, 2), "i"), a = variable_of(AD_F32, AD_SHAPE(2), NUMBERS(1, 2)),
              b = variable_of(AD_F64, AD_SHAPE(2), NUMBERS(1, 2));
    expect_inert(ad_equal(a, b), AD_BAD_TYPE, "equal: types differ: [2] is f32, [2] is f64; convert one with ad_cast");
    expect_inert(ad_less(i, b), AD_BAD_TYPE, "less: types differ: i [2] is i32, [2] is f64; convert one with ad_cast");
    expect_inert(ad_where(i, a, b), AD_BAD_TYPE,
                 "where: types differ: [2] is f32, [2] is f64; convert one with ad_cast");
    expect_inert(ad_where(i, a, i), AD_BAD_TYPE,
                 "where: types differ: [2] is f32, i [2] is i32; convert one with ad_cast");
    expect_inert(ad_where(a, a, a), AD_BAD_TYPE, "where: operand 0, [2], is f32: it must be i32");
    expect_inert(ad_logical_and(i, b), AD_BAD_TYPE, "logical_and: operand 1, [2], is f64: it must be i32");
    expect_inert(ad_logical_not(b), AD_BAD_TYPE, "logical_not: operand 0, [2], is f64: it must be i32");
    expect_inert(ad_is_nan(i), AD_BAD_TYPE,
                 "is_nan: operand 0, i [2], is i32: it must be f32 or f64; convert it with ad_cast");
    expect_inert(ad_floor(i), AD_BAD_TYPE,
                 "floor: operand 0, i [2], is i32: it must be f32 or f64; convert it with ad_cast");
}
END_REAL_TEST

REAL_TEST(shape_errors)
{
    ad_tensor two = VECTOR(1, 2), three = VECTOR(1, 2, 3), column = MATRIX(2, 1, 1, 2);
    expect_inert(ad_less(two, three), AD_BAD_SHAPE,
                 "less: shapes do not broadcast: [2] with [3]: sizes must be equal or 1, from the last axis");
    expect_inert(ad_where(WHOLE(1, 0), column, three), AD_BAD_SHAPE,
                 "where: shapes do not broadcast: [2] with [3]: sizes must be equal or 1, from the last axis");
    expect_inert(ad_where(WHOLE(1), two, three), AD_BAD_SHAPE,
                 "where: shapes do not broadcast: [2] with [3]: sizes must be equal or 1, from the last axis");
    expect_inert(ad_where(WHOLE(1, 0), ad_name(MATRIX(2, 2, 1, 2, 3, 4), "W"), MATRIX(4, 1, 1, 2, 3, 4)), AD_BAD_SHAPE,
                 "where: shapes do not broadcast: W [2,2] with [4,1]: sizes must be equal or 1, from the last axis");
}
END_REAL_TEST

static void add_tests(TCase *tests)
{
    ADD(rounds);
    ADD(rounding_has_gradient_zero);
    ADD(clamps);
    ADD(clamps_backward);
    ADD(compares);
    ADD(compares_i32);
    ADD(broadcasts);
    ADD(compares_many);
    ADD(reasons);
    ADD(chooses);
    ADD(chooses_broadcast);
    ADD(chooses_again);
    ADD(where_makes_safe);
    ADD(truth_has_no_gradient);
    ADD(clamp_errors);
    ADD(type_errors);
    ADD(shape_errors);
}

int main(void) { return run_on_one_tape("comparisons", add_tests); }
