#include "arguments.h"

#include <errno.h>
#include <stdlib.h>

static void refuse(const char *text, long most, const char *option, struct argp_state *state)
{
    argp_error(state, "--%s %s: a whole number from 1 to %ld is needed", option, text, most);
}

long positive_number(char **text, long most, const char *option, struct argp_state *state)
{
    char *end;
    errno = 0;
    const long value = strtol(*text, &end, 10);
    if (end == *text || errno || value < 1 || value > most)
        refuse(*text, most, option, state);
    *text = end;
    return value;
}

long positive_argument(char *text, long most, const char *option, struct argp_state *state)
{
    char *end = text;
    const long value = positive_number(&end, most, option, state);
    if (*end)
        refuse(text, most, option, state);
    return value;
}
