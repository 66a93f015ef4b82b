/* How messages write options. */
#include "form.h"

#include <string.h>

#include <gradtape/options.h>

#include "../nn/options/fields.h"

/* The command has one verb. */
static cli_verb verb_of_messages = CLI_TRAIN;

void cli_set_form_verb(cli_verb verb) { verb_of_messages = verb; }

static bool names_are_keys;

void cli_set_form_of_keys(bool are_keys) { names_are_keys = are_keys; }

/* Members of the library's that options of other names set. */
static const char *const other_names[][2] = {
    {"targets", "label"}, {"class_weights", "class_weight"}, {"validation_share", "validation"}, {"save", "model"}};

/* The option whose keys have a member, as beta1 is one of --optimizer; NULL: none. */
static const char *option_of_key(const char *name)
{
    const nn_field *field = nn_field_named(nn_options_fields(NN_REGRESSOR), name);
    if (!strncmp(name, "schedule_", 9) || !strcmp(name, "warm_up"))
        return "schedule";
    return !strcmp(name, "delta") ? "head" : field && field->is_by_row ? "optimizer" : NULL;
}

/* The option that sets a field: one of the verb, else of another; NULL: none does. */
static const cli_option *option_of_field(const char *name)
{
    const cli_option *other = NULL;
    for (int i = 0; i < cli_option_count; i++) {
        const nn_field *field = cli_field_of(&cli_options[i]);
        if (!field || strcmp(field->name, name) != 0)
            continue;
        if (cli_options[i].verbs & 1u << verb_of_messages)
            return &cli_options[i];
        other = other ? other : &cli_options[i];
    }
    return other;
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
static void put_key(nn_writer *w, const char *name, const char *value, const char *option)
{
    nn_put(w, name + (strncmp(name, "schedule_", 9) ? 0 : 9));
    nn_put(w, value ? "=" : "");
    nn_put(w, value ? value : "");
    nn_put(w, option ? " of --" : "");
    nn_put(w, option ? option : "");
}

static void put_option(nn_writer *w, const char *name, const char *value)
{
    char element[200];
    for (size_t i = 0; i < sizeof other_names / sizeof *other_names; i++)
        name = strcmp(name, other_names[i][0]) ? name : other_names[i][1];
    const cli_option *o = names_are_keys ? NULL : option_of_field(name);
    if (!o && (names_are_keys || option_of_key(name))) {
        put_key(w, name, value, names_are_keys ? NULL : option_of_key(name));
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
