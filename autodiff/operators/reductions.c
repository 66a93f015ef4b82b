/* Sums over axes: sum, mean, sum of squares, trace. */
#include "groups.h"

SUM(sum, x)
SUM(sum_squares, (x) * (x))
SPREAD(twice_times, 2 * x * v)
MAP2(twice_product, 2 * a * b)

#ifdef AD_REAL

/* y[o] = the sum of the diagonal of matrix o; size = {matrices, m, n} */
LOOP(trace)
{
    const REAL *X = s->array[1];
    REAL *Y = s->array[0];
    const size_t m = s->size[1], n = s->size[2], d = m < n ? m : n;
    for (size_t o = 0; o < s->size[0]; o++) {
        double sum = 0;
        for (size_t i = 0; i < d; i++)
            sum += (double)X[o * m * n + i * n + i];
        Y[o] = (REAL)sum;
    }
}

#else

AD_FAMILY(reductions)

LOOP_TABLE(trace)

/* ---- Sum and mean ------------------------------------------------------------------------------------------------ */

static void sum_run(ad_call *c) { ad_reduce_into(c, &sum_loops, c->y[0]->data, 0); }

/* y = sum x :  dx = dy, broadcast */
static void sum_vjp(ad_pullback *p)
{
    ad_give(p, 0, ad_broadcast_to(ad_keep_axes(p, ad_dy(p)), ad_shape_of(ad_x(p, 0))));
}

AD_OPERATOR(sum) = {.name = "sum",
                    OVER_AXES,
                    SAMPLES(ad_samples_over_axes),
                    .run = sum_run,
                    .vjp = sum_vjp,
                    .linear = AD_LINEAR_IN(0),
                    .formula = "sum x over axes",
                    .gradient = "dy, broadcast",
                    .convention = "0 over nothing"};

ad_tensor ad_sum_over(ad_tensor x, ad_axes axes) { return ad_over(&ad_operator_sum, x, axes); }
ad_tensor ad_sum(ad_tensor x) { return ad_sum_over(x, AD_ALL_AXES); }

void ad_mean_into(ad_call *c, void *y)
{
    ad_reduce_into(c, &sum_loops, y, 0);
    ad_divide_reals(c, y, ad_elements(c->y[0]), ad_group_size(c->x[0]->shape, ad_reduced_axes(c)));
}

static void mean_run(ad_call *c) { ad_mean_into(c, c->y[0]->data); }

/* y = (sum x) / n :  dx = dy / n, broadcast */
static void mean_vjp(ad_pullback *p)
{
    ad_shape x = ad_shape_of(ad_x(p, 0));
    double n = (double)ad_count_of(&x) / (double)ad_size_of(ad_y(p));
    ad_give(p, 0, ad_broadcast_to(ad_keep_axes(p, ad_scale(ad_dy(p), 1 / n)), x));
}

AD_OPERATOR(mean) = {.name = "mean",
                     OVER_AXES,
                     SAMPLES(ad_samples_over_axes),
                     .run = mean_run,
                     .vjp = mean_vjp,
                     .linear = AD_LINEAR_IN(0),
                     .formula = "(sum x) / n over axes",
                     .gradient = "dy / n, broadcast",
                     .convention = "NaN over nothing"};

ad_tensor ad_mean_over(ad_tensor x, ad_axes axes) { return ad_over(&ad_operator_mean, x, axes); }
ad_tensor ad_mean(ad_tensor x) { return ad_mean_over(x, AD_ALL_AXES); }

/* ---- Sum of squares ---------------------------------------------------------------------------------------------- */

void ad_sum_squares_run(ad_call *c) { ad_reduce_into(c, &sum_squares_loops, c->y[0]->data, 0); }

/* y = sum x^2 :  dx = 2 x dy */
static void sum_squares_vjp(ad_pullback *p) { ad_give(p, 0, ad_twice_product(ad_x(p, 0), ad_keep_axes(p, ad_dy(p)))); }

AD_OPERATOR(sum_squares) = {.name = "sum_squares",
                            OVER_AXES,
                            SAMPLES(ad_samples_over_axes),
                            .run = ad_sum_squares_run,
                            .vjp = sum_squares_vjp,
                            .formula = "sum x^2 over axes",
                            .gradient = "2 x dy",
                            .convention = "0 over nothing"};

ad_tensor ad_sum_squares_over(ad_tensor x, ad_axes axes) { return ad_over(&ad_operator_sum_squares, x, axes); }
ad_tensor ad_sum_squares(ad_tensor x) { return ad_sum_squares_over(x, AD_ALL_AXES); }

/* The gradient of a sum of squares goes by the blocks of the sum, the other cases as all element-wise operators. */
static void twice_product_run(ad_call *c)
{
    const ad_value *a = c->x[0], *b = c->x[1];
    unsigned mask;
    if (ad_spreads(b->shape, a->shape, &mask))
        ad_walk_groups(
            c, &twice_times_loops, a->shape, mask, 0, 3,
            (const ad_group_array[]){{c->y[0]->data, true, false}, {a->data, true, false}, {.data = b->data}});
    else
        ad_map(c);
}

/* y = 2 a b :  da = 2 b dy,  db = 2 a dy */
static void twice_product_vjp(ad_pullback *p)
{
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_twice_product(ad_dy(p), ad_x(p, 1)));
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_twice_product(ad_x(p, 0), ad_dy(p)));
}

AD_OPERATOR(twice_product) = {.name = "twice_product",
                              .arity = 2,
                              .properties = AD_ELEMENTWISE,
                              .shape = ad_broadcast_shape,
                              SAMPLES(ad_samples_of_two),
                              .run = twice_product_run,
                              .loops = &twice_product_loops,
                              .vjp = twice_product_vjp,
                              .linear = AD_LINEAR_IN(0) | AD_LINEAR_IN(1),
                              .formula = "2 a b",
                              .gradient = "2 b dy, 2 a dy"};

ad_tensor ad_twice_product(ad_tensor a, ad_tensor b) { return ad_apply2(&ad_operator_twice_product, a, b); }

/* ---- Trace ------------------------------------------------------------------------------------------------------- */

static ad_span matrices(ad_call *c, const ad_shape *shape)
{
    ad_span s = {.array = {c->y[0]->data, c->x[0]->data}, .size = {1, 1, 1}};
    for (int i = 0; i < shape->rank; i++)
        s.size[i < shape->rank - 2 ? 0 : i == shape->rank - 2 ? 1 : 2] *= (size_t)shape->dims[i];
    return s;
}

static void trace_shape(ad_call *c)
{
    ad_shape y = *c->x[0]->shape;
    char text[AD_OPERAND_TEXT];
    y.rank -= 2;
    if (y.rank < 0)
        ad_call_fail(c, AD_BAD_SHAPE, "%s is not a matrix: it must have at least 2 axes", ad_operand_text(c, 0, text));
    else
        ad_result(c, 0, (ad_type)c->x[0]->type, &y);
}

static void trace_run(ad_call *c)
{
    const ad_span s = matrices(c, c->x[0]->shape);
    ad_loop_for(&trace_loops, c, c->x[0]->type)(&s);
}

/* y = sum of the diagonal of x [..., m, n] :  dx = dy on the diagonal */
static void trace_vjp(ad_pullback *p)
{
    const ad_tensor dy = ad_expand_dims(ad_expand_dims(ad_dy(p), -1), -1);
    ad_give(p, 0, ad_triangles(ad_broadcast_to(dy, ad_shape_of(ad_x(p, 0))), 0, 1, 0));
}

static const ad_sample samples_trace[] = {
    {.n_x = 1, .x = {{2, {3, 3}}}},    {.n_x = 1, .x = {{3, {2, 3, 4}}}}, {.n_x = 1, .x = {{4, {2, 1, 4, 2}}}},
    {.n_x = 1, .x = {{3, {2, 0, 2}}}}, {.n_x = 1, .x = {{3, {0, 2, 2}}}},
};

AD_OPERATOR(trace) = {.name = "trace",
                      .arity = 1,
                      .shape = trace_shape,
                      SAMPLES(samples_trace),
                      .run = trace_run,
                      .vjp = trace_vjp,
                      .linear = AD_LINEAR_IN(0),
                      .formula = "sum x[..., i, i]",
                      .gradient = "dy on the diagonal, else 0",
                      .convention = "0 of matrices without elements"};

ad_tensor ad_trace(ad_tensor x) { return ad_apply1(&ad_operator_trace, x); }

/* ---- sum_to ------------------------------------------------------------------------------------------------------ */

static void sum_to_shape(ad_call *c)
{
    const ad_shape *target = &c->attributes[0].shape;
    ad_shape wide = *target;
    char a[AD_OPERAND_TEXT], b[AD_SHAPE_TEXT];
    if (!ad_check_shape(c->tape, c->op->name, target, 1))
        return;
    if (ad_broadcast(&wide, c->x[0]->shape) && ad_same_dims(&wide, c->x[0]->shape))
        ad_result(c, 0, (ad_type)c->x[0]->type, target);
    else
        ad_call_fail(c, AD_BAD_SHAPE, "%s is not %s broadcast: it cannot be summed to it", ad_operand_text(c, 0, a),
                     ad_shape_text(target, b));
}

static void sum_to_run(ad_call *c)
{
    const ad_shape *x = c->x[0]->shape, *y = c->y[0]->shape;
    unsigned mask = 0;
    for (int i = 0; i < x->rank; i++) {
        const int own = i - (x->rank - y->rank);
        if (own < 0 || y->dims[own] != x->dims[i])
            mask |= 1U << i;
    }
    ad_walk_groups(c, &sum_loops, x, mask, 0, 2,
                   (const ad_group_array[]){{.data = c->y[0]->data}, {c->x[0]->data, true, false}});
}

/* y = x summed over the axes in which it was broadcast :  dx = dy, broadcast again */
static void sum_to_vjp(ad_pullback *p) { ad_give(p, 0, ad_broadcast_to(ad_dy(p), ad_shape_of(ad_x(p, 0)))); }

static const ad_sample samples_sum_to[] = {
    {.n_x = 1, .x = {{2, {2, 3}}}, .attributes = {{.shape = {1, {3}}}}},
    {.n_x = 1, .x = {{3, {2, 3, 2}}}, .attributes = {{.shape = {2, {3, 1}}}}},
    {.n_x = 1, .x = {{2, {2, 3}}}, .attributes = {{.shape = {0}}}},
    {.n_x = 1, .x = {{2, {0, 3}}}, .attributes = {{.shape = {1, {3}}}}},
};

AD_OPERATOR(sum_to) = {.name = "sum_to",
                       .arity = 1,
                       .attributes = {{"shape", AD_ATTRIBUTE_SHAPE}},
                       .shape = sum_to_shape,
                       SAMPLES(samples_sum_to),
                       .run = sum_to_run,
                       .vjp = sum_to_vjp,
                       .linear = AD_LINEAR_IN(0),
                       .formula = "x summed over the axes in which shape was broadcast",
                       .gradient = "dy, broadcast"};

ad_tensor ad_sum_to(ad_tensor x, ad_shape shape)
{
    return ad_apply_one(&ad_operator_sum_to, &x, 1, &(ad_attribute){.shape = shape});
}

#endif
