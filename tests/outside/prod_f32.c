/* ad_prod carries f32, ad_cumprod f64: on one array the product and the last cumulated product differ, by 1 % or by
 * infinity; and the gradient of either, made of stored f32 products before and after, is inf or 0 where the right value
 * is an f32 number. Complaint: pytorch/pytorch#193012 (prod overflows on its way; fix in PR #193773), PR #32773
 * (accumulate prod in a wider type). Right value: by hand. 1e30 1e30 1e-30 1e-30 = 1, gradient 1e-30 1e-30 1e30 1e30;
 * (1 + 2^-23)^1e7 = exp(1e7 ln(1 + 2^-23)) = 3.29396769 (mpmath). */
#include <gradtape/gradtape.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
int main(void)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor x = ad_variable(t, AD_F32, AD_SHAPE(4), (const float[]){1e30F, 1e30F, 1e-30F, 1e-30F}), y = ad_prod(x), g;
    ad_grad(y, &x, 1, &g);
    const float *d = ad_f32(g);
    printf("prod want 1 got %g (cumprod's last: %g); gradient want 1e-30 1e-30 1e+30 1e+30 got %g %g %g %g\n",
           ad_item(y), ad_f32(ad_cumprod(x, 0))[3], d[0], d[1], d[2], d[3]);
    const float want[4] = {1e-30F, 1e-30F, 1e30F, 1e30F};
    int bad = !(fabs(ad_item(y) - 1) < 1e-6);
    for (int i = 0; i < 4; i++)
        bad |= !(fabsf(d[i] / want[i] - 1) < 1e-6F);
    enum { N = 10000000 };
    float *f = malloc(N * sizeof *f);
    for (int i = 0; i < N; i++)
        f[i] = 1 + 0x1p-23F;
    ad_tensor b = ad_borrow(t, AD_F32, AD_SHAPE(N), f);
    double p = ad_item(ad_prod(b)), q = ad_f32(ad_cumprod(b, 0))[N - 1];
    printf("(1 + 2^-23)^1e7 want 3.29396769 got prod %.9g, cumprod %.9g\n", p, q);
    bad |= !(fabs(p / 3.29396769 - 1) < 1e-5) || !(fabs(q / 3.29396769 - 1) < 1e-6);
    ad_tape_close(t), free(f);
    return bad;
}
