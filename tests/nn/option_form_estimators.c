/* Messages in a program that takes options in a form of its own, --name value, word by word: of estimators, feeds and
 * folds. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../support/data_files.h"
#include "../support/long_options.h"

/* ---- Fits -------------------------------------------------------------------------------------------------------- */

START_TEST(fits_are_refused)
{
    static const struct {
        nn_fit_options options;
        const char *message;
    } cases[] = {
        {{.steps = -1}, "fit: --steps: -1 is not at least 1"},
        {{.monitor = (nn_monitor)7}, "fit: --monitor: 7 is not one of loss, accuracy"},
        {{.steps = 1, .epochs = 1}, "fit: --steps and --epochs: give one"},
        {{.steps = 1, .to_step = 1}, "fit: --steps and --to-step: give one"},
        {{.validation_share = 0.1, .validation = &test.data}, "fit: --validation and --validation-share: give one"},
        {{.patience = 2},
         "fit: --patience needs validation: give data as --validation, or a --validation-share of the "
         "rows, for instance 0.1"},
        {{.least_improvement = 2},
         "fit: --least-improvement needs validation: give data as --validation, or a "
         "--validation-share of the rows, for instance 0.1"},
        {{.save_every = 2}, "fit: --save-every needs --save: give the path of a file"},
        {{.keep = 2}, "fit: --keep needs --save: give the path of a file"},
        {{.save = ""}, "fit: --save is empty: give the path of a file, or NULL for none"},
        {{.epochs = INT64_MAX}, "fit: --epochs is 9223372036854775807: after 0 steps that is more than can be counted"},
    };
    for (int i = 0; i < COUNT(cases); i++) {
        nn_classifier *c = open_small();
        ck_assert_int_eq(nn_classifier_fit(c, &train.data, &cases[i].options), AD_BAD_VALUE);
        ck_assert_str_eq(nn_classifier_message(c), cases[i].message);
        nn_classifier_close(c);
    }
}
END_TEST

START_TEST(searches_are_refused)
{
    static const struct {
        nn_fit_options options;
        const char *message;
    } cases[] = {
        {{.batch_size = 10}, "fit: --batch-size is 10: lbfgs takes all 47 rows in each step: leave --batch-size out"},
        {{.watch_every = 2}, "fit: --watch-every is 2: no step of lbfgs can be watched: leave it out"},
    };
    nn_classifier_options o = small_net;
    o.optimiser.rule = &nn_lbfgs;
    for (int i = 0; i < COUNT(cases); i++) {
        nn_classifier *c = open_with(o);
        ck_assert_int_eq(nn_classifier_fit(c, &train.data, &cases[i].options), AD_BAD_VALUE);
        ck_assert_str_eq(nn_classifier_message(c), cases[i].message);
        nn_classifier_close(c);
    }
}
END_TEST

START_TEST(regressors_have_no_accuracy)
{
    static const double y[4] = {1, 2, 3, 4};
    nn_data data = train.data;
    data.labels = NULL;
    data.rows = 4;
    data.targets = y;
    data.target_element = NN_F64;
    nn_regressor *r = nn_regressor_open(NULL);
    const nn_fit_options o = {.validation_share = 0.5, .monitor = NN_MONITOR_ACCURACY};
    ck_assert_int_eq(nn_regressor_fit(r, &data, &o), AD_BAD_VALUE);
    ck_assert_str_eq(nn_regressor_message(r), "fit: --monitor accuracy: a regressor has none, use --monitor loss");
    nn_regressor_close(r);
}
END_TEST

START_TEST(missing_features_are_refused)
{
    train.x[COLUMNS * 3] = (float)NAN;
    nn_classifier *c = open_small();
    ck_assert_int_eq(nn_classifier_fit(c, &train.data, NULL), AD_NOT_FINITE);
    ck_assert_str_eq(nn_classifier_message(c),
                     "fit: row 3, column 0: the feature is missing (NaN); --impute mean fills it");
    nn_classifier_close(c);
}
END_TEST

/* Three ways in which numbers are not finite: the loss, a gradient, a weight that is saved. */
START_TEST(numbers_that_are_not_finite)
{
    static const nn_dense_options wide = {.units = 4, .activation = AD_IDENTITY};
    static const nn_layer layers[] = {{.kind = &nn_dense, .name = "hiddenlayer_0", .options = &wide}};
    for (int64_t i = 0; i < train.data.rows * COLUMNS; i++)
        train.x[i] = i / COLUMNS >> i % COLUMNS & 1 ? 3.3e38F : -3.3e38F;
    nn_classifier *c = open_with((nn_classifier_options){.layers = {layers, 1}, .n_classes = CLASSES});
    ck_assert_int_eq(nn_classifier_fit(c, &train.data, &(nn_fit_options){.steps = 4}), AD_NOT_FINITE);
    ck_assert_str_eq(
        nn_classifier_message(c),
        "fit: the loss is NaN at step 1 (first in hiddenlayer_0); the model of step 0 is kept; try a smaller "
        "--rate or --clip-norm 1");
    nn_classifier_close(c);
}
END_TEST

/* Data that were made by hand, with labels. */
static nn_data rows_with_texts(const float *x, int64_t rows, const char *const *texts)
{
    return (nn_data){.features = x, .rows = rows, .columns = 1, .label_texts = texts};
}

START_TEST(labels_are_refused)
{
    static const float x[3] = {1, 2, 3};
    static const char *const learnt[] = {"red", "green", "blue"}, *const other[] = {"red", "grene", "blue"},
                             *const same[] = {"yes", "yes", "yes"};
    static const int32_t integers[3] = {0, 1, 7};
    nn_classifier *c = open_with((nn_classifier_options){.seed = 1});
    nn_data data = rows_with_texts(x, 3, same);
    ck_assert_int_eq(nn_classifier_fit(c, &data, NULL), AD_BAD_VALUE);
    ck_assert_str_eq(nn_classifier_message(c), "fit: all 3 labels are \"yes\"; a classifier needs two");
    nn_classifier_clear_error(c);
    data.label_texts = learnt;
    ck_assert_int_eq(nn_classifier_fit(c, &data, NULL), AD_OK);
    data.label_texts = other;
    ck_assert_int_eq(nn_classifier_evaluate(c, &data).status, AD_BAD_VALUE);
    ck_assert_str_eq(nn_classifier_message(c), "evaluate: row 1: class \"grene\" was not in the training data (blue, "
                                               "green, red); mend the label or leave the row out");
    nn_classifier_close(c);
    c = open_with((nn_classifier_options){.n_classes = 2});
    data = (nn_data){.features = x, .rows = 3, .columns = 1, .labels = integers};
    ck_assert_int_eq(nn_classifier_fit(c, &data, NULL), AD_BAD_VALUE);
    ck_assert_str_eq(nn_classifier_message(c), "fit: row 2: label 7 is outside 0..1; mend it, or set --n-classes");
    nn_classifier_close(c);
}
END_TEST

/* An integer has no quotes. */
START_TEST(integers_are_refused)
{
    static const float x[2] = {1, 2};
    static const int32_t learnt[] = {3, 5}, other[] = {3, 4};
    nn_data data = {.features = x, .rows = 2, .columns = 1, .labels = learnt};
    nn_classifier *c = open_with((nn_classifier_options){.seed = 1});
    ck_assert_int_eq(nn_classifier_fit(c, &data, NULL), AD_OK);
    data.labels = other;
    ck_assert_int_eq(nn_classifier_evaluate(c, &data).status, AD_BAD_VALUE);
    ck_assert_str_eq(
        nn_classifier_message(c),
        "evaluate: row 1: class 4 was not in the training data (3, 5); mend the label or leave the row out");
    nn_classifier_close(c);
}
END_TEST

/* ---- Feeds and folds --------------------------------------------------------------------------------------------- */

static void refuse_feed(const char *text, nn_csv_options csv, int64_t window, nn_fit_options o, const char *message)
{
    static file_bytes b;
    b.n = 0;
    put_text(&b, text);
    nn_feed *feed = nn_feed_open_csv(save_bytes("t.csv", &b), &csv, &(nn_feed_options){.window = window});
    ck_assert_msg(nn_feed_status(feed) == AD_OK, "%s", nn_feed_message(feed));
    const nn_data data = nn_feed_data(feed);
    nn_classifier *c = open_with((nn_classifier_options){.seed = 1});
    ck_assert_int_ne(nn_classifier_fit(c, &data, &o), AD_OK);
    ck_assert_str_eq(nn_classifier_message(c), message);
    nn_classifier_close(c);
    nn_feed_close(feed);
}

START_TEST(feeds_are_refused)
{
    const char *small = "x,l\n1,a\n2,b\n3,a\n";
    const nn_csv_options by_l = {.label = "l"}, missing = {.label = "l", .keep_missing = true};
    refuse_feed(small, by_l, 2, (nn_fit_options){.batch_size = 3},
                "fit: the window of the feed has 2 rows, and a batch 3: open the feed with a larger window, or make "
                "--batch-size smaller");
    refuse_feed(small, by_l, 2, (nn_fit_options){.validation_share = 0.5},
                "fit: --validation-share: no rows of a feed can be held out: give data as --validation");
    refuse_feed("x,l\n1,a\n,b\n3,a\n", missing, 2, (nn_fit_options){.batch_size = 2},
                "fit: column \"x\": 1 of 3 values are missing; --impute mean fills them");
}
END_TEST

START_TEST(folds_are_refused)
{
    static const struct {
        int64_t folds;
        const char *message;
    } cases[] = {
        {-1, "split: --folds is -1: it must be 2 or more"},
        {48, "split: --folds is 48: it must be at most 47, the rows of the data"},
        {20, "split: --folds is 20, and the smallest class, 0, has 14 rows; use no more folds than that"},
    };
    for (int i = 0; i < COUNT(cases); i++) {
        nn_split *s = nn_split_open(&train.data, &(nn_split_options){.folds = cases[i].folds});
        ck_assert_str_eq(nn_split_message(s), cases[i].message);
        nn_split_close(s);
    }
    train.data.rows = 2;
    train.labels[0] = 0;
    train.labels[1] = 1;
    nn_split *s = nn_split_open(&train.data, &(nn_split_options){.share = 0.5});
    ck_assert_str_eq(nn_split_message(s),
                     "split: each of the 2 classes has one row, which stays in training; give classes two rows");
    nn_split_close(s);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_form, unset_form);
    tcase_add_test(tests, fits_are_refused);
    tcase_add_test(tests, searches_are_refused);
    tcase_add_test(tests, regressors_have_no_accuracy);
    tcase_add_test(tests, missing_features_are_refused);
    tcase_add_test(tests, numbers_that_are_not_finite);
    tcase_add_test(tests, labels_are_refused);
    tcase_add_test(tests, integers_are_refused);
    tcase_add_test(tests, feeds_are_refused);
    tcase_add_test(tests, folds_are_refused);
}

int main(void) { return run_in_folder("option_form_estimators", add_tests); }
