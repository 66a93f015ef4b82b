#ifndef GRADTAPE_CLI_OPTIONS_H
#define GRADTAPE_CLI_OPTIONS_H
/* The verbs and options of the command. Arguments are read, and help, manual and completion are written, by these two
 * tables alone. */
#include <stddef.h>

#include <gradtape/fields.h>
#include <gradtape/options.h>

typedef enum cli_verb {
    CLI_TRAIN,
    CLI_EVALUATE,
    CLI_PREDICT,
    CLI_INFO,
    CLI_CROSS_VALIDATE,
    CLI_METRICS,
    CLI_INSPECT,
    CLI_VERBS
} cli_verb;

/* A verb. */
typedef struct cli_verb_row {
    const char *name, *meaning; /* the meaning is one line */
    const char *about;          /* a paragraph for help and manual: defaults that depend on the data, what is printed */
    const char *examples[3];    /* whole command lines; NULL: there are fewer */
} cli_verb_row;

extern const cli_verb_row cli_verbs[CLI_VERBS];

/* Whose table of fields an option belongs to. */
typedef enum cli_part {
    CLI_OWN,       /* cli_settings */
    CLI_TABLE,     /* nn_csv_options */
    CLI_ESTIMATOR, /* nn_classifier_options, or nn_regressor_options */
    CLI_FIT,       /* nn_fit_options */
    CLI_PARTS
} cli_part;

/* What an option is for those that go through the options: bits. */
enum {
    CLI_KEPT = 1 << 0,   /* it says how a model is trained, and is kept with it for --resume */
    CLI_FIXED = 1 << 1,  /* it says what a model and its data are, and cannot change on --resume */
    CLI_GOAL = 1 << 2,   /* it says how long to train: one of them is enough */
    CLI_FORM = 1 << 3,   /* it says how tables are written; a model's other tables are taken to be written alike */
    CLI_READS = 1 << 4,  /* it names a file that is read, - for standard input */
    CLI_WRITES = 1 << 5, /* it names a file that is written */
};

/* The command's own defaults. Help has them as text. */
#define CLI_STANDARD_EPOCHS 100 /* with validation data */
#define CLI_STANDARD_PATIENCE 10
#define CLI_STANDARD_STEPS 2000 /* without */
#define CLI_STANDARD_SAVE_EVERY 1000
#define CLI_STANDARD_FOLDS 5
#define CLI_STANDARD_SEED 42
#define CLI_STANDARD_SCALING_OF_TABLES "feature"
#define CLI_STANDARD_SCALING_OF_ARRAYS "global"
#define CLI_STANDARD_TARGET_SCALING "standard"
#define CLI_TEXT_OF(x) CLI_TEXT_OF_MACRO(x)
#define CLI_TEXT_OF_MACRO(x) #x

/* An option. */
typedef struct cli_option {
    const char *group; /* the heading in help */
    const char *name;  /* without the two dashes */
    unsigned verbs;    /* the verbs that take it: bit 1 << CLI_TRAIN, ... */
    cli_part part;
    const char *field;    /* its name in the table of the part; NULL: the name, with _ for - */
    const char *argument; /* what follows it, for help: "FILE"; NULL: a switch */
    const char *meaning;
    const char *standard; /* the default, for help; NULL: that of the field, or none */
    unsigned flags;       /* CLI_KEPT, ... */
    const char *member;   /* what the library calls it beside its field, in messages and settings; NULL: nothing */
} cli_option;

extern const cli_option cli_options[];
extern const int cli_option_count;

/* The most options that the table may have. */
enum { CLI_MOST_OPTIONS = 96 };

/* What is predicted, and how truth and predictions are written. */
typedef enum cli_task { CLI_CLASSES, CLI_LABELS, CLI_REGRESSION, CLI_TASKS } cli_task;
typedef enum cli_input { CLI_AUTO, CLI_CSV, CLI_IDX, CLI_NPY, CLI_NPZ, CLI_LIBSVM, CLI_INPUTS } cli_input;
typedef enum cli_side { CLI_SIDE_OF_VERB, CLI_SIDE_TRAIN, CLI_SIDE_TEST, CLI_SIDES } cli_side;
typedef enum cli_output { CLI_OUTPUT_CLASSES, CLI_OUTPUT_PROBABILITIES, CLI_OUTPUT_LOGITS, CLI_OUTPUTS } cli_output;
typedef enum cli_format { CLI_FORMAT_CSV, CLI_FORMAT_TSV, CLI_FORMAT_JSONL, CLI_FORMAT_NPY, CLI_FORMATS } cli_format;

/* Return the name of a number, NULL outside the list; fields of choices have them. */
const char *cli_task_name(int task);
const char *cli_input_name(int input);
const char *cli_side_name(int side);
const char *cli_output_name(int output);
const char *cli_format_name(int format);

/* The values of the options that are the command's own. Zero means that the option was not given and has no
 * default. */
typedef struct cli_settings {
    const char *data, *model, *validation, *history_file, *html, *dot, *json_file;
    cli_task task;
    cli_input input;
    cli_side side;
    cli_output output;
    cli_format format;
    nn_texts label, prediction, probabilities, class_weight;
    const char *scores;
    int64_t threads, row, folds, window;
    bool resume, is_quiet, is_json, is_text;
} cli_settings;

extern const nn_fields cli_settings_fields;

/* Options of any part, and of the rows of NAME:KEY=VALUE. cli_no_options has none: the library then prints defaults. */
typedef union cli_any_options {
    max_align_t align;
    cli_settings settings;
    nn_csv_options table;
    nn_classifier_options classifier;
    nn_regressor_options regressor;
    nn_fit_options fit;
    nn_head_options head;
    nn_schedule_options schedule;
    nn_optimiser_options optimiser;
} cli_any_options;

extern const cli_any_options cli_no_options;

/* How an option NAME:KEY=VALUE has its keys: --head, --optimizer and --schedule. */
typedef struct cli_keys {
    const char *field;                /* of the option */
    const char *prefix;               /* before a key, in the estimator's options that have it so: schedule_steps */
    const char *common;               /* estimators' options that begin so are keys of each row; NULL: none are */
    nn_fields (*of)(const void *row); /* the keys of a row */
} cli_keys;

/* Returns how an option has its keys; NULL: it has none. */
const cli_keys *cli_keys_of(const cli_option *option);

/* Returns the estimator's field that a key sets; NULL: there is none. */
const nn_field *cli_field_of_key(const cli_keys *keys, const char *key);

/* Returns the field of an option: its name, type, default and choices. NULL for --help and --config, which have none.
 */
const nn_field *cli_field_of(const cli_option *option);

/* Returns the index of the option of a name that the verb takes; -1 if there is none. */
int cli_option_of(cli_verb verb, const char *name);

/* Returns the index of the verb of a name; -1 if there is none. */
int cli_verb_of(const char *name);

#endif
