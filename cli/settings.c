/* The settings of an estimator as options of the command, which can be typed. */
#include <string.h>

#include "../nn/options/fields.h"
#include "config.h"
#include "form.h"

/* What is written. */
typedef struct settings {
    cli_arguments *a;
    nn_fields fields;    /* of the estimator */
    const void *options; /* its options */
} settings;

/* The value of a field as text; NULL: it has none. */
static const char *value_of(const settings *s, const nn_field *field)
{
    char text[4000];
    if (!field || nn_fields_print((nn_fields){field, 1}, s->options, text, sizeof text) >= (int)sizeof text)
        return NULL;
    const char *value = strchr(text, '=');
    return value ? cli_text(s->a, "%s", value + 1) : NULL;
}

/* NAME:KEY=VALUE,.. with the keys that have no option of their own. */
static const char *with_keys(const settings *s, const cli_option *o, const char *text)
{
    const cli_keys *keys = cli_keys_of(o);
    const size_t n = keys ? strlen(keys->prefix) : 0;
    const char *between = ":";
    for (size_t i = 0; keys && i < s->fields.n; i++) {
        const char *name = s->fields.at[i].name;
        const char *value = cli_option_of_key(name) == o ? value_of(s, &s->fields.at[i]) : NULL;
        if (!value)
            continue;
        text = cli_text(s->a, "%s%s%s=%s", text, between, name + (strncmp(name, keys->prefix, n) ? 0 : n), value);
        between = ",";
    }
    return text;
}

const char *cli_settings_line(cli_arguments *a, const char *text, nn_options_kind kind)
{
    nn_options *parsed = nn_options_parse(text, kind, NULL);
    const nn_classifier_options *c = nn_options_classifier(parsed);
    const nn_regressor_options *r = nn_options_regressor(parsed);
    const settings s = {a, nn_options_fields(kind), c ? (const void *)c : r};
    const char *line = "";
    for (int i = 0; i < cli_option_count && s.options; i++) {
        const cli_option *o = &cli_options[i];
        const char *member = o->part == CLI_ESTIMATOR ? cli_field_of(o)->name : o->member;
        const char *value = member ? value_of(&s, nn_field_named(s.fields, member)) : NULL;
        if (value && o->part != CLI_ESTIMATOR)
            value = a->values[i].text; /* as it was given: the library has weights in the order of classes */
        if (value)
            line =
                cli_text(a, "%s%s--%s %s", line, *line ? " " : "", o->name, cli_shell_word(a, with_keys(&s, o, value)));
    }
    nn_options_close(parsed);
    return line;
}
