/* Tensors as formulas. */
#include <stdlib.h>
#include <string.h>

#include "../support/fixtures.h"
#include "../support/shown.h"

enum { SIZE = 2000, MOST = 400 };

static char text[SIZE];

static const char *formula(ad_tensor y)
{
    const ad_shown shown = ad_formula(y, text, SIZE);
    ck_assert_msg(shown.status == AD_OK, "%s", shown.message);
    ck_assert_int_le(columns_of(text), MOST);
    return text;
}

#define EXPECT_FORMULA(y, wanted) ck_assert_str_eq(formula(y), wanted)

START_TEST(fixtures)
{
    EXPECT_FORMULA(record_small_graph().y, "tanh(0.02 (x + x) x w)");
    EXPECT_FORMULA(record_small_network().L, "sum((tanh(x W1 + b1) W2 + b2 - t)^2)");
    EXPECT_FORMULA(record_dead_unit().y, "relu(x) a");
}
END_TEST

START_TEST(parentheses)
{
    const ad_tensor a = PARAM(2, "a"), b = PARAM(3, "b"), c = PARAM(4, "c"), two = ad_scalar(t, 2);
    EXPECT_FORMULA(a, "a");
    EXPECT_FORMULA(ad_sub(a, ad_sub(b, c)), "a - (b - c)");
    EXPECT_FORMULA(ad_sub(ad_sub(a, b), c), "a - b - c");
    EXPECT_FORMULA(ad_sub(a, ad_neg(b)), "a - (-b)");
    EXPECT_FORMULA(ad_mul(ad_add(a, b), ad_neg(c)), "(a + b) (-c)");
    EXPECT_FORMULA(ad_div(ad_mul(a, b), ad_mul(b, c)), "a b / (b c)");
    EXPECT_FORMULA(ad_mul(ad_div(a, b), c), "(a / b) c");
    EXPECT_FORMULA(ad_div(a, ad_div(b, c)), "a / (b / c)");
    EXPECT_FORMULA(ad_square(ad_add(a, b)), "(a + b)^2");
    EXPECT_FORMULA(ad_square(ad_square(a)), "(a^2)^2");
    EXPECT_FORMULA(ad_exp(ad_neg(ad_square(a))), "exp(-a^2)");
    EXPECT_FORMULA(ad_scale(ad_shift(a, -1), -3), "-3 (a - 1)");
    EXPECT_FORMULA(ad_mul(b, ad_scale(a, -3)), "b (-3 a)");
    EXPECT_FORMULA(ad_shift(ad_pow(a, b), 0.5), "a^b + 0.5");
    EXPECT_FORMULA(ad_mul(two, a), "2 a");
    EXPECT_FORMULA(ad_mul(a, ad_scalar(t, -2)), "a (-2)");
    EXPECT_FORMULA(ad_maximum(a, ad_sub(b, c)), "maximum(a, b - c)");
    EXPECT_FORMULA(ad_reciprocal(ad_add(a, b)), "1 / (a + b)");
}
END_TEST

START_TEST(matrices)
{
    const ad_tensor x = some_param(t, AD_F32, AD_SHAPE(2, 2), 1, "x"),
                    W = some_param(t, AD_F32, AD_SHAPE(2, 2), 2, "W");
    const ad_tensor b = some_param(t, AD_F32, AD_SHAPE(2), 3, "b"), half = ad_scalar(t, 0.5);
    ad_tensor places;
    EXPECT_FORMULA(ad_add(ad_matmul(x, W), b), "x W + b");
    EXPECT_FORMULA(ad_matmul_nt(x, ad_add(W, W)), "x (W + W)'");
    EXPECT_FORMULA(ad_matmul_tn(x, W), "x' W");
    EXPECT_FORMULA(ad_matmul(ad_linear(x, W, b, AD_IDENTITY), W), "(x W + b) W");
    EXPECT_FORMULA(ad_linear(ad_linear(x, W, b, AD_RELU), W, b, AD_LOGISTIC), "logistic(relu(x W + b) W + b)");
    EXPECT_FORMULA(ad_mul(half, x), "0.5 x");
    const ad_tensor largest = ad_top_k(b, 1, 0, &places);
    EXPECT_FORMULA(largest, "top_k(b)[0]");
    EXPECT_FORMULA(places, "top_k(b)[1]");
}
END_TEST

START_TEST(what_is_used_twice_has_a_name)
{
    const ad_tensor x = PARAM(2, "x"), w = PARAM(3, "w");
    ad_tensor y = x;
    for (int i = 0; i < 30; i++)
        y = ad_add(y, y);
    EXPECT_FORMULA(y, "#29 + #29");
    NAMED(h, ad_tanh(ad_mul(ad_exp(x), w)));
    EXPECT_FORMULA(ad_mul(ad_sin(h), h), "sin(h) h");
    EXPECT_FORMULA(h, "tanh(exp(x) w)");
    const ad_tensor sum = ad_add(x, w);
    EXPECT_FORMULA(ad_mul(sum, sum), "(x + w) (x + w)");
    const ad_tensor long_name = PARAM(1, "a_longer_name"), more = ad_add(long_name, w);
    formula(ad_mul(more, more));
    ck_assert_int_eq(text[0], '#');
}
END_TEST

/* Nothing recurses, and what is deep is named. */
START_TEST(a_million_deep)
{
    const ad_tensor x = PARAM(2, "x");
    ad_tensor y = x, z = x;
    for (int i = 0; i < 1000000; i++)
        y = ad_add(y, x);
    formula(y);
    ck_assert_ptr_nonnull(strstr(text, " + x + x + x"));
    ck_assert_int_eq(text[0], '#');
    for (int i = 0; i < 1000000; i++)
        z = ad_add(x, z);
    formula(z);
    ck_assert_int_eq(strncmp(text, "x + x + x", 9), 0);
}
END_TEST

START_TEST(long_formulas_are_cut)
{
    ad_tensor y = PARAM(1, "a_name_of_its_own");
    for (int i = 0; i < 40; i++)
        y = ad_add(y, PARAM(i, "a_name_of_its_own"));
    formula(y);
    ck_assert_int_eq(columns_of(text), MOST);
    ck_assert_str_eq(text + MOST - 2, "..");
    char little[12] = "untouched..";
    ck_assert_int_eq(ad_formula(y, little, 8).status, AD_OK);
    ck_assert_str_eq(little, "a_nam..");
    ck_assert_str_eq(little + 8, "d..");
    const ad_tensor many[] = {y, y, y};
    ck_assert_int_eq(strncmp(formula(ad_stack(many, 3, 0)), "stack(#", 7), 0);
}
END_TEST

START_TEST(hostile_names)
{
    const ad_tensor a = PARAM(1, "a\n\xff<b>\"'\\%s"), b = ad_name(INPUTS(1), "\xe2\x80\xae");
    EXPECT_FORMULA(ad_add(a, b), "a\\x0a?<b>\"'\\%s + \\u202e");
    expect_ok(t);
}
END_TEST

START_TEST(dropped_values)
{
    const ad_tensor x = PARAMS("x", 1, 2);
    ad_segment_begin(t);
    const ad_tensor inside = ad_name(ad_exp(ad_tanh(x)), "inside");
    ad_tensor y = ad_sum(inside);
    ad_segment_end(t, &y, 1);
    EXPECT_FORMULA(y, "sum(exp(tanh(x)))");
    EXPECT_FORMULA(inside, "exp(tanh(x))");
    expect_ok(t);
}
END_TEST

START_TEST(bad_arguments)
{
    const ad_tensor x = PARAM(1, "x"), y = ad_neg(x);
    expect_shown(ad_formula(y, NULL, 100), AD_BAD_VALUE, "formula: the text is NULL", "8 bytes");
    expect_shown(ad_formula(y, text, 7), AD_BAD_VALUE, "formula: the text is too short", "8 bytes");
    ck_assert_str_eq(text, "");
    expect_shown(ad_formula(y, text, 0), AD_BAD_VALUE, "too short");
    expect_shown(ad_formula((ad_tensor){0}, text, SIZE), AD_BAD_HANDLE, "formula", "inert");
    ad_reset(t);
    expect_shown(ad_formula(y, text, SIZE), AD_BAD_HANDLE, "formula", "stale");
    expect_ok(t);
}
END_TEST

START_TEST(memory_that_is_out)
{
    const ad_tensor y = record_small_graph().y;
    const size_t bytes = memory.bytes;
    counting_fail(&memory, 1, COUNTING_ONCE);
    expect_shown(ad_formula(y, text, SIZE), AD_NO_MEMORY, "formula: out of memory");
    ck_assert_str_eq(text, "");
    EXPECT_FORMULA(y, "tanh(0.02 (x + x) x w)");
    ck_assert_uint_eq(memory.bytes, bytes);
    ck_assert_uint_eq(memory.calls, 2);
    expect_ok(t);
}
END_TEST

START_TEST(a_tape_in_error)
{
    const small_graph g = record_small_graph();
    ad_matmul(g.x, INPUTS(1, 2));
    EXPECT_FORMULA(g.y, "tanh(0.02 (x + x) x w)");
    ck_assert_int_eq(ad_clear_error(t), AD_BAD_SHAPE);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, fixtures);
    tcase_add_test(tests, parentheses);
    tcase_add_test(tests, matrices);
    tcase_add_test(tests, what_is_used_twice_has_a_name);
    tcase_add_test(tests, a_million_deep);
    tcase_add_test(tests, long_formulas_are_cut);
    tcase_add_test(tests, hostile_names);
    tcase_add_test(tests, dropped_values);
    tcase_add_test(tests, bad_arguments);
    tcase_add_test(tests, memory_that_is_out);
    tcase_add_test(tests, a_tape_in_error);
}

int main(void) { return run_on_one_tape("formula", add_tests); }
