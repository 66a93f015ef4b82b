/* In-place changes of leaves between forward and backward: caught where a rule reads the leaf, by both versions. */
#include <stdio.h>
#include <string.h>

#include "../support/one_tape.h"

static ad_tensor w, other;
static double array[3] = {1, 2, 3};

static void open_two_leaves(void)
{
    open_tape();
    w = ad_param(t, AD_F64, AD_SHAPE(3), (const double[]){1, 2, 3}, "w");
    other = ad_variable(t, AD_F64, AD_SHAPE(3), (const double[]){4, 5, 6});
}

/* ---- Every call -------------------------------------------------------------------------------------------------- */

typedef void change(ad_tensor leaf);

static void by_assign(ad_tensor x) { ck_assert_int_eq(ad_assign(x, (const double[]){7, 8, 9}), AD_OK); }
static void by_feed(ad_tensor x) { ck_assert_int_eq(ad_feed(x, AD_SHAPE(3), (const double[]){7, 8, 9}), AD_OK); }
static void by_fill(ad_tensor x) { ck_assert_int_eq(ad_fill(x, 7), AD_OK); }
static void by_descend(ad_tensor x) { ck_assert_int_eq(ad_descend(x, 0.1), AD_OK); }

static void by_adagrad(ad_tensor x) { ck_assert_int_eq(ad_descend_adagrad(x, ad_slot(x, "Adagrad", 0.1), 0.1), AD_OK); }

static void by_uniform(ad_tensor x) { ck_assert_int_eq(ad_fill_uniform(x, (const double[]){-1, 1}, 1, 2), AD_OK); }

static void by_touch(ad_tensor x)
{
    array[0] = 7;
    ck_assert_int_eq(ad_touch(x), AD_OK);
}

static ad_tensor param(void) { return w; }
static ad_tensor state(void) { return ad_state(t, AD_F64, AD_SHAPE(3), (const double[]){1, 2, 3}, "w"); }
static ad_tensor input(void) { return ad_name(ad_input(t, AD_F64, AD_SHAPE(3), (const double[]){1, 2, 3}), "w"); }
static ad_tensor variable(void) { return ad_name(ad_variable(t, AD_F64, AD_SHAPE(3), (const double[]){1, 2, 3}), "w"); }
static ad_tensor borrowed(void) { return ad_name(ad_borrow(t, AD_F64, AD_SHAPE(3), array), "w"); }

static const struct {
    ad_tensor (*leaf)(void);
    change *change;
} changes[] = {{param, by_assign},    {param, by_feed},    {param, by_fill},    {param, by_uniform},
               {param, by_descend},   {param, by_adagrad}, {state, by_assign},  {state, by_feed},
               {state, by_fill},      {state, by_uniform}, {input, by_assign},  {input, by_feed},
               {variable, by_assign}, {variable, by_feed}, {borrowed, by_touch}};

static ad_tensor plain(ad_tensor x) { return x; }
static ad_tensor view(ad_tensor x) { return ad_reshape(x, AD_SHAPE(3)); }
static ad_tensor views(ad_tensor x) { return ad_reshape(ad_detach(ad_reshape(x, AD_SHAPE(3, 1))), AD_SHAPE(3)); }

static ad_tensor (*const ways[])(ad_tensor x) = {plain, view, views};

static void expect_versions(const char *op, unsigned then, unsigned now)
{
    char message[300];
    snprintf(message, sizeof message,
             "%s: w was changed in place after it was read: its version was %u then and is %u now; change leaves after "
             "backward, and record anew or ad_replay before the next one",
             op, then, now);
    expect_error(t, AD_BAD_STATE, message);
}

/* A leaf without a name is called by its number and shape. */
START_TEST(a_leaf_without_a_name)
{
    static const char *const names[] = {"state k2 [3]", "state k2", "variable #1 [3]", "variable #1"};
    const ad_shape shape = _i % 2 ? AD_SCALAR : AD_SHAPE(3);
    ad_reset(t);
    while (ad_kept_count(t) < 2)
        ad_state(t, AD_F64, AD_SCALAR, NULL, NULL);
    const ad_tensor leaf = _i < 2 ? ad_state(t, AD_F64, shape, NULL, NULL) : ad_variable(t, AD_F64, shape, NULL);
    const ad_tensor loss = ad_sum(ad_mul(ad_variable(t, AD_F64, AD_SCALAR, NULL), leaf));
    ad_assign(leaf, (const double[]){1, 2, 3});
    ad_backward(loss);
    char text[80];
    snprintf(text, sizeof text, "mul: %s was changed in place after it was read", names[_i]);
    expect_error_with(t, AD_BAD_STATE, text);
}
END_TEST

/* To and from rank 0 a view is a copy: it is what the leaf was. */
START_TEST(views_of_rank_0_are_copies)
{
    const double three = 3, five = 5;
    const ad_tensor s = ad_param(t, AD_F64, AD_SCALAR, &three, "w"), v = ad_param(t, AD_F64, AD_SHAPE(1), &three, "v");
    const ad_tensor x = ad_variable(t, AD_F64, AD_SHAPE(1), &three);
    const ad_tensor y =
        ad_sum(ad_mul(ad_mul(ad_detach(s), ad_reshape(v, AD_SCALAR)), ad_mul(ad_reshape(s, AD_SHAPE(1)), x)));
    ad_assign(s, &five);
    ad_assign(v, &five);
    ck_assert_int_eq(ad_backward(y), AD_OK);
    ck_assert_double_eq(number_at(ad_gradient(x), 0), 27);
    ck_assert_double_eq(number_at(ad_gradient(v), 0), 27);
    ck_assert_int_eq(ad_replay(t), AD_OK);
    ck_assert_int_eq(ad_backward(y), AD_OK);
    ck_assert_double_eq(number_at(ad_gradient(x), 0), 125);
}
END_TEST

START_TEST(a_change_that_a_rule_would_read)
{
    for (int k = 0; k < COUNT(ways); k++) {
        const ad_tensor x = changes[_i].leaf();
        const uint32_t version = ad_version_of(x);
        if (changes[_i].leaf == param)
            ad_backward(ad_sum(ad_mul(x, other))); /* so that there is a gradient to descend by */
        const ad_tensor y = ad_sum(ad_mul(ways[k](x), other)), fresh = ad_sum(ad_exp(other));
        changes[_i].change(x);
        changes[_i].change(x);
        ck_assert_uint_eq(ad_version_of(x), version + 2);
        ck_assert_int_eq(ad_backward(y), AD_BAD_STATE);
        expect_versions("mul", version, version + 2);
        ck_assert_int_eq(ad_backward(fresh), AD_OK); /* which reads something else */
        const ad_tensor later = ad_sum(ad_mul(ways[k](x), other));
        ck_assert_int_eq(ad_backward(later), AD_OK); /* recorded since */
        ck_assert_double_eq(number_at(ad_gradient(other), 0), number_at(x, 0));
        ck_assert_int_eq(ad_replay(t), AD_OK);
        ck_assert_int_eq(ad_backward(y), AD_OK);
        ck_assert_double_eq(number_at(ad_gradient(other), 1), number_at(x, 1));
        ad_reset(t);
        ad_kept_count(t);
        array[0] = 1;
        other = ad_variable(t, AD_F64, AD_SHAPE(3), (const double[]){4, 5, 6});
    }
}
END_TEST

/* ---- What reads nothing ------------------------------------------------------------------------------------------ */

START_TEST(rules_that_do_not_read_the_leaf)
{
    const ad_tensor y = ad_sum(ad_scale(ad_sub(ad_add(w, other), ad_reshape(w, AD_SHAPE(3))), 3));
    ad_fill(w, 100);
    ck_assert_int_eq(ad_backward(y), AD_OK);
    ck_assert_double_eq(number_at(ad_gradient(w), 0), 0);
    ck_assert_double_eq(number_at(ad_gradient(other), 0), 3);
    const ad_tensor z = ad_sum(ad_exp(w)); /* whose rule reads its own result */
    ad_fill(w, 0);
    ck_assert_int_eq(ad_backward(z), AD_OK);
    ck_assert_double_eq(number_at(ad_gradient(w), 0),
                        number_at(ad_exp(ad_input(t, AD_F64, AD_SHAPE(1), (double[]){100})), 0));
}
END_TEST

START_TEST(unwanted_operands_are_not_asked)
{
    const ad_tensor constant = ad_input(t, AD_F64, AD_SHAPE(3), (const double[]){1, 2, 3});
    const ad_tensor y = ad_sum(ad_mul(constant, w));
    ad_fill(w, 5); /* read for the gradient of the constant only, which nobody wants */
    ck_assert_int_eq(ad_backward(y), AD_OK);
    ck_assert_double_eq(number_at(ad_gradient(w), 2), 3);
}
END_TEST

START_TEST(functions_ask_too)
{
    const ad_tensor y = ad_sum(ad_mul(w, ad_square(w)));
    ad_tensor dw;
    ad_fill(w, 1);
    ad_grad(y, &w, 1, &dw);
    expect_versions("mul", 0, 1);
    ad_hvp(y, &w, &w, 1, &dw);
    expect_versions("mul", 0, 1);
    ck_assert(ad_is_inert(ad_hessian(y, w)));
    expect_versions("mul", 0, 1);
    ck_assert(ad_is_inert(ad_local_gradient(ad_operand(ad_operand(y, 0), 1), 0)));
    expect_versions("square", 0, 1);
}
END_TEST

START_TEST(versions_of_when_it_was_read)
{
    ad_fill(w, 2);
    ad_fill(w, 3);
    const ad_tensor first = ad_sum(ad_square(w));
    ad_fill(w, 4);
    const ad_tensor second = ad_sum(ad_square(w));
    for (int i = 0; i < 3; i++)
        ad_fill(w, 5 + i);
    ad_backward(first);
    expect_versions("square", 2, 6);
    ad_backward(second);
    expect_versions("square", 3, 6);
}
END_TEST

/* ---- Loops as they should be ------------------------------------------------------------------------------------- */

START_TEST(training_never_complains)
{
    size_t allocations = 0;
    for (int step = 0; step < 300; step++) {
        const ad_tensor x = ad_input(t, AD_F64, AD_SHAPE(3), (const double[]){1, 0.5, 2});
        const ad_tensor loss = ad_sum(ad_square(ad_sub(ad_mul(w, x), ad_square(w))));
        ck_assert_int_eq(ad_backward(loss), AD_OK);
        if (step % 2)
            ad_reset(t);
        by_descend(w);
        by_adagrad(w);
        if (step % 2 == 0)
            ad_reset(t);
        if (step == 5)
            allocations = ad_usage_of(t).allocations;
    }
    ck_assert_uint_eq(ad_usage_of(t).allocations, allocations);
    ck_assert_uint_eq(ad_version_of(w), 600);
}
END_TEST

/* Changes of one leaf at one place of the recording take no memory. */
START_TEST(many_changes_are_one)
{
    const ad_tensor y = ad_sum(ad_square(w));
    ad_fill(w, 0);
    const size_t bytes = ad_usage_of(t).bytes;
    for (int i = 0; i < 100000; i++)
        ad_fill(w, i);
    ck_assert_uint_eq(ad_usage_of(t).bytes, bytes);
    ad_backward(y);
    expect_versions("square", 0, 100001);
}
END_TEST

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

START_TEST(errors_of_changes)
{
    const ad_tensor y = ad_exp(w), b = borrowed(), small = ad_borrow(t, AD_F64, AD_SCALAR, array);
    ck_assert_uint_eq(ad_version_of(y), 0);
    expect_error(t, AD_BAD_STATE, "version_of: the tensor is no leaf: only leaves change in place");
    ad_assign(y, array);
    expect_error(t, AD_BAD_STATE, "assign: only leaves are changed in place; this is none");
    ad_assign(b, array);
    expect_error(t, AD_BAD_STATE,
                 "assign: only leaves are changed in place; this is borrowed: change your own array, and say so with "
                 "ad_touch");
    ad_touch(y);
    expect_error(t, AD_BAD_STATE, "touch: only leaves are changed in place; this is none");
    const ad_tensor copied[] = {w, other, small};
    for (int i = 0; i < 3; i++) {
        ad_touch(copied[i]);
        expect_error(t, AD_BAD_STATE,
                     "touch: the leaf is not borrowed, or is a scalar, which is copied: change it with ad_assign");
    }
    ck_assert_int_eq(ad_assign(small, &(double){9}), AD_OK);
    ck_assert_double_eq(ad_item(small), 9);
    ad_fill(other, 1);
    expect_error(t, AD_BAD_STATE, "fill: only parameters and states are changed in place; this is neither");
    ck_assert_uint_eq(ad_version_of(other), 0);
    ck_assert_int_eq(ad_touch((ad_tensor){0}), AD_BAD_HANDLE);
    ck_assert_uint_eq(ad_version_of((ad_tensor){0}), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("versions");
    TCase *tests = tcase_create("versions");
    tcase_add_checked_fixture(tests, open_two_leaves, close_tape);
    tcase_add_loop_test(tests, a_change_that_a_rule_would_read, 0, COUNT(changes));
    tcase_add_loop_test(tests, a_leaf_without_a_name, 0, 4);
    tcase_add_test(tests, views_of_rank_0_are_copies);
    tcase_add_test(tests, rules_that_do_not_read_the_leaf);
    tcase_add_test(tests, unwanted_operands_are_not_asked);
    tcase_add_test(tests, functions_ask_too);
    tcase_add_test(tests, versions_of_when_it_was_read);
    tcase_add_test(tests, training_never_complains);
    tcase_add_test(tests, many_changes_are_one);
    tcase_add_test(tests, errors_of_changes);
    suite_add_tcase(suite, tests);
    return run_suites(srunner_create(suite));
}
