/* Exclusive or: why a network needs a hidden layer and biases.
 *
 * No straight line parts the points with target 0 from those with target 1, so one layer cannot do it: it ends at the
 * output 1/2 for all four, with the loss ln 2. Without biases the point (0, 0) gives tanh 0 = 0 in every hidden unit,
 * and so 1/2 at the output, whatever the weights are. Two hidden units with biases draw two lines. */
#include <string.h>

#include "lesson.h"

enum { POINTS = 4, EVERY = 25, ROWS = 9, STEPS = EVERY * (ROWS - 1), NETWORKS = 4, SIDE = 17 };

static const double points[POINTS][2] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}}, targets[POINTS] = {0, 1, 1, 0};

/* A network: its hidden units, 0 for no hidden layer, and whether it has biases. */
typedef struct network {
    const char *name, *page, *title;
    int units;
    bool has_biases;
} network;

static const network networks[NETWORKS] = {{"one layer", "xor-no-hidden-tape", "XOR without a hidden layer", 0, true},
                                           {"no biases", "xor-no-biases-tape", "XOR without biases", 2, false},
                                           {"with biases", "xor-hidden-tape", "XOR with a hidden layer", 2, true},
                                           {"one hidden unit", NULL, NULL, 1, true}};

/* What training makes of it: losses on the way, and the outputs at its end. */
typedef struct training {
    double loss[ROWS], y[POINTS];
} training;

/* The parameters of a network on a tape. Those that it has not are inert. */
typedef struct parameters {
    ad_tensor w1, b1, w2, b2;
} parameters;

static parameters make_parameters(ad_tape *t, const network *n)
{
    parameters p = {0};
    const double range[] = {-1, 1};
    if (n->units > 0) {
        p.w1 = ad_param(t, AD_F64, AD_SHAPE(2, n->units), NULL, "w1");
        ad_fill_uniform(p.w1, range, 3, 0);
    }
    if (n->units > 0 && n->has_biases)
        p.b1 = ad_param(t, AD_F64, AD_SHAPE(n->units), NULL, "b1");
    p.w2 = ad_param(t, AD_F64, AD_SHAPE(n->units > 0 ? n->units : 2, 1), NULL, "w2");
    ad_fill_uniform(p.w2, range, 3, 1);
    if (n->has_biases)
        p.b2 = ad_param(t, AD_F64, AD_SHAPE(1), NULL, "b2");
    return p;
}

/* x w + b; without b, x w. */
static ad_tensor layer(ad_tensor x, ad_tensor w, ad_tensor b, ad_activation activation)
{
    if (!ad_is_inert(b))
        return ad_linear(x, w, b, activation);
    ad_tensor z = ad_matmul(x, w);
    return activation == AD_TANH ? ad_tanh(z) : z;
}

/* What the hidden units give for the points x; without hidden units x itself. */
static ad_tensor hidden(parameters p, ad_tensor x)
{
    return ad_is_inert(p.w1) ? x : ad_name(layer(x, p.w1, p.b1, AD_TANH), "h");
}

static ad_tensor logits(parameters p, ad_tensor h) { return ad_name(layer(h, p.w2, p.b2, AD_IDENTITY), "z"); }

/* Prints the outputs over the plane, x2 downwards from 1.5, and the lines on which the hidden units give 0. */
static void print_plane(parameters p)
{
    const grid plane = {"x2", SIDE, SIDE, 3, -0.5, 1.5, 1.5, -0.5};
    double x[SIDE * SIDE][2];
    for (int i = 0; i < SIDE * SIDE; i++)
        x[i][0] = -0.5 + 2.0 * (i % SIDE) / (SIDE - 1), x[i][1] = 1.5 - 2.0 * (i / SIDE) / (SIDE - 1);
    ad_tensor y = ad_logistic(logits(p, hidden(p, ad_input(p.w1.tape, AD_F64, AD_SHAPE(SIDE * SIDE, 2), x))));
    if (ad_f64(y))
        print_grid(plane, ad_f64(y));
    printf("\nline x1  h1 = 0     h2 = 0\n");
    for (int i = 0; i <= 20; i++) {
        const double x1 = -0.5 + 0.1 * i, *w = ad_f64(p.w1), *b = ad_f64(p.b1);
        if (w && b)
            printf("%7g  %9.6f  %9.6f\n", x1, -(b[0] + w[0] * x1) / w[2], -(b[1] + w[1] * x1) / w[3]);
    }
}

/* Prints what the two hidden units give for the last two points, which differ in x2 alone. */
static void print_hidden(ad_tensor h)
{
    for (int i = 2; i < POINTS; i++)
        for (int k = 0; k < 2; k++)
            printf("\nno biases, h%d at (1, %d) = %.3f", k + 1, i - 2, element(h, 2 * i + k));
    printf("\n");
}

/* Trains a network, writes its page, and keeps losses and outputs. */
static training train(const network *n, const char *folder)
{
    training of;
    ad_tape *t = ad_tape_open(NULL);
    const parameters p = make_parameters(t, n);
    ad_tensor x = ad_name(ad_input(t, AD_F64, AD_SHAPE(POINTS, 2), points), "x");
    ad_tensor target = ad_name(ad_input(t, AD_F64, AD_SHAPE(POINTS, 1), targets), "target");
    ad_tensor h = hidden(p, x), z = logits(p, h);
    ad_tensor y = ad_name(ad_logistic(z), "y"), loss = ad_name(ad_mean(ad_logistic_cross_entropy(z, target)), "loss");
    ad_watch(t, AD_ON);
    for (int i = 0; i <= STEPS; i++) {
        if (i > 0)
            ad_replay(t);
        ad_backward(loss);
        if (i % EVERY == 0)
            of.loss[i / EVERY] = ad_item(loss);
        for (size_t k = 0; k < ad_param_count(t) && i < STEPS; k++)
            ad_descend(ad_param_at(t, k), 1);
    }
    for (int i = 0; i < POINTS; i++)
        of.y[i] = element(y, i);
    if (n->units == 2 && !n->has_biases)
        print_hidden(h);
    if (n->page)
        write_page(t, folder, n->page, n->title);
    if (n->units == 2 && n->has_biases)
        print_plane(p);
    close_tape(t);
    return of;
}

/* Prints what networks give for the four points, from network `first` to before `last`. */
static void print_outputs(const char *title, const training *of, int first, int last)
{
    printf("\n%s  x2  target", title);
    for (int k = first; k < last; k++)
        printf("  %11s", networks[k].name);
    for (int i = 0; i < POINTS; i++) {
        printf("\n%*g  %2g  %6g", (int)strlen(title), points[i][0], points[i][1], targets[i]);
        for (int k = first; k < last; k++)
            printf("  %11.6f", of[k].y[i]);
    }
    printf("\n");
}

int main(int argc, char **argv)
{
    training of[NETWORKS];
    for (int k = 0; k < NETWORKS; k++)
        of[k] = train(&networks[k], argc > 1 ? argv[1] : NULL);
    printf("\nstep    one layer    no biases  with biases\n");
    for (int i = 0; i < ROWS; i++)
        printf("%4d  %11.6f  %11.6f  %11.6f\n", EVERY * i, of[0].loss[i], of[1].loss[i], of[2].loss[i]);
    print_outputs("x1", of, 0, NETWORKS - 1);
    print_outputs("unit x1", of, NETWORKS - 1, NETWORKS);
    printf("\n");
    for (int k = 0; k < NETWORKS; k++)
        printf("loss, %s = %.6f\n", networks[k].name, of[k].loss[ROWS - 1]);
    return 0;
}
