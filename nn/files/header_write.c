/* The header of a safetensors file, written. */
#include <stdlib.h>
#include <string.h>

#include "header.h"
#include "pieces.h"
#include "utf8.h"

typedef struct header {
    const nn_file_content *content;
    const nn_file_tensor **sorted;
    nn_writer *message;
} header;

static ad_status fail(const header *h, const char *what, const char *name, const char *why)
{
    nn_put(h->message, what);
    nn_put_quoted(h->message, name);
    nn_put(h->message, why);
    return AD_BAD_VALUE;
}

/* ---- Checks ------------------------------------------------------------------------------------------------------ */

static ad_status check_tensor(const header *h, const nn_file_tensor *t)
{
    uint64_t bytes;
    bool has_sizes = t->rank >= 0 && t->rank <= NN_FILE_RANK;
    for (int i = 0; has_sizes && i < t->rank; i++)
        has_sizes = t->sizes[i] >= 0;
    if (!nn_is_utf8(t->name, strlen(t->name)))
        return fail(h, "the name ", t->name, " of a tensor is not UTF-8");
    if (strcmp(t->name, NN_HEADER_METADATA) == 0)
        return fail(h, "the name ", t->name, " is that of the metadata; give the tensor another");
    if (t->type >= NN_FILE_TYPE_COUNT)
        return fail(h, "tensor ", t->name, " has no type");
    if (!has_sizes || !nn_file_bytes(t, &bytes) || bytes > SIZE_MAX / 2)
        return fail(h, "tensor ", t->name, " has sizes that are negative, too many or too large");
    if (t->is_transposed && t->rank != 2)
        return fail(h, "tensor ", t->name, " is transposed, but not of rank 2");
    return bytes == 0 || t->data ? AD_OK : fail(h, "tensor ", t->name, " has no data");
}

static ad_status check_texts(const header *h, const nn_file_text *sorted, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!nn_is_utf8(sorted[i].key, strlen(sorted[i].key)))
            return fail(h, "the key ", sorted[i].key, " of the metadata is not UTF-8");
        if (!nn_is_utf8(sorted[i].value, strlen(sorted[i].value)))
            return fail(h, "the value of ", sorted[i].key, " in the metadata is not UTF-8");
        if (i > 0 && strcmp(sorted[i - 1].key, sorted[i].key) == 0)
            return fail(h, "the key ", sorted[i].key, " is in the metadata twice");
    }
    return AD_OK;
}

static ad_status check_count(const header *h, size_t n, size_t most, const char *what)
{
    if (n <= most)
        return AD_OK;
    nn_put_format(h->message, "%zu %s are more than %zu", n, what, most);
    return AD_BAD_VALUE;
}

/* ---- Order ------------------------------------------------------------------------------------------------------- */

static int by_type_and_name(const void *a, const void *b)
{
    const nn_file_tensor *x = *(nn_file_tensor *const *)a, *y = *(nn_file_tensor *const *)b;
    const size_t x_bytes = nn_file_element(x->type), y_bytes = nn_file_element(y->type);
    return x_bytes != y_bytes ? (x_bytes < y_bytes ? 1 : -1) : strcmp(x->name, y->name);
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(nn_file_tensor *const *)a)->name, (*(nn_file_tensor *const *)b)->name);
}

static int by_text_key(const void *a, const void *b)
{
    return strcmp(((const nn_file_text *)a)->key, ((const nn_file_text *)b)->key);
}

static ad_status sort_tensors(const header *h)
{
    const size_t n = h->content->n_tensors;
    for (size_t i = 0; i < n; i++) {
        const ad_status status = check_tensor(h, &h->content->tensors[i]);
        if (status != AD_OK)
            return status;
        h->sorted[i] = &h->content->tensors[i];
    }
    if (n == 0)
        return AD_OK;
    qsort(h->sorted, n, sizeof *h->sorted, by_name);
    for (size_t i = 1; i < n; i++)
        if (strcmp(h->sorted[i - 1]->name, h->sorted[i]->name) == 0)
            return fail(h, "two tensors have the name ", h->sorted[i]->name, "");
    qsort(h->sorted, n, sizeof *h->sorted, by_type_and_name);
    return AD_OK;
}

/* ---- Text -------------------------------------------------------------------------------------------------------- */

static void write_texts(nn_json_writer *w, const nn_file_text *sorted, size_t n, size_t *checksum)
{
    nn_json_key(w, NN_HEADER_METADATA);
    nn_json_begin(w, '{');
    for (size_t i = 0; i < n; i++) {
        nn_json_key(w, sorted[i].key);
        if (strcmp(sorted[i].key, NN_FILE_CHECKSUM) == 0)
            *checksum = w->to->n + 1;
        nn_json_text(w, sorted[i].value);
    }
    nn_json_end(w, '}');
}

static void write_tensor(nn_json_writer *w, const nn_file_tensor *t, uint64_t *at)
{
    uint64_t bytes;
    nn_file_bytes(t, &bytes);
    nn_json_key(w, t->name);
    nn_json_begin(w, '{');
    nn_json_key(w, "dtype");
    nn_json_text(w, nn_file_type_name(t->type));
    nn_json_key(w, "shape");
    nn_json_begin(w, '[');
    for (int i = 0; i < t->rank; i++)
        nn_json_integer(w, t->sizes[i]);
    nn_json_end(w, ']');
    nn_json_key(w, "data_offsets");
    nn_json_begin(w, '[');
    nn_json_integer(w, (int64_t)*at);
    nn_json_integer(w, (int64_t)(*at += bytes));
    nn_json_end(w, ']');
    nn_json_end(w, '}');
}

static ad_status write_text(const header *h, const nn_file_text *sorted, size_t n, nn_text *text, size_t *checksum)
{
    nn_json_writer w = {.to = text};
    uint64_t at = 0;
    nn_json_begin(&w, '{');
    write_texts(&w, sorted, n, checksum);
    for (size_t i = 0; i < h->content->n_tensors; i++)
        write_tensor(&w, h->sorted[i], &at);
    nn_json_end(&w, '}');
    nn_text_add(text, "       ", 7 - text->n % 8);
    nn_text_add(text, "\n", 1);
    if (text->failed) {
        nn_put(h->message, "memory is out for the header");
        return AD_NO_MEMORY;
    }
    return check_count(h, text->n, NN_FILE_HEADER, "bytes of the header");
}

static ad_status write_with(const header *h, nn_file_text *texts, nn_text *text, size_t *checksum)
{
    const size_t n = h->content->n_texts;
    for (size_t i = 0; i < n; i++)
        texts[i] = h->content->texts[i];
    texts[n] = (nn_file_text){NN_FILE_CHECKSUM, "00000000"};
    qsort(texts, n + 1, sizeof *texts, by_text_key);
    ad_status status = check_texts(h, texts, n + 1);
    if (status == AD_OK)
        status = sort_tensors(h);
    return status == AD_OK ? write_text(h, texts, n + 1, text, checksum) : status;
}

ad_status nn_header_write(const nn_file_content *content, const nn_file_tensor **sorted, nn_text *text,
                          size_t *checksum, nn_writer *message)
{
    const header h = {content, sorted, message};
    const size_t n = content->n_texts + 1;
    ad_status status = check_count(&h, content->n_tensors, NN_FILE_TENSORS, "tensors");
    if (status == AD_OK)
        status = check_count(&h, n, NN_FILE_TEXTS, "keys of the metadata");
    if (status != AD_OK)
        return status;
    nn_file_text *texts = ad_memory_take(text->memory, n, sizeof *texts);
    if (!texts) {
        nn_put(message, "memory is out for the header");
        return AD_NO_MEMORY;
    }
    status = write_with(&h, texts, text, checksum);
    ad_memory_release(text->memory, texts, n, sizeof *texts);
    return status;
}
