/* The options that were given, as the library reads them: each part is a line of text. */
#include <stdio.h>
#include <string.h>

#include "../nn/files/json.h"
#include "../nn/files/utf8.h"
#include "../nn/options/fields.h"
#include "arguments.h"
#include "config.h"

enum { MOST_TEXT = 1 << 16 };

/* ---- Parts ------------------------------------------------------------------------------------------------------- */

/* Puts those of `more`, a line without quotes, that were not given. */
static void put_more(nn_writer *w, const char *more)
{
    const nn_writer given = *w;
    while (*more) {
        char name[64];
        const size_t n = strcspn(more, " "), m = strcspn(more, "=");
        snprintf(name, sizeof name, "%.*s", (int)m, more);
        if (!cli_has_option(given.text, name)) {
            nn_put(w, w->n ? " " : "");
            nn_put_bytes(w, more, n);
        }
        more += n + (more[n] == ' ');
    }
}

/* Checks an option alone, so that a mistake is known to be its own, and writes it. */
static int write_option(nn_writer *w, cli_arguments *a, int i, nn_options_kind kind)
{
    const cli_option *o = &cli_options[i];
    const char *text = a->values[i].text, *from = a->values[i].from;
    const nn_fields fields = nn_options_fields(kind);
    const nn_field *field = nn_field_named(fields, cli_field_of(o)->name);
    const bool is_row = field && field->type == NN_FIELD_ROW;
    cli_any_options scratch = cli_no_options;
    if (!field)
        return cli_say(kind == NN_REGRESSOR ? CLI_NO_REGRESSOR_OPTION : CLI_REGRESSOR_OPTION,
                       cli_text(a, "%s--%s", from, o->name));
    const char *value = is_row ? cli_text(a, "%.*s", (int)strcspn(text, ":"), text) : text;
    const int status = cli_set_member(a, *field, &scratch, value, from);
    nn_put(w, w->n ? " " : "");
    nn_put_format(w, "%s=", field->name);
    cli_put_value(w, a, field, value);
    return status != CLI_OK || !is_row ? status : cli_put_keys(w, a, i, kind);
}

/* Writes the options of a part. Returns a status. */
static int write_part(nn_writer *w, cli_arguments *a, cli_part part, nn_options_kind kind)
{
    int status = CLI_OK;
    for (int i = 0; i < cli_option_count && status == CLI_OK; i++)
        if (cli_options[i].part == part && a->values[i].text && cli_field_of(&cli_options[i]))
            status = write_option(w, a, i, kind);
    return status;
}

/* Writes the options as a text, and those of `more` behind it. NULL if there is a mistake, which is said. */
static const char *write_options(cli_arguments *a, cli_part part, nn_options_kind kind, const char *more)
{
    char *text = nn_store_take(&a->store, MOST_TEXT, 1);
    nn_writer w = nn_writer_into(text, text ? MOST_TEXT : 0);
    if (!text)
        a->failed = cli_say(CLI_NO_MEMORY, "");
    else
        a->failed = write_part(&w, a, part, kind);
    if (a->failed != CLI_OK)
        return NULL;
    put_more(&w, more ? more : "");
    if (w.n >= MOST_TEXT)
        a->failed = cli_say(CLI_LONG_OPTIONS, "");
    return a->failed == CLI_OK ? text : NULL;
}

nn_options *cli_options_from(cli_arguments *a, cli_part part, nn_options_kind kind, const char *more)
{
    const nn_options_kind of = part == CLI_TABLE ? NN_CSV : part == CLI_FIT ? NN_FIT : kind;
    const char *text = write_options(a, part, of, more);
    nn_options *options = text ? nn_options_parse(text, of, NULL) : NULL;
    if (options && nn_options_status(options) == AD_OK)
        return options;
    if (options)
        a->failed = cli_say_bad_value(nn_options_status(options), "", nn_options_message(options));
    else if (text)
        a->failed = cli_say(CLI_NO_MEMORY, "");
    nn_options_close(options);
    return NULL;
}

/* ---- The command's own ------------------------------------------------------------------------------------------- */

int cli_take_settings(cli_arguments *a)
{
    a->settings = (cli_settings){0};
    nn_fields_resolve(cli_settings_fields, &a->settings);
    for (int i = 0; i < cli_option_count; i++) {
        const cli_option *o = &cli_options[i];
        const nn_field *field = cli_field_of(o);
        if (o->part != CLI_OWN || !field || !a->values[i].text)
            continue;
        const int status = cli_set_member(a, *field, &a->settings, a->values[i].text, a->values[i].from);
        if (status != CLI_OK)
            return status;
    }
    return CLI_OK;
}

/* A value as a line has it that gives it back (config.c): rows of NAME:KEY=VALUE are as they were. NULL if memory is
 * out. */
static const char *line_value(cli_arguments *a, int i, const char *value)
{
    size_t size;
    const nn_field *field = cli_field_of(&cli_options[i]);
    char *text = cli_room_for(a, value, &size);
    nn_writer w = nn_writer_into(text, text ? size : 0);
    if (!field || field->type == NN_FIELD_ROW)
        nn_put(&w, value);
    else
        cli_put_value(&w, a, field, value);
    return text;
}

bool cli_is_same_value(cli_arguments *a, int i, const char *one, const char *other)
{
    const char *line = line_value(a, i, one), *other_line = line_value(a, i, other);
    return line && other_line && !strcmp(line, other_line);
}

const char *cli_lines_of_run(cli_arguments *a)
{
    nn_text lines = {.memory = &a->memory};
    nn_text_add(&lines, CLI_NOTE_BEGIN, strlen(CLI_NOTE_BEGIN));
    for (int i = 0; i < cli_option_count; i++) {
        const cli_option *o = &cli_options[i];
        if (!(o->flags & CLI_KEPT) || !a->values[i].text)
            continue;
        const char *value = line_value(a, i, a->values[i].text);
        const char *line = cli_text(a, "%s = %s\n", o->name, value ? value : "");
        if (nn_is_utf8(line, strlen(line))) /* a path that is not cannot be kept: it has to be given again */
            nn_text_add(&lines, line, strlen(line));
        lines.failed = lines.failed || !value;
    }
    const char *copy = lines.failed ? NULL : nn_store_text(&a->store, lines.at ? lines.at : "");
    nn_text_release(&lines);
    return copy;
}
