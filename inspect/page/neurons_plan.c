/* The measures of the drawing of a network, and how numbers are written in it. */
#include "../gradients.h"
#include "neurons_drawing.h"

enum {
    LARGE_MOST = 4, /* units of a column that are drawn large */
    TOP = 68,       /* the room for the captions */
    BAR = 190,      /* the room for the softmax or the logistic */
    DIGITS = 3,
};

/* ---- Places ------------------------------------------------------------------------------------------------------ */

/* The layer that takes what a column gives has a bias. */
static bool has_bias(const ad_net_plan *p, int column)
{
    return column + 1 < p->columns && !ad_is_inert(p->n->network.layers[column].b);
}

int ad_net_units(const ad_net_plan *p, int column) { return (int)ad_column_units(p->n, column); }

int ad_net_places(const ad_net_plan *p, int column) { return ad_net_units(p, column) + has_bias(p, column); }

int ad_net_x(const ad_net_plan *p, int column) { return p->left + column * p->step; }

int ad_net_y(const ad_net_plan *p, int column, int i)
{
    const int free = p->height - TOP - ad_net_places(p, column) * p->pitch;
    return TOP + free / 2 + p->pitch / 2 + i * p->pitch;
}

/* Between columns: what the lines need to spread, and the numbers of large units. */
static int step_of(const ad_net_plan *p)
{
    const int fan = 24 + 20 * p->most;
    if (!p->is_large)
        return 355;
    return 2 * p->radius + AD_NET_ROW + (p->columns > 2 && fan > 84 ? 84 : fan);
}

ad_net_plan ad_plan_network(const ad_neurons *n)
{
    ad_net_plan p = {.n = n, .sink = n->page->sink, .is_large = true, .columns = ad_column_count(n)};
    for (int c = 0; c < p.columns; c++) {
        p.is_large = p.is_large && ad_net_units(&p, c) <= LARGE_MOST;
        p.most = ad_net_places(&p, c) > p.most ? ad_net_places(&p, c) : p.most;
    }
    const int small = 580 / p.most > 56 ? 56 : 580 / p.most < 34 ? 34 : 580 / p.most;
    p.radius = !p.is_large ? AD_SMALL_RADIUS : p.most > LARGE_MOST ? 38 : 44;
    p.pitch = p.is_large ? 2 * p.radius + 34 : small;
    p.step = step_of(&p);
    p.left = p.is_large ? p.radius + 30 : 40;
    const int bar = ad_is_inert(ad_output_taker(n)) ? 0 : BAR;
    p.height = TOP + p.most * p.pitch;
    p.width = ad_net_x(&p, p.columns - 1) + (p.is_large ? p.radius + 24 : AD_UNIT_NUMBERS + AD_SMALL_RADIUS + 6) + bar;
    return p;
}

/* ---- Numbers ----------------------------------------------------------------------------------------------------- */

void ad_begin_net_text(const ad_net_plan *p, const char *kind, int x, int y)
{
    ad_put_format(p->sink, "<text class=\"%s\" x=\"%d\" y=\"%d\"", kind, x, y);
}

void ad_put_net_number(const ad_net_plan *p, const char *what, ad_tensor of, size_t i, const double *x,
                       bool is_computed)
{
    char text[AD_SHOWN_TEXT];
    const ptrdiff_t index = ad_size_of(of) > 1 ? (ptrdiff_t)i : -1;
    if (x)
        ad_put_figure_attributes(p->sink, &(ad_figure){what, of, {0}, 0, index, ad_type_of(of), *x});
    ad_put_format(p->sink, ">%s", x ? ad_short_number(*x, DIGITS, text) : is_computed ? "\xe2\x80\xa6" : "\xc2\xb7");
}

void ad_put_net_value(const ad_net_plan *p, ad_tensor of, size_t i)
{
    double x;
    const ad_numbers value = ad_value_now(of);
    const bool is_known = ad_written_element(&value, i, &x);
    ad_put_net_number(p, "value", of, i, is_known ? &x : NULL, !ad_is_dropped(of));
}

bool ad_find_net_gradient(ad_tensor of, size_t i, double *g, bool *is_computed)
{
    ad_numbers gradient;
    *is_computed = ad_find_gradient(of, &gradient);
    return *is_computed && ad_written_element(&gradient, i, g);
}

void ad_put_net_gradient(const ad_net_plan *p, ad_tensor of, size_t i)
{
    double g;
    bool is_computed;
    const bool is_known = ad_find_net_gradient(of, i, &g, &is_computed);
    ad_put_net_number(p, "gradient", of, i, is_known ? &g : NULL, is_computed);
}

const char *ad_net_sign(ad_tensor of, size_t i)
{
    double g;
    bool is_computed;
    if (!ad_find_net_gradient(of, i, &g, &is_computed))
        return "";
    return g < 0 ? " neg" : g > 0 ? " pos" : " zero";
}

/* ---- Names ------------------------------------------------------------------------------------------------------- */

void ad_put_net_place(const ad_net_plan *p, int column, int i)
{
    ad_put_format(p->sink, " data-c=\"%d\" data-i=\"", column);
    ad_put_format(p->sink, i == ad_net_units(p, column) ? "b\"" : "%d\"", i);
}

void ad_put_unit_name(const ad_net_plan *p, int column, int i, size_t most)
{
    ad_put_name(p->sink, AD_INK_HTML, ad_column_tensor(p->n, column), most);
    if (ad_net_units(p, column) > 1)
        ad_put_format(p->sink, "[%d]", i);
}
