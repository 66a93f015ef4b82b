#include "base/lapack.h"
