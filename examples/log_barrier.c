/* A linear programme by the barrier method: minimise c x where A x <= b, by Newton's method on c x + mu B(x) with a
 * shrinking mu. The barrier B(x) = -sum ln(b - A x) is an operator of this program's own. Its rule is written in
 * operators, so that the tape gives Hessians through it as well as gradients.
 *
 * Source: Boyd, Vandenberghe 2004, "Convex Optimization", chapter 11. */
#include <math.h>
#include <stdio.h>

#include <gradtape/gradtape.h>

enum { M = 5, D = 2 };

/* ---- The operator: of A [m,d], b [m], x [d] ---------------------------------------------------------------------- */

static void barrier_shape(ad_call *c)
{
    const ad_shape *a = c->x[0]->shape, *b = c->x[1]->shape, *x = c->x[2]->shape;
    if (c->x[0]->type != AD_F64)
        ad_call_fail(c, AD_BAD_TYPE, "it is written for f64: ad_cast its operands");
    else if (a->rank != 2 || b->rank != 1 || x->rank != 1 || b->dims[0] != a->dims[0] || x->dims[0] != a->dims[1])
        ad_call_fail(c, AD_BAD_SHAPE, "it takes A [m,d], b [m] and x [d]");
    else
        ad_result(c, 0, AD_F64, &AD_SCALAR);
}

/* Infinite outside of what A x <= b allows. */
static void barrier_run(ad_call *c)
{
    const int64_t m = c->x[0]->shape->dims[0], d = c->x[0]->shape->dims[1];
    const double *A = c->x[0]->data, *b = c->x[1]->data, *x = c->x[2]->data;
    double sum = 0;
    for (int64_t i = 0; i < m; i++) {
        double slack = b[i];
        for (int64_t j = 0; j < d; j++)
            slack -= A[i * d + j] * x[j];
        sum -= slack > 0 ? log(slack) : -INFINITY;
    }
    *(double *)c->y[0]->data = sum;
}

/* With r = 1 / (b - A x) :  dA = r x^T dy,  db = -r dy,  dx = A^T r dy */
static void barrier_vjp(ad_pullback *p)
{
    const ad_tensor A = ad_x(p, 0), b = ad_x(p, 1), x = ad_x(p, 2), dy = ad_dy(p);
    const int64_t m = ad_shape_of(b).dims[0], d = ad_shape_of(x).dims[0];
    const ad_tensor row = ad_reshape(x, AD_SHAPE(1, d));
    const ad_tensor slack = ad_sub(ad_reshape(b, AD_SHAPE(m, 1)), ad_matmul_nt(A, row));
    const ad_tensor r = ad_div(dy, slack); /* [m,1] */
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_matmul(r, row));
    ad_give(p, 1, ad_neg(ad_reshape(r, AD_SHAPE(m))));
    if (ad_wants(p, 2))
        ad_give(p, 2, ad_reshape(ad_matmul_tn(A, r), AD_SHAPE(d)));
}

static const ad_operator barrier = {
    .name = "log_barrier", .arity = 3, .shape = barrier_shape, .run = barrier_run, .vjp = barrier_vjp};

static ad_tensor log_barrier(ad_tensor A, ad_tensor b, ad_tensor x)
{
    ad_tensor y;
    ad_apply(A.tape, &barrier, (const ad_tensor[]){A, b, x}, 3, NULL, &y);
    return y;
}

/* ---- Checking it ------------------------------------------------------------------------------------------------- */

/* The barrier, or at the second order the squared length of its gradients. */
static ad_tensor checked(ad_tape *t, void *order)
{
    const ad_tensor p[] = {ad_kept_at(t, 0), ad_kept_at(t, 1), ad_kept_at(t, 2)};
    const ad_tensor y = log_barrier(p[0], p[1], p[2]);
    ad_tensor dp[3];
    if (*(const int *)order == 1 || ad_grad(y, p, 3, dp) != AD_OK)
        return y;
    return ad_add(ad_sum(ad_square(dp[0])), ad_add(ad_sum(ad_square(dp[1])), ad_sum(ad_square(dp[2]))));
}

static void check(ad_tape *t)
{
    for (int order = 1; order <= 2; order++) {
        ad_gradcheck_result r[3];
        if (ad_gradcheck(t, checked, &order, NULL, r) != AD_OK)
            return;
        printf("order %d:  by %s %s, by %s %s, by %s %s\n", order, r[0].name, ad_verdict_name(r[0].verdict), r[1].name,
               ad_verdict_name(r[1].verdict), r[2].name, ad_verdict_name(r[2].verdict));
    }
}

/* ---- The method -------------------------------------------------------------------------------------------------- */

static ad_tensor cost(ad_tape *t, ad_tensor c, ad_tensor x, double mu)
{
    return ad_add(ad_sum(ad_mul(c, x)), ad_scale(log_barrier(ad_kept_at(t, 0), ad_kept_at(t, 1), x), mu));
}

/* The cost at x + s v, with all that was recorded for it forgotten again. */
static double cost_at(ad_tape *t, ad_tensor c, ad_tensor x, const double v[D], double s, double mu)
{
    const ad_position mark = ad_position_now(t);
    const double y = ad_item(cost(t, c, ad_add(x, ad_scale(ad_input(t, AD_F64, AD_SHAPE(D), v), s)), mu));
    ad_return_to(t, mark, NULL, 0);
    return y;
}

/* One step of Newton's, shortened until the cost falls; returns how much it should have fallen. */
static double newton_step(ad_tape *t, ad_tensor x, double mu)
{
    const ad_tensor c = ad_input(t, AD_F64, AD_SHAPE(D), (const double[]){-1, -1}), y = cost(t, c, x, mu);
    ad_tensor dx;
    ad_grad(y, &x, 1, &dx);
    const double *g = ad_f64(dx), *H = ad_f64(ad_hessian(y, x));
    if (ad_status_of(t) != AD_OK)
        return 0;
    const double det = H[0] * H[3] - H[1] * H[2];
    const double v[D] = {(H[1] * g[1] - H[3] * g[0]) / det, (H[2] * g[0] - H[0] * g[1]) / det};
    const double fall = -(g[0] * v[0] + g[1] * v[1]);
    double s = 1;
    while (s > 1e-10 && !(cost_at(t, c, x, v, s, mu) <= ad_item(y) - 0.25 * s * fall))
        s /= 2;
    const double moved[D] = {ad_f64(x)[0] + s * v[0], ad_f64(x)[1] + s * v[1]};
    ad_reset(t);
    ad_assign(x, moved);
    return fall;
}

int main(void)
{
    /* x <= 2, y <= 3, x + 2 y <= 7, x >= 0, y >= 0; x + y is to be large. */
    static const double rows[M][D] = {{1, 0}, {0, 1}, {1, 2}, {-1, 0}, {0, -1}}, bounds[M] = {2, 3, 7, 0, 0};
    ad_tape *t = ad_tape_open(NULL);
    ad_param(t, AD_F64, AD_SHAPE(M, D), rows, "A");
    ad_param(t, AD_F64, AD_SHAPE(M), bounds, "b");
    const ad_tensor x = ad_param(t, AD_F64, AD_SHAPE(D), (const double[]){0.5, 0.5}, "x");
    check(t);
    for (double mu = 1; mu > 1e-7 && ad_status_of(t) == AD_OK; mu /= 10) {
        int steps = 1;
        while (newton_step(t, x, mu) > 1e-3 * mu && steps < 100)
            steps++;
        if (ad_status_of(t) == AD_OK)
            printf("mu %7.0e  x = (%.5f, %.5f)  %d steps\n", mu, ad_f64(x)[0], ad_f64(x)[1], steps);
    }
    const int failed = ad_status_of(t) != AD_OK;
    if (failed)
        fprintf(stderr, "%s\n", ad_message(t));
    ad_tape_close(t);
    return failed;
}
