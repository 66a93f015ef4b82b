#ifndef AUTODIFF_TAPE_LEAVES_H
#define AUTODIFF_TAPE_LEAVES_H
/* Leaves that the engine makes itself. */
#include "tape.h"

/* An input with a copy of the value of an entry. Returns an inert tensor if there is no memory. */
ad_tensor ad_constant(ad_tape *t, const ad_entry *e);

#endif
