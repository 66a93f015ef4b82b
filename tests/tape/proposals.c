/* Proposals: what a step computes for a state counts once for each step that completes. */
#include <math.h>
#include <pthread.h>
#include <string.h>

#include "../support/one_tape.h"
#include "../support/operators_of_tests.h"

static ad_tensor m, w, x;

/* A state m = {1, 2}, a parameter w = {0.5, -1} and an input x = {3, 5}. */
static void open_with_mean(void)
{
    open_tape();
    m = ad_state(t, AD_F64, AD_SHAPE(2), (const double[]){1, 2}, "mean");
    w = PARAMS("w", 0.5, -1);
    x = INPUTS(3, 5);
}

/* 0.5 m + y */
static ad_tensor next_of(ad_tensor mean, ad_tensor y) { return ad_add(ad_scale(mean, 0.5), y); }

static void propose(ad_tensor state, ad_tensor value) { ck_assert_int_eq(ad_propose(state, value), AD_OK); }
static void commit(void) { ck_assert_int_eq(ad_commit(t), AD_OK); }

static bool is_same(ad_tensor a, ad_tensor b)
{
    return a.tape == b.tape && a.id == b.id && a.generation == b.generation;
}

/* The state is as it was: a commit would change nothing. */
#define EXPECT_NOTHING_WAITS(state, version, ...)                                                                      \
    do {                                                                                                               \
        ck_assert(is_same(ad_proposed(state), state));                                                                 \
        commit();                                                                                                      \
        EXPECT(state, __VA_ARGS__);                                                                                    \
        ck_assert_uint_eq(ad_version_of(state), version);                                                              \
    } while (0)

/* ---- Committing -------------------------------------------------------------------------------------------------- */

START_TEST(a_commit_gives_the_value_once)
{
    propose(m, next_of(m, x));
    EXPECT(m, 1, 2);
    ck_assert_uint_eq(ad_version_of(m), 0);
    EXPECT(ad_proposed(m), 3.5, 6);
    commit();
    EXPECT(m, 3.5, 6);
    ck_assert_uint_eq(ad_version_of(m), 1);
    EXPECT_NOTHING_WAITS(m, 1, 3.5, 6);
    ad_reset(t);
    EXPECT_NOTHING_WAITS(m, 1, 3.5, 6);
    expect_ok(t);
}
END_TEST

START_TEST(the_last_proposal_counts)
{
    const ad_tensor other = ad_state(t, AD_F64, AD_SHAPE(2), NULL, NULL);
    propose(m, x);
    propose(other, ad_neg(x));
    propose(m, ad_scale(x, 2));
    propose(m, ad_scale(x, 3));
    EXPECT(ad_proposed(m), 9, 15);
    EXPECT(ad_proposed(other), -3, -5);
    commit();
    EXPECT(m, 9, 15);
    EXPECT(other, -3, -5);
    ck_assert_uint_eq(ad_version_of(m) + ad_version_of(other), 2);
    expect_ok(t);
}
END_TEST

/* A layer that runs twice in one step; and the same as two steps. */
START_TEST(a_proposal_from_a_proposal)
{
    ck_assert(is_same(ad_proposed(m), m));
    propose(m, next_of(ad_proposed(m), x));
    propose(m, next_of(ad_proposed(m), ad_neg(x)));
    commit();
    EXPECT(m, 0.5 * (0.5 * 1 + 3) - 3, 0.5 * (0.5 * 2 + 5) - 5);
    expect_ok(t);
}
END_TEST

/* After a commit the same recording may go on. */
START_TEST(proposals_after_a_commit)
{
    const ad_tensor other = ad_state(t, AD_F64, AD_SCALAR, NULL, "other");
    propose(m, next_of(m, x));
    propose(other, ad_sum(x));
    commit();
    propose(m, next_of(m, x));
    ck_assert(is_same(ad_proposed(other), other));
    commit();
    EXPECT(m, 0.5 * 3.5 + 3, 0.5 * 6 + 5);
    ck_assert_uint_eq(ad_version_of(m), 2);
    ck_assert_uint_eq(ad_version_of(other), 1);
    expect_ok(t);
}
END_TEST

/* The value is that of now, whatever becomes of the leaf that it shows. */
START_TEST(a_leaf_as_the_value)
{
    const ad_tensor other = ad_state(t, AD_F64, AD_SHAPE(2), (const double[]){7, 8}, "other");
    const ad_tensor of_input = ad_state(t, AD_F64, AD_SHAPE(2, 1), NULL, "of input");
    double borrowed[] = {11, 12};
    const ad_tensor of_borrowed = ad_state(t, AD_F64, AD_SHAPE(2), NULL, "of borrowed");
    propose(m, other);
    propose(other, ad_reshape(ad_detach(m), AD_SHAPE(2)));
    propose(of_input, ad_reshape(x, AD_SHAPE(2, 1)));
    propose(of_borrowed, ad_borrow(t, AD_F64, AD_SHAPE(2), borrowed));
    ad_assign(x, (const double[]){0, 0});
    borrowed[0] = 0;
    commit();
    EXPECT(m, 7, 8);
    EXPECT(other, 1, 2);
    EXPECT(of_input, 3, 5);
    EXPECT(of_borrowed, 11, 12);
    propose(m, m);
    commit();
    EXPECT(m, 7, 8);
    expect_ok(t);
}
END_TEST

START_TEST(states_of_any_kind)
{
    const ad_type type = (ad_type)(_i % 3);
    const ad_shape shapes[] = {AD_SCALAR, AD_SHAPE(3), AD_SHAPE(0, 2), AD_SHAPE(200, 300)};
    const ad_shape shape = shapes[_i / 3];
    const ad_tensor state = ad_state(t, type, shape, NULL, _i % 2 ? "state" : NULL);
    const ad_tensor numbers = ad_shift(ad_arange(t, AD_F64, (int64_t)ad_size_of(state)), 4);
    propose(state, ad_cast(ad_reshape(numbers, shape), type));
    const snapshot proposed = snapshot_of(ad_proposed(state));
    commit();
    expect_unchanged(state, proposed);
    ck_assert_uint_eq(ad_version_of(state), 1);
    expect_ok(t);
}
END_TEST

/* A slot of a parameter is a state, and a number of ad_scalar takes the state's type. */
START_TEST(a_number_for_a_slot)
{
    const ad_tensor p = ad_param(t, AD_F32, AD_SCALAR, NULL, "p"), slot = ad_slot(p, "Count", 5);
    propose(slot, ad_scalar(t, 0.1));
    commit();
    ck_assert(ad_f32(slot)[0] == 0.1F);
    propose(slot, ad_add(slot, ad_scalar(t, 1)));
    commit();
    ck_assert(ad_f32(slot)[0] == 0.1F + 1);
    expect_ok(t);
}
END_TEST

/* A rule that a proposal's copy of x would show. */
START_TEST(gradients_are_as_without)
{
    const ad_tensor y = ad_mul(ad_exp(ad_mul(w, x)), m);
    ad_tensor dw;
    ad_backward_with(ad_sum(y), &ways_back[_i]);
    const snapshot before = snapshot_of(ad_gradient(w));
    propose(m, y);
    propose(m, ad_mul(ad_proposed(m), w));
    ad_backward_with(ad_sum(y), &ways_back[_i]);
    expect_unchanged(ad_gradient(w), before);
    ad_grad(ad_sum(ad_mul(ad_proposed(m), x)), &w, 1, &dw);
    EXPECT(dw, 0, 0);
    ad_grad(ad_sum(ad_mul(ad_proposed(m), w)), &w, 1, &dw);
    expect_same_bits(dw, ad_proposed(m));
    expect_ok(t);
}
END_TEST

/* ---- What is dropped --------------------------------------------------------------------------------------------- */

START_TEST(a_reset_drops_them)
{
    for (int round = 0; round < 3; round++) {
        x = INPUTS(3, 5);
        propose(m, x);
        propose(m, next_of(ad_proposed(m), x));
        const ad_tensor proposed = ad_proposed(m);
        ad_reset(t);
        EXPECT_NOTHING_WAITS(m, 0, 1, 2);
        ck_assert_ptr_null(ad_data(proposed));
        expect_recovery(t, AD_BAD_HANDLE, "is stale");
    }
}
END_TEST

START_TEST(a_return_drops_those_after_the_position)
{
    const ad_tensor value = ad_neg(x), other = ad_state(t, AD_F64, AD_SHAPE(2), NULL, NULL);
    if (_i)
        propose(m, ad_scale(x, 2));
    const ad_position outer = ad_position_now(t); /* nothing is recorded between */
    propose(m, value);
    propose(other, value);
    const ad_position inner = ad_position_now(t);
    propose(m, ad_exp(value));
    ad_tensor survivor = ad_proposed(m);
    ad_return_to(t, inner, &survivor, 1);
    EXPECT(ad_proposed(m), -3, -5);
    ck_assert_double_eq(number_at(survivor, 0), exp(-3));
    ad_return_to(t, outer, NULL, 0);
    ck_assert(is_same(ad_proposed(other), other));
    if (!_i) {
        EXPECT_NOTHING_WAITS(m, 0, 1, 2);
    } else {
        EXPECT(ad_proposed(m), 6, 10);
        commit();
        EXPECT(m, 6, 10);
    }
    EXPECT(other, 0, 0);
    expect_ok(t);
}
END_TEST

/* What was committed stays, and what it took the place of has had its turn. */
START_TEST(a_return_over_a_commit)
{
    propose(m, ad_scale(x, 2));
    const ad_position position = ad_position_now(t);
    propose(m, ad_neg(x));
    commit();
    ad_return_to(t, position, NULL, 0);
    EXPECT_NOTHING_WAITS(m, 1, -3, -5);
    ck_assert_int_eq(ad_replay(t), AD_OK);
    commit();
    EXPECT(m, 6, 10);
    expect_ok(t);
}
END_TEST

/* ---- Replays ----------------------------------------------------------------------------------------------------- */

enum { STEPS = 8, WAYS = 4 };

typedef struct trained {
    double mean[2], w[2], loss[STEPS], square;
    uint32_t version;
} trained;

/* A loss that reads a running mean of what it computes, which is proposed twice, and with random numbers. The ways: as
 * it is, in a segment, in a segment that ends before the loss, watched. */
static ad_tensor record_step(int way, ad_tensor square)
{
    if (way == 3)
        ad_watch(t, AD_ON);
    if (way == 1 || way == 2)
        ad_segment_begin(t);
    ad_tensor h =
        ad_mul(ad_tanh(ad_mul(w, x)), ad_add(ad_uniform(t, AD_F64, AD_SHAPE(2), 3), ad_exp(ad_scale(m, 0.1))));
    propose(m, next_of(ad_proposed(m), h));
    propose(m, next_of(ad_proposed(m), ad_neg(h)));
    propose(square, ad_sum(ad_square(h)));
    if (way == 2)
        ad_segment_end(t, &h, 1);
    const ad_tensor loss = ad_mean(ad_square(ad_sub(h, m)));
    if (way == 1)
        ad_segment_end(t, &loss, 1);
    return loss;
}

static trained train(int way, bool replays)
{
    trained result = {.version = 0};
    open_with_mean();
    const ad_tensor square = ad_state(t, AD_F64, AD_SCALAR, NULL, NULL);
    ad_tensor loss = record_step(way, square);
    for (int step = 0; step < STEPS; step++) {
        ad_backward(loss);
        result.loss[step] = ad_item(loss);
        ad_descend(w, 0.1);
        commit();
        if (step % 3 == 2)
            commit();
        if (step == STEPS - 1)
            break;
        if (replays) {
            ck_assert_int_eq(ad_replay(t), AD_OK);
        } else {
            ad_reset(t);
            x = INPUTS(3, 5);
            loss = record_step(way, square);
        }
    }
    memcpy(result.mean, ad_f64(m), sizeof result.mean);
    memcpy(result.w, ad_f64(w), sizeof result.w);
    result.square = ad_item(square);
    result.version = ad_version_of(m);
    expect_ok(t);
    close_tape();
    return result;
}

static double next_in_numbers(double mean, double y) { return 0.5 * mean + y; }

/* The first step in plain numbers; then a replay is a recording, bit by bit, in each way. */
START_TEST(replays_are_recordings)
{
    close_tape(); /* the fixture's; train opens its own */
    const trained anew = train(_i, false), replayed = train(_i, true), plain = train(0, false);
    ck_assert(memcmp(&anew, &replayed, sizeof anew) == 0);
    ck_assert(memcmp(&anew, &plain, sizeof anew) == 0);
    ck_assert_uint_eq(anew.version, STEPS);
    ck_assert(anew.loss[0] != anew.loss[STEPS - 1]);
    open_with_mean();
}
END_TEST

START_TEST(a_replay_that_is_not_committed_changes_nothing)
{
    const ad_tensor next = next_of(m, x);
    propose(m, next);
    for (int round = 0; round < 3; round++)
        ck_assert_int_eq(ad_replay(t), AD_OK);
    EXPECT(m, 1, 2);
    ck_assert_uint_eq(ad_version_of(m), 0);
    commit();
    EXPECT(m, 3.5, 6);
    for (int round = 0; round < 3; round++) {
        ck_assert_int_eq(ad_replay(t), AD_OK);
        ck_assert(!is_same(ad_proposed(m), m));
        EXPECT(m, 3.5, 6);
        EXPECT(ad_proposed(m), next_in_numbers(3.5, 3), next_in_numbers(6, 5));
        expect_same_bits(next, ad_proposed(m));
    }
    commit();
    EXPECT_NOTHING_WAITS(m, 2, next_in_numbers(3.5, 3), next_in_numbers(6, 5));
    expect_ok(t);
}
END_TEST

/* A leaf that was assigned from a result must be assigned anew; not by a proposal, which only names its state. */
START_TEST(a_proposal_is_no_copy)
{
    const ad_tensor next = _i ? next_of(m, x) : ad_square(x);
    ad_assign(m, ad_f64(next));
    propose(m, next);
    if (_i)
        commit(); /* else nothing reads m */
    for (int round = 0; round < 4; round++) {
        ck_assert_int_eq(ad_replay(t), AD_OK);
        if (_i)
            commit();
    }
    expect_ok(t);
    if (_i)
        ck_assert_double_eq(number_at(m, 0), 5.84375);
}
END_TEST

/* Nor does it read its state. */
START_TEST(a_state_that_nothing_read_is_not_changed)
{
    propose(m, x);
    commit();
    ck_assert(!ad_is_changed(m));
    propose(m, next_of(m, x));
    commit();
    ck_assert(ad_is_changed(m));
    expect_ok(t);
}
END_TEST

static bool fails;

static void run_or_fail(ad_call *c)
{
    memcpy(c->y[0]->data, c->x[0]->data, ad_elements(c->x[0]) * sizeof(double));
    if (fails)
        ad_call_fail(c, AD_BAD_VALUE, "it fails");
}

static const ad_operator may_fail = {
    .name = "op", .arity = 1, .properties = AD_NOT_DIFFERENTIABLE, .shape = ad_same_shape, .run = run_or_fail};

START_TEST(a_replay_that_failed)
{
    const ad_tensor late = ad_state(t, AD_F64, AD_SHAPE(2), NULL, "late");
    propose(m, next_of(m, x));
    propose(late, ad_apply1(&may_fail, ad_proposed(m)));
    if (_i)
        commit();
    const snapshot before = snapshot_of(m);
    fails = true;
    ck_assert_int_eq(ad_replay(t), AD_BAD_VALUE);
    ck_assert_int_eq(ad_commit(t), AD_BAD_VALUE); /* the tape's own error */
    expect_error(t, AD_BAD_VALUE, "op: it fails");
    ck_assert_int_eq(ad_commit(t), AD_BAD_STATE);
    expect_error(t, AD_BAD_STATE, "commit: the last replay failed on its way: ad_replay again, or ad_reset");
    expect_unchanged(m, before);
    fails = false;
    ck_assert_int_eq(ad_replay(t), AD_OK);
    const snapshot proposed = snapshot_of(ad_proposed(m));
    commit();
    expect_same_bits(m, late);
    expect_unchanged(m, proposed);
    expect_ok(t);
}
END_TEST

START_TEST(a_recording_that_changed)
{
    if (_i) {
        ck_assert(ad_guard_greater(ad_sum(w), ad_scalar(t, -3), "above"));
        propose(m, next_of(m, x));
        ad_fill(w, -9);
        ck_assert_int_eq(ad_replay(t), AD_CHANGED);
    } else {
        propose(m, next_of(m, x));
        ck_assert_int_eq(ad_feed(x, AD_SHAPE(3), (const double[]){1, 2, 3}), AD_CHANGED);
    }
    for (int round = 0; round < 2; round++) {
        ck_assert_int_eq(ad_check_commit(t), AD_BAD_STATE);
        expect_error(t, AD_BAD_STATE, "commit: the recording does not fit any more: ad_reset and record anew");
        ck_assert_int_eq(ad_commit(t), AD_BAD_STATE);
        expect_error(t, AD_BAD_STATE, "commit: the recording does not fit any more: ad_reset and record anew");
    }
    ad_reset(t);
    EXPECT_NOTHING_WAITS(m, 0, 1, 2);
    propose(m, INPUTS(4, 4));
    commit();
    EXPECT(m, 4, 4);
    expect_ok(t);
}
END_TEST

/* A recording that proposes nothing has nothing that could be partly old. */
START_TEST(a_changed_recording_without_proposals)
{
    ad_feed(x, AD_SHAPE(3), (const double[]){1, 2, 3});
    commit();
    expect_ok(t);
}
END_TEST

/* ---- Derivatives ------------------------------------------------------------------------------------------------- */

static ad_tensor proposing_loss(ad_tape *tape, void *mean)
{
    const ad_tensor state = *(ad_tensor *)mean, p = ad_param_at(tape, 0);
    const ad_tensor h = ad_mul(ad_tanh(p), ad_exp(ad_scale(state, 0.1)));
    ck_assert(is_same(ad_proposed(state), state));
    propose(state, next_of(ad_proposed(state), h));
    return ad_sum(ad_square(h));
}

START_TEST(gradcheck_commits_nothing)
{
    ad_gradcheck_result result;
    propose(m, x);
    ad_fail(t, AD_BAD_VALUE, "an error");
    ck_assert_int_eq(ad_gradcheck(t, proposing_loss, &m, NULL, &result), AD_BAD_VALUE);
    expect_error(t, AD_BAD_VALUE, "an error");
    EXPECT(ad_proposed(m), 3, 5); /* the check did not begin; now it does, and what waits goes with the recording */
    ck_assert_int_eq(ad_gradcheck(t, proposing_loss, &m, NULL, &result), AD_OK);
    ck_assert_int_eq(result.verdict, AD_GRADIENT_RIGHT);
    EXPECT_NOTHING_WAITS(m, 0, 1, 2);
    ck_assert_int_eq(ad_replay(t), AD_OK); /* what is left can be used */
    commit();
    ck_assert_double_eq(number_at(m, 0), next_in_numbers(1, tanh(0.5) * exp(0.1)));
    expect_ok(t);
}
END_TEST

/* Derivatives as functions change nothing: what the program proposed waits as before. */
START_TEST(derivatives_leave_proposals_alone)
{
    const ad_tensor loss = proposing_loss(t, &m), y = ad_tanh(w), proposed = ad_proposed(m);
    const snapshot before = snapshot_of(proposed);
    ad_tensor d;
    ad_grad(loss, &w, 1, &d);
    ad_vjp(y, x, &w, 1, &d);
    ad_jvp(y, &w, &x, 1);
    ad_hvp(loss, &w, &x, 1, &d);
    ad_jacobian(y, w);
    ad_hessian(loss, w);
    ad_local_gradient(y, 0);
    for (int way = 0; way < WAYS_BACK; way++)
        ad_backward_with(loss, &ways_back[way]);
    ck_assert(is_same(ad_proposed(m), proposed));
    EXPECT(m, 1, 2);
    ck_assert_uint_eq(ad_version_of(m), 0);
    commit();
    expect_unchanged(m, before);
    ck_assert_uint_eq(ad_version_of(m), 1);
    expect_ok(t);
}
END_TEST

/* ---- Kernels and rules ------------------------------------------------------------------------------------------- */

static void (*misuse)(ad_tape *tape);

static void proposes(ad_tape *tape) { ad_propose(m, ad_exp(ad_kept_at(tape, 0))); }
static void commits(ad_tape *tape) { ad_commit(tape); }
static void proposes_at_a_position(ad_tape *tape)
{
    const ad_position position = ad_position_now(tape);
    proposes(tape);
    ad_return_to(tape, position, NULL, 0);
}
static void commits_at_a_position(ad_tape *tape)
{
    const ad_position position = ad_position_now(tape);
    commits(tape);
    ad_return_to(tape, position, NULL, 0);
}

static void run_misuse(ad_call *c)
{
    memcpy(c->y[0]->data, c->x[0]->data, ad_elements(c->x[0]) * sizeof(double));
    if (misuse)
        misuse(c->tape);
}

static void pull_misuse(ad_pullback *p)
{
    if (misuse)
        misuse(ad_dy(p).tape);
    ad_give(p, 0, ad_dy(p));
}

static void pass(ad_pullback *p) { ad_give(p, 0, ad_dy(p)); }
static void copy(ad_call *c) { memcpy(c->y[0]->data, c->x[0]->data, ad_elements(c->x[0]) * sizeof(double)); }

static const ad_operator in_kernel = {.name = "op", .arity = 1, .shape = ad_same_shape, .run = run_misuse, .vjp = pass};
static const ad_operator in_rule = {.name = "op", .arity = 1, .shape = ad_same_shape, .run = copy, .vjp = pull_misuse};

static const struct {
    void (*act)(ad_tape *tape);
    const char *who, *instead;
} misuses[] = {
    {proposes, "propose: ", "give the value out as a result, and propose that"},
    {commits, "commit: ", "commit when the step is done"},
    {proposes_at_a_position, "propose: ", "give the value out as a result, and propose that"},
    {commits_at_a_position, "commit: ", "commit when the step is done"},
};

START_TEST(kernels_neither_propose_nor_commit)
{
    propose(m, x);
    const ad_tensor y = ad_apply1(&in_kernel, ad_exp(w));
    for (int round = 0; round < 3; round++) {
        misuse = misuses[_i].act;
        if (round % 2)
            ad_replay(t);
        else
            ad_apply1(&in_kernel, w);
        misuse = NULL;
        expect_error_with(t, AD_BAD_STATE, misuses[_i].who, "a rule or a kernel must not call it", misuses[_i].instead);
        EXPECT(ad_proposed(m), 3, 5);
        EXPECT(m, 1, 2);
    }
    ck_assert_int_eq(ad_replay(t), AD_OK);
    ck_assert_int_eq(ad_backward(ad_sum(y)), AD_OK);
    commit();
    EXPECT(m, 3, 5);
}
END_TEST

START_TEST(rules_neither_propose_nor_commit)
{
    propose(m, x);
    const ad_tensor y = ad_sum(ad_apply1(&in_rule, ad_exp(w)));
    for (int way = 0; way < WAYS_BACK; way++) {
        misuse = misuses[_i].act;
        ad_backward_with(y, &ways_back[way]);
        misuse = NULL;
        expect_error_with(t, AD_BAD_STATE, misuses[_i].who, "must not call it");
        EXPECT(ad_proposed(m), 3, 5);
        EXPECT(m, 1, 2);
    }
    ck_assert_int_eq(ad_backward(y), AD_OK);
    commit();
    EXPECT(m, 3, 5);
    expect_ok(t);
}
END_TEST

/* ---- Segments ---------------------------------------------------------------------------------------------------- */

START_TEST(a_value_in_a_segment)
{
    const ad_tensor other = ad_state(t, AD_F64, AD_SHAPE(2), NULL, "other");
    ad_segment_begin(t);
    const ad_tensor h = ad_mul(ad_tanh(w), x), value = next_of(m, h);
    propose(m, value);
    propose(other, ad_reshape(h, AD_SHAPE(2)));
    propose(m, ad_scale(ad_proposed(m), 2));
    ad_tensor y = ad_exp(h);
    ad_segment_end(t, &y, 1);
    ck_assert_ptr_null(ad_data(value));
    expect_recovery(t, AD_BAD_HANDLE, "is not kept: it is inside a segment");
    const ad_tensor proposed = ad_proposed(m);
    const size_t entries = ad_entry_count(t);
    const double mean = 2 * next_in_numbers(1, tanh(0.5) * 3);
    for (int way = 0; way < 2; way++) {
        ad_backward_with(ad_sum(y), &(ad_backward_options){.keep = way});
        ck_assert(is_same(ad_proposed(m), proposed));
        ck_assert_double_eq(number_at(proposed, 0), mean);
    }
    ck_assert_uint_eq(ad_entry_count(t), entries + 2); /* the sums */
    commit();
    ck_assert_double_eq(number_at(m, 0), mean);
    ck_assert_double_eq(number_at(other, 1), tanh(-1) * 5);
    EXPECT_NOTHING_WAITS(other, 1, tanh(0.5) * 3, tanh(-1) * 5);
    ck_assert_uint_eq(ad_version_of(m), 1);
    ck_assert_int_eq(ad_replay(t), AD_OK);
    ck_assert(is_same(ad_proposed(m), proposed));
    commit();
    ck_assert_double_eq(number_at(m, 0), 2 * next_in_numbers(mean, tanh(0.5) * 3));
    expect_ok(t);
}
END_TEST

/* ---- Versions ---------------------------------------------------------------------------------------------------- */

START_TEST(a_rule_that_would_read_the_new_value)
{
    const ad_tensor reads = ad_sum(ad_mul(w, m)), reads_not = ad_sum(ad_add(w, m));
    propose(m, next_of(m, x));
    commit();
    ck_assert_int_eq(ad_backward(reads), AD_BAD_STATE);
    expect_error_with(t, AD_BAD_STATE, "mul: mean was changed in place after it was read",
                      "its version was 0 then and is 1 now");
    ck_assert_int_eq(ad_backward(reads_not), AD_OK);
    ck_assert_int_eq(ad_replay(t), AD_OK);
    ck_assert_int_eq(ad_backward(reads), AD_OK);
    EXPECT(ad_gradient(w), 3.5, 6);
    expect_ok(t);
}
END_TEST

START_TEST(a_commit_on_a_watched_tape)
{
    ad_watch(t, AD_ON);
    propose(m, next_of(m, x));
    commit();
    ck_assert_uint_eq(ad_leaf_change_count(t), 1);
    const ad_leaf_change *change = ad_leaf_change_at(t, 0);
    ck_assert_str_eq(change->by, "commit");
    ck_assert(is_same(change->leaf, m));
    ck_assert_double_eq(((const double *)change->before.data)[1], 2);
    expect_ok(t);
}
END_TEST

/* The watch takes memory: where there is none nothing is committed, and no change is listed. */
START_TEST(a_watched_commit_without_memory)
{
    enum { N = 200 };
    ad_tensor states[N];
    ad_watch(t, AD_ON);
    for (int i = 0; i < N; i++) {
        states[i] = ad_state(t, AD_F64, AD_SHAPE(40), NULL, NULL);
        propose(states[i], ad_full(t, AD_F64, AD_SHAPE(40), i));
    }
    ad_status status = AD_NO_MEMORY;
    int failures = 0;
    for (size_t k = 1; status == AD_NO_MEMORY; k++, failures += status == AD_NO_MEMORY) {
        counting_fail(&memory, k, COUNTING_FOR_GOOD);
        status = ad_commit(t);
        ck_assert_int_eq(ad_clear_error(t), status);
        counting_heal(&memory);
        ck_assert_uint_eq(ad_leaf_change_count(t), status == AD_OK ? N : 0);
        for (int i = 0; i < N; i++)
            ck_assert(number_at(states[i], 7) == (status == AD_OK ? i : 0));
    }
    ck_assert_int_eq(status, AD_OK);
    ck_assert_int_ge(failures, 3);
}
END_TEST

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

START_TEST(only_states_have_proposals)
{
    const ad_tensor others[] = {w, ad_name(x, "x"), ad_name(ad_exp(x), "e")};
    const char *const texts[] = {"propose: w is no state", "propose: x is no state", "propose: e is no state"};
    for (int i = 0; i < COUNT(others); i++) {
        ck_assert_int_eq(ad_propose(others[i], x), AD_BAD_STATE);
        expect_recovery(t, AD_BAD_STATE, texts[i], "ad_state", i ? "values are proposed" : "optimiser");
        ck_assert(ad_is_inert(ad_proposed(others[i])));
        expect_recovery(t, AD_BAD_STATE, "proposed: ", "is no state");
    }
    EXPECT_NOTHING_WAITS(m, 0, 1, 2);
}
END_TEST

START_TEST(values_that_do_not_fit)
{
    const ad_tensor count = ad_state(t, AD_I32, AD_SHAPE(2), NULL, "count");
    const ad_tensor deep = ad_reshape(ad_name(x, "x"), AD_SHAPE(2, 1));
    const size_t entries = ad_entry_count(t);
    ck_assert_int_eq(ad_propose(m, deep), AD_BAD_SHAPE);
    ck_assert_uint_eq(ad_entry_count(t), entries);
    expect_recovery(t, AD_BAD_SHAPE, "propose: the value [2,1] must have the shape of the state mean [2]");
    ck_assert_int_eq(ad_propose(m, ad_scalar(t, 1)), AD_BAD_SHAPE);
    expect_recovery(t, AD_BAD_SHAPE, "propose: the value [] must have the shape of the state mean [2]");
    ck_assert_int_eq(ad_propose(m, ad_cast(x, AD_F32)), AD_BAD_TYPE);
    expect_recovery(t, AD_BAD_TYPE, "propose: types differ: mean [2] is f64", "is f32; convert one with ad_cast");
    ck_assert_int_eq(ad_propose(count, x), AD_BAD_TYPE);
    expect_recovery(t, AD_BAD_TYPE, "propose: types differ: count [2] is i32", "x [2] is f64");
    EXPECT_NOTHING_WAITS(m, 0, 1, 2);
    EXPECT_NOTHING_WAITS(count, 0, 0, 0);
}
END_TEST

START_TEST(handles_that_are_not_valid)
{
    ad_tensor old = ad_exp(x);
    ad_reset(t);
    ck_assert_int_eq(ad_propose(m, old), AD_BAD_HANDLE);
    expect_recovery(t, AD_BAD_HANDLE, "propose: operand 1 is stale");
    ck_assert_int_eq(ad_propose(m, (ad_tensor){0}), AD_BAD_HANDLE);
    expect_recovery(t, AD_BAD_HANDLE, "propose: operand 1 is inert");
    ck_assert_int_eq(ad_propose((ad_tensor){0}, w), AD_BAD_HANDLE);
    expect_recovery(t, AD_BAD_HANDLE, "propose: operand 0 is inert");
    ck_assert_int_eq(ad_propose((ad_tensor){.tape = t}, w), AD_BAD_HANDLE);
    expect_recovery(t, AD_BAD_HANDLE, "propose: operand 0 is inert");
    ck_assert_int_eq(ad_propose((ad_tensor){0}, (ad_tensor){0}), AD_BAD_HANDLE);
    ck_assert(ad_is_inert(ad_proposed((ad_tensor){0})));
    ck_assert(ad_is_inert(ad_proposed(old)));
    expect_recovery(t, AD_BAD_HANDLE, "proposed: ", "is stale");
    ck_assert_int_eq(ad_commit(NULL), AD_BAD_HANDLE);
    ck_assert_int_eq(ad_check_commit(NULL), AD_BAD_HANDLE);
    EXPECT_NOTHING_WAITS(m, 0, 1, 2);
}
END_TEST

/* Both tapes say so. */
START_TEST(tensors_of_two_tapes)
{
    ad_tape *other = ad_tape_open(NULL);
    const ad_tensor state = ad_state(other, AD_F64, AD_SHAPE(2), NULL, "other");
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(i ? ad_propose(state, x) : ad_propose(m, state), AD_BAD_HANDLE);
        expect_recovery(t, AD_BAD_HANDLE, "propose: operand 1 belongs to another tape");
        expect_recovery(other, AD_BAD_HANDLE, "propose: operand 1 belongs to another tape");
    }
    ad_fail(t, AD_BAD_VALUE, "an error");
    ck_assert_int_eq(ad_propose(m, state), AD_BAD_VALUE);
    expect_error(t, AD_BAD_VALUE, "an error");
    ck_assert_int_eq(ad_status_of(other), AD_BAD_HANDLE);
    EXPECT_NOTHING_WAITS(m, 0, 1, 2);
    ad_tape_close(other);
}
END_TEST

START_TEST(a_tape_in_error)
{
    propose(m, x);
    ad_fail(t, AD_BAD_VALUE, "an error");
    ck_assert_int_eq(ad_commit(t), AD_BAD_VALUE);
    ck_assert_int_eq(ad_check_commit(t), AD_BAD_VALUE);
    ck_assert_int_eq(ad_propose(m, m), AD_BAD_VALUE);
    ck_assert(ad_is_inert(ad_proposed(m)));
    expect_error(t, AD_BAD_VALUE, "an error");
    EXPECT(m, 1, 2);
    commit();
    EXPECT(m, 3, 5);
}
END_TEST

/* It can be committed, but not computed again. */
START_TEST(a_gradient_that_was_not_recorded)
{
    ad_backward(ad_sum(ad_mul(w, x)));
    propose(m, ad_gradient(w));
    ad_backward(ad_sum(w)); /* the gradient goes, the proposal stays */
    commit();
    EXPECT(m, 3, 5);
    ck_assert_int_eq(ad_replay(t), AD_BAD_STATE);
    expect_error_with(t, AD_BAD_STATE, "gradient");
}
END_TEST

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

/* Not even the first, after changes that took up what there was. */
START_TEST(a_commit_takes_no_memory)
{
    enum { N = 300 };
    ad_tensor states[N];
    for (int i = 0; i < N; i++)
        states[i] = ad_state(t, AD_F64, AD_SHAPE(2), NULL, NULL);
    for (int i = 0; i < N; i++) {
        propose(states[i], ad_exp(x));
        ad_fill(w, i);
        ad_exp(w);
    }
    for (int i = 0; i < 2 * N; i++) {
        ad_fill(w, i);
        ad_exp(w);
    }
    for (int round = 0; round < 3; round++) {
        counting_fail(&memory, 1, COUNTING_FOR_GOOD);
        commit();
        ck_assert_uint_eq(memory.calls, 0);
        counting_heal(&memory);
        for (int i = 0; i < N; i++) {
            ck_assert_uint_eq(ad_version_of(states[i]), (uint32_t)round + 1);
            EXPECT(states[i], exp(3), exp(5));
        }
        ck_assert_int_eq(ad_replay(t), AD_OK);
    }
    expect_ok(t);
}
END_TEST

START_TEST(nothing_is_allocated_from_the_second_step_on)
{
    for (int step = 0; step < 6; step++) {
        counting_fail(&memory, 1, step < 2 ? COUNTING_NEVER : COUNTING_FOR_GOOD);
        x = INPUTS(3, 5);
        for (int i = 0; i < 100; i++)
            propose(m, next_of(ad_proposed(m), x));
        ad_backward(ad_sum(ad_mul(w, x)));
        ad_descend(w, 0.1);
        commit();
        ck_assert_int_eq(ad_replay(t), AD_OK);
        commit();
        ad_reset(t);
        ck_assert(step < 1 || memory.calls == 0);
    }
    counting_heal(&memory);
    ck_assert_uint_eq(ad_version_of(m), 12);
    expect_ok(t);
}
END_TEST

/* Everything that a step does, with two states. Returns whether it was completed. */
static bool step_with_proposals(ad_tensor other)
{
    x = INPUTS(3, 5);
    ad_segment_begin(t);
    ad_tensor h = ad_tanh(ad_mul(w, x));
    ad_propose(m, next_of(ad_proposed(m), h));
    ad_segment_end(t, &h, 1);
    ad_propose(other, ad_mean(h));
    for (int i = 0; i < 70; i++)
        ad_propose(m, next_of(ad_proposed(m), ad_neg(h)));
    ad_backward(ad_sum(h));
    ad_commit(t);
    ad_replay(t);
    return ad_commit(t) == AD_OK;
}

/* Each refusal gives an error and no half commit, or goes unnoticed; then all is well again. */
START_TEST(every_allocation_refused)
{
    int failures = 0;
    close_tape();
    for (size_t k = 1;; k++) {
        open_with_mean();
        const ad_tensor other = ad_state(t, AD_F64, AD_SCALAR, NULL, NULL);
        if (_i % 2)
            ad_watch(t, AD_ON);
        counting_fail(&memory, k, _i / 2 ? COUNTING_FOR_GOOD : COUNTING_ONCE);
        const bool is_done = step_with_proposals(other);
        const bool was_refused = memory.calls >= k;
        counting_heal(&memory);
        ck_assert(is_done || ad_status_of(t) == AD_NO_MEMORY);
        ck_assert_uint_eq(ad_version_of(m), ad_version_of(other));
        failures += !is_done;
        if (!is_done)
            expect_error_with(t, AD_NO_MEMORY, "memory is out");
        ad_reset(t);
        const uint32_t version = ad_version_of(m);
        commit();
        ck_assert_uint_eq(ad_version_of(m), version);
        ad_assign(m, (const double[]){1, 2});
        ck_assert(step_with_proposals(other));
        expect_ok(t);
        close_tape();
        if (!was_refused)
            break;
    }
    ck_assert_int_ge(failures, 5);
    open_tape();
}
END_TEST

/* ---- Many, and threads ------------------------------------------------------------------------------------------- */

/* The time of a step grows with the proposals, not with their square. */
START_TEST(very_many)
{
    enum { N = 20000, EACH = 5 };
    static ad_tensor states[N];
    for (int i = 0; i < N; i++)
        states[i] = ad_state(t, AD_F64, AD_SCALAR, NULL, NULL);
    const ad_tensor one = ad_input(t, AD_F64, AD_SCALAR, &(double){1});
    for (int k = 0; k < EACH; k++)
        for (int i = 0; i < N; i++)
            propose(states[i], ad_add(ad_proposed(states[i]), one));
    commit();
    for (int i = 0; i < N; i++)
        ck_assert_double_eq(ad_item(states[i]), EACH);
    ad_reset(t);
    expect_ok(t);
}
END_TEST

/* What a thread makes of a tape of its own: the sum of a state after some steps. */
static void *sum_of_steps(void *result)
{
    ad_tape *tape = ad_tape_open(NULL);
    const ad_tensor state = ad_state(tape, AD_F64, AD_SHAPE(300, 70), NULL, "state");
    for (int step = 0; step < 20; step++) {
        const ad_tensor u = ad_normal(tape, AD_F64, AD_SHAPE(300, 70), 5);
        ad_propose(state, next_of(ad_proposed(state),
                                  ad_matmul(u, ad_reshape(ad_arange(tape, AD_F64, 4900), AD_SHAPE(70, 70)))));
        ad_commit(tape);
        ad_reset(tape);
    }
    double sum = 0;
    for (size_t i = 0; i < ad_size_of(state); i++)
        sum += ad_f64(state)[i] * (double)(i + 1);
    *(double *)result = ad_status_of(tape) == AD_OK ? sum : (double)NAN;
    ad_tape_close(tape);
    return NULL;
}

START_TEST(the_same_bits_in_any_threads)
{
    double alone, of[4];
    pthread_t threads[4];
    sum_of_steps(&alone);
    ck_assert(isfinite(alone));
    for (int n = 1; n <= 4; n++) {
        ad_set_threads(n);
        sum_of_steps(&of[0]);
        ck_assert(memcmp(&of[0], &alone, sizeof alone) == 0);
    }
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, sum_of_steps, &of[i]), 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        ck_assert(memcmp(&of[i], &alone, sizeof alone) == 0);
    }
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, a_commit_gives_the_value_once);
    tcase_add_test(tests, the_last_proposal_counts);
    tcase_add_test(tests, a_proposal_from_a_proposal);
    tcase_add_test(tests, proposals_after_a_commit);
    tcase_add_test(tests, a_leaf_as_the_value);
    tcase_add_loop_test(tests, states_of_any_kind, 0, 12);
    tcase_add_test(tests, a_number_for_a_slot);
    tcase_add_loop_test(tests, gradients_are_as_without, 0, WAYS_BACK);
    tcase_add_test(tests, a_reset_drops_them);
    tcase_add_loop_test(tests, a_return_drops_those_after_the_position, 0, 2);
    tcase_add_test(tests, a_return_over_a_commit);
    tcase_add_loop_test(tests, replays_are_recordings, 0, WAYS);
    tcase_add_test(tests, a_replay_that_is_not_committed_changes_nothing);
    tcase_add_loop_test(tests, a_proposal_is_no_copy, 0, 2);
    tcase_add_test(tests, a_state_that_nothing_read_is_not_changed);
    tcase_add_loop_test(tests, a_replay_that_failed, 0, 2);
    tcase_add_loop_test(tests, a_recording_that_changed, 0, 2);
    tcase_add_test(tests, a_changed_recording_without_proposals);
    tcase_add_test(tests, gradcheck_commits_nothing);
    tcase_add_test(tests, derivatives_leave_proposals_alone);
    tcase_add_loop_test(tests, kernels_neither_propose_nor_commit, 0, COUNT(misuses));
    tcase_add_loop_test(tests, rules_neither_propose_nor_commit, 0, COUNT(misuses));
    tcase_add_test(tests, a_value_in_a_segment);
    tcase_add_test(tests, a_rule_that_would_read_the_new_value);
    tcase_add_test(tests, a_commit_on_a_watched_tape);
    tcase_add_test(tests, a_watched_commit_without_memory);
    tcase_add_test(tests, only_states_have_proposals);
    tcase_add_test(tests, values_that_do_not_fit);
    tcase_add_test(tests, handles_that_are_not_valid);
    tcase_add_test(tests, tensors_of_two_tapes);
    tcase_add_test(tests, a_tape_in_error);
    tcase_add_test(tests, a_gradient_that_was_not_recorded);
    tcase_add_test(tests, a_commit_takes_no_memory);
    tcase_add_test(tests, nothing_is_allocated_from_the_second_step_on);
    tcase_add_loop_test(tests, every_allocation_refused, 0, 4);
    tcase_add_test(tests, very_many);
    tcase_add_test(tests, the_same_bits_in_any_threads);
}

int main(void)
{
    Suite *suite = suite_create("proposals");
    TCase *tests = tcase_create("proposals");
    tcase_add_checked_fixture(tests, open_with_mean, close_tape);
    add_tests(tests);
    suite_add_tcase(suite, tests);
    return run_suites(srunner_create(suite));
}
