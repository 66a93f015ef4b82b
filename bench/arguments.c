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

static error_t refuse_all(int key, char *text, struct argp_state *state)
{
    if (key != ARGP_KEY_ARG)
        return ARGP_ERR_UNKNOWN;
    argp_error(state, "%s: it takes no arguments", text);
    return 0;
}

void take_no_arguments(int argc, char *argv[], const char *what)
{
    argp_parse(&(struct argp){.parser = refuse_all, .doc = what}, argc, argv, 0, NULL, NULL);
}
