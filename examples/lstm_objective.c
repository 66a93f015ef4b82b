#include "lstm_objective.h"

#include <stdio.h>
#include <stdlib.h>

enum { MOST_LAYERS = (MOST_LEAVES - 3) / 2 };

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

static bool take_apart(lstm *s, size_t n)
{
    enum { MOST = 1 << 20 };
    if (n < 3 || !(s->numbers[0] >= 1 && s->numbers[0] <= MOST_LAYERS) ||
        !(s->numbers[1] >= 2 && s->numbers[1] <= MOST) || !(s->numbers[2] >= 1 && s->numbers[2] <= MOST))
        return false;
    s->l = (int64_t)s->numbers[0];
    s->c = (int64_t)s->numbers[1];
    s->b = (int64_t)s->numbers[2];
    if ((double)n != 3 + (10 * (double)s->l + 3 + (double)s->c) * (double)s->b)
        return false;
    s->main = s->numbers + 3;
    s->extra = s->main + 8 * s->l * s->b;
    s->state = s->extra + 3 * s->b;
    s->bits = s->state + 2 * s->l * s->b;
    return true;
}

bool lstm_read(lstm *s, const char *file)
{
    size_t n;
    *s = (lstm){.numbers = read_numbers(file, &n)};
    if (s->numbers && take_apart(s, n))
        return true;
    if (s->numbers)
        fprintf(stderr,
                "%s: it is not a predictor of ADBench: its %zu numbers must be l c b, at most %d layers l, then "
                "8 l b, 3 b and 2 l b of parameters and state and c b of bits\n",
                file, n, MOST_LAYERS);
    lstm_free(s);
    return false;
}

void lstm_free(lstm *s)
{
    free(s->numbers);
    *s = (lstm){0};
}

/* ---- The objective ----------------------------------------------------------------------------------------------- */

/* One layer: its parameters, and what it remembers. */
typedef struct layer {
    ad_tensor weights, biases, h, cell;
} layer;

static layer make_layer(ad_tape *t, const lstm *s, int i)
{
    const int64_t b = s->b;
    const double *main = s->main + 8 * b * i, *state = s->state + 2 * b * i;
    return (layer){.weights = ad_name(ad_variable(t, AD_F64, AD_SHAPE(2, 2 * b), main), "weights"),
                   .biases = ad_name(ad_variable(t, AD_F64, AD_SHAPE(2, 2 * b), main + 4 * b), "biases"),
                   .h = ad_input(t, AD_F64, AD_SHAPE(b), state),
                   .cell = ad_input(t, AD_F64, AD_SHAPE(b), state + b)};
}

/* What comes in and what was remembered, side by side [2b], meet both rows of weights [2,2b]: the first is of the gates
 * forget and input, the second of output and candidate. */
static ad_tensor step(layer *a, ad_tensor y)
{
    ad_tensor both = ad_concat((const ad_tensor[]){y, a->h}, 2, 0);
    return a->h = ad_lstm_cell(ad_mul_add(both, a->weights, a->biases), a->cell, &a->cell);
}

/* The rows of outputs y [c-1,b] predict the next rows of bits: with p = y w_out + b_out
 * -mean of sum_j x_j (p_j - ln(2 + sum e^p)) */
static ad_tensor loss_of(ad_tape *t, const lstm *s, ad_tensor y, ad_tensor w_out, ad_tensor b_out)
{
    ad_tensor x = ad_borrow(t, AD_F64, AD_SHAPE(s->c - 1, s->b), s->bits + s->b);
    ad_tensor p = ad_mul_add(y, w_out, b_out);
    ad_tensor log_total = ad_log(ad_shift(ad_sum_over(ad_exp(p), AD_KEEP_AXES(1)), 2));
    return ad_neg(ad_mean(ad_mul(x, ad_sub(p, log_total))));
}

recording lstm_record(ad_tape *t, const lstm *s)
{
    const ad_shape row = AD_SHAPE(s->b);
    layer layers[MOST_LAYERS];
    recording r = {.n_leaves = 0};
    for (int i = 0; i < s->l; i++) {
        layers[i] = make_layer(t, s, i);
        r.leaf[r.n_leaves++] = layers[i].weights;
        r.leaf[r.n_leaves++] = layers[i].biases;
    }
    ad_tensor *extra = &r.leaf[r.n_leaves];
    for (int i = 0; i < 3; i++)
        r.leaf[r.n_leaves++] =
            ad_name(ad_variable(t, AD_F64, row, s->extra + s->b * i), (const char *[]){"w_in", "w_out", "b_out"}[i]);
    ad_tensor *outputs = malloc((size_t)(s->c - 1) * sizeof *outputs);
    for (int64_t k = 0; outputs && k + 1 < s->c; k++) {
        ad_tensor y = ad_mul(ad_borrow(t, AD_F64, row, s->bits + s->b * k), extra[0]);
        for (int i = 0; i < s->l; i++)
            y = step(&layers[i], y);
        outputs[k] = y;
    }
    if (outputs)
        r.loss = loss_of(t, s, ad_stack(outputs, (int)(s->c - 1), 0), extra[1], extra[2]);
    free(outputs);
    return r;
}
