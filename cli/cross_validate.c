/* The verb cross-validate: an estimator is trained and tested fold by fold, and nothing is saved. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <gradtape/cross_validation.h>

#include "json.h"
#include "run.h"
#include "verbs.h"

/* ---- Text -------------------------------------------------------------------------------------------------------- */

/* A number as text: 4 decimals, or 6 digits for a regression, whose figures may be of any size. */
static const char *number(cli_arguments *a, double x)
{
    char text[40];
    snprintf(text, sizeof text, a->settings.task == CLI_REGRESSION ? "%.6g" : "%.4f", x);
    return cli_text(a, "%s", text);
}

static void print_fold(cli_arguments *a, const nn_cross_validation *v, int64_t i)
{
    const nn_evaluation e = nn_cross_validation_fold(v, i);
    const char *name = a->settings.task == CLI_REGRESSION ? "rmse" : "accuracy";
    printf("fold %" PRId64 ": %s = %s, ", i + 1, name, number(a, nn_evaluation_named(&e, name).value));
    printf("loss = %s\n", number(a, e.loss));
}

static void print_spread(cli_arguments *a, const nn_cross_validation *v, const char *name)
{
    const nn_spread s = nn_cross_validation_figure(v, name);
    const int64_t folds = nn_cross_validation_count(v);
    if (s.undefined)
        printf("%s = n/a (%s)\n", name, s.undefined);
    else if (s.n < folds)
        printf("%s = %s +- %s (%" PRId64 " of %" PRId64 " folds; it is not defined in the others)\n", name,
               number(a, s.mean), number(a, s.standard_error), s.n, folds);
    else
        printf("%s = %s +- %s (%" PRId64 " folds)\n", name, number(a, s.mean), number(a, s.standard_error), folds);
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static void put_fold(nn_json_writer *w, const nn_evaluation *e, bool has_accuracy)
{
    nn_json_begin(w, '{');
    cli_put_json_integer(w, "global_step", e->global_step);
    if (has_accuracy)
        cli_put_json_figure(w, "accuracy", e->accuracy, true);
    cli_put_json_figure(w, "loss", e->loss, true);
    for (size_t i = 0; i < e->n_figures; i++)
        cli_put_json_figure(w, e->figures[i].name, e->figures[i].value, !e->figures[i].undefined);
    nn_json_end(w, '}');
}

static void put_spread(nn_json_writer *w, const nn_cross_validation *v, const char *name)
{
    const nn_spread s = nn_cross_validation_figure(v, name);
    cli_begin_json(w, name, '{');
    cli_put_json_figure(w, "mean", s.mean, !s.undefined);
    cli_put_json_figure(w, "standard_error", s.standard_error, s.n >= 2);
    cli_put_json_integer(w, "folds", s.n);
    nn_json_end(w, '}');
}

/* ---- Both -------------------------------------------------------------------------------------------------------- */

/* The names of all figures of the evaluations: accuracy, loss, and what the head adds. Returns how many. */
static size_t list_figures(const nn_evaluation *e, bool has_accuracy, const char *names[NN_MAX_FIGURES + 2])
{
    size_t n = 0;
    if (has_accuracy)
        names[n++] = "accuracy";
    names[n++] = "loss";
    for (size_t i = 0; i < e->n_figures; i++)
        names[n++] = e->figures[i].name;
    return n;
}

static int print_json(cli_arguments *a, const cli_run *run, const nn_cross_validation *v, const char *const *names,
                      size_t n)
{
    nn_text text = {.memory = &a->memory};
    nn_json_writer w = {.to = &text};
    nn_json_begin(&w, '{');
    cli_put_json_integer(&w, "rows", run->data.data.rows);
    cli_begin_json(&w, "folds", '[');
    for (int64_t i = 0; i < nn_cross_validation_count(v); i++) {
        const nn_evaluation e = nn_cross_validation_fold(v, i);
        put_fold(&w, &e, a->settings.task != CLI_REGRESSION);
    }
    nn_json_end(&w, ']');
    cli_begin_json(&w, "figures", '{');
    for (size_t i = 0; i < n; i++)
        put_spread(&w, v, names[i]);
    nn_json_end(&w, '}');
    nn_json_end(&w, '}');
    return cli_print_json(&text);
}

static int print(cli_arguments *a, const cli_run *run, const nn_cross_validation *v)
{
    const char *names[NN_MAX_FIGURES + 2];
    const nn_evaluation first = nn_cross_validation_fold(v, 0);
    const size_t n = list_figures(&first, a->settings.task != CLI_REGRESSION, names);
    if (a->settings.is_json)
        return print_json(a, run, v, names, n);
    for (int64_t i = 0; i < nn_cross_validation_count(v); i++)
        print_fold(a, v, i);
    for (size_t i = 0; i < n; i++)
        print_spread(a, v, names[i]);
    return cli_end_output();
}

/* ---- Running ----------------------------------------------------------------------------------------------------- */

/* The fold that is trained. */
static bool after_step(const nn_progress *progress, void *fold)
{
    *(int64_t *)fold = progress->fold;
    return cli_after_step(progress, NULL);
}

static int end(cli_arguments *a, const cli_run *run, const nn_cross_validation *v, int64_t fold)
{
    const ad_status status = nn_cross_validation_status(v);
    if (status == AD_OK)
        return print(a, run, v);
    if (status != AD_STOPPED)
        return cli_fail_text(CLI_FAILED, nn_cross_validation_message(v));
    cli_say(CLI_STOPPED_IN_FOLD, cli_count(a, fold), cli_count(a, a->settings.folds));
    return 128 + cli_caught_signal();
}

static int validate(cli_arguments *a, const cli_run *run)
{
    int64_t fold = 0;
    const bool is_regression = a->settings.task == CLI_REGRESSION;
    nn_cross_validation_options how = {
        .folds = a->settings.folds, .seed = is_regression ? run->r.seed : run->c.seed, .fit = run->fit};
    how.fit.callback = after_step;
    how.fit.context = &fold;
    cli_catch_signals();
    nn_cross_validation *v = is_regression ? nn_regressor_cross_validate(&run->r, &run->data.data, &how)
                                           : nn_classifier_cross_validate(&run->c, &run->data.data, &how);
    const int status = end(a, run, v, fold);
    nn_cross_validation_close(v);
    return status;
}

int cli_cross_validate(cli_arguments *a)
{
    cli_run run;
    int status = cli_open_run(&run, a, NULL);
    if (status == CLI_OK)
        status = cli_choose_goal(&run, a, false);
    if (status == CLI_OK)
        status = validate(a, &run);
    cli_close_run(&run, a);
    return status;
}
