#ifndef AUTODIFF_DERIVATIVES_PRUNE_H
#define AUTODIFF_DERIVATIVES_PRUNE_H
/* Taking off the tape what was recorded only on the way to results. */
#include "../tape/tape.h"

/* Removes the entries from `first` on that the n results do not need; guards stay. All handles into that range except
 * `results` become stale. Returns false, and the tape is in error, if there is no memory: nothing is changed then. */
bool ad_prune(ad_tape *t, uint32_t first, ad_tensor *results, int n);

#endif
