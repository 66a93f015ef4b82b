#ifndef TESTS_LONG_OPTIONS_H
#define TESTS_LONG_OPTIONS_H
/* A form of options for suites of messages: a program that takes --name value. set_form and unset_form are their
 * fixture. */
#include <string.h>

#include "../../nn/options/fields.h"
#include "../../nn/options/writer.h"
#include "check.h"
#include "classifiers.h"

static inline bool is_switch(const char *name)
{
    for (int kind = 0; kind < NN_OPTIONS_COUNT; kind++) {
        const nn_field *f = nn_field_named(nn_options_fields((nn_options_kind)kind), name);
        if (f && f->type == NN_FIELD_SWITCH)
            return true;
    }
    return false;
}

/* --name value, with hyphens; a switch is its name. What is left out is called --ignore. */
static inline void put_long_option(nn_writer *w, const char *name, const char *value)
{
    const bool is_alone = value && is_switch(name) && strcmp(value, "true") == 0;
    nn_put(w, "--");
    for (const char *at = strcmp(name, "ignored") ? name : "ignore"; *at; at++)
        nn_put_bytes(w, *at == '_' ? "-" : at, 1);
    if (value && !is_alone) {
        nn_put(w, " ");
        nn_put(w, strchr(value, ';') ? "';'" : value);
    }
}

static inline void set_form(void)
{
    nn_set_option_form(put_long_option);
    counting_open(&memory);
    fill_clouds(&train, 47, 1);
    fill_clouds(&test, 30, 2);
}

static inline void unset_form(void)
{
    nn_set_option_form(NULL);
    counting_check_released(&memory);
}

#endif
