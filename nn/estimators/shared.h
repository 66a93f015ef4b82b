#ifndef GRADTAPE_NN_SHARED_H
#define GRADTAPE_NN_SHARED_H
/* Private to nn: what threads that use one estimator at once share: its memory, its first error, and the readers that
 * are free. */
#include <pthread.h>

#include <gradtape/estimator.h>

#include "batch.h"

enum { NN_ESTIMATOR_MESSAGE = 640 };

/* What one prediction needs for itself: a tape, on which the network's values are borrowed, and a batch. */
typedef struct nn_reader {
    struct nn_reader *next; /* of those that are free */
    ad_tape *tape;
    nn_batch batch;
} nn_reader;

typedef struct nn_shared {
    pthread_mutex_t lock;
    ad_memory memory; /* every allocation of the estimator, under the lock */
    ad_status status; /* the first error */
    char message[NN_ESTIMATOR_MESSAGE];
    nn_reader *free;
} nn_shared;

/* Opens what is shared, with memory from `allocator` (NULL: malloc). Returns NULL if memory is out. */
nn_shared *nn_shared_open(const ad_allocator *allocator);

/* Gives everything back; the readers too. */
void nn_shared_close(nn_shared *shared);

/* Returns an allocator that takes from the shared memory, under the lock. */
ad_allocator nn_shared_allocator(nn_shared *shared);

/* Keeps an error, unless there is one already. Returns `status`. */
ad_status nn_shared_fail(nn_shared *shared, ad_status status, const char *format, ...) AD_PRINTF(3, 4);

/* Adds to the message of the error that is kept. */
void nn_shared_add(nn_shared *shared, const char *format, ...) AD_PRINTF(2, 3);

/* Takes a reader that is free, or opens one. Returns NULL if memory is out. */
nn_reader *nn_take_reader(nn_shared *shared);

/* Gives it back, for the next prediction. Its tape was reset, and is in no error. */
void nn_give_reader(nn_shared *shared, nn_reader *reader);

#endif
