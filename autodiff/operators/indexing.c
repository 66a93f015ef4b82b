/* Choosing elements by index, and the parts of matrices. */
#include "family.h"

#ifndef AD_REAL

AD_FAMILY(indexing)

#endif
