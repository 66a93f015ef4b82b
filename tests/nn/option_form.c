/* Messages in a program that takes options in a form of its own, --name value: word by word. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../nn/files/safetensors.h"
#include "../../nn/options/estimator_fields.h"
#include "../../nn/options/fields.h"
#include "../../nn/options/writer.h"
#include "../support/check.h"
#include "../support/classifiers.h"
#include "../support/data_files.h"

#define LIST(...)                                                                                                      \
    {                                                                                                                  \
        (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)                \
    }

/* ---- The form ---------------------------------------------------------------------------------------------------- */

static bool is_switch(const char *name)
{
    for (int kind = 0; kind < NN_OPTIONS_COUNT; kind++) {
        const nn_field *f = nn_field_named(nn_options_fields((nn_options_kind)kind), name);
        if (f && f->type == NN_FIELD_SWITCH)
            return true;
    }
    return false;
}

/* --name value, with hyphens; a switch is its name. What is left out is called --ignore. */
static void put_long_option(nn_writer *w, const char *name, const char *value)
{
    const bool is_alone = value && is_switch(name) && strcmp(value, "true") == 0;
    nn_put(w, "--");
    for (const char *at = strcmp(name, "ignored") ? name : "ignore"; *at; at++)
        nn_put_bytes(w, *at == '_' ? "-" : at, 1);
    if (value && !is_alone) {
        nn_put(w, " ");
        nn_put(w, strchr(value, ';') ? "';'" : value);
    }
}

static void set_form(void)
{
    nn_set_option_form(put_long_option);
    counting_open(&memory);
    fill_clouds(&train, 47, 1);
    fill_clouds(&test, 30, 2);
}

static void unset_form(void)
{
    nn_set_option_form(NULL);
    counting_check_released(&memory);
}

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

/* ---- Tables ------------------------------------------------------------------------------------------------------ */

/* The file is called train.csv. */
static ad_status read_text(nn_dataset *set, const char *text, const nn_csv_options *options)
{
    FILE *file = fmemopen((char *)text, strlen(text), "r");
    ck_assert_ptr_nonnull(file);
    const ad_status status = nn_dataset_read_csv_stream(set, (nn_stream){.file = file, .name = "train.csv"}, options);
    fclose(file);
    return status;
}

START_TEST(tables_are_refused)
{
    const nn_column like[] = {{.name = "age"}, {.name = "fare"}};
    const nn_csv_options none = {.label = NULL};
    const nn_schema both = {like, 2};
    const struct {
        const char *text;
        nn_csv_options options;
        const char *message;
    } cases[] = {
        {"age,b\n1,2\nabc,3\n", none,
         "train.csv:3:1: 'abc' in column \"age\" is not a number; if the column holds "
         "categories: --categorical age"},
        {"a,b,c,d,e\n1,2,3,4\n", none, "train.csv:2: 4 fields where the header has 5; quote fields that contain ','"},
        {"a,b\n1,2\n\n3,4\n", none, "train.csv:3: line 3 is empty; remove it"},
        {"a,b\n1,\"2\n3,4\n", none, "train.csv:2:2: this quote is never closed"},
        {"age,b\n1,2\n,3\n", none,
         "train.csv:3: column \"age\" is empty; --impute mean fills it, --ignore age leaves the column out"},
        {"age,b\nNA,3\n",
         {.missing = LIST("NA")},
         "train.csv:2: column \"age\" is 'NA', a missing value; --impute mean "
         "fills it, --ignore age leaves the column out"},
        {"age,b\n?,3\n", none,
         "train.csv:2:1: '?' in column \"age\" is not a number; if it means a missing value: --missing ?"},
        {"bill,b\n\"39,1\",2\n", none,
         "train.csv:2: \"39,1\" in column \"bill\" is not a number; for decimal commas: "
         "--decimal , --delimiter ';'"},
        {"a;b\n1;2\n", none, "train.csv: the header is one field and contains ';'; say --delimiter ';'"},
        {"a\tb\n1\t2\n", none, "train.csv: the header is one field and contains a tab; say --delimiter tab"},
        {"2,8\n3,4\n", none,
         "train.csv:1: the header has the number '2' as a name; for a file without header: "
         "--no-header; if it is a name: --header"},
        {"id,a,id\n1,2,3\n", none, "train.csv:1: two columns are called \"id\" (1 and 3); rename one"},
        {",a\n1,2\n", none, "train.csv:1: column 1 has no name (row numbers of a spreadsheet?); --ignore 1"},
        {"species,a\nx,1\n", {.label = "specis"}, "no column \"specis\" in train.csv; did you mean \"species\"?"},
        {"species,a\nx,1\n", {.label = "zzz"}, "no column \"zzz\" in train.csv (2 columns: species, a)"},
        {"a,b\n", none, "train.csv: has a header and no rows; if the first line is a row: --no-header"},
        {"age\n1\n", {.like = both}, "train.csv has no column \"fare\", which the model needs"},
        {"b\n1\n", {.like = both}, "train.csv has no column \"age\", which the model needs (it also lacks: \"fare\")"},
        {"age,fare\n1,2\n",
         {.like = both, .ignored = LIST("age")},
         "train.csv: column \"age\" is two things: a column of the model and --ignore; leave it out of one of them"},
        {"age,b\n1,2\n",
         {.ignored = LIST("age"), .categorical = LIST("age")},
         "train.csv: column \"age\" is two things: --ignore and --categorical; leave it out of one of them"},
        {"age,b\n1,2\n",
         {.ignored = LIST("age", "age")},
         "train.csv: column \"age\" is named twice by --ignore; name it once"},
        {"age,fare,b\n1,2,3\n",
         {.like = both, .numeric = LIST("b")},
         "the model has no column \"b\", which is a feature by the option --numeric; leave it out there"},
        {"a\n1\n", {.delimiter = "ab"}, "--delimiter: 'ab' is not one character such as ',', ';' or '|', or tab"},
        {"a\n1\n", {.decimal = "x"}, "--decimal: 'x' is not '.' or ','"},
        {"a\n1\n",
         {.decimal = ","},
         "--decimal and the delimiter are both ','; for numbers such as 3,5: --decimal , "
         "--delimiter ';'"},
        {"a\n1\n", {.label = "a", .targets = LIST("a")}, "--label and --targets are both given; give one of them"},
        {"a\n1\n", {.header = true, .no_header = true}, "--header and --no-header are both given; give one of them"},
        {"a,l\n1,\n", {.label = "l"}, "train.csv:2: column \"l\" is empty; each row must have a label"},
    };
    for (int i = 0; i < COUNT(cases); i++) {
        nn_dataset *set = nn_dataset_open(NULL);
        ck_assert_int_ne(read_text(set, cases[i].text, &cases[i].options), AD_OK);
        ck_assert_str_eq(nn_dataset_message(set), cases[i].message);
        nn_dataset_close(set);
    }
}
END_TEST

/* The two columns that are the label by `like` and by the option. */
START_TEST(two_labels_are_refused)
{
    const nn_column like[] = {{.name = "a"}, {.name = "l", .kind = NN_COLUMN_LABEL}};
    const nn_csv_options o = {.like = {like, 2}, .label = "m"};
    nn_dataset *set = nn_dataset_open(NULL);
    ck_assert_int_eq(read_text(set, "a,l,m\n1,x,y\n", &o), AD_BAD_VALUE);
    ck_assert_str_eq(nn_dataset_message(set), "train.csv: two columns are the label: \"l\" (a column of the model) and "
                                              "\"m\" (--label); name the same one, or ignore one");
    nn_dataset_close(set);
}
END_TEST

START_TEST(notes_have_the_form)
{
    const nn_column like[] = {{.name = "a"}};
    const struct {
        const char *text;
        nn_csv_options options;
        const char *notes;
    } cases[] = {
        {"a,b\n1,2\n", {.like = {like, 1}}, "train.csv: left out are columns that the model does not have: \"b\""},
        {"a,c\n1,3\n1,4\n1,5\n1,x\n",
         {.categorical = LIST("auto")},
         "train.csv: column \"c\" is a category, though 3 of its 4 levels are numbers; if the others mean missing "
         "values, name them in --missing"},
    };
    for (int i = 0; i < COUNT(cases); i++) {
        nn_dataset *set = nn_dataset_open(NULL);
        ck_assert_int_eq(read_text(set, cases[i].text, &cases[i].options), AD_OK);
        ck_assert_str_eq(nn_dataset_notes(set), cases[i].notes);
        nn_dataset_close(set);
    }
}
END_TEST

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
                                               "green, red); did you mean green?");
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
    ck_assert_str_eq(nn_classifier_message(c), "evaluate: row 1: class 4 was not in the training data (3, 5)");
    nn_classifier_close(c);
}
END_TEST

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
    tcase_add_test(tests, options_are_written_by_the_form);
    tcase_add_test(tests, long_options_are_cut);
    tcase_add_test(tests, values_are_refused);
    tcase_add_test(tests, long_lists_are_refused);
    tcase_add_test(tests, members_are_refused);
    tcase_add_test(tests, classifiers_are_refused);
    tcase_add_test(tests, schedules_are_refused);
    tcase_add_test(tests, tables_are_refused);
    tcase_add_test(tests, two_labels_are_refused);
    tcase_add_test(tests, notes_have_the_form);
    tcase_add_test(tests, fits_are_refused);
    tcase_add_test(tests, searches_are_refused);
    tcase_add_test(tests, regressors_have_no_accuracy);
    tcase_add_test(tests, missing_features_are_refused);
    tcase_add_test(tests, numbers_that_are_not_finite);
    tcase_add_test(tests, labels_are_refused);
    tcase_add_test(tests, integers_are_refused);
    tcase_add_test(tests, other_columns_are_told);
    tcase_add_test(tests, other_data_are_told);
    tcase_add_test(tests, models_are_refused);
    tcase_add_test(tests, feeds_are_refused);
    tcase_add_test(tests, folds_are_refused);
}

int main(void) { return run_in_folder("option_form", add_tests); }
