/* Eigenvalues that are equal or near. Derivatives that exist there are right, at each order; what does not, or has no
 * digits left, is refused in the name of eigh. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <gradtape/operators/backward.h>

#include "../support/one_tape.h"

#define M33 AD_SHAPE(3, 3)
enum { MOST = 4 };

/* ---- Small matrices in plain loops ------------------------------------------------------------------------------- */

typedef struct matrix {
    double at[MOST][MOST];
} matrix;

static matrix times(int n, matrix a, matrix b)
{
    matrix y = {{{0}}};
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            for (int k = 0; k < n; k++)
                y.at[i][j] += a.at[i][k] * b.at[k][j];
    return y;
}

static matrix turned(matrix a)
{
    matrix y;
    for (int i = 0; i < MOST; i++)
        for (int j = 0; j < MOST; j++)
            y.at[i][j] = a.at[j][i];
    return y;
}

/* a + factor b */
static matrix plus(matrix a, double factor, matrix b)
{
    for (int i = 0; i < MOST; i++)
        for (int j = 0; j < MOST; j++)
            a.at[i][j] += factor * b.at[i][j];
    return a;
}

static matrix symmetric(matrix a)
{
    const matrix zero = {{{0}}};
    return plus(plus(zero, 0.5, a), 0.5, turned(a));
}

/* <a, b> */
static double inner(matrix a, matrix b)
{
    double sum = 0;
    for (int i = 0; i < MOST; i++)
        for (int j = 0; j < MOST; j++)
            sum += a.at[i][j] * b.at[i][j];
    return sum;
}

/* q has the columns of a Householder reflection: an orthogonal matrix without zeros. */
static matrix orthogonal(int n)
{
    static const double u[MOST] = {1, 2, -1.5, 0.5};
    double square = 0;
    matrix q = {{{0}}};
    for (int i = 0; i < n; i++)
        square += u[i] * u[i];
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            q.at[i][j] = (i == j) - 2 * u[i] * u[j] / square;
    return q;
}

/* q diag(f) q' */
static matrix with_values(int n, const double *f)
{
    const matrix q = orthogonal(n);
    matrix scaled = q;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            scaled.at[i][j] *= f[j];
    return symmetric(times(n, scaled, turned(q)));
}

static matrix random_symmetric(int n, uint64_t stream)
{
    matrix a = {{{0}}};
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            a.at[i][j] = 2 * ad_random_uniform(5, stream, (uint64_t)(MOST * i + j)) - 1;
    return symmetric(a);
}

static ad_tensor tensor_of(ad_type type, int n, matrix a, bool varies)
{
    double x[MOST * MOST];
    float narrow[MOST * MOST];
    for (int i = 0; i < n * n; i++)
        narrow[i] = (float)(x[i] = a.at[i / n][i % n]);
    const void *data = type == AD_F64 ? (const void *)x : narrow;
    return varies ? ad_variable(t, type, AD_SHAPE(n, n), data) : ad_input(t, type, AD_SHAPE(n, n), data);
}

static void expect_matrix(int n, ad_tensor got, matrix wanted, double tolerance)
{
    expect_ok(t);
    const double *x = ad_f64(ad_cast(got, AD_F64));
    for (int i = 0; i < n * n; i++)
        ck_assert_msg(fabs(x[i] - wanted.at[i / n][i % n]) <= tolerance, "element %d is %.17g instead of %.17g", i,
                      x[i], wanted.at[i / n][i % n]);
}

static ad_tensor column(ad_tensor v, int64_t k) { return ad_slice(v, 1, (ad_range){.start = k, .stop = k + 1}); }

static ad_tensor value_at(ad_tensor w, int64_t k)
{
    return ad_sum(ad_slice(w, 0, (ad_range){.start = k, .stop = k + 1}));
}

/* ---- Vectors of simple values ------------------------------------------------------------------------------------ */

/* Values of which one is simple, and its place. */
static const struct {
    int n, simple;
    double w[MOST];
} simples[] = {
    {3, 2, {1, 1, 5}},    {3, 0, {-2, 1, 1}},      {4, 3, {1, 1, 1, 4}},
    {4, 2, {0, 0, 2, 3}}, {4, 1, {-1, 0.5, 2, 2}}, {3, 2, {1, 1 + 2e-9, 5}},
};
enum { SIMPLES = COUNT(simples) };

/* By perturbation theory (Kato 1966, II 2), which needs the gaps to the simple value alone: with r = sum over the other
 * k of q_k q_k' / (w - w_k), along a + h e, the vector q moves as q + h r e q + h^2 (r (e - w') r e q - |r e q|^2 q /
 * 2), the value as w + h w' + h^2 q' e r e q, w' = q' e q. */
typedef struct moved {
    double w1, w2, q1[MOST], q2[MOST];
} moved;

static void apply(int n, matrix a, const double *x, double *y)
{
    for (int i = 0; i < n; i++) {
        y[i] = 0;
        for (int j = 0; j < n; j++)
            y[i] += a.at[i][j] * x[j];
    }
}

/* Moves the simple pair number c along e; the sign of q is such that its largest component is positive. */
static moved move(int c, matrix e)
{
    const int n = simples[c].n, simple = simples[c].simple;
    const matrix q = orthogonal(n);
    double inverse_gaps[MOST] = {0}, x[MOST] = {0}, eq[MOST] = {0}, y[MOST] = {0}, largest = 0, square = 0;
    moved m = {0};
    for (int k = 0; k < n; k++) {
        inverse_gaps[k] = k == simple ? 0 : 1 / (simples[c].w[simple] - simples[c].w[k]);
        largest = fabs(q.at[k][simple]) > fabs(largest) ? q.at[k][simple] : largest;
    }
    const matrix r = with_values(n, inverse_gaps);
    for (int i = 0; i < n; i++)
        x[i] = largest > 0 ? q.at[i][simple] : -q.at[i][simple];
    apply(n, e, x, eq);
    apply(n, r, eq, m.q1);
    apply(n, e, m.q1, y);
    for (int i = 0; i < n; i++) {
        m.w1 += x[i] * eq[i];
        m.w2 += eq[i] * m.q1[i];
        square += m.q1[i] * m.q1[i];
    }
    for (int i = 0; i < n; i++)
        y[i] -= m.w1 * m.q1[i];
    apply(n, r, y, m.q2);
    for (int i = 0; i < n; i++)
        m.q2[i] -= square / 2 * x[i];
    return m;
}

/* The gradient of a function whose derivative along e is slope(c, e). */
static matrix gradient_of(int c, double slope(int c, matrix e))
{
    matrix g = {{{0}}};
    for (int i = 0; i < simples[c].n; i++)
        for (int j = 0; j < simples[c].n; j++) {
            matrix e = {{{0}}};
            e.at[i][j] = 1;
            g.at[i][j] = slope(c, symmetric(e));
        }
    return g;
}

static const double weights[MOST] = {0.5, -1.25, 2, 0.75};

static double slope_of_vector(int c, matrix e)
{
    const moved m = move(c, e);
    double sum = 0;
    for (int i = 0; i < simples[c].n; i++)
        sum += weights[i] * m.q1[i];
    return sum;
}

static double slope_of_both(int c, matrix e) { return slope_of_vector(c, e) + 3 * move(c, e).w1; }

/* The weighted sum of the simple vector of a. */
static ad_tensor of_vector(int c, ad_tensor v)
{
    const int n = simples[c].n;
    const ad_tensor s = ad_input(t, AD_F64, AD_SHAPE(n, 1), weights);
    return ad_sum(ad_mul(column(v, simples[c].simple), ad_cast(s, ad_type_of(v))));
}

START_TEST(vector_of_a_simple_value)
{
    const int n = simples[_i].n;
    for (int type = AD_F32; type <= AD_F64; type++) {
        ad_tensor a = tensor_of((ad_type)type, n, with_values(n, simples[_i].w), true), v, g;
        ad_eigh(a, &v);
        ad_grad(of_vector(_i, v), &a, 1, &g);
        expect_matrix(n, g, gradient_of(_i, slope_of_vector), type == AD_F64 ? 1e-12 : 1e-5);
    }
}
END_TEST

/* The value beside its vector: others have no gradient in either. */
START_TEST(simple_value_and_its_vector)
{
    const int n = simples[_i].n;
    ad_tensor a = tensor_of(AD_F64, n, with_values(n, simples[_i].w), true), v, w = ad_eigh(a, &v), g;
    ad_grad(ad_add(of_vector(_i, v), ad_scale(value_at(w, simples[_i].simple), 3)), &a, 1, &g);
    expect_matrix(n, g, gradient_of(_i, slope_of_both), 1e-12);
}
END_TEST

/* <e, H e> is twice the factor of h^2. That of a vector divides by all gaps. */
START_TEST(second_derivatives_of_a_simple_pair)
{
    const int n = simples[_i].n;
    const matrix e = random_symmetric(n, 1);
    const moved m = move(_i, e);
    ad_tensor a = tensor_of(AD_F64, n, with_values(n, simples[_i].w), true), v, w = ad_eigh(a, &v), h;
    ad_tensor velocity = tensor_of(AD_F64, n, e, false);
    double sum = 0;
    ad_hvp(value_at(w, simples[_i].simple), &a, &velocity, 1, &h);
    ck_assert_double_eq_tol(ad_item(ad_sum(ad_mul(h, velocity))), 2 * m.w2, 1e-11);
    ad_hvp(ad_exp(value_at(w, simples[_i].simple)), &a, &velocity, 1, &h);
    ck_assert_double_eq_tol(ad_item(ad_sum(ad_mul(h, velocity))),
                            exp(simples[_i].w[simples[_i].simple]) * (2 * m.w2 + m.w1 * m.w1), 1e-10);
    expect_ok(t);
    for (int i = 0; i < n; i++)
        sum += weights[i] * m.q2[i];
    if (ad_hvp(of_vector(_i, v), &a, &velocity, 1, &h) == AD_OK)
        ck_assert_double_eq_tol(ad_item(ad_sum(ad_mul(h, velocity))), 2 * sum, 1e-6);
    else
        ck_assert_ptr_nonnull(strstr(ad_message(t), "eigh: eigenvalues "));
    ad_clear_error(t);
}
END_TEST

/* Forward: the simple vector moves, those of equal values have no derivative. */
START_TEST(forward_derivative_of_a_simple_vector)
{
    const int n = simples[_i].n;
    const matrix e = random_symmetric(n, 2);
    const moved m = move(_i, e);
    ad_tensor a = tensor_of(AD_F64, n, with_values(n, simples[_i].w), true), v,
              velocity = tensor_of(AD_F64, n, e, false);
    ad_eigh(a, &v);
    const double *dv = ad_f64(ad_jvp(v, &a, &velocity, 1));
    expect_ok(t);
    for (int k = 0; k < n; k++)
        for (int i = 0; i < n; i++) {
            bool equal = false;
            for (int other = 0; other < n; other++)
                equal = equal || (other != k && simples[_i].w[other] == simples[_i].w[k]);
            if (k == simples[_i].simple)
                ck_assert_double_eq_tol(dv[n * i + k], m.q1[i], 1e-12);
            else
                ck_assert_msg(isnan(dv[n * i + k]) == equal, "vector %d, element %d: %g", k, i, dv[n * i + k]);
        }
}
END_TEST

/* ---- What needs the gap ------------------------------------------------------------------------------------------ */

static ad_tensor identity_of(ad_tensor w) { return w; }
static ad_tensor less_1(ad_tensor w) { return ad_shift(w, -1); }
static ad_tensor function(ad_tensor a, ad_tensor f(ad_tensor w))
{
    ad_tensor v, w = ad_eigh(a, &v);
    ad_shape row = ad_shape_of(v);
    row.dims[row.rank - 2] = 1;
    return ad_matmul_nt(ad_mul(v, ad_reshape(f(w), row)), v);
}

/* v f(w) v' at a = 1, whose gradient has 0 / 0; that of w - 1, log, and x log x is 0 at 1, and so is what v gets. */
START_TEST(functions_of_equal_values_are_refused)
{
    static ad_tensor (*const functions[])(ad_tensor) = {identity_of, ad_exp, ad_square, less_1, ad_log};
    const matrix c = random_symmetric(3, 3);
    ad_tensor a = ad_name(ad_variable(t, AD_F64, M33, (const double[]){1, 0, 0, 0, 1, 0, 0, 0, 1}), "a"), g;
    ck_assert_int_eq(ad_grad(ad_sum(ad_mul(function(a, functions[_i]), tensor_of(AD_F64, 3, c, false))), &a, 1, &g),
                     AD_BAD_VALUE);
    ck_assert_str_eq(ad_message(t),
                     "eigh: eigenvalues 0 and 1 of the matrix a [3,3] are too near for a derivative through their "
                     "vectors; use only vectors whose values lie apart, or the values alone; if vectors and values are "
                     "used apart, take them from two calls");
    ad_clear_error(t);
    ck_assert_int_eq(ad_grad(ad_sum(function(a, functions[_i])), &a, 1, &g), AD_BAD_VALUE);
    ad_clear_error(t);
}
END_TEST

/* In a batch, a matrix with equal values whose gradient is 0 has the gradient 0, and the other its own. */
START_TEST(equal_values_that_are_left_out)
{
    ad_tensor both = ad_variable(t, AD_F64, AD_SHAPE(2, 2, 2), (const double[]){3, 0, 0, 3, 2, 1, 1, 4}), g;
    ad_tensor one = ad_variable(t, AD_F64, AD_SHAPE(2, 2), (const double[]){2, 1, 1, 4}), alone;
    ad_tensor y = function(both, ad_exp), c = ad_input(t, AD_F64, AD_SHAPE(2, 2), (const double[]){1, -2, 3, 0.5});
    ad_grad(ad_sum(ad_mul(c, ad_slice(y, 0, (ad_range){.start = 1, .stop = 2}))), &both, 1, &g);
    ad_grad(ad_sum(ad_mul(c, function(one, ad_exp))), &one, 1, &alone);
    expect_ok(t);
    for (int i = 0; i < 4; i++) {
        ck_assert_double_eq(ad_f64(g)[i], 0);
        ck_assert_double_eq(ad_f64(g)[4 + i], ad_f64(alone)[i]);
    }
}
END_TEST

/* ---- Values that are near ---------------------------------------------------------------------------------------- */

/* v w^p v' is a^p: its derivatives by eigh must be those of the powers by matmul, or an error. The gaps lie on both
 * sides of the bounds that linear_algebra.h gives for functions of this kind. */
static const struct {
    ad_type type;
    double gap, first, second; /* tolerances; 0: an error */
} nears[] = {
    {AD_F64, 0.1, 1e-13, 1e-12}, {AD_F64, 1e-3, 1e-12, 1e-9}, {AD_F64, 3e-5, 1e-10, 1e-5}, {AD_F64, 1e-6, 1e-8, 0},
    {AD_F64, 2e-9, 1e-5, 0},     {AD_F64, 1e-10, 1e-5, 0},    {AD_F64, 1e-12, 0, 0},       {AD_F64, 1e-14, 0, 0},
    {AD_F64, 0, 0, 0},           {AD_F32, 0.1, 1e-4, 3e-3},   {AD_F32, 1e-3, 5e-3, 0},     {AD_F32, 1e-6, 0, 0},
};

static ad_tensor power(ad_tensor a, int p, bool by_matmul)
{
    ad_tensor v, w = by_matmul ? a : ad_eigh(a, &v), y = w;
    for (int k = 1; k < p; k++)
        y = by_matmul ? ad_matmul(y, w) : ad_mul(y, w);
    return by_matmul ? y : ad_matmul_nt(ad_mul(v, y), v);
}

static matrix read(ad_tensor x)
{
    matrix y = {{{0}}};
    const double *numbers = ad_f64(ad_cast(x, AD_F64));
    for (int i = 0; numbers && i < 9; i++)
        y.at[i / 3][i % 3] = numbers[i];
    return symmetric(y);
}

static void expect_near(matrix got, matrix wanted, double tolerance, const char *what)
{
    const matrix off = plus(got, -1, wanted);
    ck_assert_msg(sqrt(inner(off, off)) <= tolerance, "%s: off by %.3g", what, sqrt(inner(off, off)));
}

static void expect_too_near(const char *which)
{
    char message[100];
    snprintf(message, sizeof message, "eigh: eigenvalues 0 and 1 of the matrix a [3,3] are too near for a%s derivative",
             which);
    ck_assert_int_eq(ad_status_of(t), AD_BAD_VALUE);
    ck_assert_msg(!strncmp(ad_message(t), message, strlen(message)), "%s", ad_message(t));
    ad_clear_error(t);
}

START_TEST(near_values_are_right_or_refused)
{
    const ad_type type = nears[_i].type;
    for (int p = 1; p <= 3; p++) {
        const matrix number = with_values(3, (const double[]){1, 1 + nears[_i].gap, 3});
        ad_tensor a = ad_name(tensor_of(type, 3, number, true), "a"), exact = tensor_of(AD_F64, 3, number, true);
        ad_tensor c = tensor_of(AD_F64, 3, random_symmetric(3, 4), false),
                  e = tensor_of(AD_F64, 3, random_symmetric(3, 5), false);
        ad_tensor wanted = ad_sum(ad_mul(c, power(exact, p, true))), g, h, e_type = ad_cast(e, type);
        ad_tensor y = ad_sum(ad_mul(ad_cast(c, type), power(a, p, false)));
        ad_grad(wanted, &exact, 1, &g);
        ad_hvp(wanted, &exact, &e, 1, &h);
        expect_ok(t);
        const matrix first = read(g), second = read(h);
        ad_grad(y, &a, 1, &g);
        if (nears[_i].first > 0)
            expect_near(read(g), first, nears[_i].first, "gradient");
        else
            expect_too_near("");
        ad_hvp(y, &a, &e_type, 1, &h);
        if (nears[_i].second > 0)
            expect_near(read(h), second, nears[_i].second, "second derivative");
        else
            expect_too_near(nears[_i].first > 0 ? " second" : "");
    }
}
END_TEST

/* The other way to a second derivative: the gradient of a forward derivative. */
START_TEST(near_values_in_forward_derivatives)
{
    const matrix number = with_values(3, (const double[]){1, 1 + nears[_i].gap, 3});
    if (nears[_i].type != AD_F64 || nears[_i].first == 0)
        return;
    ad_tensor a = ad_name(tensor_of(AD_F64, 3, number, true), "a"), exact = tensor_of(AD_F64, 3, number, true), h, g;
    ad_tensor c = tensor_of(AD_F64, 3, random_symmetric(3, 4), false),
              e = tensor_of(AD_F64, 3, random_symmetric(3, 5), false);
    ad_tensor forward = ad_jvp(ad_sum(ad_mul(c, power(a, 3, false))), &a, &e, 1);
    ad_tensor wanted = ad_jvp(ad_sum(ad_mul(c, power(exact, 3, true))), &exact, &e, 1);
    ck_assert_double_eq_tol(ad_item(forward), ad_item(wanted), nears[_i].first);
    ad_grad(wanted, &exact, 1, &h);
    expect_ok(t);
    const matrix second = read(h);
    ad_grad(forward, &a, 1, &g);
    if (nears[_i].second > 0) {
        expect_near(read(g), second, nears[_i].second, "second derivative");
    } else {
        ck_assert_int_eq(ad_status_of(t), AD_BAD_VALUE);
        ck_assert_ptr_nonnull(strstr(ad_message(t), "are too near for a second derivative"));
        ad_clear_error(t);
    }
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, vector_of_a_simple_value, 0, SIMPLES);
    tcase_add_loop_test(tests, simple_value_and_its_vector, 0, SIMPLES);
    tcase_add_loop_test(tests, second_derivatives_of_a_simple_pair, 0, SIMPLES);
    tcase_add_loop_test(tests, forward_derivative_of_a_simple_vector, 0, SIMPLES);
    tcase_add_loop_test(tests, functions_of_equal_values_are_refused, 0, 5);
    tcase_add_test(tests, equal_values_that_are_left_out);
    tcase_add_loop_test(tests, near_values_are_right_or_refused, 0, COUNT(nears));
    tcase_add_loop_test(tests, near_values_in_forward_derivatives, 0, COUNT(nears));
}

int main(void) { return run_on_one_tape("degenerate", add_tests); }
