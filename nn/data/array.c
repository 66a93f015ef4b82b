/* Values of arrays in files: read, brought into the order of this machine and of rows, and converted. */
#include "array.h"

#include <limits.h>
#include <string.h>

#include "../lengthen.h"

#define FIRST_ROOM ((size_t)1 << 20) /* for values of a source whose length nobody knows */

typedef struct number_kind {
    const char *name;
    size_t bytes;
    nn_element element; /* of features */
    bool is_floating;
} number_kind;

#define WHOLE(name, text, type, element) [NN_NUMBER_##name] = {#text, sizeof(type), element, false},
#define FLOATING(name, text, type, element) [NN_NUMBER_##name] = {#text, sizeof(type), element, true},
static const number_kind kinds[] = {NN_SIGNED_LIST(WHOLE) NN_UNSIGNED_LIST(WHOLE) NN_FLOATING_LIST(FLOATING)};
#undef WHOLE
#undef FLOATING

bool nn_number_is_floating(nn_number number) { return kinds[number].is_floating; }

/* ---- Sizes ------------------------------------------------------------------------------------------------------- */

ad_status nn_array_read_header(nn_source *s, nn_array *a, void *to, size_t bytes)
{
    size_t got;
    ad_status status = nn_source_read(s, to, bytes, &got);
    a->header_bytes += got;
    if (status != AD_OK || got == bytes)
        return status;
    return nn_source_fail(s, "truncated: the header ends after %zu bytes; %s", a->header_bytes, s->remedy);
}

/* "60000 x 28 x 28 of u8"; of a high rank only the first sizes. */
static void show_shape(nn_array *a)
{
    unsigned shown = a->rank < 8 ? a->rank : 8;
    size_t at = 0, size = sizeof a->shape;
    for (unsigned i = 0; i < shown; i++)
        at += (size_t)snprintf(a->shape + at, size - at, "%s%llu", i ? " x " : "", (unsigned long long)a->sizes[i]);
    snprintf(a->shape + at, size - at, "%s of %s", shown < a->rank ? " x ..." : "", kinds[a->number].name);
}

static bool multiply(size_t *product, uint64_t size)
{
    return size <= SIZE_MAX && ad_multiply_sizes(*product, (size_t)size, product);
}

static ad_status fail_length(const nn_source *s, const nn_array *a, const char *what, const char *found)
{
    return nn_source_fail(s, "%s: header says %s (%zu bytes in all), %s; %s", what, a->shape, a->total_bytes, found,
                          s->remedy);
}

static ad_status check_length(const nn_source *s, const nn_array *a)
{
    char found[80];
    unsigned long long bytes = s->length;
    if (s->length == NN_NO_LENGTH)
        return AD_OK;
    snprintf(found, sizeof found, "%s %llu", nn_source_holds(s), bytes);
    if (!s->is_gzip && a->total_bytes != s->length)
        return fail_length(s, a, s->length < a->total_bytes ? "truncated" : "overlong", found);
    snprintf(found, sizeof found, "more than %llu bytes of gzip can hold", bytes);
    return nn_deflate_could_hold(bytes, a->total_bytes) ? AD_OK : fail_length(s, a, "truncated", found);
}

ad_status nn_array_measure(const nn_source *s, nn_array *a)
{
    size_t bytes = 0;
    a->columns = a->rows = 1;
    bool fits = multiply(&a->rows, a->sizes[0]);
    for (unsigned i = 1; i < a->rank && fits; i++)
        fits = multiply(&a->columns, a->sizes[i]);
    fits = fits && a->rows <= INT64_MAX && a->columns <= INT64_MAX && ad_multiply_sizes(a->rows, a->columns, &a->count);
    fits = fits && ad_multiply_sizes(a->count, nn_element_bytes(kinds[a->number].element), NULL);
    fits = fits && ad_multiply_sizes(a->count, kinds[a->number].bytes, &bytes) && bytes <= SIZE_MAX - a->header_bytes;
    show_shape(a);
    if (!fits)
        return nn_source_fail(s, "sizes overflow: %s is more bytes than %zu bits count; %s", a->shape, 8 * sizeof bytes,
                              s->remedy);
    a->total_bytes = bytes + a->header_bytes;
    return check_length(s, a);
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

/* A block of `old` bytes becomes one of `bytes`, with the content of the old one. */
static ad_status widen(nn_source *s, unsigned char **block, size_t old, size_t bytes)
{
    unsigned char *wider = nn_lengthen(&s->dataset->memory, *block, old, old, bytes, 1);
    if (!wider)
        return nn_source_fail_memory(s, bytes);
    *block = wider;
    return AD_OK;
}

/* Reads so many bytes into a block of just that size. If nobody knows the length of the source, the block grows with
 * what has come. */
static ad_status read_block(nn_source *s, size_t bytes, unsigned char **block, size_t *got)
{
    size_t room = s->length == NN_NO_LENGTH && bytes > FIRST_ROOM ? FIRST_ROOM : bytes, more;
    ad_status status = widen(s, block, 0, room);
    for (*got = 0; status == AD_OK;) {
        status = nn_source_read(s, *block + *got, room - *got, &more);
        if (status != AD_OK)
            break;
        *got += more;
        if (*got < room || room == bytes)
            break;
        size_t wider = room < bytes / 2 ? 2 * room : bytes;
        status = widen(s, block, room, wider);
        room = status == AD_OK ? wider : room;
    }
    if (status == AD_OK && *got == bytes)
        return AD_OK;
    ad_memory_release(&s->dataset->memory, *block, room, 1);
    *block = NULL;
    return status;
}

/* Reads the values and then one byte more, which must not be there: only so are checksums reached, too. */
static ad_status read_all(nn_source *s, const nn_array *a, size_t bytes, unsigned char **values)
{
    char found[80];
    unsigned char more;
    size_t got = 0, rest = 0;
    ad_status status = read_block(s, bytes, values, &got);
    if (status == AD_OK && got == bytes)
        status = nn_source_read(s, &more, 1, &rest);
    if (status == AD_OK && got == bytes && rest == 0)
        return AD_OK;
    ad_memory_release(&s->dataset->memory, *values, bytes, 1);
    *values = NULL;
    if (status != AD_OK)
        return status;
    if (rest > 0)
        snprintf(found, sizeof found, "%s more", nn_source_holds(s));
    else
        snprintf(found, sizeof found, "%s %zu", nn_source_holds(s), a->header_bytes + got);
    return fail_length(s, a, rest > 0 ? "overlong" : "truncated", found);
}

/* The bytes of each value turned round. */
#define TURN(type)                                                                                                     \
    static void turn_##type(unsigned char *values, size_t count)                                                       \
    {                                                                                                                  \
        for (size_t i = 0; i < count; i++, values += sizeof(type)) {                                                   \
            type value, turned = 0;                                                                                    \
            memcpy(&value, values, sizeof value);                                                                      \
            for (size_t k = 0; k < sizeof value; k++, value = (type)(value >> 8))                                      \
                turned = (type)(turned << 8 | (value & 0xFF));                                                         \
            memcpy(values, &turned, sizeof turned);                                                                    \
        }                                                                                                              \
    }
TURN(uint16_t)
TURN(uint32_t)
TURN(uint64_t)
#undef TURN

/* To the order of this machine, in place. */
static void to_host(void *values, size_t count, size_t bytes, bool is_big_endian)
{
    const uint16_t one = 1;
    const bool host_is_big_endian = *(const unsigned char *)&one == 0;
    if (is_big_endian == host_is_big_endian)
        return;
    if (bytes == 2)
        turn_uint16_t(values, count);
    if (bytes == 4)
        turn_uint32_t(values, count);
    if (bytes == 8)
        turn_uint64_t(values, count);
}

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

/* The columns of Fortran's order stand in the order of their first index: where column c of ours stands there. */
static size_t fortran_column(const nn_array *a, size_t c)
{
    size_t at = 0;
    size_t stride = a->columns;
    for (unsigned i = a->rank - 1; i > 0; i--) {
        stride /= (size_t)a->sizes[i];
        at += c % (size_t)a->sizes[i] * stride;
        c /= (size_t)a->sizes[i];
    }
    return at;
}

/* Some rows at a time, so that what is written stays in the cache. */
static void copy_by_rows(const nn_array *a, const unsigned char *from, unsigned char *to, size_t bytes)
{
    enum { ROWS = 64 };
    for (size_t first = 0; first < a->rows; first += ROWS) {
        size_t end = a->rows - first < ROWS ? a->rows : first + ROWS;
        for (size_t c = 0; c < a->columns; c++) {
            const unsigned char *column = from + fortran_column(a, c) * a->rows * bytes;
            for (size_t r = first; r < end; r++)
                memcpy(to + (r * a->columns + c) * bytes, column + r * bytes, bytes);
        }
    }
}

static ad_status order_by_rows(nn_source *s, const nn_array *a, unsigned char **values, size_t bytes)
{
    if (!a->is_by_columns || a->count == 0 || a->columns == 1)
        return AD_OK;
    unsigned char *rows = ad_memory_take(&s->dataset->memory, a->count, bytes);
    if (!rows)
        return nn_source_fail_memory(s, a->count * bytes);
    copy_by_rows(a, *values, rows, bytes);
    ad_memory_release(&s->dataset->memory, *values, a->count, bytes);
    *values = rows;
    return AD_OK;
}

/* Numbers of bool are 0 and 1; no program writes others. */
static ad_status check_bools(const nn_source *s, const nn_array *a, const unsigned char *values)
{
    for (size_t i = 0; i < a->count; i++)
        if (values[i] > 1)
            return nn_source_fail(s, "row %zu, column %zu of bool is %u, neither 0 nor 1; %s", i / a->columns,
                                  i % a->columns, values[i], s->remedy);
    return AD_OK;
}

/* All values in a block of count x bytes of the number, row-major. The caller releases it, after an error too. */
static ad_status read_values(nn_source *s, const nn_array *a, unsigned char **values)
{
    size_t bytes = kinds[a->number].bytes;
    ad_status status = read_all(s, a, a->count * bytes, values);
    if (status != AD_OK)
        return status;
    to_host(*values, a->count, bytes, a->is_big_endian);
    status = order_by_rows(s, a, values, bytes);
    return status == AD_OK && a->number == NN_NUMBER_BOOL ? check_bools(s, a, *values) : status;
}

/* ---- Numbers ----------------------------------------------------------------------------------------------------- */

/* A number of IEEE 754's 16 bits: sign, 5 bits of exponent, 10 of fraction. All are numbers of f32, too. */
static float number_of_f16(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 31, fraction = half & 0x3FF;
    float number = (float)fraction * 0x1p-24f; /* exponent 0: no leading 1 */
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    if (exponent == 31)
        bits = 0x7F800000 | fraction << 13;
    else if (exponent > 0)
        bits = (exponent + 112) << 23 | fraction << 13;
    bits |= sign;
    memcpy(&number, &bits, sizeof bits);
    return number;
}

/* Number i of a block. */
static int64_t signed_at(const void *values, nn_number number, size_t i)
{
    switch (number) {
#define CASE(name, text, type, element)                                                                                \
    case NN_NUMBER_##name: return ((const type *)values)[i];
        NN_SIGNED_LIST(CASE)
    default: return 0;
    }
}

static uint64_t unsigned_at(const void *values, nn_number number, size_t i)
{
    switch (number) {
        NN_UNSIGNED_LIST(CASE)
#undef CASE
    default: return 0;
    }
}

static bool is_signed(nn_number number)
{
#define IS(name, text, type, element) || number == NN_NUMBER_##name
    return false NN_SIGNED_LIST(IS);
#undef IS
}

static const char *show_number(char text[24], const void *values, nn_number number, size_t i)
{
    if (is_signed(number))
        snprintf(text, 24, "%lld", (long long)signed_at(values, number, i));
    else
        snprintf(text, 24, "%llu", (unsigned long long)unsigned_at(values, number, i));
    return text;
}

/* The nearest number of f64. False if it is not the same. */
static bool real_of(const void *values, nn_number number, size_t i, double *real)
{
    if (is_signed(number)) {
        int64_t whole = signed_at(values, number, i);
        *real = (double)whole;
        return *real < 0x1p63 && (int64_t)*real == whole;
    }
    uint64_t whole = unsigned_at(values, number, i);
    *real = (double)whole;
    return *real < 0x1p64 && (uint64_t)*real == whole;
}

/* ---- Features and targets ---------------------------------------------------------------------------------------- */

static ad_status convert_one(const nn_source *s, const nn_array *a, const void *values, size_t i, void *to)
{
    char text[24];
    if (a->number == NN_NUMBER_F16)
        ((float *)to)[i] = number_of_f16(((const uint16_t *)values)[i]);
    else if (a->number == NN_NUMBER_U16)
        ((int32_t *)to)[i] = ((const uint16_t *)values)[i];
    else if (!real_of(values, a->number, i, (double *)to + i))
        return nn_source_fail(s, "row %zu, column %zu is %s, which f64 does not hold exactly; save it as float64",
                              i / a->columns, i % a->columns, show_number(text, values, a->number, i));
    return AD_OK;
}

static bool is_kept(nn_number number)
{
    switch (number) {
    case NN_NUMBER_F16:
    case NN_NUMBER_U16:
    case NN_NUMBER_U32:
    case NN_NUMBER_I64:
    case NN_NUMBER_U64: return false;
    default: return true;
    }
}

/* The values become numbers of the element, in a new block. */
static ad_status convert(nn_source *s, const nn_array *a, unsigned char **values)
{
    size_t bytes = nn_element_bytes(kinds[a->number].element);
    if (is_kept(a->number))
        return AD_OK;
    void *converted = ad_memory_take(&s->dataset->memory, a->count, bytes);
    if (!converted)
        return nn_source_fail_memory(s, a->count * bytes);
    ad_status status = AD_OK;
    for (size_t i = 0; i < a->count && status == AD_OK; i++)
        status = convert_one(s, a, *values, i, converted);
    if (status != AD_OK) {
        ad_memory_release(&s->dataset->memory, converted, a->count, bytes);
        return status;
    }
    ad_memory_release(&s->dataset->memory, *values, a->count, kinds[a->number].bytes);
    *values = converted;
    return AD_OK;
}

static ad_status read_elements(nn_source *s, const nn_array *a, void **elements)
{
    unsigned char *values = NULL;
    ad_status status = read_values(s, a, &values);
    if (status == AD_OK)
        status = convert(s, a, &values);
    if (status != AD_OK) {
        ad_memory_release(&s->dataset->memory, values, a->count, kinds[a->number].bytes);
        return status;
    }
    *elements = values;
    return AD_OK;
}

ad_status nn_array_features(nn_source *s, const nn_array *a, nn_data *data)
{
    void *features;
    ad_status status = read_elements(s, a, &features);
    if (status == AD_OK)
        *data = (nn_data){.features = features,
                          .element = kinds[a->number].element,
                          .rows = (int64_t)a->rows,
                          .columns = (int64_t)a->columns};
    return status;
}

static ad_status check_rows(const nn_source *s, const nn_array *a, const char *what, const char *features,
                            const nn_data *data)
{
    if (a->rows == (size_t)data->rows)
        return AD_OK;
    return nn_source_fail(s, "%zu %s for the %lld rows of %s; take both %s from the same set", a->rows, what,
                          (long long)data->rows, features, s->is_member ? "arrays" : "files");
}

ad_status nn_array_targets(nn_source *s, const nn_array *a, const char *features, nn_data *data)
{
    void *targets;
    if (a->columns == 0) /* which to users of data would mean 1 */
        return nn_source_fail(s, "targets have at least one column, the header says %s; save one number for each row",
                              a->shape);
    ad_status status = check_rows(s, a, "targets", features, data);
    if (status == AD_OK)
        status = read_elements(s, a, &targets);
    if (status != AD_OK)
        return status;
    data->targets = targets;
    data->target_element = kinds[a->number].element;
    data->n_targets = (int64_t)a->columns;
    return AD_OK;
}

/* ---- Labels ------------------------------------------------------------------------------------------------------ */

static ad_status convert_labels(const nn_source *s, const nn_array *a, const void *values, int32_t *labels)
{
    char text[24];
    for (size_t i = 0; i < a->count; i++) {
        int64_t whole = is_signed(a->number) ? signed_at(values, a->number, i) : 0;
        uint64_t natural = is_signed(a->number) ? 0 : unsigned_at(values, a->number, i);
        if (whole < INT32_MIN || whole > INT32_MAX || natural > INT32_MAX)
            return nn_source_fail(s,
                                  "the label of row %zu is %s, labels are from -2147483648 to 2147483647; number the "
                                  "classes 0, 1, 2 and so on",
                                  i, show_number(text, values, a->number, i));
        labels[i] = (int32_t)(is_signed(a->number) ? whole : (int64_t)natural);
    }
    return AD_OK;
}

ad_status nn_array_fail_labels(const nn_source *s, const nn_array *a)
{
    return nn_source_fail(s, "labels have one size, the header says %s; are the %s of labels and of features swapped?",
                          a->shape, s->is_member ? "names" : "files");
}

ad_status nn_array_labels(nn_source *s, const nn_array *a, const char *features, nn_data *data)
{
    unsigned char *values = NULL;
    ad_memory *memory = &s->dataset->memory;
    ad_status status = a->columns == 1 ? check_rows(s, a, "labels", features, data) : nn_array_fail_labels(s, a);
    if (status == AD_OK)
        status = read_values(s, a, &values);
    if (status != AD_OK) {
        ad_memory_release(memory, values, a->count, kinds[a->number].bytes);
        return status;
    }
    int32_t *labels = ad_memory_take(memory, a->count, sizeof *labels);
    status = labels ? convert_labels(s, a, values, labels) : nn_source_fail_memory(s, a->count * sizeof *labels);
    ad_memory_release(memory, values, a->count, kinds[a->number].bytes);
    if (status == AD_OK)
        data->labels = labels;
    else
        ad_memory_release(memory, labels, a->count, sizeof *labels);
    return status;
}
