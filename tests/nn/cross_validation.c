/* k-fold cross-validation: what it gives is what the same gives by hand. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../support/check.h"
#include "../support/classifiers.h"

/* ---- Data -------------------------------------------------------------------------------------------------------- */

static const nn_classifier_options three_classes = {
    .hidden_units = {6}, .n_classes = CLASSES, .seed = 3, .scaling = NN_SCALE_FEATURE};

/* Two classes by a noisy plane, one target by a noisy sum, and a weight for each row. */
static double weights[MAX_ROWS];
static float targets[MAX_ROWS];
static const char *texts[MAX_ROWS];

static void set_up(void)
{
    open_clouds();
    for (int64_t i = 0; i < train.data.rows; i++) {
        weights[i] = 1 + (double)(i % 3);
        targets[i] = train.x[i * COLUMNS] - 2 * train.x[i * COLUMNS + 2] + (float)(0.1 * cloud_noise(9, i));
        texts[i] = train.labels[i] == 0 ? "owl" : train.labels[i] == 1 ? "tit" : "great tit";
    }
}

static void same_figures(const nn_evaluation *a, const nn_evaluation *b)
{
    ck_assert_int_eq(a->status, AD_OK);
    ck_assert_int_eq(b->status, AD_OK);
    ck_assert(!memcmp(&a->accuracy, &b->accuracy, sizeof a->accuracy));
    ck_assert(!memcmp(&a->loss, &b->loss, sizeof a->loss));
    ck_assert(a->global_step == b->global_step);
    ck_assert_uint_eq(a->n_figures, b->n_figures);
    for (size_t i = 0; i < a->n_figures; i++) {
        ck_assert_str_eq(a->figures[i].name, b->figures[i].name);
        ck_assert(!memcmp(&a->figures[i].value, &b->figures[i].value, sizeof(double)));
        ck_assert(!a->figures[i].undefined == !b->figures[i].undefined);
    }
}

/* ---- By hand ----------------------------------------------------------------------------------------------------- */

/* A cross-validation of classifiers is that of the loop over a split. */
static void check_classifier(const nn_classifier_options *options, const nn_data *data,
                             const nn_cross_validation_options *how, bool plain)
{
    const int64_t k = how && how->folds ? how->folds : 5;
    nn_cross_validation *v = nn_classifier_cross_validate(options, data, how);
    ck_assert_msg(nn_cross_validation_status(v) == AD_OK, "%s", nn_cross_validation_message(v));
    ck_assert_str_eq(nn_cross_validation_message(v), "");
    ck_assert_int_eq(nn_cross_validation_count(v), k);
    nn_split *s = nn_split_open(data, &(nn_split_options){.folds = k, .plain = plain, .seed = how ? how->seed : 0});
    for (int64_t i = 0; i < k; i++) {
        const nn_data learnt = nn_split_train(s, i), tested = nn_split_test(s, i);
        nn_classifier *c = nn_classifier_open(options);
        ck_assert_int_eq(nn_classifier_fit(c, &learnt, how ? &how->fit : NULL), AD_OK);
        const nn_evaluation by_hand = nn_classifier_evaluate(c, &tested), e = nn_cross_validation_fold(v, i);
        same_figures(&e, &by_hand);
        nn_classifier_close(c);
    }
    nn_split_close(s);
    nn_cross_validation_close(v);
}

START_TEST(a_classifier_is_validated_as_by_hand)
{
    nn_data data = train.data;
    check_classifier(&three_classes, &data, NULL, false);
    check_classifier(&three_classes, &data, &(nn_cross_validation_options){.folds = 3, .seed = 7}, false);
    check_classifier(&three_classes, &data, &(nn_cross_validation_options){.plain = true, .fit = {.epochs = 3}}, true);
    data.weights = weights;
    check_classifier(&three_classes, &data, &(nn_cross_validation_options){.fit = {.steps = 30, .batch_size = 7}},
                     false);
}
END_TEST

/* Two classes have figures of their own. */
START_TEST(all_figures_are_kept)
{
    nn_data data = train.data;
    for (int64_t i = 0; i < data.rows; i++)
        train.labels[i] = train.labels[i] == 2;
    const nn_classifier_options two = {.hidden_units = {4}, .n_classes = 2, .seed = 5};
    const nn_cross_validation_options how = {.folds = 4, .fit = {.epochs = 2}};
    check_classifier(&two, &data, &how, false);
    nn_cross_validation *v = nn_classifier_cross_validate(&two, &data, &how);
    ck_assert_ptr_null(nn_cross_validation_figure(v, "auc").undefined);
    ck_assert_int_eq(nn_cross_validation_figure(v, "auc").n, 4);
    ck_assert_ptr_null(nn_cross_validation_figure(v, "global_step").undefined);
    nn_cross_validation_close(v);
}
END_TEST

/* What a callback of each fit sees of its fold. */
typedef struct seen_folds {
    int64_t n, folds, of[64];
} seen_folds;

static bool note_fold(const nn_progress *progress, void *context)
{
    seen_folds *s = context;
    ck_assert_int_lt(s->n, COUNT(s->of));
    ck_assert_int_eq(progress->folds, s->folds);
    ck_assert_int_eq(progress->step, s->n % 4 + 1);
    s->of[s->n++] = progress->fold;
    return true;
}

/* The callback is told the fold, from 1, and how many there are; in a fit alone there is none. */
START_TEST(a_callback_is_told_the_fold)
{
    seen_folds s = {.folds = 3};
    nn_cross_validation_options how = {.folds = 3, .fit = {.steps = 4, .callback = note_fold, .context = &s}};
    nn_data data = train.data;
    data.targets = targets;
    for (int is_regressor = 0; is_regressor < 2; is_regressor++) {
        s.n = 0;
        nn_cross_validation *v = is_regressor ? nn_regressor_cross_validate(NULL, &data, &how)
                                              : nn_classifier_cross_validate(&three_classes, &train.data, &how);
        ck_assert_msg(nn_cross_validation_status(v) == AD_OK, "%s", nn_cross_validation_message(v));
        ck_assert_int_eq(s.n, 12);
        for (int64_t i = 0; i < s.n; i++)
            ck_assert_int_eq(s.of[i], i / 4 + 1);
        nn_cross_validation_close(v);
    }
    s = (seen_folds){.folds = 0};
    nn_classifier *c = open_small();
    ck_assert_int_eq(nn_classifier_fit(c, &train.data, &how.fit), AD_OK);
    ck_assert_int_eq(s.n, 4);
    ck_assert_int_eq(s.of[0], 0);
    nn_classifier_close(c);
}
END_TEST

/* A callback that stops a fit ends the cross-validation. */
static bool stop_in_second_fold(const nn_progress *progress, void *context)
{
    *(int64_t *)context = progress->fold;
    return progress->fold < 2;
}

START_TEST(a_callback_stops_it)
{
    int64_t fold = 0;
    nn_cross_validation *v = nn_classifier_cross_validate(
        &three_classes, &train.data,
        &(nn_cross_validation_options){.folds = 3,
                                       .fit = {.steps = 4, .callback = stop_in_second_fold, .context = &fold}});
    ck_assert_int_eq(nn_cross_validation_status(v), AD_STOPPED);
    ck_assert_int_eq(fold, 2);
    ck_assert_msg(!strncmp(nn_cross_validation_message(v), "fold 2 of 3: ", 13), "%s", nn_cross_validation_message(v));
    nn_cross_validation_close(v);
}
END_TEST

/* A share of the rows of each fold may be held out again, and a fold may stop early. */
START_TEST(validation_within_folds)
{
    const nn_cross_validation_options how = {
        .folds = 3,
        .seed = 2,
        .fit = {.steps = 60, .batch_size = 8, .validation_share = 0.25, .validate_every = 2, .patience = 3}};
    check_classifier(&three_classes, &train.data, &how, false);
    const nn_cross_validation_options given = {
        .folds = 3, .fit = {.steps = 40, .validation = &test.data, .validate_every = 4, .patience = 2}};
    check_classifier(&three_classes, &train.data, &given, false);
}
END_TEST

START_TEST(labels_may_be_texts)
{
    static const char *const vocabulary[] = {"owl", "tit", "great tit"};
    nn_classifier_options options = three_classes;
    nn_data data = train.data;
    options.label_texts = (nn_texts){vocabulary, COUNT(vocabulary)};
    data.labels = NULL;
    data.label_texts = texts;
    check_classifier(&options, &data, &(nn_cross_validation_options){.folds = 4, .fit = {.epochs = 2}}, false);
    texts[5] = "robin";
    nn_cross_validation *v =
        nn_classifier_cross_validate(&options, &data, &(nn_cross_validation_options){.plain = true});
    ck_assert_int_eq(nn_cross_validation_status(v), AD_BAD_VALUE);
    ck_assert_ptr_nonnull(strstr(nn_cross_validation_message(v), " of 5: "));
    ck_assert_ptr_nonnull(strstr(nn_cross_validation_message(v), "robin"));
    nn_cross_validation_close(v);
}
END_TEST

/* Independent labels [rows, 2] are no classes: the folds are plain. */
START_TEST(independent_labels)
{
    static int32_t labels[2 * MAX_ROWS];
    nn_data data = train.data;
    for (int64_t i = 0; i < data.rows; i++) {
        labels[2 * i] = train.x[i * COLUMNS] > 0;
        labels[2 * i + 1] = train.x[i * COLUMNS + 1] > 0;
    }
    data.labels = labels;
    const nn_classifier_options options = {.n_classes = 2, .head = &nn_head_independent, .seed = 1};
    check_classifier(&options, &data, &(nn_cross_validation_options){.fit = {.epochs = 2}}, true);
}
END_TEST

/* The data may be a view. Other rows of the arrays are not touched: their features are NaN. */
START_TEST(views_are_validated)
{
    int32_t index[MAX_ROWS];
    nn_data view = train.data;
    view.array_rows = view.rows;
    view.rows = 0;
    for (int32_t i = (int32_t)view.array_rows - 1; i >= 0; i--)
        if (i % 4)
            index[view.rows++] = i;
        else
            train.x[i * COLUMNS] = NAN;
    view.index = index;
    check_classifier(&three_classes, &view, &(nn_cross_validation_options){.folds = 3, .fit = {.epochs = 2}}, false);
}
END_TEST

START_TEST(a_regressor_is_validated_as_by_hand)
{
    const nn_regressor_options options = {.hidden_units = {5}, .seed = 4, .optimiser = {.rate = 0.1}};
    const nn_cross_validation_options how = {.folds = 4, .seed = 11, .fit = {.epochs = 5, .batch_size = 9}};
    nn_data data = train.data; /* with labels, which a regressor does not read */
    data.targets = targets;
    nn_cross_validation *v = nn_regressor_cross_validate(&options, &data, &how);
    ck_assert_msg(nn_cross_validation_status(v) == AD_OK, "%s", nn_cross_validation_message(v));
    nn_split *s = nn_split_open(&data, &(nn_split_options){.folds = 4, .plain = true, .seed = 11});
    for (int64_t i = 0; i < 4; i++) {
        const nn_data learnt = nn_split_train(s, i), tested = nn_split_test(s, i);
        nn_regressor *r = nn_regressor_open(&options);
        ck_assert_int_eq(nn_regressor_fit(r, &learnt, &how.fit), AD_OK);
        const nn_evaluation by_hand = nn_regressor_evaluate(r, &tested), e = nn_cross_validation_fold(v, i);
        same_figures(&e, &by_hand);
        nn_regressor_close(r);
    }
    const nn_spread accuracy = nn_cross_validation_figure(v, "accuracy");
    ck_assert_int_eq(accuracy.n, 0);
    ck_assert_ptr_nonnull(strstr(accuracy.undefined, "right or wrong"));
    ck_assert_double_eq(accuracy.mean, 0);
    ck_assert_int_eq(nn_cross_validation_figure(v, "loss").n, 4);
    nn_split_close(s);
    nn_cross_validation_close(v);
    v = nn_regressor_cross_validate(NULL, &data, NULL); /* all defaults */
    ck_assert_int_eq(nn_cross_validation_status(v), AD_OK);
    nn_cross_validation_close(v);
}
END_TEST

/* ---- Figures ----------------------------------------------------------------------------------------------------- */

/* A head whose loss is the target itself, whatever the network says: the evaluations are known numbers. */
static ad_tensor target_losses(ad_tensor z, ad_tensor y, const nn_head_options *options)
{
    (void)options;
    return ad_add(ad_reshape(y, AD_SHAPE(ad_shape_of(y).dims[0])), ad_scale(ad_sum_over(z, AD_AXES(1)), 0));
}

/* python3 -c "import statistics as s, math; x = [.125, .25, 2, 1.5, .0625]
 * print(s.mean(x), s.stdev(x) / math.sqrt(5))" */
START_TEST(mean_and_standard_error_are_those_of_python)
{
    static const float losses[] = {0.125F, 0.25F, 2, 1.5F, 0.0625F};
    float x[COUNT(losses)] = {0}, y[COUNT(losses)];
    nn_head head = nn_head_squared;
    head.loss = target_losses;
    head.n_figures = 0;
    memcpy(y, losses, sizeof y);
    const nn_data data = {.features = x, .rows = COUNT(losses), .columns = 1, .targets = y};
    nn_cross_validation *v = nn_regressor_cross_validate(&(nn_regressor_options){.head = &head}, &data, NULL);
    ck_assert_msg(nn_cross_validation_status(v) == AD_OK, "%s", nn_cross_validation_message(v));
    const nn_spread loss = nn_cross_validation_figure(v, "loss"), step = nn_cross_validation_figure(v, "global_step");
    ck_assert_int_eq(loss.n, 5);
    ck_assert_ptr_null(loss.undefined);
    ck_assert_double_eq_tol(loss.mean, 0.7875, 1e-15);
    ck_assert_double_eq_tol(loss.standard_error, 0.40194837977033815, 1e-15);
    ck_assert_double_eq(step.mean, 1);
    ck_assert_double_eq(step.standard_error, 0);
    const nn_spread none = nn_cross_validation_figure(v, "auc"), null = nn_cross_validation_figure(v, NULL);
    ck_assert_int_eq(none.n, 0);
    ck_assert_str_eq(none.undefined, "the evaluation has no figure of this name");
    ck_assert_str_eq(null.undefined, "the evaluation has no figure of this name");
    nn_cross_validation_close(v);
}
END_TEST

/* A figure that some folds do not have: in a fold with rows of one class there is no auc. One row a fold has none. */
START_TEST(folds_without_a_figure_do_not_count)
{
    float x[4] = {-1, 1, -2, 2};
    int32_t labels[4] = {0, 1, 0, 1};
    const nn_data data = {.features = x, .rows = 4, .columns = 1, .labels = labels};
    const nn_classifier_options options = {.n_classes = 2};
    bool has_one = false;
    for (uint64_t seed = 0; seed < 40; seed++) {
        nn_cross_validation *v = nn_classifier_cross_validate(
            &options, &data, &(nn_cross_validation_options){.folds = 2, .plain = true, .seed = seed});
        const nn_spread auc = nn_cross_validation_figure(v, "auc");
        double sum = 0;
        int64_t n = 0;
        for (int64_t i = 0; i < 2; i++) {
            const nn_evaluation e = nn_cross_validation_fold(v, i);
            const nn_evaluation_figure f = nn_evaluation_named(&e, "auc");
            sum += f.value;
            n += !f.undefined;
        }
        ck_assert_int_eq(auc.n, n);
        ck_assert(!auc.undefined == (n > 0));
        ck_assert_double_eq(auc.mean, n ? sum / (double)n : 0);
        if (n < 2)
            ck_assert_double_eq(auc.standard_error, 0);
        has_one |= n == 0;
        nn_cross_validation_close(v);
    }
    ck_assert(has_one);
}
END_TEST

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

static bool stop_in_third_fold(const nn_progress *p, void *context)
{
    int *folds = context;
    *folds += p->step == 1;
    return *folds < 3 || p->step < 2;
}

/* The message has both parts; there is no fold, and no figure. */
static void expect_failed(nn_cross_validation *v, ad_status status, const char *part, const char *other)
{
    ck_assert_ptr_nonnull(v);
    const char *message = nn_cross_validation_message(v);
    ck_assert_msg(nn_cross_validation_status(v) == status && strstr(message, part) && strstr(message, other), "%s",
                  message);
    ck_assert_int_eq(nn_cross_validation_count(v), 0);
    ck_assert_int_eq(nn_cross_validation_fold(v, 0).status, AD_BAD_VALUE);
    const nn_spread loss = nn_cross_validation_figure(v, "loss");
    ck_assert_int_eq(loss.n, 0);
    ck_assert_str_eq(loss.undefined, "there is no cross-validation, or it failed");
    nn_cross_validation_close(v);
}

static nn_cross_validation *validate(nn_cross_validation_options how)
{
    return nn_classifier_cross_validate(&three_classes, &train.data, &how);
}

START_TEST(bad_options_are_errors)
{
    int folds = 0;
    nn_classifier_options options = three_classes;
    nn_data data = train.data;
    expect_failed(validate((nn_cross_validation_options){.folds = 1}), AD_BAD_VALUE, "cross_validate: ", "folds is 1");
    expect_failed(validate((nn_cross_validation_options){.folds = -2}), AD_BAD_VALUE,
                  "cross_validate: ", "folds is -2");
    expect_failed(validate((nn_cross_validation_options){.folds = 20}), AD_BAD_VALUE,
                  "cross_validate: ", "smallest class");
    expect_failed(validate((nn_cross_validation_options){.folds = 48, .plain = true}), AD_BAD_VALUE,
                  "cross_validate: ", "at most 47");
    expect_failed(validate((nn_cross_validation_options){.fit = {.steps = -1}}), AD_BAD_VALUE,
                  "fold 1 of 5: fit: ", "steps is -1");
    expect_failed(validate((nn_cross_validation_options){.fit = {.save = "m"}}), AD_BAD_VALUE,
                  "cross_validate: ", "fit.save: each fold would write the same file; leave it out");
    expect_failed(validate((nn_cross_validation_options){.fit = {.patience = 2}}), AD_BAD_VALUE,
                  "fold 1 of 5: fit: ", "patience needs validation");
    expect_failed(validate((nn_cross_validation_options){.fit = {.callback = stop_in_third_fold, .context = &folds}}),
                  AD_STOPPED, "fold 3 of 5: ", "a callback asked to stop");
    expect_failed(nn_classifier_cross_validate(&three_classes, NULL, NULL), AD_BAD_VALUE, "cross_validate: ", "NULL");
    options.n_classes = 1;
    expect_failed(nn_classifier_cross_validate(&options, &data, NULL), AD_BAD_VALUE,
                  "fold 1 of 5: classifier: ", "n_classes");
    options.n_classes = three_classes.n_classes;
    options.dropout = 2;
    expect_failed(nn_classifier_cross_validate(&options, &data, NULL), AD_BAD_VALUE,
                  "fold 1 of 5: classifier: ", "dropout is 2");
    expect_failed(nn_regressor_cross_validate(NULL, &data, NULL), AD_BAD_VALUE, "fold 1 of 5: fit: ", "targets");
    train.labels[7] = CLASSES;
    expect_failed(nn_classifier_cross_validate(&three_classes, &data, &(nn_cross_validation_options){.plain = true}),
                  AD_BAD_VALUE, " of 5: ", "row 7");
}
END_TEST

START_TEST(null_is_allowed)
{
    nn_cross_validation_close(NULL);
    ck_assert_int_eq(nn_cross_validation_count(NULL), 0);
    ck_assert_int_eq(nn_cross_validation_status(NULL), AD_BAD_HANDLE);
    ck_assert_ptr_nonnull(strstr(nn_cross_validation_message(NULL), "NULL"));
    ck_assert_int_eq(nn_cross_validation_fold(NULL, 0).status, AD_BAD_VALUE);
    ck_assert_int_eq(nn_cross_validation_figure(NULL, "loss").n, 0);
    nn_cross_validation *v = validate((nn_cross_validation_options){.folds = 2});
    ck_assert_int_eq(nn_cross_validation_fold(v, -1).status, AD_BAD_VALUE);
    ck_assert_int_eq(nn_cross_validation_fold(v, 2).status, AD_BAD_VALUE);
    ck_assert_int_eq(nn_cross_validation_fold(v, 1).status, AD_OK);
    nn_cross_validation_close(v);
}
END_TEST

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

/* Each allocation fails once, first those of the cross-validation, then those of the estimators. */
START_TEST(refused_memory_is_said)
{
    const bool of_estimator = _i;
    counting counted;
    counting_open(&counted);
    nn_classifier_options options = {.n_classes = CLASSES};
    nn_cross_validation_options how = {.folds = 2, .fit = {.steps = 1}};
    *(of_estimator ? &options.allocator : &how.allocator) = &counted.allocator;
    for (size_t k = 1;; k++) {
        counting_fail(&counted, k, COUNTING_ONCE);
        const size_t refused = counted.refused;
        nn_cross_validation *v = nn_classifier_cross_validate(&options, &train.data, &how);
        const bool is_whole = counted.refused == refused;
        if (!v)
            ck_assert(!of_estimator && k == 1);
        else if (is_whole)
            ck_assert_int_eq(nn_cross_validation_status(v), AD_OK);
        else {
            ck_assert_int_eq(nn_cross_validation_status(v), AD_NO_MEMORY);
            ck_assert_ptr_nonnull(strstr(nn_cross_validation_message(v), "memory"));
            ck_assert(!of_estimator || !strncmp(nn_cross_validation_message(v), "fold ", 5));
            ck_assert_int_eq(nn_cross_validation_count(v), 0);
        }
        nn_cross_validation_close(v);
        counting_check_released(&counted);
        if (is_whole)
            break;
        ck_assert_uint_lt(k, 2000);
    }
}
END_TEST

/* Nothing of the size of the data is taken. */
START_TEST(data_are_not_copied)
{
    enum { WIDE_ROWS = 200, WIDE = 400 };
    static float x[WIDE_ROWS * WIDE];
    static int32_t labels[WIDE_ROWS];
    counting counted;
    counting_open(&counted);
    for (int i = 0; i < WIDE_ROWS; i++)
        labels[i] = i % 2;
    const nn_data data = {.features = x, .rows = WIDE_ROWS, .columns = WIDE, .labels = labels};
    const nn_classifier_options options = {.n_classes = 2, .allocator = &counted.allocator};
    nn_cross_validation *v = nn_classifier_cross_validate(
        &options, &data,
        &(nn_cross_validation_options){.allocator = &counted.allocator, .fit = {.batch_size = 4, .steps = 2}});
    ck_assert_int_eq(nn_cross_validation_status(v), AD_OK);
    ck_assert_uint_lt(counted.largest, sizeof x);
    nn_cross_validation_close(v);
    counting_check_released(&counted);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_up, close_clouds);
    tcase_add_test(tests, a_classifier_is_validated_as_by_hand);
    tcase_add_test(tests, all_figures_are_kept);
    tcase_add_test(tests, a_callback_is_told_the_fold);
    tcase_add_test(tests, a_callback_stops_it);
    tcase_add_test(tests, validation_within_folds);
    tcase_add_test(tests, labels_may_be_texts);
    tcase_add_test(tests, independent_labels);
    tcase_add_test(tests, views_are_validated);
    tcase_add_test(tests, a_regressor_is_validated_as_by_hand);
    tcase_add_test(tests, mean_and_standard_error_are_those_of_python);
    tcase_add_test(tests, folds_without_a_figure_do_not_count);
    tcase_add_test(tests, bad_options_are_errors);
    tcase_add_test(tests, null_is_allowed);
    tcase_add_loop_test(tests, refused_memory_is_said, 0, 2);
    tcase_add_test(tests, data_are_not_copied);
}

int main(void) { return run_tests("cross_validation", add_tests); }
