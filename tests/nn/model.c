/* Models in files: what comes back is the same, and what a file says of itself. */
#include <math.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../support/check.h"
#include "../support/classifiers.h"
#include "../support/data_files.h"

static char path[5000];

static void fill_path(void)
{
    open_clouds();
    snprintf(path, sizeof path, "%s", path_in_folder("m.safetensors"));
}

static nn_classifier *load_good(const char *from)
{
    nn_classifier *c = nn_classifier_load(from, &(nn_load_options){.allocator = &memory.allocator});
    ck_assert_msg(nn_classifier_status(c) == AD_OK, "%s", nn_classifier_message(c));
    return c;
}

static void save_good(const nn_classifier *c, const char *to, int64_t keep)
{
    ck_assert_msg(nn_classifier_save(c, to, &(nn_save_options){.keep = keep}) == AD_OK, "%s", nn_classifier_message(c));
}

/* ---- The same again ---------------------------------------------------------------------------------------------- */

/* A model is as the one that was saved, and saving it again gives the same bytes. */
START_TEST(what_is_loaded_is_the_same)
{
    nn_classifier *c = open_small();
    fit(c, &train, 10, 13);
    take_state(c, &wanted);
    save_good(c, path, 0);
    nn_classifier *again = load_good(path);
    ck_assert_str_eq(nn_classifier_settings(again), nn_classifier_settings(c));
    char second[5000];
    snprintf(second, sizeof second, "%s", path_in_folder("again"));
    save_good(again, second, 0);
    expect_same_files(path, second);
    nn_classifier_close(c);
    close_as(again, &wanted, "loaded");
}
END_TEST

/* Columns with names, categories, missing values, and labels that are texts. */
enum { N = 12, D = 3 };
static const char *const labels_of[N] = {"great tit", "owl", "\"=\"", "owl", "owl",       "great tit",
                                         "\"=\"",     "owl", "owl",   "owl", "great tit", "\"=\""};

static const nn_column columns[] = {
    {.name = "size, cm"},
    {.name = "colour", .kind = NN_COLUMN_CATEGORY, .levels = NN_TEXTS("red", "", "blu\"e")},
    {.name = "weight"}};

static nn_data mixed_data(void)
{
    static float x[N * D];
    for (int i = 0; i < N; i++) {
        x[i * D] = (float)(i * i % 7);
        x[i * D + 1] = i == 5 ? NAN : (float)(i % 3);
        x[i * D + 2] = i % 5 == 2 ? NAN : (float)(i % 4) / 3;
    }
    return (nn_data){.features = x, .rows = N, .columns = D, .label_texts = labels_of, .schema = NN_SCHEMA(columns)};
}

START_TEST(columns_and_classes_come_back)
{
    const nn_classifier_options o = {.hidden_units = {4},
                                     .scaling = (nn_scaling_kind)(_i % NN_SCALE_COUNT),
                                     .impute = _i < NN_SCALE_COUNT ? NN_IMPUTE_MEAN : NN_IMPUTE_LEVEL,
                                     .allocator = &memory.allocator};
    const nn_data data = mixed_data();
    nn_classifier *c = nn_classifier_open(&o);
    const nn_fit_options fit = {.steps = 9, .batch_size = 5, .save = path};
    ck_assert_msg(nn_classifier_fit(c, &data, &fit) == AD_OK, "%s", nn_classifier_message(c));
    nn_classifier *again = load_good(path);
    float p[N * 3], q[N * 3];
    const char *texts[N];
    ck_assert_str_eq(nn_classifier_settings(again), nn_classifier_settings(c));
    ck_assert_int_eq(nn_classifier_predict_proba(c, &data, p), AD_OK);
    ck_assert_int_eq(nn_classifier_predict_proba(again, &data, q), AD_OK);
    ck_assert_mem_eq(p, q, sizeof p);
    ck_assert_int_eq(nn_classifier_predict_texts(again, &data, texts), AD_OK);
    const nn_schema schema = nn_classifier_schema(again);
    ck_assert_uint_eq(schema.n, D);
    ck_assert_str_eq(schema.at[0].name, "size, cm");
    ck_assert_int_eq((int)schema.at[1].kind, NN_COLUMN_CATEGORY);
    ck_assert_uint_eq(schema.at[1].levels.n, 3);
    ck_assert_str_eq(schema.at[1].levels.at[2], "blu\"e");
    ck_assert_int_eq(nn_classifier_fit(again, &data, &(nn_fit_options){.steps = 5, .batch_size = 5}), AD_OK);
    ck_assert_int_eq(nn_classifier_fit(c, &data, &(nn_fit_options){.steps = 5, .batch_size = 5}), AD_OK);
    ck_assert_int_eq(nn_classifier_predict_proba(c, &data, p), AD_OK);
    ck_assert_int_eq(nn_classifier_predict_proba(again, &data, q), AD_OK);
    ck_assert_mem_eq(p, q, sizeof p);
    nn_classifier_close(c);
    nn_classifier_close(again);
}
END_TEST

static const nn_column wide[] = {{.name = "pixels", .width = COLUMNS}};

START_TEST(wide_columns_come_back)
{
    nn_data data = train.data;
    data.schema = (nn_schema)NN_SCHEMA(wide);
    nn_classifier *c = open_small();
    ck_assert_int_eq(nn_classifier_fit(c, &data, &(nn_fit_options){.steps = 2, .save = path}), AD_OK);
    nn_classifier_close(c);
    c = load_good(path);
    ck_assert_uint_eq(nn_classifier_schema(c).n, 1);
    ck_assert_int_eq(nn_classifier_schema(c).at[0].width, COLUMNS);
    ck_assert_int_eq(nn_classifier_fit(c, &data, NULL), AD_OK);
    nn_classifier_close(c);
}
END_TEST

/* Huber's delta may be infinite. */
START_TEST(infinite_options_come_back)
{
    const double y[2] = {1, 2};
    const float x[2] = {1, 2};
    const nn_data data = {.features = x, .rows = 2, .columns = 1, .targets = y, .target_element = NN_F64};
    nn_regressor *r =
        nn_regressor_open(&(nn_regressor_options){.head = &nn_head_huber, .head_options = {.delta = HUGE_VAL}});
    ck_assert_msg(nn_regressor_fit(r, &data, &(nn_fit_options){.save = path}) == AD_OK, "%s", nn_regressor_message(r));
    nn_regressor *again = nn_regressor_load(path, NULL);
    ck_assert_msg(nn_regressor_status(again) == AD_OK, "%s", nn_regressor_message(again));
    ck_assert_str_eq(nn_regressor_settings(again), nn_regressor_settings(r));
    ck_assert_ptr_nonnull(strstr(nn_regressor_settings(again), "delta=1e999"));
    nn_regressor_close(r);
    nn_regressor_close(again);
}
END_TEST

/* ---- When it is saved -------------------------------------------------------------------------------------------- */

/* What the callback saves at step 5 is what a fit of 5 steps leaves. */
typedef struct saver {
    nn_classifier *c;
    bool stops;
} saver;

static bool save_at_5(const nn_progress *p, void *context)
{
    const saver *s = context;
    if (p->step == 5)
        save_good(s->c, path, 0);
    return p->step != 5 || !s->stops;
}

START_TEST(callbacks_may_save)
{
    state_after(&wanted, &train, 10, 5);
    saver s = {open_small(), _i};
    const nn_fit_options o = {.batch_size = 10, .steps = 9, .callback = save_at_5, .context = &s};
    ck_assert_int_eq(nn_classifier_fit(s.c, &train.data, &o), _i ? AD_STOPPED : AD_OK);
    nn_classifier_close(s.c);
    close_as(load_good(path), &wanted, "saved by a callback");
}
END_TEST

/* At the end by patience, the best weights take their place after the callback. What it saves goes on as the end
 * does. */
static bool save_each(const nn_progress *p, void *context)
{
    (void)p;
    save_good(context, path, 0);
    return true;
}

START_TEST(an_end_by_patience_may_be_saved_by_a_callback)
{
    nn_classifier *c = open_small();
    const nn_fit_options o = {.batch_size = 10,
                              .steps = 500,
                              .validation = &test.data,
                              .validate_every = 1,
                              .patience = 2,
                              .monitor = NN_MONITOR_ACCURACY,
                              .callback = save_each,
                              .context = c};
    ck_assert_int_eq(nn_classifier_fit(c, &train.data, &o), AD_OK);
    ck_assert_int_eq(nn_history_end(nn_classifier_history(c)), NN_END_PATIENCE);
    nn_classifier *again = load_good(path);
    fit(c, &train, 10, 5);
    fit(again, &train, 10, 5);
    take_state(c, &wanted);
    nn_classifier_close(c);
    close_as(again, &wanted, "saved at the end by patience");
}
END_TEST

/* Others predict meanwhile. */
static void *predict_often(void *context)
{
    int32_t labels[MAX_ROWS];
    for (int i = 0; i < 100; i++)
        if (nn_classifier_predict(context, &test.data, labels) != AD_OK)
            return context;
    return NULL;
}

START_TEST(saving_goes_beside_predictions)
{
    pthread_t threads[3];
    nn_classifier *c = nn_classifier_open(&(nn_classifier_options){.n_classes = CLASSES, .hidden_units = {3}});
    fit(c, &train, 10, 5);
    for (int i = 0; i < COUNT(threads); i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, predict_often, c), 0);
    for (int i = 0; i < 20; i++)
        save_good(c, path, 1);
    for (int i = 0; i < COUNT(threads); i++) {
        void *failed = c;
        pthread_join(threads[i], &failed);
        ck_assert_ptr_null(failed);
    }
    nn_classifier_close(c);
}
END_TEST

static bool stop_at_4(const nn_progress *p, void *context)
{
    (void)context;
    return p->step < 4;
}

START_TEST(a_fit_that_is_stopped_is_saved)
{
    nn_classifier *c = open_small();
    const nn_fit_options o = {.batch_size = 10, .steps = 9, .callback = stop_at_4, .save = path};
    ck_assert_int_eq(nn_classifier_fit(c, &train.data, &o), AD_STOPPED);
    nn_classifier_close(c);
    state_after(&wanted, &train, 10, 4);
    c = load_good(path);
    ck_assert_int_eq(nn_history_end(nn_classifier_history(c)), NN_END_STOPPED);
    close_as(c, &wanted, "stopped");
}
END_TEST

/* Where the loss is not finite, the file has what the classifier has. */
START_TEST(a_fit_that_fails_is_saved)
{
    nn_classifier *c = open_sudden();
    const nn_fit_options o = {.batch_size = 10, .steps = 400, .save = path};
    ck_assert_int_eq(nn_classifier_fit(c, &train.data, &o), AD_NOT_FINITE);
    nn_classifier_clear_error(c);
    nn_model_info *info = nn_model_look(path, NULL);
    ck_assert_str_eq(info->end, "failed");
    ck_assert_int_eq(info->step, nn_classifier_evaluate(c, &test.data).global_step);
    nn_model_info_close(info);
    nn_classifier_close(c);
}
END_TEST

/* ... unless it is another model's, and nothing of this one was saved before. */
START_TEST(a_first_fit_that_fails_replaces_no_other_model)
{
    nn_classifier *c = open_small();
    const nn_fit_options good = {.batch_size = 10, .steps = 9, .save = path};
    ck_assert_int_eq(nn_classifier_fit(c, &train.data, &good), AD_OK);
    nn_classifier_close(c);
    for (int saves = 0; saves < 2; saves++) {
        c = open_sudden();
        const nn_fit_options bad = {.batch_size = 10, .steps = 400, .save = path, .save_every = saves};
        ck_assert_int_eq(nn_classifier_fit(c, &train.data, &bad), AD_NOT_FINITE);
        nn_classifier_close(c);
        nn_model_info *info = nn_model_look(path, NULL);
        ck_assert_str_eq(info->end, saves ? "failed" : "steps");
        nn_model_info_close(info);
    }
}
END_TEST

START_TEST(files_before_are_kept)
{
    nn_classifier *c = open_small();
    const nn_fit_options o = {.batch_size = 10, .steps = 9, .save = path, .save_every = 2, .keep = 3};
    static const int64_t steps[] = {9, 8, 6, 4};
    char name[5100];
    ck_assert_int_eq(nn_classifier_fit(c, &train.data, &o), AD_OK);
    for (int i = 0; i < COUNT(steps); i++) {
        snprintf(name, sizeof name, i ? "%s.%d" : "%s", path, i);
        nn_classifier *kept = load_good(name);
        ck_assert_int_eq(nn_classifier_evaluate(kept, &test.data).global_step, steps[i]);
        nn_classifier_close(kept);
    }
    snprintf(name, sizeof name, "%s.4", path);
    ck_assert_int_eq(access(name, F_OK), -1);
    nn_classifier_close(c);
}
END_TEST

/* A job that is started again and again when its step is reached keeps the checkpoints that it has. */
START_TEST(a_fit_that_does_nothing_keeps_what_was_kept)
{
    const nn_fit_options o = {.batch_size = 10, .to_step = 10, .save = path, .save_every = 5, .keep = 2};
    char first[5100], second[5100];
    snprintf(first, sizeof first, "%s.1", path);
    snprintf(second, sizeof second, "%s.2", path);
    for (int i = 0; i < 4; i++) {
        nn_classifier *c = i == 0 ? open_small() : load_good(path);
        ck_assert_int_eq(nn_classifier_fit(c, &train.data, &o), AD_OK);
        nn_classifier_close(c);
        nn_classifier *before = load_good(first);
        ck_assert_int_eq(nn_classifier_evaluate(before, &train.data).global_step, 5);
        nn_classifier_close(before);
        ck_assert_int_eq(access(second, F_OK), -1);
    }
}
END_TEST

/* A fit that has nothing to do is saved too. */
START_TEST(a_fit_without_steps_is_saved)
{
    nn_classifier *c = open_small();
    fit(c, &train, 10, 3);
    ck_assert_int_eq(nn_classifier_fit(c, &train.data, &(nn_fit_options){.to_step = 2, .save = path}), AD_OK);
    take_state(c, &wanted);
    nn_classifier_close(c);
    close_as(load_good(path), &wanted, "without steps");
}
END_TEST

/* ---- The data ---------------------------------------------------------------------------------------------------- */

static void expect_data(nn_classifier *c, const nn_data *data, const char *message)
{
    ck_assert_int_eq(nn_classifier_check_data(c, data), *message ? AD_BAD_VALUE : AD_OK);
    ck_assert_str_eq(nn_classifier_message(c), message);
    nn_classifier_clear_error(c);
}

START_TEST(other_data_are_told)
{
    fill_clouds(&train, 1200, 3);
    nn_classifier *c = open_small();
    ck_assert_int_eq(nn_classifier_check_data(c, &train.data), AD_BAD_STATE);
    nn_classifier_clear_error(c);
    fit(c, &train, 10, 3);
    save_good(c, path, 0);
    nn_classifier_close(c);
    c = load_good(path);
    expect_data(c, &train.data, "");
    fill_clouds(&train, 1203, 3);
    expect_data(c, &train.data,
                "check_data: the data have 1,203 rows, the model was trained on 1,200; a fit to them begins a new "
                "epoch");
    train.data.rows = 1;
    expect_data(c, &train.data,
                "check_data: the data have 1 rows, the model was trained on 1,200; a fit to them begins a new "
                "epoch");
    fill_clouds(&train, 1200, 3);
    train.x[0] += 1;
    const char *other = "check_data: the data have other names of columns, or another first or last row, than those of "
                        "the last fit; give it the same data to go on as if there had been no end";
    expect_data(c, &train.data, other);
    fill_clouds(&train, 1200, 3);
    train.x[1200 * COLUMNS - 1] += 1;
    expect_data(c, &train.data, other);
    ck_assert_int_eq(nn_classifier_check_data(c, NULL), AD_BAD_VALUE);
    ck_assert_int_eq(nn_classifier_check_data(NULL, &train.data), AD_BAD_HANDLE);
    ck_assert_int_eq(nn_regressor_check_data(NULL, &train.data), AD_BAD_HANDLE);
    nn_classifier_close(c);
}
END_TEST

/* A model keeps features, its label and no more, and puts the label last: data that are read by its columns have these.
 */
START_TEST(data_are_known_without_the_columns_that_a_model_drops)
{
    const nn_column all[] = {{.name = "id", .kind = NN_COLUMN_ID},
                             {.name = "y", .kind = NN_COLUMN_LABEL},
                             {.name = "a", .kind = NN_COLUMN_NUMBER},
                             {.name = "no", .kind = NN_COLUMN_IGNORED},
                             {.name = "b", .kind = NN_COLUMN_NUMBER}},
                    kept[] = {{.name = "a"}, {.name = "b"}, {.name = "y", .kind = NN_COLUMN_LABEL}},
                    other[] = {{.name = "a"}, {.name = "c"}, {.name = "y", .kind = NN_COLUMN_LABEL}};
    static const float x[6][2] = {{0, 1}, {1, 2}, {2, 0}, {3, 1}, {4, 4}, {5, 2}};
    static const int32_t y[6] = {0, 1, 0, 1, 0, 1};
    nn_data data = {.features = x, .rows = 6, .columns = 2, .labels = y, .schema = NN_SCHEMA(all)};
    nn_classifier *c = nn_classifier_open(&(nn_classifier_options){.hidden_units = {2}, .n_classes = 2});
    ck_assert_msg(nn_classifier_fit(c, &data, &(nn_fit_options){.steps = 2}) == AD_OK, "%s", nn_classifier_message(c));
    expect_data(c, &data, "");
    data.schema = (nn_schema)NN_SCHEMA(kept);
    expect_data(c, &data, "");
    data.schema = (nn_schema)NN_SCHEMA(other);
    ck_assert_int_eq(nn_classifier_check_data(c, &data), AD_BAD_VALUE);
    nn_classifier_close(c);

    data = mixed_data();
    nn_column renamed[D];
    memcpy(renamed, columns, sizeof renamed);
    renamed[1].name = "another name of a category";
    c = nn_classifier_open(&(nn_classifier_options){.hidden_units = {2}, .impute = NN_IMPUTE_MEAN});
    ck_assert_msg(nn_classifier_fit(c, &data, &(nn_fit_options){.steps = 2}) == AD_OK, "%s", nn_classifier_message(c));
    expect_data(c, &data, "");
    data.schema = (nn_schema)NN_SCHEMA(renamed);
    ck_assert_int_eq(nn_classifier_check_data(c, &data), AD_BAD_VALUE);
    nn_classifier_close(c);
}
END_TEST

/* ---- Looking ----------------------------------------------------------------------------------------------------- */

START_TEST(a_model_is_printed)
{
    const nn_classifier_options o = {.hidden_units = {2}, .allocator = &memory.allocator, .impute = NN_IMPUTE_LEVEL};
    const nn_data data = mixed_data();
    nn_classifier *c = nn_classifier_open(&o);
    const nn_fit_options fit = {.steps = 3, .save = path};
    ck_assert_msg(nn_classifier_fit(c, &data, &fit) == AD_OK, "%s", nn_classifier_message(c));
    nn_classifier_close(c);
    char text[5000] = "";
    FILE *to = tmpfile();
    const ad_shown shown = nn_print_model(path, to);
    ck_assert_msg(shown.status == AD_OK, "%s", shown.message);
    rewind(to);
    text[fread(text, 1, sizeof text - 1, to)] = 0;
    static const char *const parts[] = {
        ": a classifier of gradtape " GRADTAPE_VERSION "\nchecksum  right\noptions   hidden_units=2 n_classes=3",
        "\ntraining  step 3, row 12 of 12 in epoch 2, rate 0.05, the last fit ended by: steps\n",
        "\ncolumns   size, cm: number\n          colour: category of 3 levels\n          weight: number\n",
        "\n          hiddenlayer_0.weight F32 [2, 7]\n"};
    for (int i = 0; i < COUNT(parts); i++)
        ck_assert_msg(strstr(text, parts[i]) != NULL, "'%s' is not in '%s'", parts[i], text);
    struct stat s;
    ck_assert_int_eq(stat(path, &s), 0);
    flip_bit(path, 8 * (size_t)s.st_size - 3);
    rewind(to);
    ck_assert_int_eq(nn_print_model(path, to).status, AD_OK);
    rewind(to);
    text[fread(text, 1, sizeof text - 1, to)] = 0;
    ck_assert_ptr_nonnull(strstr(text, "\nchecksum  WRONG"));
    fclose(to);
    ck_assert_int_eq(nn_print_model(path, NULL).status, AD_BAD_VALUE);
    const ad_shown nothing = nn_print_model("/no/such", stdout);
    ck_assert_int_eq(nothing.status, AD_BAD_FILE);
    ck_assert_str_eq(nothing.message, "print_model: /no/such: cannot be read: No such file or directory");
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, fill_path, close_clouds);
    tcase_add_test(tests, what_is_loaded_is_the_same);
    tcase_add_loop_test(tests, columns_and_classes_come_back, 0, 2 * NN_SCALE_COUNT);
    tcase_add_test(tests, wide_columns_come_back);
    tcase_add_test(tests, infinite_options_come_back);
    tcase_add_loop_test(tests, callbacks_may_save, 0, 2);
    tcase_add_test(tests, an_end_by_patience_may_be_saved_by_a_callback);
    tcase_add_test(tests, saving_goes_beside_predictions);
    tcase_add_test(tests, a_fit_that_is_stopped_is_saved);
    tcase_add_test(tests, a_fit_that_fails_is_saved);
    tcase_add_test(tests, a_first_fit_that_fails_replaces_no_other_model);
    tcase_add_test(tests, files_before_are_kept);
    tcase_add_test(tests, a_fit_without_steps_is_saved);
    tcase_add_test(tests, a_fit_that_does_nothing_keeps_what_was_kept);
    tcase_add_test(tests, other_data_are_told);
    tcase_add_test(tests, data_are_known_without_the_columns_that_a_model_drops);
    tcase_add_test(tests, a_model_is_printed);
}

int main(void) { return run_in_folder("model", add_tests); }
