/* Elementary and special functions. */
#include "family.h"

#ifndef AD_REAL

AD_FAMILY(functions)

#endif
