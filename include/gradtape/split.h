#ifndef GRADTAPE_SPLIT_H
#define GRADTAPE_SPLIT_H
/* Splits and samples: which rows of a data set are for training and which for testing, by seed. Nothing is copied: both
 * sides are views of the data (nn_data.index).
 *
 *   nn_split *s = nn_split_open(&data, &(nn_split_options){ .share = 0.2, .seed = 1 });
 *   nn_data train = nn_split_train(s, 0), test = nn_split_test(s, 0);
 *   if (nn_split_status(s)) fprintf(stderr, "%s\n", nn_split_message(s));
 *   nn_split_close(s);
 *
 * With `folds` instead of a share there are so many splits, and each row is in one test part. A view that has a row
 * twice has two rows there: one may be for training, and the other for testing. */
#include <stdbool.h>

#include <gradtape/data.h>

/* A split. It does not change, so threads may share it. */
typedef struct nn_split nn_split;

/* Zero means the default. Either share or folds is given. */
typedef struct nn_split_options {
    double share;  /* of the rows that are for testing, above 0 and below 1 */
    int64_t folds; /* k of k-fold cross-validation, at least 2 */
    bool plain;    /* rows are taken at random; false: of each class as large a share as of all, where the data have
                      label_texts or labels. Set it for independent labels [rows, n_classes]: nothing tells them from
                      classes [rows], which they would be taken for */
    uint64_t seed;
    const ad_allocator *allocator; /* copied; NULL: malloc and free */
} nn_split_options;

/* Makes a split of data, which may be a view themselves. The arrays of the data must last as long as the views. The
 * same rows, classes, options and seed give the same split.
 * - A test part of a share has share * rows rows, rounded, at least 1, and leaves at least 1 for training. By classes,
 *   each class gives its share, rounded up or down, and keeps a row for training; where the classes are so small that
 *   these do not add up to it, the test part has fewer rows.
 * - Equal texts are one class. Where the data have texts, their `labels` are not looked at.
 * - Folds differ by one row at most, and so do the rows of each class in them.
 * - Rows of a training part keep the order of the data, and so do those of a test part.
 * - A split keeps rows * 4 bytes for a share, and as much for each fold.
 * Returns NULL only when memory for the object is out. The caller closes it. Errors are kept: neither share nor folds,
 * or both; a share outside (0, 1); a number of folds below 2, above the rows, or, by classes, above the rows of the
 * smallest class (the message names it); a share of classes of one row each; fewer than 2 rows and other
 * sizes that no estimator takes (AD_BAD_SHAPE); an unknown element (AD_BAD_TYPE); a place of the index outside the
 * arrays; a text that is NULL; memory (AD_NO_MEMORY). Where no status is named it is AD_BAD_VALUE. */
AD_API nn_split *nn_split_open(const nn_data *data, const nn_split_options *options);

/* Frees the split. NULL is allowed. */
AD_API void nn_split_close(nn_split *split);

/* Returns how many splits there are: 1 for a share, else the folds; 0 after an error. */
AD_API int64_t nn_split_count(const nn_split *split);

/* Return the two parts of split i. Their indices belong to the split. For an i out of range, and after an error, they
 * have no rows. */
AD_API nn_data nn_split_train(const nn_split *split, int64_t i);
AD_API nn_data nn_split_test(const nn_split *split, int64_t i);

/* Return the status of nn_split_open and its message; "" if there was no error. NULL gives AD_BAD_HANDLE, and a text
 * that says so. */
AD_API ad_status nn_split_status(const nn_split *split);
AD_API const char *nn_split_message(const nn_split *split);

/* Returns a view of n different rows, drawn at random and in a random order: a subset, or, if n is data->rows, the data
 * in another order. Each row is as probable as any other. `index` [n] is yours, and must last as long as the
 * view. The same rows, n and seed give the same view. For an n outside 1..data->rows, data that a split would refuse,
 * or NULL, the view has no rows. */
AD_API nn_data nn_sample(const nn_data *data, int64_t n, uint64_t seed, int32_t *index);

#endif
