#include "base/blas.h"
