/* What a fit is asked to do: how far it goes, from which rows it learns, what its callback sees, what it refuses. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../support/check.h"
#include "../support/classifiers.h"

enum { ROWS = 47, BATCH = 10, EPOCH = 5 };

static ad_status fit_by(nn_classifier *c, nn_fit_options o)
{
    o.batch_size = BATCH;
    return nn_classifier_fit(c, &train.data, &o);
}

/* ---- How far ----------------------------------------------------------------------------------------------------- */

START_TEST(goals)
{
    static const struct {
        nn_fit_options options;
        int64_t from, to;
    } cases[] = {
        {{.steps = 3}, 0, 3},   {{.steps = 3}, 4, 7},         {{.to_step = 9}, 0, 9},    {{.to_step = 9}, 4, 9},
        {{.to_step = 9}, 9, 9}, {{.to_step = 9}, 12, 12},     {{.epochs = 1}, 0, EPOCH}, {{.epochs = 3}, 0, 3 * EPOCH},
        {{.epochs = 2}, 3, 13}, {{.steps = 0}, 2, 2 + EPOCH},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        nn_classifier *c = open_small();
        if (cases[i].from)
            fit(c, &train, BATCH, cases[i].from);
        ck_assert_int_eq(fit_by(c, cases[i].options), AD_OK);
        state_after(&wanted, &train, BATCH, cases[i].to);
        close_as(c, &wanted, "a goal");
    }
}
END_TEST

START_TEST(bad_options)
{
    static const struct {
        nn_fit_options options;
        const char *said;
    } cases[] = {
        {{.to_step = -1}, "fit: to_step is -1: it must be at least 1"},
        {{.epochs = -2}, "fit: epochs is -2: it must be at least 1"},
        {{.validate_every = -1}, "fit: validate_every is -1: it must be at least 1"},
        {{.patience = -1}, "fit: patience is -1: it must be at least 0"},
        {{.watch_every = -3}, "fit: watch_every is -3: it must be at least 0"},
        {{.steps = 1, .epochs = 1}, "fit: steps and epochs: give one"},
        {{.steps = 1, .to_step = 1}, "fit: steps and to_step: give one"},
        {{.to_step = 1, .epochs = 1}, "fit: to_step and epochs: give one"},
        {{.patience = 2},
         "fit: patience needs validation: give data as validation, or a validation_share of the rows, for instance 0.1"},
        {{.validate_every = 2},
         "fit: validate_every needs validation: give data as validation, or a validation_share of the rows, for "
         "instance 0.1"},
        {{.monitor = NN_MONITOR_ACCURACY},
         "fit: monitor needs validation: give data as validation, or a validation_share of the rows, for instance 0.1"},
        {{.least_improvement = 0.1},
         "fit: least_improvement needs validation: give data as validation, or a validation_share of the rows, for "
         "instance 0.1"},
        {{.validation_share = 1}, "fit: validation_share is 1: it must be at least 0 and below 1"},
        {{.validation_share = -0.1}, "fit: validation_share is -0.1: it must be at least 0 and below 1"},
        {{.validation_share = NAN}, "fit: validation_share is nan: it must be at least 0 and below 1"},
        {{.validation_share = 0.1, .validation = &test.data}, "fit: validation and validation_share: give one"},
        {{.validation_share = 0.1, .monitor = (nn_monitor)7}, "fit: monitor is 7: it must be one of loss, accuracy"},
        {{.validation_share = 0.1, .least_improvement = -1}, "fit: least_improvement is -1: it must be at least 0"},
        {{.validation_share = 0.1, .least_improvement = NAN}, "fit: least_improvement is nan: it must be at least 0"},
        {{.epochs = INT64_MAX}, "fit: epochs is 9223372036854775807: after 2 steps that is more than can be counted"},
        {{.steps = INT64_MAX}, "fit: steps is 9223372036854775807: after 2 steps that is more than can be counted"},
    };
    nn_classifier *c = open_small();
    fit(c, &train, BATCH, 2);
    take_state(c, &wanted);
    for (size_t i = 0; i < COUNT(cases); i++) {
        ck_assert_int_eq(fit_by(c, cases[i].options), AD_BAD_VALUE);
        ck_assert_str_eq(nn_classifier_message(c), cases[i].said);
        nn_classifier_clear_error(c);
    }
    close_as(c, &wanted, "refused fits");
}
END_TEST

START_TEST(plateau_needs_validation)
{
    nn_classifier_options o = small_net;
    o.optimiser.schedule.rule = &nn_schedule_plateau;
    nn_classifier *c = open_with(o);
    ck_assert_int_eq(fit_by(c, (nn_fit_options){.steps = 1}), AD_BAD_VALUE);
    ck_assert_str_eq(nn_classifier_message(c), "fit: its schedule needs validation: give data as validation, or "
                                               "a validation_share of the rows, for instance 0.1");
    nn_classifier_close(c);
}
END_TEST

START_TEST(a_search_takes_all_rows_and_is_not_watched)
{
    nn_classifier_options o = small_net;
    o.optimiser.rule = &nn_lbfgs;
    nn_classifier *c = open_with(o);
    ck_assert_int_eq(fit_by(c, (nn_fit_options){.steps = 1}), AD_BAD_VALUE);
    ck_assert_str_eq(nn_classifier_message(c),
                     "fit: batch_size is 10: lbfgs takes all 47 rows in each step: leave batch_size out");
    nn_classifier_clear_error(c);
    ck_assert_int_eq(nn_classifier_fit(c, &train.data, &(nn_fit_options){.steps = 1, .watch_every = 2}), AD_BAD_VALUE);
    ck_assert_str_eq(nn_classifier_message(c), "fit: watch_every is 2: no step of lbfgs can be watched: leave it out");
    nn_classifier_clear_error(c);
    diary d = {.n = 0};
    ck_assert_int_eq(
        nn_classifier_fit(c, &train.data, &(nn_fit_options){.steps = 60, .callback = keep_diary, .context = &d}),
        AD_OK);
    for (int64_t i = 1; i < d.n; i++)
        ck_assert(d.seen[i].loss <= d.seen[i - 1].loss);
    ck_assert_msg(d.seen[d.n - 1].loss < 1e-2, "loss %g", d.seen[d.n - 1].loss);
    nn_classifier_close(c);
}
END_TEST

START_TEST(bad_validation_data)
{
    nn_classifier *c = open_small();
    nn_data bad = test.data;
    bad.columns = 3;
    ck_assert_int_eq(fit_by(c, (nn_fit_options){.steps = 1, .validation = &bad}), AD_BAD_SHAPE);
    ck_assert_str_eq(nn_classifier_message(c), "fit: the validation data have 3 columns, those to learn from 4");
    nn_classifier_clear_error(c);
    bad = test.data;
    bad.labels = NULL;
    ck_assert_int_eq(fit_by(c, (nn_fit_options){.steps = 1, .validation = &bad}), AD_BAD_VALUE);
    ck_assert_msg(strstr(nn_classifier_message(c), "fit: validation: labels are NULL"), "%s", nn_classifier_message(c));
    nn_classifier_clear_error(c);
    bad = test.data;
    bad.rows = 0;
    ck_assert_int_eq(fit_by(c, (nn_fit_options){.steps = 1, .validation = &bad}), AD_BAD_SHAPE);
    nn_classifier_close(c);
}
END_TEST

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

/* A share that is held out is that of nn_split_open, by the seed, and the training is that on the other part. */
START_TEST(a_share_is_held_out)
{
    nn_classifier_options o = small_net;
    o.scaling = NN_SCALE_FEATURE;
    o.seed = 11;
    nn_split *split = nn_split_open(&train.data, &(nn_split_options){.share = 0.2, .seed = 11});
    ck_assert_str_eq(nn_split_message(split), "");
    nn_data part = nn_split_train(split, 0), held = nn_split_test(split, 0);
    nn_classifier *by_hand = open_with(o), *c = open_with(o);
    ck_assert_int_eq(nn_classifier_fit(by_hand, &part, &(nn_fit_options){.batch_size = BATCH, .steps = 13}), AD_OK);
    take_state(by_hand, &wanted);
    const nn_evaluation e = nn_classifier_evaluate(by_hand, &held);
    ck_assert_int_eq(fit_by(c, (nn_fit_options){.steps = 13, .validation_share = 0.2, .validate_every = 13}), AD_OK);
    const nn_history_row *row = nn_history_at(nn_classifier_history(c), nn_history_count(nn_classifier_history(c)) - 1);
    ck_assert(row->validated && row->step == 13);
    ck_assert(row->validation_loss == e.loss && row->validation_accuracy == e.accuracy);
    close_as(c, &wanted, "a share that is held out");
    nn_classifier_close(by_hand);
    nn_split_close(split);
}
END_TEST

/* Validation changes nothing that is learnt. */
START_TEST(validation_disturbs_nothing)
{
    state_after(&wanted, &train, BATCH, 17);
    nn_classifier *c = open_small();
    ck_assert_int_eq(fit_by(c, (nn_fit_options){.steps = 9, .validation = &test.data, .validate_every = 2}), AD_OK);
    ck_assert_int_eq(fit_by(c, (nn_fit_options){.steps = 8, .validation = &test.data}), AD_OK);
    close_as(c, &wanted, "a fit with validation");
}
END_TEST

/* Only the first batch is learnt: its rows are known by heart, whatever its labels are. */
START_TEST(one_batch_is_overfit)
{
    nn_classifier_options o = small_net;
    o.hidden_units[0] = 40;
    for (int64_t i = 0; i < ROWS; i++)
        train.labels[i] = (int32_t)(i * i % 7 % CLASSES);
    diary d = {.n = 0};
    nn_classifier *c = open_with(o);
    ck_assert_int_eq(
        fit_by(c, (nn_fit_options){.steps = 250, .overfit_one_batch = true, .callback = keep_diary, .context = &d}),
        AD_OK);
    ck_assert_msg(d.seen[249].loss < 0.05 && d.seen[249].loss < d.seen[0].loss / 5, "loss %g", d.seen[249].loss);
    nn_classifier *whole = open_with(o);
    diary all = {.n = 0};
    ck_assert_int_eq(fit_with_diary(whole, &train, BATCH, 250, &all), AD_OK);
    ck_assert(all.seen[0].loss == d.seen[0].loss);
    ck_assert(all.seen[1].loss != d.seen[1].loss);
    nn_classifier_close(whole);
    nn_classifier_close(c);
}
END_TEST

/* It is the same batch at the end of an epoch too, whose own last batch is shorter: the loss of a convex problem falls
 * in every small step. */
START_TEST(the_same_batch_is_overfit)
{
    diary d = {.n = 0};
    nn_classifier *c =
        open_with((nn_classifier_options){.n_classes = CLASSES, .optimiser = {.rule = &nn_gradient_descent}});
    ck_assert_int_eq(
        fit_by(c, (nn_fit_options){.steps = 40, .overfit_one_batch = true, .callback = keep_diary, .context = &d}),
        AD_OK);
    for (int i = 1; i < 40; i++)
        ck_assert_msg(d.seen[i].loss < d.seen[i - 1].loss, "step %d", i + 1);
    nn_classifier_close(c);
}
END_TEST

/* ---- What the callback sees -------------------------------------------------------------------------------------- */

START_TEST(a_callback_sees_everything)
{
    diary d = {.n = 0};
    nn_classifier_options o = small_net;
    o.optimiser = (nn_optimiser_options){
        .rule = &nn_adam, .rate = 0.01, .schedule = {.rule = &nn_schedule_polynomial, .steps = 100, .warm_up = 4}};
    nn_classifier *c = open_with(o);
    fit_by(c, (nn_fit_options){.steps = 2});
    ck_assert_int_eq(fit_by(c, (nn_fit_options){.steps = 11,
                                                .validation = &test.data,
                                                .validate_every = 3,
                                                .watch_every = 4,
                                                .callback = keep_diary,
                                                .context = &d}),
                     AD_OK);
    ck_assert_int_eq(d.n, 11);
    for (int64_t i = 0; i < d.n; i++) {
        const nn_progress *p = &d.seen[i];
        const int64_t t = 2 + i;
        ck_assert_int_eq(p->step, t + 1);
        ck_assert_int_eq(p->first_step, 2);
        ck_assert_int_eq(p->last_step, 13);
        ck_assert_int_eq(p->epoch, t / EPOCH);
        ck_assert_int_eq(p->is_last, t + 1 == 13);
        ck_assert_int_eq(p->is_watched, (t + 1) % 4 == 0);
        ck_assert_int_eq(p->validation.step, t + 1 < 3 ? 0 : (t + 1) / 3 * 3);
        ck_assert(p->history == nn_classifier_history(c) && p->network == nn_classifier_network(c));
        const double factor = t < 4 ? (double)(t + 1) / 4 : 1 - (double)(t - 4) / 100;
        ck_assert_msg(fabs(p->rate - 0.01 * factor) < 1e-15, "step %lld: rate %g", (long long)t, p->rate);
    }
    const nn_evaluation e = nn_classifier_evaluate(c, &test.data);
    ck_assert_int_eq(e.global_step, 13);
    nn_classifier_close(c);
}
END_TEST

/* In a step that is watched the recording is there to be looked at, with the update. */
static bool look_at_flow(const nn_progress *progress, void *context)
{
    char text[4000] = "";
    FILE *to = fmemopen(text, sizeof text, "w");
    ck_assert_int_eq(nn_print_flow(context, to, NULL).status, AD_OK);
    fclose(to);
    ck_assert_msg(!strstr(text, "update unknown") == progress->is_watched, "step %lld: %s", (long long)progress->step,
                  text);
    return true;
}

START_TEST(watched_steps_have_their_flow)
{
    state_after(&wanted, &train, BATCH, 12);
    nn_classifier *c = open_small();
    ck_assert_int_eq(fit_by(c, (nn_fit_options){.steps = 12, .watch_every = 5, .callback = look_at_flow, .context = c}),
                     AD_OK);
    const nn_history *h = nn_classifier_history(c);
    const size_t parameters = nn_classifier_parameter_count(c);
    ck_assert_uint_eq(nn_history_flow_count(h), 2 * parameters);
    for (size_t i = 0; i < nn_history_flow_count(h); i++) {
        const nn_flow *f = nn_history_flow_at(h, i);
        ck_assert_int_eq(f->step, i < parameters ? 5 : 10);
        ck_assert_str_eq(f->name, ad_name_of(nn_classifier_parameter(c, i % parameters)));
        ck_assert(f->gradient_rms > 0 && f->gradient_rms < 10);
        ck_assert(f->update_ratio > 0 && f->update_ratio < 10);
    }
    ck_assert_ptr_null(nn_history_flow_at(h, nn_history_flow_count(h)));
    close_as(c, &wanted, "a fit that was watched");
}
END_TEST

/* The figures of a step by hand: descent changes x by the rate times the gradient. */
START_TEST(flow_by_hand)
{
    nn_classifier_options o = small_net;
    o.optimiser = (nn_optimiser_options){.rule = &nn_gradient_descent, .rate = 0.5};
    nn_classifier *c = open_with(o);
    ck_assert_int_eq(fit_by(c, (nn_fit_options){.steps = 1}), AD_OK);
    const ad_tensor w = nn_classifier_parameter(c, 0);
    double size = 0;
    for (size_t i = 0; i < ad_size_of(w); i++)
        size += (double)ad_f32(w)[i] * (double)ad_f32(w)[i];
    size = sqrt(size / (double)ad_size_of(w));
    ck_assert_int_eq(fit_by(c, (nn_fit_options){.steps = 1, .watch_every = 1}), AD_OK);
    const nn_flow *f = nn_history_flow_at(nn_classifier_history(c), 0);
    ck_assert_msg(fabs(f->update_ratio * size / (0.5 * f->gradient_rms) - 1) < 1e-5, "%g %g %g", f->update_ratio, size,
                  f->gradient_rms);
    nn_classifier_close(c);
}
END_TEST

/* ---- Losses that are not finite ---------------------------------------------------------------------------------- */

/* Features that overflow in the first layer they meet: the message names it, with the layers around it. */
START_TEST(the_layer_is_named)
{
    static const nn_dense_options wide = {.units = 4, .activation = AD_IDENTITY};
    static const nn_layer inside[] = {{.kind = &nn_dense, .name = "inner", .options = &wide}};
    static const nn_residual_options around = {.layers = {inside, 1}};
    static const nn_layer layers[] = {{.kind = &nn_residual, .name = "block", .options = &around}};
    for (int64_t i = 0; i < ROWS * COLUMNS; i++)
        train.x[i] = i / COLUMNS >> i % COLUMNS & 1 ? 3.3e38F : -3.3e38F;
    for (int searches = 0; searches < 2; searches++) {
        nn_classifier *c = open_with((nn_classifier_options){
            .layers = {layers, 1}, .n_classes = CLASSES, .optimiser = {.rule = searches ? &nn_lbfgs : NULL}});
        ck_assert_int_eq(nn_classifier_fit(c, &train.data, &(nn_fit_options){.steps = 4}), AD_NOT_FINITE);
        ck_assert_str_eq(nn_classifier_message(c),
                         "fit: the loss is NaN at step 1 (first in block/inner); the model of step 0 is kept; try "
                         "a smaller rate or clip_norm=1");
        nn_classifier_close(c);
    }
}
END_TEST

/* The weights of step 121 are bad, which the loss of step 122 shows. Good ones take their place: those of step 100, or
 * with patience the best. They work. */
START_TEST(bad_weights_are_replaced_by_good_ones)
{
    const bool waits = _i;
    nn_classifier *c = open_sudden(), *good = open_sudden();
    nn_fit_options o = {.steps = 300};
    if (waits) {
        o.patience = 300;
        o.validation = &test.data;
        o.validate_every = 40;
    }
    ck_assert_int_eq(fit_by(c, o), AD_NOT_FINITE);
    const int64_t kept = waits ? nn_history_best(nn_classifier_history(c)).step : 100;
    char said[200];
    snprintf(said, sizeof said, "; the model of step %lld is kept; try a smaller rate or clip_norm=1", (long long)kept);
    ck_assert_msg(strstr(nn_classifier_message(c), " at step 122 (first in logits); the mo") &&
                      strstr(nn_classifier_message(c), said),
                  "%s", nn_classifier_message(c));
    ck_assert_int_eq(nn_history_end(nn_classifier_history(c)), NN_END_FAILED);
    const nn_evaluation e = nn_classifier_evaluate(c, &train.data);
    ck_assert(e.status == AD_OK && isfinite(e.loss) && e.global_step == 121);
    fit(good, &train, BATCH, kept);
    expect_same_parts(c, good);
    nn_classifier_close(good);
    nn_classifier_close(c);
}
END_TEST

/* The first batch counts nothing, so that nothing is known of the weights before it: those of the second are kept. */
START_TEST(good_weights_after_a_batch_that_counts_nothing)
{
    static double counts[ROWS];
    nn_classifier_options o = small_net;
    o.optimiser = (nn_optimiser_options){.rule = &nn_gradient_descent, .rate = 1e25};
    ck_assert_int_eq(ROWS % BATCH, 7);
    for (int64_t i = 0; i < ROWS; i++)
        counts[i] = 1;
    int32_t order[ROWS];
    ad_random_permutation(o.seed, ad_stream(AD_STREAM_ORDER, 0), ROWS, order);
    for (int64_t i = 0; i < BATCH; i++)
        counts[order[i]] = 0;
    train.data.weights = counts;
    nn_classifier *c = open_with(o);
    ck_assert_int_eq(fit_by(c, (nn_fit_options){.steps = 20}), AD_NOT_FINITE);
    ck_assert_msg(strstr(nn_classifier_message(c), "at step 3 (") &&
                      strstr(nn_classifier_message(c), "the model of step 1 is kept"),
                  "%s", nn_classifier_message(c));
    const nn_evaluation e = nn_classifier_evaluate(c, &train.data);
    ck_assert(e.status == AD_OK && e.loss < 10);
    nn_classifier_close(c);
}
END_TEST

/* A goal that is reached already: nothing is done, not even to the weights that patience left. */
START_TEST(a_goal_that_is_reached_changes_nothing)
{
    nn_classifier *c = open_small();
    nn_fit_options o = {.steps = 37, .validation = &test.data, .validate_every = 5, .patience = 50};
    ck_assert_int_eq(fit_by(c, o), AD_OK);
    take_state(c, &wanted);
    ck_assert_int_eq(fit_by(c, (nn_fit_options){.to_step = 20}), AD_OK);
    ck_assert_int_eq(nn_history_end(nn_classifier_history(c)), NN_END_STEPS);
    take_state(c, &other_state);
    ck_assert(same_state(&wanted, &other_state));
    ck_assert_int_eq(fit_by(c, (nn_fit_options){.steps = -1}), AD_BAD_VALUE);
    ck_assert_int_eq(nn_history_end(nn_classifier_history(c)), NN_END_FAILED);
    close_as(c, &wanted, "fits that do nothing");
}
END_TEST

/* A row that is too large, which comes after some steps: the weights are good, and stay. An error from before keeps its
 * message. */
START_TEST(good_weights_stay)
{
    const bool has_error = _i;
    nn_classifier_options o = small_net;
    for (int64_t i = 0; i < ROWS * COLUMNS; i++)
        train.x[i] = i / COLUMNS == 12 ? 3.3e38F : train.x[i];
    o.seed = 7;
    diary d = {.n = 0};
    nn_classifier *c = open_with(o), *good = open_with(o);
    if (has_error)
        nn_classifier_predict(c, &train.data, NULL);
    char before[200];
    snprintf(before, sizeof before, "%s", nn_classifier_message(c));
    ck_assert_int_eq(fit_by(c, (nn_fit_options){.steps = 50, .callback = keep_diary, .context = &d}), AD_NOT_FINITE);
    ck_assert_int_ge(d.n, 1);
    char said[80];
    snprintf(said, sizeof said, "; the model of step %lld is kept; ", (long long)d.n);
    if (has_error)
        ck_assert_str_eq(nn_classifier_message(c), before);
    else
        ck_assert_msg(strstr(nn_classifier_message(c), said), "%s", nn_classifier_message(c));
    ck_assert_int_eq(fit_by(good, (nn_fit_options){.steps = d.n}), AD_OK);
    expect_same_parts(c, good);
    nn_classifier_close(good);
    nn_classifier_close(c);
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, open_clouds, close_clouds);
    tcase_add_test(tests, goals);
    tcase_add_test(tests, bad_options);
    tcase_add_test(tests, plateau_needs_validation);
    tcase_add_test(tests, a_search_takes_all_rows_and_is_not_watched);
    tcase_add_test(tests, bad_validation_data);
    tcase_add_test(tests, a_share_is_held_out);
    tcase_add_test(tests, validation_disturbs_nothing);
    tcase_add_test(tests, one_batch_is_overfit);
    tcase_add_test(tests, the_same_batch_is_overfit);
    tcase_add_test(tests, a_callback_sees_everything);
    tcase_add_test(tests, watched_steps_have_their_flow);
    tcase_add_test(tests, flow_by_hand);
    tcase_add_test(tests, the_layer_is_named);
    tcase_add_loop_test(tests, bad_weights_are_replaced_by_good_ones, 0, 2);
    tcase_add_test(tests, a_goal_that_is_reached_changes_nothing);
    tcase_add_test(tests, good_weights_after_a_batch_that_counts_nothing);
    tcase_add_loop_test(tests, good_weights_stay, 0, 2);
}

int main(void) { return run_tests("fit", add_tests); }
