#ifndef GRADTAPE_NN_FINGERPRINT_H
#define GRADTAPE_NN_FINGERPRINT_H
/* Private to nn: what data are told apart by, in a model that was trained on some. */
#include <gradtape/data.h>

typedef struct nn_fingerprint {
    int64_t rows, columns;
    uint64_t hash; /* of the names of columns that are learnt from, and of the features of the first and the last row:
                      the same where a table is read again by the schema of an estimator */
} nn_fingerprint;

/* Returns that of data whose view was checked. */
nn_fingerprint nn_fingerprint_of(const nn_data *data);

#endif
