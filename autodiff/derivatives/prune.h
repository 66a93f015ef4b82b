#ifndef AUTODIFF_COMPACT_H
#define AUTODIFF_COMPACT_H
/* Taking off the tape what was recorded only on the way to results. */
#include "../tape/tape.h"

/* Of STEP's entries from `first` on, the n results, what they were made from, and guards stay and move together;
 * handles to the others, and to these but for the results, become stale. False, and the tape in error, if there is no
 * memory: nothing is changed then. */
bool ad_compact(ad_tape *t, uint32_t first, ad_tensor *results, int n);

#endif
