/* Figures of evaluations: against scikit-learn, against nn_metrics on predictions, and where they are not defined. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/check.h"
#include "../support/json_reader.h"
#include "../support/models.h"

enum { ROWS = 50 };

static rows_of rows;

static void expect_figure(const nn_evaluation *e, const char *name, double value, double tolerance)
{
    const nn_evaluation_figure f = nn_evaluation_named(e, name);
    ck_assert_str_eq(f.name, name);
    ck_assert_msg(!f.undefined, "%s is not defined: %s", name, f.undefined);
    ck_assert_msg(fabs(f.value - value) <= tolerance, "%s is %.17g instead of %.17g", name, f.value, value);
}

static void expect_undefined(const nn_evaluation *e, const char *name, const char *why)
{
    const nn_evaluation_figure f = nn_evaluation_named(e, name);
    ck_assert_msg(f.undefined && strstr(f.undefined, why), "%s: '%s' is missing in: %s", name, why,
                  f.undefined ? f.undefined : "(it is defined)");
    ck_assert_double_eq(f.value, 0);
}

/* ---- Against scikit-learn ---------------------------------------------------------------------------------------- */

static void read_floats(const json *of, const char *key, float *out)
{
    for (const json *x = json_in(of, key)->first; x; x = x->next)
        *out++ = (float)json_number(x);
}

/* What is true of each row. Returns how many numbers that are. */
static int read_truth(const json *of)
{
    int n = 0;
    for (const json *x = json_in(of, "true")->first; x; x = x->next, n++) {
        rows.targets[n] = json_number(x);
        rows.labels[n] = (int32_t)json_number(x);
    }
    return n;
}

static void read_case(const json *of)
{
    int n = 0;
    const nn_head *head = nn_head_named(json_text(json_in(of, "head")));
    const int64_t k = (int64_t)json_number(json_in(of, "outputs"));
    fill_rows(&rows, head, k, (int64_t)json_number(json_in(of, "n")), 1);
    rows.data.columns = 3;
    read_floats(of, "x", rows.x);
    read_truth(of);
    for (const json *x = json_in(of, "weights")->first; x; x = x->next)
        rows.weights[n++] = json_number(x);
    rows.data.weights = n ? rows.weights : NULL;
}

/* A linear estimator with the parameters of the case. */
static model open_case(const json *of)
{
    float w[9], b[3];
    const nn_head *head = nn_head_named(json_text(json_in(of, "head")));
    const int64_t k = (int64_t)json_number(json_in(of, "outputs"));
    const model m = open_model(head, head == &nn_head_one_logit ? 2 : k, (nn_regressor_options){.seed = 1});
    fit_well(m, &rows.data, 0, 1);
    read_floats(of, "w", w);
    read_floats(of, "b", b);
    ck_assert_int_eq(ad_assign(model_parameter(m, 0), w), AD_OK);
    ck_assert_int_eq(ad_assign(model_parameter(m, 1), b), AD_OK);
    return m;
}

enum { CASES = 8 };

START_TEST(figures_are_those_of_scikit_learn)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/evaluations.json", getenv("GRADTAPE_GOLDEN_DIR"));
    json *all = json_read_file(path);
    ck_assert_int_eq(json_in(all, "cases")->n, CASES);
    const json *of = json_at(json_in(all, "cases"), _i);
    read_case(of);
    const model m = open_case(of);
    const nn_evaluation e = model_evaluate(m, &rows.data);
    ck_assert_msg(e.status == AD_OK, "%s", model_message(m));
    for (const json *x = json_in(of, "figures")->first; x; x = x->next)
        expect_figure(&e, x->key, json_number(x), 1e-6);
    /* All figures are there, beside accuracy and loss, and a regression has no accuracy. */
    ck_assert_int_eq((int)e.n_figures, json_in(of, "figures")->n - (m.c ? 2 : 1));
    close_model(m);
    json_free(all);
}
END_TEST

/* ---- Against metrics on predictions ------------------------------------------------------------------------------ */

/* The same figures, computed in f64 from what the estimator predicts. */
static void expect_metrics(const nn_evaluation *e, const nn_outcome *outcome, const char *const names[][2], int n)
{
    nn_metrics *metrics = nn_metrics_open(outcome, NULL);
    ck_assert_msg(nn_metrics_status(metrics) == AD_OK, "%s", nn_metrics_message(metrics));
    for (int i = 0; i < n; i++) {
        const nn_figure f = nn_metrics_figure(metrics, names[i][1]);
        ck_assert_msg(!f.undefined, "%s: %s", names[i][1], f.undefined);
        const double value = f.count == 2 ? f.values[1] : f.value;
        expect_figure(e, names[i][0], value, 1e-15 * fabs(value));
    }
    nn_metrics_close(metrics);
}

START_TEST(figures_of_two_classes)
{
    static const char *const of_classes[][2] = {{"accuracy", "accuracy"},
                                                {"accuracy_baseline", "accuracy_baseline"},
                                                {"precision", "precision_per_class"},
                                                {"recall", "recall_per_class"},
                                                {"prediction/mean", "prediction_mean"},
                                                {"label/mean", "label_mean"}};
    static const char *const of_scores[][2] = {{"auc", "roc_auc"}, {"average_precision", "average_precision"}};
    const nn_head *head = _i % 2 ? &nn_head_one_logit : &nn_head_softmax;
    const model m = open_model(head, 2, (nn_regressor_options){.hidden_units = {4}, .seed = 5});
    float p[ROWS * 2], scores[ROWS];
    fill_rows(&rows, head, 2, ROWS, 61);
    rows.data.weights = _i / 2 ? rows.weights : NULL;
    fit_well(m, &rows.data, 10, 60);
    ck_assert_int_eq(model_predict(m, &rows.data, p), AD_OK);
    for (int i = 0; i < ROWS; i++)
        scores[i] = p[2 * i + 1];
    const nn_evaluation e = model_evaluate(m, &rows.data);
    ck_assert_uint_eq(e.n_figures, 7);
    nn_outcome outcome = {.task = NN_CLASSES,
                          .rows = ROWS,
                          .columns = 2,
                          .labels = rows.labels,
                          .probabilities = p,
                          .weights = rows.data.weights};
    expect_metrics(&e, &outcome, of_classes, COUNT(of_classes));
    outcome.task = NN_SCORES;
    outcome.scores = scores;
    expect_metrics(&e, &outcome, of_scores, COUNT(of_scores));
    close_model(m);
}
END_TEST

START_TEST(figures_of_labels_and_of_numbers)
{
    static const char *const of_labels[][2] = {{"accuracy", "subset_accuracy"},  {"subset_accuracy", "subset_accuracy"},
                                               {"hamming_loss", "hamming_loss"}, {"precision_micro", "precision_micro"},
                                               {"recall_micro", "recall_micro"}, {"f1_micro", "f1_micro"},
                                               {"f1_macro", "f1_macro"}};
    static const char *const of_numbers[][2] = {{"mse", "mse"}, {"mae", "mae"}, {"rmse", "rmse"}, {"r2", "r2_uniform"}};
    const nn_head *head = _i % 2 ? &nn_head_independent : &nn_head_huber;
    const model m = open_model(head, 3, (nn_regressor_options){.hidden_units = {4}, .seed = 5});
    float p[ROWS * 3];
    double wide[ROWS * 3];
    fill_rows(&rows, head, 3, ROWS, 62);
    rows.data.weights = _i / 2 ? rows.weights : NULL;
    fit_well(m, &rows.data, 10, 60);
    ck_assert_int_eq(model_predict(m, &rows.data, p), AD_OK);
    for (int i = 0; i < ROWS * 3; i++)
        wide[i] = (double)p[i];
    const nn_evaluation e = model_evaluate(m, &rows.data);
    const nn_outcome outcome = {.task = head->task,
                                .rows = ROWS,
                                .columns = 3,
                                .labels = rows.labels,
                                .targets = rows.targets,
                                .probabilities = wide,
                                .predictions = wide,
                                .element = NN_F64,
                                .weights = rows.data.weights};
    if (_i % 2)
        expect_metrics(&e, &outcome, of_labels, COUNT(of_labels));
    else
        expect_metrics(&e, &outcome, of_numbers, COUNT(of_numbers));
    ck_assert_uint_eq(e.n_figures, _i % 2 ? 6 : 4);
    close_model(m);
}
END_TEST

/* More than two classes have accuracy and loss alone. */
START_TEST(many_classes_have_no_figures)
{
    const model m = open_model(&nn_head_softmax, 3, (nn_regressor_options){.seed = 5});
    fill_rows(&rows, &nn_head_softmax, 3, ROWS, 63);
    fit_well(m, &rows.data, 10, 20);
    const nn_evaluation e = model_evaluate(m, &rows.data);
    ck_assert_uint_eq(e.n_figures, 0);
    expect_figure(&e, "accuracy", e.accuracy, 0);
    expect_undefined(&e, "auc", "the evaluation has no figure of this name");
    close_model(m);
}
END_TEST

/* Probabilities that are 1 in f32 still have an order: a model that is surer still has its rows in it. */
START_TEST(saturated_probabilities_keep_their_order)
{
    const nn_head *head = _i ? &nn_head_one_logit : &nn_head_softmax;
    const model m = open_model(head, 2, (nn_regressor_options){.seed = 5});
    const float w[] = {-20, 20}, zero[8] = {0}, one[] = {40};
    fill_rows(&rows, head, 2, 4, 64);
    rows.data.columns = 1;
    for (int i = 0; i < 4; i++) {
        rows.x[i] = (float)(i + 1) / 2; /* logits from 20 to 80 apart */
        rows.labels[i] = i >= 2;
    }
    fit_well(m, &rows.data, 0, 1);
    ck_assert_int_eq(ad_assign(model_parameter(m, 0), _i ? one : w), AD_OK);
    ck_assert_int_eq(ad_assign(model_parameter(m, 1), zero), AD_OK);
    const nn_evaluation e = model_evaluate(m, &rows.data);
    expect_figure(&e, "auc", 1, 0);
    expect_figure(&e, "average_precision", 1, 0);
    close_model(m);
}
END_TEST

/* ---- Not defined ------------------------------------------------------------------------------------------------- */

/* Rows of one class, by their labels or because others have the weight 0. */
START_TEST(one_class_alone)
{
    const nn_head *head = _i & 1 ? &nn_head_one_logit : &nn_head_softmax;
    const int32_t class = _i >> 1 & 1;
    const model m = open_model(head, 2, (nn_regressor_options){.seed = 5});
    fill_rows(&rows, head, 2, ROWS, 65);
    fit_well(m, &rows.data, 10, 20);
    for (int i = 0; i < ROWS; i++) {
        rows.weights[i] = rows.labels[i] == class;
        rows.labels[i] = _i >> 2 ? rows.labels[i] : class;
    }
    rows.data.weights = _i >> 2 ? rows.weights : NULL;
    const nn_evaluation e = model_evaluate(m, &rows.data);
    ck_assert_int_eq(e.status, AD_OK);
    ck_assert_uint_eq(e.n_figures, 7);
    expect_undefined(&e, "auc", class ? "there is no negative row" : "there is no positive row");
    expect_figure(&e, "accuracy_baseline", 1, 0);
    expect_figure(&e, "label/mean", class, 0);
    expect_figure(&e, "average_precision", class, 0);
    expect_figure(&e, "recall", class ? e.accuracy : 0, 1e-12);
    close_model(m);
}
END_TEST

START_TEST(class_1_is_never_called)
{
    const model m = open_model(&nn_head_one_logit, 2, (nn_regressor_options){.seed = 5});
    const float zeros[COLUMNS] = {0}, low[] = {-5};
    fill_rows(&rows, &nn_head_one_logit, 2, ROWS, 66);
    fit_well(m, &rows.data, 10, 1);
    ck_assert_int_eq(ad_assign(model_parameter(m, 0), zeros), AD_OK);
    ck_assert_int_eq(ad_assign(model_parameter(m, 1), low), AD_OK);
    const nn_evaluation e = model_evaluate(m, &rows.data);
    expect_figure(&e, "precision", 0, 0);
    expect_figure(&e, "recall", 0, 0);
    expect_figure(&e, "auc", 0.5, 0); /* all are equal */
    expect_figure(&e, "accuracy", 1 - nn_evaluation_named(&e, "label/mean").value, 1e-12);
    close_model(m);
}
END_TEST

START_TEST(one_row_has_no_r2)
{
    const model m = open_model(&nn_head_squared, 1, (nn_regressor_options){.seed = 5});
    fill_rows(&rows, &nn_head_squared, 1, ROWS, 67);
    fit_well(m, &rows.data, 10, 5);
    rows.data.rows = 1;
    const nn_evaluation e = model_evaluate(m, &rows.data);
    ck_assert_int_eq(e.status, AD_OK);
    expect_undefined(&e, "r2", "fewer than 2 rows");
    expect_figure(&e, "label/mean", rows.targets[0], 0);
    expect_figure(&e, "mse", e.loss, 1e-5 * e.loss);
    close_model(m);
}
END_TEST

/* ---- By name, and after failures --------------------------------------------------------------------------------- */

START_TEST(figures_by_name)
{
    const model m = open_model(&nn_head_softmax, 2, (nn_regressor_options){.seed = 5});
    fill_rows(&rows, &nn_head_softmax, 2, ROWS, 68);
    fit_well(m, &rows.data, 10, 7);
    const nn_evaluation e = model_evaluate(m, &rows.data);
    expect_figure(&e, "accuracy", e.accuracy, 0);
    expect_figure(&e, "loss", e.loss, 0);
    expect_figure(&e, "global_step", 7, 0);
    for (size_t i = 0; i < e.n_figures; i++)
        expect_figure(&e, e.figures[i].name, e.figures[i].value, 0);
    static const char *const unknown[] = {"", "AUC", "auc ", "accurac", "mse"};
    for (int i = 0; i < COUNT(unknown); i++)
        expect_undefined(&e, unknown[i], "the evaluation has no figure of this name");
    ck_assert_ptr_nonnull(nn_evaluation_named(&e, NULL).undefined);
    ck_assert_ptr_nonnull(nn_evaluation_named(NULL, "auc").undefined);
    ck_assert_ptr_nonnull(nn_evaluation_named(NULL, NULL).undefined);
    close_model(m);
    const model r = open_model(&nn_head_squared, 1, (nn_regressor_options){.seed = 5});
    fill_rows(&rows, &nn_head_squared, 1, ROWS, 68);
    fit_well(r, &rows.data, 10, 7);
    const nn_evaluation of_numbers = model_evaluate(r, &rows.data);
    ck_assert(isnan(of_numbers.accuracy));
    expect_undefined(&of_numbers, "accuracy", "numbers are not right or wrong");
    close_model(r);
}
END_TEST

static void expect_none(const nn_evaluation *e, ad_status status)
{
    ck_assert_int_eq(e->status, status);
    ck_assert(isnan(e->accuracy) && isnan(e->loss));
    ck_assert_int_eq(e->global_step, -1);
    ck_assert_uint_eq(e->n_figures, 0);
    static const char *const names[] = {"accuracy", "loss", "global_step", "auc", "mse"};
    for (int i = 0; i < COUNT(names); i++)
        expect_undefined(e, names[i], "there is no evaluation, or it failed");
}

START_TEST(an_evaluation_that_failed_has_nothing)
{
    const nn_head *head = _i ? &nn_head_squared : &nn_head_softmax;
    const model m = open_model(head, _i ? 1 : 2, (nn_regressor_options){.seed = 5});
    fill_rows(&rows, head, _i ? 1 : 2, ROWS, 69);
    nn_evaluation e = model_evaluate(m, &rows.data);
    expect_none(&e, AD_BAD_STATE);
    fit_well(m, &rows.data, 10, 7);
    e = model_evaluate(m, NULL);
    expect_none(&e, AD_BAD_VALUE);
    nn_data none = {.features = rows.x, .rows = ROWS, .columns = COLUMNS};
    e = model_evaluate(m, &none);
    expect_none(&e, AD_BAD_VALUE);
    rows.x[5] = 3e38F; /* a logit overflows */
    rows.x[4] = rows.x[6] = rows.x[7] = -3e38F;
    float large[COLUMNS];
    for (int64_t j = 0; j < COLUMNS; j++)
        large[j] = 1e30F;
    ck_assert_int_eq(model_clear(m), AD_BAD_STATE);
    if (_i)
        ck_assert_int_eq(ad_assign(model_parameter(m, 0), large), AD_OK);
    e = model_evaluate(m, &rows.data);
    if (_i)
        expect_none(&e, AD_NOT_FINITE);
    e = m.c ? nn_classifier_evaluate(NULL, &rows.data) : nn_regressor_evaluate(NULL, &rows.data);
    expect_none(&e, AD_BAD_HANDLE);
    close_model(m);
}
END_TEST

/* Logits that are far apart keep the order of rows whose probabilities are all 0 or 1. */
START_TEST(auc_of_large_logits)
{
    const float x[6] = {-3, -2, -1, 1, 2, 3};
    float wide[6];
    const int32_t labels[6] = {0, 0, 1, 0, 1, 1};
    for (int i = 0; i < 6; i++)
        wide[i] = 1000 * x[i];
    for (int i = 0; i < 2; i++) {
        nn_classifier *c = nn_classifier_open(
            &(nn_classifier_options){.n_classes = 2, .head = i ? &nn_head_one_logit : &nn_head_softmax});
        nn_data data = {.features = x, .rows = 6, .columns = 1, .labels = labels};
        ck_assert_int_eq(nn_classifier_fit(c, &data, &(nn_fit_options){.steps = 300}), AD_OK);
        data.features = wide;
        const nn_evaluation e = nn_classifier_evaluate(c, &data);
        ck_assert_double_eq_tol(nn_evaluation_named(&e, "auc").value, 8. / 9, 1e-12);
        nn_classifier_close(c);
    }
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, auc_of_large_logits);
    tcase_add_checked_fixture(tests, open_clouds, close_clouds);
    tcase_add_loop_test(tests, figures_are_those_of_scikit_learn, 0, CASES);
    tcase_add_loop_test(tests, figures_of_two_classes, 0, 4);
    tcase_add_loop_test(tests, figures_of_labels_and_of_numbers, 0, 4);
    tcase_add_test(tests, many_classes_have_no_figures);
    tcase_add_loop_test(tests, saturated_probabilities_keep_their_order, 0, 2);
    tcase_add_loop_test(tests, one_class_alone, 0, 8);
    tcase_add_test(tests, class_1_is_never_called);
    tcase_add_test(tests, one_row_has_no_r2);
    tcase_add_test(tests, figures_by_name);
    tcase_add_loop_test(tests, an_evaluation_that_failed_has_nothing, 0, 2);
}

int main(void) { return run_tests("evaluation", add_tests); }
