/* ad_print_flow: how gradients flow from the last layer to the first. */
#include "flow.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gradtape/classifier.h>

#include "cells.h"
#include "gradients.h"
#include "lines.h"
#include "operators.h"
#include "reasons.h"

const ad_flow_limits ad_flow_limit = {
    .bar_from = 1e-9,
    .bar_to = 1,
    .vanished = 1e-4,
    .exploded = 1e4,
    .above_median = 1e3,
    .above = 1,
    .too_slow = 1e-5,
    .slow = 1e-4,
    .fast = 1e-2,
    .too_fast = 1e-1,
    .rows = 20,
    .dead = 0.25,
    .tanh = 0.97,
    .logistic = 0.015,
    .saturated = 0.5,
};

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

/* What is found of a parameter. */
typedef enum verdict {
    OK,
    SLOW,
    FAST,
    TOO_SLOW,
    TOO_FAST,
    VANISHED,
    EXPLODED,
    NOT_FINITE,
    ALL_ZERO,
    NOT_COMPUTED
} verdict;

static const char *const words[] = {"ok",       "slow",     "fast",       "too slow", "too fast",
                                    "vanished", "exploded", "not finite", "all zero", "not computed"};

/* Whether it is known what the last change of a parameter was. */
typedef enum update_kind { NO_UPDATE, FROM_ZERO, NOT_KEPT, UPDATE } update_kind;

typedef struct row {
    ad_tensor x;
    size_t first_use; /* the first entry that reads it */
    double rms;       /* of its gradient */
    update_kind kind;
    double update; /* what the last change was, against the value before it */
    verdict verdict;
} row;

/* Weights and biases are compared each with their like: where activations grow from layer to layer as gradients do the
 * other way, the gradients of weights say nothing. */
enum { BIASES, WEIGHTS, KINDS };

/* What happens from the last layer to the first. */
typedef struct trend {
    double last, step; /* the rms of the last layer, and by how much a layer changes it */
    bool vanishes, explodes;
} trend;

typedef struct flow {
    ad_tape *tape;
    ad_sink *sink;
    ad_ink ink;
    int digits; /* of numbers in lines */
    row *rows;  /* of all parameters and states; the first n are parameters, in the order of their first use */
    size_t n;
    trend trends[KINDS];
} flow;

static void find_gradient(row *r)
{
    ad_numbers g;
    if (!ad_find_gradient(r->x, &g))
        r->verdict = NOT_COMPUTED;
    else
        r->rms = g.n ? g.norm / sqrt((double)g.n) : 0;
    if (r->verdict == OK)
        r->verdict = !isfinite(r->rms) ? NOT_FINITE : r->rms == 0 ? ALL_ZERO : OK;
}

/* The norm of the change, against that of the value before it. */
static void find_update(row *r, const ad_leaf_change *change)
{
    const ad_numbers *before = &change->before;
    const void *now = ad_data(r->x);
    double sum = 0;
    r->kind = before->norm == 0 ? FROM_ZERO : before->data ? UPDATE : NOT_KEPT;
    for (size_t i = 0; r->kind == UPDATE && i < before->n; i++) {
        const double d = ad_element_of(now, before->type, i) - ad_element_of(before->data, before->type, i);
        sum += d / before->norm * (d / before->norm);
    }
    r->update = sqrt(sum);
}

static void find_updates(flow *f)
{
    for (size_t i = 0; i < ad_leaf_change_count(f->tape); i++) {
        const ad_leaf_change *change = ad_leaf_change_at(f->tape, i);
        if (ad_is_kept(change->leaf))
            find_update(&f->rows[ad_number_of(change->leaf)], change);
    }
}

static void find_first_uses(flow *f)
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
    const row *x = a, *y = b;
    if (x->first_use != y->first_use)
        return x->first_use < y->first_use ? -1 : 1;
    return x->x.id < y->x.id ? -1 : x->x.id > y->x.id;
}

/* States go, parameters are sorted. */
static void find_rows(flow *f)
{
    const size_t all = ad_kept_count(f->tape);
    for (size_t k = 0; k < all; k++)
        f->rows[k] = (row){.x = ad_kept_at(f->tape, k), .first_use = SIZE_MAX};
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

static int kind_of(const row *r) { return ad_shape_of(r->x).rank >= 2 ? WEIGHTS : BIASES; }

/* Compares the parameters of a kind, from the first to the last. */
static trend compare_layers(const flow *f, int kind)
{
    double first = 0, last = 0;
    size_t n = 0, rising = 0, falling = 0;
    for (size_t k = 0; k < f->n; k++) {
        const row *r = &f->rows[k];
        if (r->verdict != OK || kind_of(r) != kind)
            continue;
        rising += n > 0 && r->rms > last;
        falling += n > 0 && r->rms < last;
        first = n++ ? first : r->rms;
        last = r->rms;
    }
    if (n < 2)
        return (trend){0};
    return (trend){.last = last,
                   .step = pow(first / last, 1 / (double)(n - 1)),
                   .vanishes = first < ad_flow_limit.vanished * last && 2 * rising > n - 1,
                   .explodes = first > ad_flow_limit.exploded * last && 2 * falling > n - 1};
}

static bool counts(const row *r) { return r->rms > 0 && isfinite(r->rms); }

/* Those that count, from the smallest on; then the others. */
static int by_rms(const void *a, const void *b)
{
    const row *x = a, *y = b;
    if (counts(x) != counts(y))
        return counts(x) ? -1 : 1;
    return counts(x) ? (x->rms > y->rms) - (x->rms < y->rms) : 0;
}

/* The rms that as many parameters are above as below. */
static double median(flow *f)
{
    size_t n = 0;
    for (size_t k = 0; k < f->n; k++)
        n += counts(&f->rows[k]);
    qsort(f->rows, f->n, sizeof *f->rows, by_rms);
    const double middle = n ? f->rows[n / 2].rms : 0;
    qsort(f->rows, f->n, sizeof *f->rows, by_use);
    return middle;
}

static verdict of_update(const row *r)
{
    if (r->kind != UPDATE)
        return OK;
    if (!(r->update <= ad_flow_limit.fast))
        return r->update <= ad_flow_limit.too_fast ? FAST : TOO_FAST;
    return r->update >= ad_flow_limit.slow ? OK : r->update >= ad_flow_limit.too_slow ? SLOW : TOO_SLOW;
}

static void judge(flow *f)
{
    for (int kind = 0; kind < KINDS; kind++)
        f->trends[kind] = compare_layers(f, kind);
    const double middle = median(f);
    for (size_t k = 0; k < f->n; k++) {
        row *r = &f->rows[k];
        if (r->verdict != OK)
            continue;
        const trend *of = &f->trends[kind_of(r)];
        const bool is_large = r->rms > ad_flow_limit.above && r->rms > ad_flow_limit.above_median * middle;
        if (of->vanishes && r->rms < ad_flow_limit.vanished * of->last)
            r->verdict = VANISHED;
        else if (is_large || (of->explodes && r->rms > ad_flow_limit.exploded * of->last))
            r->verdict = EXPLODED;
        else
            r->verdict = of_update(r);
    }
}

/* ---- Lines ------------------------------------------------------------------------------------------------------- */

enum { NAME, SHAPE, RMS, BAR, CHANGE, WORD, CELLS, BAR_COLUMNS = 24, LEAST_BAR = 12, CELL = 200, GAP = 2 };

typedef struct line {
    char cells[CELLS][CELL];
} line;

static void write_bar(double rms, int columns, char *text)
{
    const double share = log(rms / ad_flow_limit.bar_from) / log(ad_flow_limit.bar_to / ad_flow_limit.bar_from);
    int n = rms > 0 ? 1 : 0;
    while (n > 0 && n < columns && n + 0.5 <= share * columns)
        n++;
    memset(text, '#', (size_t)n);
    text[n] = 0;
}

static void write_update(const row *r, int digits, char text[CELL])
{
    static const char *const without[] = {"no update", "update from 0", "update not kept"};
    char number[AD_NUMBER_TEXT];
    if (r->kind == UPDATE)
        snprintf(text, CELL, "update/weight %s", ad_number_text(r->update, digits, number));
    else
        snprintf(text, CELL, "%s", without[r->kind]);
}

static void write_line(const flow *f, const row *r, int bar, line *l)
{
    char number[AD_NUMBER_TEXT];
    const ad_shape shape = ad_shape_of(r->x);
    ad_sink name = ad_sink_into(l->cells[NAME], CELL), dims = ad_sink_into(l->cells[SHAPE], CELL);
    ad_put_name(&name, f->ink, r->x, AD_NAME_IN_TEXT);
    ad_put_shape(&dims, shape);
    ad_sink_close(&name);
    ad_sink_close(&dims);
    l->cells[RMS][0] = 0;
    if (r->verdict != NOT_COMPUTED)
        snprintf(l->cells[RMS], CELL, "rms %s", ad_number_text(r->rms, f->digits, number));
    write_bar(isfinite(r->rms) ? r->rms : 0, bar, l->cells[BAR]);
    write_update(r, f->digits, l->cells[CHANGE]);
    snprintf(l->cells[WORD], CELL, "%s", words[r->verdict]);
}

static void measure(const flow *f, int *widths)
{
    int sum = GAP;
    widths[BAR] = BAR_COLUMNS;
    for (size_t k = 0; k < f->n; k++) {
        line l;
        write_line(f, &f->rows[k], BAR_COLUMNS, &l);
        for (int i = 0; i < CELLS; i++) {
            const int n = ad_characters_of(l.cells[i]);
            widths[i] = n > widths[i] ? n : widths[i];
        }
    }
    for (int i = 0; i < CELLS; i++)
        sum += widths[i] + (i < WORD ? GAP : 0);
    while (sum > AD_MOST_COLUMNS && widths[BAR] > LEAST_BAR) {
        widths[BAR]--;
        sum--;
    }
}

static void put_lines(const flow *f)
{
    int widths[CELLS] = {0};
    measure(f, widths);
    for (size_t k = 0; k < f->n && ad_sink_is_good(f->sink); k++) {
        line l;
        write_line(f, &f->rows[k], widths[BAR], &l);
        for (int i = 0; i < CELLS; i++) {
            const int blanks = i == WORD ? 0 : widths[i] - ad_characters_of(l.cells[i]) + GAP;
            ad_put_format(f->sink, "%s%s%*s", i ? "" : "  ", l.cells[i], blanks, "");
        }
        ad_put(f->sink, "\n");
    }
}

/* ---- Sentences --------------------------------------------------------------------------------------------------- */

static bool has_logistic(ad_tape *t)
{
    size_t i = ad_entry_count(t);
    while (i > 0 && ad_activation_of(ad_recorded_at(t, i - 1)) != AD_LOGISTIC)
        i--;
    return i > 0;
}

static void put_trend(const flow *f, const trend *of)
{
    char number[AD_NUMBER_TEXT];
    ad_sentence s;
    ad_begin_sentence(&s);
    ad_number_text(of->step, 2, number);
    if (of->vanishes) {
        ad_put_format(&s.sink, "The gradient shrinks to %s of itself a layer%s. ", number,
                      has_logistic(f->tape) ? " (logistic' is at most 1/4)" : "");
        ad_put_format(&s.sink, "Use relu%s, larger first weights, or fewer layers.",
                      has_logistic(f->tape) ? " or tanh" : "");
    } else {
        ad_put_format(&s.sink, "The gradient grows to %s times itself a layer. ", number);
        ad_put(&s.sink, "Use smaller first weights, layer_norm between layers, or fewer layers.");
    }
    ad_end_sentence(&s, f->sink);
}

/* Writes "W, and 3 more," for the parameters of a verdict; n counts them. Returns the first. */
static const row *begin_about(const flow *f, verdict v, const char *before, size_t *n, ad_sentence *s)
{
    const row *first = NULL;
    *n = 0;
    for (size_t k = 0; k < f->n; k++)
        if (f->rows[k].verdict == v && (*n)++ == 0)
            first = &f->rows[k];
    ad_begin_sentence(s);
    if (!first)
        return NULL;
    ad_put(&s->sink, before);
    ad_put_name(&s->sink, f->ink, first->x, AD_NAME_IN_TEXT);
    if (*n > 1)
        ad_put_format(&s->sink, ", and of %zu more,", *n - 1);
    return first;
}

static void put_about(const flow *f, verdict v, const char *before, const char *after)
{
    size_t n;
    ad_sentence s;
    char number[AD_NUMBER_TEXT];
    const row *r = begin_about(f, v, before, &n, &s);
    if (!r)
        return;
    if (v == TOO_SLOW || v == TOO_FAST)
        ad_put_format(&s.sink, " is %s of its value%s", ad_number_text(r->update, 2, number), after);
    else
        ad_put(&s.sink, after);
    ad_end_sentence(&s, f->sink);
}

/* Each with its reason, up to a few. */
static void put_all_zero(const flow *f)
{
    enum { MOST = 5 };
    size_t n = 0;
    for (size_t k = 0; k < f->n; k++) {
        if (f->rows[k].verdict != ALL_ZERO || n++ >= MOST)
            continue;
        ad_sentence s;
        char reason[AD_SENTENCE / 2];
        ad_sink why = ad_sink_into(reason, sizeof reason);
        ad_put_zero_reason(&why, f->ink, f->rows[k].x);
        ad_sink_close(&why);
        ad_begin_sentence(&s);
        ad_put(&s.sink, "The gradient of ");
        ad_put_name(&s.sink, f->ink, f->rows[k].x, AD_NAME_IN_TEXT);
        ad_put_format(&s.sink, " is all zero%s%s.", *reason ? ": " : "", reason);
        ad_end_sentence(&s, f->sink);
    }
    if (n > MOST)
        ad_put_format(f->sink, "  %zu more are all zero.\n", n - MOST);
}

static void put_sentences(const flow *f)
{
    const trend *of = &f->trends[f->trends[WEIGHTS].vanishes || f->trends[WEIGHTS].explodes ? WEIGHTS : BIASES];
    if (of->vanishes || of->explodes)
        put_trend(f, of);
    if (!of->explodes)
        put_about(f, EXPLODED, "The gradient of ",
                  " is far larger than the others. Use smaller first weights or a lower rate, or scale the loss.");
    put_about(f, NOT_FINITE, "The gradient of ",
              " is not finite. Run the step with ad_check_finite: it names the entry where that begins.");
    put_about(f, TOO_SLOW, "The last update of ", ": it hardly learns. Use a higher rate.");
    put_about(f, TOO_FAST, "The last update of ", ": it jumps. Use a lower rate.");
    put_all_zero(f);
    ad_put_units(f->sink, f->ink, f->tape);
}

/* ---- Calls ------------------------------------------------------------------------------------------------------- */

static void print(flow *f)
{
    size_t with_gradient = 0;
    find_rows(f);
    for (size_t k = 0; k < f->n; k++)
        with_gradient += f->rows[k].verdict != NOT_COMPUTED;
    if (with_gradient == 0) {
        ad_sink_fail(f->sink, AD_NO_GRADIENT,
                     "print_flow: no parameter has a gradient: run ad_backward on a loss that depends on one");
        return;
    }
    judge(f);
    put_lines(f);
    put_sentences(f);
}

ad_shown ad_print_flow(ad_tape *t, FILE *to, const ad_print_options *options)
{
    const ad_allocator allocator = ad_allocator_of(t);
    ad_memory memory = ad_memory_over(&allocator);
    ad_sink sink = ad_sink_over(to);
    if (!t)
        ad_sink_fail(&sink, AD_BAD_HANDLE, "print_flow: the tape is NULL: ad_tape_open gives one");
    if (!ad_sink_is_good(&sink))
        return ad_sink_close(&sink);
    const ad_print_options none = {0}, *o = options ? options : &none;
    flow f = {.tape = t, .sink = &sink, .ink = o->ascii ? AD_INK_ASCII : ad_ink_of_locale()};
    f.digits = o->exact ? 17 : 2;
    const size_t all = ad_kept_count(t);
    f.rows = ad_memory_take(&memory, all + 1, sizeof *f.rows);
    if (f.rows)
        print(&f);
    else
        ad_sink_fail(&sink, AD_NO_MEMORY, "print_flow: memory is out for %zu parameters", all);
    ad_memory_release(&memory, f.rows, all + 1, sizeof *f.rows);
    return ad_sink_close(&sink);
}

ad_shown nn_print_flow(nn_classifier *c, FILE *to, const ad_print_options *options)
{
    if (nn_classifier_parameter_count(c))
        return ad_print_flow(nn_classifier_parameter(c, 0).tape, to, options);
    ad_sink sink = ad_sink_over(to);
    ad_sink_fail(&sink, c ? AD_BAD_STATE : AD_BAD_HANDLE, "print_flow: the classifier %s",
                 c ? "was not fitted yet: it has no parameters" : "is NULL");
    return ad_sink_close(&sink);
}
