/* Every kind of layers, by a table of samples: shapes, parts, gradients, threads, memory. A kind without a sample
 * fails. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../support/kind_samples.h"

START_TEST(every_kind_has_a_sample)
{
    ck_assert_uint_ge(nn_layer_kind_count(), 8);
    for (size_t i = 0; i < nn_layer_kind_count(); i++) {
        const nn_layer_kind *kind = nn_layer_kind_at(i);
        ck_assert_msg(sample_of(kind), "the kind \"%s\" has no sample: add one to tests/support/kind_samples.h",
                      kind->name);
        ck_assert_msg(kind->formula && kind->formula[0], "the kind \"%s\" has no formula", kind->name);
        ck_assert_ptr_eq(nn_layer_kind_named(kind->name), kind);
        if (i > 0)
            ck_assert_str_lt(nn_layer_kind_at(i - 1)->name, kind->name);
    }
    ck_assert_ptr_null(nn_layer_kind_at(nn_layer_kind_count()));
    ck_assert_ptr_null(nn_layer_kind_at(SIZE_MAX));
    ck_assert_ptr_null(nn_layer_kind_named("dens"));
    ck_assert_ptr_null(nn_layer_kind_named(""));
    ck_assert_ptr_null(nn_layer_kind_named(NULL));
}
END_TEST

START_TEST(every_function_and_activation_has_a_sample)
{
    bool has_function[NN_FUNCTION_COUNT] = {false}, has_activation[AD_ACTIVATION_COUNT] = {false};
    for (int i = 0; i < COUNT(samples); i++) {
        if (samples[i].layer.kind == &nn_activation)
            has_function[((const nn_activation_options *)samples[i].layer.options)->function] = true;
        if (samples[i].layer.kind == &nn_dense)
            has_activation[((const nn_dense_options *)samples[i].layer.options)->activation] = true;
    }
    has_activation[AD_IDENTITY] = has_activation[AD_IDENTITY] || has_activation[AD_ACTIVATION_DEFAULT];
    for (int i = 0; i < NN_FUNCTION_COUNT; i++)
        ck_assert_msg(has_function[i], "%s has no sample", nn_function_name(i));
    for (int i = 0; i < AD_ACTIVATION_COUNT; i++)
        ck_assert_msg(has_activation[i], "%s has no sample", nn_activation_name((ad_activation)i));
}
END_TEST

/* ---- Shapes and parts -------------------------------------------------------------------------------------------- */

static void expect_parts(const nn_network *net, const sample *s, ad_type type)
{
    size_t n = 0, numbers = 0;
    for (; n < PARTS && s->parts[n].name; n++) {
        expect_leaf(nn_network_part(net, n), s->parts[n].name, type, s->parts[n].shape);
        ck_assert_int_eq(nn_network_role(net, n), s->parts[n].role);
        numbers += s->parts[n].role == NN_STATE ? 0 : elements_of(s->parts[n].shape);
    }
    ck_assert_uint_eq(nn_network_part_count(net), n);
    ck_assert_uint_eq(ad_kept_count(t), n);
    ck_assert_uint_eq(numbers, s->n_parameters);
    const nn_network_layer layer = nn_network_layer_at(net, 0);
    ck_assert_str_eq(layer.name, s->layer.kind->name);
    ck_assert_ptr_eq(layer.kind, s->layer.kind);
    ck_assert_int_eq(layer.depth, 0);
}

static void expect_one_shape(const ad_shape *got, const ad_shape *wanted)
{
    ck_assert_int_eq(got->rank, wanted->rank);
    for (int i = 0; i < wanted->rank; i++)
        ck_assert_int_eq(got->dims[i], wanted->dims[i]);
}

START_TEST(shapes_and_parts_are_as_the_sample_says)
{
    const sample *s = &samples[_i];
    for (int type = AD_F32; type <= AD_F64; type++) {
        nn_network *net = open_layer(s->layer, s->input, (ad_type)type);
        expect_parts(net, s, (ad_type)type);
        const nn_network_layer layer = nn_network_layer_at(net, 0);
        const ad_shape whole = nn_network_output(net);
        expect_one_shape(&layer.input, &s->input);
        expect_one_shape(&layer.output, &s->output);
        expect_one_shape(&whole, &s->output);
        for (int trains = 0; trains < 2; trains++)
            for (int64_t n = s->n; n <= s->n + 1; n++) {
                const ad_tensor x = some_input(t, (ad_type)type, examples_of(n, s->input), 3);
                const ad_tensor y = nn_run(net, trains ? nn_training(net, 0) : nn_inference(net), x);
                expect_shape(y, examples_of(n, s->output));
                ck_assert_int_eq(ad_type_of(y), type);
            }
        nn_network_close(net);
        close_tape();
        open_tape();
    }
}
END_TEST

/* In inference no layer mixes examples, and none of them are no error. */
START_TEST(inference_takes_any_number_of_examples)
{
    const sample *s = &samples[_i];
    nn_network *net = open_layer(s->layer, s->input, AD_F64);
    stir_parts(net);
    const size_t each = elements_of(s->input), gives = elements_of(s->output);
    double x[4 * 64];
    fill_with_some(x, 4 * each, 9);
    const ad_tensor four = nn_run(net, nn_inference(net), ad_input(t, AD_F64, examples_of(4, s->input), x));
    for (size_t i = 0; i < 4; i++) {
        const ad_tensor one = ad_input(t, AD_F64, examples_of(1, s->input), x + i * each);
        expect_numbers(nn_run(net, nn_inference(net), one), ad_f64(four) + i * gives, gives, 1e-15);
    }
    const ad_tensor none = nn_run(net, nn_inference(net), ad_input(t, AD_F64, examples_of(0, s->input), NULL));
    expect_shape(none, examples_of(0, s->output));
    nn_network_close(net);
}
END_TEST

/* ---- Gradients --------------------------------------------------------------------------------------------------- */

enum { MOST_PARAMETERS = 8 };

/* L = sum v (softplus(y) + y y / 10) for two runs of the layer, on x = 1.5 tanh(q) and on its sine; or, of second
 * order, the sum of w dL/dp over all parameters p, with random w. */
typedef struct functional {
    nn_network *net;
    const sample *s;
    nn_pass pass;
    ad_tensor q;
    bool is_second;
} functional;

static ad_tensor weigh(ad_tensor y, uint64_t stream)
{
    const ad_tensor v = some_input(y.tape, AD_F64, ad_shape_of(y), stream);
    return ad_sum(ad_mul(v, ad_add(ad_softplus(y), ad_scale(ad_square(y), 0.1))));
}

static ad_tensor record_functional(ad_tape *tape, void *context)
{
    const functional *f = context;
    const ad_tensor x = ad_scale(ad_tanh(f->q), 1.5);
    ad_tensor L = weigh(nn_run(f->net, f->pass, x), 100);
    L = ad_add(L, weigh(nn_run(f->net, f->pass, ad_sin(x)), 101));
    if (!f->is_second)
        return L;
    ad_tensor p[MOST_PARAMETERS], dp[MOST_PARAMETERS], S = ad_scalar(tape, 0);
    const int n = (int)ad_param_count(tape);
    for (int i = 0; i < n; i++)
        p[i] = ad_param_at(tape, (size_t)i);
    ad_grad(L, p, n, dp);
    for (int i = 0; i < n; i++)
        S = ad_add(S, ad_sum(ad_mul(some_input(tape, AD_F64, ad_shape_of(dp[i]), 200 + (uint64_t)i), dp[i])));
    return S;
}

static void expect_verdicts(functional *f, ad_verdict verdict)
{
    ad_gradcheck_result results[MOST_PARAMETERS];
    ad_gradcheck(t, record_functional, f, &(ad_gradcheck_options){.tolerance = 1e-8}, results);
    expect_ok(t);
    for (size_t i = 0; i < ad_param_count(t); i++)
        ck_assert_msg(results[i].verdict == verdict,
                      "sample %d, %s, order %d, %s: the gradient of %s is %s: element %zu is %.12g, by differences "
                      "%.12g",
                      (int)(f->s - samples), f->s->layer.kind->name, 1 + f->is_second,
                      f->pass.trains ? "training" : "inference", results[i].name, ad_verdict_name(results[i].verdict),
                      results[i].worst, results[i].analytic, results[i].numeric);
}

START_TEST(gradients_are_those_of_differences)
{
    const sample *s = &samples[_i];
    functional f = {.net = open_layer(s->layer, s->input, AD_F64), .s = s};
    stir_parts(f.net);
    f.q = some_param(t, AD_F64, examples_of(s->n, s->input), 31, "q");
    ck_assert_uint_le(ad_param_count(t), MOST_PARAMETERS);
    for (int trains = 0; trains < 2; trains++) {
        f.pass = trains ? nn_training(f.net, 7) : nn_inference(f.net);
        f.is_second = false;
        expect_verdicts(&f, s->is_flat ? AD_GRADIENT_ALL_ZERO : AD_GRADIENT_RIGHT);
        f.is_second = true;
        if (!s->is_flat)
            expect_verdicts(&f, AD_GRADIENT_RIGHT);
    }
    nn_network_close(f.net);
}
END_TEST

/* ---- Threads and memory ------------------------------------------------------------------------------------------ */

/* One step of training on many examples: the output, the gradients of all parameters, and the states after it. */
static int take_step(const sample *s, ad_type type, int64_t n, snapshot kept[2 * PARTS + 2])
{
    int at = 0;
    nn_network *net = open_layer(s->layer, s->input, type);
    stir_parts(net);
    const ad_tensor q = ad_param(t, type, examples_of(n, s->input), NULL, "q");
    ad_fill_uniform(q, (const double[]){-1, 1}, 8, 0);
    const nn_pass pass = nn_training(net, 3);
    const ad_tensor y = nn_run(net, pass, q);
    ad_backward(ad_mean(ad_softplus(y)));
    kept[at++] = snapshot_of(y);
    for (size_t i = 0; i < ad_param_count(t); i++)
        kept[at++] = snapshot_of(ad_gradient(ad_param_at(t, i)));
    nn_step(net, pass, NULL);
    expect_ok(t);
    for (size_t i = 0; i < nn_network_part_count(net); i++)
        kept[at++] = snapshot_of(nn_network_part(net, i));
    nn_network_close(net);
    return at;
}

START_TEST(threads_give_the_same_bits)
{
    const sample *s = &samples[_i];
    for (int type = AD_F32; type <= AD_F64; type++) {
        snapshot one[2 * PARTS + 2], more[2 * PARTS + 2];
        for (int threads = 1; threads <= 4; threads++) {
            close_tape();
            open_tape();
            ck_assert_int_eq(ad_set_threads(threads), AD_OK);
            const int n = take_step(s, (ad_type)type, 30000, threads == 1 ? one : more);
            for (int i = 0; i < n && threads > 1; i++) {
                ck_assert_uint_eq(one[i].bytes, more[i].bytes);
                ck_assert_msg(!memcmp(one[i].data, more[i].data, one[i].bytes),
                              "%s, sample %d: number %d of %d differs", s->layer.kind->name, _i, i, n);
                free(more[i].data);
            }
            for (int i = 0; i < n && threads == 4; i++)
                free(one[i].data);
        }
    }
    ad_set_threads(0);
}
END_TEST

static void run_step(nn_network *net, ad_tensor q, const nn_optimiser_options *optimiser, int64_t step)
{
    const nn_pass pass = optimiser ? nn_training(net, step) : nn_inference(net);
    ad_backward(ad_sum(ad_softplus(nn_run(net, pass, q))));
    ck_assert_uint_eq(ad_entry_count(t) > 0, true);
    if (optimiser)
        nn_step(net, pass, optimiser);
    ad_reset(t);
    expect_ok(t);
}

START_TEST(nothing_is_allocated_from_the_second_step_on)
{
    const sample *s = &samples[_i];
    static const nn_optimiser_options optimisers[] = {{.rule = &nn_adagrad},
                                                      {.rule = &nn_gradient_descent, .rate = 0.01, .decay = 0.1}};
    for (int way = 0; way < 3; way++) {
        close_tape();
        open_tape();
        nn_network *net = open_layer(s->layer, s->input, AD_F32);
        const ad_tensor q = some_param(t, AD_F32, examples_of(s->n, s->input), 31, "q");
        for (int64_t step = 0; step < 6; step++) {
            const size_t calls = memory.calls;
            run_step(net, q, way < COUNT(optimisers) ? &optimisers[way] : NULL, step);
            if (step > 0)
                ck_assert_msg(memory.calls == calls, "%s, sample %d, way %d, step %d: %zu calls of the allocator",
                              s->layer.kind->name, _i, way, (int)step, memory.calls - calls);
        }
        nn_network_close(net);
    }
}
END_TEST

/* ---- Inputs ------------------------------------------------------------------------------------------------------ */

START_TEST(inputs_of_another_shape_or_type_are_refused)
{
    const sample *s = &samples[_i];
    nn_network *net = open_layer(s->layer, s->input, AD_F64);
    ad_shape shapes[4] = {examples_of(2, s->input), s->input, examples_of(2, s->input), AD_SCALAR};
    shapes[0].dims[shapes[0].rank - 1]++;
    shapes[2].rank++;
    shapes[2].dims[shapes[2].rank - 1] = 1;
    for (int i = 0; i < COUNT(shapes); i++)
        for (int trains = 0; trains < 2; trains++) {
            const nn_pass pass = trains ? nn_training(net, 0) : nn_inference(net);
            ck_assert(ad_is_inert(nn_run(net, pass, ad_input(t, AD_F64, shapes[i], NULL))));
            expect_error_with(t, AD_BAD_SHAPE, "run: x has the shape [", "]: the network takes [n] examples of [");
        }
    ck_assert(ad_is_inert(nn_run(net, nn_inference(net), ad_input(t, AD_F32, examples_of(2, s->input), NULL))));
    expect_error(t, AD_BAD_TYPE, "run: x is f32, the network is f64: ad_cast it");
    const ad_tensor x = some_input(t, AD_F64, examples_of(s->n, s->input), 1);
    expect_shape(nn_run(net, nn_training(net, 0), x), examples_of(s->n, s->output));
    nn_network_close(net);
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, every_kind_has_a_sample);
    tcase_add_test(tests, every_function_and_activation_has_a_sample);
    tcase_add_loop_test(tests, shapes_and_parts_are_as_the_sample_says, 0, COUNT(samples));
    tcase_add_loop_test(tests, inference_takes_any_number_of_examples, 0, COUNT(samples));
    tcase_add_loop_test(tests, gradients_are_those_of_differences, 0, COUNT(samples));
    tcase_add_loop_test(tests, threads_give_the_same_bits, 0, COUNT(samples));
    tcase_add_loop_test(tests, nothing_is_allocated_from_the_second_step_on, 0, COUNT(samples));
    tcase_add_loop_test(tests, inputs_of_another_shape_or_type_are_refused, 0, COUNT(samples));
}

int main(void) { return run_on_one_tape("kinds", add_tests); }
