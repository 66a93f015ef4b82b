/* Special functions, element by element. */
#include "../family.h"

#include <inttypes.h>

#include "../../kernels/gamma.h"

MAP1_EXCEPT(erf, erf, IS_TINY(x))
MAP1_OF(erfc, erfc)

#define TWO_BY_ROOT_PI 1.12837916709551257390

#ifdef AD_REAL

/* What x x lacks of x^2; nothing where e^-x^2 is 0. */
static inline REAL rest_of_square(REAL x)
{
    const REAL square = x * x;
    return square < 2000 ? R(fma)(x, x, -square) : 0;
}

#endif

/* 2 / sqrt(pi) e^-x^2 v by halves of e^-x^2, which is in range where e^-x^2 alone is not. */
MAP2_VIA(erf_backward, exp, b *b / -2, a *v *(v *(REAL)TWO_BY_ROOT_PI *(1 - rest_of_square(b))))
MAP1(lgamma, ad_lgamma_of((double)x))
MAP1(digamma, ad_digamma_of((double)x))

#ifdef AD_REAL

/* y = v times the size[0]-th derivative of digamma at x */
LOOP(polygamma)
{
    const REAL *restrict V = s->array[1], *restrict X = s->array[2];
    REAL *restrict Y = s->array[0];
    const size_t sv = s->step[1], sx = s->step[2];
    for (size_t i = 0; i < s->n; i++)
        Y[i] = (REAL)ad_mul_polygamma_of((double)V[i * sv], (int64_t)s->size[0], (double)X[i * sx]);
}

#else

AD_FAMILY(functions_special)

LOOP_TABLE(polygamma)

AD_OPERATOR(erf,
    OF_ONE,
    .loops = &erf_loops,
    GIVES(PART(erf_backward, AD_DY, AD_X0)),
    .formula = "erf x",
    .gradient = "2 / sqrt(pi) e^-x^2 dy",
);

ad_tensor ad_erf(ad_tensor x) { return ad_apply1(&ad_operator_erf, x); }

/* r = 2 / sqrt(pi) e^-x^2 v :  dv = 2 / sqrt(pi) e^-x^2 dr,  dx = -2 x r dr */
static void erf_backward_vjp(ad_pullback *p)
{
    ad_tensor x = ad_x(p, 1);
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_erf_backward(ad_dy(p), x));
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_scale(ad_mul(ad_mul(x, ad_y(p)), ad_dy(p)), -2));
}

AD_OPERATOR(erf_backward,
    OF_TWO,
    .loops = &erf_backward_loops,
    .vjp = erf_backward_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "2 / sqrt(pi) e^-x^2 v",
    .gradient = "2 / sqrt(pi) e^-x^2 dr, -2 x r dr",
);

ad_tensor ad_erf_backward(ad_tensor v, ad_tensor x) { return ad_apply2(&ad_operator_erf_backward, v, x); }

static void erfc_vjp(ad_pullback *p) { ad_give(p, 0, ad_neg(ad_erf_backward(ad_dy(p), ad_x(p, 0)))); }

AD_OPERATOR(erfc,
    OF_ONE,
    .loops = &erfc_loops,
    .vjp = erfc_vjp,
    .formula = "1 - erf x",
    .gradient = "-2 / sqrt(pi) e^-x^2 dy",
);

ad_tensor ad_erfc(ad_tensor x) { return ad_apply1(&ad_operator_erfc, x); }

static void lgamma_vjp(ad_pullback *p) { ad_give(p, 0, ad_mul(ad_digamma(ad_x(p, 0)), ad_dy(p))); }

AD_OPERATOR(lgamma,
    OF_ONE,
    .loops = &lgamma_loops,
    .vjp = lgamma_vjp,
    .formula = "ln |Gamma(x)|",
    .gradient = "digamma(x) dy",
    .convention = "+inf at 0, -1, -2, ...",
    .domain = {{.low = 0.5, .high = 3}},
);

ad_tensor ad_lgamma(ad_tensor x) { return ad_apply1(&ad_operator_lgamma, x); }

/* y = d/dx ln |Gamma(x)| :  dx = polygamma(x, 1) dy */
static void digamma_vjp(ad_pullback *p) { ad_give(p, 0, ad_mul_polygamma(ad_dy(p), ad_x(p, 0), 1)); }

AD_OPERATOR(digamma,
    OF_ONE,
    .loops = &digamma_loops,
    .vjp = digamma_vjp,
    .formula = "Gamma'(x) / Gamma(x)",
    .gradient = "polygamma(x, 1) dy",
    .convention = "-inf at 0, +inf at -0, NaN at -1, -2, ...",
    .domain = {{.low = 0.5, .high = 3}},
);

ad_tensor ad_digamma(ad_tensor x) { return ad_apply1(&ad_operator_digamma, x); }

/* A double still tells n from n + 1. */
#define MOST_ORDERS (INT64_C(1) << 53)

static void polygamma_shape(ad_call *c)
{
    const int64_t n = c->attributes[0].integer;
    if (n < 0 || n > MOST_ORDERS)
        ad_call_fail(c, AD_BAD_VALUE, "n is %" PRId64 ": it counts derivatives of digamma and must be 0 to 2^53", n);
    else
        ad_broadcast_shape(c);
}

/* The operands are v and x, or x, beside which v is 1. */
static void polygamma_run(ad_call *c)
{
    static const float one_f32 = 1;
    static const double one_f64 = 1;
    const ad_value *x = c->x[c->n_x - 1], *y = c->y[0];
    const void *one = y->type == AD_F32 ? (const void *)&one_f32 : &one_f64, *v = c->n_x == 2 ? c->x[0]->data : one;
    const ad_shape scalar = {0}, *v_shape = c->n_x == 2 ? c->x[0]->shape : &scalar;
    const size_t bytes = ad_bytes_of(y->type);
    ad_span span = {.array = {y->data, (void *)v, x->data}, .size = {(size_t)c->attributes[0].integer}};
    ad_broadcast_loop(y->shape, 3, (const ad_shape *const[]){y->shape, v_shape, x->shape},
                      (const size_t[]){bytes, bytes, bytes}, ad_loop_for(&polygamma_loops, y->type), &span);
}

/* y = polygamma(x, n) :  dx = polygamma(x, n + 1) dy */
static void polygamma_vjp(ad_pullback *p)
{
    ad_give(p, 0, ad_mul_polygamma(ad_dy(p), ad_x(p, 0), ad_attribute_at(p, 0)->integer + 1));
}

static const ad_sample samples_polygamma[] = {
    {.n_x = 1, .x = {{1, {3}}}, .attributes = {{.integer = 1}}},
    {.n_x = 1, .x = {{0}}, .attributes = {{.integer = 0}}},
    {.n_x = 1, .x = {{3, {2, 1, 3}}}, .attributes = {{.integer = 2}}},
    {.n_x = 1, .x = {{2, {2, 2}}}, .attributes = {{.integer = 5}}},
    {.n_x = 1, .x = {{2, {0, 3}}}, .attributes = {{.integer = 3}}},
};

AD_OPERATOR(polygamma,
    .arity = 1,
    .attributes = {{"n", AD_ATTRIBUTE_INTEGER}},
    .properties = AD_ELEMENTWISE,
    .shape = polygamma_shape,
    .run = polygamma_run,
    SAMPLES(samples_polygamma),
    .loops = &polygamma_loops,
    .vjp = polygamma_vjp,
    .formula = "the n-th derivative of digamma x",
    .gradient = "polygamma(x, n + 1) dy",
    .convention = "at 0, -1, -2, ... +inf for odd n; for even n -inf at 0, +inf at -0, else NaN",
    .domain = {{.low = 0.75, .high = 3}},
);

ad_tensor ad_polygamma(ad_tensor x, int n)
{
    return ad_apply_one(&ad_operator_polygamma, &x, 1, &(ad_attribute){.integer = n});
}

/* r = v polygamma(x, n) :  dv = polygamma(x, n) dr,  dx = polygamma(x, n + 1) v dr */
static void mul_polygamma_vjp(ad_pullback *p)
{
    const int64_t n = ad_attribute_at(p, 0)->integer;
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_mul_polygamma(ad_dy(p), ad_x(p, 1), n));
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_mul_polygamma(ad_mul(ad_x(p, 0), ad_dy(p)), ad_x(p, 1), n + 1));
}

static const ad_sample samples_mul_polygamma[] = {
    {.n_x = 2, .x = {{1, {3}}, {1, {3}}}, .attributes = {{.integer = 1}}},
    {.n_x = 2, .x = {{0}, {0}}, .attributes = {{.integer = 0}}},
    {.n_x = 2, .x = {{3, {2, 1, 3}}, {0}}, .attributes = {{.integer = 2}}},
    {.n_x = 2, .x = {{1, {2}}, {2, {2, 2}}}, .attributes = {{.integer = 3}}},
    {.n_x = 2, .x = {{2, {0, 3}}, {1, {3}}}, .attributes = {{.integer = 1}}},
};

AD_OPERATOR(mul_polygamma,
    .arity = 2,
    .attributes = {{"n", AD_ATTRIBUTE_INTEGER}},
    .properties = AD_ELEMENTWISE,
    .shape = polygamma_shape,
    .run = polygamma_run,
    SAMPLES(samples_mul_polygamma),
    .loops = &polygamma_loops,
    .vjp = mul_polygamma_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "v times the n-th derivative of digamma x",
    .gradient = "polygamma(x, n) dr, polygamma(x, n + 1) v dr",
    .convention = "as polygamma",
    .domain = {{0}, {.low = 0.75, .high = 3}},
);

ad_tensor ad_mul_polygamma(ad_tensor v, ad_tensor x, int64_t n)
{
    return ad_apply_one(&ad_operator_mul_polygamma, (const ad_tensor[]){v, x}, 2, &(ad_attribute){.integer = n});
}

#endif
