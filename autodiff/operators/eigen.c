#include "family.h"

#ifndef AD_REAL

AD_FAMILY(eigen)

#endif
