#ifndef GRADTAPE_NN_SHAPE_TEXT_H
#define GRADTAPE_NN_SHAPE_TEXT_H
/* Private to nn: shapes in messages. */
#include <gradtape/tensor.h>

/* Writes a shape as [2,3] into `text`, and returns it. */
enum { NN_SHAPE_TEXT = 180 };
const char *nn_shape_text(const ad_shape *shape, char text[NN_SHAPE_TEXT]);

#endif
