#ifndef AUTODIFF_KERNELS_CONSTANT_H
#define AUTODIFF_KERNELS_CONSTANT_H
/* A constant of an operator is a double. Loops in f32 use it as two numbers: c, and the rest that c lacks of it. */
#include "range.h"

#define LN_2 0.693147180559945309417

#ifdef AD_REAL

/* What (REAL)c lacks of c. Nothing is -0, which changes no number that it is added to. */
static inline REAL rest_of(double c)
{
    const double rest = sizeof(REAL) < sizeof(double) ? c - (double)(REAL)c : 0;
    return isnan(rest) || isinf(rest) || rest == 0 ? -(REAL)0 : (REAL)rest;
}

/* The exponent of a power. Where `by_double`, c is so far from it that the power is computed in double. */
typedef struct exponent {
    double exact;
    REAL c, rest;
    bool by_double;
} exponent;

static inline exponent exponent_of(double c)
{
    const exponent e = {c, (REAL)c, rest_of(c), false};
    const bool is_whole_or_far = fabs(c) >= 0x1p24 || is_lost(e.c);
    return (exponent){c, e.c, e.rest, (double)e.c != c && !isnan(c) && is_whole_or_far};
}

/* p = x^c (1 + rest ln |x|), which is x^(c + rest) to more digits than REAL has: the rest is below 2^-24 c, and c ln
 * |x| is below 800 where the power is in the range. */
static inline void add_rest(size_t n, REAL *p, const REAL *x, size_t sx, REAL rest)
{
    REAL l[VIA_ROOM];
    for (size_t i = 0; i < n; i++)
        l[i] = R(fabs)(x[i * sx]);
    vector_log(n, l, l);
    for (size_t i = 0; i < n; i++)
        p[i] = p[i] != 0 && is_finite(p[i]) ? p[i] + p[i] * (rest * l[i]) : p[i];
}

/* p = x^e for a block of n elements. Small whole powers are products. */
static inline void powers(size_t n, REAL *p, const REAL *x, size_t sx, const exponent *e)
{
    if (e->exact == 1)
        for (size_t i = 0; i < n; i++)
            p[i] = x[i * sx];
    else if (e->exact == 2)
        for (size_t i = 0; i < n; i++)
            p[i] = x[i * sx] * x[i * sx];
    else if (e->exact == 3)
        for (size_t i = 0; i < n; i++)
            p[i] = x[i * sx] * x[i * sx] * x[i * sx];
    else if (e->exact == -1)
        for (size_t i = 0; i < n; i++)
            p[i] = 1 / x[i * sx];
    else if (e->exact == -2)
        for (size_t i = 0; i < n; i++)
            p[i] = 1 / x[i * sx] / x[i * sx];
    else if (e->by_double)
        for (size_t i = 0; i < n; i++)
            p[i] = (REAL)pow((double)x[i * sx], e->exact);
    else {
        REAL c[VIA_ROOM];
        for (size_t i = 0; i < n; i++)
            c[i] = e->c;
        vector_pow(n, p, x, sx, c, 1);
        if (e->rest != 0)
            add_rest(n, p, x, sx, e->rest);
    }
}

#endif
#endif
