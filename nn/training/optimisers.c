/* Optimisers, from the engine's in-place updates. */
#include "optimisers.h"

#include <math.h>
#include <string.h>

#include <gradtape/backward.h>
#include <gradtape/update.h>

static ad_tensor no_slot(const nn_optimiser_options *o, ad_tensor x)
{
    (void)o;
    return x;
}

static void gradient_descent(const nn_optimiser_options *o, ad_tensor x, double rate)
{
    (void)o;
    ad_descend(x, rate);
}

static ad_tensor adagrad_slot(const nn_optimiser_options *o, ad_tensor x)
{
    return ad_slot(x, "Adagrad", o->initial_accumulator);
}

static void adagrad(const nn_optimiser_options *o, ad_tensor x, double rate)
{
    ad_descend_adagrad(x, adagrad_slot(o, x), rate);
}

/* One row an optimiser: its name, what makes its slots, and its update of one parameter. */
static const struct {
    const char *name;
    ad_tensor (*prepare)(const nn_optimiser_options *o, ad_tensor x);
    void (*update)(const nn_optimiser_options *o, ad_tensor x, double rate);
} optimisers[NN_OPTIMISER_COUNT] = {
    [NN_ADAGRAD] = {"adagrad", adagrad_slot, adagrad},
    [NN_GRADIENT_DESCENT] = {"gradient_descent", no_slot, gradient_descent},
};

static bool is_known(nn_optimiser_kind kind) { return (unsigned)kind < NN_OPTIMISER_COUNT; }

const char *nn_optimiser_name(nn_optimiser_kind kind)
{
    return is_known(kind) ? optimisers[kind].name : "unknown optimiser";
}

nn_optimiser_kind nn_optimiser_named(const char *name)
{
    int i = 0;
    while (i < NN_OPTIMISER_COUNT && !(name && !strcmp(optimisers[i].name, name)))
        i++;
    return (nn_optimiser_kind)i;
}

nn_optimiser_options nn_optimiser_resolve(const nn_optimiser_options *options)
{
    nn_optimiser_options o = options ? *options : (nn_optimiser_options){0};
    if (o.rate == 0)
        o.rate = 0.05;
    if (o.initial_accumulator == 0)
        o.initial_accumulator = 0.1;
    return o;
}

/* Whether a number is above 0 and finite, in the type in which it will be used. */
static bool is_usable(double x, ad_type type)
{
    const double used = type == AD_F32 ? (double)(float)x : x;
    return isfinite(used) && used > 0;
}

const char *nn_optimiser_mistake(const nn_optimiser_options *o, ad_type type)
{
    if (!is_known(o->kind))
        return "the optimiser's kind is none of the list: use NN_ADAGRAD or NN_GRADIENT_DESCENT";
    if (!is_usable(o->rate, type))
        return "the optimiser's rate must be a finite number above 0, in the parameters' type too";
    if (!is_usable(o->initial_accumulator, type))
        return "the optimiser's initial accumulator must be a finite number above 0, in the parameters' type too";
    if (!(o->decay >= 0 && isfinite(o->decay)))
        return "the optimiser's decay must be 0 or more";
    return NULL;
}

/* The tape of the parameters, once options and handles are found right; NULL, and an error, if they are not. */
static ad_tape *check(const nn_optimiser_options *o, const ad_tensor *parameters, const nn_factors *factors, size_t n)
{
    ad_tape *tape = parameters && n ? parameters[0].tape : NULL;
    for (size_t i = 0; tape && i < n; i++) {
        if (parameters[i].tape != tape) {
            ad_fail(tape, AD_BAD_HANDLE, "optimiser: parameter %zu is not of the tape of the first", i);
            ad_fail(parameters[i].tape, AD_BAD_HANDLE,
                    "optimiser: the first parameter is not of the tape of number %zu", i);
        }
        if (!ad_is_kept(parameters[i]))
            ad_fail(tape, AD_BAD_STATE, "optimiser: only parameters are updated; number %zu is none", i);
        const nn_factors of = factors ? factors[i] : (nn_factors){1, 1};
        nn_optimiser_options own = *o;
        own.rate *= of.rate;
        const char *mistake = nn_optimiser_mistake(&own, ad_type_of(parameters[i]));
        if (!mistake && own.rate * o->decay * of.decay > 1)
            mistake = "the rate times the decay must be at most 1, with the factors of groups too";
        if (mistake)
            ad_fail(tape, AD_BAD_VALUE, "optimiser: %s", mistake);
    }
    return tape && ad_status_of(tape) == AD_OK ? tape : NULL;
}

static ad_status status_of(const ad_tensor *parameters, size_t n)
{
    return parameters && n ? ad_status_of(parameters[0].tape) : AD_BAD_HANDLE;
}

/* How often one update changes a parameter and its slot: by decay, by descent, and the slot. */
enum { MOST_CHANGES = 3 };

static ad_status prepare(const nn_optimiser_options *o, const ad_tensor *parameters, size_t n)
{
    for (size_t i = 0; i < n; i++)
        optimisers[o->kind].prepare(o, parameters[i]);
    return status_of(parameters, n);
}

ad_status nn_optimiser_prepare(const nn_optimiser_options *options, const ad_tensor *parameters, size_t n)
{
    const nn_optimiser_options o = nn_optimiser_resolve(options);
    return check(&o, parameters, NULL, n) ? prepare(&o, parameters, n) : status_of(parameters, n);
}

ad_status nn_optimiser_step_by(const nn_optimiser_options *options, const ad_tensor *parameters,
                               const nn_factors *factors, size_t n)
{
    const nn_optimiser_options o = nn_optimiser_resolve(options);
    ad_tape *tape = check(&o, parameters, factors, n);
    /* Reading a gradient that was not computed is the tape's own error, with its own message. */
    for (size_t i = 0; tape && i < n; i++)
        ad_gradient(parameters[i]);
    if (ad_check_commit(tape) != AD_OK || prepare(&o, parameters, n) != AD_OK ||
        ad_reserve_changes(tape, parameters, n, MOST_CHANGES) != AD_OK)
        return status_of(parameters, n);
    for (size_t i = 0; i < n; i++) {
        const nn_factors of = factors ? factors[i] : (nn_factors){1, 1};
        const double rate = o.rate * of.rate, share = rate * o.decay * of.decay;
        if (share > 0)
            ad_shrink(parameters[i], share);
        optimisers[o.kind].update(&o, parameters[i], rate);
    }
    return ad_commit(tape);
}

ad_status nn_optimiser_step(const nn_optimiser_options *options, const ad_tensor *parameters, size_t n)
{
    return nn_optimiser_step_by(options, parameters, NULL, n);
}
