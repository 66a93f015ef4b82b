#ifndef GRADTAPE_NN_CLASS_NAMES_H
#define GRADTAPE_NN_CLASS_NAMES_H
/* Private to nn: the classes as levels of the column of labels, by which a table is read. */
#include "batch.h"

/* Gives the columns of labels among those that were learnt the classes as their levels: texts, or whole numbers as
 * texts. They have none if there are more than NN_MOST_CLASSES, or labels that do not exclude each other. Returns false
 * if memory is out. */
bool nn_name_classes(nn_encoding *encoding, const nn_truth *truth);

#endif
