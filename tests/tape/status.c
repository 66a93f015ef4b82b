/* The sticky error: the first wins, later calls do nothing, and AD_ABORT stops at it. */
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../support/one_tape.h"

START_TEST(the_first_error_wins)
{
    ad_matmul(ad_input(t, AD_F32, AD_SHAPE(2, 3), NULL), ad_input(t, AD_F32, AD_SHAPE(4, 5), NULL));
    char first[200];
    snprintf(first, sizeof first, "%s", ad_message(t));
    ad_input(t, AD_F32, AD_SHAPE(-1), NULL);
    ad_fail(t, AD_BAD_FILE, "later");
    ck_assert_int_eq(ad_status_of(t), AD_BAD_SHAPE);
    ck_assert_str_eq(ad_message(t), first);
    expect_recovery(t, AD_BAD_SHAPE, "matmul: inner sizes differ: [2,3] by [4,5]");
}
END_TEST

START_TEST(an_error_stops_everything)
{
    ad_tensor p = ad_param(t, AD_F64, AD_SHAPE(2), (const double[]){1, 2}, "p"), y = ad_sum(p);
    ad_backward(y);
    size_t entries = ad_entry_count(t);
    ad_fail(t, AD_STOPPED, "enough");
    ck_assert(ad_is_inert(ad_add(p, p)) && ad_is_inert(INPUTS(0, 0)) && ad_is_inert(ad_scalar(t, 1)));
    ck_assert(ad_is_inert(ad_param(t, AD_F64, AD_SHAPE(2), NULL, "q")));
    ck_assert(ad_is_inert(ad_borrow(t, AD_F64, AD_SHAPE(1), &(double){1})));
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
}
END_TEST

/* A program that prints its weights before its one check reads them. Only what is no tensor gives nothing. */
START_TEST(a_tape_in_error_can_be_read)
{
    const ad_tensor w = PARAMS("w", 1, 2), y = ad_sum(ad_square(w)), n = ad_input(t, AD_I32, AD_SHAPE(1), NULL);
    ad_tensor stale = ad_input(t, AD_F64, AD_SHAPE(2), NULL);
    const ad_position position = ad_position_now(t);
    stale = ad_square(w);
    ad_return_to(t, position, NULL, 0);
    ad_backward(y);
    ad_fail(t, AD_BAD_VALUE, "asked to");
    ck_assert(ad_f64(w) && ad_f64(w)[1] == 2 && ad_data(w) == ad_f64(w) && ad_i32(n));
    ck_assert(ad_item(y) == 5 && ad_type_of(n) == AD_I32 && ad_shape_of(w).rank == 1 && ad_size_of(w) == 2);
    ck_assert_str_eq(ad_name_of(w), "w");
    ck_assert_str_eq(ad_made_by(y), "sum");
    ck_assert(ad_operand_count(y) == 1 && !ad_is_inert(ad_operand(y, 0)));
    ck_assert(ad_is_kept(w) && ad_version_of(w) == 0 && ad_has_gradient(w) && ad_f64(ad_gradient(w))[1] == 4);
    ck_assert(ad_f64(ad_param_at(t, 0)) == ad_f64(w) && ad_f64(ad_kept_at(t, 0)) == ad_f64(w));
    ck_assert(!ad_f64(stale) && !ad_f64(ad_square(w)) && !ad_f32(w) && ad_is_inert(ad_param_at(t, 1)));
    expect_error_with(t, AD_BAD_VALUE, "asked to");
}
END_TEST

START_TEST(an_error_outlives_reset)
{
    ck_assert_int_eq(ad_clear_error(t), AD_OK);
    ad_item(INPUTS(0, 0));
    ck_assert_int_eq(ad_reset(t), AD_BAD_SHAPE);
    ck_assert_int_eq(ad_reset(t), AD_BAD_SHAPE);
    expect_recovery(t, AD_BAD_SHAPE, "item: the tensor [2] has not one element");
    ck_assert_int_eq(ad_clear_error(t), AD_OK);
    ck_assert_int_eq(ad_reset(t), AD_OK);
}
END_TEST

START_TEST(the_caller_can_fail_a_tape)
{
    ck_assert_int_eq(ad_fail(t, AD_NOT_FINITE, "loss is %g at step %d", 1.5, 7), AD_NOT_FINITE);
    expect_recovery(t, AD_NOT_FINITE, "loss is 1.5 at step 7");
    ck_assert_int_ne(ad_fail(t, AD_OK, "an error cannot be AD_OK"), AD_OK);
    expect_recovery(t, AD_BAD_STATE, "an error cannot be AD_OK");
    char longest[2000] = "";
    memset(longest, 'x', sizeof longest - 1);
    ck_assert_int_eq(ad_fail(t, AD_BAD_VALUE, "%s", longest), AD_BAD_VALUE);
    ck_assert_uint_gt(strlen(ad_message(t)), 200);
    expect_recovery(t, AD_BAD_VALUE, "xxxx");
}
END_TEST

/* A format is a constant as a rule, but a message that was not found is NULL. */
START_TEST(an_error_without_a_message)
{
    const char *none = NULL;
    ad_fail(t, AD_BAD_VALUE, none, 0);
    expect_recovery(t, AD_BAD_VALUE, "it failed, and no message was given (NULL)");
}
END_TEST

/* A call that fails half-way leaves no entry behind. */
START_TEST(a_failed_call_records_nothing)
{
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
}
END_TEST

START_TEST(statuses_and_types_have_names)
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

/* ---- AD_ABORT ---------------------------------------------------------------------------------------------------- */

static void fail_with_abort(const char *asked)
{
    setenv("AD_ABORT", asked, 1);
    ad_item(INPUTS(0, 0));
    ad_clear_error(t);
}

/* Runs in a process of its own, which must die of SIGABRT. */
START_TEST(an_abort_raises_a_signal) { fail_with_abort("1"); }
END_TEST

START_TEST(an_abort_says_why)
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

START_TEST(no_abort_unless_asked)
{
    fail_with_abort("0");
    fail_with_abort("");
    fail_with_abort("yes");
    unsetenv("AD_ABORT");
    fail_with_abort("0");
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, the_first_error_wins);
    tcase_add_test(tests, an_error_stops_everything);
    tcase_add_test(tests, a_tape_in_error_can_be_read);
    tcase_add_test(tests, an_error_outlives_reset);
    tcase_add_test(tests, the_caller_can_fail_a_tape);
    tcase_add_test(tests, an_error_without_a_message);
    tcase_add_test(tests, a_failed_call_records_nothing);
    tcase_add_test(tests, statuses_and_types_have_names);
    tcase_add_test_raise_signal(tests, an_abort_raises_a_signal, SIGABRT);
    tcase_add_test(tests, an_abort_says_why);
    tcase_add_test(tests, no_abort_unless_asked);
}

int main(void) { return run_on_one_tape("status", add_tests); }
