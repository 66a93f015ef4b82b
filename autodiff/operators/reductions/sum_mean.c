/* Sums over axes: sum, mean, sum of squares. */
#include "reduce.h"

SPREAD(twice_times, 2 * x * v)
MAP2(twice_product, 2 * a * b)

#ifdef AD_REAL

/* y = x / constant; the constant may have more digits than REAL */
LOOP(divide_by)
{
    const REAL *restrict X = s->array[1];
    REAL *restrict Y = s->array[0];
    for (size_t i = 0; i < s->n; i++)
        Y[i] = (REAL)((double)X[s->step[1] * i] / s->constant);
}

#else

AD_FAMILY(reductions_sum_mean)

LOOP_TABLE(divide_by)

/* ---- Sum and mean ------------------------------------------------------------------------------------------------ */

static void sum_run(ad_call *c)
{
    const ad_groups of = ad_groups_reduced(c);
    ad_sum_divided(c, &of, c->y[0]->data, 1, c->x[0]->data);
}

/* The gradient of a sum goes to every element of the sum. A scalar broadcasts as it is. */
static ad_tensor spread(ad_pullback *p, ad_tensor g)
{
    const bool is_scalar = ad_attribute_at(p, 0)->axes.count == 0;
    return ad_broadcast_to(is_scalar ? g : ad_keep_axes(p, g), *ad_x_shape(p, 0));
}

/* y = sum x :  dx = dy, broadcast */
static void sum_vjp(ad_pullback *p) { ad_give(p, 0, spread(p, ad_dy(p))); }

AD_OPERATOR(sum,
    OVER_AXES,
    SAMPLES(ad_samples_over_axes),
    .run = sum_run,
    .vjp = sum_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "sum x over axes",
    .gradient = "dy, broadcast",
    .convention = "0 over nothing",
);

ad_tensor ad_sum_over(ad_tensor x, ad_axes axes) { return ad_over(&ad_operator_sum, x, axes); }
ad_tensor ad_sum(ad_tensor x) { return ad_sum_over(x, AD_ALL_AXES); }

static void mean_run(ad_call *c)
{
    const ad_groups of = ad_groups_reduced(c);
    ad_sum_divided(c, &of, c->y[0]->data, of.n, c->x[0]->data);
}

/* y = (sum x) / n :  dx = dy / n, broadcast */
static void mean_vjp(ad_pullback *p)
{
    const double n = (double)ad_count_of(ad_x_shape(p, 0)) / (double)ad_size_of(ad_y(p));
    ad_give(p, 0, spread(p, ad_divide_by(ad_dy(p), n)));
}

AD_OPERATOR(mean,
    OVER_AXES,
    SAMPLES(ad_samples_over_axes),
    .run = mean_run,
    .vjp = mean_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "(sum x) / n over axes",
    .gradient = "dy / n, broadcast",
    .convention = "NaN over nothing",
);

ad_tensor ad_mean_over(ad_tensor x, ad_axes axes) { return ad_over(&ad_operator_mean, x, axes); }
ad_tensor ad_mean(ad_tensor x) { return ad_over(&ad_operator_mean, x, AD_ALL_AXES); }

/* y = x / c :  dx = dy / c */
static const ad_sample samples_divide_by[] = {
    {.n_x = 1, .x = {{2, {2, 3}}}, .attributes = {{.real = 3}}},
    {.n_x = 1, .x = {{0}}, .attributes = {{.real = -0.5}}},
    {.n_x = 1, .x = {{2, {0, 3}}}, .attributes = {{.real = 7}}},
};

AD_OPERATOR(divide_by,
    .arity = 1,
    ELEMENTWISE,
    .attributes = {{"c", AD_ATTRIBUTE_REAL}},
    SAMPLES(samples_divide_by),
    .loops = &divide_by_loops,
    GIVES(PART(divide_by, AD_DY)),
    .linear = AD_LINEAR_IN(0),
    .formula = "x / c",
    .gradient = "dy / c",
    .convention = "c has the digits of f64 for x of f32 too",
);

ad_tensor ad_divide_by(ad_tensor x, double c)
{
    return ad_apply_one(&ad_operator_divide_by, &x, 1, &(ad_attribute){.real = c});
}

/* ---- Sum of squares ---------------------------------------------------------------------------------------------- */

static void sum_squares_run(ad_call *c)
{
    const ad_groups of = ad_groups_reduced(c);
    ad_sum_squared(c, &of, c->y[0]->data, c->x[0]->data);
}

/* y = sum x^2 :  dx = 2 x dy */
static void sum_squares_vjp(ad_pullback *p) { ad_give(p, 0, ad_twice_product(ad_x(p, 0), ad_keep_axes(p, ad_dy(p)))); }

AD_OPERATOR(sum_squares,
    OVER_AXES,
    SAMPLES(ad_samples_over_axes),
    .run = sum_squares_run,
    .vjp = sum_squares_vjp,
    .formula = "sum x^2 over axes",
    .gradient = "2 x dy",
    .convention = "0 over nothing",
);

ad_tensor ad_sum_squares_over(ad_tensor x, ad_axes axes) { return ad_over(&ad_operator_sum_squares, x, axes); }
ad_tensor ad_sum_squares(ad_tensor x) { return ad_sum_squares_over(x, AD_ALL_AXES); }

/* The gradient of a sum of squares is computed in the blocks of the sum, other cases as in all element-wise
 * operators. */
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

AD_OPERATOR(twice_product,
    .arity = 2,
    .properties = AD_ELEMENTWISE,
    .shape = ad_broadcast_shape,
    SAMPLES(ad_samples_of_two),
    .run = twice_product_run,
    .loops = &twice_product_loops,
    .vjp = twice_product_vjp,
    .linear = AD_LINEAR_IN(0) | AD_LINEAR_IN(1),
    .formula = "2 a b",
    .gradient = "2 b dy, 2 a dy",
);

ad_tensor ad_twice_product(ad_tensor a, ad_tensor b) { return ad_apply2(&ad_operator_twice_product, a, b); }

#endif
