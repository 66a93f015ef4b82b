/* Losses: numbers an element or an example. */
#include "logits.h"

#include "../kernels/gamma.h"

MAP2(squared_error, (a - b) * (a - b))
MAP2(absolute_error, R(fabs)(a - b))
MAP2(hinge, 1 - b * a < 0 ? 0 : 1 - b * a)
MAP2_VIA(kl_divergence, exp, a, a == -INFINITY || a == b ? 0 : v * (a - b))
MAP2_VIA(mul_exp, exp, b / 2, b == -INFINITY || (a == 0 && b < INFINITY) ? 0 : a * v * v)

#define LN_2_PI 1.8378770664093454836

#ifdef AD_REAL

/* e^2 / 2 where e = |a - b| <= delta, else delta (e - delta / 2) */
LOOP(huber)
{
    const REAL *restrict A = s->array[1], *restrict B = s->array[2];
    REAL *restrict Y = s->array[0];
    const REAL delta = (REAL)s->constant;
    const size_t sa = s->step[1], sb = s->step[2];
    for (size_t i = 0; i < s->n; i++) {
        const REAL e = R(fabs)(A[sa * i] - B[sb * i]);
        Y[i] = e <= delta ? e * e / 2 : delta * (e - delta / 2);
    }
}

/* (ln 2 pi + v + d^2 e^-v) / 2, d = x - mean. The power is taken in quarters: each of them is in range where the
 * product is. */
static inline REAL minus_log_density(REAL d, REAL v)
{
    const REAL w = R(exp)(-v / 4), q = d == 0 && v > -INFINITY ? 0 : d * w * w;
    return ((REAL)LN_2_PI + v + q * q) / 2;
}

MAP3(normal_nll, minus_log_density(v - a, b))

/* e^r - k r + ln k!, in double: for a large count k the terms are large and their sum is not. For k = 0 the term k r is
 * 0, even if r is -inf. */
static inline double poisson_nll_at(double r, double k) { return exp(r) - (k == 0 ? 0 : k * r) + ad_lgamma_of(k + 1); }

MAP2(poisson_nll, poisson_nll_at((double)a, (double)b))

static bool all_finite(const REAL *x, size_t n)
{
    bool all = true;
    for (size_t i = 0; i < n; i++)
        all = all && isfinite(x[i]);
    return all;
}

/* What a class adds to the loss: its weight times -log_softmax. A class of weight 0 adds nothing, even if its logit is
 * -inf. */
static inline REAL class_term(REAL weight, REAL nll) { return weight == 0 && nll == INFINITY ? 0 : weight * nll; }

/* share sum w nll over n classes */
static double sum_of_classes(double share, const REAL *w, const REAL *z, REAL m, REAL rest, size_t n)
{
    ad_total t = {0};
    for (size_t from = 0, end; from < n; from = end) {
        double lane[LANES] = {0};
        size_t j = from;
        end = n - from < VIA_BLOCK ? n : from + VIA_BLOCK;
        for (; j + LANES <= end; j += LANES)
            for (size_t l = 0; l < LANES; l++)
                lane[l] += (double)class_term((REAL)share * w[j + l], m - z[j + l] + rest);
        for (; j < end; j++)
            lane[0] += (double)class_term((REAL)share * w[j], m - z[j] + rest);
        add_exactly(&t.sum, &t.rest, sum_of_lanes(lane));
    }
    return exact_total_of(t);
}

/* The same of w columns, added to the losses. */
static void add_classes(REAL *restrict sum, REAL share, const REAL *w, const logit_columns *t,
                        const REAL *restrict rest, size_t n, size_t count)
{
    double all[MOST_GROUPS];
    for (size_t l = 0; l < count; l++)
        all[l] = 0;
    for (size_t j = 0; j < n; j++)
        for (size_t l = 0; l < count; l++)
            all[l] += (double)class_term(share * w[j], t->m[l] - t->z[j * count + l] + rest[l]);
    for (size_t l = 0; l < count; l++)
        sum[l] = (REAL)((double)sum[l] + all[l]);
}

static void cross_entropy_with_of_short_rows(const ad_span *s)
{
    const REAL *Z = s->array[1], *w = s->array[3];
    const int32_t *label = s->array[2];
    REAL *Y = s->array[0];
    const size_t c = s->size[0];
    const double share = s->constant / (double)c;
    for (size_t from = 0; from < s->n;) {
        logit_columns t;
        const size_t count = read_logits(&t, Z, from, s->n, c);
        REAL rest[MOST_GROUPS], *y = Y + from;
        log_sums_of_logits(rest, &t, c, count);
        for (size_t l = 0; l < count; l++) {
            const size_t k = (size_t)label[from + l];
            y[l] = class_term((REAL)(1 - s->constant) * w[k], t.m[l] - t.z[k * count + l] + rest[l]);
        }
        if (share > 0)
            add_classes(y, (REAL)share, w, &t, rest, c, count);
        for (size_t l = 0; l < count; l++)
            if (y[l] == INFINITY && all_finite(Z + (from + l) * c, c) && all_finite(w, c))
                y[l] = REAL_MAX;
        from += count;
    }
}

/* loss[i] of n rows of size[0] logits, with labels and weights of classes; `constant` is the smoothing. If the logits
 * are finite, a loss does not overflow: it stays at the largest number. */
LOOP(softmax_cross_entropy_with)
{
    const REAL *Z = s->array[1], *w = s->array[3];
    const int32_t *label = s->array[2];
    REAL *Y = s->array[0];
    const size_t c = s->size[0];
    const double share = s->constant / (double)c;
    if (c <= SHORT_IN_ROW) {
        cross_entropy_with_of_short_rows(s);
        return;
    }
    for (size_t i = 0; i < s->n; i++) {
        const REAL *z = Z + i * c, m = largest(z, c, 1), rest = log_sum_of_exp(z, c, m);
        REAL sum = class_term((REAL)(1 - s->constant) * w[label[i]], m - z[label[i]] + rest);
        if (share > 0)
            sum = (REAL)((double)sum + sum_of_classes(share, w, z, m, rest, c));
        Y[i] = sum == INFINITY && all_finite(z, c) && all_finite(w, c) ? REAL_MAX : sum;
    }
}

/* The sum of n weights, without that of `but`; n: of all. */
static double sum_of_weights(const REAL *w, size_t n, size_t but)
{
    ad_total t = {0};
    for (size_t j = 0; j < n; j++)
        add_exactly(&t.sum, &t.rest, j == but ? 0 : (double)w[j]);
    return exact_total_of(t);
}

/* The weights of n classes, their sum if labels are smoothed, and the share of each class in what is smoothed. */
typedef struct class_weights {
    const REAL *w;
    double smoothing, share, all;
    size_t n;
} class_weights;

static class_weights weights_of(const ad_span *s, const REAL *w)
{
    const size_t n = s->size[0];
    const double share = s->constant / (double)n;
    return (class_weights){w, s->constant, share, share > 0 ? sum_of_weights(w, n, n) : 0, n};
}

/* What class k weighs as a label, beside its share. */
static double weight_of_label(const class_weights *a, size_t k) { return (1 - a->smoothing) * (double)a->w[k]; }

/* The gradient at the label k, but for dy, from e^(z-m) there and the sum of e^(z-m) less 1. */
static REAL slope_at_label(const class_weights *a, size_t k, double own, double others)
{
    const double w = (double)a->w[k];
    const double besides = a->all < 2 * w && a->share > 0 ? sum_of_weights(a->w, a->n, k) : a->all - w;
    const double wanted = own * (a->share > 0 ? a->share * besides : 0),
                 got = (others + (1 - own)) * (weight_of_label(a, k) + a->share * w);
    return (REAL)((wanted - got) / (1 + others));
}

/* dz = (softmax(z) sum a - a) dy, where a[j] is what class j weighs in the row's loss. It is computed as softmax(z)
 * (sum of the other a) - (sum of the other softmax) a, where the two are sums of what is small when one class is
 * sure. */
static inline REAL slope_of_class(REAL e, REAL a, REAL whole, REAL rest, REAL sum, REAL dy)
{
    return (e * (whole - a) - (rest + (1 - e)) * a) / sum * dy;
}

static void slopes_of_short_rows(const ad_span *s, const int32_t *label, const class_weights *a)
{
    const REAL *DY = s->array[1], *Z = s->array[2];
    for (size_t from = 0, w; from < s->n; from += w) {
        logit_columns t;
        REAL rest[MOST_GROUPS], sum[MOST_GROUPS], whole[MOST_GROUPS], at_label[MOST_GROUPS];
        const REAL *dy = DY + from;
        w = read_logits(&t, Z, from, s->n, a->n);
        for (size_t l = 0; l < w; l++) {
            const size_t k = (size_t)label[from + l];
            rest[l] = (REAL)t.others[l];
            sum[l] = (REAL)(1 + t.others[l]);
            whole[l] = (REAL)(a->share * a->all + weight_of_label(a, k));
            at_label[l] = slope_at_label(a, k, (double)t.e[k * w + l], t.others[l]) * dy[l];
        }
        for (size_t j = 0; j < a->n; j++) {
            const REAL own = (REAL)a->share * a->w[j];
            for (size_t l = 0; l < w; l++)
                t.e[j * w + l] = slope_of_class(t.e[j * w + l], own, whole[l], rest[l], sum[l], dy[l]);
        }
        for (size_t l = 0; l < w; l++)
            t.e[(size_t)label[from + l] * w + l] = at_label[l];
        turn((REAL *)s->array[0] + from * a->n, a->n, t.e, w, a->n, w);
    }
}

/* Array 3 points to two arrays, the labels and the weights of classes. */
LOOP(softmax_cross_entropy_with_backward)
{
    const REAL *DY = s->array[1], *Z = s->array[2];
    const void *const *labels_and_weights = s->array[3];
    const int32_t *label = labels_and_weights[0];
    const class_weights a = weights_of(s, labels_and_weights[1]);
    const size_t c = s->size[0];
    if (c <= SHORT_IN_ROW) {
        slopes_of_short_rows(s, label, &a);
        return;
    }
    for (size_t i = 0; i < s->n; i++) {
        const REAL *z = Z + i * c, dy = DY[i];
        REAL *restrict dz = (REAL *)s->array[0] + i * c;
        const double others = exp_of_group(dz, z, largest(z, c, 1), c, 1);
        const size_t k = (size_t)label[i];
        const REAL sum = (REAL)(1 + others), rest = (REAL)others,
                   whole = (REAL)(a.share * a.all + weight_of_label(&a, k)),
                   at_label = slope_at_label(&a, k, (double)dz[k], others) * dy;
        for (size_t j = 0; j < c; j++)
            dz[j] = slope_of_class(dz[j], (REAL)a.share * a.w[j], whole, rest, sum, dy);
        dz[k] = at_label;
    }
}

#else

AD_FAMILY(losses)

LOOP_TABLE(huber)
MAP3(normal_nll, )
MAP2(poisson_nll, )
LOOP_TABLE(softmax_cross_entropy_with)
LOOP_TABLE(softmax_cross_entropy_with_backward)

/* ---- Of a prediction y and a target t ---------------------------------------------------------------------------- */

/* Gives g to the prediction and -g to the target. */
static void give_both(ad_pullback *p, ad_tensor g)
{
    ad_give(p, 0, g);
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_neg(g));
}

/* l = (y - t)^2 :  dy = 2 (y - t) dl,  dt = -dy */
static void squared_error_vjp(ad_pullback *p)
{
    give_both(p, ad_mul(ad_scale(ad_sub(ad_x(p, 0), ad_x(p, 1)), 2), ad_dy(p)));
}

AD_OPERATOR(squared_error,
    OF_TWO,
    .loops = &squared_error_loops,
    .vjp = squared_error_vjp,
    .formula = "(y - t)^2",
    .gradient = "2 (y - t) dl, -2 (y - t) dl",
);

ad_tensor ad_squared_error(ad_tensor y, ad_tensor t) { return ad_apply2(&ad_operator_squared_error, y, t); }

/* l = |y - t| :  dy = sign(y - t) dl,  dt = -dy */
static void absolute_error_vjp(ad_pullback *p)
{
    give_both(p, ad_times_sign(ad_dy(p), ad_sub(ad_x(p, 0), ad_x(p, 1))));
}

AD_OPERATOR(absolute_error,
    OF_TWO,
    .loops = &absolute_error_loops,
    .vjp = absolute_error_vjp,
    .formula = "|y - t|",
    .gradient = "sign(y - t) dl, -sign(y - t) dl",
    .convention = "the gradients are 0 where y = t",
);

ad_tensor ad_absolute_error(ad_tensor y, ad_tensor t) { return ad_apply2(&ad_operator_absolute_error, y, t); }

static void huber_shape(ad_call *c)
{
    const double delta = c->attributes[0].real;
    if (delta > 0)
        ad_broadcast_shape(c);
    else
        ad_call_fail(c, AD_BAD_VALUE, "delta must be above 0: it is %g", delta);
}

/* l = e^2 / 2 if |e| <= delta, else delta (|e| - delta / 2), e = y - t :  dy = clamp(e, -delta, delta) dl,  dt = -dy */
static void huber_vjp(ad_pullback *p)
{
    const double delta = ad_attribute_at(p, 0)->real;
    give_both(p, ad_mul(ad_clamp(ad_sub(ad_x(p, 0), ad_x(p, 1)), -delta, delta), ad_dy(p)));
}

static const ad_sample samples_huber[] = {
    {.n_x = 2, .x = {{2, {2, 3}}, {2, {2, 3}}}, .attributes = {{.real = 1}}},
    {.n_x = 2, .x = {{0}, {0}}, .attributes = {{.real = 0.25}}},
    {.n_x = 2, .x = {{3, {2, 1, 3}}, {2, {4, 1}}}, .attributes = {{.real = 0.5}}},
    {.n_x = 2, .x = {{1, {3}}, {0}}, .attributes = {{.real = INFINITY}}},
    {.n_x = 2, .x = {{2, {0, 3}}, {1, {3}}}, .attributes = {{.real = 1}}},
};

AD_OPERATOR(huber,
    .arity = 2,
    .attributes = {{"delta", AD_ATTRIBUTE_REAL}},
    .properties = AD_ELEMENTWISE,
    .shape = huber_shape,
    SAMPLES(samples_huber),
    .run = ad_map,
    .loops = &huber_loops,
    .vjp = huber_vjp,
    .formula = "(y - t)^2 / 2 where |y - t| <= delta, else delta (|y - t| - delta / 2)",
    .gradient = "clamp(y - t, -delta, delta) dl, -clamp(y - t, -delta, delta) dl",
    .convention = "the second derivative is 1 where |y - t| = delta",
);

ad_tensor ad_huber(ad_tensor y, ad_tensor t, double delta)
{
    return ad_apply_one(&ad_operator_huber, (const ad_tensor[]){y, t}, 2, &(ad_attribute){.real = delta});
}

/* l = max(0, 1 - t y) :  dy = -t dl where l > 0, else 0;  dt = -y dl where l > 0, else 0 */
static void hinge_vjp(ad_pullback *p)
{
    ad_tensor dl = ad_neg(ad_where_positive(ad_dy(p), ad_y(p)));
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_mul(ad_x(p, 1), dl));
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_mul(ad_x(p, 0), dl));
}

AD_OPERATOR(hinge,
    OF_TWO,
    .loops = &hinge_loops,
    .vjp = hinge_vjp,
    .formula = "max(0, 1 - t y)",
    .gradient = "-t dl where t y < 1, else 0; -y dl where t y < 1, else 0",
    .convention = "the gradients are 0 where t y = 1",
);

ad_tensor ad_hinge(ad_tensor y, ad_tensor t) { return ad_apply2(&ad_operator_hinge, y, t); }

/* ---- Of distributions -------------------------------------------------------------------------------------------- */

/* l = e^p (p - q) :  dp = (l + e^p) dl,  dq = -e^p dl */
static void kl_divergence_vjp(ad_pullback *p)
{
    ad_tensor probability = ad_exp(ad_x(p, 0));
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_mul(ad_add(ad_y(p), probability), ad_dy(p)));
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_neg(ad_mul(probability, ad_dy(p))));
}

AD_OPERATOR(kl_divergence,
    OF_TWO,
    .loops = &kl_divergence_loops,
    .vjp = kl_divergence_vjp,
    .linear = AD_LINEAR_IN(1),
    .formula = "e^p (p - q)",
    .gradient = "(l + e^p) dl, -e^p dl",
    .convention = "0 where p is -inf, whatever q is",
);

ad_tensor ad_kl_divergence(ad_tensor p, ad_tensor q) { return ad_apply2(&ad_operator_kl_divergence, p, q); }

/* r = a e^s :  da = e^s dr,  ds = r dr */
AD_OPERATOR(mul_exp,
    OF_TWO,
    .loops = &mul_exp_loops,
    GIVES(PART(mul_exp, AD_DY, AD_X1), PART(mul, AD_Y, AD_DY)),
    .linear = AD_LINEAR_IN(0),
    .formula = "a e^s",
    .gradient = "e^s dr, r dr",
    .convention = "0 where s is -inf, whatever a is, and where a = 0 and s is finite",
);

ad_tensor ad_mul_exp(ad_tensor a, ad_tensor s) { return ad_apply2(&ad_operator_mul_exp, a, s); }

/* l = (ln 2 pi + v + d^2 e^-v) / 2, d = x - mean :  dx = d e^-v dl,  dmean = -dx,  dv = (1 - d^2 e^-v) / 2 dl. Of
 * d^2 e^-v the root is taken first, which is in range where the square is. */
static void normal_nll_vjp(ad_pullback *p)
{
    ad_tensor dl = ad_dy(p), v = ad_x(p, 2), d = ad_sub(ad_x(p, 0), ad_x(p, 1));
    if (ad_wants(p, 0) || ad_wants(p, 1))
        give_both(p, ad_mul(ad_mul_exp(d, ad_neg(v)), dl));
    if (ad_wants(p, 2)) {
        ad_tensor deviations = ad_mul_exp(d, ad_scale(v, -0.5));
        ad_give(p, 2, ad_mul(ad_shift(ad_scale(ad_square(deviations), -0.5), 0.5), dl));
    }
}

AD_OPERATOR(normal_nll,
    OF_THREE,
    .loops = &normal_nll_loops,
    .vjp = normal_nll_vjp,
    .formula = "(ln 2 pi + v + (x - mean)^2 e^-v) / 2",
    .gradient = "d e^-v dl, -d e^-v dl, (1 - d^2 e^-v) / 2 dl, d = x - mean",
    .convention = "finite wherever the formula is, though a part of it is not",
);

ad_tensor ad_normal_nll(ad_tensor x, ad_tensor mean, ad_tensor log_variance)
{
    return ad_apply3(&ad_operator_normal_nll, x, mean, log_variance);
}

/* l = e^r - k r + lgamma(k + 1) :  dr = (e^r - k) dl,  dk = (digamma(k + 1) - r) dl */
static void poisson_nll_vjp(ad_pullback *p)
{
    ad_tensor r = ad_x(p, 0), k = ad_x(p, 1);
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_mul(ad_sub(ad_exp(r), k), ad_dy(p)));
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_mul(ad_sub(ad_digamma(ad_shift(k, 1)), r), ad_dy(p)));
}

AD_OPERATOR(poisson_nll,
    OF_TWO,
    .loops = &poisson_nll_loops,
    .vjp = poisson_nll_vjp,
    .formula = "e^r - k r + lgamma(k + 1)",
    .gradient = "(e^r - k) dl, (digamma(k + 1) - r) dl",
    .convention = "0 where r is -inf and k is 0",
    .domain = {{0}, {.low = 0, .high = 5}},
);

ad_tensor ad_poisson_nll(ad_tensor log_rate, ad_tensor count)
{
    return ad_apply2(&ad_operator_poisson_nll, log_rate, count);
}

/* ---- Of classes -------------------------------------------------------------------------------------------------- */

#define SMOOTHED .attributes = {{"smoothing", AD_ATTRIBUTE_REAL}}

/* Logits, labels, weights of classes and smoothing of a call: the operands from `z` on. */
static bool check_classes(ad_call *c, int z)
{
    const double smoothing = c->attributes[0].real;
    const ad_shape *logits = c->x[z]->shape, *weights = c->x[z + 2]->shape;
    char a[AD_OPERAND_TEXT], b[AD_OPERAND_TEXT];
    if (!ad_check_logits(c, z, z + 1))
        return false;
    if (!(smoothing >= 0 && smoothing < 1))
        ad_call_fail(c, AD_BAD_VALUE, "smoothing must be at least 0 and below 1: it is %g", smoothing);
    else if (weights->rank != 1 || weights->dims[0] != logits->dims[1])
        ad_call_fail(c, AD_BAD_SHAPE, "logits must be [n,c] and class weights [c]: they are %s and %s",
                     ad_operand_text(c, z, a), ad_operand_text(c, z + 2, b));
    else
        return true;
    return false;
}

static void softmax_cross_entropy_with_shape(ad_call *c)
{
    if (check_classes(c, 0))
        ad_result(c, 0, (ad_type)c->x[0]->type, c->x[1]->shape);
}

static void softmax_cross_entropy_with_run(ad_call *c)
{
    const ad_shape *z = c->x[0]->shape;
    if (!ad_check_labels(c, c->x[1], z->dims[1]))
        return;
    ad_span span = {.n = (size_t)z->dims[0],
                    .array = {c->y[0]->data, c->x[0]->data, c->x[1]->data, c->x[2]->data},
                    .size = {(size_t)z->dims[1]},
                    .constant = c->attributes[0].real};
    ad_loop_for(c->op->loops, c->x[0]->type)(&span);
}

static ad_tensor column(ad_tensor x) { return ad_reshape(x, AD_SHAPE(ad_shape_of(x).dims[0], 1)); }

/* Smoothed targets times u [n,c]: (1 - s) u at the labels, plus s / c u everywhere. Without smoothing the other
 * elements are replaced, not multiplied by 0: they may be infinite. */
static ad_tensor times_targets(ad_tensor u, ad_tensor labels, double smoothing)
{
    const int64_t c = ad_shape_of(u).dims[1];
    const double share = smoothing / (double)c;
    ad_tensor is_label = ad_equal(column(labels), ad_arange(u.tape, AD_I32, c));
    ad_tensor elsewhere = smoothing > 0 ? ad_scale(u, share) : ad_zeros(u.tape, ad_type_of(u), AD_SCALAR);
    return ad_where(is_label, ad_scale(u, 1 - smoothing + share), elsewhere);
}

/* What the classes weigh in the loss of each row, in sum: (1 - s) w[label] + s mean(w) */
static ad_tensor row_weights(ad_tensor weights, ad_tensor labels, double smoothing)
{
    return ad_add(ad_scale(ad_gather_rows(weights, labels), 1 - smoothing), ad_scale(ad_mean(weights), smoothing));
}

/* y = -sum over classes of h w log_softmax(z), h = (1 - s) one_hot(label) + s / c :
 * dz = (softmax(z) sum(h w) - h w) dy,  dw = -sum over rows of h log_softmax(z) dy */
static void softmax_cross_entropy_with_vjp(ad_pullback *p)
{
    ad_tensor dy = ad_dy(p), z = ad_x(p, 0), labels = ad_x(p, 1), w = ad_x(p, 2);
    const double smoothing = ad_attribute_at(p, 0)->real;
    if (ad_wants(p, 0))
        ad_give(p, 0, ad_softmax_cross_entropy_with_backward(dy, z, labels, w, smoothing));
    if (ad_wants(p, 2)) {
        ad_tensor terms = times_targets(ad_log_softmax(z, 1), labels, smoothing);
        ad_give(p, 2, ad_neg(ad_sum_over(ad_mul(terms, column(dy)), AD_AXES(0))));
    }
}

static const ad_sample samples_cross_entropy_with[] = {
    {.n_x = 3, .x = {{2, {4, 3}}, {1, {4}}, {1, {3}}}, .attributes = {{.real = 0.1}}},
    {.n_x = 3, .x = {{2, {5, 4}}, {1, {5}}, {1, {4}}}, .attributes = {{.real = 0}}},
    {.n_x = 3, .x = {{2, {1, 2}}, {1, {1}}, {1, {2}}}, .attributes = {{.real = 0.75}}},
    {.n_x = 3, .x = {{2, {0, 3}}, {1, {0}}, {1, {3}}}, .attributes = {{.real = 0.1}}},
};

AD_OPERATOR(softmax_cross_entropy_with,
    .arity = 3,
    .types = "rir",
    SMOOTHED,
    .shape = softmax_cross_entropy_with_shape,
    SAMPLES(samples_cross_entropy_with),
    .run = softmax_cross_entropy_with_run,
    .loops = &softmax_cross_entropy_with_loops,
    .vjp = softmax_cross_entropy_with_vjp,
    .linear = AD_LINEAR_IN(2),
    .formula = "-sum(h w log_softmax(z)), h = (1 - s) one_hot(label) + s / c",
    .gradient = "(softmax(z) sum(h w) - h w) dy, -sum(h log_softmax(z) dy)",
    .convention = "finite for any finite logits; a class that weighs 0 adds 0, even if its logit is -inf",
    .domain = {{0}, {.low = 0, .high = 1}, {.low = 0.5, .high = 2}},
);

/* The default weights of classes: ones. Operands that are no logits give an inert tensor; the row reports them. */
static ad_tensor ones_for(ad_tensor logits)
{
    const ad_entry *z = logits.tape ? ad_entry_of(logits.tape, logits) : NULL;
    if (!z || z->value.type == AD_I32 || z->value.shape->rank != 2)
        return logits;
    return ad_ones(logits.tape, (ad_type)z->value.type, AD_SHAPE(z->value.shape->dims[1]));
}

ad_tensor ad_softmax_cross_entropy_with(ad_tensor logits, ad_tensor labels, const ad_cross_entropy_options *options)
{
    const bool has_weights = options && options->class_weights.tape;
    if (!options || (options->smoothing == 0 && !has_weights))
        return ad_softmax_cross_entropy(logits, labels);
    const ad_tensor x[] = {logits, labels, has_weights ? options->class_weights : ones_for(logits)};
    return ad_apply_one(&ad_operator_softmax_cross_entropy_with, x, 3, &(ad_attribute){.real = options->smoothing});
}

static void softmax_cross_entropy_with_backward_shape(ad_call *c)
{
    char a[AD_OPERAND_TEXT];
    if (!check_classes(c, 1))
        return;
    if (ad_same_dims(c->x[0]->shape, c->x[2]->shape))
        ad_result(c, 0, (ad_type)c->x[0]->type, c->x[1]->shape);
    else
        ad_call_fail(c, AD_BAD_SHAPE, "dy must be [n], as the labels: it is %s", ad_operand_text(c, 0, a));
}

static void softmax_cross_entropy_with_backward_run(ad_call *c)
{
    const ad_shape *z = c->x[1]->shape;
    if (!ad_check_labels(c, c->x[2], z->dims[1]))
        return;
    const void *labels_and_weights[] = {c->x[2]->data, c->x[3]->data};
    ad_span span = {.n = (size_t)z->dims[0],
                    .array = {c->y[0]->data, c->x[0]->data, c->x[1]->data, labels_and_weights},
                    .size = {(size_t)z->dims[1]},
                    .constant = c->attributes[0].real};
    ad_loop_for(c->op->loops, c->x[0]->type)(&span);
}

/* r = (q sum(h w) - h w) v, q = softmax(z), v a column :  dv = sum over classes of (q sum(h w) - h w) dr,
 * dz = softmax_backward(dr, q) sum(h w) v,  dw = sum over rows of h (sum(q dr) - dr) v */
static void softmax_cross_entropy_with_backward_vjp(ad_pullback *p)
{
    ad_tensor dr = ad_dy(p), v = ad_x(p, 0), z = ad_x(p, 1), labels = ad_x(p, 2), w = ad_x(p, 3);
    const double smoothing = ad_attribute_at(p, 0)->real;
    if (ad_wants(p, 0)) {
        ad_tensor of_one = ad_softmax_cross_entropy_with_backward(ad_ones_like(v), z, labels, w, smoothing);
        ad_give(p, 0, ad_sum_over(ad_mul(of_one, dr), AD_AXES(1)));
    }
    if (!ad_wants(p, 1) && !ad_wants(p, 3))
        return;
    ad_tensor q = ad_softmax(z, 1);
    if (ad_wants(p, 1))
        ad_give(p, 1, ad_mul(ad_softmax_backward(dr, q, 1), column(ad_mul(row_weights(w, labels, smoothing), v))));
    if (ad_wants(p, 3)) {
        ad_tensor against_mean = ad_neg(ad_weighted_deviation(dr, q, 1));
        ad_give(p, 3, ad_sum_over(times_targets(ad_mul(against_mean, column(v)), labels, smoothing), AD_AXES(0)));
    }
}

static const ad_sample samples_cross_entropy_with_backward[] = {
    {.n_x = 4, .x = {{1, {4}}, {2, {4, 3}}, {1, {4}}, {1, {3}}}, .attributes = {{.real = 0.1}}},
    {.n_x = 4, .x = {{1, {3}}, {2, {3, 4}}, {1, {3}}, {1, {4}}}, .attributes = {{.real = 0}}},
    {.n_x = 4, .x = {{1, {0}}, {2, {0, 3}}, {1, {0}}, {1, {3}}}, .attributes = {{.real = 0.1}}},
};

AD_OPERATOR(softmax_cross_entropy_with_backward,
    .arity = 4,
    .types = "rrir",
    SMOOTHED,
    .shape = softmax_cross_entropy_with_backward_shape,
    SAMPLES(samples_cross_entropy_with_backward),
    .run = softmax_cross_entropy_with_backward_run,
    .loops = &softmax_cross_entropy_with_backward_loops,
    .vjp = softmax_cross_entropy_with_backward_vjp,
    .linear = AD_LINEAR_IN(0) | AD_LINEAR_IN(3),
    .formula = "(softmax(z) sum(h w) - h w) v, h = (1 - s) one_hot(label) + s / c",
    .gradient = "sum((q sum(h w) - h w) dr), softmax_backward(dr, q) sum(h w) v, sum(h (sum(q dr) - dr) v), q = "
                "softmax(z)",
    .domain = {{0}, {0}, {.low = 0, .high = 1}, {.low = 0.5, .high = 2}},
);

ad_tensor ad_softmax_cross_entropy_with_backward(ad_tensor dy, ad_tensor logits, ad_tensor labels,
                                                 ad_tensor class_weights, double smoothing)
{
    return ad_apply_one(&ad_operator_softmax_cross_entropy_with_backward,
                        (const ad_tensor[]){dy, logits, labels, class_weights}, 4, &(ad_attribute){.real = smoothing});
}

#endif
