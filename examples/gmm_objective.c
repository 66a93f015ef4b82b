#include "gmm_objective.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of ADBench, so that numbers agree with its own. */
static const double pi = 3.14159265359;

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

static bool take_apart(gmm *g, size_t n)
{
    enum { MOST = 1 << 20 };
    if (n < 3 || !(g->numbers[0] >= 1 && g->numbers[0] <= MOST) || !(g->numbers[1] >= 1 && g->numbers[1] <= MOST) ||
        !(g->numbers[2] >= 0 && g->numbers[2] <= MOST))
        return false;
    g->d = (int64_t)g->numbers[0];
    g->k = (int64_t)g->numbers[1];
    g->n = (int64_t)g->numbers[2];
    const int64_t d = g->d, k = g->k;
    if ((double)n != 5 + (double)k * (1 + (double)d + (double)d * (double)(d + 1) / 2) + (double)g->n * (double)d)
        return false;
    g->alpha = g->numbers + 3;
    g->mu = g->alpha + k;
    g->icf = g->mu + k * d;
    g->gamma = g->numbers[n - 2];
    g->m = (int)g->numbers[n - 1];
    return true;
}

/* The points with a 1 behind each. */
static bool copy_points(gmm *g)
{
    const double *points = g->icf + g->k * g->d * (g->d + 1) / 2;
    g->x = malloc((size_t)(g->n * (g->d + 1)) * sizeof *g->x + 1);
    for (int64_t i = 0; g->x && i < g->n; i++) {
        memcpy(g->x + i * (g->d + 1), points + i * g->d, (size_t)g->d * sizeof *points);
        g->x[i * (g->d + 1) + g->d] = 1;
    }
    return g->x != NULL;
}

bool gmm_read(gmm *g, const char *file)
{
    size_t n;
    *g = (gmm){.numbers = read_numbers(file, &n)};
    if (!g->numbers)
        return false;
    const bool is_right = take_apart(g, n);
    if (is_right && copy_points(g))
        return true;
    if (is_right)
        fprintf(stderr, "%s: memory is out\n", file);
    else
        fprintf(stderr,
                "%s: it is not a mixture of ADBench: its %zu numbers must be D K N, K (1 + D + D (D + 1) / 2) "
                "of parameters, N D of points, gamma and m\n",
                file, n);
    gmm_free(g);
    return false;
}

void gmm_free(gmm *g)
{
    free(g->numbers);
    free(g->x);
    *g = (gmm){0};
}

/* ---- The objective ----------------------------------------------------------------------------------------------- */

/* ln of the multivariate gamma function, Gamma_d(a). */
static double log_gamma(double a, int64_t d)
{
    double sum = 0.25 * (double)d * (double)(d - 1) * log(pi);
    for (int64_t j = 1; j <= d; j++)
        sum += lgamma(a + 0.5 * (double)(1 - j));
    return sum;
}

/* What no parameter changes: of the normal densities, and of the Wishart prior of each component. */
static double constant(const gmm *g)
{
    const double n = (double)g->n, d = (double)g->d, k = (double)g->k, freedom = d + g->m + 1;
    const double wishart = freedom * d * (log(g->gamma) - 0.5 * log(2)) - log_gamma(0.5 * freedom, g->d);
    return -n * d * 0.5 * log(2 * pi) - k * wishart;
}

/* |Q_k (x_i - mu_k)|^2 as [n,k]. All Q_k and -Q_k mu_k stand side by side as one matrix, by which the points with their
 * 1s are multiplied once. q [k,d] are the logarithms of the diagonals, l the columns below them. */
static ad_tensor distances(const gmm *g, ad_tensor x, ad_tensor mu, ad_tensor exp_q, ad_tensor l)
{
    const int64_t n = g->n, d = g->d, k = g->k;
    ad_tensor roots = ad_add(ad_tril_unpack(l, -1), ad_diagonal_matrix(exp_q, 0)); /* [k,d,d] */
    ad_tensor moved = ad_matmul(roots, ad_reshape(ad_neg(mu), AD_SHAPE(k, d, 1))); /* [k,d,1] */
    ad_tensor all = ad_concat((const ad_tensor[]){roots, moved}, 2, -1);           /* [k,d,d+1] */
    ad_tensor scaled = ad_matmul_nt(x, ad_reshape(all, AD_SHAPE(k * d, d + 1)));   /* [n,k d] */
    return ad_sum_squares_over(ad_reshape(scaled, AD_SHAPE(n, k, d)), AD_AXES(-1));
}

/* sum_i logsumexp_k(alpha_k + sum q_k - distance_ik / 2) - n logsumexp(alpha)
 * + sum_k (gamma^2 / 2 (|e^q_k|^2 + |l_k|^2) - m sum q_k) + constant */
recording gmm_record(ad_tape *t, const gmm *g)
{
    const int64_t d = g->d, k = g->k;
    ad_tensor alpha = ad_name(ad_variable(t, AD_F64, AD_SHAPE(k), g->alpha), "alpha");
    ad_tensor mu = ad_name(ad_variable(t, AD_F64, AD_SHAPE(k, d), g->mu), "mu");
    ad_tensor icf = ad_name(ad_variable(t, AD_F64, AD_SHAPE(k, d * (d + 1) / 2), g->icf), "icf");
    ad_tensor x = ad_borrow(t, AD_F64, AD_SHAPE(g->n, d + 1), g->x);

    ad_tensor q = ad_slice(icf, 1, (ad_range){0, d, 1}), l = ad_slice(icf, 1, (ad_range){d, AD_END, 1});
    ad_tensor exp_q = ad_exp(q), sum_q = ad_sum_over(q, AD_AXES(1));
    ad_tensor log_density = ad_mul_add(distances(g, x, mu, exp_q, l), ad_scalar(t, -0.5), ad_add(alpha, sum_q));
    ad_tensor fit = ad_sum(ad_logsumexp_over(log_density, AD_AXES(1)));
    ad_tensor weights = ad_scale(ad_logsumexp(alpha), -(double)g->n);
    ad_tensor squares = ad_scale(ad_add(ad_sum_squares(exp_q), ad_sum_squares(l)), 0.5 * g->gamma * g->gamma);
    ad_tensor prior = ad_sub(squares, ad_scale(ad_sum(sum_q), g->m));
    ad_tensor loss = ad_shift(ad_add(ad_add(fit, weights), prior), constant(g));
    return (recording){.loss = loss, .leaf = {alpha, mu, icf}, .n_leaves = 3};
}
