/* The command `gradtape`: finds the verb, reads its arguments, and does it. */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include <gradtape/threads.h>
#include <gradtape/version.h>

#include "../nn/options/near.h"
#include "../nn/options/writer.h"
#include "form.h"
#include "help.h"
#include "verbs.h"

static int (*const verbs[CLI_VERBS])(cli_arguments *) = {
    [CLI_TRAIN] = cli_train,     [CLI_EVALUATE] = cli_evaluate, [CLI_PREDICT] = cli_predict,
    [CLI_INFO] = cli_info,       [CLI_METRICS] = cli_metrics,   [CLI_CROSS_VALIDATE] = cli_cross_validate,
    [CLI_INSPECT] = cli_inspect,
};

static const char *verb_name(int i, const void *context)
{
    (void)context;
    return i < CLI_VERBS ? cli_verbs[i].name : NULL;
}

/* The names of all verbs: "train, evaluate, ...". */
static void list_verbs(char *text, size_t size)
{
    nn_writer w = nn_writer_into(text, size);
    for (int i = 0; i < CLI_VERBS; i++) {
        nn_put(&w, i ? ", " : "");
        nn_put(&w, cli_verbs[i].name);
    }
}

static int refuse_verb(const char *word)
{
    char names[200], shown[200];
    list_verbs(names, sizeof names);
    nn_writer w = nn_writer_into(shown, sizeof shown);
    nn_put_quoted(&w, word);
    const char *near = nn_nearest(word, verb_name, NULL);
    return near ? cli_say(CLI_UNKNOWN_VERB_NEAR, shown, near) : cli_say(CLI_UNKNOWN_VERB, shown, names);
}

static int run(cli_verb verb, int argc, char *const *argv)
{
    cli_arguments a;
    cli_set_form_verb(verb);
    int status = cli_read_arguments(&a, verb, argc, argv);
    if (status == CLI_OK && a.is_help) {
        cli_print_help(verb, stdout);
        status = cli_end_output();
    } else if (status == CLI_OK) {
        cli_set_notes(!a.settings.is_quiet);
        if (a.settings.threads)
            ad_set_threads((int)a.settings.threads);
        status = verbs[verb](&a);
    }
    cli_release_arguments(&a);
    return status;
}

int main(int argc, char *argv[])
{
    char names[200];
    setlocale(LC_CTYPE, ""); /* characters of the terminal; numbers stay with a point */
    cli_begin_form();
    cli_set_program(argv[0]);
    if (argc < 2) {
        list_verbs(names, sizeof names);
        return cli_say(CLI_NO_VERB, names);
    }
    const char *word = argv[1];
    const bool is_help = !strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "help");
    const int verb = cli_verb_of(word), verb_of_help = is_help && argc > 2 ? cli_verb_of(argv[2]) : -1;
    if (verb >= 0)
        return run((cli_verb)verb, argc - 2, argv + 2);
    if (!strcmp(word, "--version"))
        printf("gradtape %s\n", ad_version());
    else if (verb_of_help >= 0)
        cli_print_help((cli_verb)verb_of_help, stdout);
    else if (is_help)
        cli_print_all_help(stdout);
    else
        return refuse_verb(word);
    return cli_end_output();
}
