#ifndef AUTODIFF_OPERATORS_REDUCTIONS_REDUCE_H
#define AUTODIFF_OPERATORS_REDUCTIONS_REDUCE_H
/* What the files of reductions share. In their rows the attribute `axes` comes first. */
#include "../family.h"

#include "../../kernels/reduce.h"

#ifndef AD_REAL

/* ---- Shapes ------------------------------------------------------------------------------------------------------ */

/* The shape rule of reductions; and that of those which have no value over nothing: `what` names it. */
void ad_reduced_shape(ad_call *c);
void ad_reduced_shape_of_something(ad_call *c, ad_type type, const char *what);

/* The axes that a call reduces, of operand 0, as a mask; the shape with them kept: how a result broadcasts to x. */
unsigned ad_reduced_axes(ad_call *c);
ad_shape ad_kept_shape(ad_call *c);

/* How many elements go into each of the result: of the shape, so that nothing is divided by an empty result's size. */
double ad_group_size(const ad_shape *x, unsigned mask);

/* Whether y has the rank of x and broadcasts to it; the axes in which it does, as a mask. */
bool ad_spreads(const ad_shape *y, const ad_shape *x, unsigned *mask);

/* In a rule: the axes with `keep`; a tensor of the result's shape, made to broadcast to operand 0 again. */
ad_axes ad_axes_kept(const ad_pullback *p);
ad_tensor ad_keep_axes(ad_pullback *p, ad_tensor g);

/* ---- Loops ------------------------------------------------------------------------------------------------------- */

/* An array of a reduction: one element for each group, or as wide as x. NULL: not used. */
typedef struct ad_group_array {
    void *data;
    bool is_wide;
    bool is_index; /* i32 */
} ad_group_array;

/* Calls a loop of kernels/reduce.h for every block of x, of the type of operand 0. Array 0 is written; if it is of
 * groups and they have no elements, it becomes `nothing`. */
void ad_walk_groups(ad_call *c, const ad_loops *loops, const ad_shape *x, unsigned mask, double nothing, int n,
                    const ad_group_array arrays[]);

/* The same for operand 0, reduced to y. */
void ad_reduce_into(ad_call *c, const ad_loops *loops, void *y, double nothing);

/* For a call with the result of operand 0 reduced: its mean, in y, and its sum of squares; in sum_mean.c. */
void ad_mean_into(ad_call *c, void *y);
void ad_sum_squares_run(ad_call *c);

/* n elements of the type of operand 0 become `value`. */
void ad_fill_reals(const ad_call *c, void *data, size_t n, double value);
/* y[i] /= value */
void ad_divide_reals(ad_call *c, void *y, size_t n, double value);

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

#define OVER_AXES .arity = 1, .attributes = {{"axes", AD_ATTRIBUTE_AXES}}, .shape = ad_reduced_shape

extern const ad_sample ad_samples_over_axes[8];

static inline ad_tensor ad_over(const ad_operator *op, ad_tensor x, ad_axes axes)
{
    return ad_apply_one(op, &x, 1, &(ad_attribute){.axes = axes});
}

#endif
#endif
