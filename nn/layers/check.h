#ifndef GRADTAPE_NN_LAYERS_CHECK_H
#define GRADTAPE_NN_LAYERS_CHECK_H
/* Private to nn: kinds are checked before they are used, because a row may be a user's. */
#include <gradtape/layers.h>

/* The longest names of a layer in its list, of a kind, and of a part. */
enum { NN_OWN_NAME = 100, NN_PART_NAME = 60 };

/* What a row lacks; NULL if it can be used. */
const char *nn_kind_needs(const nn_layer_kind *kind);

#endif
