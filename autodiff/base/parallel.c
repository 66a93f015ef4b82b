/* The pool of threads.
 *
 * There is one job at a time, under the lock `busy`. Counting `job` up publishes a job. Each worker does its run of
 * blocks and counts `unfinished` down. A worker that waits spins first, because the gaps in a training step are shorter
 * than a wake-up, and then sleeps on `wake`.
 *
 * A job is computed in the floating-point environment of its caller, so that a rounding mode, or small numbers flushed
 * to zero, act in all threads alike. */
#include <gradtape/threads.h>

#include <fenv.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

enum { SPIN_NANOSECONDS = 200000, LOOKS_AT_ONCE = 64, LOOKS_BEFORE_YIELD = 1 << 16 };

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

static struct {
    pthread_mutex_t busy;
    pthread_mutex_t lock; /* of `wake` */
    pthread_cond_t wake;
    pthread_t workers[AD_MAX_THREADS];
    int started;       /* workers that run; the caller is one more */
    int prepared;      /* the number of threads for which they were started */
    bool crowded;      /* more threads than processors: spinning would only be in the way */
    atomic_int wanted; /* threads asked for; 0: as many as there are processors */
    atomic_uint job;
    atomic_int unfinished, sleeping;
    atomic_bool stop;
    ad_task *task;
    void *context;
    size_t blocks;
    environment callers;
    _Atomic uint64_t computed[AD_MAX_THREADS];
} pool = {.busy = PTHREAD_MUTEX_INITIALIZER, .lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};

/* ---- Waiting ----------------------------------------------------------------------------------------------------- */

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

static int64_t nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Spins until there is a job after `seen`, at most as long as a gap in a step. Returns whether there is one. */
static bool spin_for_job(unsigned seen)
{
    const int64_t end = nanoseconds() + (pool.crowded ? 0 : SPIN_NANOSECONDS);
    do
        for (int i = 0; i < LOOKS_AT_ONCE; i++) {
            if (atomic_load_explicit(&pool.job, memory_order_acquire) != seen)
                return true;
            relax();
        }
    while (nanoseconds() < end);
    return false;
}

static void sleep_for_job(unsigned seen)
{
    pthread_mutex_lock(&pool.lock);
    atomic_fetch_add(&pool.sleeping, 1);
    while (atomic_load(&pool.job) == seen)
        pthread_cond_wait(&pool.wake, &pool.lock);
    atomic_fetch_sub(&pool.sleeping, 1);
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

/* Runs the blocks of the job that belong to one of the threads. */
static void work(int thread, int threads)
{
    const size_t n = pool.blocks, t = (size_t)thread, all = (size_t)threads;
    const size_t first = n / all * t + n % all * t / all, end = n / all * (t + 1) + n % all * (t + 1) / all;
    run_blocks(pool.task, pool.context, first, end);
    atomic_fetch_add_explicit(&pool.computed[thread], end - first, memory_order_relaxed);
}

static void *run_worker(void *number)
{
    for (unsigned seen = 0;;) {
        if (!spin_for_job(seen))
            sleep_for_job(seen);
        seen++;
        if (atomic_load(&pool.stop))
            return NULL;
        take_environment(&pool.callers);
        work((int)(intptr_t)number, pool.started + 1);
        atomic_fetch_sub_explicit(&pool.unfinished, 1, memory_order_release);
    }
}

static void publish(void)
{
    atomic_fetch_add(&pool.job, 1);
    if (atomic_load(&pool.sleeping) == 0)
        return;
    pthread_mutex_lock(&pool.lock);
    pthread_cond_broadcast(&pool.wake);
    pthread_mutex_unlock(&pool.lock);
}

static void wait_for_workers(void)
{
    for (int looks = 0; atomic_load_explicit(&pool.unfinished, memory_order_acquire) > 0; looks++)
        if (pool.crowded || looks > LOOKS_BEFORE_YIELD)
            sched_yield();
        else
            relax();
}

/* ---- Starting and stopping, with `busy` held --------------------------------------------------------------------- */

static void stop_workers(void)
{
    if (pool.started) {
        atomic_store(&pool.stop, true);
        publish();
        for (int i = 0; i < pool.started; i++)
            pthread_join(pool.workers[i], NULL);
        atomic_store(&pool.stop, false);
    }
    atomic_store(&pool.job, 0); /* even if there was no worker: new ones count from 0 */
    pool.started = pool.prepared = 0;
}

/* If a thread cannot be made, work goes on with fewer. */
static void start_workers(void)
{
    const int threads = ad_threads();
    if (pool.prepared == threads)
        return;
    stop_workers();
    pool.prepared = threads;
    pool.crowded = threads > sysconf(_SC_NPROCESSORS_ONLN);
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
    pool.started = pool.prepared = 0;
    atomic_store(&pool.job, 0);
    atomic_store(&pool.unfinished, 0);
    atomic_store(&pool.sleeping, 0);
    atomic_store(&pool.stop, false);
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

void ad_parallel(size_t blocks, ad_task *task, void *context)
{
    if (!task)
        return;
    const bool may_share = blocks > 1 && ad_threads() > 1;
    if (may_share)
        prepare_for_forks();
    if (!may_share || pthread_mutex_trylock(&pool.busy)) { /* alone */
        run_blocks(task, context, 0, blocks);
        atomic_fetch_add_explicit(&pool.computed[0], blocks, memory_order_relaxed);
        return;
    }
    start_workers();
    pool.task = task;
    pool.context = context;
    pool.blocks = blocks;
    pool.callers = read_environment();
    atomic_store_explicit(&pool.unfinished, pool.started, memory_order_relaxed);
    publish();
    work(0, pool.started + 1);
    wait_for_workers();
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
    if (pool.prepared != ad_threads())
        stop_workers();
    pthread_mutex_unlock(&pool.busy);
    return AD_OK;
}

int ad_threads(void)
{
    static atomic_int processors;
    const int wanted = atomic_load_explicit(&pool.wanted, memory_order_relaxed);
    if (wanted)
        return wanted;
    int n = atomic_load_explicit(&processors, memory_order_relaxed);
    if (n == 0) {
        const long online = sysconf(_SC_NPROCESSORS_ONLN);
        n = online < 1 ? 1 : online > AD_MAX_THREADS ? AD_MAX_THREADS : (int)online;
        atomic_store_explicit(&processors, n, memory_order_relaxed);
    }
    return n;
}

uint64_t ad_blocks_computed(int thread)
{
    return thread >= 0 && thread < AD_MAX_THREADS ? atomic_load(&pool.computed[thread]) : 0;
}
