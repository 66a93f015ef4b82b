#ifndef GRADTAPE_NN_SHAPE_TEXT_H
#define GRADTAPE_NN_SHAPE_TEXT_H
/* Private to nn: shapes compared, and in messages. */
#include <gradtape/tensor.h>

static inline bool nn_same_shape(const ad_shape *a, const ad_shape *b)
{
    bool same = a->rank == b->rank;
    for (int i = 0; same && i < a->rank; i++)
        same = a->dims[i] == b->dims[i];
    return same;
}

/* Writes a shape as [2,3] into `text`, and returns it. */
enum { NN_SHAPE_TEXT = 180 };
const char *nn_shape_text(const ad_shape *shape, char text[NN_SHAPE_TEXT]);

#endif
