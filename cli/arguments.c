/* The arguments of a run: the command line. */
#include "arguments.h"

#include <string.h>

#include "../nn/options/writer.h"
#include "config.h"

/* Says that the verb has no option of this name. */
static int refuse_name(cli_arguments *a, const char *name, const char *from)
{
    const char *verb = cli_verbs[a->verb].name, *shown = cli_text(a, "--%s", name);
    for (int v = 0; v < CLI_VERBS; v++)
        if (cli_option_of((cli_verb)v, name) >= 0)
            return cli_say(CLI_OPTION_OF_OTHERS, from, shown, verb, cli_verbs[v].name, verb);
    const char *near = cli_near_option(a, name, false);
    char quoted[400];
    nn_writer w = nn_writer_into(quoted, sizeof quoted);
    nn_put_shown(&w, shown);
    return near ? cli_say(CLI_UNKNOWN_OPTION_NEAR, from, quoted, cli_text(a, "--%s", near), verb)
                : cli_say(CLI_UNKNOWN_OPTION, from, quoted, verb);
}

/* Reads one option, `--name value` or `--name=value`; *used gets the words that it takes. */
static int read_option(cli_arguments *a, const char *word, const char *next, int *used)
{
    const char *equals = strchr(word, '=');
    *used = 1;
    if (strncmp(word, "--", 2) != 0 || !word[2])
        return cli_say(CLI_STRAY, cli_quoted(a, word));
    const char *name = cli_text(a, "%.*s", (int)(equals ? (size_t)(equals - word) - 2 : strlen(word) - 2), word + 2);
    const int i = cli_option_of(a->verb, name);
    if (i < 0)
        return refuse_name(a, name, "");
    if (!cli_options[i].argument || equals)
        return cli_set_option(a, i, equals ? equals + 1 : NULL, "");
    *used = 2;
    /* A value may begin with one dash (-1), and - is standard input; two dashes are the next option. */
    return cli_set_option(a, i, next && strncmp(next, "--", 2) != 0 ? next : NULL, "");
}

/* Whether --help or -h is among the words: it counts whatever else is wrong. */
static bool asks_for_help(int argc, char *const *argv)
{
    for (int i = 0; i < argc; i++)
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
            return true;
    return false;
}

int cli_read_arguments(cli_arguments *a, cli_verb verb, int argc, char *const *argv)
{
    *a = (cli_arguments){.verb = verb, .memory = ad_memory_over(NULL)};
    a->store.memory = &a->memory;
    a->is_help = asks_for_help(argc, argv);
    int status = CLI_OK, used = 0;
    for (int i = 0; i < argc && status == CLI_OK && !a->is_help; i += used)
        status = read_option(a, argv[i], i + 1 < argc ? argv[i + 1] : NULL, &used);
    if (status == CLI_OK && cli_given(a, "config"))
        status = cli_read_config(a, cli_given(a, "config"));
    if (status == CLI_OK)
        status = cli_take_settings(a);
    return status == CLI_OK ? cli_check_files(a) : status;
}
