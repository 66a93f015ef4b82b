/* Activations and dense layers, against math.h and plain loops in f64. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/one_tape.h"

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

/* ---- Parameters -------------------------------------------------------------------------------------------------- */

START_TEST(a_dense_layer_has_weights_and_biases)
{
    nn_dense layer = nn_dense_make(t, &(nn_dense_options){.name = "hiddenlayer_0", .inputs = 3, .units = 5});
    expect_leaf(layer.weights, "hiddenlayer_0/weights", AD_F32, AD_SHAPE(3, 5));
    expect_leaf(layer.biases, "hiddenlayer_0/biases", AD_F32, AD_SHAPE(5));
    ck_assert_int_eq(layer.activation, AD_RELU);
    layer = nn_dense_make(t, &(nn_dense_options){.inputs = 1, .units = 2, .type = AD_F64, .activation = AD_TANH});
    expect_leaf(layer.weights, "dense/weights", AD_F64, AD_SHAPE(1, 2));
    expect_leaf(layer.biases, "dense/biases", AD_F64, AD_SHAPE(2));
    ck_assert_int_eq(layer.activation, AD_TANH);
    ck_assert_uint_eq(ad_kept_count(t), 4);
    expect_ok(t);
}
END_TEST

/* Counts 5,000 weights in ten equal parts of +-sqrt(6 / (d + h)): 500 each, with a standard deviation of 21. */
START_TEST(glorot_fills_its_range)
{
    const double limit = sqrt(6.0 / (100 + 50));
    int parts[10] = {0};
    nn_dense layer =
        nn_dense_make(t, &(nn_dense_options){.inputs = 100, .units = 50, .seed = 1, .stream = (uint64_t)_i});
    const float *w = ad_f32(layer.weights), *b = ad_f32(layer.biases);
    ck_assert(w && b);
    for (int i = 0; i < 5000; i++) {
        ck_assert_double_le(fabs((double)w[i]), limit * (1 + (double)FLT_EPSILON));
        int part = (int)(5 * ((double)w[i] / limit + 1));
        parts[part > 9 ? 9 : part]++;
    }
    for (int i = 0; i < 10; i++)
        ck_assert_msg(abs(parts[i] - 500) < 100, "part %d of the range has %d of 5000 weights", i, parts[i]);
    for (int i = 0; i < 50; i++)
        ck_assert(b[i] == 0);
}
END_TEST

START_TEST(weights_depend_on_seed_and_stream)
{
    static const struct {
        uint64_t seed, stream;
    } keys[] = {{1, 0}, {1, 1}, {2, 0}, {0, 1}, {UINT64_C(1) << 32, 0}, {1, UINT64_C(1) << 32}};
    float w[COUNT(keys)][12];
    for (size_t k = 0; k < COUNT(keys); k++) {
        nn_dense_options o = {.inputs = 3, .units = 4, .seed = keys[k].seed, .stream = keys[k].stream};
        memcpy(w[k], ad_f32(nn_dense_make(t, &o).weights), sizeof w[k]);
        ad_tensor again = nn_dense_make(t, &o).weights;
        ck_assert_mem_eq(ad_f32(again), w[k], sizeof w[k]);
        for (size_t other = 0; other < k; other++)
            ck_assert_mem_ne(w[other], w[k], sizeof w[k]);
        /* The type rounds the numbers and does not choose them. */
        o.type = AD_F64;
        ad_tensor exact = nn_dense_make(t, &o).weights;
        for (size_t i = 0; i < 12; i++)
            ck_assert((float)ad_f64(exact)[i] == w[k][i]);
    }
    expect_ok(t);
}
END_TEST

/* The share of `n` places where two sets of numbers lie on the same side of 0. */
static double agreement(const double *a, const double *b, int n)
{
    int same = 0;
    for (int i = 0; i < n; i++)
        same += (a[i] > 0) == (b[i] > 0);
    return (double)same / n;
}

/* Weights and draws of one seed, each by its first stream, have nothing in common: they agree in half of 4,096 places,
 * to within five deviations. When they shared their words, dropout kept exactly where the weights are positive. */
START_TEST(weights_and_draws_of_a_seed_differ)
{
    enum { ROWS = 64, ELEMENTS = ROWS * ROWS, SETS = 5 };
    double x[SETS][ELEMENTS];
    const ad_shape shape = AD_SHAPE(ROWS, ROWS);
    const nn_dense_options o = {.inputs = ROWS, .units = ROWS, .type = AD_F64, .seed = 3};
    const ad_tensor half = ad_full(t, AD_F64, shape, 0.5), own = ad_param(t, AD_F64, shape, NULL, "own");
    ad_fill_uniform(own, (const double[]){-1, 1}, 3, 0);
    const ad_tensor weights = nn_dense_make(t, &o).weights;
    ad_tensor sets[SETS] = {weights, own};
    ad_set_draw_count(t, 0);
    sets[2] = ad_sub(ad_uniform(t, AD_F64, shape, 3), half);
    ad_set_draw_count(t, 0);
    sets[3] = ad_normal(t, AD_F64, shape, 3);
    ad_set_draw_count(t, 0);
    sets[4] = ad_dropout_mask(half, 0.5, 3);
    expect_ok(t);
    for (int i = 0; i < SETS; i++)
        memcpy(x[i], ad_f64(sets[i]), sizeof x[i]);
    for (int i = 0; i < SETS; i++)
        for (int k = 0; k < i; k++)
            ck_assert_msg(fabs(agreement(x[i], x[k], ELEMENTS) - 0.5) < 2.5 / ROWS, "sets %d and %d agree in %g", i, k,
                          agreement(x[i], x[k], ELEMENTS));
}
END_TEST

/* ---- Values and gradients ---------------------------------------------------------------------------------------- */

enum { N = 4, D = 3, H = 5 };

/* Options and attributes that are left out: {0} opens identity in ad_linear, relu in a layer and in a classifier. */
START_TEST(zero_is_identity_in_linear_and_relu_in_layers)
{
    const double x[] = {-2, 3}, one = 1;
    const ad_tensor w = ad_input(t, AD_F64, AD_SHAPE(1, 1), &one), b = ad_input(t, AD_F64, AD_SHAPE(1), NULL);
    const ad_tensor y = ad_linear(ad_input(t, AD_F64, AD_SHAPE(2, 1), x), w, b, (ad_activation){0});
    ck_assert_mem_eq(ad_f64(y), x, sizeof x);
    const nn_dense layer = {.weights = w, .biases = b};
    const ad_tensor z = nn_dense_apply(&layer, ad_input(t, AD_F64, AD_SHAPE(2, 1), x));
    ck_assert(ad_f64(z)[0] == 0 && ad_f64(z)[1] == 3);
    nn_classifier *c = nn_classifier_open(&(nn_classifier_options){.hidden_units = {2}, .n_classes = 2});
    ck_assert_ptr_nonnull(strstr(nn_classifier_settings(c), "activation = relu"));
    nn_classifier_close(c);
    expect_ok(t);
}
END_TEST

static nn_dense make_layer(ad_type type, ad_activation activation)
{
    nn_dense_options o = {
        .name = "hidden", .inputs = D, .units = H, .type = type, .activation = activation, .seed = 11};
    nn_dense layer = nn_dense_make(t, &o);
    /* Zero biases would hide that they are forgotten. */
    ad_fill_uniform(layer.biases, (const double[]){-1, 1}, 12, 0);
    expect_ok(t);
    return layer;
}

START_TEST(dense_layers_are_plain_loops)
{
    for (int type = AD_F32; type <= AD_F64; type++) {
        double x[N * D];
        fill_with_some(x, COUNT(x), 1);
        nn_dense layer = make_layer((ad_type)type, activations[_i].number);
        ad_tensor y = nn_dense_apply(&layer, input_of((ad_type)type, AD_SHAPE(N, D), x));
        expect_ok(t);
        ck_assert_uint_eq(ad_size_of(y), N * H);
        for (size_t i = 0; i < N * H; i++) {
            double z = number_at(layer.biases, i % H);
            for (size_t j = 0; j < D; j++)
                z += x[i / H * D + j] * number_at(layer.weights, j * H + i % H);
            const double wanted = activations[_i].value(z);
            expect_number(number_at(y, i), wanted, (type == AD_F32 ? 1e-6 : 1e-14) * fmax(1, fabs(z)),
                          activations[_i].name, i);
        }
    }
}
END_TEST

/* A layer above a trainable node, used twice, under a random upstream gradient. */
typedef struct tower {
    nn_dense layer;
    ad_tensor below; /* [N,D] */
    double up[2][N * H];
} tower;

static ad_tensor run_tower(ad_tape *tape, void *context)
{
    tower *w = context;
    ad_tensor x = ad_tanh(w->below);
    ad_tensor first = nn_dense_apply(&w->layer, x), second = nn_dense_apply(&w->layer, ad_square(x));
    ad_tensor up = ad_input(tape, AD_F64, AD_SHAPE(N, H), w->up[0]),
              up_second = ad_input(tape, AD_F64, AD_SHAPE(N, H), w->up[1]);
    return ad_add(ad_sum(ad_mul(up, first)), ad_sum(ad_mul(up_second, second)));
}

START_TEST(dense_layers_have_right_gradients)
{
    double below[N * D];
    tower w = {.layer = make_layer(AD_F64, activations[_i].number)};
    fill_with_some(below, COUNT(below), 2);
    fill_with_some(w.up[0], N * H, 3);
    fill_with_some(w.up[1], N * H, 4);
    w.below = ad_param(t, AD_F64, AD_SHAPE(N, D), below, "below");
    ad_gradcheck_result results[3];
    ck_assert_int_eq(ad_gradcheck(t, run_tower, &w, NULL, results), AD_OK);
    for (size_t i = 0; i < COUNT(results); i++)
        ck_assert_msg(results[i].verdict == AD_GRADIENT_RIGHT,
                      "%s: the gradient of %s is %s: element %zu is %.12g, not %.12g", activations[_i].name,
                      results[i].name, ad_verdict_name(results[i].verdict), results[i].worst, results[i].analytic,
                      results[i].numeric);
}
END_TEST

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

static void expect_refused(const nn_dense_options *options, ad_status status, const char *word, const char *other)
{
    nn_dense layer = nn_dense_make(t, options);
    ck_assert(ad_is_inert(layer.weights) && ad_is_inert(layer.biases));
    expect_error_with(t, status, word, other);
    ck_assert_uint_eq(ad_kept_count(t), 0);
}

START_TEST(bad_options_of_a_dense_layer_are_refused)
{
    expect_refused(NULL, AD_BAD_VALUE, "dense: the options are NULL: inputs and units must be given", "");
    expect_refused(&(nn_dense_options){.inputs = 3}, AD_BAD_SHAPE, "0 units", "at least 1");
    expect_refused(&(nn_dense_options){.inputs = 3, .units = -4}, AD_BAD_SHAPE,
                   "dense: 3 inputs and -4 units: both must be at least 1", "");
    expect_refused(&(nn_dense_options){.units = 3}, AD_BAD_SHAPE, "0 inputs", "at least 1");
    expect_refused(&(nn_dense_options){.inputs = -2, .units = 3}, AD_BAD_SHAPE, "-2 inputs", "at least 1");
    nn_dense_options o = {.inputs = 3, .units = 4, .activation = (ad_activation)9};
    expect_refused(&o, AD_BAD_VALUE, "dense: 9 is no activation: use AD_RELU or another of the list", "");
    o.activation = (ad_activation)-1;
    expect_refused(&o, AD_BAD_VALUE, "-1", "activation");
    o = (nn_dense_options){.inputs = 3, .units = 4, .stream = AD_STREAM_NUMBERS};
    expect_refused(&o, AD_BAD_VALUE, "dense: stream 72057594037927936 is too large: it must be below 2^56", "");
    expect_refused(&(nn_dense_options){.inputs = 3, .units = 4, .type = AD_I32}, AD_BAD_TYPE, "i32", "f32 or f64");
    expect_refused(&(nn_dense_options){.inputs = 3, .units = 4, .type = (ad_type)5}, AD_BAD_TYPE, "5", "AD_F32");
    memory.limit = 1 << 20;
    o = (nn_dense_options){.inputs = INT64_C(1) << 40, .units = INT64_C(1) << 40};
    nn_dense layer = nn_dense_make(t, &o);
    ck_assert(ad_is_inert(layer.weights) && ad_is_inert(layer.biases));
    ck_assert_int_ne(ad_clear_error(t), AD_OK);
    nn_dense_make(t, &(nn_dense_options){.inputs = 3, .units = 4});
    expect_ok(t);
}
END_TEST

START_TEST(a_dense_layer_without_a_tape)
{
    nn_dense layer = nn_dense_make(NULL, &(nn_dense_options){.inputs = 3, .units = 4});
    ck_assert(ad_is_inert(layer.weights) && ad_is_inert(layer.biases));
    layer = nn_dense_make(NULL, NULL);
    ck_assert(ad_is_inert(layer.weights) && ad_is_inert(layer.biases));
    /* The first error is the one that is kept. */
    ad_fail(t, AD_BAD_STATE, "an error from %s", "before");
    expect_refused(&(nn_dense_options){.inputs = 3, .units = 0}, AD_BAD_STATE, "an error from before", "");
    ad_fail(t, AD_BAD_STATE, "an error from %s", "before");
    expect_refused(&(nn_dense_options){.inputs = 3, .units = 4}, AD_BAD_STATE, "an error from before", "");
}
END_TEST

START_TEST(bad_operands_of_a_dense_layer_are_refused)
{
    nn_dense layer = make_layer(AD_F32, AD_RELU);
    ad_tensor x = ad_name(ad_input(t, AD_F32, AD_SHAPE(2, 7), NULL), "pixels");
    ck_assert(ad_is_inert(nn_dense_apply(&layer, x)));
    ck_assert_ptr_nonnull(strstr(ad_message(t), "inner sizes differ"));
    ck_assert_ptr_nonnull(strstr(ad_message(t), "pixels"));
    ck_assert_ptr_nonnull(strstr(ad_message(t), "hidden/weights"));
    expect_error_with(t, AD_BAD_SHAPE, "[2,7]", "[3,5]");
    x = ad_input(t, AD_F32, AD_SHAPE(2, D), NULL);
    ck_assert(ad_is_inert(nn_dense_apply(NULL, x)));
    expect_error_with(t, AD_BAD_HANDLE, "dense: the layer is NULL", "");
    ck_assert(ad_is_inert(nn_dense_apply(&layer, ad_input(t, AD_F64, AD_SHAPE(2, D), NULL))));
    expect_error_with(t, AD_BAD_TYPE, "f64", "f32");
    ck_assert(ad_is_inert(nn_dense_apply(&layer, (ad_tensor){.tape = t})));
    expect_error_with(t, AD_BAD_HANDLE, "inert", "");
    layer.activation = (ad_activation)50;
    ck_assert(ad_is_inert(nn_dense_apply(&layer, x)));
    expect_error_with(t, AD_BAD_VALUE, "50", "activation");
    layer.activation = AD_RELU;
    ck_assert(!ad_is_inert(nn_dense_apply(&layer, x)));
    expect_ok(t);
}
END_TEST

/* Makes a layer while the k-th call of the allocator fails, and again when it works. Returns whether k was never
 * reached. */
static bool make_layer_without_call(size_t k, counting_failure failure, const nn_dense_options *o)
{
    ad_tape *own = ad_tape_open(&(ad_tape_options){.allocator = &memory.allocator});
    ck_assert_ptr_nonnull(own);
    counting_fail(&memory, k, failure);
    nn_dense layer = nn_dense_make(own, o);
    const bool done = memory.calls < k;
    counting_heal(&memory);
    ck_assert_int_eq(ad_clear_error(own), done ? AD_OK : AD_NO_MEMORY);
    const bool has_weights = !ad_is_inert(layer.weights), has_biases = !ad_is_inert(layer.biases);
    layer = nn_dense_make(own, o);
    const bool mended = !ad_is_inert(layer.weights) && !ad_is_inert(layer.biases);
    ad_tape_close(own);
    ck_assert_msg(has_weights == done && has_biases == done,
                  "%lld units, call %zu of the allocator failed: weights %d, biases %d", (long long)o->units, k,
                  has_weights, has_biases);
    ck_assert(mended);
    return done;
}

/* Whatever call fails, there is a layer or none, never half a layer. The sizes let the memory of the tape run out in
 * each part. */
START_TEST(a_dense_layer_without_memory)
{
    static const int64_t units[] = {500, 1020, 2040, 60000};
    const counting_failure failure = _i ? COUNTING_FOR_GOOD : COUNTING_ONCE;
    for (size_t i = 0; i < COUNT(units); i++) {
        nn_dense_options o = {.inputs = 1, .units = units[i], .type = AD_F64};
        size_t k = 1;
        while (k < 100 && !make_layer_without_call(k, failure, &o))
            k++;
        ck_assert_uint_gt(k, 2);
        ck_assert_uint_lt(k, 100);
    }
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, activations_have_names);
    tcase_add_test(tests, unknown_activations_are_refused);
    tcase_add_loop_test(tests, activations_are_those_of_math_h, 0, (int)COUNT(activations));
    tcase_add_test(tests, a_dense_layer_has_weights_and_biases);
    tcase_add_loop_test(tests, glorot_fills_its_range, 0, 2);
    tcase_add_test(tests, weights_depend_on_seed_and_stream);
    tcase_add_test(tests, weights_and_draws_of_a_seed_differ);
    tcase_add_test(tests, zero_is_identity_in_linear_and_relu_in_layers);
    tcase_add_loop_test(tests, dense_layers_are_plain_loops, 0, (int)COUNT(activations));
    tcase_add_loop_test(tests, dense_layers_have_right_gradients, 0, (int)COUNT(activations));
    tcase_add_test(tests, bad_options_of_a_dense_layer_are_refused);
    tcase_add_test(tests, a_dense_layer_without_a_tape);
    tcase_add_test(tests, bad_operands_of_a_dense_layer_are_refused);
    tcase_add_loop_test(tests, a_dense_layer_without_memory, 0, 2);
}

int main(void) { return run_on_one_tape("layers", add_tests); }
