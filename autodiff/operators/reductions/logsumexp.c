/* The logarithm of a sum of exponentials over axes. */
#include "reduce.h"

FOLD(largest_number, -INFINITY, x > y ? x : y)
MAP2(exp_difference, a == -INFINITY ? 0 : R(exp)(a - b))
MAP1(finite_or_zero, x - x == 0 || x != x ? x : 0)

#ifdef AD_REAL

/* Exponentials are computed in buffers of VIA_BLOCK elements, which hold as many rows as fit, so that vectors are full.
 * A buffer of fewer than FEW_ELEMENTS is filled up: the library's function for so few gives other bits. */
static void exp_of_buffer(size_t n, REAL *e)
{
    size_t m = n;
    for (; m < FEW_ELEMENTS; m++)
        e[m] = 0;
    vector_exp(m, e, e);
}

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

static REAL own_term(REAL x, REAL u, REAL g)
{
    (void)u, (void)g;
    return x;
}

/* Sums of m rows of n <= VIA_BLOCK. */
static void sum_exp_rows(const REAL *x, const REAL *g, REAL *y, size_t m, size_t n, bool goes_on)
{
    const size_t most = VIA_BLOCK / n;
    for (size_t from = 0; from < m; from += most) {
        const size_t rows = m - from < most ? m - from : most;
        REAL e[VIA_BLOCK];
        subtract_from_rows(e, x + from * n, g + from, rows, n);
        exp_of_buffer(rows * n, e);
        const ad_span s = {.n = goes_on, .array = {y + from, e}, .size = {rows, n, 1}};
        sum_groups(own_term, &s);
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

/* total[j] += the sums of k <= COLUMNS columns of n rows, `stride` apart. */
static void sum_exp_columns(const REAL *x, const REAL *g, size_t n, size_t k, size_t stride, double total[COLUMNS])
{
    REAL repeated[VIA_BLOCK], e[VIA_BLOCK];
    const size_t most = less(VIA_BLOCK / k, n);
    repeat_groups(repeated, g, most, k);
    for (size_t from = 0; from < n; from += most) {
        const size_t rows = n - from < most ? n - from : most;
        if (k == stride)
            for (size_t t = 0; t < rows * k; t++)
                e[t] = x[from * k + t] - repeated[t];
        else
            for (size_t i = 0; i < rows; i++)
                for (size_t j = 0; j < k; j++)
                    e[i * k + j] = x[(from + i) * stride + j] - g[j];
        exp_of_buffer(rows * k, e);
        fold_in_half(e, rows, k);
        for (size_t j = 0; j < k; j++)
            total[j] += (double)e[j];
    }
}

/* y = sum of e^(x-g) over groups; y in array 0, x in 1, g, of groups, in 2. Long rows are taken as one column. */
LOOP(sum_exp)
{
    const REAL *X = s->array[1], *G = s->array[2];
    const size_t m = s->size[0], n = s->size[1], k = s->size[2];
    REAL *Y = s->array[0];
    if (k == 1 && n <= VIA_BLOCK) {
        sum_exp_rows(X, G, Y, m, n, s->n > 0);
        return;
    }
    for (size_t o = 0; o < m; o++)
        for (size_t from = 0; from < k; from += COLUMNS) {
            const size_t w = k - from < COLUMNS ? k - from : COLUMNS, y = o * k + from;
            double total[COLUMNS];
            for (size_t j = 0; j < w; j++)
                total[j] = s->n ? (double)Y[y + j] : 0;
            sum_exp_columns(X + o * n * k + from, G + y, n, w, k, total);
            for (size_t j = 0; j < w; j++)
                Y[y + j] = (REAL)total[j];
        }
}

/* y = m + ln y */
LOOP(add_log)
{
    const REAL *restrict M = s->array[1];
    REAL *restrict Y = s->array[0];
    vector_log(s->n, Y, Y);
    for (size_t i = 0; i < s->n; i++)
        Y[i] += M[i];
}

/* r = e^(x-y) v of m rows of n <= VIA_BLOCK, each with its v and y. */
static void scaled_softmax_rows(REAL *restrict r, const REAL *restrict x, const REAL *restrict v,
                                const REAL *restrict y, size_t m, size_t n)
{
    REAL e[VIA_BLOCK];
    subtract_from_rows(e, x, y, m, n);
    exp_of_buffer(m * n, e);
    for (size_t o = 0; o < m; o++, r += n, x += n) {
        const REAL own = v[o], *restrict p = e + o * n;
        for (size_t i = 0; i < n; i++)
            r[i] = x[i] == -INFINITY ? 0 : p[i] * own;
    }
}

/* The same of n <= VIA_BLOCK elements, each with its v and y. */
static void scaled_softmax(REAL *restrict r, const REAL *restrict x, const REAL *restrict v, const REAL *restrict y,
                           size_t n)
{
    REAL e[VIA_BLOCK];
    for (size_t i = 0; i < n; i++)
        e[i] = x[i] - y[i];
    exp_of_buffer(n, e);
    for (size_t i = 0; i < n; i++)
        r[i] = x[i] == -INFINITY ? 0 : e[i] * v[i];
}

static void scaled_softmax_columns(REAL *r, const REAL *x, const REAL *v, const REAL *y, size_t n, size_t k)
{
    REAL vs[VIA_BLOCK], ys[VIA_BLOCK];
    const size_t most = less(VIA_BLOCK / k, n);
    repeat_groups(vs, v, most, k);
    repeat_groups(ys, y, most, k);
    for (size_t from = 0; from < n; from += most)
        scaled_softmax(r + from * k, x + from * k, vs, ys, (n - from < most ? n - from : most) * k);
}

/* r = e^(x-y) v, 0 where x is -inf. Array 0 is r, 1 is x, both wide; 2 is v and 3 is y, of groups. */
LOOP(logsumexp_backward)
{
    const REAL *X = s->array[1], *V = s->array[2], *Y = s->array[3];
    const size_t m = s->size[0], n = s->size[1], k = s->size[2];
    REAL *DX = s->array[0];
    if (k == 1) {
        const size_t w = less(n, VIA_BLOCK), most = VIA_BLOCK / w;
        for (size_t o = 0; o < m; o += n == w ? most : 1)
            for (size_t i = 0; i < n; i += w)
                scaled_softmax_rows(DX + o * n + i, X + o * n + i, V + o, Y + o, n == w ? less(most, m - o) : 1,
                                    less(w, n - i));
    } else if (k <= VIA_BLOCK) {
        for (size_t o = 0; o < m; o++)
            scaled_softmax_columns(DX + o * n * k, X + o * n * k, V + o * k, Y + o * k, n, k);
    } else {
        for (size_t i = 0; i < m * n; i++)
            for (size_t j = 0; j < k; j += VIA_BLOCK)
                scaled_softmax(DX + i * k + j, X + i * k + j, V + i / n * k + j, Y + i / n * k + j,
                               less(VIA_BLOCK, k - j));
    }
}

#else

AD_FAMILY(reductions_logsumexp)

LOOP_TABLE(sum_exp)
LOOP_TABLE(add_log)
LOOP_TABLE(logsumexp_backward)

/* y = m + ln sum e^(x-m) with m = max x, or 0 where that is infinite, so that nothing overflows and -inf stays -inf. A
 * NaN is left to the sum. */
static void logsumexp_run(ad_call *c)
{
    const ad_value *x = c->x[0];
    const size_t n = ad_elements(c->y[0]);
    void *y = c->y[0]->data, *m = ad_scratch(c, n, ad_bytes_of(x->type));
    if (!m)
        return;
    ad_reduce_into(c, &largest_number_loops, y, -INFINITY);
    ad_span span = {.n = n, .array = {m, y}, .step = {1, 1}};
    ad_loop_for(&finite_or_zero_loops, x->type)(&span);
    ad_walk_groups(c, &sum_exp_loops, x->shape, ad_reduced_axes(c), 0, 3,
                   (const ad_group_array[]){{.data = y}, {x->data, true, false}, {.data = m}});
    span = (ad_span){.n = n, .array = {y, m}};
    ad_loop_for(&add_log_loops, x->type)(&span);
}

/* y = ln sum e^x :  dx = e^(x-y) dy */
static void logsumexp_vjp(ad_pullback *p)
{
    ad_give(p, 0, ad_logsumexp_backward(ad_keep_axes(p, ad_dy(p)), ad_x(p, 0), ad_keep_axes(p, ad_y(p))));
}

AD_OPERATOR(logsumexp,
    OVER_AXES,
    SAMPLES(ad_samples_over_axes),
    .run = logsumexp_run,
    .vjp = logsumexp_vjp,
    .formula = "ln sum e^x over axes",
    .gradient = "e^(x-y) dy",
    .convention = "-inf over nothing; the gradient is 0 where x is -inf",
);

ad_tensor ad_logsumexp_over(ad_tensor x, ad_axes axes) { return ad_over(&ad_operator_logsumexp, x, axes); }
ad_tensor ad_logsumexp(ad_tensor x) { return ad_logsumexp_over(x, AD_ALL_AXES); }

static void logsumexp_backward_shape(ad_call *c)
{
    unsigned mask;
    char v[AD_OPERAND_TEXT], x[AD_OPERAND_TEXT], y[AD_OPERAND_TEXT];
    if (ad_same_dims(c->x[0]->shape, c->x[2]->shape) && ad_spreads(c->x[2]->shape, c->x[1]->shape, &mask))
        ad_result(c, 0, (ad_type)c->x[1]->type, c->x[1]->shape);
    else
        ad_call_fail(c, AD_BAD_SHAPE, "%s and %s must be %s with its axes kept", ad_operand_text(c, 0, v),
                     ad_operand_text(c, 2, y), ad_operand_text(c, 1, x));
}

static void logsumexp_backward_run(ad_call *c)
{
    const ad_value *x = c->x[1];
    unsigned mask;
    ad_spreads(c->x[2]->shape, x->shape, &mask);
    ad_walk_groups(
        c, &logsumexp_backward_loops, x->shape, mask, 0, 4,
        (const ad_group_array[]){
            {c->y[0]->data, true, false}, {x->data, true, false}, {.data = c->x[0]->data}, {.data = c->x[2]->data}});
}

/* r = e^(x-y) v :  dv = sum e^(x-y) dr,  dx = r dr,  dy = -sum r dr */
static void logsumexp_backward_vjp(ad_pullback *p)
{
    const ad_tensor dr = ad_dy(p), x = ad_x(p, 1), y = ad_x(p, 2);
    const ad_shape group = ad_shape_of(y);
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_sum_to(ad_mul(ad_exp_difference(x, y), dr), group));
    if (!ad_wants(p, 1) && !ad_wants(p, 2))
        return;
    const ad_tensor dx = ad_mul(ad_y(p), dr);
    if (ad_wants(p, 2))
        ad_give(p, 2, ad_neg(ad_sum_to(dx, group)));
    ad_give(p, 1, dx);
}

static const ad_sample samples_backward[] = {
    {.n_x = 3, .x = {{2, {2, 1}}, {2, {2, 4}}, {2, {2, 1}}}},
    {.n_x = 3, .x = {{3, {1, 3, 1}}, {3, {2, 3, 2}}, {3, {1, 3, 1}}}},
    {.n_x = 3, .x = {{3, {2, 1, 3}}, {3, {2, 2, 3}}, {3, {2, 1, 3}}}},
    {.n_x = 3, .x = {{0}, {0}, {0}}},
    {.n_x = 3, .x = {{2, {0, 1}}, {2, {0, 3}}, {2, {0, 1}}}},
};

AD_OPERATOR(logsumexp_backward,
    .arity = 3,
    .shape = logsumexp_backward_shape,
    SAMPLES(samples_backward),
    .run = logsumexp_backward_run,
    .vjp = logsumexp_backward_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "e^(x-y) v",
    .gradient = "sum e^(x-y) dr, r dr, -sum r dr",
    .convention = "0 where x is -inf",
);

ad_tensor ad_logsumexp_backward(ad_tensor dy, ad_tensor x, ad_tensor y)
{
    return APPLY(&ad_operator_logsumexp_backward, dy, x, y);
}

/* r = e^(x-y), 0 where x is -inf :  dx = r dr,  dy = -r dr */
static void exp_difference_vjp(ad_pullback *p)
{
    ad_tensor dx = ad_mul(ad_y(p), ad_dy(p));
    ad_give(p, 0, dx);
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_neg(dx));
}

AD_OPERATOR(exp_difference,
    OF_TWO,
    .loops = &exp_difference_loops,
    .vjp = exp_difference_vjp,
    .formula = "e^(x-y)",
    .gradient = "r dr, -r dr",
    .convention = "0 where x is -inf, whatever y is",
);

ad_tensor ad_exp_difference(ad_tensor x, ad_tensor y) { return ad_apply2(&ad_operator_exp_difference, x, y); }

#endif
