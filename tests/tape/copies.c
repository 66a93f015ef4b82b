/* Leaves that the program assigned from a result: a replay that would leave them as they are is an error. */
#include <stdio.h>
#include <string.h>

#include "../support/one_tape.h"

static ad_tensor m, x;

static void open_with_mean(void)
{
    open_tape();
    m = ad_state(t, AD_F64, AD_SHAPE(2), (const double[]){1, 2}, "mean");
    x = ad_input(t, AD_F64, AD_SHAPE(2), (const double[]){3, 5});
}

/* 0.5 m + x */
static ad_tensor next_of(ad_tensor mean) { return ad_name(ad_add(ad_scale(mean, 0.5), x), "next"); }

static void expect_frozen(const char *leaf, const char *result)
{
    ck_assert_int_eq(ad_status_of(t), AD_OK);
    ck_assert_int_eq(ad_replay(t), AD_OK); /* it computes from what was assigned */
    ck_assert_int_eq(ad_replay(t), AD_BAD_STATE);
    char text[200];
    snprintf(text, sizeof text, "replay: %s was assigned from the result %s before the last replay", leaf, result);
    expect_error_with(t, AD_BAD_STATE, text, "ad_assign it anew", "a copy of the numbers");
}

static void expect_free(void)
{
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(ad_replay(t), AD_OK);
    expect_ok(t);
}

/* ---- Results of each kind ---------------------------------------------------------------------------------------- */

static const double *of_add(void) { return ad_f64(next_of(m)); }
static const double *of_view(void) { return ad_data(ad_name(ad_reshape(next_of(m), AD_SHAPE(2, 1)), "view")); }
static const double *of_detached(void) { return ad_f64(ad_detach(next_of(m))); }

/* A part of a larger result. */
static const double *of_row(void)
{
    return ad_f64(ad_name(ad_stack((const ad_tensor[]){x, next_of(m), x}, 3, 0), "next")) + 2;
}

static const double *of_output_of_segment(void)
{
    ad_segment_begin(t);
    const ad_tensor next = next_of(m);
    ad_segment_end(t, &next, 1);
    return ad_f64(next);
}

static const double *of_large_output_of_segment(void) /* a storage with a block of its own */
{
    ad_segment_begin(t);
    const ad_tensor next = ad_name(ad_repeat(next_of(m), AD_SHAPE(1000)), "next");
    ad_segment_end(t, &next, 1);
    return ad_f64(next) + 1000;
}

static const double *of_open_segment(void)
{
    ad_segment_begin(t);
    return ad_f64(next_of(m));
}

static const double *of_second_result(void)
{
    ad_tensor vectors;
    ad_eigh(ad_add(ad_reshape(m, AD_SHAPE(2, 1)), ad_reshape(m, AD_SHAPE(1, 2))), &vectors);
    return ad_f64(ad_name(vectors, "next")) + 2;
}

static const double *of_gradient(void) /* one that is recorded */
{
    const ad_tensor w = ad_variable(t, AD_F64, AD_SHAPE(2), (const double[]){1, 1});
    ad_tensor dw;
    ad_grad(ad_sum(ad_mul(ad_square(w), m)), &w, 1, &dw);
    return ad_f64(ad_name(dw, "next"));
}

static const double *(*const results[])(void) = {
    of_add, of_row, of_output_of_segment, of_large_output_of_segment, of_second_result, of_gradient, of_open_segment,
};

START_TEST(a_result_of_any_kind)
{
    const double *data = results[_i]();
    ck_assert_int_eq(ad_assign(m, data), AD_OK);
    const bool is_open = results[_i] == of_open_segment;
    if (is_open)
        ad_segment_end(t, NULL, 0);
    expect_frozen("mean", "next");
    if (is_open) /* the result is dropped */
        return;
    ck_assert_int_eq(ad_assign(m, data), AD_OK);
    ck_assert_int_eq(ad_replay(t), AD_OK);
}
END_TEST

/* Views show what their origin computed. */
START_TEST(a_view_of_a_result)
{
    ad_assign(m, _i ? of_detached() : of_view());
    ck_assert_int_eq(ad_replay(t), AD_OK);
    ck_assert_int_eq(ad_replay(t), AD_BAD_STATE);
    expect_error_with(t, AD_BAD_STATE, "replay: mean was assigned from the result");
}
END_TEST

/* A scalar's number lies in its entry. */
START_TEST(a_scalar)
{
    const ad_tensor s = ad_state(t, AD_F64, AD_SCALAR, NULL, "s");
    for (int i = 0; i < 2000; i++) /* the result is in a later chunk */
        ad_square(s);
    const ad_tensor next = ad_add(ad_scale(s, 0.9), ad_mean(x));
    ad_assign(s, ad_f64(next));
    expect_frozen("s", "add");
    ad_assign(s, ad_f64(next));
    ck_assert_int_eq(ad_replay(t), AD_OK);
    ck_assert_double_eq_tol(ad_item(next), 4 + 0.9 * (4 + 0.9 * 4), 1e-14);
}
END_TEST

/* ---- Leaves of each kind ----------------------------------------------------------------------------------------- */

static ad_tensor make_state(void) { return ad_state(t, AD_F64, AD_SHAPE(2), NULL, "leaf"); }
static ad_tensor make_param(void) { return ad_param(t, AD_F64, AD_SHAPE(2), NULL, "leaf"); }
static ad_tensor make_input(void) { return ad_name(ad_input(t, AD_F64, AD_SHAPE(2), NULL), "leaf"); }
static ad_tensor make_variable(void) { return ad_name(ad_variable(t, AD_F64, AD_SHAPE(2), NULL), "leaf"); }
static ad_tensor make_slot(void) { return ad_name(ad_slot(m, "Slot", 0), "leaf"); }
static ad_tensor make_nameless(void) { return ad_state(t, AD_F64, AD_SHAPE(2), NULL, NULL); }
static ad_tensor (*const leaves[])(void) = {make_state,    make_param, make_input,
                                            make_variable, make_slot,  make_nameless};

START_TEST(a_leaf_of_any_kind)
{
    const ad_tensor leaf = leaves[_i](), next = next_of(leaf);
    ck_assert_int_eq(ad_feed(leaf, AD_SHAPE(2), ad_f64(next)), AD_OK);
    expect_frozen(leaves[_i] == make_nameless ? "a leaf" : "leaf", "next");
}
END_TEST

enum { MANY = 300 };

START_TEST(many_leaves)
{
    ad_tensor leaf[MANY], next[MANY];
    char name[16];
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "s%d", i);
        leaf[i] = ad_state(t, AD_F64, i % 2 ? AD_SCALAR : AD_SHAPE(3), NULL, name);
    }
    for (int i = 0; i < MANY; i++)
        next[i] = ad_cos(leaf[i]);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < MANY; i++) { /* in no order; in the last round one is left out */
            const int k = i * 7 % MANY;
            if (round < 2 || k != 123)
                ad_assign(leaf[k], ad_f64(next[k]));
        }
        if (round < 2)
            ck_assert_int_eq(ad_replay(t), AD_OK);
    }
    ck_assert_int_eq(ad_replay(t), AD_BAD_STATE);
    expect_error_with(t, AD_BAD_STATE, "replay: s123 was assigned from the result cos");
}
END_TEST

START_TEST(f32_and_i32)
{
    const ad_tensor f = ad_state(t, AD_F32, AD_SHAPE(3), NULL, "f"), i = ad_state(t, AD_I32, AD_SHAPE(2), NULL, "i");
    const ad_tensor f_next = ad_exp(f), larger = ad_greater(x, ad_cast(i, AD_F64));
    ad_assign(f, ad_f32(f_next));
    expect_frozen("f", "exp");
    ad_assign(f, ad_f32(f_next));
    ad_assign(i, ad_i32(larger));
    ck_assert_int_eq(ad_replay(t), AD_OK);
    ad_assign(f, ad_f32(f_next));
    ck_assert_int_eq(ad_replay(t), AD_BAD_STATE);
    expect_error_with(t, AD_BAD_STATE, "replay: i was assigned from the result greater");
}
END_TEST

/* ---- What is no error -------------------------------------------------------------------------------------------- */

START_TEST(assigned_anew_after_each_replay)
{
    const ad_tensor next = next_of(m);
    double mean[2] = {1, 2};
    for (int step = 0; step < 50; step++) {
        const double at[2] = {step, -step};
        ck_assert_int_eq(ad_assign(m, ad_f64(next)), AD_OK);
        for (int i = 0; i < 2; i++)
            mean[i] = number_at(next, (size_t)i);
        EXPECT(m, mean[0], mean[1]);
        ad_assign(x, at);
        ck_assert_int_eq(ad_replay(t), AD_OK);
        EXPECT_CLOSE(next, 0.5 * mean[0] + at[0], 0.5 * mean[1] + at[1]);
    }
    expect_ok(t);
}
END_TEST

static void keep(void) { ad_assign(m, (const double[]){7, 8}); }
static void fill(void) { ad_fill(m, 3); }
static void draw(void) { ad_fill_uniform(m, (const double[]){0, 1}, 1, 2); }

static void copy(void)
{
    double own[2];
    memcpy(own, ad_data(m), sizeof own);
    ad_assign(m, own);
}

static void reset(void)
{
    ad_reset(t);
    x = ad_input(t, AD_F64, AD_SHAPE(2), (const double[]){3, 5});
    next_of(m);
}
static void (*const changes[])(void) = {keep, fill, draw, copy, reset};

START_TEST(a_later_change_from_elsewhere)
{
    ad_assign(m, ad_f64(next_of(m)));
    if (_i % 2)
        ck_assert_int_eq(ad_replay(t), AD_OK);
    changes[_i / 2]();
    expect_free();
}
END_TEST

START_TEST(a_return_to_a_position)
{
    const ad_tensor early = next_of(m);
    const ad_position position = ad_position_now(t);
    const ad_tensor late = next_of(early);
    ad_assign(m, _i ? ad_f64(early) : ad_f64(late));
    ad_return_to(t, position, NULL, 0);
    if (_i)
        expect_frozen("mean", "next");
    else
        expect_free(); /* the result is gone */
}
END_TEST

/* The best so far, for instance: the recording does not read it. */
START_TEST(a_leaf_that_nothing_reads)
{
    const ad_tensor best = ad_state(t, AD_F64, AD_SHAPE(2), NULL, "best"), next = next_of(m);
    ad_assign(best, ad_f64(next));
    expect_free();
    ad_assign(best, ad_f64(next)); /* and one that something reads, among several */
    ad_assign(m, ad_f64(next));
    expect_frozen("mean", "next");
}
END_TEST

START_TEST(data_that_is_no_results)
{
    const ad_tensor other = ad_state(t, AD_F64, AD_SHAPE(2), (const double[]){4, 4}, "other"), next = next_of(m);
    ad_tensor view = ad_reshape(x, AD_SHAPE(2, 1)), y = ad_sum(ad_mul(next, ad_square(other)));
    ad_assign(m, ad_f64(other));
    ad_assign(other, ad_data(view)); /* of a leaf */
    expect_free();
    const ad_tensor w = ad_param(t, AD_F64, AD_SHAPE(2), NULL, "w");
    y = ad_add(y, ad_sum(ad_mul(w, m)));
    ad_backward(y);
    ad_assign(m, ad_f64(ad_gradient(w)));
    expect_free();
}
END_TEST

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

START_TEST(a_failed_call_changes_nothing)
{
    ad_assign(m, ad_f64(next_of(m)));
    ad_matmul(m, ad_input(t, AD_F64, AD_SHAPE(3, 3), NULL));
    ck_assert_int_eq(ad_clear_error(t), AD_BAD_SHAPE);
    const ad_position position = ad_position_now(t);
    next_of(x);
    ad_return_to(t, position, NULL, 0);
    expect_frozen("mean", "next");
}
END_TEST

START_TEST(a_replay_that_failed_is_tried_again)
{
    const ad_tensor k = ad_input(t, AD_I32, AD_SHAPE(1), (const int32_t[]){1}), next = next_of(m);
    ad_gather_rows(next, k);
    ad_assign(m, ad_f64(next));
    ad_assign(k, (const int32_t[]){9});
    ck_assert_int_ne(ad_replay(t), AD_OK);
    ad_clear_error(t);
    ad_assign(k, (const int32_t[]){0});
    expect_frozen("mean", "next");
}
END_TEST

START_TEST(no_memory_for_the_note)
{
    const ad_tensor next = next_of(m);
    const uint32_t version = ad_version_of(m);
    counting_fail(&memory, 1, COUNTING_FOR_GOOD);
    ck_assert_int_eq(ad_assign(m, ad_f64(next)), AD_NO_MEMORY);
    counting_heal(&memory);
    ad_clear_error(t);
    EXPECT(m, 1, 2);
    ck_assert_uint_eq(ad_version_of(m), version);
    ad_assign(m, ad_f64(next));
    expect_frozen("mean", "next");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("copies");
    TCase *tests = tcase_create("copies");
    tcase_add_checked_fixture(tests, open_with_mean, close_tape);
    tcase_add_loop_test(tests, a_result_of_any_kind, 0, COUNT(results));
    tcase_add_loop_test(tests, a_view_of_a_result, 0, 2);
    tcase_add_test(tests, a_scalar);
    tcase_add_loop_test(tests, a_leaf_of_any_kind, 0, COUNT(leaves));
    tcase_add_test(tests, many_leaves);
    tcase_add_test(tests, f32_and_i32);
    tcase_add_test(tests, assigned_anew_after_each_replay);
    tcase_add_loop_test(tests, a_later_change_from_elsewhere, 0, 2 * COUNT(changes));
    tcase_add_loop_test(tests, a_return_to_a_position, 0, 2);
    tcase_add_test(tests, a_leaf_that_nothing_reads);
    tcase_add_test(tests, data_that_is_no_results);
    tcase_add_test(tests, a_failed_call_changes_nothing);
    tcase_add_test(tests, a_replay_that_failed_is_tried_again);
    tcase_add_test(tests, no_memory_for_the_note);
    suite_add_tcase(suite, tests);
    return run_suites(srunner_create(suite));
}
