#ifndef AUTODIFF_KERNELS_STRIDED_COPY_H
#define AUTODIFF_KERNELS_STRIDED_COPY_H
/* Copying elements between two arrays that are laid out differently. Slices and permutations are made of it. */
#include <string.h>

#include "../base/shape.h"
#include "kernel.h"

/* A space of elements of `bytes` (4 or 8) bytes, each with its place in both arrays. Axes are added outermost first; an
 * axis says how many bytes lie between neighbours in each array: 0 where one element stands for all, less than 0 where
 * the order is reversed. */
typedef struct ad_strided_copy {
    char *to;
    const char *from;
    size_t bytes;
    bool is_empty;
    int n_axes; /* those of size 1 are left out, and those that are one in both arrays are merged */
    size_t size[2 * AD_MAX_RANK];
    ptrdiff_t to_step[2 * AD_MAX_RANK], from_step[2 * AD_MAX_RANK];
} ad_strided_copy;

void ad_add_axis(ad_strided_copy *copy, int64_t size, ptrdiff_t to_step, ptrdiff_t from_step);

/* Copies the elements. The arrays do not overlap. */
void ad_copy_strided(const ad_strided_copy *copy);

/* The bytes between neighbours along each axis of a dense array. */
void ad_dense_steps(const ad_shape *shape, size_t bytes, ptrdiff_t steps[AD_MAX_RANK]);

/* Copies a run of bytes that lie side by side; one element is not worth a call. */
static inline void ad_copy_run(char *to, const char *from, size_t bytes)
{
    if (bytes == sizeof(float))
        memcpy(to, from, sizeof(float));
    else if (bytes == sizeof(double))
        memcpy(to, from, sizeof(double));
    else if (bytes)
        memcpy(to, from, bytes);
}

#endif
