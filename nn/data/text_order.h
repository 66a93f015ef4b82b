#ifndef GRADTAPE_NN_TEXT_ORDER_H
#define GRADTAPE_NN_TEXT_ORDER_H
/* Private to nn: texts in the order of their bytes, so that one of many is found quickly. */
#include <stddef.h>

typedef struct nn_placed_text {
    const char *text;
    size_t at; /* its place in the list that it is from */
} nn_placed_text;

/* Sorts by text, equal ones by place. */
void nn_sort_texts(nn_placed_text *texts, size_t n);

/* Of sorted texts: returns the first that is equal; NULL if there is none. */
const nn_placed_text *nn_find_text(const nn_placed_text *texts, size_t n, const char *text);

/* Of sorted texts: returns the first that is equal to the one before it; NULL if all are different. */
const nn_placed_text *nn_find_twice(const nn_placed_text *texts, size_t n);

#endif
