#ifndef GRADTAPE_NN_UNKNOWN_CLASS_H
#define GRADTAPE_NN_UNKNOWN_CLASS_H
/* Private to nn: the message on a label that is none of the classes. */
#include "../options/writer.h"

enum { NN_CLASS_NUMBER = 16 };

typedef struct nn_unknown_class {
    const char *label; /* n bytes */
    size_t n;
    bool is_number; /* it comes from an array of integers, as the classes do, and stands without quotes */
    bool is_given;  /* the program gave the classes as a vocabulary; false: they are those of the training data */
    /* The label of class i, or its number as a text in `number`; NULL after the last one. */
    const char *(*name)(int i, const void *context, char number[NN_CLASS_NUMBER]);
    const void *context;
} nn_unknown_class;

/* Puts what is wrong, some of the classes, and what to do: class "grey" was not in the training data (red, green); mend
 * the label or leave the row out. */
void nn_put_unknown_class(nn_writer *w, const nn_unknown_class *unknown);

/* Puts the classes: " (red, green, blue)", the first ones of many. */
void nn_put_class_list(nn_writer *w, const nn_unknown_class *classes);

#endif
