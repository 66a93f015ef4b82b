/* Gradients of layer_norm's gain and bias are summed over rows in f32, one row after the other: they stop at 2^24, and
 * are inexact before (ad_linear's bias gradient is right).
 * Complaint: pytorch/pytorch#124783 (accumulating beyond 2^24), numpy/numpy#22956 (mean over axis 0).
 * Right value: by counting. dbias = 20,000,000; dgain = 20,000,000 / sqrt(1 + 1e-5) up to sign, as x = (-1, 1) has
 * variance 1. */
#include <gradtape/gradtape.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
int main(void)
{
    const int64_t n = 20000000;
    float *f = malloc((size_t)n * 2 * sizeof *f);
    for (int64_t i = 0; i < n; i++)
        f[2 * i] = -1, f[2 * i + 1] = 1;
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor p[2] = {ad_variable(t, AD_F32, AD_SHAPE(2), (const float[]){1, 1}),
                      ad_variable(t, AD_F32, AD_SHAPE(2), NULL)},
              d[2];
    ad_grad(ad_sum(ad_layer_norm(ad_borrow(t, AD_F32, AD_SHAPE(n, 2), f), p[0], p[1], 1e-5)), p, 2, d);
    printf("dbias want %lld got %.0f; dgain want %.0f got %.0f %s\n", (long long)n, ad_f32(d[1])[0], n / sqrt(1 + 1e-5),
           ad_f32(d[0])[1], ad_message(t));
    int bad = ad_f32(d[1])[0] != n || !(fabs(ad_f32(d[0])[1] / (n / sqrt(1 + 1e-5)) - 1) < 1e-6);
    ad_tape_close(t), free(f);
    return bad;
}
