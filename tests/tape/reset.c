/* Reset keeps the memory: from the second step on, training allocates nothing. But it keeps no more than twice what the
 * largest step took. */
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

/* ---- Steps of other sizes ---------------------------------------------------------------------------------------- */

/* Each works on tensors of about n numbers. */
static void one_input(int64_t n) { ad_input(t, AD_F64, AD_SHAPE(n), NULL); }

static void many_inputs(int64_t n)
{
    for (int i = 1; i <= 20; i++)
        ad_input(t, AD_F32, AD_SHAPE(n * i / 20), NULL);
}

static void one_gradient(int64_t n) { ad_backward(ad_sum(ad_square(ad_variable(t, AD_F64, AD_SHAPE(n), NULL)))); }

static void many_gradients(int64_t n)
{
    ad_tensor y = ad_variable(t, AD_F32, AD_SHAPE(n / 50), NULL);
    for (int i = 0; i < 50; i++)
        y = ad_add(ad_tanh(y), ad_variable(t, AD_F32, AD_SHAPE(n / 50), NULL));
    ad_backward_with(ad_sum(y), &(ad_backward_options){.keep = true});
}

static void recorded_gradients(int64_t n)
{
    const ad_tensor x = ad_variable(t, AD_F64, AD_SHAPE(n / 10), NULL);
    ad_tensor dx;
    ad_grad(ad_sum(ad_mul(ad_exp(x), ad_tanh(x))), &x, 1, &dx);
    ad_backward(ad_sum(ad_square(dx)));
}

static void a_segment(int64_t n)
{
    ad_tensor y = ad_variable(t, AD_F64, AD_SHAPE(n / 5), NULL);
    ad_segment_begin(t);
    for (int i = 0; i < 5; i++)
        y = ad_tanh(y);
    ad_segment_end(t, &y, 1);
    ad_backward(ad_sum(y));
}

static void a_position(int64_t n)
{
    const ad_position position = ad_position_now(t);
    const ad_tensor x = ad_variable(t, AD_F64, AD_SHAPE(n / 4), NULL);
    ad_tensor dx;
    ad_grad(ad_sum(ad_exp(ad_square(x))), &x, 1, &dx);
    ad_return_to(t, position, &dx, 1);
}

static void scratch_of_kernels(int64_t n)
{
    const ad_tensor x = ad_variable(t, AD_F64, AD_SHAPE(n / 8, 8), NULL);
    ad_backward(ad_sum(ad_cumprod(ad_transpose(x), 0)));
}

/* Of less than 1 KB each, up to n = 100000. */
static void small_gradients(int64_t n)
{
    ad_tensor y = ad_scalar(t, 0);
    for (int i = 0; i < 1000; i++)
        y = ad_add(y, ad_sum(ad_reshape(ad_variable(t, AD_F64, AD_SHAPE(1 + n / 1000), NULL), AD_SHAPE(1 + n / 1000))));
    ad_backward_with(y, &(ad_backward_options){.keep = true});
}

static void small_tensors_in_a_segment(int64_t n)
{
    ad_tensor y = ad_variable(t, AD_F64, AD_SHAPE(1 + n / 1000), NULL);
    ad_segment_begin(t);
    for (int i = 0; i < 1000; i++)
        y = ad_tanh(y);
    ad_segment_end(t, &y, 1);
    ad_backward(ad_sum(y));
}

static void gradients_after_a_replay(int64_t n)
{
    small_gradients(n);
    ad_replay(t);
    small_gradients(n / 2);
}

static void (*const works[])(int64_t) = {one_input,
                                         many_inputs,
                                         one_gradient,
                                         many_gradients,
                                         recorded_gradients,
                                         a_segment,
                                         a_position,
                                         scratch_of_kernels,
                                         small_gradients,
                                         small_tensors_in_a_segment,
                                         gradients_after_a_replay};

/* What a tape holds that knows only steps of this size. */
static size_t held_by(void (*work)(int64_t), int64_t n)
{
    ad_tape *const outer = t;
    t = ad_tape_open(NULL);
    for (int i = 0; i < 3; i++) {
        work(n);
        ad_reset(t);
    }
    expect_ok(t);
    const size_t bytes = ad_usage_of(t).bytes;
    ad_tape_close(t);
    t = outer;
    return bytes;
}

static void expect_at_most_twice(void (*work)(int64_t), int64_t n)
{
    const size_t most = 2 * held_by(work, n), held = ad_usage_of(t).peak_bytes;
    ck_assert_msg(held <= most, "%zu bytes were held, at most %zu were expected", held, most);
}

#ifdef TESTS_FEW_TERMS /* under a sanitizer */
enum { STEPS_THAT_GROW = 150 };
#else
enum { STEPS_THAT_GROW = 700 };
#endif

/* Slowly, so that every step needs a little more than is there, and fast. */
START_TEST(steps_that_grow_hold_no_more_than_the_largest)
{
    const double factors[] = {1.001, 1.03, 1.3};
    for (int k = 0; k < COUNT(factors); k++) {
        close_tape();
        open_tape();
        double n = k ? 1000 : 50000;
        for (int step = 0; step < STEPS_THAT_GROW && n < 100000; step++, n *= factors[k]) {
            works[_i]((int64_t)n);
            ad_reset(t);
        }
        expect_ok(t);
        expect_at_most_twice(works[_i], (int64_t)n);
    }
}
END_TEST

/* The same in positions, on a tape that is never reset. */
START_TEST(positions_that_grow_hold_no_more_than_the_largest)
{
    double n = 1000;
    for (; n < 100000; n *= 1.03) {
        const ad_position position = ad_position_now(t);
        works[_i]((int64_t)n);
        ad_return_to(t, position, NULL, 0);
    }
    expect_ok(t);
    expect_at_most_twice(works[_i], (int64_t)n);
}
END_TEST

/* Large and small steps in turn, and steps that shrink, take nothing from the allocator after a few rounds. */
START_TEST(steps_of_all_sizes_allocate_nothing_in_the_end)
{
    const int64_t sizes[] = {50000, 1000, 30000, 70, 49999, 20000, 3000, 400};
    size_t calls = 0;
    for (int round = 0; round < 12; round++)
        for (int i = 0; i < COUNT(sizes); i++) {
            works[_i](sizes[i]);
            ad_reset(t);
            calls = round < 4 ? memory.calls : calls;
        }
    ck_assert_uint_eq(memory.calls, calls);
    for (int64_t n = 50000; n > 10; n -= n / 10) {
        works[_i](n);
        ad_reset(t);
    }
    ck_assert_uint_eq(memory.calls, calls);
    expect_ok(t);
    expect_at_most_twice(works[_i], 50000);
}
END_TEST

/* The same total in ever more and smaller tensors, and back. */
static void inputs_of(int64_t count, int64_t n)
{
    for (int64_t i = 0; i < count; i++)
        ad_input(t, AD_F64, AD_SHAPE(n), NULL);
}

static void gradients_of(int64_t count, int64_t n)
{
    ad_tensor y = ad_scalar(t, 0);
    for (int64_t i = 0; i < count; i++)
        y = ad_add(y, ad_sum(ad_square(ad_variable(t, AD_F64, AD_SHAPE(n), NULL))));
    ad_backward(y);
}

static void a_segment_of(int64_t count, int64_t n)
{
    ad_tensor y = ad_variable(t, AD_F64, AD_SHAPE(n), NULL);
    ad_segment_begin(t);
    for (int64_t i = 0; i < count; i++)
        y = ad_tanh(y);
    ad_segment_end(t, &y, 1);
    ad_backward(ad_sum(y));
}

static void accumulated_gradients_of(int64_t count, int64_t n)
{
    for (int i = 0; i < 2; i++) {
        ad_tensor y = ad_scalar(t, 0);
        for (int64_t k = 0; k < (count + 1) / 2; k++)
            y = ad_add(y, ad_sum(ad_reshape(ad_variable(t, AD_F64, AD_SHAPE(n), NULL), AD_SHAPE(n))));
        ad_backward_with(y, &(ad_backward_options){.accumulate = true, .keep = true});
    }
}

START_TEST(equal_totals_in_other_sizes_hold_no_more_than_twice_the_largest)
{
    void (*const of[])(int64_t, int64_t) = {inputs_of, gradients_of, a_segment_of, accumulated_gradients_of};
    enum { LOG_TOTAL = 21 };
    size_t largest = 0;
    for (int i = 0; i <= 28; i++) {
        const int k = i <= 14 ? i : 28 - i;
        const int64_t count = (int64_t)1 << k, n = (int64_t)1 << (LOG_TOTAL - k);
        ad_tape *const outer = t;
        t = ad_tape_open(NULL);
        of[_i](count, n);
        ad_reset(t);
        expect_ok(t);
        const size_t alone = ad_usage_of(t).bytes;
        ad_tape_close(t);
        t = outer;
        largest = alone > largest ? alone : largest;
        of[_i](count, n);
        ad_reset(t);
        expect_ok(t);
        ck_assert_msg(ad_usage_of(t).bytes < 2 * largest, "%d tensors: %zu bytes are held, %zu are the largest step",
                      (int)count, ad_usage_of(t).bytes, largest);
    }
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, equal_totals_in_other_sizes_hold_no_more_than_twice_the_largest, 0, 4);
    tcase_add_loop_test(tests, steps_that_grow_hold_no_more_than_the_largest, 0, COUNT(works));
    tcase_add_loop_test(tests, positions_that_grow_hold_no_more_than_the_largest, 0, COUNT(works));
    tcase_add_loop_test(tests, steps_of_all_sizes_allocate_nothing_in_the_end, 0, COUNT(works));
    tcase_add_loop_test(tests, training_allocates_nothing, 0, COUNT(ways));
    tcase_add_loop_test(tests, short_batches_allocate_nothing, 0, COUNT(ways));
    tcase_add_loop_test(tests, short_batches_beside_a_large_constant_part_allocate_nothing, 0, COUNT(ways));
}

int main(void) { return run_on_one_tape("reset", add_tests); }
