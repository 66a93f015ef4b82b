#ifndef GRADTAPE_CLI_FORM_H
#define GRADTAPE_CLI_FORM_H
/* How messages write options: --ignore age, as a shell takes it, where the library writes ignored=age. */
#include <stdbool.h>

#include "../nn/options/writer.h"
#include "options.h"

/* From here on messages of the library write options so. */
void cli_begin_form(void);

/* The verb whose options are meant; an option that only others take is written with its verb. */
void cli_set_form_verb(cli_verb verb);

/* Whether names are those of the keys of a row, as in NAME:KEY=VALUE: messages then write them as they are. */
void cli_set_form_of_keys(bool are_keys);

/* Puts a word as a shell takes it: in single quotes, if it must be. */
void cli_put_word(nn_writer *w, const char *text);

#endif
