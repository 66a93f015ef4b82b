#ifndef AUTODIFF_OPERATORS_FAMILY_H
#define AUTODIFF_OPERATORS_FAMILY_H
/* What every file of operators/ begins with. A row is written
 *
 *   AD_OPERATOR(tanh,
 *       OF_ONE,
 *       .loops = &tanh_loops,
 *       GIVES(PART(tanh_backward, AD_DY, AD_Y, AD_X0)),
 *       .formula = "tanh x",
 *       .gradient = "(1 - y^2) dy",
 *   );
 *
 * This defines the ad_operator `ad_operator_tanh`, with the name "tanh" and these members. It is in the table by that
 * alone: the linker gathers the addresses of the rows in the section ad_rows. */
#include <math.h>
#include <string.h>

#include <gradtape/operators.h>
#include <gradtape/operators/backward.h>

#include "../kernels/vector_math.h"

#ifndef AD_REAL

#include "../forward/map.h"
#include "../forward/shape_rules.h"
#include "../kernels/broadcast.h"
#include "../reverse/part_rules.h"
#include "../tape/handles.h"
#include "../tape/names.h"
#include "../tape/status.h"

#define AD_OPERATOR(row, ...)                                                                                          \
    extern const ad_operator ad_operator_##row;                                                                        \
    static const ad_operator *ad_row_##row __attribute__((section("ad_rows"), used)) = &ad_operator_##row;             \
    const ad_operator ad_operator_##row = {.name = #row, __VA_ARGS__}

/* A gradient rule as data (reverse/part_rules.h), the part of each operand in turn:
 *
 *   GIVES(PART(div, AD_DY, AD_X1), PART(quotient_slope, AD_DY, AD_X0, AD_X1))       da = dy / b,  db = -a dy / b^2 */
#define GIVES(...)                                                                                                     \
    .vjp = ad_give_parts, .parts = (const struct ad_part_rule[]) { __VA_ARGS__ }
#define PART(row, ...)                                                                                                 \
    {                                                                                                                  \
        &ad_operator_##row, { __VA_ARGS__ }                                                                            \
    }
#define DY_ITSELF                                                                                                      \
    {                                                                                                                  \
        NULL, { AD_DY }                                                                                                \
    }

/* The rows that give parts of others. */
extern const ad_operator ad_operator_atan_backward, ad_operator_div, ad_operator_divide_by, ad_operator_divide_or_zero,
    ad_operator_elu_backward, ad_operator_erf_backward, ad_operator_gelu_backward, ad_operator_logistic_backward,
    ad_operator_logistic_cross_entropy_backward, ad_operator_mul, ad_operator_mul_exp, ad_operator_mul_trunc_quotient,
    ad_operator_neg, ad_operator_quotient_slope, ad_operator_quotient_slope_or_zero, ad_operator_scale,
    ad_operator_selu_backward, ad_operator_share_greater, ad_operator_silu_backward, ad_operator_tanh_backward,
    ad_operator_times_sign, ad_operator_where_not_positive, ad_operator_where_positive;

/* Each file of rows says its name, and the table asks for each by the list of files that the build has: a linker takes
 * from a static library only what is asked for. */
#define AD_FAMILY(name)                                                                                                \
    extern const char ad_family_##name;                                                                                \
    const char ad_family_##name = 0;

#define SAMPLES(array) .samples = array, .n_samples = (int)(sizeof(array) / sizeof((array)[0]))

/* Samples of element-wise operators: each size class once, and every way to broadcast. */
extern const ad_sample ad_samples_of_one[4], ad_samples_of_two[9], ad_samples_of_three[4];

/* What rows of element-wise operators have in common. */
#define ELEMENTWISE_AND(more) .properties = AD_ELEMENTWISE | (more), .shape = ad_broadcast_shape, .run = ad_map
#define ELEMENTWISE ELEMENTWISE_AND(0)
#define OF_ONE .arity = 1, ELEMENTWISE, SAMPLES(ad_samples_of_one)
#define OF_TWO .arity = 2, ELEMENTWISE, SAMPLES(ad_samples_of_two)
#define OF_THREE .arity = 3, ELEMENTWISE, SAMPLES(ad_samples_of_three)

/* The size of an axis; a negative one counts from the last. 0 where there is no such axis: in a rule, a tensor that an
 * error made inert has the shape of a scalar. */
static inline int64_t size_at(const ad_shape *x, int axis)
{
    axis += axis < 0 ? x->rank : 0;
    return axis >= 0 && axis < x->rank ? x->dims[axis] : 0;
}

/* Applies a row of one result. */
static inline ad_tensor ad_apply_one(const ad_operator *op, const ad_tensor *x, int n, const ad_attribute *attributes)
{
    ad_tensor y[AD_MAX_RESULTS] = {{0}};
    ad_apply(NULL, op, x, n, attributes, y);
    return y[0];
}

#endif
#endif
