/* Gradients against central differences. */
#include <gradtape/gradcheck.h>
#include <gradtape/update.h>

#include <math.h>

#include "engine.h"

static const char *const verdict_names[] = {"right", "wrong", "missing", "all zero"};

const char *ad_verdict_name(ad_verdict verdict)
{
    return (unsigned)verdict < sizeof verdict_names / sizeof verdict_names[0] ? verdict_names[verdict] : "unknown verdict";
}

typedef struct check {
    ad_tape *tape;
    ad_gradcheck_function *function;
    void *context;
    double step, tolerance;
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

static double loss_at(const check *c, ad_value *x, size_t i, double value)
{
    set(x, i, value);
    ad_reset(c->tape);
    return ad_item(c->function(c->tape, c->context));
}

/* (f(x+h) - f(x-h)) / 2h, the h being what the type can represent. */
static double difference(const check *c, ad_value *x, size_t i, double h)
{
    const double at = get(x, i);
    const double above = loss_at(c, x, i, at + h), up = get(x, i);
    const double below = loss_at(c, x, i, at - h), down = get(x, i);
    set(x, i, at);
    return (above - below) / (up - down);
}

/* Richardson: the error terms h^2 of two step widths cancel. */
static double derivative(const check *c, ad_value *x, size_t i)
{
    const double h = c->step * fmax(1, fabs(get(x, i)));
    return (4 * difference(c, x, i, h / 2) - difference(c, x, i, h)) / 3;
}

static void judge(const check *c, ad_entry *e, ad_gradcheck_result *r)
{
    double largest = 0, largest_numeric = 0, worst = -1;
    const ad_value *g = e->link ? &ad_entry_at(c->tape, e->link)->value : NULL;
    *r = (ad_gradcheck_result){.name = e->extra && e->extra->name ? e->extra->name : ""};
    for (size_t i = 0; i < ad_elements(&e->value); i++) {
        const double analytic = g ? get(g, i) : 0, numeric = derivative(c, &e->value, i);
        const double off = fabs(analytic - numeric);
        largest = fmax(largest, fmax(fabs(analytic), fabs(numeric)));
        largest_numeric = fmax(largest_numeric, fabs(numeric));
        if (worst < 0 || !(off <= worst)) {
            worst = isnan(off) ? INFINITY : off;
            r->worst = i;
            r->analytic = analytic;
            r->numeric = numeric;
        }
    }
    r->error = largest > 0 ? fmax(worst, 0) / largest : 0;
    const double noise = c->tolerance * c->tolerance;
    if (worst < INFINITY && largest <= noise)
        r->verdict = AD_GRADIENT_ALL_ZERO;
    else if (!g)
        r->verdict = AD_GRADIENT_MISSING;
    else
        r->verdict = r->error <= c->tolerance ? AD_GRADIENT_RIGHT : AD_GRADIENT_WRONG;
}

static bool check_loss(ad_tape *t, ad_tensor loss)
{
    const ad_entry *e = ad_require(loss, "gradcheck: the function's result");
    if (!e && t->status == AD_OK)
        ad_fail(t, AD_BAD_HANDLE, "gradcheck: the function returns an inert tensor");
    return e && t->status == AD_OK;
}

ad_status ad_gradcheck(ad_tape *t, ad_gradcheck_function *function, void *context, const ad_gradcheck_options *options,
                       ad_gradcheck_result *results)
{
    if (!t || !function || !results)
        return ad_fail(t, AD_BAD_VALUE, "gradcheck: the function and the room for results must not be NULL");
    ad_reset(t);
    ad_tensor loss = function(t, context);
    if (!check_loss(t, loss) || ad_backward(loss) != AD_OK)
        return t->status;
    for (uint32_t i = 0, n = 0; i < t->tables[AD_KEPT].count && t->status == AD_OK; i++) {
        ad_entry *e = ad_entry_at(t, (uint32_t)AD_KEPT << AD_INDEX_BITS | i);
        if (e->value.flags & AD_IS_STATE)
            continue;
        const bool f64 = e->value.type == AD_F64;
        check c = {t, function, context, options ? options->step : 0, options ? options->tolerance : 0};
        c.step = c.step > 0 ? c.step : f64 ? 1e-3 : 1e-2;
        c.tolerance = c.tolerance > 0 ? c.tolerance : f64 ? 1e-7 : 1e-2;
        judge(&c, e, &results[n++]);
    }
    return t->status;
}
