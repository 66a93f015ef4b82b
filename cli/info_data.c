/* What `gradtape info` prints of data: a table as the library reports it, arrays by their shape, range and classes. */
#include <math.h>
#include <stdio.h>

#include <gradtape/csv.h>

#include "../nn/options/writer.h"
#include "classes.h"
#include "data.h"
#include "json.h"
#include "look.h"
#include "verbs.h"

enum { MOST_CLASSES = 20 };

/* ---- Tables ------------------------------------------------------------------------------------------------------ */

static void put_level(nn_json_writer *w, const char *text, int64_t count)
{
    nn_json_begin(w, '{');
    cli_put_json_text(w, "text", text);
    cli_put_json_integer(w, "count", count);
    nn_json_end(w, '}');
}

static void put_column(nn_json_writer *w, const nn_csv_column_report *c)
{
    nn_json_begin(w, '{');
    cli_put_json_text(w, "name", c->name);
    cli_put_json_text(w, "kind", nn_column_kind_name((int)c->kind));
    cli_put_json_integer(w, "missing", c->missing);
    cli_put_json_integer(w, "numbers", c->numbers);
    cli_put_json_real(w, "least", c->least);
    cli_put_json_real(w, "largest", c->largest);
    cli_put_json_real(w, "mean", c->mean);
    cli_begin_json(w, "levels", '[');
    for (size_t i = 0; i < c->n_levels; i++)
        put_level(w, c->levels[i].text, c->levels[i].count);
    nn_json_end(w, ']');
    cli_put_json_bool(w, "has_many", c->has_many);
    cli_put_json_text(w, "refused", c->refused);
    nn_json_end(w, '}');
}

static int print_report(cli_arguments *a, const nn_csv_report *report)
{
    nn_text text = {.memory = &a->memory};
    nn_json_writer w = {.to = &text};
    nn_json_begin(&w, '{');
    cli_put_json_text(&w, "name", report->name);
    cli_put_json_integer(&w, "rows", report->rows);
    cli_put_json_integer(&w, "missing", report->missing);
    cli_begin_json(&w, "columns", '[');
    for (size_t i = 0; i < report->n; i++)
        put_column(&w, &report->at[i]);
    nn_json_end(&w, ']');
    nn_json_end(&w, '}');
    return cli_print_json(&text);
}

static int look_at_table(cli_arguments *a, const nn_csv_options *options)
{
    const nn_stream in = cli_stream_of(a->settings.data);
    nn_csv_look *look =
        in.file ? nn_csv_look_at_stream(in, options, NULL) : nn_csv_look_at(a->settings.data, options, NULL);
    const nn_csv_report *report = nn_csv_look_report(look);
    int status = CLI_OK;
    if (!look)
        status = cli_say(CLI_NO_MEMORY, " for the table");
    else if (!report)
        status = cli_fail_status(nn_csv_look_status(look), nn_csv_look_message(look));
    else if (a->settings.is_json)
        status = print_report(a, report);
    else
        nn_print_csv_look(look, stdout); /* what cannot be written is said at the end */
    nn_csv_look_close(look);
    return status;
}

/* ---- Arrays ------------------------------------------------------------------------------------------------------ */

/* What arrays have. */
typedef struct array_report {
    const char *name;
    nn_data data;
    double least, largest; /* of the features; NaN without any */
    int64_t missing;
    cli_classes classes;
    const char *refused; /* why the labels cannot be read; NULL: they can, or there are none */
} array_report;

static void find_range(array_report *r)
{
    r->least = r->largest = (double)NAN;
    for (int64_t i = 0; i < r->data.rows * r->data.columns; i++) {
        const double x = cli_number_at(r->data.features, r->data.element, i);
        r->missing += isnan(x);
        if (!(x >= r->least) && !isnan(x))
            r->least = x;
        if (!(x <= r->largest) && !isnan(x))
            r->largest = x;
    }
}

static void print_classes(cli_arguments *a, const cli_classes *k)
{
    if (!k->n)
        return;
    printf("%s different labels: ", cli_count(a, k->n));
    for (int64_t i = 0; i < k->n && i < MOST_CLASSES; i++)
        printf("%s%s (%s)", i ? ", " : "", cli_class_name(k, a, i), cli_count(a, k->counts[i]));
    puts(k->n > MOST_CLASSES ? ", ..." : "");
}

static int64_t count_targets(const array_report *r)
{
    return !r->data.targets ? 0 : r->data.n_targets ? r->data.n_targets : 1;
}

static void print_arrays(cli_arguments *a, const array_report *r)
{
    const int64_t n_targets = count_targets(r);
    char least[40], largest[40];
    nn_writer w = nn_writer_into(least, sizeof least), v = nn_writer_into(largest, sizeof largest);
    nn_put_real(&w, r->least);
    nn_put_real(&v, r->largest);
    printf("%s: %s rows, %s features of %s", r->name, cli_count(a, r->data.rows), cli_count(a, r->data.columns),
           nn_element_name(r->data.element));
    if (!isnan(r->least))
        printf(", %s to %s", least, largest);
    if (r->missing)
        printf(", %s missing", cli_count(a, r->missing));
    puts("");
    print_classes(a, &r->classes);
    if (n_targets)
        printf("%s %s of %s for each row\n", cli_count(a, n_targets), n_targets == 1 ? "target" : "targets",
               nn_element_name(r->data.target_element));
    if (r->refused)
        printf("refused: %s\n", r->refused);
}

static int print_arrays_as_json(cli_arguments *a, const array_report *r)
{
    nn_text text = {.memory = &a->memory};
    nn_json_writer w = {.to = &text};
    nn_json_begin(&w, '{');
    cli_put_json_text(&w, "name", r->name);
    cli_put_json_integer(&w, "rows", r->data.rows);
    cli_put_json_integer(&w, "columns", r->data.columns);
    cli_put_json_text(&w, "element", nn_element_name(r->data.element));
    cli_put_json_integer(&w, "missing", r->missing);
    cli_put_json_real(&w, "least", r->least);
    cli_put_json_real(&w, "largest", r->largest);
    cli_begin_json(&w, "classes", '[');
    for (int64_t i = 0; i < r->classes.n; i++)
        put_level(&w, r->classes.names[i], r->classes.counts[i]);
    nn_json_end(&w, ']');
    cli_put_json_integer(&w, "n_targets", count_targets(r));
    cli_put_json_text(&w, "refused", r->refused);
    nn_json_end(&w, '}');
    return cli_print_json(&text);
}

static int report_arrays(cli_arguments *a, const cli_data *d)
{
    array_report r = {.name = d->name, .data = d->data, .refused = d->refused};
    find_range(&r);
    if (d->data.labels && d->data.rows && !cli_find_classes(&r.classes, a, &d->data))
        return cli_say(CLI_NO_MEMORY, " for the classes");
    if (a->settings.is_json)
        return print_arrays_as_json(a, &r);
    print_arrays(a, &r);
    return CLI_OK;
}

/* ---- Both -------------------------------------------------------------------------------------------------------- */

int cli_look_at_data(cli_arguments *a)
{
    const cli_reading how = {
        .path = a->settings.data, .task = a->settings.task, .is_for_training = true, .is_look = true};
    cli_data data = {.name = NULL};
    if (cli_is_table(a, how.path)) {
        nn_options *parsed = cli_options_from(a, CLI_TABLE, NN_CSV, NULL);
        if (!parsed)
            return a->failed;
        nn_csv_options options = *nn_options_csv(parsed);
        int status = cli_choose_label(a, &options, how.task);
        status = status == CLI_OK ? look_at_table(a, &options) : status;
        nn_options_close(parsed);
        return status;
    }
    int status = cli_read_data(&data, a, &how);
    if (status == CLI_OK)
        status = report_arrays(a, &data);
    cli_close_data(&data, a);
    return status;
}
