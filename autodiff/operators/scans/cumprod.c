/* Products along an axis. Their gradients are exact with zeros: the product of the others is made of the products
 * before and after, never of a quotient. It is carried in f64, and, where that leaves the range on the way, in numbers
 * of any size. */
#include "../along_axis.h"

#include "../../kernels/scaled.h"
#include "../../kernels/scan.h"

SCAN(prod_beside, 1, y *(double)w)
SCAN(recurrence, v, (double)v + (double)x * y)
SCAN(beside, c, w)

/* Groups beside each other that are taken at once. */
enum { SIDE = 8 };

#ifdef AD_REAL

/* The first element of group j of block o, of size {m, n, k}. */
static inline size_t first_of(const ad_span *s, size_t o, size_t j) { return o * s->size[1] * s->size[2] + j; }

/* Calls `of` for SIDE groups at a time, or one. Array 0 is the result, 1 and 2 are operands, 3 is room. */
#define FOR_SIDES(of)                                                                                                  \
    const size_t n = s->size[1], k = s->size[2];                                                                       \
    for (size_t o = 0; o < s->size[0]; o++)                                                                            \
        for (size_t j = 0, w; j < k; j += w) {                                                                         \
            const size_t at = first_of(s, o, j);                                                                       \
            REAL *r = (REAL *)s->array[0] + at;                                                                        \
            const REAL *v = (const REAL *)s->array[1] + at, *x = (const REAL *)s->array[2] + at;                       \
            w = k - j < SIDE ? 1 : SIDE;                                                                               \
            if (k == 1)                                                                                                \
                of(r, v, x, s->array[3], n, 1, 1);                                                                     \
            else if (w == 1)                                                                                           \
                of(r, v, x, s->array[3], n, 1, k);                                                                     \
            else                                                                                                       \
                of(r, v, x, s->array[3], n, SIDE, k);                                                                  \
        }

/* Calls `of` for each group. */
#define FOR_GROUPS(of)                                                                                                 \
    for (size_t o = 0; o < s->size[0]; o++)                                                                            \
        for (size_t j = 0; j < s->size[2]; j++) {                                                                      \
            const size_t at = first_of(s, o, j);                                                                       \
            of((REAL *)s->array[0] + at, (const REAL *)s->array[1] + at, (const REAL *)s->array[2] + at, s->array[3],  \
               s->size[1], s->size[2]);                                                                                \
        }

/* before[i] becomes the product of x before i. */
ALWAYS_INLINE void products_before(double *restrict before, const REAL *restrict x, size_t n, size_t w, size_t k)
{
    double product[SIDE];
    for (size_t j = 0; j < w; j++)
        product[j] = 1;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < w; j++) {
            before[i * w + j] = product[j];
            product[j] *= (double)x[i * k + j];
        }
}

static inline ad_scaled scaled(REAL x) { return ad_scaled_of((double)x, 0); }

static inline void scaled_products_before(ad_scaled *before, const REAL *x, size_t n, size_t k)
{
    ad_scaled product = {1, 0};
    for (size_t i = 0; i < n; i++) {
        before[i] = product;
        product = ad_scaled_mul(product, scaled(x[i * k]));
    }
}

static inline void cumprod_of(REAL *y, const REAL *x, const REAL *unused, ad_scaled *room, size_t n, size_t k)
{
    ad_scaled product = {1, 0};
    (void)unused, (void)room;
    for (size_t i = 0; i < n; i++) {
        product = ad_scaled_mul(product, scaled(x[i * k]));
        y[i * k] = (REAL)ad_scaled_value(product);
    }
}

ALWAYS_INLINE void cumprod_columns(REAL *restrict y, const REAL *restrict x, size_t n, size_t w, size_t k)
{
    double product[SIDE];
    for (size_t j = 0; j < w; j++)
        product[j] = 1;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < w; j++)
            y[i * k + j] = ad_in_real(product[j] *= (double)x[i * k + j]);
}

LOOP(cumprod)
{
    const size_t n = s->size[1], k = s->size[2];
    for (size_t o = 0; o < s->size[0]; o++)
        for (size_t j = 0, w; j < k; j += w) {
            REAL *y = (REAL *)s->array[0] + first_of(s, o, j);
            const REAL *x = (const REAL *)s->array[1] + first_of(s, o, j);
            w = k - j < SIDE ? 1 : SIDE;
            if (k == 1)
                cumprod_columns(y, x, n, 1, 1);
            else if (w == 1)
                cumprod_columns(y, x, n, 1, k);
            else
                cumprod_columns(y, x, n, SIDE, k);
        }
}

LOOP(cumprod_scaled) { FOR_GROUPS(cumprod_of) }

/* r_j = before_j s_j, s_j = v_j + x_(j+1) s_(j+1) */
ALWAYS_INLINE void cumprod_backward_of(REAL *restrict r, const REAL *restrict v, const REAL *restrict x,
                                       double *restrict before, size_t n, size_t w, size_t k)
{
    double s[SIDE] = {0};
    products_before(before, x, n, w, k);
    for (size_t i = n; i-- > 0;)
        for (size_t j = 0; j < w; j++) {
            s[j] += (double)v[i * k + j];
            r[i * k + j] = ad_in_real(before[i * w + j] * s[j]);
            s[j] *= (double)x[i * k + j];
        }
}

static inline void scaled_cumprod_backward_of(REAL *r, const REAL *v, const REAL *x, ad_scaled *before, size_t n,
                                              size_t k)
{
    ad_scaled s = {0, 0};
    scaled_products_before(before, x, n, k);
    for (size_t i = n; i-- > 0;) {
        s = ad_scaled_add(s, scaled(v[i * k]));
        r[i * k] = (REAL)ad_scaled_value(ad_scaled_mul(before[i], s));
        s = ad_scaled_mul(s, scaled(x[i * k]));
    }
}

LOOP(cumprod_backward) { FOR_SIDES(cumprod_backward_of) }
LOOP(cumprod_backward_scaled) { FOR_GROUPS(scaled_cumprod_backward_of) }

/* r_j = before_j after_j v_j */
ALWAYS_INLINE void prod_others_of(REAL *restrict r, const REAL *restrict v, const REAL *restrict x,
                                  double *restrict before, size_t n, size_t w, size_t k)
{
    double after[SIDE];
    products_before(before, x, n, w, k);
    for (size_t j = 0; j < w; j++)
        after[j] = 1;
    for (size_t i = n; i-- > 0;)
        for (size_t j = 0; j < w; j++) {
            r[i * k + j] = ad_in_real(before[i * w + j] * after[j] * (double)v[i * k + j]);
            after[j] *= (double)x[i * k + j];
        }
}

static inline void scaled_prod_others_of(REAL *r, const REAL *v, const REAL *x, ad_scaled *before, size_t n, size_t k)
{
    ad_scaled after = {1, 0};
    scaled_products_before(before, x, n, k);
    for (size_t i = n; i-- > 0;) {
        r[i * k] = (REAL)ad_scaled_value(ad_scaled_mul(ad_scaled_mul(before[i], after), scaled(v[i * k])));
        after = ad_scaled_mul(after, scaled(x[i * k]));
    }
}

LOOP(prod_others) { FOR_SIDES(prod_others_of) }
LOOP(prod_others_scaled) { FOR_GROUPS(scaled_prod_others_of) }

/* A product, and its derivative as x moves with the velocity v. */
typedef struct moving {
    ad_scaled product, slope;
} moving;

static inline moving moving_times(moving p, REAL x, REAL v)
{
    const ad_scaled factor = scaled(x), speed = scaled(v);
    return (moving){ad_scaled_mul(p.product, factor),
                    ad_scaled_add(ad_scaled_mul(p.slope, factor), ad_scaled_mul(p.product, speed))};
}

/* r_j = the slope of before_j after_j */
static inline void prod_slope_of(REAL *r, const REAL *v, const REAL *x, moving *before, size_t n, size_t k)
{
    moving p = {{1, 0}, {0, 0}};
    for (size_t i = 0; i < n; i++) {
        before[i] = p;
        p = moving_times(p, x[i * k], v[i * k]);
    }
    p = (moving){{1, 0}, {0, 0}};
    for (size_t i = n; i-- > 0;) {
        const ad_scaled left = ad_scaled_mul(before[i].slope, p.product),
                        right = ad_scaled_mul(before[i].product, p.slope);
        r[i * k] = (REAL)ad_scaled_value(ad_scaled_add(left, right));
        p = moving_times(p, x[i * k], v[i * k]);
    }
}

LOOP(prod_slope) { FOR_GROUPS(prod_slope_of) }

#endif

#ifndef AD_REAL

AD_FAMILY(scans_cumprod)

LOOP_TABLE(cumprod)
LOOP_TABLE(cumprod_scaled)
LOOP_TABLE(cumprod_backward)
LOOP_TABLE(cumprod_backward_scaled)
LOOP_TABLE(prod_others)
LOOP_TABLE(prod_others_scaled)
LOOP_TABLE(prod_slope)

/* Runs a loop of results that are made of operands 0 and 1; for it there is room for `room` f64 for each element of the
 * axis. Where it leaves the range, `again` computes all once more; it may be NULL. */
static void run_with_room(ad_call *c, const ad_loops *loops, const ad_loops *again, size_t room)
{
    const ad_shape *x = c->x[0]->shape;
    const int axis = ad_axis_index(c, c->attributes[0].integer, x->rank);
    ad_span s = {.array = {c->y[0]->data, c->x[0]->data, c->x[c->n_x - 1]->data}, .size = {1, 1, 1}};
    for (int i = 0; i < x->rank; i++)
        s.size[i < axis ? 0 : i == axis ? 1 : 2] *= (size_t)x->dims[i];
    if (!ad_count_of(x))
        return;
    s.array[3] = room ? ad_scratch(c, s.size[1], room * sizeof(double)) : NULL;
    if (room && !s.array[3])
        return;
    const unsigned before = ad_watch_range();
    ad_loop_for(loops, c->x[0]->type)(&s);
    if (ad_left_range(before) && again)
        ad_loop_for(again, c->x[0]->type)(&s);
}

/* ---- Products along an axis -------------------------------------------------------------------------------------- */

static ad_direction opposite(ad_direction direction) { return direction == AD_FORWARDS ? AD_BACKWARDS : AD_FORWARDS; }

/* y_i = y_(i-1) x_i :  dx_j = (product of x before j) s_j, where s_j = dy_j + x_(j+1) s_(j+1) gathers what all y_i from
 * j on owe to their factor j */
static void cumprod_vjp(ad_pullback *p) { ad_give(p, 0, ad_cumprod_backward(ad_dy(p), ad_x(p, 0), ad_axis_of(p))); }

static void cumprod_run(ad_call *c) { run_with_room(c, &cumprod_loops, &cumprod_scaled_loops, 0); }

AD_OPERATOR(cumprod,
    .arity = 1,
    ALONG_AXIS,
    SAMPLES(ad_samples_along_axis),
    .run = cumprod_run,
    .vjp = cumprod_vjp,
    .formula = "y_i = product of x_j, j <= i",
    .gradient = "sum of dy_i (product of x_l, l <= i, l != j), i >= j",
    .convention = "exact with zeros",
);

ad_tensor ad_cumprod(ad_tensor x, int axis) { return ad_along(&ad_operator_cumprod, x, axis); }

/* With the result y_j = product of x_l, l beside j: those before it, or after it :  dx_j = y_j s_j, where s_j = dy_i +
 * x_i s_i with i the neighbour of j on the other side */
static ad_tensor through_prod_beside(ad_tensor dy, ad_tensor x, ad_tensor y, int axis, ad_direction direction)
{
    const ad_direction back = opposite(direction);
    return ad_mul(y, ad_recurrence(ad_beside(x, axis, back, 0), ad_beside(dy, axis, back, 0), axis, back));
}

static void prod_beside_vjp(ad_pullback *p, ad_direction direction)
{
    ad_give(p, 0, through_prod_beside(ad_dy(p), ad_x(p, 0), ad_y(p), ad_axis_of(p), direction));
}

static void prod_before_run(ad_call *c) { ad_run_along(c, &prod_beside_loops, NULL, false, 0); }
static void prod_before_vjp(ad_pullback *p) { prod_beside_vjp(p, AD_FORWARDS); }

AD_OPERATOR(prod_before,
    .arity = 1,
    ALONG_AXIS,
    SAMPLES(ad_samples_along_axis),
    .run = prod_before_run,
    .vjp = prod_before_vjp,
    .formula = "y_i = product of x_j, j < i",
    .gradient = "sum of dy_i (product of x_l, l < i, l != j), i > j",
    .convention = "1 for the first; exact with zeros",
);

ad_tensor ad_prod_before(ad_tensor x, int axis) { return ad_along(&ad_operator_prod_before, x, axis); }

static void prod_after_run(ad_call *c) { ad_run_along(c, &prod_beside_loops, NULL, true, 0); }
static void prod_after_vjp(ad_pullback *p) { prod_beside_vjp(p, AD_BACKWARDS); }

AD_OPERATOR(prod_after,
    .arity = 1,
    ALONG_AXIS,
    SAMPLES(ad_samples_along_axis),
    .run = prod_after_run,
    .vjp = prod_after_vjp,
    .formula = "y_i = product of x_j, j > i",
    .gradient = "sum of dy_i (product of x_l, l > i, l != j), i < j",
    .convention = "1 for the last; exact with zeros",
);

ad_tensor ad_prod_after(ad_tensor x, int axis) { return ad_along(&ad_operator_prod_after, x, axis); }

/* ---- The product of the others ----------------------------------------------------------------------------------- */

static const ad_sample samples_of_products[] = {
    {.n_x = 2, .x = {{2, {2, 4}}, {2, {2, 4}}}, .attributes = {{.integer = -1}}},
    {.n_x = 2, .x = {{3, {2, 3, 9}}, {3, {2, 3, 9}}}, .attributes = {{.integer = 1}}},
    {.n_x = 2, .x = {{1, {5}}, {1, {5}}}, .attributes = {{.integer = 0}}},
    {.n_x = 2, .x = {{2, {0, 3}}, {2, {0, 3}}}, .attributes = {{.integer = 0}}},
};

static void prod_others_run(ad_call *c) { run_with_room(c, &prod_others_loops, &prod_others_scaled_loops, SIDE); }

/* r_j = v_j (product of x_l, l != j) :  dv_j = dr_j (product of x_l, l != j);  dx is the slope of these products as x
 * moves with the velocity dr v */
static void prod_others_vjp(ad_pullback *p)
{
    const int axis = ad_axis_of(p);
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_prod_others(ad_dy(p), ad_x(p, 1), axis));
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_prod_slope(ad_mul(ad_dy(p), ad_x(p, 0)), ad_x(p, 1), axis));
}

AD_OPERATOR(prod_others,
    .arity = 2,
    ALONG_AXIS,
    SAMPLES(samples_of_products),
    .run = prod_others_run,
    .vjp = prod_others_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "v_i (product of x_j, j != i)",
    .gradient = "prod_others(dy, x), prod_slope(dy v, x)",
    .convention = "exact with zeros",
);

ad_tensor ad_prod_others(ad_tensor v, ad_tensor x, int axis)
{
    return ad_apply_one(&ad_operator_prod_others, (const ad_tensor[]){v, x}, 2, &(ad_attribute){.integer = axis});
}

static void prod_slope_run(ad_call *c) { run_with_room(c, &prod_slope_loops, NULL, 4); }

/* The products on one side of each element, and their slopes: s_i = s_(i-1) x_(i-1) + v_(i-1) p_(i-1). */
typedef struct side {
    ad_direction direction;
    ad_tensor p, s, x_beside;
} side;

static side side_of(ad_tensor v, ad_tensor x, int axis, ad_direction direction)
{
    const ad_tensor p = direction == AD_FORWARDS ? ad_prod_before(x, axis) : ad_prod_after(x, axis),
                    beside = ad_beside(x, axis, direction, 0);
    const ad_tensor s = ad_recurrence(beside, ad_beside(ad_mul(v, p), axis, direction, 0), axis, direction);
    return (side){direction, p, s, beside};
}

/* With r = s p' + p s', where ' is the other side :  what p and s of this side give to x */
static ad_tensor through_side(ad_tensor dr, ad_tensor v, ad_tensor x, int axis, const side *a, const side *other)
{
    const ad_direction back = opposite(a->direction);
    const ad_tensor ds = ad_recurrence(ad_beside(a->x_beside, axis, back, 0), ad_mul(dr, other->p), axis, back);
    const ad_tensor dx_beside = ad_mul(ds, ad_beside(a->s, axis, a->direction, 0));
    const ad_tensor dp = ad_add(ad_mul(dr, other->s), ad_mul(v, ad_beside(ds, axis, back, 0)));
    return ad_add(ad_beside(dx_beside, axis, back, 0), through_prod_beside(dp, x, a->p, axis, a->direction));
}

/* r_k = sum over i != k of v_i (product of x_l, l not i, not k), which is symmetric: dv = the same of dr. dx is made of
 * the products before and after, and of their slopes. */
static void prod_slope_vjp(ad_pullback *p)
{
    const int axis = ad_axis_of(p);
    const ad_tensor dr = ad_dy(p), v = ad_x(p, 0), x = ad_x(p, 1);
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_prod_slope(dr, x, axis));
    if (!ad_wants(p, 1))
        return;
    const side before = side_of(v, x, axis, AD_FORWARDS), after = side_of(v, x, axis, AD_BACKWARDS);
    ad_give(p, 1, through_side(dr, v, x, axis, &before, &after));
    ad_give(p, 1, through_side(dr, v, x, axis, &after, &before));
}

AD_OPERATOR(prod_slope,
    .arity = 2,
    ALONG_AXIS,
    SAMPLES(samples_of_products),
    .run = prod_slope_run,
    .vjp = prod_slope_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "sum over i != k of v_i (product of x_j, j != i, k)",
    .gradient = "prod_slope(dy, x), sum of dy_k v_i (product of x_l, l != i, j, k)",
    .convention = "exact with zeros",
);

ad_tensor ad_prod_slope(ad_tensor v, ad_tensor x, int axis)
{
    return ad_apply_one(&ad_operator_prod_slope, (const ad_tensor[]){v, x}, 2, &(ad_attribute){.integer = axis});
}

/* ---- The gradient of products along an axis ---------------------------------------------------------------------- */

static void cumprod_backward_run(ad_call *c)
{
    run_with_room(c, &cumprod_backward_loops, &cumprod_backward_scaled_loops, SIDE);
}

/* r_j = p_j s_j, p_j the product of x before j, s_j = v_j + x_(j+1) s_(j+1) :  dv_j = dr_j p_j + x_j dv_(j-1);
 * dx_(j+1) = dv_j s_(j+1), and what dp = dr s gives through p */
static void cumprod_backward_vjp(ad_pullback *p)
{
    const int axis = ad_axis_of(p);
    const ad_tensor x = ad_x(p, 1), before = ad_prod_before(x, axis);
    const ad_tensor dv = ad_recurrence(ad_beside(ad_beside(x, axis, AD_BACKWARDS, 0), axis, AD_FORWARDS, 0),
                                       ad_mul(ad_dy(p), before), axis, AD_FORWARDS);
    ad_give(p, 0, dv);
    if (!ad_wants(p, 1))
        return;
    const ad_tensor s = ad_recurrence(ad_beside(x, axis, AD_BACKWARDS, 0), ad_x(p, 0), axis, AD_BACKWARDS);
    ad_give(p, 1, ad_beside(ad_mul(dv, ad_beside(s, axis, AD_BACKWARDS, 0)), axis, AD_FORWARDS, 0));
    ad_give(p, 1, through_prod_beside(ad_mul(ad_dy(p), s), x, before, axis, AD_FORWARDS));
}

AD_OPERATOR(cumprod_backward,
    .arity = 2,
    ALONG_AXIS,
    SAMPLES(samples_of_products),
    .run = cumprod_backward_run,
    .vjp = cumprod_backward_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "p_i s_i, p_i = product of x_j, j < i; s_i = v_i + x_(i+1) s_(i+1)",
    .gradient = "dv_i = dy_i p_i + x_i dv_(i-1); dv_(i-1) s_i and what dy s gives through p",
    .convention = "exact with zeros",
);

ad_tensor ad_cumprod_backward(ad_tensor dy, ad_tensor x, int axis)
{
    return ad_apply_one(&ad_operator_cumprod_backward, (const ad_tensor[]){dy, x}, 2, &(ad_attribute){.integer = axis});
}

/* ---- What the rules of products are made of ---------------------------------------------------------------------- */

/* Of recurrence and beside. */
static ad_direction direction_of(const ad_pullback *p)
{
    return ad_attribute_at(p, 1)->integer ? AD_BACKWARDS : AD_FORWARDS;
}

static void recurrence_run(ad_call *c)
{
    ad_run_along(c, &recurrence_loops, c->x[1]->data, c->attributes[1].integer, 0);
}

/* r_i = v_i + a_i r_(i-1) :  dv_i = dr_i + a_(i+1) dv_(i+1), the same the other way;  da_i = dv_i r_(i-1) */
static void recurrence_vjp(ad_pullback *p)
{
    const int axis = ad_axis_of(p);
    const ad_direction direction = direction_of(p), back = opposite(direction);
    const ad_tensor dv = ad_recurrence(ad_beside(ad_x(p, 0), axis, back, 0), ad_dy(p), axis, back);
    ad_give(p, 1, dv);
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_mul(dv, ad_beside(ad_y(p), axis, direction, 0)));
}

static const ad_sample samples_recurrence[] = {
    {.n_x = 2, .x = {{2, {2, 4}}, {2, {2, 4}}}, .attributes = {{.integer = -1}, {.integer = 0}}},
    {.n_x = 2, .x = {{3, {2, 3, 2}}, {3, {2, 3, 2}}}, .attributes = {{.integer = 1}, {.integer = 1}}},
    {.n_x = 2, .x = {{1, {5}}, {1, {5}}}, .attributes = {{.integer = 0}, {.integer = 1}}},
    {.n_x = 2, .x = {{2, {0, 3}}, {2, {0, 3}}}, .attributes = {{.integer = 0}, {.integer = 0}}},
};

AD_OPERATOR(recurrence,
    .arity = 2,
    .attributes = {{"axis", AD_ATTRIBUTE_INTEGER}, {"backwards", AD_ATTRIBUTE_INTEGER}},
    .shape = ad_along_axis_shape,
    SAMPLES(samples_recurrence),
    .run = recurrence_run,
    .vjp = recurrence_vjp,
    .linear = AD_LINEAR_IN(1),
    .formula = "y_i = v_i + a_i y_(i-1), or y_(i+1) where backwards",
    .gradient = "dv_i = dy_i + a_(i+1) dv_(i+1), da_i = dv_i y_(i-1)",
    .convention = "y_i = v_i where there is no neighbour",
    .domain = {{.low = -0.9, .high = 0.9}},
);

ad_tensor ad_recurrence(ad_tensor a, ad_tensor v, int axis, ad_direction direction)
{
    return ad_apply_one(&ad_operator_recurrence, (const ad_tensor[]){a, v}, 2,
                        (const ad_attribute[]){{.integer = axis}, {.integer = direction}});
}

static void beside_run(ad_call *c)
{
    ad_run_along(c, &beside_loops, NULL, c->attributes[1].integer, c->attributes[2].real);
}

/* y_i = x_(i-1), or a constant :  dx_i = dy_(i+1), or 0 */
static void beside_vjp(ad_pullback *p)
{
    ad_give(p, 0, ad_beside(ad_dy(p), ad_axis_of(p), opposite(direction_of(p)), 0));
}

static const ad_sample samples_beside[] = {
    {.n_x = 1, .x = {{2, {2, 3}}}, .attributes = {{.integer = -1}, {.integer = 0}, {.real = 2}}},
    {.n_x = 1, .x = {{3, {2, 3, 2}}}, .attributes = {{.integer = 1}, {.integer = 1}, {.real = 0}}},
    {.n_x = 1, .x = {{2, {3, 0}}}, .attributes = {{.integer = 0}, {.integer = 0}, {.real = 0}}},
};

AD_OPERATOR(beside,
    .arity = 1,
    .attributes = {{"axis", AD_ATTRIBUTE_INTEGER}, {"backwards", AD_ATTRIBUTE_INTEGER}, {"edge", AD_ATTRIBUTE_REAL}},
    .shape = ad_along_axis_shape,
    SAMPLES(samples_beside),
    .run = beside_run,
    .vjp = beside_vjp,
    .linear = AD_LINEAR_IN(0),
    .formula = "y_i = x_(i-1), or x_(i+1) where backwards",
    .gradient = "dy_(i+1), or dy_(i-1)",
    .convention = "`edge` where there is no neighbour",
);

ad_tensor ad_beside(ad_tensor x, int axis, ad_direction direction, double edge)
{
    return ad_apply_one(&ad_operator_beside, &x, 1,
                        (const ad_attribute[]){{.integer = axis}, {.integer = direction}, {.real = edge}});
}

#endif
