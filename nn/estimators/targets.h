#ifndef GRADTAPE_NN_TARGETS_H
#define GRADTAPE_NN_TARGETS_H
/* Private to nn: targets that are scaled for a network, and its predictions, which are brought back. */
#include <gradtape/data.h>
#include <gradtape/memory.h>
#include <gradtape/regressor.h>

/* How each target is scaled: z = (y - mean) / deviation. */
typedef struct nn_targets {
    int64_t k;
    double *mean, *deviation; /* [k], in one block that begins with mean; NULL: nothing was learnt yet */
} nn_targets;

/* Learns from the rows of checked data, of which at least one counts: population mean and deviation of each target by
 * the weights of the rows, in f64; the deviation of a constant target is 1. What was learnt before is replaced; on
 * AD_NO_MEMORY it stays. The owner gives it back with nn_targets_release. */
ad_status nn_targets_learn(nn_targets *targets, const nn_data *data, int64_t k, ad_memory *memory);

/* Takes over what a file has, [k] each; copied. AD_BAD_VALUE: a number is not finite, or a deviation is not above 0. */
ad_status nn_targets_restore(nn_targets *targets, int64_t k, const double *mean, const double *deviation,
                             ad_memory *memory);

void nn_targets_release(nn_targets *targets, ad_memory *memory);

/* Target j as the network learns it. */
static inline double nn_target_scaled(const nn_targets *targets, int64_t j, double y)
{
    return (y - targets->mean[j]) / targets->deviation[j];
}

/* Gives predictions z [n,k], of rows of the view from `first` on, in the units of the data, rounded once to f32, as
 * elements of a type: to [n,k]. The tape is in error where f32 cannot hold one. */
void nn_targets_back(const nn_targets *targets, ad_tensor z, const nn_data *data, int64_t first, int64_t n,
                     nn_element element, void *to);

#endif
