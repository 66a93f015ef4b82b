/* Planning a network: the tree of its layers, their names, options and shapes, checked before anything is made. */
#include "node.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../options/fields.h"
#include "../shape_text.h"

/* What is planned so far. */
typedef struct plan {
    nn_network *network;
    nn_node *last; /* planned */
} plan;

/* ---- Texts ------------------------------------------------------------------------------------------------------- */

/* The shapes of the last few layers: "x [784] -> dense_0 [300] -> dropout [300]". */
static void write_shapes(const nn_network *network, const nn_node *last, char *text, size_t size)
{
    enum { SHOWN = 4 };
    const nn_node *shown[SHOWN];
    int n = 0;
    for (; last && n < SHOWN; last = last->planned)
        shown[n++] = last;
    char shape[NN_SHAPE_TEXT];
    int at = last ? snprintf(text, size, "...")
                  : snprintf(text, size, "x %s", nn_shape_text(&network->options.input, shape));
    while (n-- > 0 && at > 0 && (size_t)at < size)
        at += snprintf(text + at, size - (size_t)at, " -> %.60s %s", shown[n]->made.name,
                       nn_shape_text(&shown[n]->made.output, shape));
}

void nn_fail_planned(const nn_network *network, const nn_node *last, ad_status status, const char *what)
{
    char shapes[400];
    write_shapes(network, last, shapes, sizeof shapes);
    ad_fail(network->tape, status, "network: %s; so far: %s", what, shapes);
}

static bool fail(const plan *p, ad_status status, const char *format, ...) AD_PRINTF(3, 4);

static bool fail(const plan *p, ad_status status, const char *format, ...)
{
    char what[NN_FULL_NAME + 340];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    nn_fail_planned(p->network, p->last, status, what);
    return false;
}

static bool fail_memory(const plan *p)
{
    ad_fail(p->network->tape, AD_NO_MEMORY, "network: memory is out");
    return false;
}

/* ---- Names ------------------------------------------------------------------------------------------------------- */

static bool is_alone(nn_layers list, size_t i)
{
    for (size_t j = 0; j < list.n; j++)
        if (j != i && !list.at[j].name && list.at[j].kind == list.at[i].kind)
            return false;
    return true;
}

/* The name of a layer in its list: its own, or its kind's with the number among those of the kind without a name. */
static void write_own_name(nn_layers list, size_t i, char name[NN_OWN_NAME + 32])
{
    const nn_layer *layer = &list.at[i];
    size_t number = 0;
    for (size_t j = 0; j < i; j++)
        number += !list.at[j].name && list.at[j].kind == layer->kind;
    if (layer->name || is_alone(list, i))
        snprintf(name, NN_OWN_NAME + 32, "%.*s", NN_OWN_NAME, layer->name ? layer->name : layer->kind->name);
    else
        snprintf(name, NN_OWN_NAME + 32, "%.*s_%zu", NN_OWN_NAME, layer->kind->name, number);
}

static bool check_name(const plan *p, const nn_layer *layer)
{
    if (!layer->name)
        return true;
    const size_t length = strlen(layer->name);
    if (length == 0 || length > NN_OWN_NAME || strchr(layer->name, '/'))
        return fail(p, AD_BAD_VALUE, "the name \"%.40s\" of a layer must have 1 to %d characters, and no '/'",
                    layer->name, NN_OWN_NAME);
    return true;
}

/* Gives the node its names, and sees that no layer before it in its list has the same. */
static bool name_node(plan *p, nn_node *node, const nn_node *first, const char *own, const char *around)
{
    char full[NN_FULL_NAME + NN_OWN_NAME + 64];
    const int length = snprintf(full, sizeof full, "%s%s%s", around, around[0] ? "/" : "", own);
    for (const nn_node *other = first; other && other != node; other = other->next)
        if (!strcmp(other->own_name, own))
            return fail(p, AD_BAD_VALUE, "two layers are called \"%s\": give one of them another name", full);
    if (length > NN_FULL_NAME)
        return fail(p, AD_BAD_VALUE, "the name \"%.40s...\" has %d characters with the names around it: at most %d",
                    full, length, NN_FULL_NAME);
    node->made.name = nn_store_text(&p->network->store, full);
    node->own_name = node->made.name ? node->made.name + length - (int)strlen(own) : NULL;
    return node->made.name || fail_memory(p);
}

/* ---- One layer --------------------------------------------------------------------------------------------------- */

static bool check_kind(const plan *p, const nn_layer_kind *kind, size_t i)
{
    if (!kind)
        return fail(p, AD_BAD_VALUE,
                    "layer %zu of its list has no kind: use NN_DENSE or another, or a kind of your own", i);
    const char *needs = nn_kind_needs(kind);
    return !needs || fail(p, AD_BAD_VALUE, "the kind \"%.100s\" needs %s",
                          kind->name && kind->name[0] ? kind->name : "(without a name)", needs);
}

/* Copies the options, fills in defaults and checks them. */
static bool take_options(plan *p, nn_node *node, const nn_layer *layer)
{
    const nn_layer_kind *kind = layer->kind;
    char message[300];
    if (kind->options_bytes == 0)
        return !layer->options ||
               fail(p, AD_BAD_VALUE, "%s: the kind \"%s\" has no options: leave them out", node->made.name, kind->name);
    void *options = nn_store_take(&p->network->store, 1, kind->options_bytes);
    if (!options)
        return fail_memory(p);
    if (layer->options)
        memcpy(options, layer->options, kind->options_bytes);
    nn_fields_resolve(kind->fields, options);
    node->made.options = options;
    if (!nn_fields_check(kind->fields, options, message, sizeof message))
        return fail(p, AD_BAD_VALUE, "%s: %s", node->made.name, message);
    return nn_fields_own(kind->fields, options, &p->network->store) || fail_memory(p);
}

int64_t nn_size_of(const nn_node *node, const nn_size *size)
{
    const int64_t times = size->times ? size->times : 1;
    const ad_shape *input = &node->made.input;
    const int axis = size->axis + (size->axis < 0 ? input->rank : 0);
    int64_t value = 1;
    if (size->from == NN_SIZE_OF_INPUT)
        value = axis >= 0 && axis < input->rank ? input->dims[axis] : 0;
    else if (size->from == NN_SIZE_OF_OPTION)
        value = *(const int64_t *)((const char *)node->made.options + size->offset);
    if (value < 1 || times < 1)
        return 0;
    return value > INT64_MAX / times ? INT64_MAX : value * times;
}

bool nn_has_part(const nn_node *node, const nn_part *part)
{
    return !part->left_out_by || !*(const bool *)((const char *)node->made.options + part->left_out_by);
}

nn_initialiser nn_initialiser_of(const nn_node *node, const nn_part *part)
{
    nn_initialiser chosen = NN_INITIALISER_DEFAULT;
    if (part->chosen_by)
        chosen = *(const nn_initialiser *)((const char *)node->made.options + part->chosen_by);
    static const nn_initialiser of_role[NN_ROLE_COUNT] = {
        [NN_WEIGHT] = NN_GLOROT_UNIFORM, [NN_GAIN] = NN_ONES, [NN_BIAS] = NN_ZEROS, [NN_STATE] = NN_ZEROS};
    if (chosen == NN_INITIALISER_DEFAULT)
        chosen = part->initialiser;
    return chosen == NN_INITIALISER_DEFAULT ? of_role[part->role] : chosen;
}

ad_shape nn_shape_of_part(const nn_node *node, const nn_part *part)
{
    ad_shape shape = {.rank = part->rank};
    for (int i = 0; i < part->rank; i++)
        shape.dims[i] = nn_size_of(node, &part->sizes[i]);
    return shape;
}

/* Whether all sizes are at least 1, and an array of that shape has a number of bytes. */
static bool can_be_made(const ad_shape *shape)
{
    size_t bytes = sizeof(double);
    for (int i = 0; i < shape->rank; i++)
        if (shape->dims[i] < 1 || !ad_multiply_sizes(bytes, (size_t)shape->dims[i], &bytes) || bytes > PTRDIFF_MAX)
            return false;
    return true;
}

static bool check_part(const plan *p, const nn_node *node, const nn_part *part)
{
    char text[NN_SHAPE_TEXT], input[NN_SHAPE_TEXT];
    const ad_shape shape = nn_shape_of_part(node, part);
    const nn_initialiser initialiser = nn_initialiser_of(node, part);
    if (!can_be_made(&shape))
        return fail(p, AD_BAD_SHAPE, "%s: its %s would have the shape %s for the input %s", node->made.name, part->name,
                    nn_shape_text(&shape, text), nn_shape_text(&node->made.input, input));
    if ((unsigned)initialiser >= NN_INITIALISER_COUNT)
        return fail(p, AD_BAD_VALUE, "%s: the initialiser %d of its %s is none: use NN_GLOROT_UNIFORM or another",
                    node->made.name, (int)initialiser, part->name);
    if (initialiser == NN_ORTHOGONAL && shape.rank < 2)
        return fail(p, AD_BAD_SHAPE, "%s: its %s of rank %d cannot be orthogonal: that needs rows and columns",
                    node->made.name, part->name, shape.rank);
    return true;
}

static bool check_parts(const plan *p, const nn_node *node)
{
    const nn_layer_kind *kind = node->made.kind;
    for (size_t i = 0; i < kind->n_parts; i++)
        if (nn_has_part(node, &kind->parts[i]) && !check_part(p, node, &kind->parts[i]))
            return false;
    return true;
}

/* ---- Lists ------------------------------------------------------------------------------------------------------- */

/* What is around a list: names, layers, and the group of the layer that holds it. */
typedef struct place {
    const char *name, *group;
    int depth;
} place;

static nn_node *plan_list(plan *p, nn_layers list, const place *around, ad_shape *shape);

/* Plans the copies of the list that a layer has among its options. */
static bool plan_copies(plan *p, nn_node *node, ad_shape *shape)
{
    const nn_layer_kind *kind = node->made.kind;
    const size_t offset = nn_fields_offset(kind->fields, NN_FIELD_LAYERS);
    if (offset == SIZE_MAX)
        return true;
    node->is_numbered = kind->copies != NULL;
    node->copies = kind->copies ? nn_size_of(node, kind->copies) : 1;
    if (node->copies < 1 || node->copies > NN_MAX_LAYERS)
        return fail(p, AD_BAD_VALUE, "%s: %" PRId64 " copies of its list: there are 1 to %d", node->made.name,
                    node->copies, NN_MAX_LAYERS);
    /* The array is the user's, and may go: what is kept is the nodes. */
    nn_layers *option = (nn_layers *)((char *)node->made.options + offset), list = *option;
    option->at = NULL;
    node->lists = nn_store_take(&p->network->store, (size_t)node->copies, sizeof *node->lists);
    if (!node->lists)
        return fail_memory(p);
    for (int64_t i = 0; i < node->copies; i++) {
        char name[NN_FULL_NAME + 32];
        snprintf(name, sizeof name, node->is_numbered ? "%s/%" PRId64 : "%s", node->made.name, i);
        node->lists[i] = plan_list(p, list, &(place){name, node->group, node->made.depth + 1}, shape);
        if (!node->lists[i])
            return false;
    }
    return true;
}

static bool shape_node(plan *p, nn_node *node, ad_shape *shape)
{
    if (!plan_copies(p, node, shape))
        return false;
    nn_layer_call call = {.network = p->network, .node = node, .tape = p->network->tape, .planned = p->last};
    if (node->made.kind->shape)
        node->made.kind->shape(&call, shape);
    node->made.output = *shape;
    if (ad_status_of(p->network->tape) != AD_OK)
        return false;
    char text[NN_SHAPE_TEXT];
    if (shape->rank < 0 || shape->rank >= AD_MAX_RANK || !can_be_made(shape))
        return fail(p, AD_BAD_SHAPE,
                    "%s: it would give %s of rank %d for each example: the rank is 0 to %d, sizes are at "
                    "least 1",
                    node->made.name, nn_shape_text(shape, text), shape->rank, AD_MAX_RANK - 1);
    return true;
}

static bool plan_node(plan *p, nn_node *node, nn_layers list, size_t i, const nn_node *first, const place *around,
                      ad_shape *shape)
{
    const nn_layer *layer = &list.at[i];
    char own[NN_OWN_NAME + 32];
    if (!check_kind(p, layer->kind, i) || !check_name(p, layer))
        return false;
    write_own_name(list, i, own);
    node->made.kind = layer->kind;
    node->made.input = *shape;
    node->made.depth = around->depth;
    node->group = layer->group ? layer->group : around->group;
    node->number = p->network->n_nodes++;
    if (!name_node(p, node, first, own, around->name) || !take_options(p, node, layer) || !check_parts(p, node))
        return false;
    if (!shape_node(p, node, shape))
        return false;
    node->planned = p->last;
    p->last = node;
    return true;
}

/* Plans a list, from the shape that enters it to the one that leaves it. Returns its first layer; NULL on an error. */
static nn_node *plan_list(plan *p, nn_layers list, const place *around, ad_shape *shape)
{
    nn_node *first = NULL, **next = &first;
    const char *where = around->name[0] ? around->name : "the network";
    if (!list.at || list.n == 0) {
        fail(p, AD_BAD_VALUE, "%s has no layers: give at least one", where);
        return NULL;
    }
    if (around->depth >= NN_MAX_DEPTH) {
        fail(p, AD_BAD_VALUE, "lists nest more than %d deep at %.60s...: does a list hold itself?", NN_MAX_DEPTH,
             where);
        return NULL;
    }
    for (size_t i = 0; i < list.n; i++) {
        if (p->network->n_nodes >= NN_MAX_LAYERS) {
            fail(p, AD_BAD_VALUE, "there are more than %d layers, copies counted", NN_MAX_LAYERS);
            return NULL;
        }
        nn_node *node = nn_store_take(&p->network->store, 1, sizeof *node);
        if (!node) {
            fail_memory(p);
            return NULL;
        }
        *next = node;
        next = &node->next;
        if (!plan_node(p, node, list, i, first, around, shape))
            return NULL;
    }
    return first;
}

/* Writes the nodes into the array by their numbers. */
static void number_nodes(nn_network *network, nn_node *node)
{
    for (; node; node = node->next) {
        network->nodes[node->number] = node;
        for (int64_t i = 0; i < node->copies; i++)
            number_nodes(network, node->lists[i]);
    }
}

static bool check_network(const plan *p)
{
    const nn_network_options *o = &p->network->options;
    char text[NN_SHAPE_TEXT];
    if (o->type != AD_F32 && o->type != AD_F64)
        return fail(p, AD_BAD_TYPE, "its type must be AD_F32 or AD_F64");
    if (o->input.rank < 1 || o->input.rank >= AD_MAX_RANK)
        return fail(p, AD_BAD_SHAPE, "its input has the rank %d: give the shape of one example, of rank 1 to %d",
                    o->input.rank, AD_MAX_RANK - 1);
    for (int i = 0; i < o->input.rank; i++)
        if (o->input.dims[i] < 1)
            return fail(p, AD_BAD_SHAPE, "its input is %s: sizes must be at least 1", nn_shape_text(&o->input, text));
    if (o->name && (!o->name[0] || strlen(o->name) > NN_OWN_NAME))
        return fail(p, AD_BAD_VALUE, "its name must have 1 to %d characters", NN_OWN_NAME);
    return true;
}

ad_status nn_plan(nn_network *network)
{
    plan p = {.network = network};
    ad_shape shape = network->options.input;
    if (check_network(&p)) {
        const place top = {.name = network->options.name ? network->options.name : ""};
        network->first = plan_list(&p, network->options.layers, &top, &shape);
        network->output = shape;
    }
    if (network->first) {
        network->nodes = nn_store_take(&network->store, network->n_nodes, sizeof *network->nodes);
        if (network->nodes)
            number_nodes(network, network->first);
        else
            fail_memory(&p);
    }
    return ad_status_of(network->tape);
}
