/* A model of the command: calls that a classifier and a regressor have in common. */
#include "model.h"

#include <string.h>

#include "../nn/options/writer.h"

/* ---- Opening ----------------------------------------------------------------------------------------------------- */

int cli_open_model(cli_model *m, cli_task task, const nn_classifier_options *c, const nn_regressor_options *r)
{
    m->task = task;
    if (task == CLI_REGRESSION)
        m->r = nn_regressor_open(r);
    else
        m->c = nn_classifier_open(c);
    if (!m->c && !m->r)
        return cli_say(CLI_NO_MEMORY, "");
    const ad_status status = m->c ? nn_classifier_status(m->c) : nn_regressor_status(m->r);
    return status == AD_OK ? CLI_OK : cli_fail_text(CLI_WRONG_USE, cli_model_message(m));
}

/* What the options of the model say of missing values and of what is predicted. */
static int take_over(cli_model *m)
{
    nn_options *options = nn_options_parse(m->info->options, m->c ? NN_CLASSIFIER : NN_REGRESSOR, NULL);
    const nn_classifier_options *c = nn_options_classifier(options);
    const nn_regressor_options *r = nn_options_regressor(options);
    m->task = r ? CLI_REGRESSION : c && c->head && c->head->task == NN_LABELS ? CLI_LABELS : CLI_CLASSES;
    m->n_outputs = m->c ? nn_classifier_class_count(m->c) : r && r->n_targets ? r->n_targets : 1;
    m->has_one_logit = c && c->head == &nn_head_one_logit;
    m->keeps_missing = (c ? c->impute : r ? r->impute : NN_IMPUTE_REFUSE) != NN_IMPUTE_REFUSE;
    const int status = c || r ? CLI_OK : cli_fail_text(CLI_FAILED, nn_options_message(options));
    nn_options_close(options);
    return status;
}

/* The columns that the training passed over, in the arguments' store. */
static int take_passed_over(cli_model *m, cli_arguments *a, cli_arguments *before)
{
    nn_options *parsed = cli_options_from(before, CLI_TABLE, NN_CSV, NULL);
    const nn_csv_options *o = nn_options_csv(parsed);
    const size_t n = o ? o->ignored.n + o->ids.n : 0;
    const char **names = nn_store_take(&a->store, n, sizeof *names);
    for (size_t i = 0; names && i < n; i++)
        names[i] = cli_text(a, "%s", i < o->ignored.n ? o->ignored.at[i] : o->ids.at[i - o->ignored.n]);
    m->passed_over = (nn_texts){names, names ? n : 0};
    nn_options_close(parsed);
    return o ? CLI_OK : CLI_FAILED;
}

const char *cli_note_of(const cli_model *m)
{
    const char *note = m->info && m->info->note ? m->info->note : "";
    return strncmp(note, CLI_NOTE_BEGIN, strlen(CLI_NOTE_BEGIN)) ? "" : note;
}

/* How tables are written is taken from the run that trained the model, as long as they are tables from elsewhere. */
static int take_form(cli_model *m, cli_arguments *a)
{
    cli_arguments before = {.verb = CLI_TRAIN, .memory = ad_memory_over(NULL)};
    before.store.memory = &before.memory;
    int status = cli_add_lines(&before, cli_note_of(m), m->path, true);
    for (int i = 0; i < cli_option_count && status == CLI_OK; i++) {
        const char *text = before.values[i].text;
        const bool is_form = cli_options[i].flags & CLI_FORM && cli_options[i].verbs & 1u << a->verb;
        if (is_form && text && !a->values[i].text)
            a->values[i] = (cli_value){cli_text(a, "%s", text), cli_text(a, "%s: ", m->path)};
    }
    if (status == CLI_OK)
        status = take_passed_over(m, a, &before);
    cli_release_arguments(&before);
    return status;
}

int cli_load_model(cli_model *m, cli_arguments *a)
{
    *m = (cli_model){.path = a->settings.model};
    if (!m->path || !*m->path)
        return cli_miss(a, "model");
    m->info = nn_model_look(m->path, NULL);
    if (!m->info)
        return cli_say(CLI_NO_MEMORY, "");
    if (m->info->status != AD_OK)
        return cli_fail_text(CLI_FAILED, m->info->message);
    if (!strcmp(m->info->estimator, "regressor"))
        m->r = nn_regressor_load(m->path, NULL);
    else
        m->c = nn_classifier_load(m->path, NULL);
    if (!m->c && !m->r)
        return cli_say(CLI_NO_MEMORY, "");
    if ((m->c ? nn_classifier_status(m->c) : nn_regressor_status(m->r)) != AD_OK)
        return cli_fail_text(CLI_FAILED, cli_model_message(m));
    const int status = take_over(m);
    return status == CLI_OK ? take_form(m, a) : status;
}

void cli_close_model(cli_model *m)
{
    nn_model_info_close(m->info);
    nn_classifier_close(m->c);
    nn_regressor_close(m->r);
    *m = (cli_model){.path = NULL};
}

/* ---- The same calls for both ------------------------------------------------------------------------------------- */

ad_status cli_fit(cli_model *m, const nn_data *data, const nn_fit_options *options)
{
    return m->c ? nn_classifier_fit(m->c, data, options) : nn_regressor_fit(m->r, data, options);
}

nn_evaluation cli_evaluate_model(const cli_model *m, const nn_data *data)
{
    return m->c ? nn_classifier_evaluate(m->c, data) : nn_regressor_evaluate(m->r, data);
}

const char *cli_model_message(const cli_model *m)
{
    return m->c ? nn_classifier_message(m->c) : nn_regressor_message(m->r);
}

nn_schema cli_model_schema(const cli_model *m) { return m->c ? nn_classifier_schema(m->c) : nn_regressor_schema(m->r); }

const nn_history *cli_model_history(const cli_model *m)
{
    return m->c ? nn_classifier_history(m->c) : nn_regressor_history(m->r);
}

const char *cli_model_settings(const cli_model *m)
{
    return m->c ? nn_classifier_settings(m->c) : nn_regressor_settings(m->r);
}

ad_status cli_check_data(const cli_model *m, const nn_data *data)
{
    return m->c ? nn_classifier_check_data(m->c, data) : nn_regressor_check_data(m->r, data);
}

ad_status cli_set_note(cli_model *m, const char *note)
{
    return m->c ? nn_classifier_set_note(m->c, note) : nn_regressor_set_note(m->r, note);
}

ad_status cli_compare_columns(const cli_model *m, const nn_data *data, char *text, size_t size)
{
    return m->c ? nn_classifier_compare_columns(m->c, data, text, size)
                : nn_regressor_compare_columns(m->r, data, text, size);
}

ad_status cli_record(cli_model *m, const nn_data *data, int64_t row, ad_tensor *loss)
{
    return m->c ? nn_classifier_record(m->c, data, row, loss) : nn_regressor_record(m->r, data, row, loss);
}

/* ---- Outputs ----------------------------------------------------------------------------------------------------- */

/* The column of label or target i; NULL: there are no such columns. */
static const nn_column *truth_column(const cli_model *m, int64_t i)
{
    const nn_schema schema = cli_model_schema(m);
    for (size_t j = 0; j < schema.n; j++)
        if ((schema.at[j].kind == NN_COLUMN_TARGET || schema.at[j].kind == NN_COLUMN_LABEL) && i-- == 0)
            return &schema.at[j];
    return NULL;
}

const char *cli_output_name_at(const cli_model *m, cli_arguments *a, int64_t i)
{
    if (m->task == CLI_CLASSES) {
        const nn_class class = nn_classifier_class(m->c, i);
        return class.text ? class.text : cli_number(a, class.integer);
    }
    const nn_column *column = truth_column(m, i);
    if (column && column->name && *column->name)
        return column->name;
    return m->task == CLI_REGRESSION && m->n_outputs == 1 ? "target" : cli_number(a, i);
}

/* ---- Data -------------------------------------------------------------------------------------------------------- */

/* Each line of what the library finds in the columns is a warning. */
static int compare(const cli_model *m, const cli_data *d, cli_arguments *a)
{
    char text[4000];
    if (!d->is_table)
        return CLI_OK; /* the reader of a table names what it leaves out; values of categories are compared here */
    if (cli_compare_columns(m, &d->data, text, sizeof text) != AD_OK)
        return cli_fail_text(CLI_FAILED, cli_text(a, "%s: %s", d->name, cli_model_message(m)));
    for (const char *at = text; *at;) {
        const size_t n = strcspn(at, "\n");
        if (n)
            cli_say(CLI_NOTE_OF_DATA, cli_text(a, "%s: %.*s", d->name, (int)n, at));
        at += n + (at[n] == '\n');
    }
    return CLI_OK;
}

int cli_read_data_for(cli_data *d, cli_arguments *a, const cli_model *m, bool needs_truth)
{
    *d = (cli_data){.name = ""};
    if (!a->settings.data)
        return cli_miss(a, "data");
    const int status = cli_read_data(d, a,
                                     &(cli_reading){.path = a->settings.data,
                                                    .task = m->task,
                                                    .like = cli_model_schema(m),
                                                    .passed_over = m->passed_over,
                                                    .keeps_missing = m->keeps_missing,
                                                    .needs_truth = needs_truth});
    return status == CLI_OK ? compare(m, d, a) : status;
}
