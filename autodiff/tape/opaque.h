#ifndef AUTODIFF_FORGOTTEN_H
#define AUTODIFF_FORGOTTEN_H
/* Entries of the recording of which nobody knows how they were made. They are constants, but unlike inputs they would
 * have to be computed again in a replay, which they cannot be: a replay that comes to one is an error. */
#include "tape.h"

/* A gradient that was not recorded, as an entry; inert if there is no memory. */
ad_tensor ad_enter_gradient(ad_tape *t, const ad_entry *e);

/* What a tensor was that came along when the tape was rewound, as an entry; inert if there is no memory. */
ad_tensor ad_enter_kept(ad_tape *t, const ad_entry *image);

/* Whether an operator stands for what a recorded rule carried out of a mark: it has no second derivative. */
bool ad_is_carried(const ad_operator *op);

/* Whether the entry is one of those two, or another that ad_forget_how made. */
bool ad_is_forgotten(const ad_entry *e);

/* Makes a new input such an entry, which it returns. The operator's formula says what it is. */
ad_tensor ad_forget_how(ad_tensor input, const ad_operator *op);

/* The kernel of such an operator. */
void ad_refuse_to_run(ad_call *c);

#endif
