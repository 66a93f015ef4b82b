/* What an entry costs: little memory in chains and fan-outs of any length, and no stack. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>

#include "../support/one_tape.h"

enum { CHAIN = 1000000, FAN_OUT = 100000, BYTES_PER_NODE = 250 };

/* Operators of one scalar that make a chain; `c` is a constant of 1. Only the sign changes along it. */
static ad_tensor chain_neg(ad_tensor x, ad_tensor c, int i) { return (void)c, (void)i, ad_neg(x); }
static ad_tensor chain_add(ad_tensor x, ad_tensor c, int i) { return (void)i, ad_add(x, c); }
static ad_tensor chain_mul(ad_tensor x, ad_tensor c, int i) { return (void)i, ad_mul(c, x); }
static ad_tensor chain_shift(ad_tensor x, ad_tensor c, int i) { return (void)c, ad_shift(x, i % 2 ? 1 : -1); }
static ad_tensor chain_scale(ad_tensor x, ad_tensor c, int i) { return (void)c, ad_scale(x, i % 2 ? 2 : 0.5); }

static ad_tensor chain_mixed(ad_tensor x, ad_tensor c, int i)
{
    switch (i % 5) {
    case 0: return ad_neg(x);
    case 1: return ad_add(x, c);
    case 2: return ad_sub(x, c);
    case 3: return ad_scale(x, 1);
    default: return ad_mul(x, c);
    }
}

static ad_tensor (*const chains[])(ad_tensor x, ad_tensor c, int i) = {
    chain_neg, chain_add, chain_mul, chain_shift, chain_scale, chain_mixed,
};

static const char *const chain_names[] = {"neg", "add", "mul", "shift", "scale", "a mixture"};

/* What a node costs at most: of the peak, so that nothing is hidden by being given back. */
static void check_bytes(size_t before, const char *what)
{
    double bytes = (double)(ad_usage_of(t).peak_bytes - before) / (double)ad_entry_count(t);
    ck_assert_msg(bytes < BYTES_PER_NODE, "%s: %.1f bytes a node", what, bytes);
}

static void run_chain(int index, bool keep)
{
    size_t before = ad_usage_of(t).bytes;
    ad_tensor x = ad_variable(t, AD_F64, AD_SCALAR, &(double){2}), c = ad_scalar(t, 1), y = x;
    while (ad_entry_count(t) < CHAIN)
        y = chains[index](y, c, (int)ad_entry_count(t));
    ck_assert_int_eq(ad_backward_with(y, &(ad_backward_options){.keep = keep}), AD_OK);
    expect_ok(t);
    ck_assert_double_eq(fabs(ad_item(ad_gradient(x))), 1);
    ck_assert_int_eq(ad_has_gradient(ad_operand(y, chains[index] == chain_mul)), keep);
    char what[64];
    snprintf(what, sizeof what, "a chain of %s%s", chain_names[index], keep ? ", gradients kept" : "");
    check_bytes(before, what);
}

START_TEST(long_chains_cost_little_memory) { run_chain(_i, false); }
END_TEST

START_TEST(long_chains_with_gradients_kept) { run_chain(_i, true); }
END_TEST

/* x is used 100,000 times: each use gives to its gradient. */
static void run_fan_out(bool keep)
{
    size_t before = ad_usage_of(t).bytes;
    ad_tensor x = ad_variable(t, AD_F64, AD_SCALAR, &(double){0.5}), y = x;
    for (int i = 0; i < FAN_OUT; i++)
        y = ad_add(y, ad_tanh(x));
    ck_assert_int_eq(ad_backward_with(y, &(ad_backward_options){.keep = keep}), AD_OK);
    double slope = 1 - tanh(0.5) * tanh(0.5), expected = 1 + FAN_OUT * slope;
    ck_assert_double_eq_tol(ad_item(ad_gradient(x)), expected, 1e-9 * expected);
    ck_assert_double_eq_tol(ad_item(y), 0.5 + FAN_OUT * tanh(0.5), 1e-9 * FAN_OUT);
    check_bytes(before, keep ? "a fan-out, gradients kept" : "a fan-out");
}

START_TEST(a_tensor_used_many_times) { run_fan_out(_i); }
END_TEST

/* Depth in every pass: record, backward, a recorded backward and the backward through it, reset. */
static void *go_deep(void *unused)
{
    ad_tensor x = ad_variable(t, AD_F64, AD_SCALAR, &(double){0.5}), y = ad_square(x);
    for (int i = 0; i < FAN_OUT; i++)
        y = ad_neg(y);
    ad_backward_with(y, &(ad_backward_options){.differentiable = true, .keep = true});
    ad_tensor dx = ad_gradient(x);
    double first = ad_item(dx);
    ad_backward(dx);
    double second = ad_item(ad_gradient(x));
    ad_reset(t);
    bool right = ad_status_of(t) == AD_OK && first == 1 && second == 2;
    (void)unused;
    return right ? "right" : NULL;
}

/* One frame for each node would need megabytes. Less than this glibc refuses beside OpenBLAS's thread-local data. */
START_TEST(depth_needs_no_stack)
{
    pthread_attr_t attributes;
    pthread_t thread;
    void *result = NULL;
    pthread_attr_init(&attributes);
    ck_assert_int_eq(pthread_attr_setstacksize(&attributes, 128 * 1024), 0);
    ck_assert_int_eq(pthread_create(&thread, &attributes, go_deep, NULL), 0);
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    ck_assert_ptr_nonnull(result);
    pthread_attr_destroy(&attributes);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, long_chains_cost_little_memory, 0, COUNT(chains));
    tcase_add_loop_test(tests, long_chains_with_gradients_kept, 0, COUNT(chains));
    tcase_add_loop_test(tests, a_tensor_used_many_times, 0, 2);
    tcase_add_test(tests, depth_needs_no_stack);
}

int main(void) { return run_on_one_tape("entries", add_tests); }
