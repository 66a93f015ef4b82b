#ifndef GRADTAPE_CLI_CONFIG_H
#define GRADTAPE_CLI_CONFIG_H
/* For the files of arguments: options from lines of text, and what they are given to. */
#include "../nn/options/writer.h"
#include "arguments.h"

/* Sets option i. `value` NULL: none was written, as for a switch. A mistake is said. */
int cli_set_option(cli_arguments *a, int i, const char *value, const char *from);

/* The name of the option that was perhaps meant, of the verb or of any; NULL: none is near. */
const char *cli_near_option(cli_arguments *a, const char *name, bool of_any_verb);

/* Reads the file of --config. */
int cli_read_config(cli_arguments *a, const char *path);

/* Puts a value as a text of the library's has it (options.h of the library). */
void cli_put_value(nn_writer *w, cli_arguments *a, const nn_field *field, const char *value);

/* Returns room for a value with all that cli_put_value adds to it, in the arguments' store; NULL if memory is out. */
char *cli_room_for(cli_arguments *a, const char *value, size_t *size);

/* Sets the member of a field. A mistake is said with what stands before it. Returns a status. */
int cli_set_member(cli_arguments *a, nn_field field, void *to, const char *value, const char *before);

/* Says why the library refused a value: memory that is out is no wrong use. Returns a status. */
int cli_say_bad_value(ad_status status, const char *before, const char *message);

/* Puts the keys of option i, NAME:KEY=VALUE,.., as options of an estimator: " KEY=VALUE ..". A mistake is said. Returns
 * a status. (keys.c) */
int cli_put_keys(nn_writer *w, cli_arguments *a, int i, nn_options_kind kind);

/* Whether the text, a line of options, has one of this name. (keys.c) */
bool cli_has_option(const char *text, const char *name);

/* Fills in the settings from the values. */
int cli_take_settings(cli_arguments *a);

#endif
