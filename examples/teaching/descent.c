/* Gradient Descent with one weight: what the learning rate does. The line y = w x is fitted to the points (1, 1) and
 * (2, 3). The loss is a parabola over w, so that all can be done by hand as well:
 *
 *   L(w) = ((w - 1)^2 + (2 w - 3)^2) / 2 = 0.1 + 2.5 (w - 1.4)^2,    dL/dw = 5 (w - 1.4),    curvature 5
 *
 * A step w <- w - rate dL/dw multiplies the distance from 1.4 by 1 - 5 rate. Where that factor is below -1, which is
 * where the rate is above 2 / curvature, each step ends higher than it began. */
#include <math.h>

#include "lesson.h"

enum { STEPS = 6, RATES = 5, CURVE = 45 };

static const double start = -1;

/* The weight before each step and after the last, and the loss and its gradient there. */
typedef struct way {
    double rate, w[STEPS + 1], loss[STEPS + 1], gradient[STEPS + 1];
} way;

/* Records the loss at the weight w. */
static ad_tensor record(ad_tape *t, double w)
{
    ad_tensor weight = ad_param(t, AD_F64, AD_SCALAR, &w, "w");
    ad_tensor x = ad_name(ad_input(t, AD_F64, AD_SHAPE(2), (const double[]){1, 2}), "x");
    ad_tensor target = ad_name(ad_input(t, AD_F64, AD_SHAPE(2), (const double[]){1, 3}), "target");
    ad_tensor y = ad_name(ad_mul(weight, x), "y");
    return ad_name(ad_mean(ad_squared_error(y, target)), "L");
}

/* Goes down from `start`, step by step. */
static void descend(way *of)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor loss = record(t, start), w = ad_param_at(t, 0);
    for (int i = 0; i <= STEPS; i++) {
        of->w[i] = element(w, 0);
        of->loss[i] = ad_item(loss);
        ad_backward(loss);
        of->gradient[i] = element(ad_gradient(w), 0);
        ad_descend(w, of->rate);
        ad_replay(t);
    }
    close_tape(t);
}

/* Writes a page of the first step. Its view Training has all of them. */
static void show_first_step(const way *of, const char *folder, const char *page, const char *title)
{
    ad_training_row rows[STEPS + 1];
    ad_training_flow flows[STEPS + 1];
    for (int i = 0; i <= STEPS; i++) {
        rows[i] = (ad_training_row){.step = i, .loss = of->loss[i], .rate = of->rate};
        flows[i] =
            (ad_training_flow){.step = i, .name = "w", .gradient_rms = fabs(of->gradient[i]), .update_ratio = NAN};
    }
    const ad_training training = {.rows = rows, .n_rows = STEPS + 1, .flows = flows, .n_flows = STEPS + 1};
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor loss = record(t, start);
    ad_watch(t, AD_ON);
    ad_backward(loss);
    ad_descend(ad_param_at(t, 0), of->rate);
    write_page_with(t, folder, page, &(ad_write_options){.title = title, .training = &training});
    close_tape(t);
}

/* Prints the loss over w as a curve, and its curvature, which is the same everywhere. */
static void print_curve(void)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor loss = record(t, start), w = ad_param_at(t, 0);
    const double curvature = ad_item(ad_hessian(loss, w));
    printf("\ncurve w  loss\n");
    for (int i = 0; i < CURVE; i++) {
        const double at = (2 * i - 30) / 10.0;
        ad_assign(w, &at);
        ad_replay(t);
        printf("%7g  %.6f\n", at, ad_item(loss));
    }
    printf("\ncurvature = %.6g\nlargest rate = %.6g\nrate of one step = %.6g\n", curvature, 2 / curvature,
           1 / curvature);
    close_tape(t);
}

int main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : NULL;
    way ways[RATES] = {{.rate = 0.02}, {.rate = 0.15}, {.rate = 0.42}, {.rate = 0.2}, {.rate = 0.4}};
    for (int k = 0; k < RATES; k++)
        descend(&ways[k]);
    show_first_step(&ways[0], folder, "descent-small-tape", "A small rate, 0.02");
    show_first_step(&ways[1], folder, "descent-good-tape", "A good rate, 0.15");
    show_first_step(&ways[2], folder, "descent-large-tape", "A rate that is too large, 0.42");
    printf("step  small w    small loss  good w    good loss  large w    large loss\n");
    for (int i = 0; i <= STEPS; i++)
        printf("%4d  %9.6f  %10.6f  %8.6f  %9.6f  %9.6f  %10.6f\n", i, ways[0].w[i], ways[0].loss[i], ways[1].w[i],
               ways[1].loss[i], ways[2].w[i], ways[2].loss[i]);
    printf("\nexercise  w at 0.2   loss at 0.2  w at 0.4   loss at 0.4\n");
    for (int i = 0; i < STEPS; i++)
        printf("%8d  %9.6f  %11.6f  %9.6f  %11.6f\n", i, ways[3].w[i], ways[3].loss[i], ways[4].w[i], ways[4].loss[i]);
    print_curve();
    return 0;
}
