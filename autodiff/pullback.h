#ifndef AUTODIFF_PULLBACK_H
#define AUTODIFF_PULLBACK_H
/* What a gradient rule works on, shared by the reverse walk and by inspection. */
#include "engine.h"

struct ad_pullback {
    ad_tape *tape;
    ad_entry *entry;             /* result 0 of the call */
    uint32_t id;                 /* its id; the other results follow it */
    uint32_t dy[AD_MAX_RESULTS]; /* ids of the results' gradients; 0: none was computed */
    int capture;                 /* -1; or the one operand whose contribution goes to `captured` instead */
    ad_tensor captured;
};

/* Runs the gradient rule. */
void ad_run_rule(ad_pullback *p);

/* Whether a rule is running, and so an error: what a rule must not call asks this first. */
bool ad_refuse_in_rule(ad_tape *t, const char *who);

/* Recycles the temporaries that the rule made and that nobody holds. */
void ad_recycle_fresh(ad_tape *t);

#endif
