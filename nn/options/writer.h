#ifndef GRADTAPE_NN_WRITER_H
#define GRADTAPE_NN_WRITER_H
/* Private to nn: text into an array, as snprintf writes it: what has no room is left out, and counted. */
#include <stdbool.h>
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

/* ---- Options in messages ----------------------------------------------------------------------------------------- */

/* How messages write options. NULL: name=value. A program that takes options in another form sets one before its first
 * other call. `value` NULL: the name alone. A form may leave a value out, for instance that of a switch. */
typedef void nn_option_form(nn_writer *w, const char *name, const char *value);
void nn_set_option_form(nn_option_form *form);

/* Returns whether there is a form, for the few messages that say a form's way, or what only C can do. All others have
 * one text, and their options by the functions below. */
bool nn_has_option_form(void);

/* An option, as the user can write it, and its name. Only these functions write the form. */
void nn_put_option(nn_writer *w, const char *name, const char *value);
void nn_put_option_name(nn_writer *w, const char *name);

/* The same in an array, for a message by a format; `value` NULL: the name alone. Returns `to`. */
enum { NN_OPTION_TEXT = 128 };
const char *nn_option_text(char to[NN_OPTION_TEXT], const char *name, const char *value);

#endif
