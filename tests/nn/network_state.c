/* States of a network: what a pass that trains proposes counts once for each step that completes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gradtape/network.h>

#include "../support/one_tape.h"

static const nn_layer inner[] = {NN_BATCH_NORM(.momentum = 0.125), NN_DENSE(.units = 3, .activation = AD_TANH)};
static const nn_layer layers[] = {
    NN_DENSE(.units = 3, .activation = AD_TANH),
    NN_BATCH_NORM(.momentum = 0.25),
    NN_RESIDUAL(inner),
    NN_DENSE(.units = 1),
};

enum { STEPS = 5, ROWS = 6, MOST_PARTS = 16 };

/* A network on a tape of its own, and all that it has: parameters, states, and slots of the optimiser. */
typedef struct model {
    ad_tape *t;
    nn_network *net;
    double x[ROWS * 2];
} model;

static model open_model(ad_tape *tape)
{
    model m = {.t = tape};
    m.net = nn_network_open(
        tape, &(nn_network_options){.layers = NN_LAYERS(layers), .input = AD_SHAPE(2), .type = AD_F64, .seed = 11});
    expect_ok(tape);
    memcpy(m.x, some_numbers(3, ROWS * 2, -1, 1), sizeof m.x);
    return m;
}

static ad_tensor record(const model *m, int64_t step)
{
    const ad_tensor x = ad_input(m->t, AD_F64, AD_SHAPE(ROWS, 2), m->x);
    return ad_mean(ad_square(ad_shift(nn_run(m->net, nn_training(m->net, step), x), -1)));
}

static void step_of(const model *m, int64_t step)
{
    ad_backward(record(m, step));
    ck_assert_int_eq(nn_step(m->net, nn_training(m->net, step), NULL), AD_OK);
}

/* Steps that are recorded anew each time. */
static void train(const model *m, int64_t first, int n)
{
    for (int i = 0; i < n; i++) {
        step_of(m, first + i);
        ad_reset(m->t);
    }
    expect_ok(m->t);
}

/* All tensors that both tapes keep have the same bits. */
static void expect_same_models(const model *a, const model *b)
{
    ck_assert_uint_eq(ad_kept_count(a->t), ad_kept_count(b->t));
    for (size_t i = 0; i < ad_kept_count(a->t); i++)
        expect_same_bits(ad_kept_at(a->t, i), ad_kept_at(b->t, i));
}

static void close_model(model *m)
{
    nn_network_close(m->net);
    ad_tape_close(m->t);
}

/* The states of the model change with each step, so that a comparison says something. */
static bool states_differ(const model *a, const model *b)
{
    size_t n = 0;
    for (size_t i = 0; i < nn_network_part_count(a->net); i++)
        if (nn_network_role(a->net, i) == NN_STATE) {
            const ad_tensor s = nn_network_part(a->net, i), r = nn_network_part(b->net, i);
            ck_assert_mem_ne(ad_data(s), ad_data(r), ad_size_of(s) * sizeof(double));
            n++;
        }
    return n == 4;
}

/* What a test does to a model between two steps must leave no trace: compares with three steps without it. */
static void expect_no_trace(void disturb(model *m))
{
    model m = open_model(ad_tape_open(NULL)), like = open_model(ad_tape_open(NULL));
    train(&m, 0, 2);
    train(&like, 0, 1);
    ck_assert(states_differ(&m, &like));
    train(&like, 1, 1);
    expect_same_models(&m, &like);
    disturb(&m);
    expect_same_models(&m, &like);
    train(&m, 2, 1);
    train(&like, 2, 1);
    expect_same_models(&m, &like);
    close_model(&m);
    close_model(&like);
}

/* ---- What throws proposals away ---------------------------------------------------------------------------------- */

/* A loss that is not finite: the program leaves the step, and resets. */
static void lose_a_step(model *m)
{
    double bad[ROWS * 2];
    memcpy(bad, m->x, sizeof bad);
    bad[3] = (double)INFINITY;
    bad[4] = (double)NAN;
    const ad_tensor x = ad_input(m->t, AD_F64, AD_SHAPE(ROWS, 2), bad);
    const ad_tensor loss = ad_mean(ad_square(nn_run(m->net, nn_training(m->net, 2), x)));
    ck_assert(!isfinite(ad_item(loss)));
    ad_reset(m->t);
}

/* The gradients are missing: the step is refused, and what it proposed is dropped with it. */
static void fail_a_step(model *m)
{
    record(m, 2);
    ck_assert_int_eq(nn_step(m->net, nn_training(m->net, 2), &(nn_optimiser_options){.rate = -1}), AD_BAD_VALUE);
    ad_clear_error(m->t);
    ad_reset(m->t);
}

/* A layer that fails after others have proposed. */
static void fail_a_run(model *m)
{
    const ad_tensor x = ad_input(m->t, AD_F64, AD_SHAPE(ROWS, 2), m->x);
    nn_run(m->net, nn_training(m->net, 2), x);
    nn_run(m->net, nn_training(m->net, 2), ad_slice(x, 0, (ad_range){0, 1, 1}));
    ck_assert_int_eq(ad_clear_error(m->t), AD_BAD_SHAPE);
    ad_reset(m->t);
}

static void infer(model *m)
{
    const ad_tensor x = ad_input(m->t, AD_F64, AD_SHAPE(ROWS, 2), m->x);
    nn_run(m->net, nn_inference(m->net), x);
    ad_commit(m->t);
    ad_reset(m->t);
}

static ad_tensor loss_of(ad_tape *tape, void *context)
{
    (void)tape;
    return record(context, 2);
}

/* The biases before a normalisation have gradients that are 0, up to rounding. */
static void check_gradients(model *m)
{
    ad_gradcheck_result results[2 * MOST_PARTS];
    ck_assert_uint_le(ad_param_count(m->t), COUNT(results));
    ck_assert_int_eq(ad_gradcheck(m->t, loss_of, m, NULL, results), AD_OK);
    int right = 0;
    for (size_t i = 0; i < ad_param_count(m->t); i++) {
        ck_assert_msg(results[i].verdict == AD_GRADIENT_RIGHT || results[i].verdict == AD_GRADIENT_ALL_ZERO, "%s is %s",
                      ad_name_of(ad_param_at(m->t, i)), ad_verdict_name(results[i].verdict));
        right += results[i].verdict == AD_GRADIENT_RIGHT;
    }
    ck_assert_int_ge(right, 6);
    ad_commit(m->t);
    ad_reset(m->t);
}

static void return_to_a_position(model *m)
{
    const ad_position position = ad_position_now(m->t);
    ad_backward(record(m, 2));
    ad_return_to(m->t, position, NULL, 0);
    ad_commit(m->t);
    ad_reset(m->t);
}

static void (*const disturbances[])(model *m) = {lose_a_step, fail_a_step,     fail_a_run,
                                                 infer,       check_gradients, return_to_a_position};

START_TEST(what_throws_proposals_away) { expect_no_trace(disturbances[_i]); }
END_TEST

/* ---- What counts them once --------------------------------------------------------------------------------------- */

/* Recorded once, and replayed: the same as recorded anew. */
START_TEST(a_replay_counts_once)
{
    model m = open_model(ad_tape_open(NULL)), like = open_model(ad_tape_open(NULL));
    const ad_tensor loss = record(&m, 0);
    for (int i = 0; i < STEPS; i++) {
        ad_backward(loss);
        ck_assert_int_eq(nn_step(m.net, nn_training(m.net, 0), NULL), AD_OK);
        if (i < STEPS - 1)
            ck_assert_int_eq(ad_replay(m.t), AD_OK);
    }
    train(&like, 0, STEPS);
    expect_same_models(&m, &like);
    close_model(&m);
    close_model(&like);
}
END_TEST

/* A segment around the run is computed twice, and its proposals count once. */
START_TEST(a_segment_counts_once)
{
    model m = open_model(ad_tape_open(NULL)), like = open_model(ad_tape_open(NULL));
    for (int i = 0; i < STEPS; i++) {
        const ad_tensor x = ad_input(m.t, AD_F64, AD_SHAPE(ROWS, 2), m.x);
        ad_segment_begin(m.t);
        const ad_tensor y = nn_run(m.net, nn_training(m.net, i), x);
        ad_segment_end(m.t, &y, 1);
        ad_backward(ad_mean(ad_square(ad_shift(y, -1))));
        if (i % 2) /* a second sweep computes the segment again */
            ad_backward(ad_mean(ad_square(ad_shift(y, -1))));
        ck_assert_int_eq(nn_step(m.net, nn_training(m.net, i), NULL), AD_OK);
        ad_reset(m.t);
        expect_ok(m.t);
    }
    train(&like, 0, STEPS);
    expect_same_models(&m, &like);
    close_model(&m);
    close_model(&like);
}
END_TEST

/* Watching changes nothing. */
START_TEST(a_watched_step_counts_once)
{
    model m = open_model(ad_tape_open(NULL)), like = open_model(ad_tape_open(NULL));
    ad_watch(m.t, AD_ON);
    train(&m, 0, STEPS);
    train(&like, 0, STEPS);
    expect_same_models(&m, &like);
    close_model(&m);
    close_model(&like);
}
END_TEST

/* ---- Running values ---------------------------------------------------------------------------------------------- */

static const nn_layer norm[] = {NN_BATCH_NORM(.momentum = 0.25)};
enum { GAIN, BIAS, MEAN, VARIANCE };

static nn_network *open_norm(void)
{
    nn_network *net =
        nn_network_open(t, &(nn_network_options){.layers = NN_LAYERS(norm), .input = AD_SHAPE(2), .type = AD_F64});
    expect_ok(t);
    return net;
}

/* Over columns with the means 2 and 4 and the unbiased variances 2 and 8. */
START_TEST(running_values_are_those_of_the_formula)
{
    nn_network *net = open_norm();
    const ad_tensor x = MATRIX(2, 2, 1, 2, 3, 6);
    double mean[] = {0, 0}, variance[] = {1, 1};
    for (int step = 0; step < 3; step++) {
        const ad_tensor now = step ? MATRIX(2, 2, 1, 2, 3, 6) : x;
        ad_backward(ad_sum(ad_square(nn_run(net, nn_training(net, step), now))));
        EXPECT_NEAR(nn_network_part(net, MEAN), 1e-15, mean[0], mean[1]);
        ck_assert_int_eq(nn_step(net, nn_training(net, step), NULL), AD_OK);
        for (int i = 0; i < 2; i++) {
            mean[i] = 0.75 * mean[i] + 0.25 * (i ? 4 : 2);
            variance[i] = 0.75 * variance[i] + 0.25 * (i ? 8 : 2);
        }
        EXPECT_NEAR(nn_network_part(net, MEAN), 1e-15, mean[0], mean[1]);
        EXPECT_NEAR(nn_network_part(net, VARIANCE), 1e-15, variance[0], variance[1]);
        ad_reset(t);
    }
    nn_network_close(net);
    expect_ok(t);
}
END_TEST

/* A network that runs twice in one step proposes from its own first proposal: as two steps in which gain and bias do
 * not change. */
START_TEST(a_network_that_runs_twice)
{
    nn_network *net = open_norm();
    ad_tensor both = nn_run(net, nn_training(net, 0), MATRIX(2, 2, 1, 2, 3, 6));
    both = ad_add(both, nn_run(net, nn_training(net, 1), MATRIX(2, 2, -1, 0, 5, 9)));
    ad_backward(ad_sum(ad_square(both)));
    ck_assert_int_eq(nn_step(net, nn_training(net, 0), NULL), AD_OK);
    const snapshot mean = snapshot_of(nn_network_part(net, MEAN)),
                   variance = snapshot_of(nn_network_part(net, VARIANCE));
    ck_assert_uint_eq(ad_version_of(nn_network_part(net, MEAN)), 2); /* filled at the start, and this step */
    ad_reset(t);
    ad_fill(nn_network_part(net, MEAN), 0);
    ad_fill(nn_network_part(net, VARIANCE), 1);
    for (int i = 0; i < 2; i++) {
        nn_run(net, nn_training(net, i), i ? MATRIX(2, 2, -1, 0, 5, 9) : MATRIX(2, 2, 1, 2, 3, 6));
        ad_commit(t);
        ad_reset(t);
    }
    expect_unchanged(nn_network_part(net, MEAN), mean);
    expect_unchanged(nn_network_part(net, VARIANCE), variance);
    nn_network_close(net);
    expect_ok(t);
}
END_TEST

/* A second nn_step without a run takes nothing over again. */
START_TEST(a_second_step_takes_nothing_over)
{
    nn_network *net = open_norm();
    ad_backward(ad_sum(ad_square(nn_run(net, nn_training(net, 0), MATRIX(2, 2, 1, 2, 3, 6)))));
    ck_assert_int_eq(nn_step(net, nn_training(net, 0), NULL), AD_OK);
    const snapshot mean = snapshot_of(nn_network_part(net, MEAN));
    ck_assert_int_eq(nn_step(net, nn_training(net, 0), NULL), AD_OK);
    expect_unchanged(nn_network_part(net, MEAN), mean);
    nn_network_close(net);
    expect_ok(t);
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, what_throws_proposals_away, 0, COUNT(disturbances));
    tcase_add_test(tests, a_replay_counts_once);
    tcase_add_test(tests, a_segment_counts_once);
    tcase_add_test(tests, a_watched_step_counts_once);
    tcase_add_test(tests, running_values_are_those_of_the_formula);
    tcase_add_test(tests, a_network_that_runs_twice);
    tcase_add_test(tests, a_second_step_takes_nothing_over);
}

int main(void) { return run_on_one_tape("network_state", add_tests); }
