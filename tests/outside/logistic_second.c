/* The second derivative of softplus, logaddexp and logistic_cross_entropy, and the first of logistic, for arguments
 * well above 0: y (1 - y) with y near 1 cancels. Exact: logistic'(x) = e^-x / (1 + e^-x)^2. */
#include <gradtape/gradtape.h>
#include <math.h>
#include <stdio.h>
int main(void)
{
    int bad = 0;
    double at[] = {5, 10, 20, 30, 36, 38, 50};
    for (int i = 0; i < 7; i++) {
        ad_tape *t = ad_tape_open(NULL);
        ad_tensor x = ad_variable(t, AD_F64, AD_SCALAR, &at[i]), g;
        double exact = exp(-at[i]) / pow(1 + exp(-at[i]), 2);
        ad_grad(ad_logistic(x), &x, 1, &g);
        double a = ad_item(g), b = ad_item(ad_hessian(ad_softplus(x), x)),
               c = ad_item(ad_hessian(ad_logaddexp(x, ad_scalar(t, 0)), x));
        double d = ad_item(ad_hessian(ad_softplus(ad_neg(x)), x)),
               e = ad_item(ad_hessian(ad_logsumexp(ad_stack((ad_tensor[]){x, ad_scalar(t, 0)}, 2, 0)), x));
        printf(
            "x %2.0f exact %.6e relative errors: logistic' %.1e softplus'' %.1e logaddexp'' %.1e; "
            "softplus(-x)'' %.1e logsumexp'' %.1e\n",
            at[i], exact, a / exact - 1, b / exact - 1, c / exact - 1, d / exact - 1, e / exact - 1);
        bad |= !(fabs(a / exact - 1) < 1e-12) || !(fabs(b / exact - 1) < 1e-12) || !(fabs(c / exact - 1) < 1e-12) ||
               !(fabs(d / exact - 1) < 1e-12) || !(fabs(e / exact - 1) < 1e-12);
        ad_tape_close(t);
    }
    return bad;
}
