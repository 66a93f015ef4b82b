/* The same bits for any number of threads: weights, optimiser slots, loss and predictions of the book's network.
 *
 * With --hash the program trains once and prints a hash of the weights, so that a script can compare what it is under
 * different settings of OpenBLAS. */
#define _GNU_SOURCE /* the processors that a process may use */
#include <fenv.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gradtape/gradtape.h>

#include "../support/check.h"

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* Twenty epochs of batches of 50. Under a sanitizer a step takes ten times as long. */
enum { ROWS = 1000, FEATURES = 784, CLASSES = 10, MOST_THREADS = 4, STEPS = SANITIZED ? 100 : 400 };

static const int batches[] = {50, 77};

/* Images of noise, in which the class is a lighter stripe. */
static nn_data make_data(void)
{
    static uint8_t pixels[ROWS][FEATURES];
    static int32_t labels[ROWS];
    for (int i = 0; i < ROWS; i++) {
        labels[i] = i % CLASSES;
        for (int j = 0; j < FEATURES; j++) {
            const uint32_t noise = ad_random_bits(1, (uint64_t)i, (uint64_t)j) % 120;
            pixels[i][j] = (uint8_t)(noise + (j / 79 == labels[i] ? 60 : 0));
        }
    }
    return (nn_data){.features = pixels, .element = NN_U8, .rows = ROWS, .columns = FEATURES, .labels = labels};
}

/* What a training leaves behind. */
typedef struct trace {
    size_t n;
    float *numbers; /* weights and slots */
    double first_loss, last_loss;
    float probabilities[ROWS * CLASSES];
} trace;

static bool watch(const nn_progress *p, void *context)
{
    trace *t = context;
    if (p->step == 1)
        t->first_loss = p->loss;
    t->last_loss = p->loss;
    return true;
}

/* Training also runs outside of Check, so it fails in a way of its own. */
static void require(bool is_right, const char *what)
{
    if (is_right)
        return;
    fprintf(stderr, "%s\n", what);
    exit(2);
}

static void append(trace *t, ad_tensor x)
{
    const size_t n = ad_size_of(x);
    t->numbers = realloc(t->numbers, (t->n + n) * sizeof *t->numbers);
    require(t->numbers, "memory is out");
    memcpy(t->numbers + t->n, ad_f32(x), n * sizeof *t->numbers);
    t->n += n;
}

static trace *train(int batch, int steps)
{
    nn_data data = make_data();
    trace *t = calloc(1, sizeof *t);
    require(t, "memory is out");
    nn_classifier *c = nn_classifier_open(&(nn_classifier_options){
        .hidden_units = {300, 100}, .n_classes = CLASSES, .scaling = NN_SCALE_GLOBAL, .seed = 5});
    nn_classifier_fit(c, &data,
                      &(nn_fit_options){.batch_size = batch, .steps = steps, .callback = watch, .context = t});
    nn_classifier_predict_proba(c, &data, t->probabilities);
    require(nn_classifier_status(c) == AD_OK, nn_classifier_message(c));
    for (size_t i = 0; i < nn_classifier_parameter_count(c); i++) {
        append(t, nn_classifier_parameter(c, i));
        append(t, ad_slot(nn_classifier_parameter(c, i), "Adagrad", 0));
    }
    nn_classifier_close(c);
    return t;
}

static void free_trace(trace *t)
{
    free(t->numbers);
    free(t);
}

static void check_that_it_learnt(const trace *t)
{
    for (size_t i = 0; i < t->n; i++)
        ck_assert_msg(isfinite(t->numbers[i]), "number %zu is %g", i, (double)t->numbers[i]);
    ck_assert_msg(t->last_loss < t->first_loss / 4, "the loss went from %g to %g", t->first_loss, t->last_loss);
}

/* ---- Tests ------------------------------------------------------------------------------------------------------- */

START_TEST(training_is_the_same_for_any_number_of_threads)
{
    ck_assert_int_eq(ad_set_threads(1), AD_OK);
    trace *one = train(batches[_i], STEPS);
    check_that_it_learnt(one);
    for (int threads = 2; threads <= MOST_THREADS; threads++) {
        ck_assert_int_eq(ad_set_threads(threads), AD_OK);
        ck_assert_int_eq(ad_threads(), threads);
        trace *many = train(batches[_i], STEPS);
        ck_assert_uint_eq(one->n, many->n);
        ck_assert_msg(!memcmp(one->numbers, many->numbers, one->n * sizeof *one->numbers), "weights or slots differ");
        ck_assert_msg(!memcmp(one->probabilities, many->probabilities, sizeof one->probabilities),
                      "predictions differ");
        ck_assert_msg(!memcmp(&one->last_loss, &many->last_loss, sizeof one->last_loss), "losses differ");
        free_trace(many);
    }
    free_trace(one);
}
END_TEST

/* Products of every layout, cut in every way, equal the plain sum; and one thread's bits equal three's. */
static void check_product(ad_tape *t, int layout, int64_t m, int64_t n, int64_t k)
{
    ad_tensor a = ad_state(t, AD_F32, layout == 2 ? AD_SHAPE(k, m) : AD_SHAPE(m, k), NULL, "a");
    ad_tensor b = ad_state(t, AD_F32, layout == 1 ? AD_SHAPE(n, k) : AD_SHAPE(k, n), NULL, "b");
    ad_fill_uniform(a, (const double[]){-1, 1}, 1, 0);
    ad_fill_uniform(b, (const double[]){-1, 1}, 1, 1);
    const float *A = ad_f32(a), *B = ad_f32(b), *y[2];
    for (int i = 0; i < 2; i++) {
        ad_set_threads(1 + 2 * i);
        y[i] = ad_f32(layout == 0 ? ad_matmul(a, b) : layout == 1 ? ad_matmul_nt(a, b) : ad_matmul_tn(a, b));
        ck_assert_msg(y[i] != NULL, "%s", ad_message(t));
    }
    ck_assert_msg(!memcmp(y[0], y[1], (size_t)(m * n) * sizeof(float)), "[%d,%d,%d] differs", (int)m, (int)n, (int)k);
    for (int64_t at = 0; at < m * n; at += 1 + m * n / 997) {
        const int64_t i = at / n, j = at % n;
        double sum = 0;
        for (int64_t l = 0; l < k; l++)
            sum += (double)A[layout == 2 ? l * m + i : i * k + l] * (double)B[layout == 1 ? j * k + l : l * n + j];
        ck_assert_double_eq_tol(y[0][at], sum, 1e-6 * (double)k);
    }
}

START_TEST(products_are_right_however_they_are_cut)
{
    static const int64_t sizes[][3] = {{50, 300, 784},  {784, 300, 50},  {50, 100, 300}, {300, 100, 50},
                                       {77, 300, 785},  {1, 1000, 1000}, {1000, 1, 999}, {3, 5, 100000},
                                       {129, 257, 301}, {512, 300, 784}};
    ad_tape *t = ad_tape_open(NULL);
    check_product(t, _i, sizes[0][0], sizes[0][1], sizes[0][2]);
    for (size_t i = 1; i < COUNT(sizes); i++)
        check_product(t, _i, sizes[i][0], sizes[i][1], sizes[i][2]);
    ad_tape_close(t);
}
END_TEST

static void count_up(void *context, size_t block) { ((int *)context)[block]++; }

START_TEST(each_block_is_computed_once)
{
    static const size_t counts[] = {0, 1, 2, 3, 7, 64, 1000};
    for (int threads = 1; threads <= AD_MAX_THREADS; threads += 9) {
        ck_assert_int_eq(ad_set_threads(threads), AD_OK);
        for (size_t i = 0; i < COUNT(counts); i++) {
            int done[1001] = {0};
            ad_parallel(counts[i], count_up, done);
            for (size_t block = 0; block <= 1000; block++)
                ck_assert_int_eq(done[block], block < counts[i]);
        }
    }
}
END_TEST

START_TEST(settings_out_of_range_change_nothing)
{
    ck_assert_int_eq(ad_set_threads(3), AD_OK);
    ck_assert_int_eq(ad_set_threads(-1), AD_BAD_VALUE);
    ck_assert_int_eq(ad_set_threads(AD_MAX_THREADS + 1), AD_BAD_VALUE);
    ck_assert_int_eq(ad_threads(), 3);
    ck_assert_int_eq(ad_set_threads(0), AD_OK);
    ck_assert_int_ge(ad_threads(), 1);
    ck_assert_uint_eq(ad_blocks_computed(-1), 0);
    ck_assert_uint_eq(ad_blocks_computed(AD_MAX_THREADS), 0);
}
END_TEST

static bool default_is(int threads) { return ad_set_threads(0) == AD_OK && ad_threads() == threads; }

/* In a child, whose processors are its own. */
START_TEST(the_default_is_one_for_each_processor_that_the_process_may_use)
{
    const pid_t child = fork();
    if (child == 0) {
        cpu_set_t allowed, one;
        size_t first = 0;
        if (sched_getaffinity(0, sizeof allowed, &allowed) != 0)
            _exit(0); /* a set does not hold all */
        while (!CPU_ISSET(first, &allowed))
            first++;
        CPU_ZERO(&one);
        CPU_SET(first, &one);
        const int n = CPU_COUNT(&allowed);
        const bool all_used = default_is(n < AD_MAX_THREADS ? n : AD_MAX_THREADS);
        const bool is_set = sched_setaffinity(0, sizeof one, &one) == 0;
        _exit(all_used && is_set && default_is(1) ? 0 : 1);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

/* Each task of the first 8 asks; wrong and unchanged numbers are refused as well. */
typedef struct asked {
    int wanted;
    ad_status answer[8];
} asked;

static void ask(void *context, size_t block)
{
    asked *a = context;
    a->answer[block] = ad_set_threads(a->wanted);
}

static void ask_from_within(void *context, size_t block)
{
    ad_parallel(2, count_up, (int[2]){0});
    ask(context, block);
}

START_TEST(a_task_cannot_set_threads)
{
    static const int wanted[] = {1, 2, 3, 0};
    for (int threads = 1; threads <= 3; threads++)
        for (size_t i = 0; i < COUNT(wanted); i++)
            for (int nested = 0; nested < 2; nested++) {
                asked a = {.wanted = wanted[i]};
                ck_assert_int_eq(ad_set_threads(threads), AD_OK);
                ad_parallel(8, nested ? ask_from_within : ask, &a);
                for (int block = 0; block < 8; block++)
                    ck_assert_int_eq(a.answer[block], AD_BAD_STATE);
                ck_assert_int_eq(ad_threads(), threads);
            }
    ck_assert_int_eq(ad_set_threads(2), AD_OK);
    ck_assert_int_eq(ad_threads(), 2);
}
END_TEST

/* ---- The caller's floating-point environment --------------------------------------------------------------------- */

enum { QUOTIENTS = 64 };

/* A third, rounded; and half of the smallest normal number, which is 0 if it is flushed when made or when read. */
static void divide(void *context, size_t block)
{
    volatile double one = 1, three = 3;
    volatile float smallest = 0x1p-126F, half = 0.5F;
    double *results = context;
    results[2 * block] = one / three;
    results[2 * block + 1] = (double)(smallest * half);
}

static void expect_results_of_one_thread(const char *what)
{
    double alone[2 * QUOTIENTS], shared[2 * QUOTIENTS];
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor a = ad_uniform(t, AD_F32, AD_SHAPE(200, 300), 7), b = ad_uniform(t, AD_F32, AD_SHAPE(300, 200), 8), y[2];
    ad_set_threads(1);
    ad_parallel(QUOTIENTS, divide, alone);
    y[0] = ad_matmul(a, b);
    ad_set_threads(4);
    ad_parallel(QUOTIENTS, divide, shared);
    y[1] = ad_matmul(a, b);
    ck_assert_msg(!memcmp(alone, shared, sizeof alone), "%s: quotients differ", what);
    ck_assert_msg(!memcmp(ad_f32(y[0]), ad_f32(y[1]), 200 * 200 * sizeof(float)), "%s: products differ", what);
    ad_tape_close(t);
}

/* Workers that started in one mode compute in another, and in the first again. */
START_TEST(workers_round_as_their_caller)
{
    static const int modes[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    double before[2 * QUOTIENTS], after[2 * QUOTIENTS];
    ad_set_threads(4);
    fesetround(modes[_i]);
    ad_parallel(QUOTIENTS, divide, before); /* the workers start here */
    for (size_t i = 0; i < COUNT(modes); i++) {
        fesetround(modes[i]);
        ad_set_threads(4);
        ad_parallel(QUOTIENTS, divide, after);
        for (int k = 1; k < QUOTIENTS; k++)
            ck_assert_double_eq(after[2 * k], after[0]);
        ck_assert((after[0] > 1.0 / 3) == (modes[i] == FE_UPWARD));
        expect_results_of_one_thread("rounding");
    }
    fesetround(FE_TONEAREST);
}
END_TEST

#ifdef __SSE2__
START_TEST(workers_flush_as_their_caller)
{
    static const unsigned modes[] = {0x8000, 0x0040, 0x8040}; /* flush to zero, denormals are zero */
    const unsigned before = __builtin_ia32_stmxcsr();
    ad_set_threads(4);
    ad_parallel(8, count_up, (int[8]){0});
    for (size_t i = 0; i < COUNT(modes); i++) {
        double results[2 * QUOTIENTS];
        __builtin_ia32_ldmxcsr(before | modes[i]);
        ad_set_threads(4);
        ad_parallel(QUOTIENTS, divide, results);
        expect_results_of_one_thread("flushing");
        __builtin_ia32_ldmxcsr(before);
        for (int k = 0; k < QUOTIENTS; k++)
            ck_assert_double_eq(results[2 * k + 1], 0);
    }
    expect_results_of_one_thread("afterwards");
}
END_TEST
#endif

/* ---- Running ----------------------------------------------------------------------------------------------------- */

static int print_hash(void)
{
    trace *t = train(50, 100);
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < t->n * sizeof *t->numbers; i++)
        h = (h ^ ((const unsigned char *)t->numbers)[i]) * UINT64_C(0x100000001b3);
    printf("%016llx\n", (unsigned long long)h);
    free_trace(t);
    return 0;
}

int main(int argc, char *argv[])
{
    if (argc == 2 && !strcmp(argv[1], "--hash"))
        return print_hash();
    Suite *suite = suite_create("parallel");
    TCase *threads = tcase_create("threads");
    tcase_add_loop_test(threads, training_is_the_same_for_any_number_of_threads, 0, 2);
    tcase_add_loop_test(threads, products_are_right_however_they_are_cut, 0, 3);
    tcase_add_test(threads, each_block_is_computed_once);
    tcase_add_test(threads, settings_out_of_range_change_nothing);
    tcase_add_test(threads, the_default_is_one_for_each_processor_that_the_process_may_use);
    tcase_add_test(threads, a_task_cannot_set_threads);
    tcase_add_loop_test(threads, workers_round_as_their_caller, 0, 4);
#ifdef __SSE2__
    tcase_add_test(threads, workers_flush_as_their_caller);
#endif
    suite_add_tcase(suite, threads);
    return run_suites(srunner_create(suite));
}
