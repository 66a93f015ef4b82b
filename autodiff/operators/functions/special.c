/* Special functions, element by element. */
#include "../family.h"

#include <inttypes.h>

#include "../../kernels/gamma.h"

MAP1_EXCEPT(erf, erf, IS_TINY(x))
MAP1_OF(erfc, erfc)
MAP1(lgamma, ad_lgamma_of((double)x))
MAP1(digamma, ad_digamma_of((double)x))

#ifdef AD_REAL

/* y = the size[0]-th derivative of digamma at x */
LOOP(polygamma)
{
    const REAL *restrict X = s->array[1];
    REAL *restrict Y = s->array[0];
    for (size_t i = 0; i < s->n; i++)
        Y[i] = (REAL)ad_polygamma_of((int64_t)s->size[0], (double)X[i]);
}

#else

AD_FAMILY(functions_special)

LOOP_TABLE(polygamma)

#define TWO_BY_ROOT_PI 1.12837916709551257390

/* 2 / sqrt(pi) e^-x^2 dy */
static ad_tensor times_bell(ad_tensor dy, ad_tensor x)
{
    return ad_mul(ad_scale(ad_exp(ad_neg(ad_square(x))), TWO_BY_ROOT_PI), dy);
}

static void erf_vjp(ad_pullback *p) { ad_give(p, 0, times_bell(ad_dy(p), ad_x(p, 0))); }

AD_OPERATOR(erf,
    OF_ONE,
    .loops = &erf_loops,
    .vjp = erf_vjp,
    .formula = "erf x",
    .gradient = "2 / sqrt(pi) e^-x^2 dy",
);

ad_tensor ad_erf(ad_tensor x) { return ad_apply1(&ad_operator_erf, x); }

static void erfc_vjp(ad_pullback *p) { ad_give(p, 0, ad_neg(times_bell(ad_dy(p), ad_x(p, 0)))); }

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

static ad_tensor apply_polygamma(ad_tensor x, int64_t n)
{
    extern const ad_operator ad_operator_polygamma;
    return ad_apply_one(&ad_operator_polygamma, &x, 1, &(ad_attribute){.integer = n});
}

/* y = d/dx ln |Gamma(x)| :  dx = polygamma(x, 1) dy */
static void digamma_vjp(ad_pullback *p) { ad_give(p, 0, ad_mul(ad_polygamma(ad_x(p, 0), 1), ad_dy(p))); }

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
        ad_same_shape(c);
}

static void polygamma_run(ad_call *c)
{
    const ad_value *x = c->x[0], *y = c->y[0];
    ad_loop_for(&polygamma_loops, c, y->type)(
        &(ad_span){.n = ad_elements(y), .array = {y->data, x->data}, .size = {(size_t)c->attributes[0].integer}});
}

/* y = polygamma(x, n) :  dx = polygamma(x, n + 1) dy */
static void polygamma_vjp(ad_pullback *p)
{
    ad_give(p, 0, ad_mul(apply_polygamma(ad_x(p, 0), ad_attribute_at(p, 0)->integer + 1), ad_dy(p)));
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

ad_tensor ad_polygamma(ad_tensor x, int n) { return apply_polygamma(x, n); }

#endif
