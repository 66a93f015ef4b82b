/* Comparing, choosing and rounding, element by element. Truth is i32: 1 or 0. */
#include "family.h"

MAP1(sign, x > 0 ? 1 : x < 0 ? -1 : x == 0 ? 0 : x)
MAP1(floor, R(floor)(x))
MAP1(ceil, R(ceil)(x))
MAP1(round, R(rint)(x))

/* Bodies of loops over operands of type T that write 1 or 0. A single operand is never broadcast. Two operands have a
 * loop for each pair of steps, so that each loop is vectorised. */
#define TRUTH_OF_ONE(T, expression)                                                                                    \
    const T *restrict X = s->array[1];                                                                                 \
    int32_t *restrict Y = s->array[0];                                                                                 \
    for (size_t i = 0; i < s->n; i++) {                                                                                \
        const T x = X[i];                                                                                              \
        Y[i] = (expression) != 0;                                                                                      \
    }
#define TRUTH_FOR(T, at_a, at_b, expression)                                                                           \
    for (size_t i = 0; i < s->n; i++) {                                                                                \
        const T a = A[at_a], b = B[at_b];                                                                              \
        Y[i] = (expression) != 0;                                                                                      \
    }
#define TRUTH_OF_TWO(T, expression)                                                                                    \
    const T *restrict A = s->array[1], *restrict B = s->array[2];                                                      \
    int32_t *restrict Y = s->array[0];                                                                                 \
    if (s->step[1] && s->step[2])                                                                                      \
        TRUTH_FOR(T, i, i, expression)                                                                                 \
    else if (s->step[1])                                                                                               \
        TRUTH_FOR(T, i, 0, expression)                                                                                 \
    else if (s->step[2])                                                                                               \
        TRUTH_FOR(T, 0, i, expression)                                                                                 \
    else                                                                                                               \
        TRUTH_FOR(T, 0, 0, expression)

/* The body of `where` for values of type T. Both values are read before one is chosen: the compiler makes a blend of
 * it. */
#define CHOICE_FOR(T, at_c, at_a, at_b)                                                                                \
    for (size_t i = 0; i < s->n; i++) {                                                                                \
        const T a = A[at_a], b = B[at_b];                                                                              \
        Y[i] = C[at_c] ? a : b;                                                                                        \
    }
#define CHOICE(T)                                                                                                      \
    const int32_t *restrict C = s->array[1];                                                                           \
    const T *restrict A = s->array[2], *restrict B = s->array[3];                                                      \
    T *restrict Y = s->array[0];                                                                                       \
    const size_t sc = s->step[1], sa = s->step[2], sb = s->step[3];                                                    \
    if (sc && sa && sb)                                                                                                \
        CHOICE_FOR(T, i, i, i)                                                                                         \
    else if (sc && sa)                                                                                                 \
        CHOICE_FOR(T, i, i, 0)                                                                                         \
    else if (sc && sb)                                                                                                 \
        CHOICE_FOR(T, i, 0, i)                                                                                         \
    else                                                                                                               \
        CHOICE_FOR(T, i *sc, i *sa, i *sb)

#ifdef AD_REAL

#define COMPARISON(name, expression)                                                                                   \
    LOOP(name) { TRUTH_OF_TWO(REAL, expression); }
#define LOGIC_OF_ONE(name, expression)
#define LOGIC_OF_TWO(name, expression)

LOOP(is_nan) { TRUTH_OF_ONE(REAL, x != x); }
LOOP(is_finite) { TRUTH_OF_ONE(REAL, isfinite(x)); }
LOOP(where) { CHOICE(REAL); }

/* y = x, held between the two numbers of array 2 */
LOOP(clamp)
{
    const REAL *restrict X = s->array[1];
    REAL *restrict Y = s->array[0];
    const REAL *bounds = s->array[2], low = bounds[0], high = bounds[1];
    for (size_t i = 0; i < s->n; i++)
        Y[i] = X[i] < low ? low : X[i] > high ? high : X[i];
}

/* r = v where x is between the two numbers of array 3, else 0 */
LOOP(clamp_backward)
{
    const REAL *restrict V = s->array[1], *restrict X = s->array[2];
    REAL *restrict Y = s->array[0];
    const REAL *bounds = s->array[3], low = bounds[0], high = bounds[1];
    const size_t sv = s->step[1], sx = s->step[2];
    if (sv && sx)
        for (size_t i = 0; i < s->n; i++)
            Y[i] = X[i] < low || X[i] > high ? 0 : V[i];
    else
        for (size_t i = 0; i < s->n; i++)
            Y[i] = X[sx * i] < low || X[sx * i] > high ? 0 : V[sv * i];
}

#else

AD_FAMILY(comparisons)

/* A loop over i32 values beside the loops of the kernels, and a `run` that takes the loop for the operands' type. */
#define COMPARISON(name, expression)                                                                                   \
    LOOP_TABLE(name)                                                                                                   \
    static void name##_of_i32(const ad_span *s) { TRUTH_OF_TWO(int32_t, expression); }                                 \
    static void name##_run(ad_call *c)                                                                                 \
    {                                                                                                                  \
        ad_map_by(c, c->x[0]->type == AD_I32 ? name##_of_i32 : ad_loop_for(&name##_loops, c->x[0]->type));          \
    }
#define LOGIC_OF_ONE(name, expression)                                                                                 \
    static void name##_of_i32(const ad_span *s) { TRUTH_OF_ONE(int32_t, expression); }                                 \
    static void name##_run(ad_call *c) { ad_map_by(c, name##_of_i32); }
#define LOGIC_OF_TWO(name, expression)                                                                                 \
    static void name##_of_i32(const ad_span *s) { TRUTH_OF_TWO(int32_t, expression); }                                 \
    static void name##_run(ad_call *c) { ad_map_by(c, name##_of_i32); }

LOOP_TABLE(is_nan)
LOOP_TABLE(is_finite)
LOOP_TABLE(where)
LOOP_TABLE(clamp)
LOOP_TABLE(clamp_backward)
static void where_of_i32(const ad_span *s) { CHOICE(int32_t); }

#endif

COMPARISON(equal, a == b)
COMPARISON(not_equal, a != b)
COMPARISON(less, a < b)
COMPARISON(less_equal, a <= b)
COMPARISON(greater, a > b)
COMPARISON(greater_equal, a >= b)
LOGIC_OF_TWO(logical_and, (a) && (b))
LOGIC_OF_TWO(logical_or, a || b)
LOGIC_OF_TWO(logical_xor, !a != !b)
LOGIC_OF_ONE(logical_not, !x)

#ifndef AD_REAL

/* ---- Rounding ---------------------------------------------------------------------------------------------------- */

#define ROUNDING                                                                                                       \
    .arity = 1, .properties = AD_ELEMENTWISE | AD_PIECEWISE_CONSTANT, .shape = ad_broadcast_shape, .run = ad_map,      \
    SAMPLES(ad_samples_of_one), .vjp = rounding_vjp, .gradient = "0"

/* y is constant between whole numbers :  dx = 0 */
static void rounding_vjp(ad_pullback *p) { ad_give(p, 0, ad_zeros_like(ad_x(p, 0))); }

AD_OPERATOR(sign,
    ROUNDING,
    .loops = &sign_loops,
    .formula = "-1, 0 or 1 as x is negative, 0 or positive",
    .convention = "NaN of NaN",
);

ad_tensor ad_sign(ad_tensor x) { return ad_apply1(&ad_operator_sign, x); }

AD_OPERATOR(floor,
    ROUNDING,
    .loops = &floor_loops,
    .formula = "the largest whole number not above x",
);

ad_tensor ad_floor(ad_tensor x) { return ad_apply1(&ad_operator_floor, x); }

AD_OPERATOR(ceil,
    ROUNDING,
    .loops = &ceil_loops,
    .formula = "the smallest whole number not below x",
);

ad_tensor ad_ceil(ad_tensor x) { return ad_apply1(&ad_operator_ceil, x); }

AD_OPERATOR(round,
    ROUNDING,
    .loops = &round_loops,
    .formula = "the whole number nearest to x",
    .convention = "a half goes to the even one",
);

ad_tensor ad_round(ad_tensor x) { return ad_apply1(&ad_operator_round, x); }

/* ---- Clamping ---------------------------------------------------------------------------------------------------- */

#define BOUNDED                                                                                                        \
    .attributes = {{"low", AD_ATTRIBUTE_REAL}, {"high", AD_ATTRIBUTE_REAL}}, .properties = AD_ELEMENTWISE,             \
    .shape = clamp_shape

static void clamp_shape(ad_call *c)
{
    const double low = c->attributes[0].real, high = c->attributes[1].real;
    if (low <= high)
        ad_broadcast_shape(c);
    else
        ad_call_fail(c, AD_BAD_VALUE, "low must be a number that is not above high: they are %g and %g", low, high);
}

/* {low, high} in the type of the operands. */
typedef union bounds {
    float f32[2];
    double f64[2];
} bounds;

static bounds bounds_of(const ad_call *c)
{
    const double low = c->attributes[0].real, high = c->attributes[1].real;
    if (c->y[0]->type == AD_F32)
        return (bounds){.f32 = {(float)low, (float)high}};
    return (bounds){.f64 = {low, high}};
}

static void clamp_run(ad_call *c)
{
    bounds b = bounds_of(c);
    ad_span span = {.n = ad_elements(c->y[0]), .array = {c->y[0]->data, c->x[0]->data, &b}};
    ad_loop_for(&clamp_loops, c->y[0]->type)(&span);
}

static ad_tensor bounded(const ad_operator *op, const ad_tensor *x, int n, double low, double high)
{
    return ad_apply_one(op, x, n, (const ad_attribute[]){{.real = low}, {.real = high}});
}

/* y = x, but at least low and at most high :  dx = dy in [low, high], else 0 */
static void clamp_vjp(ad_pullback *p)
{
    ad_give(p, 0, ad_clamp_backward(ad_dy(p), ad_x(p, 0), ad_attribute_at(p, 0)->real, ad_attribute_at(p, 1)->real));
}

/* The bounds of a sample are near the kink of the domain or outside of it. */
static const ad_sample samples_clamp[] = {
    {.n_x = 1, .x = {{2, {2, 3}}}, .attributes = {{.real = -0.5}, {.real = 10}}},
    {.n_x = 1, .x = {{3, {2, 1, 3}}}, .attributes = {{.real = -10}, {.real = -0.5}}},
    {.n_x = 1, .x = {{1, {5}}}, .attributes = {{.real = -INFINITY}, {.real = -0.5}}},
    {.n_x = 1, .x = {{0}}, .attributes = {{.real = -10}, {.real = 10}}},
    {.n_x = 1, .x = {{2, {0, 3}}}, .attributes = {{.real = -0.5}, {.real = -0.5}}},
};

AD_OPERATOR(clamp,
    .arity = 1,
    BOUNDED,
    SAMPLES(samples_clamp),
    .run = clamp_run,
    .loops = &clamp_loops,
    .vjp = clamp_vjp,
    .formula = "x, but at least low and at most high",
    .gradient = "dy where low <= x <= high, else 0",
    .convention = "the edges pass dy, and so does NaN",
    .domain = {{.low = -2, .high = 2, .kink = -0.5, .gap = 0.1}},
);

ad_tensor ad_clamp(ad_tensor x, double low, double high) { return bounded(&ad_operator_clamp, &x, 1, low, high); }

static void clamp_backward_run(ad_call *c)
{
    bounds b = bounds_of(c);
    const size_t bytes = ad_bytes_of(c->y[0]->type);
    const ad_shape *shapes[] = {c->y[0]->shape, c->x[0]->shape, c->x[1]->shape, &ad_scalar_shape_value};
    ad_span span = {.array = {c->y[0]->data, c->x[0]->data, c->x[1]->data, &b}};
    ad_broadcast_loop(c->y[0]->shape, 4, shapes, (const size_t[]){bytes, bytes, bytes, bytes},
            ad_loop_for(&clamp_backward_loops, c->y[0]->type), &span);
}

/* r = v where low <= x <= high, else 0 :  dv = the same selection of dr; constant in x almost everywhere */
static void clamp_backward_vjp(ad_pullback *p)
{
    const double low = ad_attribute_at(p, 0)->real, high = ad_attribute_at(p, 1)->real;
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_clamp_backward(ad_dy(p), ad_x(p, 1), low, high));
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_zeros_like(ad_x(p, 1)));
}

static const ad_sample samples_clamp_backward[] = {
    {.n_x = 2, .x = {{2, {2, 3}}, {2, {2, 3}}}, .attributes = {{.real = -0.5}, {.real = 10}}},
    {.n_x = 2, .x = {{3, {2, 1, 3}}, {2, {2, 1}}}, .attributes = {{.real = -10}, {.real = -0.5}}},
    {.n_x = 2, .x = {{1, {2}}, {3, {2, 2, 2}}}, .attributes = {{.real = -10}, {.real = INFINITY}}},
    {.n_x = 2, .x = {{0}, {0}}, .attributes = {{.real = -10}, {.real = 10}}},
    {.n_x = 2, .x = {{2, {0, 3}}, {1, {3}}}, .attributes = {{.real = -0.5}, {.real = -0.5}}},
};

AD_OPERATOR(clamp_backward,
    .arity = 2,
    BOUNDED,
    SAMPLES(samples_clamp_backward),
    .run = clamp_backward_run,
    .loops = &clamp_backward_loops,
    .vjp = clamp_backward_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "v where low <= x <= high, else 0",
    .gradient = "dr where low <= x <= high, else 0; 0",
    .convention = "v at the edges, and where x is NaN",
    .domain = {{0}, {.low = -2, .high = 2, .kink = -0.5, .gap = 0.1, .constant = true}},
);

ad_tensor ad_clamp_backward(ad_tensor dy, ad_tensor x, double low, double high)
{
    return bounded(&ad_operator_clamp_backward, (const ad_tensor[]){dy, x}, 2, low, high);
}

/* ---- Comparisons ------------------------------------------------------------------------------------------------- */

#define COMPARES                                                                                                       \
    .arity = 2, .types = "s", .properties = AD_NOT_DIFFERENTIABLE, .shape = truth_shape, SAMPLES(ad_samples_of_two),   \
    .gradient = "none"

static void truth_shape(ad_call *c) { ad_broadcast_result(c, AD_I32); }

AD_OPERATOR(equal,
    COMPARES,
    .run = equal_run,
    .loops = &equal_loops,
    .formula = "a == b",
    .convention = "0 if either is NaN",
);

ad_tensor ad_equal(ad_tensor a, ad_tensor b) { return ad_apply2(&ad_operator_equal, a, b); }

AD_OPERATOR(not_equal,
    COMPARES,
    .run = not_equal_run,
    .loops = &not_equal_loops,
    .formula = "a != b",
    .convention = "1 if either is NaN",
);

ad_tensor ad_not_equal(ad_tensor a, ad_tensor b) { return ad_apply2(&ad_operator_not_equal, a, b); }

AD_OPERATOR(less,
    COMPARES,
    .run = less_run,
    .loops = &less_loops,
    .formula = "a < b",
    .convention = "0 if either is NaN",
);

ad_tensor ad_less(ad_tensor a, ad_tensor b) { return ad_apply2(&ad_operator_less, a, b); }

AD_OPERATOR(less_equal,
    COMPARES,
    .run = less_equal_run,
    .loops = &less_equal_loops,
    .formula = "a <= b",
    .convention = "0 if either is NaN",
);

ad_tensor ad_less_equal(ad_tensor a, ad_tensor b) { return ad_apply2(&ad_operator_less_equal, a, b); }

AD_OPERATOR(greater,
    COMPARES,
    .run = greater_run,
    .loops = &greater_loops,
    .formula = "a > b",
    .convention = "0 if either is NaN",
);

ad_tensor ad_greater(ad_tensor a, ad_tensor b) { return ad_apply2(&ad_operator_greater, a, b); }

AD_OPERATOR(greater_equal,
    COMPARES,
    .run = greater_equal_run,
    .loops = &greater_equal_loops,
    .formula = "a >= b",
    .convention = "0 if either is NaN",
);

ad_tensor ad_greater_equal(ad_tensor a, ad_tensor b) { return ad_apply2(&ad_operator_greater_equal, a, b); }

#define CLASSIFIES                                                                                                     \
    .arity = 1, .properties = AD_NOT_DIFFERENTIABLE, .shape = truth_shape, .run = classify_run,                        \
    SAMPLES(ad_samples_of_one), .gradient = "none"

static void classify_run(ad_call *c) { ad_map_by(c, ad_loop_for(c->op->loops, c->x[0]->type)); }

AD_OPERATOR(is_nan,
    CLASSIFIES,
    .loops = &is_nan_loops,
    .formula = "1 where x is NaN, else 0",
);

ad_tensor ad_is_nan(ad_tensor x) { return ad_apply1(&ad_operator_is_nan, x); }

AD_OPERATOR(is_finite,
    CLASSIFIES,
    .loops = &is_finite_loops,
    .formula = "1 where x is neither infinite nor NaN, else 0",
);

ad_tensor ad_is_finite(ad_tensor x) { return ad_apply1(&ad_operator_is_finite, x); }

/* ---- Logic ------------------------------------------------------------------------------------------------------- */

#define LOGICAL .types = "i", .properties = AD_NOT_DIFFERENTIABLE, .shape = truth_shape, .gradient = "none"
#define TRUTH_VALUES .low = -1, .high = 1
#define LOGICAL_OF_TWO .arity = 2, LOGICAL, SAMPLES(ad_samples_of_two), .domain = {{TRUTH_VALUES}, {TRUTH_VALUES}}

AD_OPERATOR(logical_and,
    LOGICAL_OF_TWO,
    .run = logical_and_run,
    .formula = "1 where a and b are not 0, else 0",
);

ad_tensor ad_logical_and(ad_tensor a, ad_tensor b) { return ad_apply2(&ad_operator_logical_and, a, b); }

AD_OPERATOR(logical_or,
    LOGICAL_OF_TWO,
    .run = logical_or_run,
    .formula = "1 where a or b is not 0, else 0",
);

ad_tensor ad_logical_or(ad_tensor a, ad_tensor b) { return ad_apply2(&ad_operator_logical_or, a, b); }

AD_OPERATOR(logical_xor,
    LOGICAL_OF_TWO,
    .run = logical_xor_run,
    .formula = "1 where one of a and b is 0 and the other is not, else 0",
);

ad_tensor ad_logical_xor(ad_tensor a, ad_tensor b) { return ad_apply2(&ad_operator_logical_xor, a, b); }

AD_OPERATOR(logical_not,
    .arity = 1,
    LOGICAL,
    SAMPLES(ad_samples_of_one),
    .run = logical_not_run,
    .formula = "1 where x is 0, else 0",
    .domain = {{TRUTH_VALUES}},
);

ad_tensor ad_logical_not(ad_tensor x) { return ad_apply1(&ad_operator_logical_not, x); }

/* ---- Choosing ---------------------------------------------------------------------------------------------------- */

static void where_shape(ad_call *c) { ad_broadcast_result(c, (ad_type)c->x[1]->type); }

static void where_run(ad_call *c)
{
    ad_map_by(c, c->y[0]->type == AD_I32 ? where_of_i32 : ad_loop_for(&where_loops, c->y[0]->type));
}

/* y = a where the condition holds, else b :  da = dy where it holds, else 0;  db the other way */
static void where_vjp(ad_pullback *p)
{
    ad_tensor dy = ad_dy(p), condition = ad_x(p, 0), zero = ad_zeros(dy.tape, ad_type_of(dy), AD_SCALAR);
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_where(condition, dy, zero));
    if (ad_wants(p, 2))
        ad_give(p, 2, ad_where(condition, zero, dy));
}

static const ad_sample samples_where[] = {
    {.n_x = 3, .x = {{2, {2, 3}}, {2, {2, 3}}, {2, {2, 3}}}},
    {.n_x = 3, .x = {{0}, {0}, {0}}},
    {.n_x = 3, .x = {{1, {3}}, {2, {2, 1}}, {2, {2, 3}}}},
    {.n_x = 3, .x = {{3, {2, 1, 3}}, {0}, {2, {2, 1}}}},
    {.n_x = 3, .x = {{0}, {1, {3}}, {0}}},
    {.n_x = 3, .x = {{2, {2, 0}}, {0}, {1, {1}}}},
};

AD_OPERATOR(where,
    .arity = 3,
    .types = "is",
    .shape = where_shape,
    SAMPLES(samples_where),
    .run = where_run,
    .loops = &where_loops,
    .vjp = where_vjp,
    .linear = AD_LINEAR_IN(1) | AD_LINEAR_IN(2),
    .formula = "a where condition is not 0, else b",
    .gradient = "dy where condition is not 0, else 0; 0 where condition is not 0, else dy",
    .convention = "what is not chosen does not count, NaN included",
    .domain = {{.low = 0, .high = 1}},
);

ad_tensor ad_where(ad_tensor condition, ad_tensor a, ad_tensor b)
{
    return ad_apply3(&ad_operator_where, condition, a, b);
}

#endif
