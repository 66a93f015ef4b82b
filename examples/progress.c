/* A progress line on stderr. */
#include "progress.h"

#include <stdio.h>
#include <unistd.h>

/* How long to the next line: often on a terminal; elsewhere at each tenth of the way. */
static bool is_due(const nn_progress *p, bool terminal)
{
    static double shown = -1;
    static int64_t tenth = 0;
    const bool due = terminal ? p->seconds - shown > 0.2 || p->seconds < shown : p->step * 10 / p->last_step != tenth;
    if (due)
        shown = p->seconds;
    tenth = p->step * 10 / p->last_step;
    return due || p->step == p->last_step;
}

bool show_progress(const nn_progress *p, void *context)
{
    static int64_t first = 0;
    static double average = 0;
    (void)context;
    const bool terminal = isatty(STDERR_FILENO);
    first = first ? first : p->step;
    average = p->step == first ? p->loss : 0.98 * average + 0.02 * p->loss;
    if (!is_due(p, terminal))
        return true;
    const double rate = p->seconds > 0 ? (double)(p->step - first + 1) / p->seconds : 0;
    const double left = rate > 0 ? (double)(p->last_step - p->step) / rate : 0;
    const char *end = terminal && p->step < p->last_step ? "" : "\n";
    fprintf(stderr, "%sstep %lld of %lld  loss %.4f  %.0f steps/s  %.0f s left%s%s", terminal ? "\r" : "",
            (long long)p->step, (long long)p->last_step, average, rate, left, terminal ? "\033[K" : "", end);
    return true;
}
