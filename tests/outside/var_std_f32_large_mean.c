/* var and std in f32 of data whose mean is large beside its spread.
 * Complaint: pandas-dev/pandas#57505, numpy/numpy#14691 (std of f32 wrong; maintainers accumulate in f64),
 * solvcon/solvcon#1522. Right value: by hand, exact in f32: half the values 1.6e9, half 1.6e9 + 128 (both are f32
 * numbers): mean 1.6e9 + 64, population variance 64^2 = 4096, std 64, and d std / d x_i = +-1 / n, which sum to 0. Also
 * {2^24, 2^24 + 2}: variance 1, gradient (-1, 1). Cause: the mean is rounded to f32 before the distances from it are
 * taken (no correction as in nn/scaling.c). */
#include <gradtape/gradtape.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
int main(void)
{
    enum { N = 100000 };
    float *f = malloc(N * sizeof *f);
    for (int i = 0; i < N; i++)
        f[i] = 1.6e9F + (i % 2 ? 128 : 0);
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor x = ad_variable(t, AD_F32, AD_SHAPE(N), f), v = ad_var_over(x, 0, AD_ALL_AXES),
              s = ad_std_over(x, 0, AD_ALL_AXES), g;
    ad_grad(s, &x, 1, &g);
    double sum = 0, sizes = 0;
    for (int i = 0; i < N; i++)
        sum += ad_f32(g)[i], sizes += fabs(ad_f32(g)[i]);
    printf(
        "var want 4096 got %.9g\nstd want 64 got %.9g\n"
        "sum of the gradient want 0 got %g, sum of its sizes want 1 got %g\n",
        ad_item(v), ad_item(s), sum, sizes);
    int bad = !(fabs(ad_item(v) / 4096 - 1) < 1e-5) || !(fabs(ad_item(s) / 64 - 1) < 1e-5) || !(fabs(sum) < 1e-3);
    ad_tensor y = ad_variable(t, AD_F32, AD_SHAPE(2), (const float[]){16777216, 16777218});
    v = ad_var_over(y, 0, AD_ALL_AXES);
    ad_grad(v, &y, 1, &g);
    printf("var {2^24, 2^24+2} want 1 got %g, gradient want -1 1 got %g %g\n", ad_item(v), ad_f32(g)[0], ad_f32(g)[1]);
    bad |= ad_item(v) != 1 || ad_f32(g)[0] != -1 || ad_f32(g)[1] != 1;
    ad_tape_close(t), free(f);
    return bad;
}
