/* Messages in a program that takes options in a form of its own, --name value, word by word: of models. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../nn/files/safetensors.h"
#include "../support/data_files.h"
#include "../support/long_options.h"

/* ---- Columns and data of a model --------------------------------------------------------------------------------- */

START_TEST(other_columns_are_told)
{
    static const char *const texts[] = {"red", "blue"}, *const more[] = {"red", "violet"};
    static const nn_column learnt[] = {{.name = "colour", .kind = NN_COLUMN_CATEGORY, .levels = {texts, 2}},
                                       {.name = "age"}};
    static const nn_column other[] = {{.name = "colour", .kind = NN_COLUMN_CATEGORY, .levels = {more, 2}},
                                      {.name = "age"}},
                           lacking[] = {{.name = "height"}, {.name = "size"}};
    static const double x[] = {0, 20, 1, 30, 1, 40};
    static const int32_t labels[] = {0, 1, 1};
    char text[300];
    nn_data data = {.features = x, .element = NN_F64, .rows = 3, .columns = 2, .labels = labels, .schema = {learnt, 2}};
    nn_classifier *c = open_with((nn_classifier_options){.n_classes = 2});
    ck_assert_int_eq(nn_classifier_evaluate(c, &data).status, AD_BAD_STATE);
    ck_assert_str_eq(nn_classifier_message(c), "evaluate: the model was not fitted yet");
    nn_classifier_clear_error(c);
    ck_assert_int_eq(nn_classifier_fit(c, &data, NULL), AD_OK);
    data.schema.at = other;
    ck_assert_int_eq(nn_classifier_compare_columns(c, &data, text, sizeof text), AD_OK);
    ck_assert_str_eq(text, "column \"colour\": 2 rows have values not seen in training (violet): all zeros");
    data.schema.at = lacking;
    ck_assert_int_eq(nn_classifier_evaluate(c, &data).status, AD_BAD_VALUE);
    ck_assert_str_eq(nn_classifier_message(c), "evaluate: the data have no column \"colour\", which the model needs "
                                               "(they also lack: \"age\")");
    nn_classifier_close(c);
}
END_TEST

START_TEST(other_data_are_told)
{
    fill_clouds(&train, 1200, 3);
    nn_classifier *c = open_small();
    ck_assert_int_eq(nn_classifier_check_data(c, &train.data), AD_BAD_STATE);
    ck_assert_str_eq(nn_classifier_message(c), "check_data: the model was not fitted yet");
    nn_classifier_clear_error(c);
    fit(c, &train, 10, 3);
    fill_clouds(&train, 1203, 3);
    ck_assert_int_eq(nn_classifier_check_data(c, &train.data), AD_BAD_VALUE);
    ck_assert_str_eq(
        nn_classifier_message(c),
        "check_data: the data have 1,203 rows, the model was trained on 1,200; a fit to them begins a new epoch");
    nn_classifier_close(c);
}
END_TEST

/* ---- Files of models --------------------------------------------------------------------------------------------- */

static void refuse_model(const char *path, const char *why)
{
    char said[800];
    nn_classifier *c = nn_classifier_load(path, NULL);
    snprintf(said, sizeof said, "%s: %s", path, why);
    ck_assert_int_eq(nn_classifier_status(c), AD_BAD_FILE);
    ck_assert_str_eq(nn_classifier_message(c), said);
    nn_classifier_close(c);
}

/* A file has the noun, whatever messages say. */
START_TEST(models_are_refused)
{
    char path[200], why[400];
    static file_bytes b;
    snprintf(path, sizeof path, "%s", path_in_folder("m.safetensors"));
    nn_classifier *c = open_small();
    fit(c, &train, 10, 2);
    ck_assert_int_eq(nn_classifier_save(c, path, NULL), AD_OK);
    ck_assert_int_eq(nn_classifier_save(c, path, &(nn_save_options){.keep = 1}), AD_OK);
    nn_classifier_close(c);
    c = nn_classifier_load(path, NULL);
    ck_assert_msg(nn_classifier_status(c) == AD_OK, "%s", nn_classifier_message(c));
    nn_classifier_close(c);
    load_bytes(path, &b);
    flip_bit(path, 8 * (b.n - 3));
    snprintf(why, sizeof why,
             "damaged: checksum differs (was the file cut or edited?); %s.1 is the checkpoint before it", path);
    refuse_model(path, why);
    flip_bit(path, 8 * (b.n - 3));
    load_bytes(path, &b);
    unsigned char *format = b.at;
    while (format < b.at + b.n && memcmp(format, "\\\"format\\\":1", 12) != 0)
        format++;
    ck_assert(format < b.at + b.n);
    format[11] = '3';
    save_bytes("m.safetensors", &b);
    refuse_model(path, "format 3, this gradtape reads up to 1; upgrade it");
    const int32_t one = 1;
    nn_file_tensor tensor = {.name = "t", .type = NN_FILE_F32, .data = &one};
    const nn_file_content content = {&tensor, 1, NULL, 0};
    ad_memory own = ad_memory_over(NULL);
    ck_assert_int_eq(nn_safetensors_write(&content, path, 0, &own, why, sizeof why), AD_OK);
    refuse_model(path, "not a Gradtape model (a safetensors file of another program: 1 tensors, no \"gradtape\" in its "
                       "metadata)");
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_form, unset_form);
    tcase_add_test(tests, other_columns_are_told);
    tcase_add_test(tests, other_data_are_told);
    tcase_add_test(tests, models_are_refused);
}

int main(void) { return run_in_folder("option_form_models", add_tests); }
