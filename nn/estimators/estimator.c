/* What a classifier and a regressor have in common: opening, errors, and the network that they train. */
#include "estimator.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <gradtape/inspect.h>

#include "../data/data_check.h"
#include "../data/feed.h"
#include "../layers/copy.h"
#include "../network/node.h"
#include "../training/optimisers.h"
#include "class_names.h"

/* ---- Opening and closing ----------------------------------------------------------------------------------------- */

void *nn_estimator_open(size_t bytes, const ad_allocator *allocator)
{
    nn_shared *shared = nn_shared_open(allocator);
    if (!shared)
        return NULL;
    const ad_allocator own = nn_shared_allocator(shared);
    ad_memory memory = ad_memory_over(&own);
    nn_estimator *e = ad_memory_take(&memory, 1, bytes);
    if (!e) {
        nn_shared_close(shared);
        return NULL;
    }
    memset(e, 0, bytes);
    e->shared = shared;
    e->memory = memory;
    e->store.memory = &e->memory;
    e->settings = "";
    e->plateau_factor = 1;
    return e;
}

void nn_estimator_close(nn_estimator *e, size_t bytes)
{
    if (!e)
        return;
    if (e->is_fitting) {
        e->is_to_close = true;
        return;
    }
    nn_estimator_release_network(e);
    ad_memory_release(&e->memory, e->order, (size_t)e->order_room, sizeof *e->order);
    ad_memory_release(&e->memory, e->picked, (size_t)e->picked_room, sizeof *e->picked);
    ad_memory_release(&e->memory, e->note, e->note_bytes, 1);
    nn_history_release(&e->history, &e->memory);
    nn_store_release(&e->store);
    nn_shared *shared = e->shared;
    ad_memory memory = e->memory;
    ad_memory_release(&memory, e, 1, bytes);
    nn_shared_close(shared);
}

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

ad_status nn_estimator_fail_with_tape(const nn_estimator *e, ad_tape *tape, const char *who)
{
    nn_estimator_fail(e, ad_status_of(tape), "%s: %s", who, ad_message(tape));
    const ad_status status = ad_clear_error(tape);
    ad_reset(tape);
    return status;
}

const char *nn_advice_text(char to[NN_ADVICE])
{
    nn_writer w = nn_writer_into(to, NN_ADVICE);
    nn_put(&w, "a smaller ");
    nn_put_option_name(&w, "rate");
    nn_put(&w, " or ");
    nn_put_option(&w, "clip_norm", "1");
    return to;
}

static void take_error_of_caller(nn_estimator *e)
{
    char who[64];
    if (!e->tape || ad_status_of(e->tape) == AD_OK)
        return;
    snprintf(who, sizeof who, "%s: its tape was used wrongly from outside", e->options.noun);
    nn_estimator_fail_with_tape(e, e->tape, who);
}

void nn_estimator_prepare_tape(nn_estimator *e)
{
    take_error_of_caller(e);
    if (!e->is_recorded)
        return;
    ad_watch(e->tape, AD_OFF);
    ad_reset(e->tape);
    e->is_recorded = false;
}

ad_status nn_estimator_status(const nn_estimator *e)
{
    pthread_mutex_lock(&e->shared->lock);
    const ad_status status = e->shared->status;
    pthread_mutex_unlock(&e->shared->lock);
    return status == AD_OK && e->tape ? ad_status_of(e->tape) : status;
}

const char *nn_estimator_message(const nn_estimator *e)
{
    pthread_mutex_lock(&e->shared->lock);
    const bool has_message = e->shared->status != AD_OK;
    pthread_mutex_unlock(&e->shared->lock);
    if (has_message)
        return e->shared->message;
    return e->tape ? ad_message(e->tape) : "";
}

ad_status nn_estimator_clear_error(nn_estimator *e)
{
    if (e->tape && ad_status_of(e->tape) != AD_OK)
        nn_estimator_prepare_tape(e);
    const ad_status status = e->shared->status;
    if (!e->options_are_bad)
        e->shared->status = AD_OK;
    return status;
}

/* ---- Options ----------------------------------------------------------------------------------------------------- */

void nn_estimator_resolve(nn_estimator *e, const char *noun, nn_fields fields, void *options)
{
    e->options.noun = noun;
    nn_fields_resolve(fields, options);
}

/* Copies the layers and groups of the options into the store. Returns false if memory is out. */
static bool own_options(nn_estimator *e)
{
    nn_estimator_options *o = &e->options;
    const nn_group *groups = o->groups;
    nn_group *own = nn_store_take(&e->store, o->n_groups, sizeof *own);
    bool good = own && nn_layers_copy(&o->layers, &e->store);
    for (size_t i = 0; good && i < o->n_groups; i++) {
        own[i] = groups[i];
        own[i].name = nn_store_text(&e->store, groups[i].name);
        own[i].pattern = nn_store_text(&e->store, groups[i].pattern);
        good = !groups[i].name == !own[i].name && !groups[i].pattern == !own[i].pattern;
    }
    o->groups = own;
    return good;
}

ad_status nn_estimator_take_options(nn_estimator *e, const nn_estimator_options *options,
                                    const int64_t hidden_units[NN_MAX_HIDDEN_LAYERS])
{
    char text[300];
    const char *noun = options->noun, *mistake = nn_optimiser_mistake(&options->optimiser, AD_F32, text, sizeof text);
    const double inverse = 1 / options->scaling_constant;
    char message[300];
    e->options = *options;
    nn_fields_resolve(e->truth.head->fields, &e->options.head_options);
    memcpy(e->options.hidden_units, hidden_units, sizeof e->options.hidden_units);
    if (mistake)
        return nn_estimator_fail(e, AD_BAD_VALUE, "%s: %s", noun, mistake);
    if (!isfinite((float)inverse) || (float)inverse == 0)
        return nn_estimator_fail(e, AD_BAD_VALUE, "%s: the scaling constant %g cannot be divided by", noun,
                                 options->scaling_constant);
    if (!nn_fields_check(e->truth.head->fields, &e->options.head_options, message, sizeof message))
        return nn_estimator_fail(e, AD_BAD_VALUE, "%s: %s", noun, message);
    if (options->layers.n && hidden_units[0])
        return nn_estimator_fail(e, AD_BAD_VALUE, "%s: %s and layers are both given: leave one out", noun,
                                 nn_option_text(text, "hidden_units", NULL));
    if (options->layers.n && options->dropout > 0)
        return nn_estimator_fail(e, AD_BAD_VALUE,
                                 "%s: dropout goes with hidden_units: write NN_DROPOUT among the layers instead", noun);
    if ((options->layers.n && !options->layers.at) || (options->n_groups && !options->groups))
        return nn_estimator_fail(e, AD_BAD_VALUE, "%s: the array of %s is NULL", noun,
                                 options->layers.n && !options->layers.at ? "layers" : "groups");
    return own_options(e) ? AD_OK : nn_estimator_fail(e, AD_NO_MEMORY, "%s: memory is out", noun);
}

const char *nn_settings_text(nn_fields fields, const void *options, nn_store *store)
{
    const size_t n = (size_t)nn_fields_print(fields, options, NULL, 0);
    char *text = nn_store_take(store, n + 1, 1);
    if (text)
        nn_fields_print(fields, options, text, n + 1);
    return text;
}

ad_status nn_estimator_check_options(nn_estimator *e, nn_fields fields, const void *options)
{
    char message[400];
    if (!nn_fields_check(fields, options, message, sizeof message))
        return nn_estimator_fail(e, AD_BAD_VALUE, "%s: %s", e->options.noun, message);
    const char *text = nn_settings_text(fields, options, &e->store);
    if (!text)
        return nn_estimator_fail(e, AD_NO_MEMORY, "%s: memory is out", e->options.noun);
    e->settings = text;
    return AD_OK;
}

/* ---- The network ------------------------------------------------------------------------------------------------- */

static size_t count_hidden(const nn_estimator_options *o)
{
    size_t n = 0;
    while (n < NN_MAX_HIDDEN_LAYERS && o->hidden_units[n] != 0)
        n++;
    return n;
}

/* The layers of a network of hidden units, and of any that the user gave, with the last one. */
typedef struct list {
    nn_layer layers[2 * NN_MAX_HIDDEN_LAYERS + 2];
    nn_dense_options dense[NN_MAX_HIDDEN_LAYERS + 1];
    char names[NN_MAX_HIDDEN_LAYERS][32];
    nn_dropout_options dropout;
} list;

static nn_layers hidden_layers(const nn_estimator_options *o, list *l)
{
    size_t n = 0;
    l->dropout.rate = o->dropout;
    for (size_t i = 0; i < count_hidden(o); i++) {
        snprintf(l->names[i], sizeof l->names[i], "hiddenlayer_%zu", i);
        l->dense[i] = (nn_dense_options){.units = o->hidden_units[i], .activation = o->activation};
        l->layers[n++] = (nn_layer){.kind = &nn_dense, .name = l->names[i], .options = &l->dense[i]};
        if (o->dropout > 0)
            l->layers[n++] = (nn_layer){.kind = &nn_dropout, .options = &l->dropout};
    }
    return (nn_layers){l->layers, n};
}

/* Makes the network: the layers, and a last one that gives the logits; then the slots. `look` may stop it before its
 * parts take memory (node.h). */
static ad_status make_network(nn_estimator *e, nn_look_at_parts *look, void *context)
{
    const nn_estimator_options *o = &e->options;
    const nn_head *head = e->truth.head;
    list l;
    const nn_layers before = o->layers.n ? o->layers : hidden_layers(o, &l);
    const nn_dense_options last = {.units = head->outputs ? head->outputs(e->truth.k) : e->truth.k};
    nn_layer *all = ad_memory_take(&e->memory, before.n + 1, sizeof *all);
    if (!all)
        return AD_NO_MEMORY;
    if (before.n)
        memcpy(all, before.at, before.n * sizeof *all);
    all[before.n] = (nn_layer){.kind = &nn_dense, .name = "logits", .options = &last};
    const nn_network_options options = {.layers = {all, before.n + 1},
                                        .input = AD_SHAPE(e->encoding.inputs),
                                        .seed = o->seed,
                                        .groups = o->groups,
                                        .n_groups = o->n_groups};
    e->network = nn_network_open_by(e->tape, &options, look, context);
    ad_memory_release(&e->memory, all, before.n + 1, sizeof *all);
    if (ad_status_of(e->tape) == AD_OK && e->network->n_trained == 0)
        ad_fail(e->tape, AD_BAD_VALUE, "every parameter is frozen: leave some for training");
    if (ad_status_of(e->tape) != AD_OK)
        return ad_status_of(e->tape);
    return nn_network_prepare(e->network, &o->optimiser);
}

void nn_estimator_release_network(nn_estimator *e)
{
    nn_batch_release(&e->batch, &e->memory);
    ad_memory_release(&e->memory, e->best.weights, e->best.bytes, 1);
    ad_memory_release(&e->memory, e->best.last, e->best.bytes, 1);
    e->best = (nn_best){.bytes = 0};
    ad_memory_release(&e->memory, e->good, e->good_bytes, 1);
    e->good = NULL;
    e->good_bytes = 0;
    ad_memory_release(&e->memory, e->before, e->before_room, sizeof *e->before);
    e->before = NULL;
    e->before_room = 0;
    nn_network_close(e->network);
    ad_tape_close(e->tape);
    nn_encoding_release(&e->encoding);
    nn_targets_release(&e->targets, &e->memory);
    e->network = NULL;
    e->tape = NULL;
    e->data = (nn_fingerprint){.rows = 0};
    e->is_recorded = false;
}

/* Learns from the data how features are encoded and targets are scaled, and makes the network for its inputs. */
static ad_status build(nn_estimator *e, const nn_data *data)
{
    char mistake[400] = "";
    ad_status status = nn_encoding_learn(&e->encoding, data, mistake, sizeof mistake);
    if (status == AD_OK && e->truth.targets)
        status = nn_targets_learn(&e->targets, data, e->truth.k, &e->memory);
    if (data->feed && nn_feed_status(data->feed) != AD_OK)
        return nn_estimator_fail(e, nn_feed_status(data->feed), "fit: %s", nn_feed_message(data->feed));
    if (status == AD_NO_MEMORY)
        return status;
    if (status != AD_OK)
        return nn_estimator_fail(e, status, "fit: %s", mistake);
    return nn_name_classes(&e->encoding, &e->truth) ? make_network(e, NULL, NULL) : AD_NO_MEMORY;
}

/* Opens the tape, and an encoding that has learnt nothing. Returns false if memory is out. */
static bool begin(nn_estimator *e)
{
    const ad_allocator allocator = nn_shared_allocator(e->shared);
    e->encoding = (nn_encoding){.kind = e->options.scaling,
                                .constant = e->options.scaling_constant,
                                .impute = e->options.impute,
                                .memory = &e->memory,
                                .store = {.memory = &e->memory},
                                .scaling = {.memory = &e->memory}};
    e->tape = ad_tape_open(&(ad_tape_options){.allocator = &allocator});
    return e->tape;
}

/* What could not be built goes. The error is kept, unless there is one. Returns the status. */
static ad_status end_building(nn_estimator *e, ad_status status, const char *who, int64_t columns)
{
    if (status == AD_OK)
        return AD_OK;
    if (e->tape && ad_status_of(e->tape) != AD_OK)
        nn_estimator_fail(e, status, "%s: %s", who, ad_message(e->tape));
    nn_estimator_fail(e, status, "%s: memory is out for a network of %" PRId64 " features", who, columns);
    nn_estimator_release_network(e);
    return status;
}

ad_status nn_estimator_build(nn_estimator *e, const nn_data *data)
{
    return end_building(e, begin(e) ? build(e, data) : AD_NO_MEMORY, "fit", data->columns);
}

ad_status nn_estimator_rebuild(nn_estimator *e, const nn_learnt *learnt, nn_look_at_parts *look, void *context)
{
    ad_status status = begin(e) ? nn_encoding_restore(&e->encoding, learnt) : AD_NO_MEMORY;
    if (status == AD_BAD_VALUE)
        nn_estimator_fail(e, status, "load: its columns and what was learnt of them do not go together");
    if (status == AD_OK)
        status = nn_name_classes(&e->encoding, &e->truth) ? make_network(e, look, context) : AD_NO_MEMORY;
    return end_building(e, status, "load", learnt->columns);
}

/* ---- Data -------------------------------------------------------------------------------------------------------- */

static ad_status check_truth(const nn_data *data, const nn_truth *truth, char *mistake, size_t size)
{
    const nn_task task = truth->head->task;
    const ad_status status = task == NN_CLASSES ? nn_classes_check(data, truth->classes, truth->k, mistake, size)
                                                : nn_truth_check(data, task, truth->k, mistake, size);
    return status == AD_OK ? nn_weights_check(data, mistake, size) : status;
}

ad_status nn_estimator_match(const nn_estimator *e, const nn_data *data, const char *who, nn_matching *matching,
                             ad_memory *memory)
{
    char mistake[400];
    ad_status status = nn_matching_make(matching, &e->encoding, data, memory, mistake, sizeof mistake);
    if (status == AD_OK)
        status = nn_features_check(data, e->options.impute, matching->used, mistake, sizeof mistake);
    return status == AD_OK ? AD_OK : nn_estimator_fail(e, status, "%s: %s", who, mistake);
}

ad_status nn_estimator_check(const nn_estimator *e, const nn_data *data, const nn_truth *truth, bool has_features,
                             const char *who, nn_matching *matching, ad_memory *memory)
{
    char mistake[400];
    if (e->options_are_bad)
        return e->shared->status;
    ad_status status = nn_view_check(data, mistake, sizeof mistake);
    if (status == AD_OK && !e->tape && has_features)
        status = nn_features_check(data, e->options.impute, NULL, mistake, sizeof mistake);
    if (status != AD_OK)
        return nn_estimator_fail(e, status, "%s: %s", who, mistake);
    if (e->tape)
        status = nn_estimator_match(e, data, who, matching, memory);
    if (status != AD_OK || !truth)
        return status;
    status = check_truth(data, truth, mistake, sizeof mistake);
    return status == AD_OK ? AD_OK : nn_estimator_fail(e, status, "%s: %s", who, mistake);
}

/* ---- Looking in -------------------------------------------------------------------------------------------------- */

ad_tensor nn_estimator_parameter(nn_estimator *e, size_t index)
{
    const size_t n = nn_network_part_count(e->network);
    if (index < n)
        return nn_network_part(e->network, index);
    nn_estimator_fail(e, AD_BAD_VALUE, "parameter: there is no parameter %zu: the %s has %zu", index, e->options.noun,
                      n);
    return (ad_tensor){0};
}

ad_usage nn_estimator_usage(const nn_estimator *e)
{
    pthread_mutex_lock(&e->shared->lock);
    const ad_usage usage = e->shared->memory.usage;
    pthread_mutex_unlock(&e->shared->lock);
    return usage;
}
