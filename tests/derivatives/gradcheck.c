/* ad_gradcheck: what it calls right, wrong, missing, all zero and not checked, and what it refuses. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/counting.h"
#include "../support/one_tape.h"

static void square_without_factor(ad_pullback *p) { ad_give(p, 0, ad_mul(ad_x(p, 0), ad_dy(p))); }

/* A copy of `square` whose rule forgets the 2. */
static ad_operator bad_square(void)
{
    ad_operator copy = *ad_operator_named("square");
    copy.vjp = square_without_factor;
    return copy;
}

/* What the checked functions below are made of. */
typedef struct ingredients {
    ad_tensor a, b;
    int calls;
} ingredients;

static ad_tensor squares_by_exp(ad_tape *tape, void *context)
{
    ingredients *in = context;
    (void)tape;
    return ad_mul(ad_sum(ad_square(in->a)), ad_exp(in->b));
}

/* Names, verdicts and figures; a state is not counted; values are as before and the analytic gradient stays. */
START_TEST(gradcheck_right)
{
    ingredients in = {.a = PARAMS("a", 1, -2, 3)};
    ad_state(t, AD_F64, AD_SCALAR, NULL, "state");
    in.b = PARAM(0.5, "b");
    ad_gradcheck_result results[2];
    ck_assert_int_eq(ad_gradcheck(t, squares_by_exp, &in, NULL, results), AD_OK);
    ck_assert_str_eq(results[0].name, "a");
    ck_assert_str_eq(results[1].name, "b");
    for (int k = 0; k < 2; k++) {
        ck_assert_int_eq(results[k].verdict, AD_GRADIENT_RIGHT);
        ck_assert_double_lt(results[k].error, 1e-9);
        ck_assert_double_eq_tol(results[k].analytic, results[k].numeric, 1e-7);
    }
    ck_assert_double_eq_tol(results[1].analytic, 14 * exp(0.5), 1e-12);
    EXPECT(in.a, 1, -2, 3);
    EXPECT(in.b, 0.5);
    EXPECT_NEAR(ad_gradient(in.a), 1e-14, 2 * exp(0.5), -4 * exp(0.5), 6 * exp(0.5));
    EXPECT_NEAR(ad_gradient(in.b), 1e-14, 14 * exp(0.5));
}
END_TEST

static ad_tensor wrong_squares(ad_tape *tape, void *context)
{
    static ad_operator op;
    ingredients *in = context;
    (void)tape;
    op = bad_square();
    return ad_add(ad_sum(ad_apply1(&op, in->a)), ad_square(in->b));
}

START_TEST(gradcheck_wrong)
{
    ingredients in = {.a = PARAMS("a", 1, -5, 3), .b = PARAM(2, "b")};
    ad_gradcheck_result results[2];
    ck_assert_int_eq(ad_gradcheck(t, wrong_squares, &in, NULL, results), AD_OK);
    ck_assert_int_eq(results[0].verdict, AD_GRADIENT_WRONG);
    ck_assert_uint_eq(results[0].worst, 1);
    ck_assert_double_eq(results[0].analytic, -5);
    ck_assert_double_eq_tol(results[0].numeric, -10, 1e-8);
    ck_assert_double_eq_tol(results[0].error, 0.5, 1e-8);
    ck_assert_int_eq(results[1].verdict, AD_GRADIENT_RIGHT);
}
END_TEST

static ad_tensor detached_product(ad_tape *tape, void *context)
{
    ingredients *in = context;
    (void)tape;
    return ad_mul(ad_sum(ad_detach(in->a)), ad_step(in->b));
}

static ad_tensor detached_and_used(ad_tape *tape, void *context)
{
    ingredients *in = context;
    return ad_add(detached_product(tape, in), ad_mul(ad_square(in->b), ad_sum(ad_detach(in->a))));
}

/* Missing: the function depends on it, backward does not see it. All zero: computed or not, it shows nothing. */
START_TEST(gradcheck_missing_and_all_zero)
{
    ingredients in = {.a = PARAMS("a", 1, 2), .b = PARAM(2, "b")};
    ad_param(t, AD_F64, AD_SHAPE(2), NULL, "unused");
    ad_param(t, AD_F64, AD_SHAPE(0), NULL, NULL);
    ad_gradcheck_result results[4];
    ck_assert_int_eq(ad_gradcheck(t, detached_and_used, &in, NULL, results), AD_OK);
    ck_assert_int_eq(results[0].verdict, AD_GRADIENT_MISSING);
    ck_assert_double_eq(results[0].analytic, 0);
    ck_assert_double_eq_tol(results[0].numeric, 5, 1e-8);
    ck_assert_int_eq(results[1].verdict, AD_GRADIENT_RIGHT);
    ck_assert_int_eq(results[2].verdict, AD_GRADIENT_ALL_ZERO);
    ck_assert_str_eq(results[2].name, "unused");
    ck_assert_int_eq(results[3].verdict, AD_GRADIENT_ALL_ZERO);
    ck_assert_str_eq(results[3].name, "");
    ck_assert_int_eq(ad_gradcheck(t, detached_product, &in, NULL, results), AD_OK);
    ck_assert_int_eq(results[0].verdict, AD_GRADIENT_MISSING);
    ck_assert_int_eq(results[1].verdict, AD_GRADIENT_ALL_ZERO);
}
END_TEST

/* Fails when the second parameter moves. */
static ad_tensor fails_beside(ad_tape *tape, void *context)
{
    ingredients *in = context;
    if (ad_f64(in->b) && ad_f64(in->b)[0] != 2)
        ad_fail(tape, AD_BAD_VALUE, "b moved");
    return ad_mul(ad_sum(ad_square(in->a)), in->b);
}

static ad_tensor fails_at_once(ad_tape *tape, void *context)
{
    ad_fail(tape, AD_BAD_VALUE, "at once");
    return squares_by_exp(tape, context);
}

/* What an error left unchecked says so, and whose gradient it is. */
START_TEST(gradcheck_not_checked)
{
    ingredients in = {.a = PARAMS("a", 1, 2), .b = PARAM(2, "b")};
    ad_gradcheck_result results[2];
    ck_assert_int_eq(ad_gradcheck(t, fails_beside, &in, NULL, results), AD_BAD_VALUE);
    ck_assert_int_eq(results[0].verdict, AD_GRADIENT_RIGHT);
    ck_assert_int_eq(results[1].verdict, AD_GRADIENT_NOT_CHECKED);
    ck_assert_str_eq(results[1].name, "b");
    expect_error_with(t, AD_BAD_VALUE, "b moved");
    ck_assert_int_eq(ad_gradcheck(t, fails_at_once, &in, NULL, results), AD_BAD_VALUE);
    ck_assert_int_eq(results[0].verdict, AD_GRADIENT_NOT_CHECKED);
    ck_assert_str_eq(results[0].name, "a");
    expect_error_with(t, AD_BAD_VALUE, "at once");
}
END_TEST

static ad_tensor tiny(ad_tape *tape, void *context)
{
    ingredients *in = context;
    (void)tape;
    return ad_scale(ad_sum(ad_square(in->a)), 1e-5);
}

/* Small is not zero if the differences say the same. */
START_TEST(gradcheck_of_small_gradients)
{
    const float two[] = {2, 1};
    ingredients in = {.a = ad_param(t, AD_F32, AD_SHAPE(2), two, "a")};
    ad_gradcheck_result result;
    ck_assert_int_eq(ad_gradcheck(t, tiny, &in, NULL, &result), AD_OK);
    ck_assert_double_lt(result.analytic, 1e-4);
    ck_assert_int_eq(result.verdict, AD_GRADIENT_RIGHT);
}
END_TEST

static ad_tensor mixed_types(ad_tape *tape, void *context)
{
    ingredients *in = context;
    (void)tape;
    return ad_sum(ad_tanh(ad_mul(in->a, ad_cast(in->b, AD_F32))));
}

/* An f32 parameter beside an f64 one: each is moved by steps that its type can represent. */
START_TEST(gradcheck_f32)
{
    const float a[] = {0.5F, -0.25F, 1.5F};
    ingredients in = {.a = ad_param(t, AD_F32, AD_SHAPE(3), a, "a"), .b = PARAM(0.7, "b")};
    ad_gradcheck_result results[2];
    const ad_gradcheck_options options = {.step = 1e-2, .tolerance = 1e-2};
    ck_assert_int_eq(ad_gradcheck(t, mixed_types, &in, &options, results), AD_OK);
    ck_assert_int_eq(results[0].verdict, AD_GRADIENT_RIGHT);
    ck_assert_int_eq(results[1].verdict, AD_GRADIENT_RIGHT);
    EXPECT(in.a, 0.5, -0.25, 1.5);
    EXPECT(in.b, 0.7);
}
END_TEST

/* A tolerance that rounding cannot meet, and steps so wide that the difference is no derivative. */
START_TEST(gradcheck_options)
{
    ingredients in = {.a = PARAMS("a", 0.3, -0.7), .b = PARAM(0.5, "b")};
    ad_gradcheck_result results[2];
    ad_gradcheck(t, squares_by_exp, &in, &(ad_gradcheck_options){.tolerance = 1e-17}, results);
    ck_assert_int_eq(results[1].verdict, AD_GRADIENT_WRONG);
    ad_gradcheck(t, squares_by_exp, &in, &(ad_gradcheck_options){.step = 1}, results);
    ck_assert_int_eq(results[1].verdict, AD_GRADIENT_WRONG);
    ck_assert_double_gt(results[1].error, 1e-3);
    ad_gradcheck(t, squares_by_exp, &in, &(ad_gradcheck_options){.step = 1, .tolerance = 0.5}, results);
    ck_assert_int_eq(results[1].verdict, AD_GRADIENT_RIGHT);
    expect_ok(t);
}
END_TEST

static ad_tensor gradient_of_squares(ad_tape *tape, void *context)
{
    ingredients *in = context;
    ad_backward_with(squares_by_exp(tape, in), &(ad_backward_options){.differentiable = true});
    return ad_add(ad_sum(ad_gradient(in->a)), ad_gradient(in->b));
}

/* The function may call backward itself, which drops the gradients that are being checked: S = (2 sum a + sum a^2)
 * e^b. */
START_TEST(gradcheck_of_a_gradient)
{
    ingredients in = {.a = PARAMS("a", 1, -2, 3), .b = PARAM(0.5, "b")};
    ad_gradcheck_result results[2];
    ck_assert_int_eq(ad_gradcheck(t, gradient_of_squares, &in, NULL, results), AD_OK);
    for (int k = 0; k < 2; k++)
        ck_assert_msg(results[k].verdict == AD_GRADIENT_RIGHT, "%s is %s: error %g, %g for %g", results[k].name,
                      ad_verdict_name(results[k].verdict), results[k].error, results[k].analytic, results[k].numeric);
    const double e = exp(0.5);
    EXPECT_NEAR(ad_gradient(in.a), 1e-13, 4 * e, -2 * e, 8 * e);
    EXPECT_NEAR(ad_gradient(in.b), 1e-13, 18 * e);
}
END_TEST

static ad_tensor root(ad_tape *tape, void *context)
{
    ingredients *in = context;
    (void)tape;
    return ad_sum(ad_sqrt(in->a));
}

/* NaN on both sides is no agreement, be it everywhere or at one element. */
START_TEST(gradcheck_of_nan)
{
    const double some[] = {-1, 4};
    ingredients in = {.a = PARAMS("a", -1, -4)};
    ad_gradcheck_result results[1];
    ad_gradcheck(t, root, &in, NULL, results);
    ck_assert_msg(results[0].verdict == AD_GRADIENT_WRONG, "NaN everywhere is %s", ad_verdict_name(results[0].verdict));
    ad_assign(in.a, some);
    ad_gradcheck(t, root, &in, NULL, results);
    ck_assert_msg(results[0].verdict == AD_GRADIENT_WRONG, "NaN at one place is %s",
                  ad_verdict_name(results[0].verdict));
}
END_TEST

static ad_tensor returns_inert(ad_tape *tape, void *context)
{
    (void)tape;
    (void)context;
    return (ad_tensor){0};
}

static ad_tensor returns_a_vector(ad_tape *tape, void *context)
{
    (void)tape;
    return ad_square(((ingredients *)context)->a);
}

static ad_tensor returns_a_constant(ad_tape *tape, void *context)
{
    (void)context;
    return ad_scalar(tape, 3);
}

static ad_tensor fails_itself(ad_tape *tape, void *context)
{
    return ad_add(((ingredients *)context)->a, ad_zeros(tape, AD_F64, AD_SHAPE(7)));
}

static ad_tensor fails_later(ad_tape *tape, void *context)
{
    ingredients *in = context;
    if (++in->calls == 4)
        ad_fail(tape, AD_STOPPED, "the fourth call");
    return squares_by_exp(tape, in);
}

START_TEST(gradcheck_errors)
{
    ingredients in = {.a = PARAMS("a", 1, -2, 3), .b = PARAM(0.5, "b")};
    ad_gradcheck_result results[2];
    ck_assert_int_eq(ad_gradcheck(NULL, squares_by_exp, &in, NULL, results), AD_BAD_HANDLE);
    ck_assert_int_eq(ad_gradcheck(t, NULL, &in, NULL, results), AD_BAD_VALUE);
    expect_error_with(t, AD_BAD_VALUE, "gradcheck");
    ck_assert_int_eq(ad_gradcheck(t, squares_by_exp, &in, NULL, NULL), AD_BAD_VALUE);
    expect_error_with(t, AD_BAD_VALUE, "gradcheck");
    ck_assert_int_eq(ad_gradcheck(t, returns_inert, &in, NULL, results), AD_BAD_HANDLE);
    expect_error_with(t, AD_BAD_HANDLE, "gradcheck");
    ck_assert_int_eq(ad_gradcheck(t, returns_a_vector, &in, NULL, results), AD_BAD_SHAPE);
    expect_error_with(t, AD_BAD_SHAPE, "not a scalar");
    ck_assert_int_eq(ad_gradcheck(t, returns_a_constant, &in, NULL, results), AD_BAD_STATE);
    expect_error_with(t, AD_BAD_STATE, "no parameter");
    ck_assert_int_eq(ad_gradcheck(t, fails_itself, &in, NULL, results), AD_BAD_SHAPE);
    expect_error_with(t, AD_BAD_SHAPE, "add");
    ck_assert_int_eq(ad_gradcheck(t, fails_later, &in, NULL, results), AD_STOPPED);
    expect_error_with(t, AD_STOPPED, "the fourth call");
    EXPECT(in.a, 1, -2, 3);
    ck_assert_int_eq(ad_gradcheck(t, squares_by_exp, &in, NULL, results), AD_OK);
    ck_assert_int_eq(results[0].verdict, AD_GRADIENT_RIGHT);
}
END_TEST

/* What the function makes, and in which of its calls. */
typedef struct maker {
    ad_tensor a;
    ad_tensor (*make)(ad_tape *tape, ad_tensor a);
    int calls, at;
} maker;

static ad_tensor makes(ad_tape *tape, void *context)
{
    maker *m = context;
    if (++m->calls == m->at)
        m->make(tape, m->a);
    ad_tensor y = ad_sum(ad_square(ad_param_at(tape, 0)));
    for (size_t i = 1; i < ad_param_count(tape); i++)
        y = ad_add(y, ad_sum(ad_square(ad_param_at(tape, i))));
    return y;
}

static ad_tensor make_param(ad_tape *tape, ad_tensor a)
{
    (void)a;
    return ad_param(tape, AD_F64, AD_SHAPE(64), NULL, "late");
}

static ad_tensor make_state(ad_tape *tape, ad_tensor a)
{
    (void)a;
    return ad_state(tape, AD_F64, AD_SHAPE(64), NULL, "late");
}

static ad_tensor make_slot(ad_tape *tape, ad_tensor a)
{
    (void)tape;
    return ad_slot(a, "late", 0);
}

/* What is made too late is refused in every call: the first, those of the differences, and the last. Nothing beside
 * the results is written. */
START_TEST(gradcheck_of_a_function_that_makes_leaves)
{
    ad_tensor (*const make[])(ad_tape *, ad_tensor) = {make_param, make_state, make_slot};
    maker m = {.a = PARAMS("a", 1, -2), .make = make[_i]};
    ad_gradcheck_result results[3];
    char text[120];
    results[2].worst = 12345;
    ck_assert_int_eq(ad_gradcheck(t, makes, &m, NULL, results), AD_OK);
    const int total = m.calls;
    ck_assert_int_eq(total, 10);
    for (m.at = _i ? 2 : 1; m.at <= total; m.at++) {
        m.a = PARAMS("b", 1, -2); /* each time one parameter more, and one that has no slot yet */
        ad_gradcheck_result *more = calloc(ad_param_count(t), sizeof *more);
        m.calls = 0;
        ck_assert_int_eq(ad_gradcheck(t, makes, &m, NULL, more), AD_BAD_STATE);
        ck_assert_int_eq(m.calls >= m.at, 1);
        snprintf(text, sizeof text, "gradcheck: the function makes a %s in call %d: make them all %s",
                 _i ? "state" : "parameter", m.at, _i ? "in the first" : "before");
        expect_error(t, AD_BAD_STATE, text);
        EXPECT(m.a, 1, -2);
        free(more);
    }
    ck_assert_uint_eq(results[2].worst, 12345);
    m = (maker){.a = PARAMS("c", 1), .make = make[_i], .at = 1};
    ad_gradcheck_result *all = calloc(ad_param_count(t), sizeof *all);
    ck_assert_int_eq(ad_gradcheck(t, makes, &m, NULL, all), _i ? AD_OK : AD_BAD_STATE); /* a state in the first call */
    free(all);
    ad_clear_error(t);
}
END_TEST

/* ---- A function that misbehaves in one of its calls -------------------------------------------------------------- */

static ad_tape *other;

typedef struct misbehaver {
    ad_tensor a, b, sums;
    ad_tensor (*act)(struct misbehaver *m, ad_tensor y);
    int calls, at;
} misbehaver;

/* b^2 sum a^2 */
static ad_tensor misbehaves(ad_tape *tape, void *context)
{
    misbehaver *m = context;
    (void)tape;
    const ad_tensor y = ad_mul(ad_square(m->b), ad_sum(ad_square(m->a)));
    return ++m->calls == m->at ? m->act(m, y) : y;
}

#define ACT(name, statement)                                                                                           \
    static ad_tensor name(misbehaver *m, ad_tensor y)                                                                  \
    {                                                                                                                  \
        (void)m;                                                                                                       \
        statement;                                                                                                     \
        return y;                                                                                                      \
    }
ACT(fills, ad_fill(m->a, 5))
ACT(assigns, ad_assign(m->a, (const double[]){7, 8, 9}))
ACT(assigns_the_same, ad_assign(m->a, ad_f64(m->a)))
ACT(fills_at_random, ad_fill_uniform(m->a, (const double[]){0, 1}, 1, 2))
ACT(feeds, ad_feed(m->a, AD_SHAPE(3), (const double[]){7, 8, 9}))
ACT(descends, ad_backward(y); ad_descend(m->a, 0.1))
ACT(descends_by_adagrad, ad_backward(y); ad_descend_adagrad(m->a, m->sums, 0.1))
ACT(fills_and_fails, ad_fill(m->a, 5); ad_fail(t, AD_BAD_STATE, "gradcheck: the function changes a, and says so"))
ACT(clears_what_it_did, ad_assign(m->a, NULL); ad_fill(m->a, 5); ad_clear_error(t); ad_fill(m->a, 6))
ACT(changes_both, ad_fill(m->b, 5); ad_fill(m->a, 5))
ACT(gives_nothing, y = (ad_tensor){0})
ACT(gives_what_is_inert, y = (ad_tensor){.tape = t})
ACT(gives_what_is_stale, ad_tensor old = ad_exp(y); ad_reset(t); y = old)
ACT(gives_what_is_of_another_tape, ad_clear_error(other); y = ad_variable(other, AD_F64, AD_SCALAR, NULL))
ACT(gives_a_vector, y = ad_square(m->a))

static const struct {
    ad_tensor (*act)(misbehaver *m, ad_tensor y);
    ad_status status;
    const char *message; /* with the number of the call */
} misdeeds[] = {
    {fills, AD_BAD_STATE, "gradcheck: the function changes a in call %d: it must only read parameters"},
    {assigns, AD_BAD_STATE, "gradcheck: the function changes a in call %d"},
    {assigns_the_same, AD_BAD_STATE, "gradcheck: the function changes a in call %d"},
    {fills_at_random, AD_BAD_STATE, "gradcheck: the function changes a in call %d"},
    {feeds, AD_BAD_STATE, "gradcheck: the function changes a in call %d"},
    {descends, AD_BAD_STATE, "gradcheck: the function changes a in call %d"},
    {descends_by_adagrad, AD_BAD_STATE, "gradcheck: the function changes a in call %d"},
    {fills_and_fails, AD_BAD_STATE, "gradcheck: the function changes a, and says so"},
    {clears_what_it_did, AD_BAD_STATE, "gradcheck: the function changes a in call %d"},
    {changes_both, AD_BAD_STATE, "gradcheck: the function changes a in call %d"},
    {gives_nothing, AD_BAD_HANDLE, "gradcheck: the function's result in call %d: its operand is inert"},
    {gives_what_is_inert, AD_BAD_HANDLE, "gradcheck: the function's result in call %d: its operand is inert"},
    {gives_what_is_stale, AD_BAD_HANDLE, "gradcheck: the function's result in call %d: its operand is stale"},
    {gives_what_is_of_another_tape, AD_BAD_HANDLE,
     "gradcheck: the function's result in call %d: its operand belongs to another tape"},
    {gives_a_vector, AD_BAD_SHAPE, "gradcheck: the function's result in call %d, [3], is not a scalar: reduce it"},
};

/* In any call: the first, those of the differences, the last. The parameters have their values again, and the tape has
 * nothing recorded of others. */
START_TEST(gradcheck_of_a_function_that_misbehaves)
{
    const ad_tensor a = PARAMS("a", 1, -2, 3);
    misbehaver m = {.a = a, .b = PARAM(0.5, "b"), .sums = ad_slot(a, "Adagrad", 0), .act = misdeeds[_i].act};
    ad_gradcheck_result results[2];
    char text[160];
    other = ad_tape_open(NULL);
    ck_assert_int_eq(ad_gradcheck(t, misbehaves, &m, NULL, results), AD_OK);
    const int total = m.calls;
    ck_assert_int_eq(total, 18);
    for (m.at = 1; m.at <= total; m.at++) {
        m.calls = 0;
        ck_assert_int_eq(ad_gradcheck(t, misbehaves, &m, NULL, results), misdeeds[_i].status);
        ck_assert_int_eq(m.calls, m.at);
        snprintf(text, sizeof text, misdeeds[_i].message, m.at);
        expect_error_with(t, misdeeds[_i].status, text);
        ck_assert_int_eq(results[0].verdict, m.at <= 13 ? AD_GRADIENT_NOT_CHECKED : AD_GRADIENT_RIGHT);
        ck_assert_int_eq(results[1].verdict, m.at <= 17 ? AD_GRADIENT_NOT_CHECKED : AD_GRADIENT_RIGHT);
        EXPECT(m.a, 1, -2, 3);
        EXPECT(m.b, 0.5);
        ck_assert_uint_eq(ad_entry_count(t), 0);
    }
    ad_tape_close(other);
    m.at = 0;
    ck_assert_int_eq(ad_gradcheck(t, misbehaves, &m, NULL, results), AD_OK);
    ck_assert_int_eq(results[0].verdict, AD_GRADIENT_RIGHT);
}
END_TEST

/* A state may change: how often the function was called, for instance. */
static ad_tensor counts(ad_tape *tape, void *context)
{
    ingredients *in = context;
    ad_fill(ad_slot(in->a, "calls", 0), ++in->calls);
    return squares_by_exp(tape, in);
}

START_TEST(gradcheck_of_a_function_that_changes_a_state)
{
    ingredients in = {.a = PARAMS("a", 1, -2, 3), .b = PARAM(0.5, "b")};
    ad_gradcheck_result results[2];
    ck_assert_int_eq(ad_gradcheck(t, counts, &in, NULL, results), AD_OK);
    ck_assert_int_eq(results[0].verdict, AD_GRADIENT_RIGHT);
    ck_assert_double_eq(number_at(ad_slot(in.a, "calls", 0), 2), in.calls);
}
END_TEST

/* On a tape in error nothing happens: no call, no reset. */
START_TEST(gradcheck_after_an_error)
{
    ingredients in = {.a = PARAMS("a", 1, -2, 3), .b = PARAM(0.5, "b")};
    ad_gradcheck_result results[2];
    ad_exp(in.a);
    ad_fail(t, AD_STOPPED, "before");
    ck_assert_int_eq(ad_gradcheck(t, counts, &in, NULL, results), AD_STOPPED);
    ck_assert_int_eq(results[1].verdict, AD_GRADIENT_NOT_CHECKED);
    ck_assert_int_eq(in.calls, 0);
    ck_assert_uint_eq(ad_entry_count(t), 1);
    expect_error(t, AD_STOPPED, "before");
}
END_TEST

/* The first memory that it asks for is refused: the results say that nothing was checked. */
START_TEST(gradcheck_without_memory)
{
    counting refusing;
    counting_open(&refusing);
    ad_tape *tape = ad_tape_open(&(ad_tape_options){.allocator = &refusing.allocator});
    ad_param(tape, AD_F64, AD_SHAPE(300), NULL, "a");
    ad_gradcheck_result result;
    memset(&result, 0xFF, sizeof result);
    counting_fail(&refusing, 1, COUNTING_FOR_GOOD);
    ck_assert_int_eq(ad_gradcheck(tape, tiny, NULL, NULL, &result), AD_NO_MEMORY);
    ck_assert_int_eq(result.verdict, AD_GRADIENT_NOT_CHECKED);
    ck_assert_str_eq(result.name, "a");
    counting_heal(&refusing);
    ad_tape_close(tape);
    counting_check_released(&refusing);
}
END_TEST

START_TEST(verdict_names)
{
    ck_assert_str_eq(ad_verdict_name(AD_GRADIENT_NOT_CHECKED), "not checked");
    ck_assert_str_eq(ad_verdict_name(AD_GRADIENT_RIGHT), "right");
    ck_assert_str_eq(ad_verdict_name(AD_GRADIENT_WRONG), "wrong");
    ck_assert_str_eq(ad_verdict_name(AD_GRADIENT_MISSING), "missing");
    ck_assert_str_eq(ad_verdict_name(AD_GRADIENT_ALL_ZERO), "all zero");
    ck_assert_ptr_nonnull(ad_verdict_name((ad_verdict)99));
    ck_assert_ptr_nonnull(ad_verdict_name((ad_verdict)-1));
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, gradcheck_right);
    tcase_add_test(tests, gradcheck_wrong);
    tcase_add_test(tests, gradcheck_missing_and_all_zero);
    tcase_add_test(tests, gradcheck_not_checked);
    tcase_add_test(tests, gradcheck_of_small_gradients);
    tcase_add_test(tests, gradcheck_f32);
    tcase_add_test(tests, gradcheck_options);
    tcase_add_test(tests, gradcheck_of_a_gradient);
    tcase_add_test(tests, gradcheck_of_nan);
    tcase_add_test(tests, gradcheck_errors);
    tcase_add_loop_test(tests, gradcheck_of_a_function_that_makes_leaves, 0, 3);
    tcase_add_loop_test(tests, gradcheck_of_a_function_that_misbehaves, 0, COUNT(misdeeds));
    tcase_add_test(tests, gradcheck_of_a_function_that_changes_a_state);
    tcase_add_test(tests, gradcheck_after_an_error);
    tcase_add_test(tests, gradcheck_without_memory);
    tcase_add_test(tests, verdict_names);
}

int main(void) { return run_on_one_tape("gradcheck", add_tests); }
