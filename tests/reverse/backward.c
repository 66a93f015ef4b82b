/* The reverse sweep: gradients of small graphs, whatever is shared, moved or added, and gradients of gradients. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../support/one_tape.h"

/* ---- Small graphs ------------------------------------------------------------------------------------------------ */

/* Test number one: (x+x) x = 2 x^2. */
START_TEST(x_plus_x_times_x)
{
    ad_tensor x = PARAM(3, "x"), y = ad_mul(ad_add(x, x), x);
    ck_assert_double_eq(ad_item(y), 18);
    ck_assert_int_eq(ad_backward_with(y, &ways_back[_i]), AD_OK);
    EXPECT(ad_gradient(x), 12);
    ad_tensor dx = derivative(y, x);
    EXPECT(dx, 12);
    ck_assert_int_eq(ad_backward_with(dx, &ways_back[_i]), AD_OK);
    EXPECT(ad_gradient(x), 4);
}
END_TEST

/* Each level doubles twice: y = 4^10 x. Then two paths meet: z = (u + 1) u with u = x^2. */
START_TEST(diamonds)
{
    ad_tensor x = PARAM(3, "x"), y = x;
    for (int level = 0; level < 10; level++) {
        ad_tensor left = ad_add(y, y), right = ad_scale(y, 2);
        y = ad_add(left, right);
    }
    ck_assert_int_eq(ad_backward_with(y, &ways_back[_i]), AD_OK);
    EXPECT(ad_gradient(x), 1048576);
    ad_tensor u = ad_square(x), z = ad_mul(ad_shift(u, 1), u);
    ck_assert_int_eq(ad_backward_with(z, &ways_back[_i]), AD_OK);
    EXPECT(ad_gradient(x), 4 * 27 + 2 * 3);
}
END_TEST

/* add gives both operands the same gradient: what is added to one of them later must not show in the other. */
START_TEST(x_plus_y_with_x_used_again)
{
    ad_tensor x = PARAMS("x", 3, 5), y = PARAMS("y", 4, 7), s = ad_add(x, y), loss[6];
    loss[0] = ad_sum(ad_mul(s, x));
    loss[1] = ad_sum(ad_add(s, ad_scale(x, 10)));
    loss[2] = ad_sum(ad_add(ad_scale(x, 10), s));
    loss[3] = ad_add(ad_sum(s), ad_add(ad_sum(x), ad_sum(s)));
    loss[4] = ad_sum(ad_add(ad_add(x, y), ad_add(y, x)));
    loss[5] = ad_sum(ad_sub(ad_add(s, s), ad_add(x, s)));
    static const double dx[6][2] = {{10, 17}, {11, 11}, {11, 11}, {3, 3}, {2, 2}, {0, 0}};
    static const double dy[6][2] = {{3, 5}, {1, 1}, {1, 1}, {2, 2}, {2, 2}, {1, 1}};
    for (int k = 0; k < 6; k++) {
        ck_assert_int_eq(ad_backward_with(loss[k], &ways_back[_i]), AD_OK);
        expect_numbers(ad_gradient(x), dx[k], 2, 0);
        expect_numbers(ad_gradient(y), dy[k], 2, 0);
    }
}
END_TEST

START_TEST(x_plus_x)
{
    ad_tensor x = PARAMS("x", 1, 2, 3), y = ad_add(x, x);
    ad_backward_with(ad_sum(y), &ways_back[_i]);
    EXPECT(ad_gradient(x), 2, 2, 2);
    ad_backward_with(ad_sum(ad_add(y, y)), &ways_back[_i]);
    EXPECT(ad_gradient(x), 4, 4, 4);
    ad_backward_with(ad_sum(ad_sub(x, x)), &ways_back[_i]);
    EXPECT(ad_gradient(x), 0, 0, 0);
    expect_ok(t);
}
END_TEST

/* y = a b c, with a rule that reads a gradient after it gave it: what an operand that is the same tensor adds to it
 * must not show there. */
static void product_of_three_run(ad_call *c)
{
    const double *const x[] = {c->x[0]->data, c->x[1]->data, c->x[2]->data};
    for (size_t i = 0; i < ad_elements(c->y[0]); i++)
        ((double *)c->y[0]->data)[i] = x[0][i] * x[1][i] * x[2][i];
}

static void product_of_three_vjp(ad_pullback *p)
{
    ad_tensor a = ad_x(p, 0), b = ad_x(p, 1), c = ad_x(p, 2), da = ad_mul(ad_mul(b, c), ad_dy(p));
    ad_give(p, 0, da);
    ad_give(p, 1, ad_mul(ad_mul(a, c), ad_dy(p)));
    ad_give(p, 2, ad_div(ad_mul(da, a), c));
}

static const ad_operator product_of_three = {.name = "product_of_three",
                                             .arity = 3,
                                             .shape = ad_same_shape,
                                             .run = product_of_three_run,
                                             .vjp = product_of_three_vjp};

static ad_tensor cube_by_three(ad_tensor x)
{
    ad_tensor y;
    ad_apply(NULL, &product_of_three, (const ad_tensor[]){x, x, x}, 3, NULL, &y);
    return y;
}

START_TEST(gradients_read_after_they_were_given)
{
    ad_tensor x = PARAMS("x", 1, -2), s = PARAM(3, "s");
    ad_backward_with(ad_sum(cube_by_three(x)), &ways_back[_i]);
    EXPECT(ad_gradient(x), 3, 12);
    ad_backward_with(cube_by_three(s), &ways_back[_i]);
    EXPECT(ad_gradient(s), 27);
    expect_ok(t);
}
END_TEST

/* Views share data and their gradients share data: what is added at one link of a chain must not show at the others. */
START_TEST(chains_of_views)
{
    ad_tensor x = ad_param(t, AD_F64, AD_SHAPE(2, 3), (const double[]){1, 2, 3, 4, 5, 6}, "x");
    ad_tensor flat = ad_reshape(x, AD_SHAPE(6)), tall = ad_reshape(flat, AD_SHAPE(3, 2));
    ad_tensor turned = ad_transpose(tall), back = ad_transpose(turned), same = ad_reshape(back, AD_SHAPE(2, 3));
    ad_tensor by_flat = ad_sum(ad_mul(flat, INPUTS(1, 2, 3, 4, 5, 6))), by_x = ad_scale(ad_sum(x), 100);
    ad_tensor by_same = ad_scale(ad_sum(ad_add(same, x)), 1000);
    for (int order = 0; order < 2; order++) {
        ad_tensor loss = order ? ad_add(by_same, ad_add(by_flat, by_x)) : ad_add(ad_add(by_x, by_flat), by_same);
        ck_assert_int_eq(ad_backward_with(loss, &ways_back[_i]), AD_OK);
        EXPECT(ad_gradient(x), 2101, 2102, 2103, 2104, 2105, 2106);
        if (ways_back[_i].keep) {
            EXPECT(ad_gradient(flat), 1001, 1002, 1003, 1004, 1005, 1006);
            EXPECT(ad_gradient(same), 1000, 1000, 1000, 1000, 1000, 1000);
            EXPECT(ad_gradient(turned), 1000, 1000, 1000, 1000, 1000, 1000);
        }
    }
    expect_ok(t);
}
END_TEST

/* Random graphs of 40 nodes over two parameters: whatever is shared, moved or added, gradients are those of
 * differences. */
typedef struct graph {
    uint64_t seed;
    ad_tensor x[2];
} graph;

enum { GRAPH_NODES = 40 };

static ad_tensor graph_node(const ad_tensor *nodes, int n, uint64_t seed)
{
    const uint64_t stream = (uint64_t)n;
    ad_tensor a = nodes[ad_random_bits(seed, stream, 0) % (uint32_t)n],
              b = nodes[ad_random_bits(seed, stream, 1) % (uint32_t)n];
    switch (ad_random_bits(seed, stream, 2) % 8) {
    case 0: return ad_scale(ad_add(a, b), 0.7);
    case 1: return ad_sub(a, b);
    case 2: return ad_tanh(ad_mul(a, b));
    case 3: return ad_transpose(a);
    case 4: return ad_reshape(ad_reshape(a, AD_SHAPE(4)), AD_SHAPE(2, 2));
    case 5: return ad_scale(ad_add(a, a), 0.5);
    case 6: return ad_tanh(ad_matmul(a, b));
    default: return ad_neg(a);
    }
}

static ad_tensor record_graph(ad_tape *tape, void *context)
{
    const graph *g = context;
    ad_tensor nodes[GRAPH_NODES] = {g->x[0], g->x[1]}, loss = ad_scalar(tape, 0);
    for (int n = 2; n < GRAPH_NODES; n++)
        nodes[n] = graph_node(nodes, n, g->seed);
    for (int n = 0; n < GRAPH_NODES; n += 3)
        loss = ad_add(loss, ad_mean(ad_square(ad_shift(nodes[n], 0.1 * n))));
    return loss;
}

START_TEST(random_graphs)
{
    graph g = {.seed = (uint64_t)_i};
    ad_gradcheck_result results[2];
    for (int k = 0; k < 2; k++) {
        g.x[k] = ad_param(t, AD_F64, AD_SHAPE(2, 2), NULL, "x");
        ad_fill_uniform(g.x[k], (const double[]){-1, 1}, g.seed, 1000 + (uint64_t)k);
    }
    ck_assert_int_eq(ad_gradcheck(t, record_graph, &g, NULL, results), AD_OK);
    for (int k = 0; k < 2; k++)
        ck_assert_msg(results[k].verdict == AD_GRADIENT_RIGHT, "graph %d: x%d is %s", _i, k,
                      ad_verdict_name(results[k].verdict));
    ad_reset(t);
    ad_tensor loss = record_graph(t, &g);
    for (int way = 0; way < WAYS_BACK; way++) {
        static double first[2][4];
        ad_backward_with(loss, &ways_back[way]);
        for (int k = 0; k < 2; k++) {
            if (way == 0)
                memcpy(first[k], ad_f64(ad_gradient(g.x[k])), sizeof first[k]);
            expect_numbers(ad_gradient(g.x[k]), first[k], 4, 1e-14);
        }
    }
}
END_TEST

/* ---- Seeds ------------------------------------------------------------------------------------------------------- */

/* With a seed v, gradients are those of sum v y; the seed may be an earlier gradient, which the call drops. */
START_TEST(seeds)
{
    ad_tensor x = PARAMS("x", 1, 2), y = ad_square(x);
    ad_backward_with(y, &(ad_backward_options){.seed = INPUTS(1, 10), .keep = ways_back[_i].keep});
    EXPECT(ad_gradient(x), 2, 40);
    ad_backward_with(y, &(ad_backward_options){.seed = ad_gradient(x), .differentiable = ways_back[_i].differentiable});
    EXPECT(ad_gradient(x), 4, 160);
    ad_backward_with(x, &(ad_backward_options){.seed = INPUTS(7, 8)});
    EXPECT(ad_gradient(x), 7, 8);
    expect_ok(t);
}
END_TEST

START_TEST(bad_seeds)
{
    ad_tape *other = ad_tape_open(NULL);
    ad_tensor x = PARAMS("x", 1, 2), y = ad_square(x),
              stale = ad_input(other, AD_F64, AD_SHAPE(2), (const double[]){1, 1});
    ck_assert_int_eq(ad_backward(y), AD_BAD_SHAPE);
    expect_error_with(t, AD_BAD_SHAPE, "not a scalar");
    ck_assert_int_eq(ad_backward_with(y, &(ad_backward_options){.seed = INPUTS(1, 2, 3)}), AD_BAD_SHAPE);
    expect_error_with(t, AD_BAD_SHAPE, "[3]");
    ck_assert_int_eq(ad_backward_with(y, &(ad_backward_options){.seed = ad_input(t, AD_F32, AD_SHAPE(2), NULL)}),
                     AD_BAD_SHAPE);
    expect_error_with(t, AD_BAD_SHAPE, "f32");
    ck_assert_int_eq(ad_backward_with(y, &(ad_backward_options){.seed = {.tape = t}}), AD_BAD_HANDLE);
    expect_error_with(t, AD_BAD_HANDLE, "seed");
    ck_assert_int_eq(ad_backward_with(y, &(ad_backward_options){.seed = stale}), AD_BAD_HANDLE);
    expect_error_with(t, AD_BAD_HANDLE, "another tape");
    ck_assert_int_eq(ad_backward((ad_tensor){0}), AD_BAD_HANDLE);
    ck_assert_int_eq(ad_backward(ad_scalar(t, 1)), AD_BAD_STATE);
    expect_error_with(t, AD_BAD_STATE, "depends on no parameter");
    ad_tape_close(other);
}
END_TEST

/* ---- Gradients of gradients -------------------------------------------------------------------------------------- */

START_TEST(derivatives_of_a_power)
{
    const double at = 1.5;
    ad_tensor x = PARAM(at, "x"), squared = ad_square(x);
    ad_tensor y = _i == 0   ? ad_mul(squared, squared)
                  : _i == 1 ? ad_pow_constant(x, 4)
                            : ad_mul(ad_mul(ad_mul(x, x), x), x);
    const double want[] = {4 * pow(at, 3), 12 * pow(at, 2), 24 * at, 24};
    for (int order = 0; order < 4; order++) {
        y = derivative(y, x);
        EXPECT_NEAR(y, 1e-13, want[order]);
    }
    expect_ok(t);
}
END_TEST

/* With y the value itself: tanh' = 1 - y^2, tanh'' = -2 y (1 - y^2), tanh''' = (1 - y^2) (6 y^2 - 2);
 * logistic' = s = y (1 - y), logistic'' = s (1 - 2 y), logistic''' = s (1 - 6 s). */
START_TEST(third_derivatives)
{
    ad_tensor x = PARAM(0.4, "x"), u = ad_tanh(x), s = ad_logistic(x);
    const double y = tanh(0.4), p = 1 / (1 + exp(-0.4)), q = p * (1 - p);
    const double of_tanh[] = {1 - y * y, -2 * y * (1 - y * y), (1 - y * y) * (6 * y * y - 2)};
    const double of_logistic[] = {q, q * (1 - 2 * p), q * (1 - 6 * q)};
    for (int order = 0; order < 3; order++) {
        u = derivative(u, x);
        EXPECT_NEAR(u, 1e-14, of_tanh[order]);
    }
    for (int order = 0; order < 3; order++) {
        s = derivative(s, x);
        EXPECT_NEAR(s, 1e-14, of_logistic[order]);
    }
    expect_ok(t);
}
END_TEST

/* The Hessian of x'A x / 2 by a vector: H v = (A + A') v / 2, by differentiating <dx, v>. */
START_TEST(hessian_times_vector)
{
    const double a[] = {2, 1, 3, 4};
    ad_tensor x = ad_param(t, AD_F64, AD_SHAPE(2, 1), (const double[]){5, 7}, "x"),
              A = ad_input(t, AD_F64, AD_SHAPE(2, 2), a);
    ad_tensor v = ad_input(t, AD_F64, AD_SHAPE(2, 1), (const double[]){1, -1});
    ad_tensor dx = derivative(ad_scale(ad_sum(ad_mul(x, ad_matmul(A, x))), 0.5), x);
    EXPECT_NEAR(dx, 1e-14, 2 * 5 + 2 * 7, 2 * 5 + 4 * 7);
    ad_backward(ad_sum(ad_mul(dx, v)));
    EXPECT_NEAR(ad_gradient(x), 1e-14, 0, -2);
    expect_ok(t);
}
END_TEST

/* ---- Gradients that were not recorded ---------------------------------------------------------------------------- */

/* A loss that uses the gradient of the parameter w in one of many ways. */
static ad_tensor loss_with_gradient(ad_tensor w, int way)
{
    ad_tensor y = ad_sum(ad_mul(ad_square(w), w));
    const ad_position position = way == 4 ? ad_position_now(t) : (ad_position){0};
    ad_backward(way == 4 ? ad_sum(ad_mul(ad_square(w), w)) : y);
    if (way == 6 || way == 7) { /* a recorded sweep adds to it */
        if (way == 7)
            ad_reset(t);
        ad_backward_with(ad_sum(ad_square(w)), &(ad_backward_options){.differentiable = true, .accumulate = true});
        return ad_sum(ad_square(ad_gradient(w)));
    }
    ad_tensor g = ad_gradient(w);
    switch (way) {
    case 0: return ad_add(y, ad_sum(ad_square(g)));
    case 1: return ad_sum(ad_mul(w, g));
    case 2: return ad_sum(ad_reshape(g, AD_SHAPE(2, 1)));
    case 3: ad_reset(t); return ad_sum(ad_mul(w, ad_gradient(w)));
    case 4: ad_return_to(t, position, &g, 1); return ad_sum(ad_mul(w, g));
    case 5: return ad_sum(ad_concat((const ad_tensor[]){w, g}, 2, 0));
    default: return g;
    }
}

enum { WAYS_TO_USE = 9 };
#define HAS_NO_DERIVATIVE                                                                                               \
    " was not recorded by ad_backward, so it has no derivative: give ad_backward_with .differentiable = true, or take " \
    "ad_grad; if a constant is meant, take ad_detach of it"

START_TEST(a_gradient_that_was_not_recorded)
{
    const ad_tensor w = PARAMS("w", 1, 2);
    ad_tensor loss = loss_with_gradient(w, _i);
    ad_backward_with(loss, _i == WAYS_TO_USE - 1 ? &(ad_backward_options){.seed = PARAMS("seed", 1, 1)} : NULL);
    expect_error(t, AD_BAD_STATE, "backward: the gradient of w" HAS_NO_DERIVATIVE);
}
END_TEST

/* It is called after whose it is. Where that has no name it is called by its number and shape. */
START_TEST(the_name_of_a_gradient_that_was_not_recorded)
{
    static const char *const names[] = {"the gradient of s", "gradient #5",           "gradient #5 [2,3]",
                                        "gradient #5",       "the gradient of inner", "the gradient of variable #1"};
    const ad_tensor x = _i == 0   ? PARAM(2, "s")
                        : _i == 2 ? ad_variable(t, AD_F64, AD_SHAPE(2, 3), NULL)
                                  : ad_variable(t, AD_F64, AD_SCALAR, NULL);
    const ad_tensor inner = ad_name(ad_exp(x), _i == 4 ? "inner" : NULL), y = ad_sum(ad_square(inner));
    ad_backward_with(y, &(ad_backward_options){.keep = true});
    const ad_tensor g = ad_gradient(_i == 3 || _i == 4 ? inner : x);
    ad_backward(_i == 5 ? g : ad_sum(ad_mul(x, g)));
    char text[300];
    snprintf(text, sizeof text, "backward: %s" HAS_NO_DERIVATIVE, names[_i]);
    expect_error(t, AD_BAD_STATE, text);
}
END_TEST

/* The part through these is 0. It is an error all the same, but not where an operator has no derivative at all. */
START_TEST(a_gradient_that_was_not_recorded_times_zero)
{
    const ad_tensor w = PARAMS("w", 1, 2), y = ad_sum(ad_square(w));
    ad_tensor dw;
    ad_backward(y);
    const ad_tensor g = ad_gradient(w), zero[] = {ad_sign(g), ad_scale(g, 0), ad_mul(g, INPUTS(0, 0)), ad_floor(g)};
    for (int i = 0; i < COUNT(zero); i++) {
        ad_backward(ad_add(y, ad_sum(zero[i])));
        expect_error(t, AD_BAD_STATE, "backward: the gradient of w" HAS_NO_DERIVATIVE);
        ad_grad(ad_add(y, ad_sum(zero[i])), &w, 1, &dw);
        expect_error(t, AD_BAD_STATE, "grad: the gradient of w" HAS_NO_DERIVATIVE);
    }
    ad_backward(y);
    ad_backward(ad_add(y, ad_sum(ad_cast(ad_greater(ad_gradient(w), w), AD_F64))));
    EXPECT(ad_gradient(w), 2, 4);
    expect_ok(t);
}
END_TEST

/* A loss that depends on no parameter, in one of these ways. */
static ad_tensor a_constant_loss(ad_tensor w, int way)
{
    const ad_tensor y = ad_sum(ad_square(w));
    const ad_position position = ad_position_now(t);
    ad_tensor kept = ad_exp(y);
    switch (way) {
    case 0: return ad_detach(y);
    case 1: return ad_sum(ad_square(ad_detach(ad_exp(w))));
    case 2: return ad_sum(ad_local_gradient(y, 0));
    case 3: return ad_local_gradient(ad_exp(y), 0);
    case 4: return ad_sum(ad_mul(INPUTS(1, 2), ad_local_gradient(ad_exp(w), 0)));
    case 5: ad_backward(y); return ad_sum(ad_detach(ad_gradient(w)));
    case 6: return ad_add(ad_scalar(t, 1), ad_square(ad_mean(INPUTS(1, 2))));
    case 7: ad_return_to(t, position, &kept, 1); return ad_neg(kept);
    /* no constant of this kind is in these */
    case 8: return ad_square(ad_scalar(t, 3));
    case 9: return ad_sum(ad_ones(t, AD_F64, AD_SHAPE(3)));
    case 10: return ad_sum(ad_cast(ad_greater(w, ad_scalar(t, 1)), AD_F64));
    case 11: return ad_sum(ad_detach(ad_ones(t, AD_F64, AD_SHAPE(3))));
    default: return ad_state(t, AD_F64, AD_SCALAR, NULL, "s");
    }
}

enum { CONSTANT_LOSSES = 13, WITHOUT_HINT = 8 };

START_TEST(a_loss_that_depends_on_no_parameter)
{
    const ad_tensor w = PARAMS("w", 1, 2), loss = a_constant_loss(w, _i);
    expect_ok(t);
    ad_backward(loss);
    if (_i < WITHOUT_HINT)
        expect_error(
            t, AD_BAD_STATE,
            "backward: the tensor depends on no parameter or variable: nothing wants a gradient; what ad_detach, "
            "ad_input, ad_local_gradient and ad_return_to give is a constant: ad_variable and ad_param make what wants one; where the derivative of a gradient is meant, give "
            "ad_backward_with .differentiable = true, or take ad_grad");
    else
        expect_error(t, AD_BAD_STATE,
                     "backward: the tensor depends on no parameter or variable: nothing wants a gradient");
    ad_tensor dw; /* nothing is left behind */
    ck_assert_int_eq(ad_grad(ad_sum(ad_square(w)), &w, 1, &dw), AD_OK);
    EXPECT(dw, 2, 4);
    ck_assert_int_eq(ad_backward(ad_sum(ad_square(w))), AD_OK);
    EXPECT(ad_gradient(w), 2, 4);
}
END_TEST

START_TEST(a_derivative_through_a_gradient_that_was_not_recorded)
{
    const ad_tensor w = PARAMS("w", 1, 2), v = PARAMS("v", 1, 1);
    const ad_tensor loss = loss_with_gradient(w, _i);
    ad_tensor dx = loss;
    static const char *const who[] = {"grad", "vjp", "jvp", "hvp", "jacobian", "hessian"};
    for (int k = 0; k < COUNT(who); k++) {
        switch (k) {
        case 0: ad_grad(loss, &w, 1, &dx); break;
        case 5: ad_hessian(loss, w); break;
        case 1: ad_vjp(loss, ad_scalar(t, 1), &w, 1, &dx); break;
        case 2: ad_jvp(loss, &w, &v, 1); break;
        case 3: ad_hvp(loss, &w, &v, 1, &dx); break;
        default: ad_jacobian(loss, w);
        }
        char text[300];
        snprintf(text, sizeof text, "%s: %s" HAS_NO_DERIVATIVE, who[k], "the gradient of w");
        expect_error(t, AD_BAD_STATE, text);
    }
}
END_TEST

/* What means a constant, and what is not differentiated, stays allowed. */
START_TEST(a_gradient_as_a_constant)
{
    const ad_tensor w = PARAMS("w", 1, 2);
    ad_tensor y = ad_sum(ad_square(w)), dx;
    ad_backward(y);
    const ad_tensor g = ad_gradient(w), detached = ad_detach(g), scaled = ad_scale(g, 0.5);
    EXPECT(scaled, 1, 2);
    const ad_tensor x = ad_variable(t, AD_F64, AD_SHAPE(2), (const double[]){3, 4});
    ad_grad(ad_sum(ad_mul(x, detached)), &x, 1, &dx);
    EXPECT(dx, 2, 4);
    ad_hvp(y, &w, &g, 1, &dx); /* a direction is a constant */
    EXPECT(dx, 4, 8);
    EXPECT(ad_jvp(ad_square(w), &w, &g, 1), 4, 16);
    ad_backward(ad_add(y, ad_sum(ad_mul(w, detached))));
    EXPECT(ad_gradient(w), 4, 8);
    expect_ok(t);
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, x_plus_x_times_x, 0, WAYS_BACK);
    tcase_add_loop_test(tests, diamonds, 0, WAYS_BACK);
    tcase_add_loop_test(tests, x_plus_y_with_x_used_again, 0, WAYS_BACK);
    tcase_add_loop_test(tests, x_plus_x, 0, WAYS_BACK);
    tcase_add_loop_test(tests, gradients_read_after_they_were_given, 0, WAYS_BACK);
    tcase_add_loop_test(tests, chains_of_views, 0, WAYS_BACK);
    tcase_add_loop_test(tests, random_graphs, 0, 30);
    tcase_add_loop_test(tests, seeds, 0, WAYS_BACK);
    tcase_add_test(tests, bad_seeds);
    tcase_add_loop_test(tests, derivatives_of_a_power, 0, 3);
    tcase_add_test(tests, third_derivatives);
    tcase_add_test(tests, hessian_times_vector);
    tcase_add_loop_test(tests, a_gradient_that_was_not_recorded, 0, WAYS_TO_USE);
    tcase_add_loop_test(tests, a_derivative_through_a_gradient_that_was_not_recorded, 0, WAYS_TO_USE - 1);
    tcase_add_loop_test(tests, the_name_of_a_gradient_that_was_not_recorded, 0, 6);
    tcase_add_test(tests, a_gradient_that_was_not_recorded_times_zero);
    tcase_add_loop_test(tests, a_loss_that_depends_on_no_parameter, 0, CONSTANT_LOSSES);
    tcase_add_test(tests, a_gradient_as_a_constant);
}

int main(void) { return run_on_one_tape("backward", add_tests); }
