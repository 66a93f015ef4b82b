#ifndef AUTODIFF_REVERSE_SWEEP_H
#define AUTODIFF_REVERSE_SWEEP_H
/* The sweep: one loop over entries, from the last to the first. */
#include "pullback.h"

/* A sweep from y back to the first entry. A functional one, which must be recorded, goes only by what is AD_ON_PATH and
 * leaves its gradients there. The other leaves those of leaves, and with `keep` of all, and on failure none. */
typedef struct ad_sweep {
    ad_tensor y, dy; /* dy inert: ones */
    uint32_t first;  /* where the path begins; 0: with the first entry */
    bool keep, functional;
    bool recording; /* of what rules compute */
} ad_sweep;

void ad_run_sweep(ad_tape *t, const ad_sweep *sweep);

/* Runs the gradient rule of p's entry in the frame of p, which is the innermost. A rule that leaves positions behind
 * puts the tape in error. */
void ad_run_rule(ad_pullback *p);

#endif
