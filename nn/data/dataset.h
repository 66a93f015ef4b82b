#ifndef GRADTAPE_NN_DATASET_H
#define GRADTAPE_NN_DATASET_H
/* Private to nn: what the data set shares with the readers of its formats. */
#include <gradtape/data.h>

#include "../store.h"

#define NN_DATASET_MESSAGE 1024

/* What a read gives. A reader starts with nn_content_of, fills it, and ends with nn_dataset_settle. */
typedef struct nn_content {
    nn_data data;      /* features [rows, columns], targets [rows, n_targets], ids [rows, n_ids], and labels,
                          label_texts and weights [rows]: a block of just that size from the memory of the data set, or NULL.
                          No index */
    nn_store store;    /* what they point to: texts; columns of the schema, their names and levels; notes */
    const char *notes; /* in the store; NULL: nothing was found */
} nn_content;

struct nn_dataset {
    ad_memory memory;
    ad_status status;
    char message[NN_DATASET_MESSAGE];
    nn_content content;
};

/* Starts a call: forgets the status and the message of the one before. */
void nn_dataset_begin(nn_dataset *dataset);

/* Keeps `status` with a message, and returns it. A reader calls it once per call. */
ad_status nn_dataset_fail(nn_dataset *dataset, ad_status status, const char *format, ...) AD_PRINTF(3, 4);

/* Returns content without rows, whose store takes from the memory of the data set. */
nn_content nn_content_of(nn_dataset *dataset);

/* Gives back all that the content has, and empties it. */
void nn_dataset_drop(nn_dataset *dataset, nn_content *content);

/* Ends a call: what was read takes the place of the former content, or, if the call failed, is given back. `fresh` is
 * empty after it. Returns `status`. */
ad_status nn_dataset_settle(nn_dataset *dataset, ad_status status, nn_content *fresh);

#endif
