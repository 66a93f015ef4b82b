/* Training steps on one and on two threads while other processes compute, and on a quiet host.
 *
 * The program makes the load itself: children that multiply and add without end. Stretches of steps on one thread and
 * on two alternate, first beside the load, then without it. A stretch is cut into blocks of a few steps; the medians
 * and means are those of blocks. */
#include <argp.h>
#include <cblas.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gradtape/gradtape.h>

#include "arguments.h"
#include "digits.h"
#include "timing.h"

enum { MOST_LOADS = 64, MOST_BLOCKS = 100000, BATCH = 50, STEPS_IN_BLOCK = 16, THREADS = 2 };

/* Longer than what setting the number of threads costs, shorter than what else the machine does. */
static const double stretch_seconds = 1;

typedef struct setting {
    long seconds, loads, nice;
} setting;

/* ---- The load ---------------------------------------------------------------------------------------------------- */

/* Ends with the program, however that ends. */
static _Noreturn void compute(pid_t parent, long nice)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(0);
    setpriority(PRIO_PROCESS, 0, (int)nice);
    for (volatile double x = 1;;)
        x = x * 0.999 + 0.001;
}

static long start_loads(pid_t loads[], long wanted, long nice)
{
    const pid_t parent = getpid();
    long n = 0;
    for (; n < wanted; n++) {
        loads[n] = fork();
        if (loads[n] == 0)
            compute(parent, nice);
        if (loads[n] < 0)
            break;
    }
    return n;
}

static void end_loads(const pid_t loads[], long n)
{
    for (long i = 0; i < n; i++) {
        kill(loads[i], SIGKILL);
        waitpid(loads[i], NULL, 0);
    }
}

/* ---- Measuring --------------------------------------------------------------------------------------------------- */

typedef struct series {
    size_t n;
    double seconds[MOST_BLOCKS]; /* a step's, in each block */
    double mean, median;
} series;

static void run_stretch(nn_classifier *c, const nn_data *data, series *s)
{
    const double end = seconds_now() + stretch_seconds;
    nn_classifier_fit(c, data, &(nn_fit_options){.batch_size = BATCH, .steps = STEPS_IN_BLOCK}); /* threads start */
    for (double now = seconds_now(); now < end && s->n < MOST_BLOCKS;) {
        const double start = now;
        nn_classifier_fit(c, data, &(nn_fit_options){.batch_size = BATCH, .steps = STEPS_IN_BLOCK});
        now = seconds_now();
        s->seconds[s->n++] = (now - start) / STEPS_IN_BLOCK;
    }
}

static void sum_up(series *s)
{
    for (size_t i = 0; i < s->n; i++)
        s->mean += s->seconds[i] / (double)s->n;
    s->median = timing_of(s->seconds, s->n).median;
}

/* Alternates one thread (all[0]) and two (all[1]). */
static void alternate(nn_classifier *c, const nn_data *data, double seconds, series all[THREADS])
{
    const double end = seconds_now() + seconds;
    memset(all, 0, THREADS * sizeof *all);
    do
        for (int t = 0; t < THREADS; t++) {
            ad_set_threads(t + 1);
            run_stretch(c, data, &all[t]);
        }
    while (seconds_now() < end);
    for (int t = 0; t < THREADS; t++)
        sum_up(&all[t]);
}

static void print_line(const char *name, const series all[THREADS])
{
    printf("%-6s %10.1f %10.1f %10.1f %10.1f %8.3f %8.3f\n", name, 1e6 * all[0].median, 1e6 * all[1].median,
           1e6 * all[0].mean, 1e6 * all[1].mean, all[1].median / all[0].median, all[1].mean / all[0].mean);
}

static bool measure(const setting *s, nn_classifier *c, const nn_data *data)
{
    static series busy[THREADS], quiet[THREADS];
    pid_t loads[MOST_LOADS];
    const long started = start_loads(loads, s->loads, s->nice);
    if (started == s->loads)
        alternate(c, data, (double)s->seconds * 2 / 3, busy);
    end_loads(loads, started);
    if (started < s->loads) {
        fprintf(stderr, "busy: no process can be made\n");
        return false;
    }
    alternate(c, data, (double)s->seconds / 3, quiet);
    printf("us a step: medians of 1 and 2 threads, means, their ratios\n");
    print_line("busy", busy);
    print_line("quiet", quiet);
    printf("{\"bench\":\"busy\",\"loads\":%ld,\"nice\":%ld,\"us_busy_1\":%.1f,\"us_busy_2\":%.1f,\"ratio_busy\":%.3f,"
           "\"ratio_busy_mean\":%.3f,\"us_quiet_1\":%.1f,\"us_quiet_2\":%.1f,\"ratio_quiet\":%.3f}\n",
           s->loads, s->nice, 1e6 * busy[0].median, 1e6 * busy[1].median, busy[1].median / busy[0].median,
           busy[1].mean / busy[0].mean, 1e6 * quiet[0].median, 1e6 * quiet[1].median,
           quiet[1].median / quiet[0].median);
    return true;
}

/* ---- The command line -------------------------------------------------------------------------------------------- */

static const struct argp_option options[] = {
    {"seconds", 's', "S", 0, "Seconds in all, two thirds of them beside the load (9)", 0},
    {"loads", 'l', "N", 0, "Processes that compute (one for each processor)", 0},
    {"nice", 'n', "N", 0, "Their niceness (that of the program)", 0},
    {0},
};

static error_t take(int key, char *text, struct argp_state *state)
{
    setting *s = state->input;
    switch (key) {
    case 's': s->seconds = positive_argument(text, 600, "seconds", state); return 0;
    case 'l': s->loads = positive_argument(text, MOST_LOADS, "loads", state); return 0;
    case 'n': s->nice = positive_argument(text, 19, "nice", state); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char *argv[])
{
    static const struct argp parser = {
        .options = options, .parser = take, .doc = "Time training steps beside processes that compute."};
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    setting s = {.seconds = 9, .loads = processors < 1 ? 1 : processors > MOST_LOADS ? MOST_LOADS : processors};
    s.nice = getpriority(PRIO_PROCESS, 0);
    argp_parse(&parser, argc, argv, 0, NULL, &s);
    openblas_set_num_threads(1);
    nn_data data = make_digits();
    nn_classifier *c = nn_classifier_open(&(nn_classifier_options){
        .hidden_units = {300, 100}, .n_classes = DIGIT_CLASSES, .scaling = NN_SCALE_GLOBAL, .seed = 42});
    bool done = measure(&s, c, &data);
    if (nn_classifier_status(c) != AD_OK) {
        fprintf(stderr, "busy: %s\n", nn_classifier_message(c));
        done = false;
    }
    nn_classifier_close(c);
    free_digits(&data);
    return done ? 0 : 1;
}
