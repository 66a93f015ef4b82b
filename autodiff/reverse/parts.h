#ifndef AUTODIFF_REVERSE_PARTS_H
#define AUTODIFF_REVERSE_PARTS_H
/* Keeping the parts of a watched tape. */
#include "../tape/watch.h"
#include "pullback.h"
#include "sweep.h"

/* Keeps a part that the rule of p gives to operand `place`; g is valid and has the operand's shape. Returns false if
 * there is no memory (the tape is then in error, as with the others). */
bool ad_watch_part(ad_pullback *p, int place, ad_tensor g);

/* The band that a rule's parts are kept in. */
static inline ad_band ad_band_of(const ad_pullback *p)
{
    return p->wanted == AD_ON_PATH ? AD_BAND_FUNCTIONAL : AD_BAND_BACKWARD;
}

/* Whether a part came from the rule of p, in the sweep that runs. */
static inline bool ad_is_part_of_rule(const ad_part *part, const ad_pullback *p)
{
    return part->origin == AD_FROM_RULE && part->from.id == p->frame.id &&
           part->sweep == p->tape->watch->sweeps[ad_band_of(p)] - 1;
}

/* A sweep begins with the gradient dy, and ends. No other one in its band runs inside it: what rules and kernels
 * differentiate is not watched. */
void ad_watch_sweep(ad_tape *t, const ad_sweep *sweep, ad_tensor dy);
void ad_end_watched_sweep(ad_tape *t, const ad_sweep *sweep);

/* An ad_backward begins: what was kept is forgotten, or what `accumulate` adds to is kept. */
void ad_watch_backward(ad_tape *t, bool accumulate);

#endif
