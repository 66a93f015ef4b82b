/* Help, manual and completion: all that the tables have, on lines that fit. */
#include <stdio.h>
#include <string.h>

#include "../../cli/help.h"
#include "../support/check.h"
#include "../support/command.h"

enum { COLUMNS = 80 };

/* What a function prints, with every run of blanks and line ends as one blank. */
static const char *printed(void (*print)(FILE *to))
{
    static char text[1 << 17];
    FILE *file = tmpfile();
    size_t n = 0;
    ck_assert(file != NULL);
    print(file);
    rewind(file);
    for (int c; (c = fgetc(file)) != EOF && n < sizeof text - 1;) {
        const bool is_blank = c == ' ' || c == '\n';
        if (!is_blank || (n && text[n - 1] != ' '))
            text[n++] = is_blank ? ' ' : (char)c;
    }
    text[n] = 0;
    fclose(file);
    return text;
}

static cli_verb verb_of_help;

static void print_help(FILE *to) { cli_print_help(verb_of_help, to); }

/* The widest line of the last run's stdout. */
static int widest(const char *text)
{
    int widest = 0;
    for (; *text; text += strcspn(text, "\n") + 1)
        widest = (int)strcspn(text, "\n") > widest ? (int)strcspn(text, "\n") : widest;
    return widest;
}

START_TEST(lines_fit)
{
    char line[80];
    snprintf(line, sizeof line, "%s --help", cli_verbs[_i].name);
    ck_assert_int_le(widest(run_command(line)->out), COLUMNS);
    expect_status(0);
    expect_err_is("");
    ck_assert_int_le(widest(run_command("--help")->out), COLUMNS);
    ck_assert_int_gt(widest(run_command("--help")->out), COLUMNS / 2);
    expect_out(cli_verbs[_i].name);
}
END_TEST

/* Help of a verb has each of its options, what it means, and its default; and no option of another verb. */
START_TEST(help_has_all_options)
{
    verb_of_help = (cli_verb)_i;
    const char *help = printed(print_help);
    ck_assert(strstr(help, cli_verbs[_i].about) != NULL);
    for (int i = 0; i < cli_option_count; i++) {
        const cli_option *o = &cli_options[i];
        char text[2000], meaning[1500];
        snprintf(text, sizeof text, " --%s%s%s %s ", o->name, o->argument ? " " : "", o->argument ? o->argument : "",
                 cli_meaning_text(o, meaning, sizeof meaning));
        ck_assert_msg((strstr(help, text) != NULL) == ((o->verbs & 1u << _i) != 0), "%s: %s", cli_verbs[_i].name, text);
    }
}
END_TEST

/* The examples are command lines that the command reads: nothing is wrong but that the files are not there. */
START_TEST(examples_are_read)
{
    for (int i = 0; i < 3 && cli_verbs[_i].examples[i]; i++) {
        char line[300];
        snprintf(line, sizeof line, "%s", cli_verbs[_i].examples[i]);
        char *from = strchr(line, '<');
        if (from)
            *from = 0;
        ck_assert_int_eq(strncmp(line, "gradtape ", 9), 0);
        run_command(line + 9);
        expect_status(1);
        expect_err(": No such file or directory");
    }
}
END_TEST

static const struct {
    cli_verb verb;
    const char *option, *standard, *choices;
} texts[] = {
    {CLI_TRAIN, "dropout", "0", ""},
    {CLI_TRAIN, "activation", "relu", "relu, tanh, logistic, softplus, elu, identity"},
    {CLI_TRAIN, "optimizer", "adagrad",
     "gradient_descent, momentum, nesterov, adagrad, rmsprop, adam, adamw, adamax, nadam, lion, ftrl, lbfgs"},
    {CLI_TRAIN, "scaling-constant", "255", ""},
    {CLI_TRAIN, "impute", "refuse", "refuse, mean, level"},
    {CLI_TRAIN, "monitor", "loss", "loss, accuracy"},
    {CLI_TRAIN, "steps", "", ""},
    {CLI_TRAIN, "resume", "", ""},
    {CLI_TRAIN, "batch-size", "32", ""},
    {CLI_TRAIN, "part", "train to train, else test", "train, test"},
    {CLI_CROSS_VALIDATE, "folds", "5", ""},
    {CLI_PREDICT, "format", "csv", "csv, tsv, jsonl, npy"},
};

START_TEST(defaults_and_choices_are_those_of_the_fields)
{
    char text[400];
    const cli_option *o = &cli_options[cli_option_of(texts[_i].verb, texts[_i].option)];
    ck_assert_str_eq(cli_standard_text(o, text, sizeof text), texts[_i].standard);
    ck_assert_str_eq(cli_choices_text(o, ", ", text, sizeof text), texts[_i].choices);
}
END_TEST

/* A meaning that names the choices does not list them again. */
START_TEST(choices_are_listed_once)
{
    char text[1500];
    const cli_option *task = &cli_options[cli_option_of(CLI_TRAIN, "task")];
    ck_assert_str_eq(cli_meaning_text(task, text, sizeof text),
                     "classes: one label a row; labels: several columns of 0 and 1; regression: numbers (default: "
                     "classes)");
    const cli_option *format = &cli_options[cli_option_of(CLI_PREDICT, "format")];
    ck_assert_str_eq(cli_meaning_text(format, text, sizeof text),
                     "how it is written; one of csv, tsv, jsonl, npy (default: csv)");
}
END_TEST

/* Text as troff has it. */
static const char *troff(const char *text)
{
    static char escaped[3000];
    size_t n = 0;
    for (; *text; text++) {
        if (*text == '-')
            escaped[n++] = '\\';
        escaped[n++] = *text;
    }
    escaped[n] = 0;
    return escaped;
}

START_TEST(the_manual_has_all)
{
    char text[1500];
    const char *page = printed(cli_print_manual);
    for (int i = 0; i < CLI_VERBS; i++) {
        ck_assert_msg(strstr(page, troff(cli_verbs[i].about)) != NULL, "%s", cli_verbs[i].about);
        snprintf(text, sizeof text, ".SS %s ", cli_verbs[i].name);
        ck_assert_msg(strstr(page, troff(text)) != NULL, "%s", text);
    }
    for (int i = 0; i < cli_option_count; i++) {
        snprintf(text, sizeof text, ".B --%s ", cli_options[i].name);
        ck_assert_msg(strstr(page, troff(text)) != NULL, "%s", text);
        cli_meaning_text(&cli_options[i], text, sizeof text);
        ck_assert_msg(strchr(text, '"') || strstr(page, troff(text)) != NULL, "%s", text);
    }
    ck_assert(strstr(page, "rate=0.001 decay=0 l2=0 l1=0 beta1=0.9") != NULL);
    ck_assert(strstr(page, "Of train, cross\\-validate.") != NULL);
    ck_assert(strstr(page, ".B 2 The command line is wrong. Nothing was done. .TP .B 128 + signal A signal") != NULL);
}
END_TEST

/* Each option of a verb is among the words of the verb. */
START_TEST(the_completion_has_all_options)
{
    char case_of[80], name[80];
    const char *script = printed(cli_print_completion);
    snprintf(case_of, sizeof case_of, " '%s '*) _gradtape_words '", cli_verbs[_i].name);
    const char *words = strstr(script, case_of), *end = words ? strstr(words, "' \"$word\"") : NULL;
    ck_assert(words && end);
    for (int i = 0; i < cli_option_count; i++) {
        snprintf(name, sizeof name, "--%s", cli_options[i].name);
        const char *at = words;
        const size_t n = strlen(name);
        while ((at = strstr(at, name)) != NULL && at < end && at[n] != ' ' && at[n] != '\'')
            at += n;
        ck_assert_msg((at && at < end) == (cli_option_of((cli_verb)_i, cli_options[i].name) >= 0), "%s %s",
                      cli_verbs[_i].name, name);
    }
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, lines_fit, 0, CLI_VERBS);
    tcase_add_loop_test(tests, help_has_all_options, 0, CLI_VERBS);
    tcase_add_loop_test(tests, examples_are_read, 0, CLI_VERBS);
    tcase_add_loop_test(tests, defaults_and_choices_are_those_of_the_fields, 0, COUNT(texts));
    tcase_add_test(tests, choices_are_listed_once);
    tcase_add_test(tests, the_manual_has_all);
    tcase_add_loop_test(tests, the_completion_has_all_options, 0, CLI_VERBS);
}

int main(void) { return run_in_folder("help", add_tests); }
