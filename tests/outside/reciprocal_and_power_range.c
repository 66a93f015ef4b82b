/* Gradients whose value is in range but whose factor is not: y^2 of reciprocal, x^(c-1) of pow_constant. ad_div is
 * right. Complaint: tenstorrent/tt-metal#52376 (the divisor's square), nntrainer/nntrainer#4336,
 * tensorflow/tensorflow#6562. Right value: by hand, dx = -dy / x^2 : f32 x = 1e-20, dy = 1e-30: -1e10; f64 x = 1e200,
 * dy = 1e300: -1e-100; f32 x = 1e22, dy = 1e20: -1e-24; x^-2 at 1e-15, dy = 1e-30: -2e15. */
#include <gradtape/gradtape.h>
#include <math.h>
#include <stdio.h>
static int bad;
static void check(const char *what, ad_tape *t, ad_type type, double x, double dy, double power, double want)
{
    float xf = (float)x, vf = (float)dy;
    ad_tensor a = ad_variable(t, type, AD_SCALAR, type == AD_F32 ? (const void *)&xf : &x),
              v = ad_input(t, type, AD_SCALAR, type == AD_F32 ? (const void *)&vf : &dy), g;
    ad_vjp(power == -1 ? ad_reciprocal(a) : ad_pow_constant(a, power), v, &a, 1, &g);
    printf("%-24s want %g got %g\n", what, want, ad_item(g));
    bad |= !(fabs(ad_item(g) / want - 1) < 1e-4);
}
int main(void)
{
    ad_tape *t = ad_tape_open(NULL);
    check("1/x f32 1e-20", t, AD_F32, 1e-20, 1e-30, -1, -1e10);
    check("1/x f32 1e22", t, AD_F32, 1e22, 1e20, -1, -1e-24);
    check("1/x f64 1e200", t, AD_F64, 1e200, 1e300, -1, -1e-100);
    check("x^-2 f32 1e-15", t, AD_F32, 1e-15, 1e-30, -2, -2e15);
    ad_tape_close(t);
    return bad;
}
