/* Curves in a coordinate system, as SVG. */
#include "plot.h"

#include <math.h>
#include <stdlib.h>

#include "page.h"

enum { LEFT = 32, RIGHT = 8, TOP = 6, BOTTOM = 20 }; /* around the coordinate system */

#define BESIDE 1e-6 /* how far a point beside a break is */

/* ---- Points ------------------------------------------------------------------------------------------------------ */

static const double ends[2] = {-AD_PLOT_END, AD_PLOT_END};

static bool is_break(const ad_curve *curve, double z)
{
    for (int i = 0; i < curve->n_breaks; i++)
        if (curve->breaks[i] == z)
            return true;
    return false;
}

ad_status ad_find_plotted(ad_plotted *p, const ad_curve *curve, double attribute, const ad_allocator *allocator)
{
    p->n = 0;
    for (size_t i = 0; i < AD_PLOT_GRID; i++) {
        const double z = ad_grid_point(ends, AD_PLOT_GRID, i);
        const bool jumps = is_break(curve, z);
        if (jumps)
            p->z[p->n++] = z - BESIDE;
        p->z[p->n++] = z;
        if (jumps)
            p->z[p->n++] = z + BESIDE;
    }
    return ad_compute_curve(curve, attribute, allocator, p->z, p->n, p->values, p->derivatives);
}

/* Whether the curve jumps between points i and i + 1. */
static bool jumps_after(const ad_plotted *p, const double *y, size_t i)
{
    return p->z[i + 1] - p->z[i] < 2 * BESIDE && fabs(y[i + 1] - y[i]) > 100 * BESIDE;
}

/* ---- Places ------------------------------------------------------------------------------------------------------ */

static int place(double x, const double from[2], const double to[2])
{
    const double t = (x - from[0]) / (from[1] - from[0]);
    return (int)lround(10 * (to[0] + (to[1] - to[0]) * fmin(fmax(t, 0), 1)));
}

static int x_of(const ad_plot *plot, double z) { return place(z, ends, (const double[]){LEFT, plot->width - RIGHT}); }

static int y_of(const ad_plot *plot, double y)
{
    return place(y, (const double[]){plot->low, plot->high}, (const double[]){plot->height - BOTTOM, TOP});
}

/* "-1.2", "4", ".3" */
static void put_tenths(ad_sink *sink, int tenths)
{
    ad_put(sink, tenths < 0 ? "-" : "");
    if (abs(tenths) >= 10 || tenths == 0)
        ad_put_format(sink, "%d", abs(tenths) / 10);
    if (tenths % 10)
        ad_put_format(sink, ".%d", abs(tenths) % 10);
}

static void put_pair(ad_sink *sink, const char *before, int x, int y)
{
    ad_put(sink, before);
    put_tenths(sink, x);
    ad_put(sink, y < 0 ? "" : " ");
    put_tenths(sink, y);
}

/* ---- Curves ------------------------------------------------------------------------------------------------------ */

static bool is_inside(const ad_plot *plot, double y) { return y >= plot->low && y <= plot->high; }

bool ad_is_in_plot(const ad_plot *plot, double z, double y) { return fabs(z) <= AD_PLOT_END && is_inside(plot, y); }

/* Whether the line from point i to point k is drawn where the curve is, to a tenth. */
static bool is_straight(const ad_plot *plot, const ad_plotted *p, const double *y, size_t i, size_t k)
{
    if (k >= p->n || !is_inside(plot, y[k]) || jumps_after(p, y, k - 1))
        return false;
    for (size_t m = i + 1; m < k; m++) {
        const double t = (p->z[m] - p->z[i]) / (p->z[k] - p->z[i]);
        if (abs(y_of(plot, y[m]) - y_of(plot, y[i] + t * (y[k] - y[i]))) > 1)
            return false;
    }
    return true;
}

/* Where the line from point i ends; i if the curve ends there. */
static size_t end_of_line(const ad_plot *plot, const ad_plotted *p, const double *y, size_t i)
{
    size_t k = i;
    while (is_straight(plot, p, y, i, k + 1))
        k++;
    return k;
}

void ad_put_curve(const ad_plot *plot, const ad_plotted *p, const double *y, const char *kind)
{
    ad_put_format(plot->sink, "<path class=\"%s\" d=\"", kind);
    for (size_t i = 0; i < p->n; i++) {
        if (!is_inside(plot, y[i]))
            continue;
        put_pair(plot->sink, "M", x_of(plot, p->z[i]), y_of(plot, y[i]));
        for (size_t k; (k = end_of_line(plot, p, y, i)) > i; i = k)
            put_pair(plot->sink, "l", x_of(plot, p->z[k]) - x_of(plot, p->z[i]), y_of(plot, y[k]) - y_of(plot, y[i]));
    }
    ad_put(plot->sink, "\"/>");
}

static void put_circle(const ad_plot *plot, double z, double y, const char *kind)
{
    ad_put_format(plot->sink, "<circle class=\"%s\" r=\"3.5\" cx=\"", kind);
    put_tenths(plot->sink, x_of(plot, z));
    ad_put(plot->sink, "\" cy=\"");
    put_tenths(plot->sink, y_of(plot, y));
    ad_put(plot->sink, "\"/>");
}

void ad_put_jumps(const ad_plot *plot, const ad_plotted *p, const double *y)
{
    for (size_t i = 1; i + 1 < p->n; i++) {
        const bool left = jumps_after(p, y, i - 1), right = jumps_after(p, y, i);
        if (p->z[i] - p->z[i - 1] > 2 * BESIDE || p->z[i + 1] - p->z[i] > 2 * BESIDE)
            continue; /* not at a break */
        if (left)
            put_circle(plot, p->z[i], y[i - 1], "open");
        if (right)
            put_circle(plot, p->z[i], y[i + 1], "open");
        if (left || right)
            put_circle(plot, p->z[i], y[i], "there");
    }
}

void ad_put_place(const ad_plot *plot, bool is_first, double z, double y)
{
    put_pair(plot->sink, is_first ? "M" : " ", x_of(plot, z), y_of(plot, y));
}

/* ---- Axes -------------------------------------------------------------------------------------------------------- */

static void put_text(ad_sink *sink, int x, int y)
{
    ad_put(sink, "<text x=\"");
    put_tenths(sink, x);
    ad_put(sink, "\" y=\"");
    put_tenths(sink, y);
    ad_put(sink, "\">");
}

void ad_put_label(const ad_plot *plot, const double at[2], const char *text)
{
    put_text(plot->sink, x_of(plot, at[0]), y_of(plot, at[1]));
    ad_put_format(plot->sink, "%s</text>", text);
}

/* A number of an axis, where 0 has no sign. */
static void put_number(ad_sink *sink, double x)
{
    char text[AD_SHOWN_TEXT];
    ad_put_format(sink, "%s</text>", ad_shown_number(x == 0 ? 0 : x, AD_FEW_DIGITS, text));
}

void ad_begin_plot(const ad_plot *plot, const char *label)
{
    ad_put_format(plot->sink, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">", plot->width, plot->height,
                  label);
}

void ad_put_grid(const ad_plot *plot)
{
    ad_put(plot->sink, "<path class=\"plot-grid\" d=\"");
    for (int z = -AD_PLOT_END; z <= AD_PLOT_END; z += 2) {
        put_pair(plot->sink, "M", x_of(plot, z), 10 * TOP);
        ad_put_format(plot->sink, "v%d", plot->height - TOP - BOTTOM);
    }
    ad_put(plot->sink, "\"/><g class=\"plot-tick\">");
    for (int z = -AD_PLOT_END; z <= AD_PLOT_END; z += 2) {
        put_text(plot->sink, x_of(plot, z), 10 * (plot->height - 4));
        put_number(plot->sink, z);
    }
    ad_put(plot->sink, "</g>");
}

void ad_put_axis(const ad_plot *plot)
{
    ad_put(plot->sink, "<path class=\"ax\" d=\"");
    put_pair(plot->sink, "M", 10 * LEFT, y_of(plot, 0));
    ad_put_format(plot->sink, "h%d\"/><g class=\"plot-tick v\">", plot->width - LEFT - RIGHT);
    for (double y = plot->first; y <= plot->high + 1e-9; y += plot->step) {
        put_text(plot->sink, 10 * (LEFT - 4), y_of(plot, y) + 40);
        put_number(plot->sink, y);
    }
    ad_put(plot->sink, "</g>");
}
