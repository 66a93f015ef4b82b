/* Arrays that grow. */
#include "lengthen.h"

#include <string.h>

void *nn_lengthen(ad_memory *memory, void *array, size_t used, size_t room, size_t wider, size_t bytes)
{
    void *longer = ad_memory_take(memory, wider, bytes);
    if (!longer)
        return NULL;
    if (used > 0)
        memcpy(longer, array, used * bytes);
    ad_memory_release(memory, array, room, bytes);
    return longer;
}
