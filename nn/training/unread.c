/* Options that a rule does not read. */
#include "unread.h"

static bool is_given(const nn_field *f, const void *options)
{
    const void *at = nn_field_member(f, options);
    switch (f->type) {
    case NN_FIELD_SWITCH: return *(const bool *)at;
    case NN_FIELD_INTEGER: return *(const int64_t *)at != 0;
    default: return *(const double *)at != 0;
    }
}

bool nn_reads(nn_fields fields, size_t offset)
{
    for (size_t i = 0; i < fields.n; i++)
        if (fields.at[i].offset == offset)
            return true;
    return false;
}

/* Puts the names of the rules that read an option: "momentum, nesterov and rmsprop". */
static void put_readers(nn_writer *w, nn_rule_table all, const nn_field *f)
{
    const char *names[2] = {NULL, NULL}; /* the last two that are not put yet */
    for (size_t i = 0; i < all.count(); i++) {
        if (!nn_reads(all.at(i).fields, f->offset))
            continue;
        if (names[0]) {
            nn_put(w, names[0]);
            nn_put(w, ", ");
        }
        names[0] = names[1];
        names[1] = all.at(i).name;
    }
    if (names[0]) {
        nn_put(w, names[0]);
        nn_put(w, " and ");
    }
    nn_put(w, names[1]);
}

static void put_name(nn_writer *w, const nn_rule_table *all, const nn_field *f)
{
    char text[NN_RULE_OPTION];
    nn_put_option_name(w, all->option ? all->option(f->name, text) : f->name);
}

bool nn_put_unread(nn_writer *w, nn_rule_table all, nn_rule_fields rule, const void *options)
{
    for (size_t i = 0; i < all.count(); i++) {
        const nn_fields fields = all.at(i).fields;
        for (size_t j = 0; j < fields.n; j++) {
            if (!is_given(&fields.at[j], options) || nn_reads(rule.fields, fields.at[j].offset))
                continue;
            put_name(w, &all, &fields.at[j]);
            nn_put(w, " is an option of ");
            put_readers(w, all, &fields.at[j]);
            nn_put(w, "; ");
            nn_put(w, rule.name);
            nn_put(w, " does not read it: leave it out");
            return true;
        }
    }
    return false;
}
