/* JSON, read strictly into a tree. There is no recursion: the lists and objects that are open stand on a stack. */
#include <stdlib.h>
#include <string.h>

#include "../options/writer.h"
#include "json.h"
#include "utf8.h"

/* A list or an object whose end was not met yet. */
typedef struct open_value {
    nn_json *value, *last; /* its last element so far */
} open_value;

typedef struct reader {
    const char *text;
    size_t n, at;
    nn_json_bounds bounds;
    nn_store *store;
    nn_json *root;
    nn_json *unused; /* values that were taken from the store */
    size_t n_unused, values;
    char *texts;      /* where the next text goes. With its final 0 it is no longer than with what stands around it. */
    open_value *open; /* [bounds.depth] */
    int depth;
    ad_status status;
    nn_writer message;
} reader;

/* ---- Messages ---------------------------------------------------------------------------------------------------- */

static bool refuse(reader *r, size_t at, const char *what)
{
    nn_put_format(&r->message, "byte %zu: ", at);
    nn_put(&r->message, what);
    r->status = AD_BAD_FILE;
    return false;
}

static bool refuse_memory(reader *r)
{
    nn_put_format(&r->message, "memory is out for a JSON text of %zu bytes", r->n);
    r->status = AD_NO_MEMORY;
    return false;
}

/* Says what stands where something else should. */
static bool refuse_here(reader *r, const char *wanted)
{
    const size_t length = nn_utf8_length(r->text + r->at, r->n - r->at);
    char shown[5] = {0};
    refuse(r, r->at, r->at < r->n ? "" : "the text ends");
    if (r->at < r->n) {
        memcpy(shown, r->text + r->at, length ? length : 1);
        nn_put_quoted(&r->message, shown);
        nn_put(&r->message, " stands");
    }
    nn_put(&r->message, " where ");
    nn_put(&r->message, wanted);
    nn_put(&r->message, " should be");
    return false;
}

/* ---- Characters -------------------------------------------------------------------------------------------------- */

static bool is_here(const reader *r, char c) { return r->at < r->n && r->text[r->at] == c; }

static bool is_digit_here(const reader *r) { return r->at < r->n && r->text[r->at] >= '0' && r->text[r->at] <= '9'; }

static bool eat(reader *r, char c)
{
    const bool is_it = is_here(r, c);
    r->at += is_it;
    return is_it;
}

static void skip_blanks(reader *r)
{
    while (is_here(r, ' ') || is_here(r, '\n') || is_here(r, '\t') || is_here(r, '\r'))
        r->at++;
}

/* ---- Texts ------------------------------------------------------------------------------------------------------- */

/* The four digits of \uHHHH, where `at` stands behind the u. */
static bool read_code(reader *r, uint32_t *code)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    *code = 0;
    for (int i = 0; i < 4; i++, r->at++) {
        const char c = r->at < r->n ? r->text[r->at] : ' ';
        const char *digit = memchr(digits, c, sizeof digits - 1);
        if (!digit)
            return refuse_here(r, "a hexadecimal digit");
        *code = *code << 4 | (uint32_t)(digit - digits < 16 ? digit - digits : digit - digits - 6);
    }
    return true;
}

/* A character above FFFF is two codes, the surrogates. */
static bool read_character(reader *r, size_t begin)
{
    uint32_t code, low;
    if (!read_code(r, &code))
        return false;
    if (code >= 0xd800 && code <= 0xdbff && eat(r, '\\') && eat(r, 'u')) {
        if (!read_code(r, &low))
            return false;
        code = low >= 0xdc00 && low <= 0xdfff ? 0x10000 + ((code & 0x3ff) << 10) + (low & 0x3ff) : code;
    }
    if (code >= 0xd800 && code <= 0xdfff)
        return refuse(r, begin, "a surrogate stands alone, which is no character");
    r->texts += nn_utf8_write(code, r->texts);
    return true;
}

static bool read_escape(reader *r)
{
    static const char codes[] = "\"\"\\\\//b\bf\fn\nr\rt\t"; /* what stands behind the backslash, and what it means */
    const size_t begin = r->at++;
    if (eat(r, 'u'))
        return read_character(r, begin);
    for (const char *code = codes; *code; code += 2)
        if (eat(r, *code)) {
            *r->texts++ = code[1];
            return true;
        }
    return refuse_here(r, "the rest of an escape");
}

/* Reads a text in quotes, at whose first one `at` stands. */
static bool read_text(reader *r, const char **text, size_t *bytes)
{
    const size_t begin = r->at++;
    *text = r->texts;
    while (!is_here(r, '"')) {
        if (r->at == r->n)
            return refuse(r, begin, "this quote is never closed");
        if (is_here(r, '\\')) {
            if (!read_escape(r))
                return false;
            continue;
        }
        const size_t length = nn_utf8_length(r->text + r->at, r->n - r->at);
        if (length == 0)
            return refuse(r, r->at, "is not UTF-8");
        if ((unsigned char)r->text[r->at] < 0x20)
            return refuse(r, r->at, "a control character in a text must be written as an escape");
        memcpy(r->texts, r->text + r->at, length);
        r->texts += length;
        r->at += length;
    }
    r->at++;
    *bytes = (size_t)(r->texts - *text);
    *r->texts++ = 0;
    return true;
}

/* ---- Numbers and words ------------------------------------------------------------------------------------------- */

static bool read_digits(reader *r)
{
    if (!is_digit_here(r))
        return refuse_here(r, "a digit");
    while (is_digit_here(r))
        r->at++;
    return true;
}

static bool read_number(reader *r, nn_json *value)
{
    const size_t begin = r->at;
    eat(r, '-');
    if (!eat(r, '0') && !read_digits(r))
        return false;
    if (is_digit_here(r))
        return refuse(r, begin, "a number begins with 0");
    if (eat(r, '.') && !read_digits(r))
        return false;
    if (eat(r, 'e') || eat(r, 'E')) {
        if (!eat(r, '-'))
            eat(r, '+');
        if (!read_digits(r))
            return false;
    }
    value->type = NN_JSON_NUMBER;
    value->text = r->texts;
    value->bytes = r->at - begin;
    memcpy(r->texts, r->text + begin, value->bytes);
    r->texts += value->bytes;
    *r->texts++ = 0;
    return true;
}

static bool read_word(reader *r, nn_json *value)
{
    static const struct {
        const char *word;
        nn_json_type type;
        bool is_true;
    } words[] = {{"null", NN_JSON_NULL, false}, {"false", NN_JSON_BOOL, false}, {"true", NN_JSON_BOOL, true}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const size_t n = strlen(words[i].word);
        if (r->n - r->at < n || memcmp(words[i].word, r->text + r->at, n) != 0)
            continue;
        r->at += n;
        value->type = words[i].type;
        value->is_true = words[i].is_true;
        return true;
    }
    return refuse_here(r, "a value");
}

/* ---- Lists and objects ------------------------------------------------------------------------------------------- */

/* A new value. They are taken many at once, but never more than the rest of the text can have: one in two bytes. */
static nn_json *take_value(reader *r)
{
    enum { AT_ONCE = 64 };
    if (r->values == r->bounds.values) {
        refuse(r, r->at, "there are more than ");
        nn_put_format(&r->message, "%zu values", r->bounds.values);
        return NULL;
    }
    if (r->n_unused == 0) {
        const size_t most = (r->n - r->at) / 2 + 1;
        r->n_unused = most < AT_ONCE ? most : AT_ONCE;
        r->unused = nn_store_take(r->store, r->n_unused, sizeof *r->unused);
        if (!r->unused) {
            refuse_memory(r);
            return NULL;
        }
    }
    r->values++;
    r->n_unused--;
    return r->unused++;
}

static bool open_list(reader *r, nn_json *value)
{
    value->type = is_here(r, '{') ? NN_JSON_OBJECT : NN_JSON_LIST;
    if (r->depth == r->bounds.depth) {
        refuse(r, r->at, "lists and objects are ");
        nn_put_format(&r->message, "more than %d deep", r->bounds.depth);
        return false;
    }
    r->open[r->depth++] = (open_value){.value = value};
    r->at++;
    return true;
}

static int by_key(const void *a, const void *b)
{
    const nn_json *x = *(nn_json *const *)a, *y = *(nn_json *const *)b;
    const int order = memcmp(x->key, y->key, x->key_bytes < y->key_bytes ? x->key_bytes : y->key_bytes);
    if (order != 0)
        return order;
    if (x->key_bytes != y->key_bytes)
        return x->key_bytes < y->key_bytes ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

static bool is_same_key(const nn_json *x, const nn_json *y)
{
    return x->key_bytes == y->key_bytes && memcmp(x->key, y->key, x->key_bytes) == 0;
}

static bool refuse_key(reader *r, const nn_json *value)
{
    refuse(r, value->at, "the key ");
    nn_put_quoted(&r->message, value->key);
    nn_put(&r->message, " is there twice");
    return false;
}

/* Sorted by their keys, two equal ones stand side by side. */
static bool check_keys(reader *r, const nn_json *object)
{
    const nn_json **members = ad_memory_take(r->store->memory, object->n, sizeof *members), *twice = NULL;
    if (!members)
        return refuse_memory(r);
    size_t n = 0;
    for (const nn_json *member = object->first; member; member = member->next)
        members[n++] = member;
    qsort(members, n, sizeof *members, by_key);
    for (size_t i = 1; i < n && !twice; i++)
        twice = is_same_key(members[i - 1], members[i]) ? members[i] : NULL;
    ad_memory_release(r->store->memory, members, object->n, sizeof *members);
    return twice ? refuse_key(r, twice) : true;
}

/* ---- The tree ---------------------------------------------------------------------------------------------------- */

static bool read_key(reader *r, nn_json *value)
{
    if (!is_here(r, '"'))
        return refuse_here(r, "a key");
    if (!read_text(r, &value->key, &value->key_bytes))
        return false;
    skip_blanks(r);
    if (!eat(r, ':'))
        return refuse_here(r, "a colon");
    skip_blanks(r);
    return true;
}

/* Puts a value behind the others of the innermost list or object. */
static void add_value(reader *r, nn_json *value)
{
    if (r->depth == 0) {
        r->root = value;
        return;
    }
    open_value *in = &r->open[r->depth - 1];
    if (in->last)
        in->last->next = value;
    else
        in->value->first = value;
    in->last = value;
    in->value->n++;
}

/* Reads a value, and of a list or an object the bracket. */
static bool begin_value(reader *r)
{
    nn_json *value = take_value(r);
    if (!value)
        return false;
    skip_blanks(r);
    if (r->depth > 0 && r->open[r->depth - 1].value->type == NN_JSON_OBJECT && !read_key(r, value))
        return false;
    value->at = r->at;
    add_value(r, value);
    if (is_here(r, '{') || is_here(r, '['))
        return open_list(r, value);
    if (is_here(r, '"')) {
        value->type = NN_JSON_TEXT;
        return read_text(r, &value->text, &value->bytes);
    }
    return is_here(r, '-') || is_digit_here(r) ? read_number(r, value) : read_word(r, value);
}

/* Steps over what stands behind a value or a bracket: ends, and a comma. `more`: another value follows. */
static bool end_values(reader *r, bool *more)
{
    *more = false;
    while (r->depth > 0 && !*more) {
        const nn_json *in = r->open[r->depth - 1].value;
        const bool is_object = in->type == NN_JSON_OBJECT;
        skip_blanks(r);
        if (eat(r, is_object ? '}' : ']')) {
            if (is_object && in->n > 1 && !check_keys(r, in))
                return false;
            r->depth--;
        } else if (in->n == 0 || eat(r, ','))
            *more = true;
        else
            return refuse_here(r, is_object ? "a comma or the end of the object" : "a comma or the end of the list");
    }
    return true;
}

static bool read_tree(reader *r)
{
    bool more = true;
    if (r->n >= 3 && memcmp(r->text, "\xef\xbb\xbf", 3) == 0)
        return refuse(r, 0, "a byte order mark stands before the text");
    while (more)
        if (!begin_value(r) || !end_values(r, &more))
            return false;
    skip_blanks(r);
    return r->at == r->n || refuse_here(r, "the end of the text");
}

ad_status nn_json_read(const nn_json **root, const char *text, size_t n, nn_json_bounds bounds, nn_store *store,
                       char *message, size_t size)
{
    bounds.depth = bounds.depth > 0 ? bounds.depth : 0;
    const size_t depth = (size_t)bounds.depth;
    reader r = {.text = text, .n = n, .bounds = bounds, .store = store, .message = nn_writer_into(message, size)};
    *root = NULL;
    r.texts = n < SIZE_MAX ? nn_store_take(store, n + 1, 1) : NULL;
    r.open = ad_memory_take(store->memory, depth, sizeof *r.open);
    if (!r.texts || !r.open)
        refuse_memory(&r);
    else if (read_tree(&r))
        *root = r.root;
    ad_memory_release(store->memory, r.open, depth, sizeof *r.open);
    return r.status;
}
