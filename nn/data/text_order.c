/* Texts in the order of their bytes. */
#include "text_order.h"

#include <stdlib.h>
#include <string.h>

static int by_text_and_place(const void *a, const void *b)
{
    const nn_placed_text *x = a, *y = b;
    const int order = strcmp(x->text, y->text);
    return order ? order : (x->at > y->at) - (x->at < y->at);
}

void nn_sort_texts(nn_placed_text *texts, size_t n)
{
    if (n > 1)
        qsort(texts, n, sizeof *texts, by_text_and_place);
}

const nn_placed_text *nn_find_text(const nn_placed_text *texts, size_t n, const char *text)
{
    size_t low = 0, high = n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (strcmp(texts[middle].text, text) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && !strcmp(texts[low].text, text) ? &texts[low] : NULL;
}

const nn_placed_text *nn_find_twice(const nn_placed_text *texts, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (!strcmp(texts[i - 1].text, texts[i].text))
            return &texts[i];
    return NULL;
}
