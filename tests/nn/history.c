/* The history of fits: which rows it has, what they say, how it stays small, and the CSV file. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../support/check.h"
#include "../support/classifiers.h"

enum { BATCH = 10, EPOCH = 5, ROOMS = 7 };

static ad_status fit_by(nn_classifier *c, nn_fit_options o)
{
    o.batch_size = o.batch_size ? o.batch_size : BATCH;
    return nn_classifier_fit(c, &train.data, &o);
}

/* A row after each epoch and each validation; its loss is the mean of the batches since the row before, over fits too.
 */
START_TEST(rows)
{
    static diary d[2];
    nn_classifier *c = open_small();
    d[0].n = d[1].n = 0;
    nn_fit_options o = {.steps = 8, .validation = &test.data, .validate_every = 3, .callback = keep_diary};
    o.context = &d[0];
    ck_assert_int_eq(fit_by(c, o), AD_OK);
    o.steps = 6;
    o.context = &d[1];
    ck_assert_int_eq(fit_by(c, o), AD_OK);
    static const int64_t steps[] = {3, 5, 6, 9, 10, 12};
    const nn_history *h = nn_classifier_history(c);
    ck_assert_uint_eq(nn_history_count(h), COUNT(steps));
    int64_t from = 0;
    for (size_t i = 0; i < COUNT(steps); i++) {
        const nn_history_row *r = nn_history_at(h, i);
        double sum = 0;
        for (int64_t t = from; t < steps[i]; t++)
            sum += t < 8 ? d[0].seen[t].loss : d[1].seen[t - 8].loss;
        ck_assert_int_eq(r->step, steps[i]);
        ck_assert_int_eq(r->epoch, (steps[i] - 1) / EPOCH);
        ck_assert(fabs(r->loss - sum / (double)(steps[i] - from)) < 1e-12);
        ck_assert(r->rate == 0.05);
        ck_assert_int_eq(r->validated, steps[i] % 3 == 0);
        ck_assert(isnan(r->validation_loss) != r->validated && isnan(r->validation_accuracy) != r->validated);
        from = steps[i];
    }
    const nn_evaluation e = nn_classifier_evaluate(c, &test.data);
    ck_assert_ptr_null(nn_history_at(h, COUNT(steps)));
    ck_assert_int_eq(fit_by(c, (nn_fit_options){.steps = 1, .validation = &test.data, .validate_every = 16}), AD_OK);
    ck_assert_uint_eq(nn_history_count(h), COUNT(steps) + 1); /* the end of an epoch */
    ck_assert(!nn_history_at(h, COUNT(steps))->validated);
    ck_assert(e.loss > 0);
    nn_classifier_close(c);
}
END_TEST

/* Many small fits lengthen the history seldom. */
START_TEST(small_fits_take_memory_seldom)
{
    train.data.rows = 4;
    nn_classifier *c = open_with((nn_classifier_options){.n_classes = CLASSES});
    ck_assert_int_eq(fit_by(c, (nn_fit_options){.steps = 2}), AD_OK);
    const size_t calls = memory.calls;
    for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(fit_by(c, (nn_fit_options){.steps = 1}), AD_OK);
    ck_assert_uint_eq(nn_history_count(nn_classifier_history(c)), 1002);
    ck_assert_uint_le(memory.calls - calls, 4); /* 64 rows are 128, 256, 512, 1024 */
    nn_classifier_close(c);
}
END_TEST

/* More rows than are kept: every second one goes, again and again; the last one is always there. */
START_TEST(it_stays_small)
{
    enum { STEPS = 3 * NN_HISTORY_ROWS + 5 };
    train.data.rows = 4;
    nn_classifier *c = open_with((nn_classifier_options){.n_classes = CLASSES, .optimiser = {.rate = 0.1}});
    const nn_history *h = nn_classifier_history(c);
    int64_t every = 1;
    for (int64_t step = 0; step < STEPS;) {
        const int64_t more = step < 10 ? 1 : 501;
        ck_assert_int_eq(fit_by(c, (nn_fit_options){.steps = more}), AD_OK);
        step += more;
        const size_t n = nn_history_count(h);
        while ((step - 1) / every + 1 > NN_HISTORY_ROWS)
            every *= 2;
        ck_assert_uint_le(n, NN_HISTORY_ROWS);
        ck_assert_int_eq(nn_history_at(h, n - 1)->step, step);
        for (size_t i = 0; i + 1 < n; i++)
            ck_assert_msg(nn_history_at(h, i)->step == (int64_t)i * every + 1,
                          "after %lld steps row %zu is of step %lld", (long long)step, i,
                          (long long)nn_history_at(h, i)->step);
    }
    ck_assert_int_eq(every, 4);
    nn_classifier_close(c);
}
END_TEST

/* Each NN_HISTORY_STEPS steps there is a row, counted since the classifier was opened, in long epochs too. */
START_TEST(rows_of_long_epochs)
{
    nn_classifier *c = open_small();
    const nn_history *h = nn_classifier_history(c);
    static diary d;
    d.n = 0;
    static const int64_t steps[] = {100, 200, 300, 400, 500, 600, 700, 800};
    ck_assert_int_eq(nn_classifier_fit(c, &test.data, &(nn_fit_options){.batch_size = 1, .steps = 250}), AD_OK);
    ck_assert_uint_eq(nn_history_count(h), 2);
    nn_fit_options o = {.batch_size = 1, .steps = 50, .callback = keep_diary, .context = &d};
    ck_assert_int_eq(nn_classifier_fit(c, &test.data, &o), AD_OK);
    ck_assert_uint_eq(nn_history_count(h), 3);
    o.steps = 100;
    d.n = 0;
    ck_assert_int_eq(nn_classifier_fit(c, &test.data, &o), AD_OK);
    double sum = 0;
    for (int64_t i = 0; i < d.n; i++)
        sum += d.seen[i].loss;
    ck_assert(fabs(nn_history_at(h, 3)->loss - sum / NN_HISTORY_STEPS) < 1e-12);
    ck_assert_int_eq(nn_classifier_fit(c, &test.data, &(nn_fit_options){.batch_size = 1, .to_step = 899}), AD_OK);
    /* 700 steps are an epoch, and a row of their own */
    ck_assert_uint_eq(nn_history_count(h), COUNT(steps));
    for (size_t i = 0; i < COUNT(steps); i++) {
        ck_assert_int_eq(nn_history_at(h, i)->step, steps[i]);
        ck_assert_int_eq(nn_history_at(h, i)->epoch, steps[i] > 700);
        ck_assert(!nn_history_at(h, i)->validated);
    }
    nn_classifier_close(c);
}
END_TEST

/* A batch in which no row counts has no loss and no flow, and does not count in the mean. */
START_TEST(batches_that_do_not_count)
{
    static double weights[MAX_ROWS];
    static diary d;
    d.n = 0;
    for (int64_t i = 0; i < train.data.rows; i++)
        weights[i] = i % 3 ? 1 : 0;
    train.data.weights = weights;
    nn_classifier *c = open_small();
    nn_fit_options o = {.batch_size = 1, .epochs = 1, .watch_every = 1, .callback = keep_diary, .context = &d};
    ck_assert_int_eq(fit_by(c, o), AD_OK);
    double sum = 0;
    int64_t n = 0;
    for (int64_t i = 0; i < d.n; i++) {
        sum += d.seen[i].loss;
        n += d.seen[i].loss > 0;
        ck_assert_int_eq(d.seen[i].is_watched, d.seen[i].loss > 0);
    }
    ck_assert_int_eq(d.n, 47);
    ck_assert_int_eq(n, 31);
    const nn_history *h = nn_classifier_history(c);
    ck_assert_uint_eq(nn_history_count(h), 1);
    ck_assert(fabs(nn_history_at(h, 0)->loss - sum / (double)n) < 1e-12);
    nn_classifier_close(c);
}
END_TEST

/* There is room for every row of one long fit: validations at each step, epochs of one step, both, or neither. Under
 * AddressSanitizer a row without room is found. */
START_TEST(one_fit_has_room_for_its_rows)
{
    static const struct {
        int64_t rows, batch, every, steps;
    } cases[ROOMS] = {{700, 1, 1, 1300}, {700, 1, 2, 1300}, {4, 4, 0, 1300}, {4, 4, 1, 1300},
                      {8, 4, 3, 1300},   {700, 1, 0, 9000}, {20, 4, 7, 1300}};
    nn_classifier *c = open_with((nn_classifier_options){.n_classes = CLASSES, .optimiser = {.rate = 0.01}});
    nn_fit_options o = {.batch_size = cases[_i].batch, .steps = cases[_i].steps, .validate_every = cases[_i].every};
    nn_data data = test.data;
    data.rows = cases[_i].rows;
    train.data.rows = 3;
    o.validation = o.validate_every ? &train.data : NULL;
    ck_assert_int_eq(nn_classifier_fit(c, &data, &o), AD_OK);
    const nn_history *h = nn_classifier_history(c);
    size_t n = 0;
    for (int64_t step = 1; step <= o.steps; step++)
        if (step % (data.rows / o.batch_size) == 0 || step % NN_HISTORY_STEPS == 0 ||
            (o.validation && step % o.validate_every == 0)) {
            ck_assert_ptr_nonnull(nn_history_at(h, n));
            ck_assert_int_eq(nn_history_at(h, n++)->step, step);
        }
    ck_assert_uint_eq(nn_history_count(h), n);
    nn_classifier_close(c);
}
END_TEST

START_TEST(flow_stays_small)
{
    enum { STEPS = NN_HISTORY_ROWS / 4 + 100 };
    train.data.rows = 4;
    nn_classifier *c = open_with((nn_classifier_options){.n_classes = CLASSES, .optimiser = {.rate = 0.1}});
    const nn_history *h = nn_classifier_history(c);
    ck_assert_int_eq(fit_by(c, (nn_fit_options){.steps = STEPS, .watch_every = 1}), AD_OK);
    const size_t n = nn_history_flow_count(h);
    ck_assert_uint_eq(n % 2, 0);
    ck_assert_uint_le(n / 2, NN_HISTORY_ROWS / 4);
    for (size_t i = 0; i < n; i++) {
        const nn_flow *f = nn_history_flow_at(h, i);
        ck_assert_int_eq(f->step, i < n - 2 ? (int64_t)(i / 2) * 2 + 1 : STEPS);
        ck_assert_str_eq(f->name, i % 2 ? "logits/biases" : "logits/weights");
    }
    nn_classifier_close(c);
}
END_TEST

static double rms(const float *x, const float *from, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += ((double)x[i] - (double)from[i]) * ((double)x[i] - (double)from[i]);
    return sqrt(sum / (double)n);
}

/* The figures of each parameter by hand: descent changes it by the rate times its gradient. What was 0 has no ratio. */
START_TEST(flow_of_each_parameter)
{
    enum { MOST = 8, SIZE = 100 };
    static const float zeros[SIZE];
    static float before[MOST][SIZE];
    nn_classifier_options o = small_net;
    o.optimiser = (nn_optimiser_options){.rule = &nn_gradient_descent, .rate = 0.5};
    nn_classifier *c = open_with(o);
    const nn_history *h = nn_classifier_history(c);
    ck_assert_int_eq(fit_by(c, (nn_fit_options){.steps = 2, .watch_every = 1}), AD_OK);
    const size_t n = nn_classifier_parameter_count(c);
    ck_assert_uint_eq(n, 4);
    for (size_t i = 0; i < n; i++) {
        const ad_tensor x = nn_classifier_parameter(c, i);
        ck_assert_uint_le(ad_size_of(x), SIZE);
        memcpy(before[i], ad_f32(x), ad_size_of(x) * sizeof(float));
        ck_assert_int_eq(isnan(nn_history_flow_at(h, i)->update_ratio), i % 2); /* biases begin at 0 */
        ck_assert(nn_history_flow_at(h, n + i)->update_ratio > 0);
    }
    ck_assert_int_eq(fit_by(c, (nn_fit_options){.steps = 1, .watch_every = 3}), AD_OK);
    ck_assert_uint_eq(nn_history_flow_count(h), 3 * n);
    for (size_t i = 0; i < n; i++) {
        const ad_tensor x = nn_classifier_parameter(c, i);
        const nn_flow *f = nn_history_flow_at(h, 2 * n + i);
        const double change = rms(ad_f32(x), before[i], ad_size_of(x));
        ck_assert(fabs(f->update_ratio / (change / rms(before[i], zeros, ad_size_of(x))) - 1) < 1e-9);
        ck_assert(fabs(f->gradient_rms * 0.5 / change - 1) < 1e-4);
    }
    nn_classifier_close(c);
}
END_TEST

/* A first fit that fails in a step that is watched leaves no room that is too small for wider data. */
START_TEST(wider_data_after_a_watched_failure)
{
    static table wide;
    nn_classifier *c = open_small();
    const nn_fit_options o = {.batch_size = 47, .steps = 3, .watch_every = 1};
    for (int64_t i = 0; i < 47 * COLUMNS; i++)
        train.x[i] = i / COLUMNS >> i % COLUMNS & 1 ? 3.3e38F : -3.3e38F;
    ck_assert_int_eq(nn_classifier_fit(c, &train.data, &o), AD_NOT_FINITE);
    ck_assert_uint_eq(nn_history_flow_count(nn_classifier_history(c)), 0);
    nn_classifier_clear_error(c);
    fill_clouds(&wide, 47, 3);
    wide.data.columns = MAX_COLUMNS;
    ck_assert_int_eq(nn_classifier_fit(c, &wide.data, &o), AD_OK);
    ck_assert_uint_eq(nn_history_flow_count(nn_classifier_history(c)), 12);
    nn_classifier_close(c);
}
END_TEST

/* ---- CSV --------------------------------------------------------------------------------------------------------- */

START_TEST(csv)
{
    char text[2000] = "", wanted_text[2000], *at = wanted_text;
    nn_classifier *c = open_small();
    ck_assert_int_eq(fit_by(c, (nn_fit_options){.steps = 10, .validation = &test.data, .validate_every = 4}), AD_OK);
    const nn_history *h = nn_classifier_history(c);
    at += sprintf(at, "step,epoch,loss,rate,validation_loss,validation_accuracy\n");
    for (size_t i = 0; i < nn_history_count(h); i++) {
        const nn_history_row *r = nn_history_at(h, i);
        at += sprintf(at, "%lld,%lld,%.9g,%.9g", (long long)r->step, (long long)r->epoch, r->loss, r->rate);
        at += r->validated ? sprintf(at, ",%.9g,%.9g\n", r->validation_loss, r->validation_accuracy)
                           : sprintf(at, ",,\n");
    }
    FILE *to = fmemopen(text, sizeof text, "w");
    const ad_shown shown = nn_write_history(h, to);
    fclose(to);
    ck_assert_msg(shown.status == AD_OK, "%s", shown.message);
    ck_assert_str_eq(text, wanted_text);
    nn_classifier_close(c);
}
END_TEST

START_TEST(bad_files)
{
    nn_classifier *c = open_small();
    fit(c, &train, BATCH, 20);
    const nn_history *h = nn_classifier_history(c);
    ck_assert_int_eq(nn_write_history(h, NULL).status, AD_BAD_VALUE);
    FILE *full = fopen("/dev/full", "w");
    ck_assert_ptr_nonnull(full);
    const ad_shown shown = nn_write_history(h, full);
    fclose(full);
    ck_assert_int_eq(shown.status, AD_BAD_FILE);
    ck_assert_msg(strstr(shown.message, "write_history: "), "%s", shown.message);
    FILE *to = tmpfile();
    const ad_shown none = nn_write_history(NULL, to);
    ck_assert_int_eq(none.status, AD_BAD_HANDLE);
    ck_assert_str_eq(none.message, "write_history: the history is NULL: its estimator is");
    ck_assert_int_eq(ftell(to), 0);
    fclose(to);
    nn_classifier_close(c);
}
END_TEST

START_TEST(before_a_fit)
{
    nn_classifier *c = open_small();
    const nn_history *h = nn_classifier_history(c);
    ck_assert_ptr_nonnull(h);
    ck_assert_uint_eq(nn_history_count(h), 0);
    ck_assert_uint_eq(nn_history_flow_count(h), 0);
    ck_assert_int_eq(nn_history_best(h).step, 0);
    ck_assert_uint_eq(nn_history_count(NULL), 0);
    ck_assert_uint_eq(nn_history_flow_count(NULL), 0);
    ck_assert_int_eq(nn_history_best(NULL).step, 0);
    ck_assert_ptr_null(nn_history_at(NULL, 0));
    ck_assert_ptr_null(nn_classifier_history(NULL));
    ck_assert_ptr_null(nn_regressor_history(NULL));
    nn_classifier_close(c);
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, open_clouds, close_clouds);
    tcase_add_test(tests, rows);
    tcase_add_test(tests, small_fits_take_memory_seldom);
    tcase_add_test(tests, it_stays_small);
    tcase_add_test(tests, rows_of_long_epochs);
    tcase_add_test(tests, batches_that_do_not_count);
    tcase_add_loop_test(tests, one_fit_has_room_for_its_rows, 0, ROOMS);
    tcase_add_test(tests, flow_stays_small);
    tcase_add_test(tests, flow_of_each_parameter);
    tcase_add_test(tests, wider_data_after_a_watched_failure);
    tcase_add_test(tests, csv);
    tcase_add_test(tests, bad_files);
    tcase_add_test(tests, before_a_fit);
}

int main(void) { return run_tests("history", add_tests); }
