/* logsumexp, log_softmax and logcumsumexp lose a small term beside one e^0, which logaddexp, softplus and the
 * cross-entropy keep (they take log1p); and the gradients of cross-entropy and logistic_cross_entropy of a sure, right
 * answer are 0, because 1 is taken from a probability that rounds to 1. Complaint: scipy/scipy#18295, fixed there in
 * #21597 (Blanchard, Higham, Higham 2021: log1p of the others). Right value: ln(1 + e^-40) = 4.2483542552915889e-18
 * (mpmath); gradients -e^-40/(1+e^-40) at the label, -logistic(-50) = -1.9287498479639178e-22. */
#include <gradtape/gradtape.h>
#include <math.h>
#include <stdio.h>
static int near(double got, double want) { return fabs(got / want - 1) < 1e-9; }
int main(void)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor x = ad_variable(t, AD_F64, AD_SHAPE(1, 2), (const double[]){0, -40}), g, h, s;
    printf("want 4.2483542552915889e-18: logsumexp %g, -log_softmax[0] %g, logcumsumexp[1] %g, cross-entropy %g\n",
           ad_item(ad_logsumexp(x)), -ad_f64(ad_log_softmax(x, 1))[0], ad_f64(ad_logcumsumexp(x, 1))[1],
           ad_item(s = ad_softmax_cross_entropy(x, ad_input(t, AD_I32, AD_SHAPE(1), (const int32_t[]){0}))));
    ad_grad(s, &x, 1, &g);
    ad_tensor z = ad_variable(t, AD_F64, AD_SCALAR, &(const double){50});
    ad_grad(ad_logistic_cross_entropy(z, ad_ones_like(z)), &z, 1, &h);
    printf("gradients want -4.24835e-18 4.24835e-18 got %g %g; want -1.92875e-22 got %g\n", ad_f64(g)[0], ad_f64(g)[1],
           ad_item(h));
    const double e = 4.2483542552915889e-18;
    int bad = !near(ad_item(ad_logsumexp(x)), e) || !near(-ad_f64(ad_log_softmax(x, 1))[0], e) ||
              !near(ad_f64(ad_logcumsumexp(x, 1))[1], e) || !near(ad_item(s), e) || !near(ad_f64(g)[0], -e) ||
              !near(ad_f64(g)[1], e) || !near(ad_item(h), -1.9287498479639178e-22);
    ad_tape_close(t);
    return bad;
}
