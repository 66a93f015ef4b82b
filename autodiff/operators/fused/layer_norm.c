/* Layer normalisation over the last axis, and its backward, which is computed from the operands alone. */
#include "../family.h"

#ifdef AD_REAL

/* A function that adds `term` for each i below d, in lanes, which the compiler turns into vectors. */
#define SUM_IN_LANES(name, parameters, term)                                                                           \
    static inline REAL name parameters                                                                                 \
    {                                                                                                                  \
        enum { LANES = 16 };                                                                                           \
        REAL lane[LANES] = {0}, sum = 0;                                                                               \
        size_t from = 0;                                                                                               \
        for (; from + LANES <= d; from += LANES)                                                                       \
            for (size_t k = 0, i = from; k < LANES; k++, i++)                                                          \
                lane[k] += term;                                                                                       \
        for (size_t i = from; i < d; i++)                                                                              \
            sum += term;                                                                                               \
        for (size_t k = 0; k < LANES; k++)                                                                             \
            sum += lane[k];                                                                                            \
        return sum;                                                                                                    \
    }

SUM_IN_LANES(sum_of, (const REAL *x, size_t d), x[i])
SUM_IN_LANES(sum_of_squares, (const REAL *x, size_t d, REAL mean), (x[i] - mean) * (x[i] - mean))
SUM_IN_LANES(sum_of_products, (const REAL *v, const REAL *g, size_t d), g[i] * v[i])
SUM_IN_LANES(sum_of_moments, (const REAL *v, const REAL *g, const REAL *x, size_t d, REAL mean),
             g[i] * v[i] * (x[i] - mean))

/* The mean of a row and 1 / sqrt(variance + epsilon). */
static inline REAL moments(const REAL *x, size_t d, double epsilon, REAL *mean)
{
    *mean = sum_of(x, d) / (REAL)d;
    return 1 / R(sqrt)(sum_of_squares(x, d, *mean) / (REAL)d + (REAL)epsilon);
}

/* n rows of size[0] elements: y, x, gain, bias; the constant is epsilon. */
LOOP(layer_norm)
{
    const size_t d = s->size[0];
    const REAL *restrict G = s->array[2], *restrict B = s->array[3];
    for (size_t i = 0; i < s->n; i++) {
        const REAL *restrict x = (const REAL *)s->array[1] + i * d;
        REAL *restrict y = (REAL *)s->array[0] + i * d, mean;
        const REAL r = moments(x, d, s->constant, &mean);
        for (size_t j = 0; j < d; j++)
            y[j] = G[j] * ((x[j] - mean) * r) + B[j];
    }
}

/* n rows of size[0] elements. Array 0 has the addresses of dx, dgain, dbias, dy, x and gain. With w = gain dy and
 * n = (x - mean) r :  dx = r (w - mean(w) - n mean(w n)) */
LOOP(layer_norm_backward)
{
    REAL *const *of = s->array[0];
    const size_t d = s->size[0];
    REAL *restrict DG = of[1], *restrict DB = of[2];
    const REAL *restrict G = of[5];
    for (size_t i = 0; i < s->n; i++) {
        const REAL *restrict v = of[3] + i * d, *restrict x = of[4] + i * d;
        REAL *restrict dx = of[0] + i * d, mean;
        const REAL r = moments(x, d, s->constant, &mean);
        const REAL mean_w = sum_of_products(v, G, d) / (REAL)d;
        const REAL mean_wn = sum_of_moments(v, G, x, d, mean) * r / (REAL)d;
        for (size_t j = 0; j < d; j++) {
            const REAL n = (x[j] - mean) * r;
            dx[j] = r * (G[j] * v[j] - mean_w - n * mean_wn);
            DG[j] += v[j] * n;
            DB[j] += v[j];
        }
    }
}

#else

AD_FAMILY(fused_layer_norm)

LOOP_TABLE(layer_norm)
LOOP_TABLE(layer_norm_backward)

#define EPSILON .attributes = {{"epsilon", AD_ATTRIBUTE_REAL}}

static size_t row_size(const ad_shape *x) { return (size_t)x->dims[x->rank - 1]; }

static size_t row_count(const ad_shape *x)
{
    ad_shape lead = *x;
    lead.rank--;
    return ad_count_of(&lead);
}

/* x [..., d] at operand i, and the operands from `first` to the last [d]. */
static bool check_rows(ad_call *c, int i, int first)
{
    const ad_shape *x = c->x[i]->shape;
    char a[AD_OPERAND_TEXT], b[AD_OPERAND_TEXT];
    if (!(c->attributes[0].real > 0) || !isfinite(c->attributes[0].real)) {
        ad_call_fail(c, AD_BAD_VALUE, "epsilon is %g: it must be positive and finite", c->attributes[0].real);
        return false;
    }
    if (x->rank < 1) {
        ad_call_fail(c, AD_BAD_SHAPE, "x %s is a scalar: it must have an axis to normalise over",
                     ad_operand_text(c, i, a));
        return false;
    }
    for (int k = first; k < c->n_x; k++)
        if (c->x[k]->shape->rank != 1 || c->x[k]->shape->dims[0] != x->dims[x->rank - 1]) {
            ad_call_fail(c, AD_BAD_SHAPE,
                         "gain and bias must be [d], a number for each element of a row of %s: %s is not",
                         ad_operand_text(c, i, a), ad_operand_text(c, k, b));
            return false;
        }
    return true;
}

/* ---- Normalising ------------------------------------------------------------------------------------------------- */

static void layer_norm_shape(ad_call *c)
{
    if (check_rows(c, 0, 1))
        ad_result(c, 0, (ad_type)c->x[0]->type, c->x[0]->shape);
}

static void layer_norm_run(ad_call *c)
{
    const ad_shape *x = c->x[0]->shape;
    ad_span span = {.n = row_count(x), .size = {row_size(x)}, .constant = c->attributes[0].real};
    span.array[0] = c->y[0]->data;
    for (int i = 0; i < 3; i++)
        span.array[i + 1] = c->x[i]->data;
    if (row_size(x))
        ad_loop_for(c->op->loops, c->x[0]->type)(&span);
}

/* y = gain n + bias, n = (x - mean) r, r = 1 / sqrt(variance + epsilon); with w = gain dy :  dx = r (w - mean(w) - n
 * mean(w n)),  dgain = sum of dy n,  dbias = sum of dy over rows */
static void layer_norm_vjp(ad_pullback *p)
{
    ad_tensor dgain, dbias;
    const double epsilon = ad_attribute_at(p, 0)->real;
    ad_give(p, 0, ad_layer_norm_backward(ad_dy(p), ad_x(p, 0), ad_x(p, 1), epsilon, &dgain, &dbias));
    ad_give(p, 1, dgain);
    ad_give(p, 2, dbias);
}

static const ad_sample samples_layer_norm[] = {
    {.n_x = 3, .x = {{2, {2, 4}}, {1, {4}}, {1, {4}}}, .attributes = {{.real = 1e-5}}},
    {.n_x = 3, .x = {{3, {2, 2, 3}}, {1, {3}}, {1, {3}}}, .attributes = {{.real = 0.5}}},
    {.n_x = 3, .x = {{1, {5}}, {1, {5}}, {1, {5}}}, .attributes = {{.real = 0.25}}},
    {.n_x = 3, .x = {{2, {0, 3}}, {1, {3}}, {1, {3}}}, .attributes = {{.real = 0.25}}},
    {.n_x = 3, .x = {{2, {3, 0}}, {1, {0}}, {1, {0}}}, .attributes = {{.real = 0.25}}},
};

AD_OPERATOR(layer_norm,
    .arity = 3,
    EPSILON,
    .shape = layer_norm_shape,
    .run = layer_norm_run,
    .loops = &layer_norm_loops,
    .vjp = layer_norm_vjp,
    .linear = AD_LINEAR_IN(1) | AD_LINEAR_IN(2),
    SAMPLES(samples_layer_norm),
    .formula = "gain (x - mean) / sqrt(variance + epsilon) + bias over the last axis",
    .gradient = "r (w - mean(w) - n mean(w n)), sum of dy n, sum of dy; w = gain dy",
    .convention = "a row of equal elements becomes the bias",
);

ad_tensor ad_layer_norm(ad_tensor x, ad_tensor gain, ad_tensor bias, double epsilon)
{
    return ad_apply_one(&ad_operator_layer_norm, (const ad_tensor[]){x, gain, bias}, 3,
                        &(ad_attribute){.real = epsilon});
}

/* ---- Its backward ------------------------------------------------------------------------------------------------ */

static void layer_norm_backward_shape(ad_call *c)
{
    const ad_type type = (ad_type)c->x[0]->type;
    char a[AD_OPERAND_TEXT], b[AD_OPERAND_TEXT];
    if (!check_rows(c, 1, 2))
        return;
    if (!ad_same_dims(c->x[0]->shape, c->x[1]->shape)) {
        ad_call_fail(c, AD_BAD_SHAPE, "dy and x must have the same shape: they are %s and %s", ad_operand_text(c, 0, a),
                     ad_operand_text(c, 1, b));
        return;
    }
    ad_result(c, 0, type, c->x[1]->shape);
    ad_result(c, 1, type, c->x[2]->shape);
    ad_result(c, 2, type, c->x[2]->shape);
}

static void layer_norm_backward_run(ad_call *c)
{
    const ad_shape *x = c->x[1]->shape;
    void *of[6];
    for (int i = 0; i < 3; i++) {
        of[i] = c->y[i]->data;
        of[i + 3] = c->x[i]->data;
    }
    ad_span span = {.n = row_count(x), .array = {of}, .size = {row_size(x)}, .constant = c->attributes[0].real};
    for (int i = 1; i < 3; i++)
        memset(of[i], 0, row_size(x) * ad_bytes_of(c->x[0]->type));
    if (row_size(x))
        ad_loop_for(c->op->loops, c->x[0]->type)(&span);
}

/* J v, J the derivative of n by x, which is symmetric. */
static ad_tensor through_norm(ad_tensor v, ad_tensor x, double epsilon)
{
    const ad_shape shape = ad_shape_of(x);
    ad_tensor ones = ad_ones(x.tape, ad_type_of(x), AD_SHAPE(size_at(&shape, -1)));
    return ad_layer_norm_backward(v, x, ones, epsilon, NULL, NULL);
}

/* n and r of x, in operators that know nothing of this one. */
static ad_tensor normalised(ad_tensor x, double epsilon, ad_tensor *r)
{
    const ad_axes last = AD_KEEP_AXES(-1);
    ad_tensor centred = ad_sub(x, ad_mean_over(x, last));
    *r = ad_pow_constant(ad_shift(ad_mean_over(ad_square(centred), last), epsilon), -0.5);
    return ad_mul(centred, *r);
}

/* dx = J w, w = gain v; dgain = sum of v n; dbias = sum of v. Let a, b and c be the gradients of these three, and
 * f = <a, J w> for each row. Then with u = J a :
 *   dv = gain u + b n + c,  dgain = sum of v u,
 *   dx = J (b v) - r (n f + <w, n> u + <a, n> J w) / d,  since dr = -r^2 n / d and dn = J. */
static void layer_norm_backward_vjp(ad_pullback *p)
{
    const double epsilon = ad_attribute_at(p, 0)->real;
    const ad_axes last = AD_KEEP_AXES(-1);
    ad_tensor v = ad_x(p, 0), x = ad_x(p, 1), gain = ad_x(p, 2), a = ad_dy(p), b = ad_dy_at(p, 1), r;
    ad_tensor n = normalised(x, epsilon, &r), u = through_norm(a, x, epsilon);
    if (ad_wants(p, 0)) {
        ad_give(p, 0, ad_mul_add(n, b, ad_mul(gain, u)));
        ad_give(p, 0, ad_broadcast_to(ad_dy_at(p, 2), ad_shape_of(v)));
    }
    if (ad_wants(p, 2))
        ad_give(p, 2, ad_mul(v, u));
    if (!ad_wants(p, 1))
        return;
    ad_tensor w = ad_mul(gain, v), jw = ad_y(p);
    ad_tensor f = ad_mean_over(ad_mul(a, jw), last), wn = ad_mean_over(ad_mul(w, n), last),
              an = ad_mean_over(ad_mul(a, n), last);
    ad_tensor bent = ad_add(ad_mul(n, f), ad_add(ad_mul(wn, u), ad_mul(an, jw)));
    ad_give(p, 1, through_norm(ad_mul(b, v), x, epsilon));
    ad_give(p, 1, ad_neg(ad_mul(r, bent)));
}

static const ad_sample samples_layer_norm_backward[] = {
    {.n_x = 3, .x = {{2, {2, 4}}, {2, {2, 4}}, {1, {4}}}, .attributes = {{.real = 0.5}}},
    {.n_x = 3, .x = {{3, {2, 2, 3}}, {3, {2, 2, 3}}, {1, {3}}}, .attributes = {{.real = 0.125}}},
    {.n_x = 3, .x = {{1, {5}}, {1, {5}}, {1, {5}}}, .attributes = {{.real = 0.25}}},
    {.n_x = 3, .x = {{2, {3, 0}}, {2, {3, 0}}, {1, {0}}}, .attributes = {{.real = 0.25}}},
};

AD_OPERATOR(layer_norm_backward,
    .arity = 3,
    .n_results = 3,
    EPSILON,
    .shape = layer_norm_backward_shape,
    .run = layer_norm_backward_run,
    .loops = &layer_norm_backward_loops,
    .vjp = layer_norm_backward_vjp,
    .linear = AD_LINEAR_IN(0) | AD_LINEAR_IN(2),
    SAMPLES(samples_layer_norm_backward),
    .formula = "r (w - mean(w) - n mean(w n)), sum of v n, sum of v; w = gain v",
    .gradient = "gain u + b n + c, J (b v) - r (n f + <w, n> u + <a, n> J w) / d, " "sum of v u; u = J a, f = <a, J w>",
);

ad_tensor ad_layer_norm_backward(ad_tensor dy, ad_tensor x, ad_tensor gain, double epsilon, ad_tensor *dgain,
                                 ad_tensor *dbias)
{
    ad_tensor r[AD_MAX_RESULTS];
    ad_apply(NULL, &ad_operator_layer_norm_backward, (const ad_tensor[]){dy, x, gain}, 3,
             &(ad_attribute){.real = epsilon}, r);
    if (dgain)
        *dgain = r[1];
    if (dbias)
        *dbias = r[2];
    return r[0];
}

#endif
