/* Triangles and diagonals of the matrices in the last two axes. Elements are moved, not computed, so any type will do;
 * an element that is left out becomes 0, even if it is NaN. */
#include "../family.h"

#include <inttypes.h>

AD_FAMILY(indexing_triangles)

/* The matrices [m,n] of a tensor, one after the other; none if they are empty. */
typedef struct matrices {
    size_t count, bytes; /* how many, and of an element */
    int64_t m, n;
} matrices;

static matrices matrices_of(const ad_value *x)
{
    const ad_shape *shape = x->shape;
    matrices a = {.count = ad_elements(x) ? 1 : 0, .bytes = ad_bytes_of(x->type)};
    a.m = shape->dims[shape->rank - 2];
    a.n = shape->dims[shape->rank - 1];
    for (int i = 0; i < shape->rank - 2; i++)
        a.count *= (size_t)shape->dims[i];
    return a;
}

/* Whether operand 0 has as many axes; the message says what they are for. */
static bool has_axes(ad_call *c, int n, const char *what)
{
    char text[AD_OPERAND_TEXT];
    if (c->x[0]->shape->rank >= n)
        return true;
    ad_call_fail(c, AD_BAD_SHAPE, "%s has no %s", ad_operand_text(c, 0, text), what);
    return false;
}

/* Rules apply these rows directly, because k of a call is an int64_t and the public functions take an int. */
extern const ad_operator ad_operator_tril, ad_operator_triu, ad_operator_diagonal, ad_operator_tril_unpack,
    ad_operator_tril_pack;

static ad_tensor with_k(const ad_operator *op, ad_tensor x, int64_t k)
{
    return ad_apply_one(op, &x, 1, &(ad_attribute){.integer = k});
}

static int64_t k_of(const ad_pullback *p) { return ad_attribute_at(p, 0)->integer; }

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

/* k, cut to the diagonals just outside the matrix: those further out are as empty, and sums with k do not overflow. */
static int64_t k_within(const ad_call *c, int64_t m, int64_t n) { return most(-m, least(n, c->attributes[0].integer)); }

/* ---- Triangles --------------------------------------------------------------------------------------------------- */

static void triangle_shape(ad_call *c)
{
    if (has_axes(c, 2, "matrices: at least two axes are needed"))
        ad_result(c, 0, (ad_type)c->x[0]->type, c->x[0]->shape);
}

/* Row i keeps its columns up to i + k, or from i + k on. */
static void triangle_run(ad_call *c, bool is_lower)
{
    const ad_value *x = c->x[0], *y = c->y[0];
    const matrices a = matrices_of(x);
    const int64_t k = k_within(c, a.m, a.n);
    memset(y->data, 0, ad_elements(y) * a.bytes);
    for (size_t row = 0; row < a.count * (size_t)a.m; row++) {
        const int64_t i = (int64_t)(row % (size_t)a.m), edge = i + k + (is_lower ? 1 : 0);
        const int64_t cut = most(0, least(a.n, edge)), from = is_lower ? 0 : cut, to = is_lower ? cut : a.n;
        const size_t at = (row * (size_t)a.n + (size_t)from) * a.bytes;
        memcpy((char *)y->data + at, (const char *)x->data + at, (size_t)(to - from) * a.bytes);
    }
}

static void tril_run(ad_call *c) { triangle_run(c, true); }
static void triu_run(ad_call *c) { triangle_run(c, false); }

/* y = the triangle of x :  dx = the triangle of dy */
static void tril_vjp(ad_pullback *p) { ad_give(p, 0, with_k(&ad_operator_tril, ad_dy(p), k_of(p))); }
static void triu_vjp(ad_pullback *p) { ad_give(p, 0, with_k(&ad_operator_triu, ad_dy(p), k_of(p))); }

static const ad_sample samples_triangle[] = {
    {.n_x = 1, .x = {{2, {3, 3}}}, .attributes = {{.integer = 0}}},
    {.n_x = 1, .x = {{3, {2, 3, 4}}}, .attributes = {{.integer = 1}}},
    {.n_x = 1, .x = {{2, {4, 3}}}, .attributes = {{.integer = -1}}},
    {.n_x = 1, .x = {{4, {2, 1, 2, 2}}}, .attributes = {{.integer = 0}}},
    {.n_x = 1, .x = {{2, {0, 3}}}, .attributes = {{.integer = 0}}},
};

#define OF_TRIANGLE                                                                                                    \
    .arity = 1, .types = "*", .attributes = {{"k", AD_ATTRIBUTE_INTEGER}}, .shape = triangle_shape,                    \
    SAMPLES(samples_triangle), .linear = AD_LINEAR_IN(0)

AD_OPERATOR(tril,
    OF_TRIANGLE,
    .run = tril_run,
    .vjp = tril_vjp,
    .formula = "x on and below the k-th diagonal, else 0",
    .gradient = "tril(dy, k)",
);

AD_OPERATOR(triu,
    OF_TRIANGLE,
    .run = triu_run,
    .vjp = triu_vjp,
    .formula = "x on and above the k-th diagonal, else 0",
    .gradient = "triu(dy, k)",
);

ad_tensor ad_tril(ad_tensor x, int k) { return with_k(&ad_operator_tril, x, k); }
ad_tensor ad_triu(ad_tensor x, int k) { return with_k(&ad_operator_triu, x, k); }

/* ---- Diagonals --------------------------------------------------------------------------------------------------- */

/* Copies between the k-th diagonals of matrices [m,n] and an array that has these diagonals as its rows. */
static void copy_diagonals(const matrices *a, int64_t k, char *matrix, char *diagonal, bool to_matrix)
{
    const int64_t d = least(a->m + least(k, 0), a->n - most(k, 0));
    const size_t first = k < 0 ? (size_t)-k * (size_t)a->n : (size_t)k;
    for (size_t b = 0; b < a->count; b++)
        for (int64_t i = 0; i < d; i++) {
            char *in_matrix = matrix + (b * (size_t)(a->m * a->n) + first + (size_t)(i * (a->n + 1))) * a->bytes;
            char *alone = diagonal + (b * (size_t)d + (size_t)i) * a->bytes;
            memcpy(to_matrix ? in_matrix : alone, to_matrix ? alone : in_matrix, a->bytes);
        }
}

static void diagonal_shape(ad_call *c)
{
    if (!has_axes(c, 2, "matrices: at least two axes are needed"))
        return;
    ad_shape y = *c->x[0]->shape;
    const int64_t m = y.dims[y.rank - 2], n = y.dims[y.rank - 1], k = k_within(c, m, n);
    y.dims[--y.rank - 1] = least(m + least(k, 0), n - most(k, 0));
    ad_result(c, 0, (ad_type)c->x[0]->type, &y);
}

static void diagonal_run(ad_call *c)
{
    const matrices a = matrices_of(c->x[0]);
    copy_diagonals(&a, k_within(c, a.m, a.n), c->x[0]->data, c->y[0]->data, false);
}

static ad_tensor diagonal_matrix(ad_tensor x, int64_t k, int64_t m, int64_t n);

/* y = the diagonal of x :  dx = dy on the diagonal, 0 elsewhere */
static void diagonal_vjp(ad_pullback *p)
{
    const ad_shape x = ad_shape_of(ad_x(p, 0));
    ad_give(p, 0, diagonal_matrix(ad_dy(p), k_of(p), size_at(&x, -2), size_at(&x, -1)));
}

static const ad_sample samples_diagonal[] = {
    {.n_x = 1, .x = {{2, {3, 3}}}, .attributes = {{.integer = 0}}},
    {.n_x = 1, .x = {{3, {2, 3, 5}}}, .attributes = {{.integer = 1}}},
    {.n_x = 1, .x = {{2, {5, 3}}}, .attributes = {{.integer = -1}}},
    {.n_x = 1, .x = {{2, {2, 3}}}, .attributes = {{.integer = -7}}},
    {.n_x = 1, .x = {{3, {2, 0, 3}}}, .attributes = {{.integer = 0}}},
};

AD_OPERATOR(diagonal,
    .arity = 1,
    .types = "*",
    .attributes = {{"k", AD_ATTRIBUTE_INTEGER}},
    .shape = diagonal_shape,
    SAMPLES(samples_diagonal),
    .run = diagonal_run,
    .vjp = diagonal_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "the k-th diagonal of x",
    .gradient = "dy on the diagonal, 0 elsewhere",
    .convention = "empty where k is outside of the matrix",
);

ad_tensor ad_diagonal(ad_tensor x, int k) { return with_k(&ad_operator_diagonal, x, k); }

static void diagonal_matrix_shape(ad_call *c)
{
    if (!has_axes(c, 1, "diagonal: at least one axis is needed"))
        return;
    ad_shape y = *c->x[0]->shape;
    char text[AD_OPERAND_TEXT];
    const int64_t m = c->attributes[1].integer, n = c->attributes[2].integer, d = y.dims[y.rank - 1];
    const int64_t k = m < 0 || n < 0 ? 0 : k_within(c, m, n);
    if (y.rank == AD_MAX_RANK)
        ad_call_fail(c, AD_BAD_SHAPE, "%s has %d axes already, the most there can be", ad_operand_text(c, 0, text),
                     AD_MAX_RANK);
    else if (m < 0 || n < 0 || d != least(m + least(k, 0), n - most(k, 0)))
        ad_call_fail(c, AD_BAD_SHAPE, "%s is not as long as diagonal %" PRId64 " of a matrix [%" PRId64 ",%" PRId64 "]",
                     ad_operand_text(c, 0, text), c->attributes[0].integer, m, n);
    else {
        y.dims[y.rank - 1] = m;
        y.dims[y.rank++] = n;
        ad_result(c, 0, (ad_type)c->x[0]->type, &y);
    }
}

static void diagonal_matrix_run(ad_call *c)
{
    const matrices a = matrices_of(c->y[0]);
    memset(c->y[0]->data, 0, ad_elements(c->y[0]) * a.bytes);
    copy_diagonals(&a, k_within(c, a.m, a.n), c->y[0]->data, c->x[0]->data, true);
}

/* y = x on the diagonal, 0 elsewhere :  dx = the diagonal of dy */
static void diagonal_matrix_vjp(ad_pullback *p) { ad_give(p, 0, with_k(&ad_operator_diagonal, ad_dy(p), k_of(p))); }

static const ad_sample samples_diagonal_matrix[] = {
    {.n_x = 1, .x = {{1, {3}}}, .attributes = {{.integer = 0}, {.integer = 3}, {.integer = 3}}},
    {.n_x = 1, .x = {{2, {2, 3}}}, .attributes = {{.integer = 1}, {.integer = 4}, {.integer = 4}}},
    {.n_x = 1, .x = {{1, {3}}}, .attributes = {{.integer = -1}, {.integer = 5}, {.integer = 3}}},
    {.n_x = 1, .x = {{2, {2, 0}}}, .attributes = {{.integer = -3}, {.integer = 2}, {.integer = 3}}},
};

AD_OPERATOR(diagonal_matrix,
    .arity = 1,
    .types = "*",
    .attributes = {{"k", AD_ATTRIBUTE_INTEGER}, {"m", AD_ATTRIBUTE_INTEGER}, {"n", AD_ATTRIBUTE_INTEGER}},
    .shape = diagonal_matrix_shape,
    SAMPLES(samples_diagonal_matrix),
    .run = diagonal_matrix_run,
    .vjp = diagonal_matrix_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "x on the k-th diagonal of [m,n], 0 elsewhere",
    .gradient = "diagonal(dy, k)",
);

static ad_tensor diagonal_matrix(ad_tensor x, int64_t k, int64_t m, int64_t n)
{
    return ad_apply_one(&ad_operator_diagonal_matrix, &x, 1,
                        (const ad_attribute[]){{.integer = k}, {.integer = m}, {.integer = n}});
}

ad_tensor ad_diagonal_matrix(ad_tensor x, int k)
{
    const ad_entry *e = ad_require(x, "diagonal_matrix");
    if (!e)
        return ad_inert(x.tape);
    const ad_shape *shape = e->value.shape;
    const int64_t d = (shape->rank ? shape->dims[shape->rank - 1] : 0) + (k < 0 ? -(int64_t)k : k);
    return diagonal_matrix(x, k, d, d);
}

/* ---- Packed triangles -------------------------------------------------------------------------------------------- */

/* Copies between matrices [n,n] and the packed columns of their elements on and below the k-th diagonal, k <= 0. There
 * are d = n + k columns; column j begins at row j - k. */
static void copy_packed(const matrices *a, int64_t k, char *matrix, char *packed, bool to_matrix)
{
    const int64_t d = a->n + k;
    for (size_t b = 0; b < a->count; b++, matrix += (size_t)a->n * (size_t)a->n * a->bytes)
        for (int64_t j = 0; j < d; j++)
            for (int64_t i = j - k; i < a->n; i++, packed += a->bytes) {
                char *in_matrix = matrix + (size_t)(i * a->n + j) * a->bytes;
                memcpy(to_matrix ? in_matrix : packed, to_matrix ? packed : in_matrix, a->bytes);
            }
}

/* Whether k is on or below the main diagonal. */
static bool is_lower(ad_call *c)
{
    if (c->attributes[0].integer <= 0)
        return true;
    ad_call_fail(c, AD_BAD_VALUE, "k is %" PRId64 ": the triangle is a lower one, so k must be 0 or less",
                 c->attributes[0].integer);
    return false;
}

/* The d with d (d + 1) / 2 = count, or -1. It is looked for near the root, which a double may miss by one. */
static int64_t triangle_side(int64_t count)
{
    const int64_t near = (int64_t)sqrt(2 * (double)count);
    for (int64_t d = most(0, near - 1); d <= near + 1 && d < INT32_MAX; d++)
        if (d * (d + 1) / 2 == count)
            return d;
    return -1;
}

static void tril_unpack_shape(ad_call *c)
{
    if (!has_axes(c, 1, "packed triangle: at least one axis is needed") || !is_lower(c))
        return;
    ad_shape y = *c->x[0]->shape;
    char text[AD_OPERAND_TEXT];
    const int64_t count = y.dims[y.rank - 1], d = triangle_side(count), k = c->attributes[0].integer;
    if (y.rank == AD_MAX_RANK)
        ad_call_fail(c, AD_BAD_SHAPE, "%s has %d axes already, the most there can be", ad_operand_text(c, 0, text),
                     AD_MAX_RANK);
    else if (d < 0)
        ad_call_fail(c, AD_BAD_SHAPE, "the last size of %s is not one of 0, 1, 3, 6, 10, ..., d (d + 1) / 2",
                     ad_operand_text(c, 0, text));
    else if (k < d - INT64_MAX)
        ad_call_fail(c, AD_BAD_SHAPE, "k is %" PRId64 ": the matrix would have more rows than can be counted", k);
    else {
        y.dims[y.rank - 1] = y.dims[y.rank] = d - k;
        y.rank++;
        ad_result(c, 0, (ad_type)c->x[0]->type, &y);
    }
}

static void tril_unpack_run(ad_call *c)
{
    const matrices a = matrices_of(c->y[0]);
    memset(c->y[0]->data, 0, ad_elements(c->y[0]) * a.bytes);
    copy_packed(&a, c->attributes[0].integer, c->y[0]->data, c->x[0]->data, true);
}

/* y = the packed triangle x in its place :  dx = the triangle of dy, packed */
static void tril_unpack_vjp(ad_pullback *p) { ad_give(p, 0, with_k(&ad_operator_tril_pack, ad_dy(p), k_of(p))); }

static const ad_sample samples_tril_unpack[] = {
    {.n_x = 1, .x = {{1, {6}}}, .attributes = {{.integer = 0}}},
    {.n_x = 1, .x = {{3, {2, 2, 3}}}, .attributes = {{.integer = -1}}},
    {.n_x = 1, .x = {{2, {1, 1}}}, .attributes = {{.integer = -2}}},
    {.n_x = 1, .x = {{2, {2, 0}}}, .attributes = {{.integer = -1}}},
};

AD_OPERATOR(tril_unpack,
    .arity = 1,
    .types = "*",
    .attributes = {{"k", AD_ATTRIBUTE_INTEGER}},
    .shape = tril_unpack_shape,
    SAMPLES(samples_tril_unpack),
    .run = tril_unpack_run,
    .vjp = tril_unpack_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "the packed lower triangle x in its place, 0 elsewhere",
    .gradient = "tril_pack(dy, k)",
);

ad_tensor ad_tril_unpack(ad_tensor x, int k) { return with_k(&ad_operator_tril_unpack, x, k); }

static void tril_pack_shape(ad_call *c)
{
    if (!has_axes(c, 2, "matrices: at least two axes are needed") || !is_lower(c))
        return;
    ad_shape y = *c->x[0]->shape;
    char text[AD_OPERAND_TEXT];
    const int64_t m = y.dims[y.rank - 2], n = y.dims[y.rank - 1], k = c->attributes[0].integer;
    if (m != n || k < -n) {
        ad_call_fail(c, AD_BAD_SHAPE, m != n ? "the matrices of %s are not square" : "the diagonal is outside of %s",
                     ad_operand_text(c, 0, text));
        return;
    }
    const int64_t d = n + k;
    if (d >= INT32_MAX) {
        ad_call_fail(c, AD_BAD_SHAPE, "the matrices of %s are too large to be packed", ad_operand_text(c, 0, text));
        return;
    }
    y.dims[--y.rank - 1] = d * (d + 1) / 2;
    ad_result(c, 0, (ad_type)c->x[0]->type, &y);
}

static void tril_pack_run(ad_call *c)
{
    const matrices a = matrices_of(c->x[0]);
    copy_packed(&a, c->attributes[0].integer, c->x[0]->data, c->y[0]->data, false);
}

/* y = the triangle of x, packed :  dx = dy in its place */
static void tril_pack_vjp(ad_pullback *p) { ad_give(p, 0, with_k(&ad_operator_tril_unpack, ad_dy(p), k_of(p))); }

static const ad_sample samples_tril_pack[] = {
    {.n_x = 1, .x = {{2, {3, 3}}}, .attributes = {{.integer = 0}}},
    {.n_x = 1, .x = {{4, {2, 2, 3, 3}}}, .attributes = {{.integer = -1}}},
    {.n_x = 1, .x = {{2, {2, 2}}}, .attributes = {{.integer = -2}}},
    {.n_x = 1, .x = {{2, {0, 0}}}, .attributes = {{.integer = 0}}},
};

AD_OPERATOR(tril_pack,
    .arity = 1,
    .types = "*",
    .attributes = {{"k", AD_ATTRIBUTE_INTEGER}},
    .shape = tril_pack_shape,
    SAMPLES(samples_tril_pack),
    .run = tril_pack_run,
    .vjp = tril_pack_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "x on and below the k-th diagonal, packed by columns",
    .gradient = "tril_unpack(dy, k)",
);

ad_tensor ad_tril_pack(ad_tensor x, int k) { return with_k(&ad_operator_tril_pack, x, k); }
