/* The factorisation of Cholesky. */
#include "../../base/lapack.h"
#include "../family.h"
#include "matrices.h"

#ifdef AD_REAL

/* What Cholesky's factor has above the diagonal. */
LOOP(clear_above)
{
    REAL *Y = s->array[0];
    const size_t n = s->size[0];
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++)
            Y[i * n + j] = 0;
}

#else

AD_FAMILY(linear_algebra_cholesky)

LOOP_TABLE(clear_above)

static void cholesky_by_blas(ad_call *c)
{
    const ad_type type = (ad_type)c->x[0]->type;
    const size_t n = (size_t)ad_last(c->x[0]->shape, 1), n_matrices = ad_matrix_count(c->x[0]);
    char text[AD_MATRIX_TEXT];
    for (size_t at = 0; at < n_matrices; at++) {
        void *y = ad_matrix_of(c->y[0], at);
        if (!ad_check_finite_matrix(c, 0, at, AD_LOWER_PART))
            return;
        memcpy(y, ad_matrix_of(c->x[0], at), n * n * ad_type_bytes(type));
        const int pivot = ad_lapack_cholesky(type, (int64_t)n, y);
        if (pivot >= 0) {
            ad_call_fail(c, AD_BAD_VALUE, "%s is not positive definite: pivot %d is not positive",
                         ad_matrix_text(c, 0, at, text), pivot);
            return;
        }
        ad_loop_for(&clear_above_loops, c->x[0]->type)(&(ad_span){.array = {y}, .size = {n}});
    }
}

static void cholesky_run(ad_call *c) { ad_run_with_blas(c, cholesky_by_blas); }

/* (x + x') / 2 */
static ad_tensor symmetric(ad_tensor x) { return ad_scale(ad_add(x, ad_transpose(x)), 0.5); }

static ad_tensor phi(ad_tensor y, ad_tensor dy) { return ad_triangles(ad_matmul_tn(y, dy), 1, 0.5, 0); }

/* y'^-1 Phi y^-1, made symmetric. The second division is by y' from the left, of the transpose. */
static ad_tensor between(ad_tensor y, ad_tensor phi)
{
    ad_tensor left = ad_solve_triangular(y, phi, AD_LOWER | AD_TRANSPOSED);
    return symmetric(ad_solve_triangular(y, ad_transpose(left), AD_LOWER | AD_TRANSPOSED));
}

/* y y' = a :  da = y'^-1 Phi(y' dy) y^-1, made symmetric; Phi is the lower triangle with half the diagonal (Murray
 * 2016, equation 10). y' dy may be out of range where da is not. Then y and dy are brought to order 1, which divides da
 * by 2^(e[1] - e[0]). */
static void cholesky_vjp(ad_pullback *p)
{
    ad_tensor y = ad_y(p), dy = ad_dy(p), product = phi(y, dy), e[2];
    if (!ad_is_out_of_range(product, dy)) {
        ad_give(p, 0, between(y, product));
        return;
    }
    y = ad_normalised(y, &e[0]);
    product = phi(y, ad_normalised(dy, &e[1]));
    ad_give(p, 0, ad_shifted(between(y, product), ad_sub(e[1], e[0])));
}

AD_OPERATOR(cholesky,
    .arity = 1,
    .shape = ad_square_shape,
    .run = cholesky_run,
    .vjp = cholesky_vjp,
    SAMPLES(ad_samples_of_square),
    .formula = "the lower y with y y' = x",
    .gradient = "y'^-1 Phi(y' dy) y^-1, symmetric",
    .convention = "reads the lower triangle; not positive definite, or not finite, is an error",
    .domain = {{-1, 1, .diagonal = 3, .symmetric = true}},
);

ad_tensor ad_cholesky(ad_tensor a) { return ad_apply1(&ad_operator_cholesky, a); }

#endif
