/* Derivatives as functions of tensors, against central differences in f64 and against values by hand. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../support/one_tape.h"
#include "../support/operators_of_tests.h"

enum { OPERANDS = 2, MOST = 16 };

/* ---- Functions of two tensors: a [2,3] and b [3] ----------------------------------------------------------------- */

typedef ad_tensor function(const ad_tensor *x);

static ad_tensor shared(const ad_tensor *x) { return ad_sum(ad_mul(ad_add(x[0], x[0]), ad_mul(x[0], x[1]))); }

static ad_tensor network(const ad_tensor *x)
{
    const ad_tensor w = ad_reshape(x[1], AD_SHAPE(3, 1)), h = ad_tanh(ad_matmul(x[0], ad_matmul_nt(w, w)));
    return ad_logsumexp(ad_add(h, ad_exp(x[1])));
}

static ad_tensor rows(const ad_tensor *x)
{
    const int32_t picked[] = {1, 1, 0};
    const ad_tensor of = ad_gather_rows(x[0], ad_input(x[0].tape, AD_I32, AD_SHAPE(3), picked));
    return ad_sum(ad_mul(ad_softplus(of), ad_square(ad_add(x[1], of))));
}

static ad_tensor several(const ad_tensor *x)
{
    ad_tensor y[2];
    apply_two_results(x[0], ad_broadcast_to(x[1], AD_SHAPE(2, 3)), y);
    return ad_sum(ad_mul(ad_square(y[0]), ad_logistic(y[1])));
}

static ad_tensor only_the_second(const ad_tensor *x)
{
    ad_tensor y[2];
    apply_two_results(x[0], ad_broadcast_to(x[1], AD_SHAPE(2, 3)), y);
    return ad_sum(ad_square(y[1]));
}

static ad_tensor choice_first(const ad_tensor *x)
{
    ad_tensor y[2];
    const ad_tensor z = ad_mul(x[0], x[1]);
    ad_apply(z.tape, &sign_and_square, &z, 1, NULL, y);
    return ad_sum(ad_mul(y[1], ad_exp(z)));
}

static ad_tensor largest(const ad_tensor *x)
{
    /* Far from each other, so that differences do not change who is the largest. */
    const ad_tensor apart = ad_input(x[0].tape, AD_F64, AD_SHAPE(3), (const double[]){4, 0, 8});
    ad_tensor places;
    const ad_tensor y = ad_top_k(ad_add(ad_mul(x[0], x[1]), apart), 2, 1, &places);
    return ad_sum(ad_mul(ad_square(y), ad_add(ad_cast(places, AD_F64), y)));
}

static ad_tensor vector(const ad_tensor *x) { return ad_sum_over(ad_square(ad_mul(x[0], x[1])), AD_AXES(1)); }

static ad_tensor wide(const ad_tensor *x)
{
    const ad_tensor a = ad_reshape(x[0], AD_SHAPE(2, 1, 3));
    return ad_mul(ad_broadcast_to(ad_exp(a), AD_SHAPE(2, 2, 3)), x[1]);
}

static const struct {
    function *f;
    bool is_scalar;
} functions[] = {{shared, true},  {network, true},      {rows, true},    {several, true}, {only_the_second, true},
                 {largest, true}, {choice_first, true}, {vector, false}, {wide, false}};

static const ad_shape shapes[OPERANDS] = {{2, {2, 3}}, {1, {3}}};
static const size_t sizes[OPERANDS] = {6, 3};

/* ---- Differences ------------------------------------------------------------------------------------------------- */

typedef struct point {
    double at[OPERANDS][6];
} point;

static point start(void)
{
    point p;
    for (int i = 0; i < OPERANDS; i++)
        memcpy(p.at[i], some_numbers((uint64_t)i, sizes[i], 0.3, 1.5), sizes[i] * sizeof(double));
    return p;
}

static point direction(void)
{
    point v;
    for (int i = 0; i < OPERANDS; i++)
        memcpy(v.at[i], some_numbers(7 + (uint64_t)i, sizes[i], -1, 1), sizes[i] * sizeof(double));
    return v;
}

static point moved(const point *p, const point *v, double h)
{
    point q = *p;
    for (int i = 0; i < OPERANDS; i++)
        for (size_t k = 0; k < sizes[i]; k++)
            q.at[i][k] += h * v->at[i][k];
    return q;
}

static void enter(ad_tape *tape, const point *p, ad_tensor x[OPERANDS])
{
    for (int i = 0; i < OPERANDS; i++)
        x[i] = ad_input(tape, AD_F64, shapes[i], p->at[i]);
}

/* The values of f, on a tape of their own. */
static size_t values_at(function *f, const point *p, double y[MOST])
{
    ad_tape *own = ad_tape_open(NULL);
    ad_tensor x[OPERANDS];
    enter(own, p, x);
    const ad_tensor z = f(x);
    const size_t n = ad_size_of(z);
    ck_assert_uint_le(n, MOST);
    for (size_t k = 0; k < n; k++)
        y[k] = number_at(z, k);
    expect_ok(own);
    ad_tape_close(own);
    return n;
}

/* How the values of f change along v: central differences of three widths, extrapolated twice. */
static size_t slope(function *f, const point *p, const point *v, double dy[MOST])
{
    double d[3][MOST], up[MOST], down[MOST];
    size_t n = 0;
    for (int level = 0; level < 3; level++) {
        const double h = 0.02 / (1 << level);
        const point above = moved(p, v, h), below = moved(p, v, -h);
        n = values_at(f, &above, up);
        values_at(f, &below, down);
        for (size_t k = 0; k < n; k++)
            d[level][k] = (up[k] - down[k]) / (2 * h);
    }
    for (size_t k = 0; k < n; k++) {
        const double once = (4 * d[1][k] - d[0][k]) / 3, again = (4 * d[2][k] - d[1][k]) / 3;
        dy[k] = (16 * again - once) / 15;
    }
    return n;
}

/* The derivatives of all elements of f by all of operand i: a matrix, a row for each element. */
static size_t matrix(function *f, const point *p, int i, double j[MOST * 6])
{
    size_t n = 0;
    for (size_t column = 0; column < sizes[i]; column++) {
        double dy[MOST];
        point v = {{{0}}};
        v.at[i][column] = 1;
        n = slope(f, p, &v, dy);
        for (size_t row = 0; row < n; row++)
            j[row * sizes[i] + column] = dy[row];
    }
    return n;
}

/* The gradients of a scalar f by ad_grad, as a function to be differenced. */
static function *differentiated;
static int by;

static ad_tensor gradient(const ad_tensor *x)
{
    ad_tensor dx[OPERANDS];
    ad_grad(differentiated(x), x, OPERANDS, dx);
    return dx[by];
}

static const double tolerance = 1e-9;

/* ---- Against differences ----------------------------------------------------------------------------------------- */

START_TEST(grad_is_the_slope)
{
    const point p = start();
    double all[MOST * 6];
    ad_tensor x[OPERANDS], dx[OPERANDS];
    enter(t, &p, x);
    if (!functions[_i].is_scalar)
        return;
    ck_assert_int_eq(ad_grad(functions[_i].f(x), x, OPERANDS, dx), AD_OK);
    for (int i = 0; i < OPERANDS; i++) {
        matrix(functions[_i].f, &p, i, all);
        expect_values(dx[i], all, tolerance);
    }
}
END_TEST

START_TEST(vjp_weighs_the_rows)
{
    const point p = start();
    double all[MOST * 6], sum[6];
    ad_tensor x[OPERANDS], dx[OPERANDS];
    enter(t, &p, x);
    const ad_tensor y = functions[_i].f(x);
    const double *weights = some_numbers(20, ad_size_of(y), -1, 1);
    ck_assert_int_eq(ad_vjp(y, ad_input(t, AD_F64, ad_shape_of(y), weights), x, OPERANDS, dx), AD_OK);
    for (int i = 0; i < OPERANDS; i++) {
        const size_t n = matrix(functions[_i].f, &p, i, all);
        for (size_t column = 0; column < sizes[i]; column++) {
            sum[column] = 0;
            for (size_t row = 0; row < n; row++)
                sum[column] += weights[row] * all[row * sizes[i] + column];
        }
        expect_values(dx[i], sum, tolerance);
    }
}
END_TEST

START_TEST(jvp_is_the_slope_along_v)
{
    const point p = start(), v = direction();
    double dy[MOST];
    ad_tensor x[OPERANDS], velocities[OPERANDS];
    enter(t, &p, x);
    enter(t, &v, velocities);
    const ad_tensor y = functions[_i].f(x), moving = ad_jvp(y, x, velocities, OPERANDS);
    ck_assert_uint_eq(ad_size_of(moving), slope(functions[_i].f, &p, &v, dy));
    expect_values(moving, dy, tolerance);
}
END_TEST

START_TEST(hvp_is_the_slope_of_the_gradient)
{
    const point p = start(), v = direction();
    double dy[MOST];
    ad_tensor x[OPERANDS], velocities[OPERANDS], hv[OPERANDS];
    if (!functions[_i].is_scalar)
        return;
    enter(t, &p, x);
    enter(t, &v, velocities);
    ck_assert_int_eq(ad_hvp(functions[_i].f(x), x, velocities, OPERANDS, hv), AD_OK);
    differentiated = functions[_i].f;
    for (by = 0; by < OPERANDS; by++) {
        slope(gradient, &p, &v, dy);
        expect_values(hv[by], dy, tolerance);
    }
}
END_TEST

START_TEST(jacobian_has_all_slopes)
{
    const point p = start();
    double all[MOST * 6];
    ad_tensor x[OPERANDS];
    enter(t, &p, x);
    const ad_tensor y = functions[_i].f(x);
    for (int i = 0; i < OPERANDS; i++) {
        const ad_tensor j = ad_jacobian(y, x[i]);
        matrix(functions[_i].f, &p, i, all);
        expect_values(j, all, tolerance);
        ck_assert_int_eq(ad_shape_of(j).rank, ad_shape_of(y).rank + shapes[i].rank);
    }
}
END_TEST

START_TEST(hessian_has_all_second_slopes)
{
    const point p = start();
    double all[MOST * 6];
    ad_tensor x[OPERANDS];
    if (!functions[_i].is_scalar)
        return;
    enter(t, &p, x);
    const ad_tensor y = functions[_i].f(x);
    differentiated = functions[_i].f;
    for (by = 0; by < OPERANDS; by++) {
        matrix(gradient, &p, by, all);
        expect_values(ad_hessian(y, x[by]), all, tolerance);
    }
}
END_TEST

/* ---- By hand ----------------------------------------------------------------------------------------------------- */

static ad_tensor scalar(double value) { return ad_input(t, AD_F64, AD_SCALAR, &value); }

static ad_tensor grad_of(ad_tensor y, ad_tensor x)
{
    ad_tensor dx;
    ad_grad(y, &x, 1, &dx);
    return dx;
}

START_TEST(orders_up_to_the_fourth)
{
    const ad_tensor x = scalar(1.5);
    ad_tensor y = ad_mul(ad_add(x, x), ad_mul(x, ad_mul(x, x))); /* 2 x^4 */
    const double by_hand[] = {8 * 3.375, 24 * 2.25, 48 * 1.5, 48, 0};
    for (int order = 0; order < 5; order++) {
        y = grad_of(y, x);
        ck_assert_double_eq_tol(ad_item(y), by_hand[order], 1e-12);
    }
    expect_ok(t);
}
END_TEST

START_TEST(fourth_order_of_what_is_not_a_polynomial)
{
    const double at = 0.7, h = tanh(at), s = 1 - h * h;
    const ad_tensor x = scalar(at);
    ad_tensor y = ad_tanh(x);
    const double by_hand[] = {s, -2 * h * s, s * (6 * h * h - 2), h * s * (16 - 24 * h * h)};
    for (int order = 0; order < 4; order++) {
        y = grad_of(y, x);
        ck_assert_double_eq_tol(ad_item(y), by_hand[order], 1e-13);
    }
}
END_TEST

START_TEST(inner_tensors_and_what_lies_below_them)
{
    const ad_tensor x = scalar(0.5), z = ad_square(x), y = ad_mul(ad_exp(z), x);
    const ad_tensor by_all[] = {z, x, z, y};
    ad_tensor dx[4];
    ck_assert_int_eq(ad_grad(y, by_all, 4, dx), AD_OK);
    const double e = exp(0.25);
    ck_assert_double_eq_tol(ad_item(dx[0]), 0.5 * e, 1e-15);
    ck_assert_double_eq_tol(ad_item(dx[1]), e + 0.5 * e * 2 * 0.5, 1e-15);
    ck_assert_double_eq(ad_item(dx[2]), ad_item(dx[0]));
    ck_assert_double_eq(ad_item(dx[3]), 1);
    const ad_tensor alone = grad_of(y, z), again = grad_of(alone, x);
    ck_assert_double_eq(ad_item(alone), ad_item(dx[0]));
    ck_assert_double_eq_tol(ad_item(again), e * (1 + 2 * 0.25), 1e-15); /* of x e^(x^2) by x */
}
END_TEST

/* What made x is not asked: here it would be an error. */
START_TEST(the_operator_below_x_is_left_alone)
{
    ad_tensor w = some_param(t, AD_F64, AD_SHAPE(3), 1, "w"), x = ad_mul(w, w), y = ad_sum(ad_square(x));
    ad_fill(w, 7);
    const ad_tensor dx = grad_of(y, x);
    expect_ok(t);
    ck_assert_double_eq(number_at(dx, 1), 2 * number_at(x, 1));
    ad_reset(t);
    w = some_input(t, AD_F64, AD_SHAPE(3), 1);
    x = grad_of(ad_sum(cube_in_numbers(w)), w); /* made by a numeric gradient */
    const ad_tensor ddx = grad_of(ad_sum(ad_square(x)), x);
    expect_ok(t);
    ck_assert_double_eq(number_at(ddx, 2), 2 * number_at(x, 2));
}
END_TEST

START_TEST(no_path_gives_zeros)
{
    const ad_tensor x = some_input(t, AD_F64, AD_SHAPE(2, 2), 1), other = some_input(t, AD_F32, AD_SHAPE(3), 2);
    const ad_tensor y = ad_sum(ad_mul(ad_detach(x), ad_detach(x))), late = ad_square(y);
    const ad_tensor by_all[] = {x, other, late, some_param(t, AD_F64, AD_SHAPE(2), 3, "p")};
    ad_tensor dx[4];
    ck_assert_int_eq(ad_grad(y, by_all, 4, dx), AD_OK);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(ad_type_of(dx[i]), ad_type_of(by_all[i]));
        ck_assert_uint_eq(ad_size_of(dx[i]), ad_size_of(by_all[i]));
        for (size_t k = 0; k < ad_size_of(dx[i]); k++)
            ck_assert_double_eq(number_at(dx[i], k), 0);
    }
    ck_assert_double_eq(ad_item(ad_sum(ad_jvp(y, &x, &x, 1))), 0);
    ck_assert_double_eq(ad_item(ad_sum(ad_hessian(y, x))), 0);
    ck_assert_double_eq(ad_item(ad_sum(ad_jacobian(ad_detach(x), x))), 0);
    expect_ok(t);
}
END_TEST

START_TEST(detach_is_a_constant_factor)
{
    const ad_tensor x = scalar(3);
    ck_assert_double_eq(ad_item(grad_of(ad_mul(x, ad_detach(x)), x)), 3);
    ck_assert_double_eq(ad_item(grad_of(grad_of(ad_mul(ad_square(x), ad_detach(x)), x), x)), 6);
}
END_TEST

/* H v, where v depends on x and where it does not: v counts as a constant, and d(H v)/dv = H all the same. */
START_TEST(products_can_be_differentiated_by_v)
{
    const ad_tensor x = scalar(2), own = ad_square(x), free = ad_variable(t, AD_F64, AD_SCALAR, &(double){5});
    const ad_tensor y = ad_mul(x, ad_square(x)); /* H = 6 x */
    const ad_tensor v[] = {own, free, x};
    for (int i = 0; i < 3; i++) {
        ad_tensor hv, dv;
        ck_assert_int_eq(ad_hvp(y, &x, &v[i], 1, &hv), AD_OK);
        ck_assert_double_eq(ad_item(hv), 12 * ad_item(v[i]));
        dv = grad_of(hv, v[i]);
        ck_assert_double_eq(ad_item(dv), i < 2 ? 12 : 12 + 6 * 2); /* by x: H + 6 v */
    }
    ad_tensor hv;
    ad_hvp(y, &x, &free, 1, &hv);
    ck_assert_int_eq(ad_backward(hv), AD_OK); /* only v wants a gradient, and the result knows it */
    ck_assert_double_eq(ad_item(ad_gradient(free)), 12);
}
END_TEST

/* f32 and f64 together, and f32 alone. */
START_TEST(types_may_differ)
{
    const float a = 1.5F;
    const ad_tensor x[] = {ad_input(t, AD_F32, AD_SCALAR, &a), scalar(2)};
    const ad_tensor y = ad_mul(ad_cast(ad_square(x[0]), AD_F64), ad_square(x[1])); /* a^2 b^2 */
    const ad_tensor v[] = {ad_input(t, AD_F32, AD_SCALAR, &a), scalar(1)};
    ad_tensor hv[2];
    ck_assert_int_eq(ad_hvp(y, x, v, 2, hv), AD_OK);
    ck_assert_double_eq(ad_item(hv[0]), 2 * 4 * 1.5 + 4 * 1.5 * 2);
    ck_assert_double_eq(ad_item(hv[1]), 4 * 1.5 * 2 * 1.5 + 2 * 2.25);
    ck_assert_int_eq(ad_type_of(hv[0]), AD_F32);
    ck_assert_double_eq(ad_item(ad_jvp(y, x, v, 2)), 2 * 1.5 * 4 * 1.5 + 2.25 * 4);
    const ad_tensor narrow = ad_square(ad_square(x[0])), third = grad_of(grad_of(grad_of(narrow, x[0]), x[0]), x[0]);
    ck_assert_int_eq(ad_type_of(third), AD_F32);
    ck_assert_double_eq(ad_item(third), 36);
    expect_ok(t);
}
END_TEST

START_TEST(tensors_without_elements)
{
    const ad_tensor x = ad_input(t, AD_F64, AD_SHAPE(0, 3), NULL), y = ad_square(x), s = ad_sum(y);
    ad_tensor dx, one = some_input(t, AD_F64, AD_SHAPE(2), 1);
    ck_assert_uint_eq(ad_size_of(grad_of(s, x)), 0);
    ck_assert_uint_eq(ad_size_of(ad_jacobian(y, x)), 0);
    ck_assert_uint_eq(ad_size_of(ad_hessian(s, x)), 0);
    ck_assert_uint_eq(ad_size_of(ad_jvp(y, &x, &x, 1)), 0);
    ck_assert_int_eq(ad_vjp(y, x, &x, 1, &dx), AD_OK);
    ck_assert_int_eq(ad_hvp(s, &x, &x, 1, &dx), AD_OK);
    ck_assert_int_eq(ad_shape_of(ad_jacobian(y, one)).rank, 3);
    ck_assert_int_eq(ad_shape_of(ad_jacobian(one, x)).rank, 3);
    expect_ok(t);
}
END_TEST

/* ---- What stays as it was ---------------------------------------------------------------------------------------- */

/* All forms on the loss, each by everything there is. */
static void take_all(ad_tensor loss, const ad_tensor *x, int n)
{
    ad_tensor dx[4];
    ck_assert_int_eq(ad_grad(loss, x, n, dx), AD_OK);
    ck_assert_int_eq(ad_vjp(loss, loss, x, n, dx), AD_OK);
    ck_assert_int_eq(ad_hvp(loss, x, x, n, dx), AD_OK);
    ck_assert(!ad_is_inert(ad_jvp(loss, x, x, n)));
    for (int i = 0; i < n; i++)
        ck_assert(!ad_is_inert(ad_jacobian(loss, x[i])) && !ad_is_inert(ad_hessian(loss, x[i])));
}

static const ad_backward_options ways[] = {
    {.keep = true}, {.differentiable = true, .keep = true}, {.keep = false}, {.differentiable = true}};

START_TEST(stored_gradients_are_the_same_bits_after_it)
{
    const ad_tensor w = some_param(t, AD_F64, AD_SHAPE(3, 2), 1, "w"), b = some_param(t, AD_F64, AD_SCALAR, 2, "b");
    const ad_tensor v = ad_variable(t, AD_F64, AD_SHAPE(2, 3), some_numbers(3, 6, -1, 1));
    const ad_tensor h = ad_tanh(ad_add(ad_matmul(v, w), b)), loss = ad_mean(ad_square(h));
    const ad_tensor all[] = {w, b, v, h};
    snapshot before[4];
    ck_assert_int_eq(ad_backward_with(loss, &ways[_i]), AD_OK);
    const int n = ways[_i].keep ? 4 : 3;
    for (int i = 0; i < n; i++)
        before[i] = snapshot_of(ad_gradient(all[i]));
    take_all(loss, all, 4);
    for (int i = 0; i < n; i++)
        expect_unchanged(ad_gradient(all[i]), before[i]);
    ck_assert(ways[_i].keep || !ad_has_gradient(h));
    /* On an error too. */
    ad_tensor dx;
    ck_assert_int_eq(ad_grad(h, &w, 1, &dx), AD_BAD_SHAPE);
    ad_clear_error(t);
    ck_assert(ad_has_gradient(w) && ad_has_gradient(v));
}
END_TEST

/* A gradient of an ordinary backward as v: it must still be there, and be a constant. */
/* The array of x may be the room for the results, also where it names a tensor twice; parameters are left as they are.
 */
START_TEST(results_in_the_place_of_x)
{
    const ad_tensor w = some_param(t, AD_F64, AD_SHAPE(3), 1, "w"), b = some_param(t, AD_F64, AD_SHAPE(3), 2, "b");
    const ad_tensor y = ad_sum(ad_mul(ad_exp(w), b)), v = some_input(t, AD_F64, AD_SCALAR, 3);
    const ad_tensor x[3] = {w, b, w};
    for (int way = 0; way < 3; way++) {
        ad_tensor apart[3], place[3] = {w, b, w};
        if (way == 0) {
            ad_grad(y, x, 3, apart);
            ad_grad(y, place, 3, place);
        } else if (way == 1) {
            ad_vjp(y, v, x, 3, apart);
            ad_vjp(y, v, place, 3, place);
        } else {
            ad_hvp(y, x, x, 3, apart);
            ad_hvp(y, place, place, 3, place);
        }
        expect_ok(t);
        for (int i = 0; i < 3; i++)
            expect_same_bits(place[i], apart[i]);
        ck_assert(!ad_has_gradient(w) && !ad_has_gradient(b));
    }
    ck_assert_int_eq(ad_backward(y), AD_OK);
    for (size_t i = 0; i < 3; i++)
        ck_assert_double_eq(number_at(ad_gradient(b), i), exp(number_at(w, i)));
}
END_TEST

START_TEST(a_stored_gradient_as_v)
{
    const ad_tensor w = some_param(t, AD_F64, AD_SHAPE(3), 1, "w"), y = ad_add(w, ad_add(w, w));
    ck_assert_int_eq(ad_backward(ad_sum(ad_square(w))), AD_OK);
    const ad_tensor v = ad_gradient(w), by_both[] = {w, y};
    const snapshot before = snapshot_of(v);
    ad_tensor dx[2];
    ck_assert_int_eq(ad_vjp(y, v, by_both, 2, dx), AD_OK);
    for (size_t i = 0; i < 3; i++)
        ck_assert_double_eq(number_at(dx[0], i), 6 * number_at(w, i));
    ck_assert_double_eq(number_at(ad_jvp(y, &w, &v, 1), 1), 6 * number_at(w, 1));
    expect_unchanged(ad_gradient(w), before);
    ck_assert_int_eq(ad_backward(ad_sum(w)), AD_OK);
    ck_assert_double_eq(number_at(dx[1], 0), 2 * number_at(w, 0)); /* not a gradient that went */
    expect_ok(t);
}
END_TEST

START_TEST(only_results_and_their_makers_stay)
{
    const ad_tensor x = scalar(2), y = ad_mul(ad_tanh(x), ad_exp(x));
    const size_t before = ad_entry_count(t);
    const ad_tensor zero = grad_of(y, scalar(1));
    ck_assert_double_eq(ad_item(zero), 0);
    ck_assert_uint_eq(ad_entry_count(t), before + 2); /* the 1 and the zero */
    const ad_tensor ones = grad_of(y, y);
    ck_assert_double_eq(ad_item(ones), 1);
    ck_assert_uint_eq(ad_entry_count(t), before + 3);
    const ad_tensor dx = grad_of(ad_add(x, ad_scale(x, 3)), x);
    const size_t after = ad_entry_count(t);
    ck_assert_double_eq(ad_item(dx), 4);
    ck_assert_uint_le(after, before + 3 + 2 + 3); /* add and scale; one, three, their sum */
    ck_assert_double_eq(ad_item(y), tanh(2) * exp(2));
    ck_assert_double_eq(ad_item(zero), 0);
}
END_TEST

START_TEST(an_error_leaves_no_entry)
{
    const ad_tensor x = some_input(t, AD_F64, AD_SHAPE(3), 1), y = ad_sum(cube_in_numbers(x));
    ad_tensor hv = x;
    const size_t before = ad_entry_count(t);
    ck_assert_int_eq(ad_hvp(y, &x, &x, 1, &hv), AD_BAD_STATE);
    ck_assert(ad_is_inert(hv));
    ad_clear_error(t);
    ck_assert_uint_eq(ad_entry_count(t), before);
    ck_assert_double_eq(number_at(grad_of(y, x), 0), 3 * number_at(x, 0) * number_at(x, 0));
}
END_TEST

START_TEST(earlier_handles_stay)
{
    ad_tensor old[40], x = some_input(t, AD_F64, AD_SHAPE(4), 1), y = x;
    snapshot before[40];
    for (int i = 0; i < 40; i++) {
        old[i] = y = i % 3 == 0 ? ad_tanh(y) : i % 3 == 1 ? ad_reshape(y, AD_SHAPE(2, 2)) : ad_reshape(y, AD_SHAPE(4));
        if (i % 8 == 7)
            old[i] = grad_of(ad_sum(y), x);
        before[i] = snapshot_of(old[i]);
    }
    take_all(ad_sum(y), &x, 1);
    for (int i = 0; i < 40; i++)
        expect_unchanged(old[i], before[i]);
}
END_TEST

START_TEST(results_go_on)
{
    const ad_tensor w = some_param(t, AD_F64, AD_SHAPE(3), 1, "w"), y = ad_sum(ad_mul(w, ad_square(w)));
    const ad_tensor dw = grad_of(y, w); /* 3 w^2 */
    ck_assert_int_eq(ad_backward(ad_sum(dw)), AD_OK);
    for (size_t i = 0; i < 3; i++)
        ck_assert_double_eq_tol(number_at(ad_gradient(w), i), 6 * number_at(w, i), 1e-15);
    ck_assert_double_eq_tol(number_at(grad_of(ad_sum(ad_square(dw)), w), 0), 36 * pow(number_at(w, 0), 3), 1e-14);
    ck_assert_int_eq(ad_assign(w, (const double[]){1, 2, 3}), AD_OK);
    ck_assert_int_eq(ad_replay(t), AD_OK);
    expect_values(dw, (const double[]){3, 12, 27}, 1e-15);
}
END_TEST

/* ---- Errors ------------------------------------------------------------------------------------------------------ */

START_TEST(errors_of_y_and_x)
{
    ad_tape *other = ad_tape_open(NULL);
    const ad_tensor x = some_input(t, AD_F64, AD_SHAPE(2, 3), 1), s = ad_sum(x), whole = ad_arange(t, AD_I32, 3);
    ad_tensor dx = x, foreign = some_input(other, AD_F64, AD_SCALAR, 1), none = {0};
    ck_assert_int_eq(ad_grad(x, &x, 1, &dx), AD_BAD_SHAPE);
    ck_assert(ad_is_inert(dx));
    expect_error(t, AD_BAD_SHAPE,
                 "grad: the tensor [2,3] is not a scalar: reduce it (ad_sum, ad_mean), or take ad_vjp");
    ad_grad(s, &whole, 1, &dx);
    expect_error(t, AD_BAD_TYPE, "grad: an i32 tensor has no derivative: it must be f32 or f64");
    ad_vjp(whole, whole, &x, 1, &dx);
    expect_error(t, AD_BAD_TYPE, "vjp: an i32 tensor has no derivative: it must be f32 or f64");
    ad_grad(s, &foreign, 1, &dx);
    expect_error(t, AD_BAD_HANDLE, "grad: operand 0 belongs to another tape: operands must be of one tape");
    expect_error(other, AD_BAD_HANDLE, "grad: operand 0 belongs to another tape: operands must be of one tape");
    ad_grad(s, &none, 1, &dx);
    expect_error(t, AD_BAD_HANDLE, "grad: operand 0 is inert: it was never made, or came from a call that failed");
    ad_grad(s, NULL, 1, &dx);
    expect_error(t, AD_BAD_VALUE, "grad: no tensor is given to differentiate by");
    ad_grad(s, &x, 0, &dx);
    expect_error(t, AD_BAD_VALUE, "grad: no tensor is given to differentiate by");
    ck_assert_int_eq(ad_grad(none, &x, 1, &dx), AD_BAD_HANDLE);
    expect_error(t, AD_BAD_HANDLE, "grad: its operand is inert: it was never made, or came from a call that failed");
    ck_assert(ad_is_inert(ad_jvp(none, &x, &x, 1)));
    expect_error(t, AD_BAD_HANDLE, "jvp: its operand is inert: it was never made, or came from a call that failed");
    ad_reset(t);
    ad_grad(s, &x, 1, &dx);
    expect_error(
        t, AD_BAD_HANDLE,
        "grad: its operand is stale: its tape was reset, or returned to a position, since it was made: make it "
        "again, or let it survive (ad_return_to)");
    ad_tape_close(other);
}
END_TEST

START_TEST(errors_of_v)
{
    const ad_tensor x = some_input(t, AD_F64, AD_SHAPE(3), 1), y = ad_square(x), none = {.tape = t};
    const ad_tensor narrow = some_input(t, AD_F32, AD_SHAPE(3), 1), s = ad_sum(y);
    ad_tensor dx;
    ad_vjp(y, s, &x, 1, &dx);
    expect_error(t, AD_BAD_SHAPE, "vjp: v is [] of f64: it must be [3] of f64");
    ad_vjp(y, narrow, &x, 1, &dx);
    expect_error(t, AD_BAD_SHAPE, "vjp: v is [3] of f32: it must be [3] of f64");
    ad_vjp(y, none, &x, 1, &dx);
    expect_error(t, AD_BAD_HANDLE, "vjp: its operand is inert: it was never made, or came from a call that failed");
    ck_assert(ad_is_inert(ad_jvp(y, &x, &s, 1)));
    expect_error(t, AD_BAD_SHAPE, "jvp: a velocity is [] of f64: it must be [3] of f64");
    ad_hvp(s, &x, &narrow, 1, &dx);
    expect_error(t, AD_BAD_SHAPE, "hvp: a velocity is [3] of f32: it must be [3] of f64");
    ad_hvp(s, &x, NULL, 1, &dx);
    expect_error(t, AD_BAD_VALUE, "hvp: the velocities are NULL");
    ad_hvp(y, &x, &x, 1, &dx);
    expect_error(t, AD_BAD_SHAPE, "hvp: the tensor [3] is not a scalar: reduce it (ad_sum, ad_mean), or take ad_vjp");
    ck_assert(ad_is_inert(ad_hessian(y, x)));
    expect_error(t, AD_BAD_SHAPE,
                 "hessian: the tensor [3] is not a scalar: reduce it (ad_sum, ad_mean), or take ad_vjp");
}
END_TEST

START_TEST(errors_of_the_state)
{
    const ad_tensor w = some_param(t, AD_F64, AD_SHAPE(3), 1, "w"), s = ad_sum(ad_square(w));
    const ad_tensor choice = ad_greater(s, ad_scalar(t, 0)), x = some_input(t, AD_F64, AD_SHAPE(2), 1);
    ad_tensor dx;
    ad_backward(s);
    const ad_tensor g = ad_gradient(w);
    ad_grad(s, &g, 1, &dx);
    expect_error(
        t, AD_BAD_STATE,
        "grad: the gradient of w was not recorded by ad_backward, so it has no derivative: give "
        "ad_backward_with .differentiable = true, or take ad_grad; if a constant is meant, take ad_detach of it");
    ad_fail(t, AD_BAD_VALUE, "before");
    ck_assert_int_eq(ad_grad(s, &w, 1, &dx), AD_BAD_VALUE);
    ck_assert(ad_is_inert(dx) && ad_is_inert(ad_jvp(s, &w, &w, 1)) && ad_is_inert(ad_hessian(s, w)));
    expect_error(t, AD_BAD_VALUE, "before");
    ck_assert(ad_guard(choice, "positive"));
    ad_feed(x, AD_SHAPE(3), (const double[]){1, 2, 3});
    ck_assert_int_eq(ad_replay(t), AD_CHANGED);
    ad_grad(s, &w, 1, &dx);
    expect_error(t, AD_BAD_STATE, "grad: the recording does not fit any more: ad_reset and record anew");
}
END_TEST

static void rule_without_position(ad_pullback *p)
{
    const ad_tensor x = ad_x(p, 0);
    ad_tensor dx;
    ad_grad(ad_sum(ad_square(x)), &x, 1, &dx);
    ad_give(p, 0, dx);
}

static void copy(ad_call *c) { memcpy(c->y[0]->data, c->x[0]->data, ad_elements(c->x[0]) * sizeof(double)); }

/* A call has several results, and another one has a gradient that backward kept: it is none of this derivative's. */
START_TEST(kept_gradients_of_other_results_stay_out)
{
    const ad_tensor gates = ad_variable(t, AD_F64, AD_SHAPE(1, 4), (const double[]){0.5, -1, 2, 0.25});
    ad_tensor next, dx[2];
    const ad_tensor h = ad_lstm_cell(gates, ad_input(t, AD_F64, AD_SHAPE(1, 1), (const double[]){0.75}), &next);
    const ad_tensor y = ad_sum(h), one = ad_ones_like(h);
    ck_assert_int_eq(ad_vjp(h, one, &gates, 1, &dx[0]), AD_OK);
    ad_backward_with(ad_add(y, ad_sum(next)), &(ad_backward_options){.keep = true});
    ck_assert_int_eq(ad_vjp(h, one, &gates, 1, &dx[1]), AD_OK);
    for (size_t i = 0; i < 4; i++)
        ck_assert_double_eq(number_at(dx[1], i), number_at(dx[0], i));
    ck_assert(ad_has_gradient(next));
}
END_TEST

START_TEST(a_rule_needs_a_position)
{
    const ad_operator op = {
        .name = "op", .arity = 1, .shape = ad_same_shape, .run = copy, .vjp = rule_without_position};
    const ad_tensor w = some_param(t, AD_F64, AD_SHAPE(3), 1, "w");
    ck_assert_int_eq(ad_backward(ad_sum(ad_apply1(&op, w))), AD_BAD_STATE);
    expect_error(t, AD_BAD_STATE, "grad: nothing is recorded here: take a position first (ad_position_now)");
}
END_TEST

/* ---- Size -------------------------------------------------------------------------------------------------------- */

START_TEST(a_tensor_used_many_times)
{
    enum { USES = 5000 };
    const ad_tensor x = scalar(1.25), y = ad_square(x);
    ad_tensor sum = y;
    for (int i = 1; i < USES; i++)
        sum = ad_add(sum, y);
    ck_assert_double_eq(ad_item(grad_of(sum, y)), USES);
    const ad_tensor dx = grad_of(sum, x);
    ck_assert_double_eq(ad_item(dx), USES * 2.5);
    ck_assert_double_eq(ad_item(grad_of(dx, x)), USES * 2.0);
}
END_TEST

/* 100,000 operators deep: nothing recurses, and what is recorded grows with the length. */
START_TEST(long_chains)
{
    size_t added[2];
    for (int k = 0; k < 2; k++) {
        const int n = 50000 << k;
        const ad_tensor x = scalar(0.5);
        ad_tensor y = x, hv;
        for (int i = 0; i < n; i++)
            y = i % 2 ? ad_scale(y, 1) : ad_sub(ad_add(y, x), x);
        const size_t before = ad_entry_count(t);
        ck_assert_double_eq_tol(ad_item(grad_of(ad_square(y), x)), 1, 1e-9);
        ck_assert_int_eq(ad_hvp(ad_square(y), &x, &x, 1, &hv), AD_OK);
        ck_assert_double_eq_tol(ad_item(hv), 1, 1e-9);
        added[k] = ad_entry_count(t) - before;
        ad_reset(t);
    }
    ck_assert_uint_le(added[1], 2 * added[0] + 100);
    expect_ok(t);
}
END_TEST

/* The allocator is asked as often for a path of 2 n operators as the doubling of room needs. */
START_TEST(few_calls_of_the_allocator)
{
    for (int round = 0; round < 3; round++) {
        const ad_tensor x = ad_input(t, AD_F64, AD_SHAPE(4), some_numbers(1, 4, -1, 1));
        ad_tensor y = x, dx;
        for (int i = 0; i < 2000; i++)
            y = ad_tanh(ad_add(y, x));
        counting_heal(&memory);
        ck_assert_int_eq(ad_grad(ad_sum(y), &x, 1, &dx), AD_OK);
        ck_assert(round == 0 || memory.calls <= 1);
        ad_reset(t);
    }
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void take_grad(ad_tensor y, ad_tensor x, ad_tensor *dx) { ad_grad(y, &x, 1, dx); }
static void take_vjp(ad_tensor y, ad_tensor x, ad_tensor *dx) { ad_vjp(y, ad_scalar(t, 2), &x, 1, dx); }
static void take_jvp(ad_tensor y, ad_tensor x, ad_tensor *dx) { *dx = ad_jvp(y, &x, &x, 1); }
static void take_hvp(ad_tensor y, ad_tensor x, ad_tensor *dx) { ad_hvp(y, &x, &x, 1, dx); }
static void take_jacobian(ad_tensor y, ad_tensor x, ad_tensor *dx) { *dx = ad_jacobian(y, x); }
static void take_jacobian_by_rows(ad_tensor y, ad_tensor x, ad_tensor *dx)
{
    *dx = ad_jacobian(ad_mul(ad_exp(x), y), x);
}
static void take_jacobian_by_columns(ad_tensor y, ad_tensor x, ad_tensor *dx)
{
    *dx = ad_jacobian(ad_stack((ad_tensor[]){ad_exp(x), ad_mul(x, y)}, 2, 0), x);
}
static void take_hessian(ad_tensor y, ad_tensor x, ad_tensor *dx) { *dx = ad_hessian(y, x); }
static void take_local(ad_tensor y, ad_tensor x, ad_tensor *dx)
{
    *dx = ad_add(ad_sum(x), ad_sum(ad_local_gradient(y, 0)));
}

/* Beside stored gradients, which each sets aside. */
START_TEST(a_steady_step_allocates_nothing)
{
    void (*const take[])(ad_tensor, ad_tensor, ad_tensor *) = {
        take_grad,    take_vjp,  take_jvp, take_hvp, take_jacobian, take_jacobian_by_rows, take_jacobian_by_columns,
        take_hessian, take_local};
    const ad_tensor w = PARAMS("w", 1, 2, 3);
    size_t calls = 0;
    for (int step = 0; step < 20; step++) {
        ad_tensor dx;
        const ad_tensor x = ad_exp(w), y = ad_sum(ad_square(ad_tanh(x)));
        ad_backward_with(y, &(ad_backward_options){.keep = true});
        take[_i](y, x, &dx);
        ad_backward(ad_sum(dx));
        ad_reset(t);
        calls = step < 3 ? memory.calls : calls;
    }
    ck_assert_uint_eq(memory.calls, calls);
    expect_ok(t);
}
END_TEST

static void add_differences(TCase *c)
{
    tcase_add_loop_test(c, a_steady_step_allocates_nothing, 0, 9);
    tcase_add_loop_test(c, grad_is_the_slope, 0, COUNT(functions));
    tcase_add_loop_test(c, vjp_weighs_the_rows, 0, COUNT(functions));
    tcase_add_loop_test(c, jvp_is_the_slope_along_v, 0, COUNT(functions));
    tcase_add_loop_test(c, hvp_is_the_slope_of_the_gradient, 0, COUNT(functions));
    tcase_add_loop_test(c, jacobian_has_all_slopes, 0, COUNT(functions));
    tcase_add_loop_test(c, hessian_has_all_second_slopes, 0, COUNT(functions));
}

static void add_values(TCase *c)
{
    tcase_add_test(c, orders_up_to_the_fourth);
    tcase_add_test(c, fourth_order_of_what_is_not_a_polynomial);
    tcase_add_test(c, inner_tensors_and_what_lies_below_them);
    tcase_add_test(c, the_operator_below_x_is_left_alone);
    tcase_add_test(c, no_path_gives_zeros);
    tcase_add_test(c, detach_is_a_constant_factor);
    tcase_add_test(c, products_can_be_differentiated_by_v);
    tcase_add_test(c, types_may_differ);
    tcase_add_test(c, tensors_without_elements);
}

static void add_contracts(TCase *c)
{
    tcase_add_loop_test(c, stored_gradients_are_the_same_bits_after_it, 0, COUNT(ways));
    tcase_add_test(c, results_in_the_place_of_x);
    tcase_add_test(c, a_stored_gradient_as_v);
    tcase_add_test(c, only_results_and_their_makers_stay);
    tcase_add_test(c, an_error_leaves_no_entry);
    tcase_add_test(c, earlier_handles_stay);
    tcase_add_test(c, results_go_on);
    tcase_add_test(c, errors_of_y_and_x);
    tcase_add_test(c, errors_of_v);
    tcase_add_test(c, errors_of_the_state);
    tcase_add_test(c, kept_gradients_of_other_results_stay_out);
    tcase_add_test(c, a_rule_needs_a_position);
    tcase_add_test(c, a_tensor_used_many_times);
    tcase_add_test(c, long_chains);
    tcase_add_test(c, few_calls_of_the_allocator);
}

int main(void)
{
    Suite *suite = suite_create("grad vjp jvp hvp");
    void (*const parts[])(TCase *) = {add_differences, add_values, add_contracts};
    for (int i = 0; i < COUNT(parts); i++) {
        TCase *tests = tcase_create("derivatives");
        tcase_add_checked_fixture(tests, open_tape, close_tape);
        parts[i](tests);
        suite_add_tcase(suite, tests);
    }
    return run_suites(srunner_create(suite));
}
