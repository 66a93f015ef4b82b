/* Arrays that grow. */
#include "list.h"

#include <stdint.h>
#include <string.h>

enum { FIRST_ROOM = 64 };

bool ad_list_grow(ad_memory *memory, ad_list *list, size_t n, size_t bytes)
{
    if (n <= list->room - list->n)
        return true;
    if (n > SIZE_MAX / 4 - list->n)
        return false; /* more than any memory holds */
    size_t room = list->room ? 2 * list->room : FIRST_ROOM;
    while (room - list->n < n)
        room *= 2;
    void *items = ad_memory_take(memory, room, bytes);
    if (!items)
        return false;
    if (list->n)
        memcpy(items, list->items, list->n * bytes);
    ad_memory_release(memory, list->items, list->room, bytes);
    list->items = items;
    list->room = room;
    return true;
}

void ad_list_free(ad_memory *memory, ad_list *list, size_t bytes)
{
    ad_memory_release(memory, list->items, list->room, bytes);
    *list = (ad_list){0};
}
