/* The message on a label that is none of the classes. */
#include "unknown_class.h"

#include <string.h>

#include "../options/near.h"
#include "source.h"

enum { MOST = 10 }; /* classes that are listed */

void nn_put_class_list(nn_writer *w, const nn_unknown_class *classes)
{
    char number[NN_CLASS_NUMBER];
    const char *name;
    int n = 0;
    for (; (name = classes->name(n, classes->context, number)) != NULL; n++)
        if (n < MOST) {
            nn_put(w, n ? ", " : " (");
            nn_put_shown(w, name);
        }
    if (n > MOST)
        nn_put_format(w, ", ... %d in all", n);
    nn_put(w, ")");
}

/* In double quotes, as names are. */
static void put_label(nn_writer *w, const nn_unknown_class *u)
{
    char shown[NN_SHOWN_BYTES];
    if (u->is_number) {
        nn_put_bytes(w, u->label, u->n);
        return;
    }
    nn_show_bytes(shown, u->label, u->n);
    shown[0] = shown[strlen(shown) - 1] = '"';
    nn_put(w, shown);
}

static const char *text_at(int i, const void *unknown)
{
    const nn_unknown_class *u = unknown;
    return u->name(i, u->context, NULL);
}

/* The class that may be meant by a text, where the list does not have all; NULL for none. */
static const char *nearest(const nn_unknown_class *u)
{
    char word[64];
    if (u->is_number || u->n >= sizeof word || !text_at(MOST, u))
        return NULL;
    memcpy(word, u->label, u->n);
    word[u->n] = 0;
    return nn_nearest(word, text_at, u);
}

void nn_put_unknown_class(nn_writer *w, const nn_unknown_class *u)
{
    const char *near = nearest(u);
    nn_put(w, "class ");
    put_label(w, u);
    nn_put(w, u->is_given ? " is not in the vocabulary" : " was not in the training data");
    nn_put_class_list(w, u);
    if (!near) {
        nn_put(w, "; mend the label or leave the row out");
        return;
    }
    nn_put(w, "; did you mean ");
    nn_put_shown(w, near);
    nn_put(w, "?");
}
