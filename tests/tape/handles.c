/* Handles: each call on one that is stale, inert, forged or of another tape is an error that says so. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <gradtape/operators/backward.h>

#include "../support/one_tape.h"

/* ---- Calls that take one tensor ---------------------------------------------------------------------------------- */

static void call_type_of(ad_tensor x) { ck_assert_int_eq(ad_type_of(x), AD_F32); }
static void call_shape_of(ad_tensor x) { ck_assert_int_eq(ad_shape_of(x).rank, 0); }
static void call_size_of(ad_tensor x) { ck_assert_uint_eq(ad_size_of(x), 0); }
static void call_data(ad_tensor x) { ck_assert_ptr_null(ad_data(x)); }
static void call_f32(ad_tensor x) { ck_assert_ptr_null(ad_f32(x)); }
static void call_f64(ad_tensor x) { ck_assert_ptr_null(ad_f64(x)); }
static void call_i32(ad_tensor x) { ck_assert_ptr_null(ad_i32(x)); }
static void call_item(ad_tensor x) { ck_assert(isnan(ad_item(x))); }
static void call_name(ad_tensor x) { ck_assert(ad_is_inert(ad_name(x, "lost"))); }
static void call_name_of(ad_tensor x) { ck_assert_str_eq(ad_name_of(x), ""); }
static void call_backward(ad_tensor x) { ck_assert_int_eq(ad_backward(x), AD_BAD_HANDLE); }
static void call_has_gradient(ad_tensor x) { ck_assert(!ad_has_gradient(x)); }
static void call_gradient(ad_tensor x) { ck_assert(ad_is_inert(ad_gradient(x))); }
static void call_assign(ad_tensor x) { ck_assert_int_eq(ad_assign(x, (const double[]){1, 2, 3}), AD_BAD_HANDLE); }
static void call_descend(ad_tensor x) { ck_assert_int_eq(ad_descend(x, 0.5), AD_BAD_HANDLE); }
static void call_adagrad(ad_tensor x) { ck_assert_int_eq(ad_descend_adagrad(x, x, 0.5), AD_BAD_HANDLE); }
static void call_fill(ad_tensor x) { ck_assert_int_eq(ad_fill(x, 0.5), AD_BAD_HANDLE); }
static void call_version_of(ad_tensor x) { ck_assert_uint_eq(ad_version_of(x), 0); }
static void call_made_by(ad_tensor x) { ck_assert_str_eq(ad_made_by(x), ""); }
static void call_operand_count(ad_tensor x) { ck_assert_int_eq(ad_operand_count(x), 0); }
static void call_operand(ad_tensor x) { ck_assert(ad_is_inert(ad_operand(x, 0))); }
static void call_local_gradient(ad_tensor x) { ck_assert(ad_is_inert(ad_local_gradient(x, 0))); }

static void call_fill_uniform(ad_tensor x)
{
    ck_assert_int_eq(ad_fill_uniform(x, (const double[]){0, 1}, 1, 2), AD_BAD_HANDLE);
}

/* Each must do nothing but fail on a handle that is not valid, and its message must begin with its name. */
static const struct {
    const char *name;
    void (*call)(ad_tensor x);
} calls[] = {
    {"type_of", call_type_of},
    {"shape_of", call_shape_of},
    {"size_of", call_size_of},
    {"data", call_data},
    {"f32", call_f32},
    {"f64", call_f64},
    {"i32", call_i32},
    {"item", call_item},
    {"name", call_name},
    {"name_of", call_name_of},
    {"backward", call_backward},
    {"has_gradient", call_has_gradient},
    {"gradient", call_gradient},
    {"assign", call_assign},
    {"descend", call_descend},
    {"descend_adagrad", call_adagrad},
    {"fill", call_fill},
    {"fill_uniform", call_fill_uniform},
    {"version_of", call_version_of},
    {"made_by", call_made_by},
    {"operand_count", call_operand_count},
    {"operand", call_operand},
    {"local_gradient", call_local_gradient},
};

/* All of them on a handle of t that is not valid. */
static void expect_invalid(ad_tensor x, const char *text)
{
    for (int i = 0; i < COUNT(calls); i++) {
        calls[i].call(x);
        char begin[64];
        snprintf(begin, sizeof begin, "%s: ", calls[i].name);
        ck_assert_msg(!strncmp(ad_message(t), begin, strlen(begin)), "%s expected at the beginning of: %s", begin,
                      ad_message(t));
        expect_recovery(t, AD_BAD_HANDLE, text);
    }
}

/* ---- Handles ----------------------------------------------------------------------------------------------------- */

START_TEST(handles_are_stale_after_reset)
{
    ad_tensor p = ad_param(t, AD_F64, AD_SHAPE(2), (const double[]){3, 4}, "p"), x = INPUTS(0, 0), y = ad_add(p, x);
    ad_reset(t);
    expect_invalid(x, "stale: its tape was reset");
    expect_invalid(y, "stale: its tape was reset");
    ck_assert(ad_is_inert(ad_add(p, x)));
    expect_recovery(t, AD_BAD_HANDLE, "add: operand 1 is stale");
    ck_assert(ad_is_inert(ad_tanh(y)));
    expect_recovery(t, AD_BAD_HANDLE, "tanh: operand 0 is stale");
    ck_assert_double_eq(ad_f64(p)[1], 4);
}
END_TEST

START_TEST(a_slot_used_again_has_another_handle)
{
    ad_tensor old = INPUTS(0, 0);
    for (int step = 0; step < 3; step++) {
        ad_reset(t);
        ad_tensor now = ad_input(t, AD_F64, AD_SHAPE(2), (const double[]){5, 6});
        ck_assert_uint_eq(now.id, old.id);
        ck_assert(ad_is_inert(ad_neg(old)));
        expect_recovery(t, AD_BAD_HANDLE, "neg: operand 0 is stale");
        ck_assert_double_eq(ad_f64(now)[1], 6);
        old = now;
    }
}
END_TEST

START_TEST(closing_a_tape_leaves_another_as_it_is)
{
    ad_tape *a = ad_tape_open(NULL), *b = ad_tape_open(NULL);
    ad_tensor p = ad_param(a, AD_F64, AD_SHAPE(3), NULL, NULL), x = ad_variable(a, AD_F64, AD_SHAPE(3), NULL);
    ad_backward(ad_sum(ad_exp(ad_param(b, AD_F64, AD_SHAPE(3), NULL, NULL))));
    expect_ok(b);
    ad_tape_close(b);
    ck_assert_int_eq(ad_backward(ad_sum(ad_mul(p, ad_exp(x)))), AD_OK);
    ck_assert_double_eq(ad_f64(ad_gradient(p))[2], 1);
    ad_tape_close(a);
}
END_TEST

START_TEST(nothing_is_valid_on_an_empty_tape)
{
    const ad_tensor inert = {.tape = t};
    ck_assert(!ad_is_valid(inert));
    for (int i = 0; i < COUNT(calls); i++) {
        calls[i].call(inert);
        expect_error_with(t, AD_BAD_HANDLE, "is inert");
    }
}
END_TEST

START_TEST(zero_is_no_handle)
{
    ad_tensor x = INPUTS(0, 0), zero = {0}, inert = {.tape = t};
    expect_invalid(inert, "inert");
    ck_assert(ad_is_inert(ad_add(x, zero)));
    expect_recovery(t, AD_BAD_HANDLE, "add: operand 1 is inert");
    ck_assert(ad_is_inert(ad_add(zero, x)));
    expect_recovery(t, AD_BAD_HANDLE, "add: operand 0 is inert");
    ck_assert(ad_is_inert(ad_share_greater(x, x, zero)));
    expect_recovery(t, AD_BAD_HANDLE, "share_greater: operand 2 is inert");
    ck_assert(ad_is_inert(ad_add(zero, zero)));
    for (int i = 0; i < COUNT(calls); i++)
        calls[i].call(zero);
    expect_ok(t);
}
END_TEST

START_TEST(operands_of_two_tapes_are_an_error_of_both)
{
    ad_tape *a = ad_tape_open(NULL), *b = ad_tape_open(NULL);
    ad_tensor x = ad_input(a, AD_F64, AD_SHAPE(2), NULL), y = ad_input(b, AD_F64, AD_SHAPE(2), NULL),
              p = ad_param(b, AD_F64, AD_SHAPE(2), NULL, NULL);
    ck_assert(ad_is_inert(ad_add(x, y)));
    expect_recovery(a, AD_BAD_HANDLE, "add: operand 1 belongs to another tape");
    expect_recovery(b, AD_BAD_HANDLE, "add: operand 1 belongs to another tape");
    ck_assert(ad_is_inert(ad_mul(p, x)));
    expect_recovery(a, AD_BAD_HANDLE, "mul: operand 1 belongs to another tape");
    expect_recovery(b, AD_BAD_HANDLE, "mul: operand 1 belongs to another tape");
    ad_backward_with(ad_sum(p), &(ad_backward_options){.seed = ad_scalar(a, 1)});
    expect_recovery(a, AD_BAD_HANDLE, "another tape");
    expect_recovery(b, AD_BAD_HANDLE, "another tape");
    ad_tape_close(a);
    ad_tape_close(b);
}
END_TEST

/* What a call returns that puts t in error: inert, but of this tape. */
static ad_tensor inert_of_error(ad_tape *tape)
{
    ad_fail(tape, AD_BAD_STATE, "made to fail");
    return ad_scalar(tape, 1);
}

/* The tape without an error must learn of it, whichever operand it is: else its user sees an inert tensor and AD_OK. */
START_TEST(an_error_of_another_tape_is_told)
{
    for (int place = 0; place < 2; place++) {
        ad_tape *a = ad_tape_open(NULL), *b = ad_tape_open(NULL);
        ad_tensor failed = inert_of_error(a), y = ad_input(b, AD_F64, AD_SHAPE(2), NULL);
        ck_assert(ad_is_inert(place ? ad_add(y, failed) : ad_add(failed, y)));
        ck_assert_int_eq(ad_status_of(a), AD_BAD_STATE);
        expect_recovery(b, AD_BAD_HANDLE, place ? "add: operand 1" : "add: operand 0");
        ad_tape_close(a);
        ad_tape_close(b);
    }
}
END_TEST

START_TEST(a_gradient_lasts_until_the_next_backward_or_reset)
{
    ad_tensor p = ad_param(t, AD_F64, AD_SHAPE(2), NULL, "p"), x = ad_variable(t, AD_F64, AD_SHAPE(2), NULL);
    ad_backward(ad_sum(ad_mul(ad_exp(p), ad_exp(x))));
    ad_tensor dp = ad_gradient(p), dx = ad_gradient(x);
    ck_assert_double_eq(ad_f64(dp)[0] + ad_f64(dx)[1], 2);
    ck_assert_double_eq(ad_item(ad_sum(ad_scale(dp, 3))), 6);
    ad_reset(t);
    expect_invalid(dx, "stale: a gradient lasts until the next backward or reset");
    ck_assert_double_eq(ad_f64(dp)[0], 1);
    ad_backward(ad_sum(ad_exp(p)));
    expect_invalid(dp, "stale: a gradient lasts until the next backward or reset");
    ck_assert_double_eq(ad_f64(ad_gradient(p))[0], 1);
}
END_TEST

/* Temporaries are recycled one by one, so an old gradient's slot soon holds another number. */
START_TEST(old_gradients_stay_stale)
{
    ad_tensor p = ad_param(t, AD_F64, AD_SCALAR, NULL, "p"), seen[20];
    int met = 0;
    for (int i = 0; i < COUNT(seen); i++) {
        ad_backward(ad_scale(p, i));
        seen[i] = ad_gradient(p);
        for (int j = 0; j < i; j++) {
            met += seen[j].id == seen[i].id;
            call_item(seen[j]);
            expect_recovery(t, AD_BAD_HANDLE, "item: its operand is stale");
        }
        ck_assert_double_eq(ad_item(seen[i]), i);
        ad_reset(t);
    }
    ck_assert_msg(met > 0, "no slot was used again: the test shows nothing");
}
END_TEST

/* A table in the two highest bits, an index in the others; none of these was ever given. */
START_TEST(forged_handles_are_refused)
{
    static const uint32_t ids[] = {1 << 20,    0x3fffffff, 0x40000001, 0x7fffffff,
                                   0x80000002, 0xbfffffff, 0xc0000000, 0xffffffff};
    for (int i = 0; i < COUNT(ids); i++) {
        ad_tensor p = ad_param(t, AD_F64, AD_SHAPE(2), NULL, "p");
        ad_backward(ad_sum(p));
        expect_invalid((ad_tensor){.tape = t, .id = ids[i], .generation = 7777}, "");
        ck_assert(ad_is_inert(ad_mul(p, (ad_tensor){.tape = t, .id = ids[i], .generation = 7777})));
        expect_recovery(t, AD_BAD_HANDLE, "mul: operand 1 is");
        p.generation++;
        expect_invalid(p, "");
        close_tape();
        open_tape();
    }
}
END_TEST

/* ---- NULL -------------------------------------------------------------------------------------------------------- */

START_TEST(a_tape_that_is_null_is_refused)
{
    ad_tape_close(NULL);
    ck_assert_int_eq(ad_reset(NULL), AD_BAD_HANDLE);
    ck_assert_int_eq(ad_status_of(NULL), AD_BAD_HANDLE);
    ck_assert_int_eq(ad_clear_error(NULL), AD_BAD_HANDLE);
    ck_assert_int_eq(ad_fail(NULL, AD_BAD_VALUE, "%d", 1), AD_BAD_HANDLE);
    ck_assert(strstr(ad_message(NULL), "NULL"));
    ck_assert_uint_eq(ad_usage_of(NULL).bytes + ad_usage_of(NULL).allocations + ad_entry_count(NULL), 0);
    ck_assert_uint_eq(ad_kept_count(NULL), 0);
    ck_assert(ad_is_inert(ad_kept_at(NULL, 0)));
    ck_assert(ad_is_inert(ad_param(NULL, AD_F32, AD_SHAPE(2), NULL, "p")));
    ck_assert(ad_is_inert(ad_state(NULL, AD_F32, AD_SHAPE(2), NULL, "s")));
    ck_assert(ad_is_inert(ad_input(NULL, AD_F32, AD_SHAPE(2), NULL)));
    ck_assert(ad_is_inert(ad_variable(NULL, AD_F32, AD_SHAPE(2), NULL)));
    ck_assert(ad_is_inert(ad_borrow(NULL, AD_F32, AD_SHAPE(2), (const float[]){1, 2})));
    ck_assert(ad_is_inert(ad_scalar(NULL, 1)));
    ck_assert(ad_is_inert(ad_full(NULL, AD_F32, AD_SHAPE(2), 1)));
    ck_assert(ad_is_inert(ad_zeros(NULL, AD_F32, AD_SHAPE(2))));
    ck_assert(ad_is_inert(ad_ones(NULL, AD_F32, AD_SHAPE(2))));
    ck_assert(ad_is_inert(ad_arange(NULL, AD_I32, 3)));
    ck_assert(ad_is_inert(ad_zeros_like((ad_tensor){0})));
    ck_assert(ad_is_inert(ad_ones_like((ad_tensor){0})));
    ck_assert_int_eq(ad_backward_with((ad_tensor){0}, &(ad_backward_options){.keep = true}), AD_BAD_HANDLE);
    ck_assert_int_eq(ad_gradcheck(NULL, NULL, NULL, NULL, NULL), AD_BAD_HANDLE);
}
END_TEST

/* Every operator of the table, on operands that are inert with a tape and without one. */
START_TEST(every_operator_refuses_inert_operands)
{
    const ad_tensor none[AD_SAMPLE_OPERANDS] = {{0}};
    const ad_tensor inert[AD_SAMPLE_OPERANDS] = {{.tape = t}, {.tape = t}, {.tape = t}, {.tape = t}};
    for (size_t i = 0; i < ad_operator_count(); i++) {
        const ad_operator *op = ad_operator_at(i);
        const ad_attribute attributes[AD_MAX_ATTRIBUTES] = {{0}};
        int n = op->arity == AD_VARIADIC ? 1 : op->arity;
        ad_tensor y[AD_MAX_RESULTS];
        ad_apply(NULL, op, none, n, attributes, y);
        ck_assert(ad_is_inert(y[0]) && !y[0].tape);
        if (n == 0)
            continue;
        ad_apply(NULL, op, inert, n, attributes, y);
        ck_assert(ad_is_inert(y[0]) && y[0].tape == t);
        ck_assert(!strncmp(ad_message(t), op->name, strlen(op->name)));
        expect_recovery(t, AD_BAD_HANDLE, ": operand 0 is inert");
    }
}
END_TEST

START_TEST(arguments_that_are_null)
{
    ad_tensor p = ad_param(t, AD_F64, AD_SHAPE(2), NULL, NULL);
    ck_assert_uint_eq(ad_name(p, NULL).id, p.id);
    ck_assert_str_eq(ad_name_of(p), "");
    ck_assert_int_eq(ad_backward_with(ad_sum(p), NULL), AD_OK);
    ck_assert_int_eq(ad_assign(p, NULL), AD_BAD_VALUE);
    expect_recovery(t, AD_BAD_VALUE, "assign: the data for a parameter is NULL");
    ck_assert_int_eq(ad_fill_uniform(p, NULL, 0, 0), AD_BAD_VALUE);
    expect_recovery(t, AD_BAD_VALUE, "fill_uniform: the range must be two finite numbers, the lower first");
    ck_assert_int_eq(ad_gradcheck(t, NULL, NULL, NULL, NULL), AD_BAD_VALUE);
    expect_recovery(t, AD_BAD_VALUE, "gradcheck: the function and the room for results must not be NULL");
    ck_assert_uint_eq(ad_version_of(p), 0);
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, handles_are_stale_after_reset);
    tcase_add_test(tests, a_slot_used_again_has_another_handle);
    tcase_add_test(tests, closing_a_tape_leaves_another_as_it_is);
    tcase_add_test(tests, nothing_is_valid_on_an_empty_tape);
    tcase_add_test(tests, zero_is_no_handle);
    tcase_add_test(tests, operands_of_two_tapes_are_an_error_of_both);
    tcase_add_test(tests, an_error_of_another_tape_is_told);
    tcase_add_test(tests, a_gradient_lasts_until_the_next_backward_or_reset);
    tcase_add_test(tests, old_gradients_stay_stale);
    tcase_add_test(tests, forged_handles_are_refused);
    tcase_add_test(tests, a_tape_that_is_null_is_refused);
    tcase_add_test(tests, every_operator_refuses_inert_operands);
    tcase_add_test(tests, arguments_that_are_null);
}

int main(void) { return run_on_one_tape("handles", add_tests); }
