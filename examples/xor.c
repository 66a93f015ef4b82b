/* Exclusive or, from operators: why a network needs a hidden layer and biases, and why it is trained with the logistic
 * and not with the step function.
 *
 * No straight line parts the points with target 0 from those with target 1, so one layer cannot do it. Without biases
 * the point (0,0) gives tanh 0 = 0 in every hidden unit, and so 1/2 at the output, whatever the weights are. And the
 * derivative of the step function is 0 wherever it has one, so that nothing reaches the weights below it: they stay as
 * they were drawn, and the layer above has to do with what they happen to show it. */
#include <gradtape/gradtape.h>

static const float points[4][2] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}}, targets[4] = {0, 1, 1, 0};

/* x w + b with parameters of its own; without a name for b, x w. */
static ad_tensor layer(ad_tensor x, int64_t units, const char *w, const char *b)
{
    ad_tensor weights = ad_param(x.tape, AD_F32, AD_SHAPE(2, units), NULL, w);
    ad_fill_uniform(weights, (const double[]){-1, 1}, 3, units == 1);
    ad_tensor y = ad_matmul(x, weights);
    return b ? ad_add(y, ad_param(x.tape, AD_F32, AD_SHAPE(units), NULL, b)) : y;
}

/* Trains a network, and shows its results and the gradient of its first weights. */
static ad_status show(const char *title, ad_tensor (*activation)(ad_tensor), const char *b1, const char *b2)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor x = ad_name(ad_input(t, AD_F32, AD_SHAPE(4, 2), points), "x");
    ad_tensor h = activation ? ad_name(activation(layer(x, 2, "w1", b1)), "h") : x, z = layer(h, 1, "w2", b2);
    ad_tensor loss = ad_mean(ad_logistic_cross_entropy(z, ad_input(t, AD_F32, AD_SHAPE(4, 1), targets)));
    ad_tensor y = ad_logistic(z);
    ad_watch(t, AD_ON);
    for (int i = 0; i < 4000; i++) {
        ad_backward(loss);
        for (size_t k = 0; k < ad_param_count(t); k++)
            ad_descend(ad_param_at(t, k), 1);
        ad_replay(t);
    }
    char formula[100];
    ad_formula(y, formula, sizeof formula);
    printf("\n%s: %s, loss %.4f\n", title, formula, ad_item(loss));
    ad_print_tensor(ad_name(ad_reshape(y, AD_SHAPE(4)), "y"), stdout, NULL);
    ad_why_zero(ad_param_at(t, 0), stdout);
    const ad_status status = ad_status_of(t);
    if (status != AD_OK)
        fprintf(stderr, "%s\n", ad_message(t));
    ad_tape_close(t);
    return status;
}

int main(void)
{
    printf("targets 0 1 1 0\n");
    return show("no hidden layer", NULL, NULL, "b2") || show("hidden tanh without biases", ad_tanh, NULL, NULL) ||
           show("hidden tanh", ad_tanh, "b1", "b2") || show("hidden step functions", ad_step, "b1", "b2") ||
           show("hidden logistics", ad_logistic, "b1", "b2");
}
