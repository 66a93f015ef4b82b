/* The tape: handles, the sticky error and its messages, leaves, updates in place, memory, random numbers.
 *
 * What operators compute is tested elsewhere; here they only give the tape something to do. */
#include <errno.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gradtape/gradtape.h>
#include <gradtape/operators/backward.h>

#include "counting.h"
#include "suite.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static ad_tape *open_tape(void)
{
    ad_tape *t = ad_tape_open(NULL);
    ck_assert_ptr_nonnull(t);
    return t;
}

static void check_fine(const ad_tape *t) { ck_assert_msg(ad_status_of(t) == AD_OK, "%s", ad_message(t)); }

/* The tape must be in this error, with `text` somewhere in its message; afterwards it must work again. */
static void expect_error(ad_tape *t, ad_status status, const char *text)
{
    ck_assert_msg(ad_status_of(t) == status, "%s expected, with \"%s\", but it is %s: %s", ad_status_name(status), text,
                  ad_status_name(ad_status_of(t)), ad_message(t));
    ck_assert_msg(strstr(ad_message(t), text), "\"%s\" expected in the message: %s", text, ad_message(t));
    ck_assert_int_eq(ad_clear_error(t), status);
    ck_assert_str_eq(ad_message(t), "");
    ck_assert_double_eq(ad_item(ad_add(ad_scalar(t, 2), ad_scalar(t, 3))), 5);
    check_fine(t);
}

static ad_tensor vector(ad_tape *t, int64_t n) { return ad_input(t, AD_F64, AD_SHAPE(n), NULL); }
static ad_tensor zeros(ad_tape *t, ad_shape shape) { return ad_input(t, AD_F32, shape, NULL); }

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
static void expect_invalid(ad_tape *t, ad_tensor x, const char *text)
{
    for (int i = 0; i < COUNT(calls); i++) {
        calls[i].call(x);
        char begin[64];
        snprintf(begin, sizeof begin, "%s: ", calls[i].name);
        ck_assert_msg(!strncmp(ad_message(t), begin, strlen(begin)), "%s expected at the beginning of: %s", begin,
                      ad_message(t));
        expect_error(t, AD_BAD_HANDLE, text);
    }
}

/* ---- Handles ----------------------------------------------------------------------------------------------------- */

START_TEST(test_handle_after_reset)
{
    ad_tape *t = open_tape();
    ad_tensor p = ad_param(t, AD_F64, AD_SHAPE(2), (const double[]){3, 4}, "p"), x = vector(t, 2), y = ad_add(p, x);
    ad_reset(t);
    expect_invalid(t, x, "stale: its tape was reset");
    expect_invalid(t, y, "stale: its tape was reset");
    ck_assert(ad_is_inert(ad_add(p, x)));
    expect_error(t, AD_BAD_HANDLE, "add: operand 1 is stale");
    ck_assert(ad_is_inert(ad_tanh(y)));
    expect_error(t, AD_BAD_HANDLE, "tanh: operand 0 is stale");
    ck_assert_double_eq(ad_f64(p)[1], 4);
    ad_tape_close(t);
}
END_TEST

START_TEST(test_handle_of_a_slot_used_again)
{
    ad_tape *t = open_tape();
    ad_tensor old = vector(t, 2);
    for (int step = 0; step < 3; step++) {
        ad_reset(t);
        ad_tensor now = ad_input(t, AD_F64, AD_SHAPE(2), (const double[]){5, 6});
        ck_assert_uint_eq(now.id, old.id);
        ck_assert(ad_is_inert(ad_neg(old)));
        expect_error(t, AD_BAD_HANDLE, "neg: operand 0 is stale");
        ck_assert_double_eq(ad_f64(now)[1], 6);
        old = now;
    }
    ad_tape_close(t);
}
END_TEST

START_TEST(test_handle_after_close_of_another_tape)
{
    ad_tape *a = open_tape(), *b = open_tape();
    ad_tensor p = ad_param(a, AD_F64, AD_SHAPE(3), NULL, NULL), x = ad_variable(a, AD_F64, AD_SHAPE(3), NULL);
    ad_backward(ad_sum(ad_exp(ad_param(b, AD_F64, AD_SHAPE(3), NULL, NULL))));
    check_fine(b);
    ad_tape_close(b);
    ck_assert_int_eq(ad_backward(ad_sum(ad_mul(p, ad_exp(x)))), AD_OK);
    ck_assert_double_eq(ad_f64(ad_gradient(p))[2], 1);
    ad_tape_close(a);
}
END_TEST

START_TEST(test_handle_zero)
{
    ad_tape *t = open_tape();
    ad_tensor x = vector(t, 2), zero = {0}, inert = {.tape = t};
    expect_invalid(t, inert, "inert");
    ck_assert(ad_is_inert(ad_add(x, zero)));
    expect_error(t, AD_BAD_HANDLE, "add: operand 1 is inert");
    ck_assert(ad_is_inert(ad_add(zero, x)));
    expect_error(t, AD_BAD_HANDLE, "add: operand 0 is inert");
    ck_assert(ad_is_inert(ad_share_greater(x, x, zero)));
    expect_error(t, AD_BAD_HANDLE, "share_greater: operand 2 is inert");
    ck_assert(ad_is_inert(ad_add(zero, zero)));
    for (int i = 0; i < COUNT(calls); i++)
        calls[i].call(zero);
    check_fine(t);
    ad_tape_close(t);
}
END_TEST

START_TEST(test_handle_of_another_tape)
{
    ad_tape *a = open_tape(), *b = open_tape();
    ad_tensor x = vector(a, 2), y = vector(b, 2), p = ad_param(b, AD_F64, AD_SHAPE(2), NULL, NULL);
    ck_assert(ad_is_inert(ad_add(x, y)));
    expect_error(a, AD_BAD_HANDLE, "add: operand 1 belongs to another tape");
    expect_error(b, AD_BAD_HANDLE, "add: operand 1 belongs to another tape");
    ck_assert(ad_is_inert(ad_mul(p, x)));
    expect_error(a, AD_BAD_HANDLE, "mul: operand 1 belongs to another tape");
    expect_error(b, AD_BAD_HANDLE, "mul: operand 1 belongs to another tape");
    ad_backward_with(ad_sum(p), &(ad_backward_options){.seed = ad_scalar(a, 1)});
    expect_error(a, AD_BAD_HANDLE, "another tape");
    expect_error(b, AD_BAD_HANDLE, "another tape");
    ad_tape_close(a);
    ad_tape_close(b);
}
END_TEST

/* What a call returns that puts t in error: inert, but of this tape. */
static ad_tensor inert_of_error(ad_tape *t)
{
    ad_fail(t, AD_BAD_STATE, "made to fail");
    return ad_scalar(t, 1);
}

/* The tape without an error must learn of it, whichever operand it is: else its user sees an inert tensor and AD_OK. */
START_TEST(test_handle_of_another_tape_in_error)
{
    for (int place = 0; place < 2; place++) {
        ad_tape *a = open_tape(), *b = open_tape();
        ad_tensor failed = inert_of_error(a), y = vector(b, 2);
        ck_assert(ad_is_inert(place ? ad_add(y, failed) : ad_add(failed, y)));
        ck_assert_int_eq(ad_status_of(a), AD_BAD_STATE);
        expect_error(b, AD_BAD_HANDLE, place ? "add: operand 1" : "add: operand 0");
        ad_tape_close(a);
        ad_tape_close(b);
    }
}
END_TEST

START_TEST(test_handle_of_a_gradient)
{
    ad_tape *t = open_tape();
    ad_tensor p = ad_param(t, AD_F64, AD_SHAPE(2), NULL, "p"), x = ad_variable(t, AD_F64, AD_SHAPE(2), NULL);
    ad_backward(ad_sum(ad_mul(ad_exp(p), ad_exp(x))));
    ad_tensor dp = ad_gradient(p), dx = ad_gradient(x);
    ck_assert_double_eq(ad_f64(dp)[0] + ad_f64(dx)[1], 2);
    ck_assert_double_eq(ad_item(ad_sum(ad_scale(dp, 3))), 6);
    ad_reset(t);
    expect_invalid(t, dx, "stale: a gradient lasts until the next backward or reset");
    ck_assert_double_eq(ad_f64(dp)[0], 1);
    ad_backward(ad_sum(ad_exp(p)));
    expect_invalid(t, dp, "stale: a gradient lasts until the next backward or reset");
    ck_assert_double_eq(ad_f64(ad_gradient(p))[0], 1);
    ad_tape_close(t);
}
END_TEST

/* Temporaries are recycled one by one, so an old gradient's slot soon holds another number. */
START_TEST(test_handle_of_a_gradient_used_again)
{
    ad_tape *t = open_tape();
    ad_tensor p = ad_param(t, AD_F64, AD_SCALAR, NULL, "p"), seen[20];
    int met = 0;
    for (int i = 0; i < COUNT(seen); i++) {
        ad_backward(ad_scale(p, i));
        seen[i] = ad_gradient(p);
        for (int j = 0; j < i; j++) {
            met += seen[j].id == seen[i].id;
            call_item(seen[j]);
            expect_error(t, AD_BAD_HANDLE, "item: its operand is stale");
        }
        ck_assert_double_eq(ad_item(seen[i]), i);
        ad_reset(t);
    }
    ck_assert_msg(met > 0, "no slot was used again: the test shows nothing");
    ad_tape_close(t);
}
END_TEST

/* A table in the two highest bits, an index in the others; none of these was ever given. */
START_TEST(test_handle_forged)
{
    static const uint32_t ids[] = {1 << 20,    0x3fffffff, 0x40000001, 0x7fffffff,
                                   0x80000002, 0xbfffffff, 0xc0000000, 0xffffffff};
    for (int i = 0; i < COUNT(ids); i++) {
        ad_tape *t = open_tape();
        ad_tensor p = ad_param(t, AD_F64, AD_SHAPE(2), NULL, "p");
        ad_backward(ad_sum(p));
        expect_invalid(t, (ad_tensor){.tape = t, .id = ids[i], .generation = 7777}, "");
        ck_assert(ad_is_inert(ad_mul(p, (ad_tensor){.tape = t, .id = ids[i], .generation = 7777})));
        expect_error(t, AD_BAD_HANDLE, "mul: operand 1 is");
        p.generation++;
        expect_invalid(t, p, "");
        ad_tape_close(t);
    }
}
END_TEST

/* ---- NULL -------------------------------------------------------------------------------------------------------- */

START_TEST(test_null_tape)
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
START_TEST(test_null_operands)
{
    ad_tape *t = open_tape();
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
        expect_error(t, AD_BAD_HANDLE, ": operand 0 is inert");
    }
    ad_tape_close(t);
}
END_TEST

START_TEST(test_null_arguments)
{
    ad_tape *t = ad_tape_open(&(ad_tape_options){.allocator = NULL});
    ad_tensor p = ad_param(t, AD_F64, AD_SHAPE(2), NULL, NULL);
    ck_assert_uint_eq(ad_name(p, NULL).id, p.id);
    ck_assert_str_eq(ad_name_of(p), "");
    ck_assert_int_eq(ad_backward_with(ad_sum(p), NULL), AD_OK);
    ck_assert_int_eq(ad_assign(p, NULL), AD_BAD_VALUE);
    expect_error(t, AD_BAD_VALUE, "assign: the data for a parameter is NULL");
    ck_assert_int_eq(ad_fill_uniform(p, NULL, 0, 0), AD_BAD_VALUE);
    expect_error(t, AD_BAD_VALUE, "fill_uniform: the range must be two finite numbers, the lower first");
    ck_assert_int_eq(ad_gradcheck(t, NULL, NULL, NULL, NULL), AD_BAD_VALUE);
    expect_error(t, AD_BAD_VALUE, "gradcheck: the function and the room for results must not be NULL");
    ck_assert_uint_eq(ad_version_of(p), 0);
    ad_tape_close(t);
}
END_TEST

/* What a failed call returns must be inert, not what happened to lie on the stack. */
START_TEST(test_null_descriptor)
{
    ad_tape *t = open_tape();
    ad_tensor x = vector(t, 2), y[AD_MAX_RESULTS] = {x, x, x, x};
    ck_assert(!ad_is_inert(ad_add(x, x)));
    ck_assert(ad_is_inert(ad_apply1(NULL, x)));
    expect_error(t, AD_BAD_VALUE, "no descriptor");
    ck_assert(!ad_is_inert(ad_add(x, x)));
    ck_assert(ad_is_inert(ad_apply2(NULL, x, x)));
    expect_error(t, AD_BAD_VALUE, "no descriptor");
    ad_apply(t, NULL, &x, 1, NULL, y);
    ck_assert_msg(ad_is_inert(y[0]), "ad_apply leaves y as it was");
    ad_tape_close(t);
}
END_TEST

START_TEST(test_apply_without_operands_or_room)
{
    ad_tape *t = open_tape();
    const ad_operator *add = ad_operator_named("add"), *eye = ad_operator_named("eye");
    const ad_tensor x[2] = {vector(t, 2), vector(t, 2)};
    ad_tensor y = x[0];
    ad_apply(t, add, NULL, 2, NULL, &y);
    ck_assert(ad_is_inert(y));
    expect_error(t, AD_BAD_VALUE, "add: the operands are NULL");
    ad_apply(NULL, add, NULL, 2, NULL, &y);
    ck_assert(ad_is_inert(y));
    ad_apply(NULL, add, x, 2, NULL, NULL);
    expect_error(t, AD_BAD_VALUE, "add: the room for results is NULL");
    ad_apply(t, eye, NULL, 0, NULL, NULL);
    expect_error(t, AD_BAD_VALUE, "eye: the room for results is NULL");
    ad_apply(t, NULL, x, 2, NULL, NULL);
    expect_error(t, AD_BAD_VALUE, "apply: the room for results is NULL");
    for (int rank = 0; rank < 2; rank++) {
        const ad_tensor z = ad_variable(t, AD_F64, rank ? AD_SHAPE(2) : AD_SCALAR, NULL);
        ad_apply(t, ad_operator_named("scale"), &z, 1, NULL, &y);
        ck_assert(ad_is_inert(y));
        expect_error(t, AD_BAD_VALUE, "scale: its attributes are NULL: it has some, c first");
    }
    ad_tape_close(t);
}
END_TEST

/* A format is a constant as a rule, but a message that was not found is NULL. */
START_TEST(test_error_without_a_message)
{
    const char *none = NULL;
    ad_tape *t = open_tape();
    ad_fail(t, AD_BAD_VALUE, none, 0);
    expect_error(t, AD_BAD_VALUE, "it failed, and no message was given (NULL)");
    ad_tape_close(t);
}
END_TEST

/* ---- The sticky error -------------------------------------------------------------------------------------------- */

START_TEST(test_error_first_wins)
{
    ad_tape *t = open_tape();
    ad_matmul(zeros(t, AD_SHAPE(2, 3)), zeros(t, AD_SHAPE(4, 5)));
    char first[200];
    snprintf(first, sizeof first, "%s", ad_message(t));
    ad_input(t, AD_F32, AD_SHAPE(-1), NULL);
    ad_fail(t, AD_BAD_FILE, "later");
    ck_assert_int_eq(ad_status_of(t), AD_BAD_SHAPE);
    ck_assert_str_eq(ad_message(t), first);
    expect_error(t, AD_BAD_SHAPE, "matmul: inner sizes differ: [2,3] by [4,5]");
    ad_tape_close(t);
}
END_TEST

START_TEST(test_error_stops_everything)
{
    ad_tape *t = open_tape();
    ad_tensor p = ad_param(t, AD_F64, AD_SHAPE(2), (const double[]){1, 2}, "p"), y = ad_sum(p);
    ad_backward(y);
    size_t entries = ad_entry_count(t);
    ad_fail(t, AD_STOPPED, "enough");
    ck_assert(ad_is_inert(ad_add(p, p)) && ad_is_inert(vector(t, 2)) && ad_is_inert(ad_scalar(t, 1)));
    ck_assert(ad_is_inert(ad_param(t, AD_F64, AD_SHAPE(2), NULL, "q")) && ad_is_inert(ad_kept_at(t, 0)));
    ck_assert(ad_is_inert(ad_borrow(t, AD_F64, AD_SHAPE(1), &(double){1})) && ad_is_inert(ad_gradient(p)));
    ck_assert_ptr_null(ad_data(p));
    ck_assert_int_eq(ad_backward(y), AD_STOPPED);
    ck_assert_int_eq(ad_fill(p, 9), AD_STOPPED);
    ck_assert_int_eq(ad_descend(p, 9), AD_STOPPED);
    ck_assert_int_eq(ad_assign(p, (const double[]){8, 8}), AD_STOPPED);
    ck_assert_uint_eq(ad_entry_count(t), entries);
    ck_assert_uint_eq(ad_kept_count(t), 1);
    ck_assert_int_eq(ad_clear_error(t), AD_STOPPED);
    ck_assert_double_eq(ad_f64(p)[0] + ad_f64(p)[1], 3);
    ck_assert_double_eq(ad_f64(ad_gradient(p))[1], 1);
    ck_assert_uint_eq(ad_version_of(p), 0);
    ad_tape_close(t);
}
END_TEST

START_TEST(test_error_outlives_reset)
{
    ad_tape *t = open_tape();
    ck_assert_int_eq(ad_clear_error(t), AD_OK);
    ad_item(vector(t, 2));
    ck_assert_int_eq(ad_reset(t), AD_BAD_SHAPE);
    ck_assert_int_eq(ad_reset(t), AD_BAD_SHAPE);
    expect_error(t, AD_BAD_SHAPE, "item: the tensor [2] has not one element");
    ck_assert_int_eq(ad_clear_error(t), AD_OK);
    ck_assert_int_eq(ad_reset(t), AD_OK);
    ad_tape_close(t);
}
END_TEST

START_TEST(test_error_of_the_caller)
{
    ad_tape *t = open_tape();
    ck_assert_int_eq(ad_fail(t, AD_NOT_FINITE, "loss is %g at step %d", 1.5, 7), AD_NOT_FINITE);
    expect_error(t, AD_NOT_FINITE, "loss is 1.5 at step 7");
    ck_assert_int_ne(ad_fail(t, AD_OK, "an error cannot be AD_OK"), AD_OK);
    expect_error(t, AD_BAD_STATE, "an error cannot be AD_OK");
    char longest[2000] = "";
    memset(longest, 'x', sizeof longest - 1);
    ck_assert_int_eq(ad_fail(t, AD_BAD_VALUE, "%s", longest), AD_BAD_VALUE);
    ck_assert_uint_gt(strlen(ad_message(t)), 200);
    expect_error(t, AD_BAD_VALUE, "xxxx");
    ad_tape_close(t);
}
END_TEST

/* A call that fails half-way leaves no entry behind. */
START_TEST(test_error_records_nothing)
{
    ad_tape *t = open_tape();
    ad_tensor x = ad_variable(t, AD_F64, AD_SHAPE(2, 3), NULL), row = ad_arange(t, AD_I32, 3);
    size_t before = ad_entry_count(t);
    ad_cast(ad_full(t, AD_F64, AD_SHAPE(2), (double)NAN), AD_I32);
    ck_assert_int_eq(ad_clear_error(t), AD_BAD_VALUE);
    ck_assert_uint_eq(ad_entry_count(t), before + 1);
    ad_gather_rows(x, row);
    ck_assert_int_eq(ad_clear_error(t), AD_BAD_VALUE);
    ad_sum_over(x, AD_AXES(2));
    ck_assert_int_eq(ad_clear_error(t), AD_BAD_SHAPE);
    ck_assert_uint_eq(ad_entry_count(t), before + 1);
    ck_assert_int_eq(ad_backward(ad_sum(x)), AD_OK);
    ck_assert_double_eq(ad_f64(ad_gradient(x))[5], 1);
    ad_tape_close(t);
}
END_TEST

START_TEST(test_error_names)
{
    static const char *const names[] = {
#define NAME(name, meaning) #name,
        AD_STATUS_LIST(NAME)
#undef NAME
    };
    for (int i = 0; i < AD_STATUS_COUNT; i++) {
        ck_assert_str_eq(ad_status_name((ad_status)i), names[i]);
        ck_assert_uint_gt(strlen(ad_status_meaning((ad_status)i)), 0);
    }
    ck_assert_str_eq(ad_status_name(AD_STATUS_COUNT), "unknown status");
    ck_assert_str_eq(ad_status_name((ad_status)INT_MAX), "unknown status");
    ck_assert_ptr_nonnull(ad_status_meaning((ad_status)INT_MAX));
    ck_assert_str_eq(ad_type_name(AD_F32), "f32");
    ck_assert_str_eq(ad_type_name(AD_F64), "f64");
    ck_assert_str_eq(ad_type_name(AD_I32), "i32");
    ck_assert_str_eq(ad_type_name((ad_type)77), "unknown type");
    ck_assert_uint_eq(ad_type_bytes(AD_F32) + ad_type_bytes(AD_F64) + ad_type_bytes(AD_I32), 16);
    ck_assert_uint_eq(ad_type_bytes((ad_type)77), 0);
}
END_TEST

static void fail_with_abort(const char *asked)
{
    setenv("AD_ABORT", asked, 1);
    ad_tape *t = open_tape();
    ad_item(vector(t, 2));
    ad_tape_close(t);
}

/* Runs in a process of its own, which must die of SIGABRT. */
START_TEST(test_abort_raises) { fail_with_abort("1"); }
END_TEST

START_TEST(test_abort_says_why)
{
    int ends[2];
    char said[400] = "";
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        fail_with_abort("1");
        _exit(0);
    }
    close(ends[1]);
    size_t n = 0;
    for (ssize_t got; n < sizeof said - 1 && (got = read(ends[0], said + n, sizeof said - 1 - n)) > 0;)
        n += (size_t)got;
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    ck_assert_msg(
        strstr(said, "gradtape: AD_BAD_SHAPE: item: the tensor [2] has not one element: read it with ad_data\n"),
        "it says: %s", said);
}
END_TEST

START_TEST(test_abort_only_if_asked)
{
    fail_with_abort("0");
    fail_with_abort("");
    fail_with_abort("yes");
    unsetenv("AD_ABORT");
    fail_with_abort("0");
}
END_TEST

/* ---- Messages ---------------------------------------------------------------------------------------------------- */

static ad_tensor named(ad_tape *t, const char *name, ad_shape shape) { return ad_name(zeros(t, shape), name); }

static ad_tensor labels(ad_tape *t, int32_t a, int32_t b)
{
    return ad_input(t, AD_I32, AD_SHAPE(2), (int32_t[]){a, b});
}

static void inner_sizes(ad_tape *t) { ad_matmul(named(t, "x", AD_SHAPE(64, 784)), named(t, "W2", AD_SHAPE(300, 10))); }
static void inner_sizes_nt(ad_tape *t) { ad_matmul_nt(zeros(t, AD_SHAPE(2, 3)), zeros(t, AD_SHAPE(3, 2))); }
static void inner_sizes_tn(ad_tape *t) { ad_matmul_tn(zeros(t, AD_SHAPE(2, 3)), zeros(t, AD_SHAPE(3, 2))); }
static void matmul_rank(ad_tape *t) { ad_matmul(zeros(t, AD_SCALAR), named(t, "w", AD_SHAPE(3, 1))); }
static void matmul_leading(ad_tape *t) { ad_matmul(zeros(t, AD_SHAPE(2, 4, 3)), zeros(t, AD_SHAPE(5, 3, 4))); }
static void matmul_long(ad_tape *t) { ad_matmul(zeros(t, AD_SHAPE(2147483648, 0)), zeros(t, AD_SHAPE(0, 1))); }
static void broadcast(ad_tape *t) { ad_add(named(t, "x", AD_SHAPE(2, 3)), named(t, "b", AD_SHAPE(2))); }
static void mixed_types(ad_tape *t) { ad_mul(named(t, "x", AD_SHAPE(2)), ad_name(vector(t, 2), "y")); }
static void i32_arithmetic(ad_tape *t) { ad_tanh(ad_arange(t, AD_I32, 3)); }
static void real_labels(ad_tape *t) { ad_softmax_cross_entropy(zeros(t, AD_SHAPE(2, 3)), zeros(t, AD_SHAPE(2))); }
static void label_high(ad_tape *t) { ad_softmax_cross_entropy(zeros(t, AD_SHAPE(2, 3)), labels(t, 2, 3)); }
static void label_negative(ad_tape *t) { ad_softmax_cross_entropy(zeros(t, AD_SHAPE(2, 3)), labels(t, -1, 0)); }
static void labels_count(ad_tape *t) { ad_softmax_cross_entropy(zeros(t, AD_SHAPE(3, 4)), labels(t, 0, 0)); }
static void unknown_type(ad_tape *t) { ad_input(t, (ad_type)9, AD_SHAPE(2), NULL); }
static void unknown_cast(ad_tape *t) { ad_cast(vector(t, 2), (ad_type)9); }
static void unknown_full(ad_tape *t) { ad_full(t, AD_TYPE_COUNT, AD_SHAPE(2), 0); }
static void i32_param(ad_tape *t) { ad_param(t, AD_I32, AD_SHAPE(2), NULL, "p"); }
static void i32_variable(ad_tape *t) { ad_variable(t, AD_I32, AD_SHAPE(2), NULL); }
static void negative_size(ad_tape *t) { ad_input(t, AD_F32, AD_SHAPE(2, -3), NULL); }
static void negative_arange(ad_tape *t) { ad_arange(t, AD_F32, -1); }
static void rank_nine(ad_tape *t) { ad_input(t, AD_F32, (ad_shape){.rank = 9}, NULL); }
static void rank_negative(ad_tape *t) { ad_param(t, AD_F32, (ad_shape){.rank = -1}, NULL, "p"); }
static void overflow(ad_tape *t) { ad_input(t, AD_F32, AD_SHAPE(INT64_MAX, 3), NULL); }
static void axis_high(ad_tape *t) { ad_sum_over(named(t, "x", AD_SHAPE(2, 3)), AD_AXES(2)); }
static void axis_low(ad_tape *t) { ad_mean_over(zeros(t, AD_SHAPE(2, 3)), AD_AXES(0, -3)); }
static void axis_of_scalar(ad_tape *t) { ad_sum_over(ad_scalar(t, 1), AD_AXES(0)); }
static void axis_twice(ad_tape *t) { ad_logsumexp_over(zeros(t, AD_SHAPE(2, 3)), AD_AXES(1, -1)); }
static void axes_nine(ad_tape *t) { ad_sum_over(zeros(t, AD_SHAPE(2, 3)), (ad_axes){.count = 9}); }
static void axes_negative(ad_tape *t) { ad_sum_over(zeros(t, AD_SHAPE(2, 3)), (ad_axes){.count = -1}); }
static void softmax_axis(ad_tape *t) { ad_softmax(zeros(t, AD_SHAPE(2, 3)), INT_MIN); }
static void max_of_nothing(ad_tape *t) { ad_max_over(zeros(t, AD_SHAPE(2, 0, 3)), AD_AXES(-2)); }
static void reshape_count(ad_tape *t) { ad_reshape(named(t, "x", AD_SHAPE(2, 3)), AD_SHAPE(4, 2)); }
static void reshape_two(ad_tape *t) { ad_reshape(zeros(t, AD_SHAPE(2, 3)), AD_SHAPE(-1, -1)); }
static void reshape_rest(ad_tape *t) { ad_reshape(zeros(t, AD_SHAPE(2, 3)), AD_SHAPE(4, -1)); }
static void transpose_vector(ad_tape *t) { ad_transpose(zeros(t, AD_SHAPE(3))); }
static void broadcast_narrow(ad_tape *t) { ad_broadcast_to(zeros(t, AD_SHAPE(2, 3)), AD_SHAPE(3)); }
static void broadcast_misfit(ad_tape *t) { ad_broadcast_to(named(t, "x", AD_SHAPE(2)), AD_SHAPE(2, 3)); }
static void sum_to_misfit(ad_tape *t) { ad_sum_to(named(t, "x", AD_SHAPE(2, 3)), AD_SHAPE(2)); }
static void sum_to_wide(ad_tape *t) { ad_sum_to(zeros(t, AD_SHAPE(3)), AD_SHAPE(2, 3)); }
static void gather_high(ad_tape *t) { ad_gather_rows(zeros(t, AD_SHAPE(3, 2)), labels(t, 0, 3)); }
static void gather_negative(ad_tape *t) { ad_gather_rows(zeros(t, AD_SHAPE(3, 2)), labels(t, -1, 0)); }
static void gather_scalar(ad_tape *t) { ad_gather_rows(ad_scalar(t, 1), labels(t, 0, 0)); }
static void gather_real(ad_tape *t) { ad_gather_rows(zeros(t, AD_SHAPE(3, 2)), zeros(t, AD_SHAPE(2))); }
static void scatter_misfit(ad_tape *t) { ad_scatter_add_rows(zeros(t, AD_SHAPE(3, 2)), labels(t, 0, 0), 4); }
static void scatter_rows(ad_tape *t) { ad_scatter_add_rows(zeros(t, AD_SHAPE(2, 2)), labels(t, 0, 0), -4); }
static void cast_nan(ad_tape *t) { ad_cast(ad_input(t, AD_F64, AD_SHAPE(2), (double[]){1, (double)NAN}), AD_I32); }
static void cast_large(ad_tape *t) { ad_cast(ad_scalar(t, 2147483648.0), AD_I32); }
static void full_nan(ad_tape *t) { ad_full(t, AD_I32, AD_SHAPE(2), (double)NAN); }
static void item_of_many(ad_tape *t) { ad_item(zeros(t, AD_SHAPE(2, 3))); }
static void item_of_none(ad_tape *t) { ad_item(zeros(t, AD_SHAPE(0))); }
static void f32_of_f64(ad_tape *t) { ad_f32(vector(t, 2)); }
static void f64_of_i32(ad_tape *t) { ad_f64(ad_arange(t, AD_I32, 2)); }
static void i32_of_f32(ad_tape *t) { ad_i32(zeros(t, AD_SHAPE(2))); }
static void kept_at_high(ad_tape *t) { ad_kept_at(t, 3); }
static void operand_high(ad_tape *t) { ad_operand(ad_add(vector(t, 2), vector(t, 2)), 2); }
static void operand_of_leaf(ad_tape *t) { ad_operand(vector(t, 2), 0); }
static void backward_of_many(ad_tape *t) { ad_backward(ad_exp(ad_variable(t, AD_F32, AD_SHAPE(2, 3), NULL))); }
static void backward_of_constant(ad_tape *t) { ad_backward(ad_sum(vector(t, 2))); }

static void backward_seed(ad_tape *t)
{
    ad_tensor y = ad_exp(ad_variable(t, AD_F32, AD_SHAPE(2), NULL));
    ad_backward_with(y, &(ad_backward_options){.seed = ad_zeros(t, AD_F32, AD_SHAPE(3))});
}

static void gradient_of_input(ad_tape *t) { ad_gradient(ad_name(vector(t, 2), "x")); }

static void gradient_of_inner(ad_tape *t)
{
    ad_tensor y = ad_name(ad_exp(ad_variable(t, AD_F32, AD_SHAPE(2), NULL)), "y");
    ad_backward(ad_sum(y));
    ad_gradient(y);
}

static void gradient_unreached(ad_tape *t)
{
    ad_tensor p = ad_param(t, AD_F32, AD_SHAPE(2), NULL, "p"), q = ad_param(t, AD_F32, AD_SHAPE(2), NULL, "q");
    ad_backward(ad_sum(p));
    ad_gradient(q);
}

static const struct {
    void (*make)(ad_tape *t);
    ad_status status;
    const char *message;
} messages[] = {
    {inner_sizes, AD_BAD_SHAPE, "matmul: inner sizes differ: x [64,784] by W2 [300,10]"},
    {inner_sizes_nt, AD_BAD_SHAPE, "matmul_nt: inner sizes differ: [2,3] by [3,2]"},
    {inner_sizes_tn, AD_BAD_SHAPE, "matmul_tn: inner sizes differ: [2,3] by [3,2]"},
    {matmul_rank, AD_BAD_SHAPE, "matmul: a scalar has no axis to multiply over: use ad_mul: [] by w [3,1]"},
    {matmul_leading, AD_BAD_SHAPE, "matmul: leading sizes do not broadcast: [2,4,3] by [5,3,4]"},
    {matmul_long, AD_BAD_SHAPE, "matmul: a matrix has more than 2147483647 rows or columns: [2147483648,0] by [0,1]"},
    {broadcast, AD_BAD_SHAPE,
     "add: shapes do not broadcast: x [2,3] with b [2]: sizes must be equal or 1, from the last axis"},
    {mixed_types, AD_BAD_TYPE, "mul: types differ: x [2] is f32, y [2] is f64; convert one with ad_cast"},
    {i32_arithmetic, AD_BAD_TYPE, "tanh: operand 0, [3], is i32: it must be f32 or f64; convert it with ad_cast"},
    {real_labels, AD_BAD_TYPE, "softmax_cross_entropy: operand 1, [2], is f32: it must be i32"},
    {label_high, AD_BAD_VALUE, "softmax_cross_entropy: label 3 of row 1 is out of range: there are 3 classes, from 0"},
    {label_negative, AD_BAD_VALUE,
     "softmax_cross_entropy: label -1 of row 0 is out of range: there are 3 classes, from 0"},
    {labels_count, AD_BAD_SHAPE, "softmax_cross_entropy: logits must be [n,c] and labels [n]: they are [3,4] and [2]"},
    {unknown_type, AD_BAD_TYPE, "input: type 9 is none of AD_F32, AD_F64, AD_I32"},
    {unknown_cast, AD_BAD_TYPE, "cast: type 9 is none of AD_F32, AD_F64, AD_I32"},
    {unknown_full, AD_BAD_TYPE, "full: type 3 is none of AD_F32, AD_F64, AD_I32"},
    {i32_param, AD_BAD_TYPE, "param: an i32 tensor has no gradient: use ad_input, or f32 or f64"},
    {i32_variable, AD_BAD_TYPE, "variable: an i32 tensor has no gradient: use ad_input, or f32 or f64"},
    {negative_size, AD_BAD_SHAPE, "input: size -3 of axis 1 is negative in [2,-3]"},
    {negative_arange, AD_BAD_SHAPE, "arange: size -1 of axis 0 is negative in [-1]"},
    {rank_nine, AD_BAD_SHAPE, "input: rank 9: it must be 0 to 8"},
    {rank_negative, AD_BAD_SHAPE, "param: rank -1: it must be 0 to 8"},
    {overflow, AD_BAD_SHAPE, "input: shape [9223372036854775807,3] has too many elements for this machine's memory"},
    {axis_high, AD_BAD_SHAPE, "sum: axis 2 is out of range for x [2,3]: it has 2 axes, 0 to 1 or -1 to -2"},
    {axis_low, AD_BAD_SHAPE, "mean: axis -3 is out of range for [2,3]: it has 2 axes, 0 to 1 or -1 to -2"},
    {axis_of_scalar, AD_BAD_SHAPE, "sum: axis 0 is out of range for []: a scalar has no axes"},
    {axis_twice, AD_BAD_SHAPE, "logsumexp: axis -1 is given twice"},
    {axes_nine, AD_BAD_SHAPE, "sum: 9 axes are given: there can be 0 (all) to 8"},
    {axes_negative, AD_BAD_SHAPE, "sum: -1 axes are given: there can be 0 (all) to 8"},
    {softmax_axis, AD_BAD_SHAPE,
     "softmax: axis -2147483648 is out of range for [2,3]: it has 2 axes, 0 to 1 or -1 to -2"},
    {max_of_nothing, AD_BAD_SHAPE, "max: axis 1 of [2,0,3] is empty: there is no largest of nothing"},
    {reshape_count, AD_BAD_SHAPE, "reshape: x [2,3] has 6 elements, [4,2] has 8: they must be as many"},
    {reshape_two, AD_BAD_SHAPE, "reshape: the size -1 in [-1,-1] cannot be inferred from [2,3]"},
    {reshape_rest, AD_BAD_SHAPE, "reshape: the size -1 in [4,-1] cannot be inferred from [2,3]"},
    {transpose_vector, AD_BAD_SHAPE, "transpose: [3] has less than two axes"},
    {broadcast_narrow, AD_BAD_SHAPE,
     "broadcast_to: [2,3] does not broadcast to [3]: sizes must be equal or 1, from the last axis"},
    {broadcast_misfit, AD_BAD_SHAPE,
     "broadcast_to: x [2] does not broadcast to [2,3]: sizes must be equal or 1, from the last axis"},
    {sum_to_misfit, AD_BAD_SHAPE, "sum_to: x [2,3] is not [2] broadcast: it cannot be summed to it"},
    {sum_to_wide, AD_BAD_SHAPE, "sum_to: [3] is not [2,3] broadcast: it cannot be summed to it"},
    {gather_high, AD_BAD_VALUE, "gather_rows: row number 3 at place 1 is out of range: there are 3 rows"},
    {gather_negative, AD_BAD_VALUE, "gather_rows: row number -1 at place 0 is out of range: there are 3 rows"},
    {gather_scalar, AD_BAD_SHAPE, "gather_rows: [] has no rows, or too many axes with those of its row numbers"},
    {gather_real, AD_BAD_TYPE, "gather_rows: operand 1, [2], is f32: it must be i32"},
    {scatter_misfit, AD_BAD_SHAPE, "scatter_add_rows: [3,2] does not begin with the axes of its row numbers [2]"},
    {scatter_rows, AD_BAD_SHAPE, "scatter_add_rows: -4 rows are asked for: it must be 0 or more"},
    {cast_nan, AD_BAD_VALUE, "cast: nan at place 1 does not fit into i32"},
    {cast_large, AD_BAD_VALUE, "cast: 2.14748e+09 at place 0 does not fit into i32"},
    {full_nan, AD_BAD_VALUE, "full: nan is no i32"},
    {item_of_many, AD_BAD_SHAPE, "item: the tensor [2,3] has not one element: read it with ad_data"},
    {item_of_none, AD_BAD_SHAPE, "item: the tensor [0] has not one element: read it with ad_data"},
    {f32_of_f64, AD_BAD_TYPE, "f32: the tensor is f64: read it with ad_f64, or ad_cast it"},
    {f64_of_i32, AD_BAD_TYPE, "f64: the tensor is i32: read it with ad_i32, or ad_cast it"},
    {i32_of_f32, AD_BAD_TYPE, "i32: the tensor is f32: read it with ad_f32, or ad_cast it"},
    {kept_at_high, AD_BAD_VALUE, "kept_at: index 3 is out of range: the tape keeps 0 tensors"},
    {operand_high, AD_BAD_VALUE, "operand: there is no operand 2: add has 2"},
    {operand_of_leaf, AD_BAD_VALUE, "operand: there is no operand 0: input has 0"},
    {backward_of_many, AD_BAD_SHAPE,
     "backward: the tensor [2,3] is not a scalar: reduce it (ad_sum, ad_mean) or give a seed"},
    {backward_of_constant, AD_BAD_STATE,
     "backward: the tensor depends on no parameter or variable: nothing wants a gradient"},
    {backward_seed, AD_BAD_SHAPE, "backward: the seed is [3] of f32, the tensor [2] of f32: they must be equal"},
    {gradient_of_input, AD_NO_GRADIENT, "the gradient of x was not computed: it depends on no parameter or variable"},
    {gradient_of_inner, AD_NO_GRADIENT,
     "the gradient of y was not computed: it is an inner tensor: run ad_backward_with(.keep = true)"},
    {gradient_unreached, AD_NO_GRADIENT,
     "the gradient of q was not computed: ad_backward was not run since, or its loss does not depend on this tensor"},
};

START_TEST(test_message)
{
    ad_tape *t = open_tape();
    messages[_i].make(t);
    ck_assert_str_eq(ad_message(t), messages[_i].message);
    expect_error(t, messages[_i].status, "");
    ad_tape_close(t);
}
END_TEST

START_TEST(test_message_with_a_long_name)
{
    ad_tape *t = open_tape();
    char name[3000];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = 0;
    ad_tensor x = named(t, name, AD_SHAPE(2, 3)), p = ad_param(t, AD_F32, AD_SHAPE(3, 2), NULL, name);
    ck_assert_str_eq(ad_name_of(x), name);
    ck_assert_str_eq(ad_name_of(p), name);
    ad_add(x, p);
    ck_assert(strstr(ad_message(t), " [3,2]"));
    expect_error(t, AD_BAD_SHAPE, "nnnn [2,3] with nnnn");
    ad_descend(p, 1);
    ck_assert_uint_gt(strlen(ad_message(t)), 100);
    expect_error(t, AD_NO_GRADIENT, "nnnn");
    ad_gradient(p);
    expect_error(t, AD_NO_GRADIENT, "nnnn");
    ad_tape_close(t);
}
END_TEST

/* Eight axes with the widest sizes and names: the longest message that shapes can make. */
START_TEST(test_message_with_long_shapes)
{
    ad_tape *t = open_tape();
    const int64_t m = INT64_MAX;
    ad_tensor x = zeros(t, AD_SHAPE(m, m, m, m, m, m, m, 0)), y = zeros(t, AD_SHAPE(m, m, m, m, m, m, m - 1, 0));
    check_fine(t);
    ad_add(x, y);
    expect_error(t, AD_BAD_SHAPE, "9223372036854775806,0]: sizes must be equal or 1");
    ad_input(t, AD_F32, (ad_shape){8, {m, m, m, m, m, m, m, INT64_MIN}}, NULL);
    expect_error(t, AD_BAD_SHAPE, "size -9223372036854775808 of axis 7 is negative");
    ad_tape_close(t);
}
END_TEST

/* ---- Sizes ------------------------------------------------------------------------------------------------------- */

static ad_tensor make_param(ad_tape *t, ad_shape shape) { return ad_param(t, AD_F64, shape, NULL, "p"); }
static ad_tensor make_state(ad_tape *t, ad_shape shape) { return ad_state(t, AD_F64, shape, NULL, "s"); }
static ad_tensor make_input(ad_tape *t, ad_shape shape) { return ad_input(t, AD_F64, shape, NULL); }
static ad_tensor make_data(ad_tape *t, ad_shape shape) { return ad_input(t, AD_F64, shape, &(double){1}); }
static ad_tensor make_variable(ad_tape *t, ad_shape shape) { return ad_variable(t, AD_F64, shape, NULL); }
static ad_tensor make_borrow(ad_tape *t, ad_shape shape) { return ad_borrow(t, AD_F64, shape, &(double){1}); }
static ad_tensor make_full(ad_tape *t, ad_shape shape) { return ad_full(t, AD_F64, shape, 3); }
static ad_tensor make_reshape(ad_tape *t, ad_shape shape) { return ad_reshape(ad_scalar(t, 1), shape); }
static ad_tensor make_broadcast(ad_tape *t, ad_shape shape) { return ad_broadcast_to(ad_scalar(t, 1), shape); }
static ad_tensor make_sum_to(ad_tape *t, ad_shape shape) { return ad_sum_to(ad_scalar(t, 1), shape); }

static ad_tensor (*const makers[])(ad_tape *t, ad_shape shape) = {
    make_param,  make_state, make_input,   make_data,      make_variable,
    make_borrow, make_full,  make_reshape, make_broadcast, make_sum_to,
};

/* Some products are 0 or small in 64 bits: 2^32 x 2^32, 3 x 6148914691236517206 = 2 + 2^64, and 8 x 2^61 bytes. */
static const ad_shape impossible[] = {
    {1, {INT64_MAX}},
    {2, {INT64_MAX, 2}},
    {2, {INT64_MAX, INT64_MAX}},
    {2, {INT64_C(1) << 32, INT64_C(1) << 32}},
    {2, {3, INT64_C(6148914691236517206)}},
    {1, {INT64_C(1) << 61}},
    {1, {(INT64_C(1) << 61) + 1}},
    {1, {-5}},
    {1, {INT64_MIN}},
    {2, {2, -3}},
    {2, {0, INT64_MIN}},
    {2, {-2, -2}},
    {8, {256, 256, 256, 256, 256, 256, 256, 256}},
    {9, {1, 1, 1, 1, 1, 1, 1, 1}},
    {INT_MAX, {1}},
    {-1, {1}},
    {INT_MIN, {1}},
};

START_TEST(test_impossible_sizes)
{
    counting memory;
    counting_open(&memory);
    memory.limit = 1 << 20;
    ad_tape *t = ad_tape_open(&(ad_tape_options){.allocator = &memory.allocator});
    for (int m = 0; m < COUNT(makers); m++) {
        ck_assert_msg(ad_is_inert(makers[m](t, impossible[_i])), "maker %d", m);
        expect_error(t, AD_BAD_SHAPE, "");
    }
    ck_assert_msg(memory.largest < memory.limit, "%zu bytes were asked for", memory.largest);
    ck_assert_uint_eq(ad_kept_count(t), 0);
    ad_tape_close(t);
    counting_check_released(&memory);
}
END_TEST

START_TEST(test_results_too_large)
{
    ad_tape *t = open_tape();
    const int64_t m = INT64_MAX;
    ad_sum_over(zeros(t, AD_SHAPE(m, m, 0)), AD_AXES(2));
    expect_error(t, AD_BAD_SHAPE, "sum: shape [9223372036854775807,9223372036854775807] has too many elements");
    ad_matmul(zeros(t, AD_SHAPE(2147483647, 0)), zeros(t, AD_SHAPE(0, 2147483647)));
    expect_error(t, AD_BAD_SHAPE, "matmul: shape [2147483647,2147483647] has too many elements");
    ad_add(zeros(t, AD_SHAPE(m, 1, 0)), zeros(t, AD_SHAPE(1, m, 1)));
    ck_assert_int_eq(ad_clear_error(t), AD_BAD_SHAPE);
    ad_scatter_add_rows(zeros(t, AD_SHAPE(0, 2)), ad_arange(t, AD_I32, 0), m);
    expect_error(t, AD_BAD_SHAPE, "scatter_add_rows: shape [9223372036854775807,2] has too many elements");
    ad_gather_rows(zeros(t, AD_SHAPE(0, m, 4)), labels(t, 0, 0));
    expect_error(t, AD_BAD_SHAPE, "gather_rows: shape [2,9223372036854775807,4] has too many elements");
    ad_arange(t, AD_I32, m);
    expect_error(t, AD_BAD_SHAPE, "arange: shape");
    ad_tape_close(t);
}
END_TEST

/* Sizes that could be, but for which the machine has no memory: an error, and the tape works on. */
START_TEST(test_no_memory_for_a_size)
{
    counting memory;
    counting_open(&memory);
    memory.limit = 1 << 20;
    ad_tape *t = ad_tape_open(&(ad_tape_options){.allocator = &memory.allocator});
    for (int m = 0; m < COUNT(makers); m++) {
        if (makers[m] == make_borrow || makers[m] == make_reshape || makers[m] == make_sum_to)
            continue;
        size_t entries = ad_entry_count(t);
        ck_assert(ad_is_inert(makers[m](t, AD_SHAPE(INT64_C(1) << 40, 3))));
        ck_assert_uint_le(ad_entry_count(t), entries + 1);
        expect_error(t, AD_NO_MEMORY, "memory is out for a tensor [1099511627776,3] of f64");
    }
    ck_assert_uint_eq(ad_kept_count(t), 0);
    ad_tape_close(t);
    counting_check_released(&memory);
}
END_TEST

/* ---- Leaves ------------------------------------------------------------------------------------------------------ */

START_TEST(test_leaves_hold_their_data)
{
    ad_tape *t = open_tape();
    float a[] = {1, 2, 3, 4, 5, 6};
    double b[] = {-1, 0.5};
    int32_t c[] = {INT32_MIN, 0, INT32_MAX};
    ad_tensor p = ad_param(t, AD_F32, AD_SHAPE(2, 3), a, "p"), v = ad_variable(t, AD_F64, AD_SHAPE(2), b);
    ad_tensor x = ad_input(t, AD_I32, AD_SHAPE(3), c), s = ad_state(t, AD_I32, AD_SHAPE(3), c, "s");
    ad_tensor y = ad_borrow(t, AD_F32, AD_SHAPE(3, 2), a), z = ad_scalar(t, 7.25);
    a[0] = 100;
    b[1] = 100;
    c[2] = 100;
    ck_assert_float_eq(ad_f32(p)[0], 1);
    ck_assert_float_eq(ad_f32(p)[5], 6);
    ck_assert_double_eq(ad_f64(v)[1], 0.5);
    ck_assert_int_eq(ad_i32(x)[2], INT32_MAX);
    ck_assert_int_eq(ad_i32(s)[0], INT32_MIN);
    ck_assert_ptr_eq(ad_f32(y), a);
    ck_assert_double_eq(ad_item(z), 7.25);
    ck_assert_int_eq(ad_type_of(z), AD_F64);
    ck_assert_int_eq(ad_shape_of(z).rank, 0);
    ck_assert_int_eq(ad_shape_of(p).rank, 2);
    ck_assert_int_eq(ad_shape_of(p).dims[1], 3);
    ck_assert_uint_eq(ad_size_of(p), 6);
    ck_assert_ptr_eq(ad_data(p), ad_f32(p));
    check_fine(t);
    ad_tape_close(t);
}
END_TEST

/* Also in memory that was used before, which holds other numbers. */
START_TEST(test_leaves_without_data_are_zero)
{
    counting memory;
    counting_open(&memory);
    ad_tape *t = ad_tape_open(&(ad_tape_options){.allocator = &memory.allocator});
    for (int step = 0; step < 2; step++) {
        ad_tensor leaves[] = {
            ad_param(t, AD_F64, AD_SHAPE(7), NULL, "p"), ad_state(t, AD_F64, AD_SHAPE(7), NULL, "s"),
            ad_input(t, AD_F64, AD_SHAPE(7), NULL),      ad_variable(t, AD_F64, AD_SHAPE(7), NULL),
            ad_borrow(t, AD_F64, AD_SHAPE(7), NULL),     ad_input(t, AD_F64, AD_SCALAR, NULL),
            ad_param(t, AD_F64, AD_SCALAR, NULL, "q"),
        };
        for (int i = 0; i < COUNT(leaves); i++)
            for (size_t j = 0; j < ad_size_of(leaves[i]); j++)
                ck_assert_double_eq(ad_f64(leaves[i])[j], 0);
        for (int i = 0; i < 20; i++)
            ad_full(t, AD_F64, AD_SHAPE(7), 3.5);
        ck_assert_int_eq(ad_reset(t), AD_OK);
    }
    ad_tape_close(t);
    counting_check_released(&memory);
}
END_TEST

START_TEST(test_leaves_of_every_type_and_rank)
{
    ad_tape *t = open_tape();
    for (int rank = 0; rank <= AD_MAX_RANK; rank++) {
        ad_shape shape = {.rank = rank, .dims = {2, 1, 2, 1, 2, 1, 2, 1}};
        double b[16] = {1, 2, 3};
        float a[16] = {1, 2, 3};
        ad_tensor x = ad_input(t, AD_F64, shape, b), y = ad_param(t, AD_F32, shape, a, NULL);
        ck_assert_int_eq(ad_shape_of(x).rank, rank);
        ck_assert_uint_eq(ad_size_of(x), (size_t)1 << (rank + 1) / 2);
        ck_assert_uint_eq(ad_size_of(y), ad_size_of(x));
        ck_assert_double_eq(ad_f64(x)[0], 1);
        ck_assert_float_eq(ad_f32(y)[ad_size_of(y) - 1], a[ad_size_of(y) - 1]);
    }
    ck_assert_double_eq(ad_item(ad_input(t, AD_F32, AD_SCALAR, &(float){3})), 3);
    ck_assert_double_eq(ad_item(ad_borrow(t, AD_I32, AD_SCALAR, &(int32_t){-3})), -3);
    ck_assert_double_eq(ad_item(ad_input(t, AD_I32, AD_SHAPE(1, 1), &(int32_t){5})), 5);
    check_fine(t);
    ad_tape_close(t);
}
END_TEST

START_TEST(test_leaves_of_size_zero)
{
    ad_tape *t = open_tape();
    for (int m = 0; m < COUNT(makers); m++) {
        if (makers[m] == make_reshape || makers[m] == make_broadcast || makers[m] == make_sum_to)
            continue;
        ad_tensor x = makers[m](t, AD_SHAPE(3, 0, INT64_MAX, INT64_MAX));
        check_fine(t);
        ck_assert(!ad_is_inert(x));
        ck_assert_uint_eq(ad_size_of(x), 0);
        ck_assert_int_eq(ad_shape_of(x).dims[3], INT64_MAX);
        ck_assert_ptr_nonnull(ad_data(x));
    }
    ad_tensor p = ad_param(t, AD_F64, AD_SHAPE(0, 2), NULL, "empty"), y = ad_sum(ad_exp(p));
    ck_assert_double_eq(ad_item(y), 0);
    ck_assert_int_eq(ad_backward(y), AD_OK);
    ck_assert_uint_eq(ad_size_of(ad_gradient(p)), 0);
    ck_assert_int_eq(ad_descend(p, 1), AD_OK);
    ck_assert_int_eq(ad_fill(p, 1), AD_OK);
    ad_tape_close(t);
}
END_TEST

START_TEST(test_names)
{
    ad_tape *t = open_tape();
    char name[] = "hiddenlayer_0/weights";
    ad_tensor p = ad_param(t, AD_F32, AD_SHAPE(2), NULL, name), x = ad_name(zeros(t, AD_SHAPE(2)), "x");
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
    ck_assert_str_eq(ad_name_of(zeros(t, AD_SHAPE(2))), "");
    check_fine(t);
    ad_tape_close(t);
}
END_TEST

START_TEST(test_kept)
{
    ad_tape *t = open_tape();
    ad_tensor kept[1500];
    for (int i = 0; i < COUNT(kept); i++)
        kept[i] = i % 3 ? ad_param(t, AD_F64, AD_SHAPE(2), (double[]){i, 1}, NULL)
                        : ad_state(t, AD_F64, AD_SCALAR, NULL, "s");
    vector(t, 5);
    for (int step = 0; step < 2; step++) {
        ck_assert_uint_eq(ad_kept_count(t), (size_t)COUNT(kept));
        for (int i = 0; i < COUNT(kept); i++) {
            ad_tensor same = ad_kept_at(t, (size_t)i);
            ck_assert(same.tape == t && same.id == kept[i].id && same.generation == kept[i].generation);
            ck_assert_str_eq(ad_made_by(same), i % 3 ? "param" : "state");
            if (i % 3)
                ck_assert_double_eq(ad_f64(same)[0], i);
        }
        ck_assert_int_eq(ad_reset(t), AD_OK);
    }
    ck_assert(ad_is_inert(ad_kept_at(t, SIZE_MAX)));
    expect_error(t, AD_BAD_VALUE, "kept_at: index");
    ad_tape_close(t);
}
END_TEST

/* ---- Changing leaves in place ------------------------------------------------------------------------------------ */

enum { MOST = 1000 };

/* A parameter, an accumulator and a gradient of n elements, in both types, and the same as plain numbers. */
typedef struct update_case {
    ad_type type;
    int n;
    ad_tape *t;
    ad_tensor x, a;
    double x0[MOST], a0[MOST], d[MOST];
} update_case;

static const int update_sizes[] = {1, 7, 64, MOST};

/* The data of a leaf from numbers that both types can represent. */
static const void *as_type(ad_type type, const double *from, int n)
{
    static float narrow[MOST];
    for (int i = 0; i < n; i++)
        narrow[i] = (float)from[i];
    return type == AD_F32 ? (const void *)narrow : from;
}

static void open_update(update_case *u, int index)
{
    *u = (update_case){.type = index % 2 ? AD_F64 : AD_F32, .n = update_sizes[index / 2], .t = open_tape()};
    const ad_shape shape = u->n == 1 ? AD_SCALAR : AD_SHAPE(u->n);
    for (int i = 0; i < u->n; i++) {
        u->x0[i] = i / 8.0 - 3;
        u->a0[i] = 0.5 + i / 16.0;
        u->d[i] = (i % 11 - 5) / 4.0;
    }
    u->x = ad_param(u->t, u->type, shape, as_type(u->type, u->x0, u->n), "x");
    u->a = ad_state(u->t, u->type, shape, as_type(u->type, u->a0, u->n), "a");
    ad_backward(ad_sum(ad_mul(u->x, ad_input(u->t, u->type, shape, as_type(u->type, u->d, u->n)))));
    check_fine(u->t);
}

static double element(ad_tensor x, int i) { return ad_type_of(x) == AD_F32 ? (double)ad_f32(x)[i] : ad_f64(x)[i]; }

static void check_elements(const update_case *u, ad_tensor x, const double *expected)
{
    for (int i = 0; i < u->n; i++) {
        double tolerance = (u->type == AD_F32 ? 1e-6 : 1e-15) * fmax(1, fabs(expected[i]));
        ck_assert_double_eq_tol(element(x, i), expected[i], tolerance);
    }
}

START_TEST(test_descend)
{
    update_case u;
    open_update(&u, _i);
    double expected[MOST];
    for (int i = 0; i < u.n; i++)
        expected[i] = u.x0[i] - 0.25 * u.d[i];
    ck_assert_int_eq(ad_descend(u.x, 0.25), AD_OK);
    check_elements(&u, u.x, expected);
    check_elements(&u, u.a, u.a0);
    ck_assert_uint_eq(ad_version_of(u.x), 1);
    ck_assert_int_eq(ad_descend(u.x, -0.25), AD_OK);
    check_elements(&u, u.x, u.x0);
    ck_assert_uint_eq(ad_version_of(u.x), 2);
    ad_tape_close(u.t);
}
END_TEST

START_TEST(test_descend_adagrad)
{
    update_case u;
    open_update(&u, _i);
    double x[MOST], a[MOST];
    for (int i = 0; i < u.n; i++) {
        a[i] = u.a0[i] + u.d[i] * u.d[i];
        x[i] = u.x0[i] - 0.1 * u.d[i] / sqrt(a[i]);
    }
    ck_assert_int_eq(ad_descend_adagrad(u.x, u.a, 0.1), AD_OK);
    check_elements(&u, u.x, x);
    check_elements(&u, u.a, a);
    for (int i = 0; i < u.n; i++) {
        a[i] += u.d[i] * u.d[i];
        x[i] -= 0.1 * u.d[i] / sqrt(a[i]);
    }
    ad_reset(u.t);
    ck_assert_int_eq(ad_descend_adagrad(u.x, u.a, 0.1), AD_OK);
    check_elements(&u, u.x, x);
    check_elements(&u, u.a, a);
    ck_assert_uint_eq(ad_version_of(u.x) + ad_version_of(u.a), 4);
    ad_tape_close(u.t);
}
END_TEST

/* Equal to so many parts of it, or in the last digit of a denormal number; or both are infinite, or NaN. */
static bool is_near(double x, double expected, double relative)
{
    return x == expected || (isnan(x) && isnan(expected)) ||
           fabs(x - expected) <= fmax(relative * fabs(expected), 1.5e-45);
}

/* One step from x = 0 shows every digit of it. Odd sums of squares stand among plain ones, at any place of a vector. */
enum { SUMS = 40 };

START_TEST(test_adagrad_of_any_sum)
{
    static const float odd[] = {0, 1e-45F, 1e-39F, FLT_MIN, 1e-20F, 3e19F, FLT_MAX, INFINITY, NAN};
    float d[SUMS], a0[SUMS];
    ad_tape *t = open_tape();
    for (int i = 0; i < SUMS; i++) {
        d[i] = (float)ldexp(1 + i / 64.0, i * 5 % 120 - 60) * (i % 3 ? 1 : -1);
        a0[i] = i % 2 ? 0.5F * d[i] * d[i] : 0.1F;
    }
    d[_i] = odd[_i % COUNT(odd)];
    a0[_i] = _i / COUNT(odd) % 2 ? odd[_i % COUNT(odd)] : 0;
    ad_tensor x = ad_param(t, AD_F32, AD_SHAPE(SUMS), NULL, "x"), a = ad_state(t, AD_F32, AD_SHAPE(SUMS), a0, "a");
    ad_backward(ad_sum(ad_mul(x, ad_input(t, AD_F32, AD_SHAPE(SUMS), d))));
    ck_assert_int_eq(ad_descend_adagrad(x, a, 1), AD_OK);
    for (int i = 0; i < SUMS; i++) {
        const float sum = ad_f32(a)[i], exact = fmaf(d[i], d[i], a0[i]);
        const double step = -(double)d[i] / sqrt((double)sum);
        ck_assert_msg(is_near(sum, exact, 1.5e-7), "sum %d of squares: %g, not %g", i, (double)sum, (double)exact);
        ck_assert_msg(is_near(ad_f32(x)[i], step, 1.5e-7), "step %d: %g, not %g", i, (double)ad_f32(x)[i], step);
    }
    ad_tape_close(t);
}
END_TEST

/* A step of 1 / sqrt(a) from 0 is not rounded again: it has the error of that alone, for a in [1, 4) as for any. */
START_TEST(test_adagrad_to_the_last_digit)
{
    enum { N = 8192 };
    static float d[N], a0[N];
    ad_tape *t = open_tape();
    for (int i = 0; i < N; i++) {
        d[i] = 1;
        a0[i] = 3.0F * (float)i / N;
    }
    ad_tensor x = ad_param(t, AD_F32, AD_SHAPE(N), NULL, "x"), a = ad_state(t, AD_F32, AD_SHAPE(N), a0, "a");
    ad_backward(ad_sum(ad_mul(x, ad_input(t, AD_F32, AD_SHAPE(N), d))));
    ck_assert_int_eq(ad_descend_adagrad(x, a, 1), AD_OK);
    for (int i = 0; i < N; i++) {
        const double step = -1 / sqrt((double)ad_f32(a)[i]), off = fabs(((double)ad_f32(x)[i] - step) / step);
        ck_assert_msg(off <= 0x1.8p-24, "step %d is off by %.3g * 2^-24", i, ldexp(off, 24));
    }
    ad_tape_close(t);
}
END_TEST

START_TEST(test_assign_and_fill)
{
    update_case u;
    open_update(&u, _i);
    double expected[MOST];
    ck_assert_int_eq(ad_assign(u.x, as_type(u.type, u.a0, u.n)), AD_OK);
    check_elements(&u, u.x, u.a0);
    ck_assert_int_eq(ad_fill(u.a, -2.5), AD_OK);
    for (int i = 0; i < u.n; i++)
        expected[i] = -2.5;
    check_elements(&u, u.a, expected);
    ck_assert_int_eq(ad_fill_uniform(u.x, (const double[]){-3, 5}, 42, 7), AD_OK);
    for (int i = 0; i < u.n; i++)
        expected[i] = -3 + 8 * ad_random_uniform(42, 7, (uint64_t)i);
    check_elements(&u, u.x, expected);
    ck_assert_int_eq(ad_fill_uniform(u.x, (const double[]){1.5, 1.5}, 42, 7), AD_OK);
    ck_assert_double_eq(element(u.x, u.n - 1), 1.5);
    ck_assert_uint_eq(ad_version_of(u.x), 3);
    ck_assert_uint_eq(ad_version_of(u.a), 1);
    ck_assert_uint_eq(ad_version_of(ad_kept_at(u.t, 0)), 3);
    ad_tape_close(u.t);
}
END_TEST

START_TEST(test_fill_i32)
{
    ad_tape *t = open_tape();
    ad_tensor s = ad_state(t, AD_I32, AD_SHAPE(3), NULL, "count");
    ck_assert_int_eq(ad_fill(s, -7), AD_OK);
    ck_assert_int_eq(ad_i32(s)[2], -7);
    const double misfits[] = {2147483648.0, -2147483649.0, (double)NAN, (double)INFINITY};
    for (int i = 0; i < COUNT(misfits); i++) {
        ck_assert_int_eq(ad_fill(s, misfits[i]), AD_BAD_VALUE);
        expect_error(t, AD_BAD_VALUE, "does not fit into count of i32");
    }
    ck_assert_int_eq(ad_fill_uniform(s, (const double[]){0, 5}, 1, 1), AD_BAD_TYPE);
    expect_error(t, AD_BAD_TYPE, "fill_uniform: count is i32");
    ck_assert_int_eq(ad_i32(s)[0], -7);
    ck_assert_uint_eq(ad_version_of(s), 1);
    ad_tape_close(t);
}
END_TEST

/* The header promises [low, high). The second number of (1, 405665) begins with 25 ones: f32 must not round it to 1. */
START_TEST(test_fill_uniform_stays_below_high)
{
    ad_tape *t = open_tape();
    ad_tensor x = ad_param(t, AD_F32, AD_SHAPE(4), NULL, "x");
    ck_assert_uint_ge(ad_random_bits(1, 405665, 1), 0xFFFFFF80);
    ad_fill_uniform(x, (const double[]){0, 1}, 1, 405665);
    for (int i = 0; i < 4; i++)
        ck_assert_msg(ad_f32(x)[i] >= 0 && ad_f32(x)[i] < 1, "element %d is %.9g", i, (double)ad_f32(x)[i]);
    ad_tape_close(t);
}
END_TEST

/* high - low may be more than the largest number. */
START_TEST(test_fill_uniform_over_everything)
{
    ad_tape *t = open_tape();
    ad_tensor x = ad_param(t, AD_F64, AD_SHAPE(100), NULL, "x");
    if (ad_fill_uniform(x, (const double[]){-1.5e308, 1.5e308}, 1, 2) == AD_OK)
        for (int i = 0; i < 100; i++)
            ck_assert_msg(isfinite(ad_f64(x)[i]), "element %d is %g", i, ad_f64(x)[i]);
    ad_tape_close(t);
}
END_TEST

START_TEST(test_fill_uniform_range)
{
    ad_tape *t = open_tape();
    ad_tensor x = ad_param(t, AD_F64, AD_SHAPE(2), (const double[]){4, 5}, "x");
    const double nan = (double)NAN, infinity = (double)INFINITY;
    const double ranges[][2] = {{1, 0}, {nan, 1}, {0, nan}, {-infinity, 0}, {0, infinity}};
    for (int i = 0; i < COUNT(ranges); i++) {
        ck_assert_int_eq(ad_fill_uniform(x, ranges[i], 1, 1), AD_BAD_VALUE);
        expect_error(t, AD_BAD_VALUE, "fill_uniform: the range must be two finite numbers, the lower first");
    }
    ck_assert_double_eq(ad_f64(x)[0] + ad_f64(x)[1], 9);
    ck_assert_uint_eq(ad_version_of(x), 0);
    ad_tape_close(t);
}
END_TEST

/* A gradient is a number of its own, recorded, kept or not, even where rules hand on the seed as it is. */
START_TEST(test_gradient_is_not_the_leaf_that_seeded_it)
{
    const ad_backward_options ways[] = {{.keep = false}, {.keep = true}, {.differentiable = true}};
    double five[] = {5, 6}, other[] = {77, 78};
    ad_tape *t = open_tape();
    const ad_shape two = AD_SHAPE(2);
    for (int kind = 0; kind < 4; kind++) {
        ad_tensor p = ad_param(t, AD_F64, two, (double[]){1, 2}, "p"), v = ad_variable(t, AD_F64, two, other);
        ad_tensor seed = kind == 0   ? ad_param(t, AD_F64, two, five, "seed")
                         : kind == 2 ? ad_borrow(t, AD_F64, two, five)
                                     : ad_input(t, AD_F64, two, five);
        ad_tensor inner = ad_add(p, v), y = ad_shift(inner, 1);
        ad_backward_options options = ways[_i];
        options.seed = kind == 3 ? ad_reshape(seed, two) : seed;
        ck_assert_int_eq(ad_backward_with(y, &options), AD_OK);
        if (kind == 2)
            memcpy(five, other, sizeof five);
        else
            ck_assert_int_eq(ad_assign(seed, other), AD_OK);
        ck_assert_double_eq(ad_f64(ad_gradient(p))[0], 5);
        ck_assert_double_eq(ad_f64(ad_gradient(v))[1], 6);
        if (ways[_i].keep)
            ck_assert_double_eq(ad_f64(ad_gradient(inner))[1] + ad_f64(ad_gradient(y))[0], 11);
        ck_assert_int_eq(ad_reset(t), AD_OK);
        ck_assert_double_eq(ad_f64(ad_gradient(p))[1], 6);
        memcpy(five, (const double[]){5, 6}, sizeof five);
    }
    ad_tape_close(t);
}
END_TEST

/* Only what is kept is changed in place. */
START_TEST(test_update_of_what_is_not_kept)
{
    ad_tape *t = open_tape();
    double b[] = {1, 2};
    ad_tensor v = ad_variable(t, AD_F64, AD_SHAPE(2), b), p = ad_param(t, AD_F64, AD_SHAPE(2), b, "p");
    ad_tensor y = ad_exp(ad_add(v, p)), a = ad_state(t, AD_F64, AD_SHAPE(2), b, "a");
    ad_backward_with(ad_sum(y), &(ad_backward_options){.keep = true});
    const ad_tensor others[] = {y, ad_gradient(p), ad_borrow(t, AD_F64, AD_SHAPE(2), b), v};
    const char *const refusals[] = {
        "assign: only leaves are changed in place; this is none",
        "assign: only leaves are changed in place; this is none",
        "assign: only leaves are changed in place; this is borrowed: change your own array"};
    for (int i = 0; i < COUNT(others); i++) {
        double before = ad_f64(others[i])[1];
        if (i < COUNT(refusals)) {
            ck_assert_int_eq(ad_assign(others[i], (const double[]){7, 8}), AD_BAD_STATE);
            expect_error(t, AD_BAD_STATE, refusals[i]);
        }
        ck_assert_int_eq(ad_fill(others[i], 9), AD_BAD_STATE);
        expect_error(t, AD_BAD_STATE, "fill: only parameters and states");
        ck_assert_int_eq(ad_fill_uniform(others[i], b, 1, 1), AD_BAD_STATE);
        expect_error(t, AD_BAD_STATE, "fill_uniform: only parameters and states");
        ck_assert_int_eq(ad_descend(others[i], 1), AD_BAD_STATE);
        expect_error(t, AD_BAD_STATE, "descend: only parameters and states");
        ck_assert_int_eq(ad_descend_adagrad(others[i], a, 1), AD_BAD_STATE);
        expect_error(t, AD_BAD_STATE, "descend_adagrad: only parameters and states");
        ck_assert_int_eq(ad_descend_adagrad(p, others[i], 1), AD_BAD_STATE);
        expect_error(t, AD_BAD_STATE, "descend_adagrad: only parameters and states");
        ck_assert_uint_eq(ad_version_of(others[i]), 0);
        if (i < 2)
            expect_error(t, AD_BAD_STATE, "version_of: the tensor is no leaf");
        ck_assert_double_eq(ad_f64(others[i])[1], before);
    }
    ck_assert_double_eq(b[0] + b[1], 3);
    ck_assert_uint_eq(ad_version_of(p) + ad_version_of(a), 0);
    ad_tape_close(t);
}
END_TEST

static void expect_unchanged(const update_case *u)
{
    ck_assert_uint_eq(ad_version_of(u->x) + ad_version_of(u->a), 0);
    check_elements(u, u->x, u->x0);
    check_elements(u, u->a, u->a0);
}

START_TEST(test_update_refused)
{
    update_case u;
    open_update(&u, _i);
    const double rates[] = {(double)NAN, (double)INFINITY, -(double)INFINITY};
    for (int i = 0; i < COUNT(rates); i++) {
        ck_assert_int_eq(ad_descend(u.x, rates[i]), AD_BAD_VALUE);
        expect_error(u.t, AD_BAD_VALUE, "descend: the rate");
        ck_assert_int_eq(ad_descend_adagrad(u.x, u.a, rates[i]), AD_BAD_VALUE);
        expect_error(u.t, AD_BAD_VALUE, "descend_adagrad: the rate");
        expect_unchanged(&u);
    }
    ad_tensor lonely = ad_param(u.t, u.type, ad_shape_of(u.x), NULL, "lonely");
    ck_assert_int_eq(ad_descend(lonely, 1), AD_NO_GRADIENT);
    expect_error(u.t, AD_NO_GRADIENT, "descend: the gradient of lonely was not computed");
    ck_assert_int_eq(ad_descend(u.a, 1), AD_NO_GRADIENT);
    expect_error(u.t, AD_NO_GRADIENT, "descend: the gradient of a was not computed");
    ck_assert_int_eq(ad_descend_adagrad(lonely, u.a, 1), AD_NO_GRADIENT);
    expect_error(u.t, AD_NO_GRADIENT, "descend_adagrad: the gradient of lonely was not computed");
    ck_assert_double_eq(element(lonely, 0), 0);
    expect_unchanged(&u);
    ad_tape_close(u.t);
}
END_TEST

START_TEST(test_accumulator_refused)
{
    update_case u;
    open_update(&u, _i);
    const ad_type other = u.type == AD_F32 ? AD_F64 : AD_F32;
    const ad_tensor misfits[] = {
        u.x,
        ad_state(u.t, u.type, AD_SHAPE(u.n + 1), NULL, "longer"),
        ad_state(u.t, u.type, AD_SHAPE(u.n, 1), NULL, "deeper"),
        ad_state(u.t, other, ad_shape_of(u.x), NULL, "of another type"),
    };
    for (int i = 0; i < COUNT(misfits); i++) {
        ck_assert_int_eq(ad_descend_adagrad(u.x, misfits[i], 1), AD_BAD_SHAPE);
        expect_error(u.t, AD_BAD_SHAPE, "descend_adagrad: the accumulator of x must be a state");
        expect_unchanged(&u);
    }
    ck_assert_int_eq(ad_descend_adagrad(u.x, (ad_tensor){0}, 1), AD_BAD_HANDLE);
    expect_error(u.t, AD_BAD_HANDLE, "descend_adagrad: the accumulator");
    expect_unchanged(&u);
    ad_tape_close(u.t);
}
END_TEST

/* What comes back must also be said by the tapes: their user asks them, not each call. */
START_TEST(test_accumulator_of_another_tape)
{
    update_case u;
    open_update(&u, 2);
    ad_tape *other = open_tape();
    ad_tensor a = ad_state(other, u.type, ad_shape_of(u.x), NULL, "a");
    ck_assert_int_eq(ad_descend_adagrad(u.x, a, 1), AD_BAD_HANDLE);
    expect_error(u.t, AD_BAD_HANDLE, "descend_adagrad: ");
    expect_error(other, AD_BAD_HANDLE, "descend_adagrad: ");
    expect_unchanged(&u);
    ck_assert_uint_eq(ad_version_of(a), 0);
    ad_tape_close(u.t);
    ad_tape_close(other);
}
END_TEST

/* The header asks for a state: a parameter would be trained and overwritten at once. */
START_TEST(test_accumulator_that_is_a_parameter)
{
    update_case u;
    open_update(&u, 2);
    ad_tensor q = ad_param(u.t, u.type, ad_shape_of(u.x), NULL, "q");
    ad_fill(q, 1);
    ck_assert_int_ne(ad_descend_adagrad(u.x, q, 1), AD_OK);
    expect_error(u.t, ad_status_of(u.t), "descend_adagrad: the accumulator of x must be a state");
    expect_unchanged(&u);
    ad_tape_close(u.t);
}
END_TEST

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

enum { CHAIN = 1000000, FAN_OUT = 100000, BYTES_PER_NODE = 250 };

/* Operators of one scalar that make a chain; `c` is a constant of 1. Only the sign changes along it. */
static ad_tensor chain_neg(ad_tensor x, ad_tensor c, int i) { return (void)c, (void)i, ad_neg(x); }
static ad_tensor chain_add(ad_tensor x, ad_tensor c, int i) { return (void)i, ad_add(x, c); }
static ad_tensor chain_mul(ad_tensor x, ad_tensor c, int i) { return (void)i, ad_mul(c, x); }
static ad_tensor chain_shift(ad_tensor x, ad_tensor c, int i) { return (void)c, ad_shift(x, i % 2 ? 1 : -1); }
static ad_tensor chain_scale(ad_tensor x, ad_tensor c, int i) { return (void)c, ad_scale(x, i % 2 ? 2 : 0.5); }

static ad_tensor chain_mixed(ad_tensor x, ad_tensor c, int i)
{
    switch (i % 5) {
    case 0: return ad_neg(x);
    case 1: return ad_add(x, c);
    case 2: return ad_sub(x, c);
    case 3: return ad_scale(x, 1);
    default: return ad_mul(x, c);
    }
}

static ad_tensor (*const chains[])(ad_tensor x, ad_tensor c, int i) = {
    chain_neg, chain_add, chain_mul, chain_shift, chain_scale, chain_mixed,
};

static const char *const chain_names[] = {"neg", "add", "mul", "shift", "scale", "a mixture"};

/* What a node costs at most: of the peak, so that nothing is hidden by being given back. */
static void check_bytes(const ad_tape *t, size_t before, const char *what)
{
    double bytes = (double)(ad_usage_of(t).peak_bytes - before) / (double)ad_entry_count(t);
    ck_assert_msg(bytes < BYTES_PER_NODE, "%s: %.1f bytes a node", what, bytes);
}

static void run_chain(int index, bool keep)
{
    ad_tape *t = open_tape();
    size_t before = ad_usage_of(t).bytes;
    ad_tensor x = ad_variable(t, AD_F64, AD_SCALAR, &(double){2}), c = ad_scalar(t, 1), y = x;
    while (ad_entry_count(t) < CHAIN)
        y = chains[index](y, c, (int)ad_entry_count(t));
    ck_assert_int_eq(ad_backward_with(y, &(ad_backward_options){.keep = keep}), AD_OK);
    check_fine(t);
    ck_assert_double_eq(fabs(ad_item(ad_gradient(x))), 1);
    ck_assert_int_eq(ad_has_gradient(ad_operand(y, chains[index] == chain_mul)), keep);
    char what[64];
    snprintf(what, sizeof what, "a chain of %s%s", chain_names[index], keep ? ", gradients kept" : "");
    check_bytes(t, before, what);
    ad_tape_close(t);
}

START_TEST(test_chain) { run_chain(_i, false); }
END_TEST

START_TEST(test_chain_with_gradients_kept) { run_chain(_i, true); }
END_TEST

/* x is used 100,000 times: each use gives to its gradient. */
static void run_fan_out(bool keep)
{
    ad_tape *t = open_tape();
    size_t before = ad_usage_of(t).bytes;
    ad_tensor x = ad_variable(t, AD_F64, AD_SCALAR, &(double){0.5}), y = x;
    for (int i = 0; i < FAN_OUT; i++)
        y = ad_add(y, ad_tanh(x));
    ck_assert_int_eq(ad_backward_with(y, &(ad_backward_options){.keep = keep}), AD_OK);
    double slope = 1 - tanh(0.5) * tanh(0.5), expected = 1 + FAN_OUT * slope;
    ck_assert_double_eq_tol(ad_item(ad_gradient(x)), expected, 1e-9 * expected);
    ck_assert_double_eq_tol(ad_item(y), 0.5 + FAN_OUT * tanh(0.5), 1e-9 * FAN_OUT);
    check_bytes(t, before, keep ? "a fan-out, gradients kept" : "a fan-out");
    ad_tape_close(t);
}

START_TEST(test_fan_out) { run_fan_out(_i); }
END_TEST

/* Depth in all that walks: record, backward, a recorded backward and the backward through it, reset. */
static void *go_deep(void *unused)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor x = ad_variable(t, AD_F64, AD_SCALAR, &(double){0.5}), y = ad_square(x);
    for (int i = 0; i < FAN_OUT; i++)
        y = ad_neg(y);
    ad_backward_with(y, &(ad_backward_options){.differentiable = true, .keep = true});
    ad_tensor dx = ad_gradient(x);
    double first = ad_item(dx);
    ad_backward(dx);
    double second = ad_item(ad_gradient(x));
    ad_reset(t);
    bool right = ad_status_of(t) == AD_OK && first == 1 && second == 2;
    ad_tape_close(t);
    (void)unused;
    return right ? "right" : NULL;
}

/* One frame for each node would need megabytes. Less than this glibc refuses beside OpenBLAS's thread-local data. */
START_TEST(test_depth_needs_no_stack)
{
    pthread_attr_t attributes;
    pthread_t thread;
    void *result = NULL;
    pthread_attr_init(&attributes);
    ck_assert_int_eq(pthread_attr_setstacksize(&attributes, 128 * 1024), 0);
    ck_assert_int_eq(pthread_create(&thread, &attributes, go_deep, NULL), 0);
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    ck_assert_ptr_nonnull(result);
    pthread_attr_destroy(&attributes);
}
END_TEST

/* A network of one hidden layer, as a user would write it: [n,d] to [n,h] to [n,c]. */
enum { LAYER_N = 50, LAYER_D = 64, LAYER_H = 300, LAYER_C = 10 };

typedef struct network {
    counting memory;
    ad_tape *t;
    ad_tensor w1, b1, w2, b2;
    float x[LAYER_N * LAYER_D];
    int32_t labels[LAYER_N];
} network;

static void open_network(network *net)
{
    counting_open(&net->memory);
    ad_tape *t = net->t = ad_tape_open(&(ad_tape_options){.allocator = &net->memory.allocator});
    net->w1 = ad_param(t, AD_F32, AD_SHAPE(LAYER_D, LAYER_H), NULL, "w1");
    net->b1 = ad_param(t, AD_F32, AD_SHAPE(LAYER_H), NULL, "b1");
    net->w2 = ad_param(t, AD_F32, AD_SHAPE(LAYER_H, LAYER_C), NULL, "w2");
    net->b2 = ad_param(t, AD_F32, AD_SHAPE(LAYER_C), NULL, "b2");
    ad_fill_uniform(net->w1, (const double[]){-0.1, 0.1}, 1, 0);
    ad_fill_uniform(net->w2, (const double[]){-0.1, 0.1}, 1, 1);
    for (int i = 0; i < LAYER_N * LAYER_D; i++)
        net->x[i] = (float)ad_random_uniform(1, 2, (uint64_t)i);
    for (int i = 0; i < LAYER_N; i++)
        net->labels[i] = i % LAYER_C;
}

/* The decay is a part of the step that does not become smaller with a shorter batch. */
static void train_network(network *net, int64_t n, bool decay, const ad_backward_options *options)
{
    const ad_tensor params[] = {net->w1, net->b1, net->w2, net->b2};
    ad_tensor x = ad_input(net->t, AD_F32, AD_SHAPE(n, LAYER_D), net->x);
    ad_tensor h = ad_relu(ad_add(ad_matmul(x, net->w1), net->b1)), z = ad_add(ad_matmul(h, net->w2), net->b2);
    ad_tensor loss = ad_mean(ad_softmax_cross_entropy(z, ad_input(net->t, AD_I32, AD_SHAPE(n), net->labels)));
    if (decay)
        loss = ad_add(loss, ad_scale(ad_sum(ad_square(net->w1)), 1e-4));
    ad_backward_with(loss, options);
    for (int i = 0; i < COUNT(params); i++)
        ad_descend(params[i], 0.1);
    ad_reset(net->t);
}

/* 50 steps of which some are shorter; from the second on the allocator is not called. Where gradients accumulate it is
 * from the third on: in the second there are for the first time gradients from before beside the new ones. */
static void run_network(const int64_t *short_n, int count, bool decay, const ad_backward_options *options)
{
    network net;
    open_network(&net);
    train_network(&net, LAYER_N, decay, options);
    ck_assert_uint_eq(ad_usage_of(net.t).allocations, net.memory.calls);
    ck_assert_uint_eq(ad_usage_of(net.t).bytes, net.memory.bytes);
    if (options->accumulate)
        train_network(&net, LAYER_N, decay, options);
    for (int step = 2; step <= 50; step++) {
        size_t before = net.memory.calls;
        int64_t n = step % 3 == 0 ? short_n[step / 3 % count] : LAYER_N;
        train_network(&net, n, decay, options);
        ck_assert_msg(net.memory.calls == before, "step %d, of %d rows, calls the allocator %zu times", step, (int)n,
                      net.memory.calls - before);
    }
    check_fine(net.t);
    ad_tape_close(net.t);
    counting_check_released(&net.memory);
}

static const ad_backward_options walks[] = {{.keep = false}, {.keep = true}, {.accumulate = true}};

START_TEST(test_training_allocates_nothing) { run_network((const int64_t[]){17}, 1, false, &walks[_i]); }
END_TEST

START_TEST(test_short_batches_allocate_nothing)
{
    run_network((const int64_t[]){17, 1, 2, 3, 4, 7, 8, 10, 12, 16, 25, 31, 32, 40, 48, 49}, 16, false, &walks[_i]);
}
END_TEST

START_TEST(test_short_batches_beside_a_large_constant_part_allocate_nothing)
{
    run_network((const int64_t[]){17, 1, 2, 3, 4, 7, 8, 10, 12, 16, 25, 31, 32, 40, 48, 49}, 16, true, &walks[_i]);
}
END_TEST

START_TEST(test_usage)
{
    counting memory;
    counting_open(&memory);
    ad_tape *t = ad_tape_open(&(ad_tape_options){.allocator = &memory.allocator});
    ck_assert_uint_eq(ad_entry_count(t), 0);
    vector(t, 100000);
    ck_assert_uint_eq(ad_entry_count(t), 1);
    ck_assert_uint_ge(ad_usage_of(t).bytes, 800000);
    ck_assert_uint_ge(ad_usage_of(t).peak_bytes, ad_usage_of(t).bytes);
    ck_assert_uint_eq(ad_usage_of(t).allocations, memory.calls);
    ck_assert_uint_eq(ad_usage_of(t).bytes, memory.bytes);
    ad_reset(t);
    ck_assert_uint_eq(ad_entry_count(t), 0);
    ck_assert_uint_eq(ad_usage_of(t).bytes, memory.bytes);
    ad_tape_close(t);
    counting_check_released(&memory);
}
END_TEST

START_TEST(test_meter)
{
    counting memory;
    counting_open(&memory);
    ad_memory meter = ad_memory_over(&memory.allocator);
    void *empty = ad_memory_take(&meter, 0, 8), *block = ad_memory_take(&meter, 3, 8);
    ck_assert(empty && block);
    ck_assert_ptr_null(ad_memory_take(&meter, SIZE_MAX / 2, 8));
    ck_assert_ptr_null(ad_memory_take(&meter, SIZE_MAX, 1));
    ck_assert_uint_eq(memory.calls, 2);
    ck_assert_uint_eq(meter.usage.bytes, memory.bytes);
    ad_memory_release(&meter, NULL, 3, 8);
    ad_memory_release(&meter, block, 3, 8);
    ad_memory_release(&meter, empty, 0, 8);
    ck_assert_uint_eq(meter.usage.bytes, 0);
    ck_assert_uint_ge(meter.usage.peak_bytes, 24);
    counting_check_released(&memory);
    size_t product = 0;
    ck_assert(ad_multiply(0, SIZE_MAX, &product) && product == 0);
    ck_assert(ad_multiply(SIZE_MAX, 1, &product) && product == SIZE_MAX);
    ck_assert(!ad_multiply((size_t)1 << 32, (size_t)1 << 32, &product) && product == SIZE_MAX);
}
END_TEST

/* ---- Random numbers ---------------------------------------------------------------------------------------------- */

/* The known answers of Random123, the authors' own library: kat_vectors, philox4x32 10. */
static const struct {
    uint32_t counter[4], key[2], words[4];
} philox_answers[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
     {0xffffffff, 0xffffffff},
     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
     {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

START_TEST(test_philox)
{
    uint32_t words[4];
    ad_philox(philox_answers[_i].counter, philox_answers[_i].key, words);
    ck_assert_mem_eq(words, philox_answers[_i].words, sizeof words);
}
END_TEST

static uint64_t two(const uint32_t *words) { return words[0] | (uint64_t)words[1] << 32; }

/* The key is the seed, the counter is (index / 4, stream), the low word first. */
START_TEST(test_random_bits)
{
    const uint32_t *c = philox_answers[2].counter;
    for (uint64_t i = 0; i < 4; i++) {
        ck_assert_uint_eq(ad_random_bits(0, 0, i), philox_answers[0].words[i]);
        uint64_t index = two(c), bits = ad_random_bits(two(philox_answers[2].key), two(c + 2), 4 * (index >> 2) + i);
        uint32_t words[4], counter[] = {(uint32_t)(index >> 2), (uint32_t)(index >> 34), c[2], c[3]};
        ad_philox(counter, philox_answers[2].key, words);
        ck_assert_uint_eq(bits, words[i]);
        ck_assert_double_eq(ad_random_uniform(0, 0, i), philox_answers[0].words[i] / 4294967296.0);
    }
}
END_TEST

/* The chi-square of 64 bins has mean 63 and deviation 11.2. Seeds are fixed, so the bounds hold always or never. */
START_TEST(test_uniform_is_uniform)
{
    enum { DRAWS = 100000, BINS = 64 };
    int bins[BINS] = {0};
    double sum = 0, square = 0, product = 0, before = 0;
    for (uint64_t i = 0; i < DRAWS; i++) {
        double u = ad_random_uniform((uint64_t)_i, 3, i) - 0.5;
        ck_assert(u >= -0.5 && u < 0.5);
        bins[(int)((u + 0.5) * BINS)]++;
        sum += u;
        square += u * u;
        product += u * before;
        before = u;
    }
    double chi = 0, expected = (double)DRAWS / BINS;
    for (int i = 0; i < BINS; i++)
        chi += (bins[i] - expected) * (bins[i] - expected) / expected;
    ck_assert_double_eq_tol(chi, 63, 45);
    ck_assert_double_eq_tol(sum / DRAWS, 0, 0.004);
    ck_assert_double_eq_tol(square / DRAWS, 1 / 12.0, 0.002);
    ck_assert_double_eq_tol(product / DRAWS, 0, 0.002);
}
END_TEST

START_TEST(test_streams_differ)
{
    int same = 0;
    for (uint64_t i = 0; i < 1000; i++) {
        uint32_t bits = ad_random_bits(1, 0, i);
        ck_assert_uint_eq(ad_random_bits(1, 0, i), bits);
        same += (bits == ad_random_bits(1, 1, i)) + (bits == ad_random_bits(2, 0, i));
        same += bits == ad_random_bits(1, UINT64_C(1) << 32, i);
        same += bits == ad_random_bits(UINT64_C(1) << 32 | 1, 0, i);
        same += bits == ad_random_bits(1, 0, i + (UINT64_C(1) << 34));
    }
    ck_assert_int_eq(same, 0);
}
END_TEST

START_TEST(test_permutation)
{
    static const int64_t sizes[] = {0, 1, 2, 1000};
    const int64_t n = sizes[_i];
    int32_t order[1001], again[1001], other[1001], moved = 0;
    bool seen[1001] = {false};
    order[n] = -7;
    ad_random_permutation(5, 6, n, order);
    ad_random_permutation(5, 6, n, again);
    ad_random_permutation(5, 7, n, other);
    for (int32_t i = 0; i < n; i++) {
        ck_assert(order[i] >= 0 && order[i] < n && !seen[order[i]]);
        seen[order[i]] = true;
        ck_assert_int_eq(order[i], again[i]);
        moved += (order[i] != i) + (order[i] != other[i]);
    }
    ck_assert_int_eq(order[n], -7);
    ck_assert_msg(n < 1000 || moved > 1900, "only %d of 2000 differ", (int)moved);
}
END_TEST

/* Each of the six orders of three about as often as the others: 1000 expected, with a deviation of 29. */
START_TEST(test_permutation_is_fair)
{
    int counts[27] = {0};
    for (uint64_t seed = 0; seed < 6000; seed++) {
        int32_t order[3];
        ad_random_permutation(seed, 0, 3, order);
        counts[9 * order[0] + 3 * order[1] + order[2]]++;
    }
    const int orders[] = {5, 7, 11, 15, 19, 21};
    for (int i = 0; i < COUNT(orders); i++)
        ck_assert_double_eq_tol(counts[orders[i]], 1000, 120);
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_handles(Suite *s)
{
    TCase *handles = tcase_create("handles");
    tcase_add_test(handles, test_handle_after_reset);
    tcase_add_test(handles, test_handle_of_a_slot_used_again);
    tcase_add_test(handles, test_handle_after_close_of_another_tape);
    tcase_add_test(handles, test_handle_zero);
    tcase_add_test(handles, test_handle_of_another_tape);
    tcase_add_test(handles, test_handle_of_another_tape_in_error);
    tcase_add_test(handles, test_handle_of_a_gradient);
    tcase_add_test(handles, test_handle_of_a_gradient_used_again);
    tcase_add_test(handles, test_handle_forged);
    suite_add_tcase(s, handles);
    TCase *nulls = tcase_create("NULL");
    tcase_add_test(nulls, test_null_tape);
    tcase_add_test(nulls, test_null_operands);
    tcase_add_test(nulls, test_null_arguments);
    tcase_add_test(nulls, test_null_descriptor);
    tcase_add_test(nulls, test_apply_without_operands_or_room);
    tcase_add_test(nulls, test_error_without_a_message);
    suite_add_tcase(s, nulls);
}

static void add_errors(Suite *s)
{
    TCase *errors = tcase_create("errors");
    tcase_add_test(errors, test_error_first_wins);
    tcase_add_test(errors, test_error_stops_everything);
    tcase_add_test(errors, test_error_outlives_reset);
    tcase_add_test(errors, test_error_of_the_caller);
    tcase_add_test(errors, test_error_records_nothing);
    tcase_add_test(errors, test_error_names);
    tcase_add_test_raise_signal(errors, test_abort_raises, SIGABRT);
    tcase_add_test(errors, test_abort_says_why);
    tcase_add_test(errors, test_abort_only_if_asked);
    suite_add_tcase(s, errors);
    TCase *texts = tcase_create("messages");
    tcase_add_loop_test(texts, test_message, 0, COUNT(messages));
    tcase_add_test(texts, test_message_with_a_long_name);
    tcase_add_test(texts, test_message_with_long_shapes);
    tcase_add_loop_test(texts, test_impossible_sizes, 0, COUNT(impossible));
    tcase_add_test(texts, test_results_too_large);
    tcase_add_test(texts, test_no_memory_for_a_size);
    suite_add_tcase(s, texts);
}

static void add_leaves(Suite *s)
{
    TCase *leaves = tcase_create("leaves");
    tcase_add_test(leaves, test_leaves_hold_their_data);
    tcase_add_test(leaves, test_leaves_without_data_are_zero);
    tcase_add_test(leaves, test_leaves_of_every_type_and_rank);
    tcase_add_test(leaves, test_leaves_of_size_zero);
    tcase_add_test(leaves, test_names);
    tcase_add_test(leaves, test_kept);
    suite_add_tcase(s, leaves);
    TCase *updates = tcase_create("updates");
    const int cases = 2 * COUNT(update_sizes);
    tcase_add_loop_test(updates, test_descend, 0, cases);
    tcase_add_loop_test(updates, test_descend_adagrad, 0, cases);
    tcase_add_loop_test(updates, test_adagrad_of_any_sum, 0, SUMS);
    tcase_add_test(updates, test_adagrad_to_the_last_digit);
    tcase_add_loop_test(updates, test_assign_and_fill, 0, cases);
    tcase_add_test(updates, test_fill_i32);
    tcase_add_test(updates, test_fill_uniform_stays_below_high);
    tcase_add_test(updates, test_fill_uniform_over_everything);
    tcase_add_test(updates, test_fill_uniform_range);
    tcase_add_loop_test(updates, test_gradient_is_not_the_leaf_that_seeded_it, 0, 3);
    tcase_add_test(updates, test_update_of_what_is_not_kept);
    tcase_add_loop_test(updates, test_update_refused, 0, cases);
    tcase_add_loop_test(updates, test_accumulator_refused, 0, cases);
    tcase_add_test(updates, test_accumulator_of_another_tape);
    tcase_add_test(updates, test_accumulator_that_is_a_parameter);
    suite_add_tcase(s, updates);
}

static void add_memory(Suite *s)
{
    TCase *memory = tcase_create("memory");
    tcase_add_loop_test(memory, test_chain, 0, COUNT(chains));
    tcase_add_loop_test(memory, test_chain_with_gradients_kept, 0, COUNT(chains));
    tcase_add_loop_test(memory, test_fan_out, 0, 2);
    tcase_add_test(memory, test_depth_needs_no_stack);
    tcase_add_loop_test(memory, test_training_allocates_nothing, 0, COUNT(walks));
    tcase_add_loop_test(memory, test_short_batches_allocate_nothing, 0, COUNT(walks));
    tcase_add_loop_test(memory, test_short_batches_beside_a_large_constant_part_allocate_nothing, 0, COUNT(walks));
    tcase_add_test(memory, test_usage);
    tcase_add_test(memory, test_meter);
    suite_add_tcase(s, memory);
    TCase *numbers = tcase_create("random");
    tcase_add_loop_test(numbers, test_philox, 0, COUNT(philox_answers));
    tcase_add_test(numbers, test_random_bits);
    tcase_add_loop_test(numbers, test_uniform_is_uniform, 0, 3);
    tcase_add_test(numbers, test_streams_differ);
    tcase_add_loop_test(numbers, test_permutation, 0, 4);
    tcase_add_test(numbers, test_permutation_is_fair);
    suite_add_tcase(s, numbers);
}

int main(void)
{
    Suite *s = suite_create("tape");
    add_handles(s);
    add_errors(s);
    add_leaves(s);
    add_memory(s);
    return run_suites(srunner_create(s));
}
