#ifndef GRADTAPE_NN_TOTAL_H
#define GRADTAPE_NN_TOTAL_H
/* Private to nn: sums of many numbers. */
#include <math.h>

/* A sum in f64 with the rest carried along (Neumaier 1974). */
typedef struct nn_total {
    double sum, rest;
} nn_total;

static inline void nn_add(nn_total *t, double x)
{
    const double sum = t->sum + x;
    t->rest += fabs(t->sum) >= fabs(x) ? (t->sum - sum) + x : (x - sum) + t->sum;
    t->sum = sum;
}

/* An infinite sum has no rest. */
static inline double nn_total_of(const nn_total *t) { return t->sum + (isfinite(t->rest) ? t->rest : 0); }

#endif
