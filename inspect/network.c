/* Networks of few units on a tape. */
#include "network.h"

#include <string.h>

#include "operators.h"

typedef struct finder {
    ad_folds *folds;
    ad_unit_layer *layers; /* in the order of recording */
    int32_t *of;           /* for each node: the layer whose z or y it is; -1: none */
    size_t n, room, nodes;
} finder;

/* ---- Sizes ------------------------------------------------------------------------------------------------------- */

static size_t last_size(ad_tensor x)
{
    const ad_shape shape = ad_shape_of(x);
    return shape.rank ? (size_t)shape.dims[shape.rank - 1] : 0;
}

size_t ad_width_of(const ad_unit_layer *layer) { return last_size(layer->w); }

size_t ad_inputs_of(const ad_unit_layer *layer) { return (size_t)ad_shape_of(layer->w).dims[0]; }

size_t ad_rows_of(const ad_unit_layer *layer) { return ad_size_of(layer->y) / ad_width_of(layer); }

static bool is_few(size_t n) { return n >= 1 && n <= AD_MOST_UNITS; }

/* Whether y is a product by weights, of whatever size. */
static bool is_product(ad_tensor y)
{
    if (ad_result_number(y) != 0)
        return false;
    return ad_is_made_by(y, "linear") || (ad_is_made_by(y, "matmul") && ad_shape_of(y).rank == 2 &&
                                          ad_shape_of(ad_operand(y, 1)).rank == 2 && !ad_operator_of(ad_operand(y, 1)));
}

static bool can_be_drawn(const ad_unit_layer *layer)
{
    return is_few(ad_inputs_of(layer)) && is_few(ad_width_of(layer)) && ad_size_of(layer->y) > 0;
}

/* ---- Layers ------------------------------------------------------------------------------------------------------ */

static ad_unit_layer *layer_of(const finder *f, ad_tensor x)
{
    const size_t v = ad_node_of(f->folds, x);
    return v == SIZE_MAX || f->of[v] < 0 ? NULL : &f->layers[f->of[v]];
}

/* The layer of which x is the last result so far. */
static ad_unit_layer *layer_ending_at(const finder *f, ad_tensor x)
{
    ad_unit_layer *layer = layer_of(f, x);
    return layer && layer->y.id == x.id ? layer : NULL;
}

static void add_layer(finder *f, ad_tensor y, size_t node)
{
    const ad_unit_layer *below = layer_ending_at(f, ad_operand(y, 0));
    ad_unit_layer layer = {.x = ad_operand(y, 0), .w = ad_operand(y, 1), .y = y};
    layer.below = below ? (int)(below - f->layers) : -1;
    layer.curve = ad_curve_named("identity");
    layer.attribute = layer.curve->attribute;
    if (ad_is_made_by(y, "linear")) {
        layer.b = ad_operand(y, 2);
        layer.curve = ad_curve_of(y, &layer.attribute);
    }
    if (strcmp(layer.curve->name, "identity") == 0)
        layer.z = y;
    f->of[node] = (int32_t)f->n;
    f->layers[f->n++] = layer;
}

/* Whether the other operand of an addition is a bias: a leaf with a number for each unit. */
static bool is_bias(const ad_unit_layer *layer, ad_tensor b)
{
    const ad_shape shape = ad_shape_of(b);
    return !ad_operator_of(b) && shape.rank >= 1 && ad_size_of(b) == ad_width_of(layer) &&
           last_size(b) == ad_width_of(layer);
}

/* A layer goes on while nothing but the bias, and then the activation, is applied to what it gave so far. */
static void add_bias(finder *f, ad_tensor y, size_t node)
{
    for (int i = 0; i < 2; i++) {
        ad_unit_layer *layer = layer_ending_at(f, ad_operand(y, i));
        const ad_tensor b = ad_operand(y, 1 - i);
        if (!layer || !ad_is_inert(layer->b) || layer->z.id != layer->y.id || layer->is_hidden || !is_bias(layer, b))
            continue;
        layer->b = b;
        layer->z = layer->y = y;
        f->of[node] = (int32_t)(layer - f->layers);
        return;
    }
}

static void add_activation(finder *f, ad_tensor y, size_t node)
{
    double attribute = 0;
    const ad_curve *curve = ad_curve_of(y, &attribute);
    ad_unit_layer *layer = curve ? layer_ending_at(f, ad_operand(y, 0)) : NULL;
    if (!layer || layer->z.id != layer->y.id || layer->is_hidden || !ad_is_inert(layer->taker))
        return;
    layer->curve = curve;
    layer->attribute = attribute;
    layer->y = y;
    f->of[node] = (int32_t)(layer - f->layers);
}

/* The same elements in another shape are the layer's units still, while its rows stay whole. */
static void add_reshape(finder *f, ad_tensor y, size_t node)
{
    ad_unit_layer *layer = layer_ending_at(f, ad_operand(y, 0));
    if (layer->is_hidden || !ad_is_inert(layer->taker) || last_size(y) != ad_width_of(layer))
        return;
    if (layer->z.id == layer->y.id)
        layer->z = y;
    layer->y = y;
    f->of[node] = (int32_t)(layer - f->layers);
}

bool ad_takes_logistic(ad_tensor taker)
{
    return ad_is_made_by(taker, "logistic") || ad_is_made_by(taker, "logistic_cross_entropy");
}

/* Whether y is the softmax of each row of its first operand, or a loss that takes it or the logistic. */
static bool is_taker(ad_tensor y)
{
    static const char *const losses[] = {"softmax_cross_entropy", "softmax_cross_entropy_with",
                                         "softmax_log_likelihood", "logistic_cross_entropy"};
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++)
        if (ad_is_made_by(y, losses[i]))
            return ad_result_number(y) == 0;
    if (!ad_is_made_by(y, "softmax") && !ad_is_made_by(y, "log_softmax"))
        return false;
    const int64_t axis = ad_attributes_of(y)->integer, rank = ad_shape_of(y).rank;
    return axis == rank - 1 || axis == -1;
}

static void add_entry(finder *f, size_t node)
{
    const ad_tensor y = ad_node_tensor(f->folds, node);
    ad_unit_layer *from = ad_operator_of(y) && ad_operand_count(y) ? layer_ending_at(f, ad_operand(y, 0)) : NULL;
    if (is_product(y) && from)
        from->is_hidden = true;
    if (is_product(y))
        add_layer(f, y, node);
    else if (f->n && ad_is_made_by(y, "add"))
        add_bias(f, y, node);
    else if (from && ad_is_made_by(y, "reshape"))
        add_reshape(f, y, node);
    else if (from && is_taker(y) && ad_is_inert(from->taker))
        from->taker = y;
    else if (from)
        add_activation(f, y, node);
}

/* ---- The network ------------------------------------------------------------------------------------------------- */

/* A product alone is no layer, unless others are beside it. */
static bool is_whole(const ad_unit_layer *layer)
{
    return !ad_is_inert(layer->b) || strcmp(layer->curve->name, "identity") != 0 || layer->below >= 0 ||
           layer->is_hidden || !ad_is_inert(layer->taker);
}

/* Marks the nodes that the loss was computed from, and their layers. */
static void mark_used(const finder *f, size_t loss, unsigned char *used)
{
    memset(used, 0, f->nodes);
    used[loss] = 1;
    for (size_t v = loss + 1; v-- > 0;) {
        const ad_tensor y = ad_node_tensor(f->folds, v);
        const int operands = used[v] ? ad_operand_count(y) : 0;
        for (int i = 0; i < operands; i++) {
            const size_t x = ad_node_of(f->folds, ad_operand(y, i));
            if (x < v)
                used[x] = 1;
        }
        if (used[v] && f->of[v] >= 0)
            f->layers[f->of[v]].is_used = true;
    }
}

/* A loss of logits needs no activation, so that one that was applied beside it gives the loss nothing. The layer then
 * ends at the logits, and a logistic is drawn behind it as what takes them. */
static void end_at_logits(const finder *f, const unsigned char *used)
{
    for (size_t i = 0; i < f->n; i++) {
        ad_unit_layer *layer = &f->layers[i];
        if (!layer->is_used || ad_is_inert(layer->z) || used[ad_node_of(f->folds, layer->y)])
            continue;
        if (ad_is_inert(layer->taker) && strcmp(layer->curve->name, "logistic") == 0)
            layer->taker = layer->y;
        layer->y = layer->z;
        layer->curve = ad_curve_named("identity");
        layer->attribute = layer->curve->attribute;
    }
}

/* The last layer that can be drawn, of those that the loss was computed from if there are any; -1: there is none. */
static int last_layer(const finder *f)
{
    int last = -1;
    for (size_t i = 0; i < f->n; i++) {
        const ad_unit_layer *layer = &f->layers[i];
        if (is_whole(layer) && can_be_drawn(layer) && (last < 0 || layer->is_used || !f->layers[last].is_used))
            last = (int)i;
    }
    return last;
}

/* The last layer and those below it, while they can be drawn. */
static void take_layers(ad_network *network, const finder *f, int last)
{
    int first = last, n = 0, all = 0;
    for (int i = last; i >= 0; i = f->layers[i].below)
        all++;
    for (int i = last; i >= 0 && n < AD_MOST_LAYERS && can_be_drawn(&f->layers[i]); i = f->layers[i].below) {
        first = i;
        n++;
    }
    network->n = n;
    network->left_out = all - n;
    for (int i = last, k = n; k-- > 0; i = f->layers[i].below)
        network->layers[k] = f->layers[i];
    const ad_unit_layer *before = network->left_out ? &f->layers[f->layers[first].below] : NULL;
    network->too_many = before && !is_few(ad_inputs_of(before)) ? ad_inputs_of(before) : 0;
}

static bool find(ad_network *network, finder *f, ad_tensor loss)
{
    ad_memory *memory = &f->folds->memory;
    const size_t end = ad_is_inert(loss) ? SIZE_MAX : ad_node_of(f->folds, loss);
    unsigned char *used = NULL;
    f->layers = ad_memory_take(memory, f->room, sizeof *f->layers);
    f->of = ad_memory_take(memory, f->nodes, sizeof *f->of);
    bool is_good = f->layers && f->of;
    for (size_t v = 0; is_good && v < f->nodes; v++)
        f->of[v] = -1;
    for (size_t v = f->folds->kept; is_good && v < f->nodes; v++)
        add_entry(f, v);
    if (is_good && end != SIZE_MAX) {
        used = ad_memory_take(memory, f->nodes, 1);
        is_good = used;
    }
    if (used) {
        mark_used(f, end, used);
        end_at_logits(f, used);
    }
    if (is_good)
        take_layers(network, f, last_layer(f));
    ad_memory_release(memory, used, f->nodes, 1);
    ad_memory_release(memory, f->of, f->nodes, sizeof *f->of);
    ad_memory_release(memory, f->layers, f->room, sizeof *f->layers);
    return is_good;
}

bool ad_find_network(ad_network *network, ad_folds *folds, ad_tensor loss)
{
    finder f = {.folds = folds, .nodes = folds->kept + folds->recorded};
    *network = (ad_network){.n = 0};
    for (size_t v = folds->kept; v < f.nodes; v++)
        f.room += is_product(ad_node_tensor(folds, v));
    return f.room == 0 || find(network, &f, loss);
}
