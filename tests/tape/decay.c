/* Shrinking leaves in place, and room for updates that are made all or nothing. */
#include <math.h>
#include <stdlib.h>

#include "../support/one_tape.h"

static const size_t sizes[] = {0, 1, 3, 17, 8192, 8193, 40000};
static const double shares[] = {0, 1e-3, 0.1, 0.5, 1};

/* ---- Shrinking --------------------------------------------------------------------------------------------------- */

/* A parameter or a state of `real`. */
static ad_tensor filled(bool is_state, int64_t n, uint64_t stream)
{
    const ad_tensor x =
        is_state ? ad_state(t, real, AD_SHAPE(n), NULL, NULL) : ad_param(t, real, AD_SHAPE(n), NULL, NULL);
    ad_fill_uniform(x, (const double[]){-1, 1}, 1, stream);
    return x;
}

/* x (1 - share), rounded once. */
REAL_TEST(shrinking_multiplies)
for (size_t i = 0; i < COUNT(sizes) * COUNT(shares); i++) {
    const size_t n = sizes[i / COUNT(shares)];
    const double share = shares[i % COUNT(shares)];
    const ad_tensor x = filled(i % 2, (int64_t)n, i);
    const uint32_t version = ad_version_of(x);
    const snapshot before = snapshot_of(x);
    ck_assert_int_eq(ad_shrink(x, share), AD_OK);
    ck_assert_uint_eq(ad_version_of(x), version + 1);
    for (size_t k = 0; k < n; k++)
        if (real == AD_F32) {
            const volatile float wanted = ((const float *)before.data)[k] * (float)(1 - share);
            ck_assert(ad_f32(x)[k] == wanted);
        } else {
            const volatile double wanted = ((const double *)before.data)[k] * (1 - share);
            ck_assert(ad_f64(x)[k] == wanted);
        }
    if (share == 0)
        expect_unchanged(x, before);
    else
        free(before.data);
}
END_REAL_TEST

REAL_TEST(any_number_of_threads_gives_the_same_bits)
const ad_tensor like = filled(false, 40000, 7);
ad_set_threads(1);
ad_shrink(like, 0.3);
for (int threads = 2; threads <= 4; threads++) {
    const ad_tensor x = filled(false, 40000, 7);
    ad_set_threads(threads);
    ad_shrink(x, 0.3);
    expect_same_bits(x, like);
}
ad_set_threads(0);
END_REAL_TEST

START_TEST(what_is_not_shrunk)
{
    const ad_tensor x = PARAMS("x", 1, 2), whole = ad_state(t, AD_I32, AD_SHAPE(2), NULL, "whole");
    static const double out[] = {-0.1, 1.1};
    for (size_t i = 0; i < COUNT(out); i++) {
        ck_assert_int_eq(ad_shrink(x, out[i]), AD_BAD_VALUE);
        expect_error(t, AD_BAD_VALUE,
                     i ? "shrink: the share is 1.1: it must be at least 0 and at most 1"
                       : "shrink: the share is -0.1: it must be at least 0 and at most 1");
    }
    ck_assert_int_eq(ad_shrink(x, (double)NAN), AD_BAD_VALUE);
    expect_error(t, AD_BAD_VALUE, "shrink: the share is nan: it must be at least 0 and at most 1");
    ck_assert_int_eq(ad_shrink(whole, 0.5), AD_BAD_TYPE);
    expect_error(t, AD_BAD_TYPE, "shrink: whole is i32: only f32 and f64 can shrink");
    ck_assert_int_eq(ad_shrink(INPUTS(1, 2), 0.5), AD_BAD_STATE);
    expect_error(t, AD_BAD_STATE, "shrink: only parameters and states are changed in place; this is neither");
    ck_assert_int_eq(ad_shrink(ad_neg(x), 0.5), AD_BAD_STATE);
    expect_error(t, AD_BAD_STATE, "shrink: only parameters and states are changed in place; this is neither");
    ck_assert_int_eq(ad_shrink((ad_tensor){.tape = t}, 0.5), AD_BAD_HANDLE);
    expect_error(t, AD_BAD_HANDLE, "shrink: its operand is inert: it was never made, or came from a call that failed");
    ck_assert_int_eq(ad_shrink((ad_tensor){0}, 0.5), AD_BAD_HANDLE);
    ad_fail(t, AD_STOPPED, "before");
    ck_assert_int_eq(ad_shrink(x, 0.5), AD_STOPPED);
    expect_error(t, AD_STOPPED, "before");
    EXPECT(x, 1, 2);
    ck_assert_uint_eq(ad_version_of(x), 0);
}
END_TEST

/* The gradient stays, and a rule that would read the new value is refused. */
START_TEST(a_shrunk_leaf_is_a_changed_one)
{
    const ad_tensor x = PARAMS("x", 1, 2), y = ad_sum(ad_square(x));
    ad_backward(y);
    ad_shrink(x, 0.5);
    EXPECT(ad_gradient(x), 2, 4);
    EXPECT(x, 0.5, 1);
    ck_assert_int_eq(ad_backward(y), AD_BAD_STATE);
    expect_error_with(t, AD_BAD_STATE, "x was changed in place after it was read");
    ad_replay(t);
    ad_backward(y);
    EXPECT(ad_gradient(x), 1, 2);
    expect_ok(t);
}
END_TEST

/* ---- Room for updates -------------------------------------------------------------------------------------------- */

enum { LEAVES = 70 };

/* Changes of all leaves, two of each, and a commit: from the reservation on nothing is allocated. */
START_TEST(reserved_changes_take_no_memory)
{
    ad_tensor x[LEAVES], sum = ad_full(t, AD_F64, AD_SCALAR, 0);
    const ad_tensor mean = ad_state(t, AD_F64, AD_SHAPE(5), NULL, "mean");
    if (_i)
        ad_watch(t, AD_ON);
    for (size_t i = 0; i < LEAVES; i++) {
        x[i] = filled(false, (int64_t)(i * 97 % 5000 + 1), i);
        sum = ad_add(sum, ad_sum(ad_square(x[i])));
    }
    ad_propose(mean, ad_full(t, AD_F64, AD_SHAPE(5), 3));
    ad_backward(sum);
    const size_t entries = ad_entry_count(t), changes = ad_leaf_change_count(t);
    ck_assert_int_eq(ad_reserve_changes(t, x, LEAVES, 2), AD_OK);
    ck_assert_uint_eq(ad_entry_count(t), entries);
    ck_assert_uint_eq(ad_leaf_change_count(t), changes);
    ck_assert_uint_eq(ad_version_of(x[0]), 1); /* it was filled */
    counting_fail(&memory, 1, COUNTING_FOR_GOOD);
    for (size_t i = 0; i < LEAVES; i++) {
        if (i % 3)
            ad_shrink(x[i], 0.5);
        ck_assert_int_eq(ad_descend(x[i], 0.5), AD_OK);
    }
    ck_assert_int_eq(ad_commit(t), AD_OK);
    ck_assert_uint_eq(memory.calls, 0);
    counting_heal(&memory);
    EXPECT(mean, 3, 3, 3, 3, 3);
    expect_ok(t);
}
END_TEST

START_TEST(reservations_that_are_refused)
{
    const ad_tensor x = PARAMS("x", 1, 2);
    ck_assert_int_eq(ad_reserve_changes(NULL, &x, 1, 1), AD_BAD_HANDLE);
    ck_assert_int_eq(ad_reserve_changes(t, NULL, 0, 1), AD_OK);
    ck_assert_int_eq(ad_reserve_changes(t, NULL, 2, 1), AD_BAD_VALUE);
    expect_error(t, AD_BAD_VALUE, "reserve_changes: the 2 leaves are NULL");
    ad_reserve_changes(t, (const ad_tensor[]){x, INPUTS(1)}, 2, 1);
    expect_error(t, AD_BAD_STATE, "reserve_changes: only parameters and states are changed in place; this is neither");
    ad_tape *other = ad_tape_open(NULL);
    ad_reserve_changes(t, (const ad_tensor[]){x, ad_param(other, AD_F64, AD_SHAPE(2), NULL, "far")}, 2, 1);
    expect_error(t, AD_BAD_HANDLE, "reserve_changes: leaf 1 belongs to another tape");
    expect_ok(other);
    ad_tape_close(other);
    ad_fail(t, AD_STOPPED, "before");
    ck_assert_int_eq(ad_reserve_changes(t, &x, 1, 1), AD_STOPPED);
    expect_error(t, AD_STOPPED, "before");
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    ADD(shrinking_multiplies);
    ADD(any_number_of_threads_gives_the_same_bits);
    tcase_add_test(tests, what_is_not_shrunk);
    tcase_add_test(tests, a_shrunk_leaf_is_a_changed_one);
    tcase_add_loop_test(tests, reserved_changes_take_no_memory, 0, 2);
    tcase_add_test(tests, reservations_that_are_refused);
}

int main(void) { return run_on_one_tape("decay", add_tests); }
