/* Layers and groups as JSON. The options of a layer are one text, as settings are (fields.h). */
#include <string.h>

#include "../options/fields.h"
#include "model.h"

/* ---- Writing ----------------------------------------------------------------------------------------------------- */

static void write_layers(nn_json_writer *w, nn_layers list, nn_store *store);

/* The text of a layer's options; NULL if there is no memory. */
static char *options_text(nn_fields fields, const void *options, nn_store *store)
{
    const int n = nn_fields_print(fields, options, NULL, 0);
    char *text = nn_store_take(store, (size_t)n + 1, 1);
    if (text)
        nn_fields_print(fields, options, text, (size_t)n + 1);
    return text;
}

static void write_layer(nn_json_writer *w, const nn_layer *layer, nn_store *store)
{
    const nn_layer_kind *kind = layer->kind;
    const size_t list = nn_fields_offset(kind->fields, NN_FIELD_LAYERS);
    nn_json_begin(w, '{');
    nn_json_key(w, nn_layer_kind_named(kind->name) == kind ? "kind" : "own_kind");
    nn_json_text(w, kind->name);
    nn_json_key(w, "name");
    nn_json_text(w, layer->name);
    nn_json_key(w, "group");
    nn_json_text(w, layer->group);
    if (layer->options && kind->options_bytes) {
        const char *text = options_text(kind->fields, layer->options, store);
        w->to->failed = w->to->failed || !text;
        nn_json_key(w, "options");
        nn_json_text(w, text);
    }
    if (layer->options && list != SIZE_MAX) {
        nn_json_key(w, "layers");
        write_layers(w, *(const nn_layers *)(const void *)((const char *)layer->options + list), store);
    }
    nn_json_end(w, '}');
}

static void write_layers(nn_json_writer *w, nn_layers list, nn_store *store)
{
    nn_json_begin(w, '[');
    for (size_t i = 0; i < list.n; i++)
        write_layer(w, &list.at[i], store);
    nn_json_end(w, ']');
}

void nn_model_write_layers(nn_json_writer *w, const nn_estimator_options *options, nn_store *store)
{
    nn_json_key(w, "layers");
    write_layers(w, options->layers, store);
    nn_json_key(w, "groups");
    nn_json_begin(w, '[');
    for (size_t i = 0; i < options->n_groups; i++) {
        const nn_group *g = &options->groups[i];
        nn_json_begin(w, '{');
        nn_json_key(w, "name");
        nn_json_text(w, g->name);
        nn_json_key(w, "pattern");
        nn_json_text(w, g->pattern);
        nn_json_key(w, "frozen");
        nn_json_bool(w, g->frozen);
        nn_json_key(w, "rate");
        nn_json_real(w, g->rate);
        nn_json_key(w, "decay");
        nn_json_real(w, g->decay);
        nn_json_end(w, '}');
    }
    nn_json_end(w, ']');
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

/* The kind of a layer; NULL, and an error, if this program has none of its name. */
static const nn_layer_kind *find_kind(nn_model_reader *r, const nn_json *layer)
{
    const char *name = nn_model_text(r, layer, "kind", true), *own = nn_model_text(r, layer, "own_kind", true);
    const nn_load_options *o = r->options;
    for (size_t i = 0; own && i < o->n_kinds; i++)
        if (o->kinds[i] && o->kinds[i]->name && !strcmp(o->kinds[i]->name, own) && !nn_kind_needs(o->kinds[i]))
            return o->kinds[i];
    if (own) {
        nn_model_fail(r, AD_BAD_VALUE,
                      "the model has layers of kind \"%.100s\", which this program does not know: give it in kinds of "
                      "nn_load_options",
                      own);
        return NULL;
    }
    const nn_layer_kind *kind = nn_layer_kind_named(name);
    if (!kind)
        nn_model_fail(r, AD_BAD_FILE, "it has layers of kind \"%.100s\", which is none", name ? name : "");
    return kind;
}

static bool read_layers(nn_model_reader *r, const nn_json *list, nn_layers *to, int depth);

/* Reads options, a list among them, into new memory. */
static bool read_options(nn_model_reader *r, const nn_json *json, const nn_layer_kind *kind, nn_layer *layer, int depth)
{
    const char *text = nn_model_text(r, json, "options", true);
    const size_t list = nn_fields_offset(kind->fields, NN_FIELD_LAYERS);
    char mistake[300] = "";
    if (!text || !kind->options_bytes)
        return r->status == AD_OK;
    void *options = nn_store_take(&r->store, 1, kind->options_bytes);
    char *copy = nn_store_text(&r->store, text);
    nn_parsing p = {kind->fields, options, &r->store, mistake, sizeof mistake, NULL};
    const ad_status status = options && copy ? nn_fields_parse(&p, copy) : AD_NO_MEMORY;
    layer->options = options;
    if (status != AD_OK)
        return nn_model_fail(r, status == AD_NO_MEMORY ? status : AD_BAD_FILE, "options of its layer of kind %s: %s",
                             kind->name, status == AD_NO_MEMORY ? "memory is out" : mistake) == AD_OK;
    return list == SIZE_MAX ||
           read_layers(r, nn_json_member(json, "layers"), (nn_layers *)(void *)((char *)options + list), depth + 1);
}

static bool read_layers(nn_model_reader *r, const nn_json *list, nn_layers *to, int depth)
{
    if (!list || list->type != NN_JSON_LIST || depth > NN_MAX_DEPTH || list->n > NN_MAX_LAYERS)
        return nn_model_fail(r, AD_BAD_FILE, "a list of its layers is missing, too long, or nested too deeply") ==
               AD_OK;
    nn_layer *layers = nn_store_take(&r->store, list->n, sizeof *layers);
    if (!layers)
        return nn_model_fail(r, AD_NO_MEMORY, "memory is out for its layers") == AD_OK;
    *to = (nn_layers){list->n ? layers : NULL, list->n};
    for (const nn_json *json = list->first; json; json = json->next, layers++) {
        layers->kind = find_kind(r, json);
        layers->name = nn_model_text(r, json, "name", true);
        layers->group = nn_model_text(r, json, "group", true);
        if (r->status != AD_OK || !read_options(r, json, layers->kind, layers, depth))
            return false;
    }
    return true;
}

bool nn_model_read_layers(nn_model_reader *r, nn_layers *layers, const nn_group **groups, size_t *n_groups)
{
    const nn_json *list = nn_json_member(r->root, "groups");
    if (!read_layers(r, nn_json_member(r->root, "layers"), layers, 0))
        return false;
    if (!list || list->type != NN_JSON_LIST)
        return nn_model_fail(r, AD_BAD_FILE, "it has no list of groups") == AD_OK;
    nn_group *g = nn_store_take(&r->store, list->n, sizeof *g);
    if (!g)
        return nn_model_fail(r, AD_NO_MEMORY, "memory is out for its groups") == AD_OK;
    *groups = list->n ? g : NULL;
    *n_groups = list->n;
    for (const nn_json *json = list->first; json; json = json->next, g++) {
        g->name = nn_model_text(r, json, "name", true);
        g->pattern = nn_model_text(r, json, "pattern", true);
        g->frozen = nn_model_flag(r, json, "frozen");
        g->rate = nn_model_real(r, json, "rate");
        g->decay = nn_model_real(r, json, "decay");
    }
    return r->status == AD_OK;
}
