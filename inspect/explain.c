/* Where a gradient comes from, and why it is 0. */
#include <math.h>

#include "describe.h"
#include "gradients.h"
#include "lines.h"
#include "products.h"
#include "reasons.h"
#include "statistics.h"

enum { TEXT = 500 };

/* ---- The parts of a tensor --------------------------------------------------------------------------------------- */

/* What is explained. */
typedef struct explanation {
    ad_sink *sink;
    ad_ink ink;
    ad_tensor y, x;
    size_t parts, uses;         /* parts of x, and those that a rule gave */
    bool is_seeded, was_before; /* the other ones */
    size_t sweeps;              /* that gave parts */
    bool is_derivative;         /* all parts are of the last sweep, which began at y */
    bool has_gradient;          /* the sweep came so far that it was whole */
    ad_numbers gradient;        /* of x */
    size_t largest;             /* element of it; SIZE_MAX if no single one can be shown */
} explanation;

/* A walk over the parts of x. */
typedef struct walk {
    size_t next;
    int sweep;      /* of the part */
    ad_tensor root; /* what that began at; inert: it is gone */
} walk;

/* The next part; NULL: there is none. */
static const ad_part *next_part(const explanation *e, walk *w)
{
    const ad_part *part;
    while ((part = ad_backward_part(e->x.tape, w->next))) {
        w->next++;
        if (part->origin == AD_FROM_SEED)
            w->root = part->of;
        else if (part->sweep != w->sweep)
            w->root = (ad_tensor){0};
        w->sweep = part->sweep;
        if (ad_is_part_of(part, e->x))
            break;
    }
    return part;
}

static void count_parts(explanation *e)
{
    const size_t n = ad_part_count(e->x.tape, AD_BAND_BACKWARD);
    walk w = {0};
    int sweep = -1;
    for (const ad_part *part; (part = next_part(e, &w));) {
        e->parts++;
        if (part->origin != AD_FROM_BEFORE) {
            e->sweeps += part->sweep != sweep;
            sweep = part->sweep;
        }
        e->uses += part->origin == AD_FROM_RULE;
        e->is_seeded = e->is_seeded || part->origin == AD_FROM_SEED;
        e->was_before = e->was_before || part->origin == AD_FROM_BEFORE;
    }
    e->is_derivative = !e->was_before && e->sweeps == 1 && sweep == ad_backward_part(e->x.tape, n - 1)->sweep;
}

/* The element of the largest magnitude; a NaN is larger than all. */
static size_t largest_of(const ad_numbers *x)
{
    size_t found = 0;
    double size = -1;
    for (size_t i = 0; x->data && i < x->n; i++) {
        const double number = fabs(ad_element_of(x->data, x->type, i));
        if (number > size || isnan(number)) {
            found = i;
            size = number;
        }
        if (isnan(number))
            break;
    }
    return x->data && x->n > 0 ? found : SIZE_MAX;
}

/* ---- Lines ------------------------------------------------------------------------------------------------------- */

/* Writes what stands before a colon and what stands behind it, in one line or two. */
static void put_pair(ad_sink *sink, int indent, const char *head, const char *tail)
{
    const int gap = 2, further = 4;
    if (*tail && indent + ad_characters_of(head) + gap + ad_characters_of(tail) <= AD_MOST_COLUMNS) {
        ad_put_format(sink, "%*s%s%*s%s\n", indent, "", head, gap, "", tail);
        return;
    }
    ad_put_paragraph(sink, indent, head);
    ad_put_paragraph(sink, indent + further, tail);
}

static void put_origin(const explanation *e, ad_sink *to, const ad_part *part)
{
    if (part->origin == AD_FROM_RULE) {
        ad_put_call(to, e->ink, part->from);
        ad_put(to, ", ");
        ad_put_ordinal(to, part->place);
        ad_put(to, " place:");
    } else {
        ad_put(to, part->origin == AD_FROM_SEED ? "the sweep began here:" : "from before this sweep:");
    }
}

/* The part of a scalar, or the words and the norm of a larger part. */
static void put_whole(const explanation *e, ad_sink *to, const ad_part *part)
{
    const bool is_rule = part->origin == AD_FROM_RULE;
    if (part->part.n == 1 && part->part.data) {
        if (!ad_put_products(to, part, 0))
            ad_put_number(to, ad_element_of(part->part.data, part->part.type, 0), AD_FEW_DIGITS);
        return;
    }
    bool has_words = is_rule && ad_put_matrix_product(to, e->ink, part);
    if (is_rule && !has_words && ad_operator_of(part->from)->arity == 1) {
        ad_put_rule(to, e->ink, part->from);
        has_words = true;
    }
    if (has_words && e->parts == 1)
        return;
    ad_put(to, has_words ? ", norm " : "norm ");
    ad_put_number(to, part->part.norm, AD_FEW_DIGITS);
}

static void put_root(const explanation *e, ad_sink *to, ad_tensor root)
{
    if (ad_is_inert(root))
        ad_put(to, "a tensor that is gone");
    else
        ad_put_name(to, e->ink, root, AD_NAME_IN_TEXT);
}

/* Parts of several sweeps stand below what each began at. */
static int indent_of(const explanation *e) { return e->sweeps > 1 ? 4 : 2; }

static void put_sweep(const explanation *e, ad_tensor root)
{
    char text[TEXT];
    ad_sink to = ad_sink_into(text, TEXT);
    ad_put(&to, "the sweep from ");
    put_root(e, &to, root);
    ad_put(&to, ":");
    ad_put_paragraph(e->sink, 2, text);
}

static void put_element(const explanation *e, const ad_part *part)
{
    char head[TEXT], tail[TEXT];
    ad_sink left = ad_sink_into(head, TEXT), right = ad_sink_into(tail, TEXT);
    if (part->part.n == 1 || !part->part.data || e->largest == SIZE_MAX)
        return;
    ad_put(&left, "element ");
    ad_put_index(&left, &part->part.shape, e->largest);
    ad_put(&left, ":");
    if (!ad_put_products(&right, part, e->largest))
        ad_put_number(&right, ad_element_of(part->part.data, part->part.type, e->largest), AD_FEW_DIGITS);
    put_pair(e->sink, indent_of(e) + 2, head, tail);
}

static void put_part(const explanation *e, const ad_part *part)
{
    char head[TEXT], tail[TEXT];
    ad_sink left = ad_sink_into(head, TEXT), right = ad_sink_into(tail, TEXT);
    put_origin(e, &left, part);
    put_whole(e, &right, part);
    put_pair(e->sink, part->origin == AD_FROM_BEFORE ? 2 : indent_of(e), head, tail);
    put_element(e, part);
}

static void put_skipped(const explanation *e, size_t n, double sum)
{
    ad_put_format(e->sink, "  %s %d to %zu not shown", e->is_derivative ? "places" : "parts", AD_LINES_OF_AN_END + 1,
                  AD_LINES_OF_AN_END + n);
    if (e->gradient.n == 1) {
        ad_put(e->sink, ": together ");
        ad_put_number(e->sink, sum, AD_FEW_DIGITS);
    }
    ad_put(e->sink, "\n");
}

/* Of many parts the first and the last are printed, and what the others add up to. */
static void put_parts(const explanation *e)
{
    const size_t begin = e->parts > AD_MOST_LINES ? AD_LINES_OF_AN_END : e->parts, skipped = e->parts - begin;
    const size_t end = skipped ? e->parts - AD_LINES_OF_AN_END : begin;
    double sum = 0;
    walk w = {0};
    size_t k = 0;
    int sweep = -1;
    for (const ad_part *part; (part = next_part(e, &w)); k++) {
        const bool is_shown = k < begin || k >= end;
        if (k == end && skipped)
            put_skipped(e, end - begin, sum);
        if (is_shown && e->sweeps > 1 && part->origin != AD_FROM_BEFORE && part->sweep != sweep) {
            put_sweep(e, w.root);
            sweep = part->sweep;
        }
        if (is_shown)
            put_part(e, part);
        else if (part->part.n == 1 && part->part.data)
            sum += ad_element_of(part->part.data, part->part.type, 0);
    }
}

/* ---- The first line ---------------------------------------------------------------------------------------------- */

static void put_derivative(const explanation *e, ad_sink *to)
{
    if (!e->is_derivative) {
        ad_put(to, "the gradient of ");
        ad_put_name(to, e->ink, e->x, AD_NAME_IN_TEXT);
        return;
    }
    ad_put_differential(to, e->ink, e->y);
    ad_put(to, "/");
    ad_put_differential(to, e->ink, e->x);
}

static void put_value(const explanation *e, ad_sink *to)
{
    if (!e->has_gradient) {
        ad_put(to, ad_sweep_failed(e->x.tape) ? " is not whole: the sweep failed; so far" : " was not kept;");
    } else if (e->gradient.n == 1 && e->gradient.data) {
        ad_put(to, " = ");
        ad_put_number(to, ad_element_of(e->gradient.data, e->gradient.type, 0), AD_FEW_DIGITS);
        ad_put(to, ",");
    } else {
        ad_put(to, " ");
        ad_put_shape(to, e->gradient.shape);
        ad_put(to, ", norm ");
        ad_put_number(to, e->gradient.norm, AD_FEW_DIGITS);
        ad_put(to, ",");
    }
}

/* "(from y, z, ..)": what the sweeps began at. */
static void put_roots(const explanation *e, ad_sink *to)
{
    enum { MOST = 3 };
    walk w = {0};
    size_t listed = 0;
    ad_tensor before = {0};
    ad_put(to, "(from ");
    for (const ad_part *part; listed <= MOST && (part = next_part(e, &w));) {
        if (part->origin == AD_FROM_BEFORE || (listed && w.root.id == before.id))
            continue;
        ad_put(to, listed ? ", " : "");
        if (listed++ < MOST)
            put_root(e, to, w.root);
        else
            ad_put(to, "..");
        before = w.root;
    }
    ad_put(to, ")");
}

/* Whether the parts are not only of the last sweep and of the gradient before it. */
static bool has_earlier_sweep(const explanation *e)
{
    const size_t n = ad_part_count(e->x.tape, AD_BAND_BACKWARD);
    walk w = {0};
    const ad_part *part;
    do
        part = next_part(e, &w);
    while (part && part->origin == AD_FROM_BEFORE);
    return part && part->sweep != ad_backward_part(e->x.tape, n - 1)->sweep;
}

static void put_first_line(const explanation *e)
{
    char text[2 * TEXT];
    ad_sink to = ad_sink_into(text, sizeof text);
    put_derivative(e, &to);
    put_value(e, &to);
    if (has_earlier_sweep(e)) {
        if (e->sweeps > 1)
            ad_put_format(&to, " the sum of %zu sweeps ", e->sweeps);
        else
            ad_put(&to, " of one earlier sweep ");
        put_roots(e, &to);
        ad_put(&to, e->was_before ? " and the gradient from before" : "");
        ad_put_paragraph(e->sink, 0, text);
        return;
    }
    if (e->uses > 0) {
        ad_put_format(&to, e->parts == 1 ? " from 1 place where " : " the sum over %zu place%s where ", e->uses,
                      e->uses == 1 ? "" : "s");
        ad_put_name(&to, e->ink, e->x, AD_NAME_IN_TEXT);
        ad_put(&to, " is used");
    }
    if (e->is_seeded)
        ad_put(&to, e->uses ? " and the seed" : " the seed");
    if (e->was_before)
        ad_put(&to, e->uses || e->is_seeded ? " and the gradient from before" : " the gradient from before");
    ad_put_paragraph(e->sink, 0, text);
}

/* ---- Checks ------------------------------------------------------------------------------------------------------ */

static bool check_watched(ad_sink *sink, const ad_tape *t)
{
    if (ad_is_inert(ad_sweep_began_at(t)))
        ad_sink_fail(sink, AD_BAD_STATE, "%s: no parts of gradients are kept: %s", sink->who,
                     ad_is_watched(t) ? "run ad_backward first"
                                      : "ad_watch(tape, AD_ON) before ad_backward keeps them");
    return ad_sink_is_good(sink);
}

static bool check_tensors(ad_sink *sink, ad_tensor y, ad_tensor x)
{
    char wanted[AD_NAME_TEXT], given[AD_NAME_TEXT];
    if (!ad_sink_is_good(sink) || !ad_sink_check_tensor(sink, "y", y) || !ad_sink_check_tensor(sink, "x", x))
        return false;
    if (x.tape != y.tape)
        ad_sink_fail(sink, AD_BAD_HANDLE, "explain: x and y are of two tapes: give two tensors of one");
    else if (check_watched(sink, x.tape) && ad_sweep_began_at(x.tape).id != y.id)
        ad_sink_fail(sink, AD_BAD_STATE,
                     "explain: the last ad_backward began at %s, not at %s: give that, or run it again",
                     ad_name_text(ad_ink_of_locale(), ad_sweep_began_at(x.tape), wanted),
                     ad_name_text(ad_ink_of_locale(), y, given));
    return ad_sink_is_good(sink);
}

ad_shown ad_explain(ad_tensor y, ad_tensor x, FILE *to)
{
    ad_sink sink = ad_sink_over(to);
    explanation e = {.sink = &sink, .ink = ad_ink_of_locale(), .y = y, .x = x};
    if (!check_tensors(&sink, y, x))
        return ad_sink_close(&sink);
    count_parts(&e);
    if (e.parts == 0) {
        char why[TEXT];
        ad_sink text = ad_sink_into(why, TEXT);
        ad_put_absence_reason(&text, e.ink, y, x);
        ad_sink_fail(&sink, ad_sink_is_good(&text) ? AD_NO_GRADIENT : text.shown.status, "explain: %s",
                     ad_sink_is_good(&text) ? why : text.shown.message);
        return ad_sink_close(&sink);
    }
    e.has_gradient = ad_find_gradient(x, &e.gradient);
    if (!e.has_gradient)
        e.gradient = (ad_numbers){.type = ad_type_of(x), .shape = ad_shape_of(x), .n = ad_size_of(x)};
    e.largest = largest_of(&e.gradient);
    put_first_line(&e);
    put_parts(&e);
    return ad_sink_close(&sink);
}

/* ---- Why 0 ------------------------------------------------------------------------------------------------------- */

static void put_not_zero(ad_sink *to, const ad_numbers *gradient)
{
    if (gradient->n == 0) {
        ad_put(to, " has no elements");
        return;
    }
    const size_t n = gradient->data ? gradient->n : 0; /* of elements that are known */
    const size_t zeros = ad_statistics_of(gradient->data, gradient->type, n).zeros;
    ad_put(to, " is not 0: ");
    if (gradient->n == 1 && gradient->data) {
        ad_put_number(to, ad_element_of(gradient->data, gradient->type, 0), AD_FEW_DIGITS);
        return;
    }
    ad_put(to, "its norm is ");
    ad_put_number(to, gradient->norm, AD_FEW_DIGITS);
    if (zeros)
        ad_put_format(to, ", and %zu of its %zu elements are 0", zeros, gradient->n);
}

void ad_put_why_zero(ad_sink *to, ad_ink ink, ad_tensor y, ad_tensor x)
{
    ad_numbers gradient;
    const bool is_found = ad_find_gradient(x, &gradient);
    ad_put(to, "the gradient of ");
    ad_put_name(to, ink, x, AD_NAME_IN_TEXT);
    if (!is_found) {
        ad_put(to, ad_has_part(x) ? " is not known: " : " was not computed: ");
        ad_put_absence_reason(to, ink, y, x);
    } else if (ad_is_all_zero(&gradient)) {
        ad_put(to, " is 0: ");
        ad_put_zero_reason(to, ink, x);
    } else {
        put_not_zero(to, &gradient);
    }
}

ad_shown ad_why_zero(ad_tensor x, FILE *file)
{
    char text[4 * TEXT]; /* more than six operands and a rule with the longest names */
    ad_sink sink = ad_sink_over(file), to = ad_sink_into(text, sizeof text);
    if (!ad_sink_is_good(&sink) || !ad_sink_check_tensor(&sink, "the tensor", x) || !check_watched(&sink, x.tape))
        return ad_sink_close(&sink);
    ad_put_why_zero(&to, ad_ink_of_locale(), ad_sweep_began_at(x.tape), x);
    if (ad_sink_is_good(&to))
        ad_put_format(&sink, "%s\n", text);
    else
        ad_sink_fail(&sink, to.shown.status, "why_zero: %s", to.shown.message);
    return ad_sink_close(&sink);
}
