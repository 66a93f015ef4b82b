#ifndef GRADTAPE_NN_NODE_H
#define GRADTAPE_NN_NODE_H
/* Private to nn: the layers of a network as they were made. */
#include <gradtape/network.h>

#include "../layers/check.h"
#include "../store.h"
#include "../training/optimisers.h"

/* The longest name of a layer with all names around it. */
enum { NN_FULL_NAME = 240 };

/* A layer that was made: a node of the tree of nested lists. Shapes are those of one example. */
typedef struct nn_node {
    struct nn_node *next;    /* after it in its list */
    struct nn_node **lists;  /* [copies]: the first layer of each copy of its list */
    int64_t copies;          /* 0: the kind has no list */
    bool is_numbered;        /* whether copies have numbers */
    struct nn_node *planned; /* the one that was planned before it, whatever its list */
    const char *own_name;    /* the last part of its name */
    const char *group;       /* its own, or that of the layer around it */
    uint64_t number;         /* in the order in which layers are run */
    nn_network_layer made;   /* what can be seen of it */
    int place[NN_MAX_PARTS]; /* of each part among those of the network; -1: it is left out */
} nn_node;

/* A parameter or state, and how it is trained. */
typedef struct nn_made_part {
    const nn_node *node; /* the layer that has it, and as what */
    const nn_part *part;
    ad_tensor tensor;
    nn_role role;
    bool frozen;
    nn_factors factors;
} nn_made_part;

struct nn_network {
    ad_memory memory;
    nn_store store;
    ad_tape *tape;
    nn_network_options options; /* `layers`, names and groups are read only while it is opened */
    ad_shape output;
    nn_node *first;  /* NULL: it could not be made */
    nn_node **nodes; /* [n_nodes], in the order of their numbers */
    size_t n_nodes;
    nn_made_part *parts; /* [n_parts] */
    size_t n_parts;
    ad_tensor *trained;  /* [n_trained]: parameters that are not frozen, with their factors */
    nn_factors *factors; /* [n_trained] */
    size_t n_trained;
    nn_step_memory memory_of_steps;
};

/* A layer while it is planned or run. */
struct nn_layer_call {
    const nn_network *network;
    const nn_node *node;
    nn_pass pass;
    ad_tape *tape; /* on which it runs */
    bool is_run;
    uint64_t masks;         /* drawn so far in this apply */
    const nn_node *planned; /* while it is planned: the one before it */
};

/* Makes the nodes of all layers, and checks everything; the tape is in error if something is wrong. Nothing is made on
 * the tape. */
ad_status nn_plan(nn_network *network);

/* Puts the tape in error while the network is planned: the message ends with the shapes of the last few layers. */
void nn_fail_planned(const nn_network *network, const nn_node *last, ad_status status, const char *what);

/* Looks at a network whose parts have places, but no tensors yet: those of a file must be the same. It returns false,
 * and the tape is in error, if nothing is to be made. */
typedef bool nn_look_at_parts(const nn_network *network, void *context);

/* Makes the parameters and states of a planned network, once `look` allows it; NULL: it does. */
ad_status nn_make_parts(nn_network *network, nn_look_at_parts *look, void *context);

/* nn_network_open with such a look. */
nn_network *nn_network_open_by(ad_tape *tape, const nn_network_options *options, nn_look_at_parts *look, void *context);

/* The longest name of a part in a file, with its final 0: each character of its layer may become three. */
enum { NN_FILE_NAME = 3 * (NN_FULL_NAME + NN_PART_NAME) + 16 };

/* Writes the name that a file has for part i: its layers and its file_name with '.' between them. A '.' in a name is
 * written %2E, and a '%' %25; an outermost layer that is called as what is no weight begins (optimizer, state,
 * gradtape) gets a '%' at its end. So different parts have different names, as far as their kinds say so. */
void nn_write_file_name(const nn_network *network, size_t i, char name[NN_FILE_NAME]);

/* Makes the optimiser's slots (nn_optimiser_prepare). */
ad_status nn_network_prepare(nn_network *network, const nn_optimiser_options *optimiser);

/* nn_step with this factor on the rate, from 0 to 1, instead of that of the schedule. A rate of 0 changes no parameter.
 * Error: another factor, which names the schedule. */
ad_status nn_step_by(nn_network *network, nn_pass pass, const nn_optimiser_options *optimiser, double factor);

/* Return whether a network can make a step after this pass, and whether all new values of its states are finite: one
 * that became infinite or NaN would stay so for ever. The tape is in error if not; `who` stands in the message. */
bool nn_check_step(const nn_network *network, nn_pass pass, const char *who);
bool nn_check_proposals(const nn_network *network, const char *who);

/* nn_search_step for the parameters that are not frozen, by the factors of their groups, which must not change the
 * rate. Errors: those of nn_search_step and nn_step; nothing is trained. Returns the tape's status. */
ad_status nn_network_search(nn_network *network, nn_pass pass, const nn_optimiser_options *optimiser,
                            nn_objective *objective, void *context, nn_search_result *result);

/* The fewest examples that a pass that trains can take. */
int64_t nn_network_least_examples(const nn_network *network);

/* Whether a part is not left out, how it is filled, and its shape. */
bool nn_has_part(const nn_node *node, const nn_part *part);
nn_initialiser nn_initialiser_of(const nn_node *node, const nn_part *part);
ad_shape nn_shape_of_part(const nn_node *node, const nn_part *part);

/* The value of a size; 0 for an axis that the input does not have, and for what is below 1. */
int64_t nn_size_of(const nn_node *node, const nn_size *size);

#endif
