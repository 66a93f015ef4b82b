/* A tiny graph, and where its gradients come from. The tensor x is used three times, and that is the point: its
 * gradient is the sum of what comes over all three places. By hand, down and up again:
 *
 *   x = 3,  w = -2
 *   s = x + x          = 6              dx = dp s + ds + ds    = -0.297323
 *   p = s x            = 18             ds = dp x              = -0.0743307
 *   q = p w            = -36            dp = dq w              = -0.0247769,  dw = dq p = 0.222992
 *   r = q / 50         = -0.72          dq = dr / 50           = 0.0123885
 *   y = tanh r         = -0.616909      dr = 1 - y^2           = 0.619423
 */
#include <gradtape/gradtape.h>
#include <gradtape/show.h>

int main(void)
{
    ad_tape *t = ad_tape_open(NULL);
    const double three = 3, minus_two = -2;
    ad_tensor x = ad_param(t, AD_F64, AD_SCALAR, &three, "x"), w = ad_param(t, AD_F64, AD_SCALAR, &minus_two, "w");
    ad_tensor s = ad_name(ad_add(x, x), "s"), p = ad_name(ad_mul(s, x), "p"), q = ad_name(ad_mul(p, w), "q");
    ad_tensor r = ad_name(ad_scale(q, 1.0 / 50), "r"), y = ad_name(ad_tanh(r), "y");
    char formula[100];
    ad_watch(t, AD_ON);
    ad_backward(y);
    ad_print(t, stdout, NULL);
    ad_formula(y, formula, sizeof formula);
    printf("y = %s = %.6f\n", formula, ad_item(y));
    ad_explain(y, x, stdout);
    const int failed = ad_status_of(t) != AD_OK;
    ad_tape_close(t);
    return failed;
}
