/* Exclusive or, from operators: why a network needs a hidden layer and biases, and why it is trained with the logistic
 * and not with the step function.
 *
 * The four points (0,0) (0,1) (1,0) (1,1) have the targets 0 1 1 0. No straight line parts the 0s from the 1s, so one
 * layer cannot do it. Without biases the point (0,0) gives tanh 0 = 0 in every hidden unit, and so 1/2 at the output,
 * whatever the weights are. And the derivative of the step function is 0 wherever it has one, so that nothing reaches
 * the weights below it: they stay as they were drawn, and the layer above has to do with what they happen to show it.
 */
#include <stdbool.h>

#include <gradtape/gradtape.h>
#include <gradtape/show.h>

enum { POINTS = 4, HIDDEN = 2, STEPS = 4000 };

static const float points[POINTS][2] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};
static const float targets[POINTS][1] = {{0}, {1}, {1}, {0}};

typedef struct net {
    const char *title;
    bool has_biases;
    ad_tensor (*activation)(ad_tensor); /* of the hidden layer; NULL: there is none */
} net;

/* x w + b, with parameters of its own, or x w. */
static ad_tensor layer(ad_tensor x, int64_t units, const char *w, const char *b)
{
    ad_tensor weights = ad_param(x.tape, AD_F32, AD_SHAPE(2, units), NULL, w);
    ad_fill_uniform(weights, (const double[]){-1, 1}, 3, units == 1);
    ad_tensor y = ad_matmul(x, weights);
    return b ? ad_add(y, ad_param(x.tape, AD_F32, AD_SHAPE(units), NULL, b)) : y;
}

static ad_status show(const net *n)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor x = ad_name(ad_input(t, AD_F32, AD_SHAPE(POINTS, 2), points), "x");
    ad_tensor h = n->activation ? ad_name(n->activation(layer(x, HIDDEN, "w1", n->has_biases ? "b1" : NULL)), "h") : x;
    ad_tensor z = layer(h, 1, "w2", n->has_biases ? "b2" : NULL), y = ad_logistic(z);
    ad_tensor loss = ad_mean(ad_logistic_cross_entropy(z, ad_input(t, AD_F32, AD_SHAPE(POINTS, 1), targets)));
    for (int i = 0; i < STEPS; i++) {
        ad_backward(loss);
        for (size_t k = 0; k < ad_param_count(t); k++)
            ad_descend(ad_param_at(t, k), 1);
        ad_replay(t);
    }
    char formula[100];
    ad_formula(y, formula, sizeof formula);
    printf("\n%s: %s, loss %.4f\n", n->title, formula, ad_item(loss));
    ad_print_tensor(ad_name(ad_reshape(y, AD_SHAPE(POINTS)), "y"), stdout, NULL);
    ad_watch(t, AD_ON);
    ad_backward(loss);
    ad_why_zero(ad_param_at(t, 0), stdout);
    const ad_status status = ad_status_of(t);
    if (status != AD_OK)
        fprintf(stderr, "%s\n", ad_message(t));
    ad_tape_close(t);
    return status;
}

int main(void)
{
    static const net nets[] = {{"no hidden layer", true, NULL},
                               {"hidden tanh without biases", false, ad_tanh},
                               {"hidden tanh", true, ad_tanh},
                               {"hidden step functions", true, ad_step},
                               {"hidden logistics", true, ad_logistic}};
    ad_status status = AD_OK;
    printf("targets 0 1 1 0\n");
    for (size_t i = 0; i < sizeof nets / sizeof nets[0] && status == AD_OK; i++)
        status = show(&nets[i]);
    return status != AD_OK;
}
