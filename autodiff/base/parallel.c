/* The pool of threads.
 *
 * There is one job at a time, under the lock `busy`. Its blocks are shares, one for each thread. A thread takes the
 * blocks of its own share one by one, then those that are left in other shares. The caller waits only for blocks that
 * somebody has begun. So a worker that has no processor holds up one block at most, and a worker that comes late finds
 * nothing to do.
 *
 * Whoever takes a block counts the share's `left` down by one. It succeeds only while a job is under way, because a job
 * leaves 0 behind, and the job cannot end before that block is reported. Between the two, what the share says of the
 * job stays; without a block nobody reads it.
 *
 * Processors may be busy with other programs. Then a worker loses its processor in the middle of a block, and the
 * caller waits for a whole turn of the other program. Whether the threads together still get more done than the caller
 * alone is tried: callers compute together for some turns, and if that yields less than one processor's work, alone for
 * as long. Who computes a block does not change its bits, so a clock may decide.
 *
 * A worker that waits spins first, because the gaps in a training step are shorter than a wake-up, and then sleeps.
 *
 * A job is computed in the floating-point environment of its caller, so that a rounding mode, or small numbers flushed
 * to zero, act in all threads alike. */
#define _GNU_SOURCE /* the processors that a process may use */
#include <gradtape/threads.h>

#include <fenv.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

enum { LOOKS_AT_ONCE = 64, CACHE_LINE = 64 };

/* In nanoseconds. */
enum {
    SPIN = 200000,       /* longer than the gap between two jobs of a step */
    TRIAL = 20000000,    /* several turns of another program */
    LONGEST = 320000000, /* of a trial */
    FRESH = 1000000000,  /* how long the yield of a trial is believed */
    LONG_JOB = 100000,   /* worth a look at the clocks as it ends */
    REST = 1000000       /* between two jobs, which is no part of a trial */
};

/* How a thread rounds, what it does with small numbers, and what it traps. On x86 these are the control words alone:
 * a whole environment takes as long to read as a small job. */
typedef struct environment {
#ifdef __SSE2__
    unsigned vectors; /* MXCSR without its flags */
    unsigned short x87;
#else
    fenv_t all;
#endif
} environment;

/* The blocks of the job that belong to one thread, and all that another must know to compute them. */
typedef struct share {
    _Alignas(CACHE_LINE) atomic_size_t left; /* blocks that nobody has begun; 0 between jobs */
    size_t end;                              /* the block after the last */
    ad_task *task;
    void *context;
    environment callers;
    _Atomic uint64_t computed; /* by this thread, in all jobs */
} share;

/* A time in which callers compute together with the workers, or alone. */
typedef struct trial {
    bool together;
    int64_t start, end;
    int64_t processor_start; /* of the caller's own processor time */
    int64_t idle;            /* of that, spent waiting */
    int64_t ended;           /* when its last job ended, if that was a long one; else 0 */
    int64_t processor_ended; /* the caller's processor time then */
    size_t own, all;         /* blocks computed by the caller, and by all */
    pthread_t caller;
} trial;

static struct {
    share shares[AD_MAX_THREADS];
    _Alignas(CACHE_LINE) atomic_ptrdiff_t unfinished; /* blocks of the job that are not reported */
    atomic_bool caller_sleeps;
    _Alignas(CACHE_LINE) pthread_mutex_t busy;
    pthread_mutex_t lock; /* of `wake` and `done` */
    pthread_cond_t wake, done;
    pthread_t workers[AD_MAX_THREADS];
    int started;           /* workers that run; the caller is one more */
    int prepared;          /* the number of threads for which they were started */
    bool crowded;          /* more threads than processors: spinning would only be in the way */
    atomic_int wanted;     /* threads asked for; 0: one a processor */
    atomic_int processors; /* threads for `wanted` 0; 0: not counted yet */
    atomic_int sleeping;
    atomic_bool stop;
    trial trial;
    double alone;     /* the yield of the last trial of the caller alone */
    int64_t alone_at; /* when that ended */
    int64_t pause;    /* how long it was; 0: the threads together have yielded more since */
} pool = {.busy = PTHREAD_MUTEX_INITIALIZER,
          .lock = PTHREAD_MUTEX_INITIALIZER,
          .wake = PTHREAD_COND_INITIALIZER,
          .done = PTHREAD_COND_INITIALIZER};

/* ---- Waiting ----------------------------------------------------------------------------------------------------- */

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

static int64_t read_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t nanoseconds(void) { return read_clock(CLOCK_MONOTONIC); }

/* Whether a worker has to look: there are blocks in its share, or it is to end. */
static bool is_called(share *own) { return atomic_load(&own->left) > 0 || atomic_load(&pool.stop); }

static bool is_done(share *unused)
{
    (void)unused;
    return atomic_load_explicit(&pool.unfinished, memory_order_acquire) == 0;
}

/* Spins until the answer is yes, for a time at most. Returns the answer. */
static bool spin_until(bool (*ask)(share *), share *own, int64_t most)
{
    const int64_t end = nanoseconds() + (pool.crowded ? 0 : most);
    do
        for (int i = 0; i < LOOKS_AT_ONCE; i++) {
            if (ask(own))
                return true;
            relax();
        }
    while (nanoseconds() < end);
    return false;
}

static void sleep_until_called(share *own)
{
    pthread_mutex_lock(&pool.lock);
    atomic_fetch_add(&pool.sleeping, 1);
    while (!is_called(own))
        pthread_cond_wait(&pool.wake, &pool.lock);
    atomic_fetch_sub(&pool.sleeping, 1);
    pthread_mutex_unlock(&pool.lock);
}

static void wake_workers(void)
{
    if (atomic_load(&pool.sleeping) == 0)
        return;
    pthread_mutex_lock(&pool.lock);
    pthread_cond_broadcast(&pool.wake);
    pthread_mutex_unlock(&pool.lock);
}

static void sleep_until_done(void)
{
    pthread_mutex_lock(&pool.lock);
    atomic_store(&pool.caller_sleeps, true);
    while (atomic_load(&pool.unfinished) > 0)
        pthread_cond_wait(&pool.done, &pool.lock);
    atomic_store(&pool.caller_sleeps, false);
    pthread_mutex_unlock(&pool.lock);
}

/* Says that blocks are done. After that the job may be over. */
static void report(size_t blocks)
{
    const ptrdiff_t n = (ptrdiff_t)blocks;
    if (atomic_fetch_sub(&pool.unfinished, n) != n || !atomic_load(&pool.caller_sleeps))
        return;
    pthread_mutex_lock(&pool.lock);
    pthread_cond_signal(&pool.done);
    pthread_mutex_unlock(&pool.lock);
}

/* ---- The floating-point environment ------------------------------------------------------------------------------ */

#ifdef __SSE2__
enum { MXCSR_FLAGS = 0x3f };

static environment read_environment(void)
{
    environment e = {.vectors = __builtin_ia32_stmxcsr() & ~(unsigned)MXCSR_FLAGS};
    __asm__ volatile("fnstcw %0" : "=m"(e.x87));
    return e;
}

static void take_environment(const environment *e)
{
    const environment own = read_environment();
    if (own.vectors != e->vectors)
        __builtin_ia32_ldmxcsr(e->vectors);
    if (own.x87 != e->x87)
        __asm__ volatile("fldcw %0" : : "m"(e->x87));
}
#else
static environment read_environment(void)
{
    environment e;
    fegetenv(&e.all);
    return e;
}

static void take_environment(const environment *e) { fesetenv(&e->all); }
#endif

/* ---- Working ----------------------------------------------------------------------------------------------------- */

/* Whether this thread computes a block now. */
static _Thread_local bool in_task;

/* Runs blocks first to end-1. */
static void run_blocks(ad_task *task, void *context, size_t first, size_t end)
{
    const bool outer = in_task;
    in_task = true;
    for (size_t block = first; block < end; block++)
        task(context, block);
    in_task = outer;
}

/* Takes a block that nobody has begun. */
static bool take_block(share *s, size_t *block)
{
    size_t left = atomic_load_explicit(&s->left, memory_order_relaxed);
    while (left > 0)
        if (atomic_compare_exchange_weak_explicit(&s->left, &left, left - 1, memory_order_acquire,
                                                  memory_order_relaxed)) {
            *block = s->end - left;
            return true;
        }
    return false;
}

/* Runs blocks of the job, those of the thread's own share first, until all are begun. A job that is over has none. */
static size_t work(int thread)
{
    const int threads = pool.started + 1;
    size_t done = 0;
    for (int i = 0; i < threads; i++) {
        share *s = &pool.shares[(thread + i) % threads];
        for (size_t block; take_block(s, &block); done++) {
            if (thread > 0 && done == 0)
                take_environment(&s->callers);
            run_blocks(s->task, s->context, block, block + 1);
        }
    }
    if (done > 0) {
        atomic_fetch_add_explicit(&pool.shares[thread].computed, done, memory_order_relaxed);
        report(done);
    }
    return done;
}

static void *run_worker(void *number)
{
    const int thread = (int)(intptr_t)number;
    share *own = &pool.shares[thread];
    for (;;) {
        if (!spin_until(is_called, own, SPIN))
            sleep_until_called(own);
        if (atomic_load(&pool.stop))
            return NULL;
        work(thread);
    }
}

/* ---- Together or alone, with `busy` held ------------------------------------------------------------------------- */

/* How many processors' worth of work was done: the share of the time in which the caller computed, times the blocks of
 * all for each of its own. */
static double yield_of(const trial *t, int64_t now)
{
    const int64_t computed = read_clock(CLOCK_THREAD_CPUTIME_ID) - t->processor_start - t->idle;
    return (double)computed / (double)(now - t->start) * (double)t->all / (double)(t->own ? t->own : 1);
}

static void begin_trial(bool together, int64_t now, int64_t length)
{
    pool.trial = (trial){.together = together,
                         .start = now,
                         .end = now + length,
                         .processor_start = read_clock(CLOCK_THREAD_CPUTIME_ID),
                         .caller = pthread_self()};
}

/* The caller alone yields 1 at most, so it is not tried while the threads together yield more. The more often they
 * yield less, the longer is the pause before they are tried again. */
static void judge_trial(int64_t now)
{
    const double yield = yield_of(&pool.trial, now);
    const bool is_alone_known = now - pool.alone_at < FRESH;
    if (!pool.trial.together) {
        pool.alone = yield;
        pool.alone_at = now;
        begin_trial(true, now, TRIAL);
    } else if (yield >= 1 || (is_alone_known && yield > pool.alone)) {
        pool.pause = 0;
        begin_trial(true, now, TRIAL);
    } else {
        pool.pause = !is_alone_known || pool.pause == 0 ? TRIAL : pool.pause < LONGEST ? 2 * pool.pause : LONGEST;
        begin_trial(false, now, pool.pause);
    }
}

/* A program that rests between jobs, as one that waits for its next picture, is judged by its jobs. */
static void leave_out_rest(int64_t now)
{
    trial *t = &pool.trial;
    if (t->ended == 0 || now - t->ended < REST)
        return;
    t->start += now - t->ended;
    t->end += now - t->ended;
    t->processor_start += read_clock(CLOCK_THREAD_CPUTIME_ID) - t->processor_ended;
}

static void note_end(int64_t began)
{
    const int64_t now = nanoseconds();
    const bool is_long = now - began > LONG_JOB;
    pool.trial.ended = is_long ? now : 0;
    pool.trial.processor_ended = is_long ? read_clock(CLOCK_THREAD_CPUTIME_ID) : 0;
}

/* Whether this job is for all threads. A trial of another caller, or one that ended long ago, says nothing. */
static bool is_for_all(int64_t now)
{
    const trial *t = &pool.trial;
    if (!pthread_equal(t->caller, pthread_self())) {
        begin_trial(true, now, TRIAL);
        return true;
    }
    leave_out_rest(now);
    if (now - t->end > LONGEST)
        begin_trial(true, now, TRIAL);
    else if (now >= t->end)
        judge_trial(now);
    return t->together;
}

/* ---- Jobs -------------------------------------------------------------------------------------------------------- */

/* Cuts the blocks into shares. A worker may begin as soon as its own is there. */
static void publish(size_t blocks, ad_task *task, void *context)
{
    const size_t threads = (size_t)pool.started + 1;
    const environment callers = read_environment();
    size_t end = blocks;
    atomic_store_explicit(&pool.unfinished, (ptrdiff_t)blocks, memory_order_relaxed);
    for (size_t t = threads; t-- > 0;) {
        const size_t first = blocks / threads * t + (blocks % threads * t + threads - 1) / threads;
        share *s = &pool.shares[t];
        s->end = end;
        s->task = task;
        s->context = context;
        s->callers = callers;
        atomic_store(&s->left, end - first);
        end = first;
    }
    wake_workers();
}

/* Waits for blocks that others have begun. */
static void wait_for_workers(void)
{
    if (is_done(NULL))
        return;
    const int64_t before = nanoseconds();
    const bool is_quick = spin_until(is_done, NULL, SPIN);
    const int64_t spent = nanoseconds() - before; /* more than SPIN: another program had the processor */
    pool.trial.idle += spent < SPIN ? spent : SPIN;
    if (!is_quick)
        sleep_until_done();
}

/* ---- Starting and stopping, with `busy` held --------------------------------------------------------------------- */

static void stop_workers(void)
{
    if (pool.started) {
        atomic_store(&pool.stop, true);
        wake_workers();
        for (int i = 0; i < pool.started; i++)
            pthread_join(pool.workers[i], NULL);
        atomic_store(&pool.stop, false);
    }
    pool.started = pool.prepared = 0;
    pool.trial.end = 0;
}

/* How many processors the process may use, at most AD_MAX_THREADS. taskset and job schedulers allow some of those that
 * are there. The first thread is asked, since others may be bound to one processor each. */
static int count_processors(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
#ifdef CPU_COUNT
    cpu_set_t allowed;
    if (sched_getaffinity(getpid(), sizeof allowed, &allowed) == 0) /* it fails where a set does not hold all */
        n = CPU_COUNT(&allowed);
#endif
    return n < 1 ? 1 : n > AD_MAX_THREADS ? AD_MAX_THREADS : (int)n;
}

/* If a thread cannot be made, work goes on with fewer. */
static void start_workers(void)
{
    const int threads = ad_threads();
    if (pool.prepared == threads)
        return;
    stop_workers();
    pool.prepared = threads;
    pool.crowded = threads > count_processors();
    int started = 0;
    while (started + 1 < threads &&
           !pthread_create(&pool.workers[started], NULL, run_worker, (void *)(intptr_t)(started + 1)))
        started++;
    pool.started = started;
}

/* After a fork the child has no workers, and perhaps locks that nobody will release. */
static void forget_workers(void)
{
    pthread_mutex_init(&pool.busy, NULL);
    pthread_mutex_init(&pool.lock, NULL);
    pthread_cond_init(&pool.wake, NULL);
    pthread_cond_init(&pool.done, NULL);
    pool.started = pool.prepared = 0;
    for (int t = 0; t < AD_MAX_THREADS; t++)
        atomic_store(&pool.shares[t].left, 0);
    atomic_store(&pool.unfinished, 0);
    atomic_store(&pool.caller_sleeps, false);
    atomic_store(&pool.sleeping, 0);
    atomic_store(&pool.stop, false);
    pool.trial.end = 0;
}

static void watch_forks(void) { pthread_atfork(NULL, NULL, forget_workers); }

/* Called before `busy` is first taken. Otherwise the child of a fork could find it taken for ever. */
static void prepare_for_forks(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, watch_forks);
}

__attribute__((destructor)) static void end_workers(void)
{
    if (pthread_mutex_trylock(&pool.busy) == 0) {
        stop_workers();
        pthread_mutex_unlock(&pool.busy);
    }
}

/* ---- Calls ------------------------------------------------------------------------------------------------------- */

static void run_alone(size_t blocks, ad_task *task, void *context)
{
    run_blocks(task, context, 0, blocks);
    atomic_fetch_add_explicit(&pool.shares[0].computed, blocks, memory_order_relaxed);
}

void ad_parallel(size_t blocks, ad_task *task, void *context)
{
    if (!task)
        return;
    const bool may_share = blocks > 1 && ad_threads() > 1;
    if (may_share)
        prepare_for_forks();
    if (!may_share || pthread_mutex_trylock(&pool.busy)) {
        run_alone(blocks, task, context);
        return;
    }
    start_workers();
    const int64_t began = nanoseconds();
    size_t own = blocks;
    if (is_for_all(began)) {
        publish(blocks, task, context);
        own = work(0);
        wait_for_workers();
    } else
        run_alone(blocks, task, context);
    pool.trial.own += own;
    pool.trial.all += blocks;
    note_end(began);
    pthread_mutex_unlock(&pool.busy);
}

ad_status ad_set_threads(int threads)
{
    if (threads < 0 || threads > AD_MAX_THREADS)
        return AD_BAD_VALUE;
    if (in_task) /* it would wait for the end of the job that waits for it */
        return AD_BAD_STATE;
    prepare_for_forks();
    pthread_mutex_lock(&pool.busy);
    atomic_store(&pool.wanted, threads);
    atomic_store(&pool.processors, 0);
    if (pool.prepared != ad_threads())
        stop_workers();
    pthread_mutex_unlock(&pool.busy);
    return AD_OK;
}

int ad_threads(void)
{
    const int wanted = atomic_load_explicit(&pool.wanted, memory_order_relaxed);
    if (wanted)
        return wanted;
    int n = atomic_load_explicit(&pool.processors, memory_order_relaxed);
    if (n == 0) {
        n = count_processors();
        atomic_store_explicit(&pool.processors, n, memory_order_relaxed);
    }
    return n;
}

uint64_t ad_blocks_computed(int thread)
{
    return thread >= 0 && thread < AD_MAX_THREADS ? atomic_load(&pool.shares[thread].computed) : 0;
}
