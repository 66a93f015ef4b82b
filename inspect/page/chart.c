/* A drawing of lines over steps, as SVG. */
#include "chart.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* The plot in the drawing, in its units. Names of lines stand on the right. */
enum { WIDTH = 640, HEIGHT = 200, LEFT = 68, RIGHT = 462, TOP = 10, BOTTOM = 178, LINE_HEIGHT = 14 };
enum { SWATCH = 14, MOST_TICKS = 12, DIGITS = 4, HEAD = 10, TAIL = 11, MOST_NAME = HEAD + TAIL };
enum { MOST_GROUPS = 120, LEAST_GROUPS = 20, GROUPS_OF_ALL = 2400, MOST_DOTS = 24 };

/* An axis of numbers: those at its ends, or their logarithms, and how far it is from mark to mark. */
typedef struct axis {
    bool is_log;
    double low, high, step;
} axis;

/* ---- Axes -------------------------------------------------------------------------------------------------------- */

/* 1, 2 or 5 times a power of 10: at least x. */
static double round_up(double x)
{
    const double power = pow(10, floor(log10(x))), f = x / power;
    return power * (f <= 1 ? 1 : f <= 2 ? 2 : f <= 5 ? 5 : 10);
}

static axis linear_axis(double low, double high)
{
    enum { PARTS = 4 };
    const double tiny = 1e-290, huge = 1e300;
    low = fmin(fmax(low, -huge), huge);
    high = fmin(fmax(high, -huge), huge);
    const double most = fmax(fabs(low), fabs(high));
    if (most < tiny) { /* all are 0, or as good as that */
        low -= 1;
        high += 1;
    } else if (high - low < 1e-9 * most) {
        low -= most / 20;
        high += most / 20;
    }
    low = low > 0 && low < high / 2 ? 0 : low;
    const double step = round_up((high - low) / PARTS);
    return (axis){.low = floor(low / step) * step, .high = ceil(high / step) * step, .step = step};
}

static axis log_axis(double low, double high)
{
    enum { PARTS = 5 };
    const double from = fmax(floor(log10(low)), -300), to = fmax(ceil(log10(high)), from + 1);
    const double step = ceil((to - from) / PARTS);
    return (axis){.is_log = true, .low = from, .high = from + ceil((to - from) / step) * step, .step = step};
}

/* Whether the number has a place on the axis. */
static bool has_place(const axis *a, double y) { return isfinite(y) && (!a->is_log || y > 0); }

static axis axis_of(const ad_chart *c)
{
    const axis all = {.is_log = c->is_log};
    double low = c->to > 0 ? c->from : INFINITY, high = c->to > 0 ? c->to : -INFINITY;
    for (size_t k = 0; k < c->n; k++)
        for (size_t i = 0; i < c->courses[k].n; i++) {
            const double y = c->courses[k].points[i].y;
            low = has_place(&all, y) ? fmin(low, y) : low;
            high = has_place(&all, y) ? fmax(high, y) : high;
        }
    if (low > high) /* no number has one */
        low = high = 1;
    return c->is_log ? log_axis(low, high) : linear_axis(low, high);
}

/* ---- Places ------------------------------------------------------------------------------------------------------ */

static double tenths(double x) { return round(10 * x) / 10; }

static double place_of_step(const ad_chart *c, int64_t step)
{
    const double first = (double)c->first, last = (double)c->last;
    const double share = last > first ? ((double)step - first) / (last - first) : 0.5;
    return tenths(LEFT + share * (RIGHT - LEFT));
}

static double place_of(const axis *a, double y)
{
    const double share = ((a->is_log ? log10(y) : y) - a->low) / (a->high - a->low);
    return tenths(BOTTOM - fmin(fmax(share, 0), 1) * (BOTTOM - TOP));
}

static void put_place(ad_sink *sink, const char *before, double x)
{
    ad_put(sink, before);
    ad_put_number(sink, x, 6);
}

static void put_text_at(ad_sink *sink, const char *class, double x, double y)
{
    ad_put_format(sink, "<text class=\"%s\"", class);
    put_place(sink, " x=\"", x);
    put_place(sink, "\" y=\"", y);
    ad_put(sink, "\">");
}

void ad_put_step(ad_sink *sink, int64_t step)
{
    char text[24];
    const int n = snprintf(text, sizeof text, "%" PRId64, step);
    for (int i = 0; i < n; i++) {
        ad_put(sink, i > 0 && n > 4 && (n - i) % 3 == 0 ? "\xe2\x80\x89" : "");
        ad_put_bytes(sink, text + i, 1);
    }
}

/* ---- Marks ------------------------------------------------------------------------------------------------------- */

/* A mark of the axis of numbers: a line through the plot and its number. */
static void put_mark(ad_sink *sink, const axis *a, double y, int digits)
{
    char text[AD_SHOWN_TEXT];
    const double at = place_of(a, y);
    put_place(sink, "<path class=\"grid\" d=\"M", LEFT);
    put_place(sink, " ", at);
    ad_put_format(sink, "H%d\"/>", RIGHT);
    put_text_at(sink, "ty", LEFT - 6, at + 4);
    ad_put(sink, ad_short_number(y, digits, text));
    ad_put(sink, "</text>\n");
}

/* The digits by which neighbours differ. */
static int digits_of(const axis *a)
{
    const double most = fmax(fabs(a->low), fabs(a->high));
    const int n = (int)(floor(log10(most)) - floor(log10(a->step))) + 2;
    return n < 3 ? 3 : n > 12 ? 12 : n;
}

static void put_marks(ad_sink *sink, const axis *a)
{
    const bool has_few = a->is_log && a->high - a->low <= 1;
    for (int k = 0; k < MOST_TICKS; k++) {
        const double x = a->low + k * a->step;
        if (x > a->high + a->step / 2)
            break;
        put_mark(sink, a, a->is_log ? pow(10, x) : fabs(x) < a->step / 2 ? 0 : x, a->is_log ? 1 : digits_of(a));
        for (int i = 2; has_few && k == 0 && i <= 5; i += 3)
            put_mark(sink, a, i * pow(10, x), 1);
    }
}

static void put_step_marks(ad_sink *sink, const ad_chart *c)
{
    enum { PARTS = 5 };
    const double first = (double)c->first, last = (double)c->last;
    const double step = last > first ? fmax(round_up((last - first) / PARTS), 1) : 1;
    ad_put_format(sink, "<path class=\"axis\" d=\"M%d %dV%dH%d\"/>", LEFT, TOP, BOTTOM, RIGHT);
    for (int k = 0; k < MOST_TICKS; k++) {
        const double at = (ceil(first / step) + k) * step;
        if (at > last)
            break;
        /* A step near the largest one has no double of its own. */
        const int64_t whole = at >= (double)c->last ? c->last : (int64_t)at;
        put_text_at(sink, "tx", place_of_step(c, whole), BOTTOM + 16);
        ad_put_step(sink, whole);
        ad_put(sink, "</text>");
        if (whole == c->last)
            break;
    }
    put_text_at(sink, "tl", RIGHT + 42, BOTTOM + 16);
    ad_put(sink, "step</text>\n");
}

/* The range that is ok. */
static void put_range(ad_sink *sink, const ad_chart *c, const axis *a)
{
    const double top = place_of(a, c->to), bottom = place_of(a, c->from);
    if (!(c->to > 0))
        return;
    ad_put_format(sink, "<rect class=\"ok\" x=\"%d\" width=\"%d\"", LEFT, RIGHT - LEFT);
    put_place(sink, " y=\"", top);
    put_place(sink, "\" height=\"", bottom - top);
    ad_put(sink, "\"/>\n");
}

/* ---- Lines ------------------------------------------------------------------------------------------------------- */

const ad_course_point *ad_last_finite(const ad_course *course)
{
    size_t i = course->n;
    while (i > 0 && !isfinite(course->points[i - 1].y))
        i--;
    return i ? &course->points[i - 1] : NULL;
}

/* How many points of a course give two of its drawing; 1: each gives one. */
static size_t group_of(const ad_chart *c, const ad_course *course)
{
    size_t groups = c->n <= AD_MOST_LABELS ? MOST_GROUPS : GROUPS_OF_ALL / c->n;
    groups = groups < LEAST_GROUPS ? LEAST_GROUPS : groups > MOST_GROUPS ? MOST_GROUPS : groups;
    return course->n <= 2 * groups ? 1 : (course->n + groups - 1) / groups;
}

/* A line that is being written. */
typedef struct pen {
    ad_sink *sink;
    const ad_chart *chart;
    const axis *axis;
    bool is_down, is_dots;
    bool is_alone; /* the point before begins a line: without another one it is a dot */
} pen;

static void lift(pen *p)
{
    if (p->is_down && p->is_alone)
        ad_put(p->sink, "h0");
    p->is_down = false;
}

static void draw_to(pen *p, const ad_course_point *point)
{
    if (!has_place(p->axis, point->y)) {
        lift(p);
        return;
    }
    put_place(p->sink, p->is_down ? "L" : "M", place_of_step(p->chart, point->step));
    put_place(p->sink, " ", place_of(p->axis, point->y));
    p->is_alone = !p->is_down;
    p->is_down = true;
    if (p->is_dots)
        lift(p);
}

/* The smallest and the largest of n points, in their order. A number without a place ends the line behind them. */
static void draw_group(pen *p, const ad_course_point *points, size_t n)
{
    size_t least = n, most = n;
    bool is_whole = true;
    for (size_t i = 0; i < n; i++) {
        const bool is_good = has_place(p->axis, points[i].y);
        is_whole = is_whole && is_good;
        least = is_good && (least == n || points[i].y < points[least].y) ? i : least;
        most = is_good && (most == n || points[i].y > points[most].y) ? i : most;
    }
    if (least < n)
        draw_to(p, &points[least < most ? least : most]);
    if (least != most)
        draw_to(p, &points[least < most ? most : least]);
    if (!is_whole)
        lift(p);
}

static void put_path(ad_sink *sink, const ad_chart *c, const axis *a, const ad_course *course, bool is_dots)
{
    pen p = {.sink = sink, .chart = c, .axis = a, .is_dots = is_dots};
    const size_t group = group_of(c, course);
    ad_put(sink, " d=\"");
    for (size_t i = 0; i < course->n; i += group)
        draw_group(&p, course->points + i, i + group < course->n ? group : course->n - i);
    lift(&p);
    ad_put(sink, "\"/>\n");
}

/* ---- Names of lines ---------------------------------------------------------------------------------------------- */

typedef struct label {
    size_t course;
    const ad_course_point *end; /* of its line */
    double from, at;            /* where that is, and where the name stands */
} label;

void ad_put_step_figure(ad_sink *sink, const char *element, const ad_course *course, int64_t step, double x)
{
    char text[AD_SHOWN_TEXT], exact[AD_NUMBER_TEXT];
    ad_put_format(sink, "<%s class=\"m\" data-what=\"%s\"", element, course->what);
    if (course->is_parameter) {
        ad_put(sink, " data-of=\"");
        ad_put_text(sink, AD_INK_HTML, course->name, AD_NAME_IN_PAGE);
        ad_put(sink, "\"");
    }
    ad_put_format(sink, " data-at=\"%" PRId64 "\" data-exact=\"%s\">%s</%s>", step,
                  ad_number_text(x, ad_exact_digits(AD_F64), exact), ad_shown_number(x, DIGITS, text), element);
}

/* How many bytes all names that are shown begin with, up to a slash. */
static size_t common_start(const ad_chart *c)
{
    const char *name = NULL;
    size_t n = 0;
    for (size_t k = 0; k < c->n; k++) {
        size_t same = 0;
        if (c->courses[k].is_thin)
            continue;
        n = name ? n : strlen(c->courses[k].name);
        name = name ? name : c->courses[k].name;
        while (same < n && c->courses[k].name[same] == name[same])
            same++;
        n = same;
    }
    while (n > 0 && name[n - 1] != '/')
        n--;
    return n;
}

/* A long name loses what all shown ones begin with, and then its middle: names of parameters differ at their ends. */
static void put_short_name(ad_sink *sink, const ad_chart *c, const char *name)
{
    size_t n = 0;
    name += strlen(name) > MOST_NAME ? common_start(c) : 0;
    for (const char *at = name; *at; n++)
        ad_next_character(&at);
    if (n > MOST_NAME) {
        ad_put_text(sink, AD_INK_HTML, name, HEAD);
        for (size_t i = 0; i < n - TAIL; i++)
            ad_next_character(&name);
    }
    ad_put_text(sink, AD_INK_HTML, name, MOST_NAME);
}

/* Finds where names stand: beside the ends of their lines, one under the other. Returns how many there are. */
static size_t find_labels(const ad_chart *c, const axis *a, label labels[AD_MOST_LABELS])
{
    size_t n = 0;
    for (size_t k = 0; k < c->n && n < AD_MOST_LABELS; k++) {
        const ad_course *course = &c->courses[k];
        size_t last = course->n, at = n;
        while (last > 0 && !has_place(a, course->points[last - 1].y))
            last--;
        if (course->is_thin || last == 0)
            continue;
        const double y = place_of(a, course->points[last - 1].y);
        for (; at > 0 && labels[at - 1].from > y; at--)
            labels[at] = labels[at - 1];
        labels[at] = (label){k, &course->points[last - 1], y, y};
        n++;
    }
    for (size_t i = 1; i < n; i++)
        labels[i].at = fmax(labels[i].at, labels[i - 1].at + LINE_HEIGHT);
    for (size_t i = n; i-- > 0;)
        labels[i].at = fmin(labels[i].at, BOTTOM - 4 - LINE_HEIGHT * (double)(n - 1 - i));
    return n;
}

static void put_label(ad_sink *sink, const ad_chart *c, const label *l, int style)
{
    const ad_course *course = &c->courses[l->course];
    put_place(sink, "<path class=\"lead\" d=\"M", place_of_step(c, l->end->step));
    put_place(sink, " ", l->from);
    put_place(sink, "L", RIGHT + 6);
    put_place(sink, " ", l->at);
    ad_put_format(sink, "\"/><path class=\"course c%d\" d=\"M%d", style, RIGHT + 6);
    put_place(sink, " ", l->at);
    ad_put_format(sink, "h%d\"/>", SWATCH);
    put_text_at(sink, course->is_parameter ? "tl m" : "tl", RIGHT + 10 + SWATCH, l->at + 4);
    put_short_name(sink, c, course->name);
    if (!course->is_parameter) {
        ad_put(sink, " ");
        ad_put_step_figure(sink, "tspan", course, l->end->step, l->end->y);
    }
    ad_put(sink, "</text>\n");
}

/* ---- The drawing ------------------------------------------------------------------------------------------------- */

static void put_courses(ad_sink *sink, const ad_chart *c, const axis *a)
{
    label labels[AD_MOST_LABELS];
    const size_t n = find_labels(c, a, labels);
    int styles[AD_MOST_LABELS] = {0}, next = 0;
    for (size_t k = 0; k < c->n; k++) /* those without a name lie below */
        if (c->courses[k].is_thin) {
            ad_put(sink, "<path class=\"course thin\"");
            put_path(sink, c, a, &c->courses[k], false);
        }
    for (size_t k = 0; k < c->n; k++) {
        const ad_course *course = &c->courses[k];
        if (course->is_thin)
            continue;
        for (size_t i = 0; i < n; i++)
            styles[i] = labels[i].course == k ? next : styles[i];
        ad_put_format(sink, "<path class=\"course c%d\" data-course=\"", next++);
        ad_put_text(sink, AD_INK_HTML, course->name, AD_NAME_IN_PAGE);
        ad_put(sink, "\"");
        put_path(sink, c, a, course, false);
        if (course->n <= MOST_DOTS) {
            ad_put(sink, "<path class=\"course dots\"");
            put_path(sink, c, a, course, true);
        }
    }
    for (size_t i = 0; i < n; i++)
        put_label(sink, c, &labels[i], styles[i]);
}

/* What the drawing leaves out. */
static void put_notes(ad_sink *sink, const ad_chart *c)
{
    size_t group = 1, zeros = 0, thin = 0;
    for (size_t k = 0; k < c->n; k++) {
        const ad_course *course = &c->courses[k];
        const size_t own = group_of(c, course);
        group = own > group ? own : group;
        thin += course->is_thin;
        for (size_t i = 0; c->is_log && i < course->n; i++)
            zeros += isfinite(course->points[i].y) && course->points[i].y <= 0;
    }
    if (thin)
        ad_put_format(sink, "<p class=\"note\">Thin lines: the other %zu parameters.</p>\n", thin);
    if (group > 1)
        ad_put_format(sink,
                      "<p class=\"note\">Of up to %zu numbers in a row the smallest and the largest are drawn.</p>\n",
                      group);
    if (zeros)
        ad_put_format(sink, "<p class=\"note\">%zu %s not above 0 and %s no place on a logarithmic axis.</p>\n", zeros,
                      zeros == 1 ? "number is" : "numbers are", zeros == 1 ? "has" : "have");
}

static void put_caption(ad_sink *sink, const ad_chart *c)
{
    char from[AD_SHOWN_TEXT], to[AD_SHOWN_TEXT];
    ad_put_format(sink, "<figure><figcaption>%s <span class=\"note\">%s", c->title,
                  c->is_log ? "on a logarithmic axis (equal heights are equal factors)" : "on a linear axis");
    if (c->to > 0)
        ad_put_format(sink, "; ok from %s to %s (dotted)", ad_short_number(c->from, 1, from),
                      ad_short_number(c->to, 1, to));
    ad_put(sink, "</span></figcaption>\n");
}

static void put_drawing(ad_sink *sink, const ad_chart *c)
{
    const axis a = axis_of(c);
    ad_put_format(sink,
                  "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s over the steps, as %s. The tables have the "
                  "numbers.\">\n",
                  WIDTH, HEIGHT, c->title, c->n == 1 ? "a line" : "lines");
    put_range(sink, c, &a);
    put_marks(sink, &a);
    put_step_marks(sink, c);
    put_courses(sink, c, &a);
    ad_put(sink, "</svg>\n");
}

/* A chart without a number is left out, and of numbers that have no place it is said so. */
void ad_put_chart(ad_sink *sink, const ad_chart *c)
{
    const axis kind = {.is_log = c->is_log};
    bool is_any = false, is_drawn = false;
    for (size_t k = 0; k < c->n; k++)
        for (size_t i = 0; i < c->courses[k].n; i++) {
            is_any = is_any || isfinite(c->courses[k].points[i].y);
            is_drawn = is_drawn || has_place(&kind, c->courses[k].points[i].y);
        }
    if (!is_any)
        return;
    put_caption(sink, c);
    if (is_drawn)
        put_drawing(sink, c);
    put_notes(sink, c);
    ad_put(sink, "</figure>\n");
}
