/* A network as SVG: units as circles in columns, weights as lines between them, the softmax or the logistic as bars. */
#include "neurons_drawing.h"

#include <math.h>

enum { BAR = 186 }; /* the width of what takes the last layer */

/* ---- Captions ---------------------------------------------------------------------------------------------------- */

/* The name of a column. What a layer that is not drawn gives has the tensor's. */
static void put_title(const ad_net_plan *p, int column)
{
    const ad_unit_layer *l = column > 0 ? &p->n->network.layers[column - 1] : NULL;
    int hidden = p->n->network.left_out, all = hidden;
    for (int k = 0; k < p->n->network.n; k++) {
        hidden += k < column && p->n->network.layers[k].is_hidden;
        all += p->n->network.layers[k].is_hidden;
    }
    if (!l && p->n->network.too_many)
        ad_put_name(p->sink, AD_INK_HTML, ad_column_tensor(p->n, column), 14);
    else if (!l)
        ad_put(p->sink, p->n->network.left_out ? "Inputs" : "Input layer");
    else if (!l->is_hidden)
        ad_put(p->sink, "Output layer");
    else
        ad_put_format(p->sink, all > 1 ? "Hidden layer %d" : "Hidden layer", hidden);
}

static void put_caption(const ad_net_plan *p, int column)
{
    const ad_unit_layer *l = column > 0 ? &p->n->network.layers[column - 1] : NULL;
    const int x = p->is_large ? ad_net_x(p, column) : ad_net_x(p, column) - AD_SMALL_RADIUS;
    ad_begin_net_text(p, "cap", x, 16);
    ad_put(p->sink, ">");
    put_title(p, column);
    ad_put(p->sink, "</text>");
    ad_begin_net_text(p, "sub", x, 34);
    ad_put(p->sink, ">");
    if (!l && p->n->network.too_many)
        ad_put_format(p->sink, "(from %zu inputs)", p->n->network.too_many);
    else
        ad_put_name(p->sink, AD_INK_HTML, ad_column_tensor(p->n, column), 14);
    if (l)
        ad_put_format(p->sink, ", %s", l->curve->title);
    ad_put(p->sink, "</text>\n");
}

/* ---- What takes the last layer ----------------------------------------------------------------------------------- */

static void put_share(const ad_net_plan *p, int left, int i)
{
    double share = 0;
    const ad_tensor y = ad_column_tensor(p->n, p->columns - 1), taker = ad_output_taker(p->n);
    const ad_numbers value = ad_value_now(taker);
    const bool is_known =
        !p->n->has_shares && ad_written_element(&value, (size_t)i, &share) && value.n == ad_size_of(y);
    if (p->n->has_shares)
        share = p->n->shares[i];
    const int at = ad_net_y(p, p->columns - 1, i), full = BAR - 50;
    ad_put_format(p->sink,
                  "<path class=\"to-bar\" d=\"M%d %dH%d\"/><g class=\"share\" data-i=\"%d\" data-width=\"%d\">"
                  "<rect class=\"room\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"10\"/>"
                  "<rect class=\"part\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"10\"/>",
                  ad_net_x(p, p->columns - 1), at, left, i, full, left + 36, at + 2, full, left + 36, at + 2,
                  (int)lround(full * (isfinite(share) ? share : 0)));
    ad_begin_net_text(p, "sh", left + 36, at - 4);
    const bool is_there = p->n->has_shares || is_known;
    ad_put_net_number(p, p->n->has_shares ? "share" : "value", p->n->has_shares ? y : taker, (size_t)i,
                      is_there ? &share : NULL, true);
    ad_put(p->sink, "</text></g>\n");
}

/* One box behind all output units, as the softmax is of all of them; of a logistic one behind each. */
static void put_taker(const ad_net_plan *p)
{
    const int last = p->columns - 1, n = ad_net_units(p, last), left = p->width - BAR;
    const ad_tensor taker = ad_output_taker(p->n);
    const bool is_logistic = ad_takes_logistic(taker);
    const int boxes = is_logistic ? n : 1, high = n * p->pitch / boxes - 12;
    for (int i = 0; i < n; i++)
        put_share(p, left, i);
    for (int i = 0; i < boxes; i++)
        ad_put_format(p->sink, "<g class=\"taker\"><rect x=\"%d\" y=\"%d\" width=\"26\" height=\"%d\" rx=\"6\"/></g>\n",
                      left, ad_net_y(p, last, i) - p->pitch / 2 + 6, high);
    ad_begin_net_text(p, "cap", p->is_large ? left + 106 : left + 36, 16);
    ad_put(p->sink, is_logistic ? ">Logistic</text>\n" : ">Softmax</text>\n");
    if (!ad_gives_shares(taker))
        return;
    ad_begin_net_text(p, "sub", p->is_large ? left + 106 : left + 36, 34);
    ad_put(p->sink, ">");
    ad_put_name(p->sink, AD_INK_HTML, taker, 14);
    ad_put(p->sink, "</text>\n");
}

/* The gold bar that says between which columns numbers are now. */
static void put_now(const ad_net_plan *p, int column)
{
    ad_put_format(p->sink,
                  "<rect class=\"now-bar\" data-c=\"%d\" x=\"%d\" y=\"60\" width=\"%d\" height=\"7\" rx=\"3\"/>",
                  column, ad_net_x(p, column) + p->step / 4, p->step / 2);
}

void ad_put_network(const ad_neurons *n)
{
    const ad_net_plan p = ad_plan_network(n);
    ad_put_format(p.sink,
                  "<svg viewBox=\"0 0 %d %d\" class=\"nn %s\" style=\"--r:%d;--h:%d\" role=\"group\" "
                  "aria-label=\"The network, from its inputs on the left to its outputs on the right\">\n<defs>",
                  p.width, p.height, p.is_large ? "large" : "small", p.width, p.height);
    for (int i = 0; i < n->network.n; i++)
        ad_put_net_curve(&p, i);
    ad_put(p.sink, "</defs>\n");
    for (int c = 0; c + 1 < p.columns; c++) {
        put_now(&p, c);
        ad_put_net_lines(&p, c);
    }
    for (int c = 0; p.is_large && c + 1 < p.columns; c++)
        ad_put_net_rows(&p, c);
    if (!ad_is_inert(ad_output_taker(n)))
        put_taker(&p);
    for (int c = 0; c < p.columns; c++) {
        put_caption(&p, c);
        ad_put_net_units(&p, c);
    }
    ad_put(p.sink, "</svg>");
}
