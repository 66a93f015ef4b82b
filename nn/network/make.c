/* Making the parameters and states of a planned network, and finding the group of each. */
#include "node.h"

#include <stdio.h>
#include <string.h>

#include <gradtape/random.h>

/* ---- Groups ------------------------------------------------------------------------------------------------------ */

/* The end of the character at `at`, in UTF-8. */
static const char *after_character(const char *at)
{
    at++;
    while (((unsigned char)*at >> 6) == 2)
        at++;
    return at;
}

/* Whether a name fits a pattern in which * stands for any text and ? for one character. Goes back only to the last *:
 * an earlier one need not take more than it has. */
static bool fits(const char *pattern, const char *name)
{
    const char *star = NULL, *from = NULL;
    while (*name)
        if (*pattern == '*') {
            star = pattern++;
            from = name;
        } else if (*pattern == '?') {
            pattern++;
            name = after_character(name);
        } else if (*pattern == *name) {
            pattern++;
            name++;
        } else if (star) {
            pattern = star + 1;
            name = ++from;
        } else {
            return false;
        }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

static bool check_groups(const nn_network *network)
{
    const nn_network_options *o = &network->options;
    if (o->n_groups && !o->groups)
        return ad_fail(network->tape, AD_BAD_VALUE, "network: its %zu groups are NULL: give an array of them",
                       o->n_groups) == AD_OK;
    for (size_t i = 0; i < o->n_groups; i++) {
        const nn_group *g = &o->groups[i];
        const double rate = g->rate, decay = g->decay;
        if (!(rate >= 0 && rate < 1e30) || !((decay >= 0 && decay < 1e30) || decay == NN_NO_DECAY))
            ad_fail(
                network->tape, AD_BAD_VALUE,
                "network: group %zu has the rate factor %g and the decay factor %g: both must be 0 (for the default) "
                "or more, a decay may be NN_NO_DECAY",
                i, rate, decay);
        else if (!g->name && !g->pattern)
            ad_fail(network->tape, AD_BAD_VALUE,
                    "network: group %zu has neither a name nor a pattern: no parameter can belong to it", i);
    }
    return ad_status_of(network->tape) == AD_OK;
}

/* The group that a layer names. Puts the tape in error if there is none of that name. */
static const nn_group *named_group(const nn_network *network, const nn_node *node)
{
    const nn_network_options *o = &network->options;
    for (size_t i = 0; i < o->n_groups; i++)
        if (o->groups[i].name && !strcmp(o->groups[i].name, node->group))
            return &o->groups[i];
    ad_fail(network->tape, AD_BAD_VALUE,
            "network: %s names the group \"%.60s\", which the network does not have: add it to options.groups",
            node->made.name, node->group);
    return NULL;
}

static const nn_group *group_of(const nn_network *network, const nn_node *node, const char *part)
{
    const nn_network_options *o = &network->options;
    if (node->group)
        return named_group(network, node);
    for (size_t i = 0; i < o->n_groups; i++)
        if (o->groups[i].pattern && fits(o->groups[i].pattern, part))
            return &o->groups[i];
    return NULL;
}

static void join_group(nn_made_part *part, const nn_group *g)
{
    const double unasked = part->role == NN_WEIGHT ? 1 : 0;
    part->frozen = g && g->frozen;
    part->factors.rate = g && g->rate > 0 ? g->rate : 1;
    part->factors.decay = !g || g->decay == 0 ? unasked : g->decay == NN_NO_DECAY ? 0 : g->decay;
}

/* ---- Names on the tape ------------------------------------------------------------------------------------------- */

enum { PART_NAME = NN_FULL_NAME + NN_PART_NAME + 2 };

static void write_part_name(const nn_node *node, const nn_part *part, char name[PART_NAME])
{
    snprintf(name, PART_NAME, "%s/%s", node->made.name, part->name);
}

/* No tensor that is kept on the tape already has the name of a part. */
static bool check_name_is_free(const nn_network *network, const char *name, size_t kept)
{
    for (size_t i = 0; i < kept; i++)
        if (!strcmp(ad_name_of(ad_kept_at(network->tape, i)), name)) {
            ad_fail(network->tape, AD_BAD_VALUE,
                    "network: the tape has a tensor called \"%.200s\" already: give the network a name (options.name)",
                    name);
            return false;
        }
    return true;
}

/* ---- Names in a file --------------------------------------------------------------------------------------------- */

/* Writes a name, of which the first n characters are taken. Those that would look like a '.' between names, or like
 * this here, are written %2E and %25. */
static char *put_name(char *to, const char *name, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (name[i] == '.' || name[i] == '%') {
            memcpy(to, name[i] == '.' ? "%2E" : "%25", 3);
            to += 3;
        } else {
            *to++ = name[i];
        }
    return to;
}

/* Whether the outermost layer is called as something that is no weight begins. */
static bool is_reserved(const char *name, size_t n)
{
    static const char *const reserved[] = {"optimizer", "state", "gradtape"};
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
        if (strlen(reserved[i]) == n && !memcmp(name, reserved[i], n))
            return true;
    return false;
}

void nn_write_file_name(const nn_network *network, size_t i, char name[NN_FILE_NAME])
{
    const nn_made_part *made = &network->parts[i];
    const nn_part *part = made->part;
    const char *layer = made->node->made.name;
    char *to = name;
    if (part->role == NN_STATE && !part->file_name)
        to += sprintf(to, "state.");
    for (bool is_first = true; *layer; is_first = false) {
        const size_t n = strcspn(layer, "/");
        to = put_name(to, layer, n);
        if (is_first && is_reserved(layer, n))
            *to++ = '%';
        *to++ = '.';
        layer += n + (layer[n] == '/');
    }
    const char *own = part->file_name ? part->file_name : part->name;
    *put_name(to, own, strlen(own)) = 0;
}

/* ---- Parts ------------------------------------------------------------------------------------------------------- */

/* Finds the place of each part of a layer, with its group and role. */
static void place_parts(nn_network *network, nn_node *node, size_t kept)
{
    const nn_layer_kind *kind = node->made.kind;
    node->made.first_part = network->n_parts;
    if (node->group)
        named_group(network, node);
    for (size_t i = 0; i < kind->n_parts && ad_status_of(network->tape) == AD_OK; i++) {
        const nn_part *part = &kind->parts[i];
        char name[PART_NAME];
        node->place[i] = -1;
        if (!nn_has_part(node, part))
            continue;
        write_part_name(node, part, name);
        if (!check_name_is_free(network, name, kept))
            return;
        nn_made_part *made = &network->parts[network->n_parts];
        made->node = node;
        made->part = part;
        made->role = part->role;
        join_group(made, group_of(network, node, name));
        node->place[i] = (int)network->n_parts++;
        node->made.n_parts++;
    }
}

/* Streams of weights are numbered by how many weights were made before, those of other parts by the part's place from
 * here on. */
#define OTHER_PARTS (AD_STREAM_NUMBERS / 2)

static uint64_t stream_of(nn_role role, size_t place, uint64_t *n_weights)
{
    return ad_stream(AD_STREAM_WEIGHTS, role == NN_WEIGHT ? (*n_weights)++ : OTHER_PARTS + place);
}

static void make_part(nn_network *network, const nn_node *node, size_t i, uint64_t *n_weights)
{
    const nn_part *part = &node->made.kind->parts[i];
    const nn_network_options *o = &network->options;
    char name[PART_NAME];
    const ad_shape shape = nn_shape_of_part(node, part);
    write_part_name(node, part, name);
    const ad_tensor leaf = part->role == NN_STATE ? ad_state(network->tape, o->type, shape, NULL, name)
                                                  : ad_param(network->tape, o->type, shape, NULL, name);
    nn_made_part *made = &network->parts[node->place[i]];
    made->tensor = leaf;
    if (made->role != NN_STATE && !made->frozen) {
        network->trained[network->n_trained] = leaf;
        network->factors[network->n_trained++] = made->factors;
    }
    nn_initialise(leaf, nn_initialiser_of(node, part), o->seed,
                  stream_of(part->role, (size_t)node->place[i], n_weights));
}

static size_t most_parts(const nn_network *network)
{
    size_t n = 0;
    for (size_t i = 0; i < network->n_nodes; i++)
        n += network->nodes[i]->made.kind->n_parts;
    return n;
}

/* After a failure: what was made stays on the tape, but its names are free for another network. */
static void give_names_back(const nn_network *network, size_t kept)
{
    ad_tape *t = network->tape;
    char message[600];
    snprintf(message, sizeof message, "%s", ad_message(t));
    const ad_status status = ad_clear_error(t);
    for (size_t i = kept; i < ad_kept_count(t); i++)
        ad_name(ad_kept_at(t, i), "");
    ad_fail(t, status, "%s", message);
}

static void make_parts_of(nn_network *network, const nn_node *node, uint64_t *n_weights)
{
    for (size_t i = 0; i < node->made.kind->n_parts && ad_status_of(network->tape) == AD_OK; i++)
        if (node->place[i] >= 0)
            make_part(network, node, i, n_weights);
}

ad_status nn_make_parts(nn_network *network, nn_look_at_parts *look, void *context)
{
    ad_tape *t = network->tape;
    const size_t kept = ad_kept_count(t), most = most_parts(network);
    network->parts = nn_store_take(&network->store, most, sizeof *network->parts);
    network->trained = nn_store_take(&network->store, most, sizeof *network->trained);
    network->factors = nn_store_take(&network->store, most, sizeof *network->factors);
    network->memory_of_steps.kept = nn_store_take(&network->store, most, sizeof *network->memory_of_steps.kept);
    if (!network->parts || !network->trained || !network->factors || !network->memory_of_steps.kept)
        return ad_fail(t, AD_NO_MEMORY, "network: memory is out");
    if (check_groups(network))
        for (size_t i = 0; i < network->n_nodes && ad_status_of(t) == AD_OK; i++)
            place_parts(network, network->nodes[i], kept);
    uint64_t n_weights = 0;
    if (ad_status_of(t) == AD_OK && look && !look(network, context) && ad_status_of(t) == AD_OK)
        ad_fail(t, AD_BAD_STATE, "network: nothing was made of it");
    for (size_t i = 0; i < network->n_nodes && ad_status_of(t) == AD_OK; i++)
        make_parts_of(network, network->nodes[i], &n_weights);
    if (ad_status_of(t) != AD_OK)
        give_names_back(network, kept);
    return ad_status_of(t);
}
