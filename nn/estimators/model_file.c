/* A model's file that is read: what it is, and the members of its JSON. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../data/source.h"
#include "../files/pieces.h"
#include "../options/writer.h"
#include "model.h"

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

ad_status nn_model_fail(nn_model_reader *r, ad_status status, const char *format, ...)
{
    va_list arguments;
    if (r->status != AD_OK)
        return r->status;
    nn_writer w = nn_writer_into(r->message, sizeof r->message);
    char shown[NN_NAME_BYTES];
    nn_show_path(shown, r->path);
    nn_put(&w, shown);
    nn_put(&w, ": ");
    va_start(arguments, format);
    vsnprintf(r->message + w.n, sizeof r->message - w.n, format, arguments);
    va_end(arguments);
    return r->status = status;
}

/* ---- Members of JSON --------------------------------------------------------------------------------------------- */

static void refuse_member(nn_model_reader *r, const char *key, const char *what)
{
    nn_model_fail(r, AD_BAD_FILE, "\"%s\" in its metadata is missing, or no %s: no Gradtape wrote it", key, what);
}

const char *nn_model_text(nn_model_reader *r, const nn_json *object, const char *key, bool is_optional)
{
    const nn_json *value = nn_json_member(object, key);
    if (is_optional && (!value || value->type == NN_JSON_NULL))
        return NULL;
    if (value && value->type == NN_JSON_TEXT && strlen(value->text) == value->bytes)
        return value->text;
    refuse_member(r, key, "text");
    return NULL;
}

int64_t nn_model_whole(nn_model_reader *r, const nn_json *object, const char *key, int64_t most)
{
    int64_t x = 0;
    if (nn_json_is_integer(nn_json_member(object, key), &x) && x >= 0 && x <= most)
        return x;
    refuse_member(r, key, "whole number that it can be");
    return 0;
}

int64_t nn_model_later_whole(nn_model_reader *r, const nn_json *object, const char *key, int64_t most)
{
    return nn_json_member(object, key) ? nn_model_whole(r, object, key, most) : 0;
}

uint64_t nn_model_unsigned(nn_model_reader *r, const nn_json *object, const char *key)
{
    uint64_t x = 0;
    if (!nn_json_is_unsigned(nn_json_member(object, key), &x))
        refuse_member(r, key, "number in quotes");
    return x;
}

double nn_model_real(nn_model_reader *r, const nn_json *object, const char *key)
{
    double x = 0;
    if (!nn_json_is_real(nn_json_member(object, key), &x))
        refuse_member(r, key, "number");
    return x;
}

bool nn_model_flag(nn_model_reader *r, const nn_json *object, const char *key)
{
    const nn_json *value = nn_json_member(object, key);
    if (!value || value->type != NN_JSON_BOOL)
        refuse_member(r, key, "true or false");
    return value && value->type == NN_JSON_BOOL && value->is_true;
}

/* ---- Tensors ----------------------------------------------------------------------------------------------------- */

const nn_file_tensor *nn_model_find(nn_model_reader *r, const char *name, nn_file_type type, int rank)
{
    const nn_file_tensor *t = nn_safetensors_find(&r->file, name);
    if (!t)
        nn_model_fail(r, AD_BAD_FILE, "it has no tensor \"%.300s\", which the model needs", name);
    else if (t->type != type || t->rank != rank)
        nn_model_fail(r, AD_BAD_FILE, "its tensor \"%.300s\" is %s of rank %d, where the model needs %s of rank %d",
                      name, t->type_name, t->rank, nn_file_type_name(type), rank);
    return r->status == AD_OK ? t : NULL;
}

bool nn_model_read_into(nn_model_reader *r, const nn_file_tensor *t, void *to)
{
    char message[400];
    const ad_status status = nn_safetensors_read(&r->file, t, to, message, sizeof message);
    if (status != AD_OK && r->status == AD_OK) {
        snprintf(r->message, sizeof r->message, "%s", message);
        r->status = status;
    }
    return r->status == AD_OK;
}

void *nn_model_read(nn_model_reader *r, const nn_file_tensor *t)
{
    void *to =
        nn_store_take(&r->store, (size_t)(t->end - t->begin) / nn_file_element(t->type) + 1, nn_file_element(t->type));
    if (!to) {
        nn_model_fail(r, AD_NO_MEMORY, "memory is out for its tensor \"%.300s\"", t->name);
        return NULL;
    }
    return nn_model_read_into(r, t, to) ? to : NULL;
}

/* ---- What the file is -------------------------------------------------------------------------------------------- */

/* Lists and objects of layers nest as deep as layers do. Values are as many as a header has room for. */
static const nn_json_bounds bounds = {.depth = 64, .values = NN_FILE_HEADER / 2};

/* The checksum does not hold. Another program keeps the metadata, and writes the header in its own way. */
static ad_status refuse_damage(nn_model_reader *r)
{
    if (!r->file.has_checksum || r->file.is_rewritten)
        return nn_model_fail(
            r, AD_BAD_FILE,
            "rewritten by another program, which may have changed it; use the file that gradtape wrote");
    return r->status = nn_safetensors_fail_damaged(&r->file, r->message, sizeof r->message);
}

/* Reads the JSON, and finds the format. */
static ad_status read_root(nn_model_reader *r, bool is_look)
{
    char message[300];
    const char *text = nn_safetensors_text(&r->file, "gradtape");
    if (!text)
        return nn_model_fail(r, AD_BAD_FILE,
                             "not a Gradtape model (a safetensors file of another program: %zu tensors, no "
                             "\"gradtape\" in its metadata)",
                             r->file.content.n_tensors);
    const ad_status status = nn_json_read(&r->root, text, strlen(text), bounds, &r->store, message, sizeof message);
    if (status == AD_NO_MEMORY)
        return nn_model_fail(r, status, "memory is out for its metadata");
    int64_t format = 0;
    if (status == AD_OK && nn_json_is_integer(nn_json_member(r->root, "format"), &format) && format > NN_MODEL_FORMAT)
        return nn_model_fail(r, AD_BAD_FILE, "format %" PRId64 ", this gradtape reads up to %d; upgrade it", format,
                             NN_MODEL_FORMAT);
    if (!r->file.is_whole && !is_look)
        return refuse_damage(r);
    if (status != AD_OK)
        return nn_model_fail(r, status, "its metadata: %s", message);
    return format == NN_MODEL_FORMAT ? AD_OK : nn_model_fail(r, AD_BAD_FILE, "\"format\" in its metadata is no format");
}

ad_status nn_model_open_tensors(nn_model_reader *r, const char *path, const nn_load_options *options)
{
    *r = (nn_model_reader){.path = path ? path : "", .load = options ? *options : (nn_load_options){0}};
    r->options = &r->load;
    r->memory = ad_memory_over(r->load.allocator);
    r->store.memory = &r->memory;
    r->file.descriptor = -1;
    if (!path || !*path) {
        snprintf(r->message, sizeof r->message, "the path is %s; give that of a model's file", path ? "empty" : "NULL");
        return r->status = AD_BAD_VALUE;
    }
    return r->status = nn_safetensors_open(&r->file, path, &r->store, r->message, sizeof r->message);
}

ad_status nn_model_open(nn_model_reader *r, const char *path, const nn_load_options *options, bool is_look)
{
    return nn_model_open_tensors(r, path, options) == AD_OK ? read_root(r, is_look) : r->status;
}

void nn_model_close(nn_model_reader *r)
{
    if (r->file.descriptor >= 0)
        nn_safetensors_close(&r->file);
    nn_store_release(&r->store);
}
