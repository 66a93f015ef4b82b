/* Scopes: named stretches of the recording. */
#include <stdlib.h>
#include <string.h>

#include "../support/one_tape.h"
#include "../support/operators_of_tests.h"

static void begin(const char *name) { ck_assert_int_eq(ad_scope_begin(t, name), AD_OK); }
static void end(void) { ck_assert_int_eq(ad_scope_end(t), AD_OK); }

static void expect_scope(size_t i, const char *name, int outer, size_t first, size_t n, bool is_open)
{
    const ad_scope scope = ad_scope_at(t, i);
    ck_assert_str_eq(scope.name, name);
    ck_assert_int_eq(scope.outer, outer);
    ck_assert_uint_eq(scope.first, first);
    ck_assert_uint_eq(scope.n, n);
    ck_assert_int_eq(scope.is_open, is_open);
}

START_TEST(they_nest)
{
    ad_tensor x = PARAM(2, "x");
    begin("encoder");
    x = ad_neg(x);
    begin("layer 1");
    x = ad_neg(ad_neg(x));
    end();
    begin("layer 2");
    end();
    begin("layer 3");
    x = ad_neg(x);
    expect_scope(0, "encoder", -1, 0, 4, true);
    expect_scope(3, "layer 3", 0, 3, 1, true);
    end();
    end();
    x = ad_neg(x);
    ck_assert_uint_eq(ad_scope_count(t), 4);
    expect_scope(0, "encoder", -1, 0, 4, false);
    expect_scope(1, "layer 1", 0, 1, 2, false);
    expect_scope(2, "layer 2", 0, 3, 0, false);
    expect_scope(3, "layer 3", 0, 3, 1, false);
    ck_assert_ptr_null(ad_scope_at(t, 4).name);
    ck_assert_int_eq(ad_scope_at(t, 4).outer, -1);
    ck_assert_ptr_null(ad_scope_at(NULL, 0).name);
    ck_assert_uint_eq(ad_scope_count(NULL), 0);
    ad_reset(t);
    ck_assert_uint_eq(ad_scope_count(t), 0);
}
END_TEST

START_TEST(mistakes)
{
    ck_assert_int_eq(ad_scope_begin(NULL, "x"), AD_BAD_HANDLE);
    ck_assert_int_eq(ad_scope_end(NULL), AD_BAD_HANDLE);
    ck_assert_int_eq(ad_scope_end(t), AD_BAD_STATE);
    expect_error(t, AD_BAD_STATE, "scope_end: no scope is open: begin one with ad_scope_begin");
    ck_assert_int_eq(ad_scope_begin(t, NULL), AD_BAD_VALUE);
    expect_error(t, AD_BAD_VALUE, "scope_begin: the name is NULL");
    ad_fail(t, AD_BAD_VALUE, "an error");
    ck_assert_int_eq(ad_scope_begin(t, "x"), AD_BAD_VALUE);
    ck_assert_int_eq(ad_scope_end(t), AD_BAD_VALUE);
    ad_clear_error(t);
    ck_assert_uint_eq(ad_scope_count(t), 0);
    begin(""); /* a name may be empty */
    end();
    ck_assert_int_eq(ad_scope_end(t), AD_BAD_STATE);
    ad_clear_error(t);
    begin("open at the reset");
    ad_reset(t);
    ck_assert_int_eq(ad_scope_end(t), AD_BAD_STATE);
    ad_clear_error(t);
}
END_TEST

START_TEST(readable_in_an_error)
{
    begin("layer");
    const ad_tensor x = ad_neg(PARAM(2, "x"));
    ad_fail(t, AD_BAD_VALUE, "an error");
    expect_scope(0, "layer", -1, 0, 1, true);
    ck_assert_str_eq(ad_message(t), "an error");
    ad_clear_error(t);
    end();
    ck_assert(ad_is_valid(x));
}
END_TEST

static ad_status status_inside[2];
static void scoping_vjp(ad_pullback *p)
{
    ad_tape *tape = ad_x(p, 0).tape;
    const ad_position position = ad_position_now(tape);
    status_inside[0] = ad_scope_begin(tape, "inside");
    ad_return_to(tape, position, NULL, 0);
    ad_give(p, 0, ad_dy(p));
}

static void scoping_run(ad_call *c)
{
    status_inside[1] = ad_scope_end(c->tape);
    *(double *)c->y[0]->data = 0;
}

START_TEST(inside_a_rule_or_a_kernel)
{
    const ad_operator rule = {
        .name = "rule", .arity = 1, .shape = ad_same_shape, .run = numeric_cube.run, .vjp = scoping_vjp};
    const ad_operator kernel = {
        .name = "kernel", .arity = 1, .shape = ad_same_shape, .run = scoping_run, .vjp = scoping_vjp};
    const ad_tensor x = PARAM(2, "x");
    begin("layer");
    ck_assert_int_eq(ad_backward(ad_apply1(&rule, x)), AD_BAD_STATE);
    expect_error_with(t, AD_BAD_STATE, "scope_begin: a rule or a kernel must not call it", "ad_name");
    ck_assert(ad_is_inert(ad_apply1(&kernel, x)));
    expect_error_with(t, AD_BAD_STATE, "scope_end: a rule or a kernel must not call it");
    expect_scope(0, "layer", -1, 0, 1, true);
    end();
}
END_TEST

/* A return leaves them as they were: what began since is gone, what ended since is open. */
START_TEST(at_positions)
{
    ad_tensor x = PARAM(2, "x");
    begin("outer");
    begin("ended before");
    x = ad_neg(x);
    end();
    begin("inner");
    for (int i = 0; i < 3; i++) {
        const ad_position position = ad_position_now(t);
        ad_tensor y = ad_neg(x);
        begin("since");
        y = ad_neg(y);
        if (i) {
            end();
            end();
            end();
            expect_scope(0, "outer", -1, 0, 3 + (size_t)i, false);
        }
        if (i == 2)
            begin("since, too");
        ck_assert_int_eq(ad_return_to(t, position, &y, 1), AD_OK);
        ck_assert_uint_eq(ad_scope_count(t), 3);
        expect_scope(0, "outer", -1, 0, 2 + (size_t)i, true); /* with the survivors */
        expect_scope(1, "ended before", 0, 0, 1, false);
        expect_scope(2, "inner", 0, 1, 1 + (size_t)i, true);
    }
    end();
    end();
    ck_assert_int_eq(ad_scope_end(t), AD_BAD_STATE);
    ad_clear_error(t);
}
END_TEST

START_TEST(with_segments_and_derivatives)
{
    const ad_tensor x = PARAM(2, "x");
    begin("block");
    ad_segment_begin(t);
    begin("inside the segment");
    ad_tensor y = ad_exp(ad_neg(x)), dx;
    end();
    ad_segment_end(t, &y, 1);
    end();
    begin("derivative");
    ad_grad(ad_square(y), &x, 1, &dx);
    const size_t count = ad_entry_count(t);
    end();
    ck_assert_int_eq(ad_backward(ad_mul(y, dx)), AD_OK);
    expect_scope(0, "block", -1, 0, 2, false);
    expect_scope(1, "inside the segment", 0, 0, 2, false);
    expect_scope(2, "derivative", -1, 2, count - 2, false);
    for (size_t i = 0; i < ad_scope_at(t, 2).n; i++)
        ck_assert(ad_is_valid(ad_recorded_at(t, 2 + i)));
    ck_assert_int_eq(ad_replay(t), AD_OK);
    expect_scope(2, "derivative", -1, 2, count - 2, false);
}
END_TEST

/* A call that fails takes its entries with it. */
START_TEST(a_call_that_fails)
{
    const ad_tensor x = PARAMS("x", 1, 2);
    begin("layer");
    ck_assert(ad_is_inert(ad_add(x, INPUTS(1, 2, 3))));
    ad_clear_error(t);
    end();
    expect_scope(0, "layer", -1, 0, 1, false);
}
END_TEST

START_TEST(names_of_any_bytes_and_size)
{
    enum { LONG = 10000000 };
    char *name = malloc(LONG + 1);
    memset(name, '"', LONG);
    name[LONG] = 0;
    for (int i = 0; i < 3; i++) {
        begin(name);
        begin("</script>\x1b\xff\xe2\x80\xae");
        end();
        end();
        ck_assert_uint_eq(strlen(ad_scope_at(t, 0).name), LONG);
        ck_assert_ptr_ne(ad_scope_at(t, 0).name, name);
        ck_assert_str_eq(ad_scope_at(t, 1).name, "</script>\x1b\xff\xe2\x80\xae");
        ck_assert_uint_lt(memory.bytes, 2 * (size_t)LONG + 10000000);
        ad_reset(t);
    }
    free(name);
}
END_TEST

START_TEST(deep_and_many)
{
    enum { DEEP = 100000 };
    for (int i = 0; i < DEEP; i++)
        begin("deep");
    for (int i = 0; i < DEEP; i++)
        end();
    ck_assert_int_eq(ad_scope_at(t, DEEP - 1).outer, DEEP - 2);
    const size_t calls = memory.calls;
    ad_reset(t);
    for (int i = 0; i < DEEP; i++) {
        begin("many");
        end();
    }
    expect_scope(DEEP - 1, "many", -1, 0, 0, false);
    ck_assert_uint_eq(memory.calls, calls);
}
END_TEST

START_TEST(memory_is_out)
{
    for (size_t k = 1; k < 3; k++) {
        close_tape();
        open_tape();
        counting_fail(&memory, k, COUNTING_FOR_GOOD);
        ck_assert_int_eq(ad_scope_begin(t, "layer"), AD_NO_MEMORY);
        counting_heal(&memory);
        ad_clear_error(t);
        ck_assert_uint_eq(ad_scope_count(t), 0);
        begin("layer");
        expect_scope(0, "layer", -1, 0, 0, true);
        end();
    }
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, they_nest);
    tcase_add_test(tests, mistakes);
    tcase_add_test(tests, readable_in_an_error);
    tcase_add_test(tests, inside_a_rule_or_a_kernel);
    tcase_add_test(tests, at_positions);
    tcase_add_test(tests, with_segments_and_derivatives);
    tcase_add_test(tests, a_call_that_fails);
    tcase_add_test(tests, names_of_any_bytes_and_size);
    tcase_add_test(tests, deep_and_many);
    tcase_add_test(tests, memory_is_out);
}

int main(void) { return run_on_one_tape("scopes", add_tests); }
