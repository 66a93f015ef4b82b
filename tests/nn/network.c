/* Opening a network: names, what is made, and all that is refused. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <gradtape/network.h>

#include "../support/one_tape.h"

/* The members of a shape, in a table. */
#define DIMS(...)                                                                                                      \
    {                                                                                                                  \
        .rank = sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), .dims = { __VA_ARGS__ }                            \
    }

#define OPEN(...) nn_network_open(t, &(nn_network_options){.type = AD_F64, __VA_ARGS__})

/* ---- Names ------------------------------------------------------------------------------------------------------- */

static const nn_layer inner[] = {NN_DENSE(.units = 4, .activation = AD_TANH), NN_DENSE(.units = 4)};
static const nn_layer doubled[] = {NN_RESIDUAL(inner), NN_DROPOUT(0.5)};
static const nn_layer named[] = {
    NN_DENSE(.units = 4),
    {.kind = &nn_dense, .name = "own", .options = &(const nn_dense_options){.units = 4}},
    NN_DENSE(.units = 4, .without_biases = true),
    {.kind = &nn_repeat, .name = "block", .options = &(const nn_repeat_options){NN_LAYERS(doubled), .times = 2}},
    NN_BATCH_NORM(.momentum = 0.5),
};

static const char *const layer_names[] = {
    "dense_0",
    "own",
    "dense_1",
    "block",
    "block/0/residual",
    "block/0/residual/dense_0",
    "block/0/residual/dense_1",
    "block/0/dropout",
    "block/1/residual",
    "block/1/residual/dense_0",
    "block/1/residual/dense_1",
    "block/1/dropout",
    "batch_norm",
};

static const struct {
    const char *name;
    nn_role role;
    ad_shape shape;
} part_names[] = {
    {"dense_0/weights", NN_WEIGHT, DIMS(3, 4)},
    {"dense_0/biases", NN_BIAS, DIMS(4)},
    {"own/weights", NN_WEIGHT, DIMS(4, 4)},
    {"own/biases", NN_BIAS, DIMS(4)},
    {"dense_1/weights", NN_WEIGHT, DIMS(4, 4)},
    {"block/0/residual/dense_0/weights", NN_WEIGHT, DIMS(4, 4)},
    {"block/0/residual/dense_0/biases", NN_BIAS, DIMS(4)},
    {"block/0/residual/dense_1/weights", NN_WEIGHT, DIMS(4, 4)},
    {"block/0/residual/dense_1/biases", NN_BIAS, DIMS(4)},
    {"block/1/residual/dense_0/weights", NN_WEIGHT, DIMS(4, 4)},
    {"block/1/residual/dense_0/biases", NN_BIAS, DIMS(4)},
    {"block/1/residual/dense_1/weights", NN_WEIGHT, DIMS(4, 4)},
    {"block/1/residual/dense_1/biases", NN_BIAS, DIMS(4)},
    {"batch_norm/gain", NN_GAIN, DIMS(4)},
    {"batch_norm/bias", NN_BIAS, DIMS(4)},
    {"batch_norm/running_mean", NN_STATE, DIMS(4)},
    {"batch_norm/running_variance", NN_STATE, DIMS(4)},
};

START_TEST(names_are_numbered_and_nest)
{
    nn_network *net = OPEN(.layers = NN_LAYERS(named), .input = AD_SHAPE(3), .name = _i ? "net" : NULL);
    expect_ok(t);
    ck_assert_uint_eq(nn_network_layer_count(net), COUNT(layer_names));
    ck_assert_uint_eq(nn_network_part_count(net), COUNT(part_names));
    ck_assert_uint_eq(ad_kept_count(t), COUNT(part_names));
    char name[120];
    for (size_t i = 0; i < COUNT(layer_names); i++) {
        snprintf(name, sizeof name, "%s%s", _i ? "net/" : "", layer_names[i]);
        ck_assert_str_eq(nn_network_layer_at(net, i).name, name);
    }
    for (size_t i = 0; i < COUNT(part_names); i++) {
        snprintf(name, sizeof name, "%s%s", _i ? "net/" : "", part_names[i].name);
        expect_leaf(nn_network_part(net, i), name, AD_F64, part_names[i].shape);
        ck_assert_int_eq(nn_network_role(net, i), part_names[i].role);
        ck_assert(ad_wants_gradient(nn_network_part(net, i)) == (part_names[i].role != NN_STATE));
        ck_assert(!nn_network_is_frozen(net, i));
    }
    nn_network_close(net);
    expect_ok(t);
}
END_TEST

START_TEST(what_can_be_seen_of_layers)
{
    nn_network *net = OPEN(.layers = NN_LAYERS(named), .input = AD_SHAPE(3));
    const nn_network_layer block = nn_network_layer_at(net, 3), last = nn_network_layer_at(net, 10);
    ck_assert_ptr_eq(block.kind, &nn_repeat);
    ck_assert_int_eq(block.depth, 0);
    ck_assert_uint_eq(block.n_parts, 0);
    ck_assert_uint_eq(block.first_part, 5);
    ck_assert_int_eq((int)((const nn_repeat_options *)block.options)->times, 2);
    ck_assert_ptr_eq(last.kind, &nn_dense);
    ck_assert_int_eq(last.depth, 2);
    ck_assert_uint_eq(last.first_part, 11);
    ck_assert_uint_eq(last.n_parts, 2);
    const nn_dense_options *o = last.options;
    ck_assert_int_eq(o->activation, AD_IDENTITY);
    ck_assert_int_eq(o->initialiser, NN_GLOROT_UNIFORM);
    const nn_network_layer first = nn_network_layer_at(net, 0);
    ck_assert_int_eq(first.input.rank, 1);
    ck_assert_int_eq((int)first.input.dims[0], 3);
    ck_assert_int_eq((int)first.output.dims[0], 4);
    ck_assert_int_eq(nn_network_output(net).rank, 1);
    ck_assert_int_eq((int)nn_network_output(net).dims[0], 4);
    ck_assert_ptr_null(nn_network_layer_at(net, COUNT(layer_names)).kind);
    ck_assert_int_eq(nn_network_role(net, COUNT(part_names)), NN_ROLE_COUNT);
    ck_assert(!nn_network_is_frozen(net, COUNT(part_names)));
    expect_ok(t);
    expect_inert(nn_network_part(net, 17), AD_BAD_VALUE, "network_part: there is no part 17: the network has 17");
    nn_network_close(net);
}
END_TEST

/* Nothing that the caller gave is read after opening, except the kinds. */
START_TEST(what_was_given_may_go)
{
    char name[] = "hidden", group[] = "slow";
    nn_dense_options units = {.units = 2};
    nn_layer list[] = {{.kind = &nn_dense, .name = name, .options = &units, .group = group}};
    nn_residual_options body = {NN_LAYERS(list)};
    nn_layer layers[] = {{.kind = &nn_residual, .options = &body}};
    nn_group groups[] = {{.name = group, .rate = 2}};
    nn_network_options o = {.layers = NN_LAYERS(layers), .input = AD_SHAPE(2), .groups = groups, .n_groups = 1};
    nn_network *net = nn_network_open(t, &o);
    memset(name, 'x', sizeof name - 1);
    memset(group, 'x', sizeof group - 1);
    memset(&units, 0, sizeof units);
    memset(list, 0, sizeof list);
    memset(&body, 0, sizeof body);
    memset(layers, 0, sizeof layers);
    memset(groups, 0, sizeof groups);
    memset(&o, 0, sizeof o);
    ck_assert_str_eq(nn_network_layer_at(net, 1).name, "residual/hidden");
    ad_backward(ad_sum(nn_run(net, nn_training(net, 0), some_input(t, AD_F32, AD_SHAPE(3, 2), 1))));
    ck_assert_int_eq(nn_step(net, nn_training(net, 0), NULL), AD_OK);
    nn_network_close(net);
    expect_ok(t);
}
END_TEST

/* Weights are drawn by their number among weights, whatever parts are between; other parts from streams of their own.
 */
static const nn_part drawn_parts[] = {
    {"bias", NN_BIAS, 2, {NN_INPUT_SIZE(-1), NN_FIXED_SIZE(2)}, .initialiser = NN_GLOROT_UNIFORM},
    {"weights", NN_WEIGHT, 2, {NN_INPUT_SIZE(-1), NN_FIXED_SIZE(2)}, .initialiser = NN_GLOROT_UNIFORM},
    {"state", NN_STATE, 2, {NN_INPUT_SIZE(-1), NN_FIXED_SIZE(2)}, .initialiser = NN_GLOROT_UNIFORM},
};
static ad_tensor give_x(nn_layer_call *call, ad_tensor x)
{
    (void)call;
    return x;
}
static const nn_layer_kind drawing = {.name = "drawing", .apply = give_x, .parts = drawn_parts, .n_parts = 3};

START_TEST(no_two_parts_have_the_same_numbers)
{
    const nn_layer layers[] = {{.kind = &drawing}, {.kind = &drawing}};
    nn_network *net = OPEN(.layers = NN_LAYERS(layers), .input = AD_SHAPE(3), .seed = 5);
    const ad_tensor like = ad_param(t, AD_F64, AD_SHAPE(3, 2), NULL, "like");
    for (uint64_t number = 0; number < 2; number++) {
        nn_initialise(like, NN_GLOROT_UNIFORM, 5, ad_stream(AD_STREAM_WEIGHTS, number));
        expect_same_bits(nn_network_part(net, 1 + 3 * number), like);
    }
    for (size_t i = 0; i < 6; i++)
        for (size_t j = 0; j < i; j++)
            ck_assert_mem_ne(ad_data(nn_network_part(net, i)), ad_data(nn_network_part(net, j)), 6 * sizeof(double));
    nn_network_close(net);
    expect_ok(t);
}
END_TEST

/* ---- What is refused --------------------------------------------------------------------------------------------- */

#define LETTERS_50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LETTERS_100 LETTERS_50 LETTERS_50
#define NAMED(kind_, name_, ...)                                                                                       \
    {                                                                                                                  \
        .kind = &nn_##kind_, .name = (name_), .options = &(const nn_##kind_##_options) { __VA_ARGS__ }                 \
    }

static const nn_layer one[] = {NN_DENSE(.units = 3)};
static const nn_layer without_kind[] = {NN_DENSE(.units = 3), {.name = "lost"}};
static const nn_layer options_of_none[] = {{.kind = &nn_flatten, .options = &(const nn_dropout_options){0.5}}};
static const nn_layer no_units[] = {NN_DENSE(.units = 3), NN_DROPOUT(0.5), NN_DENSE(.activation = AD_TANH)};
static const nn_layer all_dropped[] = {NN_DROPOUT(1)};
static const nn_layer no_activation[] = {NN_DENSE(.units = 1, .activation = (ad_activation)77)};
static const nn_layer narrow[] = {NN_DENSE(.units = 4), NN_DENSE(.units = 3)};
static const nn_layer differs[] = {NN_DENSE(.units = 4), NN_RESIDUAL(narrow)};
static const nn_layer empty_list[] = {{.kind = &nn_residual}};
static const nn_layer no_times[] = {NN_REPEAT(0, one)};
static const nn_layer empty_name[] = {NAMED(dense, "", .units = 3)};
static const nn_layer slash[] = {NAMED(dense, "a/b", .units = 3)};
static const nn_layer long_name[] = {NAMED(dense, LETTERS_100 "b", .units = 3)};
static const nn_layer twice[] = {NAMED(dense, "a", .units = 3), NAMED(dropout, "b", 0.5),
                                 NAMED(dense, "a", .units = 3)};
static const nn_layer own_number[] = {NN_DENSE(.units = 3), NAMED(dense, "dense_1", .units = 3), NN_DENSE(.units = 3)};
static const nn_layer long_inside[] = {NAMED(dense, LETTERS_100, .units = 4)};
static const nn_layer long_around[] = {NAMED(residual, LETTERS_100, NN_LAYERS(long_inside))};
static const nn_layer longest[] = {NAMED(repeat, LETTERS_50, NN_LAYERS(long_around), .times = 1)};
static const nn_layer huge[] = {NN_DENSE(.units = INT64_C(1) << 51), NN_DENSE(.units = INT64_C(1) << 51)};
static const nn_layer of_group[] = {NN_DENSE(.units = 3),
                                    {.kind = &nn_dropout, .group = "slow", .options = &(const nn_dropout_options){0}}};
static const nn_layer too_many[] = {NN_REPEAT(10000, one)};
static nn_residual_options itself;
static const nn_layer endless[] = {{.kind = &nn_residual, .options = &itself}};

#define BAD(status_, message_, ...)                                                                                    \
    {                                                                                                                  \
        .options = {.input = DIMS(4), .layers = __VA_ARGS__}, .status = (status_), .message = "network: " message_     \
    }

static const struct {
    nn_network_options options;
    ad_status status;
    const char *message;
} refused[] = {
    {{.input = DIMS(4)}, AD_BAD_VALUE, "network: the network has no layers: give at least one; so far: x [4]"},
    {{.layers = {NULL, 3}, .input = DIMS(2, 4)},
     AD_BAD_VALUE,
     "network: the network has no layers: give at least one; so far: x [2,4]"},
    BAD(AD_BAD_VALUE, "residual has no layers: give at least one; so far: x [4]", NN_LAYERS(empty_list)),
    BAD(AD_BAD_VALUE,
        "layer 1 of its list has no kind: use NN_DENSE or another, or a kind of your own; so far: x [4] -> dense [3]",
        NN_LAYERS(without_kind)),
    BAD(AD_BAD_VALUE, "flatten: the kind \"flatten\" has no options: leave them out; so far: x [4]",
        NN_LAYERS(options_of_none)),
    BAD(AD_BAD_VALUE,
        "dense_1: units is 0: it must be at least 1 and at most 4503599627370496; so far: x [4] -> dense_0 [3] -> dropout "
        "[3]",
        NN_LAYERS(no_units)),
    BAD(AD_BAD_VALUE, "dropout: rate is 1: it must be at least 0 and below 1; so far: x [4]", NN_LAYERS(all_dropped)),
    BAD(AD_BAD_VALUE,
        "dense: activation is 77: it must be one of relu, tanh, logistic, softplus, elu, identity; so far: x [4]",
        NN_LAYERS(no_activation)),
    BAD(AD_BAD_SHAPE,
        "residual: its list gives another shape than it takes, so that x + f(x) is not defined; so far: x [4] -> dense "
        "[4] -> residual/dense_0 [4] -> residual/dense_1 [3]",
        NN_LAYERS(differs)),
    BAD(AD_BAD_VALUE, "repeat: times is 0: it must be at least 1 and at most 10000; so far: x [4]",
        NN_LAYERS(no_times)),
    BAD(AD_BAD_VALUE, "the name \"\" of a layer must have 1 to 100 characters, and no '/'; so far: x [4]",
        NN_LAYERS(empty_name)),
    BAD(AD_BAD_VALUE, "the name \"a/b\" of a layer must have 1 to 100 characters, and no '/'; so far: x [4]",
        NN_LAYERS(slash)),
    BAD(AD_BAD_VALUE,
        "the name \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\" of a layer must have 1 to 100 characters, and no '/'; "
        "so far: x [4]",
        NN_LAYERS(long_name)),
    BAD(AD_BAD_VALUE, "two layers are called \"a\": give one of them another name; so far: x [4] -> a [3] -> b [3]",
        NN_LAYERS(twice)),
    BAD(AD_BAD_VALUE,
        "two layers are called \"net/dense_1\": give one of them another name; so far: x [4] -> net/dense_0 [3] -> "
        "net/dense_1 [3]",
        NN_LAYERS(own_number), .name = "net"),
    BAD(AD_BAD_VALUE,
        "the name \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...\" has 254 characters with the names around it: at most "
        "240; so far: x [4]",
        NN_LAYERS(longest)),
    BAD(AD_BAD_SHAPE,
        "dense_1: its weights would have the shape [2251799813685248,2251799813685248] for the input "
        "[2251799813685248]; so far: x [4] -> dense_0 [2251799813685248]",
        NN_LAYERS(huge)),
    {{.layers = NN_LAYERS(of_group), .input = DIMS(4)},
     AD_BAD_VALUE,
     "network: dropout names the group \"slow\", which the network does not have: add it to options.groups"},
    BAD(AD_BAD_VALUE, "dropout names the group \"slow\", which the network does not have: add it to options.groups",
        NN_LAYERS(of_group), .groups = (const nn_group[]){{.name = "fast"}}, .n_groups = 1),
    BAD(AD_BAD_VALUE, "its 2 groups are NULL: give an array of them", NN_LAYERS(one), .n_groups = 2),
    BAD(AD_BAD_VALUE,
        "group 1 has the rate factor -1 and the decay factor 0: both must be 0 (for the default) or more, a decay "
        "may be NN_NO_DECAY",
        NN_LAYERS(one), .groups = (const nn_group[]){{.name = "fast"}, {.name = "slow", .rate = -1}}, .n_groups = 2),
    BAD(AD_BAD_VALUE,
        "group 0 has the rate factor inf and the decay factor 0: both must be 0 (for the default) or more, a decay "
        "may be NN_NO_DECAY",
        NN_LAYERS(one), .groups = (const nn_group[]){{.name = "fast", .rate = (double)INFINITY}}, .n_groups = 1),
    BAD(AD_BAD_VALUE,
        "group 0 has the rate factor 0 and the decay factor -0.5: both must be 0 (for the default) or more, a decay "
        "may be NN_NO_DECAY",
        NN_LAYERS(one), .groups = (const nn_group[]){{.name = "fast", .decay = -0.5}}, .n_groups = 1),
    BAD(AD_BAD_VALUE, "group 0 has neither a name nor a pattern: no parameter can belong to it", NN_LAYERS(one),
        .groups = (const nn_group[]){{.rate = 1}}, .n_groups = 1),
    BAD(AD_BAD_VALUE,
        "lists nest more than 16 deep at "
        "residual/residual/residual/residual/residual/residual/residu...: does a list hold itself?; so far: x [4]",
        NN_LAYERS(endless)),
    BAD(AD_BAD_VALUE,
        "there are more than 10000 layers, copies counted; so far: ... -> repeat/9995/dense [3] -> repeat/9996/dense "
        "[3] -> repeat/9997/dense [3] -> repeat/9998/dense [3]",
        NN_LAYERS(too_many)),
    BAD(AD_BAD_TYPE, "its type must be AD_F32 or AD_F64; so far: x [4]", NN_LAYERS(one), .type = AD_I32),
    BAD(AD_BAD_TYPE, "its type must be AD_F32 or AD_F64; so far: x [4]", NN_LAYERS(one), .type = (ad_type)77),
    {{.layers = NN_LAYERS(one)},
     AD_BAD_SHAPE,
     "network: its input has the rank 0: give the shape of one example, of rank 1 to 7; so far: x []"},
    {{.layers = NN_LAYERS(one), .input = DIMS(1, 1, 1, 1, 1, 1, 1, 2)},
     AD_BAD_SHAPE,
     "network: its input has the rank 8: give the shape of one example, of rank 1 to 7; so far: x [1,1,1,1,1,1,1,2]"},
    {{.layers = NN_LAYERS(one), .input = {.rank = -1}},
     AD_BAD_SHAPE,
     "network: its input has the rank -1: give the shape of one example, of rank 1 to 7; so far: x []"},
    {{.layers = NN_LAYERS(one), .input = DIMS(3, 0)},
     AD_BAD_SHAPE,
     "network: its input is [3,0]: sizes must be at least 1; so far: x [3,0]"},
    {{.layers = NN_LAYERS(one), .input = DIMS(-2)},
     AD_BAD_SHAPE,
     "network: its input is [-2]: sizes must be at least 1; so far: x [-2]"},
    BAD(AD_BAD_VALUE, "its name must have 1 to 100 characters; so far: x [4]", NN_LAYERS(one), .name = ""),
    BAD(AD_BAD_VALUE, "its name must have 1 to 100 characters; so far: x [4]", NN_LAYERS(one), .name = LETTERS_100 "b"),
};

/* Nothing is on the tape, the network is safe to use, and the next one opens. */
static void expect_nothing_made(nn_network *net)
{
    ck_assert_ptr_nonnull(net);
    ck_assert_uint_eq(ad_kept_count(t), 0);
    ck_assert_uint_eq(ad_entry_count(t), 0);
    ck_assert_uint_eq(nn_network_layer_count(net), 0);
    ck_assert_uint_eq(nn_network_part_count(net), 0);
    ck_assert_int_eq(nn_network_output(net).rank, 0);
    const ad_tensor x = some_input(t, AD_F32, AD_SHAPE(2, 4), 1);
    expect_inert(nn_run(net, nn_inference(net), x), AD_BAD_HANDLE, "run: the network has no layers: opening it failed");
    ck_assert_int_eq(nn_step(net, nn_training(net, 0), NULL), AD_BAD_HANDLE);
    expect_error(t, AD_BAD_HANDLE, "step: the network has no layers: opening it failed");
    nn_network *good = nn_network_open(t, &(nn_network_options){.layers = NN_LAYERS(one), .input = AD_SHAPE(4)});
    expect_ok(t);
    nn_network_close(good);
    nn_network_close(net);
}

START_TEST(bad_networks_are_refused)
{
    itself.layers = (nn_layers)NN_LAYERS(endless);
    nn_network *net = nn_network_open(t, &refused[_i].options);
    expect_error(t, refused[_i].status, refused[_i].message);
    expect_nothing_made(net);
}
END_TEST

/* Exactly as many layers as there may be, and as deep as lists may nest. */
START_TEST(the_largest_networks)
{
    const nn_layer plain[] = {NN_DROPOUT(0)};
    const nn_layer most[] = {NN_REPEAT(9998, plain), NN_DROPOUT(0)};
    nn_network *net = OPEN(.layers = NN_LAYERS(most), .input = AD_SHAPE(1));
    expect_ok(t);
    ck_assert_uint_eq(nn_network_layer_count(net), 10000);
    EXPECT(nn_run(net, nn_inference(net), MATRIX(1, 1, 2)), 2);
    nn_network_close(net);
    static nn_residual_options nested[NN_MAX_DEPTH + 1];
    static nn_layer lists[NN_MAX_DEPTH + 1];
    lists[0] = (nn_layer)NN_FLATTEN();
    for (int i = 1; i <= NN_MAX_DEPTH; i++) {
        nested[i].layers = (nn_layers){&lists[i - 1], 1};
        lists[i] = (nn_layer){.kind = &nn_residual, .name = "r", .options = &nested[i]};
    }
    net = OPEN(.layers = {&lists[NN_MAX_DEPTH - 1], 1}, .input = AD_SHAPE(1));
    EXPECT(nn_run(net, nn_inference(net), MATRIX(1, 1, 2)), 32);
    ck_assert_int_eq(nn_network_layer_at(net, 15).depth, 15);
    nn_network_close(net);
    net = OPEN(.layers = {&lists[NN_MAX_DEPTH], 1}, .input = AD_SHAPE(1), .name = "deeper");
    expect_error_with(t, AD_BAD_VALUE, "lists nest more than 16 deep at deeper/r/r/r/r/r/r/r/r/r/r/r/r/r/r/r/r");
    nn_network_close(net);
    expect_ok(t);
}
END_TEST

START_TEST(names_on_the_tape_are_not_given_twice)
{
    PARAM(1, "dense/biases");
    nn_network *net = OPEN(.layers = NN_LAYERS(one), .input = AD_SHAPE(4));
    expect_error(t, AD_BAD_VALUE,
                 "network: the tape has a tensor called \"dense/biases\" already: give the network a name "
                 "(options.name)");
    ck_assert_uint_eq(ad_kept_count(t), 1);
    nn_network *a = OPEN(.layers = NN_LAYERS(one), .input = AD_SHAPE(4), .name = "a");
    nn_network *b = OPEN(.layers = NN_LAYERS(one), .input = AD_SHAPE(4), .name = "b");
    nn_network *c = OPEN(.layers = NN_LAYERS(one), .input = AD_SHAPE(4), .name = "a");
    ck_assert_uint_eq(nn_network_part_count(b), 2);
    expect_error(t, AD_BAD_VALUE,
                 "network: the tape has a tensor called \"a/dense/weights\" already: give the network a name "
                 "(options.name)");
    ck_assert_uint_eq(ad_kept_count(t), 5);
    nn_network_close(net);
    nn_network_close(a);
    nn_network_close(b);
    nn_network_close(c);
}
END_TEST

START_TEST(null_and_a_tape_in_error)
{
    ck_assert_ptr_null(nn_network_open(NULL, NULL));
    nn_network_close(NULL);
    ck_assert_uint_eq(nn_network_part_count(NULL), 0);
    ck_assert(ad_is_inert(nn_network_part(NULL, 0)));
    ck_assert_int_eq(nn_network_role(NULL, 0), NN_ROLE_COUNT);
    ck_assert(!nn_network_is_frozen(NULL, 0));
    ck_assert_int_eq(nn_network_output(NULL).rank, 0);
    ck_assert_uint_eq(nn_network_layer_count(NULL), 0);
    ck_assert_ptr_null(nn_network_layer_at(NULL, 0).kind);
    ck_assert_int_eq(nn_step(NULL, nn_training(NULL, 0), NULL), AD_BAD_HANDLE);
    ck_assert(ad_is_inert(nn_run(NULL, nn_inference(NULL), (ad_tensor){0})));
    expect_inert(nn_run(NULL, nn_inference(NULL), MATRIX(1, 1, 2)), AD_BAD_HANDLE,
                 "run: the network is NULL: nn_network_open found no memory");
    nn_network *net = nn_network_open(t, NULL);
    expect_error(t, AD_BAD_SHAPE,
                 "network: its input has the rank 0: give the shape of one example, of rank 1 to 7; so far: x []");
    nn_network_close(net);
    ad_fail(t, AD_STOPPED, "before");
    net = OPEN(.layers = NN_LAYERS(one), .input = AD_SHAPE(4));
    expect_error(t, AD_STOPPED, "before");
    ad_reset(t);
    expect_nothing_made(net);
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, names_are_numbered_and_nest, 0, 2);
    tcase_add_test(tests, what_can_be_seen_of_layers);
    tcase_add_test(tests, what_was_given_may_go);
    tcase_add_test(tests, no_two_parts_have_the_same_numbers);
    tcase_add_loop_test(tests, bad_networks_are_refused, 0, COUNT(refused));
    tcase_add_test(tests, the_largest_networks);
    tcase_add_test(tests, names_on_the_tape_are_not_given_twice);
    tcase_add_test(tests, null_and_a_tape_in_error);
}

int main(void) { return run_on_one_tape("network", add_tests); }
