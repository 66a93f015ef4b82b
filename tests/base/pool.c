/* The protocol of the pool of threads: who computes a block, when a job is over, forks, and settings under way.
 *
 * The first job after a change of the number of threads is for all of them, so that a task may wait for the others. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gradtape/threads.h>

#include "../support/check.h"

enum { MOST_BLOCKS = 64, ROUNDS = 300 };

/* A job that is valid only while ad_parallel runs. */
typedef struct job {
    pthread_t caller;
    size_t blocks;
    bool is_over;
    atomic_int begun, ended;
    int done[MOST_BLOCKS];
} job;

static bool is_caller(const job *j) { return pthread_equal(j->caller, pthread_self()); }

static void wait_for(atomic_int *count, int least)
{
    while (atomic_load(count) < least)
        sched_yield();
}

/* A pause, so that this thread comes late. */
static void dawdle(size_t i) { usleep((useconds_t)(ad_random_bits(3, 0, i) % 300)); }

/* Tasks also run in the child of a fork, in which Check's lock may be taken for ever. */
static void mark(job *j, size_t block)
{
    if (j->is_over || block >= j->blocks)
        abort();
    j->done[block]++;
}

static void run_job(size_t blocks, ad_task *task)
{
    job j = {.caller = pthread_self(), .blocks = blocks};
    ad_parallel(blocks, task, &j);
    for (size_t block = 0; block < MOST_BLOCKS; block++)
        ck_assert_int_eq(j.done[block], block < blocks);
    j.is_over = true;
}

/* Workers that run from here on are new. */
static void start_anew(int threads)
{
    ck_assert_int_eq(ad_set_threads(1), AD_OK);
    ck_assert_int_eq(ad_set_threads(threads), AD_OK);
}

/* ---- Who computes ------------------------------------------------------------------------------------------------ */

static void meet(void *context, size_t block)
{
    job *j = context;
    atomic_fetch_add(&j->begun, 1);
    wait_for(&j->begun, (int)j->blocks);
    mark(j, block);
}

START_TEST(every_thread_computes)
{
    for (int threads = 2; threads <= 8; threads++) {
        uint64_t before[8];
        start_anew(threads);
        for (int i = 0; i < threads; i++)
            before[i] = ad_blocks_computed(i);
        run_job((size_t)threads, meet);
        for (int i = 0; i < threads; i++)
            ck_assert_uint_eq(ad_blocks_computed(i) - before[i], 1);
    }
}
END_TEST

/* Ends after all other blocks, if it is the first of a worker; the caller begins when the worker has. */
static void hold_worker(void *context, size_t block)
{
    job *j = context;
    if (is_caller(j))
        wait_for(&j->begun, 1);
    else if (atomic_fetch_add(&j->begun, 1) == 0)
        wait_for(&j->ended, (int)j->blocks - 1);
    mark(j, block);
    atomic_fetch_add(&j->ended, 1);
}

static void hold_caller(void *context, size_t block)
{
    job *j = context;
    if (is_caller(j))
        wait_for(&j->ended, (int)j->blocks - 1);
    mark(j, block);
    atomic_fetch_add(&j->ended, 1);
}

START_TEST(a_thread_that_is_held_up_holds_up_one_block)
{
    for (int threads = 2; threads <= 5; threads++)
        for (size_t blocks = (size_t)threads; blocks <= MOST_BLOCKS; blocks += 7) {
            start_anew(threads);
            run_job(blocks, hold_worker);
            start_anew(threads);
            run_job(blocks, hold_caller);
        }
}
END_TEST

/* ---- When a job is over ------------------------------------------------------------------------------------------ */

static void mark_only(void *context, size_t block) { mark(context, block); }

static void come_late(void *context, size_t block)
{
    job *j = context;
    if (!is_caller(j))
        dawdle(block);
    mark(j, block);
}

/* Jobs of many sizes follow each other, so that late workers meet a later one. */
START_TEST(late_workers_meet_no_old_job)
{
    for (int threads = 2; threads <= 6; threads++) {
        start_anew(threads);
        for (size_t i = 0; i < ROUNDS; i++) {
            run_job(i % (MOST_BLOCKS + 1), i % 8 == 0 ? come_late : mark_only);
            if (i % 32 == 0)
                dawdle(i);
        }
    }
}
END_TEST

/* Long enough that the caller sleeps. */
static void end_late(void *context, size_t block)
{
    job *j = context;
    atomic_fetch_add(&j->begun, 1);
    wait_for(&j->begun, (int)j->blocks);
    if (!is_caller(j))
        usleep(2000);
    mark(j, block);
}

START_TEST(the_caller_waits_for_every_block)
{
    for (int i = 0; i < 40; i++) {
        start_anew(2 + i % 3);
        run_job((size_t)(2 + i % 3), end_late);
    }
}
END_TEST

static void call_again(void *context, size_t block)
{
    run_job(block % 9, mark_only);
    mark(context, block);
}

START_TEST(a_task_may_call)
{
    start_anew(3);
    for (size_t i = 0; i < ROUNDS; i++)
        run_job(i % MOST_BLOCKS, call_again);
}
END_TEST

/* ---- Several callers, and settings under way --------------------------------------------------------------------- */

static void *call_often(void *unused)
{
    (void)unused;
    for (size_t i = 0; i < ROUNDS; i++)
        run_job(i % (MOST_BLOCKS + 1), i % 16 == 0 ? come_late : mark_only);
    return NULL;
}

START_TEST(threads_change_while_others_compute)
{
    pthread_t callers[3];
    for (int i = 0; i < COUNT(callers); i++)
        ck_assert_int_eq(pthread_create(&callers[i], NULL, call_often, NULL), 0);
    for (int i = 0; i < ROUNDS; i++) {
        ck_assert_int_eq(ad_set_threads(1 + i % 5), AD_OK);
        run_job(MOST_BLOCKS, mark_only);
    }
    for (int i = 0; i < COUNT(callers); i++)
        ck_assert_int_eq(pthread_join(callers[i], NULL), 0);
}
END_TEST

/* ThreadSanitizer otherwise ends a child that makes threads. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void) { return "die_after_fork=0"; }

/* ---- Forks ------------------------------------------------------------------------------------------------------- */

/* The child computes with workers of its own, and ends. */
static void fork_and_compute(void)
{
    const pid_t child = fork();
    if (child == 0) {
        job j = {.caller = pthread_self(), .blocks = 3};
        ad_parallel(3, meet, &j);
        _exit(j.done[0] + j.done[1] + j.done[2]);
    }
    int status;
    ck_assert_int_gt(child, 0);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 3);
}

START_TEST(a_child_has_workers_of_its_own)
{
    for (size_t i = 0; i < 20; i++) {
        start_anew(3);
        run_job(3, meet);
        if (i % 2)
            usleep(2000); /* the workers sleep */
        fork_and_compute();
        run_job(MOST_BLOCKS, mark_only);
    }
}
END_TEST

static atomic_bool may_end;
static atomic_int is_under_way;

static void stay(void *context, size_t block)
{
    atomic_fetch_add(&is_under_way, 1);
    while (!atomic_load(&may_end))
        sched_yield();
    mark(context, block);
}

static void *call_once(void *unused)
{
    run_job(MOST_BLOCKS, stay);
    return unused;
}

/* The child finds the job of another thread under way, with blocks that nobody has begun. All threads compute as it is
 * made: one that begins frees memory, and AddressSanitizer's lock would then be taken in the child for ever. */
START_TEST(a_child_of_a_busy_parent_computes)
{
    pthread_t caller;
    for (int i = 0; i < 10; i++) {
        start_anew(3);
        may_end = false;
        is_under_way = 0;
        ck_assert_int_eq(pthread_create(&caller, NULL, call_once, NULL), 0);
        wait_for(&is_under_way, 3);
        fork_and_compute();
        may_end = true;
        ck_assert_int_eq(pthread_join(caller, NULL), 0);
    }
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, every_thread_computes);
    tcase_add_test(tests, a_thread_that_is_held_up_holds_up_one_block);
    tcase_add_test(tests, late_workers_meet_no_old_job);
    tcase_add_test(tests, the_caller_waits_for_every_block);
    tcase_add_test(tests, a_task_may_call);
    tcase_add_test(tests, threads_change_while_others_compute);
    tcase_add_test(tests, a_child_has_workers_of_its_own);
    tcase_add_test(tests, a_child_of_a_busy_parent_computes);
}

int main(void) { return run_tests("pool", add_tests); }
