/* Vanishing gradients: ten hidden layers of logistic units against ten of ReLU units, on the same rows.
 *
 * The reverse pass multiplies by weights and by the slope of the activation at every layer that it passes. The slope of
 * the logistic function is at most 1/4; that of ReLU is 1 or 0. Weights begin as suits each: normal, with the deviation
 * of Glorot for logistic units and tanh, and that of He for ReLU. Biases begin as 0, and are left out here. */
#include <math.h>

#include "lesson.h"

enum { ROWS = 36, UNITS = 8, LAYERS = 10, ALL = LAYERS + 1 };

/* Draws the weights of a layer, which has no biases, and records what they make of x. Their shape is [units, inputs].
 * The page would draw each neuron if it were [inputs, units], and 81 neurons are too many to look at. */
static ad_tensor layer(ad_tensor x, const char *name, int64_t units, double deviation)
{
    ad_tensor w = ad_param(x.tape, AD_F32, AD_SHAPE(units, UNITS), NULL, name);
    ad_fill_normal(w, 0, deviation, 9, ad_param_count(x.tape));
    return ad_matmul_nt(x, w);
}

/* Records the network and its loss. A row is of class 1 if its numbers add up to more than 0. */
static ad_tensor record(ad_tape *t, ad_tensor (*activation)(ad_tensor), double deviation)
{
    ad_tensor x = ad_name(ad_normal(t, AD_F32, AD_SHAPE(ROWS, UNITS), 3), "x"), h = x;
    ad_tensor sums = ad_matmul(x, ad_ones(t, AD_F32, AD_SHAPE(UNITS, 1)));
    ad_tensor target = ad_name(ad_cast(ad_greater(sums, ad_scalar(t, 0)), AD_F32), "target");
    for (int i = 1; i <= LAYERS; i++) {
        char scope[20], w[20], units[20];
        snprintf(scope, sizeof scope, "layer%d", i);
        snprintf(w, sizeof w, "w%d", i);
        snprintf(units, sizeof units, "h%d", i);
        ad_scope_begin(t, scope);
        h = ad_name(activation(layer(h, w, UNITS, deviation)), units);
        ad_scope_end(t);
    }
    ad_tensor z = ad_name(layer(h, "w_out", 1, deviation), "z");
    return ad_name(ad_mean(ad_logistic_cross_entropy(z, target)), "loss");
}

/* The root mean square of the gradient of parameter i. */
static double rms(ad_tape *t, size_t i) { return sqrt(ad_item(ad_mean(ad_square(ad_gradient(ad_param_at(t, i)))))); }

/* Makes one step of a network, shows how its gradients flow, and writes their sizes and a page. */
static void step(const char *name, ad_tensor (*activation)(ad_tensor), double deviation, double flow[ALL],
                 const char *folder)
{
    char page[100], title[100];
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor loss = record(t, activation, deviation);
    ad_watch(t, AD_ON);
    ad_backward(loss);
    for (size_t i = 0; i < ad_param_count(t); i++)
        ad_descend(ad_param_at(t, i), 0.1);
    printf("ten layers of %s units\n", name);
    ad_print_flow(t, stdout, &(ad_print_options){.ascii = true});
    snprintf(page, sizeof page, "vanishing-%s-tape", name);
    snprintf(title, sizeof title, "Ten layers of %s units", name);
    write_page(t, folder, page, title);
    for (size_t i = 0; i < ALL; i++)
        flow[i] = rms(t, i);
    close_tape(t);
}

/* By how much of itself the gradient goes on from a layer to the one below, on average. */
static double per_layer(const double flow[ALL]) { return pow(flow[0] / flow[LAYERS], 1.0 / LAYERS); }

int main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : NULL;
    const double glorot = sqrt(2.0 / (UNITS + UNITS)), he = sqrt(2.0 / UNITS);
    double logistic[ALL], relu[ALL], of_tanh[ALL];
    step("logistic", ad_logistic, glorot, logistic, folder);
    step("relu", ad_relu, he, relu, folder);
    step("tanh", ad_tanh, glorot, of_tanh, NULL);
    printf("\nroot mean square of the gradient of each layer's weights; layer %d is the output\n", ALL);
    printf("layer  logistic      relu\n");
    for (int i = 0; i < ALL; i++)
        printf("%5d  %-12.6g  %.6g\n", i + 1, logistic[i], relu[i]);
    printf("\ntanh layer  tanh\n");
    for (int i = 0; i < ALL; i++)
        printf("%10d  %.6g\n", i + 1, of_tanh[i]);
    printf("\nlogistic per layer = %.6g\n", per_layer(logistic));
    printf("relu per layer = %.6g\ntanh per layer = %.6g\n", per_layer(relu), per_layer(of_tanh));
    printf("logistic over all layers = %.6g\n", logistic[0] / logistic[LAYERS]);
    return 0;
}
