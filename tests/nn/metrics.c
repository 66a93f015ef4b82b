/* Metrics against numbers of scikit-learn, at their edges, and with bad input. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gradtape/gradtape.h>

#include "../support/check.h"
#include "../support/counting.h"
#include "../support/json_reader.h"

enum { MOST = 512 };

/* ---- Golden cases ------------------------------------------------------------------------------------------------ */

/* The arrays of a case. */
typedef struct inputs {
    nn_outcome outcome;
    int32_t labels[MOST], predicted[MOST];
    double probabilities[MOST], targets[MOST], predictions[MOST], weights[MOST];
} inputs;

/* The numbers of a list of any depth, one after another. Returns how many. */
static int flatten(const json *list, double *numbers)
{
    int n = 0;
    for (const json *x = list->first; x; x = x->next)
        if (x->kind == JSON_LIST)
            n += flatten(x, numbers + n);
        else
            numbers[n++] = x->kind == JSON_NULL ? (double)NAN : json_number(x);
    ck_assert_int_le(n, MOST);
    return n;
}

static const double *reals(const json *in, const char *key, double *room)
{
    if (!json_has(in, key))
        return NULL;
    flatten(json_in(in, key), room);
    return room;
}

static const int32_t *integers(const json *in, const char *key, int32_t *room)
{
    double numbers[MOST];
    if (!json_has(in, key))
        return NULL;
    const int n = flatten(json_in(in, key), numbers);
    for (int i = 0; i < n; i++)
        room[i] = (int32_t)numbers[i];
    return room;
}

static nn_task task_of(const char *name)
{
    return !strcmp(name, "classes")      ? NN_CLASSES
           : !strcmp(name, "scores")     ? NN_SCORES
           : !strcmp(name, "multilabel") ? NN_LABELS
                                         : NN_REGRESSION;
}

static void read_inputs(const json *golden, inputs *x)
{
    const json *in = json_in(golden, "inputs"), *first = json_in(in, "y_true")->first;
    nn_outcome *o = &x->outcome;
    *o = (nn_outcome){.task = task_of(json_text(json_in(golden, "task"))), .element = NN_F64};
    o->rows = json_in(in, "y_true")->n;
    o->columns = json_has(in, "n_classes")           ? (int64_t)json_number(json_in(in, "n_classes"))
                 : first && first->kind == JSON_LIST ? first->n
                                                     : 1;
    o->probabilities = reals(in, "probabilities", x->probabilities);
    o->scores = reals(in, "scores", x->probabilities);
    o->weights = reals(in, "weights", x->weights);
    if (o->task == NN_REGRESSION) {
        o->targets = reals(in, "y_true", x->targets);
        o->predictions = reals(in, "y_pred", x->predictions);
    } else {
        o->labels = integers(in, "y_true", x->labels);
        o->predicted = integers(in, "y_pred", x->predicted);
    }
}

static void check_number(const char *where, double got, double wanted)
{
    ck_assert_msg(fabs(got - wanted) <= 1e-12 * fmax(1, fabs(wanted)), "%s is %.17g, not %.17g", where, got, wanted);
}

static void check_figure(const char *name, const nn_figure *f, const json *wanted)
{
    double numbers[MOST];
    if (wanted->kind == JSON_NULL) {
        ck_assert_msg(f->undefined && f->undefined[0], "%s is defined", name);
        for (size_t i = 0; i < f->count; i++)
            ck_assert(!f->defined[i]);
        return;
    }
    const int n = wanted->kind == JSON_LIST ? flatten(wanted, numbers) : 1;
    if (wanted->kind != JSON_LIST)
        numbers[0] = json_number(wanted);
    ck_assert_msg(f->count == (size_t)n, "%s has %zu numbers, not %d: %s", name, f->count, n, f->undefined);
    bool all = true;
    for (int i = 0; i < n; i++) {
        all = all && !isnan(numbers[i]);
        ck_assert_msg(f->defined[i] == !isnan(numbers[i]), "%s, element %d: %s", name, i, f->undefined);
        if (f->defined[i])
            check_number(name, f->values[i], numbers[i]);
        else
            ck_assert(f->values[i] == 0);
    }
    ck_assert(all == !f->undefined);
}

static void check_predicted(const nn_metrics *m, const json *wanted)
{
    double numbers[MOST];
    const int n = flatten(wanted, numbers);
    for (int i = 0; i < n; i++)
        ck_assert_int_eq(nn_metrics_predicted(m)[i], (int)numbers[i]);
}

static json *read_cases(void)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/metrics.json", getenv("GRADTAPE_GOLDEN_DIR"));
    return json_read_file(path);
}

/* Every number that scikit-learn gave, and every figure that it calls not defined. */
START_TEST(the_numbers_are_those_of_scikit_learn)
{
    json *file = read_cases();
    int checked = 0;
    for (const json *golden = json_in(file, "cases")->first; golden; golden = golden->next) {
        static inputs x;
        read_inputs(golden, &x);
        nn_metrics *m = nn_metrics_open(&x.outcome, NULL);
        ck_assert_msg(nn_metrics_status(m) == AD_OK, "%s: %s", json_text(json_in(golden, "name")),
                      nn_metrics_message(m));
        for (const json *wanted = json_in(golden, "expected")->first; wanted; wanted = wanted->next) {
            int k = 0;
            if (!strcmp(wanted->key, "y_pred")) {
                check_predicted(m, wanted);
            } else if (sscanf(wanted->key, "top_%d", &k) == 1) {
                check_number(wanted->key, nn_metrics_figure(m, "top_k").values[k - 1], json_number(wanted));
            } else {
                const nn_figure f = nn_metrics_figure(m, wanted->key);
                check_figure(wanted->key, &f, wanted);
            }
            checked++;
        }
        nn_metrics_close(m);
    }
    ck_assert_int_gt(checked, 250);
    json_free(file);
}
END_TEST

/* The table has no figure that no case has a number for, but those that scikit-learn does not have. */
START_TEST(every_row_of_the_table_has_a_golden_number)
{
    static const char *const ours[] = {"accuracy_baseline", "top_k", "label_mean_per_target",
                                       "prediction_mean_per_target"};
    json *file = read_cases();
    for (size_t i = 0; i < nn_metric_count(); i++) {
        const nn_metric *row = nn_metric_at(i);
        bool found = strstr(row->name, "defined_only") || (row->task == NN_SCORES && !strcmp(row->name, "label_mean"));
        for (int k = 0; k < COUNT(ours); k++)
            found = found || !strcmp(row->name, ours[k]);
        for (const json *golden = json_in(file, "cases")->first; golden && !found; golden = golden->next)
            found = task_of(json_text(json_in(golden, "task"))) == row->task &&
                    json_has(json_in(golden, "expected"), row->name);
        ck_assert_msg(found, "%s (%s)", row->name, nn_task_name(row->task));
        ck_assert(row->formula[0] && row->edge);
    }
    ck_assert_ptr_null(nn_metric_at(nn_metric_count()));
    json_free(file);
}
END_TEST

/* ---- What golden numbers do not show ----------------------------------------------------------------------------- */

static double figure_of(const nn_outcome *outcome, const char *name)
{
    nn_metrics *m = nn_metrics_open(outcome, NULL);
    const nn_figure f = nn_metrics_figure(m, name);
    ck_assert_msg(!f.undefined, "%s: %s, %s", name, f.undefined, nn_metrics_message(m));
    const double value = f.value;
    nn_metrics_close(m);
    return value;
}

static const int32_t labels4[] = {0, 1, 1, 0};
static const double probabilities4[] = {0.9, 0.1, 0.2, 0.8, 0.6, 0.4, 0.3, 0.7}, weights4[] = {1, 2, 0.5, 1};

static nn_outcome four_rows(void)
{
    return (nn_outcome){.task = NN_CLASSES,
                        .rows = 4,
                        .columns = 2,
                        .labels = labels4,
                        .probabilities = probabilities4,
                        .element = NN_F64};
}

/* A factor of the weights changes nothing, and a row of weight 0 is as if it were not there. */
START_TEST(weights_only_count_against_each_other)
{
    static const char *const names[] = {"accuracy", "log_loss", "roc_auc",  "average_precision",
                                        "matthews", "brier",    "f1_macro", "accuracy_baseline"};
    double scaled[4];
    const double without_last[] = {1, 2, 0.5, 0};
    for (int i = 0; i < 4; i++)
        scaled[i] = 1024 * weights4[i];
    for (int i = 0; i < COUNT(names); i++) {
        nn_outcome a = four_rows(), b = a, c = a, d = a;
        a.weights = weights4;
        b.weights = scaled;
        c.weights = without_last;
        d.weights = weights4;
        d.rows = 3;
        ck_assert_double_eq(figure_of(&a, names[i]), figure_of(&b, names[i]));
        ck_assert_double_eq(figure_of(&c, names[i]), figure_of(&d, names[i]));
    }
}
END_TEST

/* Also where products of two weights leave the range of f64. */
START_TEST(weights_may_be_of_any_size)
{
    const int32_t labels[] = {0, 1, 1, 0};
    const double scores[] = {.1, .8, .4, .3};
    static const double factors[] = {1, 1e-162, 1e-200, 1e-300, 1e160, 1e300};
    for (size_t i = 0; i < COUNT(factors); i++) {
        const double f = factors[i], weights[] = {f, 2 * f, f, 3 * f};
        nn_metrics *m = nn_metrics_open(&(nn_outcome){.task = NN_SCORES,
                                                      .rows = 4,
                                                      .labels = labels,
                                                      .scores = scores,
                                                      .element = NN_F64,
                                                      .weights = weights},
                                        NULL);
        const nn_figure auc = nn_metrics_figure(m, "roc_auc"), precision = nn_metrics_figure(m, "average_precision");
        ck_assert(!auc.undefined && !precision.undefined);
        ck_assert_double_eq_tol(auc.value, 1, 1e-12);
        ck_assert_double_eq_tol(precision.value, 1, 1e-12);
        nn_metrics_close(m);
    }
}
END_TEST

START_TEST(the_baseline_is_the_most_frequent_class)
{
    static const int32_t labels[] = {2, 2, 1, 2, 0}, predicted[] = {0, 0, 0, 0, 0};
    const nn_outcome o = {.task = NN_CLASSES, .rows = 5, .columns = 3, .labels = labels, .predicted = predicted};
    ck_assert_double_eq(figure_of(&o, "accuracy_baseline"), 0.6);
    ck_assert_double_eq(figure_of(&o, "accuracy"), 0.2);
}
END_TEST

/* Of each target, the rows by their weights. */
START_TEST(targets_and_predictions_have_means)
{
    static const double y[] = {1, 10, 2, 20, 6, 40}, f[] = {3, -1, 5, -2, 8, -9}, weights[] = {1, 2, 1};
    nn_outcome o = {.task = NN_REGRESSION, .rows = 3, .columns = 2, .targets = y, .predictions = f, .element = NN_F64};
    for (int i = 0; i < 2; i++) {
        o.weights = i ? weights : NULL;
        nn_metrics *m = nn_metrics_open(&o, NULL);
        const nn_figure labels = nn_metrics_figure(m, "label_mean_per_target");
        const nn_figure guesses = nn_metrics_figure(m, "prediction_mean_per_target");
        ck_assert(labels.count == 2 && guesses.count == 2 && !labels.undefined && !guesses.undefined);
        check_number("target 0", labels.values[0], i ? 2.75 : 3);
        check_number("target 1", labels.values[1], i ? 22.5 : 70.0 / 3);
        check_number("prediction 0", guesses.values[0], i ? 5.25 : 16.0 / 3);
        check_number("prediction 1", guesses.values[1], i ? -3.5 : -4);
        nn_metrics_close(m);
    }
    o.rows = 0;
    nn_metrics *m = nn_metrics_open(&o, NULL);
    ck_assert_ptr_nonnull(nn_metrics_figure(m, "label_mean_per_target").undefined);
    nn_metrics_close(m);
}
END_TEST

/* A million f32 errors of 0.1 add up to what they are. */
START_TEST(long_sums_keep_their_digits)
{
    enum { ROWS = 1000000 };
    float *targets = calloc(ROWS, sizeof *targets), *predictions = malloc(ROWS * sizeof *predictions);
    for (int i = 0; i < ROWS; i++)
        predictions[i] = 0.1F;
    const nn_outcome o = {
        .task = NN_REGRESSION, .rows = ROWS, .columns = 1, .targets = targets, .predictions = predictions};
    ck_assert_double_eq(figure_of(&o, "mae"), (double)0.1F);
    ck_assert_double_eq(figure_of(&o, "mse"), (double)0.1F * (double)0.1F);
    free(targets);
    free(predictions);
}
END_TEST

/* Infinite scores are in order, -0 equals 0, and equal targets that no f64 holds exactly have no spread. */
START_TEST(odd_numbers_are_taken_as_they_are)
{
    static const int32_t labels[] = {1, 0, 1, 0};
    static const double scores[] = {INFINITY, -INFINITY, -0.0, 0.0}, equal[] = {0.1, 0.1, 0.1}, off[] = {0.1, 0.2, 0.1};
    const nn_outcome scored = {.task = NN_SCORES, .rows = 4, .labels = labels, .scores = scores, .element = NN_F64};
    ck_assert_double_eq(figure_of(&scored, "roc_auc"), 0.875);
    nn_outcome r = {
        .task = NN_REGRESSION, .rows = 3, .columns = 1, .targets = equal, .predictions = off, .element = NN_F64};
    ck_assert_double_eq(figure_of(&r, "r2_uniform"), 0);
    r.predictions = equal;
    ck_assert_double_eq(figure_of(&r, "r2_variance_weighted"), 1);
}
END_TEST

START_TEST(a_figure_that_is_not_there_says_why)
{
    nn_outcome o = four_rows();
    static const int32_t predicted[] = {0, 1, 0, 1};
    o.predicted = predicted;
    o.probabilities = NULL;
    nn_metrics *m = nn_metrics_open(&o, NULL);
    ck_assert_str_eq(nn_metrics_figure(m, "log_loss").undefined,
                     "it needs probabilities, or another number of classes");
    ck_assert_str_eq(nn_metrics_figure(m, "mse").undefined, "it is of another task");
    ck_assert_str_eq(nn_metrics_figure(m, "acuracy").undefined, "no metric has this name: nn_metric_at lists them");
    ck_assert_str_eq(nn_metrics_at(m, nn_metrics_count(m)).undefined, "there is no figure of this index");
    ck_assert_ptr_nonnull(nn_metrics_figure(m, NULL).undefined);
    nn_metrics_close(m);
}
END_TEST

START_TEST(what_f64_cannot_hold_is_not_defined)
{
    static const double large[] = {1e200, -1e200}, small[] = {0, 0};
    const nn_outcome o = {
        .task = NN_REGRESSION, .rows = 2, .columns = 1, .targets = large, .predictions = small, .element = NN_F64};
    nn_metrics *m = nn_metrics_open(&o, NULL);
    ck_assert_str_eq(nn_metrics_figure(m, "mse").undefined, "it is too large for f64");
    ck_assert_double_eq(nn_metrics_figure(m, "mae").value, 1e200);
    nn_metrics_close(m);
}
END_TEST

/* ---- Bad input --------------------------------------------------------------------------------------------------- */

static const double one_bad[] = {0.9, 0.1, 0.2, 1.5, 0.6, 0.4, 0.3, 0.7}, one_nan[] = {0.9, 0.1, 0.2, NAN, 0.6, 0.4};
static const double zeros[4], negative[] = {1, -1, 1, 1}, infinite[] = {1, 1, INFINITY, 1};
static const int32_t outside[] = {0, 1, 2, 0};

static const struct {
    nn_outcome outcome;
    ad_status status;
    const char *message;
} bad[] = {
/* clang-format off */
#define GOOD .task = NN_CLASSES, .rows = 4, .columns = 2, .labels = labels4, .element = NN_F64
    {{GOOD, .probabilities = one_bad}, AD_BAD_VALUE, "metrics: the probability of row 1, column 1 is 1.5: it must be 0 to 1"},
    {{GOOD, .probabilities = one_nan}, AD_NOT_FINITE, "metrics: the probability of row 1, column 1 is nan: it must be 0 to 1"},
    {{GOOD, .probabilities = probabilities4, .weights = zeros}, AD_BAD_VALUE, "metrics: all 4 weights are 0; give some row a weight"},
    {{GOOD, .probabilities = probabilities4, .weights = negative}, AD_BAD_VALUE, "metrics: the weight of row 1 is -1: it must be finite and at least 0"},
    {{GOOD, .probabilities = probabilities4, .weights = infinite}, AD_BAD_VALUE, "metrics: the weight of row 2 is inf: it must be finite and at least 0"},
    {{GOOD}, AD_BAD_VALUE, "metrics: probabilities and predicted are both NULL; give one of them"},
    {{GOOD, .predicted = outside}, AD_BAD_VALUE, "metrics: the predicted class of row 2 is 2: it must be 0 to 1"},
    {{.task = NN_CLASSES, .rows = 4, .columns = 2, .labels = outside, .predicted = labels4}, AD_BAD_VALUE, "metrics: the label of row 2 is 2: it must be 0 to 1"},
    {{.task = NN_CLASSES, .rows = 4, .columns = 2, .predicted = labels4}, AD_BAD_VALUE, "metrics: labels is NULL; give what is true of each row"},
    {{.task = NN_CLASSES, .rows = 4, .columns = 1, .labels = labels4, .predicted = labels4}, AD_BAD_SHAPE, "metrics: 1 columns: a classification, whose columns are its classes, has 2 to 2147483647"},
    {{.task = NN_CLASSES, .rows = -1, .columns = 2}, AD_BAD_SHAPE, "metrics: -1 rows: there are 0 or more"},
    {{.task = NN_CLASSES, .rows = INT64_MAX, .columns = 1000, .labels = labels4, .predicted = labels4}, AD_BAD_SHAPE, "metrics: 9223372036854775807 rows of 1000 columns are too many to count"},
    {{.task = NN_TASK_COUNT}, AD_BAD_VALUE, "metrics: 4 is no task: use NN_CLASSES or another of the list"},
    {{.task = NN_SCORES, .rows = 4, .element = NN_ELEMENT_COUNT}, AD_BAD_TYPE, "metrics: 6 is no element type: use NN_F32 or another of the list"},
    {{.task = NN_SCORES, .rows = 4, .labels = labels4}, AD_BAD_VALUE, "metrics: scores is NULL; give a score for each row"},
    {{.task = NN_SCORES, .rows = 6, .labels = outside, .scores = one_nan, .element = NN_F64}, AD_BAD_VALUE, "metrics: the label of row 2 is 2: it must be 0 to 1"},
    {{.task = NN_LABELS, .rows = 2, .columns = 2, .labels = labels4}, AD_BAD_VALUE, "metrics: probabilities is NULL; give one for each row and label"},
    {{.task = NN_LABELS, .rows = 2, .columns = 2, .labels = outside, .probabilities = probabilities4, .element = NN_F64}, AD_BAD_VALUE, "metrics: the label of row 1 (one of its columns) is 2: it must be 0 to 1"},
    {{.task = NN_REGRESSION, .rows = 4, .columns = 1, .targets = zeros}, AD_BAD_VALUE, "metrics: predictions is NULL; a regression needs targets and predictions"},
    {{.task = NN_REGRESSION, .rows = 4, .columns = 1, .targets = infinite, .predictions = zeros, .element = NN_F64}, AD_BAD_VALUE, "metrics: the target of row 2, column 0 is inf: it must be finite"},
    {{.task = NN_REGRESSION, .rows = 4, .columns = 1, .targets = zeros, .predictions = one_nan, .element = NN_F64}, AD_NOT_FINITE, "metrics: the prediction of row 3, column 0 is nan: it must be finite"},
    /* clang-format on */
};

START_TEST(bad_input_is_named)
{
    nn_metrics *m = nn_metrics_open(&bad[_i].outcome, NULL);
    ck_assert_str_eq(nn_metrics_message(m), bad[_i].message);
    ck_assert_int_eq(nn_metrics_status(m), bad[_i].status);
    ck_assert_uint_eq(nn_metrics_count(m), 0);
    ck_assert_ptr_null(nn_metrics_predicted(m));
    ck_assert_str_eq(nn_metrics_figure(m, "accuracy").undefined, "there are no figures: nn_metrics_message says why");
    nn_metrics_close(m);
}
END_TEST

START_TEST(nothing_is_an_outcome_too)
{
    nn_metrics *m = nn_metrics_open(NULL, NULL);
    ck_assert_str_eq(nn_metrics_message(m), "metrics: the outcome is NULL; say what is true and what was predicted");
    nn_metrics_close(m);
    nn_metrics_close(NULL);
    ck_assert_int_eq(nn_metrics_status(NULL), AD_BAD_HANDLE);
    ck_assert_uint_eq(nn_metrics_count(NULL), 0);
    ck_assert_ptr_nonnull(nn_metrics_figure(NULL, "accuracy").undefined);
    ck_assert_str_eq(nn_task_name(NN_LABELS), "several labels");
    ck_assert_str_eq(nn_task_name((nn_task)-1), "unknown task");
}
END_TEST

/* Each request for memory is refused once. */
START_TEST(refused_memory_is_an_error)
{
    const nn_outcome o = four_rows();
    for (size_t k = 1, refused = 1; refused; k++) {
        counting memory;
        counting_open(&memory);
        counting_fail(&memory, k, COUNTING_ONCE);
        nn_metrics *m = nn_metrics_open(&o, &memory.allocator);
        refused = memory.refused;
        ck_assert(!refused || !m || nn_metrics_status(m) == AD_NO_MEMORY);
        ck_assert(refused || !nn_metrics_figure(m, "accuracy").undefined);
        nn_metrics_close(m);
        counting_check_released(&memory);
    }
}
END_TEST

START_TEST(too_many_classes_are_no_memory)
{
    static const int32_t zero[1];
    const nn_outcome o = {.task = NN_CLASSES, .rows = 1, .columns = INT32_MAX, .labels = zero, .predicted = zero};
    counting memory;
    counting_open(&memory);
    memory.limit = 1 << 20;
    nn_metrics *m = nn_metrics_open(&o, &memory.allocator);
    ck_assert_int_eq(nn_metrics_status(m), AD_NO_MEMORY);
    nn_metrics_close(m);
    counting_check_released(&memory);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, the_numbers_are_those_of_scikit_learn);
    tcase_add_test(tests, every_row_of_the_table_has_a_golden_number);
    tcase_add_test(tests, weights_only_count_against_each_other);
    tcase_add_test(tests, weights_may_be_of_any_size);
    tcase_add_test(tests, the_baseline_is_the_most_frequent_class);
    tcase_add_test(tests, targets_and_predictions_have_means);
    tcase_add_test(tests, long_sums_keep_their_digits);
    tcase_add_test(tests, odd_numbers_are_taken_as_they_are);
    tcase_add_test(tests, a_figure_that_is_not_there_says_why);
    tcase_add_test(tests, what_f64_cannot_hold_is_not_defined);
    tcase_add_loop_test(tests, bad_input_is_named, 0, COUNT(bad));
    tcase_add_test(tests, nothing_is_an_outcome_too);
    tcase_add_test(tests, refused_memory_is_an_error);
    tcase_add_test(tests, too_many_classes_are_no_memory);
}

int main(void) { return run_tests("metrics", add_tests); }
