/* The keys of NAME:KEY=VALUE,.., of --optimizer, --schedule and --head: options of the estimator. */
#include <string.h>

#include "../nn/options/fields.h"
#include "../nn/options/near.h"
#include "config.h"

/* What is read. */
typedef struct row_value {
    cli_arguments *a;
    const cli_option *option;
    nn_options_kind kind;
    const char *from, *name;
    const cli_keys *how;
    nn_fields keys; /* of the row NAME */
} row_value;

/* What NAME reads; none for a name that is no row, which the library refuses. */
static nn_fields keys_of(const row_value *r, const nn_field *field)
{
    const void *row;
    for (int i = 0; (row = field->row(i)) != NULL; i++)
        if (!strcmp(field->row_name(row), r->name))
            return r->how->of(row);
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
static const cli_option *option_of_key(const row_value *r, const nn_field *member)
{
    for (int i = 0; i < cli_option_count; i++) {
        const nn_field *field = cli_field_of(&cli_options[i]);
        if (r->a->values[i].text && cli_options[i].part == CLI_ESTIMATOR && field && !strcmp(field->name, member->name))
            return &cli_options[i];
    }
    return NULL;
}

/* The field of a key; NULL: the row has no such key. */
static const nn_field *field_of(const row_value *r, const char *key)
{
    const bool is_common = r->how->common && !strncmp(key, r->how->common, strlen(r->how->common));
    const nn_field *field = nn_field_named(r->keys, key);
    return field || !is_common ? field : nn_field_named(nn_options_fields(NN_CLASSIFIER), key);
}

/* Checks KEY=VALUE, whose field among those of the estimator is `member`. */
static int check_key(const row_value *r, const char *key, const char *value, const nn_field *member)
{
    cli_any_options scratch = cli_no_options;
    nn_field field = *field_of(r, key);
    const cli_option *own = option_of_key(r, member);
    if (own)
        return cli_say(CLI_BOTH, cli_text(r->a, "--%s", own->name),
                       cli_text(r->a, "--%s %s:%s=%s", r->option->name, r->name, key, value));
    field.name = ""; /* its name stands before it: that of a field may be an option's */
    return cli_set_member(r->a, field, &scratch, value, cli_text(r->a, "%s--%s: %s", r->from, r->option->name, key));
}

bool cli_has_option(const char *text, const char *name)
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
    if (k >= n)
        return cli_say(CLI_NO_VALUE_OF_KEY, r->from, r->option->name, cli_quoted(r->a, key), r->name);
    const nn_field *member = cli_field_of_key(r->how, key);
    if (!field_of(r, key) || !member)
        return refuse_key(r, key);
    const char *value = cli_text(r->a, "%.*s", (int)(n - k - 1), text + k + 1);
    const int status = check_key(r, key, value, member);
    if (status != CLI_OK)
        return status;
    if (cli_has_option(w->text, member->name))
        return cli_say(CLI_TWICE, r->from, cli_text(r->a, "--%s: %s", r->option->name, key));
    if (nn_field_named(nn_options_fields(r->kind), member->name)) /* else the row is of another task */
        nn_put_format(w, " %s=%s", member->name, value);
    return CLI_OK;
}

int cli_put_keys(nn_writer *w, cli_arguments *a, int i, nn_options_kind kind)
{
    const cli_option *o = &cli_options[i];
    const char *text = a->values[i].text, *at = text + strcspn(text, ":");
    row_value r = {.a = a, .option = o, .kind = kind, .from = a->values[i].from, .how = cli_keys_of(o)};
    r.name = cli_text(a, "%.*s", (int)(at - text), text);
    r.keys = keys_of(&r, cli_field_of(o));
    for (size_t n; *at; at += 1 + n) {
        n = strcspn(at + 1, ",");
        const int status = put_key(w, &r, at + 1, n);
        if (status != CLI_OK)
            return status;
    }
    return CLI_OK;
}
