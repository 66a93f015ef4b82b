/* A network: opened from a list of layers, run, updated, looked at. */
#include "node.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include <gradtape/inspect.h>
#include <gradtape/operators.h>
#include <gradtape/random.h>
#include <gradtape/update.h>

#include "../shape_text.h"

/* ---- Opening ----------------------------------------------------------------------------------------------------- */

nn_network *nn_network_open_by(ad_tape *tape, const nn_network_options *options, nn_look_at_parts *look, void *context)
{
    static const nn_network_options none = {0};
    const ad_allocator allocator = ad_allocator_of(tape);
    ad_memory memory = ad_memory_over(&allocator);
    nn_network *network = tape ? ad_memory_take(&memory, 1, sizeof *network) : NULL;
    if (!network) {
        ad_fail(tape, AD_NO_MEMORY, "network: memory is out");
        return NULL;
    }
    *network = (nn_network){.memory = memory, .tape = tape, .options = options ? *options : none};
    network->store.memory = &network->memory;
    if (ad_status_of(tape) != AD_OK || nn_plan(network) != AD_OK || nn_make_parts(network, look, context) != AD_OK) {
        network->first = NULL;
        network->n_nodes = network->n_parts = network->n_trained = 0;
        network->output = AD_SCALAR;
    }
    return network;
}

nn_network *nn_network_open(ad_tape *tape, const nn_network_options *options)
{
    return nn_network_open_by(tape, options, NULL, NULL);
}

void nn_network_close(nn_network *network)
{
    if (!network)
        return;
    nn_store_release(&network->store);
    ad_memory memory = network->memory;
    ad_memory_release(&memory, network, 1, sizeof *network);
}

/* ---- What a kind may call ---------------------------------------------------------------------------------------- */

const void *nn_layer_options(const nn_layer_call *call) { return call->node->made.options; }

ad_shape nn_layer_input(const nn_layer_call *call) { return call->node->made.input; }

bool nn_layer_trains(const nn_layer_call *call) { return call->pass.trains; }

void nn_layer_fail(nn_layer_call *call, ad_status status, const char *format, ...)
{
    char what[300] = "it failed, and no message was given (NULL)", whole[NN_FULL_NAME + 320];
    va_list arguments;
    va_start(arguments, format);
    if (format)
        vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    snprintf(whole, sizeof whole, "%s: %s", call->node->made.name, what);
    if (call->is_run)
        ad_fail(call->tape, status, "run: %s", whole);
    else
        nn_fail_planned(call->network, call->planned, status, whole);
}

/* The part that the layer made for number i of its kind; NULL, and an error, if there is no such number or the network
 * is planned only. */
static const nn_made_part *part_at(nn_layer_call *call, int i)
{
    const nn_layer_kind *kind = call->node->made.kind;
    if (i >= 0 && (size_t)i < kind->n_parts && call->is_run)
        return call->node->place[i] >= 0 ? &call->network->parts[call->node->place[i]] : NULL;
    nn_layer_fail(call, AD_BAD_VALUE, "its kind asks for part %d, which it has not while it is %s", i,
                  call->is_run ? "run" : "planned");
    return NULL;
}

ad_tensor nn_layer_part(nn_layer_call *call, int i)
{
    const nn_made_part *part = part_at(call, i);
    if (!part)
        return (ad_tensor){.tape = call->tape};
    if (call->tape == call->network->tape)
        return part->frozen && part->role != NN_STATE ? ad_detach(part->tensor) : part->tensor;
    return ad_borrow(call->tape, call->network->options.type, ad_shape_of(part->tensor), ad_data(part->tensor));
}

/* The state of a pass that trains, unless it is frozen. */
static const nn_made_part *state_at(nn_layer_call *call, int i)
{
    const nn_made_part *part = part_at(call, i);
    if (part && part->role != NN_STATE)
        nn_layer_fail(call, AD_BAD_VALUE, "its kind proposes a value for part %d, which is no state", i);
    return part && part->role == NN_STATE && call->pass.trains ? part : NULL;
}

void nn_layer_propose(nn_layer_call *call, int i, ad_tensor value)
{
    const nn_made_part *part = state_at(call, i);
    if (part && !part->frozen)
        ad_propose(part->tensor, value);
}

ad_tensor nn_layer_proposed(nn_layer_call *call, int i)
{
    const nn_made_part *part = state_at(call, i);
    return part ? ad_proposed(part->tensor) : nn_layer_part(call, i);
}

ad_tensor nn_layer_mask(nn_layer_call *call, ad_tensor x, double rate)
{
    const uint64_t stream = ad_stream(AD_STREAM_LAYERS, call->node->number), seed = call->network->options.seed;
    const uint64_t at = 2 * call->masks++;
    const uint64_t own =
        (uint64_t)ad_random_bits(seed, stream, at) << 32 | (uint64_t)ad_random_bits(seed, stream, at + 1);
    const uint64_t draws = ad_draw_count(call->tape), step = (uint64_t)call->pass.step;
    ad_set_draw_count(call->tape, step);
    const ad_tensor mask = ad_dropout_mask(x, rate, own);
    /* A replay draws by the count that it finds: not this mask again. */
    const uint64_t next = step + 1 < AD_STREAM_NUMBERS ? step + 1 : step;
    ad_set_draw_count(call->tape, draws > next ? draws : next);
    return mask;
}

/* ---- Running ----------------------------------------------------------------------------------------------------- */

static bool has_shape(ad_tensor y, int64_t n, const ad_shape *wanted)
{
    const ad_shape shape = ad_shape_of(y);
    bool same = shape.rank == wanted->rank + 1 && shape.dims[0] == n;
    for (int i = 0; same && i < wanted->rank; i++)
        same = shape.dims[i + 1] == wanted->dims[i];
    return same;
}

static void fail_output(nn_layer_call *call, ad_tensor y, int64_t n)
{
    char got[NN_SHAPE_TEXT], wanted[NN_SHAPE_TEXT];
    const ad_shape shape = ad_shape_of(y), *rule = &call->node->made.output;
    if (has_shape(y, n, rule))
        nn_layer_fail(call, AD_BAD_TYPE, "its kind gave %s, where the network is %s", ad_type_name(ad_type_of(y)),
                      ad_type_name(call->network->options.type));
    else
        nn_layer_fail(call, AD_BAD_SHAPE,
                      "its kind gave %s for %" PRId64 " examples, where its shape rule says %s for each",
                      nn_shape_text(&shape, got), n, nn_shape_text(rule, wanted));
}

/* A kind of a user's own may give something else than its rule says. */
static void check_output(nn_layer_call *call, ad_tensor y, int64_t n)
{
    if (ad_status_of(call->tape) != AD_OK)
        return;
    if (y.tape != call->tape || !ad_is_valid(y))
        nn_layer_fail(call, AD_BAD_HANDLE, "its kind gave no tensor of the tape of x");
    else if (!has_shape(y, n, &call->node->made.output) || ad_type_of(y) != call->network->options.type)
        fail_output(call, y, n);
}

/* A tensor that has a name keeps it: a layer may give what it was given, or what a layer inside it named. */
static ad_tensor name_output(const nn_node *node, ad_tensor y)
{
    return ad_is_inert(y) || ad_name_of(y)[0] ? y : ad_name(y, node->made.name);
}

static ad_tensor run_list(const nn_layer_call *like, const nn_node *node, ad_tensor x)
{
    const int64_t n = ad_shape_of(x).dims[0];
    for (; node && ad_status_of(like->tape) == AD_OK; node = node->next) {
        nn_layer_call call = *like;
        call.node = node;
        call.masks = 0;
        ad_scope_begin(call.tape, node->own_name);
        x = node->made.kind->apply(&call, x);
        check_output(&call, x, n);
        if (ad_is_watched(call.tape))
            x = name_output(node, x);
        ad_scope_end(call.tape);
    }
    return x;
}

/* A kind of a user's own may run its list on something else than the list was planned for. */
static void check_list_input(nn_layer_call *call, ad_tensor x)
{
    char got[NN_SHAPE_TEXT], wanted[NN_SHAPE_TEXT];
    if (!call->is_run || call->node->copies == 0)
        nn_layer_fail(call, AD_BAD_STATE, "its kind runs a list %s",
                      call->is_run ? "that is not among its options" : "while it is planned");
    if (ad_status_of(call->tape) != AD_OK)
        return;
    const bool is_valid = x.tape == call->tape && ad_is_valid(x);
    const ad_shape shape = is_valid ? ad_shape_of(x) : AD_SCALAR;
    if (!is_valid)
        nn_layer_fail(call, AD_BAD_HANDLE, "its kind runs its list on no tensor of the tape of x");
    else if (shape.rank == 0 || !has_shape(x, shape.dims[0], &call->node->made.input))
        nn_layer_fail(call, AD_BAD_SHAPE, "its kind runs its list on %s, where the list takes [n] examples of %s",
                      nn_shape_text(&shape, got), nn_shape_text(&call->node->made.input, wanted));
}

ad_tensor nn_layer_run_list(nn_layer_call *call, ad_tensor x)
{
    const nn_node *node = call->node;
    check_list_input(call, x);
    for (int64_t i = 0; i < node->copies && ad_status_of(call->tape) == AD_OK; i++) {
        char number[24];
        snprintf(number, sizeof number, "%" PRId64, i);
        if (node->is_numbered)
            ad_scope_begin(call->tape, number);
        x = run_list(call, node->lists[i], x);
        if (node->is_numbered)
            ad_scope_end(call->tape);
    }
    return x;
}

static bool check_run(const nn_network *network, nn_pass pass, ad_tensor x)
{
    char got[NN_SHAPE_TEXT], wanted[NN_SHAPE_TEXT];
    if (!network || !network->first) {
        ad_fail(x.tape, AD_BAD_HANDLE, "run: the network %s",
                network ? "has no layers: opening it failed" : "is NULL: nn_network_open found no memory");
        return false;
    }
    if (!x.tape || ad_status_of(x.tape) != AD_OK)
        return false;
    if (ad_is_inert(x))
        return ad_fail(x.tape, AD_BAD_HANDLE, "run: x is inert: it was never made, or came from a call that failed") ==
               AD_OK;
    const ad_shape shape = ad_shape_of(x);
    if (shape.rank == 0 || !has_shape(x, shape.dims[0], &network->options.input))
        ad_fail(x.tape, AD_BAD_SHAPE, "run: x has the shape %s: the network takes [n] examples of %s",
                nn_shape_text(&shape, got), nn_shape_text(&network->options.input, wanted));
    else if (ad_type_of(x) != network->options.type)
        ad_fail(x.tape, AD_BAD_TYPE, "run: x is %s, the network is %s: ad_cast it", ad_type_name(ad_type_of(x)),
                ad_type_name(network->options.type));
    else if (pass.trains && x.tape != network->tape)
        ad_fail(x.tape, AD_BAD_STATE, "run: x is on another tape than the network: only a pass for inference can be");
    else if (pass.trains && (pass.step < 0 || (uint64_t)pass.step >= AD_STREAM_NUMBERS))
        ad_fail(x.tape, AD_BAD_VALUE, "run: the step %" PRId64 " of the pass must be 0 or more and below 2^56",
                pass.step);
    return ad_status_of(x.tape) == AD_OK;
}

nn_pass nn_training(const nn_network *network, int64_t step)
{
    (void)network;
    return (nn_pass){.trains = true, .step = step};
}

nn_pass nn_inference(const nn_network *network)
{
    (void)network;
    return (nn_pass){.trains = false};
}

ad_tensor nn_run(const nn_network *network, nn_pass pass, ad_tensor x)
{
    if (!check_run(network, pass, x))
        return (ad_tensor){.tape = x.tape};
    const nn_layer_call call = {.network = network, .pass = pass, .tape = x.tape, .is_run = true};
    const ad_tensor y = run_list(&call, network->first, x);
    return ad_status_of(x.tape) == AD_OK ? y : (ad_tensor){.tape = x.tape};
}

/* ---- Looking ----------------------------------------------------------------------------------------------------- */

size_t nn_network_part_count(const nn_network *network) { return network ? network->n_parts : 0; }

ad_tensor nn_network_part(const nn_network *network, size_t i)
{
    if (i < nn_network_part_count(network))
        return network->parts[i].tensor;
    ad_tape *tape = network ? network->tape : NULL;
    ad_fail(tape, AD_BAD_VALUE, "network_part: there is no part %zu: the network has %zu", i,
            nn_network_part_count(network));
    return (ad_tensor){.tape = tape};
}

nn_role nn_network_role(const nn_network *network, size_t i)
{
    return i < nn_network_part_count(network) ? network->parts[i].role : NN_ROLE_COUNT;
}

bool nn_network_is_frozen(const nn_network *network, size_t i)
{
    return i < nn_network_part_count(network) && network->parts[i].frozen;
}

ad_shape nn_network_output(const nn_network *network) { return network ? network->output : AD_SCALAR; }

size_t nn_network_layer_count(const nn_network *network) { return network ? network->n_nodes : 0; }

nn_network_layer nn_network_layer_at(const nn_network *network, size_t i)
{
    return i < nn_network_layer_count(network) ? network->nodes[i]->made : (nn_network_layer){.kind = NULL};
}
