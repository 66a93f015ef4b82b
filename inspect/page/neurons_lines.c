/* The lines of a network: each weight, and before large units its numbers. */
#include "../gradients.h"
#include "neurons_drawing.h"

/* Of the line from place i to unit j: its tensor and the element of it. */
static ad_tensor weight_of(const ad_net_plan *p, int column, int i, int j, size_t *element)
{
    const ad_unit_layer *l = &p->n->network.layers[column];
    const bool is_bias = i == ad_net_units(p, column);
    *element = (size_t)(is_bias ? j : i * ad_net_units(p, column + 1) + j);
    return is_bias ? l->b : l->w;
}

/* ---- Rows of numbers ---------------------------------------------------------------------------------------------- *
 * Before a large unit stands a row of numbers for each line to it, in the order of the units that send. */

enum {
    ROW_PITCH = 18,
    NAME = 9, /* from the end of the line to the name, */
    WEIGHT = 133,
    GRADIENT = 218, /* and to the right ends of the numbers */
    BRACE = 224,    /* and to what holds the rows of a unit together */
};

static int row_x(const ad_net_plan *p, int column) { return ad_net_x(p, column + 1) - p->radius - AD_NET_ROW; }

static int row_y(const ad_net_plan *p, int column, int i, int j)
{
    return ad_net_y(p, column + 1, j) + (2 * i + 1 - ad_net_places(p, column)) * ROW_PITCH / 2;
}

/* The line ends at a dot. Behind it stand the name of the unit that sends, the weight, and its gradient. */
static void put_row(const ad_net_plan *p, int column, int i, int j)
{
    size_t element;
    const ad_tensor w = weight_of(p, column, i, j, &element);
    const int x = row_x(p, column), y = row_y(p, column, i, j);
    ad_put_format(p->sink, "<g class=\"lab%s\"", ad_net_sign(w, element));
    ad_put_net_place(p, column, i);
    ad_put_format(p->sink, " data-j=\"%d\"><circle class=\"dot\" r=\"3\" cx=\"%d\" cy=\"%d\"/>", j, x, y);
    ad_begin_net_text(p, "from", x + NAME, y + 5);
    ad_put(p->sink, ">");
    if (i == ad_net_units(p, column))
        ad_put(p->sink, "bias");
    else
        ad_put_unit_name(p, column, i, 5);
    ad_put(p->sink, "</text>");
    ad_begin_net_text(p, "wt", x + WEIGHT, y + 5);
    ad_put_net_value(p, w, element);
    ad_put(p->sink, "</text>");
    ad_begin_net_text(p, "del", x + GRADIENT, y + 5);
    ad_put(p->sink, ">\xe2\x88\x82<tspan class=\"dw\" dx=\"4\"");
    ad_put_net_gradient(p, w, element);
    ad_put(p->sink, "</tspan></text></g>\n");
}

/* What the numbers of rows are, and for each unit what holds its rows together. */
static void put_heads(const ad_net_plan *p, int column)
{
    const int x = row_x(p, column), last = ad_net_places(p, column) - 1;
    ad_begin_net_text(p, "of", x + WEIGHT, 54);
    ad_put(p->sink, ">w</text>");
    ad_begin_net_text(p, "of", x + GRADIENT, 54);
    ad_put(p->sink, ">gradient</text>\n");
    for (int j = 0; j < ad_net_units(p, column + 1); j++)
        ad_put_format(p->sink, "<path class=\"brace\" d=\"M%d %dV%dM%d %dH%d\"/>\n", x + BRACE,
                      row_y(p, column, 0, j) - 6, row_y(p, column, last, j) + 6, x + BRACE, ad_net_y(p, column + 1, j),
                      ad_net_x(p, column + 1) - p->radius);
}

void ad_put_net_rows(const ad_net_plan *p, int column)
{
    put_heads(p, column);
    for (int i = 0; i < ad_net_places(p, column); i++)
        for (int j = 0; j < ad_net_units(p, column + 1); j++)
            put_row(p, column, i, j);
}

/* ---- Lines ------------------------------------------------------------------------------------------------------- */

/* From the right end of a large unit to its row, level at both ends. */
static void put_large_course(const ad_net_plan *p, int column, int i, int j)
{
    const int radius = i < ad_net_units(p, column) ? p->radius : AD_BIAS_RADIUS;
    const int from = ad_net_x(p, column) + radius, from_y = ad_net_y(p, column, i);
    const int to = row_x(p, column), to_y = row_y(p, column, i, j), middle = (from + to) / 2;
    ad_put_format(p->sink, "M%d %dC%d %d %d %d %d %d", from, from_y, middle, from_y, middle, to_y, to, to_y);
}

/* From what is written beside a small unit to the next unit. */
static void put_small_course(const ad_net_plan *p, int column, int i, int j)
{
    const int beside = i < ad_net_units(p, column) ? AD_SMALL_RADIUS + AD_UNIT_NUMBERS : 0;
    ad_put_format(p->sink, "M%d %dL%d %d", ad_net_x(p, column) + beside, ad_net_y(p, column, i),
                  ad_net_x(p, column + 1), ad_net_y(p, column + 1, j));
}

static void put_line(const ad_net_plan *p, int column, int i, int j)
{
    double g = 0;
    size_t element;
    bool is_computed;
    const ad_tensor w = weight_of(p, column, i, j, &element);
    const bool is_known = ad_find_net_gradient(w, element, &g, &is_computed);
    ad_put_format(p->sink, "<path class=\"ed%s%s\"", ad_net_sign(w, element),
                  p->is_large || (column == p->columns - 2 && j == 0) ? " full" : "");
    ad_put_net_place(p, column, i);
    ad_put_format(p->sink, " data-j=\"%d\"", j);
    ad_put_link_width(p->sink, is_known ? g : 0);
    ad_put(p->sink, " d=\"");
    if (p->is_large)
        put_large_course(p, column, i, j);
    else
        put_small_course(p, column, i, j);
    ad_put(p->sink, "\"/>\n");
}

void ad_put_net_lines(const ad_net_plan *p, int column)
{
    for (int i = 0; i < ad_net_places(p, column); i++)
        for (int j = 0; j < ad_net_units(p, column + 1); j++)
            put_line(p, column, i, j);
}
