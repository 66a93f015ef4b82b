#ifndef GRADTAPE_NN_JSON_H
#define GRADTAPE_NN_JSON_H
/* Private to nn: JSON (RFC 8259), written into a text that grows, and read strictly into a tree. */
#include <stdbool.h>
#include <stdint.h>

#include "../store.h"

/* ---- Writing ----------------------------------------------------------------------------------------------------- */

/* A text that grows. {.memory = m} at first. Once memory was out nothing more is added, and `failed` says so. */
typedef struct nn_text {
    ad_memory *memory;
    char *at; /* n bytes and a final 0; NULL: nothing was added yet */
    size_t n, room;
    bool failed;
} nn_text;

void nn_text_add(nn_text *text, const char *bytes, size_t n);
void nn_text_release(nn_text *text);

/* A writer of one JSON value. {.to = text} at first. It puts commas and colons by itself: in an object each value is
 * written after its key. The caller closes what it opened, and writes no key twice. Texts are escaped as RFC 8259
 * demands, and no further: the same values give the same bytes. */
typedef struct nn_json_writer {
    nn_text *to;
    bool has_element; /* the innermost list or object has one */
    bool has_key;     /* a key waits for its value */
    bool is_not_utf8; /* a key or a text was not UTF-8, and "" was written */
} nn_json_writer;

void nn_json_begin(nn_json_writer *w, char bracket); /* '{' or '[' */
void nn_json_end(nn_json_writer *w, char bracket);   /* '}' or ']' */
void nn_json_key(nn_json_writer *w, const char *key);
void nn_json_text(nn_json_writer *w, const char *text); /* NULL: null */
void nn_json_integer(nn_json_writer *w, int64_t x);
void nn_json_unsigned(nn_json_writer *w, uint64_t x); /* as a text of digits: no reader rounds it */
void nn_json_real(nn_json_writer *w, double x);       /* the fewest digits (number.h); NaN and infinities: "nan", "inf",
                                                         "-inf" as texts */
void nn_json_f32(nn_json_writer *w, float x);         /* the same with the fewest digits of an f32 */
void nn_json_bool(nn_json_writer *w, bool x);

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

typedef enum nn_json_type {
    NN_JSON_NULL,
    NN_JSON_BOOL,
    NN_JSON_NUMBER,
    NN_JSON_TEXT,
    NN_JSON_LIST,
    NN_JSON_OBJECT
} nn_json_type;

/* A value. Trees lie in a store. */
typedef struct nn_json {
    nn_json_type type;
    const char *key;         /* in an object; without escapes */
    const char *text;        /* a text, without escapes; a number as it is written; a final 0 follows */
    size_t key_bytes, bytes; /* of both, which may have a 0 within */
    size_t at;               /* where the value begins in the whole text */
    bool is_true;
    const struct nn_json *first, *next; /* the first element; the next one beside this */
    size_t n;                           /* elements */
} nn_json;

/* What a text may have at most. */
typedef struct nn_json_bounds {
    int depth; /* of lists and objects within each other; a number is 0 deep */
    size_t values;
} nn_json_bounds;

/* Reads a whole text. Blanks around the value are allowed. Beside what RFC 8259 does not allow are refused: bytes that
 * are no UTF-8, a surrogate alone, a key twice in an object, a byte order mark, and more than the bounds. AD_BAD_FILE;
 * the message, without a file's name, says at which byte, counted from 0. AD_NO_MEMORY: at most 128 bytes for each byte
 * of the text are taken. The time is that of sorting the keys. */
ad_status nn_json_read(const nn_json **root, const char *text, size_t n, nn_json_bounds bounds, nn_store *store,
                       char *message, size_t size);

/* Returns the member of a key; NULL if there is none, or it is no object. It looks at one member after the other. */
const nn_json *nn_json_member(const nn_json *object, const char *key);

/* Whether a value is what the writer's function of that name writes; if so, it goes to *x. `value` may be NULL. An
 * integer has no fraction and no exponent, is not -0, and fits. A real number is any number that is not too large, or
 * one of the three texts. */
bool nn_json_is_integer(const nn_json *value, int64_t *x);
bool nn_json_is_unsigned(const nn_json *value, uint64_t *x);
bool nn_json_is_real(const nn_json *value, double *x);

#endif
