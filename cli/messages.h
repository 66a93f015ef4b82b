#ifndef GRADTAPE_CLI_MESSAGES_H
#define GRADTAPE_CLI_MESSAGES_H
/* What the command says on stderr: errors, warnings and notes, all of them in one list. Tests go through the list, and
 * want to have seen each. */
#include <stdbool.h>

/* How the command ends. */
enum { CLI_OK = 0, CLI_FAILED = 1, CLI_WRONG_USE = 2, CLI_INTERRUPTED = 130 };

/* X(name, status, text). {} stands for the next argument. Status 0: a note, which --quiet suppresses; -1: a warning.
 * Else an error of that status, shown as "gradtape: TEXT". Texts of the library's are shown by cli_fail_text. */
#define CLI_MESSAGES(X)                                                                                                \
    /* Arguments. */                                                                                                   \
    X(CLI_NO_VERB, 2, "what is to be done? give one of {}; gradtape --help says more")                                 \
    X(CLI_UNKNOWN_VERB, 2, "unknown command {}; it must be one of {}")                                                 \
    X(CLI_UNKNOWN_VERB_NEAR, 2, "unknown command {}; did you mean {}?")                                                \
    X(CLI_UNKNOWN_OPTION, 2, "{}unknown option {}; try gradtape {} --help")                                            \
    X(CLI_UNKNOWN_OPTION_NEAR, 2, "{}unknown option {}; did you mean {}? try gradtape {} --help")                      \
    X(CLI_OPTION_OF_OTHERS, 2, "{}{} is no option of gradtape {}, but of {}; try gradtape {} --help")                  \
    X(CLI_NO_ARGUMENT, 2, "{}{} needs {} after it; try gradtape {} --help")                                            \
    X(CLI_ARGUMENT_OF_SWITCH, 2, "{}{} takes no value but true and false: leave out {}")                               \
    X(CLI_TWICE, 2, "{}{} is given twice; give it once, lists with commas between")                                    \
    X(CLI_STRAY, 2, "{} is no option; options begin with --, and a value follows its option")                          \
    X(CLI_MISSING, 2, "{} is missing: {}")                                                                             \
    X(CLI_BOTH, 2, "{} and {}: give one")                                                                              \
    X(CLI_BAD_VALUE, 2, "{}{}")                                                                                        \
    X(CLI_UNKNOWN_KEY, 2, "{}--{}: {} has no key {}; {}")                                                              \
    X(CLI_NO_VALUE_OF_KEY, 2, "{}--{}: {} is no KEY=VALUE; write {}:KEY=VALUE,KEY=VALUE")                              \
    X(CLI_NOT_IN_CONFIG, 2, "{}--{} is for the command line only")                                                     \
    X(CLI_BAD_CONFIG_LINE, 2, "{}a line is NAME = VALUE, a blank one, or begins with #")                               \
    X(CLI_NO_CONFIG, 1, "{}: the file cannot be read: {}")                                                             \
    X(CLI_DASH_TWICE, 2, "{} and {}: standard input can be read only once")                                            \
    X(CLI_NO_MEMORY, 1, "memory is out{}")                                                                             \
    X(CLI_NOT_WRITTEN, 1, "the results could not be written to {}: {}")                                                \
    /* Data (data.c). */                                                                                               \
    X(CLI_NO_LABEL, 2, "--label is missing: which column of {} is to be predicted? it has {}")                         \
    X(CLI_LABEL_OF_IMAGES, 2, "--label: {} has its labels in a file of its own; leave it out")                         \
    X(CLI_SEVERAL_LABELS, 2,                                                                                           \
      "--label names {} columns, and classes are in one; several columns of 0 and 1 are "                              \
      "--task labels, several numbers --task regression")                                                              \
    X(CLI_FRACTIONS, 1,                                                                                                \
      "{}: what is true of each row is a number with a fraction: --task regression predicts "                          \
      "numbers")                                                                                                       \
    X(CLI_WINDOW_OF_TABLES, 2, "--window: {} is no table as text, and only such a table can stay in its file")         \
    X(CLI_FOLDER_WITHOUT_IDX, 1, "{}: the folder has no {}-images-idx3-ubyte (plain or .gz)")                          \
    X(CLI_NOT_A_FLAG, 1, "{}: row {} (from 0 on) of column {} is {}; for --task labels it must be 0 or 1")             \
    X(CLI_NO_TRUTH, 1, "{} has no labels: {}")                                                                         \
    X(CLI_FEATURES_ONLY, 1,                                                                                            \
      "{} has features only; labels come with an .npz archive of x and y, a folder of IDX "                            \
      "files, or a table")                                                                                             \
    X(CLI_NOTE_OF_DATA, -1, "{}")                                                                                      \
    X(CLI_SAME_FILE, 2, "{} {} is the file of {}: give {} another name")                                               \
    /* Models (model.c). */                                                                                            \
    X(CLI_NO_REGRESSOR_OPTION, 2, "{}: it is for classes, and --task is regression")                                   \
    X(CLI_REGRESSOR_OPTION, 2, "{}: it is for numbers; say --task regression too, or leave it out")                    \
    /* Training (train.c). */                                                                                          \
    X(CLI_MANY_NUMBERS, 1,                                                                                             \
      "{}: column {} has {} as labels: numbers are predicted by --task regression; if they "                           \
      "are classes after all, say --task classes")                                                                     \
    X(CLI_ONE_CLASS, 1, "{}: all {} labels are {}; a classifier needs two")                                            \
    X(CLI_UNKNOWN_CLASS, 2, "--class-weight: {} is no class of {} ({})")                                               \
    X(CLI_BAD_CLASS_WEIGHT, 2, "--class-weight: {} is not CLASS=X,.. with numbers from 0 on, or balanced")             \
    X(CLI_CHANGED_BY_RESUME, 2,                                                                                        \
      "{} cannot change with --resume; --model OTHER starts anew, --warm-start {} takes "                              \
      "the weights only")                                                                                              \
    X(CLI_OTHER_DATA, 1, "--resume: {}; --model OTHER starts anew, --warm-start {} takes the weights only")            \
    X(CLI_NOT_TRAINED_HERE, 1, "--resume: {} was not trained by gradtape train; say with --data what to train on")     \
    X(CLI_BAD_SHARE, 2, "--validation: {} is not above 0 and below 1, nor the name of a file")                         \
    X(CLI_WEIGHTS_OF_CLASSES, 2, "--class-weight: {} has no classes whose rows are counted")                           \
    X(CLI_HELD_OUT_TWICE, 2, "--window: such a table has no share that is held out; --validation FILE gives one")      \
    X(CLI_TRAINING_DATA, 0, "{}: {}")                                                                                  \
    X(CLI_SETTINGS, 0, "{}")                                                                                           \
    X(CLI_GOAL, 0, "{}")                                                                                               \
    X(CLI_REPLACES, 0, "{} is a model of {} steps, which this one replaces; --resume goes on with it")                 \
    X(CLI_RESUMES, 0, "resumes at step {}{}, rate {}, row {} of epoch {}")                                             \
    X(CLI_GOAL_REACHED, 0, "{} is trained to its end, step {}; --steps N trains on")                                   \
    X(CLI_BEST, 0, "best validation: {}loss {}, step {}")                                                              \
    X(CLI_SAVED, 0, "{} is saved after {} steps; gradtape evaluate --model {} --data FILE tests it")                   \
    X(CLI_STOPPED, 130, "stopped at step {}; {} is saved; go on with: gradtape train --resume --model {}")             \
    /* Evaluating and metrics (evaluate.c, metrics.c). */                                                              \
    X(CLI_UNSEEN_CLASS, 1,                                                                                             \
      "{}: row {} (from 0 on): class {} was not in the training data ({}); {} {} such a label: correct it, or leave "  \
      "the row out")                                                                                                   \
    X(CLI_NO_TABLE, 2, "--input {}: metrics reads a table; leave --input out")                                         \
    X(CLI_NO_PREDICTION, 2,                                                                                            \
      "--prediction, --probabilities and --scores are missing: which columns of {} were predicted? give one")          \
    X(CLI_OTHER_TASK, 2, "--task {} takes {}, not {}")                                                                 \
    X(CLI_UNEQUAL_LISTS, 2, "--label names {} columns and {} {}: give each label a column of predictions")             \
    X(CLI_SEVERAL_PREDICTIONS, 2, "--prediction names {} columns, and the predicted class is in one")                  \
    X(CLI_ONE_PROBABILITY, 2,                                                                                          \
      "--probabilities names one column: give one for each class; a column for one of two classes is "                 \
      "--scores {}")                                                                                                   \
    X(CLI_COLUMN_TWICE, 2, "{} and {} both name column {}; give each one of its own")                                  \
    X(CLI_EMPTY_VALUE, 1, "{}: row {} (from 0 on) has no value in column {} of {}; each row needs one")                \
    X(CLI_NO_COPY, 1, "standard input cannot be copied into a temporary file: {}")                                     \
    X(CLI_UNKNOWN_PREDICTION, 1, "{}: row {} (from 0 on): the predicted class {} is none of --probabilities ({})")     \
    X(CLI_OTHER_CLASSES, 1,                                                                                            \
      "{}: no prediction is a label: predicted are {}, labels are {}; they must be written alike")                     \
    X(CLI_ONE_CLASS_ONLY, 1, "{}: all labels and predictions are {}; figures of classes need two")                     \
    X(CLI_NO_CLASS_COLUMN, 1,                                                                                          \
      "{}: labels are {}, and columns of --probabilities are {}; call each column as its class, or let labels "        \
      "be their places from 0 on")                                                                                     \
    X(CLI_NOT_TWO_CLASSES, 1, "{}: --scores needs two classes, and column {} has {}")                                  \
    X(CLI_SECOND_CLASS, 0, "{}: the larger the score, the likelier is class {}")                                       \
    X(CLI_STOPPED_IN_FOLD, 130, "stopped in fold {} of {}; nothing is saved, because cross-validate saves no model")   \
    /* Predicting and inspecting (predict.c, inspect.c). */                                                            \
    X(CLI_NO_SUCH_OUTPUT, 2, "--output {}: {} predicts numbers, which have no {}; leave out --output")                 \
    X(CLI_NPY_TEXTS, 2,                                                                                                \
      "--format npy: the classes of {} are texts, and the array has numbers only; take --format csv, or --output "     \
      "probabilities")                                                                                                 \
    X(CLI_NPY_IDS, 2,                                                                                                  \
      "--format npy: the array has numbers only, and ids are texts; leave out --id, or take --format csv{}")           \
    X(CLI_RENAMED, -1, "an id is called {}, too, so that the prediction is called {}")                                 \
    X(CLI_FILE_IS_DASH, 2, "--{} -: a file is written, not standard output; give it a name: --{} row.{}")              \
    X(CLI_NO_ROW, 2, "--row {}: {} has {} rows, from 0 to {}")                                                         \
    X(CLI_WRITTEN, 0, "{} is written")                                                                                 \
    /* Looking (info.c, cross_validate.c). */                                                                          \
    X(CLI_NOTHING_TO_LOOK_AT, 2, "give --data FILE or --model FILE")

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

/* Whether notes are said (--quiet): true at first. */
void cli_set_notes(bool are_said);
bool cli_notes_are_said(void);

#endif
