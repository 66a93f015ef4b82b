#ifndef AUTODIFF_TRACE_H
#define AUTODIFF_TRACE_H
/* Finding where a number first is not finite. */
#include <gradtape/operator.h>

/* Looks at the results of a call that has run: the first that is not finite puts the tape in error. */
void ad_trace_results(ad_call *c);

/* Looks at the sum that a rule just added to: the gradient of the entry `operand`. */
void ad_trace_gradient(const ad_pullback *p, uint32_t operand);

#endif
