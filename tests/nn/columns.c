/* Estimators over tables of numbers and categories, with columns matched by their names. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "../support/check.h"
#include "../support/mixed_columns.h"
#include "../support/models.h"

/* Rows 0 .. 5 to learn from, all nine, and the same nine with other columns in another order: fare, which is left out
 * and full of what cannot be used, shape, colour with other levels, size, cabin, age. */
enum { OTHER_COLUMNS = 7, K = 3 };
static double learn_room[MIXED_ROWS * MIXED_COLUMNS], all_room[MIXED_ROWS * MIXED_COLUMNS],
    other_room[MIXED_ROWS * OTHER_COLUMNS], numbers_room[4 * 3];
static int32_t labels[MIXED_ROWS] = {0, 1, 2, 1, 0, 2, 0, 1, 2};
static double targets[MIXED_ROWS] = {1, 2, 3, 2, 1, 3, 1, 2, 3};
static nn_data learn_data, all, other, numbers;

static const char *const other_colours[] = {"violet", "grey", "green", "red", "blue", "pink"};
static nn_column other_columns[] = {
    {.name = "fare"},
    {.name = "shape", .kind = NN_COLUMN_CATEGORY, .levels = {mixed_shapes, 2}},
    {.name = "y", .kind = NN_COLUMN_LABEL},
    {.name = "colour", .kind = NN_COLUMN_CATEGORY, .levels = {other_colours, 6}},
    {.name = "size", .width = 2},
    {.name = "cabin", .kind = NN_COLUMN_CATEGORY, .levels = {mixed_shapes, 2}},
    {.name = "age"},
};
static const nn_column number_columns[] = {
    {.name = "a"}, {.name = "l", .kind = NN_COLUMN_LABEL}, {.name = "b,c", .width = 2}};

static void fill_other(void)
{
    static const int colour_of[] = {3, 2, 4, 1};
    for (int i = 0; i < MIXED_ROWS; i++) {
        const double *x = mixed_features[i];
        const double fare = i % 2 ? (double)NAN : (double)INFINITY, colour = isnan(x[1]) ? x[1] : colour_of[(int)x[1]];
        const double to[OTHER_COLUMNS] = {fare, x[4], colour, x[2], x[3], 17.5, x[0]};
        memcpy(other_room + i * OTHER_COLUMNS, to, sizeof to);
    }
}

static void open_tables(void)
{
    counting_open(&memory);
    learn_data = mixed_data(NN_F64, learn_room, 0, MIXED_LEARNT);
    all = mixed_data(NN_F64, all_room, 0, MIXED_ROWS);
    fill_other();
    other = (nn_data){.features = other_room,
                      .element = NN_F64,
                      .rows = MIXED_ROWS,
                      .columns = OTHER_COLUMNS,
                      .schema = NN_SCHEMA(other_columns)};
    for (int i = 0; i < 12; i++)
        numbers_room[i] = i * 7 % 11;
    numbers = (nn_data){
        .features = numbers_room, .element = NN_F64, .rows = 4, .columns = 3, .schema = NN_SCHEMA(number_columns)};
    learn_data.labels = all.labels = other.labels = numbers.labels = labels;
    learn_data.targets = all.targets = other.targets = numbers.targets = targets;
    learn_data.target_element = all.target_element = other.target_element = numbers.target_element = NN_F64;
}

static void close_tables(void) { counting_check_released(&memory); }

/* A classifier, or a regressor, without hidden layers. */
static model open_linear(bool is_classifier, nn_scaling_kind scaling, nn_impute_kind impute)
{
    const nn_regressor_options o = {.scaling = scaling, .impute = impute, .seed = 4, .optimiser = {.rate = 0.05}};
    return open_model(is_classifier ? &nn_head_softmax : &nn_head_squared, is_classifier ? K : 1, o);
}

static model fit_linear(bool is_classifier, nn_scaling_kind scaling, nn_impute_kind impute)
{
    const model m = open_linear(is_classifier, scaling, impute);
    fit_well(m, &learn_data, 3, 20);
    return m;
}

static void expect_message(model m, ad_status status, ad_status expected, const char *message)
{
    ck_assert_msg(status == expected, "%s: %s", ad_status_name(status), model_message(m));
    ck_assert_str_eq(model_message(m), message);
    model_clear(m);
}

/* ---- Inputs ------------------------------------------------------------------------------------------------------ */

/* The weights, as the model shows them, times the inputs that scikit-learn makes. */
static double plain_output(model m, const double *inputs, int64_t output)
{
    const ad_tensor w = model_parameter(m, 0), b = model_parameter(m, 1);
    const int64_t k = ad_shape_of(w).dims[1];
    ck_assert_int_eq(ad_shape_of(w).dims[0], MIXED_INPUTS);
    double z = (double)ad_f32(b)[output];
    for (int64_t j = 0; j < MIXED_INPUTS; j++)
        z += inputs[j] * (double)ad_f32(w)[j * k + output];
    return z;
}

START_TEST(networks_get_the_inputs_of_scikit_learn)
{
    for (int s = 0; s < COUNT(mixed_scalings); s++)
        for (int classifies = 0; classifies < 2; classifies++) {
            const model m = fit_linear(classifies, mixed_scalings[s], NN_IMPUTE_LEVEL);
            float z[MIXED_ROWS * K], from_other[MIXED_ROWS * K];
            const int64_t k = classifies ? K : 1;
            ad_status status = m.c ? nn_classifier_logits(m.c, &all, z) : nn_regressor_predict(m.r, &all, z);
            ck_assert_msg(status == AD_OK, "%s", model_message(m));
            for (int64_t i = 0; i < MIXED_ROWS * k; i++)
                ck_assert_double_eq_tol((double)z[i], plain_output(m, mixed_inputs[s][i / k], i % k), 2e-5);
            status =
                m.c ? nn_classifier_logits(m.c, &other, from_other) : nn_regressor_predict(m.r, &other, from_other);
            ck_assert_msg(status == AD_OK, "%s", model_message(m));
            ck_assert(!memcmp(z, from_other, (size_t)(MIXED_ROWS * k) * sizeof *z));
            close_model(m);
        }
}
END_TEST

/* Every call that takes data matches their columns. */
START_TEST(all_calls_take_columns_in_another_order)
{
    for (int classifies = 0; classifies < 2; classifies++) {
        const model m = fit_linear(classifies, NN_SCALE_FEATURE, NN_IMPUTE_MEAN),
                    n = fit_linear(classifies, NN_SCALE_FEATURE, NN_IMPUTE_MEAN);
        const nn_evaluation a = model_evaluate(m, &all), b = model_evaluate(m, &other);
        ck_assert_msg(a.status == AD_OK && b.status == AD_OK && a.loss == b.loss, "%s", model_message(m));
        ad_tensor loss, other_loss;
        ck_assert_int_eq(model_record(m, &all, 7, &loss), AD_OK);
        const double of_row = ad_item(loss);
        ck_assert_int_eq(model_record(m, &other, 7, &other_loss), AD_OK);
        ck_assert_double_eq(of_row, ad_item(other_loss));
        fit_well(m, &all, 4, 5);
        fit_well(n, &other, 4, 5);
        ck_assert_uint_eq(model_hash(m), model_hash(n));
        close_model(m);
        close_model(n);
    }
}
END_TEST

/* Fits in a row are one fit, also where their columns stand in another order. */
START_TEST(fits_go_on_with_other_columns)
{
    const model m = open_linear(true, NN_SCALE_MINMAX, NN_IMPUTE_LEVEL),
                n = open_linear(true, NN_SCALE_MINMAX, NN_IMPUTE_LEVEL);
    const nn_fit_options six = {.batch_size = 4, .steps = 6, .validation = &other, .validate_every = 2, .patience = 50},
                         seven = {.batch_size = 4, .steps = 7, .validation = &all, .validate_every = 2, .patience = 50},
                         thirteen = {
                             .batch_size = 4, .steps = 13, .validation = &all, .validate_every = 2, .patience = 50};
    ck_assert_msg(model_fit(m, &all, &six) == AD_OK, "%s", model_message(m));
    ck_assert_msg(model_fit(m, &other, &seven) == AD_OK, "%s", model_message(m));
    ck_assert_msg(model_fit(n, &all, &thirteen) == AD_OK, "%s", model_message(n));
    ck_assert_uint_eq(model_hash(m), model_hash(n));
    close_model(m);
    close_model(n);
}
END_TEST

/* Numbers with names, without missing values: data without columns do as well, with the same bits. */
START_TEST(numbers_need_no_columns)
{
    static const nn_column turned_columns[] = {{.name = "b,c", .width = 2}, {.name = "a"}};
    double turned_room[4 * 3];
    nn_data bare = numbers, turned = numbers;
    bare.schema.n = 0;
    turned.schema = (nn_schema)NN_SCHEMA(turned_columns);
    turned.features = turned_room;
    for (int i = 0; i < 12; i++)
        turned_room[i] = numbers_room[i / 3 * 3 + (i + 1) % 3];
    for (int classifies = 0; classifies < 2; classifies++) {
        const model m = open_linear(classifies, NN_SCALE_FEATURE, NN_IMPUTE_REFUSE),
                    n = open_linear(classifies, NN_SCALE_FEATURE, NN_IMPUTE_REFUSE);
        float p[4 * K], q[4 * K];
        fit_well(m, &numbers, 2, 9);
        fit_well(n, &bare, 2, 9);
        ck_assert_uint_eq(model_hash(m), model_hash(n));
        ck_assert(model_predict(m, &bare, p) == AD_OK && model_predict(n, &numbers, q) == AD_OK);
        ck_assert(!memcmp(p, q, sizeof *p * 4 * (classifies ? K : 1)));
        ck_assert_msg(model_predict(m, &turned, q) == AD_OK, "%s", model_message(m));
        ck_assert(!memcmp(p, q, sizeof *p * 4 * (classifies ? K : 1)));
        bare.columns = 2;
        expect_message(m, model_predict(m, &bare, p), AD_BAD_SHAPE,
                       classifies ? "predict_proba: the data have 2 columns, the model was fitted to 3"
                                  : "predict: the data have 2 columns, the model was fitted to 3");
        bare.columns = 3;
        close_model(m);
        close_model(n);
    }
}
END_TEST

/* A share of the rows that is held out teaches nothing: neither levels nor numbers. */
START_TEST(rows_held_out_teach_nothing)
{
    static double x[60 * 2];
    static int32_t y[60];
    static const char *const levels[] = {"a", "b", "rare"};
    static const nn_column columns[] = {{.name = "x"},
                                        {.name = "c", .kind = NN_COLUMN_CATEGORY, .levels = {levels, 3}}};
    for (int i = 0; i < 60; i++) {
        x[2 * i] = i;
        x[2 * i + 1] = i % 2;
        y[i] = i % 2;
    }
    const nn_data data = {
        .features = x, .element = NN_F64, .rows = 60, .columns = 2, .labels = y, .schema = NN_SCHEMA(columns)};
    int found = 0;
    for (int rare = 0; rare < 60; rare++) {
        x[2 * rare + 1] = 2;
        nn_classifier *c = open_with((nn_classifier_options){.n_classes = 2, .seed = 8});
        ck_assert_int_eq(nn_classifier_fit(c, &data, &(nn_fit_options){.steps = 1, .validation_share = 0.25}), AD_OK);
        const nn_schema schema = nn_classifier_schema(c);
        ck_assert(schema.n == 2 && (schema.at[1].levels.n == 2 || schema.at[1].levels.n == 3));
        found += schema.at[1].levels.n == 3;
        ck_assert_int_eq(ad_shape_of(nn_classifier_parameter(c, 0)).dims[0], 1 + (int64_t)schema.at[1].levels.n);
        nn_classifier_close(c);
        x[2 * rare + 1] = rare % 2;
    }
    ck_assert_int_eq(found, 45); /* of 60 rows a quarter is held out */
}
END_TEST

/* ---- Looking ----------------------------------------------------------------------------------------------------- */

static nn_schema schema_of(model m) { return m.c ? nn_classifier_schema(m.c) : nn_regressor_schema(m.r); }

static ad_status compare(model m, const nn_data *data, char *text, size_t size)
{
    return m.c ? nn_classifier_compare_columns(m.c, data, text, size)
               : nn_regressor_compare_columns(m.r, data, text, size);
}

START_TEST(columns_are_told)
{
    for (int classifies = 0; classifies < 2; classifies++) {
        const model m = open_linear(classifies, NN_SCALE_NONE, NN_IMPUTE_MEAN);
        ck_assert_uint_eq(schema_of(m).n, 0);
        fit_well(m, &learn_data, 3, 1);
        const nn_schema s = schema_of(m);
        ck_assert_uint_eq(s.n, 5);
        static const char *const names[] = {"age", "colour", "size", "shape", "label"};
        for (int i = 0; i < 5; i++)
            ck_assert_str_eq(s.at[i].name, names[i]);
        ck_assert_int_eq(s.at[4].kind, NN_COLUMN_LABEL);
        ck_assert_uint_eq(s.at[4].levels.n, classifies ? 3 : 0);
        for (int i = 0; classifies && i < 3; i++)
            ck_assert_str_eq(s.at[4].levels.at[i], ((const char *const[]){"0", "1", "2"})[i]);
        ck_assert(s.at[1].levels.n == 3 && !strcmp(s.at[1].levels.at[1], "blue"));
        close_model(m);
    }
    ck_assert(nn_classifier_schema(NULL).n == 0 && nn_regressor_schema(NULL).n == 0);
}
END_TEST

static void expect_found(model m, const nn_data *data, const char *expected)
{
    char text[400] = "?", tiny[8] = "???????";
    ck_assert_msg(compare(m, data, text, sizeof text) == AD_OK, "%s", model_message(m));
    ck_assert_str_eq(text, expected);
    ck_assert_int_eq(compare(m, data, tiny, 5), AD_OK);
    ck_assert(!strncmp(tiny, expected, 4) && strlen(tiny) <= 4 && tiny[5] == '?');
    ck_assert_int_eq(compare(m, data, NULL, 0), AD_OK);
    ck_assert_int_eq(compare(m, data, NULL, 100), AD_OK);
}

START_TEST(what_is_new_is_told)
{
    for (int classifies = 0; classifies < 2; classifies++) {
        const model m = fit_linear(classifies, NN_SCALE_NONE, NN_IMPUTE_MEAN);
        expect_found(m, &learn_data, "");
        expect_found(m, &all, "column \"colour\": 1 row has a value not seen in training (green): all zeros");
        expect_found(m, &other,
                     "left out: \"fare\", \"cabin\" (not in training)\n"
                     "column \"colour\": 1 row has a value not seen in training (green): all zeros");
        static const double colours[] = {0, 1, 0, 2, 5, 0};
        for (int i = 0; i < 6; i++)
            other_room[i * OTHER_COLUMNS + 2] = colours[i];
        other.rows = 4;
        expect_found(m, &other,
                     "left out: \"fare\", \"cabin\" (not in training)\n"
                     "column \"colour\": 3 rows have values not seen in training (violet, green): all zeros");
        other_columns[3].levels.at = (const char *const[]){"1", "2", "3", "4", "5", "6"};
        other.rows = 6;
        expect_found(m, &other,
                     "left out: \"fare\", \"cabin\" (not in training)\n"
                     "column \"colour\": 6 rows have values not seen in training (1, 2, 3, ...): all zeros");
        const int32_t index[] = {5, 0};
        other.index = index;
        other.array_rows = 6;
        other.rows = 2;
        expect_found(m, &other,
                     "left out: \"fare\", \"cabin\" (not in training)\n"
                     "column \"colour\": 2 rows have values not seen in training (1): all zeros");
        other.index = NULL;
        other.array_rows = 0;
        other.rows = MIXED_ROWS;
        other_columns[3].levels.at = other_colours;
        fill_other();
        close_model(m);
    }
}
END_TEST

/* A category of which no value was missing has no input for it. */
START_TEST(missing_categories_are_told)
{
    const model m = open_linear(true, NN_SCALE_NONE, NN_IMPUTE_MEAN);
    nn_data first = learn_data;
    first.rows = 2;
    fit_well(m, &first, 2, 1);
    expect_found(m, &all,
                 "column \"colour\": 3 rows have values not seen in training (green, grey): all zeros\n"
                 "column \"colour\": 2 rows have no value; in training each row had one: all zeros\n"
                 "column \"shape\": 3 rows have no value; in training each row had one: all zeros");
    close_model(m);
}
END_TEST

START_TEST(comparing_needs_a_fit_and_columns_that_go)
{
    char text[100] = "?";
    const model m = open_linear(true, NN_SCALE_NONE, NN_IMPUTE_MEAN);
    expect_message(m, compare(m, &all, text, sizeof text), AD_BAD_STATE,
                   "compare_columns: the model was not fitted yet");
    ck_assert_str_eq(text, "");
    fit_well(m, &learn_data, 3, 1);
    expect_message(
        m, compare(m, &numbers, text, sizeof text), AD_BAD_VALUE,
        "compare_columns: the data have no column \"age\", which the model needs (they also lack: \"colour\", "
        "\"size\", \"shape\")");
    expect_message(m, compare(m, NULL, text, sizeof text), AD_BAD_VALUE,
                   "compare_columns: the data are NULL; give a view of features");
    close_model(m);
    ck_assert_int_eq(nn_classifier_compare_columns(NULL, &all, text, sizeof text), AD_BAD_HANDLE);
    ck_assert_int_eq(nn_regressor_compare_columns(NULL, &all, text, sizeof text), AD_BAD_HANDLE);
}
END_TEST

/* ---- Messages ---------------------------------------------------------------------------------------------------- */

/* Fit, evaluate, predict and record say the same. */
static void expect_refused(model m, const nn_data *data, ad_status status, const char *why)
{
    float p[MIXED_ROWS * K];
    ad_tensor loss;
    char message[300];
    const uint64_t before = model_hash(m);
    const char *const names[] = {"fit", "evaluate", m.c ? "predict_proba" : "predict", "record"};
    for (int i = 0; i < 4; i++) {
        snprintf(message, sizeof message, "%s: %s", names[i], why);
        expect_message(m,
                       i == 0   ? model_fit(m, data, NULL)
                       : i == 1 ? model_evaluate(m, data).status
                       : i == 2 ? model_predict(m, data, p)
                                : model_record(m, data, 0, &loss),
                       status, message);
    }
    ck_assert_uint_eq(model_hash(m), before);
}

START_TEST(messages_name_columns)
{
    const model m = fit_linear(_i, NN_SCALE_FEATURE, NN_IMPUTE_LEVEL);
    all_room[3 * MIXED_COLUMNS + 3] = -INFINITY;
    expect_refused(m, &all, AD_NOT_FINITE,
                   "row 3, column \"size\", feature 1: the feature is infinite; replace it or drop the row");
    all_room[3 * MIXED_COLUMNS + 3] = 0;
    all_room[0] = 4e38;
    expect_refused(m, &all, AD_BAD_VALUE, "row 0, column \"age\": 4e+38 does not fit f32; scale the feature down");
    all_room[0] = 0;
    static const double wrong[] = {4, -1, 0.5, 1e30};
    for (int i = 0; i < COUNT(wrong); i++) {
        char why[100];
        all_room[8 * MIXED_COLUMNS + 1] = wrong[i];
        snprintf(why, sizeof why, "row 8, column \"colour\": %g is not the number of a level, 0..3", wrong[i]);
        expect_refused(m, &all, AD_BAD_VALUE, why);
    }
    other.columns = 6;
    expect_refused(m, &other, AD_BAD_SHAPE,
                   "the numbers and categories of the schema have more features than the 6 columns of the data; give "
                   "each its width, and `columns` their sum");
    other.columns = OTHER_COLUMNS;
    other_columns[6].kind = NN_COLUMN_IGNORED;
    other.columns = 6;
    expect_refused(m, &other, AD_BAD_VALUE,
                   _i ? "the data have no column \"age\", which the model needs"
                      : "the data have no column \"age\", which the model needs");
    other_columns[6].kind = NN_COLUMN_NUMBER;
    close_model(m);
}
END_TEST

START_TEST(missing_values_are_refused_unless_they_are_imputed)
{
    const model m = open_linear(_i, NN_SCALE_FEATURE, NN_IMPUTE_REFUSE);
    expect_message(m, model_fit(m, &all, NULL), AD_NOT_FINITE,
                   "fit: row 1, column \"age\": the feature is missing (NaN); impute=mean fills it");
    for (int i = 0; i < MIXED_LEARNT * MIXED_COLUMNS; i++)
        learn_room[i] = isnan(learn_room[i]) ? 1 : learn_room[i];
    fit_well(m, &learn_data, 3, 2);
    all.rows = 1;
    all_room[1] = NAN;
    expect_refused(m, &all, AD_NOT_FINITE,
                   "row 0, column \"colour\": the feature is missing (NaN); impute=mean fills it");
    close_model(m);
}
END_TEST

/* ---- First fits that fail ---------------------------------------------------------------------------------------- */

/* Validation data are matched once the columns are learnt. If they cannot be, nothing is left: other data may come. */
START_TEST(validation_has_to_go_with_the_data)
{
    const model m = open_linear(_i, NN_SCALE_FEATURE, NN_IMPUTE_MEAN);
    const size_t before = memory.bytes;
    for (int again = 0; again < 3; again++) {
        expect_message(m, model_fit(m, &learn_data, &(nn_fit_options){.validation = &numbers}), AD_BAD_VALUE,
                       _i ? "fit: validation: the data have no column \"age\", which the model needs (they also "
                            "lack: \"colour\", \"size\", \"shape\")"
                          : "fit: validation: the data have no column \"age\", which the model needs (they also "
                            "lack: \"colour\", \"size\", \"shape\")");
        ck_assert(schema_of(m).n == 0 && model_parameter_count(m) == 0);
        ck_assert_uint_eq(memory.bytes, before);
    }
    other_room[3] = -INFINITY; /* of a column that is needed */
    expect_message(
        m, model_fit(m, &learn_data, &(nn_fit_options){.validation = &other}), AD_NOT_FINITE,
        "fit: validation: row 0, column \"size\", feature 0: the feature is infinite; replace it or drop the "
        "row");
    fill_other();
    ck_assert_uint_eq(memory.bytes, before);
    ck_assert_int_eq(model_fit(m, &numbers, &(nn_fit_options){.validation = &numbers}), AD_OK);
    close_model(m);
}
END_TEST

START_TEST(a_column_without_values_is_named)
{
    const model m = open_linear(_i, NN_SCALE_FEATURE, NN_IMPUTE_MEAN);
    for (int i = 0; i < MIXED_LEARNT; i++)
        learn_room[i * MIXED_COLUMNS + 3] = NAN;
    expect_message(m, model_fit(m, &learn_data, NULL), AD_BAD_VALUE,
                   "fit: column \"size\", feature 1: all 6 rows to learn from are without a value (NaN); leave the "
                   "column out");
    ck_assert_uint_eq(model_parameter_count(m), 0);
    fit_well(m, &all, 3, 1);
    close_model(m);
}
END_TEST

/* ---- Memory and threads ------------------------------------------------------------------------------------------ */

/* A life with mixed columns, in which an allocation fails. Returns whether all went well. */
static bool live(bool is_classifier)
{
    const nn_classifier_options c = {
        .n_classes = K, .impute = NN_IMPUTE_LEVEL, .scaling = NN_SCALE_GLOBAL, .allocator = &memory.allocator};
    const nn_regressor_options r = {
        .impute = NN_IMPUTE_LEVEL, .scaling = NN_SCALE_GLOBAL, .allocator = &memory.allocator};
    const model m = {is_classifier ? nn_classifier_open(&c) : NULL, is_classifier ? NULL : nn_regressor_open(&r)};
    const nn_fit_options fit = {.batch_size = 4, .steps = 2, .validation = &other, .validate_every = 1};
    float p[MIXED_ROWS * K];
    char text[200];
    ad_tensor loss;
    bool good = (m.c || m.r) && model_fit(m, &all, &fit) == AD_OK;
    good = good && model_fit(m, &other, &fit) == AD_OK && model_predict(m, &other, p) == AD_OK;
    good = good && model_evaluate(m, &other).status == AD_OK && model_record(m, &other, 2, &loss) == AD_OK;
    good = good && compare(m, &other, text, sizeof text) == AD_OK;
    if ((m.c || m.r) && !good)
        ck_assert_msg(strstr(model_message(m), "memory"), "%s", model_message(m));
    close_model(m);
    return good;
}

START_TEST(refused_memory_is_said)
{
    size_t k = 1;
    while (counting_fail(&memory, k, _i % 2 ? COUNTING_FOR_GOOD : COUNTING_ONCE), k < 2000 && !live(_i / 2)) {
        counting_check_released(&memory);
        k++;
    }
    ck_assert(k > 60 && k < 2000);
    counting_heal(&memory);
}
END_TEST

static model shared;
static float wanted_predictions[MIXED_ROWS * K];

static void *predict_often(void *context)
{
    bool *good = context;
    for (int i = 0; i < 300 && *good; i++) {
        float p[MIXED_ROWS * K];
        char text[300];
        *good = model_predict(shared, i % 2 ? &all : &other, p) == AD_OK && !memcmp(p, wanted_predictions, sizeof p) &&
                compare(shared, &other, text, sizeof text) == AD_OK;
    }
    return NULL;
}

START_TEST(threads_predict_at_once)
{
    pthread_t threads[4];
    bool good[4] = {true, true, true, true};
    shared = fit_linear(true, NN_SCALE_FEATURE, NN_IMPUTE_LEVEL);
    ck_assert_int_eq(model_predict(shared, &all, wanted_predictions), AD_OK);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, predict_often, &good[i]), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    ck_assert(good[0] && good[1] && good[2] && good[3]);
    close_model(shared);
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, open_tables, close_tables);
    tcase_add_test(tests, networks_get_the_inputs_of_scikit_learn);
    tcase_add_test(tests, all_calls_take_columns_in_another_order);
    tcase_add_test(tests, fits_go_on_with_other_columns);
    tcase_add_test(tests, numbers_need_no_columns);
    tcase_add_test(tests, rows_held_out_teach_nothing);
    tcase_add_test(tests, columns_are_told);
    tcase_add_test(tests, what_is_new_is_told);
    tcase_add_test(tests, missing_categories_are_told);
    tcase_add_test(tests, comparing_needs_a_fit_and_columns_that_go);
    tcase_add_loop_test(tests, messages_name_columns, 0, 2);
    tcase_add_loop_test(tests, missing_values_are_refused_unless_they_are_imputed, 0, 2);
    tcase_add_loop_test(tests, validation_has_to_go_with_the_data, 0, 2);
    tcase_add_loop_test(tests, a_column_without_values_is_named, 0, 2);
    tcase_add_loop_test(tests, refused_memory_is_said, 0, 4);
    tcase_add_test(tests, threads_predict_at_once);
}

int main(void) { return run_tests("columns", add_tests); }
