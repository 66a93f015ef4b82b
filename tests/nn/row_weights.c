/* How much rows count: weights of rows and of classes are as good as rows that are there so many times. */
#include <math.h>
#include <string.h>

#include "../support/check.h"
#include "../support/models.h"

enum { ROWS = 30, STEPS = 12 };

static const struct {
    const nn_head *head;
    int64_t k;
} heads[] = {{&nn_head_softmax, 3}, {&nn_head_softmax, 2}, {&nn_head_one_logit, 2}, {&nn_head_independent, 3},
             {&nn_head_squared, 1}, {&nn_head_huber, 3},   {&nn_head_absolute, 1}};

static rows_of rows, others;

static model open_head(int i)
{
    const nn_regressor_options o = {.hidden_units = {5}, .activation = AD_TANH, .seed = 4};
    return open_model(heads[i].head, heads[i].k, o);
}

static int64_t width_of(int i) { return heads[i].head->task == NN_CLASSES ? 1 : heads[i].k; }

/* Other rows: each row so many times. */
static void repeat_rows(int head, const int times[ROWS])
{
    int64_t n = 0;
    fill_rows(&others, heads[head].head, heads[head].k, 1, 1);
    for (int64_t i = 0; i < ROWS; i++)
        for (int again = 0; again < times[i]; again++)
            copy_row(&others, n++, &rows, i, width_of(head));
    others.data.rows = n;
}

/* Both have the same parameters and slots to within so much. */
static void expect_close_models(model a, model b, double tolerance)
{
    ad_tape *one = model_parameter(a, 0).tape, *other = model_parameter(b, 0).tape;
    ck_assert_uint_eq(ad_kept_count(one), ad_kept_count(other));
    for (size_t i = 0; i < ad_kept_count(one); i++) {
        const ad_tensor x = ad_kept_at(one, i), y = ad_kept_at(other, i);
        for (size_t j = 0; j < ad_size_of(x); j++)
            ck_assert_msg(fabs((double)ad_f32(x)[j] - (double)ad_f32(y)[j]) <= tolerance, "%s[%zu] is %.9g and %.9g",
                          ad_name_of(x), j, (double)ad_f32(x)[j], (double)ad_f32(y)[j]);
    }
}

/* Trains on all rows at once with weights, and on rows that are there so many times; both must be the same. */
static void compare_with_repeated(int head, const int times[ROWS])
{
    for (int i = 0; i < ROWS; i++)
        rows.weights[i] = times[i];
    rows.data.weights = rows.weights;
    repeat_rows(head, times);
    const model a = open_head(head), b = open_head(head);
    fit_well(a, &rows.data, ROWS, STEPS);
    fit_well(b, &others.data, others.data.rows, STEPS);
    expect_close_models(a, b, 1e-5);
    close_model(a);
    close_model(b);
}

START_TEST(a_weight_is_a_number_of_rows)
{
    int times[ROWS];
    fill_rows(&rows, heads[_i].head, heads[_i].k, ROWS, 31);
    for (int most = 2; most <= 4; most++) {
        for (int i = 0; i < ROWS; i++)
            times[i] = i % most; /* some rows are absent */
        compare_with_repeated(_i, times);
    }
}
END_TEST

/* A factor that is a power of two changes no bit, and any other one only the rounding. */
START_TEST(a_common_factor_changes_nothing)
{
    static const double factors[] = {1024, 0x1p-120, 0x1p120, 3, 1e-37, 1e37};
    fill_rows(&rows, heads[_i].head, heads[_i].k, ROWS, 32);
    rows.data.weights = rows.weights;
    const model plain = open_head(_i);
    fit_well(plain, &rows.data, 7, STEPS);
    const double loss = model_evaluate(plain, &rows.data).loss;
    for (int f = 0; f < COUNT(factors); f++) {
        const model m = open_head(_i);
        for (int i = 0; i < ROWS; i++)
            rows.weights[i] = factors[f] * (i % 5) / 2;
        fit_well(m, &rows.data, 7, STEPS);
        expect_close_models(plain, m, f < 3 ? 0 : 1e-5);
        ck_assert_double_eq_tol(model_evaluate(m, &rows.data).loss, loss, 1e-5);
        close_model(m);
    }
    close_model(plain);
}
END_TEST

/* Weights that are all the same are none. */
START_TEST(equal_weights_are_none)
{
    fill_rows(&rows, heads[_i].head, heads[_i].k, ROWS, 33);
    const model plain = open_head(_i), m = open_head(_i);
    fit_well(plain, &rows.data, 7, STEPS);
    for (int i = 0; i < ROWS; i++)
        rows.weights[i] = 0.3;
    rows.data.weights = rows.weights;
    fit_well(m, &rows.data, 7, STEPS);
    expect_close_models(plain, m, 1e-5);
    close_model(plain);
    close_model(m);
}
END_TEST

/* ---- Batches that do not count ----------------------------------------------------------------------------------- */

typedef struct watch {
    model m;
    uint64_t before;
    int64_t steps, still; /* all, and those that changed nothing */
} watch;

static bool watch_step(const nn_progress *progress, void *context)
{
    watch *w = context;
    const uint64_t now = model_hash(w->m);
    w->steps++;
    ck_assert_int_eq(progress->step, w->steps);
    if (w->steps > 1 && now == w->before) {
        w->still++;
        ck_assert_double_eq(progress->loss, 0);
    }
    w->before = now;
    return true;
}

/* One row of eight counts: of four batches of an epoch three count nothing. Not even a decay or a running mean moves.
 */
START_TEST(a_batch_that_does_not_count_changes_nothing)
{
    const nn_layer layers[] = {NN_DENSE(.units = 4), NN_BATCH_NORM(.momentum = 0.1), NN_DROPOUT(0.2)};
    const nn_regressor_options o = {.layers = NN_LAYERS(layers), .optimiser = {.decay = 0.1}, .seed = 2};
    fill_rows(&rows, heads[_i].head, heads[_i].k, 8, 34);
    for (int i = 0; i < 8; i++)
        rows.weights[i] = i == 5;
    rows.data.weights = rows.weights;
    watch w = {.m = open_model(heads[_i].head, heads[_i].k, o)};
    const nn_fit_options fit_options = {.batch_size = 2, .steps = 20, .callback = watch_step, .context = &w};
    ck_assert_msg(model_fit(w.m, &rows.data, &fit_options) == AD_OK, "%s", model_message(w.m));
    ck_assert_int_eq(w.steps, 20);
    ck_assert_int_ge(w.still, 14);
    ck_assert_int_le(w.still, 15);
    ck_assert_int_eq(model_evaluate(w.m, &rows.data).global_step, 20);
    close_model(w.m);
}
END_TEST

/* ---- Weights of classes ------------------------------------------------------------------------------------------ */

static const nn_head *const of_classes[] = {&nn_head_softmax, &nn_head_one_logit};

static model open_weighted(const nn_head *head, int64_t k, const double *weights)
{
    return open_classifier((nn_classifier_options){.hidden_units = {5},
                                                   .n_classes = k,
                                                   .head = head,
                                                   .activation = AD_TANH,
                                                   .class_weights = {weights, weights ? (size_t)k : 0},
                                                   .seed = 4});
}

/* The weight of a class is that of each of its rows, times their own. */
START_TEST(class_weights_are_weights_of_rows)
{
    static const double weights[][3] = {{2, 1, 0.5}, {1, 0, 3}, {0, 4, 0}, {1e-20, 3e-20, 2e-20}, {1e29, 2e29, 0}};
    const nn_head *head = of_classes[_i];
    const int64_t k = _i ? 2 : 3;
    for (int w = 0; w < COUNT(weights); w++)
        for (int own = 0; own < 2; own++) {
            const model a = open_weighted(head, k, weights[w]), b = open_weighted(head, k, NULL);
            fill_rows(&rows, head, k, ROWS, 35);
            rows.data.weights = own ? rows.weights : NULL;
            fit_well(a, &rows.data, 11, STEPS);
            for (int i = 0; i < ROWS; i++)
                rows.weights[i] = (own ? rows.weights[i] : 1) * weights[w][rows.labels[i]];
            rows.data.weights = rows.weights;
            fit_well(b, &rows.data, 11, STEPS);
            expect_close_models(a, b, 1e-6);
            close_model(a);
            close_model(b);
        }
}
END_TEST

/* A fit that could not learn anything is refused. */
START_TEST(no_row_counts)
{
    static const double weights[] = {1, 0};
    const nn_head *head = of_classes[_i];
    const model m = open_weighted(head, 2, weights);
    fill_rows(&rows, head, 2, ROWS, 35);
    rows.data.weights = rows.weights;
    for (int i = 0; i < ROWS; i++)
        rows.weights[i] = rows.labels[i];
    ck_assert_int_eq(model_fit(m, &rows.data, NULL), AD_BAD_VALUE);
    ck_assert_str_eq(model_message(m), "fit: no row counts: each has the weight 0, or its class has");
    ck_assert_uint_eq(model_parameter_count(m), 0);
    ck_assert_int_eq(model_clear(m), AD_BAD_VALUE);
    rows.weights[0] = 1;
    rows.labels[0] = 0;
    fit_well(m, &rows.data, 7, 10);
    ck_assert_int_eq(model_evaluate(m, &rows.data).status, AD_OK);
    close_model(m);
}
END_TEST

/* They are copied, and an evaluation does not know them. */
START_TEST(class_weights_are_of_training)
{
    double weights[] = {1, 0.25, 2};
    fill_rows(&rows, &nn_head_softmax, 3, ROWS, 36);
    const model a = open_weighted(&nn_head_softmax, 3, weights);
    fit_well(a, &rows.data, 7, STEPS);
    const model b = open_weighted(&nn_head_softmax, 3, weights);
    memset(weights, 0x77, sizeof weights);
    fit_well(b, &rows.data, 7, STEPS);
    ck_assert_uint_eq(model_hash(a), model_hash(b));
    float p[ROWS * 3];
    double loss = 0;
    ck_assert_int_eq(model_predict(a, &rows.data, p), AD_OK);
    for (int i = 0; i < ROWS; i++)
        loss -= log((double)p[i * 3 + rows.labels[i]]) / ROWS;
    ck_assert_double_eq_tol(model_evaluate(a, &rows.data).loss, loss, 1e-6);
    close_model(a);
    close_model(b);
}
END_TEST

/* ---- Evaluation -------------------------------------------------------------------------------------------------- */

/* Every figure by weights is that of rows that are there so many times. */
START_TEST(an_evaluation_by_weights_is_one_of_repeated_rows)
{
    int times[ROWS];
    fill_rows(&rows, heads[_i].head, heads[_i].k, ROWS, 37);
    const model m = open_head(_i);
    fit_well(m, &rows.data, 7, 40);
    for (int i = 0; i < ROWS; i++) {
        times[i] = i * 5 % 4;
        rows.weights[i] = 0.37 * times[i];
    }
    rows.data.weights = rows.weights;
    repeat_rows(_i, times);
    const nn_evaluation a = model_evaluate(m, &rows.data), b = model_evaluate(m, &others.data);
    ck_assert_msg(a.status == AD_OK && b.status == AD_OK, "%s", model_message(m));
    ck_assert_double_eq_tol(a.loss, b.loss, 1e-12);
    ck_assert(m.r ? isnan(a.accuracy) : fabs(a.accuracy - b.accuracy) < 1e-12);
    ck_assert_uint_eq(a.n_figures, b.n_figures);
    ck_assert_uint_eq(a.n_figures, heads[_i].head == &nn_head_softmax && heads[_i].k == 3 ? 0
                                   : m.c && width_of(_i) == 1                             ? 7
                                   : heads[_i].k == 1 || m.c                              ? 6
                                                                                          : 4);
    for (size_t i = 0; i < a.n_figures; i++) {
        ck_assert_str_eq(a.figures[i].name, b.figures[i].name);
        ck_assert_ptr_null(a.figures[i].undefined);
        ck_assert_msg(fabs(a.figures[i].value - b.figures[i].value) < 1e-12, "%s: %.17g by weights, %.17g by rows",
                      a.figures[i].name, a.figures[i].value, b.figures[i].value);
    }
    close_model(m);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, open_clouds, close_clouds);
    tcase_add_loop_test(tests, a_weight_is_a_number_of_rows, 0, COUNT(heads));
    tcase_add_loop_test(tests, a_common_factor_changes_nothing, 0, COUNT(heads));
    tcase_add_loop_test(tests, equal_weights_are_none, 0, COUNT(heads));
    tcase_add_loop_test(tests, a_batch_that_does_not_count_changes_nothing, 0, COUNT(heads));
    tcase_add_loop_test(tests, class_weights_are_weights_of_rows, 0, COUNT(of_classes));
    tcase_add_loop_test(tests, no_row_counts, 0, COUNT(of_classes));
    tcase_add_test(tests, class_weights_are_of_training);
    tcase_add_loop_test(tests, an_evaluation_by_weights_is_one_of_repeated_rows, 0, COUNT(heads));
}

int main(void) { return run_tests("row_weights", add_tests); }
