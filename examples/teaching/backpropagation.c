/* Backpropagation by hand: a network with two inputs, two hidden units and one output, and all of its numbers.
 *
 *   z = x w + b,  h = logistic z,  o = h v + c,  L = (o - target)^2
 *
 * The names are those of a blackboard: w12 is the weight from input 1 to hidden unit 2, dL/dw12 its gradient. */
#include "lesson.h"

enum { WEIGHTS = 9 };
static const char *const names[WEIGHTS] = {"w11", "w12", "w21", "w22", "b1", "b2", "v1", "v2", "c"};
static const double first[WEIGHTS] = {0.25, -0.5, 0.5, -0.25, 0.75, 0.4, 0.8, -0.6, 0.1}, inputs[2] = {1, -2};
static const double rate = 0.1;

/* The network on a tape. */
typedef struct network {
    ad_tape *tape;
    ad_tensor w, b, v, c, z, h, o, loss;
} network;

static network record(double target)
{
    ad_tape *t = ad_tape_open(NULL);
    network n = {.tape = t};
    n.w = ad_param(t, AD_F64, AD_SHAPE(2, 2), first, "w");
    n.b = ad_param(t, AD_F64, AD_SHAPE(2), first + 4, "b");
    n.v = ad_param(t, AD_F64, AD_SHAPE(2, 1), first + 6, "v");
    n.c = ad_param(t, AD_F64, AD_SHAPE(1), first + 8, "c");
    ad_tensor x = ad_name(ad_input(t, AD_F64, AD_SHAPE(1, 2), inputs), "x");
    ad_tensor wanted = ad_name(ad_input(t, AD_F64, AD_SHAPE(1, 1), &target), "target");
    n.z = ad_name(ad_linear(x, n.w, n.b, AD_IDENTITY), "z");
    n.h = ad_name(ad_logistic(n.z), "h");
    n.o = ad_name(ad_linear(n.h, n.v, n.c, AD_IDENTITY), "o");
    n.loss = ad_name(ad_squared_error(n.o, wanted), "L");
    ad_watch(t, AD_ON);
    return n;
}

/* The nine weights, or their gradients, in the order of their names. */
static void gather(const ad_tensor tensors[4], double *numbers)
{
    for (int k = 0, n = 0; k < 4; k++)
        for (size_t i = 0; i < ad_size_of(tensors[k]); i++)
            numbers[n++] = element(tensors[k], (int)i);
}

static void print_forward(const char *before, network n)
{
    for (int i = 0; i < 2; i++)
        printf("%sz%d = %.6g\n%sh%d = %.6g\n", before, i + 1, element(n.z, i), before, i + 1, element(n.h, i));
    printf("%so = %.6g\n%sL = %.6g\n", before, element(n.o, 0), before, ad_item(n.loss));
}

/* Prints the gradients of what the operators computed, then those of the weights, which go to `gradients`. */
static void print_reverse(const char *before, network n, double *gradients)
{
    ad_backward_with(n.loss, &(ad_backward_options){.keep = true});
    printf("%sdL/do = %.6g\n", before, element(ad_gradient(n.o), 0));
    for (int i = 0; i < 2; i++)
        printf("%sdL/dh%d = %.6g\n%sdL/dz%d = %.6g\n", before, i + 1, element(ad_gradient(n.h), i), before, i + 1,
               element(ad_gradient(n.z), i));
    gather((ad_tensor[]){ad_gradient(n.w), ad_gradient(n.b), ad_gradient(n.v), ad_gradient(n.c)}, gradients);
    for (int k = 0; k < WEIGHTS; k++)
        printf("%sdL/d%s = %.6g\n", before, names[k], gradients[k]);
}

/* The exercise: another target. */
static void print_exercise(void)
{
    double gradients[WEIGHTS];
    network n = record(0);
    print_forward("with target 0: ", n);
    print_reverse("with target 0: ", n, gradients);
    close_tape(n.tape);
}

int main(int argc, char **argv)
{
    double gradients[WEIGHTS], after[WEIGHTS];
    network n = record(1);
    const ad_tensor weights[4] = {n.w, n.b, n.v, n.c};
    printf("x1 = %g\nx2 = %g\ntarget = 1\nrate = %g\n", inputs[0], inputs[1], rate);
    for (int k = 0; k < WEIGHTS; k++)
        printf("%s = %g\n", names[k], first[k]);
    print_forward("", n);
    print_reverse("", n, gradients);
    for (int k = 0; k < 4; k++)
        ad_descend(weights[k], rate);
    write_page(n.tape, argc > 1 ? argv[1] : NULL, "backpropagation-tape", "Backpropagation by hand");
    gather(weights, after);
    for (int k = 0; k < WEIGHTS; k++)
        printf("new %s = %.6g\n", names[k], after[k]);
    ad_replay(n.tape);
    print_forward("new ", n);
    close_tape(n.tape);
    print_exercise();
    return 0;
}
