/* Finding where a number first is not finite. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../support/one_tape.h"
#include "../support/operators_of_tests.h"

static void open_tracing_tape(void)
{
    open_tape();
    ck_assert_int_eq(ad_check_finite(t, AD_ON), AD_OK);
}

static ad_tensor numbers(int64_t n, const double *x, const char *name)
{
    return ad_name(ad_variable(t, AD_F64, AD_SHAPE(n), x), name);
}

START_TEST(the_first_operator_forward)
{
    const ad_tensor x = numbers(3, (const double[]){1, 0, -0.5}, "x"), y = ad_square(x);
    ck_assert(ad_is_inert(ad_exp(ad_log(y)))); /* 0 */
    expect_error(t, AD_NOT_FINITE,
                 "entry 3, log, after x: its result [3] is -inf at element 1; operands: [3] in [0, 1]");
    ck_assert(ad_is_inert(ad_log(x)));
    expect_error(t, AD_NOT_FINITE,
                 "entry 3, log, after x: its result [3] is -inf at element 1; operands: x [3] in [-0.5, 1]");
    const ad_tensor huge = numbers(3, (const double[]){DBL_MAX, 0, 1}, "huge");
    ck_assert(ad_is_inert(ad_add(huge, huge)));
    expect_error(
        t, AD_NOT_FINITE,
        "entry 4, add, after huge: its result [3] is inf at element 0; operands: huge [3] in [0, 1.79769e+308], huge [3] in [0, "
        "1.79769e+308]");
    const size_t before = ad_entry_count(t);
    ck_assert(ad_is_inert(ad_div(x, ad_sub(x, x))));
    ck_assert_int_eq(ad_clear_error(t), AD_NOT_FINITE);
    ck_assert_uint_eq(ad_entry_count(t), before + 1); /* the difference; the quotient is gone */
}
END_TEST

/* Not at the leaf, but in what it spoils. */
START_TEST(leaves_that_are_not_finite)
{
    const ad_tensor x = numbers(3, (const double[]){1, NAN, -INFINITY}, "x");
    expect_ok(t);
    ck_assert(!ad_is_inert(ad_greater(x, x)));
    ck_assert(ad_is_inert(ad_scale(x, 2)));
    expect_error(t, AD_NOT_FINITE,
                 "entry 3, scale, after x: its result [3] is nan at element 1; operands: x [3] with nan at element 1");
}
END_TEST

START_TEST(scalars)
{
    const ad_tensor x = ad_name(ad_variable(t, AD_F64, AD_SCALAR, NULL), "x");
    ck_assert(ad_is_inert(ad_log(x)));
    expect_error(t, AD_NOT_FINITE,
                 "entry 2, log, after x: its result [] is -inf at element 0; operands: x [] in [0, 0]");
    const float zero = 0;
    ck_assert(ad_is_inert(ad_log(ad_input(t, AD_F32, AD_SCALAR, &zero))));
    expect_error(t, AD_NOT_FINITE, "entry 3, log, after x: its result [] is -inf at element 0; operands: [] in [0, 0]");
    ck_assert(!ad_is_inert(ad_sqrt(x)));
    ck_assert(!ad_is_inert(ad_sum(ad_input(t, AD_F32, AD_SHAPE(0), NULL))));
    expect_ok(t);
}
END_TEST

START_TEST(in_a_rule)
{
    const ad_tensor x = numbers(2, (const double[]){4, 0}, "x"), y = ad_sum(ad_sqrt(x));
    expect_ok(t);
    for (int k = 0; k < 2; k++) {
        ck_assert_int_eq(ad_backward_with(y, &(ad_backward_options){.differentiable = k}), AD_NOT_FINITE);
        ck_assert_msg(
            strstr(
                ad_message(t),
                " in the gradient rule of entry 2, sqrt, after x: its result [2] is inf at element 1; the loss depends on it; operands: "),
            "%s", ad_message(t));
        ad_clear_error(t);
        ck_assert(!ad_has_gradient(x));
    }
    ad_tensor dx;
    ck_assert_int_eq(ad_grad(y, &x, 1, &dx), AD_NOT_FINITE);
    ad_clear_error(t);
    ad_check_finite(t, AD_OFF);
    ck_assert_int_eq(ad_backward(y), AD_OK);
    ck_assert(isinf(number_at(ad_gradient(x), 1)));
}
END_TEST

/* Two finite contributions whose sum is not. */
START_TEST(in_an_accumulation)
{
    const ad_tensor small = numbers(1, (const double[]){1e-10}, "small");
    const ad_tensor bad = ad_add(ad_sum(ad_scale(small, 1e308)), ad_sum(ad_scale(small, 1e308)));
    expect_ok(t);
    ck_assert_int_eq(ad_backward(bad), AD_NOT_FINITE);
    ck_assert_msg(
        strstr(
            ad_message(t),
            "backward: what the gradient rule of entry 2, scale, after small adds makes the gradient of small inf at element 0; dy in [1, 1]; the loss depends on it"),
        "%s", ad_message(t));
}
END_TEST

START_TEST(numeric_gradients_and_results)
{
    const ad_tensor x = numbers(1, (const double[]){1e103}, "x");
    ck_assert(ad_is_inert(cube_in_numbers(x)));
    expect_error(
        t, AD_NOT_FINITE,
        "entry 2, numeric_cube, after x: its result [1] is inf at element 0; operands: x [1] in [1e+103, 1e+103]");
    ad_tensor y[2];
    apply_two_results(ad_scale(x, 1e-100), ad_scale(x, 1e100), y);
    expect_error(
        t, AD_NOT_FINITE,
        "entry 4, two_results, after x: its result [1] is inf at element 0; operands: [1] in [1000, 1000], [1] in [1e+203, "
        "1e+203]");
}
END_TEST

/* One log of forty, which no message but the entry's number and its neighbour tells from the others. */
START_TEST(one_of_forty)
{
    char name[20];
    ad_tensor y = numbers(1, (const double[]){1.5}, "x");
    ad_check_finite(t, AD_OFF);
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "layer%d/w", i);
        const ad_tensor w = ad_param(t, AD_F64, AD_SHAPE(1), (const double[]){i == 23 ? 0 : 1}, name);
        y = ad_log(ad_shift(ad_square(ad_mul(y, w)), i == 23 ? 0 : 2));
    }
    const ad_tensor first = ad_recorded_at(t, 4 * 24);
    bool reaches = false;
    const ad_tensor found = ad_first_not_finite(t, ad_sum(y), &reaches);
    ck_assert_uint_eq(found.id, first.id);
    ck_assert_uint_eq(found.generation, first.generation);
    ck_assert(reaches);
    ad_check_finite(t, AD_ON);
    ck_assert_int_eq(ad_replay(t), AD_NOT_FINITE);
    expect_error(t, AD_NOT_FINITE,
                 "entry 97, log, after layer23/w: its result [1] is -inf at element 0; operands: [1] in [0, 0]");
}
END_TEST

/* A tensor without a name before it; and retired or dropped entries are not counted. */
START_TEST(without_a_neighbour)
{
    const ad_position position = ad_position_now(t);
    ad_neg(ad_input(t, AD_F64, AD_SCALAR, NULL));
    ad_return_to(t, position, NULL, 0);
    ck_assert(ad_is_inert(ad_log(ad_input(t, AD_F64, AD_SCALAR, NULL))));
    expect_error(t, AD_NOT_FINITE, "entry 2, log: its result [] is -inf at element 0; operands: [] in [0, 0]");
}
END_TEST

/* In the rule of what a differentiable backward recorded. */
START_TEST(in_a_recorded_rule)
{
    const ad_tensor x = numbers(2, (const double[]){4, 1e-220}, "x"), y = ad_sum(ad_sqrt(x));
    ck_assert_int_eq(ad_backward_with(y, &(ad_backward_options){.differentiable = true}), AD_OK);
    const ad_tensor penalty = ad_sum(ad_gradient(x));
    ck_assert_int_eq(ad_backward(penalty), AD_NOT_FINITE);
    ck_assert_msg(strstr(ad_message(t), "in the gradient rule of entry ") && strstr(ad_message(t), ", after x") &&
                      strstr(ad_message(t), "; the loss depends on it"),
                  "%s", ad_message(t));
    ad_clear_error(t);
    /* What a recorded rule computes has a number too. */
    ad_assign(x, (const double[]){4, 0});
    ad_check_finite(t, AD_OFF);
    ck_assert_int_eq(ad_replay(t), AD_OK);
    const size_t n = ad_entry_count(t);
    ad_check_finite(t, AD_ON);
    ck_assert_int_eq(ad_backward_with(y, &(ad_backward_options){.differentiable = true}), AD_NOT_FINITE);
    char number[40];
    snprintf(number, sizeof number, "entry %zu, div, after x in the", n + 4);
    ck_assert_msg(strstr(ad_message(t), number) != NULL, "%s in %s", number, ad_message(t));
    ad_clear_error(t);
}
END_TEST

/* ad_local_gradient is no sweep: there is no loss. */
START_TEST(in_a_rule_alone)
{
    const ad_tensor x = numbers(1, (const double[]){0}, "x"), y = ad_sqrt(x);
    ck_assert(ad_is_inert(ad_local_gradient(y, 0)));
    ck_assert_msg(strstr(ad_message(t), "in the gradient rule of entry 2, sqrt, after x: ") &&
                      !strstr(ad_message(t), "the loss"),
                  "%s", ad_message(t));
    ad_clear_error(t);
}
END_TEST

static void expect_first(ad_tensor loss, ad_tensor first, bool reaches)
{
    bool does = !reaches;
    const size_t entries = ad_entry_count(t);
    const ad_tensor found = ad_first_not_finite(t, loss, &does);
    ck_assert_uint_eq(found.id, first.id);
    ck_assert_int_eq(does, reaches);
    ck_assert_uint_eq(ad_entry_count(t), entries);
}

START_TEST(the_first_on_a_tape_that_was_not_checked)
{
    ad_check_finite(t, AD_OFF);
    const ad_tensor none = {0}, x = numbers(2, (const double[]){1, 0}, "x"), good = ad_sum(x);
    expect_first(good, none, false);
    const ad_tensor bad = ad_log(x), inner = ad_exp(ad_neg(bad)), loss = ad_add(ad_sum(ad_mul(x, inner)), good);
    ad_tensor both[2];
    expect_first(loss, bad, true);
    expect_first(good, bad, false);
    expect_first(bad, bad, true);
    expect_first(none, bad, false);
    ck_assert_uint_eq(ad_first_not_finite(t, loss, NULL).id, bad.id);
    apply_two_results(bad, x, both);
    expect_first(both[1], bad, true);
    expect_first(ad_step(bad), bad, true); /* no gradient goes there, but the number does */
    const ad_tensor w = PARAMS("w", NAN, 1), used = ad_sum(w);
    expect_first(loss, w, false);
    expect_first(used, w, true);
    ad_fail(t, AD_BAD_VALUE, "an error");
    expect_first(used, w, true);
    ck_assert_str_eq(ad_message(t), "an error");
    ad_clear_error(t);
    ad_reset(t);
    expect_first(none, w, false);
    ck_assert(ad_is_inert(ad_first_not_finite(t, loss, NULL)));
    expect_error_with(t, AD_BAD_HANDLE, "first_not_finite: its operand is stale");
    ck_assert(ad_is_inert(ad_first_not_finite(NULL, none, NULL)));
    ad_first_not_finite(NULL, w, NULL);
    expect_error_with(t, AD_BAD_HANDLE, "first_not_finite: the loss");
    const ad_tensor again = ad_sum(ad_neg(w));
    counting_fail(&memory, 1, COUNTING_FOR_GOOD);
    bool reaches = true;
    ad_first_not_finite(t, again, &reaches);
    counting_heal(&memory);
    ck_assert(!reaches);
    ck_assert_int_eq(ad_clear_error(t), AD_NO_MEMORY);
}
END_TEST

START_TEST(the_first_past_dropped_values)
{
    ad_check_finite(t, AD_OFF);
    const ad_tensor x = numbers(2, (const double[]){1, 0}, "x");
    ad_segment_begin(t);
    ad_tensor y = ad_exp(ad_log(x));
    ad_segment_end(t, &y, 1);
    expect_first(y, (ad_tensor){0}, false);
    const ad_tensor again = ad_log(y);
    expect_first(again, again, true);
}
END_TEST

START_TEST(off_again)
{
    const ad_tensor x = numbers(2, (const double[]){0, 1}, "x");
    ck_assert_int_eq(ad_check_finite(t, AD_OFF), AD_OK);
    ck_assert(isinf(number_at(ad_log(x), 0)));
    expect_ok(t);
    ck_assert_int_eq(ad_check_finite(t, AD_ON), AD_OK);
    ck_assert_int_eq(ad_replay(t), AD_NOT_FINITE);
    ck_assert_int_eq(ad_check_finite(t, AD_ON), AD_NOT_FINITE);
    expect_error(t, AD_NOT_FINITE,
                 "entry 2, log, after x: its result [2] is -inf at element 0; operands: x [2] in [0, 1]");
    ad_reset(t);
    ck_assert(ad_is_inert(ad_log(numbers(1, (const double[]){0}, NULL)))); /* a reset does not turn it off */
    ck_assert_int_eq(ad_check_finite(NULL, AD_ON), AD_BAD_HANDLE);
}
END_TEST

START_TEST(it_changes_no_bit)
{
    const ad_tensor w = some_param(t, AD_F32, AD_SHAPE(4, 4), 1, "w"), x = some_input(t, AD_F32, AD_SHAPE(3, 4), 2);
    snapshot dw[2];
    for (int on = 0; on < 2; on++) {
        ad_check_finite(t, on ? AD_ON : AD_OFF);
        ck_assert_int_eq(ad_backward(ad_sum(ad_square(ad_tanh(ad_matmul(x, w))))), AD_OK);
        dw[on] = snapshot_of(ad_gradient(w));
    }
    expect_unchanged(ad_gradient(w), dw[0]);
    expect_unchanged(ad_gradient(w), dw[1]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("finite");
    TCase *tests = tcase_create("finite");
    tcase_add_checked_fixture(tests, open_tracing_tape, close_tape);
    tcase_add_test(tests, the_first_operator_forward);
    tcase_add_test(tests, leaves_that_are_not_finite);
    tcase_add_test(tests, scalars);
    tcase_add_test(tests, in_a_rule);
    tcase_add_test(tests, in_an_accumulation);
    tcase_add_test(tests, numeric_gradients_and_results);
    tcase_add_test(tests, one_of_forty);
    tcase_add_test(tests, without_a_neighbour);
    tcase_add_test(tests, in_a_recorded_rule);
    tcase_add_test(tests, in_a_rule_alone);
    tcase_add_test(tests, the_first_on_a_tape_that_was_not_checked);
    tcase_add_test(tests, the_first_past_dropped_values);
    tcase_add_test(tests, off_again);
    tcase_add_test(tests, it_changes_no_bit);
    suite_add_tcase(suite, tests);
    return run_suites(srunner_create(suite));
}
