#ifndef AUTODIFF_BASE_MEMORY_H
#define AUTODIFF_BASE_MEMORY_H
/* What the system has left. */
#include <gradtape/memory.h>

/* Whether the process could have so many more bytes now, in one piece. Nothing is taken. */
bool ad_memory_is_left(size_t bytes);

#endif
