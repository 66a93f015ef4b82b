/* The options that were given, as the library reads them: each part is a line of text. */
#include <stdio.h>
#include <string.h>

#include "../nn/files/json.h"
#include "../nn/files/utf8.h"
#include "../nn/options/fields.h"
#include "../nn/options/near.h"
#include "arguments.h"
#include "config.h"
#include "form.h"

enum { MOST_TEXT = 1 << 16 };

/* Room for a value with all that put_value adds to it, in the arguments' store; NULL if memory is out. */
static char *room_for(cli_arguments *a, const char *value, size_t *size)
{
    *size = 5 * strlen(value) + 16;
    return nn_store_take(&a->store, *size, 1);
}

/* ---- Values ------------------------------------------------------------------------------------------------------ */

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

/* Puts a value as the library's text has it. */
static void put_value(nn_writer *w, cli_arguments *a, const nn_field *field, const char *value)
{
    if (field->type == NN_FIELD_TEXTS)
        put_texts(w, a, value);
    else if (field->type == NN_FIELD_TEXT || strpbrk(value, " \t\n\r\f\v\""))
        nn_put_option_text(w, value);
    else
        nn_put(w, value);
}

/* Options of any part. */
typedef union any_options {
    cli_settings settings;
    nn_csv_options table;
    nn_classifier_options classifier;
    nn_regressor_options regressor;
    nn_fit_options fit;
    nn_head_options head;
    nn_schedule_options schedule;
    nn_optimiser_options optimiser;
} any_options;

/* Sets a member. A mistake is said with what stands before it. Returns a status. */
static int set_member(cli_arguments *a, nn_fields fields, void *to, const nn_field *field, const char *value,
                      const char *before)
{
    size_t size;
    char *text = room_for(a, value, &size), message[400] = "memory is out";
    nn_writer w = nn_writer_into(text, text ? size : 0);
    if (text && is_of_texts(field))
        put_value(&w, a, field, value);
    else
        nn_put(&w, value); /* as it was typed, for messages */
    if (text && nn_fields_set(fields, to, field->name, text, &a->store, message, sizeof message) == AD_OK)
        return CLI_OK;
    return cli_say(CLI_BAD_VALUE, before, message);
}

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

/* NAME[:KEY=VALUE,..], of --optimizer, --schedule and --head. */
typedef struct row_value {
    cli_arguments *a;
    const cli_option *option;
    const nn_field *field;
    nn_options_kind kind;
    const char *from, *name;
    nn_fields keys;
} row_value;

/* What NAME reads; none for a name that is no row, which the library refuses. */
static nn_fields keys_of(const nn_field *field, const char *name)
{
    const void *row;
    for (int i = 0; (row = field->row(i)) != NULL; i++) {
        if (strcmp(field->row_name(row), name) != 0)
            continue;
        if (!strcmp(field->name, "head"))
            return ((const nn_head *)row)->fields;
        if (!strcmp(field->name, "schedule"))
            return ((const nn_schedule *)row)->fields;
        return ((const nn_optimiser *)row)->fields;
    }
    return (nn_fields){NULL, 0};
}

static const char *key_name(int i, const void *context)
{
    const nn_fields *keys = context;
    return (size_t)i < keys->n ? keys->at[i].name : NULL;
}

static int refuse_key(const row_value *r, const char *key)
{
    const char *near = nn_nearest(key, key_name, &r->keys), *names = r->keys.n ? "" : "none";
    for (size_t i = 0; i < r->keys.n; i++)
        names = cli_text(r->a, "%s%s%s", names, i ? ", " : "", r->keys.at[i].name);
    return cli_say(CLI_UNKNOWN_KEY, r->from, r->option->name, r->name, cli_quoted(r->a, key),
                   near ? cli_text(r->a, "did you mean %s?", near) : cli_text(r->a, "its keys: %s", names));
}

/* The option of its own that a key has, if that is given; NULL: it is not. */
static const cli_option *option_of_key(const row_value *r, const char *name)
{
    for (int i = 0; i < cli_option_count; i++) {
        const nn_field *field = cli_field_of(&cli_options[i]);
        if (r->a->values[i].text && cli_options[i].part == CLI_ESTIMATOR && field && !strcmp(field->name, name))
            return &cli_options[i];
    }
    return NULL;
}

/* Checks KEY=VALUE, with the name that the library has for the key. */
static int check_key(const row_value *r, const char *key, const char *value, const char *name)
{
    any_options scratch = {.settings = {.data = NULL}};
    const cli_option *own = option_of_key(r, name);
    const bool is_clip = !strcmp(r->field->name, "optimiser") && !strncmp(key, "clip_", 5); /* each optimizer has it */
    const nn_fields keys = nn_field_named(r->keys, key) || !is_clip ? r->keys : nn_options_fields(NN_CLASSIFIER);
    if (own)
        return cli_say(CLI_BOTH, cli_text(r->a, "--%s", own->name),
                       cli_text(r->a, "--%s %s:%s=%s", r->option->name, r->name, key, value));
    if (!nn_field_named(keys, key))
        return refuse_key(r, key);
    cli_set_form_of_keys(true);
    const int status = set_member(r->a, keys, &scratch, nn_field_named(keys, key), value,
                                  cli_text(r->a, "%s--%s: ", r->from, r->option->name));
    cli_set_form_of_keys(false);
    return status;
}

/* Whether the text, a line of options, has one of this name. */
static bool has_option(const char *text, const char *name)
{
    const size_t n = strlen(name);
    for (const char *at = text; (at = strstr(at, name)) != NULL; at += n)
        if ((at == text || at[-1] == ' ') && at[n] == '=')
            return true;
    return false;
}

/* Puts one KEY=VALUE, n bytes. */
static int put_key(nn_writer *w, const row_value *r, const char *text, size_t n)
{
    const size_t k = strcspn(text, ",=");
    const char *key = cli_text(r->a, "%.*s", (int)k, text);
    const bool has_prefix = !strcmp(r->field->name, "schedule") && strcmp(key, "warm_up") != 0;
    const char *name = cli_text(r->a, "%s%s", has_prefix ? "schedule_" : "", key);
    if (k >= n)
        return cli_say(CLI_NO_VALUE_OF_KEY, r->from, r->option->name, cli_quoted(r->a, key), r->name);
    const char *value = cli_text(r->a, "%.*s", (int)(n - k - 1), text + k + 1);
    const int status = check_key(r, key, value, name);
    if (status != CLI_OK)
        return status;
    if (has_option(w->text, name))
        return cli_say(CLI_TWICE, r->from, cli_text(r->a, "--%s: %s", r->option->name, key));
    if (nn_field_named(nn_options_fields(r->kind), name)) /* else the row is of another task, which the library says */
        nn_put_format(w, " %s=%s", name, value);
    return CLI_OK;
}

/* Puts the keys of a row as options; those of a schedule have a prefix. A mistake is said. */
static int put_row(nn_writer *w, row_value r, const char *text)
{
    const char *at = text + strcspn(text, ":");
    r.keys = keys_of(r.field, r.name);
    for (size_t n; *at; at += 1 + n) {
        n = strcspn(at + 1, ",");
        const int status = put_key(w, &r, at + 1, n);
        if (status != CLI_OK)
            return status;
    }
    return CLI_OK;
}

/* ---- Parts ------------------------------------------------------------------------------------------------------- */

/* Puts those of `more`, a line without quotes, that were not given. */
static void put_more(nn_writer *w, const char *more)
{
    const nn_writer given = *w;
    while (*more) {
        char name[64];
        const size_t n = strcspn(more, " "), m = strcspn(more, "=");
        snprintf(name, sizeof name, "%.*s", (int)m, more);
        if (!has_option(given.text, name)) {
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
    any_options scratch = {.settings = {.data = NULL}};
    if (!field)
        return cli_say(kind == NN_REGRESSOR ? CLI_NO_REGRESSOR_OPTION : CLI_REGRESSOR_OPTION,
                       cli_text(a, "%s--%s", from, o->name));
    const char *value = is_row ? cli_text(a, "%.*s", (int)strcspn(text, ":"), text) : text;
    const int status = set_member(a, fields, &scratch, field, value, from);
    nn_put(w, w->n ? " " : "");
    nn_put_format(w, "%s=", field->name);
    put_value(w, a, field, value);
    if (status != CLI_OK || !is_row)
        return status;
    return put_row(w, (row_value){.a = a, .option = o, .field = field, .kind = kind, .from = from, .name = value},
                   text);
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

nn_options *cli_options_from(cli_arguments *a, cli_part part, nn_options_kind kind, const char *more)
{
    char *text = nn_store_take(&a->store, MOST_TEXT, 1);
    nn_writer w = nn_writer_into(text, text ? MOST_TEXT : 0);
    const nn_options_kind of = part == CLI_TABLE ? NN_CSV : part == CLI_FIT ? NN_FIT : kind;
    if (!text) {
        cli_say(CLI_NO_MEMORY, "");
        return NULL;
    }
    if (write_part(&w, a, part, of) != CLI_OK)
        return NULL;
    put_more(&w, more ? more : "");
    if (w.n >= MOST_TEXT) {
        cli_say(CLI_BAD_VALUE, "", "the options are longer than 64 KiB: give fewer columns");
        return NULL;
    }
    nn_options *options = nn_options_parse(text, of, NULL);
    if (!options)
        cli_say(CLI_NO_MEMORY, "");
    if (!options || nn_options_status(options) == AD_OK)
        return options;
    cli_say(CLI_BAD_VALUE, "", nn_options_message(options));
    nn_options_close(options);
    return NULL;
}

/* ---- The command's own ------------------------------------------------------------------------------------------- */

int cli_take_settings(cli_arguments *a)
{
    a->settings = (cli_settings){0};
    for (int i = 0; i < cli_option_count; i++) {
        const cli_option *o = &cli_options[i];
        const nn_field *field = cli_field_of(o);
        if (o->part != CLI_OWN || !field || !a->values[i].text)
            continue;
        const int status =
            set_member(a, cli_settings_fields, &a->settings, field, a->values[i].text, a->values[i].from);
        if (status != CLI_OK)
            return status;
    }
    return CLI_OK;
}

/* Puts a value so that a line gives it back (config.c): rows of NAME:KEY=VALUE as they are. */
static void put_line_value(nn_writer *w, cli_arguments *a, const nn_field *field, const char *value)
{
    if (field && field->type == NN_FIELD_ROW)
        nn_put(w, value);
    else
        put_value(w, a, field, value);
}

const char *cli_lines_of_run(cli_arguments *a)
{
    nn_text lines = {.memory = &a->memory};
    for (int i = 0; i < cli_option_count; i++) {
        const cli_option *o = &cli_options[i];
        if (!o->is_of_run || !a->values[i].text)
            continue;
        size_t size;
        char *text = room_for(a, a->values[i].text, &size);
        nn_writer w = nn_writer_into(text, text ? size : 0);
        put_line_value(&w, a, cli_field_of(o), a->values[i].text);
        const char *line = cli_text(a, "%s = %s\n", o->name, text ? text : "");
        if (nn_is_utf8(line, strlen(line))) /* a path that is not cannot be kept: it has to be given again */
            nn_text_add(&lines, line, strlen(line));
        lines.failed = lines.failed || !text;
    }
    const char *copy = lines.failed ? NULL : nn_store_text(&a->store, lines.at ? lines.at : "");
    nn_text_release(&lines);
    return copy;
}
