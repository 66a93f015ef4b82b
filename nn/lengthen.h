#ifndef GRADTAPE_NN_LENGTHEN_H
#define GRADTAPE_NN_LENGTHEN_H
/* Private to nn: arrays that grow. */
#include <gradtape/memory.h>

/* Moves an array to a block with room for `wider` elements of `bytes` bytes each, and gives its block of `room` back.
 * Its first `used` elements are kept. `array` is NULL if there is none yet. Returns the new block; NULL if memory is
 * out, and the array is then as it was. */
void *nn_lengthen(ad_memory *memory, void *array, size_t used, size_t room, size_t wider, size_t bytes);

#endif
