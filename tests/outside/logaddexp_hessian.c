/* The Hessian of logaddexp(a, b) is s [[1,-1],[-1,1]], s = logistic(a-b) logistic(b-a). Off the diagonal, and for the
 * smaller operand, JAX has s to the last digits; here 1 - logistic(b-a) cancels. Graph seeds 2018 and 2159. */
#include <gradtape/gradtape.h>
#include <math.h>
#include <stdio.h>
int main(void)
{
    int bad = 0;
    for (int gap = 10; gap <= 40; gap += 10) {
        ad_tape *t = ad_tape_open(NULL);
        ad_tensor x = ad_variable(t, AD_F64, AD_SHAPE(2), (double[]){0, gap}), p[2];
        ad_split(x, 0, 2, p);
        ad_tensor y = ad_sum(ad_logaddexp(p[0], p[1])), h = ad_hessian(y, x),
                  v = ad_input(t, AD_F64, AD_SHAPE(2), (double[]){0.3, 1}), hv;
        ad_hvp(y, &x, &v, 1, &hv);
        double s = exp(-gap) / pow(1 + exp(-gap), 2);
        const double *H = ad_f64(h);
        printf("gap %d exact %.10e: relative errors of H %.1e %.1e %.1e %.1e, of H (.3,1) %.1e\n", gap, s, H[0] / s - 1,
               -H[1] / s - 1, -H[2] / s - 1, H[3] / s - 1, ad_f64(hv)[0] / (-0.7 * s) - 1);
        bad |= !(fabs(-H[1] / s - 1) < 1e-12) || !(fabs(-H[2] / s - 1) < 1e-12) || !(fabs(H[0] / s - 1) < 1e-12) ||
               !(fabs(H[3] / s - 1) < 1e-12) || !(fabs(ad_f64(hv)[0] / (-0.7 * s) - 1) < 1e-12);
        ad_tape_close(t);
    }
    return bad;
}
