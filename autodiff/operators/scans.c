/* Along one axis: running totals, sorting. */
#include "family.h"

#ifndef AD_REAL

AD_FAMILY(scans)

#endif
