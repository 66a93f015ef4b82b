/* Activations, dense and flat layers, against math.h and plain loops in f64. */
#include <math.h>
#include <stdio.h>

#include "../support/one_layer.h"

static void expect_number(double got, double wanted, double tolerance, const char *what, size_t i)
{
    ck_assert_msg(fabs(got - wanted) <= tolerance, "%s: element %zu is %.17g instead of %.17g", what, i, got, wanted);
}

/* ---- Activations ------------------------------------------------------------------------------------------------- */

static double relu(double x) { return x > 0 ? x : 0; }
static double logistic(double x) { return 1 / (1 + exp(-x)); }
static double elu(double x) { return x > 0 ? x : expm1(x); }
static double softplus(double x) { return fmax(x, 0) + log1p(exp(-fabs(x))); }
static double identity(double x) { return x; }

static const struct {
    ad_activation number;
    const char *name;
    double (*value)(double x);
} activations[] = {
    {AD_RELU, "relu", relu}, {AD_LOGISTIC, "logistic", logistic}, {AD_TANH, "tanh", tanh},
    {AD_ELU, "elu", elu},    {AD_SOFTPLUS, "softplus", softplus}, {AD_IDENTITY, "identity", identity},
};

START_TEST(activations_have_names)
{
    ck_assert_uint_eq(COUNT(activations), AD_ACTIVATION_COUNT - 1);
    ck_assert_str_eq(nn_activation_name((ad_activation)0), "relu");
    for (size_t i = 0; i < COUNT(activations); i++) {
        ck_assert_str_eq(nn_activation_name(activations[i].number), activations[i].name);
        ck_assert_int_eq(nn_activation_named(activations[i].name), activations[i].number);
    }
}
END_TEST

START_TEST(unknown_activations_are_refused)
{
    static const char *const names[] = {NULL, "", "rel", "relu ", "Relu", "sigmoid", "unknown activation"};
    for (size_t i = 0; i < COUNT(names); i++)
        ck_assert_int_eq(nn_activation_named(names[i]), AD_ACTIVATION_COUNT);
    static const int numbers[] = {-1, AD_ACTIVATION_COUNT, 77};
    for (size_t i = 0; i < COUNT(numbers); i++) {
        ck_assert_str_eq(nn_activation_name((ad_activation)numbers[i]), "unknown activation");
        ad_tensor x = ad_input(t, AD_F32, AD_SHAPE(2), NULL);
        ck_assert(ad_is_inert(nn_activate(x, (ad_activation)numbers[i])));
        char message[80];
        snprintf(message, sizeof message, "activate: %d is no activation: use AD_RELU or another of the list",
                 numbers[i]);
        expect_error_with(t, AD_BAD_VALUE, message, "");
    }
    ck_assert(ad_is_inert(nn_activate((ad_tensor){0}, AD_TANH)));
    ck_assert(ad_is_inert(nn_activate((ad_tensor){0}, (ad_activation)77)));
}
END_TEST

/* Both sides of each kink, the kink itself, and values where a careless formula overflows. */
START_TEST(activations_are_those_of_math_h)
{
    static const double x[] = {-700, -30, -2.5, -1, -0.001953125, 0, 0.001953125, 0.5, 1, 3.25, 30, 700};
    const size_t n = COUNT(x);
    for (int type = AD_F32; type <= AD_F64; type++) {
        ad_tensor y = nn_activate(input_of((ad_type)type, AD_SHAPE(3, 4), x), activations[_i].number);
        expect_ok(t);
        ck_assert_uint_eq(ad_size_of(y), n);
        ck_assert_int_eq(ad_type_of(y), (ad_type)type);
        for (size_t i = 0; i < n; i++) {
            const double wanted = activations[_i].value(x[i]);
            const double tolerance = type == AD_F32 ? 1e-6 * fabs(wanted) + 1e-38 : 1e-14 * fabs(wanted);
            expect_number(number_at(y, i), wanted, tolerance, activations[_i].name, i);
        }
    }
}
END_TEST

START_TEST(choices_of_activations_are_their_names)
{
    ck_assert_str_eq(nn_activation_choice(AD_ACTIVATION_DEFAULT), "");
    for (int i = 0; i < COUNT(activations); i++)
        ck_assert_str_eq(nn_activation_choice((int)activations[i].number), activations[i].name);
    ck_assert_ptr_null(nn_activation_choice(AD_ACTIVATION_COUNT));
    ck_assert_ptr_null(nn_activation_choice(-1));
}
END_TEST

/* ---- Functions --------------------------------------------------------------------------------------------------- */

static double leaky(double x) { return x > 0 ? x : 0.01 * x; }
static double selu(double x)
{
    return 1.0507009873554804934193349852946 * (x > 0 ? x : 1.6732632423543772848170429916717 * expm1(x));
}
static double gelu(double x) { return (double)(0.5L * (long double)x * erfcl(-(long double)x / sqrtl(2))); }
static double silu(double x) { return x / (1 + exp(-x)); }
static double log_logistic(double x) { return fmin(x, 0) - log1p(exp(-fabs(x))); }
static double hardtanh(double x) { return fmax(-1, fmin(1, x)); }
static double step(double x) { return x >= 0; }

static const struct {
    const char *name;
    double (*value)(double x);
} functions[NN_FUNCTION_COUNT] = {
    [NN_FUNCTION_DEFAULT] = {"", relu},
    [NN_RELU] = {"relu", relu},
    [NN_LEAKY_RELU] = {"leaky_relu", leaky},
    [NN_ELU] = {"elu", elu},
    [NN_SELU] = {"selu", selu},
    [NN_GELU] = {"gelu", gelu},
    [NN_SILU] = {"silu", silu},
    [NN_SOFTPLUS] = {"softplus", softplus},
    [NN_LOGISTIC] = {"logistic", logistic},
    [NN_LOG_LOGISTIC] = {"log_logistic", log_logistic},
    [NN_TANH] = {"tanh", tanh},
    [NN_HARDTANH] = {"hardtanh", hardtanh},
    [NN_STEP] = {"step", step},
    [NN_IDENTITY] = {"identity", identity},
};

START_TEST(functions_are_those_of_math_h)
{
    static const double x[] = {-700, -30, -2.5, -1, -0.001953125, 0, 0.001953125, 0.5, 1, 3.25, 30, 700};
    nn_network *net = open_layer((nn_layer)NN_ACTIVATION(.function = (nn_function)_i), AD_SHAPE(12), AD_F64);
    ck_assert_str_eq(nn_function_name(_i), functions[_i].name);
    for (int trains = 0; trains < 2; trains++) {
        const nn_pass pass = trains ? nn_training(net, 0) : nn_inference(net);
        const ad_tensor y = nn_run(net, pass, ad_input(t, AD_F64, AD_SHAPE(1, 12), x));
        expect_shape(y, AD_SHAPE(1, 12));
        for (size_t i = 0; i < COUNT(x); i++) {
            const double wanted = functions[_i].value(x[i]);
            expect_number(number_at(y, i), wanted, 1e-14 * fabs(wanted) + 1e-300, functions[_i].name, i);
        }
    }
    nn_network_close(net);
}
END_TEST

START_TEST(a_leaky_relu_has_the_slope_of_its_option)
{
    nn_network *net =
        open_layer((nn_layer)NN_ACTIVATION(.function = NN_LEAKY_RELU, .slope = -0.5), AD_SHAPE(3), AD_F64);
    EXPECT(nn_run(net, nn_inference(net), ad_input(t, AD_F64, AD_SHAPE(1, 3), (double[]){-4, 0, 4})), 2, 0, 4);
    nn_network_close(net);
    ck_assert_ptr_null(nn_function_name(-1));
    ck_assert_ptr_null(nn_function_name(NN_FUNCTION_COUNT));
}
END_TEST

/* ---- Dense ------------------------------------------------------------------------------------------------------- */

enum { N = 4, D = 3, H = 5 };

static nn_network *open_dense(ad_type type, nn_dense_options o)
{
    o.units = H;
    nn_network *net = open_layer((nn_layer){.kind = &nn_dense, .options = &o, .name = "hidden"}, AD_SHAPE(D), type);
    stir_parts(net); /* zero biases would hide that they are forgotten */
    return net;
}

static void expect_plain_loops(const nn_network *net, const double *x, int activation, bool has_biases)
{
    const ad_tensor w = part_called(net, "hidden/weights");
    const bool narrow = ad_type_of(w) == AD_F32;
    const ad_tensor y = nn_run(net, nn_inference(net), input_of(ad_type_of(w), AD_SHAPE(N, D), x));
    expect_shape(y, AD_SHAPE(N, H));
    for (size_t i = 0; i < N * H; i++) {
        double z = has_biases ? number_at(part_called(net, "hidden/biases"), i % H) : 0;
        for (size_t j = 0; j < D; j++)
            z += x[i / H * D + j] * number_at(w, j * H + i % H);
        expect_number(number_at(y, i), activations[activation].value(z), (narrow ? 1e-6 : 1e-14) * fmax(1, fabs(z)),
                      activations[activation].name, i);
    }
}

START_TEST(dense_layers_are_plain_loops)
{
    double x[N * D];
    fill_with_some(x, COUNT(x), 1);
    for (int type = AD_F32; type <= AD_F64; type++)
        for (int without = 0; without < 2; without++) {
            nn_network *net = open_dense(
                (ad_type)type, (nn_dense_options){.activation = activations[_i].number, .without_biases = without});
            ck_assert_uint_eq(nn_network_part_count(net), without ? 1 : 2);
            expect_plain_loops(net, x, _i, !without);
            nn_network_close(net);
            close_tape();
            open_tape();
        }
}
END_TEST

/* Options that are left out: a dense layer is linear, the kind `activation` is relu. */
START_TEST(zero_is_identity_in_dense_layers_and_relu_in_activations)
{
    const double x[] = {-2, 3};
    const nn_layer layers[] = {NN_DENSE(.units = 1, .initialiser = NN_ONES), {.kind = &nn_activation}};
    nn_network *net = nn_network_open(
        t, &(nn_network_options){.layers = {layers, 1}, .input = AD_SHAPE(1), .type = AD_F64, .name = "one"});
    nn_network *both =
        nn_network_open(t, &(nn_network_options){.layers = {layers, 2}, .input = AD_SHAPE(1), .type = AD_F64});
    const ad_tensor in = ad_input(t, AD_F64, AD_SHAPE(2, 1), x);
    EXPECT(nn_run(net, nn_inference(net), in), -2, 3);
    EXPECT(nn_run(both, nn_inference(both), in), 0, 3);
    const nn_dense_options *dense = nn_network_layer_at(both, 0).options;
    ck_assert_int_eq(dense->activation, AD_IDENTITY);
    const nn_activation_options *activation = nn_network_layer_at(both, 1).options;
    ck_assert_int_eq(activation->function, NN_RELU);
    ck_assert(activation->slope == 0.01);
    nn_network_close(net);
    nn_network_close(both);
}
END_TEST

/* The weights by default, and by each initialiser, are those of nn_initialise at the network's seed and first stream.
 */
START_TEST(dense_layers_begin_with_their_initialiser)
{
    for (int i = 0; i < NN_INITIALISER_COUNT; i++) {
        nn_network *net =
            open_layer((nn_layer)NN_DENSE(.units = H, .initialiser = (nn_initialiser)i), AD_SHAPE(D), real);
        const ad_tensor w = ad_param(t, real, AD_SHAPE(D, H), NULL, "w");
        nn_initialise(w, i ? (nn_initialiser)i : NN_GLOROT_UNIFORM, 5, ad_stream(AD_STREAM_WEIGHTS, 0));
        expect_same_bits(part_called(net, "dense/weights"), w);
        EXPECT(part_called(net, "dense/biases"), 0, 0, 0, 0, 0);
        nn_network_close(net);
        close_tape();
        open_tape();
    }
}
END_TEST

/* ---- flatten, residual, repeat ----------------------------------------------------------------------------------- */

START_TEST(flatten_keeps_the_order)
{
    double x[2 * 12];
    fill_with_some(x, COUNT(x), 1);
    nn_network *net = open_layer((nn_layer)NN_FLATTEN(), AD_SHAPE(2, 3, 2), AD_F64);
    const ad_tensor y = nn_run(net, nn_inference(net), ad_input(t, AD_F64, AD_SHAPE(2, 2, 3, 2), x));
    expect_shape(y, AD_SHAPE(2, 12));
    ck_assert_mem_eq(ad_f64(y), x, sizeof x);
    nn_network_close(net);
}
END_TEST

static const nn_layer doubled[] = {NN_ACTIVATION(.function = NN_LEAKY_RELU, .slope = 2)};

START_TEST(residual_adds_x)
{
    nn_network *net = open_layer((nn_layer)NN_RESIDUAL(doubled), AD_SHAPE(3), AD_F64);
    EXPECT(nn_run(net, nn_inference(net), ad_input(t, AD_F64, AD_SHAPE(1, 3), (double[]){-4, 0, 4})), -12, 0, 8);
    nn_network_close(net);
}
END_TEST

/* -1, doubled five times. */
START_TEST(repeat_applies_its_list_again_and_again)
{
    nn_network *net = open_layer((nn_layer)NN_REPEAT(5, doubled), AD_SHAPE(2), AD_F64);
    EXPECT(nn_run(net, nn_inference(net), ad_input(t, AD_F64, AD_SHAPE(1, 2), (double[]){-1, 4})), -32, 4);
    ck_assert_uint_eq(nn_network_layer_count(net), 6);
    ck_assert_str_eq(nn_network_layer_at(net, 5).name, "repeat/4/activation");
    nn_network_close(net);
}
END_TEST

/* ---- Streams ----------------------------------------------------------------------------------------------------- */

enum { ROWS = 64, ELEMENTS = ROWS * ROWS };

/* The weights of two dense layers in one network of this seed. */
static void weights_of_seed(uint64_t seed, double first[ELEMENTS], double second[ELEMENTS])
{
    const nn_layer layers[] = {NN_DENSE(.units = ROWS), NN_DENSE(.units = ROWS)};
    ad_tape *own = ad_tape_open(NULL);
    nn_network *net = nn_network_open(
        own, &(nn_network_options){.layers = NN_LAYERS(layers), .input = AD_SHAPE(ROWS), .type = AD_F64, .seed = seed});
    expect_ok(own);
    memcpy(first, ad_f64(nn_network_part(net, 0)), ELEMENTS * sizeof *first);
    memcpy(second, ad_f64(nn_network_part(net, 2)), ELEMENTS * sizeof *second);
    nn_network_close(net);
    ad_tape_close(own);
}

/* The share of places where two sets of numbers lie on the same side of 0. */
static double agreement(const double *a, const double *b)
{
    int same = 0;
    for (int i = 0; i < ELEMENTS; i++)
        same += (a[i] > 0) == (b[i] > 0);
    return (double)same / ELEMENTS;
}

static void take(double to[ELEMENTS], ad_tensor x) { memcpy(to, ad_f64(x), ELEMENTS * sizeof *to); }

/* Weights, draws and masks of one seed, each by its first stream, have nothing in common: they agree in half of 4,096
 * places, to within five deviations. */
START_TEST(weights_and_draws_of_a_seed_differ)
{
    enum { SETS = 9 };
    static double x[SETS][ELEMENTS];
    const ad_shape shape = AD_SHAPE(ROWS, ROWS);
    const nn_layer layers[] = {NN_DROPOUT(0.5), NN_DROPOUT(0.5)};
    const ad_tensor half = ad_full(t, AD_F64, shape, 0.5), own = ad_param(t, AD_F64, shape, NULL, "own");
    ad_fill_uniform(own, (const double[]){-1, 1}, 3, 0);
    weights_of_seed(3, x[0], x[1]);
    weights_of_seed(4, x[2], x[3]);
    take(x[4], own);
    ad_set_draw_count(t, 0);
    take(x[5], ad_sub(ad_uniform(t, AD_F64, shape, 3), half));
    ad_set_draw_count(t, 0);
    take(x[6], ad_normal(t, AD_F64, shape, 3));
    ad_set_draw_count(t, 0);
    take(x[7], ad_dropout_mask(half, 0.5, 3));
    nn_network *net = nn_network_open(
        t, &(nn_network_options){.layers = {layers, 1}, .input = AD_SHAPE(ROWS), .type = AD_F64, .seed = 3});
    take(x[8], nn_run(net, nn_training(net, 0), half));
    nn_network_close(net);
    expect_ok(t);
    for (int i = 0; i < SETS; i++)
        for (int k = 0; k < i; k++)
            ck_assert_msg(fabs(agreement(x[i], x[k]) - 0.5) < 2.5 / ROWS, "sets %d and %d agree in %g", i, k,
                          agreement(x[i], x[k]));
}
END_TEST

/* The type rounds the weights and does not choose them. */
START_TEST(weights_depend_on_the_seed_alone)
{
    static double a[2][ELEMENTS], b[2][ELEMENTS];
    weights_of_seed(3, a[0], a[1]);
    weights_of_seed(3, b[0], b[1]);
    ck_assert_mem_eq(a, b, sizeof a);
    const nn_layer layers[] = {NN_DENSE(.units = ROWS)};
    nn_network *net =
        nn_network_open(t, &(nn_network_options){.layers = NN_LAYERS(layers), .input = AD_SHAPE(ROWS), .seed = 3});
    for (int i = 0; i < ELEMENTS; i++)
        ck_assert((float)a[0][i] == ad_f32(nn_network_part(net, 0))[i]);
    nn_network_close(net);
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, activations_have_names);
    tcase_add_test(tests, unknown_activations_are_refused);
    tcase_add_loop_test(tests, activations_are_those_of_math_h, 0, COUNT(activations));
    tcase_add_test(tests, choices_of_activations_are_their_names);
    tcase_add_loop_test(tests, functions_are_those_of_math_h, 0, COUNT(functions));
    tcase_add_test(tests, a_leaky_relu_has_the_slope_of_its_option);
    tcase_add_loop_test(tests, dense_layers_are_plain_loops, 0, COUNT(activations));
    tcase_add_test(tests, zero_is_identity_in_dense_layers_and_relu_in_activations);
    tcase_add_test(tests, dense_layers_begin_with_their_initialiser);
    tcase_add_test(tests, flatten_keeps_the_order);
    tcase_add_test(tests, residual_adds_x);
    tcase_add_test(tests, repeat_applies_its_list_again_and_again);
    tcase_add_test(tests, weights_and_draws_of_a_seed_differ);
    tcase_add_test(tests, weights_depend_on_the_seed_alone);
}

int main(void) { return run_on_one_tape("layers", add_tests); }
