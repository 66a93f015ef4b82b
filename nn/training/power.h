#ifndef GRADTAPE_NN_POWER_H
#define GRADTAPE_NN_POWER_H
/* Private to nn. */
#include <stdint.h>

/* x^n for n at least 0, by products: the same bits wherever it runs. */
static inline double nn_power(double x, double n)
{
    double result = 1;
    for (int64_t rest = (int64_t)n; rest > 0 && result > 0; rest /= 2, x *= x)
        result *= rest % 2 ? x : 1;
    return result;
}

#endif
