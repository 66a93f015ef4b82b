/* Sums by index in f32 stop at 2^24: scatter_add_rows, scatter_add, and the gradients of gather_rows (embeddings),
 * gather and cummax. All other sums of the library (sum, mean, cumsum, dot, bias gradients) get 20,000,000 right.
 * Complaint: jax-ml/jax#18440, pytorch/pytorch#124783.
 * Right value: 20,000,000, by counting; it is an f32 number. */
#include <gradtape/gradtape.h>
#include <stdio.h>
#include <stdlib.h>
int main(void)
{
    const int64_t n = 20000000;
    float *one = malloc((size_t)n * sizeof *one);
    int32_t *zero = calloc((size_t)n, sizeof *zero);
    for (int64_t i = 0; i < n; i++)
        one[i] = 1;
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor x = ad_borrow(t, AD_F32, AD_SHAPE(n), one), rows = ad_borrow(t, AD_I32, AD_SHAPE(n), zero), g;
    double a = ad_f32(ad_scatter_add_rows(x, rows, 2))[0], b = ad_f32(ad_scatter_add(x, 0, rows, 2))[0];
    ad_tensor table = ad_variable(t, AD_F32, AD_SHAPE(2, 1), (const float[]){0.5F, 0.25F});
    ad_grad(ad_sum(ad_gather_rows(table, rows)), &table, 1, &g);
    double c = ad_f32(g)[0];
    ad_reset(t);
    for (int64_t i = 0; i < n; i++)
        one[i] = i == 0;
    ad_tensor v = ad_variable(t, AD_F32, AD_SHAPE(n), one);
    ad_grad(ad_sum(ad_cummax(v, 0)), &v, 1, &g);
    printf("want 20000000: scatter_add_rows %.0f, scatter_add %.0f, embedding gradient %.0f, cummax gradient %.0f\n", a,
           b, c, (double)ad_f32(g)[0]);
    const double d = ad_f32(g)[0];
    ad_tape_close(t), free(one), free(zero);
    return a != n || b != n || c != n || d != n;
}
