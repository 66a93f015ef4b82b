#ifndef AUTODIFF_OPERATORS_REDUCTIONS_REDUCE_H
#define AUTODIFF_OPERATORS_REDUCTIONS_REDUCE_H
/* What the files of reductions share. In their rows the attribute `axes` comes first. */
#include "../family.h"

#include "../../kernels/reduce.h"

#ifndef AD_REAL

/* ---- Shapes ------------------------------------------------------------------------------------------------------ */

/* The shape rule of reductions; and of reductions that have no value over nothing: `what` names it in the message. */
void ad_reduced_shape(ad_call *c);
void ad_reduced_shape_of_something(ad_call *c, ad_type type, const char *what);

/* The axes of operand 0 that a call reduces, as a mask; the shape of operand 0 with size 1 on these axes. */
unsigned ad_reduced_axes(ad_call *c);
ad_shape ad_kept_shape(ad_call *c);

/* How many elements of x go into each element of the result. It is counted from the shape: a result may be empty. */
double ad_group_size(const ad_shape *x, unsigned mask);

/* Whether y has the rank of x and broadcasts to it; the axes on which it does, as a mask. */
bool ad_spreads(const ad_shape *y, const ad_shape *x, unsigned *mask);

/* In a rule: the axes with `keep` set; a tensor of the result's shape, reshaped so that it broadcasts to operand 0. */
ad_axes ad_axes_kept(const ad_pullback *p);
ad_tensor ad_keep_axes(ad_pullback *p, ad_tensor g);

/* ---- Loops ------------------------------------------------------------------------------------------------------- */

/* An array of a reduction: one element for each group, or as wide as x. NULL: not used. */
typedef struct ad_group_array {
    void *data;
    bool is_wide;
    bool is_index; /* i32 */
} ad_group_array;

/* Calls a loop of kernels/reduce.h, for the type of operand 0, for every block of x. Array 0 is written. If it has one
 * element for each group, and the groups are empty, its elements become `nothing`. */
void ad_walk_groups(ad_call *c, const ad_loops *loops, const ad_shape *x, unsigned mask, double nothing, int n,
                    const ad_group_array arrays[]);

/* The groups of x over the axes in the mask: how many there are, of how many elements each is, and the axes to walk:
 * the innermost first, without those of size 1. Neighbours that are both reduced, or both kept, are one. The first
 * `in_block` make blocks {m, n, k}; a group may go on in several. */
typedef struct ad_groups {
    const ad_shape *x;
    unsigned mask;
    size_t count;
    double n;
    int n_axes, in_block;
    bool go_on;
    size_t size[AD_MAX_RANK], block[AD_SPAN_SIZES];
    bool reduced[AD_MAX_RANK];
} ad_groups;

ad_groups ad_groups_of(const ad_shape *x, unsigned mask);
ad_groups ad_groups_reduced(ad_call *c);

/* Whether the groups are whole rows, short enough and enough of them for tiles. */
static inline bool ad_are_tiles(const ad_groups *of)
{
    return !of->go_on && of->block[2] == 1 && of->block[1] <= AD_TILE_ROW && of->block[0] >= TILE_ROWS;
}

/* The same with more of the span given: where its step[0] is 1, array 0 has totals; and for operand 0, reduced to y. */
void ad_walk_span(ad_call *c, const ad_loops *loops, const ad_groups *of, ad_span s, int n,
                  const ad_group_array arrays[]);
void ad_reduce_into(ad_call *c, const ad_loops *loops, void *y, double nothing);

/* ---- Sums of groups (sums.c) ------------------------------------------------------------------------------------- */

/* y = the sums of a loop's terms over groups, divided. u may be wide or the group's, as the loop wants it; NULL is not
 * used. */
typedef struct ad_sum_terms {
    const void *x, *u, *g;
    bool u_is_wide;
} ad_sum_terms;

void ad_sum_groups(ad_call *c, const ad_groups *of, const ad_loops *loops, void *y, double divisor,
                   const ad_sum_terms *terms);

/* y = n totals, divided */
void ad_round_totals(ad_call *c, void *y, size_t n, const ad_total *totals, double divisor);

/* y = the sums of x over groups, divided. A result that can be represented does not overflow on the way. */
void ad_sum_divided(ad_call *c, const ad_groups *of, void *y, double divisor, const void *x);

/* y = the sums of x^2 */
void ad_sum_squared(ad_call *c, const ad_groups *of, void *y, const void *x);

/* The deviations of x from the mean of its group are (x - high) - low. The mean is known as the sum of two numbers, so
 * that neither a large mean nor its rounding takes digits from them. */
void ad_means_in_two(ad_call *c, const ad_groups *of, void *high, void *low, const void *x);

/* The same of groups that are not empty, where a sum that overflows may be lost. */
void ad_means_in_range(ad_call *c, const ad_groups *of, void *high, void *low, const void *x);

/* A copy of x in scratch, where a result y of a group has been lost on the way: it is not finite, or smaller than
 * `least`, though x is finite and not 0. Each group of the copy is brought near to 1 by a power of two, `scale`. NULL
 * if nothing is lost, or on an error. */
void *ad_rescued(ad_call *c, const ad_groups *of, const void *y, double least, const void *x, void **scale);

/* y = z / scale, or z / scale^2, where y has been lost. */
void ad_take_rescued(ad_call *c, const ad_groups *of, void *y, double least, const void *z, const void *scale,
                     int power);

/* n elements of the type of operand 0 become `value`. */
void ad_fill_reals(const ad_call *c, void *data, size_t n, double value);

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

#define OVER_AXES .arity = 1, .attributes = {{"axes", AD_ATTRIBUTE_AXES}}, .shape = ad_reduced_shape

extern const ad_sample ad_samples_over_axes[8];

static inline ad_tensor ad_over(const ad_operator *op, ad_tensor x, ad_axes axes)
{
    return ad_apply_one(op, &x, 1, &(ad_attribute){.axes = axes});
}

#endif
#endif
