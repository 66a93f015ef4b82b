/* Activations, dense layers and optimisers, against math.h and plain loops in f64. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "counted_tape.h"
#include "suite.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* The tape must be in this error, with both words in its message. The error is cleared. */
static void expect_error(ad_status status, const char *word, const char *other)
{
    const char *message = ad_message(tape);
    ck_assert_msg(ad_status_of(tape) == status, "%s instead of %s: %s", ad_status_name(ad_status_of(tape)),
                  ad_status_name(status), message);
    ck_assert_msg(strstr(message, word) && strstr(message, other), "'%s' or '%s' is missing in: %s", word, other,
                  message);
    ck_assert_int_eq(ad_clear_error(tape), status);
}

static double value_of(ad_tensor x, size_t i) { return ad_type_of(x) == AD_F32 ? (double)ad_f32(x)[i] : ad_f64(x)[i]; }

static void expect_close(double got, double wanted, double tolerance, const char *what, size_t i)
{
    ck_assert_msg(fabs(got - wanted) <= tolerance, "%s: element %zu is %.17g instead of %.17g", what, i, got, wanted);
}

/* Always the same numbers in [-1, 1), which f32 holds exactly. */
static void fill(double *x, size_t n, uint64_t stream)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (double)(float)(2 * ad_random_uniform(2024, stream, i) - 1);
}

/* An input of either type from numbers in f64. */
static ad_tensor input_of(ad_type type, ad_shape shape, const double *x)
{
    return ad_cast(ad_input(tape, AD_F64, shape, x), type);
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

START_TEST(test_activation_names)
{
    ck_assert_uint_eq(LENGTH(activations), AD_ACTIVATION_COUNT - 1);
    ck_assert_str_eq(nn_activation_name((ad_activation)0), "relu");
    for (size_t i = 0; i < LENGTH(activations); i++) {
        ck_assert_str_eq(nn_activation_name(activations[i].number), activations[i].name);
        ck_assert_int_eq(nn_activation_named(activations[i].name), activations[i].number);
    }
}
END_TEST

START_TEST(test_unknown_activations)
{
    static const char *const names[] = {NULL, "", "rel", "relu ", "Relu", "sigmoid", "unknown activation"};
    for (size_t i = 0; i < LENGTH(names); i++)
        ck_assert_int_eq(nn_activation_named(names[i]), AD_ACTIVATION_COUNT);
    static const int numbers[] = {-1, AD_ACTIVATION_COUNT, 77};
    for (size_t i = 0; i < LENGTH(numbers); i++) {
        ck_assert_str_eq(nn_activation_name((ad_activation)numbers[i]), "unknown activation");
        ad_tensor x = ad_input(tape, AD_F32, AD_SHAPE(2), NULL);
        ck_assert(ad_is_inert(nn_activate(x, (ad_activation)numbers[i])));
        char message[80];
        snprintf(message, sizeof message, "activate: %d is no activation: use AD_RELU or another of the list",
                 numbers[i]);
        expect_error(AD_BAD_VALUE, message, "");
    }
    ck_assert(ad_is_inert(nn_activate((ad_tensor){0}, AD_TANH)));
    ck_assert(ad_is_inert(nn_activate((ad_tensor){0}, (ad_activation)77)));
}
END_TEST

/* Both sides of each kink, the kink itself, and values where a careless formula overflows. */
START_TEST(test_activation_values)
{
    static const double x[] = {-700, -30, -2.5, -1, -0.001953125, 0, 0.001953125, 0.5, 1, 3.25, 30, 700};
    const size_t n = LENGTH(x);
    for (int type = AD_F32; type <= AD_F64; type++) {
        ad_tensor y = nn_activate(input_of((ad_type)type, AD_SHAPE(3, 4), x), activations[_i].number);
        expect_ok();
        ck_assert_uint_eq(ad_size_of(y), n);
        ck_assert_int_eq(ad_type_of(y), (ad_type)type);
        for (size_t i = 0; i < n; i++) {
            const double wanted = activations[_i].value(x[i]);
            const double tolerance = type == AD_F32 ? 1e-6 * fabs(wanted) + 1e-38 : 1e-14 * fabs(wanted);
            expect_close(value_of(y, i), wanted, tolerance, activations[_i].name, i);
        }
    }
}
END_TEST

/* ---- Dense layers: parameters ------------------------------------------------------------------------------------ */

static void expect_parameter(ad_tensor x, const char *name, ad_type type, ad_shape shape)
{
    ck_assert_str_eq(ad_name_of(x), name);
    ck_assert_int_eq(ad_type_of(x), type);
    ck_assert_int_eq(ad_shape_of(x).rank, shape.rank);
    for (int i = 0; i < shape.rank; i++)
        ck_assert_int_eq(ad_shape_of(x).dims[i], shape.dims[i]);
}

START_TEST(test_dense_parameters)
{
    nn_dense layer = nn_dense_make(tape, &(nn_dense_options){.name = "hiddenlayer_0", .inputs = 3, .units = 5});
    expect_parameter(layer.weights, "hiddenlayer_0/weights", AD_F32, AD_SHAPE(3, 5));
    expect_parameter(layer.biases, "hiddenlayer_0/biases", AD_F32, AD_SHAPE(5));
    ck_assert_int_eq(layer.activation, AD_RELU);
    layer = nn_dense_make(tape, &(nn_dense_options){.inputs = 1, .units = 2, .type = AD_F64, .activation = AD_TANH});
    expect_parameter(layer.weights, "dense/weights", AD_F64, AD_SHAPE(1, 2));
    expect_parameter(layer.biases, "dense/biases", AD_F64, AD_SHAPE(2));
    ck_assert_int_eq(layer.activation, AD_TANH);
    ck_assert_uint_eq(ad_kept_count(tape), 4);
    expect_ok();
}
END_TEST

/* Options and attributes that are left out: {0} opens identity in ad_linear, relu in a layer and in a classifier. */
START_TEST(zero_is_identity_in_linear_and_relu_in_layers)
{
    const double x[] = {-2, 3}, one = 1;
    const ad_tensor w = ad_input(tape, AD_F64, AD_SHAPE(1, 1), &one), b = ad_input(tape, AD_F64, AD_SHAPE(1), NULL);
    const ad_tensor y = ad_linear(ad_input(tape, AD_F64, AD_SHAPE(2, 1), x), w, b, (ad_activation){0});
    ck_assert_mem_eq(ad_f64(y), x, sizeof x);
    const nn_dense layer = {.weights = w, .biases = b};
    const ad_tensor z = nn_dense_apply(&layer, ad_input(tape, AD_F64, AD_SHAPE(2, 1), x));
    ck_assert(ad_f64(z)[0] == 0 && ad_f64(z)[1] == 3);
    nn_classifier *c = nn_classifier_open(&(nn_classifier_options){.hidden_units = {2}, .n_classes = 2});
    ck_assert_ptr_nonnull(strstr(nn_classifier_settings(c), "activation = relu"));
    nn_classifier_close(c);
    expect_ok();
}
END_TEST

/* Counts 5,000 weights in ten equal parts of +-sqrt(6 / (d + h)): 500 each, with a standard deviation of 21. */
START_TEST(test_glorot_fills_its_range)
{
    const double limit = sqrt(6.0 / (100 + 50));
    int parts[10] = {0};
    nn_dense layer =
        nn_dense_make(tape, &(nn_dense_options){.inputs = 100, .units = 50, .seed = 1, .stream = (uint64_t)_i});
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

START_TEST(test_weights_depend_on_seed_and_stream)
{
    static const struct {
        uint64_t seed, stream;
    } keys[] = {{1, 0}, {1, 1}, {2, 0}, {0, 1}, {UINT64_C(1) << 32, 0}, {1, UINT64_C(1) << 32}};
    float w[LENGTH(keys)][12];
    for (size_t k = 0; k < LENGTH(keys); k++) {
        nn_dense_options o = {.inputs = 3, .units = 4, .seed = keys[k].seed, .stream = keys[k].stream};
        memcpy(w[k], ad_f32(nn_dense_make(tape, &o).weights), sizeof w[k]);
        ad_tensor again = nn_dense_make(tape, &o).weights;
        ck_assert_mem_eq(ad_f32(again), w[k], sizeof w[k]);
        for (size_t other = 0; other < k; other++)
            ck_assert_mem_ne(w[other], w[k], sizeof w[k]);
        /* The type rounds the numbers and does not choose them. */
        o.type = AD_F64;
        ad_tensor exact = nn_dense_make(tape, &o).weights;
        for (size_t i = 0; i < 12; i++)
            ck_assert((float)ad_f64(exact)[i] == w[k][i]);
    }
    expect_ok();
}
END_TEST

/* ---- Dense layers: values and gradients -------------------------------------------------------------------------- */

enum { N = 4, D = 3, H = 5 };

static nn_dense make_layer(ad_type type, ad_activation activation)
{
    nn_dense_options o = {
        .name = "hidden", .inputs = D, .units = H, .type = type, .activation = activation, .seed = 11};
    nn_dense layer = nn_dense_make(tape, &o);
    /* Zero biases would hide that they are forgotten. */
    ad_fill_uniform(layer.biases, (const double[]){-1, 1}, 12, 0);
    expect_ok();
    return layer;
}

START_TEST(test_dense_apply)
{
    for (int type = AD_F32; type <= AD_F64; type++) {
        double x[N * D];
        fill(x, LENGTH(x), 1);
        nn_dense layer = make_layer((ad_type)type, activations[_i].number);
        ad_tensor y = nn_dense_apply(&layer, input_of((ad_type)type, AD_SHAPE(N, D), x));
        expect_ok();
        ck_assert_uint_eq(ad_size_of(y), N * H);
        for (size_t i = 0; i < N * H; i++) {
            double z = value_of(layer.biases, i % H);
            for (size_t j = 0; j < D; j++)
                z += x[i / H * D + j] * value_of(layer.weights, j * H + i % H);
            const double wanted = activations[_i].value(z);
            expect_close(value_of(y, i), wanted, (type == AD_F32 ? 1e-6 : 1e-14) * fmax(1, fabs(z)),
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

static ad_tensor run_tower(ad_tape *t, void *context)
{
    tower *w = context;
    ad_tensor x = ad_tanh(w->below);
    ad_tensor first = nn_dense_apply(&w->layer, x), second = nn_dense_apply(&w->layer, ad_square(x));
    ad_tensor up = ad_input(t, AD_F64, AD_SHAPE(N, H), w->up[0]),
              up_second = ad_input(t, AD_F64, AD_SHAPE(N, H), w->up[1]);
    return ad_add(ad_sum(ad_mul(up, first)), ad_sum(ad_mul(up_second, second)));
}

START_TEST(test_dense_gradients)
{
    double below[N * D];
    tower w = {.layer = make_layer(AD_F64, activations[_i].number)};
    fill(below, LENGTH(below), 2);
    fill(w.up[0], N * H, 3);
    fill(w.up[1], N * H, 4);
    w.below = ad_param(tape, AD_F64, AD_SHAPE(N, D), below, "below");
    ad_gradcheck_result results[3];
    ck_assert_int_eq(ad_gradcheck(tape, run_tower, &w, NULL, results), AD_OK);
    for (size_t i = 0; i < LENGTH(results); i++)
        ck_assert_msg(results[i].verdict == AD_GRADIENT_RIGHT,
                      "%s: the gradient of %s is %s: element %zu is %.12g, not %.12g", activations[_i].name,
                      results[i].name, ad_verdict_name(results[i].verdict), results[i].worst, results[i].analytic,
                      results[i].numeric);
}
END_TEST

/* ---- Dense layers: errors ---------------------------------------------------------------------------------------- */

static void expect_refused(const nn_dense_options *options, ad_status status, const char *word, const char *other)
{
    nn_dense layer = nn_dense_make(tape, options);
    ck_assert(ad_is_inert(layer.weights) && ad_is_inert(layer.biases));
    expect_error(status, word, other);
    ck_assert_uint_eq(ad_kept_count(tape), 0);
}

START_TEST(test_dense_options_refused)
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
    expect_refused(&(nn_dense_options){.inputs = 3, .units = 4, .type = AD_I32}, AD_BAD_TYPE, "i32", "f32 or f64");
    expect_refused(&(nn_dense_options){.inputs = 3, .units = 4, .type = (ad_type)5}, AD_BAD_TYPE, "5", "AD_F32");
    memory.limit = 1 << 20;
    o = (nn_dense_options){.inputs = INT64_C(1) << 40, .units = INT64_C(1) << 40};
    nn_dense layer = nn_dense_make(tape, &o);
    ck_assert(ad_is_inert(layer.weights) && ad_is_inert(layer.biases));
    ck_assert_int_ne(ad_clear_error(tape), AD_OK);
    nn_dense_make(tape, &(nn_dense_options){.inputs = 3, .units = 4});
    expect_ok();
}
END_TEST

START_TEST(test_dense_without_a_tape)
{
    nn_dense layer = nn_dense_make(NULL, &(nn_dense_options){.inputs = 3, .units = 4});
    ck_assert(ad_is_inert(layer.weights) && ad_is_inert(layer.biases));
    layer = nn_dense_make(NULL, NULL);
    ck_assert(ad_is_inert(layer.weights) && ad_is_inert(layer.biases));
    /* The first error is the one that is kept. */
    ad_fail(tape, AD_BAD_STATE, "an error from %s", "before");
    expect_refused(&(nn_dense_options){.inputs = 3, .units = 0}, AD_BAD_STATE, "an error from before", "");
    ad_fail(tape, AD_BAD_STATE, "an error from %s", "before");
    expect_refused(&(nn_dense_options){.inputs = 3, .units = 4}, AD_BAD_STATE, "an error from before", "");
}
END_TEST

START_TEST(test_dense_apply_refused)
{
    nn_dense layer = make_layer(AD_F32, AD_RELU);
    ad_tensor x = ad_name(ad_input(tape, AD_F32, AD_SHAPE(2, 7), NULL), "pixels");
    ck_assert(ad_is_inert(nn_dense_apply(&layer, x)));
    ck_assert_ptr_nonnull(strstr(ad_message(tape), "inner sizes differ"));
    ck_assert_ptr_nonnull(strstr(ad_message(tape), "pixels"));
    ck_assert_ptr_nonnull(strstr(ad_message(tape), "hidden/weights"));
    expect_error(AD_BAD_SHAPE, "[2,7]", "[3,5]");
    x = ad_input(tape, AD_F32, AD_SHAPE(2, D), NULL);
    ck_assert(ad_is_inert(nn_dense_apply(NULL, x)));
    expect_error(AD_BAD_HANDLE, "dense: the layer is NULL", "");
    ck_assert(ad_is_inert(nn_dense_apply(&layer, ad_input(tape, AD_F64, AD_SHAPE(2, D), NULL))));
    expect_error(AD_BAD_TYPE, "f64", "f32");
    ck_assert(ad_is_inert(nn_dense_apply(&layer, (ad_tensor){.tape = tape})));
    expect_error(AD_BAD_HANDLE, "inert", "");
    layer.activation = (ad_activation)50;
    ck_assert(ad_is_inert(nn_dense_apply(&layer, x)));
    expect_error(AD_BAD_VALUE, "50", "activation");
    layer.activation = AD_RELU;
    ck_assert(!ad_is_inert(nn_dense_apply(&layer, x)));
    expect_ok();
}
END_TEST

/* Makes a layer while the k-th call of the allocator fails, and again when it works. Returns whether k was never
 * reached. */
static bool make_layer_without_call(size_t k, counting_failure failure, const nn_dense_options *o)
{
    ad_tape *t = ad_tape_open(&(ad_tape_options){.allocator = &memory.allocator});
    ck_assert_ptr_nonnull(t);
    counting_fail(&memory, k, failure);
    nn_dense layer = nn_dense_make(t, o);
    const bool done = memory.calls < k;
    counting_heal(&memory);
    ck_assert_int_eq(ad_clear_error(t), done ? AD_OK : AD_NO_MEMORY);
    const bool has_weights = !ad_is_inert(layer.weights), has_biases = !ad_is_inert(layer.biases);
    layer = nn_dense_make(t, o);
    const bool mended = !ad_is_inert(layer.weights) && !ad_is_inert(layer.biases);
    ad_tape_close(t);
    ck_assert_msg(has_weights == done && has_biases == done,
                  "%lld units, call %zu of the allocator failed: weights %d, biases %d", (long long)o->units, k,
                  has_weights, has_biases);
    ck_assert(mended);
    return done;
}

/* Whatever call fails, there is a layer or none, never half a layer. The sizes let the memory of the tape run out in
 * each part. */
START_TEST(test_dense_without_memory)
{
    static const int64_t units[] = {500, 1020, 2040, 60000};
    const counting_failure failure = _i ? COUNTING_FOR_GOOD : COUNTING_ONCE;
    for (size_t i = 0; i < LENGTH(units); i++) {
        nn_dense_options o = {.inputs = 1, .units = units[i], .type = AD_F64};
        size_t k = 1;
        while (k < 100 && !make_layer_without_call(k, failure, &o))
            k++;
        ck_assert_uint_gt(k, 2);
        ck_assert_uint_lt(k, 100);
    }
}
END_TEST

/* ---- Optimisers: names and defaults ------------------------------------------------------------------------------ */

START_TEST(test_optimiser_names)
{
    ck_assert_str_eq(nn_optimiser_name(NN_ADAGRAD), "adagrad");
    ck_assert_str_eq(nn_optimiser_name(NN_GRADIENT_DESCENT), "gradient_descent");
    ck_assert_str_eq(nn_optimiser_name(NN_OPTIMISER_COUNT), "unknown optimiser");
    ck_assert_str_eq(nn_optimiser_name((nn_optimiser_kind)-1), "unknown optimiser");
    ck_assert_int_eq(nn_optimiser_named("adagrad"), NN_ADAGRAD);
    ck_assert_int_eq(nn_optimiser_named("gradient_descent"), NN_GRADIENT_DESCENT);
    ck_assert_int_eq(nn_optimiser_named("Adagrad"), NN_OPTIMISER_COUNT);
    ck_assert_int_eq(nn_optimiser_named(""), NN_OPTIMISER_COUNT);
    ck_assert_int_eq(nn_optimiser_named(NULL), NN_OPTIMISER_COUNT);
}
END_TEST

START_TEST(test_optimiser_defaults)
{
    nn_optimiser_options o = nn_optimiser_resolve(NULL);
    ck_assert(o.kind == NN_ADAGRAD && o.rate == 0.05 && o.initial_accumulator == 0.1);
    o = nn_optimiser_resolve(&(nn_optimiser_options){0});
    ck_assert(o.kind == NN_ADAGRAD && o.rate == 0.05 && o.initial_accumulator == 0.1);
    o = nn_optimiser_resolve(
        &(nn_optimiser_options){.kind = NN_GRADIENT_DESCENT, .rate = 0.5, .initial_accumulator = 2});
    ck_assert(o.kind == NN_GRADIENT_DESCENT && o.rate == 0.5 && o.initial_accumulator == 2);
}
END_TEST

/* ---- Optimisers: steps against plain loops ----------------------------------------------------------------------- */

enum { ROWS = 4, IN = 3, OUT = 2, STEPS = 8 };

/* Least squares: the mean of (x w + b - t)^2 over all elements. */
typedef struct regression {
    double x[ROWS * IN], t[ROWS * OUT];
    double w[IN * OUT], b[OUT];           /* the plain twin of the parameters */
    double slot_w[IN * OUT], slot_b[OUT]; /* and of their accumulators */
} regression;

static void open_regression(regression *r, double accumulator)
{
    fill(r->x, ROWS * IN, 5);
    fill(r->t, ROWS * OUT, 6);
    fill(r->w, IN * OUT, 7);
    fill(r->b, OUT, 8);
    for (size_t i = 0; i < IN * OUT; i++)
        r->slot_w[i] = accumulator;
    for (size_t i = 0; i < OUT; i++)
        r->slot_b[i] = accumulator;
}

static void plain_update(const nn_optimiser_options *o, double *x, double *slot, const double *dx, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        slot[i] += dx[i] * dx[i];
        x[i] -= o->kind == NN_ADAGRAD ? o->rate * dx[i] / sqrt(slot[i]) : o->rate * dx[i];
    }
}

static void plain_step(regression *r, const nn_optimiser_options *o)
{
    double dw[IN * OUT] = {0}, db[OUT] = {0};
    for (int i = 0; i < ROWS; i++)
        for (int k = 0; k < OUT; k++) {
            double difference = r->b[k] - r->t[i * OUT + k];
            for (int j = 0; j < IN; j++)
                difference += r->x[i * IN + j] * r->w[j * OUT + k];
            const double dz = 2 * difference / (ROWS * OUT);
            db[k] += dz;
            for (int j = 0; j < IN; j++)
                dw[j * OUT + k] += r->x[i * IN + j] * dz;
        }
    plain_update(o, r->w, r->slot_w, dw, IN * OUT);
    plain_update(o, r->b, r->slot_b, db, OUT);
}

/* A parameter of either type from numbers in f64. */
static ad_tensor param_of(ad_type type, ad_shape shape, const double *x, const char *name)
{
    ad_tensor parameter = ad_param(tape, type, shape, NULL, name);
    ad_assign(parameter, ad_data(input_of(type, shape, x)));
    return parameter;
}

/* Computes the gradients of both parameters. */
static void regression_backward(const regression *r, ad_tensor w, ad_tensor b)
{
    const ad_type type = ad_type_of(w);
    ad_tensor x = input_of(type, AD_SHAPE(ROWS, IN), r->x), t = input_of(type, AD_SHAPE(ROWS, OUT), r->t);
    ad_backward(ad_mean(ad_square(ad_sub(ad_add(ad_matmul(x, w), b), t))));
    expect_ok();
}

static void expect_array(ad_tensor x, const double *wanted, double tolerance)
{
    double largest = 0;
    const size_t n = ad_size_of(x);
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs(wanted[i]));
    for (size_t i = 0; i < n; i++)
        expect_close(value_of(x, i), wanted[i], tolerance * largest, ad_name_of(x), i);
}

static const nn_optimiser_options optimiser_cases[] = {
    {0},
    {.kind = NN_ADAGRAD, .rate = 0.4, .initial_accumulator = 0.01},
    {.kind = NN_GRADIENT_DESCENT},
    {.kind = NN_GRADIENT_DESCENT, .rate = 0.3},
};

START_TEST(test_steps_against_plain_loops)
{
    const nn_optimiser_options *given = &optimiser_cases[_i / 2];
    const ad_type type = _i % 2 ? AD_F32 : AD_F64;
    const double tolerance = type == AD_F64 ? 1e-14 : 1e-6;
    nn_optimiser_options o = *given;
    o.rate = o.rate > 0 ? o.rate : 0.05;
    regression r;
    open_regression(&r, o.initial_accumulator > 0 ? o.initial_accumulator : 0.1);
    ad_tensor p[] = {param_of(type, AD_SHAPE(IN, OUT), r.w, "w"), param_of(type, AD_SHAPE(OUT), r.b, "b")};
    for (int step = 0; step < STEPS; step++) {
        regression_backward(&r, p[0], p[1]);
        ck_assert_int_eq(nn_optimiser_step(_i < 2 ? NULL : given, p, 2), AD_OK);
        ad_reset(tape);
        plain_step(&r, &o);
        expect_array(p[0], r.w, tolerance);
        expect_array(p[1], r.b, tolerance);
    }
    ck_assert_uint_eq(ad_kept_count(tape), o.kind == NN_ADAGRAD ? 4 : 2);
    if (o.kind == NN_ADAGRAD) {
        expect_array(ad_slot(p[0], "Adagrad", 99), r.slot_w, tolerance);
        expect_array(ad_slot(p[1], "Adagrad", 99), r.slot_b, tolerance);
    }
}
END_TEST

/* ---- Optimisers: slots ------------------------------------------------------------------------------------------- */

START_TEST(test_optimiser_slots)
{
    ad_tensor p[] = {ad_param(tape, AD_F64, AD_SHAPE(2, 3), NULL, "hiddenlayer_0/weights"),
                     ad_param(tape, AD_F32, AD_SHAPE(4), NULL, "logits/biases")};
    nn_optimiser_options o = {.kind = NN_GRADIENT_DESCENT};
    ck_assert_int_eq(nn_optimiser_prepare(&o, p, 2), AD_OK);
    ck_assert_uint_eq(ad_kept_count(tape), 2);
    ck_assert_int_eq(nn_optimiser_prepare(NULL, p, 1), AD_OK);
    ck_assert_uint_eq(ad_kept_count(tape), 3);
    o = (nn_optimiser_options){.initial_accumulator = 0.25};
    for (int twice = 0; twice < 2; twice++) {
        ck_assert_int_eq(nn_optimiser_prepare(&o, p, 2), AD_OK);
        ck_assert_uint_eq(ad_kept_count(tape), 4);
    }
    ad_tensor first = ad_kept_at(tape, 2), second = ad_kept_at(tape, 3);
    expect_parameter(first, "hiddenlayer_0/weights/Adagrad", AD_F64, AD_SHAPE(2, 3));
    expect_parameter(second, "logits/biases/Adagrad", AD_F32, AD_SHAPE(4));
    for (size_t i = 0; i < 6; i++)
        ck_assert(ad_f64(first)[i] == 0.1);
    for (size_t i = 0; i < 4; i++)
        ck_assert(ad_f32(second)[i] == 0.25F);
    expect_ok();
}
END_TEST

START_TEST(test_slot_is_found_again)
{
    ad_tensor w = ad_param(tape, AD_F64, AD_SHAPE(2), NULL, "w"), v = ad_param(tape, AD_F64, AD_SHAPE(2), NULL, "v");
    ad_tensor slot = ad_slot(w, "mean", 3), other = ad_slot(w, "square", 4), of_v = ad_slot(v, "mean", 5);
    ck_assert_uint_ne(slot.id, other.id);
    ck_assert_uint_ne(slot.id, of_v.id);
    ck_assert_str_eq(ad_name_of(other), "w/square");
    ck_assert_str_eq(ad_name_of(of_v), "v/mean");
    ck_assert_uint_eq(ad_slot(w, "mean", 100).id, slot.id);
    ck_assert_uint_eq(ad_slot(w, "square", 100).id, other.id);
    ck_assert(ad_f64(slot)[0] == 3 && ad_f64(slot)[1] == 3 && ad_f64(other)[1] == 4 && ad_f64(of_v)[0] == 5);
    ad_reset(tape);
    ck_assert_uint_eq(ad_slot(v, "mean", 100).id, of_v.id);
    ck_assert_uint_eq(ad_kept_count(tape), 5);
    expect_ok();
}
END_TEST

START_TEST(test_slot_refused)
{
    char long_name[122];
    memset(long_name, 'a', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    ad_tensor w = ad_param(tape, AD_F32, AD_SHAPE(2), NULL, "w"), x = ad_input(tape, AD_F32, AD_SHAPE(2), NULL);
    const char *const names[] = {NULL, "a/b", "/", long_name, ""};
    for (size_t i = 0; i < LENGTH(names); i++) {
        ck_assert_msg(ad_is_inert(ad_slot(w, names[i], 1)), "the name '%s' was taken", names[i] ? names[i] : "NULL");
        expect_error(AD_BAD_VALUE, "slot: a name of 1 to 120 characters without '/' is needed", "");
    }
    ck_assert(ad_is_inert(ad_slot(x, "mean", 1)));
    expect_error(AD_BAD_STATE, "slot", "parameters");
    ad_reset(tape);
    ck_assert(ad_is_inert(ad_slot(x, "mean", 1)));
    expect_error(AD_BAD_HANDLE, "slot", "");
    ck_assert(ad_is_inert(ad_slot((ad_tensor){.tape = tape}, "mean", 1)));
    expect_error(AD_BAD_HANDLE, "slot", "");
    ck_assert(ad_is_inert(ad_slot((ad_tensor){0}, "mean", 1)));
    ck_assert_uint_eq(ad_kept_count(tape), 1);
    ck_assert(!ad_is_inert(ad_slot(w, long_name + 1, 1)));
    expect_ok();
}
END_TEST

/* ---- Optimisers: errors change nothing --------------------------------------------------------------------------- */

/* Two parameters with their gradients, and what they were. */
typedef struct pair {
    ad_tensor p[2];
    double w[IN * OUT], b[OUT];
} pair;

static pair open_pair(void)
{
    regression r;
    pair both;
    open_regression(&r, 1);
    both.p[0] = param_of(AD_F64, AD_SHAPE(IN, OUT), r.w, "w");
    both.p[1] = param_of(AD_F64, AD_SHAPE(OUT), r.b, "b");
    regression_backward(&r, both.p[0], both.p[1]);
    memcpy(both.w, r.w, sizeof r.w);
    memcpy(both.b, r.b, sizeof r.b);
    return both;
}

static void expect_unchanged(const pair *both)
{
    ck_assert_msg(!memcmp(ad_f64(both->p[0]), both->w, sizeof both->w), "w changed though the step failed");
    ck_assert_msg(!memcmp(ad_f64(both->p[1]), both->b, sizeof both->b), "b changed though the step failed");
}

START_TEST(test_optimiser_options_refused)
{
    static const struct {
        nn_optimiser_options options;
        int message;
    } cases[] = {
        {{.kind = NN_OPTIMISER_COUNT}, 0},
        {{.kind = (nn_optimiser_kind)-1}, 0},
        {{.rate = -0.1}, 1},
        {{.rate = (double)NAN}, 1},
        {{.rate = (double)INFINITY}, 1},
        {{.kind = NN_GRADIENT_DESCENT, .rate = -1}, 1},
        {{.kind = NN_GRADIENT_DESCENT, .rate = (double)NAN}, 1},
        {{.initial_accumulator = -0.1}, 2},
        {{.initial_accumulator = (double)NAN}, 2},
        {{.initial_accumulator = (double)INFINITY}, 2},
    };
    static const char *const messages[] = {
        "optimiser: the optimiser's kind is none of the list: use NN_ADAGRAD or NN_GRADIENT_DESCENT",
        "optimiser: the optimiser's rate must be a finite number above 0, in the parameters' type too",
        "optimiser: the optimiser's initial accumulator must be a finite number above 0, in the parameters' type too"};
    pair both = open_pair();
    for (size_t i = 0; i < LENGTH(cases); i++) {
        ck_assert_int_eq(nn_optimiser_prepare(&cases[i].options, both.p, 2), AD_BAD_VALUE);
        expect_error(AD_BAD_VALUE, messages[cases[i].message], "");
        ck_assert_int_eq(nn_optimiser_step(&cases[i].options, both.p, 2), AD_BAD_VALUE);
        expect_error(AD_BAD_VALUE, messages[cases[i].message], "");
        expect_unchanged(&both);
    }
    ck_assert_uint_eq(ad_kept_count(tape), 2);
    ck_assert_int_eq(nn_optimiser_step(NULL, both.p, 2), AD_OK);
}
END_TEST

/* Options that f64 holds and f32 does not: an accumulator that becomes 0 there makes 0 / 0 where the gradient is 0, and
 * a rate that becomes infinite makes inf 0. They are out of range for a parameter of f32, and not for one of f64. */
START_TEST(test_options_that_f32_does_not_hold)
{
    static const nn_optimiser_options cases[] = {
        {.initial_accumulator = 1e-60}, {.rate = 1e200}, {.kind = NN_GRADIENT_DESCENT, .rate = 1e200}};
    const ad_type type = _i / (int)LENGTH(cases) ? AD_F64 : AD_F32;
    const double one[] = {1, 2}, mask[] = {0, 1};
    ad_tensor w = param_of(type, AD_SHAPE(2), one, "w");
    ad_backward(ad_sum(ad_mul(w, input_of(type, AD_SHAPE(2), mask))));
    ad_status status = nn_optimiser_step(&cases[_i % (int)LENGTH(cases)], &w, 1);
    ck_assert_int_eq(ad_clear_error(tape), status);
    ck_assert_msg(value_of(w, 0) == 1, "a weight without a gradient became %g", value_of(w, 0));
    ck_assert_int_eq(status, type == AD_F32 ? AD_BAD_VALUE : AD_OK);
    ck_assert(type == AD_F64 || value_of(w, 1) == 2);
}
END_TEST

/* A step over the pair and a third tensor that cannot be updated, in any place of the list, with each optimiser. */
static void expect_step_fails(const pair *both, ad_tensor third, ad_status status, const char *word)
{
    for (int kind = 0; kind < NN_OPTIMISER_COUNT; kind++)
        for (int place = 0; place < 3; place++) {
            ad_tensor all[3] = {both->p[0], both->p[1], both->p[1]};
            all[2] = all[place];
            all[place] = third;
            nn_optimiser_options o = {.kind = (nn_optimiser_kind)kind};
            ck_assert_int_eq(nn_optimiser_step(&o, all, 3), status);
            expect_error(status, word, "");
            expect_unchanged(both);
        }
}

START_TEST(test_missing_gradient_changes_nothing)
{
    pair both = open_pair();
    ad_tensor lonely = ad_param(tape, AD_F64, AD_SHAPE(2), (const double[]){1, 2}, "lonely");
    expect_step_fails(&both, lonely, AD_NO_GRADIENT, "lonely");
    ck_assert(ad_f64(lonely)[0] == 1 && ad_f64(lonely)[1] == 2);
    /* A state never has a gradient. */
    expect_step_fails(&both, ad_state(tape, AD_F64, AD_SHAPE(2), NULL, "mean"), AD_NO_GRADIENT, "mean");
    ck_assert_int_eq(nn_optimiser_step(NULL, both.p, 2), AD_OK);
}
END_TEST

/* A variable has a gradient but is not changed in place: the parameters before it in the list must not be either. */
START_TEST(test_variable_changes_nothing)
{
    pair both = open_pair();
    ad_tensor x = ad_variable(tape, AD_F64, AD_SHAPE(1, IN), (const double[]){1, 2, 3});
    ad_backward(ad_sum(ad_square(ad_add(ad_matmul(x, both.p[0]), both.p[1]))));
    ck_assert(ad_has_gradient(x) && ad_has_gradient(both.p[0]) && ad_has_gradient(both.p[1]));
    expect_step_fails(&both, x, AD_BAD_STATE, "parameters");
    nn_optimiser_step(NULL, (const ad_tensor[]){both.p[0], x}, 2);
    expect_error(AD_BAD_STATE, "optimiser: only parameters are updated; number 1 is none", "");
}
END_TEST

START_TEST(test_bad_handles_change_nothing)
{
    pair both = open_pair();
    ad_tensor stale = ad_variable(tape, AD_F64, AD_SCALAR, NULL);
    ad_reset(tape);
    expect_step_fails(&both, stale, AD_BAD_HANDLE, "");
    expect_step_fails(&both, (ad_tensor){.tape = tape}, AD_BAD_HANDLE, "");
    ck_assert_int_eq(nn_optimiser_step(NULL, NULL, 0), AD_BAD_HANDLE);
    ck_assert_int_eq(nn_optimiser_prepare(NULL, NULL, 0), AD_BAD_HANDLE);
    ck_assert_int_eq(nn_optimiser_step(NULL, &(ad_tensor){0}, 1), AD_BAD_HANDLE);
    ck_assert_int_eq(nn_optimiser_step(NULL, both.p, 2), AD_OK);
}
END_TEST

/* The same parameters on the test's tape and on another. */
static pair open_pair_on(ad_tape *other)
{
    ad_tape *own = tape;
    tape = other;
    pair both = open_pair();
    tape = own;
    return both;
}

START_TEST(test_parameters_of_two_tapes)
{
    ad_tape *there = ad_tape_open(NULL);
    pair both = open_pair(), foreign = open_pair_on(there);
    const ad_tensor mixed[2][2] = {{both.p[0], foreign.p[1]}, {foreign.p[0], both.p[1]}};
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(nn_optimiser_prepare(NULL, mixed[i], 2), AD_BAD_HANDLE);
        ck_assert_int_eq(nn_optimiser_step(NULL, mixed[i], 2), AD_BAD_HANDLE);
        ck_assert_ptr_nonnull(strstr(ad_message(i ? there : tape), "tape"));
        ck_assert_int_eq(ad_clear_error(i ? there : tape), AD_BAD_HANDLE);
        ad_clear_error(i ? tape : there);
        expect_unchanged(&both);
        expect_unchanged(&foreign);
    }
    ck_assert_uint_eq(ad_kept_count(tape), 2);
    ck_assert_uint_eq(ad_kept_count(there), 2);
    ck_assert_int_eq(nn_optimiser_step(NULL, both.p, 2), AD_OK);
    expect_unchanged(&foreign);
    ck_assert_int_eq(nn_optimiser_step(NULL, foreign.p, 2), AD_OK);
    ck_assert_mem_eq(ad_f64(foreign.p[0]), ad_f64(both.p[0]), sizeof both.w);
    ad_tape_close(there);
}
END_TEST

/* DESIGN: what mixes two tapes puts both in error, so that neither owner misses it. */
START_TEST(test_two_tapes_are_both_in_error)
{
    ad_tape *there = ad_tape_open(NULL);
    pair both = open_pair(), foreign = open_pair_on(there);
    nn_optimiser_step(NULL, (const ad_tensor[]){both.p[0], foreign.p[1]}, 2);
    ck_assert_str_eq(ad_message(tape), "optimiser: parameter 1 is not of the tape of the first");
    ck_assert_str_eq(ad_message(there), "optimiser: the first parameter is not of the tape of number 1");
    ad_status here = ad_status_of(tape), far = ad_clear_error(there);
    ad_tape_close(there);
    ck_assert_int_eq(here, AD_BAD_HANDLE);
    ck_assert_int_eq(far, AD_BAD_HANDLE);
}
END_TEST

/* The first step makes the slots: where memory is out for one of them, no parameter has changed. */
START_TEST(test_step_without_memory)
{
    pair both = open_pair();
    double big[4000];
    fill(big, LENGTH(big), 9);
    ad_tensor wide = ad_param(tape, AD_F64, AD_SHAPE(4000), big, "wide");
    ad_tensor all[] = {both.p[0], wide, both.p[1]};
    ad_backward(ad_add(ad_add(ad_sum(ad_square(both.p[0])), ad_sum(ad_square(both.p[1]))), ad_sum(ad_square(wide))));
    expect_ok();
    size_t k = 0;
    ad_status status = AD_NO_MEMORY;
    while (status != AD_OK && k++ < 100) {
        counting_fail(&memory, k, k % 2 ? COUNTING_FOR_GOOD : COUNTING_ONCE);
        status = nn_optimiser_step(NULL, all, 3);
        ck_assert_int_eq(status, memory.calls < k ? AD_OK : AD_NO_MEMORY);
        ck_assert_int_eq(ad_clear_error(tape), status);
        if (status == AD_OK)
            break;
        expect_unchanged(&both);
        ck_assert_mem_eq(ad_f64(wide), big, sizeof big);
    }
    counting_heal(&memory);
    ck_assert_uint_gt(k, 1);
    ck_assert_mem_ne(ad_f64(wide), big, sizeof big);
    /* Three parameters and a slot for each: a failure leaves no second one. */
    ck_assert_uint_eq(ad_kept_count(tape), 6);
}
END_TEST

/* ---- All --------------------------------------------------------------------------------------------------------- */

static void add_layers(Suite *suite)
{
    TCase *layers = tcase_create("layers");
    tcase_add_checked_fixture(layers, open_tape, close_tape);
    tcase_add_test(layers, test_activation_names);
    tcase_add_test(layers, test_unknown_activations);
    tcase_add_loop_test(layers, test_activation_values, 0, (int)LENGTH(activations));
    tcase_add_test(layers, test_dense_parameters);
    tcase_add_test(layers, zero_is_identity_in_linear_and_relu_in_layers);
    tcase_add_loop_test(layers, test_glorot_fills_its_range, 0, 2);
    tcase_add_test(layers, test_weights_depend_on_seed_and_stream);
    tcase_add_loop_test(layers, test_dense_apply, 0, (int)LENGTH(activations));
    tcase_add_loop_test(layers, test_dense_gradients, 0, (int)LENGTH(activations));
    tcase_add_test(layers, test_dense_options_refused);
    tcase_add_test(layers, test_dense_without_a_tape);
    tcase_add_test(layers, test_dense_apply_refused);
    tcase_add_loop_test(layers, test_dense_without_memory, 0, 2);
    suite_add_tcase(suite, layers);
}

static void add_optimisers(Suite *suite)
{
    TCase *optimisers = tcase_create("optimisers");
    tcase_add_checked_fixture(optimisers, open_tape, close_tape);
    tcase_add_test(optimisers, test_optimiser_names);
    tcase_add_test(optimisers, test_optimiser_defaults);
    tcase_add_loop_test(optimisers, test_steps_against_plain_loops, 0, 2 * (int)LENGTH(optimiser_cases));
    tcase_add_test(optimisers, test_optimiser_slots);
    tcase_add_test(optimisers, test_slot_is_found_again);
    tcase_add_test(optimisers, test_slot_refused);
    tcase_add_test(optimisers, test_optimiser_options_refused);
    tcase_add_loop_test(optimisers, test_options_that_f32_does_not_hold, 0, 6);
    tcase_add_test(optimisers, test_missing_gradient_changes_nothing);
    tcase_add_test(optimisers, test_variable_changes_nothing);
    tcase_add_test(optimisers, test_bad_handles_change_nothing);
    tcase_add_test(optimisers, test_parameters_of_two_tapes);
    tcase_add_test(optimisers, test_two_tapes_are_both_in_error);
    tcase_add_test(optimisers, test_step_without_memory);
    suite_add_tcase(suite, optimisers);
}

int main(void)
{
    Suite *suite = suite_create("layers");
    add_layers(suite);
    add_optimisers(suite);
    return run_suites(srunner_create(suite));
}
