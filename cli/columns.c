/* Named columns of a table whose other columns may be anything.
 *
 * They are read as those of a model are, by their names, so that others are left out whatever they hold. Where a name
 * is not there, all columns are read once more by the options: then a place is found, and a wrong name gets the message
 * that says which was meant. */
#include "columns.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "classes.h"
#include "data.h"

/* A table while it is read. */
typedef struct reader {
    cli_columns *to;
    cli_arguments *a;
    const nn_csv_options *form; /* how the table is written, and its weight */
    FILE *copy;                 /* of standard input, which can be read only once; NULL: there is a file */
} reader;

/* ---- Standard input ---------------------------------------------------------------------------------------------- */

static int fail_copy(void) { return cli_say(CLI_NO_COPY, strerror(errno)); }

static int copy_input(reader *r)
{
    char block[1 << 14];
    size_t n;
    r->copy = tmpfile();
    if (!r->copy)
        return fail_copy();
    while ((n = fread(block, 1, sizeof block, stdin)) > 0)
        if (fwrite(block, 1, n, r->copy) != n)
            return fail_copy();
    return ferror(stdin) || fflush(r->copy) != 0 ? fail_copy() : CLI_OK;
}

static ad_status read_by(reader *r, const nn_csv_options *options)
{
    if (!r->copy)
        return nn_dataset_read_csv(r->to->dataset, r->a->settings.data, options);
    rewind(r->copy);
    return nn_dataset_read_csv_stream(r->to->dataset, (nn_stream){r->copy, r->to->name}, options);
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

/* The columns of these names, and no others. A label or a weight need not be there. */
static nn_csv_options by_names(reader *r)
{
    const cli_columns *c = r->to;
    nn_column *like = nn_store_take(&r->a->store, c->n, sizeof *like);
    nn_csv_options options = *r->form;
    for (size_t i = 0; i < c->n && like; i++)
        like[i] = (nn_column){.name = c->at[i].wanted, .kind = c->at[i].kind};
    options.like = (nn_schema){like, like ? c->n : 0};
    return options;
}

static bool has_label(const cli_columns *c)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->at[i].kind == NN_COLUMN_LABEL)
            return true;
    return false;
}

/* Whether reading by names found the label and the weight. */
static bool is_complete(const reader *r)
{
    const nn_data data = nn_dataset_data(r->to->dataset);
    return (!has_label(r->to) || data.labels || data.label_texts) && (!r->form->weight || data.weights);
}

/* Reads all columns, and those of these names or places as they are wanted. */
static ad_status read_by_options(reader *r)
{
    const cli_columns *c = r->to;
    const char **numbers = nn_store_take(&r->a->store, c->n, sizeof *numbers);
    const char **categories = nn_store_take(&r->a->store, c->n + 1, sizeof *categories);
    nn_csv_options options = *r->form;
    size_t n = 0, m = 0;
    if (!numbers || !categories)
        return AD_NO_MEMORY;
    for (size_t i = 0; i < c->n; i++) {
        const char *wanted = c->at[i].wanted;
        if (c->at[i].kind == NN_COLUMN_LABEL)
            options.label = wanted;
        else if (c->at[i].kind == NN_COLUMN_CATEGORY)
            categories[m++] = wanted;
        else
            numbers[n++] = wanted;
    }
    categories[m++] = "auto";
    options.numeric = (nn_texts){numbers, n};
    options.categorical = (nn_texts){categories, m};
    return read_by(r, &options);
}

/* Whether the table has columns of these names: a look refuses a table without, and else tells of wrong values only. */
static bool has_names(reader *r, const nn_csv_options *options)
{
    if (r->copy)
        rewind(r->copy);
    nn_csv_look *look = r->copy ? nn_csv_look_at_stream((nn_stream){r->copy, r->to->name}, options, NULL)
                                : nn_csv_look_at(r->a->settings.data, options, NULL);
    const bool has_all = nn_csv_look_report(look) != NULL;
    nn_csv_look_close(look);
    return has_all;
}

/* A name that is not there may be a place, or one that is meant: reading by options says so. */
static int read_either(reader *r)
{
    const nn_csv_options names = by_names(r);
    ad_status status = names.like.n ? read_by(r, &names) : AD_NO_MEMORY;
    if (status == AD_BAD_VALUE || (status == AD_BAD_FILE && !has_names(r, &names)) ||
        (status == AD_OK && !is_complete(r)))
        status = read_by_options(r);
    const char *message = nn_dataset_message(r->to->dataset);
    if (status == AD_NO_MEMORY && !*message)
        return cli_say(CLI_NO_MEMORY, " for the columns");
    return status == AD_OK ? CLI_OK : cli_fail_status(status, message);
}

/* ---- Finding ----------------------------------------------------------------------------------------------------- */

/* The column of the schema that has the name; else, if all columns are in the schema, that of the place. schema.n:
 * there is none. */
static size_t index_of(nn_schema schema, const char *wanted)
{
    for (size_t i = 0; i < schema.n; i++)
        if (!strcmp(schema.at[i].name, wanted))
            return i;
    int64_t place;
    return cli_is_whole(wanted, &place) && place >= 1 && (uint64_t)place <= schema.n ? (size_t)place - 1 : schema.n;
}

static bool is_feature(nn_column_kind kind) { return kind == NN_COLUMN_NUMBER || kind == NN_COLUMN_CATEGORY; }

static int find(cli_columns *c, cli_arguments *a)
{
    const nn_schema schema = c->data.schema;
    for (size_t i = 0; i < c->n; i++) {
        const size_t place = index_of(schema, c->at[i].wanted);
        if (place == schema.n)
            return cli_say(CLI_NO_COLUMN, c->name, cli_quoted(a, c->at[i].wanted));
        c->at[i].name = schema.at[place].name;
        c->at[i].levels = schema.at[place].levels;
        c->at[i].feature = is_feature(schema.at[place].kind) ? 0 : -1;
        for (size_t j = 0; j < place && c->at[i].feature >= 0; j++)
            c->at[i].feature += is_feature(schema.at[j].kind);
    }
    return CLI_OK;
}

double cli_value_at(const cli_columns *c, size_t column, int64_t row)
{
    return ((const double *)c->data.features)[row * c->data.columns + c->at[column].feature];
}

static int check_values(const cli_columns *c, cli_arguments *a)
{
    for (size_t i = 0; i < c->n; i++)
        for (int64_t row = 0; c->at[i].feature >= 0 && row < c->data.rows; row++)
            if (isnan(cli_value_at(c, i, row)))
                return cli_say(CLI_EMPTY_VALUE, c->name, cli_number(a, row), cli_quoted(a, c->at[i].name),
                               c->at[i].option);
    return CLI_OK;
}

/* ---- The call ---------------------------------------------------------------------------------------------------- */

static int check_twice(const cli_columns *c, cli_arguments *a)
{
    for (size_t i = 0; i < c->n; i++)
        for (size_t j = 0; j < i; j++)
            if (!strcmp(c->at[i].wanted, c->at[j].wanted))
                return cli_say(CLI_COLUMN_TWICE, c->at[j].option, c->at[i].option, cli_quoted(a, c->at[i].wanted));
    return CLI_OK;
}

int cli_read_columns(cli_columns *c, cli_arguments *a)
{
    const nn_stream in = cli_stream_of(a->settings.data);
    reader r = {.to = c, .a = a};
    c->name = in.name;
    int status = check_twice(c, a);
    if (status != CLI_OK)
        return status;
    nn_options *parsed = cli_options_from(a, CLI_TABLE, NN_CSV, NULL);
    if (!parsed)
        return a->failed;
    nn_csv_options form = *nn_options_csv(parsed);
    form.keep_missing = true; /* in columns that are not wanted nothing may be missing or not */
    r.form = &form;
    c->dataset = nn_dataset_open(NULL);
    status = !c->dataset ? cli_say(CLI_NO_MEMORY, " for the table") : in.file ? copy_input(&r) : CLI_OK;
    if (status == CLI_OK)
        status = read_either(&r);
    if (r.copy)
        fclose(r.copy);
    nn_options_close(parsed);
    if (status != CLI_OK)
        return status;
    c->data = nn_dataset_data(c->dataset);
    status = find(c, a);
    return status == CLI_OK ? check_values(c, a) : status;
}

void cli_close_columns(cli_columns *c) { nn_dataset_close(c->dataset); }
