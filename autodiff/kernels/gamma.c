/* Derivatives of ln Gamma. Formulas by their numbers in Abramowitz and Stegun, Handbook of Mathematical Functions. */
#define _DEFAULT_SOURCE /* lgamma_r */
#include "gamma.h"

#include <math.h>
#include <stdbool.h>

#define PI 3.14159265358979323846

enum { BERNOULLI_COUNT = 12, LAST_FACTORIAL = 170 };

/* B_2, B_4, ..., B_24 */
static const double bernoulli[BERNOULLI_COUNT] = {
    1.0 / 6, -1.0 / 30,     1.0 / 42,      -1.0 / 30,       5.0 / 66,       -691.0 / 2730,
    7.0 / 6, -3617.0 / 510, 43867.0 / 798, -174611.0 / 330, 854513.0 / 138, -236364091.0 / 2730,
};

double ad_lgamma_of(double x)
{
    int sign;
    return lgamma_r(x, &sign);
}

/* Whether x is 0 or a negative whole number; -inf is one. */
static bool is_pole(double x) { return x <= 0 && x == floor(x); }

/* ---- psi --------------------------------------------------------------------------------------------------------- */

/* ln z - 1 / (2 z) - sum over k of B_2k / (2k z^2k), for z >= 10 (6.3.18) */
static double digamma_far(double z)
{
    double sum = 0;
    for (int k = BERNOULLI_COUNT; k > 0; k--)
        sum = (sum + bernoulli[k - 1] / (2 * k)) / z / z;
    return log(z) - 0.5 / z - sum;
}

/* psi(x) = psi(x + 1) - 1 / x (6.3.5) */
static double digamma_positive(double x)
{
    double below = 0;
    for (; x < 10; x += 1)
        below += 1 / x;
    return digamma_far(x) - below;
}

/* For x < 0: psi(x) = psi(1 - x) - pi cot(pi x) (6.3.7), where cot has the period 1. */
double ad_digamma_of(double x)
{
    if (x == 0)
        return -1 / x;
    if (is_pole(x))
        return NAN;
    if (!(x < 0))
        return digamma_positive(x);
    return digamma_positive(1 - x) - PI / tan(PI * (x - nearbyint(x)));
}

/* ---- The n-th derivative of psi ---------------------------------------------------------------------------------- */

/* psi_n(x) = (-1)^(n+1) n! zeta(n+1, x), zeta(s, x) = sum over k >= 0 of (x + k)^-s (6.4.10). Its sums are of numbers
 * f z^-n, where f is either (n-1)!, which makes the sum n! zeta, or 1 / n, which makes it zeta. */
typedef struct series {
    double n;
    double factor; /* f = factor 2^exponent */
    int exponent;
    bool by_logarithms; /* of f (in `factor`) and of z: n is too large for anything else */
} series;

/* n!, for n up to LAST_FACTORIAL. */
static double factorial(int64_t n)
{
    double product = 1;
    for (int64_t i = 2; i <= n; i++)
        product *= (double)i;
    return product;
}

static series series_of(int64_t n, bool with_factorial)
{
    series s = {.n = (double)n, .by_logarithms = n > LAST_FACTORIAL + 1};
    if (s.by_logarithms)
        s.factor = with_factorial ? ad_lgamma_of(s.n) : -log(s.n);
    else
        s.factor = frexp(with_factorial ? factorial(n - 1) : 1 / s.n, &s.exponent);
    return s;
}

/* f z^-n, which neither overflows nor loses digits where the result does not, for finite z > 0. */
static double power(const series *s, double z)
{
    int e;
    if (s->by_logarithms)
        return exp(s->factor - s->n * log(z));
    const double m = frexp(z, &e);
    return ldexp(s->factor * pow(m, -s->n), s->exponent - e * (int)s->n);
}

/* f z^-n (1 + n / (2 z) + sum over k of B_2k / (2k)! n (n+1) ... (n+2k-1) / z^2k), for z >= n + 10 (6.4.11) */
static double polygamma_far(const series *s, double z)
{
    double sum = 0, c = 1;
    for (int k = 1; k <= BERNOULLI_COUNT; k++) {
        c *= (s->n + 2 * k - 2) / z * ((s->n + 2 * k - 1) / z) / ((2 * k - 1) * (2 * k));
        sum += bernoulli[k - 1] * c;
    }
    return power(s, z) * (1 + s->n / (2 * z) + sum);
}

/* The sum over k >= 0 of n f (x + k)^-(n+1), for x > 0. What follows a number g at z is less than g z / n. */
static double hurwitz(const series *s, double x)
{
    double sum = 0;
    for (; x < s->n + 10; x += 1) {
        const double g = power(s, x) * (s->n / x);
        sum += g;
        if (g * (x / s->n) <= 0x1p-56 * sum)
            return sum;
    }
    return isinf(x) ? 0 : sum + polygamma_far(s, x);
}

/* For x < 0 and no pole, t = x - round(x), s = n + 1: the sum of (x + k)^-s over all k is t^-s + zeta(s, 1 + t) +
 * (-1)^s zeta(s, 1 - t), and the sum over k < 0, which is taken away, is (-1)^s zeta(s, 1 - x). At halves an odd s
 * leaves only this. (It is 6.4.7, with the derivatives of pi cot(pi x) as sums over its poles.) */
static double polygamma_negative(int64_t n, double x)
{
    const double t = x - nearbyint(x);
    const bool odd_s = n % 2 == 0;
    const series whole = series_of(n, true), s = series_of(n, false);
    if (odd_s && fabs(t) == 0.5)
        return -hurwitz(&whole, 1 - x);
    const double sign = odd_s ? -1 : 1, first = power(&s, fabs(t)) * ((double)n / fabs(t));
    if (n > LAST_FACTORIAL || isinf(first))
        return odd_s && t > 0 ? -INFINITY : INFINITY;
    const double rest = hurwitz(&s, 1 + t) + sign * (hurwitz(&s, 1 - t) - hurwitz(&s, 1 - x));
    return sign * factorial(n) * ((odd_s && t < 0 ? -first : first) + rest);
}

double ad_polygamma_of(int64_t n, double x)
{
    if (n == 0)
        return ad_digamma_of(x);
    if (isnan(x) || x == -INFINITY)
        return NAN;
    if (is_pole(x))
        return n % 2 ? INFINITY : x == 0 ? -1 / x : NAN;
    if (x < 0)
        return polygamma_negative(n, x);
    const series whole = series_of(n, true);
    const double y = hurwitz(&whole, x);
    return n % 2 ? y : -y;
}

/* The term that is all of psi_n at 64 bits: n! / x^(n+1) near 0 and (n-1)! / x^n far out. */
static long double greatest_term(int64_t n, double x)
{
    const bool near = fabs(x) < 1;
    const long double f = (long double)factorial(near ? n : n - 1),
                      p = powl((long double)x, (long double)(near ? n + 1 : n));
    return n % 2 ? f / p : -f / p;
}

double ad_mul_polygamma_of(double v, int64_t n, double x)
{
    const double y = ad_polygamma_of(n, x), size = fabs(y);
    const bool in_range = (size >= 0x1p-1022 && size <= 0x1.fffffffffffffp1023) || v == 0 || x == 0 || !isfinite(x);
    const bool is_one_term = n > 0 && n <= LAST_FACTORIAL && (fabs(x) < 1e-4 || x > 1e18);
    return !in_range && is_one_term ? (double)(v * greatest_term(n, x)) : y * v;
}
