/* Reads safetensors files, and writes what it has read, for tests/safetensors_by_python.py. Each line of the input is
 * the path of a file, or two paths with a tab between: then the first file is read, every second matrix transposed, and
 * written to the second path. Each line of the output is JSON: what the file has, with the bytes of its tensors in
 * hexadecimal digits, or {"error":"MESSAGE"}. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../nn/files/safetensors.h"

static char message[1000];

static void put_hexadecimal(nn_json_writer *w, const unsigned char *bytes, size_t n)
{
    char *text = calloc(2 * n + 1, 1);
    for (size_t i = 0; text && i < n; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    nn_json_text(w, text);
    free(text);
}

static void put_tensor(nn_json_writer *w, const nn_file_tensor *t)
{
    nn_json_key(w, t->name);
    nn_json_begin(w, '[');
    nn_json_text(w, t->type_name);
    nn_json_begin(w, '[');
    for (int i = 0; i < t->rank; i++)
        nn_json_integer(w, t->sizes[i]);
    nn_json_end(w, ']');
    if (t->data)
        put_hexadecimal(w, t->data, (size_t)(t->end - t->begin));
    else
        nn_json_text(w, NULL);
    nn_json_end(w, ']');
}

static void put_file(nn_json_writer *w, const nn_safetensors *f)
{
    nn_json_begin(w, '{');
    nn_json_key(w, "tensors");
    nn_json_begin(w, '{');
    for (size_t i = 0; i < f->content.n_tensors; i++)
        put_tensor(w, &f->content.tensors[i]);
    nn_json_end(w, '}');
    nn_json_key(w, "metadata");
    nn_json_begin(w, '{');
    for (size_t i = 0; i < f->content.n_texts; i++) {
        nn_json_key(w, f->content.texts[i].key);
        nn_json_text(w, f->content.texts[i].value);
    }
    nn_json_end(w, '}');
    nn_json_key(w, "whole");
    nn_json_bool(w, f->is_whole);
    nn_json_key(w, "rewritten");
    nn_json_bool(w, f->has_checksum && f->is_rewritten);
    nn_json_end(w, '}');
}

/* Reads the data of all tensors of our types. */
static ad_status read_data(nn_safetensors *f, bool turns)
{
    for (size_t i = 0; i < f->content.n_tensors; i++) {
        nn_file_tensor *t = &f->content.tensors[i];
        if (t->type == NN_FILE_TYPE_COUNT)
            continue;
        void *data = nn_store_take(f->store, (size_t)(t->end - t->begin), 1);
        t->is_transposed = turns && t->rank == 2 && i % 2 == 0;
        if (!data)
            return AD_NO_MEMORY;
        const ad_status status = nn_safetensors_read(f, t, data, message, sizeof message);
        if (status != AD_OK)
            return status;
        t->data = data;
    }
    return AD_OK;
}

static ad_status take_line(nn_safetensors *f, nn_store *store, const char *from, const char *to)
{
    ad_status status = nn_safetensors_open(f, from, store, message, sizeof message);
    if (status == AD_OK)
        status = read_data(f, to);
    if (status == AD_OK && to) {
        nn_file_content content = f->content;
        nn_file_text *texts = nn_store_take(store, content.n_texts, sizeof *texts);
        content.n_texts = 0;
        for (size_t i = 0; texts && i < f->content.n_texts; i++)
            if (strcmp(f->content.texts[i].key, NN_FILE_CHECKSUM) != 0)
                texts[content.n_texts++] = f->content.texts[i];
        content.texts = texts;
        status = nn_safetensors_write(&content, to, 0, store->memory, message, sizeof message);
    }
    return status;
}

int main(void)
{
    static char line[10000];
    while (fgets(line, sizeof line, stdin)) {
        ad_memory memory = ad_memory_over(NULL);
        nn_store store = {.memory = &memory};
        nn_text text = {.memory = &memory};
        nn_json_writer w = {.to = &text};
        nn_safetensors file;
        line[strcspn(line, "\n")] = 0;
        char *to = strchr(line, '\t');
        if (to)
            *to++ = 0;
        if (take_line(&file, &store, line, to) == AD_OK)
            put_file(&w, &file);
        else {
            nn_json_begin(&w, '{');
            nn_json_key(&w, "error");
            nn_json_text(&w, message);
            nn_json_end(&w, '}');
        }
        puts(text.at ? text.at : "");
        nn_safetensors_close(&file);
        nn_text_release(&text);
        nn_store_release(&store);
        if (memory.usage.bytes)
            return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
