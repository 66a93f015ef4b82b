/* The header of a safetensors file, read. Files of other programs are read too, with all types of the format. */
#include <stdlib.h>
#include <string.h>

#include "header.h"
#include "pieces.h"

/* Lists and objects within each other; values: of each tensor itself, its three members and their elements. */
enum { DEPTH = 4, VALUES = 2 + NN_FILE_TEXTS + NN_FILE_TENSORS * (1 + 3 + NN_FILE_RANK + 2) };

typedef struct reader {
    nn_safetensors *file;
    const char *text;
    nn_writer *message;
    const nn_json *checksum;
} reader;

/* ---- Messages ---------------------------------------------------------------------------------------------------- */

static ad_status fail(const reader *r, const char *what)
{
    nn_put(r->message, what);
    return AD_BAD_FILE;
}

static ad_status fail_memory(const reader *r)
{
    nn_put(r->message, "memory is out for the header");
    return AD_NO_MEMORY;
}

/* Says what is wrong with a member of the header. */
static ad_status fail_name(const reader *r, const char *what, const char *name, const char *why)
{
    nn_put(r->message, what);
    nn_put_quoted(r->message, name);
    nn_put(r->message, why);
    return AD_BAD_FILE;
}

static ad_status fail_tensor(const reader *r, const nn_file_tensor *t, const char *why)
{
    return fail_name(r, "tensor ", t->name, why);
}

/* ---- Types ------------------------------------------------------------------------------------------------------- */

/* The types of the format, safetensors 0.8, with the bits of an element. */
static unsigned bits_of_type(const char *name)
{
    static const struct {
        const char *name;
        unsigned bits;
    } types[] = {{"F64", 64},        {"I64", 64},    {"U64", 64},    {"C64", 64},    {"F32", 32},    {"I32", 32},
                 {"U32", 32},        {"F16", 16},    {"BF16", 16},   {"I16", 16},    {"U16", 16},    {"I8", 8},
                 {"U8", 8},          {"BOOL", 8},    {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E5M2FNUZ", 8},
                 {"F8_E4M3FNUZ", 8}, {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"F4", 4}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, name) == 0)
            return types[i].bits;
    return 0;
}

static nn_file_type type_of_name(const char *name)
{
    int type = 0;
    while (type < NN_FILE_TYPE_COUNT && strcmp(nn_file_type_name((nn_file_type)type), name) != 0)
        type++;
    return (nn_file_type)type;
}

/* ---- A tensor ---------------------------------------------------------------------------------------------------- */

static bool has_0_within(const char *text, size_t bytes) { return strlen(text) != bytes; }

static bool is_size(const nn_json *value, int64_t *x) { return nn_json_is_integer(value, x) && *x >= 0; }

static ad_status read_shape(const reader *r, nn_file_tensor *t, const nn_json *shape)
{
    if (shape->type != NN_JSON_LIST)
        return fail_tensor(r, t, ": its shape is no list");
    if (shape->n > NN_FILE_RANK) {
        fail_tensor(r, t, ": its shape has ");
        nn_put_format(r->message, "%zu sizes, at most %d are read", shape->n, NN_FILE_RANK);
        return AD_BAD_FILE;
    }
    for (const nn_json *size = shape->first; size; size = size->next)
        if (!is_size(size, &t->sizes[t->rank++]))
            return fail_tensor(r, t, ": a size of its shape is no whole number from 0 on");
    return AD_OK;
}

static ad_status read_offsets(const reader *r, nn_file_tensor *t, const nn_json *offsets)
{
    int64_t begin, end;
    if (offsets->type != NN_JSON_LIST || offsets->n != 2 || !is_size(offsets->first, &begin) ||
        !is_size(offsets->first->next, &end) || begin > end)
        return fail_tensor(r, t, ": its data_offsets are not two whole numbers, from 0 on and rising");
    t->begin = (uint64_t)begin;
    t->end = (uint64_t)end;
    return AD_OK;
}

static ad_status read_type(const reader *r, nn_file_tensor *t, const nn_json *type)
{
    if (type->type != NN_JSON_TEXT)
        return fail_tensor(r, t, ": its dtype is no text");
    t->type_name = type->text;
    t->type = type_of_name(type->text);
    if (has_0_within(type->text, type->bytes) || bits_of_type(type->text) == 0) {
        fail_tensor(r, t, " has the dtype ");
        nn_put_quoted(r->message, type->text);
        nn_put(r->message, ", which the format does not know");
        return AD_BAD_FILE;
    }
    return AD_OK;
}

/* The offsets leave as much room as shape and type take. */
static ad_status check_bytes(const reader *r, const nn_file_tensor *t)
{
    uint64_t bits = bits_of_type(t->type_name);
    for (int i = 0; i < t->rank; i++) {
        const uint64_t size = (uint64_t)t->sizes[i];
        if (size > 0 && bits > UINT64_MAX / size)
            return fail_tensor(r, t, ": its shape has more elements than 64 bits count");
        bits *= size;
    }
    if (bits % 8 == 0 && bits / 8 == t->end - t->begin)
        return AD_OK;
    fail_tensor(r, t, ": its data_offsets span ");
    nn_put_format(r->message, "%llu bytes, dtype and shape say %llu", (unsigned long long)(t->end - t->begin),
                  (unsigned long long)(bits / 8 + (bits % 8 != 0)));
    return AD_BAD_FILE;
}

static ad_status read_tensor(const reader *r, nn_file_tensor *t, const nn_json *member)
{
    const nn_json *type = nn_json_member(member, "dtype"), *shape = nn_json_member(member, "shape"),
                  *offsets = nn_json_member(member, "data_offsets");
    *t = (nn_file_tensor){.name = member->key};
    if (has_0_within(member->key, member->key_bytes))
        return fail_tensor(r, t, " has a 0 in its name");
    if (!type || !shape || !offsets || member->n != 3)
        return fail_tensor(r, t, " must have dtype, shape and data_offsets, and nothing else");
    ad_status status = read_type(r, t, type);
    if (status == AD_OK)
        status = read_shape(r, t, shape);
    if (status == AD_OK)
        status = read_offsets(r, t, offsets);
    return status == AD_OK ? check_bytes(r, t) : status;
}

/* ---- All tensors ------------------------------------------------------------------------------------------------- */

static int by_place(const void *a, const void *b)
{
    const nn_file_tensor *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    if (x->end != y->end)
        return x->end < y->end ? -1 : 1;
    return strcmp(x->name, y->name);
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(nn_file_tensor *const *)a)->name, (*(nn_file_tensor *const *)b)->name);
}

/* Each begins where the last one ended, and the last one ends with the file. Offsets become those of the file. */
static ad_status check_places(const reader *r)
{
    nn_safetensors *f = r->file;
    uint64_t end = 0;
    for (size_t i = 0; i < f->content.n_tensors; i++) {
        nn_file_tensor *t = &f->content.tensors[i];
        if (t->begin != end) {
            fail_tensor(r, t, " begins at byte ");
            nn_put_format(r->message, "%llu of the data, where the one before it ends at byte %llu",
                          (unsigned long long)t->begin, (unsigned long long)end);
            return AD_BAD_FILE;
        }
        end = t->end;
        t->begin += f->data;
        t->end += f->data;
    }
    if (end == f->length - f->data)
        return AD_OK;
    nn_put_format(r->message, "%s: behind its header are %llu bytes, its tensors have %llu",
                  end > f->length - f->data ? "cut" : "something stands behind its end",
                  (unsigned long long)(f->length - f->data), (unsigned long long)end);
    return AD_BAD_FILE;
}

static ad_status read_tensors(const reader *r, const nn_json *root)
{
    nn_safetensors *f = r->file;
    const size_t most = root->n;
    f->content.tensors = nn_store_take(f->store, most, sizeof *f->content.tensors);
    f->by_name = nn_store_take(f->store, most, sizeof *f->by_name);
    if (!f->content.tensors || !f->by_name)
        return fail_memory(r);
    for (const nn_json *member = root->first; member; member = member->next) {
        if (member->key_bytes == strlen(NN_HEADER_METADATA) && strcmp(member->key, NN_HEADER_METADATA) == 0)
            continue;
        if (f->content.n_tensors == NN_FILE_TENSORS) {
            nn_put_format(r->message, "more than %d tensors, which is as many as are read", NN_FILE_TENSORS);
            return AD_BAD_FILE;
        }
        const ad_status status = read_tensor(r, &f->content.tensors[f->content.n_tensors++], member);
        if (status != AD_OK)
            return status;
    }
    if (f->content.n_tensors > 0)
        qsort(f->content.tensors, f->content.n_tensors, sizeof *f->content.tensors, by_place);
    for (size_t i = 0; i < f->content.n_tensors; i++)
        f->by_name[i] = &f->content.tensors[i];
    if (f->content.n_tensors > 0)
        qsort(f->by_name, f->content.n_tensors, sizeof *f->by_name, by_name);
    return check_places(r);
}

/* ---- Metadata ---------------------------------------------------------------------------------------------------- */

static ad_status read_texts(reader *r, const nn_json *metadata)
{
    if (!metadata)
        return AD_OK;
    if (metadata->type != NN_JSON_OBJECT)
        return fail(r, "its metadata are no object of texts");
    nn_file_text *texts = nn_store_take(r->file->store, metadata->n, sizeof *texts);
    if (!texts)
        return fail_memory(r);
    size_t n = 0;
    for (const nn_json *text = metadata->first; text; text = text->next) {
        if (text->type != NN_JSON_TEXT)
            return fail_name(r, "the value of ", text->key, " in its metadata is no text");
        if (has_0_within(text->key, text->key_bytes) || has_0_within(text->text, text->bytes))
            return fail_name(r, "", text->key, " in its metadata has a 0 in its key or its text");
        texts[n++] = (nn_file_text){text->key, text->text};
    }
    r->file->content.texts = texts;
    r->file->content.n_texts = n;
    r->checksum = nn_json_member(metadata, NN_FILE_CHECKSUM);
    return AD_OK;
}

/* Digits that are escaped are those of no writer of ours. */
static size_t digits_of(const reader *r)
{
    const nn_json *checksum = r->checksum;
    const bool is_plain =
        checksum && checksum->bytes == 8 && memcmp(r->text + checksum->at + 1, checksum->text, 8) == 0;
    return is_plain ? checksum->at + 1 : 0;
}

ad_status nn_header_read(nn_safetensors *file, const char *text, size_t n, size_t *digits, nn_writer *message)
{
    reader r = {.file = file, .text = text, .message = message};
    char why[256];
    const nn_json *root;
    if (n == 0 || text[0] != '{')
        return fail(&r, "its header does not begin with {");
    ad_status status = nn_json_read(&root, text, n, (nn_json_bounds){DEPTH, VALUES}, file->store, why, sizeof why);
    if (status != AD_OK) {
        nn_put(message, status == AD_NO_MEMORY ? "" : "its header is not JSON as the format demands: ");
        nn_put(message, why);
        return status;
    }
    status = read_texts(&r, nn_json_member(root, NN_HEADER_METADATA));
    if (status == AD_OK)
        status = read_tensors(&r, root);
    file->has_checksum = r.checksum;
    file->is_rewritten = text[n - 1] != '\n';
    *digits = digits_of(&r);
    return status;
}
