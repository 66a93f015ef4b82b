#ifndef GRADTAPE_NN_SCALING_H
#define GRADTAPE_NN_SCALING_H
/* Private to nn: data checked before they are used, features scaled, and batches [n, d] in f32 made from them. */
#include <stdbool.h>

#include <gradtape/data.h>

/* out = (x - mean - rest) * unit * inverse, column by column. A mean that is rounded would move features that lie close
 * to it, so what it lost is kept beside it. */
typedef struct nn_scaling {
    nn_scaling_kind kind;
    double constant; /* for NN_SCALE_CONSTANT; not 0 */
    int64_t columns;
    double *mean, *rest;
    double *unit;                  /* a power of two, 1 unless f32 has no room for the rest of the inverse */
    float *nearest, *nearest_rest; /* mean and rest in f32, for features that f32 holds exactly */
    float *inverse;                /* 1 / deviation; 0 for a constant feature, which so becomes 0 */
    bool is_wide;                  /* a mean or an inverse is out of the range of f32: all features are scaled in f64 */
    ad_memory *memory;             /* all arrays are [columns], in one block that begins with mean */
} nn_scaling;

/* Learns mean and inverse from the rows of checked data: population mean and deviation, computed in f64. What was
 * learnt before is replaced; on AD_NO_MEMORY it stays. The owner gives it back with nn_scaling_release. */
ad_status nn_scaling_learn(nn_scaling *scaling, const nn_data *data);

/* The same of some features: those that `is_left` [columns] names stay as they are and count for no other; NULL: none
 * does. Where `skips_missing`, values that are NaN do not count; each of the other features has one that is not. */
ad_status nn_scaling_learn_some(nn_scaling *scaling, const nn_data *data, const bool *is_left, bool skips_missing);

/* Takes over what was learnt, [columns] each; `inverse` is with its unit. The arrays are copied. On AD_NO_MEMORY what
 * was learnt before stays. */
ad_status nn_scaling_restore(nn_scaling *scaling, int64_t columns, const double *mean, const double *rest,
                             const double *inverse);

/* Scales n rows that lie side by side, in this thread, as nn_scaling_gather scales f64. */
void nn_scaling_rows(const nn_scaling *scaling, const double *rows, int64_t n, float *out);

/* Writes n scaled rows into out [n, columns]: the rows of the arrays that `rows` [n] names, or, where it is NULL, those
 * of the view from `first` on. Rows and columns are the caller's to check. */
void nn_scaling_gather(const nn_scaling *scaling, const nn_data *data, const int32_t *rows, int64_t first, int64_t n,
                       float *out);

/* Gives back what learning took. Kind, constant and memory stay. */
void nn_scaling_release(nn_scaling *scaling);

#endif
