/* The logarithm of a sum of exponentials over axes. */
#include "groups.h"

FOLD(max_but_nan, -INFINITY, x > y ? x : y)
MAP1(finite_or_zero, x - x == 0 || x != x ? x : 0)
SUM(sum_exp, R(exp)(x - g))

#ifdef AD_REAL

/* y = m + ln y */
LOOP(add_log)
{
    const REAL *restrict M = s->array[1];
    REAL *restrict Y = s->array[0];
    for (size_t i = 0; i < s->n; i++)
        Y[i] = M[i] + R(log)(Y[i]);
}

#else

AD_FAMILY(logsumexp)

LOOP_TABLE(add_log)

/* y = m + ln sum e^(x-m) with m = max x, or 0 where that is infinite, so that nothing overflows and -inf stays -inf. */
static void logsumexp_run(ad_call *c)
{
    const ad_value *x = c->x[0];
    const size_t n = ad_elements(c->y[0]);
    void *y = c->y[0]->data, *m = ad_scratch(c, n, ad_type_bytes((ad_type)x->type));
    if (!m)
        return;
    ad_reduce_into(c, &max_but_nan_loops, y, -INFINITY);
    ad_span span = {.n = n, .array = {m, y}, .step = {1, 1}};
    ad_loop_for(&finite_or_zero_loops, c, x->type)(&span);
    ad_walk_groups(c, &sum_exp_loops, x->shape, ad_reduced_axes(c), 0, 4,
                   (const ad_group_array[]){{.data = y}, {x->data, true, false}, {0}, {.data = m}});
    span = (ad_span){.n = n, .array = {y, m}};
    ad_loop_for(&add_log_loops, c, x->type)(&span);
}
/* y = ln sum e^x :  dx = e^(x-y) dy */
static void logsumexp_vjp(ad_pullback *p)
{
    ad_tensor softmax = ad_exp_difference(ad_x(p, 0), ad_keep_axes(p, ad_y(p)));
    ad_give(p, 0, ad_mul(softmax, ad_keep_axes(p, ad_dy(p))));
}

AD_OPERATOR(logsumexp) = {.name = "logsumexp",
                          OVER_AXES,
                          SAMPLES(ad_samples_over_axes),
                          .run = logsumexp_run,
                          .vjp = logsumexp_vjp,
                          .formula = "ln sum e^x over axes",
                          .gradient = "e^(x-y) dy",
                          .convention = "-inf over nothing; the gradient is 0 where x is -inf"};

ad_tensor ad_logsumexp_over(ad_tensor x, ad_axes axes) { return ad_over(&ad_operator_logsumexp, x, axes); }
ad_tensor ad_logsumexp(ad_tensor x) { return ad_logsumexp_over(x, AD_ALL_AXES); }

#endif
