/* std of equal elements is not 0, and its gradient is then noise of size 1 / sqrt(n) with a sum that is not 0.
 * Complaint: numpy/numpy#27782 (std of 7 times 45^10 is 4), numpy/numpy#20381, pytorch/pytorch#4320, tensorflow#56830.
 * Right value: by hand. All elements equal: var = std = 0, and reductions.h says the gradient is 0 where y = 0. Also
 * for any x the gradient of std sums to 0, since std(x + c) = std(x). */
#include <gradtape/gradtape.h>
#include <stdio.h>
static int bad;
static void check(ad_tape *t, const char *what, double value, int n, ad_type type)
{
    double d[64];
    float f[64];
    for (int i = 0; i < n; i++)
        d[i] = value, f[i] = (float)value;
    ad_tensor x = ad_variable(t, type, AD_SHAPE(n), type == AD_F32 ? (const void *)f : d),
              s = ad_std_over(x, 1, AD_ALL_AXES), g;
    ad_grad(s, &x, 1, &g);
    double dx = type == AD_F32 ? (double)ad_f32(g)[0] : ad_f64(g)[0];
    printf("%-22s std want 0 got %.3g, gradient of each want 0 got %.6f\n", what, ad_item(s), dx);
    bad |= ad_item(s) != 0 || dx != 0;
}
int main(void)
{
    ad_tape *t = ad_tape_open(NULL);
    check(t, "f64 3 x 0.1", 0.1, 3, AD_F64);
    check(t, "f64 7 x 45^10", 34050628916015625.0, 7, AD_F64);
    check(t, "f32 7 x 0.1", 0.1, 7, AD_F32);
    check(t, "f32 64 x 0.7", 0.7, 64, AD_F32);
    /* what people build of it: (x - mean) / (std + 1e-8) of a constant batch */
    float f[64];
    for (int i = 0; i < 64; i++)
        f[i] = 0.7F;
    ad_tensor x = ad_variable(t, AD_F32, AD_SHAPE(64), f);
    ad_tensor y = ad_div(ad_sub(x, ad_mean(x)), ad_shift(ad_std_over(x, 0, AD_ALL_AXES), 1e-8));
    printf("normalised constant batch: want 0 got %g\n", ad_f32(y)[0]);
    bad |= ad_f32(y)[0] != 0;
    ad_tape_close(t);
    return bad;
}
