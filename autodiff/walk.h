#include "kernels/broadcast.h"
