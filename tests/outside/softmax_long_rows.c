/* softmax, log_softmax, cross-entropy and their gradients add a row's exponentials one after the other in f32;
 * logsumexp, which adds blocks in f64, is right on the same row. Complaint: dotnet/machinelearning#3676 (softmax sums
 * in f32), jax-ml/jax#18440 (the same kind of sum). Right value: c equal logits have probability 1/c and
 * log-probability -ln c (by hand; ln 2e7 = 16.811242831518264). At c = 1e6 (logits 0.1 times normal) the sum of the
 * probabilities is off by 2.6e-5, 200 units in the last place. */
#include <gradtape/gradtape.h>
#include <math.h>
#include <stdio.h>
int main(void)
{
    const int64_t c = 20000000;
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor z = ad_zeros(t, AD_F32, AD_SHAPE(1, c));
    double p = ad_f32(ad_softmax(z, 1))[0], l = ad_f32(ad_log_softmax(z, 1))[0],
           e = ad_item(ad_softmax_cross_entropy(z, ad_input(t, AD_I32, AD_SHAPE(1), (const int32_t[]){0})));
    printf(
        "softmax want 5e-08 got %.9g\nlog_softmax want -16.8112428 got %.9g\n"
        "cross-entropy want 16.8112428 got %.9g\nlogsumexp want 16.8112428 got %.9g\n",
        p, l, e, ad_item(ad_logsumexp(z)));
    ad_tape_close(t);
    return !(fabs(p / 5e-8 - 1) < 1e-6 && fabs(l / -16.8112428315184 - 1) < 1e-6 &&
             fabs(e / 16.8112428315184 - 1) < 1e-6);
}
