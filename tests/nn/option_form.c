/* Messages in a program that takes options in a form of its own, --name value, word by word: options themselves. */
#include <stdio.h>
#include <string.h>

#include "../../nn/options/estimator_fields.h"
#include "../support/data_files.h"
#include "../support/long_options.h"

#define LIST(...)                                                                                                      \
    {                                                                                                                  \
        (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)                \
    }

/* ---- The form ---------------------------------------------------------------------------------------------------- */

START_TEST(options_are_written_by_the_form)
{
    char text[200], option[NN_OPTION_TEXT];
    nn_writer w = nn_writer_into(text, sizeof text);
    ck_assert(nn_has_option_form());
    nn_put_option(&w, "impute", "mean");
    nn_put(&w, " ");
    nn_put_option(&w, "no_header", "true");
    nn_put(&w, " ");
    nn_put_option_name(&w, "clip_norm");
    ck_assert_str_eq(text, "--impute mean --no-header --clip-norm");
    ck_assert_str_eq(nn_option_text(option, "ignored", "age"), "--ignore age");
    ck_assert_str_eq(nn_option_text(option, "batch_size", NULL), "--batch-size");
    nn_set_option_form(NULL);
    ck_assert(!nn_has_option_form());
    w = nn_writer_into(text, sizeof text);
    nn_put_option(&w, "ignored", "the age");
    nn_put(&w, " ");
    nn_put_option_name(&w, "clip_norm");
    ck_assert_str_eq(text, "ignored=\"the age\" clip_norm");
    ck_assert_str_eq(nn_option_text(option, "impute", "mean"), "impute=mean");
    ck_assert_str_eq(nn_option_text(option, "impute", NULL), "impute");
}
END_TEST

START_TEST(long_options_are_cut)
{
    char option[NN_OPTION_TEXT + 1], value[300];
    option[NN_OPTION_TEXT] = 'x';
    memset(value, 'a', sizeof value - 1);
    value[sizeof value - 1] = 0;
    for (int way = 0; way < 2; way++) {
        nn_set_option_form(way ? put_long_option : NULL);
        ck_assert_uint_eq(strlen(nn_option_text(option, "ignored", value)), NN_OPTION_TEXT - 1);
        ck_assert_int_eq(option[NN_OPTION_TEXT], 'x');
    }
}
END_TEST

/* ---- Values that are refused ------------------------------------------------------------------------------------- */

START_TEST(values_are_refused)
{
    static const struct {
        nn_options_kind kind;
        const char *text, *message;
    } cases[] = {
        {NN_FIT, "steps=x", "--steps: 'x' is not a whole number"},
        {NN_FIT, "steps=", "--steps: '' is not a whole number"},
        {NN_FIT, "steps=1.5", "--steps: '1.5' is not a whole number"},
        {NN_FIT, "steps=0", "--steps: '0' is not a whole number of at least 1"},
        {NN_FIT, "keep=1001", "--keep: '1001' is not a whole number of at least 0 and at most 1000"},
        {NN_FIT, "batch_size=99999999999999999999",
         "--batch-size: '99999999999999999999' is not a whole number of at least 1 and at most 9.223372036854776e+18"},
        {NN_FIT, "validation_share=half", "--validation-share: 'half' is not a number"},
        {NN_FIT, "validation_share=1", "--validation-share: '1' is not a number of at least 0 and below 1"},
        {NN_FIT, "overfit_one_batch=on", "--overfit-one-batch: 'on' is not true or false (yes or no, 1 or 0)"},
        {NN_FIT, "monitor=los", "--monitor: 'los' is not one of loss, accuracy; did you mean loss?"},
        {NN_FIT, "epoch=3", "unknown option 'epoch'; did you mean --epochs?"},
        {NN_FIT, "save=\"a\"b",
         "--save: '\"a\"b': behind the closing quote stands more; write a quote in a text as \\\""},
        {NN_CLASSIFIER, "hidden_units=300,x", "--hidden-units: 'x' is not a whole number"},
        {NN_CLASSIFIER, "hidden_units=300,",
         "--hidden-units: '' is not a whole number; a list has no spaces and no empty places"},
        {NN_CLASSIFIER, "class_weights=1,-2", "--class-weights: '-2' is not a number of at least 0"},
        {NN_CLASSIFIER, "label_integers=a", "--label-integers: 'a' is not a whole number"},
        {NN_CLASSIFIER, "seed=-1", "--seed: '-1' is not a whole number from 0 to 18446744073709551615"},
        {NN_CLASSIFIER, "seed=z", "--seed: 'z' is not a whole number"},
        {NN_CLASSIFIER, "scaling=features",
         "--scaling: 'features' is not one of none, constant, global, feature, minmax; did you mean feature?"},
        {NN_CLASSIFIER, "optimiser=adam rate=0", "--rate: '0' is not a number above 0"},
        {NN_CLASSIFIER, "optimiser=adam epsilon=0",
         "--epsilon: '0': it must be a number other than 0, which stands for the default of adam, 1e-08"},
        {NN_REGRESSOR, "n_targets=0", "--n-targets: '0' is not a whole number of at least 1 and at most 2147483647"},
        {NN_CSV, "zzzzzzzzzz=1",
         "unknown option 'zzzzzzzzzz'; the options are --delimiter, --decimal, --no-header, --header, "},
    };
    for (int i = 0; i < COUNT(cases); i++) {
        nn_options *o = nn_options_parse(cases[i].text, cases[i].kind, NULL);
        ck_assert_int_eq(nn_options_status(o), AD_BAD_VALUE);
        if (cases[i].kind == NN_CSV)
            ck_assert_msg(strstr(nn_options_message(o), cases[i].message), "%s", nn_options_message(o));
        else
            ck_assert_str_eq(nn_options_message(o), cases[i].message);
        nn_options_close(o);
    }
}
END_TEST

/* A list that is too long. */
START_TEST(long_lists_are_refused)
{
    char text[200] = "hidden_units=1";
    for (int i = 0; i < NN_MAX_HIDDEN_LAYERS; i++)
        strcat(text, ",1");
    nn_options *o = nn_options_parse(text, NN_CLASSIFIER, NULL);
    ck_assert_str_eq(nn_options_message(o),
                     "--hidden-units: '1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,..': it must be a "
                     "list of at most 32 numbers, and has 33");
    nn_options_close(o);
}
END_TEST

/* Members of structs. */
START_TEST(members_are_refused)
{
    static const double weights[] = {1, -1};
    const struct {
        nn_classifier_options options;
        const char *message;
    } cases[] = {
        {{.dropout = 1}, "--dropout: 1 is not at least 0 and below 1"},
        {{.hidden_units = {3, -1}},
         "--hidden-units: -1 is not at least 1 and at most 4503599627370496, 0 ends the list"},
        {{.activation = (ad_activation)99},
         "--activation: 99 is not one of relu, tanh, logistic, softplus, elu, identity"},
        {{.class_weights = {weights, 2}}, "--class-weights: -1 is not at least 0"},
        {{.class_weights = {NULL, 2}}, "--class-weights: NULL is not an array of 2"},
        {{.label_texts = LIST(NULL)}, "--label-texts: NULL is not a text"},
    };
    for (int i = 0; i < COUNT(cases); i++) {
        char message[200] = "";
        nn_classifier_options o = cases[i].options;
        nn_fields_resolve(nn_classifier_fields, &o);
        ck_assert(!nn_fields_check(nn_classifier_fields, &o, message, sizeof message));
        ck_assert_str_eq(message, cases[i].message);
    }
}
END_TEST

/* What several options say together; options of a schedule have their names as text. */
START_TEST(classifiers_are_refused)
{
    static const struct {
        const char *options, *message;
    } cases[] = {
        {"optimiser=adam momentum=0.5",
         "classifier: --momentum is an option of momentum, nesterov and rmsprop; adam does "
         "not read it: leave it out"},
        {"optimiser=lbfgs clip_norm=1",
         "classifier: lbfgs does not obey --clip-norm: leave it out, or take another rule"},
        {"optimiser=lbfgs warm_up=1", "classifier: lbfgs does not obey a schedule: leave it out, or take another rule"},
        {"schedule=step", "classifier: --schedule-steps are missing: step needs them, and they have no default"},
        {"schedule=cosine schedule_steps=5 schedule_power=2",
         "classifier: --schedule-power is an option of polynomial; cosine does not read it: leave it out"},
        {"schedule_steps=5", "classifier: the schedule has options that constant does not read: give another, for "
                             "instance --schedule cosine"},
        {"rate=1e300", "classifier: --rate is 1e+300, which f32 does not hold: it must be above 0 and finite in the "
                       "parameters' type too"},
        {"n_classes=3 head=one_logit", "classifier: --n-classes is 3: it must be 2 to 2 for the head one_logit"},
        {"head=independent",
         "classifier: --n-classes is 0: independent labels need it: give how many labels each row has"},
        {"class_weights=1,2",
         "classifier: --class-weights need --n-classes or a vocabulary: they say which class each is for"},
        {"n_classes=3 class_weights=1,2",
         "classifier: --class-weights has 2 elements: it must have one for each of 3 classes"},
        {"n_classes=2 class_weights=0,0", "classifier: --class-weights are all 0: at least one must be above 0"},
        {"n_classes=2 head=independent class_weights=1,1",
         "classifier: --class-weights go with exclusive classes: the head tells several labels at once"},
        {"n_classes=2 class_weights=1,1e31",
         "classifier: --class-weights[1] is 1e+31: it must be at least 0 and at most "
         "1e30"},
        {"label_texts=a,b label_integers=1,2",
         "classifier: --label-integers and --label-texts are both given; give one of them"},
        {"label_texts=a,\"\"", "classifier: --label-texts[1] is empty: give each class a text"},
        {"label_texts=a,b,a", "classifier: --label-texts[2] is 'a', as [0] is: give each class a label of its own"},
    };
    for (int i = 0; i < COUNT(cases); i++) {
        nn_options *o = nn_options_parse(cases[i].options, NN_CLASSIFIER, NULL);
        ck_assert_msg(nn_options_status(o) == AD_OK, "%s", nn_options_message(o));
        nn_classifier *c = nn_classifier_open(nn_options_classifier(o));
        ck_assert_str_eq(nn_classifier_message(c), cases[i].message);
        nn_classifier_close(c);
        nn_options_close(o);
    }
}
END_TEST

/* The schedule's own numbers, where its rule has another range than the option. */
START_TEST(schedules_are_refused)
{
    static const struct {
        nn_schedule_options schedule;
        const char *message;
    } cases[] = {
        {{.rule = &nn_schedule_step, .steps = -2}, "classifier: --schedule-steps: -2 is not at least 1"},
        {{.warm_up = -1}, "classifier: --warm-up: -1 is not at least 0"},
        {{.rule = &nn_schedule_cosine, .steps = 9, .floor = 1},
         "classifier: --schedule-floor: 1 is not at least 0 and below 1; the factor begins at 1, and would never come "
         "down to it"},
    };
    for (int i = 0; i < COUNT(cases); i++) {
        nn_classifier *c = nn_classifier_open(&(nn_classifier_options){.optimiser = {.schedule = cases[i].schedule}});
        ck_assert_str_eq(nn_classifier_message(c), cases[i].message);
        nn_classifier_close(c);
    }
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_form, unset_form);
    tcase_add_test(tests, options_are_written_by_the_form);
    tcase_add_test(tests, long_options_are_cut);
    tcase_add_test(tests, values_are_refused);
    tcase_add_test(tests, long_lists_are_refused);
    tcase_add_test(tests, members_are_refused);
    tcase_add_test(tests, classifiers_are_refused);
    tcase_add_test(tests, schedules_are_refused);
}

int main(void) { return run_in_folder("option_form", add_tests); }
