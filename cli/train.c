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

/* A training. */
typedef struct training {
    cli_arguments *a;
    cli_model model;
    cli_run run;
    cli_data held;       /* of --validation FILE */
    bool has_held;       /* it was read */
    bool is_done;        /* a model that is resumed has reached its goal */
    const char *history; /* --history, written beside its place first */
    int64_t step;        /* the last one that was completed */
} training;

/* ---- Going on ---------------------------------------------------------------------------------------------------- */

/* Whether an option says what a model is, so that it cannot change when its training goes on. */
static bool is_of_model(const cli_option *o)
{
    static const char *const others[] = {"task", "label", "class-weight", "categorical", "numeric", "warm-start"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (!strcmp(o->name, others[i]))
            return true;
    return o->part == CLI_ESTIMATOR;
}

/* Takes over the options of the run that trained the model. One that is given must be as it was, if the model is by
 * it. */
static int take_options(training *t)
{
    cli_arguments *a = t->a, before = {.verb = CLI_TRAIN, .memory = ad_memory_over(NULL)};
    const char *note = t->model.info->note ? t->model.info->note : "";
    before.store.memory = &before.memory;
    int status = cli_add_lines(&before, note, t->model.path, true);
    for (int i = 0; i < cli_option_count && status == CLI_OK; i++) {
        const char *now = a->values[i].text, *then = before.values[i].text;
        if (now && is_of_model(&cli_options[i]) && (!then || strcmp(now, then) != 0))
            status = cli_say(CLI_CHANGED_BY_RESUME, cli_text(a, "--%s", cli_options[i].name),
                             cli_shell_word(a, t->model.path));
    }
    cli_release_arguments(&before);
    return status == CLI_OK ? cli_add_lines(a, note, t->model.path, true) : status;
}

/* The goal of a model that goes on, where no option gives one: that of the run before, unless it was reached. */
static int choose_old_goal(training *t)
{
    nn_fit_options *fit = &t->run.fit;
    const nn_model_info *info = t->model.info;
    const bool is_over =
        !strcmp(info->end, nn_fit_end_name(NN_END_PATIENCE)) || !strcmp(info->end, nn_fit_end_name(NN_END_MINIMUM));
    if (fit->steps || fit->to_step || fit->epochs)
        return cli_choose_goal(&t->run, t->a, false);
    fit->to_step = info->goal;
    t->is_done = is_over || info->step >= info->goal;
    return t->is_done ? cli_say(CLI_GOAL_REACHED, t->model.path, cli_count(t->a, info->step)) : CLI_OK;
}

static int say_place(training *t)
{
    char rate[NN_REAL_TEXT];
    const nn_model_info *info = t->model.info;
    const nn_fit_options *fit = &t->run.fit;
    const int64_t goal = fit->to_step ? fit->to_step : fit->steps ? info->step + fit->steps : 0;
    const char *of = goal ? cli_text(t->a, " of %s", cli_count(t->a, goal)) : "";
    return cli_say(CLI_RESUMES, cli_count(t->a, info->step), of, nn_real_text(info->rate, rate),
                   cli_count(t->a, info->place), cli_count(t->a, info->epoch));
}

/* Loads the model, and what its run was. */
static int load(training *t)
{
    const int status = cli_load_model(&t->model, t->a);
    return status == CLI_OK ? take_options(t) : status;
}

/* ---- Before the first step --------------------------------------------------------------------------------------- */

/* Finds what is wrong with a share as --validation, before time is spent on the data. */
static int check_share(training *t)
{
    cli_arguments *a = t->a;
    double share;
    if (!a->settings.validation || !nn_read_real(a->settings.validation, &share))
        return CLI_OK;
    if (!(share > 0 && share < 1))
        return cli_say(CLI_BAD_SHARE, cli_quoted(a, a->settings.validation));
    return a->settings.window ? cli_say(CLI_HELD_OUT_TWICE, "") : CLI_OK;
}

/* Reads --validation: a share of the rows, or another file. */
static int read_validation(training *t)
{
    cli_arguments *a = t->a;
    const char *validation = a->settings.validation;
    if (!validation || nn_read_real(validation, &t->run.fit.validation_share))
        return CLI_OK;
    const cli_task task = t->model.path && t->model.info ? t->model.task : a->settings.task;
    const cli_reading reading = {.path = validation,
                                 .task = task,
                                 .like = t->run.data.is_table ? t->run.data.data.schema : (nn_schema){0},
                                 .keeps_missing = true,
                                 .needs_truth = true};
    const int status = cli_read_data(&t->held, a, &reading);
    t->has_held = status == CLI_OK;
    t->run.fit.validation = &t->held.data;
    return status;
}

/* What the data are, in a line. */
static int say_data(training *t)
{
    enum { SHOWN = 8 };
    cli_arguments *a = t->a;
    const nn_data *d = &t->run.data.data;
    const cli_classes *k = &t->run.classes;
    const char *text = cli_text(a, "%s rows, %s column%s", cli_count(a, d->rows), cli_count(a, d->columns),
                                d->columns == 1 ? "" : "s");
    if (k->n)
        text = cli_text(a, "%s, %s classes", text, cli_count(a, k->n));
    for (int64_t i = 0; i < k->n && k->n <= SHOWN; i++)
        text = cli_text(a, "%s%s%s %s", text, i ? ", " : " (", cli_class_name(k, a, i), cli_count(a, k->counts[i]));
    if (k->n && k->n <= SHOWN)
        text = cli_text(a, "%s)", text);
    return cli_say(CLI_TRAINING_DATA, t->run.data.name, text);
}

/* A model that is there already gives way: whoever did not mean that can still stop. */
static void say_replaced(const training *t)
{
    nn_model_info *info = nn_model_look(t->a->settings.model, NULL);
    if (info && info->status == AD_OK)
        cli_say(CLI_REPLACES, t->a->settings.model, cli_count(t->a, info->step));
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
static const char *difference(const training *t)
{
    static const char begin[] = "check_data: the data have ";
    const char *message = cli_model_message(&t->model), *what = without_prefix(message, begin);
    return what == message ? cli_text(t->a, "%s: %s", t->run.data.name, message)
                           : cli_text(t->a, "%s has %.*s", t->run.data.name, (int)strcspn(what, ";"), what);
}

/* Opens the new model, or looks whether the data are those of the old one. */
static int open_model(training *t)
{
    if (t->model.info) {
        if (cli_check_data(&t->model, &t->run.data.data) == AD_OK)
            return CLI_OK;
        return cli_say(CLI_OTHER_DATA, difference(t), cli_shell_word(t->a, t->model.path));
    }
    t->model.path = t->a->settings.model;
    return cli_open_model(&t->model, t->a->settings.task, &t->run.c, &t->run.r);
}

/* Looks whether the history can be written, before time is spent. */
static int check_history(training *t)
{
    if (!t->a->settings.history_file)
        return CLI_OK;
    t->history = cli_text(t->a, "%s.part", t->a->settings.history_file);
    struct stat found;
    const bool is_folder = stat(t->a->settings.history_file, &found) == 0 && S_ISDIR(found.st_mode);
    FILE *file = is_folder ? NULL : fopen(t->history, "w");
    if (!file)
        return cli_say(CLI_NOT_WRITTEN, t->a->settings.history_file, strerror(is_folder ? EISDIR : errno));
    fclose(file);
    return CLI_OK;
}

static int prepare(training *t)
{
    cli_arguments *a = t->a;
    if (!a->settings.model || !*a->settings.model)
        return cli_miss(a, "model");
    int status = a->settings.resume ? load(t) : CLI_OK;
    if (status == CLI_OK && a->settings.resume && !a->settings.data)
        return cli_say(CLI_NOT_TRAINED_HERE, t->model.path);
    if (status == CLI_OK)
        status = check_share(t);
    if (status == CLI_OK)
        status = cli_open_run(&t->run, a, t->model.info ? &t->model : NULL);
    if (status == CLI_OK)
        status = say_data(t);
    if (status == CLI_OK)
        status = read_validation(t);
    if (status == CLI_OK)
        status = t->model.info ? choose_old_goal(t) : cli_choose_goal(&t->run, a, a->settings.validation);
    if (status == CLI_OK && !t->is_done)
        status = open_model(t);
    if (status == CLI_OK && !t->is_done)
        status = check_history(t);
    return status;
}

/* ---- Training ---------------------------------------------------------------------------------------------------- */

enum { SAVE_EVERY = 1000 };

/* The options with their defaults, as the library writes them, without the number of classes that it does not know yet.
 */
static void say_settings(const training *t)
{
    static const char unknown[] = "n_classes=0 ";
    const char *settings = cli_model_settings(&t->model), *at = strstr(settings, unknown);
    const size_t before = at ? (size_t)(at - settings) : strlen(settings);
    cli_say(CLI_SETTINGS,
            cli_text(t->a, "%.*s%s", (int)before, settings, at ? at + sizeof unknown - 1 : settings + before));
}

static int fit(training *t, ad_status *status)
{
    cli_arguments *a = t->a;
    nn_fit_options *fit = &t->run.fit;
    const char *lines = cli_lines_of_run(a);
    fit->save = t->model.path;
    fit->save_every = cli_given(a, "save-every") ? fit->save_every : SAVE_EVERY;
    fit->callback = cli_after_step;
    fit->context = &t->step;
    t->step = t->model.info ? t->model.info->step : 0;
    if (!lines || cli_set_note(&t->model, lines) != AD_OK)
        return lines ? cli_fail_text(CLI_FAILED, cli_model_message(&t->model)) : cli_say(CLI_NO_MEMORY, "");
    if (t->model.info)
        say_place(t);
    else
        say_replaced(t);
    say_settings(t);
    cli_catch_signals();
    *status = cli_fit(&t->model, &t->run.data.data, fit);
    return CLI_OK;
}

static int say_best(training *t)
{
    const nn_history_row best = nn_history_best(cli_model_history(&t->model));
    if (best.step == 0)
        return CLI_OK;
    const char *accuracy =
        isnan(best.validation_accuracy) ? "" : cli_text(t->a, "accuracy %.4f, ", best.validation_accuracy);
    return cli_say(CLI_BEST, accuracy, cli_text(t->a, "%.4f", best.validation_loss), cli_count(t->a, best.step));
}

/* Writes the history beside its place, and renames it. */
static int write_history(training *t)
{
    if (!t->history)
        return CLI_OK;
    FILE *file = fopen(t->history, "w");
    const ad_shown shown = nn_write_history(cli_model_history(&t->model), file);
    bool is_written = file && shown.status == AD_OK;
    errno = 0;
    is_written = (!file || fclose(file) == 0) && is_written;
    if (is_written && rename(t->history, t->a->settings.history_file) == 0)
        return CLI_OK;
    return cli_say(CLI_NOT_WRITTEN, t->a->settings.history_file, errno ? strerror(errno) : shown.message);
}

/* What became of the fit, and how to go on. */
static int finish(training *t, ad_status status)
{
    const char *path = t->model.path;
    if (status != AD_OK && status != AD_STOPPED)
        return cli_fail_text(status == AD_BAD_VALUE ? CLI_WRONG_USE : CLI_FAILED,
                             without_prefix(without_prefix(cli_model_message(&t->model), "fit: "), "save: "));
    const int written = write_history(t);
    const char *step = cli_count(t->a, t->step);
    if (status == AD_STOPPED) {
        cli_say(CLI_STOPPED, step, path, cli_shell_word(t->a, path));
        return 128 + cli_caught_signal();
    }
    say_best(t);
    cli_say(CLI_SAVED, path, step, cli_shell_word(t->a, path));
    return written;
}

int cli_train(cli_arguments *a)
{
    training t = {.a = a};
    ad_status fitted = AD_OK;
    int status = prepare(&t);
    if (status == CLI_OK && !t.is_done)
        status = fit(&t, &fitted);
    if (status == CLI_OK && !t.is_done)
        status = finish(&t, fitted);
    if (t.history)
        remove(t.history);
    if (t.has_held || t.held.dataset)
        cli_close_data(&t.held, a);
    cli_close_run(&t.run, a);
    cli_close_model(&t.model);
    return status;
}
