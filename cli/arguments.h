#ifndef GRADTAPE_CLI_ARGUMENTS_H
#define GRADTAPE_CLI_ARGUMENTS_H
/* The arguments of a run: a verb, and a value for each option that was given. */
#include <gradtape/memory.h>
#include <gradtape/options.h>

#include "../nn/store.h"
#include "messages.h"
#include "options.h"

/* The value of an option. */
typedef struct cli_value {
    const char *text; /* NULL: not given; of a switch "true" or "false" */
    const char *from; /* "" for the command line; "FILE:LINE: " of a config; "MODEL: " of a model that is resumed */
} cli_value;

typedef struct cli_arguments {
    cli_verb verb;
    ad_memory memory;
    nn_store store;                     /* what lives as long as the arguments; cli_release_arguments gives it back */
    cli_value values[CLI_MOST_OPTIONS]; /* by the index of the option */
    cli_settings settings;              /* of the options that are the command's own */
    bool is_help;                       /* --help was among them */
    int failed;                         /* the status of the last cli_options_from */
} cli_arguments;

/* Reads the arguments that follow the verb, and the file of --config, which counts less. Fills in the settings. A
 * mistake is said. Returns a status. */
int cli_read_arguments(cli_arguments *a, cli_verb verb, int argc, char *const *argv);

void cli_release_arguments(cli_arguments *a);

/* Adds options from lines NAME = VALUE, where they are not given yet, and fills in the settings again. `name` is that
 * of the file, for messages. `only_kept`: a line with an option that is not kept with a model is passed over. */
int cli_add_lines(cli_arguments *a, const char *text, const char *name, bool only_kept);

/* Whether a path is standard input. */
bool cli_is_dash(const char *path);

/* Says that standard input is read twice, or that a file that is written is that of another option, if that is so.
 * (files.c) */
int cli_check_files(cli_arguments *a);

/* With this a note in a model begins that is of this command: a comment. */
#define CLI_NOTE_BEGIN "# gradtape train\n"

/* Returns the options of a run that are given and kept with a model, as such lines. A value that is not UTF-8, as the
 * name of a file may be, gives no line: it has to be given again. NULL if memory is out. */
const char *cli_lines_of_run(cli_arguments *a);

/* Whether two values of option i say the same: elements of lists may stand in quotes or not. */
bool cli_is_same_value(cli_arguments *a, int i, const char *one, const char *other);

/* The value of an option of the verb; NULL: not given, or not an option of the verb. */
const char *cli_given(const cli_arguments *a, const char *name);

/* Returns the options of a part as nn_options_parse reads them; a mistake is said, and NULL returned; `failed` is
 * then its status. `more` is text
 * that is put before them, for instance "n_classes=3"; an option that is given is left out of it. The caller closes the
 * options. CLI_ESTIMATOR: `kind` is NN_CLASSIFIER or NN_REGRESSOR; else it follows from the part. */
nn_options *cli_options_from(cli_arguments *a, cli_part part, nn_options_kind kind, const char *more);

/* Returns the settings of an estimator, a text of the library's, as options of the command: "--hidden-units 16 ..".
 * What the command does not offer is left out. (settings.c) */
const char *cli_settings_line(cli_arguments *a, const char *settings, nn_options_kind kind);

/* Says that an option is missing: "--data is missing: MEANING". */
int cli_miss(const cli_arguments *a, const char *name);

/* Copies a text, printed, into the arguments' store; "" if memory is out. */
const char *cli_text(cli_arguments *a, const char *format, ...) AD_PRINTF(2, 3);

/* A text of the user's for a message: 'TEXT', cut and with control characters escaped. */
const char *cli_quoted(cli_arguments *a, const char *text);

/* How many there are, with commas: 1,203. The number of one, a row or a class, as options take it: 1203. */
const char *cli_count(cli_arguments *a, int64_t n);
const char *cli_number(cli_arguments *a, int64_t number);

/* How the command was called, for lines that messages say to type: "gradtape", or the path that was typed. */
void cli_set_program(const char *called);
const char *cli_program(cli_arguments *a);

/* A path as a word for a shell, in quotes where it needs them: what a message says to type. */
const char *cli_shell_word(cli_arguments *a, const char *path);

#endif
