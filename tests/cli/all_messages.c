/* All messages of the command: each is made by a command line. */
#include <signal.h>
#include <string.h>

#include <gradtape/classifier.h>
#include <gradtape/model.h>

#include "../../cli/messages.h"
#include "../support/check.h"
#include "../support/command.h"

/* A command line that makes a message. */
typedef struct made {
    cli_message message;
    const char *line;
    const char *input;  /* on standard input */
    const char *before; /* a command line that is run first */
    const char *until;  /* the text on stderr, or the name of a file, after which SIGINT is sent */
    const char *output; /* a file that standard output goes to */
} made;

#define TRAIN "train --data t.csv --label y --steps 3 --model m "
#define PREDICTED "metrics --data p.csv --label y "

static const made rows[] = {
    {.message = CLI_NO_VERB, .line = ""},
    {.message = CLI_UNKNOWN_VERB, .line = "zzzz"},
    {.message = CLI_UNKNOWN_VERB_NEAR, .line = "evalute"},
    {.message = CLI_UNKNOWN_OPTION, .line = "train --zzzz"},
    {.message = CLI_UNKNOWN_OPTION_NEAR, .line = "train --step 3"},
    {.message = CLI_OPTION_OF_OTHERS, .line = "train --folds 3"},
    {.message = CLI_NO_ARGUMENT, .line = "train --steps"},
    {.message = CLI_ARGUMENT_OF_SWITCH, .line = "train --resume=3"},
    {.message = CLI_TWICE, .line = "train --steps 3 --steps 3"},
    {.message = CLI_STRAY, .line = "train t.csv"},
    {.message = CLI_MISSING, .line = "train --model m"},
    {.message = CLI_BOTH, .line = TRAIN "--epochs 3"},
    {.message = CLI_BAD_VALUE, .line = "train --steps x --data t.csv --model m --label y"},
    {.message = CLI_LONG_OPTIONS, .line = "info --data t.csv --config long.conf"},
    {.message = CLI_UNKNOWN_KEY, .line = TRAIN "--optimizer adam:x=3"},
    {.message = CLI_NO_VALUE_OF_KEY, .line = TRAIN "--optimizer adam:rate"},
    {.message = CLI_NOT_IN_CONFIG, .line = "train --config -", .input = "config = c\n"},
    {.message = CLI_BAD_CONFIG_LINE, .line = "train --config -", .input = "steps 3\n"},
    {.message = CLI_NO_CONFIG, .line = "train --config none"},
    {.message = CLI_DASH_TWICE, .line = "train --data - --validation - --label y --model m"},
    {.message = CLI_NOT_WRITTEN, .line = "info --data t.csv", .output = "/dev/full"},
    {.message = CLI_NO_LABEL, .line = "train --data t.csv --model m"},
    {.message = CLI_LABEL_OF_IMAGES, .line = "train --data x.npy --label y --model m"},
    {.message = CLI_SEVERAL_LABELS, .line = "train --data t.csv --label a,y --model m"},
    {.message = CLI_FRACTIONS, .line = "train --data t.svm --input libsvm --model m"},
    {.message = CLI_WINDOW_OF_TABLES, .line = "train --data x.npy --window 2 --model m"},
    {.message = CLI_FOLDER_WITHOUT_IDX, .line = "train --data empty --model m"},
    {.message = CLI_NOT_A_FLAG, .line = "train --data t.csv --label a --ignore y --task labels --model m"},
    {.message = CLI_NO_TRUTH, .line = "evaluate --model m --data nolabel.csv", .before = TRAIN},
    {.message = CLI_FEATURES_ONLY, .line = "train --data x.npy --model m"},
    {.message = CLI_NOTE_OF_DATA, .line = "evaluate --model m --data wide.csv", .before = TRAIN},
    {.message = CLI_NO_WEIGHT, .line = "evaluate --model m --data t.csv --weight nosuch", .before = TRAIN},
    {.message = CLI_SAME_FILE, .line = "train --data t.csv --label y --model t.csv"},
    {.message = CLI_NO_REGRESSOR_OPTION,
     .line = "train --data t.csv --label a --ignore y --task regression --label-smoothing 0.1 --model m"},
    {.message = CLI_REGRESSOR_OPTION, .line = TRAIN "--target-scaling none"},
    {.message = CLI_MANY_NUMBERS, .line = "train --data t.csv --label c --ignore y --model m"},
    {.message = CLI_ONE_CLASS, .line = "train --data t.csv --label one --ignore y --model m"},
    {.message = CLI_UNKNOWN_CLASS, .line = TRAIN "--class-weight maybe=3"},
    {.message = CLI_BAD_CLASS_WEIGHT, .line = TRAIN "--class-weight yes"},
    {.message = CLI_CHANGED_BY_RESUME, .line = "train --resume --model m --steps 3 --hidden-units 7", .before = TRAIN},
    {.message = CLI_OTHER_DATA, .line = "train --resume --model m --steps 3 --data fewer.csv", .before = TRAIN},
    {.message = CLI_NOT_TRAINED_HERE, .line = "train --resume --model own --steps 3"},
    {.message = CLI_BAD_SHARE, .line = TRAIN "--validation 1.5"},
    {.message = CLI_WEIGHTS_OF_CLASSES, .line = TRAIN "--window 2 --class-weight yes=3"},
    {.message = CLI_HELD_OUT_TWICE, .line = TRAIN "--window 2 --validation 0.5"},
    {.message = CLI_TRAINING_DATA, .line = TRAIN},
    {.message = CLI_SETTINGS, .line = TRAIN},
    {.message = CLI_GOAL_STEPS, .line = "train --data t.csv --label y --model m"},
    {.message = CLI_GOAL_EPOCHS, .line = "train --data t.csv --label y --model m --validation 0.5"},
    {.message = CLI_REPLACES, .line = TRAIN, .before = TRAIN},
    {.message = CLI_RESUMES, .line = "train --resume --model m --steps 3", .before = TRAIN},
    {.message = CLI_GOAL_REACHED, .line = "train --resume --model m", .before = TRAIN},
    {.message = CLI_BEST, .line = TRAIN "--validation t.csv --validate-every 1"},
    {.message = CLI_SAVED, .line = TRAIN},
    {.message = CLI_STOPPED,
     .line = "train --data t.csv --label y --steps 1000000000 --save-every 1 --model m",
     .until = "m"},
    {.message = CLI_UNSEEN_CLASS,
     .line = "evaluate --model m --data five.svm --input libsvm",
     .before = "train --data two.svm --input libsvm --steps 3 --model m"},
    {.message = CLI_NO_TABLE, .line = PREDICTED "--input npz"},
    {.message = CLI_NO_PREDICTION, .line = PREDICTED},
    {.message = CLI_OTHER_TASK, .line = PREDICTED "--task regression --scores s"},
    {.message = CLI_UNEQUAL_LISTS, .line = PREDICTED "--task regression --prediction a,b"},
    {.message = CLI_SEVERAL_PREDICTIONS, .line = PREDICTED "--prediction a,b"},
    {.message = CLI_ONE_PROBABILITY, .line = PREDICTED "--probabilities a"},
    {.message = CLI_COLUMN_TWICE, .line = PREDICTED "--prediction y"},
    {.message = CLI_EMPTY_VALUE, .line = PREDICTED "--scores hole"},
    {.message = CLI_UNKNOWN_PREDICTION, .line = PREDICTED "--probabilities yes,no --prediction other"},
    {.message = CLI_OTHER_CLASSES, .line = PREDICTED "--prediction other"},
    {.message = CLI_ONE_CLASS_ONLY, .line = "metrics --data p.csv --label other --prediction same"},
    {.message = CLI_NO_CLASS_COLUMN, .line = PREDICTED "--probabilities yes,s"},
    {.message = CLI_NOT_TWO_CLASSES, .line = "metrics --data p.csv --label three --scores s"},
    {.message = CLI_SECOND_CLASS, .line = PREDICTED "--scores s"},
    {.message = CLI_STOPPED_IN_FOLD,
     .line = "cross-validate --data t.csv --label y --folds 2 --steps 1000000000",
     .until = "step "},
    {.message = CLI_NO_SUCH_OUTPUT,
     .line = "predict --model m --data t.csv --output logits",
     .before = "train --data t.csv --label a --ignore y --task regression --steps 3 --model m"},
    {.message = CLI_NPY_TEXTS, .line = "predict --model m --data t.csv --format npy", .before = TRAIN},
    {.message = CLI_NPY_IDS,
     .line = "predict --model m --data t.csv --format npy --id y --output probabilities",
     .before = TRAIN},
    {.message = CLI_RENAMED, .line = "predict --model m --data named.csv --id label", .before = TRAIN},
    {.message = CLI_FILE_IS_DASH, .line = "inspect --model m --data t.csv --html -", .before = TRAIN},
    {.message = CLI_NO_ROW, .line = "inspect --model m --data t.csv --row 1000", .before = TRAIN},
    {.message = CLI_WRITTEN, .line = "inspect --model m --data t.csv --dot d.dot", .before = TRAIN},
    {.message = CLI_NOTHING_TO_LOOK_AT, .line = "info"},
};

/* What no command line makes. */
static const struct {
    cli_message message;
    const char *reason;
} not_made[] = {
    {CLI_NO_MEMORY, "the command takes its memory by malloc, and a test cannot make that fail here"},
    {CLI_AS_IT_WAS, "it follows an error, whose status the command has; tests/cli/train.c sees it"},
    {CLI_NO_COLUMN, "the library refuses a column that is not there, in words of its own"},
    {CLI_NO_COPY, "a temporary file cannot be made where there is no room for one"},
};

/* ---- Files ------------------------------------------------------------------------------------------------------- */

/* A model of a program in C, which knows no --data. */
static void save_model_of_a_program(void)
{
    static const float x[] = {1, 2, 3, 4};
    static const int32_t labels[] = {0, 1, 0, 1};
    const nn_data data = {.features = x, .rows = 4, .columns = 1, .labels = labels};
    nn_classifier *c = nn_classifier_open(NULL);
    ck_assert_int_eq(nn_classifier_fit(c, &data, &(nn_fit_options){.steps = 1}), AD_OK);
    ck_assert_int_eq(nn_classifier_save(c, path_in_folder("own"), NULL), AD_OK);
    nn_classifier_close(c);
}

static void write_tables(void)
{
    static char text[1 << 14];
    strcpy(text, "a,b,c,one,y\n");
    for (int i = 0; i < 120; i++)
        sprintf(text + strlen(text), "%d,%d,%d,1,%s\n", i, i * i % 7, 2 * i, i % 2 ? "yes" : "no");
    write_file("t.csv", text);
    write_file("fewer.csv", "a,b,c,one,y\n1,2,3,1,yes\n2,3,4,1,no\n");
    write_file("nolabel.csv", "a,b,c,one\n1,2,3,1\n");
    write_file("named.csv", "a,b,c,one,label\n1,2,3,1,x\n");
    write_file("wide.csv", "a,b,c,one,y,more\n1,2,3,1,yes,x\n2,3,4,1,no,x\n");
    write_file("two.svm", "0 1:2\n1 1:3\n");
    write_file("five.svm", "5 1:2\n1 1:3\n");
    write_file("p.csv", "y,a,b,s,yes,no,other,same,three,hole\n"
                        "yes,1,2,0.5,0.6,0.4,q,q,x,1\nno,2,3,0.1,0.2,0.8,q,q,y,\nyes,2,3,0.1,0.9,0.1,q,q,z,2\n");
    write_file("t.svm", "1.5 1:2\n2.5 1:3\n");
    write_file("empty/none", "");
}

/* A line of more than 64 KiB, once each name stands in quotes. */
static void write_long_list(void)
{
    static char text[60000] = "ignore = b b";
    for (size_t n = strlen(text); n + 5 < sizeof text; n += 4)
        memcpy(text + n, ",b b", 5);
    write_file("long.conf", text);
}

static void write_files(void)
{
    file_bytes bytes;
    make_npy(&bytes, "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }", 24);
    save_bytes("x.npy", &bytes);
    write_tables();
    write_long_list();
    save_model_of_a_program();
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

/* Whether a line is the text with something, perhaps nothing, in each {}. */
static bool is_line(const char *line, size_t n, const char *text)
{
    const char *place = strstr(text, "{}");
    const size_t m = place ? (size_t)(place - text) : strlen(text);
    if (n < m || strncmp(line, text, m) != 0)
        return false;
    if (!place)
        return n == m;
    for (size_t k = 0; k <= n - m; k++)
        if (is_line(line + m + k, n - m - k, place + 2))
            return true;
    return false;
}

static bool has_message(const char *err, const char *text)
{
    for (; *err; err += strcspn(err, "\n") + 1)
        if (is_line(err, strcspn(err, "\n"), text))
            return true;
    return false;
}

static const command_result *run(const made *row)
{
    const command_run how = {.arguments = row->line, .input = row->input, .output = row->output};
    if (row->before) {
        run_command(row->before);
        expect_status(0);
    }
    if (!row->until)
        return run_command_as(how);
    start_command(how);
    if (strchr(row->until, ' '))
        wait_for_text(row->until);
    else
        wait_for_file(row->until);
    return end_command(SIGINT);
}

/* The status that a message makes; a note and a warning are no failure. */
static const struct {
    int status;
    const char *begin;
} kinds[] = {{CLI_NOTE, ""}, {CLI_WARNING, "gradtape: warning: "}};

START_TEST(a_message_is_said)
{
    static const int statuses[] = {
#define STATUS(name, status, text) status,
        CLI_MESSAGES(STATUS)
#undef STATUS
    };
    char text[600];
    const made *row = &rows[_i];
    const char *begin = "gradtape: ";
    for (int i = 0; i < COUNT(kinds); i++)
        if (statuses[row->message] == kinds[i].status)
            begin = kinds[i].begin;
    snprintf(text, sizeof text, "%s%s", begin, cli_message_text(row->message));
    write_files();
    const command_result *r = run(row);
    ck_assert_msg(has_message(r->err, text), "gradtape %s does not say: %s\n%s", row->line, text, r->err);
    expect_status(cli_message_status(row->message));
}
END_TEST

START_TEST(each_message_has_a_row)
{
    bool has_row[CLI_MESSAGE_COUNT] = {false};
    for (int i = 0; i < COUNT(rows); i++)
        has_row[rows[i].message] = true;
    for (int i = 0; i < COUNT(not_made); i++) {
        ck_assert_msg(!has_row[not_made[i].message], "%s is made", cli_message_text(not_made[i].message));
        has_row[not_made[i].message] = true;
    }
    for (int i = 0; i < CLI_MESSAGE_COUNT; i++)
        ck_assert_msg(has_row[i], "no row of this test makes: %s", cli_message_text((cli_message)i));
}
END_TEST

/* --quiet leaves errors and warnings. */
START_TEST(quiet_says_no_notes)
{
    write_files();
    run_command(TRAIN "--quiet");
    expect_err_is("");
    run_command(TRAIN "--quiet --rate -1");
    expect_err("gradtape: --rate: ");
    run_command("evaluate --model m --data wide.csv --quiet");
    expect_err("gradtape: warning: wide.csv: ");
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, each_message_has_a_row);
    tcase_add_loop_test(tests, a_message_is_said, 0, COUNT(rows));
    tcase_add_test(tests, quiet_says_no_notes);
}

int main(void) { return run_in_folder("all_messages", add_tests); }
