#ifndef AUTODIFF_REVERSE_SCALAR_PARTS_H
#define AUTODIFF_REVERSE_SCALAR_PARTS_H
/* The parts of a call on scalars, quickly: as numbers. Only a sum is a tensor, and the first one takes the place of the
 * gradient that is consumed. All other calls run their rule, which gives the same bits. */
#include "part_rules.h"

/* Whether the rule of a call is data, and its results are scalars. */
static inline bool ad_has_number_parts(const ad_entry *e)
{
    return e->value.shape == &ad_scalar_shape_value && e->op && e->op->vjp == ad_give_parts &&
           e->value.flags & AD_WANTS_GRADIENT;
}

/* Whether a gradient of rank 0 is a number that may be written to. */
static inline bool ad_is_own_number(uint32_t id, const ad_entry *gradient)
{
    return ad_is_temporary(id) && !(gradient->value.flags & AD_IS_FRESH) && gradient->value.data == &gradient->scalar;
}

/* Adds up the parts of such a call e, whose gradient dy is a number of its own, and consumes that. For an ordinary
 * sweep in which nothing is watched. Returns false if there is no memory (the tape is then in error). */
bool ad_give_numbers(ad_tape *t, ad_entry *e, ad_entry *dy);

#endif
