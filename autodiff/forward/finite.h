#ifndef AUTODIFF_FORWARD_FINITE_H
#define AUTODIFF_FORWARD_FINITE_H
/* Finding where a number first is not finite. */
#include "../tape/tape.h"

/* Looks at the results of a call that has run. The first number that is not finite puts the tape in error. */
void ad_check_results(ad_call *c);

/* Looks at the gradient of entry x, to which the gradient rule of an operator has just added. */
void ad_check_gradient(ad_tape *t, const char *rule, const ad_entry *x);

#endif
