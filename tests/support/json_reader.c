/* Reading JSON. */
#include "json_reader.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

/* Check's own asserts take long where they hold, and there are many. */
#define MUST(condition, ...)                                                                                           \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            ck_abort_msg(__VA_ARGS__);                                                                                 \
    } while (0)

/* ---- Text -------------------------------------------------------------------------------------------------------- */

typedef struct reader {
    const char *text, *at;
} reader;

static void refuse(const reader *r, const char *wanted)
{
    ck_abort_msg("byte %zu of the JSON: %s is wanted, here is '%.60s'", (size_t)(r->at - r->text), wanted, r->at);
}

static void skip_space(reader *r) { r->at += strspn(r->at, " \t\r\n"); }

static bool take(reader *r, const char *word)
{
    skip_space(r);
    const size_t n = strlen(word);
    if (strncmp(r->at, word, n) != 0)
        return false;
    r->at += n;
    return true;
}

static void demand(reader *r, const char *word)
{
    if (!take(r, word))
        refuse(r, word);
}

static json *make(json_kind kind)
{
    json *value = calloc(1, sizeof *value);
    MUST(value != NULL, "no memory");
    value->kind = kind;
    return value;
}

/* The bytes of a character in UTF-8, which are its own; 0: they are none. */
static size_t character_bytes(const unsigned char *at)
{
    const size_t n = at[0] < 0x80 ? 1 : at[0] >> 5 == 6 ? 2 : at[0] >> 4 == 14 ? 3 : at[0] >> 3 == 30 ? 4 : 0;
    for (size_t i = 1; i < n; i++)
        if (at[i] >> 6 != 2)
            return 0;
    return n;
}

static char *read_escape(reader *r, char *to)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    const char letter = *r->at++;
    const char *known = letter ? strchr(letters, letter) : NULL;
    char *end;
    if (known) {
        *to++ = meanings[known - letters];
        return to;
    }
    char code[5] = {0};
    strncpy(code, r->at, 4);
    const unsigned long character = strtoul(code, &end, 16);
    if (letter != 'u' || end != code + 4 || character == 0 || character > 0x7f) /* more is not written */
        refuse(r, "an escaped character of ASCII");
    r->at += 4;
    *to++ = (char)character;
    return to;
}

static char *read_text(reader *r)
{
    demand(r, "\"");
    const char *end = r->at;
    while (*end && *end != '"')
        end += end[0] == '\\' && end[1] ? 2 : 1;
    char *text = malloc((size_t)(end - r->at) + 1), *to = text;
    MUST(text != NULL, "no memory");
    while (*r->at != '"') {
        if (*r->at == '\\') {
            r->at++;
            to = read_escape(r, to);
            continue;
        }
        const size_t n = character_bytes((const unsigned char *)r->at);
        if ((unsigned char)*r->at < 0x20 || n == 0)
            refuse(r, "a character of a string");
        memcpy(to, r->at, n);
        to += n;
        r->at += n;
    }
    r->at++;
    *to = 0;
    return text;
}

/* -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)? */
static json *read_number(reader *r)
{
    static const char digits[] = "0123456789";
    const char *at = r->at + (*r->at == '-');
    size_t n = strspn(at, digits);
    bool is_good = n > 0 && (n == 1 || *at != '0');
    at += n;
    if (*at == '.') {
        n = strspn(++at, digits);
        is_good = is_good && n > 0;
        at += n;
    }
    if (*at == 'e' || *at == 'E') {
        at++;
        at += *at == '+' || *at == '-';
        n = strspn(at, digits);
        is_good = is_good && n > 0;
        at += n;
    }
    if (!is_good)
        refuse(r, "a value");
    json *value = make(JSON_NUMBER);
    value->number = strtod(r->at, NULL);
    r->at = at;
    return value;
}

/* ---- Values ------------------------------------------------------------------------------------------------------ */

static json *read_value(reader *r);

static json *read_members(reader *r, json_kind kind, const char *end)
{
    json *value = make(kind), **last = &value->first;
    if (take(r, end))
        return value;
    do {
        char *key = NULL;
        if (kind == JSON_OBJECT) {
            key = read_text(r);
            demand(r, ":");
        }
        *last = read_value(r);
        (*last)->key = key;
        if (key && json_in(value, key) != *last)
            refuse(r, "a key that is not there yet");
        last = &(*last)->next;
        value->n++;
    } while (take(r, ","));
    demand(r, end);
    return value;
}

static json *read_value(reader *r)
{
    json *value;
    if (take(r, "{"))
        return read_members(r, JSON_OBJECT, "}");
    if (take(r, "["))
        return read_members(r, JSON_LIST, "]");
    if (*r->at == '"') {
        value = make(JSON_STRING);
        value->text = read_text(r);
        return value;
    }
    if (take(r, "null"))
        return make(JSON_NULL);
    if (take(r, "true") || take(r, "false")) {
        value = make(JSON_BOOL);
        value->is_true = r->at[-2] == 'u';
        return value;
    }
    return read_number(r);
}

json *json_read(const char *text)
{
    reader r = {text, text};
    json *value = read_value(&r);
    skip_space(&r);
    if (*r.at)
        refuse(&r, "the end");
    return value;
}

json *json_read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    MUST(file != NULL, "%s cannot be read", path);
    fseek(file, 0, SEEK_END);
    const long n = ftell(file);
    rewind(file);
    char *text = malloc((size_t)n + 1);
    MUST(text != NULL, "no memory");
    ck_assert_uint_eq(fread(text, 1, (size_t)n, file), (size_t)n);
    fclose(file);
    text[n] = 0;
    MUST(strlen(text) == (size_t)n, "%s has a byte 0", path);
    json *value = json_read(text);
    free(text);
    return value;
}

void json_free(json *value)
{
    while (value) {
        json *next = value->next;
        json_free(value->first);
        free(value->key);
        free(value->text);
        free(value);
        value = next;
    }
}

/* ---- Looking ----------------------------------------------------------------------------------------------------- */

static const json *find_member(const json *object, const char *key)
{
    const json *member = object->kind == JSON_OBJECT ? object->first : NULL;
    while (member && strcmp(member->key, key) != 0)
        member = member->next;
    return member;
}

const json *json_in(const json *object, const char *key)
{
    const json *member = find_member(object, key);
    MUST(member != NULL, "the JSON has no \"%s\" here", key);
    return member;
}

bool json_has(const json *object, const char *key) { return find_member(object, key) != NULL; }

const json *json_at(const json *list, int i)
{
    MUST(list->kind == JSON_LIST && i >= 0 && i < list->n, "the JSON has no element %d here", i);
    const json *element = list->first;
    while (i-- > 0)
        element = element->next;
    return element;
}

const json *json_find(const json *list, const char *key, const char *text)
{
    for (const json *element = list->first; element; element = element->next) {
        const json *member = find_member(element, key);
        if (member && member->kind == JSON_STRING && strcmp(member->text, text) == 0)
            return element;
    }
    return NULL;
}

double json_number(const json *value)
{
    if (value->kind == JSON_NUMBER)
        return value->number;
    const char *text = json_text(value);
    if (strcmp(text, "NaN") == 0)
        return NAN;
    MUST(strcmp(text, "Infinity") == 0 || strcmp(text, "-Infinity") == 0, "\"%s\" is no number", text);
    return text[0] == '-' ? -INFINITY : INFINITY;
}

const char *json_text(const json *value)
{
    MUST(value->kind == JSON_STRING, "the JSON has no string here");
    return value->text;
}

/* ---- A light check ----------------------------------------------------------------------------------------------- */

static void scan_bracket(json_scan *s, char c)
{
    if (c == '{' || c == '[') {
        s->is_bad = s->is_bad || s->depth == sizeof s->open;
        if (!s->is_bad)
            s->open[s->depth++] = c;
    } else if (s->depth == 0 || s->open[s->depth - 1] != (c == '}' ? '{' : '['))
        s->is_bad = true;
    else
        s->values += --s->depth == 0;
}

static void scan_character(json_scan *s, char c)
{
    if ((unsigned char)c < ' ' && (s->in_string || c != '\n'))
        s->is_bad = true;
    if (s->in_string) {
        s->in_string = s->is_escaped || c != '"';
        s->is_escaped = !s->is_escaped && c == '\\';
        return;
    }
    s->lines += c == '\n';
    if (c == '"')
        s->in_string = true;
    else if (strchr("{}[]", c))
        scan_bracket(s, c);
    else if (!strchr(",:.-+ \n0123456789aeflnrstu", c)) /* numbers, true, false and null */
        s->is_bad = true;
}

void json_scan_bytes(json_scan *s, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        scan_character(s, bytes[i]);
}

bool json_is_whole(const json_scan *s) { return !s->is_bad && !s->in_string && s->depth == 0 && s->values == 1; }
