/* ad_plot_activation: activations and their derivatives as text. */
#include <math.h>

#include "curves.h"

enum { POINTS = 33, LEVELS = 8, TITLE = 14, SCALE = 7 };

static const double ends[2] = {-4, 4};

/* A curve, and the whole numbers between which it lies. */
typedef struct bars {
    double y[POINTS];
    double low, high;
} bars;

static void find_scale(bars *b)
{
    b->low = b->high = 0;
    for (int i = 0; i < POINTS; i++) {
        b->low = fmin(b->low, floor(b->y[i]));
        b->high = fmax(b->high, ceil(b->y[i]));
    }
    if (b->low == b->high)
        b->high++;
}

static void put_bars(ad_sink *sink, ad_ink ink, const bars *b)
{
    static const char *const blocks[] = {" ",
                                         "\xe2\x96\x81",
                                         "\xe2\x96\x82",
                                         "\xe2\x96\x83",
                                         "\xe2\x96\x84",
                                         "\xe2\x96\x85",
                                         "\xe2\x96\x86",
                                         "\xe2\x96\x87",
                                         "\xe2\x96\x88"};
    static const char *const marks[] = {" ", ".", ":", "-", "=", "+", "*", "#", "@"};
    ad_put(sink, "|");
    for (int i = 0; i < POINTS; i++) {
        const long level = lround(LEVELS * (b->y[i] - b->low) / (b->high - b->low));
        ad_put(sink, (ink == AD_INK_ASCII ? marks : blocks)[level]);
    }
    ad_put(sink, "| ");
}

/* Writes text and blanks up to a width. */
static void put_wide(ad_sink *sink, int width, const char *text) { ad_put_format(sink, "%-*s", width, text); }

static void put_row(ad_sink *sink, ad_ink ink, const ad_curve *curve, const bars *value, const bars *derivative)
{
    char scale[2][40];
    const bars *both[] = {value, derivative};
    for (int i = 0; i < 2; i++)
        snprintf(scale[i], sizeof scale[i], "%d..%d", (int)both[i]->low, (int)both[i]->high);
    put_wide(sink, TITLE, curve->name);
    put_bars(sink, ink, value);
    put_wide(sink, SCALE, scale[0]);
    put_bars(sink, ink, derivative);
    ad_put_format(sink, "%s\n", scale[1]);
}

/* "  value       1 / (1 + e^-z); 0.5 at z = 0" */
static void put_formula(ad_sink *sink, const ad_curve *curve, const char *what, const char *formula, double at_0,
                        int digits)
{
    put_wide(sink, TITLE, what);
    ad_put_curve_formula(sink, AD_INK_TEXT, formula, curve->attribute);
    ad_put(sink, "; ");
    ad_put_number(sink, at_0, digits);
    ad_put(sink, " at z = 0");
}

/* The two lines below a row that is alone. */
static ad_status put_formulas(ad_sink *sink, const ad_curve *curve, const ad_print_options *options)
{
    const double z[] = {0, curve->steepest};
    double y[2], dy[2];
    const ad_status status = ad_compute_curve(curve, curve->attribute, NULL, z, 2, y, dy);
    const int digits = options && options->exact ? ad_exact_digits(AD_F64) : AD_FEW_DIGITS;
    if (status != AD_OK)
        return status;
    put_formula(sink, curve, "  value", curve->value, y[0], digits);
    ad_put(sink, "\n");
    put_formula(sink, curve, "  derivative", curve->derivative, dy[0], digits);
    ad_put(sink, ", at most ");
    ad_put_number(sink, dy[1], digits);
    ad_put_format(sink, " %s\n", curve->steepest_at);
    return AD_OK;
}

static void put_heading(ad_sink *sink)
{
    put_wide(sink, TITLE, "");
    put_wide(sink, POINTS + 3 + SCALE, "value, z from -4 to 4");
    ad_put(sink, "derivative\n");
}

/* Writes the row of a name, or all. */
static ad_status plot(ad_sink *sink, const ad_curve *only, const ad_print_options *options)
{
    const ad_ink ink = options && options->ascii ? AD_INK_ASCII : ad_ink_of_locale();
    ad_status status = AD_OK;
    put_heading(sink);
    for (size_t i = 0; ad_curve_at(i) && status == AD_OK; i++) {
        const ad_curve *curve = only ? only : ad_curve_at(i);
        bars value, derivative;
        status = ad_compute_curve_on_grid(curve, curve->attribute, NULL, ends, POINTS, value.y, derivative.y);
        if (status != AD_OK)
            break;
        find_scale(&value);
        find_scale(&derivative);
        put_row(sink, ink, curve, &value, &derivative);
        if (only)
            return put_formulas(sink, curve, options);
    }
    return status;
}

static void fail_for_name(ad_sink *sink, const char *name)
{
    char shown[100], names[160];
    ad_sink to = ad_sink_into(shown, sizeof shown), list = ad_sink_into(names, sizeof names);
    ad_put_text(&to, AD_INK_TEXT, name, AD_NAME_IN_TEXT);
    for (size_t i = 0; ad_curve_at(i); i++)
        ad_put_format(&list, "%s%s", i ? ", " : "", ad_curve_at(i)->name);
    ad_sink_fail(sink, AD_BAD_VALUE, "plot_activation: no activation is called %s: there are %s", shown, names);
}

ad_shown ad_plot_activation(const char *name, FILE *to, const ad_print_options *options)
{
    ad_sink sink = ad_sink_over(to);
    const ad_curve *curve = name ? ad_curve_named(name) : NULL;
    if (name && !curve)
        fail_for_name(&sink, name);
    if (ad_sink_is_good(&sink) && plot(&sink, curve, options) != AD_OK)
        ad_sink_fail(&sink, AD_NO_MEMORY, "plot_activation: out of memory");
    return ad_sink_close(&sink);
}
