/* Kinds of a user's own: which are refused, and what they do wrong when they are run. */
#include <stdio.h>
#include <string.h>

#include <gradtape/network.h>

#include "../support/one_tape.h"

#define LETTERS_50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LETTERS_100 LETTERS_50 LETTERS_50

static ad_tensor give_x(nn_layer_call *call, ad_tensor x)
{
    (void)call;
    return x;
}

static nn_network *open_one(const nn_layer_kind *kind)
{
    const nn_layer layers[] = {{.kind = kind}};
    return nn_network_open(
        t, &(nn_network_options){.layers = NN_LAYERS(layers), .input = AD_SHAPE(4), .type = AD_F64, .seed = 3});
}

/* ---- Kinds that are refused -------------------------------------------------------------------------------------- */

typedef struct own_options {
    int64_t first, units;
    nn_layers list, other;
    nn_initialiser initialiser;
    bool without;
} own_options;

static const char *choice_of(int number) { return number == 0 ? "a" : NULL; }

static void shape_fails(nn_layer_call *call, ad_shape *y)
{
    (void)y;
    nn_layer_fail(call, AD_BAD_SHAPE, "it takes %d axes", nn_layer_input(call).rank + 1);
}
static void shape_fails_silently(nn_layer_call *call, ad_shape *y)
{
    (void)y;
    nn_layer_fail(call, AD_BAD_VALUE, NULL);
}
static void shape_is_wide(nn_layer_call *call, ad_shape *y)
{
    (void)call;
    *y = AD_SHAPE(1, 1, 1, 1, 1, 1, 1, 1);
}
static void shape_is_empty(nn_layer_call *call, ad_shape *y)
{
    (void)call;
    *y = AD_SHAPE(3, 0);
}
static void shape_asks(nn_layer_call *call, ad_shape *y)
{
    (void)y;
    nn_layer_part(call, 0);
}
static void shape_runs(nn_layer_call *call, ad_shape *y)
{
    (void)y;
    nn_layer_run_list(call, (ad_tensor){0});
}

#define FIELD(...) .fields = NN_FIELDS(((const nn_field[]){__VA_ARGS__})), .options_bytes = sizeof(own_options)
#define PART(...) .parts = (const nn_part[]){__VA_ARGS__}, .n_parts = 1
#define NEEDS_FIELDS                                                                                                   \
    "the kind \"own\" needs for each field a name, a type and a place among its options, for a choice its names, and " \
    "at most one list; so far: x [4]"
#define NEEDS_PARTS                                                                                                    \
    "the kind \"own\" needs for each part a name of its own of 1 to 60 characters without '/', the same of its "       \
    "file_name, a role, a rank of 0 to 8, 2 where it is transposed, and offsets that are those of options; so far: "   \
    "x [4]"
#define OWN .name = "own", .apply = give_x

static const nn_part two_parts[] = {{.name = "a"}, {.name = "b"}};
static const nn_size copies_of_nothing = NN_OPTION_SIZE(own_options, units);

static const struct {
    nn_layer_kind kind;
    ad_status status;
    const char *message;
} bad_kinds[] = {
    {{.apply = give_x},
     AD_BAD_VALUE,
     "the kind \"(without a name)\" needs a name of 1 to 100 characters without '/'; so far: x [4]"},
    {{.name = "", .apply = give_x},
     AD_BAD_VALUE,
     "the kind \"(without a name)\" needs a name of 1 to 100 characters without '/'; so far: x [4]"},
    {{.name = "a/b", .apply = give_x},
     AD_BAD_VALUE,
     "the kind \"a/b\" needs a name of 1 to 100 characters without '/'; so far: x [4]"},
    {{.name = LETTERS_100 "b", .apply = give_x},
     AD_BAD_VALUE,
     "the kind \"" LETTERS_100 "\" needs a name of 1 to 100 characters without '/'; so far: x [4]"},
    {{.name = "own"}, AD_BAD_VALUE, "the kind \"own\" needs the function apply; so far: x [4]"},
    {{OWN, .n_parts = 1},
     AD_BAD_VALUE,
     "the kind \"own\" needs an array of at most 8 parts, with n_parts; so far: x [4]"},
    {{OWN, .parts = two_parts, .n_parts = 9},
     AD_BAD_VALUE,
     "the kind \"own\" needs an array of at most 8 parts, with n_parts; so far: x [4]"},
    {{OWN, .fields = {NULL, 1}}, AD_BAD_VALUE, "the kind \"own\" needs options_bytes beside its fields; so far: x [4]"},
    {{OWN, FIELD({.type = NN_FIELD_REAL})}, AD_BAD_VALUE, NEEDS_FIELDS},
    {{OWN, FIELD({.name = "a", .type = (nn_field_type)77, .offset = 0})}, AD_BAD_VALUE, NEEDS_FIELDS},
    {{OWN, FIELD({.name = "a", .type = NN_FIELD_REAL, .offset = sizeof(own_options)})}, AD_BAD_VALUE, NEEDS_FIELDS},
    {{OWN, FIELD({.name = "a", .type = NN_FIELD_REAL, .offset = SIZE_MAX - 2})}, AD_BAD_VALUE, NEEDS_FIELDS},
    {{OWN, FIELD({.name = "a", .type = NN_FIELD_CHOICE, .offset = 0})}, AD_BAD_VALUE, NEEDS_FIELDS},
    {{OWN, FIELD({.name = "a", .type = NN_FIELD_INTEGERS, .offset = 0, .count = 100})}, AD_BAD_VALUE, NEEDS_FIELDS},
    {{OWN, FIELD({.name = "a", .type = NN_FIELD_INTEGERS, .offset = 0})}, AD_BAD_VALUE, NEEDS_FIELDS},
    {{OWN,
      .fields = NN_FIELDS(
          ((const nn_field[]){{.name = "a", .type = NN_FIELD_LAYERS, .offset = offsetof(own_options, list)},
                              {.name = "b", .type = NN_FIELD_LAYERS, .offset = offsetof(own_options, other)}})),
      .options_bytes = sizeof(own_options)},
     AD_BAD_VALUE,
     NEEDS_FIELDS},
    {{OWN, PART({.rank = 0})}, AD_BAD_VALUE, NEEDS_PARTS},
    {{OWN, PART({.name = ""})}, AD_BAD_VALUE, NEEDS_PARTS},
    {{OWN, PART({.name = "a/b"})}, AD_BAD_VALUE, NEEDS_PARTS},
    {{OWN, PART({.name = LETTERS_50 "bbbbbbbbbbb"})}, AD_BAD_VALUE, NEEDS_PARTS},
    {{OWN, PART({.name = "a", .rank = -1})}, AD_BAD_VALUE, NEEDS_PARTS},
    {{OWN, PART({.name = "a", .rank = 9})}, AD_BAD_VALUE, NEEDS_PARTS},
    {{OWN, PART({.name = "a", .role = NN_ROLE_COUNT})}, AD_BAD_VALUE, NEEDS_PARTS},
    {{OWN, PART({.name = "a", .chosen_by = 8})}, AD_BAD_VALUE, NEEDS_PARTS},
    {{OWN, PART({.name = "a", .left_out_by = 8})}, AD_BAD_VALUE, NEEDS_PARTS},
    {{OWN, PART({.name = "a", .rank = 1, .sizes = {NN_OPTION_SIZE(own_options, units)}})}, AD_BAD_VALUE, NEEDS_PARTS},
    {{OWN, .parts = (const nn_part[]){{.name = "a"}, {.name = "b"}, {.name = "a"}}, .n_parts = 3},
     AD_BAD_VALUE,
     NEEDS_PARTS},
    {{OWN, .copies = &copies_of_nothing},
     AD_BAD_VALUE,
     "the kind \"own\" needs copies that are a number or an option; so far: x [4]"},
    {{OWN, FIELD({.name = "a", .type = NN_FIELD_LAYERS, .offset = offsetof(own_options, list)}),
      .copies = &copies_of_nothing},
     AD_BAD_VALUE,
     "own: 0 copies of its list: there are 1 to 10000; so far: x [4]"},
    {{OWN,
      FIELD(
          {.name = "kind", .type = NN_FIELD_CHOICE, .offset = offsetof(own_options, initialiser), .choice = choice_of}),
      .parts = (const nn_part[]){{.name = "a", .rank = 1, .sizes = {NN_OPTION_SIZE(own_options, units)}}},
      .n_parts = 1},
     AD_BAD_SHAPE,
     "own: its a would have the shape [0] for the input [4]; so far: x [4]"},
    {{OWN, PART({.name = "a", .rank = 1, .sizes = {NN_INPUT_SIZE(1)}})},
     AD_BAD_SHAPE,
     "own: its a would have the shape [0] for the input [4]; so far: x [4]"},
    {{OWN, PART({.name = "a", .rank = 1, .sizes = {NN_INPUT_SIZE(-2)}})},
     AD_BAD_SHAPE,
     "own: its a would have the shape [0] for the input [4]; so far: x [4]"},
    {{OWN, PART({.name = "a", .rank = 1, .sizes = {NN_FIXED_SIZE(-3)}})},
     AD_BAD_SHAPE,
     "own: its a would have the shape [0] for the input [4]; so far: x [4]"},
    {{OWN, PART({.name = "a", .rank = 1, .sizes = {NN_INPUT_SIZE(0)}, .initialiser = NN_ORTHOGONAL})},
     AD_BAD_SHAPE,
     "own: its a of rank 1 cannot be orthogonal: that needs rows and columns; so far: x [4]"},
    {{OWN, PART({.name = "a", .rank = 1, .sizes = {NN_INPUT_SIZE(0)}, .initialiser = (nn_initialiser)77})},
     AD_BAD_VALUE,
     "own: the initialiser 77 of its a is none: use NN_GLOROT_UNIFORM or another; so far: x [4]"},
    {{OWN, .shape = shape_fails}, AD_BAD_SHAPE, "own: it takes 2 axes; so far: x [4]"},
    {{OWN, .shape = shape_fails_silently},
     AD_BAD_VALUE,
     "own: it failed, and no message was given (NULL); so far: x [4]"},
    {{OWN, .shape = shape_is_wide},
     AD_BAD_SHAPE,
     "own: it would give [1,1,1,1,1,1,1,1] of rank 8 for each example: the rank is 0 to 7, sizes are at least 1; so "
     "far: x [4]"},
    {{OWN, .shape = shape_is_empty},
     AD_BAD_SHAPE,
     "own: it would give [3,0] of rank 2 for each example: the rank is 0 to 7, sizes are at least 1; so far: x [4]"},
    {{OWN, .shape = shape_asks, PART({.name = "a", .rank = 1, .sizes = {NN_INPUT_SIZE(0)}})},
     AD_BAD_VALUE,
     "own: its kind asks for part 0, which it has not while it is planned; so far: x [4]"},
    {{OWN, .shape = shape_runs}, AD_BAD_STATE, "own: its kind runs a list while it is planned; so far: x [4]"},
};

START_TEST(bad_kinds_are_refused)
{
    nn_network *net = open_one(&bad_kinds[_i].kind);
    char message[400];
    snprintf(message, sizeof message, "network: %s", bad_kinds[_i].message);
    expect_error(t, bad_kinds[_i].status, message);
    ck_assert_uint_eq(ad_kept_count(t), 0);
    ck_assert_uint_eq(ad_entry_count(t), 0);
    ck_assert_uint_eq(nn_network_layer_count(net), 0);
    nn_network_close(net);
}
END_TEST

/* ---- What a kind does wrong when it is run ----------------------------------------------------------------------- */

static const nn_part own_parts[] = {
    {.name = "w", .role = NN_WEIGHT, .rank = 1, .sizes = {NN_INPUT_SIZE(0)}, .initialiser = NN_ONES},
    {.name = "m", .role = NN_STATE, .rank = 1, .sizes = {NN_INPUT_SIZE(0)}, .initialiser = NN_ONES},
};
static ad_tape *other_tape;

static ad_tensor gives_wide(nn_layer_call *call, ad_tensor x)
{
    (void)call;
    return ad_reshape(x, AD_SHAPE(2, 2, 2));
}
static ad_tensor gives_sum(nn_layer_call *call, ad_tensor x)
{
    (void)call;
    return ad_sum(x);
}
static ad_tensor gives_f32(nn_layer_call *call, ad_tensor x)
{
    (void)call;
    return ad_cast(x, AD_F32);
}
static ad_tensor gives_nothing(nn_layer_call *call, ad_tensor x)
{
    (void)call;
    return (ad_tensor){.tape = x.tape};
}
static ad_tensor gives_another(nn_layer_call *call, ad_tensor x)
{
    (void)call;
    (void)x;
    return some_input(other_tape, AD_F64, AD_SHAPE(2, 4), 1);
}
static ad_tensor fails(nn_layer_call *call, ad_tensor x)
{
    nn_layer_fail(call, AD_STOPPED, "it has had enough of %s", "this");
    return x;
}
static ad_tensor asks_for_more(nn_layer_call *call, ad_tensor x) { return ad_mul(x, nn_layer_part(call, 2)); }
static ad_tensor asks_for_less(nn_layer_call *call, ad_tensor x) { return ad_mul(x, nn_layer_part(call, -1)); }
static ad_tensor proposes_weights(nn_layer_call *call, ad_tensor x)
{
    nn_layer_propose(call, 0, ad_sum(x));
    return x;
}
static ad_tensor proposes_nothing(nn_layer_call *call, ad_tensor x)
{
    nn_layer_propose(call, 2, ad_sum(x));
    return x;
}
static ad_tensor runs_no_list(nn_layer_call *call, ad_tensor x) { return nn_layer_run_list(call, x); }

static const struct {
    ad_tensor (*apply)(nn_layer_call *call, ad_tensor x);
    ad_status status;
    const char *message;
} wrong[] = {
    {gives_wide, AD_BAD_SHAPE, "its kind gave [2,2,2] for 2 examples, where its shape rule says [4] for each"},
    {gives_sum, AD_BAD_SHAPE, "its kind gave [] for 2 examples, where its shape rule says [4] for each"},
    {gives_f32, AD_BAD_TYPE, "its kind gave f32, where the network is f64"},
    {gives_nothing, AD_BAD_HANDLE, "its kind gave no tensor of the tape of x"},
    {gives_another, AD_BAD_HANDLE, "its kind gave no tensor of the tape of x"},
    {fails, AD_STOPPED, "it has had enough of this"},
    {asks_for_more, AD_BAD_VALUE, "its kind asks for part 2, which it has not while it is run"},
    {asks_for_less, AD_BAD_VALUE, "its kind asks for part -1, which it has not while it is run"},
    {proposes_weights, AD_BAD_VALUE, "its kind proposes a value for part 0, which is no state"},
    {proposes_nothing, AD_BAD_VALUE, "its kind asks for part 2, which it has not while it is run"},
    {runs_no_list, AD_BAD_STATE, "its kind runs a list that is not among its options"},
};

START_TEST(kinds_that_run_wrong)
{
    const nn_layer_kind kind = {.name = "own", .apply = wrong[_i].apply, .parts = own_parts, .n_parts = 2};
    other_tape = ad_tape_open(NULL);
    nn_network *net = open_one(&kind);
    char message[200];
    snprintf(message, sizeof message, "run: own: %s", wrong[_i].message);
    expect_inert(nn_run(net, nn_training(net, 0), some_input(t, AD_F64, AD_SHAPE(2, 4), 1)), wrong[_i].status, message);
    ad_reset(t);
    ck_assert_uint_eq(ad_scope_count(t), 0);
    EXPECT(nn_network_part(net, 1), 1, 1, 1, 1);
    nn_network_close(net);
    ad_tape_close(other_tape);
}
END_TEST

/* ---- A kind that is right ---------------------------------------------------------------------------------------- */

static const nn_part optional_parts[] = {
    {.name = "none",
     .role = NN_WEIGHT,
     .rank = 1,
     .sizes = {NN_INPUT_SIZE(3)},
     .left_out_by = offsetof(own_options, without)},
    {.name = "w",
     .role = NN_WEIGHT,
     .rank = 2,
     .sizes = {NN_INPUT_SIZE(0), NN_OPTION_SIZE(own_options, units)},
     .initialiser = NN_ONES,
     .chosen_by = offsetof(own_options, initialiser)},
    {.name = "m", .role = NN_STATE, .rank = 0},
};
static const nn_field own_fields[] = {
    {.name = "units", .type = NN_FIELD_INTEGER, .offset = offsetof(own_options, units), .standard = 2},
    {.name = "without", .type = NN_FIELD_SWITCH, .offset = offsetof(own_options, without)},
    {.name = "initialiser",
     .type = NN_FIELD_CHOICE,
     .offset = offsetof(own_options, initialiser),
     .choice = nn_initialiser_name},
};

static void optional_shape(nn_layer_call *call, ad_shape *y)
{
    const own_options *o = nn_layer_options(call);
    *y = AD_SHAPE(o->units);
}

static ad_tensor optional_apply(nn_layer_call *call, ad_tensor x)
{
    ck_assert(ad_is_inert(nn_layer_part(call, 0)));
    const ad_tensor m = nn_layer_trains(call) ? nn_layer_proposed(call, 2) : nn_layer_part(call, 2);
    if (nn_layer_trains(call))
        nn_layer_propose(call, 2, ad_add(m, ad_max(x)));
    return ad_add(ad_matmul(x, nn_layer_part(call, 1)), m);
}

static const nn_layer_kind optional = {.name = "optional",
                                       .fields = NN_FIELDS(own_fields),
                                       .options_bytes = sizeof(own_options),
                                       .parts = optional_parts,
                                       .n_parts = 3,
                                       .shape = optional_shape,
                                       .apply = optional_apply};

START_TEST(a_kind_of_ones_own)
{
    const nn_layer layers[] = {{.kind = &optional, .options = &(own_options){.without = true}},
                               {.kind = &optional, .options = &(own_options){.units = 1, .without = true}}};
    nn_network *net =
        nn_network_open(t, &(nn_network_options){.layers = NN_LAYERS(layers), .input = AD_SHAPE(2), .type = AD_F64});
    expect_ok(t);
    ck_assert_uint_eq(nn_network_part_count(net), 4);
    expect_leaf(nn_network_part(net, 0), "optional_0/w", AD_F64, AD_SHAPE(2, 2));
    expect_leaf(nn_network_part(net, 3), "optional_1/m", AD_F64, AD_SCALAR);
    ad_backward(ad_sum(nn_run(net, nn_training(net, 0), MATRIX(1, 2, 1, 5))));
    ck_assert_int_eq(
        nn_step(net, nn_training(net, 0), &(nn_optimiser_options){.rule = &nn_gradient_descent, .rate = 1}), AD_OK);
    EXPECT(nn_network_part(net, 0), 0, 0, -4, -4);
    EXPECT(nn_network_part(net, 1), 5);
    EXPECT(nn_network_part(net, 2), -5, -5);
    EXPECT(nn_network_part(net, 3), 6);
    ad_reset(t);
    EXPECT(nn_run(net, nn_inference(net), MATRIX(1, 2, 1, 1)), -4);
    nn_network_close(net);
    expect_ok(t);
}
END_TEST

/* Options with a text, which is copied. */
typedef struct text_options {
    const char *text, *none;
} text_options;

static const nn_field text_fields[] = {
    {.name = "text", .type = NN_FIELD_TEXT, .offset = offsetof(text_options, text)},
    {.name = "none", .type = NN_FIELD_TEXT, .offset = offsetof(text_options, none)},
};

static ad_tensor read_text(nn_layer_call *call, ad_tensor x)
{
    const text_options *o = nn_layer_options(call);
    ck_assert_ptr_null(o->none);
    nn_layer_fail(call, AD_STOPPED, "its text is %s", o->text);
    return x;
}

START_TEST(texts_are_copied)
{
    const nn_layer_kind kind = {
        .name = "own", .fields = NN_FIELDS(text_fields), .options_bytes = sizeof(text_options), .apply = read_text};
    char text[] = "right";
    const nn_layer one[] = {{.kind = &kind, .options = &(text_options){.text = text}}};
    nn_network *net =
        nn_network_open(t, &(nn_network_options){.layers = NN_LAYERS(one), .input = AD_SHAPE(2), .type = AD_F64});
    strcpy(text, "wrong");
    expect_inert(nn_run(net, nn_inference(net), MATRIX(1, 2, 1, 5)), AD_STOPPED, "run: own: its text is right");
    nn_network_close(net);
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, bad_kinds_are_refused, 0, COUNT(bad_kinds));
    tcase_add_loop_test(tests, kinds_that_run_wrong, 0, COUNT(wrong));
    tcase_add_test(tests, a_kind_of_ones_own);
    tcase_add_test(tests, texts_are_copied);
}

int main(void) { return run_on_one_tape("network_kinds", add_tests); }
