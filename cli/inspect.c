/* gradtape inspect: the gradients of one row. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <gradtape/history.h>

#include "../nn/options/writer.h"
#include "model.h"
#include "verbs.h"

/* A run. */
typedef struct job {
    cli_arguments *a;
    cli_model model;
    cli_data data;
    int64_t row;
    ad_tensor loss;
    float *predicted; /* [outputs] */
} job;

/* ---- Files ------------------------------------------------------------------------------------------------------- */

/* The options that name a file. */
static const struct {
    const char *option;
    ad_shown (*write)(ad_tape *tape, const char *path, const ad_write_options *options);
} writers[] = {{"html", ad_write_html}, {"dot", ad_write_dot}, {"json", ad_write_json}};
enum { WRITERS = sizeof writers / sizeof writers[0] };

static int write_files(const job *j)
{
    const ad_training training = nn_history_training(cli_model_history(&j->model));
    const char *title = cli_text(j->a, "%s, row %" PRId64 " of %s", j->model.path, j->row, j->data.name);
    for (int i = 0; i < WRITERS; i++) {
        const char *path = cli_given(j->a, writers[i].option);
        if (!path)
            continue;
        const ad_shown shown =
            writers[i].write(j->loss.tape, path, &(ad_write_options){.title = title, .training = &training});
        if (shown.status != AD_OK)
            return cli_fail_text(CLI_FAILED, shown.message);
        cli_say(CLI_WRITTEN, path);
    }
    return CLI_OK;
}

/* ---- The row ----------------------------------------------------------------------------------------------------- */

static int fail_model(const job *j) { return cli_fail_text(CLI_FAILED, cli_model_message(&j->model)); }

static int record(job *j)
{
    const int64_t rows = j->data.data.rows;
    j->row = j->a->settings.row;
    if (j->row >= rows)
        return cli_say(CLI_NO_ROW, cli_number(j->a, j->row), j->data.name, cli_count(j->a, rows),
                       cli_number(j->a, rows - 1));
    return cli_record(&j->model, &j->data.data, j->row, &j->loss) == AD_OK ? CLI_OK : fail_model(j);
}

/* Predicts the row alone. A view of it keeps its number for messages. */
static int predict(job *j)
{
    const int32_t row = (int32_t)j->row;
    nn_data one = j->data.data;
    one.index = &row;
    one.array_rows = one.rows;
    one.rows = 1;
    j->predicted = nn_store_take(&j->a->store, (size_t)j->model.n_outputs, sizeof *j->predicted);
    if (!j->predicted)
        return cli_say(CLI_NO_MEMORY, " for the prediction");
    const ad_status status = j->model.r ? nn_regressor_predict(j->model.r, &one, j->predicted)
                                        : nn_classifier_predict_proba(j->model.c, &one, j->predicted);
    return status == AD_OK ? CLI_OK : fail_model(j);
}

/* ---- What the row is --------------------------------------------------------------------------------------------- */

/* A class: in quotes, if it has a comma or the like. */
static const char *shown(job *j, const char *class)
{
    char text[400];
    nn_writer w = nn_writer_into(text, sizeof text);
    nn_put_option_text(&w, class);
    return cli_text(j->a, "%s", text);
}

static void print_class(job *j)
{
    const nn_data *data = &j->data.data;
    const int64_t n = j->model.n_outputs;
    int64_t best = 0;
    for (int64_t i = 1; i < n; i++)
        if (j->predicted[i] > j->predicted[best])
            best = i;
    if (data->label_texts)
        printf("label %s", shown(j, data->label_texts[j->row]));
    else
        printf("label %" PRId32, data->labels[j->row]);
    printf(", predicted %s with probability %.4f, ", shown(j, cli_output_name_at(&j->model, j->a, best)),
           (double)j->predicted[best]);
}

static void print_labels(job *j)
{
    const int64_t n = j->model.n_outputs;
    for (int64_t i = 0; i < n; i++) {
        printf("%s is %" PRId32 ", predicted with probability %.4f; ", cli_output_name_at(&j->model, j->a, i),
               j->data.data.labels[j->row * n + i], (double)j->predicted[i]);
    }
}

/* One target is called so; several have their names. */
static void print_targets(job *j)
{
    const int64_t n = j->model.n_outputs;
    for (int64_t i = 0; i < n; i++) {
        const char *name = n == 1 ? "target" : cli_output_name_at(&j->model, j->a, i);
        printf("%s %.6g, predicted %.6g%s ", name,
               cli_number_at(j->data.data.targets, j->data.data.target_element, j->row * n + i),
               (double)j->predicted[i], n == 1 ? "," : ";");
    }
}

static void print_row(job *j)
{
    printf("row %" PRId64 ": ", j->row);
    switch (j->model.task) {
    case CLI_LABELS: print_labels(j); break;
    case CLI_REGRESSION: print_targets(j); break;
    default: print_class(j); break;
    }
    printf(j->model.r ? "loss %.6g\n" : "loss %.4f\n", ad_item(j->loss));
}

/* Prints the table of the tape, and how its gradients flow. An error of stdout is said at the end of all. */
static int print_tape(const job *j)
{
    ad_shown shown = ad_print(j->loss.tape, stdout, NULL);
    if (shown.status == AD_OK)
        shown = ad_print_flow(j->loss.tape, stdout, NULL);
    return shown.status == AD_OK || ferror(stdout) ? CLI_OK : cli_fail_text(CLI_FAILED, shown.message);
}

/* Files come first: a reader of stdout may go away (head), and the command with it. */
static int show(job *j)
{
    bool wants_text = j->a->settings.is_text, has_file = false;
    for (int i = 0; i < WRITERS; i++)
        has_file = has_file || cli_given(j->a, writers[i].option);
    int status = write_files(j);
    if (status != CLI_OK)
        return status;
    print_row(j);
    if (wants_text || !has_file)
        status = print_tape(j);
    return status == CLI_OK ? cli_end_output() : status;
}

/* ---- The verb ---------------------------------------------------------------------------------------------------- */

int cli_inspect(cli_arguments *a)
{
    job j = {.a = a};
    int status = cli_load_model(&j.model, a);
    if (status == CLI_OK)
        status = cli_read_data_for(&j.data, a, &j.model, true);
    if (status == CLI_OK)
        status = record(&j);
    if (status == CLI_OK)
        status = predict(&j);
    if (status == CLI_OK)
        status = show(&j);
    cli_close_data(&j.data, a);
    cli_close_model(&j.model);
    return status;
}
