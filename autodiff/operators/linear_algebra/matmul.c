/* Products of vectors and of matrices. Matrices are in the last two axes; leading axes broadcast. */
#include "../../kernels/total.h"
#include "../family.h"
#include "matrices.h"

MAP2(outer, (a) * (b))

#ifdef AD_REAL

/* y += a b, summed where y stands still. */
LOOP(dot)
{
    const REAL *restrict A = s->array[1], *restrict B = s->array[2];
    REAL *restrict Y = s->array[0];
    if (s->step[0])
        for (size_t i = 0; i < s->n; i++)
            Y[i] += A[s->step[1] * i] * B[s->step[2] * i];
    else
        Y[0] = (REAL)((double)Y[0] + total_of(sum_of_products(A, s->step[1], B, s->step[2], s->n)));
}

#else

AD_FAMILY(linear_algebra_matmul)

LOOP_TABLE(dot)

/* Which operand of a product is read transposed. */
typedef struct reading {
    bool transpose_a, transpose_b;
} reading;

/* Sizes of the matrices of a product. */
typedef struct product_sizes {
    int64_t m, n, k, k_of_b;
} product_sizes;

/* A vector is one row on the left, and one column on the right. */
static product_sizes sizes_of(const ad_call *c, reading r)
{
    const ad_shape *a = c->x[0]->shape, *b = c->x[1]->shape;
    const int64_t *last_a = a->dims + a->rank - 1, *last_b = b->dims + b->rank - 1;
    const int64_t rows_a = a->rank > 1 ? last_a[-1] : 1, rows_b = b->rank > 1 ? last_b[-1] : *last_b,
                  columns_b = b->rank > 1 ? *last_b : 1;
    return (product_sizes){.m = r.transpose_a ? *last_a : rows_a,
                           .k = r.transpose_a ? rows_a : *last_a,
                           .n = r.transpose_b ? rows_b : columns_b,
                           .k_of_b = r.transpose_b ? columns_b : rows_b};
}

static void fail_sizes(ad_call *c, const char *what)
{
    char a[AD_OPERAND_TEXT], b[AD_OPERAND_TEXT];
    ad_call_fail(c, AD_BAD_SHAPE, "%s: %s by %s", what, ad_operand_text(c, 0, a), ad_operand_text(c, 1, b));
}

/* The leading axes of the result. Returns false if those of the operands do not broadcast. */
static bool find_lead(const ad_call *c, ad_shape *lead)
{
    const ad_shape *a = c->x[0]->shape, *b = c->x[1]->shape;
    *lead = AD_SCALAR;
    if (a->rank <= 2 && b->rank <= 2)
        return true;
    const ad_shape lead_b = ad_leading(b);
    *lead = ad_leading(a);
    return ad_broadcast(lead, &lead_b);
}

/* The result of a product. Both operands have enough axes; the sizes are checked here. A vector adds no axis to the
 * result. */
static void product_of_sizes(ad_call *c, reading r)
{
    const product_sizes s = sizes_of(c, r);
    ad_shape y;
    if (s.k != s.k_of_b)
        fail_sizes(c, "inner sizes differ");
    else if (!ad_product_fits(&(ad_product){.m = s.m, .n = s.n, .k = s.k}))
        fail_sizes(c, "a matrix has more than 2147483647 rows or columns");
    else if (!find_lead(c, &y))
        fail_sizes(c, "leading sizes do not broadcast");
    else {
        if (c->x[0]->shape->rank > 1)
            y.dims[y.rank++] = s.m;
        if (c->x[1]->shape->rank > 1)
            y.dims[y.rank++] = s.n;
        ad_result(c, 0, (ad_type)c->x[0]->type, &y);
    }
}

static void product_shape(ad_call *c, reading r)
{
    if (c->x[0]->shape->rank < 2 || c->x[1]->shape->rank < 2)
        fail_sizes(c, "both operands must have two axes or more");
    else
        product_of_sizes(c, r);
}

static void product_run(ad_call *c, reading r)
{
    const ad_shape *a = c->x[0]->shape, *b = c->x[1]->shape;
    const product_sizes s = sizes_of(c, r);
    ad_leads leads;
    ad_product p = {.type = (ad_type)c->x[0]->type,
                    .transpose_a = r.transpose_a,
                    .transpose_b = r.transpose_b,
                    .m = s.m,
                    .n = s.n,
                    .k = s.k,
                    .a = c->x[0]->data,
                    .b = c->x[1]->data,
                    .c = c->y[0]->data};
    if (a->rank > 2 || b->rank > 2) {
        leads = (ad_leads){.a = ad_leading(a), .b = ad_leading(b), .c = *c->y[0]->shape};
        leads.c.rank -= (a->rank > 1) + (b->rank > 1);
        p.leads = &leads;
    }
    ad_run_product(c, &p);
}

/* ---- a b --------------------------------------------------------------------------------------------------------- */

static void matmul_shape(ad_call *c)
{
    if (c->x[0]->shape->rank < 1 || c->x[1]->shape->rank < 1)
        fail_sizes(c, "a scalar has no axis to multiply over: use ad_mul");
    else
        product_of_sizes(c, (reading){false, false});
}

static void matmul_run(ad_call *c) { product_run(c, (reading){false, false}); }

/* With a new axis of size 1 before the last `after` axes, and without such an axis. */
static ad_tensor with_axis(ad_tensor x, int after)
{
    ad_shape shape = ad_shape_of(x);
    if (shape.rank < after)
        return x; /* inert, after an error */
    const int at = shape.rank++ - after;
    memmove(shape.dims + at + 1, shape.dims + at, (size_t)after * sizeof shape.dims[0]);
    shape.dims[at] = 1;
    return ad_reshape(x, shape);
}

static ad_tensor without_axis(ad_tensor x, int after)
{
    ad_shape shape = ad_shape_of(x);
    if (shape.rank <= after)
        return x; /* inert, after an error */
    const int at = --shape.rank - after;
    memmove(shape.dims + at, shape.dims + at + 1, (size_t)after * sizeof shape.dims[0]);
    return ad_reshape(x, shape);
}

/* y = a b, a being a row or b a column: the axis that the result leaves out is there while its gradient is made. */
static void matmul_of_vectors_vjp(ad_pullback *p)
{
    const bool row = ad_x_shape(p, 0)->rank == 1, column = ad_x_shape(p, 1)->rank == 1;
    ad_tensor dy = column ? with_axis(ad_dy(p), 0) : ad_dy(p);
    dy = row ? with_axis(dy, 1) : dy;
    if (ad_wants(p, 0)) {
        ad_tensor da = ad_matmul_nt(dy, column ? with_axis(ad_x(p, 1), 0) : ad_x(p, 1));
        ad_give(p, 0, row ? without_axis(da, 1) : da);
    }
    if (ad_wants(p, 1)) {
        ad_tensor db = ad_matmul_tn(row ? with_axis(ad_x(p, 0), 1) : ad_x(p, 0), dy);
        ad_give(p, 1, column ? without_axis(db, 0) : db);
    }
}

/* The rows of a stack as the rows of one matrix. */
static ad_tensor rows_of(ad_tensor x)
{
    const ad_shape shape = ad_shape_of(x);
    ad_shape lead = shape;
    if (shape.rank <= 2)
        return x;
    lead.rank--;
    return ad_reshape(x, AD_SHAPE((int64_t)ad_count_of(&lead), shape.dims[shape.rank - 1]));
}

/* y = a b :  da = dy b',  db = a' dy, which for one matrix b is a sum over all rows of a stack */
static void matmul_vjp(ad_pullback *p)
{
    const int rank_a = ad_x_shape(p, 0)->rank, rank_b = ad_x_shape(p, 1)->rank;
    if (rank_a == 1 || rank_b == 1) {
        matmul_of_vectors_vjp(p);
        return;
    }
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_matmul_nt(ad_dy(p), ad_x(p, 1)));
    if (ad_wants(p, 1))
        ad_give(p, 1,
                rank_b == 2 ? ad_matmul_tn(rows_of(ad_x(p, 0)), rows_of(ad_dy(p)))
                            : ad_matmul_tn(ad_x(p, 0), ad_dy(p)));
}

static const ad_sample samples_nn[] = {
    {.n_x = 2, .x = {{2, {2, 3}}, {2, {3, 4}}}},
    {.n_x = 2, .x = {{3, {2, 2, 3}}, {2, {3, 2}}}},
    {.n_x = 2, .x = {{4, {2, 1, 2, 3}}, {3, {3, 3, 1}}}},
    {.n_x = 2, .x = {{2, {2, 0}}, {2, {0, 3}}}},
    {.n_x = 2, .x = {{2, {1, 1}}, {2, {1, 1}}}},
    {.n_x = 2, .x = {{1, {3}}, {1, {3}}}},
    {.n_x = 2, .x = {{1, {3}}, {3, {2, 3, 2}}}},
    {.n_x = 2, .x = {{3, {2, 2, 3}}, {1, {3}}}},
    {.n_x = 2, .x = {{1, {0}}, {2, {0, 2}}}},
    {.n_x = 2, .x = {{2, {2, 3}}, {1, {3}}}},
};

AD_OPERATOR(matmul,
    .arity = 2,
    .shape = matmul_shape,
    .run = matmul_run,
    .vjp = matmul_vjp,
    .linear = AD_LINEAR_IN(0) | AD_LINEAR_IN(1),
    SAMPLES(samples_nn),
    .formula = "a b",
    .gradient = "dy b', a' dy",
);

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

AD_OPERATOR(matmul_nt,
    .arity = 2,
    .shape = matmul_nt_shape,
    .run = matmul_nt_run,
    .vjp = matmul_nt_vjp,
    .linear = AD_LINEAR_IN(0) | AD_LINEAR_IN(1),
    SAMPLES(samples_nt),
    .formula = "a b'",
    .gradient = "dy b, dy' a",
);

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

AD_OPERATOR(matmul_tn,
    .arity = 2,
    .shape = matmul_tn_shape,
    .run = matmul_tn_run,
    .vjp = matmul_tn_vjp,
    .linear = AD_LINEAR_IN(0) | AD_LINEAR_IN(1),
    SAMPLES(samples_tn),
    .formula = "a' b",
    .gradient = "b dy', a dy",
);

ad_tensor ad_matmul_tn(ad_tensor a, ad_tensor b) { return ad_apply2(&ad_operator_matmul_tn, a, b); }

/* ---- Of vectors -------------------------------------------------------------------------------------------------- */

/* How the operands broadcast together; false if they do not. */
static bool space_of(const ad_call *c, ad_shape *space)
{
    *space = *c->x[0]->shape;
    return ad_broadcast(space, c->x[1]->shape);
}

static void dot_shape(ad_call *c)
{
    ad_shape y;
    if (!space_of(c, &y))
        fail_sizes(c, "sizes do not broadcast");
    else if (y.rank == 0)
        fail_sizes(c, "scalars have no axis to sum over: use ad_mul");
    else {
        y.rank--;
        ad_result(c, 0, (ad_type)c->x[0]->type, &y);
    }
}

/* Calls a loop for y and both operands, of these shapes, over `space`. */
static void walk_both(ad_call *c, const ad_loops *loops, const ad_shape *space, const ad_shape *y, const ad_shape *a,
                      const ad_shape *b)
{
    const ad_shape *shapes[] = {y, a, b};
    const size_t bytes = ad_bytes_of(c->y[0]->type), each[] = {bytes, bytes, bytes};
    ad_span span = {.array = {c->y[0]->data, c->x[0]->data, c->x[1]->data}};
    ad_broadcast_loop(space, 3, shapes, each, ad_loop_for(loops, c->y[0]->type), &span);
}

static void dot_run(ad_call *c)
{
    ad_shape space, kept;
    const size_t n = ad_elements(c->y[0]);
    space_of(c, &space);
    kept = space;
    kept.dims[kept.rank - 1] = 1;
    if (n)
        memset(c->y[0]->data, 0, n * ad_bytes_of(c->y[0]->type));
    walk_both(c, &dot_loops, &space, &kept, c->x[0]->shape, c->x[1]->shape);
}

/* dy x, broadcast to the length of the other operand: x may have one number on the axis that was summed over. */
static ad_tensor share_of(ad_tensor dy, ad_tensor x, ad_tensor other)
{
    ad_tensor g = ad_mul(dy, x);
    ad_shape wide = ad_shape_of(g), sizes = ad_shape_of(other);
    if (sizes.rank == 0 || wide.rank == 0 || sizes.dims[sizes.rank - 1] == wide.dims[wide.rank - 1] ||
        sizes.dims[sizes.rank - 1] == 1)
        return g;
    wide.dims[wide.rank - 1] = sizes.dims[sizes.rank - 1];
    return ad_broadcast_to(g, wide);
}

/* y = sum a b :  da = dy b,  db = dy a */
static void dot_vjp(ad_pullback *p)
{
    ad_tensor dy = with_axis(ad_dy(p), 0);
    if (ad_wants(p, 0))
        ad_give(p, 0, share_of(dy, ad_x(p, 1), ad_x(p, 0)));
    if (ad_wants(p, 1))
        ad_give(p, 1, share_of(dy, ad_x(p, 0), ad_x(p, 1)));
}

static const ad_sample samples_dot[] = {
    {.n_x = 2, .x = {{2, {2, 3}}, {2, {2, 3}}}},
    {.n_x = 2, .x = {{1, {3}}, {1, {3}}}},
    {.n_x = 2, .x = {{3, {2, 1, 3}}, {2, {2, 3}}}},
    {.n_x = 2, .x = {{2, {2, 3}}, {2, {2, 1}}}},
    {.n_x = 2, .x = {{0}, {1, {3}}}},
    {.n_x = 2, .x = {{2, {2, 0}}, {2, {2, 0}}}},
    {.n_x = 2, .x = {{1, {1}}, {3, {2, 2, 1}}}},
    {.n_x = 2, .x = {{2, {0, 3}}, {1, {3}}}},
};

AD_OPERATOR(dot,
    .arity = 2,
    .shape = dot_shape,
    .run = dot_run,
    .vjp = dot_vjp,
    SAMPLES(samples_dot),
    .linear = AD_LINEAR_IN(0) | AD_LINEAR_IN(1),
    .formula = "sum a b over the last axis",
    .gradient = "dy b, dy a",
    .convention = "0 over nothing",
);

ad_tensor ad_dot(ad_tensor a, ad_tensor b) { return ad_apply2(&ad_operator_dot, a, b); }

/* [..., m] as [..., m, 1], [..., n] as [..., 1, n]: how they broadcast to the result. */
static void columns_and_rows(const ad_call *c, ad_shape *a, ad_shape *b)
{
    *a = *c->x[0]->shape;
    *b = *c->x[1]->shape;
    a->dims[a->rank++] = 1;
    b->dims[b->rank] = b->dims[b->rank - 1];
    b->dims[b->rank++ - 1] = 1;
}

static void outer_shape(ad_call *c)
{
    const int rank_a = c->x[0]->shape->rank, rank_b = c->x[1]->shape->rank;
    ad_shape y, b;
    if (rank_a < 1 || rank_b < 1 || rank_a >= AD_MAX_RANK || rank_b >= AD_MAX_RANK) {
        fail_sizes(c, "both operands must have 1 to 7 axes");
        return;
    }
    columns_and_rows(c, &y, &b);
    if (ad_broadcast(&y, &b))
        ad_result(c, 0, (ad_type)c->x[0]->type, &y);
    else
        fail_sizes(c, "leading sizes do not broadcast");
}

static void outer_run(ad_call *c)
{
    ad_shape a, b;
    columns_and_rows(c, &a, &b);
    walk_both(c, &outer_loops, c->y[0]->shape, c->y[0]->shape, &a, &b);
}

/* y_ij = a_i b_j :  da = dy b,  db = dy' a */
static void outer_vjp(ad_pullback *p)
{
    if (ad_wants(p, 0))
        ad_give(p, 0, without_axis(ad_matmul(ad_dy(p), with_axis(ad_x(p, 1), 0)), 0));
    if (ad_wants(p, 1))
        ad_give(p, 1, without_axis(ad_matmul_tn(ad_dy(p), with_axis(ad_x(p, 0), 0)), 0));
}

static const ad_sample samples_outer[] = {
    {.n_x = 2, .x = {{1, {2}}, {1, {3}}}},          {.n_x = 2, .x = {{2, {2, 3}}, {2, {2, 2}}}},
    {.n_x = 2, .x = {{3, {2, 1, 3}}, {2, {2, 2}}}}, {.n_x = 2, .x = {{1, {0}}, {1, {3}}}},
    {.n_x = 2, .x = {{1, {1}}, {2, {2, 1}}}},
};

AD_OPERATOR(outer,
    .arity = 2,
    .shape = outer_shape,
    .run = outer_run,
    .vjp = outer_vjp,
    SAMPLES(samples_outer),
    .linear = AD_LINEAR_IN(0) | AD_LINEAR_IN(1),
    .formula = "a_i b_j",
    .gradient = "dy b, dy' a",
);

ad_tensor ad_outer(ad_tensor a, ad_tensor b) { return ad_apply2(&ad_operator_outer, a, b); }

#endif
