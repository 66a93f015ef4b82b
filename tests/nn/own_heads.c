/* Heads of a user's own: rows in this program that estimators take as they take the library's. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <gradtape/operators.h>

#include "../support/check.h"
#include "../support/models.h"

enum { ROWS = 60 };

static rows_of rows;

/* ---- Counts: Poisson regression by the logarithm of the rate ------------------------------------------------------
 */

static ad_tensor poisson_loss(ad_tensor z, ad_tensor y, const nn_head_options *options)
{
    (void)options;
    return ad_mean_over(ad_poisson_nll(z, y), AD_AXES(1));
}

static ad_tensor poisson_predict(ad_tensor z) { return ad_exp(z); }

static const nn_head_figure of_counts[] = {{"mae", NN_REGRESSION, "mae", 0, 0},
                                           {"second mean", NN_REGRESSION, "prediction_mean_per_target", 1, 2},
                                           {"a ninth", NN_REGRESSION, "label_mean_per_target", 8, 0}};

static const nn_head poisson = {
    .name = "poisson",
    .loss_formula = "exp(z) - y z + log(y!)",
    .prediction_formula = "exp(z)",
    .task = NN_REGRESSION,
    .least = 1,
    .loss = poisson_loss,
    .predict = poisson_predict,
    .figures = of_counts,
    .n_figures = COUNT(of_counts),
};

static void fill_counts(int64_t k)
{
    fill_rows(&rows, &poisson, k, ROWS, 91);
    for (int64_t i = 0; i < ROWS * k; i++)
        rows.targets[i] = floor(exp(0.5 + (double)rows.x[i / k * COLUMNS + i % k]) + 0.5);
}

/* The linear model in plain loops: the gradient of exp(z) - y z by z is exp(z) - y. */
static double plain_poisson_step(double w[COLUMNS + 1], double rate)
{
    double loss = 0, dw[COLUMNS + 1] = {0};
    for (int64_t i = 0; i < ROWS; i++) {
        double z = w[COLUMNS];
        for (int64_t j = 0; j < COLUMNS; j++)
            z += w[j] * (double)rows.x[i * COLUMNS + j];
        loss += (exp(z) - rows.targets[i] * z + lgamma(rows.targets[i] + 1)) / ROWS;
        for (int64_t j = 0; j <= COLUMNS; j++)
            dw[j] += (exp(z) - rows.targets[i]) * (j < COLUMNS ? (double)rows.x[i * COLUMNS + j] : 1) / ROWS;
    }
    for (int64_t j = 0; j <= COLUMNS; j++)
        w[j] -= rate * dw[j];
    return loss;
}

static bool note(const nn_progress *progress, void *context)
{
    ((double *)context)[progress->step - 1] = progress->loss;
    return true;
}

START_TEST(poisson_regression_trains)
{
    enum { STEPS = 40 };
    double losses[STEPS], w[COLUMNS + 1] = {0};
    const nn_regressor_options o = {.optimiser = {.rule = &nn_gradient_descent, .rate = 1e-30}, .seed = 3};
    nn_regressor_options moving = o;
    moving.optimiser.rate = 0.1;
    fill_counts(1);
    const model first = open_model(&poisson, 1, o), m = open_model(&poisson, 1, moving);
    fit_well(first, &rows.data, ROWS, 1);
    for (int64_t j = 0; j < COLUMNS; j++)
        w[j] = (double)ad_f32(model_parameter(first, 0))[j];
    const nn_fit_options fit_options = {.batch_size = ROWS, .steps = STEPS, .callback = note, .context = losses};
    ck_assert_int_eq(model_fit(m, &rows.data, &fit_options), AD_OK);
    for (int step = 0; step < STEPS; step++)
        ck_assert_double_eq_tol(losses[step], plain_poisson_step(w, 0.1), 1e-5);
    ck_assert_double_lt(losses[STEPS - 1], losses[0]);
    ck_assert_ptr_nonnull(strstr(model_settings(m), "head=poisson"));
    close_model(first);
    close_model(m);
}
END_TEST

static double plain_nll(int i, double rate) { return rate - rows.targets[i] * log(rate) + lgamma(rows.targets[i] + 1); }

START_TEST(counts_are_predicted_and_evaluated)
{
    float p[ROWS * 2];
    ad_tensor loss;
    fill_counts(2);
    const model m = open_model(&poisson, 2, (nn_regressor_options){.hidden_units = {4}, .seed = 3});
    fit_well(m, &rows.data, 16, 200);
    ck_assert_int_eq(model_predict(m, &rows.data, p), AD_OK);
    double mean = 0, error = 0, nll = 0;
    for (int i = 0; i < ROWS * 2; i++) {
        ck_assert(p[i] > 0);
        mean += i % 2 ? (double)p[i] / ROWS : 0;
        error += fabs((double)p[i] - rows.targets[i]) / (ROWS * 2);
        nll += plain_nll(i, (double)p[i]) / (ROWS * 2);
    }
    const nn_evaluation e = model_evaluate(m, &rows.data);
    ck_assert_int_eq(e.status, AD_OK);
    ck_assert_double_eq_tol(e.loss, nll, 1e-5);
    ck_assert_double_eq_tol(nn_evaluation_named(&e, "mae").value, error, 1e-6);
    ck_assert_double_eq_tol(nn_evaluation_named(&e, "second mean").value, mean, 1e-6);
    ck_assert_str_eq(nn_evaluation_named(&e, "a ninth").undefined, "the metric has no such element");
    ck_assert_int_eq(model_record(m, &rows.data, 5, &loss), AD_OK);
    ck_assert_double_eq_tol(ad_item(loss), (plain_nll(10, (double)p[10]) + plain_nll(11, (double)p[11])) / 2, 1e-5);
    close_model(m);
}
END_TEST

/* A rate that is infinite in f32 comes of a logit that is not. */
START_TEST(a_prediction_that_is_not_finite)
{
    float p[ROWS];
    fill_counts(1);
    const model m = open_model(&poisson, 1, (nn_regressor_options){.seed = 3});
    fit_well(m, &rows.data, ROWS, 1);
    const uint64_t before = model_hash(m);
    rows.x[7 * COLUMNS] = ad_f32(model_parameter(m, 0))[0] > 0 ? 1e6F : -1e6F;
    ck_assert_int_eq(model_predict(m, &rows.data, p), AD_NOT_FINITE);
    ck_assert_str_eq(model_message(m), "predict: row 7: the prediction of the head poisson is infinite");
    ck_assert_int_eq(model_clear(m), AD_NOT_FINITE);
    const nn_evaluation e = model_evaluate(m, &rows.data);
    ck_assert(e.status == AD_NOT_FINITE && e.n_figures == 0);
    ck_assert_uint_eq(model_hash(m), before);
    close_model(m);
}
END_TEST

/* ---- Classes ----------------------------------------------------------------------------------------------------- */

/* The probabilities fall with the logits: softmax(-z). */
static ad_tensor falling_loss(ad_tensor z, ad_tensor y, const nn_head_options *options)
{
    (void)options;
    return ad_softmax_cross_entropy(ad_neg(z), y);
}

static ad_tensor falling_predict(ad_tensor z) { return ad_softmax(ad_neg(z), 1); }

static const nn_head_figure of_two[] = {{"auc", NN_SCORES, "roc_auc", 0, 2}};

static const nn_head falling = {
    .name = "falling",
    .task = NN_CLASSES,
    .least = 1,
    .loss = falling_loss,
    .predict = falling_predict,
    .figures = of_two,
    .n_figures = 1,
};

/* What is called is what is most probable, and not what has the largest logit. */
START_TEST(classes_are_called_by_their_probabilities)
{
    const int64_t k = _i;
    float p[ROWS * 3];
    int32_t labels[ROWS];
    fill_rows(&rows, &falling, k, ROWS, 92);
    for (int i = 0; i < ROWS; i++)
        rows.labels[i] = (int32_t)(rows.labels[i] % k);
    const model m = open_model(&falling, k, (nn_regressor_options){.hidden_units = {5}, .seed = 3});
    fit_well(m, &rows.data, 16, 100);
    ck_assert_int_eq(model_predict(m, &rows.data, p), AD_OK);
    ck_assert_int_eq(nn_classifier_predict(m.c, &rows.data, labels), AD_OK);
    int right = 0;
    for (int i = 0; i < ROWS; i++) {
        int32_t best = 0;
        for (int32_t j = 1; j < k; j++)
            best = p[i * k + j] > p[i * k + best] ? j : best;
        ck_assert_int_eq(labels[i], best);
        right += best == rows.labels[i];
    }
    const nn_evaluation e = model_evaluate(m, &rows.data);
    ck_assert_msg(e.status == AD_OK, "%s", model_message(m));
    ck_assert_double_eq_tol(e.accuracy, (double)right / ROWS, 1e-12);
    ck_assert_double_gt(e.accuracy, 0.7);
    ck_assert_uint_eq(e.n_figures, k == 2);
    close_model(m);
}
END_TEST

/* ---- Heads with missing or wrong parts --------------------------------------------------------------------------- */

static int64_t no_outputs(int64_t k) { return k - 2; }

static void expect_refused(nn_head head, int64_t k, const char *why)
{
    static float p[ROWS];
    const model m = open_model(&head, k, (nn_regressor_options){.seed = 3});
    ck_assert_str_eq(model_message(m), why);
    ck_assert_int_eq(model_fit(m, &rows.data, NULL), AD_BAD_VALUE);
    ck_assert_int_eq(model_predict(m, &rows.data, p), AD_BAD_VALUE);
    ck_assert_int_eq(model_evaluate(m, &rows.data).status, AD_BAD_VALUE);
    ck_assert_str_eq(model_settings(m), "");
    close_model(m);
}

static nn_head without(nn_head head, int member)
{
    head.name = member == 0 ? NULL : head.name;
    head.loss = member == 1 ? NULL : head.loss;
    head.predict = member == 2 ? NULL : head.predict;
    return head;
}

START_TEST(heads_with_missing_parts_are_refused)
{
    const nn_head of[] = {falling, poisson};
    const char *nouns[] = {"classifier", "regressor"}, *parts[] = {"name", "loss", "predict"};
    char why[200];
    fill_counts(2);
    for (int i = 0; i < 2; i++)
        for (int member = 0; member < 3; member++) {
            snprintf(why, sizeof why, "%s: the head %s has no %s: fill that member in", nouns[i],
                     member ? of[i].name : "without a name", parts[member]);
            expect_refused(without(of[i], member), 2, why);
        }
    nn_head head = falling;
    head.outputs = no_outputs;
    expect_refused(head, 2, "classifier: the head falling asks for 0 logits: its outputs must give 1 or more");
    head = falling;
    head.figures = NULL;
    expect_refused(head, 2, "classifier: the head falling has 1 figures at NULL: it must be an array of at most 12");
    head = falling;
    head.n_figures = 13;
    expect_refused(head, 2, "classifier: the head falling has 13 figures: it must be an array of at most 12");
    head = falling;
    head.least = head.most = 3;
    expect_refused(head, 2, "classifier: n_classes is 2: it must be 3 to 3 for the head falling");
    head.least = 0;
    expect_refused(head, 4, "classifier: n_classes is 4: it must be 1 to 3 for the head falling");
    head = poisson;
    head.most = 1;
    expect_refused(head, 2, "regressor: n_targets is 2: it must be 1 to 1 for the head poisson");
}
END_TEST

START_TEST(wrong_figures_are_refused)
{
    static const nn_head_figure wrong[] = {
        {NULL, NN_CLASSES, "accuracy", 0, 0}, {"a", NN_CLASSES, NULL, 0, 0},     {"a", NN_CLASSES, "accuracies", 0, 0},
        {"a", NN_REGRESSION, "mse", 0, 0},    {"a", NN_SCORES, "roc_auc", 0, 0}, {"a", NN_CLASSES, "mse", 0, 0},
        {"a", (nn_task)-1, "accuracy", 0, 0},
    };
    fill_counts(2);
    for (int i = 0; i < COUNT(wrong); i++) {
        const nn_head_figure figures[] = {of_two[0], wrong[i]};
        nn_head head = falling;
        head.figures = figures;
        head.n_figures = 2;
        expect_refused(head, 2,
                       "classifier: figure 1 of the head falling is none: it must have a name, and a metric of its "
                       "task, or of scores for k = 2");
    }
    nn_head head = poisson;
    head.figures = of_two;
    head.n_figures = 1;
    expect_refused(head, 2,
                   "regressor: figure 0 of the head poisson is none: it must have a name, and a metric of its task");
}
END_TEST

START_TEST(heads_of_the_other_kind_are_refused)
{
    nn_head head = falling;
    const nn_head *const numbers[] = {&nn_head_squared, &nn_head_absolute, &nn_head_huber, &poisson};
    const nn_head *const classes[] = {&nn_head_softmax, &nn_head_one_logit, &nn_head_independent, &falling};
    for (int i = 0; i < COUNT(numbers); i++) {
        const model m = open_classifier((nn_classifier_options){.n_classes = 2, .head = numbers[i]});
        ck_assert_str_eq(model_message(m), "classifier: its head tells no classes: use nn_head_softmax, "
                                           "nn_head_one_logit or nn_head_independent");
        close_model(m);
        nn_regressor *r =
            nn_regressor_open(&(nn_regressor_options){.head = classes[i], .allocator = &memory.allocator});
        ck_assert_str_eq(nn_regressor_message(r),
                         "regressor: its head tells no numbers: use nn_head_squared or another of regression");
        nn_regressor_close(r);
    }
    head.task = NN_SCORES;
    expect_refused(head, 2,
                   "classifier: its head tells no classes: use nn_head_softmax, nn_head_one_logit or "
                   "nn_head_independent");
    head.task = NN_TASK_COUNT;
    expect_refused(head, 2,
                   "classifier: its head tells no classes: use nn_head_softmax, nn_head_one_logit or "
                   "nn_head_independent");
}
END_TEST

/* ---- Heads that give something else ------------------------------------------------------------------------------ */

static ad_tape *other_tape;

static ad_tensor give_scalar(ad_tensor z, ad_tensor y, const nn_head_options *o)
{
    return ad_mean(falling_loss(z, y, o));
}
static ad_tensor give_matrix(ad_tensor z, ad_tensor y, const nn_head_options *o)
{
    (void)y, (void)o;
    return ad_neg(z);
}
static ad_tensor give_wide(ad_tensor z, ad_tensor y, const nn_head_options *o)
{
    return ad_cast(falling_loss(z, y, o), AD_F64);
}
static ad_tensor give_nothing(ad_tensor z, ad_tensor y, const nn_head_options *o)
{
    (void)z, (void)y, (void)o;
    return (ad_tensor){0};
}
static ad_tensor give_other(ad_tensor z, ad_tensor y, const nn_head_options *o)
{
    (void)y, (void)o;
    return ad_zeros(other_tape, AD_F32, AD_SHAPE(ad_shape_of(z).dims[0]));
}

static ad_tensor predict_row(ad_tensor z) { return ad_mean_over(z, AD_AXES(1)); }
static ad_tensor predict_wide(ad_tensor z) { return ad_concat((const ad_tensor[]){z, z}, 2, 1); }
static ad_tensor predict_nothing(ad_tensor z)
{
    (void)z;
    return (ad_tensor){0};
}
static ad_tensor predict_f64(ad_tensor z) { return ad_cast(z, AD_F64); }

static void expect_failure(model m, ad_status got, ad_status status, const char *why)
{
    ck_assert_int_eq(got, status);
    ck_assert_str_eq(model_message(m), why);
    ck_assert_int_eq(model_clear(m), status);
}

START_TEST(losses_of_another_shape_are_refused)
{
    static const struct {
        ad_tensor (*loss)(ad_tensor z, ad_tensor y, const nn_head_options *options);
        ad_status status;
        const char *why;
    } cases[] = {
        {give_scalar, AD_BAD_SHAPE, "fit: falling: its loss gave f32 []: it must give f32 [16]"},
        {give_matrix, AD_BAD_SHAPE, "fit: falling: its loss gave f32 [16,2]: it must give f32 [16]"},
        {give_wide, AD_BAD_TYPE, "fit: falling: its loss gave f64 [16]: it must give f32 [16]"},
        {give_nothing, AD_BAD_HANDLE, "fit: falling: its loss gave no tensor of the tape of z"},
        {give_other, AD_BAD_HANDLE, "fit: falling: its loss gave no tensor of the tape of z"},
    };
    other_tape = ad_tape_open(NULL);
    fill_rows(&rows, &falling, 2, ROWS, 93);
    for (int weighted = 0; weighted < 2; weighted++)
        for (int i = 0; i < COUNT(cases); i++) {
            nn_head head = falling;
            head.loss = cases[i].loss;
            rows.data.weights = weighted ? rows.weights : NULL;
            const model m = open_model(&head, 2, (nn_regressor_options){.seed = 3});
            expect_failure(m, model_fit(m, &rows.data, &(nn_fit_options){.batch_size = 16}), cases[i].status,
                           cases[i].why);
            close_model(m);
        }
    ad_tape_close(other_tape);
}
END_TEST

START_TEST(predictions_of_another_shape_are_refused)
{
    static const struct {
        ad_tensor (*predict)(ad_tensor z);
        ad_status status;
        const char *why;
    } cases[] = {
        {predict_row, AD_BAD_SHAPE, "falling: its predict gave f32 [60]: it must give f32 [60,2]"},
        {predict_wide, AD_BAD_SHAPE, "falling: its predict gave f32 [60,4]: it must give f32 [60,2]"},
        {predict_f64, AD_BAD_TYPE, "falling: its predict gave f64 [60,2]: it must give f32 [60,2]"},
        {predict_nothing, AD_BAD_HANDLE, "falling: its predict gave no tensor of the tape of z"},
    };
    float p[ROWS * 4];
    int32_t labels[ROWS];
    char why[200];
    fill_rows(&rows, &falling, 2, ROWS, 93);
    for (int i = 0; i < COUNT(cases); i++) {
        nn_head head = falling;
        head.predict = cases[i].predict;
        const model m = open_model(&head, 2, (nn_regressor_options){.seed = 3});
        fit_well(m, &rows.data, 16, 2);
        static const char *const names[] = {"predict_proba", "predict", "evaluate"};
        for (int call = 0; call < 3; call++) {
            snprintf(why, sizeof why, "%s: %s", names[call], cases[i].why);
            expect_failure(m,
                           call == 0   ? model_predict(m, &rows.data, p)
                           : call == 1 ? nn_classifier_predict(m.c, &rows.data, labels)
                                       : model_evaluate(m, &rows.data).status,
                           cases[i].status, why);
        }
        ck_assert_int_eq(nn_classifier_logits(m.c, &rows.data, p), AD_OK);
        fit_well(m, &rows.data, 16, 2);
        close_model(m);
    }
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, open_clouds, close_clouds);
    tcase_add_test(tests, poisson_regression_trains);
    tcase_add_test(tests, counts_are_predicted_and_evaluated);
    tcase_add_test(tests, a_prediction_that_is_not_finite);
    tcase_add_loop_test(tests, classes_are_called_by_their_probabilities, 1, 4);
    tcase_add_test(tests, heads_with_missing_parts_are_refused);
    tcase_add_test(tests, wrong_figures_are_refused);
    tcase_add_test(tests, heads_of_the_other_kind_are_refused);
    tcase_add_test(tests, losses_of_another_shape_are_refused);
    tcase_add_test(tests, predictions_of_another_shape_are_refused);
}

int main(void) { return run_tests("own_heads", add_tests); }
