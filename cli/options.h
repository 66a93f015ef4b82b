#ifndef GRADTAPE_CLI_OPTIONS_H
#define GRADTAPE_CLI_OPTIONS_H
/* The verbs and options of the command. Arguments are read, and help, manual and completion are written, by these two
 * tables alone. */
#include <gradtape/fields.h>

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
    const char *examples[3];    /* whole command lines, ended by NULL */
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
    bool is_of_run;       /* it says how a model is trained, and is kept with it for --resume */
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

/* The values of the options that are the command's own. Zero means that the option was not given. */
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

/* Returns the field of an option: its name, type, default and choices. NULL for --help, --config and --version, which
 * have none. */
const nn_field *cli_field_of(const cli_option *option);

/* Returns the index of the option of a name that the verb takes; -1 if there is none. */
int cli_option_of(cli_verb verb, const char *name);

/* Returns the index of the verb of a name; -1 if there is none. */
int cli_verb_of(const char *name);

#endif
