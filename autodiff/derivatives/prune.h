#ifndef AUTODIFF_DERIVATIVES_PRUNE_H
#define AUTODIFF_DERIVATIVES_PRUNE_H
/* Pruning: removing the entries that no result needs. */
#include "../tape/tape.h"

/* Removes the entries from `first` on that the n results do not need; guards stay. All handles into that range except
 * `results` become stale. Returns false if there is no memory (the tape is then in error, and nothing has changed). */
bool ad_prune(ad_tape *t, uint32_t first, ad_tensor *results, int n);

#endif
