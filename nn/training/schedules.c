/* The schedules: one row each, and the factor at a step. */
#include "schedules.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "power.h"
#include "unread.h"

/* ---- Rules ------------------------------------------------------------------------------------------------------- */

static double constant_factor(const nn_schedule_options *o, double s)
{
    (void)o;
    (void)s;
    return 1;
}

static double step_factor(const nn_schedule_options *o, double s)
{
    return nn_power(o->factor, floor(s / (double)o->steps));
}

static double exponential_factor(const nn_schedule_options *o, double s)
{
    return pow(o->factor, s / (double)o->steps);
}

/* The share of the way down that is done. */
static double share_done(const nn_schedule_options *o, double s) { return fmin(s / (double)o->steps, 1); }

static double cosine_factor(const nn_schedule_options *o, double s)
{
    return o->floor + (1 - o->floor) * (1 + cos(acos(-1) * share_done(o, s))) / 2;
}

static double polynomial_factor(const nn_schedule_options *o, double s)
{
    return o->floor + (1 - o->floor) * pow(1 - share_done(o, s), o->power);
}

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

#define FIELD(member, its_type, default_value, text, ...)                                                              \
    {                                                                                                                  \
        .name = #member, .meaning = (text), .type = NN_FIELD_##its_type,                                               \
        .offset = offsetof(nn_schedule_options, member), .standard = (default_value), .range = __VA_ARGS__             \
    }
#define WARM_UP FIELD(warm_up, INTEGER, 0, "steps in which the factor first rises to 1", NN_AT_LEAST(0))
#define STEPS(text) FIELD(steps, INTEGER, 0, text, NN_AT_LEAST(1))
#define FACTOR(default_value)                                                                                          \
    FIELD(factor, REAL, default_value, "what the factor is multiplied by at each fall",                                \
          {.high = 1, .above_low = true, .below_high = true})
#define FLOOR FIELD(floor, REAL, 0, "the factor never falls below it", NN_FROM_TO_BELOW(0, 1))

#define ROW(row, its_name, its_formula, its_source, its_fields, ...)                                                   \
    const nn_schedule row = {.name = (its_name),                                                                       \
                             .formula = (its_formula),                                                                 \
                             .source = (its_source),                                                                   \
                             .fields = NN_FIELDS(its_fields),                                                          \
                             __VA_ARGS__}

static const nn_field constant_fields[] = {WARM_UP};
ROW(nn_schedule_constant, "constant", "1", "", constant_fields, .factor = constant_factor);

static const nn_field step_fields[] = {WARM_UP, STEPS("in which the factor falls once"), FACTOR(0.1), FLOOR};
ROW(nn_schedule_step, "step", "b^floor(s / S)", "He, Zhang, Ren, Sun 2016, section 4.2", step_fields,
    .factor = step_factor);

static const nn_field exponential_fields[] = {WARM_UP, STEPS("in which the factor falls once"), FACTOR(0.9), FLOOR};
ROW(nn_schedule_exponential, "exponential", "b^(s / S)", "Senior, Heigold, Ranzato, Yang 2013", exponential_fields,
    .factor = exponential_factor);

static const nn_field cosine_fields[] = {WARM_UP, STEPS("of the way down"), FLOOR};
ROW(nn_schedule_cosine, "cosine", "floor + (1 - floor) (1 + cos(pi min(s, S) / S)) / 2",
    "Loshchilov, Hutter 2017, without restarts", cosine_fields, .factor = cosine_factor);

static const nn_field polynomial_fields[] = {WARM_UP, STEPS("of the way down"),
                                             FIELD(power, REAL, 1, "of what is left of the way", NN_ABOVE(0)), FLOOR};
ROW(nn_schedule_polynomial, "polynomial", "floor + (1 - floor) (1 - min(s, S) / S)^power", "Liu, Rabinovich, Berg 2016",
    polynomial_fields, .factor = polynomial_factor);

static const nn_field plateau_fields[] = {
    WARM_UP, FACTOR(0.1),
    FIELD(patience, INTEGER, 10, "evaluations without a better one before the factor falls", NN_AT_LEAST(1)),
    FIELD(threshold, REAL, 1e-4, "the share of the best loss by which a better one is lower", NN_FROM_TO_BELOW(0, 1)),
    FLOOR};
ROW(nn_schedule_plateau, "plateau", "b^k, k counts how often `patience` evaluations in a row were no better",
    "Krizhevsky, Sutskever, Hinton 2012, section 5", plateau_fields, .observes = true);

static const nn_schedule *const rows[] = {&nn_schedule_constant, &nn_schedule_step,       &nn_schedule_exponential,
                                          &nn_schedule_cosine,   &nn_schedule_polynomial, &nn_schedule_plateau};

size_t nn_schedule_count(void) { return sizeof rows / sizeof rows[0]; }

const nn_schedule *nn_schedule_at(size_t index) { return index < nn_schedule_count() ? rows[index] : NULL; }

const nn_schedule *nn_schedule_named(const char *name)
{
    for (size_t i = 0; name && i < nn_schedule_count(); i++)
        if (!strcmp(rows[i]->name, name))
            return rows[i];
    return NULL;
}

/* ---- Checks ------------------------------------------------------------------------------------------------------ */

nn_schedule_options nn_schedule_resolve(const nn_schedule_options *options)
{
    nn_schedule_options o = options ? *options : (nn_schedule_options){0};
    if (!o.rule)
        o.rule = &nn_schedule_constant;
    nn_fields_resolve(o.rule->fields, &o);
    return o;
}

static nn_rule_fields fields_at(size_t i) { return (nn_rule_fields){rows[i]->name, rows[i]->fields}; }

/* A number of steps that is not given, and has no default. */
static bool put_missing(nn_writer *w, const nn_schedule_options *o)
{
    if (o->steps != 0 || !nn_reads(o->rule->fields, offsetof(nn_schedule_options, steps)))
        return false;
    nn_put_option_name(w, NN_SCHEDULE_PREFIX "steps");
    nn_put(w, " are missing: ");
    nn_put(w, o->rule->name);
    nn_put(w, " needs them, and they have no default");
    return true;
}

/* The option of a member: steps is schedule_steps. */
static const char *option_of(const char *name, char text[NN_RULE_OPTION])
{
    snprintf(text, NN_RULE_OPTION, "%s%s", strcmp(name, "warm_up") == 0 ? "" : NN_SCHEDULE_PREFIX, name);
    return text;
}

/* Checks the numbers. A message has the name of the option, as the tables of estimators have it. */
static bool check_numbers(const nn_schedule_options *o, char *text, size_t size)
{
    for (size_t i = 0; i < o->rule->fields.n; i++) {
        char name[NN_RULE_OPTION];
        nn_field f = o->rule->fields.at[i];
        f.name = option_of(f.name, name);
        if (!nn_fields_check((nn_fields){&f, 1}, o, text, size))
            return false;
    }
    return true;
}

/* Where only the floor is wrong, what 1 or more would mean is said too. */
static bool only_floor_is_wrong(const nn_schedule_options *o)
{
    nn_schedule_options other = *o;
    other.floor = 0;
    return o->floor >= 1 && nn_fields_check(o->rule->fields, &other, NULL, 0);
}

static const char *mistake_in_constant(nn_writer *w)
{
    nn_put(w, "the schedule has options that constant does not read: give another, for instance ");
    nn_put_option(w, "schedule", "cosine");
    return w->text;
}

static const char *mistake_in_row(const nn_schedule *rule)
{
    if (!rule->name || (!rule->factor && !rule->observes))
        return "the schedule's rule has no name or no factor: a row of your own needs both";
    if (rule->observes && (rule->factor || !nn_reads(rule->fields, offsetof(nn_schedule_options, factor)) ||
                           !nn_reads(rule->fields, offsetof(nn_schedule_options, patience))))
        return "the schedule's rule observes: it needs the options factor and patience among its fields, and no "
               "function factor";
    return NULL;
}

const char *nn_schedule_mistake(const nn_schedule_options *o, char *text, size_t size)
{
    const char *const mistake = mistake_in_row(o->rule);
    if (mistake)
        return mistake;
    nn_writer w = nn_writer_into(text, size);
    if (o->rule == &nn_schedule_constant && (o->steps != 0 || o->factor != 0 || o->power != 0 || o->floor != 0))
        return mistake_in_constant(&w);
    if (nn_put_unread(&w, (nn_rule_table){nn_schedule_count, fields_at, option_of},
                      (nn_rule_fields){o->rule->name, o->rule->fields}, o) ||
        put_missing(&w, o))
        return text;
    const size_t begun = w.n < size ? w.n : size;
    if (check_numbers(o, text + begun, size - begun))
        return NULL;
    if (only_floor_is_wrong(o)) {
        w.n = strlen(text);
        nn_put(&w, "; the factor begins at 1, and would never come down to it");
    }
    return text;
}

/* ---- Factors ----------------------------------------------------------------------------------------------------- */

/* What is no number from 0 on passes, so that it is found. */
static double above_floor(const nn_schedule_options *o, double factor)
{
    return factor >= 0 && factor < o->floor ? o->floor : factor;
}

double nn_schedule_factor_at(const nn_schedule_options *o, int64_t step)
{
    const int64_t at = step > 0 ? step : 0;
    if (at < o->warm_up)
        return (double)(at + 1) / (double)o->warm_up;
    return o->rule->observes ? 1 : above_floor(o, o->rule->factor(o, (double)(at - o->warm_up)));
}

double nn_schedule_factor(const nn_schedule_options *options, int64_t step)
{
    char text[300];
    if (!options || ((!options->rule || options->rule == &nn_schedule_constant) && options->warm_up == 0))
        return 1;
    const nn_schedule_options o = nn_schedule_resolve(options);
    return nn_schedule_mistake(&o, text, sizeof text) ? 1 : nn_schedule_factor_at(&o, step);
}

/* A loss that is not finite is not better. */
static bool is_better(const nn_plateau *p, const nn_schedule_options *o, double loss)
{
    return isfinite(loss) && (!p->has_best || loss < p->best - o->threshold * fabs(p->best));
}

double nn_plateau_observe(nn_plateau *p, const nn_schedule_options *options, double loss)
{
    char text[300];
    const nn_schedule_options o = nn_schedule_resolve(options);
    if (!p || !o.rule->observes || nn_schedule_mistake(&o, text, sizeof text))
        return 1;
    if (is_better(p, &o, loss)) {
        p->best = loss;
        p->has_best = true;
        p->waited = 0;
    } else if (++p->waited >= o.patience) {
        p->waited = 0;
        p->falls++;
    }
    return above_floor(&o, nn_power(o.factor, (double)p->falls));
}
