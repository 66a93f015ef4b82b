#ifndef GRADTAPE_NN_DATA_CHECK_H
#define GRADTAPE_NN_DATA_CHECK_H
#include <stdbool.h>

#include <gradtape/data.h>
#include <gradtape/metrics.h>

/* Checks what a user gave, before anything is computed from it. Rows and columns in messages are counted from 0.
 * AD_BAD_TYPE: an unknown element. AD_BAD_SHAPE: no rows, no columns, negative sizes, more rows than i32 counts, sizes
 * that overflow. AD_BAD_VALUE: NULL where there must be an array; with needs_labels, a label outside 0 .. n_classes-1;
 * an f64 feature that f32 cannot hold. AD_NOT_FINITE: a feature that is infinite or NaN. Labels are looked at only with
 * needs_labels. On failure the message, without the name of a function, is written to `message` of `size` bytes. */
ad_status nn_data_check(const nn_data *data, bool needs_labels, int64_t n_classes, char *message, size_t size);

/* What is true of each row: labels 0 or 1 [rows, k], targets [rows, k] that f32 can hold. `task` is NN_LABELS or
 * NN_REGRESSION; sizes are checked before. */
ad_status nn_truth_check(const nn_data *data, nn_task task, int64_t k, char *message, size_t size);

/* Classes 0 .. n_classes-1 for each of `rows` rows. */
ad_status nn_classes_check(const int32_t *classes, int64_t rows, int64_t n_classes, char *message, size_t size);

/* Weights: at least 0, finite, not all 0. NULL is allowed. */
ad_status nn_weights_check(const nn_data *data, char *message, size_t size);

#endif
