#ifndef GRADTAPE_NN_LAYERS_COPY_H
#define GRADTAPE_NN_LAYERS_COPY_H
/* Private to nn: lists of layers that are kept. */
#include <gradtape/layers.h>

#include "../store.h"

/* Puts a copy of a list, with its names, options and the lists inside it, in its place. Layers are not checked.
 * What a network refuses without reading it is left as it is: lists that nest too deeply, layers after the most that it
 * may have, options of a kind whose row is wrong. Returns false if memory is out. */
bool nn_layers_copy(nn_layers *layers, nn_store *store);

#endif
