/* Guards: choices that a replay makes again, and tells of when they come out otherwise. */
#include <math.h>

#include "../support/one_tape.h"

START_TEST(guards_tell_of_another_choice)
{
    const ad_tensor a = ad_input(t, AD_F64, AD_SCALAR, &(double){2}), b = ad_variable(t, AD_F64, AD_SCALAR, NULL);
    ck_assert(ad_guard_greater(a, b, "a above b"));
    const bool second = ad_guard_greater(ad_square(b), a, "b squared above a"), third = ad_guard(ad_less(b, a), NULL);
    ck_assert(!second && third);
    const ad_tensor y = ad_mul(a, b);
    static const struct {
        double a, b;
        const char *reason;
    } cases[] = {
        {2, 1, ""},
        {2, 3, "the guard a above b is false now and was true when recorded"},
        {2, -1.5, "the guard b squared above a is true now and was false when recorded"},
        {NAN, 1, "the guard a above b is false now and was true when recorded"},
    };
    ad_replay_report report;
    ad_assign(a, &cases[_i].a);
    ad_assign(b, &cases[_i].b);
    ck_assert_int_eq(ad_replay_with(t, NULL, &report), *cases[_i].reason ? AD_CHANGED : AD_OK);
    ck_assert_str_eq(report.reason, cases[_i].reason);
    ck_assert_int_eq(report.status, *cases[_i].reason ? AD_CHANGED : AD_OK);
    expect_ok(t);
    ck_assert_str_eq(ad_message(t), "");
    if (!*cases[_i].reason) {
        ck_assert_double_eq(ad_item(y), 2);
        return;
    }
    ad_backward(y);
    expect_error(t, AD_BAD_STATE, "backward: the recording does not fit any more: ad_reset and record anew");
    ck_assert_int_eq(ad_replay_with(t, NULL, &report), AD_CHANGED); /* for good, and with the first reason */
    ck_assert_str_eq(report.reason, cases[_i].reason);
    ad_reset(t);
    const ad_tensor x = ad_variable(t, AD_F64, AD_SCALAR, &(double){3});
    ck_assert_int_eq(ad_backward(ad_square(x)), AD_OK);
    ck_assert_int_eq(ad_replay(t), AD_OK);
}
END_TEST

START_TEST(errors_of_guards)
{
    const ad_tensor three = ad_arange(t, AD_I32, 3), x = some_input(t, AD_F64, AD_SHAPE(2), 1);
    ck_assert(!ad_guard(three, "three"));
    expect_error(t, AD_BAD_SHAPE, "guard: the condition [3] must have one element");
    ck_assert(!ad_guard(x, "real"));
    expect_error(t, AD_BAD_TYPE, "guard: operand 0, [2], is f64: it must be i32");
    ck_assert(!ad_guard_greater(x, ad_sum(x), "wide"));
    expect_error(t, AD_BAD_SHAPE, "guard: the condition [2] must have one element");
    ck_assert(!ad_guard((ad_tensor){0}, "nothing"));
    ck_assert(ad_guard(ad_greater(ad_sum(ad_square(x)), ad_scalar(t, 0)), "one element of any rank"));
}
END_TEST

/* y = x^2 / 2 where x > 0, else 0 :  dx = x dy where x > 0, which the rule decides for the only element by a guard. */
static void half_square_run(ad_call *c)
{
    const double x = *(const double *)c->x[0]->data;
    *(double *)c->y[0]->data = x > 0 ? x * x / 2 : 0;
}

static bool half_square_takes_a_position;

static void half_square_vjp(ad_pullback *p)
{
    const ad_tensor x = ad_x(p, 0);
    const ad_position position = half_square_takes_a_position ? ad_position_now(x.tape) : (ad_position){0};
    const bool above = ad_guard_greater(x, ad_scale(ad_detach(x), 0), "x above 0");
    if (half_square_takes_a_position)
        ad_return_to(x.tape, position, NULL, 0);
    if (above)
        ad_give(p, 0, ad_mul(x, ad_dy(p)));
}

static const ad_operator half_square = {
    .name = "half_square", .arity = 1, .shape = ad_scalar_shape, .run = half_square_run, .vjp = half_square_vjp};

static ad_tensor by_grad(ad_tensor y, ad_tensor x)
{
    ad_tensor dx;
    ad_grad(y, &x, 1, &dx);
    return dx;
}
static ad_tensor by_vjp(ad_tensor y, ad_tensor x)
{
    ad_tensor dx;
    ad_vjp(y, ad_ones_like(y), &x, 1, &dx);
    return dx;
}
static ad_tensor by_backward(ad_tensor y, ad_tensor x)
{
    ad_backward_with(y, &(ad_backward_options){.differentiable = true});
    return ad_gradient(x);
}
static ad_tensor by_hessian(ad_tensor y, ad_tensor x) { return ad_hessian(ad_mul(y, x), x); }

static ad_tensor (*const recorders[])(ad_tensor y, ad_tensor x) = {by_grad, by_vjp, ad_jacobian, by_backward,
                                                                   by_hessian};

/* What a derivative records on its way has choices, too. */
START_TEST(guards_inside_rules_are_kept)
{
    const double before = 3, after = -3, same = 2;
    const ad_tensor x = ad_variable(t, AD_F64, AD_SCALAR, &before), dx = recorders[_i](ad_apply1(&half_square, x), x);
    const double factor = ad_item(dx) / before;
    ck_assert_double_ge(factor, 1);
    ad_replay_report report;
    ad_assign(x, &same);
    ck_assert_int_eq(ad_replay(t), AD_OK);
    ck_assert_double_eq_tol(ad_item(dx), factor * same, 1e-15);
    ad_assign(x, &after);
    ck_assert_int_eq(ad_replay_with(t, NULL, &report), AD_CHANGED);
    ck_assert_str_eq(report.reason, "the guard x above 0 is false now and was true when recorded");
    expect_ok(t);
}
END_TEST

START_TEST(a_guard_without_a_name)
{
    ad_replay_report report;
    const ad_tensor x = ad_variable(t, AD_F64, AD_SCALAR, &(double){3});
    ck_assert(ad_guard_greater(x, ad_scalar(t, 0), NULL));
    ad_assign(x, &(double){-3});
    ck_assert_int_eq(ad_replay_with(t, NULL, &report), AD_CHANGED);
    ck_assert_str_eq(report.reason, "the guard without a name is false now and was true when recorded");
}
END_TEST

START_TEST(guards_dropped_by_a_return)
{
    static const char lost[] =
        "replay: the program returned to a position over the guard the square above 0: record anew";
    const ad_tensor x = ad_variable(t, AD_F64, AD_SCALAR, &(double){3}), zero = ad_scalar(t, 0);
    const size_t before = ad_entry_count(t);
    for (int round = 0; round < 4; round++) {
        const ad_position position = ad_position_now(t);
        ck_assert(ad_guard_greater(ad_square(x), zero, "the square above 0"));
        ck_assert_int_eq(ad_return_to(t, position, NULL, 0), AD_OK);
    }
    ck_assert_uint_eq(ad_entry_count(t), before);
    const ad_tensor y = ad_exp(x);
    ck_assert_int_eq(ad_replay(t), AD_BAD_STATE);
    expect_error(t, AD_BAD_STATE, lost);
    ck_assert_int_eq(ad_backward(y), AD_OK); /* nothing was run: all values are as recorded */
    ad_reset(t);
    half_square_takes_a_position = true;
    const ad_tensor z = ad_variable(t, AD_F64, AD_SCALAR, &(double){3});
    recorders[_i](ad_apply1(&half_square, z), z);
    half_square_takes_a_position = false;
    expect_ok(t);
    ck_assert_int_eq(ad_replay(t), AD_BAD_STATE);
    expect_error(t, AD_BAD_STATE, "replay: the program returned to a position over the guard x above 0: record anew");
}
END_TEST

/* y = x^2 where x > 1, else x, which the kernel decides by a guard of its own. */
static void choose_run(ad_call *c)
{
    const ad_position position = ad_position_now(c->tape);
    const ad_tensor x = ad_input(c->tape, AD_F64, AD_SCALAR, c->x[0]->data);
    const bool above = ad_guard_greater(x, ad_scalar(c->tape, 1), "above 1");
    *(double *)c->y[0]->data = ad_item(above ? ad_square(x) : x);
    ad_return_to(c->tape, position, NULL, 0);
}

START_TEST(guards_inside_kernels_are_made_again)
{
    static const ad_operator choose = {
        .name = "choose", .arity = 1, .properties = AD_NOT_DIFFERENTIABLE, .shape = ad_scalar_shape, .run = choose_run};
    const ad_tensor x = ad_variable(t, AD_F64, AD_SCALAR, &(double){3}), y = ad_apply1(&choose, x);
    ck_assert_double_eq(ad_item(y), 9);
    ad_assign(x, &(double){0.5});
    ck_assert_int_eq(ad_replay(t), AD_OK);
    ck_assert_double_eq(ad_item(y), 0.5);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, guards_tell_of_another_choice, 0, 4);
    tcase_add_loop_test(tests, guards_inside_rules_are_kept, 0, COUNT(recorders));
    tcase_add_loop_test(tests, guards_dropped_by_a_return, 0, COUNT(recorders));
    tcase_add_test(tests, a_guard_without_a_name);
    tcase_add_test(tests, guards_inside_kernels_are_made_again);
    tcase_add_test(tests, errors_of_guards);
}

int main(void) { return run_on_one_tape("guards", add_tests); }
