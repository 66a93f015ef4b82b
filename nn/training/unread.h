#ifndef GRADTAPE_NN_UNREAD_H
#define GRADTAPE_NN_UNREAD_H
/* Private to nn: options that a rule does not read, where one struct has the options of all rules of a table. */
#include "../options/fields.h"

/* What the rules have in common: their names and what they read. */
typedef struct nn_rule_fields {
    const char *name;
    nn_fields fields;
} nn_rule_fields;

enum { NN_RULE_OPTION = 80 };

/* A table of rules: how many it has, and one of them. */
typedef struct nn_rule_table {
    size_t (*count)(void);
    nn_rule_fields (*at)(size_t i);
    const char *(*option)(const char *name, char text[NN_RULE_OPTION]); /* a field's name as text; NULL: the same */
} nn_rule_table;

/* Whether a rule of these fields reads the option at an offset of its struct. */
bool nn_reads(nn_fields fields, size_t offset);

/* Puts what is wrong with an option that is given, that another rule of the table reads, and that this one does not.
 * Returns whether there is one. */
bool nn_put_unread(nn_writer *w, nn_rule_table all, nn_rule_fields rule, const void *options);

#endif
