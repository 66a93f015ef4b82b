/* Elements by their indices, and the adjoint: adding to elements by their indices. */
#include "../family.h"

#include <inttypes.h>

#include "../../kernels/scatter.h"

#ifdef AD_REAL

/* Array 0 is y, with size[1] rows of places; 1 is v, n rows of k = size[2] terms of d = size[0] elements; 2 is the
 * index, with a step from row to row in step[1] and within a row in step[2]; 3 is room for the sums. */
LOOP(scatter)
{
    const size_t d = s->size[0], k = s->size[2];
    if (d > 1 && has_few_terms(s))
        scatter_few(s, d, 1);
    else if (d > 1)
        scatter_runs(s, d);
    else if (k == 1)
        scatter_elements(s, 1);
    else
        scatter_elements(s, k);
}

#else

AD_FAMILY(indexing_gather)

LOOP_TABLE(scatter)

/* ---- Rows by index ----------------------------------------------------------------------------------------------- */

/* The place of the first index that is not in 0..n-1; the number of indices if there is none. They are looked at
 * without a branch each, and again where one is wrong. */
static size_t first_outside(const ad_value *indices, int64_t n)
{
    const int32_t *index = indices->data;
    const uint32_t end = n > INT32_MAX ? (uint32_t)INT32_MAX + 1 : (uint32_t)n;
    const size_t count = ad_elements(indices);
    unsigned outside = 0;
    for (size_t i = 0; i < count; i++)
        outside |= (uint32_t)index[i] >= end;
    size_t i = outside ? 0 : count;
    while (i < count && (uint32_t)index[i] < end)
        i++;
    return i;
}

static bool check_rows(ad_call *c, const ad_value *rows, int64_t n)
{
    const size_t i = first_outside(rows, n);
    if (i == ad_elements(rows))
        return true;
    ad_call_fail(c, AD_BAD_VALUE, "row number %" PRId32 " at place %zu is out of range: there are %" PRId64 " rows",
                 ((const int32_t *)rows->data)[i], i, n);
    return false;
}

/* The shape of one element of `rows`, replaced by a row of x. */
static void gather_rows_shape(ad_call *c)
{
    const ad_shape *x = c->x[0]->shape, *rows = c->x[1]->shape;
    char text[AD_OPERAND_TEXT];
    if (x->rank < 1 || rows->rank + x->rank - 1 > AD_MAX_RANK) {
        ad_call_fail(c, AD_BAD_SHAPE, "%s has no rows, or too many axes with those of its row numbers",
                     ad_operand_text(c, 0, text));
        return;
    }
    ad_shape y = *rows;
    for (int i = 1; i < x->rank; i++)
        y.dims[y.rank++] = x->dims[i];
    ad_result(c, 0, (ad_type)c->x[0]->type, &y);
}

static size_t row_size(const ad_shape *x)
{
    ad_shape row = {.rank = x->rank - 1};
    memcpy(row.dims, x->dims + 1, sizeof x->dims - sizeof x->dims[0]);
    return ad_count_of(&row);
}

static void gather_rows_run(ad_call *c)
{
    const ad_value *x = c->x[0], *rows = c->x[1];
    const size_t bytes = row_size(x->shape) * ad_bytes_of(x->type);
    const int32_t *row = rows->data;
    if (!check_rows(c, rows, x->shape->dims[0]))
        return;
    for (size_t i = 0; bytes && i < ad_elements(rows); i++)
        memcpy((char *)c->y[0]->data + i * bytes, (const char *)x->data + (size_t)row[i] * bytes, bytes);
}

/* y[i] = x[rows[i]] :  dx = dy scattered and added into as many rows */
static void gather_rows_vjp(ad_pullback *p)
{
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_scatter_add_rows(ad_dy(p), ad_x(p, 1), ad_shape_of(ad_x(p, 0)).dims[0]));
}

static const ad_sample samples_gather_rows[] = {
    {.n_x = 2, .x = {{2, {3, 2}}, {1, {5}}}},
    {.n_x = 2, .x = {{1, {3}}, {2, {2, 2}}}},
    {.n_x = 2, .x = {{3, {3, 2, 2}}, {0}}},
    {.n_x = 2, .x = {{2, {3, 2}}, {1, {0}}}},
};

AD_OPERATOR(gather_rows,
    .arity = 2,
    .types = "*i",
    .shape = gather_rows_shape,
    SAMPLES(samples_gather_rows),
    .run = gather_rows_run,
    .vjp = gather_rows_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "x[rows]",
    .gradient = "scatter_add_rows(dy, rows)",
    .domain = {{0}, {.high = 2}},
);

ad_tensor ad_gather_rows(ad_tensor x, ad_tensor rows) { return ad_apply2(&ad_operator_gather_rows, x, rows); }

static void scatter_add_rows_shape(ad_call *c)
{
    const ad_shape *v = c->x[0]->shape, *rows = c->x[1]->shape;
    char a[AD_OPERAND_TEXT], b[AD_OPERAND_TEXT];
    const int64_t n = c->attributes[0].integer;
    ad_shape y = {.rank = 1, .dims = {n}};
    if (n < 0)
        ad_call_fail(c, AD_BAD_SHAPE, "%" PRId64 " rows are asked for: it must be 0 or more", n);
    else if (v->rank < rows->rank || memcmp(v->dims, rows->dims, (size_t)rows->rank * sizeof v->dims[0]))
        ad_call_fail(c, AD_BAD_SHAPE, "%s does not begin with the axes of its row numbers %s", ad_operand_text(c, 0, a),
                     ad_operand_text(c, 1, b));
    else if (v->rank - rows->rank + 1 > AD_MAX_RANK)
        ad_call_fail(c, AD_BAD_SHAPE, "the result of %s would have more than %d axes", ad_operand_text(c, 0, a),
                     AD_MAX_RANK);
    else {
        for (int i = rows->rank; i < v->rank; i++)
            y.dims[y.rank++] = v->dims[i];
        ad_result(c, 0, (ad_type)c->x[0]->type, &y);
    }
}

/* Memory for the sums of a span of `scatter`. False if memory is out. */
static bool make_room(ad_call *c, ad_span *s)
{
    const size_t sum = (c->x[0]->type == AD_F64 ? 2 : 1) * sizeof(double), k = s->size[2], d = s->size[0];
    if (has_few_terms(s))
        return true;
    if (d > 1)
        s->array[3] = ad_scratch(c, s->n / FEW_TERMS * d * sum + s->size[1] * sizeof(uint32_t), 1);
    else if (has_many_places(s))
        s->array[3] = ad_scratch(c, s->n * k, sizeof(size_t) + sum);
    else
        s->array[3] = ad_scratch(c, s->size[1] * k, sum);
    return s->array[3] != NULL;
}

static void scatter_add_rows_run(ad_call *c)
{
    const ad_value *rows = c->x[1];
    ad_value *y = c->y[0];
    ad_span s = {.n = ad_elements(rows),
                 .array = {y->data, c->x[0]->data, rows->data},
                 .step = {0, 1, 0},
                 .size = {row_size(y->shape), (size_t)y->shape->dims[0], 1}};
    if (check_rows(c, rows, y->shape->dims[0]) && ad_elements(y) && make_room(c, &s))
        ad_loop_for(&scatter_loops, y->type)(&s);
}

/* y[rows[i]] += v[i] :  dv = dy[rows] */
static void scatter_add_rows_vjp(ad_pullback *p)
{
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_gather_rows(ad_dy(p), ad_x(p, 1)));
}

static const ad_sample samples_scatter_rows[] = {
    {.n_x = 2, .x = {{2, {5, 2}}, {1, {5}}}, .attributes = {{.integer = 3}}},
    {.n_x = 2, .x = {{2, {2, 2}}, {2, {2, 2}}}, .attributes = {{.integer = 4}}},
    {.n_x = 2, .x = {{1, {2}}, {0}}, .attributes = {{.integer = 3}}},
    {.n_x = 2, .x = {{2, {0, 2}}, {1, {0}}}, .attributes = {{.integer = 3}}},
};

AD_OPERATOR(scatter_add_rows,
    .arity = 2,
    .types = "ri",
    .attributes = {{"n", AD_ATTRIBUTE_INTEGER}},
    .shape = scatter_add_rows_shape,
    SAMPLES(samples_scatter_rows),
    .run = scatter_add_rows_run,
    .vjp = scatter_add_rows_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "y[rows[i]] += v[i]",
    .gradient = "dy[rows]",
    .domain = {{0}, {.high = 2}},
);

ad_tensor ad_scatter_add_rows(ad_tensor v, ad_tensor rows, int64_t n)
{
    return ad_apply_one(&ad_operator_scatter_add_rows, (const ad_tensor[]){v, rows}, 2, &(ad_attribute){.integer = n});
}

/* ---- Along an axis ----------------------------------------------------------------------------------------------- */

/* A tensor [outer, size, inner] and its index. The index has `outer` blocks, or one block for all; a block has a number
 * for each element (`k` is 1), or one for a run of `inner` elements (`k` is 0). */
typedef struct along {
    size_t outer, m, inner;
    const int32_t *index;
    size_t block, j, k; /* steps of the index from block to block, along the axis, and within `inner` */
} along;

static bool check_indices(ad_call *c, const ad_value *indices, int64_t n)
{
    const size_t i = first_outside(indices, n);
    if (i == ad_elements(indices))
        return true;
    ad_call_fail(c, AD_BAD_VALUE, "index %" PRId32 " at place %zu is out of range: the axis has %" PRId64 " elements",
                 ((const int32_t *)indices->data)[i], i, n);
    return false;
}

/* has_all: the indices have the sizes of x from axis `from` to before axis `to`. has_none: these sizes are all 1. */
static bool has_all(const ad_shape *indices, const ad_shape *x, int from, int to)
{
    return !memcmp(indices->dims + from, x->dims + from, (size_t)(to - from) * sizeof x->dims[0]);
}

static bool has_none(const ad_shape *indices, int from, int to)
{
    for (int i = from; i < to; i++)
        if (indices->dims[i] != 1)
            return false;
    return true;
}

static void copy_index(const ad_span *s)
{
    const int32_t *restrict X = s->array[1];
    int32_t *restrict Y = s->array[0];
    for (size_t i = 0; i < s->n; i++)
        Y[i] = X[i * s->step[1]];
}

/* The indices broadcast to `shape`; NULL if there is no memory. */
static const int32_t *broadcast_indices(ad_call *c, const ad_shape *shape)
{
    const size_t bytes[] = {sizeof(int32_t), sizeof(int32_t)};
    void *copy = ad_scratch(c, ad_count_of(shape), sizeof(int32_t));
    ad_span span = {.array = {copy, c->x[1]->data}};
    if (copy)
        ad_broadcast_loop(shape, 2, (const ad_shape *[]){shape, c->x[1]->shape}, bytes, copy_index, &span);
    return copy;
}

/* Describes the indices of a call for a tensor that has their size on the axis. Indices that broadcast on some of the
 * outer axes only, or on some of the inner axes only, are broadcast in memory. */
static bool make_along(ad_call *c, const ad_shape *x, int axis, along *a)
{
    const ad_shape *indices = c->x[1]->shape;
    const int rank = x->rank;
    *a = (along){.outer = 1, .m = (size_t)x->dims[axis], .inner = 1, .index = c->x[1]->data};
    for (int i = 0; i < axis; i++)
        a->outer *= (size_t)x->dims[i];
    for (int i = axis + 1; i < rank; i++)
        a->inner *= (size_t)x->dims[i];
    bool outer = has_all(indices, x, 0, axis), inner = has_all(indices, x, axis + 1, rank);
    if ((!outer && !has_none(indices, 0, axis)) || (!inner && !has_none(indices, axis + 1, rank))) {
        a->index = broadcast_indices(c, x);
        outer = inner = true;
    }
    a->k = inner ? 1 : 0;
    a->j = inner ? a->inner : 1;
    a->block = outer ? a->j * a->m : 0;
    return a->index != NULL;
}

/* The axis of a call, if its indices fit operand 0 along it, else -1. */
static int indexed_axis(ad_call *c, bool like_x)
{
    const ad_shape *x = c->x[0]->shape, *indices = c->x[1]->shape;
    char a[AD_OPERAND_TEXT], b[AD_OPERAND_TEXT];
    const int axis = ad_axis_index(c, c->attributes[0].integer, x->rank);
    bool fits = axis >= 0 && indices->rank == x->rank;
    for (int i = 0; fits && i < x->rank; i++)
        fits = indices->dims[i] == x->dims[i] || (i == axis ? !like_x : indices->dims[i] == 1);
    if (axis >= 0 && !fits)
        ad_call_fail(c, AD_BAD_SHAPE, "indices %s do not fit %s along axis %d: the other sizes must be equal or 1%s",
                     ad_operand_text(c, 1, b), ad_operand_text(c, 0, a), axis, like_x ? ", and this one equal" : "");
    return fits ? axis : -1;
}

static void gather_shape(ad_call *c)
{
    const int axis = indexed_axis(c, false);
    if (axis < 0)
        return;
    ad_shape y = *c->x[0]->shape;
    y.dims[axis] = c->x[1]->shape->dims[axis];
    ad_result(c, 0, (ad_type)c->x[0]->type, &y);
}

/* y[j][k] = x[index[j][k]][k] of one block; `bytes` is a number that the compiler knows. */
static inline void gather_block(const along *a, const int32_t *index, const char *x, char *y, size_t bytes)
{
    const size_t run = a->inner * bytes;
    if (a->k == 0 && a->inner > 1)
        for (size_t j = 0; j < a->m; j++)
            memcpy(y + j * run, x + (size_t)index[j] * run, run);
    else
        for (size_t j = 0; j < a->m; j++)
            for (size_t k = 0; k < a->inner; k++)
                memcpy(y + j * run + k * bytes, x + (size_t)index[j * a->j + k * a->k] * run + k * bytes, bytes);
}

static void gather_run(ad_call *c)
{
    const ad_value *x = c->x[0];
    ad_value *y = c->y[0];
    const int axis = ad_axis_index(c, c->attributes[0].integer, x->shape->rank);
    const size_t bytes = ad_bytes_of(x->type);
    along a;
    if (!check_indices(c, c->x[1], x->shape->dims[axis]) || !ad_elements(y) || !make_along(c, y->shape, axis, &a))
        return;
    for (size_t o = 0; o < a.outer; o++) {
        const char *from = (const char *)x->data + o * (size_t)x->shape->dims[axis] * a.inner * bytes;
        char *to = (char *)y->data + o * a.m * a.inner * bytes;
        if (bytes == sizeof(double))
            gather_block(&a, a.index + o * a.block, from, to, sizeof(double));
        else
            gather_block(&a, a.index + o * a.block, from, to, sizeof(float));
    }
}

/* y[..][j][..] = x[..][indices[..][j][..]][..] :  dx = dy scattered and added to as many elements */
static void gather_vjp(ad_pullback *p)
{
    const int axis = (int)ad_attribute_at(p, 0)->integer;
    if (!ad_wants(p, 0))
        return;
    const ad_shape x = ad_shape_of(ad_x(p, 0));
    ad_give(p, 0, ad_scatter_add(ad_dy(p), axis, ad_x(p, 1), size_at(&x, axis)));
}

static const ad_sample samples_gather[] = {
    {.n_x = 2, .x = {{2, {3, 4}}, {2, {3, 5}}}, .attributes = {{.integer = 1}}},
    {.n_x = 2, .x = {{2, {3, 4}}, {2, {5, 4}}}, .attributes = {{.integer = 0}}},
    {.n_x = 2, .x = {{1, {3}}, {1, {2}}}, .attributes = {{.integer = -1}}},
    {.n_x = 2, .x = {{3, {2, 3, 4}}, {3, {1, 2, 1}}}, .attributes = {{.integer = -2}}},
    {.n_x = 2, .x = {{4, {2, 2, 3, 2}}, {4, {2, 1, 4, 2}}}, .attributes = {{.integer = 2}}},
    {.n_x = 2, .x = {{4, {2, 4, 3, 2}}, {4, {1, 3, 1, 2}}}, .attributes = {{.integer = 1}}},
    {.n_x = 2, .x = {{2, {3, 4}}, {2, {3, 0}}}, .attributes = {{.integer = 1}}},
};

AD_OPERATOR(gather,
    .arity = 2,
    .types = "*i",
    .attributes = {{"axis", AD_ATTRIBUTE_INTEGER}},
    .shape = gather_shape,
    SAMPLES(samples_gather),
    .run = gather_run,
    .vjp = gather_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "x[indices] along the axis",
    .gradient = "scatter_add(dy, axis, indices)",
    .domain = {{0}, {.high = 2}},
);

ad_tensor ad_gather(ad_tensor x, int axis, ad_tensor indices)
{
    return ad_apply_one(&ad_operator_gather, (const ad_tensor[]){x, indices}, 2, &(ad_attribute){.integer = axis});
}

static void scatter_add_shape(ad_call *c)
{
    const int64_t n = c->attributes[1].integer;
    const int axis = indexed_axis(c, true);
    if (axis < 0)
        return;
    if (n < 0) {
        ad_call_fail(c, AD_BAD_SHAPE, "%" PRId64 " elements are asked for along the axis: it must be 0 or more", n);
        return;
    }
    ad_shape y = *c->x[0]->shape;
    y.dims[axis] = n;
    ad_result(c, 0, (ad_type)c->x[0]->type, &y);
}

static void scatter_add_run(ad_call *c)
{
    const ad_value *v = c->x[0];
    ad_value *y = c->y[0];
    const int axis = ad_axis_index(c, c->attributes[0].integer, v->shape->rank);
    const size_t bytes = ad_bytes_of(v->type), n = (size_t)y->shape->dims[axis];
    along a;
    if (!check_indices(c, c->x[1], (int64_t)n) || !ad_elements(y))
        return;
    if (!ad_elements(v))
        memset(y->data, 0, ad_elements(y) * bytes);
    if (!ad_elements(v) || !make_along(c, v->shape, axis, &a))
        return;
    ad_span s = {.n = a.m, .step = {0, a.j, a.k}, .size = {a.k ? 1 : a.inner, n, a.k ? a.inner : 1}};
    if (!make_room(c, &s))
        return;
    for (size_t o = 0; o < a.outer; o++) {
        s.array[0] = (char *)y->data + o * n * a.inner * bytes;
        s.array[1] = (char *)v->data + o * a.m * a.inner * bytes;
        s.array[2] = (void *)(a.index + o * a.block);
        ad_loop_for(&scatter_loops, v->type)(&s);
    }
}

/* y[..][indices[..][j][..]][..] += v[..][j][..] :  dv = dy[indices] */
static void scatter_add_vjp(ad_pullback *p)
{
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_gather(ad_dy(p), (int)ad_attribute_at(p, 0)->integer, ad_x(p, 1)));
}

static const ad_sample samples_scatter[] = {
    {.n_x = 2, .x = {{2, {3, 5}}, {2, {3, 5}}}, .attributes = {{.integer = 1}, {.integer = 4}}},
    {.n_x = 2, .x = {{2, {5, 3}}, {2, {5, 3}}}, .attributes = {{.integer = 0}, {.integer = 3}}},
    {.n_x = 2, .x = {{1, {2}}, {1, {2}}}, .attributes = {{.integer = -1}, {.integer = 4}}},
    {.n_x = 2, .x = {{3, {2, 2, 4}}, {3, {1, 2, 1}}}, .attributes = {{.integer = -2}, {.integer = 3}}},
    {.n_x = 2, .x = {{4, {2, 2, 4, 2}}, {4, {2, 1, 4, 2}}}, .attributes = {{.integer = 2}, {.integer = 3}}},
    {.n_x = 2, .x = {{2, {3, 0}}, {2, {3, 0}}}, .attributes = {{.integer = 1}, {.integer = 2}}},
};

AD_OPERATOR(scatter_add,
    .arity = 2,
    .types = "ri",
    .attributes = {{"axis", AD_ATTRIBUTE_INTEGER}, {"n", AD_ATTRIBUTE_INTEGER}},
    .shape = scatter_add_shape,
    SAMPLES(samples_scatter),
    .run = scatter_add_run,
    .vjp = scatter_add_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "y[indices] += v along the axis",
    .gradient = "gather(dy, axis, indices)",
    .convention = "contributions to one element are added in the order of the indices",
    .domain = {{0}, {.high = 2}},
);

ad_tensor ad_scatter_add(ad_tensor v, int axis, ad_tensor indices, int64_t n)
{
    return ad_apply_one(&ad_operator_scatter_add, (const ad_tensor[]){v, indices}, 2,
                        (const ad_attribute[]){{.integer = axis}, {.integer = n}});
}

#endif
