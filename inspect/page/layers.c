/* The view Layers: the gradient of each parameter, what its last change was against its value, and dead units. */
#include <math.h>
#include <string.h>

#include <gradtape/operator.h>

#include "../gradients.h"
#include "../statistics.h"
#include "page.h"

enum { MOST_PARAMETERS = 200, LEAST_ROWS = 20, MOST_WARNINGS = 40 };

/* ---- Parameters -------------------------------------------------------------------------------------------------- */

/* The first change of a parameter since the sweep; NULL if there was none. */
static const ad_leaf_change *change_of(ad_tensor x)
{
    const size_t n = ad_leaf_change_count(x.tape);
    for (size_t i = 0; i < n; i++) {
        const ad_leaf_change *change = ad_leaf_change_at(x.tape, i);
        if (change->leaf.id == x.id)
            return change;
    }
    return NULL;
}

/* The norm of its changes over the norm of its value before; NaN if it is not known. */
static double update_ratio(ad_tensor x)
{
    const ad_leaf_change *change = change_of(x);
    if (!change || !change->before.data || change->before.n != ad_size_of(x))
        return NAN;
    double moved = 0, before = 0;
    for (size_t i = 0; i < change->before.n; i++) {
        const double old = ad_element_of(change->before.data, change->before.type, i);
        const double difference = ad_element_of(ad_data(x), ad_type_of(x), i) - old;
        moved += difference * difference;
        before += old * old;
    }
    return sqrt(moved / before);
}

/* Where a number stands between 1e-9 and 1, in percent of the logarithmic scale. */
static int percent_of(double x)
{
    const double place = 100 * (log10(x) + 9) / 9;
    return !(place > 0) ? 0 : place > 100 ? 100 : (int)(place + 0.5);
}

static void put_gradient_cells(ad_page *page, ad_tensor x)
{
    ad_sink *sink = page->sink;
    ad_numbers gradient;
    if (!ad_find_gradient(x, &gradient)) {
        ad_put(sink, "<td class=\"num\"><span class=\"m nc\">\xc2\xb7</span><td class=\"num\"><span class=\"m nc\">"
                     "\xc2\xb7</span><td>not computed");
        return;
    }
    const double rms = gradient.n ? gradient.norm / sqrt((double)gradient.n) : 0;
    ad_put(sink, "<td class=\"num\">");
    ad_put_figure(sink, &(ad_figure){"gradient-norm", x, {0}, 0, -1, AD_F64, gradient.norm}, 4);
    ad_put(sink, "<td class=\"num\">");
    ad_put_figure(sink, &(ad_figure){"gradient-rms", x, {0}, 0, -1, AD_F64, rms}, 4);
    ad_put_format(sink, "<td><span class=\"bar\" style=\"--p:%d%%\"></span>", percent_of(rms));
}

static void put_parameter(ad_page *page, ad_tensor x)
{
    ad_sink *sink = page->sink;
    const double ratio = update_ratio(x);
    const ad_shape shape = ad_shape_of(x);
    ad_put(sink, "<tr data-id=\"");
    ad_put_identity(sink, x);
    ad_put(sink, "\"><th scope=\"row\">");
    ad_put_name(sink, AD_INK_HTML, x, AD_NAME_IN_PAGE);
    ad_put(sink, "<td class=\"m\">");
    ad_put_shape(sink, shape);
    put_gradient_cells(page, x);
    ad_put(sink, "<td class=\"num\">");
    if (isnan(ratio))
        ad_put(sink, "<span class=\"m nc\">\xc2\xb7</span>");
    else if (isinf(ratio))
        ad_put(sink, "it was 0");
    else
        ad_put_figure(sink, &(ad_figure){"update-ratio", x, {0}, 0, -1, AD_F64, ratio}, 4);
    ad_put(sink, "\n");
}

/* ---- Dead units -------------------------------------------------------------------------------------------------- */

/* The columns of a matrix that are 0 in all its rows. */
static size_t dead_units(ad_tensor y, int64_t rows, int64_t units)
{
    const void *data = ad_data(y);
    const ad_type type = ad_type_of(y);
    size_t dead = 0;
    for (int64_t u = 0; data && u < units; u++) {
        bool is_dead = true;
        for (int64_t i = 0; is_dead && i < rows; i++)
            is_dead = ad_element_of(data, type, (size_t)(i * units + u)) == 0;
        dead += is_dead;
    }
    return dead;
}

/* Whether y is what an activation that can be 0 made of a batch that is large enough to say so. */
static bool may_be_dead(ad_tensor y)
{
    const char *made = ad_made_by(y);
    const ad_shape shape = ad_shape_of(y);
    return (strcmp(made, "relu") == 0 || strcmp(made, "linear") == 0) && ad_result_number(y) == 0 && shape.rank == 2 &&
           shape.dims[0] >= LEAST_ROWS && ad_wants_gradient(y) && !ad_is_dropped(y);
}

static void put_dead_units(ad_page *page)
{
    ad_sink *sink = page->sink;
    int warnings = 0;
    for (size_t i = 0; i < page->folds.recorded && warnings < MOST_WARNINGS; i++) {
        const ad_tensor y = ad_recorded_at(page->t, i);
        if (!may_be_dead(y))
            continue;
        const ad_shape shape = ad_shape_of(y);
        const size_t dead = dead_units(y, shape.dims[0], shape.dims[1]);
        if (dead == 0)
            continue;
        warnings++;
        ad_put(sink, "<p class=\"warn\">");
        ad_put_figure(sink, &(ad_figure){"dead", y, {0}, 0, -1, AD_F64, (double)dead}, 6);
        ad_put_format(sink, " of the %lld units of ", (long long)shape.dims[1]);
        ad_put_name(sink, AD_INK_HTML, y, AD_NAME_IN_PAGE);
        ad_put_format(sink, " are 0 in all %lld rows", (long long)shape.dims[0]);
        ad_put(sink,
               4 * dead >= (size_t)shape.dims[1]
                   ? ": <b>they are dead</b>, and their weights get no gradient. Lower the learning rate, or draw "
                     "smaller weights.</p>\n"
                   : ".</p>\n");
    }
}

void ad_put_layer_table(ad_page *page)
{
    ad_sink *sink = page->sink;
    const size_t n = ad_param_count(page->t), most = n < MOST_PARAMETERS ? n : MOST_PARAMETERS;
    ad_put(sink,
           "<table><caption class=\"vh\">Gradients of the parameters</caption><thead><tr><th>parameter<th>shape<th "
           "class=\"num\">gradient norm<th class=\"num\">gradient rms<th>1e\xe2\x88\x92"
           "9 \xe2\x80\xa6 1, "
           "logarithmic<th class=\"num\">update / value</thead><tbody>\n");
    for (size_t i = 0; i < most; i++)
        put_parameter(page, ad_param_at(page->t, i));
    if (n > most)
        ad_put_format(sink,
                      "<tr><td colspan=\"6\" class=\"note\">%zu parameters are not shown: ad_print_flow prints "
                      "them\n",
                      n - most);
    if (n == 0)
        ad_put(sink, "<tr><td colspan=\"6\">The tape has no parameters.\n");
    ad_put(sink, "</tbody></table>\n");
    put_dead_units(page);
}
