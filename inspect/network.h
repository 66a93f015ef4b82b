#ifndef INSPECT_NETWORK_H
#define INSPECT_NETWORK_H
/* Networks of few units on a tape: layers that feed one another.
 *
 * A layer is a call of `linear`; or a matmul by a leaf, with a bias that is added, with an activation, or with both. */
#include "curves.h"
#include "fold.h"

enum {
    AD_MOST_UNITS = 16,  /* of a layer, on either side */
    AD_MOST_LAYERS = 12, /* of a network: the last ones */
};

typedef struct ad_unit_layer {
    ad_tensor x, w; /* y = activation(x w + b) */
    ad_tensor b;    /* inert: none */
    ad_tensor z;    /* x w + b; inert: the tape has it not, because the call computes y at once */
    ad_tensor y;
    ad_tensor taker;       /* the softmax or the logistic of y, or a loss that takes it; inert: none */
    const ad_curve *curve; /* the activation, and the attribute of its call */
    double attribute;
    bool is_hidden; /* another layer, of whatever size, takes y */
    bool is_used;   /* the loss was computed from it */
    int below;      /* in the list of all layers: the one that gives x; -1: none */
} ad_unit_layer;

typedef struct ad_network {
    ad_unit_layer layers[AD_MOST_LAYERS]; /* from the first to the last; each gives the next one's x */
    int n;                                /* 0: the tape has none */
    int left_out;                         /* layers before the first */
    size_t too_many;                      /* inputs of the one before it, which are too many to draw; 0: they are few */
} ad_network;

/* Finds the network that ends at the last layer that the loss was computed from; without such a one, at the last layer
 * of the tape. `loss` may be inert. Returns false if memory is out. */
bool ad_find_network(ad_network *network, ad_folds *folds, ad_tensor loss);

/* The units of a layer, its inputs, and the rows of its batch. */
size_t ad_width_of(const ad_unit_layer *layer);
size_t ad_inputs_of(const ad_unit_layer *layer);
size_t ad_rows_of(const ad_unit_layer *layer);

/* Whether what takes the last layer's result takes its logistic, not its softmax. */
bool ad_takes_logistic(ad_tensor taker);

#endif
