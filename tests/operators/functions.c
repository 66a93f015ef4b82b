/* Elementary and special functions through their public functions: values worked out by hand, conventions at kinks,
 * edges and poles at both orders, and what is refused. */
#include <math.h>
#include <string.h>

#include <gradtape/operators/backward.h>

#include "../support/one_tape.h"

#define PI 3.14159265358979323846

static bool is_close(double got, double want, double relative)
{
    if (isnan(want) || isinf(want) || want == 0)
        return isnan(want) ? isnan(got) : got == want;
    return fabs(got - want) <= relative * fabs(want);
}

static void assert_close(const char *what, double got, double want, double relative)
{
    ck_assert_msg(is_close(got, want, relative), "%s is %.17g, not %.17g", what, got, want);
}

/* ---- Values ------------------------------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    ad_tensor (*of)(ad_tensor x);
    double x, y;
} values[] = {
    {"sin", ad_sin, PI / 6, 0.5},
    {"sin", ad_sin, 1e22, -0.85220084976718880},
    {"sin", ad_sin, INFINITY, NAN},
    {"cos", ad_cos, PI / 3, 0.5},
    {"tan", ad_tan, PI / 4, 1},
    {"tan", ad_tan, 0x1p-1074, 0x1p-1074},
    {"asin", ad_asin, 0.5, PI / 6},
    {"asin", ad_asin, 1.5, NAN},
    {"acos", ad_acos, 0.5, PI / 3},
    {"acos", ad_acos, 1, 0},
    {"atan", ad_atan, -INFINITY, -PI / 2},
    {"sinh", ad_sinh, 710.25, 1.4342530302495123e308},
    {"cosh", ad_cosh, 0, 1},
    {"cosh", ad_cosh, -710.25, 1.4342530302495123e308},
    {"asinh", ad_asinh, 1e200, 461.21016577936910},
    {"asinh", ad_asinh, 0x1p-1074, 0x1p-1074},
    {"acosh", ad_acosh, 1, 0},
    {"acosh", ad_acosh, 1e200, 461.21016577936910},
    {"acosh", ad_acosh, 0.5, NAN},
    {"atanh", ad_atanh, 1, INFINITY},
    {"atanh", ad_atanh, 1.5, NAN},
    {"expm1", ad_expm1, 1e-20, 1e-20},
    {"exp2", ad_exp2, 10, 1024},
    {"exp2", ad_exp2, -1074, 0x1p-1074},
    {"log1p", ad_log1p, 1e-20, 1e-20},
    {"log1p", ad_log1p, 1.5e308, 709.60167375027424},
    {"log1p", ad_log1p, -1, -INFINITY},
    {"log2", ad_log2, 1024, 10},
    {"log10", ad_log10, 1000, 3},
    {"log10", ad_log10, -1, NAN},
    {"reciprocal", ad_reciprocal, 4, 0.25},
    {"reciprocal", ad_reciprocal, -0.0, -INFINITY},
    {"rsqrt", ad_rsqrt, 4, 0.5},
    {"rsqrt", ad_rsqrt, 0, INFINITY},
    {"cbrt", ad_cbrt, -27, -3},
    {"erf", ad_erf, 0.5, 0.52049987781304654},
    {"erf", ad_erf, INFINITY, 1},
    {"erfc", ad_erfc, 10, 2.0884875837625448e-45},
    {"lgamma", ad_lgamma, 5, 3.1780538303479456},
    {"lgamma", ad_lgamma, -0.5, 1.2655121234846454},
    {"lgamma", ad_lgamma, -1, INFINITY},
    {"digamma", ad_digamma, 0, -INFINITY},
    {"digamma", ad_digamma, -0.0, INFINITY},
    {"digamma", ad_digamma, -1, NAN},
    {"digamma", ad_digamma, -INFINITY, NAN},
    {"digamma", ad_digamma, INFINITY, INFINITY},
    {"digamma", ad_digamma, NAN, NAN},
};

/* One element goes another way than several. */
START_TEST(values_of_one_operand)
{
    const double x[] = {values[_i].x, values[_i].x, values[_i].x, values[_i].x, values[_i].x};
    const ad_tensor many = values[_i].of(ad_input(t, AD_F64, AD_SHAPE(5), x));
    assert_close(values[_i].name, ad_item(values[_i].of(ad_input(t, AD_F64, AD_SCALAR, x))), values[_i].y, 1e-15);
    expect_ok(t);
    for (int i = 0; i < 5; i++)
        assert_close(values[_i].name, ad_f64(many)[i], values[_i].y, 1e-15);
}
END_TEST

static ad_tensor trunc_quotient(ad_tensor a, ad_tensor b) { return ad_mul_trunc_quotient(ad_scalar(t, 1), a, b); }

static const struct {
    const char *name;
    ad_tensor (*of)(ad_tensor a, ad_tensor b);
    double a, b, y;
} values2[] = {
    {"atan2", ad_atan2, 1, -1, 3 * PI / 4},
    {"atan2", ad_atan2, 0, -1, PI},
    {"atan2", ad_atan2, 0, 0, 0},
    {"pow", ad_pow, 2, 10, 1024},
    {"pow", ad_pow, -2, 3, -8},
    {"pow", ad_pow, -2, 0.5, NAN},
    {"pow", ad_pow, 1, NAN, 1},
    {"pow", ad_pow, NAN, 0, 1},
    {"pow", ad_pow, 0, 0, 1},
    {"pow", ad_pow, 0, -1, INFINITY},
    {"pow", ad_pow, 0x1.fffffffffffffp1023, 1, 0x1.fffffffffffffp1023},
    {"hypot", ad_hypot, 3, -4, 5},
    {"hypot", ad_hypot, 3e300, 4e300, 5e300},
    {"hypot", ad_hypot, -INFINITY, NAN, INFINITY},
    {"fmod", ad_fmod, -7, 3, -1},
    {"fmod", ad_fmod, 7, -3, 1},
    {"fmod", ad_fmod, 7, INFINITY, 7},
    {"fmod", ad_fmod, 7, 0, NAN},
    {"logaddexp", ad_logaddexp, 0, 0, 0.69314718055994531},
    {"logaddexp", ad_logaddexp, 1000, 1000, 1000.6931471805599},
    {"logaddexp", ad_logaddexp, -INFINITY, -INFINITY, -INFINITY},
    {"logaddexp", ad_logaddexp, -INFINITY, 2, 2},
    {"logaddexp", ad_logaddexp, INFINITY, INFINITY, INFINITY},
    {"logaddexp", ad_logaddexp, NAN, INFINITY, NAN},
    {"divide_or_zero", ad_divide_or_zero, 3, 2, 1.5},
    {"divide_or_zero", ad_divide_or_zero, NAN, 0, 0},
    {"divide_or_zero", ad_divide_or_zero, 1, NAN, NAN},
    {"sub_logs", ad_sub_logs, -INFINITY, -INFINITY, -INFINITY},
    {"sub_logs", ad_sub_logs, INFINITY, INFINITY, 0},
    {"sub_logs", ad_sub_logs, INFINITY, 1, INFINITY},
    {"sub_logs", ad_sub_logs, NAN, INFINITY, NAN},
    {"mul_trunc_quotient", trunc_quotient, -7, 2, -3},
    {"mul_trunc_quotient", trunc_quotient, 6 - 0x1p-50, 0x1.8p1, 1},
    {"mul_trunc_quotient", trunc_quotient, 1, 0.1, 9}, /* 0.1 is more than a tenth: 1 / 0.1 is rounded to 10 */
};

START_TEST(values_of_two_operands)
{
    const double a[] = {values2[_i].a, values2[_i].a, values2[_i].a, values2[_i].a, values2[_i].a};
    const double b[] = {values2[_i].b, values2[_i].b, values2[_i].b, values2[_i].b, values2[_i].b};
    const ad_tensor one_a = ad_input(t, AD_F64, AD_SCALAR, a), one_b = ad_input(t, AD_F64, AD_SCALAR, b);
    const ad_tensor x = ad_input(t, AD_F64, AD_SHAPE(5), a), y = ad_input(t, AD_F64, AD_SHAPE(5), b);
    const ad_tensor results[] = {values2[_i].of(x, y), values2[_i].of(x, one_b), values2[_i].of(one_a, y)};
    assert_close(values2[_i].name, ad_item(values2[_i].of(one_a, one_b)), values2[_i].y, 1e-15);
    expect_ok(t);
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < 5; i++)
            assert_close(values2[_i].name, ad_f64(results[k])[i], values2[_i].y, 1e-15);
}
END_TEST

/* ---- Gamma's derivatives ----------------------------------------------------------------------------------------- */

/* From mpmath 1.3 with 40 digits. `loss` is how many times 1e-14 is allowed: near zeros, and for large n. */
static const struct {
    int n;
    double x, y, loss;
} polygammas[] = {
    {0, 1, -0.57721566490153286061, 1},
    {0, 0.5, -1.9635100260214234794, 1},
    {0, 1e-5, -100000.57719921567289, 1},
    {0, 2.5, 0.70315664064524318723, 1},
    {0, 10.25, 2.2777047906867239693, 1},
    {0, 1e6, 13.815510057964190771, 1},
    {0, -0.5, 0.036489973978576520559, 5},
    {0, -1.75, -2.3226916286143606462, 1},
    {0, -100.25, 7.7542389592086454484, 1},
    {0, -12345.125, 17.005532620303801875, 1},
    {0, -1e-3, 999.42113819789133376, 1},
    {0, 1e300, 690.77552789821370521, 1},
    {1, 1, PI *PI / 6, 1},
    {1, 0.5, PI *PI / 2, 1},
    {1, 1e-5, 10000000001.64490839, 1},
    {1, 10.25, 0.1024745215179918668, 1},
    {1, 1e6, 1.0000005000001666667e-6, 1},
    {1, -0.5, 8.9348022005446793094, 1},
    {1, -100.25, 19.729283325349363344, 1},
    {1, -12345.125, 67.393793402558620349, 1},
    {1, -1e-3, 1000001.6473414317354, 1},
    {1, 1e300, 1e-300, 1},
    {1, INFINITY, 0, 1},
    {1, 0, INFINITY, 1},
    {1, -3, INFINITY, 1},
    {1, -INFINITY, NAN, 1},
    {1, NAN, NAN, 1},
    {2, 1, -2.4041138063191885708, 1},
    {2, 2.5, -0.236204051641727403, 1},
    {2, -2.5, -0.108204051641727403, 1},
    {2, -1.75, -124.21382135423058192, 1},
    {2, -12345.125, 1022.2943908779076522, 1},
    {2, 0, -INFINITY, 1},
    {2, -0.0, INFINITY, 1},
    {2, -3, NAN, 1},
    {2, INFINITY, 0, 1},
    {3, 1, 6.4939394022668291491, 1},
    {3, -1.75, 1558.3848404165495264, 1},
    {3, -0.5, 193.40909103400243724, 1},
    {4, -0.5, -3.4742498266672251905, 1},
    {5, -1000.375, 45190.029310609182971, 1},
    {20, 1, -2432903168507861321.7, 1},
    {20, 0.1, -2.4329020081766371639e+39, 1},
    {20, 1e-14, -INFINITY, 1},
    {20, 2.5, -10709198259.124132459, 1},
    {20, 10.25, -0.0016963998956001784384, 1},
    {20, 1e14, -1.2164510040884416451e-263, 1},
    {20, -7.125, 2.2439560350624250464e+37, 1},
    {21, -7.125, 3.7698461389048740857e+39, 1},
    {50, 3.5, -5.440086301325621684e+36, 1},
    {170, 1.5, -5.6127628949062966701e+276, 2},
    {170, 400.5, -1.8916996110203958881e-138, 2},
    {171, 2, 2.0730933141653131499e+257, 2},
    {200, 80, -2.5895712924264639208e-8, 100},
    {1000, 700, -6.0328895703008374612e-281, 1000},
    {1000, 400, -9.5463286602289093521e-38, 1000},
    {171, -0.25, INFINITY, 1},
    {172, -0.25, INFINITY, 1},
    {172, -0.75, -INFINITY, 1},
    {1000000000, 0.5, -INFINITY, 1},
    {1000000000, 2e9, 0, 1},
};

START_TEST(polygamma_values)
{
    const int n = polygammas[_i].n;
    const double y = polygammas[_i].y;
    const float narrow = (float)polygammas[_i].x;
    const ad_tensor x = ad_input(t, AD_F64, AD_SCALAR, &polygammas[_i].x);
    const ad_tensor f = ad_input(t, AD_F32, AD_SCALAR, &narrow);
    assert_close("polygamma", ad_item(ad_polygamma(x, n)), y, 1e-14 * polygammas[_i].loss);
    if (n == 0)
        assert_close("digamma", ad_item(ad_digamma(x)), y, 1e-14 * polygammas[_i].loss);
    if ((double)narrow == polygammas[_i].x)
        assert_close("polygamma of f32", ad_item(ad_polygamma(f, n)), (double)(float)y, 1.2e-7);
    expect_ok(t);
}
END_TEST

START_TEST(polygamma_refuses_negative_orders)
{
    const ad_tensor x = ad_input(t, AD_F64, AD_SCALAR, &(double){2});
    ck_assert(ad_is_inert(ad_polygamma(x, -1)));
    expect_error(t, AD_BAD_VALUE, "polygamma: n is -1: it counts derivatives of digamma and must be 0 to 2^53");
}
END_TEST

/* ---- Gradients at kinks and edges -------------------------------------------------------------------------------- */

/* y = f(a, b) at one point: first and second derivatives. */
typedef struct derivatives {
    double a, b, aa, ab, ba, bb;
} derivatives;

static double gradient_or_zero(ad_tensor x) { return ad_has_gradient(x) ? ad_item(ad_gradient(x)) : 0; }

/* The derivatives of a gradient that was recorded; 0 if it depends on nothing. */
static void second(ad_tensor gradient, ad_tensor a, ad_tensor b, double *by_a, double *by_b)
{
    const bool constant = ad_backward(gradient) == AD_BAD_STATE && strstr(ad_message(t), "depends on no parameter");
    if (constant)
        ad_clear_error(t);
    *by_a = constant ? 0 : gradient_or_zero(a);
    *by_b = constant ? 0 : gradient_or_zero(b);
}

static derivatives differentiate(ad_tensor (*of)(ad_tensor a, ad_tensor b), double a_value, double b_value)
{
    derivatives d;
    const ad_tensor a = ad_variable(t, AD_F64, AD_SCALAR, &a_value), b = ad_variable(t, AD_F64, AD_SCALAR, &b_value);
    ad_backward_with(of(a, b), &(ad_backward_options){.differentiable = true});
    const ad_tensor da = ad_gradient(a), db = ad_gradient(b);
    d.a = ad_item(da);
    d.b = ad_item(db);
    second(da, a, b, &d.aa, &d.ab);
    second(db, a, b, &d.ba, &d.bb);
    expect_ok(t);
    return d;
}

#define LN2 0.69314718055994530942

static const struct {
    const char *name;
    ad_tensor (*of)(ad_tensor a, ad_tensor b);
    double a, b;
    derivatives want;
} edges[] = {
    {"pow at 2, 0", ad_pow, 2, 0, {0, LN2, 0, 0.5, 0.5, LN2 *LN2}},
    {"pow at 0, 1", ad_pow, 0, 1, {1, 0, 0, 1, 1, 0}},
    {"pow at 0, 2", ad_pow, 0, 2, {0, 0, 2, 0, 0, 0}},
    {"pow at 0, 3", ad_pow, 0, 3, {0, 0, 0, 0, 0, 0}},
    {"pow at 0, 2.5", ad_pow, 0, 2.5, {0, 0, 0, 0, 0, 0}},
    {"pow at 0, 0", ad_pow, 0, 0, {0, 0, 0, INFINITY, INFINITY, 0}},
    {"pow at -2, 3", ad_pow, -2, 3, {12, NAN, -12, NAN, NAN, NAN}},
    {"pow at -2, 0", ad_pow, -2, 0, {0, NAN, 0, -0.5, -0.5, NAN}},
    {"pow at inf, -1", ad_pow, INFINITY, -1, {0, 0, 0, 0, 0, 0}},
    {"pow at inf, 0", ad_pow, INFINITY, 0, {0, INFINITY, 0, 0, 0, INFINITY}},
    {"hypot at 0, 0", ad_hypot, 0, 0, {0, 0, 0, 0, 0, 0}},
    {"hypot at 3, 0", ad_hypot, 3, 0, {1, 0, 0, 0, 0, 1.0 / 3}},
    {"hypot at 3e300, 4e300", ad_hypot, 3e300, 4e300, {0.6, 0.8, 1.28e-301, -9.6e-302, -9.6e-302, 7.2e-302}},
    {"hypot at 3e-300, 4e-300", ad_hypot, 3e-300, 4e-300, {0.6, 0.8, 1.28e299, -9.6e298, -9.6e298, 7.2e298}},
    {"atan2 at 0, 0", ad_atan2, 0, 0, {0, 0, 0, 0, 0, 0}},
    {"atan2 at 0, 2", ad_atan2, 0, 2, {0.5, 0, 0, -0.25, -0.25, 0}},
    {"atan2 at 3e200, 4e200", ad_atan2, 3e200, 4e200, {1.6e-201, -1.2e-201, 0, 0, 0, 0}},
    {"atan2 at 3e-100, 4e-100", ad_atan2, 3e-100, 4e-100, {1.6e99, -1.2e99, -3.84e198, -1.12e198, -1.12e198, 3.84e198}},
    {"logaddexp at -inf, -inf", ad_logaddexp, -INFINITY, -INFINITY, {0, 0, 0, 0, 0, 0}},
    {"logaddexp at inf, inf", ad_logaddexp, INFINITY, INFINITY, {0.5, 0.5, 0.25, -0.25, -0.25, 0.25}},
    {"logaddexp at inf, 1", ad_logaddexp, INFINITY, 1, {1, 0, 0, 0, 0, 0}},
    {"logaddexp at 1, -inf", ad_logaddexp, 1, -INFINITY, {1, 0, 0, 0, 0, 0}},
    {"logaddexp at 2^40, 2^40", ad_logaddexp, 0x1p40, 0x1p40, {0.5, 0.5, 0.25, -0.25, -0.25, 0.25}},
    /* From mpmath at 60 digits: the Hessian is s(a - b) s(b - a) [[1, -1], [-1, 1]], s(x) = 1 / (1 + e^-x). */
    {"logaddexp at 0, 10",
     ad_logaddexp,
     0,
     10,
     {4.5397868702434395e-5, 0.99995460213129757, 4.5395807735951671e-5, -4.5395807735951671e-5, -4.5395807735951671e-5,
      4.5395807735951671e-5}},
    {"logaddexp at 20, 0",
     ad_logaddexp,
     20,
     0,
     {0.99999999793884638, 2.0611536181902036e-9, 2.0611536139418493e-9, -2.0611536139418493e-9, -2.0611536139418493e-9,
      2.0611536139418493e-9}},
    {"logaddexp at -30, 10",
     ad_logaddexp,
     -30,
     10,
     {4.248354255291589e-18, 1.0, 4.248354255291589e-18, -4.248354255291589e-18, -4.248354255291589e-18,
      4.248354255291589e-18}},
    {"logaddexp at 40.5, -10",
     ad_logaddexp,
     40.5,
     -10,
     {1.0, 1.1698459177061965e-22, 1.1698459177061965e-22, -1.1698459177061965e-22, -1.1698459177061965e-22,
      1.1698459177061965e-22}},
    {"logaddexp at 0, 700",
     ad_logaddexp,
     0,
     700,
     {9.8596765437597709e-305, 1.0, 9.8596765437597709e-305, -9.8596765437597709e-305, -9.8596765437597709e-305,
      9.8596765437597709e-305}},
    {"fmod at 5.5, -2", ad_fmod, 5.5, -2, {1, 2, 0, 0, 0, 0}},
    {"fmod at 1, 0.1", ad_fmod, 1, 0.1, {1, -9, 0, 0, 0, 0}},
    {"fmod at 7, inf", ad_fmod, 7, INFINITY, {1, 0, 0, 0, 0, 0}},
};

START_TEST(gradients_at_edges)
{
    const derivatives d = differentiate(edges[_i].of, edges[_i].a, edges[_i].b), *w = &edges[_i].want;
    const double got[] = {d.a, d.b, d.aa, d.ab, d.ba, d.bb}, want[] = {w->a, w->b, w->aa, w->ab, w->ba, w->bb};
    static const char *const names[] = {"da", "db", "daa", "dab", "dba", "dbb"};
    for (int k = 0; k < 6; k++)
        ck_assert_msg(is_close(got[k], want[k], 1e-14), "%s: %s is %.17g, not %.17g", edges[_i].name, names[k], got[k],
                      want[k]);
}
END_TEST

/* Gradients of one operand where the plain formula would overflow, cancel or divide by 0. */
static const struct {
    const char *name;
    ad_tensor (*of)(ad_tensor x);
    double x, dx;
} slopes[] = {
    {"asinh", ad_asinh, 1e200, 1e-200},
    {"asinh", ad_asinh, 0, 1},
    {"acosh", ad_acosh, 1e200, 1e-200},
    {"acosh", ad_acosh, 1, INFINITY},
    {"asin", ad_asin, 1 - 0x1p-40, 0x1p20 / 1.41421356237277880},
    {"asin", ad_asin, 1, INFINITY},
    {"acos", ad_acos, -1, -INFINITY},
    {"atan", ad_atan, 1e200, 0},
    {"atanh", ad_atanh, 1 - 0x1p-40, 0x1p39 / (1 - 0x1p-41)},
    {"expm1", ad_expm1, -40, 4.2483542552915890e-18},
    {"exp2", ad_exp2, 3, 8 * LN2},
    {"log2", ad_log2, 1, 1 / LN2},
    {"cbrt", ad_cbrt, 0, INFINITY},
    {"cbrt", ad_cbrt, -8, 1.0 / 12},
    {"rsqrt", ad_rsqrt, INFINITY, 0},
    {"reciprocal", ad_reciprocal, -2, -0.25},
    {"erf", ad_erf, 1e200, 0},
    {"erfc", ad_erfc, 5, -1.5670866531017333e-11},
    {"lgamma", ad_lgamma, -1.5, 0.70315664064524318723},
    {"digamma", ad_digamma, 1, PI *PI / 6},
};

START_TEST(gradients_of_one_operand)
{
    const ad_tensor x = ad_variable(t, AD_F64, AD_SCALAR, &slopes[_i].x);
    ad_backward(slopes[_i].of(x));
    expect_ok(t);
    assert_close(slopes[_i].name, ad_item(ad_gradient(x)), slopes[_i].dx, 1e-14);
}
END_TEST

/* ---- Derivatives of powers --------------------------------------------------------------------------------------- */

static ad_tensor pow_derivative(ad_tensor x, ad_tensor p, int j, int k)
{
    return ad_mul_pow_derivative(ad_scalar(t, 1), x, p, j, k);
}

/* x^p differentiated five times by x and four by p, in two orders, by the rules and by the operator. */
START_TEST(powers_to_a_high_order)
{
    const double x_value = 1.5, p_value = 2.25;
    const ad_tensor x = ad_variable(t, AD_F64, AD_SCALAR, &x_value), p = ad_variable(t, AD_F64, AD_SCALAR, &p_value);
    for (int way = 0; way < 2; way++) {
        ad_tensor y = ad_pow(x, p);
        for (int k = 0; k < 9; k++) {
            ad_backward_with(y, &(ad_backward_options){.differentiable = true});
            y = ad_gradient((way ? k < 4 : k >= 5) ? p : x);
        }
        assert_close("the ninth derivative", ad_item(y), ad_item(pow_derivative(x, p, 5, 4)), 1e-12);
    }
    expect_ok(t);
}
END_TEST

/* x^3 at 0: 0, 0, 6, 0. */
START_TEST(whole_powers_at_zero)
{
    const double zero = 0, three = 3, want[] = {0, 0, 6, 0};
    const ad_tensor x = ad_variable(t, AD_F64, AD_SCALAR, &zero), p = ad_input(t, AD_F64, AD_SCALAR, &three);
    ad_tensor y = ad_pow(x, p);
    for (int k = 0; k < 4; k++) {
        ad_backward_with(y, &(ad_backward_options){.differentiable = true});
        y = ad_gradient(x);
        expect_ok(t);
        ck_assert_double_eq(ad_item(y), want[k]);
    }
}
END_TEST

START_TEST(mul_pow_derivative_orders)
{
    static const struct {
        int j, k;
        const char *message;
    } bad[] = {
        {-1, 0, "mul_pow_derivative: a power is differentiated 0 to 64 times in all, not -1 times by x and 0 by p"},
        {0, -1, "mul_pow_derivative: a power is differentiated 0 to 64 times in all, not 0 times by x and -1 by p"},
        {40, 25, "mul_pow_derivative: a power is differentiated 0 to 64 times in all, not 40 times by x and 25 by p"},
    };
    const ad_tensor x = ad_input(t, AD_F64, AD_SHAPE(2), (const double[]){1, 2}),
                    p = ad_input(t, AD_F64, AD_SCALAR, &(double){3});
    for (int i = 0; i < 3; i++) {
        ck_assert(ad_is_inert(pow_derivative(x, p, bad[i].j, bad[i].k)));
        expect_error(t, AD_BAD_VALUE, bad[i].message);
    }
    ck_assert_double_eq(ad_f64(pow_derivative(x, p, 64, 0))[1], 0);
    ck_assert_double_eq(ad_f64(pow_derivative(x, p, 3, 0))[1], 6);
    assert_close("d2/dp2", ad_f64(pow_derivative(x, p, 0, 2))[1], 8 * LN2 * LN2, 1e-15);
    expect_ok(t);
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

int main(void)
{
    Suite *suite = suite_create("functions");
    TCase *tests = tcase_create("functions");
    tcase_add_checked_fixture(tests, open_tape, close_tape);
    tcase_add_loop_test(tests, values_of_one_operand, 0, COUNT(values));
    tcase_add_loop_test(tests, values_of_two_operands, 0, COUNT(values2));
    tcase_add_loop_test(tests, polygamma_values, 0, COUNT(polygammas));
    tcase_add_test(tests, polygamma_refuses_negative_orders);
    tcase_add_loop_test(tests, gradients_at_edges, 0, COUNT(edges));
    tcase_add_loop_test(tests, gradients_of_one_operand, 0, COUNT(slopes));
    tcase_add_test(tests, powers_to_a_high_order);
    tcase_add_test(tests, whole_powers_at_zero);
    tcase_add_test(tests, mul_pow_derivative_orders);
    suite_add_tcase(suite, tests);
    return run_suites(srunner_create(suite));
}
