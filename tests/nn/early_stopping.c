/* Early stopping: when a fit ends, which weights it leaves, and how the next one goes on. */
#include <math.h>
#include <string.h>

#include "../support/check.h"
#include "../support/classifiers.h"

enum { BATCH = 10, EPOCH = 5, MOST = 400 };

/* Labels that nothing explains: a network soon learns them by heart, and its loss on others rises. */
static void open_noise(void)
{
    open_clouds();
    for (int64_t i = 0; i < train.data.rows; i++)
        train.labels[i] = (int32_t)(fabs(cloud_noise(77, i)) * 2.999);
    for (int64_t i = 0; i < test.data.rows; i++)
        test.labels[i] = (int32_t)(fabs(cloud_noise(78, i)) * 2.999);
}

static nn_classifier_options noisy(void)
{
    nn_classifier_options o = small_net;
    o.hidden_units[0] = 16;
    o.optimiser = (nn_optimiser_options){.rule = &nn_adam, .rate = 0.01};
    return o;
}

static ad_status fit_by(nn_classifier *c, nn_fit_options o)
{
    o.batch_size = BATCH;
    o.validation = &test.data;
    return nn_classifier_fit(c, &train.data, &o);
}

/* The parameters as bits; slots and steps are those of the training, which went on. */
typedef struct weights {
    size_t n;
    float values[2000];
} weights;

static weights weights_of(nn_classifier *c)
{
    weights w = {.n = 0};
    for (size_t i = 0; i < nn_classifier_parameter_count(c); i++) {
        const ad_tensor x = nn_classifier_parameter(c, i);
        memcpy(w.values + w.n, ad_f32(x), ad_size_of(x) * sizeof(float));
        w.n += ad_size_of(x);
    }
    return w;
}

static bool same_weights(const weights *a, const weights *b)
{
    return a->n == b->n && !memcmp(a->values, b->values, a->n * sizeof(float));
}

/* ---- By hand ----------------------------------------------------------------------------------------------------- */

/* What a loop that evaluates after each `every` steps would find. */
typedef struct by_hand {
    int64_t every, patience;
    bool by_accuracy;
    double least, best;
    int64_t best_step, end, waited;
    weights weights;
} by_hand;

static by_hand look_by_hand(by_hand h)
{
    nn_classifier *c = open_with(noisy());
    h.best = h.by_accuracy ? -1 : INFINITY;
    for (int64_t step = h.every; step <= MOST; step += h.every) {
        ck_assert_int_eq(nn_classifier_fit(c, &train.data, &(nn_fit_options){.batch_size = BATCH, .steps = h.every}),
                         AD_OK);
        const nn_evaluation e = nn_classifier_evaluate(c, &test.data);
        const double value = h.by_accuracy ? e.accuracy : e.loss;
        h.end = step;
        if (h.by_accuracy ? value > h.best + h.least : value < h.best - h.least) {
            h.best = value;
            h.best_step = step;
            h.waited = 0;
            h.weights = weights_of(c);
        } else if (++h.waited == h.patience)
            break;
    }
    nn_classifier_close(c);
    return h;
}

static const by_hand searches[] = {
    {.every = EPOCH, .patience = 4},
    {.every = 3, .patience = 7},
    {.every = 3, .patience = 2, .least = 0.01},
    {.every = EPOCH, .patience = 3, .by_accuracy = true},
    {.every = 1, .patience = 30},
};

static nn_fit_options options_of(const by_hand *h)
{
    return (nn_fit_options){.patience = h->patience,
                            .validate_every = h->every == EPOCH ? 0 : h->every,
                            .monitor = h->by_accuracy ? NN_MONITOR_ACCURACY : NN_MONITOR_LOSS,
                            .least_improvement = h->least};
}

START_TEST(a_fit_ends_and_leaves_the_best_weights)
{
    const by_hand h = look_by_hand(searches[_i]);
    ck_assert_int_lt(h.best_step, h.end);
    ck_assert_int_lt(h.end, MOST);
    nn_classifier *c = open_with(noisy());
    diary d = {.n = 0};
    nn_fit_options o = options_of(&h);
    o.steps = MOST;
    if (h.end < 250) {
        o.callback = keep_diary;
        o.context = &d;
    }
    ck_assert_int_eq(fit_by(c, o), AD_OK);
    const weights got = weights_of(c);
    ck_assert_msg(same_weights(&got, &h.weights), "search %d: the weights are not those of step %lld", _i,
                  (long long)h.best_step);
    const nn_evaluation e = nn_classifier_evaluate(c, &test.data);
    ck_assert_int_eq(e.global_step, h.end);
    ck_assert((h.by_accuracy ? e.accuracy : e.loss) == h.best);
    const nn_history_row best = nn_history_best(nn_classifier_history(c));
    ck_assert_int_eq(best.step, h.best_step);
    ck_assert(best.validated && (h.by_accuracy ? best.validation_accuracy : best.validation_loss) == h.best);
    if (o.callback) {
        const nn_progress *last = &d.seen[d.n - 1];
        ck_assert_int_eq(last->step, h.end);
        ck_assert(last->is_last && !d.seen[d.n - 2].is_last);
        ck_assert_int_eq(last->validation.waited, h.patience);
        ck_assert(!last->validation.is_best);
    }
    nn_classifier_close(c);
}
END_TEST

/* ---- Going on ---------------------------------------------------------------------------------------------------- */

static bool stop_at(const nn_progress *progress, void *context) { return progress->step != *(const int64_t *)context; }

/* Fits of `first` steps and of the rest, or one that a callback stops, end as one fit does: best weights, slots, step.
 */
START_TEST(a_stopped_fit_goes_on)
{
    const by_hand *h = &searches[_i % 3];
    nn_fit_options o = options_of(h);
    nn_classifier *c = open_with(noisy());
    o.to_step = MOST;
    ck_assert_int_eq(fit_by(c, o), AD_OK);
    take_state(c, &wanted);
    const nn_history_row best = nn_history_best(nn_classifier_history(c));
    const int64_t end = wanted.step;
    nn_classifier_close(c);
    for (int64_t first = 1; first < end; first += 7) {
        c = open_with(noisy());
        nn_fit_options part = o;
        int64_t at = first;
        if (_i < 3)
            part.to_step = first;
        else {
            part.callback = stop_at;
            part.context = &at;
        }
        ck_assert_int_eq(fit_by(c, part), _i < 3 ? AD_OK : AD_STOPPED);
        nn_classifier_evaluate(c, &train.data);
        ck_assert_int_eq(fit_by(c, o), AD_OK);
        ck_assert_int_eq(nn_history_best(nn_classifier_history(c)).step, best.step);
        close_as(c, &wanted, "a fit in two parts");
    }
}
END_TEST

/* A fit that its patience ended goes on from the best weights, with new patience. */
START_TEST(after_its_end_it_goes_on_from_the_best)
{
    const by_hand *h = &searches[0];
    nn_fit_options o = options_of(h);
    o.steps = MOST;
    nn_classifier *c = open_with(noisy());
    ck_assert_int_eq(fit_by(c, o), AD_OK);
    const weights best = weights_of(c);
    const int64_t end = nn_classifier_evaluate(c, &test.data).global_step;
    o.steps = 1;
    o.watch_every = 1;
    ck_assert_int_eq(fit_by(c, o), AD_OK);
    const weights after = weights_of(c);
    ck_assert(same_weights(&best, &after)); /* no validation was due: the best are shown again */
    o.steps = EPOCH * 3;
    ck_assert_int_eq(fit_by(c, o), AD_OK);
    ck_assert_int_eq(nn_classifier_evaluate(c, &test.data).global_step, end + 1 + EPOCH * 3);
    nn_classifier_close(c);
}
END_TEST

/* Without patience nothing is kept aside: the last weights stay. */
START_TEST(without_patience_the_last_weights_stay)
{
    nn_classifier *c = open_with(noisy()), *plain = open_with(noisy());
    ck_assert_int_eq(fit_by(c, (nn_fit_options){.steps = 200}), AD_OK);
    fit(plain, &train, BATCH, 200);
    take_state(plain, &wanted);
    ck_assert_int_gt(nn_history_best(nn_classifier_history(c)).step, 0);
    nn_classifier_close(plain);
    close_as(c, &wanted, "a fit with validation");
}
END_TEST

/* Another figure, or other data, is another search: what was the best before does not count. */
START_TEST(another_monitor_begins_anew)
{
    nn_classifier *c = open_with(noisy());
    ck_assert_int_eq(fit_by(c, (nn_fit_options){.steps = 60, .patience = 100}), AD_OK);
    ck_assert_int_eq(fit_by(c, (nn_fit_options){.steps = EPOCH, .patience = 100, .monitor = NN_MONITOR_ACCURACY}),
                     AD_OK);
    ck_assert_int_eq(nn_history_best(nn_classifier_history(c)).step, 65);
    test.data.rows--;
    ck_assert_int_eq(fit_by(c, (nn_fit_options){.steps = EPOCH, .patience = 100, .monitor = NN_MONITOR_ACCURACY}),
                     AD_OK);
    ck_assert_int_eq(nn_history_best(nn_classifier_history(c)).step, 70);
    nn_classifier_close(c);
}
END_TEST

/* A fit that fails leaves the best weights too. */
START_TEST(a_failed_fit_leaves_the_best_weights)
{
    nn_classifier_options o = noisy();
    o.optimiser = (nn_optimiser_options){.rule = &nn_gradient_descent, .rate = 30};
    nn_classifier *c = open_with(o);
    const ad_status status = fit_by(c, (nn_fit_options){.steps = MOST, .patience = MOST, .validate_every = 1});
    const nn_history_row best = nn_history_best(nn_classifier_history(c));
    ck_assert(best.step > 0);
    const nn_evaluation e = nn_classifier_evaluate(c, &test.data);
    ck_assert(e.loss == best.validation_loss);
    ck_assert(status == AD_OK || status == AD_NOT_FINITE);
    nn_classifier_close(c);
}
END_TEST

/* The schedule plateau falls by the validations of all fits, and a fit in two parts has its bits. */
START_TEST(plateau_falls)
{
    nn_classifier_options o = noisy();
    o.optimiser.schedule = (nn_schedule_options){.rule = &nn_schedule_plateau, .patience = 3, .factor = 0.5};
    nn_classifier *c = open_with(o);
    ck_assert_int_eq(fit_by(c, (nn_fit_options){.steps = 300}), AD_OK);
    take_state(c, &wanted);
    const nn_history *h = nn_classifier_history(c);
    double best = 1e30, rate = 0.01;
    int64_t waited = 0, falls = 0;
    for (size_t i = 0; i < nn_history_count(h); i++) {
        const nn_history_row *r = nn_history_at(h, i);
        ck_assert_msg(fabs(r->rate - rate) < 1e-15, "row %zu: rate %g instead of %g", i, r->rate, rate);
        if (r->validation_loss < best - 1e-4 * best) {
            best = r->validation_loss;
            waited = 0;
        } else if (++waited == 3) {
            waited = 0;
            rate *= 0.5;
            falls++;
        }
    }
    ck_assert_int_gt(falls, 3);
    nn_classifier_close(c);
    for (int64_t first = 13; first < 300; first += 61) {
        c = open_with(o);
        ck_assert_int_eq(fit_by(c, (nn_fit_options){.to_step = first}), AD_OK);
        ck_assert_int_eq(fit_by(c, (nn_fit_options){.to_step = 300}), AD_OK);
        close_as(c, &wanted, "a fit with plateau in two parts");
    }
}
END_TEST

/* The plateau is that of the loss, whatever the fit watches: while the loss falls, the rate does not. */
START_TEST(plateau_is_of_the_loss)
{
    nn_classifier *c = open_with((nn_classifier_options){
        .n_classes = CLASSES,
        .optimiser = {.rule = &nn_gradient_descent,
                      .rate = 0.1,
                      .schedule = {.rule = &nn_schedule_plateau, .patience = 2, .factor = 0.5}}});
    fill_clouds(&train, 47, 1);
    fill_clouds(&test, 700, 2);
    ck_assert_int_eq(
        fit_by(c, (nn_fit_options){.steps = 50, .validate_every = 2, .monitor = NN_MONITOR_ACCURACY, .patience = 900}),
        AD_OK);
    const nn_history *h = nn_classifier_history(c);
    double last = INFINITY;
    for (size_t i = 0; i < nn_history_count(h); i++) {
        const nn_history_row *r = nn_history_at(h, i);
        ck_assert(r->rate == 0.1);
        if (r->validated) {
            ck_assert(r->validation_loss < last);
            last = r->validation_loss;
        }
    }
    nn_classifier_close(c);
}
END_TEST

/* A figure that is the same again is no better. */
START_TEST(the_same_again_is_no_better)
{
    nn_classifier_options o = small_net;
    o.activation = AD_TANH; /* no row has logits that are 0, of which each step changes the largest */
    o.optimiser = (nn_optimiser_options){.rule = &nn_gradient_descent, .rate = 1e-30};
    for (int monitor = 0; monitor < NN_MONITOR_COUNT; monitor++) {
        nn_classifier *c = open_with(o);
        ck_assert_int_eq(
            fit_by(c,
                   (nn_fit_options){.steps = MOST, .validate_every = 1, .patience = 3, .monitor = (nn_monitor)monitor}),
            AD_OK);
        const nn_history *h = nn_classifier_history(c);
        ck_assert_int_eq(nn_history_end(h), NN_END_PATIENCE);
        ck_assert_uint_eq(nn_history_count(h), 4);
        ck_assert(nn_history_at(h, 0)->validation_loss == nn_history_at(h, 3)->validation_loss);
        ck_assert_int_eq(nn_history_best(h).step, 1);
        nn_classifier_close(c);
    }
}
END_TEST

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

static bool note_calls(const nn_progress *progress, void *context)
{
    size_t *calls = context;
    calls[progress->step] = memory.calls;
    return true;
}

/* From the second validation on nothing is allocated, in no step. */
START_TEST(validation_allocates_nothing)
{
    static size_t calls[MOST + 1];
    nn_classifier *c = open_with(noisy());
    ck_assert_int_eq(
        fit_by(c, (nn_fit_options){.steps = 120, .patience = MOST, .callback = note_calls, .context = calls}), AD_OK);
    for (int step = EPOCH + 1; step <= 120; step++)
        ck_assert_msg(calls[step] == calls[EPOCH], "step %d takes memory", step);
    nn_classifier_close(c);
}
END_TEST

/* Whatever allocation fails, the fit says so, and a fit after it ends as if it had not been. */
START_TEST(any_allocation_may_fail)
{
    nn_fit_options o = {.to_step = 23, .patience = 2, .validate_every = 3, .watch_every = 4};
    nn_classifier *c = open_with(noisy());
    ck_assert_int_eq(fit_by(c, o), AD_OK);
    take_state(c, &wanted);
    nn_classifier_close(c);
    size_t k = 1;
    for (bool failed = true; failed; k++) {
        c = open_with(noisy());
        counting_fail(&memory, k, COUNTING_ONCE);
        const ad_status status = fit_by(c, o);
        failed = status != AD_OK;
        ck_assert(status == AD_OK || status == AD_NO_MEMORY);
        counting_heal(&memory);
        nn_classifier_clear_error(c);
        if (failed)
            ck_assert_int_eq(fit_by(c, o), AD_OK);
        close_as(c, &wanted, "a fit without memory");
    }
    ck_assert_uint_gt(k, 20);
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, open_noise, close_clouds);
    tcase_add_loop_test(tests, a_fit_ends_and_leaves_the_best_weights, 0, COUNT(searches));
    tcase_add_loop_test(tests, a_stopped_fit_goes_on, 0, 6);
    tcase_add_test(tests, after_its_end_it_goes_on_from_the_best);
    tcase_add_test(tests, without_patience_the_last_weights_stay);
    tcase_add_test(tests, another_monitor_begins_anew);
    tcase_add_test(tests, a_failed_fit_leaves_the_best_weights);
    tcase_add_test(tests, plateau_falls);
    tcase_add_test(tests, plateau_is_of_the_loss);
    tcase_add_test(tests, the_same_again_is_no_better);
    tcase_add_test(tests, validation_allocates_nothing);
    tcase_add_test(tests, any_allocation_may_fail);
}

int main(void) { return run_tests("early_stopping", add_tests); }
