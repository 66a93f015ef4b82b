/* Which value of a tensor is shown: in text, JSON and DOT. */
#include "../../inspect/values.h"

#include <gradtape/show.h>

#include "../support/fixtures.h"
#include "../support/one_folder.h"

static char shown[100000];

static const char *read_shown(FILE *file)
{
    rewind(file);
    shown[fread(shown, 1, sizeof shown - 1, file)] = 0;
    fclose(file);
    return shown;
}

static const char *table(void)
{
    FILE *file = tmpfile();
    ck_assert_int_eq(ad_print(t, file, NULL).status, AD_OK);
    return read_shown(file);
}

static const char *rows(ad_tensor x)
{
    FILE *file = tmpfile();
    ck_assert_int_eq(ad_print_tensor(x, file, NULL).status, AD_OK);
    return read_shown(file);
}

typedef ad_shown (*writer)(ad_tape *tape, const char *path, const ad_write_options *options);

static const char *written(writer write)
{
    ck_assert_int_eq(write(t, path_of("tape"), NULL).status, AD_OK);
    return read_shown(fopen(path_of("tape"), "rb"));
}

static void expect_in(const char *text, const char *const *parts)
{
    for (; *parts; parts++)
        ck_assert_msg(strstr(text, *parts), "there is no %s in:\n%s", *parts, text);
}
#define EXPECT_IN(text, ...) expect_in(text, (const char *const[]){__VA_ARGS__, NULL})

static ad_value_state state_of(ad_tensor x)
{
    ad_numbers value;
    const ad_value_state state = ad_value_to_show(x, &value);
    ck_assert((value.data != NULL) == (state != AD_VALUE_DROPPED) && value.n == ad_size_of(x) &&
              value.type == ad_type_of(x));
    ck_assert(ad_find_value(x, &value) == (state == AD_VALUE_USED || state == AD_VALUE_BEFORE));
    return state;
}

/* ---- A call that is running -------------------------------------------------------------------------------------- */

static int looks;

/* Neither a shape rule that could give no result nor a kernel shows what is not written yet. */
static void expect_one_entry(void)
{
    EXPECT_IN(table(), "1 parameter, 1 entry, f64");
    ck_assert_ptr_null(strstr(written(ad_write_json), "\"#2\""));
    ck_assert_ptr_null(strstr(written(ad_write_dot), "#2"));
    ck_assert_int_eq(ad_write_html(t, path_of("page.html"), NULL).status, AD_OK);
    looks++;
}

static void greedy_shape(ad_call *c)
{
    ad_result(c, 0, AD_F64, c->x[0]->shape);
    counting_fail(&memory, 1, COUNTING_FOR_GOOD);
    ad_result(c, 1, AD_F64, &AD_SHAPE(1000, 1000));
    counting_heal(&memory);
    ck_assert_int_eq(ad_status_of(t), AD_NO_MEMORY);
    expect_one_entry();
}

static void modest_shape(ad_call *c)
{
    for (int i = 0; i < c->n_y; i++)
        ad_result(c, i, AD_F64, c->x[0]->shape);
}

static void looking_run(ad_call *c)
{
    expect_one_entry();
    for (int i = 0; i < c->n_y; i++)
        memset(c->y[i]->data, 0, 2 * sizeof(double));
}

START_TEST(results_that_are_not_written)
{
    const ad_operator op = {.name = "op",
                            .arity = 1,
                            .n_results = 2,
                            .shape = _i ? modest_shape : greedy_shape,
                            .run = looking_run,
                            .properties = AD_NOT_DIFFERENTIABLE};
    const ad_tensor x = ad_neg(PARAMS("x", 1, 2));
    ad_tensor y[2];
    ad_apply(t, &op, &x, 1, NULL, y);
    ck_assert_int_eq(looks, 1);
}
END_TEST

/* ---- After a change ---------------------------------------------------------------------------------------------- */

/* A gradient rule must not compute with the leaf, and may show it. */
static void looking_vjp(ad_pullback *p)
{
    EXPECT_IN(table(), "x      param          [2]    3 4", "changed since: this is not the value that");
    written(ad_write_json);
    written(ad_write_dot);
    written(ad_write_html);
    expect_ok(t);
    looks++;
    ad_give(p, 0, ad_dy(p));
}

static void copy_run(ad_call *c) { memcpy(c->y[0]->data, c->x[0]->data, 2 * sizeof(double)); }

START_TEST(shown_inside_a_gradient_rule)
{
    static const ad_operator op = {
        .name = "op", .arity = 1, .shape = modest_shape, .run = copy_run, .vjp = looking_vjp};
    const ad_tensor x = PARAMS("x", 1, 2), y = ad_sum(ad_apply1(&op, x));
    ad_assign(x, (const double[]){3, 4});
    ck_assert_int_eq(ad_backward(y), AD_OK);
    ck_assert_int_eq(looks, 1);
}
END_TEST

/* However long the chain of views is. */
START_TEST(a_view_of_a_view)
{
    const ad_tensor w = PARAMS("w", 1, 2);
    ad_tensor view = w;
    for (int i = 0; i < 40; i++)
        view = ad_reshape(view, AD_SHAPE(2));
    ad_watch(t, AD_ON);
    ad_backward(ad_sum(view));
    ad_descend(w, 1);
    ad_numbers value;
    ck_assert_int_eq(ad_value_to_show(view, &value), AD_VALUE_BEFORE);
    ck_assert_double_eq(ad_element_of(value.data, AD_F64, 1), 2);
}
END_TEST

START_TEST(the_value_before_a_change)
{
    const ad_tensor w = PARAMS("w", 1, 2), view = ad_name(ad_reshape(w, AD_SHAPE(2, 1)), "view");
    ad_watch(t, AD_ON);
    ad_backward(ad_sum(view));
    ck_assert_int_eq(state_of(view), AD_VALUE_USED);
    ad_descend(w, 1);
    ad_descend(w, 1);
    ck_assert_int_eq(state_of(w), AD_VALUE_BEFORE);
    ck_assert_int_eq(state_of(view), AD_VALUE_BEFORE);
    EXPECT_IN(table(), "[2]     1 2", "[2, 1]  1; 2", "changed since, now -1 0", "changed since, now -1; 0");
    EXPECT_IN(rows(w), "w [2], f64, param, 1 to 2\n  1  2\nchanged since, now, -1 to 0\n  -1   0\ngradient, all 1\n");
    EXPECT_IN(written(ad_write_dot), "w\\nparam [2]\\n1 to 2\\nchanged since, now -1 0\\ngradient all 1",
              "view\\nreshape [2, 1]\\n1 to 2\\nchanged since, now -1; 0\\ngradient all 1");
    const char *json = written(ad_write_json);
    ck_assert_ptr_null(strstr(json, "\"changed\":false,\"value\":{\"n\":2,"));
    EXPECT_IN(json, "\"changed\":true,\"value\":{\"n\":2,\"min\":1,", "\"now\":{\"n\":2,\"min\":-1,");
}
END_TEST

START_TEST(a_value_that_was_not_kept)
{
    const ad_tensor w = PARAMS("w", 1, 2), y = ad_sum(w);
    ad_backward(y);
    ad_descend(w, 1);
    ck_assert_int_eq(state_of(w), AD_VALUE_AFTER);
    EXPECT_IN(table(), "changed since: this is not the value that");
    EXPECT_IN(rows(w), "param, changed since: this is not the value that was used, 0 to 1\n  0  1\n");
    EXPECT_IN(written(ad_write_dot), "[2]\\n0 to 1\\nchanged since: this is not the value that was used\\n");
    const char *json = written(ad_write_json);
    ck_assert_ptr_null(strstr(json, "\"now\""));
    EXPECT_IN(json, "\"changed\":true,\"value\":{\"n\":2,\"min\":0,");
}
END_TEST

START_TEST(a_value_that_was_dropped)
{
    const ad_tensor x = PARAM(0.5, "x");
    ad_segment_begin(t);
    const ad_tensor inside = ad_tanh(ad_reshape(x, AD_SHAPE(1)));
    ad_tensor y = ad_sum(inside);
    ad_segment_end(t, &y, 1);
    ck_assert_int_eq(state_of(inside), AD_VALUE_DROPPED);
    ck_assert_int_eq(state_of(y), AD_VALUE_USED);
}
END_TEST

/* ---- Elements ---------------------------------------------------------------------------------------------------- */

START_TEST(elements)
{
    ck_assert_double_eq(ad_element_of((const int32_t[]){1, INT32_MIN}, AD_I32, 1), INT32_MIN);
    ck_assert_double_eq(ad_element_of((const float[]){1, 0.5F}, AD_F32, 1), 0.5);
    ck_assert_double_eq(ad_element_of((const double[]){1, 1e300}, AD_F64, 1), 1e300);
    ck_assert(ad_is_all_zero(&(ad_numbers){.type = AD_F64, .n = 2, .data = (const double[]){0, -0.0}}));
    ck_assert(!ad_is_all_zero(&(ad_numbers){.type = AD_F32, .n = 2, .data = (const float[]){0, 1}}));
    ck_assert(!ad_is_all_zero(&(ad_numbers){.type = AD_F64}));
    ck_assert(ad_is_all_zero(&(ad_numbers){.type = AD_F64, .n = 5000}));
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, results_that_are_not_written, 0, 2);
    tcase_add_test(tests, shown_inside_a_gradient_rule);
    tcase_add_test(tests, a_view_of_a_view);
    tcase_add_test(tests, the_value_before_a_change);
    tcase_add_test(tests, a_value_that_was_not_kept);
    tcase_add_test(tests, a_value_that_was_dropped);
    tcase_add_test(tests, elements);
}

int main(void) { return run_in_one_folder("values", add_tests); }
