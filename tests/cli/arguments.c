/* Words of the command line and lines of --config: what is taken, and what is refused in which words. */
#include <string.h>
#include <sys/stat.h>

#include "../support/command.h"

static const char table[] = "a,b,y\n1,5,yes\n2,6,no\n3,7,yes\n4,9,no\n";

#define TRAIN "train --data t.csv --label y --model m --steps 2 "

static void write_table(void) { write_file("t.csv", table); }

/* A command line, its status, and all that it writes on stderr. */
typedef struct refused {
    const char *arguments;
    int status;
    const char *message;
} refused;

static void check_refused(const refused *r)
{
    write_table();
    run_command(r->arguments);
    expect_status(r->status);
    expect_err_is(r->message);
    expect_out_is("");
    ck_assert_msg(!file_exists("m"), "a model was written: %s", r->arguments);
}

/* ---- The command line -------------------------------------------------------------------------------------------- */

static const refused lines[] = {
    {"", 2,
     "gradtape: what is to be done? give one of train, evaluate, predict, info, cross-validate, metrics, inspect; "
     "gradtape --help says more\n"},
    {"trian", 2, "gradtape: unknown command 'trian'; did you mean train?\n"},
    {"zzz", 2,
     "gradtape: unknown command 'zzz'; it must be one of train, evaluate, predict, info, cross-validate, metrics, "
     "inspect\n"},
    {"train --epoch 3", 2, "gradtape: unknown option --epoch; did you mean --epochs? try gradtape train --help\n"},
    {"train --hidden 3", 2,
     "gradtape: unknown option --hidden; did you mean --hidden-units? try gradtape train --help\n"},
    {"train --hidden=3", 2,
     "gradtape: unknown option --hidden; did you mean --hidden-units? try gradtape train --help\n"},
    {"train --qqqq", 2, "gradtape: unknown option --qqqq; try gradtape train --help\n"},
    {"train --", 2, "gradtape: '--' is no option; options begin with --, and a value follows its option\n"},
    {"train --=3", 2, "gradtape: unknown option --; try gradtape train --help\n"},
    {"train -d t.csv", 2, "gradtape: '-d' is no option; options begin with --, and a value follows its option\n"},
    {"train t.csv", 2, "gradtape: 't.csv' is no option; options begin with --, and a value follows its option\n"},
    {"train --folds 3", 2,
     "gradtape: --folds is no option of gradtape train, but of cross-validate; try gradtape train --help\n"},
    {"train --data", 2, "gradtape: --data needs FILE after it; try gradtape train --help\n"},
    {"train --data --label y", 2, "gradtape: --data needs FILE after it; try gradtape train --help\n"},
    {"train --resume=3", 2, "gradtape: --resume takes no value but true and false: leave out '3'\n"},
    {"train --resume 3", 2, "gradtape: '3' is no option; options begin with --, and a value follows its option\n"},
    {"train --steps 1 --steps 1", 2, "gradtape: --steps is given twice; give it once, lists with commas between\n"},
    {"train --resume --resume", 2, "gradtape: --resume is given twice; give it once, lists with commas between\n"},
    {TRAIN "--threads 0", 2, "gradtape: --threads: '0' is not a whole number of at least 1 and at most 64\n"},
    {TRAIN "--task class", 2,
     "gradtape: --task: 'class' is not one of classes, labels, regression; did you mean classes?\n"},
    {TRAIN "--window ''", 2, "gradtape: --window: '' is not a whole number\n"},
    {TRAIN "--window '1 2'", 2, "gradtape: --window: '1 2' is not a whole number\n"},
    {"train --data t.csv --label y --model m --steps -1", 2,
     "gradtape: --steps: '-1' is not a whole number of at least 1\n"},
    {"train --data t.csv --label y --model m --steps x", 2, "gradtape: --steps: 'x' is not a whole number\n"},
    {"train --data t.csv --label y --model m --steps ''", 2, "gradtape: --steps: '' is not a whole number\n"},
    {"train --data t.csv --label y --model m --steps '1 seed=2'", 2,
     "gradtape: --steps: '1 seed=2' is not a whole number\n"},
    {"train --data t.csv --label y --model m --steps=1=2", 2, "gradtape: --steps: '1=2' is not a whole number\n"},
    {TRAIN "--hidden-units 3,x", 2, "gradtape: --hidden-units: 'x' is not a whole number\n"},
    {TRAIN "--rate 1,5", 2, "gradtape: --rate: '1,5' is not a number\n"},
    {TRAIN "--activation rellu", 2,
     "gradtape: --activation: 'rellu' is not one of relu, tanh, logistic, softplus, elu, identity; did you mean "
     "relu?\n"},
    {TRAIN "--task regression --label-smoothing 0.1 --label a --ignore y", 2,
     "gradtape: --label is given twice; give it once, lists with commas between\n"},
};

START_TEST(a_line_is_refused) { check_refused(&lines[_i]); }
END_TEST

/* ---- Keys of rows ------------------------------------------------------------------------------------------------ */

static const refused keys[] = {
    {TRAIN "--optimizer adm", 2,
     "gradtape: --optimizer: 'adm' is not one of gradient_descent, momentum, nesterov, adagrad, rmsprop, adam, adamw, "
     "adamax, nadam, lion, ftrl, lbfgs; did you mean adam?\n"},
    {TRAIN "--optimizer adam:", 2, "gradtape: --optimizer: '' is no KEY=VALUE; write adam:KEY=VALUE,KEY=VALUE\n"},
    {TRAIN "--optimizer adam:=3", 2,
     "gradtape: --optimizer: adam has no key ''; its keys: rate, decay, l2, l1, beta1, beta2, epsilon, "
     "epsilon_hat\n"},
    {TRAIN "--optimizer ''", 2,
     "gradtape: --optimizer: '' is not one of gradient_descent, momentum, nesterov, adagrad, rmsprop, adam, adamw, "
     "adamax, nadam, lion, ftrl, lbfgs\n"},
    {TRAIN "--optimizer adam:ratex=1", 2, "gradtape: --optimizer: adam has no key 'ratex'; did you mean rate?\n"},
    {TRAIN "--optimizer adam:seed=1", 2,
     "gradtape: --optimizer: adam has no key 'seed'; its keys: rate, decay, l2, l1, beta1, beta2, epsilon, "
     "epsilon_hat\n"},
    {TRAIN "--optimizer adam:rate=x", 2, "gradtape: --optimizer: rate: 'x' is not a number\n"},
    {TRAIN "--optimizer adam:beta1=1", 2,
     "gradtape: --optimizer: beta1: '1' is not a number of at least 0 and below 1\n"},
    {TRAIN "--optimizer 'adam:rate=0.1 seed=7'", 2, "gradtape: --optimizer: rate: '0.1 seed=7' is not a number\n"},
    {TRAIN "--optimizer adam:rate", 2,
     "gradtape: --optimizer: 'rate' is no KEY=VALUE; write adam:KEY=VALUE,KEY=VALUE\n"},
    {TRAIN "--optimizer adam:rate=0.1,", 2,
     "gradtape: --optimizer: '' is no KEY=VALUE; write adam:KEY=VALUE,KEY=VALUE\n"},
    {TRAIN "--optimizer adam:rate=0.1,rate=0.2", 2,
     "gradtape: --optimizer: rate is given twice; give it once, lists with commas between\n"},
    {TRAIN "--optimizer adam:rate=0.1 --rate 0.2", 2, "gradtape: --rate and --optimizer adam:rate=0.1: give one\n"},
    {TRAIN "--optimizer adam:clip_value=x", 2, "gradtape: --optimizer: clip_value: 'x' is not a number\n"},
    {TRAIN "--schedule cosine:step=4", 2, "gradtape: --schedule: cosine has no key 'step'; did you mean steps?\n"},
    {TRAIN "--schedule cosine:steps=x", 2, "gradtape: --schedule: steps: 'x' is not a whole number\n"},
    {TRAIN "--schedule cosine:steps=4,steps=5", 2,
     "gradtape: --schedule: steps is given twice; give it once, lists with commas between\n"},
    {TRAIN "--head softmax:delta=1", 2, "gradtape: --head: softmax has no key 'delta'; its keys: label_smoothing\n"},
    {TRAIN "--head softmax:label_smoothing=0.1 --label-smoothing 0.2", 2,
     "gradtape: --label-smoothing and --head softmax:label_smoothing=0.1: give one\n"},
};

START_TEST(a_key_is_refused) { check_refused(&keys[_i]); }
END_TEST

START_TEST(keys_are_taken)
{
    static const char *const rows[] = {
        "--optimizer adam:rate=0.1,beta1=0.5", "--optimizer adam:clip_value=1", "--optimizer lbfgs:history=3",
        "--schedule cosine:steps=4,warm_up=2", "--schedule constant",           "--head one_logit",
        "--head softmax:label_smoothing=0.1"};
    static const char *const settings[] = {"optimiser=adam rate=0.1", "clip_value=1",      "history=3",
                                           "schedule_steps=4",        "optimiser=adagrad", "head=one_logit",
                                           "label_smoothing=0.1"};
    char line[300];
    write_table();
    snprintf(line, sizeof line, TRAIN "%s", rows[_i]);
    run_command(line);
    expect_status(0);
    run_command("info --model m");
    expect_out(settings[_i]);
}
END_TEST

/* ---- Words ------------------------------------------------------------------------------------------------------- */

START_TEST(a_value_may_follow_an_equals_sign)
{
    write_table();
    run_command("info --data=t.csv --label=y --json=true");
    expect_status(0);
    expect_out("\"kind\":\"label\"");
    run_command("info --data=t.csv --label=y --json=false");
    expect_out("classes: no (2), yes (2)");
}
END_TEST

/* Names of columns with blanks, commas, quotes and equals signs. */
START_TEST(elements_of_lists_may_have_anything)
{
    write_file("t.csv", "\"a b\",\"c,d\",\"e\"\"f\",g=h,5\" pipe,\xc3\xa4,y\nx,x,x,x,x,x,1\n");
    run_command("info --no-header --data t.csv");
    expect_status(0);
    write_file("t.csv", "\"a b\",\"c,d\",\"e\"\"f\",g=h,\xc3\xa4,y\nx,x,x,x,x,1\n");
    run_command("info --data t.csv --ignore 'a b,\"c,d\",e\"f,g=h,\xc3\xa4'");
    expect_status(0);
    expect_err_is("");
    expect_out("a b     ignored");
    expect_out("c,d     ignored");
    expect_out("g=h     ignored");
    run_command("info --data t.csv --ignore '\"e\\\"f\",a b'");
    expect_status(0);
    run_command("info --data t.csv --ignore 'a b,'");
    expect_status(2);
    run_command("info --data t.csv --ignore '\"a b'");
    expect_status(2);
    expect_err("its quote is not closed");
    run_command("info --data t.csv --ignore '\"a b\"c'");
    expect_status(2);
    expect_err("behind the closing quote stands more");
    run_command("info --data t.csv --ignore ''");
    expect_status(2);
}
END_TEST

START_TEST(help_counts_whatever_else_is_wrong)
{
    run_command("train --nonsense --help");
    expect_status(0);
    expect_err_is("");
    expect_out("Usage: gradtape train");
    run_command("--help");
    expect_status(0);
    expect_out("gradtape VERB --help");
    run_command("--version");
    expect_status(0);
    expect_out("gradtape ");
    run_command("help");
    expect_status(0);
}
END_TEST

START_TEST(control_characters_are_escaped)
{
    run_command("train '\x1b[31mred\n'");
    expect_err_is(
        "gradtape: '\\x1b[31mred\\x0a' is no option; options begin with --, and a value follows its option\n");
    run_command("train '--\x1b[31m'");
    expect_err_is("gradtape: unknown option --\\x1b[31m; try gradtape train --help\n");
    run_command("'tr\x07'");
    ck_assert_ptr_null(strchr(run_command("'tr\x07'")->err, '\x07'));
}
END_TEST

START_TEST(a_long_list_is_refused)
{
    static char line[1 << 16];
    write_table();
    strcpy(line, "info --data t.csv --ignore ");
    for (int i = 0; i < 20000; i++)
        strcat(line + strlen(line) - (i > 0), i ? ",b," : "b,");
    run_command(line);
    ck_assert_int_ne(run_command(line)->status, 0);
}
END_TEST

/* ---- The file of --config ---------------------------------------------------------------------------------------- */

START_TEST(a_file_gives_options)
{
    write_table();
    write_file("c.conf", "\xef\xbb\xbf# a comment\n\n   \t\r\n data = t.csv\r\n--label=y\nhidden-units = 3 \n"
                         "  # another\nmodel=\"m\"\nquiet = true\nsteps=3\nfolds = 7\nbatch-size = 2");
    run_command("train --config c.conf");
    expect_status(0);
    expect_err_is("");
    run_command("info --model m");
    expect_out("hidden_units=3");
    expect_out("step 3");
    run_command("train --config c.conf --steps 5 --model n");
    expect_status(0);
    run_command("info --model n");
    expect_out("step 5");
    run_command("train --config c.conf --quiet=false --model o");
    expect_err("is saved");
}
END_TEST

/* A goal of any kind on the command line counts more than one in a file; two goals in one place are too many. */
static const struct {
    const char *file, *given;
    int status;
    const char *shown; /* by info --model m, or on stderr */
} goals[] = {
    {"steps = 3\n", "", 0, "step 3"},
    {"steps = 3\n", "--epochs 2", 0, "step 2"},
    {"steps = 3\n", "--to-step 4", 0, "step 4"},
    {"epochs = 3\n", "--steps 5", 0, "step 5"},
    {"to-step = 3\n", "--steps 6", 0, "step 6"},
    {"to-step = 3\nsteps = 4\n", "--epochs 7", 0, "step 7"},
    {"steps = 3\nepochs = 4\n", "", 2, "gradtape: --steps and --epochs: give one\n"},
    {"batch-size = 3\n", "--steps 3 --epochs 4", 2, "gradtape: --steps and --epochs: give one\n"},
    {"steps = 3\nsteps = 3\n", "--epochs 4", 2, "gradtape: c.conf:2: --steps is given twice; "},
};

START_TEST(a_goal_counts_more_than_that_of_a_file)
{
    char line[200];
    write_table();
    write_file("c.conf", goals[_i].file);
    snprintf(line, sizeof line, "train --data t.csv --label y --model m --config c.conf %s", goals[_i].given);
    run_command(line);
    expect_status(goals[_i].status);
    if (goals[_i].status) {
        expect_err(goals[_i].shown);
        return;
    }
    run_command("info --model m");
    expect_out(goals[_i].shown);
}
END_TEST

START_TEST(a_file_may_be_standard_input)
{
    write_table();
    run_command_with("info --config -", "data = t.csv\nlabel = y\n");
    expect_status(0);
    expect_out("y       label");
    run_command_with("info --config -", "data = t.csv\nlabell = y\n");
    expect_err_is(
        "gradtape: standard input:2: unknown option 'labell'; did you mean label? try gradtape info --help\n");
}
END_TEST

/* Texts in quotes are taken out of them; lists keep theirs. */
START_TEST(values_of_a_file_may_stand_in_quotes)
{
    write_file("t;x.csv", "a b;y\n1;2\n");
    write_file("c.conf", "data = \"t;x.csv\"\ndelimiter = \";\"\nignore = \"a b\"\n");
    run_command("info --config c.conf");
    expect_status(0);
    expect_out("a b     ignored");
    write_file("c.conf", "data = \"t;x.csv\n");
    run_command("info --config c.conf");
    expect_status(2);
    expect_err("gradtape: c.conf:1: ");
    expect_err("quote is not closed");
}
END_TEST

static const struct {
    const char *text;
    int status;
    const char *message;
} files[] = {
    {"stepz = 3\n", 2, "c.conf:1: unknown option 'stepz'; did you mean steps? try gradtape train --help\n"},
    {"\n\nqqqq = 3\n", 2, "c.conf:3: unknown option 'qqqq'; try gradtape train --help\n"},
    {"hidden = 3\n", 2, "c.conf:1: unknown option 'hidden'; did you mean hidden-units? try gradtape train --help\n"},
    {"steps 3\n", 2, "c.conf:1: a line is NAME = VALUE, a blank one, or begins with #\n"},
    {" = 3\n", 2, "c.conf:1: a line is NAME = VALUE, a blank one, or begins with #\n"},
    {"resume\n", 2, "c.conf:1: a line is NAME = VALUE, a blank one, or begins with #\n"},
    {"resume = 5\n", 2, "c.conf:1: --resume takes no value but true and false: leave out '5'\n"},
    {"steps = 3\nsteps = 4\n", 2, "c.conf:2: --steps is given twice; give it once, lists with commas between\n"},
    {"threads = x\n", 2, "c.conf:1: --threads: 'x' is not a whole number\n"},
    {"# c\nsteps = x\n", 2, "c.conf:2: --steps: 'x' is not a whole number\n"},
    {"optimizer = adam:ratex=3\n", 2, "c.conf:1: --optimizer: adam has no key 'ratex'; did you mean rate?\n"},
    {"optimizer = adam:rate=x\n", 2, "c.conf:1: --optimizer: rate: 'x' is not a number\n"},
    {"optimizer = adam:rate\n", 2, "c.conf:1: --optimizer: 'rate' is no KEY=VALUE; write adam:KEY=VALUE,KEY=VALUE\n"},
    {"config = d.conf\n", 2, "c.conf:1: --config is for the command line only\n"},
    {"help = true\n", 2, "c.conf:1: --help is for the command line only\n"},
};

START_TEST(a_line_of_a_file_is_refused)
{
    char message[400];
    write_table();
    write_file("c.conf", files[_i].text);
    run_command("train --data t.csv --label y --model m --config c.conf");
    snprintf(message, sizeof message, "gradtape: %s", files[_i].message);
    expect_status(files[_i].status);
    expect_err_is(message);
}
END_TEST

START_TEST(a_file_that_is_none_is_refused)
{
    run_command("train --config c.conf");
    expect_status(1);
    expect_err_is("gradtape: c.conf: the file cannot be read: No such file or directory\n");
    write_file("d/c.conf", "");
    run_command("train --config d");
    expect_status(1);
    expect_err_is("gradtape: d: the file cannot be read: Is a directory\n");
    static file_bytes bytes;
    put_bytes(&bytes, "steps = 1\0\n", 11);
    save_bytes("c.conf", &bytes);
    run_command("train --config c.conf");
    expect_status(1);
    expect_err_is("gradtape: c.conf: the file cannot be read: it is no text: it has a NUL byte\n");
    static char long_text[(1 << 20) + 8000];
    memset(long_text, '#', sizeof long_text - 1);
    FILE *file = fopen(path_in_folder("c.conf"), "wb");
    ck_assert(file && fwrite(long_text, 1, sizeof long_text, file) == sizeof long_text && fclose(file) == 0);
    run_command("train --config c.conf");
    expect_status(1);
    expect_err_is("gradtape: c.conf: the file cannot be read: it is longer than 1 MiB\n");
}
END_TEST

/* Members that options of other names set are called by these. */
START_TEST(options_are_called_as_the_verb_has_them)
{
    write_table();
    run_command("info --data t.csv --task regression --label a --ignore a,y");
    expect_status(2);
    expect_err_is("gradtape: t.csv: column \"a\" is two things: --label and --ignore; leave it out of one of them\n");
    run_command("info --data t.csv --label b");
    expect_status(0);
    expect_out("--categorical y\n");
    run_command("predict --model m --data t.csv");
    expect_status(1);
}
END_TEST

/* ---- What the rows of the options say ---------------------------------------------------------------------------- */

/* What a model and its data are cannot change when its training goes on; the same may be said again. */
static const struct {
    const char *given;
    bool is_taken;
} resumed[] = {
    {"--ignore 'a b'", true},  {"--ignore '\"a b\"'", true},
    {"--label y", true},       {"--optimizer adam:rate=0.1", true},
    {"--seed 7", true},        {"--ignore c", false},
    {"--label c", false},      {"--optimizer adam", false},
    {"--seed 8", false},       {"--id c", false},
    {"--weight c", false},     {"--part test", false},
    {"--input libsvm", false}, {"--categorical c", false},
    {"--batch-size 2", true},  {"--header", true},
};

START_TEST(a_model_stays_as_it_is)
{
    char line[300], message[300];
    write_file("t.csv", "a b,c,d,y\n1,5,1,yes\n2,6,3,no\n3,7,2,yes\n4,9,1,no\n");
    run_command("train --data t.csv --label y --ignore 'a b' --seed 7 --optimizer adam:rate=0.1 --steps 2 --model m");
    expect_status(0);
    snprintf(line, sizeof line, "train --resume --model m --steps 1 %s", resumed[_i].given);
    run_command(line);
    expect_status(resumed[_i].is_taken ? 0 : 2);
    if (resumed[_i].is_taken)
        return;
    snprintf(message, sizeof message, "gradtape: %.*s cannot change with --resume; ",
             (int)strcspn(resumed[_i].given, " "), resumed[_i].given);
    expect_err(message);
}
END_TEST

/* The options that train says can be typed, and give the same model. */
static const char *const pasted[] = {
    "--label y",
    "--label y --hidden-units 4,3 --dropout 0.5 --class-weight 'yes=3,\"n,o=2\"' --schedule cosine:steps=3,warm_up=2",
    "--label y --optimizer adam:clip_value=3,beta1=0.8 --l2 0.1 --clip-norm 2 --head softmax:label_smoothing=0.1",
    "--label y --class-weight balanced --optimizer lbfgs:history=3 --rate 1 --scaling minmax --impute mean --seed 7",
    "--task regression --label a --ignore y --head huber:delta=2 --optimizer nadam --target-scaling none",
};

START_TEST(options_that_are_said_can_be_typed)
{
    char line[1000], settings[1000];
    write_file("t.csv", "a,b,y\n1,5,yes\n2,6,\"n,o\"\n3,7,yes\n4,9,\"n,o\"\n");
    snprintf(line, sizeof line, "train --data t.csv --model m --steps 2 %s", pasted[_i]);
    const command_result *r = run_command(line);
    expect_status(0);
    const char *said = strstr(r->err, "options: ");
    ck_assert_msg(said != NULL, "%s", r->err);
    const int n = snprintf(line, sizeof line, "train --data t.csv --model n --steps 2 %s ",
                           strstr(pasted[_i], "--task") ? "--task regression --label a --ignore y" : "--label y");
    snprintf(line + n, sizeof line - (size_t)n, "%.*s", (int)strcspn(said + 9, "\n"), said + 9);
    snprintf(settings, sizeof settings, "%s", strstr(run_command("info --model m")->out, "options "));
    settings[strcspn(settings, "\n")] = 0;
    run_command(line);
    expect_status(0);
    run_command("info --model n");
    expect_out(settings);
}
END_TEST

/* The note on the goal names what the verb takes. */
START_TEST(a_goal_is_that_of_the_verb)
{
    write_table();
    run_command("cross-validate --data t.csv --label y --ignore b --folds 2");
    expect_err("2,000 steps; --steps or --epochs says otherwise\n");
    run_command("train --data t.csv --label y --model m --validation t.csv");
    expect_err("\nat most 100 epochs; it stops after 10 validations that are no better; --steps, --to-step or --epochs "
               "says otherwise\n");
}
END_TEST

/* Files of two options are looked at before a verb does anything. */
static const struct {
    const char *line, *message;
} files_of_options[] = {
    {"metrics --data - --label y --prediction a --config -", "--data - and --config -: standard input can be"},
    {"train --data - --validation - --label y --model m", "--data - and --validation -: standard input can be"},
    {"train --data t.csv --label y --model m --warm-start ./m", "--model m is the file of --warm-start: give --model"},
    {"train --data t.csv --label y --model m --history t.csv", "--history t.csv is the file of --data: give --history"},
    {"train --data t.csv --label y --model m --history m", "--model m is the file of --history: give --model"},
    {"inspect --data t.csv --model m --html x --dot x", "--html x is the file of --dot: give --html another name"},
    {"inspect --data t.csv --model m --json ./t.csv", "--json ./t.csv is the file of --data: give --json another"},
    {"train --config c.conf", "--history c.conf is the file of --config: give --history another name"},
    {"train --resume --model m --history t.csv", "--history t.csv is the file of --data: give --history another"},
};

START_TEST(a_file_of_two_options_is_refused)
{
    write_table();
    write_file("c.conf", "data = t.csv\nlabel = y\nmodel = new\nhistory = c.conf\n");
    run_command(TRAIN);
    expect_status(0);
    run_command_with(files_of_options[_i].line, "label = y\n");
    expect_status(2);
    expect_err(files_of_options[_i].message);
    expect_out_is("");
}
END_TEST

/* A file would take the place of what is no file. */
START_TEST(a_history_takes_the_place_of_files_only)
{
    struct stat found;
    write_table();
    ck_assert_int_eq(mkfifo(path_in_folder("pipe"), 0600), 0);
    run_command(TRAIN "--history pipe");
    expect_status(1);
    expect_err("gradtape: the results could not be written to pipe: it is no regular file\n");
    ck_assert(stat(path_in_folder("pipe"), &found) == 0 && S_ISFIFO(found.st_mode));
    ck_assert(!file_exists("m") && !file_exists("pipe.part"));
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, a_model_stays_as_it_is, 0, sizeof resumed / sizeof *resumed);
    tcase_add_loop_test(tests, options_that_are_said_can_be_typed, 0, sizeof pasted / sizeof *pasted);
    tcase_add_test(tests, a_goal_is_that_of_the_verb);
    tcase_add_loop_test(tests, a_file_of_two_options_is_refused, 0, sizeof files_of_options / sizeof *files_of_options);
    tcase_add_test(tests, a_history_takes_the_place_of_files_only);
    tcase_add_test(tests, options_are_called_as_the_verb_has_them);
    tcase_add_loop_test(tests, a_line_is_refused, 0, sizeof lines / sizeof *lines);
    tcase_add_loop_test(tests, a_key_is_refused, 0, sizeof keys / sizeof *keys);
    tcase_add_loop_test(tests, keys_are_taken, 0, 7);
    tcase_add_test(tests, a_value_may_follow_an_equals_sign);
    tcase_add_test(tests, elements_of_lists_may_have_anything);
    tcase_add_test(tests, help_counts_whatever_else_is_wrong);
    tcase_add_test(tests, control_characters_are_escaped);
    tcase_add_test(tests, a_long_list_is_refused);
    tcase_add_test(tests, a_file_gives_options);
    tcase_add_loop_test(tests, a_goal_counts_more_than_that_of_a_file, 0, sizeof goals / sizeof *goals);
    tcase_add_test(tests, a_file_may_be_standard_input);
    tcase_add_test(tests, values_of_a_file_may_stand_in_quotes);
    tcase_add_loop_test(tests, a_line_of_a_file_is_refused, 0, sizeof files / sizeof *files);
    tcase_add_test(tests, a_file_that_is_none_is_refused);
}

int main(void) { return run_in_folder("arguments", add_tests); }
