/* Inverses inside the derivatives of determinants. A matrix that has none is an error in the name of the operator that
 * the user called, and only if its derivative is asked for. */
#include "../../base/lapack.h"
#include "../family.h"
#include "../reductions/reduce.h"
#include "matrices.h"

#ifdef AD_REAL

/* y = factor (of array 2) times x, [n,n]; the number in array 3 says whether all y are finite. */
LOOP(scale_matrix)
{
    const REAL *X = s->array[1];
    const double factor = *(const double *)s->array[2];
    REAL *Y = s->array[0];
    const size_t n = s->size[0];
    int bad = 0;
    for (size_t i = 0; i < n * n; i++) {
        Y[i] = (REAL)(factor * (double)X[i]);
        bad |= !(Y[i] - Y[i] == 0);
    }
    *(bool *)s->array[3] = !bad;
}

/* The largest size of an element. */
LOOP(largest_element)
{
    const REAL *X = s->array[1];
    const size_t n = s->size[0];
    REAL largest = 0;
    for (size_t i = 0; i < n * n; i++)
        largest = R(fabs)(X[i]) > largest ? R(fabs)(X[i]) : largest;
    *(double *)s->array[0] = (double)largest;
}

#else

AD_FAMILY(linear_algebra_determinant_inverse)

LOOP_TABLE(scale_matrix)
LOOP_TABLE(largest_element)

/* Room for a matrix, LU, and LAPACK. */
typedef struct room {
    void *scaled, *lu, *work;
    int *exchanges;
} room;

static size_t size_of(const ad_call *c) { return (size_t)ad_last(c->x[0]->shape, 1); }

static bool room_for_inverse(ad_call *c, room *r)
{
    const size_t n = size_of(c), bytes = ad_bytes_of(c->x[0]->type);
    *r = (room){ad_scratch(c, n * n, bytes), ad_scratch(c, n * n, bytes), ad_scratch(c, n, AD_LAPACK_BLOCK * bytes),
                ad_scratch(c, n, sizeof(int))};
    return r->scaled && r->lu && r->work && r->exchanges;
}

/* y = factor x; returns whether all y are finite. */
static bool scale(const ad_call *c, double factor, const void *x, void *y)
{
    bool finite;
    ad_loop_for(&scale_matrix_loops,
                c->x[0]->type)(&(ad_span){.array = {y, (void *)(uintptr_t)x, &factor, &finite}, .size = {size_of(c)}});
    return finite;
}

/* w = a'^-1. Returns the first pivot that is 0, as ad_factor; n if a is regular. */
static size_t invert(const ad_call *c, const void *a, const room *r, void *w)
{
    const size_t n = size_of(c), pivot = ad_factor(c, n, a, r->lu, r->exchanges);
    if (pivot == n) {
        ad_lapack_inverse((ad_type)c->x[0]->type, (int64_t)n, r->lu, r->exchanges, r->work);
        ad_turn(c, n, n, r->lu, w);
    }
    return pivot;
}

/* y = d a'^-1 where a'^-1 alone leaves the range of numbers: by the inverse of a / 2^e, whose elements are about 1. */
static void scaled_slope(const ad_call *c, const void *a, double d, const room *r, void *y)
{
    double largest;
    int e;
    ad_loop_for(&largest_element_loops,
                c->x[0]->type)(&(ad_span){.array = {&largest, (void *)(uintptr_t)a}, .size = {size_of(c)}});
    frexp(largest, &e);
    /* In two steps: 2^-e alone may be too large. */
    scale(c, ldexp(1, -e / 2), a, r->scaled);
    scale(c, ldexp(1, -e - -e / 2), r->scaled, r->scaled);
    invert(c, r->scaled, r, y);
    scale(c, ldexp(d, -e), y, y);
}

/* ---- The derivative of slogdet ----------------------------------------------------------------------------------- */

static double number_at(const ad_value *x, size_t at)
{
    return x->type == AD_F64 ? ((const double *)x->data)[at] : (double)((const float *)x->data)[at];
}

/* a [...,n,n], d [...] :  y, w [...,n,n], lost [...] */
static void slogdet_slope_shape(ad_call *c)
{
    char a[AD_OPERAND_TEXT], b[AD_OPERAND_TEXT];
    if (!ad_check_square(c, 0))
        return;
    const ad_shape lead = ad_leading(c->x[0]->shape);
    const ad_type type = (ad_type)c->x[0]->type;
    if (!ad_same_dims(c->x[1]->shape, &lead)) {
        ad_call_fail(c, AD_BAD_SHAPE, "%s must have a number for each matrix of %s", ad_operand_text(c, 1, b),
                     ad_operand_text(c, 0, a));
        return;
    }
    ad_result(c, 0, type, c->x[0]->shape);
    ad_result(c, 1, type, c->x[0]->shape);
    ad_result(c, 2, type, &lead);
}

/* What is wrong with matrix number `at`, whose gradient is asked for. */
static void fail_slogdet(ad_call *c, size_t at)
{
    char text[AD_MATRIX_TEXT];
    ad_matrix_text(c, 0, at, text);
    if (ad_is_finite_matrix(c, 0, at, AD_WHOLE))
        ad_fail(c->tape, AD_BAD_VALUE,
                "slogdet: %s is singular: its logarithm is -inf and has no gradient; use ad_where on the sign to leave "
                "it out, or add to its diagonal",
                text);
    else
        ad_fail(c->tape, AD_NOT_FINITE,
                "slogdet: %s is infinite or NaN, so its logarithm has no gradient; use ad_where to leave it out", text);
}

/* Matrix number `at`; one that has no inverse counts as 0 if its d is 0, which is so if its logarithm is left out. */
static bool slope_at(ad_call *c, size_t at, const room *r)
{
    const void *a = ad_matrix_of(c->x[0], at);
    void *y = ad_matrix_of(c->y[0], at), *w = ad_matrix_of(c->y[1], at);
    const size_t n = size_of(c), bytes = ad_bytes_of(c->x[0]->type);
    const double d = number_at(c->x[1], at);
    const bool regular = ad_is_finite_matrix(c, 0, at, AD_WHOLE) && invert(c, a, r, w) == n;
    ad_fill_reals(c, (char *)c->y[2]->data + at * bytes, 1, regular ? 0 : (double)NAN);
    if (regular && !scale(c, d, w, y))
        scaled_slope(c, a, d, r, y);
    if (regular)
        return true;
    memset(y, 0, n * n * bytes);
    memset(w, 0, n * n * bytes);
    if (d != 0)
        fail_slogdet(c, at);
    return d == 0;
}

static void slogdet_slope_by_blas(ad_call *c)
{
    const size_t n_matrices = ad_matrix_count(c->x[0]);
    room r;
    if (n_matrices == 0)
        ad_fill_reals(c, c->y[2]->data, ad_elements(c->y[2]), 0);
    else if (room_for_inverse(c, &r))
        for (size_t at = 0; at < n_matrices && slope_at(c, at, &r); at++)
            ;
}

static void slogdet_slope_run(ad_call *c) { ad_run_with_blas(c, slogdet_slope_by_blas); }

/* y = d w, w = a'^-1 :  dd = <dy, w>,  da = -w (d dy + dw)' w. Of a matrix that has no inverse, and d = 0, da is 0; dd
 * is not known, `lost` makes it NaN. */
static void slogdet_slope_vjp(ad_pullback *p)
{
    ad_tensor w = ad_y_at(p, 1), dw = {0};
    if (ad_has_dy(p, 0)) {
        ad_tensor dy = ad_dy_at(p, 0);
        if (ad_wants(p, 1))
            ad_give(p, 1, ad_add(ad_sum_over(ad_mul(dy, w), AD_AXES(-2, -1)), ad_y_at(p, 2)));
        dw = ad_mul(ad_for_matrices(ad_x(p, 1)), dy);
    } else {
        ad_give(p, 1, ad_zeros_like(ad_x(p, 1)));
    }
    if (ad_has_dy(p, 1))
        dw = ad_has_dy(p, 0) ? ad_add(dw, ad_dy_at(p, 1)) : ad_dy_at(p, 1);
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_neg(ad_matmul(ad_matmul_nt(w, dw), w)));
}

static const ad_sample samples_of_slope[] = {
    {.n_x = 2, .x = {{2, {3, 3}}, {0}}},
    {.n_x = 2, .x = {{3, {2, 2, 2}}, {1, {2}}}},
    {.n_x = 2, .x = {{2, {1, 1}}, {0}}},
    {.n_x = 2, .x = {{3, {2, 0, 0}}, {1, {2}}}},
};

AD_OPERATOR(slogdet_slope,
    .arity = 2,
    .n_results = 2,
    .n_byproducts = 1,
    .shape = slogdet_slope_shape,
    .run = slogdet_slope_run,
    .vjp = slogdet_slope_vjp,
    SAMPLES(samples_of_slope),
    .linear = AD_LINEAR_IN(1),
    .formula = "(d w, w), w = a'^-1",
    .gradient = "-w (d dy + dw)' w, <dy, w>",
    .convention = "of an a that has no inverse 0 if d is 0, and dd is NaN; otherwise an error of slogdet",
    .domain = {{-1, 1, .diagonal = 3}},
);

ad_tensor ad_slogdet_slope(ad_tensor a, ad_tensor dlog, ad_tensor *w)
{
    ad_tensor y[AD_MAX_RESULTS] = {{0}};
    ad_apply(NULL, &ad_operator_slogdet_slope, (const ad_tensor[]){a, dlog}, 2, NULL, y);
    if (w)
        *w = y[1];
    return y[0];
}

/* ---- The third derivative of det --------------------------------------------------------------------------------- */

static void cofactor_inverse_by_blas(ad_call *c)
{
    const size_t n_matrices = ad_matrix_count(c->x[0]), n = size_of(c);
    char text[AD_MATRIX_TEXT];
    room r;
    if (n_matrices == 0 || !room_for_inverse(c, &r))
        return;
    for (size_t at = 0; at < n_matrices; at++) {
        void *y = ad_matrix_of(c->y[0], at);
        if (!ad_is_finite_matrix(c, 0, at, AD_WHOLE)) {
            ad_fill_reals(c, y, n * n, (double)NAN);
        } else if (invert(c, ad_matrix_of(c->x[0], at), &r, y) < n) {
            ad_fail(c->tape, AD_BAD_VALUE,
                    "det: %s is singular: the derivatives of det end there at the second; add to its diagonal",
                    ad_matrix_text(c, 0, at, text));
            return;
        }
    }
}

static void cofactor_inverse_run(ad_call *c) { ad_run_with_blas(c, cofactor_inverse_by_blas); }

/* y = a'^-1 :  da = -y dy' y (Giles 2008, 2.2.3) */
static void cofactor_inverse_vjp(ad_pullback *p)
{
    ad_give(p, 0, ad_neg(ad_matmul(ad_matmul_nt(ad_y(p), ad_dy(p)), ad_y(p))));
}

AD_OPERATOR(cofactor_inverse,
    .arity = 1,
    .shape = ad_square_shape,
    .run = cofactor_inverse_run,
    .vjp = cofactor_inverse_vjp,
    SAMPLES(ad_samples_of_square),
    .formula = "x'^-1",
    .gradient = "-y dy' y",
    .convention = "a singular matrix is an error of det; NaN if x is not finite",
    .domain = {{-1, 1, .diagonal = 3}},
);

ad_tensor ad_cofactor_inverse(ad_tensor a) { return ad_apply1(&ad_operator_cofactor_inverse, a); }

#endif
