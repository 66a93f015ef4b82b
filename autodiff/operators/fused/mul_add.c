/* Multiply and add, element by element, and both gradients of a product. */
#include "../reductions/reduce.h"

MAP3(mul_add, (v) * (a) + b)
MAP2(product, a *b)
SUM(sum_products, x *u)

#ifdef AD_REAL

/* Adds a b to the totals in array 0. */
LOOP(add_product)
{
    const REAL *A = s->array[1], *B = s->array[2];
    const size_t sa = s->step[1], sb = s->step[2];
    ad_total *T = s->array[0];
    if (s->step[0]) {
        for (size_t i = 0; i < s->n; i++)
            add_to_total(&T[i].sum, &T[i].rest, (double)(A[sa * i] * B[sb * i]));
    } else {
        const ad_total t = sum_of_products(A, sa, B, sb, s->n);
        add_to_total(&T->sum, &T->rest, t.sum);
        T->rest += t.rest;
    }
}

#else

AD_FAMILY(fused_mul_add)

LOOP_TABLE(add_product)

/* y = x w + b :  dx = w dy,  dw = x dy,  db = dy */
static void mul_add_vjp(ad_pullback *p)
{
    ad_give(p, 2, ad_dy(p));
    if (ad_wants(p, 0) && ad_wants(p, 1)) {
        ad_tensor dw, dx = ad_mul_backward(ad_dy(p), ad_x(p, 0), ad_x(p, 1), &dw);
        ad_give(p, 0, dx);
        ad_give(p, 1, dw);
    } else if (ad_wants(p, 0)) {
        ad_give(p, 0, ad_mul(ad_x(p, 1), ad_dy(p)));
    } else if (ad_wants(p, 1)) {
        ad_give(p, 1, ad_mul(ad_x(p, 0), ad_dy(p)));
    }
}

AD_OPERATOR(mul_add,
    OF_THREE,
    .loops = &mul_add_loops,
    .vjp = mul_add_vjp,
    .linear = AD_LINEAR_IN(0) | AD_LINEAR_IN(1) | AD_LINEAR_IN(2),
    .formula = "x w + b",
    .gradient = "w dy, x dy, dy",
    .convention = "rounded twice, as ad_mul and ad_add",
);

ad_tensor ad_mul_add(ad_tensor x, ad_tensor w, ad_tensor b) { return ad_apply3(&ad_operator_mul_add, x, w, b); }

/* ---- Both gradients of a product --------------------------------------------------------------------------------- */

static bool broadcasts_to(const ad_shape *x, const ad_shape *y)
{
    const int shift = y->rank - x->rank;
    bool does = shift >= 0;
    for (int i = 0; does && i < x->rank; i++)
        does = x->dims[i] == y->dims[shift + i] || x->dims[i] == 1;
    return does;
}

static void mul_backward_shape(ad_call *c)
{
    char a[AD_OPERAND_TEXT], b[AD_OPERAND_TEXT], d[AD_OPERAND_TEXT];
    if (!broadcasts_to(c->x[1]->shape, c->x[0]->shape) || !broadcasts_to(c->x[2]->shape, c->x[0]->shape)) {
        ad_call_fail(c, AD_BAD_SHAPE, "dy must be as wide as a and b together: they are %s, %s and %s",
                     ad_operand_text(c, 0, d), ad_operand_text(c, 1, a), ad_operand_text(c, 2, b));
        return;
    }
    ad_result(c, 0, (ad_type)c->x[0]->type, c->x[1]->shape);
    ad_result(c, 1, (ad_type)c->x[0]->type, c->x[2]->shape);
}

/* The axes of y that x, which broadcasts to it, lacks or has with another size. */
static unsigned axes_broadcast(const ad_shape *x, const ad_shape *y)
{
    const int shift = y->rank - x->rank;
    unsigned mask = 0;
    for (int i = 0; i < y->rank; i++)
        mask |= i < shift || x->dims[i - shift] != y->dims[i] ? 1U << i : 0;
    return mask;
}

/* sum = other dy, where neither is as wide as dy: in totals, which ad_broadcast_loop comes back to. */
static void product_of_narrow(ad_call *c, ad_value *sum, const ad_value *other)
{
    const ad_value *dy = c->x[0];
    const size_t bytes = ad_bytes_of(dy->type), n = ad_elements(sum);
    ad_total *totals = ad_scratch(c, n, sizeof(ad_total));
    if (!totals)
        return;
    memset(totals, 0, n * sizeof *totals);
    ad_span span = {.array = {totals, other->data, dy->data}};
    ad_broadcast_loop(dy->shape, 3, (const ad_shape *const[]){sum->shape, other->shape, dy->shape},
                      (const size_t[]){sizeof *totals, bytes, bytes}, ad_loop_for(&add_product_loops, dy->type), &span);
    ad_round_totals(c, sum->data, n, totals, 1);
}

/* sum = other dy, summed to the shape of sum. */
static void product_into(ad_call *c, ad_value *sum, const ad_value *other)
{
    const ad_value *dy = c->x[0];
    const size_t bytes = ad_bytes_of(dy->type), n = ad_elements(dy);
    if (n == ad_elements(sum)) {
        ad_span span = {.array = {sum->data, other->data, dy->data}};
        ad_broadcast_loop(dy->shape, 3, (const ad_shape *const[]){dy->shape, other->shape, dy->shape},
                          (const size_t[]){bytes, bytes, bytes}, ad_loop_for(&product_loops, dy->type), &span);
    } else if (n == 0 || n == ad_elements(other)) {
        const ad_groups of = ad_groups_of(dy->shape, axes_broadcast(sum->shape, dy->shape));
        ad_sum_groups(c, &of, &sum_products_loops, sum->data, 1,
                      &(ad_sum_terms){.x = dy->data, .u = other->data, .u_is_wide = true});
    } else {
        product_of_narrow(c, sum, other);
    }
}

static void mul_backward_run(ad_call *c)
{
    product_into(c, c->y[0], c->x[2]);
    product_into(c, c->y[1], c->x[1]);
}

/* da = b v,  db = a v; with u and w the gradients of these :  dv = b u + a w,  da = v w,  db = v u */
static void mul_backward_vjp(ad_pullback *p)
{
    ad_tensor v = ad_x(p, 0), a = ad_x(p, 1), b = ad_x(p, 2);
    if (ad_has_dy(p, 0)) {
        ad_give(p, 0, ad_broadcast_to(ad_mul(b, ad_dy(p)), ad_shape_of(v)));
        ad_give(p, 2, ad_mul(v, ad_dy(p)));
    }
    if (ad_has_dy(p, 1)) {
        ad_give(p, 0, ad_broadcast_to(ad_mul(a, ad_dy_at(p, 1)), ad_shape_of(v)));
        ad_give(p, 1, ad_mul(v, ad_dy_at(p, 1)));
    }
}

static const ad_sample samples_mul_backward[] = {
    {.n_x = 3, .x = {{2, {2, 3}}, {2, {2, 3}}, {2, {2, 3}}}},
    {.n_x = 3, .x = {{0}, {0}, {0}}},
    {.n_x = 3, .x = {{3, {2, 2, 3}}, {2, {2, 3}}, {3, {2, 2, 3}}}},
    {.n_x = 3, .x = {{3, {2, 4, 3}}, {2, {4, 1}}, {1, {3}}}},
    {.n_x = 3, .x = {{2, {2, 3}}, {0}, {2, {1, 3}}}},
    {.n_x = 3, .x = {{2, {0, 3}}, {2, {0, 1}}, {2, {0, 3}}}},
};

AD_OPERATOR(mul_backward,
    .arity = 3,
    .n_results = 2,
    .shape = mul_backward_shape,
    .run = mul_backward_run,
    .vjp = mul_backward_vjp,
    .linear = AD_LINEAR_IN(0) | AD_LINEAR_IN(1) | AD_LINEAR_IN(2),
    SAMPLES(samples_mul_backward),
    .formula = "da = b v summed to the shape of a, db = a v to that of b",
    .gradient = "b dda + a ddb, v ddb, v dda",
);

ad_tensor ad_mul_backward(ad_tensor dy, ad_tensor a, ad_tensor b, ad_tensor *db)
{
    ad_tensor r[AD_MAX_RESULTS];
    ad_apply(NULL, &ad_operator_mul_backward, (const ad_tensor[]){dy, a, b}, 3, NULL, r);
    if (db)
        *db = r[1];
    return r[0];
}

#endif
