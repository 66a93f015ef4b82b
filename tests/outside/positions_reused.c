/* A rule goes back to a position that it has gone back to already. position.h: "a position is used once".
 * Expected: AD_BAD_STATE at the second ad_return_to, and memory as it should be. */
#include <gradtape/gradtape.h>
#include <stdio.h>
static void run(ad_call *c)
{
    for (size_t i = 0; i < ad_elements(c->x[0]); i++)
        ((double *)c->y[0]->data)[i] = ((double *)c->x[0]->data)[i];
}
static int ok_again;
static void vjp(ad_pullback *p)
{
    ad_tape *t = ad_y(p).tape;
    ad_tensor a = ad_mul(ad_dy(p), ad_dy(p)); /* fresh */
    const ad_position m1 = ad_position_now(t);
    ad_tensor b = ad_tanh(ad_detach(ad_x(p, 0)));
    ad_return_to(t, m1, &b, 1);
    ad_tensor c = ad_mul(a, b);               /* fresh, after m1 was used */
    const ad_position m2 = ad_position_now(t);
    ad_tensor e = ad_square(ad_detach(ad_x(p, 0)));
    ok_again = ad_return_to(t, m1, &e, 1) == AD_OK;
    (void)m2;
    ad_give(p, 0, c);
    ad_give(p, 0, e);
}
static const ad_operator op = {.name = "marks", .arity = 1, .shape = ad_same_shape, .run = run, .vjp = vjp};
int main(void)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor x = ad_param(t, AD_F64, AD_SHAPE(1000), NULL, "x");
    size_t first = 0, last = 0;
    for (int i = 0; i < 2000; i++) {
        ad_backward(ad_sum(ad_apply1(&op, x)));
        last = ad_usage_of(t).bytes;
        if (i == 10)
            first = last;
        ad_clear_error(t);
        ad_reset(t);
    }
    printf("going back twice: %s; bytes after 10 steps %zu, after 2000 %zu\n", ok_again ? "taken" : "refused", first,
           last);
    ad_tape_close(t);
    return ok_again || last > 2 * first;
}
