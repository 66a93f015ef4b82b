/* The cell of a long short-term memory: one kernel each way, because it is called for few elements and often. */
#include "../../kernels/saturation.h"
#include "../family.h"

#ifdef AD_REAL

/* y = logistic(x) for n elements */
static inline void logistic_of(size_t n, REAL *restrict y, const REAL *restrict x)
{
    REAL v[VIA_ROOM];
    for (size_t from = 0, m; from < n; from += m) {
        m = via_block(n - from);
        for (size_t i = 0; i < m; i++)
            v[i] = -R(fabs)(x[from + i]);
        vector_exp(m, v, v);
        for (size_t i = 0; i < m; i++)
            y[from + i] = (x[from + i] >= 0 ? 1 : v[i]) / (1 + v[i]);
    }
}

/* n rows. Array 0 has the addresses of h [size[0]], next [size[0]], activated [5 size[0]], gates [4 size[0]] and
 * cell [size[0]]. */
LOOP(lstm_cell)
{
    REAL *const *of = s->array[0];
    const size_t m = s->size[0];
    for (size_t k = 0; k < s->n; k++) {
        REAL *restrict H = of[0] + k * m, *restrict next = of[1] + k * m, *restrict A = of[2] + 5 * k * m;
        const REAL *restrict gates = of[3] + 4 * k * m, *restrict C = of[4] + k * m;
        logistic_of(3 * m, A, gates);
        vector_tanh(m, A + 3 * m, gates + 3 * m);
        for (size_t i = 0; i < m; i++)
            next[i] = A[i] * C[i] + A[m + i] * A[3 * m + i];
        vector_tanh(m, A + 4 * m, next);
        for (size_t i = 0; i < m; i++)
            H[i] = A[2 * m + i] * A[4 * m + i];
    }
}

/* f a b, where f is at most 1: it is in range wherever the result is. */
static inline REAL fraction(REAL f, REAL a, REAL b)
{
    const bool a_first = R(fabs)(a) > R(fabs)(b);
    return f * (a_first ? a : b) * (a_first ? b : a);
}

/* n elements of a row of m; `exact`: with what the activations lack to 1 from the gates Z and from next. Returns
 * whether one of the activations is near 1. */
ALWAYS_INLINE bool cell_gradients(size_t n, size_t m, bool exact, REAL *restrict dF, REAL *restrict dC,
                                  const REAL *restrict dH, const REAL *restrict dN, const REAL *restrict F,
                                  const REAL *restrict C, const REAL *restrict Z, const REAL *restrict N)
{
    REAL *restrict dI = dF + m, *restrict dO = dI + m, *restrict dG = dO + m;
    const REAL *restrict I = F + m, *restrict O = I + m, *restrict G = O + m, *restrict T = G + m;
    ad_order top = order_of(0);
    for (size_t i = 0; i < n; i++) {
        const REAL f = exact ? logistic_exact(F[i], Z[i]) : logistic_rest(F[i]),
                   in = exact ? logistic_exact(I[i], Z[m + i]) : logistic_rest(I[i]),
                   o = exact ? logistic_exact(O[i], Z[2 * m + i]) : logistic_rest(O[i]),
                   g = exact ? tanh_exact(G[i], Z[3 * m + i]) : tanh_rest(G[i]),
                   t = exact ? tanh_exact(T[i], N[i]) : tanh_rest(T[i]);
        const REAL sum = dN[i] + dH[i] * O[i] * t * (2 - t);
        dF[i] = fraction(F[i] * f, sum, C[i]);
        dI[i] = sum * G[i] * I[i] * in;
        dO[i] = dH[i] * T[i] * O[i] * o;
        dG[i] = sum * I[i] * g * (2 - g);
        dC[i] = sum * F[i];
        top = higher(top, order_of(logistic_height(F[i])));
        top = higher(top, order_of(logistic_height(I[i])));
        top = higher(top, order_of(logistic_height(O[i])));
        top = higher(top, order_of(tanh_height(G[i])));
        top = higher(top, order_of(tanh_height(T[i])));
    }
    return tanh_nears(top);
}

/* n elements of row k of m, from i on. `near` says whether the elements before had an activation near 1; returned is
 * whether these have one. `of` are the addresses of dgates, dcell, dh, dnext, activated, cell, gates and next. */
ALWAYS_INLINE bool cell_block(bool near, REAL *const *of, size_t k, size_t m, size_t i, size_t n)
{
    const size_t at = k * m + i, four = 4 * k * m + i;
    const REAL *A = of[4] + 5 * k * m + i, *Z = of[6] + four, *N = of[7] + at;
    if (!near)
        near = cell_gradients(n, m, false, of[0] + four, of[1] + at, of[2] + at, of[3] + at, A, of[5] + at, Z, N);
    if (near)
        near = cell_gradients(n, m, true, of[0] + four, of[1] + at, of[2] + at, of[3] + at, A, of[5] + at, Z, N);
    return near;
}

/* As many elements as a vector has: blocks of so many have no rest that is computed one by one. */
enum { CELL_VECTOR = 64 / sizeof(REAL) };

/* n rows. Array 0 has the addresses. The last block of a row begins early enough to be whole: what it computes a second
 * time is the same. */
LOOP(lstm_cell_backward)
{
    REAL *const *of = s->array[0];
    const size_t m = s->size[0];
    bool near = false;
    for (size_t k = 0; k < s->n; k++) {
        size_t i = 0;
        for (; i + SLOPE_BLOCK <= m; i += SLOPE_BLOCK)
            near = cell_block(near, of, k, m, i, SLOPE_BLOCK);
        if (m < CELL_VECTOR)
            near = cell_block(near, of, k, m, 0, m);
        else
            for (; i < m; i += CELL_VECTOR)
                near = cell_block(near, of, k, m, i + CELL_VECTOR <= m ? i : m - CELL_VECTOR, CELL_VECTOR);
    }
}

#else

AD_FAMILY(fused_lstm_cell)

LOOP_TABLE(lstm_cell)
LOOP_TABLE(lstm_cell_backward)

/* Calls the row's loop with the addresses of results and operands; a row has as many elements as one of the cell. */
static void over_rows(ad_call *c, const ad_value *cell)
{
    const ad_shape *shape = cell->shape;
    const size_t m = shape->rank ? (size_t)shape->dims[shape->rank - 1] : 1;
    void *of[AD_MAX_RESULTS];
    int n = 0;
    for (int j = 0; j < c->n_y; j++)
        of[n++] = c->y[j]->data;
    for (int i = 0; i < c->n_x; i++)
        of[n++] = c->x[i]->data;
    const size_t all = ad_elements(cell);
    ad_loop_for(c->op->loops, cell->type)(&(ad_span){.n = all ? all / m : 0, .array = {of}, .size = {m}});
}

/* Whether x has all axes of the cell except the last, and after them `times` as many elements as the cell's last
 * axis. */
static bool is_wide(const ad_shape *x, const ad_shape *cell, int64_t times)
{
    const int lead = cell->rank - 1;
    bool is = x->rank > lead;
    size_t n = 1;
    if (x == cell && times == 1)
        return true;
    for (int i = 0; is && i < lead; i++)
        is = x->dims[i] == cell->dims[i];
    for (int i = lead; is && i < x->rank; i++)
        n *= (size_t)x->dims[i];
    return is && n == (size_t)(cell->dims[lead] * times);
}

/* The cell is [..., h]. 5h does not overflow: an operand of that size would not fit in memory. */
static bool check_cell(ad_call *c, int i)
{
    char text[AD_OPERAND_TEXT];
    const ad_shape *cell = c->x[i]->shape;
    if (cell->rank >= 1 && cell->dims[cell->rank - 1] <= INT64_MAX / 5)
        return true;
    ad_call_fail(c, AD_BAD_SHAPE, "the cell must be [..., h]: it is %s", ad_operand_text(c, i, text));
    return false;
}

/* ---- The cell ---------------------------------------------------------------------------------------------------- */

static void lstm_cell_shape(ad_call *c)
{
    const ad_type type = (ad_type)c->x[0]->type;
    char a[AD_OPERAND_TEXT], b[AD_OPERAND_TEXT];
    if (!check_cell(c, 1))
        return;
    if (!is_wide(c->x[0]->shape, c->x[1]->shape, 4)) {
        ad_call_fail(c, AD_BAD_SHAPE, "the gates must be [..., 4h] for a cell [..., h]: they are %s and %s",
                     ad_operand_text(c, 0, a), ad_operand_text(c, 1, b));
        return;
    }
    ad_shape activated = *c->x[1]->shape;
    activated.dims[activated.rank - 1] *= 5;
    ad_result(c, 0, type, c->x[1]->shape);
    ad_result(c, 1, type, c->x[1]->shape);
    ad_result(c, 2, type, &activated);
}

static void lstm_cell_run(ad_call *c) { over_rows(c, c->x[1]); }

/* The k-th of the parts of the last axis, each as wide as the cell's. */
static ad_tensor part(ad_tensor x, int k, int64_t h)
{
    return ad_slice(x, -1, (ad_range){.start = k * h, .stop = (k + 1) * h});
}

/* The gates as [..., 4h], as their axes may be more than the cell's. */
static ad_tensor flat_gates(ad_tensor gates, ad_shape cell)
{
    cell.dims[cell.rank - 1] *= 4;
    return ad_reshape(gates, cell);
}

/* The gradients that come through `activated`: the logistics of three gates, the candidate's tanh, and tanh(c').
 * Returns what tanh(c') adds to dc'. */
static ad_tensor through_activated(ad_pullback *p, const ad_shape *cell, ad_tensor *dgates)
{
    const int64_t h = size_at(cell, -1);
    ad_tensor d = ad_dy_at(p, 2), activated = ad_y_at(p, 2), gates = flat_gates(ad_x(p, 0), *cell), dz[4];
    for (int k = 0; k < 3; k++)
        dz[k] = ad_logistic_backward(part(d, k, h), part(activated, k, h), part(gates, k, h));
    dz[3] = ad_tanh_backward(part(d, 3, h), part(activated, 3, h), part(gates, 3, h));
    *dgates = ad_reshape(ad_concat(dz, 4, -1), ad_shape_of(ad_x(p, 0)));
    return ad_tanh_backward(part(d, 4, h), part(activated, 4, h), ad_y_at(p, 1));
}

/* c' = f c + i g,  h = o t,  t = tanh(c'),  f, i, o logistics and g the tanh of their gates; with
 * s = dc' + o (1 - t^2) dh :  dgates = s c f (1 - f), s g i (1 - i), t dh o (1 - o), s i (1 - g^2),  dc = s f.
 * Third result: f, i, o, g and t, which a second derivative reaches. */
static void lstm_cell_vjp(ad_pullback *p)
{
    ad_tensor dcell, dgates, dnext = ad_dy_at(p, 1);
    if (ad_has_dy(p, 2)) {
        dnext = ad_add(dnext, through_activated(p, ad_x_shape(p, 1), &dgates));
        ad_give(p, 0, dgates);
    }
    dgates = ad_lstm_cell_backward(ad_dy(p), dnext, ad_y_at(p, 2), ad_x(p, 1), ad_x(p, 0), ad_y_at(p, 1), &dcell);
    ad_give(p, 0, dgates);
    ad_give(p, 1, dcell);
}

static const ad_sample samples_lstm_cell[] = {
    {.n_x = 2, .x = {{1, {12}}, {1, {3}}}},         {.n_x = 2, .x = {{3, {2, 1, 8}}, {3, {2, 1, 2}}}},
    {.n_x = 2, .x = {{3, {2, 2, 4}}, {2, {2, 2}}}}, {.n_x = 2, .x = {{2, {0, 8}}, {2, {0, 2}}}},
    {.n_x = 2, .x = {{2, {2, 0}}, {2, {2, 0}}}},
};

AD_OPERATOR(lstm_cell,
    .arity = 2,
    .n_results = 3,
    .shape = lstm_cell_shape,
    .run = lstm_cell_run,
    .loops = &lstm_cell_loops,
    .vjp = lstm_cell_vjp,
    SAMPLES(samples_lstm_cell),
    .formula = "h = o tanh(c'), c' = f c + i g, and f, i, o, g, tanh(c')",
    .gradient = "s c f (1 - f), s g i (1 - i), t dh o (1 - o), s i (1 - g^2); s f; s = dc' + o (1 - t^2) dh",
);

ad_tensor ad_lstm_cell(ad_tensor gates, ad_tensor cell, ad_tensor *next)
{
    ad_tensor r[AD_MAX_RESULTS];
    ad_apply(NULL, &ad_operator_lstm_cell, (const ad_tensor[]){gates, cell}, 2, NULL, r);
    if (next)
        *next = r[1];
    return r[0];
}

/* ---- Its backward ------------------------------------------------------------------------------------------------ */

static void lstm_cell_backward_shape(ad_call *c)
{
    static const int times[] = {1, 1, 5, 1, 4, 1}; /* how wide each operand is */
    const ad_shape *cell = c->x[3]->shape;
    const ad_type type = (ad_type)c->x[0]->type;
    char text[AD_OPERAND_TEXT];
    if (!check_cell(c, 3))
        return;
    for (int i = 0; i < 6; i++)
        if ((i != 4 && c->x[i]->shape->rank != cell->rank) || !is_wide(c->x[i]->shape, cell, times[i])) {
            ad_call_fail(c, AD_BAD_SHAPE,
                         "dh, dnext and next must be as the cell [..., h], activated [..., 5h], the gates [..., 4h]: "
                         "operand %d is %s",
                         i, ad_operand_text(c, i, text));
            return;
        }
    ad_result(c, 0, type, c->x[4]->shape);
    ad_result(c, 1, type, cell);
}

static void lstm_cell_backward_run(ad_call *c) { over_rows(c, c->x[3]); }

/* (1 - 2 a) x */
static ad_tensor logistic_bend(ad_tensor x, ad_tensor a) { return ad_mul(ad_shift(ad_scale(a, -2), 1), x); }

/* With u the gradients of dgates, v that of dcell, and S = u_f c f (1 - f) + u_i g i (1 - i) + u_g i (1 - g^2) + v f,
 * the gradient of s :
 *   d dh = S o (1 - t^2) + u_o t o (1 - o),  d dnext = S,  dc = u_f s f (1 - f),
 *   df = u_f s c (1 - 2 f) + v s,  di = u_i s g (1 - 2 i) + u_g s (1 - g^2),  dg = u_i s i (1 - i) - 2 g u_g s i,
 *   do = S dh (1 - t^2) + u_o dh t (1 - 2 o),  dt = u_o dh o (1 - o) - 2 t S dh o. */
static void lstm_cell_backward_vjp(ad_pullback *p)
{
    ad_tensor dh = ad_x(p, 0), c = ad_x(p, 3), next = ad_x(p, 5), v = ad_dy_at(p, 1), u[4], of[5], z[4], da[5];
    const ad_shape cell = *ad_x_shape(p, 3); /* also after an error */
    const int64_t h = size_at(&cell, -1);
    ad_tensor dgates = flat_gates(ad_dy(p), cell), gates = flat_gates(ad_x(p, 4), cell);
    for (int k = 0; k < 5; k++)
        of[k] = part(ad_x(p, 2), k, h);
    for (int k = 0; k < 4; k++) {
        u[k] = part(dgates, k, h);
        z[k] = part(gates, k, h);
    }
    ad_tensor f = of[0], i = of[1], o = of[2], g = of[3], t = of[4];
    ad_tensor s = ad_add(ad_x(p, 1), ad_tanh_backward(ad_mul(dh, o), t, next));
    ad_tensor through_f = ad_logistic_backward(u[0], f, z[0]), through_i = ad_logistic_backward(u[1], i, z[1]),
              through_o = ad_logistic_backward(u[2], o, z[2]), through_g = ad_tanh_backward(u[3], g, z[3]);
    ad_tensor ds = ad_add(ad_add(ad_mul(through_f, c), ad_mul(through_i, g)), ad_mul_add(through_g, i, ad_mul(v, f)));
    ad_give(p, 0, ad_add(ad_tanh_backward(ad_mul(ds, o), t, next), ad_mul(through_o, t)));
    ad_give(p, 1, ds);
    ad_give(p, 3, ad_mul(through_f, s));
    for (int hint = 4; hint < 6; hint++)
        if (ad_wants(p, hint))
            ad_give(p, hint, ad_zeros_like(ad_x(p, hint)));
    if (!ad_wants(p, 2))
        return;
    da[0] = ad_mul(s, ad_add(logistic_bend(ad_mul(u[0], c), f), v));
    da[1] = ad_mul(s, ad_add(logistic_bend(ad_mul(u[1], g), i), through_g));
    da[2] = ad_mul(dh, ad_add(ad_tanh_backward(ds, t, next), logistic_bend(ad_mul(u[2], t), o)));
    da[3] = ad_mul(s, ad_add(through_i, ad_mul(ad_scale(g, -2), ad_mul(u[3], i))));
    da[4] = ad_mul(dh, ad_add(through_o, ad_mul(ad_scale(t, -2), ad_mul(ds, o))));
    ad_give(p, 2, ad_concat(da, 5, -1));
}

static const ad_sample samples_lstm_cell_backward[] = {
    {.n_x = 6, .x = {{1, {3}}, {1, {3}}, {1, {15}}, {1, {3}}, {1, {12}}, {1, {3}}}},
    {.n_x = 6,
     .x = {{3, {2, 1, 2}}, {3, {2, 1, 2}}, {3, {2, 1, 10}}, {3, {2, 1, 2}}, {4, {2, 1, 4, 2}}, {3, {2, 1, 2}}}},
    {.n_x = 6, .x = {{2, {0, 2}}, {2, {0, 2}}, {2, {0, 10}}, {2, {0, 2}}, {2, {0, 8}}, {2, {0, 2}}}},
    {.n_x = 6, .x = {{2, {2, 0}}, {2, {2, 0}}, {2, {2, 0}}, {2, {2, 0}}, {2, {2, 0}}, {2, {2, 0}}}},
};

AD_OPERATOR(lstm_cell_backward,
    .arity = 6,
    .n_results = 2,
    .shape = lstm_cell_backward_shape,
    .run = lstm_cell_backward_run,
    .loops = &lstm_cell_backward_loops,
    .vjp = lstm_cell_backward_vjp,
    .linear = AD_LINEAR_IN(0) | AD_LINEAR_IN(1) | AD_LINEAR_IN(3),
    SAMPLES(samples_lstm_cell_backward),
    .formula = "s c f (1 - f), s g i (1 - i), t dh o (1 - o), s i (1 - g^2); s f; s = dnext + o (1 - t^2) dh",
    .gradient = "ds o (1 - t^2) + u_o t o (1 - o), ds, df to dt, u_f s f (1 - f), 0, 0; "
                "ds = u_f c f (1 - f) + u_i g i (1 - i) + u_g i (1 - g^2) + v f",
    .convention = "the gates and next are hints: digits that activated lost",
    .domain = {{0}, {0}, {.low = -0.9, .high = 0.9}, {0}, {HINT}, {HINT}},
);

ad_tensor ad_lstm_cell_backward(ad_tensor dh, ad_tensor dnext, ad_tensor activated, ad_tensor cell, ad_tensor gates,
                                ad_tensor next, ad_tensor *dcell)
{
    ad_tensor r[AD_MAX_RESULTS];
    ad_apply(NULL, &ad_operator_lstm_cell_backward, (const ad_tensor[]){dh, dnext, activated, cell, gates, next}, 6,
             NULL, r);
    if (dcell)
        *dcell = r[1];
    return r[0];
}

#endif
