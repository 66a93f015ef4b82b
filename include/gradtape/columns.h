#ifndef GRADTAPE_COLUMNS_H
#define GRADTAPE_COLUMNS_H
/* The columns of a table: the name of each, and what it is for. Readers of tables give them with the data (data.h). The
 * first fit of an estimator copies them. Later data are matched with them by name. */
#include <gradtape/fields.h>

typedef enum nn_column_kind {
    NN_COLUMN_NUMBER,   /* features that are numbers */
    NN_COLUMN_CATEGORY, /* one feature, the number of a level; the network gets an input for each level that the rows
                           of the first fit have: 1 for the level of a row, else 0 */
    NN_COLUMN_LABEL,    /* this kind and those below are no features */
    NN_COLUMN_TARGET,
    NN_COLUMN_WEIGHT,
    NN_COLUMN_ID, /* a text that stays with its row */
    NN_COLUMN_IGNORED,
    NN_COLUMN_KIND_COUNT
} nn_column_kind;

/* Returns "number", "category", "label", "target", "weight", "id" or "ignored"; NULL for a number outside the list. */
AD_API const char *nn_column_kind_name(int kind);

/* A column. */
typedef struct nn_column {
    const char *name; /* NULL or "": it has none, and is matched by its place */
    nn_column_kind kind;
    int64_t width;   /* how many features a number has, for instance 784 for an image; 0: 1. Other kinds: 0 or 1 */
    nn_texts levels; /* of a category: the feature i stands for levels.at[i]. Of a label with texts: its classes */
} nn_column;

/* The columns of a table, in its order. The features of data are those of its numbers and categories, side by side. */
typedef struct nn_schema {
    const nn_column *at;
    size_t n;
} nn_schema;

/* An initialiser of a schema, from an array of columns. */
#define NN_SCHEMA(array)                                                                                               \
    {                                                                                                                  \
        (array), sizeof(array) / sizeof((array)[0])                                                                    \
    }

#endif
