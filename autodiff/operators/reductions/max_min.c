/* The largest and the smallest over axes, where they are, and how ties share a gradient. */
#include "reduce.h"

FOLD(max, -INFINITY, x > y || x != x ? x : y)
FOLD(min, INFINITY, x < y || x != x ? x : y)

/* NaN ties with NaN here. */
SUM(count_ties, x == g || (x != x && g != g) ? 1 : 0)
SUM(sum_ties, x == g || (x != x && g != g) ? u : 0)
SPREAD(select_ties, x == g || (x != x && g != g) ? v : 0)
MAP2(divide_count, a / b)

#ifdef AD_REAL

/* y = where in its group x first ties with g; groups that have gone on from other blocks may have found it. */
LOOP(first_tie)
{
    const REAL *restrict X = s->array[1], *restrict G = s->array[2];
    int32_t *restrict Y = s->array[0];
    const size_t n = s->size[1], k = s->size[2];
    for (size_t o = 0; o < s->size[0]; o++)
        for (size_t j = 0; j < k; j++) {
            const REAL *x = X + o * n * k + j, g = G[o * k + j];
            size_t i = 0;
            if (s->n && Y[o * k + j] >= 0)
                continue;
            while (i < n && !(x[i * k] == g || (x[i * k] != x[i * k] && g != g)))
                i++;
            Y[o * k + j] = i < n ? (int32_t)(s->n + i) : -1;
        }
}

#else

AD_FAMILY(reductions_max_min)

LOOP_TABLE(first_tie)

/* ---- Max and min ------------------------------------------------------------------------------------------------- */

static void max_shape(ad_call *c) { ad_reduced_shape_of_something(c, (ad_type)c->x[0]->type, "largest"); }
static void min_shape(ad_call *c) { ad_reduced_shape_of_something(c, (ad_type)c->x[0]->type, "smallest"); }
static void max_run(ad_call *c) { ad_reduce_into(c, &max_loops, c->y[0]->data, -INFINITY); }
static void min_run(ad_call *c) { ad_reduce_into(c, &min_loops, c->y[0]->data, INFINITY); }

/* y = max x, or min x :  dx = dy in equal shares to the elements that are y */
static void extreme_vjp(ad_pullback *p)
{
    ad_give(p, 0, ad_spread_ties(ad_keep_axes(p, ad_dy(p)), ad_x(p, 0), ad_keep_axes(p, ad_y(p)), ad_axes_kept(p)));
}

AD_OPERATOR(max,
    .arity = 1,
    .attributes = {{"axes", AD_ATTRIBUTE_AXES}},
    .shape = max_shape,
    SAMPLES(ad_samples_over_axes),
    .run = max_run,
    .vjp = extreme_vjp,
    .formula = "max x over axes",
    .gradient = "dy to the largest",
    .convention = "ties share equally; NaN if any is NaN; an error over nothing",
);

ad_tensor ad_max_over(ad_tensor x, ad_axes axes) { return ad_over(&ad_operator_max, x, axes); }
ad_tensor ad_max(ad_tensor x) { return ad_max_over(x, AD_ALL_AXES); }

AD_OPERATOR(min,
    .arity = 1,
    .attributes = {{"axes", AD_ATTRIBUTE_AXES}},
    .shape = min_shape,
    SAMPLES(ad_samples_over_axes),
    .run = min_run,
    .vjp = extreme_vjp,
    .formula = "min x over axes",
    .gradient = "dy to the smallest",
    .convention = "ties share equally; NaN if any is NaN; an error over nothing",
);

ad_tensor ad_min_over(ad_tensor x, ad_axes axes) { return ad_over(&ad_operator_min, x, axes); }
ad_tensor ad_min(ad_tensor x) { return ad_min_over(x, AD_ALL_AXES); }

/* ---- Where they are ---------------------------------------------------------------------------------------------- */

static void place_shape(ad_call *c, const char *what)
{
    unsigned mask = 0;
    char text[AD_OPERAND_TEXT];
    if (ad_axes_mask(c, &c->attributes[0].axes, c->x[0]->shape->rank, &mask) &&
        ad_group_size(c->x[0]->shape, mask) > (double)INT32_MAX)
        ad_call_fail(c, AD_BAD_SHAPE, "the axes of %s have more elements than an i32 can count",
                     ad_operand_text(c, 0, text));
    else
        ad_reduced_shape_of_something(c, AD_I32, what);
}

static void argmax_shape(ad_call *c) { place_shape(c, "largest"); }
static void argmin_shape(ad_call *c) { place_shape(c, "smallest"); }

static void find_extremes(ad_call *c, const ad_loops *loops, double first)
{
    const ad_value *x = c->x[0];
    void *extreme = ad_scratch(c, ad_elements(c->y[0]), ad_bytes_of(x->type));
    if (!extreme)
        return;
    ad_reduce_into(c, loops, extreme, first);
    ad_walk_groups(c, &first_tie_loops, x->shape, ad_reduced_axes(c), 0, 3,
                   (const ad_group_array[]){{c->y[0]->data, false, true}, {x->data, true, false}, {.data = extreme}});
}

static void argmax_run(ad_call *c) { find_extremes(c, &max_loops, -INFINITY); }
static void argmin_run(ad_call *c) { find_extremes(c, &min_loops, INFINITY); }

AD_OPERATOR(argmax,
    .arity = 1,
    .attributes = {{"axes", AD_ATTRIBUTE_AXES}},
    .properties = AD_NOT_DIFFERENTIABLE,
    .shape = argmax_shape,
    SAMPLES(ad_samples_over_axes),
    .run = argmax_run,
    .formula = "where x is max x",
    .gradient = "not differentiable",
    .convention = "the first of ties, the first NaN if there is one; an error over nothing",
);

ad_tensor ad_argmax_over(ad_tensor x, ad_axes axes) { return ad_over(&ad_operator_argmax, x, axes); }
ad_tensor ad_argmax(ad_tensor x) { return ad_argmax_over(x, AD_ALL_AXES); }

AD_OPERATOR(argmin,
    .arity = 1,
    .attributes = {{"axes", AD_ATTRIBUTE_AXES}},
    .properties = AD_NOT_DIFFERENTIABLE,
    .shape = argmin_shape,
    SAMPLES(ad_samples_over_axes),
    .run = argmin_run,
    .formula = "where x is min x",
    .gradient = "not differentiable",
    .convention = "the first of ties, the first NaN if there is one; an error over nothing",
);

ad_tensor ad_argmin_over(ad_tensor x, ad_axes axes) { return ad_over(&ad_operator_argmin, x, axes); }
ad_tensor ad_argmin(ad_tensor x) { return ad_argmin_over(x, AD_ALL_AXES); }

/* ---- Ties: how max shares its gradient, and the adjoint of that -------------------------------------------------- */

/* Operand `full` has the whole shape; operands in `kept` have it with the axes kept. */
static bool check_ties(ad_call *c, int full, const int kept[2])
{
    unsigned mask;
    char a[AD_OPERAND_TEXT], b[AD_OPERAND_TEXT];
    if (!ad_axes_mask(c, &c->attributes[0].axes, c->x[full]->shape->rank, &mask))
        return false;
    ad_shape expected = ad_reduced(c->x[full]->shape, mask, true);
    for (int i = 0; i < 2; i++)
        if (kept[i] != full && !ad_same_dims(c->x[kept[i]]->shape, &expected)) {
            ad_call_fail(c, AD_BAD_SHAPE, "%s must be %s with its axes kept", ad_operand_text(c, kept[i], a),
                         ad_operand_text(c, full, b));
            return false;
        }
    return true;
}

static unsigned tied_axes(ad_call *c, const ad_value *x)
{
    unsigned mask = 0;
    ad_axes_mask(c, &c->attributes[0].axes, x->shape->rank, &mask);
    return mask;
}

/* In scratch: for each group of x, how many elements tie with y. */
static void *tie_counts(ad_call *c, const ad_groups *of, const ad_value *x, const ad_value *y)
{
    void *count = ad_scratch(c, of->count, ad_bytes_of(y->type));
    if (count)
        ad_sum_groups(c, of, &count_ties_loops, count, 1, &(ad_sum_terms){.x = x->data, .g = y->data});
    return count;
}

static void divide_by_counts(ad_call *c, void *out, const void *v, const void *count, size_t n)
{
    ad_span span = {.n = n, .array = {out, (void *)(uintptr_t)v, (void *)(uintptr_t)count}, .step = {1, 1, 1}};
    ad_loop_for(&divide_count_loops, c->x[0]->type)(&span);
}

static void spread_ties_shape(ad_call *c)
{
    if (check_ties(c, 1, (const int[]){0, 2}))
        ad_result(c, 0, (ad_type)c->x[0]->type, c->x[1]->shape);
}

static void spread_ties_run(ad_call *c)
{
    const ad_value *v = c->x[0], *x = c->x[1], *y = c->x[2];
    const ad_groups of = ad_groups_of(x->shape, tied_axes(c, x));
    void *count = tie_counts(c, &of, x, y), *part = count ? ad_scratch(c, ad_elements(v), ad_bytes_of(v->type)) : NULL;
    if (!part)
        return;
    divide_by_counts(c, part, v->data, count, ad_elements(v));
    ad_walk_groups(c, &select_ties_loops, of.x, of.mask, 0, 4,
                   (const ad_group_array[]){
                       {c->y[0]->data, true, false}, {x->data, true, false}, {.data = part}, {.data = y->data}});
}

/* r = v in equal shares to the elements of x equal to y :  dv = mean_ties(dr, x, y); constant in x and y almost
 * everywhere */
static void spread_ties_vjp(ad_pullback *p)
{
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_mean_ties(ad_dy(p), ad_x(p, 1), ad_x(p, 2), ad_attribute_at(p, 0)->axes));
    for (int i = 1; i < 3; i++)
        if (ad_wants(p, i))
            ad_give(p, i, ad_zeros_like(ad_x(p, i)));
}

/* In samples x and y are -1 or 1 (kink 0 and gap 1 in [-1, 1] leave no other number), so that some of them tie. */
#define TIE_DOMAIN .low = -1, .high = 1, .gap = 1, .constant = true

static const ad_sample samples_spread[] = {
    {.n_x = 3, .x = {{2, {2, 1}}, {2, {2, 4}}, {2, {2, 1}}}, .attributes = {{.axes = {1, true, {1}}}}},
    {.n_x = 3, .x = {{2, {1, 1}}, {2, {4, 2}}, {2, {1, 1}}}, .attributes = {{.axes = {0}}}},
    {.n_x = 3, .x = {{2, {0, 1}}, {2, {0, 3}}, {2, {0, 1}}}, .attributes = {{.axes = {1, true, {1}}}}},
};

AD_OPERATOR(spread_ties,
    .arity = 3,
    .attributes = {{"axes", AD_ATTRIBUTE_AXES}},
    .shape = spread_ties_shape,
    SAMPLES(samples_spread),
    .run = spread_ties_run,
    .vjp = spread_ties_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "v / count(x = y) where x = y, else 0",
    .gradient = "mean_ties(dr, x, y), 0, 0",
    .convention = "NaN equals NaN here",
    .domain = {{0}, {TIE_DOMAIN}, {TIE_DOMAIN}},
);

ad_tensor ad_spread_ties(ad_tensor v, ad_tensor x, ad_tensor y, ad_axes axes)
{
    return ad_apply_one(&ad_operator_spread_ties, (const ad_tensor[]){v, x, y}, 3, &(ad_attribute){.axes = axes});
}

static void mean_ties_shape(ad_call *c)
{
    char a[AD_OPERAND_TEXT], b[AD_OPERAND_TEXT];
    if (!ad_same_dims(c->x[0]->shape, c->x[1]->shape))
        ad_call_fail(c, AD_BAD_SHAPE, "%s and %s must have the same shape", ad_operand_text(c, 0, a),
                     ad_operand_text(c, 1, b));
    else if (check_ties(c, 1, (const int[]){1, 2}))
        ad_result(c, 0, (ad_type)c->x[0]->type, c->x[2]->shape);
}

/* y = the mean of the elements of u where x equals m */
static void mean_of_ties(ad_call *c, const ad_groups *of, void *y, const void *count, const void *u)
{
    void *sum = ad_scratch(c, of->count, ad_bytes_of(c->x[1]->type));
    if (!sum)
        return;
    ad_sum_groups(c, of, &sum_ties_loops, sum, 1,
                  &(ad_sum_terms){.x = c->x[1]->data, .u = u, .g = c->x[2]->data, .u_is_wide = true});
    divide_by_counts(c, y, sum, count, of->count);
}

static void mean_ties_run(ad_call *c)
{
    const ad_value *u = c->x[0], *x = c->x[1];
    const ad_groups of = ad_groups_of(x->shape, tied_axes(c, x));
    void *y = c->y[0]->data, *count = tie_counts(c, &of, x, c->x[2]), *scale, *z;
    if (!count)
        return;
    mean_of_ties(c, &of, y, count, u->data);
    const void *near = ad_rescued(c, &of, y, 0, u->data, &scale);
    if (!near || !(z = ad_scratch(c, of.count, ad_bytes_of(u->type))))
        return;
    mean_of_ties(c, &of, z, count, near);
    ad_take_rescued(c, &of, y, 0, z, scale, 1);
}

/* r = mean of u where x equals y :  du = spread_ties(dr, x, y); constant in x and y almost everywhere */
static void mean_ties_vjp(ad_pullback *p)
{
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_spread_ties(ad_dy(p), ad_x(p, 1), ad_x(p, 2), ad_attribute_at(p, 0)->axes));
    for (int i = 1; i < 3; i++)
        if (ad_wants(p, i))
            ad_give(p, i, ad_zeros_like(ad_x(p, i)));
}

static const ad_sample samples_mean_ties[] = {
    {.n_x = 3, .x = {{2, {2, 6}}, {2, {2, 6}}, {2, {2, 1}}}, .attributes = {{.axes = {1, true, {1}}}}},
    {.n_x = 3, .x = {{2, {0, 3}}, {2, {0, 3}}, {2, {0, 1}}}, .attributes = {{.axes = {1, true, {1}}}}},
};

AD_OPERATOR(mean_ties,
    .arity = 3,
    .attributes = {{"axes", AD_ATTRIBUTE_AXES}},
    .shape = mean_ties_shape,
    SAMPLES(samples_mean_ties),
    .run = mean_ties_run,
    .vjp = mean_ties_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "sum(u where x = y) / count(x = y)",
    .gradient = "spread_ties(dr, x, y), 0, 0",
    .convention = "NaN where nothing ties",
    .domain = {{0}, {TIE_DOMAIN}, {TIE_DOMAIN}},
);

ad_tensor ad_mean_ties(ad_tensor u, ad_tensor x, ad_tensor y, ad_axes axes)
{
    return ad_apply_one(&ad_operator_mean_ties, (const ad_tensor[]){u, x, y}, 3, &(ad_attribute){.axes = axes});
}

#endif
