/* How gradients flow from the last layer to the first. */
#include "flow.h"

#include <math.h>
#include <stdlib.h>

#include "gradients.h"

const char *ad_flow_verdict_word(ad_flow_verdict verdict)
{
    static const char *const words[] = {"ok",       "slow",     "fast",     "too slow",   "too fast", "vanished",
                                        "exploded", "vanished", "exploded", "not finite", "all zero", "not computed"};
    return words[verdict];
}

double ad_place_on_bar(double rms)
{
    const double place = log(rms / AD_BAR_FROM) / log(AD_BAR_TO / AD_BAR_FROM);
    return !(place > 0) ? 0 : place < 1 ? place : 1;
}

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

static void find_gradient(ad_flow_row *r)
{
    ad_numbers g;
    if (!ad_find_gradient(r->x, &g)) {
        r->verdict = AD_FLOW_NOT_COMPUTED;
        return;
    }
    r->norm = g.norm;
    r->rms = g.n ? g.norm / sqrt((double)g.n) : 0;
    r->verdict = !isfinite(r->rms) ? AD_FLOW_NOT_FINITE : r->rms == 0 ? AD_FLOW_ALL_ZERO : AD_FLOW_OK;
}

/* The norm of what x has changed by, against that of the value before. */
static void find_update(ad_flow_row *r, const ad_leaf_change *change)
{
    const ad_numbers *before = &change->before;
    const void *now = ad_look_at(r->x);
    double sum = 0;
    r->kind = before->norm == 0                        ? AD_UPDATE_FROM_ZERO
              : before->data && isfinite(before->norm) ? AD_UPDATE_KNOWN
                                                       : AD_UPDATE_UNKNOWN;
    for (size_t i = 0; r->kind == AD_UPDATE_KNOWN && i < before->n; i++) {
        const double d = ad_element_of(now, before->type, i) - ad_element_of(before->data, before->type, i);
        sum += d / before->norm * (d / before->norm);
    }
    r->update = sqrt(sum);
}

/* From the first change since the sweep on, which is why the list is read from its end: the first one stays. */
static void find_updates(ad_flow *f)
{
    for (size_t i = ad_leaf_change_count(f->tape); i-- > 0;) {
        const ad_leaf_change *change = ad_leaf_change_at(f->tape, i);
        if (ad_is_kept(change->leaf))
            find_update(&f->rows[ad_number_of(change->leaf)], change);
    }
}

static void find_first_uses(ad_flow *f)
{
    for (size_t i = ad_entry_count(f->tape); i-- > 0;) {
        const ad_tensor y = ad_recorded_at(f->tape, i);
        for (int k = 0; k < ad_operand_count(y); k++) {
            const ad_tensor x = ad_operand(y, k);
            if (ad_is_kept(x))
                f->rows[ad_number_of(x)].first_use = i;
        }
    }
}

static int by_use(const void *a, const void *b)
{
    const ad_flow_row *x = a, *y = b;
    if (x->first_use != y->first_use)
        return x->first_use < y->first_use ? -1 : 1;
    return x->x.id < y->x.id ? -1 : x->x.id > y->x.id;
}

/* States go, parameters are sorted. */
static void find_rows(ad_flow *f)
{
    const size_t all = f->room;
    for (size_t k = 0; k < all; k++) {
        const ad_tensor x = ad_kept_at(f->tape, k);
        const bool is_known = ad_is_watched(f->tape) && !ad_is_changed(x); /* that there was none */
        f->rows[k] = (ad_flow_row){x, SIZE_MAX, .kind = is_known ? AD_UPDATE_NONE : AD_UPDATE_UNKNOWN};
    }
    find_first_uses(f);
    find_updates(f);
    for (size_t k = 0; k < all; k++)
        if (ad_wants_gradient(f->rows[k].x))
            f->rows[f->n++] = f->rows[k];
    for (size_t k = 0; k < f->n; k++)
        find_gradient(&f->rows[k]);
    qsort(f->rows, f->n, sizeof *f->rows, by_use);
}

/* ---- Verdicts ---------------------------------------------------------------------------------------------------- */

int ad_layer_kind(ad_tensor x) { return ad_shape_of(x).rank >= 2 ? AD_WEIGHTS : AD_BIASES; }

void ad_add_layer(ad_layers *layers, double rms)
{
    layers->rising += layers->n > 0 && rms > layers->last;
    layers->falling += layers->n > 0 && rms < layers->last;
    layers->first = layers->n++ ? layers->first : rms;
    layers->last = rms;
}

ad_trend ad_trend_of(const ad_layers *layers)
{
    const double first = layers->first, last = layers->last;
    const size_t steps = layers->n - 1;
    if (layers->n < 2)
        return (ad_trend){0};
    return (ad_trend){.last = last,
                      .step = pow(first / last, 1 / (double)steps),
                      .vanishes = first < AD_VANISHED_BELOW * last && 2 * layers->rising > steps,
                      .explodes = first > AD_EXPLODED_ABOVE * last && 2 * layers->falling > steps};
}

/* Compares the parameters of a kind, from the first to the last. */
static ad_trend compare_layers(const ad_flow *f, int kind)
{
    ad_layers layers = {0};
    for (size_t k = 0; k < f->n; k++)
        if (f->rows[k].verdict == AD_FLOW_OK && ad_layer_kind(f->rows[k].x) == kind)
            ad_add_layer(&layers, f->rows[k].rms);
    return ad_trend_of(&layers);
}

static bool counts(const ad_flow_row *r) { return r->rms > 0 && isfinite(r->rms); }

/* Those that count, from the smallest on; then the others. */
static int by_rms(const void *a, const void *b)
{
    const ad_flow_row *x = a, *y = b;
    if (counts(x) != counts(y))
        return counts(x) ? -1 : 1;
    return counts(x) ? (x->rms > y->rms) - (x->rms < y->rms) : 0;
}

/* The median of the rms; of an even number the upper one. */
static double median(ad_flow *f)
{
    size_t n = 0;
    for (size_t k = 0; k < f->n; k++)
        n += counts(&f->rows[k]);
    qsort(f->rows, f->n, sizeof *f->rows, by_rms);
    const double middle = n ? f->rows[n / 2].rms : 0;
    qsort(f->rows, f->n, sizeof *f->rows, by_use);
    return middle;
}

static ad_flow_verdict of_update(const ad_flow_row *r)
{
    if (r->kind != AD_UPDATE_KNOWN)
        return AD_FLOW_OK;
    if (!(r->update <= AD_UPDATE_FAST))
        return r->update <= AD_UPDATE_TOO_FAST ? AD_FLOW_FAST : AD_FLOW_TOO_FAST;
    return r->update >= AD_UPDATE_SLOW ? AD_FLOW_OK : r->update >= AD_UPDATE_TOO_SLOW ? AD_FLOW_SLOW : AD_FLOW_TOO_SLOW;
}

static bool are_all_tiny(const ad_flow *f)
{
    for (size_t k = 0; k < f->n; k++)
        if (f->rows[k].verdict == AD_FLOW_NOT_FINITE || f->rows[k].rms >= AD_TINY_RMS)
            return false;
    return true;
}

static void judge(ad_flow *f)
{
    const bool is_tiny = are_all_tiny(f);
    for (int kind = 0; kind < AD_LAYER_KINDS; kind++)
        f->trends[kind] = compare_layers(f, kind);
    const double middle = median(f);
    for (size_t k = 0; k < f->n; k++) {
        ad_flow_row *r = &f->rows[k];
        if (r->verdict != AD_FLOW_OK)
            continue;
        const ad_trend *of = &f->trends[ad_layer_kind(r->x)];
        const bool is_large = r->rms > AD_FAR_ABOVE && r->rms > AD_FAR_ABOVE_MEDIAN * middle;
        if (of->vanishes && r->rms < AD_VANISHED_BELOW * of->last)
            r->verdict = AD_FLOW_VANISHED;
        else if (is_large || (of->explodes && r->rms > AD_EXPLODED_ABOVE * of->last))
            r->verdict = AD_FLOW_EXPLODED;
        else if (is_tiny || r->rms > AD_LARGE_RMS)
            r->verdict = is_tiny ? AD_FLOW_ALL_TINY : AD_FLOW_LARGE;
        else
            r->verdict = of_update(r);
    }
}

bool ad_find_flow(ad_flow *f, ad_tape *t)
{
    const ad_allocator allocator = ad_allocator_of(t);
    *f = (ad_flow){.tape = t, .memory = ad_memory_over(&allocator), .room = ad_kept_count(t)};
    f->rows = ad_memory_take(&f->memory, f->room ? f->room : 1, sizeof *f->rows);
    if (!f->rows)
        return false;
    find_rows(f);
    judge(f);
    return true;
}

void ad_free_flow(ad_flow *f) { ad_memory_release(&f->memory, f->rows, f->room ? f->room : 1, sizeof *f->rows); }
