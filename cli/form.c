/* How messages write options. */
#include "form.h"

#include <string.h>

#include "../nn/options/fields.h"

/* The command has one verb. */
static cli_verb verb_of_messages = CLI_TRAIN;

void cli_set_form_verb(cli_verb verb) { verb_of_messages = verb; }

/* Whether a member is one of an option's keys, as beta1 is one of --optimizer. */
static bool has_key(const cli_option *o, const cli_keys *keys, const char *name)
{
    const nn_field *field = cli_field_of(o);
    const void *row;
    const size_t n = strlen(keys->prefix), m = keys->common ? strlen(keys->common) : 0;
    if ((n && !strncmp(name, keys->prefix, n)) || (m && !strncmp(name, keys->common, m)))
        return true;
    for (int i = 0; (row = field->row(i)) != NULL; i++)
        if (nn_field_named(keys->of(row), name))
            return true;
    return false;
}

/* The option that sets a field: one of the verb, else of another; NULL: none does. */
static const cli_option *option_of_field(const char *name)
{
    const cli_option *other = NULL;
    for (int i = 0; i < cli_option_count; i++) {
        const nn_field *field = cli_field_of(&cli_options[i]);
        const char *member = cli_options[i].member;
        if (!field || (strcmp(field->name, name) != 0 && (!member || strcmp(member, name) != 0)))
            continue;
        if (cli_options[i].verbs & 1u << verb_of_messages)
            return &cli_options[i];
        other = other ? other : &cli_options[i];
    }
    return other;
}

const cli_option *cli_option_of_key(const char *name)
{
    if (option_of_field(name))
        return NULL;
    for (int i = 0; i < cli_option_count; i++) {
        const cli_keys *keys = cli_keys_of(&cli_options[i]);
        if (keys && has_key(&cli_options[i], keys, name))
            return &cli_options[i];
    }
    return NULL;
}

static const char *first_verb(const cli_option *o)
{
    int verb = 0;
    while (!(o->verbs & 1u << verb))
        verb++;
    return cli_verbs[verb].name;
}

void cli_put_word(nn_writer *w, const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./,:=+-%@";
    if (*text && !text[strspn(text, plain)]) {
        nn_put(w, text);
        return;
    }
    nn_put(w, "'");
    for (; *text; text++)
        if (*text == '\'')
            nn_put(w, "'\\''");
        else
            nn_put_bytes(w, text, 1);
    nn_put(w, "'");
}

/* steps=100 of --schedule. */
static void put_key(nn_writer *w, const char *name, const char *value, const cli_option *option)
{
    const char *prefix = cli_keys_of(option)->prefix;
    nn_put(w, name + (strncmp(name, prefix, strlen(prefix)) ? 0 : strlen(prefix)));
    nn_put(w, value ? "=" : "");
    nn_put(w, value ? value : "");
    nn_put(w, " of --");
    nn_put(w, option->name);
}

static void put_option(nn_writer *w, const char *name, const char *value)
{
    char element[200];
    const cli_option *o = option_of_field(name), *of_key = cli_option_of_key(name);
    if (of_key) {
        put_key(w, name, value, of_key);
        return;
    }
    nn_put(w, o ? "--" : "");
    nn_put(w, o ? o->name : name);
    if (value && (!o || o->argument)) {
        const nn_field *field = o ? cli_field_of(o) : NULL;
        nn_writer quoted = nn_writer_into(element, sizeof element);
        if (field && field->type == NN_FIELD_TEXTS)
            nn_put_option_text(&quoted, value);
        nn_put(w, o ? " " : "=");
        cli_put_word(w, quoted.n && quoted.n < sizeof element ? element : value);
    }
    if (o && !(o->verbs & 1u << verb_of_messages)) {
        nn_put(w, " of gradtape ");
        nn_put(w, first_verb(o));
    }
}

void cli_begin_form(void) { nn_set_option_form(put_option); }
