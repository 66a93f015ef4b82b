/* Kinds of a program's own that are wrong: each gets its message, and nothing crashes. */
#include <stdio.h>

#include "../support/one_layer.h"

/* ---- Kinds that run wrong ---------------------------------------------------------------------------------------- */

static ad_tape *other_tape;

static ad_tensor give_sum(nn_layer_call *c, ad_tensor x) { return (void)c, ad_sum(x); }
static ad_tensor give_rows(nn_layer_call *c, ad_tensor x) { return (void)c, ad_concat((ad_tensor[]){x, x}, 2, 0); }
static ad_tensor give_columns(nn_layer_call *c, ad_tensor x) { return (void)c, ad_concat((ad_tensor[]){x, x}, 2, 1); }
static ad_tensor give_f32(nn_layer_call *c, ad_tensor x) { return (void)c, ad_cast(x, AD_F32); }
static ad_tensor give_nothing(nn_layer_call *c, ad_tensor x) { return (void)c, (void)x, (ad_tensor){0}; }
static ad_tensor give_inert(nn_layer_call *c, ad_tensor x) { return (void)c, (ad_tensor){.tape = x.tape}; }
static ad_tensor give_stale(nn_layer_call *c, ad_tensor x)
{
    (void)c;
    x.generation += 17;
    return x;
}
static ad_tensor give_other_tape(nn_layer_call *c, ad_tensor x)
{
    (void)c;
    return ad_input(other_tape, AD_F64, ad_shape_of(x), NULL);
}
static ad_tensor ask_part_7(nn_layer_call *c, ad_tensor x) { return ad_mul(x, nn_layer_part(c, 7)); }
static ad_tensor ask_part_minus_1(nn_layer_call *c, ad_tensor x) { return ad_mul(x, nn_layer_part(c, -1)); }
static ad_tensor propose_gain(nn_layer_call *c, ad_tensor x) { return nn_layer_propose(c, 0, nn_layer_part(c, 0)), x; }
static ad_tensor ask_proposed_gain(nn_layer_call *c, ad_tensor x) { return ad_mul(x, nn_layer_proposed(c, 0)); }
static ad_tensor propose_part_5(nn_layer_call *c, ad_tensor x) { return nn_layer_propose(c, 5, x), x; }
static ad_tensor propose_shape(nn_layer_call *c, ad_tensor x) { return nn_layer_propose(c, 1, x), x; }
static ad_tensor propose_inert(nn_layer_call *c, ad_tensor x)
{
    return nn_layer_propose(c, 1, (ad_tensor){.tape = x.tape}), x;
}
static ad_tensor run_no_list(nn_layer_call *c, ad_tensor x) { return nn_layer_run_list(c, x); }
static ad_tensor mask_rate_2(nn_layer_call *c, ad_tensor x) { return ad_mul(x, nn_layer_mask(c, x, 2)); }
static ad_tensor fail_itself(nn_layer_call *c, ad_tensor x)
{
    nn_layer_fail(c, AD_BAD_STATE, "it is %s today", "out of order");
    return x;
}
static ad_tensor fail_long(nn_layer_call *c, ad_tensor x)
{
    static char text[5000];
    memset(text, 'm', sizeof text - 1);
    nn_layer_fail(c, AD_BAD_STATE, "%s", text);
    return x;
}
static ad_tensor scopes_open(nn_layer_call *c, ad_tensor x)
{
    nn_layer_fail(c, ad_scope_begin(x.tape, "own") == AD_OK ? AD_BAD_VALUE : AD_BAD_STATE, "it fails in a scope");
    return x;
}

static const nn_part wrong_parts[] = {
    {"gain", NN_GAIN, 1, {NN_INPUT_SIZE(-1)}, .initialiser = NN_ONES},
    {"state", NN_STATE, 1, {NN_INPUT_SIZE(-1)}, .initialiser = NN_ONES},
};

static const struct {
    ad_tensor (*apply)(nn_layer_call *c, ad_tensor x);
    ad_status status;
    const char *message; /* its beginning, after the layer's name */
} wrong_runs[] = {
    {give_sum, AD_BAD_SHAPE, "its kind gave [] for 2 examples, where its shape rule says [3] for each"},
    {give_rows, AD_BAD_SHAPE, "its kind gave [4,3] for 2 examples, where its shape rule says [3] for each"},
    {give_columns, AD_BAD_SHAPE, "its kind gave [2,6] for 2 examples, where its shape rule says [3] for each"},
    {give_f32, AD_BAD_TYPE, "its kind gave f32, where the network is f64"},
    {give_nothing, AD_BAD_HANDLE, "its kind gave no tensor of the tape of x"},
    {give_inert, AD_BAD_HANDLE, "its kind gave no tensor of the tape of x"},
    {give_stale, AD_BAD_HANDLE, "its kind gave no tensor of the tape of x"},
    {give_other_tape, AD_BAD_HANDLE, "its kind gave no tensor of the tape of x"},
    {ask_part_7, AD_BAD_VALUE, "its kind asks for part 7, which it has not while it is run"},
    {ask_part_minus_1, AD_BAD_VALUE, "its kind asks for part -1, which it has not while it is run"},
    {propose_gain, AD_BAD_VALUE, "its kind proposes a value for part 0, which is no state"},
    {ask_proposed_gain, AD_BAD_VALUE, "its kind proposes a value for part 0, which is no state"},
    {propose_part_5, AD_BAD_VALUE, "its kind asks for part 5, which it has not while it is run"},
    {run_no_list, AD_BAD_STATE, "its kind runs a list that is not among its options"},
    {fail_itself, AD_BAD_STATE, "it is out of order today"},
    {fail_long, AD_BAD_STATE, "mmmmmmmmmmmm"},
    {scopes_open, AD_BAD_VALUE, "it fails in a scope"},
    /* These are errors of the engine, which has its own words for them. */
    {propose_shape, AD_BAD_SHAPE, NULL},
    {propose_inert, AD_BAD_HANDLE, NULL},
    {mask_rate_2, AD_BAD_VALUE, NULL},
};

START_TEST(kinds_that_run_wrong_have_their_messages)
{
    const nn_layer_kind kind = {
        .name = "wrong", .parts = wrong_parts, .n_parts = COUNT(wrong_parts), .apply = wrong_runs[_i].apply};
    const nn_layer layers[] = {NN_DENSE(.units = 3), {.kind = &kind, .name = "mine"}, NN_DENSE(.units = 2)};
    nn_network *net =
        nn_network_open(t, &(nn_network_options){.layers = NN_LAYERS(layers), .input = AD_SHAPE(4), .type = AD_F64});
    expect_ok(t);
    other_tape = ad_tape_open(NULL);
    for (int time = 0; time < 2; time++) {
        char message[200];
        const ad_tensor y = nn_run(net, nn_training(net, 0), some_input(t, AD_F64, AD_SHAPE(2, 4), 1));
        ck_assert(ad_is_inert(y));
        snprintf(message, sizeof message, "run: mine: %s", wrong_runs[_i].message ? wrong_runs[_i].message : "");
        if (wrong_runs[_i].message)
            ck_assert_msg(strstr(ad_message(t), message) == ad_message(t), "'%s' instead of '%s'", ad_message(t),
                          message);
        expect_error_with(t, wrong_runs[_i].status, "");
        ad_commit(t);
        ad_reset(t);
        EXPECT(part_called(net, "mine/state"), 1, 1, 1);
        expect_ok(t);
    }
    nn_network_close(net);
    ad_tape_close(other_tape);
}
END_TEST

/* In inference nothing is proposed, and that is no error. */
START_TEST(proposals_in_inference_are_none)
{
    const nn_layer_kind kind = {
        .name = "wrong", .parts = wrong_parts, .n_parts = COUNT(wrong_parts), .apply = propose_shape};
    nn_network *net = open_layer((nn_layer){.kind = &kind}, AD_SHAPE(3), AD_F64);
    expect_shape(nn_run(net, nn_inference(net), some_input(t, AD_F64, AD_SHAPE(2, 3), 1)), AD_SHAPE(2, 3));
    ad_commit(t);
    EXPECT(part_called(net, "wrong/state"), 1, 1, 1);
    nn_network_close(net);
}
END_TEST

/* ---- Rows of wrong kinds ----------------------------------------------------------------------------------------- */

typedef struct wrong_options {
    int64_t size;
    nn_initialiser initialiser;
    bool without;
} wrong_options;

static const nn_field size_field[] = {
    {"size", "of the part", NN_FIELD_INTEGER, offsetof(wrong_options, size), .range = NN_AT_LEAST(-10)}};
static const nn_field list_field[] = {
    {"layers", "f", NN_FIELD_LAYERS, .offset = offsetof(nn_residual_options, layers)}};
static const nn_field far_field[] = {{.name = "far", .meaning = "away", .type = NN_FIELD_REAL, .offset = 100}};
static const nn_field nameless_field[] = {{.name = NULL, .meaning = "x", .type = NN_FIELD_REAL, .offset = 0}};
static const nn_field typeless_field[] = {{.name = "none", .meaning = "x", .type = NN_FIELD_TYPE_COUNT, .offset = 0}};
static const nn_field choice_field[] = {{.name = "none", .meaning = "x", .type = NN_FIELD_CHOICE, .offset = 0}};
static const nn_field two_lists[] = {{"a", "x", NN_FIELD_LAYERS, .offset = 0},
                                     {"b", "x", NN_FIELD_LAYERS, .offset = 0}};

#define OPTIONS(rows) .fields = NN_FIELDS(rows), .options_bytes = sizeof(wrong_options)
#define PARTS(array) .parts = array, .n_parts = COUNT(array)
/* A kind with a list may run it only on what was planned. */
static ad_tensor run_list_on_sum(nn_layer_call *c, ad_tensor x) { return nn_layer_run_list(c, ad_sum(x)); }
static ad_tensor run_list_on_half(nn_layer_call *c, ad_tensor x)
{
    return nn_layer_run_list(c, ad_slice(x, 1, (ad_range){.stop = 1, .step = 1}));
}
static ad_tensor run_list_on_inert(nn_layer_call *c, ad_tensor x)
{
    return nn_layer_run_list(c, (ad_tensor){.tape = x.tape});
}
static ad_tensor run_list_on_nothing(nn_layer_call *c, ad_tensor x)
{
    return (void)x, nn_layer_run_list(c, (ad_tensor){0});
}

static const nn_layer of_dense[] = {NN_DENSE(.units = 3)}, of_norm[] = {{.kind = &nn_batch_norm}},
                      of_flat[] = {NN_FLATTEN()}, of_layer_norm[] = {{.kind = &nn_layer_norm}};

START_TEST(lists_run_on_what_they_were_planned_for)
{
    static const struct {
        nn_layers list;
    } lists[] = {{NN_LAYERS(of_dense)}, {NN_LAYERS(of_norm)}, {NN_LAYERS(of_flat)}, {NN_LAYERS(of_layer_norm)}};
    ad_tensor (*const apply[])(nn_layer_call *, ad_tensor) = {run_list_on_sum, run_list_on_half, run_list_on_inert,
                                                              run_list_on_nothing};
    static const char *const messages[] = {"[], where the list takes [n] examples of [3]",
                                           "[2,1], where the list takes [n] examples of [3]",
                                           "no tensor of the tape of x", "no tensor of the tape of x"};
    for (int i = 0; i < COUNT(lists); i++)
        for (int j = 0; j < COUNT(apply); j++) {
            const nn_layer_kind kind = {.name = "gated", OPTIONS(list_field), .apply = apply[j]};
            const nn_residual_options o = {.layers = lists[i].list};
            nn_network *net = open_layer((nn_layer){.kind = &kind, .options = &o}, AD_SHAPE(3), AD_F64);
            for (int trains = 0; trains < 2; trains++) {
                const nn_pass pass = trains ? nn_training(net, 0) : nn_inference(net);
                ck_assert(ad_is_inert(nn_run(net, pass, some_input(t, AD_F64, AD_SHAPE(2, 3), 1))));
                expect_error_with(t, j < 2 ? AD_BAD_SHAPE : AD_BAD_HANDLE, "run: gated: its kind runs its list on ",
                                  messages[j]);
                ad_reset(t);
            }
            nn_network_close(net);
            close_tape();
            open_tape();
        }
}
END_TEST

/* ---- Kinds that are made wrong ----------------------------------------------------------------------------------- */

static ad_tensor identity(nn_layer_call *c, ad_tensor x) { return (void)c, x; }

static void fail_shape(nn_layer_call *c, ad_shape *y)
{
    (void)y;
    nn_layer_fail(c, AD_BAD_SHAPE, "it takes no shapes of rank %d", nn_layer_input(c).rank);
}
static void shape_of_rank_9(nn_layer_call *c, ad_shape *y) { (void)c, y->rank = 9; }
static void shape_of_rank_minus_1(nn_layer_call *c, ad_shape *y) { (void)c, y->rank = -1; }
static void shape_of_size_0(nn_layer_call *c, ad_shape *y) { (void)c, y->dims[0] = 0; }
static void shape_of_size_minus_5(nn_layer_call *c, ad_shape *y) { (void)c, y->dims[0] = -5; }
static void shape_too_large(nn_layer_call *c, ad_shape *y)
{
    (void)c;
    *y = AD_SHAPE(INT64_MAX, INT64_MAX);
}
static void shape_asks_part(nn_layer_call *c, ad_shape *y) { (void)y, nn_layer_part(c, 0); }
static void shape_asks_proposed(nn_layer_call *c, ad_shape *y) { (void)y, nn_layer_proposed(c, 0); }
static void shape_proposes(nn_layer_call *c, ad_shape *y) { (void)y, nn_layer_propose(c, 0, (ad_tensor){0}); }
static void shape_runs_list(nn_layer_call *c, ad_shape *y) { (void)y, nn_layer_run_list(c, (ad_tensor){0}); }

static const nn_part of_size_0[] = {
    {.name = "part", .role = NN_WEIGHT, .rank = 1, .sizes = {NN_OPTION_SIZE(wrong_options, size)}}};
static const nn_part of_missing_axis[] = {{.name = "part", .role = NN_WEIGHT, .rank = 1, .sizes = {NN_INPUT_SIZE(5)}}};
static const nn_part of_axis_minus_9[] = {{.name = "part", .role = NN_WEIGHT, .rank = 1, .sizes = {NN_INPUT_SIZE(-9)}}};
static const nn_part of_size_minus_1[] = {{.name = "part", .role = NN_WEIGHT, .rank = 1, .sizes = {NN_FIXED_SIZE(-1)}}};
static const nn_part too_large[] = {
    {.name = "part", .role = NN_WEIGHT, .rank = 2, .sizes = {NN_FIXED_SIZE(INT64_MAX), NN_FIXED_SIZE(INT64_MAX)}}};
static const nn_part of_far_option[] = {
    {.name = "part", .role = NN_WEIGHT, .rank = 1, .sizes = {{.from = NN_SIZE_OF_OPTION, .offset = 1000}}}};
static const nn_part of_no_source[] = {{.name = "part", .role = NN_WEIGHT, .rank = 1, .sizes = {{.from = 7}}}};
static const nn_part nameless[] = {{.name = NULL, .role = NN_WEIGHT, .rank = 1, .sizes = {NN_FIXED_SIZE(1)}}};
static const nn_part empty_name[] = {{.name = "", .role = NN_WEIGHT, .rank = 1, .sizes = {NN_FIXED_SIZE(1)}}};
static const nn_part nested_name[] = {{.name = "a/b", .role = NN_WEIGHT, .rank = 1, .sizes = {NN_FIXED_SIZE(1)}}};
static const nn_part named_twice[] = {{.name = "a", .role = NN_WEIGHT, .rank = 1, .sizes = {NN_FIXED_SIZE(1)}},
                                      {.name = "a", .role = NN_BIAS, .rank = 1, .sizes = {NN_FIXED_SIZE(1)}}};
static const nn_part filed_twice[] = {
    {.name = "a", .role = NN_WEIGHT, .rank = 1, .sizes = {NN_FIXED_SIZE(1)}},
    {.name = "b", .role = NN_STATE, .rank = 1, .sizes = {NN_FIXED_SIZE(1)}, .file_name = "a"}};
static const nn_part nested_file_name[] = {
    {.name = "a", .role = NN_WEIGHT, .rank = 1, .sizes = {NN_FIXED_SIZE(1)}, .file_name = "a/b"}};
static const nn_part empty_file_name[] = {
    {.name = "a", .role = NN_WEIGHT, .rank = 1, .sizes = {NN_FIXED_SIZE(1)}, .file_name = ""}};
static const nn_part transposed_vector[] = {
    {.name = "a", .role = NN_WEIGHT, .rank = 1, .sizes = {NN_FIXED_SIZE(1)}, .is_transposed = true}};
static const nn_part of_rank_9[] = {{.name = "part", .role = NN_WEIGHT, .rank = 9, .sizes = {NN_FIXED_SIZE(1)}}};
static const nn_part of_rank_minus_1[] = {{.name = "part", .role = NN_WEIGHT, .rank = -1, .sizes = {NN_FIXED_SIZE(1)}}};
static const nn_part of_role_4[] = {{.name = "part", .role = NN_ROLE_COUNT, .rank = 1, .sizes = {NN_FIXED_SIZE(1)}}};
static const nn_part of_initialiser_99[] = {
    {.name = "part", .role = NN_WEIGHT, .rank = 1, .sizes = {NN_FIXED_SIZE(1)}, .initialiser = (nn_initialiser)99}};
static const nn_part orthogonal_vector[] = {
    {.name = "part", .role = NN_WEIGHT, .rank = 1, .sizes = {NN_FIXED_SIZE(3)}, .initialiser = NN_ORTHOGONAL}};
static const nn_part chosen_far[] = {
    {.name = "part", .role = NN_WEIGHT, .rank = 1, .sizes = {NN_FIXED_SIZE(1)}, .chosen_by = 500}};
static const nn_part left_out_far[] = {
    {.name = "part", .role = NN_WEIGHT, .rank = 1, .sizes = {NN_FIXED_SIZE(1)}, .left_out_by = 500}};
static const nn_size far_copies = {.from = NN_SIZE_OF_OPTION, .offset = 1000};

#define MADE .name = "own", .apply = identity
#define NEEDS "network: the kind \"own\" needs "
#define NEEDS_PARTS NEEDS "for each part a name of its own"
#define NEEDS_FIELDS NEEDS "for each field a name"

static const struct {
    nn_layer_kind kind;
    ad_status status;
    const char *message;
} wrong[] = {
    {{.name = "own"}, AD_BAD_VALUE, NEEDS "the function apply; so far: x [3]"},
    {{.apply = identity}, AD_BAD_VALUE, "network: the kind \"(without a name)\" needs a name of 1 to 100 characters"},
    {{.apply = identity, .name = ""}, AD_BAD_VALUE, "network: the kind \"(without a name)\" needs a name of"},
    {{.apply = identity, .name = "a/b"}, AD_BAD_VALUE, "network: the kind \"a/b\" needs a name of 1 to 100 characters"},
    {{MADE, PARTS(filed_twice)}, AD_BAD_VALUE, NEEDS_PARTS},
    {{MADE, PARTS(nested_file_name)}, AD_BAD_VALUE, NEEDS_PARTS},
    {{MADE, PARTS(empty_file_name)}, AD_BAD_VALUE, NEEDS_PARTS},
    {{MADE, PARTS(transposed_vector)}, AD_BAD_VALUE, NEEDS_PARTS},
    {{MADE, .n_parts = 1}, AD_BAD_VALUE, NEEDS "an array of at most 8 parts, with n_parts"},
    {{MADE, .parts = of_size_0, .n_parts = 9}, AD_BAD_VALUE, NEEDS "an array of at most 8 parts, with n_parts"},
    {{MADE, .parts = of_size_0, .n_parts = SIZE_MAX}, AD_BAD_VALUE, NEEDS "an array of at most 8 parts, with n_parts"},
    {{MADE, .fields = NN_FIELDS(size_field)}, AD_BAD_VALUE, NEEDS "options_bytes beside its fields"},
    {{MADE, .fields = {NULL, 3}, .options_bytes = 8}, AD_BAD_VALUE, NEEDS "options_bytes beside its fields"},
    {{MADE, OPTIONS(far_field)}, AD_BAD_VALUE, NEEDS_FIELDS},
    {{MADE, OPTIONS(nameless_field)}, AD_BAD_VALUE, NEEDS_FIELDS},
    {{MADE, OPTIONS(typeless_field)}, AD_BAD_VALUE, NEEDS_FIELDS},
    {{MADE, OPTIONS(choice_field)}, AD_BAD_VALUE, NEEDS_FIELDS},
    {{MADE, OPTIONS(two_lists)}, AD_BAD_VALUE, NEEDS_FIELDS},
    {{MADE, OPTIONS(size_field), PARTS(of_size_0)},
     AD_BAD_SHAPE,
     "network: own: its part would have the shape [0] for the input [3]; so far: x [3]"},
    {{MADE, PARTS(of_missing_axis)}, AD_BAD_SHAPE, "network: own: its part would have the shape [0] for the input [3]"},
    {{MADE, PARTS(of_axis_minus_9)}, AD_BAD_SHAPE, "network: own: its part would have the shape [0] for the input [3]"},
    {{MADE, PARTS(of_size_minus_1)}, AD_BAD_SHAPE, "network: own: its part would have the shape ["},
    {{MADE, PARTS(too_large)}, AD_BAD_SHAPE, "network: own: its part would have the shape [9223372036854775807,92233"},
    {{MADE, PARTS(of_size_0)}, AD_BAD_VALUE, NEEDS_PARTS}, /* it has no options */
    {{MADE, OPTIONS(size_field), PARTS(of_far_option)}, AD_BAD_VALUE, NEEDS_PARTS},
    {{MADE, PARTS(of_no_source)}, AD_BAD_VALUE, NEEDS_PARTS},
    {{MADE, PARTS(nameless)}, AD_BAD_VALUE, NEEDS_PARTS},
    {{MADE, PARTS(empty_name)}, AD_BAD_VALUE, NEEDS_PARTS},
    {{MADE, PARTS(nested_name)}, AD_BAD_VALUE, NEEDS_PARTS},
    {{MADE, PARTS(named_twice)}, AD_BAD_VALUE, NEEDS_PARTS},
    {{MADE, PARTS(of_rank_9)}, AD_BAD_VALUE, NEEDS_PARTS},
    {{MADE, PARTS(of_rank_minus_1)}, AD_BAD_VALUE, NEEDS_PARTS},
    {{MADE, PARTS(of_role_4)}, AD_BAD_VALUE, NEEDS_PARTS},
    {{MADE, PARTS(of_initialiser_99)}, AD_BAD_VALUE, "network: own: the initialiser 99 of its part is none"},
    {{MADE, PARTS(orthogonal_vector)}, AD_BAD_SHAPE, "network: own: its part of rank 1 cannot be orthogonal"},
    {{MADE, OPTIONS(size_field), PARTS(chosen_far)}, AD_BAD_VALUE, NEEDS_PARTS},
    {{MADE, OPTIONS(size_field), PARTS(left_out_far)}, AD_BAD_VALUE, NEEDS_PARTS},
    {{MADE, OPTIONS(size_field), .copies = &far_copies}, AD_BAD_VALUE, NEEDS "copies that are a number or an option"},
    {{MADE, .shape = fail_shape}, AD_BAD_SHAPE, "network: own: it takes no shapes of rank 1; so far: x [3]"},
    {{MADE, .shape = shape_of_rank_9}, AD_BAD_SHAPE, "network: own: it would give ["},
    {{MADE, .shape = shape_of_rank_minus_1},
     AD_BAD_SHAPE,
     "network: own: it would give [] of rank -1 for each example"},
    {{MADE, .shape = shape_of_size_0},
     AD_BAD_SHAPE,
     "network: own: it would give [0] of rank 1 for each example: the "},
    {{MADE, .shape = shape_of_size_minus_5}, AD_BAD_SHAPE, "network: own: it would give [-5] of rank 1 for each"},
    {{MADE, .shape = shape_too_large}, AD_BAD_SHAPE, "network: own: it would give [92233720368547758"},
    {{MADE, PARTS(wrong_parts), .shape = shape_asks_part},
     AD_BAD_VALUE,
     "network: own: its kind asks for part 0, which it has not while it is planned"},
    {{MADE, PARTS(wrong_parts), .shape = shape_asks_proposed}, AD_BAD_VALUE, "network: own: its kind asks for part 0"},
    {{MADE, PARTS(wrong_parts), .shape = shape_proposes}, AD_BAD_VALUE, "network: own: its kind asks for part 0"},
    {{MADE, .shape = shape_runs_list}, AD_BAD_STATE, "network: own: its kind runs a list while it is planned"},
};

START_TEST(kinds_that_are_made_wrong_have_their_messages)
{
    EXPECT_REFUSED((nn_layer){.kind = &wrong[_i].kind}, AD_SHAPE(3), wrong[_i].status, wrong[_i].message);
    nn_network_close(open_layer((nn_layer)NN_FLATTEN(), AD_SHAPE(3), AD_F64));
}
END_TEST

/* A list that adds an axis: no size differs, but the rank does. */
static void add_axis(nn_layer_call *c, ad_shape *y)
{
    (void)c;
    y->dims[y->rank++] = 1;
}
static const nn_layer_kind taller = {.name = "taller", .apply = identity, .shape = add_axis};
static const nn_layer of_taller[] = {{.kind = &taller}};

START_TEST(a_residual_of_another_rank_is_refused)
{
    EXPECT_REFUSED((nn_layer)NN_RESIDUAL(of_taller), AD_SHAPE(4), AD_BAD_SHAPE,
                   "network: residual: its list gives another shape than it takes",
                   "so far: x [4] -> residual/taller [4,1]");
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, kinds_that_run_wrong_have_their_messages, 0, COUNT(wrong_runs));
    tcase_add_test(tests, proposals_in_inference_are_none);
    tcase_add_test(tests, lists_run_on_what_they_were_planned_for);
    tcase_add_loop_test(tests, kinds_that_are_made_wrong_have_their_messages, 0, COUNT(wrong));
    tcase_add_test(tests, a_residual_of_another_rank_is_refused);
}

int main(void) { return run_on_one_tape("wrong_kinds", add_tests); }
