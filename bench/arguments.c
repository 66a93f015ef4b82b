#include "arguments.h"

#include <errno.h>
#include <stdlib.h>

enum { MOST = 1000000 };

long positive_number(char **text, struct argp_state *state)
{
    char *end;
    errno = 0;
    const long value = strtol(*text, &end, 10);
    if (end == *text || errno || value < 1 || value > MOST)
        argp_error(state, "'%s': a whole number from 1 to %d is needed", *text, MOST);
    *text = end;
    return value;
}

long positive_argument(char *text, long most, struct argp_state *state)
{
    char *end = text;
    const long value = positive_number(&end, state);
    if (*end || value > most)
        argp_error(state, "'%s': a whole number from 1 to %ld is needed", text, most);
    return value;
}
