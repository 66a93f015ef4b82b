#ifndef GRADTAPE_NN_CLASSES_H
#define GRADTAPE_NN_CLASSES_H
/* Private to nn: which classes there are, found from labels. */
#include "vocabulary.h"

/* The most classes that are found. More different labels are more likely the numbers of a regression. */
enum { NN_MOST_CLASSES = 65536 };

/* Makes a vocabulary of the labels that rows of the view, and of the view of the validation, have: integers ascending,
 * or texts by their bytes, which are copied. `validation` may be NULL; it counts if its labels are of the same kind.
 * Both views are checked before. `rows` have the labels: those of the view, or, of a feed, more. The vocabulary lies in
 * the store. AD_BAD_VALUE (the message says what): no labels, one that is NULL or empty, one class only, more than
 * NN_MOST_CLASSES. AD_NO_MEMORY. */
ad_status nn_classes_learn(nn_vocabulary *vocabulary, const nn_data *data, int64_t rows, const nn_data *validation,
                           nn_store *store, char *message, size_t size);

#endif
