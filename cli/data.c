/* Data of the command line: which reader takes a path, and what must be true of what was read. */
#include "data.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* What is read, and where it goes. */
typedef struct reader {
    cli_data *to;
    cli_arguments *a;
    const cli_reading *how;
} reader;

static bool is_dash(const char *path) { return !strcmp(path, "-"); }

static ad_status fail_dataset(const reader *r, ad_status status)
{
    if (status != AD_OK)
        cli_fail_text(status == AD_BAD_VALUE ? CLI_WRONG_USE : CLI_FAILED, nn_dataset_message(r->to->dataset));
    return status;
}

/* The status of the command after that of the reader. */
static int status_of(ad_status status)
{
    return status == AD_OK ? CLI_OK : status == AD_BAD_VALUE ? CLI_WRONG_USE : CLI_FAILED;
}

/* ---- What the file is -------------------------------------------------------------------------------------------- */

/* By the first bytes; a folder is one of IDX files. Everything else is a table. */
static cli_input input_of(const char *path)
{
    struct stat found;
    unsigned char head[4] = {0};
    if (is_dash(path) || stat(path, &found) != 0)
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

static bool is_among(const nn_texts *texts, const char *name)
{
    size_t i = 0;
    while (i < texts->n && strcmp(texts->at[i], name) != 0)
        i++;
    return i < texts->n;
}

/* The columns of a model without what is true of rows: a prediction does not look at it, but --id may copy it. */
static nn_schema without_truth(reader *r, nn_schema like, const nn_texts *ids)
{
    nn_column *columns = nn_store_take(&r->a->store, like.n, sizeof *columns);
    size_t n = 0;
    for (size_t i = 0; columns && i < like.n; i++) {
        const bool is_truth = like.at[i].kind == NN_COLUMN_LABEL || like.at[i].kind == NN_COLUMN_TARGET ||
                              like.at[i].kind == NN_COLUMN_WEIGHT;
        if (is_truth && is_among(ids, like.at[i].name))
            continue;
        columns[n] = like.at[i];
        columns[n].kind = is_truth ? NN_COLUMN_IGNORED : like.at[i].kind;
        n++;
    }
    return (nn_schema){columns, n};
}

/* Says that --label is missing, and which columns there are. */
static int miss_label(reader *r, const nn_csv_options *options)
{
    enum { SHOWN = 12 };
    const char *names = "its columns in the first line";
    nn_csv_look *look = is_dash(r->how->path) ? NULL : nn_csv_look_at(r->how->path, options, NULL);
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

static bool has_text(const nn_texts *list, const char *text)
{
    for (size_t i = 0; i < list->n; i++)
        if (!strcmp(list->at[i], text))
            return true;
    return false;
}

/* Ignores what the training of the model passed over, so that no warning tells it anew. */
static void pass_over(reader *r, nn_csv_options *options)
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
static int choose_columns(reader *r, nn_csv_options *options)
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

static int open_feed(reader *r, const nn_csv_options *options)
{
    r->to->feed = nn_feed_open_csv(r->how->path, options, &(nn_feed_options){.window = r->a->settings.window});
    if (nn_feed_status(r->to->feed) != AD_OK)
        return cli_fail_text(status_of(nn_feed_status(r->to->feed)), nn_feed_message(r->to->feed));
    r->to->data = nn_feed_data(r->to->feed);
    return CLI_OK;
}

/* A table that lacks a column of the model is at fault, not the command line. */
static int status_of_table(const reader *r, ad_status status)
{
    const bool lacks_column = status == AD_BAD_VALUE && has_names(r->how->like) &&
                              strstr(nn_dataset_message(r->to->dataset), ", which the model needs");
    if (status == AD_OK)
        return CLI_OK;
    return cli_fail_text(lacks_column ? CLI_FAILED : status_of(status), nn_dataset_message(r->to->dataset));
}

static int read_table(reader *r)
{
    nn_options *parsed = cli_options_from(r->a, CLI_TABLE, NN_CSV, NULL);
    if (!parsed)
        return CLI_WRONG_USE;
    nn_csv_options options = *nn_options_csv(parsed);
    int status = choose_columns(r, &options);
    r->to->is_table = true;
    if (status == CLI_OK && r->a->settings.window && r->how->is_for_training)
        status = open_feed(r, &options);
    else if (status == CLI_OK && is_dash(r->how->path))
        status =
            status_of_table(r, nn_dataset_read_csv_stream(r->to->dataset, (nn_stream){stdin, r->to->name}, &options));
    else if (status == CLI_OK)
        status = status_of_table(r, nn_dataset_read_csv(r->to->dataset, r->how->path, &options));
    nn_options_close(parsed);
    return status;
}

/* ---- Images and arrays ------------------------------------------------------------------------------------------- */

static bool is_there(const char *path)
{
    struct stat found;
    char zipped[4200];
    snprintf(zipped, sizeof zipped, "%s.gz", path);
    return stat(path, &found) == 0 || stat(zipped, &found) == 0;
}

/* A look takes features without labels, and keeps why there are none. */
static bool is_kept(reader *r, ad_status status)
{
    r->to->refused = status == AD_OK ? NULL : cli_text(r->a, "%s", nn_dataset_message(r->to->dataset));
    return status == AD_OK;
}

/* The four files of a folder are called as LeCun's are, with a dash or a point before "idx". */
static int read_folder(reader *r)
{
    const cli_side side = r->a->settings.side;
    const bool is_train = side == CLI_SIDE_OF_VERB ? r->how->is_for_training : side == CLI_SIDE_TRAIN;
    const char *part = is_train ? "train" : "t10k", *path = r->how->path;
    const char *images = cli_text(r->a, "%s/%s-images-idx3-ubyte", path, part);
    const char *labels = cli_text(r->a, "%s/%s-labels-idx1-ubyte", path, part);
    if (!is_there(images)) {
        images = cli_text(r->a, "%s/%s-images.idx3-ubyte", path, part);
        labels = cli_text(r->a, "%s/%s-labels.idx1-ubyte", path, part);
    }
    if (!is_there(images))
        return cli_say(CLI_FOLDER_WITHOUT_IDX, path, part);
    if (r->how->is_look && is_kept(r, nn_dataset_read_idx(r->to->dataset, images, labels)))
        return CLI_OK;
    return status_of(fail_dataset(r, nn_dataset_read_idx(r->to->dataset, images, r->how->needs_truth ? labels : NULL)));
}

static int read_idx(reader *r)
{
    struct stat found;
    if (!is_dash(r->how->path) && stat(r->how->path, &found) == 0 && S_ISDIR(found.st_mode))
        return read_folder(r);
    if (is_dash(r->how->path))
        return status_of(fail_dataset(
            r, nn_dataset_read_idx_stream(r->to->dataset, (nn_stream){stdin, r->to->name}, (nn_stream){0})));
    return status_of(fail_dataset(r, nn_dataset_read_idx(r->to->dataset, r->how->path, NULL)));
}

static int read_npy(reader *r)
{
    const nn_stream stream = {stdin, r->to->name};
    return status_of(fail_dataset(r, is_dash(r->how->path)
                                         ? nn_dataset_read_npy_stream(r->to->dataset, stream, (nn_stream){0})
                                         : nn_dataset_read_npy(r->to->dataset, r->how->path, NULL)));
}

static ad_status read_arrays(reader *r, const char *x, const char *y)
{
    if (is_dash(r->how->path))
        return nn_dataset_read_npz_stream(r->to->dataset, (nn_stream){stdin, r->to->name}, x, y);
    return nn_dataset_read_npz(r->to->dataset, r->how->path, x, y);
}

/* The arrays of an archive are x and y; or x_train, y_train, x_test and y_test, as Keras has them. */
static int read_npz(reader *r)
{
    const cli_side side = r->a->settings.side;
    const bool is_train = side == CLI_SIDE_OF_VERB ? r->how->is_for_training : side == CLI_SIDE_TRAIN;
    const bool needs_truth = r->how->needs_truth || r->how->is_look;
    const char *x = is_train ? "x_train" : "x_test", *y = is_train ? "y_train" : "y_test";
    if (!is_dash(r->how->path) && read_arrays(r, x, needs_truth ? y : NULL) == AD_OK)
        return CLI_OK;
    const ad_status status = read_arrays(r, "x", needs_truth ? "y" : NULL);
    if (!r->how->is_look || is_dash(r->how->path) || is_kept(r, status))
        return status_of(fail_dataset(r, status));
    return read_arrays(r, x, NULL) == AD_OK ? CLI_OK : status_of(fail_dataset(r, read_arrays(r, "x", NULL)));
}

static int read_libsvm(reader *r)
{
    int64_t columns = 0;
    for (size_t i = 0; i < r->how->like.n; i++)
        columns += r->how->like.at[i].width ? r->how->like.at[i].width : 1;
    return status_of(
        fail_dataset(r, is_dash(r->how->path)
                            ? nn_dataset_read_libsvm_stream(r->to->dataset, (nn_stream){stdin, r->to->name}, columns)
                            : nn_dataset_read_libsvm(r->to->dataset, r->how->path, columns)));
}

/* ---- What is true of each row ------------------------------------------------------------------------------------ */

/* Lists the columns of labels or targets by their names. */
static void list_names(reader *r)
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

double cli_target_at(const nn_data *data, int64_t i)
{
    return data->target_element == NN_F64 ? ((const double *)data->targets)[i]
                                          : (double)((const float *)data->targets)[i];
}

/* Several labels are columns of 0 and 1, which a reader gives as targets. */
static int take_flags(reader *r)
{
    cli_data *d = r->to;
    const int64_t n = d->data.rows * d->n_labels;
    d->labels = ad_memory_take(&r->a->memory, (size_t)n, sizeof *d->labels);
    if (!d->labels)
        return cli_say(CLI_NO_MEMORY, " for the labels");
    for (int64_t i = 0; i < n; i++) {
        const double x = cli_target_at(&d->data, i);
        if (x != 0 && x != 1)
            return cli_say(CLI_NOT_A_FLAG, d->name, cli_count(r->a, i / d->n_labels),
                           d->label_names ? cli_quoted(r->a, d->label_names[i % d->n_labels])
                                          : cli_count(r->a, i % d->n_labels),
                           cli_text(r->a, "%g", x));
        d->labels[i] = (int32_t)x;
    }
    d->data.labels = d->labels;
    d->data.targets = NULL;
    return CLI_OK;
}

/* Whole numbers that a file has as labels are the targets of a regression. */
static int take_numbers(reader *r)
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

/* Gives the data what the task needs of them. */
static int take_truth(reader *r)
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

/* ---- Calls ------------------------------------------------------------------------------------------------------- */

/* Each line of the reader's notes is a warning. */
static void warn(reader *r)
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
    static int (*const readers[CLI_INPUTS])(reader *) = {
        [CLI_CSV] = read_table, [CLI_IDX] = read_idx,       [CLI_NPY] = read_npy,
        [CLI_NPZ] = read_npz,   [CLI_LIBSVM] = read_libsvm,
    };
    *d = (cli_data){.name = is_dash(how->path) ? "standard input" : how->path, .dataset = nn_dataset_open(NULL)};
    reader r = {d, a, how};
    const cli_input input = input_of_data(a, how->path);
    if (!d->dataset)
        return cli_say(CLI_NO_MEMORY, "");
    if (input != CLI_CSV && a->settings.window && how->is_for_training)
        return cli_say(CLI_WINDOW_OF_TABLES, d->name);
    if (input != CLI_CSV && input != CLI_LIBSVM && a->settings.label.n)
        return cli_say(CLI_LABEL_OF_IMAGES, d->name);
    int status = readers[input](&r);
    if (status != CLI_OK)
        return status;
    if (!d->feed)
        d->data = nn_dataset_data(d->dataset);
    status = take_truth(&r);
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

/* ---- Files of several options ------------------------------------------------------------------------------------ */

static bool is_same_file(const char *one, const char *other)
{
    struct stat a, b;
    if (is_dash(one) || is_dash(other))
        return false;
    return !strcmp(one, other) ||
           (stat(one, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino);
}

/* The file that an option names; NULL: it is not given, or a switch. */
static const char *file_of(const cli_arguments *a, const char *name)
{
    const int i = cli_option_of(a->verb, name);
    return i >= 0 && cli_options[i].argument ? a->values[i].text : NULL;
}

int cli_check_files(cli_arguments *a)
{
    static const char *const read[] = {"data", "validation", "config", "warm-start"};
    static const char *const written[] = {"model", "history", "html", "dot", "json"};
    enum { READ = sizeof read / sizeof read[0], WRITTEN = sizeof written / sizeof written[0] };
    for (int i = 0; i < READ; i++) {
        const char *one = file_of(a, read[i]);
        for (int j = i + 1; one && j < READ; j++)
            if (is_dash(one) && file_of(a, read[j]) && is_dash(file_of(a, read[j])))
                return cli_say(CLI_DASH_TWICE, cli_text(a, "--%s -", read[i]), cli_text(a, "--%s -", read[j]));
        for (int j = 0; one && j < WRITTEN; j++)
            if (file_of(a, written[j]) && is_same_file(one, file_of(a, written[j])))
                return cli_say(CLI_SAME_FILE, cli_text(a, "--%s", written[j]), file_of(a, written[j]),
                               cli_text(a, "--%s", read[i]), cli_text(a, "--%s", written[j]));
    }
    for (int i = 0; i < WRITTEN; i++)
        for (int j = i + 1; j < WRITTEN; j++)
            if (file_of(a, written[i]) && file_of(a, written[j]) &&
                is_same_file(file_of(a, written[i]), file_of(a, written[j])))
                return cli_say(CLI_SAME_FILE, cli_text(a, "--%s", written[i]), file_of(a, written[i]),
                               cli_text(a, "--%s", written[j]), cli_text(a, "--%s", written[i]));
    return CLI_OK;
}
