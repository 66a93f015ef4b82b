#ifndef GRADTAPE_NN_ENCODING_H
#define GRADTAPE_NN_ENCODING_H
/* Private to nn: what a network's inputs are made of: features that are scaled, missing values that are filled in,
 * categories as zeros and a one. It is learnt from the rows of the first fit. */
#include "../store.h"
#include "scaling.h"

typedef struct nn_encoding {
    /* Options. */
    nn_scaling_kind kind;
    double constant;
    nn_impute_kind impute;
    ad_memory *memory;
    /* What was learnt. A model file has all of it (nn_learnt). */
    nn_store store;     /* of the schema */
    nn_schema schema;   /* the columns of features only, numbers and categories; levels are those of the rows learnt
                           from, in the order of the data's. n 0: plain features */
    nn_schema all;      /* the same columns, and behind them those of labels and targets, for readers of tables */
    nn_column *truth;   /* the first of those behind */
    nn_scaling scaling; /* of the features: [columns]; a category is left as it is */
    double *fill;       /* [columns]: the mean, for a missing number; 0 where missing values are refused */
    bool *has_missing;  /* [columns]: there were missing values, and `impute` gives them an input of their own */
    int64_t columns;    /* features */
    int64_t inputs;     /* of the network */
    bool is_plain;      /* inputs are the scaled features: no category, nothing is filled in */
    /* What follows from it. */
    float *filled;   /* [columns]: `fill`, scaled */
    int32_t *levels; /* [columns]: the number of levels of a category; -1: a number */
} nn_encoding;

/* What was learnt, as arrays for a file: [columns] each. Restoring gives the same bits for every input. */
typedef struct nn_learnt {
    nn_schema schema; /* `all` of the encoding; levels only of categories matter */
    int64_t columns;
    const double *mean, *rest, *inverse; /* of the scaling; inverse with its unit */
    const double *fill;
    const uint8_t *has_missing;
} nn_learnt;

/* Learns from the rows of data that were checked with `impute`. What was learnt before is replaced; on an error it
 * stays. AD_NO_MEMORY. With a message: AD_BAD_SHAPE: more inputs than 2^31-1; AD_BAD_VALUE: a number without any value,
 * a name or a level twice. */
ad_status nn_encoding_learn(nn_encoding *encoding, const nn_data *data, char *message, size_t size);

/* Takes over what a file has; copied. AD_BAD_VALUE: numbers that are not finite, sizes that do not go together, columns
 * that have no features. */
ad_status nn_encoding_restore(nn_encoding *encoding, const nn_learnt *learnt);

/* Gives arrays for a file, taken from `memory`; nn_learnt_release gives them back. The schema is the encoding's. */
ad_status nn_learnt_take(nn_learnt *learnt, const nn_encoding *encoding, ad_memory *memory);
void nn_learnt_release(nn_learnt *learnt, ad_memory *memory);

void nn_encoding_release(nn_encoding *encoding);

/* How the columns of data go with those learnt from: found once for each call that takes data. All zero: nothing to
 * release. */
typedef struct nn_matching {
    bool is_same;    /* features are those of the encoding, in its order, with its levels: there are no arrays */
    int64_t *place;  /* [columns] of the encoding: the feature of the data */
    int32_t **level; /* [columns]: of a category, for each level of the data that of the encoding; -1: it has none.
                        NULL: the same levels, or a number */
    bool *used;      /* [columns] of the data; NULL: all are */
    nn_store store;
} nn_matching;

/* Matches checked data with an encoding: by name where all columns of both have one, else by place. AD_BAD_SHAPE: a
 * number of features or a width that differs; AD_BAD_VALUE: columns that are missing (the message lists them), of
 * another kind, twice there; AD_NO_MEMORY. Data without a schema, and the same columns, take no memory. */
ad_status nn_matching_make(nn_matching *matching, const nn_encoding *encoding, const nn_data *data, ad_memory *memory,
                           char *message, size_t size);
void nn_matching_release(nn_matching *matching);

/* The columns of the room that gathering needs: 0 for a plain encoding of the same columns. */
static inline int64_t nn_encoding_raw(const nn_encoding *encoding, const nn_matching *matching)
{
    return encoding->is_plain && matching->is_same ? 0 : encoding->columns;
}

/* Writes n encoded rows into out [n, inputs], of rows as nn_scaling_gather takes them. `raw` [n, nn_encoding_raw] is
 * room. */
void nn_encoding_gather(const nn_encoding *encoding, const nn_matching *matching, const nn_data *data,
                        const int32_t *rows, int64_t first, int64_t n, double *raw, float *out);

#endif
