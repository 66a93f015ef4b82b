/* ad_gradcheck: its function fills the parameter, or returns an inert tensor in a later call than the first.
 * Expected: an error that names the parameter or the call; the parameter has its values again. */
#include <gradtape/gradtape.h>
#include <stdio.h>
#include <string.h>
static int mode, calls;
static ad_tensor f(ad_tape *t, void *c)
{
    (void)c;
    const ad_tensor x = ad_param_at(t, 0);
    if (++calls == 3 && mode == 0)
        ad_fill(x, 5);
    return calls == 3 && mode == 1 ? (ad_tensor){0} : ad_sum(ad_square(x));
}
int main(void)
{
    int bad = 0;
    for (mode = 0; mode < 2; mode++) {
        ad_tape *t = ad_tape_open(NULL);
        const ad_tensor x = ad_param(t, AD_F64, AD_SHAPE(2), (const double[]){1, 2}, "x");
        ad_gradcheck_result r;
        calls = 0;
        const ad_status s = ad_gradcheck(t, f, NULL, NULL, &r);
        printf("%s %s; x is %g %g\n", ad_status_name(s), ad_message(t), ad_f64(x)[0], ad_f64(x)[1]);
        bad |= s != (mode ? AD_BAD_HANDLE : AD_BAD_STATE) || !strstr(ad_message(t), mode ? "call 3" : "changes x");
        bad |= ad_f64(x)[0] != 1 || ad_f64(x)[1] != 2;
        ad_tape_close(t);
    }
    return bad;
}
