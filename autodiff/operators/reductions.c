/* Reductions over axes. Each is one or more walks over the operand, in which the result is broadcast and accumulated
 * into. */
#include "family.h"

MAP2(divide_count, a / b)
MAP1(finite_or_zero, x - x == 0 || x != x ? x : 0)

#ifdef AD_REAL

enum { LANES = 16, SUM_BLOCK = 1024 };

/* The sum of a row: in lanes, which the compiler turns into vectors, and in blocks, whose sums are added in f64. */
static double sum_of_row(const REAL *x, size_t n)
{
    double total = 0;
    for (size_t from = 0; from < n; from += SUM_BLOCK) {
        const size_t m = n - from < SUM_BLOCK ? n - from : SUM_BLOCK;
        REAL lane[LANES] = {0}, sum = 0;
        size_t i = 0;
        for (; i + LANES <= m; i += LANES)
            for (size_t k = 0; k < LANES; k++)
                lane[k] += x[from + i + k];
        for (; i < m; i++)
            sum += x[from + i];
        for (size_t k = 0; k < LANES; k++)
            sum += lane[k];
        total += (double)sum;
    }
    return total;
}

/* y += x, summed where y stands still. */
LOOP(sum)
{
    const REAL *restrict X = s->array[1];
    REAL *restrict Y = s->array[0];
    if (s->step[0])
        for (size_t i = 0; i < s->n; i++)
            Y[i] += X[i];
    else
        Y[0] = (REAL)((double)Y[0] + sum_of_row(X, s->n));
}

/* y = max(y, x); a NaN stays. */
LOOP(max)
{
    const REAL *restrict X = s->array[1];
    REAL *restrict Y = s->array[0];
    for (size_t i = 0; i < s->n; i++) {
        REAL *y = Y + s->step[0] * i;
        *y = X[i] > *y || X[i] != X[i] ? X[i] : *y;
    }
}

/* y += e^(x-m) */
LOOP(sum_exp)
{
    const REAL *restrict X = s->array[1], *restrict M = s->array[2];
    REAL *restrict Y = s->array[0];
    for (size_t i = 0; i < s->n; i++)
        Y[s->step[0] * i] += R(exp)(X[i] - M[s->step[2] * i]);
}

static inline int ties(REAL x, REAL y) { return x == y || (x != x && y != y); }

/* y += 1 where x ties with m */
LOOP(count_ties)
{
    const REAL *restrict X = s->array[1], *restrict M = s->array[2];
    REAL *restrict Y = s->array[0];
    for (size_t i = 0; i < s->n; i++)
        Y[s->step[0] * i] += ties(X[i], M[s->step[2] * i]) ? 1 : 0;
}

/* y += u where x ties with m */
LOOP(sum_ties)
{
    const REAL *restrict U = s->array[1], *restrict X = s->array[2], *restrict M = s->array[3];
    REAL *restrict Y = s->array[0];
    for (size_t i = 0; i < s->n; i++)
        Y[s->step[0] * i] += ties(X[i], M[s->step[3] * i]) ? U[i] : 0;
}

/* y = v where x ties with m, else 0 */
LOOP(select_ties)
{
    const REAL *restrict V = s->array[1], *restrict X = s->array[2], *restrict M = s->array[3];
    REAL *restrict Y = s->array[0];
    for (size_t i = 0; i < s->n; i++)
        Y[i] = ties(X[i], M[s->step[3] * i]) ? V[s->step[1] * i] : 0;
}

/* y = m + ln y */
LOOP(add_log)
{
    const REAL *restrict M = s->array[1];
    REAL *restrict Y = s->array[0];
    for (size_t i = 0; i < s->n; i++)
        Y[i] = M[i] + R(log)(Y[i]);
}

/* y /= constant */
LOOP(divide)
{
    REAL *restrict Y = s->array[0];
    for (size_t i = 0; i < s->n; i++)
        Y[i] /= (REAL)s->constant;
}

LOOP(fill)
{
    REAL *restrict Y = s->array[0];
    for (size_t i = 0; i < s->n; i++)
        Y[i] = (REAL)s->constant;
}

#else

AD_FAMILY(reductions)

LOOP_TABLE(sum)
LOOP_TABLE(max)
LOOP_TABLE(sum_exp)
LOOP_TABLE(count_ties)
LOOP_TABLE(sum_ties)
LOOP_TABLE(select_ties)
LOOP_TABLE(add_log)
LOOP_TABLE(divide)
LOOP_TABLE(fill)

/* ---- Helpers ----------------------------------------------------------------------------------------------------- */

/* An array to walk with: data, and the shape with which it broadcasts to the space. */
typedef struct array {
    void *data;
    const ad_shape *shape;
} array;

static void walk(ad_call *c, const ad_loops *loops, const ad_shape *space, int n, const array arrays[])
{
    const uint8_t type = c->x[0]->type;
    const ad_shape *shapes[AD_SPAN_ARRAYS];
    size_t bytes[AD_SPAN_ARRAYS];
    ad_span span = {0};
    for (int i = 0; i < n; i++) {
        shapes[i] = arrays[i].shape;
        bytes[i] = ad_type_bytes((ad_type)type);
        span.array[i] = arrays[i].data;
    }
    ad_walk(space, n, shapes, bytes, ad_loop_for(loops, c, type), &span);
}

static void fill(ad_call *c, void *data, size_t n, double value)
{
    ad_span span = {.n = n, .array = {data}, .constant = value};
    ad_loop_for(&fill_loops, c, c->x[0]->type)(&span);
}

/* The result's shape with the reduced axes kept: how it broadcasts to the operand. */
static ad_shape kept_shape(ad_call *c)
{
    unsigned mask;
    ad_axes_mask(c, &c->attributes[0].axes, c->x[0]->shape->rank, &mask);
    return ad_reduced(c->x[0]->shape, mask, true);
}

static void reduced_shape(ad_call *c)
{
    unsigned mask;
    const ad_axes *axes = &c->attributes[0].axes;
    if (!ad_axes_mask(c, axes, c->x[0]->shape->rank, &mask))
        return;
    ad_shape y = ad_reduced(c->x[0]->shape, mask, axes->keep);
    ad_result(c, 0, (ad_type)c->x[0]->type, &y);
}

/* A gradient of the reduced shape, made to broadcast to the operand again. */
static ad_tensor keep_axes(ad_pullback *p, ad_tensor g)
{
    const ad_axes *axes = &ad_attribute_at(p, 0)->axes;
    ad_shape x = ad_shape_of(ad_x(p, 0)), kept = x;
    for (int i = 0; i < x.rank; i++)
        if (axes->count == 0)
            kept.dims[i] = 1;
    for (int i = 0; i < axes->count; i++)
        kept.dims[axes->axis[i] < 0 ? axes->axis[i] + x.rank : axes->axis[i]] = 1;
    return axes->keep ? g : ad_reshape(g, kept);
}

static ad_tensor over(const ad_operator *op, ad_tensor x, ad_axes axes)
{
    return ad_apply_one(op, &x, 1, &(ad_attribute){.axes = axes});
}

#define OVER_AXES .arity = 1, .attributes = {{"axes", AD_ATTRIBUTE_AXES}}, .shape = reduced_shape

static const ad_sample samples_over_axes[] = {
    {.n_x = 1, .x = {{2, {2, 3}}}, .attributes = {{.axes = {0}}}},
    {.n_x = 1, .x = {{0}}, .attributes = {{.axes = {0}}}},
    {.n_x = 1, .x = {{2, {2, 3}}}, .attributes = {{.axes = {1, false, {0}}}}},
    {.n_x = 1, .x = {{2, {3, 2}}}, .attributes = {{.axes = {1, true, {-1}}}}},
    {.n_x = 1, .x = {{4, {2, 3, 2, 2}}}, .attributes = {{.axes = {2, false, {0, 2}}}}},
    {.n_x = 1, .x = {{3, {2, 3, 4}}}, .attributes = {{.axes = {1, true, {1}}}}},
    {.n_x = 1, .x = {{3, {0, 3, 2}}}, .attributes = {{.axes = {1, false, {1}}}}},
};

/* ---- Sum and mean ------------------------------------------------------------------------------------------------ */

static void sum_into(ad_call *c, const ad_shape *y_shape)
{
    ad_value *y = c->y[0];
    fill(c, y->data, ad_elements(y), 0);
    walk(c, &sum_loops, c->x[0]->shape, 2, (const array[]){{y->data, y_shape}, {c->x[0]->data, c->x[0]->shape}});
}

static void sum_run(ad_call *c)
{
    ad_shape kept = kept_shape(c);
    sum_into(c, &kept);
}

/* y = sum x :  dx = dy, broadcast */
static void sum_vjp(ad_pullback *p) { ad_give(p, 0, ad_broadcast_to(keep_axes(p, ad_dy(p)), ad_shape_of(ad_x(p, 0)))); }

AD_OPERATOR(sum) = {.name = "sum",
                    OVER_AXES,
                    SAMPLES(samples_over_axes),
                    .run = sum_run,
                    .vjp = sum_vjp,
                    .linear = AD_LINEAR_IN(0),
                    .formula = "sum x over axes",
                    .gradient = "dy, broadcast",
                    .convention = "0 over nothing"};

ad_tensor ad_sum_over(ad_tensor x, ad_axes axes) { return over(&ad_operator_sum, x, axes); }
ad_tensor ad_sum(ad_tensor x) { return ad_sum_over(x, AD_ALL_AXES); }

/* How many elements go into each of the result: of the shapes, so that nothing is divided by an empty result's size. */
static double group_size(const ad_shape *x, const ad_shape *kept)
{
    double n = 1;
    for (int i = 0; i < x->rank; i++)
        if (x->dims[i] != kept->dims[i])
            n *= (double)x->dims[i];
    return n;
}

static void mean_run(ad_call *c)
{
    ad_shape kept = kept_shape(c);
    sum_into(c, &kept);
    ad_span span = {.n = ad_elements(c->y[0]), .array = {c->y[0]->data}, .constant = group_size(c->x[0]->shape, &kept)};
    ad_loop_for(&divide_loops, c, c->x[0]->type)(&span);
}

/* y = (sum x) / n :  dx = dy / n, broadcast */
static void mean_vjp(ad_pullback *p)
{
    ad_shape x = ad_shape_of(ad_x(p, 0));
    double n = (double)ad_count_of(&x) / (double)ad_size_of(ad_y(p));
    ad_give(p, 0, ad_broadcast_to(keep_axes(p, ad_scale(ad_dy(p), 1 / n)), x));
}

AD_OPERATOR(mean) = {.name = "mean",
                     OVER_AXES,
                     SAMPLES(samples_over_axes),
                     .run = mean_run,
                     .vjp = mean_vjp,
                     .linear = AD_LINEAR_IN(0),
                     .formula = "(sum x) / n over axes",
                     .gradient = "dy / n, broadcast",
                     .convention = "NaN over nothing"};

ad_tensor ad_mean_over(ad_tensor x, ad_axes axes) { return over(&ad_operator_mean, x, axes); }
ad_tensor ad_mean(ad_tensor x) { return ad_mean_over(x, AD_ALL_AXES); }

/* ---- Max --------------------------------------------------------------------------------------------------------- */

static void not_over_nothing(ad_call *c)
{
    const ad_shape *x = c->x[0]->shape;
    unsigned mask;
    char text[AD_OPERAND_TEXT];
    if (!ad_axes_mask(c, &c->attributes[0].axes, x->rank, &mask))
        return;
    for (int i = 0; i < x->rank; i++)
        if (mask & 1U << i && x->dims[i] == 0) {
            ad_call_fail(c, AD_BAD_SHAPE, "axis %d of %s is empty: there is no largest of nothing", i,
                         ad_operand_text(c, 0, text));
            return;
        }
    reduced_shape(c);
}

static void max_into(ad_call *c, void *y, const ad_shape *kept)
{
    fill(c, y, ad_count_of(kept), -INFINITY);
    walk(c, &max_loops, c->x[0]->shape, 2, (const array[]){{y, kept}, {c->x[0]->data, c->x[0]->shape}});
}

static void max_run(ad_call *c)
{
    ad_shape kept = kept_shape(c);
    max_into(c, c->y[0]->data, &kept);
}

/* y = max x :  dx = dy in equal shares to the elements that are the largest */
static void max_vjp(ad_pullback *p)
{
    ad_axes axes = ad_attribute_at(p, 0)->axes;
    axes.keep = true;
    ad_give(p, 0, ad_spread_ties(keep_axes(p, ad_dy(p)), ad_x(p, 0), keep_axes(p, ad_y(p)), axes));
}

AD_OPERATOR(max) = {.name = "max",
                    .arity = 1,
                    .attributes = {{"axes", AD_ATTRIBUTE_AXES}},
                    .shape = not_over_nothing,
                    SAMPLES(samples_over_axes),
                    .run = max_run,
                    .vjp = max_vjp,
                    .formula = "max x over axes",
                    .gradient = "dy to the largest",
                    .convention = "ties share equally; NaN if any is NaN; an error over nothing"};

ad_tensor ad_max_over(ad_tensor x, ad_axes axes) { return over(&ad_operator_max, x, axes); }
ad_tensor ad_max(ad_tensor x) { return ad_max_over(x, AD_ALL_AXES); }

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

/* In scratch: for each group of x, how many elements tie with y. */
static void *tie_counts(ad_call *c, const ad_value *x, const ad_value *y)
{
    void *count = ad_scratch(c, ad_elements(y), ad_type_bytes((ad_type)y->type));
    if (!count)
        return NULL;
    fill(c, count, ad_elements(y), 0);
    walk(c, &count_ties_loops, x->shape, 3,
         (const array[]){{count, y->shape}, {x->data, x->shape}, {y->data, y->shape}});
    return count;
}

static void divide_by_counts(ad_call *c, void *out, const void *v, const void *count, size_t n)
{
    ad_span span = {.n = n, .array = {out, (void *)(uintptr_t)v, (void *)(uintptr_t)count}, .step = {1, 1, 1}};
    ad_loop_for(&divide_count_loops, c, c->x[0]->type)(&span);
}

static void spread_ties_shape(ad_call *c)
{
    if (check_ties(c, 1, (const int[]){0, 2}))
        ad_result(c, 0, (ad_type)c->x[0]->type, c->x[1]->shape);
}

static void spread_ties_run(ad_call *c)
{
    const ad_value *v = c->x[0], *x = c->x[1], *y = c->x[2];
    void *count = tie_counts(c, x, y),
         *part = count ? ad_scratch(c, ad_elements(v), ad_type_bytes((ad_type)v->type)) : NULL;
    if (!part)
        return;
    divide_by_counts(c, part, v->data, count, ad_elements(v));
    walk(c, &select_ties_loops, x->shape, 4,
         (const array[]){{c->y[0]->data, x->shape}, {part, v->shape}, {x->data, x->shape}, {y->data, y->shape}});
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

/* x and y are whole numbers here (kink 0, gap 1 of [-1, 1] leaves only +-1), so that some of them tie. */
#define TIE_DOMAIN                                                                                                     \
    {                                                                                                                  \
        -1, 1, 0, 1, true                                                                                              \
    }

static const ad_sample samples_spread[] = {
    {.n_x = 3, .x = {{2, {2, 1}}, {2, {2, 4}}, {2, {2, 1}}}, .attributes = {{.axes = {1, true, {1}}}}},
    {.n_x = 3, .x = {{2, {1, 1}}, {2, {4, 2}}, {2, {1, 1}}}, .attributes = {{.axes = {0}}}},
    {.n_x = 3, .x = {{2, {0, 1}}, {2, {0, 3}}, {2, {0, 1}}}, .attributes = {{.axes = {1, true, {1}}}}},
};

AD_OPERATOR(spread_ties) = {.name = "spread_ties",
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
                            .domain = {{0}, TIE_DOMAIN, TIE_DOMAIN}};

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

static void mean_ties_run(ad_call *c)
{
    const ad_value *u = c->x[0], *x = c->x[1], *m = c->x[2];
    ad_value *y = c->y[0];
    void *count = tie_counts(c, x, m),
         *sum = count ? ad_scratch(c, ad_elements(y), ad_type_bytes((ad_type)y->type)) : NULL;
    if (!sum)
        return;
    fill(c, sum, ad_elements(y), 0);
    walk(c, &sum_ties_loops, x->shape, 4,
         (const array[]){{sum, y->shape}, {u->data, x->shape}, {x->data, x->shape}, {m->data, m->shape}});
    divide_by_counts(c, y->data, sum, count, ad_elements(y));
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

AD_OPERATOR(mean_ties) = {.name = "mean_ties",
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
                          .domain = {{0}, TIE_DOMAIN, TIE_DOMAIN}};

ad_tensor ad_mean_ties(ad_tensor u, ad_tensor x, ad_tensor y, ad_axes axes)
{
    return ad_apply_one(&ad_operator_mean_ties, (const ad_tensor[]){u, x, y}, 3, &(ad_attribute){.axes = axes});
}

/* ---- Logsumexp --------------------------------------------------------------------------------------------------- */

/* y = m + ln sum e^(x-m) with m = max x, or 0 where that is infinite, so that nothing overflows and -inf stays -inf. */
static void logsumexp_run(ad_call *c)
{
    const ad_value *x = c->x[0];
    ad_shape kept = kept_shape(c);
    const size_t n = ad_count_of(&kept);
    void *y = c->y[0]->data, *m = ad_scratch(c, n, ad_type_bytes((ad_type)x->type));
    if (!m)
        return;
    max_into(c, y, &kept);
    ad_span span = {.n = n, .array = {m, y}, .step = {1, 1}};
    ad_loop_for(&finite_or_zero_loops, c, x->type)(&span);
    fill(c, y, n, 0);
    walk(c, &sum_exp_loops, x->shape, 3, (const array[]){{y, &kept}, {x->data, x->shape}, {m, &kept}});
    span = (ad_span){.n = n, .array = {y, m}};
    ad_loop_for(&add_log_loops, c, x->type)(&span);
}

/* y = ln sum e^x :  dx = e^(x-y) dy */
static void logsumexp_vjp(ad_pullback *p)
{
    ad_tensor softmax = ad_exp_difference(ad_x(p, 0), keep_axes(p, ad_y(p)));
    ad_give(p, 0, ad_mul(softmax, keep_axes(p, ad_dy(p))));
}

AD_OPERATOR(logsumexp) = {.name = "logsumexp",
                          OVER_AXES,
                          SAMPLES(samples_over_axes),
                          .run = logsumexp_run,
                          .vjp = logsumexp_vjp,
                          .formula = "ln sum e^x over axes",
                          .gradient = "e^(x-y) dy",
                          .convention = "-inf over nothing; the gradient is 0 where x is -inf"};

ad_tensor ad_logsumexp_over(ad_tensor x, ad_axes axes) { return over(&ad_operator_logsumexp, x, axes); }
ad_tensor ad_logsumexp(ad_tensor x) { return ad_logsumexp_over(x, AD_ALL_AXES); }

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

static void sum_to_run(ad_call *c) { sum_into(c, c->y[0]->shape); }

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
