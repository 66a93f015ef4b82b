/* The classes as levels of the column of labels. */
#include "class_names.h"

#include <inttypes.h>
#include <stdio.h>

#include "classes.h"

static const char *name_of(const nn_vocabulary *v, int32_t class, nn_store *store)
{
    char number[24];
    const char *text = v ? nn_vocabulary_text(v, class) : NULL;
    const int32_t integer = v ? nn_vocabulary_integer(v, class) : class;
    snprintf(number, sizeof number, "%" PRId32, integer);
    return nn_store_text(store, text ? text : number);
}

bool nn_name_classes(nn_encoding *e, const nn_truth *truth)
{
    const size_t n_truth = e->all.n - e->schema.n, n = (size_t)truth->k;
    if (truth->head->task != NN_CLASSES || truth->k > NN_MOST_CLASSES || n_truth == 0)
        return true;
    const char **names = nn_store_take(&e->store, n, sizeof *names);
    if (!names)
        return false;
    for (size_t i = 0; i < n; i++) {
        names[i] = name_of(truth->vocabulary, (int32_t)i, &e->store);
        if (!names[i])
            return false;
    }
    for (size_t i = 0; i < n_truth; i++)
        if (e->truth[i].kind == NN_COLUMN_LABEL)
            e->truth[i].levels = (nn_texts){names, n};
    return true;
}
