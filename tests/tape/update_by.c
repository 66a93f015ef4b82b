/* Updates by a rule of the caller's, and numbers that belong to a parameter. */
#include <string.h>

#include "../support/one_tape.h"

enum { LONG = 20000 };

/* s <- s + dx, x <- x - *context s, and where the block lies is noted in the second state. */
static void rule(const ad_update_block *b)
{
    const double rate = *(const double *)b->context;
    for (size_t i = 0; i < b->n; i++)
        if (b->type == AD_F64) {
            ((double *)b->state[0])[i] += ((const double *)b->dx)[i];
            ((double *)b->x)[i] -= rate * ((double *)b->state[0])[i];
            ((double *)b->state[1])[i] = (double)(b->first + i);
        } else
            ((float *)b->x)[i] -= (float)rate * ((const float *)b->dx)[i];
}

static const double half = 0.5;

START_TEST(a_rule_updates_every_element_once)
{
    static double start[LONG];
    fill_with_some(start, LONG, 1);
    for (int threads = 1; threads <= 4; threads++) {
        close_tape();
        open_tape();
        ad_set_threads(threads);
        const ad_tensor x = ad_param(t, AD_F64, AD_SHAPE(LONG), start, "x");
        const ad_tensor states[] = {ad_slot(x, "sum", 0), ad_slot(x, "place", 0)};
        for (unsigned step = 1; step <= 2; step++) {
            ad_backward(ad_sum(ad_scale(x, 4)));
            ck_assert_int_eq(ad_update_by(x, states, 2, rule, &half), AD_OK);
            ad_reset(t);
            ck_assert_uint_eq(ad_version_of(x), step);
            ck_assert_uint_eq(ad_version_of(states[1]), step);
        }
        for (size_t i = 0; i < LONG; i++) {
            ck_assert(ad_f64(x)[i] == start[i] - 2 - 4 && ad_f64(states[0])[i] == 8);
            ck_assert(ad_f64(states[1])[i] == (double)i);
        }
    }
    ad_set_threads(0);
}
END_TEST

START_TEST(a_rule_without_states)
{
    const ad_tensor x = ad_param(t, AD_F32, AD_SHAPE(2), (const float[]){1, 2}, "x");
    ad_backward(ad_sum(x));
    ck_assert_int_eq(ad_update_by(x, NULL, 0, rule, &half), AD_OK);
    EXPECT(x, 0.5, 1.5);
}
END_TEST

START_TEST(wrong_updates_change_nothing)
{
    const ad_tensor x = PARAMS("x", 1, 2), y = PARAMS("y", 1, 2);
    const ad_tensor whole = ad_state(t, AD_I32, AD_SHAPE(2), NULL, "whole");
    const ad_tensor a = ad_slot(x, "a", 0), b = ad_slot(x, "b", 0);
    const ad_tensor narrow = ad_state(t, AD_F32, AD_SHAPE(2), NULL, "narrow");
    const ad_tensor scalar = ad_slot_number(x, "steps", 0);
    const ad_tensor five[] = {a, b, a, b, a};
    ad_backward(ad_sum(x));
    const struct {
        ad_tensor x, states[2];
        int n;
        ad_update_rule *rule;
        ad_status status;
        const char *message;
    } cases[] = {
        {x, {a, b}, 2, NULL, AD_BAD_VALUE, "update_by: the rule for x is NULL"},
        {x, {a, b}, -1, rule, AD_BAD_VALUE, "update_by: -1 states for x: it must be 0 to 4"},
        {x, {a, a}, 2, rule, AD_BAD_VALUE, "update_by: state 1 of x is given twice: each must be another"},
        {x, {a, narrow}, 2, rule, AD_BAD_SHAPE, "update_by: state 1 of x must be a state of its shape and type"},
        {x, {a, scalar}, 2, rule, AD_BAD_SHAPE, "update_by: state 1 of x must be a state of its shape and type"},
        {x, {a, y}, 2, rule, AD_BAD_SHAPE, "update_by: state 1 of x must be a state of its shape and type"},
        {a, {b, a}, 2, rule, AD_BAD_VALUE, "update_by: state 1 of x/a is the same as what is updated"},
        {x, {a, {.tape = t}}, 2, rule, AD_BAD_HANDLE, "update_by: state 1"},
        {y, {a, b}, 2, rule, AD_NO_GRADIENT, "update_by: the gradient of y was not computed"},
        {whole, {a, b}, 2, rule, AD_BAD_TYPE, "update_by: whole is i32: only f32 and f64 are updated"},
        {ad_neg(x), {a, b}, 2, rule, AD_BAD_STATE, "update_by: only parameters and states are changed in place"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        ck_assert_int_eq(ad_update_by(cases[i].x, cases[i].states, cases[i].n, cases[i].rule, &half), cases[i].status);
        expect_error_with(t, cases[i].status, cases[i].message, "");
    }
    ck_assert_int_eq(ad_update_by(x, five, 5, rule, &half), AD_BAD_VALUE);
    expect_error_with(t, AD_BAD_VALUE, "update_by: 5 states for x", "");
    ck_assert_int_eq(ad_update_by(x, NULL, 2, rule, &half), AD_BAD_VALUE);
    expect_error_with(t, AD_BAD_VALUE, "update_by: the 2 states of x are NULL", "");
    ck_assert_int_eq(ad_update_by((ad_tensor){0}, NULL, 0, rule, &half), AD_BAD_HANDLE);
    EXPECT(x, 1, 2);
    EXPECT(a, 0, 0);
    ck_assert_uint_eq(ad_version_of(x), 0);
    ck_assert_uint_eq(ad_version_of(a), 0);
}
END_TEST

START_TEST(a_number_of_a_parameter)
{
    const ad_tensor x = ad_param(t, AD_F32, AD_SHAPE(2, 3), NULL, "x");
    const ad_tensor steps = ad_slot_number(x, "steps", 7);
    expect_leaf(steps, "x/steps", AD_F64, AD_SCALAR);
    ck_assert(ad_item(steps) == 7);
    ck_assert_uint_eq(ad_slot_number(x, "steps", 8).id, steps.id);
    ck_assert(ad_is_inert(ad_slot(x, "steps", 0)));
    expect_error_with(t, AD_BAD_SHAPE, "slot: x has a slot steps already, of another shape or type", "");
    ck_assert(!ad_is_inert(ad_slot(x, "mean", 0)));
    ck_assert(ad_is_inert(ad_slot_number(x, "mean", 0)));
    expect_error_with(t, AD_BAD_SHAPE, "slot: x has a slot mean already, of another shape or type", "");
    expect_ok(t);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, a_rule_updates_every_element_once);
    tcase_add_test(tests, a_rule_without_states);
    tcase_add_test(tests, wrong_updates_change_nothing);
    tcase_add_test(tests, a_number_of_a_parameter);
}

int main(void) { return run_on_one_tape("update_by", add_tests); }
