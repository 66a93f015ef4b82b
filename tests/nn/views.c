/* Views of data: what an estimator makes of rows that an index names has the bits of what it makes of copies of them.
 * The rows that no index names are poison: features that are not finite or are extreme, labels and weights that are
 * wrong. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../../nn/data/scaling.h"
#include "../support/check.h"
#include "../support/models.h"

enum { ARRAY_ROWS = 40, ROWS = 70, STEPS = 25 };

static const struct {
    const nn_head *head;
    int64_t k;
} heads[] = {{&nn_head_softmax, 3}, {&nn_head_softmax, 2}, {&nn_head_one_logit, 2}, {&nn_head_independent, 3},
             {&nn_head_squared, 1}, {&nn_head_huber, 3},   {&nn_head_absolute, 1}};

static rows_of arrays, copies;
static int32_t picked[ROWS];
static nn_data view;

/* Rows with an odd number, last ones first, some of them up to four times: more than the arrays have. */
static void pick_rows(void)
{
    for (int32_t i = 0; i < ROWS; i++)
        picked[i] = ARRAY_ROWS - 1 - 2 * (i * (i % 3 + 1) % (ARRAY_ROWS / 2));
}

static bool is_picked(int64_t row) { return row % 2 == 1; }

static int64_t width_of(const nn_head *head, int64_t k) { return head->task == NN_CLASSES ? 1 : k; }

/* Fills the arrays, the view of them, and copies of the rows of the view. */
static void make_view(const nn_head *head, int64_t k, uint64_t stream)
{
    const int64_t width = width_of(head, k);
    pick_rows();
    fill_rows(&arrays, head, k, ARRAY_ROWS, stream);
    fill_rows(&copies, head, k, 1, stream);
    copies.data.rows = ROWS;
    for (int64_t i = 0; i < ROWS; i++) {
        copy_row(&copies, i, &arrays, picked[i], width);
        copies.weights[i] = arrays.weights[picked[i]];
    }
    for (int64_t i = 0; i < ARRAY_ROWS; i++)
        for (int64_t j = 0; !is_picked(i) && j < COLUMNS + width; j++)
            if (j < COLUMNS) {
                arrays.x[i * COLUMNS + j] = j % 2 ? NAN : 3e38F;
            } else {
                arrays.labels[i * width + j - COLUMNS] = 99;
                arrays.targets[i * width + j - COLUMNS] = INFINITY;
                arrays.weights[i] = -1;
            }
    view = arrays.data;
    view.rows = ROWS;
    view.index = picked;
    view.array_rows = ARRAY_ROWS;
}

static void make_for(int i) { make_view(heads[i].head, heads[i].k, 51); }

static model open_head(int i)
{
    return open_model(
        heads[i].head, heads[i].k,
        (nn_regressor_options){.hidden_units = {5}, .activation = AD_TANH, .scaling = NN_SCALE_FEATURE, .seed = 4});
}

static void expect_message(model m, ad_status got, ad_status status, const char *message)
{
    ck_assert_str_eq(model_message(m), message);
    ck_assert_int_eq(got, status);
    ck_assert_int_eq(model_clear(m), status);
}

/* ---- The same bits ----------------------------------------------------------------------------------------------- */

/* Accuracies that are NaN are the same too. */
static void expect_same_number(double x, double y, const char *name)
{
    ck_assert_msg(!memcmp(&x, &y, sizeof x), "%s is %.17g and %.17g", name, x, y);
}

static void expect_same_evaluations(model a, const nn_data *of_a, model b, const nn_data *of_b)
{
    const nn_evaluation x = model_evaluate(a, of_a), y = model_evaluate(b, of_b);
    ck_assert_msg(x.status == AD_OK && y.status == AD_OK, "%s%s", model_message(a), model_message(b));
    expect_same_number(x.accuracy, y.accuracy, "accuracy");
    expect_same_number(x.loss, y.loss, "loss");
    ck_assert_uint_eq(x.n_figures, y.n_figures);
    for (size_t i = 0; i < x.n_figures; i++) {
        ck_assert_str_eq(x.figures[i].name, y.figures[i].name);
        ck_assert_ptr_eq(x.figures[i].undefined, y.figures[i].undefined);
        expect_same_number(x.figures[i].value, y.figures[i].value, x.figures[i].name);
    }
}

static void expect_same_predictions(model a, const nn_data *of_a, model b, const nn_data *of_b, int64_t k)
{
    static float p[MODEL_ROWS * MODEL_MOST_K], q[MODEL_ROWS * MODEL_MOST_K];
    memset(p, 0, sizeof p);
    memset(q, 0, sizeof q);
    ck_assert_int_eq(model_predict(a, of_a, p), AD_OK);
    ck_assert_int_eq(model_predict(b, of_b, q), AD_OK);
    ck_assert_mem_eq(p, q, sizeof p);
    bool differ = false;
    for (int64_t i = k; i < of_a->rows * k; i++)
        differ |= p[i] != p[i - k];
    ck_assert(differ);
}

/* One model sees the view, the other the copies. */
static void compare_models(model a, model b, int64_t k)
{
    fit_well(a, &view, 9, STEPS);
    fit_well(b, &copies.data, 9, STEPS);
    ck_assert_uint_ne(model_hash(a), 0);
    ck_assert_uint_eq(model_hash(a), model_hash(b));
    expect_same_evaluations(a, &view, b, &copies.data);
    expect_same_predictions(a, &view, b, &copies.data, k);
    for (int64_t row = 0; row < ROWS; row += 23) {
        ad_tensor x, y;
        ck_assert_int_eq(model_record(a, &view, row, &x), AD_OK);
        ck_assert_int_eq(model_record(b, &copies.data, row, &y), AD_OK);
        ck_assert_double_eq(ad_item(x), ad_item(y));
        ck_assert_uint_eq(model_hash(a), model_hash(b));
    }
    close_model(a);
    close_model(b);
}

START_TEST(a_view_has_the_bits_of_copied_rows)
{
    make_for(_i);
    compare_models(open_head(_i), open_head(_i), heads[_i].k);
    view.weights = arrays.weights;
    copies.data.weights = copies.weights;
    compare_models(open_head(_i), open_head(_i), heads[_i].k);
}
END_TEST

START_TEST(class_weights_are_those_of_the_view)
{
    const nn_classifier_options o = {
        .n_classes = 3, .class_weights = NN_REALS(0.5, 3, 1), .hidden_units = {5}, .scaling = NN_SCALE_GLOBAL};
    make_for(0);
    compare_models(open_classifier(o), open_classifier(o), 3);
    /* No row of the view counts, whatever the others are. */
    for (int64_t i = 0; i < ROWS; i++)
        arrays.labels[picked[i]] = 2;
    const model m = open_classifier((nn_classifier_options){.n_classes = 3, .class_weights = NN_REALS(1, 1, 0)});
    expect_message(m, model_fit(m, &view, NULL), AD_BAD_VALUE,
                   "fit: no row counts: each has the weight 0, or its class has");
    close_model(m);
}
END_TEST

/* All rows in their order are no view. */
START_TEST(an_index_of_all_rows_changes_nothing)
{
    make_for(_i);
    copies.data.rows = ARRAY_ROWS;
    fill_rows(&copies, heads[_i].head, heads[_i].k, ARRAY_ROWS, 52);
    view = copies.data;
    for (int32_t i = 0; i < ARRAY_ROWS; i++)
        picked[i] = i;
    view.index = picked;
    view.array_rows = ARRAY_ROWS;
    const model a = open_head(_i), b = open_head(_i);
    fit_well(a, &view, 7, STEPS);
    fit_well(b, &copies.data, 7, STEPS);
    ck_assert_uint_eq(model_hash(a), model_hash(b));
    expect_same_evaluations(a, &view, b, &copies.data);
    close_model(a);
    close_model(b);
}
END_TEST

START_TEST(validation_takes_a_view)
{
    make_for(_i);
    const model a = open_head(_i), b = open_head(_i);
    nn_fit_options o = {.validation = &view, .patience = 2, .steps = 60, .validate_every = 3};
    const ad_status of_view = model_fit(a, &view, &o);
    o.validation = &copies.data;
    ck_assert_int_eq(of_view, model_fit(b, &copies.data, &o));
    ck_assert_msg(of_view == AD_OK, "%s", model_message(a));
    ck_assert_uint_eq(model_hash(a), model_hash(b));
    close_model(a);
    close_model(b);
}
END_TEST

/* ---- Elements ---------------------------------------------------------------------------------------------------- */

/* Numbers from -100 to 100, 0 to 100 for u8, and the largest ones where a row is poison. */
static void fill_elements(nn_element element, int64_t columns, void *array, void *copied)
{
    for (int64_t i = 0; i < (ARRAY_ROWS + ROWS) * columns; i++) {
        const int64_t at = i - ARRAY_ROWS * columns;
        const int64_t row = at < 0 ? i / columns : picked[at / columns];
        const double x = floor(100 * cloud_noise(66, row * columns + i % columns));
        const double value = at < 0 && !is_picked(row) ? 127 : element == NN_U8 ? fabs(x) : x;
        switch (element) {
#define CASE(name, text, type)                                                                                         \
    case name: ((type *)(at < 0 ? array : copied))[at < 0 ? i : at] = (type)value; break;
            NN_ELEMENT_LIST(CASE)
#undef CASE
        default: break;
        }
    }
}

START_TEST(features_of_every_element_are_those_of_the_view)
{
    static double x[ARRAY_ROWS * COLUMNS], y[ROWS * COLUMNS];
    const nn_element element = (nn_element)_i;
    make_for(0);
    fill_elements(element, COLUMNS, x, y);
    view.features = x;
    copies.data.features = y;
    view.element = copies.data.element = element;
    for (int kind = 0; kind < NN_SCALE_COUNT; kind++) {
        const nn_classifier_options o = {
            .n_classes = 3, .scaling = (nn_scaling_kind)kind, .optimiser = {.rate = 1e-3}, .seed = 6};
        compare_models(open_classifier(o), open_classifier(o), 3);
    }
}
END_TEST

START_TEST(targets_of_every_element_are_those_of_the_view)
{
    static double x[ARRAY_ROWS * 3], y[ROWS * 3];
    const nn_element element = (nn_element)_i;
    make_for(5);
    fill_elements(element, 3, x, y);
    view.targets = x;
    copies.data.targets = y;
    view.target_element = copies.data.target_element = element;
    compare_models(open_head(5), open_head(5), 3);
}
END_TEST

/* Rows of a list are rows of the arrays; without one they are those of the view from `first` on. */
START_TEST(gathered_rows_are_those_of_the_arrays)
{
    ad_memory own = ad_memory_over(NULL);
    nn_scaling s = {.kind = NN_SCALE_NONE, .memory = &own};
    float out[3 * COLUMNS];
    make_for(0);
    ck_assert_int_eq(nn_scaling_learn(&s, &view), AD_OK);
    nn_scaling_gather(&s, &view, (const int32_t[]){7, 1, 7}, 0, 3, out);
    for (int j = 0; j < 3 * COLUMNS; j++)
        ck_assert_float_eq(out[j], arrays.x[(j / COLUMNS == 1 ? 1 : 7) * COLUMNS + j % COLUMNS]);
    nn_scaling_gather(&s, &view, NULL, 11, 3, out);
    for (int j = 0; j < 3 * COLUMNS; j++)
        ck_assert_float_eq(out[j], copies.x[11 * COLUMNS + j]);
    nn_scaling_release(&s);
}
END_TEST

/* More rows than a batch of whole numbers is added up in (65,536), and than a batch of predictions (512). */
START_TEST(long_views_are_scaled_alike)
{
    enum { LONG = 150000, FEW = 1000, D = 3 };
    static uint8_t x[FEW * D], y[LONG * D];
    static int32_t index[LONG];
    static float p[LONG * D], q[LONG * D];
    for (int i = 0; i < FEW * D; i++)
        x[i] = (uint8_t)ad_random_bits(1, 2, (uint64_t)i);
    for (int i = 0; i < LONG; i++) {
        index[i] = (int32_t)(ad_random_bits(1, 3, (uint64_t)i) % (FEW / 2) * 2);
        memcpy(y + (ptrdiff_t)i * D, x + (ptrdiff_t)index[i] * D, D);
    }
    const nn_data data = {
        .features = x, .element = NN_U8, .rows = LONG, .columns = D, .index = index, .array_rows = FEW};
    const nn_data copied = {.features = y, .element = NN_U8, .rows = LONG, .columns = D};
    ad_memory own = ad_memory_over(NULL);
    nn_scaling s = {.kind = NN_SCALE_FEATURE, .memory = &own}, t = s;
    ck_assert_int_eq(nn_scaling_learn(&s, &data), AD_OK);
    ck_assert_int_eq(nn_scaling_learn(&t, &copied), AD_OK);
    for (int j = 0; j < D; j++) {
        int64_t sum = 0;
        for (ptrdiff_t i = 0; i < LONG; i++)
            sum += y[i * D + j];
        ck_assert_double_eq_tol(s.mean[j], (double)sum / LONG, 1e-11);
    }
    ck_assert_mem_eq(s.mean, t.mean, D * sizeof *s.mean);
    ck_assert_mem_eq(s.inverse, t.inverse, D * sizeof *s.inverse);
    nn_scaling_gather(&s, &data, NULL, 0, LONG, p);
    nn_scaling_gather(&t, &copied, NULL, 0, LONG, q);
    ck_assert_mem_eq(p, q, sizeof p);
    nn_scaling_release(&s);
    nn_scaling_release(&t);
}
END_TEST

/* ---- Vocabularies ------------------------------------------------------------------------------------------------ */

static const char *const names[] = {"cat", "dog", "bird"};

static const char *text_of(int32_t label) { return label >= 0 && label < 3 ? names[label] : NULL; }

START_TEST(texts_are_those_of_the_view)
{
    const nn_classifier_options o = {
        .n_classes = 3, .label_texts = NN_TEXTS("cat", "dog", "bird"), .hidden_units = {4}, .seed = 2};
    static const char *texts[ARRAY_ROWS], *copied[ROWS], *called[ROWS], *called_copied[ROWS];
    make_for(0);
    for (int i = 0; i < ARRAY_ROWS; i++)
        texts[i] = text_of(arrays.labels[i]);
    for (int i = 0; i < ROWS; i++)
        copied[i] = text_of(copies.labels[i]);
    view.label_texts = texts;
    copies.data.label_texts = copied;
    view.labels = copies.data.labels = NULL;
    compare_models(open_classifier(o), open_classifier(o), 3);
    const model m = open_classifier(o);
    fit_well(m, &view, 8, STEPS);
    ck_assert_int_eq(nn_classifier_predict_texts(m.c, &view, called), AD_OK);
    ck_assert_int_eq(nn_classifier_predict_texts(m.c, &copies.data, called_copied), AD_OK);
    for (int i = 0; i < ROWS; i++)
        ck_assert_str_eq(called[i], called_copied[i]);
    texts[13] = "hen";
    expect_message(
        m, model_evaluate(m, &view).status, AD_BAD_VALUE,
        "evaluate: row 13: class \"hen\" is not in the vocabulary (cat, dog, bird); mend the label or leave the row out");
    close_model(m);
}
END_TEST

START_TEST(integers_are_those_of_the_view)
{
    const nn_classifier_options o = {
        .n_classes = 3, .label_integers = NN_INTEGERS(0, -4, 70), .hidden_units = {4}, .seed = 2};
    static const int32_t of[] = {0, -4, 70};
    int32_t called[ROWS], copied[ROWS];
    make_for(0);
    for (int64_t i = 0; i < ARRAY_ROWS; i++)
        arrays.labels[i] = is_picked(i) ? of[arrays.labels[i]] : 5;
    for (int64_t i = 0; i < ROWS; i++)
        copies.labels[i] = of[copies.labels[i]];
    compare_models(open_classifier(o), open_classifier(o), 3);
    const model m = open_classifier(o);
    fit_well(m, &view, 8, STEPS);
    ck_assert_int_eq(nn_classifier_predict(m.c, &view, called), AD_OK);
    ck_assert_int_eq(nn_classifier_predict(m.c, &copies.data, copied), AD_OK);
    ck_assert_mem_eq(called, copied, sizeof called);
    view.array_rows = 1;
    expect_message(m, model_fit(m, &view, NULL), AD_BAD_VALUE,
                   "fit: index[0] is 39, outside 0..0; mend it, or set array_rows");
    close_model(m);
}
END_TEST

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

/* Every function that takes data refuses this view. */
static void expect_refused(int head, ad_status status, const char *why)
{
    static float out[MODEL_ROWS * MODEL_MOST_K];
    int32_t labels[ROWS * MODEL_MOST_K];
    char message[300];
    ad_tensor loss;
    const model m = open_head(head);
    const nn_data good = copies.data;
    snprintf(message, sizeof message, "fit: %s", why);
    expect_message(m, model_fit(m, &view, NULL), status, message);
    fit_well(m, &good, 8, 3);
    const uint64_t before = model_hash(m);
    expect_message(m, model_fit(m, &view, NULL), status, message);
    snprintf(message, sizeof message, "evaluate: %s", why);
    expect_message(m, model_evaluate(m, &view).status, status, message);
    snprintf(message, sizeof message, "record: %s", why);
    expect_message(m, model_record(m, &view, 0, &loss), status, message);
    snprintf(message, sizeof message, "%s: %s", m.c ? "predict_proba" : "predict", why);
    expect_message(m, model_predict(m, &view, out), status, message);
    if (m.c) {
        snprintf(message, sizeof message, "predict: %s", why);
        expect_message(m, nn_classifier_predict(m.c, &view, labels), status, message);
        snprintf(message, sizeof message, "logits: %s", why);
        expect_message(m, nn_classifier_logits(m.c, &view, out), status, message);
    }
    ck_assert_uint_eq(model_hash(m), before);
    close_model(m);
}

START_TEST(a_wrong_index_is_refused)
{
    make_for(_i);
    picked[4] = ARRAY_ROWS;
    expect_refused(_i, AD_BAD_VALUE, "index[4] is 40, outside 0..39; mend it, or set array_rows");
    picked[ROWS - 1] = INT32_MIN;
    picked[4] = 1;
    expect_refused(_i, AD_BAD_VALUE, "index[69] is -2147483648, outside 0..39; mend it, or set array_rows");
    picked[ROWS - 1] = -1;
    expect_refused(_i, AD_BAD_VALUE, "index[69] is -1, outside 0..39; mend it, or set array_rows");
    view.array_rows = 0;
    expect_refused(_i, AD_BAD_SHAPE,
                   "array_rows is 0; with an index it is the number of rows of the arrays, at least 1");
    view.array_rows = INT64_MIN;
    expect_refused(_i, AD_BAD_SHAPE,
                   "array_rows is -9223372036854775808; with an index it is the number of rows of the "
                   "arrays, at least 1");
    view.array_rows = INT64_MAX;
    expect_refused(_i, AD_BAD_SHAPE, "9223372036854775807 rows; at most 2147483647 can be used, give them in parts");
    view.array_rows = ARRAY_ROWS;
    view.index = NULL;
    expect_refused(_i, AD_BAD_SHAPE, "array_rows is 40, and there is no index; give one, or set array_rows to 0");
    view.array_rows = -1;
    expect_refused(_i, AD_BAD_SHAPE, "array_rows is -1, and there is no index; give one, or set array_rows to 0");
}
END_TEST

/* Row 5 of the arrays is in the view several times, and not at place 5. */
START_TEST(messages_name_rows_of_the_arrays)
{
    enum { ROW = 5 };
    const bool is_regressor = heads[_i].head->task == NN_REGRESSION;
    char why[200];
    make_for(_i);
    ck_assert_int_ne(picked[ROW], ROW);
    const float x = arrays.x[ROW * COLUMNS + 2];
    arrays.x[ROW * COLUMNS + 2] = NAN;
    expect_refused(_i, AD_NOT_FINITE, "row 5, column 2: the feature is missing (NaN); impute=mean fills it");
    arrays.x[ROW * COLUMNS + 2] = x;
    const model m = open_head(_i);
    const int64_t last = width_of(heads[_i].head, heads[_i].k) - 1, at = ROW * (last + 1) + last;
    const int32_t label = arrays.labels[at];
    arrays.targets[at] = NAN;
    arrays.labels[at] = 9;
    if (is_regressor)
        snprintf(why, sizeof why, "fit: row 5, target %d is NaN; replace it or drop the row", (int)last);
    else if (heads[_i].head->task == NN_LABELS)
        snprintf(why, sizeof why, "fit: row 5: label %d is 9: it must be 0 or 1", (int)last);
    else
        snprintf(why, sizeof why, "fit: row 5: label 9 is outside 0..%d; mend it, or set n_classes",
                 (int)heads[_i].k - 1);
    expect_message(m, model_fit(m, &view, NULL), is_regressor ? AD_NOT_FINITE : AD_BAD_VALUE, why);
    arrays.targets[at] = 0;
    arrays.labels[at] = label;
    view.weights = arrays.weights;
    arrays.weights[ROW] = -2;
    expect_message(m, model_fit(m, &view, NULL), AD_BAD_VALUE, "fit: row 5: its weight is -2: it must be 0 to 3.4e38");
    for (int i = 0; i < ROWS; i++)
        arrays.weights[picked[i]] = 0;
    arrays.weights[0] = 1; /* not in the view */
    expect_message(m, model_fit(m, &view, NULL), AD_BAD_VALUE,
                   "fit: all weights are 0 in f32: give some rows a larger weight");
    close_model(m);
}
END_TEST

static ad_tensor predict_logs(ad_tensor z) { return ad_log(ad_scale(z, 0)); }

static ad_tensor predict_twos(ad_tensor z) { return ad_shift(ad_softmax(z, -1), 2); }

/* What an estimator finds wrong while it runs has the row of the arrays too. */
START_TEST(messages_of_a_run_name_rows_of_the_arrays)
{
    float p[ROWS];
    make_for(4);
    const float x = arrays.x[5 * COLUMNS];
    model m = open_model(&nn_head_squared, 1, (nn_regressor_options){.seed = 1});
    fit_well(m, &copies.data, 8, 3);
    ck_assert_int_eq(ad_assign(model_parameter(m, 0), (const float[COLUMNS]){10, 0, 0, 0}), AD_OK);
    arrays.x[5 * COLUMNS] = 3e38F;
    expect_message(m, model_predict(m, &view, p), AD_NOT_FINITE,
                   "predict: row 5: a logit is not finite: its features or the network's weights are too large");
    arrays.x[5 * COLUMNS] = x;
    close_model(m);
    nn_head odd = nn_head_squared;
    odd.name = "odd";
    odd.predict = predict_logs;
    m = open_model(&odd, 1, (nn_regressor_options){.seed = 1});
    fit_well(m, &view, 8, 3);
    expect_message(m, model_predict(m, &view, p), AD_NOT_FINITE,
                   "predict: row 39: the prediction of the head odd is infinite");
    close_model(m);
    make_for(1);
    odd = nn_head_softmax;
    odd.name = "odd";
    odd.predict = predict_twos;
    m = open_model(&odd, 2, (nn_regressor_options){.seed = 1});
    fit_well(m, &view, 8, 3);
    ck_assert_int_eq(model_evaluate(m, &view).status, AD_BAD_VALUE);
    ck_assert_ptr_nonnull(strstr(model_message(m), "(the row is its place in the index)"));
    model_clear(m);
    ck_assert_int_eq(model_evaluate(m, &copies.data).status, AD_BAD_VALUE);
    ck_assert_ptr_null(strstr(model_message(m), "index"));
    close_model(m);
}
END_TEST

/* Each request for memory of a fit and of an evaluation is refused. */
START_TEST(refused_memory_is_an_error)
{
    make_for(_i);
    view.weights = arrays.weights;
    for (size_t k = 1, refused = 1; refused; k++) {
        const model m = open_head(_i);
        counting_fail(&memory, k, COUNTING_ONCE);
        const size_t before = memory.refused;
        ad_status status = model_fit(m, &view, &(nn_fit_options){.steps = 2});
        if (memory.refused == before)
            status = model_evaluate(m, &view).status;
        refused = memory.refused - before;
        ck_assert_msg(status == (refused ? AD_NO_MEMORY : AD_OK), "%s", model_message(m));
        counting_heal(&memory);
        close_model(m);
        counting_check_released(&memory);
    }
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, open_clouds, close_clouds);
    tcase_add_loop_test(tests, a_view_has_the_bits_of_copied_rows, 0, COUNT(heads));
    tcase_add_test(tests, class_weights_are_those_of_the_view);
    tcase_add_loop_test(tests, an_index_of_all_rows_changes_nothing, 0, COUNT(heads));
    tcase_add_loop_test(tests, validation_takes_a_view, 0, COUNT(heads));
    tcase_add_loop_test(tests, features_of_every_element_are_those_of_the_view, 0, NN_ELEMENT_COUNT);
    tcase_add_loop_test(tests, targets_of_every_element_are_those_of_the_view, 0, NN_ELEMENT_COUNT);
    tcase_add_test(tests, gathered_rows_are_those_of_the_arrays);
    tcase_add_test(tests, long_views_are_scaled_alike);
    tcase_add_test(tests, texts_are_those_of_the_view);
    tcase_add_test(tests, integers_are_those_of_the_view);
    tcase_add_loop_test(tests, a_wrong_index_is_refused, 0, COUNT(heads));
    tcase_add_loop_test(tests, messages_name_rows_of_the_arrays, 0, COUNT(heads));
    tcase_add_test(tests, messages_of_a_run_name_rows_of_the_arrays);
    tcase_add_loop_test(tests, refused_memory_is_an_error, 0, COUNT(heads));
}

int main(void) { return run_tests("views", add_tests); }
