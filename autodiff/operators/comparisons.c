/* Comparing, choosing and rounding. */
#include "family.h"

#ifndef AD_REAL

AD_FAMILY(comparisons)

#endif
