#ifndef GRADTAPE_NN_GRADIENTS_H
#define GRADTAPE_NN_GRADIENTS_H
/* Private to nn: the gradients of all parameters of a step, before anything changes. */
#include <gradtape/optimisers.h>

/* Checks that the gradients of n parameters of f32 or f64 were computed and are finite, without clipping those of at
 * most 16,384 elements; the tape is in error if they are not. Returns what they are multiplied by so that together they
 * obey clip_norm, once each number obeys clip_value: 1 without clip_norm. The same bits come for any number of threads,
 * on any processor. */
double nn_check_gradients(const nn_optimiser_options *options, const ad_tensor *parameters, size_t n);

enum { NN_PARAMETER_TEXT = 40 };

/* Returns what a message calls a parameter: its name; without one "parameter 3", written into `text`. */
const char *nn_parameter_text(ad_tensor x, size_t number, char text[NN_PARAMETER_TEXT]);

#endif
