/* The ready-made classifier: learning, the order of the examples, continuing, stopping, failing, what it refuses. */
#include <math.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gradtape/gradtape.h>

#include "counting.h"
#include "suite.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

enum { MAX_ROWS = 1500, MAX_COLUMNS = 6, CLASSES = 3, COLUMNS = 4 };

/* ---- Data -------------------------------------------------------------------------------------------------------- */

/* A data set and the arrays that it is a view of. */
typedef struct table {
    nn_data data;
    float x[MAX_ROWS * MAX_COLUMNS];
    int32_t labels[MAX_ROWS];
} table;

static double noise(uint64_t stream, int64_t i) { return 2 * ad_random_uniform(77, stream, (uint64_t)i) - 1; }

/* Clouds around a corner for each class, so far apart that a plane separates them. */
static void fill_clouds(table *t, int64_t rows, uint64_t stream)
{
    t->data = (nn_data){.features = t->x, .rows = rows, .columns = COLUMNS, .labels = t->labels};
    for (int64_t i = 0; i < rows; i++) {
        t->labels[i] = (int32_t)(ad_random_bits(78, stream, (uint64_t)i) % CLASSES);
        for (int64_t j = 0; j < COLUMNS; j++)
            t->x[i * COLUMNS + j] =
                (float)((j % CLASSES == t->labels[i] ? 1 : -1) + 0.8 * noise(stream, i * COLUMNS + j));
    }
}

/* Label 1 where the signs of both features differ: no plane separates the classes. */
static void fill_exclusive_or(table *t, int64_t rows)
{
    t->data = (nn_data){.features = t->x, .rows = rows, .columns = 2, .labels = t->labels};
    for (int64_t i = 0; i < rows; i++) {
        const bool a = i % 2, b = i / 2 % 2;
        t->labels[i] = a != b;
        t->x[2 * i] = (float)((a ? 1 : -1) + 0.3 * noise(1, 2 * i));
        t->x[2 * i + 1] = (float)((b ? 1 : -1) + 0.3 * noise(1, 2 * i + 1));
    }
}

/* ---- Classifiers ------------------------------------------------------------------------------------------------- */

static counting memory;
static table train, test;

/* Messages seen in this test: each mistake has its own. */
static char seen[64][640];
static size_t n_seen;

static void open_all(void)
{
    n_seen = 0;
    counting_open(&memory);
    fill_clouds(&train, 47, 1);
    fill_clouds(&test, 700, 2);
}

static void close_all(void) { counting_check_released(&memory); }

/* Every classifier takes its memory from the allocator that watches. */
static nn_classifier *open_with(nn_classifier_options options)
{
    options.allocator = &memory.allocator;
    nn_classifier *c = nn_classifier_open(&options);
    ck_assert_ptr_nonnull(c);
    return c;
}

static const nn_classifier_options small_net = {.hidden_units = {5}, .n_classes = CLASSES, .seed = 42};

static nn_classifier *open_small(void) { return open_with(small_net); }

static void fit(nn_classifier *c, const table *t, int64_t batch_size, int64_t steps)
{
    ad_status status = nn_classifier_fit(c, &t->data, &(nn_fit_options){.batch_size = batch_size, .steps = steps});
    ck_assert_msg(status == AD_OK, "fit: %s: %s", ad_status_name(status), nn_classifier_message(c));
}

/* All that can be seen of a classifier from outside: parameters, slots, step, and what it makes of data. */
typedef struct state {
    int64_t step;
    size_t n;
    float kept[2000];
    float logits[MAX_ROWS * CLASSES];
} state;

static void take_state_on(nn_classifier *c, const nn_data *data, state *s)
{
    memset(s, 0, sizeof *s);
    ad_tape *tape = nn_classifier_parameter(c, 0).tape;
    for (size_t i = 0; i < ad_kept_count(tape); i++) {
        ad_tensor x = ad_kept_at(tape, i);
        ck_assert_uint_le(s->n + ad_size_of(x), LENGTH(s->kept));
        memcpy(s->kept + s->n, ad_f32(x), ad_size_of(x) * sizeof(float));
        s->n += ad_size_of(x);
    }
    s->step = nn_classifier_evaluate(c, data).global_step;
    ck_assert_int_eq(nn_classifier_logits(c, data, s->logits), AD_OK);
}

static void take_state(nn_classifier *c, state *s) { take_state_on(c, &train.data, s); }

static bool same_state(const state *a, const state *b)
{
    return a->step == b->step && a->n == b->n && !memcmp(a->kept, b->kept, sizeof a->kept) &&
           !memcmp(a->logits, b->logits, sizeof a->logits);
}

/* The classifier is closed; until then it must be bit for bit as `wanted`. */
static void close_as(nn_classifier *c, const state *wanted, const char *what)
{
    static state got;
    take_state(c, &got);
    nn_classifier_close(c);
    ck_assert_msg(got.step == wanted->step, "%s: step %lld instead of %lld", what, (long long)got.step,
                  (long long)wanted->step);
    ck_assert_msg(same_state(&got, wanted), "%s: weights, slots or logits differ", what);
}

/* The state of the small net after one fit. */
static void state_after(state *s, const table *t, int64_t batch_size, int64_t steps)
{
    nn_classifier *c = open_small();
    fit(c, t, batch_size, steps);
    take_state(c, s);
    nn_classifier_close(c);
}

static state wanted, other_state;

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
    {{.hidden_units = {8}, .optimiser = {.kind = NN_GRADIENT_DESCENT}}, 1, 0},
    {{.optimiser = {.kind = NN_GRADIENT_DESCENT, .rate = 0.2}}, 1, 0},
    {{.hidden_units = {8}, .optimiser = {.rate = 0.3, .initial_accumulator = 1}}, 1, 0},
    {{.hidden_units = {8}, .scaling = NN_SCALE_CONSTANT}, 255, 0},
    {{.hidden_units = {8}, .scaling = NN_SCALE_CONSTANT, .scaling_constant = 0.01}, 0.01F, 0},
    {{.hidden_units = {8}, .scaling = NN_SCALE_GLOBAL}, 100, 5000},
    {{.hidden_units = {8}, .scaling = NN_SCALE_FEATURE}, 1000, -20000},
};

START_TEST(test_learns)
{
    nn_classifier_options o = learning[_i].options;
    o.n_classes = CLASSES;
    for (size_t i = 0; i < LENGTH(train.x); i++) {
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
START_TEST(test_hidden_layers_are_needed)
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
    for (size_t i = 0; i < LENGTH(nets); i++) {
        nn_classifier *c = open_with(nets[i].options);
        fit(c, &train, 16, 600);
        nn_evaluation e = nn_classifier_evaluate(c, &train.data);
        nn_classifier_close(c);
        ck_assert_msg(nets[i].can ? e.accuracy == 1 : e.accuracy <= 0.8, "net %zu: accuracy %g", i, e.accuracy);
    }
}
END_TEST

/* ---- Seeds and continuing ---------------------------------------------------------------------------------------- */

START_TEST(test_seeds)
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
                                                         .optimiser = {.kind = NN_GRADIENT_DESCENT, .rate = 1e-30}});
    fit(c, &train, 47, 1);
    for (size_t layer = 0; layer < 2; layer++)
        memcpy(w[layer], ad_f32(nn_classifier_parameter(c, 2 * layer)), sizeof w[layer]);
    nn_classifier_close(c);
}

START_TEST(test_first_weights)
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

START_TEST(test_fit_continues)
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

START_TEST(test_fit_continues_with_gradient_descent)
{
    nn_classifier_options o = small_net;
    o.optimiser = (nn_optimiser_options){.kind = NN_GRADIENT_DESCENT, .rate = 0.1};
    o.scaling = NN_SCALE_FEATURE;
    nn_classifier *c = open_with(o);
    fit(c, &train, 10, 13);
    take_state(c, &wanted);
    nn_classifier_close(c);
    c = open_with(o);
    fit(c, &train, 10, 4);
    fit(c, &train, 10, 9);
    close_as(c, &wanted, "in two fits");
}
END_TEST

/* What is asked between two fits does not disturb them. */
START_TEST(test_questions_between_fits)
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

/* What a callback saw, and when it is to stop. */
typedef struct diary {
    nn_progress seen[256];
    int64_t n;
    int64_t stop_at; /* 0: never */
} diary;

static bool keep_diary(const nn_progress *progress, void *context)
{
    diary *d = context;
    ck_assert_int_lt(d->n, LENGTH(d->seen));
    d->seen[d->n++] = *progress;
    return progress->step != d->stop_at;
}

static ad_status fit_with_diary(nn_classifier *c, const table *t, int64_t batch_size, int64_t steps, diary *d)
{
    d->n = 0;
    nn_fit_options o = {.batch_size = batch_size, .steps = steps, .callback = keep_diary, .context = d};
    return nn_classifier_fit(c, &t->data, &o);
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
    ck_assert_double_lt(d->seen[d->n - 1].seconds, 60);
}

START_TEST(test_callback_sees_every_step)
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

START_TEST(test_callback_stops)
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

START_TEST(test_questions_within_a_callback)
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

START_TEST(test_fit_within_a_callback_is_refused)
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

/* A fit that was stopped or that failed is over: the next is not taken for one within it. */
START_TEST(test_fit_after_stopped_and_failed_fits)
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

/* ---- Order of the examples --------------------------------------------------------------------------------------- */

enum { ORDERED_ROWS = 10, EPOCHS = 4 };

/* Trains at a rate too small to change a weight, so that each loss tells which rows its batch was made of. */
static void losses_of_epochs(uint64_t seed, int64_t batch_size, diary *d, double row_loss[ORDERED_ROWS])
{
    fill_clouds(&train, ORDERED_ROWS, 3);
    nn_classifier *c = open_with((nn_classifier_options){
        .n_classes = CLASSES, .seed = seed, .optimiser = {.kind = NN_GRADIENT_DESCENT, .rate = 1e-30}});
    const int64_t steps = EPOCHS * ((ORDERED_ROWS - 1) / batch_size + 1);
    ck_assert_int_eq(fit_with_diary(c, &train, batch_size, steps, d), AD_OK);
    for (int64_t i = 0; i < ORDERED_ROWS; i++) {
        nn_data row = {.features = train.x + i * COLUMNS, .rows = 1, .columns = COLUMNS, .labels = train.labels + i};
        row_loss[i] = nn_classifier_evaluate(c, &row).loss;
    }
    nn_classifier_close(c);
}

static int bits_of(unsigned rows)
{
    int n = 0;
    for (; rows; rows &= rows - 1)
        n++;
    return n;
}

/* The one set of n rows with this mean loss, a bit for each row. */
static unsigned rows_with_loss(double loss, int n, const double row_loss[ORDERED_ROWS])
{
    unsigned found = 0, matches = 0;
    for (unsigned rows = 1; rows < 1U << ORDERED_ROWS; rows++) {
        double sum = 0;
        for (int i = 0; i < ORDERED_ROWS; i++)
            sum += rows >> i & 1 ? row_loss[i] : 0;
        if (bits_of(rows) == n && fabs(sum / n - loss) < 2e-6) {
            found = rows;
            matches++;
        }
    }
    ck_assert_msg(matches == 1, "%u sets of %d rows have the mean loss %.9g", matches, n, loss);
    return found;
}

/* Each epoch must take every row once. Returns how many epochs begin with the same set as the one before. */
static int check_epochs(uint64_t seed, int batch_size, unsigned sets[256])
{
    static diary d;
    double row_loss[ORDERED_ROWS];
    losses_of_epochs(seed, batch_size, &d, row_loss);
    int step = 0, repeated = 0;
    for (int epoch = 0, per_epoch = (int)d.n / EPOCHS; epoch < EPOCHS; epoch++) {
        unsigned used = 0;
        for (int place = 0; place < ORDERED_ROWS; place += batch_size, step++) {
            const int n = ORDERED_ROWS - place < batch_size ? ORDERED_ROWS - place : batch_size;
            sets[step] = rows_with_loss(d.seen[step].loss, n, row_loss);
            ck_assert_msg(!(used & sets[step]), "step %d uses a row again in one epoch", step + 1);
            used |= sets[step];
        }
        ck_assert_uint_eq(used, (1U << ORDERED_ROWS) - 1);
        repeated +=
            epoch && !memcmp(sets + step - per_epoch, sets + step - 2 * per_epoch, sizeof *sets * (size_t)per_epoch);
    }
    return repeated;
}

START_TEST(test_each_epoch_takes_every_row_once)
{
    unsigned sets[256], others[256];
    const int batch_size = _i;
    const int repeated = check_epochs(5, batch_size, sets);
    /* Two large batches are the same by chance in one of ten epochs. */
    ck_assert_msg(repeated == 0 || batch_size > ORDERED_ROWS / 2, "%d epochs repeat the order of the one before",
                  repeated);
    if (batch_size > 1)
        return;
    bool shuffled = false;
    for (int i = 0; i < ORDERED_ROWS; i++)
        shuffled = shuffled || sets[i] != 1U << i;
    ck_assert_msg(shuffled, "the rows come as they lie");
    check_epochs(6, batch_size, others);
    ck_assert_mem_ne(sets, others, ORDERED_ROWS * sizeof *sets);
}
END_TEST

/* ---- Defaults ---------------------------------------------------------------------------------------------------- */

START_TEST(test_fit_defaults)
{
    static const struct {
        int64_t rows, batch_size, steps;
    } epochs[] = {{70, 0, 3}, {64, 0, 2}, {65, 0, 3}, {32, 0, 1}, {1, 0, 1}, {70, 7, 10}, {70, 69, 2}, {70, 200, 1}};
    for (size_t i = 0; i < LENGTH(epochs); i++) {
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

START_TEST(test_batch_larger_than_the_data)
{
    static const int64_t sizes[] = {48, 1000, INT32_MAX, INT64_MAX};
    state_after(&wanted, &train, 47, 5);
    for (size_t i = 0; i < LENGTH(sizes); i++) {
        nn_classifier *c = open_small();
        fit(c, &train, sizes[i], 4);
        fit(c, &train, sizes[i], 0);
        close_as(c, &wanted, "a batch larger than the data");
    }
}
END_TEST

START_TEST(test_classifier_defaults)
{
    nn_classifier_options o = small_net;
    state_after(&wanted, &train, 10, 6);
    o.activation = AD_RELU;
    o.optimiser = (nn_optimiser_options){.kind = NN_ADAGRAD, .rate = 0.05, .initial_accumulator = 0.1};
    o.scaling = NN_SCALE_NONE;
    nn_classifier *c = open_with(o);
    fit(c, &train, 10, 6);
    close_as(c, &wanted, "the defaults spelt out");
    for (int i = 0; i < 2; i++) {
        o.scaling = NN_SCALE_CONSTANT;
        o.scaling_constant = i ? 255 : 0;
        c = open_with(o);
        fit(c, &train, 10, 6);
        if (i == 0) {
            take_state(c, &wanted);
            nn_classifier_close(c);
        } else {
            close_as(c, &wanted, "255 spelt out");
        }
    }
}
END_TEST

/* ---- Figures against plain loops --------------------------------------------------------------------------------- */

static double plain_activation(ad_activation activation, double x)
{
    switch (activation) {
    case AD_ACTIVATION_DEFAULT:
    case AD_RELU: return x > 0 ? x : 0;
    case AD_LOGISTIC: return 1 / (1 + exp(-x));
    case AD_TANH: return tanh(x);
    case AD_ELU: return x > 0 ? x : expm1(x);
    case AD_SOFTPLUS: return fmax(x, 0) + log1p(exp(-fabs(x)));
    case AD_IDENTITY:
    case AD_ACTIVATION_COUNT: break;
    }
    return x;
}

/* The moments of column j, or of all columns where it is -1, over a data set. */
static void plain_moments(const table *t, int64_t j, double *mean, double *deviation)
{
    const int64_t columns = t->data.columns, count = t->data.rows * (j < 0 ? columns : 1);
    double sum = 0, square = 0;
    for (int64_t i = 0; i < t->data.rows * columns; i++)
        sum += j < 0 || i % columns == j ? (double)t->x[i] : 0;
    *mean = sum / (double)count;
    for (int64_t i = 0; i < t->data.rows * columns; i++)
        square += j < 0 || i % columns == j ? pow((double)t->x[i] - *mean, 2) : 0;
    *deviation = sqrt(square / (double)count);
}

/* Scales one row of other data by what the training data teach. */
static void plain_scaling(const nn_classifier_options *o, const float *row, double *x)
{
    for (int64_t j = 0; j < COLUMNS; j++) {
        double mean = 0, deviation = o->scaling == NN_SCALE_CONSTANT ? 3 : 1;
        if (o->scaling == NN_SCALE_GLOBAL || o->scaling == NN_SCALE_FEATURE)
            plain_moments(&train, o->scaling == NN_SCALE_GLOBAL ? -1 : j, &mean, &deviation);
        x[j] = deviation > 0 ? ((double)row[j] - mean) / deviation : 0;
    }
}

/* One row through all layers, with weights as the classifier shows them. */
static void plain_logits(nn_classifier *c, const nn_classifier_options *o, const float *row, double z[8])
{
    double x[8];
    plain_scaling(o, row, x);
    const size_t layers = nn_classifier_parameter_count(c) / 2;
    for (size_t layer = 0; layer < layers; layer++) {
        ad_tensor w = nn_classifier_parameter(c, 2 * layer), b = nn_classifier_parameter(c, 2 * layer + 1);
        const int64_t d = ad_shape_of(w).dims[0], h = ad_shape_of(w).dims[1];
        for (int64_t k = 0; k < h; k++) {
            z[k] = (double)ad_f32(b)[k];
            for (int64_t j = 0; j < d; j++)
                z[k] += x[j] * (double)ad_f32(w)[j * h + k];
        }
        for (int64_t k = 0; k < h && layer + 1 < layers; k++)
            x[k] = plain_activation(o->activation, z[k]);
    }
}

/* Every activation with every scaling; the second column of the training data is constant. */
START_TEST(test_logits_against_plain_loops)
{
    static float logits[MAX_ROWS * CLASSES];
    nn_classifier_options o = {.hidden_units = {6, 5}, .n_classes = CLASSES, .seed = 3, .scaling_constant = 3};
    o.activation = (ad_activation)(_i % AD_ACTIVATION_COUNT);
    o.scaling = (nn_scaling_kind)(_i / AD_ACTIVATION_COUNT);
    for (int64_t i = 0; i < train.data.rows; i++)
        train.x[i * COLUMNS + 1] = 0.7F;
    nn_classifier *c = open_with(o);
    fit(c, &train, 10, 20);
    ck_assert_int_eq(nn_classifier_logits(c, &test.data, logits), AD_OK);
    for (int64_t i = 0; i < test.data.rows; i++) {
        double z[8];
        plain_logits(c, &o, test.x + i * COLUMNS, z);
        for (int64_t k = 0; k < CLASSES; k++)
            ck_assert_double_eq_tol((double)logits[i * CLASSES + k], z[k], 1e-5 * (1 + fabs(z[k])));
    }
    nn_classifier_close(c);
}
END_TEST

/* The index of the first of the largest. */
static int32_t plain_argmax(const float *z)
{
    int32_t best = 0;
    for (int32_t k = 1; k < CLASSES; k++)
        best = z[k] > z[best] ? k : best;
    return best;
}

static double plain_logsumexp(const float *z)
{
    const double top = (double)z[plain_argmax(z)];
    double sum = 0;
    for (int k = 0; k < CLASSES; k++)
        sum += exp((double)z[k] - top);
    return top + log(sum);
}

/* One row, a few, just a whole internal batch, one more, and several with a short one behind. */
static const int64_t row_counts[] = {1, 3, 511, 512, 513, 1024, 1500};

START_TEST(test_predictions_agree)
{
    static float z[MAX_ROWS * CLASSES], p[MAX_ROWS * CLASSES];
    static int32_t labels[MAX_ROWS];
    fill_clouds(&test, row_counts[_i], 4);
    nn_classifier *c = open_small();
    fit(c, &train, 10, 15);
    ck_assert_int_eq(nn_classifier_logits(c, &test.data, z), AD_OK);
    test.data.labels = NULL;
    ck_assert_int_eq(nn_classifier_predict(c, &test.data, labels), AD_OK);
    ck_assert_int_eq(nn_classifier_predict_proba(c, &test.data, p), AD_OK);
    nn_classifier_close(c);
    for (int64_t i = 0; i < row_counts[_i]; i++) {
        double sum = 0;
        ck_assert_int_eq(labels[i], plain_argmax(z + i * CLASSES));
        for (int64_t k = 0; k < CLASSES; k++) {
            const double wanted_p = exp((double)z[i * CLASSES + k] - plain_logsumexp(z + i * CLASSES));
            ck_assert_double_eq_tol((double)p[i * CLASSES + k], wanted_p, 1e-6);
            sum += (double)p[i * CLASSES + k];
        }
        ck_assert_double_eq_tol(sum, 1, 1e-6);
    }
}
END_TEST

START_TEST(test_evaluation_against_plain_loops)
{
    static float z[MAX_ROWS * CLASSES];
    fill_clouds(&test, row_counts[_i], 4);
    nn_classifier *c = open_small();
    fit(c, &train, 10, 15);
    /* Some labels are wrong, so that the accuracy is not 1. */
    for (int64_t i = 0; i < row_counts[_i]; i += 3)
        test.labels[i] = (test.labels[i] + 1) % CLASSES;
    ck_assert_int_eq(nn_classifier_logits(c, &test.data, z), AD_OK);
    double right = 0, loss = 0;
    for (int64_t i = 0; i < row_counts[_i]; i++) {
        right += plain_argmax(z + i * CLASSES) == test.labels[i];
        loss += plain_logsumexp(z + i * CLASSES) - (double)z[i * CLASSES + test.labels[i]];
    }
    nn_evaluation e = nn_classifier_evaluate(c, &test.data);
    nn_classifier_close(c);
    ck_assert_int_eq(e.status, AD_OK);
    ck_assert_double_eq_tol(e.accuracy, right / (double)row_counts[_i], 1e-15);
    ck_assert_double_eq_tol(e.loss, loss / (double)row_counts[_i], 1e-6 * loss / (double)row_counts[_i]);
    ck_assert_int_eq(e.global_step, 15);
}
END_TEST

/* Where two logits are the same, the class is still one of the largest: the first. */
START_TEST(test_ties_take_the_first_class)
{
    int32_t label = -1;
    static const float zeros[COLUMNS] = {0};
    nn_data origin = {.features = zeros, .rows = 1, .columns = COLUMNS};
    nn_classifier *c = open_with(
        (nn_classifier_options){.n_classes = CLASSES, .optimiser = {.kind = NN_GRADIENT_DESCENT, .rate = 1e-45}});
    fit(c, &train, 10, 1);
    ck_assert_int_eq(nn_classifier_predict(c, &origin, &label), AD_OK);
    nn_classifier_close(c);
    ck_assert_int_eq(label, 0);
}
END_TEST

/* ---- Element types ----------------------------------------------------------------------------------------------- */

enum { ELEMENT_ROWS = 32 };

/* The same whole numbers in every type. As many rows as a power of two: the means are exact in f32 too. */
static const void *features_as(nn_element element, const int8_t *x)
{
    static union {
#define MEMBER(name, text, type) type text[ELEMENT_ROWS * COLUMNS];
        NN_ELEMENT_LIST(MEMBER)
#undef MEMBER
    } u;
    for (int64_t i = 0; i < ELEMENT_ROWS * COLUMNS; i++)
        switch (element) {
#define CASE(name, text, type)                                                                                         \
    case name: u.text[i] = (type)x[i]; break;
            NN_ELEMENT_LIST(CASE)
#undef CASE
        case NN_ELEMENT_COUNT: break;
        }
    return &u;
}

START_TEST(test_element_types_train_alike)
{
    int8_t x[ELEMENT_ROWS * COLUMNS];
    nn_classifier_options o = small_net;
    o.scaling = (nn_scaling_kind)_i;
    fill_clouds(&train, ELEMENT_ROWS, 1);
    for (int64_t i = 0; i < ELEMENT_ROWS * COLUMNS; i++) {
        x[i] = (int8_t)(60 + 30 * train.x[i]);
        train.x[i] = x[i];
    }
    nn_classifier *c = open_with(o);
    fit(c, &train, 10, 9);
    take_state(c, &wanted);
    nn_classifier_close(c);
    for (int element = 0; element < NN_ELEMENT_COUNT; element++) {
        static float logits[MAX_ROWS * CLASSES];
        nn_data data = train.data;
        data.element = (nn_element)element;
        data.features = features_as(data.element, x);
        c = open_with(o);
        ck_assert_int_eq(nn_classifier_fit(c, &data, &(nn_fit_options){.batch_size = 10, .steps = 9}), AD_OK);
        ck_assert_int_eq(nn_classifier_logits(c, &data, logits), AD_OK);
        ck_assert_msg(!memcmp(logits, wanted.logits, sizeof logits), "%s: the logits differ",
                      nn_element_name(data.element));
        close_as(c, &wanted, nn_element_name(data.element));
    }
}
END_TEST

/* ---- Looking in -------------------------------------------------------------------------------------------------- */

START_TEST(test_parameters)
{
    static const struct {
        const char *name;
        int rank;
        int64_t dims[2];
    } parameters[] = {
        {"hiddenlayer_0/weights", 2, {COLUMNS, 6}},
        {"hiddenlayer_0/biases", 1, {6}},
        {"hiddenlayer_1/weights", 2, {6, 5}},
        {"hiddenlayer_1/biases", 1, {5}},
        {"logits/weights", 2, {5, 3}},
        {"logits/biases", 1, {3}},
    };
    nn_classifier *c = open_with((nn_classifier_options){.hidden_units = {6, 5}, .n_classes = CLASSES});
    ck_assert_uint_eq(nn_classifier_parameter_count(c), 0);
    fit(c, &train, 10, 1);
    ck_assert_uint_eq(nn_classifier_parameter_count(c), LENGTH(parameters));
    ad_tape *tape = nn_classifier_parameter(c, 0).tape;
    for (size_t i = 0; i < LENGTH(parameters); i++) {
        ad_tensor x = nn_classifier_parameter(c, i), slot = ad_kept_at(tape, LENGTH(parameters) + i);
        ck_assert_str_eq(ad_name_of(x), parameters[i].name);
        ck_assert_int_eq(ad_shape_of(x).rank, parameters[i].rank);
        ck_assert_int_eq(ad_shape_of(x).dims[0], parameters[i].dims[0]);
        ck_assert_int_eq(ad_shape_of(x).dims[1], parameters[i].dims[1]);
        ck_assert_uint_eq(strlen(ad_name_of(slot)), strlen(parameters[i].name) + strlen("/Adagrad"));
        ck_assert_ptr_nonnull(strstr(ad_name_of(slot), "/Adagrad"));
    }
    ck_assert(ad_is_inert(nn_classifier_parameter(c, LENGTH(parameters))));
    ck_assert_str_eq(nn_classifier_message(c), "parameter: there is no parameter 6: the classifier has 6");
    ck_assert_int_eq(nn_classifier_clear_error(c), AD_BAD_VALUE);
    fit(c, &train, 10, 1);
    nn_classifier_close(c);
}
END_TEST

/* All places of the list used: nothing ends it. */
START_TEST(test_most_hidden_layers)
{
    nn_classifier_options o = {.n_classes = CLASSES, .activation = AD_TANH};
    for (int i = 0; i < NN_MAX_HIDDEN_LAYERS; i++)
        o.hidden_units[i] = 2;
    nn_classifier *c = open_with(o);
    fit(c, &train, 10, 2);
    const size_t n = nn_classifier_parameter_count(c);
    ck_assert_uint_eq(n, 2 * NN_MAX_HIDDEN_LAYERS + 2);
    ck_assert_str_eq(ad_name_of(nn_classifier_parameter(c, n - 4)), "hiddenlayer_31/weights");
    ck_assert_str_eq(ad_name_of(nn_classifier_parameter(c, n - 1)), "logits/biases");
    nn_classifier_close(c);
}
END_TEST

START_TEST(test_settings)
{
    static const struct {
        nn_classifier_options options;
        const char *text;
    } cases[] = {
        {{.hidden_units = {30, 10}, .n_classes = 7, .seed = 42},
         "hidden_units = [30, 10], n_classes = 7, activation = relu, optimiser = adagrad (rate 0.05, initial accumulator "
         "0.1), scaling = none, seed = 42"},
        {{.n_classes = 2, .optimiser = {.kind = NN_GRADIENT_DESCENT, .rate = 0.25}},
         "hidden_units = [], n_classes = 2, activation = relu, optimiser = gradient_descent (rate 0.25), scaling = none, "
         "seed = 0"},
        {{.hidden_units = {4}, .n_classes = 3, .activation = AD_TANH, .scaling = NN_SCALE_CONSTANT},
         "hidden_units = [4], n_classes = 3, activation = tanh, optimiser = adagrad (rate 0.05, initial accumulator 0.1), "
         "scaling = divided by 255, seed = 0"},
        {{.n_classes = 3, .optimiser = {.initial_accumulator = 0.75}, .scaling = NN_SCALE_GLOBAL, .seed = UINT64_MAX},
         "hidden_units = [], n_classes = 3, activation = relu, optimiser = adagrad (rate 0.05, initial accumulator 0.75), "
         "scaling = one mean and deviation for all features, seed = 18446744073709551615"},
        {{.n_classes = 3, .scaling = NN_SCALE_FEATURE},
         "hidden_units = [], n_classes = 3, activation = relu, optimiser = adagrad (rate 0.05, initial accumulator 0.1), "
         "scaling = a mean and deviation for each feature, seed = 0"},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        nn_classifier *c = open_with(cases[i].options);
        ck_assert_str_eq(nn_classifier_settings(c), cases[i].text);
        nn_classifier_close(c);
    }
}
END_TEST

/* The caller's options may go away after opening. */
START_TEST(test_options_are_copied)
{
    state_after(&wanted, &train, 10, 4);
    nn_classifier_options o = small_net;
    ad_allocator allocator = memory.allocator;
    o.allocator = &allocator;
    nn_classifier *c = nn_classifier_open(&o);
    memset(&o, 0x55, sizeof o);
    memset(&allocator, 0x55, sizeof allocator);
    fit(c, &train, 10, 4);
    close_as(c, &wanted, "options that were overwritten");
}
END_TEST

START_TEST(test_usage)
{
    nn_classifier *c = open_small();
    fit(c, &train, 10, 3);
    ck_assert_int_eq(nn_classifier_evaluate(c, &test.data).status, AD_OK);
    ad_usage usage = nn_classifier_usage(c);
    ck_assert_uint_eq(usage.bytes, memory.bytes);
    ck_assert_uint_eq(usage.allocations, memory.calls);
    ck_assert_uint_ge(usage.peak_bytes, usage.bytes);
    nn_classifier_close(c);
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

/* With every activation and both optimisers, over several epochs that end with a short batch, and in a second fit. */
START_TEST(test_training_allocates_nothing)
{
    static size_t calls[64];
    nn_classifier_options o = small_net;
    o.activation = (ad_activation)(_i / 2);
    o.optimiser.kind = (nn_optimiser_kind)(_i % 2);
    o.scaling = (nn_scaling_kind)(_i % NN_SCALE_COUNT);
    static const int64_t hidden[] = {0, 5, 40};
    for (size_t net = 0; net < LENGTH(hidden); net++)
        for (int64_t batch = 10; batch <= 40; batch += 15) {
            o.hidden_units[0] = hidden[net];
            nn_classifier *c = open_with(o);
            nn_fit_options fit_options = {.batch_size = batch, .steps = 23, .callback = note_calls, .context = calls};
            ck_assert_int_eq(nn_classifier_fit(c, &train.data, &fit_options), AD_OK);
            ck_assert_int_eq(nn_classifier_fit(c, &train.data, &fit_options), AD_OK);
            nn_classifier_close(c);
            for (int step = 2; step <= 46; step++)
                ck_assert_msg(calls[step] == calls[1], "%zu units, batch %lld: step %d takes memory",
                              (size_t)hidden[net], (long long)batch, step);
        }
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
    for (size_t i = 0; i < LENGTH(answers); i++)
        ck_assert_msg(answers[i] == AD_OK || answers[i] == AD_NO_MEMORY || (answers[i] == AD_BAD_STATE && step == 0),
                      "question %zu after step %lld: %s", i, (long long)step, nn_classifier_message(c));
    ck_assert_int_eq(e.global_step, e.status == AD_OK ? step : -1);
    ck_assert(e.status == AD_OK ? isfinite(e.loss) : isnan(e.loss) && isnan(e.accuracy));
}

/* The classifier is out of memory, and says so in one of the ways there are. */
static void expect_out_of_memory(const nn_classifier *c)
{
    static const char *const shapes =
        "^(fit|evaluate|predict|predict_proba|logits): "
        "(memory is out for (a network of [0-9]+ features|a batch of [0-9]+ rows|the order of [0-9]+ rows)"
        "|[a-z0-9_]+: memory is out|memory is out for a tensor \\[[0-9,]*\\] of (f32|f64|i32))$";
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

START_TEST(test_every_failed_allocation)
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

START_TEST(test_every_failed_allocation_of_a_later_fit)
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

/* Layers larger than memory: an error, nothing asked for that was not checked, and no network. */
START_TEST(test_enormous_layers)
{
    static const int64_t units[] = {INT64_C(1) << 40, INT64_C(1) << 61, INT64_MAX};
    memory.limit = 1 << 20;
    for (size_t i = 0; i < LENGTH(units); i++) {
        nn_classifier_options o = {.hidden_units = {5, units[i]}, .n_classes = CLASSES};
        nn_classifier *c = open_with(o);
        ad_status status = nn_classifier_fit(c, &train.data, NULL);
        ck_assert_msg(status == AD_NO_MEMORY || status == AD_BAD_SHAPE, "%s", ad_status_name(status));
        ck_assert_uint_eq(nn_classifier_parameter_count(c), 0);
        ck_assert_int_eq(nn_classifier_clear_error(c), status);
        ck_assert_int_eq(nn_classifier_evaluate(c, &train.data).status, AD_BAD_STATE);
        nn_classifier_close(c);
    }
}
END_TEST

/* ---- Failing fits ------------------------------------------------------------------------------------------------ */

/* An absurd rate makes the loss infinite or NaN: the fit ends as after its last good step. */
START_TEST(test_loss_not_finite)
{
    static diary d;
    nn_classifier_options o = small_net;
    o.optimiser = (nn_optimiser_options){.kind = (nn_optimiser_kind)_i, .rate = 1e25};
    nn_classifier *c = open_with(o);
    ck_assert_int_eq(fit_with_diary(c, &train, 10, 50, &d), AD_NOT_FINITE);
    ck_assert_int_ge(d.n, 1);
    ck_assert_int_lt(d.n, 50);
    char said[2][120];
    for (int is_nan = 0; is_nan < 2; is_nan++)
        snprintf(said[is_nan], sizeof said[0],
                 "fit: the loss is %s at step %lld: a smaller rate or scaled features may mend it",
                 is_nan ? "NaN" : "infinite", (long long)d.n + 1);
    ck_assert_msg(!strcmp(nn_classifier_message(c), said[0]) || !strcmp(nn_classifier_message(c), said[1]), "%s",
                  nn_classifier_message(c));
    /* So it ends each time: nothing moved. */
    for (int again = 0; again < 2; again++)
        ck_assert_int_eq(nn_classifier_fit(c, &train.data, &(nn_fit_options){.batch_size = 10}), AD_NOT_FINITE);
    ck_assert_int_eq(nn_classifier_clear_error(c), AD_NOT_FINITE);
    take_state(c, &wanted);
    nn_classifier_close(c);
    c = open_with(o);
    fit(c, &train, 10, d.n);
    close_as(c, &wanted, "a loss that is not finite");
}
END_TEST

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
START_TEST(test_failed_fit_between_fits)
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
        t->x[i] = (float)noise(7, i);
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
START_TEST(test_failed_first_fit_leaves_nothing)
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
START_TEST(test_first_fit_without_memory_leaves_nothing)
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

/* ---- Bad input --------------------------------------------------------------------------------------------------- */

/* The classifier must have failed so, with both words in a message that no other mistake had. The error is cleared. */
static void expect_refusal(nn_classifier *c, ad_status got, ad_status status, const char *word, const char *other)
{
    const char *message = nn_classifier_message(c);
    ck_assert_msg(got == status, "%s instead of %s: %s", ad_status_name(got), ad_status_name(status), message);
    ck_assert_int_eq(nn_classifier_status(c), status);
    ck_assert_msg(strstr(message, word) && strstr(message, other), "'%s' or '%s' is missing in: %s", word, other,
                  message);
    for (size_t i = 0; i < n_seen; i++)
        ck_assert_msg(strcmp(seen[i], message) != 0, "two mistakes have one message: %s", message);
    ck_assert_uint_lt(n_seen, LENGTH(seen));
    snprintf(seen[n_seen++], sizeof seen[0], "%s", message);
    ck_assert_int_eq(nn_classifier_clear_error(c), status);
    ck_assert_str_eq(nn_classifier_message(c), "");
}

static void expect_bad_options(nn_classifier_options o, const char *word, const char *other)
{
    int32_t labels[47];
    nn_classifier *c = open_with(o);
    ck_assert_int_eq(nn_classifier_status(c), AD_BAD_VALUE);
    const char *message = nn_classifier_message(c);
    ck_assert_msg(strstr(message, word) && strstr(message, other), "'%s' or '%s' is missing in: %s", word, other,
                  message);
    for (size_t i = 0; i < n_seen; i++)
        ck_assert_msg(strcmp(seen[i], message) != 0, "two mistakes have one message: %s", message);
    snprintf(seen[n_seen++], sizeof seen[0], "%s", message);
    /* A bad option cannot be mended: every later call returns it, cleared or not. */
    for (int again = 0; again < 2; again++) {
        ck_assert_int_eq(nn_classifier_fit(c, &train.data, NULL), AD_BAD_VALUE);
        ck_assert_int_eq(nn_classifier_predict(c, &train.data, labels), AD_BAD_VALUE);
        nn_evaluation e = nn_classifier_evaluate(c, &train.data);
        ck_assert(e.status == AD_BAD_VALUE && isnan(e.loss) && isnan(e.accuracy) && e.global_step == -1);
        ck_assert_uint_eq(nn_classifier_parameter_count(c), 0);
        ck_assert_ptr_nonnull(nn_classifier_settings(c));
        ck_assert_int_eq(nn_classifier_clear_error(c), AD_BAD_VALUE);
    }
    nn_classifier_close(c);
}

START_TEST(test_bad_options)
{
    const double nan = (double)NAN, inf = (double)INFINITY;
    expect_bad_options((nn_classifier_options){0}, "classifier: n_classes is 0: it must be 2 to 2147483647", "");
    expect_bad_options((nn_classifier_options){.n_classes = 1}, "n_classes is 1", "must be");
    expect_bad_options((nn_classifier_options){.n_classes = -5}, "n_classes is -5", "must be");
    expect_bad_options((nn_classifier_options){.n_classes = INT64_C(1) << 40}, "n_classes", "1099511627776");
    expect_bad_options((nn_classifier_options){.hidden_units = {-4}, .n_classes = 3}, "hidden_units[0]", "-4");
    expect_bad_options((nn_classifier_options){.hidden_units = {7, -6}, .n_classes = 3},
                       "classifier: hidden_units[1] is -6: it must be 1 or more, 0 ends the list", "");
    expect_bad_options((nn_classifier_options){.n_classes = 3, .activation = AD_ACTIVATION_COUNT},
                       "classifier: 7 is no activation: use AD_RELU or another of the list", "");
    expect_bad_options((nn_classifier_options){.n_classes = 3, .activation = (ad_activation)-1}, "-1", "activation");
    expect_bad_options((nn_classifier_options){.n_classes = 3, .scaling = NN_SCALE_COUNT},
                       "classifier: 4 is no scaling: use NN_SCALE_NONE or another of the list", "");
    expect_bad_options((nn_classifier_options){.n_classes = 3, .scaling = (nn_scaling_kind)-1}, "-1", "scaling");
    nn_classifier_options o = {.n_classes = 3, .scaling = NN_SCALE_CONSTANT, .scaling_constant = nan};
    expect_bad_options(o, "constant", "nan");
    o.scaling_constant = inf;
    expect_bad_options(o, "classifier: the scaling constant inf cannot be divided by", "");
    o = (nn_classifier_options){.n_classes = 3, .optimiser = {.kind = NN_OPTIMISER_COUNT}};
    expect_bad_options(o, "classifier: the optimiser's kind is none of the list: use NN_ADAGRAD or NN_GRADIENT_DESCENT",
                       "");
    o.optimiser = (nn_optimiser_options){.rate = -0.1};
    expect_bad_options(
        o, "classifier: the optimiser's rate must be a finite number above 0, in the parameters' type too", "");
    o.optimiser = (nn_optimiser_options){.initial_accumulator = -1};
    expect_bad_options(o, "optimiser", "accumulator");
}
END_TEST

/* The network computes in f32: an option that is 0 or infinite there is refused at once, and not met as a NaN, or as
 * features that are all 0, later. */
START_TEST(test_options_that_f32_does_not_hold)
{
    static const nn_classifier_options cases[] = {
        {.n_classes = CLASSES, .scaling = NN_SCALE_CONSTANT, .scaling_constant = 1e-40},
        {.n_classes = CLASSES, .scaling = NN_SCALE_CONSTANT, .scaling_constant = 1e60},
        {.n_classes = CLASSES, .optimiser = {.initial_accumulator = 1e-60}},
        {.n_classes = CLASSES, .optimiser = {.rate = 1e200}},
    };
    static const char *const words[] = {"constant", "constant", "accumulator", "rate"};
    expect_bad_options(cases[_i], words[_i], "");
}
END_TEST

START_TEST(test_more_bad_options)
{
    const double bad[] = {(double)NAN, (double)INFINITY, -(double)INFINITY, -1e-300};
    for (size_t i = 0; i < LENGTH(bad); i++) {
        n_seen = 0;
        expect_bad_options((nn_classifier_options){.n_classes = 3, .optimiser = {.rate = bad[i]}}, "rate", "");
        expect_bad_options((nn_classifier_options){.n_classes = 3, .optimiser = {.initial_accumulator = bad[i]}},
                           "accumulator", "");
    }
    nn_classifier *c = nn_classifier_open(NULL);
    ck_assert_ptr_nonnull(c);
    ck_assert_int_eq(nn_classifier_status(c), AD_BAD_VALUE);
    ck_assert_ptr_nonnull(strstr(nn_classifier_message(c), "n_classes"));
    nn_classifier_close(c);
}
END_TEST

/* What every function says of bad features. */
typedef ad_status taker(nn_classifier *c, const nn_data *data);

static ad_status take_fit(nn_classifier *c, const nn_data *data) { return nn_classifier_fit(c, data, NULL); }

static ad_status take_evaluate(nn_classifier *c, const nn_data *data)
{
    nn_evaluation e = nn_classifier_evaluate(c, data);
    ck_assert(e.status == AD_OK || (isnan(e.accuracy) && isnan(e.loss) && e.global_step == -1));
    return e.status;
}

static ad_status take_predict(nn_classifier *c, const nn_data *data)
{
    static int32_t labels[MAX_ROWS];
    return nn_classifier_predict(c, data, labels);
}

static ad_status take_proba(nn_classifier *c, const nn_data *data)
{
    static float numbers[MAX_ROWS * CLASSES];
    return nn_classifier_predict_proba(c, data, numbers);
}

static ad_status take_logits(nn_classifier *c, const nn_data *data)
{
    static float numbers[MAX_ROWS * CLASSES];
    return nn_classifier_logits(c, data, numbers);
}

static const struct {
    const char *name;
    taker *take;
    bool needs_labels;
} takers[] = {{"fit", take_fit, true},
              {"evaluate", take_evaluate, true},
              {"predict", take_predict, false},
              {"predict_proba", take_proba, false},
              {"logits", take_logits, false}};

static void expect_bad_sizes(nn_classifier *c, int who)
{
    const char *name = takers[who].name;
    nn_data d = train.data;
    expect_refusal(c, takers[who].take(c, NULL), AD_BAD_VALUE, name, ": the data are NULL; give a view of features");
    d.features = NULL;
    expect_refusal(c, takers[who].take(c, &d), AD_BAD_VALUE, name, "features are NULL");
    d = train.data;
    d.rows = 0;
    expect_refusal(c, takers[who].take(c, &d), AD_BAD_SHAPE, name, "no rows");
    d.rows = -3;
    expect_refusal(c, takers[who].take(c, &d), AD_BAD_SHAPE, name, "-3");
    d.rows = INT64_C(1) << 33;
    expect_refusal(c, takers[who].take(c, &d), AD_BAD_SHAPE, name, "8589934592");
    d.rows = INT32_MAX;
    d.columns = INT64_MAX;
    expect_refusal(c, takers[who].take(c, &d), AD_BAD_SHAPE, name, "overflow");
    d = train.data;
    d.columns = 0;
    expect_refusal(c, takers[who].take(c, &d), AD_BAD_SHAPE, name, "[47,0]");
    d.columns = -7;
    expect_refusal(c, takers[who].take(c, &d), AD_BAD_SHAPE, name, "-7");
    d = train.data;
    d.element = NN_ELEMENT_COUNT;
    expect_refusal(c, takers[who].take(c, &d), AD_BAD_TYPE, name, "element 6");
    d.element = (nn_element)-1;
    expect_refusal(c, takers[who].take(c, &d), AD_BAD_TYPE, name, "element -1");
}

static void expect_bad_features(nn_classifier *c, int who)
{
    const char *name = takers[who].name;
    static double wide[47 * COLUMNS];
    nn_data d = train.data;
    const float was = train.x[5 * COLUMNS + 2];
    train.x[5 * COLUMNS + 2] = NAN;
    expect_refusal(c, takers[who].take(c, &d), AD_NOT_FINITE, name,
                   ": row 5, column 2: the feature is NaN; replace it or drop the row");
    train.x[5 * COLUMNS + 2] = INFINITY;
    expect_refusal(c, takers[who].take(c, &d), AD_NOT_FINITE, name, "row 5, column 2: the feature is infinite");
    train.x[5 * COLUMNS + 2] = was;
    train.x[47 * COLUMNS - 1] = -INFINITY;
    expect_refusal(c, takers[who].take(c, &d), AD_NOT_FINITE, name, "row 46, column 3: the feature is infinite");
    train.x[47 * COLUMNS - 1] = 0;
    d.element = NN_F64;
    d.features = wide;
    wide[0] = (double)NAN;
    expect_refusal(c, takers[who].take(c, &d), AD_NOT_FINITE, name, "row 0, column 0: the feature is NaN");
    wide[0] = 0;
    wide[4] = 1e300;
    expect_refusal(c, takers[who].take(c, &d), AD_BAD_VALUE, name, "row 1, column 0: 1e+300");
    wide[4] = 0;
}

static void expect_bad_labels(nn_classifier *c, int who)
{
    const char *name = takers[who].name;
    nn_data d = train.data;
    d.labels = NULL;
    if (!takers[who].needs_labels) {
        ck_assert_int_eq(takers[who].take(c, &d), AD_OK);
        train.labels[3] = 99;
        ck_assert_int_eq(takers[who].take(c, &train.data), AD_OK);
        return;
    }
    expect_refusal(c, takers[who].take(c, &d), AD_BAD_VALUE, name, "labels are NULL");
    static const int32_t bad[] = {-1, CLASSES, INT32_MAX, INT32_MIN};
    for (int i = 0; i < (int)LENGTH(bad); i++) {
        char row[16], label[32];
        snprintf(row, sizeof row, "row %d:", 11 * (i + 1));
        snprintf(label, sizeof label, "label %ld is", (long)bad[i]);
        const int32_t was = train.labels[11 * (i + 1)];
        train.labels[11 * (i + 1)] = bad[i];
        expect_refusal(c, takers[who].take(c, &train.data), AD_BAD_VALUE, row, label);
        train.labels[11 * (i + 1)] = was;
    }
}

START_TEST(test_bad_data)
{
    nn_classifier *c = open_small();
    nn_classifier_fit(c, &train.data, &(nn_fit_options){.batch_size = 10, .steps = 2});
    nn_data narrow = train.data;
    narrow.columns = 3;
    expect_refusal(c, takers[_i].take(c, &narrow), AD_BAD_SHAPE, takers[_i].name,
                   ": the data have 3 columns, the classifier was fitted to 4");
    expect_bad_sizes(c, _i);
    fill_clouds(&train, 47, 1);
    expect_bad_features(c, _i);
    fill_clouds(&train, 47, 1);
    expect_bad_labels(c, _i);
    fill_clouds(&train, 47, 1);
    state_after(&wanted, &train, 10, 2);
    close_as(c, &wanted, "after bad data");
}
END_TEST

START_TEST(test_bad_data_before_the_first_fit)
{
    nn_classifier *c = open_small();
    expect_bad_sizes(c, 0);
    expect_bad_features(c, 0);
    fill_clouds(&train, 47, 1);
    expect_bad_labels(c, 0);
    expect_refusal(c, nn_classifier_fit(c, &train.data, &(nn_fit_options){.batch_size = -1}), AD_BAD_VALUE,
                   "fit: batch_size is -1: it must be 1 or more, or 0 for 32", "");
    expect_refusal(c, nn_classifier_fit(c, &train.data, &(nn_fit_options){.steps = -9}), AD_BAD_VALUE,
                   "fit: steps is -9: it must be 1 or more, or 0 for one epoch", "");
    for (int who = 1; who < (int)LENGTH(takers); who++)
        expect_refusal(c, takers[who].take(c, &train.data), AD_BAD_STATE, takers[who].name,
                       ": the classifier was not fitted yet");
    ck_assert_uint_eq(nn_classifier_parameter_count(c), 0);
    fit(c, &train, 10, 2);
    state_after(&wanted, &train, 10, 2);
    close_as(c, &wanted, "after bad data");
}
END_TEST

START_TEST(test_bad_fit_options)
{
    nn_classifier *c = open_small();
    fit(c, &train, 10, 2);
    nn_fit_options o = {.batch_size = -50};
    expect_refusal(c, nn_classifier_fit(c, &train.data, &o), AD_BAD_VALUE, "batch_size", "-50");
    o = (nn_fit_options){.batch_size = INT64_MIN};
    expect_refusal(c, nn_classifier_fit(c, &train.data, &o), AD_BAD_VALUE, "batch_size", "-9223372036854775808");
    o = (nn_fit_options){.steps = -1};
    expect_refusal(c, nn_classifier_fit(c, &train.data, &o), AD_BAD_VALUE, "steps", "-1");
    /* Two steps are done: so many more cannot be counted. */
    o = (nn_fit_options){.steps = INT64_MAX};
    expect_refusal(c, nn_classifier_fit(c, &train.data, &o), AD_BAD_VALUE,
                   "fit: steps is 9223372036854775807: after 2 steps that is more than can be counted", "");
    expect_refusal(c, nn_classifier_predict(c, &train.data, NULL), AD_BAD_VALUE,
                   "predict: the array for the results is NULL", "");
    expect_refusal(c, nn_classifier_predict_proba(c, &train.data, NULL), AD_BAD_VALUE, "predict_proba:", "NULL");
    expect_refusal(c, nn_classifier_logits(c, &train.data, NULL), AD_BAD_VALUE, "logits:", "NULL");
    state_after(&wanted, &train, 10, 2);
    close_as(c, &wanted, "after bad options");
}
END_TEST

START_TEST(test_no_classifier)
{
    int32_t label;
    float number;
    ck_assert_int_eq(nn_classifier_fit(NULL, &train.data, NULL), AD_BAD_HANDLE);
    ck_assert_int_eq(nn_classifier_predict(NULL, &train.data, &label), AD_BAD_HANDLE);
    ck_assert_int_eq(nn_classifier_predict_proba(NULL, &train.data, &number), AD_BAD_HANDLE);
    ck_assert_int_eq(nn_classifier_logits(NULL, &train.data, &number), AD_BAD_HANDLE);
    nn_evaluation e = nn_classifier_evaluate(NULL, &train.data);
    ck_assert(e.status == AD_BAD_HANDLE && isnan(e.accuracy) && isnan(e.loss) && e.global_step == -1);
    ck_assert_int_eq(nn_classifier_status(NULL), AD_BAD_HANDLE);
    ck_assert_ptr_nonnull(strstr(nn_classifier_message(NULL), "NULL"));
    ck_assert_int_eq(nn_classifier_clear_error(NULL), AD_BAD_HANDLE);
    ck_assert_str_eq(nn_classifier_settings(NULL), "");
    ck_assert_uint_eq(nn_classifier_parameter_count(NULL), 0);
    ck_assert(ad_is_inert(nn_classifier_parameter(NULL, 0)));
    ck_assert_uint_eq(nn_classifier_usage(NULL).bytes, 0);
    nn_classifier_close(NULL);
}
END_TEST

/* The first error stays until it is cleared, though later calls work and fail as if there were none. */
START_TEST(test_first_error_is_kept)
{
    nn_classifier *c = open_small();
    ck_assert_int_eq(nn_classifier_status(c), AD_OK);
    ck_assert_str_eq(nn_classifier_message(c), "");
    ck_assert_int_eq(nn_classifier_clear_error(c), AD_OK);
    ck_assert_int_eq(nn_classifier_fit(c, &train.data, &(nn_fit_options){.batch_size = -1}), AD_BAD_VALUE);
    char first[640];
    snprintf(first, sizeof first, "%s", nn_classifier_message(c));
    ck_assert_ptr_nonnull(strstr(first, "batch_size"));
    ck_assert_int_eq(take_predict(c, &train.data), AD_BAD_STATE);
    fit(c, &train, 10, 3);
    ck_assert_int_eq(take_predict(c, &train.data), AD_OK);
    nn_evaluation e = nn_classifier_evaluate(c, &train.data);
    ck_assert(e.status == AD_OK && e.global_step == 3 && isfinite(e.loss));
    nn_data empty = {.features = train.x, .columns = COLUMNS};
    ck_assert_int_eq(take_logits(c, &empty), AD_BAD_SHAPE);
    ck_assert_int_eq(nn_classifier_status(c), AD_BAD_VALUE);
    ck_assert_str_eq(nn_classifier_message(c), first);
    ck_assert_int_eq(nn_classifier_clear_error(c), AD_BAD_VALUE);
    ck_assert_int_eq(nn_classifier_status(c), AD_OK);
    expect_refusal(c, take_logits(c, &empty), AD_BAD_SHAPE, "logits", "no rows");
    nn_classifier_close(c);
}
END_TEST

/* ---- All --------------------------------------------------------------------------------------------------------- */

static TCase *add_case(Suite *suite, const char *name)
{
    TCase *tests = tcase_create(name);
    tcase_add_checked_fixture(tests, open_all, close_all);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    return tests;
}

static void add_training(TCase *tests)
{
    tcase_add_loop_test(tests, test_learns, 0, (int)LENGTH(learning));
    tcase_add_test(tests, test_hidden_layers_are_needed);
    tcase_add_test(tests, test_seeds);
    tcase_add_test(tests, test_first_weights);
    tcase_add_loop_test(tests, test_fit_continues, 0, (int)LENGTH(portions));
    tcase_add_test(tests, test_fit_continues_with_gradient_descent);
    tcase_add_test(tests, test_questions_between_fits);
    tcase_add_test(tests, test_callback_sees_every_step);
    tcase_add_test(tests, test_callback_stops);
    tcase_add_test(tests, test_questions_within_a_callback);
    tcase_add_test(tests, test_fit_within_a_callback_is_refused);
    tcase_add_test(tests, test_fit_after_stopped_and_failed_fits);
    tcase_add_loop_test(tests, test_each_epoch_takes_every_row_once, 1, ORDERED_ROWS + 1);
    tcase_add_test(tests, test_fit_defaults);
    tcase_add_test(tests, test_batch_larger_than_the_data);
    tcase_add_test(tests, test_classifier_defaults);
}

static void add_figures(TCase *tests)
{
    tcase_add_loop_test(tests, test_logits_against_plain_loops, 0, AD_ACTIVATION_COUNT * NN_SCALE_COUNT);
    tcase_add_loop_test(tests, test_predictions_agree, 0, (int)LENGTH(row_counts));
    tcase_add_loop_test(tests, test_evaluation_against_plain_loops, 0, (int)LENGTH(row_counts));
    tcase_add_test(tests, test_ties_take_the_first_class);
    tcase_add_loop_test(tests, test_element_types_train_alike, 0, NN_SCALE_COUNT);
    tcase_add_test(tests, test_parameters);
    tcase_add_test(tests, test_most_hidden_layers);
    tcase_add_test(tests, test_settings);
    tcase_add_test(tests, test_options_are_copied);
    tcase_add_test(tests, test_usage);
}

static void add_failures(TCase *tests)
{
    tcase_add_loop_test(tests, test_training_allocates_nothing, 0, AD_ACTIVATION_COUNT * NN_OPTIMISER_COUNT);
    tcase_add_loop_test(tests, test_every_failed_allocation, 0, 2);
    tcase_add_loop_test(tests, test_every_failed_allocation_of_a_later_fit, 0, 2);
    tcase_add_test(tests, test_enormous_layers);
    tcase_add_loop_test(tests, test_loss_not_finite, 0, NN_OPTIMISER_COUNT);
    tcase_add_loop_test(tests, test_failed_fit_between_fits, 0, 3);
    tcase_add_loop_test(tests, test_failed_first_fit_leaves_nothing, 0, 2);
    tcase_add_loop_test(tests, test_first_fit_without_memory_leaves_nothing, 0, NN_SCALE_COUNT);
    tcase_add_test(tests, test_bad_options);
    tcase_add_loop_test(tests, test_options_that_f32_does_not_hold, 0, 4);
    tcase_add_test(tests, test_more_bad_options);
    tcase_add_loop_test(tests, test_bad_data, 0, (int)LENGTH(takers));
    tcase_add_test(tests, test_bad_data_before_the_first_fit);
    tcase_add_test(tests, test_bad_fit_options);
    tcase_add_test(tests, test_no_classifier);
    tcase_add_test(tests, test_first_error_is_kept);
}

int main(void)
{
    Suite *suite = suite_create("classifier");
    add_training(add_case(suite, "training"));
    add_figures(add_case(suite, "figures"));
    add_failures(add_case(suite, "failures"));
    return run_suites(srunner_create(suite));
}
