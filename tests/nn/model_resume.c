/* fit(a), save, load in another process, fit(b): the bits of fit(a + b). What is compared are the files that both save
 * at their ends, which have all of a model, and the losses of all steps. */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../support/check.h"
#include "../support/data_files.h"
#include "../support/models.h"

enum { ROWS = 47, HELD = 21, BATCH = 10, A = 7, B = 12, EVERY = 3 };

/* ---- What is trained --------------------------------------------------------------------------------------------- */

/* A model and its fits. */
typedef struct scenario {
    const nn_head *head; /* NULL: softmax */
    int64_t k;           /* 0: 3 */
    nn_regressor_options common;
    nn_reals class_weights;
    nn_integers label_integers;
    nn_fit_options fit;
    bool is_noise; /* a third of the labels is explained by nothing */
} scenario;

static const nn_head *head_of(const scenario *s) { return s->head ? s->head : &nn_head_softmax; }

static int64_t k_of(const scenario *s) { return s->k ? s->k : 3; }

static model open_scenario(const scenario *s)
{
    if (!s->class_weights.n && !s->label_integers.n)
        return open_model(head_of(s), k_of(s), s->common);
    nn_classifier_options o = {.n_classes = k_of(s),
                               .class_weights = s->class_weights,
                               .label_integers = s->label_integers,
                               .optimiser = s->common.optimiser};
    o.hidden_units[0] = 4;
    return open_classifier(o);
}

static rows_of learnt, held;

static void fill_scenario(const scenario *s)
{
    fill_rows(&learnt, head_of(s), k_of(s), ROWS, 1);
    fill_rows(&held, head_of(s), k_of(s), HELD, 2);
    for (int64_t i = 0; i < ROWS && s->is_noise; i += 3)
        learnt.labels[i] = (int32_t)((cloud_noise(77, i) + 1) * 1.499);
    for (int64_t i = 0; i < ROWS && s->label_integers.n; i++)
        learnt.labels[i] = s->label_integers.at[learnt.labels[i]];
    for (int64_t i = 0; i < HELD && s->label_integers.n; i++)
        held.labels[i] = s->label_integers.at[held.labels[i]];
}

/* ---- Runs, each in a process of its own -------------------------------------------------------------------------- */

static char losses_path[5000], from_path[5000], to_path[5000];

/* Writes down the loss and the rate of each step. The context is the step after which the process dies. */
static bool note(const nn_progress *p, void *context)
{
    FILE *to = fopen(losses_path, "a");
    ck_assert_ptr_nonnull(to);
    fprintf(to, "%lld %a %a\n", (long long)p->step, p->loss, p->rate);
    fclose(to);
    if (context && p->step == *(const int64_t *)context)
        _exit(0);
    return true;
}

static model load(const char *path, bool is_regressor)
{
    const nn_load_options options = {.allocator = &memory.allocator};
    const model m = {is_regressor ? NULL : nn_classifier_load(path, &options),
                     is_regressor ? nn_regressor_load(path, &options) : NULL};
    ck_assert_msg((m.c ? nn_classifier_status(m.c) : nn_regressor_status(m.r)) == AD_OK, "load: %s", model_message(m));
    return m;
}

/* One process: from a file, if there is one, to a step, and to a file, perhaps with saves on the way and death. */
static void run(const scenario *s, const char *from, int64_t to_step, const char *to, int64_t every, int64_t dies_at)
{
    const pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid) {
        int status = 1;
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert_int_eq(status, 0);
        return;
    }
    counting_open(&memory);
    fill_scenario(s);
    const model m = from ? load(from, head_of(s)->task == NN_REGRESSION) : open_scenario(s);
    nn_fit_options o = s->fit;
    o.batch_size = o.batch_size ? o.batch_size : s->common.optimiser.rule == &nn_lbfgs ? 0 : BATCH;
    o.to_step = to_step;
    o.validation = o.patience || o.validate_every ? &held.data : NULL;
    o.save = to;
    o.save_every = every;
    o.callback = note;
    o.context = dies_at ? &dies_at : NULL;
    const ad_status status = model_fit(m, &learnt.data, &o);
    ck_assert_msg(status == AD_OK, "fit: %s", model_message(m));
    close_model(m);
    counting_check_released(&memory);
    _exit(0);
}

/* ---- Comparing --------------------------------------------------------------------------------------------------- */

static void in_folder(char path[5000], const char *name) { snprintf(path, 5000, "%s", path_in_folder(name)); }

/* The steps of a run, a line each. */
static int64_t count_steps(const char *path)
{
    FILE *from = fopen(path, "r");
    ck_assert_ptr_nonnull(from);
    int64_t n = 0;
    for (int c; (c = getc(from)) != EOF;)
        n += c == '\n';
    fclose(from);
    return n;
}

/* The unbroken run, and the one that is broken at step `a`: by an end, or, with saves on the way, by death.
 * Returns false if the unbroken run ends before that. */
static bool compare(const scenario *s, int64_t a, int64_t b, int64_t every, int64_t dies_at)
{
    static char unbroken[5000], losses[5000];
    in_folder(unbroken, "unbroken.safetensors");
    in_folder(losses, "losses");
    in_folder(losses_path, "losses");
    unlink(losses_path);
    run(s, NULL, a + b, unbroken, 0, 0);
    if (count_steps(losses) <= a)
        return false;
    in_folder(losses_path, "losses_of_two");
    unlink(losses_path);
    in_folder(from_path, "first.safetensors");
    in_folder(to_path, "second.safetensors");
    run(s, NULL, dies_at ? a + b : a, from_path, every, dies_at);
    if (dies_at) /* its last steps were not saved */
        unlink(losses_path);
    run(s, from_path, a + b, to_path, 0, 0);
    expect_same_files(unbroken, to_path);
    if (!dies_at)
        expect_same_files(losses, losses_path);
    return true;
}

/* ---- Tests ------------------------------------------------------------------------------------------------------- */

#define HIDDEN .hidden_units = {5, 4}

/* The options of each schedule. */
static nn_schedule_options schedule_of(size_t i)
{
    nn_schedule_options o = {.rule = nn_schedule_at(i)};
    if (o.rule == &nn_schedule_plateau)
        return (nn_schedule_options){.rule = o.rule, .patience = 1, .threshold = 0.2};
    if (o.rule != &nn_schedule_constant) {
        o.steps = o.rule == &nn_schedule_step ? 4 : 9;
        o.warm_up = 3;
    }
    return o;
}

START_TEST(every_optimiser_goes_on)
{
    for (size_t i = 0; i < nn_schedule_count(); i++) {
        scenario s = {.common = {HIDDEN, .optimiser = {.rule = nn_optimiser_at((size_t)_i)}}};
        if (s.common.optimiser.rule == &nn_lbfgs && i > 0)
            break;
        s.common.optimiser.schedule = schedule_of(i);
        if (s.common.optimiser.schedule.rule->observes)
            s.fit.validate_every = 2;
        compare(&s, A, B, 0, 0);
    }
}
END_TEST

START_TEST(every_option_of_optimisers_goes_on)
{
    static const nn_optimiser_options options[] = {
        {.rule = &nn_rmsprop, .centred = true, .momentum = 0.5, .epsilon_inside = true, .clip_norm = 0.3},
        {.rule = &nn_adam, .epsilon_hat = true, .l2 = 0.01, .clip_value = 0.02},
        {.rule = &nn_adamw, .decay = 0.1, .l1 = 0.001},
        {.rule = &nn_ftrl, .from_zero = true, .l1 = 0.001, .l2 = 0.001, .rate = 0.1},
        {.rule = &nn_lbfgs, .history = 3, .l2 = 0.001},
    };
    const scenario s = {.common = {HIDDEN, .optimiser = options[_i]}};
    compare(&s, A, B, 0, 0);
}
END_TEST

START_TEST(every_head_goes_on)
{
    const nn_head *head = nn_head_at((size_t)_i);
    for (int scaling = 0; scaling < NN_SCALE_COUNT; scaling++) {
        const scenario s = {.head = head,
                            .k = head == &nn_head_one_logit ? 2 : 3,
                            .common = {HIDDEN, .scaling = (nn_scaling_kind)scaling, .scaling_constant = 0.3,
                                       .dropout = 0.2, .activation = AD_TANH, .seed = UINT64_MAX - 3,
                                       .head_options = {.label_smoothing = head->task == NN_REGRESSION ? 0 : 0.1,
                                                        .delta = head == &nn_head_huber ? 0.5 : 0}}};
        compare(&s, A, B, 0, 0);
    }
}
END_TEST

/* Each kind, in lists that nest, with groups. */
static const nn_layer inner[] = {NN_BATCH_NORM(.momentum = 0.3), NN_DENSE(.units = 5, .activation = AD_TANH),
                                 NN_DROPOUT(0.3)};
static const nn_layer block[] = {
    {.kind = &nn_residual, .name = "in.ner", .options = &(const nn_residual_options){NN_LAYERS(inner)}},
    NN_LAYER_NORM(.epsilon = 1e-3),
    NN_ACTIVATION(.function = NN_LEAKY_RELU, .slope = 0.2)};
static const nn_layer layers[] = {
    NN_DENSE(.units = 5, .without_biases = true, .initialiser = NN_HE_NORMAL),
    {.kind = &nn_repeat, .name = "optimizer", .options = &(const nn_repeat_options){NN_LAYERS(block), 2}},
    NN_BATCH_NORM(.epsilon = 1e-3),
    NN_FLATTEN(),
    {.kind = &nn_dense,
     .name = "100%",
     .group = "slow",
     .options = &(const nn_dense_options){.units = 4, .activation = AD_ELU}},
};
static const nn_group groups[2][3] = {
    {{.name = "slow", .rate = 0.1, .decay = 2},
     {.pattern = "optimizer/1/*", .frozen = true},
     {.pattern = "*gain", .decay = NN_NO_DECAY}},
    {{.name = "slow", .decay = 2}, {.pattern = "optimizer/1/*", .frozen = true}, {.pattern = "*gain"}}};

START_TEST(every_kind_goes_on)
{
    static const nn_optimiser *const rules[] = {&nn_adamw, &nn_nadam, &nn_lbfgs};
    const scenario s = {
        .common = {
            .layers = NN_LAYERS(layers), .groups = groups[_i == 2], .n_groups = 3, .optimiser = {.rule = rules[_i]}}};
    compare(&s, A, B, 0, 0);
    compare(&s, 5, B, EVERY, 7); /* 5 + B = to_step; the last save is after step 6 */
}
END_TEST

/* In the middle of its patience; the unbroken run ends by it. */
START_TEST(early_stopping_goes_on)
{
    const scenario s = {.common = {.hidden_units = {16}, .optimiser = {.rule = &nn_adam, .rate = 0.05}},
                        .fit = {.validate_every = 2,
                                .patience = 6,
                                .monitor = _i % 2 ? NN_MONITOR_ACCURACY : NN_MONITOR_LOSS,
                                .watch_every = 3},
                        .is_noise = true};
    int64_t a = 3;
    for (; compare(&s, a, 200 - a, 0, 0); a++)
        compare(&s, a, 200 - a, EVERY, a);
    ck_assert_int_gt(a, 18);
    ck_assert_int_lt(a, 200);
}
END_TEST

START_TEST(weights_of_classes_and_vocabularies_go_on)
{
    const scenario s = {.class_weights = NN_REALS(0.1, 1e-30, 3), .label_integers = NN_INTEGERS(7, -2147483648, 40)};
    compare(&s, A, B, 0, 0);
}
END_TEST

/* A long training, of which rows of the history were thinned out. */
START_TEST(long_histories_go_on)
{
    const scenario s = {.common = {.hidden_units = {2}}, .fit = {.batch_size = 40, .watch_every = 1}};
    compare(&s, 4097, 5000, 0, 0);
    compare(&s, 4999, 2000, 1000, 5003);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, every_optimiser_goes_on, 0, (int)nn_optimiser_count());
    tcase_add_loop_test(tests, every_option_of_optimisers_goes_on, 0, 5);
    tcase_add_loop_test(tests, every_head_goes_on, 0, (int)nn_head_count());
    tcase_add_loop_test(tests, every_kind_goes_on, 0, 3);
    tcase_add_loop_test(tests, early_stopping_goes_on, 0, 2);
    tcase_add_test(tests, weights_of_classes_and_vocabularies_go_on);
    tcase_add_test(tests, long_histories_go_on);
}

int main(void) { return run_in_folder("model_resume", add_tests); }
