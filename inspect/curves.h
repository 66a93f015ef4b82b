#ifndef INSPECT_CURVES_H
#define INSPECT_CURVES_H
/* The activations of the engine as curves: a row an activation, and its values and derivatives as the engine computes
 * them. */
#include <gradtape/operators/fused.h>

#include "escape.h"

enum { AD_MOST_BREAKS = 2 };

typedef struct ad_curve {
    const char *name;         /* of its operator, as ad_made_by gives it: "relu"; "identity" has none of its own */
    const char *title;        /* for people: "ReLU" */
    ad_activation activation; /* of a layer (ad_linear); AD_ACTIVATION_DEFAULT: a layer cannot apply it */
    const char *value;        /* formulas of z: "max(0, z)"; y is the value, # the attribute */
    const char *derivative;
    double ends[2];          /* where the value is smallest and largest; perhaps infinite */
    double steepest;         /* where the derivative is largest */
    const char *steepest_at; /* the same in words: "at z = 0" */
    int n_breaks;            /* where the value or the derivative jumps */
    double breaks[AD_MOST_BREAKS];
    const char *made_by; /* the operator that computes it; NULL: that of its name */
    double attribute;    /* of that operator, the usual one: the slope of leaky_relu; 0: it has none */
} ad_curve;

/* The rows: step, logistic, tanh, relu, then the others; identity is the last. Out of range: NULL. */
const ad_curve *ad_curve_at(size_t i);

/* The row of a name; NULL: there is none. */
const ad_curve *ad_curve_named(const char *name);

/* The row of a layer's activation; that of identity for AD_ACTIVATION_DEFAULT, and where no row has it. */
const ad_curve *ad_curve_of_layer(ad_activation activation);

/* The row of the activation that y is the result of, also of a layer; NULL: y is none. A layer without an activation
 * has that of identity. *attribute gets the one of the call, else the usual one. */
const ad_curve *ad_curve_of(ad_tensor y, double *attribute);

/* Writes a formula of a row; in a page (AD_INK_HTML) with exponents and the signs of mathematics. */
void ad_put_curve_formula(ad_sink *sink, ad_ink ink, const char *formula, double attribute);

/* Gives the values and the derivatives at n points, in f64: values by the operator, derivatives by its gradient rule,
 * both on a tape of its own, which takes its memory from `allocator` (NULL: malloc and free). `attribute` is that of
 * the row or of a call. `values` may be the array `z`. Returns AD_OK or what went wrong: AD_NO_MEMORY. */
ad_status ad_compute_curve(const ad_curve *curve, double attribute, const ad_allocator *allocator, const double *z,
                           size_t n, double *values, double *derivatives);

/* The same at n points from `from` to `to`, both included, at equal distances; of one point at `from`. */
ad_status ad_compute_curve_on_grid(const ad_curve *curve, double attribute, const ad_allocator *allocator,
                                   const double ends[2], size_t n, double *values, double *derivatives);

/* Point i of such a grid. */
static inline double ad_grid_point(const double ends[2], size_t n, size_t i)
{
    return n < 2 ? ends[0] : ends[0] + (ends[1] - ends[0]) * (double)i / (double)(n - 1);
}

#endif
