/* The line search for the strong Wolfe conditions (Nocedal, Wright 2006, algorithms 3.5 and 3.6), with the cubic of
 * their formula 3.59. A loss that is not finite is that of a step that is too long. */
#include "line_search.h"

#include <math.h>

#include <gradtape/backward.h>
#include <gradtape/operators.h>
#include <gradtape/update.h>

#include "../shape_text.h"
#include "vectors.h"

/* ---- Evaluating -------------------------------------------------------------------------------------------------- */

double nn_l2_of(const nn_optimiser_options *o, const nn_factors *factors, size_t i)
{
    return o->l2 * (factors ? factors[i].decay : 1);
}

static bool check_loss(const nn_search *s, ad_tensor loss)
{
    char text[NN_SHAPE_TEXT];
    const char *name = s->options.rule->name;
    if (ad_status_of(s->tape) != AD_OK)
        return false;
    if (loss.tape != s->tape || ad_is_inert(loss)) {
        ad_fail(s->tape, AD_BAD_HANDLE, "%s: the objective returned no tensor of the tape of the parameters", name);
        return false;
    }
    const ad_shape shape = ad_shape_of(loss);
    if (shape.rank != 0)
        ad_fail(s->tape, AD_BAD_SHAPE, "%s: the loss is %s: it must be a scalar, for instance by ad_mean", name,
                nn_shape_text(&shape, text));
    else if (ad_status_of(s->tape) == AD_OK && ad_type_of(loss) == AD_I32)
        ad_fail(s->tape, AD_BAD_TYPE, "%s: the loss is i32: it must be f32 or f64", name);
    return ad_status_of(s->tape) == AD_OK;
}

bool nn_evaluate(nn_search *s, double *to, bool is_trial)
{
    if (ad_reset(s->tape) != AD_OK)
        return false;
    const ad_tensor loss = s->objective(s->tape, s->context);
    s->evaluations++;
    if (is_trial && ad_status_of(s->tape) == AD_NOT_FINITE) {
        ad_clear_error(s->tape);
        *to = NAN;
        return true;
    }
    if (!check_loss(s, loss))
        return false;
    *to = ad_item(loss);
    s->type = ad_type_of(loss);
    ad_backward(loss);
    double penalty = 0;
    for (size_t i = 0; i < s->n && ad_status_of(s->tape) == AD_OK; i++) {
        const ad_tensor x = s->parameters[i];
        const double l2 = nn_l2_of(&s->options, s->factors, i);
        ad_gradient(x); /* reading one that was not computed is the tape's own error */
        penalty += l2 != 0 ? l2 / 2 * nn_dot(x, x) : 0;
    }
    *to += penalty;
    return ad_status_of(s->tape) == AD_OK;
}

/* Evaluates the point p->at. */
static bool try(nn_search *s, nn_point *p)
{
    for (size_t i = 0; i < s->n; i++) {
        const ad_tensor x = s->parameters[i];
        nn_place(x, ad_slot(x, NN_LINE_START, 0), ad_slot(x, NN_LINE_WAY, 0), p->at);
    }
    if (ad_status_of(s->tape) != AD_OK || !nn_evaluate(s, &p->loss, true))
        return false;
    p->slope = 0;
    for (size_t i = 0; isfinite(p->loss) && i < s->n; i++) {
        const ad_tensor x = s->parameters[i], way = ad_slot(x, NN_LINE_WAY, 0);
        const double l2 = nn_l2_of(&s->options, s->factors, i);
        p->slope += nn_dot(ad_gradient(x), way) + (l2 != 0 ? l2 * nn_dot(x, way) : 0);
    }
    if (!isfinite(p->slope))
        p->loss = INFINITY;
    return ad_status_of(s->tape) == AD_OK;
}

/* ---- The search -------------------------------------------------------------------------------------------------- */

/* The two conditions: the loss falls by at least FALLS, and the slope to at most FLATTENS, of what the slope at the
 * beginning says. */
static const double FALLS = 1e-4, FLATTENS = 0.9;
enum { MOST_TRIALS = 30 };

typedef struct line {
    nn_search *search;
    nn_point first, last; /* where it begins; what was evaluated last */
    double rounding;      /* a fall of the loss below this is lost in its rounding */
    int trials;
} line;

static bool try_at(line *l, double at)
{
    l->last.at = at;
    l->trials++;
    return try(l->search, &l->last);
}

static bool is_low_enough(const line *l)
{
    const nn_point *p = &l->last, *first = &l->first;
    return isfinite(p->loss) && p->loss < first->loss && p->loss <= first->loss + FALLS * p->at * first->slope;
}

/* Rounding hides what so small a step does. */
static bool is_too_short(const line *l) { return l->last.loss == l->first.loss && l->last.slope < 0; }

static bool is_flat_enough(const line *l) { return fabs(l->last.slope) <= -FLATTENS * l->first.slope; }

/* Where the cubic through two points and their slopes has its minimum; NaN if it has none. */
static double minimum_of_cubic(const nn_point *a, const nn_point *b)
{
    const double d1 = a->slope + b->slope - 3 * (a->loss - b->loss) / (a->at - b->at);
    const double square = d1 * d1 - a->slope * b->slope, d2 = b->at > a->at ? sqrt(square) : -sqrt(square);
    return b->at - (b->at - a->at) * ((b->slope + d2 - d1) / (b->slope - a->slope + 2 * d2));
}

static double within(double x, double low, double high) { return x > low ? (x < high ? x : high) : low; }

/* What is tried between two points, of which `low` has the lower loss. */
static double between(const nn_point *low, const nn_point *high, bool bisect)
{
    const double width = high->at - low->at;
    if (!isfinite(high->loss))
        return low->at + 0.1 * width;
    const double share = bisect ? 0.5 : (minimum_of_cubic(low, high) - low->at) / width;
    return low->at + width * (isnan(share) ? 0.5 : within(share, 0.1, 0.9));
}

/* The last point is not `low`, so it is evaluated again, since the recording is to be that of the point found. */
static nn_found take(line *l, const nn_point *low)
{
    if (low->at == 0)
        return NN_NOTHING;
    if (l->last.at == low->at)
        return NN_LOWER;
    if (!try_at(l, low->at))
        return NN_FAILED;
    if (l->last.loss == low->loss)
        return NN_LOWER;
    ad_fail(l->search->tape, AD_BAD_STATE,
            "%s: the loss was %.9g and is %.9g for the same parameters: it must not depend on anything else, such as "
            "random numbers",
            l->search->options.rule->name, low->loss, l->last.loss);
    return NN_FAILED;
}

/* Algorithm 3.6: `low` has the lowest loss so far, and between it and `high` lies a point that fulfils both conditions.
 */
static nn_found zoom(line *l, nn_point low, nn_point high)
{
    double width = INFINITY;
    while (l->trials < MOST_TRIALS) {
        const double now = fabs(high.at - low.at), at = between(&low, &high, now > width * 2 / 3);
        if (now * fabs(low.slope) <= l->rounding || at == low.at || at == high.at)
            break;
        width = now;
        if (!try_at(l, at))
            return NN_FAILED;
        if (!is_low_enough(l) || l->last.loss >= low.loss) {
            high = l->last;
            continue;
        }
        if (is_flat_enough(l))
            return NN_LOWER;
        if (l->last.slope * (high.at - low.at) >= 0)
            high = low;
        low = l->last;
    }
    return take(l, &low);
}

/* Algorithm 3.5: longer and longer steps, until the conditions hold or a zoom can begin. */
static nn_found search_line(line *l, double rate)
{
    nn_point before = l->first;
    while (l->trials < MOST_TRIALS) {
        if (!try_at(l, rate))
            return NN_FAILED;
        if (is_too_short(l)) {
            rate *= 10;
            continue;
        }
        if (!is_low_enough(l) || (before.at > 0 && l->last.loss >= before.loss))
            return zoom(l, before, l->last);
        if (is_flat_enough(l))
            return NN_LOWER;
        if (l->last.slope >= 0)
            return zoom(l, l->last, before);
        const double far = minimum_of_cubic(&before, &l->last);
        rate = far > l->last.at ? within(far, 2 * l->last.at, 10 * l->last.at) : 10 * l->last.at;
        before = l->last;
        if (!isfinite(rate))
            break;
    }
    return take(l, &before);
}

nn_found nn_search_line(nn_search *s, nn_point first, double rate, nn_point *found)
{
    const double half = s->type == AD_F32 ? 0x1p-25 : 0x1p-54;
    line l = {.search = s, .first = first, .rounding = half * fabs(first.loss)};
    const nn_found end = search_line(&l, rate);
    *found = l.last;
    return end;
}
