/* The check of every operator finds rules that are wrong on purpose. */
#include <string.h>

#include <gradtape/operators/backward.h>

#include "../support/check.h"
#include "../support/checker.h"

static void tanh_without_square(ad_pullback *p)
{
    ad_tensor one_less = ad_shift(ad_neg(ad_y(p)), 1);
    ad_give(p, 0, ad_mul(one_less, ad_dy(p)));
}

static void tanh_with_flipped_sign(ad_pullback *p)
{
    ad_give(p, 0, ad_neg(ad_tanh_backward(ad_dy(p), ad_y(p), ad_x(p, 0))));
}

static void square_without_factor(ad_pullback *p) { ad_give(p, 0, ad_mul(ad_x(p, 0), ad_dy(p))); }
static void square_almost_right(ad_pullback *p) { ad_give(p, 0, ad_mul(ad_scale(ad_x(p, 0), 2.000001), ad_dy(p))); }
static void relu_the_wrong_way(ad_pullback *p) { ad_give(p, 0, ad_where_not_positive(ad_dy(p), ad_x(p, 0))); }
static void nothing_given(ad_pullback *p) { (void)p; }

static void mul_without_second_operand(ad_pullback *p) { ad_give(p, 0, ad_mul(ad_x(p, 1), ad_dy(p))); }

static void div_without_sign(ad_pullback *p)
{
    ad_tensor da = ad_div(ad_dy(p), ad_x(p, 1));
    ad_give(p, 0, da);
    ad_give(p, 1, ad_mul(ad_y(p), da));
}

static void sub_given_twice(ad_pullback *p)
{
    ad_give(p, 0, ad_dy(p));
    ad_give(p, 0, ad_dy(p));
    ad_give(p, 1, ad_neg(ad_dy(p)));
}

/* Right at the first order only: the second sees a constant. */
static void tanh_detached(ad_pullback *p)
{
    ad_give(p, 0, ad_tanh_backward(ad_dy(p), ad_detach(ad_y(p)), ad_x(p, 0)));
}

/* As if the mean were the sum. */
static void mean_not_divided(ad_pullback *p) { ad_give(p, 0, ad_mul(ad_ones_like(ad_x(p, 0)), ad_sum(ad_dy(p)))); }

static void matmul_with_operands_exchanged(ad_pullback *p)
{
    ad_give(p, 0, ad_transpose(ad_matmul_nt(ad_x(p, 1), ad_dy(p))));
    ad_give(p, 1, ad_scale(ad_matmul_tn(ad_x(p, 0), ad_dy(p)), 1.5));
}

/* A gradient to an operand in which the row says that it is constant. */
static void times_sign_with_a_gradient_of_the_sign(ad_pullback *p)
{
    ad_give(p, 0, ad_times_sign(ad_dy(p), ad_x(p, 1)));
    ad_give(p, 1, ad_mul(ad_x(p, 0), ad_dy(p)));
}

static void step_as_if_logistic(ad_pullback *p) { ad_give(p, 0, ad_mul(ad_logistic(ad_x(p, 0)), ad_dy(p))); }

static const struct {
    const char *row;
    void (*vjp)(ad_pullback *pullback);
    const char *found; /* what the check must say of it */
} wrong_rules[] = {
    {"tanh", tanh_without_square, "order 1, q0: the gradient is wrong"},
    {"tanh", tanh_with_flipped_sign, "order 1, q0: the gradient is wrong"},
    {"tanh", tanh_detached, "order 2, q0: the gradient is wrong"},
    {"tanh", nothing_given, "order 1, q0: the gradient is missing"},
    {"square", square_without_factor, "order 1, q0: the gradient is wrong"},
    {"square", square_almost_right, "order 1, q0: the gradient is wrong"},
    {"relu", relu_the_wrong_way, "order 1, q0: the gradient is wrong"},
    {"mul", mul_without_second_operand, "order 1, q1: the gradient is missing"},
    {"div", div_without_sign, "order 1, q1: the gradient is wrong"},
    {"sub", sub_given_twice, "order 1, q0: the gradient is wrong"},
    {"mean", mean_not_divided, "order 1, q0: the gradient is wrong"},
    {"matmul", matmul_with_operands_exchanged, "order 1, q1: the gradient is wrong"},
    {"times_sign", times_sign_with_a_gradient_of_the_sign, "constant in operand 1, but its gradient is not 0"},
    {"step", step_as_if_logistic, "constant in operand 0, but its gradient is not 0"},
};

/* The check that test_operators makes of each row finds a copy of a row with a wrong rule, and nothing in the row
 * itself. */
START_TEST(wrong_rules_are_found)
{
    const ad_operator *row = ad_operator_named(wrong_rules[_i].row);
    ck_assert_ptr_nonnull(row);
    ad_operator copy = *row;
    copy.vjp = wrong_rules[_i].vjp;
    checker_call call = checker_call_of(&copy, 0);
    const char *found = checker_gradients(&call);
    ck_assert_msg(strstr(found, wrong_rules[_i].found) != NULL, "%s with a wrong rule: '%s' instead of '%s'",
                  wrong_rules[_i].row, found, wrong_rules[_i].found);
    call.row = row;
    found = checker_gradients(&call);
    ck_assert_msg(!found[0], "%s with its own rule: %s", wrong_rules[_i].row, found);
}
END_TEST

/* A rule whose mistake is an error of the engine is found too: the message says which. */
static void matmul_with_a_wrong_shape(ad_pullback *p) { ad_give(p, 0, ad_matmul(ad_dy(p), ad_x(p, 1))); }
static void tanh_with_an_inert_gradient(ad_pullback *p) { ad_give(p, 0, (ad_tensor){.tape = ad_x(p, 0).tape}); }
static void tanh_with_another_type(ad_pullback *p) { ad_give(p, 0, ad_cast(ad_dy(p), AD_F32)); }
static void tanh_with_another_shape(ad_pullback *p) { ad_give(p, 0, ad_sum(ad_dy(p))); }

static const struct {
    const char *row;
    void (*vjp)(ad_pullback *pullback);
    const char *found;
} failing_rules[] = {
    {"matmul", matmul_with_a_wrong_shape, "matmul: inner sizes differ"},
    {"tanh", tanh_with_an_inert_gradient,
     "tanh: its rule gives operand 0 a gradient that is inert, stale or of another tape"},
    {"tanh", tanh_with_another_type, "tanh: its rule gives operand 0, of f64, a gradient of f32: mend it with ad_cast"},
    {"tanh", tanh_with_another_shape, "[2,3]"},
};

START_TEST(failing_rules_are_found)
{
    ad_operator copy = *ad_operator_named(failing_rules[_i].row);
    copy.vjp = failing_rules[_i].vjp;
    const checker_call call = checker_call_of(&copy, 0);
    const char *found = checker_gradients(&call);
    ck_assert_msg(strstr(found, failing_rules[_i].found) != NULL, "'%s' instead of '%s'", found,
                  failing_rules[_i].found);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, wrong_rules_are_found, 0, COUNT(wrong_rules));
    tcase_add_loop_test(tests, failing_rules_are_found, 0, COUNT(failing_rules));
}

int main(void) { return run_tests("wrong rules", add_tests); }
