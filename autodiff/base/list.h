#ifndef AUTODIFF_BASE_LIST_H
#define AUTODIFF_BASE_LIST_H
/* Arrays that grow. */
#include <gradtape/memory.h>

typedef struct ad_list {
    void *items;
    size_t n, room; /* items in use; items there is room for */
} ad_list;

/* Makes room for n more items of `bytes` bytes. Returns false if there is no memory; the list is then unchanged. */
bool ad_list_grow(ad_memory *memory, ad_list *list, size_t n, size_t bytes);

void ad_list_free(ad_memory *memory, ad_list *list, size_t bytes);

#endif
