/* Softmax along an axis, its logarithm, and what their gradients are made of. */
#include "../along_axis.h"

#include "../../kernels/short_groups.h"

#ifdef AD_REAL

/* Short groups are read into x, and y if there is an array 2, as columns; the function makes r from them. */
typedef void column_function(REAL *restrict r, REAL *restrict x, const REAL *restrict y, size_t n, size_t w);

ALWAYS_INLINE void for_short_groups(column_function *function, const ad_span *s, bool of_two)
{
    const size_t n = s->size[1], step = s->size[2], all = s->size[0] * step;
    REAL r[SHORT_ROOM], x[SHORT_ROOM], y[SHORT_ROOM];
    for (size_t from = 0; from < all;) {
        const some_groups g = groups_from(from, all, n, step);
        read_groups(x, s->array[1], &g);
        if (of_two)
            read_groups(y, s->array[2], &g);
        if (g.w == MOST_GROUPS)
            function(r, x, y, n, MOST_GROUPS);
        else
            function(r, x, y, n, g.w);
        write_groups(s->array[0], r, &g);
        from += g.w;
    }
}

/* Calls a function of a group for size[0] x size[2] groups of size[1] elements, which are size[2] apart. */
#define FOR_EACH_GROUP(function, a, b, c)                                                                              \
    const size_t n = s->size[1], step = s->size[2];                                                                    \
    for (size_t o = 0; o < s->size[0]; o++)                                                                            \
        for (size_t at = o * n * step; at < o * n * step + step; at++)                                                 \
            if (step == 1)                                                                                             \
                function((REAL *)(a) + at, (const REAL *)(b) + at, (const REAL *)(c) + at, n, 1);                      \
            else                                                                                                       \
                function((REAL *)(a) + at, (const REAL *)(b) + at, (const REAL *)(c) + at, n, step);

ALWAYS_INLINE void softmax_of_columns(REAL *restrict r, REAL *restrict x, const REAL *restrict unused, size_t n,
                                      size_t w)
{
    REAL m[MOST_GROUPS], sum[MOST_GROUPS];
    double others[MOST_GROUPS];
    (void)unused;
    largest_of_columns(m, x, n, w);
    exp_of_columns(r, x, m, others, n, w);
    for (size_t l = 0; l < w; l++)
        sum[l] = (REAL)(1 + others[l]);
    for (size_t i = 0; i < n; i++)
        for (size_t l = 0; l < w; l++)
            r[i * w + l] /= sum[l];
}

ALWAYS_INLINE void softmax_of(REAL *y, const REAL *x, const REAL *unused, size_t n, size_t step)
{
    (void)unused;
    const REAL sum = (REAL)(1 + exp_of_group(y, x, largest(x, n, step), n, step));
    for (size_t i = 0; i < n; i++)
        y[i * step] /= sum;
}

LOOP(softmax)
{
    if (is_short(s->size[1], s->size[2])) {
        for_short_groups(softmax_of_columns, s, false);
        return;
    }
    FOR_EACH_GROUP(softmax_of, s->array[0], s->array[1], s->array[1])
}

/* (x - m) - log1p(others): for the largest only the second is left. */
ALWAYS_INLINE void log_softmax_of(REAL *restrict y, const REAL *restrict x, const REAL *unused, size_t n, size_t step)
{
    (void)unused;
    const REAL m = largest(x, n, step), rest = (REAL)log1p(exp_of_group(NULL, x, m, n, step));
    for (size_t i = 0; i < n; i++)
        y[i * step] = x[i * step] - m - rest;
}

ALWAYS_INLINE void log_softmax_of_columns(REAL *restrict r, REAL *restrict x, const REAL *restrict unused, size_t n,
                                          size_t w)
{
    REAL m[MOST_GROUPS], rest[MOST_GROUPS];
    double others[MOST_GROUPS];
    (void)unused;
    largest_of_columns(m, x, n, w);
    exp_of_columns(r, x, m, others, n, w);
    log1p_of_columns(rest, others, w);
    for (size_t i = 0; i < n; i++)
        for (size_t l = 0; l < w; l++)
            r[i * w + l] = x[i * w + l] - m[l] - rest[l];
}

LOOP(log_softmax)
{
    if (is_short(s->size[1], s->size[2])) {
        for_short_groups(log_softmax_of_columns, s, false);
        return;
    }
    FOR_EACH_GROUP(log_softmax_of, s->array[0], s->array[1], s->array[1])
}

/* r = v - mean, or y times that, of w columns in rows that are `apart`. */
ALWAYS_INLINE void deviations_of_columns(REAL *restrict r, const REAL *restrict v, const REAL *restrict y, size_t n,
                                         size_t w, size_t apart, bool times_y)
{
    REAL origin[MOST_GROUPS], rest[MOST_GROUPS];
    means_of_columns(origin, rest, v, y, n, w, apart);
    for (size_t i = 0; i < n; i++)
        for (size_t l = 0; l < w; l++) {
            const size_t at = i * apart + l;
            const REAL deviation = v[at] - origin[l] - rest[l];
            r[at] = times_y ? y[at] * deviation : deviation;
        }
}

/* The same of long groups side by side. */
ALWAYS_INLINE void deviations_side_by_side(const ad_span *s, bool times_y)
{
    const size_t n = s->size[1], step = s->size[2];
    const REAL *V = s->array[1], *Y = s->array[2];
    REAL *r = s->array[0];
    for (size_t o = 0; o < s->size[0]; o++)
        for (size_t l = 0; l < step; l += MOST_GROUPS) {
            const size_t at = o * n * step + l;
            if (step - l >= MOST_GROUPS)
                deviations_of_columns(r + at, V + at, Y + at, n, MOST_GROUPS, step, times_y);
            else
                deviations_of_columns(r + at, V + at, Y + at, n, step - l, step, times_y);
        }
}

/* y (v - mean) */
ALWAYS_INLINE void softmax_backward_of(REAL *restrict r, const REAL *v, const REAL *y, size_t n, size_t step)
{
    const mean_value mean = mean_under(v, y, n, step);
    for (size_t i = 0; i < n; i++)
        r[i * step] = y[i * step] * (v[i * step] - mean.origin - mean.rest);
}

ALWAYS_INLINE void softmax_backward_of_columns(REAL *restrict r, REAL *restrict v, const REAL *restrict y, size_t n,
                                               size_t w)
{
    deviations_of_columns(r, v, y, n, w, w, true);
}

LOOP(softmax_backward)
{
    if (is_short(s->size[1], s->size[2])) {
        for_short_groups(softmax_backward_of_columns, s, true);
        return;
    }
    if (s->size[2] >= SIDE_BY_SIDE) {
        deviations_side_by_side(s, true);
        return;
    }
    FOR_EACH_GROUP(softmax_backward_of, s->array[0], s->array[1], s->array[2])
}

ALWAYS_INLINE void weighted_deviation_of(REAL *restrict r, const REAL *v, const REAL *y, size_t n, size_t step)
{
    const mean_value mean = mean_under(v, y, n, step);
    for (size_t i = 0; i < n; i++)
        r[i * step] = v[i * step] - mean.origin - mean.rest;
}

ALWAYS_INLINE void weighted_deviation_of_columns(REAL *restrict r, REAL *restrict v, const REAL *restrict y, size_t n,
                                                 size_t w)
{
    deviations_of_columns(r, v, y, n, w, w, false);
}

LOOP(weighted_deviation)
{
    if (is_short(s->size[1], s->size[2])) {
        for_short_groups(weighted_deviation_of_columns, s, true);
        return;
    }
    if (s->size[2] >= SIDE_BY_SIDE) {
        deviations_side_by_side(s, false);
        return;
    }
    FOR_EACH_GROUP(weighted_deviation_of, s->array[0], s->array[1], s->array[2])
}

/* Sums of v where y is above -ln 2, a probability above 1/2, and elsewhere; how many are above, and which if one is. */
typedef struct likely_elements {
    double above, below;
    uint64_t count, which;
} likely_elements;

static inline double sum_of_block(const REAL *x, size_t n)
{
    double lane[LANES] = {0}, few = 0;
    const size_t whole = n / LANES * LANES;
    for (size_t i = 0; i < whole; i += LANES)
        for (size_t l = 0; l < LANES; l++)
            lane[l] += (double)x[i + l];
    for (size_t i = whole; i < n; i++)
        few += (double)x[i];
    return whole ? few + sum_of_lanes(lane) : few;
}

ALWAYS_INLINE likely_elements sums_by_likeliness(const REAL *v, const REAL *y, size_t n, size_t step)
{
    const REAL half = (REAL)-0.69314718055994531;
    ad_total likely = {0}, others = {0};
    uint64_t found = 0, which = 0;
    for (size_t from = 0, end; from < n; from = end) {
        REAL above[VIA_BLOCK], below[VIA_BLOCK];
        uint32_t count = 0;
        end = n - from < VIA_BLOCK ? n : from + VIA_BLOCK;
        for (size_t i = from; i < end; i++) {
            const REAL own = v[i * step], at = y[i * step];
            above[i - from] = at > half ? own : 0;
            below[i - from] = at > half ? 0 : own;
        }
        for (size_t j = from; j < end; j++)
            count += y[j * step] > half;
        for (size_t j = from; j < end && count; j++)
            if (y[j * step] > half) {
                which = j;
                break;
            }
        if (count)
            add_exactly(&likely.sum, &likely.rest, sum_of_block(above, end - from));
        add_exactly(&others.sum, &others.rest, sum_of_block(below, end - from));
        found += count;
    }
    return (likely_elements){exact_total_of(likely), exact_total_of(others), found, which};
}

/* (1 - e^y) v - e^y (sum of the other v), where y is near 0 */
ALWAYS_INLINE void mend_likely(REAL *restrict r, const REAL *v, const REAL *y, const likely_elements *t, size_t n,
                               size_t step)
{
    const size_t from = t->count == 1 ? t->which * step : 0, end = t->count == 1 ? from + 1 : n * step;
    for (size_t at = from; at < end; at += step)
        if (R(exp)(y[at]) > (REAL)0.75 && y[at] < 0) {
            const REAL others = (REAL)(t->count == 1 ? t->below : t->below + (t->above - (double)v[at]));
            r[at] = -R(expm1)(y[at]) * v[at] - R(exp)(y[at]) * others;
        }
}

/* v - e^y sum(v), but for a y near 0 */
ALWAYS_INLINE void log_softmax_backward_of(REAL *restrict r, const REAL *v, const REAL *y, size_t n, size_t step)
{
    const likely_elements t = sums_by_likeliness(v, y, n, step);
    const REAL all = (REAL)(t.below + t.above);
    for (size_t from = 0; from < n; from += VIA_BLOCK) {
        const size_t count = n - from < VIA_BLOCK ? n - from : VIA_BLOCK, at = from * step;
        REAL p[VIA_BLOCK];
        for (size_t i = 0; i < count; i++)
            p[i] = y[at + i * step];
        exp_of_buffer(count, p);
        for (size_t i = 0; i < count; i++)
            r[at + i * step] = v[at + i * step] - p[i] * all;
    }
    if (t.count)
        mend_likely(r, v, y, &t, n, step);
}

/* Of columns: sums of v where y is above -ln 2, and elsewhere, how many are above, and the sum of these y. */
typedef struct likely_columns {
    double above[MOST_GROUPS], below[MOST_GROUPS];
    REAL count[MOST_GROUPS], y[MOST_GROUPS];
} likely_columns;

static inline void find_likely(likely_columns *restrict t, const REAL *restrict v, const REAL *restrict y, size_t n,
                               size_t w)
{
    const REAL half = (REAL)-0.69314718055994531;
    for (size_t l = 0; l < w; l++) {
        t->above[l] = t->below[l] = 0;
        t->count[l] = t->y[l] = 0;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t l = 0; l < w; l++) {
            const REAL own = v[i * w + l], at = y[i * w + l];
            t->above[l] += (double)(at > half ? own : 0);
            t->below[l] += (double)(at > half ? 0 : own);
            t->count[l] += at > half ? 1 : 0;
            t->y[l] += at > half ? at : 0;
        }
}

ALWAYS_INLINE void log_softmax_backward_of_columns(REAL *restrict r, REAL *restrict v, const REAL *restrict y, size_t n,
                                                   size_t w)
{
    likely_columns t;
    REAL all[MOST_GROUPS], below[MOST_GROUPS], rest[MOST_GROUPS];
    uint32_t some = 0, several = 0;
    find_likely(&t, v, y, n, w);
    for (size_t l = 0; l < w; l++) {
        all[l] = (REAL)(t.below[l] + t.above[l]);
        below[l] = (REAL)t.below[l];
        rest[l] = t.count[l] == 1 ? t.y[l] : 0;
        some += t.count[l] > 0 ? 1U : 0U;
        several += t.count[l] > 1 ? 1U : 0U;
    }
    for (size_t l = w; l < FEW_ELEMENTS; l++)
        rest[l] = 0;
    for (size_t i = 0; i < n * w; i++)
        r[i] = y[i];
    exp_of_buffer(n * w, r);
    if (some)
        vector_expm1(w < FEW_ELEMENTS ? FEW_ELEMENTS : w, rest, rest);
    for (size_t i = 0; i < n; i++)
        for (size_t l = 0; l < w; l++) {
            const REAL p = r[i * w + l], own = v[i * w + l];
            const REAL direct = own - p * all[l], careful = -rest[l] * own - p * below[l];
            r[i * w + l] = p > (REAL)0.75 && rest[l] < 0 ? careful : direct;
        }
    for (size_t l = 0; l < w && several; l++)
        if (t.count[l] > 1)
            mend_likely(r + l, v + l, y + l, &(likely_elements){t.above[l], t.below[l], 2, 0}, n, w);
}

LOOP(log_softmax_backward)
{
    if (is_short(s->size[1], s->size[2])) {
        for_short_groups(log_softmax_backward_of_columns, s, true);
        return;
    }
    FOR_EACH_GROUP(log_softmax_backward_of, s->array[0], s->array[1], s->array[2])
}

#else

AD_FAMILY(softmax_softmax)

LOOP_TABLE(softmax)
LOOP_TABLE(log_softmax)
LOOP_TABLE(softmax_backward)
LOOP_TABLE(weighted_deviation)
LOOP_TABLE(log_softmax_backward)

static void along_axis_run(ad_call *c) { ad_run_along(c, c->op->loops, c->n_x == 2 ? c->x[1]->data : NULL, false, 0); }

#define RUN_ALONG_AXIS ALONG_AXIS, .run = along_axis_run

static const ad_sample samples_along[] = {
    {.n_x = 1, .x = {{2, {2, 3}}}, .attributes = {{.integer = -1}}},
    {.n_x = 1, .x = {{3, {2, 3, 2}}}, .attributes = {{.integer = 1}}},
    {.n_x = 1, .x = {{1, {4}}}, .attributes = {{.integer = 0}}},
    {.n_x = 1, .x = {{2, {0, 3}}}, .attributes = {{.integer = -1}}},
};

static const ad_sample samples_along_two[] = {
    {.n_x = 2, .x = {{2, {2, 3}}, {2, {2, 3}}}, .attributes = {{.integer = -1}}},
    {.n_x = 2, .x = {{3, {2, 3, 2}}, {3, {2, 3, 2}}}, .attributes = {{.integer = 1}}},
    {.n_x = 2, .x = {{2, {2, 0}}, {2, {2, 0}}}, .attributes = {{.integer = -1}}},
};

/* y = e^x / sum e^x :  dx = y (dy - sum(y dy)) */
static void softmax_vjp(ad_pullback *p) { ad_give(p, 0, ad_softmax_backward(ad_dy(p), ad_y(p), ad_axis_of(p))); }

AD_OPERATOR(softmax,
    .arity = 1,
    RUN_ALONG_AXIS,
    SAMPLES(samples_along),
    .loops = &softmax_loops,
    .vjp = softmax_vjp,
    .formula = "e^x / sum e^x along axis",
    .gradient = "y (dy - sum(y dy))",
    .convention = "0 where x is -inf; NaN if all are",
);

ad_tensor ad_softmax(ad_tensor x, int axis) { return ad_along(&ad_operator_softmax, x, axis); }

/* r = y (v - sum(y v)) :  dv = y (dr - sum(y dr)),  dy = dr (v - sum(y v)) - v sum(y dr) */
static void softmax_backward_vjp(ad_pullback *p)
{
    ad_tensor dr = ad_dy(p), v = ad_x(p, 0), y = ad_x(p, 1);
    const int axis = ad_axis_of(p);
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_softmax_backward(dr, y, axis));
    if (!ad_wants(p, 1))
        return;
    ad_give(p, 1, ad_mul(dr, ad_weighted_deviation(v, y, axis)));
    ad_give(p, 1, ad_neg(ad_mul(v, ad_sum_over(ad_mul(y, dr), AD_KEEP_AXES(axis)))));
}

AD_OPERATOR(softmax_backward,
    .arity = 2,
    RUN_ALONG_AXIS,
    SAMPLES(samples_along_two),
    .loops = &softmax_backward_loops,
    .vjp = softmax_backward_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "y (v - sum(y v))",
    .gradient = "y (dr - sum(y dr)), dr (v - sum(y v)) - v sum(y dr)",
);

ad_tensor ad_softmax_backward(ad_tensor dy, ad_tensor y, int axis)
{
    return ad_apply_one(&ad_operator_softmax_backward, (const ad_tensor[]){dy, y}, 2, &(ad_attribute){.integer = axis});
}

/* r = v - sum(y v) :  dv = dr - y sum(dr),  dy = -v sum(dr) */
static void weighted_deviation_vjp(ad_pullback *p)
{
    ad_tensor dr = ad_dy(p), v = ad_x(p, 0), y = ad_x(p, 1);
    ad_tensor total = ad_sum_over(dr, AD_KEEP_AXES(ad_axis_of(p)));
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_sub(dr, ad_mul(y, total)));
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_neg(ad_mul(v, total)));
}

AD_OPERATOR(weighted_deviation,
    .arity = 2,
    RUN_ALONG_AXIS,
    SAMPLES(samples_along_two),
    .loops = &weighted_deviation_loops,
    .vjp = weighted_deviation_vjp,
    .linear = AD_LINEAR_IN(0) | AD_LINEAR_IN(1),
    .formula = "v - sum(y v) along axis",
    .gradient = "dr - y sum(dr), -v sum(dr)",
);

ad_tensor ad_weighted_deviation(ad_tensor v, ad_tensor y, int axis)
{
    return ad_apply_one(&ad_operator_weighted_deviation, (const ad_tensor[]){v, y}, 2,
                        &(ad_attribute){.integer = axis});
}

/* y = x - logsumexp(x) :  dx = dy - e^y sum(dy) */
static void log_softmax_vjp(ad_pullback *p)
{
    ad_give(p, 0, ad_log_softmax_backward(ad_dy(p), ad_y(p), ad_axis_of(p)));
}

AD_OPERATOR(log_softmax,
    .arity = 1,
    RUN_ALONG_AXIS,
    SAMPLES(samples_along),
    .loops = &log_softmax_loops,
    .vjp = log_softmax_vjp,
    .formula = "x - logsumexp(x) along axis",
    .gradient = "dy - e^y sum(dy)",
);

ad_tensor ad_log_softmax(ad_tensor x, int axis) { return ad_along(&ad_operator_log_softmax, x, axis); }

/* r = v - e^y sum(v) :  dv = dr - sum(e^y dr),  dy = -e^y dr sum(v) */
static void log_softmax_backward_vjp(ad_pullback *p)
{
    ad_tensor dr = ad_dy(p), v = ad_x(p, 0), probability = ad_exp(ad_x(p, 1));
    const int axis = ad_axis_of(p);
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_weighted_deviation(dr, probability, axis));
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_neg(ad_mul(ad_mul(probability, dr), ad_sum_over(v, AD_KEEP_AXES(axis)))));
}

AD_OPERATOR(log_softmax_backward,
    .arity = 2,
    RUN_ALONG_AXIS,
    SAMPLES(samples_along_two),
    .loops = &log_softmax_backward_loops,
    .vjp = log_softmax_backward_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "v - e^y sum(v) along axis",
    .gradient = "dr - sum(e^y dr), -e^y dr sum(v)",
);

ad_tensor ad_log_softmax_backward(ad_tensor dy, ad_tensor y, int axis)
{
    return ad_apply_one(&ad_operator_log_softmax_backward, (const ad_tensor[]){dy, y}, 2,
                        &(ad_attribute){.integer = axis});
}

#endif
