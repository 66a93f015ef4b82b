/* A network that begins with the weights of a file. */
#include <string.h>

#include <gradtape/inspect.h>
#include <gradtape/update.h>

#include "../options/writer.h"
#include "../shape_text.h"
#include "model.h"

/* ---- What a file must have --------------------------------------------------------------------------------------- */

/* Whether a tensor is one of those that files of ours have beside the weights. */
static bool is_beside(const char *name) { return !strncmp(name, "optimizer.", 10) || !strncmp(name, "gradtape.", 9); }

/* Says what a file has in the place of a tensor that is missing: other programs give other names. */
static void fail_missing(nn_model_reader *r, const char *name)
{
    enum { MOST = 4 };
    char names[400] = "";
    size_t n = 0;
    nn_writer w = nn_writer_into(names, sizeof names);
    for (size_t i = 0; i < r->file.content.n_tensors && n <= MOST; i++) {
        const char *other = r->file.content.tensors[i].name;
        if (is_beside(other))
            continue;
        nn_put(&w, n ? ", " : "; it has ");
        if (n < MOST)
            nn_put_quoted(&w, other);
        else
            nn_put(&w, "...");
        n++;
    }
    nn_model_fail(r, AD_BAD_FILE, "it has no tensor \"%.200s\", which this network needs%s", name, names);
}

static const char *sizes_text(const nn_file_tensor *t, char text[NN_SHAPE_TEXT])
{
    ad_shape shape = {.rank = t->rank};
    memcpy(shape.dims, t->sizes, sizeof shape.dims);
    return nn_shape_text(&shape, text);
}

static bool has_shape(const nn_file_tensor *t, const nn_file_tensor *wanted)
{
    bool same = t->rank == wanted->rank;
    for (int i = 0; same && i < t->rank; i++)
        same = t->sizes[i] == wanted->sizes[i];
    return same;
}

static void check_part(nn_model_reader *r, const nn_file_tensor *wanted)
{
    char got[NN_SHAPE_TEXT], needed[NN_SHAPE_TEXT];
    const nn_file_tensor *t = nn_safetensors_find(&r->file, wanted->name);
    if (!t)
        fail_missing(r, wanted->name);
    else if (!has_shape(t, wanted))
        nn_model_fail(r, AD_BAD_FILE, "%.200s is %s, this network's is %s", t->name, sizes_text(t, got),
                      sizes_text(wanted, needed));
    else if (t->type != NN_FILE_F32 && t->type != NN_FILE_F64)
        nn_model_fail(r, AD_BAD_FILE, "%.200s is of type %s: a warm start takes F32 and F64", t->name, t->type_name);
}

/* ---- Values ------------------------------------------------------------------------------------------------------ */

/* Parameters are f32. Numbers of 64 bits are rounded in their place; those that are too large become infinite. */
static void narrow(void *data, size_t n)
{
    const double *from = data;
    for (size_t i = 0; i < n; i++) {
        const float x = (float)from[i];
        memcpy((char *)data + i * sizeof x, &x, sizeof x);
    }
}

/* Gives a part the values that were read. */
static void give(nn_model_reader *r, const nn_model_tensor_at *at, const nn_file_tensor *t, void *data)
{
    const size_t n = ad_size_of(at->leaf);
    if (t->type == NN_FILE_F64)
        narrow(data, n);
    if (!nn_model_is_finite(NN_FILE_F32, data, n))
        nn_model_fail(r, AD_BAD_FILE, "%.200s is not finite%s", t->name,
                      t->type == NN_FILE_F64 ? ", or has a number that is too large for F32" : "");
    else if (ad_assign(at->leaf, data) != AD_OK)
        nn_model_fail(r, ad_status_of(at->leaf.tape), "%s", ad_message(at->leaf.tape));
}

static void fill(nn_model_reader *r, const nn_model_tensor_at *at)
{
    nn_store own = {.memory = &r->memory};
    const nn_file_tensor *t = nn_safetensors_find(&r->file, at->file.name);
    nn_file_tensor wanted = *t;
    wanted.is_transposed = at->file.is_transposed;
    void *data = nn_store_take(&own, (size_t)(t->end - t->begin) + 1, 1);
    if (!data)
        nn_model_fail(r, AD_NO_MEMORY, "memory is out for its tensor \"%.200s\"", t->name);
    else if (nn_model_read_into(r, &wanted, data))
        give(r, at, t, data);
    nn_store_release(&own);
}

/* ---- The file ---------------------------------------------------------------------------------------------------- */

/* A file of ours must be whole. Another program that wrote it again kept the checksum of the file before, and may have
 * changed the weights on purpose. */
static bool is_damaged(const nn_safetensors *f) { return f->has_checksum && !f->is_whole && !f->is_rewritten; }

static void begin(nn_model_reader *r, const nn_estimator *e)
{
    nn_model_tensors list = {.store = &r->store};
    if (is_damaged(&r->file)) {
        r->status = nn_safetensors_fail_damaged(&r->file, r->message, sizeof r->message);
        return;
    }
    if (nn_model_list_parts(&list, e) != AD_OK)
        nn_model_fail(r, AD_NO_MEMORY, "memory is out for the list of its tensors");
    for (size_t i = 0; i < list.n && r->status == AD_OK; i++)
        check_part(r, &list.at[i].file);
    for (size_t i = 0; i < list.n && r->status == AD_OK; i++)
        fill(r, &list.at[i]);
}

ad_status nn_warm_start(nn_estimator *e, const char *path)
{
    const ad_allocator allocator = nn_shared_allocator(e->shared);
    nn_model_reader r;
    if (nn_model_open_tensors(&r, path, &(nn_load_options){.allocator = &allocator}) == AD_OK)
        begin(&r, e);
    nn_model_close(&r);
    return r.status == AD_OK ? AD_OK : nn_estimator_fail(e, r.status, "fit: warm_start: %.550s", r.message);
}
