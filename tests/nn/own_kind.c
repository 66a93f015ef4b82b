/* Kinds of a program's own: made, trained, differentiated and named as the library's are. */
#include <math.h>
#include <stdio.h>

#include <gradtape/show.h>

#include "../support/one_layer.h"
#include "../support/shown.h"

/* ---- scale: y = start gain x ------------------------------------------------------------------------------------- */

typedef struct scale_options {
    double start; /* above 0; default 1 */
} scale_options;

static const nn_field scale_fields[] = {
    {"start", "what x is multiplied by at first", NN_FIELD_REAL, offsetof(scale_options, start), .standard = 1,
     .range = NN_ABOVE(0)},
};

static const nn_part scale_parts[] = {{"gain", NN_GAIN, 1, {NN_INPUT_SIZE(-1)}, .initialiser = NN_ONES}};

static ad_tensor scale_apply(nn_layer_call *c, ad_tensor x)
{
    const scale_options *o = nn_layer_options(c);
    return ad_scale(ad_mul(x, nn_layer_part(c, 0)), o->start);
}

static const nn_layer_kind scale = {
    .name = "scale",
    .formula = "start gain x",
    .fields = NN_FIELDS(scale_fields),
    .options_bytes = sizeof(scale_options),
    .parts = scale_parts,
    .n_parts = COUNT(scale_parts),
    .apply = scale_apply,
};
#define SCALE(...)                                                                                                     \
    {                                                                                                                  \
        .kind = &scale, .options = &(const scale_options) { __VA_ARGS__ }                                              \
    }

/* ---- centre: y = x - mean, where the mean of training runs along --------------------------------------------------
 */

static const nn_part centre_parts[] = {
    {"mean", NN_STATE, 1, {NN_INPUT_SIZE(0)}, .initialiser = NN_ZEROS},
    {"shift", NN_BIAS, 1, {NN_INPUT_SIZE(0)}, .initialiser = NN_ZEROS},
};

static ad_tensor centre_apply(nn_layer_call *c, ad_tensor x)
{
    const ad_tensor x_plus = ad_add(x, nn_layer_part(c, 1));
    if (!nn_layer_trains(c))
        return ad_sub(x_plus, nn_layer_part(c, 0));
    const ad_tensor mean = ad_mean_over(x, AD_AXES(0));
    nn_layer_propose(c, 0, ad_add(ad_scale(nn_layer_proposed(c, 0), 0.5), ad_scale(mean, 0.5)));
    return ad_sub(x_plus, mean);
}

static const nn_layer_kind centre = {
    .name = "centre",
    .formula = "x - mean + shift",
    .parts = centre_parts,
    .n_parts = COUNT(centre_parts),
    .apply = centre_apply,
};

/* ---- gated: y = x + rate f(x), and noise --------------------------------------------------------------------------
 */

typedef struct gated_options {
    nn_layers layers;
    int64_t times;
    double rate;
} gated_options;

static const nn_field gated_fields[] = {
    {"layers", "f", NN_FIELD_LAYERS, .offset = offsetof(gated_options, layers)},
    {"times", "copies of f", NN_FIELD_INTEGER, offsetof(gated_options, times), .standard = 2,
     .range = NN_FROM_TO(1, 3)},
    {"rate", "of f and of zeros", NN_FIELD_REAL, offsetof(gated_options, rate), .standard = 0.5,
     .range = NN_FROM_TO_BELOW(0, 1)},
};

static ad_tensor gated_apply(nn_layer_call *c, ad_tensor x)
{
    const gated_options *o = nn_layer_options(c);
    const ad_tensor y = ad_add(x, ad_scale(nn_layer_run_list(c, x), o->rate));
    return nn_layer_trains(c) ? ad_mul(y, nn_layer_mask(c, y, o->rate)) : y;
}

static const nn_size gated_copies = NN_OPTION_SIZE(gated_options, times);

static const nn_layer_kind gated = {
    .name = "gated",
    .formula = "x + rate f(x)",
    .fields = NN_FIELDS(gated_fields),
    .options_bytes = sizeof(gated_options),
    .apply = gated_apply,
    .copies = &gated_copies,
};

/* ---- As the library's -------------------------------------------------------------------------------------------- */

static const nn_layer inner[] = {NN_DENSE(.units = 3, .activation = AD_TANH), {.kind = &centre}};

static const nn_layer mixed[] = {
    SCALE(.start = 0.5),
    {.kind = &centre, .name = "middle"},
    SCALE(.start = 2),
    {.kind = &gated, .options = &(const gated_options){.layers = NN_LAYERS(inner), .rate = 0.25}},
};

static nn_network *open_mixed(void)
{
    nn_network *net = nn_network_open(
        t, &(nn_network_options){.layers = NN_LAYERS(mixed), .input = AD_SHAPE(3), .type = AD_F64, .seed = 2});
    expect_ok(t);
    return net;
}

START_TEST(own_kinds_are_in_the_list_with_their_names)
{
    static const struct {
        const char *name;
        const nn_layer_kind *kind;
        int depth;
    } wanted[] = {{"scale_0", &scale, 0},          {"middle", &centre, 0},
                  {"scale_1", &scale, 0},          {"gated", &gated, 0},
                  {"gated/0/dense", &nn_dense, 1}, {"gated/0/centre", &centre, 1},
                  {"gated/1/dense", &nn_dense, 1}, {"gated/1/centre", &centre, 1}};
    nn_network *net = open_mixed();
    ck_assert_uint_eq(nn_network_layer_count(net), COUNT(wanted));
    for (size_t i = 0; i < COUNT(wanted); i++) {
        const nn_network_layer layer = nn_network_layer_at(net, i);
        ck_assert_str_eq(layer.name, wanted[i].name);
        ck_assert_ptr_eq(layer.kind, wanted[i].kind);
        ck_assert_int_eq(layer.depth, wanted[i].depth);
    }
    expect_leaf(part_called(net, "scale_1/gain"), "scale_1/gain", AD_F64, AD_SHAPE(3));
    expect_leaf(part_called(net, "middle/mean"), "middle/mean", AD_F64, AD_SHAPE(3));
    EXPECT(part_called(net, "scale_0/gain"), 1, 1, 1);
    ck_assert_int_eq(nn_network_role(net, 1), NN_STATE);
    const gated_options *o = nn_network_layer_at(net, 3).options;
    ck_assert_int_eq(o->times, 2);
    ck_assert(o->rate == 0.25);
    ck_assert_ptr_null(nn_layer_kind_named("scale"));
    nn_network_close(net);
}
END_TEST

START_TEST(the_summary_has_own_kinds)
{
    nn_network *net = open_mixed();
    FILE *to = shown_open();
    ck_assert_int_eq(nn_print_summary(net, to).status, AD_OK);
    const char *text = shown_close();
    static const char *const parts[] = {"scale_0", "middle", "centre", "gated"};
    for (int i = 0; i < COUNT(parts); i++)
        ck_assert_msg(strstr(text, parts[i]), "%s is missing in\n%s", parts[i], text);
    nn_network_close(net);
}
END_TEST

/* Values and the state by hand. */
START_TEST(a_state_of_ones_own_is_proposed_and_committed)
{
    const nn_layer layer = {.kind = &centre};
    nn_network *net = open_layer(layer, AD_SHAPE(2), AD_F64);
    const ad_tensor mean = part_called(net, "centre/mean");
    const nn_pass pass = nn_training(net, 0);
    const ad_tensor x = ad_input(t, AD_F64, AD_SHAPE(2, 2), (double[]){1, 10, 3, 30});
    const ad_tensor y = nn_run(net, pass, x);
    EXPECT(y, -1, -10, 1, 10);
    EXPECT(mean, 0, 0);
    ad_backward(ad_sum(ad_square(y)));
    nn_step(net, pass, NULL);
    EXPECT(mean, 1, 10);
    ad_reset(t);
    ad_fill(part_called(net, "centre/shift"), 5);
    EXPECT(nn_run(net, nn_inference(net), ad_input(t, AD_F64, AD_SHAPE(1, 2), (double[]){7, 7})), 11, 2);
    nn_run(net, nn_inference(net), ad_input(t, AD_F64, AD_SHAPE(1, 2), (double[]){7, 7}));
    ad_commit(t);
    EXPECT(mean, 1, 10);
    nn_network_close(net);
}
END_TEST

/* y = 3 x is learned by the gain, in a sixth of 0.5 x. */
START_TEST(an_own_kind_is_trained)
{
    const nn_layer layers[] = {SCALE(.start = 0.5)};
    nn_network *net =
        nn_network_open(t, &(nn_network_options){.layers = NN_LAYERS(layers), .input = AD_SHAPE(2), .type = AD_F64});
    for (int64_t step = 0; step < 400; step++) {
        const ad_tensor x = some_input(t, AD_F64, AD_SHAPE(8, 2), (uint64_t)step);
        const nn_pass pass = nn_training(net, step);
        ad_backward(ad_mean(ad_square(ad_sub(nn_run(net, pass, x), ad_scale(x, 3)))));
        nn_step(net, pass, &(nn_optimiser_options){.rule = &nn_gradient_descent, .rate = 1});
        ad_reset(t);
    }
    expect_ok(t);
    EXPECT_NEAR(part_called(net, "scale/gain"), 1e-12, 6, 6);
    nn_network_close(net);
}
END_TEST

typedef struct functional {
    const nn_network *net;
    nn_pass pass;
    ad_tensor q;
} functional;

static ad_tensor record(ad_tape *tape, void *context)
{
    const functional *f = context;
    const ad_tensor y = nn_run(f->net, f->pass, f->q);
    return ad_sum(ad_mul(some_input(tape, AD_F64, ad_shape_of(y), 5), ad_softplus(y)));
}

START_TEST(gradients_of_own_kinds_are_those_of_differences)
{
    nn_network *net = open_mixed();
    stir_parts(net);
    functional f = {net, .q = some_param(t, AD_F64, AD_SHAPE(4, 3), 9, "q")};
    ad_gradcheck_result results[16];
    ck_assert_uint_le(ad_param_count(t), COUNT(results));
    for (int trains = 0; trains < 2; trains++) {
        f.pass = trains ? nn_training(net, 3) : nn_inference(net);
        ck_assert_int_eq(ad_gradcheck(t, record, &f, NULL, results), AD_OK);
        for (size_t i = 0; i < ad_param_count(t); i++)
            ck_assert_msg(results[i].verdict == AD_GRADIENT_RIGHT, "%s: %s", results[i].name,
                          ad_verdict_name(results[i].verdict));
    }
    nn_network_close(net);
}
END_TEST

START_TEST(options_of_own_kinds_are_checked)
{
    static const struct {
        double start;
        const char *said;
    } bad[] = {{-1, "-1"}, {-0.001, "-0.001"}, {(double)NAN, "nan"}, {(double)INFINITY, "inf"}};
    for (int i = 0; i < COUNT(bad); i++) {
        char message[120];
        snprintf(message, sizeof message, "network: scale: start is %s: it must be above 0", bad[i].said);
        EXPECT_REFUSED((nn_layer)SCALE(.start = bad[i].start), AD_SHAPE(4), AD_BAD_VALUE, message);
    }
    nn_network *net = open_layer((nn_layer){.kind = &scale}, AD_SHAPE(4), AD_F64);
    ck_assert(((const scale_options *)nn_network_layer_at(net, 0).options)->start == 1);
    nn_network_close(net);
    EXPECT_REFUSED(((nn_layer){.kind = &centre, .options = &bad}), AD_SHAPE(4), AD_BAD_VALUE,
                   "network: centre: the kind \"centre\" has no options");
}
END_TEST

/* ---- linear: parts that the options leave out, or choose an initialiser for ---------------------------------------
 */

typedef struct linear_options {
    int64_t size;
    nn_initialiser initialiser;
    bool without;
} linear_options;

static const nn_field linear_fields[] = {
    {"size", "of the outputs", NN_FIELD_INTEGER, offsetof(linear_options, size), .range = NN_AT_LEAST(1)}};

static ad_tensor linear_apply(nn_layer_call *c, ad_tensor x)
{
    const ad_tensor y = ad_matmul(x, nn_layer_part(c, 0));
    return ad_is_inert(nn_layer_part(c, 1)) ? y : ad_add(y, nn_layer_part(c, 1));
}

static void linear_shape(nn_layer_call *c, ad_shape *y)
{
    y->dims[0] = ((const linear_options *)nn_layer_options(c))->size;
}

static const nn_part linear_parts[] = {
    {"weights",
     NN_WEIGHT,
     2,
     {NN_INPUT_SIZE(0), NN_OPTION_SIZE(linear_options, size)},
     .initialiser = NN_ONES,
     .chosen_by = offsetof(linear_options, initialiser)},
    {"biases",
     NN_BIAS,
     1,
     {NN_OPTION_SIZE(linear_options, size)},
     .initialiser = NN_ONES,
     .left_out_by = offsetof(linear_options, without)},
};

START_TEST(parts_are_left_out_and_initialised_by_options)
{
    const nn_layer_kind kind = {.name = "own",
                                .fields = NN_FIELDS(linear_fields),
                                .options_bytes = sizeof(linear_options),
                                .parts = linear_parts,
                                .n_parts = COUNT(linear_parts),
                                .shape = linear_shape,
                                .apply = linear_apply};
    const linear_options all = {.size = 2}, some = {.size = 2, .initialiser = NN_ZEROS, .without = true};
    nn_network *one = open_layer((nn_layer){.kind = &kind, .options = &all, .name = "all"}, AD_SHAPE(3), AD_F64);
    nn_network *two = open_layer((nn_layer){.kind = &kind, .options = &some, .name = "some"}, AD_SHAPE(3), AD_F64);
    ck_assert_uint_eq(nn_network_part_count(one), 2);
    ck_assert_uint_eq(nn_network_part_count(two), 1);
    EXPECT(part_called(one, "all/weights"), 1, 1, 1, 1, 1, 1);
    EXPECT(part_called(one, "all/biases"), 1, 1);
    EXPECT(part_called(two, "some/weights"), 0, 0, 0, 0, 0, 0);
    const ad_tensor x = ad_input(t, AD_F64, AD_SHAPE(1, 3), (double[]){1, 2, 3});
    EXPECT(nn_run(one, nn_inference(one), x), 7, 7);
    EXPECT(nn_run(two, nn_inference(two), x), 0, 0);
    nn_network_close(one);
    nn_network_close(two);
    EXPECT_REFUSED(
        ((nn_layer){.kind = &kind, .options = &(linear_options){.size = 2, .initialiser = (nn_initialiser)77}}),
        AD_SHAPE(3), AD_BAD_VALUE, "network: own: the initialiser 77 of its weights is none");
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, own_kinds_are_in_the_list_with_their_names);
    tcase_add_test(tests, the_summary_has_own_kinds);
    tcase_add_test(tests, a_state_of_ones_own_is_proposed_and_committed);
    tcase_add_test(tests, an_own_kind_is_trained);
    tcase_add_test(tests, gradients_of_own_kinds_are_those_of_differences);
    tcase_add_test(tests, options_of_own_kinds_are_checked);
    tcase_add_test(tests, parts_are_left_out_and_initialised_by_options);
}

int main(void) { return run_on_one_tape("own_kind", add_tests); }
