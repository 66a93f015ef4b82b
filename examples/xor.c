/* Exclusive or, from operators: why a network needs a hidden layer and biases, and why it is trained with the logistic
 * and not with the step function.
 *
 * The four points (0,0) (0,1) (1,0) (1,1) have the targets 0 1 1 0. No straight line parts the 0s from the 1s, so one
 * layer cannot do it. Without biases the point (0,0) gives tanh 0 = 0 in every hidden unit, and so 1/2 at the output,
 * whatever the weights are. And the derivative of the step function is 0 wherever it has one, so that nothing reaches
 * the weights below it: they stay as they were drawn, and the layer above has to do with what they happen to show it.
 */
#include <stdbool.h>
#include <stdio.h>

#include <gradtape/gradtape.h>

enum { POINTS = 4, HIDDEN = 2, STEPS = 4000 };

static const float points[POINTS][2] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};
static const float targets[POINTS][1] = {{0}, {1}, {1}, {0}};

typedef struct net {
    const char *title;
    bool has_hidden_layer, has_biases;
    ad_tensor (*activation)(ad_tensor);
} net;

typedef struct parameters {
    ad_tensor w1, b1, w2, b2;
} parameters;

static parameters make(ad_tape *t, const net *n)
{
    const int64_t inputs = n->has_hidden_layer ? HIDDEN : 2;
    parameters p = {
        .w1 = ad_param(t, AD_F32, AD_SHAPE(2, HIDDEN), NULL, "w1"),
        .b1 = ad_param(t, AD_F32, AD_SHAPE(HIDDEN), NULL, "b1"),
        .w2 = ad_param(t, AD_F32, AD_SHAPE(inputs, 1), NULL, "w2"),
        .b2 = ad_param(t, AD_F32, AD_SHAPE(1), NULL, "b2"),
    };
    ad_fill_uniform(p.w1, (const double[]){-1, 1}, 3, 0);
    ad_fill_uniform(p.w2, (const double[]){-1, 1}, 3, 1);
    return p;
}

static ad_tensor affine(const net *n, ad_tensor x, ad_tensor w, ad_tensor b)
{
    ad_tensor y = ad_matmul(x, w);
    return n->has_biases ? ad_add(y, b) : y;
}

static ad_tensor logits(ad_tape *t, const net *n, const parameters *p)
{
    ad_tensor x = ad_input(t, AD_F32, AD_SHAPE(POINTS, 2), points);
    if (n->has_hidden_layer)
        x = n->activation(affine(n, x, p->w1, p->b1));
    return affine(n, x, p->w2, p->b2);
}

/* Gradient descent on what the loss depends on. */
static void step(ad_tensor x)
{
    if (ad_has_gradient(x))
        ad_descend(x, 1);
}

static double train(ad_tape *t, const net *n, const parameters *p)
{
    double loss = 0;
    for (int i = 0; i < STEPS; i++) {
        ad_tensor y = ad_input(t, AD_F32, AD_SHAPE(POINTS, 1), targets);
        ad_tensor mean = ad_mean(ad_logistic_cross_entropy(logits(t, n, p), y));
        loss = ad_item(mean);
        ad_backward(mean);
        step(p->w1);
        step(p->b1);
        step(p->w2);
        step(p->b2);
        ad_reset(t);
    }
    return loss;
}

static bool show(const net *n)
{
    ad_tape *t = ad_tape_open(NULL);
    parameters p = make(t, n);
    const double before = ad_item(ad_sum(p.w1)), loss = train(t, n, &p);
    const float *y = ad_f32(ad_logistic(logits(t, n, &p)));
    const double moved = ad_item(ad_sum(p.w1)) - before;
    if (y)
        printf("%-27s loss %.4f  outputs %.2f %.2f %.2f %.2f  hidden weights %s\n", n->title, loss, (double)y[0],
               (double)y[1], (double)y[2], (double)y[3],
               !n->has_hidden_layer ? "none"
               : moved != 0         ? "moved"
                                    : "did not move");
    else
        fprintf(stderr, "%s\n", ad_message(t));
    ad_tape_close(t);
    return y;
}

int main(void)
{
    static const net nets[] = {
        {"no hidden layer", false, true, ad_logistic}, {"hidden tanh without biases", true, false, ad_tanh},
        {"hidden tanh", true, true, ad_tanh},          {"hidden step functions", true, true, ad_step},
        {"hidden logistics", true, true, ad_logistic},
    };
    printf("targets 0 1 1 0\n");
    for (size_t i = 0; i < sizeof nets / sizeof nets[0]; i++)
        if (!show(&nets[i]))
            return 1;
    return 0;
}
