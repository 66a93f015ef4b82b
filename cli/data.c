/* Data of the command line: which reader takes a path; tables. */
#include "reading.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

nn_stream cli_stream_of(const char *path)
{
    return cli_is_dash(path) ? (nn_stream){stdin, "standard input"} : (nn_stream){NULL, path};
}

/* ---- What the file is -------------------------------------------------------------------------------------------- */

/* By the first bytes; a folder is one of IDX files. Everything else is a table. */
static cli_input input_of(const char *path)
{
    struct stat found;
    unsigned char head[4] = {0};
    if (cli_is_dash(path) || stat(path, &found) != 0)
        return CLI_CSV;
    if (S_ISDIR(found.st_mode))
        return CLI_IDX;
    FILE *file = S_ISREG(found.st_mode) ? fopen(path, "rb") : NULL; /* looking at a pipe would take from it */
    const size_t n = file ? fread(head, 1, sizeof head, file) : 0;
    if (file)
        fclose(file);
    if (n < sizeof head)
        return CLI_CSV;
    if (!memcmp(head, "\x93NUM", 4))
        return CLI_NPY;
    if (!memcmp(head, "PK\3\4", 4))
        return CLI_NPZ;
    return head[0] == 0 && head[1] == 0 && head[2] >= 8 && head[2] <= 14 ? CLI_IDX : CLI_CSV;
}

/* ---- Tables ------------------------------------------------------------------------------------------------------ */

static bool has_text(const nn_texts *list, const char *text)
{
    for (size_t i = 0; i < list->n; i++)
        if (!strcmp(list->at[i], text))
            return true;
    return false;
}

/* The columns of a model without what is true of rows: a prediction does not look at it, but --id may copy it. */
static nn_schema without_truth(cli_reader *r, nn_schema like, const nn_texts *ids)
{
    nn_column *columns = nn_store_take(&r->a->store, like.n, sizeof *columns);
    size_t n = 0;
    for (size_t i = 0; columns && i < like.n; i++) {
        const bool is_truth = like.at[i].kind == NN_COLUMN_LABEL || like.at[i].kind == NN_COLUMN_TARGET ||
                              like.at[i].kind == NN_COLUMN_WEIGHT;
        if (is_truth && has_text(ids, like.at[i].name))
            continue;
        columns[n] = like.at[i];
        columns[n].kind = is_truth ? NN_COLUMN_IGNORED : like.at[i].kind;
        n++;
    }
    return (nn_schema){columns, n};
}

/* Says that --label is missing, and which columns there are. */
static int miss_label(cli_reader *r, const nn_csv_options *options)
{
    enum { SHOWN = 12 };
    const char *names = "its columns in the first line";
    nn_csv_look *look = r->in.file ? NULL : nn_csv_look_at(r->how->path, options, NULL);
    const nn_csv_report *report = nn_csv_look_report(look);
    for (size_t i = 0; report && i < report->n && i < SHOWN; i++)
        names = cli_text(r->a, "%s%s%s%s", i ? names : "", i ? ", " : "", report->at[i].name,
                         i + 1 == SHOWN && report->n > SHOWN ? ", ..." : "");
    const bool is_unreadable = look && !report;
    const int status = is_unreadable ? cli_fail_text(CLI_FAILED, nn_csv_look_message(look))
                                     : cli_say(CLI_NO_LABEL, r->to->name, names);
    nn_csv_look_close(look);
    return status;
}

/* Whether columns can be found by name. */
static bool has_names(nn_schema schema) { return schema.n && schema.at[0].name && *schema.at[0].name; }

int cli_choose_label(cli_arguments *a, nn_csv_options *options, cli_task task)
{
    const nn_texts *label = &a->settings.label;
    if (task != CLI_CLASSES)
        options->targets = *label;
    else if (label->n > 1)
        return cli_say(CLI_SEVERAL_LABELS, cli_count(a, (int64_t)label->n));
    else if (label->n)
        options->label = label->at[0];
    return CLI_OK;
}

/* Ignores what the training of the model passed over, so that no warning tells it anew. */
static void pass_over(cli_reader *r, nn_csv_options *options)
{
    const nn_texts *more = &r->how->passed_over, *given = &options->ignored;
    const char **all = nn_store_take(&r->a->store, given->n + more->n, sizeof *all);
    size_t n = 0;
    for (size_t i = 0; all && i < given->n; i++)
        all[n++] = given->at[i];
    for (size_t i = 0; all && i < more->n; i++)
        if (!has_text(given, more->at[i]) && !has_text(&options->ids, more->at[i]) &&
            (!options->weight || strcmp(options->weight, more->at[i]) != 0))
            all[n++] = more->at[i];
    options->ignored = all ? (nn_texts){all, n} : *given;
}

/* Gives the columns their uses: those of a model, or those of the options. Returns a status. */
static int choose_columns(cli_reader *r, nn_csv_options *options)
{
    options->keep_missing = r->how->keeps_missing;
    if (has_names(r->how->like)) {
        options->like = r->how->needs_truth ? r->how->like : without_truth(r, r->how->like, &options->ids);
        pass_over(r, options);
        return CLI_OK;
    }
    const int status = cli_choose_label(r->a, options, r->how->task);
    return status != CLI_OK || r->a->settings.label.n || !r->how->needs_truth ? status : miss_label(r, options);
}

static int open_feed(cli_reader *r, const nn_csv_options *options)
{
    r->to->feed = nn_feed_open_csv(r->how->path, options, &(nn_feed_options){.window = r->a->settings.window});
    if (nn_feed_status(r->to->feed) != AD_OK)
        return cli_end_reading(nn_feed_status(r->to->feed), nn_feed_message(r->to->feed));
    r->to->data = nn_feed_data(r->to->feed);
    return CLI_OK;
}

static int read_table(cli_reader *r)
{
    nn_options *parsed = cli_options_from(r->a, CLI_TABLE, NN_CSV, NULL);
    if (!parsed)
        return r->a->failed;
    nn_csv_options options = *nn_options_csv(parsed);
    int status = choose_columns(r, &options);
    r->to->is_table = true;
    if (status == CLI_OK && r->a->settings.window && r->how->is_for_training)
        status = open_feed(r, &options);
    else if (status == CLI_OK) {
        const ad_status read = r->in.file ? nn_dataset_read_csv_stream(r->to->dataset, r->in, &options)
                                          : nn_dataset_read_csv(r->to->dataset, r->how->path, &options);
        status = cli_end_reading(read, nn_dataset_message(r->to->dataset));
    }
    nn_options_close(parsed);
    return status;
}

/* ---- Calls ------------------------------------------------------------------------------------------------------- */

/* Each line of the reader's notes is a warning. */
static void warn(cli_reader *r)
{
    const char *notes = nn_dataset_notes(r->to->dataset);
    while (*notes) {
        const size_t n = strcspn(notes, "\n");
        if (n)
            cli_say(CLI_NOTE_OF_DATA, cli_text(r->a, "%.*s", (int)n, notes));
        notes += n + (notes[n] == '\n');
    }
}

static cli_input input_of_data(const cli_arguments *a, const char *path)
{
    return a->settings.input ? a->settings.input : input_of(path);
}

bool cli_is_table(const cli_arguments *a, const char *path) { return input_of_data(a, path) == CLI_CSV; }

int cli_read_data(cli_data *d, cli_arguments *a, const cli_reading *how)
{
    static int (*const readers[CLI_INPUTS])(cli_reader *) = {
        [CLI_CSV] = read_table,   [CLI_IDX] = cli_read_idx,       [CLI_NPY] = cli_read_npy,
        [CLI_NPZ] = cli_read_npz, [CLI_LIBSVM] = cli_read_libsvm,
    };
    cli_reader r = {d, a, how, cli_stream_of(how->path)};
    *d = (cli_data){.name = r.in.name, .dataset = nn_dataset_open(NULL)};
    const cli_input input = input_of_data(a, how->path);
    if (!d->dataset)
        return cli_say(CLI_NO_MEMORY, "");
    if (input != CLI_CSV && a->settings.window && how->is_for_training)
        return cli_say(CLI_WINDOW_OF_TABLES, d->name);
    int status = readers[input](&r);
    if (status != CLI_OK)
        return status;
    if (input != CLI_CSV && input != CLI_LIBSVM && a->settings.label.n)
        return cli_say(CLI_LABEL_OF_IMAGES, d->name);
    if (!d->feed)
        d->data = nn_dataset_data(d->dataset);
    if (input == CLI_CSV && !d->feed && !how->is_look && cli_given(a, "weight") && !d->data.weights)
        return cli_say(CLI_NO_WEIGHT, cli_quoted(a, cli_given(a, "weight")), d->name);
    status = cli_take_truth(&r);
    warn(&r);
    return status;
}

void cli_close_data(cli_data *d, cli_arguments *a)
{
    if (d->labels)
        ad_memory_release(&a->memory, d->labels, (size_t)(d->data.rows * d->n_labels), sizeof *d->labels);
    if (d->targets)
        ad_memory_release(&a->memory, d->targets, (size_t)d->data.rows, sizeof *d->targets);
    nn_feed_close(d->feed);
    nn_dataset_close(d->dataset);
    *d = (cli_data){.dataset = NULL};
}
