#ifndef AUTODIFF_FORWARD_MAP_H
#define AUTODIFF_FORWARD_MAP_H
/* Kernels that are one loop over all operands. */
#include "../kernels/kernel.h"

/* Runs a loop over all operands, each of its own type, broadcast to result 0. A first attribute that is a real number
 * is the span's constant. */
void ad_map_by(ad_call *c, ad_loop *loop);

/* The kernel of all AD_ELEMENTWISE rows: the same by the row's loop for the type of the result. */
void ad_map(ad_call *c);

/* The same for one number y of a type, from as many of the numbers at a, b and c as the row has operands. */
void ad_map_one(const ad_operator *op, const ad_attribute *attributes, uint8_t type, void *y, void *a, void *b,
                void *c);

#endif
