/* Names of tensors. */
#include <stdio.h>

#include "../support/one_tape.h"

START_TEST(names_outlive_what_they_were_copied_from)
{
    char name[] = "hiddenlayer_0/weights";
    ad_tensor p = ad_param(t, AD_F32, AD_SHAPE(2), NULL, name),
              x = ad_name(ad_input(t, AD_F32, AD_SHAPE(2), NULL), "x");
    ad_tensor scalar = ad_name(ad_scalar(t, 1), "one"), y = ad_name(ad_add(p, x), "y");
    name[0] = 'H';
    ck_assert_str_eq(ad_name_of(p), "hiddenlayer_0/weights");
    ck_assert_str_eq(ad_name_of(x), "x");
    ck_assert_str_eq(ad_name_of(scalar), "one");
    ck_assert_str_eq(ad_name_of(y), "y");
    ck_assert_str_eq(ad_name_of(ad_add(y, y)), "");
    ad_name(p, "w");
    ck_assert_str_eq(ad_name_of(ad_name(y, "")), "");
    ad_reset(t);
    ck_assert_str_eq(ad_name_of(p), "w");
    ck_assert_str_eq(ad_name_of(ad_input(t, AD_F32, AD_SHAPE(2), NULL)), "");
    expect_ok(t);
}
END_TEST

/* The last name counts, whether it was given inside a position or outside, and steps do not add up memory. */
START_TEST(a_name_given_many_times)
{
    const ad_tensor w = PARAM(1, "w");
    char name[40];
    size_t bytes = 0;
    for (int step = 0; step < 20; step++) {
        const ad_tensor x = ad_exp(w);
        for (int i = 0; i < 100; i++) {
            snprintf(name, sizeof name, "name %d of step %d", i, step);
            const ad_position position = ad_position_now(t);
            const ad_tensor y = ad_name(ad_neg(x), name);
            ck_assert_str_eq(ad_name_of(y), name);
            ad_name(x, i % 2 ? name : "another");
            if (i % 3)
                ck_assert_int_eq(ad_return_to(t, position, NULL, 0), AD_OK);
            ck_assert_str_eq(ad_name_of(x), i % 2 ? name : "another");
        }
        ck_assert_str_eq(ad_name_of(x), name);
        ck_assert_str_eq(ad_name_of(w), "w");
        ad_reset(t);
        if (step == 2)
            bytes = ad_usage_of(t).peak_bytes;
    }
    ck_assert_uint_eq(ad_usage_of(t).peak_bytes, bytes);
    expect_ok(t);
}
END_TEST

static ad_tensor named_param(void) { return ad_kept_at(t, 0); }
static ad_tensor named_slot(void) { return ad_slot(ad_kept_at(t, 0), "sum", 0); }
static ad_tensor named_input(void)
{
    static ad_tensor x;
    return x = ad_entry_count(t) ? x : ad_scalar(t, 1);
}

/* A name takes the room of the old one: of a parameter, a slot, and a step's tensor, inside a position and outside. */
START_TEST(names_without_end_take_no_memory)
{
    ad_tensor (*const get[])(void) = {named_param, named_slot, named_input};
    size_t bytes = 0;
    char name[64];
    PARAM(1, "w");
    const ad_tensor x = get[_i]();
    for (int i = 0; i < 100000; i++) {
        const ad_position position = ad_position_now(t);
        snprintf(name, sizeof name, i % 7 ? "name %d" : "a name that is longer than the others, %d", i);
        ad_name(x, name);
        ck_assert_int_eq(ad_return_to(t, position, NULL, 0), AD_OK);
        ck_assert_str_eq(ad_name_of(x), name);
        ad_name(x, "outside");
        bytes = i < 100 ? ad_usage_of(t).bytes : bytes;
    }
    ck_assert_uint_eq(ad_usage_of(t).bytes, bytes);
    ck_assert_str_eq(ad_name_of(ad_name(x, ad_name_of(x) + 3)), "side");
    ck_assert(named_slot().id == named_slot().id); /* found, whatever it is named now */
    expect_ok(t);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, names_without_end_take_no_memory, 0, 3);
    tcase_add_test(tests, names_outlive_what_they_were_copied_from);
    tcase_add_test(tests, a_name_given_many_times);
}

int main(void) { return run_on_one_tape("names", add_tests); }
