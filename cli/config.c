/* Options from lines NAME = VALUE: the file of --config, and what a model keeps of the run that trained it. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../nn/files/json.h"
#include "../nn/options/fields.h"

/* Cuts blanks at both ends, in place. */
static char *trim(char *text)
{
    static const char blanks[] = " \t\r\v\f";
    text += strspn(text, blanks);
    size_t n = strlen(text);
    while (n && strchr(blanks, text[n - 1]))
        n--;
    text[n] = 0;
    return text;
}

/* Returns whether any verb has an option of this name. */
static bool is_option(const char *name)
{
    for (int v = 0; v < CLI_VERBS; v++)
        if (cli_option_of((cli_verb)v, name) >= 0)
            return true;
    return false;
}

static int refuse_line(cli_arguments *a, const char *name, const char *from)
{
    const char *near = cli_near_option(a, name, true), *verb = cli_verbs[a->verb].name;
    const char *shown = cli_quoted(a, name);
    return near ? cli_say(CLI_UNKNOWN_OPTION_NEAR, from, shown, near, verb)
                : cli_say(CLI_UNKNOWN_OPTION, from, shown, verb);
}

/* A text in quotes, as options have it (options.h), becomes what it stands for. Lists keep their quotes. */
static int take_out(cli_arguments *a, int i, const char **value, const char *from)
{
    static const nn_field text = {.name = "value", .type = NN_FIELD_TEXT};
    const nn_field *field = cli_field_of(&cli_options[i]);
    char message[300];
    if (**value != '"' || !field || field->type != NN_FIELD_TEXT)
        return CLI_OK;
    const ad_status status =
        nn_fields_set((nn_fields){&text, 1}, value, "value", *value, &a->store, message, sizeof message);
    return status == AD_OK ? CLI_OK : cli_say_bad_value(status, from, message);
}

/* Whether the command line says how long to train. It then counts more than another kind of goal in a file. */
static bool has_goal(const cli_arguments *a)
{
    for (int i = 0; i < cli_option_count; i++)
        if (a->values[i].text && !*a->values[i].from && cli_options[i].flags & CLI_GOAL)
            return true;
    return false;
}

/* Takes one line. Options of other verbs are passed over, so that one file can serve all. */
static int take_line(cli_arguments *a, char *line, const char *from, bool only_kept, bool *seen)
{
    char *equals = strchr(line, '='), *name;
    if (equals)
        *equals = 0;
    name = trim(line);
    if (!strncmp(name, "--", 2))
        name += 2;
    if (!equals || !*name)
        return cli_say(CLI_BAD_CONFIG_LINE, from);
    if (!is_option(name))
        return refuse_line(a, name, from);
    const int i = cli_option_of(a->verb, name);
    if (i >= 0 && !cli_field_of(&cli_options[i])) /* --config and --help, which each verb takes */
        return cli_say(CLI_NOT_IN_CONFIG, from, name);
    if (i < 0 || (only_kept && !(cli_options[i].flags & CLI_KEPT)))
        return CLI_OK;
    if (seen[i])
        return cli_say(CLI_TWICE, from, cli_text(a, "--%s", name));
    seen[i] = true;
    if (cli_options[i].flags & CLI_GOAL && has_goal(a))
        return CLI_OK;
    const char *value = trim(equals + 1);
    const int status = take_out(a, i, &value, from);
    return status != CLI_OK || a->values[i].text ? status : cli_set_option(a, i, value, from);
}

static int add_lines(cli_arguments *a, const char *text, const char *name, bool only_kept)
{
    bool seen[CLI_MOST_OPTIONS] = {false};
    int status = CLI_OK;
    for (int number = 1; *text && status == CLI_OK; number++) {
        const size_t n = strcspn(text, "\n");
        char *line = nn_store_take(&a->store, n + 1, 1);
        if (!line)
            return cli_say(CLI_NO_MEMORY, "");
        memcpy(line, text, n);
        line = trim(line);
        if (*line && *line != '#')
            status = take_line(a, line, cli_text(a, "%s:%d: ", name, number), only_kept, seen);
        text += n + (text[n] == '\n');
    }
    return status;
}

int cli_add_lines(cli_arguments *a, const char *text, const char *name, bool only_kept)
{
    const int status = add_lines(a, text, name, only_kept);
    return status == CLI_OK ? cli_take_settings(a) : status;
}

/* Reads a whole file into a text of the arguments' memory. Returns why that failed; NULL: it did not. */
static const char *read_file(nn_text *text, FILE *file)
{
    char piece[4096];
    size_t n;
    errno = 0;
    while ((n = fread(piece, 1, sizeof piece, file)) > 0 && text->n <= 1 << 20)
        nn_text_add(text, piece, n);
    if (text->n > 1 << 20)
        return "it is longer than 1 MiB";
    if (ferror(file))
        return errno ? strerror(errno) : "reading failed";
    if (!text->failed && text->at && strlen(text->at) != text->n)
        return "it is no text: it has a NUL byte";
    return text->failed ? "memory is out" : NULL;
}

int cli_read_config(cli_arguments *a, const char *path)
{
    const bool is_stdin = !strcmp(path, "-");
    const char *name = is_stdin ? "standard input" : path;
    FILE *file = is_stdin ? stdin : fopen(path, "r");
    if (!file)
        return cli_say(CLI_NO_CONFIG, name, strerror(errno));
    nn_text text = {.memory = &a->memory};
    const char *mistake = read_file(&text, file);
    if (!is_stdin)
        fclose(file);
    const char *at = text.at ? text.at : "";
    at += strncmp(at, "\xef\xbb\xbf", 3) ? 0 : 3; /* a byte order mark */
    const int status = mistake ? cli_say(CLI_NO_CONFIG, name, mistake) : add_lines(a, at, name, false);
    nn_text_release(&text);
    return status;
}
