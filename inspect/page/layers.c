/* The view Layers: what is found of each parameter (flow.h), and what helps. */
#include <math.h>

#include "../advice.h"
#include "page.h"

enum { MOST_PARAMETERS = 200 };

#define NOT_COMPUTED "<span class=\"m nc\">\xc2\xb7</span>"

static void put_number(ad_sink *sink, const char *what, ad_tensor x, double number)
{
    ad_put_figure(sink, &(ad_figure){what, x, {0}, 0, -1, AD_F64, number}, 4);
}

static void put_gradient_cells(ad_sink *sink, const ad_flow_row *r)
{
    if (r->verdict == AD_FLOW_NOT_COMPUTED) {
        ad_put(sink, "<td class=\"num\">" NOT_COMPUTED "<td class=\"num\">" NOT_COMPUTED "<td>");
        return;
    }
    ad_put(sink, "<td class=\"num\">");
    put_number(sink, "gradient-norm", r->x, r->norm);
    ad_put(sink, "<td class=\"num\">");
    put_number(sink, "gradient-rms", r->x, r->rms);
    ad_put_format(sink, "<td><span class=\"bar\" style=\"--p:%d%%\"></span>",
                  (int)(100 * ad_place_on_bar(r->rms) + 0.5));
}

static void put_update(ad_sink *sink, const ad_flow_row *r)
{
    static const char *const without[] = {NOT_COMPUTED, "it was 0", "unknown"};
    if (r->kind == AD_UPDATE_KNOWN)
        put_number(sink, "update-ratio", r->x, r->update);
    else
        ad_put(sink, without[r->kind]);
}

static void put_parameter(ad_sink *sink, const ad_flow_row *r)
{
    ad_put(sink, "<tr data-id=\"");
    ad_put_identity(sink, r->x);
    ad_put(sink, "\"><th scope=\"row\">");
    ad_put_name(sink, AD_INK_HTML, r->x, AD_NAME_IN_PAGE);
    ad_put(sink, "<td class=\"m\">");
    ad_put_shape(sink, ad_shape_of(r->x));
    put_gradient_cells(sink, r);
    ad_put(sink, "<td class=\"num\">");
    put_update(sink, r);
    ad_put_format(sink, "<td>%s\n", ad_flow_verdict_word(r->verdict));
}

static void put_table(ad_sink *sink, const ad_flow *f)
{
    ad_put(sink,
           "<table><caption class=\"vh\">Gradients of the parameters</caption><thead><tr><th>parameter<th>shape<th "
           "class=\"num\">gradient norm<th class=\"num\">gradient rms<th>1e\xe2\x88\x92"
           "9 \xe2\x80\xa6 1, logarithmic<th class=\"num\">update / value<th>verdict</thead><tbody>\n");
    for (size_t i = 0; i < f->n && i < MOST_PARAMETERS; i++)
        put_parameter(sink, &f->rows[i]);
    if (f->n > MOST_PARAMETERS)
        ad_put_format(sink,
                      "<tr><td colspan=\"7\" class=\"note\">%zu parameters are not shown: ad_print_flow prints them\n",
                      f->n - MOST_PARAMETERS);
    if (f->n == 0)
        ad_put(sink, "<tr><td colspan=\"7\">The tape has no parameters.\n");
    ad_put(sink, "</tbody></table>\n");
}

static void put_sentence(ad_sink *sink, const char *text)
{
    ad_put(sink, "<p class=\"warn\">");
    ad_put(sink, text);
    ad_put(sink, "</p>\n");
}

static void put_count(ad_sink *sink, ad_tensor y, size_t dead)
{
    ad_put_figure(sink, &(ad_figure){"dead", y, {0}, 0, -1, AD_F64, (double)dead}, 6);
}

void ad_put_layer_table(ad_page *page)
{
    ad_flow f;
    if (ad_find_flow(&f, page->t)) {
        put_table(page->sink, &f);
        ad_put_advice(&f, &(ad_speech){page->sink, AD_INK_HTML, put_sentence, put_count});
    } else {
        ad_sink_fail(page->sink, AD_NO_MEMORY, "write_html: out of memory");
    }
    ad_free_flow(&f);
}
