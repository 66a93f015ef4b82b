/* Gradients against central differences. */
#include <gradtape/gradcheck.h>
#include <gradtape/update.h>

#include <math.h>

#include "../tape/handles.h"
#include "../tape/names.h"
#include "../tape/status.h"

static const char *const verdict_names[] = {"not checked", "right", "wrong", "missing", "all zero"};

const char *ad_verdict_name(ad_verdict verdict)
{
    return (unsigned)verdict < sizeof verdict_names / sizeof verdict_names[0] ? verdict_names[verdict]
                                                                              : "unknown verdict";
}

typedef struct check {
    ad_tape *tape;
    ad_gradcheck_function *function;
    void *context;
    uint32_t kept;          /* how many parameters and states there are from the first call on */
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

/* Records the function anew. The gradients that are checked were read for the parameters of the first call. */
static ad_tensor record(const check *c)
{
    ad_reset(c->tape);
    const ad_tensor loss = c->function(c->tape, c->context);
    if (ad_persistent_count(c->tape) != c->kept)
        ad_fail(c->tape, AD_BAD_STATE,
                "gradcheck: the function makes a parameter or a state after its first call: make them all before");
    return loss;
}

static double loss_at(const check *c, ad_value *x, size_t i, double value)
{
    set(x, i, value);
    return ad_item(record(c));
}

/* (f(x+h) - f(x-h)) / 2h, with x+h and x-h as the type represents them. */
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

/* Compares the analytic gradient of one parameter with differences. */
static ad_gradcheck_result compare(const check *c, ad_entry *e, const double *analytic, double *largest)
{
    double worst = -1;
    ad_gradcheck_result r = {.name = ad_name_or(e, "")};
    *largest = 0;
    for (size_t i = 0; i < ad_elements(&e->value); i++) {
        const double numeric = derivative(c, &e->value, i), off = fabs(analytic[i] - numeric);
        *largest = fmax(*largest, fmax(fabs(analytic[i]), fabs(numeric)));
        if (worst < 0 || !(off <= worst)) {
            worst = isnan(off) ? INFINITY : off;
            r.worst = i;
            r.analytic = analytic[i];
            r.numeric = numeric;
        }
    }
    r.error = worst == INFINITY ? INFINITY : *largest > 0 ? fmax(worst, 0) / *largest : 0;
    return r;
}

/* Numbers so small that they may be all rounding show something only if they agree. */
static ad_verdict verdict_on(const check *c, const ad_gradcheck_result *r, double largest, bool has_gradient)
{
    const bool agrees = r->error <= c->tolerance, is_small = largest <= c->tolerance * c->tolerance;
    if (r->error < INFINITY && is_small && (largest == 0 || !has_gradient || !agrees))
        return AD_GRADIENT_ALL_ZERO;
    if (!has_gradient)
        return AD_GRADIENT_MISSING;
    return agrees ? AD_GRADIENT_RIGHT : AD_GRADIENT_WRONG;
}

static bool is_parameter(const ad_entry *e) { return e->value.flags & AD_WANTS_GRADIENT; }

static void choose_step(check *c, const ad_entry *e, const ad_gradcheck_options *o)
{
    const bool f64 = e->value.type == AD_F64;
    c->step = o && o->step > 0 ? o->step : f64 ? 1e-3 : 1e-2;
    c->tolerance = o && o->tolerance > 0 ? o->tolerance : f64 ? 1e-7 : 1e-2;
}

/* Runs backward from what the function recorded. */
static bool run_backward(ad_tape *t, ad_tensor loss)
{
    if (t->status == AD_OK && !ad_entry_of(t, loss))
        ad_fail_handle(t, loss, "gradcheck: the function's result", -1);
    return t->status == AD_OK && ad_backward(loss) == AD_OK;
}

/* The first call of the function, and backward. It may make states, slots say, but no parameter. */
static bool run_first(check *c)
{
    const size_t parameters = ad_param_count(c->tape);
    ad_reset(c->tape);
    const ad_tensor loss = c->function(c->tape, c->context);
    if (ad_param_count(c->tape) != parameters)
        ad_fail(c->tape, AD_BAD_STATE, "gradcheck: the function makes a parameter: make them all before");
    c->kept = ad_persistent_count(c->tape);
    return run_backward(c->tape, loss);
}

/* Copies what backward computed to `all`, because the differences may run a backward of their own. For each parameter:
 * whether it has a gradient, then the elements of the gradient, or zeros. `all` may be NULL. Returns the count of these
 * numbers. */
static size_t read_gradients(const ad_tape *t, double *all)
{
    size_t n = 0;
    for (uint32_t k = 0; k < ad_persistent_count(t); k++) {
        const ad_entry *e = ad_persistent_entry(t, k);
        const size_t count = ad_elements(&e->value);
        if (!is_parameter(e))
            continue;
        if (all)
            all[n] = e->gradient != 0;
        for (size_t i = 0; all && i < count; i++)
            all[n + 1 + i] = e->gradient ? get(&ad_entry_at(t, e->gradient)->value, i) : 0;
        n += 1 + count;
    }
    return n;
}

static void begin_results(const ad_tape *t, ad_gradcheck_result *result)
{
    for (uint32_t k = 0; k < ad_persistent_count(t); k++)
        if (is_parameter(ad_persistent_entry(t, k)))
            *result++ = (ad_gradcheck_result){.name = ad_name_or(ad_persistent_entry(t, k), "")};
}

/* Judges each parameter. After an error the rest stays unchecked. */
static void judge_all(check *c, const ad_gradcheck_options *options, const double *all, ad_gradcheck_result *result)
{
    const ad_tape *t = c->tape;
    for (uint32_t k = 0; k < c->kept && t->status == AD_OK; k++) {
        ad_entry *e = ad_persistent_entry(t, k);
        if (!is_parameter(e))
            continue;
        double largest;
        choose_step(c, e, options);
        const ad_gradcheck_result found = compare(c, e, all + 1, &largest);
        if (t->status == AD_OK) {
            *result = found;
            result->verdict = verdict_on(c, &found, largest, all[0] > 0);
        }
        all += 1 + ad_elements(&e->value);
        result++;
    }
}

ad_status ad_gradcheck(ad_tape *t, ad_gradcheck_function *function, void *context, const ad_gradcheck_options *options,
                       ad_gradcheck_result *results)
{
    if (!t || !function || !results)
        return ad_fail(t, AD_BAD_VALUE, "gradcheck: the function and the room for results must not be NULL");
    check c = {.tape = t, .function = function, .context = context};
    begin_results(t, results);
    if (!run_first(&c))
        return t->status;
    const size_t n = read_gradients(t, NULL);
    ad_storage *room = ad_pool_take(&t->pool, n * sizeof(double)); /* of which the next call finds the memory */
    if (!room)
        return ad_fail_memory(t, "gradcheck");
    double *all = ad_storage_data(room);
    read_gradients(t, all);
    judge_all(&c, options, all, results);
    ad_pool_drop(&t->pool, room);
    if (t->status == AD_OK)
        run_backward(t, record(&c));
    return t->status;
}
