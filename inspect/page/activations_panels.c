/* A small drawing of each activation: both curves, who applies it, and the units on it. */
#include <math.h>

#include "activations.h"
#include "units.h"

enum { MOST_CROSSES = 64 };

/* A coordinate system that has all of both curves, from a whole number to another. */
static ad_plot plot_for(ad_sink *sink, const ad_plotted *p)
{
    ad_plot plot = {.sink = sink, .width = 232, .height = 150};
    for (size_t i = 0; i < p->n; i++) {
        plot.low = fmin(plot.low, floor(fmin(p->values[i], p->derivatives[i])));
        plot.high = fmax(plot.high, ceil(fmax(p->values[i], p->derivatives[i])));
    }
    plot.step = fmax(1, ceil((plot.high - plot.low) / 4));
    plot.first = plot.step * ceil(plot.low / plot.step);
    return plot;
}

static void put_users(ad_sink *sink, const ad_panel *p)
{
    for (size_t i = 0; i < p->n_users && i < AD_MOST_USERS; i++) {
        ad_put(sink, i ? ", " : "used by ");
        ad_put_name(sink, AD_INK_HTML, p->users[i], AD_NAME_IN_TEXT);
    }
    if (p->n_users > AD_MOST_USERS)
        ad_put_format(sink, " and %zu more", p->n_users - AD_MOST_USERS);
}

/* Crosses for the units of its first users, evenly chosen from all. Returns how many units those users have. */
static size_t put_crosses(const ad_plot *plot, const ad_panel *p, size_t *drawn)
{
    ad_units units[AD_MOST_USERS];
    const size_t users = p->n_users < AD_MOST_USERS ? p->n_users : AD_MOST_USERS;
    size_t n = 0, k = 0, before = 0;
    for (size_t u = 0; u < users; u++) {
        units[u] = ad_units_of(p->users[u]);
        n += units[u].n;
    }
    const size_t most = n < MOST_CROSSES ? n : MOST_CROSSES;
    ad_put(plot->sink, "<path class=\"units\" d=\"");
    for (size_t i = 0; i < most; i++) {
        double z, y;
        const size_t unit = n / most * i + n % most * i / most;
        for (; unit - before >= units[k].n; k++)
            before += units[k].n;
        ad_unit_at(&units[k], unit - before, &z, &y);
        if (ad_is_in_plot(plot, z, y)) {
            ad_put_place(plot, *drawn == 0, z, y);
            ++*drawn;
        }
    }
    ad_put(plot->sink, "\"/>");
    return n;
}

static void put_facts(ad_sink *sink, const ad_panel *p)
{
    ad_put(sink, "<p><b>y</b> = ");
    ad_put_panel_words(sink, p, p->curve->value);
    ad_put(sink, "<br>y(0) = ");
    ad_put_panel_value(sink, p, AD_AT_0);
    ad_put(sink, ", y from ");
    ad_put_panel_value(sink, p, p->figures.low);
    ad_put(sink, " to ");
    ad_put_panel_value(sink, p, p->figures.high);
    ad_put(sink, "<p><b>y" AD_PRIME "</b> = ");
    ad_put_panel_words(sink, p, p->curve->derivative);
    ad_put(sink, "<br>y" AD_PRIME "(0) = ");
    ad_put_panel_derivative(sink, p, AD_AT_0);
    ad_put(sink, ", at most ");
    ad_put_panel_derivative(sink, p, p->figures.steepest);
    ad_put(sink, " ");
    ad_put_panel_words(sink, p, p->figures.steepest_at);
    ad_put(sink, "\n");
}

/* The first drawing has it, and the others use that. */
static void put_grid(const ad_activations *v, const ad_panel *p, const ad_plot *plot)
{
    if (p != v->panels) {
        ad_put(plot->sink, "<use href=\"#act-grid\"/>");
        return;
    }
    ad_put(plot->sink, "<g id=\"act-grid\">");
    ad_put_grid(plot);
    ad_put(plot->sink, "</g>");
}

static bool put_panel(const ad_activations *v, const ad_panel *p)
{
    ad_sink *sink = v->page->sink;
    ad_plotted plotted;
    size_t n, drawn = 0;
    if (ad_find_plotted(&plotted, p->curve, p->attribute, &v->allocator) != AD_OK)
        return false;
    const ad_plot plot = plot_for(sink, &plotted);
    ad_put(sink, "<figure><figcaption>");
    ad_put_panel_name(sink, p);
    ad_put(sink, p->n_users ? " <span class=\"note\">" : "");
    put_users(sink, p);
    ad_put(sink, p->n_users ? "</span></figcaption>" : "</figcaption>");
    ad_begin_plot(&plot, "y and y" AD_PRIME);
    put_grid(v, p, &plot);
    ad_put_axis(&plot);
    ad_put_curve(&plot, &plotted, plotted.derivatives, "c d");
    ad_put_curve(&plot, &plotted, plotted.values, "c");
    ad_put_jumps(&plot, &plotted, plotted.derivatives);
    ad_put_jumps(&plot, &plotted, plotted.values);
    n = put_crosses(&plot, p, &drawn);
    ad_put(sink, "</svg>");
    put_facts(sink, p);
    if (n)
        ad_put_format(sink, "<p class=\"note\">+ %zu of %zu units%s", drawn, n,
                      p->n_users > AD_MOST_USERS ? " of the users named here" : "");
    ad_put(sink, "</figure>\n");
    return true;
}

static void put_key(ad_sink *sink, const char *kind, const char *words)
{
    ad_put_format(
        sink, "<svg class=\"key\" viewBox=\"0 0 40 10\" aria-hidden=\"true\"><path class=\"%s\" d=\"M0 5h40\"/>", kind);
    ad_put_format(sink, "</svg> %s \xc2\xb7 ", words);
}

/* What the lines and crosses mean, and the cross that all drawings use. */
static void put_keys(ad_sink *sink)
{
    ad_put(sink, "<p class=\"note\">");
    put_key(sink, "c", "value y");
    put_key(sink, "c d", "derivative y" AD_PRIME);
    ad_put(
        sink,
        "+ a unit for one row of the batch; of more than 64, 64 are chosen evenly; those outside the picture are not "
        "drawn</p>\n");
    ad_put(sink, "<svg class=\"defs\" width=\"0\" height=\"0\" aria-hidden=\"true\"><marker id=\"act-unit\" "
                 "viewBox=\"0 0 6 6\" refX=\"3\" refY=\"3\" markerWidth=\"6\" markerHeight=\"6\">"
                 "<path d=\"M0 3h6M3 0v6\"/></marker></svg>\n");
}

bool ad_put_panels(const ad_activations *v)
{
    ad_put(v->page->sink, "<h2>Each activation</h2>\n");
    put_keys(v->page->sink);
    ad_put(v->page->sink, "<div class=\"curves each\">\n");
    for (size_t i = 0; i < v->n; i++)
        if (!put_panel(v, &v->panels[i]))
            return false;
    ad_put(v->page->sink, "</div>\n");
    if (v->uses_left_out)
        ad_put_format(v->page->sink, "<p class=\"note\">Left out: %zu use%s of leaky ReLU with other slopes.</p>\n",
                      v->uses_left_out, v->uses_left_out == 1 ? "" : "s");
    return true;
}
