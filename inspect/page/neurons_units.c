/* The units of a network as circles, with the curve of their activation. */
#include <math.h>
#include <stdlib.h>

#include "../gradients.h"
#include "neurons_drawing.h"

/* ---- Curves ------------------------------------------------------------------------------------------------------ */

/* Half of the width and of the height of a curve, in tenths. */
static int half_width(const ad_net_plan *p) { return p->is_large ? 270 : 95; }
static int half_height(const ad_net_plan *p) { return p->is_large ? 95 : 85; }

/* A place on the curve of a layer, in tenths, from the centre of the unit. */
static int across(const ad_net_plan *p, const ad_unit_curve *c, double z)
{
    const double part = z / c->most;
    return (int)lround(half_width(p) * (part > 1 ? 1 : part < -1 ? -1 : part));
}

static int down(const ad_net_plan *p, const ad_unit_curve *c, double y)
{
    const double part = c->high > c->low ? (y - c->low) / (c->high - c->low) : 0.5;
    return (int)lround(half_height(p) * (1 - 2 * (part > 1 ? 1 : part < 0 ? 0 : part)));
}

static void put_tenths(ad_sink *sink, int x)
{
    ad_put_format(sink, "%s%d.%d", x < 0 ? "-" : "", abs(x) / 10, abs(x) % 10);
}

static void put_point(ad_sink *sink, const char *before, int x, int y)
{
    ad_put(sink, before);
    put_tenths(sink, x);
    ad_put(sink, " ");
    put_tenths(sink, y);
}

/* Between two flat points of different values the curve jumps. */
static bool jumps_to(const ad_unit_curve *c, int i)
{
    return i > 0 && c->derivatives[i - 1] == 0 && c->derivatives[i] == 0 && c->values[i - 1] != c->values[i];
}

void ad_put_net_curve(const ad_net_plan *p, int layer)
{
    const ad_unit_curve *c = &p->n->layers[layer].curve;
    ad_put_format(p->sink, "<g id=\"n-curve-%d\"><path class=\"axes\" d=\"", layer);
    put_point(p->sink, "M", -half_width(p), down(p, c, 0));
    put_point(p->sink, "L", half_width(p), down(p, c, 0));
    put_point(p->sink, "M", 0, -half_height(p));
    put_point(p->sink, "L", 0, half_height(p));
    ad_put(p->sink, "\"/><path class=\"curve\" d=\"");
    for (int i = 0; i < AD_CURVE_POINTS; i++) {
        const int x = across(p, c, ad_grid_point((const double[]){-c->most, c->most}, AD_CURVE_POINTS, (size_t)i));
        if (jumps_to(c, i))
            put_point(p->sink, "L", x, down(p, c, c->values[i - 1]));
        put_point(p->sink, i ? "L" : "M", x, down(p, c, c->values[i]));
    }
    ad_put(p->sink, "\"/></g>\n");
}

/* The point (z, y) on the curve. */
static void put_place_on_curve(const ad_net_plan *p, int layer, size_t i)
{
    double z, y;
    const ad_unit_curve *c = &p->n->layers[layer].curve;
    const ad_numbers value = ad_value_now(p->n->network.layers[layer].y);
    const bool is_known =
        ad_weighted_sum(p->n, layer, i, &z) && ad_written_element(&value, i, &y) && !isnan(z) && !isnan(y);
    ad_put_format(p->sink, "<circle class=\"pt\" r=\"%s\" cx=\"", p->is_large ? "4" : "3");
    put_tenths(p->sink, is_known ? across(p, c, z) : 0);
    ad_put(p->sink, "\" cy=\"");
    put_tenths(p->sink, is_known ? down(p, c, y) : 0);
    ad_put(p->sink, is_known ? "\"/>" : "\" visibility=\"hidden\"/>");
}

/* ---- Units ------------------------------------------------------------------------------------------------------- */

static void put_sum(const ad_net_plan *p, int layer, int i)
{
    double z;
    const ad_unit_layer *l = &p->n->network.layers[layer];
    const bool is_known = ad_weighted_sum(p->n, layer, (size_t)i, &z), is_of_tape = !ad_is_inert(l->z);
    ad_put_net_number(p, is_of_tape ? "value" : "weighted-sum", is_of_tape ? l->z : l->y, (size_t)i,
                      is_known ? &z : NULL, true);
    ad_put(p->sink, "</text>");
}

static void put_gradient_text(const ad_net_plan *p, ad_tensor y, int i, int left, int down_to)
{
    ad_put_format(p->sink, "<text class=\"gl\" x=\"%d\" y=\"%d\">\xe2\x88\x82<tspan class=\"gr\" dx=\"4\"", left,
                  down_to);
    ad_put_net_gradient(p, y, (size_t)i);
    ad_put(p->sink, "</tspan></text>");
}

/* A large unit: the sum, the curve and the output in the circle, the name above it and the gradient below. */
static void put_large(const ad_net_plan *p, int column, int i)
{
    const ad_tensor y = ad_column_tensor(p->n, column);
    ad_put_format(p->sink, "<circle class=\"ring\" r=\"%d\"/>", p->radius);
    ad_begin_net_text(p, "nm", 0, -p->radius - 4);
    ad_put(p->sink, ">");
    ad_put_unit_name(p, column, i, 9);
    ad_put(p->sink, "</text>");
    if (column > 0) {
        ad_put_format(p->sink, "<use href=\"#n-curve-%d\"/>", column - 1);
        put_place_on_curve(p, column - 1, (size_t)i);
        ad_begin_net_text(p, "zs", 0, -17);
        put_sum(p, column - 1, i);
    }
    ad_begin_net_text(p, "out", 0, column > 0 ? 25 : 5);
    ad_put_net_value(p, y, (size_t)i);
    ad_put(p->sink, "</text>");
    if (column > 0 || ad_wants_gradient(y))
        put_gradient_text(p, y, i, 0, p->radius + 15);
}

/* A small unit: the curve in the circle, the numbers beside it. */
static void put_small(const ad_net_plan *p, int column, int i)
{
    const ad_tensor y = ad_column_tensor(p->n, column);
    const bool has_gradient = column > 0 || ad_wants_gradient(y);
    ad_put_format(p->sink, "<rect class=\"pill\" x=\"%d\" y=\"-16\" width=\"%d\" height=\"32\" rx=\"16\"/>",
                  -AD_SMALL_RADIUS - 2, AD_UNIT_NUMBERS + 2 * AD_SMALL_RADIUS + 2);
    ad_put_format(p->sink, "<circle class=\"ring\" r=\"%d\"/>", AD_SMALL_RADIUS);
    if (column > 0) {
        ad_put_format(p->sink, "<use href=\"#n-curve-%d\"/>", column - 1);
        put_place_on_curve(p, column - 1, (size_t)i);
    }
    ad_begin_net_text(p, "nm", column > 0 ? -AD_SMALL_RADIUS - 5 : 0, 5);
    ad_put_format(p->sink, ">%d</text>", i);
    if (column > 0) {
        ad_begin_net_text(p, "zs", AD_SMALL_RADIUS + 8, -2);
        put_sum(p, column - 1, i);
        ad_begin_net_text(p, "to", AD_SMALL_RADIUS + 82, -2);
        ad_put(p->sink, ">\xe2\x86\x92</text>");
    }
    ad_begin_net_text(p, "out", AD_SMALL_RADIUS + (column > 0 ? 98 : 8), has_gradient ? -2 : 5);
    ad_put_net_value(p, y, (size_t)i);
    ad_put(p->sink, "</text>");
    if (has_gradient)
        put_gradient_text(p, y, i, AD_SMALL_RADIUS + 8, 13);
}

static void put_unit(const ad_net_plan *p, int column, int i)
{
    const ad_tensor y = ad_column_tensor(p->n, column);
    ad_put_format(p->sink, "<g class=\"unit%s%s\"", ad_net_sign(y, (size_t)i), column == 0 ? " in" : "");
    ad_put_net_place(p, column, i);
    ad_put_format(p->sink, " tabindex=\"0\" role=\"button\" transform=\"translate(%d %d)\" aria-label=\"",
                  ad_net_x(p, column), ad_net_y(p, column, i));
    ad_put_unit_name(p, column, i, AD_NAME_IN_TEXT);
    ad_put(p->sink, "\">");
    if (p->is_large)
        put_large(p, column, i);
    else
        put_small(p, column, i);
    ad_put(p->sink, "</g>\n");
}

/* The bias neuron always gives 1. */
static void put_bias(const ad_net_plan *p, int column)
{
    const int i = ad_net_units(p, column), radius = p->is_large ? AD_BIAS_RADIUS : AD_SMALL_RADIUS;
    ad_put(p->sink, "<g class=\"unit bias\"");
    ad_put_net_place(p, column, i);
    ad_put_format(p->sink,
                  " tabindex=\"0\" role=\"button\" transform=\"translate(%d %d)\" aria-label=\"bias neuron, always 1\">"
                  "<circle class=\"ring\" r=\"%d\"/>",
                  ad_net_x(p, column), ad_net_y(p, column, i), radius);
    ad_begin_net_text(p, "one", 0, 5);
    ad_put(p->sink, ">1</text>");
    ad_begin_net_text(p, "nm", 0, p->is_large ? radius + 15 : 0);
    ad_put(p->sink, p->is_large ? ">bias</text></g>\n" : "></text></g>\n");
}

void ad_put_net_units(const ad_net_plan *p, int column)
{
    for (int i = 0; i < ad_net_units(p, column); i++)
        put_unit(p, column, i);
    if (ad_net_places(p, column) > ad_net_units(p, column))
        put_bias(p, column);
}
