/* Names of tensors. */
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

static void add_tests(TCase *tests) { tcase_add_test(tests, names_outlive_what_they_were_copied_from); }

int main(void) { return run_on_one_tape("names", add_tests); }
