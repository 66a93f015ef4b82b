/* A routine of one's own on the tape: x = A^-1 b by a small Gaussian elimination, as an operator, in both ways there
 * are to give it a gradient.
 *
 * `solve` has a rule in operators, one of which is `solve` itself: it can be differentiated any number of times.
 * `solve_in_numbers` has a numeric gradient, which calls the routine again: no operators to know about, but it can be
 * differentiated once only. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <gradtape/gradtape.h>

enum { N = 4 };

/* ---- The routine: nothing about tapes in it ---------------------------------------------------------------------- */

static void swap_rows(double *A, double *x, int64_t n, int64_t i, int64_t k)
{
    for (int64_t j = 0; j < n + 1; j++) {
        double *p = j < n ? &A[i * n + j] : &x[i], *q = j < n ? &A[k * n + j] : &x[k];
        const double was = *p;
        *p = *q;
        *q = was;
    }
}

/* Solves A x = b, where x holds b before; A is overwritten. Returns the column without a pivot, or -1. */
static int64_t eliminate(double *A, double *x, int64_t n)
{
    for (int64_t k = 0; k < n; k++) {
        int64_t pivot = k;
        for (int64_t i = k + 1; i < n; i++)
            if (fabs(A[i * n + k]) > fabs(A[pivot * n + k]))
                pivot = i;
        if (A[pivot * n + k] == 0)
            return k;
        swap_rows(A, x, n, k, pivot);
        for (int64_t i = k + 1; i < n; i++) {
            const double factor = A[i * n + k] / A[k * n + k];
            for (int64_t j = k; j < n; j++)
                A[i * n + j] -= factor * A[k * n + j];
            x[i] -= factor * x[k];
        }
    }
    for (int64_t i = n - 1; i >= 0; i--) {
        for (int64_t j = i + 1; j < n; j++)
            x[i] -= A[i * n + j] * x[j];
        x[i] /= A[i * n + i];
    }
    return -1;
}

/* ---- The operator: of A [n,n] and b [n] -------------------------------------------------------------------------- */

static void solve_shape(ad_call *c)
{
    const ad_shape *A = c->x[0]->shape, *b = c->x[1]->shape;
    if (c->x[0]->type != AD_F64)
        ad_call_fail(c, AD_BAD_TYPE, "it is written for f64: ad_cast its operands");
    else if (A->rank != 2 || b->rank != 1 || A->dims[0] != A->dims[1] || b->dims[0] != A->dims[0])
        ad_call_fail(c, AD_BAD_SHAPE, "it takes A [n,n] and b [n]");
    else
        ad_result(c, 0, AD_F64, b);
}

/* x = A^-1 b, or A^-T b, on a copy of A. */
static void solve_into(ad_call *c, bool transposed, const double *b, double *x)
{
    const int64_t n = c->x[1]->shape->dims[0];
    const double *A = c->x[0]->data;
    double *copy = ad_scratch(c, (size_t)(n * n), sizeof *copy);
    if (!copy)
        return;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++)
            copy[i * n + j] = transposed ? A[j * n + i] : A[i * n + j];
    memcpy(x, b, (size_t)n * sizeof *x);
    const int64_t column = eliminate(copy, x, n);
    if (column >= 0)
        ad_call_fail(c, AD_BAD_VALUE, "the matrix is singular: there is no pivot in column %d", (int)column);
}

static void solve_run(ad_call *c) { solve_into(c, false, c->x[1]->data, c->y[0]->data); }

static const ad_operator solve;

/* A x = b :  db = A^-T dx,  dA = -db x^T (Giles 2008, "Collected matrix derivative results") */
static void solve_vjp(ad_pullback *p)
{
    const ad_tensor x = ad_y(p), db = ad_apply2(&solve, ad_transpose(ad_x(p, 0)), ad_dy(p));
    const int64_t n = ad_shape_of(x).dims[0];
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_neg(ad_matmul(ad_reshape(db, AD_SHAPE(n, 1)), ad_reshape(x, AD_SHAPE(1, n)))));
    ad_give(p, 1, db);
}

static const ad_operator solve = {
    .name = "solve", .arity = 2, .shape = solve_shape, .run = solve_run, .vjp = solve_vjp};

/* The same in numbers. What is not wanted is NULL; db is needed for dA all the same. */
static void solve_backward(ad_call *c, const void *const *dy, void *const *dx)
{
    const int64_t n = c->x[1]->shape->dims[0];
    const double *x = c->y[0]->data;
    double *dA = dx[0], *db = dx[1] ? dx[1] : ad_scratch(c, (size_t)n, sizeof *db);
    if (!db)
        return;
    solve_into(c, true, dy[0], db);
    for (int64_t i = 0; dA && i < n; i++)
        for (int64_t j = 0; j < n; j++)
            dA[i * n + j] = -db[i] * x[j];
}

static const ad_operator solve_in_numbers = {
    .name = "solve_in_numbers", .arity = 2, .shape = solve_shape, .run = solve_run, .backward = solve_backward};

/* ---- Checking both ----------------------------------------------------------------------------------------------- */

static ad_tensor loss(ad_tape *t, void *op)
{
    return ad_sum(ad_tanh(ad_apply2(op, ad_kept_at(t, 0), ad_kept_at(t, 1))));
}

static void check(ad_tape *t, const ad_operator *op)
{
    ad_gradcheck_result r[2];
    if (ad_gradcheck(t, loss, (void *)(uintptr_t)op, NULL, r) == AD_OK)
        printf("%-16s  by %s %s, by %s %s\n", op->name, r[0].name, ad_verdict_name(r[0].verdict), r[1].name,
               ad_verdict_name(r[1].verdict));
}

/* The largest of what should be 0: H v by the tape, less the difference of two gradients. */
static double error_of_second_order(ad_tape *t, const ad_operator *op)
{
    const ad_tensor b = ad_kept_at(t, 1), v = ad_input(t, AD_F64, AD_SHAPE(N), (const double[]){1, -1, 0.5, 2});
    ad_tensor hv, dx[2];
    ad_hvp(loss(t, (void *)(uintptr_t)op), &b, &v, 1, &hv);
    for (int k = 0; k < 2; k++) {
        const ad_tensor moved = ad_add(b, ad_scale(v, k ? -1e-4 : 1e-4));
        const ad_tensor y = ad_sum(ad_tanh(ad_apply2(op, ad_kept_at(t, 0), moved)));
        ad_grad(y, &moved, 1, &dx[k]);
    }
    return ad_item(ad_max(ad_abs(ad_sub(hv, ad_scale(ad_sub(dx[0], dx[1]), 1 / 2e-4)))));
}

int main(void)
{
    static const double A[N][N] = {{4, 1, 0, -1}, {1, 3, 2, 0}, {-2, 0, 5, 1}, {0, 1, 1, 2}}, b[N] = {1, -2, 0.5, 3};
    ad_tape *t = ad_tape_open(NULL);
    const ad_tensor a = ad_param(t, AD_F64, AD_SHAPE(N, N), A, "A");
    ad_param(t, AD_F64, AD_SHAPE(N), b, "b");
    const ad_tensor x = ad_apply2(&solve, a, ad_kept_at(t, 1));
    const ad_tensor rest =
        ad_sub(ad_matmul(a, ad_reshape(x, AD_SHAPE(N, 1))), ad_reshape(ad_kept_at(t, 1), AD_SHAPE(N, 1)));
    printf("A x - b is at most %.0e\n", ad_item(ad_max(ad_abs(rest))));
    check(t, &solve);
    check(t, &solve_in_numbers);
    printf("second order by the rule: off by less than 1e-6: %s\n",
           error_of_second_order(t, &solve) < 1e-6 ? "yes" : "no");

    int failed = ad_status_of(t) != AD_OK;
    if (failed)
        fprintf(stderr, "%s\n", ad_message(t));
    /* Errors are values: here are two on purpose. */
    error_of_second_order(t, &solve_in_numbers);
    printf("%s\n", ad_message(t));
    ad_clear_error(t);
    ad_fill(a, 1);
    ad_apply2(&solve, a, ad_kept_at(t, 1));
    printf("%s\n", ad_message(t));
    ad_tape_close(t);
    return failed;
}
