/* Labels that are any integers or texts, and labels that hold at once. */
#include <stdio.h>
#include <string.h>

#include "../support/check.h"
#include "../support/models.h"

enum { ROWS = 40 };

static rows_of rows, others;

static const int32_t integers[] = {7, -2, 1000000};
static const char *const texts[] = {"great tit", "cat", "dog"};
static const char *row_texts[MODEL_ROWS];

static const nn_classifier_options plain = {.hidden_units = {5}, .n_classes = 3, .seed = 3};

static model open_with_integers(void)
{
    nn_classifier_options o = plain;
    o.label_integers = (nn_integers){integers, COUNT(integers)};
    return open_classifier(o);
}

static model open_with_texts(void)
{
    nn_classifier_options o = plain;
    o.label_texts = (nn_texts){texts, COUNT(texts)};
    return open_classifier(o);
}

/* The same rows with plain labels, with integers and with texts. */
static nn_data with_integers(void)
{
    nn_data data = rows.data;
    for (int i = 0; i < MODEL_ROWS; i++)
        others.labels[i] = integers[rows.labels[i]];
    data.labels = others.labels;
    return data;
}

static nn_data with_texts(void)
{
    nn_data data = rows.data;
    for (int i = 0; i < MODEL_ROWS; i++)
        row_texts[i] = texts[rows.labels[i]];
    data.labels = NULL;
    data.label_texts = row_texts;
    return data;
}

static void open_rows(void)
{
    open_clouds();
    fill_rows(&rows, &nn_head_softmax, 3, MODEL_ROWS, 71);
    rows.data.rows = ROWS;
}

static void expect_same_evaluation(const nn_evaluation *a, const nn_evaluation *b)
{
    ck_assert_int_eq(a->status, AD_OK);
    ck_assert_int_eq(b->status, AD_OK);
    ck_assert(a->accuracy == b->accuracy && a->loss == b->loss);
}

/* Training, evaluation and records know classes only; predictions come back as labels. */
START_TEST(a_vocabulary_changes_no_bit)
{
    static int32_t classes[MODEL_ROWS], as_integers[MODEL_ROWS];
    static const char *as_texts[MODEL_ROWS];
    nn_data data[] = {rows.data, with_integers(), with_texts()};
    const model m[] = {open_classifier(plain), open_with_integers(), open_with_texts()};
    nn_evaluation e[3];
    ad_tensor loss[3];
    for (int i = 0; i < 3; i++) {
        fit_well(m[i], &data[i], 7, 600);
        ck_assert_uint_eq(model_hash(m[i]), model_hash(m[0]));
        data[i].rows = MODEL_ROWS;
        e[i] = model_evaluate(m[i], &data[i]);
        expect_same_evaluation(&e[i], &e[0]);
        ck_assert_int_eq(model_record(m[i], &data[i], 3, &loss[i]), AD_OK);
        ck_assert_double_eq(ad_item(loss[i]), ad_item(loss[0]));
    }
    const nn_data features = {.features = rows.x, .rows = MODEL_ROWS, .columns = COLUMNS};
    ck_assert_int_eq(nn_classifier_predict(m[0].c, &features, classes), AD_OK);
    ck_assert_int_eq(nn_classifier_predict(m[1].c, &features, as_integers), AD_OK);
    ck_assert_int_eq(nn_classifier_predict_texts(m[2].c, &features, as_texts), AD_OK);
    int seen[3] = {0};
    for (int i = 0; i < MODEL_ROWS; i++) {
        seen[classes[i]]++;
        ck_assert_int_eq(as_integers[i], integers[classes[i]]);
        ck_assert_str_eq(as_texts[i], texts[classes[i]]);
    }
    ck_assert(seen[0] && seen[1] && seen[2]);
    /* Of texts, predict gives the number of the class. */
    ck_assert_int_eq(nn_classifier_predict(m[2].c, &features, as_integers), AD_OK);
    ck_assert_mem_eq(as_integers, classes, sizeof classes);
    for (int i = 0; i < 3; i++)
        close_model(m[i]);
}
END_TEST

/* Two classes by one logit, in the order of the vocabulary: the second is class 1. */
START_TEST(a_vocabulary_of_one_logit)
{
    static const int32_t two[] = {5, -5};
    int32_t labels[ROWS];
    float p[ROWS * 2];
    const nn_classifier_options o = {
        .n_classes = 2, .head = &nn_head_one_logit, .label_integers = {two, 2}, .class_weights = NN_REALS(1, 2)};
    const model m = open_classifier(o);
    fill_rows(&rows, &nn_head_one_logit, 2, ROWS, 72);
    int ones = 0;
    for (int i = 0; i < ROWS; i++) {
        ones += rows.labels[i];
        rows.labels[i] = two[rows.labels[i]];
    }
    fit_well(m, &rows.data, 8, 40);
    ck_assert_int_eq(nn_classifier_predict(m.c, &rows.data, labels), AD_OK);
    ck_assert_int_eq(model_predict(m, &rows.data, p), AD_OK);
    for (int i = 0; i < ROWS; i++)
        ck_assert_int_eq(labels[i], p[2 * i + 1] > p[2 * i] ? -5 : 5);
    const nn_evaluation e = model_evaluate(m, &rows.data);
    ck_assert_double_eq_tol(nn_evaluation_named(&e, "label/mean").value, (double)ones / ROWS, 1e-12);
    close_model(m);
}
END_TEST

/* The caller's vocabulary may go away after opening. */
START_TEST(vocabularies_are_copied)
{
    int32_t own_integers[] = {7, -2, 1000000};
    char bird[] = "great tit", cat[] = "cat", dog[] = "dog";
    const char *own_texts[] = {bird, cat, dog};
    for (int i = 0; i < 2; i++) {
        nn_classifier_options o = plain;
        if (i)
            o.label_texts = (nn_texts){own_texts, 3};
        else
            o.label_integers = (nn_integers){own_integers, 3};
        const model m = open_classifier(o);
        memset(own_integers, 0x33, sizeof own_integers);
        memset(bird, 'x', sizeof bird - 1);
        memset(own_texts, 0, sizeof own_texts);
        memset(&o, 0x55, sizeof o);
        const nn_data data = i ? with_texts() : with_integers();
        fit_well(m, &data, 8, 5);
        const char *found[ROWS];
        ck_assert_int_eq(nn_classifier_predict_texts(m.c, &data, found), i ? AD_OK : AD_BAD_STATE);
        for (int row = 0; row < ROWS && i; row++)
            ck_assert(!strcmp(found[row], texts[0]) || !strcmp(found[row], texts[1]) || !strcmp(found[row], texts[2]));
        close_model(m);
        own_texts[0] = bird;
        own_texts[1] = cat;
        own_texts[2] = dog;
        memcpy(bird, "great tit", sizeof bird);
    }
}
END_TEST

/* ---- Labels that are not in it ----------------------------------------------------------------------------------- */

/* Every call that needs labels refuses them so, and nothing changes. */
static void expect_refused(model m, const nn_data *data, const char *why)
{
    char wanted_message[300];
    ad_tensor loss;
    const uint64_t before = model_hash(m);
    static const char *const names[] = {"fit", "evaluate", "record"};
    for (int i = 0; i < COUNT(names); i++) {
        const ad_status status = i == 0   ? model_fit(m, data, NULL)
                                 : i == 1 ? model_evaluate(m, data).status
                                          : model_record(m, data, 0, &loss);
        ck_assert_int_eq(status, AD_BAD_VALUE);
        snprintf(wanted_message, sizeof wanted_message, "%s: %s", names[i], why);
        ck_assert_str_eq(model_message(m), wanted_message);
        ck_assert_int_eq(model_clear(m), AD_BAD_VALUE);
    }
    ck_assert_uint_eq(model_hash(m), before);
}

START_TEST(unknown_integers_are_refused)
{
    const model m = open_with_integers();
    nn_data data = with_integers();
    for (int fitted = 0; fitted < 2; fitted++) {
        others.labels[13] = 2;
        expect_refused(
            m, &data, "row 13: class 2 is not in the vocabulary (7, -2, 1000000); mend the label or leave the row out");
        others.labels[13] = 7;
        data.labels = NULL;
        expect_refused(m, &data, "labels are NULL: give integers of the vocabulary (7, -2, 1000000)");
        data = with_integers();
        fit_well(m, &data, 8, 1);
    }
    close_model(m);
}
END_TEST

START_TEST(unknown_texts_are_refused)
{
    const model m = open_with_texts();
    nn_data data = with_texts();
    for (int fitted = 0; fitted < 2; fitted++) {
        row_texts[39] = "great  tit";
        expect_refused(
            m, &data,
            "row 39: class \"great  tit\" is not in the vocabulary (great tit, cat, dog); mend the label or leave the row out");
        row_texts[39] = NULL;
        expect_refused(m, &data, "row 39: the label is NULL: give a text of the vocabulary (great tit, cat, dog)");
        data.label_texts = NULL;
        expect_refused(m, &data, "label_texts are NULL: give texts of the vocabulary (great tit, cat, dog)");
        data = with_texts();
        fit_well(m, &data, 8, 1);
    }
    close_model(m);
}
END_TEST

START_TEST(texts_without_texts)
{
    const char *found[ROWS];
    const model m[] = {open_classifier(plain), open_with_integers()};
    nn_data data[] = {rows.data, with_integers()};
    for (int i = 0; i < COUNT(m); i++) {
        fit_well(m[i], &data[i], 8, 1);
        ck_assert_int_eq(nn_classifier_predict_texts(m[i].c, &data[i], found), AD_BAD_STATE);
        ck_assert_str_eq(model_message(m[i]),
                         "predict_texts: the classifier has no texts: give it label_texts, or use predict");
        close_model(m[i]);
    }
    ck_assert_int_eq(nn_classifier_predict_texts(NULL, &rows.data, found), AD_BAD_HANDLE);
    const model t = open_with_texts();
    ck_assert_int_eq(nn_classifier_predict_texts(t.c, &rows.data, found), AD_BAD_STATE);
    ck_assert_str_eq(model_message(t), "predict_texts: the model was not fitted yet");
    ck_assert_int_eq(model_clear(t), AD_BAD_STATE);
    nn_data texts_of_rows = with_texts();
    fit_well(t, &texts_of_rows, 8, 1);
    ck_assert_int_eq(nn_classifier_predict_texts(t.c, &rows.data, NULL), AD_BAD_VALUE);
    ck_assert_str_eq(model_message(t), "predict_texts: the array for the results is NULL");
    close_model(t);
}
END_TEST

/* ---- Bad vocabularies -------------------------------------------------------------------------------------------- */

static void expect_bad_options(nn_classifier_options o, const char *why)
{
    const model m = open_classifier(o);
    int32_t labels[ROWS];
    const char *found[ROWS];
    ck_assert_int_eq(nn_classifier_status(m.c), AD_BAD_VALUE);
    ck_assert_str_eq(model_message(m), why);
    ck_assert_int_eq(model_fit(m, &rows.data, NULL), AD_BAD_VALUE);
    ck_assert_int_eq(model_evaluate(m, &rows.data).status, AD_BAD_VALUE);
    ck_assert_int_eq(nn_classifier_predict(m.c, &rows.data, labels), AD_BAD_VALUE);
    ck_assert_int_eq(nn_classifier_predict_texts(m.c, &rows.data, found), AD_BAD_VALUE);
    ck_assert_str_eq(model_message(m), why);
    close_model(m);
}

START_TEST(bad_vocabularies_are_refused)
{
    nn_classifier_options o = plain;
    o.label_integers = (nn_integers){(const int32_t[]){1, 2, 1}, 3};
    expect_bad_options(o, "classifier: label_integers[2] is 1, as [0] is: give each class a label of its own");
    o.label_integers.n = 2;
    expect_bad_options(o, "classifier: the vocabulary has 2 labels: it must have one for each of 3 exclusive classes");
    o.label_texts = (nn_texts){texts, 3};
    expect_bad_options(o, "classifier: label_integers and label_texts are both given; give one of them");
    o.label_integers.n = 0;
    o.label_texts.at = NULL;
    expect_bad_options(o, "classifier: label_texts is NULL: it must be an array of 3");
    o.label_texts.at = (const char *const[]){"a", NULL, "b"};
    expect_bad_options(o, "classifier: label_texts[1] is NULL: give each class a text");
    o.label_texts.at = (const char *const[]){"a", "b", ""};
    expect_bad_options(o, "classifier: label_texts[2] is empty: give each class a text");
    o.label_texts.n = 0;
    o.label_integers = (nn_integers){NULL, 3};
    expect_bad_options(o, "classifier: label_integers is NULL: it must be an array of 3");
    o.label_integers = (nn_integers){(const int32_t[]){1, 2, 3}, 3};
    o.head = &nn_head_independent;
    expect_bad_options(o, "classifier: the vocabulary has 3 labels: it must have one for each of 3 exclusive classes");
}
END_TEST

/* ---- Labels that hold at once ------------------------------------------------------------------------------------ */

/* Spam or ham, urgent or not: each label is learnt from its own feature. */
START_TEST(two_labels_at_once)
{
    int32_t found[MODEL_ROWS * 2];
    const model m = open_classifier((nn_classifier_options){.n_classes = 2, .head = &nn_head_independent, .seed = 1});
    fill_rows(&rows, &nn_head_independent, 2, MODEL_ROWS, 73);
    for (int i = 0; i < MODEL_ROWS; i++)
        for (int j = 0; j < 2; j++)
            rows.labels[2 * i + j] = rows.x[i * COLUMNS + j] > 0;
    fit_well(m, &rows.data, 50, 600);
    ck_assert_int_eq(nn_classifier_predict(m.c, &rows.data, found), AD_OK);
    int right = 0, both = 0;
    for (int i = 0; i < MODEL_ROWS; i++) {
        right += !memcmp(found + 2 * i, rows.labels + 2 * i, 2 * sizeof *found);
        both += found[2 * i] && found[2 * i + 1];
    }
    const nn_evaluation e = model_evaluate(m, &rows.data);
    ck_assert_double_eq_tol(e.accuracy, (double)right / MODEL_ROWS, 1e-12);
    ck_assert_double_gt(e.accuracy, 0.95);
    ck_assert_int_gt(both, MODEL_ROWS / 8);
    rows.labels[31] = 2;
    ck_assert_int_eq(model_fit(m, &rows.data, NULL), AD_BAD_VALUE);
    ck_assert_str_eq(model_message(m), "fit: row 15: label 1 is 2: it must be 0 or 1");
    ck_assert_int_eq(model_clear(m), AD_BAD_VALUE);
    rows.data.labels = NULL;
    ck_assert_int_eq(model_evaluate(m, &rows.data).status, AD_BAD_VALUE);
    ck_assert_str_eq(model_message(m), "evaluate: labels are NULL; give 2, each 0 or 1, for each of the 600 rows");
    close_model(m);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, open_rows, close_clouds);
    tcase_add_test(tests, a_vocabulary_changes_no_bit);
    tcase_add_test(tests, a_vocabulary_of_one_logit);
    tcase_add_test(tests, vocabularies_are_copied);
    tcase_add_test(tests, unknown_integers_are_refused);
    tcase_add_test(tests, unknown_texts_are_refused);
    tcase_add_test(tests, texts_without_texts);
    tcase_add_test(tests, bad_vocabularies_are_refused);
    tcase_add_test(tests, two_labels_at_once);
}

int main(void) { return run_tests("labels", add_tests); }
