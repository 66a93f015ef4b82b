#ifndef INSPECT_PAGE_NEURONS_H
#define INSPECT_PAGE_NEURONS_H
/* The view Neurons: what its numbers (neurons_numbers.c), its drawing (neurons_drawing.h) and its section (neurons.c)
 * share. */
#include "../json.h"
#include "../network.h"
#include "page.h"

enum { AD_CURVE_POINTS = 65 };

/* The curve of an activation, as it is drawn in units. */
typedef struct ad_unit_curve {
    double most;      /* it goes from -most to most */
    double low, high; /* the range of the values */
    double values[AD_CURVE_POINTS], derivatives[AD_CURVE_POINTS];
} ad_unit_curve;

typedef struct ad_neurons {
    ad_page *page;
    ad_network network;
    size_t rows; /* of the batch */
    struct {
        bool has_sums; /* of a layer whose z the tape has not: they are computed again */
        double sums[AD_MOST_WRITTEN];
        bool has_slopes; /* of the same layers: the derivative of the activation at each of these sums */
        double slopes[AD_MOST_WRITTEN];
        ad_unit_curve curve;
    } layers[AD_MOST_LAYERS];
    bool has_shares; /* softmax or logistic of the last layer, computed again where only a loss takes it */
    double shares[AD_MOST_WRITTEN];
} ad_neurons;

/* The columns of the drawing: what the network is given, then its layers. */
static inline int ad_column_count(const ad_neurons *n) { return n->network.n + 1; }
ad_tensor ad_column_tensor(const ad_neurons *n, int column);
size_t ad_column_units(const ad_neurons *n, int column);

/* Element i of a value or a gradient. Returns false if there is none, or the page has not its elements one by one. */
bool ad_written_element(const ad_numbers *numbers, size_t i, double *x);

/* The weighted sum of element i of a layer, of the tape or computed again. Returns false if it is not known. */
bool ad_weighted_sum(const ad_neurons *n, int layer, size_t i, double *z);

/* Computes what the tape has not: sums, slopes, shares and curves. Returns false if memory is out. */
bool ad_compute_again(ad_neurons *n);

/* What takes the softmax or the logistic of the last layer; inert: nothing does. */
ad_tensor ad_output_taker(const ad_neurons *n);

/* Whether the result of what takes it is that softmax or logistic. */
bool ad_gives_shares(ad_tensor taker);

/* Writes the drawing as SVG, with the numbers of row 0. */
void ad_put_network(const ad_neurons *n);

#endif
