#ifndef AUTODIFF_FORWARD_ROWS_H
#define AUTODIFF_FORWARD_ROWS_H
/* The rows that the engine itself applies. It names them as data, so that it calls no operator's function: operators
 * stand above it. */
#include <gradtape/operator.h>

extern const ad_operator ad_operator_add, ad_operator_cast, ad_operator_full, ad_operator_greater, ad_operator_scale,
    ad_operator_sum_to;

#endif
