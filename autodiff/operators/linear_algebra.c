/* Matrix products of the last two axes; leading axes broadcast. */
#include "family.h"

#ifndef AD_REAL

AD_FAMILY(linear_algebra)

#include "../blas.h"

/* Which operand of a product is read transposed. */
typedef struct reading {
    bool transpose_a, transpose_b;
} reading;

static int64_t last(const ad_shape *x, int from_end) { return x->dims[x->rank - from_end]; }

static ad_shape leading(const ad_shape *x)
{
    ad_shape y = *x;
    y.rank -= 2;
    return y;
}

static ad_product sizes_of(const ad_call *c, reading r)
{
    const ad_shape *a = c->x[0]->shape, *b = c->x[1]->shape;
    return (ad_product){.type = (ad_type)c->x[0]->type,
                        .transpose_a = r.transpose_a,
                        .transpose_b = r.transpose_b,
                        .m = last(a, r.transpose_a ? 1 : 2),
                        .k = last(a, r.transpose_a ? 2 : 1),
                        .n = last(b, r.transpose_b ? 2 : 1)};
}

static void fail_sizes(ad_call *c, const char *what)
{
    char a[AD_OPERAND_TEXT], b[AD_OPERAND_TEXT];
    ad_call_fail(c, AD_BAD_SHAPE, "%s: %s by %s", what, ad_operand_text(c, 0, a), ad_operand_text(c, 1, b));
}

static void product_shape(ad_call *c, reading r)
{
    const ad_shape *a = c->x[0]->shape, *b = c->x[1]->shape;
    if (a->rank < 2 || b->rank < 2) {
        fail_sizes(c, "both operands must have two axes or more");
        return;
    }
    const ad_product p = sizes_of(c, r);
    ad_shape y = leading(a), lead_b = leading(b);
    if (p.k != last(b, r.transpose_b ? 1 : 2))
        fail_sizes(c, "inner sizes differ");
    else if (!ad_blas_fits(&p))
        fail_sizes(c, "a matrix has more than 2147483647 rows or columns");
    else if (!ad_broadcast(&y, &lead_b))
        fail_sizes(c, "leading sizes do not broadcast");
    else {
        y.dims[y.rank++] = p.m;
        y.dims[y.rank++] = p.n;
        ad_result(c, 0, p.type, &y);
    }
}

/* Where matrix number `index` of the leading axes `lead` begins in an operand whose own leading axes broadcast to them.
 */
static size_t matrix_at(const ad_shape *lead, const ad_shape *own, size_t index)
{
    size_t at = 0, dense = 1;
    for (int axis = lead->rank - 1; axis >= 0; axis--) {
        const size_t size = (size_t)lead->dims[axis], i = index % size;
        const int mine = axis - (lead->rank - own->rank);
        index /= size;
        if (mine < 0)
            continue;
        if (own->dims[mine] > 1)
            at += i * dense;
        dense *= (size_t)own->dims[mine];
    }
    return at;
}

static void product_run(ad_call *c, reading r)
{
    ad_product p = sizes_of(c, r);
    const ad_shape lead = leading(c->y[0]->shape), lead_a = leading(c->x[0]->shape), lead_b = leading(c->x[1]->shape);
    const size_t bytes = ad_type_bytes(p.type), n = ad_count_of(&lead);
    const size_t m_k = (size_t)(p.m * p.k) * bytes, k_n = (size_t)(p.k * p.n) * bytes,
                 m_n = (size_t)(p.m * p.n) * bytes;
    if (m_n == 0)
        return; /* there may be very many matrices of nothing */
    const size_t partial = ad_blas_partial(&p);
    p.partial = partial ? ad_scratch(c, partial, bytes) : NULL;
    if (partial && !p.partial)
        return;
    for (size_t i = 0; i < n; i++) {
        p.a = (const char *)c->x[0]->data + matrix_at(&lead, &lead_a, i) * m_k;
        p.b = (const char *)c->x[1]->data + matrix_at(&lead, &lead_b, i) * k_n;
        p.c = (char *)c->y[0]->data + i * m_n;
        ad_blas_multiply(&p);
    }
}

/* ---- a b --------------------------------------------------------------------------------------------------------- */

static void matmul_shape(ad_call *c) { product_shape(c, (reading){false, false}); }
static void matmul_run(ad_call *c) { product_run(c, (reading){false, false}); }

/* y = a b :  da = dy b',  db = a' dy */
static void matmul_vjp(ad_pullback *p)
{
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_matmul_nt(ad_dy(p), ad_x(p, 1)));
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_matmul_tn(ad_x(p, 0), ad_dy(p)));
}

static const ad_sample samples_nn[] = {
    {.n_x = 2, .x = {{2, {2, 3}}, {2, {3, 4}}}},          {.n_x = 2, .x = {{3, {2, 2, 3}}, {2, {3, 2}}}},
    {.n_x = 2, .x = {{4, {2, 1, 2, 3}}, {3, {3, 3, 1}}}}, {.n_x = 2, .x = {{2, {2, 0}}, {2, {0, 3}}}},
    {.n_x = 2, .x = {{2, {1, 1}}, {2, {1, 1}}}},
};

AD_OPERATOR(matmul) = {.name = "matmul",
                       .arity = 2,
                       .shape = matmul_shape,
                       .run = matmul_run,
                       .vjp = matmul_vjp,
                       .linear = AD_LINEAR_IN(0) | AD_LINEAR_IN(1),
                       SAMPLES(samples_nn),
                       .formula = "a b",
                       .gradient = "dy b', a' dy"};

ad_tensor ad_matmul(ad_tensor a, ad_tensor b) { return ad_apply2(&ad_operator_matmul, a, b); }

/* ---- a b' -------------------------------------------------------------------------------------------------------- */

static void matmul_nt_shape(ad_call *c) { product_shape(c, (reading){false, true}); }
static void matmul_nt_run(ad_call *c) { product_run(c, (reading){false, true}); }

/* y = a b' :  da = dy b,  db = dy' a */
static void matmul_nt_vjp(ad_pullback *p)
{
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_matmul(ad_dy(p), ad_x(p, 1)));
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_matmul_tn(ad_dy(p), ad_x(p, 0)));
}

static const ad_sample samples_nt[] = {
    {.n_x = 2, .x = {{2, {2, 3}}, {2, {4, 3}}}},
    {.n_x = 2, .x = {{3, {2, 2, 3}}, {2, {2, 3}}}},
    {.n_x = 2, .x = {{2, {2, 0}}, {2, {3, 0}}}},
};

AD_OPERATOR(matmul_nt) = {.name = "matmul_nt",
                          .arity = 2,
                          .shape = matmul_nt_shape,
                          .run = matmul_nt_run,
                          .vjp = matmul_nt_vjp,
                          .linear = AD_LINEAR_IN(0) | AD_LINEAR_IN(1),
                          SAMPLES(samples_nt),
                          .formula = "a b'",
                          .gradient = "dy b, dy' a"};

ad_tensor ad_matmul_nt(ad_tensor a, ad_tensor b) { return ad_apply2(&ad_operator_matmul_nt, a, b); }

/* ---- a' b -------------------------------------------------------------------------------------------------------- */

static void matmul_tn_shape(ad_call *c) { product_shape(c, (reading){true, false}); }
static void matmul_tn_run(ad_call *c) { product_run(c, (reading){true, false}); }

/* y = a' b :  da = b dy',  db = a dy */
static void matmul_tn_vjp(ad_pullback *p)
{
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_matmul_nt(ad_x(p, 1), ad_dy(p)));
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_matmul(ad_x(p, 0), ad_dy(p)));
}

static const ad_sample samples_tn[] = {
    {.n_x = 2, .x = {{2, {3, 2}}, {2, {3, 4}}}},
    {.n_x = 2, .x = {{3, {2, 3, 2}}, {2, {3, 2}}}},
    {.n_x = 2, .x = {{2, {0, 2}}, {2, {0, 3}}}},
};

AD_OPERATOR(matmul_tn) = {.name = "matmul_tn",
                          .arity = 2,
                          .shape = matmul_tn_shape,
                          .run = matmul_tn_run,
                          .vjp = matmul_tn_vjp,
                          .linear = AD_LINEAR_IN(0) | AD_LINEAR_IN(1),
                          SAMPLES(samples_tn),
                          .formula = "a' b",
                          .gradient = "b dy', a dy"};

ad_tensor ad_matmul_tn(ad_tensor a, ad_tensor b) { return ad_apply2(&ad_operator_matmul_tn, a, b); }

#endif
