/* Distances over axes: variance, standard deviation, norms. */
#include "reduce.h"

SUM(sum_abs, R(fabs)(x))
SUM_OF_GROUPS(sum_deviations, (x - g) * (x - g))
SPREAD(deviations, x - v - g)
FOLD(max_abs, 0, R(fabs)(x) > y || x != x ? R(fabs)(x) : y)

#ifdef AD_REAL

/* The sum of squares about the mean, high + low, of n elements. `sum` is that about high, which is n low^2 more: at
 * most twice as much, since high is the number next to the mean. */
ALWAYS_INLINE double about_mean(double sum, double low, double n)
{
    const double about = sum - n * (low * low);
    return about < 0 ? 0 : about;
}

/* y = sum of squares about high, becomes a variance. Array 1 is low, and 2 the size of a group. */
LOOP(variances)
{
    const REAL *restrict L = s->array[1];
    REAL *restrict Y = s->array[0];
    const double n = *(const double *)s->array[2];
    const ad_divisor by = divisor_of(s->constant);
    for (size_t i = 0; i < s->n; i++)
        Y[i] = divided(about_mean((double)Y[i], (double)L[i], n), by);
}

/* y = variance of rows of x; the constant is the divisor. */
LOOP(variances_of_rows)
{
    const REAL *X = s->array[1];
    REAL *Y = s->array[0], tile[AD_TILE_ROW * TILE_ROWS];
    const size_t m = s->size[0], n = s->size[1];
    const ad_divisor by = divisor_of(s->constant), by_n = divisor_of((double)n);
    for (size_t o = 0; o < m; o += TILE_ROWS) {
        const size_t at = tile_at(o, m);
        REAL high[TILE_ROWS], low[TILE_ROWS];
        double sum[TILE_ROWS];
        load_tile(tile, X + at * n, n);
        means_of_tile(tile, n, by_n, high, low);
        sum_tile((terms){.of = sum_deviations_term, .x = tile, .u = tile, .g = high}, n, sum);
        for (size_t r = 0; r < TILE_ROWS; r++)
            Y[at + r] = divided(about_mean(sum[r], (double)low[r], (double)n), by);
    }
}

LOOP(root)
{
    REAL *restrict Y = s->array[0];
    for (size_t i = 0; i < s->n; i++)
        Y[i] = R(sqrt)(Y[i]);
}

#else

AD_FAMILY(reductions_var_std_norm)

LOOP_TABLE(variances)
LOOP_TABLE(variances_of_rows)
LOOP_TABLE(root)

static void root(ad_call *c, void *y, size_t n)
{
    ad_loop_for(&root_loops, c->x[0]->type)(&(ad_span){.n = n, .array = {y}});
}

/* y = a measure of groups of x that is made of squares, divided. */
typedef void measure(ad_call *c, const ad_groups *of, void *y, double divisor, const void *x);

/* The result becomes the measure, or its root. Where squares are out of range it is computed once more, of groups
 * brought near to 1. */
static void measure_safely(ad_call *c, measure *m, const ad_groups *of, double divisor, bool is_root)
{
    const bool is_wide = c->x[0]->type == AD_F64;
    const double square = is_wide ? DBL_MIN / DBL_EPSILON : (double)(FLT_MIN / FLT_EPSILON),
                 least = is_root ? sqrt(square) : square;
    void *y = c->y[0]->data, *scale, *z;
    m(c, of, y, divisor, c->x[0]->data);
    if (is_root)
        root(c, y, of->count);
    const void *near = ad_rescued(c, of, y, least, c->x[0]->data, &scale);
    if (!near || !(z = ad_scratch(c, of->count, ad_bytes_of(c->x[0]->type))))
        return;
    m(c, of, z, divisor, near);
    if (is_root)
        root(c, z, of->count);
    ad_take_rescued(c, of, y, least, z, scale, is_root ? 1 : 2);
}

/* ---- Variance and standard deviation ----------------------------------------------------------------------------- */

/* What the squared distances from the mean of n elements are divided by: nothing below 0. */
static double freedom(double n, double correction) { return n > correction ? n - correction : 0; }

/* In a rule. */
static double freedom_of(ad_pullback *p)
{
    const double n = (double)ad_size_of(ad_x(p, 0)) / (double)ad_size_of(ad_y(p));
    return freedom(n, ad_attribute_at(p, 1)->real);
}

static void var_shape(ad_call *c)
{
    const double correction = c->attributes[1].real;
    if (correction >= 0 && correction < INFINITY)
        ad_reduced_shape(c);
    else
        ad_call_fail(c, AD_BAD_VALUE, "the correction %g must be finite and not below 0; 1 is usual", correction);
}

/* y = sum (x - mean)^2 / divisor */
static void variances(ad_call *c, const ad_groups *of, void *y, double divisor, const void *x)
{
    double n = of->n;
    if (!ad_count_of(of->x)) {
        ad_fill_reals(c, y, of->count, NAN);
        return;
    }
    if (ad_are_tiles(of)) {
        ad_walk_span(c, &variances_of_rows_loops, of, (ad_span){.constant = divisor}, 2,
                     (const ad_group_array[]){{.data = y}, {(void *)(uintptr_t)x, true, false}});
        return;
    }
    const size_t bytes = ad_bytes_of(c->x[0]->type);
    void *high = ad_scratch(c, of->count, bytes), *low = high ? ad_scratch(c, of->count, bytes) : NULL;
    if (!low)
        return;
    ad_means_in_range(c, of, high, low, x);
    ad_sum_groups(c, of, &sum_deviations_loops, y, 1, &(ad_sum_terms){.x = x, .g = high});
    ad_loop_for(&variances_loops, c->x[0]->type)(
        &(ad_span){.n = of->count, .array = {y, low, &n}, .constant = divisor});
}

static void variance(ad_call *c, bool is_root)
{
    const ad_groups of = ad_groups_reduced(c);
    measure_safely(c, variances, &of, freedom(of.n, c->attributes[1].real), is_root);
}

static void var_run(ad_call *c) { variance(c, false); }
static void std_run(ad_call *c) { variance(c, true); }

static ad_tensor deviations(ad_pullback *p) { return ad_deviations(ad_x(p, 0), ad_attribute_at(p, 0)->axes); }

/* y = sum (x - mean)^2 / f, f = n - correction :  dx = 2 (x - mean) dy / f, since the deviations sum to 0 */
static void var_vjp(ad_pullback *p)
{
    ad_give(p, 0, ad_twice_product(deviations(p), ad_keep_axes(p, ad_divide_by(ad_dy(p), freedom_of(p)))));
}

#define OVER_AXES_CORRECTED                                                                                            \
    .arity = 1, .attributes = {{"axes", AD_ATTRIBUTE_AXES}, {"correction", AD_ATTRIBUTE_REAL}}, .shape = var_shape

static const ad_sample samples_corrected[] = {
    {.n_x = 1, .x = {{2, {2, 3}}}, .attributes = {{.axes = {0}}, {.real = 1}}},
    {.n_x = 1, .x = {{2, {2, 3}}}, .attributes = {{.axes = {1, false, {1}}}, {.real = 0}}},
    {.n_x = 1, .x = {{2, {3, 2}}}, .attributes = {{.axes = {1, true, {-2}}}, {.real = 1}}},
    {.n_x = 1, .x = {{4, {2, 3, 2, 2}}}, .attributes = {{.axes = {2, false, {0, 2}}}, {.real = 1.5}}},
    {.n_x = 1, .x = {{3, {0, 3, 2}}}, .attributes = {{.axes = {1, false, {1}}}, {.real = 1}}},
};

AD_OPERATOR(var,
    OVER_AXES_CORRECTED,
    SAMPLES(samples_corrected),
    .run = var_run,
    .vjp = var_vjp,
    .formula = "sum (x - mean x)^2 / (n - correction) over axes",
    .gradient = "2 (x - mean x) dy / (n - correction)",
    .convention = "NaN over nothing; where n <= correction the divisor is 0",
);

static ad_tensor with_number(const ad_operator *op, ad_tensor x, double number, ad_axes axes)
{
    return ad_apply_one(op, &x, 1, (const ad_attribute[]){{.axes = axes}, {.real = number}});
}

ad_tensor ad_var_over(ad_tensor x, double correction, ad_axes axes)
{
    return with_number(&ad_operator_var, x, correction, axes);
}

ad_tensor ad_var(ad_tensor x) { return ad_var_over(x, 0, AD_ALL_AXES); }

/* y = sqrt(var) :  dx = (x - mean) dy / (y f); (x - mean) / y is never large, though 1 / y may be */
static void std_vjp(ad_pullback *p)
{
    const ad_tensor ratio = ad_divide_or_zero(deviations(p), ad_keep_axes(p, ad_y(p)));
    ad_give(p, 0, ad_mul(ratio, ad_keep_axes(p, ad_divide_by(ad_dy(p), freedom_of(p)))));
}

AD_OPERATOR(std,
    OVER_AXES_CORRECTED,
    SAMPLES(samples_corrected),
    .run = std_run,
    .vjp = std_vjp,
    .formula = "sqrt(sum (x - mean x)^2 / (n - correction)) over axes",
    .gradient = "(x - mean x) dy / (y (n - correction))",
    .convention = "the gradient is 0 where y = 0; NaN over nothing",
);

ad_tensor ad_std_over(ad_tensor x, double correction, ad_axes axes)
{
    return with_number(&ad_operator_std, x, correction, axes);
}

ad_tensor ad_std(ad_tensor x) { return ad_std_over(x, 0, AD_ALL_AXES); }

/* ---- Deviations -------------------------------------------------------------------------------------------------- */

static void deviations_shape(ad_call *c)
{
    unsigned mask;
    if (ad_axes_mask(c, &c->attributes[0].axes, c->x[0]->shape->rank, &mask))
        ad_result(c, 0, (ad_type)c->x[0]->type, c->x[0]->shape);
}

static void deviations_run(ad_call *c)
{
    const ad_groups of = ad_groups_reduced(c);
    const size_t bytes = ad_bytes_of(c->x[0]->type);
    void *high = ad_scratch(c, of.count, bytes), *low = high ? ad_scratch(c, of.count, bytes) : NULL;
    if (!low)
        return;
    ad_means_in_two(c, &of, high, low, c->x[0]->data);
    ad_walk_groups(c, &deviations_loops, of.x, of.mask, 0, 4,
                   (const ad_group_array[]){
                       {c->y[0]->data, true, false}, {c->x[0]->data, true, false}, {.data = high}, {.data = low}});
}

/* r = x - mean x :  dx = deviations(dr) */
static void deviations_vjp(ad_pullback *p) { ad_give(p, 0, ad_deviations(ad_dy(p), ad_attribute_at(p, 0)->axes)); }

static const ad_sample samples_deviations[] = {
    {.n_x = 1, .x = {{2, {2, 3}}}, .attributes = {{.axes = {0}}}},
    {.n_x = 1, .x = {{2, {3, 2}}}, .attributes = {{.axes = {1, true, {-1}}}}},
    {.n_x = 1, .x = {{4, {2, 3, 2, 2}}}, .attributes = {{.axes = {2, false, {0, 2}}}}},
    {.n_x = 1, .x = {{3, {2, 3, 4}}}, .attributes = {{.axes = {1, false, {1}}}}},
    {.n_x = 1, .x = {{3, {0, 3, 2}}}, .attributes = {{.axes = {1, false, {1}}}}},
};

AD_OPERATOR(deviations,
    .arity = 1,
    .attributes = {{"axes", AD_ATTRIBUTE_AXES}},
    .shape = deviations_shape,
    SAMPLES(samples_deviations),
    .run = deviations_run,
    .vjp = deviations_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "x - mean x over axes",
    .gradient = "dr - mean dr",
    .convention = "a large mean takes no digits; 0 where all are equal",
);

ad_tensor ad_deviations(ad_tensor x, ad_axes axes) { return ad_over(&ad_operator_deviations, x, axes); }

/* ---- Norms ------------------------------------------------------------------------------------------------------- */

static void norm_shape(ad_call *c)
{
    const double order = c->attributes[1].real;
    if (order == 1 || order == 2 || order == INFINITY)
        ad_reduced_shape(c);
    else
        ad_call_fail(c, AD_BAD_VALUE, "order %g: it must be 1, 2 or INFINITY", order);
}

static void sum_squares(ad_call *c, const ad_groups *of, void *y, double divisor, const void *x)
{
    (void)divisor;
    ad_sum_squared(c, of, y, x);
}

static void norm_run(ad_call *c)
{
    const double order = c->attributes[1].real;
    const ad_groups of = ad_groups_reduced(c);
    if (order == 1)
        ad_sum_groups(c, &of, &sum_abs_loops, c->y[0]->data, 1, &(ad_sum_terms){.x = c->x[0]->data});
    else if (order > 2)
        ad_reduce_into(c, &max_abs_loops, c->y[0]->data, 0);
    else
        measure_safely(c, sum_squares, &of, 1, true);
}

/* y = sum |x| :  dx = sign(x) dy;  sqrt(sum x^2) :  dx = x dy / y;  max |x| :  dx = sign(x) dy to the largest */
static void norm_vjp(ad_pullback *p)
{
    const double order = ad_attribute_at(p, 1)->real;
    ad_tensor x = ad_x(p, 0), y = ad_keep_axes(p, ad_y(p)), dy = ad_keep_axes(p, ad_dy(p));
    if (order == 1)
        ad_give(p, 0, ad_times_sign(dy, x));
    else if (order > 2)
        ad_give(p, 0, ad_times_sign(ad_spread_ties(dy, ad_abs(x), y, ad_axes_kept(p)), x));
    else
        ad_give(p, 0, ad_mul(ad_divide_or_zero(x, y), dy));
}

static const ad_sample samples_norm[] = {
    {.n_x = 1, .x = {{2, {2, 3}}}, .attributes = {{.axes = {0}}, {.real = 2}}},
    {.n_x = 1, .x = {{2, {2, 3}}}, .attributes = {{.axes = {1, false, {1}}}, {.real = 1}}},
    {.n_x = 1, .x = {{2, {3, 2}}}, .attributes = {{.axes = {1, true, {-2}}}, {.real = INFINITY}}},
    {.n_x = 1, .x = {{4, {2, 3, 2, 2}}}, .attributes = {{.axes = {2, false, {0, 2}}}, {.real = 2}}},
    {.n_x = 1, .x = {{4, {2, 3, 2, 2}}}, .attributes = {{.axes = {2, false, {0, 2}}}, {.real = INFINITY}}},
    {.n_x = 1, .x = {{0}}, .attributes = {{.axes = {0}}, {.real = 1}}},
    {.n_x = 1, .x = {{3, {0, 3, 2}}}, .attributes = {{.axes = {1, false, {1}}}, {.real = 2}}},
    {.n_x = 1, .x = {{3, {3, 0, 2}}}, .attributes = {{.axes = {1, false, {1}}}, {.real = 2}}},
};

AD_OPERATOR(norm,
    .arity = 1,
    .attributes = {{"axes", AD_ATTRIBUTE_AXES}, {"order", AD_ATTRIBUTE_REAL}},
    .shape = norm_shape,
    SAMPLES(samples_norm),
    .run = norm_run,
    .vjp = norm_vjp,
    .formula = "sum |x|, sqrt(sum x^2) or max |x| over axes, for order 1, 2 or INFINITY",
    .gradient = "sign(x) dy; x dy / y; sign(x) dy to the largest",
    .convention = "0 over nothing; the gradient is 0 where y = 0; ties share equally",
    .domain = {{.low = -2, .high = 2, .gap = 0.1}},
);

ad_tensor ad_norm_over(ad_tensor x, double order, ad_axes axes)
{
    return with_number(&ad_operator_norm, x, order, axes);
}

ad_tensor ad_norm(ad_tensor x) { return ad_norm_over(x, 2, AD_ALL_AXES); }

#endif
