/* A step function cannot be trained, and a logistic can.
 *
 * A neuron with one input gives f(w x + b). It shall give 1 where x is above 0. With the logistic as f, ten Gradient
 * Descent steps turn it round. With the step function they change nothing: its derivative is 0 wherever it has one, so
 * that the gradient of w is 0 however large the loss is. */
#include "lesson.h"

enum { STEPS = 10, POINTS = 4, ACTIVATIONS = 4 };
typedef ad_tensor activation(ad_tensor);
static activation *const functions[ACTIVATIONS] = {ad_step, ad_logistic, ad_tanh, ad_relu};
static const char *const names[ACTIVATIONS] = {"step", "logistic", "tanh", "ReLU"};
static const double inputs[POINTS] = {-2, -1, 1, 3}, targets[POINTS] = {0, 0, 1, 1};

/* What a neuron has before each step, and after the last one; and what it gives before the first. */
typedef struct training {
    double w[STEPS + 1], loss[STEPS + 1], z[POINTS], y[POINTS], first_gradient;
} training;

/* Trains a neuron from the weight w on. The page, if it has a name, shows the first step. */
static training train(activation *f, double w, const char *folder, const char *page, const char *title)
{
    training of = {0};
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor x = ad_name(ad_input(t, AD_F64, AD_SHAPE(POINTS, 1), inputs), "x");
    ad_tensor weight = ad_param(t, AD_F64, AD_SHAPE(1, 1), &w, "w"), bias = ad_param(t, AD_F64, AD_SHAPE(1), NULL, "b");
    ad_tensor z = ad_name(ad_linear(x, weight, bias, AD_IDENTITY), "z"), y = ad_name(f(z), "y");
    ad_tensor target = ad_name(ad_input(t, AD_F64, AD_SHAPE(POINTS, 1), targets), "target");
    ad_tensor loss = ad_name(ad_mean(ad_name(ad_squared_error(y, target), "errors")), "loss");
    ad_watch(t, AD_ON);
    for (int i = 0; i <= STEPS; i++) {
        of.w[i] = element(weight, 0);
        of.loss[i] = ad_item(loss);
        ad_backward(loss);
        for (int k = 0; k < POINTS && i == 0; k++)
            of.z[k] = element(z, k), of.y[k] = element(y, k);
        if (i == 0)
            of.first_gradient = element(ad_gradient(weight), 0);
        ad_descend(weight, 4);
        ad_descend(bias, 4);
        if (i == 0 && page)
            write_page(t, folder, page, title);
        ad_replay(t);
    }
    close_tape(t);
    return of;
}

/* The values and the derivatives of the activations at n places from `first` on, row after row. */
static void derive(double first, double apart, int n, double *values, double *derivatives)
{
    for (int k = 0; k < ACTIVATIONS; k++)
        for (int i = 0; i < n; i++) {
            ad_tape *t = ad_tape_open(NULL);
            const double at = first + apart * i;
            ad_tensor y = functions[k](ad_variable(t, AD_F64, AD_SCALAR, &at));
            values[k * n + i] = ad_item(y);
            derivatives[k * n + i] = ad_item(ad_local_gradient(y, 0));
            close_tape(t);
        }
}

/* Prints numbers at -2, -1, 0, 1, 2, a row for each activation. */
static void print_at_five(const char *title, const double *numbers)
{
    printf("%-10s  %9d  %9d  %9d  %9d  %9d\n", title, -2, -1, 0, 1, 2);
    for (int k = 0; k < ACTIVATIONS; k++) {
        printf("%-10s", names[k]);
        for (int i = 0; i < 5; i++)
            printf("  %9.4g", numbers[5 * k + i]);
        printf("\n");
    }
    printf("\n");
}

int main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : NULL;
    enum { MANY = 801 };
    static double values[ACTIVATIONS * MANY], derivatives[ACTIVATIONS * MANY];
    derive(-2, 1, 5, values, derivatives);
    print_at_five("value", values);
    print_at_five("derivative", derivatives);
    derive(-4, 0.01, MANY, values, derivatives);
    for (int k = 0; k < ACTIVATIONS; k++) {
        double largest = 0;
        for (int i = 0; i < MANY; i++)
            largest = derivatives[k * MANY + i] > largest ? derivatives[k * MANY + i] : largest;
        printf("largest derivative of %s = %.6g\n", names[k], largest);
    }
    const training logistic = train(ad_logistic, -1, folder, "activations-logistic-tape", "A neuron with a logistic");
    const training step = train(ad_step, -1, folder, "activations-step-tape", "A neuron with a step function");
    printf("\nx   target  z   logistic y  step y\n");
    for (int k = 0; k < POINTS; k++)
        printf("%2g  %6g  %2g  %10.4f  %6g\n", inputs[k], targets[k], step.z[k], logistic.y[k], step.y[k]);
    printf("\nsteps  logistic w  step w  logistic loss  step loss\n");
    for (int i = 0; i <= STEPS; i++)
        printf("%5d  %10.6f  %6g  %13.6f  %9g\n", i, logistic.w[i], step.w[i], logistic.loss[i], step.loss[i]);
    printf("\nfirst gradient of the logistic = %.6g\n", logistic.first_gradient);
    printf("first gradient of the step = %.6g\n", step.first_gradient);
    const training flat = train(ad_logistic, -12, NULL, NULL, NULL);
    printf("first gradient from -12 = %.6g\nw from -12 after ten steps = %.6g\n", flat.first_gradient, flat.w[STEPS]);
    return 0;
}
