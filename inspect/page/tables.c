/* The tables of the views Tape and Tensors. */
#include <math.h>
#include <string.h>

#include "../gradients.h"
#include "../statistics.h"
#include "page.h"

enum { MOST_LISTED = 8, DIGITS = 6 };

#define NOT_COMPUTED "<span class=\"m nc\" aria-label=\"not computed\">\xc2\xb7</span>"

bool ad_has_row(const ad_page *page, size_t node)
{
    const size_t n = page->folds.kept + page->folds.recorded;
    return n <= AD_MOST_ROWS || node < AD_MOST_ROWS / 2 || node >= n - AD_MOST_ROWS / 2;
}

/* ---- The tape ---------------------------------------------------------------------------------------------------- */

/* Each element, rows of a matrix divided by a semicolon; of many only the range. */
static void put_numbers(ad_page *page, const char *what, ad_tensor x, const ad_numbers *numbers)
{
    ad_sink *sink = page->sink;
    const ad_shape shape = ad_shape_of(x);
    const size_t row = shape.rank < 2 ? 0 : (size_t)shape.dims[shape.rank - 1];
    if (numbers->n == 0)
        ad_put(sink, "no elements");
    else if (!numbers->data) {
        ad_put(sink, "norm ");
        ad_put_figure(sink, &(ad_figure){"gradient-norm", x, {0}, 0, -1, AD_F64, numbers->norm}, DIGITS);
    } else if (numbers->n <= MOST_LISTED)
        for (size_t i = 0; i < numbers->n; i++) {
            ad_put(sink, i == 0 ? "" : row && i % row == 0 ? "; " : " ");
            const ptrdiff_t index = numbers->n == 1 ? -1 : (ptrdiff_t)i;
            ad_put_figure(
                sink,
                &(ad_figure){what, x, {0}, 0, index, numbers->type, ad_element_of(numbers->data, numbers->type, i)},
                DIGITS);
        }
    else {
        char kind[24];
        const ad_statistics s = ad_statistics_of(numbers->data, numbers->type, numbers->n);
        snprintf(kind, sizeof kind, "%s-min", what);
        ad_put_figure(sink, &(ad_figure){kind, x, {0}, 0, -1, numbers->type, s.min}, DIGITS);
        ad_put(sink, " \xe2\x80\xa6 ");
        snprintf(kind, sizeof kind, "%s-max", what);
        ad_put_figure(sink, &(ad_figure){kind, x, {0}, 0, -1, numbers->type, s.max}, DIGITS);
        if (s.not_finite)
            ad_put_format(sink, ", %zu not finite", s.not_finite);
    }
}

static void put_locals(ad_page *page, ad_tensor y)
{
    const int n = ad_operand_count(y);
    bool is_any = false;
    for (int i = 0; i < n && i < MOST_LISTED; i++) {
        const ad_part *part = ad_is_byproduct(y) ? NULL : ad_part_to(y, i);
        if (!part || !part->has_local)
            continue;
        ad_put(page->sink, is_any ? ", " : "");
        ad_put_figure(page->sink, &(ad_figure){"local", part->of, part->from, i + 1, -1, AD_F64, part->local}, DIGITS);
        is_any = true;
    }
    if (!is_any)
        ad_put(page->sink, "\xe2\x80\x94");
}

static void put_shape(ad_page *page, ad_tensor x)
{
    const ad_shape shape = ad_shape_of(x);
    ad_put_shape(page->sink, shape);
}

/* A name of its own, or none. */
static void put_own_name(ad_page *page, ad_tensor x)
{
    if (*ad_name_of(x))
        ad_put_name(page->sink, AD_INK_HTML, x, AD_NAME_IN_PAGE);
    else if (ad_is_byproduct(x))
        ad_put(page->sink, "<span class=\"note\">by-product</span>");
    else
        ad_put(page->sink, "<span class=\"nc\">\xe2\x80\x94</span>");
}

/* The value that the recording used and, of a leaf that was changed since, the one that is there now. */
static void put_value(ad_page *page, ad_tensor x)
{
    ad_numbers numbers;
    const ad_value_state state = ad_value_to_show(x, &numbers);
    if (state == AD_VALUE_DROPPED) {
        ad_put(page->sink, "dropped, computed again");
        return;
    }
    put_numbers(page, "value", x, &numbers);
    if (state == AD_VALUE_BEFORE) {
        numbers = ad_value_now(x);
        ad_put(page->sink, " <span class=\"note\">now</span> ");
        put_numbers(page, "value", x, &numbers);
    }
}

static void put_tape_row(ad_page *page, ad_tensor x)
{
    ad_sink *sink = page->sink;
    ad_numbers numbers;
    ad_put(sink, "<tr data-id=\"");
    ad_put_identity(sink, x);
    ad_put(sink, "\"><td>");
    ad_put_identity(sink, x);
    ad_put(sink, "<th scope=\"row\">");
    put_own_name(page, x);
    ad_put(sink, "<td>");
    ad_put_made_by(sink, AD_INK_HTML, x);
    if (ad_is_changed(x))
        ad_put(sink, " <span class=\"note\">changed since</span>");
    ad_put(sink, "<td>");
    if (ad_operand_count(x))
        ad_put_operands(sink, AD_INK_HTML, x);
    else
        ad_put(sink, "\xe2\x80\x94");
    ad_put(sink, "<td class=\"m\">");
    put_shape(page, x);
    ad_put(sink, "<td class=\"num\" data-cell=\"value\">");
    put_value(page, x);
    ad_put(sink, "<td class=\"num\" data-cell=\"gradient\">");
    if (ad_find_gradient(x, &numbers))
        put_numbers(page, "gradient", x, &numbers);
    else
        ad_put(sink, ad_wants_gradient(x) ? NOT_COMPUTED : "<span class=\"nc\">not wanted</span>");
    ad_put(sink, "<td class=\"num\">");
    put_locals(page, x);
    ad_put(sink, "<td class=\"note\">");
    if (ad_operator_of(x) && !ad_is_byproduct(x))
        ad_put_rule(sink, AD_INK_HTML, x);
    ad_put(sink, "\n");
}

/* Calls `put` for each node that has a row, and says which have none. */
static void put_rows(ad_page *page, int columns, void (*put)(ad_page *, ad_tensor))
{
    const size_t n = page->folds.kept + page->folds.recorded;
    for (size_t v = 0; v < n && ad_sink_is_good(page->sink); v++) {
        if (ad_has_row(page, v)) {
            put(page, ad_node_tensor(&page->folds, v));
            continue;
        }
        const size_t next = n - AD_MOST_ROWS / 2;
        ad_put_format(page->sink,
                      "<tr><td colspan=\"%d\" class=\"note\">%zu rows are not shown: ad_print with .all "
                      "prints them\n",
                      columns, next - v);
        v = next - 1;
    }
}

void ad_put_tape_table(ad_page *page)
{
    ad_sink *sink = page->sink;
    ad_put(sink, "<table><caption class=\"vh\">The tape: each parameter, state and entry</caption><thead><tr><th>#<th>"
                 "entry<th>made by<th>from<th>shape<th class=\"num\">value<th class=\"num\" data-root>");
    if (ad_is_valid(page->loss)) {
        ad_put(sink, "\xe2\x88\x82");
        ad_put_name(sink, AD_INK_HTML, page->loss, 12);
        ad_put(sink, " / \xe2\x88\x82"
                     "entry");
    } else
        ad_put(sink, "gradient");
    ad_put(sink, "<th class=\"num\">local derivatives<th>its rule gives</thead><tbody>\n");
    put_rows(page, 9, put_tape_row);
    if (page->folds.kept + page->folds.recorded == 0)
        ad_put(sink, "<tr><td colspan=\"9\">The tape is empty: nothing was recorded since it was opened or reset.\n");
    ad_put(sink, "</tbody></table>\n");
}

/* ---- Statistics of tensors --------------------------------------------------------------------------------------- */

static void put_statistics(ad_page *page, ad_tensor x, const char *of, const char *when, const ad_numbers *numbers)
{
    static const char *const names[] = {"min", "max", "mean", "deviation", "rms", "norm"};
    ad_sink *sink = page->sink;
    ad_put_format(sink, "<tr data-id=\"");
    ad_put_identity(sink, x);
    ad_put_format(sink, "\" data-row=\"%s\"><th scope=\"row\">", of);
    ad_put_name(sink, AD_INK_HTML, x, AD_NAME_IN_PAGE);
    ad_put(sink, "<td class=\"m\">");
    put_shape(page, x);
    ad_put_format(sink, "<td>%s%s", of, when);
    if (!numbers->data || numbers->n == 0) {
        ad_put(sink,
               numbers->n ? "<td colspan=\"8\">not kept: only its norm is known" : "<td colspan=\"8\">no elements");
        ad_put(sink, "\n");
        return;
    }
    const ad_statistics s = ad_statistics_of(numbers->data, numbers->type, numbers->n);
    const double figures[] = {s.min, s.max, s.mean, s.deviation, s.rms, s.norm};
    for (int i = 0; i < 6; i++) {
        char what[32];
        snprintf(what, sizeof what, "%s-%s", of, names[i]);
        ad_put(sink, "<td class=\"num\">");
        if (i < 5 && s.n == s.not_finite)
            ad_put(sink, "\xe2\x80\x94");
        else
            ad_put_figure(sink, &(ad_figure){what, x, {0}, 0, -1, i < 2 ? numbers->type : AD_F64, figures[i]}, 4);
    }
    ad_put_format(sink, "<td class=\"num\">%zu<td class=\"num\">%zu\n", s.zeros, s.not_finite);
}

static void put_tensor_rows(ad_page *page, ad_tensor x)
{
    ad_numbers numbers;
    if (ad_has_value(x) && !ad_is_byproduct(x)) {
        const ad_value_state state = ad_value_to_show(x, &numbers);
        put_statistics(page, x, "value", state == AD_VALUE_AFTER ? ", changed since" : "", &numbers);
        numbers = ad_value_now(x);
        if (state == AD_VALUE_BEFORE)
            put_statistics(page, x, "value", " now", &numbers);
    }
    if (ad_find_gradient(x, &numbers))
        put_statistics(page, x, "gradient", "", &numbers);
}

void ad_put_tensor_table(ad_page *page)
{
    ad_put(page->sink, "<table><caption class=\"vh\">Statistics of all elements</caption><thead><tr><th>tensor<th>shape"
                       "<th>of its<th class=\"num\">min<th class=\"num\">max<th class=\"num\">mean<th class=\"num\">"
                       "deviation<th class=\"num\">rms<th class=\"num\">norm<th class=\"num\">exactly 0<th "
                       "class=\"num\">not finite</thead><tbody>\n");
    put_rows(page, 11, put_tensor_rows);
    ad_put(page->sink, "</tbody></table>\n");
}
