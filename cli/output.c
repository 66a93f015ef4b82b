/* The end of the results on stdout. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "messages.h"
#include "verbs.h"

int cli_end_output(void)
{
    const int earlier = errno; /* of the write that failed, if one did */
    errno = 0;
    const bool is_written = !ferror(stdout) && fflush(stdout) == 0;
    if (!is_written && !errno)
        errno = earlier;
    if (is_written || errno == EPIPE)
        return CLI_OK;
    return cli_say(CLI_NOT_WRITTEN, "standard output", errno ? strerror(errno) : "writing failed");
}

int cli_print_json(nn_text *text)
{
    const bool failed = text->failed;
    if (!failed)
        printf("%s\n", text->at);
    nn_text_release(text);
    return failed ? cli_say(CLI_NO_MEMORY, " for the JSON text") : cli_end_output();
}
