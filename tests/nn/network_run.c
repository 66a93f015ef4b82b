/* Running a network: what is refused, scopes and names, masks, other tapes. */
#include <string.h>

#include <gradtape/network.h>

#include "../support/one_tape.h"

static const nn_layer body[] = {NN_DENSE(.units = 3, .activation = AD_TANH), NN_DROPOUT(0.5), NN_DENSE(.units = 3)};
static const nn_layer layers[] = {
    NN_DENSE(.units = 3, .activation = AD_TANH),
    NN_BATCH_NORM(.momentum = 0.5),
    NN_RESIDUAL(body),
    NN_REPEAT(2, body),
    NN_DROPOUT(0.25),
};

static nn_network *net;

static void open_both(void)
{
    open_tape();
    net = nn_network_open(
        t, &(nn_network_options){.layers = NN_LAYERS(layers), .input = AD_SHAPE(2), .type = AD_F64, .seed = 7});
    expect_ok(t);
}

static void close_both(void)
{
    expect_ok(t);
    nn_network_close(net);
    close_tape();
}

static ad_tensor rows(ad_tape *tape, int64_t n) { return some_input(tape, AD_F64, AD_SHAPE(n, 2), 1); }

/* ---- What is refused --------------------------------------------------------------------------------------------- */

START_TEST(bad_operands_are_refused)
{
    const nn_pass pass = _i ? nn_training(net, 0) : nn_inference(net);
    ad_tensor x = some_input(t, AD_F64, AD_SHAPE(2, 3), 1);
    expect_inert(nn_run(net, pass, x), AD_BAD_SHAPE,
                 "run: x has the shape [2,3]: the network takes [n] examples of [2]");
    x = some_input(t, AD_F64, AD_SHAPE(2), 1);
    expect_inert(nn_run(net, pass, x), AD_BAD_SHAPE, "run: x has the shape [2]: the network takes [n] examples of [2]");
    x = some_input(t, AD_F64, AD_SHAPE(2, 2, 1), 1);
    expect_inert(nn_run(net, pass, x), AD_BAD_SHAPE,
                 "run: x has the shape [2,2,1]: the network takes [n] examples of [2]");
    x = ad_scalar(t, 2);
    expect_inert(nn_run(net, pass, x), AD_BAD_SHAPE, "run: x has the shape []: the network takes [n] examples of [2]");
    x = some_input(t, AD_F32, AD_SHAPE(4, 2), 1);
    expect_inert(nn_run(net, pass, x), AD_BAD_TYPE, "run: x is f32, the network is f64: ad_cast it");
    x = ad_input(t, AD_I32, AD_SHAPE(4, 2), NULL);
    expect_inert(nn_run(net, pass, x), AD_BAD_TYPE, "run: x is i32, the network is f64: ad_cast it");
    expect_inert(nn_run(net, pass, (ad_tensor){.tape = t}), AD_BAD_HANDLE,
                 "run: x is inert: it was never made, or came from a call that failed");
    ck_assert(ad_is_inert(nn_run(net, pass, (ad_tensor){0})));
    x = rows(t, 2);
    ad_reset(t);
    ck_assert(ad_is_inert(nn_run(net, pass, x)));
    expect_error_with(t, AD_BAD_HANDLE, "is stale: its tape was reset");
    ck_assert_uint_eq(ad_entry_count(t), 0);
    ck_assert_uint_eq(ad_scope_count(t), 0);
}
END_TEST

START_TEST(bad_passes_are_refused)
{
    const ad_tensor x = rows(t, 2);
    expect_inert(nn_run(net, nn_training(net, -1), x), AD_BAD_VALUE,
                 "run: the step -1 of the pass must be 0 or more and below 2^56");
    expect_inert(nn_run(net, nn_training(net, INT64_C(1) << 56), x), AD_BAD_VALUE,
                 "run: the step 72057594037927936 of the pass must be 0 or more and below 2^56");
    ck_assert(!ad_is_inert(nn_run(net, nn_training(net, (INT64_C(1) << 56) - 1), x)));
    ad_tape *other = ad_tape_open(NULL);
    expect_inert(nn_run(net, nn_training(net, 0), rows(other, 2)), AD_BAD_STATE,
                 "run: x is on another tape than the network: only a pass for inference can be");
    ad_tape_close(other);
}
END_TEST

/* The error is the layer's. The scopes that it left open are gone with the recording. */
START_TEST(a_layer_that_fails)
{
    expect_inert(
        nn_run(net, nn_training(net, 0), rows(t, 1)), AD_BAD_SHAPE,
        "run: batch_norm: a batch of one number for each feature has no variance: train with at least 2 rows in "
        "each batch");
    ad_reset(t);
    ck_assert_uint_eq(ad_scope_count(t), 0);
    ck_assert(!ad_is_inert(nn_run(net, nn_inference(net), rows(t, 1))));
    ck_assert_int_eq(ad_scope_at(t, 0).outer, -1);
    ck_assert(!ad_scope_at(t, 0).is_open);
}
END_TEST

START_TEST(an_empty_batch)
{
    const ad_tensor x = ad_input(t, AD_F64, AD_SHAPE(0, 2), NULL), y = nn_run(net, nn_inference(net), x);
    expect_shape(y, AD_SHAPE(0, 3));
    ad_backward(ad_sum(y));
    expect_ok(t);
}
END_TEST

/* ---- Scopes and names -------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    int outer;
} scopes[] = {
    {"dense", -1},   {"batch_norm", -1}, {"residual", -1}, {"dense_0", 2},  {"dropout", 2}, {"dense_1", 2},
    {"repeat", -1},  {"0", 6},           {"dense_0", 7},   {"dropout", 7},  {"dense_1", 7}, {"1", 6},
    {"dense_0", 11}, {"dropout", 11},    {"dense_1", 11},  {"dropout", -1},
};

START_TEST(each_layer_opens_a_scope)
{
    nn_run(net, nn_training(net, 0), rows(t, 2));
    ck_assert_uint_eq(ad_scope_count(t), COUNT(scopes));
    for (size_t i = 0; i < COUNT(scopes); i++) {
        ck_assert_str_eq(ad_scope_at(t, i).name, scopes[i].name);
        ck_assert_int_eq(ad_scope_at(t, i).outer, scopes[i].outer);
        ck_assert(!ad_scope_at(t, i).is_open);
        ck_assert_uint_gt(ad_scope_at(t, i).n, 0);
    }
}
END_TEST

/* Counts the tensors of a name that are recorded. */
static int count_named(const char *name)
{
    int n = 0;
    for (size_t i = 0; i < ad_entry_count(t); i++)
        n += strcmp(ad_name_of(ad_recorded_at(t, i)), name) == 0;
    return n;
}

START_TEST(a_watched_tape_has_names)
{
    static const char *const in_training[] = {"x",
                                              "dense",
                                              "batch_norm",
                                              "residual/dense_0",
                                              "residual/dropout",
                                              "residual/dense_1",
                                              "residual",
                                              "repeat/0/dense_0",
                                              "repeat/0/dropout",
                                              "repeat/0/dense_1",
                                              "repeat/1/dense_0",
                                              "repeat/1/dense_1",
                                              "dropout"};
    ad_watch(t, AD_ON);
    const ad_tensor x = ad_name(rows(t, 2), "x"), y = nn_run(net, nn_training(net, 0), x);
    for (size_t i = 0; i < COUNT(in_training); i++)
        ck_assert_msg(count_named(in_training[i]) == 1, "%s", in_training[i]);
    ck_assert_str_eq(ad_name_of(y), "dropout");
    ck_assert_int_eq(count_named("repeat"), 0); /* it gives what its last layer named */
    ad_reset(t);
    /* In inference dropout gives what it was given, which keeps its name. */
    const nn_layer dropout[] = {NN_DROPOUT(0.5)};
    nn_network *plain =
        nn_network_open(t, &(nn_network_options){.layers = NN_LAYERS(dropout), .input = AD_SHAPE(2), .type = AD_F64});
    const ad_tensor own = ad_name(rows(t, 2), "mine");
    ck_assert_str_eq(ad_name_of(nn_run(plain, nn_inference(plain), own)), "mine");
    nn_network_close(plain);
}
END_TEST

START_TEST(a_tape_that_is_not_watched_has_none)
{
    ck_assert_str_eq(ad_name_of(nn_run(net, nn_training(net, 0), rows(t, 2))), "");
    ck_assert_int_eq(count_named("dense"), 0);
}
END_TEST

/* ---- Masks ------------------------------------------------------------------------------------------------------- */

enum { LONG = 400 };

static const nn_layer drops[] = {NN_DROPOUT(1e-300), NN_DROPOUT(0.5)};

/* The mask of the only layer of a network, or of the last of two. */
static ad_tensor mask_of(uint64_t seed, int64_t step, int n_layers)
{
    nn_network *dropping = nn_network_open(t, &(nn_network_options){.layers = {drops + 2 - n_layers, (size_t)n_layers},
                                                                    .input = AD_SHAPE(LONG),
                                                                    .type = AD_F64,
                                                                    .seed = seed});
    const ad_tensor y = nn_run(dropping, nn_training(dropping, step), ad_full(t, AD_F64, AD_SHAPE(1, LONG), 1));
    nn_network_close(dropping);
    return y;
}

/* The share of equal elements: near a half for two masks that have nothing in common. */
static double agreement(ad_tensor a, ad_tensor b)
{
    int same = 0;
    for (size_t i = 0; i < LONG; i++)
        same += number_at(a, i) == number_at(b, i);
    return (double)same / LONG;
}

START_TEST(masks_depend_on_seed_layer_and_step)
{
    ad_set_draw_count(t, 17);
    const ad_tensor mask = mask_of(1, 5, 1);
    ck_assert_uint_eq(ad_draw_count(t), 17);
    for (size_t i = 0; i < LONG; i++)
        ck_assert(number_at(mask, i) == 0 || number_at(mask, i) == 2);
    ad_set_draw_count(t, 3);
    expect_same_bits(mask_of(1, 5, 1), mask);
    const ad_tensor others[] = {mask_of(1, 6, 1), mask_of(2, 5, 1), mask_of(1, 5, 2), mask_of(1, INT64_C(1) << 32, 1)};
    for (int i = 0; i < COUNT(others); i++)
        for (int j = 0; j <= i; j++)
            ck_assert_double_lt(agreement(others[i], j < i ? others[j] : mask), 0.62);
}
END_TEST

START_TEST(inference_has_no_masks)
{
    const nn_layer dropout[] = {NN_DROPOUT(0.9)};
    nn_network *plain =
        nn_network_open(t, &(nn_network_options){.layers = NN_LAYERS(dropout), .input = AD_SHAPE(2), .type = AD_F64});
    const ad_tensor x = rows(t, 3);
    expect_same_bits(nn_run(plain, nn_inference(plain), x), x);
    nn_network_close(plain);
}
END_TEST

/* ---- Other tapes ------------------------------------------------------------------------------------------------- */

START_TEST(inference_on_another_tape)
{
    const ad_tensor here = nn_run(net, nn_inference(net), rows(t, 5));
    const size_t entries = ad_entry_count(t);
    ad_tape *other = ad_tape_open(NULL);
    const ad_tensor x = ad_variable(other, AD_F64, AD_SHAPE(5, 2), ad_data(rows(t, 5)));
    const ad_tensor there = nn_run(net, nn_inference(net), x);
    expect_same_bits(there, here);
    ad_backward(ad_sum(ad_square(there)));
    expect_ok(other);
    ck_assert_uint_eq(ad_entry_count(t), entries + 1);
    for (size_t i = 0; i < nn_network_part_count(net); i++)
        ck_assert(!ad_has_gradient(nn_network_part(net, i)));
    ad_variable(t, AD_F64, AD_SHAPE(1), NULL);
    const ad_tensor own = ad_variable(t, AD_F64, AD_SHAPE(5, 2), ad_data(x));
    ad_backward(ad_sum(ad_square(nn_run(net, nn_inference(net), own))));
    expect_same_bits(ad_gradient(x), ad_gradient(own));
    ad_tape_close(other);
}
END_TEST

/* An error of the network's tape is no error of another one. */
START_TEST(inference_while_the_tape_is_in_error)
{
    ad_tape *other = ad_tape_open(NULL);
    const ad_tensor here = nn_run(net, nn_inference(net), rows(t, 5));
    ad_fail(t, AD_STOPPED, "stop");
    const ad_tensor there = nn_run(net, nn_inference(net), rows(other, 5));
    expect_ok(other);
    expect_error(t, AD_STOPPED, "stop");
    expect_same_bits(there, here);
    ad_tape_close(other);
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("network_run");
    TCase *tests = tcase_create("network_run");
    tcase_add_checked_fixture(tests, open_both, close_both);
    tcase_add_loop_test(tests, bad_operands_are_refused, 0, 2);
    tcase_add_test(tests, bad_passes_are_refused);
    tcase_add_test(tests, a_layer_that_fails);
    tcase_add_test(tests, an_empty_batch);
    tcase_add_test(tests, each_layer_opens_a_scope);
    tcase_add_test(tests, a_watched_tape_has_names);
    tcase_add_test(tests, a_tape_that_is_not_watched_has_none);
    tcase_add_test(tests, masks_depend_on_seed_layer_and_step);
    tcase_add_test(tests, inference_has_no_masks);
    tcase_add_test(tests, inference_on_another_tape);
    tcase_add_test(tests, inference_while_the_tape_is_in_error);
    suite_add_tcase(suite, tests);
    return run_suites(srunner_create(suite));
}
