#ifndef GRADTAPE_CLI_CONFIG_H
#define GRADTAPE_CLI_CONFIG_H
/* For the files of arguments: options from lines of text, and what they are given to. */
#include "arguments.h"

/* Sets option i. `value` NULL: none was written, as for a switch. A mistake is said. */
int cli_set_option(cli_arguments *a, int i, const char *value, const char *from);

/* The name of the option that was perhaps meant, of the verb or of any; NULL: none is near. */
const char *cli_near_option(cli_arguments *a, const char *name, bool of_any_verb);

/* Reads the file of --config. */
int cli_read_config(cli_arguments *a, const char *path);

/* Fills in the settings from the values. */
int cli_take_settings(cli_arguments *a);

#endif
