/* Classifiers that find their classes: n_classes is 0. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../nn/estimators/classes.h"
#include "../support/check.h"
#include "../support/models.h"

enum { ROWS = 40 };

static rows_of rows;
static int32_t integers[MODEL_ROWS];
static const char *texts[MODEL_ROWS];

/* The labels in the order of their classes. */
static const int32_t integer_of[] = {-70000, 3, 2000000000};
static const char *const text_of[] = {"Zebra", "ant", "ant hill"};

static void open_rows(void)
{
    open_clouds();
    fill_rows(&rows, &nn_head_softmax, 3, MODEL_ROWS, 71);
    for (int i = 0; i < MODEL_ROWS; i++) {
        integers[i] = integer_of[rows.labels[i]];
        texts[i] = text_of[rows.labels[i]];
    }
    rows.data.rows = ROWS;
}

static nn_data with_integers(void)
{
    nn_data data = rows.data;
    data.labels = integers;
    return data;
}

static nn_data with_texts(void)
{
    nn_data data = rows.data;
    data.labels = NULL;
    data.label_texts = texts;
    return data;
}

static model open_learning(void) { return open_classifier((nn_classifier_options){.hidden_units = {5}, .seed = 3}); }

static void expect_message(model m, ad_status status, ad_status due, const char *message)
{
    ck_assert_msg(status == due, "%s: %s", ad_status_name(status), model_message(m));
    ck_assert_str_eq(model_message(m), message);
    model_clear(m);
}

/* ---- What is learnt ---------------------------------------------------------------------------------------------- */

/* The same bits as those of a classifier that is told its vocabulary. */
START_TEST(it_is_as_if_the_vocabulary_were_given)
{
    nn_classifier_options o = {.hidden_units = {5}, .seed = 3, .n_classes = _i == 2 ? 3 : 0};
    if (_i == 0)
        o.label_integers = (nn_integers){integer_of, 3};
    if (_i == 1)
        o.label_texts = (nn_texts){text_of, 3};
    const model m = open_learning(), told = open_classifier(o);
    const nn_data data = _i == 0 ? with_integers() : _i == 1 ? with_texts() : rows.data;
    const nn_fit_options fit_options = {.batch_size = 8, .steps = 30, .validation_share = 0.2};
    ck_assert_msg(model_fit(m, &data, &fit_options) == AD_OK, "%s", model_message(m));
    ck_assert_msg(model_fit(told, &data, &fit_options) == AD_OK, "%s", model_message(told));
    ck_assert_uint_eq(model_hash(m), model_hash(told));
    const nn_evaluation a = model_evaluate(m, &data), b = model_evaluate(told, &data);
    ck_assert(a.status == AD_OK && a.loss == b.loss && a.accuracy == b.accuracy);
    ck_assert_int_eq(nn_classifier_class_count(m.c), 3);
    for (int i = -1; i < 4; i++) {
        const nn_class class = nn_classifier_class(m.c, i);
        const bool is_there = i >= 0 && i < 3;
        ck_assert(_i == 1 && is_there ? !strcmp(class.text, text_of[i]) : class.text == NULL);
        ck_assert(_i == 1 && is_there ? class.integer == 0
                                      : class.integer == (!is_there ? -1
                                                          : _i == 0 ? integer_of[i]
                                                                    : i));
    }
    int32_t p[ROWS], q[ROWS];
    ck_assert(nn_classifier_predict(m.c, &data, p) == AD_OK && nn_classifier_predict(told.c, &data, q) == AD_OK);
    ck_assert(!memcmp(p, q, sizeof p));
    const char *found[ROWS];
    ad_tensor loss;
    ck_assert_int_eq(model_record(m, &data, 3, &loss), AD_OK);
    if (_i == 1) {
        ck_assert_int_eq(nn_classifier_predict_texts(m.c, &data, found), AD_OK);
        for (int i = 0; i < ROWS; i++)
            ck_assert(!strcmp(found[i], text_of[0]) || !strcmp(found[i], text_of[1]) || !strcmp(found[i], text_of[2]));
        ck_assert_str_eq(model_settings(m), model_settings(told));
    }
    close_model(m);
    close_model(told);
}
END_TEST

/* With n_classes 0 a vocabulary says how many there are. */
START_TEST(a_vocabulary_has_as_many)
{
    const double weights[] = {1, 2, 3};
    const model m = open_classifier((nn_classifier_options){.label_integers = {integer_of, 3}}),
                n = open_classifier(
                    (nn_classifier_options){.label_texts = {text_of, 3}, .class_weights = {weights, 3}});
    ck_assert_ptr_nonnull(strstr(model_settings(m), "n_classes=3 "));
    ck_assert_ptr_nonnull(strstr(model_settings(n), "n_classes=3 "));
    close_model(m);
    close_model(n);
}
END_TEST

#define REST                                                                                                           \
    " head=softmax label_smoothing=0 activation=relu dropout=0 optimiser=adagrad rate=0.05 initial_accumulator=0.1 "   \
    "scaling=none scaling_constant=255 impute=refuse seed=3"

/* The settings have what was learnt, so that they make the same classifier again. */
START_TEST(classes_are_not_known_before_a_fit)
{
    const model m = open_learning();
    ck_assert_int_eq(nn_classifier_class_count(m.c), 0);
    ck_assert_int_eq(nn_classifier_class(m.c, 0).integer, -1);
    ck_assert_int_eq(nn_classifier_class_count(NULL), 0);
    close_model(m);
}
END_TEST

START_TEST(settings_have_what_was_learnt)
{
    const model m = open_learning(), n = open_learning(), zero = open_learning();
    ck_assert_str_eq(model_settings(m), "hidden_units=5 n_classes=0" REST);
    const nn_data a = with_integers(), b = with_texts();
    fit_well(m, &a, 8, 1);
    fit_well(n, &b, 8, 1);
    fit_well(zero, &rows.data, 8, 1);
    ck_assert_str_eq(model_settings(m), "hidden_units=5 n_classes=3" REST " label_integers=-70000,3,2000000000");
    ck_assert_str_eq(model_settings(n), "hidden_units=5 n_classes=3" REST " label_texts=Zebra,ant,\"ant hill\"");
    ck_assert_str_eq(model_settings(zero), "hidden_units=5 n_classes=3" REST " label_integers=0,1,2");
    nn_options *o = nn_options_parse(model_settings(n), NN_CLASSIFIER, NULL);
    ck_assert_msg(nn_options_status(o) == AD_OK, "%s", nn_options_message(o));
    const model again = open_classifier(*nn_options_classifier(o));
    nn_options_close(o);
    fit_well(again, &b, 8, 1);
    ck_assert_uint_eq(model_hash(again), model_hash(n));
    close_model(m);
    close_model(n);
    close_model(zero);
    close_model(again);
}
END_TEST

/* Labels of the rows of the view count, those of the validation too. */
START_TEST(labels_of_the_view_and_of_the_validation_count)
{
    int32_t index[ROWS], n = 0;
    for (int i = 0; i < MODEL_ROWS && n < ROWS; i++)
        if (rows.labels[i] != 1)
            index[n++] = i;
    nn_data data = with_texts(), validation = with_texts();
    data.index = index;
    data.array_rows = MODEL_ROWS;
    const model two = open_learning(), three = open_learning();
    fit_well(two, &data, 8, 1);
    ck_assert_ptr_nonnull(strstr(model_settings(two), "n_classes=2 "));
    ck_assert_ptr_nonnull(strstr(model_settings(two), " label_texts=Zebra,\"ant hill\""));
    expect_message(
        two, model_evaluate(two, &validation).status, AD_BAD_VALUE,
        "evaluate: row 3: class \"ant\" was not in the training data (Zebra, ant hill); mend the label or leave the row out");
    ck_assert_int_eq(model_fit(three, &data, &(nn_fit_options){.steps = 1, .validation = &validation}), AD_OK);
    ck_assert_ptr_nonnull(strstr(model_settings(three), "n_classes=3 "));
    close_model(two);
    close_model(three);
}
END_TEST

/* ---- What cannot be learnt --------------------------------------------------------------------------------------- */

static void expect_no_fit(const nn_data *data, const nn_head *head, const char *message)
{
    const model m = open_classifier((nn_classifier_options){.head = head});
    const size_t before = memory.bytes;
    for (int again = 0; again < 2; again++) {
        expect_message(m, model_fit(m, data, NULL), AD_BAD_VALUE, message);
        ck_assert_uint_eq(memory.bytes, before);
        ck_assert_uint_eq(model_parameter_count(m), 0);
        ck_assert_ptr_nonnull(strstr(model_settings(m), "n_classes=0 "));
    }
    close_model(m);
}

START_TEST(one_class_is_too_few)
{
    nn_data data = with_texts();
    data.rows = 120;
    for (int i = 0; i < 120; i++) {
        texts[i] = "yes";
        integers[i] = -3;
    }
    expect_no_fit(&data, NULL, "fit: all 120 labels are \"yes\"; a classifier needs two");
    data.label_texts = NULL;
    data.labels = integers;
    expect_no_fit(&data, NULL, "fit: all 120 labels are -3; a classifier needs two");
    const model m = open_learning();
    nn_data more = data;
    more.rows = 7;
    expect_message(m, model_fit(m, &data, &(nn_fit_options){.validation = &more}), AD_BAD_VALUE,
                   "fit: all 127 labels are -3; a classifier needs two");
    close_model(m);
}
END_TEST

START_TEST(labels_have_to_be_there)
{
    nn_data data = with_texts();
    texts[7] = NULL;
    expect_no_fit(&data, NULL, "fit: row 7: the label is NULL; give each row a text");
    texts[7] = "";
    expect_no_fit(&data, NULL, "fit: row 7: the label is empty; give each row a text");
    data.label_texts = NULL;
    expect_no_fit(&data, NULL, "fit: labels are NULL; give one for each of the 40 rows");
    data.rows = 0;
    const model m = open_learning();
    expect_message(m, model_fit(m, &data, NULL), AD_BAD_SHAPE, "fit: the data have no rows; give at least one");
    expect_message(m, model_fit(m, NULL, NULL), AD_BAD_VALUE, "fit: the data are NULL; give a view of features");
    close_model(m);
}
END_TEST

/* 65,536 different labels are classes, one more is a number. */
START_TEST(too_many_classes_are_a_number)
{
    enum { MOST = 65536 };
    float *x = calloc(MOST + 1, sizeof *x);
    int32_t *y = malloc((MOST + 1) * sizeof *y);
    ad_memory own = ad_memory_over(&memory.allocator);
    nn_store store = {.memory = &own};
    nn_vocabulary v;
    char message[200];
    for (int i = 0; i <= MOST; i++)
        y[i] = (int32_t)((uint32_t)i * 2654435761U);
    nn_data data = {.features = x, .rows = MOST + 1, .columns = 1, .labels = y};
    expect_no_fit(
        &data, NULL,
        "fit: the labels have more than 65536 different values: is the column a number? Then use a regressor; "
        "else give n_classes");
    data.rows = MOST;
    ck_assert_int_eq(nn_classes_learn(&v, &data, MOST, NULL, &store, message, sizeof message), AD_OK);
    ck_assert_uint_eq(v.n, MOST);
    for (int i = 0; i < MOST; i++) {
        ck_assert_int_ge(nn_vocabulary_find_integer(&v, y[i]), 0);
        ck_assert(i == 0 || nn_vocabulary_integer(&v, i - 1) < nn_vocabulary_integer(&v, i));
    }
    nn_store_release(&store);
    free(x);
    free(y);
}
END_TEST

START_TEST(heads_say_how_many_classes_they_take)
{
    const nn_data data = with_texts();
    expect_no_fit(&data, &nn_head_one_logit,
                  "fit: the labels have 3 different values: n_classes is 3: it must be 2 to 2 for the head one_logit");
    for (int i = 0; i < ROWS; i++)
        texts[i] = i % 2 ? "no" : "yes";
    const model m = open_classifier((nn_classifier_options){.head = &nn_head_one_logit});
    fit_well(m, &data, 8, 3);
    const nn_evaluation e = model_evaluate(m, &data);
    ck_assert(e.status == AD_OK && !nn_evaluation_named(&e, "auc").undefined);
    close_model(m);
}
END_TEST

/* ---- Labels of the other kind ------------------------------------------------------------------------------------ */

START_TEST(kinds_of_labels_do_not_mix)
{
    const model m = open_learning(), n = open_learning();
    const nn_data a = with_integers(), b = with_texts();
    expect_message(m, model_fit(m, &a, &(nn_fit_options){.validation = &b}), AD_BAD_VALUE,
                   "fit: validation: label_texts are texts: give labels, integers of the vocabulary (-70000, 3, "
                   "2000000000)");
    expect_message(n, model_fit(n, &b, &(nn_fit_options){.validation = &a}), AD_BAD_VALUE,
                   "fit: validation: labels are integers: give label_texts, texts of the vocabulary (Zebra, ant, ant "
                   "hill)");
    fit_well(m, &a, 8, 1);
    fit_well(n, &b, 8, 1);
    expect_message(m, model_fit(m, &b, NULL), AD_BAD_VALUE,
                   "fit: label_texts are texts: give labels, integers of the vocabulary (-70000, 3, 2000000000)");
    expect_message(n, model_evaluate(n, &a).status, AD_BAD_VALUE,
                   "evaluate: labels are integers: give label_texts, texts of the vocabulary (Zebra, ant, ant hill)");
    close_model(m);
    close_model(n);
    const model fixed = open_classifier((nn_classifier_options){.n_classes = 3});
    expect_message(
        fixed, model_fit(fixed, &b, NULL), AD_BAD_VALUE,
        "fit: the data have label_texts, and the classifier has no vocabulary: give it label_texts among its "
        "options, or leave n_classes out");
    close_model(fixed);
}
END_TEST

/* ---- Before, and after a first fit that fails -------------------------------------------------------------------- */

static void expect_not_fitted(model m)
{
    float p[ROWS * 3];
    const char *found[ROWS];
    ad_tensor loss;
    const nn_data data = with_texts();
    expect_message(m, model_evaluate(m, &data).status, AD_BAD_STATE, "evaluate: the model was not fitted yet");
    expect_message(m, model_record(m, &data, 0, &loss), AD_BAD_STATE, "record: the model was not fitted yet");
    expect_message(m, model_predict(m, &data, p), AD_BAD_STATE, "predict_proba: the model was not fitted yet");
    expect_message(m, nn_classifier_predict_texts(m.c, &data, found), AD_BAD_STATE,
                   "predict_texts: the model was not fitted yet");
}

/* Nothing is left of it, and its memory does not add up. The next fit may have other data. */
START_TEST(a_first_fit_that_fails_teaches_nothing)
{
    const model m = open_learning();
    const nn_data a = with_integers(), b = with_texts();
    nn_data bad = with_texts();
    float x[ROWS * COLUMNS];
    memcpy(x, rows.x, sizeof x);
    x[5] = INFINITY;
    bad.features = x;
    expect_not_fitted(m);
    size_t bytes = 0;
    for (int again = 0; again < 5; again++) {
        expect_message(m, model_fit(m, &bad, NULL), AD_NOT_FINITE,
                       "fit: row 1, column 1: the feature is infinite; replace it or drop the row");
        expect_message(m, model_fit(m, &a, &(nn_fit_options){.steps = 1, .epochs = 1}), AD_BAD_VALUE,
                       "fit: steps and epochs: give one");
        expect_not_fitted(m);
        ck_assert_str_eq(model_settings(m), "hidden_units=5 n_classes=0" REST);
        ck_assert(again == 0 || bytes == memory.bytes);
        bytes = memory.bytes;
    }
    fit_well(m, &b, 8, 1);
    ck_assert_ptr_nonnull(strstr(model_settings(m), "label_texts=Zebra,ant,"));
    model_clear(m);
    close_model(m);
}
END_TEST

static bool close_it(const nn_progress *progress, void *context)
{
    (void)progress;
    nn_classifier_close(context);
    return true;
}

static bool stop(const nn_progress *progress, void *context)
{
    (void)progress, (void)context;
    return false;
}

/* What a callback stops has learnt; what it closes gives all back (the fixture looks). */
START_TEST(callbacks_stop_and_close)
{
    const model m = open_learning(), n = open_learning();
    const nn_data data = with_texts();
    ck_assert_int_eq(model_fit(m, &data, &(nn_fit_options){.callback = close_it, .context = m.c}), AD_STOPPED);
    ck_assert_int_eq(model_fit(n, &data, &(nn_fit_options){.callback = stop}), AD_STOPPED);
    ck_assert_ptr_nonnull(strstr(model_settings(n), "n_classes=3 "));
    fit_well(n, &data, 8, 1);
    close_model(n);
}
END_TEST

static bool live(bool with_numbers)
{
    const nn_data data = with_numbers ? with_integers() : with_texts();
    const nn_classifier_options o = {.allocator = &memory.allocator};
    const model m = {nn_classifier_open(&o), NULL};
    bool good = m.c && model_fit(m, &data, &(nn_fit_options){.steps = 1}) == AD_OK;
    good = good && model_evaluate(m, &data).status == AD_OK;
    if (m.c && !good)
        ck_assert_msg(strstr(model_message(m), "memory"), "%s", model_message(m));
    if (m.c && model_parameter_count(m) == 0)
        ck_assert_ptr_nonnull(strstr(model_settings(m), "n_classes=0 "));
    close_model(m);
    return good;
}

START_TEST(refused_memory_is_said)
{
    size_t k = 1;
    while (counting_fail(&memory, k, _i % 2 ? COUNTING_FOR_GOOD : COUNTING_ONCE), k < 1000 && !live(_i / 2)) {
        counting_check_released(&memory);
        k++;
    }
    ck_assert(k > 20 && k < 1000);
    counting_heal(&memory);
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, open_rows, close_clouds);
    tcase_add_loop_test(tests, it_is_as_if_the_vocabulary_were_given, 0, 3);
    tcase_add_test(tests, a_vocabulary_has_as_many);
    tcase_add_test(tests, classes_are_not_known_before_a_fit);
    tcase_add_test(tests, settings_have_what_was_learnt);
    tcase_add_test(tests, labels_of_the_view_and_of_the_validation_count);
    tcase_add_test(tests, one_class_is_too_few);
    tcase_add_test(tests, labels_have_to_be_there);
    tcase_add_test(tests, too_many_classes_are_a_number);
    tcase_add_test(tests, heads_say_how_many_classes_they_take);
    tcase_add_test(tests, kinds_of_labels_do_not_mix);
    tcase_add_test(tests, a_first_fit_that_fails_teaches_nothing);
    tcase_add_test(tests, callbacks_stop_and_close);
    tcase_add_loop_test(tests, refused_memory_is_said, 0, 4);
}

int main(void) { return run_tests("learnt_classes", add_tests); }
