/* A custom operator whose shape rule does not look at its axes gets axes.count = 1000000.
 * Expected: an error at the use or at the replay (AD_BAD_VALUE or AD_BAD_SHAPE); no read behind axis[AD_MAX_RANK]. */
#include <gradtape/gradtape.h>
#include <stdio.h>
#include <string.h>
static void shape(ad_call *c) { ad_scalar_shape(c); }
static void run(ad_call *c) { *(double *)c->y[0]->data = 1; }
static void vjp(ad_pullback *p) { ad_give(p, 0, ad_dy(p)); }
static const ad_operator op = {.name = "ties", .arity = 1,
    .attributes = {{"axes", AD_ATTRIBUTE_AXES}}, .shape = shape, .run = run, .vjp = vjp};
int main(void)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor x = ad_variable(t, AD_F64, AD_SHAPE(2), (const double[]){1, 2}), y;
    ad_attribute a = {.axes = {.count = 1000000}};
    ad_apply(t, &op, &x, 1, &a, &y);
    ad_replay_report r;
    ad_replay_with(t, NULL, &r);
    printf("%s: %s\n", ad_status_name(ad_status_of(t)), ad_message(t));
    int ok = strstr(ad_message(t), "1000000") != NULL;
    ad_tape_close(t);
    return !ok;
}
