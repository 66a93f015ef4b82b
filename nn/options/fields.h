#ifndef GRADTAPE_NN_FIELDS_H
#define GRADTAPE_NN_FIELDS_H
/* Private to nn: what goes by tables of fields. */
#include <gradtape/fields.h>

#include "../store.h"
#include "writer.h"

/* The options of a schedule's members begin with it: schedule_steps. Only warm_up does not. */
#define NN_SCHEDULE_PREFIX "schedule_"

/* Fills in the default of each member that is 0. */
void nn_fields_resolve(nn_fields fields, void *options);

/* Checks the members, once defaults are filled in. Returns false, and says which is wrong and what it must be, in a
 * text of `size` bytes. */
bool nn_fields_check(nn_fields fields, const void *options, char *message, size_t size);

/* Copies texts and lists into the store, so that the options own them. Returns false if memory is out. */
bool nn_fields_own(nn_fields fields, void *options, nn_store *store);

/* Returns the offset of the member of a type; SIZE_MAX if there is none. */
size_t nn_fields_offset(nn_fields fields, nn_field_type type);

/* ---- Options as text --------------------------------------------------------------------------------------------- *
 * An option is written name=value. Texts may stand in quotes, lists are separated by commas (options.h). */

/* Sets the option of a name from text. What it points to is put into the store. On an error the options are unchanged,
 * and the message says what is wrong, and what was meant or must be. Errors: an unknown name, a value that is none or
 * out of range (AD_BAD_VALUE); memory. */
ad_status nn_fields_set(nn_fields fields, void *options, const char *name, const char *value, nn_store *store,
                        char *message, size_t size);

/* A line of options that is read. */
typedef struct nn_parsing {
    nn_fields fields;
    void *options;
    nn_store *store; /* for what options point to */
    char *message;   /* of an error, in `size` bytes */
    size_t size;
    bool *seen; /* [fields.n] in the store: which options were there; set by nn_fields_parse */
} nn_parsing;

/* Reads options as nn_fields_set, from name=value with spaces between. The text, which is changed, must last as long as
 * the message is wanted. Errors: those of nn_fields_set; a name twice, a quote that is not closed; memory, perhaps
 * without a message. */
ad_status nn_fields_parse(nn_parsing *parsing, char *text);

/* Writes all options that have a value, with defaults filled in, as name=value with a space between. Returns the length
 * of the whole text, as snprintf does. Reading it gives the same options again. */
int nn_fields_print(nn_fields fields, const void *options, char *text, size_t size);

/* ---- For the files of fields ------------------------------------------------------------------------------------- */

/* A value that is refused. */
typedef struct nn_refused {
    const char *name; /* of the option */
    size_t element;   /* of a list; SIZE_MAX: the value is no element */
    const char *value;
    bool is_text; /* the value is the user's own text, which stands in quotes; false: a number, NULL */
} nn_refused;

/* Begins the message on it: "NAME[ELEMENT] is 'TEXT': it must be ", or, in a form of options (writer.h),
 * "--NAME: 'TEXT' is not ". What it must be follows. */
void nn_begin_refused(nn_writer *w, const nn_refused *refused);

/* Puts a message that says why: "NAME[ELEMENT] is 'TEXT': WHY", or "--NAME: 'TEXT': WHY". The caller may put more. */
void nn_put_refused(nn_writer *w, const nn_refused *refused, const char *why);

/* Returns the field of a name; NULL if there is none. */
const nn_field *nn_field_named(nn_fields fields, const char *name);

/* Returns the member of a field. */
void *nn_field_member(const nn_field *field, const void *options);

/* Returns whether a number is in the range. */
bool nn_range_holds(nn_range range, double x);

/* Puts what a number must be of which x is not: "at least 1", "above 0 and at most 1". */
void nn_put_range(nn_writer *w, nn_range range, double x);

/* Returns the i-th name that a field of type NN_FIELD_CHOICE or NN_FIELD_ROW takes; "" for none, NULL after the last
 * one. It is a function for nn_nearest. */
const char *nn_field_choice(int i, const void *field);

/* Puts these names: "one of relu, tanh". */
void nn_put_choices(nn_writer *w, const nn_field *field);

#endif
