/* What is true of each row: labels of one kind or another, targets. */
#include <math.h>

#include "reading.h"

double cli_number_at(const void *numbers, nn_element element, int64_t i)
{
    switch (element) {
#define CASE(name, text, type)                                                                                         \
    case name: return (double)((const type *)numbers)[i];
        NN_ELEMENT_LIST(CASE)
#undef CASE
    default: return (double)NAN;
    }
}

/* Lists the columns of labels or targets by their names. */
static void list_names(cli_reader *r)
{
    cli_data *d = r->to;
    const nn_schema *schema = &d->data.schema;
    const char **names = nn_store_take(&r->a->store, schema->n, sizeof *names);
    d->n_labels = 0;
    for (size_t i = 0; names && i < schema->n; i++)
        if (schema->at[i].kind == NN_COLUMN_TARGET || schema->at[i].kind == NN_COLUMN_LABEL)
            names[d->n_labels++] = schema->at[i].name;
    d->label_names = d->n_labels ? names : NULL;
    if (!d->n_labels)
        d->n_labels = d->data.targets && d->data.n_targets ? d->data.n_targets : 1;
}

static int refuse_flag(cli_arguments *a, const cli_data *d, int64_t i, double x)
{
    const int64_t row = i / d->n_labels, column = i % d->n_labels;
    const char *name = d->label_names ? cli_quoted(a, d->label_names[column]) : cli_number(a, column);
    return cli_say(CLI_NOT_A_FLAG, d->name, cli_number(a, row), name, cli_text(a, "%g", x));
}

int cli_read_flags(int32_t *flags, cli_arguments *a, const cli_data *d)
{
    for (int64_t i = 0; i < d->data.rows * d->n_labels; i++) {
        const double x = cli_number_at(d->data.targets, d->data.target_element, i);
        if (x != 0 && x != 1)
            return refuse_flag(a, d, i, x);
        flags[i] = x == 1;
    }
    return CLI_OK;
}

/* Several labels are columns of 0 and 1, which a reader gives as targets. */
static int take_flags(cli_reader *r)
{
    cli_data *d = r->to;
    d->labels = ad_memory_take(&r->a->memory, (size_t)(d->data.rows * d->n_labels), sizeof *d->labels);
    const int status = d->labels ? cli_read_flags(d->labels, r->a, d) : cli_say(CLI_NO_MEMORY, " for the labels");
    if (status != CLI_OK)
        return status;
    d->data.labels = d->labels;
    d->data.targets = NULL;
    return CLI_OK;
}

/* Whole numbers that a file has as labels are the targets of a regression. */
static int take_numbers(cli_reader *r)
{
    cli_data *d = r->to;
    d->targets = ad_memory_take(&r->a->memory, (size_t)d->data.rows, sizeof *d->targets);
    if (!d->targets)
        return cli_say(CLI_NO_MEMORY, " for the targets");
    for (int64_t i = 0; i < d->data.rows; i++)
        d->targets[i] = d->data.labels[i];
    d->data.targets = d->targets;
    d->data.target_element = NN_F64;
    d->data.labels = NULL;
    return CLI_OK;
}

int cli_take_truth(cli_reader *r)
{
    nn_data *data = &r->to->data;
    const bool has_labels = data->labels || data->label_texts || data->feed;
    list_names(r);
    if (r->how->is_look)
        return CLI_OK;
    if (!r->how->needs_truth) {
        data->labels = NULL;
        data->label_texts = NULL;
        data->targets = NULL;
        return CLI_OK;
    }
    if (!has_labels && !data->targets) {
        if (!r->to->is_table)
            return cli_say(CLI_FEATURES_ONLY, r->to->name);
        return cli_say(CLI_NO_TRUTH, r->to->name, "the column of the label is not there");
    }
    switch (r->how->task) {
    case CLI_CLASSES:
        if (!has_labels)
            return cli_say(CLI_FRACTIONS, r->to->name);
        data->targets = NULL;
        return CLI_OK;
    case CLI_LABELS: return data->targets ? take_flags(r) : cli_say(CLI_NO_TRUTH, r->to->name, "--label names none");
    default: return data->targets || data->feed ? CLI_OK : take_numbers(r);
    }
}
