#ifndef GRADTAPE_NN_VOCABULARY_H
#define GRADTAPE_NN_VOCABULARY_H
/* Private to nn: the labels of classes 0 .. n-1, which are integers or texts. */
#include <gradtape/data.h>
#include <gradtape/fields.h>

#include "../options/writer.h"
#include "../store.h"

typedef struct nn_label {
    const char *text; /* NULL: an integer */
    int32_t integer;
    int32_t class;
} nn_label;

/* It lies in a store. All zero: there is no vocabulary, labels are the classes themselves. */
typedef struct nn_vocabulary {
    size_t n;
    const nn_label *labels; /* [n], by class */
    const nn_label *sorted; /* [n], by label */
    bool is_learnt;         /* from the labels of the first fit; false: the program gave it */
} nn_vocabulary;

/* Makes a vocabulary of integers or of texts, which are copied; without either there is none. Errors (AD_BAD_VALUE, the
 * message names label and place): both are given; a label twice; a text that is NULL or empty; more than 2^31 - 1.
 * AD_NO_MEMORY. */
ad_status nn_vocabulary_make(nn_vocabulary *vocabulary, nn_integers integers, nn_texts texts, nn_store *store,
                             char *message, size_t size);

/* Return the class of a label; -1 if the vocabulary has none. */
int32_t nn_vocabulary_find_integer(const nn_vocabulary *vocabulary, int32_t label);
int32_t nn_vocabulary_find_text(const nn_vocabulary *vocabulary, const char *label);

/* Returns whether the labels are texts. */
bool nn_vocabulary_has_texts(const nn_vocabulary *vocabulary);

/* Return the label of a class 0 .. n-1. Of a vocabulary of the other kind: 0, NULL. */
int32_t nn_vocabulary_integer(const nn_vocabulary *vocabulary, int32_t class);
const char *nn_vocabulary_text(const nn_vocabulary *vocabulary, int32_t class);

/* Puts that a label, the text, or the integer where that is NULL, is not in the vocabulary, and what is. */
void nn_vocabulary_put_unknown(const nn_vocabulary *vocabulary, const char *text, int32_t integer, nn_writer *w);

/* Writes the class of each row's label to classes [rows of the arrays] (view.h). The view is checked before. Returns
 * false, and a message that names the row, if a label is NULL or not in the vocabulary, or the data have no labels of
 * its kind. */
bool nn_vocabulary_encode(const nn_vocabulary *vocabulary, const nn_data *data, int32_t *classes, char *message,
                          size_t size);

#endif
