/* Determinants of the matrices in the last two axes.
 *
 * The gradient of det is the matrix of cofactors, a polynomial in a, so it is right for singular a as well, where
 * det(a) a'^-1 has no meaning. With singular values, a = u s v, it is det(u) det(v) u cof(s) v, where cof(s) is
 * diagonal and has for each singular value the product of the others: nothing is divided by. The second derivative is
 * made the same way. */
#include "../../base/lapack.h"
#include "../reductions/reduce.h"
#include "matrices.h"

#ifdef AD_REAL

/* The diagonal of an [n,n] matrix, or its row 0 (size 1 is 0), as doubles. */
LOOP(widen_diagonal)
{
    const REAL *X = s->array[1];
    double *wide = s->array[0];
    for (size_t i = 0; i < s->size[0]; i++)
        wide[i] = (double)X[i * s->size[1]];
}

/* The largest sum of sizes in a row. */
LOOP(matrix_norm)
{
    const REAL *X = s->array[1];
    const size_t n = s->size[0];
    double largest = 0;
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t j = 0; j < n; j++)
            sum += fabs((double)X[i * n + j]);
        largest = sum > largest ? sum : largest;
    }
    *(double *)s->array[0] = largest;
}

/* Row i of an [n,n] matrix times number i of array 1. */
LOOP(scale_matrix_rows)
{
    REAL *Y = s->array[0];
    const double *weight = s->array[1];
    const size_t n = s->size[0];
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            Y[i * n + j] = (REAL)(weight[i] * (double)Y[i * n + j]);
}

/* The derivative of cof(s) along x for a diagonal s: p_ij, in array 2, is the product of all numbers of s except i and
 * j. */
LOOP(slope_of_diagonal)
{
    const REAL *X = s->array[1];
    const double *p = s->array[2];
    REAL *Y = s->array[0];
    const size_t n = s->size[0];
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t j = 0; j < n; j++) {
            Y[i * n + j] = (REAL)(-p[i * n + j] * (double)X[j * n + i]);
            sum += j == i ? 0 : p[i * n + j] * (double)X[j * n + j];
        }
        Y[i * n + i] = (REAL)sum;
    }
}

#else

AD_FAMILY(linear_algebra_determinant)

LOOP_TABLE(widen_diagonal)
LOOP_TABLE(matrix_norm)
LOOP_TABLE(scale_matrix_rows)
LOOP_TABLE(slope_of_diagonal)

static size_t size_of(const ad_call *c) { return (size_t)ad_last(c->x[0]->shape, 1); }

static size_t bytes_of(const ad_call *c) { return ad_bytes_of(c->x[0]->type); }

static const ad_sample samples_of_square[] = {
    {.n_x = 1, .x = {{2, {3, 3}}}}, {.n_x = 1, .x = {{3, {2, 2, 2}}}}, {.n_x = 1, .x = {{2, {4, 4}}}},
    {.n_x = 1, .x = {{2, {1, 1}}}}, {.n_x = 1, .x = {{3, {2, 0, 0}}}}, {.n_x = 1, .x = {{3, {0, 2, 2}}}},
};

/* ---- Products that leave the range of numbers on their way ------------------------------------------------------- */

/* m 2^e, m in [1/2, 1) by size, or 0, or infinite. */
typedef struct product {
    double m;
    int64_t e;
} product;

static product times(product a, product b)
{
    int e;
    const double m = frexp(a.m * b.m, &e);
    return (product){m, m == 0 || isinf(m) ? 0 : a.e + b.e + e};
}

static product times_number(product a, double b)
{
    int e;
    const double m = frexp(b, &e);
    return times(a, (product){m, isfinite(b) ? e : 0});
}

static double value_of(product a) { return ldexp(a.m, a.e > 5000 ? 5000 : a.e < -5000 ? -5000 : (int)a.e); }

static const product one = {1, 0};

/* ---- The determinant from LU ------------------------------------------------------------------------------------- */

/* Room for a matrix, its factors, and its diagonal. */
typedef struct factors {
    void *lu;
    int *exchanges;
    double *diagonal;
} factors;

static bool room_for_factors(ad_call *c, factors *f)
{
    const size_t n = size_of(c);
    *f = (factors){ad_scratch(c, n * n, bytes_of(c)), ad_scratch(c, n, sizeof(int)), ad_scratch(c, n, sizeof(double))};
    return f->lu && f->exchanges && f->diagonal;
}

/* The product of the pivots, its sign turned by each exchange of rows; 0 if a pivot is 0 or lost. */
static product determinant(const ad_call *c, const void *a, const factors *f)
{
    const size_t n = size_of(c);
    const bool is_regular = ad_factor(c, n, a, f->lu, f->exchanges) == n;
    const ad_span span = {.array = {f->diagonal, f->lu}, .size = {n, n + 1}};
    product det = {is_regular ? 1 : 0, 0};
    ad_loop_for(&widen_diagonal_loops, c->x[0]->type)(&span);
    for (size_t i = 0; is_regular && i < n; i++)
        det = times_number(det, f->exchanges[i] == (int)i + 1 ? f->diagonal[i] : -f->diagonal[i]);
    return det;
}

/* One number or two for each matrix. */
static void numbers_shape(ad_call *c)
{
    if (!ad_check_square(c, 0))
        return;
    const ad_shape y = ad_leading(c->x[0]->shape);
    for (int j = 0; j < c->n_y; j++)
        ad_result(c, j, (ad_type)c->x[0]->type, &y);
}

static void put(const ad_call *c, int j, size_t at, double value)
{
    ad_fill_reals(c, (char *)c->y[j]->data + at * bytes_of(c), 1, value);
}

/* Whether there is nothing to factor: a determinant of no rows is 1. */
static bool is_empty(const ad_call *c) { return size_of(c) == 0; }

static void det_by_blas(ad_call *c)
{
    factors f;
    const size_t n = ad_elements(c->y[0]);
    if (is_empty(c))
        ad_fill_reals(c, c->y[0]->data, n, 1);
    else if (room_for_factors(c, &f))
        for (size_t at = 0; at < n; at++) {
            const bool finite = ad_is_finite_matrix(c, 0, at, AD_WHOLE);
            put(c, 0, at, finite ? value_of(determinant(c, ad_matrix_of(c->x[0], at), &f)) : (double)NAN);
        }
}

static void det_run(ad_call *c) { ad_run_with_blas(c, det_by_blas); }

/* y = det a :  da = dy cof(a) (Jacobi's formula) */
static void det_vjp(ad_pullback *p) { ad_give(p, 0, ad_mul(ad_for_matrices(ad_dy(p)), ad_cofactor(ad_x(p, 0)))); }

AD_OPERATOR(det,
    .arity = 1,
    .shape = numbers_shape,
    .run = det_run,
    .vjp = det_vjp,
    SAMPLES(samples_of_square),
    .formula = "det x",
    .gradient = "dy cof(x)",
    .convention = "0 if x is singular to within rounding; NaN if it is not finite; 1 of no rows",
);

ad_tensor ad_det(ad_tensor a) { return ad_apply1(&ad_operator_det, a); }

/* ln m 2^e; in one logarithm where that is in range, so that it is right near 1. */
static double log_of(product a)
{
    const double size = fabs(value_of(a));
    return a.m == 0 || (size > 1e-300 && size < 1e300) ? log(size) : log(fabs(a.m)) + (double)a.e * log(2);
}

static void slogdet_by_blas(ad_call *c)
{
    factors f;
    const size_t n = ad_elements(c->y[0]);
    if (is_empty(c)) {
        ad_fill_reals(c, c->y[0]->data, n, 1);
        ad_fill_reals(c, c->y[1]->data, n, 0);
    } else if (room_for_factors(c, &f))
        for (size_t at = 0; at < n; at++) {
            const bool finite = ad_is_finite_matrix(c, 0, at, AD_WHOLE);
            const product det = finite ? determinant(c, ad_matrix_of(c->x[0], at), &f) : (product){(double)NAN, 0};
            put(c, 0, at, det.m > 0 ? 1 : det.m < 0 ? -1 : det.m);
            put(c, 1, at, log_of(det));
        }
}

static void slogdet_run(ad_call *c) { ad_run_with_blas(c, slogdet_by_blas); }

/* (sign, ln |det a|) :  da = a'^-1 dlog (Jacobi's formula); the sign is constant where it is not undefined */
static void slogdet_vjp(ad_pullback *p)
{
    if (ad_has_dy(p, 1))
        ad_give(p, 0, ad_slogdet_slope(ad_x(p, 0), ad_dy_at(p, 1), NULL));
    else
        ad_give(p, 0, ad_zeros_like(ad_x(p, 0)));
}

AD_OPERATOR(slogdet,
    .arity = 1,
    .n_results = 2,
    .shape = numbers_shape,
    .run = slogdet_run,
    .vjp = slogdet_vjp,
    SAMPLES(samples_of_square),
    .formula = "(sign, ln |det x|)",
    .gradient = "x'^-1 dlog",
    .convention = "(0, -inf) if x is singular to within rounding; NaN if it is not finite; the gradient is an error of "
                  "both, and 0 where dlog is",
    .domain = {{-1, 1, .diagonal = 3}},
);

ad_tensor ad_slogdet(ad_tensor a, ad_tensor *log)
{
    ad_tensor y[AD_MAX_RESULTS] = {{0}};
    ad_apply(NULL, &ad_operator_slogdet, &a, 1, NULL, y);
    if (log)
        *log = y[1];
    return y[0];
}

/* ---- By singular values ------------------------------------------------------------------------------------------ */

/* a = left diag(value) right, and the products of singular values but one or two. */
typedef struct singular {
    factors f;
    void *left, *values, *right, *work, *other;
    void *workspace;     /* of a product of two matrices, which needs no more than the size of one */
    double *value, sign; /* sign: det(left) det(right) */
    product *before, *after;
} singular;

static ad_product product_of(const ad_call *c, const void *a, const void *b, void *y)
{
    const int64_t n = (int64_t)size_of(c);
    return (ad_product){.type = (ad_type)c->x[0]->type, .m = n, .k = n, .n = n, .a = a, .b = b, .c = y};
}

static bool room_for_singular(ad_call *c, singular *s)
{
    const size_t n = size_of(c), bytes = bytes_of(c);
    const size_t work = (size_t)ad_lapack_svd_work((int64_t)n);
    char text[AD_OPERAND_TEXT];
    if (!work) {
        ad_call_fail(c, AD_BAD_SHAPE, "%s: the matrices are too large for LAPACK", ad_operand_text(c, 0, text));
        return false;
    }
    *s = (singular){.left = ad_scratch(c, n * n, bytes),
                    .values = ad_scratch(c, n, bytes),
                    .right = ad_scratch(c, n * n, bytes),
                    .work = ad_scratch(c, work, bytes),
                    .other = ad_scratch(c, n * n, bytes),
                    .workspace = ad_scratch(c, n * n, bytes),
                    .value = ad_scratch(c, n, sizeof(double)),
                    .before = ad_scratch(c, n + 1, sizeof(product)),
                    .after = ad_scratch(c, n + 1, sizeof(product))};
    return room_for_factors(c, &s->f) && c->tape->status == AD_OK;
}

/* y = a b of matrices [n,n], or with a transpose. */
static void multiply(const ad_call *c, const singular *s, const void *a, bool transpose_a, const void *b,
                     bool transpose_b, void *y)
{
    ad_product p = product_of(c, a, b, y);
    p.transpose_a = transpose_a;
    p.transpose_b = transpose_b;
    p.workspace = s->workspace;
    ad_plan_product(&p);
    ad_multiply(&p);
}

/* Computes the singular values of matrix number `at` of operand 0; the call fails if the iteration does not
 * converge. */
static bool take_apart(ad_call *c, size_t at, singular *s)
{
    const size_t n = size_of(c);
    char text[AD_MATRIX_TEXT];
    memcpy(s->f.lu, ad_matrix_of(c->x[0], at), n * n * bytes_of(c));
    if (!ad_lapack_svd((ad_type)c->x[0]->type, (int64_t)n, s->f.lu, s->left, s->values, s->right, s->work)) {
        ad_call_fail(c, AD_BAD_VALUE, "the singular values of %s do not converge", ad_matrix_text(c, 0, at, text));
        return false;
    }
    const ad_span span = {.array = {s->value, s->values}, .size = {n, 1}};
    ad_loop_for(&widen_diagonal_loops, c->x[0]->type)(&span);
    s->sign = determinant(c, s->left, &s->f).m * determinant(c, s->right, &s->f).m > 0 ? 1 : -1;
    s->before[0] = s->after[n] = one;
    for (size_t i = 0; i < n; i++)
        s->before[i + 1] = times_number(s->before[i], s->value[i]);
    for (size_t i = n; i-- > 0;)
        s->after[i] = times_number(s->after[i + 1], s->value[i]);
    return true;
}

/* ---- Cofactors --------------------------------------------------------------------------------------------------- */

/* The cofactors of a matrix that is far from singular, det(a) a'^-1. Returns false, with y unchanged, where this would
 * lose more than a third of the digits. */
static bool cofactor_by_inverse(const ad_call *c, const void *a, const singular *s, void *y)
{
    const size_t n = size_of(c);
    const ad_type type = (ad_type)c->x[0]->type;
    const double det = value_of(determinant(c, a, &s->f)), most = type == AD_F32 ? 0x1p7 : 0x1p17;
    double norm, norm_of_inverse;
    if (!(fabs(det) > 1e-30 && fabs(det) < 1e30))
        return false;
    ad_lapack_inverse(type, (int64_t)n, s->f.lu, s->f.exchanges, s->work);
    ad_loop_for(&matrix_norm_loops, (uint8_t)type)(&(ad_span){.array = {&norm, (void *)(uintptr_t)a}, .size = {n}});
    ad_loop_for(&matrix_norm_loops, (uint8_t)type)(&(ad_span){.array = {&norm_of_inverse, s->f.lu}, .size = {n}});
    if (!(norm * norm_of_inverse <= most))
        return false;
    for (size_t i = 0; i < n; i++)
        s->value[i] = det;
    ad_turn(c, n, n, s->f.lu, y);
    ad_loop_for(&scale_matrix_rows_loops, (uint8_t)type)(&(ad_span){.array = {y, s->value}, .size = {n}});
    return true;
}

/* Of any: det(left) det(right) left diag(products of the others) right. */
static bool cofactor_of_any(ad_call *c, size_t at, singular *s, void *y)
{
    const size_t n = size_of(c);
    if (!take_apart(c, at, s))
        return false;
    for (size_t i = 0; i < n; i++)
        s->value[i] = s->sign * value_of(times(s->before[i], s->after[i + 1]));
    ad_loop_for(&scale_matrix_rows_loops, c->x[0]->type)(&(ad_span){.array = {s->right, s->value}, .size = {n}});
    multiply(c, s, s->left, false, s->right, false, y);
    return true;
}

static void cofactor_by_blas(ad_call *c)
{
    const size_t n = size_of(c), n_matrices = ad_matrix_count(c->x[0]);
    singular s;
    if (n_matrices == 0 || !room_for_singular(c, &s))
        return;
    for (size_t at = 0; at < n_matrices; at++) {
        void *y = ad_matrix_of(c->y[0], at);
        if (!ad_is_finite_matrix(c, 0, at, AD_WHOLE))
            ad_fill_reals(c, y, n * n, (double)NAN);
        else if (!cofactor_by_inverse(c, ad_matrix_of(c->x[0], at), &s, y) && !cofactor_of_any(c, at, &s, y))
            return;
    }
}

static void cofactor_run(ad_call *c) { ad_run_with_blas(c, cofactor_by_blas); }

/* Of one row it is constant: no sample. */
static const ad_sample samples_of_cofactor[] = {
    {.n_x = 1, .x = {{2, {3, 3}}}},
    {.n_x = 1, .x = {{3, {2, 2, 2}}}},
    {.n_x = 1, .x = {{2, {4, 4}}}},
    {.n_x = 1, .x = {{3, {0, 2, 2}}}},
};

/* y = cof(a) :  da = d cof(a + t dy) / dt at t = 0: the second derivatives of det are symmetric */
static void cofactor_vjp(ad_pullback *p) { ad_give(p, 0, ad_cofactor_slope(ad_x(p, 0), ad_dy(p))); }

AD_OPERATOR(cofactor,
    .arity = 1,
    .shape = ad_square_shape,
    .run = cofactor_run,
    .vjp = cofactor_vjp,
    SAMPLES(samples_of_cofactor),
    .formula = "cof(x), det(x) x'^-1 where x is regular",
    .gradient = "cofactor_slope(x, dy)",
    .convention = "of singular matrices too; NaN if x is not finite",
);

ad_tensor ad_cofactor(ad_tensor a) { return ad_apply1(&ad_operator_cofactor, a); }

/* ---- Their derivative -------------------------------------------------------------------------------------------- */

static void cofactor_slope_shape(ad_call *c)
{
    char a[AD_OPERAND_TEXT], b[AD_OPERAND_TEXT];
    if (!ad_check_square(c, 0))
        return;
    if (ad_same_dims(c->x[0]->shape, c->x[1]->shape))
        ad_result(c, 0, (ad_type)c->x[0]->type, c->x[0]->shape);
    else
        ad_call_fail(c, AD_BAD_SHAPE, "the shapes differ: %s and %s", ad_operand_text(c, 0, a),
                     ad_operand_text(c, 1, b));
}

/* p_ij: the product of all singular values but i and j. */
static void products_but_two(const singular *s, size_t n, double *p)
{
    for (size_t i = 0; i < n; i++) {
        product between = one;
        p[i * n + i] = 0;
        for (size_t j = i + 1; j < n; j++) {
            p[i * n + j] = p[j * n + i] = s->sign * value_of(times(times(s->before[i], between), s->after[j + 1]));
            between = times_number(between, s->value[j]);
        }
    }
}

/* With e = left' v right' it is det(left) det(right) left d right, d that of the diagonal along e. */
static bool slope_at(ad_call *c, size_t at, singular *s, double *p)
{
    const size_t n = size_of(c);
    if (!take_apart(c, at, s))
        return false;
    products_but_two(s, n, p);
    multiply(c, s, s->left, true, ad_matrix_of(c->x[1], at), false, s->other);
    multiply(c, s, s->other, false, s->right, true, s->f.lu);
    ad_loop_for(&slope_of_diagonal_loops, c->x[0]->type)(&(ad_span){.array = {s->other, s->f.lu, p}, .size = {n}});
    multiply(c, s, s->left, false, s->other, false, s->f.lu);
    multiply(c, s, s->f.lu, false, s->right, false, ad_matrix_of(c->y[0], at));
    return true;
}

static void cofactor_slope_by_blas(ad_call *c)
{
    const size_t n = size_of(c), n_matrices = ad_matrix_count(c->x[0]);
    singular s;
    double *p = n_matrices ? ad_scratch(c, n * n, sizeof *p) : NULL;
    if (!p || !room_for_singular(c, &s))
        return;
    for (size_t at = 0; at < n_matrices; at++) {
        if (!ad_is_finite_matrix(c, 0, at, AD_WHOLE))
            ad_fill_reals(c, ad_matrix_of(c->y[0], at), n * n, (double)NAN);
        else if (!slope_at(c, at, &s, p))
            return;
    }
}

static void cofactor_slope_run(ad_call *c) { ad_run_with_blas(c, cofactor_slope_by_blas); }

/* <a, b> of each pair of matrices, to broadcast. */
static ad_tensor inner(ad_tensor a, ad_tensor b) { return ad_sum_over(ad_mul(a, b), AD_KEEP_AXES(-2, -1)); }

/* With w = a'^-1 the loss is det(a) f,  f = <v,w><dy,w> - <dy, q>,  q = w v' w. From dw = -w da' w, and with r = w dy'
 * w: da = det(a) (f w - <dy,w> q - <v,w> r + q dy' w + r v' w). The first term is the change of det(a), the others are
 * those of w. */
static ad_tensor third_derivative(ad_tensor a, ad_tensor v, ad_tensor dy)
{
    ad_tensor w = ad_cofactor_inverse(a), vw = inner(v, w), dyw = inner(dy, w);
    ad_tensor v_w = ad_matmul_tn(v, w), dy_w = ad_matmul_tn(dy, w), q = ad_matmul(w, v_w), r = ad_matmul(w, dy_w);
    ad_tensor f = ad_sub(ad_mul(vw, dyw), inner(dy, q));
    ad_tensor once = ad_sub(ad_mul(f, w), ad_add(ad_mul(dyw, q), ad_mul(vw, r)));
    ad_tensor twice = ad_add(ad_matmul(q, dy_w), ad_matmul(r, v_w));
    return ad_mul(ad_for_matrices(ad_det(a)), ad_add(once, twice));
}

/* y = d cof(a + t v) / dt at t = 0 :  dv = the same along dy,  da = the third derivative of det along v and dy */
static void cofactor_slope_vjp(ad_pullback *p)
{
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_cofactor_slope(ad_x(p, 0), ad_dy(p)));
    if (ad_wants(p, 0))
        ad_give(p, 0, third_derivative(ad_x(p, 0), ad_x(p, 1), ad_dy(p)));
}

/* Of two rows it is constant in a. */
static const ad_sample samples_of_slope[] = {
    {.n_x = 2, .x = {{2, {3, 3}}, {2, {3, 3}}}},
    {.n_x = 2, .x = {{3, {2, 3, 3}}, {3, {2, 3, 3}}}},
    {.n_x = 2, .x = {{2, {4, 4}}, {2, {4, 4}}}},
    {.n_x = 2, .x = {{2, {0, 0}}, {2, {0, 0}}}},
};

AD_OPERATOR(cofactor_slope,
    .arity = 2,
    .shape = cofactor_slope_shape,
    .run = cofactor_slope_run,
    .vjp = cofactor_slope_vjp,
    SAMPLES(samples_of_slope),
    .linear = AD_LINEAR_IN(1),
    .formula = "d cof(a + t v) / dt at t = 0",
    .gradient = "dv = cofactor_slope(a, dy), da by the inverse of a",
    .convention = "its own derivative by a singular a is an error of det",
    .domain = {{-1, 1, .diagonal = 2}, {0}},
);

ad_tensor ad_cofactor_slope(ad_tensor a, ad_tensor v) { return ad_apply2(&ad_operator_cofactor_slope, a, v); }

#endif
