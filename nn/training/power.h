#ifndef GRADTAPE_NN_POWER_H
#define GRADTAPE_NN_POWER_H
/* Private to nn. */
#include <stdint.h>

/* x^n for n at least 0, by products: the same bits wherever it runs. An n from 2^63 on, which
 * (double)INT64_MAX is, counts as INT64_MAX. */
static inline double nn_power(double x, double n)
{
    double result = 1;
    for (int64_t rest = n < 0x1p63 ? (int64_t)n : INT64_MAX; rest > 0 && result > 0; rest /= 2, x *= x)
        result *= rest % 2 ? x : 1;
    return result;
}

#endif
