/* Running totals along one axis. */
#include "../along_axis.h"

#include "../../kernels/scan.h"

#ifdef AD_REAL

/* Totals of f64 are carried over blocks of so many elements, with their rests, which are what they lost by rounding
 * (Knuth's TwoSum); f64 carries f32 without a loss to speak of. All begin as -0, to which any term adds itself. */
enum { ADDED_AT_ONCE = 16, HAS_RESTS = sizeof(REAL) == sizeof(double) };

/* The rest of an infinite total is no number. */
static inline void take_up(double *total, double *rest, double sum)
{
    const double before = *total, after = before + sum, part = after - before;
    const double left = *rest + ((before - (after - part)) + (sum - part));
    *total = after;
    *rest = left != 0 && left - left == 0 ? left : -0.0;
}

/* w <= COLUMNS groups side by side: y = total + the sum of the terms of this block */
ALWAYS_INLINE void cumsum_columns(REAL *restrict y, const REAL *restrict x, size_t n, size_t w, ptrdiff_t step)
{
    double total[COLUMNS], rest[COLUMNS], sum[COLUMNS];
    for (size_t j = 0; j < w; j++)
        total[j] = rest[j] = sum[j] = -0.0;
    if (!HAS_RESTS) {
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

/* With m_i the largest so far, or 0 where that is infinite: s_i = s_(i-1) e^(m_(i-1) - m_i) + e^(x_i - m_i), y_i = m_i
 * + ln s_i. No power is above 1, and no error grows from one logarithm to the next. */
static void logcumsumexp_of(const REAL *x, REAL *y, size_t n, size_t k)
{
    REAL top = -INFINITY, m[VIA_BLOCK], e[VIA_BLOCK], shrink[VIA_BLOCK];
    double sum = 0;
    for (size_t from = 0; from < n; from += VIA_BLOCK) {
        const size_t count = n - from < VIA_BLOCK ? n - from : VIA_BLOCK;
        for (size_t i = 0; i < count; i++) {
            const REAL before = top, at = x[(from + i) * k];
            top = at > top || at != at ? at : top;
            m[i] = top - top == 0 || top != top ? top : 0;
            e[i] = at - m[i];
            shrink[i] = before == top ? 0 : before - top;
        }
        vector_exp(count, e, e);
        vector_exp(count, shrink, shrink);
        for (size_t i = 0; i < count; i++)
            e[i] = (REAL)(sum = sum * (double)shrink[i] + (double)e[i]);
        vector_log(count, e, e);
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

#else

AD_FAMILY(scans_cumulative)

LOOP_TABLE(cumsum)
LOOP_TABLE(cummax)
LOOP_TABLE(logcumsumexp)

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

/* y_i = ln sum of e^x_j, j <= i :  dx_j = sum of e^(x_j - y_i) dy_i, i >= j. That is e^(x_j - y_j) s_j, where s_j =
 * dy_j + e^(y_j - y_(j+1)) s_(j+1): no power is above 1. Of two y that are +inf the power counts as 1, which keeps s
 * finite there, so that the power 0 of what is beside +inf makes its term 0. x = +inf is given NaN last, where no
 * derivative of this rule can come upon it. After the last y stands inf: that power is not used. */
static void logcumsumexp_vjp(ad_pullback *p)
{
    const int axis = ad_axis_of(p);
    const ad_tensor x = ad_x(p, 0), y = ad_y(p), a = ad_exp(ad_sub_logs(y, ad_beside(y, axis, true, INFINITY)));
    const ad_tensor dx = ad_mul_exp(ad_recurrence(a, ad_dy(p), axis, true), ad_sub_logs(x, y));
    const ad_tensor below = ad_less(x, ad_full(x.tape, ad_type_of(x), AD_SCALAR, INFINITY));
    ad_give(p, 0, ad_where(below, dx, ad_full(x.tape, ad_type_of(x), AD_SCALAR, (double)NAN)));
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

#endif
