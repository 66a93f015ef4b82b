/* Watching: switching it, what is kept and how long, changes of leaves, and memory. */
#include <math.h>

#include "../support/one_tape.h"
#include "../support/parts.h"

static size_t n_parts(void) { return ad_part_count(t, AD_BAND_BACKWARD); }

static void go_back(ad_tensor y) { ck_assert_int_eq(ad_backward(y), AD_OK); }

/* ---- The switch -------------------------------------------------------------------------------------------------- */

START_TEST(on_and_off)
{
    const ad_tensor x = PARAMS("x", 1, 2), y = ad_sum(x);
    ck_assert(!ad_is_watched(t) && !ad_is_watched(NULL));
    ck_assert_int_eq(ad_watch(NULL, AD_ON), AD_BAD_HANDLE);
    ck_assert_int_eq(ad_watch(t, AD_OFF), AD_OK);
    go_back(y);
    ck_assert_uint_eq(n_parts(), 0);
    ck_assert_int_eq(ad_watch(t, AD_ON), AD_OK);
    ck_assert(ad_is_watched(t));
    ck_assert_uint_eq(n_parts(), 0); /* not of the sweep before */
    go_back(y);
    ck_assert_uint_eq(n_parts(), 2);
    ad_watch(t, AD_OFF);
    ck_assert_uint_eq(n_parts(), 2); /* still there */
    go_back(y);
    ck_assert_uint_eq(n_parts(), 0);
    ad_watch(t, AD_ON);
    go_back(y);
    ad_watch(t, AD_ON);
    ck_assert_uint_eq(n_parts(), 0);
    go_back(y);
    ad_reset(t);
    ck_assert_uint_eq(n_parts(), 0);
    ck_assert(ad_is_watched(t));
}
END_TEST

/* What was kept can be read while the tape is in error, and the switch stays. */
START_TEST(on_a_tape_in_error)
{
    const ad_tensor x = PARAMS("x", 1, 2);
    ad_watch(t, AD_ON);
    go_back(ad_sum(x));
    ck_assert(ad_is_inert(ad_matmul(x, ad_zeros(t, AD_F64, AD_SHAPE(7, 7)))));
    const ad_status status = ad_status_of(t);
    ck_assert_int_eq(ad_watch(t, AD_OFF), status);
    ck_assert(ad_is_watched(t));
    ck_assert_uint_eq(n_parts(), 2);
    ck_assert_uint_eq(ad_part_at(t, AD_BAND_BACKWARD, 1)->of.id, x.id);
    ck_assert_int_eq(ad_clear_error(t), status);
}
END_TEST

START_TEST(at_a_position)
{
    const ad_tensor x = PARAMS("x", 1, 2), y = ad_sum(x);
    const ad_position position = ad_position_now(t);
    ck_assert_int_eq(ad_watch(t, AD_ON), AD_OK);
    go_back(ad_square(y));
    ck_assert_uint_eq(n_parts(), 3);
    ad_return_to(t, position, NULL, 0);
    ck_assert(ad_is_watched(t));
    ck_assert_uint_eq(n_parts(), 1); /* sum gave it to x */
    const ad_part *part = ad_part_at(t, AD_BAND_BACKWARD, 0);
    ck_assert_uint_eq(part->of.id, x.id);
    ck_assert_uint_eq(part->from.id, y.id);
    ck_assert_double_eq(*(const double *)part->upstream->data, 6);
}
END_TEST

/* ---- Changes of leaves ------------------------------------------------------------------------------------------- */

static const ad_leaf_change *change(size_t i)
{
    const ad_leaf_change *c = ad_leaf_change_at(t, i);
    ck_assert_ptr_nonnull(c);
    return c;
}

START_TEST(changes_of_leaves)
{
    const double before[] = {1, 2}, lent[] = {5, 6};
    const ad_tensor x = ad_param(t, AD_F64, AD_SHAPE(2), before, "x"), a = ad_slot(x, "a", 0.5);
    const ad_tensor v = ad_variable(t, AD_F64, AD_SHAPE(2), before), b = ad_borrow(t, AD_F64, AD_SHAPE(2), lent);
    const ad_tensor y = ad_sum(ad_mul(ad_mul(x, v), b));
    ad_watch(t, AD_ON);
    go_back(y);
    ad_descend(x, 0.1);
    ad_descend_adagrad(x, a, 0.1);
    ad_assign(v, lent);
    ad_touch(b);
    expect_ok(t);
    ck_assert_uint_eq(ad_leaf_change_count(t), 4); /* nobody knows what the borrowed one was */
    ck_assert_str_eq(change(0)->by, "descend");
    ck_assert_uint_eq(change(0)->leaf.id, x.id);
    ck_assert_double_eq(((const double *)change(0)->before.data)[1], 2);
    ck_assert_double_eq(change(0)->before.norm, sqrt(5));
    ck_assert_str_eq(change(1)->by, "descend_adagrad");
    ck_assert_uint_eq(change(2)->leaf.id, a.id);
    ck_assert_double_eq(((const double *)change(2)->before.data)[0], 0.5);
    ck_assert_str_eq(change(3)->by, "assign");
    ck_assert_ptr_null(ad_leaf_change_at(t, 4));
    ck_assert_ptr_null(ad_leaf_change_at(NULL, 0));
    ad_replay(t);
    go_back(y);
    ck_assert_uint_eq(ad_leaf_change_count(t), 0);
    ad_watch(t, AD_OFF);
    ad_descend(x, 0.1);
    ck_assert_uint_eq(ad_leaf_change_count(t), 0);
}
END_TEST

/* Steps that only replay take no more and more memory. */
START_TEST(a_replay_begins_anew)
{
    const ad_tensor x = PARAMS("x", 1, 2), y = ad_sum(x);
    ad_watch(t, AD_ON);
    size_t bytes = 0;
    for (int i = 0; i < 200; i++) {
        ad_fill(x, i);
        ck_assert_uint_eq(ad_leaf_change_count(t), 1);
        ck_assert_int_eq(ad_replay(t), AD_OK);
        ck_assert_uint_eq(ad_leaf_change_count(t), 0);
        bytes = i == 1 ? ad_usage_of(t).bytes : bytes;
    }
    ck_assert_uint_eq(ad_usage_of(t).bytes, bytes);
    ck_assert_double_eq(ad_item(y), 2 * 199);
}
END_TEST

START_TEST(changes_of_leaves_that_go)
{
    const ad_tensor x = PARAMS("x", 1, 2);
    ad_watch(t, AD_ON);
    ad_assign(x, (const double[]){3, 4});
    const ad_position position = ad_position_now(t);
    const ad_tensor v = ad_variable(t, AD_F64, AD_SCALAR, NULL);
    ad_assign(v, (const double[]){1});
    ad_assign(x, (const double[]){5, 6});
    ck_assert_uint_eq(ad_leaf_change_count(t), 3);
    ad_return_to(t, position, NULL, 0);
    ck_assert_uint_eq(ad_leaf_change_count(t), 2);
    ck_assert_double_eq(*(const double *)change(1)->before.data, 3);
    ad_reset(t);
    ck_assert_uint_eq(ad_leaf_change_count(t), 0);
}
END_TEST

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

static ad_tensor W, b;

static double weights[80 * 60]; /* more than is copied */

static void open_layer(void)
{
    fill_with_some(weights, COUNT(weights), 1);
    W = ad_param(t, AD_F64, AD_SHAPE(80, 60), weights, "W");
    b = some_param(t, AD_F64, AD_SHAPE(60), 2, "b");
}

static void step(uint64_t stream)
{
    const ad_tensor x = some_input(t, AD_F64, AD_SHAPE(5, 80), stream);
    const ad_tensor h = ad_tanh(ad_add(ad_matmul(x, W), b)), loss = ad_mean(ad_square(h));
    ad_tensor dx;
    ad_backward(loss);
    if (ad_status_of(t) == AD_OK)
        expect_parts_of_all(t);
    ad_grad(loss, &b, 1, &dx);
    ad_descend(W, 0.1);
    ad_descend(b, 0.1);
    ad_reset(t);
}

/* A watched step holds what the largest step took. */
START_TEST(nothing_is_allocated_from_the_second_step_on)
{
    open_layer();
    ad_watch(t, AD_ON);
    step(0);
    const size_t calls = memory.calls, bytes = memory.bytes;
    for (uint64_t i = 1; i < 50; i++)
        step(i);
    expect_ok(t);
    ck_assert_uint_eq(memory.calls, calls);
    ck_assert_uint_eq(memory.bytes, bytes);
}
END_TEST

/* A watched step whose k-th allocation fails is in error, gives back all at close, and can be run again. */
START_TEST(every_allocation_fails_in_turn)
{
    size_t k = 1, refused = 0;
    for (bool done = false; !done; k++) {
        close_tape();
        open_tape();
        open_layer();
        counting_fail(&memory, k, _i ? COUNTING_FOR_GOOD : COUNTING_ONCE);
        ad_watch(t, AD_ON);
        step(0);
        const ad_status status = ad_status_of(t);
        done = memory.refused == refused;
        refused = memory.refused = 0;
        ck_assert_int_eq(status, done ? AD_OK : AD_NO_MEMORY);
        counting_heal(&memory);
        ad_clear_error(t);
        ad_watch(t, AD_ON);
        step(1);
        expect_ok(t);
    }
    ck_assert_uint_gt(k, 10);
}
END_TEST

/* So is one that fails in the middle of a step: the gradients that there are stay right. */
START_TEST(memory_is_out_in_a_watched_sweep)
{
    open_layer();
    ad_watch(t, AD_ON);
    for (size_t k = 1; k < 12; k++) {
        const ad_tensor loss = ad_sum(ad_square(ad_param(t, AD_F64, AD_SHAPE((int64_t)(4 * k), 100), weights, "p")));
        counting_fail(&memory, k, COUNTING_ONCE);
        const ad_status status = ad_backward(loss);
        ck_assert(status == AD_OK || status == AD_NO_MEMORY);
        counting_heal(&memory);
        ad_clear_error(t);
        go_back(loss);
        expect_parts_of_all(t);
    }
}
END_TEST

START_TEST(changes_without_memory)
{
    const ad_tensor x = PARAMS("x", 1, 2);
    ad_watch(t, AD_ON);
    counting_fail(&memory, 1, COUNTING_FOR_GOOD);
    ck_assert_int_eq(ad_assign(x, (const double[]){3, 4}), AD_NO_MEMORY);
    counting_heal(&memory);
    ad_clear_error(t);
    EXPECT(x, 1, 2); /* it was not changed */
    ck_assert_uint_eq(ad_leaf_change_count(t), 0);
    ck_assert_int_eq(ad_assign(x, (const double[]){3, 4}), AD_OK);
    ck_assert_uint_eq(ad_leaf_change_count(t), 1);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, on_and_off);
    tcase_add_test(tests, on_a_tape_in_error);
    tcase_add_test(tests, at_a_position);
    tcase_add_test(tests, changes_of_leaves);
    tcase_add_test(tests, a_replay_begins_anew);
    tcase_add_test(tests, changes_of_leaves_that_go);
    tcase_add_test(tests, nothing_is_allocated_from_the_second_step_on);
    tcase_add_loop_test(tests, every_allocation_fails_in_turn, 0, 2);
    tcase_add_test(tests, memory_is_out_in_a_watched_sweep);
    tcase_add_test(tests, changes_without_memory);
}

int main(void) { return run_on_one_tape("watch", add_tests); }
