#ifndef GRADTAPE_NN_WRITER_H
#define GRADTAPE_NN_WRITER_H
/* Private to nn: text into an array, as snprintf writes it: what has no room is left out, and counted. */
#include <stddef.h>
#include <stdint.h>

#include <gradtape/status.h>

typedef struct nn_writer {
    char *text;     /* a string from the first call on */
    size_t size, n; /* of the array; of the whole text, without its final 0 */
} nn_writer;

/* Returns a writer into an array, which becomes "". `size` may be 0; `text` is then not used. */
nn_writer nn_writer_into(char *text, size_t size);

void nn_put(nn_writer *w, const char *text);
void nn_put_bytes(nn_writer *w, const char *bytes, size_t n);

/* For pieces of at most 127 bytes; a longer one is cut. No real numbers: nn_put_real writes them. */
void nn_put_format(nn_writer *w, const char *format, ...) AD_PRINTF(2, 3);

/* A number, as nn_real_text. */
void nn_put_real(nn_writer *w, double x);

/* A whole number with a comma before each group of three digits: 1,203. */
void nn_put_count(nn_writer *w, int64_t n);

/* A text of the user's, for messages: TEXT or 'TEXT', at most 40 characters of it. Control characters and bytes that
 * are no UTF-8 are written \xHH. */
void nn_put_shown(nn_writer *w, const char *text);
void nn_put_quoted(nn_writer *w, const char *text);

/* A text as options have it: as it is, or "TEXT" if it has a comma, a space, a quote or the like. In quotes a quote is
 * written \", a backslash \\, and a control character \xHH. */
void nn_put_option_text(nn_writer *w, const char *text);

/* An option in a message, as it can be written: name=value. Only this function knows the form. */
void nn_put_option(nn_writer *w, const char *name, const char *value);

#endif
