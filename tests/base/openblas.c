/* OpenBLAS as it is shared with the host: its number of threads, and its buffers where the address space is short. */
#include <dirent.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cblas.h>
#include <gradtape/gradtape.h>

#include "../support/check.h"

enum { N = 600, WIDE = 1000, HOSTS = 4 };

/* ---- Calls of ours ----------------------------------------------------------------------------------------------- */

static ad_tensor square_of(ad_tape *t, int64_t n)
{
    ad_tensor x = ad_uniform(t, AD_F32, AD_SHAPE(n, n), 5);
    return ad_add(x, ad_scale(ad_eye(t, AD_F32, n), 2.0 * (double)n));
}

static ad_tensor symmetric_of(ad_tape *t, int64_t n)
{
    ad_tensor x = square_of(t, n);
    return ad_add(x, ad_transpose(x));
}

/* All products here are for OpenBLAS: on every processor they are too large for tiles. */
static ad_tensor wide_of(ad_tape *t, int64_t n) { return ad_uniform(t, AD_F32, AD_SHAPE(n, WIDE), 4); }
static ad_tensor multiply(ad_tape *t) { return ad_matmul(square_of(t, N), wide_of(t, N)); }
static ad_tensor multiply_long(ad_tape *t)
{
    return ad_matmul(ad_uniform(t, AD_F64, AD_SHAPE(100, 9000), 1), ad_uniform(t, AD_F64, AD_SHAPE(9000, 500), 2));
}
static ad_tensor batch(ad_tape *t) { return ad_matmul(ad_uniform(t, AD_F32, AD_SHAPE(3, N, N), 3), wide_of(t, N)); }
static ad_tensor layer(ad_tape *t)
{
    return ad_linear(square_of(t, N), wide_of(t, N), ad_zeros(t, AD_F32, AD_SHAPE(WIDE)), AD_RELU);
}
static ad_tensor triangle(ad_tape *t) { return ad_solve_triangular(square_of(t, N), square_of(t, N), AD_LOWER); }
static ad_tensor system_of(ad_tape *t) { return ad_solve(square_of(t, N), square_of(t, N)); }
static ad_tensor inverse(ad_tape *t) { return ad_inverse(square_of(t, N)); }
static ad_tensor cholesky(ad_tape *t) { return ad_cholesky(symmetric_of(t, N)); }
static ad_tensor determinant(ad_tape *t) { return ad_det(ad_uniform(t, AD_F32, AD_SHAPE(40, 40), 6)); }
static ad_tensor eigenvalues(ad_tape *t) { return ad_eigh(symmetric_of(t, 100), NULL); }
static ad_tensor slope(ad_tape *t)
{
    ad_tensor x = ad_variable(t, AD_F32, AD_SHAPE(N, WIDE), NULL), dx;
    ad_grad(ad_sum(ad_matmul(square_of(t, N), ad_add(x, wide_of(t, N)))), &x, 1, &dx);
    return dx;
}

static const struct {
    const char *name;
    ad_tensor (*call)(ad_tape *t);
} calls[] = {{"matmul", multiply},           {"long sums", multiply_long}, {"batch", batch},     {"linear", layer},
             {"solve_triangular", triangle}, {"solve", system_of},         {"inverse", inverse}, {"cholesky", cholesky},
             {"det", determinant},           {"eigh", eigenvalues},        {"grad", slope}};

/* ---- The host's threads ------------------------------------------------------------------------------------------ */

START_TEST(the_hosts_threads_are_given_back)
{
    for (int hosts = HOSTS; hosts >= 1; hosts--) {
        openblas_set_num_threads(hosts);
        ad_tape *t = ad_tape_open(NULL);
        calls[_i].call(t);
        ck_assert_int_eq(ad_status_of(t), AD_OK);
        ck_assert_int_eq(openblas_get_num_threads(), hosts);
        ad_tape_close(t);
        ck_assert_int_eq(openblas_get_num_threads(), hosts);
    }
}
END_TEST

/* With the host's many threads, too, bits are those of one. */
START_TEST(bits_do_not_depend_on_the_hosts_threads)
{
    ad_tape *t[2];
    ad_tensor y[2];
    for (int i = 0; i < 2; i++) {
        t[i] = ad_tape_open(NULL);
        openblas_set_num_threads(i ? HOSTS : 1);
        y[i] = calls[_i].call(t[i]);
        ck_assert_msg(ad_status_of(t[i]) == AD_OK, "%s", ad_message(t[i]));
    }
    ck_assert(!memcmp(ad_data(y[0]), ad_data(y[1]), ad_size_of(y[0]) * sizeof(float)));
    for (int i = 0; i < 2; i++)
        ad_tape_close(t[i]);
}
END_TEST

/* A call that fails gives them back as well. */
START_TEST(failed_calls_give_them_back)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor zero = ad_zeros(t, AD_F32, AD_SHAPE(4, 4)), nan = ad_full(t, AD_F32, AD_SHAPE(4, 4), NAN);
    openblas_set_num_threads(HOSTS);
    for (int i = 0; i < 8; i++) {
        ad_tensor x = i % 2 ? zero : nan;
        i / 2 == 0   ? ad_inverse(x)
        : i / 2 == 1 ? ad_solve(x, zero)
        : i / 2 == 2 ? ad_cholesky(x)
                     : ad_solve_triangular(x, zero, AD_LOWER);
        ck_assert_int_ne(ad_clear_error(t), AD_OK);
        ck_assert_int_eq(openblas_get_num_threads(), HOSTS);
    }
    ad_tape_close(t);
}
END_TEST

static bool small; /* products need little memory beside the buffer */

static void *work(void *context)
{
    ad_tape *t = ad_tape_open(NULL);
    for (int i = 0; i < 60; i++) {
        ad_tensor y = small ? ad_matmul(square_of(t, 150), wide_of(t, 150)) : calls[i % COUNT(calls)].call(t);
        ck_assert_msg(ad_data(y), "%s", ad_message(t));
        ad_reset(t);
    }
    *(ad_status *)context = ad_status_of(t);
    ad_tape_close(t);
    return NULL;
}

/* Several tapes at once: the last gives them back. A number that the host sets meanwhile stays. */
START_TEST(the_last_of_many_gives_them_back)
{
    pthread_t threads[4];
    ad_status status[4];
    ad_set_threads(_i % 2 ? 1 : 3);
    openblas_set_num_threads(HOSTS);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, work, &status[i]), 0);
    if (_i / 2)
        openblas_set_num_threads(3);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        ck_assert_int_eq(status[i], AD_OK);
    }
    ck_assert_int_eq(openblas_get_num_threads(), _i / 2 ? 3 : HOSTS);
}
END_TEST

START_TEST(a_fork_keeps_the_hosts_threads)
{
    ad_tape *t = ad_tape_open(NULL);
    openblas_set_num_threads(HOSTS);
    multiply(t);
    const pid_t child = fork();
    multiply(t);
    const bool right = ad_status_of(t) == AD_OK && openblas_get_num_threads() == HOSTS;
    if (child == 0)
        _exit(right ? 0 : 1);
    int status;
    ck_assert(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    ck_assert(right);
    ad_tape_close(t);
}
END_TEST

/* ---- Buffers ----------------------------------------------------------------------------------------------------- */

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

#ifndef SANITIZED
/* Leaves so many more MB of address space. */
static void leave(rlim_t megabytes)
{
    size_t pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    ck_assert(f && fscanf(f, "%zu", &pages) == 1);
    fclose(f);
    const rlim_t most = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + (megabytes << 20);
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &(struct rlimit){most, RLIM_INFINITY}), 0);
}

static bool is_asleep(const char *thread)
{
    char path[300], state = 'Z'; /* a thread that has ended */
    snprintf(path, sizeof path, "/proc/self/task/%s/stat", thread);
    FILE *f = fopen(path, "r");
    if (f) {
        if (fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
            state = 'Z';
        fclose(f);
    }
    return state != 'R';
}

static bool others_sleep(void)
{
    bool asleep = true;
    DIR *threads = opendir("/proc/self/task");
    ck_assert(threads != NULL);
    for (struct dirent *thread; (thread = readdir(threads)) != NULL;)
        if (thread->d_name[0] != '.' && atoi(thread->d_name) != getpid())
            asleep = asleep && is_asleep(thread->d_name);
    closedir(threads);
    return asleep;
}

/* OpenBLAS's own threads, one a processor, take a buffer each when they begin, and then sleep until there is work. */
static void wait_for_openblas(void)
{
    while (!others_sleep())
        usleep(1000);
}

START_TEST(without_a_buffer_there_is_an_error)
{
    ad_set_threads(4);
    ad_tape *t = ad_tape_open(NULL);
    wait_for_openblas();
    leave(100);
    for (int i = 0; i < 2; i++) {
        ck_assert(ad_is_inert(calls[_i].call(t)));
        ck_assert_msg(strstr(ad_message(t), "OpenBLAS needs a buffer of 128 MB"), "%s", ad_message(t));
        ck_assert_int_eq(ad_clear_error(t), AD_NO_MEMORY);
        ck_assert_int_eq(ad_reset(t), AD_OK);
    }
    ad_tape *other = ad_tape_open(NULL);
    ck_assert_double_eq(ad_item(ad_exp(ad_scalar(other, 0))), 1);
    ck_assert_int_eq(ad_status_of(other), AD_OK);
    ad_tape_close(other);
    leave(4000); /* and it works when there is memory again */
    ck_assert(!ad_is_inert(calls[_i].call(t)));
    ck_assert_int_eq(ad_status_of(t), AD_OK);
    ad_tape_close(t);
}
END_TEST

/* With room for one, one thread computes; the bits are the same. */
START_TEST(with_one_buffer_one_thread_computes)
{
    static float before[N * WIDE];
    ad_set_threads(1);
    ad_tape *t = ad_tape_open(NULL);
    wait_for_openblas();
    if (_i)
        leave(200);
    ad_tensor y = multiply(t);
    ck_assert_msg(ad_status_of(t) == AD_OK, "%s", ad_message(t));
    memcpy(before, ad_f32(y), sizeof before);
    ad_tape_close(t);
    if (!_i)
        leave(60);
    ad_set_threads(3);
    t = ad_tape_open(NULL);
    y = multiply(t);
    ck_assert_msg(ad_status_of(t) == AD_OK, "%s", ad_message(t));
    ck_assert(!memcmp(before, ad_f32(y), sizeof before));
    ad_tape_close(t);
}
END_TEST

/* Tapes at once wait for the one buffer. */
START_TEST(tapes_share_one_buffer)
{
    pthread_t threads[3];
    ad_status status[3];
    ad_set_threads(1);
    ad_tape *t = ad_tape_open(NULL);
    small = true;
    multiply(t);
    wait_for_openblas();
    leave(100); /* for stacks and the tensors of small products */
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, work, &status[i]), 0);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        ck_assert_int_eq(status[i], AD_OK);
    }
    ad_tape_close(t);
}
END_TEST
#endif

int main(void)
{
    Suite *suite = suite_create("openblas");
    TCase *tests = tcase_create("openblas");
    tcase_add_loop_test(tests, the_hosts_threads_are_given_back, 0, COUNT(calls));
    tcase_add_loop_test(tests, bits_do_not_depend_on_the_hosts_threads, 0, COUNT(calls));
    tcase_add_test(tests, failed_calls_give_them_back);
    tcase_add_loop_test(tests, the_last_of_many_gives_them_back, 0, 4);
    tcase_add_test(tests, a_fork_keeps_the_hosts_threads);
#ifndef SANITIZED
    tcase_add_loop_test(tests, without_a_buffer_there_is_an_error, 0, COUNT(calls));
    tcase_add_loop_test(tests, with_one_buffer_one_thread_computes, 0, 2);
    tcase_add_test(tests, tapes_share_one_buffer);
#endif
    suite_add_tcase(suite, tests);
    return run_suites(srunner_create(suite));
}
