#ifndef BENCH_ARGUMENTS_H
#define BENCH_ARGUMENTS_H
/* What the benchmarks' command lines share. */
#include <argp.h>

/* Reads a whole number from 1 to `most` at *text and moves *text behind it; anything else ends the program with a
 * message that names the option. */
long positive_number(char **text, long most, const char *option, struct argp_state *state);

/* The same for a number that is all of `text`. */
long positive_argument(char *text, long most, const char *option, struct argp_state *state);

/* Takes --help alone, which says what the program measures; anything else ends the program with a message. */
void take_no_arguments(int argc, char *argv[], const char *what);

#endif
