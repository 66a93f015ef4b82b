/* The view Neurons: a network of few units as circles and arrows. */
#include "neurons.h"

#include <math.h>
#include <string.h>

#include "../operators.h"

/* ---- What the script needs --------------------------------------------------------------------------------------- */

static void put_id(ad_sink *sink, const char *key, ad_tensor x)
{
    ad_put_format(sink, ",\"%s\":", key);
    if (ad_is_inert(x)) {
        ad_put(sink, "null");
        return;
    }
    ad_put(sink, "\"");
    ad_put_identity(sink, x);
    ad_put(sink, "\"");
}

static void put_json_number(ad_sink *sink, double x, ad_type type)
{
    if (isnan(x))
        ad_put(sink, "\"NaN\"");
    else if (isinf(x))
        ad_put(sink, x > 0 ? "\"Infinity\"" : "\"-Infinity\"");
    else
        ad_put_number(sink, x, ad_exact_digits(type));
}

static void put_array(ad_sink *sink, const char *key, const double *x, size_t n, ad_type type)
{
    ad_put_format(sink, ",\"%s\":[", key);
    for (size_t i = 0; i < n; i++) {
        ad_put(sink, i ? "," : "");
        put_json_number(sink, x[i], type);
    }
    ad_put(sink, "]");
}

static void put_layer(const ad_neurons *n, int i)
{
    ad_sink *sink = n->page->sink;
    const ad_unit_layer *l = &n->network.layers[i];
    const ad_unit_curve *c = &n->layers[i].curve;
    ad_put_format(sink, "%s{\"activation\":\"%s\"", i ? ",\n" : "",
                  strcmp(l->curve->name, "identity") == 0 ? "" : l->curve->name);
    put_id(sink, "x", l->x);
    put_id(sink, "w", l->w);
    put_id(sink, "b", l->b);
    put_id(sink, "z", l->z);
    put_id(sink, "y", l->y);
    put_array(sink, "range", (double[]){c->most, c->low, c->high}, 3, AD_F64);
    if (n->layers[i].has_sums)
        put_array(sink, "sums", n->layers[i].sums, ad_size_of(l->y), ad_type_of(l->y));
    if (n->layers[i].has_slopes)
        put_array(sink, "slopes", n->layers[i].slopes, ad_size_of(l->y), AD_F64);
    ad_put(sink, "}");
}

static void put_data(const ad_neurons *n)
{
    ad_sink *sink = n->page->sink;
    const ad_tensor y = ad_column_tensor(n, n->network.n), taker = ad_output_taker(n);
    ad_put_format(sink, "<script type=\"application/json\" id=\"gradtape-neurons\">{\"rows\":%zu,\"left_out\":%d",
                  n->rows, n->network.left_out);
    put_id(sink, "taker", taker);
    ad_put_format(sink, ",\"is_value\":%s", !ad_is_inert(taker) && ad_gives_shares(taker) ? "true" : "false");
    if (n->has_shares)
        put_array(sink, "shares", n->shares, ad_size_of(y), ad_type_of(y));
    ad_put(sink, ",\"layers\":[");
    for (int i = 0; i < n->network.n; i++)
        put_layer(n, i);
    ad_put(sink, "]}</script>\n");
}

/* ---- The section ------------------------------------------------------------------------------------------------- */

static void put_rows(const ad_neurons *n)
{
    ad_sink *sink = n->page->sink;
    if (n->rows == 1)
        return;
    ad_put(sink, "<div class=\"which\"><label>Row of the batch <select id=\"n-row\">");
    for (size_t i = 0; i < n->rows && i < AD_MOST_WRITTEN; i++)
        ad_put_format(sink, "<option>%zu</option>", i);
    ad_put_format(sink,
                  "</select></label><span class=\"note\">The numbers of units are those of <b id=\"n-which\">row 0</b> "
                  "of %zu. The gradient of a weight is the sum over all rows.</span></div>\n",
                  n->rows);
}

/* Which layers are not drawn. */
static void put_layers_left_out(const ad_neurons *n)
{
    ad_sink *sink = n->page->sink;
    const int more = n->network.left_out - (n->network.too_many > 0);
    if (n->network.too_many) {
        ad_put_format(sink, "<p class=\"note\">%zu inputs are too many to draw: the drawing begins at ",
                      n->network.too_many);
        ad_put_name(sink, AD_INK_HTML, ad_column_tensor(n, 0), AD_NAME_IN_TEXT);
        ad_put(sink, ".</p>\n");
    }
    if (more > 0)
        ad_put_format(sink, "<p class=\"note\">%d %s before %s not drawn.</p>\n", more, more == 1 ? "layer" : "layers",
                      more == 1 ? "these is" : "these are");
}

/* Which numbers the page has not. */
static void put_numbers_left_out(const ad_neurons *n)
{
    ad_sink *sink = n->page->sink;
    for (int c = 0; c < ad_column_count(n); c++) {
        const ad_tensor x = ad_column_tensor(n, c);
        if (ad_size_of(x) <= AD_MOST_WRITTEN)
            continue;
        ad_put(sink, "<p class=\"note\">");
        ad_put_name(sink, AD_INK_HTML, x, AD_NAME_IN_TEXT);
        ad_put_format(sink,
                      " has %zu elements. A page has the exact numbers of a tensor of up to %d, so its units show "
                      "\xe2\x80\xa6; record a batch of fewer rows.</p>\n",
                      ad_size_of(x), AD_MOST_WRITTEN);
    }
}

static void put_section(const ad_neurons *n)
{
    ad_sink *sink = n->page->sink;
    ad_put(sink, "<section class=\"view\" id=\"v-neurons\" role=\"tabpanel\" aria-labelledby=\"t-neurons\">\n");
    put_rows(n);
    ad_put(sink, "<div class=\"net\"><div class=\"stage\"><div class=\"say\" id=\"n-say\" role=\"status\"></div>\n");
    put_layers_left_out(n);
    put_numbers_left_out(n);
    ad_put(sink, "<div class=\"figure\">");
    ad_put_network(n);
    ad_put(sink, "</div></div>\n"
                 "<aside aria-label=\"The chosen unit\" id=\"n-unit\"></aside></div>\n");
    put_data(n);
    ad_put(sink, "</section>\n");
}

/* Sees to it that the data of the page has the tensors of the network. */
static void mark_network(ad_neurons *n)
{
    ad_page *page = n->page;
    for (int i = 0; page->drawn && i < n->network.n; i++) {
        const ad_unit_layer *l = &n->network.layers[i];
        const ad_tensor all[] = {l->x, l->w, l->b, l->z, l->y, l->taker};
        for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
            const size_t v = ad_is_inert(all[k]) ? SIZE_MAX : ad_node_of(&page->folds, all[k]);
            if (v != SIZE_MAX)
                page->drawn[v] = 1;
        }
    }
}

/* Returns false if memory is out. */
static bool put_neurons(ad_neurons *n)
{
    if (!ad_find_network(&n->network, &n->page->folds, n->page->loss))
        return false;
    if (n->network.n == 0)
        return true;
    n->rows = ad_rows_of(&n->network.layers[n->network.n - 1]);
    if (!ad_compute_again(n))
        return false;
    mark_network(n);
    put_section(n);
    return true;
}

void ad_put_neurons(ad_page *page)
{
    ad_memory *memory = &page->folds.memory;
    ad_neurons *n = ad_memory_take(memory, 1, sizeof *n);
    if (n) {
        memset(n, 0, sizeof *n);
        n->page = page;
    }
    if (!n || !put_neurons(n))
        ad_sink_fail(page->sink, AD_NO_MEMORY, "write_html: out of memory");
    ad_memory_release(memory, n, 1, sizeof *n);
}
