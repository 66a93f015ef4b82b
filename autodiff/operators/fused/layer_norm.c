/* Layer normalisation over the last axis, and its backward, which is computed from the operands alone.
 *
 * A row that lies near 0, compared with its deviation, and is neither very large nor very small, is computed in REAL.
 * All other rows are computed in f64 and from their first element, so that neither an offset nor their size costs
 * digits. A row of equal elements is then 0 exactly. */
#include "../../kernels/total.h"
#include "../family.h"

#ifdef AD_REAL

enum { LANES = 16, SUM_BLOCK = 1024 };

/* total[i] += x. In f64 the totals have rests, d elements behind them. */
static inline void take(double *restrict total, size_t d, size_t i, double x)
{
    if (IS_WIDE)
        add_exactly(total + i, total + d + i, x);
    else
        total[i] += x;
}

/* Adds the lanes in halves, which wait less for each other than one after another. */
#define FOLD_LANES(lane)                                                                                               \
    for (size_t half = LANES / 2; half > 0; half /= 2)                                                                 \
        for (size_t k = 0; k < half; k++)                                                                              \
    (lane)[k] += (lane)[half + k]

/* A function that returns the mean of `term` for each i below d. The terms are added in lanes, which the compiler turns
 * into vectors, and in blocks, whose sums are added without a loss. */
#define MEAN(name, parameters, arguments, real, term)                                                                  \
    static inline double block_of_##name parameters                                                                    \
    {                                                                                                                  \
        real sum = 0;                                                                                                  \
        size_t i = 0;                                                                                                  \
        if (d >= LANES) {                                                                                              \
            real lane[LANES] = {0};                                                                                    \
            for (size_t from = 0; from + LANES <= d; from += LANES)                                                    \
                for (size_t k = 0; k < LANES; k++, i++)                                                                \
                    lane[k] += term;                                                                                   \
            FOLD_LANES(lane);                                                                                          \
            sum = lane[0];                                                                                             \
        }                                                                                                              \
        for (; i < d; i++)                                                                                             \
            sum += term;                                                                                               \
        return (double)sum;                                                                                            \
    }                                                                                                                  \
    static inline real name parameters                                                                                 \
    {                                                                                                                  \
        const size_t whole = d;                                                                                        \
        ad_total total = {0, 0};                                                                                       \
        if (d <= SUM_BLOCK)                                                                                            \
            return (real)block_of_##name arguments / (real)d;                                                          \
        for (size_t left = d; left; left -= d, x += d) {                                                               \
            d = left < SUM_BLOCK ? left : SUM_BLOCK;                                                                   \
            add_exactly(&total.sum, &total.rest, block_of_##name arguments);                                           \
        }                                                                                                              \
        return (real)(exact_total_of(total) / (double)whole);                                                          \
    }

/* ---- Rows in REAL ------------------------------------------------------------------------------------------------ */

MEAN(mean_of, (const REAL *x, size_t d), (x, d), REAL, x[i])
MEAN(mean_square_of, (const REAL *x, size_t d, REAL mean), (x, d, mean), REAL, (x[i] - mean) * (x[i] - mean))

/* The means of w = g v, of w^2 and of w (x - mean). */
typedef struct upstream {
    double w, ww, wx;
} upstream;

static inline upstream block_of_upstream(const REAL *v, const REAL *g, const REAL *x, size_t d, REAL mean)
{
    REAL sum[3] = {0};
    size_t i = 0;
    if (d >= LANES) {
        REAL lane[3][LANES] = {{0}};
        for (size_t from = 0; from + LANES <= d; from += LANES)
            for (size_t k = 0; k < LANES; k++, i++) {
                const REAL w = g[i] * v[i];
                lane[0][k] += w;
                lane[1][k] += w * w;
                lane[2][k] += w * (x[i] - mean);
            }
        for (size_t t = 0; t < 3; t++) {
            FOLD_LANES(lane[t]);
            sum[t] = lane[t][0];
        }
    }
    for (; i < d; i++) {
        const REAL w = g[i] * v[i];
        sum[0] += w;
        sum[1] += w * w;
        sum[2] += w * (x[i] - mean);
    }
    return (upstream){(double)sum[0], (double)sum[1], (double)sum[2]};
}

static inline upstream upstream_of(const REAL *v, const REAL *g, const REAL *x, size_t d, REAL mean)
{
    ad_total w = {0}, ww = {0}, wx = {0};
    for (size_t from = 0; from < d; from += SUM_BLOCK) {
        const size_t n = d - from < SUM_BLOCK ? d - from : SUM_BLOCK;
        const upstream of = block_of_upstream(v + from, g + from, x + from, n, mean);
        add_exactly(&w.sum, &w.rest, of.w);
        add_exactly(&ww.sum, &ww.rest, of.ww);
        add_exactly(&wx.sum, &wx.rest, of.wx);
    }
    return (upstream){exact_total_of(w) / (double)d, exact_total_of(ww) / (double)d, exact_total_of(wx) / (double)d};
}

/* Whether numbers with this mean and this variance lose no digits when a rounded mean is taken off, and none of their
 * squares and products is out of range. */
static inline bool is_plain(double mean, double variance)
{
    return variance > (IS_WIDE ? 1e-280 : 1e-34) && variance < (IS_WIDE ? 1e200 : 1e24) && mean * mean <= 16 * variance;
}

/* The mean of a row and 1 / sqrt(variance + epsilon); false if the row is not plain. */
static inline bool moments(const REAL *x, size_t d, double epsilon, REAL *mean, REAL *r)
{
    *mean = mean_of(x, d);
    const REAL variance = mean_square_of(x, d, *mean);
    *r = 1 / R(sqrt)(variance + (REAL)epsilon);
    return is_plain((double)*mean, (double)variance);
}

/* Whether all are the same finite number. */
static inline bool is_level(const REAL *v, size_t d)
{
    int other = 0;
    for (size_t i = 0; i < d; i++)
        other |= !(v[i] - v[0] == 0);
    return !other;
}

/* Whether w = g v is: then mean(w) is w, and mean(w n) is 0. */
static inline bool is_level_upstream(const REAL *v, const REAL *g, size_t d)
{
    const REAL w = g[0] * v[0];
    return w - w == 0 && is_level(v, d) && (v[0] == 0 || is_level(g, d));
}

/* ---- Rows in f64 ------------------------------------------------------------------------------------------------- */

/* A row in units, as it lies to its first element: its elements are unit x - first, their mean is `mean`, and r is 1 /
 * sqrt(variance + epsilon) in these units. */
typedef struct measured {
    double unit, first, mean, r;
} measured;

static inline double deviation(measured m, REAL x) { return (double)x * m.unit - m.first - m.mean; }
static inline double product(REAL g, REAL v) { return (double)g * (double)v; }

MEAN(mean_from_first, (const REAL *x, size_t d, measured m), (x, d, m), double, (double)x[i] * m.unit - m.first)
MEAN(mean_square_from_mean, (const REAL *x, size_t d, measured m), (x, d, m), double,
     deviation(m, x[i]) * deviation(m, x[i]))

/* Only squares of f64 need a unit. */
static measured measure(const REAL *x, size_t d, double epsilon)
{
    double largest = 0;
    for (size_t i = 0; i < d && IS_WIDE; i++) {
        const double away = fabs((double)x[i] - (double)x[0]);
        largest = away > largest ? away : largest;
    }
    measured m = {.unit = largest < 0x1p500 ? 1 : 0x1p-600};
    m.first = (double)x[0] * m.unit;
    m.mean = mean_from_first(x, d, m);
    m.r = 1 / sqrt(mean_square_from_mean(x, d, m) + epsilon * m.unit * m.unit);
    return m;
}

static void forward_in_f64(REAL *restrict y, const REAL *restrict x, const REAL *restrict g, const REAL *restrict b,
                           size_t d, double epsilon)
{
    const measured m = measure(x, d, epsilon);
    for (size_t i = 0; i < d; i++)
        y[i] = g[i] * (REAL)(deviation(m, x[i]) * m.r) + b[i];
}

/* Totals in lanes, each with its rest. */
typedef struct lanes {
    double sum[LANES], rest[LANES];
} lanes;

static inline double mean_of_lanes(lanes *t, size_t d)
{
    for (size_t half = LANES / 2; half > 0; half /= 2)
        for (size_t k = 0; k < half; k++) {
            add_exactly(t->sum + k, t->rest + k, t->sum[half + k]);
            t->rest[k] += t->rest[half + k];
        }
    return exact_total_of((ad_total){t->sum[0], t->rest[0]}) / (double)d;
}

/* Adds n <= LANES elements. */
ALWAYS_INLINE void add_upstream(lanes *restrict w, lanes *restrict wn, const REAL *restrict v, const REAL *restrict x,
                                const REAL *restrict g, size_t n, double w0, measured m)
{
    for (size_t k = 0; k < n; k++) {
        const double from_first = product(g[k], v[k]) - w0;
        add_exactly(w->sum + k, w->rest + k, from_first);
        add_exactly(wn->sum + k, wn->rest + k, from_first * (deviation(m, x[k]) * m.r));
    }
}

/* The mean of w = g v is taken off from the first element too, and sums are added without a loss. */
static void backward_in_f64(REAL *restrict dx, double *restrict dg, const REAL *restrict v, const REAL *restrict x,
                            const REAL *restrict g, size_t d, double epsilon)
{
    const measured m = measure(x, d, epsilon);
    const double w0 = product(g[0], v[0]);
    const size_t whole = d / LANES * LANES;
    lanes w = {{0}, {0}}, wn = {{0}, {0}};
    for (size_t i = 0; i < whole; i += LANES)
        add_upstream(&w, &wn, v + i, x + i, g + i, LANES, w0, m);
    add_upstream(&w, &wn, v + whole, x + whole, g + whole, d - whole, w0, m);
    const double mean_w = mean_of_lanes(&w, d), mean_wn = mean_of_lanes(&wn, d);
    for (size_t i = 0; i < d; i++) {
        const double n = deviation(m, x[i]) * m.r, from_mean = product(g[i], v[i]) - w0 - mean_w;
        dx[i] = (REAL)((from_mean - n * mean_wn) * m.r * m.unit);
        take(dg, d, i, (double)v[i] * n);
    }
}

/* ---- Loops ------------------------------------------------------------------------------------------------------- */

/* n rows of size[0] elements: y, x, gain, bias; the constant is epsilon. */
LOOP(layer_norm)
{
    const size_t d = s->size[0];
    const REAL *restrict G = s->array[2], *restrict B = s->array[3];
    for (size_t i = 0; i < s->n; i++) {
        const REAL *restrict x = (const REAL *)s->array[1] + i * d;
        REAL *restrict y = (REAL *)s->array[0] + i * d, mean, r;
        if (moments(x, d, s->constant, &mean, &r))
            for (size_t j = 0; j < d; j++)
                y[j] = G[j] * ((x[j] - mean) * r) + B[j];
        else
            forward_in_f64(y, x, G, B, d, s->constant);
    }
}

/* With w = gain dy and n = (x - mean) r :  dx = r (w - mean(w) - n mean(w n)), and dy n is added to dg. */
static inline void backward_row(REAL *restrict dx, double *restrict dg, const REAL *restrict v, const REAL *restrict x,
                                const REAL *restrict g, size_t d, double epsilon)
{
    REAL mean, r;
    const bool is_plain_row = moments(x, d, epsilon, &mean, &r);
    const upstream of = upstream_of(v, g, x, d, mean);
    const bool varies = is_plain(of.w, of.ww - of.w * of.w);
    if (!is_plain_row || (!varies && !is_level_upstream(v, g, d))) {
        backward_in_f64(dx, dg, v, x, g, d, epsilon);
        return;
    }
    const REAL mean_w = varies ? (REAL)of.w : g[0] * v[0], mean_wn = varies ? (REAL)(of.wx * (double)r) : 0;
    for (size_t j = 0; j < d; j++) {
        const REAL n = (x[j] - mean) * r;
        dx[j] = r * (g[j] * v[j] - mean_w - n * mean_wn);
        take(dg, d, j, (double)v[j] * (double)n);
    }
}

/* n rows of size[0] elements. Array 0 has the addresses of dx, dgain, dbias, dy, x and gain, and of room for 4 d
 * totals, which begin as 0. */
LOOP(layer_norm_backward)
{
    void *const *of = s->array[0];
    const size_t d = s->size[0];
    REAL *restrict DG = of[1], *restrict DB = of[2];
    double *restrict dg = of[6], *restrict db = dg + 2 * d;
    for (size_t i = 0; i < s->n; i++) {
        const REAL *restrict v = (const REAL *)of[3] + i * d;
        backward_row((REAL *)of[0] + i * d, dg, v, (const REAL *)of[4] + i * d, of[5], d, s->constant);
        for (size_t j = 0; j < d; j++)
            take(db, d, j, (double)v[j]);
    }
    for (size_t j = 0; j < d; j++) {
        DG[j] = (REAL)exact_total_of((ad_total){dg[j], dg[d + j]});
        DB[j] = (REAL)exact_total_of((ad_total){db[j], db[d + j]});
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
    const size_t d = row_size(x);
    void *of[7] = {NULL};
    for (int i = 0; i < 3; i++) {
        of[i] = c->y[i]->data;
        of[i + 3] = c->x[i]->data;
    }
    ad_span span = {.n = row_count(x), .array = {of}, .size = {d}, .constant = c->attributes[0].real};
    if (d == 0)
        return;
    of[6] = ad_scratch(c, d, 4 * sizeof(double));
    if (!of[6])
        return;
    memset(of[6], 0, d * 4 * sizeof(double));
    ad_loop_for(c->op->loops, c->x[0]->type)(&span);
}

/* J v, J the derivative of n by x, which is symmetric. */
static ad_tensor through_norm(ad_tensor v, ad_tensor x, double epsilon)
{
    const ad_shape shape = ad_shape_of(x);
    ad_tensor ones = ad_ones(x.tape, ad_type_of(x), AD_SHAPE(size_at(&shape, -1)));
    return ad_layer_norm_backward(v, x, ones, epsilon, NULL, NULL);
}

/* n of x, and r into `r`. */
static ad_tensor normalised(ad_tensor x, double epsilon, ad_tensor *r)
{
    const ad_shape shape = ad_shape_of(x), d = AD_SHAPE(size_at(&shape, -1));
    const ad_type type = ad_type_of(x);
    *r = ad_pow_constant(ad_shift(ad_var_over(x, 0, AD_KEEP_AXES(-1)), epsilon), -0.5);
    return ad_layer_norm(x, ad_ones(x.tape, type, d), ad_zeros(x.tape, type, d), epsilon);
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
