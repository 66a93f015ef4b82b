/* The logarithm of a sum of exponentials over axes. */
#include "../../kernels/short_groups.h"
#include "reduce.h"

FOLD(largest_number, -INFINITY, x > y ? x : y)
MAP1(finite_or_zero, x - x == 0 || x != x ? x : 0)

#ifdef AD_REAL

/* Exponentials are computed in buffers of VIA_BLOCK elements, which hold as many rows as fit, so that vectors are
 * full. */

static size_t less(size_t a, size_t b) { return a < b ? a : b; }

/* e = x - y of m rows of n, each with its y */
static void subtract_from_rows(REAL *restrict e, const REAL *restrict x, const REAL *restrict y, size_t m, size_t n)
{
    for (size_t o = 0; o < m; o++, e += n, x += n) {
        const REAL own = y[o];
        for (size_t i = 0; i < n; i++)
            e[i] = x[i] - own;
    }
}

static void store_sum(const ad_total *t, REAL *sum, REAL *lost)
{
    *sum = (REAL)exact_total_of(*t);
    *lost = *sum - *sum == 0 ? (REAL)(t->sum - (double)*sum + t->rest) : 0;
}

/* The others of m rows of n <= VIA_BLOCK: y, and what its rounding lost. */
static void sum_exp_rows(const REAL *x, const REAL *g, REAL *y, REAL *lost, size_t m, size_t n, bool goes_on)
{
    const size_t most = VIA_BLOCK / n;
    for (size_t from = 0; from < m; from += most) {
        const size_t rows = less(m - from, most);
        REAL e[VIA_BLOCK];
        subtract_from_rows(e, x + from * n, g + from, rows, n);
        exp_of_buffer(rows * n, e);
        for (size_t o = from; o < from + rows; o++) {
            ad_total t = {goes_on ? (double)y[o] : -1, goes_on ? (double)lost[o] : 0};
            add_terms(&t, e + (o - from) * n, n);
            store_sum(&t, y + o, lost + o);
        }
    }
}

/* The same of short rows, FEW_ROWS of them or more. */
enum { FEW_ROWS = 8 };

static void sum_exp_short_rows(const REAL *x, const REAL *g, REAL *y, REAL *lost, size_t m, size_t n, bool goes_on)
{
    for (size_t from = 0, w; from < m; from += w) {
        const some_groups rows = groups_from(from, m, n, 1);
        REAL e[SHORT_ROOM], ones[MOST_GROUPS];
        double few[MOST_GROUPS];
        w = rows.w;
        read_groups(e, x, &rows);
        for (size_t i = 0; i < n; i++)
            for (size_t l = 0; l < w; l++)
                e[i * w + l] -= g[from + l];
        exp_of_buffer(n * w, e);
        add_columns_of_terms(ones, few, e, n, w);
        for (size_t l = 0; l < w; l++) {
            ad_total t = {goes_on ? (double)y[from + l] : -1, goes_on ? (double)lost[from + l] : 0};
            add_exactly(&t.sum, &t.rest, (double)ones[l]);
            add_exactly(&t.sum, &t.rest, few[l]);
            store_sum(&t, y + from + l, lost + from + l);
        }
    }
}

/* Adds n rows of k in halves, until all are in the first. */
static void fold_in_half(REAL *e, size_t n, size_t k)
{
    while (n > 1) {
        const size_t half = n / 2, other = (n - half) * k;
        for (size_t t = 0; t < half * k; t++)
            e[t] += e[other + t];
        n -= half;
    }
}

/* Adds the columns of n rows of k to totals. */
static void add_columns(double *restrict sum, double *restrict lost, REAL *e, size_t n, size_t k)
{
    fold_in_half(e, n, k);
    for (size_t j = 0; j < k; j++)
        add_exactly(sum + j, lost + j, (double)e[j]);
}

/* The same, with the terms that are 1 apart from the others. */
static void add_terms_of_columns(double *sum, double *lost, REAL *e, size_t n, size_t k)
{
    uint32_t ones = 0;
    for (size_t t = 0; t < n * k; t++)
        ones += e[t] == 1;
    if (ones) {
        REAL one[VIA_BLOCK];
        for (size_t t = 0; t < n * k; t++) {
            one[t] = e[t] == 1;
            e[t] -= one[t];
        }
        add_columns(sum, lost, one, n, k);
    }
    add_columns(sum, lost, e, n, k);
}

/* Adds k <= COLUMNS columns of n rows, `stride` apart. */
static void sum_exp_columns(const REAL *x, const REAL *g, size_t n, size_t k, size_t stride, double *sum, double *lost)
{
    REAL repeated[VIA_BLOCK], e[VIA_BLOCK];
    const size_t most = less(VIA_BLOCK / k, n);
    repeat_groups(repeated, g, most, k);
    for (size_t from = 0; from < n; from += most) {
        const size_t rows = less(n - from, most);
        if (k == stride)
            for (size_t t = 0; t < rows * k; t++)
                e[t] = x[from * k + t] - repeated[t];
        else
            for (size_t i = 0; i < rows; i++)
                for (size_t j = 0; j < k; j++)
                    e[i * k + j] = x[(from + i) * stride + j] - g[j];
        exp_of_buffer(rows * k, e);
        add_terms_of_columns(sum, lost, e, rows, k);
    }
}

/* y = sum of e^(x-g), less 1, over groups; y in array 0, x in 1, g, of groups, in 2, and in 3 what the rounding of y
 * lost. Long rows are taken as one column. */
LOOP(sum_exp)
{
    const REAL *X = s->array[1], *G = s->array[2];
    const size_t m = s->size[0], n = s->size[1], k = s->size[2];
    REAL *Y = s->array[0], *L = s->array[3];
    if (k == 1 && n <= SHORT_IN_ROW && m >= FEW_ROWS) {
        sum_exp_short_rows(X, G, Y, L, m, n, s->n > 0);
        return;
    }
    if (k == 1 && n <= VIA_BLOCK) {
        sum_exp_rows(X, G, Y, L, m, n, s->n > 0);
        return;
    }
    for (size_t o = 0; o < m; o++)
        for (size_t from = 0; from < k; from += COLUMNS) {
            const size_t w = less(k - from, COLUMNS), y = o * k + from;
            double sum[COLUMNS], lost[COLUMNS];
            for (size_t j = 0; j < w; j++) {
                sum[j] = s->n ? (double)Y[y + j] : -1;
                lost[j] = s->n ? (double)L[y + j] : 0;
            }
            sum_exp_columns(X + o * n * k + from, G + y, n, w, k, sum, lost);
            for (size_t j = 0; j < w; j++)
                store_sum(&(ad_total){sum[j], lost[j]}, Y + y + j, L + y + j);
        }
}

/* From the others in y, y = m + log1p(others); m is in array 1, and array 2 becomes 1 + others. */
LOOP(add_log)
{
    const REAL *restrict M = s->array[1];
    REAL *restrict Y = s->array[0], *restrict S = s->array[2];
    for (size_t i = 0; i < s->n; i++)
        S[i] = 1 + Y[i];
    vector_log1p(s->n, Y, Y);
    for (size_t i = 0; i < s->n; i++)
        Y[i] += M[i];
}

/* Arrays 0 and 1 become v / s and m, of v, m and s in arrays 2, 3 and the plane after it. */
LOOP(prepare_softmax)
{
    REAL *restrict F = s->array[0], *restrict G = s->array[1];
    const REAL *restrict V = s->array[2], *restrict M = s->array[3], *restrict S = M + s->n;
    for (size_t i = 0; i < s->n; i++) {
        F[i] = V[i] / S[i];
        G[i] = S[i] == INFINITY ? INFINITY : M[i];
    }
}

/* The sum of n elements, in lanes. */
static REAL sum_of_row(const REAL *e, size_t n)
{
    REAL few = 0;
    const size_t whole = n / LANES * LANES;
    for (size_t i = whole; i < n; i++)
        few += e[i];
    if (whole == 0)
        return few;
    REAL lane[LANES] = {0};
    for (size_t i = 0; i < whole; i += LANES)
        for (size_t l = 0; l < LANES; l++)
            lane[l] += e[i + l];
    for (size_t half = LANES / 2; half > 0; half /= 2)
        for (size_t l = 0; l < half; l++)
            lane[l] += lane[half + l];
    return few + lane[0];
}

/* r = e^(x-g) f of m short rows, each with its f and g; the sums of e^(x-g) are added to `sum`. */
static void scaled_softmax_short_rows(REAL *r, const REAL *x, const REAL *f, const REAL *g, REAL *sum, size_t m,
                                      size_t n)
{
    for (size_t from = 0, w; from < m; from += w) {
        const some_groups rows = groups_from(from, m, n, 1);
        const REAL *restrict fs = f + from, *restrict gs = g + from;
        REAL t[SHORT_ROOM], e[SHORT_ROOM], total[MOST_GROUPS];
        w = rows.w;
        read_groups(t, x, &rows);
        for (size_t i = 0; i < n; i++)
            for (size_t l = 0; l < w; l++)
                e[i * w + l] = t[i * w + l] - gs[l];
        exp_of_buffer(n * w, e);
        for (size_t l = 0; l < w; l++)
            total[l] = 0;
        for (size_t i = 0; i < n; i++)
            for (size_t l = 0; l < w; l++) {
                total[l] += e[i * w + l];
                t[i * w + l] = t[i * w + l] == -INFINITY ? 0 : e[i * w + l] * fs[l];
            }
        for (size_t l = 0; l < w; l++)
            sum[from + l] += total[l];
        write_groups(r, t, &rows);
    }
}

/* The same of m rows of n <= VIA_BLOCK. */
static void scaled_softmax_rows(REAL *restrict r, const REAL *restrict x, const REAL *restrict f,
                                const REAL *restrict g, REAL *restrict sum, size_t m, size_t n)
{
    REAL e[VIA_BLOCK];
    subtract_from_rows(e, x, g, m, n);
    exp_of_buffer(m * n, e);
    for (size_t o = 0; o < m; o++, r += n, x += n) {
        const REAL own = f[o], *restrict p = e + o * n;
        for (size_t i = 0; i < n; i++)
            r[i] = x[i] == -INFINITY ? 0 : p[i] * own;
        sum[o] += sum_of_row(p, n);
    }
}

/* The same of n <= VIA_BLOCK elements, each with its f and g; e becomes e^(x-g). */
static void scaled_softmax(REAL *restrict r, const REAL *restrict x, const REAL *restrict f, const REAL *restrict g,
                           REAL *restrict e, size_t n)
{
    for (size_t i = 0; i < n; i++)
        e[i] = x[i] - g[i];
    exp_of_buffer(n, e);
    for (size_t i = 0; i < n; i++)
        r[i] = x[i] == -INFINITY ? 0 : e[i] * f[i];
}

static void scaled_softmax_columns(REAL *r, const REAL *x, const REAL *f, const REAL *g, REAL *sum, size_t n, size_t k)
{
    REAL fs[VIA_BLOCK], gs[VIA_BLOCK], e[VIA_BLOCK];
    const size_t most = less(VIA_BLOCK / k, n);
    repeat_groups(fs, f, most, k);
    repeat_groups(gs, g, most, k);
    for (size_t from = 0; from < n; from += most) {
        const size_t rows = less(n - from, most);
        scaled_softmax(r + from * k, x + from * k, fs, gs, e, rows * k);
        fold_in_half(e, rows, k);
        for (size_t j = 0; j < k; j++)
            sum[j] += e[j];
    }
}

/* Array 0 is r, 1 is x, both wide; 2 is f and 3 is g, of groups. The sums are a third plane, as far after g as g is
 * after f. */
LOOP(scaled_softmax)
{
    const REAL *X = s->array[1], *F = s->array[2], *G = s->array[3];
    const size_t m = s->size[0], n = s->size[1], k = s->size[2];
    REAL *DX = s->array[0], *SUM = (REAL *)s->array[3] + (G - F), e[VIA_BLOCK];
    if (k == 1 && n <= SHORT_IN_ROW && m >= FEW_ROWS) {
        scaled_softmax_short_rows(DX, X, F, G, SUM, m, n);
    } else if (k == 1) {
        const size_t w = less(n, VIA_BLOCK), most = VIA_BLOCK / w;
        for (size_t o = 0; o < m; o += n == w ? most : 1)
            for (size_t i = 0; i < n; i += w)
                scaled_softmax_rows(DX + o * n + i, X + o * n + i, F + o, G + o, SUM + o,
                                    n == w ? less(most, m - o) : 1, less(w, n - i));
    } else if (k <= VIA_BLOCK) {
        for (size_t o = 0; o < m; o++)
            scaled_softmax_columns(DX + o * n * k, X + o * n * k, F + o * k, G + o * k, SUM + o * k, n, k);
    } else {
        for (size_t i = 0; i < m * n; i++)
            for (size_t j = 0; j < k; j += VIA_BLOCK) {
                const size_t y = i / n * k + j, w = less(VIA_BLOCK, k - j);
                scaled_softmax(DX + i * k + j, X + i * k + j, F + y, G + y, e, w);
                for (size_t l = 0; l < w; l++)
                    SUM[y + l] += e[l];
            }
    }
}

/* Array 0 becomes how many of the n sums in array 1 are not those in array 2, to within the roundings of adding
 * `constant` terms. */
LOOP(count_wrong_sums)
{
    const REAL *SUM = s->array[1], *S = s->array[2], most = (REAL)s->constant * REAL_EPSILON;
    uint32_t wrong = 0;
    for (size_t i = 0; i < s->n; i++)
        wrong += !(R(fabs)(SUM[i] - S[i]) <= most * S[i] && S[i] < INFINITY) && !(S[i] == INFINITY && SUM[i] != SUM[i]);
    *(double *)s->array[0] = (double)wrong;
}

#else

AD_FAMILY(reductions_logsumexp)

LOOP_TABLE(sum_exp)
LOOP_TABLE(add_log)
LOOP_TABLE(prepare_softmax)
LOOP_TABLE(scaled_softmax)
LOOP_TABLE(count_wrong_sums)

static void *plane(const ad_value *x, void *first, size_t groups, size_t i)
{
    return (char *)first + i * groups * ad_bytes_of(x->type);
}

/* y = m + log1p(sum e^(x-m) - 1) of groups; m = max x, or 0 where that is infinite, so that nothing overflows and -inf
 * stays -inf. A NaN is left to the sum. Into `parts` go m and, in a second plane, sum e^(x-m). */
static void logsumexp_into(ad_call *c, const ad_value *x, unsigned mask, size_t groups, void *y, void *parts)
{
    void *lost = ad_scratch(c, groups, ad_bytes_of(x->type));
    if (!lost)
        return;
    ad_walk_groups(c, &largest_number_loops, x->shape, mask, -INFINITY, 2,
                   (const ad_group_array[]){{.data = y}, {x->data, true, false}});
    ad_span span = {.n = groups, .array = {parts, y}, .step = {1, 1}};
    ad_loop_for(&finite_or_zero_loops, x->type)(&span);
    ad_walk_groups(c, &sum_exp_loops, x->shape, mask, -1, 4,
                   (const ad_group_array[]){{.data = y}, {x->data, true, false}, {.data = parts}, {.data = lost}});
    span = (ad_span){.n = groups, .array = {y, parts, plane(x, parts, groups, 1)}};
    ad_loop_for(&add_log_loops, x->type)(&span);
}

static void logsumexp_run(ad_call *c)
{
    logsumexp_into(c, c->x[0], ad_reduced_axes(c), ad_elements(c->y[0]), c->y[0]->data, c->y[1]->data);
}

static void logsumexp_shape(ad_call *c)
{
    unsigned mask;
    const ad_axes *axes = &c->attributes[0].axes;
    if (!ad_axes_mask(c, axes, c->x[0]->shape->rank, &mask))
        return;
    const ad_shape y = ad_reduced(c->x[0]->shape, mask, axes->keep);
    ad_result(c, 0, (ad_type)c->x[0]->type, &y);
    ad_result(c, 1, (ad_type)c->x[0]->type, &AD_SHAPE(2, (int64_t)ad_count_of(&y)));
}

/* y = ln sum e^x :  dx = softmax(x) dy */
static void logsumexp_vjp(ad_pullback *p)
{
    ad_give(p, 0, ad_logsumexp_backward(ad_keep_axes(p, ad_dy(p)), ad_x(p, 0), ad_y_at(p, 1)));
}

AD_OPERATOR(logsumexp,
    .arity = 1,
    .attributes = {{"axes", AD_ATTRIBUTE_AXES}},
    .n_byproducts = 1,
    .shape = logsumexp_shape,
    SAMPLES(ad_samples_over_axes),
    .run = logsumexp_run,
    .vjp = logsumexp_vjp,
    .formula = "ln sum e^x over axes",
    .gradient = "softmax(x) dy",
    .convention = "-inf over nothing; the gradient is 0 where x is -inf",
);

ad_tensor ad_logsumexp_over(ad_tensor x, ad_axes axes) { return ad_over(&ad_operator_logsumexp, x, axes); }
ad_tensor ad_logsumexp(ad_tensor x) { return ad_logsumexp_over(x, AD_ALL_AXES); }

static void logsumexp_backward_shape(ad_call *c)
{
    const ad_shape *group = c->x[0]->shape, *parts = c->x[2]->shape;
    unsigned mask;
    char v[AD_OPERAND_TEXT], x[AD_OPERAND_TEXT];
    if (!ad_spreads(group, c->x[1]->shape, &mask))
        ad_call_fail(c, AD_BAD_SHAPE, "%s must be %s with its axes kept", ad_operand_text(c, 0, v),
                     ad_operand_text(c, 1, x));
    else if (!ad_same_dims(parts, &AD_SHAPE(2, (int64_t)ad_count_of(group))))
        ad_call_fail(c, AD_BAD_SHAPE, "%s must be [2,n]: there are n = %zu groups", ad_operand_text(c, 2, x),
                     ad_count_of(group));
    else
        ad_result(c, 0, (ad_type)c->x[1]->type, c->x[1]->shape);
}

/* r = e^(x-m) v / s; returns how many groups have sums of e^(x-m) that are not s. */
static double scaled_softmax_run(ad_call *c, unsigned mask, size_t groups, void *planes, void *parts)
{
    const ad_value *v = c->x[0], *x = c->x[1];
    void *f = planes, *g = plane(x, planes, groups, 1), *sum = plane(x, planes, groups, 2);
    double wrong = 0;
    ad_span span = {.n = groups, .array = {f, g, v->data, parts}};
    ad_loop_for(&prepare_softmax_loops, x->type)(&span);
    ad_fill_reals(c, sum, groups, 0);
    ad_walk_groups(
        c, &scaled_softmax_loops, x->shape, mask, 0, 4,
        (const ad_group_array[]){{c->y[0]->data, true, false}, {x->data, true, false}, {.data = f}, {.data = g}});
    span = (ad_span){.n = groups,
                     .array = {&wrong, sum, plane(x, parts, groups, 1)},
                     .constant = 32 + ad_group_size(x->shape, mask) / 64};
    ad_loop_for(&count_wrong_sums_loops, x->type)(&span);
    return wrong;
}

/* Parts that are not of this x are made anew. */
static void logsumexp_backward_run(ad_call *c)
{
    const ad_value *x = c->x[1];
    const size_t groups = ad_elements(c->x[0]), bytes = ad_bytes_of(x->type);
    unsigned mask;
    void *planes = ad_scratch(c, 3 * groups, bytes);
    ad_spreads(c->x[0]->shape, x->shape, &mask);
    if (!planes || ad_elements(x) == 0 || scaled_softmax_run(c, mask, groups, planes, c->x[2]->data) == 0)
        return;
    void *y = ad_scratch(c, groups, bytes), *parts = ad_scratch(c, 2 * groups, bytes);
    if (!y || !parts)
        return;
    logsumexp_into(c, x, mask, groups, y, parts);
    scaled_softmax_run(c, mask, groups, planes, parts);
}

/* The axes of size 1. */
static ad_axes axes_of_one(const ad_shape *x)
{
    ad_axes axes = {.keep = true};
    for (int i = 0; i < x->rank; i++)
        if (x->dims[i] == 1)
            axes.axis[axes.count++] = i;
    return axes;
}

/* r = q v, q = softmax(x) :  dv = sum q dr,  dx = q (dr - sum q dr) v. There dr is counted from its value at the
 * largest x: 1 - q of a q near 1 is not needed. A group of one element has the softmax 1, or 0 where x is -inf. */
static void logsumexp_backward_vjp(ad_pullback *p)
{
    const ad_tensor v = ad_x(p, 0), x = ad_x(p, 1), q = ad_logsumexp_backward(ad_ones_like(v), x, ad_x(p, 2));
    const ad_shape group = ad_shape_of(v);
    const ad_axes axes = axes_of_one(&group);
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_sum_to(ad_mul(q, ad_dy(p)), group));
    if (ad_wants(p, 1) && (ad_size_of(x) == 0 || (axes.count == 0 && group.rank > 0))) {
        ad_give(p, 1, ad_zeros_like(x));
    } else if (ad_wants(p, 1)) {
        const ad_tensor fixed = ad_detach(x), top = ad_mean_ties(ad_dy(p), fixed, ad_max_over(fixed, axes), axes);
        const ad_tensor dr = ad_sub(ad_dy(p), top), mean = ad_sum_to(ad_mul(q, dr), group);
        ad_give(p, 1, ad_mul(ad_mul(q, ad_sub(dr, mean)), v));
    }
    if (ad_wants(p, 2))
        ad_give(p, 2, ad_zeros_like(ad_x(p, 2)));
}

static const ad_sample samples_backward[] = {
    {.n_x = 3, .x = {{2, {2, 1}}, {2, {2, 4}}, {2, {2, 2}}}},
    {.n_x = 3, .x = {{3, {1, 3, 1}}, {3, {2, 3, 2}}, {2, {2, 3}}}},
    {.n_x = 3, .x = {{3, {2, 1, 3}}, {3, {2, 2, 3}}, {2, {2, 6}}}},
    {.n_x = 3, .x = {{2, {0, 1}}, {2, {0, 3}}, {2, {2, 0}}}},
};

AD_OPERATOR(logsumexp_backward,
    .arity = 3,
    .shape = logsumexp_backward_shape,
    SAMPLES(samples_backward),
    .run = logsumexp_backward_run,
    .vjp = logsumexp_backward_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "softmax(x) v over the axes where v has size 1; parts only save work",
    .gradient = "sum(q dr), q (dr - sum(q dr)) v, 0, q = softmax(x)",
    .convention = "0 where x is -inf",
    .domain = {{0}, {0}, {.low = 0.5, .high = 2, .constant = true}},
);

ad_tensor ad_logsumexp_backward(ad_tensor dy, ad_tensor x, ad_tensor parts)
{
    return ad_apply3(&ad_operator_logsumexp_backward, dy, x, parts);
}

#endif
