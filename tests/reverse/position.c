/* Positions: returning to them, carrying values out, and calculations inside the kernels and rules of operators. */
#include <math.h>
#include <string.h>

#include "../support/one_tape.h"
#include "../support/operators_of_tests.h"

static const char not_of_this_recording[] =
    "return_to: the position is used up: the tape was reset, or returned to it or to an outer one";

static ad_tensor scalar(double value) { return ad_input(t, AD_F64, AD_SCALAR, &value); }

static void go_back(ad_position position) { ck_assert_int_eq(ad_return_to(t, position, NULL, 0), AD_OK); }

/* ---- Going back -------------------------------------------------------------------------------------------------- */

START_TEST(what_came_since_is_forgotten)
{
    const ad_tensor x = some_input(t, AD_F64, AD_SHAPE(3), 1), y = ad_exp(x);
    const size_t before = ad_entry_count(t);
    const ad_position position = ad_position_now(t);
    const ad_tensor z = ad_tanh(y), w = some_param(t, AD_F64, AD_SHAPE(3), 2, "w");
    go_back(position);
    ck_assert_uint_eq(ad_entry_count(t), before);
    ck_assert(!ad_data(z));
    expect_error(t, AD_BAD_HANDLE,
                 "data: its operand is stale: its tape was reset, or returned to a position, since it was made: make "
                 "it again, or let it survive (ad_return_to)");
    const ad_tensor other = ad_neg(y); /* in the place of z */
    ck_assert(!ad_data(z));
    ad_clear_error(t);
    ck_assert_double_eq(number_at(other, 2), -exp(number_at(x, 2)));
    ck_assert_double_eq(number_at(w, 0), number_at(ad_kept_at(t, 0), 0));
    expect_ok(t);
}
END_TEST

START_TEST(values_are_carried_out)
{
    const ad_tensor x = some_input(t, AD_F64, AD_SHAPE(3), 1), w = some_param(t, AD_F64, AD_SHAPE(2), 2, "w");
    const ad_position position = ad_position_now(t);
    const ad_tensor z = ad_exp(x);
    ad_tensor keep[] = {ad_sum(z), x, z, w, z, ad_reshape(z, AD_SHAPE(1, 3)), ad_greater(x, x), ad_cast(x, AD_F32)};
    ck_assert_int_eq(ad_return_to(t, position, keep, COUNT(keep)), AD_OK);
    ck_assert_double_eq(ad_item(keep[0]), ad_item(ad_sum(ad_exp(x))));
    ck_assert(keep[1].id == x.id && keep[1].generation == x.generation && keep[3].id == w.id);
    for (size_t i = 0; i < 3; i++) {
        ck_assert_double_eq(number_at(keep[2], i), exp(number_at(x, i)));
        ck_assert_double_eq(number_at(keep[5], i), number_at(keep[4], i));
        ck_assert_double_eq(number_at(keep[7], i), (double)(float)number_at(x, i));
    }
    ck_assert_int_eq(ad_shape_of(keep[5]).rank, 2);
    ck_assert_int_eq(ad_type_of(keep[6]), AD_I32);
    ck_assert_str_eq(ad_made_by(keep[2]), "return_to");
    ad_tensor dx;
    ad_grad(ad_sum(keep[2]), &x, 1, &dx); /* a constant */
    ck_assert_double_eq(number_at(dx, 0), 0);
    expect_ok(t);
}
END_TEST

START_TEST(positions_nest)
{
    const ad_tensor x = scalar(2);
    const ad_position outer = ad_position_now(t);
    ad_tensor y = ad_square(x);
    for (int i = 0; i < 3; i++) {
        const ad_position inner = ad_position_now(t);
        ad_tensor z = ad_scale(y, 2);
        ck_assert_int_eq(ad_return_to(t, inner, &z, 1), AD_OK);
        y = ad_shift(z, 1);
    }
    ck_assert_int_eq(ad_return_to(t, outer, &y, 1), AD_OK);
    ck_assert_double_eq(ad_item(y), ((4 * 2 + 1) * 2 + 1) * 2 + 1);
    ck_assert_uint_eq(ad_entry_count(t), 2);
}
END_TEST

START_TEST(a_position_is_used_once)
{
    const ad_position empty = ad_position_now(t);
    const ad_tensor x = scalar(2);
    const ad_position first = ad_position_now(t);
    ad_tensor y = ad_square(x);
    const ad_position second = ad_position_now(t);
    y = ad_exp(y);
    go_back(first);
    for (int i = 0; i < 5; i++)
        y = ad_exp(x); /* in the places of what the second position was for */
    ck_assert_int_eq(ad_return_to(t, second, &y, 1), AD_BAD_STATE);
    ck_assert(ad_is_inert(y));
    expect_error(t, AD_BAD_STATE, not_of_this_recording);
    ck_assert_int_eq(ad_return_to(t, first, NULL, 0), AD_BAD_STATE);
    expect_error(t, AD_BAD_STATE, not_of_this_recording);
    ck_assert_uint_eq(ad_entry_count(t), 6);
    go_back(empty);
    ck_assert_uint_eq(ad_entry_count(t), 0);
}
END_TEST

START_TEST(a_position_ends_with_its_recording)
{
    const ad_position before = ad_position_now(t);
    ad_reset(t);
    ad_return_to(t, before, NULL, 0);
    expect_error(t, AD_BAD_STATE, not_of_this_recording);
    ad_return_to(t, (ad_position){0}, NULL, 0);
    expect_error(t, AD_BAD_STATE, not_of_this_recording);
    ck_assert_int_eq(ad_return_to(NULL, before, NULL, 0), AD_BAD_HANDLE);
    ck_assert_ptr_null(ad_position_now(NULL).tape);
}
END_TEST

START_TEST(a_tape_in_error_returns_too)
{
    const ad_tensor x = scalar(2);
    const ad_position position = ad_position_now(t);
    ad_tensor y = ad_square(x);
    ad_fail(t, AD_BAD_VALUE, "the test's");
    const ad_position none = ad_position_now(t);
    ck_assert_int_eq(ad_return_to(t, none, NULL, 0), AD_BAD_VALUE);
    ck_assert_int_eq(ad_return_to(t, position, &y, 1), AD_BAD_VALUE);
    ck_assert(ad_is_inert(y));
    ck_assert_uint_eq(ad_entry_count(t), 1);
    expect_error(t, AD_BAD_VALUE, "the test's");
    ck_assert_double_eq(ad_item(ad_square(x)), 4);
}
END_TEST

START_TEST(errors_of_what_to_keep)
{
    const ad_tensor x = scalar(2);
    const ad_position position = ad_position_now(t);
    ad_tensor many[9];
    for (int i = 0; i < 9; i++)
        many[i] = ad_exp(x);
    ck_assert_int_eq(ad_return_to(t, position, many, 9), AD_BAD_VALUE);
    for (int i = 0; i < 9; i++)
        ck_assert(ad_is_inert(many[i]));
    expect_error(t, AD_BAD_VALUE, "return_to: 9 tensors are to survive: there can be 0 to 8");
    ck_assert_int_eq(ad_return_to(t, ad_position_now(t), NULL, -1), AD_BAD_VALUE);
    expect_error(t, AD_BAD_VALUE, "return_to: -1 tensors are to survive: there can be 0 to 8");
    ck_assert_uint_eq(ad_entry_count(t), 1);
    ad_return_to(t, ad_position_now(t), NULL, 1);
    expect_error(t, AD_BAD_VALUE, "return_to: the tensors that are to survive are NULL");
    ad_return_to(t, ad_position_now(t), many, 1);
    expect_error(t, AD_BAD_HANDLE,
                 "return_to: what is to survive: its operand is inert: it was never made, or came from a call that "
                 "failed");
}
END_TEST

/* ---- What stays -------------------------------------------------------------------------------------------------- */

static const ad_backward_options ways[] = {{.keep = true}, {.keep = true, .differentiable = true}};

START_TEST(gradients_of_older_tensors_stay)
{
    const ad_tensor w = some_param(t, AD_F64, AD_SHAPE(3), 1, "w"),
                    v = ad_variable(t, AD_F64, AD_SHAPE(3), some_numbers(2, 3, -1, 1)), h = ad_mul(w, v);
    const ad_position position = ad_position_now(t);
    const ad_tensor loss = ad_sum(ad_square(h));
    ck_assert_int_eq(ad_backward_with(loss, &ways[_i]), AD_OK);
    snapshot before[3];
    const ad_tensor x[] = {w, v, h};
    for (int i = 0; i < 3; i++)
        before[i] = snapshot_of(ad_gradient(x[i]));
    go_back(position);
    const ad_tensor other = some_input(t, AD_F64, AD_SHAPE(40, 40), 3); /* over what was there */
    for (int i = 0; i < 3; i++)
        expect_unchanged(ad_gradient(x[i]), before[i]);
    ck_assert_uint_eq(ad_size_of(other), 1600);
    ck_assert_int_eq(ad_backward(ad_sum(h)), AD_OK);
    ck_assert_double_eq(number_at(ad_gradient(w), 0), number_at(v, 0));
}
END_TEST

/* A seed that is newer than the position is the whole gradient of what it was given for. */
START_TEST(a_gradient_does_not_share_what_goes)
{
    const ad_tensor v = ad_variable(t, AD_F64, AD_SHAPE(3), some_numbers(2, 3, -1, 1));
    const ad_position position = ad_position_now(t);
    const ad_tensor seed = ad_scale(some_input(t, AD_F64, AD_SHAPE(3), 4), 2);
    ck_assert_int_eq(ad_backward_with(v, &(ad_backward_options){.seed = seed}), AD_OK);
    const snapshot before = snapshot_of(ad_gradient(v));
    go_back(position);
    some_input(t, AD_F64, AD_SHAPE(40, 40), 3);
    expect_unchanged(ad_gradient(v), before);
    const ad_tensor changing = some_input(t, AD_F64, AD_SHAPE(3), 5);
    ck_assert_int_eq(ad_backward_with(v, &(ad_backward_options){.seed = changing}), AD_OK);
    const snapshot again = snapshot_of(ad_gradient(v));
    ad_assign(changing, (const double[]){7, 8, 9});
    expect_unchanged(ad_gradient(v), again);
}
END_TEST

START_TEST(a_name_of_an_older_tensor_stays)
{
    const ad_tensor x = scalar(1), y = ad_exp(x);
    const ad_position position = ad_position_now(t);
    ad_name(y, "the exponential");
    go_back(position);
    char other[200];
    memset(other, '#', sizeof other - 1);
    other[sizeof other - 1] = 0;
    for (int i = 0; i < 10; i++)
        ad_name(scalar(i), other);
    ck_assert_str_eq(ad_name_of(y), "the exponential");
}
END_TEST

/* A change of a leaf is older than all that is recorded after going back, and a leaf that went is forgotten. */
START_TEST(changes_of_leaves_go_back_too)
{
    const ad_tensor w = some_param(t, AD_F64, AD_SCALAR, 1, "w");
    const ad_tensor before = ad_square(w), two = scalar(2);
    const ad_position position = ad_position_now(t);
    ad_tensor y = ad_square(before);
    for (int i = 0; i < 20; i++)
        y = ad_exp(ad_scale(y, 0.1));
    const ad_tensor inner = scalar(1);
    ad_fill(w, 3);
    ad_assign(inner, &(double){4});
    go_back(position);
    const ad_tensor anew = ad_mul(ad_square(w), two);
    ck_assert_int_eq(ad_backward(anew), AD_OK);
    ck_assert_double_eq(ad_item(ad_gradient(w)), 12);
    ck_assert_int_eq(ad_backward(before), AD_BAD_STATE);
    ck_assert_ptr_nonnull(strstr(ad_message(t), "square: w was changed in place after it was read: its version was 0"));
    ad_clear_error(t);
    ad_tensor sums[30];
    for (int i = 0; i < 30; i++)
        sums[i] = ad_add(two, w); /* in the places of what went */
    ck_assert_int_eq(ad_replay(t), AD_OK);
    for (int i = 0; i < 30; i++)
        ck_assert_double_eq(ad_item(sums[i]), 5);
}
END_TEST

START_TEST(memory_does_not_grow)
{
    const ad_tensor w = some_param(t, AD_F64, AD_SHAPE(20, 20), 1, "w"), x = some_input(t, AD_F64, AD_SHAPE(5, 20), 2);
    size_t bytes = 0, allocations = 0;
    for (int round = 0; round < 1000; round++) {
        const ad_position outer = ad_position_now(t), position = ad_position_now(t);
        const ad_tensor loss = ad_mean(ad_square(ad_tanh(ad_matmul(x, w))));
        ad_tensor dw, both[2];
        ck_assert_int_eq(ad_grad(loss, &w, 1, &dw), AD_OK);
        ad_backward_with(loss, &(ad_backward_options){.differentiable = round % 2});
        both[0] = ad_sum(dw);
        both[1] = dw;
        ad_fill(w, 0.01 * round);
        ck_assert_int_eq(ad_return_to(t, position, both, round % 3), AD_OK);
        go_back(outer);
        if (round == 20) {
            bytes = ad_usage_of(t).peak_bytes;
            allocations = ad_usage_of(t).allocations;
        }
    }
    ck_assert_uint_eq(ad_usage_of(t).peak_bytes, bytes);
    /* What is asked for at each call and given back: the path and the map of a derivative. */
    ck_assert_uint_le(ad_usage_of(t).allocations - allocations, 2 * 979);
}
END_TEST

/* ---- Many that are open ------------------------------------------------------------------------------------------ */

/* So many that looking at all for each would take longer than this suite may. */
enum { OPEN = 100000 };

/* Each has something recorded since the one before, a parameter with a gradient around them, and a scope of its own. */
static ad_position open_many(void)
{
    const ad_tensor w = ad_param(t, AD_F64, AD_SCALAR, &(double){3}, "w");
    ck_assert_int_eq(ad_backward(ad_square(w)), AD_OK);
    const ad_position first = ad_position_now(t);
    for (int i = 1; i < OPEN; i++) {
        ad_scope_begin(t, "inner");
        ad_neg(w);
        ad_position_now(t);
    }
    return first;
}

static void expect_none_open(size_t entries)
{
    ck_assert_uint_eq(ad_entry_count(t), entries);
    ck_assert_uint_eq(ad_scope_count(t), 0);
    ck_assert_double_eq(ad_item(ad_gradient(ad_kept_at(t, 0))), 6);
    expect_ok(t);
}

START_TEST(many_positions_are_reset)
{
    open_many();
    ad_reset(t);
    expect_none_open(0);
}
END_TEST

START_TEST(many_positions_are_returned_from)
{
    const ad_position first = open_many();
    ad_tensor y = ad_square(ad_kept_at(t, 0));
    ck_assert_int_eq(ad_return_to(t, first, &y, 1), AD_OK);
    ck_assert_double_eq(ad_item(y), 9);
    expect_none_open(2);
    ck_assert_int_eq(ad_return_to(t, first, NULL, 0), AD_BAD_STATE);
    expect_error(t, AD_BAD_STATE, not_of_this_recording);
}
END_TEST

START_TEST(many_positions_are_returned_to_one_by_one)
{
    static ad_position positions[OPEN];
    for (int i = 0; i < OPEN; i++) {
        positions[i] = ad_position_now(t);
        scalar(i);
    }
    for (int i = OPEN - 1; i >= 0; i--) {
        ad_tensor y = scalar(i);
        ck_assert_int_eq(ad_return_to(t, positions[i], &y, i % 2), AD_OK);
    }
    ck_assert_uint_eq(ad_entry_count(t), 0);
}
END_TEST

/* What is called where many positions are open takes no longer than elsewhere. */
START_TEST(work_inside_many_positions)
{
    open_many();
    const ad_tensor w = ad_kept_at(t, 0);
    for (int i = 0; i < OPEN; i++) {
        ad_tensor y = ad_scale(w, 2);
        const ad_position inner = ad_position_now(t);
        y = ad_square(y);
        ck_assert_int_eq(ad_return_to(t, inner, &y, 1), AD_OK);
        ad_assign(w, &(double){i});
    }
    expect_ok(t);
}
END_TEST

START_TEST(derivatives_inside_many_positions)
{
    for (int i = 0; i < OPEN; i++)
        ad_position_now(t);
    const ad_tensor x = scalar(3);
    for (int i = 0; i < OPEN / 4; i++) {
        const ad_position inner = ad_position_now(t);
        ad_tensor dx;
        ck_assert_int_eq(ad_grad(ad_square(x), &x, 1, &dx), AD_OK);
        ck_assert_double_eq(ad_item(dx), 6);
        go_back(inner);
    }
}
END_TEST

START_TEST(positions_that_are_used_up_inside_many)
{
    open_many();
    for (int i = 0; i < OPEN; i++) {
        const ad_position inner = ad_position_now(t);
        go_back(inner);
        ck_assert_int_eq(ad_return_to(t, inner, NULL, 0), AD_BAD_STATE);
        ad_clear_error(t);
    }
    expect_ok(t);
}
END_TEST

/* ---- Inside operators -------------------------------------------------------------------------------------------- */

static double least(double x, double *z)
{
    *z = x / 2;
    for (int i = 0; i < 50; i++)
        *z -= (2 * (*z - x) + *z * *z * *z) / (2 + 3 * *z * *z);
    return (*z - x) * (*z - x) + *z * *z * *z * *z / 4;
}

START_TEST(a_gradient_inside_a_kernel_and_a_rule)
{
    const ad_tensor x = ad_param(t, AD_F64, AD_SHAPE(2), (const double[]){2, 9}, "x");
    const ad_tensor r = root_by_newton(x), y = least_by_envelope(x);
    ck_assert_double_eq_tol(number_at(r, 0), sqrt(2), 1e-9);
    ck_assert_double_eq_tol(number_at(r, 1), 3, 1e-6);
    ck_assert_uint_eq(ad_entry_count(t), 3); /* and the by-product */
    ck_assert_int_eq(ad_backward(ad_sum(r)), AD_OK);
    ck_assert_double_eq_tol(number_at(ad_gradient(x), 0), 0.5 / sqrt(2), 1e-9);
    ck_assert_int_eq(ad_backward(ad_sum(ad_scale(y, 2))), AD_OK);
    for (size_t i = 0; i < 2; i++) {
        double z;
        ck_assert_double_eq_tol(number_at(y, i), least(number_at(x, i), &z), 1e-9);
        ck_assert_double_eq_tol(number_at(ad_gradient(x), i), -4 * (z - number_at(x, i)), 1e-9);
    }
}
END_TEST

static ad_tensor checked(ad_tape *tape, void *context)
{
    (void)context;
    const ad_tensor x = ad_kept_at(tape, 0), w = ad_kept_at(tape, 1);
    const ad_tensor y = root_by_newton(ad_add(ad_mul(x, w), x)), z = least_by_envelope(ad_mul(y, w));
    return ad_sum(ad_mul(root_by_newton(z), ad_exp(w)));
}

START_TEST(operators_with_positions_in_a_chain)
{
    ad_gradcheck_result results[2];
    ad_param(t, AD_F64, AD_SHAPE(3), (const double[]){1.5, 2, 2.5}, "x");
    ad_param(t, AD_F64, AD_SHAPE(3), (const double[]){0.7, 1.1, 0.9}, "w");
    ck_assert_int_eq(ad_gradcheck(t, checked, NULL, NULL, results), AD_OK);
    for (int i = 0; i < 2; i++)
        ck_assert_msg(results[i].verdict == AD_GRADIENT_RIGHT, "%s: %.3g", results[i].name, results[i].error);
}
END_TEST

/* A sweep inside a sweep: all ways give what ad_backward gives. */
START_TEST(all_ways_through_operators_with_positions)
{
    const ad_tensor x[] = {ad_param(t, AD_F64, AD_SHAPE(3), (const double[]){1.5, 2, 2.5}, "x"),
                           ad_param(t, AD_F64, AD_SHAPE(3), (const double[]){0.7, 1.1, 0.9}, "w")};
    const ad_tensor loss = checked(t, NULL);
    ad_tensor dx[2];
    expect_ways_agree(loss, x, 2, dx);
    expect_ok(t);
}
END_TEST

/* What a rule carried out of a position depends on its operands, but the tape does not know how. */
START_TEST(twice_through_a_position_is_an_error)
{
    static const char twice[] = "newton_root: its rule carried a value out of a position (ad_return_to), so its "
                                "gradient cannot be differentiated";
    const ad_tensor x = ad_param(t, AD_F64, AD_SHAPE(2), (const double[]){2, 3}, "x"), y = root_by_newton(x);
    ad_tensor dx;
    ck_assert_int_eq(ad_hvp(ad_sum(y), &x, &x, 1, &dx), AD_BAD_STATE);
    expect_error(t, AD_BAD_STATE, twice);
    ck_assert(ad_is_inert(ad_jvp(y, &x, &x, 1)));
    expect_error(t, AD_BAD_STATE, twice);
    ck_assert_int_eq(ad_backward_with(ad_sum(y), &(ad_backward_options){.differentiable = true}), AD_OK);
    ck_assert_int_eq(ad_backward(ad_sum(ad_gradient(x))), AD_BAD_STATE);
    expect_error(t, AD_BAD_STATE, twice);
    expect_values(ad_jacobian(y, x), (const double[]){0.5 / sqrt(2), 0, 0, 0.5 / sqrt(3)}, 1e-9);
    ck_assert_int_eq(ad_grad(ad_sum(y), &x, 1, &dx), AD_OK);
    ad_fill(x, 4);
    ck_assert_int_eq(ad_replay(t), AD_BAD_STATE);
    expect_error(t, AD_BAD_STATE,
                 "newton_root: its rule carried a value out of a position (ad_return_to), which cannot be computed "
                 "again: record anew");
}
END_TEST

START_TEST(replay_runs_kernels_with_positions)
{
    const ad_tensor x = ad_param(t, AD_F64, AD_SHAPE(1), (const double[]){2}, "x");
    const ad_tensor y = ad_mul(root_by_newton(x), ad_exp(x));
    ad_fill(x, 3);
    ck_assert_int_eq(ad_replay(t), AD_OK);
    ck_assert_double_eq_tol(number_at(y, 0), sqrt(3) * exp(3), 1e-8);
    ck_assert_uint_eq(ad_entry_count(t), 3);
    ck_assert_int_eq(ad_backward(ad_sum(y)), AD_OK);
    ck_assert_double_eq_tol(number_at(ad_gradient(x), 0), (0.5 / sqrt(3) + sqrt(3)) * exp(3), 1e-7);
}
END_TEST

START_TEST(kernels_with_positions_in_a_segment)
{
    const ad_tensor x = ad_param(t, AD_F64, AD_SHAPE(2), (const double[]){2, 3}, "x");
    ad_tensor y = x;
    ck_assert_int_eq(ad_segment_begin(t), AD_OK);
    for (int i = 0; i < 2; i++)
        y = ad_scale(root_by_newton(ad_exp(y)), 0.5);
    ck_assert_int_eq(ad_segment_end(t, &y, 1), AD_OK);
    ck_assert_int_eq(ad_backward(ad_sum(y)), AD_OK);
    const snapshot with = snapshot_of(ad_gradient(x));
    y = x;
    for (int i = 0; i < 2; i++)
        y = ad_scale(root_by_newton(ad_exp(y)), 0.5);
    ck_assert_int_eq(ad_backward(ad_sum(y)), AD_OK);
    expect_unchanged(ad_gradient(x), with);
}
END_TEST

/* A functional sweep sets gradients aside: returning to a position inside it does not lose them. */
START_TEST(stored_gradients_outlive_positions_in_a_sweep)
{
    const ad_tensor x = ad_variable(t, AD_F64, AD_SHAPE(2), (const double[]){2, 3}), y = ad_sum(root_by_newton(x));
    ad_tensor dx;
    ck_assert_int_eq(ad_backward_with(y, &(ad_backward_options){.keep = true}), AD_OK);
    const snapshot before = snapshot_of(ad_gradient(x));
    ck_assert_int_eq(ad_grad(y, &x, 1, &dx), AD_OK);
    ck_assert_int_eq(ad_backward_with(y, &(ad_backward_options){.keep = true}), AD_OK);
    expect_unchanged(ad_gradient(x), before);
    ck_assert_int_eq(ad_backward_with(y, &(ad_backward_options){.accumulate = true}), AD_OK);
    ck_assert_double_eq_tol(number_at(ad_gradient(x), 0), 1 / sqrt(2), 1e-12);
}
END_TEST

START_TEST(a_position_of_another_tape)
{
    ad_tape *other = ad_tape_open(NULL);
    ad_input(t, AD_F64, AD_SHAPE(2), NULL);
    ad_input(other, AD_F64, AD_SHAPE(2), NULL);
    const ad_position position = ad_position_now(other);
    const ad_tensor x = scalar(3);
    ck_assert_int_eq(ad_return_to(t, position, NULL, 0), AD_BAD_HANDLE);
    expect_error(t, AD_BAD_HANDLE, "return_to: the position belongs to another tape");
    ad_tape_close(other);
    ck_assert_double_eq(ad_item(ad_square(x)), 9);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("position");
    TCase *tests = tcase_create("position");
    tcase_add_checked_fixture(tests, open_tape, close_tape);
    tcase_add_test(tests, what_came_since_is_forgotten);
    tcase_add_test(tests, values_are_carried_out);
    tcase_add_test(tests, positions_nest);
    tcase_add_test(tests, a_position_is_used_once);
    tcase_add_test(tests, a_position_ends_with_its_recording);
    tcase_add_test(tests, a_tape_in_error_returns_too);
    tcase_add_test(tests, errors_of_what_to_keep);
    tcase_add_loop_test(tests, gradients_of_older_tensors_stay, 0, COUNT(ways));
    tcase_add_test(tests, a_gradient_does_not_share_what_goes);
    tcase_add_test(tests, a_name_of_an_older_tensor_stays);
    tcase_add_test(tests, changes_of_leaves_go_back_too);
    tcase_add_test(tests, memory_does_not_grow);
    tcase_add_test(tests, many_positions_are_reset);
    tcase_add_test(tests, many_positions_are_returned_from);
    tcase_add_test(tests, many_positions_are_returned_to_one_by_one);
    tcase_add_test(tests, work_inside_many_positions);
    tcase_add_test(tests, derivatives_inside_many_positions);
    tcase_add_test(tests, positions_that_are_used_up_inside_many);
    tcase_add_test(tests, a_gradient_inside_a_kernel_and_a_rule);
    tcase_add_test(tests, operators_with_positions_in_a_chain);
    tcase_add_test(tests, all_ways_through_operators_with_positions);
    tcase_add_test(tests, twice_through_a_position_is_an_error);
    tcase_add_test(tests, replay_runs_kernels_with_positions);
    tcase_add_test(tests, kernels_with_positions_in_a_segment);
    tcase_add_test(tests, stored_gradients_outlive_positions_in_a_sweep);
    tcase_add_test(tests, a_position_of_another_tape);
    suite_add_tcase(suite, tests);
    return run_suites(srunner_create(suite));
}
