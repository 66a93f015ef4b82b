/* Curves of activations: values and derivatives against closed forms, at many points. */
#include "../../inspect/curves.h"

#include <math.h>
#include <string.h>

#include <gradtape/gradtape.h>

#include "../support/counting.h"
#include "../support/one_tape.h"

enum { POINTS = 1601 };

static const double ends[2] = {-8, 8};
static double values[POINTS], derivatives[POINTS];

/* ---- Closed forms ------------------------------------------------------------------------------------------------ */

static double s(double z) { return 1 / (1 + exp(-z)); }
static double normal(double z) { return erfc(-z / sqrt(2)) / 2; }
static double density(double z) { return exp(-z * z / 2) / sqrt(2 * acos(-1)); }

#define SCALE 1.0507009873554804934193349852946
#define ALPHA 1.6732632423543772848170429916717

#define FORM(name, f, df)                                                                                              \
    static double name##_value(double z) { return f; }                                                                 \
    static double name##_slope(double z) { return df; }
FORM(step, z >= 0 ? 1 : 0, 0 * z)
FORM(logistic, s(z), s(z) * s(-z))
FORM(tanh, (exp(2 * z) - 1) / (exp(2 * z) + 1), 1 / (cosh(z) * cosh(z)))
FORM(relu, z > 0 ? z : 0, z > 0 ? 1 : 0)
FORM(softplus, log1p(exp(z)), s(z))
FORM(elu, z > 0 ? z : expm1(z), z > 0 ? 1 : exp(z))
FORM(gelu, z *normal(z), normal(z) + z * density(z))
FORM(silu, z *s(z), s(z) + z * s(z) * s(-z))
FORM(selu, z > 0 ? SCALE * z : SCALE * ALPHA * expm1(z), z > 0 ? SCALE : SCALE * ALPHA * exp(z))
FORM(leaky_relu, z > 0 ? z : 0.01 * z, z > 0 ? 1 : 0.01)
FORM(hardtanh, z<-1 ? -1 : z> 1 ? 1 : z, z<-1 || z> 1 ? 0 : 1)
FORM(log_logistic, -log1p(exp(-z)), s(-z))
FORM(identity, z, 1 + 0 * z)

#define ROW(name)                                                                                                      \
    {                                                                                                                  \
#name, name##_value, name##_slope                                                                              \
    }
static const struct form {
    const char *name;
    double (*value)(double), (*slope)(double);
} forms[] = {ROW(step), ROW(logistic), ROW(tanh),       ROW(relu),     ROW(softplus),     ROW(elu),     ROW(gelu),
             ROW(silu), ROW(selu),     ROW(leaky_relu), ROW(hardtanh), ROW(log_logistic), ROW(identity)};
enum { FORMS = sizeof forms / sizeof forms[0] };

static void expect_near(const char *name, double z, double found, double wanted)
{
    ck_assert_msg(fabs(found - wanted) <= 1e-12 * fmax(1, fabs(wanted)), "%s at %g: %.17g, not %.17g", name, z, found,
                  wanted);
}

START_TEST(closed_forms)
{
    const ad_curve *curve = ad_curve_named(forms[_i].name);
    ck_assert(curve && curve == ad_curve_at((size_t)_i) && !ad_curve_at(FORMS));
    ck_assert_int_eq(ad_compute_curve_on_grid(curve, curve->attribute, NULL, ends, POINTS, values, derivatives), AD_OK);
    for (size_t i = 0; i < POINTS; i++) {
        const double z = ad_grid_point(ends, POINTS, i);
        expect_near(curve->name, z, values[i], forms[_i].value(z));
        expect_near(curve->name, z, derivatives[i], forms[_i].slope(z));
    }
}
END_TEST

/* Where a curve jumps, the table says so, and nowhere else does it. */
START_TEST(breaks)
{
    const ad_curve *curve = ad_curve_at((size_t)_i);
    ck_assert_int_eq(ad_compute_curve_on_grid(curve, curve->attribute, NULL, ends, POINTS, values, derivatives), AD_OK);
    for (size_t i = 1; i < POINTS; i++) {
        bool is_break = false;
        for (int k = 0; k < curve->n_breaks; k++)
            is_break |= fabs(ad_grid_point(ends, POINTS, i) - curve->breaks[k]) < 0.0101;
        const bool jumps = fabs(values[i] - values[i - 1]) > 0.02 || fabs(derivatives[i] - derivatives[i - 1]) > 0.02;
        ck_assert_msg(is_break || !jumps, "%s jumps near %g", curve->name, ad_grid_point(ends, POINTS, i));
    }
    for (int k = 0; k < curve->n_breaks; k++) {
        const double z[] = {curve->breaks[k] - 1e-9, curve->breaks[k] + 1e-9};
        double y[2], dy[2];
        ck_assert_int_eq(ad_compute_curve(curve, curve->attribute, NULL, z, 2, y, dy), AD_OK);
        ck_assert_msg(fabs(y[1] - y[0]) > 0.1 || fabs(dy[1] - dy[0]) > 0.1, "%s does not jump", curve->name);
    }
}
END_TEST

/* No value lies outside of those at the ends, and no derivative is larger than the one that is called the largest. */
START_TEST(extremes)
{
    const ad_curve *curve = ad_curve_at((size_t)_i);
    const double z[] = {curve->ends[0], curve->ends[1], curve->steepest};
    double y[3], dy[3], largest = -INFINITY, low = INFINITY, high = -INFINITY;
    ck_assert_int_eq(ad_compute_curve(curve, curve->attribute, NULL, z, 3, y, dy), AD_OK);
    ck_assert_int_eq(
        ad_compute_curve_on_grid(curve, curve->attribute, NULL, (double[]){-40, 40}, POINTS, values, derivatives),
        AD_OK);
    for (size_t i = 0; i < POINTS; i++) {
        low = fmin(low, values[i]);
        high = fmax(high, values[i]);
        largest = fmax(largest, derivatives[i]);
    }
    ck_assert_msg(y[0] <= low && (isinf(y[0]) || y[0] > low - 1e-3), "%s is %g, from %g", curve->name, low, y[0]);
    ck_assert_msg(y[1] >= high && (isinf(y[1]) || y[1] < high + 1e-3), "%s is %g, to %g", curve->name, high, y[1]);
    ck_assert_msg(dy[2] >= largest && dy[2] < largest + 1e-3, "the derivative of %s is %.17g, at most %.17g",
                  curve->name, largest, dy[2]);
}
END_TEST

static void expect_formula(ad_ink ink, const char *formula, double attribute, const char *wanted)
{
    char text[200];
    ad_sink sink = ad_sink_into(text, sizeof text);
    ad_put_curve_formula(&sink, ink, formula, attribute);
    ck_assert_str_eq(text, wanted);
}

START_TEST(formulas)
{
    const char *const logistic = ad_curve_named("logistic")->value, *const leaky = ad_curve_named("leaky_relu")->value;
    expect_formula(AD_INK_TEXT, logistic, 0, "1 / (1 + e^-z)");
    expect_formula(AD_INK_HTML, logistic, 0, "1 / (1 + e<sup>\xe2\x88\x92z</sup>)");
    expect_formula(AD_INK_HTML, "1 - y^2", 0, "1 \xe2\x88\x92 y<sup>2</sup>");
    expect_formula(AD_INK_HTML, "e^z - 1 < z <= 2 > z >= 0", 0,
                   "e<sup>z</sup> \xe2\x88\x92 1 &lt; z \xe2\x89\xa4 2 &gt; z \xe2\x89\xa5 0");
    expect_formula(AD_INK_TEXT, leaky, 0.25, "z where z > 0, else 0.25 z");
    expect_formula(AD_INK_HTML, leaky, 0.25, "z where z &gt; 0, else 0.25 z");
    expect_formula(AD_INK_TEXT, leaky, -0.25, "z where z > 0, else -0.25 z");
    expect_formula(AD_INK_HTML, leaky, -0.25,
                   "z where z &gt; 0, else \xe2\x88\x92"
                   "0.25 z");
}
END_TEST

START_TEST(grids)
{
    double y[3], dy[3];
    ck_assert_int_eq(ad_compute_curve_on_grid(ad_curve_named("identity"), 1, NULL, (double[]){-1, 2}, 3, y, dy), AD_OK);
    ck_assert(y[0] == -1 && y[1] == 0.5 && y[2] == 2 && dy[0] == 1);
    ck_assert_int_eq(ad_compute_curve_on_grid(ad_curve_named("step"), 0, NULL, (double[]){0, 9}, 1, y, dy), AD_OK);
    ck_assert(y[0] == 1 && dy[0] == 0 && y[1] == 0.5);
    ck_assert_int_eq(ad_compute_curve(ad_curve_named("leaky_relu"), 0.3, NULL, (double[]){-2}, 1, y, dy), AD_OK);
    ck_assert(y[0] == 0.3 * -2 && dy[0] == 0.3);
}
END_TEST

/* ---- Of a tensor ------------------------------------------------------------------------------------------------- */

static void own_run(ad_call *c) { ((double *)c->y[0]->data)[0] = ((const double *)c->x[0]->data)[0]; }
static const ad_operator own_step = {
    .name = "step", .arity = 1, .shape = ad_same_shape, .run = own_run, .properties = AD_NOT_DIFFERENTIABLE};

START_TEST(of_tensors)
{
    const ad_tensor x = ad_variable(t, AD_F64, AD_SHAPE(1, 1), &(double){2});
    const ad_tensor b = ad_variable(t, AD_F64, AD_SHAPE(1), NULL), x0 = ad_variable(t, AD_F64, AD_SCALAR, NULL);
    double a = -1;
    ck_assert(ad_curve_of(ad_tanh(x), &a) == ad_curve_named("tanh") && a == 0);
    ck_assert(ad_curve_of(ad_leaky_relu(x, 0.2), &a) == ad_curve_named("leaky_relu") && a == 0.2);
    ck_assert(ad_curve_of(ad_linear(x, x, b, AD_ELU), &a) == ad_curve_named("elu") && a == 0);
    ck_assert(ad_curve_of(ad_linear(x, x, b, AD_IDENTITY), &a) == ad_curve_named("identity") && a == 1);
    ck_assert(ad_curve_of(ad_linear(x, x, b, AD_ACTIVATION_DEFAULT), &a) == ad_curve_named("identity"));
    ck_assert(!ad_curve_of(x, &a) && !ad_curve_of(ad_mul(x, x), &a) && !ad_curve_of(ad_scale(x, 1), &a));
    ck_assert(!ad_curve_of(ad_apply1(&own_step, x0), &a));
    ck_assert_int_eq(ad_status_of(t), AD_OK);
}
END_TEST

/* Each activation that a layer can apply has a row, and a number that is none gives that of identity. */
START_TEST(of_layers)
{
    static const char *const names[AD_ACTIVATION_COUNT + 1] = {"identity", "relu", "tanh",     "logistic",
                                                               "softplus", "elu",  "identity", "identity"};
    for (int i = 0; i <= AD_ACTIVATION_COUNT; i++)
        ck_assert_str_eq(ad_curve_of_layer((ad_activation)i)->name, names[i]);
    ck_assert_str_eq(ad_curve_of_layer((ad_activation)1000)->name, "identity");
}
END_TEST

START_TEST(by_products)
{
    const ad_tensor x = ad_variable(t, AD_F64, AD_SHAPE(1, 1), &(double){2});
    ad_linear(x, x, ad_variable(t, AD_F64, AD_SHAPE(1), NULL), AD_TANH);
    double a;
    const ad_tensor last = ad_recorded_at(t, ad_entry_count(t) - 1);
    ck_assert_int_eq(ad_result_number(last), 1);
    ck_assert(!ad_curve_of(last, &a) && ad_curve_of(ad_recorded_at(t, ad_entry_count(t) - 2), &a));
}
END_TEST

START_TEST(memory_out)
{
    counting own;
    size_t refused = 0;
    double y[9], dy[9];
    for (ad_status status = AD_NO_MEMORY; status != AD_OK; refused++) {
        counting_open(&own);
        counting_fail(&own, refused + 1, COUNTING_FOR_GOOD);
        status = ad_compute_curve_on_grid(ad_curve_at((size_t)_i), 1, &own.allocator, ends, 9, y, dy);
        ck_assert(status == AD_OK || status == AD_NO_MEMORY);
        counting_check_released(&own);
    }
    ck_assert_uint_gt(refused, 2);
    counting_print_refused(refused - 1, "curves of activations");
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, closed_forms, 0, FORMS);
    tcase_add_loop_test(tests, breaks, 0, FORMS);
    tcase_add_loop_test(tests, memory_out, 0, FORMS);
    tcase_add_loop_test(tests, extremes, 0, FORMS);
    tcase_add_test(tests, formulas);
    tcase_add_test(tests, grids);
    tcase_add_test(tests, of_tensors);
    tcase_add_test(tests, of_layers);
    tcase_add_test(tests, by_products);
}

int main(void) { return run_on_one_tape("curves", add_tests); }
