/* The values of the options that were given, and texts for messages about them. */
#include "arguments.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../nn/options/near.h"
#include "../nn/options/writer.h"
#include "config.h"
#include "form.h"

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

const char *cli_shell_word(cli_arguments *a, const char *path)
{
    const size_t size = 4 * strlen(path) + 3; /* where each character is a quote */
    char *word = nn_store_take(&a->store, size, 1);
    nn_writer w = nn_writer_into(word, word ? size : 0);
    cli_put_word(&w, path);
    return word ? word : "";
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
