#ifndef GRADTAPE_CLI_HELP_H
#define GRADTAPE_CLI_HELP_H
/* Help, manual and completion, written from the tables of options.h. */
#include <stdio.h>

#include "options.h"

/* The help of the command, and of a verb: at most 80 columns. */
void cli_print_all_help(FILE *to);
void cli_print_help(cli_verb verb, FILE *to);

/* The default of an option as text: that of its row, else that of its field; "" if there is none. */
const char *cli_standard_text(const cli_option *option, char *text, size_t size);

/* What help says of an option: its meaning, the values that it can have where there are few, and the default. */
const char *cli_meaning_text(const cli_option *option, char *text, size_t size);

/* The values that an option can have, with `between` between them; "" if these are not names, or too many for help. */
const char *cli_choices_text(const cli_option *option, const char *between, char *text, size_t size);

/* The length of what stands on one line at the beginning of a command line: the words before the first option, or an
 * option and its value. */
size_t cli_piece_of_command(const char *text);

/* The page of the manual (troff, man macros), and what bash sources to complete words. */
void cli_print_manual(FILE *to);
void cli_print_completion(FILE *to);

#endif
