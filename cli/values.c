/* The values of the options that were given, and texts for messages about them. */
#include "arguments.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../nn/options/fields.h"
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

/* The command is one program. */
static const char *program = "gradtape";

void cli_set_program(const char *called)
{
    if (called && strchr(called, '/'))
        program = called;
}

const char *cli_program(cli_arguments *a) { return cli_shell_word(a, program); }

const char *cli_count(cli_arguments *a, int64_t n)
{
    char shown[40];
    nn_writer w = nn_writer_into(shown, sizeof shown);
    nn_put_count(&w, n);
    return cli_text(a, "%s", shown);
}

const char *cli_number(cli_arguments *a, int64_t number) { return cli_text(a, "%lld", (long long)number); }

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

/* How other programs call what an option of ours does. */
static const char *const other_words[][2] = {
    {"lr", "rate"},
    {"learning-rate", "rate"},
    {"sep", "delimiter"},
    {"separator", "delimiter"},
    {"target", "label"},
    {"na-values", "missing"},
    {"drop", "ignore"},
    {"exclude", "ignore"},
    {"layers", "hidden-units"},
    {"early-stopping", "patience"},
    {"save", "model"},
    {"load", "model"},
    {"out", "model"},
    {"max-steps", "to-step"},
    {"test", "data"},
    {"input-file", "data"},
};

const char *cli_near_option(cli_arguments *a, const char *name, bool of_any_verb)
{
    const near_names names = {a, of_any_verb};
    for (size_t i = 0; i < sizeof other_words / sizeof *other_words; i++)
        if (!strcmp(name, other_words[i][0]) && (of_any_verb || cli_option_of(a->verb, other_words[i][1]) >= 0))
            return other_words[i][1];
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

/* ---- Values as the library has them ------------------------------------------------------------------------------ */

/* The end of an element of a list, which is in quotes if it begins with one. */
static const char *end_of_element(const char *at)
{
    bool is_quoted = *at == '"';
    if (!is_quoted)
        return at + strcspn(at, ",");
    for (at++; *at && (is_quoted || *at != ','); at++)
        if (is_quoted && *at == '\\' && at[1])
            at++;
        else if (*at == '"')
            is_quoted = false;
    return at;
}

/* Puts the elements of a list of texts: each in quotes where it must be, unless it stands in quotes already. */
static void put_texts(nn_writer *w, cli_arguments *a, const char *list)
{
    for (bool is_first = true; is_first || *list; is_first = false) {
        const char *end = end_of_element(list);
        const char *element = cli_text(a, "%.*s", (int)(end - list), list);
        nn_put(w, is_first ? "" : ",");
        if (*element == '"')
            nn_put(w, element);
        else
            nn_put_option_text(w, element);
        list = *end ? end + 1 : end;
        if (*end && !*list)
            nn_put(w, ",\"\""); /* the comma at the end of a list is an empty element */
    }
}

static bool is_of_texts(const nn_field *field) { return field->type == NN_FIELD_TEXTS || field->type == NN_FIELD_TEXT; }

void cli_put_value(nn_writer *w, cli_arguments *a, const nn_field *field, const char *value)
{
    if (field->type == NN_FIELD_TEXTS)
        put_texts(w, a, value);
    else if (field->type == NN_FIELD_TEXT || strpbrk(value, " \t\n\r\f\v\""))
        nn_put_option_text(w, value);
    else
        nn_put(w, value);
}

char *cli_room_for(cli_arguments *a, const char *value, size_t *size)
{
    *size = 5 * strlen(value) + 16;
    return nn_store_take(&a->store, *size, 1);
}

int cli_say_bad_value(ad_status status, const char *before, const char *message)
{
    return status == AD_NO_MEMORY ? cli_say(CLI_NO_MEMORY, "") : cli_say(CLI_BAD_VALUE, before, message);
}

int cli_set_member(cli_arguments *a, nn_field field, void *to, const char *value, const char *before)
{
    size_t size;
    char *text = cli_room_for(a, value, &size), message[400];
    nn_writer w = nn_writer_into(text, text ? size : 0);
    ad_status status = text ? AD_OK : AD_NO_MEMORY;
    if (text && is_of_texts(&field))
        cli_put_value(&w, a, &field, value);
    else if (text)
        nn_put(&w, value); /* as it was typed, for messages */
    if (text)
        status = nn_fields_set((nn_fields){&field, 1}, to, field.name, text, &a->store, message, sizeof message);
    return status == AD_OK ? CLI_OK : cli_say_bad_value(status, before, message);
}
