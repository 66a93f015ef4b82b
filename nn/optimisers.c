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

static void gradient_descent(const nn_optimiser_options *o, ad_tensor x) { ad_descend(x, o->rate); }

static ad_tensor adagrad_slot(const nn_optimiser_options *o, ad_tensor x)
{
    return ad_slot(x, "Adagrad", o->initial_accumulator);
}

static void adagrad(const nn_optimiser_options *o, ad_tensor x) { ad_descend_adagrad(x, adagrad_slot(o, x), o->rate); }

/* One row an optimiser: its name, what makes its slots, and its update of one parameter. */
static const struct {
    const char *name;
    ad_tensor (*prepare)(const nn_optimiser_options *o, ad_tensor x);
    void (*update)(const nn_optimiser_options *o, ad_tensor x);
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
    return NULL;
}

/* The tape of the parameters, once options and handles are found right; NULL, and an error, if they are not. */
static ad_tape *check(const nn_optimiser_options *o, const ad_tensor *parameters, size_t n)
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
        const char *mistake = nn_optimiser_mistake(o, ad_type_of(parameters[i]));
        if (mistake)
            ad_fail(tape, AD_BAD_VALUE, "optimiser: %s", mistake);
    }
    return tape && ad_status_of(tape) == AD_OK ? tape : NULL;
}

static ad_status status_of(const ad_tensor *parameters, size_t n)
{
    return parameters && n ? ad_status_of(parameters[0].tape) : AD_BAD_HANDLE;
}

ad_status nn_optimiser_prepare(const nn_optimiser_options *options, const ad_tensor *parameters, size_t n)
{
    const nn_optimiser_options o = nn_optimiser_resolve(options);
    if (check(&o, parameters, n))
        for (size_t i = 0; i < n; i++)
            optimisers[o.kind].prepare(&o, parameters[i]);
    return status_of(parameters, n);
}

ad_status nn_optimiser_step(const nn_optimiser_options *options, const ad_tensor *parameters, size_t n)
{
    const nn_optimiser_options o = nn_optimiser_resolve(options);
    ad_tape *tape = check(&o, parameters, n);
    /* Reading a gradient that was not computed is the tape's own error, with its own message. */
    for (size_t i = 0; tape && i < n; i++)
        ad_gradient(parameters[i]);
    if (ad_check_commit(tape) != AD_OK || nn_optimiser_prepare(&o, parameters, n) != AD_OK)
        return status_of(parameters, n);
    for (size_t i = 0; i < n; i++)
        optimisers[o.kind].update(&o, parameters[i]);
    return ad_commit(tape);
}
