/* Messages about gradients that ad_backward did not record, and about losses that are constants.
 * Expected: each begins with the call that was made, names the gradient after its parameter, and says how to mend it. */
#include <gradtape/gradtape.h>
#include <stdio.h>
#include <string.h>
static int bad;
static void expect(ad_tape *t, const char *start, const char *hint)
{
    const bool right = !strncmp(ad_message(t), start, strlen(start)) && strstr(ad_message(t), hint);
    printf("%s %s\n", right ? "right" : "WRONG", ad_message(t));
    bad |= !right;
    ad_clear_error(t);
}
int main(void)
{
    ad_tape *t = ad_tape_open(NULL);
    const ad_tensor x = ad_param(t, AD_F64, AD_SCALAR, (double[]){2}, "x");
    ad_tensor y = ad_square(x), dx;
    ad_backward(y);
    const ad_tensor g = ad_gradient(x), loss = ad_add(y, ad_square(g));
    ad_grad(loss, &x, 1, &dx);
    expect(t, "grad: the gradient of x was not recorded", ".differentiable = true");
    ad_hessian(loss, x);
    expect(t, "hessian: the gradient of x was not recorded", "ad_detach");
    ad_replay(t);
    expect(t, "replay: the gradient of x was not recorded", "ad_grad");
    ad_backward(loss);
    expect(t, "backward: the last replay failed", "ad_reset");
    ad_reset(t);
    y = ad_square(x);
    ad_backward(ad_square(ad_local_gradient(y, 0)));
    expect(t, "backward: the tensor depends on no parameter or variable", ".differentiable = true");
    ad_backward(ad_detach(y));
    expect(t, "backward: the tensor depends on no parameter or variable", "ad_detach");
    ad_backward(y);
    ad_backward(ad_add(y, ad_square(ad_gradient(x))));
    expect(t, "backward: the gradient of x was not recorded", "ad_grad");
    ad_tape_close(t);
    return bad;
}
