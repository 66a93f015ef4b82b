/* Models with rows of the user's own: kinds, heads, optimisers, schedules. A program that has them goes on with the
 * same bits; one that lacks one is told which. */
#include <string.h>

#include <gradtape/random.h>

#include "../support/check.h"
#include "../support/classifiers.h"
#include "../support/data_files.h"

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

/* A kind that draws by the tape's own count, has a state, every type of field, and a weight that is transposed. */
typedef struct gate_options {
    int64_t width, sizes[3];
    double noise;
    bool is_hard;
    const char *text;
    uint64_t key;
    nn_function function;
    nn_layers layers;
} gate_options;
static const nn_field gate_fields[] = {
    {"width", "w", NN_FIELD_INTEGER, offsetof(gate_options, width), .standard = 2, .range = NN_FROM_TO(1, 100)},
    {"sizes", "s", NN_FIELD_INTEGERS, offsetof(gate_options, sizes), .range = NN_FROM_TO(1, 9), .count = 3},
    {"noise", "n", NN_FIELD_REAL, offsetof(gate_options, noise), .standard = 0.5, .range = NN_FROM_TO(-1, 1)},
    {"is_hard", "h", NN_FIELD_SWITCH, offsetof(gate_options, is_hard), .standard = 0},
    {"text", "t", NN_FIELD_TEXT, offsetof(gate_options, text), .standard = 0},
    {"key", "k", NN_FIELD_SEED, offsetof(gate_options, key), .standard = 0},
    {"function", "f", NN_FIELD_CHOICE, offsetof(gate_options, function), .standard = NN_TANH,
     .choice = nn_function_name},
    {"layers", "l", NN_FIELD_LAYERS, offsetof(gate_options, layers), .standard = 0},
};
static const nn_part gate_parts[] = {
    {"m.a", NN_WEIGHT, 2, {NN_INPUT_SIZE(-1), NN_OPTION_SIZE(gate_options, width)}, .is_transposed = true},
    {"seen", NN_STATE, 1, {NN_INPUT_SIZE(-1)}, .initialiser = NN_ZEROS},
    {"scale", NN_GAIN, 0, {NN_FIXED_SIZE(1)}, .initialiser = NN_ONES},
    {"total", NN_STATE, 1, {NN_INPUT_SIZE(-1)}, .initialiser = NN_ZEROS, .file_name = "to.tal"},
};
static char texts_seen[400];

static ad_tensor gate_apply(nn_layer_call *c, ad_tensor x)
{
    const gate_options *o = nn_layer_options(c);
    snprintf(texts_seen, sizeof texts_seen, "%lld %lld,%lld,%lld %g %d %s %llu %d %zu", (long long)o->width,
             (long long)o->sizes[0], (long long)o->sizes[1], (long long)o->sizes[2], o->noise, o->is_hard,
             o->text ? o->text : "-", (unsigned long long)o->key, (int)o->function, o->layers.n);
    const ad_tensor w = nn_layer_part(c, 0), y = ad_matmul(ad_tanh(ad_matmul(x, w)), ad_transpose(w));
    const ad_tensor z = ad_mul(nn_layer_run_list(c, ad_add(x, y)), nn_layer_part(c, 2));
    if (!nn_layer_trains(c))
        return ad_add(z, nn_layer_part(c, 1));
    const ad_tensor mean = ad_mean_over(ad_detach(z), AD_AXES(0));
    nn_layer_propose(c, 1, ad_scale(ad_add(nn_layer_proposed(c, 1), mean), 0.5));
    nn_layer_propose(c, 3, ad_add(nn_layer_proposed(c, 3), mean));
    return ad_mul(z, ad_dropout_mask(z, o->noise, 7));
}
static const nn_layer_kind gate = {.name = "gate",
                                   .formula = "x",
                                   .fields = NN_FIELDS(gate_fields),
                                   .options_bytes = sizeof(gate_options),
                                   .parts = gate_parts,
                                   .n_parts = 4,
                                   .apply = gate_apply};

static const nn_layer_kind other_dense = {.name = "dense", .formula = "x", .apply = NULL};

/* A head that reads an option that classifiers' texts do not have. */
static const nn_field weighed_fields[] = {
    {"delta", "d", NN_FIELD_REAL, offsetof(nn_head_options, delta), .standard = 3, .range = NN_FROM_TO(0, 10)}};

static ad_tensor weighed_loss(ad_tensor z, ad_tensor y, const nn_head_options *options)
{
    return ad_scale(nn_head_softmax.loss(z, y, NULL), options->delta);
}

/* An optimiser with slots whose names look like paths, a counter and a number that it carries. */
static const nn_field own_fields[] = {
    {"rate", "r", NN_FIELD_REAL, offsetof(nn_optimiser_options, rate), .standard = 0.02, .range = NN_ABOVE(0)},
    {"momentum", "m", NN_FIELD_REAL, offsetof(nn_optimiser_options, momentum), .standard = 0.4,
     .range = NN_FROM_TO_BELOW(0, 1)},
    {"epsilon", "e", NN_FIELD_REAL, offsetof(nn_optimiser_options, epsilon), .standard = 0, .range = NN_AT_LEAST(0)},
};

static int own_slots(const nn_optimiser_options *o, nn_optimiser_slot *slots)
{
    (void)o;
    slots[0] = (nn_optimiser_slot){"own.v%", 0.25};
    slots[1] = (nn_optimiser_slot){"weight", 0.5};
    return 2;
}

static double own_carry(const nn_optimiser_options *o, int64_t step, double last)
{
    return last * 0.99 + o->momentum / (double)step;
}

static void own_update(const ad_update_block *b)
{
    const nn_update *u = b->context;
    float *x = b->x, *v = b->state[0], *w = b->state[1];
    const float *g = b->dx;
    for (size_t i = 0; i < b->n; i++) {
        v[i] = (float)(u->options.momentum * (double)v[i] + (double)g[i]);
        w[i] = (float)(0.5 * (double)w[i] + u->carried[1] * (double)u->step * 1e-3);
        x[i] -= (float)(u->options.rate * ((double)v[i] + 1e-3 * (double)w[i]));
    }
}

static const nn_optimiser own_rule = {.name = "my rule",
                                      .formula = "x",
                                      .source = "none",
                                      .fields = NN_FIELDS(own_fields),
                                      .slots = own_slots,
                                      .counter = "own_step",
                                      .carried = "own_sum",
                                      .carry = own_carry,
                                      .update = own_update};

static const nn_field slope_fields[] = {
    {"steps", "s", NN_FIELD_INTEGER, offsetof(nn_schedule_options, steps), .standard = 50, .range = NN_AT_LEAST(1)}};

static double slope_factor(const nn_schedule_options *o, double s) { return 1 / (1 + s / (double)o->steps); }

static const nn_schedule slope = {
    .name = "slope", .formula = "s", .source = "none", .fields = NN_FIELDS(slope_fields), .factor = slope_factor};

/* ---- A model of them --------------------------------------------------------------------------------------------- */

static nn_head own_head;
static const nn_layer inner[] = {NN_DENSE(.units = 5, .activation = AD_TANH)};
static const nn_layer layers[] = {
    NN_DENSE(.units = 5),
    {.kind = &gate,
     .options = &(const gate_options){.sizes = {4, 2},
                                      .noise = 0.3,
                                      .is_hard = true,
                                      .text = "a \"b\", c=d\\ \n",
                                      .key = UINT64_MAX,
                                      .function = NN_ELU,
                                      NN_LAYERS(inner)}},
    NN_BATCH_NORM(),
};

static nn_classifier_options own_options(void)
{
    own_head = nn_head_softmax;
    own_head.name = "weighed";
    own_head.loss = weighed_loss;
    own_head.fields = (nn_fields)NN_FIELDS(weighed_fields);
    return (nn_classifier_options){.layers = NN_LAYERS(layers),
                                   .n_classes = CLASSES,
                                   .head = &own_head,
                                   .head_options = {.delta = 0.7},
                                   .optimiser = {.rule = &own_rule, .schedule = {.rule = &slope, .steps = 20}},
                                   .allocator = &memory.allocator};
}

static const nn_layer_kind *const kinds[] = {&other_dense, NULL, &gate};
static const nn_head *const heads[] = {NULL, &own_head};
static const nn_optimiser *const rules[] = {&own_rule};
static const nn_schedule *const schedules[] = {&slope};

static nn_load_options all_rows(void)
{
    return (nn_load_options){.kinds = kinds,
                             .n_kinds = COUNT(kinds),
                             .heads = heads,
                             .n_heads = COUNT(heads),
                             .optimisers = rules,
                             .n_optimisers = COUNT(rules),
                             .schedules = schedules,
                             .n_schedules = COUNT(schedules),
                             .allocator = &memory.allocator};
}

START_TEST(own_rows_go_on)
{
    const nn_classifier_options o = own_options();
    const nn_load_options load = all_rows();
    nn_classifier *unbroken = nn_classifier_open(&o), *first = nn_classifier_open(&o);
    fit(unbroken, &train, 10, 19);
    const state *as = &wanted;
    take_state(unbroken, &wanted);
    fit(first, &train, 10, 7);
    const char *path = path_in_folder("own");
    ck_assert_msg(nn_classifier_save(first, path, NULL) == AD_OK, "%s", nn_classifier_message(first));
    char options_seen[sizeof texts_seen];
    strcpy(options_seen, texts_seen);
    nn_classifier_close(first);
    nn_classifier *again = nn_classifier_load(path, &load);
    ck_assert_msg(nn_classifier_status(again) == AD_OK, "%s", nn_classifier_message(again));
    fit(again, &train, 10, 12);
    ck_assert_str_eq(options_seen, "2 4,2,0 0.3 1 a \"b\", c=d\\ \n 18446744073709551615 3 1");
    ck_assert_str_eq(texts_seen, options_seen);
    ck_assert_str_eq(nn_classifier_settings(again), nn_classifier_settings(unbroken));
    close_as(again, as, "loaded");
    nn_classifier_close(unbroken);
}
END_TEST

START_TEST(missing_rows_are_named)
{
    static const char *const wants[] = {
        "the model has the head \"weighed\", which this program does not know: give it in heads of nn_load_options",
        "the model has the optimiser \"my rule\", which this program does not know: give it in optimisers of "
        "nn_load_options",
        "the model has the schedule \"slope\", which this program does not know: give it in schedules of "
        "nn_load_options",
        "the model has layers of kind \"gate\", which this program does not know: give it in kinds of "
        "nn_load_options"};
    const nn_classifier_options o = own_options();
    nn_classifier *c = nn_classifier_open(&o);
    fit(c, &train, 10, 3);
    const char *path = path_in_folder("own");
    ck_assert_int_eq(nn_classifier_save(c, path, NULL), AD_OK);
    nn_classifier_close(c);
    for (int missing = 0; missing < 4; missing++) {
        nn_load_options load = all_rows();
        size_t *const counts[] = {&load.n_heads, &load.n_optimisers, &load.n_schedules, &load.n_kinds};
        *counts[missing] = 0;
        c = nn_classifier_load(path, &load);
        ck_assert_int_eq(nn_classifier_status(c), AD_BAD_VALUE);
        const char *message = nn_classifier_message(c);
        ck_assert_msg(!strncmp(message, path, strlen(path)) && !strncmp(message + strlen(path), ": ", 2), "%s",
                      message);
        ck_assert_str_eq(message + strlen(path) + 2, wants[missing]);
        ck_assert_int_eq(nn_classifier_fit(c, &train.data, NULL), AD_BAD_VALUE);
        ck_assert_int_eq(nn_classifier_clear_error(c), AD_BAD_VALUE);
        ck_assert_int_eq(nn_classifier_status(c), AD_BAD_VALUE);
        nn_classifier_close(c);
    }
}
END_TEST

/* The names of tensors: nothing is mistaken for something else. */
START_TEST(names_of_own_parts_are_clear)
{
    static const char *const names[] = {"gate.m%2Ea",
                                        "state.gate.seen",
                                        "gate.scale",
                                        "gate.to%2Etal",
                                        "gate.dense.weight",
                                        "optimizer.own%2Ev%25.gate.m%2Ea",
                                        "optimizer.weight.gate.scale",
                                        "optimizer.own_step.gate.m%2Ea",
                                        "optimizer.own_sum.logits.bias"};
    const nn_classifier_options o = own_options();
    nn_classifier *c = nn_classifier_open(&o);
    fit(c, &train, 10, 3);
    const char *path = path_in_folder("own");
    ck_assert_int_eq(nn_classifier_save(c, path, NULL), AD_OK);
    nn_model_info *info = nn_model_look(path, NULL);
    for (int i = 0; i < COUNT(names); i++) {
        size_t k = 0;
        while (k < info->n_tensors && strcmp(info->tensors[k].name, names[i]) != 0)
            k++;
        ck_assert_msg(k < info->n_tensors, "%s is not there", names[i]);
        if (i == 0)
            ck_assert(info->tensors[k].sizes[0] == 2 && info->tensors[k].sizes[1] == 5);
    }
    ck_assert_str_eq(info->own_head, "weighed");
    ck_assert_str_eq(info->own_optimiser, "my rule");
    ck_assert_str_eq(info->own_schedule, "slope");
    nn_model_info_close(info);
    nn_classifier_close(c);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, open_clouds, close_clouds);
    tcase_add_test(tests, own_rows_go_on);
    tcase_add_test(tests, missing_rows_are_named);
    tcase_add_test(tests, names_of_own_parts_are_clear);
}

int main(void) { return run_in_folder("model_own_rows", add_tests); }
