/* Updating a network: groups, decay, and steps that fail. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gradtape/network.h>

#include "../support/one_tape.h"

static const nn_layer inner[] = {NN_DENSE(.units = 3, .activation = AD_TANH)};
static const nn_layer layers[] = {
    NN_DENSE(.units = 3, .activation = AD_TANH),
    NN_BATCH_NORM(.momentum = 0.5),
    {.kind = &nn_residual, .name = "body", .group = "body", .options = &(const nn_residual_options){NN_LAYERS(inner)}},
    NN_LAYER_NORM(.epsilon = 1e-3),
    NN_DENSE(.units = 1),
};

/* Parts by their number. */
enum { W0, B0, GAIN, BIAS, MEAN, VARIANCE, W1, B1, NORM_GAIN, NORM_BIAS, W2, B2, PARTS };

static const nn_optimiser_options plain = {.rule = &nn_gradient_descent, .rate = 0.125};

/* A network whose gains and biases are not at 0 or 1, with this group and that of the residual layer. */
static nn_network *open_with(ad_type type, const nn_group *first, const nn_group *body)
{
    nn_group groups[2] = {{.name = "body"}, {.name = "unused"}};
    size_t n = 0;
    if (first)
        groups[n++] = *first;
    groups[n] = body ? *body : (nn_group){0};
    groups[n++].name = "body";
    const nn_network_options o = {
        .layers = NN_LAYERS(layers), .input = AD_SHAPE(2), .type = type, .seed = 4, .groups = groups, .n_groups = n};
    nn_network *net = nn_network_open(t, &o);
    expect_ok(t);
    for (size_t i = 0; i < PARTS; i++)
        if (nn_network_role(net, i) == NN_BIAS || nn_network_role(net, i) == NN_GAIN)
            ad_fill_uniform(nn_network_part(net, i), (const double[]){0.5, 1.5}, 9, i);
    return net;
}

/* A step as far as the gradients. */
static nn_pass sweep(nn_network *net, int64_t step)
{
    const nn_pass pass = nn_training(net, step);
    const ad_type type = ad_type_of(nn_network_part(net, W0));
    ad_backward(ad_mean(ad_square(nn_run(net, pass, some_input(t, type, AD_SHAPE(6, 2), 1 + (uint64_t)step)))));
    expect_ok(t);
    return pass;
}

/* A tape of its own for each network, so that names do not meet. */
typedef struct stepped {
    snapshot before[PARTS], after[PARTS], gradient[PARTS];
    bool has_gradient[PARTS];
} stepped;

static stepped step_with(ad_type type, const nn_group *first, const nn_group *body, const nn_optimiser_options *o)
{
    stepped s;
    ad_tape *outer = t;
    t = ad_tape_open(NULL);
    nn_network *net = open_with(type, first, body);
    for (size_t i = 0; i < PARTS; i++)
        s.before[i] = snapshot_of(nn_network_part(net, i));
    const nn_pass pass = sweep(net, 0);
    for (size_t i = 0; i < PARTS; i++) {
        const ad_tensor x = nn_network_part(net, i);
        s.has_gradient[i] = ad_has_gradient(x);
        s.gradient[i] = s.has_gradient[i] ? snapshot_of(ad_gradient(x)) : (snapshot){0, NULL};
    }
    ck_assert_int_eq(nn_step(net, pass, o), AD_OK);
    for (size_t i = 0; i < PARTS; i++)
        s.after[i] = snapshot_of(nn_network_part(net, i));
    expect_ok(t);
    nn_network_close(net);
    ad_tape_close(t);
    t = outer;
    return s;
}

static void free_step(stepped *s)
{
    for (size_t i = 0; i < PARTS; i++) {
        free(s->before[i].data);
        free(s->after[i].data);
        free(s->gradient[i].data);
    }
}

static bool is_same(snapshot a, snapshot b) { return a.bytes == b.bytes && memcmp(a.data, b.data, a.bytes) == 0; }

/* What gradient descent makes of a part: (1 - share) x - rate dx, rounded as the types round. */
static void expect_descended(const stepped *s, size_t i, ad_type type, double rate, double share)
{
    for (size_t k = 0; k < s->before[i].bytes / ad_type_bytes(type); k++)
        if (type == AD_F32) {
            const float *x = s->before[i].data, *dx = s->gradient[i].data, *y = s->after[i].data;
            const volatile float shrunk = share > 0 ? x[k] * (float)(1 - share) : x[k];
            const double exact = (double)shrunk - (double)(float)rate * (double)dx[k];
            ck_assert_double_le(fabs((double)y[k] - exact), 1.2e-7 * (fabs(exact) + rate * fabs((double)dx[k])));
        } else {
            const double *x = s->before[i].data, *dx = s->gradient[i].data, *y = s->after[i].data;
            const double exact = (share > 0 ? x[k] * (1 - share) : x[k]) - rate * dx[k];
            ck_assert_double_le(fabs(y[k] - exact), 2.3e-16 * (fabs(exact) + rate * fabs(dx[k])));
        }
}

/* ---- Factors ----------------------------------------------------------------------------------------------------- */

/* The same bits as if the optimiser had that rate; other parts as without a group. */
REAL_TEST(a_rate_of_2_is_a_rate_of_2)
const nn_optimiser_options twice = {.rule = &nn_gradient_descent, .rate = 0.25};
stepped one = step_with(real, NULL, NULL, &plain), two = step_with(real, NULL, NULL, &twice);
stepped factor = step_with(real, NULL, &(nn_group){.rate = 2}, &plain);
for (size_t i = 0; i < PARTS; i++) {
    ck_assert(is_same(factor.after[i], i == W1 || i == B1 ? two.after[i] : one.after[i]));
    ck_assert(!is_same(one.after[i], one.before[i]));
    if (i != MEAN && i != VARIANCE)
        expect_descended(&factor, i, real, i == W1 || i == B1 ? 0.25 : 0.125, 0);
}
free_step(&one);
free_step(&two);
free_step(&factor);
END_REAL_TEST

/* What descent makes of a part whose gradient has l1 sign(x) + l2 x more, times the factor. */
static void expect_penalised(const stepped *s, size_t i, ad_type type, const nn_optimiser_options *o, double factor)
{
    for (size_t k = 0; k < s->before[i].bytes / ad_type_bytes(type); k++) {
        const bool is_f32 = type == AD_F32;
        const double x = is_f32 ? (double)((float *)s->before[i].data)[k] : ((double *)s->before[i].data)[k];
        const double dx = is_f32 ? (double)((float *)s->gradient[i].data)[k] : ((double *)s->gradient[i].data)[k];
        const double y = is_f32 ? (double)((float *)s->after[i].data)[k] : ((double *)s->after[i].data)[k];
        const double sign = x > 0 ? 1 : x < 0 ? -1 : 0;
        const double wanted = x - o->rate * (dx + factor * (o->l1 * sign + o->l2 * x));
        ck_assert_msg(fabs(y - wanted) <= (is_f32 ? 5e-7 : 1e-15) * (1 + fabs(dx)), "part %zu: %g, not %g", i, y,
                      wanted);
    }
}

REAL_TEST(the_factor_on_decay_holds_for_l1_and_l2)
static const nn_group groups[] = {{0}, {.decay = 2}, {.decay = NN_NO_DECAY}};
static const double of_weights[] = {1, 2, 0}, of_biases[] = {0, 2, 0};
const nn_optimiser_options o = {.rule = &nn_gradient_descent, .rate = 0.125, .l1 = 0.25, .l2 = 0.5};
for (int way = 0; way < 3; way++) {
    stepped s = step_with(real, NULL, &groups[way], &o);
    expect_penalised(&s, W0, real, &o, 1);
    expect_penalised(&s, B0, real, &o, 0);
    expect_penalised(&s, W1, real, &o, of_weights[way]);
    expect_penalised(&s, B1, real, &o, of_biases[way]);
    free_step(&s);
}
END_REAL_TEST

REAL_TEST(a_rate_of_a_half_is_half_a_rate)
const nn_optimiser_options half = {.rule = &nn_gradient_descent, .rate = 0.0625};
stepped whole = step_with(real, NULL, NULL, &half);
stepped factor = step_with(real, NULL, &(nn_group){.rate = 0.5}, &plain);
ck_assert(is_same(factor.after[W1], whole.after[W1]) && is_same(factor.after[B1], whole.after[B1]));
free_step(&whole);
free_step(&factor);
END_REAL_TEST

/* Adagrad's state begins at the same value, whatever the rate is. */
REAL_TEST(a_rate_of_2_for_adagrad)
stepped two = step_with(real, NULL, NULL, &(nn_optimiser_options){.rate = 0.1});
stepped factor = step_with(real, NULL, &(nn_group){.rate = 2}, &(nn_optimiser_options){.rate = 0.05});
ck_assert(is_same(factor.after[W1], two.after[W1]) && is_same(factor.after[B1], two.after[B1]));
ck_assert(!is_same(factor.after[W0], two.after[W0]));
free_step(&two);
free_step(&factor);
END_REAL_TEST

/* Weights, and with a factor biases and gains too. */
REAL_TEST(weights_decay)
const nn_optimiser_options decaying = {.rule = &nn_gradient_descent, .rate = 0.125, .decay = 0.5};
stepped s = step_with(real, NULL, &(nn_group){.decay = 2}, &decaying);
for (size_t i = 0; i < PARTS; i++)
    if (i != MEAN && i != VARIANCE)
        expect_descended(&s, i, real, 0.125, i == W0 || i == W2 ? 0.0625 : i == W1 || i == B1 ? 0.125 : 0);
free_step(&s);
s = step_with(real, &(nn_group){.pattern = "dense_1/*", .decay = NN_NO_DECAY}, &(nn_group){.rate = 2}, &decaying);
expect_descended(&s, W0, real, 0.125, 0.0625);
expect_descended(&s, W1, real, 0.25, 0.125);
expect_descended(&s, B1, real, 0.25, 0);
expect_descended(&s, W2, real, 0.125, 0);
free_step(&s);
s = step_with(real, &(nn_group){.pattern = "*gain", .decay = 3}, NULL, &decaying);
expect_descended(&s, GAIN, real, 0.125, 0.1875);
expect_descended(&s, NORM_GAIN, real, 0.125, 0.1875);
expect_descended(&s, BIAS, real, 0.125, 0);
free_step(&s);
END_REAL_TEST

START_TEST(a_decay_above_1_is_refused)
{
    nn_network *net = open_with(AD_F64, NULL, &(nn_group){.rate = 2, .decay = 2});
    const nn_pass pass = sweep(net, 0);
    snapshot before[PARTS];
    for (size_t i = 0; i < PARTS; i++)
        before[i] = snapshot_of(nn_network_part(net, i));
    nn_optimiser_options o = {.rule = &nn_gradient_descent, .rate = 0.5, .decay = 0.75};
    ck_assert_int_eq(nn_step(net, pass, &o), AD_BAD_VALUE);
    expect_error(t, AD_BAD_VALUE,
                 "optimiser: the rate times the decay must be at most 1, with the factors of groups too");
    for (size_t i = 0; i < PARTS; i++)
        expect_unchanged(nn_network_part(net, i), before[i]);
    o.decay = 0.5; /* exactly 1: weights become - rate dx */
    ck_assert_int_eq(nn_step(net, pass, &o), AD_OK);
    nn_network_close(net);
}
END_TEST

/* ---- Frozen groups ----------------------------------------------------------------------------------------------- */

static void expect_frozen(const nn_group *first, const nn_group *body, const bool frozen[PARTS])
{
    stepped s = step_with(AD_F64, first, body, &plain);
    for (size_t i = 0; i < PARTS; i++) {
        ck_assert_msg(is_same(s.after[i], s.before[i]) == frozen[i], "part %zu", i);
        ck_assert(s.has_gradient[i] == (!frozen[i] && i != MEAN && i != VARIANCE));
    }
    free_step(&s);
}

START_TEST(frozen_parts_stay)
{
    expect_frozen(NULL, &(nn_group){.frozen = true}, (const bool[PARTS]){[W1] = true, [B1] = true});
    expect_frozen(&(nn_group){.pattern = "batch_norm/*", .frozen = true}, NULL,
                  (const bool[PARTS]){[GAIN] = true, [BIAS] = true, [MEAN] = true, [VARIANCE] = true});
    expect_frozen(&(nn_group){.pattern = "*/running_mean", .frozen = true}, NULL, (const bool[PARTS]){[MEAN] = true});
    expect_frozen(&(nn_group){.pattern = "dense_0*", .frozen = true}, NULL,
                  (const bool[PARTS]){[W0] = true, [B0] = true});
}
END_TEST

START_TEST(all_frozen)
{
    nn_network *net = nn_network_open(t, &(nn_network_options){.layers = {layers, 2},
                                                               .input = AD_SHAPE(2),
                                                               .groups = &(nn_group){.pattern = "*", .frozen = true},
                                                               .n_groups = 1});
    for (size_t i = 0; i < nn_network_part_count(net); i++)
        ck_assert(nn_network_is_frozen(net, i));
    const ad_tensor x = ad_variable(t, AD_F32, AD_SHAPE(2, 2), (const float[]){1, 2, 3, 5});
    const snapshot mean = snapshot_of(nn_network_part(net, MEAN));
    ad_backward(ad_sum(ad_square(nn_run(net, nn_training(net, 0), x))));
    ck_assert(ad_has_gradient(x));
    ck_assert_int_eq(nn_step(net, nn_training(net, 0), NULL), AD_OK);
    expect_unchanged(nn_network_part(net, MEAN), mean);
    ck_assert_uint_eq(ad_kept_count(t), nn_network_part_count(net)); /* no slots */
    nn_network_close(net);
    expect_ok(t);
}
END_TEST

/* Where only parameters are frozen, states are still taken over. */
START_TEST(all_parameters_frozen)
{
    const nn_group groups[] = {{.pattern = "*/running_*"}, {.pattern = "*", .frozen = true}};
    nn_network *net = nn_network_open(
        t, &(nn_network_options){
               .layers = {layers, 2}, .input = AD_SHAPE(2), .type = AD_F64, .groups = groups, .n_groups = 2});
    const ad_tensor W = nn_network_part(net, W0);
    ad_fill(W, 1);
    nn_run(net, nn_training(net, 0), MATRIX(2, 2, 0, 0, 0, 0));
    ck_assert_int_eq(nn_step(net, nn_training(net, 0), NULL), AD_OK);
    EXPECT(nn_network_part(net, MEAN), 0, 0, 0);
    EXPECT(nn_network_part(net, VARIANCE), 0.5, 0.5, 0.5);
    nn_network_close(net);
    expect_ok(t);
}
END_TEST

/* ---- Patterns ---------------------------------------------------------------------------------------------------- */

static const struct {
    const char *pattern;
    bool fits_weights, fits_biases; /* of a layer whose name is "Öl_10" */
} patterns[] = {
    {"*", true, true},
    {"**", true, true},
    {"", false, false},
    {"?", false, false},
    {"*?", true, true},
    {"\xC3\x96l_10/weights", true, false},
    {"\xC3\x96l_10/weight", false, false},
    {"\xC3\x96l_10/weightss", false, false},
    {"?l_10/weights", true, false},
    {"?\?l_10/weights", false, false},
    {"?l_1?/*", true, true},
    {"*/biases", false, true},
    {"*s", true, true},
    {"*ss", false, false},
    {"*1*/*i*s", true, true},
    {"*e*e*e*", false, false},
    {"*gh?s", true, false},
    {"*gh?\?s", false, false},
    {"?\?\?\?\?/weights", true, false},
    {"?\?\?\?\?\?/weights", false, false},
    {"* ", false, false},
    {"*a*e*", false, true},
    {"*i*s*s", false, true},
    {"*l_1*0/*", true, true},
};

START_TEST(patterns_fit_whole_names)
{
    const nn_layer one[] = {
        {.kind = &nn_dense, .name = "\xC3\x96l_10", .options = &(const nn_dense_options){.units = 1}}};
    const nn_group group = {.pattern = patterns[_i].pattern, .frozen = true};
    nn_network *net = nn_network_open(
        t, &(nn_network_options){.layers = NN_LAYERS(one), .input = AD_SHAPE(1), .groups = &group, .n_groups = 1});
    ck_assert(nn_network_is_frozen(net, 0) == patterns[_i].fits_weights);
    ck_assert(nn_network_is_frozen(net, 1) == patterns[_i].fits_biases);
    nn_network_close(net);
    expect_ok(t);
}
END_TEST

/* The first group that fits; a layer's own one before any pattern, also for layers inside it. */
START_TEST(which_group_a_part_belongs_to)
{
    const nn_layer own[] = {{.kind = &nn_dense, .group = "mine", .options = &(const nn_dense_options){.units = 2}},
                            NN_DENSE(.units = 2)};
    const nn_layer list[] = {
        NN_DENSE(.units = 2),
        {.kind = &nn_repeat, .group = "ice", .options = &(const nn_repeat_options){NN_LAYERS(own), .times = 1}},
        {.kind = &nn_dense, .group = "mine", .options = &(const nn_dense_options){.units = 2}},
    };
    const nn_group groups[] = {{.name = "mine", .pattern = "dense_0/weights"},
                               {.name = "ice", .pattern = "dense_0/*", .frozen = true},
                               {.name = "mine", .pattern = "*", .frozen = true}};
    nn_network *net = nn_network_open(
        t, &(nn_network_options){.layers = NN_LAYERS(list), .input = AD_SHAPE(2), .groups = groups, .n_groups = 3});
    static const bool frozen[] = {false, true, false, false, true, true, false, false};
    ck_assert_uint_eq(nn_network_part_count(net), COUNT(frozen));
    for (size_t i = 0; i < COUNT(frozen); i++)
        ck_assert_msg(nn_network_is_frozen(net, i) == frozen[i], "%s", ad_name_of(nn_network_part(net, i)));
    nn_network_close(net);
    expect_ok(t);
}
END_TEST

/* ---- Steps that fail --------------------------------------------------------------------------------------------- */

START_TEST(a_pass_for_inference_is_refused)
{
    nn_network *net = open_with(AD_F64, NULL, NULL);
    sweep(net, 0);
    const snapshot before = snapshot_of(nn_network_part(net, W0)), mean = snapshot_of(nn_network_part(net, MEAN));
    ck_assert_int_eq(nn_step(net, nn_inference(net), NULL), AD_BAD_STATE);
    expect_error(t, AD_BAD_STATE, "step: the pass is for inference: make it by nn_training");
    expect_unchanged(nn_network_part(net, W0), before);
    expect_unchanged(nn_network_part(net, MEAN), mean);
    nn_network_close(net);
}
END_TEST

/* The gradients of one layer are missing, or options are out of range: no part changes, not even a state. */
START_TEST(a_step_that_fails_changes_nothing)
{
    static const struct {
        nn_optimiser_options o;
        ad_status status;
        const char *message;
    } fails[] = {
        {{.rate = -1}, AD_BAD_VALUE, "optimiser: rate is -1: it must be above 0"},
        {{.decay = -1}, AD_BAD_VALUE, "optimiser: decay is -1: it must be at least 0"},
        {{.beta1 = 0.9}, AD_BAD_VALUE, "beta1 is an option of adam, adamw, adamax, nadam and lion; adagrad does not"},
        {{.rate = 0.1}, AD_NO_GRADIENT, "the gradient of other was not computed"},
    };
    nn_network *net = open_with(AD_F64, NULL, NULL);
    nn_pass pass = nn_training(net, 0);
    const ad_tensor y = nn_run(net, pass, some_input(t, AD_F64, AD_SHAPE(6, 2), 1));
    const bool misses = fails[_i].status == AD_NO_GRADIENT;
    if (!misses)
        ad_backward(ad_sum(ad_square(y)));
    snapshot before[PARTS];
    for (size_t i = 0; i < PARTS; i++)
        before[i] = snapshot_of(nn_network_part(net, i));
    ck_assert_int_eq(nn_step(net, pass, &fails[_i].o), fails[_i].status);
    expect_error_with(t, fails[_i].status, misses ? "dense_0/weights" : fails[_i].message);
    for (size_t i = 0; i < PARTS; i++)
        expect_unchanged(nn_network_part(net, i), before[i]);
    nn_network_close(net);
}
END_TEST

static const nn_layer norm[] = {NN_BATCH_NORM(.momentum = 0.5)};

/* The output does not depend on the second network: its step has no gradients, that of the first has. */
START_TEST(each_network_has_its_own_step)
{
    nn_network *net[2];
    for (int i = 0; i < 2; i++)
        net[i] = nn_network_open(
            t, &(nn_network_options){
                   .layers = NN_LAYERS(norm), .input = AD_SHAPE(2), .type = AD_F64, .name = i ? "b" : "a"});
    const ad_tensor x = some_input(t, AD_F64, AD_SHAPE(6, 2), 1);
    nn_run(net[1], nn_training(net[1], 0), x);
    ad_backward(ad_sum(ad_square(ad_shift(nn_run(net[0], nn_training(net[0], 0), x), 1))));
    const snapshot before = snapshot_of(nn_network_part(net[1], 2));
    ck_assert_int_eq(nn_step(net[1], nn_training(net[1], 0), NULL), AD_NO_GRADIENT);
    expect_error_with(t, AD_NO_GRADIENT, "b/batch_norm/gain");
    expect_unchanged(nn_network_part(net[1], 2), before);
    ck_assert_int_eq(nn_step(net[0], nn_training(net[0], 0), NULL), AD_OK);
    nn_network_close(net[0]);
    nn_network_close(net[1]);
    expect_ok(t);
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    ADD(a_rate_of_2_is_a_rate_of_2);
    ADD(a_rate_of_a_half_is_half_a_rate);
    ADD(the_factor_on_decay_holds_for_l1_and_l2);
    ADD(a_rate_of_2_for_adagrad);
    ADD(weights_decay);
    tcase_add_test(tests, a_decay_above_1_is_refused);
    tcase_add_test(tests, frozen_parts_stay);
    tcase_add_test(tests, all_frozen);
    tcase_add_test(tests, all_parameters_frozen);
    tcase_add_loop_test(tests, patterns_fit_whole_names, 0, COUNT(patterns));
    tcase_add_test(tests, which_group_a_part_belongs_to);
    tcase_add_test(tests, a_pass_for_inference_is_refused);
    tcase_add_loop_test(tests, a_step_that_fails_changes_nothing, 0, 4);
    tcase_add_test(tests, each_network_has_its_own_step);
}

int main(void) { return run_on_one_tape("network_step", add_tests); }
