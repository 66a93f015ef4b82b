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

/* Returns the option that has a member of the library's among its keys, as --optimizer has beta1; NULL: none has, or
 * the member has an option of its own. */
const cli_option *cli_option_of_key(const char *member);

/* Puts a word as a shell takes it: in single quotes, if it must be. */
void cli_put_word(nn_writer *w, const char *text);

#endif
