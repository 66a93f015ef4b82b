/* Reset keeps the memory: from the second step on, training allocates nothing. */
#include "../support/one_tape.h"

/* A network of one hidden layer, as a user would write it: [n,d] to [n,h] to [n,c]. */
enum { LAYER_N = 50, LAYER_D = 64, LAYER_H = 300, LAYER_C = 10 };

typedef struct network {
    ad_tensor w1, b1, w2, b2;
    float x[LAYER_N * LAYER_D];
    int32_t labels[LAYER_N];
} network;

static void open_network(network *net)
{
    net->w1 = ad_param(t, AD_F32, AD_SHAPE(LAYER_D, LAYER_H), NULL, "w1");
    net->b1 = ad_param(t, AD_F32, AD_SHAPE(LAYER_H), NULL, "b1");
    net->w2 = ad_param(t, AD_F32, AD_SHAPE(LAYER_H, LAYER_C), NULL, "w2");
    net->b2 = ad_param(t, AD_F32, AD_SHAPE(LAYER_C), NULL, "b2");
    ad_fill_uniform(net->w1, (const double[]){-0.1, 0.1}, 1, 0);
    ad_fill_uniform(net->w2, (const double[]){-0.1, 0.1}, 1, 1);
    for (int i = 0; i < LAYER_N * LAYER_D; i++)
        net->x[i] = (float)ad_random_uniform(1, 2, (uint64_t)i);
    for (int i = 0; i < LAYER_N; i++)
        net->labels[i] = i % LAYER_C;
}

/* The decay is a part of the step that does not become smaller with a shorter batch. */
static void train_network(network *net, int64_t n, bool decay, const ad_backward_options *options)
{
    const ad_tensor params[] = {net->w1, net->b1, net->w2, net->b2};
    ad_tensor x = ad_input(t, AD_F32, AD_SHAPE(n, LAYER_D), net->x);
    ad_tensor h = ad_relu(ad_add(ad_matmul(x, net->w1), net->b1)), z = ad_add(ad_matmul(h, net->w2), net->b2);
    ad_tensor loss = ad_mean(ad_softmax_cross_entropy(z, ad_input(t, AD_I32, AD_SHAPE(n), net->labels)));
    if (decay)
        loss = ad_add(loss, ad_scale(ad_sum(ad_square(net->w1)), 1e-4));
    ad_backward_with(loss, options);
    for (int i = 0; i < COUNT(params); i++)
        ad_descend(params[i], 0.1);
    ad_reset(t);
}

/* 50 steps; some are shorter. From the second on the allocator is not called. If gradients accumulate, it is not called
 * from the third on: the second step is the first that has older gradients beside the new ones. */
static void run_network(const int64_t *short_n, int count, bool decay, const ad_backward_options *options)
{
    network net;
    open_network(&net);
    train_network(&net, LAYER_N, decay, options);
    ck_assert_uint_eq(ad_usage_of(t).allocations, memory.calls);
    ck_assert_uint_eq(ad_usage_of(t).bytes, memory.bytes);
    if (options->accumulate)
        train_network(&net, LAYER_N, decay, options);
    for (int step = 2; step <= 50; step++) {
        size_t before = memory.calls;
        int64_t n = step % 3 == 0 ? short_n[step / 3 % count] : LAYER_N;
        train_network(&net, n, decay, options);
        ck_assert_msg(memory.calls == before, "step %d, of %d rows, calls the allocator %zu times", step, (int)n,
                      memory.calls - before);
    }
    expect_ok(t);
}

static const ad_backward_options ways[] = {{.keep = false}, {.keep = true}, {.accumulate = true}};

START_TEST(training_allocates_nothing) { run_network((const int64_t[]){17}, 1, false, &ways[_i]); }
END_TEST

START_TEST(short_batches_allocate_nothing)
{
    run_network((const int64_t[]){17, 1, 2, 3, 4, 7, 8, 10, 12, 16, 25, 31, 32, 40, 48, 49}, 16, false, &ways[_i]);
}
END_TEST

START_TEST(short_batches_beside_a_large_constant_part_allocate_nothing)
{
    run_network((const int64_t[]){17, 1, 2, 3, 4, 7, 8, 10, 12, 16, 25, 31, 32, 40, 48, 49}, 16, true, &ways[_i]);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, training_allocates_nothing, 0, COUNT(ways));
    tcase_add_loop_test(tests, short_batches_allocate_nothing, 0, COUNT(ways));
    tcase_add_loop_test(tests, short_batches_beside_a_large_constant_part_allocate_nothing, 0, COUNT(ways));
}

int main(void) { return run_on_one_tape("reset", add_tests); }
