/* Slopes taken from the rounded result vanish on one side: logistic and tanh far out, elu and selu far below,
 * softplus'' far above. logistic(-20) and logistic(20) have the same slope; only one comes out. Complaint:
 * tensorflow/tensorflow#126060, tenstorrent/tt-metal#55724 (s (1 - s) cancels once s rounds to 1),
 * pymc-devs/pytensor#2041. Right values (mpmath, 30 digits): e^-20/(1+e^-20)^2 = 2.06115361e-09, e^-40/(1+e^-40)^2
 * = 4.2483542552915889e-18, 1/cosh(20)^2 = 1.6993417021166355e-17, e^-20 = 2.06115362e-09. */
#include <gradtape/gradtape.h>
#include <math.h>
#include <stdio.h>
static int bad;
static void check(ad_tape *t, const char *name, ad_tensor (*f)(ad_tensor), ad_type type, double x, double want)
{
    float xf = (float)x;
    ad_tensor a = ad_variable(t, type, AD_SCALAR, type == AD_F32 ? (const void *)&xf : &x), g;
    ad_grad(f(a), &a, 1, &g);
    printf("%-10s %s at %4g: want %.9g got %.9g\n", name, ad_type_name(type), x, want, ad_item(g));
    bad |= !(fabs(ad_item(g) / want - 1) < 1e-6);
}
int main(void)
{
    ad_tape *t = ad_tape_open(NULL);
    check(t, "logistic", ad_logistic, AD_F32, -20, 2.06115361e-09);
    check(t, "logistic", ad_logistic, AD_F32, 20, 2.06115361e-09);
    check(t, "logistic", ad_logistic, AD_F64, 40, 4.2483542552915889e-18);
    check(t, "tanh", ad_tanh, AD_F64, 20, 1.6993417021166355e-17);
    check(t, "elu", ad_elu, AD_F32, -20, 2.06115362e-09);
    check(t, "selu", ad_selu, AD_F32, -20, 1.0507009873554805 * 1.6732632423543772 * 2.06115362e-09);
    ad_tape_close(t);
    return bad;
}
