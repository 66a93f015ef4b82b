/* A line of options, name=value with spaces between, by their fields. */
#include "fields.h"

#include <string.h>

static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* The end of an option that begins here: a space outside of quotes. NULL: a quote is not closed. */
static char *end_of(char *at)
{
    bool is_quoted = false;
    for (; *at && (is_quoted || !is_space(*at)); at++)
        if (is_quoted && *at == '\\' && at[1])
            at++;
        else if (*at == '"')
            is_quoted = !is_quoted;
    return is_quoted ? NULL : at;
}

/* "NOUN 'TEXT' WHAT" becomes the message. */
static ad_status refuse(const nn_parsing *p, const char *noun, const char *text, const char *what)
{
    nn_writer w = nn_writer_into(p->message, p->size);
    nn_put(&w, noun);
    nn_put_quoted(&w, text);
    nn_put(&w, what);
    return AD_BAD_VALUE;
}

/* Reads name=value. */
static ad_status read_option(const nn_parsing *p, char *text)
{
    char *equals = strchr(text, '=');
    if (!equals)
        return refuse(p, "", text,
                      " is not name=value; leave no spaces around the =, and put texts with spaces in quotes");
    if (equals == text)
        return refuse(p, "", text, " has no name; write name=value, without spaces around the =");
    *equals = 0;
    const nn_field *field = nn_field_named(p->fields, text);
    const ad_status status = nn_fields_set(p->fields, p->options, text, equals + 1, p->store, p->message, p->size);
    if (status != AD_OK)
        return status;
    if (p->seen[field - p->fields.at])
        return refuse(p, "option ", text, " is given twice; leave one out");
    p->seen[field - p->fields.at] = true;
    return AD_OK;
}

ad_status nn_fields_parse(nn_parsing *p, char *text)
{
    p->seen = nn_store_take(p->store, p->fields.n, sizeof *p->seen);
    ad_status status = p->seen ? AD_OK : AD_NO_MEMORY;
    for (char *at = text; status == AD_OK;) {
        while (is_space(*at))
            at++;
        if (!*at)
            break;
        char *const end = end_of(at);
        if (!end)
            return refuse(p, "a quote is not closed in ", at, "");
        char *const next = *end ? end + 1 : end;
        *end = 0;
        status = read_option(p, at);
        at = next;
    }
    return status;
}
