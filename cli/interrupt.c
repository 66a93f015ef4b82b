/* Stopping a fit by a signal, so that it saves what it has. */
#include <gradtape/progress.h>
#include <signal.h>

#include "run.h"

static volatile sig_atomic_t caught;

static void remember(int number)
{
    caught = number;
    signal(number, SIG_DFL);
}

void cli_catch_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = remember}, before;
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN) /* of nohup, or of a script */
            sigaction(numbers[i], &action, NULL);
}

int cli_caught_signal(void) { return caught; }

bool cli_after_step(const nn_progress *progress, void *step)
{
    nn_progress shown = *progress;
    if (step)
        *(int64_t *)step = progress->step;
    shown.is_last = progress->is_last || caught;
    if (cli_notes_are_said())
        nn_show_progress(&shown, stderr);
    return !caught;
}
