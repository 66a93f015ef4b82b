#ifndef GRADTAPE_CLI_MESSAGES_H
#define GRADTAPE_CLI_MESSAGES_H
/* What the command says on stderr: errors, warnings and notes, all of them in one list. Tests go through the list, and
 * want to have seen each. */
#include <stdbool.h>

#include <gradtape/status.h>

/* How the command ends. A signal that stops it ends it with 128 + its number: SIGINT with CLI_INTERRUPTED, SIGTERM with
 * 143. */
enum { CLI_OK = 0, CLI_FAILED = 1, CLI_WRONG_USE = 2, CLI_INTERRUPTED = 130 };

/* Messages that are no error. --quiet suppresses a note. */
enum { CLI_NOTE = 0, CLI_WARNING = -1 };

/* X(name, status, text). {} stands for the next argument. An error is shown as "gradtape: TEXT". Errors of the library
 * are shown by cli_fail_text; CLI_BAD_VALUE and CLI_NOTE_OF_DATA have its words, too. */
#define CLI_MESSAGES(X)                                                                                                \
    /* Arguments. */                                                                                                   \
    X(CLI_NO_VERB, CLI_WRONG_USE, "what is to be done? give one of {}; gradtape --help says more")                     \
    X(CLI_UNKNOWN_VERB, CLI_WRONG_USE, "unknown command {}; it must be one of {}")                                     \
    X(CLI_UNKNOWN_VERB_NEAR, CLI_WRONG_USE, "unknown command {}; did you mean {}?")                                    \
    X(CLI_UNKNOWN_OPTION, CLI_WRONG_USE, "{}unknown option {}; try gradtape {} --help")                                \
    X(CLI_UNKNOWN_OPTION_NEAR, CLI_WRONG_USE, "{}unknown option {}; did you mean {}? try gradtape {} --help")          \
    X(CLI_OPTION_OF_OTHERS, CLI_WRONG_USE, "{}{} is no option of gradtape {}, but of {}; try gradtape {} --help")      \
    X(CLI_NO_ARGUMENT, CLI_WRONG_USE, "{}{} needs {} after it; try gradtape {} --help")                                \
    X(CLI_ARGUMENT_OF_SWITCH, CLI_WRONG_USE, "{}{} takes no value but true and false: leave out {}")                   \
    X(CLI_TWICE, CLI_WRONG_USE, "{}{} is given twice; give it once, lists with commas between")                        \
    X(CLI_STRAY, CLI_WRONG_USE, "{} is no option; options begin with --, and a value follows its option")              \
    X(CLI_MISSING, CLI_WRONG_USE, "{} is missing: {}")                                                                 \
    X(CLI_BOTH, CLI_WRONG_USE, "{} and {}: give one")                                                                  \
    X(CLI_BAD_VALUE, CLI_WRONG_USE, "{}{}")                                                                            \
    X(CLI_LONG_OPTIONS, CLI_WRONG_USE, "the options are longer than 64 KiB: give fewer columns")                       \
    X(CLI_UNKNOWN_KEY, CLI_WRONG_USE, "{}--{}: {} has no key {}; {}")                                                  \
    X(CLI_NO_VALUE_OF_KEY, CLI_WRONG_USE, "{}--{}: {} is no KEY=VALUE; write {}:KEY=VALUE,KEY=VALUE")                  \
    X(CLI_NOT_IN_CONFIG, CLI_WRONG_USE, "{}--{} is for the command line only")                                         \
    X(CLI_BAD_CONFIG_LINE, CLI_WRONG_USE, "{}a line is NAME = VALUE, a blank one, or begins with #")                   \
    X(CLI_NO_CONFIG, CLI_FAILED, "{}: the file cannot be read: {}")                                                    \
    X(CLI_DASH_TWICE, CLI_WRONG_USE, "{} and {}: standard input can be read only once")                                \
    X(CLI_NO_MEMORY, CLI_FAILED, "memory is out{}")                                                                    \
    X(CLI_NOT_WRITTEN, CLI_FAILED, "the results could not be written to {}: {}")                                       \
    /* Data (data.c). */                                                                                               \
    X(CLI_NO_LABEL, CLI_WRONG_USE, "--label is missing: which column of {} is to be predicted? it has {}")             \
    X(CLI_LABEL_OF_IMAGES, CLI_WRONG_USE, "--label: {} has its labels in a file of its own; leave it out")             \
    X(CLI_SEVERAL_LABELS, CLI_WRONG_USE,                                                                               \
      "--label names {} columns, and classes are in one column; for several columns of 0 and 1 say "                   \
      "--task labels, for several columns of numbers --task regression")                                               \
    X(CLI_FRACTIONS, CLI_FAILED,                                                                                       \
      "{}: the labels are numbers with fractions, and classes are whole numbers; --task regression predicts "          \
      "numbers")                                                                                                       \
    X(CLI_WINDOW_OF_TABLES, CLI_WRONG_USE,                                                                             \
      "--window: {} is no table as text, and only such a table can stay in its file")                                  \
    X(CLI_FOLDER_WITHOUT_IDX, CLI_FAILED, "{}: the folder has no {}-images-idx3-ubyte (plain or .gz)")                 \
    X(CLI_NOT_A_FLAG, CLI_FAILED, "{}: row {} (from 0 on) of column {} is {}; for --task labels it must be 0 or 1")    \
    X(CLI_NO_TRUTH, CLI_FAILED, "{} has no labels: {}")                                                                \
    X(CLI_FEATURES_ONLY, CLI_FAILED,                                                                                   \
      "{} has features only; labels come with an .npz archive of x and y, a folder of IDX "                            \
      "files, or a table")                                                                                             \
    X(CLI_NO_WEIGHT, CLI_WRONG_USE, "no column {} in {}; --weight names a column of the table")                        \
    X(CLI_NOTE_OF_DATA, CLI_WARNING, "{}")                                                                             \
    X(CLI_FILE_IS_DASH, CLI_WRONG_USE, "--{} -: it is a file, not standard output; give it a name")                    \
    X(CLI_SAME_FILE, CLI_WRONG_USE, "{} {} is the file of {}: give {} another name")                                   \
    /* Models (model.c). */                                                                                            \
    X(CLI_NO_REGRESSOR_OPTION, CLI_WRONG_USE, "{}: it is for classes, and --task is regression")                       \
    X(CLI_REGRESSOR_OPTION, CLI_WRONG_USE, "{}: it is for numbers; say --task regression too, or leave it out")        \
    /* Training (train.c). */                                                                                          \
    X(CLI_MANY_NUMBERS, CLI_FAILED,                                                                                    \
      "{}: column {} has {} as labels: numbers are predicted by --task regression; if they "                           \
      "are classes after all, say --task classes")                                                                     \
    X(CLI_ONE_CLASS, CLI_FAILED, "{}: all {} labels are {}; a classifier needs two")                                   \
    X(CLI_UNKNOWN_CLASS, CLI_WRONG_USE, "--class-weight: {} is no class of {} ({})")                                   \
    X(CLI_BAD_CLASS_WEIGHT, CLI_WRONG_USE, "--class-weight: {} is not CLASS=X,.. with numbers from 0 on, or balanced") \
    X(CLI_CHANGED_BY_RESUME, CLI_WRONG_USE,                                                                            \
      "{} cannot change with --resume; --model OTHER starts anew, --warm-start {} takes "                              \
      "the weights only")                                                                                              \
    X(CLI_OTHER_DATA, CLI_FAILED, "--resume: {}; --model OTHER starts anew, --warm-start {} takes the weights only")   \
    X(CLI_NOT_TRAINED_HERE, CLI_FAILED,                                                                                \
      "--resume: {} was not trained by gradtape train; say with --data what to train on")                              \
    X(CLI_BAD_SHARE, CLI_WRONG_USE, "--validation: {} is not above 0 and below 1, nor the name of a file")             \
    X(CLI_WEIGHTS_OF_CLASSES, CLI_WRONG_USE, "--class-weight: {} has no classes whose rows are counted")               \
    X(CLI_HELD_OUT_TWICE, CLI_WRONG_USE,                                                                               \
      "--window: such a table has no share that is held out; --validation FILE gives one")                             \
    X(CLI_TRAINING_DATA, CLI_NOTE, "{}: {}")                                                                           \
    X(CLI_SETTINGS, CLI_NOTE, "options: {}")                                                                           \
    X(CLI_GOAL_STEPS, CLI_NOTE, "{} steps; {} says otherwise")                                                         \
    X(CLI_GOAL_EPOCHS, CLI_NOTE,                                                                                       \
      "at most {} epochs; it stops after {} validations that are no better; {} says otherwise")                        \
    X(CLI_REPLACES, CLI_NOTE, "{} is a model of {} steps, which this one replaces; --resume goes on with it")          \
    X(CLI_RESUMES, CLI_NOTE, "resumes at step {}{}, rate {}, row {} of epoch {}")                                      \
    X(CLI_GOAL_REACHED, CLI_NOTE, "{} is trained to its end, step {}; --steps N trains on")                            \
    X(CLI_BEST, CLI_NOTE, "best validation: {}loss {}, step {}; the model has the weights of {}")                      \
    X(CLI_SAVED, CLI_NOTE, "{} is saved after {} steps; {} evaluate --model {} --data FILE tests it")                  \
    X(CLI_AS_IT_WAS, CLI_NOTE, "{} is the model that it was before")                                                   \
    X(CLI_STOPPED, CLI_INTERRUPTED, "stopped at step {}; {} is saved; go on with: {} train --resume --model {}")       \
    /* Evaluating and metrics (evaluate.c, metrics.c). */                                                              \
    X(CLI_UNSEEN_CLASS, CLI_FAILED,                                                                                    \
      "{}: row {} (from 0 on): class {} was not in the training data ({}); {} {} such a label: correct it, or leave "  \
      "the row out")                                                                                                   \
    X(CLI_NO_TABLE, CLI_WRONG_USE, "--input {}: metrics reads a table; leave --input out")                             \
    X(CLI_NO_PREDICTION, CLI_WRONG_USE,                                                                                \
      "--prediction, --probabilities and --scores are missing: which columns of {} were predicted? give one")          \
    X(CLI_OTHER_TASK, CLI_WRONG_USE, "--task {} takes {}, not {}")                                                     \
    X(CLI_UNEQUAL_LISTS, CLI_WRONG_USE, "--label names {} columns and {} {}: give each label a column of predictions") \
    X(CLI_SEVERAL_PREDICTIONS, CLI_WRONG_USE, "--prediction names {} columns, and the predicted class is in one")      \
    X(CLI_ONE_PROBABILITY, CLI_WRONG_USE,                                                                              \
      "--probabilities names one column: give one for each class; a column for one of two classes is "                 \
      "--scores {}")                                                                                                   \
    X(CLI_COLUMN_TWICE, CLI_WRONG_USE, "{} and {} both name column {}; give each one of its own")                      \
    X(CLI_NO_COLUMN, CLI_FAILED, "{} has no column {}")                                                                \
    X(CLI_EMPTY_VALUE, CLI_FAILED, "{}: row {} (from 0 on) has no value in column {} of {}; each row needs one")       \
    X(CLI_NO_COPY, CLI_FAILED, "standard input cannot be copied into a temporary file: {}")                            \
    X(CLI_UNKNOWN_PREDICTION, CLI_FAILED,                                                                              \
      "{}: row {} (from 0 on): the predicted class {} is none of --probabilities ({})")                                \
    X(CLI_OTHER_CLASSES, CLI_FAILED,                                                                                   \
      "{}: no prediction is a label: predicted are {}, labels are {}; they must be written alike")                     \
    X(CLI_ONE_CLASS_ONLY, CLI_FAILED, "{}: all labels and predictions are {}; figures of classes need two")            \
    X(CLI_NO_CLASS_COLUMN, CLI_FAILED,                                                                                 \
      "{}: labels are {}, and columns of --probabilities are {}; call each column as its class, or let labels "        \
      "be their places from 0 on")                                                                                     \
    X(CLI_NOT_TWO_CLASSES, CLI_FAILED, "{}: --scores needs two classes, and column {} has {}")                         \
    X(CLI_SECOND_CLASS, CLI_NOTE, "{}: the larger the score, the likelier is class {}")                                \
    X(CLI_STOPPED_IN_FOLD, CLI_INTERRUPTED,                                                                            \
      "stopped in fold {} of {}; nothing is saved, because cross-validate saves no model")                             \
    /* Predicting and inspecting (predict.c, inspect.c). */                                                            \
    X(CLI_NO_SUCH_OUTPUT, CLI_WRONG_USE, "--output {}: {} predicts numbers, which have no {}; leave out --output")     \
    X(CLI_NPY_TEXTS, CLI_WRONG_USE,                                                                                    \
      "--format npy: the classes of {} are texts, and the array has numbers only; take --format csv, or --output "     \
      "probabilities")                                                                                                 \
    X(CLI_NPY_IDS, CLI_WRONG_USE,                                                                                      \
      "--format npy: the array has numbers only, and ids are texts; leave out --id, or take --format csv")             \
    X(CLI_RENAMED, CLI_WARNING, "an id is called {}, too, so that the prediction is called {}")                        \
    X(CLI_NO_ROW, CLI_WRONG_USE, "--row {}: {} has {} rows, from 0 to {}")                                             \
    X(CLI_WRITTEN, CLI_NOTE, "{} is written")                                                                          \
    /* Looking (info.c, cross_validate.c). */                                                                          \
    X(CLI_NOTHING_TO_LOOK_AT, CLI_WRONG_USE, "give --data FILE or --model FILE")

typedef enum cli_message {
#define CLI_NAME_OF(name, status, text) name,
    CLI_MESSAGES(CLI_NAME_OF)
#undef CLI_NAME_OF
        CLI_MESSAGE_COUNT
} cli_message;

/* Returns the text and the status of a message. */
const char *cli_message_text(cli_message which);
int cli_message_status(cli_message which);

/* Says a message on stderr. Arguments are texts, as many as it has places. Returns its status; CLI_OK for a note and a
 * warning. */
#define cli_say(which, ...) cli_say_all((which), (const char *const[]){__VA_ARGS__})
int cli_say_all(cli_message which, const char *const *arguments);

/* Says an error of the library's on stderr, and returns the status. */
int cli_fail_text(int status, const char *text);

/* The same, after a call of the library: CLI_WRONG_USE for AD_BAD_VALUE, else CLI_FAILED. */
int cli_fail_status(ad_status status, const char *message);

/* Whether notes are said (--quiet): true at first. */
void cli_set_notes(bool are_said);
bool cli_notes_are_said(void);

#endif
