/* Replay: the same bits as recording anew, and being told when a recording no longer fits. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/one_tape.h"
#include "../support/operators_of_tests.h"

/* ---- Programs ---------------------------------------------------------------------------------------------------- */

enum { LEAVES = 3, RESULTS = 4 };

/* Of w [4,3], x [5,4] and a scalar s. Writes what is to be compared, and returns how many. */
typedef int program(const ad_tensor *x, ad_tensor *y);

static int network(const ad_tensor *x, ad_tensor *y)
{
    y[0] = ad_tanh(ad_add(ad_matmul(x[1], x[0]), x[2]));
    y[1] = ad_softmax(y[0], 1);
    y[2] = ad_logsumexp(ad_mul(y[0], y[1]));
    y[3] = ad_mean(ad_square(y[2]));
    return 4;
}

static int views(const ad_tensor *x, ad_tensor *y)
{
    y[0] = ad_reshape(x[0], AD_SHAPE(2, 6));
    y[1] = ad_transpose(ad_reshape(ad_detach(x[1]), AD_SHAPE(4, 5)));
    y[2] = ad_mul(ad_reshape(x[2], AD_SHAPE(1, 1)), y[0]);
    y[3] = ad_add(ad_reshape(ad_sum_over(y[2], AD_KEEP_AXES(0, 1)), AD_SCALAR), ad_detach(x[2]));
    return 4;
}

static int scalars(const ad_tensor *x, ad_tensor *y)
{
    const ad_tensor one = ad_reshape(x[2], AD_SHAPE(1)), again = ad_reshape(one, AD_SHAPE(1, 1, 1));
    y[0] = x[2];
    for (int i = 0; i < 20; i++)
        y[0] = ad_sub(ad_tanh(ad_add(ad_mul(y[0], x[2]), x[2])), x[2]);
    y[1] = again;
    y[2] = ad_reshape(again, AD_SCALAR);
    y[3] = ad_exp(ad_mul(y[2], ad_detach(ad_reshape(x[2], AD_SCALAR))));
    return 4;
}

/* Calls on scalars that have an attribute or three operands, that are in a segment, or are no loop over numbers. */
static int scalar_calls(const ad_tensor *x, ad_tensor *y)
{
    const ad_tensor h = ad_shift(ad_scale(ad_huber(x[2], ad_exp(x[2]), 0.3), 1.5), 2);
    y[0] = ad_mul(cube_in_numbers(h), ad_sum(x[0]));
    y[1] = ad_apply3(ad_operator_named("mul_add"), h, ad_tanh(h), ad_name(ad_clamp(h, 0.1, 2.05), "clamped"));
    y[2] = ad_where(ad_greater(x[2], ad_scale(x[2], -1)), ad_neg(y[1]), ad_mul(y[1], ad_elu(x[2])));
    ad_segment_begin(t);
    y[3] = ad_leaky_relu(ad_div(ad_logsumexp(x[1]), ad_shift(ad_square(y[2]), 1)), 0.2);
    ad_segment_end(t, &y[3], 1);
    return 4;
}

static int segments(const ad_tensor *x, ad_tensor *y)
{
    ad_segment_begin(t);
    y[0] = ad_exp(ad_neg(ad_square(ad_matmul(x[1], x[0]))));
    y[1] = ad_reshape(ad_logistic(y[0]), AD_SHAPE(15));
    ad_segment_end(t, &y[1], 1);
    ad_segment_begin(t);
    y[0] = ad_softplus(ad_mul(y[1], ad_tanh(x[2])));
    ad_segment_end(t, y, 1);
    return 2;
}

static int gradients(const ad_tensor *x, ad_tensor *y)
{
    const ad_tensor h = ad_mean(ad_square(ad_tanh(ad_add(ad_matmul(x[1], x[0]), x[2]))));
    ad_grad(h, x, 2, y);
    y[2] = ad_sum(ad_square(y[0]));
    ad_grad(y[2], &x[2], 1, &y[3]);
    return 4;
}

static int products(const ad_tensor *x, ad_tensor *y)
{
    const ad_tensor h = ad_logsumexp(ad_mul(ad_matmul(x[1], x[0]), x[2]));
    y[0] = ad_jvp(ad_matmul(x[1], x[0]), x, x, 2);
    ad_hvp(h, x, x, 2, y + 1);
    y[3] = ad_hessian(h, x[2]);
    return 4;
}

static program *const programs[] = {network, views, scalars, scalar_calls, segments, gradients, products};

/* ---- The same bits ----------------------------------------------------------------------------------------------- */

static const ad_shape shapes[LEAVES] = {{2, {4, 3}}, {2, {5, 4}}, {0, {0}}};
static const size_t sizes[LEAVES] = {12, 20, 1};

/* The i-th leaf in a round: a parameter, an input, a variable. */
static const void *data_of(int i, int round, ad_type type)
{
    static float narrow[LEAVES][20];
    const double *wide = some_numbers((uint64_t)(10 * round + i), sizes[i], -1, 1);
    for (size_t k = 0; type == AD_F32 && k < sizes[i]; k++)
        narrow[i][k] = (float)wide[k];
    return type == AD_F32 ? (const void *)narrow[i] : wide;
}

static void enter(ad_tape *tape, ad_type type, int round, ad_tensor x[LEAVES])
{
    x[0] = ad_param(tape, type, shapes[0], data_of(0, round, type), "w");
    x[1] = ad_input(tape, type, shapes[1], data_of(1, round, type));
    x[2] = ad_variable(tape, type, shapes[2], data_of(2, round, type));
}

static void change(ad_type type, int round, const ad_tensor x[LEAVES])
{
    for (int i = 0; i < LEAVES; i++) {
        const bool feed = (round + i) % 2;
        const void *data = data_of(i, round, type);
        ck_assert_int_eq(feed ? ad_feed(x[i], shapes[i], data) : ad_assign(x[i], data), AD_OK);
    }
}

/* Gradients of the sum of all results, too, where they depend on w. */
static void compare_gradients(const ad_tensor *x, const ad_tensor *y, const ad_tensor *anew_x, const ad_tensor *anew)
{
    ck_assert_int_eq(ad_backward(ad_sum(y[0])), AD_OK);
    ck_assert_int_eq(ad_backward(ad_sum(anew[0])), AD_OK);
    for (int i = 0; i < LEAVES; i++)
        if (i != 1 && ad_has_gradient(anew_x[i]))
            expect_same_bits(ad_gradient(x[i]), ad_gradient(anew_x[i]));
}

static void compare_round(program *p, ad_type type, int round, const ad_tensor x[LEAVES], const ad_tensor y[RESULTS])
{
    ad_tape *mine = t;
    ad_tensor anew_x[LEAVES], anew[RESULTS];
    change(type, round, x);
    const ad_position position = ad_position_now(t);
    ck_assert_int_eq(ad_replay(t), AD_OK);
    t = ad_tape_open(NULL);
    enter(t, type, round, anew_x);
    const int n = p(anew_x, anew);
    for (int i = 0; i < n; i++)
        if (p != segments || i != 1)
            expect_same_bits(y[i], anew[i]);
    compare_gradients(x, y, anew_x, anew);
    ad_tape_close(t);
    t = mine;
    ck_assert_int_eq(ad_return_to(t, position, NULL, 0), AD_OK);
}

START_TEST(replays_give_the_bits_of_recording_anew)
{
    const ad_type type = _i % 2 ? AD_F32 : AD_F64;
    ad_tensor x[LEAVES], y[RESULTS];
    enter(t, type, 0, x);
    programs[_i / 2](x, y);
    expect_ok(t);
    for (int round = 1; round < 6; round++)
        compare_round(programs[_i / 2], type, round, x, y);
}
END_TEST

/* ---- Training ---------------------------------------------------------------------------------------------------- */

enum { STEPS = 50 };

static ad_tensor loss_of(const ad_tensor *p, ad_tensor x, ad_tensor labels)
{
    const ad_tensor h = ad_relu(ad_add(ad_matmul(x, p[0]), p[1]));
    return ad_mean(ad_softmax_cross_entropy(ad_matmul(h, p[2]), labels));
}

static void make_parameters(ad_tensor p[3])
{
    p[0] = some_param(t, AD_F32, AD_SHAPE(6, 16), 1, "w1");
    p[1] = some_param(t, AD_F32, AD_SHAPE(16), 2, "b1");
    p[2] = some_param(t, AD_F32, AD_SHAPE(16, 4), 3, "w2");
}

static void batch(int step, float x[8 * 6], int32_t labels[8])
{
    for (int i = 0; i < 8 * 6; i++)
        x[i] = (float)ad_random_uniform(3, (uint64_t)step, (uint64_t)i);
    for (int i = 0; i < 8; i++)
        labels[i] = x[6 * i] > 0.5F;
}

static void update(ad_tensor p[3])
{
    for (int i = 0; i < 3; i++)
        i == 1 ? ad_descend(p[i], 0.1) : ad_descend_adagrad(p[i], ad_slot(p[i], "Adagrad", 0.1), 0.05);
}

static void train(bool replaying, double losses[STEPS], snapshot weights[3])
{
    float x[8 * 6];
    int32_t labels[8];
    ad_tensor p[3], in = {0}, of = {0}, loss = {0};
    size_t allocations = 0;
    close_tape();
    open_tape();
    make_parameters(p);
    for (int step = 0; step < STEPS; step++) {
        batch(step, x, labels);
        if (replaying && step) {
            ad_feed(in, AD_SHAPE(8, 6), x);
            ad_assign(of, labels);
            ck_assert_int_eq(ad_replay(t), AD_OK);
        } else {
            ad_reset(t);
            in = ad_input(t, AD_F32, AD_SHAPE(8, 6), x);
            of = ad_input(t, AD_I32, AD_SHAPE(8), labels);
            loss = loss_of(p, in, of);
        }
        ck_assert_int_eq(ad_backward(loss), AD_OK);
        losses[step] = ad_item(loss);
        update(p);
        if (step == 2)
            allocations = ad_usage_of(t).allocations;
    }
    ck_assert_uint_eq(ad_usage_of(t).allocations, allocations);
    for (int i = 0; i < 3; i++)
        weights[i] = snapshot_of(p[i]);
}

START_TEST(training_by_replay_is_training)
{
    double losses[2][STEPS];
    snapshot weights[2][3];
    train(false, losses[0], weights[0]);
    train(true, losses[1], weights[1]);
    ck_assert(!memcmp(losses[0], losses[1], sizeof losses[0]));
    ck_assert_double_lt(losses[0][STEPS - 1], losses[0][0]);
    for (int i = 0; i < 3; i++) {
        ck_assert(!memcmp(weights[0][i].data, weights[1][i].data, weights[0][i].bytes));
        free(weights[0][i].data);
        free(weights[1][i].data);
    }
}
END_TEST

/* ---- Leaves of another shape, and gradients ---------------------------------------------------------------------- */

/* A leaf that was fed another shape has changed the recording for good, also if it is fed the recorded one again. */
START_TEST(a_shape_that_changed_stays_so_until_reset)
{
    const double three[] = {1, 2, 3};
    const ad_tensor w = ad_param(t, AD_F64, AD_SHAPE(2), three, "w");
    const ad_tensor x = ad_name(ad_input(t, AD_F64, AD_SHAPE(2), three), "x"),
                    z = ad_input(t, AD_F64, AD_SHAPE(2), three);
    const ad_tensor y = ad_sum(ad_mul(x, w));
    ad_replay_report report;
    ck_assert_int_eq(ad_feed(x, AD_SHAPE(3), three), AD_CHANGED);
    ck_assert_int_eq(ad_feed(x, AD_SHAPE(2), three + 1), AD_OK);
    ck_assert_int_eq(ad_feed(z, AD_SHAPE(4), three), AD_CHANGED);
    ck_assert_int_eq(ad_replay_with(t, NULL, &report), AD_CHANGED);
    ck_assert_str_eq(report.reason, "the shape of x was [2] when recorded and is [3] now"); /* the first */
    ad_backward(y);
    expect_error(t, AD_BAD_STATE, "backward: the recording does not fit any more: ad_reset and record anew");
    ad_reset(t);
    ck_assert_int_eq(ad_replay(t), AD_OK);
    ck_assert_int_eq(ad_backward(ad_sum(w)), AD_OK);
}
END_TEST

/* A parameter's gradient is what backward left, also where it is recorded, and goes on to be added to. */
START_TEST(recorded_gradients_of_parameters_stay)
{
    const ad_tensor w = ad_param(t, AD_F64, AD_SHAPE(2), (const double[]){2, 3}, "w"), y = ad_sum(ad_square(w));
    ck_assert_int_eq(ad_backward_with(y, &(ad_backward_options){.differentiable = true}), AD_OK);
    ad_assign(w, (const double[]){20, 30});
    ck_assert_int_eq(ad_replay(t), AD_OK);
    expect_values(ad_gradient(w), (const double[]){4, 6}, 0);
    ck_assert_int_eq(ad_backward_with(y, &(ad_backward_options){.accumulate = true}), AD_OK);
    expect_values(ad_gradient(w), (const double[]){44, 66}, 0);
}
END_TEST

/* ---- What cannot be computed again ------------------------------------------------------------------------------- */

static ad_tensor kept(ad_tensor x)
{
    const ad_position position = ad_position_now(t);
    ad_tensor dx, y = ad_mul(x, ad_square(x));
    ad_grad(y, &x, 1, &dx);
    ad_return_to(t, position, &dx, 1);
    return dx;
}
static ad_tensor kept_in_a_segment(ad_tensor x)
{
    const ad_position position = ad_position_now(t);
    ad_tensor keep = ad_broadcast_to(ad_square(x), AD_SHAPE(2, 2));
    ad_segment_begin(t);
    ad_return_to(t, position, &keep, 1);
    ad_segment_begin(t);
    ad_tensor y = ad_exp(ad_neg(keep));
    ad_segment_end(t, &y, 1);
    return ad_sum(y);
}
static ad_tensor an_unrecorded_gradient(ad_tensor x)
{
    ad_backward(ad_square(x));
    return ad_scale(ad_gradient(x), 2);
}
static ad_tensor a_vjp_of_one(ad_tensor x)
{
    ad_tensor dx;
    ad_backward(ad_square(x));
    ad_vjp(ad_exp(x), ad_gradient(x), &x, 1, &dx);
    return dx;
}
static ad_tensor a_seed_of_one(ad_tensor x)
{
    ad_backward(ad_square(x));
    ad_backward_with(ad_exp(x), &(ad_backward_options){.seed = ad_gradient(x), .differentiable = true});
    return ad_gradient(x);
}

static const char survived[] =
    "replay: return_to #2 survived a return to a position, so it cannot be computed again: record anew";
static const char survived_late[] =
    "replay: return_to #2 [2,2] survived a return to a position, so it cannot be computed again: record anew";
#define NOT_RECORDED                                                                                                   \
    " was not recorded by ad_backward, so it cannot be computed again: give ad_backward_with .differentiable = true, " \
    "or take ad_grad"

static const struct {
    ad_tensor (*of)(ad_tensor x);
    const char *message;
} only_once[] = {{kept, survived},
                 {kept_in_a_segment, survived_late},
                 {an_unrecorded_gradient, "replay: gradient #3" NOT_RECORDED},
                 {a_vjp_of_one, "replay: gradient #4" NOT_RECORDED},
                 {a_seed_of_one, "replay: gradient #4" NOT_RECORDED}};

START_TEST(what_cannot_be_computed_again_is_an_error)
{
    const ad_tensor x = ad_variable(t, AD_F64, AD_SCALAR, &(double){2});
    const ad_position position = ad_position_now(t);
    const ad_tensor y = ad_mul(x, ad_detach(only_once[_i].of(x)));
    ck_assert_int_eq(ad_backward(y), AD_OK); /* until then it is a constant as others */
    ad_assign(x, &(double){3});
    ck_assert_int_eq(ad_replay(t), AD_BAD_STATE);
    expect_error(t, AD_BAD_STATE, only_once[_i].message);
    ad_return_to(t, position, NULL, 0);
    const ad_tensor z = ad_square(x);
    ck_assert_int_eq(ad_replay(t), AD_OK);
    ck_assert_double_eq(ad_item(z), 9);
}
END_TEST

/* A gradient that is only a seed of numbers is no part of the recording. */
START_TEST(seeding_by_a_gradient_hinders_no_replay)
{
    const ad_tensor x = ad_variable(t, AD_F64, AD_SHAPE(2), (const double[]){1, 2}), y = ad_exp(x);
    const size_t before = ad_entry_count(t);
    size_t allocations = 0;
    for (int round = 0; round < 10; round++) {
        ck_assert_int_eq(ad_backward_with(y, &(ad_backward_options){.seed = x}), AD_OK);
        ck_assert_int_eq(ad_backward_with(y, &(ad_backward_options){.seed = ad_gradient(x)}), AD_OK);
        ck_assert_double_eq_tol(number_at(ad_gradient(x), 1), number_at(x, 1) * exp(2 * number_at(x, 1)), 1e-9);
        ck_assert_int_eq(ad_replay(t), AD_OK);
        allocations = round == 2 ? ad_usage_of(t).allocations : allocations;
    }
    ck_assert_uint_eq(ad_entry_count(t), before);
    ck_assert_uint_eq(ad_usage_of(t).allocations, allocations);
}
END_TEST

/* ---- Feeding ----------------------------------------------------------------------------------------------------- */

START_TEST(feeding_another_shape)
{
    const double values[] = {1, 2, 3, 4};
    const ad_tensor x = ad_name(ad_input(t, AD_F64, AD_SHAPE(2, 2), values), "x"), y = ad_sum(x);
    const ad_tensor borrowed = ad_borrow(t, AD_F64, AD_SHAPE(2), values);
    ad_replay_report report;
    ck_assert_int_eq(ad_feed(x, AD_SHAPE(2, 2), (const double[]){5, 6, 7, 8}), AD_OK);
    ck_assert_int_eq(ad_replay(t), AD_OK);
    ck_assert_double_eq(ad_item(y), 26);
    ck_assert_int_eq(ad_feed(_i ? borrowed : x, AD_SHAPE(3, 1), values), AD_CHANGED);
    ck_assert_double_eq(number_at(x, 0), 5);
    ck_assert_int_eq(ad_backward(ad_sum(ad_variable(t, AD_F64, AD_SCALAR, NULL))), AD_BAD_STATE);
    expect_error(t, AD_BAD_STATE, "backward: the recording does not fit any more: ad_reset and record anew");
    ck_assert_int_eq(ad_replay_with(t, NULL, &report), AD_CHANGED);
    ck_assert_str_eq(report.reason, _i ? "the shape of an input was [2] when recorded and is [3,1] now"
                                       : "the shape of x was [2,2] when recorded and is [3,1] now");
}
END_TEST

START_TEST(errors_of_feeding)
{
    const ad_tensor w = some_param(t, AD_F64, AD_SHAPE(2), 1, "w"), y = ad_exp(w);
    ad_feed(w, AD_SHAPE(3), (const double[]){1, 2, 3});
    expect_error(t, AD_BAD_SHAPE, "feed: [2] of a parameter, a state or a result cannot become [3]");
    ad_feed(y, AD_SHAPE(3), (const double[]){1, 2, 3});
    expect_error(t, AD_BAD_SHAPE, "feed: [2] of a parameter, a state or a result cannot become [3]");
    ad_feed(y, AD_SHAPE(2), (const double[]){1, 2});
    expect_error(t, AD_BAD_STATE, "assign: only leaves are changed in place; this is none");
    ad_feed(w, AD_SHAPE(2), NULL);
    expect_error(t, AD_BAD_VALUE, "assign: the data for w is NULL");
    ad_feed(w, AD_SHAPE(-2), NULL);
    expect_error(t, AD_BAD_SHAPE, "feed: size -2 of axis 0 is negative in [-2]");
    ck_assert_int_eq(ad_feed((ad_tensor){0}, AD_SCALAR, NULL), AD_BAD_HANDLE);
    ck_assert_int_eq(ad_replay(NULL), AD_BAD_HANDLE);
    ad_fail(t, AD_BAD_VALUE, "before");
    ck_assert_int_eq(ad_feed(w, AD_SHAPE(2), (const double[]){1, 2}), AD_BAD_VALUE);
    ck_assert_int_eq(ad_replay(t), AD_BAD_VALUE);
}
END_TEST

/* ---- Errors in a replay ------------------------------------------------------------------------------------------ */

START_TEST(an_error_on_the_way)
{
    const int32_t good[] = {1, 0}, bad[] = {1, 9};
    const ad_tensor w = some_param(t, AD_F64, AD_SHAPE(3, 2), 1, "w"), rows = ad_input(t, AD_I32, AD_SHAPE(2), good);
    const ad_tensor before = ad_exp(w), loss = ad_sum(ad_square(ad_gather_rows(before, rows)));
    ad_replay_report report;
    ad_tensor dw;
    ad_fill(w, 1);
    ad_assign(rows, bad);
    ck_assert_int_eq(ad_replay_with(t, NULL, &report), AD_BAD_VALUE);
    ck_assert_str_eq(report.reason, ad_message(t));
    ck_assert_int_eq(report.status, AD_BAD_VALUE);
    ck_assert_ptr_nonnull(strstr(report.reason, "gather_rows: "));
    ad_clear_error(t);
    /* Values are partly old now. */
    ad_backward(loss);
    expect_error(t, AD_BAD_STATE, "backward: the last replay failed on its way: ad_replay again, or ad_reset");
    ad_grad(loss, &w, 1, &dw);
    expect_error(t, AD_BAD_STATE, "grad: the last replay failed on its way: ad_replay again, or ad_reset");
    ad_assign(rows, good);
    ck_assert_int_eq(ad_replay(t), AD_OK);
    ck_assert_double_eq_tol(ad_item(loss), 4 * exp(2), 1e-13);
    ck_assert_int_eq(ad_backward(loss), AD_OK);
    ck_assert_double_eq_tol(number_at(ad_gradient(w), 0), 2 * exp(2), 1e-13);
}
END_TEST

/* A replay looks at scalars, too, where numbers that are not finite are errors, and says which entry it was. */
START_TEST(a_scalar_that_is_not_finite)
{
    const ad_tensor x = ad_variable(t, AD_F64, AD_SCALAR, &(double){2});
    const ad_tensor y = ad_square(ad_log(ad_name(ad_shift(x, -1), "rest")));
    const double below = 1;
    ad_assign(x, &below);
    ck_assert_int_eq(ad_replay(t), AD_OK);
    ck_assert_double_infinite(ad_item(y));
    ad_check_finite(t, AD_ON);
    ck_assert_int_eq(ad_replay(t), AD_NOT_FINITE);
    expect_error(t, AD_NOT_FINITE,
                 "entry 3, log, after rest: its result [] is -inf at element 0; operands: rest [] in [0, 0]");
}
END_TEST

/* ---- Draws ------------------------------------------------------------------------------------------------------- */

START_TEST(draws_are_new_or_repeated)
{
    const ad_tensor x = some_input(t, AD_F64, AD_SHAPE(4), 1), y = add_noise(x, 1000), z = add_noise(y, 1001);
    const snapshot first = snapshot_of(z);
    ck_assert_int_eq(ad_replay_with(t, &(ad_replay_options){.repeat_draws = true}, NULL), AD_OK);
    expect_unchanged(z, first);
    double seen[5];
    for (int i = 0; i < 5; i++) {
        seen[i] = number_at(y, 0);
        ck_assert_int_eq(ad_replay(t), AD_OK);
        for (int k = 0; k <= i; k++)
            ck_assert_double_ne(number_at(y, 0), seen[k]);
        ck_assert_double_ne(number_at(z, 1) - number_at(y, 1), number_at(y, 1) - number_at(x, 1));
    }
    const snapshot last = snapshot_of(z);
    ck_assert_int_eq(ad_replay_with(t, &(ad_replay_options){.repeat_draws = true}, NULL), AD_OK);
    expect_unchanged(z, last);
}
END_TEST

static ad_tensor dropped(ad_tensor w)
{
    const ad_tensor h = ad_mul(ad_tanh(w), ad_dropout_mask(w, 0.4, 7));
    return ad_add(h, ad_scale(ad_normal(w.tape, AD_F64, ad_shape_of(w), 8), 0.1));
}

/* The next replay draws what the next recording would. */
START_TEST(the_librarys_draws_go_on_as_in_recordings)
{
    const ad_tensor w = some_param(t, AD_F64, AD_SHAPE(6, 5), 1, "w"), y = dropped(w), loss = ad_sum(ad_square(y));
    ad_tensor dw;
    ad_grad(loss, &w, 1, &dw);
    ad_tape *other = ad_tape_open(NULL);
    const ad_tensor v = some_param(other, AD_F64, AD_SHAPE(6, 5), 1, "w");
    dropped(v);
    for (int round = 0; round < 5; round++) {
        ad_reset(other);
        ck_assert_int_eq(ad_replay(t), AD_OK);
        const ad_tensor anew = dropped(v);
        ck_assert_int_eq(ad_backward(ad_sum(ad_square(anew))), AD_OK);
        expect_same_bits(y, anew);
        expect_same_bits(dw, ad_gradient(v));
        ck_assert_int_eq(ad_backward(loss), AD_OK);
        expect_same_bits(ad_gradient(w), dw);
        ck_assert_uint_eq(ad_draw_count(t), ad_draw_count(other));
    }
    ad_tape_close(other);
}
END_TEST

/* ---- What a replay leaves as it is ------------------------------------------------------------------------------- */

START_TEST(handles_and_gradients)
{
    const ad_tensor w = some_param(t, AD_F64, AD_SHAPE(3), 1, "w"),
                    v = ad_variable(t, AD_F64, AD_SHAPE(3), some_numbers(2, 3, -1, 1)), y = ad_mul(w, v);
    ck_assert_int_eq(ad_backward_with(ad_sum(ad_square(y)), &(ad_backward_options){.keep = true}), AD_OK);
    const snapshot dw = snapshot_of(ad_gradient(w));
    const size_t entries = ad_entry_count(t);
    ck_assert_int_eq(ad_replay(t), AD_OK);
    expect_unchanged(ad_gradient(w), dw);
    ck_assert(!ad_has_gradient(v) && !ad_has_gradient(y));
    ck_assert_uint_eq(ad_entry_count(t), entries);
    ck_assert_double_eq(number_at(y, 0), number_at(w, 0) * number_at(v, 0));
}
END_TEST

START_TEST(replaying_allocates_nothing)
{
    ad_tensor x[LEAVES], y[RESULTS];
    enter(t, AD_F64, 0, x);
    for (int i = 0; i < COUNT(programs); i++)
        programs[i](x, y);
    const ad_tensor loss = ad_sum(ad_matmul(x[1], x[0]));
    for (int round = 0; round < 50; round++) {
        if (round == 3)
            counting_heal(&memory);
        change(AD_F64, round, x);
        ck_assert_int_eq(ad_replay(t), AD_OK);
        ck_assert_int_eq(ad_backward(loss), AD_OK);
    }
    ck_assert_uint_eq(memory.calls, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("replay");
    TCase *tests = tcase_create("replay");
    tcase_add_checked_fixture(tests, open_tape, close_tape);
    tcase_add_loop_test(tests, replays_give_the_bits_of_recording_anew, 0, 2 * COUNT(programs));
    tcase_add_test(tests, training_by_replay_is_training);
    tcase_add_test(tests, a_shape_that_changed_stays_so_until_reset);
    tcase_add_test(tests, recorded_gradients_of_parameters_stay);
    tcase_add_loop_test(tests, what_cannot_be_computed_again_is_an_error, 0, COUNT(only_once));
    tcase_add_test(tests, seeding_by_a_gradient_hinders_no_replay);
    tcase_add_loop_test(tests, feeding_another_shape, 0, 2);
    tcase_add_test(tests, errors_of_feeding);
    tcase_add_test(tests, an_error_on_the_way);
    tcase_add_test(tests, a_scalar_that_is_not_finite);
    tcase_add_test(tests, draws_are_new_or_repeated);
    tcase_add_test(tests, the_librarys_draws_go_on_as_in_recordings);
    tcase_add_test(tests, handles_and_gradients);
    tcase_add_test(tests, replaying_allocates_nothing);
    suite_add_tcase(suite, tests);
    return run_suites(srunner_create(suite));
}
