/* Where a gradient comes from, and why it is 0. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../support/checker.h"
#include "../support/fixtures.h"
#include "../support/one_folder.h"
#include "../support/operators_of_tests.h"
#include "../support/shown.h"

enum { COLUMNS = 100 };

/* The call fails with this message and writes nothing. */
#define EXPECT_REFUSED(call, status, ...)                                                                              \
    do {                                                                                                               \
        expect_shown(call, status, __VA_ARGS__);                                                                       \
        ck_assert_str_eq(shown_close(), "");                                                                           \
    } while (0)

/* ---- Explanations ------------------------------------------------------------------------------------------------ */

START_TEST(a_sum_over_uses)
{
    const small_graph g = record_small_graph();
    sweep_watched(g.y);
    expect_text(explained(g.y, g.x), "dy/dx = -0.297323, the sum over 3 places where x is used\n"
                                     "  p = mul(s, x), 2nd place:  -0.0247769 * 6 = -0.148661\n"
                                     "  s = add(x, x), 1st place:  -0.0743307 * 1 = -0.0743307\n"
                                     "  s = add(x, x), 2nd place:  -0.0743307 * 1 = -0.0743307\n");
    expect_text(explained(g.y, g.p), "dy/dp = -0.0247769, from 1 place where p is used\n"
                                     "  q = mul(p, w), 1st place:  0.0123885 * -2 = -0.0247769\n");
    expect_text(explained(g.y, g.y), "dy/dy = 1, the seed\n"
                                     "  the sweep began here:  1\n");
}
END_TEST

START_TEST(products_of_matrices)
{
    const small_network n = record_small_network();
    sweep_watched(n.L);
    expect_text(explained(n.L, n.W1), "dL/dW1 [2, 2], norm 0.353753, from 1 place where W1 is used\n"
                                      "  h = linear(x, W1, b1), 2nd place:  x' dz = [2, 1] [1, 2]\n"
                                      "    element [1, 0]:  -1 * -0.310769 = 0.310769\n");
    expect_text(explained(n.L, n.h), "dL/dh [1, 2], norm 0.397386, from 1 place where h is used\n"
                                     "  o = linear(h, W2, b2), 1st place:  dz W2' = [1, 1] [1, 2]\n"
                                     "    element [0, 0]:  -0.461951 * 0.7 = -0.323366\n");
    expect_text(explained(n.L, n.b1), "dL/db1 [2], norm 0.316406, from 1 place where b1 is used\n"
                                      "  h = linear(x, W1, b1), 3rd place:  sum of dz over rows\n"
                                      "    element [0]:  -0.323366 * 0.961043 = -0.310769\n");
    expect_text(explained(n.L, n.s), "dL/ds = 1, from 1 place where s is used\n"
                                     "  L = sum(s), 1st place:  1 * 1 = 1\n");
}
END_TEST

/* Each product of two matrices, by each operand, f32 too: the terms add up to the element, or they would not be shown.
 */
START_TEST(terms_of_every_product)
{
    static ad_tensor (*const products[])(ad_tensor, ad_tensor) = {ad_matmul, ad_matmul_nt, ad_matmul_tn, ad_mul};
    const ad_type type = _i % 2 ? AD_F32 : AD_F64;
    ad_tensor (*product)(ad_tensor, ad_tensor) = products[_i / 2];
    const bool nt = product == ad_matmul_nt, tn = product == ad_matmul_tn, by_element = product == ad_mul;
    const ad_tensor a = some_param(t, type, tn ? AD_SHAPE(5, 2) : AD_SHAPE(2, 5), 1, "a");
    const ad_tensor b = some_param(t, type, nt ? AD_SHAPE(4, 5) : by_element ? AD_SHAPE(2, 5) : AD_SHAPE(5, 4), 2, "b");
    NAMED(c, product(a, b));
    NAMED(loss, ad_sum(ad_mul(c, some_input(t, type, ad_shape_of(c), 3))));
    sweep_watched(loss);
    for (int i = 0; i < 2; i++) {
        const char *text = explained(loss, i ? b : a);
        ck_assert_ptr_nonnull(strstr(text, " * "));
        ck_assert_ptr_nonnull(strstr(text, "element ["));
        ck_assert_msg(!!strstr(text, ".. (1 more) =") == (!by_element && i == 0), "%s", text);
    }
}
END_TEST

START_TEST(terms_of_every_activation)
{
    const ad_tensor x = some_param(t, AD_F64, AD_SHAPE(2, 3, 4), 1, "x"),
                    w = some_param(t, AD_F64, AD_SHAPE(4, 2), 2, "w");
    const ad_tensor b = some_param(t, AD_F64, AD_SHAPE(2), 3, "b"), y = ad_linear(x, w, b, (ad_activation)_i);
    NAMED(loss, ad_sum(ad_mul(y, some_input(t, AD_F64, ad_shape_of(y), 4))));
    sweep_watched(loss);
    ck_assert_ptr_nonnull(strstr(explained(loss, w), "x' dz = [4, 6] [6, 2]\n"));
    ck_assert_ptr_nonnull(strstr(explained(loss, w), "more)"));
    ck_assert_ptr_nonnull(strstr(explained(loss, x), "dz w' = [6, 2] [2, 4]\n"));
    const char *bias = explained(loss, b); /* dy times the slope */
    ck_assert_ptr_nonnull(strstr(bias, _i == AD_IDENTITY ? " * 1 + " : " * "));
    ck_assert(_i != AD_TANH || !strstr(bias, " * 1 "));
}
END_TEST

START_TEST(what_cannot_be_said_in_products)
{
    const ad_tensor x = PARAMS("x", 1, 2, 3), one = PARAM(2, "one");
    NAMED(soft, ad_softmax(x, 0));
    NAMED(wide, ad_mul(soft, one));
    NAMED(loss, ad_sum(ad_mul(wide, INPUTS(1, 0, 0))));
    sweep_watched(loss);
    expect_text(explained(loss, x), "dloss/dx [3], norm 0.207694, from 1 place where x is used\n"
                                    "  soft = softmax(x), 1st place:  y (dy - sum(y dy))\n"
                                    "    element [0]:  0.16385\n");
    expect_text(explained(loss, one), "dloss/done = 0.0900306, from 1 place where one is used\n"
                                      "  wide = mul(soft, one), 2nd place:  0.0900306\n");
}
END_TEST

/* A changed leaf: the product is of the value that was used. */
START_TEST(explained_after_a_descent)
{
    const small_network n = record_small_network();
    sweep_watched(n.L);
    ad_descend(n.W2, 0.5);
    ck_assert_ptr_nonnull(strstr(explained(n.L, n.h), "-0.461951 * 0.7 = -0.323366"));
}
END_TEST

START_TEST(seeds_and_sweeps_before)
{
    const ad_tensor x = PARAM(2, "x");
    NAMED(y, ad_square(x));
    ad_backward(y);
    ad_watch(t, AD_ON);
    ad_backward_with(y, &(ad_backward_options){.accumulate = true, .seed = ad_scalar(t, 3)});
    expect_text(explained(y, x),
                "the gradient of x = 16, the sum over 1 place where x is used and the gradient from before\n"
                "  from before this sweep:  4\n"
                "  y = square(x), 1st place:  3 * 4 = 12\n");
    ad_backward_with(y, &(ad_backward_options){.accumulate = true});
    expect_text(explained(y, x), "the gradient of x = 20, the sum of 2 sweeps (from y) and the gradient from before\n"
                                 "  from before this sweep:  4\n"
                                 "  the sweep from y:\n"
                                 "    y = square(x), 1st place:  3 * 4 = 12\n"
                                 "  the sweep from y:\n"
                                 "    y = square(x), 1st place:  1 * 4 = 4\n");
    expect_text(explained(y, y), "dy/dy = 1, the seed\n  the sweep began here:  1\n");
    const ad_tensor z = ad_name(ad_mul(y, y), "z");
    ad_backward_with(z, &(ad_backward_options){.accumulate = true});
    expect_text(explained(z, y), "dz/dy = 8, the sum over 2 places where y is used\n"
                                 "  z = mul(y, y), 1st place:  1 * 4 = 4\n"
                                 "  z = mul(y, y), 2nd place:  1 * 4 = 4\n");
}
END_TEST

/* The gradient of an inner tensor is that of the last sweep: its parts of sweeps before count no more. */
START_TEST(zeros_of_the_last_sweep)
{
    const ad_tensor x = PARAM(2, "x"), zero = PARAM(0, "zero");
    NAMED(h, ad_scale(x, 3));
    NAMED(y, ad_square(h));
    NAMED(z, ad_mul(h, zero));
    ad_watch(t, AD_ON);
    ad_backward(y);
    ad_backward_with(z, &(ad_backward_options){.accumulate = true});
    expect_text(explained(z, h), "dz/dh = 0, from 1 place where h is used\n"
                                 "  z = mul(h, zero), 1st place:  1 * 0 = 0\n");
    expect_text(why_zero(h), "the gradient of h is 0: its factor zero is 0\n");
    expect_text(explained(z, x), "the gradient of x = 36, the sum of 2 sweeps (from y, z)\n"
                                 "  the sweep from y:\n"
                                 "    h = scale(x), 1st place:  12 * 3 = 36\n"
                                 "  the sweep from z:\n"
                                 "    h = scale(x), 1st place:  0 * 3 = 0\n");
}
END_TEST

/* A sum over two losses is the derivative of neither. */
START_TEST(two_losses)
{
    const ad_tensor w = PARAM(2, "w"), first = PARAM(5, "first");
    NAMED(L, ad_square(w));
    NAMED(other, ad_mul(L, first));
    NAMED(M, ad_mul(L, w));
    ad_watch(t, AD_ON);
    ad_backward(other);
    ad_backward_with(M, &(ad_backward_options){.accumulate = true});
    expect_text(explained(M, w), "the gradient of w = 32, the sum of 2 sweeps (from other, M)\n"
                                 "  the sweep from other:\n"
                                 "    L = square(w), 1st place:  5 * 4 = 20\n"
                                 "  the sweep from M:\n"
                                 "    M = mul(L, w), 2nd place:  1 * 4 = 4\n"
                                 "    L = square(w), 1st place:  2 * 4 = 8\n");
    expect_text(explained(M, first), "the gradient of first = 4, of one earlier sweep (from other)\n"
                                     "  other = mul(L, first), 2nd place:  1 * 4 = 4\n");
    for (int i = 0; i < 100; i++)
        ad_backward_with(i % 2 ? M : L, &(ad_backward_options){.accumulate = true});
    const char *text = explained(M, w);
    ck_assert_ptr_nonnull(strstr(text, ", the sum of 102 sweeps (from other, M, L, ..)\n"));
    ck_assert_ptr_nonnull(strstr(text, "\n  parts 31 to 123 not shown: together "));
    ck_assert_ptr_null(strstr(text, "dM/"));
}
END_TEST

START_TEST(small_batches)
{
    const ad_tensor x = PARAM(2, "x");
    ad_watch(t, AD_ON);
    for (int i = 0; i < 3; i++) {
        ad_reset(t);
        NAMED(y, ad_scale(x, i + 1));
        ad_backward_with(y, &(ad_backward_options){.accumulate = i > 0});
        if (i == 2)
            expect_text(explained(y, x),
                        "the gradient of x = 6, the sum over 1 place where x is used and the gradient from before\n"
                        "  from before this sweep:  3\n"
                        "  y = scale(x), 1st place:  1 * 3 = 3\n");
    }
}
END_TEST

START_TEST(many_places_are_folded)
{
    const ad_tensor x = PARAM(2, "x");
    ad_tensor y = ad_scale(x, 1);
    for (int i = 0; i < 999; i++)
        y = ad_add(y, x);
    sweep_watched(ad_name(y, "y"));
    const char *text = explained(y, x);
    ck_assert_int_eq(lines_in(text), 1 + 60 + 1);
    ck_assert_ptr_nonnull(strstr(text, "dy/dx = 1000, the sum over 1000 places where x is used\n"));
    ck_assert_ptr_nonnull(strstr(text, "\n  places 31 to 970 not shown: together 940\n"));
}
END_TEST

START_TEST(lines_stay_within_100_columns)
{
    static const char name[] = "a name of twenty-four ch";
    const ad_tensor x = PARAMS(name, -1.23456e-101, 2), w = PARAMS(name, 1.23456e-101, 3);
    ad_tensor many[9];
    for (int i = 0; i < 9; i++)
        many[i] = ad_name(i % 2 ? ad_mul(x, w) : ad_mul_add(x, w, x), name);
    const ad_tensor y = ad_name(ad_sum(ad_stack(many, 9, 0)), name);
    sweep_watched(y);
    ck_assert_int_le(columns_of(explained(y, x)), COLUMNS);
    ck_assert_int_le(columns_of(explained(y, many[0])), COLUMNS);
}
END_TEST

START_TEST(a_sweep_that_failed)
{
    const ad_tensor x = PARAM(2, "x");
    NAMED(bad, ad_sqrt(ad_scale(x, 0)));
    NAMED(y, ad_add(bad, x));
    ad_watch(t, AD_ON);
    ad_check_finite(t, AD_ON);
    ck_assert_int_eq(ad_backward(y), AD_NOT_FINITE);
    const char *text = explained(y, x);
    expect_text(text, "dy/dx is not whole: the sweep failed; so far from 1 place where x is used\n"
                      "  y = add(bad, x), 2nd place:  1 * 1 = 1\n");
    expect_cells(printed(t, NULL), "k0", "x", "param", "[]", "2", "not computed", "the sweep failed");
    ck_assert_int_eq(ad_clear_error(t), AD_NOT_FINITE);
}
END_TEST

/* No gradient is left, though parts are: that is not because nothing depends on it. */
START_TEST(reasons_after_a_sweep_that_failed)
{
    static const char failed[] = "the sweep failed, and its gradients were dropped";
    const ad_tensor x = PARAM(0, "x"), w = PARAM(3, "w"), late = PARAM(1, "late"), unused = PARAM(1, "unused");
    NAMED(s, ad_sqrt(ad_mul(x, late)));
    NAMED(y, ad_mul(s, w));
    ad_watch(t, AD_ON);
    ad_check_finite(t, AD_ON);
    ck_assert_int_eq(ad_backward(y), AD_NOT_FINITE);
    ck_assert_ptr_nonnull(strstr(explained(y, w), "1 * 0 = 0\n"));
    for (int i = 0; i < 2; i++) {
        const char *tail = i ? "" : ": the tape's message says where";
        char wanted[400];
        snprintf(wanted, sizeof wanted, "the gradient of w is not known: %s%s\n", failed, tail);
        ck_assert_str_eq(why_zero(w), wanted);
        snprintf(wanted, sizeof wanted, "the gradient of late was not computed: %s%s\n", failed, tail);
        ck_assert_str_eq(why_zero(late), wanted);
        EXPECT_REFUSED(ad_explain(y, late, shown_open()), AD_NO_GRADIENT, "explain: ", failed);
        ck_assert_ptr_nonnull(strstr(why_zero(unused), "y does not depend on unused: nothing uses it"));
        ad_clear_error(t);
    }
}
END_TEST

START_TEST(the_root_of_a_sweep_that_failed)
{
    const ad_tensor x = PARAM(0, "x");
    NAMED(rt, ad_sqrt(x));
    ad_watch(t, AD_ON);
    ad_check_finite(t, AD_ON);
    ck_assert_int_eq(ad_backward(rt), AD_NOT_FINITE);
    ck_assert_str_eq(why_zero(rt), "the gradient of rt is not known: the sweep failed, and its gradients were dropped: "
                                   "the tape's message says where\n");
    ad_clear_error(t);
    ck_assert_ptr_null(strstr(why_zero(rt), "depend"));
}
END_TEST

/* A replay drops the gradients of variables: no sweep failed. */
START_TEST(after_a_replay)
{
    const double two = 2;
    const ad_tensor v = ad_name(ad_variable(t, AD_F64, AD_SCALAR, &two), "v"), w = PARAM(3, "w");
    NAMED(y, ad_mul(v, w));
    sweep_watched(y);
    ad_replay(t);
    expect_ok(t);
    ck_assert_ptr_null(strstr(explained(y, v), "failed"));
    ck_assert(!ad_has_gradient(v));
    ck_assert_str_eq(why_zero(v), "the gradient of v is not known: it was dropped, by a replay or because the sweep "
                                  "failed\n");
}
END_TEST

/* "-0.5 * 2 + 1 * 3 = 2": the products add up to what stands behind them. Lines that leave out terms, or go on below,
 * are not looked at. */
static int check_products(const char *shown, const char *row)
{
    int n = 0;
    for (const char *line = shown; *line; line = strchr(line, '\n') + 1) {
        const char *at = strstr(line, ":  ");
        const size_t length = strcspn(line, "\n");
        char tail[200] = "";
        if (!at || at > line + length || (size_t)(line + length - at) >= sizeof tail)
            continue;
        memcpy(tail, at + 3, (size_t)(line + length - at - 3));
        double sum = 0, size = 0, a, b;
        int used = 0;
        char *next = tail;
        while (sscanf(next, "%lf * %lf%n", &a, &b, &used) == 2) {
            sum += a * b;
            size += fabs(a * b);
            next += used;
            next += strncmp(next, " + ", 3) == 0 ? 3 : 0;
        }
        if (size > 0 && sscanf(next, " = %lf", &a) == 1) {
            ck_assert_msg(fabs(sum - a) <= 2e-5 * size, "%s: %s", row, tail);
            n++;
        }
    }
    return n;
}

static ad_tensor as_variable(ad_tensor x)
{
    return ad_type_of(x) == AD_I32 ? x : ad_variable(t, ad_type_of(x), ad_shape_of(x), ad_data(x));
}

/* The sum of all results that want a gradient; inert if none does. */
static ad_tensor sum_of(const ad_tensor *y, int n)
{
    ad_tensor sum = {0};
    for (int j = 0; j < n; j++)
        if (ad_wants_gradient(y[j]))
            sum = ad_is_inert(sum) ? ad_sum(y[j]) : ad_add(sum, ad_sum(y[j]));
    return sum;
}

/* All that is said of one call. */
static int look_at(const ad_tensor *x, int n, ad_tensor loss, const char *row)
{
    static char formula[500];
    int products = 0;
    const char *text = printed(t, &(ad_print_options){.all = true});
    ck_assert_msg(columns_of(text) <= COLUMNS, "%s", text);
    for (int i = 0; i < n; i++) {
        ck_assert_int_eq(lines_in(why_zero(x[i])), 1);
        printed_tensor(x[i], NULL);
        if (!ad_has_gradient(x[i]))
            continue;
        text = explained(loss, x[i]);
        ck_assert_msg(columns_of(text) <= COLUMNS, "%s", text);
        products += check_products(text, row);
    }
    ck_assert_int_eq(ad_formula(loss, formula, sizeof formula).status, AD_OK);
    expect_ok(t);
    return products;
}

/* Whatever the operator is, its call can be shown and explained, and products that are shown are right. */
START_TEST(every_row)
{
    static checker_numbers numbers;
    int products = 0;
    for (size_t r = 0; r < ad_operator_count(); r++) {
        const ad_operator *row = ad_operator_at(r);
        for (int k = 0; k < row->n_samples; k++) {
            const checker_call call = checker_call_of(row, k);
            ad_tensor x[CHECKER_OPERANDS], y[AD_MAX_RESULTS];
            checker_draw(&call, 0, &numbers);
            for (int i = 0; i < call.n_x; i++)
                x[i] = as_variable(checker_input(t, _i ? AD_F32 : AD_F64, &call, &numbers, i));
            ad_apply(t, row, x, call.n_x, call.attributes, y);
            const ad_tensor loss = sum_of(y, row->n_results ? row->n_results : 1);
            if (!ad_is_inert(loss)) {
                sweep_watched(loss);
                products += look_at(x, call.n_x, loss, row->name);
            }
            expect_ok(t);
            ad_reset(t);
        }
    }
    ck_assert_int_gt(products, 200);
}
END_TEST

/* ---- Operators of users ------------------------------------------------------------------------------------------ */

static void double_run(ad_call *c) { *(double *)c->y[0]->data = 2 * *(const double *)c->x[0]->data; }

static void wrong_vjp(ad_pullback *p) { ad_give(p, 0, ad_scale(ad_dy(p), 3)); }

static void zeros_vjp(ad_pullback *p)
{
    for (int i = 0; i < 6; i++)
        ad_give(p, i, ad_scale(ad_dy(p), 0));
}

static void silent_vjp(ad_pullback *p) { (void)p; }

/* What a rule gives is shown, right or wrong. */
START_TEST(a_wrong_rule_shows_the_wrong_number)
{
    static const ad_operator wrong = {.name = "do\nuble",
                                      .arity = 1,
                                      .shape = ad_same_shape,
                                      .run = double_run,
                                      .vjp = wrong_vjp,
                                      .gradient = "2\x1b[31m dy"};
    const ad_tensor x = PARAM(5, "x");
    NAMED(y, ad_apply1(&wrong, x));
    sweep_watched(y);
    expect_text(explained(y, x), "dy/dx = 3, from 1 place where x is used\n"
                                 "  y = do\\x0auble(x), 1st place:  1 * 3 = 3\n");
    expect_cells(printed(t, NULL), "1", "y", "do\\x0auble", "x", "[]", "10", "1", "3");
    ad_watch(t, AD_OFF);
    ad_backward(y);
    expect_cells(printed(t, NULL), "1", "y", "do\\x0auble", "x", "[]", "10", "not computed", "2\\x1b[31m dy");
}
END_TEST

START_TEST(a_rule_that_gives_nothing)
{
    static const ad_operator silent = {
        .name = "silent", .arity = 1, .shape = ad_same_shape, .run = double_run, .vjp = silent_vjp};
    const ad_tensor x = PARAM(5, "x");
    NAMED(h, ad_apply1(&silent, x));
    NAMED(y, ad_neg(h));
    sweep_watched(y);
    ck_assert_str_eq(why_zero(x),
                     "the gradient of x was not computed: y depends on x, but no part came to it: the sweep "
                     "failed on its way, or a rule gave none\n");
    EXPECT_REFUSED(ad_explain(y, x, shown_open()), AD_NO_GRADIENT, "no part came to it");
    ck_assert_ptr_nonnull(strstr(explained(y, h), "dy/dh was not kept; from 1 place where h is used\n"));
    ck_assert_str_eq(why_zero(h), "the gradient of h is not known: no part came from its call: the sweep failed before "
                                  "it, or its rule gave none\n");
    expect_cells(printed(t, NULL), "k0", "x", "param", "[]", "5", "not computed",
                 "y's gradient does not come to it: ad_why_zero says why");
}
END_TEST

START_TEST(a_numeric_gradient_and_several_results)
{
    const ad_tensor a = PARAM(2, "a"), b = PARAM(3, "b");
    ad_tensor two[2];
    apply_two_results(a, b, two);
    NAMED(y, ad_add(cube_in_numbers(two[0]), two[1]));
    sweep_watched(y);
    expect_text(explained(y, two[0]), "dy/d#1 = 108, from 1 place where #1 is used\n"
                                      "  #4 = numeric_cube(#1), 1st place:  1 * 108 = 108\n");
    const char *text = explained(y, a);
    ck_assert_ptr_nonnull(strstr(text, "dy/da = 325, from 1 place where a is used\n"));
    ck_assert_ptr_nonnull(strstr(text, "(a, b), 1st place:  325\n"));
}
END_TEST

/* ---- Why 0 ------------------------------------------------------------------------------------------------------- */

/* Records y, sweeps, and looks at the reason for x. */
static void expect_reason(int line, ad_tensor y, ad_tensor x, const char *reason)
{
    sweep_watched(ad_name(y, "y"));
    char wanted[400];
    snprintf(wanted, sizeof wanted, "the gradient of x %s\n", reason);
    const char *text = why_zero(x);
    ck_assert_msg(strcmp(text, wanted) == 0, "line %d: %s and not %s", line, text, wanted);
    ck_assert_int_eq(lines_in(text), 1);
    expect_ok(t);
}
#define EXPECT_REASON(y, x, reason) expect_reason(__LINE__, y, x, reason)

START_TEST(reasons_for_0)
{
    const ad_tensor x = PARAM(-2, "x"), v = PARAMS("x", -3, -0.1, 2), none = PARAM(0, "none"), two = PARAM(2, "two");
    EXPECT_REASON(ad_relu(x), x, "is 0: y = relu(x) is flat at -2");
    EXPECT_REASON(ad_sum(ad_mul(ad_name(ad_relu(v), "h"), INPUTS(1, 1, 0))), v,
                  "is 0: h = relu(x) is flat from -3 to -0.1");
    EXPECT_REASON(ad_step(x), x, "is 0: y = step(x) is flat: its slope is 0 wherever it has one");
    EXPECT_REASON(ad_mul(x, none), x, "is 0: its factor none is 0");
    EXPECT_REASON(ad_mul(ad_name(ad_scale(x, 3), "s"), none), x, "is 0: in y = mul(s, none) the factor none is 0");
    EXPECT_REASON(ad_scale(x, 0), x, "is 0: in y = scale(x) the factor is 0");
    EXPECT_REASON(ad_scale(ad_name(ad_scale(x, 1e-200), "s"), 1e-200), x,
                  "is 0: s = scale(x) gives 0 to its 1st place: c dy");
    EXPECT_REASON(ad_sub(x, x), x, "is 0: its 2 parts cancel each other");
    EXPECT_REASON(ad_tanh(ad_name(ad_scale(x, 1000), "s")), x, "is 0: y = tanh(s) is flat at -2000");
    EXPECT_REASON(ad_maximum(x, two), x, "is 0: y = maximum(x, two) gives 0 to its 1st place: dy to the larger");
    EXPECT_REASON(ad_relu(ad_name(ad_relu(x), "h")), x, "is 0: y = relu(h) is flat at 0");
    EXPECT_REASON(ad_square(x), x, "is not 0: -4");
    EXPECT_REASON(ad_sum(ad_relu(v)), v, "is not 0: its norm is 1, and 2 of its 3 elements are 0");
    sweep_watched(ad_square(x));
    ad_backward_with(ad_square(x), &(ad_backward_options){.seed = ad_scalar(t, 0)});
    ck_assert_str_eq(why_zero(x), "the gradient of x is 0: the sweep began with a gradient of 0\n");
}
END_TEST

START_TEST(a_dead_layer)
{
    const ad_tensor x = some_input(t, AD_F64, AD_SHAPE(4, 3), 1), w = some_param(t, AD_F64, AD_SHAPE(3, 2), 2, "x");
    NAMED(h, ad_linear(x, w, PARAMS("b", -99, -99), AD_RELU));
    EXPECT_REASON(ad_sum(h), w, "is 0: h = linear(#1, x, b) is flat: all its units are 0, or dead");
    const ad_tensor zeros = matrix_param("zeros", 3, 2, (const double[6]){0}),
                    a = some_param(t, AD_F64, AD_SHAPE(1, 3), 1, "x");
    EXPECT_REASON(ad_sum(ad_matmul(a, zeros)), a, "is 0: its factor zeros is 0");
}
END_TEST

START_TEST(reasons_for_none)
{
    const ad_tensor x = PARAM(-2, "x"), w = PARAM(1, "w"), input = ad_name(INPUTS(1, 2), "x");
    const ad_tensor state = ad_state(t, AD_F64, AD_SCALAR, NULL, "x"), unused = PARAM(1, "x");
    EXPECT_REASON(ad_square(w), x, "was not computed: y does not depend on x: nothing uses it");
    NAMED(aside, ad_square(x));
    EXPECT_REASON(ad_square(w), x, "was not computed: y does not depend on x");
    NAMED(cut, ad_detach(aside));
    EXPECT_REASON(ad_mul(cut, w), x,
                  "was not computed: y depends on x only through cut = detach(aside), which no gradient passes");
    EXPECT_REASON(ad_mul(ad_cast(ad_name(ad_greater(x, w), "more"), AD_F64), w), x,
                  "was not computed: y depends on x only through more = greater(x, w), which no gradient passes");
    EXPECT_REASON(ad_square(w), input,
                  "was not computed: x is an input, which wants no gradient: ad_variable makes one that does");
    EXPECT_REASON(ad_square(w), state,
                  "was not computed: x is a state, which wants no gradient: ad_param makes a leaf that does");
    EXPECT_REASON(ad_square(w), ad_name(ad_neg(input), "x"), "was not computed: x depends on no parameter or variable");
    EXPECT_REASON(ad_square(w), ad_name(ad_detach(w), "x"), "was not computed: x is a result that no gradient passes");
    ck_assert(!ad_guard_greater(x, w, "larger"));
    EXPECT_REASON(ad_square(w), x,
                  "was not computed: y depends on x only by the choice of the guard larger, which no gradient passes");
    EXPECT_REASON(w, unused, "was not computed: y does not depend on x: nothing uses it");
    const ad_tensor empty = ad_param(t, AD_F64, AD_SHAPE(0), NULL, "x");
    EXPECT_REASON(ad_sum(empty), empty, "has no elements");
}
END_TEST

/* Characters that are written as six make a reason of more than 1000 bytes: it is written whole, or left out. */
START_TEST(the_longest_reason)
{
    static const ad_operator zeros = {
        .name = "zeros", .arity = 6, .shape = ad_same_shape, .run = double_run, .vjp = zeros_vjp, .gradient = "none"};
    char name[3 * 24 + 1] = "";
    for (int i = 0; i < 24; i++)
        strcat(name, "\u202e");
    ad_tensor x[6], y;
    for (int i = 0; i < 6; i++)
        x[i] = PARAM(1, name);
    ad_apply(t, &zeros, x, 6, NULL, &y);
    sweep_watched(ad_name(y, name));
    const char *text = why_zero(x[0]);
    ck_assert_uint_gt(strlen(text), 1000);
    ck_assert_ptr_nonnull(strstr(text, " gives 0 to its 1st place: none\n"));
    const ad_shown shown = ad_write_html(t, path_of("page.html"), NULL);
    ck_assert_msg(shown.status == AD_OK, "%s", shown.message);
    FILE *file = fopen(path_of("page.html"), "rb");
    static char line[1 << 16];
    int n = 0;
    while (fgets(line, sizeof line, file)) {
        const char *sentence = strstr(line, "<p class=\"warn\">The gradient of ");
        ck_assert_ptr_null(strstr(line, " is 0: "));
        n += sentence && strstr(sentence, " is all zero.</p>");
        ck_assert(!sentence || strstr(sentence, ".</p>"));
    }
    fclose(file);
    ck_assert_int_eq(empty_folder(), 1);
    ck_assert_int_eq(n, 5);
}
END_TEST

/* ---- Bad input --------------------------------------------------------------------------------------------------- */

START_TEST(explanations_refused)
{
    small_graph g = record_small_graph();
    const ad_tensor lonely = PARAM(1, "lonely");
    EXPECT_REFUSED(ad_explain(g.y, g.x, shown_open()), AD_BAD_STATE, "explain",
                   "ad_watch(tape, AD_ON) before ad_backward");
    EXPECT_REFUSED(ad_why_zero(g.x, shown_open()), AD_BAD_STATE, "why_zero", "ad_watch(tape, AD_ON)");
    ad_watch(t, AD_ON);
    EXPECT_REFUSED(ad_explain(g.y, g.x, shown_open()), AD_BAD_STATE, "run ad_backward first");
    ad_backward(g.y);
    EXPECT_REFUSED(ad_explain(g.q, g.x, shown_open()), AD_BAD_STATE, "began at y, not at q");
    EXPECT_REFUSED(ad_explain(g.y, lonely, shown_open()), AD_NO_GRADIENT,
                   "y does not depend on lonely: nothing uses it");
    EXPECT_REFUSED(ad_explain((ad_tensor){0}, g.x, shown_open()), AD_BAD_HANDLE, "explain: y is inert");
    EXPECT_REFUSED(ad_explain(g.y, (ad_tensor){.tape = t}, shown_open()), AD_BAD_HANDLE, "explain: x is inert");
    EXPECT_REFUSED(ad_why_zero((ad_tensor){0}, shown_open()), AD_BAD_HANDLE, "why_zero: the tensor is inert");
    expect_shown(ad_explain(g.y, g.x, NULL), AD_BAD_VALUE, "explain: the FILE is NULL");
    expect_shown(ad_why_zero(g.x, NULL), AD_BAD_VALUE, "why_zero: the FILE is NULL");
    ad_tape *other = ad_tape_open(NULL);
    const ad_tensor strange = ad_param(other, AD_F64, AD_SCALAR, NULL, "strange");
    EXPECT_REFUSED(ad_explain(g.y, strange, shown_open()), AD_BAD_HANDLE, "two tapes");
    ck_assert_int_eq(ad_status_of(other), AD_OK);
    ad_tape_close(other);
    ad_reset(t);
    EXPECT_REFUSED(ad_explain(g.y, g.x, shown_open()), AD_BAD_HANDLE, "explain: y is stale", "make it again");
    EXPECT_REFUSED(ad_why_zero(g.y, shown_open()), AD_BAD_HANDLE, "why_zero", "stale");
    expect_ok(t);
}
END_TEST

START_TEST(files_that_cannot_be_written)
{
    const small_graph g = record_small_graph();
    sweep_watched(g.y);
    FILE *full = fopen("/dev/full", "w"), *reading = fopen("/dev/null", "r");
    if (full) {
        expect_shown(ad_explain(g.y, g.x, full), AD_BAD_FILE, "FILE cannot be written");
        expect_shown(ad_why_zero(g.x, full), AD_BAD_FILE, "FILE cannot be written");
        fclose(full);
    }
    expect_shown(ad_explain(g.y, g.x, reading), AD_BAD_FILE, "FILE cannot be written");
    fclose(reading);
}
END_TEST

/* Only the way from x to y is looked for with memory. */
START_TEST(memory_that_is_out)
{
    const small_graph g = record_small_graph();
    const ad_tensor lonely = PARAM(1, "lonely");
    sweep_watched(g.y);
    const size_t bytes = memory.bytes, calls = memory.calls;
    explained(g.y, g.x);
    why_zero(g.x);
    ck_assert_uint_eq(memory.calls, calls);
    counting_fail(&memory, 1, COUNTING_FOR_GOOD);
    EXPECT_REFUSED(ad_why_zero(lonely, shown_open()), AD_NO_MEMORY, "why_zero: ", "out of memory");
    EXPECT_REFUSED(ad_explain(g.y, lonely, shown_open()), AD_NO_MEMORY, "explain: ", "out of memory");
    counting_heal(&memory);
    why_zero(lonely);
    ck_assert_uint_eq(memory.calls, 1);
    ck_assert_uint_eq(memory.bytes, bytes);
    expect_ok(t);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, a_sum_over_uses);
    tcase_add_test(tests, products_of_matrices);
    tcase_add_loop_test(tests, terms_of_every_product, 0, 8);
    tcase_add_loop_test(tests, terms_of_every_activation, 0, AD_ACTIVATION_COUNT);
    tcase_add_test(tests, what_cannot_be_said_in_products);
    tcase_add_test(tests, explained_after_a_descent);
    tcase_add_test(tests, seeds_and_sweeps_before);
    tcase_add_test(tests, zeros_of_the_last_sweep);
    tcase_add_test(tests, two_losses);
    tcase_add_test(tests, small_batches);
    tcase_add_test(tests, many_places_are_folded);
    tcase_add_test(tests, lines_stay_within_100_columns);
    tcase_add_test(tests, a_sweep_that_failed);
    tcase_add_test(tests, reasons_after_a_sweep_that_failed);
    tcase_add_test(tests, the_root_of_a_sweep_that_failed);
    tcase_add_test(tests, after_a_replay);
    tcase_add_loop_test(tests, every_row, 0, 2);
    tcase_add_test(tests, a_wrong_rule_shows_the_wrong_number);
    tcase_add_test(tests, a_rule_that_gives_nothing);
    tcase_add_test(tests, a_numeric_gradient_and_several_results);
    tcase_add_test(tests, reasons_for_0);
    tcase_add_test(tests, a_dead_layer);
    tcase_add_test(tests, reasons_for_none);
    tcase_add_test(tests, the_longest_reason);
    tcase_add_test(tests, explanations_refused);
    tcase_add_test(tests, files_that_cannot_be_written);
    tcase_add_test(tests, memory_that_is_out);
}

int main(void) { return run_in_one_folder("explain", add_tests); }
