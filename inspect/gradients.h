#ifndef INSPECT_GRADIENTS_H
#define INSPECT_GRADIENTS_H
/* Gradients of the last ad_backward, inner ones from what a watched tape kept. */
#include "values.h"

/* Part i of the last ad_backward; NULL: i is out of range. */
static inline const ad_part *ad_backward_part(const ad_tape *t, size_t i) { return ad_part_at(t, AD_BAND_BACKWARD, i); }

/* Whether a part of the last ad_backward is one of those that the gradient of x is the sum of: for a leaf those of all
 * sweeps, else those of the last one. */
bool ad_is_part_of(const ad_part *part, ad_tensor x);

/* The tensor that the last watched sweep began at; inert if there was none. */
ad_tensor ad_sweep_began_at(const ad_tape *t);

/* Gives the gradient of x. Its data is NULL if it has more than AD_MOST_COPIED elements and is no longer there. Returns
 * false if it was not computed, or is not known any more. */
bool ad_find_gradient(ad_tensor x, ad_numbers *gradient);

/* Whether there are numbers: the gradient of a result that the loss does not depend on was not computed. */
static inline bool ad_is_computed(const ad_numbers *numbers) { return !(numbers->norm < 0); }

/* The parts that the rule of y's call gave in the last sweep: *n of them, from the one that is returned on; in the
 * order in which they were given. */
size_t ad_parts_from(ad_tensor y, size_t *n);

/* The one of them that its operand at this place, from 0, was given; NULL if it was given none. */
const ad_part *ad_part_to(ad_tensor y, int place);

#endif
