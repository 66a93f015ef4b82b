/* Operators of a user's: with a rule in operators, and with a gradient in numbers. */
#include <math.h>
#include <string.h>

#include "../support/one_tape.h"
#include "../support/operators_of_tests.h"

static size_t count(const ad_call *c) { return ad_elements(c->x[0]); }

/* ---- y0 = c a b, y1 = a + rows of b by index, by-product a^2; the gradient in numbers -----------------------------
 */

static struct {
    int calls;
    bool dx_is_null[3];
    double square;
} seen;

static void mixed_shape(ad_call *c)
{
    ad_result(c, 0, AD_F64, c->x[0]->shape);
    ad_result(c, 1, AD_F64, c->x[0]->shape);
    ad_result(c, 2, AD_F64, c->x[0]->shape);
}

static void mixed_run(ad_call *c)
{
    const double *a = c->x[0]->data, *b = c->x[1]->data, k = c->attributes[0].real;
    const int32_t *rows = c->x[2]->data;
    double *y[3] = {c->y[0]->data, c->y[1]->data, c->y[2]->data};
    for (size_t i = 0; i < count(c); i++) {
        y[0][i] = k * a[i] * b[i];
        y[1][i] = a[i] + b[rows[i]];
        y[2][i] = a[i] * a[i];
    }
}

static void mixed_backward(ad_call *c, const void *const *dy, void *const *dx)
{
    const double *a = c->x[0]->data, *b = c->x[1]->data, k = c->attributes[0].real;
    const double *dy0 = dy[0], *dy1 = dy[1];
    const int32_t *rows = c->x[2]->data;
    double *da = dx[0], *db = dx[1], *room = ad_scratch(c, count(c), sizeof *room);
    seen.calls++;
    for (int i = 0; i < 3; i++)
        seen.dx_is_null[i] = !dx[i];
    seen.square = ((const double *)c->y[2]->data)[0];
    for (size_t i = 0; room && i < count(c); i++)
        room[i] = 0;
    for (size_t i = 0; room && i < count(c); i++)
        room[rows[i]] += dy1[i];
    for (size_t i = 0; room && i < count(c); i++) {
        if (da)
            da[i] = k * b[i] * dy0[i] + dy1[i];
        if (db)
            db[i] = k * a[i] * dy0[i] + room[i];
    }
}

static const ad_operator mixed = {
    .name = "mixed",
    .arity = 3,
    .n_results = 2,
    .n_byproducts = 1,
    .types = "rri",
    .attributes = {{"k", AD_ATTRIBUTE_REAL}},
    .shape = mixed_shape,
    .run = mixed_run,
    .backward = mixed_backward,
};

static void apply_mixed(ad_tensor a, ad_tensor b, ad_tensor y[2])
{
    const int32_t rows[] = {2, 2, 0};
    const ad_tensor x[] = {a, b, ad_input(a.tape, AD_I32, AD_SHAPE(3), rows)};
    ad_apply(a.tape, &mixed, x, 3, (const ad_attribute[]){{.real = 1.5}}, y);
}

static ad_tensor mixed_loss(ad_tape *tape, void *which)
{
    ad_tensor y[2];
    apply_mixed(ad_tanh(ad_kept_at(tape, 0)), ad_exp(ad_kept_at(tape, 1)), y);
    const int results = *(const int *)which;
    const ad_tensor first = ad_sum(ad_square(y[0])), second = ad_sum(ad_mul(y[1], y[1]));
    return results == 0 ? first : results == 1 ? second : ad_add(first, ad_mul(first, second));
}

START_TEST(numeric_gradients_are_right)
{
    ad_gradcheck_result results[2];
    some_param(t, AD_F64, AD_SHAPE(3), 1, "a");
    some_param(t, AD_F64, AD_SHAPE(3), 2, "b");
    ck_assert_int_eq(ad_gradcheck(t, mixed_loss, &_i, NULL, results), AD_OK);
    for (int i = 0; i < 2; i++)
        ck_assert_msg(results[i].verdict == AD_GRADIENT_RIGHT, "%s: %.3g", results[i].name, results[i].error);
    ck_assert_double_eq_tol(seen.square, pow(tanh(number_at(ad_kept_at(t, 0), 0)), 2), 1e-12);
}
END_TEST

START_TEST(all_ways_give_the_same_first_gradients)
{
    int both = 2;
    const ad_tensor x[] = {some_param(t, AD_F64, AD_SHAPE(3), 1, "a"), some_param(t, AD_F64, AD_SHAPE(3), 2, "b")};
    const ad_tensor loss = mixed_loss(t, &both);
    ad_tensor dx[2];
    expect_ways_agree(loss, x, 2, dx);
    /* The recorded gradient is computed again by a replay. */
    ad_fill(x[0], 0.25);
    ck_assert_int_eq(ad_replay(t), AD_OK);
    const snapshot replayed = snapshot_of(dx[1]);
    ck_assert_int_eq(ad_backward(loss), AD_OK);
    expect_unchanged(ad_gradient(x[1]), replayed);
}
END_TEST

START_TEST(what_is_not_wanted_is_null)
{
    const ad_tensor w = some_param(t, AD_F64, AD_SHAPE(3), 1, "w"), constant = some_input(t, AD_F64, AD_SHAPE(3), 2);
    ad_tensor y[2], dx;
    apply_mixed(constant, w, y);
    ck_assert_int_eq(ad_backward(ad_sum(y[0])), AD_OK);
    ck_assert(seen.dx_is_null[0] && !seen.dx_is_null[1] && seen.dx_is_null[2]);
    ck_assert_int_eq(ad_grad(ad_sum(y[1]), &constant, 1, &dx), AD_OK);
    ck_assert(!seen.dx_is_null[0] && seen.dx_is_null[1]);
    ck_assert_double_eq(number_at(dx, 0), 1);
    seen.calls = 0;
    apply_mixed(constant, constant, y);
    ck_assert_int_eq(ad_backward(ad_sum(ad_add(y[0], w))), AD_OK);
    ck_assert_int_eq(seen.calls, 0);
}
END_TEST

START_TEST(one_operand_in_both_places)
{
    const ad_tensor w = ad_param(t, AD_F64, AD_SHAPE(3), (const double[]){1, 2, 3}, "w");
    ad_tensor y[2];
    apply_mixed(w, w, y);
    ck_assert_int_eq(ad_backward(ad_add(ad_sum(y[0]), ad_sum(y[1]))), AD_OK);
    expect_values(ad_gradient(w), (const double[]){3 + 1 + 1, 6 + 1, 9 + 1 + 2}, 1e-15); /* 2 k w + 1 + how often */
}
END_TEST

START_TEST(local_gradients)
{
    const ad_tensor a = ad_input(t, AD_F64, AD_SHAPE(3), (const double[]){1, 2, 3}), b = ad_exp(a);
    ad_tensor y[2];
    apply_mixed(a, b, y);
    for (size_t i = 0; i < 3; i++) {
        ck_assert_double_eq(number_at(ad_local_gradient(y[0], 0), i), 1.5 * number_at(b, i));
        ck_assert_double_eq(number_at(ad_local_gradient(y[0], 1), i), 1.5 * number_at(a, i));
    }
    expect_values(ad_local_gradient(y[1], 1), (const double[]){1, 0, 2}, 1e-15);
    ck_assert(ad_is_inert(ad_local_gradient(y[1], 2)));
    expect_error(t, AD_NO_GRADIENT, "local_gradient: mixed has no derivative by operand 2");
}
END_TEST

/* ---- Twice ------------------------------------------------------------------------------------------------------- */

static const char cube_once[] = "numeric_cube: its gradient is numeric (backward) and cannot be differentiated: give "
                                "the operator a rule in operators (vjp) to go on from there";

START_TEST(a_second_time_is_an_error)
{
    const ad_tensor x = some_param(t, AD_F64, AD_SHAPE(3), 1, "x"), y = cube_in_numbers(x), loss = ad_sum(y);
    ad_tensor dx;
    ck_assert(ad_is_inert(ad_jvp(y, &x, &x, 1)));
    expect_error(t, AD_BAD_STATE, cube_once);
    ad_hvp(loss, &x, &x, 1, &dx);
    expect_error(t, AD_BAD_STATE, cube_once);
    ck_assert(ad_is_inert(ad_hessian(loss, x)));
    expect_error(t, AD_BAD_STATE, cube_once);
    ck_assert_int_eq(ad_grad(loss, &x, 1, &dx), AD_OK);
    ck_assert_int_eq(ad_backward(ad_sum(dx)), AD_BAD_STATE);
    expect_error(t, AD_BAD_STATE, cube_once);
    ck_assert_str_eq(ad_made_by(dx), "numeric_cube_backward");
    /* What does not pass through it can be differentiated. */
    ck_assert_int_eq(ad_grad(ad_sum(ad_square(dx)), &dx, 1, &dx), AD_OK);
}
END_TEST

START_TEST(jacobians_go_by_rows)
{
    const ad_tensor x = some_input(t, AD_F64, AD_SHAPE(2), 1);
    const ad_tensor wide = ad_concat((const ad_tensor[]){cube_in_numbers(x), ad_exp(x)}, 2, 0); /* 4 rows, 2 columns */
    const ad_tensor j = ad_jacobian(wide, x);
    double by_hand[8] = {0};
    for (size_t i = 0; i < 2; i++) {
        by_hand[2 * i + i] = 3 * number_at(x, i) * number_at(x, i);
        by_hand[2 * (i + 2) + i] = exp(number_at(x, i));
    }
    expect_values(j, by_hand, 1e-15);
}
END_TEST

START_TEST(in_f32)
{
    const ad_tensor x = some_param(t, AD_F32, AD_SHAPE(4), 1, "x");
    ck_assert_int_eq(ad_backward(ad_sum(cube_in_numbers(cube_in_numbers(x)))), AD_OK);
    for (size_t i = 0; i < 4; i++)
        ck_assert_double_eq_tol(number_at(ad_gradient(x), i), 9 * pow(number_at(x, i), 8), 1e-6);
    ck_assert_int_eq(ad_type_of(ad_gradient(x)), AD_F32);
}
END_TEST

START_TEST(tensors_without_elements)
{
    const ad_tensor x = ad_param(t, AD_F64, AD_SHAPE(0, 2), NULL, "x");
    ck_assert_int_eq(ad_backward(ad_sum(cube_in_numbers(x))), AD_OK);
    ck_assert_uint_eq(ad_size_of(ad_gradient(x)), 0);
}
END_TEST

/* ---- Failing on purpose ------------------------------------------------------------------------------------------ */

static void copy(ad_call *c) { memcpy(c->y[0]->data, c->x[0]->data, count(c) * sizeof(double)); }
static void pass(ad_pullback *p) { ad_give(p, 0, ad_dy(p)); }
static void fails(ad_call *c, const void *const *dy, void *const *dx)
{
    (void)dy;
    (void)dx;
    ad_call_fail(c, AD_BAD_VALUE, "cannot be differentiated at %d", 7);
}
static void writes(ad_call *c, const void *const *dy, void *const *dx)
{
    memcpy(dx[0], dy[0], count(c) * sizeof(double));
}

START_TEST(a_gradient_that_fails)
{
    const ad_operator op = {.name = "op", .arity = 1, .shape = ad_same_shape, .run = copy, .backward = fails};
    const ad_tensor x = some_param(t, AD_F64, AD_SHAPE(3), 1, "x"), y = ad_sum(ad_apply1(&op, x));
    const size_t before = ad_entry_count(t);
    ad_tensor dx;
    ck_assert_int_eq(ad_backward(y), AD_BAD_VALUE);
    expect_error(t, AD_BAD_VALUE, "op: cannot be differentiated at 7");
    ck_assert_int_eq(ad_grad(y, &x, 1, &dx), AD_BAD_VALUE);
    expect_error(t, AD_BAD_VALUE, "op: cannot be differentiated at 7");
    ck_assert(!ad_has_gradient(x));
    ck_assert_uint_eq(ad_entry_count(t), before);
}
END_TEST

static void one_shape(ad_call *c) { ad_result(c, 0, AD_F64, c->x[0]->shape); }

static const struct {
    ad_operator op;
    const char *message;
} refused[] = {
    {{.name = "op", .arity = 1, .shape = one_shape, .run = copy, .vjp = pass, .backward = writes},
     "op: the operator has both a gradient rule (vjp) and a numeric one (backward): one of them is enough"},
    {{.name = "op", .arity = 9, .shape = one_shape, .run = copy, .backward = writes},
     "op: the operator has a numeric gradient (backward), which is for 1 to 8 operands, and takes more"},
    {{.name = "op", .arity = AD_VARIADIC, .shape = one_shape, .run = copy, .backward = writes},
     "op: the operator has a numeric gradient (backward), which is for 1 to 8 operands, and takes more"},
    {{.name = "op", .arity = 1, .shape = one_shape, .run = copy},
     "op: the operator has no gradient rule (vjp or backward), and is not marked AD_NOT_DIFFERENTIABLE"},
    {{.name = "op", .arity = 1, .shape = one_shape, .backward = writes},
     "op: the operator has no kernel (run), and is not a view"},
    {{.name = "op", .arity = 1, .run = copy, .backward = writes}, "op: the operator has no shape rule"},
    {{.arity = 1, .shape = one_shape, .run = copy, .backward = writes}, "apply: the operator has no name"},
    {{.name = "op", .arity = 1, .n_results = 5, .n_byproducts = 4, .shape = one_shape, .run = copy, .backward = writes},
     "op: the operator has too many results and by-products"},
    {{.name = "op", .arity = 1, .n_byproducts = -1, .shape = one_shape, .run = copy, .backward = writes},
     "op: the operator has a negative number of results or by-products"},
};

START_TEST(descriptors_that_are_refused)
{
    ad_tensor x[9], y[AD_MAX_RESULTS];
    for (int i = 0; i < 9; i++)
        x[i] = some_param(t, AD_F64, AD_SHAPE(2), 1, NULL);
    ad_apply(t, &refused[_i].op, x, refused[_i].op.arity > 0 ? refused[_i].op.arity : 2, NULL, y);
    ck_assert(ad_is_inert(y[0]));
    expect_error(t, AD_BAD_VALUE, refused[_i].message);
}
END_TEST

/* ---- Eight operands, eight results ------------------------------------------------------------------------------- */

static void eight_shape(ad_call *c)
{
    for (int j = 0; j < 8; j++)
        ad_result(c, j, AD_F64, c->x[0]->shape);
}

/* y_j = sum over i of (i + j) x_i */
static void eight_run(ad_call *c)
{
    for (int j = 0; j < 8; j++)
        for (size_t k = 0; k < count(c); k++) {
            double sum = 0;
            for (int i = 0; i < 8; i++)
                sum += (i + j) * ((const double *)c->x[i]->data)[k];
            ((double *)c->y[j]->data)[k] = sum;
        }
}

static void eight_backward(ad_call *c, const void *const *dy, void *const *dx)
{
    for (int i = 0; i < 8; i++)
        for (size_t k = 0; dx[i] && k < count(c); k++) {
            double sum = 0;
            for (int j = 0; j < 8; j++)
                sum += (i + j) * ((const double *)dy[j])[k];
            ((double *)dx[i])[k] = sum;
        }
}

START_TEST(as_many_as_there_can_be)
{
    const ad_operator eight = {.name = "eight",
                               .arity = 8,
                               .n_results = 8,
                               .shape = eight_shape,
                               .run = eight_run,
                               .backward = eight_backward};
    ad_tensor x[8], y[AD_MAX_RESULTS], dx[8];
    for (int i = 0; i < 8; i++)
        x[i] = some_param(t, AD_F64, AD_SHAPE(2), (uint64_t)i, NULL);
    ad_apply(t, &eight, x, 8, NULL, y);
    const ad_tensor loss = ad_sum(ad_add(ad_scale(y[7], 2), y[3]));
    ck_assert_int_eq(ad_backward(loss), AD_OK);
    ck_assert_int_eq(ad_grad(loss, x, 8, dx), AD_OK);
    for (int i = 0; i < 8; i++) {
        ck_assert_double_eq(number_at(ad_gradient(x[i]), 1), 2 * (i + 7) + i + 3);
        ck_assert_double_eq(number_at(dx[i], 0), 2 * (i + 7) + i + 3);
    }
}
END_TEST

/* ---- Rules in operators ------------------------------------------------------------------------------------------ */

static ad_tensor rule_loss(ad_tape *tape, void *order)
{
    ad_tensor y[2], dx[2];
    const ad_tensor x[] = {ad_kept_at(tape, 0), ad_kept_at(tape, 1)};
    apply_two_results(ad_tanh(x[0]), ad_exp(x[1]), y);
    ad_tensor loss = ad_add(ad_sum(ad_square(y[0])), ad_sum(ad_mul(y[1], y[0])));
    for (int k = 0; k < *(const int *)order; k++) {
        ad_grad(loss, x, 2, dx);
        loss = ad_add(ad_sum(ad_square(dx[0])), ad_sum(ad_mul(dx[0], dx[1])));
    }
    return loss;
}

START_TEST(rules_in_operators_at_every_order)
{
    ad_gradcheck_result results[2];
    some_param(t, AD_F64, AD_SHAPE(3), 1, "a");
    some_param(t, AD_F64, AD_SHAPE(3), 2, "b");
    ck_assert_int_eq(ad_gradcheck(t, rule_loss, &_i, NULL, results), AD_OK);
    for (int i = 0; i < 2; i++)
        ck_assert_msg(results[i].verdict == AD_GRADIENT_RIGHT, "%s: %.3g", results[i].name, results[i].error);
}
END_TEST

START_TEST(results_in_the_place_of_operands)
{
    const ad_tensor a = some_param(t, AD_F64, AD_SHAPE(3), 1, "a"), b = some_param(t, AD_F64, AD_SHAPE(3), 2, "b");
    const double two = 2;
    ad_tensor place[2] = {a, b}, apart[2], number = ad_input(t, AD_F64, AD_SCALAR, &two);
    apply_two_results(a, b, apart);
    ad_apply(t, ad_operator_named("sub"), place, 2, NULL, place);
    expect_same_bits(place[0], ad_sub(a, b));
    place[0] = a;
    apply_two_results(place[0], place[1], place);
    expect_same_bits(place[0], apart[0]);
    expect_same_bits(place[1], apart[1]);
    ad_apply(t, ad_operator_named("neg"), &number, 1, NULL, &number);
    ck_assert_double_eq(ad_item(number), -2);
    ad_apply(t, ad_operator_named("neg"), place, 2, NULL, place);
    ck_assert(ad_is_inert(place[0]));
    expect_error(t, AD_BAD_VALUE, "neg: 2 operands are given, it takes 1");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("custom");
    TCase *tests = tcase_create("custom");
    tcase_add_checked_fixture(tests, open_tape, close_tape);
    tcase_add_loop_test(tests, numeric_gradients_are_right, 0, 3);
    tcase_add_test(tests, all_ways_give_the_same_first_gradients);
    tcase_add_test(tests, what_is_not_wanted_is_null);
    tcase_add_test(tests, one_operand_in_both_places);
    tcase_add_test(tests, local_gradients);
    tcase_add_test(tests, a_second_time_is_an_error);
    tcase_add_test(tests, jacobians_go_by_rows);
    tcase_add_test(tests, in_f32);
    tcase_add_test(tests, tensors_without_elements);
    tcase_add_test(tests, a_gradient_that_fails);
    tcase_add_loop_test(tests, descriptors_that_are_refused, 0, COUNT(refused));
    tcase_add_test(tests, as_many_as_there_can_be);
    tcase_add_loop_test(tests, rules_in_operators_at_every_order, 0, 3);
    tcase_add_test(tests, results_in_the_place_of_operands);
    suite_add_tcase(suite, tests);
    return run_suites(srunner_create(suite));
}
