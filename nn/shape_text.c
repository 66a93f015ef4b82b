/* Shapes as text. */
#include "shape_text.h"

#include <inttypes.h>
#include <stdio.h>

const char *nn_shape_text(const ad_shape *shape, char text[NN_SHAPE_TEXT])
{
    size_t at = 0;
    text[at++] = '[';
    for (int i = 0; i < shape->rank && i < AD_MAX_RANK; i++)
        at += (size_t)snprintf(text + at, NN_SHAPE_TEXT - at, "%s%" PRId64, i ? "," : "", shape->dims[i]);
    snprintf(text + at, NN_SHAPE_TEXT - at, "]");
    return text;
}
