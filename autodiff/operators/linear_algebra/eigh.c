/* Eigenvalues and eigenvectors of the symmetric matrices in the last two axes. */
#include <float.h>

#include "../../base/lapack.h"
#include "../family.h"
#include "matrices.h"

#ifdef AD_REAL

/* How many units of rounding two sizes may be apart and still count as equal where a sign or a gap is decided. */
enum { ROUNDINGS = 32 };
#define EPSILON _Generic((REAL)0, float : FLT_EPSILON, double : DBL_EPSILON)

/* Whether a vector must change its sign, so that its largest component becomes positive; of components that are equal
 * to within rounding the first decides. */
static inline int points_down(const REAL *x, size_t n)
{
    REAL largest = 0;
    size_t i = 0;
    for (size_t k = 0; k < n; k++)
        largest = R(fabs)(x[k]) > largest ? R(fabs)(x[k]) : largest;
    while (R(fabs)(x[i]) < largest * (1 - ROUNDINGS * EPSILON))
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

static inline int are_equal(REAL a, REAL b, REAL largest) { return R(fabs)(a - b) <= ROUNDINGS * EPSILON * largest; }

/* y_ij = x_ij / (w_j - w_i), 0 on the diagonal. The first pair of equal w goes into array 3; (n, n) if none are. */
LOOP(divide_by_gaps)
{
    const REAL *X = s->array[1], *W = s->array[2];
    REAL *Y = s->array[0], largest = 0;
    const size_t n = s->size[0];
    size_t *pair = s->array[3];
    for (size_t i = 0; i < n; i++)
        largest = R(fabs)(W[i]) > largest ? R(fabs)(W[i]) : largest;
    pair[0] = pair[1] = n;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            Y[i * n + j] = i == j ? 0 : X[i * n + j] / (W[j] - W[i]);
            if (j > i && pair[0] == n && are_equal(W[i], W[j], largest)) {
                pair[0] = i;
                pair[1] = j;
            }
        }
}

#else

AD_FAMILY(linear_algebra_eigh)

LOOP_TABLE(orient_vectors)
LOOP_TABLE(divide_by_gaps)

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

static void eigh_run(ad_call *c)
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
        ad_tensor turned = ad_matmul(v, ad_divide_by_gaps(ad_matmul_tn(v, ad_dy_at(p, 1)), w));
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
                  "through vectors of equal values is an error; so is an x that is not finite",
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

/* x [...,n,n], w [...,n] */
static void divide_by_gaps_shape(ad_call *c)
{
    const ad_shape *x = c->x[0]->shape, *w = c->x[1]->shape;
    char a[AD_OPERAND_TEXT], b[AD_OPERAND_TEXT];
    if (!ad_check_square(c, 0))
        return;
    ad_shape values = *x;
    values.rank--;
    if (ad_same_dims(w, &values))
        ad_result(c, 0, (ad_type)c->x[0]->type, x);
    else
        ad_call_fail(c, AD_BAD_SHAPE, "%s must have a value for each column of %s", ad_operand_text(c, 1, b),
                     ad_operand_text(c, 0, a));
}

static void divide_by_gaps_run(ad_call *c)
{
    const size_t n = size_of(c), n_matrices = ad_matrix_count(c->x[0]), bytes = ad_bytes_of(c->x[0]->type);
    for (size_t at = 0; at < n_matrices; at++) {
        size_t pair[2];
        const ad_span span = {.array = {ad_matrix_of(c->y[0], at), ad_matrix_of(c->x[0], at),
                                        (char *)c->x[1]->data + at * n * bytes, pair},
                              .size = {n}};
        char text[AD_MATRIX_TEXT];
        ad_loop_for(&divide_by_gaps_loops, c->x[0]->type)(&span);
        if (pair[0] < n) {
            ad_call_fail(
                c, AD_BAD_VALUE,
                "eigenvalues %zu and %zu of %s are equal to within rounding: their vectors have no gradient; use "
                "the values alone, or vectors of distinct values",
                pair[0], pair[1], ad_matrix_text(c, 0, at, text));
            return;
        }
    }
}

/* y_ij = x_ij / (w_j - w_i) :  dx = dy by the same gaps,  dw_k = sum_i t_ik - sum_j t_kj with t = -y dx */
static void divide_by_gaps_vjp(ad_pullback *p)
{
    ad_tensor dx = ad_divide_by_gaps(ad_dy(p), ad_x(p, 1));
    ad_give(p, 0, dx);
    if (ad_wants(p, 1)) {
        ad_tensor minus_t = ad_mul(ad_y(p), dx);
        ad_give(p, 1, ad_sub(ad_sum_over(minus_t, AD_AXES(-1)), ad_sum_over(minus_t, AD_AXES(-2))));
    }
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
    .convention = "equal w, to within rounding, are an error",
);

ad_tensor ad_divide_by_gaps(ad_tensor x, ad_tensor w) { return ad_apply2(&ad_operator_divide_by_gaps, x, w); }

#endif
