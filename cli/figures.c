/* Figures as lines of text, and as JSON. */
#include "figures.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "json.h"
#include "verbs.h"

/* ---- Text -------------------------------------------------------------------------------------------------------- */

void cli_print_figure(const char *name, double value, const char *undefined)
{
    if (undefined)
        printf("%s = n/a (%s)\n", name, undefined);
    else
        printf("%s = %.6g\n", name, value);
}

/* The shares of rows whose class is among the k most probable, for the first k. */
static void print_ranks(const nn_figure *f)
{
    enum { MOST = 5 };
    char name[24];
    for (size_t k = 1; k <= f->count && k <= MOST; k++) {
        snprintf(name, sizeof name, "top_%zu", k);
        cli_print_figure(name, f->values[k - 1], f->defined[k - 1] ? NULL : f->undefined);
    }
}

static void print_last_line(const cli_figures *f)
{
    const nn_evaluation *e = f->evaluation;
    if (f->task == NN_REGRESSION) /* a target may be of any size, and 4 decimals would hide a small one */
        printf("rmse = %.6g, global_step = %" PRId64 ", loss = %.6g\n", nn_evaluation_named(e, "rmse").value,
               e->global_step, e->loss);
    else
        printf("accuracy = %.4f, global_step = %" PRId64 ", loss = %.4f\n", e->accuracy, e->global_step, e->loss);
}

static void print_text(const cli_figures *f)
{
    printf("rows = %" PRId64 "\n", f->rows);
    for (size_t i = 0; i < nn_metrics_count(f->metrics); i++) {
        const nn_figure figure = nn_metrics_at(f->metrics, i);
        if (figure.shape.rank == 0)
            cli_print_figure(figure.name, figure.value, figure.undefined);
        else if (!strcmp(figure.name, "top_k"))
            print_ranks(&figure);
    }
    cli_print_figure_tables(f);
    if (f->evaluation)
        print_last_line(f);
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

/* An array, its last axis innermost. */
static void put_array(nn_json_writer *w, const nn_figure *f)
{
    nn_json_key(w, f->name);
    for (size_t i = 0; i < f->count; i++) {
        size_t block = f->count;
        for (int axis = 0; axis < f->shape.rank; block /= (size_t)f->shape.dims[axis++])
            if (i % block == 0)
                nn_json_begin(w, '[');
        cli_put_json_number(w, f->values[i], f->defined[i]);
        block = 1;
        for (int axis = f->shape.rank - 1; axis >= 0; axis--) {
            block *= (size_t)f->shape.dims[axis];
            if ((i + 1) % block == 0)
                nn_json_end(w, ']');
        }
    }
}

static void put_names(nn_json_writer *w, const cli_figures *f)
{
    const char *key = f->task == NN_LABELS ? "labels" : f->task == NN_REGRESSION ? "targets" : "classes";
    cli_put_json_texts(w, key, f->names, f->n);
}

/* What an evaluation has beside the metrics. */
static void put_evaluation(nn_json_writer *w, const cli_figures *f)
{
    const nn_evaluation *e = f->evaluation;
    if (f->task == NN_LABELS) /* the name that the last line of the text has */
        cli_put_json_figure(w, "accuracy", e->accuracy, true);
    cli_put_json_integer(w, "global_step", e->global_step);
    cli_put_json_figure(w, "loss", e->loss, true);
}

static int print_json(cli_arguments *a, const cli_figures *f)
{
    nn_text text = {.memory = &a->memory};
    nn_json_writer w = {.to = &text};
    nn_json_begin(&w, '{');
    cli_put_json_integer(&w, "rows", f->rows);
    put_names(&w, f);
    for (size_t i = 0; i < nn_metrics_count(f->metrics); i++) {
        const nn_figure figure = nn_metrics_at(f->metrics, i);
        if (figure.shape.rank == 0)
            cli_put_json_figure(&w, figure.name, figure.value, !figure.undefined);
        else
            put_array(&w, &figure);
    }
    if (f->evaluation)
        put_evaluation(&w, f);
    nn_json_end(&w, '}');
    return cli_print_json(&text);
}

int cli_print_figures(cli_arguments *a, const cli_figures *f)
{
    if (nn_metrics_status(f->metrics) != AD_OK)
        return cli_fail_text(CLI_FAILED, nn_metrics_message(f->metrics));
    if (a->settings.is_json)
        return print_json(a, f);
    print_text(f);
    return cli_end_output();
}
