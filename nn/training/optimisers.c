/* Optimisers: options are checked, slots are made, and each parameter is updated by the rule. */
#include "optimisers.h"

#include <math.h>
#include <string.h>

#include <gradtape/inspect.h>

#include "../options/fields.h"
#include "gradients.h"
#include "lbfgs.h"
#include "rules.h"
#include "schedules.h"
#include "unread.h"

nn_optimiser_options nn_optimiser_resolve(const nn_optimiser_options *options)
{
    nn_optimiser_options o = options ? *options : (nn_optimiser_options){0};
    if (!o.rule)
        o.rule = &nn_adagrad;
    nn_fields_resolve(o.rule->fields, &o);
    o.schedule = nn_schedule_resolve(&o.schedule);
    return o;
}

/* ---- Checks ------------------------------------------------------------------------------------------------------ */

static nn_rule_fields fields_at(size_t i)
{
    return (nn_rule_fields){nn_optimiser_at(i)->name, nn_optimiser_at(i)->fields};
}

/* What every rule obeys. */
static const nn_field clip_fields[] = {{"clip_value", "gradients are brought into [-clip_value, clip_value]",
                                        NN_FIELD_REAL, offsetof(nn_optimiser_options, clip_value),
                                        .range = NN_AT_LEAST(0)},
                                       {"clip_norm", "gradients together are brought to this norm", NN_FIELD_REAL,
                                        offsetof(nn_optimiser_options, clip_norm), .range = NN_AT_LEAST(0)}};

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
        nn_put_option_name(&w, f->name);
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
    if (!rule->name || (!rule->update && !rule->search))
        return "the optimiser's rule has no name or no update: a row of your own needs both";
    const char *mistake = rule->search ? nn_lbfgs_mistake(o, text, size) : NULL;
    if (mistake)
        return mistake;
    if (rule->carried && !(rule->counter && rule->carry))
        return "the optimiser's rule carries a number: it needs a counter and the function carry too";
    if (rule->carried && !strcmp(rule->carried, rule->counter))
        return "the optimiser's rule counts steps in the number that it carries: the names counter and carried must differ";
    if (!nn_reads(rule->fields, offsetof(nn_optimiser_options, rate)))
        return "the optimiser's rule does not read rate: a row of your own needs that among its fields";
    nn_writer w = nn_writer_into(text, size);
    if (nn_put_unread(&w, (nn_rule_table){nn_optimiser_count, fields_at, NULL},
                      (nn_rule_fields){rule->name, rule->fields}, o))
        return text;
    if (!nn_fields_check((nn_fields)NN_FIELDS(clip_fields), o, text, size))
        return text;
    return nn_schedule_mistake(&o->schedule, text, size);
}

static bool are_equal(const char *a, const char *b) { return a && b && !strcmp(a, b); }

/* What is wrong with the slots of options whose numbers are right: how many they are, or two things of one name, which
 * would be one. */
static const char *mistake_in_slots(const nn_optimiser_options *o, char *text, size_t size)
{
    const nn_optimiser *const rule = o->rule;
    nn_optimiser_slot slots[AD_MAX_UPDATE_STATES] = {{0}};
    const int n = rule->slots ? rule->slots(o, slots) : 0;
    nn_writer w = nn_writer_into(text, size);
    nn_put(&w, rule->name);
    if (n < 0 || n > AD_MAX_UPDATE_STATES) {
        nn_put_format(&w, " has %d slots: it must have 0 to %d", n, AD_MAX_UPDATE_STATES);
        return text;
    }
    for (int i = 0; i < n; i++) {
        const char *const name = slots[i].name;
        bool is_taken = are_equal(name, rule->counter) || are_equal(name, rule->carried);
        for (int j = 0; j < i; j++)
            is_taken = is_taken || are_equal(name, slots[j].name);
        if (is_taken) {
            nn_put_format(&w, " keeps two things called %.40s: the names of slots, counter and carried must differ",
                          name);
            return text;
        }
    }
    return NULL;
}

const char *nn_optimiser_mistake(const nn_optimiser_options *o, ad_type type, char *text, size_t size)
{
    const char *mistake = mistake_in_rule(o, text, size);
    if (!mistake)
        mistake = mistake_in_numbers(o, type, text, size);
    return mistake ? mistake : mistake_in_slots(o, text, size);
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

/* Checks the numbers for one parameter. */
static void check_numbers(const nn_optimiser_options *own, ad_tensor x)
{
    char text[300];
    const char *mistake = mistake_in_numbers(own, ad_type_of(x), text, sizeof text);
    if (!mistake && own->rate * own->decay > 1)
        mistake = "the rate times the decay must be at most 1, with the factors of groups too";
    if (mistake)
        ad_fail(x.tape, AD_BAD_VALUE, "optimiser: %s", mistake);
}

/* The tape of the parameters, once options and handles are found right; NULL, and an error, if they are not. */
ad_tape *nn_optimiser_check(const nn_optimiser_options *o, const nn_trained *t)
{
    char text[300];
    const ad_tensor *const x = t->parameters;
    const nn_factors *const f = t->factors;
    ad_tape *tape = x && t->n ? x[0].tape : NULL;
    const char *mistake = mistake_in_rule(o, text, sizeof text);
    if (tape && mistake)
        ad_fail(tape, AD_BAD_VALUE, "optimiser: %s", mistake);
    for (size_t i = 0; tape && i < t->n; i++) {
        if (x[i].tape != tape) {
            ad_fail(tape, AD_BAD_HANDLE, "optimiser: parameter %zu is not of the tape of the first", i);
            ad_fail(x[i].tape, AD_BAD_HANDLE, "optimiser: the first parameter is not of the tape of number %zu", i);
        }
        if (!ad_is_kept(x[i]))
            ad_fail(tape, AD_BAD_STATE, "optimiser: only parameters are updated; number %zu is none", i);
        if (i > 0 && ad_type_of(x[i]) == ad_type_of(x[i - 1]) &&
            (!f || (f[i].rate == f[i - 1].rate && f[i].decay == f[i - 1].decay)))
            continue; /* the numbers are those of the one before */
        const nn_optimiser_options own = options_by(o, f, i);
        check_numbers(&own, x[i]);
    }
    if (tape && ad_status_of(tape) == AD_OK && (mistake = mistake_in_slots(o, text, sizeof text)) != NULL)
        ad_fail(tape, AD_BAD_VALUE, "optimiser: %s", mistake);
    return tape && ad_status_of(tape) == AD_OK ? tape : NULL;
}

/* Whether these options were found right the last time. */
static bool is_remembered(const nn_step_memory *m, const nn_optimiser_options *options)
{
    return m->has_checked && !memcmp(&m->given, options, sizeof *options) &&
           !memcmp(&m->rule, m->options.rule, sizeof m->rule) &&
           !memcmp(&m->schedule, m->options.schedule.rule, sizeof m->schedule);
}

/* Resolves and checks the options, unless they are those of the last step. Returns the tape as `check` does. */
static ad_tape *take_options(const nn_optimiser_options *options, const nn_trained *t)
{
    static const nn_optimiser_options defaults = {0};
    nn_step_memory *const m = t->memory;
    options = options ? options : &defaults;
    if (is_remembered(m, options))
        return ad_status_of(t->parameters[0].tape) == AD_OK ? t->parameters[0].tape : NULL;
    m->options = nn_optimiser_resolve(options);
    ad_tape *const tape = nn_optimiser_check(&m->options, t);
    m->has_checked = tape;
    if (m->kept)
        memset(m->kept, 0, t->n * sizeof *m->kept);
    if (m->has_checked) {
        memcpy(&m->given, options, sizeof m->given);
        memcpy(&m->rule, m->options.rule, sizeof m->rule);
        memcpy(&m->schedule, m->options.schedule.rule, sizeof m->schedule);
    }
    return tape;
}

static ad_status status_of(const nn_trained *t)
{
    return t->parameters && t->n ? ad_status_of(t->parameters[0].tape) : AD_BAD_HANDLE;
}

/* Finds or makes what the rule keeps for a parameter. The tape is in error if that fails. */
static nn_kept keep(const nn_optimiser_options *o, ad_tensor x)
{
    nn_optimiser_slot slots[AD_MAX_UPDATE_STATES] = {{0}};
    nn_kept k = {.n_slots = o->rule->slots ? o->rule->slots(o, slots) : 0};
    for (int i = 0; i < k.n_slots; i++)
        k.slot[i] = ad_slot(x, slots[i].name, slots[i].initial);
    if (o->rule->counter)
        k.counter = ad_slot_number(x, o->rule->counter, 0);
    if (o->rule->carried)
        k.carried = ad_slot_number(x, o->rule->carried, 1);
    return k;
}

/* The same, from the memory if it is there. ad_return_to drops slots that were made after the position. */
static nn_kept kept_for(const nn_trained *t, size_t i)
{
    const nn_optimiser_options *const o = &t->memory->options;
    nn_kept *const k = t->memory->kept ? &t->memory->kept[i] : NULL;
    if (!k)
        return keep(o, t->parameters[i]);
    bool good = k->n_slots > 0 || (o->rule->counter && k->counter.tape);
    for (int j = 0; good && j < k->n_slots; j++)
        good = ad_is_valid(k->slot[j]);
    if (!good || (o->rule->counter && !ad_is_valid(k->counter)) || (o->rule->carried && !ad_is_valid(k->carried)))
        *k = keep(o, t->parameters[i]);
    return *k;
}

/* Makes what is missing, and counts in *most how often one update changes a parameter and what is kept for it: x by
 * decay and by descent, each slot, and two numbers. */
static ad_status prepare(const nn_trained *t, size_t *most)
{
    if (t->memory->options.rule->search)
        return nn_lbfgs_prepare(&t->memory->options, t->parameters, t->n);
    for (size_t i = 0; i < t->n; i++) {
        const nn_kept k = kept_for(t, i);
        *most = 2 + (size_t)k.n_slots + (t->memory->options.rule->counter ? 2 : 0);
    }
    return status_of(t);
}

/* ---- Updates ----------------------------------------------------------------------------------------------------- */

/* The engine's own passes: adagrad's takes no square root (derivations.md). Returns false if there is none. */
static bool update_by_engine(const nn_optimiser_options *o, double scale, ad_tensor x, const nn_kept *k)
{
    const bool is_adagrad = o->rule == &nn_adagrad && o->epsilon == 0;
    if ((!is_adagrad && o->rule != &nn_gradient_descent) || o->l2 != 0 || o->l1 != 0 || o->clip_value > 0 || scale != 1)
        return false;
    if (o->decay > 0)
        ad_shrink(x, o->rate * o->decay);
    if (is_adagrad)
        ad_descend_adagrad(x, k->slot[0], o->rate);
    else
        ad_descend(x, o->rate);
    return true;
}

/* Updates x, whose gradient is multiplied by `scale` once clip_value is obeyed. */
static void update(const nn_optimiser_options *o, double scale, ad_tensor x, const nn_kept *k)
{
    if (update_by_engine(o, scale, x, k))
        return;
    nn_ruled r = {.rule = o->rule,
                  .update = {.options = *o, .carried = {1, 1}},
                  .share = o->rate * o->decay,
                  .n_slots = k->n_slots,
                  .clips = o->clip_value > 0 || scale != 1,
                  .bound = o->clip_value > 0 ? o->clip_value : HUGE_VAL,
                  .scale = scale};
    if (o->rule->counter)
        r.update.step = (int64_t)ad_f64(k->counter)[0] + 1;
    if (o->rule->carried) {
        r.update.carried[0] = ad_f64(k->carried)[0];
        r.update.carried[1] = o->rule->carry(o, r.update.step, r.update.carried[0]);
    }
    ad_update_by(x, k->slot, k->n_slots, nn_rule_block, &r);
    if (o->rule->counter)
        ad_fill(k->counter, (double)r.update.step);
    if (o->rule->carried)
        ad_fill(k->carried, r.update.carried[1]);
}

/* A rate that the factor of a schedule made this small changes nothing: ftrl divides by it. */
static bool is_too_small(double rate, double factor, ad_type type)
{
    return factor < 1 && rate < (type == AD_F32 ? 1e-30 : 1e-290);
}

/* ---- All parameters ---------------------------------------------------------------------------------------------- */

ad_status nn_optimiser_prepare(const nn_optimiser_options *options, const ad_tensor *parameters, size_t n)
{
    nn_step_memory memory = {0};
    const nn_trained t = {.parameters = parameters, .n = n, .memory = &memory};
    size_t most;
    return take_options(options, &t) ? prepare(&t, &most) : status_of(&t);
}

ad_status nn_optimiser_step_by(const nn_optimiser_options *options, const nn_trained *t, double factor)
{
    ad_tape *tape = take_options(options, t);
    const nn_optimiser_options *const o = &t->memory->options;
    size_t most = 0;
    if (!tape)
        return status_of(t);
    if (!(factor >= 0 && factor <= 1))
        return ad_fail(tape, AD_BAD_VALUE,
                       "optimiser: the schedule %s gives a factor of %g: it must be at least 0 and at most 1",
                       o->schedule.rule->name, factor);
    const double scale = nn_check_gradients(o, t->parameters, t->n);
    if (ad_status_of(tape) == AD_OK && o->rule->search)
        return nn_lbfgs_step(o, t->parameters, t->factors, t->n);
    if (ad_check_commit(tape) != AD_OK || prepare(t, &most) != AD_OK ||
        ad_reserve_changes(tape, t->parameters, t->n, most) != AD_OK)
        return status_of(t);
    for (size_t i = 0; i < t->n; i++) {
        const ad_tensor x = t->parameters[i];
        nn_optimiser_options own = options_by(o, t->factors, i);
        own.rate *= factor;
        if (is_too_small(own.rate, factor, ad_type_of(x)))
            continue;
        const nn_kept k = kept_for(t, i);
        update(&own, scale, x, &k);
    }
    return ad_commit(tape);
}

ad_status nn_optimiser_step(const nn_optimiser_options *options, const ad_tensor *parameters, size_t n)
{
    nn_step_memory memory = {0};
    const nn_trained t = {.parameters = parameters, .n = n, .memory = &memory};
    ad_tape *const tape = take_options(options, &t);
    const nn_schedule_options *const s = &memory.options.schedule;
    if (tape && (s->rule != &nn_schedule_constant || s->warm_up > 0))
        return ad_fail(tape, AD_BAD_VALUE,
                       "optimiser: the options have %s, and nn_optimiser_step knows no step to go by: use "
                       "nn_optimiser_step_at or nn_step",
                       s->rule != &nn_schedule_constant ? "a schedule" : "a warm-up");
    return tape ? nn_optimiser_step_by(options, &t, 1) : status_of(&t);
}

ad_status nn_optimiser_step_at(const nn_optimiser_options *options, const ad_tensor *parameters, size_t n, int64_t step)
{
    nn_step_memory memory = {0};
    const nn_trained t = {.parameters = parameters, .n = n, .memory = &memory};
    ad_tape *const tape = take_options(options, &t);
    const nn_schedule_options *const s = &memory.options.schedule;
    if (tape && step < 0)
        return ad_fail(tape, AD_BAD_VALUE, "optimiser: the step is %lld: steps count from 0", (long long)step);
    if (tape && s->rule->observes)
        return ad_fail(
            tape, AD_BAD_VALUE,
            "optimiser: the schedule %s goes by losses, of which a step knows none: leave it out, and multiply "
            "the rate by what nn_plateau_observe returns",
            s->rule->name);
    return tape ? nn_optimiser_step_by(options, &t, nn_schedule_factor_at(s, step)) : status_of(&t);
}
