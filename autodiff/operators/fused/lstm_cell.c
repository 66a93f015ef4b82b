/* The cell of a long short-term memory: one kernel each way, because it is called for few elements and often. */
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

/* n rows. Array 0 has the addresses of dgates, dcell, dh, dnext, activated and cell. */
LOOP(lstm_cell_backward)
{
    REAL *const *of = s->array[0];
    const size_t m = s->size[0];
    for (size_t k = 0; k < s->n; k++) {
        REAL *restrict dF = of[0] + 4 * k * m, *restrict dI = dF + m, *restrict dO = dI + m, *restrict dG = dO + m,
                       *restrict dC = of[1] + k * m;
        const REAL *restrict dH = of[2] + k * m, *restrict dN = of[3] + k * m, *restrict F = of[4] + 5 * k * m,
                             *restrict I = F + m, *restrict O = I + m, *restrict G = O + m, *restrict T = G + m,
                             *restrict C = of[5] + k * m;
        for (size_t i = 0; i < m; i++) {
            const REAL sum = dN[i] + (1 - T[i] * T[i]) * (dH[i] * O[i]);
            dF[i] = (1 - F[i]) * F[i] * (sum * C[i]);
            dI[i] = (1 - I[i]) * I[i] * (sum * G[i]);
            dO[i] = (1 - O[i]) * O[i] * (dH[i] * T[i]);
            dG[i] = (1 - G[i] * G[i]) * (sum * I[i]);
            dC[i] = sum * F[i];
        }
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
    for (int i = 0; is && i < lead; i++)
        is = x->dims[i] == cell->dims[i];
    ad_shape rest = {.rank = x->rank - lead};
    for (int i = 0; is && i < rest.rank; i++)
        rest.dims[i] = x->dims[lead + i];
    return is && ad_count_of(&rest) == (size_t)(cell->dims[lead] * times);
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

/* The gradients that come through `activated`: the logistics of three gates, the candidate's tanh, and tanh(c').
 * Returns what tanh(c') adds to dc'. */
static ad_tensor through_activated(ad_tensor d, ad_tensor activated, ad_shape gates, int64_t h, ad_tensor *dgates)
{
    ad_tensor dz[4];
    for (int k = 0; k < 3; k++)
        dz[k] = ad_logistic_backward(part(d, k, h), part(activated, k, h));
    dz[3] = ad_tanh_backward(part(d, 3, h), part(activated, 3, h));
    *dgates = ad_reshape(ad_concat(dz, 4, -1), gates);
    return ad_tanh_backward(part(d, 4, h), part(activated, 4, h));
}

/* c' = f c + i g,  h = o t,  t = tanh(c'),  f, i, o logistics and g the tanh of their gates; with
 * s = dc' + o (1 - t^2) dh :  dgates = s c f (1 - f), s g i (1 - i), t dh o (1 - o), s i (1 - g^2),  dc = s f.
 * Third result: f, i, o, g and t, which a second derivative reaches. */
static void lstm_cell_vjp(ad_pullback *p)
{
    ad_tensor dcell, dnext = ad_dy_at(p, 1), activated = ad_y_at(p, 2);
    const ad_shape gates = ad_shape_of(ad_x(p, 0));
    if (ad_has_dy(p, 2)) {
        const ad_shape cell = ad_shape_of(ad_x(p, 1));
        ad_tensor dgates;
        dnext = ad_add(dnext, through_activated(ad_dy_at(p, 2), activated, gates, size_at(&cell, -1), &dgates));
        ad_give(p, 0, dgates);
    }
    ad_give(p, 0, ad_lstm_cell_backward(ad_dy(p), dnext, activated, ad_x(p, 1), gates, &dcell));
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
    const ad_shape *cell = c->x[3]->shape, *gates = &c->attributes[0].shape;
    const ad_type type = (ad_type)c->x[0]->type;
    char text[AD_OPERAND_TEXT];
    if (!check_cell(c, 3))
        return;
    for (int i = 0; i < 3; i++)
        if (c->x[i]->shape->rank != cell->rank || !is_wide(c->x[i]->shape, cell, i == 2 ? 5 : 1)) {
            ad_call_fail(c, AD_BAD_SHAPE,
                         "dh and dnext must be as the cell [..., h], activated [..., 5h]: operand %d is %s", i,
                         ad_operand_text(c, i, text));
            return;
        }
    if (!ad_check_shape(c->tape, c->op->name, gates, 1))
        return;
    if (!is_wide(gates, cell, 4)) {
        ad_call_fail(c, AD_BAD_SHAPE, "the gates' shape %s must be [..., 4h] for a cell [..., h]",
                     ad_shape_text(gates, text));
        return;
    }
    ad_result(c, 0, type, gates);
    ad_result(c, 1, type, cell);
}

static void lstm_cell_backward_run(ad_call *c) { over_rows(c, c->x[3]); }

/* (1 - a^2) x */
static ad_tensor tanh_slope(ad_tensor x, ad_tensor a) { return ad_tanh_backward(x, a); }
/* a (1 - a) x */
static ad_tensor logistic_slope(ad_tensor x, ad_tensor a) { return ad_logistic_backward(x, a); }
/* (1 - 2 a) x */
static ad_tensor logistic_bend(ad_tensor x, ad_tensor a) { return ad_mul(ad_shift(ad_scale(a, -2), 1), x); }

/* With u the gradients of dgates, v that of dcell, and S = u_f c f (1 - f) + u_i g i (1 - i) + u_g i (1 - g^2) + v f,
 * the gradient of s :
 *   d dh = S o (1 - t^2) + u_o t o (1 - o),  d dnext = S,  dc = u_f s f (1 - f),
 *   df = u_f s c (1 - 2 f) + v s,  di = u_i s g (1 - 2 i) + u_g s (1 - g^2),  dg = u_i s i (1 - i) - 2 g u_g s i,
 *   do = S dh (1 - t^2) + u_o dh t (1 - 2 o),  dt = u_o dh o (1 - o) - 2 t S dh o. */
static void lstm_cell_backward_vjp(ad_pullback *p)
{
    ad_tensor dh = ad_x(p, 0), a = ad_x(p, 2), c = ad_x(p, 3), v = ad_dy_at(p, 1), u[4], of[5], da[5];
    const ad_shape cell = *ad_x_shape(p, 3); /* also after an error */
    const int64_t h = size_at(&cell, -1);
    ad_shape flat = cell;
    flat.dims[cell.rank - 1] = 4 * h;
    ad_tensor dgates = ad_reshape(ad_dy(p), flat);
    for (int k = 0; k < 5; k++)
        of[k] = part(a, k, h);
    for (int k = 0; k < 4; k++)
        u[k] = part(dgates, k, h);
    ad_tensor f = of[0], i = of[1], o = of[2], g = of[3], t = of[4];
    ad_tensor s = ad_add(ad_x(p, 1), tanh_slope(ad_mul(dh, o), t));
    ad_tensor through_f = logistic_slope(u[0], f), through_i = logistic_slope(u[1], i),
              through_o = logistic_slope(u[2], o), through_g = tanh_slope(u[3], g);
    ad_tensor ds = ad_add(ad_add(ad_mul(through_f, c), ad_mul(through_i, g)), ad_mul_add(through_g, i, ad_mul(v, f)));
    ad_give(p, 0, ad_add(tanh_slope(ad_mul(ds, o), t), ad_mul(through_o, t)));
    ad_give(p, 1, ds);
    ad_give(p, 3, ad_mul(through_f, s));
    if (!ad_wants(p, 2))
        return;
    da[0] = ad_mul(s, ad_add(logistic_bend(ad_mul(u[0], c), f), v));
    da[1] = ad_mul(s, ad_add(logistic_bend(ad_mul(u[1], g), i), through_g));
    da[2] = ad_mul(dh, ad_add(tanh_slope(ds, t), logistic_bend(ad_mul(u[2], t), o)));
    da[3] = ad_mul(s, ad_add(through_i, ad_mul(ad_scale(g, -2), ad_mul(u[3], i))));
    da[4] = ad_mul(dh, ad_add(through_o, ad_mul(ad_scale(t, -2), ad_mul(ds, o))));
    ad_give(p, 2, ad_concat(da, 5, -1));
}

static const ad_sample samples_lstm_cell_backward[] = {
    {.n_x = 4, .x = {{1, {3}}, {1, {3}}, {1, {15}}, {1, {3}}}, .attributes = {{.shape = {1, {12}}}}},
    {.n_x = 4,
     .x = {{3, {2, 1, 2}}, {3, {2, 1, 2}}, {3, {2, 1, 10}}, {3, {2, 1, 2}}},
     .attributes = {{.shape = {4, {2, 1, 4, 2}}}}},
    {.n_x = 4, .x = {{2, {0, 2}}, {2, {0, 2}}, {2, {0, 10}}, {2, {0, 2}}}, .attributes = {{.shape = {2, {0, 8}}}}},
    {.n_x = 4, .x = {{2, {2, 0}}, {2, {2, 0}}, {2, {2, 0}}, {2, {2, 0}}}, .attributes = {{.shape = {2, {2, 0}}}}},
};

AD_OPERATOR(lstm_cell_backward,
    .arity = 4,
    .n_results = 2,
    .attributes = {{"gates", AD_ATTRIBUTE_SHAPE}},
    .shape = lstm_cell_backward_shape,
    .run = lstm_cell_backward_run,
    .loops = &lstm_cell_backward_loops,
    .vjp = lstm_cell_backward_vjp,
    .linear = AD_LINEAR_IN(0) | AD_LINEAR_IN(1) | AD_LINEAR_IN(3),
    SAMPLES(samples_lstm_cell_backward),
    .formula = "s c f (1 - f), s g i (1 - i), t dh o (1 - o), s i (1 - g^2); s f; s = dnext + o (1 - t^2) dh",
    .gradient = "ds o (1 - t^2) + u_o t o (1 - o), ds, df to dt, u_f s f (1 - f); "
                "ds = u_f c f (1 - f) + u_i g i (1 - i) + u_g i (1 - g^2) + v f",
);

ad_tensor ad_lstm_cell_backward(ad_tensor dh, ad_tensor dnext, ad_tensor activated, ad_tensor cell, ad_shape gates,
                                ad_tensor *dcell)
{
    ad_tensor r[AD_MAX_RESULTS];
    ad_apply(NULL, &ad_operator_lstm_cell_backward, (const ad_tensor[]){dh, dnext, activated, cell}, 4,
             &(ad_attribute){.shape = gates}, r);
    if (dcell)
        *dcell = r[1];
    return r[0];
}

#endif
