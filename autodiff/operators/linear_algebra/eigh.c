/* Eigenvalues and eigenvectors of the symmetric matrices in the last two axes. */
#include "../../base/lapack.h"
#include "../family.h"
#include "matrices.h"

/* What is known of the pairs of values of one matrix. */
typedef struct eigen_pairs {
    const void *x, *dw; /* x = v' dv; dw is NULL if the values were not used */
    double *size;       /* of the columns of x: room for n */
    int order;
    bool
        is_lost; /* whether a quotient is needed and cannot be trusted, the first that of the values lost[0], lost[1] */
    size_t lost[2];
} eigen_pairs;

/* How many units of rounding two sizes may be apart and still count as equal where a sign or a gap is decided. */
enum { ROUNDINGS = 32 };

#ifdef AD_REAL

/* Whether a vector must change its sign, so that its largest component becomes positive; of components that are equal
 * to within rounding the first decides. */
static inline int points_down(const REAL *x, size_t n)
{
    REAL largest = 0;
    size_t i = 0;
    for (size_t k = 0; k < n; k++)
        largest = R(fabs)(x[k]) > largest ? R(fabs)(x[k]) : largest;
    while (R(fabs)(x[i]) < largest * (1 - ROUNDINGS * REAL_EPSILON))
        i++;
    return x[i] < 0;
}

/* The rows of an [n,n] matrix are vectors: each is given its sign. */
LOOP(orient_vectors)
{
    REAL *Y = s->array[0];
    const size_t n = s->size[0];
    for (size_t i = 0; i < n; i++)
        if (points_down(Y + n * i, n))
            for (size_t k = 0; k < n; k++)
                Y[n * i + k] = -Y[n * i + k];
}

/* y_ij = x_ij / (w_j - w_i) for j from `from` to `to`. Returns whether two w are `near` or less apart. */
static inline int divide_row(REAL *restrict y, const REAL *restrict x, const REAL *restrict w, size_t i, size_t from,
                             size_t to, REAL near)
{
    int found = 0;
    for (size_t j = from; j < to; j++) {
        const REAL gap = w[j] - w[i];
        found |= R(fabs)(gap) <= near;
        y[j] = x[j] / (gap == 0 ? 1 : gap);
    }
    return found;
}

/* y_ij = x_ij / (w_j - w_i), 0 on the diagonal. The pointer in array 3 tells whether two w are `constant` times the
 * largest w or less apart; the quotients of equal w are not settled. */
LOOP(divide_by_gaps)
{
    const REAL *X = s->array[1], *W = s->array[2];
    REAL *Y = s->array[0], largest = 0;
    const size_t n = s->size[0];
    int found = 0;
    for (size_t i = 0; i < n; i++)
        largest = R(fabs)(W[i]) > largest ? R(fabs)(W[i]) : largest;
    const REAL near = (REAL)s->constant * largest;
    for (size_t i = 0; i < n; i++) {
        found |= divide_row(Y + i * n, X + i * n, W, i, 0, i, near);
        Y[i * n + i] = 0;
        found |= divide_row(Y + i * n, X + i * n, W, i, i + 1, n, near);
    }
    *(bool *)s->array[3] = found;
}

static inline double largest_of(const REAL *w, size_t n)
{
    double largest = 0;
    for (size_t i = 0; i < n; i++)
        largest = fabs((double)w[i]) > largest ? fabs((double)w[i]) : largest;
    return largest;
}

static inline int are_equal(const REAL *w, size_t i, size_t j, double largest)
{
    return fabs((double)w[i] - (double)w[j]) <= (double)(ROUNDINGS * REAL_EPSILON) * largest;
}

/* Settles the quotients of equal w: 0 where x is 0, NaN elsewhere. */
LOOP(settle_equal)
{
    const REAL *X = s->array[1], *W = s->array[2];
    REAL *Y = s->array[0];
    const size_t n = s->size[0];
    const double largest = largest_of(W, n);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            if (i != j && are_equal(W, i, j, largest))
                Y[i * n + j] = X[i * n + j] == 0 ? 0 : (REAL)NAN;
}

/* The size of each column of x, [n,n]. */
static inline void measure_columns(const REAL *x, size_t n, double *size)
{
    for (size_t j = 0; j < n; j++)
        size[j] = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            size[j] = hypot(size[j], (double)x[i * n + j]);
}

/* Whether the quotient of a pair `gap` apart has digits left. Its numerator is a difference d of numbers of size s, and
 * is off by about eps s. A quotient is off by eps s / gap, and a derivative of order k by eps s / gap^k. What it is
 * compared with is the smallest that the result can be: terms cancel until one gap of k is left, or as much as in a
 * smooth function of a, where each gap is replaced by the largest w. With u = largest / gap. */
static inline int is_trusted(double d, double s, double u, int order)
{
    const double eps = (double)REAL_EPSILON;
    return !(eps * pow(u, order) * s > cbrt(eps) * (d * u + s));
}

/* What becomes of the pair i, j: KEPT, ZERO or LOST. */
enum { KEPT, ZERO, LOST };

static inline int pair_state(const eigen_pairs *p, const REAL *w, size_t n, size_t i, size_t j, double largest)
{
    const REAL *x = p->x, *dw = p->dw;
    const double a = (double)x[i * n + j], b = (double)x[j * n + i];
    const double s = p->size[i] > p->size[j] ? p->size[i] : p->size[j];
    const double gap = fabs((double)w[i] - (double)w[j]);
    const int equal = are_equal(w, i, j, largest);
    if (s == 0 && (!dw || (dw[i] == 0 && dw[j] == 0)))
        return ZERO;
    return !equal && is_trusted(fabs(a - b), s, largest / gap, p->order) ? KEPT : LOST;
}

/* Settles the quotients of w that are equal or near. */
LOOP(settle_near)
{
    eigen_pairs *p = s->array[1];
    const REAL *W = s->array[2];
    REAL *Y = s->array[0];
    const size_t n = s->size[0];
    const double largest = largest_of(W, n);
    measure_columns(p->x, n, p->size);
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++) {
            if (!(fabs((double)W[i] - (double)W[j]) <= s->constant * largest))
                continue;
            const int state = pair_state(p, W, n, i, j, largest);
            if (state == LOST && !p->is_lost) {
                p->is_lost = true;
                p->lost[0] = i;
                p->lost[1] = j;
            }
            if (state != KEPT)
                Y[i * n + j] = Y[j * n + i] = 0;
        }
}

#else

AD_FAMILY(linear_algebra_eigh)

LOOP_TABLE(orient_vectors)
LOOP_TABLE(divide_by_gaps)
LOOP_TABLE(settle_equal)
LOOP_TABLE(settle_near)

static size_t size_of(const ad_call *c) { return (size_t)ad_last(c->x[0]->shape, 1); }

/* ---- Eigenvalues and eigenvectors -------------------------------------------------------------------------------- */

static void eigh_shape(ad_call *c)
{
    char text[AD_OPERAND_TEXT];
    if (!ad_check_square(c, 0))
        return;
    const int64_t n = ad_last(c->x[0]->shape, 1);
    if (n && !ad_lapack_eigen_work(n)) {
        ad_call_fail(c, AD_BAD_SHAPE,
                     "%s: the matrices are too large for LAPACK, which counts their workspace in 32 bits",
                     ad_operand_text(c, 0, text));
        return;
    }
    ad_shape values = ad_leading(c->x[0]->shape);
    values.dims[values.rank++] = n;
    ad_result(c, 0, (ad_type)c->x[0]->type, &values);
    ad_result(c, 1, (ad_type)c->x[0]->type, c->x[0]->shape);
}

/* Room for a matrix and for LAPACK. */
typedef struct room {
    void *rows, *work;
    int *integers;
} room;

/* Matrix number `at`; LAPACK gives vectors as rows, the result has them as columns. */
static bool eigen_at(ad_call *c, size_t at, const room *r)
{
    const ad_type type = (ad_type)c->x[0]->type;
    const size_t n = size_of(c), bytes = ad_type_bytes(type);
    char text[AD_MATRIX_TEXT];
    if (!ad_check_finite_matrix(c, 0, at, AD_LOWER_PART))
        return false;
    memcpy(r->rows, ad_matrix_of(c->x[0], at), n * n * bytes);
    void *values = (char *)c->y[0]->data + at * n * bytes;
    if (!ad_lapack_eigen(type, (int64_t)n, r->rows, values, r->work, r->integers)) {
        ad_call_fail(c, AD_BAD_VALUE, "the eigenvalues of %s do not converge", ad_matrix_text(c, 0, at, text));
        return false;
    }
    ad_loop_for(&orient_vectors_loops, c->x[0]->type)(&(ad_span){.array = {r->rows}, .size = {n}});
    ad_turn(c, n, n, r->rows, ad_matrix_of(c->y[1], at));
    return true;
}

static void eigh_by_blas(ad_call *c)
{
    const size_t n = size_of(c), n_matrices = ad_matrix_count(c->x[0]), bytes = ad_bytes_of(c->x[0]->type);
    if (n_matrices == 0)
        return;
    const room r = {ad_scratch(c, n * n, bytes), ad_scratch(c, (size_t)ad_lapack_eigen_work((int64_t)n), bytes),
                    ad_scratch(c, 5 * n + 3, sizeof(int))};
    for (size_t at = 0; at < n_matrices && c->tape->status == AD_OK; at++)
        if (!eigen_at(c, at, &r))
            return;
}

static void eigh_run(ad_call *c) { ad_run_with_blas(c, eigh_by_blas); }

/* dw, one number for each column. */
static ad_tensor for_columns(ad_tensor x)
{
    ad_shape shape = ad_shape_of(x);
    if (shape.rank == 0)
        return x; /* inert, after an error */
    shape.dims[shape.rank] = shape.dims[shape.rank - 1];
    shape.dims[shape.rank++ - 1] = 1;
    return ad_reshape(x, shape);
}

/* a v = v diag(w) :  da = v (diag(dw) + F o (v' dv)) v', made symmetric, with F_ij = 1 / (w_j - w_i) and 0 on its
 * diagonal (Giles 2008, 3.1). F is made only if the vectors were used. */
static void eigh_vjp(ad_pullback *p)
{
    ad_tensor w = ad_y_at(p, 0), v = ad_y_at(p, 1), left = {0};
    if (ad_has_dy(p, 0))
        left = ad_mul(v, for_columns(ad_dy_at(p, 0)));
    if (ad_has_dy(p, 1)) {
        const bool values = ad_has_dy(p, 0);
        ad_tensor x = ad_matmul_tn(v, ad_dy_at(p, 1)), dw = values ? ad_dy_at(p, 0) : w;
        ad_tensor turned = ad_matmul(v, ad_divide_by_eigen_gaps(x, w, x, dw, ad_x(p, 0), 1, values));
        left = ad_has_dy(p, 0) ? ad_add(left, turned) : turned;
    }
    ad_tensor da = ad_matmul_nt(left, v);
    ad_give(p, 0, ad_scale(ad_add(da, ad_transpose(da)), 0.5));
}

static const ad_sample samples_of_eigh[] = {
    {.n_x = 1, .x = {{2, {3, 3}}}}, {.n_x = 1, .x = {{3, {2, 2, 2}}}}, {.n_x = 1, .x = {{2, {1, 1}}}},
    {.n_x = 1, .x = {{2, {0, 0}}}}, {.n_x = 1, .x = {{3, {0, 2, 2}}}},
};

AD_OPERATOR(eigh,
    .arity = 1,
    .n_results = 2,
    .shape = eigh_shape,
    .run = eigh_run,
    .vjp = eigh_vjp,
    SAMPLES(samples_of_eigh),
    .formula = "w ascending and v with x v = v diag(w)",
    .gradient = "v (diag(dw) + F o (v' dv)) v', symmetric; F_ij = 1 / (w_j - w_i)",
    .convention = "reads the lower triangle; the largest component of each vector is positive; a gradient "
                  "that depends on vectors of equal values, or of values too near, is an error; so is an x "
                  "that is not finite",
    .domain = {{-2, 2, .symmetric = true}},
);

ad_tensor ad_eigh(ad_tensor a, ad_tensor *vectors)
{
    ad_tensor y[AD_MAX_RESULTS] = {{0}};
    ad_apply(NULL, &ad_operator_eigh, &a, 1, NULL, y);
    if (vectors)
        *vectors = y[1];
    return y[0];
}

/* ---- Gaps -------------------------------------------------------------------------------------------------------- */

/* Whether operand i has the shape [n], a value for each column of operand 0; if not, the call fails. */
static bool check_values(ad_call *c, int i)
{
    ad_shape values = *c->x[0]->shape;
    char a[AD_OPERAND_TEXT], b[AD_OPERAND_TEXT];
    values.rank--;
    if (ad_same_dims(c->x[i]->shape, &values))
        return true;
    ad_call_fail(c, AD_BAD_SHAPE, "%s must have a value for each column of %s", ad_operand_text(c, i, b),
                 ad_operand_text(c, 0, a));
    return false;
}

/* x [...,n,n], w [...,n] */
static void divide_by_gaps_shape(ad_call *c)
{
    if (ad_check_square(c, 0) && check_values(c, 1))
        ad_result(c, 0, (ad_type)c->x[0]->type, c->x[0]->shape);
}

static void *values_at(const ad_call *c, int i, size_t at)
{
    return (char *)c->x[i]->data + at * size_of(c) * ad_bytes_of(c->x[i]->type);
}

/* y_ij = x_ij / (w_j - w_i) of matrix number `at`. Returns whether two w are `near` times the largest or less apart. */
static bool divide(const ad_call *c, size_t at, double near)
{
    bool found;
    ad_loop_for(&divide_by_gaps_loops, c->x[0]->type)(
        &(ad_span){.array = {ad_matrix_of(c->y[0], at), ad_matrix_of(c->x[0], at), values_at(c, 1, at), &found},
                   .size = {size_of(c)},
                   .constant = near});
    return found;
}

static double epsilon_of(const ad_call *c) { return c->x[0]->type == AD_F32 ? (double)FLT_EPSILON : DBL_EPSILON; }

static void divide_by_gaps_run(ad_call *c)
{
    const size_t n_matrices = ad_matrix_count(c->x[0]);
    for (size_t at = 0; at < n_matrices; at++)
        if (divide(c, at, 2 * ROUNDINGS * epsilon_of(c)))
            ad_loop_for(&settle_equal_loops, c->x[0]->type)(
                &(ad_span){.array = {ad_matrix_of(c->y[0], at), ad_matrix_of(c->x[0], at), values_at(c, 1, at)},
                           .size = {size_of(c)}});
}

/* y_ij = x_ij / (w_j - w_i) :  dw_k = sum_i t_ik - sum_j t_kj with t = -y dx */
static void give_values(ad_pullback *p, ad_tensor dx)
{
    ad_tensor minus_t = ad_mul(ad_y(p), dx);
    ad_give(p, 1, ad_sub(ad_sum_over(minus_t, AD_AXES(-1)), ad_sum_over(minus_t, AD_AXES(-2))));
}

/* dx = dy by the same gaps. If w wants a gradient, this is the second derivative of what is linear in y, as a forward
 * derivative of eigh: dy are its numerators. */
static void divide_by_gaps_vjp(ad_pullback *p)
{
    ad_tensor dy = ad_dy(p), w = ad_x(p, 1);
    if (!ad_wants(p, 1)) {
        ad_give(p, 0, ad_divide_by_gaps(dy, w));
        return;
    }
    ad_tensor dx = ad_divide_by_eigen_gaps(dy, w, dy, ad_zeros_like(w), ad_x(p, 0), 2, true);
    ad_give(p, 0, dx);
    give_values(p, dx);
}

static const ad_sample samples_of_gaps[] = {
    {.n_x = 2, .x = {{2, {3, 3}}, {1, {3}}}},
    {.n_x = 2, .x = {{3, {2, 2, 2}}, {2, {2, 2}}}},
    {.n_x = 2, .x = {{2, {0, 0}}, {1, {0}}}},
};

AD_OPERATOR(divide_by_gaps,
    .arity = 2,
    .shape = divide_by_gaps_shape,
    .run = divide_by_gaps_run,
    .vjp = divide_by_gaps_vjp,
    SAMPLES(samples_of_gaps),
    .linear = AD_LINEAR_IN(0),
    .formula = "x_ij / (w_j - w_i), 0 on the diagonal",
    .gradient = "dx = dy by the gaps, dw = the column sums of -y dx less its row sums",
    .convention = "of w that are equal, to within rounding, 0 where x is 0 and NaN elsewhere",
);

ad_tensor ad_divide_by_gaps(ad_tensor x, ad_tensor w) { return ad_apply2(&ad_operator_divide_by_gaps, x, w); }

/* ---- Gaps in derivatives of eigh --------------------------------------------------------------------------------- */

enum { Z, W, X, DW, A, OPERANDS };

/* z [...,n,n], w [...,n], x [...,n,n], dw [...,n], a [...,n,n] */
static void divide_by_eigen_gaps_shape(ad_call *c)
{
    char a[AD_OPERAND_TEXT], b[AD_OPERAND_TEXT];
    if (c->attributes[0].integer < 1) {
        ad_call_fail(c, AD_BAD_VALUE, "order %lld is less than 1", (long long)c->attributes[0].integer);
        return;
    }
    if (!ad_check_square(c, Z) || !check_values(c, W) || !check_values(c, DW))
        return;
    for (int i = X; i <= A; i += A - X)
        if (!ad_same_dims(c->x[i]->shape, c->x[Z]->shape)) {
            ad_call_fail(c, AD_BAD_SHAPE, "the shapes differ: %s and %s", ad_operand_text(c, Z, a),
                         ad_operand_text(c, i, b));
            return;
        }
    ad_result(c, 0, (ad_type)c->x[Z]->type, c->x[Z]->shape);
}

static void fail_pair(ad_call *c, size_t at, const eigen_pairs *p)
{
    static const char *const ordinals[] = {"", " second", " third"};
    char text[AD_MATRIX_TEXT];
    ad_fail(c->tape, AD_BAD_VALUE,
            "eigh: eigenvalues %zu and %zu of %s are too near for a%s derivative through their vectors; use only "
            "vectors whose values lie apart, or the values alone; if vectors and values are used apart, take them from "
            "two calls",
            p->lost[0], p->lost[1], ad_matrix_text(c, A, at, text), p->order <= 3 ? ordinals[p->order - 1] : " higher");
}

static void divide_by_eigen_gaps_run(ad_call *c)
{
    const size_t n_matrices = ad_matrix_count(c->x[0]);
    const int order = (int)(c->attributes[0].integer < 9 ? c->attributes[0].integer : 9);
    const double eps = epsilon_of(c), near = fmax(2 * ROUNDINGS * eps, pow(eps / cbrt(eps), 1.0 / order));
    double *size = n_matrices ? ad_scratch(c, size_of(c), sizeof *size) : NULL;
    for (size_t at = 0; size && at < n_matrices; at++) {
        eigen_pairs pairs = {.x = ad_matrix_of(c->x[X], at), .size = size, .order = order};
        if (!divide(c, at, near))
            continue;
        pairs.dw = c->attributes[1].integer ? values_at(c, DW, at) : NULL;
        ad_loop_for(&settle_near_loops, c->x[0]->type)(&(ad_span){
            .array = {ad_matrix_of(c->y[0], at), &pairs, values_at(c, W, at)}, .size = {size_of(c)}, .constant = near});
        if (pairs.is_lost) {
            fail_pair(c, at, &pairs);
            return;
        }
    }
}

/* What only decides has no gradient. */
static void give_zeros(ad_pullback *p, int i)
{
    if (ad_wants(p, i))
        ad_give(p, i, ad_zeros_like(ad_x(p, i)));
}

/* dz = dy by the same gaps. A derivative by w is one more, with the same numerators x. Otherwise y is linear in z, with
 * the same decisions; but a z whose x changes with it, as in a forward derivative, has no x yet. */
static void divide_by_eigen_gaps_vjp(ad_pullback *p)
{
    const int order = (int)ad_attribute_at(p, 0)->integer;
    const bool more = ad_wants(p, W), values = ad_attribute_at(p, 1)->integer;
    ad_tensor w = ad_x(p, W), dy = ad_dy(p);
    ad_tensor dz = more || !ad_wants(p, X)
                       ? ad_divide_by_eigen_gaps(dy, w, ad_x(p, X), ad_x(p, DW), ad_x(p, A), order + more, values)
                       : ad_divide_by_gaps(dy, w);
    ad_give(p, Z, dz);
    if (more)
        give_values(p, dz);
    for (int i = X; i < OPERANDS; i++)
        give_zeros(p, i);
}

#define OPERANDS_OF_GAPS(...)                                                                                          \
    {                                                                                                                  \
        .n_x = OPERANDS, .x = {__VA_ARGS__}, .attributes = { {.integer = 1}, {.integer = 1} }                          \
    }

static const ad_sample samples_of_eigen_gaps[] = {
    OPERANDS_OF_GAPS({2, {3, 3}}, {1, {3}}, {2, {3, 3}}, {1, {3}}, {2, {3, 3}}),
    OPERANDS_OF_GAPS({3, {2, 2, 2}}, {2, {2, 2}}, {3, {2, 2, 2}}, {2, {2, 2}}, {3, {2, 2, 2}}),
    OPERANDS_OF_GAPS({2, {0, 0}}, {1, {0}}, {2, {0, 0}}, {1, {0}}, {2, {0, 0}}),
};

AD_OPERATOR(divide_by_eigen_gaps,
    .arity = OPERANDS,
    .attributes = {{"order", AD_ATTRIBUTE_INTEGER}, {"values", AD_ATTRIBUTE_INTEGER}},
    .shape = divide_by_eigen_gaps_shape,
    .run = divide_by_eigen_gaps_run,
    .vjp = divide_by_eigen_gaps_vjp,
    SAMPLES(samples_of_eigen_gaps),
    .linear = AD_LINEAR_IN(0),
    .domain = {{0}, {.low = -20, .high = 20}, {.constant = true}, {.constant = true}, {.constant = true}},
    .formula = "z_ij / (w_j - w_i), 0 on the diagonal; x and dw say of near w whether it can be trusted",
    .gradient = "dz = dy by the gaps, dw = the column sums of -y dz less its row sums; others 0",
    .convention = "0 of near w whose vectors have no gradient; an error of eigh if no digits are left",
);

ad_tensor ad_divide_by_eigen_gaps(ad_tensor z, ad_tensor w, ad_tensor x, ad_tensor dw, ad_tensor a, int order,
                                  bool values)
{
    return ad_apply_one(&ad_operator_divide_by_eigen_gaps, (const ad_tensor[]){z, w, x, dw, a}, OPERANDS,
                        (const ad_attribute[]){{.integer = order}, {.integer = values}});
}

#endif
