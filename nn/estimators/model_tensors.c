/* The tensors of an estimator: parameters and states, slots of the optimiser, weights that are kept. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <gradtape/inspect.h>
#include <gradtape/tensor.h>

#include "../training/lbfgs.h"
#include "model.h"
#include "weights.h"

enum { TENSOR_NAME = 3 * 120 + NN_FILE_NAME + 32 };

/* ---- A list ------------------------------------------------------------------------------------------------------ */

/* A place for one more; NULL if memory is out. */
static nn_model_tensor_at *next_place(nn_model_tensors *list)
{
    if (list->n == list->room) {
        const size_t room = list->room ? 2 * list->room : 64;
        nn_model_tensor_at *more = nn_store_take(list->store, room, sizeof *more);
        list->failed = list->failed || !more;
        if (!more)
            return NULL;
        if (list->n)
            memcpy(more, list->at, list->n * sizeof *more);
        list->at = more;
        list->room = room;
    }
    return &list->at[list->n++];
}

static nn_model_tensor_at *add(nn_model_tensors *list, const char *name, nn_file_type type, int rank,
                               const int64_t *sizes, const void *data)
{
    const char *own = nn_store_text(list->store, name);
    nn_model_tensor_at *at = own ? next_place(list) : NULL;
    list->failed = list->failed || !own;
    if (!at)
        return NULL;
    *at = (nn_model_tensor_at){.file = {.name = own, .type = type, .rank = rank, .data = data}};
    for (int i = 0; i < rank; i++)
        at->file.sizes[i] = sizes[i];
    return at;
}

void nn_model_add(nn_model_tensors *list, const char *name, nn_file_type type, int rank, const int64_t *sizes,
                  const void *data)
{
    add(list, name, type, rank, sizes, data);
}

/* ---- Parts and slots --------------------------------------------------------------------------------------------- */

static nn_file_type type_of(ad_tensor x) { return ad_type_of(x) == AD_F64 ? NN_FILE_F64 : NN_FILE_F32; }

/* A tensor of the shape of x, in the layout that a file has of a part. `data` NULL: it is x itself. */
static nn_model_tensor_at *add_leaf(nn_model_tensors *list, const char *name, ad_tensor x, bool is_transposed,
                                    const void *data)
{
    const ad_shape shape = ad_shape_of(x);
    nn_model_tensor_at *at = add(list, name, type_of(x), shape.rank, shape.dims, data ? data : ad_data(x));
    if (!at)
        return NULL;
    if (!data)
        at->leaf = x;
    at->file.is_transposed = is_transposed;
    if (is_transposed) {
        at->file.sizes[0] = shape.dims[1];
        at->file.sizes[1] = shape.dims[0];
    }
    return at;
}

/* All parts, with this before their names. `data` has their values one after the other (weights.h); NULL: the leaves
 * have them. */
static void list_parts(nn_model_tensors *list, const nn_estimator *e, const char *before, const char *data)
{
    char name[TENSOR_NAME], own[NN_FILE_NAME];
    for (size_t i = 0; i < e->network->n_parts; i++) {
        const nn_made_part *made = &e->network->parts[i];
        nn_write_file_name(e->network, i, own);
        snprintf(name, sizeof name, "%s%s", before, own);
        nn_model_tensor_at *at = add_leaf(list, name, made->tensor, made->part->is_transposed, data);
        if (at)
            at->is_weight = true;
        if (data)
            data += ad_size_of(made->tensor) * ad_type_bytes(ad_type_of(made->tensor));
    }
}

/* The place of a parameter among the parts. */
static size_t place_of(const nn_network *network, ad_tensor x)
{
    size_t i = 0;
    while (i < network->n_parts && ad_number_of(network->parts[i].tensor) != ad_number_of(x))
        i++;
    return i;
}

/* Adds a slot of part i. Its own name is the last part of what it is called on the tape. */
static void list_slot(nn_model_tensors *list, const nn_estimator *e, size_t i, ad_tensor slot)
{
    char name[TENSOR_NAME], own[NN_FILE_NAME], shown[3 * 120 + 1], *to = shown;
    const nn_optimiser *rule = e->options.optimiser.rule;
    const char *slash = strrchr(ad_name_of(slot), '/'), *called = slash ? slash + 1 : ad_name_of(slot);
    for (const char *at = called; *at && to < shown + sizeof shown - 4; at++)
        to += *at == '.' ? sprintf(to, "%%2E") : *at == '%' ? sprintf(to, "%%25") : sprintf(to, "%c", *at);
    *to = 0;
    nn_write_file_name(e->network, i, own);
    snprintf(name, sizeof name, "optimizer.%s.%s", shown, own);
    const bool is_number = ad_type_of(slot) == AD_F64; /* parameters are f32 */
    nn_model_tensor_at *at = add_leaf(list, name, slot, !is_number && e->network->parts[i].part->is_transposed, NULL);
    if (at)
        at->is_count = is_number && (rule->search || (rule->counter && !strcmp(called, rule->counter)));
}

/* The slots stand on the tape behind all parts, those of each parameter together (nn_network_prepare). */
static ad_status list_slots(nn_model_tensors *list, const nn_estimator *e)
{
    const nn_network *network = e->network;
    const size_t n = ad_kept_count(e->tape) - network->n_parts, each = n / network->n_trained;
    if (n % network->n_trained != 0)
        return AD_BAD_STATE;
    for (size_t i = 0; i < network->n_trained; i++)
        for (size_t k = 0; k < each; k++)
            list_slot(list, e, place_of(network, network->trained[i]),
                      ad_kept_at(e->tape, network->n_parts + i * each + k));
    return AD_OK;
}

ad_status nn_model_list_parts(nn_model_tensors *list, const nn_estimator *e)
{
    list_parts(list, e, "", NULL);
    return list->failed ? AD_NO_MEMORY : AD_OK;
}

size_t nn_model_slots(const nn_estimator *e)
{
    const nn_optimiser_options *o = &e->options.optimiser;
    nn_optimiser_slot slots[AD_MAX_UPDATE_STATES] = {{0}};
    if (o->rule->search)
        return nn_lbfgs_slot_count(o);
    return o->rule->slots ? (size_t)o->rule->slots(o, slots) : 0;
}

ad_status nn_model_list(nn_model_tensors *list, const nn_estimator *e)
{
    const nn_best *b = &e->best;
    list_parts(list, e, "", NULL);
    const ad_status status = list_slots(list, e);
    if (b->has_weights)
        list_parts(list, e, "gradtape.best.", b->weights);
    if (b->is_shown && !b->is_over)
        list_parts(list, e, "gradtape.last.", b->last);
    return status != AD_OK ? status : list->failed ? AD_NO_MEMORY : AD_OK;
}

bool nn_model_is_finite(nn_file_type type, const void *data, size_t n)
{
    const float *f32 = data;
    const double *f64 = data;
    size_t i = 0;
    while (i < n && isfinite(type == NN_FILE_F64 ? f64[i] : (double)f32[i]))
        i++;
    return i == n;
}
