/* The numbers of the view Neurons: those of the tape, and those that are computed again. */
#include "neurons.h"

#include <math.h>

#include <gradtape/operators/activations.h>
#include <gradtape/operators/softmax.h>

#include "../operators.h"

/* ---- Numbers ----------------------------------------------------------------------------------------------------- */

ad_tensor ad_column_tensor(const ad_neurons *n, int column)
{
    return column == 0 ? n->network.layers[0].x : n->network.layers[column - 1].y;
}

size_t ad_column_units(const ad_neurons *n, int column)
{
    return column == 0 ? ad_inputs_of(&n->network.layers[0]) : ad_width_of(&n->network.layers[column - 1]);
}

bool ad_written_element(const ad_numbers *numbers, size_t i, double *x)
{
    if (!numbers->data || numbers->n > AD_MOST_WRITTEN || i >= numbers->n)
        return false;
    *x = ad_element_of(numbers->data, numbers->type, i);
    return true;
}

bool ad_weighted_sum(const ad_neurons *n, int layer, size_t i, double *z)
{
    const ad_unit_layer *l = &n->network.layers[layer];
    if (ad_is_inert(l->z)) {
        *z = n->layers[layer].has_sums ? n->layers[layer].sums[i] : 0;
        return n->layers[layer].has_sums;
    }
    const ad_numbers value = ad_value_now(l->z);
    return ad_written_element(&value, i, z);
}

ad_tensor ad_output_taker(const ad_neurons *n) { return n->network.layers[n->network.n - 1].taker; }

bool ad_gives_shares(ad_tensor taker) { return ad_is_made_by(taker, "softmax") || ad_is_made_by(taker, "logistic"); }

/* ---- What is computed again -------------------------------------------------------------------------------------- *
 * The engine's operators do so on a tape of their own, so that nothing is recorded on the tape that is shown. */

/* An input with the value that the recording used. Returns false if that is not known. */
static bool take_over(ad_tape *t, ad_tensor x, ad_tensor *copy)
{
    ad_numbers value;
    if (!ad_find_value(x, &value) || !value.data)
        return false;
    *copy = ad_input(t, value.type, value.shape, value.data);
    return true;
}

/* Copies the elements of y. Returns false if the tape is in error. */
static bool copy_elements(ad_tensor y, double *to)
{
    if (ad_status_of(y.tape) != AD_OK)
        return false;
    for (size_t i = 0; i < ad_size_of(y); i++)
        to[i] = ad_element_of(ad_look_at(y), ad_type_of(y), i);
    return true;
}

/* z = x w + b of a layer that computes y at once. */
static void compute_sums(ad_neurons *n, ad_tape *t, int layer)
{
    const ad_unit_layer *l = &n->network.layers[layer];
    ad_tensor x, w, b;
    if (!ad_is_inert(l->z) || ad_size_of(l->y) > AD_MOST_WRITTEN || !take_over(t, l->x, &x) ||
        !take_over(t, l->w, &w) || !take_over(t, l->b, &b))
        return;
    n->layers[layer].has_sums = copy_elements(ad_linear(x, w, b, AD_IDENTITY), n->layers[layer].sums);
}

static void compute_shares(ad_neurons *n, ad_tape *t)
{
    const ad_tensor taker = ad_output_taker(n), logits = ad_column_tensor(n, n->network.n);
    ad_tensor copy;
    if (ad_is_inert(taker) || ad_gives_shares(taker) || ad_size_of(logits) > AD_MOST_WRITTEN ||
        !take_over(t, logits, &copy))
        return;
    n->has_shares = copy_elements(ad_takes_logistic(taker) ? ad_logistic(copy) : ad_softmax(copy, -1), n->shares);
}

/* The derivative of the activation at these sums. Returns false if memory is out. */
static bool compute_slopes(ad_neurons *n, const ad_allocator *allocator, int layer)
{
    double values[AD_MOST_WRITTEN];
    const ad_unit_layer *l = &n->network.layers[layer];
    if (!n->layers[layer].has_sums)
        return true;
    const ad_status status = ad_compute_curve(l->curve, l->attribute, allocator, n->layers[layer].sums,
                                              ad_size_of(l->y), values, n->layers[layer].slopes);
    n->layers[layer].has_slopes = status == AD_OK;
    return status != AD_NO_MEMORY;
}

/* The range of z that is drawn has all of its numbers, as far as it goes. */
static double range_of_sums(const ad_neurons *n, int layer)
{
    double most = 4, z;
    const size_t size = ad_size_of(n->network.layers[layer].y);
    for (size_t i = 0; i < size && i < AD_MOST_WRITTEN; i++)
        while (ad_weighted_sum(n, layer, i, &z) && isfinite(z) && fabs(z) > most && most < 1024)
            most *= 2;
    return most;
}

static ad_status compute_curve(ad_neurons *n, const ad_allocator *allocator, int layer)
{
    const ad_unit_layer *l = &n->network.layers[layer];
    ad_unit_curve *c = &n->layers[layer].curve;
    c->most = range_of_sums(n, layer);
    c->low = c->high = 0;
    const ad_status status = ad_compute_curve_on_grid(l->curve, l->attribute, allocator, (double[]){-c->most, c->most},
                                                      AD_CURVE_POINTS, c->values, c->derivatives);
    for (int i = 0; status == AD_OK && i < AD_CURVE_POINTS; i++) {
        c->low = c->values[i] < c->low ? c->values[i] : c->low;
        c->high = c->values[i] > c->high ? c->values[i] : c->high;
    }
    return status;
}

bool ad_compute_again(ad_neurons *n)
{
    const ad_allocator allocator = ad_allocator_of(n->page->t);
    ad_tape *t = ad_tape_open(&(ad_tape_options){.allocator = &allocator});
    for (int i = 0; t && i < n->network.n; i++)
        compute_sums(n, t, i);
    if (t)
        compute_shares(n, t);
    bool is_good = t && ad_status_of(t) != AD_NO_MEMORY;
    ad_tape_close(t);
    for (int i = 0; is_good && i < n->network.n; i++)
        is_good = compute_curve(n, &allocator, i) == AD_OK && compute_slopes(n, &allocator, i);
    return is_good;
}
