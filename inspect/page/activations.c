/* The view Activations: the curves of the engine's activations and their derivatives. */
#include "activations.h"

#include <string.h>

/* ---- What is shown ----------------------------------------------------------------------------------------------- */

/* Adds one, unless only places for other activations are left. */
static ad_panel *add_panel(ad_activations *v, const ad_curve *curve, double attribute)
{
    size_t others = 0;
    for (size_t i = 0; ad_curve_at(i); i++)
        others++;
    if (v->n + others >= AD_MOST_PANELS && attribute != curve->attribute)
        return NULL;
    v->panels[v->n] = (ad_panel){.curve = curve, .attribute = attribute};
    return &v->panels[v->n++];
}

static void find_uses(ad_activations *v)
{
    const size_t n = ad_entry_count(v->page->t);
    double attribute = 0;
    for (size_t i = 0; i < n; i++) {
        const ad_tensor y = ad_recorded_at(v->page->t, i);
        const ad_curve *curve = ad_curve_of(y, &attribute);
        ad_panel *p = curve ? ad_find_panel(v, curve, attribute) : NULL;
        if (curve && !p)
            p = add_panel(v, curve, attribute);
        if (p && p->n_users < AD_MOST_USERS)
            p->users[p->n_users] = y;
        if (p)
            p->n_users++;
        v->uses_left_out += curve && !p;
    }
    v->n_used = v->n;
}

static void add_others(ad_activations *v)
{
    for (size_t i = 0; ad_curve_at(i); i++)
        if (!ad_find_panel(v, ad_curve_at(i), ad_curve_at(i)->attribute))
            add_panel(v, ad_curve_at(i), ad_curve_at(i)->attribute);
}

/* Whether the tape has an activation that is more than the identity. */
static bool has_any(const ad_activations *v)
{
    for (size_t i = 0; i < v->n_used; i++)
        if (strcmp(v->panels[i].curve->name, "identity") != 0)
            return true;
    return false;
}

/* ---- The table --------------------------------------------------------------------------------------------------- */

static void put_row(ad_sink *sink, const ad_panel *p)
{
    ad_put(sink, "<tr><th scope=\"row\">");
    ad_put_panel_name(sink, p);
    ad_put(sink, "<td class=\"num\">");
    ad_put_panel_value(sink, p, AD_AT_0);
    ad_put(sink, "<td class=\"num\">");
    ad_put_panel_derivative(sink, p, AD_AT_0);
    ad_put(sink, "<td class=\"num\">");
    ad_put_panel_derivative(sink, p, p->figures.steepest);
    ad_put(sink, "<td>");
    ad_put_panel_words(sink, p, p->figures.steepest_at);
    ad_put_format(sink, "<td>%s\n", p->n_users ? "yes" : "no");
}

static void put_table(const ad_activations *v)
{
    ad_put(v->page->sink, "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Activations as a table\">"
                          "<table><caption class=\"vh\">Activations</caption><thead><tr><th>activation<th "
                          "class=\"num\">value at 0<th class=\"num\">derivative at 0<th class=\"num\">largest "
                          "derivative<th>where it is<th>on this tape</thead><tbody>\n");
    for (size_t i = 0; i < v->n; i++)
        put_row(v->page->sink, &v->panels[i]);
    ad_put(v->page->sink, "</tbody></table></div>\n");
}

/* ---- The section ------------------------------------------------------------------------------------------------- */

static bool put_parts(ad_activations *v)
{
    if (!ad_find_panel_figures(v))
        return false;
    put_table(v);
    return ad_put_book(v) && ad_put_panels(v);
}

void ad_put_activations(ad_page *page)
{
    ad_activations v = {.page = page, .allocator = ad_allocator_of(page->t)};
    find_uses(&v);
    if (!has_any(&v))
        return;
    add_others(&v);
    ad_put(page->sink,
           "<section class=\"view\" id=\"v-activations\" role=\"tabpanel\" aria-labelledby=\"t-activations\">\n"
           "<h2>Activation functions and their derivatives</h2>\n<div class=\"acts\">\n");
    if (!put_parts(&v))
        ad_sink_fail(page->sink, AD_NO_MEMORY, "write_html: out of memory");
    ad_put(page->sink, "</div></section>\n");
}
