/* L-BFGS (Nocedal, Wright 2006, algorithms 7.4 and 7.5). */
#include "lbfgs.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include <gradtape/backward.h>
#include <gradtape/update.h>

#include "../options/writer.h"
#include "gradients.h"
#include "vectors.h"

/* ---- Slots ------------------------------------------------------------------------------------------------------- */

#define STEP "LBFGS_step_%d"
#define CHANGE "LBFGS_change_%d"
#define SLOPE "LBFGS_slope"
#define MOVE "LBFGS_move"
#define GRADIENT "LBFGS_gradient"

/* A pair is kept if its curvature s'y is above this; in a search, above this times |s| |y|. */
static const double LEAST_CURVATURE = 1e-10;

/* The parameters with the pairs that are kept. */
typedef struct memory {
    const ad_tensor *x;
    size_t n;
    int64_t history;
    int64_t pairs; /* kept so far; 0: none is used */
    bool moved;    /* a step has no pair yet */
} memory;

static ad_tensor slot(ad_tensor x, const char *name) { return ad_slot(x, name, 0); }

/* One of a pair. */
static ad_tensor slot_in(ad_tensor x, const char *format, int place)
{
    char name[40];
    snprintf(name, sizeof name, format, place);
    return ad_slot(x, name, 0);
}

static ad_tensor number(ad_tensor x, const char *name) { return ad_slot_number(x, name, 0); }

/* The slots beside the pairs. */
static const char *const others[] = {NN_LINE_START, NN_LINE_WAY, SLOPE, MOVE, GRADIENT};

size_t nn_lbfgs_slot_count(const nn_optimiser_options *o)
{
    return 2 * (size_t)o->history + sizeof others / sizeof others[0];
}

ad_status nn_lbfgs_prepare(const nn_optimiser_options *o, const ad_tensor *x, size_t n)
{
    for (size_t i = 0; i < n && ad_status_of(x[0].tape) == AD_OK; i++) {
        for (int place = 0; place < o->history; place++) {
            slot_in(x[i], STEP, place);
            slot_in(x[i], CHANGE, place);
        }
        for (size_t k = 0; k < sizeof others / sizeof others[0]; k++)
            slot(x[i], others[k]);
        number(x[i], "LBFGS_pairs");
        number(x[i], "LBFGS_history");
        number(x[i], "LBFGS_moved");
    }
    return ad_status_of(x[0].tape);
}

/* What is kept. Pairs of parameters that did not always go together, or of another history, are forgotten. */
static memory remember(const nn_optimiser_options *o, const ad_tensor *x, size_t n)
{
    memory m = {.x = x, .n = n, .history = o->history};
    for (size_t i = 0; i < n; i++) {
        const int64_t pairs = (int64_t)ad_f64(number(x[i], "LBFGS_pairs"))[0];
        const int64_t history = (int64_t)ad_f64(number(x[i], "LBFGS_history"))[0];
        const bool moved = ad_f64(number(x[i], "LBFGS_moved"))[0] != 0;
        if (i == 0) {
            m.pairs = pairs;
            m.moved = moved;
        }
        if (history != o->history || pairs != m.pairs || moved != m.moved)
            return (memory){.x = x, .n = n, .history = o->history};
    }
    return m;
}

static void note(const memory *m)
{
    for (size_t i = 0; i < m->n; i++) {
        ad_fill(number(m->x[i], "LBFGS_pairs"), (double)m->pairs);
        ad_fill(number(m->x[i], "LBFGS_history"), (double)m->history);
        ad_fill(number(m->x[i], "LBFGS_moved"), m->moved);
    }
}

/* How often one step changes a parameter and its slots at most. */
static size_t changes_in_step(const memory *m) { return 4 * (size_t)m->history + 40; }

/* ---- The direction ----------------------------------------------------------------------------------------------- */

/* The place of the pair that came `age` pairs before the last. */
static int place_of(const memory *m, int64_t age) { return (int)((m->pairs - 1 - age) % m->history); }

/* The product of LBFGS_way with one of a pair. */
static double dot_with_way(const memory *m, const char *name, int place)
{
    double sum = 0;
    for (size_t i = 0; i < m->n; i++)
        sum += nn_dot(slot_in(m->x[i], name, place), slot(m->x[i], NN_LINE_WAY));
    return sum;
}

static double dot_of_slots(const memory *m, const char *a, const char *b)
{
    double sum = 0;
    for (size_t i = 0; i < m->n; i++)
        sum += nn_dot(slot(m->x[i], a), slot(m->x[i], b));
    return sum;
}

/* The curvature s'y of a pair, and y'y. */
static void curvature(const memory *m, int place, double *sy, double *yy)
{
    *sy = *yy = 0;
    for (size_t i = 0; i < m->n; i++) {
        const ad_tensor s = slot_in(m->x[i], STEP, place), y = slot_in(m->x[i], CHANGE, place);
        *sy += nn_dot(s, y);
        *yy += nn_dot(y, y);
    }
}

/* LBFGS_way <- keep LBFGS_way + factor v */
static void add_to_way(const memory *m, double keep, const char *v, int place, double factor)
{
    for (size_t i = 0; i < m->n; i++)
        nn_combine(m->x[i], slot(m->x[i], NN_LINE_WAY), keep, slot_in(m->x[i], v, place), factor);
}

/* LBFGS_way, which is 0, becomes -H g, where g is the slot `gradient` and H the inverse of the Hessian as the pairs
 * have it: the two-loop recursion. */
static void aim(const memory *m, const char *gradient)
{
    double share[NN_LBFGS_MOST_HISTORY], sy[NN_LBFGS_MOST_HISTORY], yy, scale = 1;
    const int64_t n = m->pairs < m->history ? m->pairs : m->history;
    for (size_t i = 0; i < m->n; i++)
        nn_combine(m->x[i], slot(m->x[i], NN_LINE_WAY), 1, slot(m->x[i], gradient), -1);
    for (int64_t age = 0; age < n; age++) {
        const int place = place_of(m, age);
        curvature(m, place, &sy[age], &yy);
        if (age == 0)
            scale = sy[0] / yy;
        share[age] = dot_with_way(m, STEP, place) / sy[age];
        const double keep = age == n - 1 ? scale : 1;
        add_to_way(m, keep, CHANGE, place, -keep * share[age]);
    }
    for (int64_t age = n - 1; age >= 0; age--) {
        const int place = place_of(m, age);
        add_to_way(m, 1, STEP, place, share[age] - dot_with_way(m, CHANGE, place) / sy[age]);
    }
}

/* Keeps the pair of these two slots. */
static void keep_pair(memory *m, const char *step, const char *change)
{
    const int place = (int)(m->pairs++ % m->history);
    for (size_t i = 0; i < m->n; i++) {
        ad_assign(slot_in(m->x[i], STEP, place), ad_data(slot(m->x[i], step)));
        ad_assign(slot_in(m->x[i], CHANGE, place), ad_data(slot(m->x[i], change)));
    }
}

static void clear(const memory *m, const char *name)
{
    for (size_t i = 0; i < m->n; i++)
        ad_fill(slot(m->x[i], name), 0);
}

/* ---- Checks ------------------------------------------------------------------------------------------------------ */

/* What is wrong with the row; NULL if nothing is. */
static const char *mistake_in_row(const nn_optimiser *rule)
{
    if (rule->search != nn_lbfgs_search)
        return "the optimiser's rule has a search of its own: only the library's can see what it searches; take that "
               "of nn_lbfgs";
    if (rule->update || rule->slots || rule->counter || rule->carried || rule->carry || rule->own_penalties)
        return "the optimiser's rule searches: it must have no update, slots, counter, carried, carry or own_penalties";
    for (size_t i = 0; i < rule->fields.n; i++)
        if (rule->fields.at[i].offset == offsetof(nn_optimiser_options, history))
            return rule->fields.at[i].type == NN_FIELD_INTEGER
                       ? NULL
                       : "the optimiser's rule searches: its field history must be of the type NN_FIELD_INTEGER";
    return "the optimiser's rule searches: it needs history among its fields";
}

const char *nn_lbfgs_mistake(const nn_optimiser_options *o, char *text, size_t size)
{
    char option[NN_OPTION_TEXT];
    const char *mistake = mistake_in_row(o->rule);
    const bool asks_schedule = o->schedule.warm_up != 0 || o->schedule.rule != &nn_schedule_constant;
    const char *asked = o->clip_value != 0 ? "clip_value" : o->clip_norm != 0 ? "clip_norm" : NULL;
    if (mistake)
        return mistake;
    if (o->history < NN_LBFGS_LEAST_HISTORY || o->history > NN_LBFGS_MOST_HISTORY) {
        /* The range of a row of a user's own may be wider, and its default anything. */
        snprintf(text, size, "%s is %" PRId64 ": it must be at least %d and at most %d",
                 nn_option_text(option, "history", NULL), o->history, NN_LBFGS_LEAST_HISTORY, NN_LBFGS_MOST_HISTORY);
        return text;
    }
    if (!asked && !asks_schedule)
        return NULL;
    snprintf(text, size, "%s does not obey %s: leave it out, or take another rule", o->rule->name,
             asked ? nn_option_text(option, asked, NULL) : "a schedule");
    return text;
}

bool nn_lbfgs_check(const nn_optimiser_options *o, const ad_tensor *x, const nn_factors *factors, size_t n)
{
    char text[NN_PARAMETER_TEXT];
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            if (x[i].id == x[j].id)
                ad_fail(x[0].tape, AD_BAD_VALUE, "optimiser: %s: parameter %zu is parameter %zu again", o->rule->name,
                        i, j);
    for (size_t i = 0; factors && i < n; i++)
        if (factors[i].rate != 1)
            ad_fail(x[0].tape, AD_BAD_VALUE,
                    "optimiser: %s moves all parameters along one line: the rate of the group of %s must be 1, not %g; "
                    "a group that is frozen stays where it is",
                    o->rule->name, nn_parameter_text(x[i], i, text), factors[i].rate);
    return ad_status_of(x[0].tape) == AD_OK;
}

/* ---- A step of a fixed size -------------------------------------------------------------------------------------- */

/* The pair of the last step is kept, now that its second gradient is known, if its curvature is large enough. */
static void end_last_move(memory *m, const nn_optimiser_options *o, const nn_factors *factors)
{
    if (!m->moved)
        return;
    for (size_t i = 0; i < m->n; i++)
        nn_take_gradient(m->x[i], slot(m->x[i], GRADIENT), nn_l2_of(o, factors, i), 1);
    if (dot_of_slots(m, MOVE, GRADIENT) > LEAST_CURVATURE)
        keep_pair(m, MOVE, GRADIENT);
}

ad_status nn_lbfgs_step(const nn_optimiser_options *o, const ad_tensor *x, const nn_factors *factors, size_t n)
{
    ad_tape *tape = x[0].tape;
    if (ad_check_commit(tape) != AD_OK || !nn_lbfgs_check(o, x, factors, n) || nn_lbfgs_prepare(o, x, n) != AD_OK)
        return ad_status_of(tape);
    memory m = remember(o, x, n);
    if (ad_reserve_changes(tape, x, n, changes_in_step(&m)) != AD_OK)
        return ad_status_of(tape);
    end_last_move(&m, o, factors);
    double rate = o->rate, sum = 0;
    for (size_t i = 0; i < n; i++) {
        nn_take_gradient(x[i], slot(x[i], GRADIENT), nn_l2_of(o, factors, i), 0);
        sum += nn_gradient_sum(x[i], nn_l2_of(o, factors, i));
    }
    if (!m.moved && m.pairs == 0 && sum > 1)
        rate /= sum;
    aim(&m, GRADIENT);
    for (size_t i = 0; i < n; i++) {
        const ad_tensor moved = slot(x[i], MOVE);
        ad_assign(moved, ad_data(x[i]));
        nn_place(x[i], moved, slot(x[i], NN_LINE_WAY), rate);
        nn_combine(x[i], moved, -1, x[i], 1);
    }
    clear(&m, NN_LINE_WAY);
    m.moved = true;
    note(&m);
    return ad_commit(tape);
}

/* ---- A step by a search ------------------------------------------------------------------------------------------ */

/* Everything becomes what it was when the step began; an error stays. */
static void put_back(const memory *m)
{
    ad_tape *tape = m->x[0].tape;
    char message[600];
    snprintf(message, sizeof message, "%s", ad_message(tape));
    const ad_status status = ad_clear_error(tape);
    ad_reset(tape);
    for (size_t i = 0; i < m->n; i++)
        ad_assign(m->x[i], ad_data(slot(m->x[i], NN_LINE_START)));
    clear(m, NN_LINE_START);
    clear(m, NN_LINE_WAY);
    clear(m, SLOPE);
    if (status != AD_OK)
        ad_fail(tape, status, "%s", message);
}

/* Evaluates where the step begins. sums gets sum |g| and the largest |g|. */
static bool begin(nn_search *s, nn_search_result *r, double *sum)
{
    if (!s->is_known && !nn_evaluate(s, &s->loss, false))
        return false;
    char text[NN_PARAMETER_TEXT];
    const char *name = s->options.rule->name;
    if (!isfinite(s->loss))
        ad_fail(s->tape, AD_NOT_FINITE, "%s: the loss is %g where the step begins: it must be finite there", name,
                s->loss);
    r->loss = r->loss_before = s->loss;
    *sum = r->gradient = 0;
    for (size_t i = 0; i < s->n && ad_status_of(s->tape) == AD_OK; i++) {
        const double l2 = nn_l2_of(&s->options, s->factors, i), largest = nn_gradient_largest(s->parameters[i], l2);
        *sum += nn_gradient_sum(s->parameters[i], l2);
        r->gradient = largest > r->gradient ? largest : r->gradient;
        if (!isfinite(largest))
            ad_fail(s->tape, AD_NOT_FINITE, "%s: the gradient of %s is not finite where the step begins", name,
                    nn_parameter_text(s->parameters[i], i, text));
    }
    return ad_status_of(s->tape) == AD_OK;
}

/* The line begins where the parameters are. Returns false, and nothing has changed, if there is no memory for all that
 * is changed from here on, put_back included. */
static bool start(const nn_search *s, const memory *m)
{
    ad_reset(s->tape);
    if (ad_reserve_changes(s->tape, s->parameters, s->n, changes_in_step(m)) != AD_OK)
        return false;
    for (size_t i = 0; i < s->n; i++) {
        const ad_tensor x = s->parameters[i];
        ad_assign(slot(x, NN_LINE_START), ad_data(x));
        nn_take_gradient(x, slot(x, SLOPE), nn_l2_of(&s->options, s->factors, i), 0);
    }
    return true;
}

/* Searches along the quasi-Newton direction, and if that leads nowhere along that of steepest descent: the pairs are
 * then forgotten. */
static nn_found look(nn_search *s, memory *m, double sum, nn_point *found)
{
    for (;;) {
        aim(m, SLOPE);
        const nn_point first = {0, s->loss, dot_of_slots(m, SLOPE, NN_LINE_WAY)};
        if (ad_status_of(s->tape) != AD_OK)
            return NN_FAILED;
        nn_found end = NN_NOTHING;
        if (first.slope < 0 && isfinite(first.slope))
            end = nn_search_line(s, first, m->pairs || sum <= 1 ? s->options.rate : s->options.rate / sum, found);
        if (end != NN_NOTHING || m->pairs == 0)
            return end;
        m->pairs = 0;
        clear(m, NN_LINE_WAY);
    }
}

/* Takes over what was proposed, and keeps the pair of the step, unless the curvature on it is as good as 0. Returns
 * false if the first fails: LBFGS_start is then as it was. What comes after it has room, and does not fail. */
static bool finish(nn_search *s, memory *m, nn_search_result *r)
{
    if (ad_reserve_changes(s->tape, s->parameters, s->n, changes_in_step(m)) != AD_OK || ad_commit(s->tape) != AD_OK)
        return false;
    r->gradient = 0;
    for (size_t i = 0; i < s->n; i++) {
        const ad_tensor x = s->parameters[i];
        const double l2 = nn_l2_of(&s->options, s->factors, i), largest = nn_gradient_largest(x, l2);
        r->gradient = largest > r->gradient ? largest : r->gradient;
        nn_combine(x, slot(x, NN_LINE_START), -1, x, 1);
        nn_take_gradient(x, slot(x, SLOPE), l2, 1);
    }
    const double sy = dot_of_slots(m, NN_LINE_START, SLOPE), ss = dot_of_slots(m, NN_LINE_START, NN_LINE_START);
    if (sy > LEAST_CURVATURE * sqrt(ss) * sqrt(dot_of_slots(m, SLOPE, SLOPE)))
        keep_pair(m, NN_LINE_START, SLOPE);
    m->moved = false;
    note(m);
    clear(m, NN_LINE_START);
    clear(m, NN_LINE_WAY);
    clear(m, SLOPE);
    return true;
}

ad_status nn_lbfgs_search(nn_search *s, nn_search_result *r)
{
    memory m = remember(&s->options, s->parameters, s->n);
    double sum;
    const bool has_begun = begin(s, r, &sum);
    r->evaluations = s->evaluations;
    r->has_ended = has_begun && r->gradient == 0;
    if (!has_begun || r->gradient <= s->tolerance)
        return ad_reset(s->tape);
    nn_point found;
    if (!start(s, &m))
        return ad_reset(s->tape);
    const nn_found end = look(s, &m, sum, &found);
    if (end != NN_LOWER || !finish(s, &m, r))
        put_back(&m);
    else
        r->loss = s->loss = found.loss;
    r->has_ended = end == NN_NOTHING;
    r->evaluations = s->evaluations;
    return ad_reset(s->tape);
}
