#ifndef GRADTAPE_NN_HEAD_H
#define GRADTAPE_NN_HEAD_H
/* Private to nn: a head as an estimator uses it. It may be a user's own, so that what it gives is checked. */
#include <gradtape/data.h>
#include <gradtape/heads.h>

/* Returns what is wrong with a head, or with this number of classes, labels or targets; NULL: nothing. `option` is the
 * name of k. */
const char *nn_head_mistake(const nn_head *head, int64_t k, const char *option, char *text, size_t size);

/* Returns the loss of each example, [n] of the type of z. Error: the head gives something else. */
ad_tensor nn_head_losses(const nn_head *head, ad_tensor z, ad_tensor y, const nn_head_options *options);

/* Returns what is predicted for rows of the view from `first` on, f32 [n,k]. Errors: the head gives something else; a
 * prediction is not finite. */
ad_tensor nn_head_predictions(const nn_head *head, int64_t k, ad_tensor z, const nn_data *data, int64_t first);

#endif
