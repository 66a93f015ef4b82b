/* Estimators of every head: bad input, memory that ends, and options from text. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../support/check.h"
#include "../support/models.h"

enum { ROWS = 30 };

static rows_of rows;
static double bad_weights[ROWS];

static const struct {
    const nn_head *head;
    int64_t k;
} heads[] = {{&nn_head_softmax, 2}, {&nn_head_one_logit, 2}, {&nn_head_independent, 3},
             {&nn_head_squared, 1}, {&nn_head_absolute, 3},  {&nn_head_huber, 2}};

static model open_head(int i, nn_regressor_options o) { return open_model(heads[i].head, heads[i].k, o); }
static void fill_for(int head) { fill_rows(&rows, heads[head].head, heads[head].k, ROWS, 95); }

/* ---- Bad options ------------------------------------------------------------------------------------------------- */

static void expect_kept(model m, const char *why)
{
    float p[ROWS * 3];
    ad_tensor loss = {.id = 3};
    ck_assert_str_eq(model_message(m), why);
    for (int again = 0; again < 2; again++) {
        ck_assert_int_eq(model_fit(m, &rows.data, NULL), AD_BAD_VALUE);
        ck_assert_int_eq(model_predict(m, &rows.data, p), AD_BAD_VALUE);
        ck_assert_int_eq(model_evaluate(m, &rows.data).status, AD_BAD_VALUE);
        ck_assert_int_eq(model_record(m, &rows.data, 0, &loss), AD_BAD_VALUE);
        ck_assert(ad_is_inert(loss));
        ck_assert_str_eq(model_settings(m), "");
        ck_assert_int_eq(model_clear(m), AD_BAD_VALUE);
        ck_assert_str_eq(model_message(m), why);
    }
    close_model(m);
}

START_TEST(bad_options_of_classifiers)
{
    static const double nan_weight[] = {1, NAN}, negative[] = {1, -1}, infinite[] = {INFINITY, 1}, zeros[] = {0, 0};
    const struct {
        nn_classifier_options o;
        const char *why;
    } cases[] = {
        {{.class_weights = NN_REALS(1, 2)},
         "class_weights need n_classes or a vocabulary: they say which class each is for"},
        {{.n_classes = 1}, "n_classes is 1: it must be 2 to 2147483647 for the head softmax"},
        {{.n_classes = INT64_C(1) << 31}, "n_classes is 2147483648: it must be 2 to 2147483647 for the head softmax"},
        {{.n_classes = 3, .head = &nn_head_one_logit}, "n_classes is 3: it must be 2 to 2 for the head one_logit"},
        {{.head = &nn_head_independent},
         "n_classes is 0: independent labels need it: give how many labels each row has"},
        {{.n_classes = 2, .class_weights = {nan_weight, 2}},
         "class_weights[1] is nan: it must be at least 0 and at most 1e30"},
        {{.n_classes = 2, .class_weights = {negative, 2}},
         "class_weights[1] is -1: it must be at least 0 and at most 1e30"},
        {{.n_classes = 2, .class_weights = {infinite, 2}},
         "class_weights[0] is inf: it must be at least 0 and at most 1e30"},
        {{.n_classes = 2, .class_weights = {zeros, 2}}, "class_weights are all 0: at least one must be above 0"},
        {{.n_classes = 3, .class_weights = NN_REALS(1, 2)},
         "class_weights has 2 elements: it must have one for each of 3 classes"},
        {{.n_classes = 2, .class_weights = NN_REALS(1, 2), .head = &nn_head_independent},
         "class_weights go with exclusive classes: the head tells several labels at once"},
        {{.n_classes = 2, .class_weights = {NULL, 2}}, "class_weights is NULL: it must be an array of 2"},
        {{.n_classes = 2, .head_options = {.label_smoothing = 1}},
         "label_smoothing is 1: it must be at least 0 and below 1"},
        {{.n_classes = 2, .head_options = {.label_smoothing = -0.1}},
         "label_smoothing is -0.1: it must be at least 0 and below 1"},
        {{.n_classes = 2, .head_options = {.label_smoothing = NAN}},
         "label_smoothing is nan: it must be at least 0 and below 1"},
        {{.n_classes = 2, .dropout = 1}, "dropout is 1: it must be at least 0 and below 1"},
        {{.n_classes = 2, .dropout = -0.5}, "dropout is -0.5: it must be at least 0 and below 1"},
        {{.n_classes = 2, .optimiser = {.decay = -1}}, "decay is -1: it must be at least 0"},
    };
    char why[300];
    fill_for(0);
    for (int i = 0; i < COUNT(cases); i++) {
        snprintf(why, sizeof why, "classifier: %s", cases[i].why);
        expect_kept(open_classifier(cases[i].o), why);
    }
}
END_TEST

START_TEST(bad_options_of_regressors)
{
    const struct {
        int64_t k;
        nn_regressor_options o;
        const char *why;
    } cases[] = {
        {-1, {.seed = 1}, "n_targets is -1: it must be 1 to 2147483647 for the head huber"},
        {INT64_C(1) << 31, {.seed = 1}, "n_targets is 2147483648: it must be 1 to 2147483647 for the head huber"},
        {1, {.head_options = {.delta = -1}}, "delta is -1: it must be above 0"},
        {1, {.head_options = {.delta = NAN}}, "delta is nan: it must be above 0"},
        {1, {.optimiser = {.rate = NAN}}, "rate is nan: it must be above 0"},
        {1, {.scaling_constant = -INFINITY}, "the scaling constant -inf cannot be divided by"},
        {1,
         {.activation = AD_ACTIVATION_COUNT},
         "activation is 7: it must be one of relu, tanh, logistic, softplus, elu, identity"},
    };
    char why[300];
    fill_for(5);
    for (int i = 0; i < COUNT(cases); i++) {
        snprintf(why, sizeof why, "regressor: %s", cases[i].why);
        expect_kept(open_model(&nn_head_huber, cases[i].k, cases[i].o), why);
    }
}
END_TEST

/* What both have. */
START_TEST(bad_options_of_both)
{
    const nn_layer list[] = {NN_DENSE(.units = 3)};
    const struct {
        nn_regressor_options o;
        const char *why;
    } cases[] = {
        {{.hidden_units = {3}, .layers = NN_LAYERS(list)}, "hidden_units and layers are both given: leave one out"},
        {{.dropout = 0.5, .layers = NN_LAYERS(list)},
         "dropout goes with hidden_units: write NN_DROPOUT among the layers instead"},
        {{.layers = {NULL, 2}}, "the array of layers is NULL"},
        {{.n_groups = 2}, "the array of groups is NULL"},
        {{.hidden_units = {-3}},
         "hidden_units[0] is -3: it must be at least 1 and at most 4503599627370496, 0 ends the list"},
    };
    char why[300];
    fill_for(_i);
    for (int i = 0; i < COUNT(cases); i++) {
        snprintf(why, sizeof why, "%s: %s", heads[_i].head->task == NN_REGRESSION ? "regressor" : "classifier",
                 cases[i].why);
        expect_kept(open_head(_i, cases[i].o), why);
    }
}
END_TEST

/* ---- Bad data ---------------------------------------------------------------------------------------------------- */

/* Fit, evaluate and record refuse the data so, before and after a fit, and nothing changes. */
static void expect_refused(model m, const nn_data *data, ad_status status, const char *why)
{
    static const char *const names[] = {"fit", "evaluate", "record"};
    char message[400];
    ad_tensor loss;
    const uint64_t before = model_hash(m);
    for (int i = 0; i < COUNT(names); i++) {
        const ad_status got = i == 0   ? model_fit(m, data, NULL)
                              : i == 1 ? model_evaluate(m, data).status
                                       : model_record(m, data, 0, &loss);
        snprintf(message, sizeof message, "%s: %s", names[i], why);
        ck_assert_str_eq(model_message(m), message);
        ck_assert_int_eq(got, status);
        ck_assert_int_eq(model_clear(m), status);
    }
    ck_assert_uint_eq(model_hash(m), before);
}

static void refuse_weights(model m)
{
    static const struct {
        double weight;
        const char *text;
    } wrong[] = {{-1, "-1"}, {(double)NAN, "nan"}, {(double)INFINITY, "inf"}, {1e39, "1e+39"}};
    char why[200];
    nn_data data = rows.data;
    data.weights = bad_weights;
    for (int i = 0; i < COUNT(wrong); i++) {
        for (int row = 0; row < ROWS; row++)
            bad_weights[row] = row == 11 ? wrong[i].weight : 1;
        snprintf(why, sizeof why, "row 11: its weight is %s: it must be 0 to 3.4e38", wrong[i].text);
        expect_refused(m, &data, AD_BAD_VALUE, why);
    }
    memset(bad_weights, 0, sizeof bad_weights);
    expect_refused(m, &data, AD_BAD_VALUE, "all weights are 0 in f32: give some rows a larger weight");
}

static void refuse_targets(model m, int64_t k)
{
    char why[200];
    nn_data data = rows.data;
    const double right = rows.targets[4 * k];
    data.targets = NULL;
    snprintf(why, sizeof why, "targets are NULL; give an array [30,%lld]", (long long)k);
    expect_refused(m, &data, AD_BAD_VALUE, why);
    data = rows.data;
    data.n_targets = k + 1;
    snprintf(why, sizeof why, "the data have %lld targets for each row (n_targets; 0 is 1); %lld are expected",
             (long long)k + 1, (long long)k);
    expect_refused(m, &data, AD_BAD_SHAPE, why);
    data = rows.data;
    data.target_element = NN_ELEMENT_COUNT;
    expect_refused(m, &data, AD_BAD_TYPE, "unknown target_element 6; set it to NN_F32 or another nn_element");
    rows.targets[4 * k] = (double)NAN;
    expect_refused(m, &rows.data, AD_NOT_FINITE, "row 4, target 0 is NaN; replace it or drop the row");
    rows.targets[4 * k] = -(double)INFINITY;
    expect_refused(m, &rows.data, AD_NOT_FINITE, "row 4, target 0 is infinite; replace it or drop the row");
    rows.targets[4 * k] = 1e39;
    expect_refused(m, &rows.data, AD_BAD_VALUE, "row 4, target 0 is too large for f32; scale the targets down");
    rows.targets[4 * k] = right;
}

static void refuse_labels(model m, int i)
{
    char why[200];
    nn_data data = rows.data;
    const bool classes = heads[i].head->task == NN_CLASSES;
    data.labels = NULL;
    snprintf(why, sizeof why,
             classes ? "labels are NULL; give one for each of the 30 rows"
                     : "labels are NULL; give 3, each 0 or 1, for each of the 30 rows");
    expect_refused(m, &data, AD_BAD_VALUE, why);
    const int at = classes ? 9 : 9 * 3 + 2;
    for (int32_t wrong = -1; wrong < 3; wrong += 3) {
        rows.labels[at] = wrong;
        snprintf(why, sizeof why,
                 classes ? "row 9: label %d is outside 0..1; mend it, or set n_classes"
                         : "row 9: label 2 is %d: it must be 0 or 1",
                 (int)wrong);
        expect_refused(m, &rows.data, AD_BAD_VALUE, why);
    }
    rows.labels[at] = 0;
}

START_TEST(bad_truth_is_refused)
{
    fill_for(_i);
    const model m = open_head(_i, (nn_regressor_options){.hidden_units = {4}});
    for (int fitted = 0; fitted < 2; fitted++) {
        refuse_weights(m);
        if (m.r)
            refuse_targets(m, heads[_i].k);
        else
            refuse_labels(m, _i);
        expect_refused(m, NULL, AD_BAD_VALUE, "the data are NULL; give a view of features");
        fit_well(m, &rows.data, 8, 3);
    }
    close_model(m);
}
END_TEST

static void expect_message(model m, ad_status got, ad_status status, const char *why)
{
    ck_assert_str_eq(model_message(m), why);
    ck_assert_int_eq(got, status);
    ck_assert_int_eq(model_clear(m), status);
}

START_TEST(wrong_calls_are_refused)
{
    float p[ROWS * 3];
    char why[200];
    ad_tensor loss;
    fill_for(_i);
    const model m = open_head(_i, (nn_regressor_options){.hidden_units = {4}});
    const char *predict = m.c ? "predict_proba" : "predict", *noun = m.c ? "classifier" : "regressor";
    snprintf(why, sizeof why, "%s: the model was not fitted yet", predict);
    expect_message(m, model_predict(m, &rows.data, p), AD_BAD_STATE, why);
    snprintf(why, sizeof why, "evaluate: the model was not fitted yet");
    expect_message(m, model_evaluate(m, &rows.data).status, AD_BAD_STATE, why);
    snprintf(why, sizeof why, "record: the model was not fitted yet");
    expect_message(m, model_record(m, &rows.data, 0, &loss), AD_BAD_STATE, why);
    fit_well(m, &rows.data, 8, 3);
    expect_message(m, model_record(m, &rows.data, -1, &loss), AD_BAD_VALUE,
                   "record: row -1 is outside 0..29 of the data");
    expect_message(m, model_record(m, &rows.data, 30, &loss), AD_BAD_VALUE,
                   "record: row 30 is outside 0..29 of the data");
    expect_message(m, model_record(m, &rows.data, 3, NULL), AD_BAD_VALUE, "record: the room for the loss is NULL");
    snprintf(why, sizeof why, "%s: the array for the results is NULL", predict);
    expect_message(m, model_predict(m, &rows.data, NULL), AD_BAD_VALUE, why);
    nn_data narrow = rows.data;
    narrow.columns = 2;
    snprintf(why, sizeof why, "%s: the data have 2 columns, the model was fitted to 4", predict);
    expect_message(m, model_predict(m, &narrow, p), AD_BAD_SHAPE, why);
    expect_message(m, model_fit(m, &rows.data, &(nn_fit_options){.batch_size = -1}), AD_BAD_VALUE,
                   "fit: batch_size is -1: it must be at least 1");
    expect_message(m, model_fit(m, &rows.data, &(nn_fit_options){.steps = -1}), AD_BAD_VALUE,
                   "fit: steps is -1: it must be at least 1");
    const size_t n = model_parameter_count(m);
    ck_assert(ad_is_inert(model_parameter(m, n)));
    snprintf(why, sizeof why, "parameter: there is no parameter %zu: the %s has %zu", n, noun, n);
    expect_message(m, AD_BAD_VALUE, AD_BAD_VALUE, why);
    close_model(m);
}
END_TEST

/* Rows are counted through all batches. */
START_TEST(a_logit_that_is_not_finite)
{
    static float p[MODEL_ROWS * MODEL_MOST_K];
    char why[200];
    fill_for(_i);
    const model m = open_head(_i, (nn_regressor_options){.seed = 1});
    fit_well(m, &rows.data, 8, 3);
    fill_rows(&rows, heads[_i].head, heads[_i].k, MODEL_ROWS, 98);
    const ad_tensor w = model_parameter(m, 0);
    const int64_t outputs = ad_shape_of(w).dims[1];
    for (int64_t j = 0; j < COLUMNS; j++)
        rows.x[577 * COLUMNS + j] = ad_f32(w)[j * outputs] > 0 ? 3e38F : -3e38F;
    float large[COLUMNS * MODEL_MOST_K];
    for (int64_t i = 0; i < COLUMNS * outputs; i++)
        large[i] = 2 * (ad_f32(w)[i / outputs * outputs] > 0 ? 1.0F : -1.0F);
    ck_assert_int_eq(ad_assign(w, large), AD_OK);
    snprintf(why, sizeof why, "%s: row 577: a logit is not finite: its features or the network's weights are too large",
             m.c ? "predict_proba" : "predict");
    expect_message(m, model_predict(m, &rows.data, p), AD_NOT_FINITE, why);
    expect_message(m, model_evaluate(m, &rows.data).status, AD_NOT_FINITE,
                   "evaluate: row 577: a logit is not finite: its features or the network's weights are too large");
    if (m.c) {
        ck_assert_int_eq(nn_classifier_logits(m.c, &rows.data, p), AD_OK);
        ck_assert(isinf(p[577 * outputs]) && isfinite(p[576 * outputs]));
    }
    close_model(m);
}
END_TEST

START_TEST(a_regressor_that_is_null)
{
    float p[ROWS];
    ad_tensor loss = {.id = 5};
    fill_for(3);
    nn_regressor_close(NULL);
    ck_assert_int_eq(nn_regressor_fit(NULL, &rows.data, NULL), AD_BAD_HANDLE);
    ck_assert_int_eq(nn_regressor_predict(NULL, &rows.data, p), AD_BAD_HANDLE);
    ck_assert_int_eq(nn_regressor_evaluate(NULL, &rows.data).status, AD_BAD_HANDLE);
    ck_assert_int_eq(nn_regressor_record(NULL, &rows.data, 0, &loss), AD_BAD_HANDLE);
    ck_assert(ad_is_inert(loss));
    ck_assert_int_eq(nn_regressor_status(NULL), AD_BAD_HANDLE);
    ck_assert_int_eq(nn_regressor_clear_error(NULL), AD_BAD_HANDLE);
    ck_assert_str_eq(nn_regressor_message(NULL),
                     "the regressor is NULL: nn_regressor_open found no memory, or was not called");
    ck_assert_str_eq(nn_regressor_settings(NULL), "");
    ck_assert_uint_eq(nn_regressor_parameter_count(NULL), 0);
    ck_assert(ad_is_inert(nn_regressor_parameter(NULL, 0)));
    ck_assert_ptr_null(nn_regressor_network(NULL));
    ck_assert_uint_eq(nn_regressor_usage(NULL).bytes, 0);
    nn_regressor *r = nn_regressor_open(NULL);
    ck_assert_int_eq(nn_regressor_status(r), AD_OK);
    ck_assert_int_eq(nn_regressor_fit(r, &rows.data, NULL), AD_OK);
    nn_regressor_close(r);
}
END_TEST

static bool close_at_second(const nn_progress *progress, void *context)
{
    const model *m = context;
    if (progress->step == 2)
        close_model(*m);
    return true;
}

START_TEST(an_estimator_closed_in_its_callback)
{
    fill_for(_i);
    model m = open_head(_i, (nn_regressor_options){.hidden_units = {4}});
    const nn_fit_options o = {.batch_size = 8, .steps = 5, .callback = close_at_second, .context = &m};
    ck_assert_int_eq(model_fit(m, &rows.data, &o), AD_STOPPED);
}
END_TEST

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

enum { STEPS = 4 };

static const nn_layer normed[] = {NN_DENSE(.units = 5), NN_BATCH_NORM(.momentum = 0.2), NN_DROPOUT(0.2)};
static const char *const texts[] = {"ham", "spam"};
static const double weights_of_two[] = {1, 2};
static const char *row_texts[MODEL_ROWS];
static uint64_t after[STEPS + 1];

/* With all that is copied at opening. */
static model open_full(int i)
{
    static const nn_group groups[] = {{.name = "all", .pattern = "dense/*", .rate = 0.5}};
    const nn_regressor_options both = {
        .layers = NN_LAYERS(normed), .groups = groups, .n_groups = 1, .scaling = NN_SCALE_FEATURE};
    nn_classifier_options c = {.layers = NN_LAYERS(normed),
                               .n_classes = heads[i].k,
                               .head = heads[i].head,
                               .groups = groups,
                               .n_groups = 1,
                               .scaling = NN_SCALE_FEATURE,
                               .allocator = &memory.allocator};
    nn_regressor_options r = both;
    r.n_targets = heads[i].k;
    r.head = heads[i].head;
    r.allocator = &memory.allocator;
    if (heads[i].head->task == NN_REGRESSION)
        return (model){NULL, nn_regressor_open(&r)};
    if (heads[i].head->task == NN_CLASSES) {
        c.class_weights = (nn_reals){weights_of_two, 2};
        c.label_texts = (nn_texts){texts, 2};
    }
    return (model){nn_classifier_open(&c), NULL};
}

static bool count_step(const nn_progress *progress, void *context)
{
    *(int64_t *)context = progress->step;
    return true;
}

/* All calls that take memory. Returns whether one of them had none; each says so. */
static bool ask_all(model m)
{
    float p[ROWS * 3];
    int32_t labels[ROWS * 3];
    const char *found[ROWS];
    ad_tensor loss;
    const nn_evaluation e = model_evaluate(m, &rows.data);
    ck_assert(e.status == AD_OK ? isfinite(e.loss) : isnan(e.loss) && e.global_step == -1 && e.n_figures == 0);
    const bool has_texts = m.c && rows.data.label_texts;
    const ad_status got[] = {e.status,
                             model_predict(m, &rows.data, p),
                             model_record(m, &rows.data, 1, &loss),
                             m.c ? nn_classifier_predict(m.c, &rows.data, labels) : AD_OK,
                             m.c ? nn_classifier_logits(m.c, &rows.data, p) : AD_OK,
                             has_texts ? nn_classifier_predict_texts(m.c, &rows.data, found) : AD_OK};
    bool refused = false;
    for (int i = 0; i < COUNT(got); i++) {
        ck_assert_msg(got[i] == AD_OK || got[i] == AD_NO_MEMORY, "%s", model_message(m));
        refused |= got[i] == AD_NO_MEMORY;
    }
    return refused;
}

/* A life in which call k of the allocator fails. Returns whether it was never reached. */
static bool live_without_call(int head, size_t k, counting_failure failure)
{
    int64_t step = 0;
    const nn_fit_options o = {.batch_size = 10, .steps = STEPS, .callback = count_step, .context = &step};
    counting_fail(&memory, k, failure);
    const model m = open_full(head);
    if (!m.c && !m.r) {
        counting_heal(&memory);
        return false;
    }
    const ad_status status = model_fit(m, &rows.data, &o);
    ck_assert_msg(status == (step == STEPS ? AD_OK : AD_NO_MEMORY), "call %zu: %s", k, model_message(m));
    ck_assert_uint_eq(model_hash(m), after[step]);
    if (step > 0) {
        ask_all(m);
        ck_assert_uint_eq(model_hash(m), after[step]);
    }
    const bool done = memory.calls < k;
    counting_heal(&memory);
    ck_assert_int_eq(model_clear(m), done ? AD_OK : AD_NO_MEMORY);
    if (step < STEPS)
        fit_well(m, &rows.data, 10, STEPS - step);
    ck_assert_uint_eq(model_hash(m), after[STEPS]);
    ck_assert(!ask_all(m));
    close_model(m);
    return done;
}

START_TEST(any_allocation_may_fail)
{
    const int head = _i / 2;
    fill_for(head);
    if (heads[head].head->task == NN_CLASSES) {
        for (int i = 0; i < ROWS; i++)
            row_texts[i] = texts[rows.labels[i]];
        rows.data.label_texts = row_texts;
    }
    after[0] = 0;
    for (int64_t steps = 1; steps <= STEPS; steps++) {
        const model m = open_full(head);
        fit_well(m, &rows.data, 10, steps);
        after[steps] = model_hash(m);
        close_model(m);
    }
    size_t k = 1;
    while (k < 2000 && !live_without_call(head, k, _i % 2 ? COUNTING_FOR_GOOD : COUNTING_ONCE)) {
        counting_check_released(&memory);
        k++;
    }
    ck_assert_uint_gt(k, 30);
    ck_assert_uint_lt(k, 2000);
}
END_TEST

/* From the second step on nothing is allocated, nor for questions that were asked before. */
static bool note_calls(const nn_progress *progress, void *context)
{
    ((size_t *)context)[progress->step] = memory.calls;
    return true;
}

START_TEST(training_allocates_nothing)
{
    size_t calls[32] = {0};
    fill_for(_i);
    rows.data.weights = rows.weights;
    const model m = open_full(_i);
    if (heads[_i].head->task == NN_CLASSES) {
        for (int i = 0; i < ROWS; i++)
            row_texts[i] = texts[rows.labels[i]];
        rows.data.label_texts = row_texts;
    }
    const nn_fit_options o = {.batch_size = 10, .steps = 30, .callback = note_calls, .context = calls};
    ck_assert_int_eq(model_fit(m, &rows.data, &o), AD_OK);
    for (int step = 2; step <= 30; step++)
        ck_assert_uint_eq(calls[step], calls[1]);
    close_model(m);
}
END_TEST

/* ---- Options from text ------------------------------------------------------------------------------------------- */

static nn_options *parse(const char *text, nn_options_kind kind)
{
    nn_options *o = nn_options_parse(text, kind, NULL);
    ck_assert_msg(nn_options_status(o) == AD_OK, "%s: %s", text, nn_options_message(o));
    return o;
}

static model open_parsed(const char *text, nn_options_kind kind)
{
    nn_options *o = parse(text, kind);
    model m = {NULL, NULL};
    if (kind == NN_CLASSIFIER)
        m.c = nn_classifier_open(nn_options_classifier(o));
    else
        m.r = nn_regressor_open(nn_options_regressor(o));
    nn_options_close(o); /* an estimator has copies */
    return m;
}

/* The struct and the line train to the same bits, and settings are read as what they were printed from. */
static void compare_with_text(model by_struct, const char *text, nn_options_kind kind)
{
    const model by_text = open_parsed(text, kind);
    char settings[600];
    snprintf(settings, sizeof settings, "%s", model_settings(by_struct));
    ck_assert_str_eq(model_settings(by_text), settings);
    const model again = open_parsed(settings, kind);
    ck_assert_str_eq(model_settings(again), settings);
    fit_well(by_struct, &rows.data, 7, 15);
    fit_well(by_text, &rows.data, 7, 15);
    fit_well(again, &rows.data, 7, 15);
    ck_assert_uint_eq(model_hash(by_text), model_hash(by_struct));
    ck_assert_uint_eq(model_hash(again), model_hash(by_struct));
    close_model(by_struct);
    close_model(by_text);
    close_model(again);
}

START_TEST(options_from_text_train_alike)
{
    fill_rows(&rows, &nn_head_softmax, 2, ROWS, 96);
    for (int i = 0; i < ROWS; i++)
        row_texts[i] = rows.labels[i] ? "spam, cold" : "ham";
    rows.data.label_texts = row_texts;
    compare_with_text(open_classifier((nn_classifier_options){.hidden_units = {7, 3},
                                                              .n_classes = 2,
                                                              .head = &nn_head_one_logit,
                                                              .head_options = {.label_smoothing = 0.1},
                                                              .activation = AD_TANH,
                                                              .dropout = 0.25,
                                                              .optimiser = {.rate = 0.3, .decay = 0.001},
                                                              .class_weights = NN_REALS(1, 2.5),
                                                              .label_texts = NN_TEXTS("ham", "spam, cold"),
                                                              .scaling = NN_SCALE_FEATURE,
                                                              .seed = 77}),
                      "hidden_units=7,3 n_classes=2 head=one_logit label_smoothing=0.1 activation=tanh dropout=0.25 "
                      "rate=0.3 decay=0.001 class_weights=1,2.5 label_texts=ham,\"spam, cold\" scaling=feature seed=77",
                      NN_CLASSIFIER);
    fill_rows(&rows, &nn_head_huber, 3, ROWS, 97);
    compare_with_text(open_model(&nn_head_huber, 3,
                                 (nn_regressor_options){.hidden_units = {6},
                                                        .head_options = {.delta = 0.7},
                                                        .activation = AD_SOFTPLUS,
                                                        .optimiser = {.rule = &nn_gradient_descent, .rate = 0.02},
                                                        .scaling = NN_SCALE_GLOBAL,
                                                        .seed = 5}),
                      "n_targets=3 hidden_units=6 head=huber delta=0.7 activation=softplus optimiser=gradient_descent "
                      "rate=0.02 scaling=global seed=5",
                      NN_REGRESSOR);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, open_clouds, close_clouds);
    tcase_add_test(tests, bad_options_of_classifiers);
    tcase_add_test(tests, bad_options_of_regressors);
    tcase_add_loop_test(tests, bad_options_of_both, 0, COUNT(heads));
    tcase_add_loop_test(tests, bad_truth_is_refused, 0, COUNT(heads));
    tcase_add_loop_test(tests, wrong_calls_are_refused, 0, COUNT(heads));
    tcase_add_loop_test(tests, a_logit_that_is_not_finite, 0, COUNT(heads));
    tcase_add_test(tests, a_regressor_that_is_null);
    tcase_add_loop_test(tests, an_estimator_closed_in_its_callback, 0, COUNT(heads));
    tcase_add_loop_test(tests, any_allocation_may_fail, 0, 2 * COUNT(heads));
    tcase_add_loop_test(tests, training_allocates_nothing, 0, COUNT(heads));
    tcase_add_test(tests, options_from_text_train_alike);
}

int main(void) { return run_tests("estimator_errors", add_tests); }
