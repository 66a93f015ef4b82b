/* Text into an array. */
#include "writer.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "../files/utf8.h"
#include "number.h"

nn_writer nn_writer_into(char *text, size_t size)
{
    if (size > 0)
        text[0] = 0;
    return (nn_writer){.text = text, .size = size};
}

void nn_put_bytes(nn_writer *w, const char *bytes, size_t n)
{
    if (w->n + 1 < w->size) {
        const size_t room = w->size - w->n - 1;
        size_t most = n < room ? n : room;
        while (most < n && most > 0 && ((unsigned char)bytes[most] & 0xc0) == 0x80) /* no half of a character */
            most--;
        memcpy(w->text + w->n, bytes, most);
        w->text[w->n + most] = 0;
    }
    w->n += n;
}

void nn_put(nn_writer *w, const char *text) { nn_put_bytes(w, text, strlen(text)); }

void nn_put_format(nn_writer *w, const char *format, ...)
{
    char piece[128];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(piece, sizeof piece, format, arguments);
    va_end(arguments);
    nn_put(w, piece);
}

void nn_put_real(nn_writer *w, double x)
{
    char text[NN_REAL_TEXT];
    nn_put(w, nn_real_text(x, text));
}

void nn_put_count(nn_writer *w, int64_t n)
{
    char digits[24];
    const int count = snprintf(digits, sizeof digits, "%" PRId64, n), first = n < 0;
    nn_put_bytes(w, digits, (size_t)first);
    for (int i = first; i < count; i++) {
        if (i > first && (count - i) % 3 == 0)
            nn_put(w, ",");
        nn_put_bytes(w, &digits[i], 1);
    }
}

/* ---- Texts of the user's ----------------------------------------------------------------------------------------- */

/* The bytes of the character that a text begins with: 0 for a control character, and for a byte that is no UTF-8. */
static size_t printable(const char *text)
{
    const unsigned char c = (unsigned char)text[0];
    const size_t n = nn_utf8_length(text, strnlen(text, 4));
    return c < 0x20 || c == 0x7f || (c == 0xc2 && (unsigned char)text[1] < 0xa0) ? 0 : n;
}

static void put_code(nn_writer *w, char c) { nn_put_format(w, "\\x%02x", (unsigned)(unsigned char)c); }

void nn_put_shown(nn_writer *w, const char *text)
{
    enum { MOST = 40 };
    for (int i = 0; *text && i < MOST; i++) {
        const size_t n = printable(text);
        if (n)
            nn_put_bytes(w, text, n);
        else
            put_code(w, *text);
        text += n ? n : 1;
    }
    nn_put(w, *text ? ".." : "");
}

void nn_put_quoted(nn_writer *w, const char *text)
{
    nn_put(w, "'");
    nn_put_shown(w, text);
    nn_put(w, "'");
}

static bool is_control(char c) { return (unsigned char)c < 0x20 || c == 0x7f; }

static bool needs_quotes(const char *text)
{
    const char *at = text;
    while (*at && !is_control(*at) && !strchr(" ,\"\\='", *at))
        at++;
    return at == text || *at;
}

void nn_put_option_text(nn_writer *w, const char *text)
{
    if (!needs_quotes(text)) {
        nn_put(w, text);
        return;
    }
    nn_put(w, "\"");
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            nn_put(w, "\\");
        if (is_control(*text))
            put_code(w, *text);
        else
            nn_put_bytes(w, text, 1);
    }
    nn_put(w, "\"");
}

/* ---- Options in messages ----------------------------------------------------------------------------------------- */

/* The only state of the library that no object holds. The form belongs to the program, which has one way to take
 * options, and it changes how messages write options, and no result. Handing it down to each place that says what to do
 * would add an argument to half of all functions. It is set before the first other call, so no threads meet here. */
static nn_option_form *form;

void nn_set_option_form(nn_option_form *wanted) { form = wanted; }

bool nn_has_option_form(void) { return form; }

void nn_put_option_name(nn_writer *w, const char *name)
{
    if (form)
        form(w, name, NULL);
    else
        nn_put(w, name);
}

void nn_put_option(nn_writer *w, const char *name, const char *value)
{
    if (form) {
        form(w, name, value);
        return;
    }
    nn_put(w, name);
    nn_put(w, "=");
    nn_put_option_text(w, value);
}

const char *nn_option_text(char to[NN_OPTION_TEXT], const char *name, const char *value)
{
    nn_writer w = nn_writer_into(to, NN_OPTION_TEXT);
    if (value)
        nn_put_option(&w, name, value);
    else
        nn_put_option_name(&w, name);
    return to;
}
