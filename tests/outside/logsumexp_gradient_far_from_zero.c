/* The gradient of logsumexp is e^(x - y) with the rounded y, so that of large x it is off by the rounding of y: in f32
 * at 1e4 by 5e-4, at 1e8 each of two equal x gets 1 instead of 1/2. logaddexp (which says "without the rounding of y")
 * and softmax are right. Log-likelihoods of such sizes are common. logcumsumexp has the same. Complaint:
 * stan-dev/math#1679 ("derivatives of log_sum_exp are wrong for large arguments": 2 instead of 1), fixed there in
 * #1772. Right value: by hand, x = (c, c): 1/2 each, and for any x the gradients sum to 1. */
#include <gradtape/gradtape.h>
#include <math.h>
#include <stdio.h>
int main(void)
{
    int bad = 0;
    ad_tape *t = ad_tape_open(NULL);
    for (double c = 100; c < 2e8; c *= 10) {
        const float f[2] = {(float)c, (float)c};
        ad_tensor x = ad_variable(t, AD_F32, AD_SHAPE(2), f), g, h, a = ad_variable(t, AD_F32, AD_SCALAR, f),
                  b = ad_variable(t, AD_F32, AD_SCALAR, f), k;
        ad_grad(ad_logsumexp(x), &x, 1, &g);
        ad_grad(ad_sum(ad_slice(ad_logcumsumexp(x, 0), 0, (ad_range){.start = 1, .stop = 2})), &x, 1, &h);
        ad_grad(ad_logaddexp(a, b), &a, 1, &k);
        printf("x = (%g, %g) f32: want 0.5 got logsumexp %.7g, logcumsumexp %.7g, logaddexp %.7g, softmax %.7g\n", c, c,
               ad_f32(g)[0], ad_f32(h)[0], ad_item(k), ad_f32(ad_softmax(x, 0))[0]);
        bad |= !(fabsf(ad_f32(g)[0] - 0.5F) < 1e-6F) || !(fabsf(ad_f32(h)[0] - 0.5F) < 1e-6F);
    }
    const double d[2] = {1e16, 1e16};
    ad_tensor x = ad_variable(t, AD_F64, AD_SHAPE(2), d), g;
    ad_grad(ad_logsumexp(x), &x, 1, &g);
    printf("f64 at 1e16: want 0.5 got %g\n", ad_f64(g)[0]);
    bad |= !(fabs(ad_f64(g)[0] - 0.5) < 1e-15);
    ad_tape_close(t);
    return bad;
}
