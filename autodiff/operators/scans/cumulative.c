/* Running totals along one axis. */
#include "../along_axis.h"

#include "../../kernels/scan.h"

#ifdef AD_REAL

/* Totals of f64 are carried over blocks of so many elements, with their rests; f64 carries f32 without a loss to speak
 * of. All begin as -0, to which any term adds itself. */
enum { ADDED_AT_ONCE = 16 };

/* The rest of an infinite total is no number. */
static inline void take_up(double *total, double *rest, double sum)
{
    add_exactly(total, rest, sum);
    *rest = *rest != 0 && *rest - *rest == 0 ? *rest : -0.0;
}

/* w <= COLUMNS groups side by side: y = total + the sum of the terms of this block */
ALWAYS_INLINE void cumsum_columns(REAL *restrict y, const REAL *restrict x, size_t n, size_t w, ptrdiff_t step)
{
    double total[COLUMNS], rest[COLUMNS], sum[COLUMNS];
    for (size_t j = 0; j < w; j++)
        total[j] = rest[j] = sum[j] = -0.0;
    if (!IS_WIDE) {
        for (size_t i = 0; i < n; i++, x += step, y += step)
            for (size_t j = 0; j < w; j++)
                y[j] = (REAL)(total[j] += (double)x[j]);
        return;
    }
    for (size_t from = 0; from < n; from += ADDED_AT_ONCE) {
        const size_t count = n - from < ADDED_AT_ONCE ? n - from : ADDED_AT_ONCE;
        for (size_t j = 0; j < w; j++)
            sum[j] = -0.0;
        for (size_t i = 0; i < count; i++, x += step, y += step)
            for (size_t j = 0; j < w; j++) {
                sum[j] += (double)x[j];
                y[j] = (REAL)(total[j] + (sum[j] + rest[j]));
            }
        for (size_t j = 0; j < w; j++)
            take_up(&total[j], &rest[j], sum[j]);
    }
}

LOOP(cumsum)
{
    const size_t n = s->size[1], k = s->size[2], begin = s->n ? (n - 1) * k : 0;
    const ptrdiff_t step = s->n ? -(ptrdiff_t)k : (ptrdiff_t)k;
    for (size_t o = 0; o < s->size[0]; o++)
        for (size_t from = 0; from < k; from += COLUMNS) {
            const size_t at = o * n * k + begin + from, w = k - from < COLUMNS ? k - from : COLUMNS;
            REAL *y = (REAL *)s->array[0] + at;
            const REAL *x = (const REAL *)s->array[1] + at;
            if (k == 1)
                cumsum_columns(y, x, n, 1, s->n ? -1 : 1);
            else if (w == COLUMNS)
                cumsum_columns(y, x, n, COLUMNS, step);
            else
                cumsum_columns(y, x, n, w, step);
        }
}

/* y_i = max of x_j, j <= i, and where it is, in array 2: the last of ties, a NaN if there was one. */
LOOP(cummax)
{
    const size_t n = s->size[1], k = s->size[2];
    for (size_t o = 0; o < s->size[0]; o++) {
        const REAL *restrict x = (const REAL *)s->array[1] + o * n * k;
        int32_t *at = (int32_t *)s->array[2] + o * n * k;
        REAL *y = (REAL *)s->array[0] + o * n * k;
        for (size_t j = 0; j < k; j++) {
            y[j] = x[j];
            at[j] = 0;
        }
        for (size_t t = k; t < n * k; t++) {
            const bool is_new = x[t] >= y[t - k] || x[t] != x[t];
            y[t] = is_new ? x[t] : y[t - k];
            at[t] = is_new ? (int32_t)(t / k) : at[t - k];
        }
    }
}

/* Running sums of exponentials below the largest so far, m, or 0 where that is infinite. The term of the largest is
 * kept apart: 1 + others = sum of e^(x-m). `rest` is what the roundings of `others` have lost. `of_top` is the u of the
 * largest, and `mean` the sum of e^(x-m) (u - of_top). */
typedef struct running {
    REAL top, of_top;
    double others, rest, mean;
} running;

#define BEFORE_ALL                                                                                                     \
    {                                                                                                                  \
        .top = -INFINITY, .others = -1                                                                                 \
    }

/* The block's powers: e = e^(x-m), and shrink = e^(m before - m). No power is above 1, unless x is +inf. */
static void running_powers(REAL top, const REAL *x, size_t k, REAL *m, REAL *e, REAL *shrink, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const REAL before = top, at = x[i * k];
        top = at > top || at != at ? at : top;
        m[i] = top - top == 0 || top != top ? top : 0;
        e[i] = at - m[i];
        shrink[i] = before == top ? 0 : before - top;
    }
    vector_exp(count, e, e);
    vector_exp(count, shrink, shrink);
}

/* Takes the next x, with its powers and its u. */
static inline void run_on(running *r, REAL x, REAL u, REAL e, REAL shrink)
{
    const double all = 1 + (r->others + r->rest);
    if (x > r->top && x < INFINITY) {
        r->mean = (double)shrink * (r->mean + (all == 0 ? 0 : all * (double)(r->of_top - u)));
        r->rest = (double)shrink * ((1 - all) + r->others + r->rest);
        r->others = (double)shrink * all;
        r->of_top = u;
    } else {
        r->mean += x == -INFINITY ? 0 : (double)e * (double)(u - r->of_top);
        add_exactly(&r->others, &r->rest, (double)e);
        r->rest = r->others - r->others == 0 ? r->rest : 0;
    }
    r->top = x > r->top || x != x ? x : r->top;
}

/* y_i = m_i + log1p(others): no error grows from one logarithm to the next. */
static void logcumsumexp_of(const REAL *x, REAL *y, size_t n, size_t k)
{
    running r = BEFORE_ALL;
    REAL m[VIA_BLOCK], e[VIA_BLOCK], shrink[VIA_BLOCK];
    for (size_t from = 0; from < n; from += VIA_BLOCK) {
        const size_t count = n - from < VIA_BLOCK ? n - from : VIA_BLOCK;
        running_powers(r.top, x + from * k, k, m, e, shrink, count);
        for (size_t i = 0; i < count; i++) {
            run_on(&r, x[(from + i) * k], 0, e[i], shrink[i]);
            e[i] = (REAL)(r.others + r.rest);
        }
        vector_log1p(count, e, e);
        for (size_t i = 0; i < count; i++)
            y[(from + i) * k] = m[i] + e[i];
    }
}

LOOP(logcumsumexp)
{
    const size_t n = s->size[1], k = s->size[2];
    for (size_t o = 0; o < s->size[0]; o++)
        for (size_t at = o * n * k; at < o * n * k + k; at++)
            logcumsumexp_of((const REAL *)s->array[1] + at, (REAL *)s->array[0] + at, n, k);
}

/* Whether there is a mean of u up to here, under the probabilities e^(x-y): not before the first x above -inf, nor from
 * an x of +inf on. */
static inline bool has_mean(const running *r) { return r->top > -INFINITY && r->top < INFINITY; }

/* Array 0 becomes the mean of u, in array 1, under the probabilities of x, in array 2. */
LOOP(logcumsumexp_slope)
{
    const size_t n = s->size[1], k = s->size[2];
    for (size_t g = 0; g < s->size[0] * k; g++) {
        const size_t at = g / k * n * k + g % k;
        const REAL *u = (const REAL *)s->array[1] + at, *x = (const REAL *)s->array[2] + at;
        REAL *y = (REAL *)s->array[0] + at, m[VIA_BLOCK], e[VIA_BLOCK], shrink[VIA_BLOCK];
        running r = BEFORE_ALL;
        for (size_t i = 0; i < n; i++) {
            const size_t l = i % VIA_BLOCK, left = n - i;
            if (l == 0)
                running_powers(r.top, x + i * k, k, m, e, shrink, left < VIA_BLOCK ? left : VIA_BLOCK);
            run_on(&r, x[i * k], u[i * k], e[l], shrink[l]);
            const double mean = (double)r.of_top + r.mean / (1 + (r.others + r.rest));
            y[i * k] = has_mean(&r) || r.top != r.top ? (REAL)mean : 0;
        }
    }
}

/* What the way back needs of each element: its powers, v over the sum of powers, the u of the largest so far, and how
 * far the mean of u is from that. */
typedef struct step_back {
    REAL e, shrink, weight, of_top, mean;
} step_back;

static void steps_of(step_back *to, const REAL *x, const REAL *v, const REAL *u, size_t n, size_t k)
{
    REAL m[VIA_BLOCK], e[VIA_BLOCK], shrink[VIA_BLOCK];
    running r = BEFORE_ALL;
    for (size_t i = 0; i < n; i++) {
        const size_t l = i % VIA_BLOCK, left = n - i;
        if (l == 0)
            running_powers(r.top, x + i * k, k, m, e, shrink, left < VIA_BLOCK ? left : VIA_BLOCK);
        run_on(&r, x[i * k], u ? u[i * k] : 0, e[l], shrink[l]);
        const double all = 1 + (r.others + r.rest);
        const bool known = has_mean(&r) || r.top != r.top;
        to[i] = (step_back){.e = r.top == INFINITY ? 0 : e[l],
                            .shrink = shrink[l],
                            .weight = known ? (REAL)((double)v[i * k] / all) : 0,
                            .of_top = r.of_top,
                            .mean = known ? (REAL)(r.mean / all) : 0};
    }
}

/* r_j = sum over i >= j of v_i e^(x_j - y_i) (u_j - mean_i of u); without u, of v_i e^(x_j - y_i). r is in array 0, x
 * in 1, v in 2; array 3 points to u, or NULL, and to room for the steps. Sums go back from the last i; they are those
 * of the probabilities of what is largest so far, and of its u. */
LOOP(logcumsumexp_backward)
{
    const size_t n = s->size[1], k = s->size[2];
    void *const *more = s->array[3];
    step_back *steps = more[1];
    for (size_t g = 0; g < s->size[0] * k; g++) {
        const size_t at = g / k * n * k + g % k;
        const REAL *x = (const REAL *)s->array[1] + at, *u = more[0] ? (const REAL *)more[0] + at : NULL;
        REAL *r = (REAL *)s->array[0] + at, of_top = 0;
        double sum = 0, products = 0;
        steps_of(steps, x, (const REAL *)s->array[2] + at, u, n, k);
        for (size_t i = n; i-- > 0;) {
            const step_back *to = &steps[i];
            const double shrink = i + 1 < n ? (double)steps[i + 1].shrink : 0;
            products = shrink * (products + (sum == 0 ? 0 : (double)(to->of_top - of_top) * sum)) -
                       (double)to->weight * (double)to->mean;
            sum = (double)to->weight + shrink * sum;
            of_top = to->of_top;
            const double own = u && x[i * k] > -INFINITY ? (double)(u[i * k] - of_top) * sum + products : sum;
            r[i * k] = x[i * k] == -INFINITY ? 0 : x[i * k] == INFINITY ? NAN : (REAL)((double)to->e * own);
        }
    }
}

#else

AD_FAMILY(scans_cumulative)

LOOP_TABLE(cumsum)
LOOP_TABLE(cummax)
LOOP_TABLE(logcumsumexp)
LOOP_TABLE(logcumsumexp_slope)
LOOP_TABLE(logcumsumexp_backward)

/* ---- Sums -------------------------------------------------------------------------------------------------------- */

static void cumsum_run(ad_call *c) { ad_run_along(c, &cumsum_loops, NULL, false, 0); }
static void cumsum_backward_run(ad_call *c) { ad_run_along(c, &cumsum_loops, NULL, true, 0); }

/* y_i = sum of x_j, j <= i :  dx_j = sum of dy_i, i >= j */
static void cumsum_vjp(ad_pullback *p) { ad_give(p, 0, ad_cumsum_backward(ad_dy(p), ad_axis_of(p))); }

AD_OPERATOR(cumsum,
    .arity = 1,
    ALONG_AXIS,
    SAMPLES(ad_samples_along_axis),
    .run = cumsum_run,
    .vjp = cumsum_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "y_i = sum of x_j, j <= i",
    .gradient = "sum of dy_i, i >= j",
);

ad_tensor ad_cumsum(ad_tensor x, int axis) { return ad_along(&ad_operator_cumsum, x, axis); }

/* y_i = sum of x_j, j >= i :  dx_j = sum of dy_i, i <= j */
static void cumsum_backward_vjp(ad_pullback *p) { ad_give(p, 0, ad_cumsum(ad_dy(p), ad_axis_of(p))); }

AD_OPERATOR(cumsum_backward,
    .arity = 1,
    ALONG_AXIS,
    SAMPLES(ad_samples_along_axis),
    .run = cumsum_backward_run,
    .vjp = cumsum_backward_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "y_i = sum of x_j, j >= i",
    .gradient = "sum of dy_i, i <= j",
);

ad_tensor ad_cumsum_backward(ad_tensor dy, int axis) { return ad_along(&ad_operator_cumsum_backward, dy, axis); }

/* ---- Maxima ------------------------------------------------------------------------------------------------------ */

static void cummax_shape(ad_call *c)
{
    ad_countable_axis_shape(c, (ad_type)c->x[0]->type);
    ad_result(c, 1, AD_I32, c->x[0]->shape);
}

static void cummax_run(ad_call *c) { ad_run_along(c, &cummax_loops, c->y[1]->data, false, 0); }

/* y_i = max of x_j, j <= i :  dy_i goes to where that max is */
static void cummax_vjp(ad_pullback *p)
{
    const ad_shape x = ad_shape_of(ad_x(p, 0));
    const int axis = ad_axis_of(p);
    ad_give(p, 0, ad_scatter_add(ad_dy(p), axis, ad_y_at(p, 1), size_at(&x, axis)));
}

AD_OPERATOR(cummax,
    .arity = 1,
    .n_byproducts = 1,
    .attributes = {{"axis", AD_ATTRIBUTE_INTEGER}},
    .shape = cummax_shape,
    SAMPLES(ad_samples_along_axis),
    .run = cummax_run,
    .vjp = cummax_vjp,
    .formula = "y_i = max of x_j, j <= i",
    .gradient = "each dy_i to the largest so far",
    .convention = "the last of ties takes it; NaN from the first NaN on",
);

ad_tensor ad_cummax(ad_tensor x, int axis) { return ad_along(&ad_operator_cummax, x, axis); }

/* ---- Sums of exponentials ---------------------------------------------------------------------------------------- */

static void logcumsumexp_run(ad_call *c) { ad_run_along(c, &logcumsumexp_loops, NULL, false, 0); }

/* y_i = ln sum of e^x_j, j <= i :  dx_j = sum of e^(x_j - y_i) dy_i, i >= j */
static void logcumsumexp_vjp(ad_pullback *p)
{
    ad_give(p, 0, ad_logcumsumexp_backward(ad_dy(p), ad_x(p, 0), ad_axis_of(p)));
}

AD_OPERATOR(logcumsumexp,
    .arity = 1,
    ALONG_AXIS,
    SAMPLES(ad_samples_along_axis),
    .run = logcumsumexp_run,
    .vjp = logcumsumexp_vjp,
    .formula = "y_i = ln sum of e^x_j, j <= i",
    .gradient = "sum of e^(x_j - y_i) dy_i, i >= j",
    .convention = "the gradient is 0 where x is -inf, NaN where it is +inf",
);

ad_tensor ad_logcumsumexp(ad_tensor x, int axis) { return ad_along(&ad_operator_logcumsumexp, x, axis); }

/* Calls a loop on x, v, and u, or NULL. */
static void run_back(ad_call *c, void *x, void *v, void *u)
{
    const ad_shape *shape = c->x[0]->shape;
    const int axis = ad_axis_index(c, c->attributes[0].integer, shape->rank);
    ad_span s = {.array = {c->y[0]->data, x, v}, .size = {1, 1, 1}};
    for (int i = 0; i < shape->rank; i++)
        s.size[i < axis ? 0 : i == axis ? 1 : 2] *= (size_t)shape->dims[i];
    void *more[] = {u, ad_scratch(c, s.size[1], 5 * ad_bytes_of(c->x[0]->type))};
    s.array[3] = more;
    if (more[1] && ad_count_of(shape))
        ad_loop_for(c->op->loops, c->x[0]->type)(&s);
}

static void logcumsumexp_backward_run(ad_call *c) { run_back(c, c->x[1]->data, c->x[0]->data, NULL); }
static void logcumsumexp_slope_run(ad_call *c) { run_back(c, c->x[0]->data, c->x[1]->data, NULL); }
static void logcumsumexp_bend_run(ad_call *c) { run_back(c, c->x[2]->data, c->x[0]->data, c->x[1]->data); }

static ad_tensor along(const ad_operator *op, const ad_tensor *x, int n, int axis)
{
    return ad_apply_one(op, x, n, &(ad_attribute){.integer = axis});
}

/* r_j = sum of e^(x_j - y_i) v_i, i >= j :  dv = slope(dr, x),  dx = bend(v, dr, x) */
static void logcumsumexp_backward_vjp(ad_pullback *p)
{
    const int axis = ad_axis_of(p);
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_logcumsumexp_slope(ad_dy(p), ad_x(p, 1), axis));
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_logcumsumexp_bend(ad_x(p, 0), ad_dy(p), ad_x(p, 1), axis));
}

static const ad_sample samples_of_back[] = {
    {.n_x = 2, .x = {{2, {2, 4}}, {2, {2, 4}}}, .attributes = {{.integer = -1}}},
    {.n_x = 2, .x = {{3, {2, 3, 2}}, {3, {2, 3, 2}}}, .attributes = {{.integer = 1}}},
    {.n_x = 2, .x = {{2, {0, 3}}, {2, {0, 3}}}, .attributes = {{.integer = 0}}},
};

AD_OPERATOR(logcumsumexp_backward,
    .arity = 2,
    ALONG_AXIS,
    SAMPLES(samples_of_back),
    .run = logcumsumexp_backward_run,
    .loops = &logcumsumexp_backward_loops,
    .vjp = logcumsumexp_backward_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "r_j = sum of e^(x_j - y_i) v_i, i >= j, y = logcumsumexp(x)",
    .gradient = "slope(dr, x), bend(v, dr, x)",
    .convention = "0 where x is -inf, NaN where it is +inf",
);

ad_tensor ad_logcumsumexp_backward(ad_tensor dy, ad_tensor x, int axis)
{
    return along(&ad_operator_logcumsumexp_backward, (const ad_tensor[]){dy, x}, 2, axis);
}

/* r_i = sum of e^(x_j - y_i) u_j, j <= i :  du = backward(dr, x),  dx = bend(dr, u, x) */
static void logcumsumexp_slope_vjp(ad_pullback *p)
{
    const int axis = ad_axis_of(p);
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_logcumsumexp_backward(ad_dy(p), ad_x(p, 1), axis));
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_logcumsumexp_bend(ad_dy(p), ad_x(p, 0), ad_x(p, 1), axis));
}

AD_OPERATOR(logcumsumexp_slope,
    .arity = 2,
    ALONG_AXIS,
    SAMPLES(samples_of_back),
    .run = logcumsumexp_slope_run,
    .loops = &logcumsumexp_slope_loops,
    .vjp = logcumsumexp_slope_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "r_i = sum of e^(x_j - y_i) u_j, j <= i, y = logcumsumexp(x)",
    .gradient = "backward(dr, x), bend(dr, u, x)",
    .convention = "0 while all x are -inf, and from an x of +inf on",
);

ad_tensor ad_logcumsumexp_slope(ad_tensor u, ad_tensor x, int axis)
{
    return along(&ad_operator_logcumsumexp_slope, (const ad_tensor[]){u, x}, 2, axis);
}

/* r_j = sum of v_i e^(x_j - y_i) (u_j - mean_i of u), i >= j, with mean u = slope(u, x), and S the transposed slope,
 * backward(., x) :  dv = mean(u dr) - mean u mean dr,  du = bend(v, dr, x),
 * dx = u dr S(v) - u S(v mean dr) - dr S(v mean u) + S(v (2 mean u mean dr - mean(u dr))) */
static void logcumsumexp_bend_vjp(ad_pullback *p)
{
    const int axis = ad_axis_of(p);
    const ad_tensor dr = ad_dy(p), v = ad_x(p, 0), u = ad_x(p, 1), x = ad_x(p, 2);
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_logcumsumexp_bend(v, dr, x, axis));
    if (!ad_wants(p, 0) && !ad_wants(p, 2))
        return;
    const ad_tensor of_u = ad_logcumsumexp_slope(u, x, axis), of_dr = ad_logcumsumexp_slope(dr, x, axis),
                    both = ad_mul(u, dr), of_both = ad_logcumsumexp_slope(both, x, axis), product = ad_mul(of_u, of_dr);
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_sub(of_both, product));
    if (!ad_wants(p, 2))
        return;
    ad_give(p, 2, ad_mul(both, ad_logcumsumexp_backward(v, x, axis)));
    ad_give(p, 2, ad_neg(ad_mul(u, ad_logcumsumexp_backward(ad_mul(v, of_dr), x, axis))));
    ad_give(p, 2, ad_neg(ad_mul(dr, ad_logcumsumexp_backward(ad_mul(v, of_u), x, axis))));
    ad_give(p, 2, ad_logcumsumexp_backward(ad_mul(v, ad_sub(ad_scale(product, 2), of_both)), x, axis));
}

static const ad_sample samples_of_bend[] = {
    {.n_x = 3, .x = {{2, {2, 4}}, {2, {2, 4}}, {2, {2, 4}}}, .attributes = {{.integer = -1}}},
    {.n_x = 3, .x = {{3, {2, 3, 2}}, {3, {2, 3, 2}}, {3, {2, 3, 2}}}, .attributes = {{.integer = 1}}},
    {.n_x = 3, .x = {{2, {0, 3}}, {2, {0, 3}}, {2, {0, 3}}}, .attributes = {{.integer = 0}}},
};

static void logcumsumexp_bend_shape(ad_call *c)
{
    char a[AD_OPERAND_TEXT], b[AD_OPERAND_TEXT];
    for (int i = 1; i < 3; i++)
        if (!ad_same_dims(c->x[0]->shape, c->x[i]->shape)) {
            ad_call_fail(c, AD_BAD_SHAPE, "%s and %s must have the same shape", ad_operand_text(c, 0, a),
                         ad_operand_text(c, i, b));
            return;
        }
    ad_along_axis_shape(c);
}

AD_OPERATOR(logcumsumexp_bend,
    .arity = 3,
    .attributes = {{"axis", AD_ATTRIBUTE_INTEGER}},
    .shape = logcumsumexp_bend_shape,
    SAMPLES(samples_of_bend),
    .run = logcumsumexp_bend_run,
    .loops = &logcumsumexp_backward_loops,
    .vjp = logcumsumexp_bend_vjp,
    .linear = AD_LINEAR_IN(0) | AD_LINEAR_IN(1),
    .formula = "r_j = sum of v_i e^(x_j - y_i) (u_j - slope(u, x)_i), i >= j, y = logcumsumexp(x)",
    .gradient = "slope(u dr) - slope(u) slope(dr), bend(v, dr, x), and that by x",
    .convention = "0 where x is -inf, NaN where it is +inf",
);

ad_tensor ad_logcumsumexp_bend(ad_tensor v, ad_tensor u, ad_tensor x, int axis)
{
    return along(&ad_operator_logcumsumexp_bend, (const ad_tensor[]){v, u, x}, 3, axis);
}

#endif
