/* Optimisers: options are checked, slots are made, and each parameter is updated by the rule. */
#include "optimisers.h"

#include <math.h>

#include <gradtape/backward.h>

#include "../options/fields.h"
#include "rules.h"

nn_optimiser_options nn_optimiser_resolve(const nn_optimiser_options *options)
{
    nn_optimiser_options o = options ? *options : (nn_optimiser_options){0};
    if (!o.rule)
        o.rule = &nn_adagrad;
    nn_fields_resolve(o.rule->fields, &o);
    return o;
}

const nn_field *nn_optimiser_field(const nn_optimiser *rule, const char *name)
{
    return nn_field_named(rule->fields, name);
}

/* ---- Checks ------------------------------------------------------------------------------------------------------ */

static bool is_given(const nn_field *f, const nn_optimiser_options *o)
{
    const void *at = nn_field_member(f, o);
    return f->type == NN_FIELD_SWITCH ? *(const bool *)at : *(const double *)at != 0;
}

static bool reads(const nn_optimiser *rule, const nn_field *f)
{
    for (size_t i = 0; i < rule->fields.n; i++)
        if (rule->fields.at[i].offset == f->offset)
            return true;
    return false;
}

/* Puts the names of the rules that read an option: "momentum, nesterov and rmsprop". */
static void put_readers(nn_writer *w, const nn_field *f)
{
    const char *names[2] = {NULL, NULL}; /* the last two that are not put yet */
    for (size_t i = 0; i < nn_optimiser_count(); i++) {
        if (!reads(nn_optimiser_at(i), f))
            continue;
        if (names[0]) {
            nn_put(w, names[0]);
            nn_put(w, ", ");
        }
        names[0] = names[1];
        names[1] = nn_optimiser_at(i)->name;
    }
    if (names[0]) {
        nn_put(w, names[0]);
        nn_put(w, " and ");
    }
    nn_put(w, names[1]);
}

/* An option that is given, and that another rule reads. */
static const char *unread(const nn_optimiser_options *o, char *text, size_t size)
{
    for (size_t i = 0; i < nn_optimiser_count(); i++) {
        const nn_fields fields = nn_optimiser_at(i)->fields;
        for (size_t j = 0; j < fields.n; j++) {
            if (!is_given(&fields.at[j], o) || reads(o->rule, &fields.at[j]))
                continue;
            nn_writer w = nn_writer_into(text, size);
            nn_put(&w, fields.at[j].name);
            nn_put(&w, " is an option of ");
            put_readers(&w, &fields.at[j]);
            nn_put(&w, "; ");
            nn_put(&w, o->rule->name);
            nn_put(&w, " does not read it");
            return text;
        }
    }
    return NULL;
}

/* A number that f64 holds and f32 does not: it becomes infinite there, or 0 where 0 is not allowed. */
static const char *too_far_for_f32(const nn_optimiser_options *o, char *text, size_t size)
{
    for (size_t i = 0; i < o->rule->fields.n; i++) {
        const nn_field *const f = &o->rule->fields.at[i];
        const double x = f->type == NN_FIELD_REAL ? *(const double *)nn_field_member(f, o) : 0;
        const float used = (float)x;
        if (x == 0 || (isfinite(used) && (used > 0 || !f->range.above_low)))
            continue;
        nn_writer w = nn_writer_into(text, size);
        nn_put(&w, f->name);
        nn_put(&w, " is ");
        nn_put_real(&w, x);
        nn_put(&w, ", which f32 does not hold: it must be ");
        nn_put(&w, f->range.above_low ? "above 0 and finite" : "finite");
        nn_put(&w, " in the parameters' type too");
        return text;
    }
    return NULL;
}

static const char *mistake_in_numbers(const nn_optimiser_options *o, ad_type type, char *text, size_t size)
{
    if (!nn_fields_check(o->rule->fields, o, text, size))
        return text;
    return type == AD_F32 ? too_far_for_f32(o, text, size) : NULL;
}

static const char *mistake_in_rule(const nn_optimiser_options *o, char *text, size_t size)
{
    const nn_optimiser *rule = o->rule;
    if (!rule->name || !rule->update)
        return "the optimiser's rule has no name or no update: a row of your own needs both";
    if (rule->carried && !(rule->counter && rule->carry))
        return "the optimiser's rule carries a number: it needs a counter and the function carry too";
    if (!reads(rule, &nn_gradient_descent.fields.at[0]))
        return "the optimiser's rule does not read rate: a row of your own needs that among its fields";
    return unread(o, text, size);
}

const char *nn_optimiser_mistake(const nn_optimiser_options *o, ad_type type, char *text, size_t size)
{
    const char *mistake = mistake_in_rule(o, text, size);
    return mistake ? mistake : mistake_in_numbers(o, type, text, size);
}

/* ---- How one parameter is updated -------------------------------------------------------------------------------- */

static nn_optimiser_options options_by(const nn_optimiser_options *o, const nn_factors *factors, size_t i)
{
    nn_optimiser_options own = *o;
    if (factors) {
        own.rate *= factors[i].rate;
        own.decay *= factors[i].decay;
        own.l2 *= factors[i].decay;
        own.l1 *= factors[i].decay;
    }
    return own;
}

/* The tape of the parameters, once options and handles are found right; NULL, and an error, if they are not. */
static ad_tape *check(const nn_optimiser_options *o, const ad_tensor *parameters, const nn_factors *factors, size_t n)
{
    char text[300];
    ad_tape *tape = parameters && n ? parameters[0].tape : NULL;
    const char *mistake = mistake_in_rule(o, text, sizeof text);
    if (tape && mistake)
        ad_fail(tape, AD_BAD_VALUE, "optimiser: %s", mistake);
    for (size_t i = 0; tape && i < n; i++) {
        if (parameters[i].tape != tape) {
            ad_fail(tape, AD_BAD_HANDLE, "optimiser: parameter %zu is not of the tape of the first", i);
            ad_fail(parameters[i].tape, AD_BAD_HANDLE,
                    "optimiser: the first parameter is not of the tape of number %zu", i);
        }
        if (!ad_is_kept(parameters[i]))
            ad_fail(tape, AD_BAD_STATE, "optimiser: only parameters are updated; number %zu is none", i);
        if (i > 0 && ad_type_of(parameters[i]) == ad_type_of(parameters[i - 1]) &&
            (!factors || (factors[i].rate == factors[i - 1].rate && factors[i].decay == factors[i - 1].decay)))
            continue; /* the numbers are those of the one before */
        const nn_optimiser_options own = options_by(o, factors, i);
        mistake = mistake_in_numbers(&own, ad_type_of(parameters[i]), text, sizeof text);
        if (!mistake && own.rate * own.decay > 1)
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

/* What a rule keeps for one parameter. */
typedef struct kept {
    ad_tensor slot[AD_MAX_UPDATE_STATES], counter, carried;
    int n_slots;
} kept;

/* Finds or makes it. The tape is in error if that fails. */
static kept keep(const nn_optimiser_options *o, ad_tensor x)
{
    nn_optimiser_slot slots[AD_MAX_UPDATE_STATES] = {{0}};
    kept k = {.n_slots = o->rule->slots ? o->rule->slots(o, slots) : 0};
    if (k.n_slots < 0 || k.n_slots > AD_MAX_UPDATE_STATES) {
        ad_fail(x.tape, AD_BAD_VALUE, "optimiser: %s has %d slots: it must have 0 to %d", o->rule->name, k.n_slots,
                AD_MAX_UPDATE_STATES);
        return (kept){0};
    }
    for (int i = 0; i < k.n_slots; i++)
        k.slot[i] = ad_slot(x, slots[i].name, slots[i].initial);
    if (o->rule->counter)
        k.counter = ad_slot_number(x, o->rule->counter, 0);
    if (o->rule->carried)
        k.carried = ad_slot_number(x, o->rule->carried, 1);
    return k;
}

/* Makes what is missing, and counts in *most how often one update changes a parameter and what is kept for it: x by
 * decay and by descent, each slot, and two numbers. */
static ad_status prepare(const nn_optimiser_options *o, const ad_tensor *parameters, size_t n, size_t *most)
{
    for (size_t i = 0; i < n; i++) {
        const kept k = keep(o, parameters[i]);
        *most = 2 + (size_t)k.n_slots + (o->rule->counter ? 2 : 0);
    }
    return status_of(parameters, n);
}

/* The engine's own passes: adagrad's takes no square root (derivations.md). Returns false if there is none. */
static bool update_by_engine(const nn_optimiser_options *o, ad_tensor x, const kept *k)
{
    const bool is_adagrad = o->rule == &nn_adagrad && o->epsilon == 0;
    if ((!is_adagrad && o->rule != &nn_gradient_descent) || o->l2 != 0)
        return false;
    if (o->decay > 0)
        ad_shrink(x, o->rate * o->decay);
    if (is_adagrad)
        ad_descend_adagrad(x, k->slot[0], o->rate);
    else
        ad_descend(x, o->rate);
    return true;
}

static void update(const nn_optimiser_options *o, ad_tensor x)
{
    const kept k = keep(o, x);
    if (update_by_engine(o, x, &k))
        return;
    nn_ruled r = {o->rule, {.options = *o, .carried = {1, 1}}, o->rate * o->decay, k.n_slots};
    if (o->rule->counter)
        r.update.step = (int64_t)ad_f64(k.counter)[0] + 1;
    if (o->rule->carried) {
        r.update.carried[0] = ad_f64(k.carried)[0];
        r.update.carried[1] = o->rule->carry(o, r.update.step, r.update.carried[0]);
    }
    ad_update_by(x, k.slot, k.n_slots, nn_rule_block, &r);
    if (o->rule->counter)
        ad_fill(k.counter, (double)r.update.step);
    if (o->rule->carried)
        ad_fill(k.carried, r.update.carried[1]);
}

/* ---- All parameters ---------------------------------------------------------------------------------------------- */

ad_status nn_optimiser_prepare(const nn_optimiser_options *options, const ad_tensor *parameters, size_t n)
{
    const nn_optimiser_options o = nn_optimiser_resolve(options);
    size_t most;
    return check(&o, parameters, NULL, n) ? prepare(&o, parameters, n, &most) : status_of(parameters, n);
}

ad_status nn_optimiser_step_by(const nn_optimiser_options *options, const ad_tensor *parameters,
                               const nn_factors *factors, size_t n)
{
    const nn_optimiser_options o = nn_optimiser_resolve(options);
    ad_tape *tape = check(&o, parameters, factors, n);
    size_t most = 0;
    /* Reading a gradient that was not computed is the tape's own error, with its own message. */
    for (size_t i = 0; tape && i < n; i++)
        ad_gradient(parameters[i]);
    if (ad_check_commit(tape) != AD_OK || prepare(&o, parameters, n, &most) != AD_OK ||
        ad_reserve_changes(tape, parameters, n, most) != AD_OK)
        return status_of(parameters, n);
    for (size_t i = 0; i < n; i++) {
        const nn_optimiser_options own = options_by(&o, factors, i);
        update(&own, parameters[i]);
    }
    return ad_commit(tape);
}

ad_status nn_optimiser_step(const nn_optimiser_options *options, const ad_tensor *parameters, size_t n)
{
    return nn_optimiser_step_by(options, parameters, NULL, n);
}
