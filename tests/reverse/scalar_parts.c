/* Parts of calls on scalars, which an ordinary backward adds up as numbers: they are what the rules give. */
#include <string.h>

#include "../support/one_tape.h"

/* ---- The same as the rules --------------------------------------------------------------------------------------- */

enum { MOST_OPERANDS = 3 };

/* y = the row of x, and once more: each x has a gradient already when the second part comes. */
static ad_tensor twice(const ad_operator *row, const ad_tensor *x)
{
    const ad_attribute c = {.real = 1.25};
    ad_tensor y[2];
    for (int k = 0; k < 2; k++)
        ad_apply(t, row, x, row->arity, row->attributes[0].kind == AD_ATTRIBUTE_NONE ? NULL : &c, &y[k]);
    return ad_add(ad_scale(y[0], 0.75), ad_exp(y[1]));
}

/* What a backward with these options gives, as bits. */
static void gradients_by(ad_backward_options options, ad_tensor y, const ad_tensor *x, int n, double *dx)
{
    ck_assert_int_eq(ad_backward_with(y, &options), AD_OK);
    for (int i = 0; i < n; i++)
        dx[i] = ad_item(ad_gradient(x[i]));
}

static void check_row(const ad_operator *row, ad_type type)
{
    static const double values[MOST_OPERANDS] = {0.625, 0.71, 0.53};
    double plain[MOST_OPERANDS], kept[MOST_OPERANDS], recorded[MOST_OPERANDS];
    ad_tensor x[MOST_OPERANDS], dx[MOST_OPERANDS];
    const int n = row->arity;
    for (int i = 0; i < n; i++)
        x[i] = variable_of(type, AD_SCALAR, &values[i], 1);
    const ad_tensor y = twice(row, x);
    gradients_by((ad_backward_options){0}, y, x, n, plain);
    gradients_by((ad_backward_options){.keep = true}, y, x, n, kept);
    ck_assert_int_eq(ad_grad(y, x, n, dx), AD_OK);
    for (int i = 0; i < n; i++) {
        const double functional = ad_item(dx[i]);
        ck_assert_msg(!memcmp(&plain[i], &kept[i], sizeof plain[i]) && !memcmp(&plain[i], &functional, sizeof plain[i]),
                      "%s, operand %d: %.17g by numbers, %.17g kept, %.17g by ad_grad", row->name, i, plain[i], kept[i],
                      functional);
    }
    gradients_by((ad_backward_options){.differentiable = true}, y, x, n, recorded);
    for (int i = 0; i < n; i++)
        ck_assert_msg(!memcmp(&plain[i], &recorded[i], sizeof plain[i]), "%s, operand %d: %.17g recorded", row->name, i,
                      recorded[i]);
    ad_reset(t);
}

REAL_TEST(rows_give_what_their_rules_give)
{
    int n = 0;
    for (size_t i = 0; i < ad_operator_count(); i++)
        if (ad_operator_at(i)->parts) {
            check_row(ad_operator_at(i), real);
            n++;
        }
    ck_assert_int_gt(n, 20);
}
END_REAL_TEST

REAL_TEST(one_operand_in_both_places)
{
    const ad_tensor x = SCALAR(3),
                    unwanted = ad_input(t, real, AD_SCALAR, real == AD_F32 ? (const void *)&(float){5} : &(double){5});
    ad_backward(ad_mul(x, x));
    EXPECT(ad_gradient(x), 6);
    ad_backward(ad_add(x, x));
    EXPECT(ad_gradient(x), 2);
    ad_backward(ad_sub(ad_mul(x, unwanted), ad_mul(unwanted, ad_mul(x, x))));
    EXPECT(ad_gradient(x), 5 - 30);
    ck_assert(!ad_has_gradient(unwanted));
}
END_REAL_TEST

/* ---- Gradients that are there ------------------------------------------------------------------------------------ */

REAL_TEST(accumulates_into_a_gradient)
{
    const ad_tensor x = SCALAR(3), y = ad_mul(x, x);
    ad_backward(y);
    ad_backward_with(y, &(ad_backward_options){.accumulate = true});
    EXPECT(ad_gradient(x), 12);
}
END_REAL_TEST

/* The gradient was recorded. It stays as it was, because others see it. */
REAL_TEST(accumulates_into_a_recorded_gradient)
{
    const ad_tensor x = SCALAR(3), y = ad_mul(x, x), first = derivative(y, x);
    ad_backward_with(y, &(ad_backward_options){.accumulate = true});
    EXPECT(ad_gradient(x), 12);
    EXPECT(first, 6);
}
END_REAL_TEST

static void seed_stays(ad_tensor seed)
{
    const ad_tensor x = SCALAR(3);
    ad_backward_with(ad_mul(x, ad_neg(x)), &(ad_backward_options){.seed = seed});
    EXPECT(ad_gradient(x), -60);
    EXPECT(seed, 10);
}

REAL_TEST(seeds_stay)
{
    seed_stays(SCALAR(10));
    seed_stays(ad_scale(SCALAR(5), 2));
}
END_REAL_TEST

/* ---- Handles ----------------------------------------------------------------------------------------------------- */

static ad_tensor given;

static void copy_run(ad_call *c) { memcpy(c->y[0]->data, c->x[0]->data, sizeof(double)); }
static void gives_and_remembers(ad_pullback *p) { ad_give(p, 0, given = ad_scale(ad_dy(p), 2)); }

/* A gradient that is consumed makes room for another in the same place: what was handed out is then stale. */
START_TEST(handle_of_a_consumed_gradient_is_stale)
{
    const ad_operator op = {
        .name = "op", .arity = 1, .shape = ad_same_shape, .run = copy_run, .vjp = gives_and_remembers};
    const ad_tensor x = PARAM(3, "x");
    ad_backward(ad_apply1(&op, ad_neg(x)));
    EXPECT(ad_gradient(x), -2);
    ck_assert_int_eq(ad_status_of(t), AD_OK);
    ad_exp(given);
    ck_assert_int_eq(ad_clear_error(t), AD_BAD_HANDLE);
}
END_TEST

/* A sweep inside a rule of another sweep. */
static void sweeps_inside(ad_pullback *p)
{
    const ad_position here = ad_position_now(t);
    ad_tensor x = ad_x(p, 0), dx;
    ad_grad(ad_mul(x, ad_mul(x, x)), &x, 1, &dx);
    const double inner = ad_item(dx);
    ad_return_to(t, here, NULL, 0);
    ad_give(p, 0, ad_scale(ad_dy(p), inner));
}

START_TEST(sweep_inside_a_rule)
{
    const ad_operator op = {.name = "op", .arity = 1, .shape = ad_same_shape, .run = copy_run, .vjp = sweeps_inside};
    const ad_tensor x = PARAM(2, "x"), y = ad_mul(x, x);
    ad_backward(ad_add(ad_apply1(&op, y), y));
    EXPECT(ad_gradient(x), 4 * (3 * 16 + 1));
    ck_assert_int_eq(ad_status_of(t), AD_OK);
}
END_TEST

/* From the second backward on there is nothing to allocate, whether a gradient makes room for another or not. */
START_TEST(second_backward_allocates_nothing)
{
    const ad_tensor x = PARAM(0.5, "x");
    size_t before = 0;
    for (int round = 0; round < 3; round++) {
        ad_tensor y = x;
        for (int i = 0; i < 1000; i++)
            y = ad_add(ad_sub(ad_tanh(ad_mul(y, x)), x), ad_exp(x));
        ad_backward(y);
        ad_reset(t);
        if (round > 0)
            ck_assert_uint_eq(ad_usage_of(t).peak_bytes, before);
        before = ad_usage_of(t).peak_bytes;
    }
    ck_assert_int_eq(ad_status_of(t), AD_OK);
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    ADD(rows_give_what_their_rules_give);
    ADD(one_operand_in_both_places);
    ADD(accumulates_into_a_gradient);
    ADD(accumulates_into_a_recorded_gradient);
    ADD(seeds_stay);
    tcase_add_test(tests, handle_of_a_consumed_gradient_is_stale);
    tcase_add_test(tests, sweep_inside_a_rule);
    tcase_add_test(tests, second_backward_allocates_nothing);
}

int main(void) { return run_on_one_tape("scalar_parts", add_tests); }
