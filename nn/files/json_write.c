/* JSON, written into a text that grows. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../lengthen.h"
#include "../options/number.h"
#include "json.h"
#include "utf8.h"

/* ---- The text ---------------------------------------------------------------------------------------------------- */

/* Room for n more bytes and a final 0. */
static bool make_room(nn_text *text, size_t n)
{
    enum { FIRST = 256 };
    if (text->failed || n > SIZE_MAX / 4 - text->n) {
        text->failed = true;
        return false;
    }
    size_t room = text->room ? text->room : FIRST;
    while (room <= text->n + n)
        room *= 2;
    if (room == text->room)
        return true;
    char *at = nn_lengthen(text->memory, text->at, text->n, text->room, room, 1);
    text->failed = !at;
    if (!at)
        return false;
    text->at = at;
    text->room = room;
    return true;
}

void nn_text_add(nn_text *text, const char *bytes, size_t n)
{
    if (!make_room(text, n))
        return;
    if (n > 0)
        memcpy(text->at + text->n, bytes, n);
    text->n += n;
    text->at[text->n] = 0;
}

void nn_text_release(nn_text *text)
{
    ad_memory_release(text->memory, text->at, text->room, 1);
    *text = (nn_text){.memory = text->memory};
}

/* ---- Values ------------------------------------------------------------------------------------------------------ */

static void add(nn_json_writer *w, const char *text) { nn_text_add(w->to, text, strlen(text)); }

/* What stands before a value: a comma, unless it is the first one or has a key. */
static void begin_value(nn_json_writer *w)
{
    if (w->has_element && !w->has_key)
        add(w, ",");
    w->has_element = true;
    w->has_key = false;
}

static void add_escaped(nn_json_writer *w, char c)
{
    static const char codes[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* the character, and what stands for it */
    char text[8];
    for (const char *at = codes; *at; at += 2)
        if (*at == c) {
            nn_text_add(w->to, (const char[]){'\\', at[1]}, 2);
            return;
        }
    snprintf(text, sizeof text, "\\u%04x", (unsigned)(unsigned char)c);
    add(w, text);
}

static bool is_plain(char c) { return (unsigned char)c >= 0x20 && c != '"' && c != '\\'; }

static void add_text(nn_json_writer *w, const char *text)
{
    add(w, "\"");
    if (!nn_is_utf8(text, strlen(text))) {
        w->is_not_utf8 = true;
        text = "";
    }
    while (*text) {
        size_t n = 0;
        while (is_plain(text[n]))
            n++;
        nn_text_add(w->to, text, n);
        text += n;
        if (*text)
            add_escaped(w, *text++);
    }
    add(w, "\"");
}

void nn_json_begin(nn_json_writer *w, char bracket)
{
    begin_value(w);
    nn_text_add(w->to, &bracket, 1);
    w->has_element = false;
}

void nn_json_end(nn_json_writer *w, char bracket)
{
    nn_text_add(w->to, &bracket, 1);
    w->has_element = true;
}

void nn_json_key(nn_json_writer *w, const char *key)
{
    begin_value(w);
    add_text(w, key);
    add(w, ":");
    w->has_key = true;
}

void nn_json_text(nn_json_writer *w, const char *text)
{
    begin_value(w);
    if (text)
        add_text(w, text);
    else
        add(w, "null");
}

void nn_json_integer(nn_json_writer *w, int64_t x)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, x);
    begin_value(w);
    add(w, text);
}

void nn_json_unsigned(nn_json_writer *w, uint64_t x)
{
    char text[32];
    snprintf(text, sizeof text, "\"%" PRIu64 "\"", x);
    begin_value(w);
    add(w, text);
}

static void put_number(nn_json_writer *w, const char *text, bool is_finite)
{
    begin_value(w);
    if (is_finite)
        add(w, text);
    else
        add_text(w, text);
}

void nn_json_real(nn_json_writer *w, double x)
{
    char text[NN_REAL_TEXT];
    put_number(w, nn_real_text(x, text), isfinite(x));
}

void nn_json_f32(nn_json_writer *w, float x)
{
    char text[NN_REAL_TEXT];
    put_number(w, nn_f32_text(x, text), isfinite(x));
}

void nn_json_bool(nn_json_writer *w, bool x)
{
    begin_value(w);
    add(w, x ? "true" : "false");
}
