#ifndef BENCH_ARGUMENTS_H
#define BENCH_ARGUMENTS_H
/* What the benchmarks' command lines share. */
#include <argp.h>

/* Reads a whole number from 1 to 1000000 at *text and moves *text behind it; anything else ends the program with a
 * message. */
long positive_number(char **text, struct argp_state *state);

/* The same for a number that is all of `text` and at most `most`. */
long positive_argument(char *text, long most, struct argp_state *state);

#endif
