#ifndef INSPECT_PAGE_NEURONS_DRAWING_H
#define INSPECT_PAGE_NEURONS_DRAWING_H
/* The drawing of a network: its measures and how numbers are written in it (neurons_plan.c), its lines
 * (neurons_lines.c), its units (neurons_units.c), and what stands around them (neurons_drawing.c). */
#include "neurons.h"

enum {
    AD_SMALL_RADIUS = 14, /* of a small unit, beside which its numbers stand */
    AD_BIAS_RADIUS = 20,
    AD_UNIT_NUMBERS = 158, /* the room for the numbers of a small unit */
    AD_NET_ROW = 236,      /* from the end of a line to the large unit that receives: the numbers of the line */
};

/* The measures of a drawing. A column is what the network is given, or what a layer gives. */
typedef struct ad_net_plan {
    const ad_neurons *n;
    ad_sink *sink;
    bool is_large;     /* few units: the numbers of a line stand before the unit that receives */
    int radius;        /* of a unit */
    int columns, most; /* the most units of a column, a bias neuron included */
    int pitch, step;   /* between units, between columns */
    int left, width, height;
} ad_net_plan;

ad_net_plan ad_plan_network(const ad_neurons *n);

/* The units of a column, and with its bias neuron, which stands below them. */
int ad_net_units(const ad_net_plan *p, int column);
int ad_net_places(const ad_net_plan *p, int column);
int ad_net_x(const ad_net_plan *p, int column);
int ad_net_y(const ad_net_plan *p, int column, int i);

/* Writes a text up to its position; the attributes of a number and ">" follow. */
void ad_begin_net_text(const ad_net_plan *p, const char *kind, int x, int y);

/* Writes the attributes that name a place for the script. */
void ad_put_net_place(const ad_net_plan *p, int column, int i);

/* Writes the name of a unit, "h[0]"; of the only one of its layer the tensor's. `most` is of the tensor's name. */
void ad_put_unit_name(const ad_net_plan *p, int column, int i, size_t most);

/* Writes the attributes of a number, if it is known, and then its text: "…" if its tensor is not written one by one. */
void ad_put_net_number(const ad_net_plan *p, const char *what, ad_tensor of, size_t i, const double *x,
                       bool is_computed);
void ad_put_net_value(const ad_net_plan *p, ad_tensor of, size_t i);
void ad_put_net_gradient(const ad_net_plan *p, ad_tensor of, size_t i);

/* The gradient of an element. Returns false if it was not computed, or is not written one by one. */
bool ad_find_net_gradient(ad_tensor of, size_t i, double *g, bool *is_computed);

/* The classes of its sign: " pos", " neg", " zero"; "" if it is not known. */
const char *ad_net_sign(ad_tensor of, size_t i);

/* Writes the lines of all weights from a column to the next one, and before large units their numbers. */
void ad_put_net_lines(const ad_net_plan *p, int column);
void ad_put_net_rows(const ad_net_plan *p, int column);

/* Writes the curve of a layer, which its units refer to, and the units of a column. */
void ad_put_net_curve(const ad_net_plan *p, int layer);
void ad_put_net_units(const ad_net_plan *p, int column);

#endif
