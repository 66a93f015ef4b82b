/* How fits end: why, what they say, which weights they leave; with regressors too. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../support/check.h"
#include "../support/classifiers.h"

enum { BATCH = 10, EPOCH = 5, ROWS = 47 };

static float targets[MAX_ROWS], held_targets[MAX_ROWS];

/* What a regressor learns: a noisy sum. */
static void open_sums(void)
{
    open_clouds();
    for (int64_t i = 0; i < train.data.rows; i++)
        targets[i] = train.x[i * COLUMNS] - 2 * train.x[i * COLUMNS + 1] + (float)cloud_noise(9, i);
    for (int64_t i = 0; i < test.data.rows; i++)
        held_targets[i] = test.x[i * COLUMNS] - 2 * test.x[i * COLUMNS + 1] + (float)cloud_noise(10, i);
    train.data.targets = targets;
    test.data.targets = held_targets;
}

static const nn_regressor_options steep = {.seed = 4, .optimiser = {.rule = &nn_gradient_descent}};

static nn_regressor *open_regressor(nn_regressor_options o)
{
    o.allocator = &memory.allocator;
    nn_regressor *r = nn_regressor_open(&o);
    ck_assert_ptr_nonnull(r);
    return r;
}

static ad_status fit_by(nn_regressor *r, nn_fit_options o)
{
    o.batch_size = o.batch_size ? o.batch_size : BATCH;
    return nn_regressor_fit(r, &train.data, &o);
}

static ad_status classify_by(nn_classifier *c, nn_fit_options o)
{
    o.batch_size = BATCH;
    return nn_classifier_fit(c, &train.data, &o);
}

/* ---- Why --------------------------------------------------------------------------------------------------------- */

START_TEST(names_of_ends)
{
    static const char *const names[] = {"none", "steps", "patience", "minimum", "stopped", "failed"};
    ck_assert_int_eq(NN_END_COUNT, COUNT(names));
    for (int i = 0; i < NN_END_COUNT; i++)
        ck_assert_str_eq(nn_fit_end_name(i), names[i]);
    ck_assert_ptr_null(nn_fit_end_name(-1));
    ck_assert_ptr_null(nn_fit_end_name(NN_END_COUNT));
    ck_assert_int_eq(nn_history_end(NULL), NN_END_NONE);
}
END_TEST

/* The end that each call of the callback sees: none until the last one. */
typedef struct ends {
    nn_fit_end seen[64];
    int64_t n, stop_at;
} ends;

static bool note_end(const nn_progress *progress, void *context)
{
    ends *e = context;
    ck_assert_int_lt(e->n, COUNT(e->seen));
    e->seen[e->n++] = nn_history_end(progress->history);
    ck_assert_int_eq(progress->is_last, e->seen[e->n - 1] != NN_END_NONE);
    return progress->step != e->stop_at;
}

static void expect_end(nn_classifier *c, nn_fit_options o, int64_t stop_at, ad_status status, nn_fit_end end)
{
    ends e = {.stop_at = stop_at};
    o.callback = note_end;
    o.context = &e;
    ck_assert_int_eq(classify_by(c, o), status);
    ck_assert_int_eq(nn_history_end(nn_classifier_history(c)), end);
    for (int64_t i = 0; i + 1 < e.n; i++)
        ck_assert_int_eq(e.seen[i], NN_END_NONE);
    if (e.n > 0)
        ck_assert_int_eq(e.seen[e.n - 1], status == AD_OK ? end : NN_END_NONE);
}

START_TEST(every_end_has_its_reason)
{
    nn_classifier *c = open_small();
    const nn_fit_options waits = {
        .steps = 40, .validation = &test.data, .validate_every = 1, .patience = 2, .least_improvement = 1e9};
    ck_assert_int_eq(nn_history_end(nn_classifier_history(c)), NN_END_NONE);
    expect_end(c, (nn_fit_options){.steps = 4}, 0, AD_OK, NN_END_STEPS);
    expect_end(c, waits, 0, AD_OK, NN_END_PATIENCE);
    expect_end(c, (nn_fit_options){.to_step = 4}, 0, AD_OK, NN_END_STEPS); /* it is reached already */
    expect_end(c, (nn_fit_options){.steps = 4}, 8, AD_STOPPED, NN_END_STOPPED);
    for (int64_t i = 0; i < ROWS * COLUMNS; i++)
        train.x[i] = i / COLUMNS >> i % COLUMNS & 1 ? 3.3e38F : -3.3e38F;
    expect_end(c, (nn_fit_options){.steps = 40}, 0, AD_NOT_FINITE, NN_END_FAILED);
    nn_classifier_close(c);
}
END_TEST

/* A first fit without an end in sight is one that its callback stops. */
START_TEST(the_most_steps_of_all)
{
    diary d = {.stop_at = 3};
    nn_classifier *c = open_small();
    state_after(&wanted, &train, BATCH, 3);
    ck_assert_int_eq(classify_by(c, (nn_fit_options){.steps = INT64_MAX,
                                                     .validation = &test.data,
                                                     .validate_every = 1,
                                                     .watch_every = 2,
                                                     .callback = keep_diary,
                                                     .context = &d}),
                     AD_STOPPED);
    ck_assert_int_eq(d.n, 3);
    ck_assert(d.seen[2].last_step == INT64_MAX && !d.seen[2].is_last);
    close_as(c, &wanted, "a fit of INT64_MAX steps");
}
END_TEST

/* ---- Gradients that are not finite ------------------------------------------------------------------------------- */

/* A linear regressor whose targets are 0. Rows from `first` on give z = 1.5e19 with the first weights: the loss z^2 is
 * finite in f32, and the gradient 2 z x is not. The other rows are 0, and change nothing. */
static void fill_steep(int64_t first)
{
    memset(targets, 0, sizeof targets);
    memset(train.x, 0, sizeof train.x);
    nn_regressor *r = open_regressor(steep);
    ck_assert_int_eq(fit_by(r, (nn_fit_options){.steps = 1}), AD_OK);
    const float w = ad_f32(nn_regressor_parameter(r, 0))[0];
    ck_assert(w > 0 && w < 1.2F);
    for (int64_t i = first; i < ROWS; i++)
        train.x[i * COLUMNS] = 1.5e19F / w;
    nn_regressor_close(r);
}

START_TEST(a_gradient_names_its_step)
{
    nn_regressor *r = open_regressor(steep);
    diary d = {.n = 0};
    fill_steep(_i ? ROWS - 1 : 0);
    ck_assert_int_eq(fit_by(r, (nn_fit_options){.batch_size = 1, .steps = ROWS, .callback = keep_diary, .context = &d}),
                     AD_NOT_FINITE);
    char said[400];
    snprintf(said, sizeof said,
             "fit: step %lld: optimiser: element 0 of the gradient of logits/weights is infinite, and nothing was "
             "updated: a smaller rate, scaled features or a loss that takes logits may mend it; the model of step "
             "%lld is kept; try a smaller rate or clip_norm=1",
             (long long)d.n + 1, (long long)d.n);
    if (_i)
        ck_assert_int_gt(d.n, 0);
    ck_assert_str_eq(nn_regressor_message(r), said);
    ck_assert_int_eq(nn_history_end(nn_regressor_history(r)), NN_END_FAILED);
    nn_regressor_close(r);
}
END_TEST

/* A search tells a loss and a gradient that are not finite. */
START_TEST(a_search_names_its_step)
{
    nn_regressor_options o = steep;
    o.optimiser.rule = &nn_lbfgs;
    nn_regressor *r = open_regressor(o);
    fill_steep(0);
    char said[200];
    if (_i)
        snprintf(said, sizeof said,
                 "fit: step 1: lbfgs: the gradient of logits/weights is not finite where the step begins; the "
                 "model of step 0 is kept; ");
    else {
        static float zeros[ROWS * COLUMNS];
        const nn_data nothing = {.features = zeros, .rows = ROWS, .columns = COLUMNS, .targets = targets};
        ck_assert_int_eq(nn_regressor_fit(r, &nothing, &(nn_fit_options){.steps = 1}), AD_OK);
        ck_assert_int_eq(nn_regressor_evaluate(r, &test.data).global_step, 1);
        for (int64_t i = 0; i < ROWS; i++)
            train.x[i * COLUMNS] *= 2;
        snprintf(said, sizeof said,
                 "fit: the loss is infinite at step 2 (first in the loss itself); the model of step 1 is kept; ");
    }
    ck_assert_int_eq(nn_regressor_fit(r, &train.data, &(nn_fit_options){.steps = 2}), AD_NOT_FINITE);
    ck_assert_msg(!strncmp(nn_regressor_message(r), said, strlen(said)), "%s", nn_regressor_message(r));
    nn_regressor_close(r);
}
END_TEST

/* With patience it is the best regressor that is kept, and its step is told. */
START_TEST(the_best_step_is_told)
{
    nn_regressor *r = open_regressor((nn_regressor_options){.seed = 3});
    const nn_fit_options waits = {
        .steps = 9, .validation = &test.data, .validate_every = 2, .patience = 9, .least_improvement = 1e9};
    ck_assert_int_eq(fit_by(r, waits), AD_OK);
    const nn_evaluation best = nn_regressor_evaluate(r, &test.data);
    for (int64_t i = 0; i < ROWS * COLUMNS; i++)
        train.x[i] = 3e38F;
    ck_assert_int_eq(fit_by(r, waits), AD_NOT_FINITE);
    ck_assert_msg(strstr(nn_regressor_message(r), " step 10") &&
                      strstr(nn_regressor_message(r), "; the model of step 2 is kept; "),
                  "%s", nn_regressor_message(r));
    ck_assert(nn_regressor_evaluate(r, &test.data).loss == best.loss);
    ck_assert(nn_history_best(nn_regressor_history(r)).validation_loss == best.loss);
    nn_regressor_clear_error(r);
    ck_assert_int_eq(fit_by(r, (nn_fit_options){.steps = 3}), AD_NOT_FINITE); /* it goes on from the last */
    ck_assert_msg(strstr(nn_regressor_message(r), " step 10") &&
                      strstr(nn_regressor_message(r), "; the model of step 9 is kept; "),
                  "%s", nn_regressor_message(r));
    nn_regressor_close(r);
}
END_TEST

/* ---- Good weights ------------------------------------------------------------------------------------------------ */

/* Good weights are kept at the first step of a fit, and at each 50th from there on. */
START_TEST(good_weights_are_counted_from_the_first_step)
{
    static const int64_t firsts[] = {30, 119, 100}, keeps[] = {80, 119, 100};
    nn_classifier *c = open_sudden(), *good = open_sudden();
    fit(c, &train, BATCH, firsts[_i]);
    ck_assert_int_eq(classify_by(c, (nn_fit_options){.steps = 300}), AD_NOT_FINITE);
    char said[80];
    snprintf(said, sizeof said, "; the model of step %lld is kept; ", (long long)keeps[_i]);
    ck_assert_msg(strstr(nn_classifier_message(c), said), "%s", nn_classifier_message(c));
    fit(good, &train, BATCH, keeps[_i]);
    expect_same_parts(c, good);
    nn_classifier_close(good);
    nn_classifier_close(c);
}
END_TEST

static const nn_layer normed[] = {NN_DENSE(.units = 8), NN_BATCH_NORM(.momentum = 0.2), NN_DROPOUT(0.2)};

static nn_classifier *open_normed(void)
{
    return open_with((nn_classifier_options){
        .layers = {normed, COUNT(normed)}, .n_classes = CLASSES, .seed = 5, .optimiser = {.rule = &nn_adam}});
}

/* A row that is too large is met, in a view: weights and states stay as they were, bit for bit. */
START_TEST(good_states_stay)
{
    int32_t index[ROWS - 3];
    nn_data view = train.data;
    diary d = {.n = 0};
    for (int64_t i = 0; i < ROWS - 3; i++)
        index[i] = (int32_t)(ROWS - 1 - i);
    for (int64_t i = 0; i < COLUMNS; i++)
        train.x[30 * COLUMNS + i] = 3.3e38F;
    view.index = index;
    view.rows = COUNT(index);
    view.array_rows = ROWS;
    nn_classifier *c = open_normed(), *good = open_normed();
    ck_assert_int_eq(
        nn_classifier_fit(c, &view,
                          &(nn_fit_options){.batch_size = 5, .steps = 50, .callback = keep_diary, .context = &d}),
        AD_NOT_FINITE);
    ck_assert_int_ge(d.n, 1);
    char said[80];
    snprintf(said, sizeof said, "; the model of step %lld is kept; ", (long long)d.n);
    ck_assert_msg(strstr(nn_classifier_message(c), said), "%s", nn_classifier_message(c));
    ck_assert_int_eq(nn_classifier_fit(good, &view, &(nn_fit_options){.batch_size = 5, .steps = d.n}), AD_OK);
    take_state_on(c, &test.data, &wanted);
    take_state_on(good, &test.data, &other_state);
    ck_assert(same_state(&wanted, &other_state));
    nn_classifier_close(good);
    nn_classifier_close(c);
}
END_TEST

/* ---- Validation -------------------------------------------------------------------------------------------------- */

/* Rows that are held out and count for nothing are refused before anything is learnt. */
START_TEST(held_rows_must_count)
{
    static double weights[MAX_ROWS];
    nn_classifier *c = open_small();
    nn_split *split = nn_split_open(&train.data, &(nn_split_options){.share = 0.2, .seed = small_net.seed});
    const nn_data held = nn_split_test(split, 0);
    for (int64_t i = 0; i < ROWS; i++)
        weights[i] = 1;
    for (int64_t i = 0; i < held.rows; i++)
        weights[held.index[i]] = 0;
    nn_split_close(split);
    train.data.weights = weights;
    diary d = {.n = 0};
    ck_assert_int_eq(classify_by(c, (nn_fit_options){.validation_share = 0.2, .callback = keep_diary, .context = &d}),
                     AD_BAD_VALUE);
    ck_assert_msg(!strncmp(nn_classifier_message(c), "fit: the share that is held out: all weights are 0", 50), "%s",
                  nn_classifier_message(c));
    nn_classifier_clear_error(c);
    memset(weights, 0, sizeof weights);
    train.data.weights = NULL;
    test.data.weights = weights;
    ck_assert_int_eq(classify_by(c, (nn_fit_options){.validation = &test.data, .callback = keep_diary, .context = &d}),
                     AD_BAD_VALUE);
    ck_assert_msg(!strncmp(nn_classifier_message(c), "fit: validation: all weights are 0", 34), "%s",
                  nn_classifier_message(c));
    ck_assert_int_eq(d.n, 0);
    ck_assert_uint_eq(nn_classifier_parameter_count(c), 0);
    nn_classifier_close(c);
}
END_TEST

/* A loss that is not finite is never the best: the fit waits, ends, and leaves the last weights. */
START_TEST(an_infinite_validation_is_not_the_best)
{
    diary d = {.n = 0};
    nn_regressor *r = open_regressor((nn_regressor_options){.seed = 3}),
                 *plain = open_regressor((nn_regressor_options){.seed = 3});
    held_targets[0] = 1e30F;
    nn_fit_options o = {.steps = 40, .validation = &test.data, .validate_every = 2, .patience = 3};
    o.callback = keep_diary;
    o.context = &d;
    ck_assert_int_eq(fit_by(r, o), AD_OK);
    const nn_history *h = nn_regressor_history(r);
    ck_assert_int_eq(d.n, 6);
    ck_assert_msg(isinf(d.seen[5].validation.loss), "loss %g", d.seen[5].validation.loss);
    for (int i = 0; i < 6; i++) {
        ck_assert(!d.seen[i].validation.is_best);
        ck_assert_int_eq(d.seen[i].validation.waited, (i + 1) / 2);
    }
    ck_assert_int_eq(nn_history_end(h), NN_END_PATIENCE);
    ck_assert_int_eq(nn_history_best(h).step, 0);
    ck_assert_int_eq(fit_by(plain, (nn_fit_options){.steps = 6}), AD_OK);
    for (size_t i = 0; i < nn_regressor_parameter_count(r); i++)
        ck_assert_mem_eq(ad_f32(nn_regressor_parameter(r, i)), ad_f32(nn_regressor_parameter(plain, i)),
                         ad_size_of(nn_regressor_parameter(r, i)) * sizeof(float));
    nn_regressor_close(plain);
    nn_regressor_close(r);
}
END_TEST

/* With other rows patience and waiting begin anew, even where the first loss on them is not finite. */
START_TEST(waiting_begins_anew_with_other_rows)
{
    diary d = {.n = 0};
    nn_regressor *r = open_regressor((nn_regressor_options){.seed = 3});
    nn_fit_options o = {
        .steps = 4, .validation = &test.data, .validate_every = 1, .patience = 4, .least_improvement = 1e9};
    ck_assert_int_eq(fit_by(r, o), AD_OK);
    held_targets[0] = 1e30F;
    test.data.rows--;
    o.steps = 40;
    o.callback = keep_diary;
    o.context = &d;
    ck_assert_int_eq(fit_by(r, o), AD_OK);
    ck_assert_int_eq(d.n, 4);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(d.seen[i].validation.waited, i + 1);
    nn_regressor_close(r);
}
END_TEST

/* The schedule plateau begins anew with other rows: it neither compares with the losses of the rows before, nor counts
 * on. */
START_TEST(plateau_begins_anew_with_other_rows)
{
    nn_regressor *r = open_regressor((nn_regressor_options){
        .optimiser = {.rule = &nn_gradient_descent,
                      .rate = 1e-12,
                      .schedule = {.rule = &nn_schedule_plateau, .patience = 3, .factor = 0.5}}});
    ck_assert_int_eq(fit_by(r, (nn_fit_options){.steps = 3, .validation = &test.data, .validate_every = 1}), AD_OK);
    for (int64_t i = 0; i < test.data.rows; i++)
        held_targets[i] += 100;
    if (_i)
        held_targets[0] = 1e30F;
    test.data.rows--;
    ck_assert_int_eq(fit_by(r, (nn_fit_options){.steps = 6, .validation = &test.data, .validate_every = 1}), AD_OK);
    const nn_history *h = nn_regressor_history(r);
    ck_assert_uint_eq(nn_history_count(h), 9);
    /* Of the 4th step on: a best one and 3 that wait, or 3 that wait. */
    for (size_t i = 0; i < 9; i++)
        ck_assert_msg(fabs(nn_history_at(h, i)->rate / 1e-12 - (i < (_i ? 6 : 7) ? 1 : 0.5)) < 1e-12,
                      "row %zu: rate %g", i, nn_history_at(h, i)->rate);
    nn_regressor_close(r);
}
END_TEST

/* ---- Regressors -------------------------------------------------------------------------------------------------- */

/* Validation and early stopping of a regressor, by a loop that evaluates. */
START_TEST(a_regressor_stops_early)
{
    nn_regressor_options o = {.hidden_units = {16}, .seed = 2, .optimiser = {.rule = &nn_adam, .rate = 0.02}};
    nn_regressor *r = open_regressor(o), *by_hand = open_regressor(o);
    ck_assert_int_eq(fit_by(r, (nn_fit_options){.steps = 2000, .validation = &test.data, .patience = 6}), AD_OK);
    const nn_history *h = nn_regressor_history(r);
    const nn_history_row best = nn_history_best(h);
    ck_assert_int_eq(nn_history_end(h), NN_END_PATIENCE);
    double least = INFINITY;
    int64_t best_step = 0;
    for (size_t i = 0; i < nn_history_count(h); i++) {
        const nn_history_row *row = nn_history_at(h, i);
        ck_assert_int_eq(row->step, ((int64_t)i + 1) * EPOCH);
        ck_assert_int_eq(fit_by(by_hand, (nn_fit_options){.steps = EPOCH}), AD_OK);
        const nn_evaluation e = nn_regressor_evaluate(by_hand, &test.data);
        ck_assert(row->validated && row->validation_loss == e.loss && isnan(row->validation_accuracy));
        best_step = e.loss < least ? row->step : best_step;
        least = fmin(e.loss, least);
    }
    ck_assert_int_eq(best.step, best_step);
    ck_assert_int_eq(nn_regressor_evaluate(by_hand, &test.data).global_step, best_step + 6 * EPOCH);
    ck_assert(nn_regressor_evaluate(r, &test.data).loss == least);
    nn_regressor_close(by_hand);
    nn_regressor_close(r);
}
END_TEST

START_TEST(a_regressor_has_no_accuracy)
{
    nn_regressor *r = open_regressor((nn_regressor_options){.seed = 2});
    ck_assert_int_eq(fit_by(r, (nn_fit_options){.steps = 5, .validation = &test.data, .monitor = NN_MONITOR_ACCURACY}),
                     AD_BAD_VALUE);
    ck_assert_str_eq(nn_regressor_message(r), "fit: monitor=accuracy: a regressor has none, use monitor=loss");
    nn_regressor_close(r);
}
END_TEST

/* In a step that is watched the recording is there, with the update of each parameter. */
static bool look_at_flow(const nn_progress *progress, void *context)
{
    char text[4000] = "";
    FILE *to = fmemopen(text, sizeof text, "w");
    ck_assert_int_eq(nn_print_regressor_flow(context, to, NULL).status, AD_OK);
    fclose(to);
    ck_assert_ptr_nonnull(strstr(text, "logits/weights"));
    ck_assert_msg(!strstr(text, "update unknown") == progress->is_watched, "step %lld: %s", (long long)progress->step,
                  text);
    return true;
}

START_TEST(the_flow_of_a_regressor)
{
    nn_regressor *r = open_regressor((nn_regressor_options){.seed = 2});
    ck_assert_int_eq(fit_by(r, (nn_fit_options){.steps = 7, .watch_every = 3, .callback = look_at_flow, .context = r}),
                     AD_OK);
    const nn_history *h = nn_regressor_history(r);
    ck_assert_uint_eq(nn_history_flow_count(h), 2 * nn_regressor_parameter_count(r));
    ck_assert_str_eq(nn_history_flow_at(h, 0)->name, "logits/weights");
    ck_assert_int_eq(nn_history_flow_at(h, 0)->step, 3);
    ck_assert_int_eq(nn_print_regressor_flow(NULL, stdout, NULL).status, AD_BAD_HANDLE);
    nn_regressor_close(r);
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, open_sums, close_clouds);
    tcase_add_test(tests, names_of_ends);
    tcase_add_test(tests, every_end_has_its_reason);
    tcase_add_test(tests, the_most_steps_of_all);
    tcase_add_loop_test(tests, a_gradient_names_its_step, 0, 2);
    tcase_add_loop_test(tests, a_search_names_its_step, 0, 2);
    tcase_add_test(tests, the_best_step_is_told);
    tcase_add_loop_test(tests, good_weights_are_counted_from_the_first_step, 0, 3);
    tcase_add_test(tests, good_states_stay);
    tcase_add_test(tests, held_rows_must_count);
    tcase_add_test(tests, an_infinite_validation_is_not_the_best);
    tcase_add_test(tests, waiting_begins_anew_with_other_rows);
    tcase_add_loop_test(tests, plateau_begins_anew_with_other_rows, 0, 2);
    tcase_add_test(tests, a_regressor_stops_early);
    tcase_add_test(tests, a_regressor_has_no_accuracy);
    tcase_add_test(tests, the_flow_of_a_regressor);
}

int main(void) { return run_tests("fit_ends", add_tests); }
