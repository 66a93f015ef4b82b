/* Lists of layers that are kept. */
#include "copy.h"

#include <string.h>

#include <gradtape/network.h>

#include "../options/fields.h"
#include "check.h"

/* What is copied: layers are counted as a network counts them, so that it refuses what is left as it is. */
typedef struct copying {
    nn_store *store;
    size_t n_layers;
} copying;

static bool copy_list(copying *c, nn_layers *list, int depth);

static bool copy_text(const char **text, nn_store *store)
{
    const char *copy = nn_store_text(store, *text);
    const bool good = !copy == !*text;
    *text = copy;
    return good;
}

static bool copy_options(copying *c, nn_layer *layer, int depth)
{
    const nn_layer_kind *kind = layer->kind;
    if (!kind || !layer->options || kind->options_bytes == 0 || nn_kind_needs(kind))
        return true;
    void *options = nn_store_take(c->store, 1, kind->options_bytes);
    if (!options)
        return false;
    layer->options = memcpy(options, layer->options, kind->options_bytes);
    const size_t at = nn_fields_offset(kind->fields, NN_FIELD_LAYERS);
    return nn_fields_own(kind->fields, options, c->store) &&
           (at == SIZE_MAX || copy_list(c, (nn_layers *)(void *)((char *)options + at), depth + 1));
}

static bool copy_list(copying *c, nn_layers *list, int depth)
{
    if (!list->at || list->n == 0 || depth > NN_MAX_DEPTH)
        return true;
    nn_layer *copy = nn_store_take(c->store, list->n, sizeof *copy);
    if (!copy)
        return false;
    memcpy(copy, list->at, list->n * sizeof *copy);
    list->at = copy;
    bool good = true;
    for (size_t i = 0; good && i < list->n && c->n_layers++ < NN_MAX_LAYERS; i++)
        good = copy_text(&copy[i].name, c->store) && copy_text(&copy[i].group, c->store) &&
               copy_options(c, &copy[i], depth);
    return good;
}

bool nn_layers_copy(nn_layers *layers, nn_store *store) { return copy_list(&(copying){.store = store}, layers, 0); }
