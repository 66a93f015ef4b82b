/* Exponentials, logarithms, powers, roots and remainders, element by element. Those of two operands broadcast. */
#include "../family.h"

#include <inttypes.h>

#include "../../kernels/constant.h"
#include "../../kernels/range.h"

/* Beyond it SLEEF's log1p is infinite too early. */
#define LARGE _Generic((REAL)0, float : 1e37F, double : 1e306)

MAP1_OF(expm1, expm1)
MAP1_OF(exp2, exp2)
MAP1_EXCEPT(log1p, log1p, IS_TINY(x) || x > LARGE)
MAP1_OF(log2, log2)
MAP1_OF(log10, log10)
MAP1(reciprocal, 1 / x)
MAP1(rsqrt, 1 / R(sqrt)(x))
MAP1_OF(cbrt, cbrt)
MAP2_EXCEPT(pow, pow, R(fabs)(y) == INFINITY)
MAP2_EXCEPT(hypot, hypot, false)
MAP2(fmod, R(fmod)(a, b))
MAP2_VIA(logaddexp, log1p_exp, a == b ? 0 : -R(fabs)(a - b), (a > b ? a : b) + v)

MAP2(divide_or_zero, b == 0 ? 0 : a / b)
MAP3_IN_RANGE(mul_divide_or_zero, a / b, b == 0 ? 0 : v * q, (a != 0) & (b != 0) & is_lost(q), v *a / b)
MAP3_IN_RANGE(quotient_slope_or_zero, a / b, b == 0 ? 0 : -(q * (v / b)),
              (b != 0) & (((a != 0) & is_lost(q)) | ((v != 0) & is_lost(v / b))), -(v *a / b / b))
MAP3_IN_RANGE(mul_trunc_quotient, a / b, v *R(rint)((a - R(fmod)(a, b)) / b), (b != 0) & is_finite(a) & !is_finite(q),
              v *W(rint)((a - W(fmod)(a, b)) / b))
MAP2(sub_logs, a == -INFINITY || (a == INFINITY && b == INFINITY) ? (a < 0 ? a : 0) : a - b)

/* A derivative of x^p is named by two numbers: how often it is differentiated by x, and by p. Their sum has this
 * limit. */
enum { POW_ORDERS = 64 };

#ifdef AD_REAL

/* times_log_power is w l^m, w = x^e, l = ln x. Where its limit at 0 or at infinity is 0 it is 0, and so is 0^0 (ln
 * 0)^m.
 *
 * pow_derivative is the k-th derivative by p of p (p-1) ... (p-j+1) x^(p-j), with w = x^(p-j) and l = ln x. Leibniz:
 * the sum over i of (k choose i) times the i-th derivative of the polynomial, d[i], times w l^(k-i). */
#define POW_DERIVATIVE(suffix, type)                                                                                   \
    static inline type times_log_power##suffix(type w, type l, int m, type x, type e)                                  \
    {                                                                                                                  \
        if (m > 0 && ((x >= 0 && w == 0) || (x == 0 && e >= 0)))                                                       \
            return 0;                                                                                                  \
        for (; m > 0; m--)                                                                                             \
            w *= l;                                                                                                    \
        return w;                                                                                                      \
    }                                                                                                                  \
    static inline type pow_derivative##suffix(type x, type p, int j, int k, type w, type l)                            \
    {                                                                                                                  \
        type d[POW_ORDERS + 1], sum = 0, choose = 1;                                                                   \
        for (int i = 0; i <= k; i++)                                                                                   \
            d[i] = i == 0;                                                                                             \
        for (int factor = 0; factor < j; factor++)                                                                     \
            for (int i = k; i >= 0; i--)                                                                               \
                d[i] = (p - (type)factor) * d[i] + (i ? (type)i * d[i - 1] : 0);                                       \
        for (int i = 0; i <= k; i++) {                                                                                 \
            if (d[i] != 0)                                                                                             \
                sum += choose * d[i] * times_log_power##suffix(w, l, k - i, x, p - (type)j);                           \
            choose = choose * (type)(k - i) / (type)(i + 1);                                                           \
        }                                                                                                              \
        return sum;                                                                                                    \
    }
POW_DERIVATIVE(_of, REAL)
POW_DERIVATIVE(_exactly, wide)

/* Whether the power w = x^(p-j), a product or v times all was lost. x^p at 0 and infinity is right as it is. */
static inline int slope_is_lost(REAL v, REAL x, REAL p, REAL w, REAL y)
{
    return (v != 0) & (x != 0) & is_finite(x) & is_finite(p) & (is_lost(w) | is_lost(y));
}

static inline REAL slope_in_range(wide v, wide x, wide p, int j, int k)
{
    return (REAL)(v * pow_derivative_exactly(x, p, j, k, W(pow)(x, p - j), k > 0 ? W(log)(x) : 0));
}

/* v times x^p, differentiated size[0] times by x and size[1] times by p */
LOOP(mul_pow_derivative)
{
    const size_t sv = s->step[1], sx = s->step[2], sp = s->step[3];
    const int j = (int)s->size[0], k = (int)s->size[1];
    REAL e[VIA_ROOM], w[VIA_ROOM], l[VIA_ROOM];
    for (size_t from = 0, n; from < s->n; from += n) {
        const REAL *restrict V = (const REAL *)s->array[1] + from * sv;
        const REAL *restrict X = (const REAL *)s->array[2] + from * sx;
        const REAL *restrict P = (const REAL *)s->array[3] + from * sp;
        REAL *restrict Y = (REAL *)s->array[0] + from;
        int any = 0;
        n = via_block(s->n - from);
        for (size_t i = 0; i < n; i++) {
            e[i] = P[i * sp] - (REAL)j;
            l[i] = X[i * sx];
        }
        vector_pow(n, w, X, sx, e, 1);
        if (k > 0)
            vector_log(n, l, l);
        for (size_t i = 0; i < n; i++)
            Y[i] = V[i * sv] * pow_derivative_of(X[i * sx], P[i * sp], j, k, w[i], l[i]);
        for (size_t i = 0; i < n; i++)
            any |= slope_is_lost(V[i * sv], X[i * sx], P[i * sp], w[i], Y[i]);
        for (size_t i = 0; any && i < n; i++)
            if (slope_is_lost(V[i * sv], X[i * sx], P[i * sp], w[i], Y[i]))
                Y[i] = slope_in_range(V[i * sv], X[i * sx], P[i * sp], j, k);
    }
}

#else

AD_FAMILY(functions_elementary)

LOOP_TABLE(mul_pow_derivative)

#define BETWEEN(from, to) .low = from, .high = to

/* ---- Exponentials and logarithms --------------------------------------------------------------------------------- */

/* y = e^x - 1 :  dx = e^x dy, which y + 1 has lost for large negative x */
AD_OPERATOR(expm1,
    OF_ONE,
    .loops = &expm1_loops,
    GIVES(PART(mul_exp, AD_DY, AD_X0)),
    .formula = "e^x - 1",
    .gradient = "e^x dy",
);

ad_tensor ad_expm1(ad_tensor x) { return ad_apply1(&ad_operator_expm1, x); }

#define LOG2_E 1.44269504088896340736
#define LOG10_E 0.434294481903251827651

static void exp2_vjp(ad_pullback *p) { ad_give(p, 0, ad_mul(ad_scale(ad_y(p), LN_2), ad_dy(p))); }

AD_OPERATOR(exp2,
    OF_ONE,
    .loops = &exp2_loops,
    .vjp = exp2_vjp,
    .formula = "2^x",
    .gradient = "ln(2) y dy",
);

ad_tensor ad_exp2(ad_tensor x) { return ad_apply1(&ad_operator_exp2, x); }

static void log1p_vjp(ad_pullback *p) { ad_give(p, 0, ad_div(ad_dy(p), ad_shift(ad_x(p, 0), 1))); }

AD_OPERATOR(log1p,
    OF_ONE,
    .loops = &log1p_loops,
    .vjp = log1p_vjp,
    .formula = "ln(1 + x)",
    .gradient = "dy / (1 + x)",
    .convention = "-inf at -1, NaN below",
    .domain = {{BETWEEN(-0.5, 2)}},
);

ad_tensor ad_log1p(ad_tensor x) { return ad_apply1(&ad_operator_log1p, x); }

static void log2_vjp(ad_pullback *p) { ad_give(p, 0, ad_div(ad_scale(ad_dy(p), LOG2_E), ad_x(p, 0))); }

AD_OPERATOR(log2,
    OF_ONE,
    .loops = &log2_loops,
    .vjp = log2_vjp,
    .formula = "log2 x",
    .gradient = "dy / (x ln 2)",
    .convention = "-inf at 0, NaN below",
    .domain = {{BETWEEN(0.5, 3)}},
);

ad_tensor ad_log2(ad_tensor x) { return ad_apply1(&ad_operator_log2, x); }

static void log10_vjp(ad_pullback *p) { ad_give(p, 0, ad_div(ad_scale(ad_dy(p), LOG10_E), ad_x(p, 0))); }

AD_OPERATOR(log10,
    OF_ONE,
    .loops = &log10_loops,
    .vjp = log10_vjp,
    .formula = "log10 x",
    .gradient = "dy / (x ln 10)",
    .convention = "-inf at 0, NaN below",
    .domain = {{BETWEEN(0.5, 3)}},
);

ad_tensor ad_log10(ad_tensor x) { return ad_apply1(&ad_operator_log10, x); }

/* y = ln(e^a + e^b) :  da = logistic(a - b) dy,  db = logistic(b - a) dy; e^(a-y) dy has the rounding of y */
static void logaddexp_vjp(ad_pullback *p)
{
    ad_tensor a = ad_x(p, 0), b = ad_x(p, 1);
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_mul(ad_logistic(ad_sub_logs(a, b)), ad_dy(p)));
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_mul(ad_logistic(ad_sub_logs(b, a)), ad_dy(p)));
}

AD_OPERATOR(logaddexp,
    OF_TWO,
    .loops = &logaddexp_loops,
    .vjp = logaddexp_vjp,
    .formula = "ln(e^a + e^b)",
    .gradient = "logistic(a - b) dy, logistic(b - a) dy",
    .convention = "both -inf: -inf, with gradients 0; both +inf: dy / 2 each",
);

ad_tensor ad_logaddexp(ad_tensor a, ad_tensor b) { return ad_apply2(&ad_operator_logaddexp, a, b); }

/* r = a - b :  da = dr,  db = -dr */
AD_OPERATOR(sub_logs,
    OF_TWO,
    .loops = &sub_logs_loops,
    GIVES(DY_ITSELF, PART(neg, AD_DY)),
    .linear = AD_LINEAR_IN(0) | AD_LINEAR_IN(1),
    .formula = "a - b",
    .gradient = "dr, -dr",
    .convention = "-inf where a is -inf, 0 where both are +inf",
);

ad_tensor ad_sub_logs(ad_tensor a, ad_tensor b) { return ad_apply2(&ad_operator_sub_logs, a, b); }

/* ---- Powers, roots and remainders -------------------------------------------------------------------------------- */

/* y = 1 / x :  dx = -y (y dy), whose factors lie between dy and the result: y^2 might overflow */
static void reciprocal_vjp(ad_pullback *p) { ad_give(p, 0, ad_neg(ad_mul(ad_y(p), ad_mul(ad_y(p), ad_dy(p))))); }

AD_OPERATOR(reciprocal,
    OF_ONE,
    .loops = &reciprocal_loops,
    .vjp = reciprocal_vjp,
    .formula = "1 / x",
    .gradient = "-y^2 dy",
    .convention = "infinite at 0",
    .domain = {{BETWEEN(0.5, 2)}},
);

ad_tensor ad_reciprocal(ad_tensor x) { return ad_apply1(&ad_operator_reciprocal, x); }

static void rsqrt_vjp(ad_pullback *p) { ad_give(p, 0, ad_div(ad_mul(ad_scale(ad_y(p), -0.5), ad_dy(p)), ad_x(p, 0))); }

AD_OPERATOR(rsqrt,
    OF_ONE,
    .loops = &rsqrt_loops,
    .vjp = rsqrt_vjp,
    .formula = "x^(-1/2)",
    .gradient = "-y dy / (2 x)",
    .convention = "infinite at 0, NaN below",
    .domain = {{BETWEEN(0.5, 2)}},
);

ad_tensor ad_rsqrt(ad_tensor x) { return ad_apply1(&ad_operator_rsqrt, x); }

static void cbrt_vjp(ad_pullback *p) { ad_give(p, 0, ad_div(ad_dy(p), ad_scale(ad_square(ad_y(p)), 3))); }

AD_OPERATOR(cbrt,
    OF_ONE,
    .loops = &cbrt_loops,
    .vjp = cbrt_vjp,
    .formula = "x^(1/3)",
    .gradient = "dy / (3 y^2)",
    .convention = "the gradient is infinite at 0",
    .domain = {{BETWEEN(0.5, 3)}},
);

ad_tensor ad_cbrt(ad_tensor x) { return ad_apply1(&ad_operator_cbrt, x); }

/* y = x^p :  dx = p x^(p-1) dy,  dp = ln(x) x^p dy */
static void pow_vjp(ad_pullback *p)
{
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_mul_pow_derivative(ad_dy(p), ad_x(p, 0), ad_x(p, 1), 1, 0));
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_mul_pow_derivative(ad_dy(p), ad_x(p, 0), ad_x(p, 1), 0, 1));
}

AD_OPERATOR(pow,
    OF_TWO,
    .loops = &pow_loops,
    .vjp = pow_vjp,
    .formula = "x^p",
    .gradient = "p x^(p-1) dy, ln(x) x^p dy",
    .convention = "IEEE pow: 1 where p = 0 or x = 1, even of NaN; dx = 0 where p = 0, dp = 0 where x = 0 " "and p >= 0",
    .domain = {{BETWEEN(0.5, 2)}},
);

ad_tensor ad_pow(ad_tensor x, ad_tensor p) { return ad_apply2(&ad_operator_pow, x, p); }

static void mul_pow_derivative_shape(ad_call *c)
{
    const int64_t j = c->attributes[0].integer, k = c->attributes[1].integer;
    if (j < 0 || k < 0 || j > POW_ORDERS || k > POW_ORDERS - j)
        ad_call_fail(c, AD_BAD_VALUE,
                     "a power is differentiated 0 to %d times in all, not %" PRId64 " times by x and %" PRId64 " by p",
                     POW_ORDERS, j, k);
    else
        ad_broadcast_shape(c);
}

static void mul_pow_derivative_run(ad_call *c)
{
    const ad_value *v = c->x[0], *x = c->x[1], *p = c->x[2], *y = c->y[0];
    const size_t bytes = ad_bytes_of(y->type);
    ad_span span = {.array = {y->data, v->data, x->data, p->data},
                    .size = {(size_t)c->attributes[0].integer, (size_t)c->attributes[1].integer}};
    ad_broadcast_loop(y->shape, 4, (const ad_shape *const[]){y->shape, v->shape, x->shape, p->shape},
                      (const size_t[]){bytes, bytes, bytes, bytes}, ad_loop_for(&mul_pow_derivative_loops, y->type),
                      &span);
}

/* r = v d^(j+k) x^p / dx^j dp^k :  dv = the same of dr;  dx and dp differentiate once more */
static void mul_pow_derivative_vjp(ad_pullback *p)
{
    const int j = (int)ad_attribute_at(p, 0)->integer, k = (int)ad_attribute_at(p, 1)->integer;
    const ad_tensor v = ad_x(p, 0), x = ad_x(p, 1), e = ad_x(p, 2);
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_mul_pow_derivative(ad_dy(p), x, e, j, k));
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_mul_pow_derivative(ad_mul(v, ad_dy(p)), x, e, j + 1, k));
    if (ad_wants(p, 2))
        ad_give(p, 2, ad_mul_pow_derivative(ad_mul(v, ad_dy(p)), x, e, j, k + 1));
}

static const ad_sample samples_mul_pow_derivative[] = {
    {.n_x = 3, .x = {{2, {2, 3}}, {2, {2, 3}}, {2, {2, 3}}}, .attributes = {{.integer = 1}, {.integer = 0}}},
    {.n_x = 3, .x = {{0}, {0}, {0}}, .attributes = {{.integer = 0}, {.integer = 1}}},
    {.n_x = 3, .x = {{1, {2}}, {0}, {1, {2}}}, .attributes = {{.integer = 2}, {.integer = 0}}},
    {.n_x = 3, .x = {{0}, {3, {2, 1, 3}}, {3, {1, 4, 1}}}, .attributes = {{.integer = 1}, {.integer = 1}}},
    {.n_x = 3, .x = {{2, {0, 3}}, {2, {0, 3}}, {1, {3}}}, .attributes = {{.integer = 0}, {.integer = 0}}},
    {.n_x = 3, .x = {{2, {2, 3}}, {2, {2, 3}}, {0}}, .attributes = {{.integer = 0}, {.integer = 2}}},
};

AD_OPERATOR(mul_pow_derivative,
    .arity = 3,
    .attributes = {{"by_x", AD_ATTRIBUTE_INTEGER}, {"by_p", AD_ATTRIBUTE_INTEGER}},
    .properties = AD_ELEMENTWISE,
    .shape = mul_pow_derivative_shape,
    .run = mul_pow_derivative_run,
    SAMPLES(samples_mul_pow_derivative),
    .loops = &mul_pow_derivative_loops,
    .vjp = mul_pow_derivative_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "v d^(j+k) x^p / dx^j dp^k",
    .gradient = "the same of dr, one more by x of v dr, one more by p of v dr",
    .convention = "a factor 0 makes its term 0; so does ln 0 beside x^0",
    .domain = {{0}, {BETWEEN(0.5, 2)}},
);

ad_tensor ad_mul_pow_derivative(ad_tensor v, ad_tensor x, ad_tensor p, int j, int k)
{
    return ad_apply_one(&ad_operator_mul_pow_derivative, (const ad_tensor[]){v, x, p}, 3,
                        (const ad_attribute[]){{.integer = j}, {.integer = k}});
}

/* y = sqrt(a^2 + b^2) :  da = a dy / y,  db = b dy / y */
static void hypot_vjp(ad_pullback *p)
{
    for (int i = 0; i < 2; i++)
        if (ad_wants(p, i))
            ad_give(p, i, ad_mul_divide_or_zero(ad_dy(p), ad_x(p, i), ad_y(p)));
}

AD_OPERATOR(hypot,
    OF_TWO,
    .loops = &hypot_loops,
    .vjp = hypot_vjp,
    .formula = "sqrt(a^2 + b^2)",
    .gradient = "a dy / y, b dy / y",
    .convention = "IEEE hypot: infinite where a or b is, even beside NaN; the gradients are 0 where y = 0",
    .domain = {{.low = -2, .high = 2, .gap = 0.25}, {.low = -2, .high = 2, .gap = 0.25}},
);

ad_tensor ad_hypot(ad_tensor a, ad_tensor b) { return ad_apply2(&ad_operator_hypot, a, b); }

/* r = a / b, 0 where b = 0 :  da = dr / b,  db = -a dr / b^2, both 0 there */
AD_OPERATOR(divide_or_zero,
    OF_TWO,
    .loops = &divide_or_zero_loops,
    GIVES(PART(divide_or_zero, AD_DY, AD_X1), PART(quotient_slope_or_zero, AD_DY, AD_X0, AD_X1)),
    .linear = AD_LINEAR_IN(0),
    .formula = "a / b",
    .gradient = "dr / b, -a dr / b^2",
    .convention = "0 where b = 0, with gradients 0",
    .domain = {{0}, {BETWEEN(0.5, 2)}},
);

ad_tensor ad_divide_or_zero(ad_tensor a, ad_tensor b) { return ad_apply2(&ad_operator_divide_or_zero, a, b); }

/* r = v a / b, 0 where b = 0 :  dv = a dr / b,  da = v dr / b,  db = -r dr / b */
static void mul_divide_or_zero_vjp(ad_pullback *p)
{
    ad_tensor v = ad_x(p, 0), a = ad_x(p, 1), b = ad_x(p, 2);
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_mul_divide_or_zero(ad_dy(p), a, b));
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_mul_divide_or_zero(v, ad_dy(p), b));
    if (ad_wants(p, 2))
        ad_give(p, 2, ad_neg(ad_mul_divide_or_zero(ad_dy(p), ad_y(p), b)));
}

AD_OPERATOR(mul_divide_or_zero,
    OF_THREE,
    .loops = &mul_divide_or_zero_loops,
    .vjp = mul_divide_or_zero_vjp,
    .linear = AD_LINEAR_IN(0) | AD_LINEAR_IN(1),
    .formula = "v a / b",
    .gradient = "a dr / b, v dr / b, -r dr / b",
    .convention = "0 where b = 0, with gradients 0",
    .domain = {{0}, {0}, {BETWEEN(0.5, 2)}},
);

ad_tensor ad_mul_divide_or_zero(ad_tensor v, ad_tensor a, ad_tensor b)
{
    return ad_apply3(&ad_operator_mul_divide_or_zero, v, a, b);
}

/* r = -v a / b^2, 0 where b = 0 :  dv = -a dr / b^2,  da = -v dr / b^2,  db = -2 r dr / b */
static void quotient_slope_or_zero_vjp(ad_pullback *p)
{
    ad_tensor v = ad_x(p, 0), a = ad_x(p, 1), b = ad_x(p, 2);
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_quotient_slope_or_zero(ad_dy(p), a, b));
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_quotient_slope_or_zero(v, ad_dy(p), b));
    if (ad_wants(p, 2))
        ad_give(p, 2, ad_scale(ad_mul_divide_or_zero(ad_dy(p), ad_y(p), b), -2));
}

AD_OPERATOR(quotient_slope_or_zero,
    OF_THREE,
    .loops = &quotient_slope_or_zero_loops,
    .vjp = quotient_slope_or_zero_vjp,
    .linear = AD_LINEAR_IN(0) | AD_LINEAR_IN(1),
    .formula = "-v a / b^2",
    .gradient = "-a dr / b^2, -v dr / b^2, -2 r dr / b",
    .convention = "0 where b = 0, with gradients 0",
    .domain = {{0}, {0}, {BETWEEN(0.5, 2)}},
);

ad_tensor ad_quotient_slope_or_zero(ad_tensor v, ad_tensor a, ad_tensor b)
{
    return ad_apply3(&ad_operator_quotient_slope_or_zero, v, a, b);
}

/* y = a - b trunc(a / b) :  da = dy,  db = -trunc(a / b) dy */
static void fmod_vjp(ad_pullback *p)
{
    ad_give(p, 0, ad_dy(p));
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_neg(ad_mul_trunc_quotient(ad_dy(p), ad_x(p, 0), ad_x(p, 1))));
}

AD_OPERATOR(fmod,
    OF_TWO,
    .loops = &fmod_loops,
    .vjp = fmod_vjp,
    .formula = "a - b trunc(a / b)",
    .gradient = "dy, -trunc(a / b) dy",
    .convention = "the sign of a; NaN where b = 0 or a is infinite",
    .domain = {{BETWEEN(5.1, 5.9)}, {BETWEEN(2.1, 2.4)}},
);

ad_tensor ad_fmod(ad_tensor a, ad_tensor b) { return ad_apply2(&ad_operator_fmod, a, b); }

/* r = v trunc(a / b) :  dv = trunc(a / b) dr,  da = 0,  db = 0 */
static void mul_trunc_quotient_vjp(ad_pullback *p)
{
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_mul_trunc_quotient(ad_dy(p), ad_x(p, 1), ad_x(p, 2)));
    for (int i = 1; i < 3; i++)
        if (ad_wants(p, i))
            ad_give(p, i, ad_zeros_like(ad_x(p, i)));
}

AD_OPERATOR(mul_trunc_quotient,
    OF_THREE,
    .loops = &mul_trunc_quotient_loops,
    .vjp = mul_trunc_quotient_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "v trunc(a / b)",
    .gradient = "trunc(a / b) dr, 0, 0",
    .convention = "of the exact quotient, also where a / b overflows",
    .domain = {{0}, {.low = 5.1, .high = 5.9, .constant = true}, {.low = 2.1, .high = 2.4, .constant = true}},
);

ad_tensor ad_mul_trunc_quotient(ad_tensor v, ad_tensor a, ad_tensor b)
{
    return ad_apply3(&ad_operator_mul_trunc_quotient, v, a, b);
}

#endif
