#ifndef GRADTAPE_NETWORK_H
#define GRADTAPE_NETWORK_H
/* A network: a list of layers (layers.h) made on a tape. The loop by hand:
 *
 *   nn_network *net = nn_network_open(t, &(nn_network_options){ .layers = NN_LAYERS(layers), .input = AD_SHAPE(784) });
 *   for (int64_t step = 0; step < 1000; step++) {
 *       nn_pass pass = nn_training(net, step);
 *       ad_tensor x = ad_input(t, AD_F32, AD_SHAPE(50, 784), batch), y = ad_input(t, AD_I32, AD_SHAPE(50), labels);
 *       ad_backward(ad_mean(ad_softmax_cross_entropy(nn_run(net, pass, x), y)));
 *       nn_step(net, pass, NULL);
 *       ad_reset(t);
 *   }
 *   if (ad_status_of(t)) fprintf(stderr, "%s\n", ad_message(t));
 *
 * Several networks may lie on one tape; their names begin differently (options.name). What is no list is written in
 * operators between them. */
#include <stdio.h>

#include <gradtape/layers.h>
#include <gradtape/optimisers.h>
#include <gradtape/show.h>

/* A network. Its parameters and states belong to the tape. */
typedef struct nn_network nn_network;

/* Parameters that are trained differently. A parameter belongs to the first group of the list whose pattern fits its
 * name, unless its layer, or a layer around that, names a group itself. */
typedef struct nn_group {
    const char *name;    /* for `group` of a layer; NULL: none */
    const char *pattern; /* of whole names, for instance block/3/dense/weights: * stands for any text, ? for one
                            character; NULL: by layers only */
    bool frozen;         /* no gradient, no change; states are not changed either */
    double rate;         /* factor on the optimiser's rate, above 0; 0: 1 */
    double decay; /* factor on the optimiser's decay, l1 and l2, at least 0; 0: 1 for weights, none for biases and
                     gains; NN_NO_DECAY: none */
} nn_group;

/* A factor on the decay that means none. */
#define NN_NO_DECAY (-1.0)

/* Zero means the default. */
typedef struct nn_network_options {
    nn_layers layers;       /* at least 1; copied, except the kinds: these outlive the network */
    ad_shape input;         /* of one example, for instance AD_SHAPE(784) */
    ad_type type;           /* of parameters and states: f32 or f64; default f32 */
    uint64_t seed;          /* of weights and masks */
    const char *name;       /* before all names, as NAME/dense/weights; NULL: none */
    const nn_group *groups; /* copied */
    size_t n_groups;
} nn_network_options;

/* The most layers of a network, copies counted, and how deep lists may nest. */
#define NN_MAX_LAYERS 10000
#define NN_MAX_DEPTH 16

/* Makes a network on a tape. Parameters are called LAYER/PART, for instance dense_0/weights, or with layers around it
 * block/3/dense/weights, where 3 is the copy.
 * Returns NULL only when memory for the object is out, or the tape is NULL. The caller closes it, before the tape.
 * Errors put the tape in error, and the network then has no layers. Nothing is made before all is checked. Messages
 * name the layer, and show the shapes up to it. They are: no layers; a layer without a kind; a kind with a missing or
 * wrong member; an option out of range; shapes that do not fit; an input of rank 0 or more than 7, or with a size below
 * 1; a type other than f32 and f64; a name that is empty, has a '/', is longer than 100 characters (240 with the names
 * around it), or occurs twice in its list or on the tape; a group that a layer names and that is not there, has a
 * factor out of range, or has neither name nor pattern; lists that nest too deeply; too many layers; memory. Where
 * memory ends while parameters are made, those that were made stay on the tape, without names. */
AD_API nn_network *nn_network_open(ad_tape *tape, const nn_network_options *options);

/* Frees the network. Its parameters stay on the tape. NULL is allowed. */
AD_API void nn_network_close(nn_network *network);

/* How a network is run: for training or for inference. A value to copy. */
typedef struct nn_pass {
    bool trains;
    int64_t step; /* of a pass that trains: what masks are drawn by */
} nn_pass;

/* Return a pass that trains, and one for inference. `step` is 0 or more and below 2^56. The masks of dropout depend on
 * seed, layer and step: a step that is run in several parts gives each a number of its own. An error of `step` is told
 * by nn_run. */
AD_API nn_pass nn_training(const nn_network *network, int64_t step);
AD_API nn_pass nn_inference(const nn_network *network);

/* Runs the network on x [n, input shape], of the network's type. n may be 0. Returns [n, output shape]. Each layer
 * opens a scope of its name (inspect.h). If the tape is watched, it names what it gives, unless that has a name.
 * - A pass that trains proposes new values of states (ad_propose), which nn_step takes over.
 * - A pass for inference may run on the tape of x instead of the network's own: it borrows the values of the
 *   parameters, and no gradient comes to them. So threads may run one network at once, each on its own tape, while
 *   nothing changes its parameters.
 * Errors put the tape of x in error: the network is NULL or has no layers; x is inert or stale; another shape or type
 * of x; a pass that trains on another tape; a step out of range; those of the layers. */
AD_API ad_tensor nn_run(const nn_network *network, nn_pass pass, ad_tensor x);

/* Updates each parameter that is not frozen from its gradient, by the factors of its group, and takes over all states
 * that were proposed on the tape (ad_commit), those of other networks too: all, or nothing on an error. `optimiser`
 * NULL: all defaults. The rate is multiplied by the factor of the schedule at the step of the pass. One that the factor
 * brings to 0, or below 1e-30 for f32 and 1e-290 for f64, changes no parameter, slot or count. Returns the tape's
 * status. Errors: those of nn_optimiser_step but for a schedule; one that observes (nn_plateau_observe), or whose
 * factor is outside 0..1; the network is NULL (AD_BAD_HANDLE); a pass for inference; a new value of one of its states
 * that is not finite (AD_NOT_FINITE). */
AD_API ad_status nn_step(nn_network *network, nn_pass pass, const nn_optimiser_options *optimiser);

/* ---- Looking at a network ---------------------------------------------------------------------------------------- */

/* Return the number of parameters and states, and one of them, in the order of the layers and of their parts; frozen
 * ones too. An index out of range gives an inert tensor, and puts the tape in error (AD_BAD_VALUE). */
AD_API size_t nn_network_part_count(const nn_network *network);
AD_API ad_tensor nn_network_part(const nn_network *network, size_t i);

/* Return what it is for, NN_ROLE_COUNT for an index out of range, and whether its group is frozen. */
AD_API nn_role nn_network_role(const nn_network *network, size_t i);
AD_API bool nn_network_is_frozen(const nn_network *network, size_t i);

/* Returns the shape of what the network gives for one example; that of a scalar for a network without layers. */
AD_API ad_shape nn_network_output(const nn_network *network);

/* A layer of a network. Texts, options and kind last as long as the network. */
typedef struct nn_network_layer {
    const char *name; /* with the names around it: block/3/dense */
    const nn_layer_kind *kind;
    const void *options;        /* with defaults filled in, and of a list only its length; NULL: the kind has none */
    int depth;                  /* how many layers are around it */
    ad_shape input, output;     /* of one example */
    size_t first_part, n_parts; /* of the network's: those of layers inside it follow */
} nn_network_layer;

/* Return the number of layers, those inside others included, and one of them, in the order in which they are run; a
 * layer stands before those inside it. An index out of range gives a layer without a kind. */
AD_API size_t nn_network_layer_count(const nn_network *network);
AD_API nn_network_layer nn_network_layer_at(const nn_network *network, size_t i);

/* Prints a table: each layer with its kind, output shape, parameters and bytes, those of its states included, then the
 * totals of parameters, of those that are frozen, of states, and of bytes. Layers inside others are indented. Errors:
 * the network is NULL or could not be made (AD_BAD_HANDLE), which is printed too; the file is NULL; the file cannot be
 * written (AD_BAD_FILE). */
AD_API ad_shown nn_print_summary(const nn_network *network, FILE *to);

#endif
