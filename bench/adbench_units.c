/* Plain C, one loop inside the other, with no thought of vectors or threads; arrays are allocated once. UNIT(name) is
 * name_unit_O2 or name_unit_O3. */
#include "adbench_units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Mixture ----------------------------------------------------------------------------------------------------- */

static double log_sum_exp(const double *x, int64_t n)
{
    double largest = x[0], sum = 0;
    for (int64_t i = 1; i < n; i++)
        largest = x[i] > largest ? x[i] : largest;
    for (int64_t i = 0; i < n; i++)
        sum += exp(x[i] - largest);
    return largest + log(sum);
}

static double log_gamma(double a, int64_t d)
{
    double sum = 0.25 * (double)d * (double)(d - 1) * log(3.14159265359);
    for (int64_t j = 1; j <= d; j++)
        sum += lgamma(a + 0.5 * (double)(1 - j));
    return sum;
}

/* |Q (x - mu)|^2; l holds the columns below the diagonal. */
static double distance(int64_t d, const double *restrict x, const double *restrict mu, const double *restrict exp_q,
                       const double *restrict l, double *restrict y)
{
    double sum = 0;
    for (int64_t i = 0; i < d; i++)
        y[i] = exp_q[i] * (x[i] - mu[i]);
    for (int64_t j = 0; j < d; j++) {
        const double at_j = x[j] - mu[j];
        for (int64_t i = j + 1; i < d; i++)
            y[i] += *l++ * at_j;
    }
    for (int64_t i = 0; i < d; i++)
        sum += y[i] * y[i];
    return sum;
}

static double prior(const gmm *g, const double *exp_q, const double *sum_q)
{
    const int64_t d = g->d, below = d * (d - 1) / 2;
    const double freedom = (double)(d + g->m + 1);
    const double constant = freedom * (double)d * (log(g->gamma) - 0.5 * log(2)) - log_gamma(0.5 * freedom, d);
    double sum = 0;
    for (int64_t k = 0; k < g->k; k++) {
        const double *l = g->icf + k * (d + below) + d;
        double squares = 0;
        for (int64_t i = 0; i < d; i++)
            squares += exp_q[k * d + i] * exp_q[k * d + i];
        for (int64_t i = 0; i < below; i++)
            squares += l[i] * l[i];
        sum += 0.5 * g->gamma * g->gamma * squares - g->m * sum_q[k] - constant;
    }
    return sum;
}

double UNIT(gmm)(const gmm *g)
{
    const int64_t n = g->n, d = g->d, k = g->k, icf = d * (d + 1) / 2;
    double *exp_q = malloc((size_t)(k * d + 2 * k + d) * sizeof *exp_q), sum = 0;
    if (!exp_q)
        return (double)NAN;
    double *sum_q = exp_q + k * d, *term = sum_q + k, *y = term + k;
    for (int64_t j = 0; j < k; j++) {
        sum_q[j] = 0;
        for (int64_t i = 0; i < d; i++) {
            sum_q[j] += g->icf[j * icf + i];
            exp_q[j * d + i] = exp(g->icf[j * icf + i]);
        }
    }
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < k; j++)
            term[j] = g->alpha[j] + sum_q[j] -
                      0.5 * distance(d, g->x + i * (d + 1), g->mu + j * d, exp_q + j * d, g->icf + j * icf + d, y);
        sum += log_sum_exp(term, k);
    }
    sum +=
        -(double)(n * d) * 0.5 * log(2 * 3.14159265359) - (double)n * log_sum_exp(g->alpha, k) + prior(g, exp_q, sum_q);
    free(exp_q);
    return sum;
}

/* ---- Predictor --------------------------------------------------------------------------------------------------- */

static double logistic(double x) { return 1 / (1 + exp(-x)); }

/* One layer; y comes in, and h goes out in its place. */
static void step(int64_t b, const double *restrict w, double *restrict state, double *restrict y)
{
    const double *restrict bias = w + 4 * b;
    double *restrict h = state, *restrict cell = state + b;
    for (int64_t i = 0; i < b; i++) {
        const double forget = logistic(y[i] * w[i] + bias[i]), input = logistic(h[i] * w[b + i] + bias[b + i]),
                     output = logistic(y[i] * w[2 * b + i] + bias[2 * b + i]),
                     candidate = tanh(h[i] * w[3 * b + i] + bias[3 * b + i]);
        cell[i] = cell[i] * forget + input * candidate;
        y[i] = h[i] = output * tanh(cell[i]);
    }
}

double UNIT(lstm)(const lstm *s)
{
    const int64_t b = s->b;
    const double *w_in = s->extra, *w_out = w_in + b, *b_out = w_out + b;
    double *state = malloc((size_t)((2 * s->l + 1) * b) * sizeof *state), sum = 0;
    if (!state)
        return (double)NAN;
    double *y = state + 2 * s->l * b;
    memcpy(state, s->state, (size_t)(2 * s->l * b) * sizeof *state);
    for (int64_t t = 0; t + 1 < s->c; t++) {
        const double *x = s->bits + t * b, *next = x + b;
        for (int64_t i = 0; i < b; i++)
            y[i] = x[i] * w_in[i];
        for (int64_t k = 0; k < s->l; k++)
            step(b, s->main + 8 * b * k, state + 2 * b * k, y);
        double total = 2;
        for (int64_t i = 0; i < b; i++) {
            y[i] = y[i] * w_out[i] + b_out[i];
            total += exp(y[i]);
        }
        const double log_total = log(total);
        for (int64_t i = 0; i < b; i++)
            sum += next[i] * (y[i] - log_total);
    }
    free(state);
    return -sum / (double)((s->c - 1) * b);
}
