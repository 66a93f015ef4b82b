#ifndef INSPECT_PAGE_PLOT_H
#define INSPECT_PAGE_PLOT_H
/* Curves of activations in a coordinate system, as SVG. Places are written in tenths. */
#include "../curves.h"

/* The points of a curve: a grid, and beside each break one on either side. */
enum { AD_PLOT_GRID = 129, AD_PLOT_POINTS = AD_PLOT_GRID + 2 * AD_MOST_BREAKS };

typedef struct ad_plotted {
    size_t n;
    double z[AD_PLOT_POINTS], values[AD_PLOT_POINTS], derivatives[AD_PLOT_POINTS];
} ad_plotted;

/* Computes them over [-4, 4]. */
#define AD_PLOT_END 4
ad_status ad_find_plotted(ad_plotted *p, const ad_curve *curve, double attribute, const ad_allocator *allocator);

/* A coordinate system of -4 to 4 by low to high, in a picture of this size. */
typedef struct ad_plot {
    ad_sink *sink;
    int width, height;  /* of the picture */
    double low, high;   /* at its lower and upper edge */
    double first, step; /* labels of the vertical axis: from the first on */
} ad_plot;

/* Begins a drawing that a screen reader calls by `label`. The caller ends it. */
void ad_begin_plot(const ad_plot *plot, const char *label);

/* Writes what drawings of one size share, which is the horizontal numbers with lines above them, and what each has, the
 * axis and the vertical numbers. */
void ad_put_grid(const ad_plot *plot);
void ad_put_axis(const ad_plot *plot);

/* Writes the values or the derivatives as a path of a class, with as few points as keep it at the curve. What lies
 * outside of the picture is not drawn. */
void ad_put_curve(const ad_plot *plot, const ad_plotted *p, const double *y, const char *kind);

/* Writes circles where the curve jumps: filled at the value there, open at the limits that it does not have. */
void ad_put_jumps(const ad_plot *plot, const ad_plotted *p, const double *y);

/* Whether a point is inside of the coordinate system. */
bool ad_is_in_plot(const ad_plot *plot, double z, double y);

/* Writes where a point is, into a path that has the first point already or not. */
void ad_put_place(const ad_plot *plot, bool is_first, double z, double y);

/* Writes text whose middle is at a point. */
void ad_put_label(const ad_plot *plot, const double at[2], const char *text);

#endif
