#ifndef GRADTAPE_NN_DATA_CHECK_H
#define GRADTAPE_NN_DATA_CHECK_H
#include <stdbool.h>

#include <gradtape/data.h>
#include <gradtape/metrics.h>

/* Each checks what a user gave, before anything is computed from it. Only rows of the view are looked at; a message
 * names a row of the arrays, counted from 0, as columns are. On failure the message, without the name of a function, is
 * written to `message` of `size` bytes. */

/* Sizes, index and schema: after it nn_row_of gives rows that the arrays have. AD_BAD_TYPE: an unknown element.
 * AD_BAD_SHAPE: no rows, no columns, negative sizes, more rows than i32 counts, sizes that overflow, array_rows that do
 * not go with the index, widths that do not add up. AD_BAD_VALUE: the data are NULL; an index outside 0 ..
 * array_rows-1; a column that is none (columns.h). */
ad_status nn_view_check(const nn_data *data, char *message, size_t size);

/* The features of a view that was checked: all, or those that `used` [columns] names. AD_BAD_VALUE: they are NULL; one
 * of f64 that f32 cannot hold; one of a category that is not the number of a level. AD_NOT_FINITE: one that is
 * infinite, or, where missing values are refused, NaN. */
ad_status nn_features_check(const nn_data *data, nn_impute_kind impute, const bool *used, char *message, size_t size);

/* Both, with all features, and without any that are missing. */
ad_status nn_data_check(const nn_data *data, char *message, size_t size);

/* What is true of each row: labels 0 or 1 [rows, k], targets [rows, k] that f32 can hold. `task` is NN_LABELS or
 * NN_REGRESSION; the view is checked before. */
ad_status nn_truth_check(const nn_data *data, nn_task task, int64_t k, char *message, size_t size);

/* Classes 0 .. n_classes-1, one for each row of the arrays. */
ad_status nn_classes_check(const nn_data *data, const int32_t *classes, int64_t n_classes, char *message, size_t size);

/* Weights: at least 0, finite, not all 0. NULL is allowed. */
ad_status nn_weights_check(const nn_data *data, char *message, size_t size);

#endif
