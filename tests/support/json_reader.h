#ifndef TESTS_JSON_READER_H
#define TESTS_JSON_READER_H
/* Reads JSON, strictly, for the suites of what is written. What is not as it should be fails the running test. */
#include <stdbool.h>
#include <stddef.h>

typedef enum json_kind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_LIST, JSON_OBJECT } json_kind;

/* A value. Members of an object and elements of a list are a chain. */
typedef struct json {
    json_kind kind;
    bool is_true;
    double number;
    char *key, *text; /* of a member; of a string, in UTF-8 */
    struct json *first, *next;
    int n; /* members or elements */
} json;

/* Reads a text or a whole file. The caller frees the value. */
json *json_read(const char *text);
json *json_read_file(const char *path);
void json_free(json *value);

/* A member, which must be there; whether there is one. */
const json *json_in(const json *object, const char *key);
bool json_has(const json *object, const char *key);

/* An element. */
const json *json_at(const json *list, int i);

/* The element of a list of objects whose member `key` is this string; NULL: there is none. */
const json *json_find(const json *list, const char *key, const char *text);

/* A number, or one of "NaN", "Infinity" and "-Infinity". */
double json_number(const json *value);

/* A string. */
const char *json_text(const json *value);

/* A light check of what is too large to be read: strings are closed, brackets are balanced, and there is one value. */
typedef struct json_scan {
    size_t depth, values, lines;
    bool in_string, is_escaped, is_bad;
    char open[64]; /* brackets */
} json_scan;
void json_scan_bytes(json_scan *scan, const char *bytes, size_t n);
bool json_is_whole(const json_scan *scan);

#endif
