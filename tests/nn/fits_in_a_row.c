/* What one fit leaves to the next: weights, slots, patience, the place among the rows. */
#include <math.h>
#include <string.h>

#include "../support/check.h"
#include "../support/classifiers.h"

enum { BATCH = 10, EPOCH = 5, ROWS = 47 };

/* Labels that nothing explains: a network soon learns them by heart, and its loss on others rises. */
static void open_noise(void)
{
    open_clouds();
    for (int64_t i = 0; i < train.data.rows; i++)
        train.labels[i] = (int32_t)(fabs(cloud_noise(77, i)) * 2.999);
    for (int64_t i = 0; i < test.data.rows; i++)
        test.labels[i] = (int32_t)(fabs(cloud_noise(78, i)) * 2.999);
}

static nn_classifier_options noisy(const nn_optimiser *rule, double rate)
{
    nn_classifier_options o = small_net;
    o.hidden_units[0] = 16;
    o.optimiser = (nn_optimiser_options){.rule = rule, .rate = rate};
    return o;
}

static ad_status fit_by(nn_classifier *c, nn_fit_options o)
{
    o.batch_size = o.batch_size ? o.batch_size : BATCH;
    return nn_classifier_fit(c, &train.data, &o);
}

static int64_t step_of(const nn_classifier *c) { return nn_classifier_evaluate(c, &test.data).global_step; }

static bool is_part(nn_classifier *c, ad_tensor x)
{
    bool found = false;
    for (size_t i = 0; i < nn_classifier_parameter_count(c); i++)
        found |= ad_data(nn_classifier_parameter(c, i)) == ad_data(x);
    return found;
}

/* Parameters and states (or the slots) of both are the same bits. */
static bool have_same(nn_classifier *a, nn_classifier *b, bool slots)
{
    const ad_tape *of_a = nn_classifier_parameter(a, 0).tape, *of_b = nn_classifier_parameter(b, 0).tape;
    bool same = ad_kept_count(of_a) == ad_kept_count(of_b);
    size_t n = 0;
    for (size_t i = 0; same && i < ad_kept_count(of_a); i++) {
        const ad_tensor x = ad_kept_at((ad_tape *)of_a, i), y = ad_kept_at((ad_tape *)of_b, i);
        if (is_part(a, x) == slots)
            continue;
        n++;
        same = !memcmp(ad_data(x), ad_data(y), ad_size_of(x) * ad_type_bytes(ad_type_of(x)));
    }
    ck_assert_uint_gt(n, 0);
    return same;
}

static double difference(nn_classifier *a, nn_classifier *b)
{
    double most = 0;
    for (size_t i = 0; i < nn_classifier_parameter_count(a); i++) {
        const ad_tensor x = nn_classifier_parameter(a, i), y = nn_classifier_parameter(b, i);
        for (size_t j = 0; j < ad_size_of(x); j++)
            most = fmax(most, fabs((double)ad_f32(x)[j] - (double)ad_f32(y)[j]));
    }
    return most;
}

/* ---- A head that looks on ---------------------------------------------------------------------------------------- */

/* The loss of a head that notes the labels in the order in which they come, and counts them. */
static int32_t labels_seen[MAX_ROWS];
static size_t rows_seen;

static ad_tensor note_labels(ad_tensor z, ad_tensor y, const nn_head_options *options)
{
    rows_seen += ad_size_of(y);
    memcpy(labels_seen, ad_i32(y), ad_size_of(y) * sizeof(int32_t));
    return nn_head_softmax.loss(z, y, options);
}

static nn_head noting_head(void)
{
    nn_head head = nn_head_softmax;
    head.name = "noting";
    head.loss = note_labels;
    return head;
}

/* ---- After the end by patience ----------------------------------------------------------------------------------- */

/* A step over all rows, whose order does not matter, beyond rounding. */
static double step_over_all(nn_classifier *c, nn_fit_options o)
{
    static diary d;
    d.n = 0;
    o.batch_size = ROWS;
    o.steps = 1;
    o.callback = keep_diary;
    o.context = &d;
    ck_assert_int_eq(fit_by(c, o), AD_OK);
    ck_assert_int_eq(d.n, 1);
    return d.seen[0].loss;
}

/* The next fit begins from the best weights: its first loss is theirs, and so is its first step. */
START_TEST(after_its_end_it_learns_from_the_best)
{
    const bool waits = _i;
    const nn_classifier_options o = noisy(&nn_gradient_descent, 0.5);
    nn_classifier *c = open_with(o), *best = open_with(o), *last = open_with(o);
    ck_assert_int_eq(fit_by(c, (nn_fit_options){.steps = 3000, .validation = &test.data, .patience = 40}), AD_OK);
    const nn_history *h = nn_classifier_history(c);
    ck_assert_int_eq(nn_history_end(h), NN_END_PATIENCE);
    const int64_t end = step_of(c), best_step = nn_history_best(h).step;
    ck_assert_int_eq(end, best_step + 40 * EPOCH);
    fit(best, &train, BATCH, best_step);
    fit(last, &train, BATCH, end);
    nn_fit_options next = {0};
    if (waits)
        next = (nn_fit_options){.validation = &test.data, .patience = 40, .validate_every = 10000};
    const double loss = step_over_all(c, next), from_best = step_over_all(best, (nn_fit_options){0}),
                 from_last = step_over_all(last, (nn_fit_options){0});
    ck_assert_msg(fabs(loss - from_best) < 1e-6 && fabs(loss - from_last) > 1e-2, "loss %g: %g from the best, %g", loss,
                  from_best, from_last);
    ck_assert_int_eq(step_of(c), end + 1);
    if (!waits)
        ck_assert_msg(difference(c, best) < 1e-6, "it differs by %g", difference(c, best));
    nn_classifier_close(last);
    nn_classifier_close(best);
    nn_classifier_close(c);
}
END_TEST

/* The weights are the best; slots and steps are those of the training. */
START_TEST(slots_are_those_of_the_training)
{
    const nn_classifier_options o = noisy(&nn_adam, 0.01);
    nn_classifier *c = open_with(o), *best = open_with(o), *last = open_with(o);
    ck_assert_int_eq(fit_by(c, (nn_fit_options){.steps = 400, .validation = &test.data, .patience = 4}), AD_OK);
    fit(best, &train, BATCH, nn_history_best(nn_classifier_history(c)).step);
    fit(last, &train, BATCH, step_of(c));
    ck_assert(have_same(c, best, false) && !have_same(c, last, false));
    ck_assert(have_same(c, last, true) && !have_same(c, best, true));
    nn_classifier_close(last);
    nn_classifier_close(best);
    nn_classifier_close(c);
}
END_TEST

/* After a fit that was not at its end, the last weights go on, and those that are shown do not come back. */
START_TEST(shown_weights_do_not_come_back)
{
    const nn_classifier_options o = noisy(&nn_adam, 0.01);
    nn_classifier *c = open_with(o), *plain = open_with(o);
    ck_assert_int_eq(fit_by(c, (nn_fit_options){.steps = 200, .validation = &test.data, .patience = 1000}), AD_OK);
    ck_assert_int_lt(nn_history_best(nn_classifier_history(c)).step, 200);
    ck_assert_int_eq(nn_history_end(nn_classifier_history(c)), NN_END_STEPS);
    for (int fits = 0; fits < 3; fits++)
        ck_assert_int_eq(fit_by(c, (nn_fit_options){.steps = 7}), AD_OK);
    fit(plain, &train, BATCH, 221);
    take_state(plain, &wanted);
    nn_classifier_close(plain);
    close_as(c, &wanted, "fits after one that showed its best weights");
}
END_TEST

/* ---- Patience ---------------------------------------------------------------------------------------------------- */

/* A fit with one validation for each step, of which only the first of all is good enough. */
static nn_validation validate(nn_classifier *c, int64_t steps, int64_t patience)
{
    static diary d;
    d.n = 0;
    ck_assert_int_eq(fit_by(c, (nn_fit_options){.steps = steps,
                                                .validation = &test.data,
                                                .validate_every = 1,
                                                .patience = patience,
                                                .least_improvement = 1e9,
                                                .callback = keep_diary,
                                                .context = &d}),
                     AD_OK);
    return d.seen[d.n - 1].validation;
}

/* Validations without patience are waited for, but use none of it up. */
START_TEST(a_fit_without_patience_uses_none)
{
    nn_classifier *c = open_small();
    ck_assert_int_eq(validate(c, 2, 3).waited, 1);
    ck_assert_int_eq(validate(c, 5, 0).waited, 6);
    ck_assert_int_eq(nn_history_end(nn_classifier_history(c)), NN_END_STEPS);
    const nn_validation last = validate(c, 10, 3);
    ck_assert_int_eq(last.waited, 8);
    ck_assert_int_eq(last.step, 9);
    ck_assert_int_eq(nn_history_end(nn_classifier_history(c)), NN_END_PATIENCE);
    ck_assert_int_eq(nn_history_best(nn_classifier_history(c)).step, 1);
    /* with new patience */
    ck_assert_int_eq(validate(c, 10, 4).step, 13);
    nn_classifier_close(c);
}
END_TEST

/* A fit without validation tells nothing of it: the best, and the patience that is used, stay. */
START_TEST(a_fit_without_validation_leaves_the_best)
{
    nn_classifier *c = open_small();
    ck_assert_int_eq(validate(c, 2, 3).waited, 1);
    ck_assert_int_eq(fit_by(c, (nn_fit_options){.steps = 4}), AD_OK);
    const nn_validation last = validate(c, 10, 3);
    ck_assert_int_eq(last.waited, 3);
    ck_assert_int_eq(last.step, 8);
    ck_assert_int_eq(nn_history_best(nn_classifier_history(c)).step, 1);
    nn_classifier_close(c);
}
END_TEST

/* The best of fits without patience has no weights, so that a fit with patience looks anew. */
START_TEST(patience_after_none_looks_anew)
{
    nn_classifier *c = open_small();
    ck_assert_int_eq(validate(c, 6, 0).waited, 5);
    const nn_validation last = validate(c, 10, 2);
    ck_assert_int_eq(last.step, 9);
    ck_assert_int_eq(last.waited, 2);
    ck_assert_int_eq(nn_history_best(nn_classifier_history(c)).step, 7);
    nn_classifier_close(c);
}
END_TEST

/* Best weights are put in place without memory, also after a step that was watched. */
static bool note_calls(const nn_progress *progress, void *context)
{
    (void)progress;
    *(size_t *)context = memory.calls;
    return true;
}

START_TEST(best_weights_come_without_memory)
{
    nn_classifier *c = open_small();
    for (int fits = 0; fits < 3; fits++) {
        size_t calls = 0;
        ck_assert_int_eq(fit_by(c, (nn_fit_options){.steps = 5,
                                                    .validation = &test.data,
                                                    .patience = 9,
                                                    .watch_every = 1,
                                                    .callback = note_calls,
                                                    .context = &calls}),
                         AD_OK);
        ck_assert_uint_eq(memory.calls, calls);
        const size_t bytes = nn_classifier_usage(c).bytes;
        nn_classifier_evaluate(c, &test.data);
        ck_assert_uint_eq(nn_classifier_usage(c).bytes, bytes);
    }
    nn_classifier_close(c);
}
END_TEST

/* A callback that, at the last step, watches the tape, or makes an error on it by a wrong read. */
static size_t calls_before;

static bool watch_tape(const nn_progress *progress, void *context)
{
    if (progress->is_last)
        ad_watch(nn_classifier_parameter(context, 0).tape, AD_ON);
    calls_before = memory.calls;
    return true;
}

static bool read_wrongly(const nn_progress *progress, void *context)
{
    if (progress->is_last)
        ad_item(nn_classifier_parameter(context, 0));
    return true;
}

START_TEST(a_callback_does_not_keep_the_best_from_coming)
{
    nn_classifier *c = open_with(noisy(&nn_adam, 0.01)), *best = open_with(noisy(&nn_adam, 0.01));
    nn_fit_options o = {.steps = 200, .validation = &test.data, .patience = 1000};
    o.callback = _i ? read_wrongly : watch_tape;
    o.context = c;
    ck_assert_int_eq(fit_by(c, o), AD_OK);
    if (!_i)
        ck_assert_uint_eq(memory.calls, calls_before); /* nothing of the change is kept for a look */
    if (_i) {
        ck_assert_int_ne(nn_classifier_status(c), AD_OK);
        nn_classifier_clear_error(c);
    }
    fit(best, &train, BATCH, nn_history_best(nn_classifier_history(c)).step);
    ck_assert(have_same(c, best, false));
    nn_classifier_close(best);
    nn_classifier_close(c);
}
END_TEST

/* ---- batch_norm -------------------------------------------------------------------------------------------------- */

static const nn_layer normed[] = {NN_DENSE(.units = 8), NN_BATCH_NORM(.momentum = 0.2), NN_DROPOUT(0.2)};

static nn_classifier *open_normed(const nn_optimiser *rule)
{
    return open_with((nn_classifier_options){
        .layers = {normed, COUNT(normed)}, .n_classes = CLASSES, .seed = 5, .optimiser = {.rule = rule, .rate = 0.02}});
}

/* A row that is left alone joins the batch before: an epoch has one batch less, its row of the history comes there,
 * and each row is learnt. */
START_TEST(a_last_row_joins_the_batch_before)
{
    static const struct {
        int64_t rows, batch, steps;
    } cases[] = {{41, 10, 4}, {42, 10, 5}, {40, 10, 4}, {11, 10, 1}, {5, 10, 1}, {3, 2, 1}};
    const nn_head head = noting_head();
    for (size_t i = 0; i < COUNT(cases); i++) {
        nn_classifier *c =
            open_with((nn_classifier_options){.layers = {normed, COUNT(normed)}, .n_classes = CLASSES, .head = &head});
        rows_seen = 0;
        train.data.rows = cases[i].rows;
        ck_assert_int_eq(fit_by(c, (nn_fit_options){.batch_size = cases[i].batch, .epochs = 2}), AD_OK);
        const nn_history *h = nn_classifier_history(c);
        ck_assert_uint_eq(rows_seen, 2 * (size_t)cases[i].rows);
        ck_assert_int_eq(step_of(c), 2 * cases[i].steps);
        ck_assert_uint_eq(nn_history_count(h), 2);
        for (size_t epoch = 0; epoch < 2; epoch++) {
            ck_assert_int_eq(nn_history_at(h, epoch)->step, ((int64_t)epoch + 1) * cases[i].steps);
            ck_assert_int_eq(nn_history_at(h, epoch)->epoch, (int64_t)epoch);
        }
        nn_classifier_close(c);
    }
}
END_TEST

/* States are kept with the best weights, put back with them, and go on with the last ones. */
START_TEST(states_are_kept_with_the_weights)
{
    const nn_fit_options o = {.to_step = 200, .validation = &test.data, .patience = 1000};
    nn_classifier *c = open_normed(&nn_adam), *best = open_normed(&nn_adam), *last = open_normed(&nn_adam);
    ck_assert_int_eq(fit_by(c, o), AD_OK);
    const int64_t best_step = nn_history_best(nn_classifier_history(c)).step;
    ck_assert_int_lt(best_step, 200);
    fit(best, &train, BATCH, best_step);
    fit(last, &train, BATCH, 200);
    ck_assert(have_same(c, best, false) && !have_same(c, last, false));
    ck_assert(nn_classifier_evaluate(c, &test.data).loss == nn_history_best(nn_classifier_history(c)).validation_loss);
    ck_assert_int_eq(fit_by(c, (nn_fit_options){.steps = 3}), AD_OK);
    fit(last, &train, BATCH, 3);
    ck_assert(have_same(c, last, false) && have_same(c, last, true));
    nn_classifier_close(last);
    nn_classifier_close(best);
    nn_classifier_close(c);
}
END_TEST

/* ---- L-BFGS ------------------------------------------------------------------------------------------------------ */

static nn_classifier *open_search(void)
{
    nn_classifier_options o = {.n_classes = CLASSES, .optimiser = {.rule = &nn_lbfgs}};
    return open_with(o);
}

static ad_status fit_all(nn_classifier *c, nn_fit_options o) { return nn_classifier_fit(c, &test.data, &o); }

/* All rows come in the same order, so that no loss is above the one before it, not even by rounding, until no lower one
 * is found. Another fit then changes nothing. */
START_TEST(a_search_falls_to_its_minimum)
{
    static diary d;
    d.n = 0;
    nn_classifier *c = open_search();
    ck_assert_int_eq(fit_all(c, (nn_fit_options){.steps = 250, .callback = keep_diary, .context = &d}), AD_OK);
    const nn_history *h = nn_classifier_history(c);
    ck_assert_int_eq(nn_history_end(h), NN_END_MINIMUM);
    ck_assert_int_gt(d.n, 5);
    ck_assert_int_lt(d.n, 250);
    for (int64_t i = 1; i < d.n; i++)
        ck_assert_msg(d.seen[i].loss <= d.seen[i - 1].loss, "step %lld: %.17g after %.17g", (long long)i + 1,
                      d.seen[i].loss, d.seen[i - 1].loss);
    ck_assert(d.seen[d.n - 1].is_last && !d.seen[d.n - 2].is_last);
    take_state(c, &wanted);
    ck_assert_int_eq(wanted.step, d.n);
    ck_assert_int_eq(fit_all(c, (nn_fit_options){.steps = 20}), AD_OK);
    ck_assert_int_eq(nn_history_end(h), NN_END_MINIMUM);
    take_state(c, &other_state);
    ck_assert_int_eq(other_state.step, d.n + 1);
    other_state.step = wanted.step;
    ck_assert(same_state(&other_state, &wanted));
    nn_classifier_close(c);
}
END_TEST

static bool compare_labels(const nn_progress *progress, void *context)
{
    int32_t *first = context;
    if (progress->step == 1)
        memcpy(first, labels_seen, sizeof labels_seen);
    ck_assert_mem_eq(labels_seen, first, sizeof labels_seen);
    return true;
}

/* The rows come in one order, in all steps of all fits. */
START_TEST(a_search_has_one_order_of_rows)
{
    static int32_t first[MAX_ROWS];
    const nn_head head = noting_head();
    nn_classifier *c = open_with(
        (nn_classifier_options){.n_classes = CLASSES, .head = &head, .optimiser = {.rule = &nn_lbfgs}, .seed = 8});
    const nn_fit_options o = {.steps = 4, .callback = compare_labels, .context = first};
    ck_assert_int_eq(fit_all(c, o), AD_OK);
    ck_assert_int_eq(fit_all(c, o), AD_OK);
    ck_assert_mem_ne(first, test.labels, (size_t)test.data.rows * sizeof *first); /* it is a random one */
    nn_classifier_close(c);
}
END_TEST

START_TEST(a_search_goes_on)
{
    nn_classifier *c = open_search();
    ck_assert_int_eq(fit_all(c, (nn_fit_options){.steps = 14}), AD_OK);
    take_state(c, &wanted);
    nn_classifier_close(c);
    for (int64_t first = 1; first < 14; first += 3) {
        c = open_search();
        ck_assert_int_eq(fit_all(c, (nn_fit_options){.steps = first}), AD_OK);
        ck_assert_int_eq(fit_all(c, (nn_fit_options){.to_step = 14}), AD_OK);
        close_as(c, &wanted, "a search in two parts");
    }
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, open_noise, close_clouds);
    tcase_add_loop_test(tests, after_its_end_it_learns_from_the_best, 0, 2);
    tcase_add_test(tests, slots_are_those_of_the_training);
    tcase_add_test(tests, shown_weights_do_not_come_back);
    tcase_add_test(tests, a_fit_without_patience_uses_none);
    tcase_add_test(tests, a_fit_without_validation_leaves_the_best);
    tcase_add_test(tests, patience_after_none_looks_anew);
    tcase_add_test(tests, best_weights_come_without_memory);
    tcase_add_loop_test(tests, a_callback_does_not_keep_the_best_from_coming, 0, 2);
    tcase_add_test(tests, a_last_row_joins_the_batch_before);
    tcase_add_test(tests, states_are_kept_with_the_weights);
    tcase_add_test(tests, a_search_falls_to_its_minimum);
    tcase_add_test(tests, a_search_has_one_order_of_rows);
    tcase_add_test(tests, a_search_goes_on);
}

int main(void) { return run_tests("fits_in_a_row", add_tests); }
