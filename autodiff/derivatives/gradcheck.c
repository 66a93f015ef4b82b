/* Gradients against central differences. */
#include <gradtape/gradcheck.h>
#include <gradtape/update.h>

#include <float.h>
#include <math.h>
#include <stdio.h>

#include "../tape/handles.h"
#include "../tape/proposals.h"
#include "../tape/status.h"
#include "../tape/update.h"

static const char *const verdict_names[] = {"not checked", "right", "wrong", "missing", "all zero"};

const char *ad_verdict_name(ad_verdict verdict)
{
    return (unsigned)verdict < sizeof verdict_names / sizeof verdict_names[0] ? verdict_names[verdict]
                                                                              : "unknown verdict";
}

/* A parameter, as it was before the first call of the function. */
typedef struct parameter {
    ad_entry *entry;
    uint32_t version;  /* the function must not change it */
    bool has_gradient; /* backward computed one */
    size_t n;          /* how many elements it has */
    double *values;
    double *gradient; /* by backward; zeros if there is none */
} parameter;

typedef struct check {
    ad_tape *tape;
    ad_gradcheck_function *function;
    void *context;
    ad_storage *rooms[2];  /* of the next two */
    parameter *parameters; /* [n] */
    size_t n;
    double *numbers;        /* the values and the gradients of all parameters */
    uint32_t kept;          /* how many parameters and states there are from the first call on */
    int calls;              /* of the function, so far */
    double value;           /* of the function in the first call, without its sign */
    double step, tolerance; /* for the parameter that is looked at */
} check;

static double get(const ad_value *x, size_t i)
{
    return x->type == AD_F32 ? (double)((const float *)x->data)[i] : ((const double *)x->data)[i];
}

static void set(ad_value *x, size_t i, double value)
{
    if (x->type == AD_F32)
        ((float *)x->data)[i] = (float)value;
    else
        ((double *)x->data)[i] = value;
}

static bool is_parameter(const ad_entry *e) { return e->value.flags & AD_WANTS_GRADIENT; }

/* ---- Calling the function ---------------------------------------------------------------------------------------- */

/* The gradients that are checked were read for the parameters of the first call, which may make states, slots say. */
static void check_leaves(check *c)
{
    if (c->calls == 1)
        c->kept = ad_persistent_count(c->tape);
    if (ad_param_count(c->tape) != c->n)
        ad_fail(c->tape, AD_BAD_STATE, "gradcheck: the function makes a parameter in call %d: make them all before",
                c->calls);
    else if (ad_persistent_count(c->tape) != c->kept)
        ad_fail(c->tape, AD_BAD_STATE, "gradcheck: the function makes a state in call %d: make them all in the first",
                c->calls);
    for (size_t k = 0; k < c->n; k++)
        if (c->parameters[k].entry->u.leaf.version != c->parameters[k].version)
            ad_fail(c->tape, AD_BAD_STATE,
                    "gradcheck: the function changes %s in call %d: it must only read parameters",
                    ad_leaf_name(c->parameters[k].entry), c->calls);
}

static void check_result(const check *c, ad_tensor y)
{
    char text[AD_SHAPE_TEXT], who[60];
    const ad_entry *e = c->tape->status == AD_OK ? ad_entry_of(c->tape, y) : NULL;
    snprintf(who, sizeof who, "gradcheck: the function's result in call %d", c->calls);
    if (!e)
        ad_fail_handle(c->tape, y, who, -1);
    else if (ad_elements(&e->value) != 1)
        ad_fail(c->tape, AD_BAD_SHAPE, "%s, %s, is not a scalar: reduce it (ad_sum, ad_mean)", who,
                ad_shape_text(e->value.shape, text));
}

/* Records the function anew. */
static ad_tensor record(check *c)
{
    if (c->tape->status != AD_OK || ad_reset(c->tape) != AD_OK)
        return ad_inert(c->tape);
    c->calls++;
    const ad_tensor y = c->function(c->tape, c->context);
    check_leaves(c);
    check_result(c, y);
    if (c->calls == 1 && c->tape->status == AD_OK)
        c->value = fabs(ad_item(y));
    return y;
}

/* ---- Differences ------------------------------------------------------------------------------------------------- */

static double loss_at(check *c, ad_value *x, size_t i, double value)
{
    set(x, i, value);
    return ad_item(record(c));
}

/* (f(x+h) - f(x-h)) / 2h, with x+h and x-h as the type represents them. */
static double difference(check *c, ad_value *x, size_t i, double h)
{
    const double at = get(x, i);
    const double above = loss_at(c, x, i, at + h), up = get(x, i);
    const double below = loss_at(c, x, i, at - h), down = get(x, i);
    set(x, i, at);
    return (above - below) / (up - down);
}

/* Richardson: the error terms h^2 of two step widths cancel. */
static double derivative(check *c, ad_value *x, size_t i)
{
    const double h = c->step * fmax(1, fabs(get(x, i)));
    return (4 * difference(c, x, i, h / 2) - difference(c, x, i, h)) / 3;
}

/* Compares the analytic gradient of one parameter with differences. */
static ad_gradcheck_result compare(check *c, const parameter *p, double *largest)
{
    double worst = -1;
    ad_gradcheck_result r = {.name = ad_name_or(p->entry, "")};
    *largest = 0;
    for (size_t i = 0; i < p->n && c->tape->status == AD_OK; i++) {
        const double analytic = p->gradient[i], numeric = derivative(c, &p->entry->value, i);
        const double off = fabs(analytic - numeric);
        *largest = fmax(*largest, fmax(fabs(analytic), fabs(numeric)));
        if (worst < 0 || !(off <= worst)) {
            worst = isnan(off) ? INFINITY : off;
            r.worst = i;
            r.analytic = analytic;
            r.numeric = numeric;
        }
    }
    r.error = worst == INFINITY ? INFINITY : *largest > 0 ? fmax(worst, 0) / *largest : 0;
    return r;
}

/* What the rounding of two values does to their difference, divided by the step: a generous bound. */
static double rounding_of(const check *c, ad_type type)
{
    return 16 * (type == AD_F32 ? (double)FLT_EPSILON : DBL_EPSILON) * c->value / c->step;
}

/* Numbers so small that they may be all rounding show something only if they agree. */
static ad_verdict verdict_on(const check *c, const ad_gradcheck_result *r, double largest, bool has_gradient,
                             ad_type type)
{
    const bool agrees = r->error <= c->tolerance;
    const bool is_small = largest <= fmax(c->tolerance * c->tolerance, rounding_of(c, type));
    if (r->error < INFINITY && is_small && (largest == 0 || !has_gradient || !agrees))
        return AD_GRADIENT_ALL_ZERO;
    if (!has_gradient)
        return AD_GRADIENT_MISSING;
    return agrees ? AD_GRADIENT_RIGHT : AD_GRADIENT_WRONG;
}

static void choose_step(check *c, const ad_entry *e, const ad_gradcheck_options *o)
{
    const bool f64 = e->value.type == AD_F64;
    c->step = o && o->step > 0 ? o->step : f64 ? 1e-3 : 1e-2;
    c->tolerance = o && o->tolerance > 0 ? o->tolerance : f64 ? 1e-7 : 1e-2;
}

/* Judges each parameter. After an error the rest stays unchecked. */
static void judge_all(check *c, const ad_gradcheck_options *options, ad_gradcheck_result *result)
{
    for (size_t k = 0; k < c->n && c->tape->status == AD_OK; k++) {
        const parameter *p = &c->parameters[k];
        double largest;
        choose_step(c, p->entry, options);
        const ad_gradcheck_result found = compare(c, p, &largest);
        if (c->tape->status != AD_OK)
            return;
        result[k] = found;
        result[k].verdict = verdict_on(c, &found, largest, p->has_gradient, (ad_type)p->entry->value.type);
    }
}

/* ---- The parameters ---------------------------------------------------------------------------------------------- */

static void release(check *c)
{
    for (int i = 0; i < 2; i++)
        if (c->rooms[i])
            ad_pool_drop(&c->tape->pool, c->rooms[i]);
}

/* Takes room for what is kept of the parameters, in the pool, where the next call finds it again. */
static bool make_room(check *c)
{
    ad_tape *t = c->tape;
    size_t n_numbers = 0;
    c->n = ad_param_count(t);
    for (uint32_t k = 0; k < ad_persistent_count(t); k++)
        if (is_parameter(ad_persistent_entry(t, k)))
            n_numbers += 2 * ad_elements(&ad_persistent_entry(t, k)->value);
    c->rooms[0] = ad_pool_take(&t->pool, c->n * sizeof *c->parameters);
    c->rooms[1] = ad_pool_take(&t->pool, n_numbers * sizeof *c->numbers);
    if (c->rooms[0] && c->rooms[1]) {
        c->parameters = ad_storage_data(c->rooms[0]);
        c->numbers = ad_storage_data(c->rooms[1]);
        return true;
    }
    release(c);
    ad_fail_memory(t, "gradcheck");
    return false;
}

/* Nothing is judged yet. */
static void begin_results(const ad_tape *t, ad_gradcheck_result *results)
{
    for (uint32_t k = 0; k < ad_persistent_count(t); k++)
        if (is_parameter(ad_persistent_entry(t, k)))
            *results++ = (ad_gradcheck_result){.name = ad_name_or(ad_persistent_entry(t, k), "")};
}

/* Keeps the values of all parameters. */
static void keep_values(check *c)
{
    parameter *p = c->parameters;
    double *numbers = c->numbers;
    for (uint32_t k = 0; k < ad_persistent_count(c->tape); k++) {
        ad_entry *e = ad_persistent_entry(c->tape, k);
        const size_t n = ad_elements(&e->value);
        if (!is_parameter(e))
            continue;
        *p = (parameter){.entry = e, .version = e->u.leaf.version, .n = n, .values = numbers, .gradient = numbers + n};
        for (size_t i = 0; i < n; i++)
            p->values[i] = get(&e->value, i);
        numbers += 2 * n;
        p++;
    }
}

/* Keeps what backward computed, because the differences may run a backward of their own. */
static void keep_gradients(const check *c)
{
    for (parameter *p = c->parameters; p < c->parameters + c->n; p++) {
        p->has_gradient = p->entry->gradient;
        for (size_t i = 0; i < p->n; i++)
            p->gradient[i] = p->has_gradient ? get(&ad_entry_at(c->tape, p->entry->gradient)->value, i) : 0;
    }
}

/* After an error the parameters get their values again. What was recorded of other values goes. */
static void put_back(const check *c)
{
    ad_reset(c->tape);
    for (const parameter *p = c->parameters; p < c->parameters + c->n; p++)
        for (size_t i = 0; i < p->n; i++)
            set(&p->entry->value, i, p->values[i]);
}

/* ---- The check --------------------------------------------------------------------------------------------------- */

/* Records the function, and runs backward from its result. */
static bool run_backward(check *c)
{
    const ad_tensor y = record(c);
    return c->tape->status == AD_OK && ad_backward(y) == AD_OK;
}

ad_status ad_gradcheck(ad_tape *t, ad_gradcheck_function *function, void *context, const ad_gradcheck_options *options,
                       ad_gradcheck_result *results)
{
    check c = {.tape = t, .function = function, .context = context};
    if (!t || !function || !results)
        return ad_fail(t, AD_BAD_VALUE, "gradcheck: the function and the room for results must not be NULL");
    begin_results(t, results);
    if (!make_room(&c))
        return t->status;
    keep_values(&c);
    if (run_backward(&c)) {
        keep_gradients(&c);
        judge_all(&c, options, results);
        run_backward(&c);
    }
    if (t->status == AD_OK)
        ad_settle_proposals(t);
    else if (c.calls)
        put_back(&c);
    release(&c);
    return t->status;
}
