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

/* The next replay computes from what was assigned, the one after it is an error. */
static void expect_frozen_from(const char *leaf, const char *source)
{
    ck_assert_int_eq(ad_status_of(t), AD_OK);
    ck_assert_int_eq(ad_replay(t), AD_OK);
    ck_assert_int_eq(ad_replay(t), AD_BAD_STATE);
    char text[200];
    snprintf(text, sizeof text, "replay: %s was assigned from %s before the last replay", leaf, source);
    expect_error_with(t, AD_BAD_STATE, text, "ad_assign it anew", "a copy of the numbers");
}

static void expect_frozen(const char *leaf, const char *result)
{
    char text[100];
    snprintf(text, sizeof text, "the result %s", result);
    expect_frozen_from(leaf, text);
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
    expect_frozen("s", "add #2004");
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
static ad_tensor make_nameless_input(void) { return ad_input(t, AD_F64, AD_SHAPE(1, 2), NULL); }
static ad_tensor make_nameless_scalar(void) { return ad_variable(t, AD_F64, AD_SCALAR, NULL); }
static const struct {
    ad_tensor (*make)(void);
    const char *text;
} leaves[] = {{make_state, "leaf"},
              {make_param, "leaf"},
              {make_input, "leaf"},
              {make_variable, "leaf"},
              {make_slot, "leaf"},
              {make_nameless, "state k1 [2]"},
              {make_nameless_input, "input #2 [1,2]"},
              {make_nameless_scalar, "variable #2"}};

START_TEST(a_leaf_of_any_kind)
{
    const ad_tensor leaf = leaves[_i].make(), next = next_of(leaf);
    ck_assert_int_eq(ad_feed(leaf, ad_shape_of(leaf), ad_f64(next)), AD_OK);
    expect_frozen(leaves[_i].text, "next");
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
    expect_error_with(t, AD_BAD_STATE, "replay: s123 was assigned from the result cos #125");
}
END_TEST

START_TEST(f32_and_i32)
{
    const ad_tensor f = ad_state(t, AD_F32, AD_SHAPE(3), NULL, "f"), i = ad_state(t, AD_I32, AD_SHAPE(2), NULL, "i");
    const ad_tensor f_next = ad_exp(f), larger = ad_greater(x, ad_cast(i, AD_F64));
    ad_assign(f, ad_f32(f_next));
    expect_frozen("f", "exp #2 [3]");
    ad_assign(f, ad_f32(f_next));
    ad_assign(i, ad_i32(larger));
    ck_assert_int_eq(ad_replay(t), AD_OK);
    ad_assign(f, ad_f32(f_next));
    ck_assert_int_eq(ad_replay(t), AD_BAD_STATE);
    expect_error_with(t, AD_BAD_STATE, "replay: i was assigned from the result greater #4 [2]");
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
        expect_frozen_from("mean", "a result that a return to a position dropped");
}
END_TEST

/* ---- From a leaf that was assigned so itself --------------------------------------------------------------------- */

static const double *of_state(ad_tensor leaf) { return ad_f64(leaf); }
static const double *of_part(ad_tensor leaf) { return ad_f64(leaf) + 1; }
static const double *of_view_of_leaf(ad_tensor leaf) { return ad_f64(ad_reshape(leaf, AD_SHAPE(3, 1))); }
static const double *of_third(ad_tensor leaf)
{
    const ad_tensor third = ad_state(t, AD_F64, AD_SHAPE(3), NULL, "third");
    ad_assign(third, ad_f64(leaf));
    ad_assign(leaf, (const double[]){0, 0, 0});
    return ad_f64(third);
}
static const double *(*const ways_on[])(ad_tensor) = {of_state, of_part, of_view_of_leaf, of_third};

static ad_tensor three_of(ad_tensor (*make)(ad_tape *, ad_type, ad_shape, const void *))
{
    return ad_name(make(t, AD_F64, AD_SHAPE(3), NULL), "between");
}

static ad_tensor make_between(int k)
{
    switch (k) {
    case 0: return ad_state(t, AD_F64, AD_SHAPE(3), NULL, "between");
    case 1: return ad_param(t, AD_F64, AD_SHAPE(3), NULL, "between");
    case 2: return three_of(ad_input);
    default: return three_of(ad_variable);
    }
}

/* The result goes to a leaf, and from there to the mean. Others are noted too. */
START_TEST(a_leaf_between)
{
    const ad_tensor other = ad_state(t, AD_F64, AD_SCALAR, NULL, "other"), between = make_between(_i % 4),
                    next = ad_name(ad_concat((const ad_tensor[]){ad_exp(m), INPUTS(4)}, 2, 0), "next");
    ad_assign(other, ad_f64(ad_sum(next)));
    ad_assign(between, ad_f64(next));
    ad_assign(m, ways_on[_i / 4](between));
    EXPECT(m, number_at(next, ways_on[_i / 4] == of_part), number_at(next, 1 + (ways_on[_i / 4] == of_part)));
    const bool is_first = ways_on[_i / 4] == of_view_of_leaf && _i % 4 > 1; /* the view reads an earlier leaf */
    expect_frozen(is_first ? "between" : "mean", "next");
}
END_TEST

START_TEST(a_scalar_between)
{
    const ad_tensor s = ad_state(t, AD_F64, AD_SCALAR, NULL, "s"),
                    between = _i ? ad_state(t, AD_F64, AD_SCALAR, NULL, NULL) : ad_variable(t, AD_F64, AD_SCALAR, NULL);
    ad_assign(between, ad_f64(ad_name(ad_cos(s), "next")));
    ad_assign(s, ad_f64(between));
    expect_frozen("s", "next");
}
END_TEST

/* One value behind: each is assigned anew after each replay. */
START_TEST(a_chain_that_goes_on)
{
    const ad_tensor before = ad_state(t, AD_F64, AD_SHAPE(2), NULL, "before"), next = ad_add(next_of(m), before);
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(ad_assign(before, ad_f64(m)), AD_OK);
        ck_assert_int_eq(ad_assign(m, ad_f64(next)), AD_OK);
        ck_assert_int_eq(ad_replay(t), AD_OK);
    }
    ad_assign(m, ad_f64(next)); /* the other is left out */
    ck_assert_int_eq(ad_replay(t), AD_BAD_STATE);
    expect_error_with(t, AD_BAD_STATE, "replay: before was assigned from the result");
}
END_TEST

/* What a leaf got from elsewhere since is no copy. */
START_TEST(a_leaf_between_that_was_changed)
{
    const ad_tensor between = ad_state(t, AD_F64, AD_SHAPE(2), NULL, "between");
    ad_assign(between, ad_f64(next_of(m)));
    ad_fill(between, 3);
    ad_assign(m, ad_f64(between));
    expect_free();
}
END_TEST

/* A leaf that nothing reads keeps a result. What is made of it later is a copy all the same. */
START_TEST(a_leaf_that_is_read_later)
{
    const ad_tensor best = ad_state(t, AD_F64, AD_SHAPE(2), NULL, "best"), next = next_of(m);
    ad_assign(best, ad_f64(next));
    expect_free();
    if (_i) {
        ad_assign(m, ad_f64(best));
        expect_frozen("mean", "next");
        return;
    }
    const ad_position position = ad_position_now(t);
    ad_square(best);
    ck_assert_int_eq(ad_replay(t), AD_BAD_STATE);
    expect_error_with(t, AD_BAD_STATE, "replay: best was assigned from the result next");
    ad_return_to(t, position, NULL, 0);
    expect_free();
    ad_exp(x); /* as many entries as before, and others */
    ad_add(best, x);
    ck_assert_int_eq(ad_replay(t), AD_BAD_STATE);
    expect_error_with(t, AD_BAD_STATE, "replay: best was assigned from the result next");
}
END_TEST

/* ---- From a result that a return to a position dropped ----------------------------------------------------------- */

/* In these ways a leaf gets numbers of what goes. */
static void assign_result(void) { ad_assign(m, ad_f64(ad_exp(m))); }
static void assign_scalar(void)
{
    const ad_tensor s = ad_kept_at(t, 1);
    ad_assign(s, ad_f64(ad_sum(ad_exp(m))));
}
static void assign_part(void) { ad_assign(m, ad_f64(ad_repeat(ad_exp(m), AD_SHAPE(3))) + 1); }
static void assign_through_a_leaf(void)
{
    const ad_tensor between = ad_input(t, AD_F64, AD_SHAPE(2), NULL);
    ad_assign(between, ad_f64(ad_exp(m)));
    ad_assign(m, ad_f64(between));
}
static void assign_from_segment(void)
{
    ad_segment_begin(t);
    const ad_tensor y = ad_exp(m);
    ad_segment_end(t, &y, 1);
    ad_assign(m, ad_f64(y));
}
static void assign_inside_twice(void)
{
    const ad_position inner = ad_position_now(t);
    assign_result();
    ad_return_to(t, inner, NULL, 0);
    ad_exp(ad_exp(x));
}
static void (*const ways_to_drop[])(void) = {assign_result,         assign_scalar,       assign_part,
                                             assign_through_a_leaf, assign_from_segment, assign_inside_twice};

START_TEST(a_result_that_was_dropped)
{
    const ad_tensor s = ad_state(t, AD_F64, AD_SCALAR, NULL, "s");
    const ad_tensor y = ad_mul(ad_add(m, s), x);
    const ad_position position = ad_position_now(t);
    ways_to_drop[_i]();
    ad_return_to(t, position, NULL, 0);
    ad_exp(y); /* others take its place */
    ad_cos(y);
    const char *leaf = ways_to_drop[_i] == assign_scalar ? "s" : "mean";
    expect_frozen_from(leaf, "a result that a return to a position dropped");
    ad_assign(_i == 1 ? s : m, (const double[]){1, 2});
    expect_free();
}
END_TEST

/* Of a position at the very beginning too; a leaf that goes itself is no matter. */
START_TEST(a_leaf_that_was_dropped)
{
    ad_reset(t);
    const ad_position position = ad_position_now(t);
    const ad_tensor v = ad_input(t, AD_F64, AD_SHAPE(2), NULL);
    const double *data = ad_f64(ad_exp(v));
    ad_assign(_i ? m : v, data);
    ad_return_to(t, position, NULL, 0);
    ad_square(m);
    if (_i)
        expect_frozen_from("mean", "a result that a return to a position dropped");
    else
        expect_free();
}
END_TEST

/* ---- From a gradient that ad_backward did not record ------------------------------------------------------------- */

static const double *of_param(void)
{
    const ad_tensor w = ad_param(t, AD_F64, AD_SHAPE(2), (const double[]){1, 1}, "w");
    ad_backward(ad_sum(ad_mul(ad_square(w), m)));
    return ad_f64(ad_gradient(w));
}

static const double *of_last_step(void)
{
    const double *data = of_param();
    ad_reset(t);
    ad_square(m);
    return data;
}

static const double *of_variable(void)
{
    const ad_tensor w = ad_variable(t, AD_F64, AD_SHAPE(2), (const double[]){1, 1});
    ad_backward(ad_sum(ad_mul(ad_square(w), m)));
    return ad_f64(ad_gradient(w));
}

static const double *of_inner_tensor(void)
{
    const ad_tensor w = ad_variable(t, AD_F64, AD_SHAPE(2), (const double[]){1, 1}), y = ad_mul(w, m);
    ad_backward_with(ad_sum(ad_square(y)), &(ad_backward_options){.keep = true});
    return ad_f64(ad_gradient(y));
}

static const double *of_large_gradient(void) /* a storage with a block of its own */
{
    const ad_tensor w = ad_variable(t, AD_F64, AD_SHAPE(1000, 2), NULL);
    ad_backward(ad_sum(ad_square(ad_add(w, m))));
    return ad_f64(ad_gradient(w)) + 1500;
}

static const double *beside_a_segment(void)
{
    ad_segment_begin(t);
    ad_tensor y = ad_exp(ad_square(m));
    ad_segment_end(t, &y, 1);
    return of_param();
}

static const double *through_a_leaf(void)
{
    const ad_tensor between = ad_input(t, AD_F64, AD_SHAPE(2), NULL);
    ad_assign(between, of_param());
    return ad_f64(between);
}

static const double *(*const gradients[])(void) = {of_param,          of_last_step,     of_variable,   of_inner_tensor,
                                                   of_large_gradient, beside_a_segment, through_a_leaf};

START_TEST(a_gradient_that_was_not_recorded)
{
    const double *data = gradients[_i]();
    ad_assign(m, data);
    expect_frozen_from("mean", "a gradient that ad_backward did not record");
    ad_assign(m, (const double[]){1, 2});
    expect_free();
}
END_TEST

START_TEST(a_scalar_gradient)
{
    const ad_tensor s = ad_state(t, _i ? AD_F32 : AD_F64, AD_SCALAR, NULL, "s"),
                    w = ad_variable(t, _i ? AD_F32 : AD_F64, AD_SCALAR, NULL);
    ad_tensor y = ad_mul(ad_exp(w), s);
    ad_backward(y);
    ad_assign(s, ad_data(ad_gradient(w)));
    expect_frozen_from("s", "a gradient that ad_backward did not record");
}
END_TEST

/* After each replay and backward it is assigned anew. */
START_TEST(a_gradient_that_is_assigned_anew)
{
    const ad_tensor w = ad_param(t, AD_F64, AD_SHAPE(2), (const double[]){1, 1}, "w"),
                    y = ad_sum(ad_mul(ad_square(w), m));
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(ad_backward(y), AD_OK);
        ck_assert_int_eq(ad_assign(m, ad_f64(ad_gradient(w))), AD_OK);
        ck_assert_int_eq(ad_replay(t), AD_OK);
    }
    EXPECT(m, 32, 64);
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
    const ad_tensor view = ad_reshape(x, AD_SHAPE(2, 1));
    ad_sum(ad_mul(next, ad_square(other)));
    ad_assign(m, ad_f64(other));
    ad_assign(other, ad_data(view)); /* of a leaf */
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
    tcase_add_loop_test(tests, a_leaf_between, 0, 4 * COUNT(ways_on));
    tcase_add_loop_test(tests, a_scalar_between, 0, 2);
    tcase_add_test(tests, a_chain_that_goes_on);
    tcase_add_test(tests, a_leaf_between_that_was_changed);
    tcase_add_loop_test(tests, a_leaf_that_is_read_later, 0, 2);
    tcase_add_loop_test(tests, a_result_that_was_dropped, 0, COUNT(ways_to_drop));
    tcase_add_loop_test(tests, a_leaf_that_was_dropped, 0, 2);
    tcase_add_loop_test(tests, a_gradient_that_was_not_recorded, 0, COUNT(gradients));
    tcase_add_loop_test(tests, a_scalar_gradient, 0, 2);
    tcase_add_test(tests, a_gradient_that_is_assigned_anew);
    tcase_add_test(tests, a_leaf_that_nothing_reads);
    tcase_add_test(tests, data_that_is_no_results);
    tcase_add_test(tests, a_failed_call_changes_nothing);
    tcase_add_test(tests, a_replay_that_failed_is_tried_again);
    tcase_add_test(tests, no_memory_for_the_note);
    suite_add_tcase(suite, tests);
    return run_suites(srunner_create(suite));
}
