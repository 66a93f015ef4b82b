/* batch_norm and layer_norm against plain loops in f64: values, running values, features far from 0. */
#include <math.h>

#include "../support/one_layer.h"

enum { MOST_FEATURES = 8, STEPS = 5 };

/* Inputs of ranks 2 to 4: the shape of one example, features first, and the examples of a batch. */
static const struct {
    ad_shape input;
    int64_t n;
} inputs[] = {
    {{.rank = 1, .dims = {4}}, 6},    {{.rank = 1, .dims = {1}}, 2},       {{.rank = 2, .dims = {3, 5}}, 4},
    {{.rank = 2, .dims = {3, 2}}, 1}, {{.rank = 3, .dims = {2, 3, 4}}, 3}, {{.rank = 3, .dims = {5, 1, 2}}, 1},
};

/* ---- Plain loops ------------------------------------------------------------------------------------------------- */

/* Mean and population variance of each feature, of x [n,d,rest]. */
typedef struct moments {
    double mean[MOST_FEATURES], variance[MOST_FEATURES], m;
} moments;

static moments moments_of(const double *x, size_t n, size_t d, size_t rest)
{
    moments of = {.m = (double)(n * rest)};
    for (size_t j = 0; j < d; j++) {
        long double sum = 0, squares = 0;
        for (size_t i = 0; i < n; i++)
            for (size_t k = 0; k < rest; k++)
                sum += (long double)x[(i * d + j) * rest + k];
        const long double mean = sum / (long double)of.m;
        for (size_t i = 0; i < n; i++)
            for (size_t k = 0; k < rest; k++)
                squares +=
                    ((long double)x[(i * d + j) * rest + k] - mean) * ((long double)x[(i * d + j) * rest + k] - mean);
        of.mean[j] = (double)mean;
        of.variance[j] = (double)(squares / (long double)of.m);
    }
    return of;
}

static void normalise(const double *x, const moments *of, double epsilon, const double *gain, const double *bias,
                      size_t n, size_t d, size_t rest, double *y)
{
    for (size_t i = 0; i < n * d * rest; i++) {
        const size_t j = i / rest % d;
        y[i] = gain[j] * (x[i] - of->mean[j]) / sqrt(of->variance[j] + epsilon) + bias[j];
    }
}

/* ---- batch_norm -------------------------------------------------------------------------------------------------- */

static void keep(double *to, ad_tensor x)
{
    for (size_t i = 0; i < ad_size_of(x); i++)
        to[i] = number_at(x, i);
}

/* Five steps on data that drift, each with its values, and the running values after each. Then inference by them. */
START_TEST(running_values_are_those_of_plain_loops)
{
    const double momentum = 0.3, epsilon = 0.01;
    const size_t n = (size_t)inputs[_i].n, d = (size_t)inputs[_i].input.dims[0];
    const size_t size = n * elements_of(inputs[_i].input), rest = size / (n * d);
    nn_network *net =
        open_layer((nn_layer)NN_BATCH_NORM(.momentum = momentum, .epsilon = epsilon), inputs[_i].input, AD_F64);
    double mean[MOST_FEATURES] = {0}, variance[MOST_FEATURES], gain[MOST_FEATURES], bias[MOST_FEATURES], x[128], y[128];
    const ad_tensor m = part_called(net, "batch_norm/running_mean"),
                    v = part_called(net, "batch_norm/running_variance");
    for (size_t j = 0; j < d; j++)
        variance[j] = 1;
    expect_numbers(m, mean, d, 0);
    expect_numbers(v, variance, d, 0);
    ad_fill_uniform(part_called(net, "batch_norm/gain"), (double[]){0.5, 1.5}, 1, 1);
    ad_fill_uniform(part_called(net, "batch_norm/bias"), (double[]){-1, 1}, 1, 2);
    for (int step = 0; step < STEPS; step++) {
        fill_with_some(x, size, (uint64_t)step);
        for (size_t i = 0; i < size; i++)
            x[i] = x[i] * (1 + step) + 3 * step + (double)(i / rest % d);
        keep(gain, part_called(net, "batch_norm/gain"));
        keep(bias, part_called(net, "batch_norm/bias"));
        const moments of = moments_of(x, n, d, rest);
        normalise(x, &of, epsilon, gain, bias, n, d, rest, y);
        const nn_pass pass = nn_training(net, step);
        const ad_tensor out = nn_run(net, pass, ad_input(t, AD_F64, examples_of(inputs[_i].n, inputs[_i].input), x));
        expect_numbers(out, y, size, 1e-13);
        expect_numbers(m, mean, d, 1e-14); /* not before the step is complete */
        ad_backward(ad_sum(ad_softplus(out)));
        ck_assert_int_eq(nn_step(net, pass, NULL), AD_OK);
        for (size_t j = 0; j < d; j++) {
            mean[j] = (1 - momentum) * mean[j] + momentum * of.mean[j];
            variance[j] = (1 - momentum) * variance[j] + momentum * of.variance[j] * of.m / (of.m - 1);
        }
        expect_numbers(m, mean, d, 1e-14);
        expect_numbers(v, variance, d, 1e-14);
        ad_reset(t);
    }
    moments running = {.m = 0};
    memcpy(running.mean, mean, sizeof mean);
    memcpy(running.variance, variance, sizeof running.variance);
    keep(gain, part_called(net, "batch_norm/gain"));
    keep(bias, part_called(net, "batch_norm/bias"));
    normalise(x, &running, epsilon, gain, bias, n, d, rest, y);
    const ad_tensor out =
        nn_run(net, nn_inference(net), ad_input(t, AD_F64, examples_of(inputs[_i].n, inputs[_i].input), x));
    expect_numbers(out, y, size, 1e-13);
    expect_numbers(m, mean, d, 1e-14);
    nn_network_close(net);
}
END_TEST

/* Momentum 1 takes the batch's values, the default a tenth of them; a network that runs twice in a step proposes twice.
 */
START_TEST(momentum_says_how_much_is_new)
{
    static const struct {
        nn_batch_norm_options options;
        int runs;
        double mean, variance; /* of the batch 1, 3: mean 2, and 2 with m / (m - 1) */
    } cases[] = {
        {{.momentum = 1}, 1, 2, 2},
        {{.momentum = 0}, 1, 0.2, 0.9 + 0.2},
        {{.momentum = 0.5}, 1, 1, 0.5 + 1},
        {{.momentum = 0.5}, 2, 1.5, 0.25 + 1.5},
    };
    for (int i = 0; i < COUNT(cases); i++) {
        nn_network *net =
            open_layer((nn_layer){.kind = &nn_batch_norm, .options = &cases[i].options}, AD_SHAPE(1), AD_F64);
        const ad_tensor x = ad_input(t, AD_F64, AD_SHAPE(2, 1), (double[]){1, 3});
        for (int run = 0; run < cases[i].runs; run++)
            nn_run(net, nn_training(net, 0), x);
        ad_commit(t);
        EXPECT_NEAR(part_called(net, "batch_norm/running_mean"), 1e-15, cases[i].mean);
        EXPECT_NEAR(part_called(net, "batch_norm/running_variance"), 1e-15, cases[i].variance);
        nn_network_close(net);
        close_tape();
        open_tape();
    }
}
END_TEST

/* Features far from 0, in f32: what is normalised has its digits, and so has the running variance. */
START_TEST(features_far_from_0_keep_their_digits)
{
    enum { N = 64, D = 3 };
    static const double offsets[] = {0, 1e3, 1e6, -1e6};
    for (int o = 0; o < COUNT(offsets); o++)
        for (int kind = 0; kind < 2; kind++) {
            const nn_layer layer = kind ? (nn_layer){.kind = &nn_layer_norm} : (nn_layer)NN_BATCH_NORM(.momentum = 1);
            nn_network *net = open_layer(layer, AD_SHAPE(D), AD_F32);
            float narrow[N * D];
            double x[N * D], y[N * D];
            const double *noise = some_numbers(3, N * D, -20, 20), ones[] = {1, 1, 1}, zeros[] = {0, 0, 0};
            for (size_t i = 0; i < N * D; i++) {
                narrow[i] = (float)(offsets[o] + noise[i]);
                x[i] = (double)narrow[i];
            }
            moments of = moments_of(x, N, D, 1);
            for (size_t i = 0; i < N && kind; i++) {
                of = moments_of(x + i * D, D, 1, 1);
                normalise(x + i * D, &of, 1e-5, ones, zeros, D, 1, 1, y + i * D);
            }
            if (!kind)
                normalise(x, &of, 1e-5, ones, zeros, N, D, 1, y);
            const nn_pass pass = nn_training(net, 0);
            expect_numbers(nn_run(net, pass, ad_input(t, AD_F32, AD_SHAPE(N, D), narrow)), y, N * D, 4e-6);
            ad_commit(t);
            if (!kind) {
                for (size_t j = 0; j < D; j++)
                    of.variance[j] *= of.m / (of.m - 1);
                expect_numbers(part_called(net, "batch_norm/running_mean"), of.mean, D, 1e-6);
                expect_numbers(part_called(net, "batch_norm/running_variance"), of.variance, D, 1e-6);
                /* Inference by them is near: the mean itself has lost digits in f32. */
                const double lost = 1e-7 * fabs(offsets[o]) / sqrt(of.variance[0]);
                for (size_t i = 0; i < N * D; i++)
                    y[i] *= sqrt((of.m - 1) / of.m);
                expect_numbers(nn_run(net, nn_inference(net), ad_input(t, AD_F32, AD_SHAPE(N, D), narrow)), y, N * D,
                               4e-6 + lost);
            }
            nn_network_close(net);
            close_tape();
            open_tape();
        }
}
END_TEST

/* A constant feature is its bias, not NaN, and its gradients are finite. */
START_TEST(constant_features_are_their_bias)
{
    nn_network *net = open_layer((nn_layer)NN_BATCH_NORM(.momentum = 0.5), AD_SHAPE(2), AD_F32);
    ad_fill(part_called(net, "batch_norm/bias"), 0.25);
    const ad_tensor x = ad_variable(t, AD_F32, AD_SHAPE(3, 2), (float[]){7, 1e6F, 7, 1e6F, 7, 1e6F});
    const ad_tensor y = nn_run(net, nn_training(net, 0), x);
    EXPECT(y, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25);
    ad_backward(ad_sum(ad_softplus(y)));
    for (size_t i = 0; i < 6; i++)
        ck_assert(isfinite(number_at(ad_gradient(x), i)));
    nn_network_close(net);
}
END_TEST

/* ---- Batches that are too small ---------------------------------------------------------------------------------- */

START_TEST(a_batch_of_one_row_is_refused_in_training)
{
    static const struct {
        ad_shape input;
        int64_t n;
    } small[] = {{{.rank = 1, .dims = {4}}, 1},
                 {{.rank = 3, .dims = {4, 1, 1}}, 1},
                 {{.rank = 1, .dims = {4}}, 0},
                 {{.rank = 2, .dims = {4, 3}}, 0}};
    for (int i = 0; i < COUNT(small); i++) {
        nn_network *net = open_layer((nn_layer)NN_BATCH_NORM(.momentum = 0.5), small[i].input, AD_F64);
        const ad_tensor x = some_input(t, AD_F64, examples_of(small[i].n, small[i].input), 1);
        const snapshot mean = snapshot_of(part_called(net, "batch_norm/running_mean"));
        ck_assert(ad_is_inert(nn_run(net, nn_training(net, 0), x)));
        expect_error_with(t, AD_BAD_SHAPE, "run: batch_norm: a batch of ", "train with at least 2 rows");
        ad_commit(t);
        expect_unchanged(part_called(net, "batch_norm/running_mean"), mean);
        expect_shape(nn_run(net, nn_inference(net), x), examples_of(small[i].n, small[i].input));
        nn_network_close(net);
        close_tape();
        open_tape();
    }
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, running_values_are_those_of_plain_loops, 0, COUNT(inputs));
    tcase_add_test(tests, momentum_says_how_much_is_new);
    tcase_add_test(tests, features_far_from_0_keep_their_digits);
    tcase_add_test(tests, constant_features_are_their_bias);
    tcase_add_test(tests, a_batch_of_one_row_is_refused_in_training);
}

int main(void) { return run_on_one_tape("norms", add_tests); }
