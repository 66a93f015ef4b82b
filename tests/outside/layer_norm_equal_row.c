/* A row of equal elements does not become the bias, which docs/operators.md promises ("a row of equal elements becomes
 * the bias"). Complaint: pytorch/pytorch#98075 (layer_norm of equal elements must be the bias whatever the weight).
 * Right value: by hand. mean = x, x - mean = 0, so y = bias.
 * Cause: the mean, a rounded sum divided by d, is not the element. With the usual epsilon 1e-5 and gain 1 that is up
 * to 1. */
#include <gradtape/gradtape.h>
#include <math.h>
#include <stdio.h>
int main(void)
{
    ad_tape *t = ad_tape_open(NULL);
    float x[16], gain[16], zero[16] = {0};
    double worst = 0;
    for (int d = 1; d <= 16; d++) {
        for (int i = 0; i < d; i++)
            x[i] = 100000.3F, gain[i] = 1;
        ad_tensor y = ad_layer_norm(ad_input(t, AD_F32, AD_SHAPE(1, d), x), ad_input(t, AD_F32, AD_SHAPE(d), gain),
                                    ad_input(t, AD_F32, AD_SHAPE(d), zero), 1e-5);
        if (ad_f32(y)[0] != 0)
            printf("d = %d of 100000.3F, gain 1, bias 0: want 0 got %g\n", d, ad_f32(y)[0]);
        worst = fmax(worst, fabs(ad_f32(y)[0]));
    }
    ad_tape_close(t);
    return worst != 0;
}
