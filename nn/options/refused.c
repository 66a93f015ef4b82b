/* How messages begin that refuse a value. */
#include "fields.h"

static void put_value(nn_writer *w, const nn_refused *r)
{
    if (r->text)
        nn_put_quoted(w, r->text);
    else
        nn_put(w, r->number);
}

/* The value says which element it is. */
static void put_in_form(nn_writer *w, const nn_refused *r, const char *why)
{
    nn_put_option_name(w, r->name);
    nn_put(w, ": ");
    put_value(w, r);
    nn_put(w, why ? ": " : " is not ");
    nn_put(w, why ? why : "");
}

void nn_put_refused(nn_writer *w, const nn_refused *r, const char *why)
{
    if (nn_has_option_form()) {
        put_in_form(w, r, why);
        return;
    }
    nn_put(w, r->name);
    if (r->element != SIZE_MAX)
        nn_put_format(w, "[%zu]", r->element);
    nn_put(w, " is ");
    put_value(w, r);
    nn_put(w, ": ");
    nn_put(w, why ? why : "it must be ");
}
