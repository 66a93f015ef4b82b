/* Training a classifier: that it learns, continues, stops and fails as it must. */
#include <math.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../support/check.h"
#include "../support/classifiers.h"

/* ---- Learning ---------------------------------------------------------------------------------------------------- */

static const struct {
    nn_classifier_options options;
    float scale, offset; /* what the features are multiplied by and moved by first */
} learning[] = {
    {{.hidden_units = {8}}, 1, 0},
    {{.hidden_units = {8, 6}}, 1, 0},
    {{.hidden_units = {8, 6, 5}}, 1, 0},
    {{.activation = AD_RELU}, 1, 0},
    {{.hidden_units = {8}, .activation = AD_LOGISTIC}, 1, 0},
    {{.hidden_units = {8}, .activation = AD_TANH}, 1, 0},
    {{.hidden_units = {8}, .activation = AD_ELU}, 1, 0},
    {{.hidden_units = {8}, .activation = AD_SOFTPLUS}, 1, 0},
    {{.hidden_units = {8}, .activation = AD_IDENTITY}, 1, 0},
    {{.hidden_units = {8}, .optimiser = {.rule = &nn_gradient_descent}}, 1, 0},
    {{.optimiser = {.rule = &nn_gradient_descent, .rate = 0.2}}, 1, 0},
    {{.hidden_units = {8}, .optimiser = {.rate = 0.3, .initial_accumulator = 1}}, 1, 0},
    {{.hidden_units = {8}, .scaling = NN_SCALE_CONSTANT}, 255, 0},
    {{.hidden_units = {8}, .scaling = NN_SCALE_CONSTANT, .scaling_constant = 0.01}, 0.01F, 0},
    {{.hidden_units = {8}, .scaling = NN_SCALE_GLOBAL}, 100, 5000},
    {{.hidden_units = {8}, .scaling = NN_SCALE_FEATURE}, 1000, -20000},
};

START_TEST(every_kind_of_network_learns)
{
    nn_classifier_options o = learning[_i].options;
    o.n_classes = CLASSES;
    for (size_t i = 0; i < COUNT(train.x); i++) {
        train.x[i] = train.x[i] * learning[_i].scale + learning[_i].offset;
        test.x[i] = test.x[i] * learning[_i].scale + learning[_i].offset;
    }
    nn_classifier *c = open_with(o);
    fit(c, &train, 10, 1);
    nn_evaluation first = nn_classifier_evaluate(c, &test.data);
    fit(c, &train, 10, 399);
    nn_evaluation last = nn_classifier_evaluate(c, &test.data);
    nn_classifier_close(c);
    ck_assert_int_eq(last.status, AD_OK);
    ck_assert_int_eq(last.global_step, 400);
    ck_assert_msg(last.accuracy > 0.98 && last.loss < 0.15 && last.loss < first.loss / 3,
                  "accuracy %g, loss %g, loss at first %g", last.accuracy, last.loss, first.loss);
}
END_TEST

/* Only a hidden layer that is not linear learns the exclusive or: a network that left out the layer, or its activation,
 * would fail. */
START_TEST(hidden_layers_are_needed)
{
    static const struct {
        nn_classifier_options options;
        bool can;
    } nets[] = {
        {{.hidden_units = {8}, .n_classes = 2}, true},
        {{.hidden_units = {8}, .n_classes = 2, .activation = AD_TANH}, true},
        {{.hidden_units = {8}, .n_classes = 2, .activation = AD_IDENTITY}, false},
        {{.n_classes = 2}, false},
    };
    fill_exclusive_or(&train, 80);
    for (size_t i = 0; i < COUNT(nets); i++) {
        nn_classifier *c = open_with(nets[i].options);
        fit(c, &train, 16, 600);
        nn_evaluation e = nn_classifier_evaluate(c, &train.data);
        nn_classifier_close(c);
        ck_assert_msg(nets[i].can ? e.accuracy == 1 : e.accuracy <= 0.8, "net %zu: accuracy %g", i, e.accuracy);
    }
}
END_TEST

enum { OPTIMISERS = 12, SCHEDULES = 6 };

/* lbfgs takes all rows in each step. */
static int64_t batch_of(const nn_optimiser *rule, int64_t batch) { return rule->search ? 0 : batch; }

/* A schedule whose factor is another one in each few steps. */
static nn_schedule_options schedule_of(int i)
{
    const nn_schedule *rule = nn_schedule_at((size_t)i);
    nn_schedule_options o = {.rule = rule, .warm_up = 3};
    if (rule->observes)
        o.patience = 1;
    else if (rule != &nn_schedule_constant)
        o.steps = 4;
    return o;
}

/* ---- Seeds and continuing ---------------------------------------------------------------------------------------- */

START_TEST(a_seed_gives_the_same_training)
{
    state_after(&wanted, &train, 10, 12);
    nn_classifier *c = open_small();
    fit(c, &train, 10, 12);
    close_as(c, &wanted, "the same seed again");
    nn_classifier_options o = small_net;
    o.seed = 43;
    c = open_with(o);
    fit(c, &train, 10, 12);
    take_state(c, &other_state);
    nn_classifier_close(c);
    ck_assert_mem_ne(other_state.kept, wanted.kept, sizeof wanted.kept);
    ck_assert_mem_ne(other_state.logits, wanted.logits, sizeof wanted.logits);
}
END_TEST

/* The weights of the hidden layers [4,4] as a fit at a rate too small to change them leaves them. */
static void first_weights(uint64_t seed, float w[2][COLUMNS * COLUMNS])
{
    nn_classifier *c = open_with((nn_classifier_options){.hidden_units = {COLUMNS, COLUMNS},
                                                         .n_classes = CLASSES,
                                                         .seed = seed,
                                                         .optimiser = {.rule = &nn_gradient_descent, .rate = 1e-30}});
    fit(c, &train, 47, 1);
    for (size_t layer = 0; layer < 2; layer++)
        memcpy(w[layer], ad_f32(nn_classifier_parameter(c, 2 * layer)), sizeof w[layer]);
    nn_classifier_close(c);
}

START_TEST(first_weights_depend_on_seed_and_layer)
{
    float w[2][COLUMNS * COLUMNS], others[2][COLUMNS * COLUMNS];
    first_weights(1, w);
    first_weights(2, others);
    ck_assert_mem_ne(w[0], w[1], sizeof w[0]);
    for (size_t layer = 0; layer < 2; layer++) {
        ck_assert_mem_ne(w[layer], others[layer], sizeof w[layer]);
        for (size_t i = 0; i < COLUMNS * COLUMNS; i++)
            ck_assert_double_le(fabs((double)w[layer][i]), sqrt(6.0 / (2 * COLUMNS)) + 1e-6);
    }
}
END_TEST

/* Rows and batches: even, with a short last batch, and all rows at once. */
static const struct {
    int64_t rows, batch_size;
} portions[] = {{40, 10}, {47, 10}, {33, 32}, {47, 46}, {47, 47}, {47, 100}, {1, 1}, {7, 1}};

START_TEST(fit_continues)
{
    const int64_t batch = portions[_i].batch_size, total = 17;
    fill_clouds(&train, portions[_i].rows, 1);
    state_after(&wanted, &train, batch, total);
    for (int64_t first = 1; first < total; first++) {
        nn_classifier *c = open_small();
        fit(c, &train, batch, first);
        fit(c, &train, batch, total - first);
        close_as(c, &wanted, "in two fits");
    }
    nn_classifier *c = open_small();
    for (int64_t step = 0; step < total; step++)
        fit(c, &train, batch, 1);
    close_as(c, &wanted, "a step at a time");
}
END_TEST

/* A stopped fit goes on to the bits of an unbroken one, whatever the optimiser keeps and whatever its schedule, with
 * validation and patience. */
START_TEST(fit_continues_with_every_optimiser)
{
    ck_assert_uint_eq(nn_optimiser_count(), OPTIMISERS);
    ck_assert_uint_eq(nn_schedule_count(), SCHEDULES);
    const nn_optimiser *rule = nn_optimiser_at((size_t)_i / SCHEDULES);
    const int schedule = _i % SCHEDULES;
    if (rule->search && schedule > 0)
        return; /* it has none */
    nn_classifier_options o = small_net;
    o.optimiser = (nn_optimiser_options){.rule = rule, .rate = rule->search ? 0 : 0.01};
    if (!rule->search)
        o.optimiser.schedule = schedule_of(schedule);
    o.scaling = NN_SCALE_FEATURE;
    nn_fit_options fit_options = {
        .batch_size = batch_of(rule, 10), .to_step = 26, .validation = &test.data, .validate_every = 2, .patience = 20};
    nn_classifier *c = open_with(o);
    ck_assert_int_eq(nn_classifier_fit(c, &train.data, &fit_options), AD_OK);
    take_state(c, &wanted);
    nn_classifier_close(c);
    c = open_with(o);
    for (int64_t step = 1; step <= 26; step += 5) {
        fit_options.to_step = step;
        ck_assert_int_eq(nn_classifier_fit(c, &train.data, &fit_options), AD_OK);
    }
    close_as(c, &wanted, "in several fits");
}
END_TEST

/* What is asked between two fits does not disturb them. */
START_TEST(questions_between_fits_disturb_nothing)
{
    static int32_t labels[MAX_ROWS];
    static float numbers[MAX_ROWS * CLASSES];
    state_after(&wanted, &train, 10, 12);
    nn_classifier *c = open_small();
    for (int i = 0; i < 4; i++) {
        fit(c, &train, 10, 3);
        ck_assert_int_eq(nn_classifier_predict(c, &test.data, labels), AD_OK);
        ck_assert_int_eq(nn_classifier_predict_proba(c, &test.data, numbers), AD_OK);
        ck_assert_int_eq(nn_classifier_evaluate(c, &test.data).status, AD_OK);
    }
    close_as(c, &wanted, "with questions between");
}
END_TEST

/* ---- Callbacks and stopping -------------------------------------------------------------------------------------- */

static double started; /* when main began */

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void expect_diary(const diary *d, int64_t first, int64_t last)
{
    ck_assert_int_eq(d->n, last - first + 1);
    for (int64_t i = 0; i < d->n; i++) {
        ck_assert_int_eq(d->seen[i].step, first + i);
        ck_assert_int_eq(d->seen[i].last_step, last);
        ck_assert(isfinite(d->seen[i].loss) && d->seen[i].loss > 0);
        ck_assert_double_ge(d->seen[i].seconds, i ? d->seen[i - 1].seconds : 0);
    }
    ck_assert_double_gt(d->seen[d->n - 1].seconds, 0);
    ck_assert_double_le(d->seen[d->n - 1].seconds, seconds_now() - started);
}

START_TEST(a_callback_sees_every_step)
{
    static diary d;
    nn_classifier *c = open_small();
    /* Two epochs: the next batch begins a third, and can take all rows. */
    ck_assert_int_eq(fit_with_diary(c, &train, 10, 10, &d), AD_OK);
    expect_diary(&d, 1, 10);
    const double before = nn_classifier_evaluate(c, &train.data).loss;
    ck_assert_int_eq(fit_with_diary(c, &train, 100, 6, &d), AD_OK);
    expect_diary(&d, 11, 16);
    /* The loss is that of the batch, here all rows, before the update. */
    ck_assert_double_eq_tol(d.seen[0].loss, before, 1e-5);
    ck_assert_double_gt(fabs(d.seen[5].loss - before), 1e-4);
    nn_classifier_close(c);
}
END_TEST

START_TEST(a_callback_stops_the_fit)
{
    static diary d;
    state_after(&wanted, &train, 10, 17);
    for (int64_t stop = 1; stop <= 16; stop++) {
        d.stop_at = stop;
        nn_classifier *c = open_small();
        ck_assert_int_eq(fit_with_diary(c, &train, 10, 17, &d), AD_STOPPED);
        ck_assert_int_eq(d.n, stop);
        state_after(&other_state, &train, 10, stop);
        static state got;
        take_state(c, &got);
        ck_assert_msg(same_state(&got, &other_state), "stopped at step %lld: not as after that step", (long long)stop);
        fit(c, &train, 10, 17 - stop);
        close_as(c, &wanted, "stopped and continued");
    }
    /* Where the last step is also the one to stop at, the caller learns that it asked to stop. */
    d.stop_at = 3;
    nn_classifier *c = open_small();
    ck_assert_int_eq(fit_with_diary(c, &train, 10, 3, &d), AD_STOPPED);
    nn_classifier_close(c);
}
END_TEST

/* What a callback does to the classifier that calls it. */
typedef struct visitor {
    nn_classifier *c;
    int64_t visits;
    float logits[MAX_ROWS * CLASSES];
    int32_t labels[MAX_ROWS];
} visitor;

static bool ask_within(const nn_progress *progress, void *context)
{
    visitor *v = context;
    v->visits++;
    ck_assert_int_eq(nn_classifier_predict(v->c, &test.data, v->labels), AD_OK);
    ck_assert_int_eq(nn_classifier_predict_proba(v->c, &test.data, v->logits), AD_OK);
    ck_assert_int_eq(nn_classifier_logits(v->c, &test.data, v->logits), AD_OK);
    nn_evaluation e = nn_classifier_evaluate(v->c, &test.data);
    ck_assert_int_eq(e.status, AD_OK);
    ck_assert_int_eq(e.global_step, progress->step);
    ck_assert_uint_eq(nn_classifier_parameter_count(v->c), 4);
    return true;
}

START_TEST(questions_within_a_callback_disturb_nothing)
{
    static visitor v;
    state_after(&wanted, &train, 10, 12);
    v.c = open_small();
    nn_fit_options o = {.batch_size = 10, .steps = 12, .callback = ask_within, .context = &v};
    ck_assert_int_eq(nn_classifier_fit(v.c, &train.data, &o), AD_OK);
    ck_assert_int_eq(v.visits, 12);
    /* The last visit saw the network as it is now. */
    static float logits[MAX_ROWS * CLASSES];
    ck_assert_int_eq(nn_classifier_logits(v.c, &test.data, logits), AD_OK);
    ck_assert_mem_eq(logits, v.logits, sizeof logits);
    close_as(v.c, &wanted, "asked in every callback");
}
END_TEST

static bool fit_within(const nn_progress *progress, void *context)
{
    visitor *v = context;
    (void)progress;
    v->visits++;
    ck_assert_int_eq(nn_classifier_fit(v->c, &train.data, &(nn_fit_options){.steps = 1}), AD_BAD_STATE);
    return true;
}

START_TEST(a_fit_within_a_callback_is_refused)
{
    static visitor v;
    state_after(&wanted, &train, 10, 5);
    v.c = open_small();
    nn_fit_options o = {.batch_size = 10, .steps = 5, .callback = fit_within, .context = &v};
    ck_assert_int_eq(nn_classifier_fit(v.c, &train.data, &o), AD_OK);
    ck_assert_int_eq(v.visits, 5);
    ck_assert_ptr_nonnull(
        strstr(nn_classifier_message(v.c), "fit: it is running already: a callback must not call it"));
    ck_assert_int_eq(nn_classifier_clear_error(v.c), AD_BAD_STATE);
    close_as(v.c, &wanted, "a fit within a fit");
}
END_TEST

/* Closed in its callback the classifier lives to the end of the fit, whatever the callback does then. */
typedef struct closer {
    visitor v;
    int64_t at;
    bool goes_on, twice, asks;
} closer;

static bool close_within(const nn_progress *progress, void *context)
{
    closer *x = context;
    x->v.visits++;
    if (progress->step < x->at)
        return true;
    nn_classifier_close(x->v.c);
    if (x->twice)
        nn_classifier_close(x->v.c);
    if (x->asks)
        ck_assert_int_eq(nn_classifier_predict(x->v.c, &test.data, x->v.labels), AD_OK);
    return x->goes_on;
}

START_TEST(a_classifier_closed_within_a_callback)
{
    static closer x;
    x = (closer){.at = _i & 1 ? 1 : 3, .goes_on = _i & 2, .twice = _i & 4, .asks = _i & 8};
    x.v.c = open_small();
    nn_fit_options o = {.batch_size = 10, .steps = 3, .callback = close_within, .context = &x};
    ck_assert_int_eq(nn_classifier_fit(x.v.c, &train.data, &o), AD_STOPPED);
    ck_assert_int_eq(x.v.visits, x.at);
} /* the fixture looks for blocks that were not given back */
END_TEST

/* A fit that was stopped or that failed is over: the next is not taken for one within it. */
START_TEST(a_fit_after_stopped_and_failed_fits)
{
    static diary d = {.stop_at = 2};
    nn_classifier *c = open_small();
    ck_assert_int_eq(fit_with_diary(c, &train, 10, 9, &d), AD_STOPPED);
    train.data.rows = 0;
    ck_assert_int_eq(nn_classifier_fit(c, &train.data, NULL), AD_BAD_SHAPE);
    train.data.rows = 47;
    fit(c, &train, 10, 1);
    ck_assert_int_eq(nn_classifier_evaluate(c, &train.data).global_step, 3);
    nn_classifier_close(c);
}
END_TEST

START_TEST(defaults_of_a_fit)
{
    static const struct {
        int64_t rows, batch_size, steps;
    } epochs[] = {{70, 0, 3}, {64, 0, 2}, {65, 0, 3}, {32, 0, 1}, {1, 0, 1}, {70, 7, 10}, {70, 69, 2}, {70, 200, 1}};
    for (size_t i = 0; i < COUNT(epochs); i++) {
        static diary d;
        fill_clouds(&train, epochs[i].rows, 1);
        state_after(&wanted, &train, epochs[i].batch_size ? epochs[i].batch_size : 32, epochs[i].steps);
        nn_classifier *c = open_small();
        ck_assert_int_eq(fit_with_diary(c, &train, epochs[i].batch_size, 0, &d), AD_OK);
        expect_diary(&d, 1, epochs[i].steps);
        close_as(c, &wanted, "an epoch");
        if (epochs[i].batch_size)
            continue;
        c = open_small();
        ck_assert_int_eq(nn_classifier_fit(c, &train.data, NULL), AD_OK);
        close_as(c, &wanted, "without options");
    }
}
END_TEST

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

/* Calls of the allocator after each step. */
static bool note_calls(const nn_progress *progress, void *context)
{
    size_t *calls = context;
    calls[progress->step] = memory.calls;
    return true;
}

/* With every activation and optimiser, over several epochs that end with a short batch, and in a second fit. */
START_TEST(training_allocates_nothing)
{
    static size_t calls[64];
    nn_classifier_options o = small_net;
    o.activation = (ad_activation)(_i / OPTIMISERS);
    o.optimiser.rule = nn_optimiser_at((size_t)_i % OPTIMISERS);
    o.scaling = (nn_scaling_kind)(_i % NN_SCALE_COUNT);
    static const int64_t hidden[] = {0, 5, 40};
    for (size_t net = 0; net < COUNT(hidden); net++)
        for (int64_t batch = 10; batch <= 40; batch += 15) {
            o.hidden_units[0] = hidden[net];
            nn_classifier *c = open_with(o);
            nn_fit_options fit_options = {
                .batch_size = batch_of(o.optimiser.rule, batch), .steps = 23, .callback = note_calls, .context = calls};
            ck_assert_int_eq(nn_classifier_fit(c, &train.data, &fit_options), AD_OK);
            ck_assert_int_eq(nn_classifier_fit(c, &train.data, &fit_options), AD_OK);
            nn_classifier_close(c);
            for (int step = 2; step <= 46; step++)
                ck_assert_msg(calls[step] == calls[1], "%zu units, batch %lld: step %d takes memory",
                              (size_t)hidden[net], (long long)batch, step);
        }
}
END_TEST

/* No memory is taken from the second step on, however many there are; nor does the history grow beyond its bound. A
 * release is tried with a million steps (tests/long.sh). */
START_TEST(a_long_training_takes_no_more_memory)
{
    const char *wanted_steps = getenv("GRADTAPE_LONG_STEPS");
    const int64_t steps = wanted_steps ? strtoll(wanted_steps, NULL, 10) : 20000;
    ck_assert_int_ge(steps, 20000);
    nn_classifier *c = open_with((nn_classifier_options){.n_classes = CLASSES, .optimiser = {.rule = &nn_adam}});
    train.data.rows = 4;
    fit(c, &train, 4, 2 * NN_HISTORY_ROWS);
    const size_t bytes = memory.bytes, calls = memory.calls;
    for (int64_t step = 2 * NN_HISTORY_ROWS; step < steps; step += 500)
        fit(c, &train, 4, 500);
    ck_assert_uint_eq(memory.bytes, bytes);
    ck_assert_uint_eq(memory.calls, calls);
    ck_assert_uint_le(nn_history_count(nn_classifier_history(c)), NN_HISTORY_ROWS);
    nn_classifier_close(c);
}
END_TEST

enum { FAULT_STEPS = 6 };

static state after[FAULT_STEPS + 1]; /* the small net after each step */

static bool count_step(const nn_progress *progress, void *context)
{
    *(int64_t *)context = progress->step;
    return true;
}

/* Asks all questions of a classifier that was fitted or not; answers are right or say that memory is out. */
static void ask_without_memory(nn_classifier *c, int64_t step)
{
    static int32_t labels[MAX_ROWS];
    static float numbers[MAX_ROWS * CLASSES];
    nn_evaluation e = nn_classifier_evaluate(c, &test.data);
    const ad_status answers[] = {nn_classifier_predict(c, &test.data, labels),
                                 nn_classifier_logits(c, &test.data, numbers),
                                 nn_classifier_predict_proba(c, &test.data, numbers), e.status};
    for (size_t i = 0; i < COUNT(answers); i++)
        ck_assert_msg(answers[i] == AD_OK || answers[i] == AD_NO_MEMORY || (answers[i] == AD_BAD_STATE && step == 0),
                      "question %zu after step %lld: %s", i, (long long)step, nn_classifier_message(c));
    ck_assert_int_eq(e.global_step, e.status == AD_OK ? step : -1);
    ck_assert(e.status == AD_OK ? isfinite(e.loss) : isnan(e.loss) && isnan(e.accuracy));
}

/* The classifier is out of memory, and says so in one of the ways there are. Of the rows of a network linear_backward
 * alone asks for scratch. */
static void expect_out_of_memory(const nn_classifier *c)
{
    static const char *const shapes =
        "^(fit|evaluate|predict|predict_proba|logits): "
        "(memory is out for (a network of [0-9]+ features|a batch of [0-9]+ rows|the order of [0-9]+ rows|the history of [0-9]+ steps|weights that are kept)"
        "|[a-z0-9_]+: memory is out|linear_backward: memory is out for [0-9]+ bytes of scratch"
        "|memory is out for a tensor \\[[0-9,]*\\] of (f32|f64|i32))$";
    regex_t shape;
    ck_assert_int_eq(regcomp(&shape, shapes, REG_EXTENDED | REG_NOSUB), 0);
    ck_assert_msg(regexec(&shape, nn_classifier_message(c), 0, NULL, 0) == 0, "it says: %s", nn_classifier_message(c));
    regfree(&shape);
}

/* From opening to closing while the k-th call of the allocator fails. Returns whether k was never reached. */
static bool live_without_call(size_t k, counting_failure failure)
{
    nn_classifier_options o = small_net;
    o.allocator = &memory.allocator;
    counting_fail(&memory, k, failure);
    nn_classifier *c = nn_classifier_open(&o);
    int64_t step = 0;
    nn_fit_options fit_options = {.batch_size = 10, .steps = FAULT_STEPS, .callback = count_step, .context = &step};
    ad_status status = nn_classifier_fit(c, &train.data, &fit_options);
    ck_assert_int_eq(status, c ? (step == FAULT_STEPS ? AD_OK : AD_NO_MEMORY) : AD_BAD_HANDLE);
    if (c)
        ask_without_memory(c, step);
    const bool done = memory.calls < k;
    counting_heal(&memory);
    if (!c)
        return false;
    ck_assert_int_eq(nn_classifier_status(c), done ? AD_OK : AD_NO_MEMORY);
    if (!done)
        expect_out_of_memory(c);
    ck_assert_int_eq(nn_classifier_clear_error(c), done ? AD_OK : AD_NO_MEMORY);
    if (step > 0)
        ck_assert_int_eq(nn_classifier_evaluate(c, &train.data).global_step, step);
    if (step < FAULT_STEPS)
        fit(c, &train, 10, FAULT_STEPS - step);
    close_as(c, &after[FAULT_STEPS], "after memory was out");
    return done;
}

START_TEST(any_allocation_may_fail)
{
    state_after(&after[FAULT_STEPS], &train, 10, FAULT_STEPS);
    size_t k = 1;
    while (k < 1000 && !live_without_call(k, _i ? COUNTING_FOR_GOOD : COUNTING_ONCE)) {
        counting_check_released(&memory);
        k++;
    }
    ck_assert_uint_gt(k, 8);
    ck_assert_uint_lt(k, 1000);
}
END_TEST

/* A fitted classifier meets other data and larger batches while the k-th call fails, and goes on with what it had. */
static bool go_on_without_call(size_t k, counting_failure failure, const state *with_test)
{
    nn_classifier *c = open_small();
    fit(c, &train, 10, 3);
    int64_t step = 3;
    nn_fit_options fit_options = {.batch_size = 300, .steps = 3, .callback = count_step, .context = &step};
    counting_fail(&memory, k, failure);
    ad_status status = nn_classifier_fit(c, &test.data, &fit_options);
    ck_assert_int_eq(status, step == FAULT_STEPS ? AD_OK : AD_NO_MEMORY);
    ask_without_memory(c, step);
    const bool done = memory.calls < k;
    counting_heal(&memory);
    static state got;
    take_state(c, &got);
    ck_assert_msg(step > 3 || same_state(&got, &after[3]), "call %zu: a fit that failed changed something", k);
    if (step == 3) {
        fit(c, &train, 10, 3);
        close_as(c, &after[FAULT_STEPS], "the old data after a failed fit with new data");
    } else {
        if (step < FAULT_STEPS)
            fit(c, &test, 300, FAULT_STEPS - step);
        close_as(c, with_test, "the new data after a failed fit");
    }
    return done;
}

START_TEST(any_allocation_of_a_later_fit_may_fail)
{
    static state with_test;
    state_after(&after[3], &train, 10, 3);
    state_after(&after[FAULT_STEPS], &train, 10, FAULT_STEPS);
    nn_classifier *c = open_small();
    fit(c, &train, 10, 3);
    fit(c, &test, 300, 3);
    take_state(c, &with_test);
    nn_classifier_close(c);
    size_t k = 1;
    while (k < 1000 && !go_on_without_call(k, _i ? COUNTING_FOR_GOOD : COUNTING_ONCE, &with_test)) {
        counting_check_released(&memory);
        k++;
    }
    ck_assert_uint_gt(k, 3);
    ck_assert_uint_lt(k, 1000);
}
END_TEST

/* ---- Failing fits ------------------------------------------------------------------------------------------------ */

/* Features so large that a hidden unit overflows, finite as they are. Every row has the signs of the largest weights;
 * before there are weights, the rows have all signs in turn. */
static void fill_too_large(table *t, int64_t rows, nn_classifier *c)
{
    const float *w = nn_classifier_parameter_count(c) ? ad_f32(nn_classifier_parameter(c, 0)) : NULL;
    const int64_t h = small_net.hidden_units[0];
    int64_t unit = 0;
    double largest = 0;
    for (int64_t k = 0; w && k < h; k++) {
        double sum = 0;
        for (int64_t j = 0; j < COLUMNS; j++)
            sum += fabs((double)w[j * h + k]);
        unit = sum > largest ? k : unit;
        largest = fmax(sum, largest);
    }
    fill_clouds(t, rows, 5);
    for (int64_t i = 0; i < rows * COLUMNS; i++) {
        const bool negative = w ? w[i % COLUMNS * h + unit] < 0 : i / COLUMNS >> i % COLUMNS & 1;
        t->x[i] = negative ? -3.3e38F : 3.3e38F;
    }
}

/* A failed fit with other data, of other or the same size, at any place of an epoch, is as if it had never been. */
START_TEST(a_failed_fit_between_fits_changes_nothing)
{
    static table bad;
    const int64_t rows[] = {47, 20, 60};
    state_after(&wanted, &train, 10, 17);
    for (int64_t first = 1; first < 17; first++) {
        nn_classifier *c = open_small();
        fit(c, &train, 10, first);
        fill_too_large(&bad, rows[_i], c);
        for (int again = 0; again < 2; again++)
            ck_assert_int_eq(nn_classifier_fit(c, &bad.data, &(nn_fit_options){.batch_size = 100}), AD_NOT_FINITE);
        fit(c, &train, 10, 17 - first);
        close_as(c, &wanted, "a failed fit between");
    }
}
END_TEST

/* Data of the largest width. */
static void fill_wide(table *t, int64_t rows)
{
    fill_clouds(t, rows, 6);
    t->data.columns = MAX_COLUMNS;
    for (int64_t i = 0; i < rows * MAX_COLUMNS; i++)
        t->x[i] = (float)cloud_noise(7, i);
}

static nn_classifier *fit_wide(nn_classifier *c, state *s)
{
    static table wide;
    fill_wide(&wide, 100);
    fit(c, &wide, 20, 8);
    take_state_on(c, &wide.data, s);
    return c;
}

/* No step was completed: the classifier is as it was opened, and wider data with a batch that is not larger may come.
 * Features scaled by moments are never too large, so only the two other kinds can fail like this. */
START_TEST(a_failed_first_fit_leaves_nothing)
{
    static table bad;
    static float logits[MAX_ROWS * CLASSES];
    nn_classifier_options o = small_net;
    o.scaling = _i ? NN_SCALE_CONSTANT : NN_SCALE_NONE;
    o.scaling_constant = 0.5;
    nn_classifier_close(fit_wide(open_with(o), &wanted));
    nn_classifier *c = open_with(o);
    fill_too_large(&bad, 47, c);
    ck_assert_int_eq(nn_classifier_fit(c, &bad.data, &(nn_fit_options){.batch_size = 47}), AD_NOT_FINITE);
    ck_assert_int_eq(nn_classifier_clear_error(c), AD_NOT_FINITE);
    ck_assert_uint_eq(nn_classifier_parameter_count(c), 0);
    ck_assert_int_eq(nn_classifier_logits(c, &train.data, logits), AD_BAD_STATE);
    nn_classifier_close(fit_wide(c, &other_state));
    ck_assert_msg(same_state(&other_state, &wanted), "after a failed first fit the next does not start afresh");
}
END_TEST

/* A first fit while the k-th call fails, then one with narrower data. Returns whether k was never reached. */
static bool fit_narrow_after_call(size_t k, const nn_classifier_options *o, const table *narrow)
{
    nn_classifier *c = open_with(*o);
    int64_t step = 0;
    nn_fit_options fit_options = {.batch_size = 10, .steps = 1, .callback = count_step, .context = &step};
    counting_fail(&memory, k, COUNTING_FOR_GOOD);
    ad_status status = nn_classifier_fit(c, &train.data, &fit_options);
    const bool done = memory.calls < k;
    counting_heal(&memory);
    ck_assert_int_eq(status, step ? AD_OK : AD_NO_MEMORY);
    const size_t parameters = nn_classifier_parameter_count(c);
    ad_status next =
        step ? AD_OK : nn_classifier_fit(c, &narrow->data, &(nn_fit_options){.batch_size = 10, .steps = 2});
    if (!step && next == AD_OK)
        take_state_on(c, &narrow->data, &other_state);
    nn_classifier_close(c);
    ck_assert_msg(step || parameters == 0, "call %zu failed, and %zu parameters remain of no fit", k, parameters);
    ck_assert_msg(step || next == AD_OK, "call %zu failed, and data of another width give %s", k, ad_status_name(next));
    ck_assert_msg(step || same_state(&other_state, &wanted), "call %zu failed: the next fit does not start afresh", k);
    return done;
}

/* A first fit that fails before its first step is done leaves no network and no scaling: other data may come. */
START_TEST(a_first_fit_without_memory_leaves_nothing)
{
    static table narrow;
    nn_classifier_options o = small_net;
    o.scaling = (nn_scaling_kind)_i;
    fill_exclusive_or(&narrow, 40);
    nn_classifier *c = open_with(o);
    fit(c, &narrow, 10, 2);
    take_state_on(c, &narrow.data, &wanted);
    nn_classifier_close(c);
    size_t k = 1;
    while (k < 1000 && !fit_narrow_after_call(k, &o, &narrow))
        k++;
    ck_assert_uint_gt(k, 5);
    ck_assert_uint_lt(k, 1000);
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, open_clouds, close_clouds);
    tcase_add_loop_test(tests, every_kind_of_network_learns, 0, COUNT(learning));
    tcase_add_test(tests, hidden_layers_are_needed);
    tcase_add_test(tests, a_seed_gives_the_same_training);
    tcase_add_test(tests, first_weights_depend_on_seed_and_layer);
    tcase_add_loop_test(tests, fit_continues, 0, COUNT(portions));
    tcase_add_loop_test(tests, fit_continues_with_every_optimiser, 0, OPTIMISERS * SCHEDULES);
    tcase_add_test(tests, questions_between_fits_disturb_nothing);
    tcase_add_test(tests, a_callback_sees_every_step);
    tcase_add_test(tests, a_callback_stops_the_fit);
    tcase_add_test(tests, questions_within_a_callback_disturb_nothing);
    tcase_add_test(tests, a_fit_within_a_callback_is_refused);
    tcase_add_loop_test(tests, a_classifier_closed_within_a_callback, 0, 16);
    tcase_add_test(tests, a_fit_after_stopped_and_failed_fits);
    tcase_add_test(tests, defaults_of_a_fit);
    tcase_add_loop_test(tests, training_allocates_nothing, 0, AD_ACTIVATION_COUNT * OPTIMISERS);
    tcase_add_test(tests, a_long_training_takes_no_more_memory);
    tcase_add_loop_test(tests, any_allocation_may_fail, 0, 2);
    tcase_add_loop_test(tests, any_allocation_of_a_later_fit_may_fail, 0, 2);
    tcase_add_loop_test(tests, a_failed_fit_between_fits_changes_nothing, 0, 3);
    tcase_add_loop_test(tests, a_failed_first_fit_leaves_nothing, 0, 2);
    tcase_add_loop_test(tests, a_first_fit_without_memory_leaves_nothing, 0, NN_SCALE_COUNT);
}

int main(void)
{
    started = seconds_now();
    return run_tests("training", add_tests);
}
