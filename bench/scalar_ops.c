/* Expressions of rank-0 tensors, operator by operator, in ns an operator: recorded (record, forward, backward, reset)
 * and replayed (a new value of the leaf, forward), also with backward. */
#include <stdio.h>
#include <stdlib.h>

#include <gradtape/gradtape.h>

#include "arguments.h"
#include "chain.h"
#include "timing.h"

enum { REPEATS = 400 };

static double time_chain(ad_tape *t, ad_tensor x, int n)
{
    const double start = seconds_now();
    ad_backward(chain(x, n));
    ad_reset(t);
    return (seconds_now() - start) / n;
}

/* Puts the time of a replay and that of a backward after it into replayed[i] and swept[i]. */
static void time_replays(ad_tape *t, ad_tensor x, int n, double *replayed, double *swept, size_t repeats)
{
    const ad_tensor y = chain(x, n);
    for (size_t i = 0; i < repeats; i++) {
        const double value = 0.5 + 0.001 * (double)(i % 10), start = seconds_now();
        ad_assign(x, &value);
        ad_replay(t);
        const double middle = seconds_now();
        ad_backward(y);
        replayed[i] = (middle - start) / n;
        swept[i] = (seconds_now() - start) / n;
    }
    ad_reset(t);
}

/* The same calls on a tape that is in error. */
static double time_in_error(ad_tape *t, ad_tensor x, int n)
{
    ad_fail(t, AD_BAD_VALUE, "the benchmark's own error");
    const double start = seconds_now();
    chain(x, n);
    const double seconds = (seconds_now() - start) / n;
    ad_clear_error(t);
    return seconds;
}

static double identity(double x) { return x; }

static double time_calls(int n)
{
    double (*volatile call)(double) = identity;
    double x = 0;
    const double start = seconds_now();
    for (int i = 0; i < n; i++)
        x += call(1);
    const double seconds = (seconds_now() - start) / n;
    return x == n ? seconds : -1;
}

static double time_malloc(int n)
{
    const double start = seconds_now();
    for (int i = 0; i < n; i++) {
        void *volatile block = malloc(64);
        free(block);
    }
    return (seconds_now() - start) / n;
}

typedef struct row {
    double recorded, replayed, swept, in_error, call, pair;
} row;

static row measure(ad_tape *t, ad_tensor x, int n)
{
    static double recorded[REPEATS], replayed[REPEATS], swept[REPEATS], in_error[REPEATS], call[REPEATS], pair[REPEATS];
    const size_t repeats = n > 5000 ? REPEATS / 10 : REPEATS;
    time_chain(t, x, n);
    for (size_t i = 0; i < repeats; i++) {
        recorded[i] = time_chain(t, x, n);
        in_error[i] = time_in_error(t, x, n);
        call[i] = time_calls(n);
        pair[i] = time_malloc(n);
    }
    time_replays(t, x, n, replayed, swept, repeats);
    return (row){timing_of(recorded, repeats).min, timing_of(replayed, repeats).min, timing_of(swept, repeats).min,
                 timing_of(in_error, repeats).min, timing_of(call, repeats).min,     timing_of(pair, repeats).min};
}

int main(int argc, char *argv[])
{
    take_no_arguments(argc, argv, "Time expressions of rank-0 tensors, recorded and replayed, in ns an operator.");
    static const int sizes[] = {4, 100, 1000, 20000};
    ad_tape *t = ad_tape_open(NULL);
    const double value = 0.5;
    ad_tensor x = ad_param(t, AD_F64, AD_SCALAR, &value, "x");
    printf("ns an operator of rank 0 (mul, add, tanh, sub in f64)\n"
           "recorded: record, forward, backward, reset; replayed: assign, forward\n");
    printf("%10s %10s %10s %12s %10s %14s %12s\n", "operators", "recorded", "replayed", "and backward", "in error",
           "indirect call", "malloc+free");
    row last = {0};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const row r = measure(t, x, sizes[i]);
        printf("%10d %10.1f %10.1f %12.1f %10.1f %14.1f %12.1f\n", sizes[i], 1e9 * r.recorded, 1e9 * r.replayed,
               1e9 * r.swept, 1e9 * r.in_error, 1e9 * r.call, 1e9 * r.pair);
        if (sizes[i] == 1000)
            last = r;
    }
    const int failed = ad_status_of(t) != AD_OK;
    if (failed)
        fprintf(stderr, "scalar_ops: %s\n", ad_message(t));
    printf("{\"bench\":\"scalar_ops\",\"operators\":1000,\"ns_operator\":%.1f,\"ns_replayed\":%.1f,"
           "\"ns_replayed_backward\":%.1f,\"ns_in_error\":%.1f,\"ns_call\":%.1f,\"ns_malloc\":%.1f}\n",
           1e9 * last.recorded, 1e9 * last.replayed, 1e9 * last.swept, 1e9 * last.in_error, 1e9 * last.call,
           1e9 * last.pair);
    ad_tape_close(t);
    return failed;
}
