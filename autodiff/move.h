#include "kernels/strided_copy.h"
