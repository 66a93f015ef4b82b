/* Blocks: compositions fused into one operator. */
#include "family.h"

#ifndef AD_REAL

AD_FAMILY(blocks)

#endif
