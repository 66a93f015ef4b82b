/* The arguments of a run: the command line. */
#include "arguments.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../nn/options/near.h"
#include "../nn/options/writer.h"
#include "config.h"

/* ---- Texts ------------------------------------------------------------------------------------------------------- */

const char *cli_text(cli_arguments *a, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    const int n = vsnprintf(NULL, 0, format, list);
    va_end(list);
    char *text = n < 0 ? NULL : nn_store_take(&a->store, (size_t)n + 1, 1);
    if (!text)
        return "";
    va_start(list, format);
    vsnprintf(text, (size_t)n + 1, format, list);
    va_end(list);
    return text;
}

const char *cli_quoted(cli_arguments *a, const char *text)
{
    char shown[400];
    nn_writer w = nn_writer_into(shown, sizeof shown);
    nn_put_quoted(&w, text);
    return cli_text(a, "%s", shown);
}

const char *cli_count(cli_arguments *a, int64_t n)
{
    char shown[40];
    nn_writer w = nn_writer_into(shown, sizeof shown);
    nn_put_count(&w, n);
    return cli_text(a, "%s", shown);
}

/* ---- Options of the command line --------------------------------------------------------------------------------- */

/* The names that are looked through for one that was meant. */
typedef struct near_names {
    cli_arguments *a;
    bool of_any_verb;
} near_names;

/* nn_nearest takes parts of names apart at underscores. */
static const char *with_underscores(cli_arguments *a, const char *name)
{
    char *text = nn_store_text(&a->store, name);
    for (char *at = text; at && *at; at++)
        if (*at == '-')
            *at = '_';
    return text ? text : "";
}

static const char *near_name(int i, const void *context)
{
    const near_names *names = context;
    if (i >= cli_option_count)
        return NULL;
    const bool is_meant = names->of_any_verb || cli_options[i].verbs & 1u << names->a->verb;
    return is_meant ? with_underscores(names->a, cli_options[i].name) : "";
}

const char *cli_near_option(cli_arguments *a, const char *name, bool of_any_verb)
{
    const near_names names = {a, of_any_verb};
    const char *near = nn_nearest(with_underscores(a, name), near_name, &names);
    for (int i = 0; near && i < cli_option_count; i++)
        if (!strcmp(near, with_underscores(a, cli_options[i].name)))
            return cli_options[i].name;
    return NULL;
}

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

int cli_set_option(cli_arguments *a, int i, const char *value, const char *from)
{
    const cli_option *o = &cli_options[i];
    const char *name = cli_text(a, "--%s", o->name), *verb = cli_verbs[a->verb].name;
    if (o->argument && !value)
        return cli_say(CLI_NO_ARGUMENT, from, name, o->argument, verb);
    if (!o->argument && value && strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
        return cli_say(CLI_ARGUMENT_OF_SWITCH, from, name, cli_quoted(a, value));
    if (a->values[i].text)
        return cli_say(CLI_TWICE, from, name);
    a->values[i] = (cli_value){value ? value : "true", from};
    return CLI_OK;
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

/* Whether --help is among the words: it counts whatever else is wrong. */
static bool asks_for_help(int argc, char *const *argv)
{
    for (int i = 0; i < argc; i++)
        if (!strcmp(argv[i], "--help"))
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
    return status == CLI_OK ? cli_take_settings(a) : status;
}

void cli_release_arguments(cli_arguments *a) { nn_store_release(&a->store); }

const char *cli_given(const cli_arguments *a, const char *name)
{
    const int i = cli_option_of(a->verb, name);
    return i < 0 ? NULL : a->values[i].text;
}

int cli_miss(const cli_arguments *a, const char *name)
{
    char shown[80];
    const int i = cli_option_of(a->verb, name);
    snprintf(shown, sizeof shown, "--%s", name);
    return cli_say(CLI_MISSING, shown, i < 0 ? "" : cli_options[i].meaning);
}
