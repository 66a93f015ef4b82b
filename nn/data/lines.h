#ifndef GRADTAPE_NN_LINES_H
#define GRADTAPE_NN_LINES_H
/* Private to nn: the lines of a source, one at a time, for formats whose lines are their rows. */
#include "source.h"

typedef struct nn_lines {
    nn_source *source;
    /* The line that was read last, without its end, LF or CRLF; the last line of a file need not have one. */
    const char *at, *end;
    const char *limit; /* up to here bytes may be looked at, which makes reading numbers faster */
    int64_t number;    /* of the line, from 1 */
    /* Bytes that have come. */
    char *block;
    size_t room, n, used;
    bool has_ended; /* no more will come */
} nn_lines;

/* Starts before the first line. After it, whatever was read, nn_lines_close gives back what it holds. */
ad_status nn_lines_open(nn_lines *lines, nn_source *source);
void nn_lines_close(nn_lines *lines);

/* Reads a line, which stays until the next call. *has_line is false behind the last one. A line with a NUL byte is an
 * error, because a file of text has none. */
ad_status nn_lines_next(nn_lines *lines, bool *has_line);

/* Keeps AD_BAD_FILE with the name of the source and the number of the line before the message: "FILE:LINE: ". */
ad_status nn_lines_fail(const nn_lines *lines, const char *format, ...) AD_PRINTF(2, 3);

#endif
