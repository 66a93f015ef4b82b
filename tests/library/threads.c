/* Tapes in threads and in forked processes: the same bits as one after another in one thread.
 *
 * Also run with ThreadSanitizer, which sees what the numbers do not show. */
#include <pthread.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gradtape/gradtape.h>
#include <gradtape/network.h>

#include "../support/check.h"

enum { ROWS = 60, FEATURES = 20, HIDDEN = 30, CLASSES = 3, STEPS = 30 };

/* ---- Models whose training is worth comparing -------------------------------------------------------------------- */

/* FNV-1a over the bytes of a tensor: two trainings agree in it only if they agree in every bit. */
static uint64_t hash(uint64_t h, ad_tensor x)
{
    const unsigned char *bytes = ad_data(x);
    for (size_t i = 0, n = ad_size_of(x) * ad_type_bytes(ad_type_of(x)); bytes && i < n; i++)
        h = (h ^ bytes[i]) * UINT64_C(0x100000001b3);
    return h;
}

static void make_data(uint64_t seed, float x[ROWS * FEATURES], int32_t labels[ROWS])
{
    for (int i = 0; i < ROWS * FEATURES; i++)
        x[i] = (float)ad_random_uniform(seed, 0, (uint64_t)i);
    for (int i = 0; i < ROWS; i++)
        labels[i] = x[i * FEATURES] < 0.3F ? 0 : x[i * FEATURES + 1] < 0.5F ? 1 : 2;
}

/* A network of operators, on a tape of its own; 0 if anything fails. */
static uint64_t train_operators(uint64_t seed)
{
    float data[ROWS * FEATURES];
    int32_t labels[ROWS];
    make_data(seed, data, labels);
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor p[] = {ad_param(t, AD_F32, AD_SHAPE(FEATURES, HIDDEN), NULL, "w1"),
                     ad_param(t, AD_F32, AD_SHAPE(HIDDEN), NULL, "b1"),
                     ad_param(t, AD_F32, AD_SHAPE(HIDDEN, CLASSES), NULL, "w2")};
    for (int i = 0; i < COUNT(p); i++)
        ad_fill_uniform(p[i], (const double[]){-0.5, 0.5}, seed, (uint64_t)i);
    for (int step = 0; step < STEPS; step++) {
        const int64_t n = step % 4 ? ROWS : ROWS / 2;
        ad_tensor x = ad_borrow(t, AD_F32, AD_SHAPE(n, FEATURES), data), y = ad_input(t, AD_I32, AD_SHAPE(n), labels);
        ad_tensor z = ad_matmul(ad_tanh(ad_add(ad_matmul(x, p[0]), p[1])), p[2]);
        ad_backward_with(ad_mean(ad_softmax_cross_entropy(z, y)), &(ad_backward_options){.keep = step % 2});
        for (int i = 0; i < COUNT(p); i++)
            ad_descend(p[i], 0.2);
        ad_reset(t);
    }
    uint64_t h = seed;
    for (int i = 0; i < COUNT(p); i++)
        h = hash(h, p[i]);
    h = ad_status_of(t) == AD_OK ? h : 0;
    ad_tape_close(t);
    return h;
}

static uint64_t train_classifier(uint64_t seed)
{
    float data[ROWS * FEATURES];
    int32_t labels[ROWS];
    make_data(seed, data, labels);
    const nn_classifier_options options = {
        .hidden_units = {HIDDEN}, .n_classes = CLASSES, .seed = seed, .scaling = NN_SCALE_GLOBAL};
    nn_classifier *c = nn_classifier_open(&options);
    const nn_data train = {.features = data, .element = NN_F32, .rows = ROWS, .columns = FEATURES, .labels = labels};
    ad_status status = nn_classifier_fit(c, &train, &(nn_fit_options){.batch_size = 16, .steps = STEPS});
    uint64_t h = seed;
    for (size_t i = 0; i < nn_classifier_parameter_count(c); i++)
        h = hash(h, nn_classifier_parameter(c, i));
    nn_classifier_close(c);
    return status == AD_OK && h != seed ? h : 0;
}

/* An error, too, is of its tape alone. */
static uint64_t fail_and_train(uint64_t seed)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_item(ad_zeros(t, AD_F32, AD_SHAPE(2)));
    uint64_t h = train_operators(seed);
    h = ad_clear_error(t) == AD_BAD_SHAPE ? h : 0;
    ad_tape_close(t);
    return h;
}

/* The table of operators is one for all tapes. */
static uint64_t look_up(uint64_t seed)
{
    uint64_t found = 0;
    for (size_t i = 0; i < ad_operator_count(); i++)
        found += ad_operator_named(ad_operator_at(i)->name) == ad_operator_at(i);
    return found == ad_operator_count() ? seed + found : 0;
}

typedef uint64_t training(uint64_t seed);

static training *const trainings[] = {train_operators, train_classifier, fail_and_train, look_up};

/* ---- Threads ----------------------------------------------------------------------------------------------------- */

enum { THREADS = 2, ROUNDS = 3 };

typedef struct job {
    training *train;
    uint64_t seed, result;
    pthread_barrier_t *start;
} job;

static void *run_job(void *context)
{
    job *j = context;
    pthread_barrier_wait(j->start);
    j->result = j->train(j->seed);
    return NULL;
}

/* Together in time: the barrier lets them go at once. */
static void run_at_once(job jobs[THREADS])
{
    pthread_barrier_t start;
    pthread_t threads[THREADS];
    ck_assert_int_eq(pthread_barrier_init(&start, NULL, THREADS), 0);
    for (int i = 0; i < THREADS; i++) {
        jobs[i].start = &start;
        ck_assert_int_eq(pthread_create(&threads[i], NULL, run_job, &jobs[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    pthread_barrier_destroy(&start);
}

/* At once first, so that the threads also meet at what the process does only once; then one after the other. The index
 * says what the one thread does and what the other. */
START_TEST(threads_do_not_disturb_each_other)
{
    for (int round = 0; round < ROUNDS; round++) {
        job jobs[THREADS] = {{.train = trainings[_i / COUNT(trainings)], .seed = 11},
                             {.train = trainings[_i % COUNT(trainings)], .seed = (uint64_t)(22 + round)}};
        run_at_once(jobs);
        for (int i = 0; i < THREADS; i++) {
            ck_assert_msg(jobs[i].result != 0, "thread %d failed", i);
            ck_assert_uint_eq(jobs[i].result, jobs[i].train(jobs[i].seed));
        }
    }
}
END_TEST

typedef struct relay {
    ad_tape *t;
    ad_tensor w;
} relay;

static void *run_relay(void *context)
{
    relay *r = context;
    ad_backward(ad_sum(ad_square(r->w)));
    ad_descend(r->w, 0.25);
    ad_reset(r->t);
    return NULL;
}

/* A tape belongs to one thread at a time, but not to the same all its life. */
START_TEST(a_tape_goes_from_thread_to_thread)
{
    relay r = {.t = ad_tape_open(NULL)};
    r.w = ad_param(r.t, AD_F64, AD_SHAPE(2), (const double[]){8, -16}, "w");
    for (int i = 0; i < 3; i++) {
        pthread_t thread;
        ck_assert_int_eq(pthread_create(&thread, NULL, run_relay, &r), 0);
        ck_assert_int_eq(pthread_join(thread, NULL), 0);
    }
    expect_ok(r.t);
    ck_assert_double_eq(ad_f64(r.w)[0], 1);
    ck_assert_double_eq(ad_f64(r.w)[1], -2);
    ad_tape_close(r.t);
}
END_TEST

/* ---- One network ------------------------------------------------------------------------------------------------- */

static const nn_layer block[] = {NN_DENSE(.units = HIDDEN, .activation = AD_TANH), NN_DROPOUT(0.5)};
static const nn_layer layers[] = {
    NN_BATCH_NORM(.momentum = 0.1), NN_DENSE(.units = HIDDEN), NN_REPEAT(2, block), NN_RESIDUAL(block),
    NN_LAYER_NORM(.epsilon = 1e-3), NN_DENSE(.units = CLASSES)};

enum { READERS = 4, RUNS = 20 };

/* A thread that runs the network on a tape of its own; 0 if anything fails. */
typedef struct reader {
    const nn_network *net;
    uint64_t result;
    pthread_barrier_t *start;
} reader;

static uint64_t infer(const nn_network *net, ad_tape *t)
{
    float data[ROWS * FEATURES];
    int32_t labels[ROWS];
    uint64_t h = 1;
    for (uint64_t run = 0; run < RUNS; run++) {
        make_data(run, data, labels);
        h = hash(h, nn_run(net, nn_inference(net), ad_borrow(t, AD_F32, AD_SHAPE(ROWS, FEATURES), data)));
        ad_reset(t);
    }
    return ad_status_of(t) == AD_OK ? h : 0;
}

static void *run_reader(void *context)
{
    reader *r = context;
    ad_tape *t = ad_tape_open(NULL);
    pthread_barrier_wait(r->start);
    r->result = infer(r->net, t);
    ad_tape_close(t);
    return NULL;
}

START_TEST(threads_run_one_network)
{
    ad_tape *t = ad_tape_open(NULL);
    nn_network *net =
        nn_network_open(t, &(nn_network_options){.layers = NN_LAYERS(layers), .input = AD_SHAPE(FEATURES), .seed = 3});
    const uint64_t wanted = infer(net, t);
    ck_assert_uint_gt(wanted, 1);
    reader readers[READERS];
    pthread_t threads[READERS];
    pthread_barrier_t start;
    ck_assert_int_eq(pthread_barrier_init(&start, NULL, READERS), 0);
    for (int i = 0; i < READERS; i++) {
        readers[i] = (reader){.net = net, .start = &start};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, run_reader, &readers[i]), 0);
    }
    for (int i = 0; i < READERS; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        ck_assert_uint_eq(readers[i].result, wanted);
    }
    pthread_barrier_destroy(&start);
    expect_ok(t);
    nn_network_close(net);
    ad_tape_close(t);
}
END_TEST

/* ---- Processes --------------------------------------------------------------------------------------------------- */

/* What the training gives in a child forked now; 0 if the child dies. */
static uint64_t train_in_child(training *train, uint64_t seed)
{
    int ends[2], status = 0;
    uint64_t result = 0;
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        result = train(seed);
        _exit(write(ends[1], &result, sizeof result) == (ssize_t)sizeof result ? 0 : 1);
    }
    close(ends[1]);
    ssize_t got = read(ends[0], &result, sizeof result);
    close(ends[0]);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ended with %d", status);
    ck_assert_int_eq((int)got, (int)sizeof result);
    return result;
}

START_TEST(a_child_trains_after_its_parent)
{
    training *train = trainings[_i];
    uint64_t before = train(5);
    ck_assert_uint_ne(before, 0);
    ck_assert_uint_eq(train_in_child(train, 5), before);
    ck_assert_uint_eq(train_in_child(train, 6), train(6));
    ck_assert_uint_eq(train(5), before);
}
END_TEST

/* The parent's threads are not in the child, but what they left behind is. */
START_TEST(a_child_trains_after_threads_of_its_parent)
{
    job jobs[THREADS] = {{.train = trainings[_i], .seed = 7}, {.train = trainings[_i], .seed = 8}};
    run_at_once(jobs);
    ck_assert_uint_eq(train_in_child(trainings[_i], 7), jobs[0].result);
    ck_assert_uint_eq(train_in_child(trainings[_i], 8), jobs[1].result);
    run_at_once(jobs);
    ck_assert_uint_eq(trainings[_i](7), jobs[0].result);
}
END_TEST

static relay forked;

/* A tape that the parent opened, with its parameter, goes on in the child. */
static uint64_t go_on(uint64_t unused)
{
    (void)unused;
    run_relay(&forked);
    return ad_status_of(forked.t) == AD_OK && ad_f64(forked.w)[1] == -4 ? 1 : 0;
}

START_TEST(a_child_goes_on_with_its_parents_tape)
{
    forked.t = ad_tape_open(NULL);
    forked.w = ad_param(forked.t, AD_F64, AD_SHAPE(2), (const double[]){8, -16}, "w");
    run_relay(&forked);
    ck_assert_uint_eq(train_in_child(go_on, 0), 1);
    ck_assert_double_eq(ad_f64(forked.w)[1], -8);
    ck_assert_uint_eq(go_on(0), 1);
    ad_tape_close(forked.t);
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

int main(void)
{
    Suite *s = suite_create("threads");
    TCase *threads = tcase_create("threads"), *processes = tcase_create("processes");
    tcase_add_loop_test(threads, threads_do_not_disturb_each_other, 0, COUNT(trainings) * COUNT(trainings));
    tcase_add_test(threads, a_tape_goes_from_thread_to_thread);
    tcase_add_test(threads, threads_run_one_network);
    suite_add_tcase(s, threads);
    tcase_add_loop_test(processes, a_child_trains_after_its_parent, 0, COUNT(trainings));
    tcase_add_loop_test(processes, a_child_trains_after_threads_of_its_parent, 0, COUNT(trainings));
    tcase_add_test(processes, a_child_goes_on_with_its_parents_tape);
    suite_add_tcase(s, processes);
    return run_suites(srunner_create(s));
}
