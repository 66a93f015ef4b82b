/* The header of an .npy file (numpy.lib.format): 93 'NUMPY', the version, the length of the text, and the text, which
 * is a dictionary as Python writes it, {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }, with spaces and a
 * newline behind. Only that is read, and no other Python. */
#include <string.h>

#include "npy.h"

#define MOST_BYTES 10000 /* of the text; numpy.load reads no more either */
#define MOST_RANK 64     /* NumPy's */

typedef struct reader {
    const nn_source *source;
    nn_array *array;
    const char *at, *end;
    bool has_descr, has_order, has_shape;
} reader;

static ad_status fail_syntax(const reader *r, const char *wanted)
{
    char shown[NN_SHOWN_BYTES];
    if (r->at == r->end)
        return nn_source_fail(r->source, "its header ends where %s should be; " NN_NPY_REMEDY, wanted);
    return nn_source_fail(r->source, "its header has %s where %s should be; " NN_NPY_REMEDY,
                          nn_show_bytes(shown, r->at, (size_t)(r->end - r->at)), wanted);
}

/* Steps over a word, after spaces. False if something else is there. */
static bool eat(reader *r, const char *word)
{
    size_t n = strlen(word);
    while (r->at < r->end && *r->at == ' ')
        r->at++;
    if ((size_t)(r->end - r->at) < n || memcmp(r->at, word, n) != 0)
        return false;
    r->at += n;
    return true;
}

/* A text in quotes of either kind, without the backslashes that NumPy does not write. */
static ad_status read_text(reader *r, const char *what, const char **text, size_t *n)
{
    char quote = eat(r, "'") ? '\'' : '"';
    if (quote == '"' && !eat(r, "\""))
        return fail_syntax(r, what);
    *text = r->at;
    while (r->at < r->end && *r->at != quote && *r->at != '\\' && *r->at != '\n')
        r->at++;
    *n = (size_t)(r->at - *text);
    if (r->at == r->end || *r->at != quote)
        return fail_syntax(r, "the end of a text in quotes");
    r->at++;
    return AD_OK;
}

/* ---- Values ------------------------------------------------------------------------------------------------------ */

static ad_status fail_type(const reader *r, const char *descr, size_t n)
{
    char shown[NN_SHOWN_BYTES];
    if (memchr(descr, 'O', n))
        return nn_source_fail(r->source, "holds Python's objects (a pickle), which are never read; save numbers, for "
                                         "instance x.astype('float32')");
    return nn_source_fail(r->source,
                          "dtype %s is not read: bool, float16, 32 and 64, int and uint of 8, 16, 32 and 64 bits are; "
                          "save x.astype('float32')",
                          nn_show_bytes(shown, descr, n));
}

/* '<f4': the order of bytes, the kind and the bytes of a number. One byte has no order. */
static ad_status read_descr(reader *r)
{
    static const struct {
        const char *code;
        nn_number number;
    } codes[] = {{"f2", NN_NUMBER_F16}, {"f4", NN_NUMBER_F32}, {"f8", NN_NUMBER_F64}, {"b1", NN_NUMBER_BOOL},
                 {"i1", NN_NUMBER_I8},  {"i2", NN_NUMBER_I16}, {"i4", NN_NUMBER_I32}, {"i8", NN_NUMBER_I64},
                 {"u1", NN_NUMBER_U8},  {"u2", NN_NUMBER_U16}, {"u4", NN_NUMBER_U32}, {"u8", NN_NUMBER_U64}};
    _Static_assert(sizeof codes / sizeof *codes == NN_NUMBER_COUNT, "every number has a code");
    const char *descr;
    size_t n;
    if (eat(r, "["))
        return nn_source_fail(r->source, "its numbers have names (a structured dtype); save one array of one type, for "
                                         "instance with numpy.lib.recfunctions.structured_to_unstructured");
    ad_status status = read_text(r, "the dtype", &descr, &n);
    if (status != AD_OK)
        return status;
    bool has_order = n == 3 && (*descr == '<' || *descr == '>');
    for (size_t i = 0; n == 3 && i < NN_NUMBER_COUNT; i++)
        if (memcmp(codes[i].code, descr + 1, 2) == 0 && (has_order || (*descr == '|' && descr[2] == '1'))) {
            r->array->number = codes[i].number;
            r->array->is_big_endian = *descr == '>';
            return AD_OK;
        }
    return fail_type(r, descr, n);
}

static ad_status read_order(reader *r)
{
    r->array->is_by_columns = eat(r, "True");
    return r->array->is_by_columns || eat(r, "False") ? AD_OK : fail_syntax(r, "True or False");
}

static ad_status read_size(reader *r)
{
    uint64_t size = 0;
    const char *first = r->at;
    for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++) {
        uint64_t digit = (uint64_t)(*r->at - '0');
        if (size > (UINT64_MAX - digit) / 10)
            return nn_source_fail(r->source, "sizes overflow: one is larger than 64 bits count; " NN_NPY_REMEDY);
        size = 10 * size + digit;
    }
    if (r->at == first || (*first == '0' && r->at > first + 1)) {
        r->at = first;
        return fail_syntax(r, "a size");
    }
    if (r->at < r->end && *r->at == 'L') /* written by Python 2 */
        r->at++;
    if (r->array->rank == MOST_RANK)
        return nn_source_fail(r->source, "more than %d sizes, which NumPy does not have; " NN_NPY_REMEDY, MOST_RANK);
    r->array->sizes[r->array->rank++] = size;
    return AD_OK;
}

/* (2, 3), (2, 3,) or (2,): without a comma it would be no tuple. */
static ad_status read_shape(reader *r)
{
    bool comma = true;
    if (!eat(r, "("))
        return fail_syntax(r, "the shape");
    while (!eat(r, ")")) {
        if (!comma)
            return fail_syntax(r, "a comma");
        ad_status status = read_size(r);
        if (status != AD_OK)
            return status;
        comma = eat(r, ",");
    }
    if (r->array->rank == 0)
        return nn_source_fail(r->source, "is a single number, shape (); save an array, for instance x.reshape(1)");
    return r->array->rank > 1 || comma ? AD_OK : nn_source_fail(r->source, "its shape is no tuple; " NN_NPY_REMEDY);
}

/* ---- The dictionary ---------------------------------------------------------------------------------------------- */

static ad_status read_entry(reader *r)
{
    const struct {
        const char *key;
        ad_status (*read)(reader *);
        bool *has;
    } entries[] = {{"descr", read_descr, &r->has_descr},
                   {"fortran_order", read_order, &r->has_order},
                   {"shape", read_shape, &r->has_shape}};
    char shown[NN_SHOWN_BYTES];
    const char *key;
    size_t n;
    ad_status status = read_text(r, "a key", &key, &n);
    if (status != AD_OK)
        return status;
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        if (n == strlen(entries[i].key) && memcmp(entries[i].key, key, n) == 0) {
            if (*entries[i].has)
                return nn_source_fail(r->source, "its header has '%s' twice; " NN_NPY_REMEDY, entries[i].key);
            *entries[i].has = true;
            return eat(r, ":") ? entries[i].read(r) : fail_syntax(r, "a colon");
        }
    return nn_source_fail(r->source, "its header has an unknown key %s; " NN_NPY_REMEDY, nn_show_bytes(shown, key, n));
}

static ad_status read_dictionary(reader *r)
{
    bool comma = true;
    if (!eat(r, "{"))
        return fail_syntax(r, "a dictionary");
    while (!eat(r, "}")) {
        if (!comma)
            return fail_syntax(r, "a comma");
        ad_status status = read_entry(r);
        if (status != AD_OK)
            return status;
        comma = eat(r, ",");
    }
    const char *missing = !r->has_descr ? "descr" : !r->has_order ? "fortran_order" : !r->has_shape ? "shape" : NULL;
    if (missing)
        return nn_source_fail(r->source, "its header has no '%s'; " NN_NPY_REMEDY, missing);
    if (!eat(r, "\n") || r->at < r->end)
        return fail_syntax(r, "its end");
    return AD_OK;
}

/* ---- The file ---------------------------------------------------------------------------------------------------- */

static ad_status read_magic(nn_source *s, nn_array *a, size_t *length)
{
    unsigned char m[8], n[4] = {0};
    ad_status status = nn_array_read_header(s, a, m, sizeof m);
    if (status != AD_OK)
        return status;
    if (m[0] == 'P' && m[1] == 'K' && !s->is_member)
        return nn_source_fail(s, "is a zip archive; if NumPy made it, read it with nn_dataset_read_npz");
    if (memcmp(m, "\x93NUMPY", 6) != 0)
        return nn_source_fail(s,
                              "not NumPy's: it begins with %02x %02x %02x %02x %02x %02x, not 93 4e 55 4d 50 59; check "
                              "the path, or save x with numpy.save",
                              m[0], m[1], m[2], m[3], m[4], m[5]);
    if (m[6] < 1 || m[6] > 3 || m[7] != 0)
        return nn_source_fail(s, "version %u.%u of NumPy's format, 1.0, 2.0 and 3.0 are read; " NN_NPY_REMEDY, m[6],
                              m[7]);
    status = nn_array_read_header(s, a, n, m[6] == 1 ? 2 : 4);
    *length = (size_t)n[0] | (size_t)n[1] << 8 | (size_t)n[2] << 16 | (size_t)n[3] << 24;
    if (status == AD_OK && *length > MOST_BYTES)
        return nn_source_fail(s, "its header has %zu bytes, at most %d are read; " NN_NPY_REMEDY, *length, MOST_BYTES);
    return status;
}

ad_status nn_npy_open(nn_source *s, nn_array *a)
{
    char text[MOST_BYTES];
    size_t length = 0;
    *a = (nn_array){0};
    ad_status status = read_magic(s, a, &length);
    if (status == AD_OK)
        status = nn_array_read_header(s, a, text, length);
    if (status == AD_OK)
        status = read_dictionary(&(reader){.source = s, .array = a, .at = text, .end = text + length});
    return status == AD_OK ? nn_array_measure(s, a) : status;
}
