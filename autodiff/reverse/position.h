#ifndef AUTODIFF_MARK_H
#define AUTODIFF_MARK_H
/* Places in the recording to come back to. */
#include "../tape/tape.h"

/* A mark of where the tape is, which changes nothing; what would show later that it is still good is left out. And back
 * to one that is. */
static inline ad_mark ad_mark_here(const ad_tape *t)
{
    return (ad_mark){.tape = t,
                     .entries = t->ends[AD_STEP],
                     .resets = t->resets,
                     .fresh = t->fresh_list,
                     .pins = t->pins,
                     .segment = t->open_segment,
                     .runner = t->runner,
                     .recording = t->recording,
                     .walking = t->walking,
                     .block = t->step.current,
                     .at = t->step.at};
}
void ad_go_back(ad_tape *t, const ad_mark *mark);

/* Drops what was recorded since a mark that has not been left: temporaries of the rule that runs stay. */
void ad_drop_since(ad_tape *t, const ad_mark *mark);

#endif
