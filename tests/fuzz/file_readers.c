/* Readers of files. */
#define _GNU_SOURCE /* memmem */
#include "file_readers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gradtape/data.h>

#include "../../nn/files/safetensors.h"
#include "file_of_bytes.h"
#include "model_reader.h"
#include "table_readers.h"

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

/* Writes a value again. Depth is bounded by the reader. */
static void write_value(nn_json_writer *w, const nn_json *value)
{
    int64_t integer;
    double real;
    if (value->key)
        nn_json_key(w, value->key);
    if (value->type == NN_JSON_LIST || value->type == NN_JSON_OBJECT) {
        nn_json_begin(w, value->type == NN_JSON_LIST ? '[' : '{');
        for (const nn_json *at = value->first; at; at = at->next)
            write_value(w, at);
        nn_json_end(w, value->type == NN_JSON_LIST ? ']' : '}');
    } else if (nn_json_is_integer(value, &integer))
        nn_json_integer(w, integer);
    else if (value->type == NN_JSON_NUMBER && nn_json_is_real(value, &real))
        nn_json_real(w, real);
    else if (value->type == NN_JSON_BOOL)
        nn_json_bool(w, value->is_true);
    else
        nn_json_text(w, value->text);
}

/* What is read and written is read again, and written with the same bytes. Only keys that a 0 cuts short may not be. */
static void read_json(const uint8_t *bytes, size_t n)
{
    ad_memory memory = ad_memory_over(NULL);
    nn_store store = {.memory = &memory};
    nn_text first = {.memory = &memory}, second = {.memory = &memory};
    const nn_json_bounds bounds = {.depth = 8, .values = 5000};
    const nn_json *root;
    char message[300];
    ad_status status = nn_json_read(&root, (const char *)bytes, n, bounds, &store, message, sizeof message);
    FUZZ_HOLDS(memory.usage.peak_bytes <= 128 * n + 1000);
    if (status == AD_OK && !memmem(bytes, n, "\\u0000", 6)) {
        nn_json_writer w = {.to = &first}, again = {.to = &second};
        write_value(&w, root);
        status = nn_json_read(&root, first.at, first.n, bounds, &store, message, sizeof message);
        FUZZ_HOLDS(status == AD_OK && !w.is_not_utf8);
        write_value(&again, root);
        FUZZ_HOLDS(first.n == second.n && memcmp(first.at, second.at, first.n) == 0);
    }
    nn_text_release(&first);
    nn_text_release(&second);
    nn_store_release(&store);
    FUZZ_HOLDS(memory.usage.bytes == 0);
}

/* ---- Safetensors ------------------------------------------------------------------------------------------------- */

static void read_tensors(const nn_safetensors *f)
{
    char message[300];
    uint64_t end = f->data;
    for (size_t i = 0; i < f->content.n_tensors; i++) {
        nn_file_tensor t = f->content.tensors[i];
        FUZZ_HOLDS(t.begin == end && t.end >= t.begin && nn_safetensors_find(f, t.name) == &f->content.tensors[i]);
        end = t.end;
        void *to = malloc((size_t)(t.end - t.begin) + 1);
        t.is_transposed = t.rank == 2 && i % 2;
        FUZZ_HOLDS(to && nn_safetensors_read(f, &t, to, message, sizeof message) ==
                             (t.type < NN_FILE_TYPE_COUNT ? AD_OK : AD_BAD_FILE));
        free(to);
    }
    FUZZ_HOLDS(end == f->length);
}

static void read_safetensors(const uint8_t *bytes, size_t n)
{
    char path[64], message[300];
    ad_memory memory = ad_memory_over(NULL);
    nn_store store = {.memory = &memory};
    nn_safetensors f;
    const int file = fuzz_make_file(bytes, n, path);
    if (nn_safetensors_open(&f, path, &store, message, sizeof message) == AD_OK)
        read_tensors(&f);
    nn_safetensors_close(&f);
    FUZZ_HOLDS(memory.usage.peak_bytes <= 128 * n + (1 << 20));
    nn_store_release(&store);
    FUZZ_HOLDS(memory.usage.bytes == 0);
    fuzz_close_file(file);
}

/* ---- Data sets --------------------------------------------------------------------------------------------------- */

static void read_idx(const uint8_t *bytes, size_t n)
{
    char path[64];
    nn_dataset *set = nn_dataset_open(NULL);
    const int file = fuzz_make_file(bytes, n, path);
    nn_dataset_read_idx(set, path, NULL);
    nn_dataset_read_idx(set, path, path);
    nn_dataset_close(set);
    fuzz_close_file(file);
}

/* As a file, whose length is known, and as a FILE. */
static void read_npy(const uint8_t *bytes, size_t n)
{
    char path[64];
    nn_dataset *set = nn_dataset_open(NULL);
    const int file = fuzz_make_file(bytes, n, path);
    const ad_status status = nn_dataset_read_npy(set, path, NULL);
    FILE *stream = fopen(path, "rb");
    FUZZ_HOLDS(stream);
    FUZZ_HOLDS((nn_dataset_read_npy_stream(set, (nn_stream){.file = stream}, (nn_stream){NULL, NULL}) == AD_OK) ==
               (status == AD_OK));
    fclose(stream);
    nn_dataset_close(set);
    fuzz_close_file(file);
}

static void read_npz(const uint8_t *bytes, size_t n)
{
    char path[64];
    nn_dataset *set = nn_dataset_open(NULL);
    const int file = fuzz_make_file(bytes, n, path);
    nn_dataset_read_npz(set, path, "x", "y");
    nn_dataset_close(set);
    fuzz_close_file(file);
}

/* ---- The table --------------------------------------------------------------------------------------------------- */

const fuzz_reader fuzz_readers[] = {
    {'j', "JSON", read_json},
    {'s', "safetensors", read_safetensors},
    {'i', "IDX", read_idx},
    {'n', "npy", read_npy},
    {'z', "npz", read_npz},
    {'c', "CSV", fuzz_read_csv},
    {'l', "LIBSVM", fuzz_read_libsvm},
    {'o', "options", fuzz_read_options},
    {'m', "models", fuzz_read_model},
    {0, NULL, NULL},
};

size_t fuzz_read_file(const uint8_t *bytes, size_t n)
{
    const size_t count = sizeof fuzz_readers / sizeof *fuzz_readers - 1;
    size_t reader = 0;
    if (n == 0)
        return count;
    while (reader < count && fuzz_readers[reader].letter != (char)bytes[0])
        reader++;
    reader = reader < count ? reader : bytes[0] % count;
    fuzz_readers[reader].read(bytes + 1, n - 1);
    return reader;
}
