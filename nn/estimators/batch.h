#ifndef GRADTAPE_NN_BATCH_H
#define GRADTAPE_NN_BATCH_H
/* Private to nn: rows of data, gathered for one run of a network: features encoded, what is true of them, weights. */
#include "../data/encoding.h"
#include "head.h"
#include "targets.h"
#include "vocabulary.h"

/* What is true of each row of data, as a head takes it. */
typedef struct nn_truth {
    const nn_head *head;
    int64_t k;                       /* classes, labels or targets */
    const int32_t *classes;          /* [rows] of the arrays (view.h), or [rows, k] for independent labels; those of the
                                        view are set; NULL: the targets of the data */
    const double *class_weights;     /* [k]; NULL: 1 */
    const nn_vocabulary *vocabulary; /* of which labels are; NULL: they are the classes themselves */
    const nn_targets *targets;       /* by which targets are scaled; NULL: they stay as they are */
} nn_truth;

/* Rows that are gathered. Room is kept from one batch to the next. */
typedef struct nn_batch {
    float *features; /* [room, inputs] */
    double *raw;     /* [room, raw_columns]: features before they are encoded; NULL: no column of them is needed */
    void *truth;     /* [room, width] i32 for classes and labels, else f32 */
    float *weights;  /* [room] */
    int32_t *called; /* [room, width]: classes or labels that were predicted */
    int64_t room, inputs, raw_columns, width;
    bool is_weighed; /* else every row counts once */
} nn_batch;

/* The numbers that are true of each row. */
int64_t nn_truth_width(const nn_head *head, int64_t k);

/* Makes room for `rows` rows of data that go with an encoding as `matching` says. Returns false if memory is out; the
 * batch then has no room. */
bool nn_batch_reserve(nn_batch *batch, int64_t rows, const nn_encoding *encoding, const nn_matching *matching,
                      int64_t width, ad_memory *memory);

void nn_batch_release(nn_batch *batch, ad_memory *memory);

/* Element i of the array of targets, as a number. */
double nn_target_at(const nn_data *data, int64_t i);

/* Writes what is called after the logits of rows of the view from `first` on: the most probable class of each row, the
 * lowest of equals, or 0 and 1 for each label. Returns false if the logits cannot be read. */
bool nn_call(const nn_head *head, int64_t k, ad_tensor logits, const nn_data *data, int64_t first, int32_t *called);

/* Gather rows into the batch, and return them as a tensor on the tape that borrows them: features [n, inputs], what is
 * true [n] or [n, k]. `rows` [n] names rows of the arrays; NULL: those of the view from `first` on. */
ad_tensor nn_batch_features(nn_batch *batch, ad_tape *tape, const nn_encoding *encoding, const nn_matching *matching,
                            const nn_data *data, const int32_t *rows, int64_t first, int64_t n);
ad_tensor nn_batch_truth(nn_batch *batch, ad_tape *tape, const nn_truth *truth, const nn_data *data,
                         const int32_t *rows, int64_t first, int64_t n);

/* Only gathers what is true. */
void nn_batch_gather_truth(nn_batch *batch, const nn_truth *truth, const nn_data *data, const int32_t *rows,
                           int64_t first, int64_t n);

/* Returns whether any row of the view counts. */
bool nn_truth_counts(const nn_truth *truth, const nn_data *data);

/* Gathers how much these rows of the arrays count, their own weights times those of their classes, and returns the sum.
 * They are shares of the largest, so that no common factor is too large or too small for f32. */
double nn_batch_weigh(nn_batch *batch, const nn_truth *truth, const nn_data *data, const int32_t *rows, int64_t n);

/* Returns the mean of the losses [n] of the rows that were weighed. `sum` is that of their weights, above 0. */
ad_tensor nn_batch_mean(nn_batch *batch, ad_tensor losses, double sum);

#endif
