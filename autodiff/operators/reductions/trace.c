/* The sum of a diagonal. */
#include "../family.h"

#include "../../kernels/total.h"

#ifdef AD_REAL

/* The sum of n elements, `step` apart, each times `scale`. */
static REAL sum_apart(const REAL *x, size_t n, size_t step, REAL scale)
{
    ad_total t = {0, 0};
    for (size_t i = 0; i < n; i++)
        add_to_total(&t.sum, &t.rest, (double)(x[i * step] * scale));
    return (REAL)total_of(t);
}

/* y[o] = the sum of the diagonal of matrix o; size = {matrices, m, n}. A sum that overflows is tried once more, of
 * smaller terms. */
LOOP(trace)
{
    const REAL *X = s->array[1], small = (REAL)0x1p-40;
    REAL *Y = s->array[0];
    const size_t m = s->size[1], n = s->size[2], d = m < n ? m : n;
    for (size_t o = 0; o < s->size[0]; o++) {
        const REAL *x = X + o * m * n;
        Y[o] = sum_apart(x, d, n + 1, 1);
        if (!(R(fabs)(Y[o]) <= REAL_MAX))
            Y[o] = sum_apart(x, d, n + 1, small) / small;
    }
}

#else

AD_FAMILY(reductions_trace)

LOOP_TABLE(trace)

static ad_span matrices(ad_call *c, const ad_shape *shape)
{
    ad_span s = {.array = {c->y[0]->data, c->x[0]->data}, .size = {1, 1, 1}};
    for (int i = 0; i < shape->rank; i++)
        s.size[i < shape->rank - 2 ? 0 : i == shape->rank - 2 ? 1 : 2] *= (size_t)shape->dims[i];
    return s;
}

static void trace_shape(ad_call *c)
{
    ad_shape y = *c->x[0]->shape;
    char text[AD_OPERAND_TEXT];
    y.rank -= 2;
    if (y.rank < 0)
        ad_call_fail(c, AD_BAD_SHAPE, "%s is not a matrix: it must have at least 2 axes", ad_operand_text(c, 0, text));
    else
        ad_result(c, 0, (ad_type)c->x[0]->type, &y);
}

static void trace_run(ad_call *c)
{
    const ad_span s = matrices(c, c->x[0]->shape);
    ad_loop_for(&trace_loops, c->x[0]->type)(&s);
}

/* y = sum of the diagonal of x [..., m, n] :  dx = dy on the diagonal */
static void trace_vjp(ad_pullback *p)
{
    const ad_tensor dy = ad_expand_dims(ad_expand_dims(ad_dy(p), -1), -1);
    ad_give(p, 0, ad_triangles(ad_broadcast_to(dy, ad_shape_of(ad_x(p, 0))), 0, 1, 0));
}

static const ad_sample samples_trace[] = {
    {.n_x = 1, .x = {{2, {3, 3}}}},    {.n_x = 1, .x = {{3, {2, 3, 4}}}}, {.n_x = 1, .x = {{4, {2, 1, 4, 2}}}},
    {.n_x = 1, .x = {{3, {2, 0, 2}}}}, {.n_x = 1, .x = {{3, {0, 2, 2}}}},
};

AD_OPERATOR(trace,
    .arity = 1,
    .shape = trace_shape,
    SAMPLES(samples_trace),
    .run = trace_run,
    .vjp = trace_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "sum x[..., i, i]",
    .gradient = "dy on the diagonal, else 0",
    .convention = "0 of matrices without elements",
);

ad_tensor ad_trace(ad_tensor x) { return ad_apply1(&ad_operator_trace, x); }

#endif
