/* gradtape train: trains a new model, or goes on with one. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "../nn/options/number.h"
#include "run.h"
#include "verbs.h"

/* A run. */
typedef struct job {
    cli_arguments *a;
    cli_model model;
    cli_run run;
    cli_data held;       /* of --validation FILE */
    bool has_held;       /* it was read */
    bool is_done;        /* a model that is resumed has reached its goal */
    const char *history; /* --history, written beside its place first */
    bool replaces;       /* there is a model at the path, of another training */
    int64_t step;        /* the last one that was completed */
} job;

/* ---- Going on ---------------------------------------------------------------------------------------------------- */

/* Takes over the options of the run that trained the model. One that is given must be as it was, if the model is by
 * it. */
static int take_options(job *j)
{
    cli_arguments *a = j->a, before = {.verb = CLI_TRAIN, .memory = ad_memory_over(NULL)};
    const char *note = cli_note_of(&j->model);
    before.store.memory = &before.memory;
    int status = cli_add_lines(&before, note, j->model.path, true);
    for (int i = 0; i < cli_option_count && status == CLI_OK; i++) {
        const char *now = a->values[i].text, *then = before.values[i].text;
        if (now && *note && cli_options[i].flags & CLI_FIXED && (!then || !cli_is_same_value(a, i, now, then)))
            status = cli_say(CLI_CHANGED_BY_RESUME, cli_text(a, "--%s", cli_options[i].name),
                             cli_shell_word(a, j->model.path));
    }
    cli_release_arguments(&before);
    return status == CLI_OK ? cli_add_lines(a, note, j->model.path, true) : status;
}

/* The goal of a model that goes on, where no option gives one: that of the run before, unless it was reached. */
static int choose_old_goal(job *j)
{
    nn_fit_options *fit = &j->run.fit;
    const nn_model_info *info = j->model.info;
    const bool is_over =
        !strcmp(info->end, nn_fit_end_name(NN_END_PATIENCE)) || !strcmp(info->end, nn_fit_end_name(NN_END_MINIMUM));
    if (fit->steps || fit->epochs)
        return CLI_OK;
    j->is_done = fit->to_step ? info->step >= fit->to_step : is_over || info->step >= info->goal;
    fit->to_step = fit->to_step ? fit->to_step : info->goal;
    return j->is_done ? cli_say(CLI_GOAL_REACHED, j->model.path, cli_count(j->a, info->step)) : CLI_OK;
}

static int say_place(job *j)
{
    char rate[NN_REAL_TEXT];
    const nn_model_info *info = j->model.info;
    const nn_fit_options *fit = &j->run.fit;
    const int64_t goal = fit->to_step ? fit->to_step : fit->steps ? info->step + fit->steps : 0;
    const char *of = goal ? cli_text(j->a, " of %s", cli_count(j->a, goal)) : "";
    return cli_say(CLI_RESUMES, cli_count(j->a, info->step), of, nn_real_text(info->rate, rate),
                   cli_count(j->a, info->place), cli_count(j->a, info->epoch));
}

/* Loads the model, and what its run was. */
static int load(job *j)
{
    int status = cli_load_model(&j->model, j->a);
    if (status == CLI_OK)
        status = take_options(j);
    return status == CLI_OK ? cli_check_files(j->a) : status;
}

/* ---- Before the first step --------------------------------------------------------------------------------------- */

/* Finds what is wrong with a share as --validation, before time is spent on the data. */
static int check_share(job *j)
{
    cli_arguments *a = j->a;
    double share;
    if (!a->settings.validation || !nn_read_real(a->settings.validation, &share))
        return CLI_OK;
    if (!(share > 0 && share < 1))
        return cli_say(CLI_BAD_SHARE, cli_quoted(a, a->settings.validation));
    return a->settings.window ? cli_say(CLI_HELD_OUT_TWICE, "") : CLI_OK;
}

/* Reads --validation: a share of the rows, or another file. */
static int read_validation(job *j)
{
    cli_arguments *a = j->a;
    const char *validation = a->settings.validation;
    if (!validation || nn_read_real(validation, &j->run.fit.validation_share))
        return CLI_OK;
    const cli_task task = j->model.path && j->model.info ? j->model.task : a->settings.task;
    const cli_reading reading = {.path = validation,
                                 .task = task,
                                 .like = j->run.data.is_table ? j->run.data.data.schema : (nn_schema){0},
                                 .keeps_missing = true,
                                 .needs_truth = true};
    const int status = cli_read_data(&j->held, a, &reading);
    j->has_held = status == CLI_OK;
    j->run.fit.validation = &j->held.data;
    return status;
}

/* What the data are, in a line. */
static int say_data(job *j)
{
    enum { SHOWN = 8 };
    cli_arguments *a = j->a;
    const nn_data *d = &j->run.data.data;
    const cli_classes *k = &j->run.classes;
    const char *text = cli_text(a, "%s rows, %s column%s", cli_count(a, d->rows), cli_count(a, d->columns),
                                d->columns == 1 ? "" : "s");
    if (k->n)
        text = cli_text(a, "%s, %s classes", text, cli_count(a, k->n));
    for (int64_t i = 0; i < k->n && k->n <= SHOWN; i++)
        text = cli_text(a, "%s%s%s %s", text, i ? ", " : " (", cli_class_name(k, a, i), cli_count(a, k->counts[i]));
    if (k->n && k->n <= SHOWN)
        text = cli_text(a, "%s)", text);
    return cli_say(CLI_TRAINING_DATA, j->run.data.name, text);
}

/* A model that is there already gives way: whoever did not mean that can still stop. */
static void say_replaced(job *j)
{
    nn_model_info *info = nn_model_look(j->a->settings.model, NULL);
    j->replaces = info && info->status == AD_OK;
    if (j->replaces)
        cli_say(CLI_REPLACES, j->a->settings.model, cli_count(j->a, info->step));
    nn_model_info_close(info);
}

/* A message of the library's begins with the call, which the command's user did not make. */
static const char *without_prefix(const char *message, const char *prefix)
{
    const size_t n = strlen(prefix);
    return strncmp(message, prefix, n) ? message : message + n;
}

/* What differs between the data and those of the model: "t.csv has 1,203 rows, the model was trained on 1,200". The
 * library's advice is left out: the command has its own. */
static const char *difference(const job *j)
{
    static const char begin[] = "check_data: the data have ";
    const char *message = cli_model_message(&j->model), *what = without_prefix(message, begin);
    return what == message ? cli_text(j->a, "%s: %s", j->run.data.name, message)
                           : cli_text(j->a, "%s has %.*s", j->run.data.name, (int)strcspn(what, ";"), what);
}

/* Opens the new model, or looks whether the data are those of the old one. */
static int open_model(job *j)
{
    if (j->model.info) {
        if (cli_check_data(&j->model, &j->run.data.data) == AD_OK)
            return CLI_OK;
        return cli_say(CLI_OTHER_DATA, difference(j), cli_shell_word(j->a, j->model.path));
    }
    j->model.path = j->a->settings.model;
    return cli_open_model(&j->model, j->a->settings.task, &j->run.c, &j->run.r);
}

/* Looks whether the history can be written, before time is spent. It is written beside its place and renamed, which
 * would put a file in the place of a device or a pipe. */
static int check_history(job *j)
{
    struct stat found;
    const char *path = j->a->settings.history_file;
    if (!path)
        return CLI_OK;
    if (stat(path, &found) == 0 && !S_ISREG(found.st_mode))
        return cli_say(CLI_NOT_WRITTEN, path, S_ISDIR(found.st_mode) ? strerror(EISDIR) : "it is no regular file");
    j->history = cli_text(j->a, "%s.part", path);
    FILE *file = fopen(j->history, "w");
    if (!file)
        return cli_say(CLI_NOT_WRITTEN, path, strerror(errno));
    fclose(file);
    return CLI_OK;
}

/* Whether there are data to train on. What a run before read from standard input is gone. */
static bool knows_data(const cli_arguments *a)
{
    const cli_value data = a->values[cli_option_of(a->verb, "data")];
    return data.text && (strcmp(data.text, "-") != 0 || !*data.from);
}

static int prepare(job *j)
{
    cli_arguments *a = j->a;
    if (!a->settings.model || !*a->settings.model)
        return cli_miss(a, "model");
    int status = a->settings.resume ? load(j) : CLI_OK;
    if (status == CLI_OK && a->settings.resume && !knows_data(a))
        return cli_say(CLI_NOT_TRAINED_HERE, j->model.path);
    if (status == CLI_OK)
        status = check_share(j);
    if (status == CLI_OK)
        status = cli_open_run(&j->run, a, j->model.info ? &j->model : NULL);
    if (status == CLI_OK)
        status = say_data(j);
    if (status == CLI_OK)
        status = read_validation(j);
    if (status == CLI_OK)
        status = j->model.info ? choose_old_goal(j) : cli_choose_goal(&j->run, a, a->settings.validation);
    if (status == CLI_OK && !j->is_done)
        status = open_model(j);
    if (status == CLI_OK && !j->is_done)
        status = check_history(j);
    return status;
}

/* ---- Training ---------------------------------------------------------------------------------------------------- */

static int fit(job *j, ad_status *status)
{
    cli_arguments *a = j->a;
    nn_fit_options *fit = &j->run.fit;
    const char *lines = cli_lines_of_run(a);
    fit->save = j->model.path;
    fit->save_every = cli_given(a, "save-every") ? fit->save_every : CLI_STANDARD_SAVE_EVERY;
    if (j->model.info)
        fit->warm_start = NULL; /* the first run took these weights */
    fit->callback = cli_after_step;
    fit->context = &j->step;
    j->step = j->model.info ? j->model.info->step : 0;
    if (!lines || cli_set_note(&j->model, lines) != AD_OK)
        return lines ? cli_fail_text(CLI_FAILED, cli_model_message(&j->model)) : cli_say(CLI_NO_MEMORY, "");
    if (j->model.info)
        say_place(j);
    else
        say_replaced(j);
    cli_say(CLI_SETTINGS,
            cli_settings_line(a, cli_model_settings(&j->model), j->model.r ? NN_REGRESSOR : NN_CLASSIFIER));
    cli_catch_signals();
    *status = cli_fit(&j->model, &j->run.data.data, fit);
    return CLI_OK;
}

static int say_best(job *j)
{
    const nn_history_row best = nn_history_best(cli_model_history(&j->model));
    if (best.step == 0)
        return CLI_OK;
    const char *accuracy =
        isnan(best.validation_accuracy) ? "" : cli_text(j->a, "accuracy %.4f, ", best.validation_accuracy);
    return cli_say(CLI_BEST, accuracy, cli_text(j->a, "%.4f", best.validation_loss), cli_count(j->a, best.step),
                   j->run.fit.patience ? "that step" : "the last step (--patience keeps the best)");
}

/* Writes the history beside its place, and renames it. */
static int write_history(job *j)
{
    if (!j->history)
        return CLI_OK;
    FILE *file = fopen(j->history, "w");
    const ad_shown shown = nn_write_history(cli_model_history(&j->model), file);
    bool is_written = file && shown.status == AD_OK;
    errno = 0;
    is_written = (!file || fclose(file) == 0) && is_written;
    const char *path = j->a->settings.history_file;
    if (is_written && rename(j->history, path) == 0)
        return CLI_OK;
    return cli_say(CLI_NOT_WRITTEN, path, errno ? strerror(errno) : shown.message);
}

/* What became of the fit, and how to go on. */
static int finish(job *j, ad_status status)
{
    const char *path = j->model.path;
    if (status != AD_OK && status != AD_STOPPED) {
        const int failed = cli_fail_status(status, cli_model_message(&j->model));
        if (j->replaces && (j->run.fit.save_every == 0 || j->step < j->run.fit.save_every))
            cli_say(CLI_AS_IT_WAS, path);
        return failed;
    }
    const int written = write_history(j);
    const char *step = cli_count(j->a, j->step);
    if (status == AD_STOPPED) {
        const char *again = strcmp(j->a->settings.data, "-") ? "" : " --data -"; /* which has to be given again */
        cli_say(CLI_STOPPED, step, path, cli_program(j->a), cli_text(j->a, "%s%s", cli_shell_word(j->a, path), again));
        return 128 + cli_caught_signal();
    }
    say_best(j);
    cli_say(CLI_SAVED, path, step, cli_program(j->a), cli_shell_word(j->a, path));
    return written;
}

int cli_train(cli_arguments *a)
{
    job j = {.a = a};
    ad_status fitted = AD_OK;
    int status = prepare(&j);
    if (status == CLI_OK && !j.is_done)
        status = fit(&j, &fitted);
    if (status == CLI_OK && !j.is_done)
        status = finish(&j, fitted);
    if (j.history)
        remove(j.history);
    if (j.has_held || j.held.dataset)
        cli_close_data(&j.held, a);
    cli_close_run(&j.run, a);
    cli_close_model(&j.model);
    return status;
}
