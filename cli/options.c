/* The tables of verbs and options. */
#include "options.h"

#include <stdio.h>
#include <string.h>

#include <gradtape/threads.h>

#include "../nn/options/fields.h"

/* clang-format off */
static const char about_train[] =
    "Without --steps, --to-step and --epochs it takes " CLI_TEXT_OF(CLI_STANDARD_EPOCHS) " epochs and stops early "
    "where there is validation data, else " CLI_TEXT_OF(CLI_STANDARD_STEPS) " steps. Features of a table are scaled one by "
    "one, those of images and arrays together. The model is saved on the way and at the end; it has everything that "
    "--resume needs. SIGINT (Ctrl-C) saves it, too.";
/* clang-format on */

const cli_verb_row cli_verbs[CLI_VERBS] = {
    [CLI_TRAIN] = {"train",
                   "trains a model on a table or on images",
                   about_train,
                   {"gradtape train --data train.csv --label species --model iris.safetensors --validation 0.2",
                    "gradtape train --resume --model iris.safetensors --steps 1000"}},
    [CLI_EVALUATE] = {"evaluate",
                      "prints how well a model predicts data with labels",
                      "Columns are found by their names, in any order. The last line has accuracy, step and loss.",
                      {"gradtape evaluate --model iris.safetensors --data test.csv"}},
    [CLI_PREDICT] = {"predict",
                     "writes what a model predicts for each row",
                     "One row of data gives one line, in the order of the rows. Columns are found by their names, in "
                     "any order; the label need not be there.",
                     {"gradtape predict --model iris.safetensors --data new.csv --id row --output probabilities",
                      "gradtape predict --model iris.safetensors --data - < new.csv"}},
    [CLI_INFO] = {"info",
                  "shows what is in a table or in a model",
                  "Of a table: rows, and of each column its kind, missing values, range or most frequent values, and "
                  "what training would refuse. Of a model: options, steps, columns, classes, tensors.",
                  {"gradtape info --data train.csv", "gradtape info --model iris.safetensors"}},
    [CLI_CROSS_VALIDATE] =
        {"cross-validate",
         "trains without a part of the rows, tests on it, and so for each part",
         "Folds have the classes in the same shares. Nothing is saved. Each figure has its mean over the "
         "folds and the standard error of it.",
         {"gradtape cross-validate --data train.csv --label species --folds 5"}},
    [CLI_METRICS] = {"metrics",
                     "prints how well predictions in a table meet what is true",
                     "The predictions may come from any program. Probabilities are columns, one a class, named as the "
                     "class or in the order of the numbers of classes.",
                     {"gradtape metrics --data predictions.csv --label y --probabilities a,b,c",
                      "gradtape metrics --data predictions.csv --label y --scores s",
                      "gradtape metrics --data predictions.csv --task regression --label y --prediction p"}},
    [CLI_INSPECT] = {"inspect",
                     "shows the gradients of one row, and where they come from",
                     "The row is recorded with its label and gone through backwards. The page opens in any browser.",
                     {"gradtape inspect --model iris.safetensors --data test.csv --row 7 --html row.html"}},
};

/* ---- Choices ----------------------------------------------------------------------------------------------------- */

/* The names of an enumeration. */
#define NAMES(function, ...)                                                                                           \
    const char *function(int number)                                                                                   \
    {                                                                                                                  \
        static const char *const names[] = {__VA_ARGS__};                                                              \
        return number >= 0 && number < (int)(sizeof names / sizeof names[0]) ? names[number] : NULL;                   \
    }

NAMES(cli_task_name, "classes", "labels", "regression")
NAMES(cli_input_name, "auto", "csv", "idx", "npy", "npz", "libsvm")
NAMES(cli_side_name, "", "train", "test")
NAMES(cli_output_name, "classes", "probabilities", "logits")
NAMES(cli_format_name, "csv", "tsv", "jsonl", "npy")

/* ---- The command's own fields ------------------------------------------------------------------------------------ */

#define ROW(member, kind, ...)                                                                                         \
    {                                                                                                                  \
        .name = #member, .type = NN_FIELD_##kind, .offset = offsetof(cli_settings, member), __VA_ARGS__                \
    }
static const nn_field settings_rows[] = {
    ROW(data, TEXT, .meaning = NULL),
    ROW(model, TEXT, .meaning = NULL),
    ROW(validation, TEXT, .meaning = NULL),
    ROW(history_file, TEXT, .meaning = NULL),
    ROW(html, TEXT, .meaning = NULL),
    ROW(dot, TEXT, .meaning = NULL),
    ROW(json_file, TEXT, .meaning = NULL),
    ROW(scores, TEXT, .meaning = NULL),
    ROW(task, CHOICE, .choice = cli_task_name),
    ROW(input, CHOICE, .choice = cli_input_name),
    ROW(side, CHOICE, .choice = cli_side_name),
    ROW(output, CHOICE, .choice = cli_output_name),
    ROW(format, CHOICE, .choice = cli_format_name),
    ROW(label, TEXTS, .meaning = NULL),
    ROW(prediction, TEXTS, .meaning = NULL),
    ROW(probabilities, TEXTS, .meaning = NULL),
    ROW(class_weight, TEXTS, .meaning = NULL),
    ROW(threads, INTEGER, .range = NN_FROM_TO(1, AD_MAX_THREADS)),
    ROW(row, INTEGER, .range = NN_FROM_TO(0, INT32_MAX)),
    ROW(folds, INTEGER, .standard = CLI_STANDARD_FOLDS, .range = NN_FROM_TO(2, INT32_MAX)),
    ROW(window, INTEGER, .range = NN_FROM_TO(1, INT32_MAX)),
    ROW(resume, SWITCH, .meaning = NULL),
    ROW(is_quiet, SWITCH, .meaning = NULL),
    ROW(is_json, SWITCH, .meaning = NULL),
    ROW(is_text, SWITCH, .meaning = NULL),
};
const nn_fields cli_settings_fields = NN_FIELDS(settings_rows);

/* ---- Options ----------------------------------------------------------------------------------------------------- */

#define T (1u << CLI_TRAIN)
#define E (1u << CLI_EVALUATE)
#define P (1u << CLI_PREDICT)
#define I (1u << CLI_INFO)
#define C (1u << CLI_CROSS_VALIDATE)
#define M (1u << CLI_METRICS)
#define S (1u << CLI_INSPECT)
#define ALL (T | E | P | I | C | M | S)

/* Options of a part. */
#define OPTION(group_, name_, verbs_, part_, field_, argument_, meaning_, standard_, ...)                              \
    {                                                                                                                  \
        .group = group_, .name = name_, .verbs = verbs_, .part = part_, .field = field_, .argument = argument_,        \
        .meaning = meaning_, .standard = standard_, .flags = __VA_ARGS__                                               \
    }
#define OWN(group, name, verbs, field, argument, meaning, standard, ...)                                               \
    OPTION(group, name, verbs, CLI_OWN, field, argument, meaning, standard, __VA_ARGS__)
#define TABLE(name, verbs, field, argument, meaning, standard, flags)                                                  \
    OPTION("Columns", name, verbs, CLI_TABLE, field, argument, meaning, standard, flags)
#define NETWORK(name, field, argument, meaning, standard)                                                              \
    OPTION("Network", name, T | C, CLI_ESTIMATOR, field, argument, meaning, standard, CLI_KEPT | CLI_FIXED)
#define UPDATE(name, field, argument, meaning, standard)                                                               \
    OPTION("Training", name, T | C, CLI_ESTIMATOR, field, argument, meaning, standard, CLI_KEPT | CLI_FIXED)
#define FIT(group, name, verbs, argument, meaning, standard, flags)                                                    \
    OPTION(group, name, verbs, CLI_FIT, NULL, argument, meaning, standard, flags)

/* The goal of one run: a model has its own (nn_model_info). */
#define GOAL(name, verbs, meaning) FIT("Training", name, verbs, "N", meaning, NULL, CLI_GOAL)

static const char columns[] = "Columns", data[] = "Data", output[] = "Output", other[] = "Other";

const cli_option cli_options[] = {
    OWN(data, "data", ALL, NULL, "FILE",
        "a table (CSV or TSV, plain or gzipped); - is standard input; a folder of IDX files; an .npz archive with x "
        "and y; LIBSVM's text with --input libsvm",
        NULL, CLI_KEPT | CLI_READS),
    OWN(data, "input", ALL, NULL, "KIND", "what the file of --data is", "auto", CLI_KEPT | CLI_FIXED),
    OWN(data, "part", T | E | P | I | C | S, "side", "SIDE",
        "which IDX files of a folder; which arrays of an .npz archive, x_train or x_test", "train to train, else test",
        CLI_KEPT | CLI_FIXED),
    OWN(data, "model", T | E | P | I | S, NULL, "FILE", "the model, a safetensors file", NULL, CLI_WRITES,
        .member = "save"),

    OWN(columns, "task", T | I | C | M, NULL, "TASK",
        "classes: one label a row; labels: several columns of 0 and 1; regression: numbers", "classes",
        CLI_KEPT | CLI_FIXED),
    OWN(columns, "label", T | I | C | M, NULL, "COLUMN,..",
        "the column to predict: its name, or its place from 1 on; several columns for labels and regression", NULL,
        CLI_KEPT | CLI_FIXED, .member = "targets"),
    TABLE("ignore", T | I | C | M, "ignored", "COLUMN,..", "columns that are left out", NULL, CLI_KEPT | CLI_FIXED),
    TABLE("categorical", T | I | C, NULL, "COLUMN,..", "columns of categories; auto: those that are not all numbers",
          NULL, CLI_KEPT | CLI_FIXED),
    TABLE("numeric", T | I | C, NULL, "COLUMN,..", "columns of numbers in spite of --categorical auto", NULL,
          CLI_KEPT | CLI_FIXED),
    TABLE("id", T | P | I | C, "ids", "COLUMN,..",
          "columns that name the rows, and are no features; predict --id copies them to its lines", NULL,
          CLI_KEPT | CLI_FIXED),
    TABLE("weight", T | E | I | C | M, NULL, "COLUMN", "the column that says how much each row counts", NULL,
          CLI_KEPT | CLI_FIXED),
    OWN(columns, "prediction", M, NULL, "COLUMN,..", "columns of the predicted class, or of predicted numbers", NULL,
        0),
    OWN(columns, "probabilities", M, NULL, "COLUMN,..", "columns of probabilities, one for each class or label", NULL,
        0),
    OWN(columns, "scores", M, NULL, "COLUMN",
        "the column of scores: the larger, the likelier is the second of two classes", NULL, 0),
    TABLE("delimiter", ALL, NULL, "BYTE", "what stands between two fields: one byte, or tab",
          "a tab in .tsv files, else a comma", CLI_KEPT | CLI_FORM),
    TABLE("decimal", ALL, NULL, "BYTE", "the decimal sign: . or ,", ".", CLI_KEPT | CLI_FORM),
    TABLE("header", ALL, NULL, NULL, "the first line has names, though some are numbers", NULL, CLI_KEPT | CLI_FORM),
    TABLE("no-header", ALL, NULL, NULL, "the first line is a row; columns are called 1, 2, ...", NULL,
          CLI_KEPT | CLI_FORM),
    TABLE("missing", ALL, NULL, "TEXT,..", "what a missing value is written as, beside an empty field", NULL,
          CLI_KEPT | CLI_FORM),
    TABLE("as-f32", T | C, NULL, NULL, "keep numbers in 4 bytes instead of 8", NULL, CLI_KEPT),

    NETWORK("hidden-units", NULL, "N,..", "units of each hidden layer, for instance 300,100",
            "none, which is a linear model"),
    NETWORK("activation", NULL, "NAME", "the function of the hidden layers", NULL),
    NETWORK("dropout", NULL, "RATE", "the share of units that a step leaves out after each hidden layer", NULL),
    NETWORK("head", NULL, "NAME[:KEY=VALUE]", "loss and predictions, as in huber:delta=2", "by the task"),
    NETWORK("label-smoothing", NULL, "SHARE", "the share of a target that all classes get alike", NULL),
    NETWORK("scaling", NULL, "KIND", "how features are scaled",
            CLI_STANDARD_SCALING_OF_TABLES " for tables, " CLI_STANDARD_SCALING_OF_ARRAYS " for images and arrays"),
    NETWORK("scaling-constant", NULL, "X", "what --scaling constant divides by", NULL),
    NETWORK("target-scaling", NULL, "KIND",
            "how the targets of a regression are scaled for the network; predictions are in the units of the data",
            CLI_STANDARD_TARGET_SCALING),
    NETWORK("impute", NULL, "HOW",
            "missing values; refuse: an error; mean: the mean of their column; level: the same, and an input that "
            "says where they are",
            NULL),
    NETWORK("seed", NULL, "N", "of weights, order of rows, and rows that are held out", CLI_TEXT_OF(CLI_STANDARD_SEED)),

    GOAL("steps", T | C, "steps to add"),
    GOAL("to-step", T, "the step to end at, counted from the first one of the model"),
    GOAL("epochs", T | C, "epochs to add"),
    FIT("Training", "batch-size", T | C, "N", "rows in a step", "32", CLI_KEPT),
    UPDATE("optimizer", "optimiser", "NAME[:KEY=VALUE,..]",
           "how a step changes weights, as in adam:rate=0.001,beta1=0.9", NULL),
    UPDATE("rate", NULL, "X", "the learning rate", "the optimizer's"),
    UPDATE("schedule", NULL, "NAME[:KEY=VALUE,..]",
           "how the rate changes over the steps, as in cosine:steps=4000,warm_up=100", "constant"),
    UPDATE("l2", NULL, "X", "this times a weight is added to its gradient", "0"),
    UPDATE("clip-norm", NULL, "X", "the largest norm of all gradients together", "no limit"),
    OWN("Training", "class-weight", T | C, NULL, "CLASS=X,..",
        "the factor on the loss of rows of a class, 1 for others; balanced: rows / (classes * rows of the class)", NULL,
        CLI_KEPT | CLI_FIXED, .member = "class_weights"),
    FIT("Training", "overfit-one-batch", T, NULL,
        "every step takes the first batch: a network that cannot learn it has a fault", NULL, CLI_KEPT),
    FIT("Training", "warm-start", T, "FILE", "begin with the weights of this safetensors file", NULL,
        CLI_KEPT | CLI_FIXED | CLI_READS),
    OWN("Training", "window", T, NULL, "ROWS", "leave the table in its file, with so many rows in memory", NULL,
        CLI_KEPT),
    OWN("Training", "folds", C, NULL, "K", "how many parts the rows are cut into", NULL, 0),

    OWN("Validation", "validation", T, NULL, "FILE|SHARE",
        "data to validate with, or the share of the rows that is held out for it, for instance 0.2", NULL,
        CLI_KEPT | CLI_READS, .member = "validation_share"),
    FIT("Validation", "validate-every", T, "N", "steps from one validation to the next", "an epoch", CLI_KEPT),
    FIT("Validation", "patience", T, "N",
        "end after so many validations without a better one, with the weights of the best",
        CLI_TEXT_OF(CLI_STANDARD_PATIENCE) " without --steps, --to-step and --epochs, else none", CLI_KEPT),
    FIT("Validation", "monitor", T, "FIGURE", "the figure that says which validation is better", NULL, CLI_KEPT),
    FIT("Validation", "least-improvement", T, "X", "a better validation is better by more than this", NULL, CLI_KEPT),

    OWN("Saving", "resume", T, NULL, NULL, "go on with --model where it ended, with the options of then", NULL, 0),
    FIT("Saving", "save-every", T, "N", "steps from one save to the next", CLI_TEXT_OF(CLI_STANDARD_SAVE_EVERY),
        CLI_KEPT),
    FIT("Saving", "keep", T, "N", "how many files before the last one are kept: FILE.1, FILE.2, ...", NULL, CLI_KEPT),
    OWN("Saving", "history", T, "history_file", "FILE", "a CSV file to write: loss and validations over the steps",
        NULL, CLI_WRITES),

    OWN(output, "output", P, NULL, "WHAT", "what is written for a row", "classes", 0),
    OWN(output, "format", P, NULL, "FORMAT", "how it is written", "csv", 0),
    OWN(output, "row", S, NULL, "N", "the row to look at, from 0 on", "0", 0),
    OWN(output, "html", S, NULL, "FILE", "a page to write, which goes through the step", NULL, CLI_WRITES),
    OWN(output, "text", S, "is_text", NULL,
        "print a table of values and gradients; without --html, --dot and --json it is printed anyway", NULL, 0),
    OWN(output, "dot", S, NULL, "FILE", "a graph to write, for Graphviz", NULL, CLI_WRITES),
    OWN(output, "json", S, "json_file", "FILE", "write the tape as JSON", NULL, CLI_WRITES),
    OWN(output, "json", E | I | C | M, "is_json", NULL, "print one JSON object", NULL, 0),
    OWN(output, "quiet", ALL, "is_quiet", NULL, "write nothing on standard error but errors and warnings", NULL, 0),

    OWN(other, "threads", T | E | P | C | S, NULL, "N", "threads that compute; results do not depend on them",
        "one for each processor", 0),
    OWN(other, "config", ALL, "", "FILE", "options from a file, one a line: NAME = VALUE; the command line counts more",
        NULL, CLI_READS),
    OWN(other, "help", ALL, "", NULL, "print this help", NULL, 0),
};
const int cli_option_count = sizeof cli_options / sizeof cli_options[0];
_Static_assert(sizeof cli_options / sizeof cli_options[0] <= CLI_MOST_OPTIONS, "there is no room for so many options");

/* ---- Looking up -------------------------------------------------------------------------------------------------- */

/* The name of the field: that of the option, with _ for -, unless the row says another. */
static const char *field_name(const cli_option *o, char text[64])
{
    if (o->field)
        return o->field;
    size_t n = 0;
    for (; o->name[n] && n < 63; n++)
        text[n] = o->name[n] == '-' ? '_' : o->name[n];
    text[n] = 0;
    return text;
}

const nn_field *cli_field_of(const cli_option *o)
{
    char text[64];
    const char *name = field_name(o, text);
    const nn_options_kind kinds[CLI_PARTS] = {
        [CLI_TABLE] = NN_CSV, [CLI_ESTIMATOR] = NN_CLASSIFIER, [CLI_FIT] = NN_FIT};
    if (o->part == CLI_OWN)
        return nn_field_named(cli_settings_fields, name);
    const nn_field *field = nn_field_named(nn_options_fields(kinds[o->part]), name);
    return field || o->part != CLI_ESTIMATOR ? field : nn_field_named(nn_options_fields(NN_REGRESSOR), name);
}

int cli_option_of(cli_verb verb, const char *name)
{
    for (int i = 0; i < cli_option_count; i++)
        if ((cli_options[i].verbs & 1u << verb) && !strcmp(cli_options[i].name, name))
            return i;
    return -1;
}

int cli_verb_of(const char *name)
{
    for (int i = 0; i < CLI_VERBS; i++)
        if (!strcmp(cli_verbs[i].name, name))
            return i;
    return -1;
}

/* ---- Keys -------------------------------------------------------------------------------------------------------- */

const cli_any_options cli_no_options;

static nn_fields keys_of_head(const void *row) { return ((const nn_head *)row)->fields; }
static nn_fields keys_of_optimiser(const void *row) { return ((const nn_optimiser *)row)->fields; }
static nn_fields keys_of_schedule(const void *row) { return ((const nn_schedule *)row)->fields; }

const cli_keys *cli_keys_of(const cli_option *o)
{
    static const cli_keys rows[] = {{"head", "", NULL, keys_of_head},
                                    {"optimiser", "", "clip_", keys_of_optimiser},
                                    {"schedule", NN_SCHEDULE_PREFIX, NULL, keys_of_schedule}};
    const nn_field *field = o->part == CLI_ESTIMATOR ? cli_field_of(o) : NULL;
    for (size_t i = 0; field && i < sizeof rows / sizeof *rows; i++)
        if (!strcmp(rows[i].field, field->name))
            return &rows[i];
    return NULL;
}

static const nn_field *estimator_field(const char *name)
{
    const nn_field *field = nn_field_named(nn_options_fields(NN_CLASSIFIER), name);
    return field ? field : nn_field_named(nn_options_fields(NN_REGRESSOR), name);
}

const nn_field *cli_field_of_key(const cli_keys *keys, const char *key)
{
    char name[80];
    snprintf(name, sizeof name, "%s%s", keys->prefix, key);
    const nn_field *field = estimator_field(name);
    return field ? field : estimator_field(key);
}
