/* A tiny graph, every value and every gradient beside the calculation by hand. The tensor x is used twice, and that is
 * the point: its gradient is the sum of what comes over both ways.
 *
 *   x = 3,  w = -2
 *   s = x + x          = 6
 *   p = s x            = 18
 *   q = p w            = -36
 *   y = tanh(q / 50)   = tanh(-0.72)
 */
#include <math.h>
#include <stdio.h>

#include <gradtape/gradtape.h>

static void print_tensor(const char *formula, ad_tensor x, double by_hand, double gradient_by_hand)
{
    printf("%-16s value %10.6f (by hand %10.6f)   gradient %10.6f (by hand %10.6f)\n", formula, ad_item(x), by_hand,
           ad_item(ad_gradient(x)), gradient_by_hand);
}

static void print_local(const char *what, ad_tensor y, int operand, double by_hand)
{
    printf("%-16s %10.6f (by hand %10.6f)\n", what, ad_item(ad_local_gradient(y, operand)), by_hand);
}

int main(void)
{
    ad_tape *t = ad_tape_open(NULL);
    const double three = 3, minus_two = -2;
    ad_tensor x = ad_param(t, AD_F64, AD_SCALAR, &three, "x"), w = ad_param(t, AD_F64, AD_SCALAR, &minus_two, "w");
    ad_tensor s = ad_add(x, x), p = ad_mul(s, x), q = ad_mul(p, w), r = ad_scale(q, 1.0 / 50), y = ad_tanh(r);
    ad_backward_with(y, &(ad_backward_options){.keep = true}); /* inner gradients too, to look at them */

    /* By hand: dy/dr = 1 - y^2, and then the chain rule, one step at a time. */
    const double th = tanh(-0.72), dr = 1 - th * th, dq = dr / 50, dp = dq * -2, ds = dp * 3;
    printf("Values and gradients of y by each tensor:\n");
    print_tensor("x", x, 3, ds + ds + dp * 6); /* both places of x + x, and the second factor of s x */
    print_tensor("w", w, -2, dq * 18);
    print_tensor("s = x + x", s, 6, ds);
    print_tensor("p = s x", p, 18, dp);
    print_tensor("q = p w", q, -36, dq);
    print_tensor("r = q / 50", r, -0.72, dr);
    print_tensor("y = tanh r", y, th, 1);

    printf("\nLocal derivatives, place by place:\n");
    print_local("s by its 1st x", s, 0, 1);
    print_local("s by its 2nd x", s, 1, 1);
    print_local("p by s", p, 0, 3);
    print_local("p by x", p, 1, 6);
    print_local("q by p", q, 0, -2);
    print_local("q by w", q, 1, 18);
    print_local("r by q", r, 0, 0.02);
    print_local("y by r", y, 0, dr);

    const int failed = ad_status_of(t) != AD_OK;
    if (failed)
        fprintf(stderr, "%s\n", ad_message(t));
    ad_tape_close(t);
    return failed;
}
