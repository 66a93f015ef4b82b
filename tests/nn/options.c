/* The options of an estimator from text. */
#include <gradtape/options.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../../nn/options/estimator_fields.h"
#include "../../nn/options/fields.h"
#include "../support/check.h"
#include "../support/counting.h"

static nn_options *parse(const char *text, nn_options_kind kind)
{
    nn_options *o = nn_options_parse(text, kind, NULL);
    ck_assert_ptr_nonnull(o);
    return o;
}

static nn_options *good(const char *text, nn_options_kind kind)
{
    nn_options *o = parse(text, kind);
    ck_assert_msg(nn_options_status(o) == AD_OK, "%s: %s", text, nn_options_message(o));
    ck_assert_str_eq(nn_options_message(o), "");
    return o;
}

START_TEST(every_option_of_a_classifier)
{
    nn_options *parsed =
        good("\thidden_units=300,100 n_classes=3\nhead=softmax label_smoothing=0.1   activation=tanh dropout=0.2 "
             "optimiser=gradient_descent rate=5e-2 initial_accumulator=0.5 scaling=constant scaling_constant=127.5 "
             "seed=18446744073709551615 class_weights=1,2,0.5 label_integers=-5,7,100\r\n",
             NN_CLASSIFIER);
    const nn_classifier_options *o = nn_options_classifier(parsed);
    ck_assert_ptr_null(nn_options_regressor(parsed));
    ck_assert_int_eq(o->hidden_units[0], 300);
    ck_assert_int_eq(o->hidden_units[1], 100);
    ck_assert_int_eq(o->hidden_units[2], 0);
    ck_assert_int_eq(o->n_classes, 3);
    ck_assert_ptr_eq(o->head, &nn_head_softmax);
    ck_assert_double_eq(o->head_options.label_smoothing, 0.1);
    ck_assert_int_eq((int)o->activation, AD_TANH);
    ck_assert_double_eq(o->dropout, 0.2);
    ck_assert_ptr_eq(o->optimiser.rule, &nn_gradient_descent);
    ck_assert_double_eq(o->optimiser.rate, 0.05);
    ck_assert_double_eq(o->optimiser.initial_accumulator, 0.5);
    ck_assert_int_eq((int)o->scaling, NN_SCALE_CONSTANT);
    ck_assert_double_eq(o->scaling_constant, 127.5);
    ck_assert(o->seed == UINT64_MAX);
    ck_assert_uint_eq(o->class_weights.n, 3);
    ck_assert_double_eq(o->class_weights.at[2], 0.5);
    ck_assert_uint_eq(o->label_integers.n, 3);
    ck_assert_int_eq(o->label_integers.at[0], -5);
    nn_options_close(parsed);
}
END_TEST

START_TEST(every_option_of_a_fit)
{
    nn_options *parsed =
        good("batch_size=50 steps=2000 to_step=7 epochs=3 validation_share=0.2 validate_every=10 patience=5 "
             "monitor=accuracy least_improvement=1e-3 overfit_one_batch=yes watch_every=100 "
             "save=\"my model.safetensors\" save_every=1000 keep=2",
             NN_FIT);
    const nn_fit_options *o = nn_options_fit(parsed);
    ck_assert_ptr_null(nn_options_csv(parsed));
    ck_assert_ptr_null(nn_options_classifier(parsed));
    ck_assert_int_eq(o->batch_size, 50);
    ck_assert_int_eq(o->steps, 2000);
    ck_assert_int_eq(o->to_step, 7);
    ck_assert_int_eq(o->epochs, 3);
    ck_assert_double_eq(o->validation_share, 0.2);
    ck_assert_int_eq(o->validate_every, 10);
    ck_assert_int_eq(o->patience, 5);
    ck_assert_int_eq((int)o->monitor, NN_MONITOR_ACCURACY);
    ck_assert_double_eq(o->least_improvement, 1e-3);
    ck_assert(o->overfit_one_batch);
    ck_assert_int_eq(o->watch_every, 100);
    ck_assert_str_eq(o->save, "my model.safetensors");
    ck_assert_int_eq(o->save_every, 1000);
    ck_assert_int_eq(o->keep, 2);
    nn_options_close(parsed);
}
END_TEST

/* Every member but data and callback has a row, in the order of the struct. */
START_TEST(the_fields_of_a_fit)
{
    static const char *const names[] = {"batch_size",
                                        "steps",
                                        "to_step",
                                        "epochs",
                                        "validation_share",
                                        "validate_every",
                                        "patience",
                                        "monitor",
                                        "least_improvement",
                                        "overfit_one_batch",
                                        "watch_every",
                                        "warm_start",
                                        "save",
                                        "save_every",
                                        "keep"};
    const nn_fields fields = nn_options_fields(NN_FIT);
    const nn_fit_options none = {.steps = 0};
    char message[100] = "";
    ck_assert_uint_eq(fields.n, COUNT(names));
    for (size_t i = 0; i < fields.n; i++)
        ck_assert_str_eq(fields.at[i].name, names[i]);
    ck_assert_double_eq(fields.at[0].standard, 32);
    ck_assert_msg(nn_fields_check(fields, &none, message, sizeof message), "%s", message);
}
END_TEST

/* What 0 does not stand for itself cannot be 0 as text; what it does can. */
START_TEST(zeros_of_a_fit)
{
    static const char *const refused[] = {"batch_size", "steps", "to_step", "epochs", "validate_every"};
    for (int i = 0; i < COUNT(refused); i++) {
        char text[40], why[100];
        snprintf(text, sizeof text, "%s=0", refused[i]);
        snprintf(why, sizeof why, "%s is '0': it must be a whole number of at least 1", refused[i]);
        nn_options *o = parse(text, NN_FIT);
        ck_assert_int_eq(nn_options_status(o), AD_BAD_VALUE);
        ck_assert_str_eq(nn_options_message(o), why);
        ck_assert_ptr_null(nn_options_fit(o));
        nn_options_close(o);
    }
    nn_options *o = good("patience=0 validation_share=0 least_improvement=0 watch_every=0 save_every=0 keep=0", NN_FIT);
    ck_assert_ptr_nonnull(nn_options_fit(o));
    nn_options_close(o);
}
END_TEST

/* The options of every optimiser; what a rule does not read is found when the estimator is opened. */
START_TEST(options_of_optimisers)
{
    static const struct {
        const char *text, *settings; /* what the optimiser's part of the settings is; NULL: an error */
    } cases[] = {
        {"optimiser=adam", "optimiser=adam rate=0.001 beta1=0.9 beta2=0.999 epsilon=1e-08 scaling"},
        {"optimiser=adam rate=0.002 beta1=0.8 epsilon_hat=true",
         "optimiser=adam rate=0.002 beta1=0.8 beta2=0.999 epsilon=1e-08 epsilon_hat=true scaling"},
        {"optimiser=adamw", "optimiser=adamw rate=0.001 decay=0.01 beta1=0.9 beta2=0.999 epsilon=1e-08 scaling"},
        {"optimiser=rmsprop momentum=0 centred=yes",
         "optimiser=rmsprop rate=0.001 rho=0.9 epsilon=1e-07 centred=true scaling"},
        {"optimiser=ftrl l1=0.5 l2=0.25", "optimiser=ftrl rate=0.001 initial_accumulator=0.1 l2=0.25 l1=0.5 sc"},
        {"optimiser=momentum", "optimiser=momentum rate=0.01 momentum=0.9 scaling"},
        {"optimiser=adam momentum=0.9", NULL},
        {"optimiser=momentum clip_norm=1 clip_value=0.5 schedule=exponential schedule_steps=100 warm_up=10 l1=0.25",
         "optimiser=momentum rate=0.01 l1=0.25 momentum=0.9 clip_value=0.5 clip_norm=1 schedule=exponential "
         "schedule_steps=100 schedule_factor=0.9 warm_up=10 scaling"},
        {"optimiser=momentum schedule=plateau schedule_patience=3 schedule_floor=0.01",
         "optimiser=momentum rate=0.01 momentum=0.9 schedule=plateau schedule_factor=0.1 schedule_floor=0.01 "
         "schedule_patience=3 schedule_threshold=0.0001 scaling"},
        {"schedule=cosine schedule_steps=10 schedule_power=2", NULL},
        {"warm_up=5 schedule_steps=10", NULL},
        {"beta1=0.5", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        nn_options *o = good(cases[i].text, NN_REGRESSOR);
        nn_regressor *r = nn_regressor_open(nn_options_regressor(o));
        nn_options_close(o);
        ck_assert_int_eq(nn_regressor_status(r), cases[i].settings ? AD_OK : AD_BAD_VALUE);
        const char *said = cases[i].settings ? nn_regressor_settings(r) : nn_regressor_message(r);
        ck_assert_msg(strstr(said, cases[i].settings ? cases[i].settings
                                   : strstr(cases[i].text, "warm_up=5")
                                       ? "the schedule has options that constant does not read"
                                       : "does not read it"),
                      "%s", said);
        if (cases[i].settings) {
            nn_options *again = good(said, NN_REGRESSOR);
            nn_regressor *twin = nn_regressor_open(nn_options_regressor(again));
            nn_options_close(again);
            ck_assert_str_eq(nn_regressor_settings(twin), said);
            nn_regressor_close(twin);
        }
        nn_regressor_close(r);
    }
}
END_TEST

START_TEST(every_option_of_a_regressor)
{
    nn_options *parsed = good("n_targets=2 head=huber delta=0.5 hidden_units=8 activation=elu dropout=0.1 rate=0.1 "
                              "initial_accumulator=1 optimiser=adagrad scaling=feature scaling_constant=3 seed=1",
                              NN_REGRESSOR);
    const nn_regressor_options *o = nn_options_regressor(parsed);
    ck_assert_ptr_null(nn_options_classifier(parsed));
    ck_assert_int_eq(o->n_targets, 2);
    ck_assert_ptr_eq(o->head, &nn_head_huber);
    ck_assert_double_eq(o->head_options.delta, 0.5);
    ck_assert_int_eq((int)o->activation, AD_ELU);
    ck_assert_int_eq((int)o->scaling, NN_SCALE_FEATURE);
    nn_options_close(parsed);
}
END_TEST

START_TEST(texts_may_have_anything)
{
    nn_options *parsed =
        good("label_texts=cat,\"great tit\",\"a,b\",\"c=\\\"d\\\"\",\"\\\\\" n_classes=5", NN_CLASSIFIER);
    const nn_classifier_options *o = nn_options_classifier(parsed);
    static const char *const texts[] = {"cat", "great tit", "a,b", "c=\"d\"", "\\"};
    ck_assert_uint_eq(o->label_texts.n, COUNT(texts));
    for (int i = 0; i < COUNT(texts); i++)
        ck_assert_str_eq(o->label_texts.at[i], texts[i]);
    ck_assert_int_eq(o->n_classes, 5);
    nn_options_close(parsed);
}
END_TEST

START_TEST(nothing_is_all_defaults)
{
    static const char *const texts[] = {NULL, "", "   \n"};
    static const nn_classifier_options classifier;
    static const nn_regressor_options regressor;
    for (int i = 0; i < COUNT(texts); i++) {
        nn_options *c = good(texts[i], NN_CLASSIFIER), *r = good(texts[i], NN_REGRESSOR);
        ck_assert(memcmp(nn_options_classifier(c), &classifier, sizeof classifier) == 0);
        ck_assert(memcmp(nn_options_regressor(r), &regressor, sizeof regressor) == 0);
        nn_options_close(c);
        nn_options_close(r);
    }
}
END_TEST

#define CLASSIFIER_NAMES                                                                                               \
    "hidden_units, n_classes, head, label_smoothing, activation, dropout, optimiser, rate, initial_accumulator, "      \
    "decay, l2, l1, momentum, beta1, beta2, rho, epsilon, momentum_decay, epsilon_inside, centred, epsilon_hat, "      \
    "from_zero, history, clip_value, clip_norm, schedule, schedule_steps, schedule_factor, schedule_power, "           \
    "schedule_floor, schedule_patience, schedule_threshold, warm_up, scaling, scaling_constant, impute, seed, "        \
    "class_weights, label_integers, label_texts"

START_TEST(wrong_texts_are_refused)
{
    static const struct {
        const char *text, *why;
        nn_options_kind kind;
    } cases[] = {
        {"hiden_units=3", "unknown option 'hiden_units'; did you mean hidden_units?", NN_CLASSIFIER},
        {"lr=0.1", "unknown option 'lr'; the options are " CLASSIFIER_NAMES, NN_CLASSIFIER},
        {"learning_rate=0.1", "unknown option 'learning_rate'; did you mean rate?", NN_CLASSIFIER},
        {"steps=9", "unknown option 'steps'; did you mean schedule_steps?", NN_CLASSIFIER},
        {"floor=0.1", "unknown option 'floor'; did you mean schedule_floor?", NN_REGRESSOR},
        {"clip=1", "unknown option 'clip'; did you mean clip_norm?", NN_REGRESSOR},
        {"weight_decay=1", "unknown option 'weight_decay'; did you mean decay?", NN_REGRESSOR},
        {"optimizer=adagrad", "unknown option 'optimizer'; did you mean optimiser?", NN_REGRESSOR},
        {"n_target=3", "unknown option 'n_target'; did you mean n_targets?", NN_REGRESSOR},
        {"optimiser=adamw decay=0",
         "decay is '0': it must be a number other than 0, which stands for the default of adamw, 0.01", NN_CLASSIFIER},
        {"schedule=step schedule_steps=9 schedule_floor=1",
         "schedule_floor is '1': it must be a number of at least 0 and below 1", NN_CLASSIFIER},
        {"schedule=step schedule_factor=0", "schedule_factor is '0': it must be a number above 0 and below 1",
         NN_REGRESSOR},
        {"schedule=plateau schedule_patience=0", "schedule_patience is '0': it must be a whole number of at least 1",
         NN_REGRESSOR},
        {"schedule=plateau schedule_threshold=0",
         "schedule_threshold is '0': it must be a number other than 0, which stands for the default of "
         "plateau, 0.0001",
         NN_REGRESSOR},
        {"schedule=linear",
         "schedule is 'linear': it must be one of constant, step, exponential, cosine, polynomial, plateau",
         NN_CLASSIFIER},
        {"beta1=0 optimiser=adam",
         "beta1 is '0': it must be a number other than 0, which stands for the default of adam, 0.9", NN_REGRESSOR},
        {"optimiser=adma",
         "optimiser is 'adma': it must be one of gradient_descent, momentum, nesterov, adagrad, "
         "rmsprop, adam, adamw, adamax, nadam, lion, ftrl, lbfgs; did you mean adam?",
         NN_CLASSIFIER},
        {"rate=fast", "rate is 'fast': it must be a number above 0", NN_CLASSIFIER},
        {"n_classes=3 rate=0.1 rate=0.1", "option 'rate' is given twice; leave one out", NN_CLASSIFIER},
        {"rate", "'rate' is not name=value; leave no spaces around the =, and put texts with spaces in quotes",
         NN_CLASSIFIER},
        {"rate = 0.1", "'rate' is not name=value; leave no spaces around the =, and put texts with spaces in quotes",
         NN_CLASSIFIER},
        {"=0.1", "'=0.1' has no name; write name=value, without spaces around the =", NN_CLASSIFIER},
        {"seed=1 label_texts=\"a b seed=3", "a quote is not closed in 'label_texts=\"a b seed=3'", NN_CLASSIFIER},
        {"label_texts=\"a\\\" ", "a quote is not closed in 'label_texts=\"a\\\" '", NN_CLASSIFIER},
        {"hidden_units=300, 100",
         "hidden_units[1] is '': it must be a whole number of at least 1 and at most "
         "4503599627370496; a list has no spaces and no empty places",
         NN_CLASSIFIER},
        {"n_classes=-1", "n_classes is '-1': it must be a whole number of at least 0 and at most 2147483647",
         NN_CLASSIFIER},
        {"n_classes=2147483648",
         "n_classes is '2147483648': it must be a whole number of at least 0 and at most 2147483647", NN_CLASSIFIER},
        {"n_targets=0", "n_targets is '0': it must be a whole number of at least 1 and at most 2147483647",
         NN_REGRESSOR},
        {"dropout=1", "dropout is '1': it must be a number of at least 0 and below 1", NN_CLASSIFIER},
        {"label_smoothing=1", "label_smoothing is '1': it must be a number of at least 0 and below 1", NN_CLASSIFIER},
        {"scaling_constant=0", "scaling_constant is '0': it must be a number of at least 1e-38 and at most 1e+38",
         NN_CLASSIFIER},
        {"scaling=features",
         "scaling is 'features': it must be one of none, constant, global, feature, minmax; did you mean feature?",
         NN_REGRESSOR},
        {"activation=rellu",
         "activation is 'rellu': it must be one of relu, tanh, logistic, softplus, elu, identity; did you mean relu?",
         NN_CLASSIFIER},
        {"initial_accumulator=-0.1", "initial_accumulator is '-0.1': it must be a number above 0", NN_CLASSIFIER},
        {"delta=0", "delta is '0': it must be a number above 0", NN_REGRESSOR},
        {"class_weights=1,-2", "class_weights[1] is '-2': it must be a number of at least 0", NN_CLASSIFIER},
        {"keep=1001", "keep is '1001': it must be a whole number of at least 0 and at most 1000", NN_FIT},
        {"monitor=los", "monitor is 'los': it must be one of loss, accuracy; did you mean loss?", NN_FIT},
        {"validation_share=1", "validation_share is '1': it must be a number of at least 0 and below 1", NN_FIT},
        {"step=1", "unknown option 'step'; did you mean steps?", NN_FIT},
        {"validation=x.csv", "unknown option 'validation'; did you mean validation_share?", NN_FIT},
        {"seed=1", "4 is no kind of options: use NN_CLASSIFIER, NN_REGRESSOR, NN_CSV or NN_FIT", NN_OPTIONS_COUNT},
        {"seed=1", "-1 is no kind of options: use NN_CLASSIFIER, NN_REGRESSOR, NN_CSV or NN_FIT", (nn_options_kind)-1},
    };
    for (int i = 0; i < COUNT(cases); i++) {
        nn_options *o = parse(cases[i].text, cases[i].kind);
        ck_assert_int_eq(nn_options_status(o), AD_BAD_VALUE);
        ck_assert_str_eq(nn_options_message(o), cases[i].why);
        ck_assert_ptr_null(nn_options_classifier(o));
        ck_assert_ptr_null(nn_options_regressor(o));
        ck_assert_ptr_null(nn_options_fit(o));
        nn_options_close(o);
    }
    nn_options *o = parse("head=sofmax", NN_CLASSIFIER);
    ck_assert_msg(strstr(nn_options_message(o), "head is 'sofmax': it must be one of ") &&
                      strstr(nn_options_message(o), "; did you mean softmax?"),
                  "%s", nn_options_message(o));
    nn_options_close(o);
}
END_TEST

START_TEST(null_is_allowed)
{
    ck_assert_int_eq(nn_options_status(NULL), AD_BAD_HANDLE);
    ck_assert_ptr_nonnull(strstr(nn_options_message(NULL), "the options are NULL"));
    ck_assert_ptr_null(nn_options_classifier(NULL));
    ck_assert_ptr_null(nn_options_regressor(NULL));
    ck_assert_ptr_null(nn_options_fit(NULL));
    nn_options_close(NULL);
}
END_TEST

static const char *const long_line =
    "hidden_units=300,100 n_classes=3 class_weights=1,2,3 label_texts=a,\"b c\",d rate=0.1 head=softmax";

/* Each allocation is refused in turn, and all from it on. */
START_TEST(refused_memory_is_said)
{
    counting memory;
    size_t without = 0, refused = 0, k = 1;
    counting_open(&memory);
    for (ad_status status = AD_NO_MEMORY; status != AD_OK; k++) {
        counting_fail(&memory, k, k % 2 ? COUNTING_ONCE : COUNTING_FOR_GOOD);
        nn_options *o = nn_options_parse(long_line, NN_CLASSIFIER, &memory.allocator);
        status = o ? nn_options_status(o) : AD_NO_MEMORY;
        ck_assert(status == AD_OK || status == AD_NO_MEMORY);
        if (o && status != AD_OK)
            ck_assert_msg(strstr(nn_options_message(o), "memory is out for"), "%s", nn_options_message(o));
        ck_assert(status == AD_OK || !nn_options_classifier(o));
        without += !o;
        refused += status != AD_OK;
        nn_options_close(o);
        counting_check_released(&memory);
    }
    ck_assert_uint_eq(without, 1);
    ck_assert_uint_ge(refused, 8);
    counting_print_refused(refused, "options");
}
END_TEST

/* ---- There and back ---------------------------------------------------------------------------------------------- */

static uint64_t mixed(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static uint64_t state;
static uint64_t random_below(uint64_t n) { return mixed(state++) % n; }
static double random_share(void) { return (double)(mixed(state++) >> 11) * 0x1p-53; }

/* A default, or a number above 0 of any size. */
static double random_size(void) { return random_below(3) ? exp((random_share() - 0.5) * 100) : 0; }

enum { MOST = 5 };
typedef struct room {
    double weights[MOST];
    int32_t integers[MOST];
    char texts[MOST][12];
    const char *at[MOST];
} room;

static nn_classifier_options random_classifier(room *r)
{
    static const char letters[] = "ab ,\"\\=\n\xc3";
    nn_classifier_options o = {.n_classes = 1 + (int64_t)random_below(INT32_MAX)};
    for (uint64_t i = 0, n = random_below(NN_MAX_HIDDEN_LAYERS + 1); i < n; i++)
        o.hidden_units[i] = 1 + (int64_t)random_below(UINT64_C(1) << 52);
    o.head = random_below(2) ? nn_head_at(random_below(nn_head_count())) : NULL;
    o.head_options.label_smoothing = random_below(2) ? random_share() : 0;
    o.activation = (ad_activation)random_below(AD_ACTIVATION_COUNT);
    o.dropout = random_below(2) ? random_share() : 0;
    o.optimiser.rule = nn_optimiser_at(random_below(nn_optimiser_count()));
    o.optimiser.beta1 = random_below(2) ? random_share() : 0;
    o.optimiser.epsilon = random_below(2) ? random_size() : 0;
    o.optimiser.centred = random_below(2);
    o.optimiser.rate = random_size();
    o.optimiser.initial_accumulator = random_size();
    o.scaling = (nn_scaling_kind)random_below(NN_SCALE_COUNT);
    o.scaling_constant = random_size();
    o.impute = (nn_impute_kind)random_below(NN_IMPUTE_COUNT);
    o.seed = mixed(state++);
    for (int i = 0; i < MOST; i++) {
        r->weights[i] = random_size();
        r->integers[i] = (int32_t)(uint32_t)mixed(state++);
        const uint64_t n = random_below(sizeof r->texts[i]);
        for (uint64_t j = 0; j < n; j++)
            r->texts[i][j] = letters[random_below(sizeof letters - 1)];
        r->texts[i][n] = 0;
        r->at[i] = r->texts[i];
    }
    o.class_weights = (nn_reals){r->weights, random_below(MOST + 1)};
    o.label_integers = (nn_integers){r->integers, random_below(MOST + 1)};
    o.label_texts = (nn_texts){r->at, random_below(MOST + 1)};
    return o;
}

/* The members without padding and pointers. */
static void expect_same(const nn_classifier_options *a, const nn_classifier_options *b, const char *text)
{
    bool same = !memcmp(a->hidden_units, b->hidden_units, sizeof a->hidden_units) && a->n_classes == b->n_classes &&
                a->head == b->head && a->head_options.label_smoothing == b->head_options.label_smoothing &&
                a->activation == b->activation && a->dropout == b->dropout && a->optimiser.rule == b->optimiser.rule &&
                a->optimiser.beta1 == b->optimiser.beta1 && a->optimiser.epsilon == b->optimiser.epsilon &&
                a->optimiser.centred == b->optimiser.centred && a->optimiser.rate == b->optimiser.rate &&
                a->optimiser.initial_accumulator == b->optimiser.initial_accumulator && a->scaling == b->scaling &&
                a->scaling_constant == b->scaling_constant && a->impute == b->impute && a->seed == b->seed &&
                a->class_weights.n == b->class_weights.n && a->label_integers.n == b->label_integers.n &&
                a->label_texts.n == b->label_texts.n;
    for (size_t i = 0; same && i < MOST; i++)
        same = (i >= a->class_weights.n || a->class_weights.at[i] == b->class_weights.at[i]) &&
               (i >= a->label_integers.n || a->label_integers.at[i] == b->label_integers.at[i]) &&
               (i >= a->label_texts.n || !strcmp(a->label_texts.at[i], b->label_texts.at[i]));
    ck_assert_msg(same, "%s", text);
}

/* Each kind has its own table; what is no kind has an empty one. */
START_TEST(the_table_of_options_is_public)
{
    ck_assert_str_eq(nn_options_fields(NN_CSV).at[0].name, "delimiter");
    for (int kind = 0; kind < NN_CSV; kind++) {
        const nn_fields fields = nn_options_fields((nn_options_kind)kind);
        ck_assert_str_eq(fields.at[0].name, "hidden_units");
        ck_assert_uint_eq(fields.at[0].offset, 0);
        ck_assert_str_eq(fields.at[1].name, kind == NN_CLASSIFIER ? "n_classes" : "n_targets");
        ck_assert_uint_eq(fields.n, kind == NN_CLASSIFIER ? 40 : 38);
    }
    ck_assert_uint_eq(nn_options_fields(NN_OPTIONS_COUNT).n, 0);
    ck_assert_uint_eq(nn_options_fields((nn_options_kind)-1).n, 0);
}
END_TEST

START_TEST(what_is_printed_is_parsed)
{
    for (int i = 0; i < 3000; i++) {
        room r;
        char text[4000];
        nn_classifier_options o = random_classifier(&r);
        const int n = nn_fields_print(nn_classifier_fields, &o, text, sizeof text);
        ck_assert(n > 0 && n < (int)sizeof text);
        nn_options *parsed = good(text, NN_CLASSIFIER);
        nn_fields_resolve(nn_classifier_fields, &o);
        expect_same(&o, nn_options_classifier(parsed), text);
        nn_options_close(parsed);
    }
}
END_TEST

START_TEST(defaults_are_printed)
{
    char text[400];
    const nn_classifier_options c = {.hidden_units = {300, 100}, .n_classes = 10};
    const nn_regressor_options r = {0};
    nn_fields_print(nn_classifier_fields, &c, text, sizeof text);
    ck_assert_str_eq(text, "hidden_units=300,100 n_classes=10 head=softmax label_smoothing=0 activation=relu dropout=0 "
                           "optimiser=adagrad scaling=none scaling_constant=255 impute=refuse seed=0");
    nn_fields_print(nn_regressor_fields, &r, text, sizeof text);
    ck_assert_str_eq(text, "n_targets=1 head=squared delta=1 target_scaling=none activation=relu dropout=0 "
                           "optimiser=adagrad scaling=none scaling_constant=255 impute=refuse seed=0");
}
END_TEST

/* ---- Any text ---------------------------------------------------------------------------------------------------- */

/* Pieces of good texts and any bytes, 100,000 times. */
START_TEST(any_text_is_parsed_or_refused)
{
    static const char *const pieces[] = {"rate=",
                                         "hidden_units=",
                                         "label_texts=",
                                         "class_weights=",
                                         "seed=",
                                         "head=",
                                         "activation=",
                                         "dropout=",
                                         "0.5",
                                         "1",
                                         "300,100",
                                         "softmax",
                                         "relu",
                                         "\"",
                                         "\\",
                                         "\\\"",
                                         " ",
                                         " ",
                                         ",",
                                         "=",
                                         "a b",
                                         "\"a b\"",
                                         "-",
                                         "e5"};
    size_t good_ones = 0;
    for (int i = 0; i < 100000; i++) {
        char text[200] = "";
        size_t n = 0;
        for (uint64_t j = 0, most = random_below(12); j < most; j++)
            if (random_below(20))
                n += (size_t)snprintf(text + n, sizeof text - n, "%s", pieces[random_below(COUNT(pieces))]);
            else
                text[n++] = (char)(1 + random_below(255));
        text[n] = 0;
        nn_options *o = parse(text, (nn_options_kind)random_below(2));
        const ad_status status = nn_options_status(o);
        ck_assert(status == AD_OK || status == AD_BAD_VALUE);
        ck_assert((status == AD_OK) == !nn_options_message(o)[0]);
        good_ones += status == AD_OK && n > 0;
        nn_options_close(o);
    }
    ck_assert_msg(good_ones > 500, "only %zu were good", good_ones);
}
END_TEST

/* 100,000 layers, a text of a megabyte, a hundred thousand quotes: refused or read, and given back. */
START_TEST(long_texts_are_read)
{
    enum { N = 1000000 };
    static char text[N + 100];
    const size_t start = (size_t)sprintf(text, "label_texts=");
    counting memory;
    counting_open(&memory);
    for (int way = 0; way < 3; way++) {
        for (size_t i = start; i < N; i++)
            text[i] = way == 0 ? 'a' : (char)(i % 2 ? ',' : way == 1 ? '1' : '"');
        memcpy(text, way == 1 ? "hidden_units" : "label_texts=", 12);
        text[12] = way == 1 ? '=' : 'a';
        text[N] = 0;
        nn_options *o = nn_options_parse(text, NN_CLASSIFIER, &memory.allocator);
        ck_assert_int_eq(nn_options_status(o), way == 0 ? AD_OK : AD_BAD_VALUE);
        if (way == 0)
            ck_assert_uint_eq(strlen(nn_options_classifier(o)->label_texts.at[0]), N - start);
        nn_options_close(o);
        counting_check_released(&memory);
    }
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, every_option_of_a_classifier);
    tcase_add_test(tests, every_option_of_a_regressor);
    tcase_add_test(tests, every_option_of_a_fit);
    tcase_add_test(tests, the_fields_of_a_fit);
    tcase_add_test(tests, zeros_of_a_fit);
    tcase_add_test(tests, options_of_optimisers);
    tcase_add_test(tests, texts_may_have_anything);
    tcase_add_test(tests, nothing_is_all_defaults);
    tcase_add_test(tests, the_table_of_options_is_public);
    tcase_add_test(tests, wrong_texts_are_refused);
    tcase_add_test(tests, null_is_allowed);
    tcase_add_test(tests, refused_memory_is_said);
    tcase_add_test(tests, what_is_printed_is_parsed);
    tcase_add_test(tests, defaults_are_printed);
    tcase_add_test(tests, any_text_is_parsed_or_refused);
    tcase_add_test(tests, long_texts_are_read);
}

int main(void) { return run_tests("options", add_tests); }
