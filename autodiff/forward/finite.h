#ifndef AUTODIFF_FORWARD_FINITE_H
#define AUTODIFF_FORWARD_FINITE_H
/* Finding where a number first is not finite. */
#include "../tape/tape.h"

/* Looks at the results of a call that has run. The first number that is not finite puts the tape in error. */
void ad_check_results(ad_call *c);

/* Looks at the gradient of entry x, to which the gradient rule of this frame has just added. dy is the id of the
 * gradient of its result 0; 0: there is none. */
void ad_check_gradient(ad_tape *t, const ad_frame *rule, uint32_t dy, const ad_entry *x);

#endif
