#ifndef GRADTAPE_NN_DATASET_H
#define GRADTAPE_NN_DATASET_H
/* Private to nn: what the data set shares with the readers of its formats. */
#include <gradtape/data.h>

#define NN_DATASET_MESSAGE 1024

struct nn_dataset {
    ad_memory memory;
    ad_status status;
    char message[NN_DATASET_MESSAGE];
    nn_data data;
};

/* Starts a call: forgets the status and the message of the one before. */
void nn_dataset_begin(nn_dataset *dataset);

/* Keeps `status` with a message, and returns it. A reader calls it once per call. */
ad_status nn_dataset_fail(nn_dataset *dataset, ad_status status, const char *format, ...) AD_PRINTF(3, 4);

/* Gives back arrays that were taken from the memory of the data set, and empties the view of them. */
void nn_dataset_drop(nn_dataset *dataset, nn_data *data);

/* Ends a call: what was read takes the place of the former content, or, if the call failed, is given back. Returns
 * `status`. */
ad_status nn_dataset_settle(nn_dataset *dataset, ad_status status, nn_data *fresh);

#endif
