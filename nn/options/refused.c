/* How messages begin that refuse a value. */
#include "fields.h"

/* "NAME[ELEMENT] is 'TEXT'"; in a form of options, whose value says which element it is, "--NAME: 'TEXT'". */
static void put_value(nn_writer *w, const nn_refused *r)
{
    const bool has_form = nn_has_option_form();
    nn_put_option_name(w, r->name);
    if (r->element != SIZE_MAX && !has_form)
        nn_put_format(w, "[%zu]", r->element);
    nn_put(w, has_form ? ": " : " is ");
    if (r->is_text)
        nn_put_quoted(w, r->value);
    else
        nn_put(w, r->value);
}

void nn_begin_refused(nn_writer *w, const nn_refused *r)
{
    put_value(w, r);
    nn_put(w, nn_has_option_form() ? " is not " : ": it must be ");
}

void nn_put_refused(nn_writer *w, const nn_refused *r, const char *why)
{
    put_value(w, r);
    nn_put(w, ": ");
    nn_put(w, why);
}
