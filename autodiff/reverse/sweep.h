#ifndef AUTODIFF_REVERSE_SWEEP_H
#define AUTODIFF_REVERSE_SWEEP_H
/* The sweep: one loop over entries, from the last to the first. */
#include "pullback.h"

/* A sweep from y back to the first entry. A functional sweep is recorded, follows the entries that are AD_ON_PATH, and
 * leaves their gradients in them. An ordinary sweep leaves the gradients of leaves, with `keep` those of all entries,
 * after an error none. */
typedef struct ad_sweep {
    ad_tensor y, dy; /* dy inert: ones */
    uint32_t first;  /* where the path begins; 0: with the first entry */
    bool keep, functional;
    bool recording; /* what rules compute is recorded */
} ad_sweep;

void ad_run_sweep(ad_tape *t, const ad_sweep *sweep);

#endif
