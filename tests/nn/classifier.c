/* The ready-made classifier: its figures, what can be seen of it, and what it refuses. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../support/check.h"
#include "../support/classifiers.h"
#include "../support/parts.h"

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

/* The least number of column j, and how far the largest is from it. */
static void plain_range(const table *t, int64_t j, double *least, double *range)
{
    double largest = *least = (double)t->x[j];
    for (int64_t i = 1; i < t->data.rows; i++) {
        *least = fmin(*least, (double)t->x[i * t->data.columns + j]);
        largest = fmax(largest, (double)t->x[i * t->data.columns + j]);
    }
    *range = largest - *least;
}

/* Scales one row of other data by what the training data teach. */
static void plain_scaling(const nn_classifier_options *o, const float *row, double *x)
{
    for (int64_t j = 0; j < COLUMNS; j++) {
        double mean = 0, deviation = o->scaling == NN_SCALE_CONSTANT ? 3 : 1;
        if (o->scaling == NN_SCALE_GLOBAL || o->scaling == NN_SCALE_FEATURE)
            plain_moments(&train, o->scaling == NN_SCALE_GLOBAL ? -1 : j, &mean, &deviation);
        if (o->scaling == NN_SCALE_MINMAX)
            plain_range(&train, j, &mean, &deviation);
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
START_TEST(logits_are_those_of_plain_loops)
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

START_TEST(predictions_agree)
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

START_TEST(figures_are_those_of_plain_loops)
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
START_TEST(ties_take_the_first_class)
{
    int32_t label = -1;
    static const float zeros[COLUMNS] = {0};
    nn_data origin = {.features = zeros, .rows = 1, .columns = COLUMNS};
    nn_classifier *c = open_with(
        (nn_classifier_options){.n_classes = CLASSES, .optimiser = {.rule = &nn_gradient_descent, .rate = 1e-45}});
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

START_TEST(element_types_train_alike)
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

START_TEST(defaults_of_a_classifier)
{
    nn_classifier_options o = small_net;
    state_after(&wanted, &train, 10, 6);
    o.activation = AD_RELU;
    o.optimiser = (nn_optimiser_options){.rule = &nn_adagrad, .rate = 0.05, .initial_accumulator = 0.1};
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

START_TEST(parameters_have_names_and_shapes)
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
    ck_assert_uint_eq(nn_classifier_parameter_count(c), COUNT(parameters));
    ad_tape *tape = nn_classifier_parameter(c, 0).tape;
    for (size_t i = 0; i < COUNT(parameters); i++) {
        ad_tensor x = nn_classifier_parameter(c, i), slot = ad_kept_at(tape, COUNT(parameters) + i);
        ck_assert_str_eq(ad_name_of(x), parameters[i].name);
        ck_assert_int_eq(ad_shape_of(x).rank, parameters[i].rank);
        ck_assert_int_eq(ad_shape_of(x).dims[0], parameters[i].dims[0]);
        ck_assert_int_eq(ad_shape_of(x).dims[1], parameters[i].dims[1]);
        ck_assert_uint_eq(strlen(ad_name_of(slot)), strlen(parameters[i].name) + strlen("/Adagrad"));
        ck_assert_ptr_nonnull(strstr(ad_name_of(slot), "/Adagrad"));
    }
    ck_assert(ad_is_inert(nn_classifier_parameter(c, COUNT(parameters))));
    ck_assert_str_eq(nn_classifier_message(c), "parameter: there is no parameter 6: the classifier has 6");
    ck_assert_int_eq(nn_classifier_clear_error(c), AD_BAD_VALUE);
    fit(c, &train, 10, 1);
    nn_classifier_close(c);
}
END_TEST

/* All places of the list used: nothing ends it. */
START_TEST(the_most_hidden_layers)
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

START_TEST(settings_are_told)
{
    static const struct {
        nn_classifier_options options;
        const char *text;
    } cases[] = {
        {{.hidden_units = {30, 10}, .n_classes = 7, .seed = 42},
         "hidden_units=30,10 n_classes=7 head=softmax label_smoothing=0 activation=relu dropout=0 "
         "optimiser=adagrad rate=0.05 initial_accumulator=0.1 scaling=none scaling_constant=255 impute=refuse seed=42"},
        {{.n_classes = 2, .optimiser = {.rule = &nn_gradient_descent, .rate = 0.25}},
         "n_classes=2 head=softmax label_smoothing=0 activation=relu dropout=0 "
         "optimiser=gradient_descent rate=0.25 scaling=none scaling_constant=255 impute=refuse seed=0"},
        {{.hidden_units = {4}, .n_classes = 3, .activation = AD_TANH, .scaling = NN_SCALE_CONSTANT},
         "hidden_units=4 n_classes=3 head=softmax label_smoothing=0 activation=tanh dropout=0 "
         "optimiser=adagrad rate=0.05 initial_accumulator=0.1 scaling=constant scaling_constant=255 impute=refuse "
         "seed=0"},
        {{.n_classes = 3, .optimiser = {.initial_accumulator = 0.75}, .scaling = NN_SCALE_GLOBAL, .seed = UINT64_MAX},
         "n_classes=3 head=softmax label_smoothing=0 activation=relu dropout=0 "
         "optimiser=adagrad rate=0.05 initial_accumulator=0.75 scaling=global scaling_constant=255 impute=refuse "
         "seed=18446744073709551615"},
        {{.n_classes = 3, .scaling = NN_SCALE_FEATURE},
         "n_classes=3 head=softmax label_smoothing=0 activation=relu dropout=0 "
         "optimiser=adagrad rate=0.05 initial_accumulator=0.1 scaling=feature scaling_constant=255 impute=refuse "
         "seed=0"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        nn_classifier *c = open_with(cases[i].options);
        ck_assert_str_eq(nn_classifier_settings(c), cases[i].text);
        nn_classifier_close(c);
    }
}
END_TEST

/* The caller's options may go away after opening. */
START_TEST(options_are_copied)
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

START_TEST(usage_is_what_the_allocator_counts)
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

/* Layers larger than memory: an error, nothing asked for that was not checked, and no network. */
START_TEST(enormous_layers_are_refused)
{
    static const int64_t units[] = {INT64_C(1) << 40, INT64_C(1) << 51};
    memory.limit = 1 << 20;
    for (size_t i = 0; i < COUNT(units); i++) {
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

/* ---- Bad input --------------------------------------------------------------------------------------------------- */

/* Messages seen in this test: each mistake has its own. */
static char seen[64][640];
static size_t n_seen;

static void open_data(void)
{
    n_seen = 0;
    open_clouds();
}

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
    ck_assert_uint_lt(n_seen, COUNT(seen));
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

START_TEST(bad_options_are_refused)
{
    const double nan = (double)NAN, inf = (double)INFINITY;
    expect_bad_options((nn_classifier_options){.n_classes = 1}, "n_classes is 1", "must be");
    expect_bad_options((nn_classifier_options){.n_classes = -5}, "n_classes is -5", "must be");
    expect_bad_options((nn_classifier_options){.n_classes = INT64_C(1) << 40}, "n_classes", "1099511627776");
    expect_bad_options((nn_classifier_options){.hidden_units = {-4}, .n_classes = 3}, "hidden_units[0]", "-4");
    expect_bad_options(
        (nn_classifier_options){.hidden_units = {7, -6}, .n_classes = 3},
        "classifier: hidden_units[1] is -6: it must be at least 1 and at most 4503599627370496, 0 ends the list", "");
    expect_bad_options((nn_classifier_options){.n_classes = 3, .activation = AD_ACTIVATION_COUNT},
                       "classifier: activation is 7: it must be one of relu, tanh, logistic, softplus, elu, identity",
                       "");
    expect_bad_options((nn_classifier_options){.n_classes = 3, .activation = (ad_activation)-1}, "-1", "activation");
    expect_bad_options((nn_classifier_options){.n_classes = 3, .scaling = NN_SCALE_COUNT},
                       "classifier: scaling is 5: it must be one of none, constant, global, feature, minmax", "");
    expect_bad_options((nn_classifier_options){.n_classes = 3, .scaling = (nn_scaling_kind)-1}, "-1", "scaling");
    nn_classifier_options o = {.n_classes = 3, .scaling = NN_SCALE_CONSTANT, .scaling_constant = nan};
    expect_bad_options(o, "constant", "nan");
    o.scaling_constant = inf;
    expect_bad_options(o, "classifier: the scaling constant inf cannot be divided by", "");
    o = (nn_classifier_options){.n_classes = 3, .optimiser = {.rule = &nn_adam, .momentum = 0.5}};
    expect_bad_options(o, "classifier: momentum is an option of momentum, nesterov and rmsprop; adam does not read it",
                       "");
    o.optimiser = (nn_optimiser_options){.rate = -0.1};
    expect_bad_options(o, "classifier: rate is -0.1: it must be above 0", "");
    o.optimiser = (nn_optimiser_options){.initial_accumulator = -1};
    expect_bad_options(o, "initial_accumulator", "above 0");
}
END_TEST

/* The network computes in f32: an option that is 0 or infinite there is refused at once, and not met as a NaN, or as
 * features that are all 0, later. */
START_TEST(options_that_f32_does_not_hold)
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

START_TEST(more_bad_options_are_refused)
{
    const double bad[] = {(double)NAN, (double)INFINITY, -(double)INFINITY, -1e-300};
    for (size_t i = 0; i < COUNT(bad); i++) {
        n_seen = 0;
        expect_bad_options((nn_classifier_options){.n_classes = 3, .optimiser = {.rate = bad[i]}}, "rate", "");
        expect_bad_options((nn_classifier_options){.n_classes = 3, .optimiser = {.initial_accumulator = bad[i]}},
                           "accumulator", "");
    }
    nn_classifier *c = nn_classifier_open(NULL); /* all defaults: the first fit finds the classes */
    ck_assert_ptr_nonnull(c);
    ck_assert_int_eq(nn_classifier_status(c), AD_OK);
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

static ad_status take_record(nn_classifier *c, const nn_data *data)
{
    ad_tensor loss = {.id = 7};
    const ad_status status = nn_classifier_record(c, data, 0, &loss);
    ck_assert_int_eq(ad_is_inert(loss), status != AD_OK);
    return status;
}

static const struct {
    const char *name;
    taker *take;
    bool needs_labels;
} takers[] = {{"fit", take_fit, true},          {"evaluate", take_evaluate, true},
              {"predict", take_predict, false}, {"predict_proba", take_proba, false},
              {"logits", take_logits, false},   {"record", take_record, true}};

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
                   ": row 5, column 2: the feature is missing (NaN); impute=mean fills it");
    train.x[5 * COLUMNS + 2] = INFINITY;
    expect_refusal(c, takers[who].take(c, &d), AD_NOT_FINITE, name, "row 5, column 2: the feature is infinite");
    train.x[5 * COLUMNS + 2] = was;
    train.x[47 * COLUMNS - 1] = -INFINITY;
    expect_refusal(c, takers[who].take(c, &d), AD_NOT_FINITE, name, "row 46, column 3: the feature is infinite");
    train.x[47 * COLUMNS - 1] = 0;
    d.element = NN_F64;
    d.features = wide;
    wide[0] = (double)NAN;
    expect_refusal(c, takers[who].take(c, &d), AD_NOT_FINITE, name, "row 0, column 0: the feature is missing (NaN)");
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
    for (int i = 0; i < COUNT(bad); i++) {
        char row[16], label[32];
        snprintf(row, sizeof row, "row %d:", 11 * (i + 1));
        snprintf(label, sizeof label, "label %ld is", (long)bad[i]);
        const int32_t was = train.labels[11 * (i + 1)];
        train.labels[11 * (i + 1)] = bad[i];
        expect_refusal(c, takers[who].take(c, &train.data), AD_BAD_VALUE, row, label);
        train.labels[11 * (i + 1)] = was;
    }
}

START_TEST(bad_data_are_refused)
{
    nn_classifier *c = open_small();
    nn_classifier_fit(c, &train.data, &(nn_fit_options){.batch_size = 10, .steps = 2});
    nn_data narrow = train.data;
    narrow.columns = 3;
    expect_refusal(c, takers[_i].take(c, &narrow), AD_BAD_SHAPE, takers[_i].name,
                   ": the data have 3 columns, the model was fitted to 4");
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

START_TEST(bad_data_before_the_first_fit_are_refused)
{
    nn_classifier *c = open_small();
    expect_bad_sizes(c, 0);
    expect_bad_features(c, 0);
    fill_clouds(&train, 47, 1);
    expect_bad_labels(c, 0);
    expect_refusal(c, nn_classifier_fit(c, &train.data, &(nn_fit_options){.batch_size = -1}), AD_BAD_VALUE,
                   "fit: batch_size is -1: it must be at least 1", "");
    expect_refusal(c, nn_classifier_fit(c, &train.data, &(nn_fit_options){.steps = -9}), AD_BAD_VALUE,
                   "fit: steps is -9: it must be at least 1", "");
    for (int who = 1; who < COUNT(takers); who++)
        expect_refusal(c, takers[who].take(c, &train.data), AD_BAD_STATE, takers[who].name,
                       ": the model was not fitted yet");
    ck_assert_uint_eq(nn_classifier_parameter_count(c), 0);
    fit(c, &train, 10, 2);
    state_after(&wanted, &train, 10, 2);
    close_as(c, &wanted, "after bad data");
}
END_TEST

START_TEST(bad_options_of_a_fit_are_refused)
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

START_TEST(a_classifier_that_is_null)
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
START_TEST(the_first_error_is_kept)
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

/* ---- Wrong reads of parameters ----------------------------------------------------------------------------------- */

static void read_item(ad_tensor w) { ad_item(w); }
static void read_gradient(ad_tensor w) { ad_gradient(ad_sum(w)); }
static void add_misfits(ad_tensor w) { ad_add(w, ad_ones(w.tape, AD_F32, AD_SHAPE(7, 5))); }
static void assign_nothing(ad_tensor w) { ad_assign(w, NULL); }
static void read_other_type(ad_tensor w) { ad_f64(w); }

static void (*const wrong_reads[])(ad_tensor w) = {read_item, read_gradient, add_misfits, assign_nothing,
                                                   read_other_type};

/* The error is told by the classifier's status, and the next call works. */
START_TEST(a_wrong_read_of_a_parameter_disturbs_nothing)
{
    static float before[MAX_ROWS * CLASSES], after[MAX_ROWS * CLASSES];
    nn_classifier *c = open_small();
    fit(c, &train, 10, 3);
    ck_assert_int_eq(nn_classifier_logits(c, &train.data, before), AD_OK);
    for (int next = 0; next < 5; next++) {
        const ad_tensor w = nn_classifier_parameter(c, 0);
        wrong_reads[_i](w);
        const ad_status wrong = ad_status_of(w.tape);
        ck_assert_int_ne(wrong, AD_OK);
        ck_assert_int_eq(nn_classifier_status(c), wrong);
        ck_assert_str_ne(nn_classifier_message(c), "");
        if (next == 0)
            ck_assert_int_eq(take_predict(c, &train.data), AD_OK);
        else if (next == 1)
            ck_assert_int_eq(nn_classifier_logits(c, &train.data, after), AD_OK);
        else if (next == 2)
            ck_assert_int_eq(nn_classifier_evaluate(c, &train.data).status, AD_OK);
        else if (next == 3)
            ck_assert_int_eq(nn_classifier_fit(c, &train.data, &(nn_fit_options){.steps = 1}), AD_OK);
        ck_assert_int_eq(nn_classifier_status(c), wrong);
        ck_assert_int_eq(nn_classifier_clear_error(c), wrong);
        ck_assert_int_eq(ad_status_of(w.tape), AD_OK);
        ck_assert_int_eq(nn_classifier_status(c), AD_OK);
    }
    ck_assert_mem_eq(before, after, (size_t)train.data.rows * CLASSES * sizeof *before);
    nn_classifier_close(c);
}
END_TEST

/* ---- Recording a row --------------------------------------------------------------------------------------------- */

static ad_tensor record(nn_classifier *c, const nn_data *data, int64_t row)
{
    ad_tensor loss;
    ck_assert_msg(nn_classifier_record(c, data, row, &loss) == AD_OK, "%s", nn_classifier_message(c));
    return loss;
}

static nn_data row_of(const table *t, int64_t row)
{
    nn_data one = t->data;
    one.features = t->x + row * one.columns;
    one.labels = t->labels + row;
    one.rows = 1;
    return one;
}

/* The loss is that of evaluate, and the tape can be looked at: names, parts, gradients. */
START_TEST(a_row_is_recorded)
{
    nn_classifier *c = open_small();
    fit(c, &train, 10, 5);
    for (int64_t row = 0; row < train.data.rows; row += 23) {
        const nn_data one = row_of(&train, row);
        const double wanted_loss = nn_classifier_evaluate(c, &one).loss;
        const ad_tensor loss = record(c, &train.data, row), w = nn_classifier_parameter(c, 0);
        ad_tape *tape = loss.tape;
        ck_assert_double_eq_tol(ad_item(loss), wanted_loss, 1e-6 * (1 + wanted_loss));
        ck_assert_str_eq(ad_name_of(loss), "loss");
        ck_assert_str_eq(ad_name_of(ad_recorded_at(tape, 0)), "x");
        ck_assert_str_eq(ad_name_of(ad_recorded_at(tape, 1)), "label");
        ck_assert_str_eq(ad_name_of(ad_recorded_at(tape, 2)), "hiddenlayer_0");
        ck_assert(ad_is_watched(tape) && ad_has_gradient(w));
        expect_parts_of_all(tape);
        ck_assert_uint_eq(ad_leaf_change_count(tape), 0);
        for (int64_t i = 0; i < COLUMNS; i++)
            ck_assert(ad_f32(ad_recorded_at(tape, 0))[i] == train.x[row * COLUMNS + i]);
    }
    nn_classifier_close(c);
}
END_TEST

/* Records between the steps of a fit, in its callback too, change no bit of what is learnt. */
static bool record_in_callback(const nn_progress *progress, void *context)
{
    record(context, &train.data, progress->step % train.data.rows);
    return true;
}

START_TEST(a_record_changes_nothing)
{
    static float logits[MAX_ROWS * CLASSES];
    nn_classifier *c = open_small();
    fit(c, &train, 10, 12);
    take_state(c, &wanted);
    for (int64_t row = 0; row < train.data.rows; row++)
        record(c, &train.data, row);
    take_state(c, &other_state);
    ck_assert(same_state(&wanted, &other_state));
    state_after(&wanted, &train, 10, 40);
    for (int i = 0; i < 14; i++) {
        const ad_tensor loss = record(c, &train.data, i);
        fit(c, &train, 10, 1);
        ck_assert(!ad_is_valid(loss) && !ad_is_watched(loss.tape));
    }
    record(c, &train.data, 3);
    nn_fit_options o = {.batch_size = 10, .steps = 14, .callback = record_in_callback, .context = c};
    ck_assert_int_eq(nn_classifier_fit(c, &train.data, &o), AD_OK);
    const ad_tensor last = record(c, &train.data, 3);
    ck_assert_int_eq(nn_classifier_logits(c, &train.data, logits), AD_OK);
    ck_assert(ad_is_valid(last)); /* a prediction has a tape of its own */
    close_as(c, &wanted, "after records");
}
END_TEST

START_TEST(bad_records_are_refused)
{
    nn_classifier *c = open_small();
    ad_tensor loss = {.id = 7};
    expect_refusal(c, nn_classifier_record(c, &train.data, 0, &loss), AD_BAD_STATE, "record: ", "not fitted yet");
    ck_assert_uint_eq(loss.id, 0);
    fit(c, &train, 10, 2);
    const ad_tensor before = record(c, &train.data, 4);
    expect_refusal(c, nn_classifier_record(c, &train.data, -1, &loss), AD_BAD_VALUE,
                   "record: row -1 is outside 0..46 of the data", "");
    expect_refusal(c, nn_classifier_record(c, &train.data, 47, &loss), AD_BAD_VALUE, "row 47 is outside 0..46", "");
    expect_refusal(c, nn_classifier_record(c, &train.data, INT64_MIN, &loss), AD_BAD_VALUE, "outside", "");
    expect_refusal(c, nn_classifier_record(c, &train.data, 0, NULL), AD_BAD_VALUE,
                   "record: the room for the loss is NULL", "");
    nn_data d = train.data;
    d.labels = NULL;
    expect_refusal(c, nn_classifier_record(c, &d, 0, &loss), AD_BAD_VALUE, "record: labels are NULL", "");
    d = train.data;
    d.columns = 3;
    expect_refusal(c, nn_classifier_record(c, &d, 0, &loss), AD_BAD_SHAPE,
                   "record: the data have 3 columns, the model was fitted to 4", "");
    expect_refusal(c, nn_classifier_record(c, NULL, 0, &loss), AD_BAD_VALUE, "record: the data are NULL", "");
    ck_assert_int_eq(nn_classifier_record(NULL, &train.data, 0, &loss), AD_BAD_HANDLE);
    ck_assert(ad_is_inert(loss));
    ck_assert(ad_is_valid(before)); /* what was refused did not touch it */
    state_after(&wanted, &train, 10, 2);
    close_as(c, &wanted, "after bad records");
}
END_TEST

/* A wrong use of the recorded tensors is told, and disturbs nothing. */
START_TEST(a_wrong_use_of_a_record)
{
    nn_classifier *c = open_small();
    fit(c, &train, 10, 2);
    const ad_tensor loss = record(c, &train.data, 4);
    ad_matmul(loss, loss);
    ck_assert_int_ne(nn_classifier_status(c), AD_OK);
    const ad_tensor again = record(c, &train.data, 4);
    ck_assert(ad_is_valid(again) && ad_is_watched(again.tape));
    ck_assert_int_ne(nn_classifier_clear_error(c), AD_OK);
    state_after(&wanted, &train, 10, 2);
    close_as(c, &wanted, "after a wrong use");
}
END_TEST

START_TEST(records_take_no_more_memory)
{
    nn_classifier *c = open_small();
    fit(c, &train, 10, 2);
    record(c, &train.data, 0);
    const size_t calls = memory.calls, bytes = nn_classifier_usage(c).bytes;
    for (int64_t i = 0; i < 1000; i++)
        record(c, &train.data, i % 47);
    ck_assert_uint_eq(memory.calls, calls);
    ck_assert_uint_eq(nn_classifier_usage(c).bytes, bytes);
    nn_classifier_close(c);
}
END_TEST

START_TEST(a_record_without_memory)
{
    ad_tensor loss;
    ad_status status = AD_NO_MEMORY;
    state_after(&wanted, &train, 10, 2);
    for (size_t k = 1; status != AD_OK; k++) {
        nn_classifier *c = open_small();
        fit(c, &train, 10, 2);
        const size_t refused = memory.refused;
        counting_fail(&memory, k, COUNTING_FOR_GOOD);
        status = nn_classifier_record(c, &train.data, 1, &loss);
        counting_heal(&memory);
        ck_assert_int_eq(status, memory.refused > refused ? AD_NO_MEMORY : AD_OK);
        ck_assert_int_eq(ad_is_inert(loss), status != AD_OK);
        ck_assert_int_eq(nn_classifier_clear_error(c), status);
        ck_assert_int_eq(ad_is_watched(nn_classifier_parameter(c, 0).tape), status == AD_OK);
        close_as(c, &wanted, "after a record without memory");
    }
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, open_data, close_clouds);
    tcase_add_loop_test(tests, logits_are_those_of_plain_loops, 0, AD_ACTIVATION_COUNT * NN_SCALE_COUNT);
    tcase_add_loop_test(tests, predictions_agree, 0, COUNT(row_counts));
    tcase_add_loop_test(tests, figures_are_those_of_plain_loops, 0, COUNT(row_counts));
    tcase_add_test(tests, ties_take_the_first_class);
    tcase_add_loop_test(tests, element_types_train_alike, 0, NN_SCALE_COUNT);
    tcase_add_test(tests, defaults_of_a_classifier);
    tcase_add_test(tests, parameters_have_names_and_shapes);
    tcase_add_test(tests, the_most_hidden_layers);
    tcase_add_test(tests, settings_are_told);
    tcase_add_test(tests, options_are_copied);
    tcase_add_test(tests, usage_is_what_the_allocator_counts);
    tcase_add_test(tests, enormous_layers_are_refused);
    tcase_add_test(tests, bad_options_are_refused);
    tcase_add_loop_test(tests, options_that_f32_does_not_hold, 0, 4);
    tcase_add_test(tests, more_bad_options_are_refused);
    tcase_add_loop_test(tests, bad_data_are_refused, 0, COUNT(takers));
    tcase_add_test(tests, a_row_is_recorded);
    tcase_add_test(tests, a_record_changes_nothing);
    tcase_add_test(tests, bad_records_are_refused);
    tcase_add_test(tests, a_wrong_use_of_a_record);
    tcase_add_test(tests, records_take_no_more_memory);
    tcase_add_test(tests, a_record_without_memory);
    tcase_add_test(tests, bad_data_before_the_first_fit_are_refused);
    tcase_add_test(tests, bad_options_of_a_fit_are_refused);
    tcase_add_test(tests, a_classifier_that_is_null);
    tcase_add_loop_test(tests, a_wrong_read_of_a_parameter_disturbs_nothing, 0, COUNT(wrong_reads));
    tcase_add_test(tests, the_first_error_is_kept);
}

int main(void) { return run_tests("classifier", add_tests); }
