#ifndef AUTODIFF_OPERATORS_SHAPES_COPY_RUN_H
#define AUTODIFF_OPERATORS_SHAPES_COPY_RUN_H
#include <stddef.h>
#include <string.h>

/* A run of bytes; one element is not worth a call. */
static inline void copy_run(char *to, const char *from, size_t bytes)
{
    if (bytes == sizeof(float))
        memcpy(to, from, sizeof(float));
    else if (bytes == sizeof(double))
        memcpy(to, from, sizeof(double));
    else if (bytes)
        memcpy(to, from, bytes);
}

#endif
