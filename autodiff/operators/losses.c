/* Losses. */
#include "family.h"

#ifndef AD_REAL

AD_FAMILY(losses)

#endif
